package icalendar_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/icalendar"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/itsm"
)

// Two hundred events of a zone, each expanded to twelve occurrences, beside the other library parsing the same text.
func BenchmarkWindows(b *testing.B) {
	var all []string
	for i := range 200 {
		all = append(all, event(fmt.Sprintf("UID:%d|SUMMARY:freeze %d|DTSTART;TZID=Europe/Brussels:20200105T080000|DURATION:PT1H|RRULE:FREQ=MONTHLY;BYDAY=1SU", i, i)))
	}
	text, options := feed(all...), in2026(b)
	b.Run("floor=parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if c, err := ics.ParseCalendar(strings.NewReader(text)); err != nil || len(c.Events()) != 200 {
				b.Fatal(err)
			}
		}
	})
	b.Run("windows", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if windows, err := icalendar.Windows(strings.NewReader(text), options); err != nil || len(windows) != 200 {
				b.Fatal(len(windows), err)
			}
		}
	})
}

// A thousand changes of a month and its nights, beside the library making and writing the same properties.
func BenchmarkWrite(b *testing.B) {
	o := march()
	view := change.CalendarView{Windows: []schedule.Window{{Name: "Nights", Kind: schedule.Allowed, Calendar: nights(b)}}}
	for i := range 1000 {
		start := o.From.Add(time.Duration(i) * 40 * time.Minute)
		c := planned(fmt.Sprintf("CHG%07d", i), "Replace the router, and its cables", start.Format(time.RFC3339), start.Add(time.Hour).Format(time.RFC3339))
		c.Risk = itsm.High
		view.Changes = append(view.Changes, c)
	}
	made, err := ics.ParseCalendar(strings.NewReader(written(b, view, o)))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("floor=library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			same := ics.NewCalendarFor("itsmkit")
			for _, e := range made.Events() {
				copied := same.AddEvent(e.Id())
				for _, p := range e.Properties {
					copied.AddProperty(ics.ComponentProperty(p.IANAToken), p.Value)
				}
			}
			if err := same.SerializeTo(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := icalendar.Write(io.Discard, view, o); err != nil {
				b.Fatal(err)
			}
		}
	})
}
