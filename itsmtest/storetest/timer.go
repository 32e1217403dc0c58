package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// timers: set, moved, cancelled, claimed and fired.
var timers = []promise{
	{"in order of name, of one record", func(t *trial) {
		j := t.furnished()
		t.apply(&itsm.WriteSet{Timers: []itsm.TimerWrite{{Timer: j.timer("Close", after(1))}, {Timer: j.timer("a", after(99))}}})
		t.pending(j.Key(), "Close", "a", "close", "remind")
		t.pending(key(id(2)), "close")
		t.pending(key(id(7)))
	}},
	{"claimed when due, not before", func(t *trial) {
		j := newJob(key(id(1)))
		t.set(j, j.timer("close", after(10)))
		t.claim(after(10).Add(-1), after(100), 10)
		t.claim(after(10), after(100), 10, j.timer("close", after(10)))
	}},
	{"claimed in order of due, then key, up to a limit", func(t *trial) {
		all := []itsm.Timer{}
		for n, k := range []itsm.Key{
			{Tenant: umbrella, Kind: chores, ID: id(1)}, {Tenant: acme, Kind: jobs, ID: id(2)}, {Tenant: acme, Kind: jobs, ID: id(1)},
			{Tenant: acme, Kind: chores, ID: id(3)}, {Tenant: umbrella, Kind: jobs, ID: id(0)}, {Tenant: acme, Kind: jobs, ID: "B"}, {Tenant: acme, Kind: jobs, ID: "a"},
		} {
			j := newJob(k)
			same, apart := j.timer("same", after(5)), j.timer("apart", after(5).Add(time.Duration(50-n)))
			t.set(j, same, apart)
			all = append(all, same, apart)
		}
		slices.SortFunc(all, func(a, b itsm.Timer) int {
			return cmp.Or(a.Due.Compare(b.Due), strings.Compare(a.Key.Tenant, b.Key.Tenant),
				strings.Compare(a.Key.Kind, b.Key.Kind), strings.Compare(a.Key.ID, b.Key.ID))
		})
		for len(all) > 0 {
			n := min(4, len(all))
			t.claim(after(5).Add(100), after(50), 4, all[:n]...)
			all = all[n:]
		}
		t.claim(after(5).Add(100), after(50), 4)
	}},
	{"a claim holds until its end, then the timer is handed out again", func(t *trial) {
		j := newJob(key(id(1)))
		timer := j.timer("close", after(10))
		t.set(j, timer)
		t.claim(after(20), after(100), 10, timer)
		t.claim(after(20), after(100), 10)
		t.claim(after(100).Add(-1), after(200), 10)
		t.claim(after(100), after(200), 10, timer)
		t.claim(after(199), after(300), 10)
		t.pending(j.Key(), "close")
	}},
	{"a claim takes only what it answers", func(t *trial) {
		j := newJob(key(id(1)))
		first, second := j.timer("a", after(10)), j.timer("b", after(11))
		t.set(j, first, second, j.timer("c", after(90)))
		t.claim(after(20), after(100), 1, first)
		t.claim(after(20), after(100), 1, second)
		t.claim(after(20), after(100), 1)
	}},
	{"a cancelled timer is gone", func(t *trial) {
		j := newJob(key(id(1)))
		t.set(j, j.timer("close", after(10)), j.timer("remind", after(10)))
		t.apply(&itsm.WriteSet{Timers: []itsm.TimerWrite{{Timer: itsm.Timer{Key: j.Key(), Name: "close"}, Cancel: true}}})
		t.pending(j.Key(), "remind")
		t.claim(after(20), after(100), 10, j.timer("remind", after(10)))
		t.apply(&itsm.WriteSet{Timers: []itsm.TimerWrite{{Timer: j.timer("remind", after(10)), Cancel: true}}})
		t.claim(after(100), after(200), 10)
		t.nextDue(time.Time{})
		set := put(newJob(key(id(3))))
		set.Fired = new(j.timer("close", after(10)))
		t.refused(set, itsm.ErrTimerGone, "a fired timer that was cancelled")
	}},
	{"to cancel what is not there is no error", func(t *trial) {
		j := t.furnished()
		before := t.dump()
		t.apply(&itsm.WriteSet{Timers: []itsm.TimerWrite{{Timer: j.timer("never", after(1)), Cancel: true}, {Timer: itsm.Timer{Key: key(id(7)), Name: "close"}, Cancel: true}}})
		t.unchanged(before, "timers that are not there were cancelled")
	}},
	{"a moved timer is one timer at its new instant", func(t *trial) {
		j := newJob(key(id(1)))
		t.set(j, j.timer("close", after(10)))
		n := j.next(nil)
		moved := n.timer("close", after(50))
		moved.Trigger = "shut"
		t.set(n, moved)
		t.pending(j.Key(), "close")
		t.nextDue(after(50))
		t.claim(after(49), after(100), 10)
		t.claim(after(50), after(100), 10, moved)
		n = n.next(nil)
		earlier := n.timer("close", after(5))
		t.set(n, earlier)
		t.nextDue(after(5))
		t.claim(after(6), after(100), 10, earlier)
	}},
	{"a moved timer is free of the claim on the old one", func(t *trial) {
		j := newJob(key(id(1)))
		t.set(j, j.timer("close", after(10)))
		t.claim(after(10), after(1000), 10, j.timer("close", after(10)))
		n := j.next(nil)
		t.set(n, n.timer("close", after(20)))
		t.nextDue(after(20))
		t.claim(after(20), after(1000), 10, n.timer("close", after(20)))
	}},
	{"a stale claim fires into nothing", func(t *trial) {
		j := newJob(key(id(1)))
		old := j.timer("close", after(10))
		t.set(j, old)
		t.claim(after(10), after(1000), 10, old)
		n := j.next(nil)
		t.set(n, n.timer("close", after(20)))
		set := put(n.next(nil))
		set.Fired = &old
		set.Timers = []itsm.TimerWrite{{Timer: n.timer("extra", after(1))}}
		t.refused(set, itsm.ErrTimerGone, "a fired timer that was moved")
	}},
	{"fired once", func(t *trial) {
		j := newJob(key(id(1)))
		timer := j.timer("close", after(10))
		t.set(j, timer, j.timer("remind", after(30)))
		n := j.next(nil)
		set := put(n)
		set.Fired = &timer
		t.apply(set)
		t.pending(j.Key(), "remind")
		t.nextDue(after(30))
		set = put(n.next(nil))
		set.Fired = &timer
		t.refused(set, itsm.ErrTimerGone, "a timer that has fired")
	}},
	{"fired without a claim, as long as it is there", func(t *trial) {
		j := newJob(key(id(1)))
		timer := j.timer("close", after(10))
		t.set(j, timer)
		t.claim(after(10), after(20), 10, timer)
		t.claim(after(20), after(30), 10, timer)
		t.apply(&itsm.WriteSet{Fired: &timer})
		t.pending(j.Key())
		t.claim(after(30), after(40), 10)
	}},
	{"what fired may set itself again in the same set", func(t *trial) {
		j := newJob(key(id(1)))
		timer := j.timer("close", after(10))
		t.set(j, timer)
		t.claim(after(10), after(1000), 10, timer)
		n := j.next(nil)
		set := put(n)
		set.Fired = &timer
		set.Timers = []itsm.TimerWrite{{Timer: n.timer("close", after(20))}}
		t.apply(set)
		t.pending(j.Key(), "close")
		t.claim(after(20), after(1000), 10, n.timer("close", after(20)))
	}},
	{"next due is when a claim would find something", func(t *trial) {
		t.nextDue(time.Time{})
		j := newJob(key(id(1)))
		late, soon := j.timer("late", after(30)), j.timer("soon", after(10).Add(1))
		t.set(j, late, soon)
		t.nextDue(soon.Due)
		t.claim(after(11), after(60), 10, soon)
		t.nextDue(late.Due)
		t.claim(after(31), after(50), 10, late)
		t.nextDue(after(50))
		t.claim(after(50), after(90), 10, late)
		t.nextDue(after(60))
		t.apply(&itsm.WriteSet{Fired: &soon})
		t.nextDue(after(90))
		t.apply(&itsm.WriteSet{Timers: []itsm.TimerWrite{{Timer: late, Cancel: true}}})
		t.nextDue(time.Time{})
	}},
	{"handed to one of many claimers at once", func(t *trial) {
		const claimers, records = 8, 50
		set := &itsm.WriteSet{}
		for n := range records {
			j := newJob(key(id(n)))
			set.Records = append(set.Records, j.write())
			for m := range 6 {
				set.Timers = append(set.Timers, itsm.TimerWrite{Timer: j.timer(fmt.Sprint(m), after(n%7))})
			}
		}
		t.apply(set)
		got := make([][]itsm.Timer, claimers+1)
		claimAll := func(i int) error {
			for {
				batch, err := t.store.Claim(t.Context(), after(10), after(100), 7)
				if err != nil || len(batch) == 0 {
					return err
				}
				got[i] = append(got[i], batch...)
			}
		}
		for _, err := range together(claimers, claimAll) {
			t.ok(err, "Claim by many at once")
		}
		// Claimers may pass over what another is just taking; what is left then belongs to the last.
		t.ok(claimAll(claimers), "Claim")
		handed := map[string]int{}
		for _, batch := range got {
			for _, timer := range batch {
				handed[text(timer)]++
			}
		}
		for _, w := range set.Timers {
			if n := handed[text(w.Timer)]; n != 1 {
				t.Fatalf("Claim by many at once: %s was handed out %d times, want once", text(w.Timer), n)
			}
		}
		if len(handed) != len(set.Timers) {
			t.Errorf("Claim by many at once: handed out %d timers, want the %d that were set", len(handed), len(set.Timers))
		}
	}},
	{"fired by one of many", func(t *trial) {
		for n := range rounds(20) {
			j := newJob(key(id(n)))
			timer := j.timer("close", after(10))
			t.set(j, timer)
			errs := together(6, func(i int) error {
				effect := newJob(itsm.Key{Tenant: acme, Kind: chores, ID: fmt.Sprint(n, "by", i)})
				set := put(effect)
				set.Fired = &timer
				return t.store.Apply(t.Context(), set)
			})
			if won, _ := t.tally(errs, itsm.ErrTimerGone, "Apply of a fired timer by many at once"); won != 1 {
				t.Errorf("Apply of a fired timer by many at once: %d have fired it, want 1", won)
			}
		}
		q := &itsm.StoreQuery{Tenant: acme, Kind: chores, Limit: 1000}
		if got := t.query(q); len(got) != rounds(20) {
			t.Errorf("Apply of a fired timer by many at once: %d effects of %d timers", len(got), rounds(20))
		}
	}},
}

// set writes a record and timers with it.
func (t *trial) set(j *job, timers ...itsm.Timer) {
	t.Helper()
	set := put(j)
	for _, timer := range timers {
		set.Timers = append(set.Timers, itsm.TimerWrite{Timer: timer})
	}
	t.apply(set)
}

// claim expects a claim to hand out these timers, in this order; of one due and key the order does not matter.
func (t *trial) claim(now, until time.Time, limit int, want ...itsm.Timer) {
	t.Helper()
	got, err := t.store.Claim(t.Context(), now, until, limit)
	t.ok(err, "Claim")
	byName := func(a, b itsm.Timer) int {
		if a.Due.Equal(b.Due) && a.Key == b.Key {
			return strings.Compare(a.Name, b.Name)
		}
		return 0
	}
	slices.SortStableFunc(got, byName)
	slices.SortStableFunc(want, byName)
	t.same(got, want, "Claim at %s until %s, limit %d", instant(now), instant(until), limit)
}

// nextDue expects an instant, or nothing where it is zero.
func (t *trial) nextDue(want time.Time) {
	t.Helper()
	got, pending, err := t.store.NextDue(t.Context())
	t.ok(err, "NextDue")
	if pending == want.IsZero() || pending && !got.Equal(want) {
		t.Errorf("NextDue: got %s (%t), want %s", instant(got), pending, instant(want))
	}
}

// pending expects a record to have timers of these names.
func (t *trial) pending(k itsm.Key, want ...string) {
	t.Helper()
	t.view(func(v itsm.Snapshot) {
		got, err := v.Timers(t.Context(), nil, k)
		t.ok(err, "Timers")
		var names []string
		for _, timer := range got {
			names = append(names, timer.Name)
		}
		t.same(fmt.Sprintf("%q", names), fmt.Sprintf("%q", want), "Timers of %s", quoted(k))
	})
}
