// Package calendar computes with working time: the hours in which somebody is there to do the work.
//
// A [Spec] says when that is, as text a person can read: the hours of a week in a time zone, holidays, breaks and
// dates with other hours. [New] checks it, names every fault at once, and gives a [Calendar]:
//
//	support, err := calendar.New(calendar.Spec{
//		Zone:     "Europe/Brussels",
//		Weekly:   calendar.Weekdays("07:30-18:00"),
//		Holidays: []calendar.Holiday{{Name: "Christmas Day", On: "12-25"}},
//	})
//	due, err := support.Add(reported, 8*time.Hour) // when 8 working hours are used up
//	used, err := support.Between(reported, now)    // how many are used up by now
//
// # Meaning
//
// Windows are half-open: at 18:00 a window 07:30-18:00 is closed. A window is one stretch of real time between two
// readings of the local clock. A reading that the clock skips is the instant of the skip, one that it repeats is its
// first occurrence, and what counts is the time that really passes: a night shift is an hour shorter in spring and an
// hour longer in autumn. Add gives the earliest instant with exactly the working time asked for before it, so a budget
// that ends with the day is due at closing, not at the next opening.
//
// Everything is exact to the nanosecond. No answer lies outside the horizon, 1800-01-01 to 2200-01-01 UTC, which reaches
// back to when towns kept their own mean time; where a question has no answer inside it, the error is
// [ErrNoWorkingTime] or [ErrHorizon], never an endless search.
//
// # Cost
//
// A calendar compiles each year to an index of its windows when it is first asked about it, and keeps it (about 8 kB
// for a five-day week). From then on a question costs the same for an hour as for ten years, tens of nanoseconds, and
// allocates nothing. A Calendar never changes and is safe for concurrent use.
//
// Zones are read with [time.LoadLocation]; a program for machines that may lack the zone database imports
// time/tzdata. Zone rules change by decree: keep [Calendar.Fingerprint] beside what was computed, and compute it
// again where the fingerprint has changed.
package calendar

import (
	"cmp"
	"fmt"
	"math"
	"time"
)

// The horizon: no instant outside these years, of UTC, is an argument or an answer.
const (
	FirstYear = 1800
	LastYear  = 2199
)

// Calendar answers questions about working time. Make one with [New], [Parse], [Always], [Union], [Intersection] or
// [Minus]; the zero Calendar has no working time. It never changes and is safe for concurrent use.
//
// Instants are accepted in any zone and returned in the calendar's own.
type Calendar struct {
	spec  Spec
	loc   *time.Location
	hours source
	index *index

	fingerprint func() string // computed once
}

// Always returns the calendar that is open around the clock, in UTC.
func Always() *Calendar {
	c, _ := New(Spec{Name: "24x7", Zone: "UTC", Weekly: Daily(AllDay)}) // cannot fail: Go itself knows UTC
	return c
}

// Name is the name that the calendar's spec gives it.
func (c *Calendar) Name() string { return c.spec.Name }

// Location is the zone in which the calendar returns instants.
func (c *Calendar) Location() *time.Location { return cmp.Or(c.loc, time.UTC) }

// Add returns the earliest instant that has exactly the given working time between from and itself. No working time
// leads to from itself, also when from is closed; a negative one is [Calendar.Sub]'s mirror image. The error is
// [ErrNoWorkingTime] where the calendar has not that much left, [ErrHorizon] where from lies outside.
func (c *Calendar) Add(from time.Time, working time.Duration) (time.Time, error) {
	s := from.Unix()
	if x := c.known(s, s); x != nil && working > 0 {
		sum := x.worked(s*second + int64(from.Nanosecond()))
		if uint64(working) <= x.total-sum {
			return c.time(x.earliest(sum + uint64(working))), nil
		}
	}
	if working < 0 {
		return c.back(from, -uint64(working))
	}
	return c.forward(from, uint64(working))
}

// Sub returns the latest instant that has exactly the given working time between itself and from, the mirror image of
// [Calendar.Add], with the same errors: a budget that reaches back to an opening began there, not at the closing before.
func (c *Calendar) Sub(from time.Time, working time.Duration) (time.Time, error) {
	if working < 0 {
		return c.forward(from, -uint64(working))
	}
	return c.back(from, uint64(working))
}

// Between returns the working time in [from, to), none where to is not after from. The error is [ErrHorizon] where
// one of them lies outside, or where the answer is longer than a Duration can hold (292 years).
func (c *Calendar) Between(from, to time.Time) (time.Duration, error) {
	x := c.known(from.Unix(), to.Unix())
	if x == nil {
		a, b, err := c.instants(from, to)
		if err != nil || b <= a {
			return 0, err
		}
		x = c.index.covering(a, b)
	}
	a, b := from.UnixNano(), to.UnixNano()
	if b <= a {
		return 0, nil
	}
	return duration(x.worked(b) - x.worked(a))
}

// SignedBetween is [Calendar.Between], negative where to lies before from.
func (c *Calendar) SignedBetween(from, to time.Time) (time.Duration, error) {
	if to.Before(from) {
		d, err := c.Between(to, from)
		return -d, err
	}
	return c.Between(from, to)
}

// Contains reports whether t is working time. A window contains its opening and not its closing instant; outside the
// horizon nothing is working time.
func (c *Calendar) Contains(t time.Time) bool {
	at, err := c.instant(t)
	return err == nil && c.index.covering(at, at).open(at)
}

// NextOpen returns t itself where t is working time, else the next opening. The error is [ErrNoWorkingTime] where
// there is none, [ErrHorizon] where t lies outside.
func (c *Calendar) NextOpen(t time.Time) (time.Time, error) {
	at, err := c.instant(t)
	if err != nil {
		return time.Time{}, err
	}
	next, ok := c.nextOpen(at)
	if !ok {
		return time.Time{}, noWorkingTime("after", t)
	}
	return c.time(next), nil
}

// NextClose returns the end of the unbroken stretch of working time that holds t or, where t is closed, follows it.
// The error is [ErrNoWorkingTime] where none follows, [ErrHorizon] where t lies outside or the stretch never ends.
func (c *Calendar) NextClose(t time.Time) (time.Time, error) {
	at, err := c.instant(t)
	if err != nil {
		return time.Time{}, err
	}
	next, ok := c.nextOpen(at)
	if !ok {
		return time.Time{}, noWorkingTime("after", t)
	}
	end := c.runEnd(next, horizonEnd)
	if end == horizonEnd {
		return time.Time{}, fmt.Errorf("%w: open without end from %s", ErrHorizon, t.Format(time.RFC3339Nano))
	}
	return c.time(end), nil
}

// PrevClose returns t itself where the time just before t is working time, else the closing before t. The error is
// [ErrNoWorkingTime] where there is none, [ErrHorizon] where t lies outside.
func (c *Calendar) PrevClose(t time.Time) (time.Time, error) {
	at, err := c.instant(t)
	if err != nil {
		return time.Time{}, err
	}
	prev, ok := c.prevClose(at)
	if !ok {
		return time.Time{}, noWorkingTime("before", t)
	}
	return c.time(prev), nil
}

// forward finds the earliest instant with so much working time since from.
func (c *Calendar) forward(from time.Time, working uint64) (time.Time, error) {
	at, err := c.instant(from)
	if err != nil {
		return time.Time{}, err
	}
	if working == 0 {
		return c.time(at), nil
	}
	for x := c.index.covering(at, at); ; {
		if before := x.worked(at); working <= x.total-before {
			return c.time(x.earliest(before + working)), nil
		}
		if x = c.index.later(x); x == nil {
			return time.Time{}, noWorkingTime("enough after", from)
		}
	}
}

// back finds the latest instant with so much working time until from.
func (c *Calendar) back(from time.Time, working uint64) (time.Time, error) {
	at, err := c.instant(from)
	if err != nil {
		return time.Time{}, err
	}
	if working == 0 {
		return c.time(at), nil
	}
	for x := c.index.covering(at, at); ; {
		if sum := x.worked(at); sum >= working {
			return c.time(x.latest(sum - working)), nil
		}
		if x = c.index.earlier(x); x == nil {
			return time.Time{}, noWorkingTime("enough before", from)
		}
	}
}

// nextOpen: of all instants with the same working time before them, the latest is in front of an open door.
func (c *Calendar) nextOpen(at int64) (int64, bool) {
	for x := c.index.covering(at, at); x != nil; x = c.index.later(x) {
		if sum := x.worked(at); sum < x.total {
			return x.latest(sum), true
		}
	}
	return 0, false
}

// prevClose: of all instants with the same working time before them, the earliest has just closed the door.
func (c *Calendar) prevClose(at int64) (int64, bool) {
	for x := c.index.covering(at, at); x != nil; x = c.index.earlier(x) {
		if sum := x.worked(at); sum > 0 {
			return x.earliest(sum), true
		}
	}
	return 0, false
}

// The horizon in nanoseconds since 1970.
const (
	horizonStart = -5364662400 * second
	horizonEnd   = 7258118400 * second
	second       = int64(time.Second)
)

// instant checks the calendar and the horizon. It keeps to one comparison on the way that everything takes.
func (c *Calendar) instant(t time.Time) (int64, error) {
	if s := t.Unix(); c == nil || c.index == nil || s < horizonStart/second || s >= horizonEnd/second {
		return c.unusual(t)
	}
	return t.UnixNano(), nil
}

func (c *Calendar) unusual(t time.Time) (int64, error) {
	switch {
	case c == nil || c.index == nil:
		return 0, fmt.Errorf("%w: the calendar was not made by New", ErrNoWorkingTime)
	case t.Unix() == horizonEnd/second && t.Nanosecond() == 0:
		return horizonEnd, nil
	}
	return 0, fmt.Errorf("%w: %s", ErrHorizon, t.Format(time.RFC3339Nano))
}

func (c *Calendar) instants(from, to time.Time) (a, b int64, err error) {
	if a, err = c.instant(from); err == nil {
		b, err = c.instant(to)
	}
	return a, b, err
}

// time divides what cannot be negative, which is quicker.
func (c *Calendar) time(at int64) time.Time {
	since := uint64(at - horizonStart)
	return time.Unix(horizonStart/second+int64(since/uint64(second)), int64(since%uint64(second))).In(c.loc)
}

func duration(working uint64) (time.Duration, error) {
	if working > math.MaxInt64 {
		return 0, errTooLong
	}
	return time.Duration(working), nil
}
