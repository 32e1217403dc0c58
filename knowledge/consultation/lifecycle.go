package consultation

import (
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The names that the table uses for guards.
const (
	guardShown  = "suggested"           // the suggestion is one of those that were shown
	guardSolved = "something_solved_it" // what solved it is named, or was taken
)

// Lifecycle is the table of a consultation's state. It is data: draw it, store it, change it with overlays. One that ended
// otherwise may still end in a ticket, so that figures do not praise what did not help.
func Lifecycle() lifecycle.Definition {
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	needs := func(field string) []lifecycle.Need { return []lifecycle.Need{{field}} }
	left := in(StateOpen, StateAbandoned)
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateOpen,
		States: []lifecycle.StateRow{
			{Name: StateOpen, Title: "Open", Phase: lifecycle.Active},
			{Name: StateSolved, Title: "Solved", Phase: lifecycle.Closed},
			{Name: StateTicket, Title: "Ended in a ticket", Phase: lifecycle.Closed},
			{Name: StateAbandoned, Title: "Abandoned", Phase: lifecycle.Cancelled},
			{Name: StateDismissed, Title: "Dismissed", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerOpen, Title: "Open a suggestion", Past: "suggestion_opened"},
			{Name: TriggerTake, Title: "Take a suggestion", Past: "suggestion_taken"},
			{Name: TriggerSolve, Title: "Solve", Past: "solved"},
			{Name: TriggerTicket, Title: "End in a ticket", Past: "ended_in_ticket"},
			{Name: TriggerDismiss, Title: "Dismiss", Past: "dismissed"},
			{Name: TriggerAbandon, Title: "Abandon", Past: "abandoned"},
		},
		Rows: []lifecycle.Transition{
			{From: left, Trigger: TriggerOpen, To: StateOpen, Brings: needs("suggestion"), Guards: []string{guardShown}},
			{From: left, Trigger: TriggerTake, To: StateOpen, Brings: needs("suggestion"), Guards: []string{guardShown}},
			{From: left, Trigger: TriggerSolve, To: StateSolved, Guards: []string{guardSolved}},
			{From: append(left, StateSolved, StateDismissed), Trigger: TriggerTicket, To: StateTicket, Brings: needs("ticket")},
			{From: left, Trigger: TriggerDismiss, To: StateDismissed},
			{From: in(StateOpen), Trigger: TriggerAbandon, To: StateAbandoned, Roles: []itsm.Role{itsm.Machinery}},
		},
	}
}
