package itsm

import (
	"context"
	"fmt"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Step is one of several commands that are given to a record together. It takes the options [To] and [With]; the others
// are of the whole.
type Step struct {
	Trigger lifecycle.Trigger
	// Input is what [Kernel.Do] takes.
	Input   any
	Options []Option
}

// maxSteps bounds what one transaction does to a record.
const maxSteps = 100

// DoAll gives several commands to one record in one transaction, in order: all of them or none. Each is authorised and
// checked by itself, against the record as those before it left it, and hooks answer each. They are one event, named
// after the first, with the others in its Also. [IfVersion], [Once] and [At] are options of the whole. The error of a
// step says which it was, and matches what the step's own command would answer.
func (k *Kernel) DoAll(ctx context.Context, ref Ref, steps []Step, with ...Option) (Record, error) {
	a, err := k.together(ref, steps)
	if err != nil {
		return nil, err
	}
	return a.kind.copied(k.doAll(ctx, a, with))
}

// ExplainAll answers the error that DoAll would answer now, or nil, and writes nothing.
func (k *Kernel) ExplainAll(ctx context.Context, ref Ref, steps []Step, with ...Option) error {
	a, err := k.together(ref, steps)
	if err != nil {
		return err
	}
	return k.explainAll(ctx, a, with)
}

// all are the steps of a record, bound to its kind. The handler stands for the whole.
type all struct {
	kind  *kind
	whole *handler
	id    string
	steps []boundStep
}

type boundStep struct {
	h    *handler
	in   any
	with call
}

// together binds steps to their handlers and inputs.
func (k *Kernel) together(ref Ref, steps []Step) (*all, error) {
	kd, err := k.livingKind(ref.Kind)
	switch {
	case err != nil:
		return nil, err
	case len(steps) == 0 || len(steps) > maxSteps:
		return nil, Invalid("steps", fmt.Sprintf("give 1 to %d commands", maxSteps))
	}
	a := &all{kind: kd, id: ref.ID, steps: make([]boundStep, len(steps))}
	a.whole = &handler{trigger: steps[0].Trigger, action: Action{Kind: kd.name, Verb: Verb(steps[0].Trigger)}, keys: "(steps)"}
	for i, s := range steps {
		_, h, in, err := k.named(ref.Kind, s.Trigger, s.Input)
		if err != nil {
			return nil, failedStep(i, s.Trigger, err)
		}
		b := boundStep{h: h, in: in, with: collect(s.Options)}
		if err := b.check(); err != nil {
			return nil, failedStep(i, s.Trigger, err)
		}
		a.steps[i] = b
	}
	return a, nil
}

func (s *boundStep) check() error {
	c := &s.with
	switch {
	case s.h.creates:
		return Invalid("trigger", fmt.Sprintf("%q makes a new record", s.h.trigger))
	case c.fault != nil:
		return c.fault
	case c.expect != 0, c.key != "", c.historic, c.number != "", !c.follows.IsZero(), len(c.notes) > 0:
		return Invalid("options", "a step takes To and With; the others are of the whole")
	}
	return nil
}

// failedStep says which step it was, and stays what it is for errors.Is and errors.As.
func failedStep(i int, t lifecycle.Trigger, err error) error {
	return fmt.Errorf("step %d, %s: %w", i+1, t, err)
}

func (k *Kernel) doAll(ctx context.Context, a *all, with []Option) (rec Record, err error) {
	x, receipt, err := k.prepareAll(ctx, a, with)
	if err != nil {
		return nil, err
	}
	defer x.leave(&err)
	err = x.retry(x.call.expect != 0, func() error {
		var err error
		rec, err = x.tryAll(a, receipt)
		return err
	})
	if err != nil {
		return nil, err
	}
	return x.masked(a.kind, rec), nil
}

func (k *Kernel) explainAll(ctx context.Context, a *all, with []Option) (err error) {
	x, receipt, err := k.prepareAll(ctx, a, with)
	if err != nil {
		return err
	}
	defer x.leave(&err)
	x.dry = true
	return x.retry(true, func() error {
		_, err := x.tryAll(a, receipt)
		return err
	})
}

func (k *Kernel) prepareAll(ctx context.Context, a *all, with []Option) (*tx, *Receipt, error) {
	x, err := k.prepare(ctx, a.kind, a.whole, a.id, with)
	if err != nil {
		return nil, nil, err
	}
	if x.call.carried() {
		x.end()
		return nil, nil, Invalid("options", "To and With belong to a step")
	}
	var receipt *Receipt
	if x.call.key != "" {
		receipt, err = x.receiptFor(a.whole, a.id, a.inputs())
	}
	if err != nil {
		x.end()
		return nil, nil, err
	}
	return x, receipt, nil
}

// inputs is what an idempotency key of the whole is bound to.
func (a *all) inputs() any {
	list := make([]any, len(a.steps))
	for i, s := range a.steps {
		list[i] = []any{s.h.trigger, s.in, s.with.group, s.with.assignee, s.with.patch}
	}
	return list
}

func (x *tx) tryAll(a *all, receipt *Receipt) (Record, error) {
	if receipt != nil {
		if done, err := x.done(receipt); done != nil || err != nil {
			return done, err
		}
	}
	t, err := x.load(a.kind, a.whole, a.id, &x.call)
	if err != nil {
		return nil, err
	}
	for i := range a.steps {
		s := &a.steps[i]
		if err := x.act(t, a.kind, s.h, s.in, &s.with, x.actor, 0, nil); err != nil {
			return nil, failedStep(i, s.h.trigger, err)
		}
	}
	if err := x.conclude(); err != nil {
		return nil, err
	}
	if err := x.commit(receipt, nil); err != nil {
		return nil, err
	}
	return t.current(), nil
}
