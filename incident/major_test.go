package incident_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// happened lists the instants of an event in an incident's history, as minutes since the desk opened.
func (d *desk) happened(id, event string) (minutes []int) {
	d.tb.Helper()
	history, err := d.History(d.root, id, 0, 0)
	require.NoError(d.tb, err)
	for _, e := range history {
		if e.Event == event || slices.Contains(e.Also, event) {
			minutes = append(minutes, int(e.At.Sub(opening)/time.Minute))
		}
	}
	return minutes
}

var opening = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// TestUpdateClock reminds at its instants, until an update is given, and stands still while nothing is to be told.
func TestUpdateClock(t *testing.T) {
	d := newDesk(t, incident.Config{Major: incident.MajorPolicy{Plan: incident.CommunicationPlan{
		Cadence: map[itsm.Priority]time.Duration{4: 20 * time.Minute},
	}}})
	inc := d.major(incident.MajorAccepted)
	at := func(minute int) time.Time { return opening.Add(time.Duration(minute) * time.Minute) }
	assert.Equal(t, at(20), inc.Major.NextUpdateAt)

	d.pass(50 * time.Minute) // 20, 40
	inc = d.get(inc.ID)
	assert.Equal(t, []int{20, 40}, d.happened(inc.ID, "incident.update_due"))
	assert.Equal(t, at(60), inc.Major.NextUpdateAt)
	assert.EqualValues(t, 2, inc.Major.UpdatesDue)

	inc = d.ok(d.Inform(d.ann, inc.ID, incident.Update{Audience: "board", Body: "Found it.", NextIn: 45 * time.Minute}))
	assert.Equal(t, at(95), inc.Major.NextUpdateAt, "as it was promised")
	assert.Zero(t, inc.Major.UpdatesDue)
	d.pass(50 * time.Minute) // 95
	assert.Equal(t, []int{20, 40, 95}, d.happened(inc.ID, "incident.update_due"))
	assert.Equal(t, at(115), d.get(inc.ID).Major.NextUpdateAt, "then by the cadence again")

	d.ok(d.Hold(d.ann, inc.ID, forVendor))
	inc = d.ok(d.Resolve(d.ann, inc.ID, fixed)) // 100
	assert.Zero(t, inc.Major.NextUpdateAt)
	assert.Zero(t, inc.Major.UpdatesDue)
	d.pass(10 * day)
	assert.Equal(t, []int{20, 40, 95}, d.happened(inc.ID, "incident.update_due"))
	assert.Equal(t, resolved, d.get(inc.ID).State, "it does not close itself")

	d.ok(d.Reopen(d.ann, inc.ID, again))
	d.pass(20 * time.Minute)
	assert.Len(t, d.happened(inc.ID, "incident.update_due"), 4, "it runs again")
	inc = d.ok(d.DemoteMajor(mia(), inc.ID, verdict))
	assert.Zero(t, inc.Major.NextUpdateAt)
	itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
	d.verified(inc.ID)
}

// TestUpdateClockOverRestarts: two kernels on one store, each of which may work late, miss no occurrence and tell none
// twice; each is told with its nominal time.
func TestUpdateClockOverRestarts(t *testing.T) {
	store, clock := memory.New(), itsmtest.NewClock(opening)
	node := func() *itsm.Kernel {
		k, err := itsm.New(itsm.Config{Store: store, Clock: clock, Authorizer: itsm.DefaultGrants()})
		require.NoError(t, err)
		_, err = incident.New(k, incident.Config{})
		require.NoError(t, err)
		require.NoError(t, k.Open(context.Background()))
		return k
	}
	k := node()
	root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	rec, err := k.Do(root, itsm.Ref{Kind: incident.Kind}, incident.TriggerReport, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	ref := rec.Header().Ref()
	_, err = k.Do(mia(), ref, incident.TriggerAccept, acceptance)
	require.NoError(t, err)
	nodes := []*itsm.Kernel{k, node()}
	for hour := 1; hour <= 48; hour++ {
		clock.Set(opening.Add(time.Duration(hour) * time.Hour))
		if hour%5 == 0 {
			continue // nobody runs
		}
		if hour%7 == 0 {
			nodes[hour%2] = node() // a restart
		}
		for range 3 { // whoever comes first, and the other one too
			for _, n := range nodes {
				_, _, err := n.Work(root)
				require.NoError(t, err)
			}
		}
	}
	history, err := k.History(root, ref, 0, 0)
	require.NoError(t, err)
	var told []time.Time
	for _, e := range history {
		var due []incident.UpdateDue
		if raw, ok := e.Facts["update_due"]; ok {
			require.NoError(t, json.Unmarshal(raw, &due))
			require.False(t, e.At.Before(due[0].Due))
			told = append(told, due[0].Due)
			assert.Equal(t, len(told), due[0].Count)
		}
	}
	require.Len(t, told, 48, "one an hour")
	for i, at := range told {
		assert.Equal(t, opening.Add(time.Duration(i+1)*time.Hour), at)
	}
	itsmtest.RequireVerified(t, root, k, ref)
}

// TestUpdatesDueNext asks an index for what is to be told next.
func TestUpdatesDueNext(t *testing.T) {
	d := newDesk(t, incident.Config{})
	late := d.major(incident.MajorAccepted)
	d.pass(10 * time.Minute)
	soon := d.major(incident.MajorAccepted)
	d.ok(d.Inform(d.ann, soon.ID, incident.Update{Audience: "board", Body: "Soon.", NextIn: 15 * time.Minute}))
	d.major(incident.MajorDemoted)
	running := itsm.Where("major.next_update_at").AtLeast(field.Instant(opening))
	page, err := d.List(d.ann, itsm.Query{Filter: &running, Sort: []itsm.Sort{{Column: "major.next_update_at"}}})
	require.NoError(t, err)
	require.Len(t, page.Records, 2)
	assert.Equal(t, []string{soon.ID, late.ID}, []string{page.Records[0].ID, page.Records[1].ID})
	none := itsm.Where("major.state").Empty()
	n, err := d.Count(d.ann, itsm.Query{Filter: &none})
	require.NoError(t, err)
	assert.Zero(t, n)
}

// TestCadence is by priority; never is possible.
func TestCadence(t *testing.T) {
	for name, c := range map[string]struct {
		cadence map[itsm.Priority]time.Duration
		impact  itsm.Level
		want    time.Duration
	}{
		"the desk's own, critical":  {nil, itsm.Critical, 30 * time.Minute},
		"the desk's own, otherwise": {nil, itsm.Medium, time.Hour},
		"for this priority":         {map[itsm.Priority]time.Duration{0: time.Hour, 2: 5 * time.Minute}, itsm.High, 5 * time.Minute},
		"for all others":            {map[itsm.Priority]time.Duration{0: 2 * time.Hour, 1: time.Minute}, itsm.High, 2 * time.Hour},
		"never":                     {map[itsm.Priority]time.Duration{0: -1}, itsm.High, 0},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, incident.Config{Major: incident.MajorPolicy{Plan: incident.CommunicationPlan{Cadence: c.cadence}}})
			inc := d.ok(d.Report(d.cleo, incident.Report{Title: "VPN down", Impact: c.impact, Urgency: c.impact}))
			inc = d.ok(d.AcceptMajor(mia(), inc.ID, acceptance))
			if c.want == 0 {
				assert.Zero(t, inc.Major.NextUpdateAt)
				itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
				return
			}
			itsmtest.RequireTimer(t, d.root, d.kernel, inc.Ref(), incident.TimerMajorUpdate, opening.Add(c.want))
			assert.Equal(t, opening.Add(c.want), inc.Major.NextUpdateAt)
		})
	}
}

// TestImportedMajorIncident sets no clock that has run out, and none is told of twice.
func TestImportedMajorIncident(t *testing.T) {
	d := newDesk(t, incident.Config{Major: incident.MajorPolicy{Rules: []incident.MajorRule{{Name: "all", Priority: 5}}}})
	then := opening.Add(-day)
	inc := d.ok(d.Report(d.root, incident.Report{Title: "VPN down"}, itsm.At(then)))
	assert.Empty(t, inc.Major.State, "rules do not judge what is imported")
	both := itsmtest.As(context.Background(), itsmtest.Administrator("root", itsmtest.WithRoles(itsm.Administrator, itsm.Manager)))
	inc = d.ok(d.AcceptMajor(both, inc.ID, acceptance, itsm.At(then.Add(time.Hour))))
	assert.Zero(t, inc.Major.NextUpdateAt)
	d.pass(day)
	assert.Empty(t, d.happened(inc.ID, "incident.update_due"))
	inc = d.ok(d.Inform(d.ann, inc.ID, incident.Update{Audience: "board", Body: "Still down."}))
	assert.Equal(t, d.clock.Now().Add(time.Hour), inc.Major.NextUpdateAt, "the next update starts it")
}

// directory knows two groups.
var directory = itsmtest.Directory{Groups: []itsm.Group{{ID: "heads", Members: []string{"hal", "ida", "joe"}}}}

// TestStakeholders are named by the plan; the event says whom it concerns, and callers see nothing of it.
func TestStakeholders(t *testing.T) {
	d := newDeskIn(t, itsm.Config{Store: memory.New(), Directory: directory}, incident.Config{Major: incident.MajorPolicy{Plan: incident.CommunicationPlan{
		Audiences: []incident.Audience{
			{Name: "board", People: []string{"joe", "kim"}, Groups: []string{"heads", "no_such"}, Channel: "sms"},
			{Name: "everybody"},
		},
	}}})
	inc := d.major(incident.MajorAccepted)
	inc = d.ok(d.Inform(d.ann, inc.ID, incident.Update{Audience: "board", Body: "We know the cause."}))
	history, err := d.History(d.root, inc.ID, inc.Version-1, 0)
	require.NoError(t, err)
	assert.Equal(t, "incident.stakeholders_informed", history[0].Event)
	assert.Equal(t, []string{"joe", "kim", "hal", "ida"}, history[0].People, "each once")
	inc = d.ok(d.Inform(d.ben, inc.ID, incident.Update{Audience: "everybody", Body: "It works again."}))
	_, err = d.Inform(d.ann, inc.ID, incident.Update{Audience: "press", Body: "x"})
	assert.ErrorIs(t, err, itsm.ErrInvalid)

	updates, err := d.Updates(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, updates, 2)
	assert.Equal(t, incident.Update{
		ID: updates[0].ID, At: opening, Author: "ann", Audience: "board", Channel: "sms", Body: "We know the cause.",
		Told: 4, NextAt: opening.Add(time.Hour),
	}, updates[0])
	assert.Equal(t, "ben", updates[1].Author)
	later, err := d.Updates(d.ann, inc.ID, updates[0].ID, 1)
	require.NoError(t, err)
	assert.Equal(t, updates[1:], later)

	d.ok(d.Record(d.ann, inc.ID, incident.Moment{What: "Rebooted."}))
	masked, err := d.Updates(d.cleo, inc.ID, 0, 0)
	require.NoError(t, err)
	assert.Empty(t, masked)
	timeline, err := d.Timeline(d.cleo, inc.ID)
	require.NoError(t, err)
	assert.NotContains(t, timeline.Markdown(nil), "Rebooted.")
	assert.NotContains(t, timeline.Markdown(nil), "We know")
	_, err = d.Updates(d.dan, inc.ID, 0, 0)
	assert.ErrorIs(t, err, itsm.ErrNotFound)
}

// TestAudienceIsBounded leaves lists of thousands to the host.
func TestAudienceIsBounded(t *testing.T) {
	many := make([]string, 1001)
	for i := range many {
		many[i] = fmt.Sprint("p", i)
	}
	d := newDesk(t, incident.Config{Major: incident.MajorPolicy{Plan: incident.CommunicationPlan{Audiences: []incident.Audience{{Name: "all", People: many}}}}})
	_, err := d.Inform(d.ann, d.major(incident.MajorAccepted).ID, incident.Update{Audience: "all", Body: "x"})
	assert.ErrorIs(t, err, itsm.ErrInvalid)
}

// TestStaffing hands roles over, each hand-over an event, and forgets them on demotion.
func TestStaffing(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.major(incident.MajorAccepted)
	inc = d.ok(d.Staff(mia(), inc.ID, incident.Staff{Communications: "cat", Technical: "tom", Scribe: "sue"}))
	inc = d.ok(d.Staff(mia(), inc.ID, incident.Staff{Manager: "max"}))
	assert.Equal(t, []string{"max", "cat", "tom", "sue"}, []string{inc.Major.Manager, inc.Major.Communications, inc.Major.Technical, inc.Major.Scribe})
	history, err := d.History(d.ann, inc.ID, inc.Version-1, 0)
	require.NoError(t, err)
	assert.Equal(t, []itsm.FieldChange{{Field: "major.manager", To: field.Text("max"), Personal: true}}, history[0].Changes)
	d.pass(time.Hour)
	history, err = d.History(d.ann, inc.ID, inc.Version, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"cat"}, history[0].People, "who informs is reminded")
	inc = d.ok(d.DemoteMajor(mia(), inc.ID, verdict))
	assert.Equal(t, incident.Major{State: incident.MajorDemoted}, inc.Major)
}

// TestReviewBeforeClosing keeps a major incident from being closed, by whatever way, until its review is done.
func TestReviewBeforeClosing(t *testing.T) {
	for name, end := range map[string]func(d *desk, id string) (incident.Incident, error){
		"completed": func(d *desk, id string) (incident.Incident, error) { return d.CompleteReview(d.ann, id) },
		"waived":    func(d *desk, id string) (incident.Incident, error) { return d.WaiveReview(mia(), id, verdict) },
		"demoted":   func(d *desk, id string) (incident.Incident, error) { return d.DemoteMajor(mia(), id, verdict) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, incident.Config{})
			inc := d.reviewed(incident.ReviewOpen)
			itsmtest.RequireEvent(t, d.root, d.kernel, inc.Ref(), "incident.resolved")
			assert.Equal(t, []int{0}, d.happened(inc.ID, "incident.review_opened"), "with the resolution")
			for _, trigger := range []lifecycle.Trigger{incident.TriggerConfirm, incident.TriggerClose} {
				refused(t, d.Explain(mia(), inc.ID, trigger, nil), "review_done", nil)
				permitted, err := d.Permitted(mia(), inc.ID)
				require.NoError(t, err)
				assert.NotContains(t, permitted, trigger)
			}
			d.ok(end(d, inc.ID))
			assert.Equal(t, closed, d.ok(d.Confirm(d.cleo, inc.ID)).State, "the caller may confirm")
			d.verified(inc.ID)
		})
	}
}

// TestReviewPolicies are for houses that review otherwise.
func TestReviewPolicies(t *testing.T) {
	for policy, opened := range map[incident.ReviewPolicy]lifecycle.State{
		incident.ReviewBeforeClose: incident.ReviewOpen, incident.ReviewOpened: incident.ReviewOpen, incident.ReviewByHand: incident.ReviewNone,
	} {
		d := newDesk(t, incident.Config{Major: incident.MajorPolicy{Review: policy}})
		inc := d.ok(d.Resolve(d.ann, d.major(incident.MajorAccepted).ID, fixed))
		assert.Equal(t, opened, reviewOf(inc))
		_, err := d.Close(d.ann, inc.ID)
		if policy == incident.ReviewBeforeClose {
			refused(t, err, "review_done", nil)
			continue
		}
		require.NoError(t, err)
		if policy == incident.ReviewByHand {
			assert.Equal(t, incident.ReviewOpen, d.ok(d.OpenReview(mia(), inc.ID)).Major.Review)
		}
	}
	d := newDesk(t, incident.Config{})
	plain := d.in(resolved)
	refused(t, d.Explain(mia(), plain.ID, incident.TriggerOpenReview, nil), "major_accepted", nil)
	refused(t, d.Explain(mia(), plain.ID, incident.TriggerWaiveReview, verdict), "major_accepted", nil)
	d.ok(d.Confirm(d.cleo, plain.ID))
}

// TestReviewIsRepeated after a reopening: what was found did not hold.
func TestReviewIsRepeated(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.reviewed(incident.ReviewCompleted)
	inc = d.ok(d.Reopen(d.ann, inc.ID, again))
	assert.Equal(t, incident.ReviewCompleted, inc.Major.Review)
	inc = d.ok(d.Resolve(d.ann, inc.ID, fixed))
	assert.Equal(t, incident.ReviewOpen, inc.Major.Review)
	refused(t, d.Explain(d.ann, d.ok(d.Reopen(d.ann, inc.ID, again)).ID, incident.TriggerCompleteReview, nil), "incident_resolved", nil)
}

// TestReviewIsComplete when it is written and every action can be held to.
func TestReviewIsComplete(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.ok(d.Resolve(d.ann, d.major(incident.MajorAccepted).ID, fixed))
	complete := func() error { return d.Explain(d.ann, inc.ID, incident.TriggerCompleteReview, nil) }
	due := opening.AddDate(0, 0, 10)

	d.ok(d.AddAction(d.ann, inc.ID, incident.NewAction{What: "Watch certificates."}))
	refusal := itsmtest.RequireRefused(t, complete(), "review_written", "actions_owned")
	assert.Equal(t, "summary", refusal.Reasons[0].Args["lacks"])
	d.ok(d.WriteReview(d.ann, inc.ID, incident.ReviewText{Summary: "Short."}))
	d.ok(d.WriteReview(d.ben, inc.ID, written))
	d.ok(d.PlanAction(d.ann, inc.ID, incident.ActionPlan{ID: 1, Owner: "ben"}))
	refused(t, complete(), "actions_owned", map[string]string{"lacking": "1"})
	d.ok(d.PlanAction(d.ann, inc.ID, incident.ActionPlan{ID: 1, Due: due}))
	d.ok(d.AddAction(d.ann, inc.ID, incident.NewAction{What: "Buy a spare.", Due: due}))
	refused(t, complete(), "actions_owned", map[string]string{"lacking": "1"})
	inc = d.ok(d.EndAction(d.ann, inc.ID, incident.ActionEnd{ID: 2, Dropped: true, Reason: "Too dear."}))
	assert.EqualValues(t, 1, inc.Major.OpenActions)
	_, err := d.EndAction(d.ann, inc.ID, incident.ActionEnd{ID: 2})
	assert.ErrorIs(t, err, itsm.ErrInvalid, "it has ended")
	_, err = d.PlanAction(d.ann, inc.ID, incident.ActionPlan{ID: 2, Owner: "ann"})
	assert.ErrorIs(t, err, itsm.ErrInvalid, "it has ended")
	d.ok(d.CompleteReview(d.ann, inc.ID))

	review, err := d.Review(d.ann, inc.ID)
	require.NoError(t, err)
	assert.Equal(t, incident.Review{
		State: incident.ReviewCompleted, ReviewText: written,
		Actions: []incident.Action{
			{ID: 1, What: "Watch certificates.", Owner: "ben", Due: due},
			{ID: 2, What: "Buy a spare.", Due: due, Ended: opening, Dropped: true, Reason: "Too dear."},
		},
	}, review)
	masked, err := d.Review(d.cleo, inc.ID)
	require.NoError(t, err)
	assert.Equal(t, incident.Review{State: incident.ReviewCompleted}, masked)
	d.verified(inc.ID)
}

// TestActionsFallDue once, also when the incident is closed, and not when they were done, moved or dropped.
func TestActionsFallDue(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.reviewed(incident.ReviewOpen) // action 1 on 20 March
	for range 3 {
		d.ok(d.AddAction(d.ann, inc.ID, incident.NewAction{What: "More.", Owner: "ann", Due: opening.Add(day)}))
	}
	d.ok(d.PlanAction(d.ann, inc.ID, incident.ActionPlan{ID: 2, Due: opening.Add(2 * day)}))
	d.ok(d.EndAction(d.ann, inc.ID, incident.ActionEnd{ID: 3}))
	d.ok(d.CompleteReview(d.ann, inc.ID))
	d.ok(d.Close(d.ann, inc.ID))
	d.pass(30 * day)
	assert.Equal(t, []int{1440, 2880, 18 * 1440}, d.happened(inc.ID, "incident.action_overdue"))
	history, err := d.History(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"ben"}, history[len(history)-1].People)
	inc = d.ok(d.EndAction(d.ben, inc.ID, incident.ActionEnd{ID: 1}))
	assert.EqualValues(t, 2, inc.Major.OpenActions)

	inc = d.reviewed(incident.ReviewOpen)
	inc = d.ok(d.DemoteMajor(mia(), inc.ID, verdict))
	assert.Equal(t, incident.ReviewWaived, inc.Major.Review)
	itsmtest.RequireTimer(t, d.root, d.kernel, inc.Ref(), incident.TimerAutoClose, inc.ResolvedAt.Add(day))
	d.pass(30 * day)
	assert.Empty(t, d.happened(inc.ID, "incident.action_overdue"), "demotion ends the clocks")
	assert.Equal(t, closed, d.get(inc.ID).State, "it closes itself, as any other")
}

// TestCallersOfMajorIncidents confirm, and comment; whoever works on it reopens it.
func TestCallersOfMajorIncidents(t *testing.T) {
	word := itsm.Comment{Body: "Down again."}
	for _, reopens := range []bool{false, true} {
		d := newDesk(t, incident.Config{
			Policy: incident.Policy{LateReply: incident.LateReplyReopens},
			Major:  incident.MajorPolicy{CallerReopens: reopens, Review: incident.ReviewByHand},
		})
		inc := d.ok(d.Resolve(d.ann, d.major(incident.MajorAccepted).ID, fixed))
		if reopens {
			assert.NoError(t, d.Explain(d.cleo, inc.ID, incident.TriggerReopen, again))
			assert.Equal(t, inProgress, d.ok(d.Comment(d.cleo, inc.ID, word)).State)
			continue
		}
		refused(t, d.Explain(d.cleo, inc.ID, incident.TriggerReopen, again), "caller_may_reopen", nil)
		assert.NoError(t, d.Explain(d.ann, inc.ID, incident.TriggerReopen, again))
		inc = d.ok(d.Comment(d.cleo, inc.ID, word))
		assert.Equal(t, resolved, inc.State, "a comment is a comment")
		assert.Empty(t, d.happened(inc.ID, "incident.refused"))
		inc = d.ok(d.Confirm(d.cleo, inc.ID))
		inc = d.ok(d.Reply(d.cleo, inc.ID, word))
		assert.Equal(t, closed, inc.State, "a late reply is an incident of its own")
		links, err := d.Links(d.ann, inc.ID)
		require.NoError(t, err)
		require.Len(t, links, 1)
	}
}

// TestTimeline tells what happened in the order in which it happened, also what was written down later.
func TestTimeline(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.ok(d.Report(d.cleo, incident.Report{Title: "VPN | down"}))
	d.pass(10 * time.Minute)
	d.ok(d.AcceptMajor(mia(), inc.ID, acceptance))
	d.ok(d.Start(d.ann, inc.ID))
	d.ok(d.Note(d.ann, inc.ID, "Nothing for the timeline."))
	d.pass(5 * time.Minute)
	d.ok(d.Record(d.ann, inc.ID, incident.Moment{At: opening.Add(-time.Minute), What: "Monitoring saw it.", Mark: incident.Identified}))
	d.ok(d.Record(d.ann, inc.ID, incident.Moment{At: opening.Add(2 * time.Minute), What: "The duty officer knows.", Mark: incident.Acknowledged}))
	_, err := d.Record(d.ann, inc.ID, incident.Moment{What: "Again.", Mark: incident.Identified})
	refused(t, err, "mark_set", map[string]string{"mark": "identified", "at": "2026-03-02T08:59:00Z"})
	d.ok(d.Inform(d.ann, inc.ID, incident.Update{Audience: "board", Body: "We are on it."}))
	d.ok(d.Link(d.ann, inc.ID, itsm.ParentOf, d.reported().Ref()))
	d.pass(5 * time.Minute)
	d.ok(d.Resolve(d.ann, inc.ID, fixed))

	timeline, err := d.Timeline(d.ann, inc.ID)
	require.NoError(t, err)
	var told []string
	for _, e := range timeline.Entries {
		told = append(told, fmt.Sprint(int(e.At.Sub(opening)/time.Minute), " ", strings.TrimPrefix(e.Events[0], "incident."), " ", e.Text))
	}
	assert.Equal(t, []string{
		"-1 moment_recorded Monitoring saw it.", "0 reported ", "2 moment_recorded The duty officer knows.",
		"10 major_accepted Everybody is cut off.", "10 started ", "15 stakeholders_informed We are on it.", "15 linked ", "20 resolved ",
	}, told)
	assert.Equal(t, opening.Add(15*time.Minute), timeline.Entries[0].Written)
	for mark, want := range map[incident.Mark]time.Duration{incident.Identified: -time.Minute, incident.Acknowledged: 2 * time.Minute, incident.Restored: 20 * time.Minute} {
		took, ok := timeline.Times.To(mark)
		assert.True(t, ok)
		assert.Equal(t, want, took)
	}
	_, ok := timeline.Times.To(incident.Mitigated)
	assert.False(t, ok)
	page := timeline.Markdown(time.FixedZone("CET", 3600))
	assert.Contains(t, page, "# "+inc.ID+": VPN \\| down\n")
	assert.Contains(t, page, "| 2026-03-02 09:59:00 | moment recorded | ann | identified: Monitoring saw it. (written 2026-03-02 10:15:00) |\n")
}

// TestErasureOfAMajorManager leaves nothing of the person, and the incident lives on.
func TestErasureOfAMajorManager(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.reviewed(incident.ReviewOpen)
	d.ok(d.AddAction(mia(), inc.ID, incident.NewAction{What: "Mia's idea.", Owner: "mia", Due: opening.Add(day)}))
	d.ok(d.Inform(mia(), inc.ID, incident.Update{Audience: "board", Body: "Mia says so."}))
	_, err := d.kernel.Erase(d.root, "mia", "She asked for it.")
	require.NoError(t, err)
	inc = d.get(inc.ID)
	assert.Equal(t, itsm.Erased, inc.Major.Manager)
	assert.Equal(t, incident.MajorAccepted, inc.Major.State)
	updates, err := d.Updates(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, []any{itsm.Erased, true}, []any{updates[0].Body, updates[0].Erased})
	timeline, err := d.Timeline(d.ann, inc.ID)
	require.NoError(t, err)
	review, err := d.Review(d.ann, inc.ID)
	require.NoError(t, err)
	everything, err := itsmtest.Timeline(d.root, d.kernel, inc.Ref())
	require.NoError(t, err)
	assert.NotContains(t, strings.ToLower(timeline.Markdown(nil)+everything+fmt.Sprint(inc, review)), "mia")
	d.pass(2 * day)
	assert.Len(t, d.happened(inc.ID, "incident.action_overdue"), 1, "the action still falls due, and concerns nobody")
	d.verified(inc.ID)
	d.ok(d.Staff(itsmtest.As(context.Background(), itsmtest.Manager("boss")), inc.ID, incident.Staff{Manager: "max"}))
	d.ok(d.CompleteReview(d.ann, inc.ID))
}

// TestMajorPolicyIsChecked lists every fault.
func TestMajorPolicyIsChecked(t *testing.T) {
	_, err := kernelWith(incident.Config{Major: incident.MajorPolicy{
		Review: 9,
		Plan: incident.CommunicationPlan{
			Audiences: []incident.Audience{{}, {Name: "a"}, {Name: "a"}},
			Cadence:   map[itsm.Priority]time.Duration{1: time.Second},
		},
		Rules: []incident.MajorRule{
			{}, {Name: "a", Priority: 1}, {Name: "a", Act: incident.Accept, Priority: 1},
			{Name: "b", Manager: "mia", Criticality: itsm.High, Priority: 7}, {Name: "c", Act: 3, Rate: incident.Rate{Reports: 1}, Children: -1, Criticality: 9},
		},
	}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, fault := range []string{
		"policies for reviews", "name of its own, not \"\"", "name of its own, not \"a\"", "a minute or more",
		"asks for nothing", "needs a manager", "a manager is for what it accepts", "say who knows", "1 to 5", "it proposes or accepts",
		"2 to 1,000 reports", "a criticality is",
	} {
		assert.ErrorContains(t, err, fault)
	}
	odd := itsm.Where("no_such").Is("x")
	_, err = kernelWith(incident.Config{Major: incident.MajorPolicy{Rules: []incident.MajorRule{{Name: "a", Filter: &odd}}}})
	assert.ErrorContains(t, err, "no_such")
}

// TestMajorLaws gives any commands on all axes in any order. Whatever comes of it, the record is what its history says,
// was foretold, and its clocks run only where they should.
func TestMajorLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := incident.MajorPolicy{
			Review:        rapid.SampledFrom([]incident.ReviewPolicy{incident.ReviewBeforeClose, incident.ReviewOpened, incident.ReviewByHand}).Draw(t, "review"),
			CallerReopens: rapid.Bool().Draw(t, "caller reopens"),
			Rules:         []incident.MajorRule{{Name: "critical", Priority: 1}, {Name: "family", Children: 1, Act: incident.Accept, Manager: "max"}},
		}
		d := newDesk(t, incident.Config{Major: policy})
		other, inc := d.reported(), d.reported()
		commands := []axisRow{
			{trigger: incident.TriggerStart, in: incident.Nothing{}}, {trigger: incident.TriggerResolve, in: fixed}, {trigger: incident.TriggerReopen, in: again},
			{trigger: incident.TriggerConfirm, in: incident.Nothing{}}, {trigger: itsm.TriggerComment, in: itsm.Comment{Body: "Hello?"}},
			{trigger: itsm.TriggerEdit, in: itsm.Patch{"impact": field.Text("critical"), "urgency": field.Text("critical")}},
			{trigger: itsm.TriggerEdit, in: itsm.Patch{"impact": field.Text("low")}},
			{trigger: itsm.TriggerLink, in: itsm.NewLink{Type: itsm.ParentOf, To: other.Ref()}},
			{trigger: incident.TriggerCancel, in: withdrawn},
		}
		commands = append(append(commands, majorRows...), reviewRows...)
		for range rapid.IntRange(1, 40).Draw(t, "commands") {
			if rapid.IntRange(0, 4).Draw(t, "wait") == 0 {
				d.pass(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 7 * time.Hour}).Draw(t, "span"))
			} else {
				c := rapid.SampledFrom(commands).Draw(t, "command")
				if slices.Contains(majorMachinery, c.trigger) || c.trigger == incident.TriggerCancel && rapid.IntRange(0, 9).Draw(t, "spare") > 0 {
					continue
				}
				who := rapid.SampledFrom([]context.Context{mia(), mia(), d.ann, d.cleo}).Draw(t, "actor")
				was := d.get(inc.ID)
				foretold := d.Explain(who, inc.ID, c.trigger, c.in)
				d.unchanged(was)
				_, err := d.kernel.Do(who, inc.Ref(), c.trigger, c.in)
				require.Equal(t, foretold, err)
				if err != nil {
					d.unchanged(was)
				}
			}
			is := d.get(inc.ID)
			m := is.Major
			running := m.State == incident.MajorAccepted && is.Open()
			require.Equal(t, running, !m.NextUpdateAt.IsZero(), "the clock runs while there is something to tell")
			if running {
				itsmtest.RequireTimer(t, d.root, d.kernel, is.Ref(), incident.TimerMajorUpdate, m.NextUpdateAt)
				require.True(t, m.NextUpdateAt.After(d.clock.Now()))
			}
			require.Equal(t, m.State == incident.MajorAccepted, m.Manager != "")
			require.LessOrEqual(t, m.LooseActions, m.OpenActions)
			require.LessOrEqual(t, m.OpenActions, m.Actions)
			if is.Phase.Terminal() {
				require.NotEqual(t, incident.MajorCandidate, m.State)
			}
			if is.State == cancelled {
				require.NotEqual(t, incident.MajorAccepted, m.State)
				require.NotEqual(t, incident.ReviewOpen, m.Review)
			}
			if is.State == closed && m.State == incident.MajorAccepted && policy.Review == incident.ReviewBeforeClose && was(t, d, is).State == resolved {
				require.Contains(t, []lifecycle.State{incident.ReviewCompleted, incident.ReviewWaived}, was(t, d, is).Major.Review)
			}
		}
		d.verified(inc.ID)
		d.verified(other.ID)
	})
}

// was is the record one version before.
func was(t tb, d *desk, is incident.Incident) incident.Incident {
	before, err := d.At(d.root, is.ID, is.Version-1)
	require.NoError(t, err)
	return before
}

var errDown = errors.New("the catalogue is down")
