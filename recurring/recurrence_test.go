package recurring_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/recurring"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestAnOccurrenceMakesARecord(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Caller, plan.Group = "bob", "storage"
	r := d.planned(plan)
	assert.Equal(t, "REC0000001", r.ID)
	assert.Equal(t, recurring.StateActive, r.State)
	assert.Equal(t, at(t, "2026-03-02 10:00"), r.Next)
	itsmtest.RequireTimer(t, d.root, d.kernel, r.Ref(), recurring.TimerOf(r.Next), r.Next)

	d.pass(2 * day)
	made := d.made()
	require.Len(t, made, 2)
	inc := made[1]
	assert.Equal(t, []string{"Check the backups", "backup", "bob", "storage"}, []string{inc.Title, inc.Service, inc.Caller, inc.Group})
	assert.Equal(t, at(t, "2026-03-03 10:00"), inc.CreatedAt)
	links, err := d.incidents.Links(d.ann, inc.ID)
	require.NoError(t, err)
	require.Len(t, links, 1)
	assert.Equal(t, []string{recurring.Makes.Inverse, r.ID}, []string{links[0].Name, links[0].To.ID})

	history, err := d.incidents.History(d.ann, inc.ID, 0, 1)
	require.NoError(t, err)
	assert.Equal(t, []recurring.Run{{Of: r.Ref(), Nominal: at(t, "2026-03-03 10:00"), Outcome: recurring.Done}}, recurring.RunsOf(&history[0]))
	assert.Contains(t, history[0].Cause, r.ID)

	r = d.get(r.ID)
	assert.Equal(t, 2, r.Runs)
	assert.Equal(t, inc.Ref(), r.Made)
	assert.Equal(t, at(t, "2026-03-04 10:00"), r.Next)
	assert.Equal(t, []string{"2026-03-02 10:00 done", "2026-03-03 10:00 done"}, d.runs(r.ID))
	itsmtest.RequireVerified(t, d.root, d.kernel, r.Ref())
	itsmtest.RequireVerified(t, d.root, d.kernel, inc.Ref())
}

func TestAnOccurrenceGivesACommand(t *testing.T) {
	d := newDesk(t)
	inc, err := d.incidents.Report(d.ann, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	plan := daily()
	plan.Work = recurring.Command(inc.Ref(), itsm.TriggerNote, itsm.Patch{"body": field.Text("Still with the provider?")})
	r := d.planned(plan)
	d.pass(3 * day)
	notes, err := d.incidents.WorkNotes(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	assert.Len(t, notes, 3)
	history, err := d.incidents.History(d.ann, inc.ID, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, r.Ref(), recurring.RunsOf(&history[0])[0].Of)

	plan.Work = recurring.Command(inc.Ref(), itsm.TriggerEdit, itsm.Patch{"urgency": field.Text("high")})
	d.planned(plan)
	d.pass(day)
	inc, err = d.incidents.Get(d.ann, inc.ID)
	require.NoError(t, err)
	assert.Equal(t, itsm.High, inc.Urgency)
}

func TestMonthsOfADesk(t *testing.T) {
	d := newDesk(t)
	morning := daily()
	morning.Schedule = recurring.Spec{Cron: "0 11 * * *", Zone: "Europe/Brussels", Calendar: "support"}
	monthly := daily()
	monthly.Schedule = recurring.Spec{Cron: "0 18 * * *", Zone: "Europe/Brussels", On: "last day", Calendar: "support", Closed: recurring.NextOpening}
	biweekly := daily()
	biweekly.Schedule = recurring.Spec{Cron: "0 12 * * WED", Zone: "Europe/Brussels", Weeks: 2, From: at(t, "2026-03-02 00:00")}
	a, b, c := d.planned(morning), d.planned(monthly), d.planned(biweekly)
	d.passTo("2027-03-01 00:00")
	assert.Equal(t, 52*5, d.get(a.ID).Runs, "on working days")
	assert.Equal(t, 11, d.get(b.ID).Runs, "that of Sunday, 28 February waits for Monday")
	assert.Equal(t, 26, d.get(c.ID).Runs)
}

func TestOneAtATime(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.OneAtATime = true
	r := d.planned(plan)
	d.pass(3 * day)
	assert.Equal(t, []string{"2026-03-02 10:00 done", "2026-03-03 10:00 open", "2026-03-04 10:00 open"}, d.runs(r.ID))
	first := d.made()[0]
	_, err := d.RunNow(d.ann, r.ID)
	itsmtest.RequireRefused(t, err, recurring.ReasonStillOpen)
	_, err = d.incidents.Resolve(d.ann, first.ID, incident.Resolution{Code: incident.Fixed, Notes: "Good."})
	require.NoError(t, err)
	d.pass(day)
	assert.Len(t, d.made(), 2)
	assert.Equal(t, recurring.Done, d.get(r.ID).Outcome)
}

func TestMissedOccurrences(t *testing.T) {
	for _, tt := range []struct {
		missed recurring.Missed
		grace  time.Duration
		down   time.Duration
		want   []string
	}{
		{"", 0, 75 * time.Minute, []string{"2026-03-02 10:00 done late 15m0s"}},
		{recurring.RunLast, 0, 3*day + 3*time.Hour, []string{"2026-03-02 10:00 to 2026-03-04 10:00 missed", "2026-03-05 10:00 done late 2h0m0s"}},
		{recurring.RunAll, 0, 2*day + 3*time.Hour, []string{"2026-03-02 10:00 done late 50h0m0s", "2026-03-03 10:00 done late 26h0m0s", "2026-03-04 10:00 done late 2h0m0s"}},
		{recurring.RunAll, 0, 9*day + 3*time.Hour, []string{
			"2026-03-02 10:00 to 2026-03-06 10:00 missed", "2026-03-07 10:00 done late 98h0m0s", "2026-03-08 10:00 done late 74h0m0s",
			"2026-03-09 10:00 done late 50h0m0s", "2026-03-10 10:00 done late 26h0m0s", "2026-03-11 10:00 done late 2h0m0s",
		}},
		{recurring.Drop, 0, 2*day + 3*time.Hour, []string{"2026-03-02 10:00 to 2026-03-04 10:00 missed"}},
		{recurring.Drop, 0, 2 * time.Hour, []string{"2026-03-02 10:00 done late 1h0m0s"}},
		{recurring.Drop, 3 * time.Hour, 2*day + 3*time.Hour, []string{"2026-03-02 10:00 to 2026-03-03 10:00 missed", "2026-03-04 10:00 done late 2h0m0s"}},
	} {
		t.Run(string(tt.missed)+" after "+tt.down.String(), func(t *testing.T) {
			d := newDesk(t)
			plan := daily()
			plan.Missed, plan.Grace = tt.missed, tt.grace
			r := d.planned(plan)
			d.clock.Set(d.clock.Now().Add(tt.down)) // no desk was running
			d.pass(0)
			assert.Equal(t, tt.want, d.runs(r.ID))
			next := d.get(r.ID).Next
			assert.True(t, next.After(d.clock.Now()) && next.Before(d.clock.Now().Add(day)))
			assert.Equal(t, 10, next.Hour(), "counted from the schedule, never from now")
		})
	}
}

// A year of minutes is no more work than a day.
func TestALongTimeWithoutADesk(t *testing.T) {
	for _, missed := range []recurring.Missed{recurring.RunLast, recurring.RunAll, recurring.Drop} {
		d := newDesk(t)
		plan := daily()
		plan.Missed, plan.Schedule.Cron = missed, "* * * * *"
		r := d.planned(plan)
		d.clock.Set(d.clock.Now().Add(400 * day))
		d.pass(0)
		assert.LessOrEqual(t, len(d.made()), 61)
		assert.Less(t, d.get(r.ID).Version, int64(140))
		assert.Equal(t, d.clock.Now().Add(time.Minute), d.get(r.ID).Next)
	}
}

func TestARefusedOccurrenceIsToldAndTheSeriesGoesOn(t *testing.T) {
	d := newDesk(t)
	inc, err := d.incidents.Report(d.ann, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	plan := daily()
	plan.Work = recurring.Command(inc.Ref(), incident.TriggerResolve, itsm.Patch{"code": field.Text("fixed"), "notes": field.Text("By itself.")})
	r := d.planned(plan)
	d.pass(3 * day)
	assert.Equal(t, []string{"2026-03-02 10:00 done", "2026-03-03 10:00 refused", "2026-03-04 10:00 refused"}, d.runs(r.ID))
	runs, _, err := d.Runs(d.ann, r.ID, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, itsm.Code("refused"), runs[1].Code)
	assert.Equal(t, lifecycle.NotFromHere, runs[1].Reasons[0].Code)
	assert.Equal(t, inc.Ref(), runs[1].Record)
	r = d.get(r.ID)
	assert.Equal(t, 2, r.Failures)
	assert.Equal(t, recurring.Refused, r.Outcome)
	assert.Equal(t, recurring.StateActive, r.State)

	ofTrouble := itsm.Where("failures").After(field.Int(1))
	n, err := d.Count(d.ann, itsm.Query{Filter: &ofTrouble})
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
}

// A creation that an input of its makes impossible, by a rule that came later: the same.
func TestARecordThatCannotBeMade(t *testing.T) {
	says := ""
	no := itsm.Hook{Name: "no", Kinds: []string{incident.Kind}, Triggers: []lifecycle.Trigger{incident.TriggerReport}, AfterAct: func(*itsm.Unit, itsm.Change) error {
		if says == "" {
			return nil
		}
		return itsm.Invalid("service", says)
	}}
	d := newDeskOn(t, memory.New(), itsmtest.NewClock(at(t, "2026-03-02 09:00")), no)
	r := d.planned(daily())
	says = "the service is gone"
	d.pass(2 * day)
	says = ""
	d.pass(day)
	assert.Equal(t, []string{"2026-03-02 10:00 refused", "2026-03-03 10:00 refused", "2026-03-04 10:00 done"}, d.runs(r.ID))
	runs, _, err := d.Runs(d.ann, r.ID, 0, 0)
	require.NoError(t, err)
	assert.Equal(t, []lifecycle.Reason{{Code: "invalid", Args: map[string]string{"field": "service"}}}, runs[0].Reasons)
	require.Len(t, d.made(), 1, "nothing is left of what was refused")
	itsmtest.RequireVerified(t, d.root, d.kernel, r.Ref())
}

func TestSuspendAndResume(t *testing.T) {
	d := newDesk(t)
	r := d.planned(daily())
	d.pass(day)
	r = d.ok(d.Suspend(d.ann, r.ID, "The store is moved."))
	assert.Equal(t, recurring.StateSuspended, r.State)
	itsmtest.RequireNothingPending(t, d.root, d.kernel, r.Ref())
	d.pass(5 * day)
	r = d.ok(d.Resume(d.ann, r.ID))
	assert.Equal(t, at(t, "2026-03-08 10:00"), r.Next)
	d.pass(day)
	assert.Equal(t, []string{"2026-03-02 10:00 done", "2026-03-08 10:00 done"}, d.runs(r.ID), "what was suspended is not caught up with")

	d.clock.Set(at(t, "2026-03-09 10:01")) // due, and the timer has not fired
	r = d.ok(d.Suspend(d.ann, r.ID, "Again."))
	assert.Equal(t, recurring.Withdrawn, r.Outcome)
	d.clock.Set(at(t, "2026-03-09 09:59")) // a clock that is put back
	r = d.ok(d.Resume(d.ann, r.ID))
	assert.Equal(t, at(t, "2026-03-10 10:00"), r.Next, "what is over does not come back")
}

func TestReschedule(t *testing.T) {
	d := newDesk(t)
	r := d.planned(daily())
	r = d.ok(d.Reschedule(d.ann, r.ID, recurring.Spec{Cron: "@every 90m", Zone: "UTC"}))
	assert.Equal(t, at(t, "2026-03-02 10:30"), r.Next, "an interval counts from now")
	d.pass(5 * time.Hour)
	assert.Equal(t, []string{"2026-03-02 10:30 done", "2026-03-02 12:00 done", "2026-03-02 13:30 done"}, d.runs(r.ID))
	_, err := d.Reschedule(d.ann, r.ID, recurring.Spec{Cron: "0 0 30 2 *", Zone: "UTC"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = d.Reschedule(d.ann, r.ID, recurring.Spec{Cron: "@daily", Zone: "UTC", Until: at(t, "2026-03-01 12:00")})
	require.ErrorContains(t, err, "no occurrence comes any more")
	assert.Equal(t, at(t, "2026-03-02 15:00"), d.get(r.ID).Next, "nothing was changed")
	itsmtest.RequireTimer(t, d.root, d.kernel, r.Ref(), recurring.TimerOf(at(t, "2026-03-02 15:00")), at(t, "2026-03-02 15:00"))

	d.ok(d.Suspend(d.ann, r.ID, "For now."))
	r = d.ok(d.Reschedule(d.ann, r.ID, daily().Schedule))
	assert.Zero(t, r.Next, "it stays suspended")
	assert.Equal(t, at(t, "2026-03-03 10:00"), d.ok(d.Resume(d.ann, r.ID)).Next)
}

func TestTheSeriesEnds(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule.Until = at(t, "2026-03-04 10:00")
	r := d.planned(plan)
	d.pass(10 * day)
	r = d.get(r.ID)
	assert.Equal(t, recurring.StateEnded, r.State)
	assert.Equal(t, recurring.RanOut, r.Reason)
	assert.Equal(t, 2, r.Runs)
	itsmtest.RequireNothingPending(t, d.root, d.kernel, r.Ref())

	r = d.planned(daily())
	_, err := d.End(d.ann, r.ID, "")
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
	d.ok(d.End(d.ann, r.ID, "We have another provider."))
	itsmtest.RequireNothingPending(t, d.root, d.kernel, r.Ref())
	_, err = d.RunNow(d.ann, r.ID)
	itsmtest.RequireRefused(t, err, lifecycle.NotFromHere)
}

func TestRunNow(t *testing.T) {
	d := newDesk(t)
	r := d.planned(daily())
	r = d.ok(d.RunNow(d.mia, r.ID, itsm.Once("k")))
	d.ok(d.RunNow(d.mia, r.ID, itsm.Once("k")))
	assert.Len(t, d.made(), 1)
	assert.Equal(t, at(t, "2026-03-02 10:00"), r.Next, "beside the schedule")
	runs, _, err := d.Runs(d.ann, r.ID, 0, 0)
	require.NoError(t, err)
	assert.True(t, runs[0].ByHand)
	d.pass(day)
	assert.Len(t, d.made(), 2)
}

func TestWhatAPlanMustBe(t *testing.T) {
	d := newDesk(t)
	inc, err := d.incidents.Report(d.ann, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	title := itsm.Patch{"title": field.Text("Check")}
	for _, tt := range []struct {
		name string
		edit func(p *recurring.Plan)
		want string
	}{
		{"no title", func(p *recurring.Plan) { p.Title = " " }, "what comes again"},
		{"no schedule", func(p *recurring.Plan) { p.Schedule = recurring.Spec{} }, "give an expression"},
		{"no such calendar", func(p *recurring.Plan) { p.Schedule.Calendar = "night" }, `no calendar "night"`},
		{"it is over", func(p *recurring.Plan) { p.Schedule.Until = at(t, "2026-03-01 00:00") }, "no occurrence comes any more"},
		{"no work", func(p *recurring.Plan) { p.Work = recurring.Work{} }, `no practice registered the kind ""`},
		{"no such kind", func(p *recurring.Plan) { p.Work.Kind = "praise" }, `no practice registered the kind "praise"`},
		{"no such trigger", func(p *recurring.Plan) { p.Work.Trigger = "praise" }, `no trigger "praise"`},
		{"no such input", func(p *recurring.Plan) {
			p.Work = recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"titel": field.Text("Check")})
		}, `"report" takes no such input`},
		{"no such value", func(p *recurring.Plan) {
			p.Work = recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"title": field.Text("Check"), "impact": field.Text("gigantic")})
		}, `does not take "gigantic"`},
		{"a value that nobody keeps", func(p *recurring.Plan) {
			p.Work = recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"title": field.Text("\x00")})
		}, "JSON object"},
		{"an incident without a title", func(p *recurring.Plan) {
			p.Work = recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"service": field.Text("backup")})
		}, "the work, done now"},
		{"a record that makes a record", func(p *recurring.Plan) { p.Work = recurring.Command(inc.Ref(), incident.TriggerReport, title) }, "name the kind alone"},
		{"a command to nobody", func(p *recurring.Plan) { p.Work = recurring.Create(incident.Kind, incident.TriggerStart, nil) }, "makes no record"},
		{"a record that is not there", func(p *recurring.Plan) {
			p.Work = recurring.Command(itsm.Ref{Kind: incident.Kind, ID: "INC99"}, incident.TriggerStart, nil)
		}, "no such record"},
		{"what is kept for machinery", func(p *recurring.Plan) {
			p.Work = recurring.Command(inc.Ref(), itsm.TriggerLevel, itsm.Patch{"target": field.Text("resolution")})
		}, "one of these roles is needed"},
		{"recurrences of recurrences", func(p *recurring.Plan) { p.Work.Kind, p.Work.Trigger = recurring.Kind, recurring.TriggerPlan }, "does not work on recurrences"},
		{"another policy", func(p *recurring.Plan) { p.Missed = "some" }, "none of last, all and drop"},
		{"no grace", func(p *recurring.Plan) { p.Grace = -1 }, "not late before its time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := daily()
			tt.edit(&p)
			_, err := d.Plan(d.ann, p)
			require.ErrorContains(t, err, tt.want)
			require.NotEqual(t, itsm.Code("internal"), itsm.CodeOf(err))
		})
	}
	n, err := d.Count(d.root, itsm.Query{})
	require.NoError(t, err)
	assert.Zero(t, n)
	made, err := d.incidents.Report(d.ann, incident.Report{Title: "Another"})
	require.NoError(t, err)
	assert.Equal(t, "INC0000002", made.ID, "what was tried out took no number")
}

func TestWhoMayPlan(t *testing.T) {
	d := newDesk(t)
	_, err := d.Plan(d.bob, daily())
	require.ErrorIs(t, err, itsm.ErrDenied, "requesters do not")
	own := d.planned(recurring.Plan{Title: "Ask Bob", Caller: "bob", Schedule: daily().Schedule, Work: backups()})
	_, err = d.Get(d.bob, d.planned(daily()).ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Get(d.bob, own.ID)
	require.NoError(t, err, "a caller sees what is planned for them")
	_, err = d.RunNow(d.bob, own.ID)
	require.ErrorIs(t, err, itsm.ErrDenied)

	// A person who may plan, and may not do what is planned.
	clerk := itsm.Grants{{Role: "clerk", Kinds: []string{recurring.Kind}}, {Role: "clerk", Kinds: []string{incident.Kind}, Verbs: []itsm.Verb{itsm.Read}}}
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Authorizer: clerk}, func(k *itsm.Kernel) (err error) {
		if d.incidents, err = incident.New(k, incident.Config{}); err != nil {
			return err
		}
		d.Recurrences, err = recurring.New(k, recurring.Config{})
		return err
	})
	cleo := itsmtest.As(t.Context(), itsm.Actor{ID: "cleo", Tenant: itsmtest.Tenant, Roles: []itsm.Role{"clerk"}})
	_, err = k.Do(cleo, itsm.Ref{Kind: recurring.Kind}, recurring.TriggerPlan, daily())
	require.ErrorIs(t, err, itsm.ErrDenied, "also by the door by name")
}

func TestPeopleAreTheRecurrencesOwn(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Work = recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{
		"title": field.Text("Call Bob"), "caller": field.Text("bob"), "assignee": field.Text("ada"), "group": field.Text("desk"),
	})
	r := d.planned(plan)
	assert.Equal(t, []string{"bob", "ada", "desk"}, []string{r.Caller, r.Assignee, r.Group})
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"give":{"title":"Call Bob"}`)
	d.pass(day)
	assert.Equal(t, []string{"bob", "ada", "desk"}, []string{d.made()[0].Caller, d.made()[0].Assignee, d.made()[0].Group})

	for _, person := range []string{"bob", "ada"} {
		_, err = d.kernel.Erase(d.root, person, "asked for it")
		require.NoError(t, err)
	}
	d.pass(day)
	last := d.made()[1]
	assert.Equal(t, []string{"", "", "desk"}, []string{last.Caller, last.Assignee, last.Group}, "nobody is called for who was erased")
	itsmtest.RequireVerified(t, d.root, d.kernel, r.Ref())
}

func TestRevise(t *testing.T) {
	d := newDesk(t)
	r := d.planned(daily())
	_, err := d.Revise(d.ann, r.ID, recurring.Work{Kind: "praise"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	d.ok(d.Revise(d.ann, r.ID, recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"title": field.Text("Check the mirror")})))
	d.ok(d.Edit(d.ann, r.ID, itsm.Patch{"group": field.Text("storage"), "one_at_a_time": field.Bool(true)}))
	_, err = d.Edit(d.ann, r.ID, itsm.Patch{"missed": field.Text("some")})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	d.pass(2 * day)
	require.Len(t, d.made(), 1)
	assert.Equal(t, []string{"Check the mirror", "storage"}, []string{d.made()[0].Title, d.made()[0].Group})
}

func TestUpcoming(t *testing.T) {
	d := newDesk(t)
	weekly := daily()
	weekly.Title, weekly.Schedule.Cron = "Restore test", "0 8 * * WED"
	a, b := d.planned(daily()), d.planned(weekly)
	d.ok(d.Suspend(d.ann, d.planned(daily()).ID, "Not now."))
	coming, err := d.Upcoming(d.ann, at(t, "2026-03-03 00:00"), at(t, "2026-03-05 10:00"), 0)
	require.NoError(t, err)
	assert.Equal(t, []recurring.Coming{
		{Of: a.Ref(), Title: "Check the backups", At: at(t, "2026-03-03 10:00")},
		{Of: b.Ref(), Title: "Restore test", At: at(t, "2026-03-04 08:00")},
		{Of: a.Ref(), Title: "Check the backups", At: at(t, "2026-03-04 10:00")},
	}, coming)
	coming, err = d.Upcoming(d.ann, at(t, "2026-03-02 00:00"), at(t, "2199-03-05 10:00"), 2)
	require.NoError(t, err)
	require.Len(t, coming, 2)
	assert.Equal(t, a.Ref(), coming[1].Of, "the first two, of all")
	_, err = d.Upcoming(d.bob, at(t, "2026-03-02 00:00"), at(t, "2026-03-05 10:00"), 2)
	require.NoError(t, err)
}

// A page of runs follows the versions.
func TestRunsByPages(t *testing.T) {
	d := newDesk(t)
	r := d.planned(daily())
	d.pass(5 * day)
	var all []recurring.Run
	for after := int64(0); ; {
		runs, last, err := d.Runs(d.ann, r.ID, after, 2)
		require.NoError(t, err)
		all = append(all, runs...)
		if last == after {
			break
		}
		after = last
	}
	assert.Len(t, all, 5)
}

// An import of a recurrence from another desk: what had passed does not come.
func TestAnImportedRecurrenceGoesOnFromNow(t *testing.T) {
	d := newDesk(t)
	r := d.ok(d.Plan(d.root, daily(), itsm.At(at(t, "2024-01-01 12:00")), itsm.WithNumber("OLD-7")))
	assert.Equal(t, at(t, "2026-03-02 10:00"), r.Next)
	d.pass(day)
	assert.Equal(t, []string{"2026-03-02 10:00 done"}, d.runs("OLD-7"))
}

// Many nodes on one store make one record of one occurrence.
func TestManyNodes(t *testing.T) {
	store, clock := memory.New(), itsmtest.NewClock(at(t, "2026-03-02 09:00"))
	nodes := []*fixture{newDeskOn(t, store, clock), newDeskOn(t, store, clock), newDeskOn(t, store, clock)}
	r := nodes[0].planned(daily())
	for range 20 {
		clock.Set(clock.Now().Add(day))
		var wait sync.WaitGroup
		for _, n := range nodes {
			wait.Go(func() { _, err := n.kernel.FireDue(n.root); assert.NoError(t, err) })
		}
		wait.Wait()
	}
	assert.Len(t, nodes[1].made(), 20)
	assert.Equal(t, 20, nodes[2].get(r.ID).Runs)
}
