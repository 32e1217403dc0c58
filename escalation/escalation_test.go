package escalation_test

import (
	"context"
	"errors"
	"testing"
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

// people: ann reports to mia, mia to zoe; the network group is led by max.
var people = itsmtest.Directory{
	People: []itsm.Profile{
		{ID: "ann", Manager: "mia", Groups: []string{"network"}}, {ID: "mia", Manager: "zoe"}, {ID: "zoe"},
		{ID: "tic", Manager: "tac"}, {ID: "tac", Manager: "tic"},
	},
	Groups: []itsm.Group{{ID: "network", Manager: "max", Members: []string{"ben", "ann"}}, {ID: "empty"}},
}

// agreement has a level after two hours and one after four.
func agreement() sla.Agreement {
	return sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind},
		Targets: []sla.Target{{
			Name:   "resolution",
			Stop:   sla.Condition{Phases: []lifecycle.Phase{lifecycle.Resolved}},
			Within: map[itsm.Priority]time.Duration{4: 4 * time.Hour},
			Levels: []sla.Level{{Name: "warning", Percent: 50}, {Name: "breach", Percent: 100}},
		}},
	}
}

// another is an agreement for tickets that no test reports.
func another() sla.Agreement {
	a := agreement()
	a.Name = "silver"
	a.Targets[0].Within = map[itsm.Priority]time.Duration{1: time.Hour}
	a.Targets[0].Name, a.Targets[0].Levels = "first response", []sla.Level{{Name: "half", Percent: 50}}
	return a
}

func notify(name string, audience ...escalation.Audience) escalation.Step {
	return escalation.Step{Name: name, Kind: escalation.Notify, Audience: audience}
}

func up(name string, n int) escalation.Step {
	return escalation.Step{Name: name, Kind: escalation.Hierarchical, ManagersUp: n}
}

func level(t escalation.Trigger) []escalation.Trigger {
	t.On = escalation.OnLevel
	return []escalation.Trigger{t}
}

func fallback(s escalation.Step) escalation.Step {
	s.Fallback = true
	return s
}

func policy(steps ...escalation.Step) escalation.Policy {
	return escalation.Policy{Name: "policy", Kinds: []string{incident.Kind}, Triggers: level(escalation.Trigger{Levels: []string{"breach"}}), Steps: steps}
}

type fixture struct {
	*desk.Desk
	clock    *itsmtest.Clock
	bob, ann context.Context
	config   desk.Config
}

func newFixture(t *testing.T, change func(*desk.Config), policies ...escalation.Policy) *fixture {
	t.Helper()
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	f := &fixture{
		clock:  clock,
		bob:    itsmtest.As(t.Context(), itsmtest.Requester("bob")),
		ann:    itsmtest.As(t.Context(), itsmtest.Agent("ann")),
		config: desk.Config{Store: memory.New(), Clock: clock, Directory: people, Agreements: []sla.Agreement{agreement()}, Escalation: escalation.Config{Policies: policies}},
	}
	if change != nil {
		change(&f.config)
	}
	var err error
	f.Desk, err = desk.Open(t.Context(), f.config)
	require.NoError(t, err)
	clock.Attach(f.Desk)
	return f
}

func (f *fixture) report(t *testing.T, group, assignee string) itsm.Ref {
	t.Helper()
	inc, err := f.Incidents.Report(f.ann, incident.Report{Title: "VPN down", Caller: "bob", Group: group, Assignee: assignee})
	require.NoError(t, err)
	return inc.Ref()
}

func (f *fixture) steps(t *testing.T, ref itsm.Ref) []itsm.Escalation {
	t.Helper()
	history, err := f.History(f.ann, ref, 0, 0)
	require.NoError(t, err)
	var steps []itsm.Escalation
	for _, e := range history {
		steps = append(steps, e.Escalations()...)
	}
	return steps
}

func TestAudiences(t *testing.T) {
	tests := []struct {
		name            string
		step            escalation.Step
		group, assignee string
		want            []string
	}{
		{"assignee", notify("s", escalation.Assignee), "", "ann", []string{"ann"}},
		{"no assignee", notify("s", escalation.Assignee), "network", "", nil},
		{"caller", notify("s", escalation.Caller), "", "", []string{"bob"}},
		{"group manager", notify("s", escalation.GroupHead), "network", "", []string{"max"}},
		{"group without a manager", notify("s", escalation.GroupHead), "empty", "", nil},
		{"group members", notify("s", escalation.Members), "network", "", []string{"ben", "ann"}},
		{"unknown group", notify("s", escalation.Members, escalation.GroupHead), "attic", "", nil},
		{"no group", notify("s", escalation.Members), "", "ann", nil},
		{"a person", notify("s", "zoe"), "", "", []string{"zoe"}},
		{"each once", notify("s", escalation.Members, escalation.Assignee, "zoe", "ben"), "network", "ann", []string{"ben", "ann", "zoe"}},
		{"manager", up("s", 1), "network", "ann", []string{"mia"}},
		{"manager's manager", up("s", 2), "network", "ann", []string{"zoe"}},
		{"above the top", up("s", 3), "network", "ann", nil},
		{"manager of nobody", up("s", 1), "network", "", nil},
		{"manager of a stranger", up("s", 1), "network", "eve", nil},
		{"people who manage each other", up("s", 3), "", "tic", []string{"tac"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil, policy(test.step))
			ref := f.report(t, test.group, test.assignee)
			require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
			steps := f.steps(t, ref)
			require.Len(t, steps, 1)
			assert.ElementsMatch(t, test.want, steps[0].People)
			assert.Equal(t, len(test.want) == 0, steps[0].Nobody)
			assert.Equal(t, "resolution reached 100 %", steps[0].Reason)
			assert.Equal(t, string(test.step.Kind), steps[0].Kind)
			inc, err := f.Incidents.Get(f.ann, ref.ID)
			require.NoError(t, err)
			assert.Equal(t, test.assignee, inc.Assignee, "nobody is handed the ticket")
			itsmtest.RequireVerified(t, f.ann, f.Kernel, ref)
		})
	}
}

func TestNextStepIsTried(t *testing.T) {
	f := newFixture(t, nil, policy(notify("owner", escalation.Assignee),
		fallback(up("manager", 1)), fallback(notify("duty", "zoe")), fallback(notify("all", "bob"))))
	ref := f.report(t, "network", "")
	require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
	steps := f.steps(t, ref)
	require.Len(t, steps, 3, "it ends with the first step that finds somebody")
	assert.Equal(t, "owner", steps[0].Step)
	assert.True(t, steps[0].Nobody)
	assert.Equal(t, "manager", steps[1].Step)
	assert.True(t, steps[1].Nobody)
	assert.Equal(t, "duty", steps[2].Step)
	assert.False(t, steps[2].Nobody)
	assert.Equal(t, []string{"zoe"}, steps[2].People)

	itsmtest.RequireEvent(t, f.ann, f.Kernel, ref, "incident.level_reached",
		itsmtest.WithFact("escalated"), itsmtest.That("is one event with the steps", func(e itsm.Entry) bool {
			return len(e.Escalations()) == 3 && len(e.Levels()) == 1
		}))
}

func TestWhichLevels(t *testing.T) {
	const both = 2
	tests := []struct {
		name string
		edit func(*escalation.Trigger)
		want int
	}{
		{"every level", func(t *escalation.Trigger) { t.Levels = nil }, both},
		{"by name", func(t *escalation.Trigger) { t.Levels = []string{"warning"} }, 1},
		{"by another name", func(t *escalation.Trigger) { t.Levels = []string{"half"} }, 0},
		{"breaches", func(t *escalation.Trigger) { t.Levels, t.Missed = nil, true }, 1},
		{"by target", func(t *escalation.Trigger) { t.Levels, t.Targets = nil, []string{"resolution"} }, both},
		{"by agreement", func(t *escalation.Trigger) { t.Agreements = []string{"gold"} }, 1},
		{"by another agreement", func(t *escalation.Trigger) { t.Agreements = []string{"silver"} }, 0},
		{"by class", func(t *escalation.Trigger) { t.Classes = []string{"sla"} }, 1},
		{"by another class", func(t *escalation.Trigger) { t.Classes = []string{"ola"} }, 0},
		{"by another target", func(t *escalation.Trigger) { t.Targets = []string{"first response"} }, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := policy(notify("duty", "zoe"))
			test.edit(&p.Triggers[0])
			f := newFixture(t, func(c *desk.Config) { c.Agreements = append(c.Agreements, another()) }, p)
			ref := f.report(t, "", "")
			require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
			assert.Len(t, f.steps(t, ref), test.want)
		})
	}
}

// Several nodes on one store, a restart, and clocks that jump: a step is taken once.
func TestOnce(t *testing.T) {
	f := newFixture(t, nil, policy(notify("duty", "zoe")), escalation.Policy{
		Name: "second", Kinds: []string{incident.Kind}, Triggers: level(escalation.Trigger{Missed: true}), Steps: []escalation.Step{notify("duty", "max")},
	})
	node := func() {
		other, err := desk.Open(t.Context(), f.config)
		require.NoError(t, err)
		f.clock.Attach(other)
	}
	node()
	ref := f.report(t, "", "")
	require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
	node()
	f.clock.Set(f.clock.Now().Add(-3 * time.Hour))
	require.NoError(t, f.clock.Advance(t.Context(), 48*time.Hour))
	var who []string
	for _, s := range f.steps(t, ref) {
		who = append(who, s.Policy+" tells "+s.People[0])
	}
	assert.Equal(t, []string{"policy tells zoe", "second tells max"}, who)
}

func TestLate(t *testing.T) {
	p := policy(notify("duty", "zoe"))
	p.Triggers = nil // every level
	f := newFixture(t, nil, p)
	ref := f.report(t, "", "")
	f.clock.Set(f.clock.Now().Add(6*time.Hour + 20*time.Second))
	require.NoError(t, f.clock.Advance(t.Context(), 0))
	steps := f.steps(t, ref)
	require.Len(t, steps, 2)
	assert.Equal(t, "resolution reached 50 %, noticed 4h late", steps[0].Reason)
	assert.Equal(t, "resolution reached 100 %, noticed 2h late", steps[1].Reason)
}

// Who was told is personal: it is in no fact, and an erasure takes it out without breaking the chain.
func TestPeopleAreSealed(t *testing.T) {
	var feed []*itsm.Event
	f := newFixture(t, func(c *desk.Config) {
		c.Subscribers = []itsm.Subscriber{{Name: "feed", Handle: func(_ context.Context, e *itsm.Event) error {
			feed = append(feed, e)
			return nil
		}}}
	}, policy(up("manager", 1)), escalation.Policy{
		Name: "duty", Kinds: []string{incident.Kind}, Triggers: level(escalation.Trigger{Missed: true}), Steps: []escalation.Step{notify("duty", "zoe", escalation.Assignee)},
	})
	ref := f.report(t, "network", "ann")
	require.NoError(t, f.clock.Advance(t.Context(), 3*time.Hour))

	require.NoError(t, f.clock.Advance(t.Context(), 2*time.Hour))
	require.Len(t, f.steps(t, ref), 2)
	for _, e := range feed {
		for _, person := range []string{"mia", "zoe", "ann"} {
			assert.NotContains(t, string(e.Facts), person)
		}
	}
	admin := itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	done, err := f.Erase(admin, "mia", "left the company")
	require.NoError(t, err)
	assert.Equal(t, 1, done.Values)
	steps := f.steps(t, ref)
	require.Len(t, steps, 2)
	assert.Equal(t, []string{itsm.Erased}, steps[0].People)
	assert.Equal(t, []string{"zoe", "ann"}, steps[1].People, "the others stay")
	itsmtest.RequireVerified(t, f.ann, f.Kernel, ref)
}

func TestNobodyWhoWasErased(t *testing.T) {
	f := newFixture(t, nil, policy(notify("both", escalation.Assignee, escalation.Caller), fallback(notify("duty", "zoe"))))
	ref := f.report(t, "", "ann")
	admin := itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	for _, person := range []string{"ann", "bob"} {
		_, err := f.Erase(admin, person, "asked for it")
		require.NoError(t, err)
	}
	require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
	steps := f.steps(t, ref)
	require.Len(t, steps, 2)
	assert.True(t, steps[0].Nobody)
	assert.Equal(t, []string{"zoe"}, steps[1].People)
}

// broken is a directory that does not answer.
type broken struct {
	itsmtest.Directory
	fails bool
}

func (b *broken) Group(ctx context.Context, tenant, id string) (itsm.Group, error) {
	if b.fails {
		return itsm.Group{}, errors.New("no connection")
	}
	return b.Directory.Group(ctx, tenant, id)
}

func TestDirectoryFails(t *testing.T) {
	b := &broken{Directory: people, fails: true}
	f := newFixture(t, func(c *desk.Config) { c.Directory = b }, policy(notify("head", escalation.GroupHead)))
	ref := f.report(t, "network", "")
	require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
	itsmtest.RequireNoEvent(t, f.ann, f.Kernel, ref, "incident.escalated")

	b.fails = false
	require.NoError(t, f.clock.Advance(t.Context(), time.Minute))
	steps := f.steps(t, ref)
	require.Len(t, steps, 1)
	assert.Equal(t, []string{"max"}, steps[0].People)
}

// Where the lifecycle does not let the ticket be escalated, the level stays, with the refusal beside it.
func TestLifecycleRefuses(t *testing.T) {
	f := newFixture(t, func(c *desk.Config) {
		c.Incidents.Overlays = []lifecycle.Overlay{{
			Lifecycle: incident.Kind, Version: 2,
			Replace: lifecycle.Parts{Transitions: []lifecycle.Transition{{From: []lifecycle.State{incident.StateOnHold}, Trigger: itsm.TriggerEscalate}}},
			Remove:  lifecycle.Removal{Transitions: []lifecycle.Edge{{From: []lifecycle.State{incident.StateNew, incident.StateAssigned, incident.StateInProgress, incident.StateResolved}, Trigger: itsm.TriggerEscalate}}},
		}}
	}, policy(notify("duty", "zoe")))
	ref := f.report(t, "", "")
	require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
	itsmtest.RequireEvent(t, f.ann, f.Kernel, ref, "incident.level_reached", itsmtest.WithFact("refused"))
	assert.Empty(t, f.steps(t, ref))
}

func TestCheck(t *testing.T) {
	tests := []struct {
		name  string
		steps []escalation.Step
		says  []string
	}{
		{"no steps", nil, []string{"give it a name, kinds and steps"}},
		{"names", []escalation.Step{notify("", "zoe"), notify("a", "zoe"), notify("a", "zoe")}, []string{`not ""`, `not "a"`}},
		{"nobody", []escalation.Step{notify("a")}, []string{"it tells nobody"}},
		{"audiences", []escalation.Step{notify("a", "@asignee"), notify("b", "")}, []string{`no audience "@asignee"`, `no audience ""`}},
		{"too far up", []escalation.Step{up("a", 0), up("b", -1), up("c", 21)}, []string{"not 0", "not -1", "not 21"}},
		{"mixed", []escalation.Step{
			{Name: "a", Kind: escalation.Notify, Audience: []escalation.Audience{"zoe"}, ManagersUp: 1},
			{Name: "b", Kind: escalation.Hierarchical, Audience: []escalation.Audience{"zoe"}, ManagersUp: 1},
		}, []string{"managers up are for", "an audience is for"}},
		{"another kind", []escalation.Step{{Name: "a", Kind: "page"}}, []string{`not "page"`}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := policy(test.steps...)
			err := p.Check()
			require.ErrorIs(t, err, itsm.ErrInvalid)
			for _, words := range test.says {
				assert.ErrorContains(t, err, words)
			}
			assert.Len(t, err.(interface{ Unwrap() []error }).Unwrap(), len(test.says), "%v", err)
		})
	}

	_, err := desk.Open(t.Context(), desk.Config{Escalation: escalation.Config{Policies: []escalation.Policy{policy(notify("a", "zoe")), policy(notify("a"))}}})
	require.ErrorContains(t, err, "policy is there twice")
	require.ErrorContains(t, err, "it tells nobody")
}

// The desk has its own copy of the policies.
func TestPoliciesAreCopied(t *testing.T) {
	p := policy(notify("duty", "zoe"))
	f := newFixture(t, nil, p)
	p.Steps[0].Audience[0], p.Triggers[0].Levels[0] = "max", "warning"
	ref := f.report(t, "", "")
	require.NoError(t, f.clock.Advance(t.Context(), 5*time.Hour))
	steps := f.steps(t, ref)
	require.Len(t, steps, 1)
	assert.Equal(t, []string{"zoe"}, steps[0].People)
}
