package storetest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/itsmkit/itsmkit/itsm"
)

// purgeFaults are those of records that are purged.
var purgeFaults = map[string]fault{
	"what a purged record owned stays": {"Purge/gone everywhere, and all else as it was", purging(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet, v itsm.Snapshot) error {
			left := &itsm.WriteSet{}
			for _, p := range set.Purges {
				owned, err := v.Owned(ctx, nil, p.Key, "step")
				if err != nil {
					return err
				}
				for _, r := range owned {
					left.Records = append(left.Records, itsm.RecordWrite{Record: r, Owner: p.Key})
				}
			}
			return errors.Join(s.Apply(ctx, set), s.Apply(ctx, left))
		})},
	"what a purged record owned is found by its key": {"Purge/not found by key, with what it owns", func(s itsm.Store) itsm.Store {
		var steps sync.Map
		return &broken{Store: s, get: func(ctx context.Context, key itsm.Key) (itsm.Record, error) {
			r, err := getOf(s)(ctx, key)
			if key.Kind == "step" && err == nil {
				steps.Store(key, r)
			}
			if was, there := steps.Load(key); there && err != nil {
				return was.(itsm.Record), nil
			}
			return r, err
		}, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			for _, w := range set.Records {
				if w.Owner != (itsm.Key{}) {
					steps.Store(w.Record.Header().Key(), w.Record)
				}
			}
			return s.Apply(ctx, set)
		}}
	}},
	"the rows of a purged record's neighbour go too": {"Purge/gone everywhere, and all else as it was", purging(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet, v itsm.Snapshot) error {
			wide := with(set, func(w *itsm.WriteSet) {
				for _, p := range set.Purges {
					p.Key.ID += "0" // what begins with the id
					if r, err := v.Get(ctx, p.Key); err == nil {
						p.Expect = r.Header().Version
						w.Purges = append(slices.Clone(w.Purges), p)
					}
				}
			})
			return s.Apply(ctx, wide)
		})},
	"counts still have what was purged": {"Purge/not found by queries, not counted", func(s itsm.Store) itsm.Store {
		var purged atomic.Int64
		return &broken{Store: s,
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				purged.Add(int64(len(set.Purges)))
				return s.Apply(ctx, set)
			},
			view: func(v itsm.Snapshot) itsm.Snapshot {
				return &brokenView{Snapshot: v, count: func(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
					n, err := v.Count(ctx, q)
					return n + purged.Load(), err
				}}
			}}
	}},
	"the timers of a purged record stay": {"Purge/its timers are neither due nor claimed", purging(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet, v itsm.Snapshot) error {
			left := &itsm.WriteSet{}
			for _, p := range set.Purges {
				timers, err := v.Timers(ctx, nil, p.Key)
				if err != nil {
					return err
				}
				for _, t := range timers {
					left.Timers = append(left.Timers, itsm.TimerWrite{Timer: t})
				}
			}
			return errors.Join(s.Apply(ctx, set), s.Apply(ctx, left))
		})},
	"the version of what is purged is not compared":     {"Purge/another version is ErrConflict and changes nothing", purging(anyVersion)},
	"a purge takes what a writer has put since":         {"Purge/beside writers, of a version that was there", purging(anyVersion)},
	"what is gone already may be purged":                {"Purge/another version is ErrConflict and changes nothing", applying(passingOver(itsm.ErrConflict))},
	"what cannot be purged is passed over":              {"Purge/what no store can do is ErrInvalid and changes nothing", applying(passingOver(itsm.ErrInvalid))},
	"purges are done though their set is refused":       {"Purge/with the rest of its set or not at all", applying(regardless)},
	"purges come before the timers that their set sets": {"Purge/with the rest of its set or not at all", applying(purgingFirst)},
	"an older view loses the events of what is purged": {"Purge/an older view sees it as it was", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, view: func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, events: func(ctx context.Context, dst []*itsm.Event, k itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
				newest, err := s.Snapshot(ctx)
				if err != nil {
					return dst, err
				}
				defer newest.Close()
				return newest.Events(ctx, dst, k, after, limit)
			}}
		}}
	}},
	"a key that comes back finds its old rows": {"Purge/a key that is written again begins with nothing", func(s itsm.Store) itsm.Store {
		var rows sync.Map
		return &broken{Store: s,
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				for _, w := range set.Records {
					for _, r := range w.Rows {
						rows.Store(r.Record, r)
					}
				}
				return s.Apply(ctx, set)
			},
			view: func(v itsm.Snapshot) itsm.Snapshot {
				return &brokenView{Snapshot: v, findRows: func(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
					n := len(dst)
					dst, err := v.FindRows(ctx, dst, tenant, kind, key, limit)
					if r, there := rows.Load(itsm.Key{Tenant: tenant, Kind: "job", ID: "JOB000005"}); there && len(dst) == n {
						dst = append(dst, r.(itsm.Row))
					}
					return dst, err
				}}
			}}
	}},
	"positions count what is left": {"Purge/the feed keeps its positions, goes on from those that are gone, and uses none twice", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, feed: func(ctx context.Context, dst []itsm.Delivery, from itsm.Position, limit int) ([]itsm.Delivery, error) {
			all, err := s.Feed(ctx, nil, 0, 1_000_000)
			for i := range all {
				if all[i].Position = itsm.Position(i + 1); all[i].Position > from && limit > 0 {
					dst = append(dst, all[i])
					limit--
				}
			}
			return dst, err
		}}
	}},
	"a page of the feed is a stretch of positions": {"Purge/a page of the feed is full, whatever was purged", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, feed: func(ctx context.Context, dst []itsm.Delivery, from itsm.Position, limit int) ([]itsm.Delivery, error) {
			got, err := s.Feed(ctx, nil, from, limit)
			return append(dst, slices.DeleteFunc(got, func(d itsm.Delivery) bool { return d.Position > from+itsm.Position(limit) })...), err
		}}
	}},
	"the receipts of a purged record go": {"Purge/what others keep of it stays", purging(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet, v itsm.Snapshot) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) { w.Forget = &itsm.ActorKey{Tenant: "acme", Actor: "alice"} }))
		})},
	"a number is one more than the records that there are": {"Purge/a number does not come back", func(s itsm.Store) itsm.Store {
		var purged atomic.Int64
		return &broken{Store: s,
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				purged.Add(int64(len(set.Purges)))
				return s.Apply(ctx, set)
			},
			number: func(ctx context.Context, tenant, series string, above int64) (int64, error) {
				n, err := s.Number(ctx, tenant, series, above)
				return n - purged.Load(), err
			}}
	}},
	"no more than a hundred are purged at once": {"Purge/many at once", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) { w.Purges = w.Purges[:min(100, len(w.Purges))] }))
		})},
	"another handle keeps what was purged": {"Purge/on another handle too", func(s itsm.Store) itsm.Store {
		var handles atomic.Int64
		var kept sync.Map
		return &broken{Store: s,
			prepare: func(ctx context.Context, kinds []itsm.Codec) error {
				handles.Add(1)
				return s.Prepare(ctx, kinds)
			},
			get: func(ctx context.Context, key itsm.Key) (itsm.Record, error) {
				r, err := getOf(s)(ctx, key)
				if was, there := kept.Load(key); there && err != nil && handles.Load() > 1 {
					return was.(itsm.Record), nil
				}
				return r, err
			},
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				for _, p := range set.Purges {
					if r, err := getOf(s)(ctx, p.Key); err == nil {
						kept.Store(p.Key, r)
					}
				}
				return s.Apply(ctx, set)
			}}
	}},
}

// purging damages sets with purges, with a view from before each.
func purging(f func(ctx context.Context, s itsm.Store, set *itsm.WriteSet, v itsm.Snapshot) error) func(itsm.Store) itsm.Store {
	return applying(func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
		if len(set.Purges) == 0 {
			return s.Apply(ctx, set)
		}
		v, err := s.Snapshot(ctx)
		if err != nil {
			return err
		}
		defer v.Close()
		return f(ctx, s, set, v)
	})
}

// anyVersion purges what is there.
func anyVersion(ctx context.Context, s itsm.Store, set *itsm.WriteSet, _ itsm.Snapshot) error {
	for {
		now, err := s.Snapshot(ctx)
		if err != nil {
			return err
		}
		err = s.Apply(ctx, with(set, func(w *itsm.WriteSet) {
			w.Purges = slices.Clone(w.Purges)
			for i := range w.Purges {
				if r, err := now.Get(ctx, w.Purges[i].Key); err == nil {
					w.Purges[i].Expect = r.Header().Version
				}
			}
		}))
		gone := false
		for _, p := range set.Purges {
			_, err := now.Get(ctx, p.Key)
			gone = gone || err != nil
		}
		now.Close()
		if gone || !errors.Is(err, itsm.ErrConflict) {
			return err
		}
	}
}

// passingOver leaves the purges out that were refused with an error.
func passingOver(refusal error) func(context.Context, itsm.Store, *itsm.WriteSet) error {
	return func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
		err := s.Apply(ctx, set)
		if len(set.Purges) > 0 && errors.Is(err, refusal) {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) { w.Purges = nil }))
		}
		return err
	}
}

func regardless(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
	err := s.Apply(ctx, set)
	if err != nil {
		_ = s.Apply(ctx, &itsm.WriteSet{Purges: set.Purges})
	}
	return err
}

func purgingFirst(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
	err := s.Apply(ctx, set)
	if err == nil && len(set.Purges) > 0 {
		return s.Apply(ctx, &itsm.WriteSet{Timers: slices.DeleteFunc(slices.Clone(set.Timers), func(w itsm.TimerWrite) bool { return w.Cancel })})
	}
	return err
}
