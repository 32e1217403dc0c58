package assignment_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/assignment"
	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// days is a calendar of whole weekdays.
func days(t require.TestingT, on func(time.Weekday) bool) *calendar.Calendar {
	hours := func(d time.Weekday) calendar.Hours {
		if on(d) {
			return calendar.AllDay
		}
		return ""
	}
	c, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Week{
		Mon: hours(time.Monday), Tue: hours(time.Tuesday), Wed: hours(time.Wednesday), Thu: hours(time.Thursday),
		Fri: hours(time.Friday), Sat: hours(time.Saturday), Sun: hours(time.Sunday),
	}})
	require.NoError(t, err)
	return c
}

// worker is a member of the group in a simulated year, as the test knows it.
type worker struct {
	id        string
	weekdays  [7]bool
	member    bool
	always    bool // from the first day to the last, on every day
	awayUntil time.Time
	turns     int
	others    map[string]int // turns of others since this one's last, at which this one was there
	joining   bool
}

func (w *worker) there(at time.Time) bool {
	return w.member && w.weekdays[at.Weekday()] && !at.Before(w.awayUntil)
}

// Over a year of shifts, absences, joiners and leavers: while somebody is there, nobody else gets a second turn before
// that person's next. So nobody starves, and those who are always there get the same number, give or take one.
func TestRoundRobinIsFairOverAYear(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var crew []*worker
		policyOf := policy(rule("r", in("crew", assignment.RoundRobin)))
		n := rapid.IntRange(2, 7).Draw(rt, "members")
		for i := range n {
			w := &worker{id: fmt.Sprintf("p%d", i), member: true, others: map[string]int{}}
			mask := rapid.IntRange(1, 127).Draw(rt, "weekdays")
			if w.always = rapid.IntRange(0, 2).Draw(rt, "always") == 0; w.always {
				mask = 127
			}
			for d := range 7 {
				w.weekdays[d] = mask>>d&1 == 1
			}
			if mask != 127 {
				policyOf.Shifts = append(policyOf.Shifts, assignment.Shift{
					Name: w.id, Group: "crew", Members: []string{w.id}, Calendar: days(rt, func(d time.Weekday) bool { return w.weekdays[d] }),
				})
			}
			crew = append(crew, w)
		}
		f := newFixture(t, policyOf)
		f.staff.Directory = itsmtest.Directory{Groups: []itsm.Group{{ID: "crew"}}}
		for _, w := range crew {
			f.staff.People = append(f.staff.People, itsm.Profile{ID: w.id})
		}
		regroup := func() {
			members := []string{}
			for _, w := range crew {
				if w.member {
					members = append(members, w.id)
				}
			}
			f.staff.Groups[0].Members = members
		}
		regroup()
		for now := monday; now.Before(monday.AddDate(1, 0, 0)); {
			now = now.Add(time.Duration(rapid.IntRange(1, 72).Draw(rt, "hours")) * time.Hour)
			f.clock.Set(now)
			if w := crew[rapid.IntRange(0, n-1).Draw(rt, "who")]; !w.always {
				switch rapid.IntRange(0, 11).Draw(rt, "what") {
				case 0:
					until := now.AddDate(0, 0, rapid.IntRange(1, 60).Draw(rt, "days"))
					f.staff.away(w.id, now, until)
					if until.After(w.awayUntil) {
						w.awayUntil = until
					}
				case 1: // who leaves and comes back begins anew, once the rotation has noticed
					w.member, w.joining = !w.member, true
					regroup()
				}
			}
			inc := f.report(incident.Report{})
			var chosen *worker
			for _, w := range crew {
				if w.id == inc.Assignee {
					chosen = w
				}
			}
			if chosen == nil {
				require.False(rt, slices.ContainsFunc(crew, func(w *worker) bool { return w.there(now) }), "somebody was there")
				continue
			}
			require.True(rt, chosen.there(now), "only who is there is chosen")
			for _, w := range crew {
				if w == chosen {
					w.turns++
					clear(w.others)
				} else if w.joining {
					clear(w.others)
				}
				if w != chosen && w.there(now) {
					w.others[chosen.id]++
					require.LessOrEqual(rt, w.others[chosen.id], 1, "%s was there, and %s got two", w.id, chosen.id)
				}
				w.joining = false
			}
		}
		least, most := -1, 0
		for _, w := range crew {
			if w.always {
				most = max(most, w.turns)
				if least < 0 || w.turns < least {
					least = w.turns
				}
			}
		}
		if least >= 0 {
			assert.LessOrEqual(rt, most-least, 1)
		}
	})
}

// The trap: a rotation that moves on by one member a day, and skips days on which its member does not work, meets
// some members on their free days only, week after week. Waiting has no such rhythm.
func TestARotationByDayWithAWeekdayFilterStarvesAMember(t *testing.T) {
	working := func(d time.Weekday) bool { return d != time.Saturday && d != time.Sunday }
	crew := []string{"p0", "p1", "p2", "p3", "p4", "p5", "p6"}
	p := policy(rule("r", in("crew", assignment.RoundRobin)))
	p.Shifts = []assignment.Shift{{Name: "week", Group: "crew", Calendar: days(t, working)}}
	f := newFixture(t, p)
	f.staff.Directory = itsmtest.Directory{Groups: []itsm.Group{{ID: "crew", Members: crew}}}
	for _, id := range crew {
		f.staff.People = append(f.staff.People, itsm.Profile{ID: id})
	}
	byDay, turns := map[string]int{}, map[string]int{}
	for day := range 364 {
		now := monday.AddDate(0, 0, day)
		f.clock.Set(now)
		if working(now.Weekday()) {
			byDay[crew[day%len(crew)]]++
		}
		turns[f.report(incident.Report{}).Assignee]++
	}
	assert.Zero(t, byDay["p5"]+byDay["p6"], "the trap")
	for _, id := range crew {
		assert.InDelta(t, 260.0/7, turns[id], 1, id)
	}
	assert.Equal(t, 104, turns[""], "nobody works at weekends")
}

// Who comes back from an absence gets one ticket at once, and then waits like all others: no flood of what was missed.
func TestReturningBringsNoFlood(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)))
	f.reports(3, incident.Report{})
	f.staff.away("ann", monday, monday.AddDate(0, 1, 0))
	assert.NotContains(t, f.reports(50, incident.Report{}), "ann")
	f.clock.Set(monday.AddDate(0, 1, 0))
	who := f.reports(7, incident.Report{})
	assert.Equal(t, "ann", who[0])
	assert.Equal(t, "ann", who[3])
	assert.Equal(t, "ann", who[6])
}

func TestNewMembersBeginBehind(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)))
	f.reports(4, incident.Report{})
	f.staff.Groups[0].Members = []string{"dan", "ann", "ben", "cem"}
	assert.Equal(t, []string{"ben", "cem", "ann", "dan", "ben"}, f.reports(5, incident.Report{}))
	f.staff.Groups[0].Members = []string{"ann", "ben"}
	f.reports(2, incident.Report{})
	f.staff.Groups[0].Members = []string{"ann", "ben", "cem"}
	assert.Equal(t, "cem", f.reports(3, incident.Report{})[2], "who left and came back is new")
}

// Nodes on one store meet at the rotation's version: exact turns, whoever chooses when.
func TestSeveralNodesTakeExactTurns(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)), func(f *fixture) { f.config.Tries = 10_000 })
	const each = 30
	var wait sync.WaitGroup
	for range 4 {
		node := f.node()
		wait.Go(func() {
			for range each {
				_, err := node.Incidents.Report(f.zoe, incident.Report{Title: "VPN down"})
				assert.NoError(t, err)
			}
		})
	}
	wait.Wait()
	for _, person := range []string{"ann", "ben", "cem"} {
		is := itsm.Where("assignee").Is(person)
		n, err := f.Incidents.Count(f.zoe, itsm.Query{Filter: &is})
		require.NoError(t, err)
		assert.EqualValues(t, 4*each/3, n, person)
	}
	r, err := f.Assignment.Rotations.Get(f.root, "network")
	require.NoError(t, err)
	assert.EqualValues(t, 4*each, r.Turns)
	itsmtest.RequireVerified(t, f.root, f.Kernel, r.Ref())
}

// Two who choose by load at the same time do not both choose the same: the second chooses again.
func TestTwoAtOnceByLoad(t *testing.T) {
	f := newFixture(t, policy(rule("r", in("network", assignment.LeastLoad))), func(f *fixture) { f.config.Tries = 10_000 })
	var wait sync.WaitGroup
	for range 6 {
		node := f.node()
		wait.Go(func() {
			for range 10 {
				_, err := node.Incidents.Report(f.zoe, incident.Report{Title: "VPN down"})
				assert.NoError(t, err)
			}
		})
	}
	wait.Wait()
	for _, person := range []string{"ann", "ben", "cem"} {
		is := itsm.Where("assignee").Is(person)
		n, err := f.Incidents.Count(f.zoe, itsm.Query{Filter: &is})
		require.NoError(t, err)
		assert.EqualValues(t, 20, n, person)
	}
}

// Many tickets of one transaction take turns too, though none of them is stored yet.
func TestTurnsWithinOneTransaction(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)), func(f *fixture) {
		f.config.Hooks = []itsm.Hook{{
			Name: "five", Kinds: []string{incident.Kind}, AfterAct: func(u *itsm.Unit, c itsm.Change) error {
				if c.Trigger != incident.TriggerReport || c.After.(*incident.Incident).Channel != "many" {
					return nil
				}
				for range 5 {
					if _, err := u.Create(incident.Kind, incident.TriggerReport, incident.Report{Title: "part"}); err != nil {
						return err
					}
				}
				return nil
			},
		}}
	})
	f.report(incident.Report{Channel: "many"})
	for _, person := range []string{"ann", "ben", "cem"} {
		is := itsm.Where("assignee").Is(person)
		n, err := f.Incidents.Count(f.zoe, itsm.Query{Filter: &is})
		require.NoError(t, err)
		assert.EqualValues(t, 2, n, person)
	}
	assert.Equal(t, []string{"ann", "ben", "cem"}, f.reports(3, incident.Report{}))
}

func TestTenantsHaveTurnsOfTheirOwn(t *testing.T) {
	f := newFixture(t, policy(rule("r", network)))
	other := itsmtest.As(t.Context(), itsmtest.Agent("zoe", itsmtest.InTenant("other")))
	assert.Equal(t, []string{"ann", "ben"}, f.reports(2, incident.Report{}))
	inc, err := f.Incidents.Report(other, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	assert.Equal(t, "ann", inc.Assignee)
}
