package retention_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/retention"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/task"
)

// fixture is a desk on Monday, 2 March 2026, 09:00 UTC.
type fixture struct {
	*desk.Desk
	t     *testing.T
	clock *itsmtest.Clock

	bob, ann, mia, rex, root context.Context // a requester, an agent, a manager, a records manager, an administrator
}

func newDesk(t *testing.T, c retention.Config) *fixture {
	t.Helper()
	return newDeskOn(t, memory.New(), itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), c)
}

func newDeskOn(t *testing.T, store itsm.Store, clock *itsmtest.Clock, c retention.Config) *fixture {
	t.Helper()
	ctx := context.Background()
	d, err := desk.Open(ctx, desk.Config{Store: store, Clock: clock, Retention: c})
	require.NoError(t, err)
	clock.Attach(d)
	return &fixture{
		Desk: d, t: t, clock: clock,
		bob:  itsmtest.As(ctx, itsmtest.Requester("bob")),
		ann:  itsmtest.As(ctx, itsmtest.Agent("ann")),
		mia:  itsmtest.As(ctx, itsmtest.Manager("mia")),
		rex:  itsmtest.As(ctx, itsm.Actor{ID: "rex", Tenant: itsmtest.Tenant, Roles: []itsm.Role{itsm.RecordsManager}}),
		root: itsmtest.As(ctx, itsmtest.Administrator("root")),
	}
}

func (d *fixture) pass(days int) {
	d.t.Helper()
	require.NoError(d.t, d.clock.Advance(d.root, time.Duration(days)*24*time.Hour))
}

// closed reports and cancels an incident.
func (d *fixture) closed(title string, change ...func(*incident.Report)) incident.Incident {
	d.t.Helper()
	r := incident.Report{Title: title, Caller: "bob", Impact: itsm.Low, Urgency: itsm.Low}
	for _, c := range change {
		c(&r)
	}
	inc, err := d.Incidents.Report(d.ann, r)
	require.NoError(d.t, err)
	inc, err = d.Incidents.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Withdrawn})
	require.NoError(d.t, err)
	return inc
}

func (d *fixture) there(refs ...itsm.Ref) (there []bool) {
	d.t.Helper()
	for _, ref := range refs {
		_, err := d.Get(d.root, ref)
		if err != nil {
			require.ErrorIs(d.t, err, itsm.ErrNotFound)
		}
		there = append(there, err == nil)
	}
	return there
}

func (d *fixture) run() retention.Report {
	d.t.Helper()
	done, err := d.Retention.Run(d.rex, 0)
	require.NoError(d.t, err)
	return done
}

// ofIncidents are the steps of a plan that purge incidents.
func ofIncidents(plan []retention.Line) []retention.Line {
	return slices.DeleteFunc(plan, func(d retention.Line) bool { return d.Kind != incident.Kind })
}

func days(n int) retention.Period { return retention.Period{Days: n} }

// manual never purges by itself.
func manual(policies ...retention.Policy) retention.Config {
	return retention.Config{Policies: policies, Every: -1}
}

func TestWhatIsOverIsPurgedAndWritten(t *testing.T) {
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}))
	first := d.closed("VPN down")
	open, err := d.Incidents.Report(d.ann, incident.Report{Title: "Open", Caller: "bob", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	_, head, err := d.Head(d.root, first.Ref())
	require.NoError(t, err)
	d.pass(20)
	second := d.closed("Printer on fire")
	d.pass(10)

	plan, err := d.Retention.Plan(d.rex)
	require.NoError(t, err)
	plan = ofIncidents(plan)
	require.Equal(t, []itsm.Ref{first.Ref()}, plan[0].First, "a period that ends now is over")
	require.EqualValues(t, 1, plan[0].Due)
	require.Equal(t, "general", plan[0].Policy)

	done := d.run()
	require.Equal(t, 1, done.Records)
	require.Zero(t, done.Left)
	require.Equal(t, []bool{false, true, true}, d.there(first.Ref(), open.Ref(), second.Ref()))

	require.Equal(t, []itsm.Ref{{Kind: retention.Kind, ID: "PRG0000001"}}, done.Purges)
	purge, err := d.Retention.Get(d.rex, "PRG0000001")
	require.NoError(t, err)
	require.Equal(t, "general", purge.Policy)
	require.Equal(t, incident.Kind, purge.Of)
	require.Equal(t, 1, purge.Count)
	history, err := d.History(d.root, purge.Ref(), 0, 0)
	require.NoError(t, err)
	require.Len(t, history, 1)
	require.Equal(t, "rex", history[0].Actor.ID)
	require.NoError(t, d.Verify(d.root, purge.Ref()))

	items, _, err := d.Retention.Items(d.rex, purge.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, items, 1)
	require.Equal(t, first.Ref(), items[0].Record)
	require.Equal(t, head, items[0].Head)
	require.Equal(t, first.Version, items[0].Version)
	found, err := d.Retention.Find(d.rex, first.Ref())
	require.NoError(t, err)
	require.Equal(t, items, found)

	require.Zero(t, d.run().Records, "once")
	next := d.closed("Next")
	require.Equal(t, "INC0000004", next.ID, "numbers do not come back")
}

func TestALegalHoldKeepsARecordFromPurge(t *testing.T) {
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}))
	inc := d.closed("VPN down")
	matter := itsm.LegalHold{Matter: "2026-14", Reason: "Claim of a customer."}
	for _, ctx := range []context.Context{d.bob, d.ann, d.mia} {
		_, err := d.Incidents.HoldForLegal(ctx, inc.ID, matter)
		require.ErrorIs(t, err, itsm.ErrDenied)
	}
	for _, m := range []string{"2026-14", "2026-15"} {
		_, err := d.Incidents.HoldForLegal(d.rex, inc.ID, itsm.LegalHold{Matter: m})
		require.NoError(t, err)
	}
	d.pass(60)
	plan, err := d.Retention.Plan(d.rex)
	require.NoError(t, err)
	plan = ofIncidents(plan)
	require.Zero(t, plan[0].Due)
	require.Equal(t, []itsm.Ref{inc.Ref()}, plan[0].FirstHeld)
	require.Zero(t, d.run().Records)
	why, err := d.Retention.Explain(d.rex, inc.Ref())
	require.NoError(t, err)
	require.False(t, why.Due)
	require.Equal(t, []lifecycle.Reason{{Code: itsm.ReasonLegalHold, Args: map[string]string{"matters": "2026-14, 2026-15"}}}, why.Reasons)
	_, err = d.Do(d.rex, itsm.Ref{Kind: retention.Kind}, retention.TriggerPurge, retention.Selection{Policy: "general", Kind: incident.Kind, Numbers: []string{inc.ID}})
	refusal, ok := lifecycle.AsRefusal(err)
	require.True(t, ok, "%v", err)
	require.True(t, refusal.Has(itsm.ReasonLegalHold), "%v", err)

	_, err = d.Incidents.ReleaseLegalHold(d.rex, inc.ID, itsm.LegalHold{Matter: "2026-14"})
	require.ErrorIs(t, err, itsm.ErrRefused, "a release has a reason")
	_, err = d.Incidents.ReleaseLegalHold(d.rex, inc.ID, itsm.LegalHold{Matter: "2026-14", Reason: "Settled."})
	require.NoError(t, err)
	d.pass(30)
	require.Zero(t, d.run().Records, "the other matter holds it")
	_, err = d.Incidents.ReleaseLegalHold(d.rex, inc.ID, itsm.LegalHold{Matter: "2026-15", Reason: "Settled."})
	require.NoError(t, err)
	require.Zero(t, d.run().Records, "the release began the period anew")
	d.pass(30)
	require.Equal(t, 1, d.run().Records)
}

func TestWhichPolicyWins(t *testing.T) {
	security := itsm.Where("category").Is("security")
	d := newDesk(t, manual(
		retention.Policy{Name: "everything", After: days(10)},
		retention.Policy{Name: "everything longer", After: days(20)},
		retention.Policy{Name: "incidents", Kinds: []string{incident.Kind}, After: days(15)},
		retention.Policy{Name: "security", Where: &security, Keep: true},
		retention.Policy{Name: "contract", Class: "contract", After: retention.Period{Years: 7}},
		retention.Policy{Name: "draft", Class: "draft", After: days(1)},
	))
	general := d.closed("General")
	kept := d.closed("Break-in", func(r *incident.Report) { r.Category = "security" })
	contract, draft := d.closed("Contract"), d.closed("Draft", func(r *incident.Report) { r.Category = "security" })
	_, err := d.Incidents.ClassifyRetention(d.rex, contract.ID, "contract")
	require.NoError(t, err)
	_, err = d.Incidents.ClassifyRetention(d.rex, draft.ID, "draft")
	require.NoError(t, err)
	_, err = d.Incidents.ClassifyRetention(d.rex, draft.ID, "drafts")
	require.ErrorIs(t, err, itsm.ErrInvalid, "no policy has that class")
	_, err = d.Incidents.ClassifyRetention(d.ann, draft.ID, "draft")
	require.ErrorIs(t, err, itsm.ErrDenied)
	for ref, want := range map[itsm.Ref]string{general.Ref(): "incidents", kept.Ref(): "security", contract.Ref(): "contract", draft.Ref(): "draft"} {
		why, err := d.Retention.Explain(d.rex, ref)
		require.NoError(t, err)
		require.Equal(t, want, why.Policy)
	}
	refs := []itsm.Ref{general.Ref(), kept.Ref(), contract.Ref(), draft.Ref()}
	d.pass(1)
	d.run()
	require.Equal(t, []bool{true, true, true, false}, d.there(refs...))
	d.pass(13)
	d.run()
	require.Equal(t, []bool{true, true, true, false}, d.there(refs...))
	d.pass(1)
	d.run()
	require.Equal(t, []bool{false, true, true, false}, d.there(refs...))
	d.pass(3000)
	d.run()
	require.Equal(t, []bool{false, true, false, false}, d.there(refs...))
}

func TestTasksGoWithTheirTicket(t *testing.T) {
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}))
	inc, err := d.Incidents.Report(d.ann, incident.Report{Title: "VPN down", Caller: "bob", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	tasks, err := d.Tasks.Add(d.ann, inc.Ref(), task.Work{Title: "Look"}, task.Work{Title: "Fix"})
	require.NoError(t, err)
	_, err = d.Incidents.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Withdrawn})
	require.NoError(t, err)
	_, err = d.Tasks.HoldForLegal(d.rex, tasks[1].ID, itsm.LegalHold{Matter: "2026-14"})
	require.NoError(t, err)
	d.pass(40)
	done := d.run()
	require.Equal(t, 0, done.Records)
	require.Equal(t, 1, done.Left, "a task is held")
	why, err := d.Retention.Explain(d.rex, inc.Ref())
	require.NoError(t, err)
	require.Equal(t, []lifecycle.Reason{{Code: retention.ReasonPart, Args: map[string]string{"part": tasks[1].Ref().String(), "because": "legal_hold"}}}, why.Reasons)
	_, err = d.Tasks.ReleaseLegalHold(d.rex, tasks[1].ID, itsm.LegalHold{Matter: "2026-14", Reason: "Settled."})
	require.NoError(t, err)
	require.Equal(t, 3, d.run().Records)
	require.Equal(t, []bool{false, false, false}, d.there(inc.Ref(), tasks[0].Ref(), tasks[1].Ref()))
	found, err := d.Retention.Find(d.rex, tasks[0].Ref())
	require.NoError(t, err)
	require.Equal(t, inc.Ref(), found[0].With)
}

// TestOthersLiveOn purges what others are linked to; they go on as if it were there, but for it.
func TestOthersLiveOn(t *testing.T) {
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}))
	report := func(title string) incident.Incident {
		inc, err := d.Incidents.Report(d.ann, incident.Report{Title: title, Caller: "bob", Impact: itsm.Low, Urgency: itsm.Low})
		require.NoError(t, err)
		return inc
	}
	parent, gone, stays := report("Parent"), report("Child that goes"), report("Child that stays")
	for _, child := range []incident.Incident{gone, stays} {
		_, err := d.Incidents.Link(d.ann, parent.ID, itsm.ParentOf, child.Ref())
		require.NoError(t, err)
	}
	_, err := d.Incidents.Cancel(d.ann, gone.ID, incident.Cancel{Reason: incident.Withdrawn})
	require.NoError(t, err)
	d.pass(40)
	require.Equal(t, 1, d.run().Records)
	require.Equal(t, []bool{true, false, true}, d.there(parent.Ref(), gone.Ref(), stays.Ref()))

	links, err := d.Incidents.Links(d.ann, parent.ID)
	require.NoError(t, err)
	require.Len(t, links, 2, "the link stays as history")
	_, err = d.Incidents.Resolve(d.ann, parent.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."})
	require.NoError(t, err, "rules pass over what is gone")
	followed, err := d.Incidents.Get(d.ann, stays.ID)
	require.NoError(t, err)
	require.Equal(t, incident.StateResolved, followed.State)
	for _, l := range links {
		parent, err = d.Incidents.Unlink(d.ann, parent.ID, l.ID)
		require.NoError(t, err, "a link to what is gone can be taken away at its one end")
	}
	require.Zero(t, parent.Children)
	require.NoError(t, d.Verify(d.root, parent.Ref()))
}

func TestADeskPurgesByItself(t *testing.T) {
	clock := itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	d := newDeskOn(t, memory.New(), clock, retention.Config{Policies: []retention.Policy{{Name: "general", After: days(30)}}, Batch: 4})
	_, err := d.Retention.Next(d.rex)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	var refs []itsm.Ref
	for n := range 10 {
		refs = append(refs, d.closed(fmt.Sprint("Ticket ", n)).Ref())
	}
	_, err = d.Incidents.HoldForLegal(d.rex, refs[3].ID, itsm.LegalHold{Matter: "2026-14"})
	require.NoError(t, err)
	elsewhere := itsmtest.As(context.Background(), itsmtest.Agent("eve", itsmtest.InTenant("umbrella")))
	other, err := d.Incidents.Report(elsewhere, incident.Report{Title: "Elsewhere", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	next, err := d.Retention.Next(d.rex)
	require.NoError(t, err)
	require.Equal(t, clock.Now().Add(24*time.Hour), next.Next)
	d.pass(29)
	require.NotContains(t, d.there(refs...), false)
	d.pass(1)
	there := d.there(refs...)
	require.True(t, there[3], "it is held")
	there[3] = false
	require.NotContains(t, there, true)
	_, err = d.Incidents.Get(elsewhere, other.ID)
	require.NoError(t, err, "another tenant is left alone")
	page, err := d.Retention.List(d.rex, itsm.Query{})
	require.NoError(t, err)
	var counts []int
	for _, p := range page.Records {
		counts = append(counts, p.Count)
		history, err := d.History(d.root, p.Ref(), 0, 0)
		require.NoError(t, err)
		require.Equal(t, itsm.System, history[0].Actor.Kind)
	}
	require.Equal(t, []int{4, 4, 1}, counts, "a batch a transaction")
	next, err = d.Retention.Next(d.rex)
	require.NoError(t, err)
	require.Equal(t, 9, next.Records)
	require.True(t, next.Next.After(clock.Now()))
	require.NoError(t, clock.Advance(d.root, 48*time.Hour))
	again, err := d.Retention.Next(d.rex)
	require.NoError(t, err)
	require.Zero(t, again.Records)
}

// TestWhatCannotGoDoesNotStopTheWalk leaves more than a batch that stays behind what goes.
func TestWhatCannotGoDoesNotStopTheWalk(t *testing.T) {
	for name, every := range map[string]time.Duration{"by hand": -1, "by itself": 0} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, retention.Config{Policies: []retention.Policy{{Name: "general", After: days(30)}}, Batch: 2, Every: every})
			var stay, go_ []itsm.Ref
			for range 5 {
				inc, err := d.Incidents.Report(d.ann, incident.Report{Title: "Stays", Caller: "bob", Impact: itsm.Low, Urgency: itsm.Low})
				require.NoError(t, err)
				tasks, err := d.Tasks.Add(d.ann, inc.Ref(), task.Work{Title: "Look"})
				require.NoError(t, err)
				_, err = d.Incidents.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Withdrawn})
				require.NoError(t, err)
				_, err = d.Tasks.HoldForLegal(d.rex, tasks[0].ID, itsm.LegalHold{Matter: "2026-14"})
				require.NoError(t, err)
				stay = append(stay, inc.Ref())
			}
			for range 5 {
				go_ = append(go_, d.closed("Goes").Ref())
			}
			d.pass(32)
			if every < 0 {
				done := d.run()
				require.Equal(t, 5, done.Left)
				require.Equal(t, 5, done.Records)
			}
			require.NotContains(t, d.there(stay...), false)
			require.NotContains(t, d.there(go_...), true)
		})
	}
}

func TestALimitBoundsARun(t *testing.T) {
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}))
	var refs []itsm.Ref
	for range 5 {
		refs = append(refs, d.closed("Old").Ref())
	}
	d.pass(30)
	done, err := d.Retention.Run(d.rex, 2)
	require.NoError(t, err)
	require.Equal(t, 2, done.Records)
	require.Equal(t, []bool{false, false, true, true, true}, d.there(refs...), "the longest due first")
	_, err = d.Retention.Run(d.rex, -1)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	ctx, cancel := context.WithCancel(d.rex)
	cancel()
	_, err = d.Retention.Run(ctx, 0)
	require.ErrorIs(t, err, context.Canceled)
}

func TestNotEverybodyPurges(t *testing.T) {
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}))
	inc := d.closed("Old")
	d.pass(30)
	for _, ctx := range []context.Context{d.bob, d.ann, d.mia, context.Background()} {
		_, err := d.Retention.Run(ctx, 0)
		require.Error(t, err)
		_, err = d.Do(ctx, itsm.Ref{Kind: retention.Kind}, retention.TriggerPurge, retention.Selection{Policy: "general", Kind: incident.Kind, Numbers: []string{inc.ID}})
		require.Error(t, err)
	}
	require.Equal(t, []bool{true}, d.there(inc.Ref()))
	_, err := d.Retention.List(d.bob, itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied, "requesters do not see purges")
}

// TestASelectionIsLookedAtAgain gives purges what they must not take.
func TestASelectionIsLookedAtAgain(t *testing.T) {
	class := retention.Policy{Name: "short", Class: "short", After: days(1)}
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}, class))
	old := d.closed("Old")
	d.pass(29)
	young := d.closed("Young")
	open, err := d.Incidents.Report(d.ann, incident.Report{Title: "Open", Caller: "bob", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	d.pass(2)
	purge := func(in retention.Selection) error {
		_, err := d.Do(d.rex, itsm.Ref{Kind: retention.Kind}, retention.TriggerPurge, in)
		return err
	}
	for name, in := range map[string]retention.Selection{
		"no such policy":      {Policy: "none", Kind: incident.Kind, Numbers: []string{old.ID}},
		"no such kind":        {Policy: "general", Kind: "purge", Numbers: []string{old.ID}},
		"a part":              {Policy: "general", Kind: task.Kind, Numbers: []string{"TSK0000001"}},
		"nothing":             {Policy: "general", Kind: incident.Kind},
		"too late an instant": {Policy: "general", Kind: incident.Kind, Before: d.clock.Now(), Numbers: []string{old.ID}},
		"more than fits":      {Policy: "general", Kind: incident.Kind, Numbers: make([]string, 501)},
	} {
		require.ErrorIs(t, purge(in), itsm.ErrInvalid, name)
	}
	for code, in := range map[lifecycle.Code]retention.Selection{
		retention.ReasonNotDue: {Policy: "general", Kind: incident.Kind, Numbers: []string{young.ID}},
		itsm.ReasonNotEnded:    {Policy: "general", Kind: incident.Kind, Numbers: []string{open.ID}},
		retention.ReasonGone:   {Policy: "general", Kind: incident.Kind, Numbers: []string{"INC0000099"}},
		retention.ReasonPolicy: {Policy: "short", Kind: incident.Kind, Numbers: []string{young.ID}},
	} {
		refusal, ok := lifecycle.AsRefusal(purge(in))
		require.True(t, ok, code)
		require.True(t, refusal.Has(code), "%s: %v", code, refusal)
	}
	require.NoError(t, purge(retention.Selection{Policy: "general", Kind: incident.Kind, Numbers: []string{young.ID, old.ID, open.ID}}))
	require.Equal(t, []bool{false, true, true}, d.there(old.Ref(), young.Ref(), open.Ref()))
	page, err := d.Retention.List(d.rex, itsm.Query{})
	require.NoError(t, err)
	require.Len(t, page.Records, 1, "a refused purge leaves no record")
	got := page.Records[0]
	require.Equal(t, []int{1, 3, 2}, []int{got.Count, got.Looked, got.Left})
}

func TestPurgesAreSuspended(t *testing.T) {
	for name, every := range map[string]time.Duration{"by hand": -1, "by itself": 0} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, retention.Config{Policies: []retention.Policy{{Name: "general", After: days(30)}}, Every: every})
			_, err := d.Retention.Suspend(d.rex, "An inquiry.")
			require.ErrorIs(t, err, itsm.ErrNotFound)
			inc := d.closed("Old")
			for _, ctx := range []context.Context{d.bob, d.ann, d.mia} {
				_, err = d.Retention.Suspend(ctx, "No.")
				require.Error(t, err)
			}
			_, err = d.Retention.Suspend(d.rex, "")
			require.ErrorIs(t, err, itsm.ErrRefused)
			_, err = d.Retention.Suspend(d.rex, "An inquiry.")
			require.NoError(t, err)
			d.pass(60)
			_, err = d.Retention.Run(d.rex, 0)
			refusal, ok := lifecycle.AsRefusal(err)
			require.True(t, ok)
			require.True(t, refusal.Has(retention.ReasonSuspended))
			require.Equal(t, []bool{true}, d.there(inc.Ref()))
			_, err = d.Retention.Resume(d.rex)
			require.NoError(t, err)
			d.pass(1)
			if every < 0 {
				require.Equal(t, []bool{true}, d.there(inc.Ref()))
				require.Equal(t, 1, d.run().Records)
			}
			require.Equal(t, []bool{false}, d.there(inc.Ref()))
		})
	}
}

func TestFaultsOfAConfiguration(t *testing.T) {
	wrong := itsm.Where("nothing").Is("x")
	for name, c := range map[string]retention.Config{
		"no name":            {Policies: []retention.Policy{{After: days(1)}}},
		"the same name":      {Policies: []retention.Policy{{Name: "a", After: days(1)}, {Name: "a", After: days(2)}}},
		"no period":          {Policies: []retention.Policy{{Name: "a"}}},
		"a negative period":  {Policies: []retention.Policy{{Name: "a", After: retention.Period{Years: 1, Days: -1}}}},
		"too long a period":  {Policies: []retention.Policy{{Name: "a", After: retention.Period{Years: 201}}}},
		"for ever and not":   {Policies: []retention.Policy{{Name: "a", After: days(1), Keep: true}}},
		"a kind twice":       {Policies: []retention.Policy{{Name: "a", After: days(1), Kinds: []string{incident.Kind, incident.Kind}}}},
		"a part":             {Policies: []retention.Policy{{Name: "a", After: days(1), Kinds: []string{task.Kind}}}},
		"no kind of tickets": {Policies: []retention.Policy{{Name: "a", After: days(1), Kinds: []string{retention.Kind}}}},
		"no kind":            {Policies: []retention.Policy{{Name: "a", After: days(1), Kinds: []string{"none"}}}},
		"no column":          {Policies: []retention.Policy{{Name: "a", After: days(1), Where: &wrong}}},
		"a part of nothing":  {Policies: []retention.Policy{{Name: "a", After: days(1)}}, Parts: []retention.Part{{Kind: incident.Kind, Column: "nothing"}}},
		"half a part":        {Parts: []retention.Part{{Kind: incident.Kind}}},
		"a batch":            {Batch: 5001},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := desk.Open(context.Background(), desk.Config{Retention: c})
			require.ErrorIs(t, err, itsm.ErrInvalid)
		})
	}
	_, err := desk.Open(context.Background(), desk.Config{Retention: retention.Config{Policies: []retention.Policy{{}, {Name: "b", After: days(-1)}}, Batch: -1}})
	for _, part := range []string{"a policy has a name", "period of more than 0", `policy "b"`, "5,000"} {
		require.ErrorContains(t, err, part, "all faults at once")
	}
}

func TestPeriodsAreOfTheCalendar(t *testing.T) {
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return v
	}
	for _, c := range []struct {
		period       retention.Period
		from, before string
		text         string
	}{
		{retention.Period{Years: 1}, "2025-02-28T10:00:00Z", "2024-02-28T10:00:00Z", "1 year"},
		{retention.Period{Years: 1}, "2024-02-29T10:00:00Z", "2023-02-28T10:00:00Z", "1 year"},
		{retention.Period{Months: 1}, "2026-03-31T10:00:00Z", "2026-02-28T10:00:00Z", "1 month"},
		{retention.Period{Months: 13}, "2026-01-15T10:00:00+02:00", "2024-12-15T08:00:00Z", "13 months"},
		{retention.Period{Years: 7, Months: 6, Days: 2}, "2026-07-01T00:00:00Z", "2018-12-30T00:00:00Z", "7 years 6 months 2 days"},
		{retention.Period{Days: 1}, "2026-03-01T00:00:00Z", "2026-02-28T00:00:00Z", "1 day"},
	} {
		require.Equal(t, at(c.before).UTC(), c.period.Before(at(c.from)), "%v before %s", c.period, c.from)
		require.Equal(t, c.text, c.period.String())
	}
}

// TestErasureLeavesWhatIsHeld: the duty to keep suspends the duty to erase.
func TestErasureLeavesWhatIsHeld(t *testing.T) {
	d := newDesk(t, retention.Config{})
	held, free := d.closed("Held"), d.closed("Free")
	_, err := d.Incidents.HoldForLegal(d.rex, held.ID, itsm.LegalHold{Matter: "2026-14"})
	require.NoError(t, err)
	done, err := d.Erase(d.root, "bob", "asked for it")
	require.NoError(t, err)
	require.Equal(t, 1, done.Records)
	require.Equal(t, []itsm.Ref{held.Ref()}, done.Held)
	inc, err := d.Incidents.Get(d.root, held.ID)
	require.NoError(t, err)
	require.Equal(t, "bob", inc.Caller)
	inc, err = d.Incidents.Get(d.root, free.ID)
	require.NoError(t, err)
	require.Equal(t, itsm.Erased, inc.Caller)
	_, err = d.Incidents.ReleaseLegalHold(d.rex, held.ID, itsm.LegalHold{Matter: "2026-14", Reason: "Settled."})
	require.NoError(t, err)
	done, err = d.Erase(d.root, "bob", "asked for it")
	require.NoError(t, err)
	require.Empty(t, done.Held)
	require.Equal(t, 1, done.Records)
}

// TestManyNodesPurgeOnce runs two desks on one store.
func TestManyNodesPurgeOnce(t *testing.T) {
	clock, store := itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), memory.New()
	c := retention.Config{Policies: []retention.Policy{{Name: "general", After: days(30)}}, Batch: 3}
	d := newDeskOn(t, store, clock, c)
	newDeskOn(t, store, clock, c)
	var refs []itsm.Ref
	for range 10 {
		refs = append(refs, d.closed("Old").Ref())
	}
	d.pass(40)
	require.NotContains(t, d.there(refs...), true)
	total := 0
	for p, err := range d.Retention.All(d.rex, itsm.Query{}) {
		require.NoError(t, err)
		total += p.Count
	}
	require.Equal(t, 10, total)
}

// TestNothingPersonalIsLeft looks for the words of a purged ticket in all that the store still has.
func TestNothingPersonalIsLeft(t *testing.T) {
	d := newDesk(t, manual(retention.Policy{Name: "general", After: days(30)}))
	inc := d.closed("My payslip of Brigitte")
	_, err := d.Incidents.Note(d.ann, inc.ID, "Brigitte called.")
	require.NoError(t, err)
	d.pass(30)
	require.Equal(t, 1, d.run().Records)
	snap, err := d.Store().Snapshot(t.Context())
	require.NoError(t, err)
	defer snap.Close()
	fed, err := d.Store().Feed(t.Context(), nil, 0, 1000)
	require.NoError(t, err)
	require.NotEmpty(t, fed)
	for _, f := range fed {
		require.NotEqual(t, incident.Kind, f.Event.Key.Kind)
		text := fmt.Sprintf("%s %s", f.Event.Facts, sealed(f.Event))
		require.NotContains(t, text, "Brigitte")
		require.NotContains(t, text, "bob")
	}
	_, err = snap.Get(t.Context(), inc.Key())
	require.ErrorIs(t, err, itsm.ErrNotFound)
	rows, err := snap.Rows(t.Context(), nil, itsm.Key{Tenant: itsmtest.Tenant, Kind: retention.Kind, ID: "PRG0000001"}, "", 0, 0)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Empty(t, rows[0].Sealed.Subject)
}

func sealed(e *itsm.Event) (all []string) {
	for i := range e.Sealed {
		all = append(all, string(e.Sealed[i].Value))
	}
	return all
}
