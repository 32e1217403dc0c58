package calendar

import (
	"iter"
	"time"
)

// Interval is a half-open stretch of time [From, To).
type Interval struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Duration is the real time that the interval lasts.
func (i Interval) Duration() time.Duration { return i.To.Sub(i.From) }

// Windows yields the unbroken stretches of working time in [from, to), in order, the first and the last clipped to it.
// Windows that touch, also at midnight, are one stretch. What lies outside the horizon is closed.
func (c *Calendar) Windows(from, to time.Time) iter.Seq[Interval] {
	return func(yield func(Interval) bool) {
		at, end := clamp(from), clamp(to)
		if c == nil || c.index == nil {
			return
		}
		for at < end {
			opens, ok := c.nextOpen(at)
			if !ok || opens >= end {
				return
			}
			at = c.runEnd(opens, end)
			if !yield(Interval{c.time(opens), c.time(at)}) {
				return
			}
		}
	}
}

// WindowsBack yields what [Calendar.Windows] does, the last stretch first.
func (c *Calendar) WindowsBack(from, to time.Time) iter.Seq[Interval] {
	return func(yield func(Interval) bool) {
		start, at := clamp(from), clamp(to)
		if c == nil || c.index == nil {
			return
		}
		for start < at {
			closes, ok := c.prevClose(at)
			if !ok || closes <= start {
				return
			}
			at = c.runStart(closes, start)
			if !yield(Interval{c.time(at), c.time(closes)}) {
				return
			}
		}
	}
}

// runEnd follows an open stretch to its end, but not past limit. Windows are cut where years meet.
func (c *Calendar) runEnd(at, limit int64) int64 {
	for x := c.index.covering(at, at); at < limit && x.open(at); x = c.index.covering(at, at) {
		c := &x.at(at).chunk
		at = c.closing(c.windowAt(at))
	}
	return min(at, limit)
}

// runStart follows an open stretch that ends at an instant back to its start, but not past limit.
func (c *Calendar) runStart(at, limit int64) int64 {
	for x := c.index.covering(at-1, at-1); at > limit && x.open(at-1); x = c.index.covering(at-1, at-1) {
		c := &x.at(at - 1).chunk
		at = c.windows[c.windowAt(at-1)].open
		if at <= horizonStart {
			break
		}
	}
	return max(at, limit)
}

func clamp(t time.Time) int64 {
	switch s := t.Unix(); {
	case s < horizonStart/second:
		return horizonStart
	case s >= horizonEnd/second:
		return horizonEnd
	}
	return t.UnixNano()
}
