package memory

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
)

// cell is a value as indexes keep it. Two cells are == where their values are Equal. A list has none.
type cell struct {
	kind field.Kind
	num  int64 // a whole number, the bits of a number, 0 or 1, nanoseconds
	str  string
}

func cellOf(v field.Value) cell {
	c := cell{kind: v.Kind()}
	switch c.kind {
	case field.KindText:
		c.str = v.Text()
	case field.KindInt:
		c.num = v.Int()
	case field.KindNumber:
		c.num = int64(math.Float64bits(v.Number()))
	case field.KindBool:
		if v.Bool() {
			c.num = 1
		}
	case field.KindInstant:
		c.num = v.Instant().UnixNano()
	case field.KindSpan:
		c.num = int64(v.Span())
	}
	return c
}

func (c cell) value() field.Value {
	switch c.kind {
	case field.KindText:
		return field.Text(c.str)
	case field.KindInt:
		return field.Int(c.num)
	case field.KindNumber:
		return field.Number(math.Float64frombits(uint64(c.num)))
	case field.KindBool:
		return field.Bool(c.num == 1)
	case field.KindInstant:
		return field.Instant(time.Unix(0, c.num))
	case field.KindSpan:
		return field.Span(time.Duration(c.num))
	}
	return field.Value{}
}

// compare is [field.Compare] of the values.
func (c cell) compare(d cell) int {
	switch {
	case c.numeric() && d.numeric() && (c.kind != d.kind || c.kind == field.KindNumber):
		return field.Compare(c.value(), d.value())
	case c.kind != d.kind:
		return cmp.Compare(c.kind, d.kind)
	case c.kind == field.KindText:
		return strings.Compare(c.str, d.str)
	}
	return cmp.Compare(c.num, d.num)
}

func (c cell) numeric() bool { return c.kind == field.KindInt || c.kind == field.KindNumber }

// strictly is compare, but for a whole and another number that amount to the same: the whole one is before.
func (c cell) strictly(d cell) int {
	return cmp.Or(c.compare(d), cmp.Compare(c.kind, d.kind), cmp.Compare(c.num, d.num))
}

// bound is a place in the order of a column: before all entries with a value, or after them.
type bound struct {
	cell
	after bool
}

// against answers how an entry with a value stands to the place.
func (b bound) against(c cell) int {
	switch d := c.compare(b.cell); {
	case d != 0:
		return d
	case b.after:
		return -1
	}
	return 1
}

// lowest is the place before all filled values that have an order with those of a kind, highest the one after them.
func lowest(kind field.Kind) bound {
	switch kind {
	case field.KindText:
		return bound{cell{kind: kind}, true}
	case field.KindInt, field.KindNumber:
		return bound{cellOf(field.Number(math.NaN())), false}
	}
	return bound{cell{kind: kind, num: math.MinInt64}, false}
}

func highest(kind field.Kind) bound {
	switch kind {
	case field.KindText:
		return lowest(field.KindInt)
	case field.KindInt, field.KindNumber:
		return lowest(field.KindBool)
	}
	return lowest(kind + 1)
}
