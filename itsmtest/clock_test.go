package itsmtest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// jobs is a worker with things to do at instants. It notes when it was asked and when it did them.
type jobs struct {
	clock *itsmtest.Clock
	due   []time.Time
	done  []time.Time
	asked []time.Time
	do    func(ctx context.Context, at time.Time) error
}

func (j *jobs) Work(ctx context.Context) (done int, next time.Time, err error) {
	now := j.clock.Now()
	j.asked = append(j.asked, now)
	slices.SortFunc(j.due, time.Time.Compare)
	for len(j.due) > done && !j.due[done].After(now) {
		done++
	}
	ripe := j.due[:done]
	j.due = slices.Clone(j.due[done:])
	for _, at := range ripe {
		j.done = append(j.done, now)
		if j.do != nil {
			if err := j.do(ctx, at); err != nil {
				return done, next, err
			}
		}
	}
	if len(j.due) > 0 {
		next = slices.MinFunc(j.due, time.Time.Compare)
	}
	return done, next, nil
}

func TestClockStandsStillUntilItIsMoved(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	clock := itsmtest.NewClock(start.In(berlin))
	require.Equal(t, start, clock.Now())

	require.NoError(t, clock.Advance(t.Context(), 90*time.Minute))
	require.Equal(t, start.Add(90*time.Minute), clock.Now())
	require.NoError(t, clock.AdvanceTo(t.Context(), start.Add(2*time.Hour).In(berlin)))
	require.Equal(t, start.Add(2*time.Hour), clock.Now())

	require.ErrorIs(t, clock.AdvanceTo(t.Context(), start), itsmtest.ErrBackwards)
	require.ErrorIs(t, clock.Advance(t.Context(), -1), itsmtest.ErrBackwards)
	require.Equal(t, start.Add(2*time.Hour), clock.Now(), "a refused move moves nothing")

	clock.Set(start.Add(-time.Hour))
	require.Equal(t, start.Add(-time.Hour), clock.Now())
}

func TestClockWakesThoseWhoseInstantHasCome(t *testing.T) {
	clock := itsmtest.NewClock(start)
	rang := func(wake <-chan time.Time) bool {
		select {
		case at := <-wake:
			assert.Equal(t, clock.Now(), at)
			return true
		default:
			return false
		}
	}
	past, _ := clock.Wake(start.Add(-time.Hour))
	now, _ := clock.Wake(start)
	soon, _ := clock.Wake(start.Add(time.Minute))
	alike, _ := clock.Wake(start.Add(time.Minute))
	stopped, stop := clock.Wake(start.Add(time.Minute))
	late, _ := clock.Wake(start.Add(time.Hour))
	require.True(t, rang(past), "an instant that has passed")
	require.True(t, rang(now), "this instant")
	require.False(t, rang(soon), "an instant to come")

	stop()
	clock.Set(start.Add(time.Minute))
	require.True(t, rang(soon))
	require.True(t, rang(alike))
	require.False(t, rang(stopped), "a wait that was given up")
	require.False(t, rang(late))
	stop()

	clock.Set(start)
	require.False(t, rang(late), "time that went back wakes nobody")
	require.NoError(t, clock.Advance(t.Context(), time.Hour))
	require.Len(t, late, 1)
}

func TestAdvanceWorksAtEachInstant(t *testing.T) {
	clock := itsmtest.NewClock(start)
	work := &jobs{clock: clock, due: []time.Time{
		start.Add(-time.Hour), start, start.Add(2 * time.Hour), start.Add(time.Hour), start.Add(time.Hour), start.Add(3 * time.Hour), start.Add(5 * time.Hour),
	}}
	// What is done at an instant may be followed by more at the same one, or later on the way.
	followed := false
	work.do = func(_ context.Context, at time.Time) error {
		if !followed && at.Equal(start.Add(2*time.Hour)) {
			followed = true
			work.due = append(work.due, at, at.Add(30*time.Minute))
		}
		return nil
	}
	clock.Attach(work)
	require.NoError(t, clock.Advance(t.Context(), 3*time.Hour))
	require.Equal(t, []time.Time{
		start, start, start.Add(time.Hour), start.Add(time.Hour), start.Add(2 * time.Hour), start.Add(2 * time.Hour),
		start.Add(150 * time.Minute), start.Add(3 * time.Hour),
	}, work.done)
	require.Equal(t, []time.Time{start.Add(5 * time.Hour)}, work.due)

	work.asked = nil
	require.NoError(t, clock.Advance(t.Context(), time.Hour))
	require.Contains(t, work.asked, start.Add(4*time.Hour), "workers are asked at the target once more")
}

// However a span is cut into moves, everything is done once, in order and at its own instant.
func TestAdvanceInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := itsmtest.NewClock(start)
		nodes := []*jobs{{clock: clock}, {clock: clock}}
		var want [2][]time.Time
		for _, minute := range rapid.SliceOf(rapid.IntRange(0, 1000)).Draw(t, "due") {
			at := start.Add(time.Duration(minute) * time.Minute)
			nodes[minute%2].due = append(nodes[minute%2].due, at)
			want[minute%2] = append(want[minute%2], at)
		}
		for i, node := range nodes {
			slices.SortFunc(want[i], time.Time.Compare)
			clock.Attach(node)
		}
		for clock.Now().Before(start.Add(1000 * time.Minute)) {
			step := rapid.IntRange(1, 500).Draw(t, "step")
			require.NoError(t, clock.Advance(context.Background(), time.Duration(step)*time.Minute))
		}
		for i, node := range nodes {
			require.Equal(t, want[i], node.done)
		}
	})
}

func TestAdvanceEnds(t *testing.T) {
	t.Run("with a worker that always has something to do", func(t *testing.T) {
		clock := itsmtest.NewClock(start)
		work := &jobs{clock: clock, due: []time.Time{start.Add(time.Hour)}}
		work.do = func(_ context.Context, at time.Time) error {
			work.due = append(work.due, at)
			return nil
		}
		clock.Attach(work)
		err := clock.Advance(t.Context(), 2*time.Hour)
		require.ErrorIs(t, err, itsmtest.ErrEndless)
		require.ErrorContains(t, err, "2026-03-02T10:00:00Z")
		require.Equal(t, start.Add(time.Hour), clock.Now(), "the clock stands where the work does not end")
	})
	t.Run("with a worker that does not do what is due", func(t *testing.T) {
		clock := itsmtest.NewClock(start)
		clock.Attach(worker(func(context.Context) (int, time.Time, error) { return 0, start, nil }))
		require.ErrorIs(t, clock.Advance(t.Context(), time.Hour), itsmtest.ErrEndless)
	})
	t.Run("with a worker's error", func(t *testing.T) {
		clock := itsmtest.NewClock(start)
		broken := errors.New("broken")
		clock.Attach(&jobs{clock: clock, due: []time.Time{start.Add(time.Hour)}, do: func(context.Context, time.Time) error { return broken }})
		err := clock.Advance(t.Context(), 2*time.Hour)
		require.ErrorIs(t, err, broken)
		require.ErrorContains(t, err, "2026-03-02T10:00:00Z")
		require.NoError(t, clock.Advance(t.Context(), time.Hour), "and can go on")
	})
	t.Run("with the context", func(t *testing.T) {
		clock := itsmtest.NewClock(start)
		ctx, cancel := context.WithCancel(t.Context())
		clock.Attach(&jobs{clock: clock, due: []time.Time{start.Add(time.Hour)}, do: func(context.Context, time.Time) error {
			cancel()
			return nil
		}})
		require.ErrorIs(t, clock.Advance(ctx, 2*time.Hour), context.Canceled)
		require.Equal(t, start.Add(time.Hour), clock.Now())
	})
	t.Run("with a worker that moves the clock", func(t *testing.T) {
		clock := itsmtest.NewClock(start)
		clock.Attach(worker(func(ctx context.Context) (int, time.Time, error) {
			return 0, time.Time{}, clock.Advance(ctx, time.Hour)
		}))
		require.ErrorIs(t, clock.Advance(t.Context(), time.Hour), itsmtest.ErrMoving)
	})
}

// Who waits for another's move can give up.
func TestAdvanceWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := itsmtest.NewClock(start)
		release := make(chan struct{})
		clock.Attach(worker(func(context.Context) (int, time.Time, error) {
			<-release
			return 0, time.Time{}, nil
		}))
		ended := make(chan error, 2)
		go func() { ended <- clock.Advance(t.Context(), time.Hour) }()
		synctest.Wait()
		impatient, giveUp := context.WithCancel(t.Context())
		go func() { ended <- clock.Advance(impatient, time.Hour) }()
		synctest.Wait()
		giveUp()
		require.ErrorIs(t, <-ended, context.Canceled)
		close(release)
		require.NoError(t, <-ended)
		require.Equal(t, start.Add(time.Hour), clock.Now())
	})
}

// A worker may set the clock, as when the machine's is corrected under way.
func TestSetWhileAdvancing(t *testing.T) {
	clock := itsmtest.NewClock(start)
	work := &jobs{clock: clock, due: []time.Time{start.Add(time.Hour), start.Add(3 * time.Hour)}}
	work.do = func(_ context.Context, at time.Time) error {
		if at.Equal(start.Add(time.Hour)) {
			clock.Set(start.Add(4 * time.Hour))
		}
		return nil
	}
	clock.Attach(work)
	require.NoError(t, clock.Advance(t.Context(), 2*time.Hour))
	require.Equal(t, start.Add(4*time.Hour), clock.Now(), "the target does not take back what was set")
	require.Equal(t, []time.Time{start.Add(time.Hour), start.Add(4 * time.Hour)}, work.done)
}

func TestClockForManyGoroutines(t *testing.T) {
	clock := itsmtest.NewClock(start)
	work := &jobs{clock: clock}
	for minute := range 100 {
		work.due = append(work.due, start.Add(time.Duration(minute)*time.Minute))
	}
	clock.Attach(work)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				wake, stop := clock.Wake(clock.Now().Add(time.Minute))
				assert.NoError(t, clock.Advance(t.Context(), time.Minute))
				<-wake
				stop()
			}
		})
	}
	all.Wait()
	require.Equal(t, start.Add(80*time.Minute), clock.Now(), "moves add up")
	require.Len(t, work.done, 81)
}

type worker func(context.Context) (int, time.Time, error)

func (w worker) Work(ctx context.Context) (int, time.Time, error) { return w(ctx) }

// A kernel that runs on the fake clock fires each timer at its instant, and ends when its context does.
func TestRunOnTheFakeClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := itsmtest.NewClock(start)
		clock.Settle(synctest.Wait)
		k, f := openFaults(t, itsm.Config{Store: memory.New(), Clock: clock, Authorizer: itsm.DefaultGrants()})
		ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))

		running, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(running) }()
		synctest.Wait()

		flt, err := f.report.Do(ann, report{Title: "No network"})
		require.NoError(t, err)
		require.NoError(t, clock.Advance(ann, 23*time.Hour))
		itsmtest.RequireNoEvent(t, ann, k, flt.Ref(), "fault.reminded")

		require.NoError(t, clock.Advance(ann, 50*time.Hour))
		for day := range 3 {
			itsmtest.RequireEvent(t, ann, k, flt.Ref(), "fault.reminded", itsmtest.At(start.AddDate(0, 0, day+1)))
		}
		stop()
		synctest.Wait()
		require.NoError(t, <-ended)
		require.NoError(t, clock.Advance(ann, 24*time.Hour))
		itsmtest.RequireNoEvent(t, ann, k, flt.Ref(), "fault.reminded", itsmtest.At(start.AddDate(0, 0, 4)))
	})
}

// In a bubble the machine's clock is a fake one, too: Run wakes at the next due time, and at a commit by its kernel.
func TestRunOnTheMachineClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, f := openFaults(t, itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
		ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
		begin := k.Clock().Now()

		running, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(running) }()
		synctest.Wait()

		flt, err := f.report.Do(ann, report{Title: "No network"})
		require.NoError(t, err)
		// Run waits ten seconds at most: only the timer itself brings it here at a second that ten do not divide.
		pass(k, begin.Add(time.Second))
		_, err = f.resolve.Do(ann, flt.ID, resolve{Cause: "cable"}, itsm.To("", "ann"))
		require.NoError(t, err)
		due := begin.Add(time.Second + 72*time.Hour)
		itsmtest.RequireTimer(t, ann, k, flt.Ref(), "auto_close", due)

		pass(k, due.Add(-1))
		itsmtest.RequireState(t, ann, k, flt.Ref(), "resolved")
		pass(k, due)
		itsmtest.RequireEvent(t, ann, k, flt.Ref(), "fault.closed", itsmtest.At(due))
		stop()
		synctest.Wait()
		require.NoError(t, <-ended)
	})
}

// pass lets a bubble's time pass until an instant, and everything that is to be done then.
func pass(k *itsm.Kernel, until time.Time) {
	wake, _ := k.Clock().Wake(until)
	<-wake
	synctest.Wait()
}

// openFaults opens a kernel that no clock moves.
func openFaults(t *testing.T, config itsm.Config) (*itsm.Kernel, *faults) {
	t.Helper()
	var f faults
	k, err := itsm.New(config)
	require.NoError(t, err)
	require.NoError(t, f.register(k))
	require.NoError(t, k.Open(t.Context()))
	return k, &f
}
