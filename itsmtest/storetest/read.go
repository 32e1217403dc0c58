package storetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// prepare: what a store learns of kinds, once and again.
var prepare = []promise{
	{"again changes nothing", func(t *trial) {
		t.put(newJob(key(id(1))))
		before := t.dump()
		t.ok(t.store.Prepare(t.Context(), kinds()), "Prepare of the same kinds again")
		t.unchanged(before, "Prepare was called again")
	}},
	{"adds a kind and keeps the others", func(t *trial) {
		t.put(newJob(key(id(1))))
		t.ok(t.store.Prepare(t.Context(), []itsm.Codec{codec{kind: "errand"}}), "Prepare of one more kind")
		errand := itsm.Key{Tenant: acme, Kind: "errand", ID: id(1)}
		t.put(newJob(errand), newJob(key(id(2))))
		t.same(t.get(errand), newJob(errand), "Get of a kind that was prepared later")
		t.same(t.get(key(id(1))), newJob(key(id(1))), "Get of a kind that was prepared before")
	}},
	{"a later column finds the records that are there", func(t *trial) {
		for n, note := range []string{"blue", "red", "blue", ""} {
			j := newJob(key(id(n)))
			j.Note = note
			t.put(j)
		}
		t.ok(t.store.Prepare(t.Context(), []itsm.Codec{codec{kind: jobs, late: true}}), "Prepare with one more column")
		last := newJob(key(id(4)))
		last.Note = "blue"
		t.put(last)
		f := itsm.Where("note").Is("blue")
		q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &f, Limit: 10}
		t.same(t.query(q), []string{id(0), id(2), id(4)}, "Query by a column that was prepared after some records were written")
		q.Filter, q.Sort = nil, []itsm.Sort{{Column: "note"}}
		t.same(t.query(q), []string{id(3), id(0), id(2), id(4), id(1)}, "Query sorted by a column that was prepared after some records were written")
	}},
}

// get: a record comes back as it was written.
var get = []promise{
	{"ErrNotFound for what is not there", func(t *trial) {
		t.put(newJob(key(id(1))))
		t.view(func(v itsm.Snapshot) {
			for _, k := range []itsm.Key{key(id(2)), {Tenant: umbrella, Kind: jobs, ID: id(1)}, {Tenant: acme, Kind: chores, ID: id(1)}} {
				r, err := v.Get(t.Context(), k)
				t.fails(err, itsm.ErrNotFound, "Get %q", k)
				if r != nil {
					t.Errorf("Get %q: got a record beside the error", k)
				}
			}
		})
	}},
	{"the newest version", func(t *trial) {
		j := newJob(key(id(1)))
		t.put(j)
		for range 5 {
			j = j.next(func(j *job) { j.Amount += 10; j.Title += "!" })
			t.put(j)
			t.same(t.get(j.Key()), j, "Get after Apply")
		}
	}},
	{"a ticket with all its fields", func(t *trial) {
		j := newJob(key(id(1)))
		j.Description, j.Caller, j.OpenedBy, j.Channel = "Flames.\r\n\tSmoke.", "carol", "alice", "phone"
		j.Impact, j.Urgency, j.Priority, j.PriorityReason = 1, 2, 3, "the boss called"
		j.Group, j.Assignee, j.Category, j.Service = "desk", "dan", "hardware", "print"
		j.Items, j.Hold, j.HeldFrom = []string{"b", "a", "", "a"}, itsm.HoldVendor, "active"
		j.Parent = itsm.Ref{Kind: jobs, ID: id(9)}
		j.Reassignments, j.Reopens, j.OpenTasks = 1, 2, 3
		j.Amount, j.Note, j.Data = math.MinInt64, "<&>\u2028", []byte{0, 255, 1}
		t.put(j)
		t.same(t.get(j.Key()), j, "Get")
	}},
	{"custom values of every kind", func(t *trial) {
		for n, v := range customValues() {
			j := newJob(key(id(n)))
			j.Custom.Set(v.Kind().String(), v)
			j.Custom.Set("indexed_"+v.Kind().String(), v)
			j.Custom.Set("undeclared", v)
			t.put(j)
			got := t.get(j.Key())
			t.same(got, j, "Get of a record with %s %s", v.Kind(), v)
			if !got.Custom.Equal(j.Custom) {
				t.Errorf("Get: %s %s came back as another value", v.Kind(), v)
			}
		}
	}},
	{"instants from 1900 to 2199 with nanoseconds", func(t *trial) {
		for n, at := range instants() {
			j := newJob(key(id(n)))
			j.CreatedAt, j.UpdatedAt = at, at
			set := put(j)
			set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
			set.Timers = []itsm.TimerWrite{{Timer: j.timer("close", at)}}
			set.Receipt = j.receipt(id(n))
			set.Receipt.Expires = at.Add(1)
			set.Subscription = &itsm.Subscription{
				Name: id(n), Revision: 1, RetryAt: at, ClaimedUntil: at, Tries: 1, Parked: []itsm.Parked{{Position: 1, Key: j.Key(), Version: 1, Tries: 2, Error: "no", At: at}},
			}
			t.apply(set)
			t.same(t.get(j.Key()), j, "Get of a record of %s", at)
			t.view(func(v itsm.Snapshot) {
				events, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
				t.ok(err, "Events")
				t.same(events, []*itsm.Event{j.event()}, "Events of %s", at)
				rows, err := v.Rows(t.Context(), nil, j.Key(), "", 0, 0)
				t.ok(err, "Rows")
				t.same(rows, set.Records[0].Rows, "Rows of %s", at)
				timers, err := v.Timers(t.Context(), nil, j.Key())
				t.ok(err, "Timers")
				t.same(timers, []itsm.Timer{j.timer("close", at)}, "Timers of %s", at)
				receipt, err := v.Receipt(t.Context(), set.Receipt.ReceiptKey)
				t.ok(err, "Receipt")
				t.same(receipt, set.Receipt, "Receipt of %s", at)
				sub, err := v.Subscription(t.Context(), id(n))
				t.ok(err, "Subscription")
				t.same(sub, *set.Subscription, "Subscription of %s", at)
			})
		}
		claimed, err := t.store.Claim(t.Context(), instants()[len(instants())-1], after(0).AddDate(200, 0, 0), 100)
		t.ok(err, "Claim")
		for n, at := range instants() {
			if len(claimed) <= n || !claimed[n].Due.Equal(at) {
				t.Fatalf("Claim: timers do not come back in the order of instants, or with others than they were set:\n%s", text(claimed))
			}
		}
	}},
	{"a megabyte", func(t *trial) {
		j := newJob(key(id(1)))
		j.Note = strings.Repeat("smoke \u2603 and 'fire' \\ ", 1<<16)
		j.Data = []byte(strings.Repeat("\x00\xff", 1<<18))
		set := put(j)
		set.Records[0].Event.Facts = fmt.Appendf(nil, "%q", j.Note)
		set.Records[0].Rows = []itsm.Row{j.row(1, "message")}
		set.Records[0].Rows[0].Sealed.Value = fmt.Appendf(nil, "%q", j.Note)
		t.apply(set)
		t.same(t.get(j.Key()), j, "Get of a large record")
		t.view(func(v itsm.Snapshot) {
			events, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(events, []*itsm.Event{set.Records[0].Event}, "Events of a large record")
			rows, err := v.Rows(t.Context(), nil, j.Key(), "", 0, 0)
			t.ok(err, "Rows")
			t.same(rows, set.Records[0].Rows, "Rows of a large record")
		})
	}},
}

// events: the history of a record.
var events = []promise{
	{"every part as it was written", func(t *trial) {
		j := newJob(key(id(1)))
		set := put(j)
		e := set.Records[0].Event
		e.Actor = itsm.Actor{ID: "sync", Tenant: acme, Kind: itsm.Integration, Roles: append(itsm.Actor{}.Roles, itsm.Agent, itsm.Manager), OnBehalfOf: "bob"}
		e.Sealed[1].Salt, e.Sealed[1].Value = nil, nil // an import may bring what was erased before
		t.apply(set)
		bare := j.next(nil)
		set = put(bare)
		set.Records[0].Event = &itsm.Event{Key: bare.Key(), Version: 2, At: bare.UpdatedAt, Name: "job.touched"}
		t.apply(set)
		t.view(func(v itsm.Snapshot) {
			got, err := v.Events(t.Context(), nil, j.Key(), 0, 0)
			t.ok(err, "Events")
			t.same(got, []*itsm.Event{e, set.Records[0].Event}, "Events")
		})
		t.same([]*itsm.Event{t.feed(0)[0].Event}, []*itsm.Event{e}, "Feed")
	}},
	{"after a version, up to a limit, in order", func(t *trial) {
		j, other := newJob(key(id(1))), newJob(key(id(2)))
		t.put(j, other)
		for range 11 {
			j, other = j.next(nil), other.next(nil)
			t.put(other, j)
		}
		t.view(func(v itsm.Snapshot) {
			for _, c := range []struct {
				after    int64
				limit    int
				from, to int64
			}{{0, 0, 1, 12}, {0, 1, 1, 1}, {0, 5, 1, 5}, {5, 5, 6, 10}, {10, 5, 11, 12}, {11, 0, 12, 12}, {12, 0, 1, 0}, {99, 3, 1, 0}, {0, 99, 1, 12}} {
				got, err := v.Events(t.Context(), nil, j.Key(), c.after, c.limit)
				t.ok(err, "Events")
				t.same(versions(got), serial(c.from, c.to), "Events after %d, limit %d", c.after, c.limit)
			}
			mine := []*itsm.Event{{Cause: "mine"}}
			got, err := v.Events(t.Context(), mine, j.Key(), 11, 0)
			t.ok(err, "Events")
			if len(got) != 2 || got[0] != mine[0] {
				t.Errorf("Events: does not append to dst")
			}
		})
	}},
	{"none of what is not there", func(t *trial) {
		t.view(func(v itsm.Snapshot) {
			got, err := v.Events(t.Context(), nil, key(id(1)), 0, 0)
			t.ok(err, "Events of no record")
			t.same(got, []*itsm.Event{}, "Events of no record")
		})
	}},
}

// rows: what hangs on a record.
var rows = []promise{
	{"by kind, after an id, up to a limit, in order of id", func(t *trial) {
		j := newJob(key(id(1)))
		other := newJob(key(id(2)))
		set := put(j, other)
		kinds := []itsm.RowKind{itsm.Comments, itsm.WorkNotes, "own"}
		for n := int64(1); n <= 12; n++ {
			r := j.row(n*10, "")
			r.Kind = kinds[n%3]
			set.Records[0].Rows = append(set.Records[0].Rows, r)
		}
		set.Records[1].Rows = []itsm.Row{other.row(15, "")}
		t.apply(set)
		j = j.next(nil)
		set = put(j)
		set.Records[0].Rows = []itsm.Row{j.row(130, "")}
		t.apply(set)
		t.view(func(v itsm.Snapshot) {
			for _, c := range []struct {
				kind  itsm.RowKind
				after int64
				limit int
				want  []int64
			}{
				{"", 0, 0, []int64{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 130}},
				{"", 55, 2, []int64{60, 70}},
				{"", 60, 1, []int64{70}},
				{"", 130, 0, nil},
				{itsm.Comments, 0, 0, []int64{30, 60, 90, 120, 130}},
				{itsm.Comments, 30, 2, []int64{60, 90}},
				{"own", 0, 3, []int64{20, 50, 80}},
				{itsm.Links, 0, 0, nil},
			} {
				got, err := v.Rows(t.Context(), nil, j.Key(), c.kind, c.after, c.limit)
				t.ok(err, "Rows")
				t.same(rowIDs(got), c.want, "Rows of kind %q after %d, limit %d", c.kind, c.after, c.limit)
			}
			mine := []itsm.Row{{ID: 7}}
			got, err := v.Rows(t.Context(), mine, j.Key(), "", 120, 0)
			t.ok(err, "Rows")
			t.same(rowIDs(got), []int64{7, 130}, "Rows appends to dst")
		})
	}},
	{"every part as it was written", func(t *trial) {
		j := newJob(key(id(1)))
		full, bare := j.row(1, "message"), itsm.Row{Record: j.Key(), ID: 2, Kind: itsm.Links, Version: 1, At: base}
		set := put(j)
		set.Records[0].Rows = []itsm.Row{full, bare}
		t.apply(set)
		t.view(func(v itsm.Snapshot) {
			got, err := v.Rows(t.Context(), nil, j.Key(), "", 0, 0)
			t.ok(err, "Rows")
			t.same(got, []itsm.Row{full, bare}, "Rows")
			got, err = v.FindRows(t.Context(), nil, acme, itsm.Comments, "message", 10)
			t.ok(err, "FindRows")
			t.same(got, []itsm.Row{full}, "FindRows")
		})
	}},
	{"found by key in order of record and id", func(t *trial) {
		want := []itsm.Row{}
		for _, k := range []itsm.Key{{Tenant: acme, Kind: chores, ID: id(3)}, key(id(1)), key(id(2))} {
			j := newJob(k)
			set := put(j)
			for n := int64(1); n <= 3; n++ {
				set.Records[0].Rows = append(set.Records[0].Rows, j.row(n*2, "message"), j.row(n*2+1, "other"))
				want = append(want, j.row(n*2, "message"))
			}
			link := j.row(9, "message")
			link.Kind = itsm.Links
			set.Records[0].Rows = append(set.Records[0].Rows, link)
			t.apply(set)
		}
		t.view(func(v itsm.Snapshot) {
			for limit := 1; limit <= 10; limit++ {
				got, err := v.FindRows(t.Context(), nil, acme, itsm.Comments, "message", limit)
				t.ok(err, "FindRows")
				t.same(got, want[:min(limit, len(want))], "FindRows with limit %d", limit)
			}
			for _, find := range []string{"Message", "messag", "message ", "nothing"} {
				got, err := v.FindRows(t.Context(), nil, acme, itsm.Comments, find, 10)
				t.ok(err, "FindRows")
				t.same(got, []itsm.Row{}, "FindRows of key %q", find)
			}
			mine := []itsm.Row{{ID: 7}}
			got, err := v.FindRows(t.Context(), mine, acme, itsm.Comments, "message", 1)
			t.ok(err, "FindRows")
			t.same(rowIDs(got), []int64{7, 2}, "FindRows appends to dst")
		})
	}},
	{"removed rows are gone", func(t *trial) {
		j := newJob(key(id(1)))
		set := put(j)
		set.Records[0].Rows = []itsm.Row{j.row(1, "message"), j.row(2, "message"), j.row(3, "message"), j.row(4, "")}
		t.apply(set)
		j = j.next(nil)
		set = put(j)
		set.Records[0].Removed, set.Records[0].Rows = []int64{1, 3}, []itsm.Row{j.row(5, "message")}
		t.apply(set)
		t.view(func(v itsm.Snapshot) {
			got, err := v.Rows(t.Context(), nil, j.Key(), "", 0, 2)
			t.ok(err, "Rows")
			t.same(rowIDs(got), []int64{2, 4}, "Rows after rows 1 and 3 were removed, limit 2")
			got, err = v.Rows(t.Context(), nil, j.Key(), itsm.Comments, 2, 0)
			t.ok(err, "Rows")
			t.same(rowIDs(got), []int64{4, 5}, "Rows after rows 1 and 3 were removed, after 2")
			got, err = v.FindRows(t.Context(), nil, acme, itsm.Comments, "message", 2)
			t.ok(err, "FindRows")
			t.same(rowIDs(got), []int64{2, 5}, "FindRows after rows 1 and 3 were removed")
		})
	}},
	{"of a kind, removed and erased, and as before in an older view", func(t *trial) {
		j := newJob(key(id(1)))
		set := put(j)
		kinds := []itsm.RowKind{itsm.Comments, itsm.Watchers, itsm.Links}
		for n := int64(1); n <= 30; n++ {
			r := j.row(n, []string{"", "message"}[n%2])
			r.Kind = kinds[n%3]
			set.Records[0].Rows = append(set.Records[0].Rows, r)
		}
		t.apply(set)
		type asked struct {
			kind  itsm.RowKind
			after int64
			limit int
		}
		asks := []asked{{"", 0, 0}, {"", 4, 5}, {itsm.Comments, 0, 0}, {itsm.Watchers, 0, 4}, {itsm.Links, 11, 2}, {itsm.TimeEntries, 0, 0}}
		reads := func(v itsm.Snapshot, want []itsm.Row, when string) {
			t.Helper()
			for _, ask := range asks {
				some := []itsm.Row{}
				for _, r := range want {
					if (ask.kind == "" || r.Kind == ask.kind) && r.ID > ask.after && (ask.limit == 0 || len(some) < ask.limit) {
						some = append(some, r)
					}
				}
				got, err := v.Rows(t.Context(), nil, j.Key(), ask.kind, ask.after, ask.limit)
				t.ok(err, "Rows")
				t.same(got, some, "Rows of kind %q after %d, limit %d, %s", ask.kind, ask.after, ask.limit, when)
			}
			keyed := []itsm.Row{}
			for _, r := range want {
				if r.Kind == itsm.Links && r.Key == "message" {
					keyed = append(keyed, r)
				}
			}
			got, err := v.FindRows(t.Context(), nil, acme, itsm.Links, "message", 100)
			t.ok(err, "FindRows")
			t.same(got, keyed, "FindRows %s", when)
		}
		first := set.Records[0].Rows
		v := t.snapshot()
		defer v.Close()

		j = j.next(nil)
		set = put(j)
		set.Records[0].Removed = []int64{2, 5, 6, 11, 29}
		set.Records[0].Rows = []itsm.Row{j.row(31, "message")}
		t.apply(set)
		second := append(slices.DeleteFunc(slices.Clone(first), func(r itsm.Row) bool { return slices.Contains(set.Records[0].Removed, r.ID) }), j.row(31, "message"))
		w := t.snapshot()
		defer w.Close()

		t.apply(&itsm.WriteSet{Redactions: []itsm.Redaction{{Key: j.Key(), Version: 1, RowIDs: []int64{3, 4, 8, 30}}}})
		third := slices.Clone(second)
		for i := range third {
			if slices.Contains([]int64{3, 4, 8, 30}, third[i].ID) {
				third[i] = third[i].Redact()
			}
		}
		t.view(func(now itsm.Snapshot) { reads(now, third, "after rows were removed and erased") })
		reads(v, first, "in a view from before")
		reads(w, second, "in a view from between")
	}},
}

func rowIDs(rows []itsm.Row) (all []int64) {
	for _, r := range rows {
		all = append(all, r.ID)
	}
	return all
}

// instants are those that stores lose: outside what fits 32 bits, before 1970, one nanosecond apart, ascending.
func instants() []time.Time {
	return []time.Time{
		time.Date(1900, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Unix(0, 0).UTC(),
		time.Unix(0, 1).UTC(),
		base, base.Add(1), base.Add(1000), base.Add(1001),
		time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),
		time.Date(2199, 12, 31, 23, 59, 59, 999999999, time.UTC),
	}
}

// customValues has of every kind what stores round, fold or mix up.
func customValues() (all []field.Value) {
	for _, s := range texts() {
		all = append(all, field.Text(s))
	}
	for _, n := range []int64{math.MinInt64, -1, 0, 1, 5, 42, 1<<53 - 1, 1 << 53, 1<<53 + 1, math.MaxInt64 - 1, math.MaxInt64} {
		all = append(all, field.Int(n))
	}
	for _, n := range []float64{-math.MaxFloat64, -1.5, 0, math.SmallestNonzeroFloat64, 0.1, 1, 5, 42.5, 1 << 53, 1 << 63, 1e21, math.MaxFloat64} {
		all = append(all, field.Number(n))
	}
	for _, at := range instants() {
		all = append(all, field.Instant(at))
	}
	for _, d := range []time.Duration{-time.Hour, 0, 1, 5, time.Hour, math.MaxInt64} {
		all = append(all, field.Span(d))
	}
	for _, l := range [][]string{{"a"}, {"a", "b"}, {"b", "A"}, {"a,b"}, {"a\x1fb"}, {`a","b`}, {"%"}, {"É", ""}, {"null"}, slices.Repeat([]string{"long"}, 100)} {
		all = append(all, field.List(l...))
	}
	return append(all, field.Bool(false), field.Bool(true))
}

// texts are those that stores fold, trim, escape wrongly or take for a pattern, none of them empty.
func texts() []string {
	return []string{
		"a", "A", "b", "ab", "AB", "aB", "abc", "a b", "a ", " a", "a%", "a%c", "a_", "a_c", "%", "_", "a*", "?", "[a]", "^a", "~",
		`a\`, `\%`, `a'b`, `"a"`, "a;--", "a\nb", "a\tb", "a\x1fb", "\x01", "\x7f", "a/b", "a|b", "a:b",
		"é", "e\u0301", "É", "ß", "SS", "\u017f", "\u212a", "\u0130", "\u0131", "日本", "\u200d", "\ufeff", "\uffff", "\U0001F600",
		"null", "NULL", "0", "5", "-1", "true", "{}", "[]", strings.Repeat("long ", 300),
	}
}
