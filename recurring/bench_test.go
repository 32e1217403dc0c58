package recurring_test

import (
	"testing"
	"time"

	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/recurring"
)

// BenchmarkNext asks for the next occurrence; the floor is the library's own answer, which is wrong at changes of clocks.
func BenchmarkNext(b *testing.B) {
	now := time.Date(2026, time.March, 6, 12, 0, 0, 0, time.UTC)
	for _, bm := range []struct {
		name string
		spec recurring.Spec
	}{
		{"weekdays", recurring.Spec{Cron: "0 9 * * MON-FRI"}},
		{"minutes", recurring.Spec{Cron: "*/5 * * * *"}},
		{"leap day", recurring.Spec{Cron: "0 9 29 2 *"}},
		{"first Monday", recurring.Spec{Cron: "0 9 * * *", On: "1st mon"}},
		{"interval", recurring.Spec{Cron: "@every 90m"}},
		{"working time", recurring.Spec{Cron: "0 9 * * *", Calendar: "support"}},
	} {
		bm.spec.Zone = "Europe/Brussels"
		s := made(b, bm.spec, support(b))
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Next(now); err != nil {
					b.Fatal(err)
				}
			}
		})
		if bm.spec.On+bm.spec.Calendar != "" {
			continue
		}
		floor, err := cron.ParseStandard("CRON_TZ=" + bm.spec.Zone + " " + bm.spec.Cron)
		require.NoError(b, err)
		b.Run(bm.name+", the library", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if floor.Next(now).IsZero() {
					b.Fatal("never")
				}
			}
		})
	}
}

// BenchmarkRefuse is what it costs to find out that a date never comes.
func BenchmarkRefuse(b *testing.B) {
	hours := support(b)
	for name, spec := range map[string]recurring.Spec{
		"30 February":         {Cron: "* * 30 2 *", Zone: "Europe/Brussels"},
		"the 15th, 1st mon":   {Cron: "* * 15 * *", Zone: "Europe/Brussels", On: "1st mon"},
		"never working hours": {Cron: "0 3 * * *", Zone: "Europe/Brussels", Calendar: "support"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := recurring.NewSchedule(spec, hours); err == nil {
					b.Fatal("it comes")
				}
			}
		})
	}
}

// BenchmarkOccurrence fires the timer of an occurrence, which makes an incident and links it; the floor is the bare report
// of an incident.
func BenchmarkOccurrence(b *testing.B) {
	b.Run("occurrence", func(b *testing.B) {
		d := newDesk(b)
		plan := daily()
		plan.Schedule.Cron = "* * * * *"
		d.planned(plan)
		b.ReportAllocs()
		for b.Loop() {
			d.clock.Set(d.clock.Now().Add(time.Minute))
			if n, err := d.kernel.FireDue(d.root); err != nil || n != 1 {
				b.Fatal(n, err)
			}
		}
	})
	b.Run("report", func(b *testing.B) {
		d := newDesk(b)
		system := itsm.WithActor(b.Context(), itsmtest.System())
		b.ReportAllocs()
		for b.Loop() {
			if _, err := d.incidents.Report(system, incident.Report{Title: "Check the backups", Service: "backup"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkUpcoming lists a week of a hundred recurrences.
func BenchmarkUpcoming(b *testing.B) {
	d := newDesk(b)
	for range 100 {
		d.planned(daily())
	}
	from := d.clock.Now()
	b.ReportAllocs()
	for b.Loop() {
		coming, err := d.Upcoming(d.ann, from, from.Add(7*day), 0)
		if err != nil || len(coming) != 700 {
			b.Fatal(len(coming), err)
		}
	}
}
