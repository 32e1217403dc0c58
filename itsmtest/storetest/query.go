package storetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// filters: what a filter means is what [itsm.Filter.Match] says.
var filters = []promise{
	{"each operator", func(t *trial) {
		w := t.zoo()
		column, list, num := itsm.Where("custom.text"), itsm.Where("custom.list"), itsm.Where("custom.number")
		for _, f := range []itsm.Filter{
			itsm.All(), itsm.Any(), itsm.Not(itsm.All()), itsm.Not(itsm.Any()),
			column.Is("a"), column.Is(""), column.IsNot("a"), column.IsNot(""),
			column.In("a", "A", "É"), column.In(), column.NotIn("a", "b"), column.NotIn(),
			column.Empty(), itsm.Not(column.Empty()), itsm.Where("assignee").Empty(), itsm.Where("items").Empty(),
			column.Before(field.Text("a")), column.AtMost(field.Text("a")), column.After(field.Text("a")), column.AtLeast(field.Text("a")),
			column.After(field.Text("")), column.Before(field.Text("\uffff")), column.After(field.Int(0)), itsm.Not(column.After(field.Text("b"))),
			column.Prefix("a"), column.Prefix("a%"), column.Prefix("_"), column.Prefix(`a\`), column.Prefix(""), column.Prefix("e"),
			column.Contains("A"), column.Contains("%"), column.Contains("_"), column.Contains(`\`), column.Contains("É"), column.Contains("é"),
			column.Contains("ss"), column.Contains(""), column.Contains("'"), column.Contains("*"), column.Contains("k"), column.Contains("i"),
			list.Is("a"), list.Is("a,b"), list.Is("A"), list.In("b", "%"), list.IsNot("a"), list.Equals(field.List("a", "b")), list.Equals(field.List("b", "a")),
			num.Equals(field.Number(5)), num.Equals(field.Int(5)), num.AtLeast(field.Int(5)), num.Before(field.Int(1<<53 + 1)), num.AtLeast(field.Int(1<<63 - 1)),
			itsm.Where("custom.int").Before(field.Number(1 << 53)), itsm.Where("custom.int").AtMost(field.Number(1 << 63)), itsm.Where("custom.int").After(field.Number(4.5)),
			itsm.Where("amount").Equals(field.Int(0)), itsm.Where("custom.bool").Equals(field.Bool(false)), itsm.Where("custom.bool").AtLeast(field.Bool(true)),
			itsm.Where("custom.span").Before(field.Span(0)), itsm.Where("custom.span").Equals(field.Int(0)),
			itsm.Where("updated_at").After(field.Instant(base)), itsm.Where("updated_at").Before(field.Instant(base.Add(1))),
			itsm.Where("id").Prefix("ZOO0001"), itsm.Where("id").Is("zoo000100"), itsm.Where("version").AtLeast(field.Int(2)),
			itsm.Not(itsm.Any(column.Is("a"), itsm.Where("custom.int").After(field.Int(0)))),
			itsm.All(itsm.Not(column.Is("a")), itsm.Not(list.Is("a")), itsm.Not(num.Before(field.Number(1)))),
		} {
			w.judge(&f)
		}
	}},
	{"500 random filters", func(t *trial) {
		w := t.zoo()
		for range rounds(500) {
			f := w.filter(3)
			w.judge(&f)
			if t.Failed() {
				return
			}
		}
	}},
	{"each value is found by itself", func(t *trial) {
		w := t.zoo()
		for _, v := range customValues() {
			for _, name := range []string{"custom.", "custom.indexed_"} {
				f := itsm.Where(name + v.Kind().String()).Equals(v)
				w.judge(&f)
			}
		}
	}},
}

// queries: pages, sorts and counts.
var queries = []promise{
	{"sorted and paged as the reference", func(t *trial) {
		w := t.zoo()
		for range rounds(80) {
			q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Sort: w.sort()}
			if w.IntN(2) == 0 {
				q.Filter = new(w.filter(2))
			}
			q.Limit = []int{7, 50, 1000}[w.IntN(3)]
			w.walk(q)
			if t.Failed() {
				return
			}
		}
	}},
	{"pages of one record", func(t *trial) {
		w := t.zoo()
		few := itsm.Where("id").Prefix("ZOO00000") // ten records
		for range rounds(30) {
			w.walk(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &few, Sort: w.sort(), Limit: 1})
		}
	}},
	{"equal keys in order of id, either way", func(t *trial) {
		for n := range 25 {
			t.put(newJob(key(id(n))))
		}
		want := make([]string, 25)
		for n := range want {
			want[n] = id(n)
		}
		for _, sort := range [][]itsm.Sort{nil, {{Column: "title"}}, {{Column: "title", Descending: true}, {Column: "state"}}} {
			t.same(t.pages(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Sort: sort, Limit: 4}), want, "Query sorted by %v", sort)
		}
		slices.Reverse(want)
		for _, sort := range [][]itsm.Sort{{{Column: "id", Descending: true}}, {{Column: "title", Descending: true}}, {{Column: "title"}, {Column: "state", Descending: true}}} {
			t.same(t.pages(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Sort: sort, Limit: 4}), want, "Query sorted by %v", sort)
		}
	}},
	{"empty values first, and last where descending", func(t *trial) {
		for n, v := range []field.Value{field.Int(1), {}, field.Int(-1), {}} {
			j := newJob(key(id(n)))
			j.Custom.Set("indexed_int", v)
			j.Assignee = []string{"zoe", "", "adam", ""}[n]
			t.put(j)
		}
		for _, column := range []string{"custom.indexed_int", "assignee"} {
			q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Sort: []itsm.Sort{{Column: column}}, Limit: 10}
			t.same(t.query(q), []string{id(1), id(3), id(2), id(0)}, "Query sorted by %s", column)
			q.Sort[0].Descending = true
			t.same(t.query(q), []string{id(0), id(2), id(3), id(1)}, "Query sorted by %s, descending", column)
		}
	}},
	{"a page goes on after its mark, whatever was written", func(t *trial) {
		for n := 10; n < 40; n++ {
			j := newJob(key(id(n)))
			j.Amount = int64(n / 3 * 3) // three of each
			t.put(j)
		}
		sort := []itsm.Sort{{Column: "amount"}}
		q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Sort: sort, Limit: 10}
		first := t.query(q)
		last := t.get(key(first[9]))
		q.After = mark(last, sort)
		// The mark's own record moves to the end, another one appears before the mark and one right after it.
		t.put(last.next(func(j *job) { j.Amount = 1000 }))
		before, behind := newJob(key(id(5))), newJob(key(last.ID+"-"))
		before.Amount, behind.Amount = 1, last.Amount
		t.put(before, behind)
		var rest []string
		for n := 20; n < 40; n++ {
			rest = append(rest, id(n))
		}
		want := slices.Concat([]string{behind.ID}, rest, []string{last.ID})
		t.same(t.pages(q), want, "Query after a mark whose record has moved since")
	}},
	{"a mark need not be of a record", func(t *trial) {
		for n := range 10 {
			j := newJob(key(id(n)))
			j.Amount = int64(n)
			t.put(j)
		}
		q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Sort: []itsm.Sort{{Column: "amount", Descending: true}}, Limit: 3}
		q.After = &itsm.Mark{Values: []field.Value{field.Int(5)}, ID: "K"}
		t.same(t.query(q), []string{id(5), id(4), id(3)}, "Query descending after a mark at 5 with a later id")
		q.After.ID = "A"
		t.same(t.query(q), []string{id(4), id(3), id(2)}, "Query descending after a mark at 5 with an earlier id")
		q.After = &itsm.Mark{Values: []field.Value{{}}, ID: "A"}
		t.same(t.query(q), []string{}, "Query descending after a mark without a value, which is the end")
	}},
	{"count is the number of records on all pages", func(t *trial) {
		w := t.zoo()
		for range rounds(40) {
			q := &itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: new(w.filter(2)), Sort: w.sort(), Limit: 9}
			n := len(t.pages(q))
			q.After, q.Limit = &itsm.Mark{Values: make([]field.Value, len(q.Sort)), ID: "ZOO000150"}, 1
			t.view(func(v itsm.Snapshot) {
				count, err := v.Count(t.Context(), q)
				t.ok(err, "Count")
				if count != int64(n) {
					t.Errorf("Count: %d, and the pages have %d records; sort, mark and limit must not matter; filter %s", count, n, asJSON(q.Filter))
				}
			})
		}
	}},
	{"of nothing is nothing", func(t *trial) {
		t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 10}), []string{}, "Query of an empty store")
		t.put(newJob(key(id(1))))
		t.same(t.query(&itsm.StoreQuery{Tenant: acme, Kind: chores, Limit: 10}), []string{}, "Query of a kind without records")
	}},
	{"answers the records as they were written", func(t *trial) {
		w := t.zoo()
		t.view(func(v itsm.Snapshot) {
			all, err := v.Query(t.Context(), nil, &itsm.StoreQuery{Tenant: acme, Kind: jobs, Limit: 1000})
			t.ok(err, "Query")
			t.same(all, w.all, "Query of all records by id")
		})
	}},
	{"a changed value is found in its new place only", func(t *trial) {
		j := newJob(key(id(1)))
		for n, state := range []string{"new", "active", "new", "closed"} {
			j = j.next(func(j *job) { j.Amount = int64(n); j.Assignee = state })
			if n == 0 {
				j.Version = 1
			}
			t.put(j)
			for _, ask := range []string{"new", "active", "closed"} {
				f := itsm.Where("assignee").Is(ask)
				found := len(t.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: &f, Limit: 10}))
				if want := map[bool]int{true: 1}[ask == state]; found != want {
					t.Errorf("Query: %d records with assignee %q after it was changed to %q, want %d", found, ask, state, want)
				}
			}
		}
	}},
}

// query answers the ids of one page.
func (t *trial) query(q *itsm.StoreQuery) (found []string) {
	t.Helper()
	t.view(func(v itsm.Snapshot) {
		page, err := v.Query(t.Context(), nil, q)
		t.ok(err, "Query %s", asJSON(q))
		found = ids(page)
	})
	t.findsToo(q, found)
	return found
}

// findsToo holds what a getter finds against what a view found.
func (t *trial) findsToo(q *itsm.StoreQuery, found []string) {
	t.Helper()
	g := t.getter()
	if g == nil {
		return
	}
	page, err := g.Find(t.Context(), nil, q)
	t.ok(err, "Getter.Find %s", asJSON(q))
	t.same(ids(page), found, "Getter.Find %s, beside Query of a view", asJSON(q))
}

// pages answers the ids of all pages from a query's mark on, each read in a view of its own.
func (t *trial) pages(q *itsm.StoreQuery) (found []string) {
	t.Helper()
	next := *q
	for {
		var page []itsm.Record
		t.view(func(v itsm.Snapshot) {
			var err error
			page, err = v.Query(t.Context(), nil, &next)
			t.ok(err, "Query %s", asJSON(next))
		})
		if len(page) > q.Limit {
			t.Fatalf("Query: %d records on a page of %d", len(page), q.Limit)
		}
		t.findsToo(&next, ids(page))
		found = append(found, ids(page)...)
		if len(page) < q.Limit {
			return found
		}
		if len(found) > 10_000 {
			t.Fatalf("Query: pages do not end; query %s", asJSON(q))
		}
		next.After = mark(page[len(page)-1], q.Sort)
	}
}

// mark is the place of a record in a sorted list.
func mark(r itsm.Record, sort []itsm.Sort) *itsm.Mark {
	m := &itsm.Mark{ID: r.Header().ID}
	for _, s := range sort {
		m.Values = append(m.Values, codec{kind: jobs}.Value(r, s.Column))
	}
	return m
}

// zoo is a tenant full of records with all sorts of values, and the reference that says what queries must find.
type zoo struct {
	*trial
	*rand.Rand
	all    []itsm.Record // by id
	values map[field.Kind][]field.Value
}

func (t *trial) zoo() *zoo {
	t.Helper()
	w := &zoo{trial: t, Rand: rand.New(rand.NewPCG(2026, 3)), values: map[field.Kind][]field.Value{}}
	for _, v := range customValues() {
		w.values[v.Kind()] = append(w.values[v.Kind()], v)
	}
	var others []*job
	for n := range 200 {
		j := w.animal(itsm.Key{Tenant: acme, Kind: jobs, ID: fmt.Sprintf("ZOO%06d", n)})
		w.all = append(w.all, j)
		others = append(others, w.animal(itsm.Key{Tenant: umbrella, Kind: jobs, ID: j.ID}), w.animal(itsm.Key{Tenant: acme, Kind: chores, ID: j.ID}))
	}
	for n, r := range w.all {
		first := *r.(*job)
		if n%3 == 0 { // a third was something else before
			first = *w.animal(first.Key())
			r.Header().Version = 2
		}
		first.Version = 1
		t.put(&first)
	}
	var later []*job
	for _, r := range w.all {
		if r.Header().Version == 2 {
			later = append(later, r.(*job))
		}
	}
	t.put(slices.Concat(later, others)...)
	return w
}

// animal is a record with random values; every other one is left empty.
func (w *zoo) animal(k itsm.Key) *job {
	j := newJob(k)
	some := func(kind field.Kind) field.Value {
		if w.IntN(2) == 0 {
			return field.Value{}
		}
		return w.values[kind][w.IntN(len(w.values[kind]))]
	}
	j.UpdatedAt = instants()[w.IntN(len(instants()))]
	j.Title, j.Assignee = some(field.KindText).Text(), some(field.KindText).Text()
	if w.IntN(3) == 0 {
		j.State = "closed"
	}
	j.Amount, j.Items = some(field.KindInt).Int(), some(field.KindList).List()
	for kind := field.KindText; kind <= field.KindList; kind++ {
		j.Custom.Set(kind.String(), some(kind))
		j.Custom.Set("indexed_"+kind.String(), some(kind))
	}
	return j
}

// filter draws a filter of some depth.
func (w *zoo) filter(depth int) itsm.Filter {
	if depth > 0 && w.IntN(2) == 0 {
		parts := make([]itsm.Filter, w.IntN(4))
		for i := range parts {
			parts[i] = w.filter(depth - 1)
		}
		switch w.IntN(3) {
		case 0:
			return itsm.All(parts...)
		case 1:
			return itsm.Any(parts...)
		}
		return itsm.Not(w.filter(depth - 1))
	}
	columns := codec{kind: jobs}.Columns()
	c := columns[w.IntN(len(columns))]
	ops := []itsm.Op{itsm.OpIn, itsm.OpIn, itsm.OpEmpty, itsm.OpLess, itsm.OpMost, itsm.OpMore, itsm.OpLeast, itsm.OpPrefix, itsm.OpHas}
	f := itsm.Filter{Op: ops[w.IntN(len(ops))], Column: c.Name}
	switch f.Op {
	case itsm.OpEmpty:
	case itsm.OpIn:
		for range w.IntN(4) {
			f.Values = append(f.Values, w.value(c))
		}
	case itsm.OpPrefix, itsm.OpHas:
		texts := w.values[field.KindText]
		whole := []rune(texts[w.IntN(len(texts))].Text())
		from := 0
		if f.Op == itsm.OpHas {
			from = w.IntN(len(whole))
		}
		f.Values = []field.Value{field.Text(string(whole[from : from+w.IntN(len(whole)-from+1)]))}
	default:
		if c.Kind == field.KindList { // lists have no order that a query may ask for
			f.Op = itsm.OpEmpty
			break
		}
		f.Values = []field.Value{w.value(c)}
	}
	return f
}

// value draws a value for a column, mostly of its kind and mostly one that a record has.
func (w *zoo) value(c itsm.ColumnSpec) field.Value {
	kind := c.Kind
	switch n := w.IntN(12); {
	case n == 0:
		kind = []field.Kind{field.KindText, field.KindInt, field.KindNumber, field.KindBool, field.KindInstant, field.KindSpan}[w.IntN(6)]
	case n == 1 && kind == field.KindList:
		kind = field.KindText
	case n < 8:
		if v := (codec{kind: jobs}).Value(w.all[w.IntN(len(w.all))], c.Name); !v.IsZero() {
			return v
		}
	}
	return w.values[kind][w.IntN(len(w.values[kind]))]
}

// sort draws up to three columns.
func (w *zoo) sort() (sorts []itsm.Sort) {
	columns := codec{kind: jobs}.Columns()
	for range w.IntN(4) {
		c := columns[w.IntN(len(columns))]
		named := slices.ContainsFunc(sorts, func(s itsm.Sort) bool { return s.Column == c.Name })
		if c.Kind != field.KindList && !named {
			sorts = append(sorts, itsm.Sort{Column: c.Name, Descending: w.IntN(2) == 0})
		}
	}
	return sorts
}

// matching is what a filter must find, by id.
func (w *zoo) matching(f *itsm.Filter) (found []itsm.Record) {
	for _, r := range w.all {
		if f == nil || f.Match(func(name string) field.Value { return codec{kind: jobs}.Value(r, name) }) {
			found = append(found, r)
		}
	}
	return found
}

// judge compares Query and Count with the reference. Of a filter with parts it names the smallest part that is wrong.
func (w *zoo) judge(f *itsm.Filter) bool {
	w.Helper()
	got := w.query(&itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: f, Limit: 1000})
	want := ids(w.matching(f))
	if slices.Equal(got, want) {
		w.view(func(v itsm.Snapshot) {
			if count, err := v.Count(w.Context(), &itsm.StoreQuery{Tenant: acme, Kind: jobs, Filter: f}); err != nil || count != int64(len(want)) {
				w.Errorf("Count: %d, error %v, want %d; filter %s", count, err, len(want), asJSON(f))
			}
		})
		return true
	}
	for i := range f.Parts {
		if !w.judge(&f.Parts[i]) {
			return false
		}
	}
	var wrong []string
	for _, r := range w.all {
		if n := r.Header().ID; slices.Contains(got, n) != slices.Contains(want, n) && len(wrong) < 3 {
			wrong = append(wrong, fmt.Sprintf("%s with %q, found %t", n, codec{kind: jobs}.Value(r, f.Column), slices.Contains(got, n)))
		}
	}
	w.Errorf("Query: %d records, want %d; filter %s; wrong: %s", len(got), len(want), asJSON(f), strings.Join(wrong, "; "))
	return false
}

// walk compares all pages with the reference.
func (w *zoo) walk(q *itsm.StoreQuery) {
	w.Helper()
	want := w.matching(q.Filter)
	slices.SortStableFunc(want, func(a, b itsm.Record) int {
		last := false
		for _, s := range q.Sort {
			c := field.Compare(codec{kind: jobs}.Value(a, s.Column), codec{kind: jobs}.Value(b, s.Column))
			if last = s.Descending; last {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		if last {
			a, b = b, a
		}
		return cmp.Compare(a.Header().ID, b.Header().ID)
	})
	got := w.pages(q)
	for n := range max(len(got), len(want)) {
		if n >= len(got) || n >= len(want) || got[n] != want[n].Header().ID {
			w.Errorf("Query: place %d of pages of %d is wrong: got %d records %.9q…, want %d %.9q…; sort %s, filter %s",
				n, q.Limit, len(got), got[min(n, len(got)):], len(want), ids(want)[min(n, len(want)):], asJSON(q.Sort), asJSON(q.Filter))
			return
		}
	}
}
