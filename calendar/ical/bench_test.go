package ical_test

import (
	"fmt"
	"strings"
	"testing"

	ics "github.com/arran4/golang-ical"

	"github.com/itsmkit/itsmkit/calendar/ical"
)

// Two hundred events of a zone, each expanded to twelve occurrences, beside the other library parsing the same text.
func BenchmarkRead(b *testing.B) {
	var all []string
	for i := range 200 {
		all = append(all, event(fmt.Sprintf("SUMMARY:event %d", i), "DTSTART;TZID=Europe/Brussels:20200105T080000", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;BYDAY=1SU"))
	}
	text, options := feed(all...), year(b, 2026)
	b.Run("floor=parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c, err := ics.ParseCalendar(strings.NewReader(text)); err != nil || len(c.Events()) != 200 {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if events, err := ical.Read(strings.NewReader(text), options); err != nil || len(events) != 2400 {
				b.Fatal(len(events), err)
			}
		}
	})
}
