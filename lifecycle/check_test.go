package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/lifecycle"
)

type (
	states = []lifecycle.State
	need   = lifecycle.Need
	needs  = []lifecycle.Need
	fault  = lifecycle.Fault
)

func TestCheckFindsEachFault(t *testing.T) {
	require.NoError(t, incident().Check())
	// Row 6 is resolve, row 8 reopen, row 5 resume, row 10 note.
	tests := map[string]struct {
		spoil func(*lifecycle.Definition)
		want  []fault
	}{
		"no name": {func(d *lifecycle.Definition) { d.Name = "" }, []fault{{Code: lifecycle.FaultNoName, Kind: "lifecycle"}}},
		"bad name of lifecycle": {func(d *lifecycle.Definition) { d.Name = "Incident 1" },
			[]fault{{Code: lifecycle.FaultBadName, Kind: "lifecycle", Subject: "Incident 1"}}},
		"negative version": {func(d *lifecycle.Definition) { d.Version = -1 },
			[]fault{{Code: lifecycle.FaultBadVersion, Kind: "version", Subject: "-1"}}},
		"unknown initial": {func(d *lifecycle.Definition) { d.Initial = "nowhere" },
			[]fault{{Code: lifecycle.FaultUnknown, Kind: "state", Subject: "nowhere", Where: "initial"}}},
		"duplicate state": {func(d *lifecycle.Definition) { d.States = append(d.States, d.States[3]) },
			[]fault{{Code: lifecycle.FaultDuplicate, Kind: "state", Subject: "on_hold"}}},
		"no phase": {func(d *lifecycle.Definition) { d.States[3].Phase = 0 },
			[]fault{{Code: lifecycle.FaultNoPhase, Kind: "state", Subject: "on_hold"}}},
		"no such phase": {func(d *lifecycle.Definition) { d.States[3].Phase = 7 },
			[]fault{{Code: lifecycle.FaultNoPhase, Kind: "state", Subject: "on_hold"}}},
		"title over two lines": {func(d *lifecycle.Definition) { d.States[3].Title = "On\nHold" },
			[]fault{{Code: lifecycle.FaultBadTitle, Kind: "state", Subject: "on_hold"}}},
		"title not UTF-8": {func(d *lifecycle.Definition) { d.Triggers[0].Title = "\xff" },
			[]fault{{Code: lifecycle.FaultBadTitle, Kind: "trigger", Subject: "assign"}}},
		"long title": {func(d *lifecycle.Definition) { d.Triggers[0].Title = strings.Repeat("x", 201) },
			[]fault{{Code: lifecycle.FaultBadTitle, Kind: "trigger", Subject: "assign"}}},
		"duplicate trigger": {func(d *lifecycle.Definition) { d.Triggers = append(d.Triggers, d.Triggers[0]) },
			[]fault{{Code: lifecycle.FaultDuplicate, Kind: "trigger", Subject: "assign"}}},
		"no past": {func(d *lifecycle.Definition) { d.Triggers[6].Past = "" },
			[]fault{{Code: lifecycle.FaultNoPast, Kind: "trigger", Subject: "resolve"}}},
		"bad past": {func(d *lifecycle.Definition) { d.Triggers[6].Past = "was resolved" },
			[]fault{{Code: lifecycle.FaultBadName, Kind: "past", Subject: "was resolved", Where: "trigger resolve"}}},
		"unused trigger": {func(d *lifecycle.Definition) {
			d.Triggers = append(d.Triggers, lifecycle.TriggerRow{Name: "wave", Past: "waved"})
		}, []fault{{Code: lifecycle.FaultUnused, Kind: "trigger", Subject: "wave"}}},
		"undeclared trigger": {func(d *lifecycle.Definition) {
			d.Rows = append(d.Rows, lifecycle.Transition{From: states{"new"}, Trigger: "wave"})
		}, []fault{{Code: lifecycle.FaultUnknown, Kind: "trigger", Subject: "wave", Where: "wave from new"}}},
		"unknown from": {func(d *lifecycle.Definition) { d.Rows[10].From[0] = "nowhere" },
			[]fault{{Code: lifecycle.FaultUnknown, Kind: "state", Subject: "nowhere", Where: "note from nowhere|assigned|in_progress|on_hold"}}},
		"no from": {func(d *lifecycle.Definition) { d.Rows[10].From = nil },
			[]fault{{Code: lifecycle.FaultNoFrom, Kind: "transition", Subject: "note", Where: "note from "}}},
		"unknown target": {func(d *lifecycle.Definition) { d.Rows[12].To = "merged" },
			[]fault{{Code: lifecycle.FaultUnknown, Kind: "state", Subject: "merged", Where: "merge from new|assigned|in_progress|on_hold"}}},
		"unknown among": {func(d *lifecycle.Definition) { d.Rows[8].Among = append(d.Rows[8].Among, "nowhere") },
			[]fault{{Code: lifecycle.FaultUnknown, Kind: "state", Subject: "nowhere", Where: "reopen from resolved"}}},
		"twice among": {func(d *lifecycle.Definition) { d.Rows[8].Among = append(d.Rows[8].Among, "new") },
			[]fault{{Code: lifecycle.FaultDuplicate, Kind: "state", Subject: "new", Where: "reopen from resolved"}}},
		"a pair in two rows": {func(d *lifecycle.Definition) {
			d.Rows = append(d.Rows, lifecycle.Transition{From: states{"resolved"}, Trigger: "confirm", To: "cancelled"})
		}, []fault{{Code: lifecycle.FaultTwoRows, Kind: "transition", Subject: "confirm from resolved", Where: "confirm from resolved"}}},
		"a state twice in one row": {func(d *lifecycle.Definition) { d.Rows[7].From = states{"resolved", "resolved"} },
			[]fault{{Code: lifecycle.FaultTwoRows, Kind: "transition", Subject: "confirm from resolved", Where: "confirm from resolved|resolved"}}},
		"to and choose": {func(d *lifecycle.Definition) { d.Rows[8].To = "new" },
			[]fault{{Code: lifecycle.FaultTwoTargets, Kind: "transition", Subject: "reopen", Where: "reopen from resolved"}}},
		"choose without among": {func(d *lifecycle.Definition) { d.Rows[8].Among = nil },
			[]fault{{Code: lifecycle.FaultNoAmong, Kind: "transition", Subject: "reopen", Where: "reopen from resolved"}}},
		"among without choose": {func(d *lifecycle.Definition) { d.Rows[7].Among = states{"new"} },
			[]fault{{Code: lifecycle.FaultNoChoose, Kind: "transition", Subject: "confirm", Where: "confirm from resolved"}}},
		"empty need": {func(d *lifecycle.Definition) { d.Rows[8].Brings = needs{{}} },
			[]fault{{Code: lifecycle.FaultEmptyNeed, Kind: "need", Where: "reopen from resolved"}}},
		"need without a name": {func(d *lifecycle.Definition) { d.Rows[8].Leaves = needs{{"group", ""}} },
			[]fault{{Code: lifecycle.FaultNoName, Kind: "field", Where: "reopen from resolved"}}},
		"bad field": {func(d *lifecycle.Definition) {
			d.Rows[8].Leaves = needs{{"custom.color", "custom..color", ".x", "a|b", "x." + strings.Repeat("y", 65), strings.Repeat("xx.", 43) + "xx"}}
		}, []fault{
			{Code: lifecycle.FaultBadName, Kind: "field", Subject: "custom..color", Where: "reopen from resolved"},
			{Code: lifecycle.FaultBadName, Kind: "field", Subject: ".x", Where: "reopen from resolved"},
			{Code: lifecycle.FaultBadName, Kind: "field", Subject: "a|b", Where: "reopen from resolved"},
			{Code: lifecycle.FaultBadName, Kind: "field", Subject: "x." + strings.Repeat("y", 65), Where: "reopen from resolved"},
			{Code: lifecycle.FaultBadName, Kind: "field", Subject: strings.Repeat("xx.", 43) + "xx", Where: "reopen from resolved"},
		}},
		"a role with a bad name": {func(d *lifecycle.Definition) { d.Rows[7].Roles = []lifecycle.Role{"*"} },
			[]fault{{Code: lifecycle.FaultBadName, Kind: "role", Subject: "*", Where: "confirm from resolved"}}},
		"long name": {func(d *lifecycle.Definition) { d.Rows[7].Ensures = []string{strings.Repeat("x", 65)} },
			[]fault{{Code: lifecycle.FaultBadName, Kind: "guard", Subject: strings.Repeat("x", 65), Where: "confirm from resolved"}}},
		"the same need twice": {func(d *lifecycle.Definition) { d.Rows[8].Brings = needs{{"reason"}, {"reason"}} },
			[]fault{{Code: lifecycle.FaultDuplicate, Kind: "need", Subject: "reason", Where: "reopen from resolved"}}},
		"the same guard twice": {func(d *lifecycle.Definition) { d.Rows[7].Guards = []string{"unblocked", "unblocked"} },
			[]fault{{Code: lifecycle.FaultDuplicate, Kind: "guard", Subject: "unblocked", Where: "confirm from resolved"}}},
		"bad guard": {func(d *lifecycle.Definition) { d.Rows[7].Ensures = []string{"1st"} },
			[]fault{{Code: lifecycle.FaultBadName, Kind: "guard", Subject: "1st", Where: "confirm from resolved"}}},
		"bad role": {func(d *lifecycle.Definition) { d.Rows[7].Roles = []lifecycle.Role{"a,b"} },
			[]fault{{Code: lifecycle.FaultBadName, Kind: "role", Subject: "a,b", Where: "confirm from resolved"}}},
		"too many guards": {func(d *lifecycle.Definition) {
			for i := range 251 {
				d.Rows[7].Guards = append(d.Rows[7].Guards, fmt.Sprintf("g%d", i))
			}
		}, []fault{{Code: lifecycle.FaultTooMany, Kind: "guards", Subject: "252", Where: "confirm from resolved"}}},
		"unreachable": {func(d *lifecycle.Definition) {
			d.States = append(d.States, lifecycle.StateRow{Name: "attic", Phase: lifecycle.Closed})
		}, []fault{{Code: lifecycle.FaultUnreachable, Kind: "state", Subject: "attic"}}},
		"dead end, staying is no way out": {func(d *lifecycle.Definition) {
			d.States = append(d.States, lifecycle.StateRow{Name: "limbo", Phase: lifecycle.Waiting})
			d.Rows[5].Among = append(d.Rows[5].Among, "limbo")
			d.Rows[10].From = append(d.Rows[10].From, "limbo")
		}, []fault{{Code: lifecycle.FaultDeadEnd, Kind: "state", Subject: "limbo"}}},
		"a circle without an end": {func(d *lifecycle.Definition) {
			d.States = append(d.States, lifecycle.StateRow{Name: "ping", Phase: lifecycle.Active}, lifecycle.StateRow{Name: "pong", Phase: lifecycle.Active})
			d.Triggers = append(d.Triggers, lifecycle.TriggerRow{Name: "hit", Past: "hit"})
			d.Rows[5].Among = append(d.Rows[5].Among, "ping")
			d.Rows = append(d.Rows,
				lifecycle.Transition{From: states{"ping"}, Trigger: "hit", To: "pong"},
				lifecycle.Transition{From: states{"pong"}, Trigger: "hit", To: "ping"})
		}, []fault{{Code: lifecycle.FaultDeadEnd, Kind: "state", Subject: "ping"}, {Code: lifecycle.FaultDeadEnd, Kind: "state", Subject: "pong"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := incident()
			test.spoil(&d)
			err := d.Check()
			require.ErrorIs(t, err, lifecycle.ErrDefinition)
			var faults lifecycle.Faults
			require.ErrorAs(t, err, &faults)
			assert.Equal(t, test.want, []fault(faults))
			assert.Contains(t, err.Error(), faults[0].String())
			_, err = lifecycle.Compile(d, binding())
			assert.ErrorIs(t, err, lifecycle.ErrDefinition)
		})
	}
}

func TestCheckTellsAllFaultsAtOnce(t *testing.T) {
	d := incident()
	d.Name, d.States[3].Phase, d.Triggers[6].Past = "", 0, ""
	var faults lifecycle.Faults
	require.ErrorAs(t, d.Check(), &faults)
	assert.Len(t, faults, 3)
	assert.EqualError(t, faults, `lifecycle: faulty definition: lifecycle "" has no name; give it one; `+
		`state "on_hold" has no phase; say what it means; `+
		`trigger "resolve" has no past; give the word for what has then happened`)
}

func TestTerminalStatesMayHaveTransitions(t *testing.T) {
	d := incident()
	d.Rows[8].From = append(d.Rows[8].From, "closed")
	assert.NoError(t, d.Check())
}

func TestCheckCountsStatesAndTriggers(t *testing.T) {
	long := func(n int) lifecycle.Definition {
		d := lifecycle.Definition{Name: "long", Initial: "s0"}
		for i := range n {
			d.States = append(d.States, lifecycle.StateRow{Name: lifecycle.State(fmt.Sprintf("s%d", i)), Phase: lifecycle.Closed})
			trigger := lifecycle.Trigger(fmt.Sprintf("t%d", i))
			d.Triggers = append(d.Triggers, lifecycle.TriggerRow{Name: trigger, Past: "done"})
			d.Rows = append(d.Rows, lifecycle.Transition{From: states{d.States[i].Name}, Trigger: trigger, To: lifecycle.State(fmt.Sprintf("s%d", (i+1)%n))})
		}
		return d
	}
	m, err := lifecycle.Compile(long(250), lifecycle.Binding[int]{})
	require.NoError(t, err)
	to, refusal := m.Fire("s249", "t249", 0, nil)
	require.NoError(t, refusal.Err())
	assert.Equal(t, lifecycle.State("s0"), to)

	var faults lifecycle.Faults
	require.ErrorAs(t, long(251).Check(), &faults)
	assert.Equal(t, lifecycle.Faults{
		{Code: lifecycle.FaultTooMany, Kind: "states", Subject: "251"},
		{Code: lifecycle.FaultTooMany, Kind: "triggers", Subject: "251"},
	}, faults)
}

func TestCompileRefusesNamesWithoutFunction(t *testing.T) {
	_, err := lifecycle.Compile(incident(), lifecycle.Binding[*ticket]{
		Guards: map[string]lifecycle.Guard[*ticket]{"unblocked": nil, "no_open_tasks": binding().Guards["no_open_tasks"]},
		Input:  func(lifecycle.Trigger, string) (func(*ticket) bool, bool) { return nil, true },
	})
	var faults lifecycle.Faults
	require.ErrorAs(t, err, &faults)
	for _, want := range []fault{
		{Code: lifecycle.FaultUnbound, Kind: "guard", Subject: "unblocked", Where: "confirm from resolved"},
		{Code: lifecycle.FaultUnbound, Kind: "choice", Subject: "reopened", Where: "reopen from resolved"},
		{Code: lifecycle.FaultUnbound, Kind: "input", Subject: "reason", Where: "reopen from resolved"},
		{Code: lifecycle.FaultUnbound, Kind: "field", Subject: "assignee", Where: "assign from new"},
	} {
		assert.Contains(t, faults, want)
	}
	_, err = lifecycle.Compile(incident(), lifecycle.Binding[*ticket]{})
	assert.ErrorContains(t, err, `input "reason" has no function in the binding; bind it`)
}

func TestPhases(t *testing.T) {
	tests := []struct {
		phase          lifecycle.Phase
		name           string
		open, terminal bool
	}{
		{lifecycle.New, "new", true, false},
		{lifecycle.Active, "active", true, false},
		{lifecycle.Waiting, "waiting", true, false},
		{lifecycle.Resolved, "resolved", false, false},
		{lifecycle.Closed, "closed", false, true},
		{lifecycle.Cancelled, "cancelled", false, true},
	}
	for _, test := range tests {
		assert.Equal(t, test.name, test.phase.String())
		assert.Equal(t, test.open, test.phase.Open(), test.name)
		assert.Equal(t, test.terminal, test.phase.Terminal(), test.name)
		text, err := test.phase.MarshalText()
		require.NoError(t, err)
		var back lifecycle.Phase
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, test.phase, back)
	}
	for _, none := range []lifecycle.Phase{0, 7, 255} {
		assert.Empty(t, none.String())
		assert.False(t, none.Open() || none.Terminal())
		_, err := none.MarshalText()
		assert.ErrorContains(t, err, "new, active")
	}
	for _, text := range []string{"", "Active", "done", "active "} {
		phase := lifecycle.Waiting
		assert.ErrorContains(t, phase.UnmarshalText([]byte(text)), "is no phase", "%q", text)
		assert.Equal(t, lifecycle.Waiting, phase, "unchanged by %q", text)
	}
}

func TestDefinitionIsData(t *testing.T) {
	data, err := json.Marshal(incident())
	require.NoError(t, err)
	assert.Contains(t, string(data), `{"name":"on_hold","title":"On Hold","phase":"waiting"}`)
	var back lifecycle.Definition
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, incident(), back)

	for _, bad := range []string{
		`{"name":"x","guards":[]}`,
		`{"transitions":[{"form":["new"]}]}`,
		`{"states":[{"name":"x","phase":"busy"}]}`,
	} {
		assert.ErrorIs(t, json.Unmarshal([]byte(bad), &back), lifecycle.ErrDefinition, bad)
		assert.Equal(t, incident(), back, "unchanged by %s", bad)
	}
}

func TestNeed(t *testing.T) {
	assert.Equal(t, "group|assignee", lifecycle.AnyOf("group", "assignee").String())
	assert.Equal(t, need{"notes"}, lifecycle.AnyOf("notes"))
}
