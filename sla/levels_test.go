package sla_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/sla"
)

// warned has levels on both sides of its end, by percent and by offset.
func warned() sla.Target {
	target := of(sla.TotalResolution)
	target.Levels = []sla.Level{
		{Name: "half", Percent: 50}, {Name: "end", Percent: 100}, {Name: "double", Percent: 200},
		{Name: "an hour before", Offset: -time.Hour}, {Name: "half an hour behind", Offset: 30 * time.Minute},
	}
	return target
}

func TestLevels(t *testing.T) {
	tests := []struct {
		name    string
		moments []sla.Moment
		want    []string
	}{
		{"in the order in which the clock comes to them", tale(then("02 09:00")),
			[]string{"half 02 11:00", "an hour before 02 12:00", "end 02 13:00", "half an hour behind 02 13:30", "double 02 17:00"}},
		{"in working time", tale(then("02 15:00")),
			[]string{"half 02 17:00", "an hour before 03 10:00", "end 03 11:00", "half an hour behind 03 11:30", "double 03 15:00"}},
		{"offsets longer than the time are told at once", tale(then("02 09:00", rated(1)), then("02 09:10", nothingNew)),
			[]string{"half 02 10:00", "an hour before 02 10:00", "end 02 11:00", "half an hour behind 02 11:30", "double 02 13:00"}},
		{"a pause moves those that lie ahead", tale(then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 12:00", resumes)),
			[]string{"half 02 13:00", "an hour before 02 14:00", "end 02 15:00", "half an hour behind 02 15:30", "double 03 11:00"}},
		{"none is told while it is paused", tale(then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller))), nil},
		{"nor after its end", tale(then("02 09:00"), then("02 10:00", resolves)), nil},
		{"a longer time moves them", tale(then("02 09:00"), then("02 10:00", rated(3))),
			[]string{"half 02 13:00", "an hour before 02 16:00", "end 02 17:00", "half an hour behind 03 09:30", "double 03 17:00"}},
		{"a shorter time passes levels in the instant of the change, not before", tale(then("02 09:00"), then("02 10:45", rated(1))),
			[]string{"half 02 10:45", "an hour before 02 10:45", "end 02 11:00", "half an hour behind 02 11:30", "double 02 13:00"}},
		{"the end, too", tale(then("02 09:00", rated(3)), then("02 12:00", rated(1))),
			[]string{"half 02 12:00", "end 02 12:00", "an hour before 02 12:00", "half an hour behind 02 12:00", "double 02 13:00"}},
		{"paused just when it came to one: it comes to it when it runs again", tale(then("02 09:00"), then("02 11:00", holds(itsm.HoldCaller)), then("02 12:00", resumes)),
			[]string{"half 02 12:00", "an hour before 02 13:00", "end 02 14:00", "half an hour behind 02 14:30", "double 03 10:00"}},
		{"reopened it goes on with them", tale(then("02 09:00"), then("02 10:30", resolves), then("02 12:00", reopens)),
			[]string{"half 02 12:30", "an hour before 02 13:30", "end 02 14:30", "half an hour behind 02 15:00", "double 03 10:30"}},

		{"what passed unnoticed before a pause is told in order", tale(then("02 09:00"), then("02 13:15", holds(itsm.HoldCaller))),
			[]string{"half 02 11:00", "an hour before 02 12:00", "end 02 13:00"}},
		{"also what it came to at closing time", tale(then("02 15:00"), then("02 20:00", holds(itsm.HoldCaller))), []string{"half 02 17:00"}},
		{"and before a resolution", tale(then("02 09:00"), then("02 13:15", resolves)),
			[]string{"half 02 11:00", "an hour before 02 12:00", "end 02 13:00"}},
		{"not in the instant of the resolution", tale(then("02 09:00"), then("02 13:00", resolves)),
			[]string{"half 02 11:00", "an hour before 02 12:00"}},
		{"before a longer time that takes them back", tale(then("02 09:00"), then("02 13:15", rated(3))),
			[]string{"half 02 11:00", "an hour before 02 12:00", "end 02 13:00", "half an hour behind 03 09:30", "double 03 17:00"}},
		{"nobody is told of a ticket that is closed", tale(then("02 09:00"), then("02 13:15", resolves), then("02 14:00", closes)), nil},
		{"or cancelled", tale(then("02 09:00"), then("02 13:15", cancels)), nil},
		{"of one that is not under the agreement any more", tale(then("02 09:00"), then("02 13:15", rated(5))), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, toldBy(t, *agreement(warned()), test.moments)) })
	}
}

func TestPassedLevelsAreKeptUntilTheyAreTold(t *testing.T) {
	terms := must(sla.NewTerms(*agreement(warned())))
	moments := tale(then("02 09:00"), then("02 13:15", holds(itsm.HoldCaller)), then("02 15:00", resumes))
	c := terms.Evaluate("incident", moments, when("02 15:00"))[0]
	assert.Equal(t, []sla.Passed{{Level: "half", At: when("02 11:00").UTC()}, {Level: "an hour before", At: when("02 12:00").UTC()}, {Level: "end", At: when("02 13:00").UTC()}}, c.Passed)
	assert.Equal(t, "half", c.Next)

	// The second is told with the first, as one who tells the last of several does.
	moments = append(moments, tale(then("02 15:05", resumes))[0])
	moments[3].Levels = []itsm.LevelReached{{Agreement: "gold", Target: "target", Cycle: 1, Level: "an hour before", Skipped: []string{"half"}}}
	c = terms.Evaluate("incident", moments, when("02 15:05"))[0]
	assert.Equal(t, []string{"half", "an hour before"}, c.Reached)
	assert.Equal(t, "end", c.Next)
	assert.Equal(t, when("02 13:00").UTC(), c.NextAt)
}

func TestNotedLevels(t *testing.T) {
	terms := must(sla.NewTerms(*agreement(warned())))
	note := func(level itsm.LevelReached) sla.Status {
		moments := tale(then("02 09:00"), then("02 11:00"))
		moments[1].Levels = []itsm.LevelReached{level}
		all := terms.Evaluate("incident", moments, when("02 11:30"))
		require.Len(t, all, 1)
		return all[0]
	}
	c := note(itsm.LevelReached{Agreement: "gold", Target: "target", Cycle: 1, Level: "half", Suppressed: true})
	assert.Equal(t, []string{"half"}, c.Silenced)
	assert.Empty(t, c.Reached)
	assert.Equal(t, "an hour before", c.Next, "nobody was told, and nobody will be")

	for _, other := range []itsm.LevelReached{
		{Agreement: "silver", Target: "target", Cycle: 1, Level: "half"}, {Agreement: "gold", Target: "other", Cycle: 1, Level: "half"},
		{Agreement: "gold", Target: "target", Cycle: 2, Level: "half"},
	} {
		assert.Equal(t, "half", note(other).Next, "that is another clock's: %v", other)
	}
	twice := tale(then("02 09:00"), then("02 11:00", tells("target", "half")), then("02 11:00", tells("target", "half")))
	assert.Equal(t, []string{"half"}, terms.Evaluate("incident", twice, when("02 11:00"))[0].Reached)

	told := tale(then("02 09:00"), then("02 13:00"), then("02 13:00", resolves))
	told[1].Levels = []itsm.LevelReached{{Agreement: "gold", Target: "target", Cycle: 1, Level: "end", Due: when("02 13:00"), Missed: true}}
	assert.Equal(t, []string{"completed 4h/4h, missed 02 13:00"}, clocks(terms, told, when("02 16:00")), "what was told stays true")
}

// A cycle has its levels for itself.
func TestEachCycleTellsItsLevels(t *testing.T) {
	target := warned()
	target.Kind = sla.PeriodicUpdate
	terms := must(sla.NewTerms(*agreement(target)))
	moments := tale(then("02 09:00"), then("02 11:00", tells("target", "half")), then("02 12:00", answers))
	all := terms.Evaluate("incident", moments, when("02 12:00"))
	require.Len(t, all, 2)
	assert.Equal(t, []string{"half"}, all[0].Reached)
	assert.Empty(t, all[0].Next, "an ended cycle tells nothing")
	assert.Empty(t, all[1].Reached)
	assert.Equal(t, "half", all[1].Next)
	assert.Equal(t, when("02 14:00").UTC(), all[1].NextAt)
}

func TestMissedLevels(t *testing.T) {
	for _, test := range []struct {
		level  sla.Level
		missed bool
	}{
		{sla.Level{}, true}, {sla.Level{Percent: 99}, false}, {sla.Level{Percent: 100}, true}, {sla.Level{Percent: 101}, true},
		{sla.Level{Offset: -1}, false}, {sla.Level{Offset: 1}, true},
	} {
		assert.Equal(t, test.missed, test.level.Missed(), "%v", test.level)
	}
}
