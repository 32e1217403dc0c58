// Package escalation acts where a ticket goes wrong: it tells people, hands the ticket to another group, involves managers,
// raises the priority, proposes a major incident, or does what the host likes.
//
// A [Policy] is a table: what it answers ([Trigger]), and the steps that it then takes one after the other ([Step]), until
// somebody acknowledges the ticket or the work is done. A step is written on the ticket in the transaction in which it is
// taken, as an [itsm.Escalation]; what leaves the process, such as a page or a mail, is the work of a subscriber to that
// event. So a step is taken exactly once, and delivered at least once.
package escalation

import (
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Policy says what is done where a ticket goes wrong. It is data: [ParseBook] reads it from JSON.
type Policy struct {
	// Name is unique on a desk; it stands in what is recorded.
	Name string `json:"name"`
	// Kinds are the kinds of tickets that it is for, and Where narrows them by their fields, as the ticket stands when
	// the policy begins; nil takes all. Fields with data of persons are refused.
	Kinds []string     `json:"kinds"`
	Where *itsm.Filter `json:"where,omitempty"`
	// Triggers are what it answers; none answers every level of every clock.
	Triggers []Trigger `json:"triggers,omitempty"`
	// Steps are taken in order.
	Steps []Step `json:"steps"`

	// Calendar counts the times of the policy as working time; nil counts elapsed time. With InHours a step that comes due
	// while the calendar is closed waits for the next opening. Where the calendar has no working time left, the policy ends.
	Calendar *calendar.Calendar `json:"-"`
	InHours  bool               `json:"in_hours,omitempty"`

	// Maintenance says what is done while a change is being implemented on the ticket's items, where [Config.Maintenance] knows.
	Maintenance MaintenanceRule `json:"maintenance,omitempty"`

	// Repeat takes all steps again so many times, each time RepeatAfter the last of them was due.
	Repeat      int           `json:"repeat,omitempty"`
	RepeatAfter time.Duration `json:"-"`

	// An acknowledgement stops the policy on the ticket, unless it is Persistent. It holds for AckTimeout, and then the next
	// step is taken; 0 is for good. With TakingStops, who takes the ticket acknowledges it.
	Persistent  bool          `json:"persistent,omitempty"`
	AckTimeout  time.Duration `json:"-"`
	TakingStops bool          `json:"taking_stops,omitempty"`

	// MaxSteps is how many steps it takes on one ticket at most, in all; 0 is 100.
	MaxSteps int `json:"max_steps,omitempty"`
}

// MaintenanceRule says what is done about steps that come due during maintenance.
type MaintenanceRule string

// The rules. What is marked or held says so on the ticket.
const (
	// MaintenanceMarks takes the step and writes which changes go on ([itsm.Escalation].During).
	MaintenanceMarks MaintenanceRule = ""
	// MaintenanceHolds waits until the windows of the changes end, and looks again. A change that goes on over its window is no
	// maintenance any more.
	MaintenanceHolds MaintenanceRule = "hold"
	// MaintenanceIgnored does not ask.
	MaintenanceIgnored MaintenanceRule = "ignore"
)

// overtime is when what is held looks again where nobody says when the maintenance ends.
const overtime = 15 * time.Minute

// Trigger is something that a policy answers. Each answers once for a ticket and an occasion: a level in a cycle, a time of
// silence, a count, a priority.
type Trigger struct {
	On On `json:"on"`
	// Agreements, Classes, Targets and Levels limit OnLevel by name; empty takes all. Missed takes only levels at or behind
	// the end.
	Agreements []string `json:"agreements,omitempty"`
	Classes    []string `json:"classes,omitempty"`
	Targets    []string `json:"targets,omitempty"`
	Levels     []string `json:"levels,omitempty"`
	Missed     bool     `json:"missed,omitempty"`
	// Within is the time of OnNoAcknowledgement and OnNoProgress.
	Within time.Duration `json:"-"`
	// Count is from how many reassignments or reopenings on every further one is answered.
	Count int `json:"count,omitempty"`
	// Priority is the least priority of OnPriorityRaised: 1 is the highest. 0 takes every rise.
	Priority itsm.Priority `json:"priority,omitempty"`
}

// On is a kind of trigger.
type On string

// The kinds of triggers.
const (
	// OnLevel is a level that a service-level clock reached.
	OnLevel On = "level"
	// OnNoAcknowledgement is a ticket that is new, or was handed over, and that for a time nobody acknowledges, takes, or
	// works on as its assignee.
	OnNoAcknowledgement On = "no_acknowledgement"
	// OnNoProgress is a ticket in a phase of work, new or active, that nobody works on for a time: what the caller and
	// machines do is no work, nor is watching.
	OnNoProgress On = "no_progress"
	// OnReassigned and OnReopened are counts of the ticket. OnPriorityRaised is a priority that became higher.
	OnReassigned     On = "reassigned"
	OnReopened       On = "reopened"
	OnPriorityRaised On = "priority_raised"
)

var allOn = []On{OnLevel, OnNoAcknowledgement, OnNoProgress, OnReassigned, OnReopened, OnPriorityRaised}

// silence reports whether the trigger waits for something that does not happen.
func (o On) silence() bool { return o == OnNoAcknowledgement || o == OnNoProgress }

// Step is one thing to do.
type Step struct {
	// Name is unique in the policy.
	Name string   `json:"name"`
	Kind StepKind `json:"kind"`
	// After is how long after the step before it was due this one is; for the first, after the occasion.
	After time.Duration `json:"-"`
	// A Fallback is taken only where the step before it came to nothing: it found nobody, was refused, or failed. After
	// such a step the next one is tried at once, unless the step says Hold: then it comes in its time.
	Fallback bool `json:"fallback,omitempty"`
	Hold     bool `json:"hold,omitempty"`

	// Audience is whom a notify step tells: all that it finds, each once.
	Audience []Audience `json:"audience,omitempty"`
	// ManagersUp is how far up a hierarchical step goes: 1 is the manager, 2 the manager's manager. It begins at the assignee,
	// or with FromGroup at the manager of the ticket's group, who is then the first. With Involve who is told becomes a
	// watcher of the ticket.
	ManagersUp int  `json:"managers_up,omitempty"`
	FromGroup  bool `json:"from_group,omitempty"`
	Involve    bool `json:"involve,omitempty"`
	// SkipAbsent leaves out who is away; a hierarchical step goes on to the next manager up.
	SkipAbsent bool `json:"skip_absent,omitempty"`

	// Group gets the ticket from a functional step.
	Group string `json:"group,omitempty"`
	// Priority is what a raise step raises to, where the ticket's is lower; 0 raises by one.
	Priority itsm.Priority `json:"priority,omitempty"`
	// Do is the trigger of a command step, and Input what it brings by name.
	Do    lifecycle.Trigger `json:"do,omitempty"`
	Input itsm.Patch        `json:"input,omitempty"`
	// Func names a function of the host for a call step.
	Func string `json:"func,omitempty"`
}

// StepKind tells steps apart.
type StepKind string

// The kinds of steps.
const (
	Notify       StepKind = "notify"        // tells people
	Hierarchical StepKind = "hierarchical"  // tells a manager; never changes the assignee
	Functional   StepKind = "functional"    // hands the ticket to another group
	Raise        StepKind = "raise"         // raises the priority; never lowers it
	ProposeMajor StepKind = "propose_major" // proposes a major incident
	Command      StepKind = "command"       // pulls a trigger of the ticket's practice
	Call         StepKind = "call"          // calls a function of the host, in the transaction
)

var stepKinds = []StepKind{Notify, Hierarchical, Functional, Raise, ProposeMajor, Command, Call}

// Audience names people by what they are to the ticket, or one by id. The id is taken as it is: whether a directory
// knows the person is not asked.
type Audience string

// The audiences beside the ids of people. A group that the directory does not know has nobody.
const (
	Assignee  Audience = "@assignee"
	GroupHead Audience = "@group_manager"
	Members   Audience = "@group_members"
	Caller    Audience = "@caller"
	Watchers  Audience = "@watchers"
	// Duty is who is on duty for the ticket's group, by [Config.OnDuty].
	Duty Audience = "@on_duty"
)

const (
	groupPrefix = "@group:"
	dutyPrefix  = "@on_duty:"
)

// MembersOf is the members of a group by name: "@group:network".
func MembersOf(group string) Audience { return Audience(groupPrefix + group) }

// DutyOf is who is on duty for a group by name: "@on_duty:network".
func DutyOf(group string) Audience { return Audience(dutyPrefix + group) }

// The bounds of policies.
const (
	// maxManagersUp is further up than any house has floors, and bounds the walk where people manage each other.
	maxManagersUp   = 20
	defaultMaxSteps = 100
	maxRepeat       = 1000
	maxName         = 80
)

func (p *Policy) maxSteps() int {
	if p.MaxSteps > 0 {
		return p.MaxSteps
	}
	return defaultMaxSteps
}

// clone makes a policy that the host cannot change any more.
func (p Policy) clone() Policy {
	p.Kinds, p.Triggers, p.Steps = slices.Clone(p.Kinds), slices.Clone(p.Triggers), slices.Clone(p.Steps)
	p.Where = cloneFilter(p.Where)
	for i := range p.Triggers {
		t := &p.Triggers[i]
		t.Agreements, t.Classes = slices.Clone(t.Agreements), slices.Clone(t.Classes)
		t.Targets, t.Levels = slices.Clone(t.Targets), slices.Clone(t.Levels)
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		s.Audience = slices.Clone(s.Audience)
		if s.Input != nil {
			input := make(itsm.Patch, len(s.Input))
			for name, v := range s.Input {
				input[name] = v
			}
			s.Input = input
		}
	}
	return p
}

func cloneFilter(f *itsm.Filter) *itsm.Filter {
	if f == nil {
		return nil
	}
	own := *f
	own.Values, own.Parts = slices.Clone(f.Values), slices.Clone(f.Parts)
	for i := range own.Parts {
		own.Parts[i] = *cloneFilter(&own.Parts[i])
	}
	return &own
}

// step finds a step by name, or answers -1.
func (p *Policy) step(name string) int {
	return slices.IndexFunc(p.Steps, func(s Step) bool { return s.Name == name })
}

// add counts the policy's time.
func (p *Policy) add(from time.Time, d time.Duration) (time.Time, error) {
	if p.Calendar == nil {
		return from.Add(d), nil
	}
	at, err := p.Calendar.Add(from, d)
	return at.UTC(), err
}

// at is when a step that is due then is taken.
func (p *Policy) at(due time.Time) (time.Time, error) {
	if !p.InHours || p.Calendar == nil || p.Calendar.Contains(due) {
		return due, nil
	}
	at, err := p.Calendar.NextOpen(due)
	return at.UTC(), err
}

// place is where a policy stands: a step of a repetition, and when it is due.
type place struct {
	step       int
	repetition int
	due        time.Time
}

// after answers where the policy goes from a step that was taken; false at its end.
func (p *Policy) after(from place, worked bool) (next place, more bool, err error) {
	next = from
	next.step++
	for worked && next.step < len(p.Steps) && p.Steps[next.step].Fallback {
		next.step++
	}
	switch {
	case next.step < len(p.Steps):
		if worked || p.Steps[from.step].Hold {
			next.due, err = p.add(from.due, p.Steps[next.step].After)
		}
	case from.repetition < p.Repeat:
		next.step, next.repetition = 0, from.repetition+1
		next.due, err = p.add(from.due, p.RepeatAfter)
	default:
		return place{}, false, nil
	}
	return next, true, err
}
