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
	kind  *kind
	table *table
	list  []*entry // by ordinal
	// exact tells that the filter holds for all that the indexes found.
	exact bool

	// record is what column looks at, so that a filter costs one function for the whole search.
	record itsm.Record
	column func(name string) field.Value

	matches []match
	mark    match
	count   bool
	counted int64
	tally   *tally // where it is counted by a column
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
	if err := q.Check(); err != nil {
		return nil, err
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

// add takes a record that the snapshot sees, where it matches, which may be known. It runs without any lock.
func (x *search) add(r itsm.Record, known bool) {
	if x.record = r; !known && x.Filter != nil && !x.Filter.Match(x.column) {
		return
	}
	switch {
	case x.count:
		x.counted++
		return
	case x.tally != nil:
		x.tally.addValue(x.column(x.tally.column))
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

// run finds the matches: what the indexes know, and what the snapshot sees otherwise.
func (x *search) run(ctx context.Context) error {
	t := x.table
	t.refresh(x.store, x.kind, x.columns())
	t.lock.RLock()
	if x.count && x.measure() {
		t.lock.RUnlock()
		return ctx.Err()
	}
	var w words
	w, x.exact = x.find(x.Filter, nil)
	if w == nil {
		w = full(len(t.list))
	}
	w.without(t.gone)
	x.list = t.list
	late := x.leaveOut(w)
	p, ok := x.picker()
	switch {
	case x.count && x.exact:
		x.counted = int64(w.count())
		t.lock.RUnlock()
	case x.tally != nil && x.exact && ok && len(p.sorts) == 1:
		x.tally.addAll(p.sorts[0].index, w)
		t.lock.RUnlock()
	case x.count || x.Limit == 0 || !ok:
		t.lock.RUnlock()
		if err := x.scan(ctx, w); err != nil {
			return err
		}
	default:
		var err error
		if late, err = x.pages(ctx, p, w, late); err != nil {
			return err
		}
	}
	for _, r := range late {
		x.add(r, false)
	}
	x.trim()
	return ctx.Err()
}

// measure counts one text of an indexed column by what the index knows of it, whatever the size of the table, where the
// snapshot sees just that: nothing was committed since. The table's index lock is held.
func (x *search) measure() bool {
	f := x.Filter
	if f == nil || f.Op != itsm.OpIn || len(f.Values) != 1 || f.Values[0].Kind() != field.KindText || f.Values[0].IsZero() {
		return false
	}
	x.store.mu.RLock()
	defer x.store.mu.RUnlock()
	if x.store.views.current.commit != x.commit || len(x.table.dirty) > 0 {
		return false
	}
	switch c := cellOf(f.Values[0]); index := x.table.column(x.kind, f.Column).(type) {
	case *grouped:
		if place, there := index.places[c]; there {
			x.counted = int64(index.groups[place].members.size)
		}
	case *ordered:
		x.counted = int64(index.tree.before(index.at(bound{c, true})) - index.tree.before(index.at(bound{c, false})))
	default:
		return false
	}
	return true
}

// columns lists the indexed columns that the query names.
func (x *search) columns() []string {
	names := indexed(x.kind, x.Filter, nil)
	for _, s := range x.Sort {
		if !x.kind.columns[s.Column].indexed {
			break
		}
		names = append(names, s.Column)
	}
	return names
}

func indexed(k *kind, f *itsm.Filter, names []string) []string {
	if f == nil {
		return names
	}
	for i := range f.Parts {
		names = indexed(k, &f.Parts[i], names)
	}
	if k.columns[f.Column].indexed {
		names = append(names, f.Column)
	}
	return names
}

// leaveOut takes out of w what was written after the snapshot, and answers what the snapshot sees of that. For the rest
// the indexes are right, whatever is written later. The table's index lock is held.
func (x *search) leaveOut(w words) (seen []itsm.Record) {
	x.store.mu.RLock()
	defer x.store.mu.RUnlock()
	var met map[*entry]struct{}
	for _, r := range x.store.retired.since(x.commit) {
		e, ok := r.what.(*entry)
		if !ok || e.table != x.table {
			continue
		}
		if _, twice := met[e]; twice {
			continue
		}
		if met == nil {
			met = map[*entry]struct{}{}
		}
		met[e] = struct{}{}
		if e.place > 0 {
			w.drop(e.place - 1)
		}
		if st := e.at(x.commit); st != nil && st.record != nil {
			seen = append(seen, st.record)
		}
	}
	// Ordinals are in the order of first records, so what is new since then is at the end.
	for i := len(x.table.list) - 1; i >= 0 && x.table.list[i].commit > x.commit; i-- {
		w.drop(uint32(i))
	}
	return seen
}

// A stretch is how many entries are looked at in one go, with the store's lock held.
const lastStretch = 1024

// take adds what the snapshot sees of entries.
func (x *search) take(ctx context.Context, ords []uint32) error {
	var records []itsm.Record
	for len(ords) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		stretch := ords[:min(len(ords), lastStretch)]
		ords = ords[len(stretch):]
		records = records[:0]
		x.store.mu.RLock()
		for _, ord := range stretch {
			if st := x.list[ord].at(x.commit); st != nil && st.record != nil {
				records = append(records, st.record)
			}
		}
		x.store.mu.RUnlock()
		for _, r := range records {
			x.add(r, x.exact)
		}
	}
	return nil
}

// scan looks at all that is in w.
func (x *search) scan(ctx context.Context, w words) error {
	for from := 0; from < len(w); from += lastStretch / 64 {
		part := w[from:min(len(w), from+lastStretch/64)]
		ords := part.list()
		for i := range ords {
			ords[i] += uint32(from * 64)
		}
		if err := x.take(ctx, ords); err != nil {
			return err
		}
		if x.Limit > 0 && len(x.matches) > 2*x.Limit+lastStretch {
			x.trim()
		}
	}
	return nil
}

// pages picks from w in order until a page is full: at once where the indexes know all of filter and order, else more
// and more. It is called with the table's index lock held, and gives it back. It answers what was left out of w at last.
func (x *search) pages(ctx context.Context, p *picker, w words, late []itsm.Record) ([]itsm.Record, error) {
	t := x.table
	from := x.start(p)
	for want := x.Limit; ; want *= 4 {
		ords := p.pick(nil, w, 0, from, want)
		if len(ords) > 0 {
			from = p.spot(ords[len(ords)-1])
		}
		t.lock.RUnlock()
		if err := x.take(ctx, ords); err != nil {
			return nil, err
		}
		if len(ords) < want || x.full() && (p.whole || x.apart(p, from)) {
			return late, nil
		}
		t.lock.RLock()
		late = x.leaveOut(w)
		var ok bool
		if p, ok = x.picker(); !ok || len(p.sorts) != len(from.cells) {
			// Another kernel has prepared the kind meanwhile, and its indexes are made anew.
			t.lock.RUnlock()
			x.matches = nil
			return late, x.scan(ctx, w)
		}
	}
}

// apart reports whether all that is level with the page's last record in the picker's part of the order was picked.
func (x *search) apart(p *picker, picked *spot) bool {
	last := x.matches[x.Limit-1]
	for i := range p.sorts {
		if cellOf(last.values[i]).compare(picked.cells[i]) != 0 {
			return true
		}
	}
	return false
}
