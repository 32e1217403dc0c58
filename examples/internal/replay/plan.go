package replay

import (
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// aim is where an event of the log wants its record.
type aim struct {
	*status
	group, person string // empty for whoever is there; in a queue nobody is
}

// hand says what differs between the people of a ticket and those whom the log names.
func (a *aim) hand(inc *itsm.Ticket) (group, person bool) {
	group = a.group != "" && a.group != inc.Group
	if a.Queue {
		return group, inc.Assignee != ""
	}
	return group, a.person != "" && a.person != inc.Assignee
}

// ways is where a command leads: target, present state, first command on the way. Where one command is not enough the
// next is looked up from where the first one led.
type ways map[lifecycle.State]map[lifecycle.State]lifecycle.Trigger

// plan is the table of ways between states. What no lifecycle of ours allows stands in it too, as the command that a
// person would try: it is the lifecycle that refuses, with its reasons.
func plan() ways {
	const (
		newly, assigned, working, held = incident.StateNew, incident.StateAssigned, incident.StateInProgress, incident.StateOnHold
		resolved, closed, cancelled    = incident.StateResolved, incident.StateClosed, incident.StateCancelled

		assign, start, back = incident.TriggerAssign, incident.TriggerStart, incident.TriggerReturn
		hold, resume        = incident.TriggerHold, incident.TriggerResume
		resolve, close      = incident.TriggerResolve, incident.TriggerClose
		reopen, late        = incident.TriggerReopen, incident.TriggerLate
		cancel              = incident.TriggerCancel
	)
	return ways{
		newly:     {assigned: assign, working: assign, held: assign, resolved: assign, closed: assign, cancelled: assign},
		assigned:  {newly: assign, assigned: start, working: back, held: back, resolved: reopen, closed: late, cancelled: reopen},
		working:   {newly: start, assigned: start, held: resume, resolved: reopen, closed: late, cancelled: reopen},
		held:      {newly: hold, assigned: hold, working: hold, held: hold, resolved: reopen, closed: late, cancelled: reopen},
		resolved:  {newly: resolve, assigned: resolve, working: resolve, held: resolve, closed: late, cancelled: reopen},
		closed:    {newly: resolve, assigned: resolve, working: resolve, held: resolve, resolved: close, cancelled: reopen},
		cancelled: {newly: cancel, assigned: cancel, working: cancel, held: cancel, resolved: reopen, closed: late},
	}
}

// next answers the command that brings an incident nearer to its aim, and none where it is there.
//
// A change of team in the midst of work is a reassignment of its own, as a desk would do it, unless the incident goes
// back to a queue, which names its team. People change with any command; where there is none to go with, by a
// reassignment, and by a note once the work has ended.
func (w ways) next(inc *itsm.Ticket, a *aim) lifecycle.Trigger {
	group, person := a.hand(inc)
	there := inc.State == a.State && (a.Hold == "" || a.Hold == inc.Hold)
	if there && !group && !person {
		return ""
	}
	switch inc.State {
	case incident.StateInProgress, incident.StateOnHold:
		switch {
		case a.Queue:
			return incident.TriggerReturn
		case group, person && (there || a.State == incident.StateAssigned):
			return incident.TriggerReassign
		case inc.State == incident.StateOnHold && a.State == inc.HeldFrom:
			return incident.TriggerResume
		}
	case incident.StateAssigned:
		if group || person && there && !a.Queue {
			return incident.TriggerReassign
		}
	default:
		if there {
			return itsm.TriggerNote
		}
	}
	return w[a.State][inc.State]
}
