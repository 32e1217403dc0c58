package sla_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
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

// page is a moment of a story in plain words.
type page struct {
	at                      time.Time
	phase                   lifecycle.Phase
	hold                    itsm.HoldReason
	priority                itsm.Priority
	group, service          string
	due                     time.Time
	events                  []string
	asks, answers           bool
	first, reopened, talked bool // talked: the desk has answered once
	askedAt, answeredAt     time.Time
}

func (p *page) event(name string) bool { return slices.Contains(p.events, name) }
func (p *page) done() bool             { return p.phase == lifecycle.Resolved || p.phase == lifecycle.Closed }

func (p *page) moment() sla.Moment {
	return sla.Moment{
		At: p.at, Events: p.events, Phase: p.phase, Hold: p.hold, Priority: p.priority, Group: p.group, Service: p.service,
		AskedAt: p.askedAt, AnsweredAt: p.answeredAt,
		Value: func(column string) field.Value {
			if column == "custom.due" {
				return field.Instant(p.due)
			}
			return field.Value{}
		},
	}
}

// part is a condition, and what it means in plain words.
type part struct {
	condition      sla.Condition
	happens, lasts func(p *page) bool
}

func never(*page) bool { return false }

func event(names ...string) part {
	return part{sla.Condition{Events: names}, func(p *page) bool { return slices.ContainsFunc(names, p.event) }, never}
}

var (
	nothing  = part{happens: never, lasts: never}
	inNet    = part{sla.Condition{Groups: []string{"net"}}, never, func(p *page) bool { return p.group == "net" }}
	bothDone = []lifecycle.Phase{lifecycle.Resolved, lifecycle.Closed}

	someStarts = []part{
		{happens: func(p *page) bool { return p.first }, lasts: never}, // left out
		{happens: func(p *page) bool { return p.first }, lasts: never},
		event("incident.escalated"),
		inNet,
		{sla.Condition{Events: []string{sla.Asked}, And: []sla.Condition{{Facts: []sla.Fact{sla.EverAnswered}}}},
			func(p *page) bool { return p.asks && p.talked }, never},
		{sla.Condition{Events: []string{sla.Reported, sla.Answered, sla.Reopened}},
			func(p *page) bool { return p.first || p.answers || p.reopened }, never},
	}
	someStops = []part{
		{sla.Condition{Phases: bothDone}, never, (*page).done},
		{sla.Condition{Phases: bothDone[:1]}, never, func(p *page) bool { return p.phase == lifecycle.Resolved }},
		event("incident.commented"),
		{sla.Condition{OtherGroups: []string{"net"}, Phases: bothDone}, never, func(p *page) bool { return p.group != "net" || p.done() }},
		{sla.Condition{Events: []string{sla.Answered}, Phases: bothDone}, func(p *page) bool { return p.answers }, (*page).done},
		{sla.Condition{Facts: []sla.Fact{sla.EverAnswered}, Phases: bothDone}, never, func(p *page) bool { return p.talked || p.done() }},
	}
	somePauses = []part{
		nothing,
		{sla.Condition{Phases: []lifecycle.Phase{lifecycle.Waiting}}, never, func(p *page) bool { return p.phase == lifecycle.Waiting }},
		{sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}}, never, func(p *page) bool { return p.hold == itsm.HoldCaller }},
		{sla.Condition{Phases: []lifecycle.Phase{lifecycle.Waiting}, And: []sla.Condition{inNet.condition}}, never,
			func(p *page) bool { return p.phase == lifecycle.Waiting && p.group == "net" }},
	}
	someCancels = []part{
		nothing, nothing, event("incident.waived"),
		{sla.Condition{Holds: []itsm.HoldReason{itsm.HoldVendor}}, never, func(p *page) bool { return p.hold == itsm.HoldVendor }},
	}
	someResets = []part{nothing, nothing, event("incident.restarted")}
)

// mark is a level in minutes: so many before or after the end, or a percentage.
type mark struct{ percent, offset int }

// story is a random ticket under a random agreement: pages at whole minutes around the days on which clocks change.
type story struct {
	shift                             shift
	start, stop, pause, cancel, reset part
	reopen                            sla.Reopen
	anew                              bool
	within                            map[itsm.Priority]int // minutes
	deadline                          bool
	onlyVPN                           bool
	marks                             []mark
	pages                             []page
	end                               time.Time
	places                            map[[2]int64]time.Time // found so far
}

// GoString tells the story to who looks for a fault.
func (s story) GoString() string {
	var b strings.Builder
	a := s.agreement()
	fmt.Fprintf(&b, "until %s, anew %t, calendar %v, target %+v\n", s.end, s.anew, a.Calendar != nil, a.Targets[0])
	for i := range s.pages {
		p := &s.pages[i]
		fmt.Fprintf(&b, "%s %v %s P%d group %q %s, due %s, %v asks %t answers %t\n", p.at.Format("02 15:04"), p.phase, p.hold, p.priority,
			p.group, p.service, p.due.Format("02 15:04"), p.events, p.asks, p.answers)
	}
	return b.String()
}

func levelName(i int) string { return fmt.Sprint("level ", i) }

func (s *story) agreement() sla.Agreement {
	t := sla.Target{
		Name: "target", Start: s.start.condition, Stop: s.stop.condition, Pause: s.pause.condition, Cancel: s.cancel.condition,
		Reset: s.reset.condition, Reopen: s.reopen,
	}
	if s.deadline {
		t.Deadline = "custom.due"
	} else {
		t.Within = map[itsm.Priority]time.Duration{}
		for p, minutes := range s.within {
			t.Within[p] = time.Duration(minutes) * time.Minute
		}
	}
	for i, m := range s.marks {
		t.Levels = append(t.Levels, sla.Level{Name: levelName(i), Percent: m.percent, Offset: time.Duration(m.offset) * time.Minute})
	}
	a := *agreement(t)
	if a.Calendar = s.shift.calendar; s.anew {
		a.OnChange = sla.StartAnew
	}
	if s.onlyVPN {
		vpn := itsm.Where("service").Is("vpn")
		a.Where = &vpn
	}
	return a
}

var stories = rapid.Custom(func(t *rapid.T) story {
	s := story{
		shift: rapid.SampledFrom(shifts).Draw(t, "shift"),
		start: rapid.SampledFrom(someStarts).Draw(t, "start"), stop: rapid.SampledFrom(someStops).Draw(t, "stop"),
		pause: rapid.SampledFrom(somePauses).Draw(t, "pause"), cancel: rapid.SampledFrom(someCancels).Draw(t, "cancel"),
		reset:  rapid.SampledFrom(someResets).Draw(t, "reset"),
		reopen: rapid.SampledFrom([]sla.Reopen{sla.Continue, sla.Continue, sla.ContinueCounted, sla.NewCycle, sla.Stay}).Draw(t, "reopen"),
		anew:   rapid.IntRange(0, 2).Draw(t, "anew") == 0, onlyVPN: rapid.IntRange(0, 2).Draw(t, "only vpn") == 0,
		deadline: rapid.IntRange(0, 4).Draw(t, "deadline") == 0,
		within:   map[itsm.Priority]int{}, places: map[[2]int64]time.Time{},
	}
	for p := range itsm.Priority(3) {
		s.within[p+1] = 4 * rapid.IntRange(1, 200).Draw(t, "minutes") // so that a quarter is whole
	}
	s.marks = []mark{{percent: 100}, {offset: -40}, {offset: -5}, {offset: 15}, {offset: 500}}
	if s.deadline {
		s.pause = nothing
	} else {
		s.marks = append(s.marks, mark{percent: 25}, mark{percent: 75}, mark{percent: 150})
	}
	slices.SortFunc(s.marks, func(a, b mark) int { return cmp.Or(a.percent-b.percent, a.offset-b.offset) })
	s.pages = tell(t, &s)
	return s
})

// tell draws what happens to the ticket.
func tell(t *rapid.T, s *story) (pages []page) {
	now := at(rapid.SampledFrom([]string{"2026-03-26 08:00", "2026-10-22 08:00", "2026-07-02 16:00"}).Draw(t, "begins"))
	phases := []lifecycle.Phase{
		lifecycle.New, lifecycle.Active, lifecycle.Active, lifecycle.Active, lifecycle.Waiting, lifecycle.Waiting,
		lifecycle.Resolved, lifecycle.Resolved, lifecycle.Closed, lifecycle.Cancelled,
	}
	var last page
	one := func(name string, in int) bool { return rapid.IntRange(1, in).Draw(t, name) == 1 }
	for i := range rapid.IntRange(1, 12).Draw(t, "pages") {
		p := last
		p.at, p.events, p.first, p.asks, p.answers = now, nil, i == 0, false, false
		if p.phase = rapid.SampledFrom(phases).Draw(t, "phase"); i == 0 {
			p.phase = lifecycle.New
		} else if last.phase == lifecycle.Cancelled {
			p.phase = lifecycle.Cancelled // for good
		}
		if p.hold = ""; p.phase == lifecycle.Waiting {
			p.hold = rapid.SampledFrom([]itsm.HoldReason{itsm.HoldCaller, itsm.HoldCaller, itsm.HoldVendor, itsm.HoldOther}).Draw(t, "hold")
		}
		if i == 0 || one("new priority", 4) {
			p.priority = itsm.Priority(rapid.IntRange(1, 4).Draw(t, "priority"))
		}
		if i == 0 || one("new group", 3) {
			p.group = rapid.SampledFrom([]string{"", "net", "net", "apps"}).Draw(t, "group")
		}
		if i == 0 || one("new service", 4) {
			p.service = rapid.SampledFrom([]string{"vpn", "vpn", "mail"}).Draw(t, "service")
		}
		if i == 0 || one("new deadline", 5) {
			p.due = time.Time{}
			if !one("none", 4) {
				p.due = now.Add(time.Duration(rapid.IntRange(-100, 4000).Draw(t, "due")) * time.Minute)
			}
		}
		for _, name := range []string{"incident.commented", "incident.escalated", "incident.waived", "incident.restarted"} {
			if one(name, 6) {
				p.events = append(p.events, name)
			}
		}
		switch rapid.IntRange(0, 4).Draw(t, "words") {
		case 0:
			if p.asks = p.askedAt.IsZero(); p.asks {
				p.askedAt = now
			}
		case 1:
			if p.answers = !p.askedAt.IsZero() || !p.answeredAt.Equal(now); p.answers {
				p.askedAt, p.answeredAt, p.talked = time.Time{}, now, true
			}
		}
		p.reopened = p.phase.Open() && i > 0 && !last.phase.Open()
		pages = append(pages, p)
		last = p
		now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 30, 60, 180, 600, 1440}).Draw(t, "gap")) * time.Minute)
	}
	s.end = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "end")) * time.Minute)
	return pages
}

func (s *story) moments() []sla.Moment {
	moments := make([]sla.Moment, len(s.pages))
	for i := range s.pages {
		moments[i] = s.pages[i].moment()
	}
	return moments
}

// told is a level of a cycle, and when the clock came to it.
type told struct {
	cycle int
	level string
	at    time.Time
}

func TestEvaluateAgainstMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stories.Draw(t, "story")
		terms := must(sla.NewTerms(s.agreement()))
		want := s.byTheMinute(s.end)
		got := terms.Evaluate("incident", s.moments(), s.end)
		require.Len(t, got, len(want.cycles))
		for i, c := range got {
			w := want.cycles[i]
			require.Equal(t, w.stage, c.State, "cycle %d", i+1)
			require.Equal(t, i+1, c.Cycle)
			require.Equal(t, w.started.UTC(), c.Started, "cycle %d started", i+1)
			require.Equal(t, time.Duration(w.used)*time.Minute, c.Elapsed, "cycle %d", i+1)
			require.Equal(t, w.breached.UTC(), c.Breached, "cycle %d breached", i+1)
			if w.stage != sla.Running {
				require.Zero(t, c.Due)
				continue
			}
			if s.deadline {
				require.Equal(t, s.pages[len(s.pages)-1].due.UTC(), c.Due)
				continue
			}
			require.NotZero(t, c.Due)
			if c.Due.After(s.end) { // left alone, it is used up then and not before
				used := func(at time.Time) int { cycles := s.byTheMinute(at).cycles; return cycles[len(cycles)-1].used }
				require.Equal(t, c.Within, time.Duration(used(c.Due))*time.Minute)
				require.Less(t, time.Duration(used(c.Due.Add(-time.Minute)))*time.Minute, c.Within)
			}
		}
	})
}

// Each level is told once in its cycle, in the order in which the clock comes to them, when it does; and that it was told
// changes nothing else.
func TestLevelsAgainstMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stories.Draw(t, "story")
		terms := must(sla.NewTerms(s.agreement()))
		want := s.byTheMinute(s.end)
		var got []told
		var moments []sla.Moment
		tellUntil := func(by time.Time) {
			for len(moments) > 0 {
				last := moments[len(moments)-1]
				all := terms.Evaluate("incident", moments, last.At)
				if len(all) == 0 {
					return
				}
				c := all[len(all)-1]
				if c.Next == "" || !c.NextAt.Before(by) {
					return
				}
				require.LessOrEqual(t, len(got), 500, "told again and again")
				got = append(got, told{c.Cycle, c.Next, c.NextAt})
				if last.Events, last.Turns = nil, nil; last.At.Before(c.NextAt) {
					last.At = c.NextAt
				}
				last.Levels = []itsm.LevelReached{{
					Agreement: "gold", Target: "target", Cycle: c.Cycle, Level: c.Next, Due: c.NextAt, Missed: level(&c, &s).Missed(),
				}}
				moments = append(moments, last)
			}
		}
		for _, m := range s.moments() {
			tellUntil(m.At)
			moments = append(moments, m)
		}
		tellUntil(s.end.Add(1))
		if len(want.told) > 0 || len(got) > 0 {
			require.Equal(t, want.told, got)
		}
		after := terms.Evaluate("incident", moments, s.end)
		require.Len(t, after, len(want.cycles))
		for i := range after {
			assert.Equal(t, want.cycles[i].stage, after[i].State)
			assert.Equal(t, time.Duration(want.cycles[i].used)*time.Minute, after[i].Elapsed)
			assert.Equal(t, want.cycles[i].breached.UTC(), after[i].Breached)
		}
	})
}

func level(c *sla.Status, s *story) sla.Level {
	for _, l := range s.agreement().Targets[0].Levels {
		if l.Name == c.Next {
			return l
		}
	}
	return sla.Level{}
}

// What a clock said stays true: cycles do not vanish, their time only grows, and breaches stay where they were.
func TestEvaluateGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stories.Draw(t, "story")
		terms := must(sla.NewTerms(s.agreement()))
		moments := s.moments()
		var before []sla.Status
		for now := s.pages[0].at; !now.After(s.end); now = now.Add(17 * time.Minute) {
			all := terms.Evaluate("incident", moments, now)
			require.GreaterOrEqual(t, len(all), len(before), "at %v", now)
			for i := range before {
				if before[i].EndedBy == sla.EndedBefore {
					continue // it said that there is nothing to say
				}
				require.GreaterOrEqual(t, all[i].Elapsed, before[i].Elapsed, "at %v", now)
				require.Equal(t, before[i].Started, all[i].Started, "at %v", now)
				if at := before[i].Breached; !at.IsZero() && at.Before(before[i].At) {
					require.Equal(t, at, all[i].Breached, "at %v", now)
				}
				if !before[i].Open() && !all[i].Open() && before[i].Ended.Equal(all[i].Ended) {
					require.Equal(t, before[i].Elapsed, all[i].Elapsed, "an ended clock stands still")
				}
			}
			before = all
		}
	})
}

// A history that keeps what clocks did gives the same clocks again, whatever agreements are known later.
func TestReplay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := stories.Draw(t, "story")
		silver := s.agreement() // another for the other tickets, which hands over to and takes over from it
		silver.Name = "silver"
		mail := itsm.Where("service").Is("mail")
		if silver.Where = &mail; rapid.Bool().Draw(t, "silver starts anew") {
			silver.OnChange = sla.StartAnew
		}
		terms := must(sla.NewTerms(s.agreement(), silver))
		moments := terms.Recorded("incident", s.moments())
		require.Equal(t, terms.Evaluate("incident", s.moments(), s.end), terms.Replayed("incident", moments, s.end))
	})
}
