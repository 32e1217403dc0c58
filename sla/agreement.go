// Package sla keeps service-level clocks: how much working time a ticket may take to be answered and to be resolved.
//
// A clock is a function of an agreement, a calendar and the ticket's events ([Evaluate]). Nothing of it is stored but
// the timer of its next level, so it cannot drift from what happened. Where a clock comes to a level, the kernel's
// [itsm.LevelReached] is written on the ticket; who escalates listens to that.
package sla

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Class says between whom an agreement is.
type Class string

// The classes of agreements.
const (
	ServiceLevel     Class = "sla" // provider and customer
	OperationalLevel Class = "ola" // groups of one provider
	Underpinning     Class = "uc"  // provider and supplier
)

// Agreement is a promise of working times for tickets.
type Agreement struct {
	Name    string
	Class   Class
	Version int
	// Kinds are the kinds of tickets that it is for.
	Kinds []string
	// Priorities limits it; empty takes all.
	Priorities []itsm.Priority
	// Services limits it; empty takes all.
	Services []string
	// Calendar is the working time that counts; nil counts around the clock.
	Calendar *calendar.Calendar
	Targets  []Target
}

// Target is one promise: so much working time from the report to an event.
type Target struct {
	// Name is unique in the agreement, such as "first response" or "resolution".
	Name string
	// Stop meets the target: one of these events, such as "incident.resolved", or one of these phases.
	Stop Condition
	// Pause lets the clock stand while it holds.
	Pause Condition
	// Within is the working time for each priority; a priority that is missing has no such target.
	Within map[itsm.Priority]time.Duration
	// Levels are told on the way, ascending by percent. A level of 100 is the breach.
	Levels []Level
}

// Level is a place on the way to a target's end, or behind it.
type Level struct {
	Name    string
	Percent int
}

// Condition holds when an event of the name happens, or while the ticket is in one of the phases, or is on hold for
// one of the reasons.
type Condition struct {
	Events []string
	Phases []lifecycle.Phase
	Holds  []itsm.HoldReason
}

// Check lists everything that is wrong with an agreement.
func (a *Agreement) Check() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, itsm.Invalid("agreement "+a.Name, fmt.Sprintf(format, args...)))
	}
	if a.Name == "" || len(a.Kinds) == 0 || len(a.Targets) == 0 {
		fault("give it a name, kinds and targets")
	}
	if !slices.Contains([]Class{ServiceLevel, OperationalLevel, Underpinning}, a.Class) {
		fault("its class is sla, ola or uc, not %q", a.Class)
	}
	seen := map[string]bool{}
	for i := range a.Targets {
		t := &a.Targets[i]
		if t.Name == "" || seen[t.Name] {
			fault("every target needs a name of its own, not %q", t.Name)
		}
		seen[t.Name] = true
		if len(t.Stop.Events)+len(t.Stop.Phases) == 0 {
			fault("target %s never stops: name an event or a phase", t.Name)
		}
		if len(t.Within) == 0 {
			fault("target %s promises no time to any priority", t.Name)
		}
		for p, d := range t.Within {
			if d <= 0 {
				fault("target %s: the time for %v is more than 0", t.Name, p)
			}
		}
		last := 0
		for _, l := range t.Levels {
			if l.Percent <= last || l.Name == "" {
				fault("target %s: levels have a name and ascend from 1 %%", t.Name)
			}
			last = l.Percent
		}
	}
	return errors.Join(faults...)
}

// covers reports whether the agreement is for a ticket.
func (a *Agreement) covers(t *itsm.Ticket) bool {
	return slices.Contains(a.Kinds, t.Kind) &&
		(len(a.Priorities) == 0 || slices.Contains(a.Priorities, t.Priority)) &&
		(len(a.Services) == 0 || slices.Contains(a.Services, t.Service))
}

func (c *Condition) holds(m *Moment) bool {
	if slices.Contains(c.Phases, m.Phase) || m.Hold != "" && slices.Contains(c.Holds, m.Hold) {
		return true
	}
	return slices.ContainsFunc(m.Events, func(e string) bool { return slices.Contains(c.Events, e) })
}
