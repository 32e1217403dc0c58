// Package escalation answers the levels that service-level clocks reach: it tells people, or involves a manager.
//
// A step is written on the ticket in the transaction of the level, as an event with [itsm.Escalation]; what leaves the
// process, such as a page or a mail, is the work of a subscriber to that event. So a step happens exactly once, and is
// delivered at least once.
package escalation

import (
	"errors"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Policy says what is done when clocks reach levels. The first step that finds an audience is taken; those before it
// are recorded as having found nobody.
type Policy struct {
	Name string
	// Kinds are the kinds of tickets that it is for.
	Kinds []string
	// Targets and Levels limit it by name; empty takes all.
	Targets, Levels []string
	// BreachOnly answers only levels from 100 percent on.
	BreachOnly bool
	Steps      []Step
}

// Step is one thing to do.
type Step struct {
	Name string
	Kind StepKind
	// Audience is whom a step tells.
	Audience []Audience
	// ManagersUp is how far up a hierarchical step goes from the assignee: 1 is the manager, 2 the manager's manager.
	ManagersUp int
}

// StepKind tells steps apart.
type StepKind string

// The kinds of steps.
const (
	Notify       StepKind = "notify"       // tells people
	Hierarchical StepKind = "hierarchical" // tells a manager; never changes the assignee
)

// Audience names people by what they are to the ticket, or one by id.
type Audience string

// The audiences beside the ids of people.
const (
	Assignee  Audience = "@assignee"
	GroupHead Audience = "@group_manager"
	Members   Audience = "@group_members"
	Caller    Audience = "@caller"
)

// Check lists everything that is wrong with a policy.
func (p *Policy) Check() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, itsm.Invalid("escalation "+p.Name, fmt.Sprintf(format, args...)))
	}
	if p.Name == "" || len(p.Kinds) == 0 || len(p.Steps) == 0 {
		fault("give it a name, kinds and steps")
	}
	for _, s := range p.Steps {
		switch s.Kind {
		case Notify:
			if len(s.Audience) == 0 {
				fault("step %s tells nobody: name an audience", s.Name)
			}
		case Hierarchical:
			if s.ManagersUp < 1 {
				fault("step %s goes at least one manager up", s.Name)
			}
		default:
			fault("step %s: a step is notify or hierarchical", s.Name)
		}
	}
	return errors.Join(faults...)
}

// Register makes a kernel that is not open yet answer levels by the policies.
func Register(k *itsm.Kernel, policies []Policy) error {
	var faults []error
	var kinds []string
	for i := range policies {
		if err := policies[i].Check(); err != nil {
			faults = append(faults, err)
		}
		kinds = append(kinds, policies[i].Kinds...)
	}
	if err := errors.Join(faults...); err != nil || len(policies) == 0 {
		return err
	}
	policies = slices.Clone(policies)
	slices.Sort(kinds)
	k.Hook(itsm.Hook{Name: "escalation", Kinds: slices.Compact(kinds), Triggers: []lifecycle.Trigger{itsm.TriggerLevel}, AfterAct: func(u *itsm.Unit, c itsm.Change) error {
		level, ok := c.Input.(*itsm.LevelReached)
		if !ok {
			return nil
		}
		for i := range policies {
			if err := policies[i].answer(u, c.After, level); err != nil {
				return err
			}
		}
		return nil
	}})
	return nil
}

func (p *Policy) answer(u *itsm.Unit, rec itsm.Record, level *itsm.LevelReached) error {
	switch {
	case !slices.Contains(p.Kinds, rec.Header().Kind),
		len(p.Targets) > 0 && !slices.Contains(p.Targets, level.Target),
		len(p.Levels) > 0 && !slices.Contains(p.Levels, level.Level),
		p.BreachOnly && !level.Breach():
		return nil
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		people, err := s.people(u, itsm.TicketOf(rec))
		if err != nil {
			return fmt.Errorf("escalation %s, step %s: %w", p.Name, s.Name, err)
		}
		nobody := len(people) == 0
		err = u.Do(u.Ref(), itsm.TriggerEscalate, itsm.Escalation{
			Policy: p.Name, Step: s.Name, Kind: string(s.Kind), People: people, Nobody: nobody,
			Reason: fmt.Sprintf("%s reached %d %%", level.Target, level.Percent),
		})
		if err != nil || !nobody {
			return err
		}
	}
	return nil
}

// people finds the audience of a step; whom the directory does not know is not in it.
func (s *Step) people(u *itsm.Unit, t *itsm.Ticket) ([]string, error) {
	if s.Kind == Hierarchical {
		return s.manager(u, t)
	}
	var people []string
	for _, a := range s.Audience {
		var found []string
		switch a {
		case Assignee:
			found = []string{t.Assignee}
		case Caller:
			found = []string{t.Caller}
		case GroupHead, Members:
			group, err := u.Directory().Group(u.Context(), t.Tenant, t.Group)
			switch {
			case errors.Is(err, itsm.ErrNotFound):
				continue
			case err != nil:
				return nil, err
			case a == GroupHead:
				found = []string{group.Manager}
			default:
				found = group.Members
			}
		default:
			found = []string{string(a)}
		}
		for _, person := range found {
			if person != "" && !slices.Contains(people, person) {
				people = append(people, person)
			}
		}
	}
	return people, nil
}

func (s *Step) manager(u *itsm.Unit, t *itsm.Ticket) ([]string, error) {
	person := t.Assignee
	for range s.ManagersUp {
		profile, err := u.Directory().Person(u.Context(), t.Tenant, person)
		if errors.Is(err, itsm.ErrNotFound) || err == nil && profile.Manager == "" {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		person = profile.Manager
	}
	return []string{person}, nil
}
