package itsm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Unit is a handler's or hook's hand in the transaction: the instant, the actor, and what may be done beside writing
// the record. It belongs to the goroutine that it was given to and is dead when the handler returns.
type Unit struct {
	tx    *tx
	touch *touch
	actor *Actor
	depth int
	at    *attempt
	hook  string // whose hand it is
}

// Context is the call's context.
func (u *Unit) Context() context.Context { return u.tx.ctx }

// Now is the instant of the command, the same in every try.
func (u *Unit) Now() time.Time { return u.tx.now() }

// Actor is who acts: in hooks the system on behalf of who caused it.
func (u *Unit) Actor() Actor { return *u.actor }

// Principal is the actor who gave the command that the transaction runs, with its roles: also in hooks, where the system
// acts on its behalf. Where a timer fired it is the system.
func (u *Unit) Principal() Actor { return *u.tx.actor }

// Fired is the timer whose firing is this transaction, and nil for a call. It is only read.
func (u *Unit) Fired() *Timer { return u.tx.fired }

// Events names what happened to the record at hand in this transaction so far, in order, such as "incident.resolved". The
// list is the unit's own: it is only read, and not kept.
func (u *Unit) Events() []string { return slices.Clip(u.touch.events) }

// Acts lists the acts on the record at hand in this transaction so far, in order. It is only read, and not kept.
func (u *Unit) Acts() []lifecycle.Trigger { return slices.Clip(u.touch.acts) }

// Directory is the kernel's.
func (u *Unit) Directory() Directory { return u.tx.k.directory }

// Ref names the record at hand.
func (u *Unit) Ref() Ref { return u.touch.key.Ref() }

// Record is a copy of the record at hand as it stands in the transaction.
func (u *Unit) Record() Record { return u.touch.kind.clone(u.touch.current()) }

// Before is the record as it was before the act at hand; nil while it is being made, and in Permitted. A guard on the
// result compares with it.
func (u *Unit) Before() Record {
	if u.at == nil {
		return nil
	}
	return u.at.before
}

// Input is a pointer to the input of the act at hand, for guards; nil in Permitted, where there is none.
func (u *Unit) Input() any {
	if u.at == nil {
		return nil
	}
	return u.at.in
}

// Trigger is the trigger of the act at hand; empty in hooks that see an act from outside, and in conditions of an edit that
// comes with another command.
func (u *Unit) Trigger() lifecycle.Trigger {
	if u.at == nil || u.at.h == nil {
		return ""
	}
	return u.at.h.trigger
}

// Get answers a copy of a record as it stands in the transaction. It becomes part of what the transaction depends
// on: where somebody else writes it meanwhile, the command runs again.
func (u *Unit) Get(ref Ref) (Record, error) {
	t, err := u.tx.reach(Key{Tenant: u.tx.actor.Tenant, Kind: ref.Kind, ID: ref.ID})
	if err != nil {
		return nil, err
	}
	return t.kind.clone(t.current()), nil
}

// LookAt shows a record as it stands in the transaction, without a copy: look reads it, and keeps and changes nothing.
// The transaction depends on it as after [Unit.Get].
func (u *Unit) LookAt(ref Ref, look func(Record)) error {
	t, err := u.tx.reach(Key{Tenant: u.tx.actor.Tenant, Kind: ref.Kind, ID: ref.ID})
	if err == nil {
		look(t.current())
	}
	return err
}

// Do gives a command to a record in the same transaction. In hooks, and in handlers for other records, it is the
// system that acts on behalf of the actor. After an error the transaction changes nothing, whether it is returned or not: a refusal that is to be borne takes [Unit.Try].
func (u *Unit) Do(ref Ref, t lifecycle.Trigger, in any, with ...Option) error {
	return u.tx.note(u.do(ref, t, in, with))
}

func (u *Unit) do(ref Ref, t lifecycle.Trigger, in any, with []Option) error {
	x := u.tx
	kd, h, err := x.k.handler(ref.Kind, t)
	if err != nil {
		return err
	}
	boxed, err := h.box(in)
	if err != nil {
		return err
	}
	key := Key{Tenant: x.actor.Tenant, Kind: ref.Kind, ID: ref.ID}
	touched, err := x.reach(key)
	if err != nil {
		return err
	}
	options := u.collect(with)
	if err := options.inside(touched); err != nil {
		return err
	}
	return x.act(touched, kd, h, boxed, &options, u.deputy(), u.depth+1, u.touch)
}

// Create makes a record in the same transaction, by the system on behalf of the actor, and names it.
func (u *Unit) Create(kind string, t lifecycle.Trigger, in any, with ...Option) (Ref, error) {
	ref, err := u.create(kind, t, in, with)
	return ref, u.tx.note(err)
}

func (u *Unit) create(kind string, t lifecycle.Trigger, in any, with []Option) (Ref, error) {
	x := u.tx
	kd, h, err := x.k.handler(kind, t)
	if err != nil {
		return Ref{}, err
	}
	if !h.creates {
		return Ref{}, Invalid("trigger", string(t)+" makes no record")
	}
	boxed, err := h.box(in)
	if err != nil {
		return Ref{}, err
	}
	id, err := x.newNumber(kd)
	if err != nil {
		return Ref{}, err
	}
	options := u.collect(with)
	if err := options.inside(nil); err != nil {
		return Ref{}, err
	}
	made, err := x.create(kd, h, id, boxed, &options, u.deputy(), u.depth+1, u.touch)
	if err != nil {
		return Ref{}, err
	}
	return made.key.Ref(), nil
}

func (u *Unit) collect(with []Option) call {
	c := collect(with)
	c.by = u.hook
	return c
}

// Ensure makes a record of a given number where there is none, by the system on behalf of the actor: for what a tenant
// has one of by its name. Where somebody else makes it meanwhile, the command runs again and finds it.
func (u *Unit) Ensure(ref Ref, t lifecycle.Trigger, in any) error {
	return u.tx.note(u.ensure(ref, t, in))
}

func (u *Unit) ensure(ref Ref, t lifecycle.Trigger, in any) error {
	x := u.tx
	if _, err := u.Get(ref); err == nil || !errors.Is(err, ErrNotFound) {
		return err
	}
	kd, h, err := x.k.handler(ref.Kind, t)
	if err != nil {
		return err
	}
	if !h.creates || ref.ID == "" {
		return Invalid("trigger", string(t)+" makes no record, or the record has no number")
	}
	if err := checkText(ref.ID); err != nil {
		return err
	}
	boxed, err := h.box(in)
	if err != nil {
		return err
	}
	x.ensured = true
	options := u.collect(nil)
	_, err = x.create(kd, h, ref.ID, boxed, &options, u.deputy(), u.depth+1, u.touch)
	return err
}

// Try is Do for a propagation: where the target refuses, what the act did is undone, the refusal is written on the
// target as an event for a person to see, and answered. Only another error must be returned.
func (u *Unit) Try(ref Ref, t lifecycle.Trigger, in any, with ...Option) (*lifecycle.Refusal, error) {
	x := u.tx
	mark, failed, waiting := x.mark(), x.failed, len(x.later)
	x.failed = nil
	err := u.Do(ref, t, in, with...)
	x.unmark()
	if err == nil {
		err = x.failed // an act within it failed, and nobody said so
	}
	if err == nil {
		x.failed = failed
		x.settle()
		return nil, nil
	}
	refusal, ok := errors.AsType[*lifecycle.Refusal](err)
	if !ok {
		return nil, err
	}
	x.undoTo(mark)
	clear(x.later[waiting:])
	x.failed, x.later = failed, x.later[:waiting]
	touched, err := x.reach(Key{Tenant: x.actor.Tenant, Kind: ref.Kind, ID: ref.ID})
	if err != nil {
		return refusal, err
	}
	if err := x.refuse(touched, refusal, u.deputy(), u.touch); err != nil {
		return refusal, err
	}
	return refusal, nil
}

// Later does something in the same transaction, when the command that runs now and all hooks have ended, in the order
// in which it was asked for: for what goes on from record to record, however far. The unit that it gets is on the
// record at hand, and acts for the system on behalf of who gave the command. In all that one act leads to, work of the
// same key is done once on a record, so that nothing goes round in circles. A refusal from [Unit.Try] undoes what its
// act left for later, too.
func (u *Unit) Later(key string, do func(u *Unit) error) {
	x := u.tx
	l := later{laterKey{u.touch, key, len(x.later)}, do}
	if x.working != nil {
		l.root = x.working.root
		if _, again := x.begun[l.laterKey]; again {
			return
		}
	}
	if x.begun == nil {
		x.begun = map[laterKey]struct{}{}
	}
	x.begun[l.laterKey] = struct{}{}
	x.later = append(x.later, l)
}

// Hops is how often the propagation that goes on now was cut into another transaction before; see [Propagation].
func (u *Unit) Hops() int { return u.tx.hops }

// Reach is how many records the transaction has read or written: what it costs in memory.
func (u *Unit) Reach() int { return len(u.tx.touched) }

// Historic reports whether the command is played with a historic instant: what followed from it is played as well.
func (u *Unit) Historic() bool { return u.tx.historic }

// Preset fills those fields of the input at hand that were left empty, by the names that the lifecycle's table knows
// them by; what came with the command as an option stays as well. A handler gives a pointer to its input.
func (u *Unit) Preset(in any, values Patch) error {
	if u.at == nil || u.at.h == nil || u.at.h.input == nil || reflect.TypeOf(in) != reflect.PointerTo(u.at.h.typ) {
		return Invalid("input", "only the input of the act at hand is filled")
	}
	left := make(Patch, len(values))
	for name, v := range values {
		if u.given(in, name).IsZero() {
			left[name] = v
			u.at.preset = append(u.at.preset, name)
		}
	}
	return u.at.h.fill(in, left, true)
}

// Given answers a field that came with the act at hand, by its name: in its input, or as an option. None is one that did
// not come, or that a rule filled in by [Unit.Preset].
func (u *Unit) Given(name string) field.Value {
	if u.at == nil || u.at.h == nil || slices.Contains(u.at.preset, name) {
		return field.Value{}
	}
	return u.given(u.at.in, name)
}

// given answers an option, or else a field of an input.
func (u *Unit) given(in any, name string) field.Value {
	if c := u.at.with; c != nil {
		switch v := c.patch[name]; {
		case !v.IsZero():
			return v
		case name == "group" && c.group != "":
			return field.Text(c.group)
		case name == "assignee" && c.assignee != "":
			return field.Text(c.assignee)
		}
	}
	return u.at.h.value(in, name)
}

// Value answers a column of a record by its name, such as "resolution.code"; none for one that its kind does not have.
func (u *Unit) Value(r Record, column string) field.Value {
	if kd := u.tx.k.kinds[r.Header().Kind]; kd != nil {
		return kd.Value(r, column)
	}
	return field.Value{}
}

// InputValue answers a value that a command brought, by its name: c.Input is of the trigger c.Trigger of the record's
// kind. None where there is no such input.
func (u *Unit) InputValue(c Change, name string) field.Value {
	kd := u.tx.k.kinds[c.After.Header().Kind]
	if kd == nil || c.Input == nil {
		return field.Value{}
	}
	h := kd.handlers[c.Trigger]
	if h == nil || reflect.TypeOf(c.Input) != reflect.PointerTo(h.typ) {
		return field.Value{}
	}
	return h.value(c.Input, name)
}

// Query answers records of a kind in the tenant as they are stored, without what this transaction changed: up to the
// query's limit, whoever the actor is. The transaction does not depend on them: where that matters, [Unit.Get] them.
func (u *Unit) Query(kind string, q Query) ([]Record, error) {
	kd, sq, err := u.storeQuery(kind, &q)
	if err != nil {
		return nil, err
	}
	u.tx.ranged = true
	snap, err := u.tx.snapshot()
	if err != nil {
		return nil, err
	}
	found, err := snap.Query(u.tx.ctx, nil, sq)
	for i, rec := range found {
		found[i] = kd.clone(rec)
	}
	return found, err
}

// Count answers how many records Query would find without a limit.
func (u *Unit) Count(kind string, f Filter) (int64, error) {
	_, sq, err := u.storeQuery(kind, &Query{Filter: &f})
	if err != nil {
		return 0, err
	}
	u.tx.ranged = true
	snap, err := u.tx.snapshot()
	if err != nil {
		return 0, err
	}
	return snap.Count(u.tx.ctx, sq)
}

func (u *Unit) storeQuery(of string, q *Query) (*kind, *StoreQuery, error) {
	kd, err := u.tx.k.kindOf(of)
	if err != nil {
		return nil, nil, err
	}
	sq, err := kd.storeQuery(u.tx.actor.Tenant, q)
	return kd, sq, err
}

// Fact writes something into the record's event that is no field of it, such as the level that a clock reached. Names
// are of lower-case letters, digits and underscores; those that the kernel's own audit reads are refused.
func (u *Unit) Fact(name string, v any) error {
	if !isName(name) || name == factErased || name == factRemoved {
		return Invalid("fact", fmt.Sprintf("%q cannot be the name of a fact", name))
	}
	text, err := factJSON(v)
	if err != nil {
		return err
	}
	u.touch.begin(u)
	u.touch.facts = append(u.touch.facts, fact{name: name, json: text})
	return nil
}

// factJSON is marshal, and takes JSON that is ready as it is.
func factJSON(v any) ([]byte, error) {
	raw, ready := v.(json.RawMessage)
	if !ready {
		return marshal(v)
	}
	if !json.Valid(raw) {
		return nil, Invalid("fact", "what is ready as JSON must be valid")
	}
	return slices.Clone(raw), checkJSON(raw)
}

// SetTimer makes the trigger fire on the record at an instant, by the system, with an input of the trigger's type or
// nil. A timer of the same name is moved.
func (u *Unit) SetTimer(name string, due time.Time, t lifecycle.Trigger, in any) error {
	_, h, err := u.tx.k.handler(u.touch.key.Kind, t)
	if err != nil {
		return err
	}
	timer := Timer{Key: u.touch.key, Name: name, Due: due.UTC(), Trigger: string(t)}
	if in != nil {
		boxed, err := h.box(in)
		if err != nil {
			return err
		}
		text, err := marshal(boxed)
		if err != nil {
			return err
		}
		timer.Input = string(text)
	}
	u.touch.begin(u)
	if u.Suppresses(due) {
		u.touch.facts = append(u.touch.facts, fact{name: factSuppressed, json: field.Text(name).AppendJSON(nil)})
		u.touch.timer(Timer{Key: u.touch.key, Name: name}, true)
		return nil
	}
	u.touch.timer(timer, false)
	return nil
}

// Concern names a person whom the event is about, beside its actor: who is told, who was mentioned. The name is sealed
// like every personal value; [Entry.People] reads it, each person once.
func (u *Unit) Concern(person string) error {
	if err := checkText(person); err != nil || slices.Contains(u.touch.people, person) {
		return err
	}
	u.touch.begin(u)
	u.touch.people = append(u.touch.people, person)
	return nil
}

// Suppresses reports whether a timer due at that instant would never fire, because the command is historic and the
// instant has passed.
func (u *Unit) Suppresses(due time.Time) bool {
	return u.tx.historic && !due.After(u.tx.clockNow())
}

// Links answers the links of the record at hand as they are stored, without those that this transaction added.
func (u *Unit) Links() ([]Link, error) {
	return u.LinksOf(u.Ref(), 0, 0)
}

// LinksOf answers links of any record, as they are stored, with an id above after, up to limit (0 means all).
func (u *Unit) LinksOf(ref Ref, after int64, limit int) ([]Link, error) {
	u.tx.ranged = u.tx.ranged || ref != u.Ref()
	snap, err := u.tx.snapshot()
	if err != nil {
		return nil, err
	}
	rows, err := snap.Rows(u.tx.ctx, nil, Key{Tenant: u.tx.actor.Tenant, Kind: ref.Kind, ID: ref.ID}, Links, after, limit)
	if err != nil {
		return nil, err
	}
	links := make([]Link, len(rows))
	for i := range rows {
		if links[i], err = rows[i].link(); err != nil {
			return nil, err
		}
	}
	return links, nil
}

// CancelTimer takes a timer of the record away; there need not be one.
func (u *Unit) CancelTimer(name string) {
	u.touch.begin(u)
	u.touch.timer(Timer{Key: u.touch.key, Name: name}, true)
}

// AddRow hangs a row on the record: facts are written as a JSON object (nil for none), the text is personal data of the
// subject.
func (u *Unit) AddRow(kind RowKind, key string, facts any, subject, text string) error {
	r := Row{Kind: kind, Key: key, Facts: emptyObject}
	if facts != nil {
		var err error
		if r.Facts, err = marshal(facts); err != nil {
			return err
		}
	}
	value := field.Text(text)
	for _, v := range [...]field.Value{value, field.Text(key), field.Text(subject)} {
		if err := v.Check(); err != nil {
			return invalidValue(string(kind), err)
		}
	}
	if len(u.touch.rows) == maxRows {
		return Invalid(string(kind), "a command adds 65,536 rows at most: give several")
	}
	u.touch.begin(u)
	u.touch.addRow(u.tx, r, subject, value.AppendJSON(nil))
	return nil
}

// isName reports whether a text is what kinds and facts are called.
func isName(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

var emptyObject = []byte("{}")

// marshal writes JSON, and refuses text in it that a store could not keep: NUL, and what is no UTF-8, which the encoder
// would replace without a word.
func marshal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, ErrInvalid.because(err)
	}
	return text, checkJSON(text)
}

// checkJSON refuses JSON with text that is none.
func checkJSON(text []byte) error {
	for i := 0; i+5 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if code := string(text[i+1 : i+6]); code == "u0000" || code == "ufffd" {
			return ErrInvalid.because(field.ErrText)
		}
		i++ // what is escaped begins no escape
	}
	return nil
}

// RemoveRow takes a row of the record away; its trace stays in the events.
func (u *Unit) RemoveRow(id int64) {
	u.touch.begin(u)
	u.touch.removed = append(u.touch.removed, id)
	u.touch.facts = append(u.touch.facts, fact{name: factRemoved, json: field.Int(id).AppendJSON(nil)})
}

// History answers the events of the record at hand as they are stored, without what this transaction adds. It costs
// what it reads.
func (u *Unit) History() ([]Entry, error) {
	snap, err := u.tx.snapshot()
	if err != nil {
		return nil, err
	}
	events, err := snap.Events(u.tx.ctx, nil, u.touch.key, 0, 0)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(events))
	for i, e := range events {
		if entries[i], err = u.touch.kind.read(e); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// Require asks the authorizer whether the actor of the act at hand may do something to the record.
func (u *Unit) Require(v Verb) error {
	return u.tx.k.auth.Permit(u.tx.ctx, u.actor, Action{Kind: u.touch.key.Kind, Verb: v}, u.touch.current())
}

// RequireOn is Require for another record. One that the actor may not even read is not found.
func (u *Unit) RequireOn(ref Ref, v Verb) error {
	t, err := u.tx.reach(Key{Tenant: u.tx.actor.Tenant, Kind: ref.Kind, ID: ref.ID})
	if err != nil {
		return err
	}
	permit := func(v Verb) error {
		return u.tx.k.auth.Permit(u.tx.ctx, u.actor, Action{Kind: ref.Kind, Verb: v}, t.current())
	}
	if permit(Read) != nil {
		return ErrNotFound.with("record", ref.String(), "")
	}
	return permit(v)
}

// Rows answers rows of the record at hand as they are stored, without those that this transaction added.
func (u *Unit) Rows(kind RowKind, after int64, limit int) ([]Row, error) {
	snap, err := u.tx.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.Rows(u.tx.ctx, nil, u.touch.key, kind, after, limit)
}

// Added answers the rows that this transaction added to the record at hand so far, which [Unit.Rows] does not.
func (u *Unit) Added(kind RowKind) []Row {
	var rows []Row
	for _, r := range u.touch.rows {
		if r.Kind == kind {
			rows = append(rows, r)
		}
	}
	return rows
}

// deputy is the system on behalf of the actor.
func (u *Unit) deputy() *Actor {
	return u.tx.deputyOf(u.tx.actor)
}

func checkText(s string) error {
	if err := field.Text(s).Check(); err != nil {
		return ErrInvalid.because(err)
	}
	return nil
}
