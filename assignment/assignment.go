// Package assignment finds who works on a ticket: by rules that are tables, among the members of a group who are there,
// able and not full.
//
// A rule acts in the transaction in which a ticket comes to have nobody: when it is reported, handed to a group, given
// back, or reopened for somebody who is away ([Moment]). It gives the command of the ticket's own practice, so that the
// lifecycle decides, and it writes on the event how it chose ([Decision]). A person whom somebody named is never replaced.
//
// # Turns
//
// Every method waits in one line a group ([Rotation]), kept as a record: who gets a ticket goes to its end. So round
// robin means the one who has waited longest, not the next of a list: whoever is there at every choice gets a turn before
// anybody else gets a second one, whatever shifts, absences and joiners there are. Somebody who was away keeps the place
// in the line, no more: one ticket on return, and then the others' turn. New members begin at the end.
//
// The line is a record whose version the store compares. Two nodes that choose in one group at the same time meet there:
// the second chooses again, and sees the first one's ticket in turns and in loads.
package assignment

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Policy is the rules of a desk. The zero Policy assigns nothing.
type Policy struct {
	// Rules are tried in order; the first that fits acts.
	Rules []Rule
	// Shifts limit when members of a group are given tickets.
	Shifts []Shift
	// Triggers names by kind the triggers that hand a ticket over. The first that has a row in the ticket's state is
	// pulled, with itsm.To; while the ticket waits, the first that keeps the state. A kind that is not named has
	// [DefaultTriggers].
	Triggers map[string][]lifecycle.Trigger
	// Load names the kinds whose open tickets count as load; empty takes those of the rules.
	Load []string
}

// DefaultTriggers are those of an incident, and of practices like it.
func DefaultTriggers() []lifecycle.Trigger {
	return []lifecycle.Trigger{"assign", "reassign", itsm.TriggerEdit}
}

// Rule says who works on the tickets that it fits.
//
// It begins with the first step that looks in the ticket's group: whoever handed the ticket to a group meant that group. A
// step that names no group looks in the one that the ticket has. A ticket without a group begins with the first step that
// names one. A rule that has no such step does not fit.
type Rule struct {
	// Name is unique on a desk; it stands in what is recorded.
	Name string
	// Kinds are the kinds of tickets that it is for.
	Kinds []string
	// On limits it to moments; empty takes all.
	On []Moment
	// When is a condition on the ticket as it stands in the transaction; the zero Filter always holds.
	When itsm.Filter
	// Steps are tried in order until one finds somebody. Where none does, the ticket goes to the group of the step it began
	// with, with nobody, and the event says so.
	Steps []Step
}

// Step is one way to find somebody.
type Step struct {
	// Group is where to look; empty is the ticket's own.
	Group  string
	Method Method
	// Skills are what the person must be able to do, for every method but [GroupOnly] and [Person].
	Skills Skills
	// Capacity is how many open tickets a person may have before this one; 0 is no limit.
	Capacity int
	// Person is who gets it with the method [Person].
	Person string
}

// Method says how a step chooses among those who are there, able and not full.
type Method string

// The methods.
const (
	GroupOnly     Method = "group_only"      // nobody: the group's members take from its queue
	RoundRobin    Method = "round_robin"     // who has waited longest
	LeastLoad     Method = "least_load"      // who has the fewest open tickets; then who has waited longest
	BySkill       Method = "by_skill"        // who has the skills, and of those who has waited longest
	SkillThenLoad Method = "skill_then_load" // who has the skills, and of those who has the fewest open tickets
	Person        Method = "person"          // one person; in the step's group, where the ticket has one then
)

func (m Method) known() bool {
	return slices.Contains([]Method{GroupOnly, RoundRobin, LeastLoad, BySkill, SkillThenLoad, Person}, m)
}

func (m Method) skilled() bool { return m == BySkill || m == SkillThenLoad }
func (m Method) loaded() bool  { return m == LeastLoad || m == SkillThenLoad }

// Skills are what a ticket asks for. A skill is a word, or a word with a level such as "network:3": a person has it who
// has that level or a higher one. A word alone is level 1.
type Skills struct {
	// Names are asked for by the rule.
	Names []string
	// Column adds what the ticket says: a column such as "category", or a custom field, that holds a text or a list.
	Column string
	// Any is content with one of them.
	Any bool
}

// Moment is when a ticket comes to have nobody who works on it.
type Moment string

// The moments.
const (
	Reported Moment = "reported" // it was made, and nobody was named
	Handed   Moment = "handed"   // it went to a group, and nobody was named
	Returned Moment = "returned" // who had it gave it back; that person is not chosen again
	Reopened Moment = "reopened" // it was reopened, and has nobody, or somebody who is away
	// Asked is the moment of a [Assigner.Propose]; every rule answers it.
	Asked Moment = "asked"
)

// Shift says when members of a group are given tickets. A member whom some of the group's shifts name is given tickets in
// those only; a shift that names nobody is for all others. Who is in no shift is always given tickets.
type Shift struct {
	Name     string
	Group    string
	Members  []string
	Calendar *calendar.Calendar
}

// The bounds of a choice.
const (
	// MaxMembers is how many members of a group are looked at: the first that the directory lists.
	MaxMembers = 1000
	// MaxCounted is how many candidates' open tickets are counted: those who have waited longest.
	MaxCounted = 200
)

// Check lists everything that is wrong with a policy but names of kinds, triggers and columns, which [New] has the kernel
// check when it is opened.
func (p *Policy) Check() error {
	var faults []error
	seen := map[string]bool{}
	for i := range p.Rules {
		r := &p.Rules[i]
		fault := func(format string, args ...any) {
			faults = append(faults, itsm.Invalid("assignment rule "+r.Name, fmt.Sprintf(format, args...)))
		}
		if r.Name == "" || seen[r.Name] {
			fault("every rule needs a name of its own, not %q", r.Name)
		}
		seen[r.Name] = true
		r.check(fault)
	}
	clear(seen)
	for i := range p.Shifts {
		s := &p.Shifts[i]
		fault := func(format string, args ...any) {
			faults = append(faults, itsm.Invalid("assignment shift "+s.Name, fmt.Sprintf(format, args...)))
		}
		if s.Name == "" || seen[s.Name] {
			fault("every shift needs a name of its own, not %q", s.Name)
		}
		seen[s.Name] = true
		if s.Group == "" {
			fault("name its group")
		}
		if s.Calendar == nil {
			fault("give it a calendar")
		} else if _, err := s.Calendar.Add(time.Date(calendar.FirstYear, time.January, 1, 0, 0, 0, 0, time.UTC), 1); err != nil {
			fault("its calendar is never open: make it with calendar.New")
		}
	}
	return errors.Join(faults...)
}

func (r *Rule) check(fault func(format string, args ...any)) {
	if len(r.Kinds) == 0 || len(r.Steps) == 0 {
		fault("give it kinds and steps")
	}
	for _, m := range r.On {
		if !slices.Contains([]Moment{Reported, Handed, Returned, Reopened}, m) {
			fault("there is no moment %q: name %s, %s, %s or %s", m, Reported, Handed, Returned, Reopened)
		}
	}
	for i := range r.Steps {
		s := &r.Steps[i]
		at := func(format string, args ...any) { fault("step %d: "+format, append([]any{i + 1}, args...)...) }
		s.check(at)
		if s.Method == GroupOnly && i < len(r.Steps)-1 {
			at("a step after %s is never tried", GroupOnly)
		}
	}
}

func (s *Step) check(fault func(format string, args ...any)) {
	switch {
	case !s.Method.known():
		fault("there is no method %q", s.Method)
	case s.Method == Person && (s.Person == "" || s.Person == itsm.Erased):
		fault("name the person")
	case s.Method != Person && s.Person != "":
		fault("a person is named with the method %s", Person)
	}
	asks := len(s.Skills.Names) > 0 || s.Skills.Column != ""
	if s.Method.skilled() && !asks {
		fault("name skills, or the column that holds them")
	}
	if asks && (s.Method == GroupOnly || s.Method == Person) {
		fault("%s asks for no skills", s.Method)
	}
	for _, name := range s.Skills.Names {
		if _, level := parseSkill(name); level == 0 {
			fault("%q is no skill: write a word, or a word and a level from 1 such as network:3", name)
		}
	}
	if s.Capacity < 0 || s.Capacity > 0 && s.Method == GroupOnly {
		fault("a capacity is above 0, and for people")
	}
}

// clone makes a policy that the host cannot change any more.
func (p Policy) clone() Policy {
	p.Rules, p.Shifts, p.Load = slices.Clone(p.Rules), slices.Clone(p.Shifts), slices.Clone(p.Load)
	for i := range p.Rules {
		r := &p.Rules[i]
		r.Kinds, r.On, r.Steps = slices.Clone(r.Kinds), slices.Clone(r.On), slices.Clone(r.Steps)
		r.When = cloneFilter(r.When)
		for j := range r.Steps {
			r.Steps[j].Skills.Names = slices.Clone(r.Steps[j].Skills.Names)
		}
	}
	for i := range p.Shifts {
		p.Shifts[i].Members = slices.Clone(p.Shifts[i].Members)
	}
	triggers := map[string][]lifecycle.Trigger{}
	for kind, list := range p.Triggers {
		triggers[kind] = slices.Clone(list)
	}
	p.Triggers = triggers
	return p
}

func cloneFilter(f itsm.Filter) itsm.Filter {
	f.Values, f.Parts = slices.Clone(f.Values), slices.Clone(f.Parts)
	for i := range f.Parts {
		f.Parts[i] = cloneFilter(f.Parts[i])
	}
	return f
}

// kinds lists the kinds of all rules, in order, each once.
func (p *Policy) kinds() []string {
	var kinds []string
	for i := range p.Rules {
		kinds = append(kinds, p.Rules[i].Kinds...)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// fits answers the step with which the rule begins for a ticket at a moment, or -1.
func (r *Rule) fits(u *itsm.Unit, rec itsm.Record, t *itsm.Ticket, m Moment) int {
	if !slices.Contains(r.Kinds, t.Kind) || len(r.On) > 0 && m != Asked && !slices.Contains(r.On, m) {
		return -1
	}
	if r.When.Op != "" && !r.When.Match(func(column string) field.Value { return u.Value(rec, column) }) {
		return -1
	}
	return slices.IndexFunc(r.Steps, func(s Step) bool {
		if s.Group == "" {
			return t.Group != "" || s.Method == Person
		}
		return t.Group == "" || t.Group == s.Group
	})
}

// parseSkill splits a skill from its level; level 0 tells that it is none.
func parseSkill(text string) (name string, level int) {
	name, digits, leveled := strings.Cut(text, ":")
	if name == "" || strings.TrimSpace(name) != name {
		return "", 0
	}
	if !leveled {
		return name, 1
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' || level > 1_000_000 {
			return "", 0
		}
		level = 10*level + int(c-'0')
	}
	return name, level
}

// hasSkill reports whether somebody with these skills can do what is asked for. What is no skill nobody has.
func hasSkill(skills []string, asked string) bool {
	name, least := parseSkill(asked)
	return least > 0 && slices.ContainsFunc(skills, func(s string) bool {
		n, level := parseSkill(s)
		return n == name && level >= least
	})
}

// met reports whether somebody with these skills has what was asked for.
func (s *Skills) met(have, asked []string) bool {
	has := func(skill string) bool { return hasSkill(have, skill) }
	if s.Any {
		return len(asked) == 0 || slices.ContainsFunc(asked, has)
	}
	return !slices.ContainsFunc(asked, func(skill string) bool { return !has(skill) })
}

// asked lists the skills that a ticket asks for.
func (s *Skills) asked(u *itsm.Unit, rec itsm.Record) []string {
	if s.Column == "" {
		return s.Names
	}
	asked := slices.Clone(s.Names)
	v := u.Value(rec, s.Column)
	for i := range v.Len() {
		asked = append(asked, v.At(i))
	}
	if v.Kind() == field.KindText {
		asked = append(asked, v.Text())
	}
	return asked
}

// groupOf is where a step looks.
func (s *Step) groupOf(t *itsm.Ticket) string { return cmp.Or(s.Group, t.Group) }
