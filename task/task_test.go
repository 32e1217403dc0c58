package task_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/task"
)

func TestTasksComeInTheirOrder(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	made := d.added(inc.Ref(), look, fix, tell)
	assert.Equal(t, 2, d.openTasks(inc.ID), "mandatory ones are counted")
	assert.Equal(t, []int{1, 2, 3}, []int{made[0].Position, made[1].Position, made[2].Position})
	assert.Equal(t, []int{0, 1, 1}, []int{made[0].Waits, made[1].Waits, made[2].Waits})
	assert.Equal(t, []string{made[1].ID}, made[0].Successors)
	assert.Equal(t, "vpn", made[0].Service, "of the ticket")
	assert.Equal(t, "ann", made[2].OpenedBy)

	_, err := d.Start(d.ann, made[1].ID)
	itsmtest.RequireRefused(t, err, "predecessors_done")
	_, err = d.Complete(d.ann, made[1].ID, task.Completion{})
	itsmtest.RequireRefused(t, err, "predecessors_done")
	_, err = d.incidents.Resolve(d.ann, inc.ID, fixed)
	itsmtest.RequireRefused(t, err, "no_open_tasks")

	first := d.ok(d.Start(d.ann, made[0].ID))
	assert.Equal(t, "ann", first.Assignee)
	d.pass(time.Hour)
	first = d.ok(d.Complete(d.ann, first.ID, task.Completion{Outcome: "The gateway hangs."}))
	assert.Equal(t, task.StateDone, first.State)
	assert.Equal(t, time.Hour, first.EndedAt.Sub(first.StartedAt))
	itsmtest.RequireEvent(t, d.ann, d.kernel, made[1].Ref(), "task.released")
	assert.True(t, ready(d, made[1].ID))
	assert.Equal(t, 1, d.openTasks(inc.ID))

	d.ok(d.Complete(d.ben, made[1].ID, task.Completion{}))
	assert.Equal(t, 0, d.openTasks(inc.ID))
	_, err = d.incidents.Resolve(d.ann, inc.ID, fixed)
	require.NoError(t, err)
	last := d.get(made[2].ID)
	assert.Equal(t, task.StateSkipped, last.State, "what is optional ends with its ticket")
	assert.Equal(t, task.TicketEnded, last.Reason)
	for _, m := range made {
		itsmtest.RequireVerified(t, d.ann, d.kernel, m.Ref())
	}
	itsmtest.RequireVerified(t, d.ann, d.kernel, inc.Ref())

	_, err = d.Reopen(d.ann, first.ID, "It hangs again.")
	itsmtest.RequireRefused(t, err, task.ReasonTicketOpen)
	_, err = d.Add(d.ann, inc.Ref(), look)
	itsmtest.RequireRefused(t, err, task.ReasonTicketOpen)

	links, err := d.incidents.Links(d.ann, inc.ID)
	require.NoError(t, err)
	assert.Len(t, links, 3)
	assert.Equal(t, task.TaskOf.Inverse, links[0].Name)
}

func ready(d *fixture, id string) bool {
	t := d.get(id)
	return t.Ready()
}

func TestOpenTasksFollowEveryChange(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	id := d.added(inc.Ref(), task.Work{Title: "Look", Mandatory: true})[0].ID
	opt := d.added(inc.Ref(), task.Work{Title: "Tell"})[0].ID
	steps := []struct {
		name string
		do   func() (task.Task, error)
		open int
	}{
		{"start", func() (task.Task, error) { return d.Start(d.ann, id) }, 1},
		{"hold", func() (task.Task, error) { return d.Hold(d.ann, id, task.Hold{Reason: itsm.HoldVendor}) }, 1},
		{"resume", func() (task.Task, error) { return d.Resume(d.ann, id) }, 1},
		{"complete", func() (task.Task, error) { return d.Complete(d.ann, id, task.Completion{}) }, 0},
		{"reopen", func() (task.Task, error) { return d.Reopen(d.ann, id, "Not quite.") }, 1},
		{"skip", func() (task.Task, error) { return d.Skip(d.mia, id, "No need.") }, 0},
		{"reopen skipped", func() (task.Task, error) { return d.Reopen(d.ann, id, "There is.") }, 1},
		{"mandatory", func() (task.Task, error) { return d.Edit(d.ann, opt, itsm.Patch{"mandatory": field.Bool(true)}) }, 2},
		{"mandatory with a command", func() (task.Task, error) {
			return d.Start(d.mia, opt, itsm.With(itsm.Patch{"mandatory": field.Bool(false)}))
		}, 1},
		{"cancel", func() (task.Task, error) { return d.Cancel(d.mia, id, "Mistake.") }, 0},
	}
	for _, step := range steps {
		d.ok(step.do())
		require.Equal(t, step.open, d.openTasks(inc.ID), step.name)
	}
	var events []string
	history, err := d.incidents.History(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	for _, e := range history {
		if e.Event == "incident.task_noted" {
			events = append(events, string(e.Facts["task"]))
		}
	}
	assert.Len(t, events, 9, "the ticket's history tells of each")
	assert.Contains(t, events[1], `"event":"task.added"`)
	assert.NotContains(t, events[1], `"open"`, "an optional one adds nothing")
}

func TestAMandatoryTaskIsLeftOutByManagersOnly(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	made := d.added(inc.Ref(), task.Work{Title: "Look", Mandatory: true}, task.Work{Title: "Tell"})
	must, may := made[0].ID, made[1].ID
	_, err := d.Skip(d.ann, must, "No time.")
	itsmtest.RequireRefused(t, err, lifecycle.MissingRole)
	_, err = d.Cancel(d.ann, must, "No time.")
	itsmtest.RequireRefused(t, err, lifecycle.MissingRole)
	optional := itsm.Patch{"mandatory": field.Bool(false)}
	_, err = d.Edit(d.ann, must, optional)
	itsmtest.RequireRefused(t, err, lifecycle.MissingRole)
	_, err = d.Start(d.ann, must, itsm.With(optional))
	itsmtest.RequireRefused(t, err, lifecycle.MissingRole)
	_, err = d.Skip(d.mia, must, "  ")
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
	assert.Equal(t, 1, d.openTasks(inc.ID))
	d.ok(d.Skip(d.ann, may, "Nobody noticed."))
	d.ok(d.Skip(d.mia, must, "The gateway is gone."))

	loose := newDesk(t, task.Config{Overlays: []lifecycle.Overlay{{
		Lifecycle: task.Kind, Version: 2,
		Adjust: []lifecycle.Adjustment{{
			Edge: lifecycle.Edge{Trigger: task.TriggerSkip}, Remove: lifecycle.Conditions{Guards: []string{"may_leave_out"}},
		}},
	}}})
	inc = loose.reported()
	loose.ok(loose.Skip(loose.ann, loose.added(inc.Ref(), look)[0].ID, "No time."))
}

func TestTasksEndWithACancelledTicket(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	made := d.added(inc.Ref(), look, fix, tell)
	d.ok(d.Complete(d.ann, made[0].ID, task.Completion{}))
	_, err := d.incidents.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Mistake})
	require.NoError(t, err)
	assert.Equal(t, task.StateDone, d.get(made[0].ID).State, "what was done stays")
	for _, m := range made[1:] {
		is := d.get(m.ID)
		assert.Equal(t, task.StateCancelled, is.State)
		assert.Equal(t, task.TicketCancelled, is.Reason)
		assert.Zero(t, is.Waits)
		itsmtest.RequireNothingPending(t, d.ann, d.kernel, m.Ref())
	}
	assert.Zero(t, d.openTasks(inc.ID))
	itsmtest.RequireVerified(t, d.ann, d.kernel, inc.Ref())
}

func TestDueTimes(t *testing.T) {
	hours, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00")})
	require.NoError(t, err)
	d := newDesk(t, task.Config{Calendar: hours})
	inc := d.reported()
	now := d.clock.Now()
	made := d.added(inc.Ref(), task.Work{Title: "Look", DueIn: 10 * time.Hour}, task.Work{Title: "Tell", Due: now.Add(time.Hour)})
	itsmtest.RequireTimer(t, d.ann, d.kernel, made[0].Ref(), task.TimerDue, now.Add(26*time.Hour))

	d.pass(2 * time.Hour)
	late := d.get(made[1].ID)
	assert.True(t, late.Overdue)
	itsmtest.RequireEvent(t, d.ann, d.kernel, late.Ref(), "task.overdue")
	late = d.ok(d.Edit(d.ann, late.ID, itsm.Patch{"due": field.Instant(now.Add(5 * time.Hour))}))
	assert.False(t, late.Overdue, "another due time")
	itsmtest.RequireTimer(t, d.ann, d.kernel, late.Ref(), task.TimerDue, now.Add(5*time.Hour))
	d.ok(d.Complete(d.ann, late.ID, task.Completion{}))
	itsmtest.RequireNothingPending(t, d.ann, d.kernel, late.Ref())
	d.ok(d.Reopen(d.ann, late.ID, "Not all of them."))
	itsmtest.RequireTimer(t, d.ann, d.kernel, late.Ref(), task.TimerDue, now.Add(5*time.Hour))
	d.ok(d.Edit(d.ann, late.ID, itsm.Patch{"due": {}}))
	itsmtest.RequireNothingPending(t, d.ann, d.kernel, late.Ref())
	d.pass(48 * time.Hour)
	assert.False(t, d.get(late.ID).Overdue)
	gone := d.ok(d.Complete(d.ann, made[0].ID, task.Completion{}))
	assert.True(t, gone.Overdue, "done late stays late")
}

func TestTheOrderFollowsLinksAndHasNoCircle(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	made := d.added(inc.Ref(), task.Work{Title: "A"}, task.Work{Title: "B"}, task.Work{Title: "C"})
	a, b, c := made[0].ID, made[1].ID, made[2].ID
	assert.Equal(t, 1, d.ok(d.Follow(d.ann, b, a)).Waits)
	assert.Equal(t, 1, d.ok(d.Follow(d.ann, b, a)).Waits, "a link that is there is left alone")
	d.ok(d.Link(d.ann, b, task.Precedes, d.Ref(c)))
	assert.Equal(t, []string{b}, d.get(c).Predecessors)
	_, err := d.Follow(d.ann, a, c)
	itsmtest.RequireRefused(t, err, task.ReasonCycle)
	_, err = d.Follow(d.ann, a, a)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	other := d.added(d.reported().Ref(), task.Work{Title: "D"})[0]
	_, err = d.Follow(d.ann, a, other.ID)
	itsmtest.RequireRefused(t, err, task.ReasonOneTicket)
	_, err = d.Link(d.ann, a, task.Precedes, inc.Ref())
	itsmtest.RequireRefused(t, err)
	_, err = d.Follow(d.ann, a, "TSK0000099")
	require.ErrorIs(t, err, itsm.ErrNotFound)

	d.ok(d.Unfollow(d.ann, b, a))
	assert.Zero(t, d.get(b).Waits)
	assert.Empty(t, d.get(a).Successors)
	d.ok(d.Follow(d.ann, a, c))
	assert.Equal(t, 1, d.get(a).Waits)
	d.ok(d.Complete(d.ann, b, task.Completion{}))
	d.ok(d.Complete(d.ann, c, task.Completion{}))
	assert.True(t, ready(d, a))
	d.ok(d.Reopen(d.ann, b, "Once more."))
	itsmtest.RequireEvent(t, d.ann, d.kernel, d.Ref(c), "task.blocked")
	_, err = d.Add(d.ann, inc.Ref(), task.Work{Title: "E", After: []string{a, b}})
	require.NoError(t, err)
	all, err := d.Of(d.ann, inc.Ref())
	require.NoError(t, err)
	assert.Equal(t, 2, all[3].Waits, "numbers name tasks that are there")
}

func TestLists(t *testing.T) {
	d := newDesk(t, task.Config{Lists: []task.List{{Name: "outage", Tasks: []task.Work{look, fix, tell}}}})
	inc := d.reported()
	made, err := d.AddList(d.ann, inc.Ref(), "outage", itsm.Once("outage-1"))
	require.NoError(t, err)
	require.Len(t, made, 3)
	again, err := d.AddList(d.ann, inc.Ref(), "outage", itsm.Once("outage-1"))
	require.NoError(t, err)
	assert.Equal(t, made, again, "a second click does nothing")
	all, err := d.Of(d.ann, inc.Ref())
	require.NoError(t, err)
	assert.Equal(t, made, all)
	_, err = d.AddList(d.ann, inc.Ref(), "fire")
	require.ErrorIs(t, err, itsm.ErrInvalid)

	circle := []task.Work{{Name: "a", Title: "A", After: []string{"b"}}, {Name: "b", Title: "B", After: []string{"a"}}}
	_, err = d.Add(d.ann, inc.Ref(), circle...)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	assert.Contains(t, err.Error(), "circle")
	after, err := d.Of(d.ann, inc.Ref())
	require.NoError(t, err)
	assert.Equal(t, all, after, "all or none")

	k, err := itsm.New(itsm.Config{Store: memory.New()})
	require.NoError(t, err)
	_, err = task.New(k, task.Config{Lists: []task.List{
		{Name: "empty"}, {Name: "circle", Tasks: circle}, {Name: "circle", Tasks: []task.Work{{After: []string{"x"}, DueIn: -1}}},
	}})
	for _, fault := range []string{"list empty", "circle", "there twice", "title", `called "x"`} {
		assert.ErrorContains(t, err, fault)
	}
}

func TestWhoMayHaveTasks(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	one := d.added(inc.Ref(), look)[0]
	for name, work := range map[string]task.Work{
		"no title": {}, "two due times": {Title: "A", Due: d.clock.Now(), DueIn: time.Hour},
		"planned backwards": {Title: "A", PlannedStart: d.clock.Now(), PlannedEnd: d.clock.Now().Add(-time.Hour)},
	} {
		_, err := d.Add(d.ann, inc.Ref(), work)
		assert.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	_, err := d.Add(d.ann, inc.Ref())
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = d.Add(d.ann, one.Ref(), look)
	require.ErrorIs(t, err, itsm.ErrInvalid, "tasks have no tasks")
	_, err = d.Add(d.ann, d.incidents.Ref("INC0000009"), look)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Add(d.bob, inc.Ref(), look)
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = d.Complete(d.ann, one.ID, task.Completion{EndedAt: d.clock.Now().Add(time.Minute)})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestATicketHasFiveHundredOpenTasksAtMost(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	d.added(inc.Ref(), slices.Repeat([]task.Work{{Title: "Count", Mandatory: true}}, 499)...)
	last := d.added(inc.Ref(), task.Work{Title: "Last"})[0]
	_, err := d.Add(d.ann, inc.Ref(), task.Work{Title: "One more"})
	itsmtest.RequireRefused(t, err, task.ReasonTooMany)
	d.ok(d.Complete(d.ann, last.ID, task.Completion{}))
	d.added(inc.Ref(), task.Work{Title: "One more"})
	_, err = d.incidents.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Mistake})
	require.NoError(t, err)
	assert.Zero(t, d.openTasks(inc.ID))
	open := itsm.Where("phase").In("new", "active", "waiting")
	n, err := d.Count(d.root, itsm.Query{Filter: &open})
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestRequestersSeeOnlyTasksForThem(t *testing.T) {
	const answer task.Type = "answer"
	grants := append(itsm.DefaultGrants(), task.CallerGrant())
	d := newDeskWith(t, task.Config{ForCaller: []task.Type{answer}}, grants)
	inc := d.reported()
	made := d.added(inc.Ref(), look, task.Work{Title: "Send the log", Type: answer, Mandatory: true})
	sees := func(who context.Context, ids ...string) {
		t.Helper()
		tasks, err := d.Of(who, inc.Ref())
		require.NoError(t, err)
		var seen []string
		for _, is := range tasks {
			seen = append(seen, is.ID)
		}
		assert.Equal(t, ids, seen)
		n, err := d.Count(who, itsm.Query{})
		require.NoError(t, err)
		assert.EqualValues(t, len(ids), n)
	}
	sees(d.bob, made[1].ID)
	sees(d.dan)
	_, err := d.Get(d.bob, made[0].ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Comment(d.bob, made[0].ID, itsm.Comment{Body: "Hello?"})
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Skip(d.bob, made[1].ID, "No.")
	require.ErrorIs(t, err, itsm.ErrDenied)

	_, err = d.incidents.Edit(d.ann, inc.ID, itsm.Patch{"caller": field.Text("dan")})
	require.NoError(t, err)
	sees(d.bob)
	sees(d.dan, made[1].ID)
	d.ok(d.Complete(d.dan, made[1].ID, task.Completion{Outcome: "Sent."}))
	d.ok(d.Edit(d.ann, made[0].ID, itsm.Patch{"type": field.Text(string(answer))}))
	sees(d.dan, made[0].ID, made[1].ID)
	d.ok(d.Edit(d.ann, made[0].ID, itsm.Patch{"type": field.Text(string(task.Fix))}))
	sees(d.dan, made[1].ID)
}

// TestManyFinishAtOnce: of many who finish tasks of one ticket at once, none is lost in the count.
func TestManyFinishAtOnce(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	const n = 24
	made := d.added(inc.Ref(), slices.Repeat([]task.Work{look}, 1)...)
	for range n {
		made = append(made, d.added(inc.Ref(), task.Work{Title: "Part", Mandatory: true, After: []string{made[0].ID}})...)
	}
	d.ok(d.Complete(d.ann, made[0].ID, task.Completion{}))
	require.Equal(t, n, d.openTasks(inc.ID))
	var wait sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wait.Go(func() { _, errs[i] = d.Complete(d.ben, made[i+1].ID, task.Completion{}) })
	}
	wait.Wait()
	require.NoError(t, errors.Join(errs...))
	assert.Zero(t, d.openTasks(inc.ID))
	itsmtest.RequireVerified(t, d.ann, d.kernel, inc.Ref())

	var both [2]error
	a, b := d.added(inc.Ref(), look)[0], d.added(inc.Ref(), look)[0]
	wait.Go(func() { _, both[0] = d.Follow(d.ann, a.ID, b.ID) })
	wait.Go(func() { _, both[1] = d.Follow(d.ben, b.ID, a.ID) })
	wait.Wait()
	assert.NotEqual(t, both[0] == nil, both[1] == nil, "one of two that make a circle is refused: %v", both)
}

// TestAHookThatComesFirst: the counts are right also where a hook that was registered earlier acts on the task.
func TestAHookThatComesFirst(t *testing.T) {
	ctx := context.Background()
	ann := itsmtest.As(ctx, itsmtest.Agent("ann"))
	var incidents *incident.Incidents
	var tasks *task.Tasks
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) (err error) {
		k.Hook(itsm.Hook{
			Name: "started is done, and then all is", Kinds: []string{task.Kind}, Triggers: []lifecycle.Trigger{task.TriggerStart},
			AfterAct: func(u *itsm.Unit, c itsm.Change) error {
				if err := u.Do(u.Ref(), task.TriggerComplete, nil); err != nil {
					return err
				}
				return u.Do(c.After.(*task.Task).Of, incident.TriggerResolve, fixed)
			},
		})
		if incidents, err = incident.New(k, incident.Config{}); err != nil {
			return err
		}
		tasks, err = task.New(k, task.Config{})
		return err
	})
	inc, err := incidents.Report(ann, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	made, err := tasks.Add(ann, inc.Ref(), look)
	require.NoError(t, err)
	_, err = tasks.Start(ann, made[0].ID)
	require.NoError(t, err)
	inc, err = incidents.Get(ann, inc.ID)
	require.NoError(t, err)
	assert.Zero(t, inc.OpenTasks)
	assert.Equal(t, incident.StateResolved, inc.State, "the count is right within the transaction")
	itsmtest.RequireVerified(t, ann, k, inc.Ref())
}

func TestWhatTasksCostTheirTicket(t *testing.T) {
	d := newDesk(t, task.Config{})
	inc := d.reported()
	var names []string
	for i := range 5 {
		names = append(names, d.added(inc.Ref(), task.Work{Title: fmt.Sprint("Part ", i)})[0].ID)
	}
	_, err := d.incidents.Resolve(d.ann, inc.ID, fixed)
	require.NoError(t, err)
	e := itsmtest.RequireEvent(t, d.ann, d.kernel, inc.Ref(), "incident.resolved")
	assert.Contains(t, e.Also, "incident.task_noted", "one event for all that ends")
	for _, id := range names {
		itsmtest.RequireState(t, d.ann, d.kernel, d.Ref(id), task.StateSkipped)
	}
}
