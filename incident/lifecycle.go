package incident

import (
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The names that the table uses for guards and choices. A host's overlay may use them too.
const (
	guardTasks      = "no_open_tasks"      // no mandatory task is open
	guardHandover   = "group_or_assignee"  // the group or the assignee changes
	guardHoldReason = "known_hold_reason"  // the reason is one that the desk knows
	guardCallerTold = "caller_told"        // waiting for the caller takes a message
	guardAnother    = "another_reason"     // holding again takes another reason
	guardWindow     = "reopen_window"      // the policy's time after the resolution
	guardLimit      = "reopen_limit"       // the policy's number of reopenings
	guardOriginal   = "original_named"     // a duplicate names another incident
	guardLate       = "late_reply_allowed" // the policy's answer to late replies
	guardSurvivor   = "survivor_named"     // a merge names another incident
	guardNotLate    = "not_the_caller"     // the caller of a closed incident gives a late reply
	chooseHeld      = "before_hold"        // the state before the hold
	chooseReopened  = "after_reopen"       // in progress, assigned or new, by who is named
	chooseLate      = "after_late_reply"   // closed, or as after a reopening
)

// Lifecycle is the table of an incident's state. It is data: draw it, store it, change it with overlays.
func Lifecycle() lifecycle.Definition {
	open := []lifecycle.State{StateNew, StateAssigned, StateInProgress, StateOnHold}
	unfinished := append(slices.Clone(open), StateResolved)
	who := []lifecycle.Need{lifecycle.AnyOf("group", "assignee")}
	needs := func(fields ...string) []lifecycle.Need {
		list := make([]lifecycle.Need, len(fields))
		for i, f := range fields {
			list[i] = lifecycle.Need{f}
		}
		return list
	}
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateNew,
		States: []lifecycle.StateRow{
			{Name: StateNew, Title: "New", Phase: lifecycle.New},
			{Name: StateAssigned, Title: "Assigned", Phase: lifecycle.Active},
			{Name: StateInProgress, Title: "In Progress", Phase: lifecycle.Active},
			{Name: StateOnHold, Title: "On Hold", Phase: lifecycle.Waiting},
			{Name: StateResolved, Title: "Resolved", Phase: lifecycle.Resolved},
			{Name: StateClosed, Title: "Closed", Phase: lifecycle.Closed},
			{Name: StateCancelled, Title: "Cancelled", Phase: lifecycle.Cancelled},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerAssign, Title: "Assign", Past: "assigned"},
			{Name: TriggerStart, Title: "Start work", Past: "started"},
			{Name: TriggerReassign, Title: "Reassign", Past: "reassigned"},
			{Name: TriggerReturn, Title: "Return to queue", Past: "returned"},
			{Name: TriggerHold, Title: "Put on hold", Past: "held"},
			{Name: TriggerResume, Title: "Resume", Past: "resumed"},
			{Name: TriggerResolve, Title: "Resolve", Past: "resolved"},
			{Name: TriggerConfirm, Title: "Confirm", Past: "confirmed"},
			{Name: TriggerClose, Title: "Close", Past: "closed"},
			{Name: TriggerReopen, Title: "Reopen", Past: "reopened"},
			{Name: TriggerLate, Title: "Reply late", Past: "replied_late"},
			{Name: TriggerCancel, Title: "Cancel", Past: "cancelled"},
			{Name: TriggerMerge, Title: "Merge", Past: "merged"},
			{Name: TriggerSplit, Title: "Split", Past: "split"},
			{Name: TriggerContact, Title: "Log a contact", Past: "contacted"},
			{Name: TriggerAbsorb, Title: "Absorb", Past: "absorbed"},
			{Name: TriggerFollow, Title: "Follow the original", Past: "followed"},
			{Name: TriggerRemind, Title: "Follow up", Past: "reminded"},
			{Name: TriggerWorkaround, Title: "Take a workaround", Past: "workaround_taken"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: []lifecycle.State{StateNew}, Trigger: TriggerAssign, To: StateAssigned, Brings: who},
			{From: []lifecycle.State{StateNew, StateAssigned}, Trigger: TriggerStart, To: StateInProgress, Leaves: needs("assignee")},
			{From: []lifecycle.State{StateAssigned, StateInProgress, StateOnHold}, Trigger: TriggerReassign, To: StateAssigned, Brings: who, Ensures: []string{guardHandover}},
			{From: []lifecycle.State{StateInProgress, StateOnHold}, Trigger: TriggerReturn, To: StateAssigned, Leaves: needs("group")},
			{From: []lifecycle.State{StateNew, StateAssigned, StateInProgress}, Trigger: TriggerHold, To: StateOnHold, Brings: needs("reason"), Guards: []string{guardHoldReason, guardCallerTold}},
			{From: []lifecycle.State{StateOnHold}, Trigger: TriggerHold, Brings: needs("reason"), Guards: []string{guardHoldReason, guardCallerTold, guardAnother}},
			{From: []lifecycle.State{StateOnHold}, Trigger: TriggerResume, Choose: chooseHeld, Among: []lifecycle.State{StateNew, StateAssigned, StateInProgress}},
			{From: open, Trigger: TriggerResolve, To: StateResolved, Guards: []string{guardTasks}, Brings: needs("code", "notes")},
			{From: []lifecycle.State{StateResolved}, Trigger: TriggerConfirm, To: StateClosed, Guards: []string{guardReviewDone}},
			{From: []lifecycle.State{StateResolved}, Trigger: TriggerClose, To: StateClosed, Guards: []string{guardReviewDone}},
			{From: []lifecycle.State{StateResolved}, Trigger: TriggerReopen, Choose: chooseReopened, Among: []lifecycle.State{StateInProgress, StateAssigned, StateNew}, Brings: needs("reason"), Guards: []string{guardWindow, guardLimit, guardMajorCaller}},
			{From: []lifecycle.State{StateClosed}, Trigger: TriggerLate, Choose: chooseLate, Among: []lifecycle.State{StateClosed, StateInProgress, StateAssigned, StateNew}, Brings: needs("body"), Guards: []string{guardLate}},
			{From: open, Trigger: TriggerCancel, To: StateCancelled, Brings: needs("reason"), Guards: []string{guardOriginal}},
			{From: open, Trigger: TriggerMerge, To: StateCancelled, Brings: needs("survivor"), Guards: []string{guardSurvivor}},
			{From: unfinished, Trigger: TriggerSplit, Brings: needs("comment")},
			{From: unfinished, Trigger: TriggerContact, Brings: needs("channel")},
			{From: unfinished, Trigger: TriggerAbsorb, Brings: needs("from"), Roles: []itsm.Role{itsm.Machinery}},
			{From: []lifecycle.State{StateCancelled}, Trigger: TriggerFollow, Roles: []itsm.Role{itsm.Machinery}},
			{From: []lifecycle.State{StateOnHold}, Trigger: TriggerRemind, Roles: []itsm.Role{itsm.Machinery}},
			{From: open, Trigger: TriggerWorkaround, Brings: needs("problem", "text"), Roles: []itsm.Role{itsm.Machinery}},

			{From: []lifecycle.State{StateClosed}, Trigger: itsm.TriggerComment, Brings: needs("body"), Guards: []string{guardNotLate}},
		}, slices.Concat(
			itsm.StandardTransitions(unfinished),
			itsm.StandardTransitions([]lifecycle.State{StateClosed, StateCancelled},
				itsm.TriggerNote, itsm.TriggerLogTime, itsm.TriggerLink, itsm.TriggerLinked, itsm.TriggerUnlink,
				itsm.TriggerWatch, itsm.TriggerUnwatch, itsm.TriggerPropagate, itsm.TriggerTask, itsm.TriggerClocks,
				itsm.TriggerLegalHold, itsm.TriggerLegalRelease, itsm.TriggerRetention),
		)...),
	}
}
