// Package sla keeps service-level clocks: how much working time a ticket may take to be answered and to be resolved.
//
// A clock is a function of an agreement, a calendar and the ticket's events ([Evaluate]). Nothing of it is stored but
// the timer of its next level, so it cannot drift from what happened. Where a clock comes to a level, the kernel's
// [itsm.LevelReached] is written on the ticket; who escalates listens to that.
package sla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Class says between whom an agreement is. It names the agreement for people and reports; clocks of all classes work
// alike.
type Class string

// The classes of agreements.
const (
	ServiceLevel     Class = "sla" // provider and customer
	OperationalLevel Class = "ola" // groups of one provider
	Underpinning     Class = "uc"  // provider and supplier
)

// Agreement is a promise of working times for tickets.
type Agreement struct {
	// Name is unique on a desk. Levels that were reached are remembered by it, so it stays when the agreement changes.
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
	// Stop meets the target: by an event for good, else until the ticket is reopened. Every clock stops, too, when its
	// ticket closes.
	Stop Condition
	// Pause lets the clock stand while it holds; it takes no events, which last no time.
	Pause Condition
	// Within is the working time for each priority; a priority that is missing has no such target.
	Within map[itsm.Priority]time.Duration
	// Levels are told on the way, ascending by percent. A level of 100 is the breach, and one above it lies behind.
	Levels []Level
}

// Level is a place on the way to a target's end, or behind it.
type Level struct {
	// Name is unique in the target, such as "warning" or "breach".
	Name    string
	Percent int
}

// Condition holds when one of the events happens, such as "incident.started", while the ticket is in one of the phases,
// and while it is on hold for one of the reasons.
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
	if strings.Contains(a.Name, "/") {
		fault("its name must not contain a slash")
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
		t.check(func(format string, args ...any) { fault("target "+t.Name+": "+format, args...) })
		for _, event := range t.Stop.Events {
			if kind, _, ok := strings.Cut(event, "."); !ok || !slices.Contains(a.Kinds, kind) {
				fault("target %s: %q is no event of its kinds: write it as %s.resolved", t.Name, event, first(a.Kinds))
			}
		}
	}
	return errors.Join(faults...)
}

func (t *Target) check(fault func(format string, args ...any)) {
	if len(t.Stop.Events)+len(t.Stop.Phases)+len(t.Stop.Holds) == 0 {
		fault("it never stops: name an event or a phase")
	}
	if len(t.Pause.Events) > 0 {
		fault("an event lasts no time: pause it by phases and holds, not by %q", t.Pause.Events)
	}
	if len(t.Within) == 0 {
		fault("it promises no time to any priority")
	}
	for _, p := range slices.Sorted(maps.Keys(t.Within)) {
		if t.Within[p] <= 0 {
			fault("the time for %v is more than 0", p)
		}
	}
	percent, seen := 0, map[string]bool{}
	for _, l := range t.Levels {
		if l.Name == "" || seen[l.Name] {
			fault("every level needs a name of its own, not %q", l.Name)
		}
		if l.Percent <= percent {
			fault("levels ascend from 1 %%, and %d does not", l.Percent)
		}
		seen[l.Name], percent = true, max(percent, l.Percent)
	}
}

// first is an example to show.
func first(kinds []string) string {
	if len(kinds) == 0 {
		return "incident"
	}
	return kinds[0]
}

// promise answers the time that a target gives the ticket as it stood at a moment.
func (a *Agreement) promise(t *Target, m *Moment) (time.Duration, bool) {
	within, ok := t.Within[m.Priority]
	return within, ok &&
		(len(a.Priorities) == 0 || slices.Contains(a.Priorities, m.Priority)) &&
		(len(a.Services) == 0 || slices.Contains(a.Services, m.Service))
}

// clone makes an agreement that the host cannot change any more.
func (a Agreement) clone() Agreement {
	a.Kinds, a.Priorities, a.Services = slices.Clone(a.Kinds), slices.Clone(a.Priorities), slices.Clone(a.Services)
	a.Targets = slices.Clone(a.Targets)
	for i := range a.Targets {
		t := &a.Targets[i]
		for _, c := range []*Condition{&t.Stop, &t.Pause} {
			c.Events, c.Phases, c.Holds = slices.Clone(c.Events), slices.Clone(c.Phases), slices.Clone(c.Holds)
		}
		t.Within, t.Levels = maps.Clone(t.Within), slices.Clone(t.Levels)
	}
	return a
}

// happens reports whether one of the condition's events happened in a moment.
func (c *Condition) happens(m *Moment) bool {
	return slices.ContainsFunc(m.Events, func(e string) bool { return slices.Contains(c.Events, e) })
}

// lasts reports whether the ticket stands as the condition says.
func (c *Condition) lasts(m *Moment) bool {
	return slices.Contains(c.Phases, m.Phase) || m.Hold != "" && slices.Contains(c.Holds, m.Hold)
}
