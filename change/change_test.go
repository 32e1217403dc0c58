package change_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/task"
)

var tuesday = window("2026-03-03T20:00:00Z", 2)

func TestPlansByRisk(t *testing.T) {
	risky := change.RiskPolicy{Rules: []change.RiskRule{{Name: "core", When: itsm.Where("items").Is("core1"), Level: itsm.High}}}
	f := open(t, change.Config{Risk: risky})
	for _, c := range []struct {
		name  string
		items []string
		plans change.Plans
		lacks string
	}{
		{"a low risk takes an implementation plan", nil, change.Plans{Test: "x"}, "implementation"},
		{"and no more", nil, change.Plans{Implementation: "x"}, ""},
		{"a high one a test plan", []string{"core1"}, change.Plans{Implementation: "x", Backout: "y"}, "test"},
		{"and a backout plan", []string{"core1"}, change.Plans{Implementation: "x", Test: "y"}, "backout"},
		{"all of them", []string{"core1"}, allPlans, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := f.draft(change.Draft{Items: c.items, Plans: c.plans})
			_, err := f.Changes.Submit(f.rita, d.ID)
			if c.lacks == "" {
				require.NoError(t, err)
				return
			}
			r := f.refused(err, change.ReasonPlan)
			assert.Equal(t, c.lacks, r.Reasons[0].Args["plan"])
			assert.Equal(t, change.StateDraft, f.get(d.ID).State, "and nothing changed")
		})
	}
}

func TestTheHighestRiskWinsAndSaysWhy(t *testing.T) {
	f := open(t, change.Config{Risk: change.RiskPolicy{
		Rules: []change.RiskRule{{Name: "network", When: itsm.Where("category").Is("network"), Level: itsm.Medium}},
		Questions: []change.Question{
			{Name: "known", Weight: 2, Required: true, Options: []change.Option{{Name: "yes"}, {Name: "no", Score: 5}}},
			{Name: "users", Weight: 1, Options: []change.Option{{Name: "few"}, {Name: "all", Score: 10}}},
		},
		Thresholds: []change.Threshold{{Above: 10, Level: itsm.High}, {Above: 20, Level: itsm.Critical}},
	}})
	c := f.draft(change.Draft{Category: "network"})
	assert.Equal(t, itsm.Medium, c.Risk)
	_, err := f.Changes.Submit(f.rita, c.ID)
	f.refused(err, change.ReasonUnanswered)
	c, err = f.Changes.Answer(f.rita, c.ID, map[string]string{"known": "no"})
	require.NoError(t, err)
	assert.Equal(t, itsm.High, c.Risk)
	c, err = f.Changes.Answer(f.rita, c.ID, map[string]string{"users": "all"})
	require.NoError(t, err)
	assert.Equal(t, itsm.Critical, c.Risk)
	assert.Equal(t, []change.Finding{
		{Engine: "questionnaire", Name: "score", Level: itsm.Critical, Why: "a score of 20, from 20 on it is critical"},
		{Engine: "rule", Name: "network", Level: itsm.Medium},
	}, c.Assessment.Get())
	_, err = f.Changes.Answer(f.rita, c.ID, map[string]string{"users": "some"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.Changes.Answer(f.rita, c.ID, map[string]string{"weather": "good"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	c, err = f.Changes.Answer(f.rita, c.ID, map[string]string{"users": ""})
	require.NoError(t, err)
	assert.Equal(t, itsm.High, c.Risk, "an answer can be taken back")
}

func TestRiskByHistory(t *testing.T) {
	f := open(t, change.Config{Risk: change.RiskPolicy{History: change.HistoryRisk{
		Days: 90, Least: 2, Bands: []change.Band{{Under: 80, Level: itsm.Medium}, {Under: 50, Level: itsm.High}},
	}}})
	for _, outcome := range []change.Outcome{change.Failed, change.Successful, change.BackedOut} {
		f.done(change.Draft{Service: "mail"}, outcome)
	}
	c := f.draft(change.Draft{Service: "mail"})
	assert.Equal(t, itsm.High, c.Risk)
	assert.Equal(t, []change.Finding{{Engine: "history", Name: "service mail", Level: itsm.High, Why: "1 of 3 successful"}}, c.Assessment.Get())
	assert.Equal(t, itsm.Low, f.draft(change.Draft{Service: "web"}).Risk, "nothing is known")
	require.NoError(t, f.clock.Advance(f.root, 120*24*time.Hour))
	assert.Equal(t, itsm.Low, f.draft(change.Draft{Service: "mail"}).Risk, "and what was long ago does not count")
}

// done brings a change to its end with an outcome; nobody is asked.
func (f *fixture) done(d change.Draft, outcome change.Outcome) change.Change {
	f.t.Helper()
	var c change.Change
	if d.Template == "" {
		c = f.assessed(d)
		_, err := f.Changes.Approve(f.mary, c.ID, change.Approving{})
		require.NoError(f.t, err)
	} else {
		c = f.draft(d)
	}
	return f.implemented(c, outcome)
}

// finish brings a draft to its end, with success.
func (f *fixture) finish(c change.Change) {
	f.t.Helper()
	_, err := f.Changes.Submit(f.rita, c.ID)
	require.NoError(f.t, err)
	_, err = f.Changes.Assess(f.ann, c.ID)
	require.NoError(f.t, err)
	c, err = f.Changes.Approve(f.mary, c.ID, change.Approving{})
	require.NoError(f.t, err)
	f.implemented(c, change.Successful)
}

func (f *fixture) implemented(c change.Change, outcome change.Outcome) change.Change {
	f.t.Helper()
	now := f.clock.Now()
	_, err := f.Changes.Schedule(f.ann, c.ID, change.Window{Start: now, End: now.Add(time.Hour)})
	require.NoError(f.t, err)
	_, err = f.Changes.Begin(f.ann, c.ID)
	require.NoError(f.t, err)
	require.NoError(f.t, f.clock.Advance(f.root, time.Hour))
	_, err = f.Changes.Finish(f.ann, c.ID, change.Finish{})
	require.NoError(f.t, err)
	c, err = f.Changes.Close(f.ann, c.ID, change.Closure{Outcome: outcome, Notes: "done"})
	require.NoError(f.t, err)
	return c
}

func TestARefusedChangeGoesBack(t *testing.T) {
	f := open(t, byVera())
	c := f.assessed(change.Draft{})
	f.vote(f.vera, c.ID, approval.Refuse)
	c = f.get(c.ID)
	assert.Equal(t, change.StateDraft, c.State)
	assert.Contains(t, c.Reason, "board")
	_, err := f.Changes.Submit(f.rita, c.ID)
	require.NoError(t, err)
	c, err = f.Changes.Assess(f.ann, c.ID)
	require.NoError(t, err)
	assert.Equal(t, 2, c.Round, "it is asked for anew")
	f.vote(f.vera, c.ID, approval.Accept)
	assert.Equal(t, change.StateApproved, f.get(c.ID).State)

	t.Run("by hand", func(t *testing.T) {
		c := f.assessed(change.Draft{})
		_, err := f.Changes.Reject(f.ann, c.ID, "")
		f.refused(err, lifecycle.MissingInput)
		_, err = f.Changes.Reject(f.ann, c.ID, "no budget")
		require.NoError(t, err)
		require.ErrorIs(t, f.tryVote(f.vera, c.ID, approval.Accept), itsm.ErrNotFound, "its ballots are gone")
	})
}

func TestNobodyApprovesAnOwnChange(t *testing.T) {
	f := open(t, change.Config{})
	c := f.assessed(change.Draft{})
	_, err := f.Changes.Approve(f.rita, c.ID, change.Approving{})
	f.refused(err, change.ReasonRequester)
	c, err = f.Changes.Approve(f.mary, c.ID, change.Approving{})
	require.NoError(t, err)
	assert.Equal(t, change.StateApproved, c.State)

	t.Run("nor by a vote", func(t *testing.T) {
		f := open(t, change.Config{Approvals: []change.ApprovalPolicy{asks(approval.Any, "rita", "vera")}})
		c := f.assessed(change.Draft{})
		require.ErrorIs(t, f.tryVote(f.rita, c.ID, approval.Accept), itsm.ErrNotFound)
		f.vote(f.vera, c.ID, approval.Accept)
		assert.Equal(t, change.StateApproved, f.get(c.ID).State)
	})
	t.Run("where only the requester could, it is told", func(t *testing.T) {
		f := open(t, change.Config{Approvals: []change.ApprovalPolicy{asks(approval.Any, "rita")}})
		c := f.draft(change.Draft{})
		_, err := f.Changes.Submit(f.rita, c.ID)
		require.NoError(t, err)
		_, err = f.Changes.Assess(f.ann, c.ID)
		require.ErrorIs(t, err, itsm.ErrInvalid)
	})
}

func TestAMaterialEditTakesAnotherApproval(t *testing.T) {
	patch := func(name string, v field.Value) itsm.Patch { return itsm.Patch{name: v} }
	for _, c := range []struct {
		patch    itsm.Patch
		material bool
	}{
		{patch("items", field.List("router2")), true},
		{patch("service", field.Text("mail")), true},
		{patch("services", field.List("mail", "web")), true},
		{patch("plans.implementation", field.Text("another way")), true},
		{patch("plans.test", field.Text("another way")), true},
		{patch("plans.backout", field.Text("another way")), true},
		{patch("plans.communication", field.Text("another way")), true},
		{patch("start", field.Instant(at("2026-03-03T19:00:00Z"))), true},
		{patch("end", field.Instant(at("2026-03-03T23:00:00Z"))), true},
		{patch("type", field.Text("emergency")), true},
		{patch("title", field.Text("Replace two routers")), false},
		{patch("description", field.Text("They are old.")), false},
		{patch("category", field.Text("network")), false},
	} {
		name := ""
		for n := range c.patch {
			name = n
		}
		t.Run(name, func(t *testing.T) {
			f := open(t, byVera())
			for _, from := range []lifecycle.State{change.StateApproved, change.StateScheduled} {
				is := f.approved(change.Draft{Items: []string{"router1"}, Start: tuesday.Start, End: tuesday.End})
				var err error
				if from == change.StateScheduled {
					is, err = f.Changes.Schedule(f.ann, is.ID, change.Window{})
					require.NoError(t, err)
				}
				content, first := is.Content, is.Approval
				is, err = f.Changes.Edit(f.ann, is.ID, c.patch)
				require.NoError(t, err)
				is = f.get(is.ID)
				if !c.material {
					assert.Equal(t, from, is.State)
					assert.Equal(t, content, is.Content)
					continue
				}
				assert.Equal(t, content+1, is.Content)
				if name == "type" {
					assert.Equal(t, change.StateDraft, is.State, "an emergency begins anew")
					continue
				}
				assert.Equal(t, change.StateAssessed, is.State)
				assert.False(t, is.Reserved, "it gives its place back")
				assert.NotEqual(t, first, is.Approval, "and another round is open")
				f.vote(f.vera, is.ID, approval.Accept)
				assert.Equal(t, change.StateApproved, f.get(is.ID).State)
				_, err = f.Changes.Cancel(f.ann, is.ID, "enough") // the next one takes the window
				require.NoError(t, err)
			}
		})
	}
	t.Run("a vote for what was edited counts for nothing", func(t *testing.T) {
		f := open(t, byVera())
		is := f.assessed(change.Draft{})
		ballots, err := f.Approvals.Waiting(f.vera)
		require.NoError(t, err)
		_, err = f.Changes.Edit(f.ann, is.ID, itsm.Patch{"plans.test": field.Text("another")})
		require.NoError(t, err)
		_, err = f.Approvals.Vote(f.vera, ballots[0].ID, approval.Choose{Choice: approval.Accept})
		require.Error(t, err)
		assert.Equal(t, change.StateAssessed, f.get(is.ID).State)
		assert.NotEqual(t, ballots[0].Of, f.get(is.ID).Approval)
	})
	t.Run("a window that is first given is no edit", func(t *testing.T) {
		f := open(t, byVera())
		is := f.approved(change.Draft{})
		is, err := f.Changes.Edit(f.ann, is.ID, itsm.Patch{"start": field.Instant(tuesday.Start), "end": field.Instant(tuesday.End)})
		require.NoError(t, err)
		assert.Equal(t, change.StateApproved, is.State)
	})
	t.Run("what is under way does not change", func(t *testing.T) {
		f := open(t, byVera())
		is := f.scheduled(change.Draft{}, tuesday)
		f.until("2026-03-03T20:00:00Z")
		_, err := f.Changes.Begin(f.ann, is.ID)
		require.NoError(t, err)
		_, err = f.Changes.Edit(f.ann, is.ID, itsm.Patch{"items": field.List("router2")})
		f.refused(err, change.ReasonUnderWay)
	})
}

func TestAnEmergency(t *testing.T) {
	t.Run("its quorum accepts", func(t *testing.T) {
		f := open(t, byVera())
		c := f.draft(change.Draft{Type: change.Emergency})
		_, err := f.Changes.Submit(f.rita, c.ID)
		f.refused(err, change.ReasonType)
		_, err = f.Changes.Approve(f.mary, c.ID, change.Approving{})
		f.refused(err, change.ReasonUndecided)
		_, err = f.Changes.RequestApproval(f.rita, c.ID)
		require.NoError(t, err)
		_, err = f.Changes.RequestApproval(f.rita, c.ID)
		f.refused(err, change.ReasonAsked)
		f.vote(f.vera, c.ID, approval.Accept)
		require.Equal(t, change.StateApproved, f.get(c.ID).State)
		c, err = f.Changes.Begin(f.ann, c.ID)
		require.NoError(t, err)
		assert.Equal(t, f.clock.Now().Add(4*time.Hour), c.End, "without a window it takes one that begins now")
	})
	t.Run("in retrospect it cannot be closed undecided", func(t *testing.T) {
		for _, choice := range []approval.Choice{approval.Accept, approval.Refuse} {
			f := open(t, byVera())
			c := f.draft(change.Draft{Type: change.Emergency})
			c, err := f.Changes.Approve(f.mary, c.ID, change.Approving{Retrospective: true, Reason: "all is down"})
			require.NoError(t, err)
			require.Equal(t, change.StateApproved, c.State)
			_, err = f.Changes.Begin(f.ann, c.ID)
			require.NoError(t, err)
			_, err = f.Changes.Finish(f.ann, c.ID, change.Finish{})
			require.NoError(t, err)
			done := change.Closure{Outcome: change.Successful, Notes: "up again"}
			_, err = f.Changes.Close(f.ann, c.ID, done)
			f.refused(err, change.ReasonUndecided)
			f.vote(f.vera, c.ID, choice)
			_, err = f.Changes.Close(f.ann, c.ID, done)
			require.NoError(t, err, choice)
		}
	})
	t.Run("refused before it begins, it does not", func(t *testing.T) {
		f := open(t, byVera())
		c := f.draft(change.Draft{Type: change.Emergency})
		_, err := f.Changes.Approve(f.mary, c.ID, change.Approving{Retrospective: true})
		require.NoError(t, err)
		f.vote(f.vera, c.ID, approval.Refuse)
		_, err = f.Changes.Begin(f.ann, c.ID)
		f.refused(err, change.ReasonRefused)
	})
	t.Run("nobody decides in retrospect where nobody is asked", func(t *testing.T) {
		f := open(t, change.Config{})
		c := f.draft(change.Draft{Type: change.Emergency})
		_, err := f.Changes.Approve(f.mary, c.ID, change.Approving{Retrospective: true})
		f.refused(err, change.ReasonNoApprovers)
		_, err = f.Changes.Approve(f.mary, c.ID, change.Approving{})
		require.NoError(t, err)
	})
}

func TestAFreezeRefusesAndNamesTheNextSlot(t *testing.T) {
	f := open(t, change.Config{Windows: []schedule.Window{freeze("quarter end", "2026-03-03T00:00:00Z", "2026-03-05T00:00:00Z")}})
	c := f.assessed(change.Draft{})
	_, err := f.Changes.Approve(f.mary, c.ID, change.Approving{})
	require.NoError(t, err)
	_, err = f.Changes.Schedule(f.ann, c.ID, tuesday)
	r := f.refused(err, "frozen")
	assert.Equal(t, "quarter end", r.Reasons[0].Args["window"])
	assert.Equal(t, "2026-03-05T00:00:00Z", r.Reasons[0].Args["next"])
	slot, err := f.Changes.NextSlot(f.ann, c.ID, change.Free{Duration: 2 * time.Hour, From: tuesday.Start})
	require.NoError(t, err)
	assert.Equal(t, at("2026-03-05T00:00:00Z"), slot.Start)

	t.Run("an override is a leader's, for the window that it has", func(t *testing.T) {
		_, err := f.Changes.Edit(f.ann, c.ID, itsm.Patch{"start": field.Instant(tuesday.Start), "end": field.Instant(tuesday.End)})
		require.NoError(t, err)
		_, err = f.Changes.Overrule(f.ann, c.ID, change.Overriding{Reason: "urgent"})
		f.refused(err, change.ReasonOverrider)
		_, err = f.Changes.Overrule(f.mary, c.ID, change.Overriding{})
		f.refused(err, lifecycle.MissingInput)
		_, err = f.Changes.Overrule(f.mary, c.ID, change.Overriding{Reason: "urgent", Codes: []schedule.Code{schedule.SameItem}})
		f.refused(err, change.ReasonNoFinding)
		is, err := f.Changes.Overrule(f.mary, c.ID, change.Overriding{Reason: "urgent"})
		require.NoError(t, err)
		assert.Equal(t, "mary", is.Override.By)
		_, err = f.Changes.Schedule(f.ann, c.ID, change.Window{})
		require.NoError(t, err)
		itsmtest.RequireEvent(t, f.root, f.Kernel, c.Ref(), "change.overridden")
		_, err = f.Changes.Edit(f.ann, c.ID, itsm.Patch{"end": field.Instant(tuesday.End.Add(time.Hour))})
		require.NoError(t, err)
		_, err = f.Changes.Approve(f.mary, c.ID, change.Approving{})
		require.NoError(t, err)
		_, err = f.Changes.Schedule(f.ann, c.ID, change.Window{})
		f.refused(err, "frozen")
	})
}

func TestAFreezeDeclaredLaterStopsWhatIsScheduled(t *testing.T) {
	f := open(t, byVera())
	c := f.scheduled(change.Draft{}, tuesday)
	declare := change.DeclareWindow{Name: "outage", Effect: schedule.Freeze, Slots: []schedule.Slot{{Start: at("2026-03-03T18:00:00Z"), End: at("2026-03-03T21:00:00Z")}}}
	_, err := f.Changes.DeclareWindow(f.ann, declare)
	require.ErrorIs(t, err, itsm.ErrDenied, "it takes somebody who may override it")
	w, err := f.Changes.DeclareWindow(f.mary, declare)
	require.NoError(t, err)
	found, err := f.Changes.Conflicts(f.ann, c.ID)
	require.NoError(t, err)
	require.Len(t, found, 1)
	f.until("2026-03-03T20:00:00Z")
	_, err = f.Changes.Begin(f.ann, c.ID)
	f.refused(err, "frozen")
	_, err = f.Changes.WithdrawWindow(f.mary, w.ID, "it is over")
	require.NoError(t, err)
	_, err = f.Changes.Begin(f.ann, c.ID)
	require.NoError(t, err)
}

func TestConflicts(t *testing.T) {
	first := change.Draft{Items: []string{"router1"}, Service: "network", Assignee: "ann"}
	for _, c := range []struct {
		name   string
		second change.Draft
		window change.Window
		code   lifecycle.Code
	}{
		{"the same item", change.Draft{Items: []string{"router1"}}, tuesday, "same_item"},
		{"the same service", change.Draft{Services: []string{"network"}}, tuesday, "same_service"},
		{"the same person", change.Draft{Assignee: "ann"}, tuesday, "same_person"},
		{"an item that depends on it", change.Draft{Items: []string{"web1"}}, tuesday, "dependent_item"},
		{"another item", change.Draft{Items: []string{"disk1"}}, tuesday, ""},
		{"when the other one has ended", change.Draft{Items: []string{"router1"}}, window("2026-03-03T22:00:00Z", 2), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := byVera()
			config.Topology = topology{"router1": {"web1"}}
			f := open(t, config)
			f.scheduled(first, tuesday)
			second := f.approved(c.second)
			_, err := f.Changes.Schedule(f.ann, second.ID, c.window)
			if c.code == "" {
				require.NoError(t, err)
				return
			}
			r := f.refused(err, c.code)
			assert.Equal(t, "CHG0000001", r.Reasons[0].Args["with"])
			_, err = f.Changes.Edit(f.ann, second.ID, itsm.Patch{"start": field.Instant(c.window.Start), "end": field.Instant(c.window.End)})
			require.NoError(t, err)
			_, err = f.Changes.Acknowledge(f.ann, second.ID, "both know")
			require.NoError(t, err)
			_, err = f.Changes.Schedule(f.ann, second.ID, change.Window{})
			require.NoError(t, err)
		})
	}
	t.Run("by policy nobody bears them", func(t *testing.T) {
		config := byVera()
		config.Conflicts = change.ConflictsRefused
		f := open(t, config)
		f.scheduled(first, tuesday)
		second := f.approved(change.Draft{Items: []string{"router1"}, Start: tuesday.Start, End: tuesday.End})
		_, err := f.Changes.Acknowledge(f.ann, second.ID, "both know")
		f.refused(err, change.ReasonPolicy)
		_, err = f.Changes.Overrule(f.mary, second.ID, change.Overriding{Reason: "I know"})
		require.NoError(t, err)
		_, err = f.Changes.Schedule(f.ann, second.ID, change.Window{})
		require.NoError(t, err)
	})
	t.Run("what is borne is borne in one window", func(t *testing.T) {
		f := open(t, byVera())
		f.scheduled(first, window("2026-03-03T18:00:00Z", 8))
		f.standard("reboot", reboot)
		c := f.draft(change.Draft{Template: "reboot", Items: []string{"router1"}, Start: tuesday.Start, End: tuesday.End})
		_, err := f.Changes.Acknowledge(f.ann, c.ID, "both know")
		require.NoError(t, err)
		_, err = f.Changes.Schedule(f.ann, c.ID, window("2026-03-03T21:00:00Z", 2))
		f.refused(err, "same_item")
		_, err = f.Changes.Schedule(f.ann, c.ID, tuesday)
		require.NoError(t, err, "what was refused changed nothing")
	})
	t.Run("and for one content", func(t *testing.T) {
		f := open(t, change.Config{Windows: []schedule.Window{freeze("stop", "2026-03-03T00:00:00Z", "2026-03-05T00:00:00Z")}})
		f.done(change.Draft{}, change.Successful)
		c := f.draft(change.Draft{Start: tuesday.Start, End: tuesday.End})
		c, err := f.Changes.Overrule(f.mary, c.ID, change.Overriding{Reason: "urgent"})
		require.NoError(t, err)
		require.NotEmpty(t, c.Override.Keys)
		c, err = f.Changes.Edit(f.ann, c.ID, itsm.Patch{"items": field.List("core1")})
		require.NoError(t, err)
		assert.Empty(t, c.Override)
	})
	t.Run("what came between is seen when it begins", func(t *testing.T) {
		f := open(t, byVera())
		a := f.scheduled(first, tuesday)
		b := f.approved(change.Draft{Items: []string{"router1"}, Start: tuesday.Start, End: tuesday.End})
		_, err := f.Changes.Acknowledge(f.ann, b.ID, "both know")
		require.NoError(t, err)
		_, err = f.Changes.Schedule(f.ann, b.ID, change.Window{})
		require.NoError(t, err)
		f.until("2026-03-03T20:00:00Z")
		_, err = f.Changes.Begin(f.ann, a.ID)
		f.refused(err, "same_item")
		_, err = f.Changes.Cancel(f.ann, b.ID, "later")
		require.NoError(t, err)
		_, err = f.Changes.Begin(f.ann, a.ID)
		require.NoError(t, err, "a cancelled change gives its place back")
	})
}

// topology is what depends on an item.
type topology map[string][]string

func (m topology) Dependents(_ context.Context, _ string, items []string, _, _ time.Time) (all []string, err error) {
	for _, i := range items {
		all = append(all, m[i]...)
	}
	return all, nil
}

func TestAHoldSuspendsTheApproval(t *testing.T) {
	f := open(t, byVera())
	c := f.assessed(change.Draft{})
	_, err := f.Changes.Hold(f.ann, c.ID, "the vendor is late")
	require.NoError(t, err)
	require.ErrorIs(t, f.tryVote(f.vera, c.ID, approval.Accept), itsm.ErrNotFound)
	_, err = f.Changes.Hold(f.ann, c.ID, "again")
	f.refused(err, change.ReasonHeld)
	c, err = f.Changes.Release(f.ann, c.ID)
	require.NoError(t, err)
	f.vote(f.vera, c.ID, approval.Accept)
	c = f.get(c.ID)
	require.Equal(t, change.StateApproved, c.State)
	_, err = f.Changes.Hold(f.ann, c.ID, "the vendor is late")
	require.NoError(t, err)
	_, err = f.Changes.Schedule(f.ann, c.ID, tuesday)
	f.refused(err, change.ReasonHeld)
}

func TestTasksOfAChange(t *testing.T) {
	f := open(t, byVera())
	c := f.scheduled(change.Draft{Tasks: []task.Work{
		{Name: "swap", Title: "Swap it", Type: task.Implementation, Mandatory: true},
		{Title: "Try it", Type: task.Test, Mandatory: true, After: []string{"swap"}},
		{Title: "Swap it back", Type: task.Backout, Mandatory: true},
		{Title: "Look at it", Type: task.Review, Mandatory: true},
	}}, tuesday)
	assert.Equal(t, []int{4, 1, 1}, []int{f.get(c.ID).OpenTasks, f.get(c.ID).OpenReviews, f.get(c.ID).OpenBackouts})
	tasks, err := f.Tasks.Of(f.ann, c.Ref())
	require.NoError(t, err)
	require.Len(t, tasks, 4)
	f.until("2026-03-03T20:00:00Z")
	_, err = f.Changes.Begin(f.ann, c.ID)
	require.NoError(t, err)
	_, err = f.Tasks.Assign(f.ann, tasks[0].ID, task.Assignment{Assignee: "ann"})
	require.NoError(t, err)
	_, err = f.Tasks.Start(f.ann, tasks[0].ID)
	require.NoError(t, err)
	_, err = f.Tasks.Complete(f.ann, tasks[0].ID, task.Completion{})
	require.NoError(t, err)
	_, err = f.Changes.Finish(f.ann, c.ID, change.Finish{})
	r := f.refused(err, change.ReasonTasks)
	assert.Equal(t, "1", r.Reasons[0].Args["open"])
	_, err = f.Changes.Finish(f.ann, c.ID, change.Finish{Waive: "no time"})
	require.NoError(t, err)
	tried, err := f.Tasks.Get(f.root, tasks[1].ID)
	require.NoError(t, err)
	assert.Equal(t, task.StateSkipped, tried.State)
	assert.Equal(t, "no time", tried.Reason)
	_, err = f.Changes.Close(f.ann, c.ID, change.Closure{Outcome: change.BackedOut, Notes: "no"})
	f.refused(err, change.ReasonTasks, change.ReasonTasks) // the review, and what was backed out
	_, err = f.Tasks.Edit(f.ann, tasks[3].ID, itsm.Patch{"type": field.Text("test")})
	require.NoError(t, err)
	assert.Equal(t, 0, f.get(c.ID).OpenReviews, "a task of another type is counted as that")
	_, err = f.Changes.Close(f.ann, c.ID, change.Closure{Outcome: change.Failed, Notes: "no"})
	require.NoError(t, err)
	assert.Equal(t, 0, f.get(c.ID).OpenTasks, "they end with the change")
}

func TestASuccessNeedsItsCriteriaMet(t *testing.T) {
	f := open(t, byVera())
	c := f.scheduled(change.Draft{Criteria: []string{"fast", "quiet"}}, tuesday)
	f.until("2026-03-03T20:00:00Z")
	_, err := f.Changes.Begin(f.ann, c.ID)
	require.NoError(t, err)
	_, err = f.Changes.Finish(f.ann, c.ID, change.Finish{})
	require.NoError(t, err)
	_, err = f.Changes.Tick(f.ann, c.ID, change.Tick{Criterion: "fast", Met: true})
	f.refused(err, lifecycle.MissingInput)
	_, err = f.Changes.Tick(f.ann, c.ID, change.Tick{Criterion: "cheap", Met: true, Evidence: "bill"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for name, met := range map[string]bool{"fast": true, "quiet": false} {
		_, err = f.Changes.Tick(f.ann, c.ID, change.Tick{Criterion: name, Met: met, Evidence: "measured"})
		require.NoError(t, err)
	}
	_, err = f.Changes.Close(f.ann, c.ID, change.Closure{Outcome: change.Successful, Notes: "n"})
	f.refused(err, change.ReasonUnmet)
	_, err = f.Changes.Close(f.ann, c.ID, change.Closure{Outcome: "splendid", Notes: "n"})
	f.refused(err, change.ReasonOutcome)
	_, err = f.Changes.Close(f.ann, c.ID, change.Closure{Outcome: change.WithIssues, Notes: "n"})
	require.NoError(t, err)
}

func TestItBeginsByItselfWhereTheDeskSaysSo(t *testing.T) {
	config := byVera()
	config.BeginAtStart = true
	f := open(t, config)
	c := f.scheduled(change.Draft{}, tuesday)
	late := f.scheduled(change.Draft{Items: []string{"x"}}, window("2026-03-03T21:00:00Z", 2))
	f.until("2026-03-03T20:00:00Z")
	assert.Equal(t, change.StateImplementing, f.get(c.ID).State)
	_, err := f.Changes.DeclareWindow(f.mary, change.DeclareWindow{Name: "stop", Effect: schedule.Freeze, Slots: []schedule.Slot{{Start: at("2026-03-03T20:00:00Z"), End: at("2026-03-03T23:30:00Z")}}})
	require.NoError(t, err)
	f.until("2026-03-03T22:00:00Z")
	assert.Equal(t, change.StateScheduled, f.get(late.ID).State, "not into a freeze")
}

func TestCopy(t *testing.T) {
	f := open(t, byVera())
	c := f.scheduled(change.Draft{
		Items: []string{"router1"}, Criteria: []string{"fast"}, Group: "network",
		Tasks: []task.Work{{Name: "a", Title: "A"}, {Title: "B", After: []string{"a"}}},
	}, tuesday)
	again, err := f.Changes.Copy(f.carl, c.ID)
	require.NoError(t, err)
	assert.Equal(t, change.StateDraft, again.State)
	assert.Equal(t, "carl", again.Caller, "who copies it asks for it")
	assert.Equal(t, []any{c.Plans, c.Items, "network"}, []any{again.Plans, again.Items, again.Group})
	assert.True(t, again.Start.IsZero())
	assert.Zero(t, again.Approved)
	tasks, err := f.Tasks.Of(f.root, again.Ref())
	require.NoError(t, err)
	require.Len(t, tasks, 2)
	assert.Equal(t, []string{tasks[0].ID}, tasks[1].Predecessors)
	links, err := f.Links(f.root, again.Ref())
	require.NoError(t, err)
	assert.Equal(t, change.CopyOf.Name, links[len(links)-3].Name)
}

func TestABoard(t *testing.T) {
	f := open(t, change.Config{
		Boards:    []change.Board{{Name: "CAB", Chair: "mary", Members: []string{"vera", "carl"}, Agenda: itsm.Where("category").IsNot("routine")}},
		Approvals: []change.ApprovalPolicy{{Name: "all", Boards: []string{"CAB"}}},
	})
	later := f.assessed(change.Draft{Start: at("2026-03-09T20:00:00Z"), End: at("2026-03-09T21:00:00Z")})
	soon := f.assessed(change.Draft{Start: tuesday.Start, End: tuesday.End})
	f.assessed(change.Draft{Category: "routine"})
	agenda, err := f.Changes.Agenda(f.mary, "CAB")
	require.NoError(t, err)
	require.Len(t, agenda, 2)
	assert.Equal(t, []string{soon.ID, later.ID}, []string{agenda[0].Change.ID, agenda[1].Change.ID})
	assert.NotEmpty(t, agenda[0].Ballot)
	_, err = f.Changes.Decide(f.vera, "CAB", soon.ID, approval.Accept, "fine")
	require.NoError(t, err)
	require.Equal(t, change.StateAssessed, f.get(soon.ID).State, "members advise")
	_, err = f.Changes.Decide(f.mary, "CAB", soon.ID, approval.Accept, "as discussed")
	require.NoError(t, err)
	require.Equal(t, change.StateApproved, f.get(soon.ID).State, "the chair decides")
	_, err = f.Changes.Decide(f.mary, "CAB", later.ID, approval.Refuse, "too early")
	require.NoError(t, err)
	require.Equal(t, change.StateDraft, f.get(later.ID).State)
	agenda, err = f.Changes.Agenda(f.mary, "CAB")
	require.NoError(t, err)
	assert.Empty(t, agenda)
	_, err = f.Changes.Agenda(f.mary, "ECAB")
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.Changes.Decide(f.ann, "CAB", later.ID, approval.Accept, "me too")
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestIncidentsThatAChangeMayHaveCaused(t *testing.T) {
	config := byVera()
	config.Suspects = change.SuspectPolicy{Within: 24 * time.Hour}
	f := open(t, config)
	c := f.scheduled(change.Draft{Items: []string{"router1"}}, tuesday)
	report := func(items ...string) itsm.Ref {
		inc, err := f.Incidents.Report(f.ann, incident.Report{Title: "No network", Items: items})
		require.NoError(t, err)
		return inc.Ref()
	}
	suspected := func(ref itsm.Ref) bool {
		links, err := f.Links(f.root, ref)
		require.NoError(t, err)
		for _, l := range links {
			if l.Name == change.MaybeCausedBy.Name && l.To == c.Ref() {
				return true
			}
		}
		return false
	}
	assert.False(t, suspected(report("router1")), "it has not begun")
	f.until("2026-03-03T20:00:00Z")
	_, err := f.Changes.Begin(f.ann, c.ID)
	require.NoError(t, err)
	during := report("router1")
	assert.True(t, suspected(during))
	assert.False(t, suspected(report("disk1")))
	under, err := f.Changes.InProgress(f.ann, itsmtest.Tenant, []string{"router1"}, f.clock.Now())
	require.NoError(t, err)
	assert.Equal(t, []string{c.ID}, under)
	_, err = f.Changes.Finish(f.ann, c.ID, change.Finish{})
	require.NoError(t, err)
	f.until("2026-03-04T08:00:00Z")
	assert.True(t, suspected(report("router1")))
	f.until("2026-03-05T08:00:00Z")
	assert.False(t, suspected(report("router1")), "too late")

	t.Run("what is confirmed counts against the change", func(t *testing.T) {
		_, err := f.Changes.Close(f.ann, c.ID, change.Closure{Outcome: change.Successful, Notes: "n"})
		require.NoError(t, err)
		rule := change.SuccessRule{Within: 7 * 24 * time.Hour}
		s, err := f.Changes.Success(f.ann, itsm.Filter{}, rule)
		require.NoError(t, err)
		assert.Equal(t, change.Tally{Successful: 1}, s.Tally, "a suspicion does not")
		_, err = f.Incidents.Link(f.ann, during.ID, itsm.CausedBy, c.Ref())
		require.NoError(t, err)
		s, err = f.Changes.Success(f.ann, itsm.Filter{}, rule)
		require.NoError(t, err)
		assert.Equal(t, change.Tally{WithIssues: 1}, s.Tally)
		assert.Equal(t, map[itsm.Ref][]itsm.Ref{c.Ref(): {during}}, s.Against)
	})
}

func TestWhatWasAlteredWithoutAChange(t *testing.T) {
	f := open(t, byVera())
	c := f.scheduled(change.Draft{Items: []string{"router1"}}, tuesday)
	f.until("2026-03-03T20:30:00Z")
	_, err := f.Changes.Begin(f.ann, c.ID)
	require.NoError(t, err)
	f.until("2026-03-03T21:00:00Z")
	covered := func(item, when string) bool {
		list, err := f.Changes.Authorised(f.ann, item, at(when))
		require.NoError(t, err)
		return len(list) > 0
	}
	assert.True(t, covered("router1", "2026-03-03T21:00:00Z"), "it goes on")
	_, err = f.Changes.Finish(f.ann, c.ID, change.Finish{})
	require.NoError(t, err)
	f.until("2026-03-04T08:00:00Z")
	for when, want := range map[string]bool{
		"2026-03-03T20:15:00Z": false, // the window was open, and nobody had begun
		"2026-03-03T20:30:00Z": true, "2026-03-03T20:59:59Z": true, "2026-03-03T21:00:00Z": false, "2026-03-04T07:00:00Z": false,
	} {
		assert.Equal(t, want, covered("router1", when), when)
	}
	assert.False(t, covered("disk1", "2026-03-03T20:40:00Z"))
}

func TestADeskThatSaysWhatIsWrong(t *testing.T) {
	_, err := desk.Open(context.Background(), desk.Config{Changes: change.Config{
		Approvals: []change.ApprovalPolicy{{Name: ""}, {Name: "x", Boards: []string{"CAB"}}},
		Boards:    []change.Board{{}}, Models: []change.Model{{Name: "m"}}, Conflicts: 9, EarlyBegin: -1,
		Risk:      change.RiskPolicy{Rules: []change.RiskRule{{}}},
		Templates: change.TemplatePolicy{Under: 50},
	}})
	for _, where := range []string{
		"Approvals[0].Name", "Approvals[0]", "Approvals[1].Boards", "Boards[0].Name", "Boards[0]", "Models[0].Type", "Conflicts",
		"EarlyBegin", "Risk.Rules[0].Name", "Risk.Rules[0].Level", "Templates.Of",
	} {
		assert.ErrorContains(t, err, where)
	}
}
