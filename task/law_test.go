package task_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/task"
)

// TestLaws lets anybody give any commands to a ticket and its tasks. Whatever comes of it, the counts are right, there is
// no circle, every record is what its history says, and a ticket is resolved exactly while no mandatory task is open.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDesk(t, task.Config{Lists: []task.List{{Name: "outage", Tasks: []task.Work{look, fix, tell}}}})
		inc := d.reported().Ref()
		d.added(d.reported().Ref(), look) // another ticket's tasks are nobody's business
		for range rapid.IntRange(1, 40).Draw(t, "commands") {
			d.anything(t, inc)
			d.fits(t, inc)
		}
		itsmtest.RequireVerified(t, d.root, d.kernel, inc)
		for _, is := range d.all(t, inc) {
			itsmtest.RequireVerified(t, d.root, d.kernel, is.Ref())
		}
	})
}

func (d *fixture) all(t *rapid.T, of itsm.Ref) []task.Task {
	tasks, err := d.Of(d.root, of)
	require.NoError(t, err)
	return tasks
}

// anything gives a command that may or may not pass.
func (d *fixture) anything(t *rapid.T, inc itsm.Ref) {
	who := rapid.SampledFrom([]context.Context{d.ann, d.ann, d.ben, d.mia, d.bob}).Draw(t, "actor")
	tasks := d.all(t, inc)
	pick := func(label string) string {
		if len(tasks) == 0 {
			return "TSK0000099"
		}
		return tasks[rapid.IntRange(0, len(tasks)-1).Draw(t, label)].ID
	}
	commands := map[string]func() error{
		"add": func() error {
			w := task.Work{Title: "Part", Mandatory: rapid.Bool().Draw(t, "mandatory")}
			if rapid.Bool().Draw(t, "after") {
				w.After = []string{pick("predecessor")}
			}
			if rapid.Bool().Draw(t, "due") {
				w.DueIn = time.Hour
			}
			_, err := d.Add(who, inc, w)
			return err
		},
		"list":     func() error { _, err := d.AddList(who, inc, "outage"); return err },
		"start":    func() error { _, err := d.Start(who, pick("task")); return err },
		"hold":     func() error { _, err := d.Hold(who, pick("task"), task.Hold{Reason: itsm.HoldVendor}); return err },
		"resume":   func() error { _, err := d.Resume(who, pick("task")); return err },
		"complete": func() error { _, err := d.Complete(who, pick("task"), task.Completion{}); return err },
		"done":     func() error { _, err := d.Complete(who, pick("task"), task.Completion{}); return err },
		"skip":     func() error { _, err := d.Skip(who, pick("task"), "No need."); return err },
		"cancel":   func() error { _, err := d.Cancel(who, pick("task"), "Mistake."); return err },
		"reopen":   func() error { _, err := d.Reopen(who, pick("task"), "Again."); return err },
		"follow":   func() error { _, err := d.Follow(who, pick("task"), pick("predecessor")); return err },
		"precede": func() error {
			_, err := d.Link(who, pick("predecessor"), task.Precedes, d.Ref(pick("task")))
			return err
		},
		"unfollow": func() error { _, err := d.Unfollow(who, pick("task"), pick("predecessor")); return err },
		"mandatory": func() error {
			_, err := d.Edit(who, pick("task"), itsm.Patch{"mandatory": field.Bool(rapid.Bool().Draw(t, "mandatory"))})
			return err
		},
		"wait": func() error {
			d.pass(rapid.SampledFrom([]time.Duration{time.Minute, 2 * time.Hour}).Draw(t, "span"))
			return nil
		},
		"resolve ticket": func() error {
			was, err := d.incidents.Get(d.root, inc.ID)
			require.NoError(t, err)
			_, err = d.incidents.Resolve(d.ann, inc.ID, fixed)
			if was.Open() {
				require.Equal(t, was.OpenTasks == 0, err == nil, "resolved exactly while no mandatory task is open")
			}
			return err
		},
		"reopen ticket": func() error {
			_, err := d.incidents.Reopen(d.ann, inc.ID, incident.Reopen{Reason: "Again."})
			return err
		},
		"cancel ticket": func() error {
			if rapid.IntRange(0, 4).Draw(t, "spare") > 0 {
				return nil // or most lives would be short
			}
			_, err := d.incidents.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Mistake})
			return err
		},
	}
	names := make([]string, 0, len(commands))
	for name := range commands {
		names = append(names, name)
	}
	slices.Sort(names)
	before := d.all(t, inc)
	if err := commands[rapid.SampledFrom(names).Draw(t, "command")](); err != nil {
		require.NotEqual(t, itsm.Code("internal"), itsm.CodeOf(err), "%v", err)
		require.Equal(t, before, d.all(t, inc), "nothing was written")
	}
}

// fits requires what holds at every time.
func (d *fixture) fits(t *rapid.T, of itsm.Ref) {
	inc, err := d.incidents.Get(d.root, of.ID)
	require.NoError(t, err)
	tasks := d.all(t, of)
	byID := map[string]task.Task{}
	for _, is := range tasks {
		byID[is.ID] = is
	}
	mandatory := 0
	for _, is := range tasks {
		if is.Open() && is.Mandatory {
			mandatory++
		}
		waits := 0
		for _, id := range is.Predecessors {
			require.Contains(t, byID[id].Successors, is.ID)
			if before := byID[id]; before.Open() {
				waits++
			}
		}
		require.Equal(t, waits, is.Waits, "%s waits for its open predecessors", is.ID)
		links, err := d.Links(d.root, is.ID)
		require.NoError(t, err)
		var order []string
		for _, l := range links {
			if l.Name == task.Precedes.Inverse {
				order = append(order, l.To.ID)
			}
		}
		require.ElementsMatch(t, order, is.Predecessors, "the order follows the links")
		require.Equal(t, !is.Open(), !is.EndedAt.IsZero())
		require.Equal(t, is.State == task.StateOnHold, is.Hold != "")
		require.True(t, inc.Open() || !is.Open(), "tasks end with their ticket")
		timers := is.Open() && !is.Due.IsZero() && !is.Overdue
		if timers {
			itsmtest.RequireTimer(t, d.root, d.kernel, is.Ref(), task.TimerDue, is.Due)
		} else {
			itsmtest.RequireNothingPending(t, d.root, d.kernel, is.Ref())
		}
		d.leads(t, byID, is.ID, nil)
	}
	require.Equal(t, mandatory, inc.OpenTasks)
}

// leads goes back over all predecessors.
func (d *fixture) leads(t *rapid.T, tasks map[string]task.Task, id string, way []string) {
	require.NotContains(t, way, id, "a circle: %s", strings.Join(way, " "))
	for _, before := range tasks[id].Predecessors {
		d.leads(t, tasks, before, append(slices.Clip(way), id))
	}
}
