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
	x.lines = make([]line, 0, t.lines(kind))
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
		x.advance(&v, nil)
		_ = x.join(&v) // the past is at hand
		x.noted(v.Levels)
	}
	x.settle()
	return t.statuses(x, ended, now)
}

// lines is how many clocks a ticket of a kind may have at most, but for versions.
func (t *Terms) lines(kind string) (n int) {
	for _, f := range t.families[kind] {
		n += len(f.versions[0].promises)
	}
	return n
}

// statuses are all cycles of a course at an instant.
func (t *Terms) statuses(x *course, ended []Clock, now time.Time) []Status {
	all := make([]Status, 0, len(ended)+len(x.lines))
	for i := range x.lines {
		l := &x.lines[i]
		for j := range ended {
			if c := &ended[j]; c.Target == l.clock.Target && c.Agreement == l.clock.Agreement {
				all = append(all, Status{Clock: *c, At: now})
				all[len(all)-1].stand(t.promise(x.ticket.Kind, c.Agreement, c.AgreementVersion, c.Target))
			}
		}
		all = append(all, Status{Clock: l.clock, At: now})
		all[len(all)-1].stand(l.p)
	}
	return all
}

// status is how a clock stands at an instant.
func status(p *promise, c *Clock, now time.Time) Status {
	s := Status{Clock: *c, At: now}
	s.stand(p)
	return s
}

// stand computes how the clock stands at the status's instant. Without its promise nothing is counted beyond what the clock
// says.
func (s *Status) stand(p *promise) {
	if s.Elapsed = s.Used; p != nil && !s.Since.IsZero() {
		s.Elapsed = sum(s.Used, p.worked(s.Since, s.At))
	}
	s.breach(s.At)
	s.Remaining = s.Within - s.Elapsed
	s.Percent = percent(s.Elapsed, s.Within)
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
