package icalendar_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/icalendar"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/itsm"
)

const finance = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example.org//finance//EN
BEGIN:VEVENT
UID:close@example.org
DTSTART;TZID=Europe/Brussels:20260130T180000
DTEND;TZID=Europe/Brussels:20260131T060000
RRULE:FREQ=MONTHLY;BYMONTHDAY=-2;COUNT=4
EXDATE;TZID=Europe/London:20260227T170000
SUMMARY:Month-end close
END:VEVENT
BEGIN:VEVENT
UID:close@example.org
RECURRENCE-ID;TZID=Europe/Brussels:20260330T180000
DTSTART;TZID=Europe/Brussels:20260331T180000
DTEND;TZID=Europe/Brussels:20260401T060000
SUMMARY:Month-end close
END:VEVENT
BEGIN:VEVENT
UID:year@example.org
DTSTART;VALUE=DATE:20261219
DTEND;VALUE=DATE:20270104
SUMMARY:Year-end freeze
END:VEVENT
BEGIN:VEVENT
UID:party@example.org
DTSTART:20260619T150000Z
DURATION:PT4H
STATUS:CANCELLED
SUMMARY:Summer party
END:VEVENT
END:VCALENDAR
`

// The feed of another department is the freezes of a desk: pass them as change.Config.Windows, or declare each.
func ExampleWindows() {
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		fmt.Println(err)
		return
	}
	from := time.Date(2026, time.January, 1, 0, 0, 0, 0, brussels)
	freezes, err := icalendar.Windows(strings.NewReader(finance), icalendar.Options{
		From: from, Until: from.AddDate(1, 0, 0), Location: brussels,
		Scope: schedule.Scope{Services: []string{"ledger"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range freezes {
		fmt.Println(w.Kind, w.Name, w.Scope.Services)
		for _, s := range w.Slots {
			fmt.Println(" ", s.Start.Format("Mon 2 Jan 15:04"), "-", s.End.Format("Mon 2 Jan 15:04"))
		}
	}
	// Output:
	// freeze Month-end close [ledger]
	//   Fri 30 Jan 17:00 - Sat 31 Jan 05:00
	//   Tue 31 Mar 16:00 - Wed 1 Apr 04:00
	//   Wed 29 Apr 16:00 - Thu 30 Apr 04:00
	// freeze Year-end freeze [ledger]
	//   Fri 18 Dec 23:00 - Sun 3 Jan 23:00
}

// Slots alone, of the events that count.
func ExampleRead() {
	from := time.Date(2026, time.December, 1, 0, 0, 0, 0, time.UTC)
	slots, err := icalendar.Read(strings.NewReader(finance), icalendar.Options{
		From: from, Until: from.AddDate(0, 1, 0),
		Keep: func(e icalendar.Event) bool { return strings.HasSuffix(e.Summary, "freeze") },
	})
	for _, s := range slots {
		fmt.Println(s.Start, s.End)
	}
	fmt.Println(err)
	// Output:
	// 2026-12-19 00:00:00 +0000 UTC 2027-01-04 00:00:00 +0000 UTC
	// <nil>
}

// Faults are told by line and event. Beside them is what could be read.
func ExampleRead_faults() {
	const feed = `BEGIN:VCALENDAR
BEGIN:VEVENT
UID:audit
DTSTART;TZID=Somewhere:20260301T080000
END:VEVENT
BEGIN:VEVENT
UID:release
DTSTART:20260401T080000Z
DURATION:PT1H
END:VEVENT
END:VCALENDAR
`
	from := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	slots, err := icalendar.Read(strings.NewReader(feed), icalendar.Options{From: from, Until: from.AddDate(1, 0, 0)})
	fmt.Println(err)
	fmt.Println(len(slots), slots[0].Start)
	// Output:
	// ical: line 4: event "audit": unknown time zone: "Somewhere"
	// 1 2026-04-01 08:00:00 +0000 UTC
}

// The view is that of Changes.CalendarOf for the same span.
func ExampleWrite() {
	from := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	var c change.Change
	c.ID, c.Version, c.UpdatedAt = "CHG0000012", 9, from.Add(-time.Hour)
	c.Title, c.Type, c.Risk, c.State = "Replace the router, and its cables", change.Normal, itsm.High, change.StateScheduled
	c.Start, c.End = from.Add(22*time.Hour), from.Add(24*time.Hour)
	view := change.CalendarView{Changes: []change.Change{c}, Windows: []schedule.Window{
		{Name: "End of quarter", Kind: schedule.Freeze, Slots: []schedule.Slot{{Start: from.AddDate(0, 0, 28), End: from.AddDate(0, 1, 1)}}},
	}}
	var feed strings.Builder
	err := icalendar.Write(&feed, view, icalendar.WriteOptions{
		From: from, Until: from.AddDate(0, 1, 0), Domain: "acme.example.org", Name: "Changes",
		URL: func(c change.Change) string { return "https://desk.example.org/changes/" + c.ID },
	})
	fmt.Println(strings.ReplaceAll(feed.String(), "\r\n", "\n"), err)
	// Output:
	// BEGIN:VCALENDAR
	// VERSION:2.0
	// PRODID:-//itsmkit//change calendar//EN
	// X-WR-CALNAME:Changes
	// BEGIN:VEVENT
	// UID:CHG0000012@acme.example.org
	// DTSTAMP:20260228T230000Z
	// DTSTART:20260301T220000Z
	// DTEND:20260302T000000Z
	// SEQUENCE:9
	// SUMMARY:CHG0000012 Replace the router\, and its cables
	// STATUS:CONFIRMED
	// CATEGORIES:normal
	// CATEGORIES:high
	// URL:https://desk.example.org/changes/CHG0000012
	// END:VEVENT
	// BEGIN:VEVENT
	// UID:freeze-23c422b5fa1b540543ef7dfe99fa3654@acme.example.org
	// DTSTAMP:20260301T000000Z
	// DTSTART:20260329T000000Z
	// DTEND:20260402T000000Z
	// SUMMARY:End of quarter
	// CATEGORIES:freeze
	// END:VEVENT
	// END:VCALENDAR
	//  <nil>
}

// Of a change calendar that another desk publishes, only the freezes count.
func ExampleOptions_keep() {
	from := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	var c change.Change
	c.ID, c.UpdatedAt, c.Start, c.End = "CHG0000012", from, from, from.Add(time.Hour)
	var feed strings.Builder
	err := icalendar.Write(&feed, change.CalendarView{Changes: []change.Change{c}, Windows: []schedule.Window{
		{Name: "End of quarter", Kind: schedule.Freeze, Slots: []schedule.Slot{{Start: from.AddDate(0, 0, 28), End: from.AddDate(0, 1, 1)}}},
	}}, icalendar.WriteOptions{From: from, Until: from.AddDate(0, 1, 0), Domain: "acme.example.org"})
	if err != nil {
		fmt.Println(err)
		return
	}
	freezes, err := icalendar.Windows(strings.NewReader(feed.String()), icalendar.Options{
		From: from, Until: from.AddDate(0, 1, 0),
		Keep: func(e icalendar.Event) bool { return slices.Contains(e.Categories, string(schedule.Freeze)) },
	})
	fmt.Println(len(freezes), freezes[0].Name, freezes[0].Slots, err)
	// Output:
	// 1 End of quarter [{2026-03-29 00:00:00 +0000 UTC 2026-04-02 00:00:00 +0000 UTC}] <nil>
}
