package incident

import (
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// MajorManager is the role of those who decide what a major incident is, beside [itsm.Manager]. An actor has it beside
// a role that lets it work on incidents.
const MajorManager itsm.Role = "major_manager"

// Where an incident stands as a major incident. At MajorNone, where most stay for ever, the record's field is empty.
const (
	MajorNone      lifecycle.State = "none"
	MajorCandidate lifecycle.State = "candidate"
	MajorAccepted  lifecycle.State = "accepted"
	MajorRejected  lifecycle.State = "rejected"
	MajorDemoted   lifecycle.State = "demoted"
)

// Where the review of a major incident stands. At ReviewNone the record's field is empty.
const (
	ReviewNone      lifecycle.State = "none"
	ReviewOpen      lifecycle.State = "open"
	ReviewCompleted lifecycle.State = "completed"
	ReviewWaived    lifecycle.State = "waived"
)

// The triggers of major incidents and of their reviews.
const (
	TriggerPropose   lifecycle.Trigger = "propose_major"
	TriggerAccept    lifecycle.Trigger = "accept_major"
	TriggerReject    lifecycle.Trigger = "reject_major"
	TriggerDemote    lifecycle.Trigger = "demote_major"
	TriggerStaff     lifecycle.Trigger = "staff_major"
	TriggerInform    lifecycle.Trigger = "inform_stakeholders"
	TriggerMoment    lifecycle.Trigger = "record_moment"
	TriggerUpdateDue lifecycle.Trigger = "update_due"
	TriggerPace      lifecycle.Trigger = "pace_updates"

	TriggerOpenReview     lifecycle.Trigger = "open_review"
	TriggerWriteReview    lifecycle.Trigger = "write_review"
	TriggerCompleteReview lifecycle.Trigger = "complete_review"
	TriggerWaiveReview    lifecycle.Trigger = "waive_review"
	TriggerAddAction      lifecycle.Trigger = "add_action"
	TriggerPlanAction     lifecycle.Trigger = "plan_action"
	TriggerEndAction      lifecycle.Trigger = "end_action"
	TriggerActionOverdue  lifecycle.Trigger = "action_overdue"
)

// The names that the tables of major incidents use for guards.
const (
	guardMajorOpen   = "incident_open"      // the incident is not resolved, closed or cancelled
	guardMajorLive   = "incident_not_ended" // the incident is not closed or cancelled
	guardAccepted    = "major_accepted"     // it is an accepted major incident
	guardRestored    = "incident_resolved"  // the incident is resolved or closed
	guardWritten     = "review_written"     // the review has a summary and findings
	guardOwned       = "actions_owned"      // every action has an owner and a due date
	guardReviewDone  = "review_done"        // the policy's review before closing
	guardMajorCaller = "caller_may_reopen"  // the policy's answer to callers of major incidents
)

// MajorLifecycle is the table of an incident as a major incident, an axis beside its state. The system holds every role
// that a table names, so that rules and the end of an incident pass the rows kept for managers.
func MajorLifecycle() lifecycle.Definition {
	deciders := []lifecycle.Role{itsm.Manager, MajorManager}
	machinery := []lifecycle.Role{itsm.Machinery}
	at := func(states ...lifecycle.State) []lifecycle.State { return states }
	open, live := []string{guardMajorOpen}, []string{guardMajorLive}
	return lifecycle.Definition{
		Name: "major_incident", Version: 1, Initial: MajorNone,
		States: []lifecycle.StateRow{
			{Name: MajorNone, Title: "None", Phase: lifecycle.New},
			{Name: MajorCandidate, Title: "Candidate", Phase: lifecycle.Waiting},
			{Name: MajorAccepted, Title: "Accepted", Phase: lifecycle.Active},
			{Name: MajorRejected, Title: "Rejected", Phase: lifecycle.Cancelled},
			{Name: MajorDemoted, Title: "Demoted", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerPropose, Title: "Propose", Past: "major_proposed"},
			{Name: TriggerAccept, Title: "Accept", Past: "major_accepted"},
			{Name: TriggerReject, Title: "Reject", Past: "major_rejected"},
			{Name: TriggerDemote, Title: "Demote", Past: "major_demoted"},
			{Name: TriggerStaff, Title: "Hand roles over", Past: "major_staffed"},
			{Name: TriggerInform, Title: "Inform stakeholders", Past: "stakeholders_informed"},
			{Name: TriggerMoment, Title: "Record a moment", Past: "moment_recorded"},
			{Name: TriggerUpdateDue, Title: "Update due", Past: "update_due"},
			{Name: TriggerPace, Title: "Start or stop the update clock", Past: "updates_paced"},
		},
		Rows: []lifecycle.Transition{
			{From: at(MajorNone, MajorRejected, MajorDemoted), Trigger: TriggerPropose, To: MajorCandidate, Guards: open, Brings: each("reason")},
			{From: at(MajorCandidate), Trigger: TriggerAccept, To: MajorAccepted, Guards: open, Brings: each("manager"), Roles: deciders},
			{From: at(MajorNone), Trigger: TriggerAccept, To: MajorAccepted, Guards: open, Brings: each("manager", "reason"), Roles: deciders},
			{From: at(MajorCandidate), Trigger: TriggerReject, To: MajorRejected, Brings: each("reason"), Roles: deciders},
			{From: at(MajorAccepted), Trigger: TriggerDemote, To: MajorDemoted, Brings: each("reason"), Roles: deciders},
			{From: at(MajorAccepted), Trigger: TriggerStaff, Guards: live, Brings: []lifecycle.Need{{"manager", "communications", "technical", "scribe"}}, Leaves: each("major.manager"), Roles: deciders},
			{From: at(MajorAccepted), Trigger: TriggerInform, Guards: live, Brings: each("audience", "body")},
			{From: at(MajorCandidate, MajorAccepted), Trigger: TriggerMoment, Guards: live, Brings: each("what")},
			{From: at(MajorAccepted), Trigger: TriggerUpdateDue, Roles: machinery},
			{From: at(MajorAccepted), Trigger: TriggerPace, Roles: machinery},
		},
	}
}

// ReviewLifecycle is the table of the review after a major incident, an axis of its own.
func ReviewLifecycle() lifecycle.Definition {
	deciders := []lifecycle.Role{itsm.Manager, MajorManager}
	at := func(states ...lifecycle.State) []lifecycle.State { return states }
	kept := at(ReviewOpen, ReviewCompleted, ReviewWaived) // actions live on when the review is over
	return lifecycle.Definition{
		Name: "major_review", Version: 1, Initial: ReviewNone,
		States: []lifecycle.StateRow{
			{Name: ReviewNone, Title: "None", Phase: lifecycle.New},
			{Name: ReviewOpen, Title: "Open", Phase: lifecycle.Active},
			{Name: ReviewCompleted, Title: "Completed", Phase: lifecycle.Closed},
			{Name: ReviewWaived, Title: "Waived", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerOpenReview, Title: "Open the review", Past: "review_opened"},
			{Name: TriggerWriteReview, Title: "Write the review", Past: "review_written"},
			{Name: TriggerCompleteReview, Title: "Complete the review", Past: "review_completed"},
			{Name: TriggerWaiveReview, Title: "Waive the review", Past: "review_waived"},
			{Name: TriggerAddAction, Title: "Add an action", Past: "action_added"},
			{Name: TriggerPlanAction, Title: "Plan an action", Past: "action_planned"},
			{Name: TriggerEndAction, Title: "End an action", Past: "action_ended"},
			{Name: TriggerActionOverdue, Title: "Action overdue", Past: "action_overdue"},
		},
		Rows: []lifecycle.Transition{
			{From: at(ReviewNone, ReviewCompleted, ReviewWaived), Trigger: TriggerOpenReview, To: ReviewOpen, Guards: []string{guardAccepted, guardRestored}, Roles: deciders},
			{From: at(ReviewOpen), Trigger: TriggerWriteReview, Brings: []lifecycle.Need{{"summary", "findings", "root_cause", "went_well"}}},
			{From: at(ReviewOpen), Trigger: TriggerCompleteReview, To: ReviewCompleted, Guards: []string{guardRestored, guardWritten, guardOwned}},
			{From: at(ReviewNone), Trigger: TriggerWaiveReview, To: ReviewWaived, Guards: []string{guardAccepted}, Brings: each("reason"), Roles: deciders},
			{From: at(ReviewOpen), Trigger: TriggerWaiveReview, To: ReviewWaived, Brings: each("reason"), Roles: deciders},
			{From: at(ReviewOpen), Trigger: TriggerAddAction, Brings: each("what")},
			{From: kept, Trigger: TriggerPlanAction, Guards: []string{guardAccepted}, Brings: []lifecycle.Need{{"id"}, {"owner", "due"}}},
			{From: kept, Trigger: TriggerEndAction, Brings: each("id")},
			{From: kept, Trigger: TriggerActionOverdue, Roles: []lifecycle.Role{itsm.Machinery}},
		},
	}
}

// each is the need of every one of the fields.
func each(fields ...string) []lifecycle.Need {
	needs := make([]lifecycle.Need, len(fields))
	for i, name := range fields {
		needs[i] = lifecycle.Need{name}
	}
	return needs
}
