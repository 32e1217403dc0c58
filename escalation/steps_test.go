package escalation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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
	"github.com/itsmkit/itsmkit/lifecycle"
)

// configure changes the escalation of a fixture.
func configure(change func(*escalation.Config)) func(*desk.Config) {
	return func(c *desk.Config) { change(&c.Escalation) }
}

// told lists the steps of a ticket with when and how they were taken, since the report.
func (f *fixture) told(t *testing.T, ref itsm.Ref) []string {
	t.Helper()
	history, err := f.History(f.ann, ref, 0, 0)
	require.NoError(t, err)
	var list []string
	for _, e := range history {
		for _, s := range e.Escalations() {
			line := fmt.Sprintf("%v %s %s", e.At.Sub(history[0].At), s.Step, s.Outcome)
			if s.Repetition > 0 {
				line += fmt.Sprintf(" again %d", s.Repetition)
			}
			list = append(list, line)
		}
	}
	return list
}

func (f *fixture) turns(t *testing.T, ref itsm.Ref) []escalation.Did {
	t.Helper()
	history, err := f.History(f.ann, ref, 0, 0)
	require.NoError(t, err)
	var list []escalation.Did
	for i := range history {
		for _, turn := range escalation.Turns(&history[i]) {
			list = append(list, turn.Did)
		}
	}
	return list
}

func (f *fixture) advance(t *testing.T, d time.Duration) {
	t.Helper()
	require.NoError(t, f.clock.Advance(t.Context(), d))
}

func after(d time.Duration, s escalation.Step) escalation.Step {
	s.After = d
	return s
}

// prioritized begins when the priority is raised: what tests can do at once.
func prioritized(steps ...escalation.Step) escalation.Policy {
	p := policy(steps...)
	p.Triggers = []escalation.Trigger{{On: escalation.OnPriorityRaised}}
	return p
}

func (f *fixture) raise(t *testing.T, ref itsm.Ref) {
	t.Helper()
	_, err := f.Incidents.Edit(f.ann, ref.ID, itsm.Patch{"urgency": field.Text("high")})
	require.NoError(t, err)
}

func TestStepKinds(t *testing.T) {
	failing := func(u *itsm.Unit, _ itsm.Escalation) error {
		return errors.Join(u.Fact("siren", "on"), errors.New("no power"))
	}
	tests := []struct {
		name    string
		step    escalation.Step
		outcome itsm.StepOutcome
		check   func(*testing.T, incident.Incident, itsm.Escalation)
	}{
		{"functional", escalation.Step{Kind: escalation.Functional, Group: "experts"}, itsm.StepHandedOver, func(t *testing.T, inc incident.Incident, s itsm.Escalation) {
			assert.Equal(t, "experts", inc.Group)
			assert.Equal(t, incident.StateAssigned, inc.State)
			assert.Equal(t, []string{"network", "experts", "network"}, []string{s.FromGroup, s.Group, s.Owner})
		}},
		{"functional, there already", escalation.Step{Kind: escalation.Functional, Group: "network"}, itsm.StepNeedless, func(t *testing.T, inc incident.Incident, _ itsm.Escalation) {
			assert.Equal(t, "ann", inc.Assignee)
		}},
		{"raise by one", escalation.Step{Kind: escalation.Raise}, itsm.StepRaised, func(t *testing.T, inc incident.Incident, s itsm.Escalation) {
			assert.Equal(t, itsm.Priority(2), inc.Priority)
			assert.Equal(t, itsm.Priority(2), s.Priority)
			assert.Equal(t, "priority raised to 3", inc.PriorityReason)
		}},
		{"raise to", escalation.Step{Kind: escalation.Raise, Priority: 1}, itsm.StepRaised, func(t *testing.T, inc incident.Incident, _ itsm.Escalation) {
			assert.Equal(t, itsm.Priority(1), inc.Priority)
		}},
		{"never lowers", escalation.Step{Kind: escalation.Raise, Priority: 4}, itsm.StepNeedless, func(t *testing.T, inc incident.Incident, _ itsm.Escalation) {
			assert.Equal(t, itsm.Priority(3), inc.Priority)
		}},
		{"propose", escalation.Step{Kind: escalation.ProposeMajor}, itsm.StepProposed, func(t *testing.T, inc incident.Incident, _ itsm.Escalation) {
			assert.Equal(t, incident.MajorCandidate, inc.Major.State)
		}},
		{"command", escalation.Step{Kind: escalation.Command, Do: itsm.TriggerNote, Input: itsm.Patch{"body": field.Text("Look.")}}, itsm.StepDone, nil},
		{"command, refused", escalation.Step{Kind: escalation.Command, Do: incident.TriggerResolve}, itsm.StepRefused, func(t *testing.T, inc incident.Incident, s itsm.Escalation) {
			assert.True(t, inc.Open())
			assert.NotEmpty(t, s.Detail)
		}},
		{"call", escalation.Step{Kind: escalation.Call, Func: "siren"}, itsm.StepDone, nil},
		{"call, failed", escalation.Step{Kind: escalation.Call, Func: "broken"}, itsm.StepFailed, func(t *testing.T, _ incident.Incident, s itsm.Escalation) {
			assert.Equal(t, "hook", s.Detail)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.step.Name = "it"
			f := newFixture(t, configure(func(c *escalation.Config) {
				c.Funcs = map[string]escalation.Func{
					"siren":  func(u *itsm.Unit, s itsm.Escalation) error { return u.Fact("siren", s.Step) },
					"broken": failing,
				}
			}), prioritized(test.step))
			ref := f.report(t, "network", "ann")
			f.raise(t, ref)
			steps := f.steps(t, ref)
			require.Len(t, steps, 1)
			assert.Equal(t, test.outcome, steps[0].Outcome)
			inc, err := f.Incidents.Get(f.ann, ref.ID)
			require.NoError(t, err)
			if test.check != nil {
				test.check(t, inc, steps[0])
			}
			history, err := f.History(f.ann, ref, 0, 0)
			require.NoError(t, err)
			_, rang := history[len(history)-1].Facts["siren"]
			assert.Equal(t, test.name == "call", rang, "what failed left nothing")
			itsmtest.RequireVerified(t, f.ann, f.Kernel, ref)
		})
	}
}

// A ticket that waits goes on waiting in its new group, and what is proposed already is refused and recorded.
func TestStepsOnAWaitingTicket(t *testing.T) {
	f := newFixture(t, nil, prioritized(
		escalation.Step{Name: "hand over", Kind: escalation.Functional, Group: "experts"},
		escalation.Step{Name: "propose", Kind: escalation.ProposeMajor},
		escalation.Step{Name: "propose again", Kind: escalation.ProposeMajor},
		fallback(notify("tell", "zoe")),
	))
	ref := f.report(t, "network", "ann")
	_, err := f.Incidents.Hold(f.ann, ref.ID, incident.Hold{Reason: itsm.HoldVendor})
	require.NoError(t, err)
	f.raise(t, ref)
	assert.Equal(t, []string{"0s hand over handed_over", "0s propose proposed", "0s propose again refused", "0s tell told"}, f.told(t, ref))
	inc, err := f.Incidents.Get(f.ann, ref.ID)
	require.NoError(t, err)
	assert.Equal(t, incident.StateOnHold, inc.State)
	assert.Equal(t, "experts", inc.Group)
}

func TestMoreAudiences(t *testing.T) {
	roster := roster{"network": {"pat"}, "experts": {"kim"}}
	away := people
	away.People = append(slices.Clone(people.People), itsm.Profile{ID: "ben"})
	away.Absences = []itsmtest.Absence{{Person: "mia"}, {Person: "ben"}}
	tests := []struct {
		name string
		step escalation.Step
		want []string
	}{
		{"watchers", notify("s", escalation.Watchers), []string{"wes"}},
		{"on duty", notify("s", escalation.Duty), []string{"pat"}},
		{"on duty elsewhere", notify("s", escalation.DutyOf("experts"), escalation.DutyOf("attic")), []string{"kim"}},
		{"another group", notify("s", escalation.MembersOf("empty"), escalation.MembersOf("network")), []string{"ben", "ann"}},
		{"who is here", escalation.Step{Kind: escalation.Notify, Audience: []escalation.Audience{escalation.Members}, SkipAbsent: true}, []string{"ann"}},
		{"the next manager up", escalation.Step{Kind: escalation.Hierarchical, ManagersUp: 1, SkipAbsent: true}, []string{"zoe"}},
		{"the group's manager", escalation.Step{Kind: escalation.Hierarchical, ManagersUp: 1, FromGroup: true}, []string{"max"}},
		{"above the group's manager", escalation.Step{Kind: escalation.Hierarchical, ManagersUp: 2, FromGroup: true}, nil},
		{"involved", escalation.Step{Kind: escalation.Hierarchical, ManagersUp: 1, Involve: true}, []string{"mia"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.step.Name = "s"
			f := newFixture(t, func(c *desk.Config) { c.Directory, c.Escalation.OnDuty = away, roster }, prioritized(test.step))
			ref := f.report(t, "network", "ann")
			_, err := f.Incidents.Watch(f.ann, ref.ID, "wes")
			require.NoError(t, err)
			f.raise(t, ref)
			steps := f.steps(t, ref)
			require.Len(t, steps, 1)
			assert.ElementsMatch(t, test.want, steps[0].People)
			watchers, err := f.Incidents.Watchers(f.ann, ref.ID)
			require.NoError(t, err)
			assert.Len(t, watchers, map[bool]int{false: 1, true: 2}[test.step.Involve])
			inc, err := f.Incidents.Get(f.ann, ref.ID)
			require.NoError(t, err)
			assert.Equal(t, "ann", inc.Assignee)
		})
	}
}

type roster map[string][]string

func (r roster) OnDuty(_ context.Context, _, group string, _ time.Time) ([]string, error) {
	people, ok := r[group]
	if !ok {
		return nil, itsm.ErrNotFound
	}
	return people, nil
}

func TestDelays(t *testing.T) {
	hold := notify("held", escalation.GroupHead)
	hold.Hold = true
	p := prioritized(
		after(10*time.Minute, notify("first", "zoe")),
		after(time.Hour, notify("nobody", escalation.GroupHead)),
		after(time.Hour, notify("at once", "zoe")),
		after(time.Hour, hold),
		after(time.Hour, notify("in its time", "zoe")),
		fallback(notify("never", "zoe")),
	)
	p.Repeat, p.RepeatAfter = 1, 2*time.Hour
	f := newFixture(t, nil, p)
	ref := f.report(t, "", "ann")
	f.raise(t, ref)
	running, err := f.Escalation.Running(f.ann, ref)
	require.NoError(t, err)
	require.Len(t, running, 1)
	assert.Equal(t, "first", running[0].Next)
	assert.Equal(t, f.clock.Now().Add(10*time.Minute), running[0].NextAt)
	assert.Equal(t, "priority raised to 3", running[0].Reason)

	f.advance(t, 24*time.Hour)
	assert.Equal(t, []string{
		"10m0s first told", "1h10m0s nobody nobody", "1h10m0s at once told", "2h10m0s held held", "3h10m0s in its time told",
		"5h10m0s first told again 1", "6h10m0s nobody nobody again 1", "6h10m0s at once told again 1", "7h10m0s held held again 1", "8h10m0s in its time told again 1",
	}, f.told(t, ref))
	running, err = f.Escalation.Running(f.ann, ref)
	require.NoError(t, err)
	assert.Empty(t, running)
	itsmtest.RequireNothingPending(t, f.ann, f.Kernel, ref)
	for i, s := range f.steps(t, ref) {
		last := i == 9
		assert.Equal(t, last, s.Next == "", "step %d says what comes next", i)
	}
}

// What was missed while nothing ran is taken in order, each counted from when the one before was due, and says how late it is.
func TestDelaysCountFromWhatWasDue(t *testing.T) {
	f := newFixture(t, nil, prioritized(after(time.Hour, notify("a", "zoe")), after(time.Hour, notify("b", "zoe")), after(4*time.Hour, notify("c", "zoe"))))
	ref := f.report(t, "", "ann")
	f.raise(t, ref)
	start := f.clock.Now()
	f.clock.Set(start.Add(3*time.Hour + 30*time.Minute))
	f.advance(t, 0)
	assert.Equal(t, []string{"3h30m0s a told", "3h30m0s b told"}, f.told(t, ref))
	steps := f.steps(t, ref)
	assert.Equal(t, []time.Time{start.Add(time.Hour), start.Add(2 * time.Hour)}, []time.Time{steps[0].Due, steps[1].Due})
	assert.Equal(t, "priority raised to 3, noticed 2h30m late", steps[0].Reason)
	f.advance(t, 2*time.Hour+30*time.Minute)
	assert.Equal(t, "6h0m0s c told", f.told(t, ref)[2])
}

func TestInHours(t *testing.T) {
	p := prioritized(notify("first", "zoe"), after(time.Hour, notify("second", "zoe")))
	p.Calendar, p.InHours = officeHours(t), true
	f := newFixture(t, nil, p)
	f.clock.Set(time.Date(2026, time.March, 6, 20, 0, 0, 0, time.UTC)) // Friday night
	ref := f.report(t, "", "ann")
	f.raise(t, ref)
	assert.Empty(t, f.steps(t, ref))
	assert.Equal(t, []escalation.Did{escalation.WaitsForHours}, f.turns(t, ref))
	f.advance(t, 96*time.Hour)
	assert.Equal(t, []string{"61h0m0s first told", "62h0m0s second told"}, f.told(t, ref), "Monday at nine, and an hour of work later")
	steps := f.steps(t, ref)
	assert.Equal(t, time.Date(2026, time.March, 6, 20, 0, 0, 0, time.UTC), steps[0].Due, "its nominal time stays")
	assert.Equal(t, "priority raised to 3, held to working time", steps[0].Reason)
	assert.Equal(t, "priority raised to 3", steps[1].Reason)
}

func TestWhere(t *testing.T) {
	where := itsm.Where("service").Is("vpn")
	p := prioritized(notify("tell", "zoe"))
	p.Where = &where
	f := newFixture(t, nil, p)
	ref := f.report(t, "", "ann")
	f.raise(t, ref)
	assert.Empty(t, f.steps(t, ref))
	_, err := f.Incidents.Edit(f.ann, ref.ID, itsm.Patch{"service": field.Text("vpn"), "impact": field.Text("high")})
	require.NoError(t, err)
	assert.Len(t, f.steps(t, ref), 1)
}

func TestFaultsAtOpen(t *testing.T) {
	personal, unknown := itsm.Where("caller").Is("bob"), itsm.Where("colour").Is("red")
	tests := []struct {
		name string
		edit func(*escalation.Policy)
		says string
	}{
		{"personal", func(p *escalation.Policy) { p.Where = &personal }, "data of persons"},
		{"unknown column", func(p *escalation.Policy) { p.Where = &unknown }, "colour"},
		{"unknown trigger", func(p *escalation.Policy) {
			p.Steps = append(p.Steps, escalation.Step{Name: "c", Kind: escalation.Command, Do: "explode"})
		}, "explode"},
		{"unknown input", func(p *escalation.Policy) {
			p.Steps = append(p.Steps, escalation.Step{Name: "c", Kind: escalation.Command, Do: itsm.TriggerNote, Input: itsm.Patch{"colour": field.Text("red")}})
		}, "colour"},
		{"no function", func(p *escalation.Policy) {
			p.Steps = append(p.Steps, escalation.Step{Name: "c", Kind: escalation.Call, Func: "siren"})
		}, "siren"},
		{"no roster", func(p *escalation.Policy) { p.Steps[0].Audience[0] = escalation.Duty }, "roster"},
		{"no major incidents", func(p *escalation.Policy) {
			p.Kinds, p.Steps = []string{"task"}, append(p.Steps, escalation.Step{Name: "m", Kind: escalation.ProposeMajor})
		}, "propose_major"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := prioritized(notify("a", "zoe"))
			test.edit(&p)
			_, err := desk.Open(t.Context(), desk.Config{Escalation: escalation.Config{Policies: []escalation.Policy{p}}})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			require.ErrorContains(t, err, test.says)
		})
	}
}

func TestMoreFaultsOfPolicies(t *testing.T) {
	p := escalation.Policy{
		Name: strings.Repeat("n", 81), Kinds: []string{"incident"}, InHours: true, Repeat: 1, Persistent: true, AckTimeout: -1,
		Triggers: []escalation.Trigger{
			{On: "moon"}, {On: escalation.OnReassigned}, {On: escalation.OnNoProgress}, {On: escalation.OnReopened, Count: 1, Within: 1},
			{On: escalation.OnLevel, Count: 1, Priority: 1}, {On: escalation.OnPriorityRaised, Levels: []string{"x"}},
		},
		Steps: []escalation.Step{
			{Name: "a", Kind: escalation.Functional, Fallback: true, After: -1}, {Name: "b", Kind: escalation.Command}, {Name: "c", Kind: escalation.Call},
			{Name: "d", Kind: escalation.Raise, Group: "x", Do: "y", Func: "z", SkipAbsent: true, Involve: true, FromGroup: true},
			{Name: "e", Kind: escalation.Notify, Audience: []escalation.Audience{"@group:"}, Priority: 1},
		},
	}
	err := p.Check()
	for _, words := range []string{
		"80 bytes", "give it one", "repeated after", "0 or more", "not stopped", `no trigger "moon"`, "trigger 2: a count", "trigger 3: a time",
		"trigger 4: a time", "trigger 5: a count", "trigger 5: a priority", "trigger 6: agreements", "no fallback", "after a time of 0", "name the group",
		"name the trigger", "name the function", "step d: a group", "step d: a trigger", "step d: a function", "skip who", "involve", "the group's manager",
		`no audience "@group:"`, "step e: a priority",
	} {
		assert.ErrorContains(t, err, words)
	}
	p = escalation.Policy{Name: "p", Kinds: []string{"incident"}, Repeat: 2000, Steps: []escalation.Step{notify("a", "zoe")}}
	require.ErrorContains(t, p.Check(), "2000")
	p.Repeat, p.RepeatAfter = 0, 1
	require.ErrorContains(t, p.Check(), "how often")
}

// A directory that fails does not fail the command of a person: a timer takes the step.
func TestDirectoryFailsInACommand(t *testing.T) {
	b := &broken{Directory: people, fails: true}
	f := newFixture(t, func(c *desk.Config) { c.Directory = b }, prioritized(notify("head", escalation.GroupHead)))
	ref := f.report(t, "network", "ann")
	f.raise(t, ref)
	assert.Empty(t, f.steps(t, ref))
	f.advance(t, 0)
	assert.Empty(t, f.steps(t, ref))
	b.fails = false
	f.advance(t, time.Minute)
	require.Len(t, f.steps(t, ref), 1)
	assert.Equal(t, []string{"max"}, f.steps(t, ref)[0].People)
}

// Where the lifecycle refuses the step of a timer, the run ends with the refusal.
func TestLifecycleRefusesLater(t *testing.T) {
	f := newFixture(t, func(c *desk.Config) {
		c.Incidents.Overlays = []lifecycle.Overlay{{
			Lifecycle: incident.Kind, Version: 2,
			Remove: lifecycle.Removal{Transitions: []lifecycle.Edge{{From: []lifecycle.State{incident.StateOnHold}, Trigger: itsm.TriggerEscalate}}},
		}}
	}, prioritized(after(time.Hour, notify("tell", "zoe"))))
	ref := f.report(t, "", "ann")
	f.raise(t, ref)
	_, err := f.Incidents.Hold(f.ann, ref.ID, incident.Hold{Reason: itsm.HoldVendor})
	require.NoError(t, err)
	f.advance(t, 2*time.Hour)
	assert.Empty(t, f.steps(t, ref))
	assert.Equal(t, []escalation.Did{escalation.EscalateDenied}, f.turns(t, ref))
	running, err := f.Escalation.Running(f.ann, ref)
	require.NoError(t, err)
	assert.Empty(t, running)
}
