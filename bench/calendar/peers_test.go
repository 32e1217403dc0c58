package calendar

import (
	"fmt"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/internal/bare"
	"github.com/rickar/cal/v2"
	"github.com/stretchr/testify/require"
)

func ours(tb testing.TB) *calendar.Calendar {
	c, err := calendar.New(bare.NewYork())
	require.NoError(tb, err)
	return c
}

// rickar is rickar/cal's calendar of the same hours and holidays: ten that recur, or a hundred that each come once.
func rickar(tb testing.TB, once bool) *cal.BusinessCalendar {
	c := cal.NewBusinessCalendar()
	c.Cacheable = true
	c.SetWorkHours(9*time.Hour, 17*time.Hour)
	for _, text := range bare.Holidays {
		day, err := time.Parse("01-02", text)
		require.NoError(tb, err)
		h := cal.Holiday{Name: text, Month: day.Month(), Day: day.Day(), Func: cal.CalcDayOfMonth, StartYear: bare.FirstYear, EndYear: bare.LastYear}
		if !once {
			c.AddHoliday(&h)
			continue
		}
		for y := bare.FirstYear; y <= bare.LastYear; y++ {
			one := h
			one.StartYear, one.EndYear = y, y
			c.AddHoliday(&one)
		}
	}
	return c
}

const day = 24 * time.Hour

var (
	budgets = []time.Duration{4, 40, 400, 4000} // hours
	spans   = []struct {
		name string
		d    time.Duration
	}{{"1d", day}, {"30d", 30 * day}, {"1y", 365 * day}, {"10y", 3652 * day}}
)

func floorOf(c *calendar.Calendar) *bare.Calendar {
	return bare.New(c, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC))
}

// What is compared in speed answers the same here: neither hours at night nor work on the Sundays when clocks change.
func TestAllAnswerTheSame(t *testing.T) {
	c := ours(t)
	floor := floorOf(c)
	for _, once := range []bool{false, true} {
		peer := rickar(t, once)
		for i, from := range bare.Starts(c.Location()) {
			if i%16 != 0 {
				continue
			}
			for _, hours := range budgets {
				due, err := c.Add(from, hours*time.Hour)
				require.NoError(t, err)
				require.True(t, due.Equal(floor.Add(from, hours*time.Hour)))
				if hours <= 400 {
					got := peer.AddWorkHours(from, hours*time.Hour)
					require.True(t, due.Equal(got), "%s + %d h: %s, %s", from, hours, due, got)
				}
			}
			for _, s := range spans {
				used, err := c.Between(from, from.Add(s.d))
				require.NoError(t, err)
				require.Equal(t, used, floor.Between(from, from.Add(s.d)))
				if s.d <= 30*day {
					require.Equal(t, used, peer.WorkHoursInRange(from, from.Add(s.d)), "%s + %s", from, s.name)
				}
			}
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	c := ours(b)
	floor, recurring, once := floorOf(c), rickar(b, false), rickar(b, true)
	from := bare.Starts(c.Location())
	for _, hours := range budgets {
		working := hours * time.Hour
		for _, lib := range []struct {
			name string
			add  func(from time.Time)
		}{
			{"floor", func(from time.Time) { floor.Add(from, working) }},
			{"itsmkit", func(from time.Time) { _, _ = c.Add(from, working) }},
			{"rickar-recurring", func(from time.Time) { recurring.AddWorkHours(from, working) }},
			{"rickar-100once", func(from time.Time) { once.AddWorkHours(from, working) }},
		} {
			b.Run(fmt.Sprintf("%dh/%s", hours, lib.name), func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					lib.add(from[i&4095])
				}
			})
		}
	}
}

func BenchmarkBetween(b *testing.B) {
	c := ours(b)
	floor, recurring, once := floorOf(c), rickar(b, false), rickar(b, true)
	from := bare.Starts(c.Location())
	for _, s := range spans {
		to := make([]time.Time, len(from))
		for i := range from {
			to[i] = from[i].Add(s.d)
		}
		for _, lib := range []struct {
			name    string
			between func(from, to time.Time)
		}{
			{"floor", func(from, to time.Time) { floor.Between(from, to) }},
			{"itsmkit", func(from, to time.Time) { _, _ = c.Between(from, to) }},
			{"rickar-recurring", func(from, to time.Time) { recurring.WorkHoursInRange(from, to) }},
			{"rickar-100once", func(from, to time.Time) { once.WorkHoursInRange(from, to) }},
		} {
			b.Run(s.name+"/"+lib.name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					lib.between(from[i&4095], to[i&4095])
				}
			})
		}
	}
}
