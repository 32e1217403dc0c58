package itsm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// lamp is the smallest record: a head and a count. What its triggers do is up to the test.
type lamp struct {
	itsm.Head
	Name  string `json:"name"`
	Turns int    `json:"turns"`
}

type turn struct {
	Name string `json:"name,omitempty"`
}

// lamps is a practice whose handler of "turn" and whose guard on it are the test's.
type lamps struct {
	*itsm.Practice[lamp]
	make  itsm.Creation[lamp, turn]
	turn  itsm.Command[lamp, turn]
	touch itsm.Command[lamp, turn]

	onTurn, onTouch func(u *itsm.Unit, r *lamp, in turn) error
	guard           func(u *itsm.Unit, r *lamp) *lifecycle.Reason
	choose          func(u *itsm.Unit, r *lamp) lifecycle.State
}

func lampTable() lifecycle.Definition {
	return lifecycle.Definition{
		Name: "lamp", Version: 1, Initial: "off",
		States: []lifecycle.StateRow{
			{Name: "off", Title: "Off", Phase: lifecycle.New}, {Name: "on", Title: "On", Phase: lifecycle.Active},
			{Name: "broken", Title: "Broken", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: "turn", Title: "Turn", Past: "turned"}, {Name: "touch", Title: "Touch", Past: "touched"}, {Name: "break", Title: "Break", Past: "broken"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"off", "on"}, Trigger: "turn", Choose: "other", Among: []lifecycle.State{"off", "on"}, Guards: []string{"whole"}},
			{From: []lifecycle.State{"off", "on"}, Trigger: "touch"},
			{From: []lifecycle.State{"off", "on"}, Trigger: "break", To: "broken"},
		},
	}
}

func registerLamps(k *itsm.Kernel) (*lamps, error) {
	p, err := itsm.NewPractice[lamp](k, itsm.Spec{Kind: "lamp", Series: "L", Lifecycle: lampTable(), Editable: []string{"name"}})
	if err != nil {
		return nil, err
	}
	l := &lamps{Practice: p}
	l.make = itsm.Create(p, "make", "made", func(_ *itsm.Unit, r *lamp, in turn) error {
		r.Name = in.Name
		return nil
	})
	l.turn = itsm.Handle(p, "turn", func(u *itsm.Unit, r *lamp, in turn) error {
		if l.onTurn != nil {
			if err := l.onTurn(u, r, in); err != nil {
				return err
			}
		}
		r.Turns++
		return nil
	})
	l.touch = itsm.Handle(p, "touch", func(u *itsm.Unit, r *lamp, in turn) error {
		if l.onTouch != nil {
			return l.onTouch(u, r, in)
		}
		r.Name += "."
		return nil
	})
	itsm.Handle(p, "break", func(*itsm.Unit, *lamp, turn) error { return nil })
	p.Guard("whole", func(u *itsm.Unit, r *lamp) *lifecycle.Reason {
		if l.guard != nil {
			return l.guard(u, r)
		}
		return nil
	})
	p.Choice("other", func(u *itsm.Unit, r *lamp) lifecycle.State {
		if l.choose != nil {
			return l.choose(u, r)
		}
		if r.State == "off" {
			return "on"
		}
		return "off"
	})
	return l, nil
}

func newLamps(t testing.TB, config itsm.Config, hooks ...itsm.Hook) (*itsm.Kernel, *lamps, *itsmtest.Clock) {
	t.Helper()
	var l *lamps
	if config.Store == nil {
		config.Store = memory.New()
	}
	k, clock := itsmtest.Kernel(t, config, func(k *itsm.Kernel) (err error) {
		l, err = registerLamps(k)
		for _, h := range hooks {
			k.Hook(h)
		}
		return err
	})
	return k, l, clock
}

func made(t testing.TB, l *lamps, name string) lamp {
	t.Helper()
	r, err := l.make.Do(ann, turn{Name: name})
	require.NoError(t, err)
	return r
}

func TestPanicsDoNotCrossTheAPI(t *testing.T) {
	boom := func() { panic("boom") }
	hook := ""
	store := newWitness(memory.New())
	k, l, _ := newLamps(t, itsm.Config{Store: store}, itsm.Hook{
		Name: "fragile",
		AfterAct: func(*itsm.Unit, itsm.Change) error {
			if hook == "act" {
				boom()
			}
			return nil
		},
		BeforeCommit: func(*itsm.Unit, itsm.Change) error {
			if hook == "commit" {
				boom()
			}
			return nil
		},
	})
	r := made(t, l, "desk")
	for name, c := range map[string]struct {
		set  func()
		want error
	}{
		"handler":            {func() { l.onTurn = func(*itsm.Unit, *lamp, turn) error { boom(); return nil } }, itsm.ErrPanic},
		"handler with error": {func() { l.onTurn = func(*itsm.Unit, *lamp, turn) error { panic(errors.New("boom")) } }, itsm.ErrPanic},
		"guard":              {func() { l.guard = func(*itsm.Unit, *lamp) *lifecycle.Reason { boom(); return nil } }, itsm.ErrRefused},
		"choice":             {func() { l.choose = func(*itsm.Unit, *lamp) lifecycle.State { boom(); return "" } }, itsm.ErrRefused},
		"hook after act":     {func() { hook = "act" }, itsm.ErrPanic},
		"hook before commit": {func() { hook = "commit" }, itsm.ErrPanic},
	} {
		t.Run(name, func(t *testing.T) {
			applied := store.applied
			c.set()
			_, err := l.turn.Do(ann, r.ID, turn{})
			explained := l.turn.Explain(ann, r.ID, turn{})
			_, permitted := k.Permitted(ann, r.Ref())
			_, offers := k.Offers(ann, r.Ref())
			hook, l.onTurn, l.guard, l.choose = "", nil, nil, nil
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, "boom", "the words of the panic are for who mends it")
			require.Equal(t, text(err), text(explained))
			require.NoError(t, permitted)
			require.NoError(t, offers)
			require.Equal(t, applied, store.applied, "something was written")
			_, err = l.turn.Do(ann, r.ID, turn{})
			require.NoError(t, err, "the kernel goes on")
		})
	}
}

func TestAGuardMayLookAtTheUnitWhereverItIsAsked(t *testing.T) {
	k, l, clock := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	l.guard = func(u *itsm.Unit, r *lamp) *lifecycle.Reason {
		if u.Ref() != r.Ref() || u.Actor().ID != "ann" || !u.Now().Equal(clock.Now()) || u.Record().Header().ID != r.ID {
			return &lifecycle.Reason{Code: "wrong"}
		}
		return nil
	}
	permitted, err := k.Permitted(ann, r.Ref())
	require.NoError(t, err)
	require.Equal(t, []lifecycle.Trigger{"turn", "touch", "break"}, permitted)
	_, err = l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
}

func TestHooksAreStoppedAtADepth(t *testing.T) {
	store := newWitness(memory.New())
	forever := false
	_, l, _ := newLamps(t, itsm.Config{Store: store}, itsm.Hook{Name: "echo", Triggers: []lifecycle.Trigger{"touch"}, AfterAct: func(u *itsm.Unit, c itsm.Change) error {
		if forever || len(c.Acts) < 8 {
			return u.Do(u.Ref(), "touch", nil)
		}
		return nil
	}})
	r := made(t, l, "desk")
	r, err := l.touch.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, "desk........", r.Name, "eight acts, each by the hook of the one before")
	applied := store.applied
	forever = true
	_, err = l.touch.Do(ann, r.ID, turn{})
	require.ErrorIs(t, err, itsm.ErrDepth)
	require.Equal(t, applied, store.applied)
}

func TestBeforeCommitActsOnNoRecord(t *testing.T) {
	_, l, _ := newLamps(t, itsm.Config{}, itsm.Hook{Name: "late", BeforeCommit: func(u *itsm.Unit, c itsm.Change) error {
		if c.Trigger != "turn" {
			return nil
		}
		return u.Do(u.Ref(), "touch", nil)
	}})
	_, err := l.turn.Do(ann, made(t, l, "desk").ID, turn{})
	require.ErrorIs(t, err, itsm.ErrDepth)
}

func TestAHookSeesWhatHappenedAndActsForWhoCausedIt(t *testing.T) {
	var seen []itsm.Change
	var units []itsm.Actor
	k, l, _ := newLamps(t, itsm.Config{}, itsm.Hook{Name: "echo", Kinds: []string{"lamp"}, Triggers: []lifecycle.Trigger{"turn"}, AfterAct: func(u *itsm.Unit, c itsm.Change) error {
		seen, units = append(seen, c), append(units, u.Actor())
		c.After.(*lamp).Name, c.Before.(*lamp).Name = "scribbled", "scribbled" // copies: nothing comes of it
		return u.Do(itsm.Ref{Kind: "lamp", ID: "L0000002"}, "touch", nil)
	}})
	desk, hall := made(t, l, "desk"), made(t, l, "hall")
	_, err := l.turn.Do(ann, desk.ID, turn{Name: "now"})
	require.NoError(t, err)
	require.Len(t, seen, 1)
	require.Equal(t, lifecycle.Trigger("turn"), seen[0].Trigger)
	require.Equal(t, "lamp.turned", seen[0].Event)
	require.Equal(t, "ann", seen[0].Actor.ID)
	require.Equal(t, &turn{Name: "now"}, seen[0].Input)
	require.Equal(t, lifecycle.State("off"), seen[0].Before.Header().State)
	require.Equal(t, lifecycle.State("on"), seen[0].After.Header().State)
	require.Equal(t, itsm.Actor{ID: itsm.SystemID, Tenant: "acme", Kind: itsm.System, OnBehalfOf: "ann"}, units[0])
	is, err := l.Get(ann, desk.ID)
	require.NoError(t, err)
	require.Equal(t, "desk", is.Name)
	itsmtest.RequireEvent(t, ann, k, hall.Ref(), "lamp.touched", itsmtest.By(itsm.SystemID), itsmtest.OnBehalfOf("ann"), itsmtest.CausedBy("lamp/L0000001@2"))
}

func TestAnErrorOfAHookRollsEverythingBack(t *testing.T) {
	store := newWitness(memory.New())
	no := errors.New("not today")
	_, l, _ := newLamps(t, itsm.Config{Store: store}, itsm.Hook{Name: "veto", AfterAct: func(u *itsm.Unit, c itsm.Change) error {
		if c.Trigger != "turn" {
			return nil
		}
		if err := u.Do(u.Ref(), "touch", nil); err != nil {
			return err
		}
		return no
	}})
	r := made(t, l, "desk")
	applied := store.applied
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.ErrorIs(t, err, no)
	require.ErrorContains(t, err, "veto")
	require.Equal(t, applied, store.applied)
}

func TestTryUndoesWhatWasDoneAndLeavesTheRefusal(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{})
	desk, hall, attic := made(t, l, "desk"), made(t, l, "hall"), made(t, l, "attic")
	_, err := k.Do(ann, attic.Ref(), "break", nil)
	require.NoError(t, err)
	var refusal *lifecycle.Refusal
	// Turning the desk lamp tries the hall's, which touches the desk's and a new one before the attic's refuses.
	l.onTurn = func(u *itsm.Unit, r *lamp, _ turn) (err error) {
		if u.Ref() != desk.Ref() {
			r.Name = "half done"
			if err := u.Do(desk.Ref(), "touch", nil); err != nil {
				return err
			}
			if _, err := u.Create("lamp", "make", turn{Name: "spare"}); err != nil {
				return err
			}
			if err := u.SetTimer("off", u.Now().Add(time.Hour), "turn", nil); err != nil {
				return err
			}
			return u.Do(attic.Ref(), "touch", nil)
		}
		r.Name = "before the try"
		if refusal, err = u.Try(hall.Ref(), "turn", nil); err != nil {
			return err
		}
		r.Name += ", and after"
		return nil
	}
	is, err := l.turn.Do(ann, desk.ID, turn{})
	require.NoError(t, err)
	require.NotNil(t, refusal)
	require.Equal(t, lifecycle.State("broken"), refusal.State)
	require.Equal(t, "before the try, and after", is.Name, "the cause goes on where it was")
	require.Equal(t, lifecycle.State("on"), is.State)
	require.Equal(t, 1, is.Turns)

	after, err := l.Get(ann, hall.ID)
	require.NoError(t, err)
	require.Equal(t, int64(2), after.Version)
	require.Equal(t, "hall", after.Name)
	require.Zero(t, after.Turns)
	entry := itsmtest.RequireEvent(t, ann, k, hall.Ref(), "lamp.refused", itsmtest.WithFact("refused"), itsmtest.CausedBy("lamp/L0000001@2"))
	require.Contains(t, string(entry.Facts["refused"]), "not_from_here")
	require.Empty(t, entry.Changes)
	itsmtest.RequireNoTimer(t, ann, k, hall.Ref(), "off")
	n, err := l.Count(ann, itsm.Query{})
	require.NoError(t, err)
	require.Equal(t, int64(3), n, "the spare lamp was not made")
	for _, r := range []lamp{desk, hall, attic} {
		require.NoError(t, k.Verify(root, r.Ref()))
	}
}

func TestARefusedPropagationDoesNotFailTheCause(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	whole, ready, unready := started(t, w), started(t, w), reported(t, w, bob)
	for _, part := range []repair{ready, unready} {
		_, err := w.Link(ann, whole.ID, itsm.ParentOf, part.Ref())
		require.NoError(t, err)
	}
	_, err := w.finish.Do(ann, whole.ID, finish{Notes: "All new."})
	require.NoError(t, err)
	itsmtest.RequireState(t, ann, k, whole.Ref(), "done")
	itsmtest.RequireState(t, ann, k, ready.Ref(), "done")
	itsmtest.RequireState(t, ann, k, unready.Ref(), "new")
	itsmtest.RequireEvent(t, ann, k, unready.Ref(), "repair.refused", itsmtest.OnBehalfOf("ann"))
}

func TestAClosureThatRunsTwiceDoesItsWorkOnce(t *testing.T) {
	store := newCounting(memory.New())
	k, l, clock := newLamps(t, itsm.Config{Store: store})
	r := made(t, l, "desk")
	runs := 0
	var instants []time.Time
	l.onTurn = func(u *itsm.Unit, r *lamp, _ turn) error {
		runs++
		instants = append(instants, u.Now())
		clock.Set(clock.Now().Add(time.Second))
		ref, err := u.Create("lamp", "make", turn{Name: "spare"})
		if err != nil {
			return err
		}
		if err := u.Fact("made", ref.ID); err != nil {
			return err
		}
		return u.AddRow("spare", ref.ID, nil, "ann", "made")
	}
	conflicts := 2
	store.before = func(set *itsm.WriteSet) error {
		if conflicts == 0 || len(set.Records) == 0 {
			return nil
		}
		conflicts--
		return itsm.ErrConflict
	}
	numbers := store.taken()["number"]
	r, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, 3, runs)
	require.Equal(t, []time.Time{instants[0], instants[0], instants[0]}, instants, "the instant is the command's, not the try's")
	require.Equal(t, 1, store.taken()["number"], "numbers are taken once: before there were %d", numbers)
	require.Equal(t, 1, r.Turns)
	require.Equal(t, int64(2), r.Version)
	n, err := l.Count(ann, itsm.Query{})
	require.NoError(t, err)
	require.Equal(t, int64(2), n)
	entry := itsmtest.RequireEvent(t, ann, k, r.Ref(), "lamp.turned")
	require.JSONEq(t, `["L0000002"]`, string(entry.Facts["made"]))
	require.Len(t, entry.Rows, 1)
}

func TestACommandThatNeverWinsIsAConflict(t *testing.T) {
	store := newCounting(memory.New())
	_, l, _ := newLamps(t, itsm.Config{Store: store, Tries: 3})
	r := made(t, l, "desk")
	tries := 0
	store.before = func(*itsm.WriteSet) error { tries++; return itsm.ErrConflict }
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.ErrorIs(t, err, itsm.ErrConflict)
	require.Equal(t, 3, tries)
	_, err = l.turn.Do(ann, r.ID, turn{}, itsm.IfVersion(1))
	require.ErrorIs(t, err, itsm.ErrConflict)
	require.Equal(t, 6, tries, "the lamp still has the version: it is tried as often as without")

	ctx, cancel := context.WithCancel(ann)
	store.before = func(*itsm.WriteSet) error { cancel(); return itsm.ErrConflict }
	_, err = l.turn.Do(ctx, r.ID, turn{})
	require.ErrorIs(t, err, context.Canceled)
}
