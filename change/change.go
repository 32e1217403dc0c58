// Package change is the practice of changing services without breaking them: somebody drafts a change, its risk is
// judged, others approve it, it gets a window in which nothing stands in its way, it is implemented, reviewed and closed
// with an outcome.
//
// The lifecycle is a table ([Lifecycle]) with a path for each [Type]; own change models are overlays of it. What a change
// must satisfy before it is implemented holds on every path, whatever an overlay, an import or a bulk command does:
// decided approvals for its present content, no freeze, a window that is allowed, no conflict that nobody acknowledged;
// or an override, by a role that may give it, with a reason, for this window only.
//
// # Content
//
// A change counts the versions of what was approved: [Change.Content]. A material edit (items, services, plans, window,
// type, answers about risk) makes a new version, ends the approval of the one before, and takes an approved change back.
// A window that is first given after the approval is no edit; another one is.
//
// # Time
//
// Instants are in UTC, windows half-open: one that ends when another begins does not meet it.
package change

import (
	"time"

	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/task"
)

// Kind is the kind of change records, and Series begins their numbers.
const (
	Kind   = "change"
	Series = "CHG"
)

// Change is the addition, modification or removal of anything that could affect a service.
type Change struct {
	itsm.Ticket

	// Type picks the path, and Model an own model of that type; empty is the type's own path.
	Type  Type   `json:"type" itsm:"index"`
	Model string `json:"model,omitempty" itsm:"index"`
	// Services are those that it touches, beside Ticket.Service.
	Services []string `json:"services,omitempty"`
	Plans    Plans    `json:"plans,omitzero"`
	// Start and End are the window, [Start, End).
	Start time.Time `json:"start,omitzero" itsm:"index"`
	End   time.Time `json:"end,omitzero" itsm:"index"`
	// StartedAt and EndedAt tell when the work was done.
	StartedAt time.Time `json:"started_at,omitzero"`
	EndedAt   time.Time `json:"ended_at,omitzero" itsm:"index"`

	// Content is the version of what is approved; a material edit raises it.
	Content int64 `json:"content"`
	// Approval is the round of approval, Round its number on this change; Approved is the content that was approved, 0
	// where none was, and Refused the content that was refused.
	Approval itsm.Ref `json:"approval,omitzero"`
	Round    int      `json:"round,omitempty"`
	Approved int64    `json:"approved,omitempty"`
	Refused  int64    `json:"refused,omitempty"`
	// Retrospective marks an emergency that may begin before its approval is decided.
	Retrospective bool `json:"retrospective,omitempty"`

	// Answers are those to the questionnaire, Risk is what came of all that judges risk, and Assessment says why.
	Answers    Answers    `json:"answers,omitzero"`
	Risk       itsm.Level `json:"risk,omitempty" itsm:"index"`
	Assessment Assessment `json:"assessment,omitzero"`

	// Criteria say when the change is a success.
	Criteria Criteria `json:"criteria,omitzero"`

	// Held suspends the change, with its approval.
	Held       bool   `json:"held,omitempty" itsm:"index"`
	HoldReason string `json:"hold_reason,omitempty"`
	// Acknowledged are conflicts that somebody bears, for this window, each by its [schedule.Finding.Key].
	Acknowledged []string `json:"acknowledged,omitempty"`
	Override     Override `json:"override,omitzero"`
	// Reserved is set while the change takes its place in the calendar.
	Reserved bool `json:"reserved,omitempty" itsm:"index"`

	// Template is the standard change that it was drafted from, in its approved version.
	Template        string `json:"template,omitempty" itsm:"index"`
	TemplateVersion int64  `json:"template_version,omitempty"`
	// WithoutReview lets a standard change be closed when it is implemented.
	WithoutReview bool `json:"without_review,omitempty"`

	Outcome  Outcome   `json:"outcome,omitempty" itsm:"index"`
	Notes    string    `json:"notes,omitempty"`
	ClosedAt time.Time `json:"closed_at,omitzero" itsm:"index"`
	// Reason says why it was rejected or cancelled, the last time.
	Reason string `json:"reason,omitempty"`
	// OpenReviews and OpenBackouts count its open mandatory tasks of these types; Ticket.OpenTasks counts all.
	OpenReviews  int `json:"open_reviews,omitempty"`
	OpenBackouts int `json:"open_backouts,omitempty"`
}

// Type says which path a change takes.
type Type string

// The types of changes.
const (
	Normal    Type = "normal"
	Standard  Type = "standard"
	Emergency Type = "emergency"
)

// Plans say how it is done, tested, and undone, and who is told.
type Plans struct {
	Implementation string `json:"implementation,omitempty"`
	Test           string `json:"test,omitempty"`
	Backout        string `json:"backout,omitempty"`
	Communication  string `json:"communication,omitempty"`
}

// Outcome says what came of an implemented change.
type Outcome string

// The outcomes.
const (
	Successful Outcome = "successful"
	WithIssues Outcome = "successful_with_issues"
	Failed     Outcome = "failed"
	BackedOut  Outcome = "backed_out"
)

// Override lets a change pass what the calendar has against it.
type Override struct {
	// Keys are the findings that are overridden, each by its [schedule.Finding.Key].
	Keys   []string `json:"keys,omitempty"`
	Reason string   `json:"reason,omitempty"`
	// By gave it, for the window [Start, End) and no other.
	By    string    `json:"by,omitempty" itsm:"personal"`
	At    time.Time `json:"at,omitzero"`
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
}

// Draft makes a change. Only a title is required.
type Draft struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	// Type is normal where it is empty, and standard where Template is given: the name of an approved standard change, which
	// brings what it says and leaves the rest to the draft.
	Type     Type   `json:"type,omitempty"`
	Model    string `json:"model,omitempty"`
	Template string `json:"template,omitempty"`
	// Requester wants it; empty is the actor.
	Requester string   `json:"requester,omitempty"`
	Category  string   `json:"category,omitempty"`
	Service   string   `json:"service,omitempty"`
	Services  []string `json:"services,omitempty"`
	Items     []string `json:"items,omitempty"`
	Plans     Plans    `json:"plans,omitzero"`
	// Start and End are the window; it may be given later.
	Start    time.Time         `json:"start,omitzero"`
	End      time.Time         `json:"end,omitzero"`
	Answers  map[string]string `json:"answers,omitempty"`
	Criteria []string          `json:"criteria,omitempty"`
	Impact   itsm.Level        `json:"impact,omitempty"`
	Urgency  itsm.Level        `json:"urgency,omitempty"`
	Group    string            `json:"group,omitempty"`
	Assignee string            `json:"assignee,omitempty"`
	// Tasks are added with it, in their order.
	Tasks []task.Work `json:"tasks,omitempty"`
	// CopyOf is the change that it is a copy of.
	CopyOf itsm.Ref     `json:"copy_of,omitzero"`
	Custom field.Fields `json:"custom,omitempty"`
}

// Window gives a change its place in the calendar, [Start, End). Empty keeps the one it has.
type Window struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
}

// Approving is what an approve command brings: Retrospective lets an emergency begin before its approval is decided.
type Approving struct {
	Retrospective bool   `json:"retrospective,omitempty"`
	Reason        string `json:"reason,omitempty"`
}

// Because says why.
type Because struct {
	Reason string `json:"reason"`
}

// Overriding names what of the calendar the change may pass, by the codes of findings, and why; no codes are all that stands
// in the way now.
type Overriding struct {
	Codes  []schedule.Code `json:"codes,omitempty"`
	Reason string          `json:"reason"`
}

// Finish ends the implementation. Waive is the reason why mandatory tasks that are open are not done.
type Finish struct {
	Waive string `json:"waive,omitempty"`
}

// Closure says what came of it.
type Closure struct {
	Outcome Outcome `json:"outcome"`
	Notes   string  `json:"notes"`
}

// Answering answers questions of the questionnaire by their names; an empty answer takes one back.
type Answering struct {
	Answers map[string]string `json:"answers"`
}

// Tick judges a success criterion by its name, with evidence.
type Tick struct {
	Criterion string `json:"criterion"`
	Met       bool   `json:"met,omitempty"`
	Evidence  string `json:"evidence"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The states of a change.
const (
	StateDraft        lifecycle.State = "draft"
	StateSubmitted    lifecycle.State = "submitted"
	StateAssessed     lifecycle.State = "assessed"
	StateApproved     lifecycle.State = "approved"
	StateScheduled    lifecycle.State = "scheduled"
	StateImplementing lifecycle.State = "implementing"
	StateReview       lifecycle.State = "review"
	StateClosed       lifecycle.State = "closed"
	StateCancelled    lifecycle.State = "cancelled"
)

// The triggers of a change, beside those of every ticket ([itsm.StandardTriggers]).
const (
	TriggerDraft       lifecycle.Trigger = "draft"
	TriggerSubmit      lifecycle.Trigger = "submit"
	TriggerAssess      lifecycle.Trigger = "assess"
	TriggerAsk         lifecycle.Trigger = "request_approval"
	TriggerApprove     lifecycle.Trigger = "approve"
	TriggerReject      lifecycle.Trigger = "reject"
	TriggerSchedule    lifecycle.Trigger = "schedule"
	TriggerBegin       lifecycle.Trigger = "begin"
	TriggerFinish      lifecycle.Trigger = "finish"
	TriggerClose       lifecycle.Trigger = "close"
	TriggerCancel      lifecycle.Trigger = "cancel"
	TriggerHold        lifecycle.Trigger = "hold"
	TriggerRelease     lifecycle.Trigger = "release"
	TriggerAnswer      lifecycle.Trigger = "answer"
	TriggerTick        lifecycle.Trigger = "tick"
	TriggerAcknowledge lifecycle.Trigger = "acknowledge_conflicts"
	TriggerOverride    lifecycle.Trigger = "override"
	// TriggerRevise takes a change back whose content was edited after its approval; it is machinery's.
	TriggerRevise lifecycle.Trigger = "revise"
)

// The links of changes, beside those that every desk knows: an incident is caused by a change ([itsm.CausedBy]), or
// perhaps, which somebody has to confirm; and a change resolves problems and incidents.
var (
	MaybeCausedBy = itsm.LinkType{Name: "maybe_caused_by", Inverse: "maybe_causes"}
	Resolves      = itsm.LinkType{Name: "resolves", Inverse: "resolved_by"}
	CopyOf        = itsm.LinkType{Name: "copy_of", Inverse: "copied_to"}
)
