package assignment

import (
	"encoding/json"

	"github.com/itsmkit/itsmkit/itsm"
)

// factDecision is the name of the fact, which stands in an event as "@assignment".
const factDecision = "assignment"

// Decision is what is written on a ticket's event: how a rule chose. It names no person; who was chosen is the event's
// change of the assignee, sealed like all that is personal.
type Decision struct {
	Rule   string `json:"rule"`
	Moment Moment `json:"moment"`
	// Group has the ticket then, and Method found the person.
	Group  string `json:"group,omitempty"`
	Method Method `json:"method,omitempty"`
	// Nobody is set where people were looked for and nobody was found.
	Nobody bool `json:"nobody,omitempty"`
	// Refused is set where the lifecycle did not let the ticket be handed over: it stays as it was.
	Refused bool `json:"refused,omitempty"`
	// Steps are those that were tried, in order.
	Steps []Attempt `json:"steps,omitempty"`
}

// Attempt is one step of a rule that was tried.
type Attempt struct {
	Group  string `json:"group,omitempty"`
	Method Method `json:"method"`
	// Candidates counts the people who were looked at, and LeftOut those who were not chosen, by reason.
	Candidates int            `json:"candidates,omitempty"`
	LeftOut    map[Reason]int `json:"left_out,omitempty"`
	// Fault says why nobody could be looked at.
	Fault Fault `json:"fault,omitempty"`
}

// Reason is why a candidate was not chosen.
type Reason string

// The reasons.
const (
	Absent            Reason = "absent"
	Unknown           Reason = "unknown"             // the directory does not know the person
	OutOfShift        Reason = "out_of_shift"        // no shift of the person is on
	LacksSkill        Reason = "lacks_skill"         // the skills asked for are not there
	Full              Reason = "full"                // the step's capacity is used up
	HadIt             Reason = "had_it"              // the person had the ticket, and gave it back or is away
	HigherLoad        Reason = "higher_load"         // the chosen one has fewer open tickets
	NotWaitingLongest Reason = "not_waiting_longest" // the chosen one has waited longer
)

// Fault is why a step could look at nobody.
type Fault string

// The faults.
const (
	NoGroup        Fault = "no_group"        // neither the step nor the ticket names a group
	UnknownGroup   Fault = "unknown_group"   // the directory does not know it
	NotInGroup     Fault = "not_in_group"    // the person whom the step names is none of its members
	DirectoryFails Fault = "directory_fails" // it answered an error; the ticket is not held up by that
)

// Choice is a decision with its people, for whoever may see them.
type Choice struct {
	Decision
	// Ticket is what was chosen for; its number means nothing where it is not made.
	Ticket itsm.Ref `json:"ticket"`
	// Person is who was chosen, empty for nobody.
	Person string `json:"person,omitempty"`
	// Candidates are those who were looked at, step by step, in the order in which they wait.
	Candidates []Candidate `json:"candidates,omitempty"`
}

// Candidate is somebody who was looked at.
type Candidate struct {
	// Step counts from 1.
	Step   int    `json:"step"`
	Person string `json:"person"`
	// Reason is why the person was not chosen, empty for who was.
	Reason Reason `json:"reason,omitempty"`
	// Load is how many open tickets the person has, -1 where that was not asked.
	Load int64 `json:"load"`
}

// Decisions reads what rules wrote on an event.
func Decisions(e *itsm.Entry) []Decision {
	var decisions []Decision
	if raw, ok := e.Facts[factDecision]; ok && json.Unmarshal(raw, &decisions) != nil {
		return nil
	}
	return decisions
}
