package sla

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
)

// Explanation says of one cycle of a clock where the time went: lines in order, without gaps, that add up to what it
// used.
type Explanation struct {
	Status
	Lines []Line
	// Zone is the calendar's, for those who show instants.
	Zone *time.Location
}

// Line is a stretch of a cycle with one reason.
type Line struct {
	calendar.Interval
	// Used is what counted of it.
	Used time.Duration
	// Reason is the calendar's, or [calendar.ReasonPause] with the Name of what the clock waited for, or [ReasonOver]
	// between the end of the cycle and the reopening of its ticket.
	Reason calendar.Reason
	Name   string
}

// ReasonOver is the reason of a stretch in which the cycle had ended.
const ReasonOver calendar.Reason = "completed"

// Explain says where the time of each cycle of a target went, up to now. Who may read the ticket may ask. It costs the
// whole history and the days between.
func (s *Keeper) Explain(ctx context.Context, ref itsm.Ref, agreement, target string) ([]Explanation, error) {
	moments, err := s.moments(ctx, ref)
	if err != nil {
		return nil, err
	}
	return s.terms.explain(ref, moments, agreement, target, s.kernel.Clock().Now().UTC())
}

// stretch is a time in which a cycle stood in one stage.
type stretch struct {
	from, to time.Time
	stage    Stage
	name     string
	group    string
	person   string
}

// track is the stretches of a cycle.
type track struct {
	p         *promise
	clock     Clock
	stretches []stretch
}

// tracks follows one target through a ticket's history. A stretch ends where the stage changes, or who works on it.
func (t *Terms) tracks(ref itsm.Ref, moments []Moment, agreement, target string, now time.Time) []track {
	var all []track
	t.retrace(ref, moments, nil, func(i int, x *course) {
		at := x.find(agreement, target)
		if at < 0 || x.lines[at].p == nil {
			return
		}
		l := &x.lines[at]
		m := &moments[i]
		if n := len(all); n == 0 || all[n-1].clock.Cycle != l.clock.Cycle {
			if n > 0 {
				all[n-1].close(m.At)
			}
			all = append(all, track{p: l.p, clock: l.clock, stretches: l.p.early(moments[:i+1], &l.clock)})
		}
		k := &all[len(all)-1]
		if k.clock.EndedBy == NotPromised && l.clock.EndedBy != NotPromised || k.p != l.p {
			k.stretches = l.p.early(moments[:i+1], &l.clock) // it is as if it had always been promised
		}
		k.p, k.clock = l.p, l.clock
		k.add(m)
	})
	if n := len(all); n > 0 {
		all[n-1].close(now)
	}
	return all
}

// early is what an adopted clock had behind it when it was taken in.
func (p *promise) early(moments []Moment, c *Clock) []stretch {
	present := len(moments) - 1
	if !c.Started.Before(moments[present].At) {
		return nil
	}
	k := track{p: p}
	var old Clock
	var before *Moment
	begun := false
	for i := range moments[:present] {
		v := look(before, &moments[i])
		before = &moments[i]
		switch {
		case !begun:
			if begun = p.begins(&v); begun {
				old = p.begin(&v, offer{ok: true}, 1)
			}
		case p.step(&old, &v, offer{ok: true}):
			old, k.stretches = p.begin(&v, offer{ok: true}, 1), nil
		}
		if begun {
			k.clock = old
			k.add(&moments[i])
		}
	}
	return k.stretches
}

func (k *track) add(m *Moment) {
	s := stretch{from: m.At, stage: k.clock.State, group: m.Group, person: m.Assignee}
	if s.stage == Paused {
		if s.name = "phase " + m.Phase.String(); m.Hold != "" {
			s.name = "on hold: " + string(m.Hold)
		}
	}
	if n := len(k.stretches); n > 0 {
		last := &k.stretches[n-1]
		if last.stage == s.stage && last.name == s.name && last.group == s.group && last.person == s.person {
			return
		}
		last.to = m.At
	}
	k.stretches = append(k.stretches, s)
}

func (k *track) close(at time.Time) {
	if n := len(k.stretches); n > 0 {
		k.stretches[n-1].to = later(at, k.stretches[n-1].from)
	}
}

func (t *Terms) explain(ref itsm.Ref, moments []Moment, agreement, target string, now time.Time) ([]Explanation, error) {
	tracks := t.tracks(ref, moments, agreement, target, now)
	if len(tracks) == 0 {
		return nil, itsm.ErrNotFound
	}
	all := make([]Explanation, len(tracks))
	for i, k := range tracks {
		all[i] = Explanation{Status: status(k.p, &k.clock, now), Zone: k.p.calendar.Location()}
		counted := k.p.reopen == ContinueCounted
		for j, s := range k.stretches {
			lastOne := j == len(k.stretches)-1
			switch {
			case s.stage == Running || counted && s.stage == Completed && !lastOne:
				e, err := k.p.calendar.Explain(s.from, s.to)
				if err != nil {
					return nil, err
				}
				for _, l := range e.Lines {
					line := Line{Interval: l.Interval, Reason: l.Reason, Name: l.Name}
					if l.Reason == calendar.ReasonOpen {
						line.Used = l.Duration()
					}
					all[i].add(line)
				}
			case s.stage == Paused:
				all[i].add(Line{Interval: calendar.Interval{From: s.from, To: s.to}, Reason: calendar.ReasonPause, Name: s.name})
			case !lastOne:
				all[i].add(Line{Interval: calendar.Interval{From: s.from, To: s.to}, Reason: ReasonOver})
			}
		}
	}
	return all, nil
}

// add makes the last line longer where both say the same.
func (e *Explanation) add(l Line) {
	if !l.From.Before(l.To) {
		return
	}
	if n := len(e.Lines); n > 0 {
		last := &e.Lines[n-1]
		if last.Reason == l.Reason && last.Name == l.Name && last.To.Equal(l.From) {
			last.To = l.To
			last.Used += l.Used
			return
		}
	}
	e.Lines = append(e.Lines, l)
}

// String writes a line for each stretch, in the calendar's zone.
func (e Explanation) String() string {
	const layout = "Mon 2006-01-02 15:04:05.999999999"
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %s, cycle %d: %s, %v of %v used (%d %%)", e.Agreement, e.Target, e.Cycle, e.State, e.Elapsed, e.Within, e.Percent)
	if !e.Due.IsZero() {
		fmt.Fprintf(&text, ", due %s", e.Due.In(e.Zone).Format(layout))
	}
	if e.Late() {
		fmt.Fprintf(&text, ", missed %s", e.Breached.In(e.Zone).Format(layout))
	}
	text.WriteByte('\n')
	for _, l := range e.Lines {
		fmt.Fprintf(&text, "%s  to  %s  %s", l.From.In(e.Zone).Format(layout), l.To.In(e.Zone).Format(layout), l.Reason)
		if l.Used > 0 {
			fmt.Fprintf(&text, " %s", l.Used)
		}
		if l.Name != "" {
			fmt.Fprintf(&text, " (%s)", l.Name)
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// Share is the part of a clock's time that passed while a group and a person had the ticket.
type Share struct {
	Group, Assignee string
	// Used is working time, and Wall all the time that the clock ran.
	Used, Wall time.Duration
}

// Attribution divides the time that a target used, in all cycles, among those who had the ticket, in the order in which
// they first had it. The parts add up to what was used. Who may read the ticket may ask; where the assignee is hidden,
// the shares are those of groups. It costs the whole history.
func (s *Keeper) Attribution(ctx context.Context, ref itsm.Ref, agreement, target string) ([]Share, error) {
	moments, err := s.moments(ctx, ref)
	if err != nil {
		return nil, err
	}
	rec, err := s.kernel.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	hidden := itsm.TicketOf(rec).Assignee == "" && len(moments) > 0 && moments[len(moments)-1].Assignee != ""
	tracks := s.terms.tracks(ref, moments, agreement, target, s.kernel.Clock().Now().UTC())
	if len(tracks) == 0 {
		return nil, itsm.ErrNotFound
	}
	var shares []Share
	for _, k := range tracks {
		for j, x := range k.stretches {
			counted := k.p.reopen == ContinueCounted && x.stage == Completed && j < len(k.stretches)-1
			if x.stage != Running && !counted {
				continue
			}
			if hidden {
				x.person = ""
			}
			at := slices.IndexFunc(shares, func(s Share) bool { return s.Group == x.group && s.Assignee == x.person })
			if at < 0 {
				at = len(shares)
				shares = append(shares, Share{Group: x.group, Assignee: x.person})
			}
			shares[at].Used += k.p.worked(x.from, x.to)
			shares[at].Wall += x.to.Sub(x.from)
		}
	}
	return shares, nil
}
