package change_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// start is a Monday.
const start = "2026-03-02T08:00:00Z"

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

type fixture struct {
	*desk.Desk
	t     rapid.TB
	clock *itsmtest.Clock
	// rita asks for changes, ann works on them, mary leads, cab and vera vote.
	rita, ann, mary, vera, carl, root context.Context
}

func open(t rapid.TB, c change.Config, with ...func(*desk.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: itsmtest.NewClock(at(start))}
	config := desk.Config{Clock: f.clock, Changes: c}
	for _, w := range with {
		w(&config)
	}
	d, err := desk.Open(context.Background(), config)
	require.NoError(t, err)
	f.Desk = d
	f.clock.Attach(d.Kernel)
	as := func(a itsm.Actor) context.Context { return itsmtest.As(context.Background(), a) }
	f.rita, f.ann = as(itsmtest.Agent("rita")), as(itsmtest.Agent("ann"))
	f.mary, f.vera, f.carl = as(itsmtest.Manager("mary")), as(itsmtest.Agent("vera")), as(itsmtest.Agent("carl"))
	f.root = as(itsmtest.System())
	return f
}

// asks is a policy that asks people, under a rule.
func asks(rule approval.Rule, people ...string) change.ApprovalPolicy {
	st := approval.Stage{Name: "board", Rule: rule}
	for _, p := range people {
		st.Voters = append(st.Voters, approval.Voter{Person: p})
	}
	return change.ApprovalPolicy{Name: "all", Stages: []approval.Stage{st}}
}

// vera votes.
func byVera() change.Config {
	return change.Config{Approvals: []change.ApprovalPolicy{asks(approval.All, "vera")}}
}

var allPlans = change.Plans{Implementation: "swap", Test: "log in", Backout: "swap back"}

func (f *fixture) draft(d change.Draft) change.Change {
	f.t.Helper()
	if d.Title == "" {
		d.Title = "Replace the router"
	}
	if d.Plans == (change.Plans{}) && d.Template == "" {
		d.Plans = allPlans
	}
	c, err := f.Changes.Draft(f.rita, d)
	require.NoError(f.t, err)
	return c
}

// window is [from, from+hours).
func window(from string, hours int) change.Window {
	return change.Window{Start: at(from), End: at(from).Add(time.Duration(hours) * time.Hour)}
}

func (f *fixture) get(id string) change.Change {
	f.t.Helper()
	c, err := f.Changes.Get(f.root, id)
	require.NoError(f.t, err)
	return c
}

// assessed brings a normal change to where its approval is asked for.
func (f *fixture) assessed(d change.Draft) change.Change {
	f.t.Helper()
	c := f.draft(d)
	_, err := f.Changes.Submit(f.rita, c.ID)
	require.NoError(f.t, err)
	c, err = f.Changes.Assess(f.ann, c.ID)
	require.NoError(f.t, err)
	return c
}

// approved brings a normal change to Approved, by vera's vote where she is asked.
func (f *fixture) approved(d change.Draft) change.Change {
	f.t.Helper()
	c := f.assessed(d)
	f.vote(f.vera, c.ID, approval.Accept)
	c = f.get(c.ID)
	require.Equal(f.t, change.StateApproved, c.State)
	return c
}

func (f *fixture) scheduled(d change.Draft, w change.Window) change.Change {
	f.t.Helper()
	c, err := f.Changes.Schedule(f.ann, f.approved(d).ID, w)
	require.NoError(f.t, err)
	return c
}

// vote gives who's vote on a change.
func (f *fixture) vote(who context.Context, id string, choice approval.Choice) {
	f.t.Helper()
	require.NoError(f.t, f.tryVote(who, id, choice))
}

func (f *fixture) tryVote(who context.Context, id string, choice approval.Choice) error {
	f.t.Helper()
	ballots, err := f.Approvals.Waiting(who)
	require.NoError(f.t, err)
	for _, b := range ballots {
		if b.Subject.ID == id {
			_, err := f.Approvals.Vote(who, b.ID, approval.Choose{Choice: choice, Reason: "because", Content: b.Content})
			return err
		}
	}
	return itsm.ErrNotFound
}

func (f *fixture) until(when string) {
	f.t.Helper()
	require.NoError(f.t, f.clock.AdvanceTo(f.root, at(when)))
}

func (f *fixture) refused(err error, codes ...lifecycle.Code) *lifecycle.Refusal {
	f.t.Helper()
	return itsmtest.RequireRefused(f.t, err, codes...)
}

func freeze(name, from, until string) schedule.Window {
	return schedule.Window{Name: name, Kind: schedule.Freeze, Slots: []schedule.Slot{{Start: at(from), End: at(until)}}}
}

var _ = field.Text

func TestANormalChangeFromDraftToReview(t *testing.T) {
	f := open(t, byVera())
	c := f.draft(change.Draft{Items: []string{"router1"}, Service: "network", Criteria: []string{"everybody is online"}})
	require.Equal(t, "CHG0000001", c.ID)
	require.Equal(t, change.StateDraft, c.State)
	_, err := f.Changes.Submit(f.rita, c.ID)
	require.NoError(t, err)
	c, err = f.Changes.Assess(f.ann, c.ID)
	require.NoError(t, err)
	require.False(t, c.Approval.IsZero(), "those whom the policy names are asked")
	_, err = f.Changes.Approve(f.mary, c.ID, change.Approving{})
	f.refused(err, change.ReasonUndecided)
	f.vote(f.vera, c.ID, approval.Accept)
	c = f.get(c.ID)
	require.Equal(t, change.StateApproved, c.State, "the last vote approves it")
	_, err = f.Changes.Schedule(f.ann, c.ID, change.Window{})
	f.refused(err, change.ReasonNoWindow)
	c, err = f.Changes.Schedule(f.ann, c.ID, window("2026-03-03T20:00:00Z", 2))
	require.NoError(t, err)
	_, err = f.Changes.Begin(f.ann, c.ID)
	f.refused(err, change.ReasonNotYet)
	f.until("2026-03-03T20:10:00Z")
	c, err = f.Changes.Begin(f.ann, c.ID)
	require.NoError(t, err)
	require.Equal(t, at("2026-03-03T20:10:00Z"), c.StartedAt)
	f.until("2026-03-03T21:00:00Z")
	c, err = f.Changes.Finish(f.ann, c.ID, change.Finish{})
	require.NoError(t, err)
	require.Equal(t, change.StateReview, c.State)
	done := change.Closure{Outcome: change.Successful, Notes: "as planned"}
	_, err = f.Changes.Close(f.ann, c.ID, done)
	f.refused(err, change.ReasonCriterion)
	_, err = f.Changes.Tick(f.ann, c.ID, change.Tick{Criterion: "everybody is online", Met: true, Evidence: "monitoring"})
	require.NoError(t, err)
	c, err = f.Changes.Close(f.ann, c.ID, done)
	require.NoError(t, err)
	require.Equal(t, change.StateClosed, c.State)
	require.NoError(t, f.Verify(f.root, c.Ref()))
}
