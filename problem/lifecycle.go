package problem

import (
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The names that the table uses for guards and choices. A host's overlay may use them too.
const (
	guardCause    = "cause_known"       // the cause is written down, or comes with the command
	guardOutcome  = "known_outcome"     // the outcome is one of the three, and a borne risk has a date of review
	guardTasks    = "no_open_tasks"     // no mandatory task is open
	guardKnown    = "something_known"   // a cause or a workaround is written down
	guardReview   = "review_done"       // a major problem is reviewed
	guardRole     = "role_by_outcome"   // who may analyse it again depends on what came of it
	guardHandover = "group_or_assignee" // the group or the owner changes
	chooseHeld    = "before_hold"       // the state before the hold
)

// Lifecycle is the table of a problem's state. It is data: draw it, store it, change it with overlays.
func Lifecycle() lifecycle.Definition {
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	needs := func(fields ...string) (list []lifecycle.Need) {
		for _, f := range fields {
			list = append(list, lifecycle.Need{f})
		}
		return list
	}
	open := in(StateNew, StateAssessed, StateAnalysis, StateFixing, StateOnHold)
	unfinished := append(slices.Clone(open), StateResolved)
	machinery := []itsm.Role{itsm.Machinery}
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateNew,
		States: []lifecycle.StateRow{
			{Name: StateNew, Title: "New", Phase: lifecycle.New},
			{Name: StateAssessed, Title: "Assessed", Phase: lifecycle.Active},
			{Name: StateAnalysis, Title: "Root Cause Analysis", Phase: lifecycle.Active},
			{Name: StateFixing, Title: "Fix In Progress", Phase: lifecycle.Active},
			{Name: StateOnHold, Title: "On Hold", Phase: lifecycle.Waiting},
			{Name: StateResolved, Title: "Resolved", Phase: lifecycle.Resolved},
			{Name: StateClosed, Title: "Closed", Phase: lifecycle.Closed},
			{Name: StateCancelled, Title: "Cancelled", Phase: lifecycle.Cancelled},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerAssess, Title: "Assess", Past: "assessed"},
			{Name: TriggerAnalyse, Title: "Start analysis", Past: "analysis_started"},
			{Name: TriggerFind, Title: "Record the cause", Past: "cause_recorded"},
			{Name: TriggerHold, Title: "Put on hold", Past: "held"},
			{Name: TriggerResume, Title: "Resume", Past: "resumed"},
			{Name: TriggerReturn, Title: "Return to queue", Past: "returned"},
			{Name: TriggerReassign, Title: "Reassign", Past: "reassigned"},
			{Name: TriggerFix, Title: "Fix", Past: "fix_started"},
			{Name: TriggerResolve, Title: "Resolve", Past: "resolved"},
			{Name: TriggerComplete, Title: "Complete", Past: "completed"},
			{Name: TriggerReanalyse, Title: "Analyse again", Past: "reanalysed"},
			{Name: TriggerCancel, Title: "Cancel", Past: "cancelled"},
			{Name: TriggerDuplicate, Title: "Mark as duplicate", Past: "marked_duplicate"},
			{Name: TriggerKnow, Title: "Declare a known error", Past: "known"},
			{Name: TriggerWorkaround, Title: "Publish a workaround", Past: "workaround_published"},
			{Name: TriggerReview, Title: "Review", Past: "reviewed"},
			{Name: TriggerReviewRisk, Title: "Review the risk", Past: "risk_review_due"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: in(StateNew), Trigger: TriggerAssess, To: StateAssessed, Leaves: needs("assignee")},
			{From: in(StateNew, StateAssessed), Trigger: TriggerAnalyse, To: StateAnalysis, Leaves: needs("assignee")},
			{From: unfinished, Trigger: TriggerFind},
			{From: in(StateAnalysis, StateFixing), Trigger: TriggerHold, To: StateOnHold, Brings: needs("reason")},
			{From: in(StateOnHold), Trigger: TriggerResume, Choose: chooseHeld, Among: in(StateAnalysis, StateFixing)},
			{From: in(StateAssessed, StateAnalysis, StateFixing, StateOnHold), Trigger: TriggerReturn, To: StateAssessed, Leaves: []lifecycle.Need{lifecycle.AnyOf("group", "assignee")}},
			{From: in(StateAssessed, StateAnalysis, StateFixing, StateOnHold), Trigger: TriggerReassign, To: StateAssessed, Brings: []lifecycle.Need{lifecycle.AnyOf("group", "owner")}, Ensures: []string{guardHandover}},
			{From: in(StateAnalysis), Trigger: TriggerFix, To: StateFixing, Guards: []string{guardCause}},
			{From: in(StateAnalysis, StateFixing), Trigger: TriggerResolve, To: StateResolved, Brings: needs("outcome", "notes"), Guards: []string{guardOutcome, guardTasks}},
			{From: in(StateResolved), Trigger: TriggerComplete, To: StateClosed, Guards: []string{guardReview}},
			{From: in(StateResolved, StateClosed), Trigger: TriggerReanalyse, To: StateAnalysis, Brings: needs("reason"), Guards: []string{guardRole}},
			{From: open, Trigger: TriggerCancel, To: StateCancelled, Brings: needs("reason")},
			{From: open, Trigger: TriggerDuplicate, To: StateCancelled, Brings: needs("original")},
			{From: append(slices.Clone(unfinished), StateClosed), Trigger: TriggerKnow, Guards: []string{guardKnown}},
			{From: unfinished, Trigger: TriggerWorkaround, Brings: needs("workaround")},
			{From: in(StateResolved), Trigger: TriggerReview},
			{From: in(StateResolved, StateClosed), Trigger: TriggerReviewRisk, Roles: machinery},
		}, slices.Concat(
			itsm.StandardTransitions(unfinished),
			itsm.StandardTransitions(in(StateClosed, StateCancelled),
				itsm.TriggerComment, itsm.TriggerNote, itsm.TriggerLogTime, itsm.TriggerAttach, itsm.TriggerLink, itsm.TriggerLinked,
				itsm.TriggerUnlink, itsm.TriggerWatch, itsm.TriggerUnwatch, itsm.TriggerPropagate, itsm.TriggerTask, itsm.TriggerClocks,
				itsm.TriggerLegalHold, itsm.TriggerLegalRelease, itsm.TriggerRetention),
		)...),
	}
}
