package sla_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

// late notes how long after their due instants timers fired: the instants of their events, and when those were written.
type late struct {
	*memory.Store
	clock itsm.Clock

	mu              sync.Mutex
	events, written []time.Duration
}

func (s *late) Apply(ctx context.Context, set *itsm.WriteSet) error {
	err := s.Store.Apply(ctx, set)
	s.note(set, err)
	return err
}

func (s *late) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	errs := s.Store.ApplyAll(ctx, sets)
	for i, set := range sets {
		s.note(set, errs[i])
	}
	return errs
}

func (s *late) note(set *itsm.WriteSet, err error) {
	if set.Fired == nil || err != nil {
		return
	}
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, set.Records[0].Event.At.Sub(set.Fired.Due))
	s.written = append(s.written, now.Sub(set.Fired.Due))
}

func (s *late) fired() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

// reportLate reports percentiles in milliseconds.
func reportLate(b *testing.B, what string, list []time.Duration) {
	slices.Sort(list)
	ms := func(of float64) float64 {
		return float64(list[int(of*float64(len(list)-1))].Microseconds()) / 1000
	}
	b.ReportMetric(ms(0.5), what+"p50-ms")
	b.ReportMetric(ms(0.99), what+"p99-ms")
	b.ReportMetric(ms(1), what+"max-ms")
}

// BenchmarkFiringLatency lets a thousand levels a second fall due, one each millisecond, among 20,000 other running clocks,
// under the real runner and the machine's clock. An iteration is a second of it: -benchtime 5x measures five. The floor
// is a goroutine that does nothing but wake up at those instants.
func BenchmarkFiringLatency(b *testing.B) {
	const others, each = 20_000, 1000
	b.Run("levels", func(b *testing.B) {
		clock := itsm.MachineClock()
		store := &late{Store: memory.New(), clock: clock}
		breach := []sla.Level{{Name: "breach", Percent: 100}}
		a := agreement(
			sla.Target{Name: "appointment", Kind: sla.TotalResolution, Deadline: "custom.promised", Levels: breach},
			sla.Target{Name: "resolution", Kind: sla.TotalResolution, Within: map[itsm.Priority]time.Duration{sla.AnyPriority: 1000 * time.Hour}, Levels: breach},
		)
		a.Calendar = nil
		d := must(desk.Open(context.Background(), desk.Config{
			Store: store, Clock: clock, Agreements: []sla.Agreement{*a},
			Incidents: incident.Config{Custom: field.Schema{Version: 1, Fields: []field.Declaration{{Name: "promised", Kind: field.KindInstant}}}},
		}))
		bob := itsmtest.As(context.Background(), itsmtest.Requester("bob"))
		report := func(custom field.Fields) {
			if _, err := d.Incidents.Report(bob, incident.Report{Title: "VPN down", Custom: custom}); err != nil {
				b.Fatal(err)
			}
		}
		for range others {
			report(nil)
		}
		first := clock.Now().Add(time.Second/2 + time.Duration(b.N)*time.Second/4) // by then all of them are there
		for i := range each * b.N {
			report(field.Fields{{Name: "promised", Value: field.Instant(first.Add(time.Duration(i) * time.Millisecond))}})
		}
		if spare := first.Sub(clock.Now()); spare < 0 {
			b.Logf("the first levels were due %v before the runner began", -spare)
		}
		ctx, stop := context.WithCancel(context.Background())
		var runner sync.WaitGroup
		runner.Go(func() { _ = d.Run(ctx) })
		b.ResetTimer()
		for end := first.Add(time.Duration(b.N) * time.Second); store.fired() < each*b.N; end = clock.Now().Add(20 * time.Millisecond) {
			wake, _ := clock.Wake(end)
			<-wake
		}
		b.StopTimer()
		stop()
		runner.Wait()
		reportLate(b, "", store.events)
		reportLate(b, "written-", store.written)
	})
	b.Run("floor", func(b *testing.B) {
		clock := itsm.MachineClock()
		var all []time.Duration
		first := clock.Now().Add(time.Millisecond)
		for i := range each * b.N {
			due := first.Add(time.Duration(i) * time.Millisecond)
			wake, _ := clock.Wake(due)
			<-wake
			all = append(all, clock.Now().Sub(due))
		}
		reportLate(b, "", all)
	})
}
