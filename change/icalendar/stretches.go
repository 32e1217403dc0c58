package icalendar

import (
	"iter"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/change/schedule"
)

// stretches yields when a calendar is open in the span, the first and the last stretch with what lies of them beyond it.
func (w *writer) stretches(c *calendar.Calendar) iter.Seq[schedule.Slot] {
	return func(yield func(schedule.Slot) bool) {
		for i := range c.Windows(w.span.Start, w.span.End) {
			if i.From.Equal(w.span.Start) {
				i.From = begin(c, i.From)
			}
			if i.To.Equal(w.span.End) {
				i.To = end(c, i.To)
			}
			if !yield(schedule.Slot{Start: i.From.UTC(), End: i.To.UTC()}) {
				return
			}
		}
	}
}

// begin is where the stretch begins that is open at an instant, but no earlier than a year before.
func begin(c *calendar.Calendar, at time.Time) time.Time {
	for i := range c.WindowsBack(at.AddDate(-1, 0, 0), at) {
		if i.To.Equal(at) {
			return i.From
		}
		break
	}
	return at
}

// end is where the stretch ends that is open until an instant, but no later than a year after.
func end(c *calendar.Calendar, at time.Time) time.Time {
	for i := range c.Windows(at, at.AddDate(1, 0, 0)) {
		if i.From.Equal(at) {
			return i.To
		}
		break
	}
	return at
}

// merged is slots in order and apart from each other: what touches is one.
func merged(slots []schedule.Slot) []schedule.Slot {
	slices.SortFunc(slots, func(a, b schedule.Slot) int { return a.Start.Compare(b.Start) })
	apart := slots[:0]
	for _, s := range slots {
		if n := len(apart); n > 0 && !s.Start.After(apart[n-1].End) {
			if s.End.After(apart[n-1].End) {
				apart[n-1].End = s.End
			}
			continue
		}
		apart = append(apart, s)
	}
	return apart
}
