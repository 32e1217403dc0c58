package recurring

import (
	"errors"
	"iter"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// Next answers the first occurrence after an instant, in the schedule's zone. The error is [ErrNone] where none follows.
//
// It costs a microsecond or two for a common schedule. Dates that On, Weeks or the calendar leave out are passed a day at
// a time, fifty years at most.
func (s *Schedule) Next(after time.Time) (time.Time, error) {
	at, err := s.next(after)
	if err == nil && !s.spec.Until.IsZero() && !at.Before(s.spec.Until) {
		err = ErrNone
	}
	if err != nil {
		return time.Time{}, err
	}
	return at.In(s.loc), nil
}

// Between walks over the occurrences from one instant to before another, in order.
func (s *Schedule) Between(from, to time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		at, err := s.Next(from.Add(-1))
		for err == nil && at.Before(to) && yield(at) {
			at, err = s.Next(at)
		}
	}
}

// last answers the last occurrence up to an instant, given one that is not after it. It halves the time between, so that
// it costs the same for a week as for a year.
func (s *Schedule) last(known, upTo time.Time) time.Time {
	high := upTo
	for {
		next, err := s.Next(known)
		if err != nil || next.After(upTo) {
			return known
		}
		known = next
		for high.Sub(known) > time.Second {
			middle := known.Add(high.Sub(known) / 2)
			if next, err := s.Next(middle); err == nil && !next.After(upTo) {
				known = next
			} else {
				high = middle
			}
		}
	}
}

// next is Next without the end.
func (s *Schedule) next(after time.Time) (time.Time, error) {
	if s.hours == nil {
		return s.due(after)
	}
	if s.spec.Closed != NextOpening {
		return s.nextOpen(after)
	}
	// What came since the last closing still waits for the opening.
	start := after
	if !s.hours.Contains(after) {
		closed, err := s.hours.PrevClose(after)
		switch {
		case err == nil:
			start = closed.Add(-1)
		case errors.Is(err, calendar.ErrNoWorkingTime):
			start = horizon
		}
	}
	due, err := s.due(start)
	if err != nil {
		return time.Time{}, err
	}
	return opening(s.hours, due)
}

// nextOpen leaves out what comes in closed time.
func (s *Schedule) nextOpen(after time.Time) (time.Time, error) {
	limit := max(after.Year(), firstYear) + searchYears
	for {
		due, err := s.due(after)
		if err != nil || due.Year() > limit {
			return time.Time{}, ErrNone
		}
		open, err := opening(s.hours, due)
		if err != nil || open.Equal(due) {
			return due, err
		}
		after = open.Add(-1)
	}
}

func opening(hours *calendar.Calendar, t time.Time) (time.Time, error) {
	open, err := hours.NextOpen(t)
	if err != nil {
		return time.Time{}, ErrNone
	}
	return open, nil
}

var horizon = time.Date(firstYear, time.January, 1, 0, 0, 0, 0, time.UTC)

// due is the first occurrence after an instant, whatever the calendar says.
func (s *Schedule) due(after time.Time) (time.Time, error) {
	if from := s.spec.From; after.Before(from) {
		after = from.Add(-1) // the beginning itself is one
	}
	if after.Before(horizon) {
		after = horizon.Add(-1)
	}
	at, ok := time.Time{}, false
	if s.every > 0 {
		at, ok = s.tick(after), true
	} else if reading, found := s.reading(latest(after, s.loc)); found {
		at, ok = first(reading, s.loc), true
	}
	if !ok || at.Year() > lastYear {
		return time.Time{}, ErrNone
	}
	return at, nil
}

// tick counts intervals from the beginning.
func (s *Schedule) tick(after time.Time) time.Time {
	start := s.spec.From
	if start.IsZero() {
		start = time.Unix(0, 0).UTC()
	}
	passed := after.Unix() - start.Unix()
	if after.Nanosecond() < start.Nanosecond() {
		passed--
	}
	n := passed / s.every
	if passed%s.every < 0 {
		n--
	}
	return time.Unix(start.Unix()+(n+1)*s.every, int64(start.Nanosecond())).UTC()
}

// reading is the first reading after another one that the expression names, on a date that counts. Readings are kept as
// if they were UTC.
func (s *Schedule) reading(after time.Time) (time.Time, bool) {
	limit := min(after.Year()+searchYears, lastYear)
	for {
		next := s.cron.Next(after)
		switch {
		case next.IsZero(): // nothing in the library's five years: a leap day may be eight away
			if after = time.Date(after.Year()+6, time.January, 1, 0, 0, 0, -1, time.UTC); after.Year() > limit {
				return next, false
			}
			continue
		case next.Year() > limit:
			return next, false
		case s.on.has(next):
			return next, true
		}
		y, m, d := next.Date()
		after = time.Date(y, m, d+1, 0, 0, 0, -1, time.UTC)
	}
}

// maxOffset is more than any zone is ahead of or behind UTC.
const maxOffset = 48 * time.Hour

// shown is what a zone's clock shows at an instant.
func shown(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// latest is the latest reading that a zone's clock has shown up to an instant: an earlier one where it was put back since.
// The reading at which it was put back has not been shown; what is answered is just before it.
func latest(at time.Time, loc *time.Location) time.Time {
	t := at.In(loc)
	reading := shown(t)
	for {
		start, _ := t.ZoneBounds()
		if start.IsZero() || at.Sub(start) > maxOffset {
			return reading
		}
		t = start.Add(-1).In(loc)
		if before := shown(t); before.After(reading) {
			reading = before
		}
	}
}

// first is the first instant at which a zone's clock shows a reading or a later one: that of the skip where the reading is
// skipped, the first occurrence where it is repeated.
func first(reading time.Time, loc *time.Location) time.Time {
	t := reading.Add(-maxOffset).In(loc)
	for {
		start, end := t.ZoneBounds()
		if !end.IsZero() && !end.After(t) {
			end = t.Add(24 * time.Hour) // package time ends leap years after 2037 a day early
		}
		_, offset := t.Zone()
		at := reading.Add(-time.Duration(offset) * time.Second)
		if !start.IsZero() && at.Before(start) {
			at = start
		}
		if end.IsZero() || at.Before(end) {
			return at.UTC()
		}
		t = end
	}
}
