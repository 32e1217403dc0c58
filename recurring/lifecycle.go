package recurring

import (
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Lifecycle is the table of a recurrence's state. It is data: draw it, store it, change it with overlays.
func Lifecycle() lifecycle.Definition {
	active, suspended := []lifecycle.State{StateActive}, []lifecycle.State{StateSuspended}
	living := []lifecycle.State{StateActive, StateSuspended}
	machinery := []itsm.Role{itsm.Machinery}
	reason := []lifecycle.Need{{"reason"}}
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateActive,
		States: []lifecycle.StateRow{
			{Name: StateActive, Title: "Active", Phase: lifecycle.Active},
			{Name: StateSuspended, Title: "Suspended", Phase: lifecycle.Waiting},
			{Name: StateEnded, Title: "Ended", Phase: lifecycle.Closed},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerSuspend, Title: "Suspend", Past: "suspended"},
			{Name: TriggerResume, Title: "Resume", Past: "resumed"},
			{Name: TriggerReschedule, Title: "Reschedule", Past: "rescheduled"},
			{Name: TriggerRevise, Title: "Revise the work", Past: "revised"},
			{Name: TriggerRun, Title: "Run now", Past: "run"},
			{Name: TriggerEnd, Title: "End", Past: "ended"},
			{Name: TriggerOccur, Title: "Occur", Past: "occurred"},
			{Name: TriggerRunOut, Title: "Run out", Past: "run_out"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: active, Trigger: TriggerSuspend, To: StateSuspended, Brings: reason},
			{From: suspended, Trigger: TriggerResume, To: StateActive},
			{From: living, Trigger: TriggerReschedule},
			{From: living, Trigger: TriggerRevise},
			{From: living, Trigger: TriggerRun},
			{From: living, Trigger: TriggerEnd, To: StateEnded, Brings: reason},

			{From: active, Trigger: TriggerOccur, Roles: machinery},
			{From: active, Trigger: TriggerRunOut, To: StateEnded, Roles: machinery},
		}, slices.Concat(itsm.StandardTransitions(living), itsm.StandardTransitions([]lifecycle.State{StateEnded},
			itsm.TriggerComment, itsm.TriggerNote, itsm.TriggerLogTime, itsm.TriggerAttach, itsm.TriggerLink, itsm.TriggerLinked,
			itsm.TriggerUnlink, itsm.TriggerWatch, itsm.TriggerUnwatch, itsm.TriggerPropagate,
			itsm.TriggerLegalHold, itsm.TriggerLegalRelease, itsm.TriggerRetention,
		))...),
	}
}
