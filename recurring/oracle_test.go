package recurring_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/recurring"
)

// oracleZones have changes of every kind: hours and half hours, at midnight and by day, forward and back, dates that are
// skipped or repeated, negative summer time, and none.
var oracleZones = []string{
	"UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Sao_Paulo", "America/Santiago", "America/Havana",
	"Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Tehran", "Asia/Kathmandu", "Asia/Gaza", "Australia/Lord_Howe",
	"Antarctica/Troll", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "Asia/Manila", "America/St_Johns",
}

// fieldText draws one field, and what it matches by the definition of crontab(5).
func fieldText(t *rapid.T, label string, low, high int) (text string, has func(int) bool, star bool) {
	pick := func() int { return rapid.IntRange(low, high).Draw(t, label) }
	switch rapid.IntRange(0, 4).Draw(t, label+" form") {
	case 0:
		a, b := pick(), pick()
		a, b = min(a, b), max(a, b)
		return itoa(a) + "-" + itoa(b), func(v int) bool { return v >= a && v <= b }, false
	case 1:
		a, b := pick(), pick()
		return itoa(a) + "," + itoa(b), func(v int) bool { return v == a || v == b }, false
	case 2:
		n := rapid.IntRange(2, high-low).Draw(t, label+" step")
		return "*/" + itoa(n), func(v int) bool { return (v-low)%n == 0 }, false
	case 3:
		a := pick()
		return itoa(a), func(v int) bool { return v == a }, false
	}
	return "*", func(int) bool { return true }, true
}

func itoa(n int) string {
	if n >= 10 {
		return itoa(n/10) + string(rune('0'+n%10))
	}
	return string(rune('0' + n))
}

// TestTheOracle holds Next to a walk over every minute of three days around a change of clocks: a reading comes at the
// first minute that shows it or a later one.
func TestTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(oracleZones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		around := time.Unix(rapid.Int64Range(-1000000000, 4000000000).Draw(t, "around")/60*60, 0).In(loc)
		if _, change := around.ZoneBounds(); !change.IsZero() && change.Second() == 0 {
			around = change
		}
		minute, hasMinute, _ := fieldText(t, "minute", 0, 59)
		hour, hasHour, _ := fieldText(t, "hour", 0, 23)
		day, hasDay, anyDay := fieldText(t, "day of month", 1, 31)
		weekday, hasWeekday, anyWeekday := fieldText(t, "day of week", 0, 6)
		s, err := recurring.Parse(strings.Join([]string{minute, hour, day, "*", weekday}, " "), zone)
		require.NoError(t, err)
		matches := func(reading time.Time) bool {
			d, w := hasDay(reading.Day()), hasWeekday(int(reading.Weekday()))
			date := d || w
			if anyDay || anyWeekday {
				date = d && w
			}
			return hasMinute(reading.Minute()) && hasHour(reading.Hour()) && date
		}

		shown := func(at time.Time) time.Time {
			_, offset := at.In(loc).Zone()
			return at.UTC().Add(time.Duration(offset) * time.Second)
		}
		from, to := around.Add(-36*time.Hour), around.Add(36*time.Hour)
		reached := shown(from.Add(-time.Minute)) // the latest reading that the clock had shown
		for before := from.Add(-60 * time.Hour); before.Before(from); before = before.Add(time.Minute) {
			if r := shown(before); r.After(reached) {
				reached = r
			}
		}
		var want []time.Time
		for now := from; now.Before(to); now = now.Add(time.Minute) {
			come := false
			for r := shown(now); reached.Before(r); {
				reached = reached.Add(time.Minute)
				come = come || matches(reached)
			}
			if come {
				want = append(want, now.UTC())
			}
		}
		var got []time.Time
		for next := range s.Between(from, to) {
			got = append(got, next.UTC())
		}
		require.Equal(t, want, got, "%s around %s", s, around)
		for _, asked := range []time.Time{from, around.Add(-1), around, around.Add(30 * time.Minute)} {
			i := slices.IndexFunc(want, func(w time.Time) bool { return w.After(asked) })
			if i < 0 {
				continue
			}
			next, err := s.Next(asked)
			require.NoError(t, err)
			require.Equal(t, want[i], next.UTC(), "%s after %s", s, asked)
		}
	})
}
