package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// all is the ApplyAll of a store that is an itsm.Batcher.
func all(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
	return s.(itsm.Batcher).ApplyAll(ctx, sets)
}

// batchFaults are those of many sets in one commit.
var batchFaults = map[string]fault{
	"it is wrapped and no longer a batcher": {"Batcher/is there where the harness says so, and only there",
		func(s itsm.Store) itsm.Store {
			return struct {
				itsm.Store
				itsm.Getter
			}{s, s.(itsm.Getter)}
		}},
	"a batch leaves a trace of itself": {"Batcher/an empty batch changes nothing", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			v, err := s.Snapshot(ctx)
			if err == nil {
				defer v.Close()
				var mail itsm.Subscription
				if mail, err = v.Subscription(ctx, "mail"); err == nil && mail.Revision > 0 {
					mail.Revision++
					err = s.Apply(ctx, &itsm.WriteSet{Subscription: &mail})
				}
			}
			if err != nil {
				return slices.Repeat([]error{err}, len(sets))
			}
			return all(ctx, s, sets)
		})},
	"a batch writes only records": {"Batcher/every part of each set", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			bare := make([]*itsm.WriteSet, len(sets))
			for i, set := range sets {
				bare[i] = with(set, func(w *itsm.WriteSet) { w.Forget, w.Redactions, w.Subscription = nil, nil, nil })
			}
			return all(ctx, s, bare)
		})},
	"the sets of a batch are compared with what was before it": {"Batcher/later sets see the earlier ones of the batch", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			faults := make([]error, len(sets))
			written := map[itsm.Key]bool{}
			for i, set := range sets {
				for _, w := range set.Records {
					if written[w.Record.Header().Key()] {
						faults[i] = itsm.ErrConflict
					}
				}
				if faults[i] != nil {
					continue
				}
				if faults[i] = s.Apply(ctx, set); faults[i] == nil {
					for _, w := range set.Records {
						written[w.Record.Header().Key()] = true
					}
				}
			}
			return faults
		})},
	"one refused set refuses the batch": {"Batcher/a refused set leaves the others", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			faults := make([]error, len(sets))
			for i, set := range sets {
				if faults[i] = s.Apply(ctx, set); faults[i] != nil {
					return slices.Concat(faults[:i], slices.Repeat([]error{faults[i]}, len(sets)-i))
				}
			}
			return faults
		})},
	"the last of two writes wins": {"Batcher/the first of two writes of one record wins", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			turned := slices.Clone(sets)
			slices.Reverse(turned)
			faults := all(ctx, s, turned)
			slices.Reverse(faults)
			return faults
		})},
	"an invalid set of a batch is passed over": {"Batcher/an invalid set is ErrInvalid and leaves the others", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			faults := all(ctx, s, sets)
			for i, err := range faults {
				if errors.Is(err, itsm.ErrInvalid) {
					faults[i] = nil
				}
			}
			return faults
		})},
	"a batch does not look at the timers that it fires": {"Batcher/each fires a timer, and a stale one fires nothing", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			bare := make([]*itsm.WriteSet, len(sets))
			for i, set := range sets {
				bare[i] = with(set, func(w *itsm.WriteSet) {
					if w.Fired != nil {
						w.Timers = append([]itsm.TimerWrite{{Timer: *w.Fired, Cancel: true}}, w.Timers...)
						w.Fired = nil
					}
				})
			}
			return all(ctx, s, bare)
		})},
	"a batch fires before it sets": {"Batcher/a timer that an earlier set makes may fire", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			faults := make([]error, len(sets))
			for _, fires := range []bool{true, false} {
				for i, set := range sets {
					if (set.Fired != nil) == fires {
						faults[i] = s.Apply(ctx, set)
					}
				}
			}
			return faults
		})},
	"a key is used twice in a batch": {"Batcher/a receipt is used once", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			faults := all(ctx, s, sets)
			for i, err := range faults {
				if errors.Is(err, itsm.ErrConflict) && sets[i].Receipt != nil {
					faults[i] = s.Apply(ctx, with(sets[i], func(w *itsm.WriteSet) { w.Receipt = nil }))
				}
			}
			return faults
		})},
	"a batch goes on when its caller has left": {"Batcher/a cancelled context changes nothing, and is the answer to each", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			faults := all(context.WithoutCancel(ctx), s, sets)
			for i := range faults {
				faults[i] = errors.Join(faults[i], ctx.Err())
			}
			return faults
		})},
	"a batch keeps its caller's sets": {"Batcher/the sets belong to the caller again", func(s itsm.Store) itsm.Store {
		var kept atomic.Pointer[[]*itsm.WriteSet]
		return &broken{Store: s,
			all: func(ctx context.Context, sets []*itsm.WriteSet) []error {
				kept.Store(&sets)
				return all(ctx, s, sets)
			},
			nextDue: func(ctx context.Context) (time.Time, bool, error) {
				if sets := kept.Load(); sets != nil && len((*sets)[0].Timers) == 0 {
					return time.Time{}, false, nil
				}
				return s.NextDue(ctx)
			}}
	}},
	"a batch is seen in older views": {"Batcher/as of a view that was opened before, nothing", func(s itsm.Store) itsm.Store {
		var done atomic.Bool
		return &broken{Store: s,
			all: func(ctx context.Context, sets []*itsm.WriteSet) []error {
				defer done.Store(true)
				return all(ctx, s, sets)
			},
			view: func(v itsm.Snapshot) itsm.Snapshot {
				return &brokenView{Snapshot: v, events: func(ctx context.Context, dst []*itsm.Event, k itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
					if !done.Load() {
						return v.Events(ctx, dst, k, after, limit)
					}
					newest, err := s.Snapshot(ctx)
					if err != nil {
						return dst, err
					}
					defer newest.Close()
					return newest.Events(ctx, dst, k, after, limit)
				}}
			}}
	}},
	"the reads of a batch are not compared": {"Batcher/any sets as one after the other through Apply", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			bare := make([]*itsm.WriteSet, len(sets))
			for i, set := range sets {
				bare[i] = with(set, func(w *itsm.WriteSet) { w.Reads = nil })
			}
			return all(ctx, s, bare)
		})},
	"a batch is given again when others write": {"Batcher/each set once beside others who write the same", batching(
		func(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) []error {
			faults := all(ctx, s, sets)
			runtime.Gosched()
			for i, err := range faults {
				if errors.Is(err, itsm.ErrConflict) {
					faults[i] = nil
				}
			}
			return faults
		})},
}
