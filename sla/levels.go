package sla

import (
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// next is the level that a clock tells now: the first that is to be told or, where the target says so, the last of those
// that have passed.
func (p *promise) next(c *Clock, now time.Time) itsm.LevelReached {
	first := p.reached(c, p.level(c.Next), c.NextAt)
	if p.target.Late != LatestLevel {
		return first
	}
	type passed struct {
		level *Level
		at    time.Time
	}
	var all []passed
	for i := range p.target.Levels {
		l := &p.target.Levels[i]
		if at, ok := p.comes(c, l); ok && !c.told(l.Name) && !at.After(now) {
			all = append(all, passed{l, at})
		}
	}
	if len(all) < 2 {
		return first
	}
	slices.SortStableFunc(all, func(a, b passed) int { return a.at.Compare(b.at) })
	last := all[len(all)-1]
	level := p.reached(c, last.level, last.at)
	for _, l := range all[:len(all)-1] {
		level.Skipped = append(level.Skipped, l.level.Name)
	}
	return level
}

func (p *promise) level(name string) *Level {
	for i := range p.target.Levels {
		if p.target.Levels[i].Name == name {
			return &p.target.Levels[i]
		}
	}
	return &Level{Name: name}
}

func (p *promise) reached(c *Clock, l *Level, due time.Time) itsm.LevelReached {
	return itsm.LevelReached{
		Agreement: c.Agreement, Version: c.AgreementVersion, Class: string(c.Class), Target: c.Target, Cycle: c.Cycle,
		Level: l.Name, Percent: l.Percent, Offset: l.Offset, Missed: l.Missed(), Due: due,
	}
}

// comes is when a clock came to a level, or will if it goes on running; false where it stands before it.
func (p *promise) comes(c *Clock, l *Level) (time.Time, bool) {
	for i := range c.Passed {
		if c.Passed[i].Level == l.Name {
			return c.Passed[i].At, true
		}
	}
	if c.Since.IsZero() {
		return time.Time{}, false
	}
	at := p.reaches(c, l)
	return at, !at.IsZero()
}

// callOff drops from the silenced levels those that the clock has not come to: as the import went on it was stopped
// before, or they lie ahead again. Passed says whether an instant counts as passed.
func (p *promise) callOff(c *Clock, passed func(time.Time) bool, each func(level string)) {
	kept := c.Silenced
	for _, name := range c.Silenced {
		l := p.level(name)
		if c.Since.IsZero() && p.threshold(c, l) < c.Used {
			continue
		}
		if at, ok := p.comes(c, l); ok && passed(at) {
			continue
		}
		kept = slices.DeleteFunc(slices.Clone(kept), func(n string) bool { return n == name })
		each(name)
	}
	if len(kept) == 0 {
		kept = nil
	}
	c.Silenced = kept
}
