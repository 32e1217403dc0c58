package itsm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// At gives the command a historic instant, for an import: not before the record's last event, and not in the future.
// Timers that would already have fired are noted as suppressed and never fire. The actor needs the verb [Import].
func At(instant time.Time) Option {
	return func(c *call) {
		c.at, c.historic = instant.UnixNano(), true
		c.unreal = instant.Before(field.MinInstant()) || instant.After(field.MaxInstant())
	}
}

func collect(options []Option) call {
	var c call
	c.take(options)
	return c
}

func (c *call) take(options []Option) {
	for _, o := range options {
		if o != nil {
			o(c)
		}
	}
}

// Do gives a command by its name: the door for rules, bulk commands and integrations. The input is the type that the
// trigger was registered with, a pointer to it, or nil for its zero value. A trigger that makes a record takes a
// ref with the kind alone. A [Patch] gives an input that is a struct by the names of its fields, as tables of rules,
// macros and forms do. It answers the record as it then is, which is a copy.
func (k *Kernel) Do(ctx context.Context, ref Ref, t lifecycle.Trigger, in any, with ...Option) (Record, error) {
	kd, h, boxed, err := k.named(ref.Kind, t, in)
	if err != nil {
		return nil, err
	}
	return kd.copied(k.do(ctx, kd, h, ref.ID, boxed, with))
}

// Explain answers the error that Do would answer now, or nil, and writes nothing.
func (k *Kernel) Explain(ctx context.Context, ref Ref, t lifecycle.Trigger, in any, with ...Option) error {
	kd, h, boxed, err := k.named(ref.Kind, t, in)
	if err != nil {
		return err
	}
	return k.explain(ctx, kd, h, ref.ID, boxed, with)
}

// Outcome is what a bulk command did to one record.
type Outcome struct {
	Ref     Ref
	Version int64
	Err     error
}

// Bulk gives one command to many records, each in a transaction of its own, and reports each. It ends early only when
// the context does: the rest is then reported with its error. An idempotency key holds for each record by itself.
func (k *Kernel) Bulk(ctx context.Context, refs []Ref, t lifecycle.Trigger, in any, with ...Option) []Outcome {
	report := make([]Outcome, len(refs))
	for i, ref := range refs {
		report[i].Ref = ref
		if err := ctx.Err(); err != nil {
			report[i].Err = err
			continue
		}
		rec, err := k.Do(ctx, ref, t, in, append(slices.Clip(with), func(c *call) {
			if c.key != "" {
				c.key += " " + ref.String()
			}
		})...)
		if err != nil {
			report[i].Err = err
			continue
		}
		report[i].Version = rec.Header().Version
	}
	return report
}

func (k *Kernel) named(kind string, t lifecycle.Trigger, in any) (*kind, *handler, any, error) {
	kd, h, err := k.handler(kind, t)
	if err != nil {
		return nil, nil, nil, err
	}
	boxed, err := h.box(in)
	return kd, h, boxed, err
}

func (k *Kernel) handler(kind string, t lifecycle.Trigger) (*kind, *handler, error) {
	kd, err := k.livingKind(kind)
	if err != nil {
		return nil, nil, err
	}
	h := kd.handlers[t]
	if h == nil {
		return nil, nil, Invalid("trigger", fmt.Sprintf("%s has no trigger %q", kind, t))
	}
	return kd, h, nil
}

// do runs a command to its end. An empty id makes a record.
func (k *Kernel) do(ctx context.Context, kd *kind, h *handler, id string, in any, with []Option) (rec Record, err error) {
	x, err := k.prepare(ctx, kd, h, id, with)
	if err != nil {
		return nil, err
	}
	defer x.leave(&err)
	receipt, err := x.receiptFor(h, id, in)
	if err != nil {
		return nil, err
	}
	err = x.retry(x.call.expect != 0, func() error {
		var err error
		rec, err = x.try(kd, h, id, in, receipt)
		return err
	})
	if err != nil {
		return nil, err
	}
	return x.masked(kd, rec), nil
}

func (k *Kernel) explain(ctx context.Context, kd *kind, h *handler, id string, in any, with []Option) (err error) {
	x, err := k.prepare(ctx, kd, h, id, with)
	if err != nil {
		return err
	}
	defer x.leave(&err)
	receipt, err := x.receiptFor(h, id, in)
	if err != nil {
		return err
	}
	x.dry = true
	return x.retry(true, func() error {
		_, err := x.try(kd, h, id, in, receipt)
		return err
	})
}

// prepare checks what can be checked before the first try.
func (k *Kernel) prepare(ctx context.Context, kd *kind, h *handler, id string, with []Option) (*tx, error) {
	actor, err := actorFrom(ctx)
	if err != nil {
		return nil, err
	}
	if !k.open {
		return nil, Invalid("kernel", "call Open before the first command")
	}
	if h.late {
		return nil, Invalid("trigger", fmt.Sprintf("%q was registered after the kernel was opened", h.trigger))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, name := range [...]string{actor.ID, actor.Tenant, actor.OnBehalfOf} {
		if err := checkText(name); err != nil {
			return nil, err
		}
	}
	x, err := k.begin(ctx, actor)
	if err != nil {
		return nil, err
	}
	x.call.take(with)
	if err := x.ready(kd, h, id); err != nil {
		x.end()
		return nil, err
	}
	return x, nil
}

// ready refuses options and ids that do not fit the command, and imports that the actor may not make.
func (x *tx) ready(kd *kind, h *handler, id string) error {
	c := &x.call
	switch {
	case c.fault != nil:
		return c.fault
	case !c.follows.IsZero():
		return Invalid("Following", "only what follows within a transaction is marked so")
	case len(c.notes) > 0:
		return Invalid("Noting", "only a command within a transaction carries facts")
	case id == "" && !h.creates:
		return ErrNotFound.with("kind", kd.name, "give the record's id")
	case id != "" && h.creates:
		return Invalid("id", "a new record takes its number from the desk, or from WithNumber: name the kind alone")
	case c.expect != 0 && h.creates, c.number != "" && !h.creates:
		return Invalid("options", "IfVersion is for records that are there, WithNumber for new ones")
	}
	if c.historic || c.number != "" {
		if err := x.k.auth.Permit(x.ctx, x.actor, Action{Kind: kd.name, Verb: Import}, nil); err != nil {
			return err
		}
	}
	if !c.historic {
		return nil
	}
	x.historic, x.instant = true, time.Unix(0, c.at).UTC()
	switch {
	case c.unreal:
		return Invalid("At", "give an instant between the years 1677 and 2262")
	case x.instant.After(x.clockNow()):
		return Invalid("At", "a historic instant cannot be in the future")
	}
	return nil
}

// leave ends the transaction, and turns a panic of a handler into an error: nothing was written then, and the
// transaction's buffers are not used again.
func (x *tx) leave(err *error) {
	if r := recover(); r != nil {
		*err = &Error{Code: ErrPanic.Code, Message: ErrPanic.Message, Cause: fmt.Errorf("%v", r)}
		x.closeSnapshot()
		return
	}
	x.end()
}

// try is one run of a command against a fresh snapshot.
func (x *tx) try(kd *kind, h *handler, id string, in any, receipt *Receipt) (Record, error) {
	if receipt != nil {
		done, err := x.done(receipt)
		if x.call.repeated != nil {
			*x.call.repeated = done != nil
		}
		if done != nil || err != nil {
			return done, err
		}
	}
	options := &x.call
	var t *touch
	var err error
	if h.creates {
		if id, err = x.newNumber(kd); err != nil {
			return nil, err
		}
		t, err = x.create(kd, h, id, in, options, x.actor, 0, nil)
	} else {
		t, err = x.load(kd, h, id, options)
		if err == nil {
			err = x.act(t, kd, h, in, options, x.actor, 0, nil)
		}
	}
	if err != nil {
		return nil, err
	}
	if err := x.conclude(); err != nil {
		return nil, err
	}
	if err := x.commit(receipt, nil); err != nil {
		return nil, err
	}
	return t.current(), nil
}

// load finds the record of a command; one that the actor may not even read is not found.
func (x *tx) load(kd *kind, h *handler, id string, with *call) (*touch, error) {
	t, err := x.reach(Key{Tenant: x.actor.Tenant, Kind: kd.name, ID: id})
	if err != nil {
		return nil, err
	}
	head := t.before.Header()
	if err := x.k.auth.Permit(x.ctx, x.actor, h.action, t.before); err != nil {
		if x.k.auth.Permit(x.ctx, x.actor, Action{Kind: kd.name, Verb: Read}, t.before) != nil {
			return nil, ErrNotFound.with("record", t.key.Ref().String(), "")
		}
		return nil, err
	}
	if with.expect != 0 && head.Version != with.expect {
		return nil, &Error{Code: ErrConflict.Code, Message: ErrConflict.Message, Args: map[string]string{
			"record": t.key.Ref().String(), "expected": strconv.FormatInt(with.expect, 10), "found": strconv.FormatInt(head.Version, 10),
		}}
	}
	if x.historic && x.instant.Before(head.UpdatedAt) {
		return nil, Invalid("At", "a historic instant cannot be before the record's last event at "+head.UpdatedAt.Format(time.RFC3339Nano))
	}
	return t, nil
}

// newNumber takes the numbers of a command once, not per try.
func (x *tx) newNumber(kd *kind) (string, error) {
	n := x.created
	x.created++
	switch {
	case n < len(x.numbers):
		return x.numbers[n], nil
	case n == 0 && x.call.number != "":
		if err := checkText(x.call.number); err != nil {
			return "", err
		}
		if err := x.pass(kd, x.call.number); err != nil {
			return "", err
		}
		x.numbers = append(x.numbers, x.call.number)
	case x.dry:
		x.numbers = append(x.numbers, kd.series+"?"+strconv.Itoa(n)) // no two alike, and none that there is
	default:
		next, err := x.store.Number(x.ctx, x.actor.Tenant, kd.series, 0)
		if err != nil {
			return "", err
		}
		x.numbers = append(x.numbers, number(kd.series, next))
	}
	return x.numbers[n], nil
}

// pass raises the series above a given number of its own form, so that the desk's numbers go on behind it.
func (x *tx) pass(kd *kind, given string) error {
	digits, ok := strings.CutPrefix(given, kd.series)
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || n < 1 || n > maxGiven || x.dry {
		return nil
	}
	_, err = x.store.Number(x.ctx, x.actor.Tenant, kd.series, n-1) // which is n itself, or burns one where the desk is past it
	return err
}

// maxGiven bounds the given numbers that raise a series: one far ahead must not use it up.
const maxGiven = 1 << 53

// renumber gives up numbers that turned out to be taken, and reports whether the next try gets others.
func (x *tx) renumber() bool {
	if x.call.number != "" || len(x.numbers) == 0 {
		return false
	}
	x.numbers = x.numbers[:0]
	return true
}

// number is INC0000001: seven digits, more where they are needed.
func number(series string, n int64) string {
	digits := strconv.FormatInt(n, 10)
	if pad := 7 - len(digits); pad > 0 {
		return series + strings.Repeat("0", pad) + digits
	}
	return series + digits
}

// receiptFor prepares the receipt of an idempotency key; nil where the call has none.
func (x *tx) receiptFor(h *handler, id string, in any) (*Receipt, error) {
	if x.call.key == "" {
		return nil, nil
	}
	if err := checkText(x.call.key); err != nil {
		return nil, err
	}
	digest := x.call.digest
	if !x.call.digested {
		text, err := json.Marshal([]any{id, in, x.call.group, x.call.assignee, x.call.patch, x.call.number, x.call.at})
		if err != nil {
			return nil, Invalid("input", "an input with an idempotency key must be writable as JSON: "+err.Error())
		}
		digest = sha256.Sum256(text)
	}
	return &Receipt{
		ReceiptKey: ReceiptKey{Tenant: x.actor.Tenant, Actor: x.actor.ID, Command: h.action.Kind + "." + h.keys, Key: x.call.key},
		Input:      digest,
		At:         x.clockNow(),
		Expires:    x.expiry(),
	}, nil
}

// expiry is when a receipt may be forgotten. What was imported is known for ever by its external id.
func (x *tx) expiry() time.Time {
	if x.k.remember < 0 || x.historic || x.call.number != "" {
		return time.Time{}
	}
	return x.clockNow().Add(x.k.remember)
}

// done answers the record of a command that was given before.
func (x *tx) done(r *Receipt) (Record, error) {
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	before, err := snap.Receipt(x.ctx, r.ReceiptKey)
	if err != nil || before == nil {
		return nil, err
	}
	if !before.Expires.IsZero() && !before.Expires.After(x.clockNow()) {
		return nil, nil
	}
	if before.Input != r.Input {
		return nil, ErrKeyReused.with("key", r.Key, "")
	}
	rec, err := snap.Get(x.ctx, Key{Tenant: r.Tenant, Kind: before.Ref.Kind, ID: before.Ref.ID})
	if err != nil {
		return nil, err
	}
	if x.k.auth.Permit(x.ctx, x.actor, Action{Kind: before.Ref.Kind, Verb: Read}, rec) != nil {
		return nil, ErrNotFound.with("record", before.Ref.String(), "")
	}
	return rec, nil
}

// Permitted lists the triggers that the actor may pull on a record now, in the order of the tables. What a command
// must bring is not asked; [Command.Explain] does.
func (k *Kernel) Permitted(ctx context.Context, ref Ref) ([]lifecycle.Trigger, error) {
	return glanceAtLiving(k, ctx, ref, func(x *tx, kd *kind, rec Record) ([]lifecycle.Trigger, error) {
		a := x.asked(kd, rec)
		x.triggers = x.triggers[:0]
		for _, axis := range kd.axes {
			x.triggers = axis.machine.Permitted(x.triggers, axis.stateOf(kd, rec), a, axis.rolesOf(x.actor))
		}
		return slices.Clone(x.granted(kd, x.triggers, rec)), nil
	})
}

// asked is an attempt without an input, for questions.
func (x *tx) asked(kd *kind, rec Record) *attempt {
	a, t := x.attempt(0), x.newTouch(kd, rec.Header().Key())
	t.before = rec
	*a = attempt{unit: Unit{tx: x, touch: t, actor: x.actor}, rec: rec}
	return a
}

// granted keeps the triggers that the authorizer grants.
func (x *tx) granted(kd *kind, triggers []lifecycle.Trigger, rec Record) []lifecycle.Trigger {
	if grants, ok := x.k.auth.(Grants); ok {
		return grants.granted(x.actor, kd.name, triggers, rec)
	}
	return slices.DeleteFunc(triggers, func(t lifecycle.Trigger) bool {
		return x.k.auth.Permit(x.ctx, x.actor, Action{Kind: kd.name, Verb: Verb(t)}, rec) != nil
	})
}

// Offers answers what a form needs: every trigger from the record's states with its targets, what it asks for, and the
// reasons that stand in its way.
func (k *Kernel) Offers(ctx context.Context, ref Ref) ([]lifecycle.Offer, error) {
	return glanceAtLiving(k, ctx, ref, func(x *tx, kd *kind, rec Record) ([]lifecycle.Offer, error) {
		a := x.asked(kd, rec)
		var offers []lifecycle.Offer
		for _, axis := range kd.axes {
			offers = append(offers, axis.machine.Offers(axis.stateOf(kd, rec), a, axis.rolesOf(x.actor))...)
		}
		return slices.DeleteFunc(offers, func(o lifecycle.Offer) bool {
			return x.k.auth.Permit(ctx, x.actor, Action{Kind: kd.name, Verb: Verb(o.Trigger)}, rec) != nil
		}), nil
	})
}

// Patch sets fields by name: header fields, fields of the record, custom fields as "custom.name". A value without
// content empties the field.
type Patch map[string]field.Value

// Apply sets the fields of a record at hand. It refuses fields that the practice does not let be edited.
func (p Patch) Apply(u *Unit) error {
	kd := u.touch.kind
	var faults map[string]error
	for name, value := range p {
		if err := kd.set(u.touch.after, name, value); err != nil {
			if faults == nil {
				faults = map[string]error{}
			}
			faults[name] = err
		}
	}
	if faults == nil {
		return nil
	}
	var ordered []error
	for _, name := range sortedKeys(faults) {
		ordered = append(ordered, faults[name])
	}
	if len(ordered) == 1 {
		return ordered[0]
	}
	return ErrInvalid.because(errors.Join(ordered...))
}
