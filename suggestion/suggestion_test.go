package suggestion_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/indexing"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/suggestion"
)

type fixture struct {
	*incident.Incidents
	*suggestion.Advisor
	t     require.TestingT
	clock *itsmtest.Clock
	ann   context.Context
}

func open(t require.TestingT, w suggestion.Weights) *fixture {
	clock := itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	k, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants(), Clock: clock})
	require.NoError(t, err)
	practice, err := incident.New(k, incident.Config{})
	require.NoError(t, err)
	x, err := indexing.New(k, indexing.Config{Sources: []indexing.Source{{Kind: incident.Kind, Document: func(rec itsm.Record) (search.Document, bool) {
		inc := rec.(*incident.Incident)
		return search.Document{
			Ref: search.Ref{Locale: "en"}, Title: inc.Title, Body: inc.Description, Allow: []string{search.Everyone},
			Labels: map[string][]string{suggestion.LabelItem: inc.Items, suggestion.LabelService: {inc.Service}},
		}, true
	}}}})
	require.NoError(t, err)
	require.NoError(t, k.Open(context.Background()))
	clock.Attach(k)
	return &fixture{practice, suggestion.New(k, x, w), t, clock, itsmtest.As(context.Background(), itsmtest.Agent("ann"))}
}

func (f *fixture) report(r incident.Report) itsm.Ref {
	inc, err := f.Report(f.ann, r)
	require.NoError(f.t, err)
	return inc.Ref()
}

// similar are the numbers of what is proposed for a ticket, each with its reasons.
func (f *fixture) similar(t suggestion.Topic, of itsm.Ref) []string {
	found, err := f.ForTicket(f.ann, t, of, 0)
	require.NoError(f.t, err)
	return told(found)
}

func told(found []suggestion.Suggestion) []string {
	list := []string{}
	for _, s := range found {
		text := s.Ref.ID[len(s.Ref.ID)-1:]
		for _, why := range s.Why {
			text += " " + why.Code + fmt.Sprint(why.Values)
		}
		list = append(list, text)
	}
	return list
}

func TestSimilarTicketsSayWhy(t *testing.T) {
	f := open(t, suggestion.Weights{})
	f.report(incident.Report{Title: "The printers of the third floor are offline"})                             // 1
	f.report(incident.Report{Title: "Mailbox is full"})                                                         // 2
	f.report(incident.Report{Title: "Nothing comes out", Items: []string{"prt7", "switch3"}, Service: "print"}) // 3
	f.report(incident.Report{Title: "Toner is low", Service: "print", Category: "hardware"})                    // 4
	asked := f.report(incident.Report{
		Title: "Printer offline", Items: []string{"prt7"}, Service: "print", Category: "hardware", Caller: "cleo",
	})
	assert.Equal(t, []string{"1 words[offline printer]", "3 item[prt7] service[print]", "4 service[print] category[hardware]"},
		f.similar(suggestion.Topic{}, asked))

	found, err := f.ForText(f.ann, suggestion.Topic{}, "full mailbox", 1)
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Equal(t, "Mailbox is full", found[0].Title)
	assert.InDelta(t, 1, found[0].Relevance, 1e-9)
}

func TestTopicsLimitWhatIsProposed(t *testing.T) {
	f := open(t, suggestion.Weights{})
	old := f.report(incident.Report{Title: "VPN is down", Service: "vpn"})
	require.NoError(t, f.clock.Advance(f.ann, 5*24*time.Hour))
	ended := f.report(incident.Report{Title: "VPN is down", Service: "vpn"})
	_, err := f.Cancel(f.ann, ended.ID, incident.Cancel{Reason: "no"})
	require.NoError(t, err)
	fresh := f.report(incident.Report{Title: "VPN is down", Service: "vpn"})
	asked := f.report(incident.Report{Title: "VPN is down again", Service: "vpn"})
	refs := func(t suggestion.Topic) (ids []string) {
		found, err := f.ForTicket(f.ann, t, asked, 50)
		require.NoError(f.t, err)
		for _, s := range found {
			ids = append(ids, s.Ref.ID)
		}
		return ids
	}
	assert.Equal(t, []string{old.ID, ended.ID, fresh.ID}, refs(suggestion.Topic{}))
	assert.Equal(t, []string{old.ID, fresh.ID}, refs(suggestion.Topic{Open: true}))
	assert.Equal(t, []string{ended.ID, fresh.ID}, refs(suggestion.Topic{Within: 72 * time.Hour}))
	assert.Empty(t, refs(suggestion.Topic{Kinds: []string{"article"}}))
	assert.Empty(t, refs(suggestion.Topic{Labels: map[string][]string{suggestion.LabelService: {"mail"}}}))
	assert.Empty(t, refs(suggestion.Topic{Least: 5}))
}

func TestWhatCannotBeAsked(t *testing.T) {
	f := open(t, suggestion.Weights{})
	asked := f.report(incident.Report{Title: "VPN"})
	_, err := f.ForTicket(f.ann, suggestion.Topic{}, asked, 51)
	assert.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.ForTicket(f.ann, suggestion.Topic{}, itsm.Ref{Kind: incident.Kind, ID: "INC9"}, 0)
	assert.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = f.ForTicket(itsmtest.As(context.Background(), itsmtest.Requester("cleo")), suggestion.Topic{}, asked, 0)
	assert.ErrorIs(t, err, itsm.ErrNotFound, "nobody learns what is like a ticket that is not theirs")
	found, err := f.ForText(f.ann, suggestion.Topic{}, "", 0)
	require.NoError(t, err)
	assert.Empty(t, found)
}

func TestWithoutWeightsOnlyWordsCount(t *testing.T) {
	f := open(t, suggestion.Weights{Caller: 0.1})
	f.report(incident.Report{Title: "Nothing comes out", Items: []string{"prt7"}, Service: "print", Caller: "cleo"})
	f.report(incident.Report{Title: "The printer is offline", Caller: "cleo"})
	asked := f.report(incident.Report{Title: "Printer offline", Items: []string{"prt7"}, Service: "print", Caller: "cleo"})
	assert.Equal(t, []string{"2 words[offline printer] caller[]"}, f.similar(suggestion.Topic{}, asked))
}
