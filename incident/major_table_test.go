package incident_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

const majorPage = "../docs/lifecycles/major.md"

// TestMajorLifecyclePage holds the page to the tables.
func TestMajorLifecyclePage(t *testing.T) {
	lifecyclePageIs(t, majorPage, "incident/major_lifecycle.go", incident.MajorLifecycle(), incident.ReviewLifecycle())
}

// ofState keeps the triggers of the incident's own table.
func ofState(triggers []lifecycle.Trigger) []lifecycle.Trigger {
	own := incident.Lifecycle().Triggers
	return slices.DeleteFunc(slices.Clone(triggers), func(t lifecycle.Trigger) bool {
		return !slices.ContainsFunc(own, func(row lifecycle.TriggerRow) bool { return row.Name == t })
	})
}

// mia is a manager of major incidents, who also works on incidents.
func mia() context.Context {
	return itsmtest.As(context.Background(), itsmtest.Agent("mia", itsmtest.WithRoles(itsm.Agent, incident.MajorManager)))
}

var (
	proposal   = incident.Proposal{Reason: "Two sites are down."}
	acceptance = incident.Acceptance{Staff: incident.Staff{Manager: "mia"}, Reason: "Everybody is cut off."}
	verdict    = incident.Verdict{Reason: "It is one site after all."}
	written    = incident.ReviewText{Summary: "Two hours without VPN.", Findings: "The certificate had expired."}
	action     = incident.NewAction{What: "Watch certificates.", Owner: "ben", Due: time.Date(2026, time.March, 20, 9, 0, 0, 0, time.UTC)}
)

// major is an incident in progress that came to a major state the usual way.
func (d *desk) major(state lifecycle.State) incident.Incident {
	d.tb.Helper()
	inc := d.in(inProgress)
	switch state {
	case incident.MajorCandidate:
		return d.ok(d.ProposeMajor(d.ann, inc.ID, proposal))
	case incident.MajorRejected:
		d.ok(d.ProposeMajor(d.ann, inc.ID, proposal))
		return d.ok(d.RejectMajor(mia(), inc.ID, verdict))
	case incident.MajorAccepted, incident.MajorDemoted:
		d.ok(d.ProposeMajor(d.ann, inc.ID, proposal))
		inc = d.ok(d.AcceptMajor(mia(), inc.ID, acceptance))
		if state == incident.MajorDemoted {
			inc = d.ok(d.DemoteMajor(mia(), inc.ID, verdict))
		}
	}
	return inc
}

// reviewed is a resolved major incident whose review came to a state, and has an action.
func (d *desk) reviewed(state lifecycle.State) incident.Incident {
	d.tb.Helper()
	inc := d.major(incident.MajorAccepted)
	if state == incident.ReviewNone {
		return inc
	}
	inc = d.ok(d.Resolve(d.ann, inc.ID, fixed))
	d.ok(d.WriteReview(d.ann, inc.ID, written))
	inc = d.ok(d.AddAction(d.ann, inc.ID, action))
	switch state {
	case incident.ReviewCompleted:
		return d.ok(d.CompleteReview(d.ann, inc.ID))
	case incident.ReviewWaived:
		return d.ok(d.WaiveReview(mia(), inc.ID, verdict))
	}
	return inc
}

func majorOf(inc incident.Incident) lifecycle.State {
	if inc.Major.State == "" {
		return incident.MajorNone
	}
	return inc.Major.State
}

func reviewOf(inc incident.Incident) lifecycle.State {
	if inc.Major.Review == "" {
		return incident.ReviewNone
	}
	return inc.Major.Review
}

type axisRow struct {
	trigger lifecycle.Trigger
	from    states
	to      lifecycle.State
	event   string
	in      any
}

var majorStates = states{incident.MajorNone, incident.MajorCandidate, incident.MajorAccepted, incident.MajorRejected, incident.MajorDemoted}

// majorRows is the axis as its users know it. An empty target stays.
var majorRows = []axisRow{
	{incident.TriggerPropose, states{incident.MajorNone, incident.MajorRejected, incident.MajorDemoted}, incident.MajorCandidate, "major_proposed", incident.Proposal{Reason: "Three sites are down."}},
	{incident.TriggerAccept, states{incident.MajorCandidate, incident.MajorNone}, incident.MajorAccepted, "major_accepted", acceptance},
	{incident.TriggerReject, states{incident.MajorCandidate}, incident.MajorRejected, "major_rejected", verdict},
	{incident.TriggerDemote, states{incident.MajorAccepted}, incident.MajorDemoted, "major_demoted", verdict},
	{incident.TriggerStaff, states{incident.MajorAccepted}, "", "major_staffed", incident.Staff{Scribe: "ben"}},
	{incident.TriggerInform, states{incident.MajorAccepted}, "", "stakeholders_informed", incident.Update{Audience: "board", Body: "We are on it."}},
	{incident.TriggerMoment, states{incident.MajorCandidate, incident.MajorAccepted}, "", "moment_recorded", incident.Moment{What: "The gateway was rebooted."}},
	{incident.TriggerUpdateDue, states{incident.MajorAccepted}, "", "update_due", incident.UpdateDue{Due: time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)}},
	{incident.TriggerPace, states{incident.MajorAccepted}, "", "updates_paced", incident.Nothing{}},
}

var reviewStates = states{incident.ReviewNone, incident.ReviewOpen, incident.ReviewCompleted, incident.ReviewWaived}

var reviewRows = []axisRow{
	{incident.TriggerOpenReview, states{incident.ReviewCompleted, incident.ReviewWaived}, incident.ReviewOpen, "review_opened", incident.Nothing{}},
	{incident.TriggerWriteReview, states{incident.ReviewOpen}, "", "review_written", incident.ReviewText{RootCause: "Nobody watched."}},
	{incident.TriggerCompleteReview, states{incident.ReviewOpen}, incident.ReviewCompleted, "review_completed", incident.Nothing{}},
	{incident.TriggerWaiveReview, states{incident.ReviewNone, incident.ReviewOpen}, incident.ReviewWaived, "review_waived", verdict},
	{incident.TriggerAddAction, states{incident.ReviewOpen}, "", "action_added", action},
	{incident.TriggerPlanAction, states{incident.ReviewOpen, incident.ReviewCompleted, incident.ReviewWaived}, "", "action_planned", incident.ActionPlan{ID: 1, Owner: "ann"}},
	{incident.TriggerEndAction, states{incident.ReviewOpen, incident.ReviewCompleted, incident.ReviewWaived}, "", "action_ended", incident.ActionEnd{ID: 1}},
	{incident.TriggerActionOverdue, states{incident.ReviewOpen, incident.ReviewCompleted, incident.ReviewWaived}, "", "action_overdue", incident.ActionDue{ID: 1}},
}

var majorMachinery = []lifecycle.Trigger{incident.TriggerUpdateDue, incident.TriggerPace, incident.TriggerActionOverdue}

// who pulls a trigger of the axes: a manager, or machinery.
func (d *desk) puller(t lifecycle.Trigger) context.Context {
	if slices.Contains(majorMachinery, t) {
		return d.system
	}
	return mia()
}

// TestEveryMajorRow pulls every trigger from every state of its axis: what a row names passes, all else is refused.
func TestEveryMajorRow(t *testing.T) {
	pull := func(name string, rows []axisRow, all states, in func(*desk, lifecycle.State) incident.Incident, of func(incident.Incident) lifecycle.State) {
		for _, row := range rows {
			for _, from := range all {
				t.Run(fmt.Sprintf("%s from %s", row.trigger, from), func(t *testing.T) {
					d := newDesk(t, incident.Config{})
					was := in(d, from)
					require.Equal(t, from, of(was))
					foretold := d.Explain(d.puller(row.trigger), was.ID, row.trigger, row.in)
					d.unchanged(was)
					_, err := d.kernel.Do(d.puller(row.trigger), was.Ref(), row.trigger, row.in)
					require.Equal(t, foretold, err)
					if !slices.Contains(row.from, from) {
						if row.trigger == incident.TriggerOpenReview && from == incident.ReviewNone { // the row is there, but it is not resolved
							refused(t, err, "incident_resolved", nil)
							return
						}
						refused(t, err, lifecycle.NotFromHere, map[string]string{"state": string(from)})
						d.unchanged(was)
						return
					}
					require.NoError(t, err)
					is := d.get(was.ID)
					to := row.to
					if to == "" {
						to = from
					}
					assert.Equal(t, to, of(is))
					assert.Equal(t, was.State, is.State, "the axes are apart")
					itsmtest.RequireEvent(t, d.root, d.kernel, is.Ref(), "incident."+row.event)
					d.verified(is.ID)
				})
			}
		}
	}
	pull("major", majorRows, majorStates, (*desk).major, majorOf)
	pull("review", reviewRows, reviewStates, (*desk).reviewed, reviewOf)
}

// TestMajorTablesAreComplete holds the rows above to the practice's own tables.
func TestMajorTablesAreComplete(t *testing.T) {
	pairs := func(rows []axisRow) (all []string) {
		for _, row := range rows {
			for _, from := range row.from {
				all = append(all, string(from)+" "+string(row.trigger))
			}
		}
		return all
	}
	own := func(table lifecycle.Definition) (all []string) {
		require.NoError(t, table.Check())
		for _, row := range table.Rows {
			for _, from := range row.From {
				all = append(all, string(from)+" "+string(row.Trigger))
			}
		}
		return all
	}
	assert.ElementsMatch(t, pairs(majorRows), own(incident.MajorLifecycle()))
	assert.ElementsMatch(t, append(pairs(reviewRows), "none open_review"), own(incident.ReviewLifecycle()), "opening the first review takes a resolution")
}

// TestMajorRoles: those who work on incidents propose and inform, managers decide, nobody does what machinery does.
func TestMajorRoles(t *testing.T) {
	d := newDesk(t, incident.Config{})
	boss := itsmtest.As(context.Background(), itsmtest.Manager("boss"))
	candidate, accepted := d.major(incident.MajorCandidate), d.major(incident.MajorAccepted)
	review := d.reviewed(incident.ReviewOpen)
	for _, c := range []struct {
		inc     incident.Incident
		trigger lifecycle.Trigger
		in      any
	}{
		{candidate, incident.TriggerAccept, acceptance},
		{candidate, incident.TriggerReject, verdict},
		{accepted, incident.TriggerDemote, verdict},
		{accepted, incident.TriggerStaff, incident.Staff{Scribe: "ben"}},
		{review, incident.TriggerWaiveReview, verdict},
	} {
		refused(t, d.Explain(d.ann, c.inc.ID, c.trigger, c.in), lifecycle.MissingRole, map[string]string{"roles": "manager,major_manager"})
		assert.NoError(t, d.Explain(boss, c.inc.ID, c.trigger, c.in), c.trigger)
		assert.NoError(t, d.Explain(mia(), c.inc.ID, c.trigger, c.in), c.trigger)
		assert.ErrorIs(t, d.Explain(d.cleo, c.inc.ID, c.trigger, c.in), itsm.ErrDenied)
	}
	assert.NoError(t, d.Explain(d.ann, accepted.ID, incident.TriggerInform, incident.Update{Audience: "board", Body: "Soon."}))
	assert.NoError(t, d.Explain(d.ann, review.ID, incident.TriggerCompleteReview, nil))
	for _, row := range append(slices.Clone(majorRows), reviewRows...) {
		if slices.Contains(majorMachinery, row.trigger) {
			refused(t, d.Explain(mia(), review.ID, row.trigger, row.in), lifecycle.MissingRole, map[string]string{"roles": "machinery"})
		}
	}
}

// TestMajorRequired tells everything that a command lacks.
func TestMajorRequired(t *testing.T) {
	d := newDesk(t, incident.Config{})
	plain, candidate, accepted := d.in(inProgress), d.major(incident.MajorCandidate), d.major(incident.MajorAccepted)
	review := d.reviewed(incident.ReviewOpen)
	for _, c := range []struct {
		name    string
		id      string
		trigger lifecycle.Trigger
		in      any
		fields  []string
	}{
		{"propose", plain.ID, incident.TriggerPropose, nil, []string{"reason"}},
		{"accept what nobody proposed", plain.ID, incident.TriggerAccept, nil, []string{"manager", "reason"}},
		{"accept", candidate.ID, incident.TriggerAccept, incident.Acceptance{Reason: "Yes."}, []string{"manager"}},
		{"reject", candidate.ID, incident.TriggerReject, nil, []string{"reason"}},
		{"demote", accepted.ID, incident.TriggerDemote, incident.Verdict{Reason: "  "}, []string{"reason"}},
		{"staff", accepted.ID, incident.TriggerStaff, nil, []string{"manager|communications|technical|scribe"}},
		{"inform", accepted.ID, incident.TriggerInform, nil, []string{"audience", "body"}},
		{"moment", accepted.ID, incident.TriggerMoment, nil, []string{"what"}},
		{"write", review.ID, incident.TriggerWriteReview, nil, []string{"summary|findings|root_cause|went_well"}},
		{"waive", review.ID, incident.TriggerWaiveReview, nil, []string{"reason"}},
		{"add an action", review.ID, incident.TriggerAddAction, nil, []string{"what"}},
		{"plan an action", review.ID, incident.TriggerPlanAction, nil, []string{"id", "owner|due"}},
		{"end an action", review.ID, incident.TriggerEndAction, nil, []string{"id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			refusal, ok := lifecycle.AsRefusal(d.Explain(mia(), c.id, c.trigger, c.in))
			require.True(t, ok)
			var fields []string
			for _, reason := range refusal.Reasons {
				assert.Equal(t, lifecycle.MissingInput, reason.Code)
				fields = append(fields, reason.Args["field"])
			}
			assert.Equal(t, c.fields, fields)
		})
	}
	for name, c := range map[string]struct {
		trigger lifecycle.Trigger
		in      any
	}{
		"a moment to come":     {incident.TriggerMoment, incident.Moment{What: "x", At: d.clock.Now().Add(time.Second)}},
		"an unknown mark":      {incident.TriggerMoment, incident.Moment{What: "x", Mark: "tea"}},
		"a negative promise":   {incident.TriggerInform, incident.Update{Audience: "board", Body: "x", NextIn: -1}},
		"evidence of a person": {incident.TriggerDemote, nil},
	} {
		id := accepted.ID
		if c.in == nil {
			id, c.trigger, c.in = plain.ID, incident.TriggerPropose, incident.Proposal{Reason: "x", Evidence: incident.Evidence{Rule: "fake"}}
		}
		assert.ErrorIs(t, d.Explain(mia(), id, c.trigger, c.in), itsm.ErrInvalid, name)
	}
	for name, err := range map[string]error{
		"an action that is not there": d.Explain(mia(), review.ID, incident.TriggerPlanAction, incident.ActionPlan{ID: 7, Owner: "ann"}),
		"dropped without a reason":    d.Explain(mia(), review.ID, incident.TriggerEndAction, incident.ActionEnd{ID: 1, Dropped: true}),
		"a promise after the end":     d.Explain(mia(), review.ID, incident.TriggerInform, incident.Update{Audience: "board", Body: "x", NextIn: time.Hour}),
	} {
		assert.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
}

// TestOnlyOpenIncidentsBecomeMajor, whatever their state.
func TestOnlyOpenIncidentsBecomeMajor(t *testing.T) {
	d := newDesk(t, incident.Config{})
	for _, state := range everywhere {
		err := d.Explain(mia(), d.in(state).ID, incident.TriggerPropose, proposal)
		also := d.Explain(mia(), d.in(state).ID, incident.TriggerAccept, acceptance)
		if slices.Contains(open, state) {
			assert.NoError(t, err, state)
			assert.NoError(t, also, state)
			continue
		}
		refused(t, err, "incident_open", map[string]string{"state": string(state)})
		refused(t, also, "incident_open", nil)
	}
}

// TestRejectedIsProposedAgain with another reason only.
func TestRejectedIsProposedAgain(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.major(incident.MajorRejected)
	_, err := d.ProposeMajor(d.ann, inc.ID, incident.Proposal{Reason: "  two sites are DOWN. "})
	refused(t, err, "rejected_before", nil)
	d.unchanged(inc)
	inc = d.ok(d.ProposeMajor(d.ann, inc.ID, incident.Proposal{Reason: "Now it is all sites."}))
	assert.Equal(t, incident.MajorCandidate, inc.Major.State)
	inc = d.major(incident.MajorDemoted)
	d.ok(d.ProposeMajor(d.ann, inc.ID, proposal))
}

// TestTheEndOfAnIncidentEndsItsCandidacy, by the system, in the same event.
func TestTheEndOfAnIncidentEndsItsCandidacy(t *testing.T) {
	d := newDesk(t, incident.Config{Major: incident.MajorPolicy{Review: incident.ReviewByHand}})
	original := d.reported()
	for name, c := range map[string]struct {
		from, to lifecycle.State
		end      func(id string) (incident.Incident, error)
	}{
		"a cancelled candidate": {incident.MajorCandidate, incident.MajorRejected, func(id string) (incident.Incident, error) { return d.Cancel(d.ann, id, withdrawn) }},
		"a cancelled major":     {incident.MajorAccepted, incident.MajorDemoted, func(id string) (incident.Incident, error) { return d.Cancel(d.ann, id, withdrawn) }},
		"a duplicate": {incident.MajorAccepted, incident.MajorDemoted, func(id string) (incident.Incident, error) {
			return d.Cancel(d.ann, id, incident.Cancel{Reason: incident.Duplicate, Original: original.Ref()})
		}},
		"a candidate that is closed": {incident.MajorCandidate, incident.MajorRejected, func(id string) (incident.Incident, error) {
			inc := d.ok(d.Resolve(d.ann, id, fixed))
			require.Equal(t, incident.MajorCandidate, inc.Major.State, "a manager may still look")
			return d.Confirm(d.cleo, id)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			inc := d.ok(c.end(d.major(c.from).ID))
			assert.Equal(t, c.to, inc.Major.State)
			assert.True(t, inc.Phase.Terminal())
			itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
			history, err := d.History(d.root, inc.ID, inc.Version-1, 0)
			require.NoError(t, err)
			assert.Contains(t, history[0].Also, "incident.major_"+string(c.to))
			d.verified(inc.ID)
		})
	}
}

// TestMajorPage holds the page for users to what it tells of.
func TestMajorPage(t *testing.T) {
	page := read(t, "../docs/major-incident.md")
	examples := unindented(read(t, "major_example_test.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(page, -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		assert.Contains(t, examples, unindented(block[1]), "code on the page stands in an example")
	}
	var names []string
	for _, table := range []lifecycle.Definition{incident.MajorLifecycle(), incident.ReviewLifecycle()} {
		for _, row := range table.Triggers {
			names = append(names, string(row.Name))
		}
		for _, row := range table.Rows {
			names = append(names, row.Guards...)
		}
	}
	names = append(names, fields[incident.MajorPolicy]()...)
	names = append(names, fields[incident.MajorRule]()...)
	for _, name := range names {
		if name != "Name" {
			assert.Contains(t, page, "`"+name+"`")
		}
	}
}
