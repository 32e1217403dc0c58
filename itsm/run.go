package itsm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
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
// this kernel commits, when the store tells that others did ([Notifier]), and at least every ten seconds. A store that
// cannot be reached is logged and tried again. Any number of nodes may run on one store. It works in the caller's goroutine
// and starts none.
func (k *Kernel) Run(ctx context.Context) error {
	if !k.open {
		return Invalid("kernel", "call Open before Run")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	notifier, tells := k.store.(Notifier)
	var elsewhere <-chan struct{} // what others wrote, where the store tells
	for {
		if tells && elsewhere == nil {
			var err error
			if elsewhere, err = notifier.Listen(ctx); err != nil && ctx.Err() == nil {
				k.log.ErrorContext(ctx, "itsm: the runner hears nothing of other nodes yet", "error", err)
			}
		}
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
		case <-elsewhere:
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
	ctx = apart(ctx)
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
	ctx = apart(ctx)
	for range timerBatches {
		now := k.clock.Now().UTC()
		timers, err := k.store.Claim(ctx, now, now.Add(claimFor), timerBatch)
		if err != nil {
			return fired, err
		}
		n, err := k.fireAll(ctx, timers)
		fired += n
		if err != nil {
			return fired, err
		}
		if len(timers) < timerBatch {
			break
		}
	}
	return fired, nil
}

// FireTimer fires one timer, for a host whose job queue keeps the instants instead of [Kernel.Run]; both together fire it
// once. It answers ErrTimerGone where the record has no timer of that name and generation any more: it was fired, moved or
// cancelled. Where the timer is not due by the kernel's clock, it fires nothing and answers the instant at which it is;
// zero where it was consumed, which it is also where the record refuses it. It never joins a transaction of the host's. It
// costs a look at the record's timers, and the command.
func (k *Kernel) FireTimer(ctx context.Context, key Key, name string, generation int64) (due time.Time, err error) {
	if !k.open {
		return due, Invalid("kernel", "call Open before FireTimer")
	}
	if err := key.Check(); err != nil {
		return due, err
	}
	ctx = apart(ctx)
	timer, err := k.timer(ctx, key, name)
	if err != nil {
		return due, err
	}
	switch {
	case timer == nil || timer.Generation != generation:
		return due, ErrTimerGone
	case timer.Due.After(k.clock.Now()):
		return timer.Due, nil
	}
	return due, k.fire(ctx, timer)
}

// timer answers a pending timer, nil where there is none.
func (k *Kernel) timer(ctx context.Context, key Key, name string) (*Timer, error) {
	snap, err := k.store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	timers, err := snap.Timers(ctx, nil, key)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(timers, func(t Timer) bool { return t.Name == name })
	if i < 0 {
		return nil, nil
	}
	return &timers[i], nil
}

// fireAll fires timers one by one, or many in one commit where the store can. It answers an error only where ctx ended, or
// the store could not be read.
func (k *Kernel) fireAll(ctx context.Context, timers []Timer) (fired int, err error) {
	batcher, ok := k.store.(Batcher)
	if !ok || len(timers) < 2 {
		for i := range timers {
			if k.fired(ctx, &timers[i], k.fire(ctx, &timers[i])) {
				fired++
			}
			if ctx.Err() != nil {
				return fired, ctx.Err()
			}
		}
		return fired, nil
	}
	b := firing{k: k, store: batcher}
	defer b.drop()
	if err := b.fetch(ctx, timers); err != nil {
		return 0, err
	}
	for i := range timers {
		if ctx.Err() != nil {
			break
		}
		fired += b.add(ctx, &timers[i])
	}
	fired += b.flush(ctx)
	return fired, ctx.Err()
}

// fired logs what went wrong with a timer, and reports whether it was consumed.
func (k *Kernel) fired(ctx context.Context, timer *Timer, err error) bool {
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrTimerGone) {
		k.log.ErrorContext(ctx, "itsm: a timer failed", "record", timer.Key.String(), "timer", timer.Name, "error", err)
	}
	return err == nil
}

// fire runs a timer's trigger; the effect and the end of the timer are one write set.
func (k *Kernel) fire(ctx context.Context, timer *Timer) (err error) {
	x, err := k.beginTimer(ctx, timer)
	if err != nil {
		return err
	}
	defer x.leave(&err)
	return x.retry(false, func() error { return x.ring(timer) })
}

func (k *Kernel) beginTimer(ctx context.Context, timer *Timer) (*tx, error) {
	actor := &Actor{ID: SystemID, Tenant: timer.Key.Tenant, Kind: System}
	x, err := k.begin(context.WithValue(ctx, actorKey{}, actor), actor)
	if err != nil {
		return nil, err
	}
	x.fired, x.cause = timer, "timer "+timer.Name
	return x, nil
}

// ring is one try to fire a timer.
func (x *tx) ring(timer *Timer) error {
	kd, h, err := x.k.handler(timer.Key.Kind, lifecycle.Trigger(timer.Trigger))
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
	err = x.act(t, kd, h, in, nil, x.actor, 0, nil)
	x.unmark()
	if refusal, ok := errors.AsType[*lifecycle.Refusal](err); ok {
		x.undoTo(mark)
		clear(x.later)
		x.later = x.later[:0]
		err = x.refuse(t, refusal, x.actor, nil)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", timer.Trigger, err)
	}
	if err := x.conclude(); err != nil {
		return err
	}
	return x.commit(nil, nil)
}

// firing gathers the write sets of many timers into one commit.
type firing struct {
	k       *Kernel
	store   Batcher
	timers  []*Timer
	tries   []*tx
	sets    []*WriteSet
	written map[Key]struct{}
	fetched map[Key]Record
}

// fetch reads the records of timers at once, where the store can.
func (b *firing) fetch(ctx context.Context, timers []Timer) error {
	getter, ok := b.k.store.(Getter)
	if !ok {
		return nil
	}
	keys := make([]Key, len(timers))
	for i := range timers {
		keys[i] = timers[i].Key
	}
	records, err := getter.Fetch(ctx, make([]Record, 0, len(keys)), keys)
	b.fetched = make(map[Key]Record, len(records))
	for _, rec := range records {
		b.fetched[rec.Header().Key()] = rec
	}
	return err
}

// add prepares a timer, and answers how many were fired on the way. One that touches what another one of the batch wrote
// comes after that one's commit; one that cannot be prepared is fired alone, with all its tries.
func (b *firing) add(ctx context.Context, timer *Timer) (fired int) {
	x, err := b.prepare(ctx, timer)
	if err == nil && b.overlaps(x) {
		x.end()
		fired = b.flush(ctx)
		x, err = b.prepare(ctx, timer)
	}
	if err != nil {
		fired += b.flush(ctx)
		if b.k.fired(ctx, timer, b.k.fire(ctx, timer)) {
			fired++
		}
		return fired
	}
	if b.written == nil {
		b.written = make(map[Key]struct{}, 4*timerBatch)
	}
	for i := range x.set.Records {
		b.written[x.set.Records[i].Record.Header().Key()] = struct{}{}
	}
	b.timers, b.tries, b.sets = append(b.timers, timer), append(b.tries, x), append(b.sets, &x.set)
	return fired
}

// prepare runs a timer's trigger and keeps the write set.
func (b *firing) prepare(ctx context.Context, timer *Timer) (x *tx, err error) {
	if x, err = b.k.beginTimer(ctx, timer); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			err = &Error{Code: ErrPanic.Code, Message: ErrPanic.Message, Cause: fmt.Errorf("%v", r)}
			x.closeSnapshot()
		} else if err != nil {
			x.end()
		}
	}()
	x.held, x.fetched = true, b.fetched
	err = x.ring(timer)
	x.closeSnapshot()
	return x, err
}

// overlaps reports whether a transaction read what one before it in the batch wrote, or may have by looking for records:
// who is chosen by how much everybody has to do must see who was chosen just before.
func (b *firing) overlaps(x *tx) bool {
	if x.ranged && len(b.sets) > 0 {
		return true
	}
	for _, t := range x.touched {
		if _, ok := b.written[t.key]; ok {
			return true
		}
	}
	return false
}

// flush commits what was gathered, and answers how many timers that consumed. What lost a race is fired alone.
func (b *firing) flush(ctx context.Context) (fired int) {
	if len(b.sets) == 0 {
		return 0
	}
	faults := b.store.ApplyAll(ctx, b.sets)
	for key := range b.written {
		delete(b.fetched, key)
	}
	timers := b.timers
	b.drop()
	for i, err := range faults {
		if errors.Is(err, ErrConflict) || errors.Is(err, ErrExists) {
			err = b.k.fire(ctx, timers[i])
		}
		if b.k.fired(ctx, timers[i], err) {
			fired++
		}
	}
	if fired > 0 {
		b.k.signal()
	}
	return fired
}

// drop gives the transactions back.
func (b *firing) drop() {
	for _, x := range b.tries {
		x.end()
	}
	b.timers, b.tries, b.sets = nil, b.tries[:0], b.sets[:0]
	clear(b.written)
}
