package lifecycle_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// ticket is a record together with the input of the command, as a guard sees both.
type ticket struct {
	Group, Assignee, Code, Notes, Reason string
	OpenTasks                            int
	Blocked                              bool
	Panic                                any
	Target                               lifecycle.State
}

var agent = []lifecycle.Role{"agent"}

// incident is a lifecycle with each thing that a table can have.
func incident() lifecycle.Definition {
	return lifecycle.Definition{
		Name: "incident", Version: 1, Initial: "new",
		States: []lifecycle.StateRow{
			{Name: "new", Title: "New", Phase: lifecycle.New},
			{Name: "assigned", Title: "Assigned", Phase: lifecycle.Active},
			{Name: "in_progress", Title: "In Progress", Phase: lifecycle.Active},
			{Name: "on_hold", Title: "On Hold", Phase: lifecycle.Waiting},
			{Name: "resolved", Title: "Resolved", Phase: lifecycle.Resolved},
			{Name: "closed", Title: "Closed", Phase: lifecycle.Closed},
			{Name: "cancelled", Title: "Cancelled", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: "assign", Title: "Assign", Past: "assigned"},
			{Name: "start", Title: "Start", Past: "started"},
			{Name: "reassign", Title: "Reassign", Past: "reassigned"},
			{Name: "unassign", Title: "Return to queue", Past: "unassigned"},
			{Name: "hold", Title: "Put on hold", Past: "held"},
			{Name: "resume", Title: "Resume", Past: "resumed"},
			{Name: "resolve", Title: "Resolve", Past: "resolved"},
			{Name: "confirm", Title: "Confirm", Past: "confirmed"},
			{Name: "reopen", Title: "Reopen", Past: "reopened"},
			{Name: "cancel", Title: "Cancel", Past: "cancelled"},
			{Name: "note", Title: "Note", Past: "noted"},
			{Name: "edit", Title: "Edit", Past: "edited"},
			{Name: "merge", Title: "Merge", Past: "merged"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"new"}, Trigger: "assign", To: "assigned", Leaves: []lifecycle.Need{lifecycle.AnyOf("group", "assignee")}},
			{From: []lifecycle.State{"new", "assigned"}, Trigger: "start", To: "in_progress", Leaves: []lifecycle.Need{{"assignee"}}},
			{From: []lifecycle.State{"assigned", "in_progress", "on_hold"}, Trigger: "reassign", To: "assigned", Guards: []string{"unblocked"}},
			{From: []lifecycle.State{"in_progress", "on_hold"}, Trigger: "unassign", To: "assigned", Leaves: []lifecycle.Need{{"group"}}},
			{From: []lifecycle.State{"new", "assigned", "in_progress", "on_hold"}, Trigger: "hold", To: "on_hold", Brings: []lifecycle.Need{{"reason"}}},
			{From: []lifecycle.State{"on_hold"}, Trigger: "resume", Choose: "before_hold", Among: []lifecycle.State{"new", "assigned", "in_progress"}},
			{From: []lifecycle.State{"new", "assigned", "in_progress", "on_hold"}, Trigger: "resolve", To: "resolved",
				Guards: []string{"no_open_tasks"}, Ensures: []string{"unblocked"},
				Brings: []lifecycle.Need{{"code"}, {"notes"}}, Roles: []lifecycle.Role{"agent", "manager"}},
			{From: []lifecycle.State{"resolved"}, Trigger: "confirm", To: "closed", Guards: []string{"unblocked"}},
			{From: []lifecycle.State{"resolved"}, Trigger: "reopen", Choose: "reopened", Among: []lifecycle.State{"in_progress", "assigned", "new"}, Brings: []lifecycle.Need{{"reason"}}},
			{From: []lifecycle.State{"new", "assigned", "in_progress", "on_hold"}, Trigger: "cancel", To: "cancelled", Brings: []lifecycle.Need{{"reason"}}},
			{From: []lifecycle.State{"new", "assigned", "in_progress", "on_hold"}, Trigger: "note"},
			{From: []lifecycle.State{"new", "assigned", "in_progress", "on_hold", "resolved"}, Trigger: "edit", Roles: []lifecycle.Role{"agent"}},
			{From: []lifecycle.State{"new", "assigned", "in_progress", "on_hold"}, Trigger: "merge", To: "cancelled", Guards: []string{"no_open_tasks"}},
		},
	}
}

func binding() lifecycle.Binding[*ticket] {
	fields := map[string]func(*ticket) bool{
		"group":    func(t *ticket) bool { return t.Group != "" },
		"assignee": func(t *ticket) bool { return t.Assignee != "" },
		"code":     func(t *ticket) bool { return t.Code != "" },
		"notes":    func(t *ticket) bool { return t.Notes != "" },
		"reason":   func(t *ticket) bool { return t.Reason != "" },
	}
	return lifecycle.Binding[*ticket]{
		Guards: map[string]lifecycle.Guard[*ticket]{
			"unblocked": func(t *ticket) *lifecycle.Reason {
				if t.Panic != nil {
					panic(t.Panic)
				}
				if t.Blocked {
					return &lifecycle.Reason{}
				}
				return nil
			},
			"no_open_tasks": func(t *ticket) *lifecycle.Reason {
				if t.OpenTasks > 0 {
					return &lifecycle.Reason{Code: "open_tasks", Args: map[string]string{"count": "some"}}
				}
				return nil
			},
		},
		Choices: map[string]func(*ticket) lifecycle.State{
			"before_hold": func(t *ticket) lifecycle.State {
				if t.Panic != nil {
					panic(t.Panic)
				}
				return t.Target
			},
			"reopened": func(t *ticket) lifecycle.State {
				switch {
				case t.Assignee != "":
					return "in_progress"
				case t.Group != "":
					return "assigned"
				}
				return "new"
			},
		},
		Input: func(_ lifecycle.Trigger, field string) (func(*ticket) bool, bool) {
			f, ok := fields[field]
			return f, ok
		},
		Field: func(field string) (func(*ticket) bool, bool) { f, ok := fields[field]; return f, ok },
	}
}

func mustCompile(tb testing.TB) *lifecycle.Machine[*ticket] {
	tb.Helper()
	m, err := lifecycle.Compile(incident(), binding())
	require.NoError(tb, err)
	return m
}

type (
	reason  = lifecycle.Reason
	reasons = []lifecycle.Reason
	args    = map[string]string
)

func TestFire(t *testing.T) {
	tests := map[string]struct {
		from    lifecycle.State
		trigger lifecycle.Trigger
		ticket  ticket
		roles   []lifecycle.Role
		to      lifecycle.State
		reasons reasons
	}{
		"goes to its target":           {from: "new", trigger: "start", to: "in_progress"},
		"stays without a target":       {from: "on_hold", trigger: "note", to: "on_hold"},
		"comes back to where it is":    {from: "on_hold", trigger: "hold", ticket: ticket{Reason: "vendor"}, to: "on_hold"},
		"chooses its target":           {from: "resolved", trigger: "reopen", ticket: ticket{Reason: "again", Group: "net"}, to: "assigned"},
		"chooses another":              {from: "resolved", trigger: "reopen", ticket: ticket{Reason: "again", Assignee: "bob"}, to: "in_progress"},
		"guards hold, inputs brought":  {from: "assigned", trigger: "resolve", ticket: ticket{Code: "fixed", Notes: "ok"}, roles: agent, to: "resolved"},
		"any of the roles will do":     {from: "new", trigger: "edit", roles: []lifecycle.Role{"caller", "agent"}, to: "new"},
		"the result is not asked":      {from: "new", trigger: "assign", to: "assigned"},
		"one guard refuses, with code": {from: "new", trigger: "merge", ticket: ticket{OpenTasks: 1}, to: "new", reasons: reasons{{Code: "open_tasks", Args: args{"count": "some"}}}},
		"a guard without a code": {from: "resolved", trigger: "confirm", ticket: ticket{Blocked: true}, to: "resolved",
			reasons: reasons{{Code: lifecycle.GuardRefused, Args: args{"guard": "unblocked"}}}},
		"all reasons: role, guards, inputs in order": {from: "in_progress", trigger: "resolve", ticket: ticket{OpenTasks: 2}, roles: []lifecycle.Role{"caller"}, to: "in_progress",
			reasons: reasons{
				{Code: lifecycle.MissingRole, Args: args{"roles": "agent,manager"}},
				{Code: "open_tasks", Args: args{"count": "some"}},
				{Code: lifecycle.MissingInput, Args: args{"field": "code"}},
				{Code: lifecycle.MissingInput, Args: args{"field": "notes"}},
			}},
		"not from here, with what is": {from: "resolved", trigger: "hold", ticket: ticket{Blocked: true}, roles: agent, to: "resolved",
			reasons: reasons{{Code: lifecycle.NotFromHere, Args: args{"state": "resolved", "trigger": "hold", "permitted": "reopen,edit"}}}},
		"from an end": {from: "closed", trigger: "hold", to: "closed",
			reasons: reasons{{Code: lifecycle.NotFromHere, Args: args{"state": "closed", "trigger": "hold", "permitted": ""}}}},
		"unknown state":   {from: "parked", trigger: "hold", to: "parked", reasons: reasons{{Code: lifecycle.UnknownState, Args: args{"state": "parked"}}}},
		"unknown trigger": {from: "new", trigger: "wave", to: "new", reasons: reasons{{Code: lifecycle.UnknownTrigger, Args: args{"trigger": "wave"}}}},
		"both unknown": {from: "", trigger: "", to: "", reasons: reasons{
			{Code: lifecycle.UnknownState, Args: args{"state": ""}}, {Code: lifecycle.UnknownTrigger, Args: args{"trigger": ""}}}},
		"a choice outside among": {from: "on_hold", trigger: "resume", ticket: ticket{Target: "closed"}, to: "on_hold",
			reasons: reasons{{Code: lifecycle.BadTarget, Args: args{"choice": "before_hold", "target": "closed"}}}},
	}
	m := mustCompile(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			to, refusal := m.Fire(test.from, test.trigger, &test.ticket, test.roles)
			assert.Equal(t, test.to, to)
			assert.Equal(t, refusal, m.Explain(test.from, test.trigger, &test.ticket, test.roles), "Explain says the same")
			if test.reasons == nil {
				assert.Nil(t, refusal)
				assert.NoError(t, refusal.Err())
				return
			}
			assert.Equal(t, &lifecycle.Refusal{Lifecycle: "incident", State: test.from, Trigger: test.trigger, Reasons: test.reasons}, refusal)
			assert.ErrorIs(t, refusal.Err(), lifecycle.ErrRefused)
		})
	}
}

func TestSettleAsksTheResult(t *testing.T) {
	m := mustCompile(t)
	assert.Nil(t, m.Settle("new", "assign", &ticket{Assignee: "bob"}))
	assert.Nil(t, m.Settle("new", "assign", &ticket{Group: "net"}))
	assert.Nil(t, m.Settle("new", "note", &ticket{}))
	assert.Nil(t, m.Settle("new", "resolve", &ticket{OpenTasks: 1}), "guards and inputs belong to the moment before")

	assert.Equal(t, reasons{{Code: lifecycle.MissingField, Args: args{"field": "group|assignee"}}}, m.Settle("new", "assign", &ticket{}).Reasons)
	assert.Equal(t, reasons{{Code: lifecycle.GuardRefused, Args: args{"guard": "unblocked"}}}, m.Settle("new", "resolve", &ticket{Blocked: true}).Reasons)
	assert.Equal(t, lifecycle.NotFromHere, m.Settle("closed", "resolve", &ticket{}).Reasons[0].Code)
	assert.Equal(t, lifecycle.UnknownState, m.Settle("parked", "resolve", &ticket{}).Reasons[0].Code)

	d := incident()
	d.Rows[6].Leaves = needs{{"group"}, {"assignee"}}
	m, err := lifecycle.Compile(d, binding())
	require.NoError(t, err)
	assert.Equal(t, reasons{
		{Code: lifecycle.MissingField, Args: args{"field": "group"}},
		{Code: lifecycle.MissingField, Args: args{"field": "assignee"}},
		{Code: lifecycle.GuardRefused, Args: args{"guard": "unblocked"}},
	}, m.Settle("new", "resolve", &ticket{Blocked: true}).Reasons, "all at once: fields, then guards")
}

func TestPermitted(t *testing.T) {
	m := mustCompile(t)
	permitted := func(from lifecycle.State, tk ticket, roles ...lifecycle.Role) []lifecycle.Trigger {
		return m.Permitted(nil, from, &tk, roles)
	}
	type triggers = []lifecycle.Trigger
	assert.Equal(t, triggers{"start", "reassign", "hold", "resolve", "cancel", "note", "edit", "merge"}, permitted("assigned", ticket{}, "agent"),
		"in declared order; inputs are not asked")
	assert.Equal(t, triggers{"start", "reassign", "hold", "cancel", "note", "merge"}, permitted("assigned", ticket{}), "by role")
	assert.Equal(t, triggers{"start", "hold", "cancel", "note", "edit"}, permitted("assigned", ticket{Blocked: true, OpenTasks: 1}, "agent"), "by guard")
	assert.Equal(t, triggers{"reopen"}, permitted("resolved", ticket{Panic: "bang"}), "a guard that panics does not hold")
	assert.Empty(t, permitted("closed", ticket{}, "agent"))
	assert.Empty(t, permitted("parked", ticket{}, "agent"))

	dst := triggers{"first"}
	assert.Equal(t, triggers{"first", "confirm", "reopen"}, m.Permitted(dst, "resolved", &ticket{}, nil), "appended")
}

func TestOffers(t *testing.T) {
	m := mustCompile(t)
	assert.Equal(t, []lifecycle.Offer{
		{Trigger: "confirm", Title: "Confirm", Targets: states{"closed"}, Reasons: reasons{{Code: lifecycle.GuardRefused, Args: args{"guard": "unblocked"}}}},
		{Trigger: "reopen", Title: "Reopen", Targets: states{"in_progress", "assigned", "new"}, Brings: needs{{"reason"}}},
		{Trigger: "edit", Title: "Edit", Targets: states{"resolved"}, Reasons: reasons{{Code: lifecycle.MissingRole, Args: args{"roles": "agent"}}}},
	}, m.Offers("resolved", &ticket{Blocked: true}, nil))
	assert.Equal(t, needs{{"group", "assignee"}}, m.Offers("new", &ticket{}, nil)[0].Leaves)
	assert.Empty(t, m.Offers("closed", &ticket{}, agent))
	assert.Empty(t, m.Offers("parked", &ticket{}, agent))
}

func TestMachineKnowsItsNames(t *testing.T) {
	m := mustCompile(t)
	assert.Equal(t, lifecycle.State("new"), m.Initial())
	assert.Equal(t, lifecycle.Waiting, m.Phase("on_hold"))
	assert.Zero(t, m.Phase("parked"))
	assert.Zero(t, m.Phase(""))
	assert.Equal(t, "held", m.Past("hold"))
	assert.Empty(t, m.Past("wave"))
	assert.True(t, m.Has("hold"))
	assert.False(t, m.Has("wave") || m.Has(""))
}

func TestMachineKeepsItsOwnTable(t *testing.T) {
	d := incident()
	m, err := lifecycle.Compile(d, binding())
	require.NoError(t, err)
	spoil := func(d lifecycle.Definition) {
		d.States[0].Phase = lifecycle.Closed
		d.Rows[6].Roles[0], d.Rows[6].Brings[0][0], d.Rows[6].From[0] = "nobody", "x", "x"
	}
	spoil(d)
	spoil(m.Definition())
	m.Offers("resolved", &ticket{}, nil)[1].Targets[0] = "x"
	m.Offers("resolved", &ticket{}, nil)[1].Brings[0][0] = "x"
	assert.Equal(t, incident(), m.Definition())
	_, refusal := m.Fire("new", "resolve", &ticket{Code: "fixed", Notes: "ok"}, agent)
	assert.Nil(t, refusal)
}

func TestRefusalsShareNothing(t *testing.T) {
	b := binding()
	shared := reason{Code: "full", Args: args{"limit": "3"}}
	b.Guards["no_open_tasks"] = func(*ticket) *lifecycle.Reason { return &shared }
	m, err := lifecycle.Compile(incident(), b)
	require.NoError(t, err)
	for range 2 {
		_, refusal := m.Fire("new", "resolve", &ticket{}, agent)
		assert.Equal(t, reasons{
			{Code: "full", Args: args{"limit": "3"}},
			{Code: lifecycle.MissingInput, Args: args{"field": "code"}},
			{Code: lifecycle.MissingInput, Args: args{"field": "notes"}},
		}, refusal.Reasons)
		for _, r := range refusal.Reasons {
			clear(r.Args)
		}
	}
}

func TestRefusalText(t *testing.T) {
	tests := []struct {
		reason reason
		want   string
	}{
		{reason{Code: lifecycle.UnknownState, Args: args{"state": "parked"}}, `the lifecycle has no state "parked"; correct the stored state`},
		{reason{Code: lifecycle.UnknownTrigger, Args: args{"trigger": "wave"}}, `the lifecycle has no trigger "wave"; use a declared one`},
		{reason{Code: lifecycle.NotFromHere, Args: args{"state": "new", "trigger": "confirm", "permitted": "start,hold"}}, "confirm is not possible from new; permitted here: start, hold"},
		{reason{Code: lifecycle.NotFromHere, Args: args{"state": "closed", "trigger": "confirm"}}, "confirm is not possible from closed; permitted here: nothing"},
		{reason{Code: lifecycle.MissingInput, Args: args{"field": "notes"}}, "give notes with the command"},
		{reason{Code: lifecycle.MissingField, Args: args{"field": "group|assignee"}}, "the record must have group or assignee afterwards"},
		{reason{Code: lifecycle.MissingRole, Args: args{"roles": "agent,manager"}}, "one of these roles is needed: agent, manager"},
		{reason{Code: lifecycle.GuardRefused, Args: args{"guard": "unblocked"}}, "the condition unblocked does not hold"},
		{reason{Code: lifecycle.BadTarget, Args: args{"choice": "goal", "target": "x"}}, `the choice goal picked the state "x", which is not among its targets; correct the choice`},
		{reason{Code: lifecycle.Panicked, Args: args{"field": "group|assignee", "panic": "bang"}}, "the function bound to group|assignee panicked (bang); correct it"},
		{reason{Code: "open_tasks", Args: args{"mandatory": "yes", "count": "2"}}, "open_tasks (count=2, mandatory=yes)"},
		{reason{Code: "frozen"}, "frozen"},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, test.reason.String())
	}
}
