package storetest_test

import (
	"context"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// broken is a store with some methods replaced.
type broken struct {
	itsm.Store
	prepare func(context.Context, []itsm.Codec) error
	apply   func(context.Context, *itsm.WriteSet) error
	view    func(itsm.Snapshot) itsm.Snapshot
	claim   func(context.Context, time.Time, time.Time, int) ([]itsm.Timer, error)
	nextDue func(context.Context) (time.Time, bool, error)
	feed    func(context.Context, []itsm.Delivery, itsm.Position, int) ([]itsm.Delivery, error)
	number  func(context.Context, string, string, int64) (int64, error)
	get     func(context.Context, itsm.Key) (itsm.Record, error)
	owned   ownedFunc
	fetch   func(context.Context, []itsm.Record, []itsm.Key) ([]itsm.Record, error)
	find    func(context.Context, []itsm.Record, *itsm.StoreQuery) ([]itsm.Record, error)
	all     func(context.Context, []*itsm.WriteSet) []error
}

// ownedFunc lists what a record owns, as stores and views do.
type ownedFunc func(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error)

// Get keeps the store in memory an itsm.Getter.
func (b *broken) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if b.get == nil {
		return getOf(b.Store)(ctx, key)
	}
	return b.get(ctx, key)
}

// Fetch keeps the store in memory an itsm.Getter.
func (b *broken) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	if b.fetch == nil {
		return b.Store.(itsm.Getter).Fetch(ctx, dst, keys)
	}
	return b.fetch(ctx, dst, keys)
}

// Find keeps the store in memory an itsm.Getter. Where only views are damaged, it is as they are.
func (b *broken) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	if b.find != nil {
		return b.find(ctx, dst, q)
	}
	v, err := b.Snapshot(ctx)
	if err != nil {
		return dst, err
	}
	defer v.Close()
	return v.Query(ctx, dst, q)
}

// Owned keeps the store in memory an itsm.Getter.
func (b *broken) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if b.owned == nil {
		return b.Store.(itsm.Getter).Owned(ctx, dst, owner, kind)
	}
	return b.owned(ctx, dst, owner, kind)
}

// ApplyAll keeps the store in memory an itsm.Batcher. Where only Apply is damaged, it is made of that.
func (b *broken) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	switch {
	case b.all != nil:
		return b.all(ctx, sets)
	case b.apply == nil:
		return b.Store.(itsm.Batcher).ApplyAll(ctx, sets)
	}
	faults := make([]error, len(sets))
	for i, set := range sets {
		faults[i] = b.apply(ctx, set)
	}
	return faults
}

// getOf is the Get of a store that is an itsm.Getter.
func getOf(s itsm.Store) func(context.Context, itsm.Key) (itsm.Record, error) {
	return s.(itsm.Getter).Get
}

func (b *broken) Prepare(ctx context.Context, kinds []itsm.Codec) error {
	if b.prepare == nil {
		return b.Store.Prepare(ctx, kinds)
	}
	return b.prepare(ctx, kinds)
}

func (b *broken) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if b.apply == nil {
		return b.Store.Apply(ctx, set)
	}
	return b.apply(ctx, set)
}

func (b *broken) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	v, err := b.Store.Snapshot(ctx)
	if b.view == nil || err != nil {
		return v, err
	}
	return b.view(v), nil
}

func (b *broken) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	if b.claim == nil {
		return b.Store.Claim(ctx, now, until, limit)
	}
	return b.claim(ctx, now, until, limit)
}

func (b *broken) NextDue(ctx context.Context) (time.Time, bool, error) {
	if b.nextDue == nil {
		return b.Store.NextDue(ctx)
	}
	return b.nextDue(ctx)
}

func (b *broken) Feed(ctx context.Context, dst []itsm.Delivery, from itsm.Position, limit int) ([]itsm.Delivery, error) {
	if b.feed == nil {
		return b.Store.Feed(ctx, dst, from, limit)
	}
	return b.feed(ctx, dst, from, limit)
}

func (b *broken) Number(ctx context.Context, tenant, series string, above int64) (int64, error) {
	if b.number == nil {
		return b.Store.Number(ctx, tenant, series, above)
	}
	return b.number(ctx, tenant, series, above)
}

// brokenView is a view with some methods replaced.
type brokenView struct {
	itsm.Snapshot
	query        func(context.Context, []itsm.Record, *itsm.StoreQuery) ([]itsm.Record, error)
	count        func(context.Context, *itsm.StoreQuery) (int64, error)
	owned        ownedFunc
	countBy      func(context.Context, *itsm.StoreQuery, string, int) ([]itsm.Bucket, error)
	events       func(context.Context, []*itsm.Event, itsm.Key, int64, int) ([]*itsm.Event, error)
	rows         func(context.Context, []itsm.Row, itsm.Key, itsm.RowKind, int64, int) ([]itsm.Row, error)
	findRows     func(context.Context, []itsm.Row, string, itsm.RowKind, string, int) ([]itsm.Row, error)
	subscription func(context.Context, string) (itsm.Subscription, error)
}

func (b *brokenView) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	if b.query == nil {
		return b.Snapshot.Query(ctx, dst, q)
	}
	return b.query(ctx, dst, q)
}

func (b *brokenView) Count(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
	if b.count == nil {
		return b.Snapshot.Count(ctx, q)
	}
	return b.count(ctx, q)
}

func (b *brokenView) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if b.owned == nil {
		return b.Snapshot.Owned(ctx, dst, owner, kind)
	}
	return b.owned(ctx, dst, owner, kind)
}

func (b *brokenView) Events(ctx context.Context, dst []*itsm.Event, k itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	if b.events == nil {
		return b.Snapshot.Events(ctx, dst, k, after, limit)
	}
	return b.events(ctx, dst, k, after, limit)
}

// CountBy keeps the store in memory an itsm.ColumnCounter.
func (b *brokenView) CountBy(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
	if b.countBy == nil {
		return countByOf(b.Snapshot)(ctx, q, column, limit)
	}
	return b.countBy(ctx, q, column, limit)
}

// countByOf is the CountBy of a view that is an itsm.ColumnCounter.
func countByOf(v itsm.Snapshot) func(context.Context, *itsm.StoreQuery, string, int) ([]itsm.Bucket, error) {
	return v.(itsm.ColumnCounter).CountBy
}

func (b *brokenView) Rows(ctx context.Context, dst []itsm.Row, k itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	if b.rows == nil {
		return b.Snapshot.Rows(ctx, dst, k, kind, after, limit)
	}
	return b.rows(ctx, dst, k, kind, after, limit)
}

func (b *brokenView) FindRows(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
	if b.findRows == nil {
		return b.Snapshot.FindRows(ctx, dst, tenant, kind, key, limit)
	}
	return b.findRows(ctx, dst, tenant, kind, key, limit)
}

func (b *brokenView) Subscription(ctx context.Context, name string) (itsm.Subscription, error) {
	if b.subscription == nil {
		return b.Snapshot.Subscription(ctx, name)
	}
	return b.subscription(ctx, name)
}

// applying, viewing, querying, hanging, counting, eventually and feeding damage one method.
func applying(f func(context.Context, itsm.Store, *itsm.WriteSet) error) func(itsm.Store) itsm.Store {
	return func(s itsm.Store) itsm.Store {
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error { return f(ctx, s, set) }}
	}
}

func viewing(f func(itsm.Snapshot) itsm.Snapshot) func(itsm.Store) itsm.Store {
	return func(s itsm.Store) itsm.Store { return &broken{Store: s, view: f} }
}

func querying(f func(context.Context, itsm.Snapshot, []itsm.Record, *itsm.StoreQuery) ([]itsm.Record, error)) func(itsm.Store) itsm.Store {
	return viewing(func(v itsm.Snapshot) itsm.Snapshot {
		return &brokenView{Snapshot: v, query: func(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			return f(ctx, v, dst, q)
		}}
	})
}

func hanging(f func(context.Context, itsm.Snapshot, []itsm.Row, itsm.Key, itsm.RowKind, int64, int) ([]itsm.Row, error)) func(itsm.Store) itsm.Store {
	return viewing(func(v itsm.Snapshot) itsm.Snapshot {
		return &brokenView{Snapshot: v, rows: func(ctx context.Context, dst []itsm.Row, k itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
			return f(ctx, v, dst, k, kind, after, limit)
		}}
	})
}

func counting(change func([]itsm.Bucket) []itsm.Bucket) func(itsm.Store) itsm.Store {
	return viewing(func(v itsm.Snapshot) itsm.Snapshot {
		return &brokenView{Snapshot: v, countBy: func(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
			got, err := countByOf(v)(ctx, q, column, limit)
			return change(got), err
		}}
	})
}

func eventually(change func(*itsm.Event)) func(itsm.Store) itsm.Store {
	return viewing(func(v itsm.Snapshot) itsm.Snapshot {
		return &brokenView{Snapshot: v, events: func(ctx context.Context, dst []*itsm.Event, k itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
			got, err := v.Events(ctx, dst, k, after, limit)
			for i := len(dst); i < len(got); i++ {
				e := *got[i]
				change(&e)
				got[i] = &e
			}
			return got, err
		}}
	})
}

func feeding(change func([]itsm.Delivery)) func(itsm.Store) itsm.Store {
	return func(s itsm.Store) itsm.Store {
		return &broken{Store: s, feed: func(ctx context.Context, dst []itsm.Delivery, from itsm.Position, limit int) ([]itsm.Delivery, error) {
			got, err := s.Feed(ctx, dst, from, limit)
			change(got[len(dst):])
			return got, err
		}}
	}
}

// batching damages ApplyAll.
func batching(f func(context.Context, itsm.Store, []*itsm.WriteSet) []error) func(itsm.Store) itsm.Store {
	return func(s itsm.Store) itsm.Store {
		return &broken{Store: s, all: func(ctx context.Context, sets []*itsm.WriteSet) []error { return f(ctx, s, sets) }}
	}
}

// with answers a changed copy of a set.
func with(set *itsm.WriteSet, change func(*itsm.WriteSet)) *itsm.WriteSet {
	w := *set
	change(&w)
	return &w
}

// opened is a broken store that opens views in another way.
type opened struct {
	*broken
	snapshot func(context.Context) (itsm.Snapshot, error)
}

func (o *opened) Snapshot(ctx context.Context) (itsm.Snapshot, error) { return o.snapshot(ctx) }
