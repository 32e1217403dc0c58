package assignment_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/assignment"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// monday is the instant at which tests begin: a Monday morning.
var monday = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// staff is a directory that tests may change between commands.
type staff struct {
	itsmtest.Directory
	fails bool
}

func (s *staff) Group(ctx context.Context, tenant, id string) (itsm.Group, error) {
	if s.fails {
		return itsm.Group{}, errors.New("no connection")
	}
	return s.Directory.Group(ctx, tenant, id)
}

func newStaff() *staff {
	return &staff{Directory: itsmtest.Directory{
		People: []itsm.Profile{
			{ID: "ann", Skills: []string{"network:3", "vpn"}},
			{ID: "ben", Skills: []string{"network", "mail"}},
			{ID: "cem", Skills: []string{"mail:2"}},
			{ID: "dan"},
		},
		Groups: []itsm.Group{
			{ID: "network", Members: []string{"ann", "ben", "cem"}},
			{ID: "servers", Members: []string{"dan"}},
			{ID: "empty"},
			{ID: "ghosts", Members: []string{"eve", itsm.Erased, ""}},
		},
	}}
}

func (s *staff) away(person string, from, until time.Time) {
	s.Absences = append(s.Absences, itsmtest.Absence{Person: person, From: from, Until: until})
}

type fixture struct {
	*desk.Desk
	t              testing.TB
	clock          *itsmtest.Clock
	staff          *staff
	config         desk.Config
	bob, zoe, root context.Context
}

func newFixture(t testing.TB, p assignment.Policy, change ...func(*fixture)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: itsmtest.NewClock(monday), staff: newStaff()}
	f.bob = itsmtest.As(t.Context(), itsmtest.Requester("bob"))
	f.zoe = itsmtest.As(t.Context(), itsmtest.Agent("zoe"))
	f.root = itsmtest.As(t.Context(), itsmtest.Administrator("root"))
	f.config = desk.Config{Store: memory.New(), Clock: f.clock, Directory: f.staff, Assignment: p}
	f.config.Incidents.Custom = field.Schema{Version: 1, Fields: []field.Declaration{{Name: "needs", Title: "Needs", Kind: field.KindList}}}
	for _, c := range change {
		c(f)
	}
	f.Desk = f.node()
	f.clock.Attach(f.Desk)
	return f
}

// node opens another desk on the same store.
func (f *fixture) node() *desk.Desk {
	f.t.Helper()
	d, err := desk.Open(f.t.Context(), f.config)
	require.NoError(f.t, err)
	return d
}

func (f *fixture) report(r incident.Report, with ...itsm.Option) incident.Incident {
	f.t.Helper()
	r.Title = "VPN down"
	inc, err := f.Incidents.Report(f.zoe, r, with...)
	require.NoError(f.t, err)
	return inc
}

// reports answers who got n tickets one after the other.
func (f *fixture) reports(n int, r incident.Report) []string {
	f.t.Helper()
	var who []string
	for range n {
		who = append(who, f.report(r).Assignee)
	}
	return who
}

// decision reads the only decision in the last event of a ticket.
func (f *fixture) decision(inc incident.Incident) assignment.Decision {
	f.t.Helper()
	history, err := f.Incidents.History(f.zoe, inc.ID, inc.Version-1, 0)
	require.NoError(f.t, err)
	require.Len(f.t, history, 1)
	decisions := assignment.Decisions(&history[0])
	require.Len(f.t, decisions, 1)
	return decisions[0]
}

func rule(name string, steps ...assignment.Step) assignment.Rule {
	return assignment.Rule{Name: name, Kinds: []string{incident.Kind}, Steps: steps}
}

func policy(rules ...assignment.Rule) assignment.Policy { return assignment.Policy{Rules: rules} }

func in(group string, m assignment.Method) assignment.Step {
	return assignment.Step{Group: group, Method: m}
}

var network = in("network", assignment.RoundRobin)

func TestWhatARuleDoes(t *testing.T) {
	skills := func(any bool, names ...string) assignment.Step {
		return assignment.Step{Group: "network", Method: assignment.BySkill, Skills: assignment.Skills{Names: names, Any: any}}
	}
	by := func(column string) assignment.Step {
		return assignment.Step{Group: "network", Method: assignment.BySkill, Skills: assignment.Skills{Column: column}}
	}
	person := func(id, group string) assignment.Step {
		return assignment.Step{Group: group, Method: assignment.Person, Person: id}
	}
	needs := func(skills ...string) incident.Report {
		return incident.Report{Custom: field.FromMap(map[string]field.Value{"needs": field.List(skills...)})}
	}
	type left = map[assignment.Reason]int
	tests := []struct {
		name          string
		steps         []assignment.Step
		report        incident.Report
		away          []string
		group, person string
		nobody        bool
		left          left // in the last step
		fault         assignment.Fault
	}{
		{name: "a group alone", steps: []assignment.Step{in("network", assignment.GroupOnly)}, group: "network"},
		{name: "round robin", steps: []assignment.Step{network}, group: "network", person: "ann", left: left{assignment.NotWaitingLongest: 2}},
		{name: "the absent wait", steps: []assignment.Step{network}, away: []string{"ann"}, group: "network", person: "ben",
			left: left{assignment.Absent: 1, assignment.NotWaitingLongest: 1}},
		{name: "all are absent", steps: []assignment.Step{network}, away: []string{"ann", "ben", "cem"}, group: "network", nobody: true, left: left{assignment.Absent: 3}},
		{name: "the ticket's group", steps: []assignment.Step{in("", assignment.RoundRobin)}, report: incident.Report{Group: "servers"}, group: "servers", person: "dan"},
		{name: "all skills", steps: []assignment.Step{skills(false, "network", "mail")}, group: "network", person: "ben",
			left: left{assignment.LacksSkill: 1, assignment.NotWaitingLongest: 1}},
		{name: "any skill", steps: []assignment.Step{skills(true, "mail", "fax")}, group: "network", person: "ben"},
		{name: "a level", steps: []assignment.Step{skills(false, "mail:2")}, group: "network", person: "cem", left: left{assignment.LacksSkill: 2}},
		{name: "a level that nobody has", steps: []assignment.Step{skills(false, "network:4")}, group: "network", nobody: true, left: left{assignment.LacksSkill: 3}},
		{name: "a column", steps: []assignment.Step{by("category")}, report: incident.Report{Category: "mail"}, group: "network", person: "ben"},
		{name: "an empty column asks for nothing", steps: []assignment.Step{by("category")}, group: "network", person: "ann"},
		{name: "a list", steps: []assignment.Step{by("custom.needs")}, report: needs("mail", "network"), group: "network", person: "ben"},
		{name: "what is no skill", steps: []assignment.Step{by("category")}, report: incident.Report{Category: "mail:no"}, group: "network", nobody: true, left: left{assignment.LacksSkill: 3}},
		{name: "a person", steps: []assignment.Step{person("cem", "network")}, group: "network", person: "cem"},
		{name: "a person without a group", steps: []assignment.Step{person("dan", "")}, person: "dan"},
		{name: "a person of another group", steps: []assignment.Step{person("dan", "network")}, group: "network", nobody: true, fault: assignment.NotInGroup},
		{name: "a stranger", steps: []assignment.Step{person("eve", "")}, nobody: true, left: left{assignment.Unknown: 1}},
		{name: "the erased and the unknown", steps: []assignment.Step{in("ghosts", assignment.RoundRobin)}, group: "ghosts", nobody: true, left: left{assignment.Unknown: 1}},
		{name: "a person, or else the group", steps: []assignment.Step{person("ann", "network"), network}, away: []string{"ann"}, group: "network", person: "ben",
			left: left{assignment.Absent: 1, assignment.NotWaitingLongest: 1}},
		{name: "another group", steps: []assignment.Step{in("empty", assignment.RoundRobin), in("servers", assignment.LeastLoad)}, group: "servers", person: "dan"},
		{name: "no group anywhere", steps: []assignment.Step{in("attic", assignment.RoundRobin), in("empty", assignment.LeastLoad)}, group: "attic", nobody: true},
		{name: "a group that nobody knows", steps: []assignment.Step{in("attic", assignment.RoundRobin)}, group: "attic", nobody: true, fault: assignment.UnknownGroup},
		{name: "at last a group alone", steps: []assignment.Step{in("empty", assignment.RoundRobin), in("servers", assignment.GroupOnly)}, group: "servers", nobody: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, policy(rule("r", test.steps...)))
			for _, person := range test.away {
				f.staff.away(person, monday, time.Time{})
			}
			before, err := f.Assignment.WhatIf(f.zoe, itsm.Ref{Kind: incident.Kind}, incident.TriggerReport, func() incident.Report {
				r := test.report
				r.Title = "VPN down"
				return r
			}())
			require.NoError(t, err)

			inc := f.report(test.report)
			assert.Equal(t, test.group, inc.Group)
			assert.Equal(t, test.person, inc.Assignee)
			d := f.decision(inc)
			assert.Equal(t, test.nobody, d.Nobody)
			assert.Equal(t, assignment.Reported, d.Moment)
			last := d.Steps[len(d.Steps)-1]
			if test.left != nil {
				assert.Equal(t, test.left, left(last.LeftOut))
			}
			assert.Equal(t, test.fault, last.Fault)

			require.Len(t, before, 1, "the same was answered beforehand")
			assert.Equal(t, test.person, before[0].Person)
			assert.Equal(t, d, before[0].Decision)
			itsmtest.RequireVerified(t, f.zoe, f.Kernel, inc.Ref())
		})
	}
}

func TestTheFirstRuleThatFits(t *testing.T) {
	vip := rule("vip", in("servers", assignment.RoundRobin))
	vip.When = itsm.All(itsm.Where("priority").Equals(field.Int(1)), itsm.Where("custom.needs").Is("care"))
	mail := rule("mail", in("", assignment.BySkill))
	mail.Steps[0].Skills.Names = []string{"mail"}
	mail.When = itsm.Where("category").Is("mail")
	rest := rule("rest", network)
	f := newFixture(t, policy(vip, mail, rest))
	care := field.FromMap(map[string]field.Value{"needs": field.List("care")})

	inc := f.report(incident.Report{Impact: itsm.Critical, Urgency: itsm.Critical, Custom: care})
	assert.Equal(t, "dan", inc.Assignee)
	assert.Equal(t, "vip", f.decision(inc).Rule)
	assert.Equal(t, "rest", f.decision(f.report(incident.Report{Custom: care})).Rule)
	assert.Equal(t, "mail", f.decision(f.report(incident.Report{Category: "mail", Group: "network"})).Rule)
	assert.Equal(t, "rest", f.decision(f.report(incident.Report{Category: "mail"})).Rule, "a rule for the ticket's group needs one")

	inc = f.report(incident.Report{Group: "servers"})
	assert.Empty(t, inc.Assignee, "whoever named another group meant it")
	assert.Equal(t, "servers", inc.Group)
	itsmtest.RequireNoEvent(t, f.zoe, f.Kernel, inc.Ref(), "incident.assigned")
}

func TestMoments(t *testing.T) {
	own := in("", assignment.RoundRobin)
	f := newFixture(t, policy(rule("r", own)))
	inc := f.report(incident.Report{})
	assert.Empty(t, inc.Group, "no rule fits a ticket without a group")

	inc, err := f.Incidents.Assign(f.zoe, inc.ID, incident.Assignment{Group: "network"})
	require.NoError(t, err)
	assert.Equal(t, "ann", inc.Assignee)
	assert.Equal(t, assignment.Handed, f.decision(inc).Moment)
	assert.Zero(t, inc.Reassignments, "the first person of a group")

	inc, err = f.Incidents.Start(f.zoe, inc.ID)
	require.NoError(t, err)
	f.staff.Groups[0].Members = []string{"ann"}
	inc, err = f.Incidents.ReturnToQueue(f.zoe, inc.ID, incident.Queue{})
	require.NoError(t, err)
	assert.Empty(t, inc.Assignee, "who gave it back does not get it again")
	d := f.decision(inc)
	assert.Equal(t, assignment.Returned, d.Moment)
	assert.True(t, d.Nobody)
	assert.Equal(t, map[assignment.Reason]int{assignment.HadIt: 1}, d.Steps[0].LeftOut)

	f.staff.Groups[0].Members = []string{"ann", "ben", "cem"}
	inc, err = f.Incidents.Reassign(f.zoe, inc.ID, incident.Assignment{Group: "network", Assignee: "cem"})
	require.NoError(t, err)
	assert.Equal(t, "cem", inc.Assignee, "somebody named a person")
	inc, err = f.Incidents.Resolve(f.zoe, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Restarted."})
	require.NoError(t, err)
	inc, err = f.Incidents.Reopen(f.zoe, inc.ID, incident.Reopen{Reason: "again"})
	require.NoError(t, err)
	assert.Equal(t, "cem", inc.Assignee, "who had it is there")

	inc, err = f.Incidents.Resolve(f.zoe, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Restarted."})
	require.NoError(t, err)
	f.staff.away("cem", monday, time.Time{})
	inc, err = f.Incidents.Reopen(f.zoe, inc.ID, incident.Reopen{Reason: "again"})
	require.NoError(t, err)
	assert.Equal(t, "ben", inc.Assignee)
	assert.Equal(t, incident.StateAssigned, inc.State)
	assert.Equal(t, assignment.Reopened, f.decision(inc).Moment)

	inc, err = f.Incidents.Hold(f.zoe, inc.ID, incident.Hold{Reason: itsm.HoldVendor})
	require.NoError(t, err)
	inc, err = f.Incidents.Edit(f.zoe, inc.ID, itsm.Patch{"category": field.Text("mail")}, itsm.To("servers", ""))
	require.NoError(t, err)
	assert.Equal(t, "dan", inc.Assignee)
	assert.Equal(t, incident.StateOnHold, inc.State, "what waits goes on waiting")
	itsmtest.RequireVerified(t, f.zoe, f.Kernel, inc.Ref())
}

func TestMomentsAreSwitched(t *testing.T) {
	r := rule("r", in("", assignment.RoundRobin))
	r.On = []assignment.Moment{assignment.Handed}
	f := newFixture(t, policy(r))
	inc := f.report(incident.Report{Group: "network"})
	assert.Empty(t, inc.Assignee)
	inc, err := f.Incidents.Assign(f.zoe, inc.ID, incident.Assignment{Group: "servers"})
	require.NoError(t, err)
	assert.Equal(t, "dan", inc.Assignee)
	inc, err = f.Incidents.Start(f.zoe, inc.ID)
	require.NoError(t, err)
	inc, err = f.Incidents.ReturnToQueue(f.zoe, inc.ID, incident.Queue{})
	require.NoError(t, err)
	assert.Empty(t, inc.Assignee)
}

func TestAPersonWhoIsNamedStays(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)))
	assert.Equal(t, "dan", f.report(incident.Report{Assignee: "dan"}).Assignee)
	assert.Equal(t, "eve", f.report(incident.Report{}, itsm.To("network", "eve")).Assignee)
	n, err := f.Assignment.Rotations.Count(f.root, itsm.Query{})
	require.NoError(t, err)
	assert.Zero(t, n, "nothing was chosen")
}

func TestHistoryIsNotAssigned(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)))
	inc, err := f.Incidents.Report(f.root, incident.Report{Title: "old", Group: "network"}, itsm.At(monday.AddDate(-1, 0, 0)))
	require.NoError(t, err)
	assert.Empty(t, inc.Assignee)
}

// A host's own rule that hands a ticket to a group is answered too; the rules do not answer themselves.
func TestAnotherHookHandsOver(t *testing.T) {
	f := newFixture(t, policy(rule("r", in("", assignment.RoundRobin))), func(f *fixture) {
		f.config.Hooks = []itsm.Hook{{
			Name: "triage", Kinds: []string{incident.Kind}, AfterAct: func(u *itsm.Unit, c itsm.Change) error {
				if c.Trigger != incident.TriggerReport {
					return nil
				}
				return u.Do(u.Ref(), incident.TriggerAssign, incident.Assignment{Group: "servers"})
			},
		}}
	})
	inc := f.report(incident.Report{})
	assert.Equal(t, "dan", inc.Assignee)
	assert.Equal(t, assignment.Handed, f.decision(inc).Moment)
}

// A group with nobody must not make rules answer each other for ever.
func TestNobodyIsOneDecision(t *testing.T) {
	own := rule("own", in("", assignment.RoundRobin))
	f := newFixture(t, policy(rule("first", in("empty", assignment.RoundRobin)), own))
	inc := f.report(incident.Report{})
	assert.Equal(t, "empty", inc.Group)
	assert.Equal(t, "first", f.decision(inc).Rule)
}

func TestLoad(t *testing.T) {
	step := in("network", assignment.LeastLoad)
	f := newFixture(t, policy(rule("r", step)))
	give := func(person string, n int) {
		for range n {
			f.report(incident.Report{Assignee: person})
		}
	}
	give("ann", 2)
	give("ben", 1)
	give("cem", 3)
	assert.Equal(t, []string{"ben", "ann", "ben"}, f.reports(3, incident.Report{}), "the fewest, and of equals who has waited longest")
	assert.Equal(t, []string{"cem", "ann", "ben", "cem"}, f.reports(4, incident.Report{}))

	inc := f.report(incident.Report{})
	_, err := f.Incidents.Resolve(f.zoe, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Restarted."})
	require.NoError(t, err)
	require.Equal(t, "ann", inc.Assignee)
	assert.Equal(t, []string{"ben", "ann"}, f.reports(2, incident.Report{}), "what is resolved is no load")
}

func TestCapacity(t *testing.T) {
	step := network
	step.Capacity = 2
	f := newFixture(t, policy(rule("r", step, in("servers", assignment.RoundRobin))))
	who := f.reports(7, incident.Report{})
	assert.Equal(t, []string{"ann", "ben", "cem", "ann", "ben", "cem", "dan"}, who)
	inc := f.report(incident.Report{})
	d := f.decision(inc)
	assert.Equal(t, map[assignment.Reason]int{assignment.Full: 3}, d.Steps[0].LeftOut)
	assert.Equal(t, "servers", d.Group)
}

func TestSkillThenLoad(t *testing.T) {
	step := assignment.Step{Group: "network", Method: assignment.SkillThenLoad, Skills: assignment.Skills{Names: []string{"mail"}}}
	f := newFixture(t, policy(rule("r", step)))
	f.report(incident.Report{Assignee: "ben"})
	inc := f.report(incident.Report{})
	assert.Equal(t, "cem", inc.Assignee)
	assert.Equal(t, map[assignment.Reason]int{assignment.LacksSkill: 1, assignment.HigherLoad: 1}, f.decision(inc).Steps[0].LeftOut)
}

// A ticket in a group of a later step goes on from there.
func TestARuleBeginsInTheTicketsGroup(t *testing.T) {
	f := newFixture(t, policy(rule("r", network, in("servers", assignment.RoundRobin), in("", assignment.LeastLoad))))
	assert.Equal(t, "dan", f.report(incident.Report{Group: "servers"}).Assignee)
	f.staff.Groups = append(f.staff.Groups, itsm.Group{ID: "mail", Members: []string{"cem"}})
	assert.Equal(t, "cem", f.report(incident.Report{Group: "mail"}).Assignee)
	assert.Equal(t, "ann", f.report(incident.Report{}).Assignee)
	inc := f.report(incident.Report{Group: "empty"})
	assert.Equal(t, "empty", inc.Group)
	assert.True(t, f.decision(inc).Nobody)
}

// The lifecycle decides: what it refuses leaves the ticket as it was, says so, and costs nobody a turn.
func TestTheLifecycleRefuses(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)), func(f *fixture) {
		f.config.Incidents.Overlays = overlayWithGuard()
		f.config.Incidents.Extend = refuseAnn
	})
	inc := f.report(incident.Report{})
	assert.Empty(t, inc.Assignee)
	assert.Equal(t, incident.StateNew, inc.State)
	assert.True(t, f.decision(inc).Refused)
	itsmtest.RequireEvent(t, f.zoe, f.Kernel, inc.Ref(), "incident.reported", itsmtest.WithFact("refused"))
	r, err := f.Assignment.Rotations.Get(f.root, "network")
	require.NoError(t, err)
	assert.Zero(t, r.Turns)
	choice, err := f.Assignment.Propose(f.zoe, inc.Ref())
	require.NoError(t, err)
	assert.Equal(t, "ann", choice.Person, "her turn is still to come")
}

// A directory that fails holds up no caller.
func TestTheDirectoryFails(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)))
	f.staff.fails = true
	inc := f.report(incident.Report{})
	assert.Equal(t, "network", inc.Group)
	d := f.decision(inc)
	assert.True(t, d.Nobody)
	assert.Equal(t, assignment.DirectoryFails, d.Steps[0].Fault)
}

func TestPropose(t *testing.T) {
	f := newFixture(t, policy(rule("r", in("network", assignment.LeastLoad))))
	f.report(incident.Report{Assignee: "ann"})
	f.staff.away("cem", monday, time.Time{})
	inc := f.report(incident.Report{})
	require.Equal(t, "ben", inc.Assignee)

	choice, err := f.Assignment.Propose(f.zoe, inc.Ref())
	require.NoError(t, err)
	assert.Equal(t, "ann", choice.Person)
	assert.Equal(t, assignment.Asked, choice.Moment)
	assert.ElementsMatch(t, []assignment.Candidate{
		{Step: 1, Person: "ann", Load: 1},
		{Step: 1, Person: "ben", Load: -1, Reason: assignment.HadIt},
		{Step: 1, Person: "cem", Load: -1, Reason: assignment.Absent},
	}, choice.Candidates)

	after, err := f.Incidents.Get(f.zoe, inc.ID)
	require.NoError(t, err)
	assert.Equal(t, inc, after, "nothing was written")
	r, err := f.Assignment.Rotations.Get(f.root, "network")
	require.NoError(t, err)
	assert.EqualValues(t, 1, r.Turns)

	_, err = f.Assignment.Propose(f.bob, inc.Ref())
	assert.ErrorIs(t, err, itsm.ErrNotFound, "not the caller's ticket")
	mine, err := f.Incidents.Report(f.bob, incident.Report{Title: "mine"})
	require.NoError(t, err)
	_, err = f.Assignment.Propose(f.bob, mine.Ref())
	assert.ErrorIs(t, err, itsm.ErrDenied, "callers do not see who is away")
	_, err = f.Assignment.WhatIf(f.bob, itsm.Ref{Kind: incident.Kind}, incident.TriggerReport, incident.Report{Title: "mine"})
	assert.ErrorIs(t, err, itsm.ErrDenied)
	_, err = f.Assignment.Propose(t.Context(), inc.Ref())
	assert.ErrorIs(t, err, itsm.ErrNoActor)
	_, err = f.Assignment.Propose(itsmtest.As(t.Context(), itsmtest.Agent("zoe", itsmtest.InTenant("other"))), inc.Ref())
	assert.ErrorIs(t, err, itsm.ErrNotFound)

	_, err = f.Incidents.Resolve(f.zoe, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Restarted."})
	require.NoError(t, err)
	_, err = f.Assignment.Propose(f.zoe, inc.Ref())
	assert.ErrorIs(t, err, itsm.ErrInvalid)
	choices, err := f.Assignment.WhatIf(f.zoe, mine.Ref(), incident.TriggerReturn, nil)
	assert.ErrorIs(t, err, itsm.ErrRefused, "the command's own error")
	assert.Empty(t, choices)
}

// Nobody but the rules takes turns or asks questions by name.
func TestRotationsAreTheRules(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)))
	f.report(incident.Report{})
	for _, by := range []context.Context{f.zoe, f.root, f.bob} {
		_, err := f.Do(by, itsm.Ref{Kind: assignment.Kind, ID: "network"}, "turn", nil)
		assert.Error(t, err)
		for _, trigger := range []string{"open", "propose"} {
			_, err = f.Do(by, itsm.Ref{Kind: assignment.Kind}, lifecycleTrigger(trigger), nil)
			assert.Error(t, err)
		}
	}
	n, err := f.Assignment.Rotations.Count(f.root, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)

	_, err = f.Do(f.root, itsm.Ref{Kind: assignment.Kind, ID: "network"}, assignment.TriggerReset, nil)
	require.NoError(t, err)
	assert.Equal(t, "ann", f.report(incident.Report{}).Assignee, "after a reset everybody begins anew")
	itsmtest.RequireVerified(t, f.root, f.Kernel, itsm.Ref{Kind: assignment.Kind, ID: "network"})
}

// Who is chosen, or waits, is personal: it stands in no fact, and an erasure reaches every row.
func TestPeopleAreSealed(t *testing.T) {
	var feed []*itsm.Event
	f := newFixture(t, policy(rule("r", in("network", assignment.LeastLoad))), func(f *fixture) {
		f.config.Subscribers = []itsm.Subscriber{{Name: "feed", Handle: func(_ context.Context, e *itsm.Event) error {
			feed = append(feed, e)
			return nil
		}}}
	})
	f.reports(4, incident.Report{})
	require.NoError(t, f.clock.Advance(t.Context(), time.Minute))
	require.NotEmpty(t, feed)
	for _, e := range feed {
		for _, person := range []string{"ann", "ben", "cem"} {
			assert.NotContains(t, string(e.Facts), person)
		}
	}

	_, err := f.Erase(f.root, "ann", "left the company")
	require.NoError(t, err)
	ref := itsm.Ref{Kind: assignment.Kind, ID: "network"}
	itsmtest.RequireVerified(t, f.root, f.Kernel, ref)
	snap, err := f.config.Store.Snapshot(t.Context())
	require.NoError(t, err)
	defer snap.Close()
	rows, err := snap.Rows(t.Context(), nil, itsm.Key{Tenant: itsmtest.Tenant, Kind: ref.Kind, ID: ref.ID}, "", 0, 0)
	require.NoError(t, err)
	require.Len(t, rows, 3)
	assert.False(t, slices.ContainsFunc(rows, func(r itsm.Row) bool { return r.Sealed.Subject == "ann" }))

	f.staff.Groups[0].Members = []string{"ben", "cem"}
	assert.NotContains(t, f.reports(4, incident.Report{}), "ann")
	r, err := f.Assignment.Rotations.Get(f.root, "network")
	require.NoError(t, err)
	assert.Len(t, r.Queue, 2, "the place of who was erased is gone")
	itsmtest.RequireVerified(t, f.root, f.Kernel, ref)
}
