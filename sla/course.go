package sla

import (
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// course is the clocks of one ticket on their way through its moments. The same code takes them one moment on, in the
// ticket's transaction, and through a whole history.
type course struct {
	terms  *Terms
	ticket itsm.Ref
	lines  []line
	// families are those of the ticket's kind, once they were needed.
	families []family
	full     bool // nothing can join before a clock of theirs ends
	// past answers all moments up to the present one, for targets that come late.
	past func() ([]Moment, error)
	// all has every target that is promised begin, also where nothing of the ticket changed for it.
	all bool
	// told gets what clocks do, and finished the cycles after which a new one began; nil for nobody.
	told     func(t Turn)
	finished func(c Clock)
}

// line is a target on the ticket with its current cycle.
type line struct {
	clock Clock
	p     *promise // nil where the desk does not know the agreement any more
	fell  bool     // it ended in this moment because it is not promised any more
}

func (x *course) find(agreement, target string) int {
	for i := range x.lines {
		if c := &x.lines[i].clock; c.Target == target && c.Agreement == agreement {
			return i
		}
	}
	return -1
}

// lineOf is the place of a promise's clock, of whatever version.
func (x *course) lineOf(p *promise) int {
	for i := range x.lines {
		if x.lines[i].p == p {
			return i
		}
	}
	return x.find(p.Name, p.target.Name)
}

func (x *course) turn(c *Clock, did Did) {
	if x.told != nil {
		x.told(Turn{
			Agreement: c.Agreement, Version: c.AgreementVersion, Target: c.Target, Cycle: c.Cycle, Did: did,
			Late: (did == DidStop || did == DidCancel || did == Removed) && !c.Breached.IsZero(),
		})
	}
}

// advance takes what is there through a moment. Turns are those that its event tells, where it is replayed: a clock
// whose agreement was gone then ended with it, whatever else happened in the moment.
func (x *course) advance(v *sight, turns []Turn) {
	for i := range x.lines {
		l := &x.lines[i]
		l.fell = false
		if l.p == nil || removed(turns, &l.clock) {
			x.drop(l, v)
			continue
		}
		c := &l.clock
		was := c.State
		o := l.p.offer(v.Moment)
		again := l.p.step(c, v, o)
		if c.State != was || !c.Open() {
			x.full = false
		}
		if c.State != was {
			l.fell = c.EndedBy == NotPromised && c.State == Cancelled
			x.turn(c, did(was, c.State))
		}
		if v.Phase.Terminal() {
			c.Passed = nil // nobody works on it any more
		}
		if again {
			x.next(l, v, o)
		}
	}
}

func removed(turns []Turn, c *Clock) bool {
	for i := range turns {
		if t := &turns[i]; t.Did == Removed && t.Target == c.Target && t.Agreement == c.Agreement {
			return true
		}
	}
	return false
}

func did(from, to Stage) Did {
	switch {
	case to == Completed:
		return DidStop
	case to == Cancelled:
		return DidCancel
	case from == Completed || from == Cancelled:
		return Went
	case to == Paused:
		return DidPause
	}
	return DidResume
}

// next begins another cycle.
func (x *course) next(l *line, v *sight, o offer) {
	x.finish(&l.clock)
	l.clock = l.p.begin(v, o, l.clock.Cycle+1)
	x.turn(&l.clock, Began)
}

// finish hands on a cycle after which another begins. Its levels are told no more.
func (x *course) finish(c *Clock) {
	if c.Ticket, c.Next, c.NextAt = x.ticket, "", (time.Time{}); x.finished != nil {
		x.finished(*c)
	}
}

// drop ends a clock whose agreement is gone. Without its calendar nothing more is counted.
func (x *course) drop(l *line, v *sight) {
	c := &l.clock
	if !c.Open() {
		return
	}
	c.lapse(v.At)
	c.Since, c.Due, c.Passed = time.Time{}, time.Time{}, nil
	c.Next, c.NextAt = "", time.Time{}
	c.set(Cancelled)
	c.Ended, c.EndedBy, l.fell = v.At.UTC(), AgreementGone, true
	x.turn(c, Removed)
}

// join lets targets begin that are promised now: those that start with the moment, and those under which the ticket
// comes only now.
func (x *course) join(v *sight) error {
	if x.full {
		return nil
	}
	if x.families == nil {
		x.families = x.terms.families[x.ticket.Kind]
	}
	full := true
	for i := range x.families {
		f := &x.families[i]
		full = full && len(f.versions) == 1 && f.versions[0].always
		policy := f.valid(v.At)
		if policy == nil {
			continue
		}
		for j := range policy.promises {
			p := &policy.promises[j]
			if at := x.lineOf(p); at < 0 || x.lines[at].over() {
				full = false
				if err := x.joinOne(p, v, at); err != nil {
					return err
				}
			}
		}
	}
	x.full = full
	return nil
}

func (x *course) joinOne(p *promise, v *sight, at int) error {
	if v.Phase == lifecycle.Cancelled || !p.offer(v.Moment).ok {
		return nil
	}
	late := v.before != nil && !p.offer(v.before).ok
	switch {
	case at >= 0 && !x.lines[at].returns(v, late):
	case at >= 0 || late || x.all && v.before != nil:
		var moments []Moment
		if p.OnChange != StartAnew {
			var err error
			if moments, err = x.past(); err != nil {
				return err
			}
		}
		x.adopt(p, v, at, moments)
	case p.begins(v):
		x.start(p, v, p.offer(v.Moment))
	}
	return nil
}

// over reports whether the clock ended because it was not promised.
func (l *line) over() bool {
	return l.clock.EndedBy != "" && (l.clock.EndedBy == NotPromised || l.clock.EndedBy == AgreementGone || l.clock.EndedBy == EndedBefore)
}

// returns reports whether an ended clock is looked at again, because its ticket comes under the agreement again or is
// reopened: it may be that it would be open if it had been promised all the time.
func (l *line) returns(v *sight, late bool) bool {
	switch l.clock.EndedBy {
	case NotPromised, AgreementGone:
		return true
	case EndedBefore:
		return late || v.signs&signReopened != 0
	}
	return false
}

// start begins the first cycle of a target.
func (x *course) start(p *promise, v *sight, o offer) {
	x.lines = append(x.lines, line{clock: p.begin(v, o, 1), p: p})
	x.turn(&x.lines[len(x.lines)-1].clock, Began)
}

// adopt takes a target in under which the ticket comes only now. Where the clock is an old one that ended because it was
// not promised, or takes the place of one of the same name that ends so in this moment, it takes over which levels were
// told: none is told twice.
func (x *course) adopt(p *promise, v *sight, at int, moments []Moment) {
	t := Turn{Cycle: 1}
	if at >= 0 {
		t.Cycle = x.lines[at].clock.Cycle
	}
	if p.OnChange == StartAnew {
		if at >= 0 && x.lines[at].clock.EndedBy != EndedBefore {
			t.Cycle++
		}
		x.takeIn(p, v, at, moments, &t)
		return
	}
	for i := range x.lines {
		if l := &x.lines[i]; i == at || l.fell && l.clock.Target == p.target.Name {
			t.Told, t.Silenced = union(t.Told, l.clock.Reached), union(t.Silenced, l.clock.Silenced)
		}
	}
	x.takeIn(p, v, at, moments, &t)
}

// takeIn is adopt with what the clock takes over.
func (x *course) takeIn(p *promise, v *sight, at int, moments []Moment, by *Turn) {
	o := p.offer(v.Moment)
	var c Clock
	var ok bool
	if p.OnChange == StartAnew {
		c, ok = p.anew(v, o, by.Cycle)
	} else {
		var old *Clock
		if at >= 0 {
			old = &x.lines[at].clock
		}
		c, ok = p.adopt(moments, o, old)
	}
	if !ok {
		return
	}
	c.Cycle, c.Reached, c.Silenced = by.Cycle, p.among(by.Told), p.among(by.Silenced)
	if at < 0 && !by.Breached.IsZero() { // of a clock that nobody knows any more
		if c.Breached = by.Breached; !c.Since.IsZero() {
			p.run(&c, c.Since, o) // it was due when it was breached
		}
	}
	if at >= 0 {
		old := &x.lines[at].clock
		another := p.OnChange != StartAnew && !old.Started.Equal(c.Started) // others began and ended meanwhile
		if !c.Open() && !another && old.EndedBy == EndedBefore {
			return
		}
		if another && old.Cycle == c.Cycle {
			c.Cycle, c.Reached, c.Silenced = c.Cycle+1, nil, nil
		}
		if old.Cycle < c.Cycle {
			x.finish(old)
		}
		x.lines[at] = line{clock: c, p: p}
	} else {
		x.lines = append(x.lines, line{clock: c, p: p})
	}
	if x.told != nil {
		x.told(Turn{
			Agreement: c.Agreement, Version: c.AgreementVersion, Target: c.Target, Cycle: c.Cycle, Did: Adopted,
			Told: c.Reached, Silenced: c.Silenced, Breached: c.Breached,
		})
	}
}

// union is the names of both, in order.
func union(a, b []string) []string {
	for _, name := range b {
		if !slices.Contains(a, name) {
			a = append(slices.Clip(a), name)
		}
	}
	return a
}

// among keeps the levels that the target has.
func (p *promise) among(names []string) (kept []string) {
	for _, name := range names {
		if slices.ContainsFunc(p.target.Levels, func(l Level) bool { return l.Name == name }) {
			kept = append(kept, name)
		}
	}
	return kept
}

// migrate takes a clock to another version of its agreement, with the time that it has used by that version's terms.
func (x *course) migrate(at int, p *promise, v *sight, moments []Moment) {
	old := &x.lines[at].clock
	o := p.offer(v.Moment)
	c, ok := p.adopt(moments, o, nil)
	if !ok || !o.ok {
		return
	}
	c.Cycle, c.Reached, c.Silenced = old.Cycle, p.among(old.Reached), p.among(old.Silenced)
	if !old.Breached.IsZero() {
		c.Breached = old.Breached
	}
	x.lines[at] = line{clock: c, p: p}
	if x.told != nil {
		x.told(Turn{
			Agreement: c.Agreement, Version: c.AgreementVersion, Target: c.Target, Cycle: c.Cycle, Did: Migrated,
			Told: c.Reached, Silenced: c.Silenced, Breached: c.Breached,
		})
	}
}

// settle finds the next level of every clock.
func (x *course) settle() {
	for i := range x.lines {
		l := &x.lines[i]
		l.clock.Ticket = x.ticket
		if l.p != nil {
			l.p.aim(&l.clock)
		}
	}
}

// noted takes over what an event says of levels.
func (x *course) noted(levels []itsm.LevelReached) {
	for i := range levels {
		level := &levels[i]
		at := x.find(level.Agreement, level.Target)
		if at < 0 || x.lines[at].clock.Cycle != level.Cycle {
			continue
		}
		c := &x.lines[at].clock
		if level.Suppressed {
			c.silence(level.Level)
			continue
		}
		c.tell(level.Skipped...)
		c.tell(level.Level)
		if level.Missed {
			c.breach(level.Due) // what was said stays true
		}
	}
}

// replay takes the clocks through a moment as its event says that it was: by the agreements under which the ticket came
// then, not by those of today.
func (x *course) replay(v *sight, moments []Moment) {
	x.advance(v, v.Turns)
	for i := range v.Turns {
		t := &v.Turns[i]
		at := x.find(t.Agreement, t.Target)
		p := x.terms.promise(x.ticket.Kind, t.Agreement, t.Version, t.Target)
		switch {
		case t.Did == Withdrawn && at >= 0:
			if l := &x.lines[at]; l.p != nil && l.clock.Open() {
				l.p.end(&l.clock, v, Cancelled, NotPromised)
			}
		case t.Did == Unsilenced && at >= 0:
			c := &x.lines[at].clock
			c.Silenced = slices.DeleteFunc(slices.Clone(c.Silenced), func(name string) bool { return name == t.Level })
		case p == nil:
		case t.Did == Began && at < 0:
			x.start(p, v, p.offer(v.Moment))
		case t.Did == Adopted:
			x.takeIn(p, v, at, moments, t)
		case t.Did == Migrated && at >= 0:
			x.migrate(at, p, v, moments)
		case t.Did == Migrated: // from a version that nobody knows any more
			if c, ok := p.adopt(moments, p.offer(v.Moment), nil); ok {
				c.Cycle, c.Reached, c.Silenced, c.Breached = t.Cycle, p.among(t.Told), p.among(t.Silenced), t.Breached
				x.lines = append(x.lines, line{clock: c, p: p})
			}
		}
	}
	x.noted(v.Levels)
	x.settle()
}

// inOrder puts the clocks in the order of the agreements and their targets, those of agreements that are gone last.
func (x *course) inOrder() {
	place := func(c *Clock) int {
		n := 0
		for _, p := range x.terms.policies {
			for i := range p.promises {
				if n++; p.Name == c.Agreement && p.Version == c.AgreementVersion && p.promises[i].target.Name == c.Target {
					return n
				}
			}
		}
		return n + 1
	}
	slices.SortStableFunc(x.lines, func(a, b line) int { return place(&a.clock) - place(&b.clock) })
}
