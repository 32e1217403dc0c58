package approval

import (
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The names that the tables use for guards and choices.
const (
	chooseCounted = "as_counted"   // what the votes come to, the one at hand included
	chooseTimeout = "as_timed_out" // refused, where the stage says so
	chooseVoted   = "as_voted"     // the state of the choice
	guardHeld     = "held"
	guardNotHeld  = "not_held"
)

// Lifecycle is the table of an approval's state.
func Lifecycle() lifecycle.Definition {
	machinery := []itsm.Role{itsm.Machinery}
	waiting := []lifecycle.State{StateWaiting}
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateWaiting,
		States: []lifecycle.StateRow{
			{Name: StateWaiting, Title: "Waiting", Phase: lifecycle.Active},
			{Name: StateAccepted, Title: "Accepted", Phase: lifecycle.Closed},
			{Name: StateRefused, Title: "Refused", Phase: lifecycle.Closed},
			{Name: StateLapsed, Title: "Lapsed", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerCount, Title: "Count a vote", Past: "counted"},
			{Name: TriggerTimeout, Title: "Time out", Past: "timed_out"},
			{Name: TriggerHold, Title: "Hold", Past: "held"},
			{Name: TriggerRelease, Title: "Release", Past: "released"},
			{Name: TriggerLapse, Title: "Lapse", Past: "lapsed"},
		},
		Rows: []lifecycle.Transition{
			{From: waiting, Trigger: TriggerCount, Choose: chooseCounted, Among: []lifecycle.State{StateWaiting, StateAccepted, StateRefused}, Guards: []string{guardNotHeld}, Roles: machinery},
			{From: waiting, Trigger: TriggerTimeout, Choose: chooseTimeout, Among: []lifecycle.State{StateWaiting, StateRefused}, Guards: []string{guardNotHeld}, Roles: machinery},
			{From: waiting, Trigger: TriggerHold, Guards: []string{guardNotHeld}, Roles: machinery},
			{From: waiting, Trigger: TriggerRelease, Guards: []string{guardHeld}, Roles: machinery},
			{From: []lifecycle.State{StateWaiting, StateAccepted, StateRefused}, Trigger: TriggerLapse, To: StateLapsed, Brings: []lifecycle.Need{{"reason"}}, Roles: machinery},
		},
	}
}

// BallotLifecycle is the table of a ballot's state.
func BallotLifecycle() lifecycle.Definition {
	machinery := []itsm.Role{itsm.Machinery}
	return lifecycle.Definition{
		Name: BallotKind, Version: 1, Initial: StatePending,
		States: []lifecycle.StateRow{
			{Name: StatePending, Title: "Pending", Phase: lifecycle.New},
			{Name: StateOpen, Title: "Open", Phase: lifecycle.Active},
			{Name: StateAccepted, Title: "Accepted", Phase: lifecycle.Closed},
			{Name: StateRefused, Title: "Refused", Phase: lifecycle.Closed},
			{Name: StateAbstained, Title: "Abstained", Phase: lifecycle.Closed},
			{Name: StateLapsed, Title: "Lapsed", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerAsk, Title: "Ask", Past: "asked"},
			{Name: TriggerVote, Title: "Vote", Past: "voted"},
			{Name: TriggerHold, Title: "Hold", Past: "held"},
			{Name: TriggerRemind, Title: "Remind", Past: "reminded"},
			{Name: TriggerDepute, Title: "Name a deputy", Past: "deputed"},
			{Name: TriggerLapse, Title: "Lapse", Past: "lapsed"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{StatePending}, Trigger: TriggerAsk, To: StateOpen, Roles: machinery},
			{From: []lifecycle.State{StateOpen}, Trigger: TriggerVote, Choose: chooseVoted, Among: []lifecycle.State{StateAccepted, StateRefused, StateAbstained}, Brings: []lifecycle.Need{{"choice"}}},
			{From: []lifecycle.State{StateOpen}, Trigger: TriggerHold, To: StatePending, Roles: machinery},
			{From: []lifecycle.State{StateOpen}, Trigger: TriggerRemind, Roles: machinery},
			{From: []lifecycle.State{StateOpen}, Trigger: TriggerDepute, Brings: []lifecycle.Need{{"person"}}, Roles: machinery},
			{From: []lifecycle.State{StatePending, StateOpen}, Trigger: TriggerLapse, To: StateLapsed, Roles: machinery},
		},
	}
}

// DelegationLifecycle is the table of a delegation's state. One whose time is over counts for nothing, whether somebody
// ended it or not.
func DelegationLifecycle() lifecycle.Definition {
	return lifecycle.Definition{
		Name: DelegationKind, Version: 1, Initial: StateActive,
		States: []lifecycle.StateRow{
			{Name: StateActive, Title: "Active", Phase: lifecycle.Active},
			{Name: StateEnded, Title: "Ended", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{{Name: TriggerEnd, Title: "End", Past: "ended"}},
		Rows:     []lifecycle.Transition{{From: []lifecycle.State{StateActive}, Trigger: TriggerEnd, To: StateEnded}},
	}
}
