package desk_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/problem"
	"github.com/itsmkit/itsmkit/retention"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/suggestion"
)

func (d *linked) found(ctx context.Context, text string) []string {
	found, err := d.Search.Search(ctx, search.Query{Text: text})
	require.NoError(d.tb, err)
	require.Equal(d.tb, len(found.Hits), found.Total)
	ids := []string{}
	for _, h := range found.Hits {
		ids = append(ids, h.ID)
	}
	return ids
}

func TestTicketsAreFoundByWhoMayReadThem(t *testing.T) {
	d := newLinked(t, desk.Config{})
	hers := d.report("The projector is dark")
	known, err := d.Problems.Report(d.ann, problem.Report{Title: "The projector overheats"})
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{hers, known.ID}, d.found(d.ann, "projector"))
	assert.Equal(t, []string{hers}, d.found(d.cleo, "projector"))
	assert.Empty(t, d.found(itsmtest.As(t.Context(), itsmtest.Requester("dora")), "projector"))

	d.ok(d.Incidents.Start(d.ann, hers))
	d.ok(d.Incidents.Resolve(d.ann, hers, incident.Resolution{Code: incident.Fixed, Notes: "Cleaned the filter."}))
	assert.Equal(t, []string{hers}, d.found(d.cleo, "filter"))
}

func TestWhatIsPurgedIsNotFound(t *testing.T) {
	d := newLinked(t, desk.Config{Retention: retention.Config{Policies: []retention.Policy{{
		Name: "month", Kinds: []string{incident.Kind}, After: retention.Period{Days: 30},
	}}}})
	id := d.report("The projector is dark")
	d.ok(d.Incidents.Cancel(d.ann, id, incident.Cancel{Reason: "no"}))
	require.Equal(t, []string{id}, d.found(d.ann, "projector"))
	root := itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	require.NoError(t, d.clock.Advance(root, 60*24*time.Hour))
	_, err := d.Retention.Run(root, 0)
	require.NoError(t, err)
	require.Empty(t, d.found(d.ann, "projector"))
	found, err := d.Search.Similar(d.ann, search.Like{Text: "projector"})
	require.NoError(t, err)
	assert.Empty(t, found.Hits)
}

func TestTheAdvisorKnowsWhatHelpsWithAnIncident(t *testing.T) {
	d := newLinked(t, desk.Config{})
	report := func(title, service string) itsm.Ref {
		return d.ok(d.Incidents.Report(d.cleo, incident.Report{Title: title, Service: service})).Ref()
	}
	first := report("Mail is slow this morning", "mail")
	known, err := d.Problems.Report(d.ann, problem.Report{Title: "The mail queue grows", Service: "mail"})
	require.NoError(t, err)
	asked := report("Mail is very slow", "mail")
	suggested := func(topic suggestion.Topic) (refs []itsm.Ref) {
		found, err := d.Advisor.ForTicket(d.ann, topic, asked, 0)
		require.NoError(t, err)
		for _, s := range found {
			refs = append(refs, s.Ref)
			assert.NotEmpty(t, s.Why)
		}
		return refs
	}
	assert.Equal(t, []itsm.Ref{first}, suggested(desk.SimilarIncidents()))
	assert.Equal(t, []itsm.Ref{first}, suggested(desk.Duplicates()))
	assert.Empty(t, suggested(desk.KnownErrors()), "a problem is no known error yet")
	_, err = d.Problems.PublishWorkaround(d.ann, known.ID, "Use the web mail.")
	require.NoError(t, err)
	_, err = d.Problems.DeclareKnownError(d.ann, known.ID)
	require.NoError(t, err)
	assert.Equal(t, []itsm.Ref{known.Ref()}, suggested(desk.KnownErrors()))

	require.NoError(t, d.clock.Advance(d.ann, 96*time.Hour))
	asked = report("Mail is slow this morning", "mail")
	assert.Empty(t, suggested(desk.Duplicates()), "four days later it is another one")
	assert.Len(t, suggested(desk.SimilarIncidents()), 2)
}
