package memory

import (
	"context"
	"slices"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

var _ itsm.ColumnCounter = (*snapshot)(nil)

// CountBy implements [itsm.ColumnCounter]. Where the indexes know the column and the filter, no record is looked at but
// those that were written since the snapshot.
func (n *snapshot) CountBy(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
	// The order makes the column's index; nothing is sorted.
	by := *q
	by.Sort, by.After, by.Limit = []itsm.Sort{{Column: column}}, nil, 0
	x, err := n.search(ctx, &by)
	if x == nil {
		return nil, err
	}
	x.tally = &tally{column: column, limit: limit, counts: map[cell]int64{}}
	if err := x.run(ctx); err != nil {
		return nil, err
	}
	return x.tally.buckets(), nil
}

// tally counts by the values of a column, up to a limit of them.
type tally struct {
	column string
	limit  int
	counts map[cell]int64
}

func (c *tally) add(of cell, n int64) {
	if of == (cell{kind: field.KindText}) {
		of = cell{} // nothing filled in
	}
	if _, there := c.counts[of]; there || len(c.counts) < c.limit {
		c.counts[of] += n
	}
}

// addValue counts a record's value; of a list, which a later schema may have left in the column, each member once.
func (c *tally) addValue(v field.Value) {
	if v.Len() == 0 {
		if v.IsZero() {
			v = field.Value{}
		}
		c.add(cellOf(v), 1)
		return
	}
	members := v.List()
	slices.Sort(members)
	for _, member := range slices.Compact(members) {
		c.add(cell{kind: field.KindText, str: member}, 1)
	}
}

// addAll counts entries by an index: of shared values set by set, where that is less than entry by entry.
func (c *tally) addAll(of index, w words) {
	g, ok := of.(*grouped)
	if !ok {
		w.each(func(ord uint32) { c.add(of.cell(ord), 1) })
		return
	}
	counts := make([]int, len(g.groups))
	work := 0
	for _, of := range g.groups {
		if of != nil {
			work += len(of.members.few) + len(of.members.many)
		}
	}
	if work < w.count() {
		for place, of := range g.groups {
			if of != nil {
				counts[place] = of.members.within(w)
			}
		}
	} else {
		w.each(func(ord uint32) { counts[g.of[ord]]++ })
	}
	for place, n := range counts {
		if n > 0 {
			c.add(g.groups[place].cell, int64(n))
		}
	}
}

func (c *tally) buckets() []itsm.Bucket {
	cells := make([]cell, 0, len(c.counts))
	for of := range c.counts {
		cells = append(cells, of)
	}
	slices.SortFunc(cells, cell.strictly)
	buckets := make([]itsm.Bucket, len(cells))
	for i, of := range cells {
		buckets[i] = itsm.Bucket{Value: of.value(), Count: c.counts[of]}
	}
	return buckets
}
