package task

import (
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The names that the table uses for guards and choices. A host's overlay may use them too.
const (
	guardBefore    = "predecessors_done" // no predecessor is open
	guardMandatory = "may_leave_out"     // a mandatory task is left out by a manager or an administrator only
	guardRequired  = "stays_mandatory"   // and made optional by them only
	guardHandover  = "group_or_assignee" // the group or the assignee changes
	chooseHeld     = "before_hold"       // the state before the hold
)

// Lifecycle is the table of a task's state. It is data: draw it, store it, change it with overlays.
func Lifecycle() lifecycle.Definition {
	open := []lifecycle.State{StateOpen, StateInProgress, StateOnHold}
	ended := []lifecycle.State{StateDone, StateSkipped, StateCancelled}
	all := slices.Concat(open, ended)
	machinery := []itsm.Role{itsm.Machinery}
	reason := []lifecycle.Need{{"reason"}}
	standing := itsm.StandardTransitions(open)
	for i := range standing {
		if standing[i].Trigger == itsm.TriggerEdit {
			standing[i].Ensures = []string{guardRequired}
		}
	}
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateOpen,
		States: []lifecycle.StateRow{
			{Name: StateOpen, Title: "Open", Phase: lifecycle.New},
			{Name: StateInProgress, Title: "In Progress", Phase: lifecycle.Active},
			{Name: StateOnHold, Title: "On Hold", Phase: lifecycle.Waiting},
			{Name: StateDone, Title: "Done", Phase: lifecycle.Closed},
			{Name: StateSkipped, Title: "Skipped", Phase: lifecycle.Cancelled},
			{Name: StateCancelled, Title: "Cancelled", Phase: lifecycle.Cancelled},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerAssign, Title: "Assign", Past: "assigned"},
			{Name: TriggerStart, Title: "Start work", Past: "started"},
			{Name: TriggerHold, Title: "Put on hold", Past: "held"},
			{Name: TriggerResume, Title: "Resume", Past: "resumed"},
			{Name: TriggerComplete, Title: "Complete", Past: "done"},
			{Name: TriggerSkip, Title: "Skip", Past: "skipped"},
			{Name: TriggerCancel, Title: "Cancel", Past: "cancelled"},
			{Name: TriggerReopen, Title: "Reopen", Past: "reopened"},
			{Name: TriggerOverdue, Title: "Become overdue", Past: "overdue"},
			{Name: TriggerOrder, Title: "Order", Past: "ordered"},
			{Name: TriggerRelease, Title: "Release", Past: "released"},
			{Name: TriggerBlock, Title: "Block", Past: "blocked"},
			{Name: TriggerAddress, Title: "Address to another caller", Past: "addressed"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: open, Trigger: TriggerAssign, Brings: []lifecycle.Need{lifecycle.AnyOf("group", "assignee")}, Ensures: []string{guardHandover}},
			{From: []lifecycle.State{StateOpen}, Trigger: TriggerStart, To: StateInProgress, Guards: []string{guardBefore}, Leaves: []lifecycle.Need{{"assignee"}}},
			{From: []lifecycle.State{StateOpen, StateInProgress}, Trigger: TriggerHold, To: StateOnHold, Brings: reason},
			{From: []lifecycle.State{StateOnHold}, Trigger: TriggerResume, Choose: chooseHeld, Among: []lifecycle.State{StateOpen, StateInProgress}},
			{From: []lifecycle.State{StateOpen, StateInProgress}, Trigger: TriggerComplete, To: StateDone, Guards: []string{guardBefore}},
			{From: open, Trigger: TriggerSkip, To: StateSkipped, Guards: []string{guardMandatory}, Brings: reason},
			{From: open, Trigger: TriggerCancel, To: StateCancelled, Guards: []string{guardMandatory}, Brings: reason},
			{From: []lifecycle.State{StateDone, StateSkipped}, Trigger: TriggerReopen, To: StateOpen, Brings: reason},

			{From: open, Trigger: TriggerOverdue, Roles: machinery},
			{From: all, Trigger: TriggerOrder, Brings: []lifecycle.Need{{"task"}}, Roles: machinery},
			{From: all, Trigger: TriggerRelease, Roles: machinery},
			{From: all, Trigger: TriggerBlock, Roles: machinery},
			{From: all, Trigger: TriggerAddress, Roles: machinery},
		}, slices.Concat(standing, itsm.StandardTransitions(ended,
			itsm.TriggerComment, itsm.TriggerNote, itsm.TriggerLogTime, itsm.TriggerAttach, itsm.TriggerLink, itsm.TriggerLinked,
			itsm.TriggerUnlink, itsm.TriggerWatch, itsm.TriggerUnwatch, itsm.TriggerPropagate,
			itsm.TriggerLegalHold, itsm.TriggerLegalRelease, itsm.TriggerRetention,
		))...),
	}
}
