package memory

import (
	"slices"
	"sync"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// indexes are the orders of a table. They know of each entry its latest record as of the last refresh, no more: what a
// snapshot sees otherwise is found among the retired.
type indexes struct {
	lock    sync.RWMutex // taken before the store's
	known   *kind        // whose columns they are
	ids     tree[named]
	columns map[string]*tree[valued]
}

// named is an entry in order of id. nil is before all.
type named struct{ *entry }

func (a named) compare(b named) int { return compareEntries(a.entry, b.entry) }

// valued is an entry in order of a column's value and its id.
type valued struct {
	value field.Value
	entry *entry
}

func (a valued) compare(b valued) int {
	if c := field.Compare(a.value, b.value); c != 0 {
		return c
	}
	return compareEntries(a.entry, b.entry)
}

// beyond is an entry after all others.
func beyond() *entry { return &entry{} }

// refresh brings the indexes up to what was committed, makes those of columns that have none yet, and answers all by
// column. They are read under the table's index lock.
func (t *table) refresh(s *Store, k *kind, columns []string) map[string]*tree[valued] {
	if orders := t.fresh(s, k, columns); orders != nil {
		return orders
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.known != k {
		t.known, t.columns = k, map[string]*tree[valued]{}
	}
	for _, change := range t.changes(s) {
		t.update(change.entry, change.record)
	}
	for _, name := range columns {
		if t.columns[name] != nil {
			continue
		}
		order := &tree[valued]{}
		for n := range t.ids.from(named{}) {
			order.set(valued{k.value(n.indexed, name), n.entry})
		}
		t.columns[name] = order
	}
	return t.columns
}

// fresh answers the indexes where nothing has to be done for them, else nil.
func (t *table) fresh(s *Store, k *kind, columns []string) map[string]*tree[valued] {
	t.lock.RLock()
	defer t.lock.RUnlock()
	if t.known != k {
		return nil
	}
	for _, name := range columns {
		if t.columns[name] == nil {
			return nil
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(t.dirty) > 0 {
		return nil
	}
	return t.columns
}

type change struct {
	entry  *entry
	record itsm.Record
}

// changes answers what was written since it was last asked.
func (t *table) changes(s *Store) []change {
	s.mu.Lock()
	defer s.mu.Unlock()
	changes := make([]change, len(t.dirty))
	for i, e := range t.dirty {
		changes[i] = change{e, e.record}
		e.dirty = false
	}
	t.dirty = nil
	return changes
}

func (t *table) update(e *entry, record itsm.Record) {
	before := e.indexed
	e.indexed = record
	if before == nil {
		t.ids.set(named{e})
	}
	for name, order := range t.columns {
		value := t.known.value(record, name)
		if before != nil {
			old := t.known.value(before, name)
			if field.Compare(old, value) == 0 {
				continue
			}
			order.remove(valued{old, e})
		}
		order.set(valued{value, e})
	}
}

// span is a stretch of a column's order, wide enough for all that a condition can match.
type span struct {
	from, to valued // to is not part of it
	open     bool   // there is no end
}

// single tells that the span holds one value.
func (sp span) single() bool {
	return !sp.open && field.Compare(sp.from.value, sp.to.value) == 0
}

func (sp span) compare(other span) int { return field.Compare(sp.from.value, other.from.value) }

func (sp span) size(order *tree[valued]) int {
	end := order.len()
	if !sp.open {
		end = order.rank(sp.to)
	}
	return end - order.rank(sp.from)
}

// spans answers where in a column's order a condition can match, false where the order does not help.
func spans(f *itsm.Filter) ([]span, bool) {
	first := func(v field.Value) valued { return valued{v, nil} }
	last := func(v field.Value) valued { return valued{v, beyond()} }
	filled := last(field.Value{})
	switch f.Op {
	case itsm.OpIn:
		var list []span
		for _, v := range f.Values {
			list = append(list, span{from: first(v), to: last(v)})
		}
		slices.SortFunc(list, span.compare)
		return slices.CompactFunc(list, func(a, b span) bool { return a.compare(b) == 0 }), true
	case itsm.OpLess:
		return []span{{from: filled, to: first(f.Values[0])}}, true
	case itsm.OpMost:
		return []span{{from: filled, to: last(f.Values[0])}}, true
	case itsm.OpMore:
		return []span{{from: last(f.Values[0]), open: true}}, true
	case itsm.OpLeast:
		return []span{{from: first(f.Values[0]), open: true}}, true
	case itsm.OpPrefix:
		end := []byte(f.Values[0].Text())
		for len(end) > 0 && end[len(end)-1] == 0xff {
			end = end[:len(end)-1]
		}
		if len(end) == 0 {
			return nil, false
		}
		end[len(end)-1]++
		return []span{{from: first(f.Values[0]), to: first(field.Text(string(end)))}}, true
	}
	return nil, false
}

// plan is how a search finds its candidates.
type plan struct {
	// ids, or a column's spans, hold all that can match, where gather is set.
	gather bool
	ids    []field.Value
	column string
	spans  []span
	// order is the column whose order is walked otherwise, "" for that of ids, within the span.
	order string
	span  span
	down  bool
	// sorted tells that records come in the query's order, at least by its first column, so that a full page ends the
	// walk; exact tells that they come in all of that order.
	sorted, exact bool
}

// mostGathered is how many entries are looked at in one go, with the store's lock held.
const mostGathered = 1 << 16

// conditions lists the parts of a filter that must hold and that an order helps to find.
func (x *search) conditions(f *itsm.Filter, list []*itsm.Filter) []*itsm.Filter {
	switch {
	case f == nil:
	case f.Op == itsm.OpAll:
		for i := range f.Parts {
			list = x.conditions(&f.Parts[i], list)
		}
	case f.Column == "id":
		if f.Op == itsm.OpIn {
			list = append(list, f)
		}
	case x.kind.columns[f.Column].indexed:
		if _, ok := spans(f); ok {
			list = append(list, f)
		}
	}
	return list
}

// order answers the order to walk, and whether it is the query's.
func (x *search) order() (column string, sorted bool) {
	if len(x.Sort) == 0 || x.Sort[0].Column == "id" {
		return "", true
	}
	if column = x.Sort[0].Column; x.Limit > 0 && x.kind.columns[column].indexed {
		return column, true
	}
	return "", false
}

// choose weighs gathering all that the best condition can match against walking an order until a page is full.
func (x *search) choose(conditions []*itsm.Filter, order string, sorted bool) plan {
	t := x.table
	t.lock.RLock()
	defer t.lock.RUnlock()
	all := t.ids.len()
	p := plan{order: order, sorted: sorted, span: span{open: true}}
	p.down = sorted && len(x.Sort) > 0 && x.Sort[0].Descending
	p.exact = sorted && (order == "" || len(x.Sort) == 1)
	best, within := all+1, all
	for _, c := range conditions {
		if c.Column == "id" {
			if n := len(c.Values); n < best {
				best, p.ids, p.column, p.spans = n, c.Values, "", nil
			}
			continue
		}
		list, _ := spans(c)
		size := 0
		for i := range list {
			size += list[i].size(x.orders[c.Column])
		}
		if size < best {
			best, p.ids, p.column, p.spans = size, nil, c.Column, list
		}
		// Within one value, a column's order is that of ids.
		if size <= within && len(list) == 1 && (c.Column == order || order == "" && sorted && list[0].single()) {
			within, p.order, p.span = size, c.Column, list[0]
		}
	}
	walk := all
	if sorted && x.Limit > 0 {
		// Where a share of best in all matches, a page is full after so many.
		walk = min(within, x.Limit*all/max(best, 1))
	}
	p.gather = best <= mostGathered && best < walk || best == 0
	return p
}
