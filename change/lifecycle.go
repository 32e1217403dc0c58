package change

import (
	"slices"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The names that the table uses for guards and choices. A host's overlay may use them too.
const (
	guardNormal     = "normal"          // the change is of this type
	guardStandard   = "standard"        //
	guardEmergency  = "emergency"       //
	guardFree       = "not_held"        // the change is not held
	guardHeld       = "held"            // it is
	guardPlanned    = "plans_by_risk"   // it has the plans that its risk takes
	guardApprovable = "approvable"      // its approval is decided, or to be decided afterwards, or the policy asks nobody
	guardApproved   = "approved"        // its present content is approved, or the emergency is to be approved afterwards
	guardAsks       = "asks_somebody"   // the policy names who approves
	guardNotAsked   = "not_asked"       // nobody is asked yet
	guardWindow     = "window"          // it has a window that is not over
	guardTasks      = "tasks_done"      // no mandatory task of the implementation is open, or it is waived
	guardReviews    = "reviews_done"    // no mandatory review task is open
	guardDecided    = "decided"         // its approval is decided: an emergency cannot be closed before
	guardCriteria   = "criteria_judged" // each criterion is judged with evidence, and met where the outcome is success
	guardBackout    = "backout_done"    // what was backed out has no open backout task
	guardOutcome    = "known_outcome"   // the outcome is one of the four
	guardNoReview   = "without_review"  // its template says that it takes no review
	guardOverrider  = "may_override"    // the actor has a role that may override
	chooseRevised   = "after_revision"  // assessed, or draft for an emergency
)

// Lifecycle is the table of a change's state, of all types. It is data: draw it, store it, change it with overlays. What
// one type has of it is [TypeLifecycle].
func Lifecycle() lifecycle.Definition {
	preparing := preparing()
	underWay := []lifecycle.State{StateImplementing, StateReview}
	open := slices.Concat(preparing, underWay)
	ended := []lifecycle.State{StateClosed, StateCancelled}
	machinery := []itsm.Role{itsm.Machinery}
	reason := []lifecycle.Need{{"reason"}}
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateDraft,
		States: []lifecycle.StateRow{
			{Name: StateDraft, Title: "Draft", Phase: lifecycle.New},
			{Name: StateSubmitted, Title: "Submitted", Phase: lifecycle.Active},
			{Name: StateAssessed, Title: "Assessed", Phase: lifecycle.Active},
			{Name: StateApproved, Title: "Approved", Phase: lifecycle.Active},
			{Name: StateScheduled, Title: "Scheduled", Phase: lifecycle.Waiting},
			{Name: StateImplementing, Title: "Implementing", Phase: lifecycle.Active},
			{Name: StateReview, Title: "Review", Phase: lifecycle.Active},
			{Name: StateClosed, Title: "Closed", Phase: lifecycle.Closed},
			{Name: StateCancelled, Title: "Cancelled", Phase: lifecycle.Cancelled},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerSubmit, Title: "Submit", Past: "submitted"},
			{Name: TriggerAssess, Title: "Assess", Past: "assessed"},
			{Name: TriggerAsk, Title: "Request approval", Past: "approval_requested"},
			{Name: TriggerApprove, Title: "Approve", Past: "approved"},
			{Name: TriggerReject, Title: "Reject", Past: "rejected"},
			{Name: TriggerSchedule, Title: "Schedule", Past: "scheduled"},
			{Name: TriggerBegin, Title: "Begin", Past: "begun"},
			{Name: TriggerFinish, Title: "Finish", Past: "finished"},
			{Name: TriggerClose, Title: "Close", Past: "closed"},
			{Name: TriggerCancel, Title: "Cancel", Past: "cancelled"},
			{Name: TriggerHold, Title: "Hold", Past: "held"},
			{Name: TriggerRelease, Title: "Release", Past: "released"},
			{Name: TriggerAnswer, Title: "Answer questions about risk", Past: "answered"},
			{Name: TriggerTick, Title: "Judge a criterion", Past: "judged"},
			{Name: TriggerAcknowledge, Title: "Acknowledge conflicts", Past: "conflicts_acknowledged"},
			{Name: TriggerOverride, Title: "Override the calendar", Past: "overridden"},
			{Name: TriggerRevise, Title: "Take back for another approval", Past: "revised"},
			{Name: approval.TriggerNote, Title: "Note an approval", Past: "approval_noted"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: in(StateDraft), Trigger: TriggerSubmit, To: StateSubmitted, Guards: []string{guardNormal, guardFree}, Ensures: []string{guardPlanned}},
			{From: in(StateSubmitted), Trigger: TriggerAssess, To: StateAssessed, Guards: []string{guardNormal, guardFree}, Ensures: []string{guardPlanned}},
			{From: in(StateDraft), Trigger: TriggerAsk, Guards: []string{guardEmergency, guardFree, guardAsks, guardNotAsked}, Ensures: []string{guardPlanned}},
			{From: in(StateAssessed), Trigger: TriggerApprove, To: StateApproved, Guards: []string{guardNormal, guardFree, guardApprovable}, Ensures: []string{guardPlanned}},
			{From: in(StateDraft), Trigger: TriggerApprove, To: StateApproved, Guards: []string{guardEmergency, guardFree, guardApprovable}, Ensures: []string{guardPlanned}},
			{From: in(StateSubmitted, StateAssessed), Trigger: TriggerReject, To: StateDraft, Brings: reason},
			{From: in(StateApproved), Trigger: TriggerSchedule, To: StateScheduled, Guards: []string{guardNormal, guardFree, guardApproved}, Ensures: []string{guardWindow}},
			{From: in(StateDraft), Trigger: TriggerSchedule, To: StateScheduled, Guards: []string{guardStandard, guardFree}, Ensures: []string{guardWindow}},
			{From: in(StateScheduled), Trigger: TriggerSchedule, Guards: []string{guardFree}, Ensures: []string{guardWindow}},
			{From: in(StateScheduled), Trigger: TriggerBegin, To: StateImplementing, Guards: []string{guardFree, guardApproved}, Ensures: []string{guardWindow}},
			{From: in(StateApproved), Trigger: TriggerBegin, To: StateImplementing, Guards: []string{guardEmergency, guardFree, guardApproved}, Ensures: []string{guardWindow}},
			{From: in(StateImplementing), Trigger: TriggerFinish, To: StateReview, Guards: []string{guardTasks}},
			{From: in(StateReview), Trigger: TriggerClose, To: StateClosed, Brings: []lifecycle.Need{{"outcome"}, {"notes"}},
				Guards: []string{guardOutcome, guardDecided, guardReviews, guardCriteria, guardBackout}},
			{From: in(StateImplementing), Trigger: TriggerClose, To: StateClosed, Brings: []lifecycle.Need{{"outcome"}, {"notes"}},
				Guards: []string{guardStandard, guardNoReview, guardOutcome, guardTasks, guardReviews, guardCriteria, guardBackout}},
			{From: preparing, Trigger: TriggerCancel, To: StateCancelled, Brings: reason},
			{From: preparing, Trigger: TriggerHold, Guards: []string{guardFree}, Brings: reason},
			{From: preparing, Trigger: TriggerRelease, Guards: []string{guardHeld}},
			{From: preparing, Trigger: TriggerAnswer, Guards: []string{guardFree}},
			{From: underWay, Trigger: TriggerTick, Brings: []lifecycle.Need{{"criterion"}, {"evidence"}}},
			{From: preparing, Trigger: TriggerAcknowledge, Guards: []string{guardFree}, Brings: reason, Ensures: []string{guardWindow}},
			{From: preparing, Trigger: TriggerOverride, Guards: []string{guardFree, guardOverrider}, Brings: reason, Ensures: []string{guardWindow}},
			{From: in(StateApproved, StateScheduled), Trigger: TriggerRevise, Choose: chooseRevised, Among: in(StateAssessed, StateDraft), Roles: machinery},
			{From: slices.Concat(open, ended), Trigger: approval.TriggerNote, Brings: []lifecycle.Need{{"approval"}}, Roles: machinery},
		}, slices.Concat(
			itsm.StandardTransitions(open),
			itsm.StandardTransitions(ended,
				itsm.TriggerComment, itsm.TriggerNote, itsm.TriggerLogTime, itsm.TriggerAttach, itsm.TriggerLink, itsm.TriggerLinked,
				itsm.TriggerUnlink, itsm.TriggerWatch, itsm.TriggerUnwatch, itsm.TriggerPropagate, itsm.TriggerTask, itsm.TriggerClocks,
				itsm.TriggerLegalHold, itsm.TriggerLegalRelease, itsm.TriggerRetention),
		)...),
	}
}

// preparing are the states before the implementation. Every other state that an overlay brings counts as implementing,
// unless its model says that it is one of these.
func preparing() []lifecycle.State {
	return []lifecycle.State{StateDraft, StateSubmitted, StateAssessed, StateApproved, StateScheduled}
}

// TypeLifecycle is the path of one type through the table: what moves a change from state to state. It is for pictures and
// for people; [Lifecycle] is what holds.
func TypeLifecycle(t Type) lifecycle.Definition {
	d := Lifecycle()
	d.Name = string(t) + "_change"
	others := slices.DeleteFunc([]string{guardNormal, guardStandard, guardEmergency}, func(g string) bool { return g == string(t) })
	if t != Standard {
		others = append(others, guardNoReview)
	}
	d.Rows = slices.DeleteFunc(slices.Clone(d.Rows), func(row lifecycle.Transition) bool {
		stays := row.To == "" && row.Choose == "" || t == Standard && row.Trigger == TriggerRevise
		return stays || slices.ContainsFunc(row.Guards, func(g string) bool { return slices.Contains(others, g) })
	})
	var unused []lifecycle.State
	switch t {
	case Standard:
		unused = []lifecycle.State{StateSubmitted, StateAssessed, StateApproved}
	case Emergency:
		unused = []lifecycle.State{StateSubmitted, StateAssessed, StateScheduled}
	}
	back := StateDraft
	if t == Normal {
		back = StateAssessed
	}
	gone := func(s lifecycle.State) bool { return slices.Contains(unused, s) }
	d.States = slices.DeleteFunc(d.States, func(s lifecycle.StateRow) bool { return gone(s.Name) })
	for i := range d.Rows {
		d.Rows[i].From = slices.DeleteFunc(slices.Clone(d.Rows[i].From), gone)
		if d.Rows[i].Choose == chooseRevised {
			d.Rows[i].Among = []lifecycle.State{back}
		}
	}
	d.Rows = slices.DeleteFunc(d.Rows, func(row lifecycle.Transition) bool { return len(row.From) == 0 || gone(row.To) })
	d.Triggers = slices.DeleteFunc(d.Triggers, func(trigger lifecycle.TriggerRow) bool {
		return !slices.ContainsFunc(d.Rows, func(row lifecycle.Transition) bool { return row.Trigger == trigger.Name })
	})
	return d
}
