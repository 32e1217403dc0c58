package sla

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Stage says whether a clock runs. A breach is no stage: see [Clock.Breached].
type Stage = lifecycle.State

// The stages of a clock.
const (
	Running   Stage = "running"
	Paused    Stage = "paused"
	Completed Stage = "completed" // the promise was kept, late or in time
	Cancelled Stage = "cancelled" // it ended without a result
)

// Clock is a cycle of a target on a ticket, as of the last event that moved it: a row that queries find by its columns.
// [Keeper.Status] tells how it stands at an instant. It is a value that nobody changes.
type Clock struct {
	// Head is the row's: State is the stage, ID is made of the ticket and the target.
	itsm.Head

	Ticket itsm.Ref `json:"ticket" itsm:"index"`
	// Agreement in its Version, of its Class, makes the promise that is called Target, of a Measure.
	Agreement        string `json:"agreement" itsm:"index"`
	AgreementVersion int    `json:"agreement_version" itsm:"index"`
	Class            Class  `json:"class" itsm:"index"`
	Target           string `json:"target" itsm:"index"`
	Measure          Kind   `json:"measure,omitempty" itsm:"index"`
	// Cycle counts from 1.
	Cycle int `json:"cycle"`

	// Priority, Group and Service are the ticket's while the clock is open, and as they were when it ended.
	Priority itsm.Priority `json:"priority,omitempty" itsm:"index"`
	Group    string        `json:"group,omitempty" itsm:"index"`
	Service  string        `json:"service,omitempty" itsm:"index"`

	// Started is when the cycle began, and Ended when it did, because of EndedBy.
	Started time.Time `json:"started" itsm:"index"`
	Ended   time.Time `json:"ended,omitzero" itsm:"index"`
	EndedBy Ending    `json:"ended_by,omitempty"`
	// Within is the working time promised. Used is what was used of it before Since, from when on the clock runs; zero
	// while it does not.
	Within time.Duration `json:"within,omitempty"`
	Used   time.Duration `json:"used,omitempty"`
	Since  time.Time     `json:"since,omitzero"`
	// Due is when a running clock uses its time up; zero while it does not run, and where the calendar has no working time
	// left.
	Due time.Time `json:"due,omitzero" itsm:"index"`
	// Breached is when the target was missed, as far as events tell: a clock that runs is late from Due on.
	Breached time.Time `json:"breached,omitzero" itsm:"index"`

	// Reached are the levels that were told in this cycle, and Silenced those that had passed before an import.
	Reached  []string `json:"reached,omitempty"`
	Silenced []string `json:"silenced,omitempty"`
	// Next is the level that is told next, at NextAt.
	Next   string    `json:"next,omitempty"`
	NextAt time.Time `json:"next_at,omitzero" itsm:"index"`
	// Passed are levels that the clock came to while nobody noticed, and are still to be told.
	Passed []Passed `json:"passed,omitempty" itsm:"-"`

	// Terms is the fingerprint of the agreement and its calendar that it was computed with.
	Terms string `json:"terms"`
	// Idle is set where its start condition has not held for a moment since it ended.
	Idle bool `json:"idle,omitempty"`
}

// Passed is a level and the instant at which a clock came to it.
type Passed struct {
	Level string    `json:"level"`
	At    time.Time `json:"at"`
}

// Ending says why a cycle ended.
type Ending string

// Why cycles end.
const (
	Stopped         Ending = "stopped"          // the ticket stands so that the promise is kept, until it is reopened
	StoppedForGood  Ending = "stopped_for_good" // an event kept the promise
	ByCondition     Ending = "condition"        // the target's cancel condition
	TicketCancelled Ending = "ticket_cancelled" // cancelled, merged, a duplicate
	NotPromised     Ending = "not_promised"     // the ticket is not under the agreement any more, or the next cycle is not
	AgreementGone   Ending = "agreement_gone"   // the desk does not know that version any more
	StartedAnew     Ending = "started_anew"     // the promise changed, and the next cycle began
	WasReset        Ending = "reset"            // the target's reset condition
	NoEvent         Ending = "no_event"         // no event of the ticket accounts for it
	EndedBefore     Ending = "ended_before"     // it had ended when the ticket came under the agreement
)

// Open reports whether the clock runs or is paused.
func (c *Clock) Open() bool { return c.State == Running || c.State == Paused }

func (c *Clock) set(s Stage) {
	switch c.State = s; s {
	case Running:
		c.Phase = lifecycle.Active
	case Paused:
		c.Phase = lifecycle.Waiting
	case Completed:
		c.Phase = lifecycle.Resolved
	default:
		c.Phase = lifecycle.Cancelled
	}
}

// equal compares all that is computed.
func (c *Clock) equal(d *Clock) bool {
	return c.State == d.State && c.Ticket == d.Ticket && c.Agreement == d.Agreement && c.AgreementVersion == d.AgreementVersion &&
		c.Class == d.Class && c.Target == d.Target && c.Measure == d.Measure && c.Cycle == d.Cycle &&
		c.Priority == d.Priority && c.Group == d.Group && c.Service == d.Service &&
		c.Started.Equal(d.Started) && c.Ended.Equal(d.Ended) && c.EndedBy == d.EndedBy &&
		c.Within == d.Within && c.Used == d.Used && c.Since.Equal(d.Since) && c.Due.Equal(d.Due) && c.Breached.Equal(d.Breached) &&
		slices.Equal(c.Reached, d.Reached) && slices.Equal(c.Silenced, d.Silenced) && c.Next == d.Next && c.NextAt.Equal(d.NextAt) &&
		slices.EqualFunc(c.Passed, d.Passed, func(a, b Passed) bool { return a.Level == b.Level && a.At.Equal(b.At) }) &&
		c.Terms == d.Terms && c.Idle == d.Idle
}

// Status is how a clock stands at an instant.
type Status struct {
	// Clock is the cycle, with Breached as of the instant.
	Clock
	// At is the instant.
	At time.Time
	// Elapsed is the time used of Within, and Remaining what is left: negative behind the end.
	Elapsed, Remaining time.Duration
	// Percent is how much of the time is used, rounded down.
	Percent int
}

// Late reports whether the promise was broken by then.
func (s *Status) Late() bool { return !s.Breached.IsZero() }

// percent is how much of a time is used, rounded down; a number that is too large for an int is cut.
func percent(elapsed, within time.Duration) int {
	if within <= 0 || elapsed <= 0 {
		return 0
	}
	if elapsed < math.MaxInt64/100 {
		return int(elapsed * 100 / within)
	}
	hi, lo := bits.Mul64(uint64(elapsed%within), 100)
	rest, _ := bits.Div64(hi, lo, uint64(within))
	return int(min(elapsed/within, math.MaxInt/100-1))*100 + int(rest)
}

// share is a percentage of a time, and the longest time where it cannot be told.
func share(of time.Duration, percent int) time.Duration {
	if of < math.MaxInt64/1000 && percent < 1000 {
		return of * time.Duration(percent) / 100
	}
	hi, lo := bits.Mul64(uint64(of), uint64(percent))
	if hi >= 100 {
		return math.MaxInt64
	}
	part, _ := bits.Div64(hi, lo, 100)
	return time.Duration(min(part, math.MaxInt64))
}

// sum adds without overflow.
func sum(a, b time.Duration) time.Duration {
	if s := a + b; (s > a) == (b > 0) || b == 0 {
		return s
	}
	if b > 0 {
		return math.MaxInt64
	}
	return math.MinInt64
}
