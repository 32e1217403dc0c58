package service

import (
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Lifecycle is the table of a service's state.
func Lifecycle() lifecycle.Definition {
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	all := in(StatePlanned, StateLive, StateRetired)
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StatePlanned,
		States: []lifecycle.StateRow{
			{Name: StatePlanned, Title: "Planned", Phase: lifecycle.New},
			{Name: StateLive, Title: "Live", Phase: lifecycle.Active},
			{Name: StateRetired, Title: "Retired", Phase: lifecycle.Closed},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerGoLive, Title: "Go live", Past: "gone_live"},
			{Name: TriggerRetire, Title: "Retire", Past: "retired"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: in(StatePlanned, StateRetired), Trigger: TriggerGoLive, To: StateLive},
			{From: in(StatePlanned, StateLive), Trigger: TriggerRetire, To: StateRetired, Brings: []lifecycle.Need{{"reason"}}},
		}, standard(all)...),
	}
}

// ItemLifecycle is the table of an item's state.
func ItemLifecycle() lifecycle.Definition {
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	all := in(StatePlanned, StateInUse, StateMaintenance, StateRetired)
	reason := []lifecycle.Need{{"reason"}}
	return lifecycle.Definition{
		Name: ItemKind, Version: 1, Initial: StatePlanned,
		States: []lifecycle.StateRow{
			{Name: StatePlanned, Title: "Planned", Phase: lifecycle.New},
			{Name: StateInUse, Title: "In use", Phase: lifecycle.Active},
			{Name: StateMaintenance, Title: "In maintenance", Phase: lifecycle.Waiting},
			{Name: StateRetired, Title: "Retired", Phase: lifecycle.Closed},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: TriggerPutInUse, Title: "Put in use", Past: "put_in_use"},
			{Name: TriggerBeginMaintenance, Title: "Begin maintenance", Past: "maintenance_begun"},
			{Name: TriggerEndMaintenance, Title: "End maintenance", Past: "maintenance_ended"},
			{Name: TriggerRetire, Title: "Retire", Past: "retired"},
			{Name: TriggerConfirm, Title: "Confirm", Past: "confirmed"},
		}, itsm.StandardTriggers()...),
		Rows: append([]lifecycle.Transition{
			{From: in(StatePlanned, StateRetired), Trigger: TriggerPutInUse, To: StateInUse},
			{From: in(StateInUse), Trigger: TriggerBeginMaintenance, To: StateMaintenance, Brings: reason},
			{From: in(StateMaintenance), Trigger: TriggerEndMaintenance, To: StateInUse},
			{From: in(StatePlanned, StateInUse, StateMaintenance), Trigger: TriggerRetire, To: StateRetired, Brings: reason},
			{From: in(StatePlanned, StateInUse, StateMaintenance), Trigger: TriggerConfirm},
		}, standard(all)...),
	}
}

// RelationLifecycle is the table of a relation's state. A relation is never edited, so that the map can say how it was: end it
// and relate anew.
func RelationLifecycle() lifecycle.Definition {
	related := []lifecycle.State{StateRelated}
	return lifecycle.Definition{
		Name: RelationKind, Version: 1, Initial: StateRelated,
		States: []lifecycle.StateRow{
			{Name: StateRelated, Title: "Related", Phase: lifecycle.Active}, {Name: StateEnded, Title: "Ended", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerRegate, Title: "Give another gate", Past: "regated"}, {Name: TriggerEnd, Title: "End", Past: "ended"},
			{Name: triggerFollow, Title: "Follow its group's gate", Past: "regated"},
		},
		Rows: []lifecycle.Transition{
			{From: related, Trigger: TriggerRegate, Brings: []lifecycle.Need{{"gate"}}},
			{From: related, Trigger: triggerFollow, Brings: []lifecycle.Need{{"gate"}}, Roles: []itsm.Role{itsm.Machinery}},
			{From: related, Trigger: TriggerEnd, To: StateEnded},
		},
	}
}

// triggerFollow gives a relation the gate that another one of its group was given.
const triggerFollow lifecycle.Trigger = "follow_gate"

// forTickets are standard triggers that mean nothing to what is no ticket; they stand in the tables for the kernel's sake.
var forTickets = []lifecycle.Trigger{itsm.TriggerLegalHold, itsm.TriggerLegalRelease, itsm.TriggerRetention, itsm.TriggerAcknowledge}

// standard are the rows of the standard triggers for records that have a name and no title.
func standard(from []lifecycle.State) []lifecycle.Transition {
	rows := itsm.StandardTransitions(from)
	for i := range rows {
		switch {
		case rows[i].Trigger == itsm.TriggerEdit:
			rows[i].Leaves = []lifecycle.Need{{"name"}}
		case slices.Contains(forTickets, rows[i].Trigger):
			rows[i].Roles = []itsm.Role{itsm.Machinery}
		}
	}
	return rows
}
