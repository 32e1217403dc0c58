package sla_test

import (
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// The oracle walks from minute to minute. What the ticket does to a target is a watch, which knows nothing of promises:
// it counts the minutes in which it runs and somebody is there. What the agreement makes of it is a cycle.

type watch struct {
	begun, open, paused bool
	reopenable, idle    bool // how it ended
	dead                bool // with its ticket
	started             time.Time
	used, over          int // minutes, and those since it was completed
}

// outcome is what a page did to a watch.
type outcome struct {
	ended             sla.Stage
	fresh, went, lost bool
}

func (s *story) free(p *page) bool {
	return p.phase != lifecycle.Closed && p.phase != lifecycle.Cancelled && !s.stop.lasts(p) && !s.cancel.happens(p) && !s.cancel.lasts(p)
}

func (s *story) starts(p *page) bool { return (s.start.happens(p) || s.start.lasts(p)) && s.free(p) }

func (s *story) goesOn() bool { return s.reopen == sla.Continue || s.reopen == sla.ContinueCounted }

func (s *story) fresh(p *page) watch {
	return watch{begun: true, open: true, paused: s.pause.lasts(p), started: p.at}
}

// take is what a page does; promised says whether the ticket is under the agreement, changed whether its time is another.
func (w *watch) take(s *story, p *page, promised, changed bool) (out outcome) {
	end := func(stage sla.Stage, reopenable bool) {
		out.ended = stage
		w.open, w.over, w.reopenable, w.idle = false, 0, reopenable, s.lasting() && !s.start.lasts(p)
	}
	next := func(begins bool) {
		begins = begins && s.free(p)
		out.fresh, out.lost = begins && promised, begins && !promised
	}
	switch {
	case !w.begun:
		out.fresh = s.starts(p)
	case w.open && s.stop.happens(p):
		end(sla.Completed, false)
		next(s.start.happens(p))
	case w.open && (s.stop.lasts(p) || p.phase == lifecycle.Closed):
		end(sla.Completed, true)
	case w.open && p.phase == lifecycle.Cancelled:
		end(sla.Cancelled, false)
		w.dead = true
	case w.open && (s.cancel.happens(p) || s.cancel.lasts(p)):
		end(sla.Cancelled, false)
	case w.open && !promised:
		end(sla.Cancelled, false)
		out.lost = true
	case w.open && (s.reset.happens(p) || changed):
		end(sla.Cancelled, false)
		out.fresh = true
	case w.open:
		w.paused = s.pause.lasts(p)
	case w.dead || p.phase == lifecycle.Cancelled:
		w.dead = true
	case p.phase == lifecycle.Closed:
	case w.reopenable && p.reopened && s.free(p) && s.goesOn():
		if out.lost = !promised; !promised {
			end(sla.Cancelled, false)
		} else {
			if s.reopen == sla.ContinueCounted {
				w.used += w.over
			}
			w.open, w.paused, out.went = true, s.pause.lasts(p), true
		}
	case w.reopenable && p.reopened && s.free(p) && s.reopen == sla.NewCycle:
		next(true)
	case s.start.happens(p):
		next(true)
	case s.start.lasts(p):
		next(w.idle)
	default:
		w.idle = s.lasting()
	}
	if out.fresh {
		*w = s.fresh(p)
	}
	return out
}

func (s *story) lasting() bool { return len(s.start.condition.Groups) > 0 }

// cycle is what is seen of a target.
type cycle struct {
	stage      sla.Stage
	started    time.Time
	used, over int // minutes, and those since it was completed
	breached   time.Time
	within     int
	reached    map[int]bool
	reopenable bool
	lost       bool // not promised any more
	early      bool // had ended before it was promised
	ended      time.Time
	passed     []told // while it was completed, should that count
	missed     time.Time
}

func (c *cycle) open() bool { return c.stage == sla.Running || c.stage == sla.Paused }

func (c *cycle) show(w *watch) {
	if c.stage = sla.Running; w.paused {
		c.stage = sla.Paused
	}
	c.used, c.over = w.used, 0
}

// seen is all of it.
type seen struct {
	cycles []*cycle
	told   []told
}

func (x *seen) last() *cycle {
	if len(x.cycles) == 0 {
		return nil
	}
	return x.cycles[len(x.cycles)-1]
}

func (x *seen) add(w *watch) *cycle {
	c := &cycle{started: w.started, reached: map[int]bool{}}
	c.show(w)
	x.cycles = append(x.cycles, c)
	return c
}

func (s *story) promise(p *page) (within int, ok bool) {
	if s.onlyVPN && p.service != "vpn" {
		return 0, false
	}
	if s.deadline {
		return 0, !p.due.IsZero()
	}
	within, ok = s.within[p.priority]
	return within, ok
}

// byTheMinute answers how all cycles stand at an instant.
func (s *story) byTheMinute(end time.Time) *seen {
	x := &seen{}
	w := &watch{}
	var p *page
	before, next := false, 0
	for minute := s.pages[0].at; ; minute = minute.Add(time.Minute) {
		for ; next < len(s.pages) && s.pages[next].at.Equal(minute); next++ {
			p = &s.pages[next]
			within, promised := s.promise(p)
			comes := promised && !before && next > 0 && p.phase != lifecycle.Cancelled
			if s.anew {
				s.turnAnew(x, w, p, within, promised, comes)
			} else {
				s.turnKept(x, w, p, promised, comes)
			}
			if c := x.last(); c != nil && c.open() {
				c.show(w)
				c.within, c.ended, c.passed, c.missed = within, minute, nil, time.Time{}
			}
			before = promised
		}
		c := x.last()
		s.look(x, c, p, minute)
		if !minute.Before(end) {
			return x
		}
		if s.shift.open(minute.In(brussels.Location())) {
			if w.open && !w.paused {
				w.used++
			} else if w.begun && !w.open {
				w.over++
			}
		}
		if c != nil && c.open() {
			c.used = w.used
		}
	}
}

// end shows how the cycle ended.
func (c *cycle) end(out outcome, w *watch, at time.Time) {
	c.used, c.over, c.ended, c.stage = w.used, 0, at, out.ended
	c.reopenable = w.reopenable
}

// turnKept keeps the start: the watch runs as if all had been promised from the beginning.
func (s *story) turnKept(x *seen, w *watch, p *page, promised, comes bool) {
	old := *w
	out := w.take(s, p, true, false)
	c := x.last()
	adopt := func() {
		if c == nil || !c.started.Equal(w.started) {
			c = x.add(w)
		}
		c.show(w)
		if c.lost, c.early, c.reopenable = false, !w.open, false; c.early {
			c.stage = sla.Cancelled
		}
	}
	switch {
	case c == nil:
		if promised && (out.fresh || comes && w.begun) {
			adopt()
		}
	case c.open():
		switch {
		case out.ended == "" && !promised:
			c.stage, c.lost, c.used = sla.Cancelled, true, w.used
		case out.ended != "":
			c.end(out, &old, p.at)
			c.reopenable = out.ended == sla.Completed && !s.stop.happens(p)
			if c.lost = out.fresh && !promised; out.fresh && promised {
				x.add(w)
			}
		}
	case c.lost:
		if promised && p.phase != lifecycle.Cancelled && w.begun {
			adopt()
		}
	case c.reopenable && p.reopened && s.free(p) && s.goesOn() && !promised:
		c.stage, c.lost = sla.Cancelled, true
	case c.early && !w.dead && (p.reopened || comes && !out.fresh):
		if c.lost = !promised; promised && (w.open || !c.started.Equal(w.started)) {
			adopt()
		}
	case out.fresh && !promised:
		c.lost = true
	case out.fresh:
		x.add(w)
	case out.went:
		s.commit(x, c, p)
		c.show(w)
	}
}

// turnAnew starts anew with every change: the watch is that of the cycle.
func (s *story) turnAnew(x *seen, w *watch, p *page, within int, promised, comes bool) {
	c := x.last()
	anew := func(another bool) {
		byReport := len(s.start.condition.Events) == 0 && !s.lasting() || s.start.condition.Events != nil && s.start.condition.Events[0] == sla.Reported
		if !byReport && !s.starts(p) {
			return
		}
		early := !s.free(p)
		if early && (s.reopen == sla.Stay || !s.stop.lasts(p) || p.phase == lifecycle.Closed || c != nil && c.early) {
			return
		}
		*w = s.fresh(p)
		if another {
			c = x.add(w)
		} else {
			*c = cycle{started: p.at, reached: map[int]bool{}}
			c.show(w)
		}
		if early {
			w.open, w.idle = false, s.lasting() && !s.start.lasts(p)
			c.stage, c.early = sla.Cancelled, true
		}
	}
	switch {
	case c == nil && comes:
		anew(true)
	case c == nil:
		if promised && s.starts(p) {
			*w = s.fresh(p)
			x.add(w)
		}
	case c.lost:
		if promised && p.phase != lifecycle.Cancelled {
			anew(true)
		}
	case c.early && p.reopened:
		if promised {
			anew(false)
		}
	default:
		was := *w
		out := w.take(s, p, promised, !s.deadline && within != c.within)
		if out.ended != "" {
			c.end(out, &was, p.at)
		}
		switch {
		case out.went:
			s.commit(x, c, p)
			c.show(w)
		case out.fresh:
			x.add(w)
		case out.lost:
			c.lost = true
		case c.early && comes:
			anew(false)
		}
	}
}

// commit counts what passed while the cycle was completed.
func (s *story) commit(x *seen, c *cycle, p *page) {
	c.reopenable = false
	if s.reopen != sla.ContinueCounted || !c.ended.Before(p.at) {
		return
	}
	for minute := c.ended; s.deadline && minute.Before(p.at); minute = minute.Add(time.Minute) {
		s.reach(c, p, minute)
	}
	s.note(x, c)
}

// note keeps what a cycle has come to.
func (s *story) note(x *seen, c *cycle) {
	for _, level := range c.passed {
		level.cycle = len(x.cycles)
		x.told = append(x.told, level)
		for i := range s.marks {
			c.reached[i] = c.reached[i] || levelName(i) == level.level
		}
	}
	if c.passed = nil; c.breached.IsZero() {
		c.breached = c.missed
	}
}

// look notes what a running cycle has come to.
func (s *story) look(x *seen, c *cycle, p *page, minute time.Time) {
	switch {
	case c == nil:
	case c.stage == sla.Running:
		c.passed = nil
		s.reach(c, p, minute)
		s.note(x, c)
	case c.stage == sla.Completed && s.reopen == sla.ContinueCounted && !s.deadline:
		s.reach(c, p, minute)
		if s.shift.open(minute.In(brussels.Location())) {
			c.over++
		}
	}
}

// reach notes the levels, and the end, to which a cycle comes by a minute.
func (s *story) reach(c *cycle, p *page, minute time.Time) {
	for i, m := range s.marks {
		if c.reached[i] || !s.there(c, p, m, minute) {
			continue
		}
		name := levelName(i)
		if !slices.ContainsFunc(c.passed, func(t told) bool { return t.level == name }) {
			c.passed = append(c.passed, told{level: name, at: minute.UTC()})
		}
	}
	if c.missed.IsZero() && s.there(c, p, mark{percent: 100}, minute) {
		c.missed = minute
	}
}

func (s *story) there(c *cycle, p *page, m mark, minute time.Time) bool {
	if !s.deadline {
		at := c.within + m.offset
		if m.percent != 0 {
			at = c.within * m.percent / 100
		}
		return c.used+c.over >= at
	}
	key := [2]int64{p.due.Unix(), int64(m.offset)}
	if _, known := s.places[key]; !known {
		s.places[key] = s.place(p.due, m)
	}
	return !minute.Before(s.places[key])
}

// place is where a level lies before or after a deadline.
func (s *story) place(at time.Time, m mark) time.Time {
	for left := m.offset; left > 0; at = at.Add(time.Minute) {
		if s.shift.open(at.In(brussels.Location())) {
			left--
		}
	}
	for left := m.offset; left < 0; {
		at = at.Add(-time.Minute)
		if s.shift.open(at.In(brussels.Location())) {
			left++
		}
	}
	return at
}
