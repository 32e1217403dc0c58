// Package faulty makes a store fail: before it did something, after it, in a commit whose outcome nobody learns, by
// conflicts, by contexts that end. It is for tests of what is built on a store, and [Check] holds a store and the kernel
// to what they promise then.
//
//	store, control := faulty.New(memory.New(), faulty.Plan{Seed: 1, Unavailable: 50, Unanswered: 50})
//	…
//	control.Pause(true) // all goes well again
//
// The same plan fails the same calls in the same order. Nothing here reads the machine's clock or sleeps.
package faulty

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/itsmkit/itsmkit/itsm"
)

// Fault is what goes wrong in a call.
type Fault uint8

// The faults.
const (
	None        Fault = iota
	Unavailable       // nothing was done, and the answer is itsm.ErrUnavailable
	Conflict          // a set was not applied, and the answer is itsm.ErrConflict
	Cancelled         // the call gets a context that has ended
	Lost              // nothing was done, and the answer is itsm.ErrUnknownOutcome
	Unanswered        // all was done, and the answer is itsm.ErrUnknownOutcome
	Left              // all was done, and the answer is context.Canceled
)

// Call is a call of a store's method.
type Call struct {
	// Method is its name, such as "Apply"; of a snapshot's methods "Snapshot.Get".
	Method string
	// Writes tells those that change something. Others only ever get Unavailable and Cancelled.
	Writes bool
	// Sets tells Apply and ApplyAll, which alone get Conflict: in a batch each set has odds of its own.
	Sets bool
}

// Plan says which calls fail. The odds are of a thousand calls each.
type Plan struct {
	Seed                                                     uint64
	Unavailable, Conflict, Cancelled, Lost, Unanswered, Left int
	// Decide chooses instead of the odds where it is set.
	Decide func(Call) Fault
	// Delay is called before each call: to move a fake clock, to let others run. It may be nil.
	Delay func(Call)
}

// Control stops and starts the faults of a store, and counts them. It may be used by many goroutines.
type Control struct {
	plan Plan

	mu     sync.Mutex
	draw   *rand.Rand
	paused bool
	counts map[Fault]int
}

// Pause stops the faults, or lets them go on.
func (c *Control) Pause(paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paused = paused
}

// Count answers how often a fault happened.
func (c *Control) Count(f Fault) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[f]
}

// New wraps a store. What it answers is an [itsm.Getter], [itsm.Batcher] and [itsm.Notifier] where the store is one, and
// its snapshots are an [itsm.ColumnCounter] where the store's are.
func New(s itsm.Store, plan Plan) (itsm.Store, *Control) {
	c := &Control{plan: plan, draw: rand.New(rand.NewPCG(plan.Seed, 0)), counts: map[Fault]int{}}
	bare := &store{s, c}
	g, isGetter := s.(itsm.Getter)
	b, isBatcher := s.(itsm.Batcher)
	n, isNotifier := s.(itsm.Notifier)
	get, all := getter{g, c}, batcher{b, c}
	switch {
	case isGetter && isBatcher && isNotifier:
		return struct {
			*store
			getter
			batcher
			itsm.Notifier
		}{bare, get, all, n}, c
	case isGetter && isBatcher:
		return struct {
			*store
			getter
			batcher
		}{bare, get, all}, c
	case isGetter && isNotifier:
		return struct {
			*store
			getter
			itsm.Notifier
		}{bare, get, n}, c
	case isBatcher && isNotifier:
		return struct {
			*store
			batcher
			itsm.Notifier
		}{bare, all, n}, c
	case isGetter:
		return struct {
			*store
			getter
		}{bare, get}, c
	case isBatcher:
		return struct {
			*store
			batcher
		}{bare, all}, c
	case isNotifier:
		return struct {
			*store
			itsm.Notifier
		}{bare, n}, c
	}
	return bare, c
}

// next draws what goes wrong in a call.
func (c *Control) next(call Call) Fault {
	c.mu.Lock()
	paused := c.paused
	c.mu.Unlock()
	if c.plan.Delay != nil && !paused {
		c.plan.Delay(call)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.paused {
		return None
	}
	f := None
	if c.plan.Decide != nil {
		f = c.plan.Decide(call)
	} else {
		f = c.drawn()
	}
	if !call.Writes && f >= Lost || !call.Sets && f == Conflict {
		f = None
	}
	c.counts[f]++
	return f
}

func (c *Control) drawn() Fault {
	n := c.draw.IntN(1000)
	for f, odds := range []int{c.plan.Unavailable, c.plan.Conflict, c.plan.Cancelled, c.plan.Lost, c.plan.Unanswered, c.plan.Left} {
		if n -= odds; n < 0 {
			return Fault(f + 1)
		}
	}
	return None
}

// around does a call, or what the plan makes of it.
func (c *Control) around(ctx context.Context, call Call, do func(context.Context) error) error {
	f := c.next(call)
	switch f {
	case Unavailable:
		return itsm.ErrUnavailable
	case Conflict:
		return itsm.ErrConflict
	case Lost:
		return itsm.ErrUnknownOutcome
	case Cancelled:
		gone, cancel := context.WithCancel(ctx)
		cancel()
		return do(gone)
	}
	err := do(ctx)
	switch {
	case err != nil:
		return err // a refusal is an answer
	case f == Unanswered:
		return itsm.ErrUnknownOutcome
	case f == Left:
		return context.Canceled
	}
	return nil
}
