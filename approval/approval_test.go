package approval_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Paper is something to be approved.
type Paper struct {
	itsm.Ticket
	Content int64           `json:"content"`
	Heard   string          `json:"heard,omitempty"`
	Stage   string          `json:"stage,omitempty"`
	Why     string          `json:"why,omitempty"`
	Told    int             `json:"told,omitempty"`
	Rounds  itsm.Ref        `json:"rounds,omitzero"`
	Last    approval.Status `json:"last,omitempty"`
}

type paperDraft struct{ Title string }

// asking makes the paper's practice ask.
type asking struct{ Stages []approval.Stage }

type paperEdit struct{ Title string }

const start = "2026-03-02T08:00:00Z"

type desk struct {
	*approval.Approvals
	t      rapid.TB
	k      *itsm.Kernel
	clock  *itsmtest.Clock
	people *itsmtest.Directory
	papers *itsm.Records[Paper]
	draft  itsm.Creation[Paper, paperDraft]
	ask    itsm.Command[Paper, asking]
	edit   itsm.Command[Paper, paperEdit]
	hold   itsm.Command[Paper, approval.Nothing]
	free   itsm.Command[Paper, approval.Nothing]
	root   context.Context
}

func newDesk(t rapid.TB, store itsm.Store) *desk {
	begin, err := time.Parse(time.RFC3339, start)
	require.NoError(t, err)
	d := &desk{t: t, clock: itsmtest.NewClock(begin), people: &itsmtest.Directory{}}
	if store == nil {
		store = memory.New()
	}
	d.k, err = itsm.New(itsm.Config{Store: store, Clock: d.clock, Authorizer: itsm.DefaultGrants(), Directory: d.people})
	require.NoError(t, err)
	d.Approvals, err = approval.New(d.k, approval.Config{})
	require.NoError(t, err)
	open, closed := []lifecycle.State{"open"}, []lifecycle.State{"closed"}
	p, err := itsm.NewPractice[Paper](d.k, itsm.Spec{Kind: "paper", Series: "PAP", Editable: []string{"title"}, Lifecycle: lifecycle.Definition{
		Name: "paper", Version: 1, Initial: "open",
		States: []lifecycle.StateRow{{Name: "open", Title: "Open", Phase: lifecycle.New}, {Name: "closed", Title: "Closed", Phase: lifecycle.Closed}},
		Triggers: []lifecycle.TriggerRow{
			{Name: "ask", Title: "Ask", Past: "asked"}, {Name: "change", Title: "Change", Past: "changed"}, {Name: "close", Title: "Close", Past: "closed"},
			{Name: "hold", Title: "Hold", Past: "held"}, {Name: "release", Title: "Release", Past: "released"},
			{Name: approval.TriggerNote, Title: "Note", Past: "approval_noted"},
		},
		Rows: []lifecycle.Transition{
			{From: open, Trigger: "ask"}, {From: open, Trigger: "change"}, {From: open, Trigger: "hold"}, {From: open, Trigger: "release"},
			{From: open, Trigger: "close", To: "closed"}, {From: append(open, closed...), Trigger: approval.TriggerNote},
		},
	}})
	require.NoError(t, err)
	d.papers = p.Records
	d.draft = itsm.Create(p, "draft", "drafted", func(u *itsm.Unit, r *Paper, in paperDraft) error {
		r.Title, r.Caller, r.Content = in.Title, u.Actor().Person(), 1
		return nil
	})
	d.ask = itsm.Handle(p, "ask", func(u *itsm.Unit, r *Paper, in asking) error {
		var err error
		r.Rounds, err = u.Create(approval.Kind, approval.TriggerRequest, approval.Request{
			Subject: u.Ref(), Content: r.Content, Round: r.Told + 1, Title: r.Title, Requester: r.Caller, Stages: in.Stages,
		})
		return err
	})
	d.edit = itsm.Handle(p, "change", func(u *itsm.Unit, r *Paper, in paperEdit) error {
		r.Title, r.Content = in.Title, r.Content+1
		return u.Do(r.Rounds, approval.TriggerLapse, approval.Because{Reason: "it was edited"})
	})
	d.hold = itsm.Handle(p, "hold", func(u *itsm.Unit, r *Paper, _ approval.Nothing) error {
		return u.Do(r.Rounds, approval.TriggerHold, nil)
	})
	d.free = itsm.Handle(p, "release", func(u *itsm.Unit, r *Paper, _ approval.Nothing) error {
		return u.Do(r.Rounds, approval.TriggerRelease, nil)
	})
	itsm.Handle(p, "close", func(u *itsm.Unit, r *Paper, _ approval.Nothing) error {
		return u.Do(r.Rounds, approval.TriggerLapse, approval.Because{Reason: "it is closed"})
	})
	itsm.Handle(p, approval.TriggerNote, func(_ *itsm.Unit, r *Paper, o approval.Outcome) error {
		r.Last, r.Stage, r.Told, r.Why = o.Status, o.Stage, r.Told+1, string(o.Reasons[0].Code)
		return nil
	})
	require.NoError(t, d.k.Open(context.Background()))
	d.root = itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	return d
}

func (d *desk) as(person string) context.Context {
	return itsmtest.As(context.Background(), itsmtest.Agent(person))
}

func (d *desk) pass(span time.Duration) {
	d.clock.Set(d.clock.Now().Add(span))
	_, err := d.k.FireDue(context.Background())
	require.NoError(d.t, err)
}

// asked is a paper of rita's that was given to stages.
func (d *desk) asked(stages ...approval.Stage) Paper {
	p, err := d.draft.Do(d.as("rita"), paperDraft{"A new roof"})
	require.NoError(d.t, err)
	p, err = d.ask.Do(d.as("rita"), p.ID, asking{stages})
	require.NoError(d.t, err)
	return p
}

func (d *desk) round(p Paper) approval.Approval {
	a, err := d.Get(d.root, p.Rounds.ID)
	require.NoError(d.t, err)
	return a
}

func (d *desk) paper(p Paper) Paper {
	p, err := d.papers.Get(d.root, p.ID)
	require.NoError(d.t, err)
	return p
}

// ballot is a person's, in the last round.
func (d *desk) ballot(p Paper, person string) approval.Ballot {
	f := itsm.All(itsm.Where("of").Is(p.Rounds.String()), itsm.Where("person").Is(person))
	page, err := d.Ballots.List(d.root, itsm.Query{Filter: &f})
	require.NoError(d.t, err)
	require.Len(d.t, page.Records, 1)
	return page.Records[0]
}

func (d *desk) votes(p Paper, person string, c approval.Choice) error {
	_, err := d.Vote(d.as(person), d.ballot(p, person).ID, approval.Choose{Choice: c, Reason: "As I see it."})
	return err
}

// verified requires that every version of a round says what its votes come to, and that its chain holds.
func (d *desk) verified(p Paper) {
	ref := p.Rounds
	itsmtest.RequireVerified(d.t, d.root, d.k, ref)
	last := d.round(p)
	for v := int64(1); v <= last.Version; v++ {
		rec, err := d.k.At(d.root, ref, v)
		require.NoError(d.t, err)
		a := rec.(*approval.Approval)
		if a.State == approval.StateLapsed || a.TimedOut {
			continue
		}
		want := approval.Accepted
		for _, st := range a.Status() {
			if st.Status != approval.Accepted {
				want = st.Status
				break
			}
		}
		require.Equal(d.t, string(want), string(a.State), "version %d", v)
	}
	rec, err := d.k.At(d.root, ref, last.Version)
	require.NoError(d.t, err)
	require.Equal(d.t, &last, rec, "it is the fold of its events")
}

func of(rule approval.Rule, people ...string) approval.Stage {
	st := approval.Stage{Name: "board", Rule: rule}
	for _, p := range people {
		st.Voters = append(st.Voters, approval.Voter{Person: p})
	}
	return st
}

func TestStagesComeOneAfterTheOther(t *testing.T) {
	d := newDesk(t, nil)
	second := of(approval.Any, "cid", "dora")
	second.Name = "owner"
	p := d.asked(of(approval.Count(2), "ann", "ben", "cid"), second)
	page, err := d.Waiting(d.as("cid"))
	require.NoError(t, err)
	require.Len(t, page, 1, "the second stage is not asked yet")

	require.NoError(t, d.votes(p, "ann", approval.Accept))
	assert.Equal(t, approval.StateWaiting, d.round(p).State)
	require.NoError(t, d.votes(p, "ben", approval.Accept))
	assert.Equal(t, 1, d.round(p).Stage, "the second stage is asked as soon as the first is decided")
	assert.Empty(t, d.paper(p).Last)

	page, err = d.Waiting(d.as("cid"))
	require.NoError(t, err)
	require.Len(t, page, 1, "the open vote of the first stage lapsed, the one of the second is there")
	_, err = d.Vote(d.as("cid"), page[0].ID, approval.Choose{Choice: approval.Accept})
	require.NoError(t, err)
	got := d.paper(p)
	assert.Equal(t, approval.Accepted, got.Last)
	assert.Equal(t, "owner", got.Stage)
	assert.Equal(t, string(approval.ReasonEnough), got.Why)
	assert.Equal(t, 1, got.Told)
	assert.Equal(t, approval.StateLapsed, d.ballot(p, "dora").State, "who is not needed any more is not asked any more")
	d.verified(p)
}

func TestARefusalIsNotShownAsAcceptedBecauseOneAccepted(t *testing.T) {
	d := newDesk(t, nil)
	p := d.asked(of(approval.All, "ann", "ben"))
	require.NoError(t, d.votes(p, "ann", approval.Accept))
	require.NoError(t, d.votes(p, "ben", approval.Refuse))
	assert.Equal(t, approval.StateRefused, d.round(p).State)
	assert.Equal(t, approval.Refused, d.paper(p).Last)
	d.verified(p)
}

func TestANewRequestAfterARefusalBeginsAnew(t *testing.T) {
	d := newDesk(t, nil)
	p := d.asked(of(approval.Any, "ann"))
	require.NoError(t, d.votes(p, "ann", approval.Refuse))
	p, err := d.ask.Do(d.as("rita"), p.ID, asking{[]approval.Stage{of(approval.Any, "ann")}})
	require.NoError(t, err)
	assert.Equal(t, approval.StateWaiting, d.round(p).State)
	assert.Equal(t, 2, d.round(p).Round)
	require.NoError(t, d.votes(p, "ann", approval.Accept))
	assert.Equal(t, approval.Accepted, d.paper(p).Last)
}

func TestNoVoteAfterTheDecision(t *testing.T) {
	d := newDesk(t, nil)
	p := d.asked(of(approval.Any, "ann", "ben"))
	require.NoError(t, d.votes(p, "ann", approval.Accept))
	for _, who := range []string{"ann", "ben"} {
		itsmtest.RequireRefused(t, d.votes(p, who, approval.Refuse), lifecycle.NotFromHere)
	}
	assert.Equal(t, approval.StateAccepted, d.round(p).State)
}

func TestNoVoteAfterTheSubjectIsClosed(t *testing.T) {
	d := newDesk(t, nil)
	p := d.asked(of(approval.Any, "ann"))
	_, err := d.k.Do(d.root, p.Ref(), "close", nil)
	require.NoError(t, err)
	itsmtest.RequireRefused(t, d.votes(p, "ann", approval.Accept), lifecycle.NotFromHere)
	assert.Equal(t, approval.StateLapsed, d.round(p).State)
	assert.Empty(t, d.paper(p).Last)
}

func TestAnApprovalDoesNotOutliveTheEditThatItIsNotFor(t *testing.T) {
	d := newDesk(t, nil)
	p := d.asked(of(approval.Any, "ann"))
	require.NoError(t, d.votes(p, "ann", approval.Accept))
	_, err := d.edit.Do(d.as("rita"), p.ID, paperEdit{"A golden roof"})
	require.NoError(t, err)
	assert.Equal(t, approval.StateLapsed, d.round(p).State)

	p, err = d.ask.Do(d.as("rita"), p.ID, asking{[]approval.Stage{of(approval.Any, "ann")}})
	require.NoError(t, err)
	_, err = d.Vote(d.as("ann"), d.ballot(p, "ann").ID, approval.Choose{Choice: approval.Accept, Content: 1})
	itsmtest.RequireRefused(t, err, approval.ReasonContent)
	_, err = d.Vote(d.as("ann"), d.ballot(p, "ann").ID, approval.Choose{Choice: approval.Accept, Content: 2})
	require.NoError(t, err)
}

func TestWhoVotes(t *testing.T) {
	d := newDesk(t, nil)
	p := d.asked(of(approval.All, "ann", "ben"))
	ballot := d.ballot(p, "ann").ID
	vote := func(person string) error {
		_, err := d.Vote(d.as(person), ballot, approval.Choose{Choice: approval.Accept})
		return err
	}
	itsmtest.RequireRefused(t, vote("eve"), approval.ReasonNotVoter)
	itsmtest.RequireRefused(t, vote("rita"), approval.ReasonRequester)
	until := d.clock.Now().Add(time.Hour)
	for _, to := range []string{"ben", "rita", "dan"} {
		_, err := d.Delegate(d.as("ann"), approval.Delegate{To: to, End: until})
		require.NoError(t, err)
	}
	_, err := d.Delegate(d.as("dan"), approval.Delegate{To: "eve", End: until})
	require.NoError(t, err)
	itsmtest.RequireRefused(t, vote("ben"), approval.ReasonTwoVotes)
	itsmtest.RequireRefused(t, vote("rita"), approval.ReasonRequester)
	itsmtest.RequireRefused(t, vote("eve"), approval.ReasonNotVoter) // chains are not followed
	waiting, err := d.Waiting(d.as("dan"))
	require.NoError(t, err)
	require.Len(t, waiting, 1)
	require.NoError(t, vote("dan"))
	b := d.ballot(p, "ann")
	assert.Equal(t, "ann", b.Person)
	assert.Equal(t, "dan", b.VotedBy)
	assert.NotEmpty(t, b.Delegation)
	itsmtest.RequireRefused(t, vote("ann"), lifecycle.NotFromHere) // one vote

	_, err = d.Delegate(d.as("eve"), approval.Delegate{From: "ann", To: "eve", End: until})
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = d.Delegate(d.as("ann"), approval.Delegate{To: "ann", End: until.Add(-2 * time.Hour)})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestDelegationsEnd(t *testing.T) {
	d := newDesk(t, nil)
	end := d.clock.Now().Add(time.Hour)
	kept, err := d.Delegate(d.as("ann"), approval.Delegate{To: "dan", End: end, Kinds: []string{"paper"}})
	require.NoError(t, err)
	_, err = d.Delegate(d.as("ann"), approval.Delegate{To: "eve", End: end, Kinds: []string{"change"}})
	require.NoError(t, err)
	vote := func(p Paper, person string) error {
		_, err := d.Vote(d.as(person), d.ballot(p, "ann").ID, approval.Choose{Choice: approval.Accept})
		return err
	}
	p := d.asked(of(approval.Any, "ann"))
	itsmtest.RequireRefused(t, vote(p, "eve"), approval.ReasonNotVoter) // for another kind
	d.clock.Set(end)
	itsmtest.RequireRefused(t, vote(p, "dan"), approval.ReasonNotVoter) // the end is not in it
	d.clock.Set(end)
	again, err := d.Delegate(d.as("ann"), approval.Delegate{To: "dan", End: end.Add(time.Hour)})
	require.NoError(t, err)
	_, err = d.EndDelegation(d.as("ann"), again.ID)
	require.NoError(t, err)
	itsmtest.RequireRefused(t, vote(p, "dan"), approval.ReasonNotVoter)
	_, err = d.EndDelegation(d.as("eve"), kept.ID)
	require.ErrorIs(t, err, itsm.ErrDenied)
}

func TestBadRequests(t *testing.T) {
	d := newDesk(t, nil)
	p, err := d.draft.Do(d.as("rita"), paperDraft{"A roof"})
	require.NoError(t, err)
	twice := of(approval.Any, "ann", "ann")
	for name, stages := range map[string][]approval.Stage{
		"none": nil, "nobody": {of(approval.Any)}, "the requester": {of(approval.Any, "rita")}, "somebody twice": {twice},
		"one name twice": {of(approval.Any, "ann"), of(approval.Any, "ben")}, "more than there are": {of(approval.Count(3), "ann", "ben")},
		"no action": {{Name: "x", Voters: []approval.Voter{{Person: "ann"}}, Timeout: approval.Timeout{After: time.Hour}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := d.ask.Do(d.as("rita"), p.ID, asking{stages})
			require.ErrorIs(t, err, itsm.ErrInvalid)
			assert.Equal(t, p, d.paper(p), "nothing was changed")
		})
	}
	p = d.asked(of(approval.Any, "ann"))
	_, err = d.Vote(d.as("ann"), d.ballot(p, "ann").ID, approval.Choose{Choice: approval.Refuse})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a refusal takes a reason")
	_, err = d.Vote(d.as("ann"), d.ballot(p, "ann").ID, approval.Choose{Choice: "maybe"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestHoldSuspendsAndGivesBack(t *testing.T) {
	d := newDesk(t, nil)
	st := of(approval.All, "ann", "ben")
	st.Timeout = approval.Timeout{After: time.Hour, Action: approval.RefuseLate}
	p := d.asked(st)
	require.NoError(t, d.votes(p, "ann", approval.Accept))
	_, err := d.hold.Do(d.as("rita"), p.ID, approval.Nothing{})
	require.NoError(t, err)
	itsmtest.RequireRefused(t, d.votes(p, "ben", approval.Accept), lifecycle.NotFromHere)
	d.pass(24 * time.Hour)
	assert.Equal(t, approval.StateWaiting, d.round(p).State, "no time runs")
	_, err = d.free.Do(d.as("rita"), p.ID, approval.Nothing{})
	require.NoError(t, err)
	assert.Equal(t, approval.Accept, d.round(p).Stages.Get()[0].Votes[0].Choice, "what was said stays said")
	require.NoError(t, d.votes(p, "ben", approval.Accept))
	assert.Equal(t, approval.Accepted, d.paper(p).Last)
}

func TestTimeouts(t *testing.T) {
	timed := func(a approval.Action, to ...string) approval.Stage {
		st := of(approval.All, "ann", "ben")
		st.Timeout = approval.Timeout{After: time.Hour, Action: a, To: to}
		return st
	}
	t.Run("refuse", func(t *testing.T) {
		d := newDesk(t, nil)
		p := d.asked(timed(approval.RefuseLate))
		require.NoError(t, d.votes(p, "ann", approval.Accept))
		d.pass(time.Hour)
		got := d.paper(p)
		assert.Equal(t, approval.Refused, got.Last)
		assert.Equal(t, string(approval.ReasonTimeout), got.Why)
		assert.Equal(t, approval.StateLapsed, d.ballot(p, "ben").State)
		itsmtest.RequireNothingPending(t, d.root, d.k, p.Rounds)
	})
	t.Run("remind", func(t *testing.T) {
		d := newDesk(t, nil)
		p := d.asked(timed(approval.Remind))
		require.NoError(t, d.votes(p, "ann", approval.Accept))
		d.pass(time.Hour)
		d.pass(time.Hour)
		assert.Equal(t, 2, d.ballot(p, "ben").Reminders)
		assert.Zero(t, d.ballot(p, "ann").Reminders, "who has voted is left alone")
		require.NoError(t, d.votes(p, "ben", approval.Accept))
		itsmtest.RequireNothingPending(t, d.root, d.k, p.Rounds)
	})
	t.Run("escalate to names", func(t *testing.T) {
		d := newDesk(t, nil)
		p := d.asked(timed(approval.Escalate, "olga"))
		vote := func() error {
			_, err := d.Vote(d.as("olga"), d.ballot(p, "ben").ID, approval.Choose{Choice: approval.Accept})
			return err
		}
		itsmtest.RequireRefused(t, vote(), approval.ReasonNotVoter)
		d.pass(time.Hour)
		waiting, err := d.Waiting(d.as("olga"))
		require.NoError(t, err)
		assert.Len(t, waiting, 2)
		require.NoError(t, vote())
		assert.Equal(t, "olga", d.ballot(p, "ben").VotedBy)
	})
	t.Run("escalate to managers", func(t *testing.T) {
		d := newDesk(t, nil)
		d.people.People = []itsm.Profile{{ID: "ann", Manager: "mia"}, {ID: "ben", Manager: "ann"}}
		p := d.asked(timed(approval.Escalate))
		d.pass(time.Hour)
		assert.Equal(t, "mia", d.ballot(p, "ann").Deputy)
		assert.Empty(t, d.ballot(p, "ben").Deputy, "a voter of the stage has one vote")
	})
}

func TestErasingAVoterKeepsTheDecision(t *testing.T) {
	d := newDesk(t, nil)
	p := d.asked(of(approval.All, "ann", "ben"))
	require.NoError(t, d.votes(p, "ann", approval.Accept))
	_, err := d.k.Erase(d.root, "ann", "she asked")
	require.NoError(t, err)
	require.NoError(t, d.votes(p, "ben", approval.Accept))
	assert.Equal(t, approval.Accepted, d.paper(p).Last)
	itsmtest.RequireVerified(t, d.root, d.k, p.Rounds)
	b, err := d.Ballots.Get(d.root, d.round(p).Stages.Get()[0].Votes[0].Ballot)
	require.NoError(t, err)
	assert.Equal(t, itsm.Erased, b.Person)
	itsmtest.RequireVerified(t, d.root, d.k, b.Ref())
}

// TestVotersAndAnEditorRace: of many who vote at once every vote counts; where somebody edits at the same time, either the
// votes came first, or none of them counts for the new content.
func TestVotersAndAnEditorRace(t *testing.T) {
	d := newDesk(t, nil)
	people := []string{"ann", "ben", "cid", "dora", "emil", "fritz"}
	p := d.asked(of(approval.All, people...))
	ballots := map[string]string{}
	for _, who := range people {
		ballots[who] = d.ballot(p, who).ID
	}
	results := make(chan error, len(people)+1)
	for _, who := range people {
		go func() {
			_, err := d.Vote(d.as(who), ballots[who], approval.Choose{Choice: approval.Accept})
			results <- err
		}()
	}
	go func() {
		_, err := d.edit.Do(d.as("rita"), p.ID, paperEdit{"Another roof"})
		results <- err
	}()
	for range len(people) + 1 {
		if err := <-results; err != nil && !errors.Is(err, itsm.ErrRefused) && !errors.Is(err, itsm.ErrConflict) {
			t.Error(err)
		}
	}
	assert.Equal(t, approval.StateLapsed, d.round(p).State)
	voted := 0
	for _, v := range d.round(p).Stages.Get()[0].Votes {
		b, err := d.Ballots.Get(d.root, v.Ballot)
		require.NoError(t, err)
		require.Equal(t, v.Choice == approval.Accept, b.State == approval.StateAccepted, "a ballot and its count are one")
		if v.Choice != "" {
			voted++
		}
	}
	d.verified(p)
	t.Log(voted, "voted before the edit")
}

// TestLaws lets anybody vote anything, with holds, edits and time between: a round is what its votes say at every version.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDesk(t, nil)
		people := []string{"ann", "ben", "cid", "dora"}
		var stages []approval.Stage
		for i := range rapid.IntRange(1, 3).Draw(t, "stages") {
			n := rapid.IntRange(1, 4).Draw(t, "voters")
			st := of(rapid.SampledFrom([]approval.Rule{approval.All, approval.Any, approval.Majority, approval.Count(1), approval.Percent(60)}).Draw(t, "rule"), people[:n]...)
			st.Name = fmt.Sprint("stage ", i)
			st.Voters[0].Mandatory = rapid.Bool().Draw(t, "mandatory")
			st.Timeout = rapid.SampledFrom([]approval.Timeout{{}, {After: time.Hour, Action: approval.Remind}, {After: time.Hour, Action: approval.RefuseLate}}).Draw(t, "timeout")
			stages = append(stages, st)
		}
		p := d.asked(stages...)
		for range rapid.IntRange(1, 12).Draw(t, "acts") {
			was := d.round(p)
			switch rapid.IntRange(0, 9).Draw(t, "act") {
			case 0:
				_, _ = d.hold.Do(d.as("rita"), p.ID, approval.Nothing{})
			case 1, 2:
				_, _ = d.free.Do(d.as("rita"), p.ID, approval.Nothing{})
			case 3:
				d.pass(time.Hour)
			default:
				who := rapid.SampledFrom(people).Draw(t, "who")
				f := itsm.All(itsm.Where("of").Is(p.Rounds.String()), itsm.Where("person").Is(who))
				page, err := d.Ballots.List(d.root, itsm.Query{Filter: &f})
				require.NoError(t, err)
				for _, b := range page.Records {
					_, _ = d.Vote(d.as(who), b.ID, approval.Choose{Choice: rapid.SampledFrom(choices).Draw(t, "choice"), Reason: "So."})
				}
			}
			is := d.round(p)
			if was.State != approval.StateWaiting {
				require.Equal(t, was, is, "what is decided does not change")
			}
			told := 0
			if is.State == approval.StateAccepted || is.State == approval.StateRefused {
				told = 1
			}
			require.Equal(t, told, d.paper(p).Told, "the subject is told once")
		}
		d.verified(p)
	})
}
