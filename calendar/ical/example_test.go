package ical_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/calendar/ical"
)

// A feed of holidays and freezes: the days off close the desk, the freezes are intervals to ask about.
func ExampleRead() {
	const feed = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example.org//calendar//EN
BEGIN:VEVENT
UID:christmas@example.org
DTSTART;VALUE=DATE:20201225
RRULE:FREQ=YEARLY
SUMMARY:Christmas Day
DESCRIPTION:Public holiday
END:VEVENT
BEGIN:VEVENT
UID:clocks@example.org
DTSTART;VALUE=DATE:20261025
SUMMARY:Daylight Saving Time ends
DESCRIPTION:Observance
END:VEVENT
BEGIN:VEVENT
UID:freeze@example.org
DTSTART;TZID=Europe/Brussels:20260130T180000
DTEND;TZID=Europe/Brussels:20260131T060000
RRULE:FREQ=MONTHLY;BYMONTHDAY=-2;BYMONTH=1,6,11
EXDATE;TZID=Europe/Brussels:20260629T180000
CATEGORIES:FREEZE
SUMMARY:Month-end close
END:VEVENT
END:VCALENDAR
`
	brussels, err := time.LoadLocation("Europe/Brussels")
	if err != nil {
		fmt.Println(err)
		return
	}
	from := time.Date(2026, time.January, 1, 0, 0, 0, 0, brussels)
	events, err := ical.Read(strings.NewReader(feed), ical.Options{From: from, To: from.AddDate(1, 0, 0), Zone: brussels})
	if err != nil {
		fmt.Println(err)
		return
	}
	daysOff := ical.Holidays(events, func(e ical.Event) bool { return strings.HasPrefix(e.Description, "Public holiday") })
	desk, err := calendar.New(calendar.Spec{
		Zone: "Europe/Brussels", Weekly: calendar.Weekdays("08:00-18:00"), Holidays: daysOff,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	reported := time.Date(2026, time.December, 24, 16, 0, 0, 0, brussels)
	due, err := desk.Add(reported, 4*time.Hour)
	fmt.Println("due", due.Format(time.RFC1123), err)
	for _, i := range ical.Intervals(events, func(e ical.Event) bool { return slices.Contains(e.Categories, "FREEZE") }) {
		fmt.Println("freeze", i.From.Format("Mon 2 Jan 15:04"), "to", i.To.Format("Mon 2 Jan 15:04"))
	}
	// Output:
	// due Mon, 28 Dec 2026 10:00:00 CET <nil>
	// freeze Fri 30 Jan 18:00 to Sat 31 Jan 06:00
	// freeze Sun 29 Nov 18:00 to Mon 30 Nov 06:00
}

// Every fault is told by its line, and what can be read is there.
func ExampleRead_faults() {
	const feed = `BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
DTSTART;TZID=Somewhere:20260101T080000
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20260230
END:VEVENT
BEGIN:VEVENT
UID:3
DTSTART;VALUE=DATE:20260721
SUMMARY:National Day
END:VEVENT
END:VCALENDAR
`
	from := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	events, err := ical.Read(strings.NewReader(feed), ical.Options{From: from, To: from.AddDate(1, 0, 0)})
	fmt.Println(err)
	for _, e := range events {
		fmt.Println(e.First, e.Summary)
	}
	// Output:
	// ical: line 4: event "1": unknown time zone: "Somewhere"; line 8: event "2": not understood: DTSTART: "20260230", want a date such as 20261225 or a time such as 20261225T120000Z
	// 2026-07-21 National Day
}

// Holidays of a calendar and a freeze, for everybody's own calendar.
func ExampleWrite() {
	events, err := ical.FromHolidays([]calendar.Holiday{
		{Name: "Easter Monday", On: "easter+1"},
		{Name: "Christmas Eve", On: "12-24", Closed: "12:00-24:00"},
	}, "Europe/Brussels", "2026-01-01", "2026-12-31")
	if err != nil {
		fmt.Println(err)
		return
	}
	begins := time.Date(2026, time.November, 27, 18, 0, 0, 0, time.UTC)
	events = append(events, ical.FromIntervals("Change freeze", []calendar.Interval{{From: begins, To: begins.AddDate(0, 0, 3)}})...)
	var feed strings.Builder
	err = ical.Write(&feed, ical.Feed{Name: "Desk", Stamp: begins.AddDate(0, -1, 0), Events: events})
	fmt.Println(strings.ReplaceAll(feed.String(), "\r\n", "\n"), err)
	// Output:
	// BEGIN:VCALENDAR
	// VERSION:2.0
	// PRODID:-//itsmkit//calendar//EN
	// X-WR-CALNAME:Desk
	// BEGIN:VEVENT
	// UID:25be9ba09cd57a0da04725b8c42b69df@itsmkit
	// DTSTAMP:20261027T180000Z
	// DTSTART;VALUE=DATE:20260406
	// DTEND;VALUE=DATE:20260407
	// SUMMARY:Easter Monday
	// END:VEVENT
	// BEGIN:VEVENT
	// UID:f125a6276cd754daf7df93f8d7ae96d7@itsmkit
	// DTSTAMP:20261027T180000Z
	// DTSTART:20261224T110000Z
	// DTEND:20261224T230000Z
	// SUMMARY:Christmas Eve
	// END:VEVENT
	// BEGIN:VEVENT
	// UID:ba6c435d31faba6ea652f97b94d0d0f3@itsmkit
	// DTSTAMP:20261027T180000Z
	// DTSTART:20261127T180000Z
	// DTEND:20261130T180000Z
	// SUMMARY:Change freeze
	// END:VEVENT
	// END:VCALENDAR
	//  <nil>
}
