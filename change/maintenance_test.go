package change_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/incident"
)

// While a change is implemented on an item, what escalates there is marked, or held, or neither, as the policy says.
func TestEscalationDuringAChange(t *testing.T) {
	policy := func(rule escalation.MaintenanceRule) func(*desk.Config) {
		return func(c *desk.Config) {
			c.Escalation.Policies = []escalation.Policy{{
				Name: "nobody took it", Kinds: []string{incident.Kind}, Maintenance: rule,
				Triggers: []escalation.Trigger{{On: escalation.OnNoAcknowledgement, Within: 15 * time.Minute}},
				Steps:    []escalation.Step{{Name: "head", Kind: escalation.Notify, Audience: []escalation.Audience{"mary"}}},
			}}
		}
	}
	for _, c := range []struct {
		rule  escalation.MaintenanceRule
		item  string
		told  string // when
		by    int    // changes that it is marked with
		waits bool
	}{
		{escalation.MaintenanceMarks, "router1", "2026-03-03T20:20:00Z", 1, false},
		{escalation.MaintenanceHolds, "router1", "2026-03-03T22:00:00Z", 0, true},
		{escalation.MaintenanceIgnored, "router1", "2026-03-03T20:20:00Z", 0, false},
		{escalation.MaintenanceHolds, "disk1", "2026-03-03T20:20:00Z", 0, false},
	} {
		t.Run(string(c.rule)+" on "+c.item, func(t *testing.T) {
			f := open(t, byVera(), policy(c.rule))
			ch := f.scheduled(change.Draft{Items: []string{"router1"}}, tuesday)
			f.until("2026-03-03T20:00:00Z")
			_, err := f.Changes.Begin(f.ann, ch.ID)
			require.NoError(t, err)
			f.until("2026-03-03T20:05:00Z")
			inc, err := f.Incidents.Report(f.carl, incident.Report{Title: "No network", Items: []string{c.item}})
			require.NoError(t, err)
			f.until("2026-03-03T21:30:00Z")
			_, err = f.Changes.Finish(f.ann, ch.ID, change.Finish{})
			require.NoError(t, err)
			f.until("2026-03-03T23:00:00Z")
			history, err := f.History(f.root, inc.Ref(), 0, 100)
			require.NoError(t, err)
			waited, told := false, false
			for i := range history {
				for _, turn := range escalation.Turns(&history[i]) {
					if turn.Did == escalation.WaitsForChange {
						waited = true
						assert.Equal(t, tuesday.End, turn.Until)
					}
				}
				for _, e := range history[i].Escalations() {
					told = true
					assert.Equal(t, at(c.told), history[i].At)
					assert.Len(t, e.During, c.by)
				}
			}
			assert.True(t, told)
			assert.Equal(t, c.waits, waited)
		})
	}
	t.Run("a change over its window holds nothing", func(t *testing.T) {
		f := open(t, byVera(), policy(escalation.MaintenanceHolds))
		ch := f.scheduled(change.Draft{Items: []string{"router1"}}, tuesday)
		f.until("2026-03-03T20:00:00Z")
		_, err := f.Changes.Begin(f.ann, ch.ID)
		require.NoError(t, err)
		inc, err := f.Incidents.Report(f.carl, incident.Report{Title: "No network", Items: []string{"router1"}})
		require.NoError(t, err)
		f.until("2026-03-03T22:00:00Z")
		history, err := f.History(f.root, inc.Ref(), 0, 100)
		require.NoError(t, err)
		told := 0
		for i := range history {
			told += len(history[i].Escalations())
		}
		assert.Equal(t, 1, told, "a window that is over is no maintenance any more")
	})
}
