package itsm_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func paused(t testing.TB, w *workshop) repair {
	t.Helper()
	r := started(t, w)
	r, err := w.hold.Do(ann, r.ID, pause{Reason: "vendor"})
	require.NoError(t, err)
	return r
}

func TestATimerFiresAtItsInstantByTheSystem(t *testing.T) {
	k, w, clock := newKernel(t, itsm.Config{})
	r := paused(t, w)
	due := clock.Now().Add(48 * time.Hour)
	itsmtest.RequireTimer(t, ann, k, r.Ref(), "nag", due)
	require.NoError(t, clock.AdvanceTo(context.Background(), due.Add(-1)))
	itsmtest.RequireState(t, ann, k, r.Ref(), "waiting")
	require.NoError(t, clock.Advance(context.Background(), time.Hour))
	itsmtest.RequireState(t, ann, k, r.Ref(), "doing")
	itsmtest.RequireEvent(t, ann, k, r.Ref(), "repair.resumed", itsmtest.At(due), itsmtest.By(itsm.SystemID), itsmtest.CausedBy("timer nag"))
	itsmtest.RequireNoTimer(t, ann, k, r.Ref(), "nag")
}

func TestATimerThatWasMovedOrCancelledDoesNotFire(t *testing.T) {
	k, w, clock := newKernel(t, itsm.Config{})
	cancelled, moved := paused(t, w), paused(t, w)
	require.NoError(t, clock.Advance(context.Background(), 24*time.Hour))
	_, err := w.resume.Do(ann, cancelled.ID, nothing{})
	require.NoError(t, err)
	moved, err = w.resume.Do(ann, moved.ID, nothing{})
	require.NoError(t, err)
	moved, err = w.hold.Do(ann, moved.ID, pause{Reason: "caller"})
	require.NoError(t, err)
	timer := itsmtest.RequireTimer(t, ann, k, moved.Ref(), "nag", clock.Now().Add(48*time.Hour))
	require.Equal(t, moved.Version, timer.Generation)
	require.NoError(t, clock.Advance(context.Background(), 25*time.Hour))
	itsmtest.RequireState(t, ann, k, moved.Ref(), "waiting")
	require.NoError(t, clock.Advance(context.Background(), 24*time.Hour))
	itsmtest.RequireState(t, ann, k, moved.Ref(), "doing")
	itsmtest.RequireNoEvent(t, ann, k, cancelled.Ref(), "repair.resumed", itsmtest.By(itsm.SystemID))
}

// TestAStaleClaimFiresIntoNothing moves a timer between its claim and its effect.
func TestAStaleClaimFiresIntoNothing(t *testing.T) {
	inner := memory.New()
	store := newCounting(inner)
	k, w, clock := newKernel(t, itsm.Config{Store: store})
	_, other, _ := newKernel(t, itsm.Config{Store: inner, Clock: clock})
	r := paused(t, w)
	clock.Set(clock.Now().Add(48 * time.Hour))
	store.before = func(set *itsm.WriteSet) error {
		if set.Fired == nil {
			return nil
		}
		store.before = nil
		_, err := other.resume.Do(ann, r.ID, nothing{})
		require.NoError(t, err)
		_, err = other.hold.Do(ann, r.ID, pause{Reason: "caller"})
		require.NoError(t, err)
		return nil
	}
	fired, err := k.FireDue(ann)
	require.NoError(t, err)
	require.Zero(t, fired)
	itsmtest.RequireState(t, ann, k, r.Ref(), "waiting")
	itsmtest.RequireTimer(t, ann, k, r.Ref(), "nag", clock.Now().Add(48*time.Hour))
}

func TestATimerIsFiredAlone(t *testing.T) {
	k, w, clock := newKernel(t, itsm.Config{})
	r, other := paused(t, w), paused(t, w)
	key := r.Header().Key()
	due, err := k.FireTimer(ann, key, "nag", r.Version)
	require.NoError(t, err)
	require.Equal(t, clock.Now().Add(48*time.Hour), due, "too early, it answers when")
	itsmtest.RequireState(t, ann, k, r.Ref(), "waiting")
	clock.Set(due)
	for name, gone := range map[string]func() (time.Time, error){
		"another generation": func() (time.Time, error) { return k.FireTimer(ann, key, "nag", r.Version-1) },
		"another name":       func() (time.Time, error) { return k.FireTimer(ann, key, "nagging", r.Version) },
		"no such record": func() (time.Time, error) {
			return k.FireTimer(ann, itsm.Key{Tenant: key.Tenant, Kind: key.Kind, ID: "REP9999999"}, "nag", r.Version)
		},
	} {
		_, err := gone()
		require.ErrorIs(t, err, itsm.ErrTimerGone, name)
	}
	_, err = k.FireTimer(ann, itsm.Key{}, "nag", r.Version)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	itsmtest.RequireState(t, ann, k, r.Ref(), "waiting")

	due, err = k.FireTimer(context.Background(), key, "nag", r.Version)
	require.NoError(t, err, "nobody needs to act: the system does")
	require.Zero(t, due)
	itsmtest.RequireEvent(t, ann, k, r.Ref(), "repair.resumed", itsmtest.By(itsm.SystemID), itsmtest.CausedBy("timer nag"))
	itsmtest.RequireState(t, ann, k, other.Ref(), "waiting")
	_, err = k.FireTimer(ann, key, "nag", r.Version)
	require.ErrorIs(t, err, itsm.ErrTimerGone, "once")
	_, err = fresh(t).FireTimer(ann, key, "nag", r.Version)
	require.ErrorIs(t, err, itsm.ErrInvalid, "the kernel is not open")
}

func TestATimerFiresOnceHoweverManyNodesThereAre(t *testing.T) {
	store := memory.New()
	k, w, clock := newKernel(t, itsm.Config{Store: store})
	node, _, _ := newKernel(t, itsm.Config{Store: store, Clock: itsmtest.NewClock(clock.Now().Add(48 * time.Hour))})
	var on []repair
	for range 40 {
		on = append(on, paused(t, w))
	}
	clock.Set(clock.Now().Add(48 * time.Hour))
	total := make(chan int, 4)
	for _, n := range []*itsm.Kernel{k, node, k, node} {
		go func() {
			fired, err := n.FireDue(context.Background())
			if err != nil {
				t.Error(err)
			}
			total <- fired
		}()
	}
	require.Equal(t, 40, <-total+<-total+<-total+<-total)
	for _, r := range on {
		is, err := w.Get(ann, r.ID)
		require.NoError(t, err)
		require.Equal(t, r.Version+1, is.Version)
	}
}

func TestARefusedTimerIsGoneAndSaysWhy(t *testing.T) {
	k, l, clock := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
		return u.SetTimer("off", u.Now().Add(time.Hour), "turn", turn{Name: "by itself"})
	}
	_, err := l.touch.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	_, err = k.Do(ann, r.Ref(), "break", nil)
	require.NoError(t, err)
	require.NoError(t, clock.Advance(context.Background(), 2*time.Hour))
	entry := itsmtest.RequireEvent(t, ann, k, r.Ref(), "lamp.refused", itsmtest.CausedBy("timer off"), itsmtest.By(itsm.SystemID))
	require.Contains(t, string(entry.Facts["refused"]), "not_from_here")
	itsmtest.RequireNoTimer(t, ann, k, r.Ref(), "off")
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestATimerBringsItsInput(t *testing.T) {
	_, l, clock := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	var brought []turn
	l.onTurn = func(_ *itsm.Unit, _ *lamp, in turn) error { brought = append(brought, in); return nil }
	l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
		if err := u.SetTimer("on", u.Now().Add(time.Hour), "turn", turn{Name: "by itself"}); err != nil {
			return err
		}
		return u.SetTimer("off", u.Now().Add(2*time.Hour), "turn", nil)
	}
	_, err := l.touch.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	require.NoError(t, clock.Advance(context.Background(), 2*time.Hour))
	require.Equal(t, []turn{{Name: "by itself"}, {}}, brought)
}

func TestATimerThatFailsIsTriedAgain(t *testing.T) {
	k, l, clock := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error {
		return u.SetTimer("on", u.Now().Add(time.Hour), "turn", nil)
	}
	_, err := l.touch.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	l.onTurn = func(*itsm.Unit, *lamp, turn) error { panic("no power") }
	require.NoError(t, clock.Advance(context.Background(), time.Hour))
	itsmtest.RequireState(t, ann, k, r.Ref(), "off")
	l.onTurn = nil
	require.NoError(t, clock.Advance(context.Background(), time.Minute))
	itsmtest.RequireState(t, ann, k, r.Ref(), "on")
}

func TestATimerOfNoTriggerIsRefused(t *testing.T) {
	_, l, _ := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	for name, set := range map[string]func(u *itsm.Unit) error{
		"trigger": func(u *itsm.Unit) error { return u.SetTimer("x", u.Now(), "no_such", nil) },
		"input":   func(u *itsm.Unit) error { return u.SetTimer("x", u.Now(), "turn", pause{}) },
		"instant": func(u *itsm.Unit) error {
			return u.SetTimer("x", time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC), "turn", nil)
		},
	} {
		l.onTouch = func(u *itsm.Unit, _ *lamp, _ turn) error { return set(u) }
		_, err := l.touch.Do(ann, r.ID, turn{})
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
}

func TestAnImportKeepsItsInstantsAndFiresNothing(t *testing.T) {
	k, w, clock := newKernel(t, itsm.Config{})
	past := clock.Now().AddDate(-1, 0, 0)
	r, err := w.report.Do(root, intake{Title: "Pump leaks", Caller: "bob"}, itsm.At(past), itsm.WithNumber("OLD-17"), itsm.Once("ext 17"), itsm.To("pumps", "ann"))
	require.NoError(t, err)
	require.Equal(t, "OLD-17", r.ID)
	require.Equal(t, past, r.CreatedAt)
	_, err = w.start.Do(root, r.ID, nothing{}, itsm.At(past.Add(time.Hour)))
	require.NoError(t, err)
	_, err = w.hold.Do(root, r.ID, pause{Reason: "vendor"}, itsm.At(past.Add(2*time.Hour)))
	require.NoError(t, err)
	itsmtest.RequireEvent(t, ann, k, r.Ref(), "repair.held", itsmtest.At(past.Add(2*time.Hour)), itsmtest.WithFact("suppressed"))
	itsmtest.RequireNoTimer(t, ann, k, r.Ref(), "nag")
	require.NoError(t, clock.Advance(context.Background(), 100*time.Hour))
	itsmtest.RequireState(t, ann, k, r.Ref(), "waiting")

	for name, at := range map[string]time.Time{
		"before the last event": past.Add(time.Hour), "in the future": clock.Now().Add(1), "no instant": {}, "out of range": time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		_, err = w.resume.Do(root, r.ID, nothing{}, itsm.At(at))
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
		_, err = w.report.Do(root, intake{Title: "x"}, itsm.At(at))
		if name != "before the last event" {
			require.ErrorIs(t, err, itsm.ErrInvalid, name)
		}
	}
	is, err := w.resume.Do(root, r.ID, nothing{}, itsm.At(past.Add(2*time.Hour)))
	require.NoError(t, err, "at the same instant is not before")
	_, err = w.hold.Do(root, r.ID, pause{Reason: "vendor"}, itsm.At(clock.Now().Add(-time.Hour)))
	require.NoError(t, err)
	itsmtest.RequireTimer(t, ann, k, r.Ref(), "nag", clock.Now().Add(47*time.Hour))
	then, err := w.AsOf(ann, r.ID, past.Add(3*time.Hour))
	require.NoError(t, err)
	require.Equal(t, is, then)
	_, err = w.AsOf(ann, r.ID, past.Add(-1))
	require.ErrorIs(t, err, itsm.ErrNotFound)
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestAnImportedNumberIsTakenForGood(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	for _, number := range []string{"REP0000001", "REP0000002", "REP0000004"} {
		reported(t, w, root, itsm.WithNumber(number))
	}
	_, err := w.report.Do(root, intake{Title: "x"}, itsm.WithNumber("REP0000002"))
	require.ErrorIs(t, err, itsm.ErrExists)
	first, second := reported(t, w, bob).ID, reported(t, w, bob).ID
	require.Greater(t, first, "REP0000004", "the desk's numbers go on behind what was imported")
	require.Greater(t, second, first)
}

func TestManyImportedNumbersCostTheNextReportLittle(t *testing.T) {
	store := newCounting(memory.New())
	_, w, _ := newKernel(t, itsm.Config{Store: store})
	taken := map[string]bool{}
	for n := range 1000 {
		number := fmt.Sprintf("REP%07d", n+1)
		reported(t, w, root, itsm.WithNumber(number))
		taken[number] = true
	}
	for range 3 {
		store.taken()
		r := reported(t, w, bob)
		require.False(t, taken[r.ID], r.ID)
		taken[r.ID] = true
		require.LessOrEqual(t, store.total(), 40, "calls of the store for %s", r.ID)
	}
}

func TestTimeNeverGoesBackInARecord(t *testing.T) {
	k, w, clock := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	clock.Set(clock.Now().Add(-time.Hour))
	is, err := w.Comment(bob, r.ID, itsm.Comment{Body: "Hello?"})
	require.NoError(t, err)
	require.Equal(t, r.UpdatedAt, is.UpdatedAt, "the later of now and the last event")
	require.NoError(t, k.Verify(root, r.Ref()))
}
