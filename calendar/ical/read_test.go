package ical_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/calendar/ical"
)

func zone(t require.TestingT, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

// feed wraps the lines of events, or of what else is in a calendar.
func feed(lines ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VCALENDAR\r\n"
}

func event(lines ...string) string {
	return "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT"
}

func year(t require.TestingT, y int) ical.Options {
	brussels := zone(t, "Europe/Brussels")
	return ical.Options{From: time.Date(y, 1, 1, 0, 0, 0, 0, brussels), To: time.Date(y+1, 1, 1, 0, 0, 0, 0, brussels), Zone: brussels}
}

// lines are events as a test shows them: all-day ones by their dates, others in UTC.
func lines(events []ical.Event) (all []string) {
	for _, e := range events {
		if e.AllDay {
			all = append(all, fmt.Sprintf("%s..%s", e.First, e.Last))
			continue
		}
		all = append(all, e.From.UTC().Format("0102T150405")+"-"+e.To.UTC().Format("0102T150405"))
	}
	return all
}

func TestStartsAndLengths(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines string
		want  string
	}{
		{"all day", "DTSTART;VALUE=DATE:20260721", "2026-07-21..2026-07-21"},
		{"all day without saying so", "DTSTART:20260721", "2026-07-21..2026-07-21"},
		{"all day, to the next", "DTSTART;VALUE=DATE:20260721|DTEND;VALUE=DATE:20260722", "2026-07-21..2026-07-21"},
		{"all day, to itself", "DTSTART;VALUE=DATE:20260721|DTEND;VALUE=DATE:20260721", "2026-07-21..2026-07-21"},
		{"days", "DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20270102", "2026-12-24..2027-01-01"},
		{"days by duration", "DTSTART;VALUE=DATE:20261224|DURATION:P1W2D", "2026-12-24..2027-01-01"},
		{"UTC", "DTSTART:20260721T080000Z|DTEND:20260721T093000Z", "0721T080000-0721T093000"},
		{"floating", "DTSTART:20260721T080000|DTEND:20260721T093000", "0721T060000-0721T073000"},
		{"a zone", "DTSTART;TZID=America/New_York:20260721T080000|DTEND;TZID=America/New_York:20260721T093000", "0721T120000-0721T133000"},
		{"two zones", "DTSTART;TZID=America/New_York:20260721T080000|DTEND;TZID=\"Europe/London\":20260721T140000", "0721T120000-0721T130000"},
		{"a zone with a path", "DTSTART;TZID=/example.org/2026/America/New_York:20260721T080000", "0721T120000-0721T120000"},
		{"a zone of three parts with a path", "DTSTART;TZID=/example.org/America/Indiana/Knox:20260721T080000", "0721T130000-0721T130000"},
		{"no end", "DTSTART:20260721T080000Z", "0721T080000-0721T080000"},
		{"duration", "DTSTART:20260721T080000Z|DURATION:PT1H30M5S", "0721T080000-0721T093005"},
		{"duration, other order", "DURATION:+P1DT2H|DTSTART:20260721T080000Z", "0721T080000-0722T100000"},
		{"lower case", "dtstart;value=date:20260721|summary:x", "2026-07-21..2026-07-21"},
		{"leap second", "DTSTART:20260721T235960Z", "0721T235959-0721T235959"},
		// 30 hours that really pass, and one date and six hours of the clock, over the night in which an hour is skipped
		{"hours over a change", "DTSTART;TZID=Europe/Brussels:20260328T120000|DURATION:PT30H", "0328T110000-0329T170000"},
		{"days over a change", "DTSTART;TZID=Europe/Brussels:20260328T120000|DURATION:P1DT6H", "0328T110000-0329T160000"},
		// RFC 5545, 3.3.5: a time that does not exist goes by the offset before, one that is twice is the first
		{"skipped", "DTSTART;TZID=America/New_York:20260308T023000", "0308T073000-0308T073000"},
		{"skipped, east", "DTSTART;TZID=Europe/Brussels:20260329T023000", "0329T013000-0329T013000"},
		{"twice", "DTSTART;TZID=America/New_York:20261101T013000", "1101T053000-1101T053000"},
		{"twice, east", "DTSTART;TZID=Europe/Brussels:20261025T023000", "1025T003000-1025T003000"},
		{"just before a gap", "DTSTART;TZID=Europe/Brussels:20260329T015959", "0329T005959-0329T005959"},
		{"just after a gap", "DTSTART;TZID=Europe/Brussels:20260329T030000", "0329T010000-0329T010000"},
		{"just after an overlap", "DTSTART;TZID=Europe/Brussels:20261025T030000", "1025T020000-1025T020000"},
		{"half an hour of an overlap", "DTSTART;TZID=Australia/Lord_Howe:20260405T013000", "0404T143000-0404T143000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			events, err := ical.Read(strings.NewReader(feed(event(strings.Split(test.lines, "|")...))), year(t, 2026))
			require.NoError(t, err)
			assert.Equal(t, test.want, strings.Join(lines(events), " "))
		})
	}
}

func TestRepetition(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"every year, begun long ago", []string{"DTSTART;VALUE=DATE:19901225", "RRULE:FREQ=YEARLY"}, "2026-12-25..2026-12-25"},
		{"ended before", []string{"DTSTART;VALUE=DATE:19901225", "RRULE:FREQ=YEARLY;COUNT=5"}, ""},
		{"counted into the window", []string{"DTSTART;VALUE=DATE:20211225", "RRULE:FREQ=YEARLY;COUNT=6"}, "2026-12-25..2026-12-25"},
		{"not without a rule", []string{"DTSTART;VALUE=DATE:20251225"}, ""},
		{"exceptions", []string{"DTSTART:20260105T080000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20260112T080000Z,20260119T080000Z"},
			"0105T080000-0105T090000 0126T080000-0126T090000"},
		{"exceptions by date", []string{"DTSTART:20260105T080000Z", "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE;VALUE=DATE:20260112"},
			"0105T080000-0105T080000"},
		{"the first is an exception", []string{"DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=WEEKLY;COUNT=2", "EXDATE;VALUE=DATE:20260105"},
			"2026-01-12..2026-01-12"},
		{"exception of an all-day event as a time", []string{"DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE:20260112T000000", "EXDATE:20260119T000000Z"},
			"2026-01-05..2026-01-05"},
		{"more dates", []string{"DTSTART;VALUE=DATE:20260105", "RDATE;VALUE=DATE:20260301,20260105", "RDATE;VALUE=DATE:20260401"},
			"2026-01-05..2026-01-05 2026-03-01..2026-03-01 2026-04-01..2026-04-01"},
		{"periods", []string{"DTSTART:20260105T080000Z", "DURATION:PT1H", "RDATE;VALUE=PERIOD:20260301T080000Z/PT2H,20260401T080000Z/20260401T083000Z"},
			"0105T080000-0105T090000 0301T080000-0301T100000 0401T080000-0401T083000"},
		{"on the local clock, real length", []string{"DTSTART;TZID=Europe/Brussels:20260321T220000", "DTEND;TZID=Europe/Brussels:20260322T060000", "RRULE:FREQ=WEEKLY;COUNT=2"},
			"0321T210000-0322T050000 0328T210000-0329T050000"},
		{"hourly edges of gaps and overlaps", []string{"DTSTART;TZID=Europe/Brussels:20260328T023000", "RRULE:FREQ=DAILY;COUNT=3"},
			"0328T013000-0328T013000 0329T013000-0329T013000 0330T003000-0330T003000"},
		{"the first of two", []string{"DTSTART;TZID=Europe/Brussels:20261024T023000", "RRULE:FREQ=DAILY;COUNT=3"},
			"1024T003000-1024T003000 1025T003000-1025T003000 1026T013000-1026T013000"},
		{"until an instant", []string{"DTSTART;TZID=Europe/Brussels:20260701T100000", "RRULE:FREQ=DAILY;UNTIL=20260702T080000Z"},
			"0701T080000-0701T080000 0702T080000-0702T080000"},
		{"two rules, once each", []string{"DTSTART;VALUE=DATE:20260105", "RRULE:FREQ=WEEKLY;COUNT=2", "RRULE:FREQ=DAILY;INTERVAL=7;COUNT=3"},
			"2026-01-05..2026-01-05 2026-01-12..2026-01-12 2026-01-19..2026-01-19"},
		{"long ones that reach into the window", []string{"DTSTART;VALUE=DATE:20001224", "DTEND;VALUE=DATE:20010107", "RRULE:FREQ=YEARLY"},
			"2025-12-24..2026-01-06 2026-12-24..2027-01-06"},
		{"without end, from the year 1", []string{"DTSTART;VALUE=DATE:00010101", "RRULE:FREQ=YEARLY"}, "2026-01-01..2026-01-01"},
	} {
		t.Run(test.name, func(t *testing.T) {
			events, err := ical.Read(strings.NewReader(feed(event(test.lines...))), year(t, 2026))
			require.NoError(t, err)
			assert.Equal(t, test.want, strings.Join(lines(events), " "))
		})
	}
}

func TestOccurrencesThatWereChanged(t *testing.T) {
	weekly := event("SUMMARY:freeze", "DTSTART;TZID=Europe/Brussels:20260105T080000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3")
	for _, test := range []struct {
		name  string
		other []string
		want  string
	}{
		{"moved", []string{event("RECURRENCE-ID;TZID=Europe/Brussels:20260112T080000", "DTSTART:20260113T100000Z", "DTEND:20260113T120000Z")},
			"0105T070000-0105T080000 0113T100000-0113T120000 0119T070000-0119T080000"},
		{"named in UTC", []string{event("RECURRENCE-ID:20260112T070000Z", "DTSTART:20260113T100000Z")},
			"0105T070000-0105T080000 0113T100000-0113T100000 0119T070000-0119T080000"},
		{"cancelled", []string{event("RECURRENCE-ID:20260112T070000Z", "DTSTART:20260112T070000Z", "STATUS:CANCELLED")},
			"0105T070000-0105T080000 0119T070000-0119T080000"},
		{"twice, the later counts", []string{
			event("SEQUENCE:2", "RECURRENCE-ID:20260112T070000Z", "DTSTART:20260114T100000Z"),
			event("SEQUENCE:1", "RECURRENCE-ID:20260112T070000Z", "DTSTART:20260113T100000Z")},
			"0105T070000-0105T080000 0114T100000-0114T100000 0119T070000-0119T080000"},
		{"of nobody", []string{strings.Replace(event("RECURRENCE-ID:20260112T070000Z", "DTSTART:20260113T100000Z"), "UID:1", "UID:2", 1)},
			"0105T070000-0105T080000 0112T070000-0112T080000 0113T100000-0113T100000 0119T070000-0119T080000"},
		{"the event as it is now", []string{event("SEQUENCE:1", "DTSTART:20260301T100000Z")}, "0301T100000-0301T100000"},
		{"the event as it was", []string{event("SEQUENCE:-1", "DTSTART:20260301T100000Z")},
			"0105T070000-0105T080000 0112T070000-0112T080000 0119T070000-0119T080000"},
		{"the event is cancelled", []string{event("SEQUENCE:1", "DTSTART:20260105T070000Z", "STATUS:CANCELLED")}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, all := range [][]string{append([]string{weekly}, test.other...), append(test.other, weekly)} {
				events, err := ical.Read(strings.NewReader(feed(all...)), year(t, 2026))
				require.NoError(t, err)
				assert.Equal(t, test.want, strings.Join(lines(events), " "))
			}
		})
	}
}

// A zone of a name that only the calendar knows, as Outlook writes it.
const ownZone = "BEGIN:VTIMEZONE\r\nTZID:Our Time\r\n" +
	"BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n" +
	"BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\n" +
	"END:VTIMEZONE"

// What a calendar says of a zone gives the same instants as what Go knows of it.
func TestOwnZones(t *testing.T) {
	var own, known []string
	for _, text := range []string{
		"20260105T080000", "20260329T015959", "20260329T020000", "20260329T023000", "20260329T030000", "20260701T000000",
		"20261025T015959", "20261025T020000", "20261025T023000", "20261025T030000", "20261231T235959",
	} {
		own = append(own, strings.Replace(event("DTSTART;TZID=Our Time:"+text), "UID:1", "UID:"+text, 1))
		known = append(known, strings.Replace(event("DTSTART;TZID=Europe/Brussels:"+text), "UID:1", "UID:"+text, 1))
	}
	got, err := ical.Read(strings.NewReader(feed(append(own, ownZone)...)), year(t, 2026))
	require.NoError(t, err)
	want, err := ical.Read(strings.NewReader(feed(known...)), year(t, 2026))
	require.NoError(t, err)
	require.Len(t, want, len(own))
	assert.Equal(t, lines(want), lines(got))
	assert.Equal(t, "0329T013000-0329T013000", lines(got)[4])
	assert.Equal(t, "1025T003000-1025T003000", lines(got)[8])

	// rules that ended, and single dates
	dated := strings.NewReplacer("DTSTART:16010101T030000", "DTSTART:20251026T030000", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "RDATE:20261025T030000",
		"BYDAY=-1SU;BYMONTH=3", "BYDAY=-1SU;BYMONTH=3;UNTIL=20260401T000000Z").Replace(ownZone)
	got, err = ical.Read(strings.NewReader(feed(append(own, dated)...)), year(t, 2026))
	require.NoError(t, err)
	assert.Equal(t, lines(want), lines(got))

	// an IANA name means what Go knows, whatever the calendar says
	got, err = ical.Read(strings.NewReader(feed(event("DTSTART;TZID=Asia/Tokyo:20260105T080000"), strings.Replace(ownZone, "Our Time", "Asia/Tokyo", 1))), year(t, 2026))
	require.NoError(t, err)
	assert.Equal(t, []string{"0104T230000-0104T230000"}, lines(got))
}

func TestTextsAndLines(t *testing.T) {
	text := feed(event(`SUMMARY;LANGUAGE=fr;X-A="a:b;c":No\, really\; a \\ and a\nline`, "DTSTART;VALUE=DATE:20260721",
		"CATEGORIES:HOLIDAY,Public\\, all", "CATEGORIES:x", "TRANSP:TRANSPARENT", "STATUS:TENTATIVE",
		"DESCRIPTION:a line that was fol\r\n ded in the mid\r\n\tdle of w\xc3\r\n \xb6rds", "X-OTHER;broken", "ATTENDEE;CN=\"x\":mailto:a@b",
		"BEGIN:VALARM", "TRIGGER:-PT15M", "SUMMARY:not this", "END:VALARM"), "BEGIN:VTODO", "UID:9", "DTSTART:x", "END:VTODO")
	text = strings.Replace(text, "X-OTHER;broken\r\n", "", 1)
	want := ical.Event{
		UID: "1", Summary: "No, really; a \\ and a\nline", Description: "a line that was folded in the middle of wörds",
		Categories: []string{"HOLIDAY", "Public, all", "x"}, Tentative: true, Transparent: true,
		AllDay: true, First: "2026-07-21", Last: "2026-07-21", Line: 4,
	}
	brussels := zone(t, "Europe/Brussels")
	want.Interval = calendar.Interval{From: time.Date(2026, 7, 21, 0, 0, 0, 0, brussels), To: time.Date(2026, 7, 22, 0, 0, 0, 0, brussels)}
	for name, text := range map[string]string{
		"CRLF":           text,
		"LF":             strings.ReplaceAll(text, "\r\n", "\n"),
		"BOM":            "\uFEFF" + text,
		"no end of line": strings.TrimRight(text, "\r\n"),
		"trailing lines": text + "\r\n\r\n",
	} {
		events, err := ical.Read(iotest.OneByteReader(strings.NewReader(text)), year(t, 2026))
		require.NoError(t, err, name)
		assert.Equal(t, []ical.Event{want}, events, name)
	}
	events, err := ical.Read(strings.NewReader(text+text), year(t, 2026))
	require.NoError(t, err)
	assert.Len(t, events, 2, "two calendars in one stream")
}

func TestEveryFaultAtOnceByLine(t *testing.T) {
	text := feed(
		event("DTSTART;VALUE=DATE:20260721"),               // 4
		event("SUMMARY:x"),                                 // 9
		event("DTSTART:20261301"),                          // 14, the fault on 17
		event("DTSTART;TZID=Nowhere/Town:20260101T080000"), // 19, 22
		event("DTSTART:20260101T080000Z", "DTEND:20260101T070000Z", "RRULE:FREQ=HOURLY"), // 24, 28
		event("DTSTART:20260101T080000Z", "RRULE:FREQ=HOURLY"),                           // 31, 35
		event("DTSTART:20260101T080000Z", "RRULE:FREQ=DAILY;COUNT=x"),                    // 37, 41
		event("DTSTART:20260101T080000Z", "DTEND;VALUE=DATE:20260102"),                   // 43, 47
		event("DTSTART:20260101T080000Z", "DURATION:-PT1H"),                              // 49, 53
		event("DTSTART;VALUE=DATE:20260101", "DURATION:PT1H"),                            // 55, 59
		event("DTSTART:20260101T080000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20260101T080000Z"),
		event("DTSTART:20260101T080000Z", "EXDATE:x", "RDATE;VALUE=DATE:20260101", "EXRULE:FREQ=DAILY"),
		"nonsense",
	)
	events, err := ical.Read(strings.NewReader(text), year(t, 2026))
	var all *ical.Error
	require.ErrorAs(t, err, &all)
	var got []string
	for _, f := range all.Faults {
		got = append(got, f.Error())
	}
	assert.Equal(t, []string{
		`line 9: event "1": not understood: DTSTART is missing`,
		`line 17: event "1": not understood: DTSTART: "20261301", want a date such as 20261225 or a time such as 20261225T120000Z`,
		`line 22: event "1": unknown time zone: "Nowhere/Town"`,
		`line 28: event "1": not understood: the end lies before the start`,
		`line 35: event "1": RRULE: "FREQ=HOURLY": not supported: give several hours of a day by BYHOUR`,
		`line 41: event "1": RRULE: "COUNT=X": not understood: want a whole number from 1 on`,
		`line 47: event "1": not understood: the start and the end are both dates, or both times`,
		`line 53: event "1": not understood: the duration "-PT1H", want one such as P1D, P2W or PT1H30M`,
		`line 59: event "1": not understood: an all-day event lasts whole days`,
		`line 65: event "1": not supported: RECURRENCE-ID with RANGE`,
		`line 71: event "1": not understood: EXDATE: "x", want a date such as 20261225 or a time such as 20261225T120000Z`,
		`line 72: event "1": not understood: RDATE and the start are both dates, or both times`,
		`line 73: event "1": not supported: EXRULE, which RFC 5545 has given up; list the dates as EXDATE`,
		`line 75: not understood: "nonsense" has no colon`,
	}, got)
	assert.Equal(t, []string{"2026-07-21..2026-07-21"}, lines(events), "what can be read is")
	for _, is := range []error{ical.ErrSyntax, ical.ErrZone, ical.ErrUnsupported} {
		assert.ErrorIs(t, err, is)
	}
	assert.NotErrorIs(t, err, ical.ErrLimit)
}

func TestDamagedCalendars(t *testing.T) {
	good := event("DTSTART;VALUE=DATE:20260721")
	for name, test := range map[string]struct {
		text string
		says string
		left int
	}{
		"empty":                {"", "no VCALENDAR", 0},
		"a web page":           {"<!DOCTYPE html>\n<html></html>", "line 1", 0},
		"no calendar":          {good, "outside of a calendar", 0},
		"cut off":              {strings.TrimSuffix(feed(good), "END:VCALENDAR\r\n"), `line 1: not understood: "VCALENDAR" does not end`, 1},
		"cut off in the event": {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260721", `line 2: not understood: "VEVENT" does not end`, 1},
		"event not closed":     {feed("BEGIN:VEVENT", "DTSTART:20260721"), `line 4: not understood: "VEVENT" does not end`, 1},
		"ends nothing":         {feed(good, "END:VEVENT"), `line 9: not understood: END:"VEVENT" ends nothing`, 1},
		"broken parameters":    {feed(event("DTSTART;TZID:20260721"), good), "line 7: not understood: the parameters of", 1},
		"parameter cut off":    {feed(event("DTSTART;TZID=\"a:20260721"), good), "has no colon", 1},
		"too many parameters":  {feed(event("DTSTART"+strings.Repeat(";A=B", 400)+":20260721"), good), "more than 32 parameters", 1},
		"long parameters":      {feed(event("DTSTART;A="+strings.Repeat("B", 2000)+":20260721"), good), "or 1024 bytes of them", 1},
		"zone without a name":  {feed("BEGIN:VTIMEZONE", "END:VTIMEZONE", good), "line 4: not understood: VTIMEZONE has no TZID", 1},
		"zone without rules":   {feed("BEGIN:VTIMEZONE", "TZID:x", "END:VTIMEZONE", event("DTSTART;TZID=x:20260721T080000")), "neither STANDARD nor DAYLIGHT", 0},
		"zone with bad offset": {feed(strings.ReplaceAll(ownZone, "+0200", "+2"), event("DTSTART;TZID=Our Time:20260721T080000")), "needs a local DTSTART", 0},
		"Local":                {feed(event("DTSTART;TZID=Local:20260721T080000")), "unknown time zone", 0},
		"path":                 {feed(event("DTSTART;TZID=../../etc/passwd:20260721T080000")), "unknown time zone", 0},
	} {
		events, err := ical.Read(strings.NewReader(test.text), year(t, 2026))
		require.ErrorContains(t, err, test.says, name)
		assert.Len(t, events, test.left, name)
	}
}

func TestBounds(t *testing.T) {
	daily := event("SUMMARY:x", "DTSTART:20260101T080000Z", "RRULE:FREQ=DAILY")
	options := year(t, 2026)
	events, err := ical.Read(strings.NewReader(feed(daily)), options)
	require.NoError(t, err, "a rule without end is fine inside a window")
	assert.Len(t, events, 365)

	options.Limit = 100
	events, err = ical.Read(strings.NewReader(feed(daily)), options)
	require.ErrorIs(t, err, ical.ErrLimit)
	assert.EqualError(t, err, `ical: line 4: event "1": too many occurrences: more than 100 in the window`)
	assert.Nil(t, events)

	options = year(t, 2026)
	options.Size = 100
	_, err = ical.Read(strings.NewReader(feed(daily)), options)
	require.ErrorIs(t, err, ical.ErrSize)
	_, err = ical.Read(strings.NewReader(strings.Repeat("BEGIN:VCALENDAR\n", 100)), year(t, 2026))
	require.ErrorIs(t, err, ical.ErrSize)

	// a thousand events that never happen: each step is counted
	never := strings.Repeat(event("DTSTART:18000101T080000Z", "RRULE:FREQ=DAILY;COUNT=2000000;BYMONTH=2;BYMONTHDAY=30")+"\r\n", 1000)
	_, err = ical.Read(strings.NewReader(feed(never)), year(t, 2026))
	require.ErrorIs(t, err, ical.ErrLimit)

	many := strings.Repeat(event("DTSTART:x")+"\r\n", 150)
	_, err = ical.Read(strings.NewReader(feed(many)), year(t, 2026))
	var all *ical.Error
	require.ErrorAs(t, err, &all)
	assert.Len(t, all.Faults, 100)
	assert.ErrorContains(t, err, "; and 50 more")

	broken := errors.New("connection reset")
	_, err = ical.Read(iotest.ErrReader(broken), year(t, 2026))
	assert.ErrorIs(t, err, broken)

	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, o := range []ical.Options{
		{}, {From: noon, To: noon}, {From: noon.AddDate(-300, 0, 0), To: noon}, {From: noon, To: noon.AddDate(300, 0, 0)},
		{From: noon, To: noon.AddDate(1, 0, 0), Limit: -1}, {From: noon, To: noon.AddDate(1, 0, 0), Size: -1},
	} {
		_, err := ical.Read(strings.NewReader(feed(daily)), o)
		assert.ErrorIs(t, err, ical.ErrOptions)
	}
}

// The window is half-open, like what lies in it.
func TestTheWindow(t *testing.T) {
	noon := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
	options := ical.Options{From: noon, To: noon.Add(time.Hour)}
	for text, in := range map[string]bool{
		"DTSTART:20260701T110000Z|DTEND:20260701T120000Z": false, // ends as it begins
		"DTSTART:20260701T110000Z|DTEND:20260701T120001Z": true,
		"DTSTART:20260701T130000Z|DTEND:20260701T140000Z": false, // begins as it ends
		"DTSTART:20260701T125959Z|DTEND:20260701T140000Z": true,
		"DTSTART:20260601T000000Z|DTEND:20260801T000000Z": true,
		"DTSTART:20260701T120000Z":                        true, // without length
		"DTSTART:20260701T130000Z":                        false,
		"DTSTART:20260701T115959Z":                        false,
		"DTSTART;VALUE=DATE:20260701":                     true,
		"DTSTART;VALUE=DATE:20260702":                     false,
	} {
		events, err := ical.Read(strings.NewReader(feed(event(strings.Split(text, "|")...))), options)
		require.NoError(t, err, text)
		assert.Equal(t, in, len(events) == 1, text)
	}
}
