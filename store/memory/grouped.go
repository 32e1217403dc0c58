package memory

import (
	"cmp"
	"iter"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// grouped is the index of a column in which many entries share a value, such as a state or a group: the set of entries
// of each value, so that conditions are joined and counted a word of 64 entries at a time.
type grouped struct {
	table  *table
	of     []uint32 // by ordinal: the place of its group
	groups []*group // nil where nothing has the value any more
	free   []uint32
	places map[cell]uint32
	order  btree[*group]
}

type group struct {
	cell
	members set
}

func newGrouped(t *table) *grouped { return &grouped{table: t, places: map[cell]uint32{}} }

func (g *grouped) cell(ord uint32) cell { return g.groups[g.of[ord]].cell }

func (g *grouped) compare(a, b uint32) int {
	if g.of[a] == g.of[b] {
		return 0
	}
	return g.cell(a).compare(g.cell(b))
}

func (g *grouped) put(ord uint32, c cell, all int) {
	if int(ord) < len(g.of) {
		place := g.of[ord]
		before := g.groups[place]
		if before.cell == c {
			return
		}
		if before.members.remove(ord, all); before.members.size == 0 {
			g.drop(place)
		}
	} else {
		g.of = append(g.of, 0)
	}
	place, there := g.places[c]
	if !there {
		place = g.make(c)
	}
	g.of[ord] = place
	g.groups[place].members.add(ord, all)
}

func (g *grouped) make(c cell) uint32 {
	made := &group{cell: c}
	place := uint32(len(g.groups))
	if n := len(g.free); n > 0 {
		place, g.free = g.free[n-1], g.free[:n-1]
		g.groups[place] = made
	} else {
		g.groups = append(g.groups, made)
	}
	g.places[c] = place
	g.order.put(made, func(x *group) int { return x.strictly(c) })
	return place
}

func (g *grouped) drop(place uint32) {
	c := g.groups[place].cell
	g.order.take(func(x *group) int { return x.strictly(c) })
	delete(g.places, c)
	g.groups[place] = nil
	g.free = append(g.free, place)
}

func (g *grouped) match(f *itsm.Filter, w words) (words, bool) {
	found := make(words, (len(g.table.list)+63)/64)
	if f.Op == itsm.OpIn {
		for _, v := range f.Values {
			if place, there := g.places[cellOf(v)]; there && !v.IsZero() && v.Kind() != field.KindList {
				g.groups[place].members.addTo(found)
			}
		}
	} else {
		for of := range g.order.up(nil) {
			if v := of.value(); f.Match(func(string) field.Value { return v }) {
				of.members.addTo(found)
			}
		}
	}
	if w == nil {
		return found, true
	}
	w.and(found)
	return w, true
}

// runs walks the values in order, from one on where it is given. What sorts alike, as a whole and another number that
// amount to the same, comes together.
func (g *grouped) runs(from *cell, down bool) iter.Seq[[]*group] {
	return func(yield func([]*group) bool) {
		walk, edge := g.order.up, 1
		if down {
			walk, edge = g.order.down, -1
		}
		var at func(*group) int
		if from != nil {
			at = func(x *group) int { return cmp.Or(x.compare(*from), edge) }
		}
		var run []*group
		for of := range walk(at) {
			if len(run) > 0 && run[0].compare(of.cell) != 0 {
				if !yield(run) {
					return
				}
				run = run[:0]
			}
			run = append(run, of)
		}
		if len(run) > 0 {
			yield(run)
		}
	}
}

// A column with so many values, and so few entries to each, is better kept in order.
const (
	manyValues = 1024
	fewEntries = 8
)

func (g *grouped) tooMany(all int) bool {
	return len(g.places) > manyValues && len(g.places) > all/fewEntries
}

// ordered is the index that takes this one's place.
func (g *grouped) ordered() *ordered {
	o := newOrdered(g.table)
	o.since = len(g.table.list)
	for ord := range g.of {
		o.put(uint32(ord), g.cell(uint32(ord)), len(g.of))
	}
	return o
}
