package storetest_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// A fault is something that real stores get wrong, and the promise that it breaks, as group/promise.
type fault struct {
	breaks string
	damage func(s itsm.Store) itsm.Store
}

// lostHandle is the one fault that is not of a store but of its second handle, which TestRun opens.
const lostHandle = "a second handle has data of its own"

var faults = map[string]fault{
	"a lost race is reported as won": {"Race/100 writers of one record lose no update", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			if err := s.Apply(ctx, set); !errors.Is(err, itsm.ErrConflict) {
				return err
			}
			return nil
		})},
	"the events before the last are lost": {"Apply/a record comes with its whole history", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) {
				w.Records = slices.Clone(w.Records)
				for i := range w.Records {
					w.Records[i].Earlier = nil
				}
			}))
		})},
	"reads are not compared": {"Race/two that read what the other writes do not both win", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) { w.Reads = nil }))
		})},
	"records of a refused set stay": {"Apply/the last of many records undoes all", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			for i := 0; err != nil && i < len(set.Records); i++ {
				if s.Apply(ctx, &itsm.WriteSet{Records: set.Records[i : i+1]}) != nil {
					return err
				}
			}
			return err
		})},
	"timers of a refused set stay": {"Apply/a stale version is ErrConflict", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			if err != nil {
				return errors.Join(err, s.Apply(ctx, &itsm.WriteSet{Timers: set.Timers}))
			}
			return nil
		})},
	"a stale timer fires": {"Timers/a stale claim fires into nothing", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			if err := s.Apply(ctx, set); !errors.Is(err, itsm.ErrTimerGone) {
				return err
			}
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) { w.Fired = nil }))
		})},
	"a used receipt does not stop the set": {"Receipts/one of many with the same key", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			if err := s.Apply(ctx, set); !errors.Is(err, itsm.ErrConflict) {
				return err
			}
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) { w.Receipt = nil }))
		})},
	"rows are not redacted": {"Erasure/rows keep their digests", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) {
				w.Redactions = slices.Clone(w.Redactions)
				for i := range w.Redactions {
					w.Redactions[i].RowIDs = nil
				}
			}))
		})},
	"receipts are forgotten in every tenant": {"Erasure/forgets the receipts of one actor of one tenant", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			if set.Forget != nil {
				other := itsm.ActorKey{Tenant: "umbrella", Actor: set.Forget.Actor}
				if err := s.Apply(ctx, &itsm.WriteSet{Forget: &other}); err != nil {
					return err
				}
			}
			return s.Apply(ctx, set)
		})},
	"removed rows stay": {"Rows/removed rows are gone", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			return s.Apply(ctx, with(set, func(w *itsm.WriteSet) {
				w.Records = slices.Clone(w.Records)
				for i := range w.Records {
					w.Records[i].Removed = nil
				}
			}))
		})},
	"rows of every kind come kind by kind": {"Rows/by kind, after an id, up to a limit, in order of id", hanging(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Row, k itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
			got, err := v.Rows(ctx, dst, k, kind, after, limit)
			slices.SortStableFunc(got[len(dst):], func(a, b itsm.Row) int { return strings.Compare(string(a.Kind), string(b.Kind)) })
			return got, err
		})},
	"a limit counts the rows of other kinds": {"Rows/by kind, after an id, up to a limit, in order of id", hanging(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Row, k itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
			got, err := v.Rows(ctx, nil, k, "", after, limit)
			return append(dst, slices.DeleteFunc(got, func(r itsm.Row) bool { return kind != "" && r.Kind != kind })...), err
		})},
	"an older view loses the rows that are removed": {"Rows/of a kind, removed and erased, and as before in an older view", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, view: func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, rows: func(ctx context.Context, dst []itsm.Row, k itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
				newest, err := s.Snapshot(ctx)
				if err != nil {
					return dst, err
				}
				defer newest.Close()
				return newest.Rows(ctx, dst, k, kind, after, limit)
			}}
		}}
	}},
	"the keys of removed rows are still found": {"Rows/of a kind, removed and erased, and as before in an older view", func(s itsm.Store) itsm.Store {
		var found sync.Map
		return &broken{Store: s,
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				for _, w := range set.Records {
					for _, r := range w.Rows {
						found.Store(r.ID, r)
					}
				}
				return s.Apply(ctx, set)
			},
			view: func(v itsm.Snapshot) itsm.Snapshot {
				return &brokenView{Snapshot: v, findRows: func(_ context.Context, dst []itsm.Row, _ string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
					for id := range int64(100) {
						r, ok := found.Load(id)
						if ok && r.(itsm.Row).Kind == kind && r.(itsm.Row).Key == key && len(dst) < limit {
							dst = append(dst, r.(itsm.Row))
						}
					}
					return dst, nil
				}}
			}}
	}},
	"it is wrapped and no longer counts by a column": {"ColumnCounter/is there where the harness says so, and only there", viewing(
		func(v itsm.Snapshot) itsm.Snapshot { return struct{ itsm.Snapshot }{v} })},
	"what is empty is not counted": {"ColumnCounter/each column as the reference counts", counting(
		func(got []itsm.Bucket) []itsm.Bucket {
			return slices.DeleteFunc(got, func(b itsm.Bucket) bool { return b.Value.IsZero() })
		})},
	"a whole number is counted as another one": {"ColumnCounter/each column as the reference counts", counting(
		func(got []itsm.Bucket) []itsm.Bucket {
			for i := range got {
				if got[i].Value.Kind() == field.KindInt {
					got[i].Value = field.Number(float64(got[i].Value.Int()))
				}
			}
			return got
		})},
	"a page is counted, not all": {"ColumnCounter/of what a filter finds; sort, mark and limit do not matter", viewing(
		func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, countBy: func(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
				got, err := countByOf(v)(ctx, q, column, limit)
				for i := range got {
					if q.Limit > 0 {
						got[i].Count = min(got[i].Count, int64(q.Limit))
					}
				}
				return got, err
			}}
		})},
	"columns are counted as they are now": {"ColumnCounter/as of the view, whatever is written later", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, view: func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, countBy: func(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
				newest, err := s.Snapshot(ctx)
				if err != nil {
					return nil, err
				}
				defer newest.Close()
				return countByOf(newest)(ctx, q, column, limit)
			}}
		}}
	}},
	"the caller's slices are kept": {"Apply/the set belongs to the caller again", func(s itsm.Store) itsm.Store {
		var kept atomic.Pointer[itsm.Subscription]
		return &broken{Store: s,
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				err := s.Apply(ctx, set)
				if err == nil && set.Subscription != nil && set.Subscription.Name == "mail" {
					kept.Store(set.Subscription)
				}
				return err
			},
			view: func(v itsm.Snapshot) itsm.Snapshot {
				return &brokenView{Snapshot: v, subscription: func(ctx context.Context, name string) (itsm.Subscription, error) {
					if w := kept.Load(); w != nil && name == "mail" {
						return *w, nil
					}
					return v.Subscription(ctx, name)
				}}
			}}
	}},
	"a cancelled context writes": {"Cancel/before a call on the store", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(context.WithoutCancel(ctx), set)
			return errors.Join(err, ctx.Err())
		})},
	"a cancelled context spoils another's write": {"Cancel/of one caller does no harm to others", func(s itsm.Store) itsm.Store {
		var spoiled atomic.Bool
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			if ctx.Err() != nil {
				spoiled.Store(true)
			} else if spoiled.CompareAndSwap(true, false) {
				return context.Canceled
			}
			return s.Apply(ctx, set)
		}}
	}},
	"a set is written in two parts": {"Cancel/midway: all or nothing", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			if err := s.Apply(ctx, with(set, func(w *itsm.WriteSet) { w.Timers = nil })); err != nil {
				return err
			}
			for range 100 { // long enough to be cancelled in between
				runtime.Gosched()
			}
			return s.Apply(ctx, &itsm.WriteSet{Timers: set.Timers})
		})},
	"whoever is not alone conflicts": {"Race/sets that do not meet do not conflict", func(s itsm.Store) itsm.Store {
		var writing atomic.Int64
		return &broken{Store: s, apply: func(ctx context.Context, set *itsm.WriteSet) error {
			defer writing.Add(-1)
			if writing.Add(1) > 1 {
				return itsm.ErrConflict
			}
			runtime.Gosched()
			return s.Apply(ctx, set)
		}}
	}},
	"a deadlock is an error of its own": {"Race/sets over the same records in any order neither tear nor hang", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			if errors.Is(err, itsm.ErrConflict) {
				return errors.New("deadlock detected")
			}
			return err
		})},
	"it is wrapped and no longer a getter": {"Getter/is there where the harness says so, and only there",
		func(s itsm.Store) itsm.Store { return struct{ itsm.Store }{s} }},
	"the getter remembers what it once read": {"Getter/what is committed, at once", func(s itsm.Store) itsm.Store {
		var read sync.Map
		return &broken{Store: s, get: func(ctx context.Context, key itsm.Key) (itsm.Record, error) {
			if r, ok := read.Load(key); ok {
				return r.(itsm.Record), nil
			}
			r, err := getOf(s)(ctx, key)
			if err == nil {
				read.Store(key, r)
			}
			return r, err
		}}
	}},
	"the getter fetches no record twice": {"Getter/many at once: those that are there, as one by one", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, fetch: func(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
			keys = slices.Clone(keys)
			slices.SortFunc(keys, func(a, b itsm.Key) int { return strings.Compare(a.String(), b.String()) })
			return s.(itsm.Getter).Fetch(ctx, dst, slices.Compact(keys))
		}}
	}},
	"the getter finds what it once found": {"Getter/many at once, and pages, what is newest beside an older view", func(s itsm.Store) itsm.Store {
		var mu sync.Mutex
		var first itsm.Snapshot
		open := func(ctx context.Context) (itsm.Snapshot, error) {
			v, err := s.Snapshot(ctx)
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = v
			}
			return v, err
		}
		return &opened{&broken{Store: s, find: func(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			return first.Query(ctx, dst, q)
		}}, open}
	}},
	"the getter asks for anything": {"Getter/what a query cannot ask for is refused as in a view", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, find: func(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			found, err := s.(itsm.Getter).Find(ctx, dst, q)
			if errors.Is(err, itsm.ErrInvalid) {
				return dst, nil
			}
			return found, err
		}}
	}},
	"the getter forgets where a page begins": {"Query/sorted and paged as the reference", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, find: func(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			all := *q
			all.After = nil
			return s.(itsm.Getter).Find(ctx, dst, &all)
		}}
	}},
	"the getter shows what is still being written": {"Getter/neither torn, nor old, nor uncommitted beside writers", func(s itsm.Store) itsm.Store {
		var writing sync.Map
		return &broken{Store: s,
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				for _, w := range set.Records {
					writing.Store(w.Record.Header().Key(), w.Record)
					defer writing.Delete(w.Record.Header().Key())
				}
				for range 50 { // so that somebody looks
					runtime.Gosched()
				}
				return s.Apply(ctx, set)
			},
			get: func(ctx context.Context, key itsm.Key) (itsm.Record, error) {
				if r, ok := writing.Load(key); ok {
					return r.(itsm.Record), nil
				}
				return getOf(s)(ctx, key)
			}}
	}},
	"the receipt of a refused set stays": {"Kernel/commands that run again and again leave what those that run once leave", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			if errors.Is(err, itsm.ErrConflict) && set.Receipt != nil {
				return errors.Join(err, s.Apply(ctx, &itsm.WriteSet{Receipt: new(*set.Receipt)}))
			}
			return err
		})},
	"a timer of a refused set is gone": {"Kernel/commands that run again and again leave what those that run once leave", applying(
		func(ctx context.Context, s itsm.Store, set *itsm.WriteSet) error {
			err := s.Apply(ctx, set)
			if errors.Is(err, itsm.ErrConflict) && set.Fired != nil {
				return errors.Join(err, s.Apply(ctx, &itsm.WriteSet{Fired: set.Fired}))
			}
			return err
		})},
	lostHandle: {"Reopen/the second shows all that the first wrote", func(s itsm.Store) itsm.Store { return s }},

	"pages skip a record": {"Query/sorted and paged as the reference", querying(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			got, err := v.Query(ctx, dst, q)
			if q.After != nil && len(got) > len(dst) {
				got = slices.Delete(got, len(dst), len(dst)+1)
			}
			return got, err
		})},
	"ties are broken upwards always": {"Query/equal keys in order of id, either way", querying(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			up := *q
			if len(q.Sort) > 0 && q.Sort[len(q.Sort)-1].Column != "id" {
				up.Sort = append(slices.Clone(q.Sort), itsm.Sort{Column: "id"})
				if q.After != nil {
					up.After = &itsm.Mark{Values: append(slices.Clone(q.After.Values), field.Text(q.After.ID)), ID: q.After.ID}
				}
			}
			return v.Query(ctx, dst, &up)
		})},
	"an empty column is neither equal nor unequal": {"Filter/each operator", querying(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			trapped := *q
			if f := q.Filter; f != nil && f.Op == itsm.OpNot && f.Parts[0].Op == itsm.OpIn {
				known := itsm.All(*f, itsm.Not(itsm.Where(f.Parts[0].Column).Empty()))
				trapped.Filter = &known
			}
			return v.Query(ctx, dst, &trapped)
		})},
	"ids are found in either case": {"Names/odd ids are ids of their own, in byte order", querying(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			folded := *q
			if f := q.Filter; f != nil && f.Column == "id" && f.Op == itsm.OpIn {
				either := itsm.Where("id").In(f.Values[0].Text(), strings.ToLower(f.Values[0].Text()), strings.ToUpper(f.Values[0].Text()))
				folded.Filter = &either
			}
			return v.Query(ctx, dst, &folded)
		})},
	"an alternative leaves the tenant": {"Tenants/the same ids do not meet", querying(
		func(ctx context.Context, v itsm.Snapshot, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			got, err := v.Query(ctx, dst, q)
			if err == nil && q.Filter != nil && q.Filter.Op == itsm.OpAny {
				wide := *q
				wide.Tenant = "umbrella"
				return v.Query(ctx, got, &wide)
			}
			return got, err
		})},
	"dst is thrown away": {"Apply/what is found is appended", querying(
		func(ctx context.Context, v itsm.Snapshot, _ []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
			return v.Query(ctx, nil, q)
		})},
	"a count stops at the limit": {"Query/count is the number of records on all pages", viewing(
		func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, count: func(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
				n, err := v.Count(ctx, q)
				if q.Limit > 0 {
					n = min(n, int64(q.Limit))
				}
				return n, err
			}}
		})},
	"instants lose their nanoseconds": {"Get/instants from 1900 to 2199 with nanoseconds", eventually(
		func(e *itsm.Event) { e.At = e.At.Truncate(time.Microsecond) })},
	"an erased salt comes back empty, not nil": {"Erasure/an event keeps its digests and the values of other fields", eventually(
		func(e *itsm.Event) {
			e.Sealed = slices.Clone(e.Sealed)
			for i := range e.Sealed {
				e.Sealed[i].Salt = append([]byte{}, e.Sealed[i].Salt...)
			}
		})},
	"facts are parsed and written again": {"Events/every part as it was written", eventually(
		func(e *itsm.Event) { e.Facts = bytes.ReplaceAll(e.Facts, []byte(" "), nil) })},
	"one method of a view reads what is newest": {"Snapshot/all methods agree while others write", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, view: func(v itsm.Snapshot) itsm.Snapshot {
			return &brokenView{Snapshot: v, events: func(ctx context.Context, dst []*itsm.Event, k itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
				newest, err := s.Snapshot(ctx)
				if err != nil {
					return dst, err
				}
				defer newest.Close()
				runtime.Gosched()
				return newest.Events(ctx, dst, k, after, limit)
			}}
		}}
	}},
	"a view begins with its first read": {"Snapshot/from the moment that it was opened, not first read", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, view: func(v itsm.Snapshot) itsm.Snapshot {
			late := &brokenView{Snapshot: v}
			late.query = func(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
				begun, err := s.Snapshot(ctx)
				if err != nil {
					return dst, err
				}
				late.Snapshot.Close()
				late.Snapshot, late.query = begun, nil
				return begun.Query(ctx, dst, q)
			}
			return late
		}}
	}},
	"a later column is not filled for old records": {"Prepare/a later column finds the records that are there",
		func(s itsm.Store) itsm.Store {
			var prepared atomic.Bool
			return &broken{Store: s, prepare: func(ctx context.Context, kinds []itsm.Codec) error {
				if prepared.Swap(true) {
					return nil
				}
				return s.Prepare(ctx, kinds)
			}}
		}},

	"the feed passes over what commits late": {"Feed/loses nothing beside writers", func(s itsm.Store) itsm.Store {
		var writing atomic.Int64
		return &broken{Store: s,
			apply: func(ctx context.Context, set *itsm.WriteSet) error {
				writing.Add(1)
				defer writing.Add(-1)
				runtime.Gosched()
				return s.Apply(ctx, set)
			},
			feed: func(ctx context.Context, dst []itsm.Delivery, from itsm.Position, limit int) ([]itsm.Delivery, error) {
				got, err := s.Feed(ctx, dst, from, limit)
				if n := len(got); writing.Load() > 0 && n > len(dst)+1 {
					got = slices.Delete(got, n-2, n-1)
				}
				return got, err
			}}
	}},
	"the feed turns a record's events round": {"Feed/every event of all tenants and kinds, as it was written", feeding(
		func(got []itsm.Delivery) {
			for i := range len(got) - 1 {
				if a, b := &got[i], &got[i+1]; a.Event.Key == b.Event.Key && a.Event.Version == 3 {
					a.Event, b.Event = b.Event, a.Event
				}
			}
		})},
	"a claim is not kept": {"Timers/handed to one of many claimers at once", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, claim: func(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
			got, err := s.Claim(ctx, now, until, limit)
			if len(got) > 1 { // the last one is put back
				last := got[len(got)-1]
				err = s.Apply(ctx, &itsm.WriteSet{Timers: []itsm.TimerWrite{{Timer: last, Cancel: true}, {Timer: last}}})
			}
			return got, err
		}}
	}},
	"next due tells of timers that are claimed": {"Timers/next due is when a claim would find something", func(s itsm.Store) itsm.Store {
		var due atomic.Pointer[time.Time]
		return &broken{Store: s,
			claim: func(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
				got, err := s.Claim(ctx, now, until, limit)
				if len(got) > 0 {
					due.Store(&got[0].Due)
				}
				return got, err
			},
			nextDue: func(ctx context.Context) (time.Time, bool, error) {
				if at := due.Load(); at != nil {
					return *at, true, nil
				}
				return s.NextDue(ctx)
			}}
	}},
	"timers come in any order": {"Timers/claimed in order of due, then key, up to a limit", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, claim: func(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
			got, err := s.Claim(ctx, now, until, limit)
			slices.Reverse(got)
			return got, err
		}}
	}},
	"a number leaves its series where it was": {"Number/above a number that is given, and on from there", func(s itsm.Store) itsm.Store {
		return &broken{Store: s, number: func(ctx context.Context, tenant, series string, above int64) (int64, error) {
			n, err := s.Number(ctx, tenant, series, 0)
			return max(n, above+1), err
		}}
	}},
	"a number is read, then written": {"Number/never twice for many at once, ascending for each", func(s itsm.Store) itsm.Store {
		var last atomic.Int64
		return &broken{Store: s, number: func(context.Context, string, string, int64) (int64, error) {
			n := last.Load() + 1
			runtime.Gosched()
			last.Store(n)
			return n, nil
		}}
	}},
}

// faultNames are the faults in order.
func faultNames() []string {
	return slices.Sorted(maps.Keys(allFaults()))
}

func allFaults() map[string]fault {
	all := maps.Clone(faults)
	maps.Copy(all, ownedFaults)
	maps.Copy(all, purgeFaults)
	maps.Copy(all, batchFaults)
	return all
}
