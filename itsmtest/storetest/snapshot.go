package storetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/itsmkit/itsmkit/itsm"
)

// snapshots: a view shows one instant of the store.
var snapshots = []promise{
	{"what is applied later is not seen", func(t *trial) {
		j := t.furnished()
		v := t.snapshot()
		defer v.Close()
		before := t.look(v)
		t.changeEverything(j)
		t.same(t.look(v), before, "a view shows what was applied after it was opened")
		if t.lookNow() == before {
			t.Errorf("a view that was opened later does not show what was applied before")
		}
	}},
	{"from the moment that it was opened, not first read", func(t *trial) {
		j := t.furnished()
		before := t.lookNow()
		v := t.snapshot()
		defer v.Close()
		t.changeEverything(j)
		t.same(t.look(v), before, "a view that was not read before shows what was applied after it was opened")
	}},
	{"each view has its own instant", func(t *trial) {
		j := newJob(key(id(1)))
		t.put(j)
		first := t.snapshot()
		defer first.Close()
		j2 := j.next(nil)
		t.put(j2)
		second := t.snapshot()
		defer second.Close()
		j3 := j2.next(nil)
		t.put(j3)
		third := t.snapshot()
		t.put(j3.next(nil))
		for n, v := range []itsm.Snapshot{first, second, third} {
			got, err := v.Get(t.Context(), j.Key())
			t.ok(err, "Get")
			t.same(got, []*job{j, j2, j3}[n], "Get in view %d of 3", n+1)
			history, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(versions(history), serial(1, int64(n+1)), "Events in view %d of 3", n+1)
		}
		third.Close()
		got, err := first.Get(t.Context(), j.Key())
		t.ok(err, "Get after another view was closed")
		t.same(got, j, "Get after another view was closed")
	}},
	{"what a view handed out stays the same", func(t *trial) {
		j := t.furnished()
		v := t.snapshot()
		ctx := t.Context()
		record, err := v.Get(ctx, j.Key())
		t.ok(err, "Get")
		records, err := v.Query(ctx, nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10})
		t.ok(err, "Query")
		events, err := v.Events(ctx, nil, j.Key(), 0, 0)
		t.ok(err, "Events")
		rows, err := v.Rows(ctx, nil, j.Key(), "", 0, 0)
		t.ok(err, "Rows")
		found, err := v.FindRows(ctx, nil, acme, itsm.Comments, "message", 10)
		t.ok(err, "FindRows")
		timers, err := v.Timers(ctx, nil, j.Key())
		t.ok(err, "Timers")
		receipt, err := v.Receipt(ctx, j.receipt("once").ReceiptKey)
		t.ok(err, "Receipt")
		sub, err := v.Subscription(ctx, "mail")
		t.ok(err, "Subscription")
		owned, err := v.Owned(ctx, nil, j.Key(), steps)
		t.ok(err, "Owned")
		v.Close()
		all := func() string {
			return text(record) + text(owned) + text(records) + text(events) + text(rows) + text(found) + text(timers) + text(receipt) + text(sub)
		}
		before := all()
		t.changeEverything(j)
		t.same(all(), before, "what a closed view had handed out has changed with later writes")
	}},
	{"pages and counts of one view belong together", func(t *trial) {
		for n := range 30 {
			t.put(newJob(key(id(n * 2))))
		}
		v := t.snapshot()
		defer v.Close()
		q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Sort: []itsm.Sort{{Column: "amount"}}, Limit: 10}
		for page := range 3 {
			got, err := v.Query(t.Context(), nil, q)
			t.ok(err, "Query")
			for n, r := range got {
				if want := id(page*20 + n*2); r.Header().ID != want {
					t.Fatalf("Query: page %d of a view has %s where %s was when the view was opened", page+1, r.Header().ID, want)
				}
			}
			if len(got) != 10 {
				t.Fatalf("Query: %d records on page %d, want 10", len(got), page+1)
			}
			q.After = mark(got[9], q.Sort)
			t.put(newJob(key(id(page*20 + 21)))) // on the page to come
			last := got[9].(*job)
			t.put(last.next(func(j *job) { j.Amount = 7 })) // would move to the last page
			count, err := v.Count(t.Context(), q)
			t.ok(err, "Count")
			if count != 30 {
				t.Errorf("Count: %d in a view that was opened over 30 records", count)
			}
		}
	}},
	{"all methods agree while others write", func(t *trial) {
		const writers, accounts, sum = 4, 6, 600
		for n := range accounts {
			j := newJob(key(id(n)))
			j.Amount = sum / accounts
			set := put(j)
			set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
			set.Timers = []itsm.TimerWrite{{Timer: j.timer("close", after(1))}}
			t.apply(set)
		}
		each := rounds(60)
		errs := together(writers+2, func(i int) error {
			if i >= writers {
				for range each {
					if err := t.balance(sum); err != nil {
						return err
					}
				}
				return nil
			}
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for range each {
				if err := t.transfer(r, accounts); err != nil {
					return err
				}
			}
			return nil
		})
		for _, err := range errs {
			t.ok(err, "a view beside writers")
		}
		t.ok(t.balance(sum), "the view after all writers")
	}},
}

// changeEverything touches all that furnished wrote.
func (t *trial) changeEverything(j *job) {
	t.Helper()
	n := j.next(func(j *job) { j.Amount, j.Title, j.Assignee = 99, "Out", "dan" })
	set := crowded(n.write(n.row(10, "message")))
	last := &set.Records[len(set.Records)-1]
	last.Removed = []int64{2}
	set.Records = append(set.Records, n.owns(n.step("a", func(s *job) { s.Amount = 99 }), 1), n.owns(n.step("c", nil), 0))
	set.Fired = new(j.timer("close", after(60)))
	set.Timers = append(set.Timers, itsm.TimerWrite{Timer: n.timer("review", after(7))})
	set.Redactions = append(set.Redactions, itsm.Redaction{Key: j.Key(), Version: 1, Fields: []string{"@actor", "title"}, RowIDs: []int64{1}})
	set.Subscription = &itsm.Subscription{Name: "mail", Revision: t.subscription("mail").Revision + 1, Position: 9}
	t.apply(set)
	t.put(newJob(itsm.Key{Tenant: umbrella, Kind: jobs, ID: id(4)}))
	alices := j.receipt("twice")
	alices.Actor = "bob"
	t.apply(&itsm.WriteSet{Receipt: alices, Forget: &itsm.ActorKey{Tenant: acme, Actor: "alice"}})
}

// transfer moves one from an account to another, with a row and a timer, again until it wins.
func (t *trial) transfer(r *rand.Rand, accounts int) error {
	from, to := r.IntN(accounts), r.IntN(accounts-1)
	if to >= from {
		to++
	}
	return t.retry(func(v itsm.Snapshot) (*itsm.WriteSet, error) {
		set := &itsm.WriteSet{}
		for n, by := range map[int]int64{from: -1, to: 1} {
			old, err := v.Get(t.Context(), key(id(n)))
			if err != nil {
				return nil, err
			}
			j := old.(*job).next(func(j *job) { j.Amount += by })
			set.Records = append(set.Records, j.write(j.row(j.Version, "message")))
			set.Timers = append(set.Timers, itsm.TimerWrite{Timer: j.timer("close", after(int(j.Version)))})
		}
		return set, nil
	})
}

// balance reads the accounts by every method of one view and says where they do not agree.
func (t *trial) balance(sum int64) error {
	ctx := t.Context()
	v, err := t.store.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer v.Close()
	got, err := v.Query(ctx, nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 100})
	if err != nil {
		return err
	}
	total, rowsThere := int64(0), int64(0)
	for _, r := range got {
		j := r.(*job)
		total += j.Amount
		rowsThere += j.Version
		again, err := v.Get(ctx, j.Key())
		if err != nil {
			return err
		}
		events, err := v.Events(ctx, nil, j.Key(), 0, 0)
		if err != nil {
			return err
		}
		rows, err := v.Rows(ctx, nil, j.Key(), "", 0, 0)
		if err != nil {
			return err
		}
		timers, err := v.Timers(ctx, nil, j.Key())
		if err != nil {
			return err
		}
		if again.Header().Version != j.Version || int64(len(events)) != j.Version || int64(len(rows)) != j.Version ||
			len(timers) != 1 || timers[0].Generation != j.Version {
			return fmt.Errorf("one view shows %s at version %d by Query, %d by Get, with %d events, %d rows and timers %s",
				j.ID, j.Version, again.Header().Version, len(events), len(rows), text(timers))
		}
	}
	found, err := v.FindRows(ctx, nil, acme, itsm.Comments, "message", 1_000_000)
	if err != nil {
		return err
	}
	if total != sum || int64(len(found)) != rowsThere {
		return fmt.Errorf("one view shows amounts that sum up to %d where every set kept %d, and %d rows by FindRows where versions say %d",
			total, sum, len(found), rowsThere)
	}
	return nil
}
