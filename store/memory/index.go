package memory

import (
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// indexes know of each entry of a table its latest record as of the last refresh, no more: what a snapshot sees
// otherwise is found among the retired. They call an entry by its ordinal, which counts the entries in the order in which
// their first records were written.
type indexes struct {
	lock sync.RWMutex // taken before the store's
	// known is the kind whose columns they are.
	known *kind
	// list has the entries by ordinal. It is only appended to.
	list []*entry
	ids  btree[uint32]
	// gone are the entries without a record, because it was purged. Their columns count as empty.
	gone words
	// columns has an index for each column that was asked for, nil where a column has values that none is fit for.
	columns map[string]index
}

// index knows the value of each entry in a column.
type index interface {
	// put says what an entry's value is; all is how many entries there are.
	put(ord uint32, c cell, all int)
	cell(ord uint32) cell
	// compare compares the values of two entries.
	compare(a, b uint32) int
	// match keeps of the entries in w, nil for all, those that a condition on the column holds for. It reports false where
	// it cannot tell.
	match(f *itsm.Filter, w words) (words, bool)
}

// refresh brings the indexes up to what was committed, and makes those of columns that have none yet.
func (t *table) refresh(s *Store, k *kind, columns []string) {
	if t.fresh(s, k, columns) {
		return
	}
	t.lock.Lock()
	defer t.lock.Unlock()
	if t.known != k {
		t.known, t.columns = k, map[string]index{}
	}
	for _, change := range t.changes(s) {
		t.update(change.entry, change.record)
	}
	for _, name := range columns {
		// Among four times as many entries, values may be shared after all.
		if o, is := t.columns[name].(*ordered); is && o.since > 0 && len(t.list) > 4*o.since {
			delete(t.columns, name)
		}
		if _, there := t.columns[name]; !there {
			t.build(s, name)
		}
	}
}

// fresh reports whether nothing has to be done for the indexes.
func (t *table) fresh(s *Store, k *kind, columns []string) bool {
	t.lock.RLock()
	defer t.lock.RUnlock()
	if t.known != k {
		return false
	}
	for _, name := range columns {
		if _, there := t.columns[name]; !there {
			return false
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(t.dirty) == 0
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
	switch {
	case e.place == 0 && record == nil:
		return
	case e.place == 0:
		t.list = append(t.list, e)
		e.place = uint32(len(t.list))
		t.ids.put(e.place-1, func(x uint32) int { return strings.Compare(t.list[x].id, e.id) })
	}
	if ord := e.place - 1; record != nil {
		t.gone.drop(ord)
	} else {
		for int(ord/64) >= len(t.gone) {
			t.gone = append(t.gone, 0)
		}
		t.gone.add(ord)
	}
	for name := range t.columns {
		t.put(name, e.place-1, t.value(record, name))
	}
}

// value answers a column of a record, which may have been purged.
func (t *table) value(r itsm.Record, name string) field.Value {
	if r == nil {
		return field.Value{}
	}
	return t.known.value(r, name)
}

// build makes the index of a column. What was written since the refresh may come in earlier than with the other
// columns: no snapshot that is asked now sees it.
func (t *table) build(s *Store, name string) {
	switch t.known.columns[name].kind {
	case field.KindNumber, field.KindInstant, field.KindSpan:
		t.columns[name] = newOrdered(t)
	default:
		t.columns[name] = newGrouped(t)
	}
	var records []itsm.Record
	for from := 0; from < len(t.list); from += lastStretch {
		records = records[:0]
		s.mu.RLock()
		for _, e := range t.list[from:min(from+lastStretch, len(t.list))] {
			records = append(records, e.record)
		}
		s.mu.RUnlock()
		for i, r := range records {
			t.put(name, uint32(from+i), t.value(r, name))
		}
	}
}

func (t *table) put(name string, ord uint32, v field.Value) {
	x := t.columns[name]
	switch {
	case x == nil:
		return
	case v.Kind() == field.KindList:
		t.columns[name] = nil
		return
	}
	x.put(ord, cellOf(v), len(t.list))
	if g, ok := x.(*grouped); ok && g.tooMany(len(t.list)) {
		t.columns[name] = g.ordered()
	}
}

// ordered is the index of a column in which most values are of one entry, such as an instant: the entries in order of
// value and id.
type ordered struct {
	table *table
	kinds []field.Kind
	nums  []int64
	strs  []string // shorter where the rest is empty
	tree  btree[uint32]
	// since is how many entries there were when the column turned out to have too many values to be grouped; 0 where its
	// kind says so.
	since int
}

func newOrdered(t *table) *ordered { return &ordered{table: t} }

func (o *ordered) cell(ord uint32) cell {
	c := cell{kind: o.kinds[ord], num: o.nums[ord]}
	if int(ord) < len(o.strs) {
		c.str = o.strs[ord]
	}
	return c
}

func (o *ordered) compare(a, b uint32) int {
	if o.kinds[a] == field.KindInstant && o.kinds[b] == field.KindInstant {
		switch x, y := o.nums[a], o.nums[b]; {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return o.cell(a).compare(o.cell(b))
}

func (o *ordered) put(ord uint32, c cell, _ int) {
	id := o.table.list[ord].id
	at := func(x uint32) int {
		if d := o.compare(x, ord); d != 0 {
			return d
		}
		return strings.Compare(o.table.list[x].id, id)
	}
	if int(ord) == len(o.kinds) {
		o.kinds, o.nums = append(o.kinds, c.kind), append(o.nums, c.num)
	} else {
		if o.cell(ord) == c {
			return
		}
		o.tree.take(at)
		o.kinds[ord], o.nums[ord] = c.kind, c.num
	}
	if c.str != "" || int(ord) < len(o.strs) {
		for len(o.strs) <= int(ord) {
			o.strs = append(o.strs, "")
		}
		o.strs[ord] = c.str
	}
	o.tree.put(ord, at)
}

func (o *ordered) at(b bound) func(ord uint32) int {
	return func(ord uint32) int { return b.against(o.cell(ord)) }
}

// between walks from one place to another.
func (o *ordered) between(sp span) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for ord := range o.tree.up(o.at(sp.from)) {
			if sp.to.against(o.cell(ord)) > 0 || !yield(ord) {
				return
			}
		}
	}
}

func (o *ordered) match(f *itsm.Filter, w words) (words, bool) {
	list, ok := spans(f)
	if !ok {
		return w, false
	}
	all, size := len(o.table.list), 0
	for _, sp := range list {
		size += max(0, o.tree.before(o.at(sp.to))-o.tree.before(o.at(sp.from)))
	}
	if w != nil && w.count() <= min(size, all-size) {
		w.each(func(ord uint32) {
			if !o.within(list, ord) || f.Op == itsm.OpIn && !o.equals(f, ord) {
				w.drop(ord)
			}
		})
		return w, true
	}
	var found words
	if size <= all/2 || f.Op == itsm.OpIn {
		found = make(words, (all+63)/64)
		for _, sp := range list {
			for ord := range o.between(sp) {
				if f.Op != itsm.OpIn || o.equals(f, ord) {
					found.add(ord)
				}
			}
		}
	} else { // what is not in it is less
		found = full(all)
		from := bound{}
		for _, sp := range append(list, span{highest(field.KindList), bound{}}) {
			for ord := range o.between(span{from, sp.from}) {
				found.drop(ord)
			}
			from = sp.to
		}
	}
	if w == nil {
		return found, true
	}
	w.and(found)
	return w, true
}

func (o *ordered) within(list []span, ord uint32) bool {
	c := o.cell(ord)
	for i := range list {
		if list[i].from.against(c) > 0 && list[i].to.against(c) < 0 {
			return true
		}
	}
	return false
}

// equals reports whether one of a condition's values is an entry's: a whole number is not another one that amounts to it.
func (o *ordered) equals(f *itsm.Filter, ord uint32) bool {
	v := o.cell(ord).value()
	return f.Match(func(string) field.Value { return v })
}

// span is a stretch of a column's order.
type span struct{ from, to bound }

// spans answers where in a column's order a condition holds, stretch by stretch, and false where the order does not
// tell. Of a number it holds for what amounts to it.
func spans(f *itsm.Filter) ([]span, bool) {
	if f.Op == itsm.OpEmpty {
		none, text := cell{}, cell{kind: field.KindText}
		return []span{{bound{none, false}, bound{none, true}}, {bound{text, false}, bound{text, true}}}, true
	}
	if f.Op == itsm.OpIn {
		return spansOf(f.Values), true
	}
	v := f.Values[0]
	kind := v.Kind()
	switch {
	case f.Op == itsm.OpHas:
		return nil, false
	case f.Op == itsm.OpPrefix:
		kind = field.KindText
	case kind == field.KindNone || kind == field.KindList:
		return nil, true
	}
	low, high := lowest(kind), highest(kind)
	before, after := bound{cellOf(v), false}, bound{cellOf(v), true}
	switch {
	case f.Op == itsm.OpLess && !v.IsZero():
		return []span{{low, before}}, true
	case f.Op == itsm.OpMost && !v.IsZero():
		return []span{{low, after}}, true
	case f.Op == itsm.OpMore:
		return []span{{after, high}}, true
	case f.Op == itsm.OpLeast && !v.IsZero():
		return []span{{before, high}}, true
	case f.Op == itsm.OpLeast:
		return []span{{low, high}}, true
	case f.Op == itsm.OpPrefix:
		return []span{prefixed(v.Text())}, true
	}
	return nil, true
}

func spansOf(values []field.Value) (list []span) {
	for _, v := range values {
		if c := cellOf(v); !v.IsZero() && v.Kind() != field.KindList {
			list = append(list, span{bound{c, false}, bound{c, true}})
		}
	}
	slices.SortFunc(list, func(a, b span) int { return a.from.compare(b.from.cell) })
	return slices.CompactFunc(list, func(a, b span) bool { return a.from.compare(b.from.cell) == 0 })
}

// prefixed is the stretch of the texts that begin so.
func prefixed(text string) span {
	sp := span{lowest(field.KindText), highest(field.KindText)}
	if text != "" {
		sp.from = bound{cell{kind: field.KindText, str: text}, false}
	}
	end := []byte(text)
	for len(end) > 0 && end[len(end)-1] == 0xff {
		end = end[:len(end)-1]
	}
	if len(end) > 0 {
		end[len(end)-1]++
		sp.to = bound{cell{kind: field.KindText, str: string(end)}, false}
	}
	return sp
}
