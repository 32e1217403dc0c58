package calendar_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/internal/bare"
	"github.com/stretchr/testify/require"
)

func newYork(tb testing.TB) *calendar.Calendar {
	c, err := calendar.New(bare.NewYork())
	require.NoError(tb, err)
	return c
}

// floorOf is the floor for all years that the benchmarks of Add and Between ask about.
func floorOf(c *calendar.Calendar) *bare.Calendar {
	return bare.New(c, at("2020-01-01T00:00:00Z"), at("2045-01-01T00:00:00Z"))
}

// The floor is a floor only while it answers the same.
func TestFloorAgrees(t *testing.T) {
	c := newYork(t)
	f := floorOf(c)
	for i, from := range bare.Starts(c.Location()) {
		to := from.Add(time.Duration(i) * 21 * time.Hour)
		require.Equal(t, must(c.Between(from, to)), f.Between(from, to))
		working := time.Duration(i+1) * 77 * time.Minute
		require.Equal(t, must(c.Add(from, working)), f.Add(from, working))
	}
}

// BenchmarkAdd and BenchmarkBetween run beside their floor.
func BenchmarkAdd(b *testing.B) {
	c := newYork(b)
	from := bare.Starts(c.Location())
	floor := floorOf(c)
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
				floor.Add(from[i&4095], hours*time.Hour)
			}
		})
	}
}

func BenchmarkBetween(b *testing.B) {
	c := newYork(b)
	from := bare.Starts(c.Location())
	floor := floorOf(c)
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
				floor.Between(from[i&4095], to[i&4095])
			}
		})
	}
}

func BenchmarkNextOpen(b *testing.B) {
	c := newYork(b)
	from := bare.Starts(c.Location())
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.NextOpen(from[i&4095]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAddPaused(b *testing.B) {
	c := newYork(b)
	from := bare.Starts(c.Location())
	for _, k := range []int{0, 1, 5, 20, 100} {
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
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			c := newYork(b)
			b.StartTimer()
			_ = c.Fingerprint()
		}
	})
	b.Run("again", func(b *testing.B) {
		c := newYork(b)
		for b.Loop() {
			_ = c.Fingerprint()
		}
	})
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
