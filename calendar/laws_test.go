package calendar_test

import (
	"archive/zip"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestLaws holds for any instants and amounts, also far apart.
func TestLaws(t *testing.T) {
	desk := must(calendar.New(calendar.Spec{
		Zone: "Europe/Lisbon", Weekly: calendar.Weekdays("08:30:15-12:00, 13:00-17:45"),
		Seasons:  []calendar.Season{{Name: "new hours", From: "2031-07-01", Weekly: calendar.Daily("22:00-06:00")}},
		Holidays: []calendar.Holiday{{Name: "Good Friday", On: "easter-2"}, {Name: "Christmas Eve", On: "12-24", Closed: "12:00-24:00"}},
	}))
	both := must(calendar.Union(desk, must(calendar.New(calendar.Spec{Zone: "Asia/Manila", Weekly: calendar.Daily("06:00-15:00")}))))
	check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]*calendar.Calendar{desk, both, calendar.Always()}).Draw(t, "calendar")
		instant := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Unix(rapid.Int64Range(-2208988800, 4102444800).Draw(t, "s"), rapid.Int64Range(0, 999999999).Draw(t, "ns"))
		})
		amount := rapid.Int64Range(0, int64(20*365*24*time.Hour))
		a, b := instant.Draw(t, "a"), instant.Draw(t, "b")
		if b.Before(a) {
			a, b = b, a
		}
		d, e := time.Duration(amount.Draw(t, "d")), time.Duration(amount.Draw(t, "e"))
		if d > e {
			d, e = e, d
		}

		// What Add spends, Between finds; what Between finds, Add spends.
		due := must(c.Add(a, d))
		require.Equal(t, d, must(c.Between(a, due)))
		used := must(c.Between(a, b))
		again := must(c.Add(a, used))
		require.False(t, again.After(b))
		if b.After(a) && c.Contains(b.Add(-1)) {
			require.True(t, again.Equal(b))
		}
		// Sub mirrors Add.
		began := must(c.Sub(b, used))
		require.False(t, began.Before(a))
		require.Equal(t, used, must(c.Between(began, b)))
		require.False(t, must(c.Sub(due, d)).Before(a))
		require.True(t, must(c.Add(a, -d)).Equal(must(c.Sub(a, d))))
		require.True(t, must(c.Sub(a, -d)).Equal(must(c.Add(a, d))))
		// More time is due later, a later start too; nothing is due at once.
		require.False(t, must(c.Add(a, e)).Before(due))
		require.False(t, must(c.Add(b, d)).Before(due))
		require.True(t, must(c.Add(a, 0)).Equal(a))
		// Time adds up, and has a sign only when asked for.
		middle := a.Add(b.Sub(a) / 2)
		require.Equal(t, used, must(c.Between(a, middle))+must(c.Between(middle, b)))
		require.Equal(t, used, must(c.SignedBetween(a, b)))
		require.Equal(t, -used, must(c.SignedBetween(b, a)))
		require.Zero(t, must(c.Between(b, a)))
		// The doors agree with Contains and with each other.
		opens, closed := must(c.NextOpen(a)), must(c.PrevClose(b))
		require.True(t, c.Contains(opens) && !opens.Before(a))
		require.Zero(t, must(c.Between(a, opens)))
		require.Equal(t, c.Contains(a), opens.Equal(a))
		require.True(t, c.Contains(closed.Add(-1)) && !closed.After(b))
		require.Zero(t, must(c.Between(closed, b)))
	})
}

// Around every midnight that a zone's clock skipped, and every date that it skipped, time goes on at its own pace and
// every question ends.
func TestMidnightGapsOfAllZones(t *testing.T) {
	var gaps int
	for _, name := range zoneNames(t) {
		loc, err := time.LoadLocation(name)
		if err != nil {
			continue // the machine's own data does not know the newest names
		}
		var daily, desk *calendar.Calendar
		for _, gap := range midnightGaps(loc) {
			gaps++
			if daily == nil {
				daily = calendarOf(t, calendar.Spec{Zone: name, Weekly: calendar.Daily(calendar.AllDay)})
				desk = calendarOf(t, calendar.Spec{Zone: name, Weekly: calendar.Daily("00:00-01:00, 09:00-17:00")})
			}
			from, to := gap.Add(-60*time.Hour), gap.Add(60*time.Hour)
			require.Equal(t, 120*time.Hour, must(daily.Between(from, to)), "%s %s", name, gap)
			require.True(t, must(daily.Add(from, 120*time.Hour)).Equal(to), "%s %s", name, gap)
			require.True(t, must(daily.Sub(to, 120*time.Hour)).Equal(from), "%s %s", name, gap)
			used := must(desk.Between(from, to))
			require.Equal(t, used, must(desk.Between(from, must(desk.Add(from, used)))), "%s %s", name, gap)
			var sum time.Duration
			for w := range desk.Windows(from, to) {
				sum += w.Duration()
			}
			require.Equal(t, used, sum, "%s %s", name, gap)
		}
	}
	require.Greater(t, gaps, 500, "zone data with hardly any gaps")
}

// zoneNames lists the zones that the Go distribution knows.
func zoneNames(t *testing.T) (names []string) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("no go command to ask for the list of zones")
	}
	zones, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	require.NoError(t, err)
	defer zones.Close()
	for _, f := range zones.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	return names
}

// midnightGaps are the changes of offset from 1900 to 2100 that skip a midnight.
func midnightGaps(loc *time.Location) (gaps []time.Time) {
	for t := at("1900-01-01T00:00:00Z").In(loc); t.Year() < 2100; {
		_, end := t.ZoneBounds()
		if end.IsZero() {
			break
		}
		if !end.After(t) { // Go ends leap years a day early
			t = t.Add(24 * time.Hour)
			continue
		}
		before, after := localSeconds(end.Add(-time.Second))+1, localSeconds(end)
		if midnight := (before + 86399) / 86400 * 86400; before > 0 && midnight < after {
			gaps = append(gaps, end)
		}
		t = end
	}
	return gaps
}

// No call is without a bound: calendars with hardly anything to find answer every question, from every side.
func TestNoCallIsWithoutABound(t *testing.T) {
	week := calendar.Weekdays("09:00-17:00")
	second := calendar.Override{On: "2026-11-24", Hours: "12:00:00-12:00:01"}
	for name, s := range map[string]calendar.Spec{
		"an empty year":              {Zone: "UTC", Weekly: week, Overrides: []calendar.Override{{On: "2026-01-01..2026-12-31"}}},
		"a year of holidays":         {Zone: "UTC", Weekly: week, Holidays: []calendar.Holiday{{Name: "jubilee", On: "2026-01-01..2026-12-31"}}},
		"holidays but for a second":  {Zone: "UTC", Weekly: week, Overrides: []calendar.Override{second}, Holidays: []calendar.Holiday{{Name: "all", On: "1800-01-01..2026-11-23"}, {Name: "more", On: "2026-11-25..2199-12-31"}}},
		"validity in the past":       {Zone: "UTC", Weekly: week, Through: "1999-12-31"},
		"validity in the future":     {Zone: "UTC", Weekly: week, From: "2150-01-01"},
		"one second of 400 years":    {Zone: "Pacific/Apia", Overrides: []calendar.Override{second}},
		"the first second":           {Zone: "UTC", Overrides: []calendar.Override{{On: "1800-01-01", Hours: "00:00-00:00:01"}}},
		"the last second":            {Zone: "UTC", Overrides: []calendar.Override{{On: "2199-12-31", Hours: "23:59:59-24:00"}}},
		"leap days at midnight gaps": {Zone: "America/Santiago", Overrides: []calendar.Override{{On: "02-29", Hours: "00:00-00:30"}}},
		"almost nothing left": {Minus: []calendar.Spec{{Zone: "UTC", Weekly: calendar.Daily(calendar.AllDay)},
			{Zone: "Europe/Paris", Weekly: calendar.Daily(calendar.AllDay), Holidays: []calendar.Holiday{{Name: "gap", On: "2026-11-24", Closed: "00:00-00:00:01"}}}}},
		"hardly any time in common": {Intersection: []calendar.Spec{{Zone: "UTC", Weekly: week, Through: "2020-01-01"}, {Zone: "Asia/Tokyo", Weekly: calendar.Daily("08:00-19:00"), From: "2020-01-01"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c := calendarOf(t, s)
			first, end := at("1800-01-01T00:00:00Z"), at("2200-01-01T00:00:00Z")
			total := must(c.Between(first, end))
			require.Positive(t, total)
			for _, from := range []time.Time{first, first.Add(1), at("2026-11-24T12:00:00.5Z"), at("2026-06-01T00:00:00Z"), end.Add(-1), end} {
				for _, working := range []time.Duration{1, time.Second, time.Hour, total, total + 1, 1 << 62} {
					after, before := must(c.Between(from, end)), must(c.Between(first, from))
					due, err := c.AddPaused(from, working)
					again, same := c.Add(from, working)
					require.Equal(t, err, same)
					if working > after {
						require.ErrorIs(t, err, calendar.ErrNoWorkingTime)
					} else {
						require.Equal(t, working, must(c.Between(from, due)))
						require.Equal(t, due, again)
					}
					began, err := c.Sub(from, working)
					if working > before {
						require.ErrorIs(t, err, calendar.ErrNoWorkingTime)
					} else {
						require.Equal(t, working, must(c.Between(began, from)))
					}
				}
				_, opens := c.NextOpen(from)
				_, closed := c.PrevClose(from)
				require.Equal(t, must(c.Between(from, end)) == 0, errors.Is(opens, calendar.ErrNoWorkingTime))
				require.Equal(t, must(c.Between(first, from)) == 0, errors.Is(closed, calendar.ErrNoWorkingTime))
				_, _ = c.NextClose(from)
			}
		})
	}
	_, err := calendar.Minus(calendar.Always(), calendar.Always())
	assert.ErrorIs(t, err, calendar.ErrNeverOpens, "a difference that leaves nothing")
}

func TestSkippedDates(t *testing.T) {
	for _, skip := range []struct{ zone, date, before, after string }{
		{"Pacific/Apia", "2011-12-30", "2011-12-29T12:00:00-10:00", "2011-12-31T12:00:00+14:00"},
		{"Pacific/Fakaofo", "2011-12-30", "2011-12-29T12:00:00-11:00", "2011-12-31T12:00:00+13:00"},
		{"Pacific/Kwajalein", "1993-08-21", "1993-08-20T12:00:00-12:00", "1993-08-22T12:00:00+12:00"},
	} {
		daily := calendar.Spec{Zone: skip.zone, Weekly: calendar.Daily("09:00-17:00")}
		c := calendarOf(t, daily)
		assert.Equal(t, 8*time.Hour, must(c.Between(at(skip.before), at(skip.after))), skip.zone)
		assert.True(t, must(c.Add(at(skip.before), 8*time.Hour)).Equal(at(skip.after)), skip.zone)

		daily.Weekly, daily.Overrides = calendar.Week{}, []calendar.Override{{On: calendar.Days(skip.date), Hours: calendar.AllDay}}
		_, err := calendar.New(daily)
		assert.ErrorIs(t, err, calendar.ErrNeverOpens, "open only on a date that %s never had", skip.zone)
	}
}

func TestRulesOfTheFarFuture(t *testing.T) {
	c := calendarOf(t, calendar.Spec{Zone: "America/New_York", Weekly: calendar.Daily("09:00-17:00")})
	for year := 2038; year <= 2199; year++ { // also in the years after a leap year
		noon := time.Date(year, 3, 20, 12, 0, 0, 0, c.Location())
		require.Equal(t, 3*time.Hour, must(c.Between(noon.Add(-12*time.Hour), noon)), "%d", year)
		require.Equal(t, 8*time.Hour, must(c.Between(noon.AddDate(0, 9, 10), noon.AddDate(0, 9, 11))), "%d", year)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func localSeconds(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}
