package storetest

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
)

// apply: all of a set or nothing, by compare and swap.
var apply = []promise{
	{"an empty set changes nothing", func(t *trial) {
		t.put(newJob(key(id(1))))
		before := t.dump()
		t.apply(&itsm.WriteSet{})
		t.unchanged(before, "Apply of an empty set")
	}},
	{"a record that must be new is ErrExists", func(t *trial) {
		j := t.furnished()
		again := newJob(j.Key())
		t.refused(crowded(again.write(again.row(50, "message"))), itsm.ErrExists, "a new record whose id is taken")
	}},
	{"a stale version is ErrConflict", func(t *trial) {
		j := t.furnished()
		t.put(j.next(nil))
		t.refused(crowded(j.next(nil).write(j.row(50, "message"))), itsm.ErrConflict, "a version that somebody else has written")
	}},
	{"a version to come is ErrConflict", func(t *trial) {
		j := t.furnished()
		t.refused(crowded(j.next(nil).next(nil).write()), itsm.ErrConflict, "a version that the record does not have yet")
	}},
	{"a version of no record is ErrConflict", func(t *trial) {
		t.furnished()
		gone := newJob(key(id(7)))
		t.refused(crowded(gone.next(nil).write()), itsm.ErrConflict, "a version of a record that is not there")
	}},
	{"a changed record that was only read is ErrConflict", func(t *trial) {
		j := t.furnished()
		t.put(j.next(nil))
		set := crowded()
		set.Reads = []itsm.VersionCheck{{Key: key(id(2)), Expect: 1}, {Key: j.Key(), Expect: j.Version}}
		t.refused(set, itsm.ErrConflict, "a read record that has changed")
		set.Reads[1].Expect++
		t.apply(set)
	}},
	{"a read record that is there and must not be is ErrConflict", func(t *trial) {
		j := t.furnished()
		set := crowded()
		set.Reads = []itsm.VersionCheck{{Key: key(id(7)), Expect: 0}, {Key: j.Key(), Expect: 0}}
		t.refused(set, itsm.ErrConflict, "a read record that has appeared")
		set.Reads[1].Key = key(id(6))
		t.apply(set)
	}},
	{"a read record that is not there is ErrConflict", func(t *trial) {
		t.furnished()
		set := crowded()
		set.Reads = []itsm.VersionCheck{{Key: key(id(7)), Expect: 1}}
		t.refused(set, itsm.ErrConflict, "a read record that does not exist")
	}},
	{"a record comes with its whole history", func(t *trial) {
		t.furnished()
		first := newJob(key(id(7)))
		second := first.next(nil)
		third := second.next(nil)
		whole := third.write(first.row(65536, "first"), third.row(3*65536, ""))
		whole.Expect, whole.Earlier = 0, []*itsm.Event{first.event(), second.event()}
		stale := newJob(key(id(1))).next(nil).next(nil).write()
		stale.Expect, stale.Earlier = 0, whole.Earlier[:0:0]
		t.refused(&itsm.WriteSet{Records: []itsm.RecordWrite{whole, stale}}, itsm.ErrExists, "a history beside a number that is taken")
		fed := len(t.feed(0))
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{whole}})
		t.same(t.get(first.Key()).Version, int64(3), "the record has its last version")
		t.view(func(v itsm.Snapshot) {
			events, err := v.Events(t.Context(), nil, first.Key(), 0, 0)
			t.ok(err, "Events")
			var versions []int64
			for _, e := range events {
				versions = append(versions, e.Version)
			}
			t.same(versions, []int64{1, 2, 3}, "the history has every event")
			rows, err := v.Rows(t.Context(), nil, first.Key(), "", 0, 0)
			t.ok(err, "Rows")
			t.same(len(rows), 2, "the rows are there")
		})
		var versions []int64
		for _, d := range t.feed(0)[fed:] {
			versions = append(versions, d.Event.Version)
		}
		t.same(versions, []int64{1, 2, 3}, "the feed has every event, in order")
		t.put(third.next(nil))
	}},
	{"reads alone are judged", func(t *trial) {
		j := t.furnished()
		t.apply(&itsm.WriteSet{Reads: []itsm.VersionCheck{{Key: j.Key(), Expect: j.Version}, {Key: key(id(7))}}})
		t.refused(&itsm.WriteSet{Reads: []itsm.VersionCheck{{Key: j.Key(), Expect: j.Version + 1}}}, itsm.ErrConflict, "only a read that does not hold")
	}},
	{"a stale timer is ErrTimerGone", func(t *trial) {
		j := t.furnished()
		for _, fired := range []itsm.Timer{
			{Key: j.Key(), Name: "close", Generation: j.Version + 1},
			{Key: j.Key(), Name: "open", Generation: j.Version},
			{Key: key(id(2)), Name: "remind", Generation: j.Version},
		} {
			set := crowded()
			set.Fired = &fired
			t.refused(set, itsm.ErrTimerGone, "a fired timer that is not there with that generation")
		}
	}},
	{"a used receipt is ErrConflict", func(t *trial) {
		j := t.furnished()
		set := crowded()
		set.Receipt = j.receipt("once")
		set.Receipt.Input = sha256.Sum256(nil)
		t.refused(set, itsm.ErrConflict, "a receipt whose key is used")
	}},
	{"a subscription that has moved is ErrConflict", func(t *trial) {
		t.furnished()
		now := t.subscription("mail").Revision
		for _, revision := range []int64{0, now, now + 2} {
			set := crowded()
			set.Subscription = &itsm.Subscription{Name: "mail", Revision: revision, Position: 3}
			t.refused(set, itsm.ErrConflict, "a subscription that was written meanwhile")
		}
	}},
	{"the last of many records undoes all", func(t *trial) {
		j := t.furnished()
		for _, last := range []struct {
			write itsm.RecordWrite
			want  error
		}{
			{newJob(j.Key()).write(), itsm.ErrExists},
			{j.next(nil).next(nil).write(), itsm.ErrConflict},
			{newJob(key(id(7))).next(nil).write(), itsm.ErrConflict},
		} {
			set := crowded()
			for n := range 50 {
				set.Records = append(set.Records, newJob(key(id(100+n))).write())
			}
			set.Records = append(set.Records, last.write)
			t.refused(set, last.want, "51 good records and a bad one at the end")
		}
	}},
	{"what was refused once may be written later", func(t *trial) {
		j := t.furnished()
		set := crowded(newJob(j.Key()).write())
		t.refused(set, itsm.ErrExists, "a new record whose id is taken")
		set.Records[len(set.Records)-1] = newJob(key(id(7))).write()
		t.apply(set)
	}},
	{"the same set twice is refused and changes nothing", func(t *trial) {
		j := t.furnished()
		set := crowded()
		t.apply(set)
		t.refused(set, itsm.ErrExists, "records that it made the first time")
		next := j.next(nil)
		set = put(next)
		set.Records[0].Rows = []itsm.Row{next.row(60, "message")}
		t.apply(set)
		t.refused(set, itsm.ErrConflict, "a version that it wrote the first time")
	}},
	{"the set belongs to the caller again", func(t *trial) {
		j := t.furnished()
		set := crowded(j.next(nil).write(j.row(60, "message"), j.row(61, "message")))
		set.Reads = []itsm.VersionCheck{{Key: key(id(2)), Expect: 1}}
		set.Receipt = j.receipt("twice")
		set.Fired = new(j.timer("close", after(60)))
		set.Subscription = &itsm.Subscription{
			Name: "mail", Revision: t.subscription("mail").Revision + 1, Position: 5,
			Parked: []itsm.Parked{{Position: 1, Key: j.Key(), Error: "gone"}},
		}
		set.Redactions = []itsm.Redaction{{Key: j.Key(), Version: 1, Fields: []string{"title"}, RowIDs: []int64{1}}}
		set.Records[len(set.Records)-1].Removed = []int64{2}
		t.apply(set)
		before := t.dump()
		scribble(set)
		t.unchanged(before, "the caller used the slices of a set again after Apply returned")
	}},
	{"what is handed out belongs to the reader", func(t *trial) {
		j := t.furnished()
		before := t.dump()
		t.view(func(v itsm.Snapshot) {
			ctx := t.Context()
			records, err := v.Query(ctx, nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10})
			t.ok(err, "Query")
			clear(records)
			events, err := v.Events(ctx, nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			clear(events)
			all, err := v.Rows(ctx, nil, j.Key(), "", 0, 0)
			t.ok(err, "Rows")
			clear(all)
			found, err := v.FindRows(ctx, nil, acme, itsm.Comments, "message", 10)
			t.ok(err, "FindRows")
			clear(found)
			timers, err := v.Timers(ctx, nil, j.Key())
			t.ok(err, "Timers")
			clear(timers)
			owned, err := v.Owned(ctx, nil, j.Key(), steps)
			t.ok(err, "Owned")
			clear(owned)
			t.same(t.look(v), t.lookNow(), "a reader cleared the slices that it was given, and the view shows it")
		})
		deliveries := t.feed(0)
		clear(deliveries)
		t.unchanged(before, "a reader cleared the slices that it was given")
	}},
	{"what is found is appended", func(t *trial) {
		j := t.furnished()
		t.view(func(v itsm.Snapshot) {
			room := make([]itsm.Record, 1, 8)
			got, err := v.Query(t.Context(), room, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 5})
			t.ok(err, "Query")
			if len(got) != 3 || got[0] != nil || got[1].Header().ID != j.ID {
				t.Errorf("Query does not append to dst: %d records in a slice of 1 after a query that finds 2", len(got))
			}
			marks := make([]itsm.Timer, 1, 8)
			timers, err := v.Timers(t.Context(), marks, j.Key())
			t.ok(err, "Timers")
			t.same(timers, []itsm.Timer{{}, j.timer("close", after(60)), j.timer("remind", after(30))}, "Timers appends to dst, in order of name")
		})
		first := make([]itsm.Delivery, 1, 8)
		got, err := t.store.Feed(t.Context(), first, 0, 1)
		t.ok(err, "Feed")
		if len(got) != 2 || got[0] != (itsm.Delivery{}) {
			t.Errorf("Feed does not append to dst: %d deliveries in a slice of 1 after a feed of 1", len(got))
		}
	}},
}

// furnished writes two records with something of everything. It answers the first, at version 1.
func (t *trial) furnished() *job {
	t.Helper()
	j, other := newJob(key(id(1))), newJob(key(id(2)))
	set := put(j, other)
	set.Records[0].Rows = []itsm.Row{j.row(1, "message"), j.row(2, "message"), j.row(3, "")}
	set.Records[1].Rows = []itsm.Row{other.row(1, "message")}
	set.Records = append(set.Records, j.owns(j.step("b", nil), 0), j.owns(j.step("a", nil), 0), other.owns(other.step("a", nil), 0))
	set.Timers = []itsm.TimerWrite{{Timer: j.timer("remind", after(30))}, {Timer: j.timer("close", after(60))}, {Timer: other.timer("close", after(90))}}
	set.Receipt = j.receipt("once")
	set.Subscription = &itsm.Subscription{
		Name: "mail", Revision: 1, Position: 2, Tries: 3, RetryAt: after(5), ClaimedUntil: after(6),
		Parked: []itsm.Parked{{Position: 1, Key: j.Key(), Version: 1, Tries: 9, Error: "no such box", At: after(1)}},
	}
	t.apply(set)
	bobs := j.receipt("once")
	bobs.Actor = "bob"
	t.apply(&itsm.WriteSet{Receipt: bobs})
	return j
}

// crowded is a set that changes something of everything beside what furnished wrote, and then what it is given.
func crowded(writes ...itsm.RecordWrite) *itsm.WriteSet {
	a, b := newJob(key(id(3))), newJob(itsm.Key{Tenant: acme, Kind: chores, ID: id(1)})
	furnished := newJob(key(id(1)))
	return &itsm.WriteSet{
		Records: slices.Concat([]itsm.RecordWrite{
			a.write(a.row(1, "message"), a.row(2, "")), a.owns(a.step("a", nil), 0), b.write(b.row(1, "message")),
		}, writes),
		Timers: []itsm.TimerWrite{
			{Timer: a.timer("close", after(10))},
			{Timer: furnished.timer("remind", after(0)), Cancel: true},
		},
		Receipt:      a.receipt("twice"),
		Subscription: &itsm.Subscription{Name: "search", Revision: 1, Position: 7},
		Redactions:   []itsm.Redaction{{Key: furnished.Key(), Version: 1, Fields: []string{"caller"}, RowIDs: []int64{3}}},
		Forget:       &itsm.ActorKey{Tenant: acme, Actor: "bob"},
	}
}

// lookNow is what a view of now shows.
func (t *trial) lookNow() (all string) {
	t.Helper()
	t.view(func(v itsm.Snapshot) { all = t.look(v) })
	return all
}

// scribble overwrites all that belongs to the caller of Apply: the set and its slices, but no record, event or row.
func scribble(set *itsm.WriteSet) {
	for i := range set.Records {
		w := &set.Records[i]
		for n := range w.Rows {
			w.Rows[n] = itsm.Row{Record: key("scribble"), ID: 99, Kind: "scribble", Key: "message"}
		}
		for n := range w.Removed {
			w.Removed[n] = 1
		}
	}
	clear(set.Records)
	clear(set.Reads)
	for i := range set.Timers {
		set.Timers[i] = itsm.TimerWrite{Timer: itsm.Timer{Key: key("scribble"), Name: "scribble"}}
	}
	*set.Fired = itsm.Timer{Name: "scribble"}
	*set.Receipt = itsm.Receipt{ReceiptKey: itsm.ReceiptKey{Key: "scribble"}}
	for i := range set.Subscription.Parked {
		set.Subscription.Parked[i] = itsm.Parked{Error: "scribble"}
	}
	*set.Subscription = itsm.Subscription{}
	for i := range set.Redactions {
		r := &set.Redactions[i]
		for n := range r.Fields {
			r.Fields[n] = "caller"
		}
		for n := range r.RowIDs {
			r.RowIDs[n] = 3
		}
	}
	clear(set.Redactions)
	*set.Forget = itsm.ActorKey{Tenant: acme, Actor: "alice"}
	*set = itsm.WriteSet{}
}

// cancellation: a cancelled context is an error that has changed nothing.
var cancellation = []promise{
	{"before a call on the store", func(t *trial) {
		t.furnished()
		before := t.dump()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for _, c := range []struct {
			name string
			call func() error
		}{
			{"Prepare", func() error { return t.store.Prepare(gone, kinds()) }},
			{"Snapshot", func() error {
				v, err := t.store.Snapshot(gone)
				if err == nil {
					v.Close()
				}
				return err
			}},
			{"Apply", func() error { return t.store.Apply(gone, crowded()) }},
			{"Number", func() error { _, err := t.store.Number(gone, acme, jobs, 0); return err }},
			{"Claim", func() error { _, err := t.store.Claim(gone, after(1000), after(2000), 10); return err }},
			{"NextDue", func() error { _, _, err := t.store.NextDue(gone); return err }},
			{"Feed", func() error { _, err := t.store.Feed(gone, nil, 0, 10); return err }},
		} {
			t.fails(c.call(), context.Canceled, "%s with a cancelled context", c.name)
			t.unchanged(before, c.name+" was given a cancelled context")
		}
		t.apply(crowded())
	}},
	{"before a call on a snapshot", func(t *trial) {
		j := t.furnished()
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		t.view(func(v itsm.Snapshot) {
			q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10}
			for _, c := range []struct {
				name string
				call func() error
			}{
				{"Get", func() error { _, err := v.Get(gone, j.Key()); return err }},
				{"Query", func() error { _, err := v.Query(gone, nil, q); return err }},
				{"Count", func() error { _, err := v.Count(gone, q); return err }},
				{"Owned", func() error { _, err := v.Owned(gone, nil, j.Key(), steps); return err }},
				{"Events", func() error { _, err := v.Events(gone, nil, j.Key(), 0, 0); return err }},
				{"Rows", func() error { _, err := v.Rows(gone, nil, j.Key(), "", 0, 0); return err }},
				{"FindRows", func() error { _, err := v.FindRows(gone, nil, acme, itsm.Comments, "message", 10); return err }},
				{"Timers", func() error { _, err := v.Timers(gone, nil, j.Key()); return err }},
				{"Receipt", func() error { _, err := v.Receipt(gone, j.receipt("once").ReceiptKey); return err }},
				{"Subscription", func() error { _, err := v.Subscription(gone, "mail"); return err }},
			} {
				t.fails(c.call(), context.Canceled, "%s with a cancelled context", c.name)
			}
			t.same(t.look(v), t.lookNow(), "a view that was asked with a cancelled context shows something else than before")
		})
	}},
	{"midway: all or nothing", func(t *trial) {
		t.furnished()
		for n := range rounds(60) {
			k := key(id(1000 + n))
			j, twin := newJob(k), newJob(itsm.Key{Tenant: acme, Kind: chores, ID: k.ID})
			set := &itsm.WriteSet{Records: []itsm.RecordWrite{j.write(j.row(1, k.ID)), twin.write(twin.row(1, k.ID))}}
			set.Timers = []itsm.TimerWrite{{Timer: j.timer("close", after(n))}}
			ctx, cancel := context.WithCancel(t.Context())
			errs := together(2, func(i int) error {
				if i == 0 {
					cancel()
					return nil
				}
				return t.store.Apply(ctx, set)
			})
			if errs[1] != nil {
				t.fails(errs[1], context.Canceled, "Apply while its context is cancelled")
			}
			t.view(func(v itsm.Snapshot) {
				there, parts := t.parts(v, j, twin)
				if there != 0 && there != parts || errs[1] == nil && there == 0 {
					t.Errorf("Apply while its context is cancelled: answered error %v, and %d of %d parts of the set are there", errs[1], there, parts)
				}
			})
		}
	}},
	{"of one caller does no harm to others", func(t *trial) {
		const callers = 16
		each := rounds(24)
		errs := together(callers, func(i int) error {
			for n := range each {
				ctx, cancel := context.WithCancel(t.Context())
				if i%2 == 0 {
					cancel()
				}
				err := t.store.Apply(ctx, put(newJob(key(id(i*1000+n)))))
				cancel()
				if i%2 != 0 && err != nil {
					return err
				}
			}
			return nil
		})
		for _, err := range errs {
			t.ok(err, "Apply by one caller while others were cancelled")
		}
		t.view(func(v itsm.Snapshot) {
			count, err := v.Count(t.Context(), &itsm.StoreQuery{Tenant: acme, Kind: jobs})
			t.ok(err, "Count")
			if want := int64(callers / 2 * each); count != want {
				t.Errorf("Apply: %d records are there after %d were applied, and as many with a cancelled context", count, want)
			}
		})
	}},
}

// parts counts how much of a set of two records, two rows and a timer is there.
func (t *trial) parts(v itsm.Snapshot, jobs ...*job) (there, all int) {
	t.Helper()
	for _, j := range jobs {
		events, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
		t.ok(err, "Events")
		rows, err := v.Rows(t.Context(), nil, j.Key(), "", 0, 0)
		t.ok(err, "Rows")
		timers, err := v.Timers(t.Context(), nil, j.Key())
		t.ok(err, "Timers")
		there += len(events) + len(rows) + len(timers)
		if _, err := v.Get(t.Context(), j.Key()); err == nil {
			there++
		}
	}
	return there, 3*len(jobs) + 1
}
