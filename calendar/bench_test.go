package calendar_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/require"
)

// newYork is the calendar of the benchmarks: 9 to 17, Monday to Friday, 100 holidays in ten years.
func newYork(tb testing.TB) *calendar.Calendar {
	s := calendar.Spec{Zone: "America/New_York", Weekly: calendar.Weekdays("09:00-17:00")}
	for y := 2020; y < 2030; y++ {
		for _, day := range []string{"01-01", "01-20", "02-17", "05-26", "06-19", "07-04", "09-01", "10-13", "11-11", "12-25"} {
			s.Holidays = append(s.Holidays, calendar.Holiday{Name: day, On: calendar.Days(fmt.Sprintf("%d-%s", y, day))})
		}
	}
	c, err := calendar.New(s)
	require.NoError(tb, err)
	return c
}

// starts are random instants of the ten years that have holidays, in the calendar's zone.
func starts(c *calendar.Calendar) []time.Time {
	random := rand.New(rand.NewPCG(1, 2))
	first := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	list := make([]time.Time, 4096) // a power of two, so that walking them costs nothing
	for i := range list {
		list[i] = first.Add(time.Duration(random.Int64N(int64(10 * 365 * 24 * time.Hour)))).In(c.Location())
	}
	return list
}

// The years that the benchmarks of Add and Between ask about, compiled beforehand.
var benchmarked = [2]time.Time{time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2045, 1, 1, 0, 0, 0, 0, time.UTC)}

// BenchmarkAdd and BenchmarkBetween run beside their floor.
func BenchmarkAdd(b *testing.B) {
	c := newYork(b)
	from := starts(c)
	bare := newFloor(c, benchmarked[0], benchmarked[1])
	for _, hours := range []time.Duration{4, 40, 400, 4000} {
		b.Run(fmt.Sprintf("%dh", hours), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.Add(from[i&4095], hours*time.Hour); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%dh/floor", hours), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				bare.Add(from[i&4095], hours*time.Hour)
			}
		})
	}
}

func BenchmarkBetween(b *testing.B) {
	c := newYork(b)
	from := starts(c)
	bare := newFloor(c, benchmarked[0], benchmarked[1])
	const day = 24 * time.Hour
	for _, span := range []struct {
		name string
		d    time.Duration
	}{{"1d", day}, {"30d", 30 * day}, {"1y", 365 * day}, {"10y", 3652 * day}} {
		to := make([]time.Time, len(from))
		for i := range from {
			to[i] = from[i].Add(span.d)
		}
		b.Run(span.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.Between(from[i&4095], to[i&4095]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(span.name+"/floor", func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				bare.Between(from[i&4095], to[i&4095])
			}
		})
	}
}

func BenchmarkNextOpen(b *testing.B) {
	c := newYork(b)
	from := starts(c)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.NextOpen(from[i&4095]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddPaused(b *testing.B) {
	c := newYork(b)
	from := starts(c)
	for _, k := range []int{1, 5, 20} {
		b.Run(fmt.Sprint(k), func(b *testing.B) {
			pauses := make([][]calendar.Pause, len(from))
			for i, t := range from {
				for range k {
					p := calendar.Pause{From: t.Add(time.Hour), To: t.Add(5 * time.Hour)}
					pauses[i], t = append(pauses[i], p), p.To
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.AddPaused(from[i&4095], 40*time.Hour, pauses[i&4095]...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFingerprint(b *testing.B) {
	c := newYork(b)
	for b.Loop() {
		_ = c.Fingerprint()
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newYork(b)
	}
}

// BenchmarkCompileYear asks fresh calendars of ten years about them, and reports time and kept memory by year.
func BenchmarkCompileYear(b *testing.B) {
	const years = 10
	first, last := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2029, 12, 31, 0, 0, 0, 0, time.UTC)
	var kept []*calendar.Calendar
	for i := 0; i < 200; i++ {
		kept = append(kept, newYork(b))
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for _, c := range kept {
		_, _ = c.Between(first, last)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	perYear := float64(after.HeapAlloc-before.HeapAlloc) / float64(len(kept)*years)
	runtime.KeepAlive(kept)

	for b.Loop() {
		b.StopTimer()
		c := newYork(b)
		b.StartTimer()
		_, _ = c.Between(first, last)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*years), "ns/year")
	b.ReportMetric(perYear, "kept-B/year")
}
