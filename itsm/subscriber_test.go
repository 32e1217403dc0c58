package itsm_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// outbox is a subscriber that writes down what it got, and fails where it is told to.
type outbox struct {
	mu   sync.Mutex
	got  []string
	at   []time.Time
	fail func(e *itsm.Event) error
	now  func() time.Time
}

func (o *outbox) handle(ctx context.Context, e *itsm.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.now != nil {
		o.at = append(o.at, o.now())
	}
	if o.fail != nil {
		if err := o.fail(e); err != nil {
			return err
		}
	}
	actor, err := itsm.ActorFrom(ctx)
	if err != nil || actor.Kind != itsm.System || actor.Tenant != e.Tenant {
		return fmt.Errorf("not the system of %s: %v %w", e.Tenant, actor, err)
	}
	o.got = append(o.got, fmt.Sprintf("%s@%d %s", e.ID, e.Version, e.Name))
	return nil
}

func mailer(t testing.TB, store itsm.Store, s itsm.Subscriber) (*itsm.Kernel, *lamps, *itsmtest.Clock) {
	t.Helper()
	var l *lamps
	k, clock := itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) (err error) {
		k.Subscribe(s)
		l, err = registerLamps(k)
		return err
	})
	return k, l, clock
}

func TestASubscriberGetsEveryEventInOrderAndGoesOnWhereItWas(t *testing.T) {
	store, box := memory.New(), &outbox{}
	s := itsm.Subscriber{Name: "mail", Handle: box.handle}
	k, l, _ := mailer(t, store, s)
	desk := made(t, l, "desk")
	_, err := l.turn.Do(ann, desk.ID, turn{})
	require.NoError(t, err)
	_, err = l.make.Do(mallory, turn{Name: "hers"})
	require.NoError(t, err)
	n, next, err := k.Deliver(context.Background())
	require.NoError(t, err)
	require.Equal(t, 3, n)
	require.Zero(t, next)
	require.Equal(t, []string{"L0000001@1 lamp.made", "L0000001@2 lamp.turned", "L0000001@1 lamp.made"}, box.got)

	_, err = l.turn.Do(ann, desk.ID, turn{})
	require.NoError(t, err)
	again, _, _ := mailer(t, store, s) // the process starts anew
	for range 2 {
		_, _, err = again.Deliver(context.Background())
		require.NoError(t, err)
	}
	require.Equal(t, "L0000001@3 lamp.turned", box.got[3])
	require.Len(t, box.got, 4, "each event once")

	other := &outbox{}
	late, _, _ := mailer(t, store, itsm.Subscriber{Name: "search", Handle: other.handle})
	_, _, err = late.Deliver(context.Background())
	require.NoError(t, err)
	require.Equal(t, box.got, other.got, "a new name begins at the beginning")
}

func TestManyBatchesLeaveNothingOut(t *testing.T) {
	box := &outbox{}
	k, l, _ := mailer(t, memory.New(), itsm.Subscriber{Name: "mail", Handle: box.handle, Kinds: []string{"lamp"}})
	for range 700 {
		made(t, l, "desk")
	}
	n, _, err := k.Deliver(context.Background())
	require.NoError(t, err)
	require.Equal(t, 700, n)
	require.Len(t, box.got, 700)
}

func TestAFailureIsTriedAgainAfterPausesThatDouble(t *testing.T) {
	for name, failure := range map[string]func(*itsm.Event) error{
		"error": func(*itsm.Event) error { return errors.New("no route") },
		"panic": func(*itsm.Event) error { panic("no route") },
	} {
		t.Run(name, func(t *testing.T) {
			box := &outbox{fail: failure}
			k, l, clock := mailer(t, memory.New(), itsm.Subscriber{Name: "mail", Handle: box.handle, Tries: 4, Pause: time.Minute})
			box.now = clock.Now
			start := clock.Now()
			made(t, l, "desk")
			made(t, l, "hall")
			_, next, err := k.Deliver(context.Background())
			require.NoError(t, err)
			require.Equal(t, start.Add(time.Minute), next)
			n, _, err := k.Deliver(context.Background())
			require.NoError(t, err)
			require.Zero(t, n, "it is not yet time")
			require.NoError(t, clock.Advance(context.Background(), 6*time.Minute))
			require.Equal(t, []time.Time{start, start.Add(time.Minute), start.Add(3 * time.Minute)}, box.at, "and later events wait")
			parked, err := k.Parked(root, "mail")
			require.NoError(t, err)
			require.Empty(t, parked)
			box.fail = func(e *itsm.Event) error {
				if e.ID == "L0000001" {
					return errors.New("no route to L0000001")
				}
				return nil
			}
			require.NoError(t, clock.Advance(context.Background(), time.Minute))
			require.Equal(t, []string{"L0000002@1 lamp.made"}, box.got, "after the last try the others go on")
			parked, err = k.Parked(root, "mail")
			require.NoError(t, err)
			require.Len(t, parked, 1)
			require.Equal(t, 4, parked[0].Tries)
			require.Equal(t, "no route to L0000001", parked[0].Error)
			require.Equal(t, start.Add(7*time.Minute), parked[0].At)
		})
	}
}

func TestAPauseEndsAtAnHour(t *testing.T) {
	box := &outbox{fail: func(*itsm.Event) error { return errors.New("no route") }}
	_, l, clock := mailer(t, memory.New(), itsm.Subscriber{Name: "mail", Handle: box.handle, Tries: 80, Pause: 40 * time.Minute})
	box.now = clock.Now
	made(t, l, "desk")
	require.NoError(t, clock.Advance(context.Background(), 100*time.Hour))
	require.Len(t, box.at, 80)
	require.Equal(t, 40*time.Minute, box.at[1].Sub(box.at[0]))
	for i := 2; i < len(box.at); i++ {
		require.Equal(t, time.Hour, box.at[i].Sub(box.at[i-1]))
	}
}

func TestParkedEventsAreRetriedOrDiscarded(t *testing.T) {
	box := &outbox{fail: func(*itsm.Event) error { return errors.New("no route") }}
	k, l, _ := mailer(t, memory.New(), itsm.Subscriber{Name: "mail", Handle: box.handle, Tries: 1})
	made(t, l, "desk")
	made(t, l, "hall")
	_, err := l.make.Do(mallory, turn{Name: "hers"})
	require.NoError(t, err)
	_, _, err = k.Deliver(context.Background())
	require.NoError(t, err)
	parked, err := k.Parked(root, "mail")
	require.NoError(t, err)
	require.Len(t, parked, 2, "those of the tenant")
	hers, err := k.Parked(mallory, "mail")
	require.NoError(t, err)
	require.Len(t, hers, 1)

	require.ErrorContains(t, k.Retry(root, "mail", parked[0].Position), "no route")
	for name, c := range map[string]struct {
		ctx  context.Context
		name string
		at   itsm.Position
		want error
	}{
		"an agent":       {ann, "mail", parked[0].Position, itsm.ErrDenied},
		"nobody":         {context.Background(), "mail", parked[0].Position, itsm.ErrNoActor},
		"another's":      {root, "mail", hers[0].Position, itsm.ErrNotFound},
		"not parked":     {root, "mail", 99, itsm.ErrNotFound},
		"no subscriber":  {root, "fax", parked[0].Position, itsm.ErrNotFound},
		"another tenant": {mallory, "mail", parked[0].Position, itsm.ErrNotFound},
	} {
		require.ErrorIs(t, k.Retry(c.ctx, c.name, c.at), c.want, name)
		require.ErrorIs(t, k.Discard(c.ctx, c.name, c.at), c.want, name)
	}
	require.Empty(t, box.got)
	box.fail = nil
	require.NoError(t, k.Retry(root, "mail", parked[0].Position))
	require.Equal(t, []string{"L0000001@1 lamp.made"}, box.got)
	require.NoError(t, k.Discard(root, "mail", parked[1].Position))
	require.ErrorIs(t, k.Discard(root, "mail", parked[1].Position), itsm.ErrNotFound)
	parked, err = k.Parked(root, "mail")
	require.NoError(t, err)
	require.Empty(t, parked)
	require.Len(t, box.got, 1)
}

// nodes are two kernels on one store and one clock, which the subscriber of each is registered with.
func nodes(t *testing.T, first, second itsm.Subscriber) (one, two *itsm.Kernel, l *lamps, clock *itsmtest.Clock) {
	t.Helper()
	store := memory.New()
	one, l, clock = mailer(t, store, first)
	two, _ = itsmtest.Kernel(t, itsm.Config{Store: store, Clock: clock}, func(k *itsm.Kernel) error {
		k.Subscribe(second)
		_, err := registerLamps(k)
		return err
	})
	return one, two, l, clock
}

func TestTwoNodesShareTheWork(t *testing.T) {
	box := &outbox{}
	s := itsm.Subscriber{Name: "mail", Handle: func(ctx context.Context, e *itsm.Event) error {
		runtime.Gosched() // so that the other has its chance
		return box.handle(ctx, e)
	}}
	one, two, l, _ := nodes(t, s, s)
	var want []string
	report := func(n int) {
		for range n {
			want = append(want, made(t, l, "desk").ID+"@1 lamp.made")
		}
	}
	deliver := func(k *itsm.Kernel) {
		if _, _, err := k.Deliver(context.Background()); err != nil {
			t.Error(err)
		}
	}
	for range 5 { // in turn
		report(3)
		deliver(one)
		require.Equal(t, want, box.got)
		deliver(two)
		require.Equal(t, want, box.got, "what one handed over the other does not")
		one, two = two, one
	}
	var all sync.WaitGroup
	for _, k := range []*itsm.Kernel{one, two} { // at once, while there is more and more
		all.Go(func() {
			for range 60 {
				deliver(k)
			}
		})
	}
	report(300)
	all.Wait()
	deliver(one)
	deliver(two)
	require.Equal(t, want, box.got, "every event exactly once, in order")
}

func TestANodeKeepsAwayFromWhatAnotherHandles(t *testing.T) {
	var two *itsm.Kernel
	var clock *itsmtest.Clock
	late := false
	first, second := &outbox{}, &outbox{}
	one, other, l, shared := nodes(t, itsm.Subscriber{Name: "mail", Handle: func(ctx context.Context, e *itsm.Event) error {
		if late {
			clock.Set(clock.Now().Add(24 * time.Hour)) // it hangs, and its claim runs out
		}
		n, next, err := two.Deliver(context.Background())
		if err != nil || !late && (n != 0 || !next.After(clock.Now())) {
			return fmt.Errorf("the other handed over %d, and comes again at %s: %w", n, next, err)
		}
		return first.handle(ctx, e)
	}}, itsm.Subscriber{Name: "mail", Handle: second.handle})
	two, clock = other, shared
	made(t, l, "desk")
	made(t, l, "hall")
	n, _, err := one.Deliver(context.Background())
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Len(t, first.got, 2)
	require.Empty(t, second.got)

	late = true
	made(t, l, "shed")
	_, _, err = one.Deliver(context.Background())
	require.NoError(t, err)
	require.Equal(t, []string{"L0000003@1 lamp.made"}, second.got, "whose node hangs is served by the other")
	for _, k := range []*itsm.Kernel{one, two} {
		n, _, err = k.Deliver(context.Background())
		require.NoError(t, err)
		require.Zero(t, n, "nobody goes back behind where the other came")
	}
}

func TestACancelledDeliveryIsNobodysFault(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	box := &outbox{}
	k, l, _ := mailer(t, memory.New(), itsm.Subscriber{Name: "mail", Handle: box.handle, Tries: 1})
	made(t, l, "desk")
	made(t, l, "hall")
	box.fail = func(e *itsm.Event) error {
		if e.ID == "L0000002" {
			cancel()
			return ctx.Err()
		}
		return nil
	}
	_, _, err := k.Deliver(ctx)
	require.ErrorIs(t, err, context.Canceled)
	box.fail = nil
	parked, err := k.Parked(root, "mail")
	require.NoError(t, err)
	require.Empty(t, parked)
	_, _, err = k.Deliver(context.Background())
	require.NoError(t, err)
	require.Equal(t, []string{"L0000001@1 lamp.made", "L0000002@1 lamp.made"}, box.got)
}

func TestParkedEventsAreNotBroughtBack(t *testing.T) {
	box := &outbox{fail: func(*itsm.Event) error { return errors.New("no route") }}
	k, l, _ := mailer(t, memory.New(), itsm.Subscriber{Name: "mail", Handle: box.handle, Tries: 1})
	made(t, l, "desk")
	made(t, l, "hall")
	_, _, err := k.Deliver(context.Background())
	require.NoError(t, err)
	parked, err := k.Parked(root, "mail")
	require.NoError(t, err)
	box.fail = func(*itsm.Event) error { return k.Discard(root, "mail", parked[1].Position) }
	require.NoError(t, k.Retry(root, "mail", parked[0].Position))
	parked, err = k.Parked(root, "mail")
	require.NoError(t, err)
	require.Empty(t, parked, "what was discarded while another was tried again stays discarded")
}
