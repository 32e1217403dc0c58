// Package sla keeps service-level clocks: how much working time a ticket may take to be answered, to be resolved, to be
// handed on.
//
// An [Agreement] promises times for tickets. Each of its targets is a clock on a ticket that it is for, and a clock is a
// function: of the agreement in the version that was in force, its calendar, and the ticket's events in their order
// ([Terms.Evaluate]). What a [Keeper] stores of it is a cache of that function, an indexed row under the ticket's
// version with one timer: "what is due within the hour" and "what is missed" are queries, a command costs one step of the
// function, and a repair that computes all of it anew finds no difference ([Keeper.Repair]).
//
// Where a clock comes to a level, the kernel's [itsm.LevelReached] is written on the ticket, once; who escalates listens
// to that. What clocks did stands in the ticket's history ([Turns]).
//
// # Meaning
//
// Stretches in which a clock runs are half-open: one that stops in the instant at which it is due has kept its promise.
// At one instant a clock is first stopped, then paused, then started. While it is paused it is due at no instant, comes to
// no level and breaks no promise, not even where its time is shortened: what remains is told, and what is missed then is
// missed when it runs again. A breach is a flag beside the stage: it keeps the instant at which the promise was first
// broken, whatever comes later.
//
// All that one command does to a ticket is one moment: an answer and a hold in one command meet the response target
// before the pause is looked at.
//
// # Time
//
// Working time is the calendar's, exact to the nanosecond; instants are in UTC.
package sla

import (
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

// Agreement is a promise of working times for tickets. Any number of agreements may be in force for one ticket.
//
// A desk may know several versions of an agreement, of the same name. A ticket gets the highest one that is valid when it
// comes under the agreement, and its clocks stay with that version until [Keeper.Apply] takes them to another. A clock
// whose version a desk does not know any more ends as cancelled with the next event of its ticket.
type Agreement struct {
	// Name is unique on a desk but for versions. Clocks are remembered by it.
	Name    string `json:"name"`
	Class   Class  `json:"class"`
	Version int    `json:"version,omitempty"`
	// Kinds are the kinds of tickets that it is for, such as "incident".
	Kinds []string `json:"kinds"`
	// Where limits it to tickets by their fields, custom ones included; nil takes all. A ticket that is changed so that it
	// does not match any more is not under the agreement: its clocks end as cancelled. Fields with data of persons are
	// refused, because they can be erased.
	Where *itsm.Filter `json:"where,omitempty"`
	// From and Until bound the instants [From, Until) at which tickets come under this version; zero is without a bound.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Calendar is the working time that counts; nil counts around the clock.
	Calendar *calendar.Calendar `json:"-"`
	// OnChange says what happens to a clock that runs or stands when the ticket's time changes, by its priority or
	// because it comes from another agreement.
	OnChange Change   `json:"on_change,omitempty"`
	Targets  []Target `json:"targets"`
}

// Change says what a change of the promise does to the time used so far.
type Change string

// What a change of the promise does.
const (
	// KeepStart counts the time used: the clock of an agreement that a ticket comes under later starts where it would have
	// if it had been in force from the beginning, pauses included. A level that was told is not told again. It can be that
	// the new time is used up in the instant of the change, but never before it.
	KeepStart Change = ""
	// StartAnew begins a new cycle with the full time. The cycle before ends as cancelled.
	StartAnew Change = "restart"
)

// Target is one promise: so much time from a start to a stop.
type Target struct {
	// Name is unique in the agreement, such as "first response" or "resolution".
	Name string `json:"name"`
	// Kind gives the conditions that are left out below; [Custom] gives none.
	Kind Kind `json:"kind,omitempty"`
	// Where limits the target like [Agreement.Where].
	Where *itsm.Filter `json:"where,omitempty"`

	// Start begins a cycle; left out it is the report of the ticket. Stop ends it and keeps the promise; Cancel ends it
	// without. Pause lets the clock stand while it holds: it names no events, which last no time. Reset ends a cycle
	// without a result and begins the next: it names events.
	//
	// A cycle that was stopped by an event is over for good, and one that was stopped otherwise until the ticket is
	// reopened (see Reopen). After its end a new cycle begins when Start happens again.
	Start  Condition `json:"start,omitzero"`
	Pause  Condition `json:"pause,omitzero"`
	Stop   Condition `json:"stop,omitzero"`
	Cancel Condition `json:"cancel,omitzero"`
	Reset  Condition `json:"reset,omitzero"`

	// Within is the working time promised for each priority; that of [AnyPriority] is for those that are not named. A
	// priority without a time has no such target.
	Within map[itsm.Priority]time.Duration `json:"within,omitempty"`
	// Deadline names a field with an instant in place of Within, such as "custom.due": the target is due then. No pause
	// moves it, and while the field is empty there is no clock.
	Deadline string `json:"deadline,omitempty"`
	// Calendar replaces the agreement's.
	Calendar *calendar.Calendar `json:"-"`

	// Reopen says what the reopening of the ticket does to a completed cycle.
	Reopen Reopen `json:"reopen,omitempty"`
	// Levels are told on the way, and behind the end. Late says which, where several are noticed at once.
	Levels []Level `json:"levels,omitempty"`
	Late   Late    `json:"late,omitempty"`
}

// AnyPriority stands in [Target.Within] for every priority that is not named.
const AnyPriority itsm.Priority = 0

// Reopen says how a completed cycle goes on when its ticket is reopened.
type Reopen string

// What a reopening does.
const (
	// Continue goes on with the time that was left: the time in between does not count.
	Continue Reopen = ""
	// ContinueCounted goes on as if the ticket had not been resolved: the time in between counts.
	ContinueCounted Reopen = "counted"
	// NewCycle begins a cycle of its own with the full time.
	NewCycle Reopen = "new_cycle"
	// Stay leaves it completed.
	Stay Reopen = "stay"
)

// Level is a place on the way to a target's end, or behind it, by Percent of its time or by Offset.
type Level struct {
	// Name is unique in the target, such as "warning" or "breach".
	Name string `json:"name"`
	// Percent of the time; 100 is the end.
	Percent int `json:"percent,omitempty"`
	// Offset is working time before the end where it is negative, else after it. With neither it is the end.
	Offset time.Duration `json:"offset,omitempty"`
}

// Missed reports whether the level lies at the end or behind it.
func (l Level) Missed() bool { return l.Percent >= 100 || l.Percent == 0 && l.Offset >= 0 }

// Late says which levels are told that passed before anybody could notice, such as while no process ran.
type Late string

// What is told late.
const (
	EveryLevel  Late = ""        // each once, in their order
	LatestLevel Late = "highest" // the last of those that passed, which names the others
)

// Condition holds when one of its parts does: when one of Events happens, while the ticket is in one of Phases, on hold
// for one of Holds, with one of Groups, with none of OtherGroups, or while one of Facts is so. And
// narrows it: each of those must hold, too. The zero Condition is left out.
type Condition struct {
	// Events are names from the ticket's history, such as "incident.started", or of [Reported] and its like.
	Events      []string          `json:"events,omitempty"`
	Phases      []lifecycle.Phase `json:"phases,omitempty"`
	Holds       []itsm.HoldReason `json:"holds,omitempty"`
	Groups      []string          `json:"groups,omitempty"`
	OtherGroups []string          `json:"other_groups,omitempty"`
	Facts       []Fact            `json:"facts,omitempty"`
	And         []Condition       `json:"and,omitempty"`
}

// IsZero reports whether the condition is left out.
func (c Condition) IsZero() bool {
	return len(c.Events)+len(c.Phases)+len(c.Holds)+len(c.Groups)+len(c.OtherGroups)+len(c.Facts)+len(c.And) == 0
}

// The events that every kind of ticket has, whatever its lifecycle and whatever the channel.
const (
	Reported = "reported" // the ticket's first event
	Asked    = "asked"    // the caller began to wait for an answer
	Answered = "answered" // the desk answered the caller
	Taken    = "taken"    // somebody was named to work on it, after nobody
	Reopened = "reopened" // it is open, after it was not
)

// Fact is what is so on a ticket.
type Fact string

// The facts that conditions know.
const (
	Assigned       Fact = "assigned"        // somebody is named to work on it
	Unassigned     Fact = "unassigned"      // nobody is
	EverAnswered   Fact = "ever_answered"   // the desk has answered the caller
	AwaitingAnswer Fact = "awaiting_answer" // the caller waits for an answer
)

// Kind says what a target is for, and so when its clock starts and stops unless the target says otherwise.
type Kind string

// The kinds of targets.
const (
	// Custom starts with the report, and stops as the target says.
	Custom Kind = ""
	// TakeOwnership runs until somebody is named to work on the ticket.
	TakeOwnership Kind = "take_ownership"
	// FirstResponse runs until the desk first answers, or resolves the ticket.
	FirstResponse Kind = "first_response"
	// NextResponse begins a cycle with each message of the caller that waits for an answer, after the first response; it
	// runs until the desk answers or resolves.
	NextResponse Kind = "next_response"
	// PeriodicUpdate begins a cycle with the report and with each answer, and runs until the next answer, or until the
	// ticket is resolved. A reopening begins a cycle, too.
	PeriodicUpdate Kind = "periodic_update"
	// FirstResolution runs until the ticket is first resolved: a reopening does not change it.
	FirstResolution Kind = "first_resolution"
	// TotalResolution runs until the ticket is resolved, and on when it is reopened.
	TotalResolution Kind = "total_resolution"
)

// Kinds answers the kinds of targets.
func Kinds() []Kind {
	return []Kind{Custom, TakeOwnership, FirstResponse, NextResponse, PeriodicUpdate, FirstResolution, TotalResolution}
}

// Conditions answers what a kind gives a target that leaves its conditions out; ok is false for an unknown kind.
func (k Kind) Conditions() (start, stop Condition, reopen Reopen, ok bool) {
	report := Condition{Events: []string{Reported}}
	done := []lifecycle.Phase{lifecycle.Resolved, lifecycle.Closed}
	switch k {
	case Custom:
		return report, Condition{}, Continue, true
	case TakeOwnership:
		return report, Condition{Facts: []Fact{Assigned}, Phases: done}, Stay, true
	case FirstResponse:
		return report, Condition{Facts: []Fact{EverAnswered}, Phases: done}, Stay, true
	case NextResponse:
		return Condition{Events: []string{Asked}, And: []Condition{{Facts: []Fact{EverAnswered}}}},
			Condition{Events: []string{Answered}, Phases: done}, Stay, true
	case PeriodicUpdate:
		return Condition{Events: []string{Reported, Answered, Reopened}}, Condition{Events: []string{Answered}, Phases: done}, NewCycle, true
	case FirstResolution:
		return report, Condition{Phases: done}, Stay, true
	case TotalResolution:
		return report, Condition{Phases: done}, Continue, true
	}
	return start, stop, reopen, false
}
