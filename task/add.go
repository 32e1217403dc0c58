package task

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// factAdded names, on the first task of a command, the others that it added.
const factAdded = "added"

// Check lists everything that is wrong with a list.
func (l List) Check() error {
	var faults []error
	if strings.TrimSpace(l.Name) == "" || len(l.Tasks) == 0 {
		faults = append(faults, itsm.Invalid("list "+l.Name, "give it a name and tasks"))
	}
	if err := checkWork(l.Tasks, false); err != nil {
		faults = append(faults, fmt.Errorf("list %s: %w", l.Name, err))
	}
	return errors.Join(faults...)
}

// takeLists keeps copies of the lists, and answers all that is wrong with them.
func (s *Tasks) takeLists(lists []List) error {
	var faults []error
	for _, l := range lists {
		if err := l.Check(); err != nil {
			faults = append(faults, err)
		}
		if _, twice := s.lists[l.Name]; twice {
			faults = append(faults, itsm.Invalid("list "+l.Name, "it is there twice"))
		}
		l.Tasks = slices.Clone(l.Tasks)
		for i := range l.Tasks {
			l.Tasks[i].After = slices.Clone(l.Tasks[i].After)
		}
		s.lists[l.Name] = l
	}
	return errors.Join(faults...)
}

// HasList reports whether the configuration has a list of that name.
func (s *Tasks) HasList(name string) bool {
	_, ok := s.lists[name]
	return ok
}

// checkWork lists what is wrong with tasks of one command. Numbers as predecessors are for tasks that are there: lists
// have none.
func checkWork(work []Work, numbers bool) error {
	var faults []error
	names := map[string]int{}
	for i, w := range work {
		at := func(what string) string { return "tasks[" + strconv.Itoa(i) + "]." + what }
		_, twice := names[w.Name]
		switch {
		case strings.TrimSpace(w.Title) == "":
			faults = append(faults, itsm.Invalid(at("title"), "say in a few words what is to be done"))
		case w.Name != "" && twice:
			faults = append(faults, itsm.Invalid(at("name"), "another task of the command has this name: "+w.Name))
		case !w.Due.IsZero() && w.DueIn != 0:
			faults = append(faults, itsm.Invalid(at("due_in"), "give an instant or a working time, not both"))
		case w.DueIn < 0:
			faults = append(faults, itsm.Invalid(at("due_in"), "a working time is more than 0"))
		case w.Position < 0:
			faults = append(faults, itsm.Invalid(at("position"), "a position is 0 or more"))
		}
		if w.Name != "" {
			names[w.Name] = i
		}
	}
	for i, w := range work {
		for _, name := range w.After {
			if _, ok := names[name]; !ok && !numbers {
				faults = append(faults, itsm.Invalid("tasks["+strconv.Itoa(i)+"].after", "there is no task called "+strconv.Quote(name)))
			}
		}
	}
	if len(faults) == 0 && sorted(work, names) < len(work) {
		faults = append(faults, itsm.Invalid("after", "the tasks wait for each other in a circle"))
	}
	return errors.Join(faults...)
}

// sorted counts the tasks that can be brought into an order.
func sorted(work []Work, names map[string]int) int {
	waits := make([]int, len(work))
	next := make([][]int, len(work))
	for i, w := range work {
		for _, name := range w.After {
			if before, ok := names[name]; ok {
				waits[i]++
				next[before] = append(next[before], i)
			}
		}
	}
	var ready []int
	for i, n := range waits {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	for n := 0; n < len(ready); n++ {
		for _, i := range next[ready[n]] {
			if waits[i]--; waits[i] == 0 {
				ready = append(ready, i)
			}
		}
	}
	return len(ready)
}

// adds is the command: it makes the record at hand of the first task, and records for the others.
func (s *Tasks) adds(u *itsm.Unit, t *Task, in Addition) error {
	work := in.Tasks
	if in.List != "" {
		list, ok := s.lists[in.List]
		if !ok || len(in.Tasks) > 0 {
			return itsm.Invalid("list", "give tasks, or the name of a list that the desk has, not "+strconv.Quote(in.List))
		}
		work = list.Tasks
	}
	if len(work) == 0 {
		return itsm.Invalid("tasks", "give one task or more")
	}
	if err := checkWork(work, true); err != nil {
		return itsmInvalid(err)
	}
	t.Of = in.Of
	if err := s.mayOwn(u, t); err != nil {
		return err
	}
	position, err := s.room(u, t, len(work))
	if err != nil {
		return err
	}
	made := map[string]itsm.Ref{}
	refs := make([]itsm.Ref, len(work))
	for i, w := range work {
		if w.Position == 0 {
			position++
			w.Position = position
		}
		position = max(position, w.Position)
		if i == 0 {
			refs[i], err = u.Ref(), s.write(u, t, w)
		} else {
			refs[i], err = u.Create(Kind, TriggerAdd, Addition{Of: in.Of, Tasks: []Work{alone(w)}})
		}
		if err != nil {
			return err
		}
		if w.Name != "" {
			made[w.Name] = refs[i]
		}
	}
	if len(refs) > 1 {
		if err := u.Fact(factAdded, refs[1:]); err != nil {
			return err
		}
	}
	if len(work) == 1 && len(work[0].After) == 0 {
		return nil
	}
	// The record at hand is linked to its ticket and counted when its handler has ended; its order comes after that.
	u.Later("task list", func(u *itsm.Unit) error { return order(u, work, refs, made) })
	return nil
}

// alone is a task without its place among others.
func alone(w Work) Work {
	w.After = nil
	return w
}

// itsmInvalid gives several faults the code of one.
func itsmInvalid(err error) error {
	return &itsm.Error{Code: itsm.ErrInvalid.Code, Message: itsm.ErrInvalid.Message, Cause: err}
}

// order links the tasks of a command.
func order(u *itsm.Unit, work []Work, refs []itsm.Ref, made map[string]itsm.Ref) error {
	for i, w := range work {
		for _, name := range w.After {
			before, ok := made[name]
			if !ok {
				before = itsm.Ref{Kind: Kind, ID: name}
			}
			link := itsm.NewLink{Type: Precedes, To: refs[i]}
			if err := u.Do(before, itsm.TriggerLink, link); err != nil {
				return err
			}
		}
	}
	return nil
}

// mayOwn refuses what has no tasks: records that are no tickets, tasks, tickets that are not open, and those that the
// actor does not see.
func (s *Tasks) mayOwn(u *itsm.Unit, t *Task) error {
	if !slices.Contains(s.owners, t.Of.Kind) {
		return itsm.Invalid("of", "name a ticket; one of the kinds "+strings.Join(s.owners, ", "))
	}
	if err := u.RequireOn(t.Of, itsm.Read); err != nil {
		return err
	}
	owner, err := openOwner(u, t, TriggerAdd)
	if err != nil {
		return err
	}
	t.Category, t.Service = owner.Category, owner.Service
	return nil
}

// openOwner answers the ticket of a task, and refuses where it is not open.
func openOwner(u *itsm.Unit, t *Task, trigger lifecycle.Trigger) (*itsm.Ticket, error) {
	rec, err := u.Get(t.Of)
	if err != nil {
		return nil, err
	}
	owner := itsm.TicketOf(rec)
	if owner.Open() {
		return owner, nil
	}
	return nil, refusal(t, trigger, lifecycle.Reason{Code: ReasonTicketOpen, Args: map[string]string{
		"ticket": t.Of.String(), "state": string(owner.State),
	}})
}

func refusal(t *Task, trigger lifecycle.Trigger, reason lifecycle.Reason) error {
	return &lifecycle.Refusal{Lifecycle: Kind, State: t.State, Trigger: trigger, Reasons: []lifecycle.Reason{reason}}
}

// room answers the last position in the ticket, and refuses where it has no room for so many more. What the transaction
// reads here is protected by the version of the ticket, which each new and each ended task writes.
func (s *Tasks) room(u *itsm.Unit, t *Task, more int) (int, error) {
	of := itsm.Where("of").Is(t.Of.String())
	open, err := u.Count(Kind, itsm.All(of, isOpen))
	if err != nil {
		return 0, err
	}
	if open+int64(more) > maxOpen {
		return 0, refusal(t, TriggerAdd, lifecycle.Reason{Code: ReasonTooMany, Args: map[string]string{
			"open": strconv.FormatInt(open, 10), "limit": strconv.Itoa(maxOpen),
		}})
	}
	last, err := u.Query(Kind, itsm.Query{Filter: &of, Sort: []itsm.Sort{{Column: "position", Descending: true}}, Limit: 1})
	if err != nil || len(last) == 0 {
		return 0, err
	}
	return last[0].(*Task).Position, nil
}

var isOpen = itsm.Where("phase").In(lifecycle.New.String(), lifecycle.Active.String(), lifecycle.Waiting.String())

// write makes the record of a task.
func (s *Tasks) write(u *itsm.Unit, t *Task, w Work) error {
	t.Title, t.Description = w.Title, w.Description
	t.OpenedBy = u.Actor().Person()
	t.Type, t.Mandatory, t.Position = w.Type, w.Mandatory, w.Position
	t.HandTo(w.Group, w.Assignee)
	t.PlannedStart, t.PlannedEnd, t.Due = w.PlannedStart.UTC(), w.PlannedEnd.UTC(), w.Due.UTC()
	if w.DueIn == 0 {
		return nil
	}
	if s.config.Calendar == nil {
		t.Due = u.Now().Add(w.DueIn)
		return nil
	}
	due, err := s.config.Calendar.Add(u.Now(), w.DueIn)
	if err != nil {
		return fmt.Errorf("due_in: %w", err)
	}
	t.Due = due.UTC()
	return nil
}
