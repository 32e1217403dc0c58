package itsm_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestAKeyDoesItsWorkOnce(t *testing.T) {
	store := newWitness(memory.New())
	_, w, clock := newKernel(t, itsm.Config{Store: store, Remember: 24 * time.Hour})
	first := reported(t, w, bob, itsm.Once("k"))
	applied := store.applied
	require.Equal(t, first, reported(t, w, bob, itsm.Once("k")))
	require.Equal(t, applied, store.applied)

	_, err := w.report.Do(bob, intake{Title: "Tyre flat"}, itsm.Once("k"))
	require.ErrorIs(t, err, itsm.ErrKeyReused, "another input")
	require.ErrorIs(t, w.report.Explain(bob, intake{Title: "Tyre flat"}, itsm.Once("k")), itsm.ErrKeyReused)
	_, err = w.report.Do(ann, intake{Title: "Pump leaks"}, itsm.Once("k"), itsm.To("pumps", ""))
	require.NoError(t, err, "another actor has keys of its own")
	_, err = w.Comment(bob, first.ID, itsm.Comment{Body: "Hello?"}, itsm.Once("k"))
	require.NoError(t, err, "so has another command")
	_, err = w.Comment(bob, first.ID, itsm.Comment{Body: "Hello?"}, itsm.Once("k"))
	require.NoError(t, err)
	comments, err := w.Comments(bob, first.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, comments, 1)

	clock.Set(clock.Now().Add(25 * time.Hour))
	require.NotEqual(t, first.ID, reported(t, w, bob, itsm.Once("k")).ID, "the key was forgotten")
}

func TestAKeyOfARefusedCommandIsFree(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	_, err := w.finish.Do(ann, r.ID, finish{Notes: "x"}, itsm.Once("k"))
	require.ErrorIs(t, err, itsm.ErrRefused)
	_, err = w.start.Do(ann, r.ID, nothing{}, itsm.To("pumps", ""))
	require.NoError(t, err)
	r, err = w.finish.Do(ann, r.ID, finish{Notes: "New valve."}, itsm.Once("k"))
	require.NoError(t, err)
	require.Equal(t, "done", string(r.State))
}

func TestACommandThatChangesNothingKeepsItsKeyToo(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	r := started(t, w)
	same := itsm.Patch{"title": field.Text(r.Title)}
	is, err := w.Edit(ann, r.ID, same, itsm.Once("k"))
	require.NoError(t, err)
	require.Equal(t, r.Version, is.Version, "nothing changed, so nothing happened")
	_, err = w.Edit(ann, r.ID, itsm.Patch{"title": field.Text("Pump drips")}, itsm.Once("k"))
	require.ErrorIs(t, err, itsm.ErrKeyReused)
}

func TestManyCallersWithOneKeyMakeOneRecord(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	ids := make([]string, 32)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			r, err := w.report.Do(bob, intake{Title: "Pump leaks"}, itsm.Once("k"))
			if err == nil {
				ids[i] = r.ID
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
		require.NotEmpty(t, id)
	}
	n, err := w.Count(ann, itsm.Query{})
	require.NoError(t, err)
	require.Equal(t, int64(1), n)
}

func TestABulkCommandReportsEachRecord(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	done, open := started(t, w), started(t, w)
	_, err := w.finish.Do(ann, done.ID, finish{Notes: "x"})
	require.NoError(t, err)
	refs := []itsm.Ref{open.Ref(), done.Ref(), w.Ref("REP0000099"), {Kind: "no_such", ID: "x"}, {}}
	report := k.Bulk(ann, refs, "hold", pause{Reason: "vendor"}, itsm.Once("batch 7"))
	require.Len(t, report, len(refs))
	for i, want := range []error{nil, itsm.ErrRefused, itsm.ErrNotFound, itsm.ErrInvalid, itsm.ErrInvalid} {
		require.Equal(t, refs[i], report[i].Ref)
		require.ErrorIs(t, report[i].Err, want)
	}
	require.Equal(t, open.Version+1, report[0].Version)
	again := k.Bulk(ann, refs[:1], "hold", pause{Reason: "vendor"}, itsm.Once("batch 7"))
	require.NoError(t, again[0].Err, "a key holds for each record by itself")

	both := k.Bulk(ann, []itsm.Ref{open.Ref(), done.Ref()}, "note", itsm.WorkNote{Body: "Holiday."}, itsm.Once("batch 8"))
	require.NoError(t, both[0].Err)
	require.NoError(t, both[1].Err)

	ctx, cancel := context.WithCancel(ann)
	cancel()
	for _, o := range k.Bulk(ctx, refs, "note", itsm.WorkNote{Body: "x"}) {
		require.ErrorIs(t, o.Err, context.Canceled)
	}
}

// TestNoUpdateIsLost lets a hundred writers add to one record. Everybody gets success or a conflict, and what succeeded
// is there.
func TestNoUpdateIsLost(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{Tries: 200})
	r := made(t, l, "desk")
	const writers, turns = 100, 3
	var all sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range writers {
		all.Go(func() {
			for range turns {
				_, err := l.turn.Do(ann, r.ID, turn{})
				if err != nil {
					if itsm.CodeOf(err) != "conflict" {
						t.Error(err)
					}
					continue
				}
				mu.Lock()
				won++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	is, err := l.Get(ann, r.ID)
	require.NoError(t, err)
	require.Equal(t, won, is.Turns)
	require.Equal(t, int64(won)+1, is.Version, "versions have no gap")
	require.GreaterOrEqual(t, won, writers)
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestIfVersionLetsOneOfManyPass(t *testing.T) {
	_, l, _ := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	errs := make([]error, 50)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = l.turn.Do(ann, r.ID, turn{}, itsm.IfVersion(r.Version)) })
	}
	all.Wait()
	passed := 0
	for _, err := range errs {
		if err == nil {
			passed++
			continue
		}
		require.ErrorIs(t, err, itsm.ErrConflict)
	}
	require.Equal(t, 1, passed)
}

// TestAKeyIsKnownToWhoComesAtTheSameMoment: between the look at the key and the commit the same command is given by
// another node. Each of the two is then the second time that the key is given.
func TestAKeyIsKnownToWhoComesAtTheSameMoment(t *testing.T) {
	inner := memory.New()
	store := newCounting(inner)
	_, w, _ := newKernel(t, itsm.Config{Store: store})
	_, rival, _ := newKernel(t, itsm.Config{Store: inner})
	meanwhile := func(do func() error) {
		store.before = func(*itsm.WriteSet) error { store.before = nil; return do() }
	}

	report := func(w *workshop) (repair, error) {
		return w.report.Do(root, intake{Title: "Pump leaks"}, itsm.WithNumber("OLD-1"), itsm.Once("old/1"))
	}
	meanwhile(func() error { _, err := report(rival); return err })
	r, err := report(w)
	require.NoError(t, err, "a given number is taken by the very command")
	require.EqualValues(t, 1, r.Version)

	start := func(w *workshop) (repair, error) {
		return w.start.Do(root, r.ID, nothing{}, itsm.IfVersion(1), itsm.Once("start"))
	}
	meanwhile(func() error { _, err := start(rival); return err })
	r, err = start(w)
	require.NoError(t, err, "the version is another by the very command")
	require.EqualValues(t, 2, r.Version)

	meanwhile(func() error {
		_, err := rival.report.Do(root, intake{Title: "Other"}, itsm.WithNumber("OLD-2"))
		return err
	})
	_, err = w.report.Do(root, intake{Title: "Pump leaks"}, itsm.WithNumber("OLD-2"), itsm.Once("old/2"))
	require.ErrorIs(t, err, itsm.ErrExists, "a number that another command took stays taken")
}

// TestARefusalIsOfOneInstant: a command looks at two lamps, one of which is always on. While it looks they are changed
// round, so that it sees both off; what it says must not come of that.
func TestARefusalIsOfOneInstant(t *testing.T) {
	store := memory.New()
	k, l, _ := newLamps(t, itsm.Config{Store: store})
	_, rival, _ := newLamps(t, itsm.Config{Store: store})
	desk, hall := made(t, l, "desk"), made(t, l, "hall")
	_, err := l.turn.Do(ann, hall.ID, turn{})
	require.NoError(t, err)
	dark := errors.New("both are off")
	looks := 0
	l.onTurn = func(u *itsm.Unit, r *lamp, _ turn) error {
		if looks++; looks == 1 { // the desk's lamp is off: now it goes on, and the hall's goes off
			for _, id := range []string{desk.ID, hall.ID} {
				if _, err := rival.turn.Do(ann, id, turn{}); err != nil {
					return err
				}
			}
		}
		is, err := u.Get(hall.Ref())
		if err == nil && u.Before().Header().State == "off" && is.Header().State == "off" {
			return dark
		}
		return err
	}
	require.NotErrorIs(t, k.Explain(ann, desk.Ref(), "turn", turn{}), dark)
	require.Equal(t, 2, looks)
}

// TestWhatACommandReadItDependsOn: two lamps may not both be on. While one is turned on the other is, in between the
// look at it and the commit; the command must see that.
func TestWhatACommandReadItDependsOn(t *testing.T) {
	inner := memory.New()
	store := newCounting(inner)
	_, l, _ := newLamps(t, itsm.Config{Store: store})
	_, rival, _ := newLamps(t, itsm.Config{Store: inner})
	desk, hall := made(t, l, "desk"), made(t, l, "hall")
	l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error {
		is, err := u.Get(hall.Ref())
		if err == nil && is.Header().State == "on" {
			err = itsm.Invalid("other", "the other lamp is on")
		}
		return err
	}
	store.before = func(*itsm.WriteSet) error {
		store.before = nil
		_, err := rival.turn.Do(ann, hall.ID, turn{})
		require.NoError(t, err)
		return nil
	}
	_, err := l.turn.Do(ann, desk.ID, turn{})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	is, err := l.Get(ann, desk.ID)
	require.NoError(t, err)
	require.Equal(t, desk, is)
}

func TestAnswersAreTheCallersOwn(t *testing.T) {
	k, w, clock := newKernel(t, itsm.Config{})
	r := eventful(t, k, w, clock)
	r, err := w.Edit(ann, r.ID, itsm.Patch{"custom.tags": field.List("x")}, itsm.To("tyres", "")) // from here on everything is scribbled on
	require.ErrorIs(t, err, itsm.ErrRefused)
	r, err = w.Get(ann, "REP0000001")
	require.NoError(t, err)
	want := flat(r)
	scribble := func(rec itsm.Record) {
		x := rec.(*repair)
		x.Title, x.State, x.Version = "scribbled", "scribbled", 99
		x.Custom.Set("color", field.Text("green"))
		for i := range x.Items {
			x.Items[i] = "scribbled"
		}
	}
	rec, err := k.Get(ann, r.Ref())
	require.NoError(t, err)
	scribble(rec)
	rec, err = k.At(ann, r.Ref(), r.Version)
	require.NoError(t, err)
	scribble(rec)
	page, err := k.List(ann, "repair", itsm.Query{})
	require.NoError(t, err)
	for _, rec := range page.Records {
		scribble(rec)
	}
	rec, err = k.Do(ann, r.Ref(), "note", itsm.WorkNote{Body: "x"})
	require.NoError(t, err)
	scribble(rec)
	history, err := k.History(ann, r.Ref(), 0, 0)
	require.NoError(t, err)
	for _, e := range history {
		for i := range e.Also {
			e.Also[i] = "scribbled"
		}
		for i := range e.Rows {
			e.Rows[i].ID = 0
		}
		for name := range e.Facts {
			e.Facts[name] = append(e.Facts[name][:0], '!')
		}
	}
	is, err := w.Get(ann, r.ID)
	require.NoError(t, err)
	got := flat(is)
	for _, name := range []string{"version", "digest", "updated_at"} { // the note
		delete(got, name)
		delete(want, name)
	}
	require.Equal(t, want, got)
	require.NoError(t, k.Verify(root, r.Ref()))
	itsmtest.RequireState(t, ann, k, r.Ref(), "done")
}
