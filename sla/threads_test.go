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

// What went wrong elsewhere, by the threads in which users told of it. Each test is named after what must not happen here.

// thread is a row of what must not happen again, and where it did.
type thread struct {
	row
	link string
}

func threads(t *testing.T, list []thread, agreements ...sla.Agreement) {
	t.Helper()
	for _, r := range list {
		require.NotEmpty(t, r.link)
		rows(t, []row{r.row}, agreements...)
	}
}

func TestThreadsOfPauses(t *testing.T) {
	threads(t, []thread{
		{row{"waiting time counted in the total", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("03 10:00", resumes), then("03 11:00", holds(itsm.HoldCaller)), then("04 10:00", resumes), then("04 11:00", resolves)},
			"04 16:00", []string{"completed 3h/4h"}}, "https://github.com/glpi-project/glpi/issues/1912"},
		{row{"shown as violated while it waits", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller))},
			"06 16:00", []string{"paused 1h/4h"}}, "https://github.com/glpi-project/glpi/issues/24481"},
		{row{"the due date is pushed past closing time", []scene{then("02 14:00"), then("02 15:00", holds(itsm.HoldCaller)), then("02 16:30", resumes)},
			"02 16:30", []string{"running 1h/4h, due 03 11:30"}}, "https://github.com/glpi-project/glpi/issues/9082"},
		{row{"delays are wrong outside working hours", []scene{then("01 22:00"), then("02 07:00", holds(itsm.HoldCaller)), then("02 08:00", resumes)},
			"02 10:00", []string{"running 1h/4h, due 02 13:00"}}, "https://github.com/glpi-project/glpi/issues/12167"},
		{row{"a hold counts closed hours", []scene{then("02 16:00"), then("02 16:30", holds(itsm.HoldCaller)), then("03 09:30", resumes)},
			"03 10:00", []string{"running 1h/4h, due 03 13:00"}}, "https://github.com/glpi-project/glpi/pull/14937"},
		{row{"a hold over the night is deducted twice", []scene{then("02 15:00"), then("02 16:00", holds(itsm.HoldCaller)), then("03 10:00", resumes)},
			"03 11:00", []string{"running 2h/4h, due 03 13:00"}}, "https://github.com/frappe/helpdesk/pull/3776"},
		{row{"a resolution out of a hold counts the hold", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 16:00", resolves)},
			"02 17:00", []string{"completed 1h/4h"}}, "https://github.com/frappe/helpdesk/pull/3776"},
		{row{"no state suspends the escalation", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 16:00", resumes)},
			"02 17:00", []string{"running 2h/4h, due 03 11:00"}}, "https://github.com/RotherOSS/otobo/pull/370"},
		{row{"due inside the pause where that is longer than all that is left", []scene{then("02 09:00", rated(1)), then("02 10:00", holds(itsm.HoldCaller)), then("02 15:00", resumes)},
			"02 15:30", []string{"running 1h30m/2h, due 02 16:00"}}, "https://github.com/zkrebbekx/sundial"},
	}, *agreement(of(sla.TotalResolution)))
}

// https://github.com/znuny/Znuny/issues/855: some of the states that are configured to wait are ignored.
func TestConfiguredPausesIgnored(t *testing.T) {
	reasons := []itsm.HoldReason{itsm.HoldCaller, itsm.HoldVendor, itsm.HoldChange, itsm.HoldProblem, itsm.HoldOther}
	for _, configured := range reasons {
		target := of(sla.TotalResolution)
		target.Pause = sla.Condition{Holds: []itsm.HoldReason{configured}}
		terms := must(sla.NewTerms(*agreement(target)))
		for _, reason := range reasons {
			want := sla.Running
			if reason == configured {
				want = sla.Paused
			}
			got := terms.Evaluate("incident", tale(then("02 09:00"), then("02 10:00", holds(reason))), when("02 11:00"))[0]
			assert.Equal(t, want, got.State, "%s where %s waits", reason, configured)
		}
	}
}

// https://github.com/glpi-project/glpi/issues/14148: from waiting to new a ticket is late at once. So every pair of phases.
func TestChangeOfPhaseExpiresTheTicket(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Pause = sla.Condition{Phases: []lifecycle.Phase{lifecycle.Waiting}}
	terms := must(sla.NewTerms(*agreement(target)))
	runs := func(p lifecycle.Phase) bool { return p == lifecycle.New || p == lifecycle.Active }
	for from := lifecycle.New; from <= lifecycle.Cancelled; from++ {
		for to := lifecycle.New; to <= lifecycle.Cancelled; to++ {
			want := time.Hour
			if runs(from) {
				want += 30 * time.Minute
			}
			if runs(to) && from != lifecycle.Cancelled {
				want += 2 * time.Hour
			}
			c := terms.Evaluate("incident", tale(then("02 09:00"), then("02 10:00", enters(from)), then("02 10:30", enters(to))), when("02 12:30"))[0]
			assert.Equal(t, want, c.Elapsed, "%v to %v", from, to)
			assert.False(t, c.Late(), "%v to %v", from, to)
			if c.State == sla.Running {
				assert.Equal(t, when("02 12:30").Add(4*time.Hour-want).UTC(), c.Due, "%v to %v", from, to)
			} else {
				assert.Zero(t, c.Due, "%v to %v", from, to)
			}
		}
	}
}

func TestThreadsOfReopenings(t *testing.T) {
	threads(t, []thread{
		{row{"the time it was solved is lost or counted by chance", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 14:00", reopens)},
			"02 15:00", []string{"running 2h/4h, due 02 17:00"}}, "https://github.com/glpi-project/glpi/issues/23359"},
		{row{"resolved and reopened keeps its five minutes", []scene{then("02 09:00"), then("02 12:55", resolves), then("02 16:00", reopens)},
			"02 16:01", []string{"running 3h56m/4h, due 02 16:05"}}, "https://github.com/glpi-project/glpi/pull/9267"},
		{row{"closed and reopened loses them", []scene{then("02 09:00"), then("02 12:55", resolves), then("02 13:00", closes), then("02 16:00", reopens)},
			"02 16:01", []string{"running 3h56m/4h, due 02 16:05"}}, "https://github.com/glpi-project/glpi/pull/9267"},
		{row{"a hold before the resolution is forgotten by the reopening", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 11:00", resumes), then("02 12:00", resolves), then("02 13:00", reopens)},
			"02 14:00", []string{"running 3h/4h, due 02 15:00"}}, "https://github.com/glpi-project/glpi/issues/5213"},
		{row{"from resolved to closed counts twice", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 14:00", closes)},
			"02 16:00", []string{"completed 1h/4h"}}, "https://github.com/OCA/helpdesk/pull/837"},
		{row{"what happens to a closed ticket gives it a deadline again", []scene{then("02 09:00"), then("02 10:00", closes), then("02 11:00", rated(1)), then("02 12:00", moved("net"), asks)},
			"05 16:00", []string{"completed 1h/4h"}}, "https://github.com/OCA/helpdesk/pull/157"},
		{row{"a merged ticket escalates", []scene{then("02 09:00"), then("02 10:00", cancels, happens("incident.merged"))},
			"05 16:00", []string{"cancelled 1h/4h, ticket_cancelled"}}, "https://github.com/zammad/zammad/issues/904"},
	}, *agreement(of(sla.TotalResolution)))
}

// https://github.com/zammad/zammad/issues/2579: what was used until the close is never filled in.
func TestStatisticsOfClosedTicketsAreEmpty(t *testing.T) {
	s := must(sla.NewTerms(*agreement(of(sla.TotalResolution)))).Evaluate("incident", tale(then("02 09:00"), then("02 11:00", closes)), when("20 09:00"))[0]
	assert.Equal(t, 2*time.Hour, s.Elapsed)
	assert.Equal(t, 2*time.Hour, s.Remaining)
	assert.Equal(t, 50, s.Percent)
	assert.Equal(t, when("02 11:00").UTC(), s.Ended)
}

// https://github.com/glpi-project/glpi/pull/15948: the percentage ignores waiting. Here it is that of the time used, and the
// level of a percentage comes when it is reached.
func TestPercentageIgnoresWaiting(t *testing.T) {
	terms := must(sla.NewTerms(*agreement(warned())))
	moments := tale(then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 16:00", resumes))
	s := terms.Evaluate("incident", moments, when("02 17:00"))[0]
	assert.Equal(t, 50, s.Percent)
	assert.Equal(t, 2*time.Hour, s.Remaining)
	assert.Equal(t, "half", s.Next)
	assert.Equal(t, when("02 17:00").UTC(), s.NextAt)
	assert.Equal(t, when("03 11:00").UTC(), s.Due)
}

func TestThreadsOfPromises(t *testing.T) {
	const gold, silver = "gold resolution of it ", "silver resolution of it "
	threads(t, []thread{
		{row{"the pause is lost where the urgency changes the agreement meanwhile", []scene{then("02 09:00", serves("vpn")), then("02 10:00", holds(itsm.HoldCaller)), then("02 12:00", serves("mail"), rated(3)), then("02 14:00", resumes)},
			"02 15:00", []string{gold + "cancelled 1h/4h, not_promised", "gold answer of it cancelled 1h/4h, not_promised", silver + "running 2h/8h, due 03 13:00"}}, "https://github.com/glpi-project/glpi/issues/6902"},
		{row{"and where it changed before", []scene{then("02 09:00", serves("vpn")), then("02 10:00", serves("mail")), then("02 11:00", holds(itsm.HoldCaller)), then("02 14:00", resumes)},
			"02 15:00", []string{gold + "cancelled 1h/4h, not_promised", "gold answer of it cancelled 1h/4h, not_promised", silver + "running 3h/8h, due 03 12:00"}}, "https://github.com/glpi-project/glpi/issues/15605"},
		{row{"a target of the old agreement stays", []scene{then("02 09:00", serves("vpn")), then("02 10:00", serves("mail"), moved("net"))},
			"02 16:00", []string{gold + "cancelled 1h/4h, not_promised", "gold answer of it cancelled 1h/4h, not_promised", silver + "running 7h/8h, due 02 17:00"}}, "https://github.com/zammad/zammad/issues/5624"},
		{row{"without an agreement the escalation stays", []scene{then("02 09:00", serves("vpn")), then("02 10:00", serves(""))},
			"02 16:00", []string{gold + "cancelled 1h/4h, not_promised", "gold answer of it cancelled 1h/4h, not_promised"}}, "https://github.com/zammad/zammad/issues/4353"},
	}, goldForVPN(), silverForMail())

	group := of(sla.Custom)
	group.Start, group.Stop = sla.Condition{Groups: []string{"second"}}, sla.Condition{OtherGroups: []string{"second"}}
	threads(t, []thread{
		{row{"the second group has no time left when it gets the ticket", []scene{then("02 09:00", moved("first")), then("02 16:00", moved("second"))},
			"02 17:00", []string{"running 1h/4h, due 03 12:00"}}, "https://github.com/glpi-project/glpi/issues/1911"},
	}, *agreement(group))

	threads(t, []thread{
		{row{"a due date set by hand moves with a pause", []scene{then("02 09:00", dueAt("03 12:00")), then("02 10:00", holds(itsm.HoldCaller)), then("03 10:00", resumes)},
			"03 11:00", []string{"running 10h/11h, due 03 12:00"}}, "https://github.com/glpi-project/glpi/issues/17186"},
	}, *agreement(byDate()))
}

func TestThreadsOfAnswers(t *testing.T) {
	threads(t, []thread{
		{row{"answered and set to waiting in one step it is cancelled, not met", []scene{then("02 09:00"), then("02 10:00", answers, holds(itsm.HoldCaller))},
			"02 16:00", []string{"completed 1h/4h"}}, "https://github.com/zammad/zammad/issues/3551"},
	}, *agreement(of(sla.FirstResponse)))

	threads(t, []thread{
		{row{"right only after the second answer", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 12:00", answers)},
			"02 16:00", []string{"completed 1h/4h"}}, "https://github.com/zammad/zammad/issues/2082"},
		{row{"and wrong again after the third question", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 12:00", answers), then("02 13:00", answers), then("02 14:00", asks)},
			"02 15:00", []string{"completed 1h/4h", "running 1h/4h, due 03 10:00"}}, "https://github.com/zammad/zammad/issues/2082"},
		{row{"it escalates though the desk has answered", []scene{then("02 09:00"), then("02 10:00", answers)},
			"05 16:00", []string{}}, "https://github.com/zammad/zammad/issues/3140"},
		{row{"a reply that is a note starts no clock", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks, happens("incident.commented"))},
			"02 12:00", []string{"running 1h/4h, due 02 15:00"}}, "https://github.com/zammad/zammad/issues/1322"},
	}, *agreement(of(sla.NextResponse)))

	first, update := of(sla.FirstResponse), of(sla.PeriodicUpdate)
	first.Name, update.Name, update.Within = "first of it", "update of it", map[itsm.Priority]time.Duration{sla.AnyPriority: time.Hour}
	threads(t, []thread{
		{row{"a shorter update overrides the first response", []scene{then("02 09:00")},
			"02 09:30", []string{"gold first of it running 30m/4h, due 02 13:00", "gold update of it running 30m/1h, due 02 10:00"}}, "https://github.com/zammad/zammad/issues/5177"},
	}, *agreement(first, update))
}

// https://github.com/glpi-project/glpi/issues/4170 and 5319: levels of one of two targets are never told, or only the first.
func TestLevelsOfOneTargetOnly(t *testing.T) {
	taken, solved := of(sla.TakeOwnership), of(sla.TotalResolution)
	taken.Name, solved.Name = "taken of it", "solved of it"
	taken.Levels, solved.Levels = warned().Levels, warned().Levels
	for _, c := range must(sla.NewTerms(*agreement(taken, solved))).Evaluate("incident", tale(then("02 09:00")), when("02 09:00")) {
		assert.Equal(t, "half", c.Next, c.Target)
		assert.Equal(t, when("02 11:00").UTC(), c.NextAt, c.Target)
	}
	assert.Len(t, toldBy(t, *agreement(taken), tale(then("02 09:00"))), 5)
	assert.Len(t, toldBy(t, *agreement(solved), tale(then("02 09:00"))), 5)
}

// https://github.com/zammad/zammad/issues/534: an edit of the calendar does not move what is due.
func TestCalendarEditMovesNothing(t *testing.T) {
	a := *agreement(of(sla.TotalResolution))
	due := func() time.Time {
		return must(sla.NewTerms(a)).Evaluate("incident", tale(then("02 15:00")), when("02 16:00"))[0].Due
	}
	assert.Equal(t, when("03 11:00").UTC(), due())
	spec := brussels.Spec()
	spec.Holidays = []calendar.Holiday{{Name: "Founders' day", On: "03-03"}}
	a.Calendar = must(calendar.New(spec))
	assert.Equal(t, when("04 11:00").UTC(), due())
}

// https://github.com/zammad/zammad/issues/418: no time longer than 99 hours and 59 minutes can be promised.
func TestNoMoreThan99Hours(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Within = map[itsm.Priority]time.Duration{2: 100*time.Hour + time.Nanosecond}
	s := must(sla.NewTerms(*agreement(target))).Evaluate("incident", tale(then("02 09:00")), when("02 10:00"))[0]
	assert.Equal(t, when("18 13:00").Add(1).UTC(), s.Due)
}

// https://github.com/fivetran/dbt_zendesk/issues/25: hours are wrong in weeks in which clocks change.
func TestWeeksInWhichClocksChange(t *testing.T) {
	for _, test := range []struct{ from, to string }{{"2026-03-23 00:00", "2026-03-30 00:00"}, {"2026-10-19 00:00", "2026-10-26 00:00"}} {
		target := of(sla.TotalResolution)
		target.Within = map[itsm.Priority]time.Duration{2: 100 * time.Hour}
		s := must(sla.NewTerms(*agreement(target))).Evaluate("incident", tale(then(test.from)), when(test.to))[0]
		assert.Equal(t, 40*time.Hour, s.Elapsed)
	}
}
