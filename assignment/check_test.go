package assignment_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/assignment"
	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

func TestCheck(t *testing.T) {
	faulty := func(change func(*assignment.Step)) assignment.Policy {
		s := network
		change(&s)
		return policy(rule("r", s))
	}
	tests := []struct {
		name   string
		policy assignment.Policy
		says   []string
	}{
		{"names", policy(rule("", network), rule("a", network), rule("a", network)), []string{`not ""`, `not "a"`}},
		{"nothing", policy(assignment.Rule{Name: "r"}), []string{"give it kinds and steps"}},
		{"moments", policy(assignment.Rule{Name: "r", Kinds: []string{incident.Kind}, On: []assignment.Moment{"closed", assignment.Asked}, Steps: []assignment.Step{network}}),
			[]string{`no moment "closed"`, `no moment "asked"`}},
		{"methods", policy(rule("r", in("a", "random"), in("a", ""))), []string{`no method "random"`, `no method ""`}},
		{"nobody", faulty(func(s *assignment.Step) { s.Method = assignment.Person }), []string{"name the person"}},
		{"the erased", faulty(func(s *assignment.Step) { s.Method, s.Person = assignment.Person, itsm.Erased }), []string{"name the person"}},
		{"a person too many", faulty(func(s *assignment.Step) { s.Person = "ann" }), []string{"with the method person"}},
		{"no skills", policy(rule("r", in("a", assignment.BySkill), in("a", assignment.SkillThenLoad))), []string{"step 1: name skills", "step 2: name skills"}},
		{"skills in vain", faulty(func(s *assignment.Step) { s.Method, s.Skills.Names = assignment.GroupOnly, []string{"mail"} }), []string{"asks for no skills"}},
		{"no skill", faulty(func(s *assignment.Step) { s.Skills.Names = []string{"", "mail:", "mail:0", "mail:a", " mail"} }),
			[]string{`"" is no`, `"mail:" is no`, `"mail:0" is no`, `"mail:a" is no`, `" mail" is no`}},
		{"capacity", policy(rule("r", assignment.Step{Group: "a", Method: assignment.RoundRobin, Capacity: -1}, assignment.Step{Group: "a", Method: assignment.GroupOnly, Capacity: 1})),
			[]string{"step 1: a capacity", "step 2: a capacity"}},
		{"never tried", policy(rule("r", in("a", assignment.GroupOnly), network)), []string{"is never tried"}},
		{"shifts", assignment.Policy{Shifts: []assignment.Shift{{}, {Name: "a", Group: "g", Calendar: calendar.Always()}, {Name: "a", Group: "g", Calendar: &calendar.Calendar{}}}},
			[]string{`not ""`, "name its group", "give it a calendar", `not "a"`, "never open"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.policy.Check()
			require.ErrorIs(t, err, itsm.ErrInvalid)
			for _, words := range test.says {
				assert.ErrorContains(t, err, words)
			}
			assert.Len(t, err.(interface{ Unwrap() []error }).Unwrap(), len(test.says), "%v", err)
		})
	}
	fine := policy(rule("r", network))
	require.NoError(t, fine.Check())
}

// What only the kernel knows is checked when it is opened, with all faults at once.
func TestNamesAreCheckedAtOpen(t *testing.T) {
	p := policy(
		assignment.Rule{Name: "kinds", Kinds: []string{"ticket", assignment.Kind}, Steps: []assignment.Step{network}},
		assignment.Rule{Name: "columns", Kinds: []string{incident.Kind}, When: itsm.Where("colour").Is("red"), Steps: []assignment.Step{
			{Group: "network", Method: assignment.BySkill, Skills: assignment.Skills{Column: "custom.skills"}},
		}},
		assignment.Rule{Name: "types", Kinds: []string{incident.Kind}, When: itsm.Where("priority").Is("high"), Steps: []assignment.Step{network}},
		assignment.Rule{Name: "operators", Kinds: []string{incident.Kind}, When: itsm.Filter{Op: "like", Column: "title", Values: []field.Value{field.Text("x")}}, Steps: []assignment.Step{network}},
	)
	p.Load = []string{"release"}
	p.Triggers = map[string][]lifecycle.Trigger{incident.Kind: {"give", incident.TriggerConfirm}, "request": {"assign"}}
	_, err := desk.Open(t.Context(), desk.Config{Assignment: p})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, words := range []string{
		`no practice registered the kind "ticket"`, `rotation has no column "open_assignee"`, `no column "colour"`, `no column "custom.skills"`,
		"the column priority holds", `"like" is no operator`, `the kind "release"`, `no rule is for "request"`, `no trigger "give"`, "hands a ticket over in no open state",
	} {
		assert.ErrorContains(t, err, words)
	}
}

func TestADeskWithoutRules(t *testing.T) {
	f := newFixture(t, assignment.Policy{})
	assert.NotContains(t, f.Kinds(), assignment.Kind)
	inc := f.report(incident.Report{Group: "network"})
	assert.Empty(t, inc.Assignee)
	_, err := f.Assignment.Propose(f.zoe, inc.Ref())
	assert.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.Assignment.WhatIf(f.zoe, inc.Ref(), incident.TriggerAssign, nil)
	assert.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = assignment.New(f.Kernel, policy(rule("r", network)))
	assert.ErrorIs(t, err, itsm.ErrInvalid, "too late")
}

// The desk has its own copy of the policy.
func TestThePolicyIsCopied(t *testing.T) {
	p := policy(rule("r", network))
	p.Rules[0].When = itsm.All(itsm.Where("category").In("vpn"))
	f := newFixture(t, p)
	p.Rules[0].When.Parts[0].Values[0] = field.Text("mail")
	p.Rules[0].Steps[0].Group, p.Rules[0].Kinds[0] = "servers", "ticket"
	assert.Equal(t, "ann", f.report(incident.Report{Category: "vpn"}).Assignee)
}

func TestShifts(t *testing.T) {
	spec := func(hours calendar.Hours) *calendar.Calendar {
		c, err := calendar.New(calendar.Spec{Zone: "Europe/Berlin", Weekly: calendar.Daily(hours)})
		require.NoError(t, err)
		return c
	}
	p := policy(rule("r", network))
	p.Shifts = []assignment.Shift{
		{Name: "day", Group: "network", Calendar: spec("08:00-16:00")},
		{Name: "night", Group: "network", Members: []string{"ben"}, Calendar: spec("20:00-24:00")},
		{Name: "early", Group: "network", Members: []string{"ben"}, Calendar: spec("06:00-08:00")},
		{Name: "others", Group: "servers", Calendar: spec("02:00-03:00")},
	}
	f := newFixture(t, p)
	at := func(hour int) []string {
		f.clock.Set(f.clock.Now().Truncate(24 * time.Hour).Add(24*time.Hour + time.Duration(hour)*time.Hour))
		return f.reports(2, incident.Report{})
	}
	assert.Equal(t, []string{"ann", "cem"}, at(7), "08:00 in Berlin: the shift of all but ben")
	assert.Equal(t, []string{"ben", "ben"}, at(20))
	assert.Equal(t, []string{"ben", "ben"}, at(5))
	assert.Equal(t, []string{"", ""}, at(15), "16:00 is closed")
	d := f.decision(f.report(incident.Report{}))
	assert.Equal(t, map[assignment.Reason]int{assignment.OutOfShift: 3}, d.Steps[0].LeftOut)
	itsmtest.RequireVerified(t, f.root, f.Kernel, itsm.Ref{Kind: assignment.Kind, ID: "network"})
}

// A group of any size: who is counted is bounded, and who waits longest is counted first.
func TestABigGroup(t *testing.T) {
	step := in("crowd", assignment.LeastLoad)
	f := newFixture(t, policy(rule("r", step)))
	var members []string
	for i := range assignment.MaxMembers + 5 {
		id := string([]byte{'m', byte('0' + i/1000%10), byte('0' + i/100%10), byte('0' + i/10%10), byte('0' + i%10)})
		members = append(members, id)
	}
	f.staff.Directory = itsmtest.Directory{Groups: []itsm.Group{{ID: "crowd", Members: members}}}
	for _, m := range members[:assignment.MaxCounted+2] {
		f.staff.People = append(f.staff.People, itsm.Profile{ID: m})
	}
	seen := map[string]bool{}
	for range assignment.MaxCounted + 2 {
		inc := f.report(incident.Report{})
		require.NotEmpty(t, inc.Assignee)
		require.False(t, seen[inc.Assignee], "everybody once before anybody twice")
		seen[inc.Assignee] = true
	}
	d := f.decision(f.report(incident.Report{}))
	assert.Equal(t, assignment.MaxMembers, d.Steps[0].Candidates)
	choices, err := f.Assignment.WhatIf(f.zoe, itsm.Ref{Kind: incident.Kind}, incident.TriggerReport, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	counted := 0
	for _, c := range choices[0].Candidates {
		if c.Load >= 0 {
			counted++
		}
	}
	assert.Equal(t, assignment.MaxCounted, counted)
}
