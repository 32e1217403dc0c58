package recurring_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/recurring"
	"github.com/itsmkit/itsmkit/store/memory"
)

// The tests here are named after what went wrong at other desks.

// Since the clocks changed, recurring tickets came an hour late:
// https://github.com/southbridgeio/redmine_recurring_tasks/issues/65.
// And the times of schedules were those of the machine: https://github.com/southbridgeio/redmine_recurring_tasks/issues/49.
func TestTicketsKeepTheirHourWhenClocksChange(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule = recurring.Spec{Cron: "0 17 * * *", Zone: "Europe/Paris"}
	d.planned(plan)
	d.passTo("2026-11-01 00:00")
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	for _, inc := range d.made() {
		require.Equal(t, "17:00", inc.CreatedAt.In(paris).Format("15:04"))
	}
}

// A change of clocks skipped or doubled a run: https://github.com/mnemosyne-systems/billetsys/pull/175, which went over to
// UTC. Here the named zone stays. https://github.com/MicrosoftDocs/azure-devops-docs/issues/8675
func TestAChangeOfClocksSkipsOrDoublesNoRun(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule = recurring.Spec{Cron: "30 2 * * *", Zone: "America/New_York"}
	r := d.planned(plan)
	d.passTo("2027-03-02 09:00")
	assert.Equal(t, 365, d.get(r.ID).Runs)
	days := map[string]int{}
	newYork, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for _, inc := range d.made() {
		days[inc.CreatedAt.In(newYork).Format(time.DateOnly)]++
	}
	assert.Len(t, days, 365, "one each day")
}

// One ticket was made three times, because two programs took the time of two zones:
// https://github.com/glpi-project/glpi/issues/2855; and again and again, by a new plan after each:
// https://github.com/glpi-project/glpi/issues/9913, https://github.com/glpi-project/glpi/issues/16602.
func TestOneOccurrenceIsOneTicket(t *testing.T) {
	store, clock := memory.New(), itsmtest.NewClock(at(t, "2026-03-02 09:00"))
	d := newDeskOn(t, store, clock)
	r := d.planned(daily())
	for range 12 { // twelve programs that look every two hours
		newDeskOn(t, store, clock)
	}
	for range 24 {
		d.pass(2 * time.Hour)
	}
	assert.Equal(t, []string{"2026-03-02 10:00 done", "2026-03-03 10:00 done"}, d.runs(r.ID))
	assert.Len(t, d.made(), 2)
}

// A beginning outside the working hours made duplicates, and the next date did not move:
// https://github.com/glpi-project/glpi/issues/6205.
func TestABeginningInClosedTimeMakesNoDuplicates(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule = recurring.Spec{Cron: "@every 24h", Zone: "UTC", From: at(t, "2026-03-07 22:00"), Calendar: "support", Closed: recurring.NextOpening}
	r := d.planned(plan)
	d.passTo("2026-03-12 00:00")
	assert.Equal(t, []string{"2026-03-09 09:00 done", "2026-03-10 09:00 done", "2026-03-11 09:00 done"}, d.runs(r.ID))
}

// Hourly tickets went on after hours: https://github.com/glpi-project/glpi/issues/2194; and on days that were closed:
// https://github.com/glpi-project/glpi/issues/18703.
func TestHourlyTicketsKeepToTheWorkingTime(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule = recurring.Spec{Cron: "@hourly", Zone: "UTC", Calendar: "support"}
	r := d.planned(plan)
	d.pass(7 * day)
	runs := d.runs(r.ID)
	assert.Len(t, runs, 45)
	for _, run := range runs {
		hour := strings.Fields(run)[1]
		assert.True(t, hour >= "09:00" && hour < "18:00", run)
	}
}

// Every month meant thirty days, and dates moved: https://github.com/glpi-project/glpi/issues/11660,
// https://github.com/glpi-project/glpi/issues/21821.
func TestAMonthlyTicketKeepsItsDate(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule.Cron = "0 9 10 * *"
	r := d.planned(plan)
	d.passTo("2027-03-01 00:00")
	for _, run := range d.runs(r.ID) {
		assert.Equal(t, "10", run[8:10], run)
	}
	assert.Equal(t, 12, d.get(r.ID).Runs)
}

// The first Monday of a month could not be said: https://github.com/glpi-project/glpi/issues/23519.
func TestTheFirstMondayCanBeSaid(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule.On = "1st mon"
	r := d.planned(plan)
	d.passTo("2026-06-01 00:00")
	assert.Equal(t, []string{"2026-03-02 10:00 done", "2026-04-06 10:00 done", "2026-05-04 10:00 done"}, d.runs(r.ID))
}

// A period of seven days was counted in working days: https://github.com/glpi-project/glpi/pull/6676.
func TestSevenDaysAreCivilDays(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Schedule = recurring.Spec{Cron: "0 10 * * *", Zone: "UTC", Weeks: 1, Calendar: "support", Closed: recurring.NextOpening}
	plan.Schedule.Cron = "0 10 * * SAT"
	r := d.planned(plan)
	d.passTo("2026-03-24 00:00")
	assert.Equal(t, []string{"2026-03-09 09:00 done", "2026-03-16 09:00 done", "2026-03-23 09:00 done"}, d.runs(r.ID))
}

// Where several were made, the others had the date of the next occurrence: https://github.com/glpi-project/glpi/issues/24495.
func TestARecordCarriesItsOwnOccurrence(t *testing.T) {
	d := newDesk(t)
	plan := daily()
	plan.Missed = recurring.RunAll
	d.planned(plan)
	d.clock.Set(at(t, "2026-03-04 12:00"))
	d.pass(0)
	for i, inc := range d.made() {
		history, err := d.incidents.History(d.ann, inc.ID, 0, 1)
		require.NoError(t, err)
		assert.Equal(t, at(t, "2026-03-02 10:00").AddDate(0, 0, i), recurring.RunsOf(&history[0])[0].Nominal)
	}
}
