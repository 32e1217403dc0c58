package escalation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
)

// levels answers every level of every clock by telling a person.
func levels(audience escalation.Audience) escalation.Policy {
	return escalation.Policy{Name: "tell", Kinds: []string{incident.Kind}, Steps: []escalation.Step{notify("tell", audience)}}
}

// Escalations of the time to own were never run, or labelled as those of the time to resolve: every step names its target.
// https://github.com/glpi-project/glpi/issues/4170, 2765, 2828, 2184
func TestEscalationsOfOneTargetNeverRan(t *testing.T) {
	a := agreement()
	own := a.Targets[0]
	own.Name, own.Kind, own.Stop = "ownership", sla.TakeOwnership, sla.Condition{}
	own.Within = map[itsm.Priority]time.Duration{sla.AnyPriority: time.Hour}
	a.Targets = append(a.Targets, own)
	f := newFixture(t, func(c *desk.Config) { c.Agreements = []sla.Agreement{a} }, levels("zoe"))
	ref := f.report(t, "network", "")
	f.advance(t, 5*time.Hour)
	var occasions []string
	for _, step := range f.steps(t, ref) {
		occasions = append(occasions, step.Occasion)
	}
	assert.Equal(t, []string{
		"gold/ownership/warning #1", "gold/ownership/breach #1", "gold/resolution/warning #1", "gold/resolution/breach #1",
	}, occasions)
}

// Only the first level fired: all that are due at once fire, in order.
// https://github.com/glpi-project/glpi/issues/5319
func TestOnlyTheFirstLevelFired(t *testing.T) {
	f := newFixture(t, nil, levels("zoe"))
	ref := f.report(t, "network", "")
	f.clock.Set(f.clock.Now().Add(9 * time.Hour)) // nobody fired timers meanwhile
	f.advance(t, 0)
	steps := f.steps(t, ref)
	require.Len(t, steps, 2)
	assert.Equal(t, "gold/resolution/warning #1", steps[0].Occasion)
	assert.Equal(t, "gold/resolution/breach #1", steps[1].Occasion)
}

// A job that stopped at 2,000 said that it had done 40,000, and another timed out at 420: due timers are worked off in
// batches, all of them, and the count is what was done.
// https://github.com/zammad/zammad/issues/2807, https://github.com/glpi-project/glpi/issues/336
func TestAJobTouchedLessThanItSaid(t *testing.T) {
	const tickets = 1200
	f := newFixture(t, nil, levels("zoe"))
	refs := make([]itsm.Ref, tickets)
	for i := range refs {
		refs[i] = f.report(t, "network", "")
	}
	f.clock.Set(f.clock.Now().Add(9 * time.Hour))
	fired, err := f.FireDue(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2*tickets, fired)
	for _, ref := range refs {
		require.Len(t, f.steps(t, ref), 2)
	}
}

// A refactoring broke every escalation of a release: what a step does to people is seen from outside, by a subscriber.
// https://github.com/zammad/zammad/issues/3523
func TestARefactoringBrokeEveryEscalation(t *testing.T) {
	f := newFixture(t, nil, levels(escalation.Members))
	ref := f.report(t, "network", "")
	f.advance(t, 5*time.Hour)
	itsmtest.RequireEvent(t, f.ann, f.Kernel, ref, "incident.level_reached", itsmtest.WithFact("escalated"))
	for _, step := range f.steps(t, ref) {
		assert.ElementsMatch(t, []string{"ann", "ben"}, step.People)
		assert.Equal(t, itsm.StepTold, step.Outcome)
	}
}

// Reminders came at midnight and on weekends: effects are held to working time, and say when they were due.
// https://github.com/zammad/zammad/issues/4432, https://github.com/glpi-project/glpi/issues/15569
func TestRemindersAtMidnight(t *testing.T) {
	p := levels("zoe")
	p.Triggers = []escalation.Trigger{{On: escalation.OnLevel, Missed: true}}
	office := officeHours(t)
	p.Calendar, p.InHours = office, true
	f := newFixture(t, nil, p)
	f.clock.Set(time.Date(2026, time.March, 6, 16, 0, 0, 0, time.UTC)) // a Friday: missed at 20:00
	ref := f.report(t, "network", "")
	f.advance(t, 7*24*time.Hour)
	steps := f.steps(t, ref)
	require.Len(t, steps, 1)
	assert.Equal(t, time.Date(2026, time.March, 6, 20, 0, 0, 0, time.UTC), steps[0].Due)
	history, err := f.History(f.ann, ref, 0, 0)
	require.NoError(t, err)
	for i := range history {
		if len(history[i].Escalations()) > 0 {
			assert.Equal(t, time.Monday, history[i].At.Weekday())
			assert.True(t, office.Contains(history[i].At))
		}
	}
}
