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

// newPoints is a workshop with a projection of its repairs.
func newPoints(t testing.TB, auth itsm.Authorizer) (*itsm.Kernel, *workshop, *itsm.Projection[gauge]) {
	t.Helper()
	var w *workshop
	var p *itsm.Projection[gauge]
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Authorizer: auth}, func(k *itsm.Kernel) (err error) {
		p = itsm.NewProjection[gauge](k, "points")
		k.Hook(itsm.Hook{Name: "points", Kinds: []string{"repair"}, Project: func(u *itsm.Unit, _, after itsm.Record) error {
			return p.Put(u, "all", &gauge{Of: after.(*repair).Group, Turns: 1, Tags: []string{"a"}})
		}})
		w, err = newWorkshop(k)
		return err
	})
	return k, w, p
}

func TestWhoSeesTheRowsOfAProjection(t *testing.T) {
	k, w, p := newPoints(t, nil)
	mine, theirs := started(t, w), reported(t, w, eve)
	rows, err := p.Of(bob, mine.Ref())
	require.NoError(t, err)
	require.Len(t, rows, 1, "who may read the record may read its rows")
	_, err = p.Of(bob, theirs.Ref())
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = p.Of(mallory, mine.Ref())
	require.ErrorIs(t, err, itsm.ErrNotFound, "another tenant")
	_, err = p.Of(context.Background(), mine.Ref())
	require.ErrorIs(t, err, itsm.ErrNoActor)

	// All else is of the projection's own kind, whose rows have no caller.
	_, err = p.Get(bob, rows[0].ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = p.List(bob, itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = p.Count(bob, itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = p.CountBy(bob, "of", itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied)
	for _, err := range p.All(bob, itsm.Query{}) {
		require.ErrorIs(t, err, itsm.ErrDenied)
	}
	_, err = k.List(bob, "points", itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied)
	for _, ctx := range []context.Context{ann, boss, root} {
		n, err := p.Count(ctx, itsm.Query{})
		require.NoError(t, err)
		require.EqualValues(t, 2, n)
		_, err = p.Get(ctx, rows[0].ID)
		require.NoError(t, err)
	}
	require.NoError(t, k.May(ann, itsm.Ref{Kind: "points", ID: rows[0].ID}, itsm.Read))
	n, err := p.Count(mallory, itsm.Query{})
	require.NoError(t, err)
	require.Zero(t, n)
}

// grouped lets everybody see what belongs to the pumps.
type grouped struct{ itsm.Grants }

func (grouped) Scope(context.Context, *itsm.Actor, string) (*itsm.Filter, error) {
	f := itsm.Any(itsm.Where("of").Is("pumps"), itsm.Where("group").Is("pumps"))
	return &f, nil
}

func TestAScopeThatDoesNotFitIsDenied(t *testing.T) {
	_, w, p := newPoints(t, grouped{itsm.DefaultGrants()})
	started(t, w)
	_, err := p.List(ann, itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied, "the rows have no group")
	require.ErrorContains(t, err, "group")
}

func TestMaskHidesFieldsOfAProjection(t *testing.T) {
	grants := itsm.Grants{{Role: itsm.Agent, Hides: []string{"of", "tags"}}, {Role: itsm.Requester, Own: true}, {Role: itsm.Manager}}
	_, w, p := newPoints(t, grants)
	r := reported(t, w, bob)
	_, err := w.start.Do(boss, r.ID, nothing{}, itsm.To("pumps", ""))
	require.NoError(t, err)
	for who, want := range map[*context.Context]string{&ann: "", &boss: "pumps"} {
		rows, err := p.Of(*who, r.Ref())
		require.NoError(t, err)
		page, err := p.List(*who, itsm.Query{})
		require.NoError(t, err)
		for _, row := range append(rows, page.Records...) {
			require.Equal(t, want, row.Of)
			require.Equal(t, want == "", row.Tags == nil)
		}
	}
	_, err = p.List(ann, itsm.Query{Filter: filter(itsm.Where("of").Is("pumps"))})
	require.ErrorIs(t, err, itsm.ErrDenied)
}

// TestAProjectionHasNoLifeOfItsOwn: what records have and rows do not is refused by its name.
func TestAProjectionHasNoLifeOfItsOwn(t *testing.T) {
	k, l, g, clock := newGauges(t, itsm.Config{})
	r := made(t, l, "desk")
	ref := itsm.Ref{Kind: "gauge", ID: "lamp/L0000001/count"}
	for name, ask := range map[string]func() error{
		"do":        func() error { _, err := k.Do(ann, ref, "turn", nil); return err },
		"create":    func() error { _, err := k.Do(ann, itsm.Ref{Kind: "gauge"}, "make", nil); return err },
		"explain":   func() error { return k.Explain(ann, ref, "turn", nil) },
		"do all":    func() error { _, err := k.DoAll(ann, ref, []itsm.Step{{Trigger: "turn"}}); return err },
		"bulk":      func() error { return k.Bulk(ann, []itsm.Ref{ref}, "turn", nil)[0].Err },
		"permitted": func() error { _, err := k.Permitted(ann, ref); return err },
		"offers":    func() error { _, err := k.Offers(ann, ref); return err },
		"history":   func() error { _, err := k.History(ann, ref, 0, 0); return err },
		"at":        func() error { _, err := k.At(ann, ref, 1); return err },
		"as of":     func() error { _, err := k.AsOf(ann, ref, clock.Now()); return err },
		"head":      func() error { _, _, err := k.Head(ann, ref); return err },
		"verify":    func() error { return k.Verify(root, ref) },
		"life":      func() error { _, err := k.Life(root, ref); return err },
		"restore":   func() error { _, err := k.Restore(root, &itsm.Life{Ref: ref}); return err },
		"rows":      func() error { _, err := k.Rows(ann, ref, itsm.Comments, 0, 0); return err },
		"links":     func() error { _, err := k.Links(ann, ref); return err },
		"owner":     func() error { _, err := g.Of(ann, ref); return err },
		"get in a transaction": func() error {
			l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error { _, err := u.Get(ref); return err }
			return l.turn.Explain(ann, r.ID, turn{})
		},
		"command in a transaction": func() error {
			l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error { return u.Do(ref, "turn", nil) }
			return l.turn.Explain(ann, r.ID, turn{})
		},
		"ensure": func() error {
			l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error { return u.Ensure(ref, "make", nil) }
			return l.turn.Explain(ann, r.ID, turn{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := ask()
			require.ErrorIs(t, err, itsm.ErrInvalid)
			require.ErrorContains(t, err, "gauge is a projection")
		})
	}
	require.Empty(t, k.Lifecycles("gauge"))
	require.Empty(t, k.Creations("gauge"))
	require.Empty(t, k.Inputs("gauge", "turn"))
	require.Empty(t, k.Series("gauge"))
	var columns []string
	for _, c := range k.Columns("gauge") {
		columns = append(columns, c.Name)
	}
	require.Equal(t, []string{"id", "version", "created_at", "updated_at", "state", "phase", "of", "turns", "due", "tags"}, columns)
	found, err := k.Get(ann, ref)
	require.NoError(t, err)
	require.Equal(t, field.Text("desk"), k.Value(found, "of"))
	_, err = k.List(ann, "gauge", itsm.Query{Filter: filter(itsm.Where("caller").Is("bob"))})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

// TestErasureLeavesProjections: it changes the record, and its rows stay as they were put.
func TestErasureLeavesProjections(t *testing.T) {
	k, w, p := newPoints(t, nil)
	r := reported(t, w, bob)
	before, err := p.Of(ann, r.Ref())
	require.NoError(t, err)
	done, err := k.Erase(root, "bob", "asked to")
	require.NoError(t, err)
	require.Equal(t, 1, done.Records)
	after, err := p.Of(ann, r.Ref())
	require.NoError(t, err)
	require.Equal(t, before, after)
	_, err = w.start.Do(ann, r.ID, nothing{}, itsm.To("pumps", ""))
	require.NoError(t, err)
	after, err = p.Of(ann, r.Ref())
	require.NoError(t, err)
	require.Equal(t, []any{int64(3), "pumps"}, []any{after[0].Version, after[0].Of}, "the row's version had fallen behind")
	require.NoError(t, k.Verify(root, r.Ref()))
}

// secret has a person, and headless no head.
type (
	secret struct {
		itsm.Head
		Who string `json:"who" itsm:"personal"`
	}
	headless struct {
		Of string `json:"of"`
	}
	loose struct {
		itsm.Head
		More field.Fields `json:"more"`
	}
	unkept struct {
		itsm.Head
		Done chan int `json:"done"`
	}
)

func TestOpenTellsEveryFaultOfAProjection(t *testing.T) {
	k := fresh(t)
	_, err := registerLamps(k)
	require.NoError(t, err)
	none := itsm.NewProjection[gauge](k, "Gauge!")
	itsm.NewProjection[gauge](k, "lamp")
	itsm.NewProjection[secret](k, "secret")
	itsm.NewProjection[headless](k, "headless")
	itsm.NewProjection[loose](k, "loose")
	itsm.NewProjection[unkept](k, "unkept")
	itsm.NewProjection[itsm.Ticket](k, "ticket")
	itsm.NewProjection[gauge](k, "gauge")
	k.Hook(itsm.Hook{Name: "watcher", Kinds: []string{"gauge"}})
	k.Subscribe(itsm.Subscriber{Name: "reader", Kinds: []string{"gauge"}, Handle: func(context.Context, *itsm.Event) error { return nil }})
	_, err = itsm.NewPractice[lamp](k, itsm.Spec{Kind: "gauge", Series: "G", Lifecycle: lampTable()})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	require.ErrorContains(t, err, "registered twice")
	err = k.Open(context.Background())
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, fault := range []string{
		"projection Gauge!: give it a name", "projection lamp: the kind is registered twice", "nothing personal, and who is", "headless must embed itsm.Head",
		"More holds others", "Done", "nothing personal, and caller is", "hook watcher: nothing happens to the rows", "subscriber reader: nothing happens to the rows",
	} {
		require.ErrorContains(t, err, fault)
	}
	require.Equal(t, []string{"gauge"}, k.Projections())

	late, l, g, _ := newGauges(t, itsm.Config{})
	for name, p := range map[string]*itsm.Projection[gauge]{"faulty": none, "late": itsm.NewProjection[gauge](late, "gauge"), "new": itsm.NewProjection[gauge](late, "other")} {
		t.Run(name, func(t *testing.T) {
			require.Empty(t, p.Kind())
			_, err := p.Get(ann, "x")
			require.ErrorIs(t, err, itsm.ErrInvalid)
			_, err = p.List(ann, itsm.Query{})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			_, err = p.Count(ann, itsm.Query{})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			_, err = p.CountBy(ann, "of", itsm.Query{})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			_, err = p.Of(ann, itsm.Ref{Kind: "lamp", ID: "L0000001"})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			for _, err := range p.All(ann, itsm.Query{}) {
				require.ErrorIs(t, err, itsm.ErrInvalid)
			}
			g.project = func(u *itsm.Unit, _, _ itsm.Record) error {
				_, err := p.In(u)
				require.ErrorIs(t, err, itsm.ErrInvalid)
				return p.Put(u, "x", &gauge{})
			}
			_, err = l.make.Do(ann, turn{})
			require.ErrorIs(t, err, itsm.ErrInvalid)
		})
	}
	require.Equal(t, []string{"gauge"}, late.Projections())
	_, _, others, _ := newGauges(t, itsm.Config{})
	g.project = func(u *itsm.Unit, _, _ itsm.Record) error { return others.Put(u, "x", &gauge{}) }
	_, err = l.make.Do(ann, turn{})
	require.ErrorContains(t, err, "another kernel")
}

func TestPutRefuses(t *testing.T) {
	_, l, g, _ := newGauges(t, itsm.Config{})
	r := made(t, l, "desk")
	before := g.rowsOf(t, r.Ref())
	mine := &gauge{Turns: 7, Head: itsm.Head{ID: "mine"}}
	for name, put := range map[string]func(u *itsm.Unit) error{
		"no name":         func(u *itsm.Unit) error { return g.Put(u, "", mine) },
		"a slash":         func(u *itsm.Unit) error { return g.Put(u, "a/b", mine) },
		"a long name":     func(u *itsm.Unit) error { return g.Put(u, strings.Repeat("x", 101), mine) },
		"no text":         func(u *itsm.Unit) error { return g.Put(u, "a\x00", mine) },
		"no row":          func(u *itsm.Unit) error { return g.Put(u, "x", nil) },
		"text in a field": func(u *itsm.Unit) error { return g.Put(u, "x", &gauge{Of: "\xff"}) },
		"text in a list":  func(u *itsm.Unit) error { return g.Put(u, "x", &gauge{Tags: []string{"a", "\x00"}}) },
		"text in a state": func(u *itsm.Unit) error { return g.Put(u, "x", &gauge{Head: itsm.Head{State: "\xff"}}) },
		"an instant": func(u *itsm.Unit) error {
			return g.Put(u, "x", &gauge{Due: time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)})
		},
		"the store's own":  func(u *itsm.Unit) error { rows, _ := g.In(u); return g.Put(u, "count", rows[0]) },
		"another's row":    func(u *itsm.Unit) error { rows, _ := g.In(u); return g.Put(u, "other", rows[0]) },
		"what was put":     func(u *itsm.Unit) error { row := &gauge{}; return errorsOf(g.Put(u, "x", row), g.Put(u, "x", row)) },
		"as another again": func(u *itsm.Unit) error { row := &gauge{}; return errorsOf(g.Put(u, "x", row), g.Put(u, "y", row)) },
		"too many": func(u *itsm.Unit) error {
			for n := range 998 {
				if err := g.Put(u, fmt.Sprint(n), &gauge{}); err != nil {
					return fmt.Errorf("row %d: %w", n, errUnexpected)
				}
			}
			if g.Put(u, "count", &gauge{}) != nil || g.Put(u, "7", &gauge{}) != nil {
				return errUnexpected
			}
			return g.Put(u, "one more", mine)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g.project = func(u *itsm.Unit, _, _ itsm.Record) error { return put(u) }
			_, err := l.turn.Do(ann, r.ID, turn{})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			require.NotErrorIs(t, err, errUnexpected)
			require.Equal(t, before, g.rowsOf(t, r.Ref()))
			require.Equal(t, gauge{Turns: 7, Head: itsm.Head{ID: "mine"}}, *mine, "a row that was refused is as it was")
		})
	}
}

var errUnexpected = fmt.Errorf("this should have passed")

// errorsOf answers the last error of puts, the first of which must pass.
func errorsOf(first, last error) error {
	if first != nil {
		return errUnexpected
	}
	return last
}

// TestARecordHasManyRows: as many as are allowed are put, put again and read in order.
func TestARecordHasManyRows(t *testing.T) {
	_, l, g, _ := newGauges(t, itsm.Config{})
	g.project = func(u *itsm.Unit, _, after itsm.Record) error {
		for n := range 1000 {
			if err := g.Put(u, fmt.Sprintf("%03d", 999-n), &gauge{Turns: after.(*lamp).Turns}); err != nil {
				return err
			}
		}
		return nil
	}
	r := made(t, l, "desk")
	r, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	rows := g.rowsOf(t, r.Ref())
	require.Len(t, rows, 1000)
	for n, row := range rows {
		require.Equal(t, fmt.Sprintf("lamp/%s/%03d", r.ID, n), row.ID)
		require.EqualValues(t, 2, row.Version)
		require.Equal(t, 1, row.Turns)
	}
}

// TestATimerAndAFactOfAProjection: what a projection needs beside rows it may set.
func TestATimerAndAFactOfAProjection(t *testing.T) {
	k, l, g, clock := newGauges(t, itsm.Config{})
	g.project = func(u *itsm.Unit, _, after itsm.Record) error {
		if u.Fired() != nil || after.(*lamp).State != "on" {
			return nil
		}
		if err := u.Fact("due", u.Now().Add(time.Hour)); err != nil {
			return err
		}
		return u.SetTimer("due", u.Now().Add(time.Hour), "break", nil)
	}
	r := made(t, l, "desk")
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.NoError(t, clock.Advance(ann, 2*time.Hour))
	r, err = l.Get(ann, r.ID)
	require.NoError(t, err)
	require.Equal(t, lifecycle.State("broken"), r.State)
	history, err := k.History(ann, r.Ref(), 1, 1)
	require.NoError(t, err)
	require.Contains(t, history[0].Facts, "due")
}
