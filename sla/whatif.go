package sla

import (
	"context"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
)

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
	now := s.kernel.Clock().Now().UTC()
	if n := len(moments); n > 0 {
		now = later(now, moments[n-1].At)
	}
	terms := s.terms
	if h.Calendar != nil {
		terms = terms.with(h.Calendar)
	}
	at := now
	if !h.At.IsZero() {
		at = h.At.UTC()
	}
	if at.Before(now) {
		moments = moments[:slices.IndexFunc(append(moments, Moment{At: now}), func(m Moment) bool { return m.At.After(at) })]
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
