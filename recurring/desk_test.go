package recurring_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/recurring"
	"github.com/itsmkit/itsmkit/store/memory"
)

// tb is what *testing.T, *testing.B and *rapid.T have in common.
type tb interface {
	itsmtest.TB
	require.TestingT
}

// fixture has incidents and recurrences, on Monday, 2 March 2026, 09:00 UTC.
type fixture struct {
	*recurring.Recurrences
	incidents *incident.Incidents
	tb        tb
	kernel    *itsm.Kernel
	clock     *itsmtest.Clock
	store     itsm.Store

	bob  context.Context // a requester
	ann  context.Context // an agent
	mia  context.Context // a manager
	root context.Context
}

func newDesk(t tb) *fixture {
	return newDeskOn(t, memory.New(), itsmtest.NewClock(at(t, "2026-03-02 09:00")))
}

// newDeskOn is one node on a store; a clock drives the nodes that are attached to it.
func newDeskOn(t tb, store itsm.Store, clock *itsmtest.Clock, hooks ...itsm.Hook) *fixture {
	t.Helper()
	ctx := context.Background()
	hours, err := calendar.New(calendar.Spec{Name: "support", Zone: "UTC", Weekly: calendar.Weekdays("09:00-18:00")})
	require.NoError(t, err)
	d := &fixture{
		tb: t, store: store,
		bob:  itsmtest.As(ctx, itsmtest.Requester("bob")),
		ann:  itsmtest.As(ctx, itsmtest.Agent("ann")),
		mia:  itsmtest.As(ctx, itsmtest.Manager("mia")),
		root: itsmtest.As(ctx, itsmtest.Administrator("root")),
	}
	d.kernel, d.clock = itsmtest.Kernel(t, itsm.Config{Store: store, Clock: clock}, func(k *itsm.Kernel) (err error) {
		if d.incidents, err = incident.New(k, incident.Config{}); err != nil {
			return err
		}
		for _, h := range hooks {
			k.Hook(h)
		}
		d.Recurrences, err = recurring.New(k, recurring.Config{Calendars: []*calendar.Calendar{hours}, CatchUp: 5})
		return err
	})
	return d
}

// backups is work that makes an incident each time.
func backups() recurring.Work {
	return recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"title": field.Text("Check the backups"), "service": field.Text("backup")})
}

func daily() recurring.Plan {
	return recurring.Plan{Title: "Check the backups", Schedule: recurring.Spec{Cron: "0 10 * * *", Zone: "UTC"}, Work: backups()}
}

func (d *fixture) planned(p recurring.Plan) recurring.Recurrence {
	d.tb.Helper()
	r, err := d.Plan(d.ann, p)
	require.NoError(d.tb, err)
	return r
}

func (d *fixture) ok(r recurring.Recurrence, err error) recurring.Recurrence {
	d.tb.Helper()
	require.NoError(d.tb, err)
	return r
}

func (d *fixture) get(id string) recurring.Recurrence {
	d.tb.Helper()
	return d.ok(d.Get(d.root, id))
}

func (d *fixture) pass(span time.Duration) {
	d.tb.Helper()
	require.NoError(d.tb, d.clock.Advance(d.root, span))
}

func (d *fixture) passTo(text string) {
	d.tb.Helper()
	require.NoError(d.tb, d.clock.AdvanceTo(d.root, at(d.tb, text)))
}

// made are the incidents, in the order in which they were made.
func (d *fixture) made() []incident.Incident {
	d.tb.Helper()
	var list []incident.Incident
	for inc, err := range d.incidents.All(d.root, itsm.Query{}) {
		require.NoError(d.tb, err)
		list = append(list, inc)
	}
	return list
}

// runs is what came of each occurrence: "2026-03-02 10:00 done".
func (d *fixture) runs(id string) []string {
	d.tb.Helper()
	runs, _, err := d.Runs(d.root, id, 0, 0)
	require.NoError(d.tb, err)
	list := []string{}
	for _, r := range runs {
		text := r.Nominal.Format("2006-01-02 15:04")
		if !r.Last.IsZero() {
			text += " to " + r.Last.Format("2006-01-02 15:04")
		}
		text += " " + string(r.Outcome)
		if r.Late > 0 && r.Outcome == recurring.Done {
			text += " late " + r.Late.String()
		}
		list = append(list, text)
	}
	return list
}

const day = 24 * time.Hour
