package calendar_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// nightly widens the search: ITSM_NIGHTLY=1 looks at a hundred times as many calendars, over longer spans.
var nightly = os.Getenv("ITSM_NIGHTLY") != ""

// check is rapid.Check, many times over at night.
func check(t *testing.T, property func(*rapid.T)) {
	rounds := 1
	if nightly {
		rounds = 100
	}
	for range rounds {
		rapid.Check(t, property)
	}
}

// TestAgainstBruteForce asks calendars made of anything that a spec can say, and compares with an oracle that classifies
// every second, or every minute where nothing happens within one.
func TestAgainstBruteForce(t *testing.T) {
	check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(oracleZones).Draw(t, "zone")
		around := time.Unix(rapid.Int64Range(-2208988800, 4102444800).Draw(t, "around"), 0).In(location(zone)) // 1900 to 2100
		if _, change := around.ZoneBounds(); rapid.IntRange(0, 3).Draw(t, "at a change") > 0 && !change.IsZero() && change.Year() < 2100 {
			around = change
		}
		grid := rapid.SampledFrom([]int{1800, 900, 60, 60, 1}).Draw(t, "grid")
		longest := 9 * 24 * time.Hour
		if nightly && grid > 1 && rapid.IntRange(0, 9).Draw(t, "long") == 0 {
			longest = 400 * 24 * time.Hour
		}
		from := around.Add(-time.Duration(rapid.Int64Range(0, int64(5*24*time.Hour)).Draw(t, "before")))
		to := from.Add(time.Duration(rapid.Int64Range(0, int64(longest)).Draw(t, "span")))
		w, spec := drawWorld(t, zone, from, grid, 2)
		c, err := calendar.New(spec)
		if errors.Is(err, calendar.ErrNeverOpens) {
			t.Skip("never open")
		}
		require.NoError(t, err, "%+v", spec)
		compare(t, c, w.timeline(from, to), from, to, drawPauses(t, from, to))
	})
}

func drawPauses(t *rapid.T, from, to time.Time) (pauses []calendar.Pause) {
	within := func(name string) time.Time {
		d := rapid.Int64Range(-int64(time.Hour), int64(to.Sub(from)+time.Hour)).Draw(t, name)
		if rapid.Bool().Draw(t, "on a minute") {
			d -= d % int64(time.Minute)
		}
		return from.Add(time.Duration(d))
	}
	for range rapid.IntRange(0, 4).Draw(t, "pauses") {
		p := calendar.Pause{From: within("pause from"), To: within("pause to")}
		if p.To.Before(p.From) {
			p.From, p.To = p.To, p.From
		}
		if rapid.IntRange(0, 9).Draw(t, "no end") == 0 {
			p.To = time.Time{}
		}
		pauses = append(pauses, p)
	}
	return pauses
}

// compare asks every question between two instants.
func compare(t *rapid.T, c *calendar.Calendar, l *timeline, from, to time.Time, pauses []calendar.Pause) {
	all := l.between(from, to)
	require.Equal(t, all.sum(), must(c.Between(from, to)))
	require.Equal(t, all, inUTC(slices.Collect(c.Windows(from, to))))
	back := inUTC(slices.Collect(c.WindowsBack(from, to)))
	slices.Reverse(back)
	require.Equal(t, all, back)

	at := from.Add(time.Duration(rapid.Int64Range(0, int64(to.Sub(from))).Draw(t, "at")))
	if len(all) > 0 && rapid.Bool().Draw(t, "at an edge") {
		w := rapid.SampledFrom(all).Draw(t, "edge of")
		at = rapid.SampledFrom([]time.Time{w.From, w.From.Add(-1), w.To, w.To.Add(-1)}).Draw(t, "edge")
		if at.Before(from) || at.After(to) {
			at = from
		}
	}
	before, after := l.between(from, at), l.between(at, to)
	require.Equal(t, l.open[floor64(at.Unix()-l.from, l.step)], c.Contains(at), "contains %s", at)
	require.Equal(t, after.sum(), must(c.Between(at, to)))
	require.Equal(t, -before.sum(), must(c.SignedBetween(at, from)))
	compareDoors(t, c, before, after, at, from, to)

	for _, pauses := range [][]calendar.Pause{nil, pauses} {
		before, after := l.between(from, at, pauses...), l.between(at, to, pauses...)
		require.Equal(t, after.sum(), must(c.BetweenPaused(at, to, pauses...)))
		if sum := after.sum(); sum > 0 {
			working := time.Duration(rapid.Int64Range(1, int64(sum)).Draw(t, "working"))
			requireInstant(t, after.earliest(working), must(c.AddPaused(at, working, pauses...)))
			requireInstant(t, after.earliest(sum), must(c.SubPaused(at, -sum, pauses...)))
		}
		if sum := before.sum(); sum > 0 {
			working := time.Duration(rapid.Int64Range(1, int64(sum)).Draw(t, "working before"))
			requireInstant(t, before.latest(working), must(c.SubPaused(at, working, pauses...)))
			requireInstant(t, before.latest(sum), must(c.AddPaused(at, -sum, pauses...)))
		}
		why, err := c.Explain(from, to, pauses...)
		require.NoError(t, err)
		checkExplanation(t, why, from, to)
		open := l.between(from, to, pauses...)
		for _, line := range why.Lines {
			require.Equal(t, line.Reason == calendar.ReasonOpen, open.contains(line.From), "%v", line)
		}
	}
	if sum := after.sum(); sum > 0 {
		requireInstant(t, after.earliest(sum), must(c.Add(at, sum)))
	}
	if sum := before.sum(); sum > 0 {
		requireInstant(t, before.latest(sum), must(c.Sub(at, sum)))
	}
}

// compareDoors checks openings and closings; what lies beyond the stretch that the oracle knows is only known to do so.
func compareDoors(t *rapid.T, c *calendar.Calendar, before, after brute, at, from, to time.Time) {
	opens, err := c.NextOpen(at)
	if len(after) > 0 {
		require.NoError(t, err)
		requireInstant(t, after[0].From, opens)
	} else if err == nil {
		require.False(t, opens.Before(to), "opens %s", opens)
	} else {
		require.ErrorIs(t, err, calendar.ErrNoWorkingTime)
	}
	closes, err := c.NextClose(at)
	if len(after) > 0 && after[0].To.Before(to) {
		require.NoError(t, err)
		requireInstant(t, after[0].To, closes)
	} else if err == nil {
		require.False(t, closes.Before(to), "closes %s", closes)
	}
	closed, err := c.PrevClose(at)
	if n := len(before); n > 0 {
		require.NoError(t, err)
		requireInstant(t, before[n-1].To, closed)
	} else if err == nil {
		require.False(t, closed.After(from), "closed %s", closed)
	} else {
		require.ErrorIs(t, err, calendar.ErrNoWorkingTime)
	}
}

func requireInstant(t *rapid.T, want, got time.Time) {
	require.True(t, want.Equal(got), "want %s, got %s", want, got)
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

// The oracle itself: a night in Berlin is an hour longer in autumn, and a window in the hour that spring skips is none.
func TestOracle(t *testing.T) {
	d := &desk{loc: location("Europe/Berlin"), first: -1 << 40, last: 1 << 40}
	d.week[0] = [][2]int{{0, 6 * 3600}}
	w := world{desk: d}
	l := w.timeline(at("2026-10-24T00:00:00Z"), at("2026-10-26T00:00:00Z"))
	assert.Equal(t, 7*time.Hour, l.between(at("2026-10-24T00:00:00Z"), at("2026-10-26T00:00:00Z")).sum())
	d.week[0] = [][2]int{{2*3600 + 900, 2*3600 + 1800}}
	l = w.timeline(at("2026-03-28T00:00:00Z"), at("2026-03-30T00:00:00Z"))
	assert.Zero(t, l.between(at("2026-03-28T00:00:00Z"), at("2026-03-30T00:00:00Z")).sum())
}
