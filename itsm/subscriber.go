package itsm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Subscriber gets the events of all tenants after they were committed: for mail, webhooks, search, anything outside the
// transaction. Its position is durable: after a crash it goes on where it was. Every event comes at least once, and
// the events of a record in their order.
type Subscriber struct {
	// Name is the key of its position; it stays the same for ever.
	Name string
	// Kinds limits it to records of some kinds; empty takes all.
	Kinds []string
	// Handle works on one event. The context carries the system as actor in the event's tenant. Where it answers an
	// error, the event is tried again after a pause, and parked after the last try; until then later events wait. It
	// runs in the runner's goroutine and holds up timers and other subscribers meanwhile: what is slow belongs into a
	// queue of the host's.
	Handle func(ctx context.Context, e *Event) error
	// Tries is how often an event is tried before it is parked; 0 is 10.
	Tries int
	// Pause is the wait after the first failure, doubled after each further one up to an hour; 0 is one second.
	Pause time.Duration
}

type subscriber struct {
	Subscriber
}

const (
	feedBatch = 256
	maxPause  = time.Hour
	// deliverFor is how long a node may take for a batch before another takes it over, and hands it over again.
	deliverFor = time.Minute
)

// Subscribe registers a subscriber, before Open. Later it has no effect, and says so to the logger.
func (k *Kernel) Subscribe(s Subscriber) {
	switch {
	case k.open:
		k.fault("subscriber %s: register it before the kernel is opened", s.Name)
		return
	case s.Name == "" || s.Handle == nil:
		k.fault("subscriber %q: give it a name and a Handle", s.Name)
	case slices.ContainsFunc(k.subscribers, func(other *subscriber) bool { return other.Name == s.Name }):
		k.fault("subscriber %s is registered twice", s.Name)
	}
	if s.Tries <= 0 {
		s.Tries = 10
	}
	if s.Pause <= 0 {
		s.Pause = time.Second
	}
	k.subscribers = append(k.subscribers, &subscriber{s})
}

// Deliver hands every subscriber the events that it has not seen. It answers how many were handed over or parked, and
// when there is next something to do: a failed event to try again, or a claim of another node that ends (zero for
// never). One subscriber's trouble does not keep the others from theirs.
func (k *Kernel) Deliver(ctx context.Context) (delivered int, next time.Time, err error) {
	ctx = apart(ctx)
	for {
		n, at, err := k.deliverOnce(ctx)
		delivered += n
		if n == 0 || err != nil {
			return delivered, at, err
		}
	}
}

// deliverOnce gives every subscriber one batch, so that none holds up timers for long.
func (k *Kernel) deliverOnce(ctx context.Context) (delivered int, next time.Time, err error) {
	var faults []error
	for _, s := range k.subscribers {
		n, at, err := k.deliver(ctx, s)
		delivered += n
		if err != nil {
			faults = append(faults, fmt.Errorf("subscriber %s: %w", s.Name, err))
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return delivered, next, errors.Join(faults...)
}

// deliver claims a subscriber, hands it one batch, and keeps how far it came.
func (k *Kernel) deliver(ctx context.Context, s *subscriber) (delivered int, next time.Time, err error) {
	row, err := k.subscription(ctx, s.Name)
	if err != nil {
		return 0, next, err
	}
	now := k.clock.Now().UTC()
	for _, wait := range [...]time.Time{row.RetryAt, row.ClaimedUntil} {
		if wait.After(now) {
			return 0, wait, nil
		}
	}
	feed, err := k.store.Feed(ctx, nil, row.Position, feedBatch)
	if err != nil || len(feed) == 0 {
		return 0, next, err
	}
	row.Revision++
	row.ClaimedUntil = now.Add(deliverFor)
	if err := k.store.Apply(ctx, &WriteSet{Subscription: &row}); err != nil {
		if errors.Is(err, ErrConflict) { // another node was faster
			err = nil
		}
		return 0, next, err
	}
	claim, parked := row.ClaimedUntil, len(row.Parked)
	var failure error
	for _, d := range feed {
		if failure = s.handle(ctx, d.Event); failure != nil {
			break
		}
		row.Position, row.Tries, row.RetryAt = d.Position, 0, time.Time{}
		delivered++
	}
	if failure != nil && ctx.Err() == nil { // else it is not the event's fault
		k.failed(ctx, s, &row, feed, failure)
		delivered += len(row.Parked) - parked
	}
	err = k.release(context.WithoutCancel(ctx), row, claim, row.Parked[parked:])
	if err == nil {
		err = ctx.Err()
	}
	return delivered, row.RetryAt, err
}

// release writes how far a subscriber came, unless its claim ran out and another node took it. What was done to its
// parking place meanwhile is kept.
func (k *Kernel) release(ctx context.Context, row Subscription, claim time.Time, parked []Parked) error {
	for {
		now, err := k.subscription(ctx, row.Name)
		if err != nil || !now.ClaimedUntil.Equal(claim) {
			return err
		}
		now.Position, now.Tries, now.RetryAt, now.ClaimedUntil = row.Position, row.Tries, row.RetryAt, time.Time{}
		now.Parked = append(slices.Clone(now.Parked), parked...)
		now.Revision++
		if err := k.store.Apply(ctx, &WriteSet{Subscription: &now}); !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

// failed counts a failure, and parks the event after the last one.
func (k *Kernel) failed(ctx context.Context, s *subscriber, row *Subscription, feed []Delivery, failure error) {
	i := slices.IndexFunc(feed, func(d Delivery) bool { return d.Position > row.Position })
	d, now := feed[i], k.clock.Now().UTC()
	row.Tries++
	if row.Tries < s.Tries {
		pause := s.Pause << min(row.Tries-1, 30)
		if pause <= 0 || pause > maxPause {
			pause = maxPause
		}
		row.RetryAt = now.Add(pause)
		return
	}
	k.log.ErrorContext(ctx, "itsm: an event is parked", "subscriber", s.Name, "record", d.Event.Key.String(), "version", d.Event.Version, "error", failure)
	row.Parked = append(slices.Clone(row.Parked), Parked{
		Position: d.Position, Key: d.Event.Key, Version: d.Event.Version, Tries: row.Tries, Error: failure.Error(), At: now,
	})
	row.Position, row.Tries, row.RetryAt = d.Position, 0, time.Time{}
}

// handle calls the host; a panic is a failure.
func (s *subscriber) handle(ctx context.Context, e *Event) (err error) {
	if len(s.Kinds) > 0 && !slices.Contains(s.Kinds, e.Key.Kind) {
		return nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the subscriber panicked: %v", r)
		}
	}()
	return s.Handle(WithActor(ctx, Actor{ID: SystemID, Tenant: e.Tenant, Kind: System}), e.copied())
}

func (k *Kernel) subscription(ctx context.Context, name string) (Subscription, error) {
	snap, err := k.store.Snapshot(ctx)
	if err != nil {
		return Subscription{}, err
	}
	defer snap.Close()
	row, err := snap.Subscription(ctx, name)
	row.Name = name
	return row, err
}

// Parked lists the events of the actor's tenant that a subscriber gave up. It needs the verb [Audit].
func (k *Kernel) Parked(ctx context.Context, name string) ([]Parked, error) {
	actor, _, err := k.auditor(ctx, name)
	if err != nil {
		return nil, err
	}
	row, err := k.subscription(ctx, name)
	return slices.DeleteFunc(slices.Clone(row.Parked), func(p Parked) bool { return p.Key.Tenant != actor.Tenant }), err
}

// Retry hands a parked event to its subscriber once more, and takes it out of the parking place where that succeeds.
func (k *Kernel) Retry(ctx context.Context, name string, at Position) error {
	return k.unpark(ctx, name, at, func(s *subscriber, p Parked) error {
		snap, err := k.store.Snapshot(ctx)
		if err != nil {
			return err
		}
		defer snap.Close()
		events, err := snap.Events(ctx, nil, p.Key, p.Version-1, 1)
		if err != nil || len(events) == 0 {
			return err
		}
		return s.handle(ctx, events[0])
	})
}

// Discard takes a parked event out of the parking place without an effect.
func (k *Kernel) Discard(ctx context.Context, name string, at Position) error {
	return k.unpark(ctx, name, at, func(*subscriber, Parked) error { return nil })
}

func (k *Kernel) unpark(ctx context.Context, name string, at Position, work func(*subscriber, Parked) error) error {
	actor, s, err := k.auditor(ctx, name)
	if err != nil {
		return err
	}
	for worked := false; ; {
		row, err := k.subscription(ctx, name)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(row.Parked, func(p Parked) bool { return p.Position == at && p.Key.Tenant == actor.Tenant })
		if i < 0 {
			return ErrNotFound.with("subscriber", name, "no such event is parked")
		}
		if !worked {
			if err := work(s, row.Parked[i]); err != nil {
				return err
			}
			worked = true
		}
		row.Revision++
		row.Parked = slices.Delete(slices.Clone(row.Parked), i, i+1)
		if err := k.store.Apply(ctx, &WriteSet{Subscription: &row}); !errors.Is(err, ErrConflict) {
			return err
		}
	}
}

func (k *Kernel) auditor(ctx context.Context, name string) (*Actor, *subscriber, error) {
	actor, err := actorFrom(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := k.auth.Permit(ctx, actor, Action{Verb: Audit}, nil); err != nil {
		return nil, nil, err
	}
	i := slices.IndexFunc(k.subscribers, func(s *subscriber) bool { return s.Name == name })
	if i < 0 {
		return nil, nil, ErrNotFound.with("subscriber", name, "no such subscriber")
	}
	return actor, k.subscribers[i], nil
}
