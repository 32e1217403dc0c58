package indexing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/retention"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/indexing"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/store/memory"
)

// node is a process of a desk.
type node struct {
	*incident.Incidents
	*indexing.Indexer
}

// incidents are found by agents and by their callers, in the language that their category names, until they are cancelled.
func incidents() indexing.Source {
	return indexing.Source{Kind: incident.Kind, Locale: "category", Document: func(rec itsm.Record) (search.Document, bool) {
		inc := rec.(*incident.Incident)
		return search.Document{
			Ref: search.Ref{Locale: inc.Category}, Title: inc.Title, Body: inc.Description,
			Allow: []string{"agents", "person:" + inc.Caller},
		}, inc.State != incident.StateCancelled
	}}
}

func audience(_ context.Context, a *itsm.Actor) ([]string, error) {
	tokens := []string{"person:" + a.Person()}
	if slices.Contains(a.Roles, itsm.Agent) {
		tokens = append(tokens, "agents")
	}
	return tokens, nil
}

func open(t require.TestingT, store itsm.Store, index search.Index, authorizer itsm.Authorizer) node {
	if authorizer == nil {
		authorizer = itsm.DefaultGrants()
	}
	k, err := itsm.New(itsm.Config{Store: store, Authorizer: authorizer, Clock: itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))})
	require.NoError(t, err)
	practice, err := incident.New(k, incident.Config{})
	require.NoError(t, err)
	x, err := indexing.New(k, indexing.Config{Index: index, Sources: []indexing.Source{incidents()}, Audience: audience})
	require.NoError(t, err)
	require.NoError(t, k.Open(context.Background()))
	return node{practice, x}
}

func in(tenant string, a itsm.Actor) context.Context {
	a.Tenant = tenant
	return itsm.WithActor(context.Background(), a)
}

var (
	ann  = in("acme", itsmtest.Agent("ann"))
	cleo = in("acme", itsmtest.Requester("cleo"))
	dora = in("acme", itsmtest.Requester("dora"))
	zoe  = in("zeta", itsmtest.Agent("zoe"))
)

func (n node) report(t require.TestingT, ctx context.Context, title string) string {
	inc, err := n.Report(ctx, incident.Report{Title: title})
	require.NoError(t, err)
	return inc.ID
}

func (n node) find(t require.TestingT, ctx context.Context, text string) []string {
	found, err := n.Search(ctx, search.Query{Text: text, Limit: 1000})
	require.NoError(t, err)
	ids := []string{}
	for _, h := range found.Hits {
		ids = append(ids, h.ID)
	}
	require.Equal(t, len(ids), found.Total)
	slices.Sort(ids)
	return ids
}

func TestWhatWasWrittenIsFoundAtOnce(t *testing.T) {
	n := open(t, memory.New(), nil, nil)
	first := n.report(t, cleo, "The printer is jammed")
	assert.Equal(t, []string{first}, n.find(t, ann, "printer"), "what was there before anybody asked")
	second := n.report(t, cleo, "Another printer")
	assert.Equal(t, []string{first, second}, n.find(t, ann, "printer"))
	_, err := n.Edit(ann, first, itsm.Patch{"title": field.Text("The scanner is jammed")})
	require.NoError(t, err)
	assert.Equal(t, []string{second}, n.find(t, ann, "printer"))
	_, err = n.Cancel(ann, second, incident.Cancel{Reason: "a mistake"})
	require.NoError(t, err)
	assert.Empty(t, n.find(t, ann, "printer"))
	assert.Equal(t, []string{first}, n.find(t, ann, "scanner"))
}

func TestADocumentMovesWithItsLocale(t *testing.T) {
	n := open(t, memory.New(), nil, nil)
	id := n.report(t, cleo, "Drucker")
	n.find(t, ann, "drucker")
	for _, locale := range []string{"de", "en", ""} {
		_, err := n.Edit(ann, id, itsm.Patch{"category": field.Text(locale)})
		require.NoError(t, err)
		found, err := n.Search(ann, search.Query{Text: "drucker"})
		require.NoError(t, err)
		require.Len(t, found.Hits, 1)
		assert.Equal(t, search.Ref{Kind: incident.Kind, ID: id, Locale: locale}, found.Hits[0].Ref)
	}
	_, err := n.Edit(ann, id, itsm.Patch{"category": field.Text("fr")})
	require.NoError(t, err)
	_, err = n.Cancel(ann, id, incident.Cancel{Reason: "a mistake"})
	require.NoError(t, err)
	assert.Empty(t, n.find(t, ann, "drucker"), "moved and gone between two questions")
}

// A purge leaves nothing to say in which locale a document was.
func TestWhatWasPurgedIsInTheIndexNoMore(t *testing.T) {
	source := indexing.Source{Kind: incident.Kind, Locale: "category", Document: func(rec itsm.Record) (search.Document, bool) {
		inc := rec.(*incident.Incident)
		return search.Document{Ref: search.Ref{Locale: inc.Category}, Title: inc.Title, Allow: []string{search.Everyone}}, true
	}}
	clock, index := itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), search.NewMemory(search.Options{})
	d, err := desk.Open(t.Context(), desk.Config{
		Clock: clock, Index: index, Sources: []indexing.Source{source},
		Retention: retention.Config{Policies: []retention.Policy{{Name: "general", After: retention.Period{Days: 30}}}, Every: -1},
	})
	require.NoError(t, err)
	agent := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	for _, locale := range []string{"", "de", "en-GB"} {
		inc, err := d.Incidents.Report(agent, incident.Report{Title: "Drucker", Category: locale})
		require.NoError(t, err)
		_, err = d.Incidents.Cancel(agent, inc.ID, incident.Cancel{Reason: incident.Withdrawn})
		require.NoError(t, err)
	}
	found := func() int {
		require.NoError(t, d.Search.CatchUp(agent))
		found, err := index.Search(t.Context(), search.Query{Filter: search.Filter{Tenant: itsmtest.Tenant}, Text: "drucker"})
		require.NoError(t, err)
		return found.Total
	}
	require.Equal(t, 3, found())
	clock.Set(clock.Now().AddDate(0, 0, 31))
	done, err := d.Retention.Run(itsmtest.As(t.Context(), itsm.Actor{ID: "rex", Tenant: itsmtest.Tenant, Roles: []itsm.Role{itsm.RecordsManager}}), 0)
	require.NoError(t, err)
	require.Equal(t, 3, done.Records)
	assert.Zero(t, found())
}

func TestEachFindsWhatTheyMaySee(t *testing.T) {
	n := open(t, memory.New(), nil, nil)
	hers, others := n.report(t, cleo, "VPN is slow"), n.report(t, dora, "VPN is down")
	zeta := n.report(t, zoe, "VPN")
	assert.Equal(t, []string{hers, others}, n.find(t, ann, "vpn"))
	assert.Equal(t, []string{hers}, n.find(t, cleo, "vpn"))
	assert.Equal(t, []string{zeta}, n.find(t, zoe, "vpn"))
	found, err := n.Search(cleo, search.Query{Filter: search.Filter{Tenant: "zeta", Audience: []string{"agents"}}, Text: "vpn"})
	require.NoError(t, err)
	assert.Len(t, found.Hits, 1, "a query cannot ask for somebody else")
	similar, err := n.Similar(cleo, search.Like{Text: "vpn"})
	require.NoError(t, err)
	assert.Len(t, similar.Hits, 1)
	_, err = n.Search(context.Background(), search.Query{Text: "vpn"})
	assert.ErrorIs(t, err, itsm.ErrNoActor)

	strict := itsm.Grants{{Role: itsm.Agent, Verbs: []itsm.Verb{"report"}}, {Role: itsm.Requester, Own: true}}
	n = open(t, memory.New(), nil, strict)
	n.report(t, cleo, "VPN is slow")
	assert.Empty(t, n.find(t, ann, "vpn"), "the authorizer has the last word")
}

func TestWhatIsWrongWithSources(t *testing.T) {
	k, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
	require.NoError(t, err)
	_, err = indexing.New(k, indexing.Config{Sources: []indexing.Source{{Kind: "incident"}, incidents(), incidents()}})
	require.ErrorContains(t, err, "Sources[0]")
	require.ErrorContains(t, err, "Sources[2]")

	nowhere := itsm.Where("nowhere").Is("x")
	_, err = incident.New(k, incident.Config{})
	require.NoError(t, err)
	source := incidents()
	source.Filter, source.Locale = &nowhere, "language"
	_, err = indexing.New(k, indexing.Config{Sources: []indexing.Source{source}})
	require.NoError(t, err)
	err = k.Open(context.Background())
	require.ErrorContains(t, err, "nowhere")
	require.ErrorContains(t, err, "language")
}

// failing is an index that fails when it is told to.
type failing struct {
	search.Index
	fail bool
}

var errBroken = errors.New("broken")

func (f *failing) Put(ctx context.Context, docs ...search.Document) error {
	if f.fail {
		return errBroken
	}
	return f.Index.Put(ctx, docs...)
}

func TestAnIndexThatFailedGoesOnWhereItWas(t *testing.T) {
	index := &failing{Index: search.NewMemory(search.Options{}), fail: true}
	n := open(t, memory.New(), index, nil)
	first := n.report(t, cleo, "printer")
	for range 2 {
		_, err := n.Search(ann, search.Query{Text: "printer"})
		require.ErrorIs(t, err, errBroken, "while it is built")
	}
	index.fail = false
	require.Equal(t, []string{first}, n.find(t, ann, "printer"))
	second := n.report(t, cleo, "printer")
	index.fail = true
	_, err := n.Search(ann, search.Query{Text: "printer"})
	require.ErrorIs(t, err, errBroken, "while it follows")
	index.fail = false
	require.Equal(t, []string{first, second}, n.find(t, ann, "printer"))
}

// TestEveryAnswerIsAsTheRecordsAre gives random commands on two nodes of one store, which share an index or have their own,
// and compares each answer with the records.
func TestEveryAnswerIsAsTheRecordsAre(t *testing.T) {
	words := []string{"printer", "scanner", "vpn", "mail"}
	rapid.Check(t, func(rt *rapid.T) {
		store := memory.New()
		var index search.Index
		if rapid.Bool().Draw(rt, "shared") {
			index = indexing.Together(search.NewMemory(search.Options{}))
		}
		nodes := []node{open(rt, store, index, nil), open(rt, store, index, nil)}
		actors := []context.Context{ann, zoe}
		var ids [2][]string
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			n := nodes[rapid.IntRange(0, 1).Draw(rt, "node")]
			tenant := rapid.IntRange(0, 1).Draw(rt, "tenant")
			ctx, text := actors[tenant], strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 3).Draw(rt, "text"), " ")
			act := rapid.IntRange(0, 4).Draw(rt, "act")
			if act > 1 && len(ids[tenant]) == 0 {
				act = 0
			}
			switch act {
			case 0:
				ids[tenant] = append(ids[tenant], n.report(rt, ctx, text))
			case 1:
				word := rapid.SampledFrom(words).Draw(rt, "word")
				page, err := n.List(ctx, itsm.Query{Limit: 1000})
				require.NoError(rt, err)
				want := []string{}
				for _, inc := range page.Records {
					if inc.State != incident.StateCancelled && slices.Contains(strings.Fields(inc.Title), word) {
						want = append(want, inc.ID)
					}
				}
				require.Equal(rt, want, n.find(rt, ctx, word))
			default:
				id := rapid.SampledFrom(ids[tenant]).Draw(rt, "id")
				var err error
				switch act {
				case 2:
					_, err = n.Edit(ctx, id, itsm.Patch{"title": field.Text(text)})
				case 3:
					_, err = n.Edit(ctx, id, itsm.Patch{"category": field.Text(rapid.SampledFrom([]string{"en", "de", ""}).Draw(rt, "locale"))})
				case 4:
					_, err = n.Cancel(ctx, id, incident.Cancel{Reason: "no"})
				}
				if _, refused := errors.AsType[*lifecycle.Refusal](err); !refused {
					require.NoError(rt, err)
				}
			}
		}
	})
}

func TestManyNodesFillOneIndex(t *testing.T) {
	store, index := memory.New(), indexing.Together(search.NewMemory(search.Options{}))
	var nodes []node
	for range 4 {
		nodes = append(nodes, open(t, store, index, nil))
	}
	for i := range 700 {
		nodes[0].report(t, ann, fmt.Sprint("before ", i))
	}
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			for j := range 50 {
				id := n.report(t, ann, fmt.Sprintf("asked%dx%d", i, j))
				if got := n.find(t, ann, fmt.Sprintf("asked%dx%d", i, j)); !slices.Equal(got, []string{id}) {
					t.Errorf("node %d does not find what it wrote: %v", i, got)
				}
			}
		})
	}
	wg.Wait()
	assert.Len(t, nodes[1].find(t, ann, "before"), 700)
}

func TestABusyHourIsTakenUpWhole(t *testing.T) {
	n := open(t, memory.New(), nil, nil)
	require.Empty(t, n.find(t, ann, "printer"))
	for range 1100 {
		n.report(t, ann, "printer")
	}
	found, err := n.Search(ann, search.Query{Text: "printer"})
	require.NoError(t, err)
	assert.Equal(t, 1100, found.Total)
}

func TestASharedIndexIsBuiltOnce(t *testing.T) {
	store, index := memory.New(), &failing{Index: search.NewMemory(search.Options{})}
	shared := indexing.Together(index)
	first := open(t, store, shared, nil)
	id := first.report(t, ann, "printer")
	require.Equal(t, []string{id}, first.find(t, ann, "printer"))
	index.fail = true
	second := open(t, store, shared, nil)
	require.Equal(t, []string{id}, second.find(t, ann, "printer"), "nothing is put again")
}

// An index that outlives a program is searched by the next one, which may find more kinds.
func TestAKindThatIsAddedIsBuilt(t *testing.T) {
	store, index := memory.New(), indexing.Together(search.NewMemory(search.Options{}))
	agent := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	find := func(more ...indexing.Source) (*desk.Desk, int) {
		d, err := desk.Open(t.Context(), desk.Config{Store: store, Index: index, Sources: more})
		require.NoError(t, err)
		found, err := d.Search.Search(agent, search.Query{Text: "printing"})
		require.NoError(t, err)
		return d, found.Total
	}
	d, n := find()
	require.Zero(t, n)
	_, err := d.Services.Plan(agent, service.NewService{Name: "Printing"})
	require.NoError(t, err)
	require.NoError(t, d.Search.CatchUp(agent))
	_, n = find(indexing.Source{Kind: service.Kind, Document: func(rec itsm.Record) (search.Document, bool) {
		return search.Document{Title: rec.(*service.Service).Name, Allow: []string{search.Everyone}}, true
	}})
	assert.Equal(t, 1, n, "with what was there before")
}

func BenchmarkNothingNew(b *testing.B) {
	n := open(b, memory.New(), nil, nil)
	n.report(b, ann, "printer")
	for b.Loop() {
		if err := n.CatchUp(ann); err != nil {
			b.Fatal(err)
		}
	}
}
