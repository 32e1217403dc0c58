package escalation_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func (f *fixture) as(t *testing.T, person string) context.Context {
	return itsmtest.As(t.Context(), itsmtest.Agent(person))
}

// hourly tells zoe at once, then every hour, three times.
func hourly() escalation.Policy {
	p := prioritized(notify("tell", "zoe"))
	p.Repeat, p.RepeatAfter = 3, time.Hour
	return p
}

func TestAcknowledge(t *testing.T) {
	tests := []struct {
		name  string
		edit  func(*escalation.Policy)
		act   func(*testing.T, *fixture, itsm.Ref) error
		steps int
		did   []escalation.Did
	}{
		{"stops", nil, acknowledge, 2, []escalation.Did{escalation.StoppedByAck}},
		{"persistent", func(p *escalation.Policy) { p.Persistent = true }, acknowledge, 4, nil},
		{"times out", func(p *escalation.Policy) { p.AckTimeout = 10 * time.Hour }, acknowledge, 4, []escalation.Did{escalation.StoppedByAck, escalation.TimedOut}},
		{"again before it times out", func(p *escalation.Policy) { p.AckTimeout = 10 * time.Hour }, func(t *testing.T, f *fixture, ref itsm.Ref) error {
			for range 3 {
				if err := acknowledge(t, f, ref); err != nil {
					return err
				}
				f.advance(t, 9*time.Hour)
			}
			return nil
		}, 4, []escalation.Did{escalation.StoppedByAck, escalation.StoppedByAck, escalation.StoppedByAck, escalation.TimedOut}},
		{"taking is none", nil, take, 4, nil},
		{"taking", func(p *escalation.Policy) { p.TakingStops = true }, take, 2, []escalation.Did{escalation.StoppedByAck}},
		{"being given it", func(p *escalation.Policy) { p.TakingStops = true }, func(t *testing.T, f *fixture, ref itsm.Ref) error {
			_, err := f.Incidents.Assign(f.ann, ref.ID, incident.Assignment{Assignee: "ben"})
			return err
		}, 4, nil},
		{"resolved", func(p *escalation.Policy) { p.Persistent = true }, func(t *testing.T, f *fixture, ref itsm.Ref) error {
			_, err := f.Incidents.Resolve(f.ann, ref.ID, incident.Resolution{Code: incident.Fixed, Notes: "Done."})
			return err
		}, 2, []escalation.Did{escalation.TicketEnded}},
		{"cancelled", nil, func(t *testing.T, f *fixture, ref itsm.Ref) error {
			_, err := f.Incidents.Cancel(f.ann, ref.ID, incident.Cancel{Reason: incident.Mistake})
			return err
		}, 2, []escalation.Did{escalation.TicketEnded}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := hourly()
			if test.edit != nil {
				test.edit(&p)
			}
			f := newFixture(t, func(c *desk.Config) { c.Incidents.Policy.AutoClose = -1 }, p)
			ref := f.report(t, "network", "")
			f.raise(t, ref)
			f.advance(t, time.Hour+time.Minute)
			require.Len(t, f.steps(t, ref), 2)
			require.NoError(t, test.act(t, f, ref))
			f.advance(t, 48*time.Hour)
			assert.Len(t, f.steps(t, ref), test.steps)
			assert.Equal(t, test.did, f.turns(t, ref))
			running, err := f.Escalation.Running(f.ann, ref)
			require.NoError(t, err)
			assert.Empty(t, running)
			itsmtest.RequireNothingPending(t, f.ann, f.Kernel, ref)
		})
	}
}

func acknowledge(_ *testing.T, f *fixture, ref itsm.Ref) error {
	_, err := f.Incidents.Acknowledge(f.ann, ref.ID, "On it.")
	return err
}

func take(_ *testing.T, f *fixture, ref itsm.Ref) error {
	_, err := f.Incidents.Assign(f.ann, ref.ID, incident.Assignment{Assignee: "ann"})
	return err
}

// While an acknowledgement holds, the run says until when.
func TestRunningWhileAcknowledged(t *testing.T) {
	p := hourly()
	p.AckTimeout = 3 * time.Hour
	f := newFixture(t, nil, p)
	ref := f.report(t, "network", "")
	f.raise(t, ref)
	require.NoError(t, acknowledge(t, f, ref))
	running, err := f.Escalation.Running(f.ann, ref)
	require.NoError(t, err)
	require.Len(t, running, 1)
	assert.Equal(t, escalation.Acknowledged, running[0].State)
	assert.Equal(t, "tell", running[0].Next)
	assert.Equal(t, 1, running[0].Repetition)
	assert.Equal(t, f.clock.Now().Add(3*time.Hour), running[0].NextAt)
	notes, err := f.Incidents.WorkNotes(f.ann, ref.ID, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, "On it.", notes[0].Body)

	admin := itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	page, err := f.Escalation.Find(admin, itsm.Query{Filter: new(itsm.Where("policy").Is("policy"))})
	require.NoError(t, err)
	assert.Len(t, page.Records, 1)
}

// Who asks for help neither acknowledges nor reads what runs; a program acknowledges for a person only.
func TestWhoAcknowledges(t *testing.T) {
	f := newFixture(t, nil, hourly())
	ref := f.report(t, "network", "")
	_, err := f.Incidents.Acknowledge(f.bob, ref.ID, "")
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = f.Escalation.Running(f.bob, ref)
	require.ErrorIs(t, err, itsm.ErrDenied)
	bot := itsm.Actor{ID: "bot", Tenant: "acme", Kind: itsm.Integration, Roles: []itsm.Role{itsm.Agent}}
	_, err = f.Incidents.Acknowledge(itsmtest.As(t.Context(), bot), ref.ID, "")
	require.ErrorIs(t, err, itsm.ErrInvalid)
	bot.OnBehalfOf = "ann"
	_, err = f.Incidents.Acknowledge(itsmtest.As(t.Context(), bot), ref.ID, "")
	require.NoError(t, err)
	itsmtest.RequireEvent(t, f.ann, f.Kernel, ref, "incident.acknowledged", itsmtest.WithFact("acknowledged"))
}

func silent(on escalation.On, within time.Duration) escalation.Policy {
	p := policy(notify("tell", "zoe"))
	p.Triggers = []escalation.Trigger{{On: on, Within: within}}
	return p
}

func TestNoAcknowledgement(t *testing.T) {
	tests := []struct {
		name string
		act  func(*testing.T, *fixture, itsm.Ref) error
		want []string
	}{
		{"nothing", func(*testing.T, *fixture, itsm.Ref) error { return nil }, []string{"1h0m0s tell told"}},
		{"acknowledged", acknowledge, nil},
		{"taken", take, nil},
		{"a comment of the caller", func(_ *testing.T, f *fixture, ref itsm.Ref) error {
			_, err := f.Incidents.Comment(f.bob, ref.ID, itsm.Comment{Body: "Hello?"})
			return err
		}, []string{"1h0m0s tell told"}},
		{"handed over", func(_ *testing.T, f *fixture, ref itsm.Ref) error {
			_, err := f.Incidents.Assign(f.ann, ref.ID, incident.Assignment{Group: "experts"})
			return err
		}, []string{"1h30m0s tell told"}},
		{"given to who works on it", func(t *testing.T, f *fixture, ref itsm.Ref) error {
			if _, err := f.Incidents.Assign(f.ann, ref.ID, incident.Assignment{Assignee: "ben"}); err != nil {
				return err
			}
			_, err := f.Incidents.Note(f.as(t, "ben"), ref.ID, "I see.")
			return err
		}, nil},
		{"resolved", func(_ *testing.T, f *fixture, ref itsm.Ref) error {
			_, err := f.Incidents.Resolve(f.ann, ref.ID, incident.Resolution{Code: incident.Fixed, Notes: "Done."})
			return err
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, func(c *desk.Config) { c.Incidents.Policy.AutoClose = -1 }, silent(escalation.OnNoAcknowledgement, time.Hour))
			ref := f.report(t, "network", "")
			f.advance(t, 30*time.Minute)
			require.NoError(t, test.act(t, f, ref))
			f.advance(t, 24*time.Hour)
			assert.Equal(t, test.want, f.told(t, ref))
			itsmtest.RequireNothingPending(t, f.ann, f.Kernel, ref)
		})
	}
}

func TestNoProgress(t *testing.T) {
	f := newFixture(t, func(c *desk.Config) { c.Incidents.Policy.AutoClose = -1 }, silent(escalation.OnNoProgress, 4*time.Hour))
	ref := f.report(t, "network", "ann")
	f.advance(t, 3*time.Hour)
	_, err := f.Incidents.Note(f.ann, ref.ID, "Looked at the gateway.")
	require.NoError(t, err)
	f.advance(t, 3*time.Hour)
	_, err = f.Incidents.Comment(f.bob, ref.ID, itsm.Comment{Body: "Still down."})
	require.NoError(t, err)
	_, err = f.Incidents.Watch(f.as(t, "ben"), ref.ID, "")
	require.NoError(t, err)
	f.advance(t, 24*time.Hour)
	require.Equal(t, []string{"7h0m0s tell told"}, f.told(t, ref), "once in a time of silence; the caller and watchers do not work on it")
	assert.Equal(t, "no progress for 4h", f.steps(t, ref)[0].Reason)

	_, err = f.Incidents.Note(f.ann, ref.ID, "Ordered a line card.")
	require.NoError(t, err)
	f.advance(t, time.Hour)
	_, err = f.Incidents.Hold(f.ann, ref.ID, incident.Hold{Reason: itsm.HoldVendor})
	require.NoError(t, err)
	f.advance(t, 24*time.Hour)
	assert.Len(t, f.steps(t, ref), 1, "a ticket that waits makes no progress, and is not to")
	_, err = f.Incidents.Resume(f.ann, ref.ID)
	require.NoError(t, err)
	f.advance(t, 24*time.Hour)
	assert.Equal(t, []string{"7h0m0s tell told", "59h0m0s tell told"}, f.told(t, ref))
}

func TestSilenceInWorkingTime(t *testing.T) {
	p := silent(escalation.OnNoProgress, 2*time.Hour)
	p.Calendar = officeHours(t)
	f := newFixture(t, nil, p)
	f.clock.Set(time.Date(2026, time.March, 6, 16, 0, 0, 0, time.UTC)) // Friday, an hour before closing
	ref := f.report(t, "network", "ann")
	f.advance(t, 96*time.Hour)
	assert.Equal(t, []string{"66h0m0s tell told"}, f.told(t, ref), "Monday at ten")
}

func TestCounts(t *testing.T) {
	p := policy(notify("tell", "zoe"))
	p.Triggers = []escalation.Trigger{{On: escalation.OnReassigned, Count: 2}, {On: escalation.OnReopened, Count: 1}}
	f := newFixture(t, nil, p)
	ref := f.report(t, "network", "ann")
	reassign := func(to string) {
		_, err := f.Incidents.Reassign(f.ann, ref.ID, incident.Assignment{Assignee: to})
		require.NoError(t, err)
	}
	_, err := f.Incidents.Start(f.ann, ref.ID)
	require.NoError(t, err)
	reassign("ben")
	assert.Empty(t, f.steps(t, ref))
	reassign("ann")
	reassign("ben")
	_, err = f.Incidents.Resolve(f.ann, ref.ID, incident.Resolution{Code: incident.Fixed, Notes: "Done."})
	require.NoError(t, err)
	_, err = f.Incidents.Reopen(f.ann, ref.ID, incident.Reopen{Reason: "Not done."})
	require.NoError(t, err)
	var occasions []string
	for _, s := range f.steps(t, ref) {
		occasions = append(occasions, s.Occasion)
	}
	assert.Equal(t, []string{"reassigned 2", "reassigned 3", "reopened 1"}, occasions)
}

func TestPriorityRaised(t *testing.T) {
	p := policy(notify("tell", "zoe"))
	p.Triggers = []escalation.Trigger{{On: escalation.OnPriorityRaised, Priority: 2}}
	f := newFixture(t, nil, p)
	ref := f.report(t, "network", "ann")
	f.raise(t, ref) // to 3
	assert.Empty(t, f.steps(t, ref))
	set := func(impact, urgency string) {
		_, err := f.Incidents.Edit(f.ann, ref.ID, itsm.Patch{"impact": field.Text(impact), "urgency": field.Text(urgency)})
		require.NoError(t, err)
	}
	set("high", "high")
	set("low", "low")
	set("critical", "critical")
	set("high", "high")
	var reasons []string
	for _, s := range f.steps(t, ref) {
		reasons = append(reasons, s.Reason)
	}
	assert.Equal(t, []string{"priority raised to 2", "priority raised to 1"}, reasons)
}

// A hand-over by escalation counts as one; what it leads to ends, because a policy answers an occasion once.
func TestAHandOverThatTriggersAgain(t *testing.T) {
	p := policy(escalation.Step{Name: "experts", Kind: escalation.Functional, Group: "experts"})
	p.Triggers = []escalation.Trigger{{On: escalation.OnReassigned, Count: 1}}
	back := policy(escalation.Step{Name: "network", Kind: escalation.Functional, Group: "network"})
	back.Name, back.Triggers = "back", p.Triggers

	f := newFixture(t, nil, p)
	ref := f.report(t, "network", "ann")
	_, err := f.Incidents.Edit(f.ann, ref.ID, itsm.Patch{"service": field.Text("vpn")}, itsm.To("", "ben"))
	require.NoError(t, err)
	assert.Equal(t, []string{"0s experts handed_over"}, f.told(t, ref))
	assert.Equal(t, "reassigned 1", f.steps(t, ref)[0].Occasion)

	f = newFixture(t, nil, p, back) // two that hand it to each other
	ref = f.report(t, "network", "ann")
	_, err = f.Incidents.Edit(f.ann, ref.ID, itsm.Patch{"service": field.Text("vpn")}, itsm.To("", "ben"))
	require.NoError(t, err)
	assert.LessOrEqual(t, len(f.steps(t, ref)), 4)

	p.Steps[0].After, back.Steps[0].After = time.Hour, time.Hour
	p.MaxSteps, back.MaxSteps = 5, 5
	f = newFixture(t, nil, p, back) // and in the course of time
	ref = f.report(t, "network", "ann")
	_, err = f.Incidents.Edit(f.ann, ref.ID, itsm.Patch{"service": field.Text("vpn")}, itsm.To("", "ben"))
	require.NoError(t, err)
	f.advance(t, 30*24*time.Hour)
	assert.Equal(t, 10, len(f.steps(t, ref)), "five steps of each")
	assert.Contains(t, f.turns(t, ref), escalation.AtLimit)
	itsmtest.RequireVerified(t, f.ann, f.Kernel, ref)
}

// What is imported fires nothing of what had passed.
func TestImportsFireNothing(t *testing.T) {
	p := policy(notify("tell", "zoe"))
	p.Triggers = []escalation.Trigger{
		{On: escalation.OnLevel}, {On: escalation.OnNoAcknowledgement, Within: time.Hour}, {On: escalation.OnNoProgress, Within: time.Hour},
		{On: escalation.OnReassigned, Count: 1}, {On: escalation.OnPriorityRaised},
	}
	f := newFixture(t, nil, p)
	root := itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	past := f.clock.Now().Add(-48 * time.Hour)
	inc, err := f.Incidents.Report(root, incident.Report{Title: "VPN down", Caller: "bob", Group: "network", Assignee: "ann"}, itsm.At(past))
	require.NoError(t, err)
	_, err = f.Incidents.Edit(root, inc.ID, itsm.Patch{"urgency": field.Text("high")}, itsm.At(past.Add(time.Hour)), itsm.To("", "ben"))
	require.NoError(t, err)
	f.advance(t, 48*time.Hour)
	assert.Empty(t, f.steps(t, inc.Ref()))
}

// A policy that the desk does not have any more, and a step that it lost, end what ran.
func TestPoliciesChange(t *testing.T) {
	p := hourly()
	f := newFixture(t, nil, p)
	ref := f.report(t, "network", "")
	f.raise(t, ref)
	f.config.Escalation.Policies = []escalation.Policy{{Name: "other", Kinds: []string{incident.Kind}, Steps: p.Steps}}
	clock := itsmtest.NewClock(f.clock.Now())
	f.config.Clock = clock
	other, err := desk.Open(t.Context(), f.config)
	require.NoError(t, err)
	clock.Attach(other)
	require.NoError(t, clock.Advance(t.Context(), 5*time.Hour))
	assert.Len(t, f.steps(t, ref), 1)
	assert.Equal(t, []escalation.Did{escalation.PolicyGone}, f.turns(t, ref))
	itsmtest.RequireNothingPending(t, f.ann, f.Kernel, ref)
}

// A ticket that another desk takes over goes on where it stood.
func TestARunGoesOnElsewhere(t *testing.T) {
	f := newFixture(t, nil, hourly())
	ref := f.report(t, "network", "")
	f.raise(t, ref)
	admin := itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	life, err := f.Life(admin, ref)
	require.NoError(t, err)

	f.config.Store = memory.New()
	clock := itsmtest.NewClock(f.clock.Now())
	f.config.Clock = clock
	there, err := desk.Open(t.Context(), f.config)
	require.NoError(t, err)
	clock.Attach(there)
	_, err = there.Restore(admin, life)
	require.NoError(t, err)
	require.NoError(t, clock.Advance(t.Context(), 90*time.Minute))
	running, err := there.Escalation.Running(f.ann, ref)
	require.NoError(t, err)
	require.Len(t, running, 1)
	assert.Equal(t, 2, running[0].Taken)
	require.NoError(t, clock.Advance(t.Context(), 24*time.Hour))
	g := &fixture{Desk: there, ann: f.ann}
	assert.Len(t, g.told(t, ref), 4)
}
