package task

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// maxOpen bounds the open tasks of a ticket, and with it what the end of a ticket costs. maxOrdered bounds the
// predecessors, and the successors, of a task.
const (
	maxOpen    = 500
	maxOrdered = 500
)

// Config changes the practice for a desk. The zero value is the practice as documented.
type Config struct {
	// Calendar counts the working time of [Work.DueIn]; nil counts around the clock.
	Calendar WorkingTime
	// Lists are templates of tasks, which [Tasks.AddList] adds by name.
	Lists []List
	// ForCaller are types of tasks that the ticket's caller sees, as the caller's own. All others are for those who work
	// on the ticket. [CallerGrant] lets callers complete theirs.
	ForCaller []Type
	// Custom declares custom fields.
	Custom field.Schema
	// Overlays change the lifecycle, in order.
	Overlays []lifecycle.Overlay
	// Extend registers guards, choices and handlers that overlays name; nil registers nothing.
	Extend func(*itsm.Practice[Task]) error
}

// WorkingTime counts the working time of a calendar. A *calendar.Calendar is one.
type WorkingTime interface {
	// Add answers the earliest instant with that much working time between from and it.
	Add(from time.Time, working time.Duration) (time.Time, error)
}

// CallerGrant lets requesters complete the tasks that are for them, beside what [itsm.DefaultGrants] let them do with
// what is their own: read, comment, attach, watch.
func CallerGrant() itsm.Grant {
	return itsm.Grant{Role: itsm.Requester, Own: true, Kinds: []string{Kind}, Verbs: []itsm.Verb{itsm.Verb(TriggerComplete)}}
}

// Tasks are the commands and questions of tasks. It may be used by many goroutines.
type Tasks struct {
	*itsm.Records[Task]
	config Config
	lists  map[string]List
	owners []string // kinds of tickets that may have tasks

	add      itsm.Creation[Task, Addition]
	assign   itsm.Command[Task, Assignment]
	start    itsm.Command[Task, Nothing]
	hold     itsm.Command[Task, Hold]
	resume   itsm.Command[Task, Nothing]
	complete itsm.Command[Task, Completion]
	skip     itsm.Command[Task, Because]
	cancel   itsm.Command[Task, Because]
	reopen   itsm.Command[Task, Because]
}

// New registers the practice with a kernel that is not open yet. Tickets of every kind whose table has
// [itsm.TriggerTask] may then have tasks, also of kinds that are registered later.
func New(k *itsm.Kernel, c Config) (*Tasks, error) {
	s := &Tasks{config: c, lists: map[string]List{}}
	if err := s.takeLists(c.Lists); err != nil {
		return nil, err
	}
	p, err := itsm.NewPractice[Task](k, itsm.Spec{
		Kind: Kind, Series: Series, Lifecycle: Lifecycle(), Overlays: c.Overlays, Custom: c.Custom,
		Editable: []string{
			"title", "description", "type", "mandatory", "position", "planned_start", "planned_end", "due",
			"priority", "category", "service", "items",
		},
	})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	guards(p)
	s.handlers(p)
	p.Keep(s.keep)
	if c.Extend != nil {
		if err := c.Extend(p); err != nil {
			return nil, err
		}
	}
	k.Hook(itsm.Hook{
		Name: "task: the order of tasks follows their links", Kinds: []string{Kind},
		Triggers: []lifecycle.Trigger{itsm.TriggerLink, itsm.TriggerLinked}, AfterAct: linked,
	})
	k.OnOpen(s.watchOwners)
	return s, nil
}

// Add adds tasks to a ticket that is open, in one transaction: all or none. The actor needs the verb "add" on tasks, and
// must see the ticket. Of several, the first is made by the actor and the others on the actor's behalf. A ticket has 500
// open tasks at most.
//
// It answers the tasks in the order given.
func (s *Tasks) Add(ctx context.Context, owner itsm.Ref, work ...Work) ([]Task, error) {
	return s.added(ctx, Addition{Of: owner, Tasks: work})
}

// AddList adds the tasks of a list of the configuration, with their order, as Add does.
func (s *Tasks) AddList(ctx context.Context, owner itsm.Ref, name string, with ...itsm.Option) ([]Task, error) {
	return s.added(ctx, Addition{Of: owner, List: name}, with...)
}

// AddWith is Add with options, such as an idempotency key.
func (s *Tasks) AddWith(ctx context.Context, in Addition, with ...itsm.Option) ([]Task, error) {
	return s.added(ctx, in, with...)
}

func (s *Tasks) added(ctx context.Context, in Addition, with ...itsm.Option) ([]Task, error) {
	first, err := s.add.Do(ctx, in, with...)
	if err != nil {
		return nil, err
	}
	tasks := []Task{first}
	if len(in.Tasks) == 1 {
		return tasks, nil
	}
	history, err := s.History(ctx, first.ID, 0, 1)
	if err != nil || len(history) == 0 {
		return nil, err
	}
	var others [][]itsm.Ref // a fact is a list, and this one stands there once
	if raw, ok := history[0].Facts[factAdded]; ok {
		if err := json.Unmarshal(raw, &others); err != nil {
			return nil, itsm.ErrBroken
		}
	}
	for _, ref := range slices.Concat(others...) {
		t, err := s.Get(ctx, ref.ID)
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// Assign gives a task to a group or a person. It stays in its state.
func (s *Tasks) Assign(ctx context.Context, id string, a Assignment, with ...itsm.Option) (Task, error) {
	return s.assign.Do(ctx, id, a, with...)
}

// Start begins the work, when no predecessor is open. Where nobody is assigned, the actor takes it.
func (s *Tasks) Start(ctx context.Context, id string, with ...itsm.Option) (Task, error) {
	return s.start.Do(ctx, id, Nothing{}, with...)
}

// Hold lets a task wait for something that is no task.
func (s *Tasks) Hold(ctx context.Context, id string, h Hold, with ...itsm.Option) (Task, error) {
	return s.hold.Do(ctx, id, h, with...)
}

// Resume ends the wait: the task goes back to the state before it.
func (s *Tasks) Resume(ctx context.Context, id string, with ...itsm.Option) (Task, error) {
	return s.resume.Do(ctx, id, Nothing{}, with...)
}

// Complete says that a task is done, when no predecessor is open; one that was not started is done at once. Where nobody
// is assigned, it was the actor.
func (s *Tasks) Complete(ctx context.Context, id string, c Completion, with ...itsm.Option) (Task, error) {
	return s.complete.Do(ctx, id, c, with...)
}

// Skip ends a task without its work. Its successors go on as if it were done. A mandatory one takes a manager.
func (s *Tasks) Skip(ctx context.Context, id, reason string, with ...itsm.Option) (Task, error) {
	return s.skip.Do(ctx, id, Because{reason}, with...)
}

// Cancel ends a task that was a mistake, by the same rules as Skip, and for good.
func (s *Tasks) Cancel(ctx context.Context, id, reason string, with ...itsm.Option) (Task, error) {
	return s.cancel.Do(ctx, id, Because{reason}, with...)
}

// Reopen opens a task again that was done or skipped, while its ticket is open. Successors wait for it again; one that
// was begun goes on, and is not done before.
func (s *Tasks) Reopen(ctx context.Context, id, reason string, with ...itsm.Option) (Task, error) {
	return s.reopen.Do(ctx, id, Because{reason}, with...)
}

// Follow puts a task behind another one of the same ticket. What would lead in a circle is refused.
func (s *Tasks) Follow(ctx context.Context, id, predecessor string, with ...itsm.Option) (Task, error) {
	return s.Link(ctx, id, itsm.LinkType{Name: Precedes.Inverse, Inverse: Precedes.Name}, s.Ref(predecessor), with...)
}

// Unfollow takes that order away again; there need not be one.
func (s *Tasks) Unfollow(ctx context.Context, id, predecessor string, with ...itsm.Option) (Task, error) {
	links, err := s.Links(ctx, id)
	if err != nil {
		return Task{}, err
	}
	for _, l := range links {
		if l.Name == Precedes.Inverse && l.To == s.Ref(predecessor) {
			return s.Unlink(ctx, id, l.ID, with...)
		}
	}
	return s.Get(ctx, id)
}

// Of answers the tasks of a ticket that the actor may see, in their order. It costs what it reads; [Task.Ready] tells
// which can begin.
func (s *Tasks) Of(ctx context.Context, owner itsm.Ref) ([]Task, error) {
	var tasks []Task
	of := itsm.Where("of").Is(owner.String())
	for t, err := range s.All(ctx, itsm.Query{Filter: &of, Sort: []itsm.Sort{{Column: "position"}}, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		tasks = append(tasks, t)
	}
	return tasks, nil
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Tasks) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now.
func (s *Tasks) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}

// handlers says what each trigger does to the record; the table says when it may.
func (s *Tasks) handlers(p *itsm.Practice[Task]) {
	s.add = itsm.Create(p, TriggerAdd, "added", s.adds)
	s.assign = itsm.Handle(p, TriggerAssign, func(_ *itsm.Unit, t *Task, a Assignment) error {
		t.HandTo(a.Group, a.Assignee)
		return nil
	})
	s.start = itsm.Handle(p, TriggerStart, func(u *itsm.Unit, t *Task, _ Nothing) error {
		take(u, t)
		if t.StartedAt.IsZero() {
			t.StartedAt = u.Now()
		}
		return nil
	})
	s.hold = itsm.Handle(p, TriggerHold, func(_ *itsm.Unit, t *Task, h Hold) error {
		t.Hold, t.HeldFrom = h.Reason, t.State
		return nil
	})
	s.resume = itsm.Handle(p, TriggerResume, func(_ *itsm.Unit, t *Task, _ Nothing) error {
		release(t)
		return nil
	})
	s.complete = itsm.Handle(p, TriggerComplete, completed)
	leftOut := func(u *itsm.Unit, t *Task, b Because) error {
		t.Reason, t.EndedAt = b.Reason, u.Now()
		release(t)
		return nil
	}
	s.skip = itsm.Handle(p, TriggerSkip, leftOut)
	s.cancel = itsm.Handle(p, TriggerCancel, leftOut)
	s.reopen = itsm.Handle(p, TriggerReopen, func(u *itsm.Unit, t *Task, b Because) error {
		if _, err := openOwner(u, t, TriggerReopen); err != nil {
			return err
		}
		t.Reopens++
		t.EndedAt, t.Outcome, t.Reason = time.Time{}, "", ""
		return u.Note(b.Reason)
	})
	itsm.Handle(p, TriggerOverdue, func(_ *itsm.Unit, t *Task, _ Nothing) error {
		t.Overdue = true
		return nil
	})
	itsm.Handle(p, TriggerOrder, ordered)
	itsm.Handle(p, TriggerRelease, func(_ *itsm.Unit, t *Task, _ Nothing) error {
		t.Waits--
		return nil
	})
	itsm.Handle(p, TriggerBlock, func(_ *itsm.Unit, t *Task, _ Nothing) error {
		t.Waits++
		return nil
	})
	itsm.Handle(p, TriggerAddress, func(_ *itsm.Unit, t *Task, to Recipient) error {
		t.Caller = to.Caller
		return nil
	})
	p.Standard(nil)
}

// take names the actor where nobody does the task.
func take(u *itsm.Unit, t *Task) {
	if t.Assignee == "" {
		t.Assignee = u.Actor().Person()
	}
}

// release forgets what the task waited for.
func release(t *Task) { t.Hold, t.HeldFrom = "", "" }

func completed(u *itsm.Unit, t *Task, c Completion) error {
	take(u, t)
	switch {
	case !c.StartedAt.IsZero():
		t.StartedAt = c.StartedAt.UTC()
	case t.StartedAt.IsZero() && !c.EndedAt.IsZero():
		t.StartedAt = c.EndedAt.UTC()
	case t.StartedAt.IsZero():
		t.StartedAt = u.Now()
	}
	t.EndedAt, t.Outcome = u.Now(), c.Outcome
	if !c.EndedAt.IsZero() {
		t.EndedAt = c.EndedAt.UTC()
	}
	if t.EndedAt.After(u.Now()) || t.StartedAt.After(t.EndedAt) {
		return itsm.Invalid("ended_at", fmt.Sprintf("work ends after it began (%s) and not in the future", t.StartedAt.Format(time.RFC3339)))
	}
	return nil
}
