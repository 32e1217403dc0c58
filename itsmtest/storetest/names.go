package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// tenants: nothing of one is seen or touched through another.
var tenants = []promise{
	{"the same ids do not meet", func(t *trial) {
		mine := newJob(key(id(1)))
		theirs := newJob(itsm.Key{Tenant: umbrella, Kind: jobs, ID: id(1)})
		theirs.Title = "secret"
		for _, j := range []*job{theirs, mine} {
			set := put(j)
			set.Records[0].Rows = []itsm.Row{j.row(1, "message"), j.row(2, "of "+j.Tenant)}
			set.Timers = []itsm.TimerWrite{{Timer: j.timer("close", after(len(j.Tenant)))}}
			set.Receipt = j.receipt("once")
			t.apply(set)
		}
		t.put(theirs.next(nil))
		t.view(func(v itsm.Snapshot) {
			ctx := t.Context()
			got, err := v.Get(ctx, mine.Key())
			t.ok(err, "Get")
			t.same(got, mine, "Get of an id that another tenant has too")
			page, err := v.Query(ctx, nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10})
			t.ok(err, "Query")
			t.same(page, []itsm.Record{mine}, "Query in a tenant")
			wide := itsm.Any(itsm.Where("title").Is("secret"), itsm.Not(itsm.Any()))
			page, err = v.Query(ctx, nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &wide, Limit: 10})
			t.ok(err, "Query")
			t.same(page, []itsm.Record{mine}, "Query in a tenant with a filter that is an alternative")
			count, err := v.Count(ctx, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &wide})
			t.ok(err, "Count")
			t.same(count, int64(1), "Count in a tenant with a filter that is an alternative")
			events, err := v.Events(ctx, nil, mine.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(events, []*itsm.Event{mine.event()}, "Events in a tenant")
			rows, err := v.Rows(ctx, nil, mine.Key(), "", 0, 0)
			t.ok(err, "Rows")
			t.same(rows, []itsm.Row{mine.row(1, "message"), mine.row(2, "of acme")}, "Rows in a tenant")
			rows, err = v.FindRows(ctx, nil, acme, itsm.Comments, "message", 10)
			t.ok(err, "FindRows")
			t.same(rows, []itsm.Row{mine.row(1, "message")}, "FindRows in a tenant")
			rows, err = v.FindRows(ctx, nil, acme, itsm.Comments, "of umbrella", 10)
			t.ok(err, "FindRows")
			t.same(rows, []itsm.Row{}, "FindRows of a key that only another tenant has")
			timers, err := v.Timers(ctx, nil, mine.Key())
			t.ok(err, "Timers")
			t.same(timers, []itsm.Timer{mine.timer("close", after(4))}, "Timers in a tenant")
		})
		t.same(t.receipt(mine.receipt("once").ReceiptKey), mine.receipt("once"), "Receipt in a tenant")
	}},
	{"what only another has is not there", func(t *trial) {
		theirs := newJob(itsm.Key{Tenant: umbrella, Kind: jobs, ID: id(1)})
		set := put(theirs)
		set.Records[0].Rows = []itsm.Row{theirs.row(1, "message")}
		set.Timers = []itsm.TimerWrite{{Timer: theirs.timer("close", after(1))}}
		set.Receipt = theirs.receipt("once")
		t.apply(set)
		t.view(func(v itsm.Snapshot) {
			ctx := t.Context()
			_, err := v.Get(ctx, key(id(1)))
			t.fails(err, itsm.ErrNotFound, "Get of what another tenant has")
			count, err := v.Count(ctx, &itsm.StoreQuery{Tenant: acme, Kind: jobs})
			t.ok(err, "Count")
			events, err := v.Events(ctx, nil, key(id(1)), 0, 0)
			t.ok(err, "Events")
			rows, err := v.Rows(ctx, nil, key(id(1)), "", 0, 0)
			t.ok(err, "Rows")
			found, err := v.FindRows(ctx, nil, acme, itsm.Comments, "message", 10)
			t.ok(err, "FindRows")
			timers, err := v.Timers(ctx, nil, key(id(1)))
			t.ok(err, "Timers")
			receipt, err := v.Receipt(ctx, newJob(key(id(1))).receipt("once").ReceiptKey)
			t.ok(err, "Receipt")
			page, err := v.Query(ctx, nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10})
			t.ok(err, "Query")
			for name, seen := range map[string]int{
				"Query": len(page), "Count": int(count), "Events": len(events), "Rows": len(rows), "FindRows": len(found), "Timers": len(timers),
			} {
				if seen != 0 {
					t.Errorf("%s in a tenant without anything shows %d of another tenant", name, seen)
				}
			}
			t.same(receipt, (*itsm.Receipt)(nil), "Receipt of a key that only another tenant has used")
		})
	}},
	{"writes to one leave the other as it is", func(t *trial) {
		theirs := newJob(itsm.Key{Tenant: umbrella, Kind: jobs, ID: id(1)})
		mine := t.furnished()
		set := put(theirs)
		set.Records[0].Rows = []itsm.Row{theirs.row(1, "message"), theirs.row(2, "message")}
		set.Timers = []itsm.TimerWrite{{Timer: theirs.timer("close", after(60))}, {Timer: theirs.timer("remind", after(30))}}
		set.Receipt = theirs.receipt("once")
		t.apply(set)
		before := t.of(theirs)
		t.changeEverything(mine)
		t.same(t.of(theirs), before, "what another tenant has under the same ids was changed")
	}},
}

// of is all that the store shows of a record, and alice's receipt.
func (t *trial) of(j *job) string {
	t.Helper()
	var b strings.Builder
	t.view(func(v itsm.Snapshot) { t.lookAt(v, &b, j.Key()) })
	return b.String() + text(t.receipt(j.receipt("once").ReceiptKey))
}

// names: identifiers are bytes.
var names = []promise{
	{"odd ids are ids of their own, in byte order", func(t *trial) {
		odd := oddNames()
		for _, name := range odd {
			j := newJob(key(name))
			set := put(j)
			set.Records[0].Rows = []itsm.Row{j.row(1, name)}
			set.Timers = []itsm.TimerWrite{{Timer: j.timer(name, after(1))}}
			set.Receipt = j.receipt(name)
			if err := t.store.Apply(t.Context(), set); err != nil {
				t.Fatalf("Apply of a new record with id %q: %v", name, err)
			}
		}
		slices.Sort(odd)
		t.same(fmt.Sprintf("%q", t.pages(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 5})), fmt.Sprintf("%q", odd), "Query by id")
		for _, name := range odd {
			j := newJob(key(name))
			t.same(t.get(j.Key()), j, "Get of id %q", name)
			t.pending(j.Key(), name)
			t.same(t.receipt(j.receipt(name).ReceiptKey), j.receipt(name), "Receipt of key %q", name)
			f := itsm.Where("id").Is(name)
			t.same(fmt.Sprintf("%q", t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &f, Limit: 5})), fmt.Sprintf("%q", []string{name}), "Query of id %q", name)
			t.view(func(v itsm.Snapshot) {
				rows, err := v.FindRows(t.Context(), nil, acme, itsm.Comments, name, 10)
				t.ok(err, "FindRows")
				t.same(rows, []itsm.Row{j.row(1, name)}, "FindRows of key %q", name)
				events, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
				t.ok(err, "Events")
				t.same(events, []*itsm.Event{j.event()}, "Events of id %q", name)
			})
		}
		t.ordered(t.feed(0))
	}},
	{"odd tenants, series and subscribers", func(t *trial) {
		for n, name := range oddNames() {
			j := newJob(itsm.Key{Tenant: name, Kind: jobs, ID: id(1)})
			j.Amount = int64(n)
			set := put(j)
			set.Subscription = &itsm.Subscription{Name: name, Revision: 1, Position: itsm.Position(n + 1)}
			if err := t.store.Apply(t.Context(), set); err != nil {
				t.Fatalf("Apply of a new record in tenant %q: %v", name, err)
			}
			t.same(t.number(name, "s"), int64(1), "Number of tenant %q, whose first it is", name)
			t.same(t.number("t", name), int64(1), "Number of series %q, whose first it is", name)
		}
		for n, name := range oddNames() {
			j := newJob(itsm.Key{Tenant: name, Kind: jobs, ID: id(1)})
			j.Amount = int64(n)
			t.same(t.get(j.Key()), j, "Get in tenant %q", name)
			t.same(t.subscription(name).Position, itsm.Position(n+1), "Subscription %q", name)
			if found := len(t.query(&itsm.StoreQuery{Tenant: name, Kind: jobs, Limit: 10})); found != 1 {
				t.Errorf("Query in tenant %q: %d records, want its only one", name, found)
			}
		}
	}},
	{"separators do not run keys together", func(t *trial) {
		for _, sep := range []string{"/", "|", ":", "\x1f", "-", "_", ".", " ", ",", "\\", "::"} {
			// Joined by the separator, the two keys read alike.
			a := newJob(itsm.Key{Tenant: "t", Kind: jobs, ID: jobs + sep + "x"})
			b := newJob(itsm.Key{Tenant: "t" + sep + jobs, Kind: jobs, ID: "x"})
			for n, j := range []*job{a, b} {
				j.Amount = int64(n)
				set := put(j)
				set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
				t.apply(set)
			}
			t.same(t.get(a.Key()), a, "Get with separator %q in the id", sep)
			t.same(t.get(b.Key()), b, "Get with separator %q in the tenant", sep)
			c, d := newJob(itsm.Key{Tenant: "t", Kind: jobs, ID: "y" + sep + "z"}), newJob(itsm.Key{Tenant: "t", Kind: jobs, ID: "y"})
			t.set(c, c.timer("w", after(1)))
			t.set(d, d.timer("z"+sep+"w", after(2)))
			t.pending(c.Key(), "w")
			t.pending(d.Key(), "z"+sep+"w")
			for n, k := range []itsm.ReceiptKey{
				{Tenant: "t", Actor: "a", Command: "b" + sep + "c", Key: "d"}, {Tenant: "t", Actor: "a" + sep + "b", Command: "c", Key: "d"},
				{Tenant: "t", Actor: "a", Command: "b", Key: "c" + sep + "d"}, {Tenant: "t" + sep + "a", Actor: "b", Command: "c", Key: "d"},
			} {
				r := a.receipt(fmt.Sprint(n))
				r.ReceiptKey = k
				t.apply(&itsm.WriteSet{Receipt: r})
			}
			t.same(t.number("t", "s"+sep+"n"), int64(1), "Number with separator %q in the series", sep)
			t.same(t.number("t"+sep+"s", "n"), int64(1), "Number with separator %q in the tenant", sep)
			t.store = open(t.T, t.harness) // the next separator uses some of the keys again
		}
	}},
	{"empty ones are ErrInvalid and change nothing", func(t *trial) {
		t.furnished()
		bad := []itsm.Key{{Kind: jobs, ID: id(5)}, {Tenant: acme, ID: id(5)}, {Tenant: acme, Kind: jobs}, {}}
		for _, k := range bad {
			set := put(newJob(key(id(5))), newJob(k))
			t.refused(set, itsm.ErrInvalid, fmt.Sprintf("a record with key %q", quoted(k)))
			set = put(newJob(key(id(5))))
			set.Timers = []itsm.TimerWrite{{Timer: itsm.Timer{Key: k, Name: "close", Generation: 1, Due: after(1)}}}
			t.refused(set, itsm.ErrInvalid, fmt.Sprintf("a timer with key %q", quoted(k)))
			t.view(func(v itsm.Snapshot) {
				_, err := v.Get(t.Context(), k)
				t.fails(err, itsm.ErrInvalid, "Get of %s", quoted(k))
				_, err = v.Events(t.Context(), nil, k, 0, 0)
				t.fails(err, itsm.ErrInvalid, "Events of %s", quoted(k))
				_, err = v.Rows(t.Context(), nil, k, "", 0, 0)
				t.fails(err, itsm.ErrInvalid, "Rows of %s", quoted(k))
				_, err = v.Timers(t.Context(), nil, k)
				t.fails(err, itsm.ErrInvalid, "Timers of %s", quoted(k))
			})
		}
		t.view(func(v itsm.Snapshot) {
			for _, q := range []*itsm.StoreQuery{{Kind: jobs, Limit: 10}, {Tenant: acme, Limit: 10}} {
				_, err := v.Query(t.Context(), nil, q)
				t.fails(err, itsm.ErrInvalid, "Query of tenant %q, kind %q", q.Tenant, q.Kind)
				_, err = v.Count(t.Context(), q)
				t.fails(err, itsm.ErrInvalid, "Count of tenant %q, kind %q", q.Tenant, q.Kind)
			}
			_, err := v.FindRows(t.Context(), nil, "", itsm.Comments, "message", 10)
			t.fails(err, itsm.ErrInvalid, "FindRows without a tenant")
			_, err = v.Receipt(t.Context(), itsm.ReceiptKey{Actor: "alice", Command: "report", Key: "once"})
			t.fails(err, itsm.ErrInvalid, "Receipt without a tenant")
		})
		set := put(newJob(key(id(5))))
		set.Receipt = newJob(key(id(5))).receipt("twice")
		set.Receipt.Tenant = ""
		t.refused(set, itsm.ErrInvalid, "a receipt without a tenant")
		_, err := t.store.Number(t.Context(), "", jobs, 0)
		t.fails(err, itsm.ErrInvalid, "Number without a tenant")
		_, err = t.store.Number(t.Context(), acme, "", 0)
		t.fails(err, itsm.ErrInvalid, "Number without a series")
	}},
	{"row keys and kinds are bytes too", func(t *trial) {
		j := newJob(key(id(1)))
		set := put(j)
		want := map[string]int64{}
		for n, name := range oddNames() {
			r := j.row(int64(n+1), "x")
			r.Kind = itsm.RowKind(name)
			set.Records[0].Rows = append(set.Records[0].Rows, r)
			want[name] = r.ID
		}
		t.apply(set)
		t.view(func(v itsm.Snapshot) {
			for name, n := range want {
				got, err := v.Rows(t.Context(), nil, j.Key(), itsm.RowKind(name), 0, 0)
				t.ok(err, "Rows")
				t.same(rowIDs(got), []int64{n}, "Rows of kind %q", name)
			}
		})
	}},
	{"custom texts come back and are found byte by byte", func(t *trial) {
		for n, s := range oddNames() {
			j := newJob(key(id(n)))
			j.Custom.Set("indexed_text", field.Text(s))
			t.put(j)
		}
		for n, s := range oddNames() {
			f := itsm.Where("custom.indexed_text").Is(s)
			t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &f, Limit: 10}), []string{id(n)}, "Query of text %q", s)
		}
	}},
}

// oddNames are different identifiers that some store or other takes for the same, or chokes on.
func oddNames() []string {
	return []string{
		"inc1", "INC1", "Inc1", "inc1 ", " inc1", "inc01", "1", "01", "1.0", "1e0",
		"é", "e\u0301", "É", "ß", "ss", "K", "k", "\u212a", "\u0130", "i", "\u0131", "日本", "\uffff", "\U0001F600", "a\u200db", "\ufeff",
		"a/b", "a|b", "a:b", "a\x1fb", "a\nb", "a\tb", "a\\b", "a'b", `a"b`, "a`b", "a;b", "a--b", "a%b", "a_b", "a?b", "a*b", "a$1b", "a{b}", "[a]",
		"%", "_", "\x01", "\x7f", "null", "NULL", "true", "'; DROP TABLE records; --", strings.Repeat("long", 100), strings.Repeat("long", 100) + "er",
	}
}
