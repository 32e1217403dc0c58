package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// ownership: records that are computed from another one are kept beside it, under its version. Where the store is a
// getter, [trial.owned] reads what a record owns both ways.
var ownership = []promise{
	{"by owner and kind, in order of id", func(t *trial) {
		j, twin := newJob(key(id(1))), newJob(itsm.Key{Tenant: acme, Kind: chores, ID: id(1)})
		longer := newJob(key(id(1) + "0"))
		var writes []itsm.RecordWrite
		want := map[*job][]itsm.Record{}
		for _, owner := range []*job{longer, j, twin} {
			writes = append(writes, owner.write())
			names := []string{"b", "B", "a/b", "a", "ä", "a-", "10", "9", owner.ID}
			for _, name := range names {
				s := owner.step(name, func(s *job) { s.Amount = int64(len(writes)) })
				writes = append(writes, owner.owns(s, 0))
				want[owner] = append(want[owner], s)
			}
			slices.SortFunc(want[owner], byID)
		}
		other := j.step("other", func(s *job) { s.Kind = chores })
		writes = append(writes, j.owns(other, 0))
		t.apply(&itsm.WriteSet{Records: writes})
		for owner, steps := range want {
			t.same(t.owned(owner.Key(), "step"), steps, "Owned by %s", owner.Ref())
		}
		t.same(t.owned(j.Key(), chores), []itsm.Record{other}, "Owned of another kind")
		for _, nothing := range []itsm.Key{key(id(2)), key("job000001"), {Tenant: umbrella, Kind: jobs, ID: id(1)}, other.Key()} {
			t.same(t.owned(nothing, steps), []itsm.Record{}, "Owned by %s, which owns nothing", quoted(nothing))
		}
		t.same(t.owned(j.Key(), "stranger"), []itsm.Record{}, "Owned of a kind that nobody prepared")
		t.same(t.owned(j.Key(), jobs), []itsm.Record{}, "Owned of a kind of which it owns nothing")
	}},
	{"each as it was last put, the others as they were", func(t *trial) {
		j := t.furnished()
		b := j.step("b", nil)
		for n := range int64(5) {
			j = j.next(nil)
			s := j.step("a", func(s *job) { s.Amount, s.Title = n, fmt.Sprint("round ", n) })
			t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{j.write(), j.owns(s, j.Version-1)}})
			t.same(t.owned(j.Key(), steps), []itsm.Record{s, b}, "Owned after the first of two was put in version %d", j.Version)
			t.same(t.get(s.Key()), s, "Get of a record that is owned")
		}
	}},
	{"found by queries and counts on their columns", func(t *trial) {
		for n := range 20 {
			j := newJob(key(id(n)))
			t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{
				j.write(),
				j.owns(j.step("due", func(s *job) { s.Amount, s.State = int64(n), "running" }), 0),
				j.owns(j.step("late", func(s *job) { s.Amount, s.State = int64(n), "late" }), 0),
			}})
		}
		j := newJob(key(id(3))).next(nil)
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{j.write(), j.owns(j.step("due", func(s *job) { s.Amount, s.State = 100, "running" }), 1)}})
		f := itsm.All(itsm.Where("state").Is("running"), itsm.Where("amount").AtMost(field.Int(4)))
		q := &itsm.StoreQuery{Tenant: acme, Kind: steps, Filter: &f, Sort: []itsm.Sort{{Column: "amount", Descending: true}}, Limit: 10}
		due := func(n int) string { return jobs + "/" + id(n) + "/due" }
		t.same(t.query(q), []string{due(4), due(2), due(1), due(0)}, "Query of what is owned")
		t.view(func(v itsm.Snapshot) {
			n, err := v.Count(t.Context(), &itsm.StoreQuery{Tenant: acme, Kind: steps, Filter: &f})
			t.ok(err, "Count")
			t.same(n, int64(4), "Count of what is owned")
			n, err = v.Count(t.Context(), &itsm.StoreQuery{Tenant: acme, Kind: jobs})
			t.ok(err, "Count")
			t.same(n, int64(20), "Count of the owners")
		})
	}},
	{"without events of their own", func(t *trial) {
		j := t.furnished()
		t.changeEverything(j)
		t.view(func(v itsm.Snapshot) {
			events, err := v.Events(t.Context(), nil, j.step("a", nil).Key(), 0, 0)
			t.ok(err, "Events")
			t.same(events, []*itsm.Event{}, "Events of what is owned")
		})
		for _, d := range t.feed(0) {
			if d.Event.Key.Kind == steps {
				t.Errorf("Feed has an event of %s, which has none", quoted(d.Event.Key))
			}
		}
	}},
	{"as of the view, whatever is put later", func(t *trial) {
		j := newJob(key(id(1)))
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{j.write(), j.owns(j.step("b", nil), 0)}})
		first := t.snapshot()
		defer first.Close()
		next := j.next(nil)
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{next.write(), next.owns(next.step("b", nil), 1), next.owns(next.step("a", nil), 0)}})
		second := t.snapshot()
		defer second.Close()
		last := next.next(nil)
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{last.write(), last.owns(last.step("a", nil), 2), last.owns(last.step("c", nil), 0)}})
		for n, want := range [][]itsm.Record{{j.step("b", nil)}, {next.step("a", nil), next.step("b", nil)}} {
			v := []itsm.Snapshot{first, second}[n]
			got, err := v.Owned(t.Context(), nil, j.Key(), steps)
			t.ok(err, "Owned")
			t.same(got, want, "Owned in view %d of 2", n+1)
			count, err := v.Count(t.Context(), &itsm.StoreQuery{Tenant: acme, Kind: steps})
			t.ok(err, "Count")
			t.same(count, int64(len(want)), "Count in view %d of 2", n+1)
		}
		t.same(t.owned(j.Key(), steps), []itsm.Record{last.step("a", nil), next.step("b", nil), last.step("c", nil)}, "Owned now")
	}},
	{"a row of another version is ErrConflict, also one that must be new", func(t *trial) {
		j := t.furnished()
		n := j.next(nil)
		for _, c := range []struct {
			name    string
			expect  int64
			because string
		}{
			{"a", 0, "an owned record that must be new and is there"},
			{"c", 1, "a version of an owned record that is not there"},
		} {
			t.refused(crowded(n.write(), n.owns(n.step("b", nil), 1), n.owns(n.step(c.name, nil), c.expect)), itsm.ErrConflict, c.because)
		}
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{n.write(), n.owns(n.step("a", nil), 1)}})
		m := n.next(nil)
		t.refused(crowded(m.write(), m.owns(m.step("a", nil), 1)), itsm.ErrConflict, "a version of an owned record that somebody else has put")
		t.refused(crowded(m.write(), m.owns(m.step("b", nil), 2)), itsm.ErrConflict, "a version of an owned record that it did not have")
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{m.write(), m.owns(m.step("a", nil), 2), m.owns(m.step("b", nil), 1)}})
	}},
	{"with their owner or not at all", func(t *trial) {
		j := t.furnished()
		n := j.next(nil)
		rows := []itsm.RecordWrite{n.owns(n.step("a", nil), 1), n.owns(n.step("c", nil), 0)}
		t.refused(crowded(append([]itsm.RecordWrite{j.next(nil).next(nil).write()}, rows...)...), itsm.ErrConflict, "an owner of another version")
		t.refused(crowded(append([]itsm.RecordWrite{newJob(j.Key()).write()}, rows...)...), itsm.ErrExists, "an owner that must be new and is there")
		set := crowded(append([]itsm.RecordWrite{n.write()}, rows...)...)
		set.Reads = []itsm.VersionCheck{{Key: key(id(2)), Expect: 9}}
		t.refused(set, itsm.ErrConflict, "rows and a read that does not hold")
		set.Reads = nil
		t.apply(set)
		t.same(t.owned(j.Key(), steps), []itsm.Record{n.step("a", nil), j.step("b", nil), n.step("c", nil)}, "Owned after the same set without the read")
	}},
	{"what no owner can have is ErrInvalid and changes nothing", func(t *trial) {
		j := t.furnished()
		n := j.next(nil)
		for because, spoil := range map[string]func(w *itsm.RecordWrite){
			"an owner without a tenant":  func(w *itsm.RecordWrite) { w.Owner.Tenant = "" },
			"an owner without a kind":    func(w *itsm.RecordWrite) { w.Owner.Kind = "" },
			"an owner without an id":     func(w *itsm.RecordWrite) { w.Owner.ID = "" },
			"an owner of another tenant": func(w *itsm.RecordWrite) { w.Owner.Tenant = umbrella },
			"an event of its own":        func(w *itsm.RecordWrite) { w.Event = n.step("c", nil).event() },
		} {
			w := n.owns(n.step("c", nil), 0)
			spoil(&w)
			t.refused(crowded(n.write(), w), itsm.ErrInvalid, "an owned record with "+because)
		}
		read := []func(itsm.Key, string) error{func(owner itsm.Key, kind string) (err error) {
			t.view(func(v itsm.Snapshot) { _, err = v.Owned(t.Context(), nil, owner, kind) })
			return err
		}}
		if g := t.getter(); g != nil {
			read = append(read, func(owner itsm.Key, kind string) error { _, err := g.Owned(t.Context(), nil, owner, kind); return err })
		}
		for _, owned := range read {
			for _, k := range []itsm.Key{{Kind: jobs, ID: id(1)}, {Tenant: acme, ID: id(1)}, {Tenant: acme, Kind: jobs}} {
				t.fails(owned(k, steps), itsm.ErrInvalid, "Owned by %s", quoted(k))
			}
			t.fails(owned(j.Key(), ""), itsm.ErrInvalid, "Owned of no kind")
		}
	}},
	{"tenants do not meet", func(t *trial) {
		mine, theirs := newJob(key(id(1))), newJob(itsm.Key{Tenant: umbrella, Kind: jobs, ID: id(1)})
		for _, j := range []*job{theirs, mine} {
			t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{j.write(), j.owns(j.step("a", func(s *job) { s.Title = j.Tenant }), 0)}})
		}
		n := theirs.next(nil)
		t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{n.write(), n.owns(n.step("a", nil), 1), n.owns(n.step("b", nil), 0)}})
		t.same(t.owned(mine.Key(), steps), []itsm.Record{mine.step("a", func(s *job) { s.Title = acme })}, "Owned in a tenant")
		t.same(t.owned(n.Key(), steps), []itsm.Record{n.step("a", nil), n.step("b", nil)}, "Owned in another tenant under the same id")
		t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: steps, Limit: 10}), []string{mine.step("a", nil).ID}, "Query of what is owned in a tenant")
	}},
	{"what is found is appended", func(t *trial) {
		j := t.furnished()
		check := func(owned func([]itsm.Record) ([]itsm.Record, error), call string) {
			t.Helper()
			got, err := owned(make([]itsm.Record, 1, 8))
			t.ok(err, "%s", call)
			if len(got) != 3 || got[0] != nil || got[1].Header().ID != j.step("a", nil).ID {
				t.Errorf("%s does not append to dst: %d records in a slice of 1 where 2 are owned", call, len(got))
			}
		}
		t.view(func(v itsm.Snapshot) {
			check(func(dst []itsm.Record) ([]itsm.Record, error) { return v.Owned(t.Context(), dst, j.Key(), steps) }, "Owned")
		})
		if g := t.getter(); g != nil {
			check(func(dst []itsm.Record) ([]itsm.Record, error) { return g.Owned(t.Context(), dst, j.Key(), steps) }, "Getter.Owned")
		}
	}},
	{"of a getter, what is newest beside an older view", func(t *trial) {
		get := t.mustGetter()
		j := t.furnished()
		v := t.snapshot()
		defer v.Close()
		for range 3 {
			n := j.next(nil)
			t.apply(&itsm.WriteSet{Records: []itsm.RecordWrite{n.write(), n.owns(n.step("a", nil), j.Version), n.owns(n.step(fmt.Sprint("new", n.Version), nil), 0)}})
			got, err := get.Owned(t.Context(), nil, n.Key(), steps)
			t.ok(err, "Getter.Owned")
			t.same(got[0], n.step("a", nil), "Getter.Owned at once after Apply")
			t.same(len(got), int(n.Version)+1, "how many Getter.Owned finds at once after Apply")
			j = n
		}
		got, err := v.Owned(t.Context(), nil, j.Key(), steps)
		t.ok(err, "Owned")
		t.same(len(got), 2, "how many Owned finds in an older view")
	}},
	{"of one instant beside writers", func(t *trial) { t.ownBesideWriters() }},
}

// ownBesideWriters reads what records own while some write them, and others write over them what is refused.
func (t *trial) ownBesideWriters() {
	t.Helper()
	const owners, names = 2, 3
	const refused = -1 // the amount of what must never be seen
	for n := range owners {
		j := newJob(key(id(n)))
		set := put(j)
		for name := range names {
			set.Records = append(set.Records, j.owns(j.step(fmt.Sprint(name), nil), 0))
		}
		t.apply(set)
	}
	each := rounds(80)
	write := func(n int, amount func(version int64) int64, spoil func(*itsm.WriteSet)) error {
		return t.retry(func(v itsm.Snapshot) (*itsm.WriteSet, error) {
			old, err := v.Get(t.Context(), key(id(n)))
			if err != nil {
				return nil, err
			}
			j := old.(*job).next(nil)
			set := put(j)
			for name := range names {
				s := j.step(fmt.Sprint(name), func(s *job) { s.Amount = amount(j.Version) })
				set.Records = append(set.Records, j.owns(s, j.Version-1))
			}
			if spoil != nil {
				spoil(set)
				if err := t.store.Apply(t.Context(), set); err == nil {
					return nil, fmt.Errorf("Apply of a set that expects a version that is not there: got no error, want %v", itsm.ErrConflict)
				}
				return &itsm.WriteSet{}, nil
			}
			return set, nil
		})
	}
	fits := func(owned []itsm.Record, version int64) error {
		if len(owned) != names {
			return fmt.Errorf("got %d of %d that are owned", len(owned), names)
		}
		for _, r := range owned {
			s := r.(*job)
			switch {
			case s.Amount == refused:
				return fmt.Errorf("got what Apply refused")
			case s.Version != owned[0].Header().Version || version > 0 && s.Version != version:
				return fmt.Errorf("got versions %d and %d of rows that are put together, their owner at %d", owned[0].Header().Version, s.Version, version)
			case s.Version > 1 && s.Amount != s.Version:
				return fmt.Errorf("got parts of different versions: version %d, amount %d", s.Version, s.Amount)
			}
		}
		return nil
	}
	read := func(n int) error {
		k := key(id(n))
		if g := t.getter(); g != nil {
			owned, err := g.Owned(t.Context(), nil, k, steps)
			if err == nil {
				err = fits(owned, 0)
			}
			if err != nil {
				return fmt.Errorf("Getter.Owned: %w", err)
			}
		}
		v, err := t.store.Snapshot(t.Context())
		if err != nil {
			return err
		}
		defer v.Close()
		owned, err := v.Owned(t.Context(), nil, k, steps)
		if err != nil {
			return err
		}
		owner, err := v.Get(t.Context(), k)
		if err != nil {
			return err
		}
		return fits(owned, owner.Header().Version)
	}
	errs := together(4*owners, func(i int) error {
		n := i % owners
		for range each {
			var err error
			switch i / owners {
			case 0:
				err = write(n, func(version int64) int64 { return version }, nil)
			case 1:
				err = write(n, func(int64) int64 { return refused }, func(set *itsm.WriteSet) {
					set.Reads = []itsm.VersionCheck{{Key: key(id(99)), Expect: 2}}
				})
			default:
				err = read(n)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, err := range errs {
		t.ok(err, "Owned beside writers")
	}
}

func byID(a, b itsm.Record) int { return strings.Compare(a.Header().ID, b.Header().ID) }

// owned reads what a record owns as it is now, also without a snapshot where the store can.
func (t *trial) owned(owner itsm.Key, kind string) (found []itsm.Record) {
	t.Helper()
	t.view(func(v itsm.Snapshot) {
		var err error
		found, err = v.Owned(t.Context(), nil, owner, kind)
		t.ok(err, "Owned by %s", quoted(owner))
	})
	if g := t.getter(); g != nil {
		got, err := g.Owned(t.Context(), nil, owner, kind)
		t.ok(err, "Getter.Owned by %s", quoted(owner))
		t.same(got, found, "Getter.Owned by %s, beside Owned of a view", quoted(owner))
	}
	return found
}
