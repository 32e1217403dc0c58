package sla

import (
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Moment is what a clock looks at: an event of the ticket, and how the ticket then stood.
type Moment struct {
	At       time.Time
	Events   []string
	Phase    lifecycle.Phase
	Hold     itsm.HoldReason
	Priority itsm.Priority
}

// Stage says whether a clock runs. A breach is no stage: see [Clock.Breached].
type Stage string

// The stages of a clock.
const (
	Running   Stage = "running"
	Paused    Stage = "paused"
	Completed Stage = "completed"
	Cancelled Stage = "cancelled" // the ticket was cancelled, or has a priority that the target does not promise
)

// Clock is where a target stands at an instant.
type Clock struct {
	Agreement, Target string
	Stage             Stage
	Started           time.Time
	// Within is the working time promised, Elapsed what of it is used.
	Within, Elapsed time.Duration
	// Due is when it will be used up; zero while the clock does not run.
	Due time.Time
	// Breached is when it was used up; zero where it was not.
	Breached time.Time

	calendar *calendar.Calendar
	since    time.Time
	used     time.Duration // until since
}

// Remaining is the working time left; negative behind the end.
func (c *Clock) Remaining() time.Duration { return c.Within - c.Elapsed }

// Percent is how much of the time is used.
func (c *Clock) Percent() int { return int(c.Elapsed * 100 / c.Within) }

// At is when a running clock comes to a percentage; false where it does not run, or no working time is left.
func (c *Clock) At(percent int) (time.Time, bool) {
	left := c.Within*time.Duration(percent)/100 - c.used
	if c.Stage != Running || left < 0 {
		return time.Time{}, false
	}
	at, err := c.calendar.Add(c.since, left)
	return at, err == nil
}

// Evaluate computes the clock of a target from the moments of a ticket, at an instant: the law of every clock. Spans
// are half-open; at one moment stop comes before pause, and pause before start. A priority that changes keeps the time
// used. It answers false where the target promises nothing to the ticket.
func Evaluate(a *Agreement, t *Target, moments []Moment, now time.Time) (Clock, bool) {
	c := Clock{Agreement: a.Name, Target: t.Name, Stage: Running, calendar: a.Calendar}
	if c.calendar == nil {
		c.calendar = calendar.Always()
	}
	if len(moments) == 0 {
		return c, false
	}
	c.Started, c.since = moments[0].At, moments[0].At
	for i := range moments {
		m := &moments[i]
		if m.At.After(now) {
			break
		}
		c.advance(m.At)
		within, promised := t.Within[m.Priority]
		if promised {
			c.Within = within
		}
		switch {
		case c.Stage == Completed && m.Phase.Open() && !t.Stop.holds(m) && len(t.Stop.Events) == 0:
			c.Stage = Running // the ticket was reopened
		case c.Stage == Completed || c.Stage == Cancelled && !promised:
			continue
		}
		switch {
		case m.Phase == lifecycle.Cancelled || !promised:
			c.Stage = Cancelled
		case t.Stop.holds(m):
			c.Stage = Completed
		case t.Pause.holds(m):
			c.Stage = Paused
		default:
			c.Stage = Running
		}
	}
	c.advance(now)
	if c.Within == 0 {
		return c, false
	}
	c.Due, _ = c.At(100)
	if c.Due.Before(now) {
		c.Due = time.Time{}
	}
	return c, true
}

// advance counts the working time of a running clock up to an instant, and notes the breach when it passes.
func (c *Clock) advance(to time.Time) {
	if c.Stage == Running && to.After(c.since) {
		if worked, err := c.calendar.Between(c.since, to); err == nil {
			if c.Breached.IsZero() && c.Within > 0 && c.used <= c.Within && c.used+worked > c.Within {
				c.Breached, _ = c.calendar.Add(c.since, c.Within-c.used)
			}
			c.used += worked
		}
	}
	c.Elapsed = c.used
	if to.After(c.since) {
		c.since = to
	}
}
