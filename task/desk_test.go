package task_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/task"
)

// tb is what *testing.T, *testing.B and *rapid.T have in common.
type tb interface {
	itsmtest.TB
	require.TestingT
}

// fixture has incidents and their tasks, on Monday, 2 March 2026, 09:00 UTC.
type fixture struct {
	*task.Tasks
	incidents *incident.Incidents
	tb        tb
	kernel    *itsm.Kernel
	clock     *itsmtest.Clock

	bob  context.Context // a requester, the caller
	dan  context.Context // another one
	ann  context.Context // an agent
	ben  context.Context // another one
	mia  context.Context // a manager
	root context.Context
}

func newDesk(t tb, c task.Config) *fixture { return newDeskWith(t, c, itsm.DefaultGrants()) }

func newDeskWith(t tb, c task.Config, grants itsm.Grants) *fixture {
	t.Helper()
	ctx := context.Background()
	d := &fixture{
		tb:   t,
		bob:  itsmtest.As(ctx, itsmtest.Requester("bob")),
		dan:  itsmtest.As(ctx, itsmtest.Requester("dan")),
		ann:  itsmtest.As(ctx, itsmtest.Agent("ann")),
		ben:  itsmtest.As(ctx, itsmtest.Agent("ben")),
		mia:  itsmtest.As(ctx, itsm.Actor{ID: "mia", Tenant: itsmtest.Agent("mia").Tenant, Roles: []itsm.Role{itsm.Manager}}),
		root: itsmtest.As(ctx, itsmtest.Administrator("root")),
	}
	d.kernel, d.clock = itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Authorizer: grants}, func(k *itsm.Kernel) (err error) {
		if d.Tasks, err = task.New(k, c); err != nil {
			return err
		}
		d.incidents, err = incident.New(k, incident.Config{})
		return err
	})
	return d
}

// reported is a new incident of bob.
func (d *fixture) reported() incident.Incident {
	inc, err := d.incidents.Report(d.bob, incident.Report{Title: "VPN down", Service: "vpn"})
	require.NoError(d.tb, err)
	return inc
}

// added are tasks of a ticket.
func (d *fixture) added(of itsm.Ref, work ...task.Work) []task.Task {
	d.tb.Helper()
	tasks, err := d.Add(d.ann, of, work...)
	require.NoError(d.tb, err)
	require.Len(d.tb, tasks, len(work))
	return tasks
}

func (d *fixture) ok(t task.Task, err error) task.Task {
	d.tb.Helper()
	require.NoError(d.tb, err)
	return t
}

func (d *fixture) get(id string) task.Task { return d.ok(d.Get(d.root, id)) }

// openTasks is what the ticket counts.
func (d *fixture) openTasks(id string) int {
	inc, err := d.incidents.Get(d.root, id)
	require.NoError(d.tb, err)
	return inc.OpenTasks
}

func (d *fixture) pass(span time.Duration) {
	d.tb.Helper()
	require.NoError(d.tb, d.clock.Advance(d.root, span))
}

var (
	look  = task.Work{Name: "look", Title: "Look at the gateway", Type: task.Investigate, Mandatory: true}
	fix   = task.Work{Name: "fix", Title: "Restart it", Type: task.Fix, Mandatory: true, After: []string{"look"}}
	tell  = task.Work{Name: "tell", Title: "Tell the users", Type: task.Communicate, After: []string{"fix"}}
	fixed = incident.Resolution{Code: incident.Fixed, Notes: "Rolled the gateway back."}
)

var _ tb = (*testing.B)(nil)
