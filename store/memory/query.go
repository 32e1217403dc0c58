package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Query implements [itsm.Snapshot]. Limit 0 means all.
func (n *snapshot) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	x, err := n.search(ctx, q)
	if x == nil {
		return dst, err
	}
	if err := x.run(ctx); err != nil {
		return dst, err
	}
	for i := range x.matches {
		dst = append(dst, x.matches[i].record)
	}
	return dst, nil
}

// Count implements [itsm.Snapshot].
func (n *snapshot) Count(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
	all := *q
	all.Sort, all.After, all.Limit = nil, nil, 0
	x, err := n.search(ctx, &all)
	if x == nil {
		return 0, err
	}
	x.count = true
	err = x.run(ctx)
	return x.counted, err
}

// search is a query on its way.
type search struct {
	*snapshot
	*itsm.StoreQuery
	kind   *kind
	table  *table
	orders map[string]*tree[valued] // by column

	// record is what column looks at, so that a filter costs one function for the whole search.
	record itsm.Record
	column func(name string) field.Value

	matches []match
	mark    match
	count   bool
	counted int64
}

// match is a record with what it is sorted by.
type match struct {
	id     string
	values []field.Value
	record itsm.Record
}

// search checks a query and opens it; it answers nil where there is nothing to find.
func (n *snapshot) search(ctx context.Context, q *itsm.StoreQuery) (*search, error) {
	if err := n.ready(ctx); err != nil {
		return nil, err
	}
	if q.Tenant == "" || q.Kind == "" {
		return nil, itsm.Invalid("query", "a query names a tenant and a kind")
	}
	if err := checkFilter(q.Filter); err != nil {
		return nil, err
	}
	if q.After != nil && len(q.After.Values) != len(q.Sort) {
		return nil, itsm.ErrCursor
	}
	s := n.store
	s.mu.RLock()
	defer s.mu.RUnlock()
	x := &search{snapshot: n, StoreQuery: q, kind: s.kinds[q.Kind], table: s.tables[tableKey{q.Tenant, q.Kind}]}
	if x.kind == nil {
		return nil, itsm.Invalid("kind", fmt.Sprintf("kind %q was not prepared", q.Kind))
	}
	if x.table == nil {
		return nil, nil
	}
	x.column = func(name string) field.Value { return x.kind.value(x.record, name) }
	if q.After != nil {
		x.mark = match{id: q.After.ID, values: q.After.Values}
	}
	return x, nil
}

func checkFilter(f *itsm.Filter) error {
	if f == nil {
		return nil
	}
	wrong := false
	switch f.Op {
	case itsm.OpAll, itsm.OpAny:
	case itsm.OpNot:
		wrong = len(f.Parts) != 1
	case itsm.OpIn, itsm.OpEmpty:
	case itsm.OpLess, itsm.OpMost, itsm.OpMore, itsm.OpLeast, itsm.OpPrefix, itsm.OpHas:
		wrong = len(f.Values) != 1
	default:
		return itsm.Invalid("filter", fmt.Sprintf("there is no operator %q", f.Op))
	}
	if wrong {
		return itsm.Invalid("filter", fmt.Sprintf("the operator %q takes one part or value", f.Op))
	}
	for i := range f.Parts {
		if err := checkFilter(&f.Parts[i]); err != nil {
			return err
		}
	}
	return nil
}

// add takes a record that the snapshot sees, where it matches. It runs without any lock.
func (x *search) add(r itsm.Record) {
	if x.record = r; x.Filter != nil && !x.Filter.Match(x.column) {
		return
	}
	if x.count {
		x.counted++
		return
	}
	m := match{id: r.Header().ID, record: r}
	if len(x.Sort) > 0 {
		m.values = make([]field.Value, len(x.Sort))
		for i := range x.Sort {
			m.values[i] = x.column(x.Sort[i].Column)
		}
	}
	if x.After != nil && x.compare(m, x.mark) <= 0 {
		return
	}
	x.matches = append(x.matches, m)
}

// descending tells the direction of ids.
func (x *search) descending() bool {
	return len(x.Sort) > 0 && x.Sort[len(x.Sort)-1].Descending
}

func (x *search) compare(a, b match) int {
	for i := range x.Sort {
		if c := field.Compare(a.values[i], b.values[i]); c != 0 {
			if x.Sort[i].Descending {
				return -c
			}
			return c
		}
	}
	if x.descending() {
		return strings.Compare(b.id, a.id)
	}
	return strings.Compare(a.id, b.id)
}

func (x *search) full() bool { return x.Limit > 0 && len(x.matches) >= x.Limit }

// trim sorts what was found and keeps one page of it. A record that was found twice stays once.
func (x *search) trim() {
	slices.SortFunc(x.matches, x.compare)
	x.matches = slices.CompactFunc(x.matches, func(a, b match) bool { return a.id == b.id })
	if x.full() {
		clear(x.matches[x.Limit:])
		x.matches = x.matches[:x.Limit]
	}
}

// overlay answers what the snapshot sees of the table's entries that were written later, each once. The store's lock
// is held.
func (x *search) overlay(records []itsm.Record) []itsm.Record {
	var seen map[*entry]struct{}
	for _, r := range x.store.retired.since(x.commit) {
		e, ok := r.what.(*entry)
		if !ok || e.table != x.table {
			continue
		}
		if _, twice := seen[e]; twice {
			continue
		}
		if seen == nil {
			seen = map[*entry]struct{}{}
		}
		seen[e] = struct{}{}
		if st := e.at(x.commit); st != nil && st.record != nil {
			records = append(records, st.record)
		}
	}
	return records
}

// run finds the matches.
func (x *search) run(ctx context.Context) error {
	conditions := x.conditions(x.Filter, nil)
	order, sorted := x.order()
	var columns []string
	for _, c := range conditions {
		if c.Column != "id" {
			columns = append(columns, c.Column)
		}
	}
	if order != "" {
		columns = append(columns, order)
	}
	x.orders = x.table.refresh(x.store, x.kind, columns)
	if x.count && x.measure() {
		return ctx.Err()
	}
	p := x.choose(conditions, order, sorted)
	switch {
	case p.gather:
		for _, r := range x.gather(&p) {
			x.add(r)
		}
		x.trim()
		return ctx.Err()
	case p.order == "":
		return x.walkIDs(ctx, &p)
	}
	return x.walkColumn(ctx, &p)
}

// measure counts one text of an indexed column by its stretch in the order alone, where the snapshot sees what the order
// knows: nothing was committed since.
func (x *search) measure() bool {
	f := x.Filter
	if f == nil || f.Op != itsm.OpIn || len(f.Values) != 1 || f.Values[0].Kind() != field.KindText {
		return false
	}
	if f.Column == "id" || !x.kind.columns[f.Column].indexed {
		return false
	}
	t, s := x.table, x.store
	t.lock.RLock()
	defer t.lock.RUnlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.views.current.commit != x.commit || len(t.dirty) > 0 {
		return false
	}
	of, _ := spans(f)
	x.counted = int64(of[0].size(x.orders[f.Column]))
	return true
}

// gather answers what the snapshot sees of all that the chosen condition can match.
func (x *search) gather(p *plan) []itsm.Record {
	t, s := x.table, x.store
	t.lock.RLock()
	defer t.lock.RUnlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	var records []itsm.Record
	if p.column == "" {
		seen := map[string]struct{}{}
		for _, v := range p.ids {
			e := t.entries[v.Text()]
			if _, twice := seen[v.Text()]; twice || e == nil {
				continue
			}
			seen[v.Text()] = struct{}{}
			if st := e.at(x.commit); st != nil && st.record != nil {
				records = append(records, st.record)
			}
		}
		return records
	}
	for _, sp := range p.spans {
		for v := range x.orders[p.column].from(sp.from) {
			if !sp.open && v.compare(sp.to) >= 0 {
				break
			}
			if v.entry.commit <= x.commit {
				records = append(records, v.entry.record)
			}
		}
	}
	return x.overlay(records)
}

// A walk looks at few entries first, and at more when these do not fill the page.
const (
	firstStretch = 64
	lastStretch  = 2048
)

// walkIDs walks in order of id, in the query's direction. Ids never move, so each entry is met once.
func (x *search) walkIDs(ctx context.Context, p *plan) error {
	t, s := x.table, x.store
	var at named
	switch {
	case p.sorted && x.After != nil:
		at = named{&entry{table: t, id: x.After.ID}}
	case p.down:
		at = named{beyond()}
	}
	var records []itsm.Record
	for stretch := firstStretch; ; stretch = min(2*stretch, lastStretch) {
		if err := ctx.Err(); err != nil {
			return err
		}
		records = records[:0]
		left := stretch
		t.lock.RLock()
		s.mu.RLock()
		next := t.ids.from
		if p.down {
			next = t.ids.back
		}
		for n := range next(at) {
			if n.compare(at) == 0 {
				continue
			}
			if left == 0 {
				break
			}
			left--
			at = n
			if st := n.at(x.commit); st != nil && st.record != nil {
				records = append(records, st.record)
			}
		}
		s.mu.RUnlock()
		t.lock.RUnlock()
		for _, r := range records {
			x.add(r)
			if p.sorted && x.full() {
				return nil
			}
		}
		if left > 0 {
			if !p.sorted {
				x.trim()
			}
			return nil
		}
		if !p.sorted && x.Limit > 0 && len(x.matches) > 2*x.Limit+lastStretch {
			x.trim()
		}
	}
}

// walkColumn walks in order of a column. What was written after the snapshot may have moved while it walks; that comes
// at last, from the overlay.
func (x *search) walkColumn(ctx context.Context, p *plan) error {
	t, s := x.table, x.store
	at := x.start(p)
	var list []valued
	var records []itsm.Record
	done := false
	for stretch := firstStretch; !done; stretch = min(2*stretch, lastStretch) {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, records = list[:0], records[:0]
		left := stretch
		t.lock.RLock()
		s.mu.RLock()
		next := x.orders[p.order].from
		if p.down {
			next = x.orders[p.order].back
		}
		for v := range next(at) {
			if v.compare(at) == 0 {
				continue
			}
			if done = p.passed(v); done || left == 0 {
				break
			}
			left--
			at = v
			if v.entry.commit <= x.commit {
				list, records = append(list, v), append(records, v.entry.record)
			}
		}
		s.mu.RUnlock()
		t.lock.RUnlock()
		done = done || left > 0
		for i, r := range records {
			// Records that are equal in this column may still trade places by the next one.
			if x.full() && (p.exact || field.Compare(x.matches[len(x.matches)-1].values[0], list[i].value) != 0) {
				done = true
				break
			}
			x.add(r)
		}
	}
	s.mu.RLock()
	records = x.overlay(records[:0])
	s.mu.RUnlock()
	for _, r := range records {
		x.add(r)
	}
	x.trim()
	return nil
}

// start answers where a walk begins: after the mark, and within the span.
func (x *search) start(p *plan) valued {
	at := p.span.from
	if p.down {
		at = p.span.to
		if p.span.open {
			at = valued{field.List("\xff"), beyond()} // after every value that is indexed
		}
	}
	if x.After == nil {
		return at
	}
	var mark valued
	switch {
	case p.exact && len(x.Sort) == 1 && x.Sort[0].Column == p.order:
		mark = valued{x.After.Values[0], &entry{table: x.table, id: x.After.ID}}
	case p.exact:
		mark = valued{p.span.from.value, &entry{table: x.table, id: x.After.ID}}
	case p.down:
		mark = valued{x.After.Values[0], beyond()}
	default:
		mark = valued{x.After.Values[0], nil}
	}
	if c := mark.compare(at); p.down && c < 0 || !p.down && c > 0 {
		return mark
	}
	return at
}

// passed tells that a walk has left the span.
func (p *plan) passed(v valued) bool {
	if p.down {
		return v.compare(p.span.from) < 0
	}
	return !p.span.open && v.compare(p.span.to) >= 0
}
