package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/itsmkit/itsmkit/itsm"
)

// races: many writers at once lose nothing and overwrite nothing.
var races = []promise{
	{"100 writers of one record lose no update", func(t *trial) { t.countUp(t.store) }},
	{"one of many makes a record", func(t *trial) {
		for n := range rounds(20) {
			errs := together(6, func(i int) error {
				j := newJob(key(id(n)))
				j.Amount = int64(i)
				return t.store.Apply(t.Context(), put(j, newJob(itsm.Key{Tenant: acme, Kind: chores, ID: fmt.Sprint(n, "by", i)})))
			})
			won, _ := t.tally(errs, itsm.ErrExists, "Apply of the same new record by many at once")
			if got := t.get(key(id(n))); won != 1 || errs[got.Amount] != nil {
				t.Errorf("Apply of the same new record by many at once: %d made it, and the store has that of caller %d, who got error %v", won, got.Amount, errs[got.Amount])
			}
		}
		if got := t.query(&itsm.StoreQuery{Tenant: acme, Kind: chores, Limit: 1000}); len(got) != rounds(20) {
			t.Errorf("Apply of the same new record by many at once: %d of %d sets have left something", len(got), rounds(20))
		}
	}},
	{"sets over the same records in any order neither tear nor hang", func(t *trial) {
		const accounts, sum = 5, 500
		for n := range accounts {
			j := newJob(key(id(n)))
			j.Amount = sum / accounts
			set := put(j)
			set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
			set.Timers = []itsm.TimerWrite{{Timer: j.timer("close", after(1))}}
			t.apply(set)
		}
		each := rounds(50)
		errs := together(8, func(i int) error {
			r := rand.New(rand.NewPCG(2, uint64(i)))
			for range each {
				if err := t.transfer(r, accounts); err != nil {
					return err
				}
			}
			return nil
		})
		for _, err := range errs {
			t.ok(err, "Apply of two records by many at once")
		}
		t.ok(t.balance(sum), "the view after all writers")
	}},
	{"two that read what the other writes do not both win", func(t *trial) {
		for n := range rounds(80) {
			a, b := newJob(key(id(n))), newJob(itsm.Key{Tenant: acme, Kind: chores, ID: id(n)})
			t.put(a, b)
			pair := [2]*job{a, b}
			errs := together(2, func(i int) error {
				set := put(pair[i].next(nil))
				set.Reads = []itsm.VersionCheck{{Key: pair[1-i].Key(), Expect: 1}}
				return t.store.Apply(t.Context(), set)
			})
			if won, _ := t.tally(errs, itsm.ErrConflict, "Apply of two sets, each with a read of the other's record"); won != 1 {
				t.Fatalf("Apply of two sets, each with a read of the other's record: %d won, want 1", won)
			}
		}
	}},
	{"two that each expect the other's record not to be there do not both win", func(t *trial) {
		for n := range rounds(80) {
			pair := [2]itsm.Key{key(id(n)), {Tenant: acme, Kind: chores, ID: id(n)}}
			errs := together(2, func(i int) error {
				set := put(newJob(pair[i]))
				set.Reads = []itsm.VersionCheck{{Key: pair[1-i]}}
				return t.store.Apply(t.Context(), set)
			})
			if won, _ := t.tally(errs, itsm.ErrConflict, "Apply of two new records, each with a check that the other is not there"); won != 1 {
				t.Fatalf("Apply of two new records, each with a check that the other is not there: %d won, want 1", won)
			}
		}
	}},
	{"sets that do not meet do not conflict", func(t *trial) {
		each := rounds(30)
		errs := together(16, func(i int) error {
			j := newJob(key(fmt.Sprint("own", i)))
			for range each {
				set := put(j)
				set.Timers = []itsm.TimerWrite{{Timer: j.timer("close", after(i))}}
				set.Records[0].Rows = []itsm.Row{j.row(j.Version, "message")}
				set.Receipt = j.receipt(fmt.Sprint(i, "at", j.Version))
				if err := t.store.Apply(t.Context(), set); err != nil {
					return err
				}
				j = j.next(nil)
			}
			return nil
		})
		for _, err := range errs {
			t.ok(err, "Apply of sets that have nothing in common")
		}
	}},
}

// countUp lets a hundred callers add one to a record, through one or more handles.
func (t *trial) countUp(stores ...itsm.Store) {
	t.Helper()
	const callers = 100
	j := newJob(key(id(1)))
	t.put(j)
	// At first all write over the version that all have read, so that there is a race however fast the store is.
	first := make([]*itsm.WriteSet, callers)
	for i := range first {
		first[i] = put(j.next(func(j *job) { j.Amount++ }))
	}
	errs := together(callers, func(i int) error {
		store := stores[i%len(stores)]
		if err := store.Apply(t.Context(), first[i]); !errors.Is(err, itsm.ErrConflict) {
			return err
		}
		return retryOn(t.Context(), store, func(v itsm.Snapshot) (*itsm.WriteSet, error) {
			r, err := v.Get(t.Context(), j.Key())
			if err != nil {
				return nil, err
			}
			return put(r.(*job).next(func(j *job) { j.Amount++ })), nil
		})
	})
	for _, err := range errs {
		t.ok(err, "Apply by many at once")
	}
	got := t.get(j.Key())
	if got.Amount != callers || got.Version != callers+1 {
		t.Errorf("Apply by many at once: %d of %d updates are there, at version %d, want %d", got.Amount, callers, got.Version, callers+1)
	}
	t.view(func(v itsm.Snapshot) {
		events, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
		t.ok(err, "Events")
		t.same(versions(events), serial(1, callers+1), "Events of a record with many writers")
	})
}

// retry reads and applies on the trial's store until no other writer came first.
func (t *trial) retry(plan func(v itsm.Snapshot) (*itsm.WriteSet, error)) error {
	return retryOn(t.Context(), t.store, plan)
}

func retryOn(ctx context.Context, s itsm.Store, plan func(v itsm.Snapshot) (*itsm.WriteSet, error)) error {
	for {
		v, err := s.Snapshot(ctx)
		if err != nil {
			return err
		}
		set, err := plan(v)
		v.Close()
		if err != nil {
			return err
		}
		runtime.Gosched() // lets others write first
		if err := s.Apply(ctx, set); !errors.Is(err, itsm.ErrConflict) {
			return err
		}
	}
}

// reopened: two handles on one store, as two processes have them.
var reopened = []promise{
	{"the second shows all that the first wrote", func(t *trial) {
		j := t.furnished()
		t.changeEverything(j)
		before := t.dump()
		first := t.store
		t.store = t.second()
		t.same(t.dump(), before, "a second handle")
		t.put(newJob(key(id(5))))
		after := t.dump()
		t.store = first
		t.same(t.dump(), after, "the first handle after the second wrote")
	}},
	{"compares versions with what the other wrote", func(t *trial) {
		j := t.furnished()
		first := t.store
		t.store = t.second()
		t.put(j.next(nil))
		t.store = first
		t.refused(put(j.next(nil)), itsm.ErrConflict, "a version that was written through another handle")
		t.refused(put(newJob(j.Key())), itsm.ErrExists, "a record that was written through another handle")
	}},
	{"never gives a number twice", func(t *trial) {
		a := t.number(acme, jobs)
		second := t.second()
		b, err := second.Number(t.Context(), acme, jobs, 0)
		t.ok(err, "Number of a second handle")
		c := t.number(acme, jobs)
		if numbers := []int64{a, b, c}; a == b || b == c || a == c {
			t.Errorf("Number by two handles in turn: %v", numbers)
		}
		t.numbersAtOnce(t.store, second)
	}},
	{"does not hand out what the other has claimed", func(t *trial) {
		j := newJob(key(id(1)))
		var all []itsm.Timer
		for n := range 20 {
			all = append(all, j.timer(fmt.Sprint(n), after(n)))
		}
		t.set(j, all...)
		second := t.second()
		t.claim(after(50), after(100), 5, all[:5]...)
		first := t.store
		t.store = second
		t.claim(after(50), after(100), 5, all[5:10]...)
		t.apply(&itsm.WriteSet{Fired: &all[0]})
		t.store = first
		set := put(j.next(nil))
		set.Fired = &all[0]
		t.refused(set, itsm.ErrTimerGone, "a timer that the other handle fired")
		t.claim(after(50), after(100), 100, all[10:]...)
	}},
	{"feeds the events of both", func(t *trial) { second := t.second(); t.feedBesideWriters(second, t.store, second) }},
	{"counts the updates of both", func(t *trial) { t.countUp(t.store, t.second()) }},
	{"a view of one does not show what the other applies later", func(t *trial) {
		j := t.furnished()
		second := t.second()
		before := t.lookNow()
		v := t.snapshot()
		defer v.Close()
		t.store = second
		t.changeEverything(j)
		t.same(t.look(v), before, "a view shows what another handle applied after it was opened")
	}},
	{"fires a timer once for many on both", func(t *trial) {
		stores := []itsm.Store{t.store, t.second()}
		const timers = 40
		set := &itsm.WriteSet{}
		for n := range timers {
			j := newJob(key(id(n)))
			set.Records = append(set.Records, j.write())
			set.Timers = append(set.Timers, itsm.TimerWrite{Timer: j.timer("close", after(n))})
		}
		t.apply(set)
		var fired atomic.Int64
		errs := together(8, func(i int) error {
			s := stores[i%2]
			for pass := range 20 { // claims end at once, so that many hold the same timer
				now := after(100 + pass)
				claimed, err := s.Claim(t.Context(), now, now, 10)
				if err != nil {
					return err
				}
				for _, timer := range claimed {
					effect := newJob(itsm.Key{Tenant: acme, Kind: chores, ID: fmt.Sprint(timer.Key.ID, "by", i, "in", pass)})
					set := put(effect)
					set.Fired = &timer
					err := s.Apply(t.Context(), set)
					if err == nil {
						fired.Add(1)
					} else if !errors.Is(err, itsm.ErrTimerGone) {
						return err
					}
				}
			}
			return nil
		})
		for _, err := range errs {
			t.ok(err, "Claim and Apply of timers by many on two handles")
		}
		found := t.query(&itsm.StoreQuery{Tenant: acme, Kind: chores, Limit: 1000})
		var records []string
		for _, f := range found {
			records = append(records, f[:len(id(0))])
		}
		slices.Sort(records)
		if n := len(slices.Compact(records)); int(fired.Load()) != timers || len(found) != timers || n != timers {
			t.Errorf("timers fired by many on two handles: %d fired, with %d effects for %d records, want %d of each", fired.Load(), len(found), n, timers)
		}
	}},
}

// second is another handle on the trial's store.
func (t *trial) second() itsm.Store {
	t.Helper()
	if t.harness.Reopen == nil {
		t.Skip("the harness has no Reopen: the store does not outlive its handle")
	}
	s := t.harness.Reopen(t.T, t.store)
	t.ok(s.Prepare(t.Context(), kinds()), "Prepare of a second handle")
	return s
}
