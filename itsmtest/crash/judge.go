package main

import (
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/sla"
)

// evidence is all that the judge looks at: what workers wrote down, and what a fresh desk finds in the store.
type evidence struct {
	Lines    []line
	Records  []finding
	Receipts map[string]*itsm.Receipt // by key, of every command that was given
	// Feed are the events of the whole store in their order.
	Feed []told
	// Faults are what the desk, or the database, said by itself.
	Faults []string
}

// told is an event, by its record and version.
type told struct {
	ID      string
	Version int64
}

// finding is a record with what hangs on it.
type finding struct {
	ID      string
	Version int64
	Entries []itsm.Entry
	// Marks are the keys that the record's title and messages are, each with the version that wrote it.
	Marks []mark
	// Links are the other ends, each with the name that this record has there.
	Links  []link
	Clocks []cycle
	Timers []itsm.Timer
}

type mark struct {
	Key     string
	Version int64
}

type link struct{ Name, Inverse, To string }

// cycle is one cycle of a clock, with the levels that it must have told by now; an ended ticket owes none.
type cycle struct {
	sla.Status
	Due []string
}

// counts are what a run amounts to.
type counts struct {
	Given, Answered, Refused, Unknown, UnknownDone     int
	Records, Events, Levels, Owed, Escalations, Timers int
	Seen, Again                                        int
}

// judge looks for what must not be.
func judge(e *evidence) (n counts, violations []string) {
	j := &court{evidence: e, byID: map[string]*finding{}}
	for i := range e.Records {
		j.byID[e.Records[i].ID] = &e.Records[i]
	}
	violations = append(violations, e.Faults...)
	j.commands()
	j.feed()
	for i := range e.Records {
		r := &e.Records[i]
		j.links(r)
		j.levels(r)
		j.timers(r)
	}
	j.sightings()
	j.n.Records, j.n.Events = len(e.Records), len(e.Feed)
	return j.n, append(violations, j.found...)
}

type court struct {
	*evidence
	byID  map[string]*finding
	n     counts
	found []string
}

func (j *court) add(format string, args ...any) {
	j.found = append(j.found, fmt.Sprintf(format, args...))
}

// commands holds what was answered against what is there: an answered command is there at its version, a refused one left
// nothing, and one with no answer was done wholly or not at all.
func (j *court) commands() {
	marks := map[string][]told{}
	for i := range j.Records {
		for _, m := range j.Records[i].Marks {
			marks[m.Key] = append(marks[m.Key], told{j.Records[i].ID, m.Version})
		}
	}
	ends, order := map[string]line{}, []line{}
	for _, l := range j.Lines {
		switch l.What {
		case given:
			order = append(order, l)
		case answered, refused:
			ends[l.Key] = l
		}
	}
	numbers := map[string]string{}
	for _, g := range order {
		j.n.Given++
		end, receipt, left := ends[g.Key], j.Receipts[g.Key], marks[g.Key]
		delete(marks, g.Key)
		what := g.Command + " " + g.Key
		switch end.What {
		case answered:
			j.n.Answered++
			switch {
			case receipt == nil:
				j.add("%s was answered with %s@%d, and there is no receipt of it", what, end.ID, end.Version)
			case receipt.Ref.ID != end.ID || receipt.Version != end.Version:
				j.add("%s was answered with %s@%d, and its receipt is of %s@%d", what, end.ID, end.Version, receipt.Ref.ID, receipt.Version)
			}
			j.there(g, told{end.ID, end.Version}, left)
		case refused:
			j.n.Refused++
			if receipt != nil || len(left) > 0 {
				j.add("%s was refused (%s), and left something", what, end.Code)
			}
		default:
			j.n.Unknown++
			if receipt == nil {
				if len(left) > 0 {
					j.add("%s is half there: %v is written, and there is no receipt", what, left)
				}
				break
			}
			j.n.UnknownDone++
			j.there(g, told{receipt.Ref.ID, receipt.Version}, left)
		}
		if g.Command == "incident.report" && receipt != nil {
			if other, twice := numbers[receipt.Ref.ID]; twice {
				j.add("the number %s was given twice: to %s and to %s", receipt.Ref.ID, other, g.Key)
			}
			numbers[receipt.Ref.ID] = g.Key
		}
	}
	for key, at := range marks {
		j.add("%s is written on %v, and nobody gave such a command", key, at)
	}
}

// quiet are commands that may change nothing.
var quiet = []string{"incident.edit", "incident.watch", "incident.link", "incident.acknowledge"}

// there holds that a command's event is there, with what it wrote, once.
func (j *court) there(g line, at told, left []told) {
	what := g.Command + " " + g.Key
	r := j.byID[at.ID]
	if r == nil {
		j.add("%s: its record %s is lost", what, at.ID)
		return
	}
	if at.Version < 1 || at.Version > int64(len(r.Entries)) {
		j.add("%s: its event %s@%d is lost", what, at.ID, at.Version)
		return
	}
	// Who watches already, or edits nothing, makes no event, and is answered with the one before.
	if by := r.Entries[at.Version-1].Actor.ID; by != g.Actor && !slices.Contains(quiet, g.Command) {
		j.add("%s: %s@%d is by %s, not %s", what, at.ID, at.Version, by, g.Actor)
	}
	if g.Marked && !slices.Equal(left, []told{at}) {
		j.add("%s: it is written on %v, not once on %s@%d", what, left, at.ID, at.Version)
	}
	if g.Command == "incident.report" && at.Version != 1 {
		j.add("%s: it made %s@%d, which is no first version", what, at.ID, at.Version)
	}
}

// feed holds that the feed has every event of every record once, in the order of versions.
func (j *court) feed() {
	last := map[string]int64{}
	for _, t := range j.Feed {
		if last[t.ID]++; t.Version != last[t.ID] {
			j.add("the feed has %s@%d where version %d comes next", t.ID, t.Version, last[t.ID])
			last[t.ID] = t.Version
		}
		if j.byID[t.ID] == nil {
			j.add("the feed has %s@%d, and there is no such record", t.ID, t.Version)
		}
	}
	for i := range j.Records {
		r := &j.Records[i]
		if r.Version != int64(len(r.Entries)) || r.Version != last[r.ID] {
			j.add("%s has version %d, %d events, and %d in the feed", r.ID, r.Version, len(r.Entries), last[r.ID])
		}
	}
}

// links holds that a link is there at both ends.
func (j *court) links(r *finding) {
	for _, l := range r.Links {
		other := j.byID[l.To]
		if other == nil || !slices.Contains(other.Links, link{l.Inverse, l.Name, r.ID}) {
			j.add("%s is linked to %s as %s, and not the other way round", r.ID, l.To, l.Name)
		}
	}
}

// levels holds that every level that was due was told once, and that no step of an escalation was taken twice.
func (j *court) levels(r *finding) {
	type place struct {
		agreement, target string
		cycle             int
		level             string
	}
	times := map[place]int{}
	type step struct {
		policy, occasion string
		repetition       int
		step             string
	}
	steps := map[step]int{}
	for i := range r.Entries {
		for _, l := range r.Entries[i].Levels() {
			for _, level := range append(slices.Clone(l.Skipped), l.Level) {
				times[place{l.Agreement, l.Target, l.Cycle, level}]++
			}
			j.n.Levels++
		}
		for _, e := range r.Entries[i].Escalations() {
			steps[step{e.Policy, e.Occasion, e.Repetition, e.Step}]++
			j.n.Escalations++
		}
	}
	for p, n := range times {
		if n != 1 {
			j.add("%s: the level %s/%s/%s of cycle %d was told %d times", r.ID, p.agreement, p.target, p.level, p.cycle, n)
		}
	}
	for s, n := range steps {
		if n != 1 {
			j.add("%s: the step %s of policy %s for %s was taken %d times", r.ID, s.step, s.policy, s.occasion, n)
		}
	}
	for i := range r.Clocks {
		c := &r.Clocks[i]
		j.n.Owed += len(c.Due)
		for _, level := range c.Due {
			if times[place{c.Agreement, c.Target, c.Cycle, level}] == 0 {
				j.add("%s: the level %s/%s/%s of cycle %d was due and is not told (%s, %v of %v used)", r.ID, c.Agreement, c.Target, level, c.Cycle, c.State, c.Elapsed, c.Within)
			}
		}
	}
}

// timers holds that each clock that waits for a level has its timer, and no other one has.
func (j *court) timers(r *finding) {
	j.n.Timers += len(r.Timers)
	current := map[string]*cycle{}
	for i := range r.Clocks {
		c := &r.Clocks[i]
		current["sla "+c.Agreement+"/"+c.Target] = c // the last cycle comes last
	}
	for _, t := range r.Timers {
		if t.Generation > r.Version {
			j.add("%s: its timer %s is of version %d, and the record of %d", r.ID, t.Name, t.Generation, r.Version)
		}
		c, ok := current[t.Name]
		if !ok {
			continue
		}
		if !c.NextAt.Equal(t.Due) {
			j.add("%s: the timer %s is due at %s, and the clock waits for %s", r.ID, t.Name, t.Due, c.NextAt)
		}
		delete(current, t.Name)
	}
	for name, c := range current {
		if c.Next != "" {
			j.add("%s: its clock waits for %s at %s, and there is no timer %s", r.ID, c.Next, c.NextAt, name)
		}
	}
}

// sightings holds that every subscriber saw every event, and those of a record first in their order.
func (j *court) sightings() {
	for _, name := range subscribers {
		upTo := map[string]int64{}
		for _, l := range j.Lines {
			if l.What != saw || l.Subscriber != name {
				continue
			}
			j.n.Seen++
			switch {
			case l.Version <= upTo[l.ID]:
				j.n.Again++
			case l.Version == upTo[l.ID]+1:
				upTo[l.ID]++
			default:
				j.add("%s saw %s@%d before version %d", name, l.ID, l.Version, upTo[l.ID]+1)
				upTo[l.ID] = l.Version
			}
		}
		for i := range j.Records {
			if r := &j.Records[i]; upTo[r.ID] != r.Version {
				j.add("%s saw %s up to version %d of %d", name, r.ID, upTo[r.ID], r.Version)
			}
		}
	}
}
