package feedback

import (
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// chooseReplaced is where a verdict leads that takes the place of another one: it stays where it is, but for one that was
// withdrawn, which is given again.
const chooseReplaced = "as_it_was_or_given"

// Lifecycle is the table of feedback. It is data: draw it, store it, change it with overlays.
func Lifecycle() lifecycle.Definition {
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	needs := func(field string) []lifecycle.Need { return []lifecycle.Need{{field}} }
	kept := in(StateGiven, StateOpen, StateHandled, StateDismissed)
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateGiven,
		States: []lifecycle.StateRow{
			{Name: StateGiven, Title: "Given", Phase: lifecycle.Closed},
			{Name: StateOpen, Title: "Open", Phase: lifecycle.Active},
			{Name: StateHandled, Title: "Handled", Phase: lifecycle.Closed},
			{Name: StateDismissed, Title: "Dismissed", Phase: lifecycle.Closed},
			{Name: StateWithdrawn, Title: "Withdrawn", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerReplace, Title: "Replace the verdict", Past: "replaced"},
			{Name: TriggerFlag, Title: "Flag", Past: "flagged"},
			{Name: TriggerAssign, Title: "Assign", Past: "assigned"},
			{Name: TriggerHandle, Title: "Handle", Past: "handled"},
			{Name: TriggerDismiss, Title: "Dismiss", Past: "dismissed"},
			{Name: TriggerWithdraw, Title: "Withdraw", Past: "withdrawn"},
			{Name: TriggerOverdue, Title: "Become overdue", Past: "overdue"},
		},
		Rows: []lifecycle.Transition{
			{From: append(kept, StateWithdrawn), Trigger: TriggerReplace, Choose: chooseReplaced, Among: kept, Brings: needs("helpful")},
			{From: append(kept, StateWithdrawn), Trigger: TriggerFlag, To: StateOpen, Brings: needs("reason")},
			{From: in(StateOpen), Trigger: TriggerAssign, Brings: needs("owner")},
			{From: in(StateOpen), Trigger: TriggerHandle, To: StateHandled, Brings: needs("outcome")},
			{From: in(StateOpen), Trigger: TriggerDismiss, To: StateDismissed, Brings: needs("outcome")},
			{From: kept, Trigger: TriggerWithdraw, To: StateWithdrawn},
			{From: in(StateOpen), Trigger: TriggerOverdue, Roles: []itsm.Role{itsm.Machinery}},
		},
	}
}

// ReadingLifecycle is the table of a reading, which never changes.
func ReadingLifecycle() lifecycle.Definition {
	return lifecycle.Definition{
		Name: ReadingKind, Version: 1, Initial: StateRead,
		States: []lifecycle.StateRow{{Name: StateRead, Title: "Read", Phase: lifecycle.Closed}},
	}
}
