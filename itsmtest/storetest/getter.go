package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/itsmkit/itsmkit/itsm"
)

// getters: a store that reads single records without a snapshot shows what a snapshot of that moment would. [trial.get]
// compares the two wherever the suite reads a record, and [trial.query] wherever it asks for a page, so here is only what one alone can get wrong.
var getters = []promise{
	{"is there where the harness says so, and only there", func(t *trial) {
		stores := []itsm.Store{t.store}
		if t.harness.Reopen != nil {
			stores = append(stores, t.second())
		}
		for _, s := range stores {
			if _, is := s.(itsm.Getter); is != t.harness.Getter {
				t.Errorf("the harness says Getter: %t, and a %T is an itsm.Getter: %t", t.harness.Getter, s, is)
			}
		}
	}},
	{"what is committed, at once", func(t *trial) {
		get := t.mustGetter()
		j := newJob(key(id(1)))
		for range 5 {
			t.put(j)
			got, err := get.Get(t.Context(), j.Key())
			t.ok(err, "Getter.Get")
			t.same(got, j, "Getter.Get after Apply")
			j = j.next(func(j *job) { j.Amount += 10; j.Title += "!" })
		}
	}},
	{"what is newest, beside an older view", func(t *trial) {
		get := t.mustGetter()
		j := newJob(key(id(1)))
		t.put(j)
		v := t.snapshot()
		defer v.Close()
		later, made := j.next(nil), newJob(key(id(2)))
		t.put(later, made)
		for _, want := range []*job{later, made} {
			got, err := get.Get(t.Context(), want.Key())
			t.ok(err, "Getter.Get beside a view")
			t.same(got, want, "Getter.Get beside a view that was opened earlier")
		}
		got, err := v.Get(t.Context(), j.Key())
		t.ok(err, "Get")
		t.same(got, j, "Get of a view after Getter.Get saw a later version")
	}},
	{"ErrNotFound for what is not there", func(t *trial) {
		get := t.mustGetter()
		t.put(newJob(key(id(1))))
		for _, k := range []itsm.Key{
			key(id(2)), {Tenant: umbrella, Kind: jobs, ID: id(1)}, {Tenant: acme, Kind: chores, ID: id(1)},
			{Tenant: acme, Kind: "stranger", ID: id(1)}, key("job000001"), key(id(1) + " "),
		} {
			r, err := get.Get(t.Context(), k)
			t.fails(err, itsm.ErrNotFound, "Getter.Get %s", quoted(k))
			if r != nil {
				t.Errorf("Getter.Get %s: got a record beside the error", quoted(k))
			}
		}
	}},
	{"ErrInvalid for an incomplete key", func(t *trial) {
		get := t.mustGetter()
		for _, k := range []itsm.Key{{Kind: jobs, ID: id(1)}, {Tenant: acme, ID: id(1)}, {Tenant: acme, Kind: jobs}, {}} {
			_, err := get.Get(t.Context(), k)
			t.fails(err, itsm.ErrInvalid, "Getter.Get %s", quoted(k))
		}
	}},
	{"a cancelled context is its error", func(t *trial) {
		get := t.mustGetter()
		j := t.furnished()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for _, k := range []itsm.Key{j.Key(), key(id(99))} {
			_, err := get.Get(gone, k)
			t.fails(err, context.Canceled, "Getter.Get with a cancelled context")
			_, err = get.Owned(gone, nil, k, steps)
			t.fails(err, context.Canceled, "Getter.Owned with a cancelled context")
		}
		t.same(t.get(j.Key()), j, "Getter.Get after one with a cancelled context")
	}},
	{"what it handed out stays the same", func(t *trial) {
		get := t.mustGetter()
		j := t.furnished()
		got, err := get.Get(t.Context(), j.Key())
		t.ok(err, "Getter.Get")
		t.changeEverything(j)
		t.same(got, j, "what Getter.Get had handed out has changed with later writes")
	}},
	{"many at once: those that are there, as one by one", func(t *trial) {
		get := t.mustGetter()
		j := t.furnished()
		other := newJob(itsm.Key{Tenant: umbrella, Kind: jobs, ID: id(1)})
		chore := newJob(itsm.Key{Tenant: acme, Kind: chores, ID: id(7)})
		t.put(other, chore)
		keys := []itsm.Key{
			chore.Key(), j.Key(), key(id(98)), other.Key(), {Tenant: acme, Kind: "stranger", ID: id(1)}, j.Key(), {Tenant: umbrella, Kind: chores, ID: id(7)},
		}
		got, err := get.Fetch(t.Context(), []itsm.Record{chore}, keys)
		t.ok(err, "Getter.Fetch")
		if len(got) == 0 || got[0] != itsm.Record(chore) {
			t.Errorf("Getter.Fetch: what was in dst is not where it was")
		}
		slices.SortFunc(got, func(a, b itsm.Record) int {
			return strings.Compare(a.Header().Key().String(), b.Header().Key().String())
		})
		t.same(got, []itsm.Record{chore, chore, t.get(j.Key()), t.get(j.Key()), other}, "Getter.Fetch of two kinds and tenants, one key twice, others not there")
		_, err = get.Fetch(t.Context(), nil, []itsm.Key{j.Key(), {Tenant: acme, Kind: jobs}})
		t.fails(err, itsm.ErrInvalid, "Getter.Fetch with an incomplete key")
		none, err := get.Fetch(t.Context(), nil, nil)
		t.ok(err, "Getter.Fetch of nothing")
		t.same(none, []itsm.Record{}, "Getter.Fetch of nothing")
	}},
	{"many at once, and pages, what is newest beside an older view", func(t *trial) {
		get := t.mustGetter()
		j := newJob(key(id(1)))
		t.put(j)
		v := t.snapshot()
		defer v.Close()
		later := j.next(func(j *job) { j.Assignee = "zoe" })
		t.put(later)
		got, err := get.Fetch(t.Context(), nil, []itsm.Key{j.Key()})
		t.ok(err, "Getter.Fetch")
		t.same(got, []itsm.Record{later}, "Getter.Fetch beside a view that was opened earlier")
		f := itsm.Where("assignee").Is("zoe")
		page, err := get.Find(t.Context(), nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &f, Limit: 5})
		t.ok(err, "Getter.Find")
		t.same(page, []itsm.Record{later}, "Getter.Find beside a view that was opened earlier")
	}},
	{"what a query cannot ask for is refused as in a view", func(t *trial) {
		get := t.mustGetter()
		t.furnished()
		bad := itsm.Filter{Op: "like", Column: "title"}
		for what, q := range map[string]itsm.StoreQuery{
			"no tenant":        {Kind: jobs, Limit: 5},
			"no kind":          {Tenant: acme, Limit: 5},
			"an unknown kind":  {Tenant: acme, Kind: "stranger", Limit: 5},
			"a wrong operator": {Tenant: acme, Kind: jobs, Filter: &bad, Limit: 5},
		} {
			var want error
			t.view(func(v itsm.Snapshot) { _, want = v.Query(t.Context(), nil, &q) })
			_, err := get.Find(t.Context(), nil, &q)
			t.same(itsm.CodeOf(answered(err)), itsm.CodeOf(answered(want)), "Getter.Find of a query with %s", what)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := get.Find(gone, nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 5})
		t.fails(err, context.Canceled, "Getter.Find with a cancelled context")
		_, err = get.Fetch(gone, nil, []itsm.Key{key(id(1))})
		t.fails(err, context.Canceled, "Getter.Fetch with a cancelled context")
	}},
	{"neither torn, nor old, nor uncommitted beside writers", func(t *trial) { t.getBesideWriters(t.mustGetter()) }},
}

// getBesideWriters reads records while some write them, and others write over them what is refused.
func (t *trial) getBesideWriters(get itsm.Getter) {
	t.Helper()
	const records = 3
	const refused = -1 // the amount of what must never be seen
	var committed [records]atomic.Int64
	for n := range records {
		t.put(newJob(key(id(n))))
		committed[n].Store(1)
	}
	t.put(newJob(key(id(99))))
	each := rounds(120)
	write := func(n int) error {
		j := newJob(key(id(n)))
		for range each {
			j = j.next(func(j *job) { j.Amount++; j.Note = fmt.Sprint(j.Amount) })
			if err := t.store.Apply(t.Context(), put(j)); err != nil {
				return err
			}
			committed[n].Store(j.Version)
			runtime.Gosched()
		}
		return nil
	}
	spoil := func(n int) error {
		for range each {
			j := newJob(key(id(n)))
			j.Version = committed[n].Load()
			set := put(j.next(func(j *job) { j.Amount = refused }), newJob(key(fmt.Sprint("never", n))))
			set.Reads = []itsm.VersionCheck{{Key: key(id(99)), Expect: 2}}
			if err := t.store.Apply(t.Context(), set); !errors.Is(err, itsm.ErrConflict) {
				return fmt.Errorf("Apply of a set that expects a version that is not there: got error %v, want %v", err, itsm.ErrConflict)
			}
		}
		return nil
	}
	read := func(n int) error {
		for range each {
			least := committed[n].Load()
			r, err := get.Get(t.Context(), key(id(n)))
			if err != nil {
				return err
			}
			j, is := r.(*job)
			switch {
			case !is:
				return fmt.Errorf("got a %T", r)
			case j.Amount == refused:
				return errors.New("got what Apply refused")
			case j.Version < least:
				return fmt.Errorf("got version %d after version %d was committed", j.Version, least)
			case j.Amount != j.Version-1 || j.Version > 1 && j.Note != fmt.Sprint(j.Amount):
				return fmt.Errorf("got parts of different versions: version %d, amount %d, note %q", j.Version, j.Amount, j.Note)
			}
			if _, err := get.Get(t.Context(), key(fmt.Sprint("never", n))); !errors.Is(err, itsm.ErrNotFound) {
				return fmt.Errorf("of a record that Apply refused: got error %v, want %v", err, itsm.ErrNotFound)
			}
		}
		return nil
	}
	errs := together(3*records, func(i int) error {
		return []func(int) error{write, spoil, read}[i/records](i % records)
	})
	for _, err := range errs {
		t.ok(err, "Getter.Get beside writers")
	}
}

// getter is the store's way to a record without a snapshot; nil where the harness says that there is none.
func (t *trial) getter() itsm.Getter {
	t.Helper()
	if !t.harness.Getter {
		return nil
	}
	g, is := t.store.(itsm.Getter)
	if !is {
		t.Fatalf("the harness says Getter: true, and a %T is no itsm.Getter", t.store)
	}
	return g
}

func (t *trial) mustGetter() itsm.Getter {
	t.Helper()
	g := t.getter()
	if g == nil {
		t.Skip("the harness says Getter: false: the store reads through snapshots alone")
	}
	return g
}
