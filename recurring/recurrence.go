package recurring

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of recurrences, and Series begins their numbers.
const (
	Kind   = "recurrence"
	Series = "REC"
)

// Makes links a recurrence with the records that it made.
var Makes = itsm.LinkType{Name: "makes", Inverse: "made_by"}

// Recurrence does something at each occurrence of a schedule.
//
// What it makes has its caller, group and assignee. A recurrence without a caller belongs to nobody but the desk.
type Recurrence struct {
	itsm.Ticket

	Schedule Spec `json:"schedule"`
	// Does is what is done at each occurrence.
	Does Work `json:"work"`
	// Missed says what becomes of occurrences that are found late, after a time without a running desk.
	Missed Missed `json:"missed,omitempty"`
	// Grace is how late an occurrence may be and still run where missed ones are dropped; 0 is an hour.
	Grace time.Duration `json:"grace,omitempty"`
	// OneAtATime lets occurrences pass while the record that was made last is open.
	OneAtATime bool `json:"one_at_a_time,omitempty"`

	// Next is the occurrence that a timer waits for; zero while it is suspended or ended.
	Next time.Time `json:"next,omitzero" itsm:"index"`
	// Reached is the last occurrence of the schedule that was run or left out, and Outcome what came of it, or of a run by
	// hand since.
	Reached time.Time `json:"reached,omitzero"`
	Outcome Outcome   `json:"outcome,omitempty" itsm:"index"`
	// Made is the record that was made last.
	Made itsm.Ref `json:"made,omitzero"`
	// Runs counts what was done, and Failures the refusals since the last that was.
	Runs     int `json:"runs,omitempty"`
	Failures int `json:"failures,omitempty" itsm:"index"`

	// Reason says why it was suspended or ended.
	Reason string `json:"reason,omitempty"`
}

// Work is what is done at each occurrence: a command that makes a record, or one to a record that is there. Make it with
// [Create] or [Command].
type Work struct {
	Kind string `json:"kind"`
	// ID is the number of the record that gets the command; empty for one that makes a record.
	ID      string            `json:"id,omitempty"`
	Trigger lifecycle.Trigger `json:"trigger"`
	Give    Values            `json:"give,omitzero"`
}

// Create is work that makes a record of a kind, such as an incident by "report", from the inputs of its trigger by name.
// Caller, group and assignee are the recurrence's: given here, they become them.
func Create(kind string, t lifecycle.Trigger, give itsm.Patch) Work {
	return Work{Kind: kind, Trigger: t, Give: Give(give)}
}

// Command is work that gives a command to a record, with the inputs of its trigger by name.
func Command(to itsm.Ref, t lifecycle.Trigger, give itsm.Patch) Work {
	return Work{Kind: to.Kind, ID: to.ID, Trigger: t, Give: Give(give)}
}

// Creates reports whether the work makes a record.
func (w Work) Creates() bool { return w.ID == "" }

// Values are the inputs of a command by name, kept as text. They belong to the desk: name no person in them.
type Values struct{ json string }

// Give keeps inputs. A value that no store can keep makes the Values refuse to be used.
func Give(p itsm.Patch) Values {
	if len(p) == 0 {
		return Values{}
	}
	text, err := json.Marshal(p)
	if err != nil {
		return Values{json: "!" + err.Error()}
	}
	return Values{json: string(text)}
}

// Patch answers the inputs.
func (v Values) Patch() (itsm.Patch, error) {
	if v.json == "" {
		return itsm.Patch{}, nil
	}
	var p itsm.Patch
	if err := json.Unmarshal([]byte(v.json), &p); err != nil {
		return nil, itsm.Invalid("work.give", "the inputs are a JSON object of values by name")
	}
	return p, nil
}

// IsZero reports whether there are none.
func (v Values) IsZero() bool { return v.json == "" }

// MarshalText writes the inputs as a JSON object.
func (v Values) MarshalText() ([]byte, error) { return []byte(v.json), nil }

// UnmarshalText reads what MarshalText wrote.
func (v *Values) UnmarshalText(text []byte) error {
	if len(bytes.TrimSpace(text)) == 0 {
		*v = Values{}
		return nil
	}
	var p map[string]field.Value
	if err := json.Unmarshal(text, &p); err != nil {
		return itsm.Invalid("work.give", "the inputs are a JSON object of values by name")
	}
	*v = Give(p)
	return nil
}

// MarshalJSON writes the inputs as an object.
func (v Values) MarshalJSON() ([]byte, error) {
	if v.json == "" {
		return []byte("{}"), nil
	}
	return []byte(v.json), nil
}

// UnmarshalJSON reads an object.
func (v *Values) UnmarshalJSON(text []byte) error { return v.UnmarshalText(text) }

// Missed says what becomes of occurrences that are found late because no desk was running.
type Missed string

// Without a word the last one runs.
const (
	RunLast Missed = "last" // of several that have passed, the last
	RunAll  Missed = "all"  // each by itself, in order, the last hundred at most
	Drop    Missed = "drop" // none that is later than [Recurrence.Grace]
)

// Outcome is what came of an occurrence.
type Outcome string

// The outcomes.
const (
	Done      Outcome = "done"      // the command was given
	Refused   Outcome = "refused"   // it was refused
	Passed    Outcome = "missed"    // no desk was running, and Missed drops it
	StillOpen Outcome = "open"      // the record before is open
	Withdrawn Outcome = "withdrawn" // it was due, and the recurrence was suspended, ended or rescheduled before it ran
)

// Run is what the history says of an occurrence, or of several that were left out together.
type Run struct {
	// Of is the recurrence: filled in on what it makes.
	Of itsm.Ref `json:"of,omitzero"`
	// Nominal is the instant of the schedule, and of a run by hand when it was; Last that of the last of several.
	Nominal time.Time `json:"nominal"`
	Last    time.Time `json:"last,omitzero"`
	// Late is how long after that it ran.
	Late    time.Duration `json:"late,omitempty"`
	Outcome Outcome       `json:"outcome"`
	// ByHand is set where somebody asked for it.
	ByHand bool `json:"by_hand,omitempty"`
	// Record is what was made, got the command, or is still open.
	Record itsm.Ref `json:"record,omitzero"`
	// Code and Reasons say why it was refused.
	Code    itsm.Code          `json:"code,omitempty"`
	Reasons []lifecycle.Reason `json:"reasons,omitempty"`
}

// Plan is what a new recurrence is. A title, a schedule and work are required.
type Plan struct {
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	// Caller, Group and Assignee are those of what it makes.
	Caller   string `json:"caller,omitempty"`
	Group    string `json:"group,omitempty"`
	Assignee string `json:"assignee,omitempty"`
	Category string `json:"category,omitempty"`
	Service  string `json:"service,omitempty"`

	Schedule   Spec          `json:"schedule"`
	Work       Work          `json:"work"`
	Missed     Missed        `json:"missed,omitempty"`
	Grace      time.Duration `json:"grace,omitempty"`
	OneAtATime bool          `json:"one_at_a_time,omitempty"`
	Custom     field.Fields  `json:"custom,omitempty"`
}

// Timing is another schedule.
type Timing struct {
	Schedule Spec `json:"schedule"`
}

// Revision is other work.
type Revision struct {
	Work Work `json:"work"`
}

// Because says why.
type Because struct {
	Reason string `json:"reason"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// Due is what a timer brings: the occurrence that has come.
type Due struct {
	Nominal time.Time `json:"nominal"`
}

// The states of a recurrence.
const (
	StateActive    lifecycle.State = "active"
	StateSuspended lifecycle.State = "suspended"
	StateEnded     lifecycle.State = "ended"
)

// The triggers of a recurrence, beside those of every ticket ([itsm.StandardTriggers]).
const (
	TriggerPlan       lifecycle.Trigger = "plan"
	TriggerSuspend    lifecycle.Trigger = "suspend"
	TriggerResume     lifecycle.Trigger = "resume"
	TriggerReschedule lifecycle.Trigger = "reschedule"
	TriggerRevise     lifecycle.Trigger = "revise"
	TriggerRun        lifecycle.Trigger = "run"
	TriggerEnd        lifecycle.Trigger = "end"

	// What timers do: an occurrence comes, and there is none any more.
	TriggerOccur  lifecycle.Trigger = "occur"
	TriggerRunOut lifecycle.Trigger = "run_out"
)

// ReasonStillOpen is the code of the refusal of a run by hand while the record before is open. It has the argument record.
const ReasonStillOpen lifecycle.Code = "still_open"

// RanOut is the reason of a recurrence that ended after its last occurrence.
const RanOut = "no occurrence comes any more"

// factOccurrence tells of a [Run].
const factOccurrence = "occurrence"

// TimerOf is the name of the timer of an occurrence.
func TimerOf(nominal time.Time) string { return "occurrence " + nominal.UTC().Format(time.RFC3339Nano) }

// timerRunOut ends the series after its last occurrence.
const timerRunOut = "run out"
