package itsm

import (
	"fmt"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// act is the one way through: authorize, permitted here, handler, settled, hooks.
func (x *tx) act(t *touch, kd *kind, h *handler, in any, with *call, actor *Actor, depth int, from *touch) error {
	if depth > maxDepth {
		return ErrDepth.with("record", t.key.String(), "")
	}
	if h.creates {
		return Invalid("trigger", fmt.Sprintf("%q makes a new record", h.trigger))
	}
	rec := t.current()
	if err := x.k.auth.Permit(x.ctx, actor, h.action, rec); err != nil {
		return err
	}
	a := x.attempt(depth)
	*a = attempt{unit: Unit{tx: x, touch: t, actor: actor, depth: depth, at: a}, rec: rec, h: h, in: in, with: with, before: rec}
	if len(kd.early) > 0 {
		if err := x.early(kd, h, a); err != nil {
			return err
		}
	}
	state := h.axis.stateOf(kd, rec)
	if with.hands() { // before the table looks, because a target may depend on who is named
		x.enter(a, from)
		hand(t.after, with)
	}
	to, refusal := h.axis.machine.Fire(state, h.trigger, a, h.axis.rolesOf(actor))
	if refusal != nil {
		return refusal
	}
	if !with.hands() {
		x.enter(a, from)
	}
	if err := x.handle(kd, h, a, state, to); err != nil {
		return err
	}
	if to != state {
		h.axis.move(kd, t.after, to)
	}
	if err := x.tidy(kd, a); err != nil {
		return err
	}
	if refusal := h.axis.machine.Settle(state, h.trigger, a); refusal != nil {
		return refusal
	}
	return x.applied(t, kd, h, a, depth)
}

// enter makes the attempt's record writable, and keeps what it was.
func (x *tx) enter(a *attempt, from *touch) {
	t := a.unit.touch
	if t.after != nil {
		a.before = t.kind.clone(t.after)
	}
	x.open(t, a.unit.actor, from)
	a.rec = t.after
}

// create makes a record by its handler.
func (x *tx) create(kd *kind, h *handler, id string, in any, with *call, actor *Actor, depth int, from *touch) (*touch, error) {
	if depth > maxDepth {
		return nil, ErrDepth.with("kind", kd.name, "")
	}
	if err := x.k.auth.Permit(x.ctx, actor, h.action, nil); err != nil {
		return nil, err
	}
	t := x.newTouch(kd, Key{Tenant: actor.Tenant, Kind: kd.name, ID: id})
	t.after = kd.fresh()
	*t.after.Header() = Head{Tenant: actor.Tenant, Kind: kd.name, ID: id}
	for _, axis := range kd.axes {
		axis.move(kd, t.after, axis.machine.Initial())
	}
	x.open(t, actor, from)
	if with.hands() {
		hand(t.after, with)
	}
	a := x.attempt(depth)
	*a = attempt{unit: Unit{tx: x, touch: t, actor: actor, depth: depth, at: a}, rec: t.after, h: h, in: in, with: with}
	if len(kd.early) > 0 {
		if err := x.early(kd, h, a); err != nil {
			return nil, err
		}
	}
	if err := x.handle(kd, h, a, t.after.Header().State, t.after.Header().State); err != nil {
		return nil, err
	}
	if err := x.tidy(kd, a); err != nil {
		return nil, err
	}
	if err := x.k.auth.Permit(x.ctx, actor, h.action, t.after); err != nil {
		return nil, err
	}
	return t, x.applied(t, kd, h, a, depth)
}

// early lets the hooks look that come before the act. They get an input of their own: a command that runs again, or
// brings the same input twice, is not to find what was filled in before.
func (x *tx) early(kd *kind, h *handler, a *attempt) error {
	own := false
	for i := range kd.early {
		hook := &kd.early[i]
		if !hook.takes(h.trigger) {
			continue
		}
		if !own {
			a.in, own = h.copied(a.in), true
		}
		if err := hook.BeforeAct(&a.unit, h.trigger, a.in); err != nil {
			return hook.failed(err)
		}
	}
	return nil
}

func (x *tx) attempt(depth int) *attempt {
	x.deepest = max(x.deepest, depth)
	return &x.attempts[depth]
}

// hands reports whether the call hands the ticket over.
func (c *call) hands() bool { return c != nil && (c.group != "" || c.assignee != "") }

// carried reports whether something beside the input came with the call.
func (c *call) carried() bool { return c.hands() || len(c.patch) > 0 }

// hand gives the ticket to the group and assignee that came with the call, before its handler looks.
func hand(rec Record, with *call) {
	if ticket := TicketOf(rec); ticket != nil {
		ticket.HandTo(with.group, with.assignee)
	}
}

// handle runs the handler, and then what else came with the call.
func (x *tx) handle(kd *kind, h *handler, a *attempt, from, to lifecycle.State) error {
	u, rec := &a.unit, a.rec
	if err := h.run(u, rec, a.in); err != nil || a.with == nil {
		return err
	}
	for _, n := range a.with.notes {
		if err := u.Fact(n.name, n.value); err != nil {
			return err
		}
	}
	if !a.with.carried() {
		return nil
	}
	if err := x.k.auth.Permit(x.ctx, u.actor, Action{Kind: kd.name, Verb: Verb(TriggerEdit)}, rec); err != nil {
		return err
	}
	if len(a.with.patch) > 0 {
		if err := a.with.patch.Apply(u); err != nil {
			return err
		}
		if kd.edited != nil {
			if err := kd.edited(u, rec, a.with.patch); err != nil {
				return err
			}
		}
	}
	return x.editable(kd, h, a, from, to)
}

// editable keeps to the table's row for editing, in the state that the command found or the one that it leads to.
func (x *tx) editable(kd *kind, h *handler, a *attempt, from, to lifecycle.State) error {
	edit := kd.handlers[TriggerEdit]
	if edit == nil {
		return Invalid("With", kd.name+" has no edit")
	}
	q := x.attempt(maxDepth + 1) // one that no act has
	*q = attempt{unit: Unit{tx: x, touch: a.unit.touch, actor: a.unit.actor, at: q}, rec: a.rec, before: a.before}
	roles := edit.axis.rolesOf(a.unit.actor)
	if h.axis != edit.axis {
		from = edit.axis.stateOf(kd, a.rec)
		to = from
	}
	refusal := edit.axis.machine.Explain(from, TriggerEdit, q, roles)
	if refusal != nil && to != from && edit.axis.machine.Explain(to, TriggerEdit, q, roles) == nil {
		from, refusal = to, nil
	}
	if refusal == nil {
		refusal = edit.axis.machine.Settle(from, TriggerEdit, q)
	}
	return refusal.Err()
}

// tidy keeps what depends on what changed: the kernel's part on tickets, then the practice's.
func (x *tx) tidy(kd *kind, a *attempt) error {
	if err := x.tidyTicket(kd, a); err != nil || kd.keep == nil {
		return err
	}
	return kd.keep(&a.unit, a.before, a.unit.touch.after)
}

// tidyTicket counts reassignments and keeps custom fields as declared.
func (x *tx) tidyTicket(kd *kind, a *attempt) error {
	after := TicketOf(a.unit.touch.after)
	if after == nil {
		return nil
	}
	if after.FirstAssignee == "" {
		after.FirstAssignee = after.Assignee
	}
	var was *Ticket
	var custom field.Fields
	if a.before == nil && after.Caller != "" && after.AnsweredAt.IsZero() {
		a.unit.Asked() // a report is a question
	}
	if a.before != nil {
		was = TicketOf(a.before)
		custom = was.Custom
		if was.handedOver(after) {
			after.Reassignments++
		}
		if was.State != after.State {
			after.Follows = Ref{}
			if a.with != nil {
				after.Follows = a.with.follows
			}
		}
	}
	if was != nil && custom.Equal(after.Custom) {
		return nil // a field that a newer schema requires does not stop the record's other commands
	}
	if err := kd.schema.Validate(custom, after.Custom); err != nil {
		return ErrInvalid.because(err)
	}
	return nil
}

// applied notes the act and lets the hooks look.
func (x *tx) applied(t *touch, kd *kind, h *handler, a *attempt, depth int) error {
	t.acts = append(t.acts, h.trigger)
	t.events = append(t.events, h.event)
	actor, before, in, by := *a.unit.actor, a.before, a.in, "" // the attempt is used again by what hooks do
	if a.with != nil {
		by = a.with.by
	}
	for i := range kd.hooks {
		hook := &kd.hooks[i]
		if !hook.answers(h.trigger, before, t.after) {
			continue
		}
		u := Unit{tx: x, touch: t, actor: x.deputyOf(x.actor), depth: depth, hook: hook.Name}
		c := Change{Trigger: h.trigger, Event: h.event, Actor: actor, Input: in, After: kd.clone(t.after), By: by}
		c.Acts, c.events = t.happened()
		if before != nil {
			c.Before = kd.clone(before)
		}
		if err := hook.AfterAct(&u, c); err != nil {
			return hook.failed(err)
		}
	}
	return nil
}

// refuse writes a refusal on its target.
func (x *tx) refuse(t *touch, r *lifecycle.Refusal, actor *Actor, from *touch) error {
	x.open(t, actor, from)
	t.facts = append(t.facts, fact{name: "refused", json: refusalJSON(r)})
	t.events = append(t.events, t.kind.name+".refused")
	return nil
}
