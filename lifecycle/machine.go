package lifecycle

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Machine is a compiled lifecycle. It holds no state of any record and never changes: one serves all records and all
// goroutines. Questions ([Machine.Permitted], [Machine.Explain], [Machine.Offers]) are answered from its table and
// cost the conditions they ask; nothing is written by any of its methods.
//
// A bound function that panics does not hold: the refusal then has the code [Panicked] and the function's name.
type Machine[S any] struct {
	definition Definition
	states     map[State]index // from 1; 0 is none
	names      []State         // by index
	phases     []Phase         // by index
	triggers   map[Trigger]index
	past       []string
	grid       []*row[S]      // by state and trigger; nil where they do not meet
	offers     [][]offered[S] // by state, in declared order of triggers
	slots      sync.Pool      // of *slot[S]
}

// index stands for a name inside: one byte is boxed without an allocation.
type index uint8

// row is a compiled transition. before holds the guards and then the inputs, after the fields and then the guards.
type row[S any] struct {
	*Transition
	to     index // 0: chosen, or stays
	choose *choice[S]
	before []condition[S]
	guards int // so many of before are guards
	after  []condition[S]
}

type offered[S any] struct {
	trigger *TriggerRow
	row     *row[S]
}

// Compile checks the definition, gives each of its names a function, and answers the machine. All faults are told at
// once, as [Faults]. The machine keeps a copy of the definition.
func Compile[S any](d Definition, b Binding[S]) (*Machine[S], error) {
	if err := d.Check(); err != nil {
		return nil, err
	}
	m := &Machine[S]{
		definition: d.clone(),
		states:     make(map[State]index, len(d.States)),
		names:      make([]State, 1+len(d.States)),
		phases:     make([]Phase, 1+len(d.States)),
		triggers:   make(map[Trigger]index, len(d.Triggers)),
		past:       make([]string, 1+len(d.Triggers)),
		grid:       make([]*row[S], (1+len(d.States))*(1+len(d.Triggers))),
		offers:     make([][]offered[S], 1+len(d.States)),
	}
	for i, s := range m.definition.States {
		m.states[s.Name], m.names[i+1], m.phases[i+1] = index(i+1), s.Name, s.Phase
	}
	for i, t := range m.definition.Triggers {
		m.triggers[t.Name], m.past[i+1] = index(i+1), t.Past
	}
	bind := binder[S]{Binding: b}
	for i := range m.definition.Rows {
		t := &m.definition.Rows[i]
		r := bind.row(t, m.states)
		for _, from := range t.From {
			m.grid[m.cell(m.states[from], m.triggers[t.Trigger])] = r
		}
	}
	if len(bind.faults) > 0 {
		return nil, bind.faults
	}
	for state := range m.offers {
		for i := range m.definition.Triggers {
			if r := m.grid[m.cell(index(state), index(i+1))]; r != nil {
				m.offers[state] = append(m.offers[state], offered[S]{&m.definition.Triggers[i], r})
			}
		}
	}
	m.slots.New = func() any { return m.newSlot() }
	m.slots.Put(m.newSlot())
	return m, nil
}

// Definition is a copy of the table that the machine keeps to.
func (m *Machine[S]) Definition() Definition { return m.definition.clone() }

// Initial is the state of a new record.
func (m *Machine[S]) Initial() State { return m.definition.Initial }

// Phase says what a state means; 0 where the lifecycle does not have it.
func (m *Machine[S]) Phase(s State) Phase { return m.phases[m.states[s]] }

// Past is the word for what a trigger has done, such as "resolved"; empty where the lifecycle does not have it.
func (m *Machine[S]) Past(t Trigger) string { return m.past[m.triggers[t]] }

// Has says whether the lifecycle has the trigger, from any state.
func (m *Machine[S]) Has(t Trigger) bool { return m.triggers[t] != 0 }

// Explain answers what [Machine.Fire] would refuse, without firing; nil where it would pass.
func (m *Machine[S]) Explain(from State, t Trigger, s S, roles []Role) *Refusal {
	r, refusal := m.find(from, t, s, roles)
	if refusal != nil {
		return refusal
	}
	reasons := r.ask(nil, s, roles)
	if len(reasons) == 0 && r.choose != nil {
		if _, reason := r.choose.pick(s); reason != nil {
			reasons = append(reasons, *reason)
		}
	}
	return m.refuse(from, t, reasons)
}

// Settle asks the after-moment: what the record must have once the trigger was pulled (Leaves), and what must hold on
// the result (Ensures), in this order. From is the state before, s the result.
func (m *Machine[S]) Settle(from State, t Trigger, s S) *Refusal {
	r, refusal := m.find(from, t, s, nil)
	if refusal != nil {
		return refusal
	}
	return m.refuse(from, t, collect(nil, r.after, s))
}

// Permitted appends to dst the triggers that state, roles and guards allow, in the order in which the definition
// declares triggers. What a command must bring is not asked. An unknown state permits nothing.
func (m *Machine[S]) Permitted(dst []Trigger, from State, s S, roles []Role) []Trigger {
	for _, o := range m.offers[m.states[from]] {
		if o.row.permits(s, roles) {
			dst = append(dst, o.trigger.Name)
		}
	}
	return dst
}

// Offer is what a form needs to show one trigger.
type Offer struct {
	Trigger Trigger `json:"trigger"`
	Title   string  `json:"title"`
	// Targets are the states it may lead to, the present one included where it stays.
	Targets []State `json:"targets"`
	// Brings is what the command must carry, Leaves what the record must then have.
	Brings []Need `json:"brings,omitempty"`
	Leaves []Need `json:"leaves,omitempty"`
	// Reasons stand in the way now, apart from what the command has yet to bring; nil where it is permitted.
	Reasons []Reason `json:"reasons,omitempty"`
}

// Offers lists every trigger that the state knows, in declared order, the refused ones with their reasons. An unknown
// state offers nothing.
func (m *Machine[S]) Offers(from State, s S, roles []Role) []Offer {
	var offers []Offer
	for _, o := range m.offers[m.states[from]] {
		offers = append(offers, Offer{
			Trigger: o.trigger.Name,
			Title:   o.trigger.Title,
			Targets: o.row.targets(from),
			Brings:  cloneNeeds(o.row.Brings),
			Leaves:  cloneNeeds(o.row.Leaves),
			Reasons: collect(o.row.askRoles(nil, roles), o.row.before[:o.row.guards], s),
		})
	}
	return offers
}

func (m *Machine[S]) cell(state, trigger index) int {
	return int(state)*len(m.past) + int(trigger)
}

// find answers the row, or why there is none.
func (m *Machine[S]) find(from State, t Trigger, s S, roles []Role) (*row[S], *Refusal) {
	state, trigger := m.states[from], m.triggers[t]
	if state == 0 || trigger == 0 {
		return nil, m.unknown(from, t)
	}
	r := m.grid[m.cell(state, trigger)]
	if r == nil {
		return nil, m.notFromHere(from, t, s, roles)
	}
	return r, nil
}

func (m *Machine[S]) unknown(from State, t Trigger) *Refusal {
	var reasons []Reason
	if m.states[from] == 0 {
		reasons = append(reasons, Reason{UnknownState, map[string]string{"state": string(from)}})
	}
	if m.triggers[t] == 0 {
		reasons = append(reasons, Reason{UnknownTrigger, map[string]string{"trigger": string(t)}})
	}
	return m.refuse(from, t, reasons)
}

func (m *Machine[S]) notFromHere(from State, t Trigger, s S, roles []Role) *Refusal {
	return m.refuse(from, t, []Reason{{NotFromHere, map[string]string{
		"state":     string(from),
		"trigger":   string(t),
		"permitted": join(m.Permitted(nil, from, s, roles)),
	}}})
}

func (m *Machine[S]) refuse(from State, t Trigger, reasons []Reason) *Refusal {
	if len(reasons) == 0 {
		return nil
	}
	return &Refusal{Lifecycle: m.definition.Name, State: from, Trigger: t, Reasons: reasons}
}

// ask appends all that stands in the way before the command: role, guards, inputs.
func (r *row[S]) ask(dst []Reason, s S, roles []Role) []Reason {
	return collect(r.askRoles(dst, roles), r.before, s)
}

func (r *row[S]) askRoles(dst []Reason, roles []Role) []Reason {
	if r.admits(roles) {
		return dst
	}
	return append(dst, Reason{MissingRole, map[string]string{"roles": join(r.Roles)}})
}

func (r *row[S]) permits(s S, roles []Role) bool {
	if !r.admits(roles) {
		return false
	}
	for i := range r.guards {
		if r.before[i].ask(s) != nil {
			return false
		}
	}
	return true
}

func (r *row[S]) admits(roles []Role) bool {
	if len(r.Roles) == 0 {
		return true
	}
	for _, role := range roles {
		if slices.Contains(r.Roles, role) {
			return true
		}
	}
	return false
}

// condition is a bound function with the name it has in the table.
type condition[S any] struct {
	kind, name string
	holds      Guard[S]
}

func collect[S any](dst []Reason, conditions []condition[S], s S) []Reason {
	for i := range conditions {
		if reason := conditions[i].ask(s); reason != nil {
			dst = append(slices.Grow(dst, len(conditions)-i), conditions[i].own(*reason))
		}
	}
	return dst
}

func (c *condition[S]) ask(s S) (reason *Reason) {
	defer func() {
		if p := recover(); p != nil {
			reason = panicked(c.kind, c.name, p)
		}
	}()
	return c.holds(s)
}

// own makes the reason the caller's, and names the guard where it gave no code.
func (c *condition[S]) own(reason Reason) Reason {
	if c.kind != "guard" {
		return reason
	}
	reason.Args = maps.Clone(reason.Args)
	if reason.Code == "" {
		if reason.Args == nil {
			reason.Args = make(map[string]string, 1)
		}
		reason.Code, reason.Args["guard"] = GuardRefused, c.name
	}
	return reason
}

// choice picks the target of a row.
type choice[S any] struct {
	name  string
	among map[State]index
	from  func(S) State
}

func (c *choice[S]) pick(s S) (to index, reason *Reason) {
	defer func() {
		if p := recover(); p != nil {
			to, reason = 0, panicked("choice", c.name, p)
		}
	}()
	target := c.from(s)
	if to = c.among[target]; to == 0 {
		reason = &Reason{BadTarget, map[string]string{"choice": c.name, "target": string(target)}}
	}
	return to, reason
}

func panicked(kind, name string, p any) *Reason {
	return &Reason{Panicked, map[string]string{kind: name, "panic": fmt.Sprint(p)}}
}

// binder gives the names of a table their functions and notes those that have none.
type binder[S any] struct {
	Binding[S]
	faults Faults
}

func (b *binder[S]) row(t *Transition, states map[State]index) *row[S] {
	r := &row[S]{Transition: t, to: states[t.To], guards: len(t.Guards)}
	if t.Choose != "" {
		r.choose = &choice[S]{name: t.Choose, among: make(map[State]index), from: b.Choices[t.Choose]}
		if r.choose.from == nil {
			b.unbound("choice", t.Choose, t)
		}
		for _, s := range t.Among {
			r.choose.among[s] = states[s]
		}
	}
	input := func(field string) (func(S) bool, bool) {
		if b.Input == nil {
			return nil, false
		}
		return b.Input(t.Trigger, field)
	}
	field := func(field string) (func(S) bool, bool) {
		if b.Field == nil {
			return nil, false
		}
		return b.Field(field)
	}
	r.before = append(b.guards(t.Guards, t), b.needs(t.Brings, MissingInput, "input", input, t)...)
	r.after = append(b.needs(t.Leaves, MissingField, "field", field, t), b.guards(t.Ensures, t)...)
	return r
}

func (b *binder[S]) guards(names []string, t *Transition) (conditions []condition[S]) {
	for _, name := range names {
		guard := b.Guards[name]
		if guard == nil {
			b.unbound("guard", name, t)
		}
		conditions = append(conditions, condition[S]{"guard", name, guard})
	}
	return conditions
}

func (b *binder[S]) needs(needs []Need, code Code, kind string, resolve func(string) (func(S) bool, bool), t *Transition) (conditions []condition[S]) {
	for _, need := range needs {
		var filled []func(S) bool
		for _, field := range need {
			f, ok := resolve(field)
			if !ok || f == nil {
				b.unbound(kind, field, t)
			}
			filled = append(filled, f)
		}
		name := need.String()
		conditions = append(conditions, condition[S]{"field", name, func(s S) *Reason {
			for _, f := range filled {
				if f(s) {
					return nil
				}
			}
			return &Reason{code, map[string]string{"field": name}}
		}})
	}
	return conditions
}

func (b *binder[S]) unbound(kind, name string, t *Transition) {
	b.faults = append(b.faults, Fault{Code: FaultUnbound, Kind: kind, Subject: name, Where: t.place()})
}

func join[T ~string](names []T) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(string(name))
	}
	return b.String()
}
