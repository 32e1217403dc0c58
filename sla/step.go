package sla

import (
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// begins reports whether a first cycle begins at a moment.
func (p *promise) begins(v *sight) bool {
	return (p.start.happens(v) || p.start.lasts(v)) && p.free(v)
}

// free reports whether nothing keeps a cycle from beginning.
func (p *promise) free(v *sight) bool {
	return !v.Phase.Terminal() && !p.stop.lasts(v) && !p.cancel.met(v)
}

// begin makes a cycle that starts at a moment.
func (p *promise) begin(v *sight, o offer, cycle int) Clock {
	c := Clock{
		Agreement: p.Name, AgreementVersion: p.Version, Class: p.Class, Target: p.target.Name, Measure: p.target.Kind,
		Cycle: cycle, Started: v.At.UTC(), Within: o.within, Terms: p.fingerprint,
	}
	c.follow(v)
	p.place(&c, v, o)
	return c
}

// place lets an open cycle run or stand as the moment says.
func (p *promise) place(c *Clock, v *sight, o offer) {
	if p.pause.lasts(v) {
		c.set(Paused)
		return
	}
	p.run(c, v.At, o)
}

// run lets the clock run from an instant.
func (p *promise) run(c *Clock, at time.Time, o offer) {
	c.set(Running)
	c.Since, c.Within, c.Due = at.UTC(), o.within, time.Time{}
	switch {
	case !o.deadline.IsZero():
		c.Due = o.deadline.UTC()
		c.Within = p.worked(c.Started, c.Due)
	case o.within <= 0:
	case o.within <= c.Used && !c.Breached.IsZero():
		c.Due = c.Breached
	case o.within <= c.Used:
		c.Due = c.Since
	default:
		c.Due = p.after(c.Since, o.within-c.Used)
	}
}

// halt lets it stand from an instant: what it came to before is noted.
func (p *promise) halt(c *Clock, at time.Time) {
	if c.Since.IsZero() {
		return
	}
	used := sum(c.Used, p.worked(c.Since, at))
	for i := range p.target.Levels {
		l := &p.target.Levels[i]
		if p.target.Deadline == "" && p.threshold(c, l) > used || c.told(l.Name) || slices.ContainsFunc(c.Passed, func(p Passed) bool { return p.Level == l.Name }) {
			continue
		}
		if reached := p.reaches(c, l); !reached.IsZero() && reached.Before(at) {
			c.Passed = append(slices.Clip(c.Passed), Passed{l.Name, reached})
		}
	}
	if len(c.Passed) > 1 {
		slices.SortStableFunc(c.Passed, func(a, b Passed) int { return a.At.Compare(b.At) })
	}
	c.lapse(at)
	c.Used = used
	c.Since, c.Due = time.Time{}, time.Time{}
}

// end ends the cycle at a moment.
func (p *promise) end(c *Clock, v *sight, stage Stage, by Ending) {
	p.halt(c, v.At)
	c.set(stage)
	c.Ended, c.EndedBy, c.Idle = v.At.UTC(), by, p.start.lasting && !p.start.lasts(v)
	if stage == Cancelled {
		c.Passed = nil
	}
}

// step takes a cycle through the next moment, and reports whether a new one begins at once. At each moment stop is
// looked at first, then what ends the promise, then reset, then a change of the time, then pause.
func (p *promise) step(c *Clock, v *sight, o offer) (again bool) {
	at := v.At
	if !c.Open() {
		return p.stepEnded(c, v, o)
	}
	c.follow(v)
	switch {
	case p.stop.happens(v):
		p.end(c, v, Completed, StoppedForGood)
		return p.start.happens(v) && p.another(c, v, o)
	case p.stop.lasts(v) || v.Phase.Terminal() && v.Phase != lifecycle.Cancelled:
		p.end(c, v, Completed, Stopped)
		return false
	case v.Phase == lifecycle.Cancelled:
		p.end(c, v, Cancelled, TicketCancelled)
		return false
	case p.cancel.met(v):
		p.end(c, v, Cancelled, ByCondition)
		return false
	case !o.ok:
		p.end(c, v, Cancelled, NotPromised)
		return false
	case p.reset.happens(v):
		p.end(c, v, Cancelled, WasReset)
		return true
	}
	if changed := o.within != c.Within; p.target.Deadline == "" && changed {
		if p.OnChange == StartAnew {
			p.end(c, v, Cancelled, StartedAnew)
			return true
		}
		running := !c.Since.IsZero()
		p.halt(c, at)
		if c.Within = o.within; running {
			p.run(c, at, o)
		}
	} else if p.target.Deadline != "" && !o.deadline.Equal(c.Due) {
		p.halt(c, at)
		p.run(c, at, o)
	}
	if standing := p.pause.lasts(v); standing && c.State == Running {
		p.halt(c, at)
		c.set(Paused)
	} else if !standing && c.State == Paused {
		p.run(c, at, o)
	}
	c.lapse(at)
	return false
}

// missed is when a running clock breaks its promise, or would: a deadline that was set when it had passed is missed then.
func (c *Clock) missed() time.Time {
	if c.Due.IsZero() {
		return c.Due
	}
	return later(c.Due, c.Since)
}

// lapse notes that a running clock broke its promise before an instant. In the instant itself another event may still stop
// it.
func (c *Clock) lapse(at time.Time) {
	if missed := c.missed(); c.Breached.IsZero() && !missed.IsZero() && missed.Before(at) {
		c.Breached = missed
	}
}

// breach notes that it has broken its promise by an instant.
func (c *Clock) breach(by time.Time) {
	if missed := c.missed(); c.Breached.IsZero() && !missed.IsZero() && !missed.After(by) {
		c.Breached = missed
	}
}

// stepEnded looks whether an ended cycle goes on, or the next begins.
func (p *promise) stepEnded(c *Clock, v *sight, o offer) (again bool) {
	if c.EndedBy == AgreementGone || c.EndedBy == NotPromised {
		return false
	}
	if v.Phase == lifecycle.Cancelled {
		c.EndedBy = TicketCancelled // of which nothing ever changes again
	}
	if c.EndedBy == TicketCancelled || v.Phase.Terminal() {
		return false
	}
	if c.EndedBy == EndedBefore && v.signs&signReopened != 0 { // it is looked at again: see returns
		if c.Idle = c.Idle || p.start.lasting && !p.start.lasts(v); !o.ok && p.OnChange != StartAnew {
			c.EndedBy = NotPromised
		}
		return false
	}
	if c.EndedBy == Stopped && v.signs&signReopened != 0 && p.free(v) {
		switch p.reopen {
		case Continue, ContinueCounted:
			if c.follow(v); o.ok {
				p.goOn(c, v, o)
			} else {
				p.end(c, v, Cancelled, NotPromised)
			}
			return false
		case NewCycle:
			return p.another(c, v, o)
		}
	}
	if p.start.happens(v) {
		return p.another(c, v, o)
	}
	if !p.start.lasts(v) {
		c.Idle = p.start.lasting
		return false
	}
	return c.Idle && p.another(c, v, o)
}

// another reports whether the next cycle begins after an ended one. Where it would but is not promised, it is looked at
// again when it is.
func (p *promise) another(c *Clock, v *sight, o offer) bool {
	if !p.free(v) {
		return false
	}
	if !o.ok {
		c.EndedBy = NotPromised
	}
	return o.ok
}

// goOn takes a completed cycle up again. Where the time in between counts, it does by the promise under which the cycle
// was completed: another one holds from now on.
func (p *promise) goOn(c *Clock, v *sight, o offer) {
	if p.reopen == ContinueCounted {
		p.run(c, c.Ended, offer{within: c.Within, deadline: o.deadline})
		p.halt(c, v.At)
	}
	c.Ended, c.EndedBy, c.Idle, c.Within = time.Time{}, "", false, o.within
	p.place(c, v, o)
}

// follow copies what of the ticket queries of clocks name.
func (c *Clock) follow(v *sight) { c.Priority, c.Group, c.Service = v.Priority, v.Group, v.Service }

// told reports whether a level was told, or silenced.
func (c *Clock) told(level string) bool {
	return slices.Contains(c.Reached, level) || slices.Contains(c.Silenced, level)
}

// reaches is when a running clock comes to a level, or would; zero for never. A time that was shortened can pass levels
// in the instant of the change.
func (p *promise) reaches(c *Clock, l *Level) (at time.Time) {
	if p.target.Deadline != "" {
		switch {
		case c.Due.IsZero():
			return time.Time{}
		case l.Percent == 100 || l.Percent == 0 && l.Offset == 0:
			return c.missed()
		case l.Percent != 0:
			at = p.after(c.Started, share(c.Within, l.Percent))
		default:
			at = p.after(c.Due, l.Offset)
		}
		if !l.Missed() {
			return later(c.Since, at)
		}
		if !at.IsZero() {
			at = later(c.missed(), at)
		}
		return at
	}
	left := sum(p.threshold(c, l), -c.Used)
	switch {
	case c.Within <= 0:
		return time.Time{}
	case left <= 0:
		return c.Since
	}
	return p.after(c.Since, left)
}

// threshold is the used time at which a level lies.
func (p *promise) threshold(c *Clock, l *Level) time.Duration {
	if l.Percent != 0 {
		return share(c.Within, l.Percent)
	}
	return sum(c.Within, l.Offset)
}

// aim finds the level that is told next.
func (p *promise) aim(c *Clock) {
	c.Next, c.NextAt = "", time.Time{}
	if len(c.Passed) > 0 {
		c.Next, c.NextAt = c.Passed[0].Level, c.Passed[0].At
		return
	}
	if c.Since.IsZero() {
		return
	}
	for i := range p.target.Levels {
		l := &p.target.Levels[i]
		if c.told(l.Name) {
			continue
		}
		if at := p.reaches(c, l); !at.IsZero() && (c.Next == "" || at.Before(c.NextAt)) {
			c.Next, c.NextAt = l.Name, at
		}
	}
}

// tell notes levels that an event says were told.
func (c *Clock) tell(names ...string) {
	for _, name := range names {
		if !slices.Contains(c.Reached, name) {
			c.Reached = append(slices.Clip(c.Reached), name)
		}
		c.Passed = without(c.Passed, name)
	}
}

func (c *Clock) silence(name string) {
	if !c.told(name) {
		c.Silenced = append(slices.Clip(c.Silenced), name)
	}
	c.Passed = without(c.Passed, name)
}

func without(list []Passed, name string) []Passed {
	if !slices.ContainsFunc(list, func(p Passed) bool { return p.Level == name }) {
		return list
	}
	list = slices.DeleteFunc(slices.Clone(list), func(p Passed) bool { return p.Level == name })
	if len(list) == 0 {
		return nil
	}
	return list
}

// adopt makes the clock of a target that a ticket comes under only now, as it would stand if the target had been in
// force from the beginning: what it used counts, and it is missed now at the earliest, unless the old clock, nil
// for none, is the same cycle and was missed before. The last moment is the present.
func (p *promise) adopt(moments []Moment, o offer, old *Clock) (c Clock, ok bool) {
	free := offer{ok: true}
	var before *Moment
	for i := range moments {
		v := look(before, &moments[i])
		switch before = &moments[i]; {
		case !ok:
			if ok = p.begins(&v); ok {
				c = p.begin(&v, free, 1)
			}
		case p.step(&c, &v, free):
			c = p.begin(&v, free, 1)
		}
	}
	if !ok {
		return c, false
	}
	v := look(nil, before)
	c.follow(&v)
	running := !c.Since.IsZero()
	p.halt(&c, v.At)
	c.Breached, c.Passed = time.Time{}, nil
	if old != nil && old.Started.Equal(c.Started) {
		c.Breached = old.Breached
	}
	if !c.Open() {
		c.set(Cancelled)
		if c.EndedBy != TicketCancelled {
			c.EndedBy = EndedBefore
		}
		c.Within = o.within
		return c, true
	}
	if c.Within = o.within; running {
		p.run(&c, v.At, o)
	}
	return c, true
}

// anew makes the clock of a target that a ticket comes under only now and that starts anew. Where the ticket stands so that
// the promise is kept, it begins when that is reopened.
func (p *promise) anew(v *sight, o offer, cycle int) (c Clock, ok bool) {
	switch {
	case p.start.events&signReported == 0 && !p.begins(v):
	case p.free(v):
		return p.begin(v, o, cycle), true
	case p.reopen != Stay && p.stop.lasts(v) && !v.Phase.Terminal():
		c = p.begin(v, o, cycle)
		p.end(&c, v, Cancelled, EndedBefore)
		return c, true
	}
	return c, false
}

// worked is the working time between two instants; outside the horizon there is none.
func (p *promise) worked(from, to time.Time) time.Duration {
	worked, err := p.calendar.Between(from, to)
	if err != nil {
		return 0
	}
	return worked
}

// after is the instant so much working time later, or earlier where it is negative; zero where there is none.
func (p *promise) after(from time.Time, working time.Duration) time.Time {
	at, err := p.calendar.Add(from, working)
	if err != nil {
		return time.Time{}
	}
	return at.UTC()
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
