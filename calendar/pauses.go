package calendar

import (
	"fmt"
	"slices"
	"time"
)

// Pause is a stretch of time [From, To) in which a clock does not run. A zero To means that it has not ended yet.
type Pause struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
	Name string    `json:"name,omitempty"` // why, for [Calendar.Explain]
}

// AddPaused is [Calendar.Add] where working time in a pause does not count. Pauses may come in any order and overlap;
// the cost is linear where they are sorted. Where the time is not used up before a pause without an end, there is no
// due instant and the error is a [*PausedError]. A negative working time is [Calendar.SubPaused]'s mirror image.
func (c *Calendar) AddPaused(from time.Time, working time.Duration, pauses ...Pause) (time.Time, error) {
	if len(pauses) == 0 {
		return c.Add(from, working)
	}
	if working < 0 {
		return c.backPaused(from, -uint64(working), pauses)
	}
	return c.forwardPaused(from, uint64(working), pauses)
}

// SubPaused is [Calendar.Sub] where working time in a pause does not count: the mirror image of [Calendar.AddPaused]. A
// pause without an end is no obstacle on the way back: what is counted lies before it.
func (c *Calendar) SubPaused(from time.Time, working time.Duration, pauses ...Pause) (time.Time, error) {
	if len(pauses) == 0 {
		return c.Sub(from, working)
	}
	if working < 0 {
		return c.forwardPaused(from, -uint64(working), pauses)
	}
	return c.backPaused(from, uint64(working), pauses)
}

func (c *Calendar) forwardPaused(from time.Time, left uint64, pauses []Pause) (time.Time, error) {
	at, err := c.instant(from)
	if err != nil {
		return time.Time{}, err
	}
	if pauses, err = ordered(pauses); err != nil {
		return time.Time{}, err
	}
	if left == 0 {
		return c.time(at), nil
	}
	for _, p := range pauses {
		begins, ends := clamp(p.From), clamp(p.To)
		if !p.To.IsZero() && ends <= at {
			continue
		}
		if begins > at {
			x := c.index.covering(at, begins)
			sum := x.worked(at)
			open := x.worked(begins) - sum
			if left <= open {
				return c.time(x.earliest(sum + left)), nil
			}
			left, at = left-open, begins
		}
		if p.To.IsZero() {
			return time.Time{}, &PausedError{Since: c.time(at), Remaining: time.Duration(left)}
		}
		at = ends
	}
	return c.forward(time.Unix(0, at), left)
}

func (c *Calendar) backPaused(from time.Time, left uint64, pauses []Pause) (time.Time, error) {
	at, err := c.instant(from)
	if err != nil {
		return time.Time{}, err
	}
	if pauses, err = ordered(pauses); err != nil {
		return time.Time{}, err
	}
	if left == 0 {
		return c.time(at), nil
	}
	for _, p := range slices.Backward(byEnd(pauses)) {
		begins, ends := clamp(p.From), clamp(p.To)
		if begins >= at {
			continue
		}
		if !p.To.IsZero() && ends < at {
			x := c.index.covering(ends, at)
			sum := x.worked(at)
			open := sum - x.worked(ends)
			if left <= open {
				return c.time(x.latest(sum - left)), nil
			}
			left -= open
		}
		at = begins
	}
	return c.back(time.Unix(0, at), left)
}

// BetweenPaused is [Calendar.Between] where working time in a pause does not count. Pauses may come in any order and
// overlap; the cost is linear where they are sorted.
func (c *Calendar) BetweenPaused(from, to time.Time, pauses ...Pause) (time.Duration, error) {
	if len(pauses) == 0 {
		return c.Between(from, to)
	}
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

// byEnd sorts a copy of pauses in order where one lies in another.
func byEnd(pauses []Pause) []Pause {
	compare := func(a, b Pause) int {
		switch {
		case a.To.IsZero() && b.To.IsZero():
			return 0
		case b.To.IsZero():
			return -1
		case a.To.IsZero():
			return 1
		}
		return a.To.Compare(b.To)
	}
	if slices.IsSortedFunc(pauses, compare) {
		return pauses
	}
	return slices.SortedFunc(slices.Values(pauses), compare)
}
