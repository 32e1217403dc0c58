package recurring_test

import (
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/recurring"
)

// The tests here are named after what the library of cron expressions (robfig/cron v3.0.1), or those who use one, got
// wrong. Where the library does it still, the test shows that too: it tells when the detour can go.

// library is what the library itself answers in a zone.
func library(t *testing.T, expression, zone, after string) time.Time {
	s, err := cron.ParseStandard("CRON_TZ=" + zone + " " + expression)
	require.NoError(t, err)
	return s.Next(at(t, after))
}

func next(t *testing.T, expression, zone, after string) string {
	s, err := recurring.Parse(expression, zone)
	require.NoError(t, err)
	return some(s, at(t, after), 1)[0]
}

// A job at a time that does not exist lost its day: https://github.com/robfig/cron/pull/541,
// https://github.com/rundeck/rundeck/issues/6879.
func TestAReadingThatDoesNotExistIsNotSkippedForTheDay(t *testing.T) {
	assert.Equal(t, 30, library(t, "30 2 * * *", "Europe/Berlin", "2026-03-28 12:00").Day(), "the library's day is lost")
	assert.Equal(t, "Sun 2026-03-29 03:00 +0200", next(t, "30 2 * * *", "Europe/Berlin", "2026-03-28 12:00"))
	assert.Equal(t, "Sun 2025-03-09 03:00 -0700", next(t, "0 2 * * *", "US/Pacific", "2025-03-09 09:00"))
	assert.Equal(t, "Mon 2026-03-30 02:30 +0200", next(t, "30 2 * * *", "Europe/Berlin", "2026-03-29 03:00 +0200"), "and not twice")
}

// https://github.com/robfig/cron/pull/12, https://github.com/kelektiv/node-cron/issues/563
func TestAReadingThatOccursTwiceRunsOnce(t *testing.T) {
	assert.Equal(t, at(t, "2026-10-25 01:30"), library(t, "30 2 * * *", "Europe/Berlin", "2026-10-25 00:30").UTC(), "the library's comes again")
	assert.Equal(t, "Sun 2026-10-25 02:30 +0200", next(t, "30 2 * * *", "Europe/Berlin", "2026-10-24 12:00"))
	assert.Equal(t, "Mon 2026-10-26 02:30 +0100", next(t, "30 2 * * *", "Europe/Berlin", "2026-10-25 00:30"))
	assert.Equal(t, "Mon 2026-10-26 02:30 +0100", next(t, "30 2 * * *", "Europe/Berlin", "2026-10-25 02:15 +0100"), "asked in the second hour")
	assert.Equal(t, "Sun 2024-11-03 02:00 +0100", next(t, "0 2 * * 0", "Europe/Berlin", "2024-10-27 00:30"), "https://github.com/HangfireIO/Cronos/issues/71")
}

// Of readings by the quarter none comes in the hour that is repeated: each had its first occurrence. What is to go on
// counts real time. https://github.com/Steve-Mcl/node-red-contrib-cron-plus/pull/131
func TestARepeatedHourIsQuietAndAnIntervalGoesOn(t *testing.T) {
	assert.Equal(t, "Sun 2026-10-25 03:00 +0100", next(t, "*/15 * * * *", "Europe/Berlin", "2026-10-25 02:45 +0200"))
	assert.Equal(t, "Sun 2026-10-25 02:00 +0100", next(t, "@every 15m", "Europe/Berlin", "2026-10-25 02:45 +0200"))
}

// A daily job at midnight lost its day where the clock skips midnight: https://github.com/nats-io/nats-server/issues/8543,
// https://github.com/netresearch/go-cron/issues/147.
func TestAMidnightThatDoesNotExist(t *testing.T) {
	assert.Equal(t, "Fri 2026-04-24 01:00 +0300", next(t, "0 0 * * *", "Africa/Cairo", "2026-04-23 12:00"))
	assert.Equal(t, "Sun 2018-11-04 01:00 -0200", next(t, "0 1 4 11 *", "America/Sao_Paulo", "2018-11-03 23:00 -0300"))
	assert.Equal(t, "Sun 2018-11-04 01:00 -0200", next(t, "0 0 * * SUN", "America/Sao_Paulo", "2018-11-03 12:00"), "of the weekday that it begins")
	assert.Equal(t, []string{"Thu 2026-04-23 00:00 +0200", "Fri 2026-04-24 01:00 +0300", "Sat 2026-04-25 00:00 +0300"},
		some(made(t, recurring.Spec{Cron: "@daily", Zone: "Africa/Cairo"}), at(t, "2026-04-22 12:00"), 3))
}

// https://github.com/kelektiv/node-cron/pull/118
func TestAMidnightThatDoesNotExistIsNoEndlessLoop(t *testing.T) {
	assert.Equal(t, "Sun 2014-10-26 12:00 -0200", next(t, "0 12 11,26 * *", "America/Sao_Paulo", "2014-10-13 12:00"))
}

// Lord Howe Island moves its clock by half an hour, so that an hour is skipped in part.
func TestShiftsByHalfAnHour(t *testing.T) {
	assert.Equal(t, "Sun 2026-10-04 02:30 +1100", next(t, "15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00"), "from 02:00 to 02:30")
	assert.Equal(t, "Sun 2026-10-04 02:30 +1100", next(t, "30 2 * * *", "Australia/Lord_Howe", "2026-10-03 15:00"))
	assert.Equal(t, "Sun 2026-04-05 01:45 +1100", next(t, "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00"), "from 02:00 back to 01:30")
	assert.Equal(t, "Mon 2026-04-06 01:45 +1030", next(t, "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 15:00"))
}

// Zones that are not whole hours from UTC, where hours do not begin with those of UTC.
func TestZonesOfHalfAndQuarterHours(t *testing.T) {
	assert.Equal(t, "Tue 2026-03-03 09:00 +0545", next(t, "0 9 * * *", "Asia/Kathmandu", "2026-03-02 12:00"))
	assert.Equal(t, "Mon 2026-03-02 18:00 +0530", next(t, "@hourly", "Asia/Kolkata", "2026-03-02 12:00"))
	s := made(t, recurring.Spec{Cron: "0 9 * * *", Zone: "Europe/Amsterdam"})
	assert.Equal(t, []string{"Tue 1935-03-05 09:00 +0019"}, some(s, at(t, "1935-03-04 12:00"), 1))
	first, err := s.Next(at(t, "1935-03-04 12:00"))
	require.NoError(t, err)
	assert.Zero(t, first.Second(), "by the clock of the time, which was 19 minutes and some seconds ahead")
}

// A date that the zone skipped whole: what was due on it came when it was over.
func TestADateThatDoesNotExist(t *testing.T) {
	s := made(t, recurring.Spec{Cron: "0 9 * * *", Zone: "Pacific/Apia"})
	assert.Equal(t, []string{"Thu 2011-12-29 09:00 -1000", "Sat 2011-12-31 00:00 +1400", "Sat 2011-12-31 09:00 +1400"}, some(s, at(t, "2011-12-29 12:00"), 3))
}

// An impossible date gave the zero time, which an index of due times takes for due at once, for ever; and others searched
// without an end: https://github.com/Steve-Mcl/node-red-contrib-cron-plus/pull/130.
func TestAnImpossibleDateIsRefused(t *testing.T) {
	assert.True(t, library(t, "0 0 30 2 *", "UTC", "2026-01-01 00:00").IsZero())
	for _, text := range []string{"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "0 0 31 FEB ?"} {
		_, err := recurring.Parse(text, "UTC")
		require.ErrorIs(t, err, itsm.ErrInvalid, text)
		require.ErrorContains(t, err, "never comes")
	}
}

// The library gives up after five years, and a leap day may be eight away: https://github.com/cert-manager/cert-manager/issues/9148.
func TestALeapDayIsFoundBeyondFiveYears(t *testing.T) {
	assert.True(t, library(t, "0 9 29 2 *", "UTC", "2096-03-01 00:00").IsZero(), "the library's is lost")
	assert.Equal(t, "Fri 2104-02-29 09:00 +0000", next(t, "0 9 29 2 *", "UTC", "2096-03-01 00:00"))
	assert.Equal(t, "Tue 2028-02-29 09:00 +0000", next(t, "0 9 29 2 *", "UTC", "2026-03-01 00:00"))
	sunday := made(t, recurring.Spec{Cron: "0 9 29 2 *", Zone: "UTC", On: "5th sun"})
	assert.Equal(t, []string{"Sun 2032-02-29 09:00 +0000", "Sun 2060-02-29 09:00 +0000", "Sun 2088-02-29 09:00 +0000", "Sun 2128-02-29 09:00 +0000"},
		some(sunday, at(t, "2026-03-01 00:00"), 4), "also one that comes after forty years")
}

// https://github.com/robfig/cron/issues/470, https://github.com/robfig/cron/pull/566
func TestAZonePrefixWithoutFieldsIsNoPanic(t *testing.T) {
	assert.Panics(t, func() { _, _ = cron.ParseStandard("TZ=UTC") }, "the library's panic")
	for _, text := range []string{"TZ=UTC", "CRON_TZ=UTC", "TZ=", "TZ=TZ=TZ=", "TZ=0", " TZ=UTC", "TZ=UTC 0 9 * * *", "CRON_TZ=Europe/Rome 0 2 * * *"} {
		_, err := recurring.Parse(text, "UTC")
		require.ErrorIs(t, err, itsm.ErrInvalid, text)
		require.ErrorContains(t, err, "name it as the zone of the schedule")
	}
}

// The library makes a second of them without a word.
func TestABadIntervalIsNoSecond(t *testing.T) {
	s, err := cron.ParseStandard("@every -5m")
	require.NoError(t, err)
	assert.Equal(t, cron.Every(time.Second), s)
	for _, text := range []string{"@every -5m", "@every 0s", "@every 500ms", "@every 1500ms", "@every 1ns", "@every", "@every 5", "@every 1h 30m", "@every 90000000h"} {
		_, err := recurring.Parse(text, "UTC")
		require.ErrorIs(t, err, itsm.ErrInvalid, text)
	}
}

// The library counts from whenever it is asked, so that late answers move all that follows.
func TestAnIntervalDoesNotDrift(t *testing.T) {
	s := made(t, recurring.Spec{Cron: "@every 1h", Zone: "UTC", From: at(t, "2026-03-02 09:00")})
	for _, asked := range []string{"2026-03-02 10:00:00", "2026-03-02 10:00:07", "2026-03-02 10:59:59"} {
		assert.Equal(t, "Mon 2026-03-02 11:00 +0000", some(s, at(t, asked), 1)[0])
	}
}

// A list of nothing matches nothing, and the library walks through five years of hours to find out.
func TestAListOfNothingIsRefused(t *testing.T) {
	for _, text := range []string{", * * * *", "0 9 , * *", "0, 9 * * *", ",0 9 * * *", "0 9 1,,2 * *"} {
		_, err := recurring.Parse(text, "UTC")
		require.ErrorIs(t, err, itsm.ErrInvalid, text)
	}
}

// The library reads "*-5" as "*" and "+5" as 5.
func TestWhatTheLibraryReadsAsSomethingElse(t *testing.T) {
	for _, text := range []string{"*-5 * * * *", "?-5 * * * *", "+5 * * * *", "0 9-+11 * * *", "*/+5 * * * *", "0 9 1- * *", "0 -9 * * *", "1.5 * * * *"} {
		_, err := recurring.Parse(text, "UTC")
		require.ErrorIs(t, err, itsm.ErrInvalid, text)
	}
}

// "*/90" is minute 0 of each hour, and was meant as 90 minutes: https://github.com/stablyai/orca/pull/20202.
func TestAStepLongerThanItsFieldIsRefused(t *testing.T) {
	for _, text := range []string{"*/90 * * * *", "0 */48 * * *", "0 0 */40 * *"} {
		_, err := recurring.Parse(text, "UTC")
		require.ErrorContains(t, err, "@every", text)
	}
	assert.Equal(t, "Tue 2026-03-03 00:00 +0000", next(t, "0 */24 * * *", "UTC", "2026-03-02 12:00"))
}

// https://github.com/robfig/cron/pull/522, https://github.com/robfig/cron/issues/371
func TestDaySevenIsRefusedAndSundayIsZero(t *testing.T) {
	_, err := recurring.Parse("0 9 * * 7", "UTC")
	require.ErrorContains(t, err, "above maximum (6)")
	assert.Equal(t, "Sun 2026-03-08 09:00 +0000", next(t, "0 9 * * 0", "UTC", "2026-03-02 12:00"))
}

// Either of two restricted day fields counts, as crontab(5) has it. A step, also of *, is a restriction:
// https://github.com/robfig/cron/issues/70, https://github.com/vixie/cron/issues/6. The first Monday is said by On.
func TestDayOfMonthAndDayOfWeekAreEitherOr(t *testing.T) {
	days := func(spec recurring.Spec) (list []int) {
		spec.Zone = "UTC"
		for d := range made(t, spec).Between(at(t, "2026-03-01 00:00"), at(t, "2026-03-17 00:00")) {
			list = append(list, d.Day())
		}
		return list
	}
	assert.Equal(t, []int{1, 2, 3, 4, 5, 6, 7, 9, 16}, days(recurring.Spec{Cron: "0 9 1-7 * MON"}), "the first week, and all Mondays")
	assert.Equal(t, []int{2, 9, 16}, days(recurring.Spec{Cron: "0 9 * * MON"}))
	assert.Equal(t, []int{1, 2, 9, 11, 16}, days(recurring.Spec{Cron: "0 9 */10 * MON"}), "the 1st and the 11th, and all Mondays")
	assert.Equal(t, []int{2}, days(recurring.Spec{Cron: "0 9 * * *", On: "1st mon"}))
}

// The library's searches add an hour at a time, and those of package time end a leap year after 2037 a day early.
func TestTheEndOfALeapYearFarAhead(t *testing.T) {
	s := made(t, recurring.Spec{Cron: "0 3 * * *", Zone: "Europe/Brussels"})
	assert.Equal(t, []string{"Mon 2040-12-31 03:00 +0100", "Tue 2041-01-01 03:00 +0100", "Wed 2041-01-02 03:00 +0100"}, some(s, at(t, "2040-12-30 12:00"), 3))
	assert.Equal(t, []string{"Sun 2040-03-25 03:00 +0200", "Mon 2040-03-26 02:30 +0200"},
		some(made(t, recurring.Spec{Cron: "30 2 * * *", Zone: "Europe/Brussels"}), at(t, "2040-03-24 12:00"), 2))
}
