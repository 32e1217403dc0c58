package storetest_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/itsmkit/itsmkit/itsm"
)

// ownedFaults are those of records that others own.
var ownedFaults = map[string]fault{
	"what is owned comes in any order": {"Owned/by owner and kind, in order of id", owning(
		func(got []itsm.Record) []itsm.Record { slices.Reverse(got); return got })},
	"what is owned is read with a pattern": {"Owned/by owner and kind, in order of id", ownedBy(
		func(ctx context.Context, s itsm.Store, owned ownedFunc, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
			got, err := owned(ctx, dst, owner, kind)
			if err != nil {
				return got, err
			}
			owner.ID += "0" // what begins with the id
			return owned(ctx, got, owner, kind)
		})},
	"the kind of what is owned does not matter": {"Owned/by owner and kind, in order of id", ownedBy(
		func(ctx context.Context, s itsm.Store, owned ownedFunc, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
			got, err := owned(ctx, dst, owner, kind)
			if err == nil && kind == "chore" {
				return owned(ctx, got, owner, "step")
			}
			return got, err
		})},
	"what is owned is as it was first put": {"Owned/each as it was last put, the others as they were", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) {
				w.Records = slices.DeleteFunc(slices.Clone(w.Records), func(r itsm.RecordWrite) bool { return r.Owner != (itsm.Key{}) && r.Expect > 0 })
			}))
		})},
	"queries leave out what is owned": {"Owned/found by queries and counts on their columns", querying(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			got, err := v.Query(ctx, dst, q)
			return slices.DeleteFunc(got, func(r itsm.Record) bool { return r != nil && r.Header().Kind == "step" }), err
		})},
	"counts leave out what is owned": {"Owned/found by queries and counts on their columns", viewing(
		func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, count: func(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
				if q.Kind == "step" {
					return 0, ctx.Err()
				}
				return v.Count(ctx, q)
			}}
		})},
	"an older view lists what is owned now": {"Owned/as of the view, whatever is put later", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, view: func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, owned: s.(itsm.Getter).Owned}
		}}
	}},
	"the version of what is owned is not compared": {"Owned/a row of another version is ErrConflict, also one that must be new", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) {
				w.Records = slices.Clone(w.Records)
				for i := range w.Records {
					if r := &w.Records[i]; r.Owner != (itsm.Key{}) {
						r.Expect = 0
						if there, err := getOf(s)(ctx, r.Record.Header().Key()); err == nil {
							r.Expect = there.Header().Version
						}
					}
				}
			}))
		})},
	"an owned record that is there is ErrExists": {"Owned/a row of another version is ErrConflict, also one that must be new", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			if errors.Is(err, itsm.ErrConflict) && slices.ContainsFunc(set.Records, func(r itsm.RecordWrite) bool { return r.Owner != (itsm.Key{}) && r.Expect == 0 }) {
				return itsm.ErrExists
			}
			return err
		})},
	"what is owned is written before its owner is compared": {"Owned/with their owner or not at all", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			for i := 0; err != nil && i < len(set.Records); i++ {
				if set.Records[i].Owner != (itsm.Key{}) {
					_ = s.Apply(ctx, &itsm.WriteSet{Records: set.Records[i : i+1]})
				}
			}
			return err
		})},
	"an owner may be of another tenant": {"Owned/what no owner can have is ErrInvalid and changes nothing", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) {
				w.Records = slices.Clone(w.Records)
				for i := range w.Records {
					if r := &w.Records[i]; r.Owner.Tenant != "" {
						r.Owner.Tenant = r.Record.Header().Tenant
					}
				}
			}))
		})},
	"what is owned in another tenant is listed": {"Owned/tenants do not meet", ownedBy(
		func(ctx context.Context, s itsm.Store, owned ownedFunc, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
			got, err := owned(ctx, dst, owner, kind)
			if err == nil && owner.Tenant == "acme" {
				owner.Tenant = "umbrella"
				return owned(ctx, got, owner, kind)
			}
			return got, err
		})},
	"what is owned replaces what was found": {"Owned/what is found is appended", ownedBy(
		func(ctx context.Context, s itsm.Store, owned ownedFunc, _ []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
			return owned(ctx, nil, owner, kind)
		})},
	"the getter remembers what was owned": {"Owned/of a getter, what is newest beside an older view", func(s itsm.Store) itsm.Store {
		var read sync.Map
		return &broken{Store: s, owned: func(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
			got, err := s.(itsm.Getter).Owned(ctx, nil, owner, kind)
			if err != nil || len(got) == 0 {
				return dst, err
			}
			was, _ := read.LoadOrStore(owner, got)
			return append(dst, was.([]itsm.Record)...), nil
		}}
	}},
	"the getter reads what is owned one by one": {"Owned/of one instant beside writers", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, owned: func(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
			got, err := s.(itsm.Getter).Owned(ctx, nil, owner, kind)
			for i := range got {
				if err == nil {
					for range 50 { // so that somebody writes
						runtime.Gosched()
					}
					got[i], err = getOf(s)(ctx, got[i].Header().Key())
				}
			}
			return append(dst, got...), err
		}}
	}},
	"the rows of a refused set stay": {"Kernel/commands that run again and again leave what those that run once leave", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			for i := range set.Records {
				if w := set.Records[i]; errors.Is(err, itsm.ErrConflict) && w.Owner != (itsm.Key{}) {
					_ = s.Apply(ctx, &itsm.WriteSet{Records: []itsm.RecordWrite{w}})
				}
			}
			return err
		})},
}

// owning damages what is owned, read either way; ownedBy the reading of it.
func owning(change func([]itsm.Record) []itsm.Record) func(itsm.Store) itsm.Store {
	return ownedBy(func(ctx context.Context, _ itsm.Store, owned ownedFunc, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
		got, err := owned(ctx, nil, owner, kind)
		return append(dst, change(got)...), err
	})
}

func ownedBy(f func(ctx context.Context, s itsm.Store, owned ownedFunc, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error)) func(itsm.Store) itsm.Store {
	return func(s itsm.Store) itsm.Store {
		through := func(owned ownedFunc) ownedFunc {
			return func(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
				return f(ctx, s, owned, dst, owner, kind)
			}
		}
		return &broken{Store: s, owned: through(s.(itsm.Getter).Owned), view: func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, owned: through(v.Owned)}
		}}
	}
}
