package itsm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/lifecycle"
)

const (
	timerBatch   = 100
	timerBatches = 100
	// claimFor keeps other nodes off a timer while it fires; one that failed is tried again after it.
	claimFor = 30 * time.Second
	// slowPoll is how long a runner sleeps at most, the safety net for what other nodes wrote.
	slowPoll = 10 * time.Second
)

// Run fires timers and drives subscribers until ctx ends, and then answers nil. It wakes at the next due time, when
// this kernel commits, and at least every ten seconds. Any number of nodes may run on one store. It works in the
// caller's goroutine and starts none.
func (k *Kernel) Run(ctx context.Context) error {
	if !k.open {
		return Invalid("kernel", "call Open before Run")
	}
	for {
		worked, next, err := k.Work(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			k.log.ErrorContext(ctx, "itsm: the runner goes on after an error", "error", err)
		case worked > 0:
			continue
		}
		now := k.clock.Now()
		if limit := now.Add(slowPoll); next.IsZero() || next.After(limit) {
			next = limit
		}
		if earliest := now.Add(time.Millisecond); err != nil && next.Before(earliest) {
			next = now.Add(time.Second)
		}
		alarm, stop := k.clock.Wake(next)
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-alarm:
		}
		stop()
		if ctx.Err() != nil {
			return nil
		}
	}
}

// Work does once what is due now: it fires timers, then hands events to subscribers. It answers how much it did, and
// when there is next something to do (zero for never). Tests and hosts with a loop of their own use it instead of Run.
func (k *Kernel) Work(ctx context.Context) (done int, next time.Time, err error) {
	if !k.open {
		return 0, next, Invalid("kernel", "call Open before Work")
	}
	fired, err := k.FireDue(ctx)
	if err != nil {
		return fired, next, err
	}
	delivered, next, err := k.deliverOnce(ctx)
	if err != nil {
		return fired + delivered, next, err
	}
	due, ok, err := k.store.NextDue(ctx)
	if ok && (next.IsZero() || due.Before(next)) {
		next = due
	}
	return fired + delivered, next, err
}

// FireDue fires the timers that are due by the clock, in order, ten thousand at most, and answers how many were
// consumed. A timer whose record refuses it is consumed too, with the refusal as an event on the record. One that fails
// otherwise is logged and tried again after half a minute.
func (k *Kernel) FireDue(ctx context.Context) (fired int, err error) {
	for range timerBatches {
		now := k.clock.Now().UTC()
		timers, err := k.store.Claim(ctx, now, now.Add(claimFor), timerBatch)
		if err != nil {
			return fired, err
		}
		for i := range timers {
			switch err := k.fire(ctx, &timers[i]); {
			case err == nil:
				fired++
			case ctx.Err() != nil:
				return fired, ctx.Err()
			case errors.Is(err, ErrTimerGone):
			default:
				k.log.ErrorContext(ctx, "itsm: a timer failed", "record", timers[i].Key.String(), "timer", timers[i].Name, "error", err)
			}
		}
		if len(timers) < timerBatch {
			break
		}
	}
	return fired, nil
}

// fire runs a timer's trigger; the effect and the end of the timer are one write set.
func (k *Kernel) fire(ctx context.Context, timer *Timer) (err error) {
	actor := &Actor{ID: SystemID, Tenant: timer.Key.Tenant, Kind: System}
	ctx = context.WithValue(ctx, actorKey{}, actor)
	x, err := k.begin(ctx, actor)
	if err != nil {
		return err
	}
	defer x.leave(&err)
	x.fired, x.cause = timer, "timer "+timer.Name
	return x.retry(false, func() error {
		kd, h, err := k.handler(timer.Key.Kind, lifecycle.Trigger(timer.Trigger))
		if err != nil {
			return err
		}
		in := h.zero()
		if timer.Input != "" {
			if err := json.Unmarshal([]byte(timer.Input), in); err != nil {
				return ErrInvalid.because(err)
			}
		}
		t, err := x.reach(timer.Key)
		if errors.Is(err, ErrNotFound) {
			return x.commit(nil, nil) // the record is gone: so is its timer
		}
		if err != nil {
			return err
		}
		mark := x.mark()
		err = x.act(t, kd, h, in, nil, actor, 0, nil)
		x.unmark()
		if refusal, ok := errors.AsType[*lifecycle.Refusal](err); ok {
			x.undoTo(mark)
			clear(x.later)
			x.later = x.later[:0]
			err = x.refuse(t, refusal, actor, nil)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", timer.Trigger, err)
		}
		if err := x.conclude(); err != nil {
			return err
		}
		return x.commit(nil, nil)
	})
}
