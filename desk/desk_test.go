package desk_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestZeroConfig(t *testing.T) {
	d, err := desk.Open(t.Context(), desk.Config{})
	require.NoError(t, err)
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))

	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	require.NoError(t, err)
	assert.Equal(t, "INC0000001", inc.ID)
	inc, err = d.Incidents.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."})
	require.NoError(t, err)
	assert.Equal(t, incident.StateResolved, inc.State)

	clocks, err := d.Clocks.Clocks(ann, inc.Ref())
	require.NoError(t, err)
	assert.Empty(t, clocks, "no agreements, no clocks")
	_, err = d.Incidents.Report(t.Context(), incident.Report{Title: "VPN down"})
	require.ErrorIs(t, err, itsm.ErrNoActor, "closed by default")
}

// agreement is missed after four hours around the clock.
func agreement() sla.Agreement {
	return sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind},
		Targets: []sla.Target{{
			Name:   "resolution",
			Stop:   sla.Condition{Phases: []lifecycle.Phase{lifecycle.Resolved}},
			Within: map[itsm.Priority]time.Duration{2: 4 * time.Hour},
			Levels: []sla.Level{{Name: "breach", Percent: 100}},
		}},
	}
}

func callZoe() escalation.Policy {
	return escalation.Policy{
		Name: "call zoe", Kinds: []string{incident.Kind},
		Steps: []escalation.Step{{Name: "duty", Kind: escalation.Notify, Audience: []escalation.Audience{"zoe"}}},
	}
}

// untouched is a store that must not be asked for anything.
type untouched struct {
	itsm.Store
	t *testing.T
}

func (s untouched) Prepare(context.Context, []itsm.Codec) error {
	s.t.Error("the store was touched")
	return nil
}

func TestEveryFaultIsListed(t *testing.T) {
	endless := agreement()
	endless.Targets[0].Stop = sla.Condition{}
	nobody := callZoe()
	nobody.Steps[0].Audience = nil
	mine := errors.New("the host's own fault")

	_, err := desk.Open(t.Context(), desk.Config{
		Store:      untouched{memory.New(), t},
		Incidents:  incident.Config{Policy: incident.Policy{ReopenLimit: -1}},
		Agreements: []sla.Agreement{endless},
		Escalation: escalation.Config{Policies: []escalation.Policy{nobody}},
		Register:   func(*itsm.Kernel) error { return mine },
	})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	require.ErrorIs(t, err, mine)
	for _, words := range []string{"incidents: ", "ReopenLimit", "agreement gold", "escalation call zoe"} {
		assert.ErrorContains(t, err, words)
	}

	elsewhere, also := agreement(), callZoe()
	elsewhere.Kinds, also.Kinds = []string{"complaint"}, []string{"praise"}
	_, err = desk.Open(t.Context(), desk.Config{
		Store:       untouched{memory.New(), t},
		Agreements:  []sla.Agreement{elsewhere},
		Escalation:  escalation.Config{Policies: []escalation.Policy{also}},
		Hooks:       []itsm.Hook{{Name: "mine", Kinds: []string{"blame"}}},
		Subscribers: []itsm.Subscriber{{Name: "deaf"}},
	})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, words := range []string{`"complaint"`, `"praise"`, `"blame"`, `subscriber "deaf"`} {
		assert.ErrorContains(t, err, words)
	}
}

// A host's own practice has clocks, escalation and hooks like any other.
func TestRegister(t *testing.T) {
	type fault struct{ itsm.Ticket }
	type report struct{ Title string }
	var create itsm.Creation[fault, report]
	a, p := agreement(), callZoe()
	a.Kinds, p.Kinds = []string{"fault"}, []string{"fault"}
	seen := 0
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	d, err := desk.Open(t.Context(), desk.Config{
		Clock: clock, Agreements: []sla.Agreement{a}, Escalation: escalation.Config{Policies: []escalation.Policy{p}},
		Hooks: []itsm.Hook{{Name: "count", Kinds: []string{"fault"}, AfterAct: func(*itsm.Unit, itsm.Change) error { seen++; return nil }}},
		Register: func(k *itsm.Kernel) error {
			table := lifecycle.Definition{
				Name: "fault", Version: 1, Initial: "new",
				States:   []lifecycle.StateRow{{Name: "new", Title: "New", Phase: lifecycle.New}, {Name: "done", Title: "Done", Phase: lifecycle.Closed}},
				Triggers: append(itsm.StandardTriggers(), lifecycle.TriggerRow{Name: "finish", Title: "Finish", Past: "finished"}),
				Rows:     []lifecycle.Transition{{From: []lifecycle.State{"new"}, Trigger: "finish", To: "done"}},
			}
			for _, row := range itsm.StandardTriggers() {
				table.Rows = append(table.Rows, lifecycle.Transition{From: []lifecycle.State{"new", "done"}, Trigger: row.Name})
			}
			practice, err := itsm.NewPractice[fault](k, itsm.Spec{Kind: "fault", Series: "FLT", Lifecycle: table})
			if err != nil {
				return err
			}
			practice.Standard(nil)
			itsm.Handle(practice, "finish", func(*itsm.Unit, *fault, struct{}) error { return nil })
			create = itsm.Create(practice, "report", "reported", func(_ *itsm.Unit, f *fault, r report) error {
				f.Title, f.Priority = r.Title, 2
				return nil
			})
			return nil
		},
	})
	require.NoError(t, err)
	clock.Attach(d)
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	f, err := create.Do(ann, report{Title: "Dark"})
	require.NoError(t, err)
	require.NoError(t, clock.Advance(ann, 5*time.Hour))
	e := itsmtest.RequireEvent(t, ann, d.Kernel, f.Ref(), "fault.escalated", itsmtest.At(time.Date(2026, time.March, 2, 13, 0, 0, 0, time.UTC)))
	assert.Equal(t, []string{"zoe"}, e.Escalations()[0].People)
	assert.Equal(t, 3, seen, "reported, level reached, escalated")
}

// Run drives a desk by the machine's clock, here one of a bubble in which time passes while everybody waits.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		told := make(chan string)
		d, err := desk.Open(t.Context(), desk.Config{
			Agreements: []sla.Agreement{agreement()},
			Escalation: escalation.Config{Policies: []escalation.Policy{callZoe()}},
			Incidents:  incident.Config{Policy: incident.Policy{AutoClose: 16 * time.Hour}},
			Subscribers: []itsm.Subscriber{{Name: "pager", Handle: func(_ context.Context, e *itsm.Event) error {
				mu.Lock()
				got = append(got, e.Name)
				mu.Unlock()
				if e.Name == "incident.level_reached" || e.Name == "incident.closed" {
					told <- e.Name
				}
				return nil
			}}},
		})
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()

		ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
		start := time.Now()
		inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
		require.NoError(t, err)
		assert.Equal(t, "incident.level_reached", <-told)
		assert.Equal(t, 4*time.Hour, time.Since(start))
		e := itsmtest.RequireEvent(t, ann, d.Kernel, inc.Ref(), "incident.escalated")
		assert.Equal(t, []string{"zoe"}, e.Escalations()[0].People)

		_, err = d.Incidents.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."})
		require.NoError(t, err)
		assert.Equal(t, "incident.closed", <-told)
		assert.Equal(t, 20*time.Hour, time.Since(start))
		itsmtest.RequireState(t, ann, d.Kernel, inc.Ref(), incident.StateClosed)
		itsmtest.RequireNothingPending(t, ann, d.Kernel, inc.Ref())

		synctest.Wait()
		stop()
		require.NoError(t, <-ended, "it stops cleanly")
		mu.Lock()
		defer mu.Unlock()
		assert.Equal(t, []string{"incident.reported", "incident.level_reached", "incident.resolved", "incident.closed"}, got)
	})
}

func TestAPolicyForWhatNoAgreementHas(t *testing.T) {
	_, err := desk.Open(t.Context(), desk.Config{Escalation: escalation.Config{Policies: []escalation.Policy{{
		Name: "call", Kinds: []string{incident.Kind},
		Triggers: []escalation.Trigger{{On: escalation.OnLevel, Agreements: []string{"glod"}, Levels: []string{"brech"}, Targets: []string{"resoltion"}}},
		Steps:    []escalation.Step{{Name: "tell", Kind: escalation.Notify, Audience: []escalation.Audience{escalation.Assignee}}},
	}}}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	require.ErrorContains(t, err, `"glod"`)
	require.ErrorContains(t, err, `"brech"`)
	require.ErrorContains(t, err, `"resoltion"`)
}
