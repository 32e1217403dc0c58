package calendar

import (
	"math"
)

// combination is the working time of several sources, folded in order.
type combination struct {
	name, op string
	parts    []source
	keep     func(inA, inB bool) bool
}

func (c *combination) spans(dst []span, from, to int64) []span {
	sum := c.parts[0].spans(nil, from, to)
	for _, part := range c.parts[1:] {
		sum = combine(nil, sum, part.spans(nil, from, to), c.keep)
	}
	return append(dst, sum...)
}

// opens looks for a year with working time, the likely ones first.
func opens(hours source) bool {
	const likely = 2020
	var list []span
	for i := range LastYear - FirstYear + 1 {
		y := FirstYear + (likely-FirstYear+i)%(LastYear-FirstYear+1)
		if list = hours.spans(list[:0], yearStart(y), yearStart(y+1)); len(list) > 0 {
			return true
		}
	}
	return false
}

// span is a half-open stretch: of instants in nanoseconds since 1970, or of a date's clock in seconds since midnight.
type span struct{ from, to int64 }

// push appends a span that begins at or after the last one's end. Empty ones vanish, touching ones become one.
func push(list []span, s span) []span {
	if s.to <= s.from {
		return list
	}
	if n := len(list); n > 0 && list[n-1].to >= s.from {
		list[n-1].to = max(list[n-1].to, s.to)
		return list
	}
	return append(list, s)
}

// The three ways in which two calendars, or hours and closures, go together.
func either(a, b bool) bool { return a || b }
func both(a, b bool) bool   { return a && b }
func butNot(a, b bool) bool { return a && !b }

// combine appends what keep says of two lists, each sorted and apart, in one pass over their edges.
func combine(dst, a, b []span, keep func(inA, inB bool) bool) []span {
	var i, j int // edges passed: inside where odd
	var since int64
	open := false
	for i < 2*len(a) || j < 2*len(b) {
		at := min(edge(a, i), edge(b, j))
		for edge(a, i) == at && i < 2*len(a) {
			i++
		}
		for edge(b, j) == at && j < 2*len(b) {
			j++
		}
		if now := keep(i%2 == 1, j%2 == 1); now != open {
			if open = now; open {
				since = at
			} else {
				dst = push(dst, span{since, at})
			}
		}
	}
	return dst
}

func edge(list []span, i int) int64 {
	switch {
	case i >= 2*len(list):
		return math.MaxInt64
	case i%2 == 0:
		return list[i/2].from
	}
	return list[i/2].to
}
