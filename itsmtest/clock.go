package itsmtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// The errors of a [Clock] that cannot be moved.
var (
	// ErrBackwards: Advance and AdvanceTo only go forward; [Clock.Set] goes anywhere.
	ErrBackwards = errors.New("itsmtest: time was asked to go backwards: Set does that")
	// ErrEndless: at one instant there was always something left to do.
	ErrEndless = errors.New("itsmtest: work at this instant never ends: look for a timer that is set again for when it fires")
	// ErrMoving: a worker moved the clock that it is being moved by.
	ErrMoving = errors.New("itsmtest: a worker cannot advance the clock that moves it")
)

// maxRounds is how often workers are asked at one instant. It leaves room for a timer that catches up on a week of
// minutes after a jump.
const maxRounds = 10_080

// Worker does what is due by a clock. An *itsm.Kernel is one.
type Worker interface {
	// Work does once what is due now. It answers how much it did, and when there is next something to do, zero for
	// never.
	Work(ctx context.Context) (done int, next time.Time, err error)
}

// Clock is a fake [itsm.Clock]: time stands still until the test moves it. Make it with [NewClock]. It may be used by
// many goroutines; one moves it at a time, the others wait.
type Clock struct {
	moving chan struct{} // taken by who moves; a channel, so that it can be given up and counts as waiting in a bubble

	mu      sync.Mutex
	now     time.Time
	alarms  []*alarm // by instant, then as they were set; all in the future unless time went back
	workers []Worker
	settle  func()
}

type alarm struct {
	at   time.Time
	wake chan time.Time
}

var _ itsm.Clock = (*Clock)(nil)

// NewClock makes a clock that stands at an instant.
func NewClock(start time.Time) *Clock {
	return &Clock{now: start.UTC().Round(0), moving: make(chan struct{}, 1)}
}

// Now answers the instant at which the clock stands, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Wake implements [itsm.Clock]: the channel gets the clock's instant when it is moved to or past the given one, at once
// where it is there already.
func (c *Clock) Wake(at time.Time) (wake <-chan time.Time, stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := &alarm{at: at, wake: make(chan time.Time, 1)}
	i, _ := slices.BinarySearchFunc(c.alarms, a, func(set, a *alarm) int { return cmp.Or(set.at.Compare(a.at), -1) })
	c.alarms = slices.Insert(c.alarms, i, a)
	c.ring()
	return a.wake, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.alarms = slices.DeleteFunc(c.alarms, func(set *alarm) bool { return set == a })
	}
}

// Attach makes a worker do its work whenever the clock advances. Workers are asked in the order they were attached;
// several kernels on one store play the nodes of a cluster.
func (c *Clock) Attach(w Worker) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.workers = append(c.workers, w)
}

// Settle makes every advance call wait at each stop, so that goroutines that wait on the clock, such as one in
// [itsm.Kernel.Run], are done with an instant before the next one comes. In a bubble of testing/synctest wait is
// synctest.Wait.
func (c *Clock) Settle(wait func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settle = wait
}

// Set puts the clock at an instant, also an earlier one, as when a machine's clock is corrected. It wakes who waited
// for that instant but does no work, so that what was missed is found late by the next advance.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t.UTC().Round(0)
	c.ring()
}

// Advance moves the clock on by d; see [Clock.AdvanceTo].
func (c *Clock) Advance(ctx context.Context, d time.Duration) error {
	return c.advance(ctx, func(now time.Time) time.Time { return now.Add(d) })
}

// AdvanceTo moves the clock to t and lets the workers do everything that falls due until then, in order and each at its
// own instant: first what is due already, then from one next instant to the next, and at t once more. It stops, too,
// wherever somebody is to be woken. It does not wait for a runner in a goroutine of its own: attach the desk instead of
// running it, or give the clock [Clock.Settle].
//
// It answers ErrBackwards where t is before now, ErrEndless where the work at one instant does not end, and the error of
// a worker or of ctx; the clock then stands where that happened. It costs what is due on the way, whatever the span.
func (c *Clock) AdvanceTo(ctx context.Context, t time.Time) error {
	return c.advance(ctx, func(time.Time) time.Time { return t })
}

// movingKey marks the contexts of workers, whose clock is being moved.
type movingKey struct{ c *Clock }

func (c *Clock) advance(ctx context.Context, to func(now time.Time) time.Time) error {
	if ctx.Value(movingKey{c}) != nil {
		return ErrMoving
	}
	select {
	case c.moving <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-c.moving }()
	ctx = context.WithValue(ctx, movingKey{c}, true)

	now := c.Now()
	target := to(now)
	if target.Before(now) {
		return fmt.Errorf("%w (from %s to %s)", ErrBackwards, now.Format(time.RFC3339Nano), target.UTC().Format(time.RFC3339Nano))
	}
	for {
		next, err := c.work(ctx)
		switch {
		case err != nil:
			return err
		case next.IsZero() || next.After(target):
			c.forward(target)
			_, err := c.work(ctx)
			return err
		}
		c.forward(next)
	}
}

// work lets the workers work until nothing is due, and answers the next stop.
func (c *Clock) work(ctx context.Context) (time.Time, error) {
	for range maxRounds {
		if err := ctx.Err(); err != nil {
			return time.Time{}, err
		}
		c.mu.Lock()
		workers, settle := slices.Clone(c.workers), c.settle
		c.mu.Unlock()
		if settle != nil {
			settle()
		}
		done, next := 0, time.Time{}
		for _, w := range workers {
			n, at, err := w.Work(ctx)
			if err != nil {
				return time.Time{}, fmt.Errorf("itsmtest: a worker failed at %s: %w", c.Now().Format(time.RFC3339Nano), err)
			}
			done += n
			next = earliest(next, at)
		}
		now, alarm := c.outlook()
		if done == 0 && (next.IsZero() || next.After(now)) {
			return earliest(next, alarm), nil
		}
	}
	return time.Time{}, fmt.Errorf("%w (%d rounds at %s)", ErrEndless, maxRounds, c.Now().Format(time.RFC3339Nano))
}

// outlook answers now and when somebody is to be woken next.
func (c *Clock) outlook() (now, alarm time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.alarms) > 0 {
		alarm = c.alarms[0].at
	}
	return c.now, alarm
}

// forward never takes back what a Set in between has done.
func (c *Clock) forward(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t.UTC().Round(0)
		c.ring()
	}
}

// ring wakes whose instant has come.
func (c *Clock) ring() {
	for len(c.alarms) > 0 && !c.alarms[0].at.After(c.now) {
		c.alarms[0].wake <- c.now // has room for its one value
		c.alarms = slices.Delete(c.alarms, 0, 1)
	}
}

// earliest is the earlier of two instants, where zero is never.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
