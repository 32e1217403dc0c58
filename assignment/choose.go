package assignment

import (
	"errors"
	"fmt"

	"github.com/itsmkit/itsmkit/itsm"
)

// choosing is one decision on its way.
type choosing struct {
	*Assigner
	u      *itsm.Unit
	rec    itsm.Record
	ticket *itsm.Ticket
	had    string // who is not chosen again
	choice Choice
	loads  map[string]int64
	// giveBack undoes the turn that was taken, where the lifecycle refuses.
	giveBack func() error
}

// choose applies the first rule that fits; nil where none does. Turns are taken.
func (a *Assigner) choose(u *itsm.Unit, rec itsm.Record, m Moment, had string) (*choosing, error) {
	c := &choosing{Assigner: a, u: u, rec: rec, ticket: itsm.TicketOf(rec), had: had}
	for i := range a.policy.Rules {
		r := &a.policy.Rules[i]
		if first := r.fits(u, rec, c.ticket, m); first >= 0 {
			c.choice.Rule, c.choice.Moment, c.choice.Ticket = r.Name, m, u.Ref()
			return c, c.apply(r, first)
		}
	}
	return nil, nil
}

// apply tries the rule's steps from the first that fits.
func (c *choosing) apply(r *Rule, first int) error {
	looked := false
	for i := first; i < len(r.Steps); i++ {
		s := &r.Steps[i]
		at := Attempt{Group: s.groupOf(c.ticket), Method: s.Method}
		found, err := "", error(nil)
		if s.Method != GroupOnly {
			looked = true
			if found, err = c.find(s, &at, i+1); err != nil {
				return fmt.Errorf("assignment rule %s, step %d: %w", r.Name, i+1, err)
			}
		}
		c.choice.Steps = append(c.choice.Steps, at)
		if found != "" || s.Method == GroupOnly {
			c.choice.Person, c.choice.Group, c.choice.Method = found, at.Group, s.Method
			c.choice.Nobody = found == "" && looked
			return nil
		}
	}
	c.choice.Group, c.choice.Nobody = r.Steps[first].groupOf(c.ticket), true
	return nil
}

// find looks for somebody in the step's group. A directory that fails holds no ticket up: the step finds nobody.
func (c *choosing) find(s *Step, at *Attempt, step int) (string, error) {
	members, err := c.members(s, at)
	if err != nil || len(members) == 0 {
		return "", c.tolerate(err, at)
	}
	asked := s.Skills.asked(c.u, c.rec)
	if s.Method == Person {
		found, err := c.pick(s, at, step, asked, []waiting{{person: s.Person}})
		if err != nil || found < 0 {
			return "", c.tolerate(err, at)
		}
		return s.Person, nil
	}
	rotation := itsm.Ref{Kind: Kind, ID: at.Group}
	if err := c.u.Ensure(rotation, triggerOpen, nil); err != nil {
		return "", err
	}
	person, failed := "", error(nil)
	var queue []string
	err = c.u.Do(rotation, triggerTurn, turn{func(u *itsm.Unit, r *Rotation) error {
		l, err := lineOf(u, r, members)
		if err != nil {
			return err
		}
		found, err := c.pick(s, at, step, asked, l.waiting)
		if err != nil || found < 0 {
			failed = err
			return nil
		}
		person, queue = l.waiting[found].person, r.Queue
		return l.take(u, r, found)
	}})
	if err != nil {
		return "", err
	}
	if failed != nil || person == "" {
		return "", c.tolerate(failed, at)
	}
	c.giveBack = func() error {
		return c.u.Do(rotation, triggerTurn, turn{func(_ *itsm.Unit, r *Rotation) error {
			r.Queue = queue
			r.Turns--
			return nil
		}})
	}
	return person, nil
}

// failure is an error of the directory.
type failure struct{ error }

func (f failure) Unwrap() error { return f.error }

// tolerate notes that the directory failed, and passes every other error on.
func (c *choosing) tolerate(err error, at *Attempt) error {
	if _, ok := errors.AsType[failure](err); ok && c.u.Context().Err() == nil {
		at.Fault = DirectoryFails
		return nil
	}
	return err
}

// members lists who may be chosen of the step's group.
func (c *choosing) members(s *Step, at *Attempt) ([]string, error) {
	if at.Group == "" {
		if s.Method == Person {
			return []string{s.Person}, nil
		}
		at.Fault = NoGroup
		return nil, nil
	}
	group, err := c.u.Directory().Group(c.u.Context(), c.ticket.Tenant, at.Group)
	switch {
	case errors.Is(err, itsm.ErrNotFound):
		at.Fault = UnknownGroup
		return nil, nil
	case err != nil:
		return nil, failure{err}
	}
	members := make([]string, 0, min(len(group.Members), MaxMembers))
	for _, m := range group.Members {
		if m != "" && m != itsm.Erased && len(members) < MaxMembers {
			members = append(members, m)
		}
	}
	if s.Method == Person {
		for _, m := range members {
			if m == s.Person {
				return []string{m}, nil
			}
		}
		at.Fault = NotInGroup
		return nil, nil
	}
	return members, nil
}

// pick looks at people in the order in which they wait, and answers the index of who is chosen, or -1. Where the method
// does not weigh loads, it ends with the first who fits.
func (c *choosing) pick(s *Step, at *Attempt, step int, asked []string, people []waiting) (int, error) {
	base := len(c.choice.Candidates)
	found, least, counted := -1, int64(0), 0
	for i, w := range people {
		seen := Candidate{Step: step, Person: w.person, Load: -1}
		settled := found >= 0 && !s.Method.loaded() || counted == MaxCounted
		if settled {
			seen.Reason = NotWaitingLongest
		} else {
			var err error
			if seen.Reason, err = c.unfit(s, at.Group, w.person, asked); err != nil {
				return -1, err
			}
		}
		if seen.Reason == "" && (s.Capacity > 0 || s.Method.loaded()) {
			load, err := c.load(w.person)
			if err != nil {
				return -1, err
			}
			counted++
			if seen.Load = load; s.Capacity > 0 && load >= int64(s.Capacity) {
				seen.Reason = Full
			}
		}
		if seen.Reason == "" && (found < 0 || seen.Load < least) {
			found, least = i, seen.Load
		}
		c.choice.Candidates = append(c.choice.Candidates, seen)
	}
	at.Candidates = len(people)
	for i := range people {
		seen := &c.choice.Candidates[base+i]
		if i == found {
			continue
		}
		if seen.Reason == "" {
			seen.Reason = NotWaitingLongest
			if seen.Load > least {
				seen.Reason = HigherLoad
			}
		}
		if at.LeftOut == nil {
			at.LeftOut = map[Reason]int{}
		}
		at.LeftOut[seen.Reason]++
	}
	return found, nil
}

// unfit says why a person cannot be chosen, whatever the others are.
func (c *choosing) unfit(s *Step, group, person string, asked []string) (Reason, error) {
	if person == c.had {
		return HadIt, nil
	}
	if !c.shifts.on(group, person, c.u.Now()) {
		return OutOfShift, nil
	}
	reason, err := c.away(c.u, person)
	if reason != "" || err != nil || len(asked) == 0 {
		return reason, err
	}
	profile, err := c.u.Directory().Person(c.u.Context(), c.ticket.Tenant, person)
	switch {
	case errors.Is(err, itsm.ErrNotFound):
		return Unknown, nil
	case err != nil:
		return "", failure{err}
	case !s.Skills.met(profile.Skills, asked):
		return LacksSkill, nil
	}
	return "", nil
}

// away says that a person is absent or unknown.
func (a *Assigner) away(u *itsm.Unit, person string) (Reason, error) {
	away, _, err := u.Directory().Absent(u.Context(), u.Actor().Tenant, person, u.Now())
	switch {
	case errors.Is(err, itsm.ErrNotFound):
		return Unknown, nil
	case err != nil:
		return "", failure{err}
	case away:
		return Absent, nil
	}
	return "", nil
}

// load counts a person's open tickets, as they are stored.
func (c *choosing) load(person string) (int64, error) {
	if n, ok := c.loads[person]; ok {
		return n, nil
	}
	n := int64(0)
	for _, kind := range c.counts {
		of, err := c.u.Count(kind, itsm.Where("open_assignee").Is(person))
		if err != nil {
			return 0, err
		}
		n += of
	}
	if c.loads == nil {
		c.loads = map[string]int64{}
	}
	c.loads[person] = n
	return n, nil
}
