package itsm

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Practice is a kind of record with its lifecycle and commands. P is a struct that embeds [Head] or [Ticket].
//
// Make one with [NewPractice]; declare its commands with [Create] and [Handle], and the functions that its tables name
// with [Practice.Guard] and [Practice.Choice]; all before [Kernel.Open].
type Practice[P any] struct {
	*Records[P]
	commented func(u *Unit, r *P, c Comment) error
}

// Records is what users of a practice get: reading, and the commands that every practice on tickets has. Practices
// embed it and add their own commands.
type Records[P any] struct {
	k    *Kernel
	kind *kind
	std  standard[P]
}

// Spec declares a practice.
type Spec struct {
	// Kind is the name of its records, such as "incident".
	Kind string
	// Series begins the records' numbers, such as "INC".
	Series string
	// Lifecycle is the table of the record's state, and Overlays change it, in order.
	Lifecycle lifecycle.Definition
	Overlays  []lifecycle.Overlay
	// Axes are further lifecycles, each on a field of type lifecycle.State named by its JSON name.
	Axes []Axis
	// Custom declares the custom fields of a ticket.
	Custom field.Schema
	// Editable names the fields that a [Patch] may set; custom fields always are.
	Editable []string
}

// Axis is a lifecycle beside the record's state.
type Axis struct {
	Field     string
	Lifecycle lifecycle.Definition
	// Sparse leaves the field empty in the initial state, so that records that never leave it cost nothing, and so that
	// a practice may get an axis when it has records already. Queries ask for it by [Column.Empty].
	Sparse bool
}

// NewPractice registers a kind. It refuses a record type with fields that have no value type, and a broken schema;
// lifecycles are checked by [Kernel.Open], when every handler and guard is known.
func NewPractice[P any](k *Kernel, s Spec) (*Practice[P], error) {
	if k.open {
		return nil, Invalid("kind", "register "+s.Kind+" before the kernel is opened")
	}
	if _, ok := any(new(P)).(Record); !ok {
		return nil, Invalid("kind", fmt.Sprintf("%T must embed itsm.Head or itsm.Ticket", *new(P)))
	}
	if !isName(s.Kind) || s.Series == "" {
		return nil, Invalid("kind", "give the practice a kind, in lower-case letters, digits and underscores, and a number series")
	}
	if k.kinds[s.Kind] != nil {
		return nil, Invalid("kind", fmt.Sprintf("the kind %q is registered twice", s.Kind))
	}
	p, err := plan.Of(reflect.TypeFor[P]())
	if err != nil {
		return nil, ErrInvalid.because(err)
	}
	for _, f := range p.Fields {
		if f.Personal && f.Subject == "" && f.Kind == field.KindList {
			return nil, Invalid(f.Name, "a list of people cannot be erased one by one: keep them as rows")
		}
	}
	schema, err := s.Custom.Compile()
	if err != nil {
		return nil, ErrInvalid.because(err)
	}
	for _, d := range s.Custom.Fields {
		if d.Personal && p.Index("caller") < 0 {
			return nil, Invalid("custom."+d.Name, "a personal custom field is the caller's, and "+s.Kind+" has no field caller")
		}
	}
	if len(s.Custom.Fields) > 0 && p.Custom() < 0 {
		return nil, Invalid("custom", s.Kind+" has nowhere to keep custom fields: embed itsm.Ticket, or a field of type field.Fields")
	}
	kd := newKind[P](s.Kind, p, schema)
	kd.series = s.Series
	table := s.Lifecycle
	if len(s.Overlays) > 0 {
		if table, err = s.Lifecycle.With(s.Overlays...); err != nil {
			return nil, ErrInvalid.because(err)
		}
	}
	kd.axes = append(kd.axes, &axis{definition: table, main: true})
	for _, row := range s.Lifecycle.Triggers {
		kd.base[row.Name] = true
	}
	for _, a := range s.Axes {
		i := p.Index(a.Field)
		if i < 0 || p.Fields[i].Type != reflect.TypeFor[lifecycle.State]() {
			return nil, Invalid("axis", fmt.Sprintf("%s has no field %q of type lifecycle.State", s.Kind, a.Field))
		}
		kd.axes = append(kd.axes, &axis{definition: a.Lifecycle, field: i, sparse: a.Sparse})
	}
	for _, name := range s.Editable {
		if p.Index(name) < 0 {
			return nil, Invalid("editable", fmt.Sprintf("%s has no field %q", s.Kind, name))
		}
		kd.editable[name] = true
	}
	kd.describe()
	k.kinds[s.Kind] = kd
	return &Practice[P]{Records: &Records[P]{k: k, kind: kd}}, nil
}

// newKind makes a kind of records of type P.
func newKind[P any](name string, p *plan.Plan, schema *field.Compiled) *kind {
	return &kind{
		name:     name,
		plan:     p,
		schema:   schema,
		customAt: p.Custom(),
		editable: map[string]bool{},
		base:     map[lifecycle.Trigger]bool{},
		handlers: map[lifecycle.Trigger]*handler{},
		guards:   map[string]lifecycle.Guard[*attempt]{},
		choices:  map[string]func(*attempt) lifecycle.State{},
		zero:     any(new(P)).(Record),
		fresh:    func() Record { return any(new(P)).(Record) },
		clone: func(r Record) Record {
			c := new(P)
			*c = *any(r).(*P)
			p.Detach(plan.Pointer(c))
			return any(c).(Record)
		},
		restore: func(dst, src Record) { *any(dst).(*P) = *any(src).(*P) },
	}
}

// Kernel answers the practice's kernel.
func (r *Records[P]) Kernel() *Kernel { return r.k }

// Kind is the name of the practice's records.
func (r *Records[P]) Kind() string { return r.kind.name }

// Lifecycle answers the table of the record's state.
func (r *Records[P]) Lifecycle() lifecycle.Definition { return r.kind.axes[0].table() }

// Ref names one of the practice's records.
func (r *Records[P]) Ref(id string) Ref { return Ref{Kind: r.kind.name, ID: id} }

// Guard gives a name in the tables its function. It answers nil where it holds. It reads the record and, through the
// unit, the time, the actor and the input; it never asks the store.
func (p *Practice[P]) Guard(name string, holds func(u *Unit, r *P) *lifecycle.Reason) {
	if p.kind.guards[name] != nil {
		p.kind.faults = append(p.kind.faults, fmt.Errorf("%s: the guard %q is registered twice", p.kind.name, name))
	}
	p.kind.guards[name] = func(a *attempt) *lifecycle.Reason { return holds(&a.unit, any(a.rec).(*P)) }
}

// Choice gives a name in the tables the function that picks a target.
func (p *Practice[P]) Choice(name string, choose func(u *Unit, r *P) lifecycle.State) {
	if p.kind.choices[name] != nil {
		p.kind.faults = append(p.kind.faults, fmt.Errorf("%s: the choice %q is registered twice", p.kind.name, name))
	}
	p.kind.choices[name] = func(a *attempt) lifecycle.State { return choose(&a.unit, any(a.rec).(*P)) }
}

// Keep registers what runs after each act on a record of the practice, in its new state, before what the record must
// have is asked and before hooks look: it keeps derived fields, timers, and other records in step. Before is nil for a
// new record, and is only read. A practice has one.
func (p *Practice[P]) Keep(keep func(u *Unit, before, after *P) error) {
	if p.kind.keep != nil {
		p.kind.faults = append(p.kind.faults, fmt.Errorf("%s: Keep is registered twice", p.kind.name))
	}
	p.kind.keep = func(u *Unit, before, after Record) error {
		was, _ := any(before).(*P)
		return keep(u, was, any(after).(*P))
	}
}

// Command is a trigger with the type of its input.
type Command[P, In any] struct {
	p *Practice[P]
	h *handler
}

// Handle registers what a trigger does to a record: it writes the input into the record, and may add rows, timers and
// acts on other records through the unit. The state is moved by the kernel. An error changes nothing; handlers must
// have no effect outside the unit, because a command that lost a race runs again.
func Handle[P, In any](p *Practice[P], t lifecycle.Trigger, run func(u *Unit, r *P, in In) error) Command[P, In] {
	return Command[P, In]{p: p, h: register(p, t, "", run)}
}

// ShareKeys lets commands know each other's idempotency keys: for those of which a caller means one and the state of
// the record picks which. Their inputs are of one type.
func (p *Practice[P]) ShareKeys(first lifecycle.Trigger, others ...lifecycle.Trigger) {
	for _, t := range append(others, first) {
		if h := p.kind.handlers[t]; h != nil {
			h.keys = string(first)
		}
	}
}

// Creation is a command that makes a record.
type Creation[P, In any] struct {
	p *Practice[P]
	h *handler
}

// Create registers what makes a record, and the word for what has then happened: report, reported. The record begins
// in its lifecycle's initial state.
func Create[P, In any](p *Practice[P], t lifecycle.Trigger, past string, run func(u *Unit, r *P, in In) error) Creation[P, In] {
	return Creation[P, In]{p: p, h: register(p, t, past, run)}
}

func register[P, In any](p *Practice[P], t lifecycle.Trigger, past string, run func(u *Unit, r *P, in In) error) *handler {
	kd := p.kind
	h := &handler{
		trigger: t,
		action:  Action{Kind: kd.name, Verb: Verb(t)},
		event:   kd.name + "." + past,
		keys:    string(t),
		creates: past != "",
		typ:     reflect.TypeFor[In](),
		zero:    func() any { return new(In) },
		run:     func(u *Unit, rec Record, in any) error { return run(u, any(rec).(*P), *in.(*In)) },
	}
	switch {
	case p.k.open:
		p.k.fault("%s: register %q before the kernel is opened", kd.name, t)
		h.late = true
		return h
	case kd.handlers[t] != nil:
		kd.faults = append(kd.faults, fmt.Errorf("%s: %q is registered twice", kd.name, t))
	}
	if h.typ.Kind() == reflect.Struct {
		input, err := plan.OfInput(h.typ)
		if err != nil {
			kd.faults = append(kd.faults, fmt.Errorf("%s: input of %q: %w", kd.name, t, err))
		}
		h.input = input
	}
	kd.handlers[t] = h
	return h
}

// Do gives the command. It answers the record as it then is: a copy that is the caller's own.
//
// Errors: [ErrNoActor], [ErrNotFound], [ErrDenied], [ErrRefused] with a *lifecycle.Refusal that lists every reason,
// [ErrInvalid], [ErrConflict], [ErrKeyReused], and the context's. After an error nothing was changed.
func (c Command[P, In]) Do(ctx context.Context, id string, in In, with ...Option) (P, error) {
	rec, err := c.p.k.do(ctx, c.p.kind, c.h, id, &in, with)
	return c.p.own(rec, err)
}

// Explain answers the error that Do would answer now, or nil. It is the same code, and writes nothing.
func (c Command[P, In]) Explain(ctx context.Context, id string, in In, with ...Option) error {
	return c.p.k.explain(ctx, c.p.kind, c.h, id, &in, with)
}

// Do makes the record. The errors are those of [Command.Do], and ErrExists for a given number that is taken.
func (c Creation[P, In]) Do(ctx context.Context, in In, with ...Option) (P, error) {
	rec, err := c.p.k.do(ctx, c.p.kind, c.h, "", &in, with)
	return c.p.own(rec, err)
}

// Explain answers the error that Do would answer now, or nil, and makes nothing.
func (c Creation[P, In]) Explain(ctx context.Context, in In, with ...Option) error {
	return c.p.k.explain(ctx, c.p.kind, c.h, "", &in, with)
}

// own copies a committed record for the caller.
func (r *Records[P]) own(rec Record, err error) (P, error) {
	if err != nil {
		var none P
		return none, err
	}
	own := *any(rec).(*P)
	r.kind.plan.Detach(plan.Pointer(&own))
	return own, nil
}

// Option changes one call.
type Option func(*call)

// call collects a call's options.
type call struct {
	expect   int64
	key      string
	group    string
	assignee string
	patch    Patch
	follows  Ref
	notes    []note
	by       string // the hook that gave it
	fault    error  // of an option
	number   string
	at       int64 // unix nanoseconds, where historic
	historic bool
	unreal   bool // at is no instant that a store can hold
	repeated *bool
	digest   Digest // of the input, where digested
	digested bool
}

// inside refuses the options that mean nothing to a command within another's transaction. The record is nil where one
// is made.
func (c *call) inside(t *touch) error {
	switch {
	case c.fault != nil:
		return c.fault
	case c.key != "", c.historic, c.number != "":
		return Invalid("options", "Once, At and WithNumber belong to the caller's command, not to one within it")
	case c.expect != 0 && t == nil:
		return Invalid("options", "IfVersion means nothing to a record that is made")
	case c.expect != 0 && c.expect != t.version():
		return ErrConflict.with("record", t.key.Ref().String(), "")
	}
	return nil
}

// IfVersion refuses the command with ErrConflict where the record has another version. The kernel tries again only where
// another record was written first, or the command's own idempotency key.
func IfVersion(version int64) Option {
	return func(c *call) {
		if c.expect = version; version <= 0 {
			c.fault = Invalid("IfVersion", "a record that is there has a version above 0")
		}
	}
}

// Once gives the command an idempotency key: given again with the same input by the same actor it changes nothing and
// answers the record as it now is, and with another input, record or option it is ErrKeyReused. [IfVersion] does not
// count as input.
func Once(key string) Option {
	return func(c *call) {
		if c.key = key; key == "" {
			c.fault = Invalid("Once", "an idempotency key is not empty")
		}
	}
}

// OnceOf is [Once] for who has the digest of what the command brings: it stands for the input, the record and the options,
// none of which is looked at. So a key that had been used for another record answers that one.
func OnceOf(key string, input Digest) Option {
	return func(c *call) {
		Once(key)(c)
		c.digest, c.digested = input, true
	}
}

// Repeated says whether a command with an idempotency key had been done before, and changed nothing now.
func Repeated(was *bool) Option { return func(c *call) { c.repeated = was } }

// To hands the ticket to a group and an assignee with the command. Empty leaves what is there, but a new group without
// an assignee clears the former one. The actor needs the verb
// of [TriggerEdit], and the table must let the record be edited in the state before the command or after it.
func To(group, assignee string) Option {
	return func(c *call) { c.group, c.assignee = group, assignee }
}

// With sets fields together with the command, as [Records.Edit] would. The actor needs the verb of [TriggerEdit], and
// the table must let the record be edited in the state before the command or after it.
func With(patch Patch) Option { return func(c *call) { c.patch = patch } }

// Following marks a command within a transaction as one that another record's change brought about: where it moves the
// ticket, [Ticket.Follows] says so. Only a [Unit] takes it.
func Following(source Ref) Option { return func(c *call) { c.follows = source } }

// Noting writes a fact, as [Unit.Fact] does, into the event of the record that a command within a transaction acts on or
// makes: where what came of a rule is to say so. Only a [Unit] takes it.
func Noting(name string, v any) Option {
	return func(c *call) { c.notes = append(c.notes, note{name, v}) }
}

// note is a fact that comes with a command.
type note struct {
	name  string
	value any
}

// WithNumber gives a new record its number, for an import. The actor needs the verb [Import].
func WithNumber(id string) Option {
	return func(c *call) {
		if c.number = id; strings.TrimSpace(id) == "" || len(id) > maxNumber {
			c.fault = Invalid("WithNumber", "a number has 1 to 100 bytes, not only white space")
		}
	}
}

const maxNumber = 100
