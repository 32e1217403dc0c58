package memory

import (
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// picker chooses entries in the order of indexed columns and ids. It is used under the table's index lock.
type picker struct {
	table  *table
	sorts  []sorting
	idDown bool
	// whole tells that the order is all of the query's.
	whole bool
	// low and high bound what is looked for in the order of the first column, where it is an ordered one.
	low, high *bound
}

type sorting struct {
	index index
	down  bool
}

// spot is a place between the entries in a picker's order.
type spot struct {
	cells []cell
	id    string
	// open is before all ids.
	open bool
}

// picker answers who knows the query's order, or at least how it begins; false where no index does.
func (x *search) picker() (*picker, bool) {
	p := &picker{table: x.table, idDown: x.descending(), whole: true}
	for i, s := range x.Sort {
		if s.Column == "id" {
			p.idDown = s.Descending
			break
		}
		index := x.table.column(x.kind, s.Column)
		if index == nil {
			p.whole = false
			p.idDown = i > 0 && x.Sort[i-1].Descending
			break
		}
		p.sorts = append(p.sorts, sorting{index, s.Descending})
	}
	if len(p.sorts) > 0 {
		p.low, p.high = bounds(x.Filter, x.Sort[0].Column, nil, nil)
	}
	return p, p.whole || len(p.sorts) > 0
}

// bounds narrows a stretch of a column's order to where a filter can hold.
func bounds(f *itsm.Filter, column string, low, high *bound) (*bound, *bound) {
	switch {
	case f == nil || f.Op == itsm.OpAny || f.Op == itsm.OpNot:
	case f.Op == itsm.OpAll:
		for i := range f.Parts {
			low, high = bounds(&f.Parts[i], column, low, high)
		}
	case f.Column == column:
		if list, ok := spans(f); ok && len(list) > 0 {
			first, last := list[0].from, list[len(list)-1].to
			if low == nil || first.against(low.cell) < 0 {
				low = &first
			}
			if high == nil || last.against(high.cell) > 0 {
				high = &last
			}
		}
	}
	return low, high
}

// start is the place of the query's mark.
func (x *search) start(p *picker) *spot {
	if x.After == nil {
		return nil
	}
	n := len(p.sorts)
	from := &spot{id: x.After.ID}
	for _, v := range x.After.Values[:n] {
		from.cells = append(from.cells, cellOf(v))
	}
	// A sort by id ends an order, but for a mark that says one thing there and another as its id.
	from.open = !p.whole || n < len(x.Sort) && (n+1 < len(x.Sort) || !x.After.Values[n].Equal(field.Text(x.After.ID)))
	return from
}

// spot is the place right after an entry.
func (p *picker) spot(ord uint32) *spot {
	at := &spot{id: p.table.list[ord].id}
	for _, s := range p.sorts {
		at.cells = append(at.cells, s.index.cell(ord))
	}
	return at
}

func turned(c int, down bool) int {
	if down {
		return -c
	}
	return c
}

// compare compares from a level of the order on.
func (p *picker) compare(a, b uint32, level int) int {
	for _, s := range p.sorts[level:] {
		if c := s.index.compare(a, b); c != 0 {
			return turned(c, s.down)
		}
	}
	return turned(strings.Compare(p.table.list[a].id, p.table.list[b].id), p.idDown)
}

// past reports whether an entry is after a place that it is level with before.
func (p *picker) past(ord uint32, from *spot, level int) bool {
	for i := level; i < len(p.sorts); i++ {
		if c := p.sorts[i].index.cell(ord).compare(from.cells[i]); c != 0 {
			return turned(c, p.sorts[i].down) > 0
		}
	}
	return from.open || turned(strings.Compare(p.table.list[ord].id, from.id), p.idDown) > 0
}

// sortedAtOnce is how many entries are sorted without a look at any order.
const sortedAtOnce = 256

// pick appends up to want of the entries in w in order, those after a place where it is given. They are level with it
// and each other before a level of the order.
//
// An order is walked for as many steps as there are entries to choose from. Where that does not do, because they are at
// its other end, they are looked at one by one: so it costs at most twice what the better way does.
func (p *picker) pick(dst []uint32, w words, level int, from *spot, want int) []uint32 {
	n := w.count()
	if n > sortedAtOnce {
		if level < len(p.sorts) {
			if g, is := p.sorts[level].index.(*grouped); is {
				return p.byGroup(dst, g, w, level, from, want)
			}
		}
		if picked, ok := p.walk(dst, w, level, from, want, n); ok {
			return picked
		}
	}
	return p.choose(dst, w.list(), level, from, want)
}

func (p *picker) byGroup(dst []uint32, g *grouped, w words, level int, from *spot, want int) []uint32 {
	var first *cell
	if from != nil {
		first = &from.cells[level]
	}
	end := len(dst) + want
	for run := range g.runs(first, p.sorts[level].down) {
		at := from
		if from != nil && run[0].compare(*first) != 0 {
			at = nil
		}
		left := end - len(dst)
		if few, ok := members(run, w); ok {
			dst = p.choose(dst, few, level+1, at, left)
		} else {
			part := make(words, len(w))
			for _, of := range run {
				of.members.addTo(part)
			}
			part.and(w)
			dst = p.pick(dst, part, level+1, at, left)
		}
		if len(dst) == end {
			break
		}
	}
	return dst
}

// members lists those of the groups that are in w, where the groups are kept as lists.
func members(run []*group, w words) (list []uint32, ok bool) {
	for _, of := range run {
		if of.members.many != nil {
			return nil, false
		}
		for _, ord := range of.members.few {
			if w.has(ord) {
				list = append(list, ord)
			}
		}
	}
	return list, true
}

// walk reports false where it ran out of steps.
func (p *picker) walk(dst []uint32, w words, level int, from *spot, want, steps int) ([]uint32, bool) {
	begun := len(dst)
	tree, down, at := &p.table.ids, p.idDown, p.atID(from)
	var o *ordered
	// An order that ends with this column and the ids in its direction is the tree's.
	last := true
	if level < len(p.sorts) {
		o = p.sorts[level].index.(*ordered)
		tree, down = &o.tree, p.sorts[level].down
		last = level == len(p.sorts)-1 && down == p.idDown
		at = p.atCell(o, level, from)
	}
	walk := tree.up
	if down {
		walk = tree.down
	}
	for ord := range walk(at) {
		if steps--; steps < 0 {
			return dst[:begun], false
		}
		if !w.has(ord) || from != nil && !p.past(ord, from, level) {
			continue
		}
		if !last && len(dst)-begun >= want && o.compare(ord, dst[len(dst)-1]) != 0 {
			break
		}
		if dst = append(dst, ord); last && len(dst)-begun == want {
			return dst, true
		}
	}
	if !last {
		slices.SortFunc(dst[begun:], func(a, b uint32) int { return p.compare(a, b, level) })
		dst = dst[:min(len(dst), begun+want)]
	}
	return dst, true
}

// atID is where a walk in order of id begins.
func (p *picker) atID(from *spot) func(uint32) int {
	if from == nil || from.open {
		return nil
	}
	return func(ord uint32) int { return strings.Compare(p.table.list[ord].id, from.id) }
}

// atCell is where a walk in order of a column begins.
func (p *picker) atCell(o *ordered, level int, from *spot) func(uint32) int {
	down := p.sorts[level].down
	switch {
	case from != nil && level == len(p.sorts)-1 && down == p.idDown && !from.open:
		return func(ord uint32) int {
			if c := o.cell(ord).compare(from.cells[level]); c != 0 {
				return c
			}
			return strings.Compare(p.table.list[ord].id, from.id)
		}
	case from != nil:
		return o.at(bound{from.cells[level], down})
	case level == 0 && down && p.high != nil:
		return o.at(*p.high)
	case level == 0 && !down && p.low != nil:
		return o.at(*p.low)
	}
	return nil
}

// choose appends up to want of the listed entries in order.
func (p *picker) choose(dst, list []uint32, level int, from *spot, want int) []uint32 {
	if from != nil {
		list = slices.DeleteFunc(list, func(ord uint32) bool { return !p.past(ord, from, level) })
	}
	compare := func(a, b uint32) int { return p.compare(a, b, level) }
	if level < len(p.sorts) && p.sorts[level].down {
		slices.Reverse(list) // mostly, what was written later has the higher value
	}
	kept, room := list[:0], max(2*want, sortedAtOnce)
	sorted := false // what is kept begins with a full page of what was looked at before
	for _, ord := range list {
		if sorted && compare(ord, kept[want-1]) > 0 {
			continue
		}
		if kept = append(kept, ord); len(kept) == room {
			slices.SortFunc(kept, compare)
			kept, sorted = kept[:want], true
		}
	}
	slices.SortFunc(kept, compare)
	return append(dst, kept[:min(want, len(kept))]...)
}
