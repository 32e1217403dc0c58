package impact_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/service/impact"
)

func hour(h int) time.Time { return time.Date(2026, 3, 2, h, 0, 0, 0, time.UTC) }

func period(from, until int) impact.Period {
	return impact.Period{From: hour(from), Until: hour(until)}
}

// The shop ran on old until 8 o'clock and runs on new since; from 10 to 12 it needs backup too.
func moved(t *testing.T) *impact.Graph {
	g := graph(t, "shop:", "old:", "new:", "backup:")
	for _, r := range []impact.Relation{
		{ID: "r1", Dependent: "shop", Supporter: "old", Valid: impact.Period{Until: hour(8)}},
		{ID: "r2", Dependent: "shop", Supporter: "new", Valid: impact.Period{From: hour(8)}},
		{ID: "r3", Dependent: "shop", Supporter: "backup", Group: "backup", Valid: period(10, 12)},
	} {
		require.NoError(t, g.PutRelation(r))
	}
	return g
}

func TestTheGraphAtAnInstantAndInAWindow(t *testing.T) {
	g := moved(t)
	for _, c := range []struct {
		name string
		view impact.View
		want []string
	}{
		{"before the move", g.At(hour(7)), []string{"old"}},
		{"the last nanosecond before", g.At(hour(8).Add(-1)), []string{"old"}},
		{"the move itself belongs to the new", g.At(hour(8)), []string{"new"}},
		{"when backup begins", g.At(hour(10)), []string{"backup", "new"}},
		{"when backup ends", g.At(hour(12)), []string{"new"}},
		{"long ago", g.At(time.Time{}), []string{"old"}},
		{"far away", g.At(hour(0).AddDate(5000, 0, 0)), []string{"new"}},
		{"a window that ends with the move", g.During(hour(6), hour(8)), []string{"old"}},
		{"a window that begins with it", g.During(hour(8), hour(10)), []string{"new"}},
		{"a window around it", g.During(hour(7), hour(9)), []string{"new", "old"}},
		{"a window of one nanosecond", g.During(hour(12).Add(-1), hour(12)), []string{"backup", "new"}},
		{"an open end", g.During(hour(11), time.Time{}), []string{"backup", "new"}},
		{"an open start", g.During(time.Time{}, hour(8)), []string{"old"}},
		{"open on both sides", g.During(time.Time{}, time.Time{}), []string{"backup", "new", "old"}},
		{"a window without length is an instant", g.During(hour(10), hour(10)), []string{"backup", "new"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.view.Supporters("shop")
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			for _, id := range []string{"old", "new", "backup"} {
				dependents, err := c.view.Dependents(id)
				require.NoError(t, err)
				r, err := c.view.Impact(impact.Question{Lost: []string{id}})
				require.NoError(t, err)
				if holds := assert.ObjectsAreEqual([]string{"shop"}, dependents); holds {
					assert.Contains(t, c.want, id)
					assert.Equal(t, impact.Down, r.Severity("shop"))
				} else {
					assert.NotContains(t, c.want, id)
					assert.Equal(t, impact.None, r.Severity("shop"))
				}
			}
		})
	}
}

func TestNodesAreThereForATime(t *testing.T) {
	g := graph(t, "shop: all db")
	require.NoError(t, g.PutNode(impact.Node{ID: "db", Valid: period(8, 10)}))
	r, err := g.At(hour(9)).Impact(impact.Question{Lost: []string{"db"}})
	require.NoError(t, err)
	assert.Equal(t, "db down, shop down", told(r))
	_, err = g.At(hour(10)).Impact(impact.Question{Lost: []string{"db"}})
	assert.ErrorIs(t, err, impact.ErrUnknown, "not at that time")
	require.NoError(t, g.Pin("db", impact.Down))
	r, err = g.At(hour(10)).Impact(impact.Question{})
	require.NoError(t, err)
	assert.Empty(t, r.Affected, "what is not there does not fall")

	require.NoError(t, g.PutNode(impact.Node{ID: "shop", Valid: period(10, 12)}))
	dependents, err := g.During(hour(8), hour(12)).Dependents("db")
	require.NoError(t, err)
	assert.Empty(t, dependents, "both are there in the window, but at no moment together")
}

func TestGatesHoldForATime(t *testing.T) {
	g := graph(t, "shop: all a b")
	require.NoError(t, g.SetGate("shop", "1", impact.All))
	require.NoError(t, g.PutRequirement(impact.Requirement{Dependent: "shop", Group: "1", Gate: impact.Any, Valid: period(8, 10)}))
	require.NoError(t, g.PutRequirement(impact.Requirement{Dependent: "shop", Group: "1", Gate: impact.AtLeast(2), Valid: period(9, 12)}))
	severity := func(v impact.View) impact.Severity {
		r, err := v.Impact(impact.Question{Lost: []string{"a"}})
		require.NoError(t, err)
		return r.Severity("shop")
	}
	assert.Equal(t, impact.Down, severity(g.At(hour(7))), "all, where nothing holds")
	assert.Equal(t, impact.Degraded, severity(g.At(hour(8))))
	assert.Equal(t, impact.Down, severity(g.At(hour(9))), "the strictest of two")
	assert.Equal(t, impact.Degraded, severity(g.During(hour(8), hour(9))))
	assert.Equal(t, impact.Down, severity(g.During(hour(8), hour(10))), "the strictest in the window")

	require.NoError(t, g.PutRequirement(impact.Requirement{Dependent: "shop", Group: "1", Gate: impact.Any, Valid: period(9, 12)}))
	assert.Equal(t, impact.Degraded, severity(g.At(hour(9))), "in place of the one that begins with it")
	require.NoError(t, g.SetGate("shop", "1", impact.All))
	assert.Equal(t, impact.Down, severity(g.At(hour(9))), "in place of them all")
	assert.Empty(t, g.Snapshot().Requirements)
}
