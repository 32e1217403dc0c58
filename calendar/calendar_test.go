package calendar_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var (
	brussels = calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("07:30-18:00")}
	yearZero = time.Time{}
)

// What others ask of a calendar is this much.
var _ interface {
	Add(from time.Time, working time.Duration) (time.Time, error)
	Between(from, to time.Time) (time.Duration, error)
} = (*calendar.Calendar)(nil)

func at(text string) time.Time { return must(time.Parse(time.RFC3339Nano, text)) }

func calendarOf(t testing.TB, s calendar.Spec) *calendar.Calendar {
	c, err := calendar.New(s)
	require.NoError(t, err)
	return c
}

func TestAnswersAreInTheCalendarsZone(t *testing.T) {
	c := calendarOf(t, brussels)
	due, err := c.Add(at("2026-11-23T16:00:00Z"), 2*time.Hour)
	require.NoError(t, err)
	assert.Equal(t, "2026-11-24T08:30:00+01:00", due.Format(time.RFC3339))
	same, err := c.Add(at("2026-11-21T16:00:00.000000001Z"), 0) // a Saturday
	require.NoError(t, err)
	assert.Equal(t, "2026-11-21T17:00:00.000000001+01:00", same.Format(time.RFC3339Nano))
}

func TestEdges(t *testing.T) {
	c := calendarOf(t, brussels)
	opens, closes := at("2026-11-23T07:30:00+01:00"), at("2026-11-23T18:00:00+01:00")
	before := at("2026-11-20T18:00:00+01:00")
	assert.True(t, c.Contains(opens))
	assert.False(t, c.Contains(opens.Add(-1)))
	assert.True(t, c.Contains(closes.Add(-1)))
	assert.False(t, c.Contains(closes))

	for _, e := range []struct {
		what string
		got  time.Time
		want time.Time
	}{
		{"a budget that ends with the day is due at closing", must(c.Add(opens, 10*time.Hour+30*time.Minute)), closes},
		{"a nanosecond more is due the next morning", must(c.Add(opens, 10*time.Hour+30*time.Minute+1)), opens.AddDate(0, 0, 1).Add(1)},
		{"a budget that reaches back to the opening began there", must(c.Sub(closes, 10*time.Hour+30*time.Minute)), opens},
		{"a nanosecond more began the evening before", must(c.Sub(closes, 10*time.Hour+30*time.Minute+1)), before.Add(-1)},
		{"open at the opening", must(c.NextOpen(opens)), opens},
		{"closed at the closing", must(c.NextOpen(closes)), opens.AddDate(0, 0, 1)},
		{"the closing after an opening", must(c.NextClose(opens)), closes},
		{"the closing after a closing", must(c.NextClose(closes)), closes.AddDate(0, 0, 1)},
		{"the closing before a closing is itself", must(c.PrevClose(closes)), closes},
		{"the closing before an opening", must(c.PrevClose(opens)), before},
	} {
		assert.True(t, e.want.Equal(e.got), "%s: %s", e.what, e.got)
	}
}

func TestPrecedenceOnADate(t *testing.T) {
	c := calendarOf(t, calendar.Spec{
		Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00"), From: "2026-01-01", Through: "2026-12-30",
		Seasons: []calendar.Season{{Name: "summer", From: "2026-07-01", Through: "2026-08-31", Weekly: calendar.Weekdays("07:00-13:00")}},
		Overrides: []calendar.Override{
			{On: "2026-07-01..2026-07-03", Hours: "10:00-11:00"},
			{On: "2026-07-02", Hours: "22:00-02:00"},
			{On: "2026-11-21", Hours: "10:00-12:00"},
			{On: "2026-11-23"},
		},
		Holidays: []calendar.Holiday{
			{Name: "Fair", On: "2026-07-03", Closed: "00:30-10:30"},
			{Name: "Christmas", On: "12-24..12-26"},
			{Name: "Juneteenth", On: "06-19", From: "2026-06-20"},
		},
		Breaks: []calendar.Break{{Name: "move", On: "2026-06-01", Hours: "12:00-13:00, 16:00-18:00"}},
	})
	for date, want := range map[string]string{
		"2025-12-31": "",                        // not yet in force
		"2026-01-01": "09:00-17:00",             //
		"2026-06-01": "09:00-12:00 13:00-16:00", // breaks
		"2026-06-19": "09:00-17:00",             // the holiday begins a day later
		"2026-06-30": "09:00-17:00",             //
		"2026-07-01": "10:00-11:00",             // the override before the season
		"2026-07-02": "22:00-00:00",             // the last override that names it
		"2026-07-03": "00:00-00:30 10:30-11:00", // a tail beside other hours, and the holiday over both
		"2026-07-06": "07:00-13:00",             // the season before the week
		"2026-08-31": "07:00-13:00",             // the last of the season
		"2026-09-01": "09:00-17:00",
		"2026-11-21": "10:00-12:00", // a Saturday
		"2026-11-23": "",            // a Monday
		"2026-12-25": "",            //
		"2026-12-30": "09:00-17:00", //
		"2026-12-31": "",            // no longer in force
	} {
		day := at(date + "T00:00:00Z")
		var got []string
		for w := range c.Windows(day, day.AddDate(0, 0, 1)) {
			got = append(got, w.From.Format("15:04")+"-"+w.To.Format("15:04"))
		}
		assert.Equal(t, want, strings.Join(got, " "), date)
	}
}

func TestNightShiftBelongsToBothDates(t *testing.T) {
	night := calendar.Spec{Zone: "Europe/Paris", Weekly: calendar.Daily("22:00-06:00"),
		Holidays: []calendar.Holiday{{Name: "Bastille Day", On: "07-14"}}}
	c := calendarOf(t, night)
	got := slices.Collect(c.Windows(at("2026-07-13T12:00:00+02:00"), at("2026-07-15T12:00:00+02:00")))
	require.Len(t, got, 2) // the holiday takes its morning and its evening, not the night's other half
	assert.Equal(t, "13 22:00 14 00:00", got[0].From.Format("02 15:04 ")+got[0].To.Format("02 15:04"))
	assert.Equal(t, "15 00:00 15 06:00", got[1].From.Format("02 15:04 ")+got[1].To.Format("02 15:04"))

	night.Weekly = calendar.Daily("22:00-30:00")
	assert.Equal(t, got, slices.Collect(calendarOf(t, night).Windows(got[0].From, got[1].To)))
}

func TestHorizon(t *testing.T) {
	c, always := calendarOf(t, brussels), calendar.Always()
	first, end := at("1800-01-01T00:00:00Z"), at("2200-01-01T00:00:00Z")
	for name, err := range map[string]error{
		"Add from year zero":      second(c.Add(yearZero, time.Hour)),
		"Sub from the far future": second(c.Sub(end.Add(1), time.Hour)),
		"Between":                 second(c.Between(first.Add(-1), end)),
		"SignedBetween":           second(c.SignedBetween(end.Add(1), first)),
		"NextOpen":                second(c.NextOpen(yearZero)),
		"NextClose":               second(c.NextClose(yearZero)),
		"PrevClose":               second(c.PrevClose(yearZero)),
		"AddPaused":               second(c.AddPaused(yearZero, time.Hour)),
		"BetweenPaused":           second(c.BetweenPaused(yearZero, end)),
		"Explain":                 second(c.Explain(yearZero, end)),
		"never closes":            second(calendar.Always().NextClose(end.Add(-time.Hour))),
		"a duration too long":     second(always.Between(first, end)),
	} {
		assert.ErrorIs(t, err, calendar.ErrHorizon, name)
	}
	for name, err := range map[string]error{
		"Add":         second(c.Add(end.Add(-time.Hour), time.Hour)),
		"Add for all": second(always.Add(end.Add(-time.Hour), math.MaxInt64)),
		"Sub":         second(c.Sub(first.Add(time.Hour), time.Hour)),
		"Sub for all": second(c.Add(first.Add(time.Hour), math.MinInt64)),
		"NextOpen":    second(c.NextOpen(end)),
		"NextClose":   second(c.NextClose(end)),
		"PrevClose":   second(c.PrevClose(first)),
		"AddPaused":   second(c.AddPaused(end.Add(-time.Hour), time.Hour, calendar.Pause{From: end.Add(-time.Minute), To: end})),
	} {
		assert.ErrorIs(t, err, calendar.ErrNoWorkingTime, name)
	}
	assert.False(t, c.Contains(yearZero))
	assert.False(t, c.Contains(end.Add(time.Hour)))
	assert.True(t, must(calendar.Always().Add(first, 0)).Equal(first))
	assert.True(t, must(calendar.Always().PrevClose(end)).Equal(end))
	all := slices.Collect(calendar.Always().Windows(yearZero, end.AddDate(1000, 0, 0)))
	require.Equal(t, 1, len(all))
	assert.True(t, all[0].From.Equal(first) && all[0].To.Equal(end))
	assert.Equal(t, all, slices.Collect(calendar.Always().WindowsBack(yearZero, end.AddDate(1000, 0, 0))))
	assert.Empty(t, slices.Collect(c.Windows(end, first)))
}

func second[T any](_ T, err error) error { return err }

func TestZeroCalendarHasNoWorkingTime(t *testing.T) {
	var c calendar.Calendar
	now := at("2026-11-23T10:00:00Z")
	_, err := c.Add(now, time.Hour)
	assert.ErrorIs(t, err, calendar.ErrNoWorkingTime)
	_, err = c.Explain(now, now)
	assert.ErrorIs(t, err, calendar.ErrNoWorkingTime)
	assert.False(t, c.Contains(now))
	assert.Empty(t, slices.Collect(c.Windows(now, now.AddDate(1, 0, 0))))
	assert.Empty(t, slices.Collect(c.WindowsBack(now, now.AddDate(1, 0, 0))))
	assert.Equal(t, time.UTC, c.Location())
	assert.NotEmpty(t, c.Fingerprint())
}

// A shift over midnight goes with the hours that have it: where a later override takes its date, nothing is left of it on
// the next. What the date before gives stays, beside whatever hours a date has.
func TestTheNightOfHoursThatAreReplacedIsGone(t *testing.T) {
	c := calendarOf(t, calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("09:00-17:00"), Overrides: []calendar.Override{
		{Name: "nights", On: "2026-07-01..2026-07-03", Hours: "22:00-06:00"}, {Name: "outing", On: "2026-07-02"}}})
	var got []string
	for w := range c.Windows(at("2026-07-01T00:00:00Z"), at("2026-07-05T00:00:00Z")) {
		got = append(got, w.From.Format("02 15:04")+"-"+w.To.Format("02 15:04"))
	}
	assert.Equal(t, []string{"01 22:00-02 06:00", "03 22:00-04 06:00", "04 09:00-04 17:00"}, got)
}

// Years are compiled one by one; no question may notice where one ends.
func TestYearsMeet(t *testing.T) {
	for year := 1801; year <= 2199; year += 7 {
		turn := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		for name, ask := range map[string]func(c *calendar.Calendar) bool{
			"contains": func(c *calendar.Calendar) bool { return c.Contains(turn) && c.Contains(turn.Add(-1)) },
			"add":      func(c *calendar.Calendar) bool { return must(c.Add(turn.Add(-1), 2)).Equal(turn.Add(1)) },
			"sub":      func(c *calendar.Calendar) bool { return must(c.Sub(turn.Add(1), 2)).Equal(turn.Add(-1)) },
			"between":  func(c *calendar.Calendar) bool { return must(c.Between(turn.Add(-1), turn.Add(1))) == 2 },
			"open":     func(c *calendar.Calendar) bool { return must(c.NextOpen(turn)).Equal(turn) },
			"shut":     func(c *calendar.Calendar) bool { return must(c.PrevClose(turn)).Equal(turn) },
			"windows": func(c *calendar.Calendar) bool {
				return len(slices.Collect(c.Windows(turn.Add(-1), turn.Add(1)))) == 1
			},
			"windows back": func(c *calendar.Calendar) bool {
				return len(slices.Collect(c.WindowsBack(turn.Add(-1), turn.Add(1)))) == 1
			},
		} {
			c := calendar.Always()
			require.True(t, c.Contains(turn.Add(-1)))
			require.True(t, ask(c), "%s in %d", name, year)
		}
	}
}

// A calendar in force for a month is empty before and after; both sides say so after a bounded search.
func TestEmptyYears(t *testing.T) {
	s := brussels
	s.From, s.Through = "2026-03-01", "2026-03-31"
	c := calendarOf(t, s)
	assert.Equal(t, 22*(10*time.Hour+30*time.Minute), must(c.Between(at("1801-01-01T00:00:00Z"), at("2199-01-01T00:00:00Z"))))
	assert.True(t, must(c.Add(at("1950-01-01T00:00:00Z"), time.Hour)).Equal(at("2026-03-02T08:30:00+01:00")))
	assert.True(t, must(c.Sub(at("2150-01-01T00:00:00Z"), time.Hour)).Equal(at("2026-03-31T17:00:00+02:00")))
	_, err := c.NextOpen(at("2026-04-01T00:00:00Z"))
	assert.ErrorIs(t, err, calendar.ErrNoWorkingTime)
}

func TestManyWindowsInFewDays(t *testing.T) {
	var minutes []string // 720 a day, each open for a minute, on two dates of the year
	for m := 0; m < 24*60; m += 2 {
		minutes = append(minutes, must(time.Parse("15:04", "00:00")).Add(time.Duration(m)*time.Minute).Format("15:04")+
			"-"+must(time.Parse("15:04", "00:00")).Add(time.Duration(m+1)*time.Minute).Format("15:04"))
	}
	c := calendarOf(t, calendar.Spec{Zone: "UTC", Weekly: calendar.Week{Sun: calendar.AllDay}, // long ones beside them
		Overrides: []calendar.Override{{On: "06-01..06-02", Hours: calendar.Hours(strings.Join(minutes, ","))}}})
	start := at("2026-06-01T00:00:00Z")
	for m := range 2 * 24 * 60 {
		t0 := start.Add(time.Duration(m) * time.Minute)
		require.Equal(t, m%2 == 0, c.Contains(t0))
		worked := time.Duration((m+1)/2) * time.Minute
		require.Equal(t, worked, must(c.Between(start, t0)))
		if m%2 == 1 {
			require.True(t, must(c.Add(start, worked)).Equal(t0))
		}
	}
}

func TestSafeForConcurrentUse(t *testing.T) {
	c := calendarOf(t, brussels)
	alone := calendarOf(t, brussels)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 60 {
				from := at("1990-05-05T10:00:00Z").AddDate((i*7+k*11)%90-40, 0, 0)
				due, err := c.Add(from, 5000*time.Hour)
				assert.NoError(t, err)
				used, err := c.Between(from, due)
				assert.NoError(t, err)
				assert.Equal(t, 5000*time.Hour, used)
			}
		})
	}
	all.Wait()
	assert.Equal(t, must(alone.Between(at("1950-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z"))),
		must(c.Between(at("1950-01-01T00:00:00Z"), at("2030-01-01T00:00:00Z"))))
}

func TestNoAllocation(t *testing.T) {
	c := newYork(t)
	from, to := at("2024-03-01T10:00:00-05:00"), at("2027-03-01T10:00:00-05:00")
	pauses := []calendar.Pause{{From: from.Add(time.Hour), To: from.Add(2 * time.Hour)}, {From: from.Add(3 * time.Hour), To: from.Add(9 * time.Hour)}}
	_, _ = c.Between(from, to)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, _ = c.Add(from, 400*time.Hour)
		_, _ = c.Sub(to, 400*time.Hour)
		_, _ = c.Between(from, to)
		_, _ = c.NextOpen(from)
		_, _ = c.NextClose(from)
		_, _ = c.PrevClose(from)
		_, _ = c.AddPaused(from, 40*time.Hour, pauses...)
		_, _ = c.SubPaused(to, 40*time.Hour, pauses...)
		_, _ = c.BetweenPaused(from, to, pauses...)
		_ = c.Contains(from)
	}))
}

func TestPauses(t *testing.T) {
	c := calendarOf(t, brussels)
	monday := func(clock string) time.Time { return at("2026-11-23T" + clock + ":00+01:00") }
	pause := func(from, to string) calendar.Pause { return calendar.Pause{From: monday(from), To: monday(to)} }
	for _, p := range []struct {
		name   string
		pauses []calendar.Pause
		due    string
	}{
		{"none", nil, "12:00"},
		{"one", []calendar.Pause{pause("11:00", "11:30")}, "12:30"},
		{"longer than what is left", []calendar.Pause{pause("11:00", "17:00")}, "18:00"},
		{"from the instant that it would be due", []calendar.Pause{pause("12:00", "13:00")}, "12:00"},
		{"over the start", []calendar.Pause{pause("08:00", "10:30")}, "12:30"},
		{"before the start", []calendar.Pause{pause("08:00", "09:30")}, "12:00"},
		{"two that overlap, out of order", []calendar.Pause{pause("11:10", "11:40"), pause("11:00", "11:20")}, "12:40"},
		{"one in another", []calendar.Pause{pause("11:00", "11:40"), pause("11:10", "11:20")}, "12:40"},
		{"outside working time", []calendar.Pause{{From: monday("18:00"), To: monday("23:00")}}, "12:00"},
		{"no end, but later", []calendar.Pause{{From: monday("12:00")}}, "12:00"},
	} {
		due, err := c.AddPaused(monday("10:00"), 2*time.Hour, p.pauses...)
		require.NoError(t, err, p.name)
		assert.True(t, due.Equal(monday(p.due)), "%s: %s", p.name, due)
		used, err := c.BetweenPaused(monday("10:00"), due, p.pauses...)
		require.NoError(t, err, p.name)
		assert.Equal(t, 2*time.Hour, used, p.name)
	}

	_, err := c.AddPaused(monday("10:00"), 2*time.Hour, pause("10:15", "10:30"), calendar.Pause{From: monday("11:00")})
	var paused *calendar.PausedError
	require.ErrorAs(t, err, &paused)
	assert.ErrorIs(t, err, calendar.ErrPaused)
	assert.True(t, paused.Since.Equal(monday("11:00")))
	assert.Equal(t, 75*time.Minute, paused.Remaining)
	assert.Contains(t, err.Error(), "paused since 2026-11-23T11:00:00+01:00 with 1h15m0s left")
	assert.Equal(t, time.Hour, must(c.BetweenPaused(monday("10:00"), monday("17:00"), calendar.Pause{From: monday("11:00")})))

	_, err = c.AddPaused(monday("10:00"), time.Hour, pause("12:00", "11:00"))
	assert.ErrorIs(t, err, calendar.ErrPause)
	_, err = c.BetweenPaused(monday("10:00"), monday("11:00"), pause("12:00", "11:00"))
	assert.ErrorIs(t, err, calendar.ErrPause)
	_, err = c.SubPaused(monday("10:00"), time.Hour, pause("12:00", "11:00"))
	assert.ErrorIs(t, err, calendar.ErrPause)
	assert.True(t, must(c.AddPaused(monday("10:00"), 0, calendar.Pause{From: monday("09:00")})).Equal(monday("10:00")))
}

func TestPausesOnTheWayBack(t *testing.T) {
	c := calendarOf(t, brussels)
	monday := func(clock string) time.Time { return at("2026-11-23T" + clock + ":00+01:00") }
	pause := func(from, to string) calendar.Pause { return calendar.Pause{From: monday(from), To: monday(to)} }
	open := calendar.Pause{From: monday("12:00")}
	for _, p := range []struct {
		name   string
		pauses []calendar.Pause
		began  string
	}{
		{"none", nil, "14:00"},
		{"one", []calendar.Pause{pause("15:00", "15:30")}, "13:30"},
		{"until the instant at which it would begin", []calendar.Pause{pause("13:00", "14:00")}, "14:00"},
		{"over the end", []calendar.Pause{pause("15:30", "17:00")}, "13:30"},
		{"one in another", []calendar.Pause{pause("14:30", "15:30"), pause("15:00", "15:10")}, "13:00"},
		{"two that overlap, out of order", []calendar.Pause{pause("15:10", "15:40"), pause("15:00", "15:20")}, "13:20"},
		{"after the end", []calendar.Pause{pause("16:30", "17:00")}, "14:00"},
		{"no end", []calendar.Pause{open}, "10:00"},
		{"no end, and one in it", []calendar.Pause{open, pause("13:00", "14:00")}, "10:00"},
		{"two without an end", []calendar.Pause{{From: monday("11:00")}, open, pause("10:30", "10:45")}, "08:45"},
	} {
		began, err := c.SubPaused(monday("16:00"), 2*time.Hour, p.pauses...)
		require.NoError(t, err, p.name)
		assert.True(t, began.Equal(monday(p.began)), "%s: %s", p.name, began)
		assert.True(t, began.Equal(must(c.AddPaused(monday("16:00"), -2*time.Hour, p.pauses...))), p.name)
		assert.Equal(t, 2*time.Hour, must(c.BetweenPaused(began, monday("16:00"), p.pauses...)), p.name)
	}
	assert.True(t, must(c.SubPaused(monday("10:00"), -time.Hour, pause("10:30", "11:00"))).Equal(monday("11:30")))
	assert.True(t, must(c.SubPaused(monday("10:00"), 0, open)).Equal(monday("10:00")))
}

// Pauses are as if the time in them were closed.
func TestPausesAgainstPiecewise(t *testing.T) {
	c := newYork(t)
	rapid.Check(t, func(t *rapid.T) {
		start := at("2024-03-01T00:00:00Z").Add(time.Duration(rapid.Int64Range(0, int64(4000*time.Hour)).Draw(t, "start")))
		offset := rapid.Int64Range(0, int64(600*time.Hour))
		var pauses []calendar.Pause
		edges := []time.Time{start, start.Add(600 * time.Hour)}
		for range rapid.IntRange(0, 6).Draw(t, "pauses") {
			from := start.Add(time.Duration(offset.Draw(t, "from")) - 50*time.Hour)
			p := calendar.Pause{From: from, To: from.Add(time.Duration(offset.Draw(t, "length") / 5))}
			pauses, edges = append(pauses, p), append(edges, p.From, p.To)
		}
		open := func(at time.Time) bool {
			return !slices.ContainsFunc(pauses, func(p calendar.Pause) bool { return !at.Before(p.From) && at.Before(p.To) })
		}
		slices.SortFunc(edges, time.Time.Compare)
		var want time.Duration
		for i, e := range edges[:len(edges)-1] {
			if !e.Before(start) && open(e) && e.Before(start.Add(600*time.Hour)) {
				want += must(c.Between(e, edges[i+1]))
			}
		}
		end := start.Add(600 * time.Hour)
		if last := edges[len(edges)-1]; last.After(end) { // edges beyond the end cut the last piece there
			want = 0
			edges = slices.DeleteFunc(edges, func(e time.Time) bool { return e.After(end) })
			for i, e := range edges[:len(edges)-1] {
				if !e.Before(start) && open(e) {
					want += must(c.Between(e, edges[i+1]))
				}
			}
		}
		require.Equal(t, want, must(c.BetweenPaused(start, end, pauses...)))
		why := must(c.Explain(start, end, pauses...))
		checkExplanation(t, why, start, end)
		require.Equal(t, want, why.Working)

		working := time.Duration(rapid.Int64Range(1, int64(200*time.Hour)).Draw(t, "working"))
		due := must(c.AddPaused(start, working, pauses...))
		require.Equal(t, working, must(c.BetweenPaused(start, due, pauses...)))
		require.True(t, c.Contains(due.Add(-1)) && open(due.Add(-1)), "not the earliest")
		if want > 0 {
			working = 1 + working%want
			began := must(c.SubPaused(end, working, pauses...))
			require.Equal(t, working, must(c.BetweenPaused(began, end, pauses...)))
			require.True(t, c.Contains(began) && open(began), "not the latest")
		}
	})
}
