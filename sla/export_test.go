package sla

import (
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Recorded are the moments with what clocks did in each, as the ticket's history keeps it.
func (t *Terms) Recorded(kind string, moments []Moment) []Moment {
	out := make([]Moment, 0, len(moments))
	var turns []Turn
	x := &course{terms: t, ticket: itsm.Ref{Kind: kind}, told: func(t Turn) { turns = append(turns, t) }}
	x.past = func() ([]Moment, error) { return out, nil }
	var before *Moment
	for i := range moments {
		turns = nil
		out = append(out, moments[i])
		v := look(before, &moments[i])
		before = &moments[i]
		x.advance(&v, nil)
		_ = x.join(&v)
		x.noted(v.Levels)
		x.settle()
		out[i].Turns = turns
	}
	return out
}

// Replayed are all cycles by what the moments say of turns.
func (t *Terms) Replayed(kind string, moments []Moment, now time.Time) []Status {
	var ended []Clock
	x := t.retrace(itsm.Ref{Kind: kind}, moments, func(c Clock) { ended = append(ended, c) }, nil)
	return t.statuses(x, ended, now)
}
