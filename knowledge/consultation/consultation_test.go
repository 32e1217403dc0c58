package consultation_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/lifecycle"
)

func TestASearchThatSolves(t *testing.T) {
	d := open(t, consultation.Config{})
	c := d.begin(d.bob, consultation.Search{})
	assert.Equal(t, consultation.StateOpen, c.State)
	assert.Equal(t, [3]string{"bob", "bob", "vpn does not connect"}, [3]string{c.Caller, c.Person, c.Text})
	want := found()
	want[2].Title = "" // of a ticket
	assert.Equal(t, want, c.Suggestions())
	_, err := d.Solve(d.bob, c.ID, itsm.Ref{})
	itsmtest.RequireRefused(t, err, consultation.ReasonNotTaken)

	for _, ref := range []itsm.Ref{mail, vpn, mail} {
		c, err = d.Open(d.bob, c.ID, ref)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"article/KB0000002", "article/KB0000001"}, c.Opened, "once each, in that order")
	nowhere := itsm.Ref{Kind: "article", ID: "KB0000009"}
	_, err = d.Open(d.bob, c.ID, nowhere)
	r := itsmtest.RequireRefused(t, err, consultation.ReasonNotShown)
	assert.Equal(t, "article/KB0000009", r.Reasons[0].Args["suggestion"])
	_, err = d.Take(d.bob, c.ID, nowhere)
	itsmtest.RequireRefused(t, err, consultation.ReasonNotShown)
	_, err = d.Open(d.bob, c.ID, itsm.Ref{})
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)

	c, err = d.Take(d.bob, c.ID, vpn)
	require.NoError(t, err)
	assert.Equal(t, vpn, c.Taken)
	assert.Equal(t, consultation.StateOpen, c.State)
	d.advance(time.Minute)
	c, err = d.Solve(d.bob, c.ID, itsm.Ref{})
	require.NoError(t, err)
	assert.Equal(t, consultation.StateSolved, c.State)
	assert.Equal(t, vpn, c.SolvedBy, "what was taken")
	assert.Equal(t, monday.Add(time.Minute), c.EndedAt)
	itsmtest.RequireNothingPending(t, d.root, d.k, c.Ref())
	_, err = d.Open(d.bob, c.ID, mail)
	itsmtest.RequireRefused(t, err, lifecycle.NotFromHere)
}

func TestWhatSolvedIt(t *testing.T) {
	d := open(t, consultation.Config{})
	c := d.begin(d.bob, consultation.Search{})
	_, err := d.Take(d.bob, c.ID, vpn)
	require.NoError(t, err)
	c, err = d.Solve(d.bob, c.ID, mail)
	require.NoError(t, err)
	assert.Equal(t, [2]itsm.Ref{mail, mail}, [2]itsm.Ref{c.SolvedBy, c.Taken}, "a suggestion is taken with that")
	assert.Contains(t, c.Opened, mail.String())

	ticket := d.report(d.bob)
	c = d.begin(d.bob, consultation.Search{})
	_, err = d.Solve(d.carl, c.ID, ticket)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	c, err = d.Solve(d.bob, c.ID, ticket)
	require.NoError(t, err)
	assert.Equal(t, ticket, c.SolvedBy)
	assert.Zero(t, c.Taken, "what was not suggested is not taken")
	c = d.begin(d.carl, consultation.Search{})
	_, err = d.Solve(d.carl, c.ID, ticket)
	require.ErrorIs(t, err, itsm.ErrNotFound, "carl may not read it")
}

func TestASearchThatEndsInATicket(t *testing.T) {
	d := open(t, consultation.Config{})
	ends := map[string]func(id string) error{
		"open": func(string) error { return nil },
		"abandoned": func(id string) error {
			d.advance(time.Hour)
			return nil
		},
		"solved": func(id string) error {
			_, err := d.Solve(d.bob, id, vpn)
			return err
		},
		"dismissed": func(id string) error {
			_, err := d.Dismiss(d.bob, id, "none of these")
			return err
		},
	}
	for state, end := range ends {
		c := d.begin(d.bob, consultation.Search{})
		require.NoError(t, end(c.ID))
		itsmtest.RequireState(t, d.bob, d.k, c.Ref(), lifecycle.State(state))
		_, err := d.EndInTicket(d.bob, c.ID, itsm.Ref{})
		itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
		_, err = d.EndInTicket(d.bob, c.ID, d.report(d.carl))
		require.ErrorIs(t, err, itsm.ErrNotFound, "of somebody else")
		ticket := d.report(d.bob)
		d.advance(time.Minute)
		c, err = d.EndInTicket(d.bob, c.ID, ticket)
		require.NoError(t, err)
		assert.Equal(t, consultation.StateTicket, c.State)
		assert.Equal(t, ticket, c.Made)
		assert.Zero(t, c.SolvedBy, state)
		assert.Empty(t, c.Reason)
		assert.Equal(t, d.clock.Now(), c.EndedAt)
		itsmtest.RequireNothingPending(t, d.root, d.k, c.Ref())
		_, err = d.EndInTicket(d.bob, c.ID, ticket)
		itsmtest.RequireRefused(t, err, lifecycle.NotFromHere)
	}
}

func TestNobodyGoesOn(t *testing.T) {
	d := open(t, consultation.Config{})
	c := d.begin(d.bob, consultation.Search{})
	d.advance(29 * time.Minute)
	_, err := d.Open(d.bob, c.ID, vpn)
	require.NoError(t, err)
	d.advance(29 * time.Minute)
	itsmtest.RequireState(t, d.bob, d.k, c.Ref(), consultation.StateOpen)
	d.advance(time.Minute)
	itsmtest.RequireState(t, d.bob, d.k, c.Ref(), consultation.StateAbandoned)
	c, err = d.Get(d.bob, c.ID)
	require.NoError(t, err)
	assert.Equal(t, monday.Add(59*time.Minute), c.EndedAt)

	c, err = d.Take(d.bob, c.ID, vpn)
	require.NoError(t, err)
	assert.Equal(t, consultation.StateOpen, c.State, "whoever comes back goes on")
	assert.Zero(t, c.EndedAt)
	itsmtest.RequireTimer(t, d.root, d.k, c.Ref(), consultation.TimerPatience, d.clock.Now().Add(30*time.Minute))
	_, err = d.Dismiss(d.bob, c.ID, "")
	require.NoError(t, err)

	d = open(t, consultation.Config{Patience: time.Hour})
	c = d.begin(d.bob, consultation.Search{})
	d.advance(time.Hour - 1)
	itsmtest.RequireState(t, d.bob, d.k, c.Ref(), consultation.StateOpen)
	d.advance(1)
	itsmtest.RequireState(t, d.bob, d.k, c.Ref(), consultation.StateAbandoned)
	_, err = consultation.New(nil, consultation.Config{Patience: -1})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestWhatASearchIs(t *testing.T) {
	d := open(t, consultation.Config{})
	many := make([]consultation.Suggestion, consultation.MaxSuggestions+1)
	for i := range many {
		many[i].Ref = itsm.Ref{Kind: "article", ID: fmt.Sprint(i)}
	}
	ticket := d.report(d.ann)
	for name, s := range map[string]consultation.Search{
		"no purpose":          {Text: "vpn"},
		"unknown purpose":     {Purpose: "fun"},
		"too long":            {Purpose: consultation.SelfService, Text: strings.Repeat("a", consultation.MaxText+1)},
		"too many":            {Purpose: consultation.SelfService, Suggestions: many},
		"twice":               {Purpose: consultation.SelfService, Suggestions: append(found(), found()[0])},
		"nothing":             {Purpose: consultation.SelfService, Suggestions: []consultation.Suggestion{{Title: "VPN"}}},
		"no number":           {Purpose: consultation.SelfService, Suggestions: []consultation.Suggestion{{Ref: itsm.Ref{Kind: "article"}}}},
		"a score of none":     {Purpose: consultation.SelfService, Suggestions: []consultation.Suggestion{{Ref: vpn, Score: math.NaN()}}},
		"a score of all":      {Purpose: consultation.SelfService, Suggestions: []consultation.Suggestion{{Ref: vpn, Score: math.Inf(-1)}}},
		"self on a ticket":    {Purpose: consultation.SelfService, Ticket: ticket},
		"a kind of no ticket": {Purpose: consultation.Articles, Ticket: itsm.Ref{Kind: "poem", ID: "1"}},
	} {
		_, err := d.Begin(d.ann, s)
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	for _, p := range consultation.Purposes() {
		c := d.begin(d.ann, consultation.Search{Purpose: p, Suggestions: many[:consultation.MaxSuggestions]})
		assert.Len(t, c.Suggestions(), consultation.MaxSuggestions)
	}
	empty := d.begin(d.bob, consultation.Search{Purpose: consultation.SelfService, Text: "xyzzy"})
	assert.Empty(t, empty.Suggestions())
	_, err := d.Begin(portal(""), consultation.Search{Purpose: consultation.SelfService})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a program searches for somebody")
	_, err = d.Begin(context.Background(), consultation.Search{Purpose: consultation.SelfService})
	require.ErrorIs(t, err, itsm.ErrNoActor)
}

func TestAnAgentSearchesOnATicket(t *testing.T) {
	d := open(t, consultation.Config{Titled: []string{"article", "problem"}})
	ticket := d.report(d.carl)
	c := d.begin(d.ann, consultation.Search{Purpose: consultation.KnownErrors, Ticket: ticket, Text: "VPN is down", Suggestions: found()})
	assert.Equal(t, [2]string{"ann", "carl"}, [2]string{c.Caller, c.Person}, "the words are carl's")
	assert.Equal(t, found(), c.Suggestions(), "titles of the kinds that the desk names")
	_, err := d.Get(d.carl, c.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound, "what agents look for is not for the caller of the ticket")
	c, err = d.Take(d.ann, c.ID, cause)
	require.NoError(t, err)
	assert.Equal(t, 3, c.Position(c.Taken))
	_, err = d.Begin(d.bob, consultation.Search{Purpose: consultation.Duplicates, Ticket: ticket})
	require.ErrorIs(t, err, itsm.ErrNotFound, "who may not read the ticket does not search on it")
	_, err = d.Begin(d.ann, consultation.Search{Purpose: consultation.Duplicates, Ticket: itsm.Ref{Kind: "incident", ID: "INC0009999"}})
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

func TestWhoMaySeeWhat(t *testing.T) {
	d := open(t, consultation.Config{})
	mine := d.begin(d.bob, consultation.Search{})
	d.begin(d.carl, consultation.Search{})
	for _, test := range []struct {
		who  context.Context
		sees int
	}{{d.bob, 1}, {d.carl, 1}, {d.ann, 2}} {
		list, err := d.Between(test.who, monday, monday.Add(1))
		require.NoError(t, err)
		assert.Len(t, list, test.sees)
	}
	for name, command := range map[string]func() (consultation.Consultation, error){
		"get":     func() (consultation.Consultation, error) { return d.Get(d.carl, mine.ID) },
		"open":    func() (consultation.Consultation, error) { return d.Open(d.carl, mine.ID, vpn) },
		"take":    func() (consultation.Consultation, error) { return d.Take(d.carl, mine.ID, vpn) },
		"solve":   func() (consultation.Consultation, error) { return d.Solve(d.carl, mine.ID, vpn) },
		"ticket":  func() (consultation.Consultation, error) { return d.EndInTicket(d.carl, mine.ID, vpn) },
		"dismiss": func() (consultation.Consultation, error) { return d.Dismiss(d.carl, mine.ID, "") },
	} {
		_, err := command()
		require.ErrorIs(t, err, itsm.ErrNotFound, name)
	}
	_, err := d.k.Do(d.bob, mine.Ref(), consultation.TriggerAbandon, nil)
	require.ErrorIs(t, err, itsm.ErrDenied, "only time abandons")
	_, err = d.k.Do(d.ann, mine.Ref(), consultation.TriggerAbandon, nil)
	itsmtest.RequireRefused(t, err, lifecycle.MissingRole)
	may, err := d.Permitted(d.bob, mine.ID)
	require.NoError(t, err)
	assert.Equal(t, []lifecycle.Trigger{
		consultation.TriggerOpen, consultation.TriggerTake, consultation.TriggerSolve, consultation.TriggerTicket, consultation.TriggerDismiss,
	}, may)
	require.NoError(t, d.Explain(d.bob, mine.ID, consultation.TriggerOpen, consultation.Choice{Suggestion: vpn}))
	_, err = d.Get(context.Background(), mine.ID)
	require.ErrorIs(t, err, itsm.ErrNoActor)
}

func TestBetween(t *testing.T) {
	d := open(t, consultation.Config{})
	var want []string
	for range 3 {
		want = append(want, d.begin(d.bob, consultation.Search{}).ID)
		d.advance(time.Hour)
	}
	list, err := d.Between(d.ann, monday.Add(time.Hour), monday.Add(2*time.Hour+1))
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.Equal(t, want[1:], []string{list[0].ID, list[1].ID}, "the beginning is in it, and the order is that of time")
	list, err = d.Between(d.ann, monday.Add(time.Hour), monday.Add(2*time.Hour))
	require.NoError(t, err)
	assert.Len(t, list, 1, "the end is not")

	root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	old, err := d.Begin(root, consultation.Search{Purpose: consultation.Articles}, itsm.At(monday.Add(-time.Hour)))
	require.NoError(t, err)
	list, err = d.Between(d.ann, monday.AddDate(0, 0, -1), monday.AddDate(0, 0, 1))
	require.NoError(t, err)
	require.Len(t, list, 4)
	assert.Equal(t, old.ID, list[0].ID, "what was imported is where it belongs")
}

// Whose words they are may have them erased: what was searched for, why something was suggested; the figures stay.
func TestErasing(t *testing.T) {
	d := open(t, consultation.Config{})
	c := d.begin(d.ann, consultation.Search{
		Purpose: consultation.KnownErrors, Ticket: d.report(d.carl), Text: "Carl cannot connect", Suggestions: found(),
	})
	_, err := d.Take(d.ann, c.ID, vpn)
	require.NoError(t, err)
	c, err = d.Dismiss(d.ann, c.ID, "Ann does not know.")
	require.NoError(t, err)
	root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	_, err = d.k.Erase(root, "carl", "he asked for it")
	require.NoError(t, err)
	c, err = d.Get(d.ann, c.ID)
	require.NoError(t, err)
	assert.Equal(t, [4]string{"ann", itsm.Erased, itsm.Erased, "Ann does not know."}, [4]string{c.Caller, c.Person, c.Text, c.Reason})
	assert.Equal(t, []consultation.Suggestion{{Ref: vpn, Score: 0.9}, {Ref: mail, Score: 0.4}, {Ref: cause, Score: 0.1}}, c.Suggestions())
	_, err = d.k.Erase(root, "ann", "she asked for it")
	require.NoError(t, err)
	c, err = d.Get(root, c.ID)
	require.NoError(t, err)
	assert.Equal(t, [2]string{itsm.Erased, itsm.Erased}, [2]string{c.Caller, c.Reason})
	assert.Len(t, consultation.Use([]consultation.Consultation{c})[0].Taken.Part, 1)
	require.NoError(t, d.k.Verify(root, c.Ref()))
	_, err = d.Get(portal(itsm.Erased), c.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound, "what was erased belongs to nobody")
}
