package calendar

import (
	"fmt"
	"iter"
	"slices"
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

// Pause is a stretch of time [From, To) in which a clock does not run. A zero To means that it has not ended yet.
type Pause struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
	Name string    `json:"name,omitempty"` // why, for [Calendar.Explain]
}

// AddPaused is [Calendar.Add] where working time in a pause does not count. Pauses may come in any order and overlap;
// the cost is linear where they are sorted. Where the time is not used up before a pause without an end, there is no
// due instant and the error is a [*PausedError]. A negative working time is [ErrNegative].
func (c *Calendar) AddPaused(from time.Time, working time.Duration, pauses ...Pause) (time.Time, error) {
	at, err := c.instant(from)
	if err != nil {
		return time.Time{}, err
	}
	if working <= 0 {
		if working < 0 {
			return time.Time{}, ErrNegative
		}
		return c.time(at), nil
	}
	left := uint64(working)
	if pauses, err = ordered(pauses); err != nil {
		return time.Time{}, err
	}
	for _, p := range pauses {
		begins, ends := clamp(p.From), clamp(p.To)
		if !p.To.IsZero() && ends <= at {
			continue
		}
		if begins > at {
			x := c.index.covering(at, begins)
			sum := x.worked(at)
			if open := x.worked(begins) - sum; left <= open {
				return c.time(x.earliest(sum + left)), nil
			} else {
				left, at = left-open, begins
			}
		}
		if p.To.IsZero() {
			return time.Time{}, &PausedError{Since: c.time(at), Remaining: time.Duration(left)}
		}
		at = ends
	}
	return c.forward(time.Unix(0, at), left)
}

// BetweenPaused is [Calendar.Between] where working time in a pause does not count. Pauses may come in any order and
// overlap; the cost is linear where they are sorted.
func (c *Calendar) BetweenPaused(from, to time.Time, pauses ...Pause) (time.Duration, error) {
	a, b, err := c.instants(from, to)
	if err != nil {
		return 0, err
	}
	if pauses, err = ordered(pauses); err != nil || b <= a {
		return 0, err
	}
	x := c.index.covering(a, b)
	sum := x.worked(b) - x.worked(a)
	at := a // pauses count up to here
	for _, p := range pauses {
		begins, ends := max(clamp(p.From), at), clamp(p.To)
		if p.To.IsZero() {
			ends = b
		}
		if ends = min(ends, b); ends > begins {
			sum -= x.worked(ends) - x.worked(begins)
			at = ends
		}
	}
	return duration(sum)
}

// ordered checks pauses and sorts a copy where they are not in order.
func ordered(pauses []Pause) ([]Pause, error) {
	sorted := true
	for i, p := range pauses {
		if !p.To.IsZero() && p.To.Before(p.From) {
			return nil, fmt.Errorf("%w: pauses[%d], %s to %s", ErrPause, i, p.From.Format(time.RFC3339Nano), p.To.Format(time.RFC3339Nano))
		}
		sorted = sorted && (i == 0 || !p.From.Before(pauses[i-1].From))
	}
	if !sorted {
		pauses = slices.Clone(pauses)
		slices.SortFunc(pauses, func(a, b Pause) int { return a.From.Compare(b.From) })
	}
	return pauses, nil
}
