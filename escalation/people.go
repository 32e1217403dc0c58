package escalation

import (
	"errors"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// hearers gathers people: each once, and nobody who was erased.
type hearers struct {
	people []string
}

func (h *hearers) add(people ...string) {
	for _, person := range people {
		if person != "" && person != itsm.Erased && !slices.Contains(h.people, person) {
			h.people = append(h.people, person)
		}
	}
}

// people finds whom a notify or hierarchical step tells.
func (e *Escalator) people(u *itsm.Unit, s *Step, t *itsm.Ticket) ([]string, error) {
	var h hearers
	if s.Kind == Hierarchical {
		manager, err := e.manager(u, s, t)
		h.add(manager)
		return h.people, err
	}
	for _, a := range s.Audience {
		found, err := e.audience(u, a, t)
		if err != nil {
			return nil, err
		}
		h.add(found...)
	}
	if !s.SkipAbsent {
		return h.people, nil
	}
	present := h.people[:0]
	for _, person := range h.people {
		away, err := absent(u, t, person)
		if err != nil {
			return nil, err
		}
		if !away {
			present = append(present, person)
		}
	}
	return present, nil
}

func absent(u *itsm.Unit, t *itsm.Ticket, person string) (bool, error) {
	away, _, err := u.Directory().Absent(u.Context(), t.Tenant, person, u.Now())
	return away, unknown(err)
}

// unknown takes what a directory does not know for nothing.
func unknown(err error) error {
	if errors.Is(err, itsm.ErrNotFound) {
		return nil
	}
	return err
}

func (e *Escalator) audience(u *itsm.Unit, a Audience, t *itsm.Ticket) ([]string, error) {
	switch a {
	case Assignee:
		return []string{t.Assignee}, nil
	case Caller:
		return []string{t.Caller}, nil
	case GroupHead:
		group, err := groupOf(u, t, t.Group)
		return []string{group.Manager}, err
	case Members:
		group, err := groupOf(u, t, t.Group)
		return group.Members, err
	case Watchers:
		rows, err := u.Rows(itsm.Watchers, 0, 0)
		var people []string
		for _, r := range slices.Concat(rows, u.Added(itsm.Watchers)) {
			people = append(people, r.Sealed.Subject)
		}
		return people, err
	case Duty:
		return e.onDuty(u, t, t.Group)
	}
	if name, is := strings.CutPrefix(string(a), groupPrefix); is {
		group, err := groupOf(u, t, name)
		return group.Members, err
	}
	if name, is := strings.CutPrefix(string(a), dutyPrefix); is {
		return e.onDuty(u, t, name)
	}
	return []string{string(a)}, nil
}

func (e *Escalator) onDuty(u *itsm.Unit, t *itsm.Ticket, group string) ([]string, error) {
	if group == "" {
		return nil, nil
	}
	people, err := e.config.OnDuty.OnDuty(u.Context(), t.Tenant, group, u.Now())
	return people, unknown(err)
}

// groupOf is a group, and one without people where there is none.
func groupOf(u *itsm.Unit, t *itsm.Ticket, name string) (itsm.Group, error) {
	if name == "" {
		return itsm.Group{}, nil
	}
	group, err := u.Directory().Group(u.Context(), t.Tenant, name)
	return group, unknown(err)
}

// manager goes up; it answers nobody where the chain is shorter.
func (e *Escalator) manager(u *itsm.Unit, s *Step, t *itsm.Ticket) (string, error) {
	person, left := t.Assignee, s.ManagersUp
	if s.FromGroup {
		group, err := groupOf(u, t, t.Group)
		if err != nil {
			return "", err
		}
		person, left = group.Manager, left-1
	}
	for walked := 0; person != "" && person != itsm.Erased; walked++ {
		if left <= 0 {
			if !s.SkipAbsent {
				return person, nil
			}
			if away, err := absent(u, t, person); err != nil || !away {
				return person, err
			}
		}
		if walked == maxManagersUp {
			break
		}
		profile, err := u.Directory().Person(u.Context(), t.Tenant, person)
		if err = unknown(err); err != nil {
			return "", err
		}
		person, left = profile.Manager, left-1
	}
	return "", nil
}
