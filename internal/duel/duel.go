// Package duel measures work beside its floor, turn by turn, so that both meet the same machine: what counts is the ratio.
package duel

import (
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Duel is work and its floor: what must be done by hand for the same.
type Duel struct {
	// Floor and Ours do the work n times.
	Floor, Ours func(n int)
	// Most bounds n; 0 is no bound.
	Most int
}

// Rounds is how often each is measured; the medians are reported.
const Rounds = 5

// Run measures and reports. With -benchtime 1x each does its work three times a round, to see that it still does.
func (d Duel) Run(b *testing.B) {
	b.Helper()
	n := 3
	if !OnceOnly() {
		n = d.size()
	}
	var floor, ours []time.Duration
	for range Rounds {
		floor = append(floor, Timed(d.Floor, n))
		ours = append(ours, Timed(d.Ours, n))
	}
	Report(b, floor, ours, n)
}

// Report tells the medians of rounds of n.
func Report(b *testing.B, floor, ours []time.Duration, n int) {
	slices.Sort(floor)
	slices.Sort(ours)
	f, o := floor[Rounds/2], ours[Rounds/2]
	b.ReportMetric(float64(f.Nanoseconds())/float64(n), "floor-ns/op")
	b.ReportMetric(float64(o.Nanoseconds())/float64(n), "ours-ns/op")
	b.ReportMetric(float64(f)/float64(o), "ratio")
	b.ReportMetric(0, "ns/op") // of the whole benchmark, which says nothing
}

// size is how often the work is done in a round of about half a second.
func (d Duel) size() int {
	n := 4
	for {
		took := Timed(d.Ours, n)
		if took > 100*time.Millisecond {
			n = int(float64(n) * float64(500*time.Millisecond) / float64(took))
			break
		}
		n *= 2
		if d.Most > 0 && n >= d.Most {
			break
		}
	}
	if d.Most > 0 {
		n = min(n, d.Most)
	}
	return max(n, 1)
}

// Timed is how long it takes to do work n times.
func Timed(work func(n int), n int) time.Duration {
	clock := itsm.MachineClock()
	began := clock.Now()
	work(n)
	return clock.Now().Sub(began)
}

// Callers shares n turns among some goroutines, each of which knows its number.
func Callers(count, n int, turn func(caller, i int)) {
	var wg sync.WaitGroup
	for c := range count {
		wg.Go(func() {
			for i := c; i < n; i += count {
				turn(c, i)
			}
		})
	}
	wg.Wait()
}

// Must ends a benchmark that cannot go on.
func Must(err error) {
	if err != nil {
		panic(fmt.Sprint("benchmark: ", err))
	}
}

// OnceOnly reports whether benchmarks run once, to see that they still do.
func OnceOnly() bool {
	f := flag.Lookup("test.benchtime")
	return f != nil && f.Value.String() == "1x"
}
