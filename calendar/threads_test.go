package calendar_test

import (
	"slices"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What users of other systems reported about calendars, and what went wrong in other libraries, each by its name.

// aMonday is a plain one in November.
var aMonday = at("2026-11-23T00:00:00Z")

func onMonday(clock string) time.Time { return at("2026-11-23T" + clock + ":00Z") }

func daily(t *testing.T, zone string, h calendar.Hours) *calendar.Calendar {
	return calendarOf(t, calendar.Spec{Zone: zone, Weekly: calendar.Daily(h)})
}

func office(t *testing.T, holidays ...calendar.Holiday) *calendar.Calendar {
	return calendarOf(t, calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00"), Holidays: holidays})
}

// due, used and windowsOf keep the cases short.
func due(t *testing.T, c *calendar.Calendar, from string, working time.Duration, want string) {
	t.Helper()
	got := must(c.Add(at(from), working))
	assert.True(t, got.Equal(at(want)), "due %s, not %s", got, want)
}

func used(t *testing.T, c *calendar.Calendar, from, to string, want time.Duration) {
	t.Helper()
	assert.Equal(t, want, must(c.Between(at(from), at(to))), "%s to %s", from, to)
}

// A custom calendar without hours escalated at creation: it is refused.
// https://github.com/glpi-project/glpi/issues/15429
func TestCustomCalendarEscalatedAtCreation(t *testing.T) {
	_, err := calendar.New(calendar.Spec{Zone: "UTC"})
	assert.ErrorIs(t, err, calendar.ErrNeverOpens)
	assert.True(t, must(office(t).Add(onMonday("20:00"), time.Hour)).After(onMonday("20:00").Add(time.Hour)))
}

// Waiting time counted closed hours.
// https://github.com/glpi-project/glpi/pull/14937
func TestWaitingTimeCountedClosedHours(t *testing.T) {
	pause := calendar.Pause{From: onMonday("16:00"), To: onMonday("16:00").Add(18 * time.Hour)} // until 10:00, two hours of them open
	assert.True(t, must(office(t).AddPaused(onMonday("15:00"), 3*time.Hour, pause)).Equal(onMonday("12:00").AddDate(0, 0, 1)))
}

// Waiting overnight moved a target of working days by the whole night.
// https://github.com/glpi-project/glpi/issues/22678, https://github.com/glpi-project/glpi/issues/15357,
// https://github.com/frappe/erpnext/issues/47029
func TestHoldTimeOutsideHoursMovedTheTarget(t *testing.T) {
	night := calendar.Pause{From: onMonday("17:00"), To: onMonday("09:00").AddDate(0, 0, 1)}
	assert.Equal(t, must(office(t).Add(onMonday("15:00"), 16*time.Hour)), must(office(t).AddPaused(onMonday("15:00"), 16*time.Hour, night)))
}

// Durations in days jumped over holidays, or did not. A working day is so many hours, and a holiday has none.
// https://github.com/glpi-project/glpi/pull/10600, https://github.com/glpi-project/glpi/issues/10594
func TestDaysAndHolidaysDisagreed(t *testing.T) {
	c := office(t, calendar.Holiday{Name: "Wednesday off", On: "2026-11-25"})
	const workingDay = 8 * time.Hour
	due(t, c, "2026-11-24T11:00:00Z", 1*workingDay, "2026-11-26T11:00:00Z")
	due(t, c, "2026-11-24T11:00:00Z", 5*workingDay, "2026-12-02T11:00:00Z")
	due(t, c, "2026-11-25T11:00:00Z", 1*workingDay, "2026-11-26T17:00:00Z") // reported on the holiday
}

// The pause pushed the due date past closing.
// https://github.com/glpi-project/glpi/issues/9082
func TestPausePushedTheDueDatePastClosing(t *testing.T) {
	pause := calendar.Pause{From: onMonday("10:00"), To: onMonday("16:00")}
	got := must(office(t).AddPaused(onMonday("09:00"), 4*time.Hour, pause))
	assert.True(t, got.Equal(onMonday("11:00").AddDate(0, 0, 1)), got)
}

// The delay until a ticket was taken into account was wrong for one that came outside hours.
// https://github.com/glpi-project/glpi/issues/12167
func TestTakenIntoAccountOutsideHours(t *testing.T) {
	used(t, office(t), "2026-11-23T00:00:00Z", "2026-11-23T10:00:00Z", time.Hour)
	used(t, office(t), "2026-11-23T18:00:00Z", "2026-11-23T20:00:00Z", 0)
}

// The job that closes tickets looped forever on a calendar with no working day.
// https://github.com/glpi-project/glpi/pull/7474
func TestNoWorkingDayLoopedForever(t *testing.T) {
	_, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00"), Holidays: []calendar.Holiday{{Name: "always", On: "01-01..12-31"}}})
	assert.ErrorIs(t, err, calendar.ErrNeverOpens)
}

// A search queried the holidays of every year to 2038.
// https://github.com/glpi-project/glpi/issues/8129
func TestSearchWalkedTheHolidaysTo2038(t *testing.T) {
	c := calendarOf(t, calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00"), Through: "2026-11-23"})
	_, err := c.Add(aMonday.AddDate(0, 0, 1), time.Nanosecond)
	assert.ErrorIs(t, err, calendar.ErrNoWorkingTime)
}

// An end of 00:00 made an endless loop.
// https://github.com/zammad/zammad/issues/2497
func TestMidnightEndLoopedForever(t *testing.T) {
	due(t, daily(t, "UTC", "18:00-00:00"), "2026-11-23T00:00:00Z", 7*time.Hour, "2026-11-24T19:00:00Z")
	assert.Equal(t, daily(t, "UTC", "18:00-24:00").Contains(aMonday), daily(t, "UTC", "18:00-00:00").Contains(aMonday))
}

// Around the clock, written 00:00-23:59, lost a minute at midnight, since 24:00 could not be entered.
// https://github.com/zammad/zammad/issues/3180
func TestAroundTheClockLostAMinuteAtMidnight(t *testing.T) {
	c := daily(t, "UTC", calendar.AllDay)
	used(t, c, "2026-11-23T00:00:00Z", "2026-11-25T00:00:00Z", 48*time.Hour)
	assert.True(t, c.Contains(aMonday.Add(24*time.Hour-1)))
	assert.Len(t, slices.Collect(c.Windows(aMonday, aMonday.AddDate(0, 1, 0))), 1)
}

// Editing a calendar did not recompute what hung on it: another calendar has another fingerprint.
// https://github.com/zammad/zammad/issues/534
func TestEditedCalendarLeftOldDeadlines(t *testing.T) {
	before, after := office(t), office(t, calendar.Holiday{Name: "new", On: "2026-11-24"})
	assert.NotEqual(t, before.Fingerprint(), after.Fingerprint())
	assert.Equal(t, before.Fingerprint(), office(t).Fingerprint())
}

// Nobody saw why 48 hours became six days.
// https://github.com/zammad/zammad/issues/390
func TestNobodySawWhy48HoursBecameSixDays(t *testing.T) {
	c := office(t, calendar.Holiday{Name: "Wenceslas", On: "2026-11-24..2026-11-25"})
	why := must(c.Explain(aMonday, must(c.Add(aMonday, 16*time.Hour))))
	assert.Contains(t, why.String(), "Tue 2026-11-24 09:00:00  to  Tue 2026-11-24 17:00:00  holiday (Wenceslas)")
	assert.Contains(t, why.String(), "Wed 2026-11-25 09:00:00  to  Wed 2026-11-25 17:00:00  holiday (Wenceslas)")
}

// No more than 99:59 hours could be entered.
// https://github.com/zammad/zammad/issues/418
func TestNoMoreThan99Hours(t *testing.T) {
	assert.Equal(t, 250_000*time.Hour, must(office(t).Between(aMonday, must(office(t).Add(aMonday, 250_000*time.Hour)))))
}

// The server's zone decided, not the calendar's.
// https://github.com/frappe/helpdesk/pull/3776
func TestServersZoneDecided(t *testing.T) {
	tokyo := daily(t, "Asia/Tokyo", "09:00-17:00")
	for _, zone := range []string{"UTC", "America/New_York", "Asia/Tokyo"} {
		assert.True(t, tokyo.Contains(onMonday("00:30").In(location(zone))))
		assert.False(t, tokyo.Contains(onMonday("10:00").In(location(zone))))
	}
}

// A lunch break was wanted.
// https://github.com/frappe/helpdesk/issues/2212
func TestLunchBreakWanted(t *testing.T) {
	due(t, daily(t, "UTC", "09:00-12:00, 13:00-17:00"), "2026-11-23T11:00:00Z", 2*time.Hour, "2026-11-23T14:00:00Z")
}

// Schedules moved by an hour where the clocks changed.
// https://github.com/MicrosoftDocs/azure-devops-docs/issues/8675, https://github.com/southbridgeio/redmine_recurring_tasks/issues/65,
// https://github.com/mnemosyne-systems/billetsys/pull/175
func TestScheduleMovedByAnHourWithTheClocks(t *testing.T) {
	c := daily(t, "Europe/Paris", "09:00-17:00")
	for day := at("2026-01-01T09:00:00+01:00").In(c.Location()); day.Year() == 2026; day = day.AddDate(0, 0, 1) {
		require.True(t, must(c.NextOpen(day.Add(-time.Hour))).Equal(day), day)
	}
}

// Business minutes of a reporting model were wrong over a change of clocks.
// https://github.com/fivetran/dbt_zendesk/issues/25, https://github.com/fivetran/dbt_zendesk/issues/154
func TestBusinessMinutesWrongOverAChangeOfClocks(t *testing.T) {
	used(t, daily(t, "America/New_York", "09:00-17:00"), "2026-03-07T12:00:00-05:00", "2026-03-09T12:00:00-04:00", 16*time.Hour)
	used(t, daily(t, "America/New_York", "09:00-17:00"), "2026-10-31T12:00:00-04:00", "2026-11-02T12:00:00-05:00", 16*time.Hour)
}

// A walk over days through midnight never came past a midnight that does not exist, nor past a date that does not.
// https://github.com/zkrebbekx/sundial
func TestMissingMidnightHung(t *testing.T) {
	due(t, daily(t, "America/Santiago", "09:00-17:00"), "2024-09-07T12:00:00-04:00", 13*time.Hour, "2024-09-08T17:00:00-03:00")
	due(t, daily(t, "America/Havana", "09:00-17:00"), "2025-03-08T12:00:00-05:00", 13*time.Hour, "2025-03-09T17:00:00-04:00")
	due(t, daily(t, "Atlantic/Azores", "09:00-17:00"), "2026-03-28T12:00:00-01:00", 13*time.Hour, "2026-03-29T17:00:00+00:00")
	due(t, daily(t, "Pacific/Apia", "09:00-17:00"), "2011-12-29T12:00:00-10:00", 13*time.Hour, "2011-12-31T17:00:00+14:00")
}

// One pause, longer than three times what was left when it began, gave a due date inside the pause.
// https://github.com/zkrebbekx/sundial
func TestDueDateInsideAPause(t *testing.T) {
	pause := calendar.Pause{From: onMonday("10:00"), To: onMonday("15:00")}
	assert.True(t, must(office(t).AddPaused(onMonday("09:00"), 2*time.Hour, pause)).Equal(onMonday("16:00")))
}

// A due date was given although a pause had not ended.
// https://github.com/zkrebbekx/sundial
func TestOpenPauseWasIgnored(t *testing.T) {
	_, err := office(t).AddPaused(onMonday("09:00"), 2*time.Hour, calendar.Pause{From: onMonday("10:00")})
	assert.ErrorIs(t, err, calendar.ErrPaused)
}

// Edges in a gap or an overlap meant one thing west of Greenwich and another east of it.
// https://github.com/zkrebbekx/sundial, https://github.com/rickar/cal
func TestEastAndWestDisagreed(t *testing.T) {
	for _, skip := range []struct{ zone, gap, again string }{
		{"America/New_York", "2025-03-09T07:00:00Z", "2025-11-02T05:00:00Z"}, // from 2 to 3; the first 1:00 that comes again
		{"Europe/Berlin", "2025-03-30T01:00:00Z", "2025-10-26T00:00:00Z"},
		{"Australia/Sydney", "2025-10-04T16:00:00Z", "2025-04-05T15:00:00Z"},
	} {
		c := daily(t, skip.zone, "02:30-04:00")
		opens := at(skip.gap)
		assert.True(t, must(c.NextOpen(opens.Add(-time.Second))).Equal(opens), skip.zone)
		assert.True(t, must(c.NextClose(opens)).Equal(opens.Add(time.Hour)), skip.zone)
		first := map[string]calendar.Hours{"America/New_York": "01:00-01:30"}[skip.zone]
		if first == "" {
			first = "02:00-02:30"
		}
		again := at(skip.again)
		windows := slices.Collect(daily(t, skip.zone, first).Windows(again.Add(-3*time.Hour), again.Add(3*time.Hour)))
		require.Len(t, windows, 1, skip.zone)
		assert.True(t, windows[0].From.Equal(again) && windows[0].Duration() == 30*time.Minute, "%s %v", skip.zone, windows)
	}
}

// Half an hour that does not exist was counted.
// https://github.com/zkrebbekx/sundial
func TestWindowInsideAGapWasCounted(t *testing.T) {
	used(t, daily(t, "America/New_York", "02:15-02:45"), "2025-03-09T00:00:00-05:00", "2025-03-10T00:00:00-04:00", 0)
}

// Two windows around a gap were counted twice.
// https://github.com/zendesk/biz
func TestWindowsAroundAGapWereCountedTwice(t *testing.T) {
	used(t, daily(t, "America/New_York", "01:30-02:15, 02:45-03:30"), "2025-03-09T00:00:00-05:00", "2025-03-10T00:00:00-04:00", time.Hour)
}

// Hours were added to midnight, so that nine o'clock was ten in spring and eight in autumn.
// https://github.com/rickar/cal/issues/26
func TestNineBecameTenInSpring(t *testing.T) {
	c := daily(t, "America/New_York", "09:00-17:00")
	due(t, c, "2025-03-09T00:00:00-05:00", time.Hour, "2025-03-09T10:00:00-04:00")
	due(t, c, "2025-11-02T00:00:00-04:00", time.Hour, "2025-11-02T10:00:00-05:00")
}

// Days stepped by 24 hours skipped the short Sunday, or visited the long one twice.
// https://github.com/rickar/cal, https://github.com/glpi-project/glpi
func TestStepsOf24HoursSkippedADay(t *testing.T) {
	due(t, daily(t, "America/New_York", "09:00-17:00"), "2025-03-08T23:30:00-05:00", time.Hour, "2025-03-09T10:00:00-04:00")
	paris := daily(t, "Europe/Paris", "09:00-17:00")
	due(t, paris, "2025-03-29T23:30:00+01:00", time.Hour, "2025-03-30T10:00:00+02:00")
	due(t, paris, "2025-10-26T00:30:00+02:00", 9*time.Hour, "2025-10-27T10:00:00+01:00")
}

// A close at 24:00 counted the morning, or nothing at all.
// https://github.com/rickar/cal/issues/119, https://github.com/rickar/cal/issues/120
func TestCloseAt24CountedNothing(t *testing.T) {
	used(t, daily(t, "UTC", "06:00-24:00"), "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 18*time.Hour)
	used(t, daily(t, "UTC", calendar.AllDay), "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 24*time.Hour)
}

// No shift could go over midnight.
// https://github.com/rickar/cal/issues/49
func TestNoShiftOverMidnight(t *testing.T) {
	due(t, daily(t, "UTC", "22:00-06:00"), "2026-11-23T23:00:00Z", 6*time.Hour, "2026-11-24T05:00:00Z")
}

// The closing instant was open.
// https://github.com/rickar/cal, https://github.com/lennym/moment-business-time
func TestClosingInstantWasOpen(t *testing.T) {
	assert.False(t, office(t).Contains(onMonday("17:00")))
	assert.True(t, office(t).Contains(onMonday("17:00").Add(-1)))
}

// Parts of hours were cut off.
// https://github.com/TheCasualDoctor/workhourcalc
func TestFractionsOfHoursWereCutOff(t *testing.T) {
	due(t, office(t), "2026-11-23T16:30:00Z", 90*time.Minute+time.Nanosecond, "2026-11-24T10:00:00.000000001Z")
}

// An hour repeated between two standard times could not be told.
// https://github.com/zendesk/biz/issues/37
func TestOverlapOfTwoStandardTimesFailed(t *testing.T) {
	used(t, daily(t, "Europe/Moscow", "00:00-02:00"), "2014-10-26T00:00:00+04:00", "2014-10-26T12:00:00+03:00", 3*time.Hour)
}

// A gap of half an hour moved edges by a whole one.
// https://github.com/zendesk/biz
func TestHalfHourGapMovedEdgesByAnHour(t *testing.T) {
	used(t, daily(t, "Australia/Lord_Howe", "01:00-03:00"), "2025-10-05T00:00:00+10:30", "2025-10-06T00:00:00+11:00", 90*time.Minute)
}

// Reading a list of periods used it up: the second time it began later.
// https://github.com/zendesk/biz
func TestPeriodsWereUsedUpByReading(t *testing.T) {
	windows := office(t).Windows(aMonday, aMonday.AddDate(0, 0, 5))
	assert.Equal(t, slices.Collect(windows), slices.Collect(windows))
}

// A day of 25 hours was 24, one of 23 was 23.
// https://github.com/Intrepidd/working_hours
func TestLongDayWasShort(t *testing.T) {
	c := daily(t, "Europe/Paris", calendar.AllDay)
	used(t, c, "2025-10-26T00:00:00+02:00", "2025-10-27T00:00:00+01:00", 25*time.Hour)
	used(t, c, "2025-03-30T00:00:00+01:00", "2025-03-31T00:00:00+02:00", 23*time.Hour)
}

// One calendar answered with the configuration of another.
// https://github.com/Intrepidd/working_hours
func TestAnotherCalendarsHoursWereUsed(t *testing.T) {
	office, night := office(t), daily(t, "UTC", "20:00-04:00")
	used(t, office, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 8*time.Hour)
	used(t, night, "2026-11-23T09:00:00Z", "2026-11-23T17:00:00Z", 0)
}

// The end of the day was a second early, and a second was missing for every day.
// https://github.com/bokmann/business_time/issues/132
func TestASecondWasMissingEveryDay(t *testing.T) {
	used(t, daily(t, "Africa/Cairo", calendar.AllDay), "2025-04-25T00:00:00+03:00", "2025-04-27T00:00:00+03:00", 48*time.Hour)
	used(t, daily(t, "Africa/Cairo", calendar.AllDay), "2025-04-24T00:00:00+02:00", "2025-04-26T00:00:00+03:00", 47*time.Hour)
}

// A night shift that was going on counted nothing.
// https://github.com/seppemans/businesstimedelta/issues/5
func TestNightShiftInProgressCountedNothing(t *testing.T) {
	c := daily(t, "UTC", "23:00-07:00")
	used(t, c, "2026-11-23T23:30:00Z", "2026-11-24T01:00:00Z", 90*time.Minute)
	used(t, c, "2026-11-23T02:00:00Z", "2026-11-23T06:00:00Z", 4*time.Hour)
}

// A break that lasted past closing was not subtracted.
// https://github.com/seppemans/businesstimedelta
func TestBreakPastClosingWasNotSubtracted(t *testing.T) {
	c := calendarOf(t, calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("09:00-17:00"), Breaks: []calendar.Break{{On: "2026-11-23", Hours: "16:00-18:00"}}})
	used(t, c, "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z", 7*time.Hour)
}

// Going back over a holiday of another zone never ended.
// https://github.com/seppemans/businesstimedelta/issues/9
func TestGoingBackOverAForeignHolidayNeverEnded(t *testing.T) {
	both := must(calendar.Minus(daily(t, "America/New_York", "09:00-17:00"),
		calendarOf(t, calendar.Spec{Zone: "Asia/Tokyo", Overrides: []calendar.Override{{Name: "holiday", On: "2026-11-23", Hours: calendar.AllDay}}})))
	// Tokyo's Monday lasts from ten in the morning of New York's Sunday to ten of its Monday.
	began := must(both.Sub(at("2026-11-23T12:00:00-05:00"), 4*time.Hour))
	assert.True(t, began.Equal(at("2026-11-21T16:00:00-05:00")), began)
}

// No zone changed its clocks after 2037.
// https://github.com/seppemans/businesstimedelta
func TestNoSummerTimeAfter2037(t *testing.T) {
	due(t, daily(t, "America/New_York", "09:00-17:00"), "2045-07-03T00:00:00-04:00", time.Hour, "2045-07-03T10:00:00-04:00")
}

// A recurring holiday counted in the first and the last year of a span only.
// https://metacpan.org/dist/Business-Hours
func TestRecurringHolidayOfTheYearsBetweenWasForgotten(t *testing.T) {
	c := office(t, calendar.Holiday{Name: "Independence Day", On: "07-04"}) // a Monday, a Tuesday, a Thursday
	used(t, c, "2022-01-01T00:00:00Z", "2025-01-01T00:00:00Z", must(office(t).Between(at("2022-01-01T00:00:00Z"), at("2025-01-01T00:00:00Z")))-24*time.Hour)
}

// A holiday lasted 24 hours from midnight: one of 25 left an hour open, one of 23 took one of the next day.
// https://metacpan.org/dist/Business-Hours
func TestHolidayLasted24Hours(t *testing.T) {
	c := calendarOf(t, calendar.Spec{Zone: "America/New_York", Weekly: calendar.Daily(calendar.AllDay),
		Holidays: []calendar.Holiday{{On: "2025-03-09"}, {On: "2025-11-02"}}})
	used(t, c, "2025-11-02T00:00:00-04:00", "2025-11-03T01:00:00-05:00", time.Hour)
	used(t, c, "2025-03-09T00:00:00-05:00", "2025-03-10T01:00:00-04:00", time.Hour)
}

// The search gave up after 30 days.
// https://metacpan.org/dist/Business-Hours
func TestSearchGaveUpAfter30Days(t *testing.T) {
	due(t, calendarOf(t, calendar.Spec{Zone: "UTC", Overrides: []calendar.Override{{On: "12-01", Hours: "09:00-10:00"}}}),
		"2026-11-23T00:00:00Z", 3*time.Hour, "2028-12-01T10:00:00Z")
}

// In the second pass of a repeated hour, half an hour more led back into the first.
// https://github.com/lennym/moment-business-time/issues/58
func TestSecondPassOfAnHourLedBackToTheFirst(t *testing.T) {
	due(t, daily(t, "America/New_York", calendar.AllDay), "2025-11-02T01:15:00-05:00", 30*time.Minute, "2025-11-02T01:45:00-05:00")
}

// Night shifts written as two windows gave negative time on the night of a change.
// https://github.com/lennym/moment-business-time
func TestNightShiftWasNegative(t *testing.T) {
	c := daily(t, "America/New_York", "00:00-06:00, 22:00-24:00")
	used(t, c, "2025-03-08T22:00:00-05:00", "2025-03-09T06:00:00-04:00", 7*time.Hour)
	used(t, c, "2025-11-01T22:00:00-04:00", "2025-11-02T06:00:00-05:00", 9*time.Hour)
}

// A date that never was counted as a working day.
// https://github.com/bokmann/business_time, https://github.com/seppemans/businesstimedelta
func TestMissingFridayWasCounted(t *testing.T) {
	used(t, calendarOf(t, calendar.Spec{Zone: "Pacific/Apia", Weekly: calendar.Weekdays("09:00-17:00")}),
		"2011-12-29T00:00:00-10:00", "2012-01-03T00:00:00+14:00", 16*time.Hour)
}

// Reversed instants gave a negative, or an absolute, number where nobody had asked for one.
// https://github.com/seatgeek/businesstime, https://github.com/rickar/cal, https://github.com/hughgrigg/php-business-time
func TestReversedInstantsGaveAnything(t *testing.T) {
	used(t, office(t), "2026-11-24T10:00:00Z", "2026-11-23T10:00:00Z", 0)
	assert.Equal(t, -8*time.Hour, must(office(t).SignedBetween(at("2026-11-24T10:00:00Z"), at("2026-11-23T10:00:00Z"))))
	assert.Zero(t, must(office(t).BetweenPaused(at("2026-11-24T10:00:00Z"), at("2026-11-23T10:00:00Z"), calendar.Pause{From: aMonday})))
}

// A budget used up at closing was due the next morning in one direction and at closing in the other.
// https://github.com/zendesk/biz
func TestExactClosingWasTheNextMorning(t *testing.T) {
	due(t, office(t), "2026-11-23T09:00:00Z", 8*time.Hour, "2026-11-23T17:00:00Z")
	assert.True(t, must(office(t).Sub(onMonday("17:00"), 8*time.Hour)).Equal(onMonday("09:00")))
	assert.True(t, must(office(t).NextOpen(onMonday("17:00"))).Equal(onMonday("09:00").AddDate(0, 0, 1)))
}

// The name of a zone that became a link to another was refused.
// https://github.com/RotherOSS/otobo
func TestLinkedZoneWasRefused(t *testing.T) {
	due(t, daily(t, "Europe/Amsterdam", "09:00-17:00"), "2026-11-23T00:00:00+01:00", time.Hour, "2026-11-23T10:00:00+01:00")
	assert.Equal(t, "Europe/Amsterdam", daily(t, "Europe/Amsterdam", "09:00-17:00").Location().String())
}
