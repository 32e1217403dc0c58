package sla

import (
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Evaluate computes the clocks of a ticket of a kind from its moments, in their order, as of an instant: later moments do
// not count. It is the law of every clock, and reads and writes nothing else: the agreements are taken as if they had
// been known from the ticket's first moment on, whatever the moments say of turns.
//
// It answers every cycle, targets in the order in which they began and their cycles in order. It costs one pass over the
// moments, and one for each target that comes late.
func (t *Terms) Evaluate(kind string, moments []Moment, now time.Time) []Status {
	var ended []Clock
	x := &course{terms: t, ticket: itsm.Ref{Kind: kind}, finished: func(c Clock) { ended = append(ended, c) }}
	x.lines = make([]line, 0, 8)
	until := 0
	x.past = func() ([]Moment, error) { return moments[:until], nil }
	var before *Moment
	for i := range moments {
		if moments[i].At.After(now) {
			break
		}
		until = i + 1
		v := look(before, &moments[i])
		before = &moments[i]
		x.advance(&v)
		_ = x.join(&v) // the past is at hand
		x.noted(v.Levels)
	}
	x.settle()
	return t.statuses(x, ended, now)
}

// statuses are all cycles of a course at an instant.
func (t *Terms) statuses(x *course, ended []Clock, now time.Time) []Status {
	all := make([]Status, 0, len(ended)+len(x.lines))
	for i := range x.lines {
		l := &x.lines[i]
		for j := range ended {
			if c := &ended[j]; c.Target == l.clock.Target && c.Agreement == l.clock.Agreement {
				all = append(all, status(t.promise(x.ticket.Kind, c.Agreement, c.AgreementVersion, c.Target), c, now))
			}
		}
		all = append(all, status(l.p, &l.clock, now))
	}
	return all
}

// status is how a clock stands at an instant. Without its promise nothing is counted beyond what the clock says.
func status(p *promise, c *Clock, now time.Time) (s Status) {
	s.fill(p, c, now)
	return s
}

func (s *Status) fill(p *promise, c *Clock, now time.Time) {
	s.Clock, s.At, s.Elapsed = *c, now, c.Used
	if p != nil && !c.Since.IsZero() {
		s.Elapsed = sum(c.Used, p.worked(c.Since, now))
	}
	s.Clock.breach(now)
	s.Remaining = c.Within - s.Elapsed
	s.Percent = percent(s.Elapsed, c.Within)
}

// course of a whole history, by what its events say.
func (t *Terms) retrace(ticket itsm.Ref, moments []Moment, finished func(Clock), each func(i int, x *course)) *course {
	x := &course{terms: t, ticket: ticket, finished: finished}
	var before *Moment
	for i := range moments {
		v := look(before, &moments[i])
		before = &moments[i]
		x.replay(&v, moments[:i+1])
		if each != nil {
			each(i, x)
		}
	}
	return x
}
