package sla

import (
	"context"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Clocks answers the clocks of a ticket as they stand now: the current cycle of each target. Who may read the ticket may
// read its clocks, whatever fields are hidden. It reads rows only, but for clocks that were kept with other terms than the
// desk has now: those are computed from the ticket's events.
//
// Errors: those of [itsm.Kernel.Get], and [itsm.ErrInvalid] where the record is no ticket.
func (s *Keeper) Clocks(ctx context.Context, ref itsm.Ref) ([]Status, error) {
	rec, err := s.kernel.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if itsm.TicketOf(rec) == nil {
		return nil, itsm.Invalid("ref", ref.String()+" is no ticket")
	}
	rows, err := s.clocks.Of(ctx, ref)
	if err != nil {
		return nil, err
	}
	now := later(s.kernel.Clock().Now().UTC(), rec.Header().UpdatedAt)
	x := &course{terms: s.terms, ticket: ref, lines: make([]line, 0, len(rows))}
	for i := range rows {
		c := &rows[i]
		p := s.terms.promise(ref.Kind, c.Agreement, c.AgreementVersion, c.Target)
		if p != nil && p.fingerprint != c.Terms && c.Open() {
			if x, _, now, err = s.compute(ctx, ref); err != nil {
				return nil, err
			}
			break
		}
		x.lines = append(x.lines, line{clock: *c, p: p})
	}
	x.inOrder()
	return s.terms.statuses(x, nil, now), nil
}

// Cycles is [Keeper.Clocks] with the earlier cycles of each target before its current one. It computes them from the
// ticket's events, and costs the whole history. Of an agreement that the desk does not know any more it answers the row.
func (s *Keeper) Cycles(ctx context.Context, ref itsm.Ref) ([]Status, error) {
	x, ended, now, err := s.compute(ctx, ref)
	if err != nil {
		return nil, err
	}
	x.inOrder()
	return s.terms.statuses(x, ended, now), nil
}

// compute replays the ticket's events. Rows that cannot be computed are taken as they are.
func (s *Keeper) compute(ctx context.Context, ref itsm.Ref) (x *course, ended []Clock, now time.Time, err error) {
	moments, rows, err := s.both(ctx, ref)
	if err != nil {
		return nil, nil, now, err
	}
	x = s.terms.retrace(ref, moments, func(c Clock) { ended = append(ended, c) }, nil)
	for i := range rows {
		c := &rows[i]
		p := s.terms.promise(ref.Kind, c.Agreement, c.AgreementVersion, c.Target)
		if (p == nil || c.EndedBy == NoEvent) && x.find(c.Agreement, c.Target) < 0 {
			x.lines = append(x.lines, line{clock: *c, p: p})
		}
	}
	return x, ended, s.now(moments), nil
}

// both reads a ticket's moments and its rows as of the same version, unless others write it without end.
func (s *Keeper) both(ctx context.Context, ref itsm.Ref) (moments []Moment, rows []Clock, err error) {
	for range 10 {
		if rows, err = s.clocks.Of(ctx, ref); err != nil {
			return nil, nil, err
		}
		if moments, err = s.moments(ctx, ref); err != nil {
			return nil, nil, err
		}
		again, err := s.clocks.Of(ctx, ref)
		if err != nil {
			return nil, nil, err
		}
		if slices.EqualFunc(rows, again, func(a, b Clock) bool { return a.Version == b.Version && a.ID == b.ID }) {
			break
		}
	}
	return moments, rows, nil
}

// now is the present, which is not before the ticket's last event.
func (s *Keeper) now(moments []Moment) time.Time {
	now := s.kernel.Clock().Now().UTC()
	if n := len(moments); n > 0 {
		now = later(now, moments[n-1].At)
	}
	return now
}

// moments reads the whole history of a ticket that the actor may read, with all that clocks judge by.
func (s *Keeper) moments(ctx context.Context, ref itsm.Ref) ([]Moment, error) {
	rec, err := s.kernel.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if itsm.TicketOf(rec) == nil {
		return nil, itsm.Invalid("ref", ref.String()+" is no ticket")
	}
	history, err := s.kernel.History(system(ctx, rec.Header().Tenant, ""), ref, 0, 0)
	if err != nil {
		return nil, err
	}
	return Moments(history), nil
}

func system(ctx context.Context, tenant, behalf string) context.Context {
	return itsm.WithActor(ctx, itsm.Actor{ID: itsm.SystemID, Tenant: tenant, Kind: itsm.System, OnBehalfOf: behalf})
}

// Status is how a clock that a query found stands at an instant. It costs one look at the calendar.
func (s *Keeper) Status(c *Clock, now time.Time) (at Status) {
	at.Clock, at.At = *c, now
	at.stand(s.terms.promise(c.Ticket.Kind, c.Agreement, c.AgreementVersion, c.Target))
	return at
}

// Find answers clocks by their columns: the current cycle of each target of each ticket, as of the last event that moved
// it. Filters such as [DueBetween] and [MissedBy] ask for what is due and what is missed. The actor needs the verb read on
// the kind "clock", and sees what its scope lets through.
func (s *Keeper) Find(ctx context.Context, q itsm.Query) (itsm.Page[Clock], error) {
	return s.clocks.List(ctx, q)
}

// Count answers how many clocks match.
func (s *Keeper) Count(ctx context.Context, q itsm.Query) (int64, error) {
	return s.clocks.Count(ctx, q)
}

// DueBetween holds for clocks that run and are due in [from, to).
func DueBetween(from, to time.Time) itsm.Filter {
	return itsm.All(itsm.Where("due").AtLeast(field.Instant(from)), itsm.Where("due").Before(field.Instant(to)))
}

// MissedBy holds for clocks that have missed their target by an instant, those that run included; ended ones are among them
// unless the filter is narrowed to an open state.
func MissedBy(now time.Time) itsm.Filter {
	return itsm.Any(itsm.Where("breached").AtMost(field.Instant(now)), itsm.Where("due").AtMost(field.Instant(now)))
}

// Hypothesis is what could be otherwise. The zero value changes nothing.
type Hypothesis struct {
	// Priority, Group and Service are the ticket's from now on, where they are given.
	Priority itsm.Priority
	Group    string
	Service  string
	// Calendar is the working time of every target, from the beginning.
	Calendar *calendar.Calendar
	// At is the instant to answer for; zero is now. Nothing happens until then. One that lies behind is answered with what
	// had happened by then.
	At time.Time
}

// WhatIf answers how the clocks of a ticket would stand, and writes nothing. Who may read the ticket may ask. It costs
// the whole history.
func (s *Keeper) WhatIf(ctx context.Context, ref itsm.Ref, h Hypothesis) ([]Status, error) {
	moments, err := s.moments(ctx, ref)
	if err != nil {
		return nil, err
	}
	now := s.now(moments)
	terms := s.terms
	if h.Calendar != nil {
		terms = terms.with(h.Calendar)
	}
	at := now
	if !h.At.IsZero() {
		at = h.At.UTC()
	}
	if at.Before(now) {
		moments = moments[:slices.IndexFunc(append(slices.Clip(moments), Moment{At: now}), func(m Moment) bool { return m.At.After(at) })]
		now = at
	}
	var ended []Clock
	x := terms.retrace(ref, moments, func(c Clock) { ended = append(ended, c) }, nil)
	if n := len(moments); n > 0 && (h.Priority != 0 || h.Group != "" || h.Service != "") {
		m := moments[n-1]
		m.At, m.Events, m.Levels, m.Turns = now, nil, nil, nil
		if h.Priority != 0 {
			m.Priority = h.Priority
		}
		if h.Group != "" {
			m.Group = h.Group
		}
		if h.Service != "" {
			m.Service = h.Service
		}
		x.past = func() ([]Moment, error) { return append(slices.Clip(moments), m), nil }
		v := look(&moments[n-1], &m)
		x.advance(&v, nil)
		if err := x.join(&v); err != nil {
			return nil, err
		}
		x.settle()
	}
	x.inOrder()
	return terms.statuses(x, ended, at), nil
}

// with is the terms with another calendar for all.
func (t *Terms) with(c *calendar.Calendar) *Terms {
	other := &Terms{families: map[string][]family{}}
	for _, p := range t.policies {
		a := p.Agreement.clone()
		a.Calendar = c
		for i := range a.Targets {
			a.Targets[i].Calendar = nil
		}
		own := ready(a)
		other.policies = append(other.policies, own)
		for _, kind := range own.Kinds {
			other.add(kind, own)
		}
	}
	return other
}
