package itsm

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// kind is a registered practice without its type.
type kind struct {
	name     string
	series   string
	plan     *plan.Plan
	axes     []*axis
	schema   *field.Compiled
	customAt int
	editable map[string]bool
	base     map[lifecycle.Trigger]bool // of the table before its overlays
	hooks    []Hook
	early    []Hook // those with BeforeAct
	projects []Hook // those with Project
	handlers map[lifecycle.Trigger]*handler
	guards   map[string]lifecycle.Guard[*attempt]
	choices  map[string]func(*attempt) lifecycle.State
	zero     Record
	fresh    func() Record
	clone    func(Record) Record
	restore  func(dst, src Record) // writes one over the other
	edited   func(u *Unit, rec Record, patch Patch) error
	keep     func(u *Unit, before, after Record) error
	faults   []error
	columns  []ColumnSpec
	columnAt map[string]int
	// projected marks rows that are computed from other records: no axes, no handlers, no events
	projected bool
}

// axis is one lifecycle of a kind. The first is the record's state; others live in a field of their own.
type axis struct {
	definition lifecycle.Definition
	machine    *lifecycle.Machine[*attempt]
	main       bool
	field      int
	sparse     bool
	// roles are all that the table names: the system's, so that timers and hooks pass rows kept for some.
	roles []lifecycle.Role
}

// table answers a copy of the table.
func (a *axis) table() lifecycle.Definition {
	if a.machine == nil {
		return a.definition
	}
	return a.machine.Definition()
}

func (a *axis) rolesOf(actor *Actor) []lifecycle.Role {
	if actor.Kind == System {
		return a.roles
	}
	return actor.Roles
}

// handler is a registered trigger.
type handler struct {
	trigger lifecycle.Trigger
	action  Action
	event   string
	keys    string // the command's name in idempotency keys
	creates bool
	late    bool // registered when the kernel was open: of no use
	axis    *axis
	input   *plan.Plan
	typ     reflect.Type
	zero    func() any
	run     func(u *Unit, rec Record, in any) error
}

// attempt is what guards look at.
type attempt struct {
	unit Unit
	rec  Record
	h    *handler
	in   any // pointer to the handler's input; nil where only Permitted is asked
	with *call
	// preset names what hooks filled in the input
	preset []string
	// before is the record before the act, where there is one already
	before Record
}

// unbind takes back what compile and Open did.
func (kd *kind) unbind() {
	kd.hooks, kd.early, kd.projects = nil, nil, nil
	for _, h := range kd.handlers {
		h.axis = nil
	}
	for _, a := range kd.axes {
		a.machine, a.roles = nil, nil
	}
}

// compile binds the tables to handlers, guards and fields, and answers what is wrong.
func (kd *kind) compile() []error {
	faults := kd.faults
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf(kd.name+": "+format, args...))
	}
	for i, a := range kd.axes {
		for _, row := range a.definition.Triggers {
			h := kd.handlers[row.Name]
			switch {
			case h == nil:
				fault("the lifecycle %s has a trigger %q that no handler is registered for", a.definition.Name, row.Name)
				continue
			case h.axis != nil:
				fault("the trigger %q stands in two lifecycles", row.Name)
				continue
			case h.creates:
				fault("%q makes a record and cannot be a trigger too", row.Name)
				continue
			}
			h.axis = kd.axes[i]
			h.event = kd.name + "." + row.Past
		}
	}
	for _, t := range sortedTriggers(kd.handlers) {
		switch h := kd.handlers[t]; {
		case h.axis != nil, h.creates:
		case kd.base[t]:
			h.axis = kd.axes[0] // an overlay took the trigger away: it is refused as unknown
		default:
			fault("the handler of %q has no row in any lifecycle", t)
		}
	}
	for _, a := range kd.axes {
		machine, err := lifecycle.Compile(a.definition, lifecycle.Binding[*attempt]{
			Guards: kd.guards, Choices: kd.choices, Input: kd.inputFilled, Field: kd.fieldFilled,
		})
		if err != nil {
			fault("%w", err)
			continue
		}
		a.machine = machine
		for _, row := range a.definition.Rows {
			a.roles = append(a.roles, row.Roles...)
		}
	}
	return faults
}

func (kd *kind) inputFilled(t lifecycle.Trigger, name string) (func(*attempt) bool, bool) {
	h := kd.handlers[t]
	if h == nil {
		return nil, false
	}
	given := func(*attempt) bool { return false }
	known := false
	switch name {
	case "group":
		given, known = func(a *attempt) bool { return a.with != nil && a.with.group != "" }, true
	case "assignee":
		given, known = func(a *attempt) bool { return a.with != nil && a.with.assignee != "" }, true
	}
	if h.input != nil {
		if i := h.input.Index(name); i >= 0 {
			return func(a *attempt) bool {
				return a.in != nil && filled(h.input, i, a.in) || given(a)
			}, true
		}
	}
	if h.typ == reflect.TypeFor[Patch]() {
		return func(a *attempt) bool {
			p, ok := a.in.(*Patch)
			return ok && !(*p)[name].IsZero() || given(a)
		}, true
	}
	return given, known
}

func (kd *kind) fieldFilled(name string) (func(*attempt) bool, bool) {
	if custom, ok := strings.CutPrefix(name, "custom."); ok {
		if _, declared := kd.schema.Declaration(custom); !declared || kd.customAt < 0 {
			return nil, false
		}
		return func(a *attempt) bool { return kd.plan.CustomFields(plan.Pointer(a.rec)).Has(custom) }, true
	}
	i := kd.plan.Index(name)
	if i < 0 {
		return nil, false
	}
	return func(a *attempt) bool { return filled(kd.plan, i, a.rec) }, true
}

// filled reports whether a table takes a field for given: white space is nothing.
func filled(p *plan.Plan, i int, of any) bool {
	at := plan.Pointer(of)
	if !p.Filled(i, at) {
		return false
	}
	return p.Fields[i].Kind != field.KindText || strings.TrimSpace(p.Get(i, at).Text()) != ""
}

// stateOf reads the axis of a record.
func (a *axis) stateOf(kd *kind, rec Record) lifecycle.State {
	if a.main {
		return rec.Header().State
	}
	state := lifecycle.State(kd.plan.Get(a.field, plan.Pointer(rec)).Text())
	if a.sparse && state == "" {
		return a.machine.Initial()
	}
	return state
}

// move writes the axis of a record.
func (a *axis) move(kd *kind, rec Record, to lifecycle.State) {
	if a.main {
		h := rec.Header()
		h.State, h.Phase = to, a.machine.Phase(to)
		return
	}
	if a.sparse && to == a.machine.Initial() {
		to = ""
	}
	_ = kd.plan.Set(a.field, plan.Pointer(rec), field.Text(string(to))) // the field is a lifecycle.State: NewPractice looked
}

// copied answers a copy of a committed record, for who may change it.
func (kd *kind) copied(rec Record, err error) (Record, error) {
	if err != nil {
		return nil, err
	}
	return kd.clone(rec), nil
}

// Kind implements Codec.
func (kd *kind) Kind() string { return kd.name }

// Columns implements Codec.
func (kd *kind) Columns() []ColumnSpec { return kd.columns }

// columnOpenAssignee is the assignee of a ticket while it is open, and empty afterwards: what somebody has to do is found
// without what was ever done.
const columnOpenAssignee = "open_assignee"

func (kd *kind) describe() {
	kd.columns = append(kd.columns,
		ColumnSpec{Name: "id", Kind: field.KindText},
		ColumnSpec{Name: "version", Kind: field.KindInt},
		ColumnSpec{Name: "created_at", Kind: field.KindInstant, Indexed: true},
		ColumnSpec{Name: "updated_at", Kind: field.KindInstant, Indexed: true},
	)
	for i := range kd.plan.Fields {
		f := &kd.plan.Fields[i]
		if i == kd.customAt {
			continue
		}
		kd.columns = append(kd.columns, ColumnSpec{Name: f.Name, Kind: f.Kind, Indexed: f.Index, Personal: f.Personal, Person: f.Personal && f.Subject == ""})
	}
	if TicketOf(kd.zero) != nil {
		kd.columns = append(kd.columns, ColumnSpec{Name: columnOpenAssignee, Kind: field.KindText, Indexed: true})
	}
	for _, d := range kd.schema.Schema().Fields {
		kd.columns = append(kd.columns, ColumnSpec{Name: "custom." + d.Name, Kind: d.Kind, Indexed: d.Indexed, Personal: d.Personal})
	}
	kd.columnAt = make(map[string]int, len(kd.columns))
	for i, c := range kd.columns {
		kd.columnAt[c.Name] = i
	}
}

// Value implements Codec.
func (kd *kind) Value(r Record, column string) field.Value {
	h := r.Header()
	switch column {
	case "id":
		return field.Text(h.ID)
	case "version":
		return field.Int(h.Version)
	case "created_at":
		return field.Instant(h.CreatedAt)
	case "updated_at":
		return field.Instant(h.UpdatedAt)
	case columnOpenAssignee:
		if t := TicketOf(r); t != nil && t.Assignee != "" && t.Open() {
			return field.Text(t.Assignee)
		}
		return field.Value{}
	}
	if custom, ok := strings.CutPrefix(column, "custom."); ok {
		if kd.customAt < 0 {
			return field.Value{}
		}
		return kd.plan.CustomFields(plan.Pointer(r)).Get(custom)
	}
	i := kd.plan.Index(column)
	if i < 0 || i == kd.customAt || !kd.plan.Filled(i, plan.Pointer(r)) {
		return field.Value{}
	}
	return kd.plan.Get(i, plan.Pointer(r))
}

// Encode implements Codec: the JSON of the record, which is also what a user would write.
func (kd *kind) Encode(r Record) ([]byte, error) { return json.Marshal(r) }

// Decode implements Codec.
func (kd *kind) Decode(data []byte) (Record, error) {
	r := kd.fresh()
	if err := json.Unmarshal(data, r); err != nil {
		return nil, ErrInvalid.because(fmt.Errorf("stored %s: %w", kd.name, err))
	}
	return r, nil
}

func sortedTriggers(m map[lifecycle.Trigger]*handler) []lifecycle.Trigger {
	names := make(map[string]lifecycle.Trigger, len(m))
	for t := range m {
		names[string(t)] = t
	}
	triggers := make([]lifecycle.Trigger, 0, len(m))
	for _, name := range sortedKeys(names) {
		triggers = append(triggers, names[name])
	}
	return triggers
}
