package sla_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// shift is a calendar that the oracle can read off a wall clock by the minute.
type shift struct {
	calendar *calendar.Calendar
	open     func(local time.Time) bool
}

func between(local time.Time, from, to int) bool {
	minute := local.Hour()*60 + local.Minute()
	return minute >= from && minute < to
}

var shifts = []shift{
	{brussels, func(l time.Time) bool {
		return l.Weekday() != time.Saturday && l.Weekday() != time.Sunday && between(l, 9*60, 17*60)
	}},
	{ // the hour that clocks skip, or show twice, lies inside
		must(calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Daily("01:30-05:00")})),
		func(l time.Time) bool { return between(l, 90, 5*60) },
	},
	{nil, func(time.Time) bool { return true }},
}

// story is a random ticket: moments at whole minutes around the days on which clocks change.
type story struct {
	shift   shift
	target  sla.Target
	moments []sla.Moment
	end     time.Time
	terms   *sla.Terms
}

var stories = rapid.Custom(func(t *rapid.T) story {
	s := story{shift: rapid.SampledFrom(shifts).Draw(t, "shift")}
	s.target = sla.Target{
		Name: "target", Pause: sla.Condition{Phases: []lifecycle.Phase{lifecycle.Waiting}},
		Within: map[itsm.Priority]time.Duration{},
	}
	if rapid.Bool().Draw(t, "by event") {
		s.target.Stop.Events = []string{"incident.commented"}
	} else {
		s.target.Stop.Phases = []lifecycle.Phase{lifecycle.Resolved}
	}
	for p := range itsm.Priority(3) {
		s.target.Within[p+1] = time.Duration(rapid.IntRange(1, 900).Draw(t, "minutes")) * time.Minute
	}
	start := rapid.SampledFrom([]string{"2026-03-26 08:00", "2026-10-22 08:00", "2026-07-02 16:00"}).Draw(t, "start")
	now := at(start)
	phases := []lifecycle.Phase{
		lifecycle.New, lifecycle.Active, lifecycle.Active, lifecycle.Waiting, lifecycle.Waiting,
		lifecycle.Resolved, lifecycle.Closed, lifecycle.Cancelled,
	}
	unpromised := 4 // what is done stays promised, or a reopening would meet nothing to go on with
	for i := range rapid.IntRange(1, 10).Draw(t, "moments") {
		m := sla.Moment{At: now, Phase: lifecycle.New}
		if i > 0 {
			m.Phase = rapid.SampledFrom(phases).Draw(t, "phase")
		}
		if !m.Phase.Open() {
			unpromised = 3
		}
		m.Priority = itsm.Priority(rapid.IntRange(1, unpromised).Draw(t, "priority"))
		if rapid.IntRange(0, 5).Draw(t, "answer") == 0 {
			m.Events = []string{"incident.commented"}
		}
		s.moments = append(s.moments, m)
		now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 60, 180, 600, 1440}).Draw(t, "gap")) * time.Minute)
	}
	s.end = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "end")) * time.Minute)
	return s
})

func (s *story) evaluate(now time.Time) (sla.Status, bool) {
	if s.terms == nil {
		a := agreement(s.target)
		a.Calendar = s.shift.calendar
		s.terms = must(sla.NewTerms(*a))
	}
	all := s.terms.Evaluate("incident", s.moments, now)
	if len(all) == 0 {
		return sla.Status{}, false
	}
	return all[0], true
}

// byTheMinute walks from minute to minute and counts those in which the clock runs and somebody is there. It keeps two
// books: how the ticket would stand if the target had always been promised, and what is promised.
func (s *story) byTheMinute() (stage sla.Stage, elapsed time.Duration, breached time.Time) {
	next, phase := 0, lifecycle.Phase(0)
	var always sla.Stage      // as if it had always been promised
	var counted time.Duration // so
	var met, final, lapsed bool
	var within time.Duration
	for minute := s.moments[0].At; ; minute = minute.Add(time.Minute) {
		for ; next < len(s.moments) && s.moments[next].At.Equal(minute); next++ {
			m := s.moments[next]
			before := phase
			phase = m.Phase
			reopened := phase.Open() && (before == lifecycle.Resolved || before == lifecycle.Closed || before == lifecycle.Cancelled)
			answered := next > 0 && slices.Contains(s.target.Stop.Events, "incident.commented") && len(m.Events) > 0
			if !final && always != sla.Cancelled && !(always == sla.Completed && (met || !reopened)) {
				switch {
				case answered:
					always, met = sla.Completed, true
				case phase == lifecycle.Closed, phase == lifecycle.Resolved && len(s.target.Stop.Phases) > 0:
					always = sla.Completed
				case phase == lifecycle.Cancelled:
					always = sla.Cancelled
				case phase == lifecycle.Waiting:
					always = sla.Paused
				default:
					always = sla.Running
				}
			}
			if phase == lifecycle.Cancelled && always == sla.Completed {
				met = true // nothing of a cancelled ticket ever changes again
			}
			promise, promised := s.target.Within[m.Priority]
			open := stage == sla.Running || stage == sla.Paused
			switch {
			case final:
			case open && (always == sla.Completed || always == sla.Cancelled):
				stage, elapsed = always, counted
				final = always == sla.Cancelled
			case open && !promised:
				stage, lapsed, elapsed = sla.Cancelled, true, counted
			case open:
				stage = always
			case stage == sla.Completed:
				stage = always
			case (stage == "" || lapsed) && promised && !phase.Terminal():
				lapsed = false
				if stage = always; always == sla.Completed || always == sla.Cancelled {
					stage, final, elapsed = sla.Cancelled, true, counted
				}
			}
			if promised {
				within = promise
			}
		}
		if stage == sla.Running && counted >= within && breached.IsZero() {
			breached = minute.UTC()
		}
		if stage == sla.Running || stage == sla.Paused {
			elapsed = counted
		}
		if !minute.Before(s.end) {
			return stage, elapsed, breached
		}
		if always == sla.Running && s.shift.open(minute.In(brussels.Location())) {
			counted += time.Minute
		}
	}
}

func TestEvaluateAgainstMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stories.Draw(t, "story")
		stage, elapsed, breached := s.byTheMinute()
		c, ok := s.evaluate(s.end)
		require.Equal(t, stage != "", ok)
		if !ok {
			return
		}
		assert.Equal(t, stage, c.State)
		assert.Equal(t, elapsed, c.Elapsed)
		assert.Equal(t, breached, c.Breached, "breached")
		if stage != sla.Running {
			assert.Zero(t, c.Due)
		} else if c.Due.After(s.end) { // left alone, it is used up then and not before
			s.end = c.Due
			_, elapsed, _ = s.byTheMinute()
			assert.Equal(t, c.Within, elapsed)
			s.end = c.Due.Add(-time.Minute)
			_, elapsed, _ = s.byTheMinute()
			assert.Less(t, elapsed, c.Within)
		}
	})
}

// What a clock said stays true: its time only grows, and breaches and levels stay where they were.
func TestEvaluateGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stories.Draw(t, "story")
		var before sla.Status
		for now := s.moments[0].At; !now.After(s.end); now = now.Add(17 * time.Minute) {
			c, ok := s.evaluate(now)
			if !ok {
				continue
			}
			require.GreaterOrEqual(t, c.Elapsed, before.Elapsed, "at %v", now)
			if !before.Breached.IsZero() {
				require.Equal(t, before.Breached, c.Breached, "at %v", now)
			}
			before = c
		}
	})
}
