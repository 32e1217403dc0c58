package escalation

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// take takes a step and writes it on the ticket, both or neither. It is not ok where the lifecycle does not let the ticket
// be escalated.
func (w *work) take(at place, instant time.Time, held bool, during []string) (next place, more, ok bool, err error) {
	u, s := w.u, &w.p.Steps[at.step]
	step := itsm.Escalation{
		Policy: w.p.Name, Step: s.Name, Kind: string(s.Kind), Occasion: w.run.Occasion, Repetition: at.repetition,
		Due: at.due.UTC(), Reason: w.run.Reason + late(w.now(), instant), Owner: w.run.Owner,
		During: during,
	}
	if held {
		step.Reason += ", held to working time"
	}
	ticket := itsm.TicketOf(u.Record())
	if s.Kind == Notify || s.Kind == Hierarchical {
		if step.People, err = w.e.people(u, s, ticket); err != nil {
			return place{}, false, false, err
		}
	}
	refused, err := u.Attempt(func() error {
		worked, err := w.perform(s, ticket, &step)
		if err != nil {
			return err
		}
		if next, more, err = w.p.after(at, worked); err != nil {
			more, w.lost = false, true
		}
		if more {
			step.Next, step.NextDue = w.p.Steps[next.step].Name, next.due.UTC()
		}
		return u.Do(u.Ref(), itsm.TriggerEscalate, step)
	})
	if err != nil {
		return place{}, false, false, err
	}
	if refused != nil {
		_, err := u.Try(u.Ref(), itsm.TriggerEscalate, step) // which writes the refusal on the ticket
		return place{}, false, false, err
	}
	w.run.Owner = step.Owner
	return next, more, true, nil
}

// perform does what the step is for, and says in the step what became of it.
func (w *work) perform(s *Step, t *itsm.Ticket, step *itsm.Escalation) (worked bool, err error) {
	u, ref := w.u, w.u.Ref()
	var done itsm.StepOutcome
	var act func() error
	switch s.Kind {
	case Notify, Hierarchical:
		if len(step.People) == 0 {
			step.Nobody, step.Outcome = true, itsm.StepNobody
			if s.Hold {
				step.Outcome = itsm.StepHeld
			}
			return false, nil
		}
		step.Outcome = itsm.StepTold
		if !s.Involve {
			return true, nil
		}
		return true, w.involve(step.People)
	case Functional:
		if t.Group == s.Group {
			step.Outcome = itsm.StepNeedless
			return true, nil
		}
		step.FromGroup, step.Group = t.Group, s.Group
		done, act = itsm.StepHandedOver, func() error {
			return u.Do(ref, w.e.handovers[t.Kind][t.State], nil, itsm.To(s.Group, ""))
		}
	case Raise:
		to := s.Priority
		if to == 0 && t.Priority > 0 {
			to = t.Priority - 1
		}
		if to == 0 || t.Priority != 0 && t.Priority <= to {
			step.Outcome = itsm.StepNeedless
			return true, nil
		}
		step.Priority = to
		done, act = itsm.StepRaised, func() error {
			return u.Do(ref, itsm.TriggerEdit, itsm.Patch{"priority": field.Int(int64(to)), "priority_reason": field.Text(step.Reason)})
		}
	case ProposeMajor:
		done, act = itsm.StepProposed, func() error {
			return u.Do(ref, triggerPropose, itsm.Patch{"reason": field.Text(step.Reason)})
		}
	case Command:
		done, act = itsm.StepDone, func() error {
			if len(s.Input) == 0 {
				return u.Do(ref, s.Do, nil)
			}
			return u.Do(ref, s.Do, s.Input)
		}
	case Call:
		done, act = itsm.StepDone, func() error { return w.call(s, *step) }
	}
	refused, err := u.Attempt(act)
	if err != nil {
		return false, err
	}
	if refused != nil {
		step.Group, step.FromGroup, step.Priority = "", "", 0
		step.Outcome, step.Detail = itsm.StepRefused, codes(refused)
		if errors.Is(refused, itsm.ErrHook) {
			step.Outcome = itsm.StepFailed
		}
		return false, nil
	}
	step.Outcome = done
	if step.Group != "" && step.Owner == "" {
		step.Owner = step.FromGroup
	}
	return true, nil
}

// call runs the host's function. What fails there is the step's, and not the ticket's.
func (w *work) call(s *Step, step itsm.Escalation) error {
	err := w.e.config.Funcs[s.Func](w.u, step)
	if err == nil || itsm.CodeOf(err) != "internal" || w.u.Context().Err() != nil ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &itsm.Error{Code: itsm.ErrHook.Code, Message: itsm.ErrHook.Message, Args: map[string]string{"hook": "escalation " + s.Func}, Cause: err}
}

// involve makes people watchers, where the lifecycle lets them be.
func (w *work) involve(people []string) error {
	for _, person := range people {
		if _, err := w.u.Try(w.u.Ref(), itsm.TriggerWatch, itsm.WatcherOf{Person: person}); err != nil {
			return err
		}
	}
	return nil
}

// codes says why without words that could hold data of persons.
func codes(err error) string {
	refusal, ok := lifecycle.AsRefusal(err)
	if !ok {
		return string(itsm.CodeOf(err))
	}
	var list []string
	for _, r := range refusal.Reasons {
		list = append(list, string(r.Code))
	}
	return strings.Join(list, ", ")
}
