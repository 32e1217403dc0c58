package problem_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/problem"
	"github.com/itsmkit/itsmkit/task"
)

var start = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

type fixture struct {
	*desk.Desk
	t               rapid.TB
	clock           *itsmtest.Clock
	ann, mary, root context.Context
}

func open(t rapid.TB, c problem.Config, with ...func(*desk.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: itsmtest.NewClock(start)}
	config := desk.Config{Clock: f.clock, Problems: c}
	for _, w := range with {
		w(&config)
	}
	d, err := desk.Open(context.Background(), config)
	require.NoError(t, err)
	f.Desk = d
	f.clock.Attach(d.Kernel)
	f.ann = itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	f.mary = itsmtest.As(context.Background(), itsmtest.Manager("mary"))
	f.root = itsmtest.As(context.Background(), itsmtest.System())
	return f
}

func (f *fixture) report(r problem.Report) problem.Problem {
	f.t.Helper()
	if r.Title == "" {
		r.Title = "Mail is slow"
	}
	p, err := f.Problems.Report(f.ann, r)
	require.NoError(f.t, err)
	return p
}

// analysed brings a problem to where its cause is looked for.
func (f *fixture) analysed(r problem.Report) problem.Problem {
	f.t.Helper()
	p, err := f.Problems.StartAnalysis(f.ann, f.report(r).ID, problem.Owning{})
	require.NoError(f.t, err)
	return p
}

func (f *fixture) incident(title string) incident.Incident {
	f.t.Helper()
	inc, err := f.Incidents.Report(f.ann, incident.Report{Title: title, Assignee: "ann"})
	require.NoError(f.t, err)
	return inc
}

func (f *fixture) waiting(reason itsm.HoldReason) itsm.Ref {
	f.t.Helper()
	inc := f.incident("Mail is slow")
	_, err := f.Incidents.Hold(f.ann, inc.ID, incident.Hold{Reason: reason})
	require.NoError(f.t, err)
	return inc.Ref()
}

func (f *fixture) change() change.Change {
	f.t.Helper()
	c, err := f.Changes.Draft(f.ann, change.Draft{Title: "Larger disk"})
	require.NoError(f.t, err)
	return c
}

func (f *fixture) refused(err error, codes ...lifecycle.Code) *lifecycle.Refusal {
	f.t.Helper()
	return itsmtest.RequireRefused(f.t, err, codes...)
}

func TestAProblemFromReportToReview(t *testing.T) {
	f := open(t, problem.Config{CauseCategories: []string{"technology", "process"}})
	p := f.report(problem.Report{Impact: itsm.High, Urgency: itsm.High, Major: true})
	assert.Equal(t, "PRB0000001", p.ID)
	assert.Equal(t, itsm.Priority(2), p.Priority)
	p, err := f.Problems.Assess(f.ann, p.ID, problem.Owning{})
	require.NoError(t, err)
	assert.Equal(t, "ann", p.Assignee, "who assesses it owns it, where nobody does")
	p, err = f.Problems.StartAnalysis(f.ann, p.ID, problem.Owning{Owner: "bob"})
	require.NoError(t, err)
	assert.Equal(t, "bob", p.Assignee)
	_, err = f.Problems.Fix(f.ann, p.ID, problem.Fixing{Unchanged: "a setting"})
	f.refused(err, problem.ReasonNoCause)
	_, err = f.Problems.RecordCause(f.ann, p.ID, problem.Finding{Cause: "disk", Category: "weather"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	p, err = f.Problems.RecordCause(f.ann, p.ID, problem.Finding{Cause: "the disk is full", Category: "technology", Analysis: &problem.Analysis{
		Whys:   []string{"mail is slow", "the queue grows", "the disk is full"},
		Causes: []problem.PossibleCause{{Category: "technology", Cause: "network", RuledOut: true, Evidence: "ping"}},
		Timeline: []problem.Moment{
			{At: start.Add(time.Hour), What: "the queue was emptied"}, {At: start, What: "the disk was full"},
		},
	}})
	require.NoError(t, err)
	assert.Equal(t, "the disk was full", p.Analysis.Get().Timeline[0].What, "in the order of time")
	_, err = f.Problems.Fix(f.ann, p.ID, problem.Fixing{})
	f.refused(err, problem.ReasonNoChange)
	c := f.change()
	p, err = f.Problems.Fix(f.ann, p.ID, problem.Fixing{Changes: []itsm.Ref{c.Ref()}})
	require.NoError(t, err)
	assert.Equal(t, problem.StateFixing, p.State)

	fixed := problem.Resolution{Outcome: problem.FixApplied, Notes: "a larger disk"}
	_, err = f.Problems.Resolve(f.ann, p.ID, fixed)
	r := f.refused(err, problem.ReasonChange)
	assert.Equal(t, c.ID, r.Reasons[0].Args["change"])
	_, err = f.Changes.Cancel(f.ann, c.ID, "it was bought already")
	require.NoError(t, err)
	p, err = f.Problems.Resolve(f.ann, p.ID, fixed)
	require.NoError(t, err, "a change that ended is finished")
	_, err = f.Problems.Complete(f.ann, p.ID, problem.Completion{})
	f.refused(err, problem.ReasonReview)
	_, err = f.Problems.WriteReview(f.ann, p.ID, problem.Review{WentWell: "x"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.Problems.WriteReview(f.ann, p.ID, problem.Review{Prevent: "watch the disk", Improvements: []string{"an alarm"}})
	require.NoError(t, err)
	p, err = f.Problems.Complete(f.ann, p.ID, problem.Completion{})
	require.NoError(t, err)
	assert.Equal(t, problem.StateClosed, p.State)
	require.NoError(t, f.Verify(f.root, p.Ref()))
}

func TestAFixWithoutItsChangesIsWaived(t *testing.T) {
	f := open(t, problem.Config{})
	p := f.analysed(problem.Report{})
	c := f.change()
	_, err := f.Problems.Fix(f.ann, p.ID, problem.Fixing{Cause: "the disk", Changes: []itsm.Ref{c.Ref()}})
	require.NoError(t, err)
	p, err = f.Problems.Resolve(f.ann, p.ID, problem.Resolution{Outcome: problem.FixApplied, Notes: "n", Waiver: "the rest is cosmetic"})
	require.NoError(t, err)
	p, err = f.Problems.Complete(f.ann, p.ID, problem.Completion{})
	require.NoError(t, err, "the waiver holds")
	assert.Equal(t, "the rest is cosmetic", p.Waiver)

	t.Run("a change that is linked after the resolution holds up the closing", func(t *testing.T) {
		p := f.analysed(problem.Report{})
		_, err := f.Problems.Resolve(f.ann, p.ID, problem.Resolution{Outcome: problem.NoCauseFound, Notes: "n"})
		require.NoError(t, err)
		_, err = f.Problems.Link(f.ann, p.ID, problem.FixedBy, f.change().Ref())
		require.NoError(t, err)
		_, err = f.Problems.Complete(f.ann, p.ID, problem.Completion{})
		f.refused(err, problem.ReasonChange)
		_, err = f.Problems.Complete(f.ann, p.ID, problem.Completion{Waiver: "it is another matter"})
		require.NoError(t, err)
	})
}

func TestOutcomes(t *testing.T) {
	f := open(t, problem.Config{})
	p := f.analysed(problem.Report{})
	for in, code := range map[problem.Resolution]lifecycle.Code{
		{Notes: "n"}: lifecycle.MissingInput, {Outcome: problem.NoCauseFound}: lifecycle.MissingInput,
		{Outcome: "gone", Notes: "n"}: problem.ReasonOutcome, {Outcome: problem.RiskAccepted, Notes: "n"}: problem.ReasonReviewAt,
		{Outcome: problem.RiskAccepted, Notes: "n", ReviewAt: start.Add(-time.Hour)}: problem.ReasonReviewAt,
	} {
		_, err := f.Problems.Resolve(f.ann, p.ID, in)
		f.refused(err, code)
	}
	_, err := f.Tasks.Add(f.ann, p.Ref(), task.Work{Title: "Ask the vendor", Mandatory: true})
	require.NoError(t, err)
	borne := problem.Resolution{Outcome: problem.RiskAccepted, Notes: "it is rare", ReviewAt: start.Add(90 * 24 * time.Hour)}
	_, err = f.Problems.Resolve(f.ann, p.ID, borne)
	f.refused(err, problem.ReasonTasks)
	tasks, err := f.Tasks.Of(f.ann, p.Ref())
	require.NoError(t, err)
	_, err = f.Tasks.Skip(f.mary, tasks[0].ID, "they are gone")
	require.NoError(t, err)
	_, err = f.Problems.Resolve(f.ann, p.ID, borne)
	require.NoError(t, err)
	require.NoError(t, f.clock.Advance(f.root, 91*24*time.Hour))
	itsmtest.RequireEvent(t, f.root, f.Kernel, p.Ref(), "problem.risk_review_due")

	t.Run("a borne risk is a leader's to take up again", func(t *testing.T) {
		_, err := f.Problems.Reanalyse(f.ann, p.ID, "it came again")
		f.refused(err, problem.ReasonRole)
		p, err := f.Problems.Reanalyse(f.mary, p.ID, "it came again")
		require.NoError(t, err)
		assert.Equal(t, problem.StateAnalysis, p.State)
		assert.Empty(t, p.Outcome)
		assert.Equal(t, 1, p.Reanalyses)
		_, err = f.Problems.Resolve(f.ann, p.ID, problem.Resolution{Outcome: problem.NoCauseFound, Notes: "n"})
		require.NoError(t, err)
		_, err = f.Problems.Complete(f.ann, p.ID, problem.Completion{})
		require.NoError(t, err)
		_, err = f.Problems.Reanalyse(f.ann, p.ID, "a new log")
		require.NoError(t, err, "what was not found anybody may look for")
	})
}

func TestHoldsAndQueues(t *testing.T) {
	f := open(t, problem.Config{})
	p := f.analysed(problem.Report{Group: "mail"})
	_, err := f.Problems.Hold(f.ann, p.ID, "")
	f.refused(err, lifecycle.MissingInput)
	_, err = f.Problems.Fix(f.ann, p.ID, problem.Fixing{Cause: "c", Unchanged: "u"})
	require.NoError(t, err)
	_, err = f.Problems.Hold(f.ann, p.ID, "the vendor")
	require.NoError(t, err)
	p, err = f.Problems.Resume(f.ann, p.ID)
	require.NoError(t, err)
	assert.Equal(t, problem.StateFixing, p.State, "it goes on where it was")
	_, err = f.Problems.Reassign(f.ann, p.ID, problem.Owning{Owner: "ann"})
	f.refused(err, problem.ReasonHandover)
	p, err = f.Problems.Reassign(f.ann, p.ID, problem.Owning{Owner: "bob"})
	require.NoError(t, err)
	assert.Equal(t, problem.StateAssessed, p.State)
	p, err = f.Problems.ReturnToQueue(f.ann, p.ID, "")
	require.NoError(t, err)
	assert.Equal(t, []string{"mail", ""}, []string{p.Group, p.Assignee})
	_, err = f.Problems.Cancel(f.ann, p.ID, "it is none")
	require.NoError(t, err)
}

func TestAWorkaroundReachesTheOpenIncidentsOnceEach(t *testing.T) {
	f := open(t, problem.Config{})
	p := f.report(problem.Report{})
	first, closed := f.incident("Mail is slow"), f.incident("Mail is slow")
	_, err := f.Incidents.Cancel(f.ann, closed.ID, incident.Cancel{Reason: incident.Mistake})
	require.NoError(t, err)
	for _, inc := range []incident.Incident{first, closed} {
		_, err := f.Problems.Link(f.ann, p.ID, problem.Underlies, inc.Ref())
		require.NoError(t, err)
	}
	told := func(id string) (n int) {
		rows, err := f.Rows(f.root, itsm.Ref{Kind: incident.Kind, ID: id}, itsm.WorkNotes, 0, 100)
		require.NoError(t, err)
		return len(rows)
	}
	_, err = f.Problems.PublishWorkaround(f.ann, p.ID, "restart it")
	require.NoError(t, err)
	_, err = f.Problems.PublishWorkaround(f.ann, p.ID, "restart it")
	require.NoError(t, err)
	assert.Equal(t, 1, told(first.ID), "the same is not said again")
	assert.Equal(t, 0, told(closed.ID))
	later := f.incident("Mail is slow")
	_, err = f.Incidents.Link(f.ann, later.ID, itsm.LinkType{Name: problem.Underlies.Inverse, Inverse: problem.Underlies.Name}, p.Ref())
	require.NoError(t, err)
	assert.Equal(t, 1, told(later.ID), "who is linked later is told then, from either end")
	assert.Equal(t, 1, told(first.ID), "and nobody else again")
	inc, err := f.Incidents.Get(f.root, later.ID)
	require.NoError(t, err)
	assert.Equal(t, incident.KnownWorkaround{Problem: p.ID, Edition: 1, Text: "restart it"}, inc.Workaround)
	_, err = f.Problems.PublishWorkaround(f.ann, p.ID, "use the web mail")
	require.NoError(t, err)
	assert.Equal(t, []int{2, 2, 0}, []int{told(first.ID), told(later.ID), told(closed.ID)}, "another one is told once more")
}

func TestWhatAProblemDoesToWaitingIncidents(t *testing.T) {
	for _, c := range []struct {
		outcome  problem.Outcome
		resolved bool
		told     int
	}{{problem.FixApplied, true, 0}, {problem.RiskAccepted, false, 1}, {problem.NoCauseFound, false, 0}} {
		t.Run(string(c.outcome), func(t *testing.T) {
			f := open(t, problem.Config{})
			forProblem, forVendor := f.waiting(itsm.HoldProblem), f.waiting(itsm.HoldVendor)
			p := f.analysed(problem.Report{Incidents: []itsm.Ref{forProblem, forVendor}})
			_, err := f.Problems.Resolve(f.ann, p.ID, problem.Resolution{Outcome: c.outcome, Notes: "what came of it", ReviewAt: start.Add(time.Hour)})
			require.NoError(t, err)
			inc, err := f.Incidents.Get(f.root, forProblem.ID)
			require.NoError(t, err)
			assert.Equal(t, c.resolved, inc.State == incident.StateResolved)
			if c.resolved {
				assert.Equal(t, incident.Resolution{Code: incident.Fixed, Notes: "what came of it"}, inc.Resolution)
			}
			rows, err := f.Rows(f.root, forProblem, itsm.WorkNotes, 0, 100)
			require.NoError(t, err)
			assert.Len(t, rows, c.told)
			inc, err = f.Incidents.Get(f.root, forVendor.ID)
			require.NoError(t, err)
			assert.Equal(t, itsm.HoldVendor, inc.Hold, "who waits for something else goes on waiting")
		})
	}
}

func TestADuplicateGivesItsLinksToTheOriginal(t *testing.T) {
	f := open(t, problem.Config{})
	original := f.report(problem.Report{Title: "Mail"})
	_, err := f.Problems.PublishWorkaround(f.ann, original.ID, "restart it")
	require.NoError(t, err)
	inc, c := f.incident("Mail is slow"), f.change()
	twin := f.analysed(problem.Report{Incidents: []itsm.Ref{inc.Ref()}})
	_, err = f.Problems.Fix(f.ann, twin.ID, problem.Fixing{Cause: "x", Changes: []itsm.Ref{c.Ref()}})
	require.NoError(t, err)
	for _, wrong := range []itsm.Ref{twin.Ref(), {Kind: problem.Kind, ID: "PRB0000099"}, inc.Ref()} {
		_, err = f.Problems.MarkDuplicate(f.ann, twin.ID, problem.Duplicate{Original: wrong})
		f.refused(err, problem.ReasonOriginal)
	}
	twin, err = f.Problems.MarkDuplicate(f.ann, twin.ID, problem.Duplicate{Original: original.Ref()})
	require.NoError(t, err)
	assert.Equal(t, problem.StateCancelled, twin.State)
	links, err := f.Links(f.root, original.Ref())
	require.NoError(t, err)
	has := map[string]itsm.Ref{}
	for _, l := range links {
		has[l.Name] = l.To
	}
	assert.Equal(t, map[string]itsm.Ref{"underlies": inc.Ref(), "fixed_by": c.Ref(), "duplicated_by": twin.Ref()}, has)
	got, err := f.Incidents.Get(f.root, inc.ID)
	require.NoError(t, err)
	assert.Equal(t, "restart it", got.Workaround.Text, "and its incidents hear of the workaround")
	_, err = f.Problems.MarkDuplicate(f.ann, original.ID, problem.Duplicate{Original: twin.Ref()})
	f.refused(err, problem.ReasonOriginal)
}

type articles struct{ made []problem.Problem }

func (a *articles) DraftKnownError(_ *itsm.Unit, p problem.Problem) (itsm.Ref, error) {
	a.made = append(a.made, p)
	return itsm.Ref{Kind: "article", ID: fmt.Sprintf("KB%d", len(a.made))}, nil
}

func TestAKnownErrorHasAnArticle(t *testing.T) {
	written := &articles{}
	f := open(t, problem.Config{Articles: written})
	p := f.report(problem.Report{})
	_, err := f.Problems.DeclareKnownError(f.ann, p.ID)
	f.refused(err, problem.ReasonUnknown)
	_, err = f.Problems.PublishWorkaround(f.ann, p.ID, "restart it")
	require.NoError(t, err)
	for range 2 {
		p, err = f.Problems.DeclareKnownError(f.ann, p.ID)
		require.NoError(t, err)
		assert.True(t, p.KnownError)
		assert.Equal(t, "KB1", p.Article.ID, "one article")
	}
	require.Len(t, written.made, 1)
}

func TestADeskThatSaysWhatIsWrong(t *testing.T) {
	_, err := desk.Open(context.Background(), desk.Config{Problems: problem.Config{
		CauseCategories: []string{" "}, Reanalysts: map[problem.Outcome][]itsm.Role{"gone": nil},
		Trends: []problem.TrendRule{{}, {Name: "a", By: "colour", Window: time.Hour, Least: 1, Alike: 2}, {Name: "a", By: problem.ByItem, Window: time.Hour, Least: 2}},
	}})
	for _, where := range []string{"CauseCategories[0]", "Reanalysts", "Trends[0]", "Trends[1]", "Trends[2].Name", "no trend"} {
		assert.ErrorContains(t, err, where)
	}
}

func TestRequestersNeitherReportProblemsNorSeeWorkarounds(t *testing.T) {
	f := open(t, problem.Config{})
	cleo := itsmtest.As(context.Background(), itsmtest.Requester("cleo"))
	_, err := f.Problems.Report(cleo, problem.Report{Title: "Mail"})
	require.ErrorIs(t, err, itsm.ErrDenied)
	inc, err := f.Incidents.Report(cleo, incident.Report{Title: "Mail is slow"})
	require.NoError(t, err)
	p := f.report(problem.Report{Incidents: []itsm.Ref{inc.Ref()}})
	_, err = f.Problems.PublishWorkaround(f.ann, p.ID, "reset the queue as root")
	require.NoError(t, err)
	inc, err = f.Incidents.Get(cleo, inc.ID)
	require.NoError(t, err)
	assert.Empty(t, inc.Workaround, "it is for those who work on it")
}
