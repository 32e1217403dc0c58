package assignment

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Assigner applies a policy to the tickets of a kernel. It may be used by many goroutines.
type Assigner struct {
	// Rotations are the lines of the groups, to be read; nil where the policy has no rules.
	Rotations *itsm.Records[Rotation]

	k        *itsm.Kernel
	policy   Policy
	shifts   shifts
	counts   []string
	triggers map[string]map[lifecycle.State]lifecycle.Trigger // by kind
}

// hookName is what acts of the rules are known by.
const hookName = "assignment"

// New makes a kernel that is not open yet assign tickets by a policy. It lists every fault of the policy; names of kinds,
// triggers and columns are checked when the kernel is opened. A policy without rules registers nothing.
func New(k *itsm.Kernel, p Policy) (*Assigner, error) {
	if k.Opened() {
		return nil, itsm.Invalid("assignment", "register rules before the kernel is opened")
	}
	p = p.clone()
	if err := p.Check(); err != nil {
		return nil, err
	}
	a := &Assigner{k: k, policy: p, shifts: shiftsOf(p.Shifts), counts: p.Load}
	if len(p.Rules) == 0 {
		return a, nil
	}
	if len(a.counts) == 0 {
		a.counts = p.kinds()
	}
	var err error
	if a.Rotations, err = register(k); err != nil {
		return nil, err
	}
	k.OnOpen(a.bind)
	k.Hook(itsm.Hook{Name: hookName, Kinds: p.kinds(), AfterAct: a.answer})
	return a, nil
}

// bind checks every name of the policy against what is registered, and finds the trigger of each state.
func (a *Assigner) bind(k *itsm.Kernel) error {
	var faults []error
	add := func(rule string, err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("assignment %s: %w", rule, err))
		}
	}
	ticket := func(what, kind string) bool {
		err := k.CheckColumn(kind, "open_assignee") // which every ticket has
		add(what, err)
		return err == nil
	}
	for i := range a.policy.Rules {
		r := &a.policy.Rules[i]
		for _, kind := range r.Kinds {
			if !ticket("rule "+r.Name, kind) {
				continue
			}
			if r.When.Op != "" {
				add("rule "+r.Name, k.CheckFilter(kind, r.When))
			}
			for j := range r.Steps {
				if column := r.Steps[j].Skills.Column; column != "" {
					add("rule "+r.Name, k.CheckColumn(kind, column))
				}
			}
		}
	}
	for _, kind := range a.policy.Load {
		ticket("load", kind)
	}
	a.triggers = map[string]map[lifecycle.State]lifecycle.Trigger{}
	kinds := a.policy.kinds()
	for kind := range a.policy.Triggers {
		if !slices.Contains(kinds, kind) {
			add("triggers", itsm.Invalid("kind", fmt.Sprintf("no rule is for %q", kind)))
		}
	}
	for _, kind := range kinds {
		tables := k.Lifecycles(kind)
		if len(tables) == 0 {
			continue // named above
		}
		triggers, named := a.policy.Triggers[kind], true
		if len(triggers) == 0 {
			triggers, named = DefaultTriggers(), false
		}
		for _, t := range triggers {
			if named {
				add("triggers", k.CheckInput(kind, t))
			}
		}
		if a.triggers[kind] = handovers(&tables[0], triggers); len(a.triggers[kind]) == 0 {
			add("triggers", itsm.Invalid("triggers", fmt.Sprintf("%s hands a ticket over in no open state by %q: name its triggers", kind, triggers)))
		}
	}
	return errors.Join(faults...)
}

// handovers finds the trigger of each open state that hands a ticket over.
func handovers(table *lifecycle.Definition, triggers []lifecycle.Trigger) map[lifecycle.State]lifecycle.Trigger {
	found := map[lifecycle.State]lifecycle.Trigger{}
	for _, state := range table.States {
		if !state.Phase.Open() {
			continue
		}
		waits := state.Phase == lifecycle.Waiting
		for _, t := range triggers {
			i := slices.IndexFunc(table.Rows, func(r lifecycle.Transition) bool { return r.Trigger == t && slices.Contains(r.From, state.Name) })
			if i < 0 {
				continue
			}
			stays := table.Rows[i].To == "" && table.Rows[i].Choose == ""
			if found[state.Name] == "" || waits && stays {
				found[state.Name] = t
			}
			if !waits || stays {
				break
			}
		}
	}
	return found
}

// answer is the hook.
func (a *Assigner) answer(u *itsm.Unit, c itsm.Change) error {
	if c.By == hookName || u.Historic() {
		return nil
	}
	m, err := a.momentOf(u, &c)
	if m == "" || err != nil {
		return err
	}
	had := ""
	if c.Before != nil {
		had = itsm.TicketOf(c.Before).Assignee
	}
	chosen, err := a.choose(u, c.After, m, had)
	if chosen == nil || err != nil {
		return err
	}
	if err := chosen.hand(); err != nil {
		return err
	}
	if asked, ok := u.Context().Value(askedKey{}).(*[]Choice); ok {
		*asked = append(*asked, chosen.choice)
	}
	return u.Fact(factDecision, chosen.choice.Decision)
}

// momentOf says what came over the ticket; nothing where somebody named who works on it.
func (a *Assigner) momentOf(u *itsm.Unit, c *itsm.Change) (Moment, error) {
	is := itsm.TicketOf(c.After)
	if is == nil || !is.Open() {
		return "", nil
	}
	if c.Before == nil {
		return unlessNamed(Reported, is), nil
	}
	was := itsm.TicketOf(c.Before)
	switch {
	case !was.Open():
		if is.Assignee == "" || is.Assignee == itsm.Erased {
			return Reopened, nil
		}
		if is.Assignee != was.Assignee {
			return "", nil
		}
		away, err := a.away(u, is.Assignee)
		if _, ok := errors.AsType[failure](err); ok {
			return "", u.Context().Err() // who cannot be asked about keeps the ticket
		}
		if away == "" {
			return "", err
		}
		return Reopened, nil
	case is.Group != was.Group && is.Group != "":
		return unlessNamed(Handed, is), nil
	case was.Assignee != "":
		return unlessNamed(Returned, is), nil
	}
	return "", nil
}

func unlessNamed(m Moment, t *itsm.Ticket) Moment {
	if t.Assignee != "" {
		return ""
	}
	return m
}

// hand gives the command that the choice amounts to. Where the lifecycle refuses, the refusal stands on the ticket, and
// the turn is given back.
func (c *choosing) hand() error {
	d := &c.choice
	if d.Person == "" && (d.Group == "" || d.Group == c.ticket.Group) {
		return nil // it is where it belongs, and the event says why nobody has it
	}
	t := c.triggers[c.ticket.Kind][c.ticket.State]
	d.Refused = t == ""
	if t != "" {
		refusal, err := c.u.Try(c.u.Ref(), t, nil, itsm.To(d.Group, d.Person))
		if err != nil {
			return err
		}
		d.Refused = refusal != nil
	}
	if d.Refused {
		d.Person, d.Group = "", c.ticket.Group
		if c.giveBack != nil {
			return c.giveBack()
		}
	}
	return nil
}

// askedKey finds in a context where to put what rules chose.
type askedKey struct{}

// Propose answers who would get a ticket now, and why nobody else: what the rules would choose if it had just come to
// have nobody, whatever moments they are limited to. Who has it is not chosen again. It writes nothing; where no rule
// fits, the choice has no rule.
//
// The actor must see the ticket (else [itsm.ErrNotFound]) and have the verb [Propose] on rotations (else
// [itsm.ErrDenied]): the answer names people, whether they are absent, and what they have to do.
func (a *Assigner) Propose(ctx context.Context, ref itsm.Ref) (Choice, error) {
	choice := Choice{Ticket: ref}
	if _, err := a.k.Get(ctx, ref); err != nil {
		return choice, err
	}
	err := a.ask(ctx, func(u *itsm.Unit) error {
		rec, err := u.Get(ref)
		if err != nil {
			return err
		}
		t := itsm.TicketOf(rec)
		if t == nil || !t.Open() {
			return itsm.Invalid("ticket", ref.String()+" is no open ticket")
		}
		had := t.Assignee
		t.Assignee = ""
		chosen, err := a.choose(u, rec, Asked, had)
		if chosen != nil {
			choice = chosen.choice
			choice.Ticket = ref
		}
		return err
	})
	return choice, err
}

// WhatIf answers what the rules would choose if the actor gave a command: a report that is not made yet (a ref with the
// kind alone), a return to the queue. It is the command itself, up to where it would be written, so that it answers
// the command's errors too; a command may hand over several tickets, or none. It asks for the verb [Propose].
func (a *Assigner) WhatIf(ctx context.Context, ref itsm.Ref, t lifecycle.Trigger, in any, with ...itsm.Option) ([]Choice, error) {
	if err := a.ask(ctx, func(*itsm.Unit) error { return nil }); err != nil {
		return nil, err
	}
	var choices []Choice
	err := a.k.Explain(context.WithValue(ctx, askedKey{}, &choices), ref, t, in, with...)
	return choices, err
}

// ask runs a question as a command would run, and writes nothing.
func (a *Assigner) ask(ctx context.Context, answer func(*itsm.Unit) error) error {
	if a.Rotations == nil {
		return itsm.Invalid("assignment", "the desk has no rules")
	}
	return a.k.Explain(ctx, itsm.Ref{Kind: Kind}, lifecycle.Trigger(Propose), question{answer})
}
