package knowledgelaw

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/search"
)

// shelf is what is known of an article.
type shelf struct {
	state    lifecycle.State
	audience knowledge.Audience // of what is published
	next     knowledge.Audience
	writing  bool
	by       string // its replacement
}

// audiences is a desk with articles in a tenant, and who reads them.
type audiences struct {
	t      testing.TB
	d      *desk.Desk
	clock  *itsmtest.Clock
	rand   *rand.Rand
	people itsmtest.Directory
	tenant string
	root   context.Context
	known  map[string]*shelf
	ids    []string
}

// Audiences gives articles random audiences, languages and lives, tenant by tenant, and holds what each reader reads, lists,
// counts, finds, is suggested and redirected to against who is to see what. The index is the desk's; nil is one in memory.
func Audiences(t testing.TB, store itsm.Store, index search.Index, seed uint64, tenants int) {
	people := itsmtest.Directory{
		People: []itsm.Profile{{ID: "cleo"}, {ID: "hanna"}, {ID: "ben"}, {ID: "max"}},
		Groups: []itsm.Group{{ID: "hr", Members: []string{"hanna", "ben"}}, {ID: "it", Members: []string{"max"}}},
	}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	d, err := desk.Open(context.Background(), desk.Config{Store: store, Index: index, Clock: clock, Directory: people})
	if err != nil {
		t.Fatal(err)
	}
	clock.Attach(d.Kernel)
	for n := range tenants {
		a := &audiences{t: t, d: d, clock: clock, rand: rand.New(rand.NewPCG(seed, uint64(n))), people: people, tenant: fmt.Sprintf("t%d", n), known: map[string]*shelf{}}
		a.root = a.as(itsmtest.Administrator("root"))
		for range 1 + a.rand.IntN(25) {
			a.step()
		}
		for _, reader := range []itsm.Actor{itsmtest.Requester("cleo"), itsmtest.Requester("hanna"), itsmtest.Agent("ben"), itsmtest.Manager("max")} {
			a.look(reader)
		}
		if t.Failed() {
			t.Fatalf("seed %d, tenant %d", seed, n)
		}
	}
}

func (a *audiences) as(actor itsm.Actor) context.Context {
	actor.Tenant = a.tenant
	return itsmtest.As(context.Background(), actor)
}

func (a *audiences) must(_ any, err error) {
	if err != nil {
		a.t.Fatal(err)
	}
}

// some are one or two of the audiences there are.
func (a *audiences) some() []string {
	list := []string{knowledge.Public, knowledge.Requesters, knowledge.Agents, knowledge.Group("hr"), knowledge.Group("it")}
	a.rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:1+a.rand.IntN(2)]
}

func (a *audiences) audience() knowledge.Audience {
	of := knowledge.Audience{Allow: a.some()}
	if a.rand.IntN(2) == 0 {
		of.Deny = a.some()
	}
	return of
}

// step does something to one of the articles, where it can be done.
func (a *audiences) step() {
	content := func(of knowledge.Audience) knowledge.Content {
		return knowledge.Content{Text: knowledge.Text{Title: "Parking", Body: "Behind the house."}, Audience: of}
	}
	if a.rand.IntN(2) == 0 {
		a.must(nil, a.d.Search.CatchUp(a.root))
	}
	id := ""
	if len(a.ids) > 0 {
		id = a.ids[a.rand.IntN(len(a.ids))]
	}
	s := a.known[id]
	act := a.rand.IntN(7)
	switch {
	case act == 0 || s == nil:
		of := a.audience()
		made, err := a.d.Articles.Draft(a.root, knowledge.Draft{Content: content(of), Locale: []string{"en", "de", "fr-CA"}[a.rand.IntN(3)]})
		a.must(made, err)
		a.ids = append(a.ids, made.ID)
		a.known[made.ID] = &shelf{state: knowledge.StateDraft, next: of, writing: true}
	case act == 1 && s.writing && (s.state == knowledge.StateDraft || s.state == knowledge.StatePublished || s.state == knowledge.StateExpired):
		publication := knowledge.Publication{}
		if a.rand.IntN(2) == 0 {
			publication.ValidTo = a.clock.Now().Add(time.Hour)
		}
		a.must(a.d.Articles.Publish(a.root, id, publication))
		s.state, s.audience, s.writing = knowledge.StatePublished, s.next, false
	case act == 2 && !s.writing && (s.state == knowledge.StatePublished || s.state == knowledge.StateExpired):
		a.must(a.d.Articles.Revise(a.root, id))
		s.next, s.writing = s.audience, true
	case act == 3 && s.writing:
		s.next = a.audience()
		a.must(a.d.Articles.Write(a.root, id, knowledge.Writing{Content: content(s.next)}))
	case act == 4:
		a.must(nil, a.clock.Advance(a.root, 2*time.Hour))
		for _, id := range a.ids {
			now, err := a.d.Articles.Get(a.root, id)
			a.must(now, err)
			a.known[id].state = now.State
		}
	case act == 5 && (s.state == knowledge.StatePublished || s.state == knowledge.StateExpired):
		by := a.ids[a.rand.IntN(len(a.ids))]
		if other := a.known[by]; other == s || other.state != knowledge.StatePublished {
			by = ""
		}
		a.must(a.d.Articles.Retire(a.root, id, knowledge.Retirement{Reason: "better", Replacement: by}))
		s.state, s.by, s.writing = knowledge.StateRetired, by, false
	case act == 6 && s.state == knowledge.StateRetired:
		a.must(a.d.Articles.Restore(a.root, id))
		s.state, s.by, s.next, s.writing = knowledge.StateDraft, "", s.audience, true
	}
}

// look holds all that a reader can see against what is for them.
func (a *audiences) look(reader itsm.Actor) {
	reader.Tenant = a.tenant
	ctx := a.as(reader)
	mine, err := knowledge.Tokens(ctx, a.people, &reader)
	a.must(mine, err)
	requester := slices.Contains(reader.Roles, itsm.Requester)
	var listed, found []string
	for _, id := range a.ids {
		s := a.known[id]
		included := s.audience.Includes(mine)
		if s.state == knowledge.StatePublished && included {
			found = append(found, id)
		}
		reads := included && (s.state == knowledge.StatePublished || s.state == knowledge.StateExpired)
		if !requester { // who writes articles sees those for them in every state, and before the first edition by what is written
			reads = included || len(s.audience.Allow) == 0 && s.next.Includes(mine)
		}
		if reads && (!requester || s.state == knowledge.StatePublished) {
			listed = append(listed, id)
		}
		_, err := a.d.Articles.Get(ctx, id)
		a.equal(reads, err == nil, reader.ID, "reads", id)
		a.follow(ctx, reader.ID, mine, id)
		for _, locale := range []string{"de", "en"} {
			if best, err := a.d.Articles.Best(ctx, id, locale); err == nil {
				of := a.known[best.Article.ID]
				a.equal(true, of.state == knowledge.StatePublished && of.audience.Includes(mine), reader.ID, "gets", best.Article.ID, "in", locale)
			}
		}
	}
	slices.Sort(listed)
	slices.Sort(found)
	page, err := a.d.Articles.List(ctx, itsm.Query{Limit: 1000})
	a.must(page, err)
	var got []string
	for _, article := range page.Records {
		got = append(got, article.ID)
	}
	a.same(listed, got, reader.ID, "lists")
	n, err := a.d.Articles.Count(ctx, itsm.Query{})
	a.must(n, err)
	a.equal(len(listed), int(n), reader.ID, "counts")
	hits, err := a.d.Search.Search(ctx, search.Query{Text: "parking", Limit: 100, Snippets: true})
	a.must(hits, err)
	got = nil
	for _, h := range hits.Hits {
		got = append(got, h.ID)
	}
	a.same(found, got, reader.ID, "finds")
	a.equal(len(found), hits.Total, reader.ID, "is told a number")
	first, err := a.d.Search.Search(ctx, search.Query{Text: "parking", Limit: 1})
	a.must(first, err)
	a.equal(len(found), first.Total, reader.ID, "sees how many there are")
	a.equal(min(1, len(found)), len(first.Hits), reader.ID, "asks for one")
	help, err := a.d.Ask(ctx, "where is parking", 50)
	a.must(help, err)
	got = nil
	for _, s := range help.Suggestions {
		got = append(got, s.Ref.ID)
	}
	a.same(found, got, reader.ID, "is suggested")
}

// follow holds that a redirect ends where it must, and leads along and to what is for the reader only.
func (a *audiences) follow(ctx context.Context, reader string, mine []string, id string) {
	end, way := id, a.known[id].audience.Includes(mine)
	for a.known[end].state == knowledge.StateRetired && a.known[end].by != "" {
		way = way && a.known[end].audience.Includes(mine)
		end = a.known[end].by
	}
	got, err := a.d.Articles.Follow(ctx, id)
	if err != nil {
		return
	}
	a.equal(end, got.ID, reader, "follows", id)
	a.equal(true, end == id || way, reader, "was led along what is not for them, from", id)
	_, err = a.d.Articles.Get(ctx, end)
	a.must(end, err)
}

func (a *audiences) equal(want, got any, what ...any) {
	if want != got {
		a.t.Errorf("%s: want %v, not %v", fmt.Sprintln(what...), want, got)
	}
}

func (a *audiences) same(want, got []string, what ...any) {
	slices.Sort(got)
	if !slices.Equal(want, got) {
		a.t.Errorf("%s: want %v, not %v", fmt.Sprintln(what...), want, got)
	}
}
