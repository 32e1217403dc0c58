package ical_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/calendar/ical"
)

var stamp = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestWhatIsWritten(t *testing.T) {
	brussels := zone(t, "Europe/Brussels")
	var out bytes.Buffer
	require.NoError(t, ical.Write(&out, ical.Feed{Name: "Desk; closed", Stamp: stamp.In(brussels), Events: []ical.Event{
		{UID: "1@desk", Summary: "Christmas, at last", AllDay: true, First: "2026-12-25", Last: "2026-12-26", Transparent: true},
		{UID: "2@desk", Summary: "freeze", Description: strings.Repeat("größer ", 12) + "\nend", Categories: []string{"FREEZE", "a,b"}, Tentative: true,
			Interval: calendar.Interval{From: time.Date(2026, 7, 1, 10, 0, 0, 0, brussels), To: time.Date(2026, 7, 1, 12, 0, 0, 1, brussels)}},
		{UID: "3@desk", Summary: "a moment", Interval: calendar.Interval{From: stamp, To: stamp}},
	}}))
	text := out.String()
	for _, line := range strings.SplitAfter(text, "\r\n") {
		assert.LessOrEqual(t, len(strings.TrimSuffix(line, "\r\n")), 75, "octets of a line")
		assert.NotContains(t, strings.TrimSuffix(line, "\r\n"), "\n")
	}
	assert.Equal(t, strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//itsmkit//calendar//EN", `X-WR-CALNAME:Desk\; closed`,
		"BEGIN:VEVENT", "UID:1@desk", "DTSTAMP:20260102T030405Z", "DTSTART;VALUE=DATE:20261225", "DTEND;VALUE=DATE:20261227",
		`SUMMARY:Christmas\, at last`, "TRANSP:TRANSPARENT", "END:VEVENT",
		"BEGIN:VEVENT", "UID:2@desk", "DTSTAMP:20260102T030405Z", "DTSTART:20260701T080000Z", "DTEND:20260701T100001Z", "SUMMARY:freeze",
		"DESCRIPTION:" + strings.Repeat("größer ", 12) + `\nend`, "CATEGORIES:FREEZE", `CATEGORIES:a\,b`, "STATUS:TENTATIVE", "END:VEVENT",
		"BEGIN:VEVENT", "UID:3@desk", "DTSTAMP:20260102T030405Z", "DTSTART:20260102T030405Z", "SUMMARY:a moment", "END:VEVENT",
		"END:VCALENDAR", "",
	}, "\r\n"), strings.ReplaceAll(text, "\r\n ", ""))

	other, err := ics.ParseCalendar(strings.NewReader(text))
	require.NoError(t, err, "another library reads it")
	assert.Len(t, other.Events(), 3)
}

func TestUIDsAreStableAndEachOnesOwn(t *testing.T) {
	at := func(hour int) calendar.Interval {
		return calendar.Interval{From: stamp.Add(time.Duration(hour) * time.Hour), To: stamp.AddDate(0, 0, 1)}
	}
	feed := ical.Feed{Stamp: stamp, Events: []ical.Event{
		{Summary: "a", Interval: at(0)}, {Summary: "b", Interval: at(0)}, {Summary: "a", Interval: at(1)}, {Summary: "a", Interval: at(0)},
		{UID: "x", Interval: at(0)}, {UID: "x", Interval: at(1)}, {UID: "y", Interval: at(0)},
		{Summary: "a", AllDay: true, First: "2026-01-02", Last: "2026-01-02"},
	}}
	uids := func() (all []string) {
		var out bytes.Buffer
		require.NoError(t, ical.Write(&out, feed))
		for line := range strings.SplitSeq(out.String(), "\r\n") {
			if uid, ok := strings.CutPrefix(line, "UID:"); ok {
				all = append(all, uid)
			}
		}
		return all
	}
	first := uids()
	assert.Equal(t, first, uids())
	known := map[string]bool{}
	for _, uid := range first {
		assert.False(t, known[uid], uid)
		known[uid] = true
	}
	assert.Equal(t, []string{"x-20260102T030405Z", "x-20260102T040405Z", "y"}, first[4:7])
	assert.Equal(t, first[0]+"-2", first[3])
	feed.Stamp = stamp.AddDate(1, 0, 0)
	feed.Events = feed.Events[:1]
	assert.Equal(t, first[:1], uids(), "whatever else there is")
}

func TestWhatCannotBeWritten(t *testing.T) {
	var out bytes.Buffer
	err := ical.Write(&out, ical.Feed{Events: []ical.Event{
		{Summary: "a", Interval: calendar.Interval{From: stamp, To: stamp.Add(-1)}},
		{Summary: "b", AllDay: true, First: "2026-12-25"},
		{Summary: "c", AllDay: true, First: "2026-12-25", Last: "2026-12-24"},
		{Summary: "d", Interval: calendar.Interval{From: stamp, To: stamp.AddDate(9000, 0, 0)}},
	}})
	for _, says := range []string{"the Stamp", `events[0] "a"`, `events[1] "b"`, `events[2] "c": not understood: Last 2026-12-24`, `events[3] "d"`} {
		assert.ErrorContains(t, err, says)
	}
	require.ErrorIs(t, err, ical.ErrSyntax)
	assert.Zero(t, out.Len())

	full := errors.New("disk full")
	assert.ErrorIs(t, ical.Write(fullDisk{full}, ical.Feed{Stamp: stamp}), full)
}

type fullDisk struct{ err error }

func (d fullDisk) Write([]byte) (int, error) { return 0, d.err }

// What is written is read as the same events, whatever their texts.
func TestRoundTrip(t *testing.T) {
	zones := []string{"UTC", "Europe/Brussels", "America/Sao_Paulo", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia"}
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z,;:\\" \nöł—]{0,200}`))
	rapid.Check(t, func(t *rapid.T) {
		loc := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
		from := time.Date(2000, 1, 1, 0, 0, 0, 0, loc)
		clean := func(text string) string {
			return strings.Map(func(r rune) rune {
				if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
					return -1
				}
				return r
			}, strings.ReplaceAll(text, "\r\n", "\n"))
		}
		var want []ical.Event
		for i := range rapid.IntRange(0, 5).Draw(t, "events") {
			e := ical.Event{
				UID: fmt.Sprintf("%d@desk", i), Summary: clean(texts.Draw(t, "summary")), Description: clean(texts.Draw(t, "description")),
				Tentative: rapid.Bool().Draw(t, "tentative"), Transparent: rapid.Bool().Draw(t, "transparent"),
				AllDay: rapid.Bool().Draw(t, "allDay"),
			}
			if e.AllDay {
				day := from.AddDate(0, 0, rapid.IntRange(2, 20000).Draw(t, "day"))
				e.First, e.Last = calendar.DateOf(day), calendar.DateOf(day.AddDate(0, 0, rapid.IntRange(0, 40).Draw(t, "days")))
			} else {
				e.From = from.Add(time.Duration(rapid.Int64Range(2*86400, 20000*86400).Draw(t, "from")) * time.Second)
				e.To = e.From.Add(time.Duration(rapid.Int64Range(0, 40*86400).Draw(t, "seconds")) * time.Second)
			}
			want = append(want, e)
		}
		var out bytes.Buffer
		require.NoError(t, ical.Write(&out, ical.Feed{Stamp: stamp, Events: want}))
		got, err := ical.Read(&out, ical.Options{From: from, To: from.AddDate(70, 0, 0), Zone: loc})
		require.NoError(t, err)
		require.Len(t, got, len(want))
		for _, g := range got {
			var i int
			_, err := fmt.Sscanf(g.UID, "%d@desk", &i)
			require.NoError(t, err)
			if g.Line = 0; g.AllDay {
				assert.Equal(t, g.First, calendar.DateOf(g.From), "an all-day event begins with its date")
				g.Interval = calendar.Interval{}
			} else {
				assert.True(t, g.From.Equal(want[i].From) && g.To.Equal(want[i].To))
				g.Interval = want[i].Interval
			}
			assert.Equal(t, want[i], g)
		}
	})
}

func TestHolidaysAsEventsAndBack(t *testing.T) {
	holidays := []calendar.Holiday{
		{Name: "Christmas Day", On: "12-25"},
		{Name: "Easter Monday", On: "easter+1"},
		{Name: "shutdown", On: "2026-12-28..2026-12-31"},
		{Name: "Christmas Eve", On: "12-24", Closed: "12:00-24:00"},
	}
	events, err := ical.FromHolidays(holidays, "Europe/Brussels", "2026-01-01", "2027-12-31")
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, ical.Write(&out, ical.Feed{Stamp: stamp, Events: events}))
	options := year(t, 2026)
	options.To = options.To.AddDate(1, 0, 0)
	read, err := ical.Read(&out, options)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"2026-04-06..2026-04-06", "1224T110000-1224T230000", "2026-12-25..2026-12-25", "2026-12-28..2026-12-31",
		"2027-03-29..2027-03-29", "1224T110000-1224T230000", "2027-12-25..2027-12-25",
	}, lines(read))
	assert.Equal(t, []calendar.Holiday{
		{Name: "Easter Monday", On: "2026-04-06"}, {Name: "Christmas Day", On: "2026-12-25"},
		{Name: "shutdown", On: "2026-12-28..2026-12-31"}, {Name: "Easter Monday", On: "2027-03-29"}, {Name: "Christmas Day", On: "2027-12-25"},
	}, ical.Holidays(read, nil))

	// the same calendar, out of rules and out of the feed
	spec := calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("08:00-18:00"), Holidays: holidays}
	want, err := calendar.New(spec)
	require.NoError(t, err)
	spec.Holidays = ical.Holidays(read, nil)
	spec.Breaks, err = ical.Breaks(read, options.Zone, nil)
	require.NoError(t, err)
	got, err := calendar.New(spec)
	require.NoError(t, err)
	for from := options.From; from.Before(options.To); from = from.AddDate(0, 0, 7) {
		a, err := want.Between(from, from.AddDate(0, 0, 7))
		require.NoError(t, err)
		b, err := got.Between(from, from.AddDate(0, 0, 7))
		require.NoError(t, err)
		assert.Equal(t, a, b, "%s", from)
	}

	_, err = ical.FromHolidays([]calendar.Holiday{{On: "x"}, {On: "12-25", Closed: "9"}}, "Europe/Brussels", "2026-01-01", "2026-12-31")
	require.ErrorIs(t, err, calendar.ErrSyntax)
	assert.ErrorContains(t, err, "holidays[0]")
	assert.ErrorContains(t, err, "holidays[1]")
	_, err = ical.FromHolidays(holidays, "Europe/Brussels", "2026", "2026-12-31")
	assert.ErrorIs(t, err, ical.ErrSyntax)
}

// A desk's feed lists days on which everybody works: https://github.com/zammad/zammad/issues/390. And one that is in the
// feed twice is a holiday once: https://github.com/zammad/zammad/issues/5076.
func TestDaysThatAreNoHolidaysAreLeftOut(t *testing.T) {
	events, err := ical.Read(strings.NewReader(feed(
		event("SUMMARY:Christmas Day", "DESCRIPTION:Public holiday", "DTSTART;VALUE=DATE:20261225"),
		event("SUMMARY:Christmas Day", "DESCRIPTION:Public holiday", "DTSTART;VALUE=DATE:20261225"),
		event("SUMMARY:Daylight Saving Time ends", "DESCRIPTION:Observance", "DTSTART;VALUE=DATE:20261025"),
		event("SUMMARY:team lunch", "DESCRIPTION:Public holiday", "DTSTART:20261224T110000Z"),
	)), year(t, 2026))
	require.NoError(t, err)
	assert.Len(t, ical.Holidays(events, nil), 2)
	assert.Equal(t, []calendar.Holiday{{Name: "Christmas Day", On: "2026-12-25"}},
		ical.Holidays(events, func(e ical.Event) bool { return strings.HasPrefix(e.Description, "Public holiday") }))
}

func TestIntervals(t *testing.T) {
	events, err := ical.Read(strings.NewReader(feed(
		event("CATEGORIES:FREEZE", "DTSTART:20260301T080000Z", "DTEND:20260301T100000Z"),
		event("CATEGORIES:FREEZE", "DTSTART:20260301T090000Z", "DTEND:20260301T120000Z"), // overlaps
		event("CATEGORIES:FREEZE", "DTSTART:20260301T093000Z", "DTEND:20260301T094500Z"), // inside
		event("CATEGORIES:FREEZE", "DTSTART:20260301T120000Z", "DTEND:20260301T130000Z"), // touches
		event("CATEGORIES:FREEZE", "DTSTART:20260301T150000Z"),                           // without length
		event("CATEGORIES:FREEZE", "DTSTART;VALUE=DATE:20260401"),
		event("DTSTART:20260501T080000Z", "DTEND:20260501T100000Z"),
	)), year(t, 2026))
	require.NoError(t, err)
	var got []string
	for _, i := range ical.Intervals(events, func(e ical.Event) bool { return len(e.Categories) > 0 }) {
		got = append(got, i.From.UTC().Format("0102T1504")+"-"+i.To.UTC().Format("0102T1504"))
	}
	assert.Equal(t, []string{"0301T0800-0301T1300", "0331T2200-0401T2200"}, got)
	assert.Len(t, ical.Intervals(events, nil), 3)
}

func TestBreaks(t *testing.T) {
	brussels := zone(t, "Europe/Brussels")
	events, err := ical.Read(strings.NewReader(feed(
		event("SUMMARY:move", "DTSTART;TZID=Europe/Brussels:20260301T220000", "DTEND;TZID=Europe/Brussels:20260303T063015"),
		event("SUMMARY:day", "DTSTART;VALUE=DATE:20260401"),
		event("SUMMARY:drill", "DTSTART:20261025T003000Z", "DTEND:20261025T020000Z"), // from the first 02:30 to 03:00
	)), year(t, 2026))
	require.NoError(t, err)
	breaks, err := ical.Breaks(events, brussels, nil)
	require.NoError(t, err)
	assert.Equal(t, []calendar.Break{
		{Name: "move", On: "2026-03-01", Hours: "22:00-24:00"}, {Name: "move", On: "2026-03-02", Hours: "00:00-24:00"},
		{Name: "move", On: "2026-03-03", Hours: "00:00-06:30:15"}, {Name: "drill", On: "2026-10-25", Hours: "02:30-03:00"},
	}, breaks)
	c, err := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Daily(calendar.AllDay), Breaks: breaks})
	require.NoError(t, err)
	for _, i := range ical.Intervals(events, func(e ical.Event) bool { return !e.AllDay }) {
		open, err := c.Between(i.From, i.To)
		require.NoError(t, err)
		assert.Zero(t, open)
		assert.True(t, c.Contains(i.From.Add(-1)) && c.Contains(i.To))
	}

	second := time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC) // the second 02:30
	_, err = ical.Breaks([]ical.Event{{UID: "7", Interval: calendar.Interval{From: second, To: second.Add(time.Hour)}}}, brussels, nil)
	require.ErrorIs(t, err, ical.ErrUnsupported)
	assert.ErrorContains(t, err, `event "7"`)
}

func FuzzRead(f *testing.F) {
	f.Add(feed(event("DTSTART;VALUE=DATE:20260721", "RRULE:FREQ=YEARLY;BYMONTH=7;BYDAY=3TU", "EXDATE;VALUE=DATE:20270720")))
	f.Add(feed(ownZone, event("DTSTART;TZID=Our Time:20260329T023000", "DURATION:P1DT2H", "RDATE;VALUE=PERIOD:20260301T080000Z/PT2H")))
	f.Add(feed(event("SUMMARY:a\\, b\r\n c", "DTSTART:20260721T080000", "DTEND:20260721T090000Z"), event("RECURRENCE-ID:20260721T060000Z", "DTSTART:20260101")))
	f.Add("\uFEFFBEGIN:VCALENDAR\nBEGIN;A=\"b:VEVENT\nbegin:vevent\nDTSTART;TZID=/a/b/Asia/Tokyo:00010101T235960\nend:vevent")
	f.Add("END:X\nBEGIN\n :VCALENDAR\n\tX\nA;B=C")
	f.Fuzz(func(t *testing.T, text string) {
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		options := ical.Options{From: from, To: from.AddDate(2, 0, 0), Limit: 500, Size: 1 << 16}
		events, err := ical.Read(strings.NewReader(text), options)
		var all *ical.Error
		if err != nil && !errors.As(err, &all) {
			t.Fatal(err)
		}
		if len(events) > 500 {
			t.Fatalf("%d events", len(events))
		}
		for _, e := range events {
			if e.To.Before(e.From) || !e.From.Before(options.To) || e.To.Before(options.From) {
				t.Fatalf("%s to %s", e.From, e.To)
			}
		}
		var out bytes.Buffer
		if err := ical.Write(&out, ical.Feed{Stamp: from, Events: events}); err != nil {
			t.Fatal(err)
		}
		again, err := ical.Read(&out, options)
		if err != nil || len(again) != len(events) {
			t.Fatalf("%d of %d events, %v", len(again), len(events), err)
		}
		for i, e := range again {
			if !e.From.Equal(events[i].From) || !e.To.Equal(events[i].To) || e.AllDay != events[i].AllDay {
				t.Fatalf("%v became %v", events[i], e)
			}
		}
	})
}
