package storetest

import (
	"errors"
	"fmt"

	"github.com/itsmkit/itsmkit/itsm"
)

// purges: a record that goes wholly, and nothing else with it.
var purges = []promise{
	{"gone everywhere, and all else as it was", func(t *trial) {
		t.neighbours()
		before := t.dump()
		j := t.richest()
		t.purge(j)
		t.unchanged(before, "a record was written and purged")
	}},
	{"not found by key, with what it owns", func(t *trial) {
		j := t.richest()
		t.purge(j)
		gone := []itsm.Key{j.Key(), j.step("a", nil).Key(), j.step("b", nil).Key()}
		t.view(func(v itsm.Snapshot) {
			for _, k := range gone {
				_, err := v.Get(t.Context(), k)
				t.fails(err, itsm.ErrNotFound, "Get %s, which was purged", quoted(k))
			}
			owned, err := v.Owned(t.Context(), nil, j.Key(), steps)
			t.ok(err, "Owned")
			t.same(owned, []itsm.Record{}, "Owned by a record that was purged")
		})
		if g := t.getter(); g != nil {
			for _, k := range gone {
				_, err := g.Get(t.Context(), k)
				t.fails(err, itsm.ErrNotFound, "Getter.Get %s, which was purged", quoted(k))
			}
		}
	}},
	{"not found by queries, not counted", func(t *trial) {
		t.neighbours()
		j := t.richest()
		t.searches() // so that a store with indexes has them
		want := t.searches(j.ID, j.step("a", nil).ID, j.step("b", nil).ID)
		t.purge(j)
		t.same(t.searches(), want, "queries and counts after a record was purged")
	}},
	{"its timers are neither due nor claimed", func(t *trial) {
		t.neighbours()
		j := t.richest()
		first := newJob(j.Key()).timer("first", after(1))
		t.claim(after(2), after(100), 1, first)
		t.purge(j)
		t.nextDue(after(30))
		other := newJob(key(id(1)))
		t.claim(after(1000), after(2000), 10, other.timer("remind", after(30)), other.timer("close", after(60)), newJob(key(id(2))).timer("close", after(90)))
		t.refused(&itsm.WriteSet{Fired: &first}, itsm.ErrTimerGone, "a timer of a record that was purged")
	}},
	{"another version is ErrConflict and changes nothing", func(t *trial) {
		j := t.furnished()
		n := j.next(nil)
		t.put(n)
		for _, p := range []itsm.VersionCheck{
			{Key: j.Key(), Expect: 1}, {Key: j.Key(), Expect: 3},
			{Key: key(id(9)), Expect: 1}, {Key: itsm.Key{Tenant: umbrella, Kind: jobs, ID: id(1)}, Expect: 2},
		} {
			set := crowded()
			set.Purges = []itsm.VersionCheck{{Key: key(id(2)), Expect: 1}, p}
			t.refused(set, itsm.ErrConflict, fmt.Sprintf("a purge of version %d of %s", p.Expect, quoted(p.Key)))
		}
		t.purge(n)
		t.refused(&itsm.WriteSet{Purges: []itsm.VersionCheck{{Key: n.Key(), Expect: 2}}}, itsm.ErrConflict, "a purge of what was purged")
	}},
	{"with the rest of its set or not at all", func(t *trial) {
		j := t.furnished()
		fired := j.timer("close", after(60))
		set := crowded()
		set.Purges = []itsm.VersionCheck{{Key: j.Key(), Expect: 1}, {Key: key(id(2)), Expect: 1}}
		set.Fired = &fired
		set.Reads = []itsm.VersionCheck{{Key: j.Key(), Expect: 1}, {Key: key(id(9)), Expect: 1}}
		t.refused(set, itsm.ErrConflict, "purges and a read that does not hold")
		set.Reads = set.Reads[:1]
		set.Timers = append(set.Timers, itsm.TimerWrite{Timer: j.timer("late", after(3))})
		t.apply(set)
		t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10}), []string{id(3)}, "Query after two were purged and one written in a set")
		t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: steps, Limit: 10}), []string{newJob(key(id(3))).step("a", nil).ID}, "Query of what is owned after that")
		t.pending(j.Key())
		t.nextDue(after(10))
		t.same(t.receipt(newJob(key(id(3))).receipt("twice").ReceiptKey), newJob(key(id(3))).receipt("twice"), "Receipt of a set with purges")
	}},
	{"an older view sees it as it was", func(t *trial) {
		t.neighbours()
		j := t.richest()
		found := t.searches()
		v := t.snapshot()
		defer v.Close()
		seen := t.look(v)
		t.purge(j)
		t.same(t.look(v), seen, "a view that was opened before a purge")
		t.same(t.searchesOf(v), found, "queries of a view that was opened before a purge")
		later := t.snapshot()
		defer later.Close()
		left := t.look(later)
		again := newJob(j.Key())
		set := put(again)
		set.Records[0].Rows = []itsm.Row{again.row(1, "other"), again.row(4, "message")}
		t.apply(set)
		t.same(t.look(v), seen, "a view that was opened before a purge, after the key was written again")
		t.same(t.look(later), left, "a view that was opened after a purge, after the key was written again")
	}},
	{"a key that is written again begins with nothing", func(t *trial) {
		j := t.richest()
		last := t.last()
		t.purge(j)
		t.fails(t.store.Apply(t.Context(), &itsm.WriteSet{Reads: []itsm.VersionCheck{{Key: j.Key(), Expect: j.Version}}}), itsm.ErrConflict, "Apply with a read of a purged version")
		t.apply(&itsm.WriteSet{Reads: []itsm.VersionCheck{{Key: j.Key()}}})
		n := newJob(j.Key())
		n.Title = "A new life"
		set := put(n)
		set.Records[0].Rows = []itsm.Row{n.row(1, "new")}
		set.Records = append(set.Records, n.owns(n.step("a", func(s *job) { s.Title = "A new step" }), 0))
		t.apply(set)
		t.same(t.get(n.Key()), n, "Get of a key that was written again")
		t.same(t.owned(n.Key(), steps), []itsm.Record{n.step("a", func(s *job) { s.Title = "A new step" })}, "Owned by a key that was written again")
		t.view(func(v itsm.Snapshot) {
			events, err := v.Events(t.Context(), nil, n.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(events, []*itsm.Event{n.event()}, "Events of a key that was written again")
			rows, err := v.Rows(t.Context(), nil, n.Key(), "", 0, 0)
			t.ok(err, "Rows")
			t.same(rows, []itsm.Row{n.row(1, "new")}, "Rows of a key that was written again")
			rows, err = v.FindRows(t.Context(), nil, acme, itsm.Comments, "message", 10)
			t.ok(err, "FindRows")
			t.same(rows, []itsm.Row{}, "FindRows by the key of a purged row")
		})
		t.pending(n.Key())
		fed := t.feed(last)
		if len(fed) != 1 || fed[0].Position <= last {
			t.Fatalf("Feed after %d, a purge and a new event: %s", last, text(fed))
		}
		t.same(fed[0].Event, n.event(), "Feed of a key that was written again")
	}},
	{"the feed keeps its positions, goes on from those that are gone, and uses none twice", func(t *trial) {
		a, b, c := newJob(key(id(1))), newJob(key(id(2))), newJob(key(id(3)))
		t.put(a)
		t.put(b)
		t.put(c)
		b = b.next(nil)
		t.put(b)
		whole := t.feed(0)
		t.purge(b)
		t.same(t.feed(0), []itsm.Delivery{whole[0], whole[2]}, "Feed after a record of four was purged")
		t.same(t.feed(whole[1].Position), []itsm.Delivery{whole[2]}, "Feed after the position of a purged event")
		t.same(t.feed(whole[3].Position), []itsm.Delivery{}, "Feed after the last position, whose event was purged")
		t.put(a.next(nil))
		fed := t.feed(whole[2].Position)
		if len(fed) != 1 || fed[0].Position <= whole[3].Position {
			t.Errorf("Feed gives the position %d again, whose event was purged: %s", whole[3].Position, text(fed))
		}
	}},
	{"a page of the feed is full, whatever was purged", func(t *trial) {
		for n := range 40 {
			t.put(newJob(key(id(n))))
		}
		whole := t.feed(0)
		set := &itsm.WriteSet{}
		for n := range 30 {
			set.Purges = append(set.Purges, itsm.VersionCheck{Key: key(id(n)), Expect: 1})
		}
		t.apply(set)
		got, err := t.store.Feed(t.Context(), nil, 0, 3)
		t.ok(err, "Feed")
		t.same(got, whole[30:33], "Feed of three after thirty before them were purged")
		got, err = t.store.Feed(t.Context(), nil, whole[10].Position, 3)
		t.ok(err, "Feed")
		t.same(got, whole[30:33], "Feed of three after the position of a purged event")
	}},
	{"what others keep of it stays", func(t *trial) {
		j := t.furnished()
		other := newJob(key(id(3)))
		link := other.row(1, j.ID)
		set := put(other)
		set.Records[0].Rows = []itsm.Row{link}
		t.apply(set)
		mail := t.subscription("mail")
		t.purge(j)
		t.same(t.receipt(j.receipt("once").ReceiptKey), j.receipt("once"), "Receipt of a command whose record was purged")
		t.same(t.subscription("mail"), mail, "Subscription with a parked event of a record that was purged")
		t.view(func(v itsm.Snapshot) {
			rows, err := v.FindRows(t.Context(), nil, acme, itsm.Comments, j.ID, 10)
			t.ok(err, "FindRows")
			t.same(rows, []itsm.Row{link}, "FindRows of another record's row that names a record that was purged")
		})
	}},
	{"a number does not come back", func(t *trial) {
		var last int64
		for range 5 {
			last = t.number(acme, jobs)
		}
		j := newJob(key(id(int(last))))
		t.put(j)
		t.purge(j)
		if n := t.number(acme, jobs); n <= last {
			t.Errorf("Number: got %d after the record of number %d was purged", n, last)
		}
	}},
	{"what no store can do is ErrInvalid and changes nothing", func(t *trial) {
		j := t.furnished()
		k := key(id(2))
		n := j.next(nil)
		for because, set := range map[string]*itsm.WriteSet{
			"a purge without a tenant":          {Purges: []itsm.VersionCheck{{Key: itsm.Key{Kind: jobs, ID: id(2)}, Expect: 1}}},
			"a purge without a kind":            {Purges: []itsm.VersionCheck{{Key: itsm.Key{Tenant: acme, ID: id(2)}, Expect: 1}}},
			"a purge without an id":             {Purges: []itsm.VersionCheck{{Key: itsm.Key{Tenant: acme, Kind: jobs}, Expect: 1}}},
			"a purge of no version":             {Purges: []itsm.VersionCheck{{Key: k}}},
			"a purge of nothing":                {Purges: []itsm.VersionCheck{{Key: key(id(9))}}},
			"a record that is purged twice":     {Purges: []itsm.VersionCheck{{Key: k, Expect: 1}, {Key: k, Expect: 1}}},
			"a record that is written too":      {Records: []itsm.RecordWrite{n.write()}, Purges: []itsm.VersionCheck{{Key: k, Expect: 1}, {Key: j.Key(), Expect: 1}}},
			"a record of which a row is put":    {Records: []itsm.RecordWrite{j.owns(j.step("new", nil), 0)}, Purges: []itsm.VersionCheck{{Key: j.Key(), Expect: 1}}},
			"a record that comes back with it":  {Records: []itsm.RecordWrite{newJob(k).write()}, Purges: []itsm.VersionCheck{{Key: k, Expect: 1}}},
			"a purge of a version that is past": {Purges: []itsm.VersionCheck{{Key: k, Expect: -1}}},
		} {
			t.refused(set, itsm.ErrInvalid, because)
		}
	}},
	{"many at once", func(t *trial) {
		const n = 300
		t.neighbours()
		before := t.dump()
		set := &itsm.WriteSet{}
		gone := &itsm.WriteSet{}
		for i := range n {
			j := newJob(itsm.Key{Tenant: acme, Kind: chores, ID: id(100 + i)})
			set.Records = append(set.Records, j.write(j.row(1, "message")), j.owns(j.step("a", nil), 0))
			set.Timers = append(set.Timers, itsm.TimerWrite{Timer: j.timer("close", after(i))})
			gone.Purges = append(gone.Purges, itsm.VersionCheck{Key: j.Key(), Expect: 1})
		}
		t.apply(set)
		t.apply(gone)
		t.unchanged(before, fmt.Sprint(n, " records were written and purged in one set each"))
	}},
	{"beside writers, of a version that was there", func(t *trial) {
		for n := range rounds(40) {
			j := newJob(key(id(n)))
			t.put(j)
			errs := together(4, func(i int) error {
				if i%2 == 0 {
					return t.store.Apply(t.Context(), &itsm.WriteSet{Purges: []itsm.VersionCheck{{Key: j.Key(), Expect: 1}}})
				}
				return t.store.Apply(t.Context(), put(j.next(nil)))
			})
			if won, _ := t.tally(errs, itsm.ErrConflict, "Apply of purges and writes of one version at once"); won != 1 {
				t.Errorf("Apply of purges and writes of one version at once: %d went through, want 1", won)
			}
			t.view(func(v itsm.Snapshot) {
				_, err := v.Get(t.Context(), j.Key())
				if purged := errs[0] == nil || errs[2] == nil; purged != errors.Is(err, itsm.ErrNotFound) {
					t.Errorf("Get after a purge and a write at once: %v, the record was purged: %t", err, purged)
				}
			})
		}
	}},
	{"on another handle too", func(t *trial) {
		t.neighbours()
		before := t.dump()
		j := t.richest()
		first := t.store
		t.store = t.second()
		t.searches()
		t.store = first
		t.purge(j)
		t.store = t.second()
		t.same(t.dump(), before, "a second handle after a purge")
		t.store = first
	}},
}

// purge takes a record away at its version.
func (t *trial) purge(j *job) {
	t.Helper()
	t.apply(&itsm.WriteSet{Purges: []itsm.VersionCheck{{Key: j.Key(), Expect: j.Version}}})
}

// neighbours writes records whose keys are like that of [trial.richest].
func (t *trial) neighbours() {
	t.Helper()
	t.furnished()
	for _, k := range []itsm.Key{
		{Tenant: umbrella, Kind: jobs, ID: id(5)}, {Tenant: acme, Kind: chores, ID: id(5)},
		key(id(5) + "0"), key(id(5)[:8]), key("job000005"), key("%"),
	} {
		j := newJob(k)
		set := put(j)
		set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
		set.Records = append(set.Records, j.owns(j.step("a", nil), 0))
		set.Timers = []itsm.TimerWrite{{Timer: j.timer("close", after(5000))}}
		t.apply(set)
	}
}

// richest writes a record with two versions and something of everything, also what was removed and redacted.
func (t *trial) richest() *job {
	t.Helper()
	j := newJob(key(id(5)))
	j.Amount, j.Assignee = 77, "rich"
	set := put(j)
	set.Records[0].Rows = []itsm.Row{j.row(1, "message"), j.row(2, "message"), j.row(3, "")}
	set.Records = append(set.Records, j.owns(j.step("a", nil), 0))
	set.Timers = []itsm.TimerWrite{{Timer: j.timer("first", after(1))}, {Timer: j.timer("second", after(2))}}
	t.apply(set)
	n := j.next(func(j *job) { j.State = "odd" })
	set = put(n)
	set.Records[0].Rows, set.Records[0].Removed = []itsm.Row{n.row(4, "message")}, []int64{2}
	set.Records = append(set.Records, n.owns(n.step("a", func(s *job) { s.Amount = 7 }), 1), n.owns(n.step("b", nil), 0))
	set.Redactions = []itsm.Redaction{{Key: j.Key(), Version: 1, Fields: []string{"title"}, RowIDs: []int64{1}}}
	t.apply(set)
	return n
}

// searches is what queries, pages and counts find now, as text, without some ids.
func (t *trial) searches(without ...string) (all string) {
	t.Helper()
	t.view(func(v itsm.Snapshot) { all = t.searchesOf(v, without...) })
	return all
}

func (t *trial) searchesOf(v itsm.Snapshot, without ...string) string {
	t.Helper()
	gone := map[string]bool{}
	for _, id := range without {
		gone[id] = true
	}
	filters := []itsm.Filter{
		itsm.All(), itsm.Where("state").Is("odd"), itsm.Where("state").Is("new"), itsm.Where("state").IsNot("new"), itsm.Where("assignee").Empty(),
		itsm.Not(itsm.Where("assignee").Empty()), itsm.Where("amount").AtLeast(codec{}.Value(&job{Amount: 5}, "amount")),
		itsm.Where("amount").AtMost(codec{}.Value(&job{}, "amount")), itsm.Where("id").In(id(5), id(1)), itsm.Where("title").Is("Printer on fire"),
	}
	var all string
	for _, kind := range []string{jobs, steps} {
		for i := range filters {
			for _, sort := range [][]itsm.Sort{nil, {{Column: "amount"}}, {{Column: "updated_at", Descending: true}}, {{Column: "state"}}} {
				q := &itsm.StoreQuery{Tenant: acme, Kind: kind, Filter: &filters[i], Sort: sort, Limit: 1000}
				found, err := v.Query(t.Context(), nil, q)
				t.ok(err, "Query")
				var ids []string
				for _, r := range found {
					if id := r.Header().ID; !gone[id] {
						ids = append(ids, id)
					}
				}
				count, err := v.Count(t.Context(), q)
				t.ok(err, "Count")
				count -= int64(len(found) - len(ids))
				all += fmt.Sprintf("%s %s by %v: %d %q\n", kind, asJSON(filters[i]), sort, count, ids)
				counter, is := v.(itsm.ColumnCounter)
				if !is || !t.harness.ColumnCounter {
					continue
				}
				sum := -int64(len(found) - len(ids))
				buckets, err := counter.CountBy(t.Context(), q, "state", 100)
				t.ok(err, "CountBy")
				for _, b := range buckets {
					sum += b.Count
				}
				all += fmt.Sprintln("by state", sum)
			}
		}
	}
	return all
}

// last is the feed's last position.
func (t *trial) last() itsm.Position {
	t.Helper()
	fed := t.feed(0)
	if len(fed) == 0 {
		return 0
	}
	return fed[len(fed)-1].Position
}
