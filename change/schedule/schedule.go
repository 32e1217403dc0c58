// Package schedule holds what is planned when: windows in which changes may be made, freezes, and the changes
// themselves. It says what stands in the way of one more ([Plan.Check]), and finds the next free slot ([Plan.Next]).
//
//	plan, err := schedule.New([]schedule.Window{
//		{Name: "Christmas freeze", Kind: schedule.Freeze, Slots: []schedule.Slot{{Start: dec20, End: jan2}}},
//		{Name: "Payroll", Kind: schedule.Allowed, Scope: schedule.Scope{Services: []string{"payroll"}}, Calendar: sundayNights},
//	})
//	err = plan.Put(schedule.Entry{ID: "CHG1", Slot: tonight, Items: []string{"db1"}})
//	findings := plan.Check(schedule.Entry{ID: "CHG2", Slot: tonight, Items: []string{"db1"}}) // same_item, with CHG1
//
// # Time
//
// Slots are half-open intervals of instants, [Start, End): what ends when another begins does not meet it. Windows that
// come again are calendars of business time, so that summer time is theirs.
//
// # Cost
//
// What is planned stands in a balanced tree for each item, service and person: putting and taking away cost the
// logarithm of what is there, a check that and what it finds, also beside slots that last for months.
//
// # Concurrency
//
// A Plan may be read by many goroutines at once; one that writes keeps them out for the time of one change.
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// Slot is a half-open interval of instants, [Start, End).
type Slot struct {
	Start time.Time `json:"start"`
	End   time.Time `json:"end"`
}

// Empty reports whether the slot holds no instant.
func (s Slot) Empty() bool { return !s.Start.Before(s.End) }

// Overlaps reports whether two slots have an instant in common.
func (s Slot) Overlaps(o Slot) bool {
	return s.Start.Before(o.End) && o.Start.Before(s.End) && !s.Empty() && !o.Empty()
}

// Contains reports whether an instant lies in the slot.
func (s Slot) Contains(t time.Time) bool { return !t.Before(s.Start) && t.Before(s.End) }

// common is what two slots have in common.
func (s Slot) common(o Slot) Slot {
	if o.Start.After(s.Start) {
		s.Start = o.Start
	}
	if o.End.Before(s.End) {
		s.End = o.End
	}
	return s
}

// Entry is something that is planned, such as a change.
type Entry struct {
	ID   string
	Slot Slot
	// Type may be what windows ask for, such as "standard".
	Type string
	// Items are what it touches and Affected what depends on them, as far as the caller knows; Services and People are
	// those that it takes.
	Items, Affected, Services, People []string
}

// Window is when changes may be made, or may not.
type Window struct {
	Name  string
	Kind  WindowKind
	Scope Scope
	// Calendar is when the window is there, again and again; Slots are when it is there besides. One of them is given.
	Calendar *calendar.Calendar
	Slots    []Slot
}

// WindowKind tells windows apart.
type WindowKind string

// The kinds of windows.
const (
	// Allowed windows are the only times for what they concern. An item or service that windows name must lie in one of
	// those that name it, or in several that touch; all else in one of those that name neither, where there are any.
	Allowed WindowKind = "allowed"
	// Freeze windows are no times for what they concern.
	Freeze WindowKind = "freeze"
)

// Scope says what a window concerns: entries of one of the types and, where items or services are named, on one of them.
// An item that depends on what an entry touches counts for freezes. The zero Scope is everything.
type Scope struct {
	Items    []string `json:"items,omitempty"`
	Services []string `json:"services,omitempty"`
	Types    []string `json:"types,omitempty"`
}

// Code says what stands in the way.
type Code string

// What may stand in the way.
const (
	Frozen        Code = "frozen"         // a freeze
	OutsideWindow Code = "outside_window" // no allowed window holds the whole slot
	SameItem      Code = "same_item"      // another entry touches the same item
	DependentItem Code = "dependent_item" // another entry touches an item that depends on one of these, or the other way round
	SameService   Code = "same_service"   // another entry touches the same service
	SamePerson    Code = "same_person"    // another entry takes the same person
)

// Conflict reports whether the code is of two entries that meet.
func (c Code) Conflict() bool { return c != Frozen && c != OutsideWindow }

// Finding is one thing that stands in the way.
type Finding struct {
	Code Code `json:"code"`
	// Window is the freeze's name, or With the other entry.
	Window string `json:"window,omitempty"`
	With   string `json:"with,omitempty"`
	// Subject is the item, service or person; empty where all of the entry is concerned.
	Subject string `json:"subject,omitempty"`
	// Slot is when: what the two have in common, and of an OutsideWindow the entry's own slot.
	Slot Slot `json:"slot"`
}

// Key names the finding without its time: the same conflict of an entry has the same key.
func (f Finding) Key() string {
	return strings.Join([]string{string(f.Code), f.Window + f.With, f.Subject}, " ")
}

// MaxFindings bounds what one check answers.
const MaxFindings = 1000

// ErrInvalid is of entries and windows that cannot be planned; its text says what to mend.
var ErrInvalid = errors.New("schedule: not valid")

// Check lists what is wrong with a window.
func (w Window) Check() error {
	var faults []error
	fault := func(wrong bool, what string) {
		if wrong {
			faults = append(faults, fmt.Errorf("%w: window %q: %s", ErrInvalid, w.Name, what))
		}
	}
	fault(strings.TrimSpace(w.Name) == "", "give it a name")
	fault(w.Kind != Allowed && w.Kind != Freeze, "its kind is allowed or freeze")
	fault(w.Calendar == nil && len(w.Slots) == 0, "give it a calendar or slots")
	for i, s := range w.Slots {
		fault(s.Empty(), fmt.Sprintf("slot %d ends before it has begun", i))
	}
	return errors.Join(faults...)
}
