package lifecycle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Overlay changes a definition without a copy of it: a vendor's states, triggers, transitions and conditions, as data.
// It is applied in the order of its fields. Removing or changing what is not there is a fault, so that an overlay that
// no longer fits a newer definition is noticed.
//
// In JSON an unknown member is refused.
type Overlay struct {
	// Lifecycle is the name of the definition it changes.
	Lifecycle string `json:"lifecycle"`
	// Version becomes the version of the result, and must be above that of the definition. Raise it with each change
	// of the overlay or of what lies beneath, so that one version is always one table.
	Version int `json:"version"`
	// Initial, where given, is the new initial state.
	Initial State `json:"initial,omitzero"`

	Remove  Removal `json:"remove,omitzero"`
	Replace Parts   `json:"replace,omitzero"`
	Add     Parts   `json:"add,omitzero"`
	// Adjust changes the conditions of transitions that are there.
	Adjust []Adjustment `json:"adjust,omitempty"`
}

// Parts are rows to add, or to replace. A replaced state or trigger keeps what its row leaves empty, such as the phase
// where only the title changes. A replaced transition is new in all but its place; its From and Trigger say which.
// With an empty From it stands in place of all transitions of the trigger.
type Parts struct {
	States      []StateRow   `json:"states,omitempty"`
	Triggers    []TriggerRow `json:"triggers,omitempty"`
	Transitions []Transition `json:"transitions,omitempty"`
}

// Removal names what goes. With a trigger go its transitions. A state goes from every From, and a transition that is
// left with none goes too; where a transition still leads to the state, the result is refused.
type Removal struct {
	States      []State   `json:"states,omitempty"`
	Triggers    []Trigger `json:"triggers,omitempty"`
	Transitions []Edge    `json:"transitions,omitempty"`
}

// Edge picks transitions: those of the trigger from these states, or from all where none is named. A row that also
// starts from other states keeps those.
type Edge struct {
	From    []State `json:"from,omitempty"`
	Trigger Trigger `json:"trigger"`
}

// Adjustment takes conditions from the transitions of an edge and then gives them others.
type Adjustment struct {
	Edge
	Remove Conditions `json:"remove,omitzero"`
	Add    Conditions `json:"add,omitzero"`
}

// Conditions are what a transition asks, as in [Transition]. Where the last role is removed, all roles may.
type Conditions struct {
	Guards  []string `json:"guards,omitempty"`
	Ensures []string `json:"ensures,omitempty"`
	Brings  []Need   `json:"brings,omitempty"`
	Leaves  []Need   `json:"leaves,omitempty"`
	Roles   []Role   `json:"roles,omitempty"`
}

// With answers a copy of the definition with the overlays applied, one after the other, and the result checked as by
// [Definition.Check]. The version of the result is that of the last overlay; versions must grow from one to the next.
// All that is wrong with an overlay, or else with the result, is told at once, as [Faults].
func (d Definition) With(overlays ...Overlay) (Definition, error) {
	e := editor{Definition: d.clone()}
	for i, o := range overlays {
		e.where = fmt.Sprintf("overlay %d", i+1)
		e.apply(o)
		if len(e.faults) > 0 {
			return Definition{}, e.faults
		}
	}
	if err := e.Check(); err != nil {
		return Definition{}, err
	}
	return e.clone(), nil
}

// UnmarshalJSON reads an overlay and refuses unknown members.
func (o *Overlay) UnmarshalJSON(data []byte) error {
	type plain Overlay
	return strict(data, (*plain)(o))
}

// UnmarshalJSON reads a definition and refuses unknown members. It does not check the table.
func (d *Definition) UnmarshalJSON(data []byte) error {
	type plain Definition
	return strict(data, (*plain)(d))
}

func strict[T any](data []byte, into *T) error {
	var v T
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("%w: %w", ErrDefinition, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("%w: more than one JSON value", ErrDefinition)
	}
	*into = v
	return nil
}

// editor applies overlays to a copy of its own.
type editor struct {
	Definition
	where  string
	faults Faults
}

func (e *editor) apply(o Overlay) {
	if o.Lifecycle != e.Name {
		e.fault(FaultOtherTable, "lifecycle", o.Lifecycle)
	}
	if o.Version <= e.Version {
		e.fault(FaultOldVersion, "version", strconv.Itoa(o.Version))
	}
	e.Version = o.Version
	if o.Initial != "" {
		e.Initial = o.Initial
	}
	e.remove(o.Remove)
	e.replace(o.Replace)
	e.States = append(e.States, o.Add.States...)
	e.Triggers = append(e.Triggers, o.Add.Triggers...)
	for _, t := range o.Add.Transitions {
		e.Rows = append(e.Rows, t.clone())
	}
	for _, a := range o.Adjust {
		for _, i := range e.carve(a.Edge) {
			e.adjust(&e.Rows[i], a)
		}
	}
}

func (e *editor) remove(r Removal) {
	for _, edge := range r.Transitions {
		picked := e.carve(edge)
		for _, i := range slices.Backward(picked) {
			e.Rows = slices.Delete(e.Rows, i, i+1)
		}
	}
	for _, t := range r.Triggers {
		i := slices.IndexFunc(e.Triggers, func(row TriggerRow) bool { return row.Name == t })
		if i < 0 {
			e.fault(FaultNotThere, "trigger", string(t))
			continue
		}
		e.Triggers = slices.Delete(e.Triggers, i, i+1)
		e.Rows = slices.DeleteFunc(e.Rows, func(row Transition) bool { return row.Trigger == t })
	}
	for _, s := range r.States {
		i := slices.IndexFunc(e.States, func(row StateRow) bool { return row.Name == s })
		if i < 0 {
			e.fault(FaultNotThere, "state", string(s))
			continue
		}
		e.States = slices.Delete(e.States, i, i+1)
		e.Rows = slices.DeleteFunc(e.Rows, func(row Transition) bool { return slices.Equal(row.From, []State{s}) })
		for i := range e.Rows {
			e.Rows[i].From = slices.DeleteFunc(e.Rows[i].From, func(from State) bool { return from == s })
		}
	}
}

func (e *editor) replace(p Parts) {
	for _, s := range p.States {
		i := slices.IndexFunc(e.States, func(row StateRow) bool { return row.Name == s.Name })
		if i < 0 {
			e.fault(FaultNotThere, "state", string(s.Name))
			continue
		}
		e.States[i].Title = or(s.Title, e.States[i].Title)
		e.States[i].Phase = or(s.Phase, e.States[i].Phase)
	}
	for _, t := range p.Triggers {
		i := slices.IndexFunc(e.Triggers, func(row TriggerRow) bool { return row.Name == t.Name })
		if i < 0 {
			e.fault(FaultNotThere, "trigger", string(t.Name))
			continue
		}
		e.Triggers[i].Title = or(t.Title, e.Triggers[i].Title)
		e.Triggers[i].Past = or(t.Past, e.Triggers[i].Past)
	}
	for _, t := range p.Transitions {
		picked := e.carve(Edge{t.From, t.Trigger})
		if len(picked) == 0 {
			continue
		}
		next := t.clone()
		next.From = nil
		for _, i := range picked {
			next.From = append(next.From, e.Rows[i].From...)
		}
		for _, i := range slices.Backward(picked[1:]) {
			e.Rows = slices.Delete(e.Rows, i, i+1)
		}
		e.Rows[picked[0]] = next
	}
}

func (e *editor) adjust(t *Transition, a Adjustment) {
	same := func(s string) string { return s }
	t.Guards = edit(e, "guard", t.Guards, a.Remove.Guards, a.Add.Guards, same)
	t.Ensures = edit(e, "guard", t.Ensures, a.Remove.Ensures, a.Add.Ensures, same)
	t.Brings = edit(e, "need", t.Brings, a.Remove.Brings, a.Add.Brings, Need.String)
	t.Leaves = edit(e, "need", t.Leaves, a.Remove.Leaves, a.Add.Leaves, Need.String)
	t.Roles = edit(e, "role", t.Roles, a.Remove.Roles, a.Add.Roles, func(r Role) string { return string(r) })
}

func edit[T any](e *editor, kind string, list, remove, add []T, name func(T) string) []T {
	for _, gone := range remove {
		i := slices.IndexFunc(list, func(have T) bool { return name(have) == name(gone) })
		if i < 0 {
			e.fault(FaultNotThere, kind, name(gone))
			continue
		}
		list = slices.Delete(list, i, i+1)
	}
	return append(list, add...)
}

// carve answers the places of the rows of an edge. A row that also starts from other states is cut in two.
func (e *editor) carve(edge Edge) (picked []int) {
	found := make(map[State]bool)
	var rows []Transition
	for _, row := range e.Rows {
		var in, out []State
		for _, from := range row.From {
			if row.Trigger == edge.Trigger && (len(edge.From) == 0 || slices.Contains(edge.From, from)) {
				in, found[from] = append(in, from), true
			} else {
				out = append(out, from)
			}
		}
		if len(out) > 0 || len(in) == 0 {
			rest := row.clone()
			rest.From = out
			rows = append(rows, rest)
		}
		if len(in) > 0 {
			part := row.clone()
			part.From = in
			picked = append(picked, len(rows))
			rows = append(rows, part)
		}
	}
	e.Rows = rows
	for _, from := range edge.From {
		if !found[from] {
			e.fault(FaultNotThere, "transition", string(edge.Trigger)+" from "+string(from))
		}
	}
	if len(edge.From) == 0 && len(picked) == 0 {
		e.fault(FaultNotThere, "transition", string(edge.Trigger))
	}
	return picked
}

func (e *editor) fault(code FaultCode, kind, subject string) {
	e.faults = append(e.faults, Fault{code, kind, subject, e.where})
}

// clone shares nothing with the definition.
func (d Definition) clone() Definition {
	d.States = slices.Clone(d.States)
	d.Triggers = slices.Clone(d.Triggers)
	rows := slices.Clone(d.Rows)
	for i := range rows {
		rows[i] = rows[i].clone()
	}
	d.Rows = rows
	return d
}

func (t Transition) clone() Transition {
	t.From = slices.Clone(t.From)
	t.Among = slices.Clone(t.Among)
	t.Guards = slices.Clone(t.Guards)
	t.Ensures = slices.Clone(t.Ensures)
	t.Brings = cloneNeeds(t.Brings)
	t.Leaves = cloneNeeds(t.Leaves)
	t.Roles = slices.Clone(t.Roles)
	return t
}

func cloneNeeds(needs []Need) []Need {
	needs = slices.Clone(needs)
	for i := range needs {
		needs[i] = slices.Clone(needs[i])
	}
	return needs
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
