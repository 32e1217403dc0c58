package lifecycle_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// row finds the transition of a state and trigger.
func row(d lifecycle.Definition, from lifecycle.State, trigger lifecycle.Trigger) *lifecycle.Transition {
	for i := range d.Rows {
		for _, f := range d.Rows[i].From {
			if f == from && d.Rows[i].Trigger == trigger {
				return &d.Rows[i]
			}
		}
	}
	return nil
}

// with applies one overlay to the incident, and shows that the incident itself stays as it is.
func with(t *testing.T, o lifecycle.Overlay) (lifecycle.Definition, error) {
	t.Helper()
	o.Lifecycle, o.Version = "incident", 2
	d := incident()
	next, err := d.With(o)
	assert.Equal(t, incident(), d)
	return next, err
}

func TestOverlayAdds(t *testing.T) {
	next, err := with(t, lifecycle.Overlay{Add: lifecycle.Parts{
		States:      []lifecycle.StateRow{{Name: "triage", Title: "Triage", Phase: lifecycle.Active}},
		Triggers:    []lifecycle.TriggerRow{{Name: "sort", Title: "Sort", Past: "sorted"}},
		Transitions: []lifecycle.Transition{{From: states{"new"}, Trigger: "sort", To: "triage"}, {From: states{"triage"}, Trigger: "start", To: "in_progress"}},
	}})
	require.NoError(t, err)
	assert.Equal(t, 2, next.Version)
	assert.Len(t, next.States, 8)
	assert.Equal(t, lifecycle.State("triage"), row(next, "new", "sort").To)
	m, err := lifecycle.Compile(next, binding())
	require.NoError(t, err)
	to, refusal := m.Fire("triage", "start", &ticket{}, nil)
	assert.Nil(t, refusal)
	assert.Equal(t, lifecycle.State("in_progress"), to)
}

func TestOverlayRemoves(t *testing.T) {
	t.Run("a state goes from every From", func(t *testing.T) {
		next, err := with(t, lifecycle.Overlay{
			Initial: "assigned",
			Remove:  lifecycle.Removal{States: states{"new"}, Triggers: []lifecycle.Trigger{"assign"}},
			Replace: lifecycle.Parts{Transitions: []lifecycle.Transition{
				{From: states{"on_hold"}, Trigger: "resume", To: "in_progress"},
				{From: states{"resolved"}, Trigger: "reopen", To: "in_progress"},
			}},
		})
		require.NoError(t, err)
		assert.Equal(t, lifecycle.State("assigned"), next.Initial)
		assert.Nil(t, row(next, "new", "hold"))
		assert.Equal(t, states{"assigned", "in_progress", "on_hold"}, row(next, "assigned", "hold").From)
	})
	t.Run("a row left without From goes", func(t *testing.T) {
		next, err := with(t, lifecycle.Overlay{
			Remove: lifecycle.Removal{States: states{"on_hold"}, Triggers: []lifecycle.Trigger{"resume", "hold"}},
		})
		require.NoError(t, err)
		assert.Len(t, next.Rows, 11)
	})
	t.Run("not while a row leads to it", func(t *testing.T) {
		_, err := with(t, lifecycle.Overlay{Remove: lifecycle.Removal{States: states{"on_hold"}, Triggers: []lifecycle.Trigger{"resume"}}})
		assert.EqualError(t, err, `lifecycle: faulty definition: hold from new|assigned|in_progress: state "on_hold" is not declared; declare it or name another`)
	})
	t.Run("a transition from some of its states", func(t *testing.T) {
		next, err := with(t, lifecycle.Overlay{Remove: lifecycle.Removal{Transitions: []lifecycle.Edge{{Trigger: "hold", From: states{"new", "on_hold"}}}}})
		require.NoError(t, err)
		assert.Nil(t, row(next, "new", "hold"))
		assert.Equal(t, states{"assigned", "in_progress"}, row(next, "assigned", "hold").From)
	})
	t.Run("a transition from all of them, with its trigger", func(t *testing.T) {
		next, err := with(t, lifecycle.Overlay{Remove: lifecycle.Removal{Triggers: []lifecycle.Trigger{"merge"}, Transitions: []lifecycle.Edge{{Trigger: "merge"}}}})
		require.NoError(t, err)
		assert.Nil(t, row(next, "new", "merge"))
	})
}

func TestOverlayReplaces(t *testing.T) {
	next, err := with(t, lifecycle.Overlay{Replace: lifecycle.Parts{
		States:   []lifecycle.StateRow{{Name: "on_hold", Title: "Parked"}, {Name: "resolved", Phase: lifecycle.Closed}},
		Triggers: []lifecycle.TriggerRow{{Name: "hold", Past: "parked"}},
		Transitions: []lifecycle.Transition{
			{From: states{"in_progress", "new"}, Trigger: "resolve", To: "closed"},
			{Trigger: "merge", To: "closed"},
		},
	}})
	require.NoError(t, err)
	assert.Equal(t, lifecycle.StateRow{Name: "on_hold", Title: "Parked", Phase: lifecycle.Waiting}, next.States[3])
	assert.Equal(t, lifecycle.StateRow{Name: "resolved", Title: "Resolved", Phase: lifecycle.Closed}, next.States[4])
	assert.Equal(t, lifecycle.TriggerRow{Name: "hold", Title: "Put on hold", Past: "parked"}, next.Triggers[4])

	replaced := row(next, "new", "resolve")
	assert.Equal(t, states{"new", "in_progress"}, replaced.From)
	assert.Equal(t, lifecycle.State("closed"), replaced.To)
	assert.Empty(t, replaced.Guards, "new in all but its place")
	kept := row(next, "on_hold", "resolve")
	assert.Equal(t, states{"assigned", "on_hold"}, kept.From)
	assert.Equal(t, incident().Rows[6].Guards, kept.Guards)
	assert.Equal(t, states{"new", "assigned", "in_progress", "on_hold"}, row(next, "new", "merge").From, "wherever it stood")
}

func TestOverlayAdjusts(t *testing.T) {
	next, err := with(t, lifecycle.Overlay{Adjust: []lifecycle.Adjustment{
		{
			Edge:   lifecycle.Edge{Trigger: "resolve", From: states{"on_hold"}},
			Remove: lifecycle.Conditions{Guards: []string{"no_open_tasks"}, Ensures: []string{"unblocked"}, Brings: needs{{"notes"}}, Roles: []lifecycle.Role{"agent"}},
			Add:    lifecycle.Conditions{Guards: []string{"unblocked"}, Ensures: []string{"no_open_tasks"}, Brings: needs{{"reason", "notes"}}, Leaves: needs{{"group"}}, Roles: []lifecycle.Role{"lead"}},
		},
		{Edge: lifecycle.Edge{Trigger: "edit"}, Remove: lifecycle.Conditions{Roles: []lifecycle.Role{"agent"}}},
	}})
	require.NoError(t, err)
	assert.Equal(t, &lifecycle.Transition{
		From: states{"on_hold"}, Trigger: "resolve", To: "resolved",
		Guards: []string{"unblocked"}, Ensures: []string{"no_open_tasks"},
		Brings: needs{{"code"}, {"reason", "notes"}}, Leaves: needs{{"group"}}, Roles: []lifecycle.Role{"manager", "lead"},
	}, row(next, "on_hold", "resolve"))
	assert.Equal(t, incident().Rows[6].Brings, row(next, "new", "resolve").Brings, "the other states keep theirs")
	assert.Empty(t, row(next, "new", "edit").Roles, "all may")
}

func TestOverlayRefuses(t *testing.T) {
	tests := map[string]struct {
		overlay lifecycle.Overlay
		want    []fault
	}{
		"another lifecycle": {lifecycle.Overlay{Lifecycle: "change", Version: 2},
			[]fault{{Code: lifecycle.FaultOtherTable, Kind: "lifecycle", Subject: "change", Where: "overlay 1"}}},
		"a version that does not grow": {lifecycle.Overlay{Lifecycle: "incident", Version: 1},
			[]fault{{Code: lifecycle.FaultOldVersion, Kind: "version", Subject: "1", Where: "overlay 1"}}},
		"removing and changing what is not there, all at once": {lifecycle.Overlay{
			Lifecycle: "incident", Version: 2,
			Remove: lifecycle.Removal{
				States: states{"parked"}, Triggers: []lifecycle.Trigger{"wave"},
				Transitions: []lifecycle.Edge{{Trigger: "wave"}, {Trigger: "confirm", From: states{"new"}}},
			},
			Replace: lifecycle.Parts{
				States: []lifecycle.StateRow{{Name: "parked"}}, Triggers: []lifecycle.TriggerRow{{Name: "wave"}},
				Transitions: []lifecycle.Transition{{Trigger: "confirm", From: states{"closed"}}},
			},
			Adjust: []lifecycle.Adjustment{{Edge: lifecycle.Edge{Trigger: "confirm"}, Remove: lifecycle.Conditions{
				Guards: []string{"g"}, Ensures: []string{"e"}, Brings: needs{{"b", "c"}}, Leaves: needs{{"l"}}, Roles: []lifecycle.Role{"r"}}}},
		}, []fault{
			{Code: lifecycle.FaultNotThere, Kind: "transition", Subject: "wave", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "transition", Subject: "confirm from new", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "trigger", Subject: "wave", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "state", Subject: "parked", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "state", Subject: "parked", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "trigger", Subject: "wave", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "transition", Subject: "confirm from closed", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "guard", Subject: "g", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "guard", Subject: "e", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "need", Subject: "b|c", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "need", Subject: "l", Where: "overlay 1"},
			{Code: lifecycle.FaultNotThere, Kind: "role", Subject: "r", Where: "overlay 1"},
		}},
		"adding what is there": {lifecycle.Overlay{
			Lifecycle: "incident", Version: 2,
			Add: lifecycle.Parts{
				States: []lifecycle.StateRow{{Name: "new", Phase: lifecycle.New}}, Triggers: []lifecycle.TriggerRow{{Name: "hold", Past: "held"}},
				Transitions: []lifecycle.Transition{{From: states{"resolved"}, Trigger: "confirm", To: "cancelled"}},
			},
		}, []fault{
			{Code: lifecycle.FaultDuplicate, Kind: "state", Subject: "new"},
			{Code: lifecycle.FaultDuplicate, Kind: "trigger", Subject: "hold"},
			{Code: lifecycle.FaultTwoRows, Kind: "transition", Subject: "confirm from resolved", Where: "confirm from resolved"},
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := incident().With(test.overlay)
			require.ErrorIs(t, err, lifecycle.ErrDefinition)
			var faults lifecycle.Faults
			require.ErrorAs(t, err, &faults)
			assert.Equal(t, test.want, []fault(faults))
			assert.Zero(t, got)
		})
	}
}

func TestOverlaysApplyInOrder(t *testing.T) {
	first := lifecycle.Overlay{Lifecycle: "incident", Version: 10, Replace: lifecycle.Parts{States: []lifecycle.StateRow{{Name: "on_hold", Title: "Parked"}}}}
	second := lifecycle.Overlay{Lifecycle: "incident", Version: 20, Replace: lifecycle.Parts{States: []lifecycle.StateRow{{Name: "on_hold", Title: "Waiting"}}}}
	next, err := incident().With(first, second)
	require.NoError(t, err)
	assert.Equal(t, "Waiting", next.States[3].Title)
	assert.Equal(t, 20, next.Version)

	_, err = incident().With(second, first)
	assert.ErrorContains(t, err, `overlay 2: version "10" is not above the version of the definition`)

	same, err := incident().With()
	require.NoError(t, err)
	assert.Equal(t, incident(), same)
	_, err = lifecycle.Definition{}.With()
	assert.ErrorIs(t, err, lifecycle.ErrDefinition)
}

func TestOverlayResultSharesNothing(t *testing.T) {
	o := lifecycle.Overlay{Lifecycle: "incident", Version: 2, Adjust: []lifecycle.Adjustment{
		{Edge: lifecycle.Edge{Trigger: "hold"}, Add: lifecycle.Conditions{Leaves: needs{{"group"}}}},
	}}
	next, err := incident().With(o)
	require.NoError(t, err)
	o.Adjust[0].Add.Leaves[0][0] = "x"
	assert.Equal(t, needs{{"group"}}, row(next, "new", "hold").Leaves)
}

const overlayJSON = `{
	"lifecycle": "incident", "version": 2, "initial": "triage",
	"remove": {"triggers": ["merge"], "transitions": [{"from": ["new"], "trigger": "cancel"}]},
	"replace": {"states": [{"name": "on_hold", "title": "Parked", "phase": "waiting"}]},
	"add": {
		"states": [{"name": "triage", "title": "Triage", "phase": "new"}],
		"triggers": [{"name": "sort", "title": "Sort", "past": "sorted"}],
		"transitions": [{"from": ["triage"], "trigger": "sort", "to": "new", "brings": [["group", "assignee"]]}]
	},
	"adjust": [{"trigger": "resolve", "from": ["new"], "remove": {"roles": ["agent"]}, "add": {"guards": ["unblocked"]}}]
}`

func TestOverlayIsData(t *testing.T) {
	var o lifecycle.Overlay
	require.NoError(t, json.Unmarshal([]byte(overlayJSON), &o))
	next, err := incident().With(o)
	require.NoError(t, err)
	assert.Equal(t, lifecycle.State("triage"), next.Initial)
	assert.Equal(t, []lifecycle.Role{"manager"}, row(next, "new", "resolve").Roles)

	data, err := json.Marshal(o)
	require.NoError(t, err)
	assert.JSONEq(t, overlayJSON, string(data))

	for _, bad := range []string{
		`{"lifecycle":"incident","version":2,"removes":{}}`,
		`{"lifecycle":"incident","version":2,"add":{"state":[]}}`,
		`{"adjust":[{"trigger":"hold","add":{"guard":["g"]}}]}`,
		`{"add":{"states":[{"name":"x","phase":"busy"}]}}`,
		`{"version":"2"}`,
		`[]`,
	} {
		kept := o
		assert.ErrorIs(t, json.Unmarshal([]byte(bad), &kept), lifecycle.ErrDefinition, bad)
		assert.Equal(t, o, kept, "unchanged by %s", bad)
	}
	assert.ErrorIs(t, o.UnmarshalJSON([]byte(`{} {}`)), lifecycle.ErrDefinition)
}

// FuzzOverlay reads any bytes as an overlay: what passes is a table that compiles, draws, and reads back the same.
func FuzzOverlay(f *testing.F) {
	f.Add([]byte(overlayJSON))
	f.Add([]byte(`{"lifecycle":"incident","version":2}`))
	f.Add([]byte(`{"lifecycle":"incident","version":3,"remove":{"states":["on_hold"],"triggers":["hold","resume"]}}`))
	f.Add([]byte(`{"lifecycle":"incident","version":2,"replace":{"transitions":[{"trigger":"hold"},{"trigger":"edit","to":"closed"}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var o lifecycle.Overlay
		if err := json.Unmarshal(data, &o); err != nil {
			return
		}
		next, err := incident().With(o)
		if err != nil {
			require.ErrorIs(t, err, lifecycle.ErrDefinition)
			require.Zero(t, next)
			return
		}
		require.NoError(t, next.Check())
		text, err := json.Marshal(o)
		require.NoError(t, err)
		var back lifecycle.Overlay
		require.NoError(t, json.Unmarshal(text, &back))
		again, err := incident().With(back)
		require.NoError(t, err)
		require.Equal(t, next.Markdown(), again.Markdown())
		require.NotEmpty(t, next.Mermaid()+next.DOT())

		if m, err := lifecycle.Compile(next, binding()); err == nil {
			for _, s := range next.States {
				m.Offers(s.Name, &ticket{}, nil)
				for _, e := range next.Triggers {
					_, refusal := m.Fire(s.Name, e.Name, &ticket{}, agent)
					require.Equal(t, refusal, m.Explain(s.Name, e.Name, &ticket{}, agent))
				}
			}
		}
	})
}

// FuzzDefinition reads any bytes as a definition: it is faulty, or compiles.
func FuzzDefinition(f *testing.F) {
	data, err := json.Marshal(incident())
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(`{"name":"a","initial":"b","states":[{"name":"b","phase":"closed"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d lifecycle.Definition
		if err := json.Unmarshal(data, &d); err != nil {
			return
		}
		fault := d.Check()
		_ = d.Mermaid() + d.DOT() + d.Markdown() // draws a faulty table too
		yes := func(int) bool { return true }
		b := lifecycle.Binding[int]{
			Guards:  make(map[string]lifecycle.Guard[int]),
			Choices: make(map[string]func(int) lifecycle.State),
			Input:   func(lifecycle.Trigger, string) (func(int) bool, bool) { return yes, true },
			Field:   func(string) (func(int) bool, bool) { return yes, true },
		}
		for _, r := range d.Rows {
			for _, g := range append(r.Guards, r.Ensures...) {
				b.Guards[g] = func(int) *lifecycle.Reason { return nil }
			}
			b.Choices[r.Choose] = func(int) lifecycle.State { return "" }
		}
		_, err := lifecycle.Compile(d, b)
		require.Equal(t, fault, err)
	})
}
