package change_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/task"
)

var reboot = change.Procedure{
	Title: "Reboot a server", Services: []string{"hosting"}, Plans: change.Plans{Implementation: "drain, reboot, watch"},
	Criteria: []string{"it is back"}, WithoutReview: true, Tasks: []task.Work{{Title: "Drain it", Mandatory: true}},
}

// standard brings a procedure to where changes can be drafted from it.
func (f *fixture) standard(name string, p change.Procedure) change.Template {
	f.t.Helper()
	w, err := f.Changes.WriteTemplate(f.rita, change.NewTemplate{Name: name, Procedure: p})
	require.NoError(f.t, err)
	_, err = f.Changes.ProposeTemplate(f.rita, w.ID)
	require.NoError(f.t, err)
	w, err = f.Changes.ApproveTemplate(f.mary, w.ID)
	require.NoError(f.t, err)
	return w
}

func TestAStandardChangeIsApprovedByItsTemplate(t *testing.T) {
	f := open(t, byVera())
	_, err := f.Changes.Draft(f.rita, change.Draft{Title: "Reboot", Type: change.Standard})
	require.ErrorIs(t, err, itsm.ErrInvalid, "no template")
	f.standard("reboot", reboot)
	c := f.draft(change.Draft{Template: "reboot", Items: []string{"web1"}})
	assert.Equal(t, []any{change.Standard, "Replace the router", reboot.Plans, reboot.Services, int64(1)},
		[]any{c.Type, c.Title, c.Plans, c.Services, c.TemplateVersion})
	_, err = f.Changes.Submit(f.rita, c.ID)
	f.refused(err, change.ReasonType)
	_, err = f.Changes.Schedule(f.rita, c.ID, tuesday)
	require.NoError(t, err, "nobody is asked")
	f.until("2026-03-03T20:00:00Z")
	_, err = f.Changes.Begin(f.ann, c.ID)
	require.NoError(t, err)
	tasks, err := f.Tasks.Of(f.root, c.Ref())
	require.NoError(t, err)
	require.Len(t, tasks, 1)
	done := change.Closure{Outcome: change.Successful, Notes: "back"}
	_, err = f.Changes.Tick(f.ann, c.ID, change.Tick{Criterion: "it is back", Met: true, Evidence: "ping"})
	require.NoError(t, err)
	_, err = f.Changes.Close(f.ann, c.ID, done)
	f.refused(err, change.ReasonTasks)
	_, err = f.Tasks.Skip(f.mary, tasks[0].ID, "it was empty")
	require.NoError(t, err)
	c, err = f.Changes.Close(f.ann, c.ID, done)
	require.NoError(t, err, "without a review")
	assert.Equal(t, f.clock.Now(), c.EndedAt)
}

func TestWhatATemplateSaysIsFixed(t *testing.T) {
	f := open(t, byVera())
	f.standard("reboot", reboot)
	_, err := f.Changes.Draft(f.rita, change.Draft{Template: "reboot", Plans: allPlans, Services: []string{"mail"}})
	require.ErrorContains(t, err, "plans")
	require.ErrorContains(t, err, "services")
	c := f.draft(change.Draft{Template: "reboot", Items: []string{"web1"}})
	for name, v := range map[string]field.Value{
		"plans.implementation": field.Text("pull the plug"), "plans.test": field.Text("x"), "services": field.List("mail"), "type": field.Text("normal"),
	} {
		_, err = f.Changes.Edit(f.rita, c.ID, itsm.Patch{name: v})
		f.refused(err, change.ReasonFixed)
	}
	_, err = f.Changes.Edit(f.rita, c.ID, itsm.Patch{"items": field.List("web2")})
	require.NoError(t, err, "what it leaves open is not")
	again, err := f.Changes.Copy(f.ann, c.ID)
	require.NoError(t, err)
	assert.Equal(t, c.Template, again.Template)
}

func TestALifeOfATemplate(t *testing.T) {
	f := open(t, byVera())
	w, err := f.Changes.WriteTemplate(f.rita, change.NewTemplate{Name: "reboot", Procedure: reboot})
	require.NoError(t, err)
	_, err = f.Changes.WriteTemplate(f.rita, change.NewTemplate{Name: "reboot", Procedure: reboot})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a name stands for one")
	_, err = f.Changes.Draft(f.rita, change.Draft{Template: "reboot"})
	f.refused(err, change.ReasonTemplate)
	_, err = f.Changes.ProposeTemplate(f.mary, w.ID)
	require.NoError(t, err)
	_, err = f.Changes.ApproveTemplate(f.mary, w.ID)
	f.refused(err, change.ReasonRequester)
	_, err = f.Changes.ApproveTemplate(f.ann, w.ID)
	f.refused(err, change.ReasonOverrider)
	_, err = f.Changes.ReturnTemplate(f.ann, w.ID, "which server?")
	require.NoError(t, err)
	_, err = f.Changes.ProposeTemplate(f.rita, w.ID)
	require.NoError(t, err)
	_, err = f.Changes.ApproveTemplate(f.mary, w.ID)
	require.NoError(t, err)
	first := f.draft(change.Draft{Template: "reboot", Items: []string{"a"}})

	// Another edition is written while the first one is used.
	_, err = f.Changes.BeginEdition(f.rita, w.ID)
	require.NoError(t, err)
	better := reboot
	better.Plans.Implementation = "drain, back up, reboot, watch"
	_, err = f.Changes.RewriteTemplate(f.rita, w.ID, better)
	require.NoError(t, err)
	second := f.draft(change.Draft{Template: "reboot", Items: []string{"b"}})
	assert.Equal(t, reboot.Plans, second.Plans)
	_, err = f.Changes.Schedule(f.rita, second.ID, tuesday)
	require.NoError(t, err)
	_, err = f.Changes.ProposeTemplate(f.rita, w.ID)
	require.NoError(t, err)
	w, err = f.Changes.ApproveTemplate(f.mary, w.ID)
	require.NoError(t, err)
	assert.EqualValues(t, 2, w.Approved)
	third := f.draft(change.Draft{Template: "reboot", Items: []string{"c"}})
	assert.Equal(t, better.Plans, third.Plans)

	// What was drafted from the edition before is not what is approved now.
	_, err = f.Changes.Schedule(f.rita, first.ID, window("2026-03-04T20:00:00Z", 1))
	f.refused(err, change.ReasonTemplate)
	f.until("2026-03-03T20:00:00Z")
	_, err = f.Changes.Begin(f.ann, second.ID)
	f.refused(err, change.ReasonTemplate)

	_, err = f.Changes.SuspendTemplate(f.mary, w.ID, "two servers stayed down")
	require.NoError(t, err)
	_, err = f.Changes.Schedule(f.rita, third.ID, window("2026-03-04T20:00:00Z", 1))
	f.refused(err, change.ReasonTemplate)
	_, err = f.Changes.ResumeTemplate(f.mary, w.ID, "they had a bad disk")
	require.NoError(t, err)
	_, err = f.Changes.Schedule(f.rita, third.ID, window("2026-03-04T20:00:00Z", 1))
	require.NoError(t, err)
	_, err = f.Changes.RetireTemplate(f.mary, w.ID, "they reboot themselves")
	require.NoError(t, err)
	f.until("2026-03-04T20:00:00Z")
	_, err = f.Changes.Begin(f.ann, third.ID)
	f.refused(err, change.ReasonTemplate)
	require.NoError(t, f.Verify(f.root, w.Ref()))
}

func TestATemplateIsSuspendedThatFails(t *testing.T) {
	config := byVera()
	config.Templates = change.TemplatePolicy{Under: 80, Of: 4}
	f := open(t, config)
	w := f.standard("restart", change.Procedure{Title: "Restart", Plans: change.Plans{Implementation: "x"}})
	for i, outcome := range []change.Outcome{change.Failed, change.Successful, change.Successful, change.Successful, change.WithIssues} {
		got, err := f.Changes.Templates().Get(f.root, w.ID)
		require.NoError(t, err)
		require.True(t, got.Usable, "after %d changes", i)
		f.done(change.Draft{Template: "restart"}, outcome)
		if i == 3 { // 3 of 4 is under 80 percent
			got, err := f.Changes.Templates().Get(f.root, w.ID)
			require.NoError(t, err)
			require.False(t, got.Usable)
			require.Equal(t, change.TemplateSuspended, got.State)
			require.Contains(t, got.Reason, "3 of the last 4")
			_, err = f.Changes.ResumeTemplate(f.mary, w.ID, "the first one was ours")
			require.NoError(t, err)
		}
	}
}
