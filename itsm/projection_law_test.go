package itsm_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// TestAConflictProjectsAgain: a command whose set comes too late runs again, and its rows come of the last run.
func TestAConflictProjectsAgain(t *testing.T) {
	inner := memory.New()
	store := newCounting(inner)
	_, l, g, _ := newGauges(t, itsm.Config{Store: store})
	_, rival, _, _ := newGauges(t, itsm.Config{Store: inner})
	r := made(t, l, "desk")
	runs := 0
	g.project = func(u *itsm.Unit, before, after itsm.Record) error { runs++; return g.two(u, before, after) }
	store.before = func(*itsm.WriteSet) error {
		store.before = nil
		_, err := rival.turn.Do(ann, r.ID, turn{})
		return err
	}
	r, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, 2, runs)
	require.EqualValues(t, 3, r.Version)
	require.Equal(t, 2, g.rowsOf(t, r.Ref())[0].Turns)
}

// TestRowsAreOfTheirRecordsInstant: between the look at a record and the look at its rows somebody else writes both.
func TestRowsAreOfTheirRecordsInstant(t *testing.T) {
	store := memory.New()
	k, l, g, _ := newGauges(t, itsm.Config{Store: store})
	_, rival, _, _ := newGauges(t, itsm.Config{Store: store})
	r := made(t, l, "desk")
	odd := itsm.Invalid("turns", "the row does not fit the record")
	meddle := 0
	look := func(u *itsm.Unit) error {
		if meddle--; meddle >= 0 {
			if _, err := rival.turn.Do(ann, r.ID, turn{}); err != nil {
				return err
			}
		}
		rows, err := g.In(u)
		if err == nil && rows[0].Turns != u.Record().(*lamp).Turns {
			return odd
		}
		return err
	}
	l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error { return look(u) }
	for name, ask := range map[string]func() error{
		"a command":   func() error { _, err := l.turn.Do(ann, r.ID, turn{}); return err },
		"a question":  func() error { return k.Explain(ann, r.Ref(), "turn", turn{}) },
		"one ignored": func() error { return l.touch.Explain(ann, r.ID, turn{}) },
	} {
		t.Run(name, func(t *testing.T) {
			l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
				if look(u) != nil {
					return itsm.ErrDenied
				}
				return nil
			}
			meddle = 2
			require.NoError(t, ask())
			require.Equal(t, -1, meddle, "it looked three times")
		})
	}
	r, err := l.Get(ann, r.ID)
	require.NoError(t, err)
	meddle = 1
	_, err = l.turn.Do(ann, r.ID, turn{}, itsm.IfVersion(r.Version))
	require.ErrorIs(t, err, itsm.ErrConflict)
}

func TestManyWritersLeaveRowsThatFit(t *testing.T) {
	k, l, g, _ := newGauges(t, itsm.Config{Tries: 10_000})
	r := made(t, l, "desk")
	const writers, each = 8, 20
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				_, err := l.turn.Do(ann, r.ID, turn{})
				assert.NoError(t, err)
			}
		})
	}
	for range 2 {
		all.Go(func() {
			for range each {
				rows, err := g.Of(ann, r.Ref())
				assert.NoError(t, err)
				if assert.Len(t, rows, 2) {
					assert.Equal(t, rows[0].Version, rows[1].Version, "of one instant")
					assert.EqualValues(t, rows[0].Version-1, rows[0].Turns)
				}
			}
		})
	}
	all.Wait()
	require.Equal(t, writers*each, g.rowsOf(t, r.Ref())[0].Turns)
	require.NoError(t, k.Verify(root, r.Ref()))
}

// TestProjectionsFollowFromTheirRecords: after any commands, some of them refused, undone or too late, the rows of every
// record are what a look at the record computes, and queries find them.
func TestProjectionsFollowFromTheirRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := newCounting(memory.New())
		g := &gauges{}
		var l *lamps
		k, err := itsm.New(itsm.Config{Store: store, Authorizer: itsm.DefaultGrants(), Tries: 1000, Random: itsmtest.Random(1), Clock: itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))})
		require.NoError(t, err)
		l, err = registerLamps(k)
		require.NoError(t, err)
		g.Projection = itsm.NewProjection[gauge](k, "gauge")
		var refs []itsm.Ref
		k.Hook(itsm.Hook{Name: "next", Kinds: []string{"lamp"}, Triggers: []lifecycle.Trigger{"turn"}, AfterAct: func(u *itsm.Unit, c itsm.Change) error {
			if err := g.two(u, c.Before, c.After); err != nil || c.By != "" {
				return err
			}
			_, err := u.Try(refs[0], "turn", turn{})
			return err
		}})
		k.Hook(itsm.Hook{Name: "gauges", Kinds: []string{"lamp"}, Project: g.two})
		require.NoError(t, k.Open(context.Background()))
		l.guard = func(u *itsm.Unit, r *lamp) *lifecycle.Reason {
			if r.Turns%3 == 2 && u.Principal().ID == "eve" {
				return &lifecycle.Reason{Code: "hot"}
			}
			return nil
		}
		conflicts := rapid.IntRange(0, 2).Draw(t, "conflicts")
		store.before = func(*itsm.WriteSet) error {
			if rapid.IntRange(0, 3).Draw(t, "conflict") < conflicts {
				return itsm.ErrConflict
			}
			return nil
		}
		hot := as(itsmtest.Agent("eve"))
		for range rapid.IntRange(1, 25).Draw(t, "commands") {
			if len(refs) == 0 || rapid.IntRange(0, 4).Draw(t, "make") == 0 {
				r, err := l.make.Do(ann, turn{Name: fmt.Sprint(len(refs))})
				require.NoError(t, err)
				refs = append(refs, r.Ref())
				continue
			}
			who := rapid.SampledFrom([]context.Context{ann, hot}).Draw(t, "who")
			trigger := rapid.SampledFrom([]lifecycle.Trigger{"turn", "turn", "touch", "break"}).Draw(t, "trigger")
			_, err := k.Do(who, rapid.SampledFrom(refs).Draw(t, "lamp"), trigger, nil)
			require.True(t, err == nil || itsm.CodeOf(err) == "refused", "%v", err)
		}
		for _, ref := range refs {
			r, err := l.Get(ann, ref.ID)
			require.NoError(t, err)
			rows, err := g.Of(ann, ref)
			require.NoError(t, err)
			require.Len(t, rows, 2)
			count, state := countOf(&r), stateOf(&r)
			for i, want := range []*gauge{&count, &state} {
				want.Head = rows[i].Head
				require.Equal(t, *want, rows[i])
			}
			require.Equal(t, r.State, rows[1].State)
			require.Equal(t, r.Version, rows[0].Version)
			require.Equal(t, r.CreatedAt, rows[1].CreatedAt)
			require.Equal(t, r.UpdatedAt, rows[1].UpdatedAt)
			require.NoError(t, k.Verify(root, ref))
			page, err := g.List(ann, itsm.Query{Filter: filter(itsm.All(
				itsm.Where("of").Is(r.Name), itsm.Where("turns").AtMost(field.Int(int64(r.Turns))), itsm.Where("turns").AtLeast(field.Int(int64(r.Turns))),
			))})
			require.NoError(t, err)
			if r.Turns > 0 {
				require.Equal(t, rows[:1], page.Records)
			}
		}
		n, err := g.Count(ann, itsm.Query{})
		require.NoError(t, err)
		require.EqualValues(t, 2*len(refs), n)
	})
}
