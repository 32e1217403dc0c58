package itsm_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// gauge is a row that is computed from a record: one for its state, and one that counts.
type gauge struct {
	itsm.Head
	Of    string    `json:"of" itsm:"index"`
	Turns int       `json:"turns" itsm:"index"`
	Due   time.Time `json:"due,omitzero" itsm:"index"`
	Tags  []string  `json:"tags,omitempty"`
}

// gauges is the projection with a hook that puts two rows beside every lamp, or does what the test wants.
type gauges struct {
	*itsm.Projection[gauge]
	project func(u *itsm.Unit, before, after itsm.Record) error
}

// stateOf and countOf are the rows that follow from a lamp.
func stateOf(l *lamp) gauge {
	return gauge{Head: itsm.Head{State: l.State, Phase: l.Phase}, Of: l.Name, Tags: []string{string(l.State)}}
}

func countOf(l *lamp) gauge {
	return gauge{Head: itsm.Head{State: "counting", Phase: lifecycle.Active}, Of: l.Name, Turns: l.Turns}
}

func (g *gauges) two(u *itsm.Unit, _, after itsm.Record) error {
	l := after.(*lamp)
	state, count := stateOf(l), countOf(l)
	if err := g.Put(u, "state", &state); err != nil {
		return err
	}
	return g.Put(u, "count", &count)
}

func newGauges(t testing.TB, config itsm.Config, hooks ...itsm.Hook) (*itsm.Kernel, *lamps, *gauges, *itsmtest.Clock) {
	t.Helper()
	g := &gauges{}
	var l *lamps
	if config.Store == nil {
		config.Store = memory.New()
	}
	k, clock := itsmtest.Kernel(t, config, func(k *itsm.Kernel) (err error) {
		g.Projection = itsm.NewProjection[gauge](k, "gauge")
		g.project = g.two
		l, err = registerLamps(k)
		for _, h := range hooks {
			k.Hook(h)
		}
		k.Hook(itsm.Hook{Name: "gauges", Kinds: []string{"lamp"}, Project: func(u *itsm.Unit, before, after itsm.Record) error {
			return g.project(u, before, after)
		}})
		return err
	})
	return k, l, g, clock
}

// rowsOf reads the rows of a lamp as an agent.
func (g *gauges) rowsOf(t testing.TB, ref itsm.Ref) []gauge {
	t.Helper()
	rows, err := g.Of(ann, ref)
	require.NoError(t, err)
	return rows
}

func TestAProjectionIsKeptBesideItsRecord(t *testing.T) {
	store := memory.New()
	k, l, g, clock := newGauges(t, itsm.Config{Store: store})
	r := made(t, l, "desk")
	begun := clock.Now()
	clock.Set(begun.Add(time.Hour))
	r, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)

	head := itsm.Head{Tenant: r.Tenant, Kind: "gauge", Version: 2, CreatedAt: begun, UpdatedAt: begun.Add(time.Hour)}
	count, state := countOf(&r), stateOf(&r)
	for row, id := range map[*gauge]string{&count: "lamp/L0000001/count", &state: "lamp/L0000001/state"} {
		is, phase := row.State, row.Phase
		row.Head = head
		row.ID, row.State, row.Phase = id, is, phase
	}
	rows := g.rowsOf(t, r.Ref())
	require.Equal(t, []gauge{count, state}, rows, "in order of id, with the record's version")
	rows[1].Tags[0] = "scribbled"
	one, err := g.Get(ann, "lamp/L0000001/state")
	require.NoError(t, err)
	require.Equal(t, state, one, "what was read before was a copy")

	page, err := g.List(ann, itsm.Query{Filter: filter(itsm.Where("turns").AtLeast(field.Int(1)))})
	require.NoError(t, err)
	require.Equal(t, []gauge{count}, page.Records)
	records, err := k.List(ann, "gauge", itsm.Query{Filter: filter(itsm.Where("phase").Is("active")), Sort: []itsm.Sort{{Column: "turns"}}})
	require.NoError(t, err)
	require.Len(t, records.Records, 2)
	n, err := g.Count(ann, itsm.Query{Filter: filter(itsm.Where("state").Is("on"))})
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	buckets, err := g.CountBy(ann, "of", itsm.Query{})
	require.NoError(t, err)
	require.Equal(t, []itsm.Bucket{{Value: field.Text("desk"), Count: 2}}, buckets)
	seen := 0
	for row, err := range g.All(ann, itsm.Query{Limit: 1}) {
		require.NoError(t, err)
		require.Equal(t, "desk", row.Of)
		seen++
	}
	require.Equal(t, 2, seen)

	require.Equal(t, "gauge", g.Kind())
	require.Equal(t, []string{"lamp"}, k.Kinds())
	require.Equal(t, []string{"gauge"}, k.Projections())
	require.NoError(t, k.CheckQuery("gauge", itsm.Query{Filter: filter(itsm.Where("due").Empty())}))
	feed, err := store.Feed(context.Background(), nil, 0, 100)
	require.NoError(t, err)
	require.Len(t, feed, 2, "rows have no events")
	require.NoError(t, k.Verify(root, r.Ref()))

	other := made(t, l, "hall")
	require.Len(t, g.rowsOf(t, other.Ref()), 2)
	require.Len(t, g.rowsOf(t, r.Ref()), 2, "each record has its own")
	_, err = g.Of(ann, itsm.Ref{Kind: "lamp", ID: "L9999999"})
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

// TestProjectRunsLast: after every BeforeCommit of every record, on the transaction's own records.
func TestProjectRunsLast(t *testing.T) {
	store := memory.New()
	var order []string
	var second *lamp
	note := func(what string, u *itsm.Unit) { order = append(order, what+" "+u.Ref().ID) }
	k, l, g, clock := newGauges(t, itsm.Config{Store: store}, itsm.Hook{
		Name: "others", Kinds: []string{"lamp"},
		AfterAct: func(u *itsm.Unit, c itsm.Change) error {
			if second != nil && u.Ref() != second.Ref() && c.Trigger == "turn" {
				return u.Do(second.Ref(), "touch", turn{})
			}
			return nil
		},
		Project:      func(u *itsm.Unit, _, _ itsm.Record) error { note("first", u); return u.Fact("seen", u.Events()) },
		BeforeCommit: func(u *itsm.Unit, _ itsm.Change) error { note("before commit", u); return nil },
	})
	var befores, afters []itsm.Record
	var acts []lifecycle.Trigger
	var fired *itsm.Timer
	g.project = func(u *itsm.Unit, before, after itsm.Record) error {
		note("project", u)
		befores, afters, acts, fired = append(befores, before), append(afters, after), append(acts, u.Acts()...), u.Fired()
		if err := u.Do(u.Ref(), "touch", turn{}); after.(*lamp).Name == "spoiled" {
			return err
		} else if err == nil {
			return itsm.Invalid("depth", "a hook that projects acts on no record")
		}
		return nil
	}
	_, err := l.make.Do(ann, turn{Name: "spoiled"})
	require.ErrorIs(t, err, itsm.ErrDepth)
	order, befores, afters, acts = nil, nil, nil, nil

	g.project = func(u *itsm.Unit, before, after itsm.Record) error {
		note("project", u)
		befores, afters, acts, fired = append(befores, before), append(afters, after), append(acts, u.Acts()...), u.Fired()
		return nil
	}
	first := made(t, l, "desk")
	require.Nil(t, befores[0], "it is new")
	require.True(t, befores[0] == nil)
	hall := made(t, l, "hall")
	second = &hall
	order, befores, afters, acts = nil, nil, nil, nil
	l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error {
		return u.SetTimer("again", u.Now().Add(time.Minute), "turn", nil)
	}
	_, err = l.turn.Do(ann, first.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, []string{
		"before commit " + first.ID, "before commit " + hall.ID, "first " + first.ID, "project " + first.ID, "first " + hall.ID, "project " + hall.ID,
	}, order)
	require.Equal(t, []lifecycle.Trigger{"turn", "touch"}, acts)
	require.Nil(t, fired)
	stored, err := store.Get(ann, itsm.Key{Tenant: first.Tenant, Kind: "lamp", ID: first.ID})
	require.NoError(t, err)
	require.Same(t, stored, afters[0], "no copy")
	history, err := l.History(ann, hall.ID, 1, 0)
	require.NoError(t, err)
	require.JSONEq(t, `[["lamp.touched"]]`, string(history[0].Facts["seen"]))

	l.onTurn = nil
	require.NoError(t, clock.Advance(ann, time.Hour))
	require.NotNil(t, fired)
	require.Equal(t, "again", fired.Name)
	require.Equal(t, []string{"lamp"}, k.Kinds())
}

func TestAHookProjectsOnlyWhatConcernsIt(t *testing.T) {
	var asked, ran int
	_, l, _, _ := newGauges(t, itsm.Config{}, itsm.Hook{
		Name: "bright lamps", Kinds: []string{"lamp"},
		Concerns: func(_, after itsm.Record) bool { asked++; return after.(*lamp).State == "on" },
		Project:  func(*itsm.Unit, itsm.Record, itsm.Record) error { ran++; return nil },
	})
	r := made(t, l, "desk")
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, []int{2, 1}, []int{asked, ran})
}

// TestAPutIsAChange: the record gets an event, and only then.
func TestAPutIsAChange(t *testing.T) {
	_, l, g, _ := newGauges(t, itsm.Config{})
	r := made(t, l, "desk")
	l.onTouch = func(*itsm.Unit, *lamp, turn) error { return nil }
	g.project = func(*itsm.Unit, itsm.Record, itsm.Record) error { return nil }
	same, err := l.touch.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, r.Version, same.Version)
	g.project = g.two
	same, err = l.touch.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, r.Version+1, same.Version)
	require.Equal(t, same.Version, g.rowsOf(t, r.Ref())[0].Version)
	history, err := l.History(ann, r.ID, r.Version, 0)
	require.NoError(t, err)
	require.Equal(t, "lamp.touched", history[0].Event)
}

// TestRowsInATransaction: what was put before is seen, the last one of a name counts, and In gives no copies.
func TestRowsInATransaction(t *testing.T) {
	_, l, g, clock := newGauges(t, itsm.Config{})
	first := clock.Now()
	r := made(t, l, "desk")
	names := func(rows []*gauge) (all []string) {
		for _, row := range rows {
			all = append(all, fmt.Sprint(row.ID[strings.LastIndex(row.ID, "/")+1:], row.Turns, row.Version))
		}
		return all
	}
	put := func(u *itsm.Unit, name string, turns int) error { return g.Put(u, name, &gauge{Turns: turns}) }
	var seen [][]string
	g.project = func(u *itsm.Unit, _, _ itsm.Record) error {
		for _, step := range []func() error{
			func() error { return nil },
			func() error { return put(u, "early", 1) },
			func() error { return put(u, "state", 2) },
			func() error { return put(u, "early", 3) },
			func() error { return put(u, "state", 4) },
			func() error { return put(u, "zenith", 5) },
		} {
			if err := step(); err != nil {
				return err
			}
			rows, err := g.In(u)
			if err != nil {
				return err
			}
			seen = append(seen, names(rows))
		}
		return nil
	}
	clock.Set(first.Add(time.Hour))
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, [][]string{
		{"count0 1", "state0 1"}, {"count0 1", "early1 2", "state0 1"}, {"count0 1", "early1 2", "state2 2"}, {"count0 1", "early3 2", "state2 2"},
		{"count0 1", "early3 2", "state4 2"}, {"count0 1", "early3 2", "state4 2", "zenith5 2"},
	}, seen)
	rows := g.rowsOf(t, r.Ref())
	require.Len(t, rows, 4)
	require.Equal(t, []int64{1, 2, 2, 2}, []int64{rows[0].Version, rows[1].Version, rows[2].Version, rows[3].Version}, "what is not put stays as it was")
	require.Equal(t, []int{0, 3, 4, 5}, []int{rows[0].Turns, rows[1].Turns, rows[2].Turns, rows[3].Turns})
	require.Equal(t, []time.Time{first, first.Add(time.Hour), first, first.Add(time.Hour)},
		[]time.Time{rows[0].CreatedAt, rows[1].CreatedAt, rows[2].CreatedAt, rows[3].CreatedAt})
	_, err = l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, first.Add(time.Hour), g.rowsOf(t, r.Ref())[1].CreatedAt, "an older put of a name that is not new either")
}

// TestAnUndoneActLeavesNoRows: what was put within a Try that is refused is gone, what was put before it is not.
func TestAnUndoneActLeavesNoRows(t *testing.T) {
	var desk, hall itsm.Ref
	var g *gauges
	_, l, g, _ := newGauges(t, itsm.Config{}, itsm.Hook{
		Name: "try", Kinds: []string{"lamp"}, Triggers: []lifecycle.Trigger{"turn", "touch"},
		AfterAct: func(u *itsm.Unit, c itsm.Change) error {
			if c.Trigger == "turn" && u.Ref() == desk {
				if err := g.Put(u, "before", &gauge{Turns: 1}); err != nil {
					return err
				}
				if _, err := u.Try(hall, "touch", turn{}); err != nil {
					return err
				}
				rows, err := g.In(u)
				if err != nil || len(rows) != 1 || rows[0].Turns != 1 {
					return fmt.Errorf("after the try: %d rows, %w", len(rows), err)
				}
				return g.Put(u, "before", &gauge{Turns: 5})
			}
			if c.Trigger == "touch" && u.Ref() == hall {
				if err := g.Put(u, "within", &gauge{Turns: 2}); err != nil {
					return err
				}
				if err := u.Do(desk, "touch", turn{}); err != nil {
					return err
				}
				return u.Do(hall, "turn", turn{}) // refused
			}
			if c.Trigger == "touch" && u.Ref() == desk {
				return g.Put(u, "before", &gauge{Turns: 3})
			}
			return nil
		},
	})
	g.project = func(*itsm.Unit, itsm.Record, itsm.Record) error { return nil }
	desk, hall = made(t, l, "desk").Ref(), made(t, l, "hall").Ref()
	l.guard = func(u *itsm.Unit, _ *lamp) *lifecycle.Reason {
		if u.Ref() == hall {
			return &lifecycle.Reason{Code: "stuck"}
		}
		return nil
	}
	_, err := l.turn.Do(ann, desk.ID, turn{})
	require.NoError(t, err)
	require.Empty(t, g.rowsOf(t, hall))
	rows := g.rowsOf(t, desk)
	require.Len(t, rows, 1)
	require.Equal(t, 5, rows[0].Turns)
	history, err := l.History(ann, hall.ID, 1, 0)
	require.NoError(t, err)
	require.Equal(t, "lamp.refused", history[0].Event)
}

func TestExplainPutsNothing(t *testing.T) {
	k, l, g, _ := newGauges(t, itsm.Config{})
	r := made(t, l, "desk")
	before := g.rowsOf(t, r.Ref())
	ran := 0
	g.project = func(u *itsm.Unit, before, after itsm.Record) error { ran++; return g.two(u, before, after) }
	require.NoError(t, l.turn.Explain(ann, r.ID, turn{}))
	require.NoError(t, l.make.Explain(ann, turn{Name: "hall"}))
	require.Equal(t, 2, ran)
	require.Equal(t, before, g.rowsOf(t, r.Ref()))
	n, err := k.Count(ann, "gauge", itsm.Query{})
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
}

// TestRowsAreReadOnce: however often they are asked for and put, and not at all of a new record.
func TestRowsAreReadOnce(t *testing.T) {
	store := newCounting(memory.New())
	_, l, g, _ := newGauges(t, itsm.Config{Store: store})
	r := made(t, l, "desk")
	require.Zero(t, store.taken()["owned"])
	g.project = func(u *itsm.Unit, before, after itsm.Record) error {
		for range 3 {
			if _, err := g.In(u); err != nil {
				return err
			}
			if err := g.two(u, before, after); err != nil {
				return err
			}
		}
		return nil
	}
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, 1, store.taken()["owned"])
	g.rowsOf(t, r.Ref())
	require.Equal(t, map[string]int{"snapshot": 1, "get": 1, "owned": 1, "close": 1}, store.taken(), "one read of the record, one of its rows")
}
