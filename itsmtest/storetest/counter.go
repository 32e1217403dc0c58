package storetest

import (
	"cmp"
	"context"
	"slices"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// counters: a store that counts by a column answers what counting the records that it hands out would.
var counters = []promise{
	{"is there where the harness says so, and only there", func(t *trial) {
		t.view(func(v itsm.Snapshot) {
			if _, is := v.(itsm.ColumnCounter); is != t.harness.ColumnCounter {
				t.Errorf("the harness says ColumnCounter: %t, and a snapshot, a %T, is an itsm.ColumnCounter: %t", t.harness.ColumnCounter, v, is)
			}
		})
	}},
	{"each column as the reference counts", func(t *trial) {
		t.mustCounter()
		w := t.zoo()
		for _, c := range (codec{kind: jobs}).Columns() {
			if c.Kind == field.KindList {
				continue
			}
			t.same(t.countBy(&itsm.StoreQuery{Tenant: acme, Kind: jobs}, c.Name), w.counted(nil, c.Name), "CountBy %s", c.Name)
		}
	}},
	{"of what a filter finds; sort, mark and limit do not matter", func(t *trial) {
		t.mustCounter()
		w := t.zoo()
		columns := codec{kind: jobs}.Columns()
		for range rounds(200) {
			c := columns[w.IntN(len(columns))]
			if c.Kind == field.KindList {
				continue
			}
			f := w.filter(2)
			q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &f, Sort: w.sort(), Limit: 1}
			q.After = &itsm.Mark{Values: make([]field.Value, len(q.Sort)), ID: "ZOO000150"}
			t.same(t.countBy(q, c.Name), w.counted(&f, c.Name), "CountBy %s, filter %s", c.Name, asJSON(f))
			if t.Failed() {
				return
			}
		}
	}},
	{"as of the view, whatever is written later", func(t *trial) {
		t.mustCounter()
		w := t.zoo()
		count := func(v itsm.Snapshot, column string) []itsm.Bucket {
			got, err := v.(itsm.ColumnCounter).CountBy(t.Context(), &itsm.StoreQuery{Tenant: acme, Kind: jobs}, column, 1000)
			t.ok(err, "CountBy %s", column)
			return got
		}
		v := t.snapshot()
		defer v.Close()
		want := map[string][]itsm.Bucket{}
		for _, column := range []string{"state", "assignee", "amount", "updated_at", "title"} {
			want[column] = w.counted(nil, column)
		}
		for n, r := range w.all[:50] {
			changed := r.(*job).next(func(j *job) { j.State, j.Assignee, j.Amount, j.Title = "odd", "nobody", int64(n), "other" })
			t.put(changed)
			w.all[n] = changed
		}
		made := newJob(itsm.Key{Tenant: acme, Kind: jobs, ID: "ZOO999999"})
		t.put(made)
		w.all = append(w.all, made)
		for column, was := range want {
			t.view(func(now itsm.Snapshot) {
				t.same(count(now, column), w.counted(nil, column), "CountBy %s after a write", column)
			})
			t.same(count(v, column), was, "CountBy %s of a view that was opened before a write", column)
		}
	}},
	{"up to a limit of values", func(t *trial) {
		t.mustCounter()
		for n := range 20 {
			t.put(newJob(key(id(n))))
		}
		t.view(func(v itsm.Snapshot) {
			for _, column := range []string{"id", "state"} {
				got, err := v.(itsm.ColumnCounter).CountBy(t.Context(), &itsm.StoreQuery{Tenant: acme, Kind: jobs}, column, 7)
				t.ok(err, "CountBy %s", column)
				if want := map[string]int{"id": 7, "state": 1}[column]; len(got) != want {
					t.Errorf("CountBy %s of 20 records with limit 7: %d buckets, want %d", column, len(got), want)
				}
			}
		})
	}},
	{"of nothing is nothing", func(t *trial) {
		t.mustCounter()
		t.same(t.countBy(&itsm.StoreQuery{Tenant: acme, Kind: jobs}, "state"), []itsm.Bucket{}, "CountBy of an empty store")
	}},
	{"a cancelled context is its error", func(t *trial) {
		t.mustCounter()
		t.furnished()
		gone, cancel := context.WithCancel(t.Context())
		t.view(func(v itsm.Snapshot) {
			cancel()
			_, err := v.(itsm.ColumnCounter).CountBy(gone, &itsm.StoreQuery{Tenant: acme, Kind: jobs}, "state", 10)
			t.fails(err, context.Canceled, "CountBy with a cancelled context")
		})
	}},
}

func (t *trial) mustCounter() {
	t.Helper()
	if !t.harness.ColumnCounter {
		t.Skip("the harness says ColumnCounter: false: the kernel counts what the store hands out")
	}
	t.view(func(v itsm.Snapshot) {
		if _, is := v.(itsm.ColumnCounter); !is {
			t.Fatalf("the harness says ColumnCounter: true, and a %T is no itsm.ColumnCounter", v)
		}
	})
}

func (t *trial) countBy(q *itsm.StoreQuery, column string) (got []itsm.Bucket) {
	t.Helper()
	t.view(func(v itsm.Snapshot) {
		var err error
		got, err = v.(itsm.ColumnCounter).CountBy(t.Context(), q, column, 1000)
		t.ok(err, "CountBy %s of %s", column, asJSON(q))
	})
	return got
}

// counted is what a column's values must be counted as.
func (w *zoo) counted(f *itsm.Filter, column string) (buckets []itsm.Bucket) {
	for _, r := range w.matching(f) {
		v := codec{kind: jobs}.Value(r, column)
		if v.IsZero() {
			v = field.Value{}
		}
		i := slices.IndexFunc(buckets, func(b itsm.Bucket) bool { return b.Value.Equal(v) })
		if i < 0 {
			i, buckets = len(buckets), append(buckets, itsm.Bucket{Value: v})
		}
		buckets[i].Count++
	}
	slices.SortFunc(buckets, func(a, b itsm.Bucket) int {
		return cmp.Or(field.Compare(a.Value, b.Value), cmp.Compare(a.Value.Kind(), b.Value.Kind()))
	})
	return buckets
}
