package task

import (
	"errors"
	"slices"
	"strconv"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Recipient is whom a task is for.
type Recipient struct {
	Caller string `json:"caller,omitempty"`
}

// Sequence tells a task of its place beside another one.
type Sequence struct {
	// Task is the other one.
	Task itsm.Ref `json:"task"`
	// Before is set where the other one precedes the task, else it follows.
	Before bool `json:"before,omitempty"`
	Remove bool `json:"remove,omitempty"`
}

// keep is what every act on a task brings about, whoever gave it and whatever an overlay made of the table: the counts of
// its ticket and of its successors, its timer, and who sees it.
func (s *Tasks) keep(u *itsm.Unit, was, is *Task) error {
	if !is.PlannedEnd.IsZero() && is.PlannedEnd.Before(is.PlannedStart) {
		return itsm.Invalid("planned_end", "the planned end is not before the planned start")
	}
	if err := s.keepCaller(u, was, is); err != nil {
		return err
	}
	if err := keepDue(u, was, is); err != nil {
		return err
	}
	if err := keepOwner(u, was, is); err != nil || was == nil || was.Open() == is.Open() {
		return err
	}
	move := TriggerBlock
	if was.Open() {
		move = TriggerRelease
	}
	for _, id := range is.Successors {
		if err := u.Do(itsm.Ref{Kind: Kind, ID: id}, move, nil); err != nil {
			return err
		}
	}
	return nil
}

// keepCaller makes tasks of the configured types the caller's own, and no others.
func (s *Tasks) keepCaller(u *itsm.Unit, was, is *Task) error {
	if was != nil && was.Type == is.Type {
		return nil
	}
	if !slices.Contains(s.config.ForCaller, is.Type) {
		is.Caller = ""
		return nil
	}
	owner, err := u.Get(is.Of)
	if err == nil {
		is.Caller = itsm.TicketOf(owner).Caller
	}
	return err
}

func keepDue(u *itsm.Unit, was, is *Task) error {
	moved := was == nil || !was.Due.Equal(is.Due)
	if moved {
		is.Overdue = false
	}
	switch timed := is.Open() && !is.Due.IsZero() && !is.Overdue; {
	case timed && (moved || !was.Open()):
		return u.SetTimer(TimerDue, is.Due, TriggerOverdue, nil)
	case !timed && !is.Overdue && was != nil && was.Open() && !was.Due.IsZero() && !was.Overdue:
		u.CancelTimer(TimerDue)
	}
	return nil
}

// keepOwner tells the ticket what became of the task, and what that adds to its open mandatory tasks.
func keepOwner(u *itsm.Unit, was, is *Task) error {
	note := itsm.TaskNote{Task: is.Ref(), Open: counts(is) - counts(was), Type: string(is.Type)}
	if was != nil && was.Type != is.Type {
		gone := itsm.TaskNote{Task: is.Ref(), Event: "task.retyped", Open: -counts(was), Type: string(was.Type)}
		if err := u.Do(is.Of, itsm.TriggerTask, gone); err != nil {
			return err
		}
		note.Open = counts(is)
	}
	switch {
	case was == nil:
		note.Event = "task.added"
	case !was.Open() && is.Open():
		note.Event = "task.reopened"
	case was.Open() && !is.Open():
		note.Event = "task." + string(is.State)
	case was.Type != is.Type:
		note.Event = "task.typed"
	case note.Open > 0:
		note.Event = "task.mandatory"
	case note.Open < 0:
		note.Event = "task.optional"
	default:
		return nil
	}
	if err := u.Do(is.Of, itsm.TriggerTask, note); err != nil || was != nil {
		return err
	}
	return u.Link(TaskOf, is.Of)
}

// counts is 1 for an open mandatory task.
func counts(t *Task) int {
	if t != nil && t.Mandatory && t.Open() {
		return 1
	}
	return 0
}

// linked keeps the order of two tasks in step with a link between them. It hears of each link at the end that accepts it.
func linked(u *itsm.Unit, c itsm.Change) error {
	other := func(to itsm.Ref) error {
		return refusal(c.After.(*Task), itsm.TriggerLink, lifecycle.Reason{Code: ReasonOneTicket, Args: map[string]string{"to": to.String()}})
	}
	if made, ok := c.Input.(*itsm.NewLink); ok {
		if orders := made.Type.Name == Precedes.Name || made.Type.Name == Precedes.Inverse; orders && made.To.Kind != Kind {
			return other(made.To)
		}
	}
	end, ok := c.Input.(*itsm.LinkEnd)
	if !ok {
		return nil
	}
	before, after := u.Ref(), end.To
	switch end.Name {
	case Precedes.Name:
	case Precedes.Inverse:
		before, after = after, before
	default:
		return nil
	}
	if before.Kind != after.Kind {
		return other(end.To)
	}
	if err := u.Do(after, TriggerOrder, Sequence{Task: before, Before: true, Remove: end.Remove}); err != nil {
		return err
	}
	return u.Do(before, TriggerOrder, Sequence{Task: after, Remove: end.Remove})
}

// ordered writes one end of an order of two tasks.
func ordered(u *itsm.Unit, t *Task, q Sequence) error {
	list := &t.Successors
	if q.Before {
		list = &t.Predecessors
	}
	at := slices.Index(*list, q.Task.ID)
	switch {
	case q.Remove == (at < 0):
		return nil
	case q.Remove:
		*list = slices.Delete(slices.Clone(*list), at, at+1)
	case len(*list) == maxOrdered:
		return itsm.Invalid("to", "a task has 500 predecessors and 500 successors at most")
	default:
		if q.Before {
			if err := mayFollow(u, t, q.Task); err != nil {
				return err
			}
		}
		*list = append(slices.Clip(*list), q.Task.ID)
	}
	if !q.Before {
		return nil
	}
	rec, err := u.Get(q.Task)
	if err != nil {
		return err
	}
	switch {
	case !rec.Header().Open():
	case q.Remove:
		t.Waits--
	default:
		t.Waits++
	}
	return nil
}

// maxBehind bounds the search for a circle.
const maxBehind = 2000

// mayFollow looks at all that comes before the predecessor. The transaction then depends on it, so that two orders given
// at once make no circle either.
func mayFollow(u *itsm.Unit, t *Task, predecessor itsm.Ref) error {
	seen := map[string]bool{predecessor.ID: true}
	next := []string{predecessor.ID}
	for len(next) > 0 {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		if id == t.ID {
			return refusal(t, itsm.TriggerLink, lifecycle.Reason{Code: ReasonCycle, Args: map[string]string{"predecessor": predecessor.ID}})
		}
		rec, err := u.Get(itsm.Ref{Kind: Kind, ID: id})
		if errors.Is(err, itsm.ErrNotFound) && id != predecessor.ID {
			continue
		}
		if err != nil {
			return err
		}
		before := rec.(*Task)
		if before.Of != t.Of {
			return refusal(t, itsm.TriggerLink, lifecycle.Reason{Code: ReasonOneTicket, Args: map[string]string{"to": predecessor.String()}})
		}
		for _, p := range before.Predecessors {
			if !seen[p] {
				seen[p] = true
				next = append(next, p)
			}
		}
		if len(seen) > maxBehind {
			return refusal(t, itsm.TriggerLink, lifecycle.Reason{Code: itsm.ReasonTooDeep, Args: map[string]string{"predecessor": predecessor.ID}})
		}
	}
	return nil
}

// guards gives the names in the table their functions.
func guards(p *itsm.Practice[Task]) {
	managers := []itsm.Role{itsm.Manager, itsm.Administrator}
	manages := func(u *itsm.Unit) *lifecycle.Reason {
		by := u.Actor()
		if by.Kind == itsm.System || slices.ContainsFunc(by.Roles, func(r itsm.Role) bool { return slices.Contains(managers, r) }) {
			return nil
		}
		return &lifecycle.Reason{Code: lifecycle.MissingRole, Args: map[string]string{"roles": "manager,administrator"}}
	}
	p.Guard(guardBefore, func(_ *itsm.Unit, t *Task) *lifecycle.Reason {
		if t.Waits == 0 {
			return nil
		}
		return &lifecycle.Reason{Code: guardBefore, Args: map[string]string{"open": strconv.Itoa(t.Waits)}}
	})
	p.Guard(guardMandatory, func(u *itsm.Unit, t *Task) *lifecycle.Reason {
		if !t.Mandatory {
			return nil
		}
		return manages(u)
	})
	p.Guard(guardRequired, func(u *itsm.Unit, t *Task) *lifecycle.Reason {
		if was, ok := u.Before().(*Task); !ok || t.Mandatory || !was.Mandatory {
			return nil
		}
		return manages(u)
	})
	p.Guard(guardHandover, func(u *itsm.Unit, t *Task) *lifecycle.Reason {
		if was, ok := u.Before().(*Task); !ok || was.Group != t.Group || was.Assignee != t.Assignee {
			return nil
		}
		return &lifecycle.Reason{Code: guardHandover}
	})
	p.Choice(chooseHeld, func(_ *itsm.Unit, t *Task) lifecycle.State { return t.HeldFrom })
}
