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
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Policy says what is done when clocks reach levels. The first step that finds an audience is taken; those before it
// are recorded as having found nobody.
type Policy struct {
	// Name is unique on a desk; it stands in what is recorded.
	Name string
	// Kinds are the kinds of tickets that it is for.
	Kinds []string
	// Targets and Levels limit it by name; empty takes all.
	Targets, Levels []string
	// BreachOnly answers only levels from 100 percent on.
	BreachOnly bool
	// Steps are tried in order.
	Steps []Step
}

// Step is one thing to do.
type Step struct {
	// Name is unique in the policy.
	Name string
	Kind StepKind
	// Audience is whom a notify step tells: all that it finds, each once.
	Audience []Audience
	// ManagersUp is how far up a hierarchical step goes from the assignee: 1 is the manager, 2 the manager's manager.
	ManagersUp int
}

// maxManagersUp is further up than any house has floors, and bounds the walk where people manage each other.
const maxManagersUp = 20

// StepKind tells steps apart.
type StepKind string

// The kinds of steps.
const (
	Notify       StepKind = "notify"       // tells people
	Hierarchical StepKind = "hierarchical" // tells a manager; never changes the assignee
)

// Audience names people by what they are to the ticket, or one by id. The id is taken as it is: whether a directory
// knows the person is not asked.
type Audience string

// The audiences beside the ids of people. A group that the directory does not know has nobody.
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
	seen := map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Name == "" || seen[s.Name] {
			fault("every step needs a name of its own, not %q", s.Name)
		}
		seen[s.Name] = true
		s.check(func(format string, args ...any) { fault("step "+s.Name+": "+format, args...) })
	}
	return errors.Join(faults...)
}

func (s *Step) check(fault func(format string, args ...any)) {
	switch s.Kind {
	case Notify:
		if len(s.Audience) == 0 {
			fault("it tells nobody: name an audience")
		}
		if s.ManagersUp != 0 {
			fault("managers up are for hierarchical steps")
		}
	case Hierarchical:
		if s.ManagersUp < 1 || s.ManagersUp > maxManagersUp {
			fault("it goes 1 to %d managers up, not %d", maxManagersUp, s.ManagersUp)
		}
		if len(s.Audience) > 0 {
			fault("it tells a manager: name an audience in a notify step")
		}
	default:
		fault("its kind is notify or hierarchical, not %q", s.Kind)
	}
	for _, a := range s.Audience {
		if a == "" || a[0] == '@' && !slices.Contains([]Audience{Assignee, GroupHead, Members, Caller}, a) {
			fault("there is no audience %q: name a person, or one of %s, %s, %s, %s", a, Assignee, GroupHead, Members, Caller)
		}
	}
}

// Register makes a kernel that is not open yet answer levels by the policies, each by itself and in their order. It
// lists every fault of every policy. What it is given may be changed afterwards.
//
// Where the directory fails with another error than [itsm.ErrNotFound], the level is not written either, and the
// kernel tries again.
func Register(k *itsm.Kernel, policies []Policy) error {
	if k.Opened() {
		return itsm.Invalid("escalation", "register policies before the kernel is opened")
	}
	var faults []error
	var kinds []string
	kept := make([]Policy, 0, len(policies))
	for i := range policies {
		p := policies[i].clone()
		if err := p.Check(); err != nil {
			faults = append(faults, err)
		}
		if slices.ContainsFunc(kept, func(other Policy) bool { return other.Name == p.Name }) {
			faults = append(faults, itsm.Invalid("escalation", p.Name+" is there twice"))
		}
		kept = append(kept, p)
		kinds = append(kinds, p.Kinds...)
	}
	if err := errors.Join(faults...); err != nil || len(kept) == 0 {
		return err
	}
	slices.Sort(kinds)
	k.Hook(itsm.Hook{
		Name: "escalation", Kinds: slices.Compact(kinds), Triggers: []lifecycle.Trigger{itsm.TriggerLevel},
		AfterAct: func(u *itsm.Unit, c itsm.Change) error { return answer(u, c, kept) },
	})
	return nil
}

func answer(u *itsm.Unit, c itsm.Change, policies []Policy) error {
	level, ok := c.Input.(*itsm.LevelReached)
	ticket := itsm.TicketOf(c.After)
	if !ok || ticket == nil {
		return nil
	}
	for i := range policies {
		if !policies[i].answers(ticket.Kind, level) {
			continue
		}
		if err := policies[i].escalate(u, ticket, level); err != nil {
			return err
		}
	}
	return nil
}

// clone makes a policy that the host cannot change any more.
func (p Policy) clone() Policy {
	p.Kinds, p.Targets, p.Levels = slices.Clone(p.Kinds), slices.Clone(p.Targets), slices.Clone(p.Levels)
	p.Steps = slices.Clone(p.Steps)
	for i := range p.Steps {
		p.Steps[i].Audience = slices.Clone(p.Steps[i].Audience)
	}
	return p
}

func (p *Policy) answers(kind string, level *itsm.LevelReached) bool {
	return slices.Contains(p.Kinds, kind) &&
		(len(p.Targets) == 0 || slices.Contains(p.Targets, level.Target)) &&
		(len(p.Levels) == 0 || slices.Contains(p.Levels, level.Level)) &&
		(!p.BreachOnly || level.Breach())
}

// escalate takes the first step that finds somebody.
func (p *Policy) escalate(u *itsm.Unit, ticket *itsm.Ticket, level *itsm.LevelReached) error {
	for i := range p.Steps {
		s := &p.Steps[i]
		people, err := s.people(u, ticket)
		if err != nil {
			return fmt.Errorf("escalation %s, step %s: %w", p.Name, s.Name, err)
		}
		nobody := len(people) == 0
		refusal, err := u.Try(u.Ref(), itsm.TriggerEscalate, itsm.Escalation{
			Policy: p.Name, Step: s.Name, Kind: string(s.Kind), People: people, Nobody: nobody, Reason: reason(u, level),
		})
		if err != nil || refusal != nil || !nobody {
			return err
		}
	}
	return nil
}

// reason says what the step answers and, from a minute on, how late that was noticed.
func reason(u *itsm.Unit, level *itsm.LevelReached) string {
	text := fmt.Sprintf("%s reached %d %%", level.Target, level.Percent)
	if late := u.Now().Sub(level.Due).Truncate(time.Minute); late > 0 {
		text += ", noticed " + strings.TrimSuffix(late.String(), "0s") + " late"
	}
	return text
}

// people finds the audience of a step: each person once, and nobody who was erased.
func (s *Step) people(u *itsm.Unit, t *itsm.Ticket) ([]string, error) {
	var people []string
	add := func(found ...string) {
		for _, person := range found {
			if person != "" && person != itsm.Erased && !slices.Contains(people, person) {
				people = append(people, person)
			}
		}
	}
	if s.Kind == Hierarchical {
		manager, err := s.manager(u, t)
		add(manager)
		return people, err
	}
	for _, a := range s.Audience {
		switch a {
		case Assignee:
			add(t.Assignee)
		case Caller:
			add(t.Caller)
		case GroupHead, Members:
			group, err := groupOf(u, t)
			if err != nil {
				return nil, err
			}
			if a == GroupHead {
				add(group.Manager)
			} else {
				add(group.Members...)
			}
		default:
			add(string(a))
		}
	}
	return people, nil
}

// groupOf is the ticket's group, and one without people where there is none.
func groupOf(u *itsm.Unit, t *itsm.Ticket) (itsm.Group, error) {
	if t.Group == "" {
		return itsm.Group{}, nil
	}
	group, err := u.Directory().Group(u.Context(), t.Tenant, t.Group)
	if errors.Is(err, itsm.ErrNotFound) {
		return itsm.Group{}, nil
	}
	return group, err
}

// manager goes up from the assignee; it answers nobody where the chain is shorter.
func (s *Step) manager(u *itsm.Unit, t *itsm.Ticket) (string, error) {
	person := t.Assignee
	for range s.ManagersUp {
		if person == "" || person == itsm.Erased {
			return "", nil
		}
		profile, err := u.Directory().Person(u.Context(), t.Tenant, person)
		if errors.Is(err, itsm.ErrNotFound) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		person = profile.Manager
	}
	return person, nil
}
