package sla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Keeper keeps the clocks of a desk: it sets a timer for the next level of each, and answers how they stand. It may be
// used by many goroutines.
type Keeper struct {
	kernel     *itsm.Kernel
	agreements []Agreement
}

// New registers the clocks with a kernel that is not open yet, after its practices. It lists every fault of every
// agreement, also events that the lifecycles of the registered practices do not have. What it is given may be changed
// afterwards.
func New(k *itsm.Kernel, agreements []Agreement) (*Keeper, error) {
	if k.Opened() {
		return nil, itsm.Invalid("sla", "register agreements before the kernel is opened")
	}
	s := &Keeper{kernel: k}
	var faults []error
	var kinds []string
	for i := range agreements {
		a := agreements[i].clone()
		if err := errors.Join(a.Check(), a.checkEvents(k)); err != nil {
			faults = append(faults, err)
		}
		if slices.ContainsFunc(s.agreements, func(other Agreement) bool { return other.Name == a.Name }) {
			faults = append(faults, itsm.Invalid("agreement", a.Name+" is there twice"))
		}
		s.agreements = append(s.agreements, a)
		kinds = append(kinds, a.Kinds...)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if len(agreements) > 0 {
		slices.Sort(kinds)
		k.Hook(itsm.Hook{Name: "sla", Kinds: slices.Compact(kinds), BeforeCommit: s.arm})
	}
	return s, nil
}

// checkEvents refuses events that no lifecycle of a registered kind has.
func (a *Agreement) checkEvents(k *itsm.Kernel) error {
	var faults []error
	for i := range a.Targets {
		for _, event := range a.Targets[i].Stop.Events {
			kind, past, _ := strings.Cut(event, ".")
			tables := k.Lifecycles(kind)
			if len(tables) > 0 && !slices.ContainsFunc(tables, func(table lifecycle.Definition) bool {
				return slices.ContainsFunc(table.Triggers, func(row lifecycle.TriggerRow) bool { return row.Past == past })
			}) {
				faults = append(faults, itsm.Invalid("agreement "+a.Name, fmt.Sprintf("target %s: nothing in the lifecycle of %s is called %q", a.Targets[i].Name, kind, event)))
			}
		}
	}
	return errors.Join(faults...)
}

// Clocks answers the clocks of a ticket now, in the order of the agreements and their targets. Who may read the ticket
// may read its clocks, whatever fields are masked. It costs one read of the whole history.
//
// Errors: those of [itsm.Kernel.Get], and [itsm.ErrInvalid] where the record is no ticket.
func (s *Keeper) Clocks(ctx context.Context, ref itsm.Ref) ([]Clock, error) {
	rec, err := s.kernel.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if itsm.TicketOf(rec) == nil {
		return nil, itsm.Invalid("ref", ref.String()+" is no ticket")
	}
	system := itsm.Actor{ID: itsm.SystemID, Tenant: rec.Header().Tenant, Kind: itsm.System}
	history, err := s.kernel.History(itsm.WithActor(ctx, system), ref, 0, 0)
	if err != nil {
		return nil, err
	}
	moments := Moments(history)
	now := s.kernel.Clock().Now()
	if n := len(moments); n > 0 {
		now = later(now, moments[n-1].At)
	}
	var clocks []Clock
	for i := range s.agreements {
		a := &s.agreements[i]
		if !slices.Contains(a.Kinds, ref.Kind) {
			continue
		}
		for j := range a.Targets {
			if c, ok := Evaluate(a, &a.Targets[j], moments, now); ok {
				clocks = append(clocks, c)
			}
		}
	}
	return clocks, nil
}

// Moments reads what clocks look at out of a ticket's whole history, as an actor sees it who is shown phase, hold,
// priority and service.
func Moments(history []itsm.Entry) []Moment {
	moments := make([]Moment, 0, len(history)+1)
	var at Moment
	for _, e := range history {
		at.At, at.Events = e.At, append([]string{e.Event}, e.Also...)
		for _, c := range e.Changes {
			switch c.Field {
			case "phase":
				_ = at.Phase.UnmarshalText([]byte(c.To.Text())) // written by the same type
			case "hold":
				at.Hold = itsm.HoldReason(c.To.Text())
			case "priority":
				at.Priority = itsm.Priority(c.To.Int())
			case "service":
				at.Service = c.To.Text()
			}
		}
		moments = append(moments, at)
	}
	return moments
}

// arm sets the timer of the next level of each clock, where the command may have moved it.
func (s *Keeper) arm(u *itsm.Unit, c itsm.Change) error {
	ticket := itsm.TicketOf(c.After)
	if ticket == nil {
		return nil
	}
	now := u.Now()
	if c.Before != nil {
		was := itsm.TicketOf(c.Before)
		if !s.moves(ticket, was, c) {
			return nil
		}
		now = later(now, was.UpdatedAt) // as the event, where the machine's clock went back
	}
	history, err := u.History()
	if err != nil {
		return err
	}
	moments := append(Moments(history), Moment{
		At: now, Events: c.Events(),
		Phase: ticket.Phase, Hold: ticket.Hold, Priority: ticket.Priority, Service: ticket.Service,
	})
	for i := range s.agreements {
		a := &s.agreements[i]
		if !slices.Contains(a.Kinds, ticket.Kind) {
			continue
		}
		for j := range a.Targets {
			t := &a.Targets[j]
			clock, ok := Evaluate(a, t, moments, now)
			if !ok || ticket.Phase.Terminal() {
				u.CancelTimer(timerName(a, t))
				continue
			}
			if err := next(u, &clock, t, timerName(a, t), reached(u, history, &clock, now)); err != nil {
				return err
			}
		}
	}
	return nil
}

// moves reports whether a change can matter to a clock.
func (s *Keeper) moves(is, was *itsm.Ticket, c itsm.Change) bool {
	if is.Phase != was.Phase || is.Hold != was.Hold || is.Priority != was.Priority || is.Service != was.Service ||
		slices.Contains(c.Acts, itsm.TriggerLevel) {
		return true
	}
	events := c.Events()
	return slices.ContainsFunc(s.agreements, func(a Agreement) bool {
		return slices.ContainsFunc(a.Targets, func(t Target) bool {
			return slices.ContainsFunc(events, func(e string) bool { return slices.Contains(t.Stop.Events, e) })
		})
	})
}

// next sets the timer of the first level above the percentage. One that the clock passed unnoticed is due when that was,
// also where the clock stands by now: it fires late, and then the next one. What had passed before an import is only
// noted.
func next(u *itsm.Unit, clock *Clock, t *Target, name string, percent int) error {
	for _, l := range t.Levels {
		if l.Percent <= percent {
			continue
		}
		due, ok := clock.At(l.Percent)
		if !ok {
			break
		}
		level := itsm.LevelReached{
			Agreement: clock.Agreement, Target: clock.Target, Level: l.Name, Percent: l.Percent, Due: due,
		}
		if !u.Suppresses(due) {
			return u.SetTimer(name, due, itsm.TriggerLevel, level)
		}
		if err := u.SuppressLevel(level); err != nil {
			return err
		}
	}
	u.CancelTimer(name)
	return nil
}

// reached is the highest percentage that the ticket's events say a target came to: a level fires once. One suppressed
// by an import counts only while the clock, as what was imported since moved it, came to it: it may have been met, or put
// off by a pause.
func reached(u *itsm.Unit, history []itsm.Entry, clock *Clock, now time.Time) int {
	highest := 0
	note := func(levels []itsm.LevelReached) {
		for _, l := range levels {
			if l.Agreement != clock.Agreement || l.Target != clock.Target {
				continue
			}
			if l.Suppressed {
				if at, ok := clock.At(l.Percent); !ok || at.After(now) && !u.Suppresses(at) {
					continue
				}
			}
			highest = max(highest, l.Percent)
		}
	}
	for i := range history {
		note(history[i].Levels())
	}
	note(u.Levels())
	return highest
}

func timerName(a *Agreement, t *Target) string { return "sla " + a.Name + "/" + t.Name }

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
