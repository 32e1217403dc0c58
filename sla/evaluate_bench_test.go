package sla_test

import (
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// twenty moments of a ticket, five hours apart; with pauses every third is a hold.
func twenty(pauses bool) []sla.Moment {
	moments := make([]sla.Moment, 20)
	for i := range moments {
		m := sla.Moment{At: at("2026-03-02 09:00").Add(time.Duration(i) * 5 * time.Hour), Phase: lifecycle.Active, Priority: 2, Events: []string{"incident.edited"}}
		if pauses && i%3 == 2 {
			m.Phase, m.Hold = lifecycle.Waiting, itsm.HoldCaller
		}
		moments[i] = m
	}
	return moments
}

// One clock of a ticket with twenty moments, without and with pauses, and six; beside each the floor: the look-ups in the
// calendar alone that it cannot do without, one for each stretch, one for the due instant and one for each level.
func BenchmarkEvaluate(b *testing.B) {
	now := at("2026-03-12 09:00")
	three := []sla.Agreement{*agreement(response(), resolution(), of(sla.NextResponse)), *agreement(of(sla.PeriodicUpdate), warned())}
	three[1].Name, three[1].Targets[0].Name = "silver", "update"
	for _, bench := range []struct {
		name       string
		agreements []sla.Agreement
		pauses     bool
	}{
		{"one clock", []sla.Agreement{*agreement(resolution())}, false},
		{"one clock with pauses", []sla.Agreement{*agreement(resolution())}, true},
		{"five clocks with pauses", three, true},
	} {
		terms, moments := must(sla.NewTerms(bench.agreements...)), twenty(bench.pauses)
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				terms.Evaluate("incident", moments, now)
			}
		})
	}
	b.Run("floor without pauses", func(b *testing.B) {
		start := at("2026-03-02 09:00")
		for b.Loop() {
			lookUp(start, now)
		}
	})
	b.Run("floor with pauses", func(b *testing.B) {
		moments := twenty(true)
		for b.Loop() {
			for i := 0; i < 18; i += 3 {
				_, _ = brussels.Between(moments[i].At, moments[i+2].At)
			}
			lookUp(moments[18].At, now)
		}
	})
}

func lookUp(start, now time.Time) {
	_, _ = brussels.Between(start, now)
	for _, within := range []time.Duration{4 * time.Hour, 3 * time.Hour, 4 * time.Hour} {
		_, _ = brussels.Add(start, within)
	}
}
