package itsm_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// node opens a kernel that nobody drives but its own Run.
func node(t testing.TB, store itsm.Store, clock itsm.Clock, s itsm.Subscriber) (*itsm.Kernel, *workshop) {
	t.Helper()
	k, err := itsm.New(itsm.Config{Store: store, Clock: clock, Authorizer: itsm.DefaultGrants(), Random: itsmtest.Random(1)})
	require.NoError(t, err)
	w, err := newWorkshop(k)
	require.NoError(t, err)
	if s.Handle != nil {
		k.Subscribe(s)
	}
	require.NoError(t, k.Open(context.Background()))
	return k, w
}

func TestRunWakesAtTheDueTimeAndStopsCleanly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
		clock.Settle(synctest.Wait)
		k, w := node(t, memory.New(), clock, itsm.Subscriber{})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- k.Run(ctx) }()
		r := paused(t, w)
		due := clock.Now().Add(48 * time.Hour)
		require.NoError(t, clock.AdvanceTo(ctx, due.Add(-1)))
		itsmtest.RequireState(t, ann, k, r.Ref(), "waiting")
		require.NoError(t, clock.AdvanceTo(ctx, due))
		synctest.Wait()
		itsmtest.RequireEvent(t, ann, k, r.Ref(), "repair.resumed", itsmtest.At(due))
		cancel()
		require.NoError(t, <-ended, "to be stopped is no error")
	})
}

func TestRunIsWokenByItsOwnCommits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
		box := &outbox{}
		k, w := node(t, memory.New(), clock, itsm.Subscriber{Name: "mail", Handle: box.handle})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- k.Run(ctx) }()
		synctest.Wait()
		require.Empty(t, box.got)
		reported(t, w, bob)
		synctest.Wait()
		require.Len(t, box.got, 1, "at once, though no time passed")
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestRunSeesWhatOtherNodesWroteWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
		clock.Settle(synctest.Wait)
		store, box := memory.New(), &outbox{}
		k, _ := node(t, store, clock, itsm.Subscriber{Name: "mail", Handle: box.handle})
		_, other := node(t, store, clock, itsm.Subscriber{})
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- k.Run(ctx) }()
		synctest.Wait()
		reported(t, other, bob)
		synctest.Wait()
		require.Empty(t, box.got)
		require.NoError(t, clock.Advance(ctx, 10*time.Second))
		synctest.Wait()
		require.Len(t, box.got, 1)
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestRunOnTheMachinesClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, w := node(t, memory.New(), nil, itsm.Subscriber{})
		r := paused(t, w)
		ctx, cancel := context.WithTimeout(context.Background(), 49*time.Hour) // of the bubble's time
		defer cancel()
		require.NoError(t, k.Run(ctx))
		itsmtest.RequireEvent(t, ann, k, r.Ref(), "repair.resumed", itsmtest.At(r.UpdatedAt.Add(48*time.Hour)))
	})
}

func TestRunGoesOnWhenTheStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newCounting(memory.New())
		k, w := node(t, store, nil, itsm.Subscriber{})
		r := paused(t, w)
		failures := 0
		store.before = func(set *itsm.WriteSet) error {
			if set.Fired == nil || failures == 3 {
				return nil
			}
			failures++
			return context.DeadlineExceeded
		}
		ctx, cancel := context.WithTimeout(context.Background(), 49*time.Hour)
		defer cancel()
		require.NoError(t, k.Run(ctx))
		require.Equal(t, 3, failures)
		itsmtest.RequireState(t, ann, k, r.Ref(), "doing")
	})
}

func TestRunNeedsAnOpenKernel(t *testing.T) {
	k := fresh(t)
	require.ErrorIs(t, k.Run(context.Background()), itsm.ErrInvalid)
}
