package calendar_test

import (
	"archive/zip"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// world is a calendar that the oracle understands: hours in seconds since midnight, by weekday and by date.
type world struct {
	loc      *time.Location
	week     [7][][2]int // a close after 24 hours is on the next date
	override map[int64][][2]int
	closed   map[int64][][2]int
}

var oracleZones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Antarctica/Troll", "Europe/Dublin", "Africa/Casablanca",
	"America/Santiago", "America/Havana", "America/Asuncion", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/St_Johns",
	"Atlantic/Azores", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Fakaofo", "Asia/Pyongyang", "Europe/Moscow", "Europe/Amsterdam",
	"Asia/Manila", "America/Caracas", "Asia/Kathmandu", "Africa/Monrovia", "Asia/Gaza", "Europe/London", "Asia/Tehran",
	"Pacific/Chatham", "America/Scoresbysund",
}

// TestAgainstBruteForce compares with an oracle that steps through the span and classifies every instant. For broad
// runs: -rapid.checks=20000.
func TestAgainstBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(oracleZones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		around := time.Unix(rapid.Int64Range(-2208988800, 4102444800).Draw(t, "around"), 0).In(loc) // 1900 to 2100
		if _, change := around.ZoneBounds(); rapid.IntRange(0, 3).Draw(t, "at a change") > 0 && !change.IsZero() && change.Year() < 2100 {
			around = change
		}
		from := around.Add(-time.Duration(rapid.Int64Range(0, int64(5*24*time.Hour)).Draw(t, "before")))
		to := from.Add(time.Duration(rapid.Int64Range(0, int64(8*24*time.Hour)).Draw(t, "span")))
		w, spec := drawWorld(t, zone, loc, from)
		c, err := calendar.New(spec)
		require.NoError(t, err)

		o := w.oracle(from, to)
		between, err := c.Between(from, to)
		require.NoError(t, err)
		require.Equal(t, o.between(from, to), between, "between %s and %s, %+v", from, to, spec)

		at := from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from))).Draw(t, "at")))
		require.Equal(t, o.open(at), c.Contains(at), "contains %s, %+v", at, spec)
		require.Equal(t, between, o.between(from, at)+o.between(at, to))

		var sum time.Duration
		var list []calendar.Interval
		for win := range c.Windows(from, to) {
			require.True(t, o.open(win.From) && (win.To.Equal(to) || !o.open(win.To)), "window %v", win)
			sum += win.Duration()
			list = append(list, win)
		}
		require.Equal(t, between, sum)
		back := slices.Collect(c.WindowsBack(from, to))
		slices.Reverse(back)
		require.Equal(t, list, back)

		why, err := c.Explain(from, to)
		require.NoError(t, err)
		checkExplanation(t, why, from, to)

		if between > 0 {
			working := time.Duration(rapid.Int64Range(1, int64(between)).Draw(t, "working"))
			due, err := c.Add(from, working)
			require.NoError(t, err)
			require.Equal(t, working, o.between(from, due))
			require.True(t, o.open(due.Add(-1)), "not the earliest: %s", due)
			began, err := c.Sub(to, working)
			require.NoError(t, err)
			require.Equal(t, working, o.between(began, to))
			require.True(t, o.open(began), "not the latest: %s", began)
		}
	})
}

func checkExplanation(t require.TestingT, why calendar.Explanation, from, to time.Time) {
	at, open := from, time.Duration(0)
	for _, l := range why.Lines {
		require.True(t, l.From.Equal(at) && l.To.After(l.From), "lines have a gap at %s", at)
		if at = l.To; l.Reason == calendar.ReasonOpen {
			open += l.Duration()
		}
	}
	require.True(t, at.Equal(to), "lines end at %s", at)
	require.Equal(t, why.Working, open)
}

func drawWorld(t *rapid.T, zone string, loc *time.Location, near time.Time) (world, calendar.Spec) {
	grid := rapid.SampledFrom([]int{1800, 900, 60, 1}).Draw(t, "grid")
	w := world{loc: loc, override: map[int64][][2]int{}, closed: map[int64][][2]int{}}
	night := rapid.IntRange(0, 3).Draw(t, "nights") == 0
	for d := range w.week {
		if night {
			closes := rapid.IntRange(1, 43200/grid).Draw(t, "closes") * grid
			opens := rapid.IntRange(43200/grid, 86400/grid-1).Draw(t, "opens") * grid
			w.week[d] = [][2]int{{opens, 86400 + closes}}
		} else {
			w.week[d] = drawHours(t, grid, d == 3)
		}
	}
	s := calendar.Spec{Zone: zone, Weekly: calendar.Week{
		Sun: text(w.week[0]), Mon: text(w.week[1]), Tue: text(w.week[2]), Wed: text(w.week[3]),
		Thu: text(w.week[4]), Fri: text(w.week[5]), Sat: text(w.week[6]),
	}}
	for range rapid.IntRange(0, 4).Draw(t, "special dates") {
		date := near.AddDate(0, 0, rapid.IntRange(-1, 7).Draw(t, "date"))
		on, day := calendar.OnDate(date), localSeconds(date)/86400
		if localSeconds(date) < 0 {
			day = (localSeconds(date)+1)/86400 - 1
		}
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			s.Holidays = append(s.Holidays, calendar.Holiday{Name: "holiday", On: on})
			w.closed[day] = append(w.closed[day], [2]int{0, 86400})
		case 1:
			part := drawHours(t, grid, true)
			s.Holidays = append(s.Holidays, calendar.Holiday{Name: "half day", On: on, Closed: text(part)})
			w.closed[day] = append(w.closed[day], part...)
		case 2:
			part := drawHours(t, grid, true)
			s.Breaks = append(s.Breaks, calendar.Break{Name: "break", On: on, Hours: text(part)})
			w.closed[day] = append(w.closed[day], part...)
		case 3:
			if _, taken := w.override[day]; !taken {
				hours := drawHours(t, grid, false)
				s.Overrides = append(s.Overrides, calendar.Override{On: on, Hours: text(hours)})
				w.override[day] = hours
			}
		}
	}
	return w, s
}

func drawHours(t *rapid.T, grid int, some bool) (hours [][2]int) {
	least := 0
	if some {
		least = 1
	}
	edges := rapid.SliceOfNDistinct(rapid.IntRange(0, 86400/grid), 2*least, 6, rapid.ID[int]).Draw(t, "edges")
	slices.Sort(edges)
	for i := 0; i+1 < len(edges); i += 2 {
		hours = append(hours, [2]int{edges[i] * grid, edges[i+1] * grid})
	}
	return hours
}

func text(hours [][2]int) calendar.Hours {
	var list []string
	for _, h := range hours {
		list = append(list, fmt.Sprintf("%02d:%02d:%02d-%02d:%02d:%02d",
			h[0]/3600, h[0]/60%60, h[0]%60, h[1]/3600, h[1]/60%60, h[1]%60))
	}
	return calendar.Hours(strings.Join(list, ","))
}

func localSeconds(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}

// hours are the windows of a date before anything closes them.
func (w world) hours(day int64) (list [][2]int) {
	if hours, ok := w.override[day]; ok {
		return hours
	}
	today := ((day+4)%7 + 7) % 7
	for _, h := range w.week[today] {
		list = append(list, [2]int{h[0], min(h[1], 86400)})
	}
	for _, h := range w.week[(today+6)%7] {
		if h[1] > 86400 {
			list = append(list, [2]int{0, h[1] - 86400})
		}
	}
	return list
}

// oracle classifies instants: by the reading of the local clock, or by the instants of the windows' edges where an
// edge of the dates concerned does not occur or occurs twice.
type oracle struct {
	world
	step         int64
	byEdges      bool
	open_, shut_ [][2]int64
}

func (w world) oracle(from, to time.Time) oracle {
	o := oracle{world: w, step: 60}
	var open, shut [][2]int64 // readings
	first, last := localSeconds(from)/86400-3, localSeconds(to)/86400+3
	for day := first; day <= last; day++ {
		for _, h := range w.hours(day) {
			open = append(open, [2]int64{day*86400 + int64(h[0]), day*86400 + int64(h[1])})
		}
		for _, h := range w.closed[day] {
			shut = append(shut, [2]int64{day*86400 + int64(h[0]), day*86400 + int64(h[1])})
		}
	}
	offsets := map[int64]bool{}
	for at := first * 86400; at <= last*86400; at += 600 {
		offset := w.offset(at)
		if offsets[offset] = true; offset%60 != 0 {
			o.step = 1
		}
	}
	for _, h := range slices.Concat(open, shut) {
		for _, reading := range h {
			if reading%60 != 0 {
				o.step = 1
			}
			times := 0
			for offset := range offsets {
				if w.offset(reading-offset) == offset {
					times++
				}
			}
			o.byEdges = o.byEdges || times != 1
		}
	}
	if o.byEdges {
		for _, h := range open {
			o.open_ = append(o.open_, [2]int64{w.reached(h[0]), w.reached(h[1])})
		}
		for _, h := range shut {
			o.shut_ = append(o.shut_, [2]int64{w.reached(h[0]), w.reached(h[1])})
		}
	}
	return o
}

func (w world) offset(at int64) int64 {
	_, offset := time.Unix(at, 0).In(w.loc).Zone()
	return int64(offset)
}

// reached scans for the first instant at which the clock shows the reading or a later one.
func (w world) reached(reading int64) int64 {
	at := reading - 30*3600
	for at+w.offset(at) < reading {
		at += 60
	}
	for at--; at+w.offset(at) >= reading; at-- {
		continue
	}
	return at + 1
}

func (o oracle) open(t time.Time) bool {
	within := func(list [][2]int64, at int64) bool {
		return slices.ContainsFunc(list, func(s [2]int64) bool { return at >= s[0] && at < s[1] })
	}
	if at := t.Unix(); o.byEdges {
		return within(o.open_, at) && !within(o.shut_, at)
	}
	local := t.In(o.loc)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC).Unix() / 86400
	second := local.Hour()*3600 + local.Minute()*60 + local.Second()
	shows := func(h [2]int) bool { return second >= h[0] && second < h[1] }
	return slices.ContainsFunc(o.hours(day), shows) && !slices.ContainsFunc(o.closed[day], shows)
}

// between steps from one instant to the other; within a step nothing changes.
func (o oracle) between(from, to time.Time) (sum time.Duration) {
	for at := from; at.Before(to); {
		next := time.Unix((at.Unix()/o.step)*o.step+o.step, 0)
		if at.Unix() < 0 && at.Unix()%o.step != 0 {
			next = time.Unix((at.Unix()/o.step)*o.step, 0)
		}
		if next.After(to) {
			next = to
		}
		if o.open(at) {
			sum += next.Sub(at)
		}
		at = next
	}
	return sum
}

// TestLaws holds for any instants and amounts, also far apart.
func TestLaws(t *testing.T) {
	desk := must(calendar.New(calendar.Spec{
		Zone: "Europe/Lisbon", Weekly: calendar.Weekdays("08:30:15-12:00, 13:00-17:45"),
		Seasons:  []calendar.Season{{Name: "new hours", From: "2031-07-01", Weekly: calendar.Daily("22:00-06:00")}},
		Holidays: []calendar.Holiday{{Name: "Good Friday", On: "easter-2"}, {Name: "Christmas Eve", On: "12-24", Closed: "12:00-24:00"}},
	}))
	both := must(calendar.Union(desk, must(calendar.New(calendar.Spec{Zone: "Asia/Manila", Weekly: calendar.Daily("06:00-15:00")}))))
	rapid.Check(t, func(t *rapid.T) {
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
