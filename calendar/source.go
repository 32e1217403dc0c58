package calendar

import (
	"cmp"
	"io"
	"math"
	"slices"
	"time"
)

// source is where working time comes from, before it is indexed.
type source interface {
	// spans appends the working time of a stretch: sorted, apart from each other, clipped to [from, to).
	spans(dst []span, from, to int64) []span
	// explain tells the reasons of a stretch, without gaps.
	explain(from, to int64) []piece
	// zones writes what the zones' rules are.
	zones(w io.Writer)
}

// local is the working time of one zone: hours by date, in readings of its clock.
type local struct {
	name        string
	loc         *time.Location
	first, last int64 // the days it is in force
	week        [7][]span
	seasons     []seasonal
	entries     []entry // overrides, holidays, breaks, in the order of the spec
}

type seasonal struct {
	first, last int64
	week        [7][]span
}

// entry is hours on certain days: in place of the usual ones (ReasonHours) or to be closed.
type entry struct {
	reason      Reason
	name        string
	rule        rule
	today, next []span // what it says about its date, and about the one after
}

// spans steps the dates that may touch [from, to) and turns their hours into instants.
func (h *local) spans(dst []span, from, to int64) []span {
	var base, closed, open []span
	zone := newZone(h.loc, from/second, to/second)
	for d := h.dates(from, to); d.next(); {
		base, closed = d.hours(base[:0]), d.closed(closed[:0])
		hours := base
		if len(closed) > 0 {
			open = combine(open[:0], base, closed, butNot)
			hours = open
		}
		for _, s := range hours {
			opens := zone.instant(d.day*daySeconds+s.from) * second
			closes := zone.instant(d.day*daySeconds+s.to) * second
			dst = push(dst, span{max(opens, from), min(closes, to)})
		}
	}
	return dst
}

// dates walks the days that may touch a stretch of instants, with what is special about each.
type dates struct {
	*local
	day, last int64
	marks     []mark // sorted by day
	today     []mark

	override, before *entry // whose hours the day has in place of the usual ones, and the day before; nil for the usual ones
}

type mark struct {
	day int64
	*entry
	order int
	tail  bool // it is the date after the entry's own
}

func (h *local) dates(from, to int64) *dates {
	d := &dates{local: h, day: floorDiv(from/second, daySeconds) - 3, last: floorDiv(to/second, daySeconds) + 2}
	for i := range h.entries {
		e := &h.entries[i]
		e.rule.each(d.day, d.last, func(day int64) {
			d.marks = append(d.marks, mark{day: day, entry: e, order: i})
			if e.next != nil && e.reason != ReasonHours {
				d.marks = append(d.marks, mark{day: day + 1, entry: e, order: i, tail: true})
			}
		})
	}
	slices.SortFunc(d.marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.order, b.order))
	})
	return d
}

func (d *dates) next() bool {
	d.day++
	d.marks = d.marks[len(d.today):]
	n := 0
	for n < len(d.marks) && d.marks[n].day <= d.day {
		n++
	}
	d.today = d.marks[:n]
	d.override, d.before = nil, d.override
	for _, m := range d.today {
		if m.reason == ReasonHours && m.day == d.day {
			d.override = m.entry
		}
	}
	return d.day <= d.last
}

func (d *dates) inForce() bool { return d.day >= d.local.first && d.day <= d.local.last }

// hours are the windows of the day before anything closes them.
func (d *dates) hours(dst []span) []span {
	if !d.inForce() {
		return dst
	}
	week := &d.week
	for i := range d.seasons {
		if s := &d.seasons[i]; d.day >= s.first && d.day <= s.last {
			week = &s.week
		}
	}
	hours := week[weekdayOf(d.day)]
	if d.override != nil {
		hours = d.override.today
	}
	if d.before != nil && d.before.next != nil {
		return combine(dst, hours, d.before.next, either)
	}
	return append(dst, hours...)
}

// closed is what holidays and breaks close of the day.
func (d *dates) closed(dst []span) []span {
	for _, m := range d.today {
		if m.reason == ReasonHours || m.day != d.day {
			continue
		}
		if len(dst) == 0 {
			dst = append(dst, m.spans()...)
		} else {
			dst = combine(nil, dst, m.spans(), either)
		}
	}
	return dst
}

func (m mark) spans() []span {
	if m.tail {
		return m.entry.next
	}
	return m.today
}

// zone is a stretch of a zone's history: the periods between changes of its offset.
type zone struct {
	periods []period
	i       int
}

type period struct {
	from, to int64 // seconds since 1970
	offset   int64
}

// newZone reads the periods around [from, to), a few look-ups a year. The edges lie more than a day outside, because
// the first and the last date may.
func newZone(loc *time.Location, from, to int64) zone {
	const margin = 4 * daySeconds
	var z zone
	for at := from - margin; at < to+margin; {
		t := time.Unix(at, 0).In(loc)
		_, offset := t.Zone()
		next := to + margin
		if _, end := t.ZoneBounds(); !end.IsZero() {
			next = min(next, end.Unix())
		}
		if next <= at {
			next = at + daySeconds // the end that Go states may lie a day early, at the end of a leap year
		}
		if n := len(z.periods); n > 0 && z.periods[n-1].offset == int64(offset) {
			z.periods[n-1].to = next
		} else {
			z.periods = append(z.periods, period{at, next, int64(offset)})
		}
		at = next
	}
	return z
}

// instant is when the zone's clock first reaches a reading: the transition where it skips it, the first occurrence where
// it repeats it. The reading is in seconds since 1970 on that clock, and not before the one asked about last.
func (z *zone) instant(reading int64) int64 {
	for z.i < len(z.periods)-1 && reading >= z.periods[z.i].to+z.periods[z.i].offset {
		z.i++
	}
	p := z.periods[z.i]
	return max(p.from, reading-p.offset)
}

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
