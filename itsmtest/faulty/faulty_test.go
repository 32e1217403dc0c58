package faulty_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/faulty"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestEveryCommandHasOneEffect(t *testing.T) {
	for seed := range uint64(20) {
		faulty.Check(t, memory.New(), seed, 300)
	}
}

// A wrapper that does nothing keeps every promise, and is what the store is.
func TestAStoreWithoutFaultsIsTheStore(t *testing.T) {
	storetest.Run(t, storetest.Harness{
		Open: func(*testing.T) itsm.Store {
			s, _ := faulty.New(memory.New(), faulty.Plan{})
			return s
		},
		Getter: true, ColumnCounter: true, Batcher: true,
	})
}

// notifies is a store that is a notifier too.
type notifies struct{ itsm.Store }

func (notifies) Listen(context.Context) (<-chan struct{}, error) { return nil, nil }

func TestItIsWhatTheStoreIs(t *testing.T) {
	m := memory.New()
	for _, s := range []itsm.Store{
		struct{ itsm.Store }{m},
		notifies{m},
		struct {
			itsm.Store
			itsm.Getter
		}{m, m},
		struct {
			itsm.Store
			itsm.Batcher
		}{m, m},
		struct {
			notifies
			itsm.Getter
		}{notifies{m}, m},
		struct {
			notifies
			itsm.Batcher
		}{notifies{m}, m},
		struct {
			itsm.Store
			itsm.Getter
			itsm.Batcher
		}{m, m, m},
		struct {
			notifies
			itsm.Getter
			itsm.Batcher
		}{notifies{m}, m, m},
	} {
		wrapped, _ := faulty.New(s, faulty.Plan{})
		is := func(s itsm.Store) (all [3]bool) {
			_, all[0] = s.(itsm.Getter)
			_, all[1] = s.(itsm.Batcher)
			_, all[2] = s.(itsm.Notifier)
			return all
		}
		require.Equal(t, is(s), is(wrapped), "%T", s)
	}
}

func TestFaults(t *testing.T) {
	for f, want := range map[faulty.Fault]struct {
		err  error
		done bool
	}{
		faulty.None:        {nil, true},
		faulty.Unavailable: {itsm.ErrUnavailable, false},
		faulty.Conflict:    {itsm.ErrConflict, false},
		faulty.Cancelled:   {context.Canceled, false},
		faulty.Lost:        {itsm.ErrUnknownOutcome, false},
		faulty.Unanswered:  {itsm.ErrUnknownOutcome, true},
		faulty.Left:        {context.Canceled, true},
	} {
		receipt := itsm.Receipt{ReceiptKey: itsm.ReceiptKey{Tenant: "acme", Actor: "ann", Command: "c", Key: "k"}}
		for _, batch := range []bool{false, true} {
			m := memory.New()
			delays := 0
			s, control := faulty.New(m, faulty.Plan{
				Decide: func(faulty.Call) faulty.Fault { return f },
				Delay:  func(faulty.Call) { delays++ },
			})
			var err error
			if batch {
				err = s.(itsm.Batcher).ApplyAll(t.Context(), []*itsm.WriteSet{{Receipt: &receipt}})[0]
			} else {
				err = s.Apply(t.Context(), &itsm.WriteSet{Receipt: &receipt})
			}
			require.ErrorIs(t, err, want.err)
			require.NotZero(t, control.Count(f))
			require.NotZero(t, delays)
			control.Pause(true)
			view, err := s.Snapshot(t.Context())
			require.NoError(t, err)
			got, err := view.Receipt(t.Context(), receipt.ReceiptKey)
			require.NoError(t, err)
			require.Equal(t, want.done, got != nil, "fault %d, batch %t", f, batch)
			view.Close()
		}
	}
}
