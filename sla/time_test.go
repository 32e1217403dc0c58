package sla_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/sla"
)

func TestLeapDay(t *testing.T) {
	rows(t, []row{
		{"the 29th of February is a Tuesday", []scene{then("2028-02-28 16:00")}, "2028-03-01 10:00", []string{"running 10h/4h, due 29 12:00, missed 29 12:00"}},
		{"and in other years it is not there", []scene{then("2026-02-27 16:00")}, "2026-03-02 10:00", []string{"running 2h/4h, due 02 12:00"}},
	}, *agreement(of(sla.TotalResolution)))
}

// The weekend on which clocks change, with a shift at night: an hour that is skipped is not worked, one that is repeated is.
func TestNightsOnWhichClocksChange(t *testing.T) {
	night := *agreement(of(sla.TotalResolution))
	night.Calendar = must(calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Daily("00:00-06:00")}))
	day := *agreement(of(sla.TotalResolution))
	rows(t, []row{
		{"forward", []scene{then("2026-03-29 00:00")}, "2026-03-29 05:00", []string{"running 4h/4h, due 29 05:00, missed 29 05:00"}},
		{"back", []scene{then("2026-10-25 00:00")}, "2026-10-25 03:00", []string{"running 4h/4h, due 25 03:00, missed 25 03:00"}},
		{"held over the change", []scene{then("2026-03-29 00:00"), then("2026-03-29 01:00", holds(itsm.HoldCaller)), then("2026-03-29 04:00", resumes)},
			"2026-03-29 05:00", []string{"running 2h/4h, due 30 01:00"}},
	}, night)
	rows(t, []row{
		{"over the weekend, forward", []scene{then("2026-03-27 16:00")}, "2026-03-30 11:00", []string{"running 3h/4h, due 30 12:00"}},
		{"and back", []scene{then("2026-10-23 16:00")}, "2026-10-26 11:00", []string{"running 3h/4h, due 26 12:00"}},
	}, day)
}

func TestCalendarWithoutWorkingTimeLeft(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Levels = []sla.Level{{Name: "a quarter", Percent: 25}, {Name: "end", Percent: 100}}
	a := *agreement(target)
	a.Calendar = must(calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Daily("09:00-10:00"), Through: "2026-03-03"}))
	rows(t, []row{
		{"it is due at no instant, and never late", []scene{then("02 09:00")}, "2026-12-31 12:00", []string{"running 2h/4h"}},
		{"and a shorter time is due", []scene{then("02 09:00"), then("02 09:30", rated(1))}, "02 12:00", []string{"running 1h/2h, due 03 10:00"}},
		{"longer again, not any more", []scene{then("02 09:00", rated(1)), then("02 09:30", rated(2))}, "30 12:00", []string{"running 2h/4h"}},
	}, a)
	assert.Equal(t, []string{"a quarter 02 10:00"}, toldBy(t, a, tale(then("02 09:00"))), "levels that it comes to are told")
}

func TestHorizon(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Levels = []sla.Level{{Name: "before", Offset: -time.Hour}, {Name: "end"}, {Name: "behind", Offset: time.Hour}}
	for _, year := range []int{1, 1799, 2200, 9999} {
		m := sla.Moment{At: time.Date(year, 6, 1, 12, 0, 0, 0, time.UTC), Phase: 1, Priority: 2}
		all := must(sla.NewTerms(*agreement(target))).Evaluate("incident", []sla.Moment{m}, m.At.Add(24*time.Hour))
		require.Len(t, all, 1)
		assert.Zero(t, all[0].Elapsed, "outside the calendar's horizon there is no working time")
		assert.Zero(t, all[0].Due)
		assert.Empty(t, all[0].Next)
		assert.False(t, all[0].Late())
	}
}

func TestHugeTimes(t *testing.T) {
	const ever = time.Duration(math.MaxInt64)
	target := of(sla.TotalResolution)
	target.Within = map[itsm.Priority]time.Duration{1: ever, 2: 1, 3: 4000 * time.Hour}
	target.Levels = []sla.Level{
		{Name: "a thousandth", Percent: 1}, {Name: "many", Percent: math.MaxInt}, {Name: "before all", Offset: math.MinInt64 + 1}, {Name: "end"}, {Name: "behind all", Offset: ever},
	}
	a := *agreement(target)
	a.Calendar = nil
	terms := must(sla.NewTerms(a))
	at := func(p itsm.Priority, now string) sla.Status {
		return terms.Evaluate("incident", tale(then("02 09:00", rated(p))), when(now))[0]
	}
	c := at(1, "2126-03-02 09:00")
	assert.Equal(t, 100*365*24*time.Hour+24*24*time.Hour, c.Elapsed, "with the leap days of a hundred years")
	assert.Equal(t, 34, c.Percent)
	assert.Zero(t, c.Due, "in 292 years the horizon has ended")
	assert.Equal(t, "before all", c.Next)
	assert.Equal(t, when("02 09:00").UTC(), c.NextAt)

	c = at(2, "2126-03-02 09:00")
	assert.Equal(t, (math.MaxInt/100-1)*100, c.Percent, "so many that an int cannot tell")
	assert.Equal(t, when("02 09:00").Add(1).UTC(), c.Breached)

	c = at(3, "02 10:00")
	assert.Equal(t, when("02 09:00").Add(4000*time.Hour).UTC(), c.Due)

	vpn := itsm.Where("service").Is("vpn")
	a.Where, a.Targets[0].Levels = &vpn, target.Levels[2:]
	c = must(sla.NewTerms(a)).Evaluate("incident", tale(then("02 09:00"), then("03 09:00", serves("vpn"))), when("03 09:00"))[0]
	assert.Equal(t, "before all", c.Next)
	assert.Equal(t, when("03 09:00").UTC(), c.NextAt, "a level that is told at once when the ticket comes under the agreement")

}

// Rounded down, and 100 only when it is used up.
func TestPercentIsNeverEarly(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Within = map[itsm.Priority]time.Duration{2: 4 * time.Hour}
	terms := must(sla.NewTerms(*agreement(target)))
	for _, test := range []struct {
		at      time.Time
		percent int
		late    bool
	}{
		{when("02 09:00"), 0, false}, {when("02 13:00").Add(-1), 99, false}, {when("02 13:00"), 100, true}, {when("02 15:00"), 150, true},
	} {
		s := terms.Evaluate("incident", tale(then("02 09:00")), test.at)[0]
		assert.Equal(t, test.percent, s.Percent)
		assert.Equal(t, test.late, s.Late())
	}
}

// A government that moves its clocks between start and due moves the due instant: it is computed from the rules as they are.
func TestAnotherCalendarGivesAnotherDue(t *testing.T) {
	moments := tale(then("2026-03-27 16:00"))
	for zone, due := range map[string]string{"Europe/Brussels": "2026-03-30 12:00", "Africa/Lagos": "2026-03-30 13:00"} { // Lagos has no summer
		a := *agreement(of(sla.TotalResolution))
		a.Calendar = must(calendar.New(calendar.Spec{Zone: zone, Weekly: calendar.Weekdays("09:00-17:00")}))
		s := must(sla.NewTerms(a)).Evaluate("incident", moments, when("2026-03-30 09:00"))[0]
		assert.Equal(t, when(due).UTC(), s.Due, zone)
	}
	brusselsTerms := must(sla.NewTerms(*agreement(of(sla.TotalResolution)))).Evaluate("incident", moments, moments[0].At)[0].Terms
	lagos := *agreement(of(sla.TotalResolution))
	lagos.Calendar = must(calendar.New(calendar.Spec{Zone: "Africa/Lagos", Weekly: calendar.Weekdays("09:00-17:00")}))
	assert.NotEqual(t, brusselsTerms, must(sla.NewTerms(lagos)).Evaluate("incident", moments, moments[0].At)[0].Terms, "the clock says with which rules it was computed")
}
