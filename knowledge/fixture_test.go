package knowledge_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/lifecycle"
)

var start = time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC)

type fixture struct {
	*desk.Desk
	t     rapid.TB
	clock *itsmtest.Clock
	// ann and vera write, cleo and hanna ask for help; hanna is of human resources. adm administers.
	ann, vera, cleo, hanna, adm, root context.Context
}

var people = itsmtest.Directory{
	People: []itsm.Profile{{ID: "ann"}, {ID: "vera"}, {ID: "cleo"}, {ID: "hanna"}},
	Groups: []itsm.Group{{ID: "hr", Members: []string{"hanna"}}, {ID: "network", Members: []string{"vera"}}},
}

func open(t rapid.TB, c knowledge.Config, with ...func(*desk.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: itsmtest.NewClock(start)}
	config := desk.Config{Clock: f.clock, Articles: c, Directory: people}
	for _, w := range with {
		w(&config)
	}
	d, err := desk.Open(context.Background(), config)
	require.NoError(t, err)
	f.Desk = d
	f.clock.Attach(d.Kernel)
	as := func(a itsm.Actor) context.Context { return itsmtest.As(context.Background(), a) }
	f.ann, f.vera = as(itsmtest.Agent("ann")), as(itsmtest.Agent("vera"))
	f.cleo, f.hanna = as(itsmtest.Requester("cleo")), as(itsmtest.Requester("hanna"))
	f.adm, f.root = as(itsmtest.Administrator("adm")), as(itsmtest.System())
	return f
}

// says is a content for those with the tokens.
func says(title, body string, tokens ...string) knowledge.Content {
	return knowledge.Content{Text: knowledge.Text{Title: title, Body: body}, Audience: knowledge.For(tokens...)}
}

func (f *fixture) draft(c knowledge.Content) knowledge.Article {
	f.t.Helper()
	a, err := f.Articles.Draft(f.ann, knowledge.Draft{Content: c})
	require.NoError(f.t, err)
	return a
}

func (f *fixture) published(c knowledge.Content) knowledge.Article {
	f.t.Helper()
	return f.publish(f.draft(c).ID, knowledge.Publication{})
}

func (f *fixture) publish(id string, p knowledge.Publication) knowledge.Article {
	f.t.Helper()
	a, err := f.Articles.Publish(f.ann, id, p)
	require.NoError(f.t, err)
	return a
}

func (f *fixture) get(id string) knowledge.Article {
	f.t.Helper()
	a, err := f.Articles.Get(f.root, id)
	require.NoError(f.t, err)
	return a
}

// revised publishes another body.
func (f *fixture) revised(id, body string) knowledge.Article {
	f.t.Helper()
	a, err := f.Articles.Revise(f.ann, id)
	require.NoError(f.t, err)
	c := a.Next.Get()
	c.Body = body
	_, err = f.Articles.Write(f.ann, id, knowledge.Writing{Content: c})
	require.NoError(f.t, err)
	return f.publish(id, knowledge.Publication{})
}

func (f *fixture) wait(d time.Duration) {
	f.t.Helper()
	require.NoError(f.t, f.clock.Advance(f.root, d))
}

// vote gives who's vote on an article.
func (f *fixture) vote(who context.Context, id string, choice approval.Choice) {
	f.t.Helper()
	ballots, err := f.Approvals.Waiting(who)
	require.NoError(f.t, err)
	for _, b := range ballots {
		if b.Subject.ID == id {
			_, err := f.Approvals.Vote(who, b.ID, approval.Choose{Choice: choice, Reason: "because", Content: b.Content})
			require.NoError(f.t, err)
			return
		}
	}
	require.Fail(f.t, "no ballot")
}

func (f *fixture) refused(err error, codes ...lifecycle.Code) *lifecycle.Refusal {
	f.t.Helper()
	return itsmtest.RequireRefused(f.t, err, codes...)
}

// reads are the numbers of the articles that somebody lists.
func (f *fixture) reads(who context.Context) []string {
	f.t.Helper()
	page, err := f.Articles.List(who, itsm.Query{Limit: 1000})
	require.NoError(f.t, err)
	ids := []string{}
	for _, a := range page.Records {
		ids = append(ids, a.ID)
	}
	return ids
}

func byVera() knowledge.Config {
	return knowledge.Config{Review: []knowledge.ReviewPolicy{{
		Name: "all", Stages: []approval.Stage{{Name: "editors", Rule: approval.All, Voters: []approval.Voter{{Person: "vera"}, {Person: "ann"}}}},
	}}}
}
