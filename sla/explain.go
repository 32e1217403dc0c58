package sla

import (
	"cmp"
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
	// Reason is the calendar's, or [calendar.ReasonPause] with the Name of what the clock waited for, such as "on hold:
	// caller", or [ReasonOver] or [ReasonGone].
	Reason calendar.Reason
	Name   string
}

const (
	// ReasonOver is the reason of a stretch between the end of the cycle and the reopening of its ticket.
	ReasonOver calendar.Reason = "completed"
	// ReasonGone is the reason of the last stretch of a cycle whose agreement was taken away from the desk: nobody counted
	// any more when it ended.
	ReasonGone calendar.Reason = "agreement gone"
)

// Explain says where the time of each cycle of a target went, up to now. Who may read the ticket may ask, whatever fields
// are hidden. It costs the whole history and the days between.
//
// Errors: those of [itsm.Kernel.Get], and [itsm.ErrNotFound] where the ticket has no such clock, or the desk does not know
// its agreement any more.
func (s *Keeper) Explain(ctx context.Context, ref itsm.Ref, agreement, target string) ([]Explanation, error) {
	moments, err := s.moments(ctx, ref)
	if err != nil {
		return nil, err
	}
	now := s.now(moments)
	tracks := s.terms.tracks(ref, moments, agreement, target, now)
	if len(tracks) == 0 {
		return nil, noClock(ref, agreement, target)
	}
	all := make([]Explanation, len(tracks))
	for i := range tracks {
		if all[i], err = tracks[i].explain(now); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func noClock(ref itsm.Ref, agreement, target string) error {
	return &itsm.Error{
		Code: itsm.ErrNotFound.Code, Message: "the record has no such clock: name an agreement that the desk knows and a target that Cycles lists",
		Args: map[string]string{"record": ref.String(), "agreement": agreement, "target": target},
	}
}

// stretch is a time in which a cycle stood in one stage.
type stretch struct {
	from, to time.Time
	stage    Stage
	name     string
	group    string
	person   string
	counted  bool // it was completed, and a reopening had the time count
	lost     bool // it ran, and its agreement was gone before it was counted
}

// uses reports whether working time of the stretch is used.
func (s *stretch) uses() bool { return s.stage == Running && !s.lost || s.counted }

// track is the stretches of a cycle.
type track struct {
	p         *promise
	clock     Clock
	stretches []stretch
}

// tracks follows one target through a ticket's history. A stretch ends where the stage changes, or who works on it.
func (t *Terms) tracks(ref itsm.Ref, moments []Moment, agreement, target string, now time.Time) []track {
	var all []track
	var v sight
	var anew, gone bool // in this moment the cycle was computed from the beginning, or its agreement was taken away
	x := &course{terms: t, ticket: ref}
	x.told = func(turn Turn) {
		if turn.Agreement == agreement && turn.Target == target {
			anew = anew || turn.Did == Adopted || turn.Did == Migrated
			gone = gone || turn.Did == Removed
		}
	}
	x.finished = func(c Clock) {
		if c.Agreement != agreement || c.Target != target {
			return
		}
		if n := len(all); n == 0 || all[n-1].clock.Cycle != c.Cycle { // it began and ended in this moment
			all = append(all, track{p: t.promise(ref.Kind, c.Agreement, c.AgreementVersion, c.Target)})
		}
		k := &all[len(all)-1]
		k.clock = c
		k.add(&v)
		k.close(v.At)
	}
	var before *Moment
	for i := range moments {
		v = look(before, &moments[i])
		before, anew, gone = &moments[i], false, false
		x.replay(&v, moments[:i+1])
		at := x.find(agreement, target)
		if at < 0 {
			continue
		}
		l := &x.lines[at]
		if n := len(all); n == 0 || all[n-1].clock.Cycle != l.clock.Cycle {
			all, anew = append(all, track{}), true
		}
		k := &all[len(all)-1]
		if anew {
			k.stretches = l.p.early(moments[:i+1], &l.clock) // as if it had always been promised
		}
		if gone && l.clock.EndedBy == AgreementGone && l.clock.Used == k.clock.Used {
			k.lose()
		}
		k.p, k.clock = l.p, l.clock
		k.add(&v)
	}
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
	var before *Moment
	begun := false
	for i := range moments[:present] {
		v := look(before, &moments[i])
		before = &moments[i]
		switch {
		case !begun:
			if begun = p.begins(&v); begun {
				k.clock = p.begin(&v, offer{ok: true}, 1)
			}
		case p.step(&k.clock, &v, offer{ok: true}):
			k.clock, k.stretches = p.begin(&v, offer{ok: true}, 1), nil
		}
		if begun {
			k.add(&v)
		}
	}
	return k.stretches
}

// add goes on with the cycle as it stands since a moment.
func (k *track) add(v *sight) {
	s := stretch{from: v.At, stage: k.clock.State, group: v.Group, person: v.Assignee}
	if s.stage == Paused {
		s.name = k.p.pause.why(v)
	}
	if n := len(k.stretches); n > 0 {
		last := &k.stretches[n-1]
		if last.stage == s.stage && last.name == s.name && last.group == s.group && last.person == s.person {
			return
		}
		last.to = v.At
		if last.stage == Completed && k.clock.Open() && k.p.reopen == ContinueCounted {
			for i := n - 1; i >= 0 && k.stretches[i].stage == Completed; i-- {
				k.stretches[i].counted = true
			}
		}
	}
	k.stretches = append(k.stretches, s)
}

func (k *track) close(at time.Time) {
	if n := len(k.stretches); n > 0 {
		k.stretches[n-1].to = later(at, k.stretches[n-1].from)
	}
}

// lose has nothing count since the clock last began to run.
func (k *track) lose() {
	for i := range k.stretches {
		s := &k.stretches[i]
		s.lost = s.lost || s.stage == Running && !k.clock.Since.IsZero() && !s.from.Before(k.clock.Since)
	}
}

func (k *track) explain(now time.Time) (Explanation, error) {
	e := Explanation{Status: status(k.p, &k.clock, now), Zone: k.p.calendar.Location()}
	for i := range k.stretches[:k.lived()] {
		s := &k.stretches[i]
		whole := Line{Interval: calendar.Interval{From: s.from, To: s.to}}
		switch {
		case s.uses():
			said, err := k.p.calendar.Explain(s.from, s.to)
			if err != nil {
				return e, err
			}
			for _, l := range said.Lines {
				line := Line{Interval: l.Interval, Reason: l.Reason, Name: l.Name}
				if l.Reason == calendar.ReasonOpen {
					line.Used = l.Duration()
				}
				e.add(line)
			}
			continue
		case s.stage == Paused:
			whole.Reason, whole.Name = calendar.ReasonPause, s.name
		case s.lost:
			whole.Reason = ReasonGone
		default:
			whole.Reason = ReasonOver
		}
		e.add(whole)
	}
	return e, nil
}

// lived is how many stretches there are up to the end of the cycle.
func (k *track) lived() int {
	n := len(k.stretches)
	for n > 0 && !k.stretches[n-1].counted && (k.stretches[n-1].stage == Completed || k.stretches[n-1].stage == Cancelled) && !k.stretches[n-1].from.Before(k.clock.Ended) {
		n--
	}
	return n
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

// String writes a line for each stretch, in the calendar's zone, which it names.
func (e Explanation) String() string {
	const layout = "Mon 2006-01-02 15:04:05.999999999"
	zone := cmp.Or(e.Zone, time.UTC)
	var text strings.Builder
	fmt.Fprintf(&text, "%s, %s, cycle %d: %s, %v of %v used (%d %%)", e.Agreement, e.Target, e.Cycle, e.State, e.Elapsed, e.Within, e.Percent)
	if !e.Due.IsZero() {
		fmt.Fprintf(&text, ", due %s", e.Due.In(zone).Format(layout))
	}
	if e.Late() {
		fmt.Fprintf(&text, ", missed %s", e.Breached.In(zone).Format(layout))
	}
	fmt.Fprintf(&text, "; times in %s\n", zone)
	for _, l := range e.Lines {
		fmt.Fprintf(&text, "%s  to  %s  %s", l.From.In(zone).Format(layout), l.To.In(zone).Format(layout), l.Reason)
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
// they first had it. The parts add up to what was used. Who may read the ticket may ask; where the assignee is hidden from
// the actor, the shares are those of groups, and where the group is, of nobody by name. A person that was erased is
// [itsm.Erased]. It costs the whole history, twice. The errors are those of [Keeper.Explain].
func (s *Keeper) Attribution(ctx context.Context, ref itsm.Ref, agreement, target string) ([]Share, error) {
	moments, err := s.moments(ctx, ref)
	if err != nil {
		return nil, err
	}
	tracks := s.terms.tracks(ref, moments, agreement, target, s.now(moments))
	if len(tracks) == 0 {
		return nil, noClock(ref, agreement, target)
	}
	seen, err := s.kernel.History(ctx, ref, 0, 0)
	if err != nil {
		return nil, err
	}
	shows := func(name string) bool {
		return slices.ContainsFunc(seen, func(e itsm.Entry) bool {
			return slices.ContainsFunc(e.Changes, func(c itsm.FieldChange) bool { return c.Field == name })
		})
	}
	groups, people := shows("group"), shows("assignee")
	var shares []Share
	for i := range tracks {
		k := &tracks[i]
		for j := range k.stretches {
			x := &k.stretches[j]
			if !x.uses() || !x.from.Before(x.to) {
				continue
			}
			var who Share
			if groups {
				who.Group = x.group
			}
			if people {
				who.Assignee = x.person
			}
			at := slices.IndexFunc(shares, func(s Share) bool { return s.Group == who.Group && s.Assignee == who.Assignee })
			if at < 0 {
				at = len(shares)
				shares = append(shares, who)
			}
			shares[at].Used += k.p.worked(x.from, x.to)
			shares[at].Wall += x.to.Sub(x.from)
		}
	}
	return shares, nil
}
