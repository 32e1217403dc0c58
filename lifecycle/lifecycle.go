// Package lifecycle declares the states of a record as a table, and keeps to it.
//
// A [Definition] is plain data: states with a [Phase], triggers, and transitions with named guards, what a command
// must bring, what the record must then have, and who may do it. [Compile] binds the names to functions and answers a
// [Machine]; one machine serves every record and every goroutine, because the state lives in the record.
//
// The same table is checked ([Definition.Check]), changed by a vendor ([Definition.With]), asked
// ([Machine.Permitted], [Machine.Explain]) and drawn ([Definition.Mermaid], [Definition.DOT]).
//
// Times and clocks have no part here. Definitions are values and a [Machine] never changes, so both may be shared by
// goroutines, as far as the bound functions may.
package lifecycle

import (
	"fmt"
	"slices"
	"strings"
)

// State is the name of a state, such as "in_progress". Names are lower case with underscores; people read titles.
type State string

// Trigger is the name of what moves a record, such as "resolve".
type Trigger string

// Role names who may pull a trigger, such as "agent".
type Role string

// Phase says what a state means, the same for every practice.
type Phase uint8

// The phases. A record is open in New, Active and Waiting.
const (
	New Phase = iota + 1
	Active
	Waiting
	Resolved
	Closed
	Cancelled
)

var phaseNames = [...]string{New: "new", Active: "active", Waiting: "waiting", Resolved: "resolved", Closed: "closed", Cancelled: "cancelled"}

// String is the phase's name, such as "active", and empty where it is none.
func (p Phase) String() string {
	if p < New || p > Cancelled {
		return ""
	}
	return phaseNames[p]
}

// Open says whether there is still work to do: new, active or waiting.
func (p Phase) Open() bool { return p >= New && p <= Waiting }

// Terminal says whether the record has reached its end: closed or cancelled. It may still be reopened.
func (p Phase) Terminal() bool { return p == Closed || p == Cancelled }

// MarshalText writes the phase's name.
func (p Phase) MarshalText() ([]byte, error) {
	if p.String() == "" {
		return nil, fmt.Errorf("lifecycle: phase %d has no name; use one of %s", uint8(p), strings.Join(phaseNames[New:], ", "))
	}
	return []byte(p.String()), nil
}

// UnmarshalText reads the phase's name and accepts nothing else.
func (p *Phase) UnmarshalText(text []byte) error {
	i := slices.Index(phaseNames[New:], string(text))
	if i < 0 {
		return fmt.Errorf("lifecycle: %q is no phase; use one of %s", text, strings.Join(phaseNames[New:], ", "))
	}
	*p = New + Phase(i)
	return nil
}

// Definition is a lifecycle as a table. It is plain data: copy it, store it as JSON, change it with [Definition.With].
type Definition struct {
	Name     string       `json:"name"`
	Version  int          `json:"version"`
	Initial  State        `json:"initial"`
	States   []StateRow   `json:"states"`
	Triggers []TriggerRow `json:"triggers"`
	Rows     []Transition `json:"transitions"`
}

// StateRow declares a state.
type StateRow struct {
	Name  State  `json:"name"`
	Title string `json:"title"`
	Phase Phase  `json:"phase,omitempty"`
}

// TriggerRow declares a trigger and the word for what has then happened: resolve, resolved.
type TriggerRow struct {
	Name  Trigger `json:"name"`
	Title string  `json:"title"`
	Past  string  `json:"past"`
}

// Transition is one row of the table. A pair of state and trigger stands in one row only: where the target depends on
// the record, the row chooses it, so that two guards can never be true at once.
type Transition struct {
	From    []State `json:"from"`
	Trigger Trigger `json:"trigger"`

	// To is the target. Empty, with no Choose, means that the record stays where it is.
	To State `json:"to,omitempty"`
	// Choose names the function that picks the target, and Among all that it may pick.
	Choose string  `json:"choose,omitempty"`
	Among  []State `json:"among,omitempty"`

	// Guards look at the record before the command, Ensures at the result.
	Guards  []string `json:"guards,omitempty"`
	Ensures []string `json:"ensures,omitempty"`
	// Brings is what the command itself must carry, Leaves what the record must have afterwards.
	Brings []Need `json:"brings,omitempty"`
	Leaves []Need `json:"leaves,omitempty"`
	// Roles may do it; empty leaves that to the authorizer alone.
	Roles []Role `json:"roles,omitempty"`
}

// Need is a field that must not be empty, or several of which one must not be. The name of a field may have parts,
// joined by dots, such as "custom.color".
type Need []string

// AnyOf is the need that one of the fields is filled.
func AnyOf(fields ...string) Need { return slices.Clone(Need(fields)) }

// String joins the fields: "group|assignee".
func (n Need) String() string { return strings.Join(n, "|") }

// Guard answers nil where it holds, else the reason why not. A guard reads and never writes.
type Guard[S any] func(S) *Reason

// Binding gives the names of a table their functions. S is what guards look at.
type Binding[S any] struct {
	Guards  map[string]Guard[S]
	Choices map[string]func(S) State
	// Input resolves a name in Brings, for the input of that trigger, to the question whether it is filled.
	Input func(t Trigger, field string) (filled func(S) bool, ok bool)
	// Field resolves a name in Leaves, for the record.
	Field func(field string) (filled func(S) bool, ok bool)
}

// Reason is one cause of a refusal: a code with arguments, so that a text can be rendered in any language.
type Reason struct {
	Code Code              `json:"code"`
	Args map[string]string `json:"args,omitempty"`
}

// Code tells the kinds of reasons apart.
type Code string

// The codes of this package. A guard brings codes of its own.
const (
	UnknownState   Code = "unknown_state"   // state: stored state that the table does not have
	UnknownTrigger Code = "unknown_trigger" // trigger
	NotFromHere    Code = "not_from_here"   // state, trigger, permitted: what is permitted instead (a,b)
	MissingInput   Code = "missing_input"   // field: the command must bring it (a|b: one of them)
	MissingField   Code = "missing_field"   // field: the record must then have it
	MissingRole    Code = "missing_role"    // roles: one of them is needed (a,b)
	GuardRefused   Code = "guard"           // guard: its name, where the guard gave no code
	BadTarget      Code = "bad_target"      // target: a choice outside Among; choice: its name
	Panicked       Code = "panicked"        // guard, choice or field: the bound function that panicked; panic: its words
)

// Refusal says that a trigger was not pulled and lists every reason. Nothing was changed.
type Refusal struct {
	Lifecycle string   `json:"lifecycle"`
	State     State    `json:"state"`
	Trigger   Trigger  `json:"trigger"`
	Reasons   []Reason `json:"reasons"`
}
