package itsm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestAHooksOwnErrorIsNotTakenForATakenNumber(t *testing.T) {
	store := newCounting(memory.New())
	_, l, _ := newLamps(t, itsm.Config{Store: store}, itsm.Hook{
		Name: "full", AfterAct: func(*itsm.Unit, itsm.Change) error { return itsm.ErrExists },
	})
	store.taken()
	_, err := l.make.Do(ann, turn{Name: "desk"})
	require.ErrorIs(t, err, itsm.ErrExists)
	require.LessOrEqual(t, store.total(), 2, "one number, and no second try")
}

func TestAFailedActThatNobodyReturnsChangesNothing(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{})
	desk, hall := made(t, l, "desk"), made(t, l, "hall")
	broken := errors.New("the bulb is broken")
	l.onTurn = func(u *itsm.Unit, r *lamp, in turn) error {
		if r.Name == "hall" {
			r.Turns = 99
			return broken
		}
		_ = u.Do(hall.Ref(), "turn", turn{}) // forgotten
		return nil
	}
	_, err := l.turn.Do(ann, desk.ID, turn{})
	require.ErrorIs(t, err, broken)
	for _, was := range []lamp{desk, hall} {
		is, err := l.Get(ann, was.ID)
		require.NoError(t, err)
		require.Equal(t, was, is)
	}
	require.NoError(t, k.Verify(root, hall.Ref()))
}

func TestOptionsThatMeanNothingAreRefused(t *testing.T) {
	_, l, clock := newLamps(t, itsm.Config{})
	desk, hall := made(t, l, "desk"), made(t, l, "hall")
	for name, option := range map[string]itsm.Option{
		"no version": itsm.IfVersion(0), "no key": itsm.Once(""), "no number": itsm.WithNumber(" "), "a number for what is there": itsm.WithNumber("L7"),
	} {
		_, err := l.turn.Do(root, desk.ID, turn{}, option)
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	_, err := l.make.Do(root, turn{}, itsm.IfVersion(1))
	require.ErrorIs(t, err, itsm.ErrInvalid, "a version of what is not there")
	for name, option := range map[string]itsm.Option{
		"key": itsm.Once("k"), "instant": itsm.At(clock.Now()), "number": itsm.WithNumber("L9"),
	} {
		l.onTurn = func(u *itsm.Unit, r *lamp, _ turn) error {
			if r.Name == "hall" {
				return nil
			}
			return u.Do(hall.Ref(), "turn", turn{}, option)
		}
		_, err := l.turn.Do(root, desk.ID, turn{})
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	l.onTurn = func(u *itsm.Unit, r *lamp, _ turn) error {
		if r.Name == "hall" {
			return nil
		}
		return u.Do(hall.Ref(), "turn", turn{}, itsm.IfVersion(99))
	}
	_, err = l.turn.Do(root, desk.ID, turn{})
	require.ErrorIs(t, err, itsm.ErrConflict, "a version that the other record has not")
	_, err = l.make.Do(ann, turn{Name: "shed"}, nil)
	require.NoError(t, err, "no option is none")
}

func TestAHookMayKeepWhatItSaw(t *testing.T) {
	var kept []itsm.Change
	_, l, _ := newLamps(t, itsm.Config{}, itsm.Hook{Name: "keeper", AfterAct: func(_ *itsm.Unit, c itsm.Change) error {
		kept = append(kept, c)
		return nil
	}})
	desk := made(t, l, "desk")
	_, err := l.turn.Do(ann, desk.ID, turn{})
	require.NoError(t, err)
	require.Equal(t, []lifecycle.Trigger{"make"}, kept[0].Acts)
	require.Equal(t, []string{kept[0].Event}, kept[0].Events())
	require.Equal(t, []lifecycle.Trigger{"turn"}, kept[1].Acts)
}

func TestASubscriberHoldsUpTimersForOneBatchOnly(t *testing.T) {
	var l *lamps
	var timerAt int
	handled := 0
	store := memory.New()
	k, clock := itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) (err error) {
		l, err = registerLamps(k)
		k.Subscribe(itsm.Subscriber{Name: "echo", Handle: func(context.Context, *itsm.Event) error {
			if handled++; handled > 5_000 || timerAt > 0 {
				return nil
			}
			_, err := l.make.Do(ann, turn{Name: "again"}) // an event for each that is handled
			return err
		}})
		k.Hook(itsm.Hook{Name: "alarm", AfterAct: func(u *itsm.Unit, c itsm.Change) error {
			if c.Trigger == "turn" {
				timerAt = handled
				return nil
			}
			if c.After.(*lamp).Name == "desk" {
				return u.SetTimer("alarm", u.Now().Add(time.Minute), "turn", nil)
			}
			return nil
		}})
		return err
	})
	made(t, l, "desk")
	clock.Set(clock.Now().Add(time.Hour))
	for range 5 {
		_, _, err := k.Work(context.Background())
		require.NoError(t, err)
	}
	require.Less(t, timerAt, 300, "the timer fired before the subscriber was through")
}

func TestOneSubscribersTroubleIsItsOwn(t *testing.T) {
	var l *lamps
	store := &failing{Store: memory.New(), name: "first"}
	got := 0
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) (err error) {
		l, err = registerLamps(k)
		k.Subscribe(itsm.Subscriber{Name: "first", Handle: func(context.Context, *itsm.Event) error { return nil }})
		k.Subscribe(itsm.Subscriber{Name: "second", Handle: func(context.Context, *itsm.Event) error { got++; return nil }})
		return err
	})
	made(t, l, "desk")
	_, _, err := k.Deliver(context.Background())
	require.ErrorIs(t, err, errNoDisk)
	require.Equal(t, 1, got)
}

var errNoDisk = errors.New("no disk")

// failing is a store that cannot write one subscriber's row.
type failing struct {
	itsm.Store
	name    string
	prepare int // how often Prepare fails
}

func (f *failing) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if set.Subscription != nil && set.Subscription.Name == f.name {
		return errNoDisk
	}
	return f.Store.Apply(ctx, set)
}

func (f *failing) Prepare(ctx context.Context, kinds []itsm.Codec) error {
	if f.prepare--; f.prepare >= 0 {
		return errNoDisk
	}
	return f.Store.Prepare(ctx, kinds)
}

func TestOpenMayBeTriedAgain(t *testing.T) {
	k, err := itsm.New(itsm.Config{Store: &failing{Store: memory.New(), prepare: 1}, Authorizer: itsm.DefaultGrants()})
	require.NoError(t, err)
	l, err := registerLamps(k)
	require.NoError(t, err)
	require.ErrorIs(t, k.Open(context.Background()), errNoDisk)
	require.NoError(t, k.Open(context.Background()), "the database is there now")
	made(t, l, "desk")
}

func TestNamesThatNobodyRegisteredAreFaults(t *testing.T) {
	k, err := itsm.New(itsm.Config{Store: memory.New()})
	require.NoError(t, err)
	_, err = registerLamps(k)
	require.NoError(t, err)
	k.Hook(itsm.Hook{Name: "typo", Triggers: []lifecycle.Trigger{"trun"}, AfterAct: func(*itsm.Unit, itsm.Change) error { return nil }})
	k.Subscribe(itsm.Subscriber{Name: "mail", Kinds: []string{"lmap"}, Handle: func(context.Context, *itsm.Event) error { return nil }})
	err = k.Open(context.Background())
	require.ErrorContains(t, err, `"trun"`)
	require.ErrorContains(t, err, `"lmap"`)
	_, _, err = k.Work(context.Background())
	require.ErrorIs(t, err, itsm.ErrInvalid, "a kernel that is not open does no work")
}

type parcel struct {
	itsm.Head
	Custom field.Fields `json:"custom,omitempty"`
}

func TestPersonalCustomFieldsNeedACaller(t *testing.T) {
	k, err := itsm.New(itsm.Config{Store: memory.New()})
	require.NoError(t, err)
	_, err = itsm.NewPractice[parcel](k, itsm.Spec{Kind: "parcel", Series: "PAR", Lifecycle: lampTable(), Custom: field.Schema{
		Version: 1, Fields: []field.Declaration{{Name: "sender", Kind: field.KindText, Personal: true}},
	}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestAnIntegrationActsOnTheTicketsOfWhomItActsFor(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	portal := as(itsm.Actor{ID: "portal", Tenant: itsmtest.Tenant, Kind: itsm.Integration, OnBehalfOf: "bob", Roles: []itsm.Role{itsm.Requester}})
	r, err := w.report.Do(portal, intake{Title: "Pump leaks", Caller: "bob"})
	require.NoError(t, err)
	n, err := w.Count(portal, itsm.Query{})
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = w.Comment(portal, r.ID, itsm.Comment{Body: "Still leaks."})
	require.NoError(t, err)
	_, err = w.Comment(portal, r.ID, itsm.Comment{Body: "Between us.", Internal: true})
	require.ErrorIs(t, err, itsm.ErrDenied, "a requester tells nobody what requesters do not see")
}
