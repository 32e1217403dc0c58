// Package problem is the practice of finding the causes of incidents and removing them: somebody looks into what happens
// again and again, writes down the cause and a workaround, has it fixed by a change or bears the risk, and reviews what came of it.
//
// A known error is a problem whose cause or workaround is written down. It is a mark, not a state: a problem is one from
// then on, however its analysis goes on.
//
// What a problem does to incidents is data, in the table of package link: a workaround reaches the open incidents of the
// problem, once each, and those that are linked later; a fix that is applied resolves those that wait for it; a risk that is
// borne tells them. Instants are in UTC.
package problem

import (
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of problem records, and Series begins their numbers.
const (
	Kind   = "problem"
	Series = "PRB"
)

// Problem is a cause, or potential cause, of incidents.
type Problem struct {
	itsm.Ticket

	// Cause is the root cause, in the category CauseCategory; Analysis is how it was found.
	Cause         string                 `json:"cause,omitempty"`
	CauseCategory string                 `json:"cause_category,omitempty" itsm:"index"`
	Analysis      field.Packed[Analysis] `json:"analysis,omitzero"`

	// KnownError marks a problem whose cause or workaround is known, since KnownAt; Article tells of it.
	KnownError bool      `json:"known_error,omitempty" itsm:"index"`
	KnownAt    time.Time `json:"known_at,omitzero"`
	Article    itsm.Ref  `json:"article,omitzero"`
	// Workaround is what helps until then, in its edition.
	Workaround        string `json:"workaround,omitempty"`
	WorkaroundEdition int64  `json:"workaround_edition,omitempty"`

	// Unchanged says why the fix takes no change.
	Unchanged string `json:"unchanged,omitempty"`
	// Outcome is what came of it, with Notes. ReviewAt is when a risk that is borne is looked at again, and Waiver why
	// changes that are not finished need not be.
	Outcome  Outcome   `json:"outcome,omitempty" itsm:"index"`
	Notes    string    `json:"notes,omitempty"`
	ReviewAt time.Time `json:"review_at,omitzero" itsm:"index"`
	Waiver   string    `json:"waiver,omitempty"`
	// Review is that of a major problem.
	Major  bool                 `json:"major,omitempty" itsm:"index"`
	Review field.Packed[Review] `json:"review,omitzero"`

	ResolvedAt time.Time `json:"resolved_at,omitzero" itsm:"index"`
	ClosedAt   time.Time `json:"closed_at,omitzero" itsm:"index"`
	// Reanalyses counts how often it was analysed again.
	Reanalyses int `json:"reanalyses,omitempty"`
	// Reason says why it was held, analysed again or cancelled, the last time.
	Reason string `json:"reason,omitempty"`
	// Candidate is the proposal that it came from.
	Candidate itsm.Ref `json:"candidate,omitzero"`
}

// Outcome says what came of a problem.
type Outcome string

// The outcomes.
const (
	FixApplied   Outcome = "fix_applied"
	RiskAccepted Outcome = "risk_accepted"
	NoCauseFound Outcome = "no_cause_found"
)

// Analysis is how a cause was looked for.
type Analysis struct {
	// Whys are answers to why, each to the one before.
	Whys []string `json:"whys,omitempty"`
	// Causes are possible ones by category, such as people, process, technology.
	Causes []PossibleCause `json:"causes,omitempty"`
	// Timeline is what happened when.
	Timeline []Moment `json:"timeline,omitempty"`
}

// PossibleCause is one that was looked at.
type PossibleCause struct {
	Category string `json:"category"`
	Cause    string `json:"cause"`
	// Confirmed and RuledOut say what came of it; neither is open.
	Confirmed bool   `json:"confirmed,omitempty"`
	RuledOut  bool   `json:"ruled_out,omitempty"`
	Evidence  string `json:"evidence,omitempty"`
}

// Moment is something that happened.
type Moment struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// Review is what was learnt from a major problem.
type Review struct {
	WentWell     string   `json:"went_well,omitempty"`
	WentBadly    string   `json:"went_badly,omitempty"`
	Improvements []string `json:"improvements,omitempty"`
	// Prevent says how it does not come again.
	Prevent string `json:"prevent"`
}

// Report makes a problem. Only a title is required.
type Report struct {
	Title       string     `json:"title"`
	Description string     `json:"description,omitempty"`
	Category    string     `json:"category,omitempty"`
	Service     string     `json:"service,omitempty"`
	Items       []string   `json:"items,omitempty"`
	Impact      itsm.Level `json:"impact,omitempty"`
	Urgency     itsm.Level `json:"urgency,omitempty"`
	Major       bool       `json:"major,omitempty"`
	Group       string     `json:"group,omitempty"`
	// Owner works on it: the assignee.
	Owner string `json:"owner,omitempty"`
	// Incidents are linked to it at once.
	Incidents []itsm.Ref   `json:"incidents,omitempty"`
	Candidate itsm.Ref     `json:"candidate,omitzero"`
	Custom    field.Fields `json:"custom,omitempty"`
}

// Owning names who works on it.
type Owning struct {
	Group string `json:"group,omitempty"`
	Owner string `json:"owner,omitempty"`
}

// Because says why.
type Because struct {
	Reason string `json:"reason"`
}

// Finding writes the cause down, and how it was found. What is empty stays.
type Finding struct {
	Cause    string    `json:"cause,omitempty"`
	Category string    `json:"category,omitempty"`
	Analysis *Analysis `json:"analysis,omitempty"`
}

// Fixing begins the fix: by changes that are linked ([FixedBy]), named here or before, or without one for a reason.
type Fixing struct {
	Cause     string     `json:"cause,omitempty"`
	Category  string     `json:"category,omitempty"`
	Changes   []itsm.Ref `json:"changes,omitempty"`
	Unchanged string     `json:"unchanged,omitempty"`
}

// Resolution says what came of it. A fix that is applied needs its changes finished, or a reason why they need not be; a
// risk that is borne needs a date of review.
type Resolution struct {
	Outcome  Outcome   `json:"outcome"`
	Notes    string    `json:"notes"`
	ReviewAt time.Time `json:"review_at,omitzero"`
	Waiver   string    `json:"waiver,omitempty"`
}

// Completion closes it.
type Completion struct {
	Waiver string `json:"waiver,omitempty"`
}

// Workaround is what helps until the problem is solved.
type Workaround struct {
	Workaround string `json:"workaround"`
}

// Duplicate names the problem that this one is the same as.
type Duplicate struct {
	Original itsm.Ref `json:"original"`
	Reason   string   `json:"reason,omitempty"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The states of a problem.
const (
	StateNew       lifecycle.State = "new"
	StateAssessed  lifecycle.State = "assessed"
	StateAnalysis  lifecycle.State = "root_cause_analysis"
	StateFixing    lifecycle.State = "fix_in_progress"
	StateOnHold    lifecycle.State = "on_hold"
	StateResolved  lifecycle.State = "resolved"
	StateClosed    lifecycle.State = "closed"
	StateCancelled lifecycle.State = "cancelled"
)

// The triggers of a problem, beside those of every ticket ([itsm.StandardTriggers]).
const (
	TriggerReport     lifecycle.Trigger = "report_problem"
	TriggerAssess     lifecycle.Trigger = "assess"
	TriggerAnalyse    lifecycle.Trigger = "start_analysis"
	TriggerFind       lifecycle.Trigger = "record_cause"
	TriggerHold       lifecycle.Trigger = "hold"
	TriggerResume     lifecycle.Trigger = "resume"
	TriggerReturn     lifecycle.Trigger = "return_to_queue"
	TriggerReassign   lifecycle.Trigger = "reassign"
	TriggerFix        lifecycle.Trigger = "fix"
	TriggerResolve    lifecycle.Trigger = "resolve"
	TriggerComplete   lifecycle.Trigger = "complete"
	TriggerReanalyse  lifecycle.Trigger = "reanalyse"
	TriggerCancel     lifecycle.Trigger = "cancel"
	TriggerDuplicate  lifecycle.Trigger = "mark_duplicate"
	TriggerKnow       lifecycle.Trigger = "declare_known_error"
	TriggerWorkaround lifecycle.Trigger = "publish_workaround"
	TriggerReview     lifecycle.Trigger = "review"
	// TriggerReviewRisk is due when a borne risk is to be looked at again; it is machinery's.
	TriggerReviewRisk lifecycle.Trigger = "review_risk"
)

// The links of problems: a problem underlies incidents, and is fixed by changes.
var (
	Underlies = itsm.LinkType{Name: "underlies", Inverse: "has_problem"}
	FixedBy   = itsm.LinkType{Name: "fixed_by", Inverse: "fixes"}
)

// The codes of refusals, beside those of package lifecycle.
const (
	ReasonOutcome   lifecycle.Code = "unknown_outcome"     // outcome
	ReasonReviewAt  lifecycle.Code = "review_date_missing" // a risk that is borne is looked at again
	ReasonNoCause   lifecycle.Code = "cause_missing"       // the cause is not written down
	ReasonNoChange  lifecycle.Code = "change_missing"      // neither a change nor the reason why none
	ReasonChange    lifecycle.Code = "change_open"         // change, state: it is not finished
	ReasonUnknown   lifecycle.Code = "nothing_known"       // neither a cause nor a workaround
	ReasonOriginal  lifecycle.Code = "original_not_usable" // original: itself, not there, or one that is a duplicate
	ReasonRole      lifecycle.Code = "role_by_outcome"     // roles, outcome: who may analyse it again
	ReasonReview    lifecycle.Code = "review_missing"      // a major problem is reviewed before it is closed
	ReasonHandover  lifecycle.Code = "group_or_owner"      // neither changes
	ReasonTasks     lifecycle.Code = "tasks_open"          // open: how many mandatory tasks
	ReasonManyLinks lifecycle.Code = "many_links"          // links: more than one command moves
)
