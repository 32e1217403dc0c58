package faulty

import (
	"context"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// store is the part of the wrapped store that every store has.
type store struct {
	of itsm.Store
	c  *Control
}

func (s *store) Prepare(ctx context.Context, kinds []itsm.Codec) error {
	return s.c.around(ctx, Call{Method: "Prepare"}, func(ctx context.Context) error { return s.of.Prepare(ctx, kinds) })
}

func (s *store) Snapshot(ctx context.Context) (v itsm.Snapshot, err error) {
	err = s.c.around(ctx, Call{Method: "Snapshot"}, func(ctx context.Context) (err error) {
		v, err = s.of.Snapshot(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	bare := &snapshot{v, s.c}
	if counter, is := v.(itsm.ColumnCounter); is {
		return &countingSnapshot{bare, counter}, nil
	}
	return bare, nil
}

func (s *store) Apply(ctx context.Context, set *itsm.WriteSet) error {
	return s.c.around(ctx, Call{Method: "Apply", Writes: true, Sets: true}, func(ctx context.Context) error { return s.of.Apply(ctx, set) })
}

func (s *store) Number(ctx context.Context, tenant, series string, above int64) (n int64, err error) {
	err = s.c.around(ctx, Call{Method: "Number", Writes: true}, func(ctx context.Context) (err error) {
		n, err = s.of.Number(ctx, tenant, series, above)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s *store) Claim(ctx context.Context, now, until time.Time, limit int) (timers []itsm.Timer, err error) {
	err = s.c.around(ctx, Call{Method: "Claim", Writes: true}, func(ctx context.Context) (err error) {
		timers, err = s.of.Claim(ctx, now, until, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return timers, nil
}

func (s *store) NextDue(ctx context.Context) (due time.Time, any bool, err error) {
	err = s.c.around(ctx, Call{Method: "NextDue"}, func(ctx context.Context) (err error) {
		due, any, err = s.of.NextDue(ctx)
		return err
	})
	return due, any, err
}

func (s *store) Feed(ctx context.Context, dst []itsm.Delivery, after itsm.Position, limit int) ([]itsm.Delivery, error) {
	return read(ctx, s.c, "Feed", dst, func(ctx context.Context) ([]itsm.Delivery, error) { return s.of.Feed(ctx, dst, after, limit) })
}

// read is around for what appends to dst, which it answers with an error as it was.
func read[T any](ctx context.Context, c *Control, method string, dst []T, do func(context.Context) ([]T, error)) (got []T, err error) {
	err = c.around(ctx, Call{Method: method}, func(ctx context.Context) (err error) {
		got, err = do(ctx)
		return err
	})
	if err != nil {
		return dst, err
	}
	return got, nil
}

// getter is the part of a store that is an [itsm.Getter].
type getter struct {
	of itsm.Getter
	c  *Control
}

func (g getter) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	return record(ctx, g.c, "Get", func(ctx context.Context) (itsm.Record, error) { return g.of.Get(ctx, key) })
}

func (g getter) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	return read(ctx, g.c, "Fetch", dst, func(ctx context.Context) ([]itsm.Record, error) { return g.of.Fetch(ctx, dst, keys) })
}

func (g getter) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	return read(ctx, g.c, "Find", dst, func(ctx context.Context) ([]itsm.Record, error) { return g.of.Find(ctx, dst, q) })
}

func (g getter) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	return read(ctx, g.c, "Owned", dst, func(ctx context.Context) ([]itsm.Record, error) { return g.of.Owned(ctx, dst, owner, kind) })
}

func record(ctx context.Context, c *Control, method string, do func(context.Context) (itsm.Record, error)) (r itsm.Record, err error) {
	err = c.around(ctx, Call{Method: method}, func(ctx context.Context) (err error) {
		r, err = do(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// batcher is the part of a store that is an [itsm.Batcher].
type batcher struct {
	of itsm.Batcher
	c  *Control
}

// ApplyAll fails as a whole, but for sets that conflict by themselves.
func (b batcher) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	faults := make([]error, len(sets))
	var rest []*itsm.WriteSet
	var at []int
	for i, set := range sets {
		if b.c.next(Call{Method: "ApplyAll", Sets: true}) == Conflict {
			faults[i] = itsm.ErrConflict
			continue
		}
		rest, at = append(rest, set), append(at, i)
	}
	answers := make([]error, len(rest))
	err := b.c.around(ctx, Call{Method: "ApplyAll", Writes: true}, func(ctx context.Context) error {
		copy(answers, b.of.ApplyAll(ctx, rest))
		return nil
	})
	for i, answer := range answers {
		if answer == nil {
			answer = err // a refused set was not written, whatever became of the others
		}
		faults[at[i]] = answer
	}
	return faults
}

// snapshot is a view whose reads fail.
type snapshot struct {
	of itsm.Snapshot
	c  *Control
}

func (v *snapshot) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	return record(ctx, v.c, "Snapshot.Get", func(ctx context.Context) (itsm.Record, error) { return v.of.Get(ctx, key) })
}

func (v *snapshot) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	return read(ctx, v.c, "Snapshot.Query", dst, func(ctx context.Context) ([]itsm.Record, error) { return v.of.Query(ctx, dst, q) })
}

func (v *snapshot) Count(ctx context.Context, q *itsm.StoreQuery) (n int64, err error) {
	err = v.c.around(ctx, Call{Method: "Snapshot.Count"}, func(ctx context.Context) (err error) {
		n, err = v.of.Count(ctx, q)
		return err
	})
	return n, err
}

func (v *snapshot) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	return read(ctx, v.c, "Snapshot.Owned", dst, func(ctx context.Context) ([]itsm.Record, error) { return v.of.Owned(ctx, dst, owner, kind) })
}

func (v *snapshot) Events(ctx context.Context, dst []*itsm.Event, key itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	return read(ctx, v.c, "Snapshot.Events", dst, func(ctx context.Context) ([]*itsm.Event, error) { return v.of.Events(ctx, dst, key, after, limit) })
}

func (v *snapshot) Rows(ctx context.Context, dst []itsm.Row, key itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	return read(ctx, v.c, "Snapshot.Rows", dst, func(ctx context.Context) ([]itsm.Row, error) { return v.of.Rows(ctx, dst, key, kind, after, limit) })
}

func (v *snapshot) FindRows(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
	return read(ctx, v.c, "Snapshot.FindRows", dst, func(ctx context.Context) ([]itsm.Row, error) {
		return v.of.FindRows(ctx, dst, tenant, kind, key, limit)
	})
}

func (v *snapshot) Timers(ctx context.Context, dst []itsm.Timer, key itsm.Key) ([]itsm.Timer, error) {
	return read(ctx, v.c, "Snapshot.Timers", dst, func(ctx context.Context) ([]itsm.Timer, error) { return v.of.Timers(ctx, dst, key) })
}

func (v *snapshot) Receipt(ctx context.Context, key itsm.ReceiptKey) (r *itsm.Receipt, err error) {
	err = v.c.around(ctx, Call{Method: "Snapshot.Receipt"}, func(ctx context.Context) (err error) {
		r, err = v.of.Receipt(ctx, key)
		return err
	})
	return r, err
}

func (v *snapshot) Subscription(ctx context.Context, name string) (s itsm.Subscription, err error) {
	err = v.c.around(ctx, Call{Method: "Snapshot.Subscription"}, func(ctx context.Context) (err error) {
		s, err = v.of.Subscription(ctx, name)
		return err
	})
	return s, err
}

func (v *snapshot) Close() { v.of.Close() }

// countingSnapshot is a view that counts by columns.
type countingSnapshot struct {
	*snapshot
	counter itsm.ColumnCounter
}

func (v *countingSnapshot) CountBy(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
	return read(ctx, v.c, "Snapshot.CountBy", nil, func(ctx context.Context) ([]itsm.Bucket, error) { return v.counter.CountBy(ctx, q, column, limit) })
}
