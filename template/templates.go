package template

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Templates are the forms of a desk. They may be used by many goroutines.
type Templates struct {
	k     *itsm.Kernel
	list  []Template
	kinds map[string]*forms
}

// New registers templates with a kernel that is not open yet. They are checked when it is opened, against the practices
// that are then there, and all faults are told at once. A kind has 64 templates at most.
func New(k *itsm.Kernel, list []Template) (*Templates, error) {
	if k.Opened() {
		return nil, itsm.Invalid("templates", "register templates before the kernel is opened")
	}
	s := &Templates{k: k}
	for _, t := range list {
		s.list = append(s.list, t.clone())
	}
	if len(list) > 0 {
		k.OnOpen(s.open)
	}
	return s, nil
}

// open checks the templates, and registers the hooks that they need.
func (s *Templates) open(k *itsm.Kernel) error {
	if s.kinds != nil { // an Open that failed is tried again
		return nil
	}
	kinds := map[string]*forms{}
	names := map[string]bool{}
	var faults []error
	for i := range s.list {
		t := &s.list[i]
		faults = append(faults, t.check(k))
		if names[t.Name] {
			faults = append(faults, itsm.Invalid("template "+t.Name, "it is there twice"))
		}
		names[t.Name] = true
		f := kinds[t.Kind]
		if f == nil {
			f = newForms(k, t.Kind)
			kinds[t.Kind] = f
		}
		f.templates = append(f.templates, *t)
		if len(f.templates) == maxTemplates+1 {
			faults = append(faults, itsm.Invalid("templates", fmt.Sprintf("the kind %s has more than %d", t.Kind, maxTemplates)))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	for _, kind := range k.Kinds() {
		if f := kinds[kind]; f != nil {
			f.ready(k)
			f.hook(k)
		}
	}
	s.kinds = kinds
	return nil
}

func newForms(k *itsm.Kernel, kind string) *forms {
	f := &forms{kind: kind, creations: k.Creations(kind), inputs: map[lifecycle.Trigger]map[string]bool{}}
	if tables := k.Lifecycles(kind); len(tables) > 0 {
		f.initial = tables[0].Initial
	}
	return f
}

// ready brings general templates to the front, and learns which creation takes which field.
func (f *forms) ready(k *itsm.Kernel) {
	general := func(t Template) int {
		if len(t.Categories) == 0 && t.When == nil {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(f.templates, func(a, b Template) int { return general(a) - general(b) })
	for _, c := range f.creations {
		takes := map[string]bool{}
		for i := range f.templates {
			t := &f.templates[i]
			for _, name := range t.Mandatory {
				takes[name] = k.CheckInput(f.kind, c, name) == nil
			}
			for name, v := range t.Preset {
				takes[name] = k.CheckValues(f.kind, c, itsm.Patch{name: v}) == nil
			}
		}
		f.inputs[c] = takes
	}
}

// hook registers what the templates of the kind need, and no more.
func (f *forms) hook(k *itsm.Kernel) {
	var fills, guards, demands, tasks bool
	for i := range f.templates {
		t := &f.templates[i]
		fills = fills || len(t.Preset) > 0
		guards = guards || len(t.Hidden)+len(t.ReadOnly) > 0
		demands = demands || len(t.Mandatory) > 0
		tasks = tasks || t.Tasks != ""
	}
	kinds := []string{f.kind}
	if (fills || guards) && len(f.creations) > 0 {
		k.Hook(itsm.Hook{Name: "template: new records", Kinds: kinds, Triggers: f.creations, BeforeAct: f.fill})
	}
	if tasks {
		k.Hook(itsm.Hook{Name: "template: tasks of new records", Kinds: kinds, Triggers: f.creations, AfterAct: f.addTasks})
	}
	h := itsm.Hook{Name: "template: changes", Kinds: kinds}
	if guards {
		h.AfterAct = f.guard
	}
	if demands {
		h.BeforeCommit = f.demand
	}
	if guards || demands {
		k.Hook(h)
	}
}

// fill refuses what the actor may not bring, and fills in what was left empty. What rules of the desk make is no form
// that somebody fills in: they may bring anything.
func (f *forms) fill(u *itsm.Unit, t lifecycle.Trigger, in any) error {
	r := f.of(f.pick(u.Given, true))
	by := u.Actor()
	if reasons := r.brought(&by, u.Given); len(reasons) > 0 {
		return &lifecycle.Refusal{Lifecycle: f.kind, State: f.initial, Trigger: t, Reasons: reasons}
	}
	if len(r.presets[t]) == 0 {
		return nil
	}
	return u.Preset(in, r.presets[t])
}

// addTasks gives a new record the lists of tasks of its templates.
func (f *forms) addTasks(u *itsm.Unit, c itsm.Change) error {
	for _, list := range f.of(f.pick(reader(u, c.After), false)).tasks {
		in := itsm.Patch{taskOf: field.Text(u.Ref().String()), taskList: field.Text(list)}
		if _, err := u.Create(taskKind, taskAdd, in); err != nil {
			return err
		}
	}
	return nil
}

// guard refuses changes that whoever gave the command may not make, whatever made them. What hooks do to a record in the
// transaction that makes it belongs to its making.
func (f *forms) guard(u *itsm.Unit, c itsm.Change) error {
	by := u.Principal()
	if c.Before == nil || by.Kind == itsm.System || slices.Contains(f.creations, c.Acts[0]) {
		return nil
	}
	was := reader(u, c.Before)
	if reasons := f.of(f.pick(was, false)).changed(&by, was, reader(u, c.After)); len(reasons) > 0 {
		return &lifecycle.Refusal{Lifecycle: f.kind, State: c.Before.Header().State, Trigger: c.Trigger, Reasons: reasons}
	}
	return nil
}

// demand refuses a new record without what is mandatory, as far as its command takes it, and a change that empties it.
// It looks at the end of the transaction, when rules have filled in what they do. What the system makes or changes by
// itself is not judged, nor are imports.
func (f *forms) demand(u *itsm.Unit, c itsm.Change) error {
	if c.Actor.Kind == itsm.System || u.Historic() {
		return nil
	}
	is := reader(u, c.After)
	var reasons []lifecycle.Reason
	for _, name := range f.of(f.pick(is, false)).mandatory {
		if filled(is(name)) {
			continue
		}
		if c.Before == nil && f.inputs[c.Trigger][name] || c.Before != nil && filled(u.Value(c.Before, name)) {
			reasons = append(reasons, missing(name))
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	return &lifecycle.Refusal{Lifecycle: f.kind, State: c.After.Header().State, Trigger: c.Trigger, Reasons: reasons}
}

func reader(u *itsm.Unit, r itsm.Record) value {
	return func(name string) field.Value { return u.Value(r, name) }
}

// Form is what a user interface shows to whoever makes a record.
type Form struct {
	// Templates are the names of those that apply, in order.
	Templates []string `json:"templates"`
	Fields    []Field  `json:"fields"`
	// Tasks are the lists of tasks that the record gets.
	Tasks []string `json:"tasks,omitempty"`
}

// Field is one field of a form.
type Field struct {
	Name     string      `json:"name"`
	Kind     field.Kind  `json:"kind"`
	Required bool        `json:"required,omitempty"`
	Hidden   bool        `json:"hidden,omitempty"`
	ReadOnly bool        `json:"read_only,omitempty"`
	Preset   field.Value `json:"preset,omitzero"`
	// Custom declares a custom field; nil for the others.
	Custom *field.Declaration `json:"custom,omitempty"`
}

// Form answers the form of a command that makes a record, for an actor who has given these values so far, such as the
// category: its inputs in the order of their type, then the custom fields in the order of their schema. Templates are
// asked, the lifecycle's table and the authorizer are not.
func (s *Templates) Form(actor itsm.Actor, kind string, t lifecycle.Trigger, given itsm.Patch) (Form, error) {
	if err := s.k.CheckInput(kind, t); err != nil {
		return Form{}, err
	}
	r := s.rules(kind, given)
	form := Form{Templates: r.names(), Fields: []Field{}, Tasks: slices.Clone(r.tasks)}
	add := func(name string, of field.Kind, custom *field.Declaration) {
		e := Field{Name: name, Kind: of, Preset: r.preset[name], Custom: custom, Required: slices.Contains(r.mandatory, name)}
		e.Required = e.Required || custom != nil && custom.Required
		for i := range r.guarded {
			if g := &r.guarded[i]; g.Field == name && !g.spares(&actor) {
				e.Hidden, e.ReadOnly = g.hidden, !g.hidden
			}
		}
		form.Fields = append(form.Fields, e)
	}
	for _, c := range s.k.Inputs(kind, t) {
		add(c.Name, c.Kind, nil)
	}
	for _, d := range s.k.Schema(kind).Fields {
		if s.k.CheckInput(kind, t, "custom."+d.Name) == nil {
			add("custom."+d.Name, d.Kind, &d)
		}
	}
	return form, nil
}

// Forecast is what would become of a command that makes a record.
type Forecast struct {
	Templates []string
	// Filled is what would be filled in.
	Filled itsm.Patch
	// Refused are the values that the actor may not bring.
	Refused []lifecycle.Reason
	// Missing are the mandatory fields that would lack, once what is refused is left out.
	Missing []string
	// Err is what else stands in the way; nil where nothing does.
	Err error
}

// Explain answers what would become of a command that makes a record with this input, by name, all at once. It runs the
// command to the end, hooks included, and writes nothing.
func (s *Templates) Explain(ctx context.Context, kind string, t lifecycle.Trigger, given itsm.Patch) (Forecast, error) {
	actor, err := itsm.ActorFrom(ctx)
	if err == nil {
		err = s.k.CheckInput(kind, t)
	}
	if err != nil {
		return Forecast{}, err
	}
	r := s.rules(kind, given)
	forecast := Forecast{Templates: r.names(), Filled: itsm.Patch{}, Refused: r.brought(&actor, reading(given))}
	for name, v := range r.presets[t] {
		if given[name].IsZero() {
			forecast.Filled[name] = v
		}
	}
	rest := itsm.Patch{}
	for name, v := range given {
		if !slices.ContainsFunc(forecast.Refused, func(r lifecycle.Reason) bool { return r.Args["field"] == name }) {
			rest[name] = v
		}
	}
	err = s.k.Explain(ctx, itsm.Ref{Kind: kind}, t, rest)
	refusal, ok := lifecycle.AsRefusal(err)
	if !ok {
		forecast.Err = err
		return forecast, nil
	}
	for _, reason := range refusal.Reasons {
		if reason.Code == lifecycle.MissingField {
			forecast.Missing = append(forecast.Missing, reason.Args["field"])
		} else {
			forecast.Err = err
		}
	}
	return forecast, nil
}

func reading(given itsm.Patch) value {
	return func(name string) field.Value { return given[name] }
}

// rules are those of a new record with these values.
func (s *Templates) rules(kind string, given itsm.Patch) *rules {
	f := s.kinds[kind]
	if f == nil {
		return &rules{}
	}
	return f.of(f.pick(reading(given), true))
}

func (r *rules) names() []string {
	names := make([]string, len(r.templates))
	for i, t := range r.templates {
		names[i] = t.Name
	}
	return names
}
