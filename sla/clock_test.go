package sla_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// brussels is open from Monday to Friday, 09:00 to 17:00.
var brussels = must(calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-17:00")}))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// at reads an instant in Brussels, such as "2026-03-02 09:00".
func at(text string) time.Time {
	return must(time.ParseInLocation("2006-01-02 15:04:05.999999999", text+":00", brussels.Location()))
}

// just is one nanosecond later.
func just(t time.Time) time.Time { return t.Add(1) }

// resolution pauses for the caller and stops while the ticket is resolved.
func resolution() sla.Target {
	return sla.Target{
		Name:   "resolution",
		Stop:   sla.Condition{Phases: []lifecycle.Phase{lifecycle.Resolved, lifecycle.Closed}},
		Pause:  sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}},
		Within: map[itsm.Priority]time.Duration{1: 2 * time.Hour, 2: 4 * time.Hour, 3: 8 * time.Hour},
		Levels: []sla.Level{{Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}},
	}
}

// response stops for good at the first answer.
func response() sla.Target {
	t := resolution()
	t.Name, t.Stop = "first response", sla.Condition{Events: []string{"incident.commented"}}
	return t
}

// evaluate answers the last cycle of an agreement's first target.
func evaluate(a *sla.Agreement, moments []sla.Moment, now time.Time) (sla.Status, bool) {
	all := must(sla.NewTerms(*a)).Evaluate("incident", moments, now)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Target == a.Targets[0].Name {
			return all[i], true
		}
	}
	return sla.Status{}, false
}

func agreement(targets ...sla.Target) *sla.Agreement {
	return &sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{"incident"}, Calendar: brussels, Targets: targets,
	}
}

// The moments of a ticket of priority 2 that is worked on from the start.
func opened(t string) sla.Moment { return sla.Moment{At: at(t), Phase: lifecycle.Active, Priority: 2} }

func held(t string) sla.Moment {
	m := opened(t)
	m.Phase, m.Hold = lifecycle.Waiting, itsm.HoldCaller
	return m
}

func inPhase(t string, p lifecycle.Phase) sla.Moment {
	m := opened(t)
	m.Phase = p
	return m
}

func prioritized(t string, p itsm.Priority) sla.Moment {
	m := opened(t)
	m.Priority = p
	return m
}

func happened(m sla.Moment, events ...string) sla.Moment {
	m.Events = events
	return m
}

func TestEvaluate(t *testing.T) {
	none := time.Time{}
	const h = time.Hour
	tests := []struct {
		name     string
		target   sla.Target
		moments  []sla.Moment
		now      time.Time
		stage    sla.Stage
		elapsed  time.Duration
		due      time.Time
		breached time.Time
	}{
		{"runs in working time", resolution(), []sla.Moment{opened("2026-03-02 10:00")},
			at("2026-03-02 11:30"), sla.Running, 90 * time.Minute, at("2026-03-02 14:00"), none},
		{"reported before opening", resolution(), []sla.Moment{opened("2026-03-02 03:00")},
			at("2026-03-02 10:00"), sla.Running, h, at("2026-03-02 13:00"), none},
		{"over the weekend in which clocks go forward", resolution(), []sla.Moment{opened("2026-03-27 16:00")},
			at("2026-03-30 10:00"), sla.Running, 2 * h, time.Date(2026, 3, 30, 10, 0, 0, 0, time.UTC), none},
		{"over the weekend in which clocks go back", resolution(), []sla.Moment{opened("2026-10-23 16:00")},
			at("2026-10-26 10:00"), sla.Running, 2 * h, time.Date(2026, 10, 26, 11, 0, 0, 0, time.UTC), none},
		{"later moments do not count", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 11:00")},
			at("2026-03-02 10:30"), sla.Running, h / 2, at("2026-03-02 14:00"), none},

		{"used up at closing is due at closing", resolution(), []sla.Moment{opened("2026-03-02 13:00")},
			at("2026-03-02 16:59"), sla.Running, 239 * time.Minute, at("2026-03-02 17:00"), none},
		{"late from closing on", resolution(), []sla.Moment{opened("2026-03-02 13:00"), inPhase("2026-03-03 08:00", lifecycle.Resolved)},
			at("2026-03-03 12:00"), sla.Completed, 4 * h, none, at("2026-03-02 17:00")},
		{"stopped when due is in time", resolution(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 14:00", lifecycle.Resolved)},
			at("2026-03-02 18:00"), sla.Completed, 4 * h, none, none},
		{"stopped just after is late", resolution(), []sla.Moment{opened("2026-03-02 10:00"), {At: just(at("2026-03-02 14:00")), Phase: lifecycle.Resolved, Priority: 2}},
			at("2026-03-02 18:00"), sla.Completed, 4*h + 1, none, at("2026-03-02 14:00")},
		{"still running when due is a breach", resolution(), []sla.Moment{opened("2026-03-02 10:00")},
			at("2026-03-02 14:00"), sla.Running, 4 * h, at("2026-03-02 14:00"), at("2026-03-02 14:00")},
		{"due stays when it has passed", resolution(), []sla.Moment{opened("2026-03-02 10:00")},
			at("2026-03-05 10:00"), sla.Running, 24 * h, at("2026-03-02 14:00"), at("2026-03-02 14:00")},

		{"paused has no due", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 11:00")},
			at("2026-03-06 11:00"), sla.Paused, h, none, none},
		{"a pause moves the due", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 11:00"), opened("2026-03-03 09:30")},
			at("2026-03-03 10:00"), sla.Running, 90 * time.Minute, at("2026-03-03 12:30"), none},
		{"another hold reason does not pause", resolution(), []sla.Moment{opened("2026-03-02 10:00"), {At: at("2026-03-02 11:00"), Phase: lifecycle.Waiting, Hold: itsm.HoldVendor, Priority: 2}},
			at("2026-03-02 12:00"), sla.Running, 2 * h, at("2026-03-02 14:00"), none},
		{"paused when due is not late", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 14:00")},
			at("2026-03-06 11:00"), sla.Paused, 4 * h, none, none},
		{"and late when it runs again", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 14:00"), opened("2026-03-03 10:00")},
			at("2026-03-03 10:30"), sla.Running, 4*h + h/2, at("2026-03-03 10:00"), at("2026-03-03 10:00")},
		{"unless it stops at once", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 14:00"), inPhase("2026-03-03 10:00", lifecycle.Resolved)},
			at("2026-03-03 10:30"), sla.Completed, 4 * h, none, none},
		{"a breach outlasts the pause", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 15:00")},
			at("2026-03-02 16:00"), sla.Paused, 5 * h, none, at("2026-03-02 14:00")},
		{"and its due", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 15:00"), opened("2026-03-03 10:00")},
			at("2026-03-03 11:00"), sla.Running, 6 * h, at("2026-03-02 14:00"), at("2026-03-02 14:00")},
		{"held and resumed in one instant", resolution(), []sla.Moment{opened("2026-03-02 10:00"), held("2026-03-02 11:00"), opened("2026-03-02 11:00")},
			at("2026-03-02 12:00"), sla.Running, 2 * h, at("2026-03-02 14:00"), none},

		{"an answer that also pauses: stop comes first", response(), []sla.Moment{opened("2026-03-02 10:00"), happened(held("2026-03-02 11:00"), "incident.held", "incident.commented")},
			at("2026-03-02 16:00"), sla.Completed, h, none, none},
		{"a pause without an answer", response(), []sla.Moment{opened("2026-03-02 10:00"), happened(held("2026-03-02 11:00"), "incident.held")},
			at("2026-03-02 16:00"), sla.Paused, h, none, none},
		{"stopped by an event for good", response(), []sla.Moment{opened("2026-03-02 10:00"), happened(opened("2026-03-02 11:00"), "incident.commented"), inPhase("2026-03-02 12:00", lifecycle.Resolved), opened("2026-03-02 13:00")},
			at("2026-03-02 16:00"), sla.Completed, h, none, none},
		{"closed without the stop", response(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 12:00", lifecycle.Closed)},
			at("2026-03-04 16:00"), sla.Completed, 2 * h, none, none},
		{"reopened goes on without the time between", resolution(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 12:00", lifecycle.Resolved), opened("2026-03-03 09:00")},
			at("2026-03-03 10:00"), sla.Running, 3 * h, at("2026-03-03 11:00"), none},
		{"a completed clock ignores a priority", resolution(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 13:00", lifecycle.Resolved), {At: at("2026-03-02 14:00"), Phase: lifecycle.Resolved, Priority: 1}},
			at("2026-03-02 16:00"), sla.Completed, 3 * h, none, none},

		{"a shorter time is missed when it is given", resolution(), []sla.Moment{opened("2026-03-02 10:00"), prioritized("2026-03-02 13:00", 1)},
			at("2026-03-02 13:30"), sla.Running, 3*h + h/2, at("2026-03-02 13:00"), at("2026-03-02 13:00")},
		{"a longer time keeps what is used", resolution(), []sla.Moment{opened("2026-03-02 10:00"), prioritized("2026-03-02 13:00", 3)},
			at("2026-03-02 14:00"), sla.Running, 4 * h, at("2026-03-03 10:00"), none},
		{"a longer time takes no breach back", resolution(), []sla.Moment{opened("2026-03-02 10:00"), prioritized("2026-03-02 15:00", 3)},
			at("2026-03-02 15:30"), sla.Running, 5*h + h/2, at("2026-03-03 10:00"), at("2026-03-02 14:00")},
		{"a priority without a promise cancels", resolution(), []sla.Moment{opened("2026-03-02 10:00"), prioritized("2026-03-02 12:00", 5)},
			at("2026-03-02 16:00"), sla.Cancelled, 2 * h, none, none},
		{"and goes on with a promise", resolution(), []sla.Moment{opened("2026-03-02 10:00"), prioritized("2026-03-02 12:00", 5), opened("2026-03-02 15:00")},
			at("2026-03-02 16:00"), sla.Running, 6 * h, at("2026-03-02 15:00"), at("2026-03-02 15:00")},

		{"cancelled", resolution(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 12:00", lifecycle.Cancelled)},
			at("2026-03-04 16:00"), sla.Cancelled, 2 * h, none, none},
		{"cancelled for ever", resolution(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 12:00", lifecycle.Cancelled), opened("2026-03-02 13:00")},
			at("2026-03-04 16:00"), sla.Cancelled, 2 * h, none, none},
		{"cancelled after completion stays completed", resolution(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 12:00", lifecycle.Resolved), inPhase("2026-03-02 13:00", lifecycle.Cancelled), opened("2026-03-02 14:00")},
			at("2026-03-04 16:00"), sla.Completed, 2 * h, none, none},
		{"cancelled late keeps its breach", resolution(), []sla.Moment{opened("2026-03-02 10:00"), inPhase("2026-03-02 15:00", lifecycle.Cancelled)},
			at("2026-03-04 16:00"), sla.Cancelled, 5 * h, none, at("2026-03-02 14:00")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := agreement(test.target)
			c, ok := evaluate(a, test.moments, test.now)
			require.True(t, ok)
			assert.Equal(t, test.stage, c.State)
			assert.Equal(t, test.elapsed, c.Elapsed)
			assert.Equal(t, c.Within-test.elapsed, c.Remaining)
			assert.Equal(t, test.due.UTC(), c.Due, "due")
			assert.Equal(t, test.breached.UTC(), c.Breached, "breached")
			assert.Equal(t, test.moments[0].At.UTC(), c.Started)
		})
	}
}

func on(m sla.Moment, service string) sla.Moment {
	m.Service = service
	return m
}

func TestEvaluateALatePromise(t *testing.T) {
	vpn := itsm.Where("service").Is("vpn")
	a := agreement(resolution())
	a.Where = &vpn
	moments := []sla.Moment{
		on(opened("2026-03-02 09:00"), "mail"), on(held("2026-03-02 10:00"), "mail"), on(opened("2026-03-02 10:30"), "mail"),
		on(opened("2026-03-02 11:00"), "vpn"), on(opened("2026-03-02 12:00"), "mail"),
	}
	_, ok := evaluate(a, moments, at("2026-03-02 10:00"))
	assert.False(t, ok, "nothing is promised to another service")

	c, ok := evaluate(a, moments, at("2026-03-02 11:30"))
	require.True(t, ok)
	assert.Equal(t, at("2026-03-02 09:00").UTC(), c.Started, "the start is kept")
	assert.Equal(t, 2*time.Hour, c.Elapsed, "and the pause")

	c, _ = evaluate(a, moments, at("2026-03-02 15:00"))
	assert.Equal(t, sla.Cancelled, c.State)
	assert.Equal(t, sla.NotPromised, c.EndedBy)
	assert.Equal(t, 5*time.Hour/2, c.Elapsed)

	a.OnChange = sla.StartAnew
	c, ok = evaluate(a, moments, at("2026-03-02 11:30"))
	require.True(t, ok)
	assert.Equal(t, at("2026-03-02 11:00").UTC(), c.Started, "the promise begins when it is made")
	assert.Equal(t, 30*time.Minute, c.Elapsed)

	a.Where = nil
	a.Targets[0].Within = map[itsm.Priority]time.Duration{1: time.Hour}
	_, ok = evaluate(a, moments, at("2026-03-02 15:00"))
	assert.False(t, ok, "nothing is promised to another priority")
	_, ok = evaluate(a, nil, at("2026-03-02 15:00"))
	assert.False(t, ok, "nothing is promised to no ticket")
}

func TestEvaluateRoundTheClock(t *testing.T) {
	a := agreement(resolution())
	a.Calendar = nil
	moments := []sla.Moment{opened("2026-03-29 01:00")} // an hour later it is 3 o'clock
	c, ok := evaluate(a, moments, at("2026-03-29 04:00"))
	require.True(t, ok)
	assert.Equal(t, 2*time.Hour, c.Elapsed)
	assert.Equal(t, at("2026-03-29 06:00").UTC(), c.Due)
}

func TestEvaluateWhereTheCalendarEnds(t *testing.T) {
	a := agreement(resolution())
	a.Calendar = must(calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("09:00-10:00"), Through: "2026-03-03"}))
	moments := []sla.Moment{opened("2026-03-02 10:00")}
	c, ok := evaluate(a, moments, at("2026-04-02 10:00"))
	require.True(t, ok)
	assert.Equal(t, 2*time.Hour, c.Elapsed)
	assert.Zero(t, c.Due, "there is never enough working time")
	assert.Zero(t, c.Breached)
}

func TestAgreementCheck(t *testing.T) {
	require.NoError(t, agreement(response(), resolution()).Check())

	tests := []struct {
		name  string
		spoil func(*sla.Agreement)
		says  []string
	}{
		{"nothing", func(a *sla.Agreement) { *a = sla.Agreement{} },
			[]string{"give it a name, kinds and targets", `class is sla, ola or uc, not ""`}},
		{"names", func(a *sla.Agreement) {
			a.Name = "gold/silver"
			a.Targets = append(a.Targets, resolution(), sla.Target{})
			a.Targets[0].Levels = []sla.Level{{Name: "", Percent: 5}, {Name: "x", Percent: 6}, {Name: "x", Percent: 7}}
		}, []string{"slash", `without a slash, not "resolution"`, `without a slash, not ""`, `level needs a name of its own, not ""`, `level needs a name of its own, not "x"`, "it never stops", "promises no time"}},
		{"a target of nothing", func(a *sla.Agreement) { a.Targets = []sla.Target{{Name: "x"}} },
			[]string{"target x: it never stops", "target x: it promises no time"}},
		{"times", func(a *sla.Agreement) { a.Targets[0].Within[2], a.Targets[0].Within[3] = 0, -1 },
			[]string{"time for P2", "time for P3"}},
		{"levels", func(a *sla.Agreement) {
			a.Targets[0].Levels = []sla.Level{{Name: "a", Percent: -1}, {Name: "b", Percent: 100}, {Name: "c", Percent: 100}, {Name: "d", Percent: 75}}
		}, []string{"ascend from 1 %, and -1", "and 100 does", "and 75 does"}},
		{"events", func(a *sla.Agreement) {
			a.Targets[0].Stop.Events = []string{"resolved", "change.closed", "incident.resolved"}
			a.Targets[0].Pause.Events = []string{"incident.held"}
		}, []string{`"resolved" is no event`, `"change.closed" is no event`, "an event lasts no time"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := agreement(resolution())
			test.spoil(a)
			err := a.Check()
			require.ErrorIs(t, err, itsm.ErrInvalid)
			for _, words := range test.says {
				assert.ErrorContains(t, err, words)
			}
			joined, ok := err.(interface{ Unwrap() []error })
			require.True(t, ok)
			assert.Len(t, joined.Unwrap(), len(test.says), "%v", err)
		})
	}
}
