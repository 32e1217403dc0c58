// Package incident is the practice of restoring service: somebody reports that something is broken, people work on it,
// and it is resolved, confirmed and closed.
//
// The lifecycle is a table ([Lifecycle]), the rules around it are a [Policy]; both can be changed by a host. Commands
// are the methods of [Incidents]; each is authorized, checked against the table, and written as one event.
package incident

import (
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of incident records, and Series begins their numbers.
const (
	Kind   = "incident"
	Series = "INC"
)

// Incident is an interruption of a service, or a loss of its quality, that somebody reported.
type Incident struct {
	itsm.Ticket

	// Resolution says how it was resolved; empty while it is not, and again after a reopening.
	Resolution Resolution `json:"resolution,omitzero"`
	ResolvedAt time.Time  `json:"resolved_at,omitzero" itsm:"index"`
	ResolvedBy string     `json:"resolved_by,omitempty" itsm:"personal"`
	ClosedAt   time.Time  `json:"closed_at,omitzero"`
	// ReopenedAt and ReopenedBy tell of the last reopening; itsm.Ticket.Reopens counts them.
	ReopenedAt time.Time `json:"reopened_at,omitzero"`
	ReopenedBy string    `json:"reopened_by,omitempty" itsm:"personal"`
	// CancelReason says why it was cancelled.
	CancelReason CancelReason `json:"cancel_reason,omitempty"`
	// Original is the incident that this one is a duplicate of.
	Original itsm.Ref `json:"original,omitzero"`

	// Contacts counts how often the caller and the desk came together, by [Policy.ContactGap]; ContactAt is when they last
	// did, and Answered tells that the desk has answered since.
	Contacts  int       `json:"contacts,omitempty"`
	ContactAt time.Time `json:"contact_at,omitzero"`
	Answered  bool      `json:"answered,omitempty"`

	// Workaround is what helps until the problem behind it is solved; empty where nobody knows. Workarounds are the editions
	// that it was told, the last of each problem, such as "PRB0000001/2".
	Workaround  KnownWorkaround `json:"workaround,omitzero"`
	Workarounds []string        `json:"workarounds,omitempty"`

	// Major is empty where it never was a candidate for a major incident.
	Major Major `json:"major,omitzero"`
}

// KnownWorkaround is the workaround of a problem, in its edition. It is what the incident is told, once for each edition.
type KnownWorkaround struct {
	Problem string `json:"problem"`
	Edition int64  `json:"edition"`
	Text    string `json:"text"`
}

// Resolution is what a resolve command brings.
type Resolution struct {
	Code  ResolutionCode `json:"code,omitempty"`
	Notes string         `json:"notes,omitempty"`
}

// ResolutionCode says in a word how an incident ended. A desk may have its own.
type ResolutionCode string

// Common resolution codes.
const (
	Fixed           ResolutionCode = "fixed"
	Workaround      ResolutionCode = "workaround"
	Advice          ResolutionCode = "advice"
	NotReproducible ResolutionCode = "not_reproducible"
	SolvedByCaller  ResolutionCode = "solved_by_caller"
	NoAnswer        ResolutionCode = "no_answer"
)

// CancelReason says in a word why an incident was cancelled. A desk may have its own; Duplicate must name the original.
type CancelReason string

// Common reasons to cancel.
const (
	Duplicate CancelReason = "duplicate"
	Withdrawn CancelReason = "withdrawn"
	Mistake   CancelReason = "mistake"
	// Merged is the reason of what was merged into another incident; only [Incidents.Merge] gives it.
	Merged CancelReason = "merged"
)

// Report makes an incident. Only a title is required.
type Report struct {
	Title       string
	Description string
	// Caller needs help; empty is the actor.
	Caller  string
	Channel string
	// Impact and Urgency give the priority by the matrix; empty is medium.
	Impact, Urgency itsm.Level
	Category        string
	Service         string
	Items           []string
	// Group and Assignee may be named at once; the incident is still new until it is assigned or started.
	Group, Assignee string
	Custom          field.Fields
}

// Assignment names who works on it. A new group without an assignee clears the former assignee.
type Assignment struct {
	Group    string
	Assignee string
}

// Hold says what an incident waits for. Waiting for the caller takes a Message to the caller, which becomes a comment.
type Hold struct {
	Reason  itsm.HoldReason
	Message string
}

// Reopen says why a resolved incident is worked on again.
type Reopen struct {
	Reason string
}

// Cancel ends an incident that needs no resolution. The reason [Duplicate] takes the Original.
type Cancel struct {
	Reason   CancelReason
	Original itsm.Ref
}

// Merge names the incident that goes on in place of this one. Where that one was merged itself, the one at the end of
// the chain is meant.
type Merge struct {
	Survivor itsm.Ref
}

// Absorb names the incident that was merged into this one.
type Absorb struct {
	From itsm.Ref
}

// Split makes a comment a new incident. An empty Title is the comment's first line; the caller is who wrote it.
type Split struct {
	Comment int64
	Title   string
}

// Contact is a call, a visit or another exchange that left no message on the record.
type Contact struct {
	Channel string
	// Outgoing is set where the desk got in touch with the caller.
	Outgoing bool
	Note     string
}

// Remind is a follow-up while the incident waits for the caller: the step of [Policy.FollowUps], from 0.
type Remind struct {
	Step int
}

// Queue names the group that an incident returns to; empty is the group it has.
type Queue struct {
	Group string
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The states of an incident.
const (
	StateNew        lifecycle.State = "new"
	StateAssigned   lifecycle.State = "assigned"
	StateInProgress lifecycle.State = "in_progress"
	StateOnHold     lifecycle.State = "on_hold"
	StateResolved   lifecycle.State = "resolved"
	StateClosed     lifecycle.State = "closed"
	StateCancelled  lifecycle.State = "cancelled"
)

// The triggers of an incident, beside those of every ticket ([itsm.StandardTriggers]).
const (
	TriggerReport   lifecycle.Trigger = "report"
	TriggerAssign   lifecycle.Trigger = "assign"
	TriggerStart    lifecycle.Trigger = "start"
	TriggerReassign lifecycle.Trigger = "reassign"
	TriggerReturn   lifecycle.Trigger = "return_to_queue"
	TriggerHold     lifecycle.Trigger = "hold"
	TriggerResume   lifecycle.Trigger = "resume"
	TriggerResolve  lifecycle.Trigger = "resolve"
	TriggerConfirm  lifecycle.Trigger = "confirm"
	TriggerClose    lifecycle.Trigger = "close"
	TriggerReopen   lifecycle.Trigger = "reopen"
	TriggerLate     lifecycle.Trigger = "late_reply"
	TriggerCancel   lifecycle.Trigger = "cancel"
	TriggerMerge    lifecycle.Trigger = "merge"
	TriggerSplit    lifecycle.Trigger = "split"
	TriggerContact  lifecycle.Trigger = "log_contact"
	// TriggerAbsorb is what a merge does to the survivor, TriggerFollow what the solution of an original does to its
	// duplicates, TriggerRemind a follow-up to a caller who does not answer. They are machinery's.
	TriggerAbsorb lifecycle.Trigger = "absorb"
	TriggerFollow lifecycle.Trigger = "follow_original"
	TriggerRemind lifecycle.Trigger = "remind"
	// TriggerWorkaround tells it of the workaround of a problem; it is machinery's.
	TriggerWorkaround lifecycle.Trigger = "take_workaround"
)

// The timers of an incident: one closes it when it is resolved, one follows up while it waits for the caller, and at
// last resolves it.
const (
	TimerAutoClose = "auto_close"
	TimerFollowUp  = "follow_up"
)

// The links that incidents make beside those that every desk knows.
var (
	MergedInto = itsm.LinkType{Name: "merged_into", Inverse: "merged_from"}
	SplitInto  = itsm.LinkType{Name: "split_into", Inverse: "split_from"}
	Continued  = itsm.LinkType{Name: "continued_by", Inverse: "continues"}
)

// Contacts are the rows of exchanges that were logged.
const Contacts itsm.RowKind = "contact"
