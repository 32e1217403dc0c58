package memory

import (
	"strings"
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
func (sp *span) single() bool {
	return !sp.open && field.Compare(sp.from.value, sp.to.value) == 0
}

func (sp *span) size(order *tree[valued]) int {
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
		return disjoint(list), true
	case itsm.OpLess:
		return []span{{from: filled, to: first(f.Values[0])}}, true
	case itsm.OpMost:
		return []span{{from: filled, to: last(f.Values[0])}}, true
	case itsm.OpMore:
		return []span{{from: last(f.Values[0]), open: true}}, true
	case itsm.OpLeast:
		return []span{{from: first(f.Values[0]), open: true}}, true
	case itsm.OpPrefix:
		text := f.Values[0].Text()
		end := strings.TrimRight(text, "\xff")
		if end == "" {
			return nil, false
		}
		end = end[:len(end)-1] + string([]byte{end[len(end)-1] + 1})
		return []span{{from: first(f.Values[0]), to: first(field.Text(end))}}, true
	}
	return nil, false
}

// disjoint drops spans of values that are there already.
func disjoint(list []span) []span {
	kept := list[:0]
	for _, sp := range list {
		twice := false
		for _, k := range kept {
			twice = twice || field.Compare(k.from.value, sp.from.value) == 0
		}
		if !twice {
			kept = append(kept, sp)
		}
	}
	return kept
}
