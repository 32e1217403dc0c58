package storetest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/itsmkit/itsmkit/itsm"
)

// numbers: ascending in a series of a tenant, never twice.
var numbers = []promise{
	{"from 1, ascending, each series of each tenant by itself", func(t *trial) {
		for _, s := range [][2]string{{acme, jobs}, {acme, chores}, {umbrella, jobs}} {
			last := int64(0)
			for n := range 20 {
				got := t.number(s[0], s[1])
				if got <= last || n == 0 && got != 1 {
					t.Fatalf("Number: %d after %d in series %q of %q, want ascending from 1", got, last, s[1], s[0])
				}
				last = got
			}
		}
	}},
	{"above a number that is given, and on from there", func(t *trial) {
		for _, step := range []struct{ above, want int64 }{{0, 1}, {40, 41}, {0, 42}, {7, 43}, {43, 44}} {
			got, err := t.store.Number(t.Context(), acme, jobs, step.above)
			t.ok(err, "Number")
			if got <= step.above || got < step.want {
				t.Fatalf("Number above %d: %d, want %d or more", step.above, got, step.want)
			}
		}
	}},
	{"never twice for many at once, ascending for each", func(t *trial) { t.numbersAtOnce(t.store, t.store) }},
}

// number takes the next number.
func (t *trial) number(tenant, series string) int64 {
	t.Helper()
	n, err := t.store.Number(t.Context(), tenant, series, 0)
	t.ok(err, "Number")
	return n
}

func (t *trial) numbersAtOnce(stores ...itsm.Store) {
	t.Helper()
	const callers = 8
	each := rounds(100)
	taken := make([][]int64, callers)
	errs := together(callers, func(i int) error {
		for range each {
			n, err := stores[i%len(stores)].Number(t.Context(), acme, jobs, 0)
			if err != nil {
				return err
			}
			taken[i] = append(taken[i], n)
		}
		return nil
	})
	for i, err := range errs {
		t.ok(err, "Number by many at once")
		if !slices.IsSorted(taken[i]) {
			t.Errorf("Number by many at once: one caller was given descending numbers %v", taken[i])
		}
	}
	all := slices.Concat(taken...)
	slices.Sort(all)
	if distinct := len(slices.Compact(slices.Clone(all))); distinct != len(all) || all[0] < 1 {
		t.Errorf("Number by many at once: %d different numbers in %d calls, the least of them %d", distinct, len(all), all[0])
	}
}

// feed: every committed event, once, in the order of its record.
var feed = []promise{
	{"every event of all tenants and kinds, as it was written", func(t *trial) {
		var want []*itsm.Event
		for _, k := range []itsm.Key{key(id(1)), {Tenant: umbrella, Kind: jobs, ID: id(1)}, {Tenant: acme, Kind: chores, ID: id(1)}} {
			j := newJob(k)
			for range 5 {
				t.put(j)
				want = append(want, j.event())
				j = j.next(nil)
			}
		}
		got := t.feed(0)
		t.ordered(got)
		t.same(sortedEvents(got), sortedEvents(deliveries(want)), "Feed")
	}},
	{"resumes after any position", func(t *trial) {
		j, other := newJob(key(id(1))), newJob(key(id(2)))
		for range 6 {
			t.put(j, other)
			j, other = j.next(nil), other.next(nil)
		}
		all := t.feed(0)
		if len(all) != 12 {
			t.Fatalf("Feed: %d events, want 12", len(all))
		}
		for n, d := range all {
			t.same(t.feed(d.Position), all[n+1:], "Feed after position %d, of event %d", d.Position, n+1)
		}
	}},
	{"up to a limit", func(t *trial) {
		j := newJob(key(id(1)))
		for range 7 {
			t.put(j)
			j = j.next(nil)
		}
		all := t.feed(0)
		for limit := 1; limit <= 8; limit++ {
			got, err := t.store.Feed(t.Context(), nil, 0, limit)
			t.ok(err, "Feed")
			t.same(got, all[:min(limit, 7)], "Feed with limit %d", limit)
		}
	}},
	{"goes on where it ended", func(t *trial) {
		t.same(t.feed(0), []itsm.Delivery{}, "Feed of an empty store")
		j := newJob(key(id(1)))
		t.put(j)
		end := t.feed(0)[0].Position
		t.same(t.feed(end), []itsm.Delivery{}, "Feed at its end")
		n := j.next(nil)
		t.put(n)
		got := t.feed(end)
		t.same(sortedEvents(got), sortedEvents(deliveries([]*itsm.Event{n.event()})), "Feed after its former end")
	}},
	{"nothing of a refused set", func(t *trial) {
		j := newJob(key(id(1)))
		t.put(j)
		before := t.feed(0)
		t.refused(put(newJob(key(id(2))), newJob(j.Key())), itsm.ErrExists, "a new record whose id is taken")
		t.same(t.feed(0), before, "Feed after a refused set")
	}},
	{"loses nothing beside writers", func(t *trial) { t.feedBesideWriters(t.store, t.store) }},
}

// feedBesideWriters lets many write, to records of their own and to records that all fight for, while one reads on.
func (t *trial) feedBesideWriters(reads itsm.Store, writes ...itsm.Store) {
	t.Helper()
	const writers, shared = 6, 3
	for n := range shared {
		t.put(newJob(key(id(n))))
	}
	each := rounds(60)
	var writing atomic.Int64
	writing.Store(writers)
	var got []itsm.Delivery
	errs := together(writers+1, func(i int) error {
		if i == writers {
			r := rand.New(rand.NewPCG(7, 7))
			from, done := itsm.Position(0), false
			for {
				over := writing.Load() == 0
				n := len(got)
				var err error
				if got, err = reads.Feed(t.Context(), got, from, 1+r.IntN(20)); err != nil {
					return err
				}
				if len(got) > n {
					from = got[len(got)-1].Position
				} else if done {
					return nil
				}
				done = over && len(got) == n
				runtime.Gosched()
			}
		}
		defer writing.Add(-1)
		store := writes[i%len(writes)]
		own := newJob(key(fmt.Sprint("own", i)))
		for n := range each {
			if err := store.Apply(t.Context(), put(own)); err != nil {
				return err
			}
			own = own.next(nil)
			err := retryOn(t.Context(), store, func(v itsm.Snapshot) (*itsm.WriteSet, error) {
				first, err := v.Get(t.Context(), key(id(n%shared)))
				if err != nil {
					return nil, err
				}
				second, err := v.Get(t.Context(), key(id((n+1+i%2)%shared)))
				if err != nil {
					return nil, err
				}
				return put(first.(*job).next(nil), second.(*job).next(nil)), nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, err := range errs {
		t.ok(err, "Feed beside writers")
	}
	t.ordered(got)
	if want := shared + writers*each*3; len(got) != want {
		t.Errorf("Feed beside writers: %d events were read, want the %d that were written", len(got), want)
	}
	t.same(t.feed(0), got, "Feed read again from the beginning")
}

// ordered checks that positions ascend, and that each record's versions come from 1 without a gap.
func (t *trial) ordered(got []itsm.Delivery) {
	t.Helper()
	at := itsm.Position(0)
	last := map[itsm.Key]int64{}
	for _, d := range got {
		if d.Position <= at {
			t.Fatalf("Feed: position %d comes after %d", d.Position, at)
		}
		if d.Event.Version != last[d.Event.Key]+1 {
			t.Fatalf("Feed: version %d of %s comes after version %d", d.Event.Version, quoted(d.Event.Key), last[d.Event.Key])
		}
		at = d.Position
		last[d.Event.Key]++
	}
}

func deliveries(events []*itsm.Event) (all []itsm.Delivery) {
	for _, e := range events {
		all = append(all, itsm.Delivery{Event: e})
	}
	return all
}

// sortedEvents writes events in an order of their own: between records the feed's is not promised.
func sortedEvents(all []itsm.Delivery) string {
	var texts []string
	for _, d := range all {
		texts = append(texts, eventText(d.Event))
	}
	slices.Sort(texts)
	return lines(texts)
}

// subscriptions: how far a subscriber came, by compare and swap.
var subscriptions = []promise{
	{"the zero value for an unknown name", func(t *trial) {
		t.same(t.subscription("mail"), itsm.Subscription{}, "Subscription of an unknown name")
	}},
	{"moves from what is expected, each name by itself", func(t *trial) {
		t.move("mail", itsm.Subscription{Position: 3})
		t.move("search", itsm.Subscription{Position: 9, Tries: 1, RetryAt: after(3)})
		t.move("mail", itsm.Subscription{Position: 3, Tries: 1, RetryAt: after(1).Add(1)})
		t.move("mail", itsm.Subscription{Position: 3, Tries: 2, RetryAt: after(2)})
		t.move("mail", itsm.Subscription{Position: 2}) // back, to deliver again
		t.same(t.subscription("search"), itsm.Subscription{Name: "search", Revision: 1, Position: 9, Tries: 1, RetryAt: after(3)}, "Subscription of another name")
		t.same(t.subscription("Mail"), itsm.Subscription{}, "Subscription of a name in another case")
	}},
	{"keeps parked events and forgets those that it no longer names", func(t *trial) {
		parked := []itsm.Parked{
			{Position: 2, Key: itsm.Key{Tenant: umbrella, Kind: jobs, ID: "a/b"}, Version: 7, Tries: 5, Error: "550 no\r\nsuch 'box' é", At: base},
			{Position: 1, Key: key(id(1)), Version: 1 << 40, Tries: 1, At: after(1)},
		}
		t.move("mail", itsm.Subscription{Position: 3, Parked: parked})
		t.move("mail", itsm.Subscription{Position: 4, Parked: parked[1:]})
		t.move("mail", itsm.Subscription{Position: 4})
	}},
	{"from another revision is ErrConflict and changes nothing", func(t *trial) {
		t.furnished()
		now := t.subscription("mail").Revision
		for _, revision := range []int64{0, now, now + 2} {
			set := put(newJob(key(id(3))))
			set.Subscription = &itsm.Subscription{Name: "mail", Revision: revision, Position: 5}
			t.refused(set, itsm.ErrConflict, "a subscription that was written meanwhile")
		}
		set := put(newJob(key(id(3))))
		set.Subscription = &itsm.Subscription{Name: "search", Revision: 2, Position: 5}
		t.refused(set, itsm.ErrConflict, "a subscription that is not there")
	}},
	{"moved by one of many", func(t *trial) {
		for n := range rounds(20) {
			errs := together(6, func(int) error {
				return t.store.Apply(t.Context(), &itsm.WriteSet{Subscription: &itsm.Subscription{
					Name: "mail", Revision: int64(n) + 1, Position: itsm.Position(n + 1),
				}})
			})
			if won, _ := t.tally(errs, itsm.ErrConflict, "Apply of a subscription by many at once"); won != 1 {
				t.Fatalf("Apply of a subscription by many at once: %d have moved it from %d, want 1", won, n)
			}
		}
	}},
}

func (t *trial) subscription(name string) (s itsm.Subscription) {
	t.Helper()
	t.view(func(v itsm.Snapshot) {
		var err error
		s, err = v.Subscription(t.Context(), name)
		t.ok(err, "Subscription")
	})
	return s
}

// move replaces a subscription and reads it back.
func (t *trial) move(name string, to itsm.Subscription) {
	t.Helper()
	to.Name, to.Revision = name, t.subscription(name).Revision+1
	t.apply(&itsm.WriteSet{Subscription: &to})
	t.same(t.subscription(name), to, "Subscription after its write %d", to.Revision)
}
