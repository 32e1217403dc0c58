package sla

import (
	"math"
	"math/bits"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Moment is what a clock looks at: an event of the ticket, all that happened in it, and how the ticket then stood.
// [Moments] reads them from a history.
type Moment struct {
	At       time.Time
	Events   []string
	Phase    lifecycle.Phase
	Hold     itsm.HoldReason
	Priority itsm.Priority
	Service  string
}

// Stage says whether a clock runs. A breach is no stage: see [Clock.Breached].
type Stage string

// The stages of a clock.
const (
	Running   Stage = "running"
	Paused    Stage = "paused"
	Completed Stage = "completed"
	Cancelled Stage = "cancelled" // the ticket was cancelled, or the target is not promised to it any more
)

// Clock is where a target stands at an instant. Instants are in UTC. It is a value that nobody changes.
type Clock struct {
	Agreement, Target string
	Stage             Stage
	// Started is when the target was first promised to the ticket.
	Started time.Time
	// Within is the working time promised, Elapsed what of it is used.
	Within, Elapsed time.Duration
	// Due is when a running clock uses it up, or did. It is zero while the clock does not run, and where the calendar
	// has no working time left.
	Due time.Time
	// Breached is when the target was first missed; zero where it was not. It stays, whatever comes later.
	Breached time.Time

	calendar *calendar.Calendar
	runs     []run
}

// run is a stretch [from, to) in which the clock ran for one promise. The last one of a running clock has no end.
type run struct {
	from, to     time.Time
	used, within time.Duration // used before it
}

// Remaining is the working time left, also while the clock stands; negative behind the end.
func (c *Clock) Remaining() time.Duration { return c.Within - c.Elapsed }

// Percent is how much of the time is used, rounded down.
func (c *Clock) Percent() int {
	if c.Within <= 0 || c.Elapsed <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(c.Elapsed%c.Within), 100)
	rest, _ := bits.Div64(hi, lo, uint64(c.Within))
	return int(c.Elapsed/c.Within)*100 + int(rest)
}

// At is when the clock first came to a percentage of its time or, as things stand, will come to it. A priority that
// shortens the time can pass percentages at the instant of the change. It answers false where the clock did not come
// there and does not run, or where the calendar has no working time left.
func (c *Clock) At(percent int) (time.Time, bool) { return c.at(percent, 0) }

// at is At in the runs for one promise; 0 for all.
func (c *Clock) at(percent int, within time.Duration) (time.Time, bool) {
	for i := range c.runs {
		r := &c.runs[i]
		if within != 0 && r.within != within {
			continue
		}
		at := r.from
		if left := share(r.within, percent) - r.used; left > 0 {
			var err error
			if at, err = c.calendar.Add(r.from, left); err != nil {
				continue
			}
		}
		if r.to.IsZero() || at.Before(r.to) {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// share is a percentage of a time, and the longest time where it cannot be told.
func share(of time.Duration, percent int) time.Duration {
	hi, lo := bits.Mul64(uint64(of), uint64(percent))
	if hi >= 100 {
		return math.MaxInt64
	}
	part, _ := bits.Div64(hi, lo, 100)
	return time.Duration(min(part, math.MaxInt64))
}

// Evaluate computes the clock of a target from the moments of a ticket, in their order, as of an instant: later moments
// do not count. It is the law of every clock, and reads and writes nothing else. It answers false where the agreement
// had promised nothing to the ticket by then. The kind of the ticket is the caller's to check. It costs one pass over
// the moments.
//
// A clock runs from the moment at which its target is first promised. At each moment stop is looked at first, then
// pause; else the clock runs. Stretches are half-open: a target that stops in the instant at which it is due is met,
// and a clock that pauses then has nothing left but is not late. A breach is noted where a running clock comes to its
// end, and never taken back.
//
// A change of priority or service keeps the time used; where the target is not promised any more the clock is cancelled,
// and goes on where it is promised again. A clock stopped by an event is completed for good, one stopped by a phase or
// a hold until the ticket is reopened: the time in between does not count. A closed ticket stops every clock, and on a cancelled
// ticket none ever changes again.
//
// Where the calendar's horizon ends there is no working time.
func Evaluate(a *Agreement, t *Target, moments []Moment, now time.Time) (Clock, bool) {
	c := Clock{Agreement: a.Name, Target: t.Name, calendar: a.Calendar}
	if c.calendar == nil {
		c.calendar = calendar.Always()
	}
	var phase lifecycle.Phase
	var ended, forGood bool // the ticket was cancelled; the clock was stopped by an event
	for i := range moments {
		m := &moments[i]
		if m.At.After(now) {
			break
		}
		reopened := m.Phase.Open() && !phase.Open()
		phase = m.Phase
		within, promised := a.promise(t, m)
		switch {
		case ended:
			continue
		case c.Stage == "" && !promised:
			ended = m.Phase == lifecycle.Cancelled
			continue
		case c.Stage == "":
			c.Started = m.At.UTC()
		}
		ended = m.Phase == lifecycle.Cancelled
		if c.Stage == Completed && (forGood || !reopened) {
			continue
		}
		if !promised {
			within = c.Within
		}
		stage := Running
		switch {
		case ended || !promised:
			stage = Cancelled
		case t.Stop.happens(m):
			stage, forGood = Completed, true
		case t.Stop.lasts(m) || m.Phase == lifecycle.Closed:
			stage = Completed
		case t.Pause.lasts(m):
			stage = Paused
		}
		c.turn(m.At, stage, within)
	}
	if c.Stage == "" {
		return c, false
	}
	if c.Stage == Running {
		c.Elapsed += c.worked(now)
		c.Due, _ = c.at(100, c.Within)
	}
	if at, ok := c.At(100); ok && !at.After(now) {
		c.Breached = at
	}
	return c, true
}

// turn ends the run at hand and begins the next one, where something changes.
func (c *Clock) turn(at time.Time, to Stage, within time.Duration) {
	if c.Stage == to && c.Within == within {
		return
	}
	if c.Stage == Running {
		c.Elapsed += c.worked(at)
		c.runs[len(c.runs)-1].to = at
	}
	c.Stage, c.Within = to, within
	if to == Running {
		c.runs = append(c.runs, run{from: at, used: c.Elapsed, within: within})
	}
}

// worked is the working time of the run at hand.
func (c *Clock) worked(to time.Time) time.Duration {
	worked, err := c.calendar.Between(c.runs[len(c.runs)-1].from, to)
	if err != nil {
		return 0 // outside the horizon
	}
	return worked
}
