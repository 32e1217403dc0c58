package sla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Keeper keeps the clocks of a desk: it sets a timer for the next level of each, and answers how they stand.
type Keeper struct {
	kernel     *itsm.Kernel
	agreements []Agreement
}

// New registers the clocks with a kernel that is not open yet. It lists every fault of every agreement.
func New(k *itsm.Kernel, agreements []Agreement) (*Keeper, error) {
	var faults []error
	var kinds []string
	for i := range agreements {
		if err := agreements[i].Check(); err != nil {
			faults = append(faults, err)
		}
		if slices.ContainsFunc(agreements[:i], func(a Agreement) bool { return a.Name == agreements[i].Name }) {
			faults = append(faults, itsm.Invalid("agreement", agreements[i].Name+" is there twice"))
		}
		kinds = append(kinds, agreements[i].Kinds...)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	s := &Keeper{kernel: k, agreements: slices.Clone(agreements)}
	if len(agreements) > 0 {
		slices.Sort(kinds)
		k.Hook(itsm.Hook{Name: "sla", Kinds: slices.Compact(kinds), BeforeCommit: s.arm})
	}
	return s, nil
}

// Clocks answers the clocks of a ticket now, in the order of the agreements. It costs what it reads of the history.
func (s *Keeper) Clocks(ctx context.Context, ref itsm.Ref) ([]Clock, error) {
	rec, err := s.kernel.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	history, err := s.kernel.History(ctx, ref, 0, 0)
	if err != nil {
		return nil, err
	}
	ticket := itsm.TicketOf(rec)
	if ticket == nil {
		return nil, itsm.Invalid("ref", ref.String()+" is no ticket")
	}
	return s.evaluate(ticket, Moments(history), s.kernel.Clock().Now()), nil
}

func (s *Keeper) evaluate(ticket *itsm.Ticket, moments []Moment, now time.Time) []Clock {
	var clocks []Clock
	for i := range s.agreements {
		a := &s.agreements[i]
		if !a.covers(ticket) {
			continue
		}
		for j := range a.Targets {
			if c, ok := Evaluate(a, &a.Targets[j], moments, now); ok {
				clocks = append(clocks, c)
			}
		}
	}
	return clocks
}

// Moments reads what clocks look at out of a ticket's history.
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
	was := &itsm.Ticket{}
	if c.Before != nil {
		was = itsm.TicketOf(c.Before)
		if !s.moves(ticket, was, c) {
			return nil
		}
	}
	history, err := u.History()
	if err != nil {
		return err
	}
	moments := append(Moments(history), Moment{
		At: u.Now(), Events: c.Events(), Phase: ticket.Phase, Hold: ticket.Hold, Priority: ticket.Priority,
	})
	for i := range s.agreements {
		a := &s.agreements[i]
		for j := range a.Targets {
			t := &a.Targets[j]
			name := timerName(a, t)
			clock, ok := Evaluate(a, t, moments, u.Now())
			if !ok || !a.covers(ticket) {
				u.CancelTimer(name)
				continue
			}
			if err := next(u, &clock, t, name, reached(history, u.Levels(), a, t)); err != nil {
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
	return slices.ContainsFunc(s.agreements, func(a Agreement) bool {
		return slices.ContainsFunc(a.Targets, func(t Target) bool {
			return slices.ContainsFunc(c.Events(), func(e string) bool {
				return slices.Contains(t.Stop.Events, e) || slices.Contains(t.Pause.Events, e)
			})
		})
	})
}

// next sets the timer of the first level that has not been reached yet.
func next(u *itsm.Unit, clock *Clock, t *Target, name string, percent int) error {
	for _, l := range t.Levels {
		if l.Percent <= percent {
			continue
		}
		due, ok := clock.At(l.Percent)
		if clock.Stage == Running && clock.Within*time.Duration(l.Percent)/100 < clock.used {
			due, ok = u.Now(), true // passed while nobody looked, such as by a new priority
		}
		if !ok {
			break
		}
		return u.SetTimer(name, due, itsm.TriggerLevel, itsm.LevelReached{
			Agreement: clock.Agreement, Target: clock.Target, Level: l.Name, Percent: l.Percent, Due: due.UTC(),
		})
	}
	u.CancelTimer(name)
	return nil
}

// reached is the highest percentage that the ticket's events say a target came to: a level fires once.
func reached(history []itsm.Entry, now []itsm.LevelReached, a *Agreement, t *Target) int {
	highest := 0
	note := func(l itsm.LevelReached) {
		if l.Agreement == a.Name && l.Target == t.Name {
			highest = max(highest, l.Percent)
		}
	}
	for i := range history {
		for _, l := range history[i].Levels() {
			note(l)
		}
	}
	for _, l := range now {
		note(l)
	}
	return highest
}

func timerName(a *Agreement, t *Target) string { return fmt.Sprintf("sla %s/%s", a.Name, t.Name) }

// Open lists the phases in which work is left; a help for conditions.
func Open() []lifecycle.Phase {
	return []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Waiting}
}
