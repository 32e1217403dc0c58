package icalendar_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/icalendar"
	"github.com/itsmkit/itsmkit/change/schedule"
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

// event wraps lines that | divides.
func event(lines string) string {
	return "BEGIN:VEVENT\r\n" + strings.ReplaceAll(lines, "|", "\r\n") + "\r\nEND:VEVENT"
}

// in2026 is the year 2026 in Brussels.
func in2026(t require.TestingT) icalendar.Options {
	brussels := zone(t, "Europe/Brussels")
	return icalendar.Options{
		From: time.Date(2026, 1, 1, 0, 0, 0, 0, brussels), Until: time.Date(2027, 1, 1, 0, 0, 0, 0, brussels), Location: brussels,
	}
}

// shown are slots as a test shows them, in UTC.
func shown(slots []schedule.Slot) string {
	var all []string
	for _, s := range slots {
		all = append(all, s.Start.Format("0102T1504")+"-"+s.End.Format("0102T1504"))
	}
	return strings.Join(all, " ")
}

func TestSlotsOfEvents(t *testing.T) {
	const own = "BEGIN:VTIMEZONE|TZID:Ours|BEGIN:STANDARD|DTSTART:20000101T000000|TZOFFSETFROM:+0200|TZOFFSETTO:+0200|END:STANDARD|END:VTIMEZONE"
	for _, test := range []struct {
		name   string
		events []string
		want   string
	}{
		{"UTC", []string{"DTSTART:20260721T080000Z|DTEND:20260721T093000Z"}, "0721T0800-0721T0930"},
		{"a zone", []string{"DTSTART;TZID=America/New_York:20260721T080000|DTEND;TZID=America/New_York:20260721T093000"}, "0721T1200-0721T1330"},
		{"floating, at the location", []string{"DTSTART:20260721T080000|DURATION:PT90M"}, "0721T0600-0721T0730"},
		{"a zone that the feed describes", []string{own, "DTSTART;TZID=Ours:20260721T080000|DURATION:PT1H"}, "0721T0600-0721T0700"},
		{"a whole day", []string{"DTSTART;VALUE=DATE:20260721"}, "0720T2200-0721T2200"},
		{"whole days, the end not among them", []string{"DTSTART;VALUE=DATE:20260720|DTEND;VALUE=DATE:20260723"}, "0719T2200-0722T2200"},
		{"the day of 23 hours", []string{"DTSTART;VALUE=DATE:20260329"}, "0328T2300-0329T2200"},
		{"the day of 25 hours", []string{"DTSTART;VALUE=DATE:20261025"}, "1024T2200-1025T2300"},
		{"both of them, and an exception by date", []string{"DTSTART;VALUE=DATE:20260329|RRULE:FREQ=MONTHLY;BYMONTHDAY=29,25;BYMONTH=3,10;COUNT=3|EXDATE;VALUE=DATE:20261029"},
			"0328T2300-0329T2200 1024T2200-1025T2300"},
		{"nights keep the local hour", []string{"DTSTART;TZID=Europe/Brussels:20260327T230000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=3"},
			"0327T2200-0327T2300 0328T2200-0328T2300 0329T2100-0329T2200"},
		{"an exception in another zone", []string{"DTSTART;TZID=Europe/Brussels:20260105T220000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=3|EXDATE;TZID=America/New_York:20260112T160000"},
			"0105T2100-0105T2200 0119T2100-0119T2200"},
		{"an exception in UTC, in summer", []string{"DTSTART;TZID=Europe/Brussels:20260706T220000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2|EXDATE:20260713T200000Z"},
			"0706T2000-0706T2100"},
		{"more dates", []string{"DTSTART:20260105T220000Z|DURATION:PT1H|RDATE:20260107T220000Z"}, "0105T2200-0105T2300 0107T2200-0107T2300"},
		{"a moved occurrence", []string{
			"UID:1|DTSTART:20260105T220000Z|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=3",
			"UID:1|RECURRENCE-ID:20260112T220000Z|DTSTART:20260114T100000Z|DURATION:PT2H",
		}, "0105T2200-0105T2300 0114T1000-0114T1200 0119T2200-0119T2300"},
		{"moved out of the span", []string{
			"UID:1|DTSTART:20260105T220000Z|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2",
			"UID:1|RECURRENCE-ID:20260112T220000Z|DTSTART:20270114T100000Z|DURATION:PT2H",
		}, "0105T2200-0105T2300"},
		{"moved into the span", []string{
			"UID:1|DTSTART:20251222T220000Z|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2",
			"UID:1|RECURRENCE-ID:20251229T220000Z|DTSTART:20260102T220000Z|DURATION:PT1H",
		}, "0102T2200-0102T2300"},
		{"a cancelled occurrence", []string{
			"UID:1|DTSTART:20260105T220000Z|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2",
			"UID:1|RECURRENCE-ID:20260112T220000Z|DTSTART:20260112T220000Z|DURATION:PT1H|STATUS:CANCELLED",
		}, "0105T2200-0105T2300"},
		{"cancelled", []string{"DTSTART:20260105T220000Z|DURATION:PT1H|STATUS:CANCELLED"}, ""},
		{"tentative", []string{"DTSTART:20260105T220000Z|DURATION:PT1H|STATUS:TENTATIVE"}, "0105T2200-0105T2300"},
		{"free time", []string{"DTSTART:20260105T220000Z|DURATION:PT1H|TRANSP:TRANSPARENT"}, "0105T2200-0105T2300"},
		{"a moment", []string{"DTSTART:20260105T220000Z"}, ""},
		{"in order, whatever the feed's", []string{"DTSTART:20260105T220000Z|DURATION:PT1H", "DTSTART:20260104T220000Z|DURATION:PT1H"},
			"0104T2200-0104T2300 0105T2200-0105T2300"},
		{"what touches is one", []string{"DTSTART:20260105T220000Z|DURATION:PT1H", "DTSTART:20260105T230000Z|DURATION:PT1H"}, "0105T2200-0106T0000"},
		{"what overlaps is one", []string{"DTSTART:20260105T220000Z|DURATION:PT4H", "DTSTART:20260105T230000Z|DURATION:PT1H"}, "0105T2200-0106T0200"},
		{"what is apart is not", []string{"DTSTART:20260105T220000Z|DURATION:PT1H", "DTSTART:20260105T230001Z|DURATION:PT59M59S"}, "0105T2200-0105T2300 0105T2300-0106T0000"},
		{"days that follow each other are one", []string{"DTSTART;VALUE=DATE:20260328|RRULE:FREQ=DAILY;COUNT=3"}, "0327T2300-0330T2200"},
		{"under way when the span begins", []string{"DTSTART:20251220T170000Z|DTEND:20260105T070000Z"}, "1220T1700-0105T0700"},
		{"over when it begins", []string{"DTSTART:20251220T170000Z|DTEND:20251231T230000Z"}, ""},
		{"after it", []string{"DTSTART:20261231T230000Z|DURATION:PT1H"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var parts []string
			for _, e := range test.events {
				if strings.HasPrefix(e, "BEGIN:") {
					parts = append(parts, strings.ReplaceAll(e, "|", "\r\n"))
				} else {
					parts = append(parts, event(e))
				}
			}
			slots, err := icalendar.Read(strings.NewReader(feed(parts...)), in2026(t))
			require.NoError(t, err)
			assert.Equal(t, test.want, shown(slots))
		})
	}
}

func TestWhatCountsIsForTheOptionsToSay(t *testing.T) {
	text := feed(
		event("SUMMARY:busy|DTSTART:20260105T220000Z|DURATION:PT1H|CATEGORIES:freeze"),
		event("SUMMARY:free|DTSTART:20260106T220000Z|DURATION:PT1H|TRANSP:transparent|CATEGORIES:party,freeze"),
		event("SUMMARY:other|DTSTART;VALUE=DATE:20260301"),
	)
	read := func(change func(o *icalendar.Options)) string {
		o := in2026(t)
		change(&o)
		slots, err := icalendar.Read(strings.NewReader(text), o)
		require.NoError(t, err)
		return shown(slots)
	}
	assert.Equal(t, "0105T2200-0105T2300 0106T2200-0106T2300 0228T2300-0301T2300", read(func(*icalendar.Options) {}))
	assert.Equal(t, "0105T2200-0105T2300 0228T2300-0301T2300", read(func(o *icalendar.Options) { o.BusyOnly = true }))
	assert.Equal(t, "0105T2200-0105T2300 0106T2200-0106T2300", read(func(o *icalendar.Options) {
		o.Keep = func(e icalendar.Event) bool { return slices.Contains(e.Categories, "freeze") }
	}))
	assert.Equal(t, "0105T2200-0105T2300 0106T2200-0106T2300 0301T0000-0302T0000", read(func(o *icalendar.Options) { o.Location = nil }))
}

func TestWindowsByName(t *testing.T) {
	text := feed(
		event("SUMMARY:Year  end\\n freeze|DTSTART;VALUE=DATE:20261220|DTEND;VALUE=DATE:20261224"),
		event("SUMMARY:Payroll|DTSTART:20260130T180000Z|DURATION:PT2H|RRULE:FREQ=MONTHLY;COUNT=2;BYMONTHDAY=30"),
		event("DTSTART:20260130T180000Z|DURATION:PT1H"),
		event("SUMMARY:Handover|DTSTART:20260130T180000Z"), // no time at all is no window
		event("SUMMARY:Year end freeze|DTSTART;VALUE=DATE:20261224|DTEND;VALUE=DATE:20270102"),
		event("SUMMARY:Payroll|DTSTART:20260130T190000Z|DURATION:PT2H"),
	)
	o := in2026(t)
	o.Scope = schedule.Scope{Items: []string{"db1"}, Types: []string{"normal"}}
	windows, err := icalendar.Windows(strings.NewReader(text), o)
	require.NoError(t, err)
	require.Len(t, windows, 3)
	for i, want := range []string{
		"Payroll freeze: 0130T1800-0130T2100 0330T1800-0330T2000", "freeze freeze: 0130T1800-0130T1900", "Year end freeze freeze: 1219T2300-0101T2300",
	} {
		w := windows[i]
		assert.Equal(t, want, fmt.Sprintf("%s %s: %s", w.Name, w.Kind, shown(w.Slots)))
		assert.Equal(t, o.Scope, w.Scope)
		assert.NoError(t, w.Check())
	}
	windows[0].Scope.Items[0] = "db2"
	assert.Equal(t, "db1", windows[1].Scope.Items[0], "a window's scope is its own")
	assert.Equal(t, "db1", o.Scope.Items[0])

	// they are what a plan and a desk take
	plan, err := schedule.New(windows)
	require.NoError(t, err)
	night := schedule.Entry{ID: "CHG1", Type: "normal", Items: []string{"db1"}, Slot: schedule.Slot{Start: at("2026-12-24T22:00:00Z"), End: at("2026-12-24T23:00:00Z")}}
	found := plan.Check(night)
	require.Len(t, found, 1)
	assert.Equal(t, "Year end freeze", found[0].Window)
	var _ = change.Config{Windows: windows}
	var _ = change.DeclareWindow{Name: windows[0].Name, Effect: windows[0].Kind, Slots: windows[0].Slots}

	o.Kind = schedule.Allowed
	windows, err = icalendar.Windows(strings.NewReader(text), o)
	require.NoError(t, err)
	assert.Equal(t, "allowed", windows[1].Name)
	assert.Equal(t, schedule.Allowed, windows[1].Kind)
	o.Kind = "closed"
	_, err = icalendar.Windows(strings.NewReader(text), o)
	require.ErrorIs(t, err, icalendar.ErrOptions)
	assert.ErrorContains(t, err, `Kind "closed"`)
}

func TestEveryFaultIsToldAndTheRestIsThere(t *testing.T) {
	text := feed(
		event("UID:a|DTSTART;TZID=Somewhere:20260101T080000"),
		event("UID:b|DTSTART:20260230T080000Z"),
		event("UID:c|DTSTART:20260105T220000Z|DURATION:PT1H"),
		event("UID:d|DTSTART:20260105T220000Z|RRULE:FREQ=HOURLY"),
		event("UID:e|SUMMARY:nothing"),
	)
	slots, err := icalendar.Read(strings.NewReader(text), in2026(t))
	var all *icalendar.Error
	require.ErrorAs(t, err, &all)
	require.Len(t, all.Faults, 4)
	for i, want := range []struct {
		uid  string
		line int
		kind error
	}{{"a", 6, icalendar.ErrZone}, {"b", 10, icalendar.ErrSyntax}, {"d", 20, icalendar.ErrUnsupported}, {"e", 22, icalendar.ErrSyntax}} {
		assert.Equal(t, want.uid, all.Faults[i].UID)
		assert.Equal(t, want.line, all.Faults[i].Line)
		assert.ErrorIs(t, all.Faults[i], want.kind)
		assert.ErrorContains(t, err, fmt.Sprintf("line %d: event %q", want.line, want.uid))
	}
	assert.Equal(t, "0105T2200-0105T2300", shown(slots))
	windows, err := icalendar.Windows(strings.NewReader(text), in2026(t))
	require.ErrorAs(t, err, &all)
	assert.Len(t, windows, 1)

	_, err = icalendar.Read(strings.NewReader("no calendar"), in2026(t))
	assert.ErrorIs(t, err, icalendar.ErrSyntax)
	broken := errors.New("connection reset")
	_, err = icalendar.Read(failingReader{broken}, in2026(t))
	assert.ErrorIs(t, err, broken)
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

func TestBounds(t *testing.T) {
	o := in2026(t)
	o.Until = o.From.AddDate(30, 0, 0)
	daily := func(n int) string {
		return feed(event(fmt.Sprintf("UID:7|DTSTART:20260105T220000Z|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=%d", n)))
	}
	slots, err := icalendar.Read(strings.NewReader(daily(10_000)), o)
	require.NoError(t, err)
	assert.Len(t, slots, 10_000)
	slots, err = icalendar.Read(strings.NewReader(daily(10_001)), o)
	require.ErrorIs(t, err, icalendar.ErrLimit)
	assert.ErrorContains(t, err, `event "7": too many occurrences: more than 10000`)
	assert.Empty(t, slots)
	o.Max = 3
	slots, err = icalendar.Read(strings.NewReader(daily(3)), o)
	require.NoError(t, err)
	assert.Len(t, slots, 3)
	windows, err := icalendar.Windows(strings.NewReader(daily(4)), o)
	require.ErrorIs(t, err, icalendar.ErrLimit)
	assert.Empty(t, windows)

	// what never ends is not begun without end: a rule that names no date costs its steps, and those are counted
	_, err = icalendar.Read(strings.NewReader(feed(strings.Repeat(event("DTSTART:18000101T000000Z|RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=9")+"\r\n", 200))), o)
	assert.ErrorIs(t, err, icalendar.ErrLimit)

	o = in2026(t)
	small := daily(1)
	o.MaxBytes = int64(len(small))
	_, err = icalendar.Read(strings.NewReader(small), o)
	require.NoError(t, err)
	o.MaxBytes--
	_, err = icalendar.Read(strings.NewReader(small), o)
	require.ErrorIs(t, err, icalendar.ErrSize)
	o.MaxBytes = 0
	long := small + strings.Repeat("\r\n", 5<<19)
	_, err = icalendar.Read(strings.NewReader(long[:5<<20]), o)
	require.NoError(t, err)
	_, err = icalendar.Read(strings.NewReader(long), o)
	assert.ErrorIs(t, err, icalendar.ErrSize)
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	for name, change := range map[string]func(o *icalendar.Options){
		"no span":  func(o *icalendar.Options) { o.From, o.Until = time.Time{}, time.Time{} },
		"empty":    func(o *icalendar.Options) { o.Until = o.From },
		"long ago": func(o *icalendar.Options) { o.From = o.From.AddDate(-300, 0, 0) },
		"far away": func(o *icalendar.Options) { o.Until = o.Until.AddDate(300, 0, 0) },
		"max":      func(o *icalendar.Options) { o.Max = -1 },
		"bytes":    func(o *icalendar.Options) { o.MaxBytes = -1 },
	} {
		o := in2026(t)
		change(&o)
		_, err := icalendar.Read(strings.NewReader(feed()), o)
		assert.ErrorIs(t, err, icalendar.ErrOptions, name)
		_, err = icalendar.Windows(strings.NewReader(feed()), o)
		assert.ErrorIs(t, err, icalendar.ErrOptions, name)
	}
}

// A slot holds a minute if and only if one of the events does: the slots are looked at minute by minute.
func TestSlotsHoldTheMinutesOfTheEvents(t *testing.T) {
	zones := []string{"UTC", "Europe/Brussels", "America/New_York", "Australia/Lord_Howe"}
	begins := []time.Time{at("2026-03-27T00:00:00Z"), at("2026-10-23T00:00:00Z"), at("2026-10-31T00:00:00Z"), at("2026-04-03T00:00:00Z")}
	rapid.Check(t, func(t *rapid.T) {
		begin := rapid.SampledFrom(begins).Draw(t, "begin")
		location := zone(t, rapid.SampledFrom(zones).Draw(t, "location"))
		o := icalendar.Options{From: begin, Until: begin.Add(96 * time.Hour), Location: location}
		type lasting struct{ from, until time.Time }
		var parts []string
		var all []lasting
		for range rapid.IntRange(0, 6).Draw(t, "events") {
			if rapid.Bool().Draw(t, "whole day") {
				day := begin.AddDate(0, 0, rapid.IntRange(0, 4).Draw(t, "day"))
				long := rapid.IntRange(1, 2).Draw(t, "days")
				y, m, d := day.Date()
				all = append(all, lasting{time.Date(y, m, d, 0, 0, 0, 0, location), time.Date(y, m, d+long, 0, 0, 0, 0, location)})
				parts = append(parts, event(fmt.Sprintf("DTSTART;VALUE=DATE:%s|DURATION:P%dD", day.Format("20060102"), long)))
				continue
			}
			loc := zone(t, rapid.SampledFrom(zones).Draw(t, "zone"))
			from := begin.Add(time.Duration(rapid.IntRange(-600, 95*60).Draw(t, "from")) * time.Minute)
			long := rapid.IntRange(0, 900).Draw(t, "minutes")
			if loc == time.UTC || !from.In(loc).Equal(readAgain(from.In(loc))) {
				parts = append(parts, event(fmt.Sprintf("DTSTART:%s|DURATION:PT%dM", from.UTC().Format("20060102T150405Z"), long)))
			} else {
				parts = append(parts, event(fmt.Sprintf("DTSTART;TZID=%s:%s|DURATION:PT%dM", loc, from.In(loc).Format("20060102T150405"), long)))
			}
			all = append(all, lasting{from, from.Add(time.Duration(long) * time.Minute)})
		}
		slots, err := icalendar.Read(strings.NewReader(feed(parts...)), o)
		require.NoError(t, err)
		apart(t, slots)
		for m := o.From; m.Before(o.Until); m = m.Add(time.Minute) {
			want := slices.ContainsFunc(all, func(l lasting) bool { return !m.Before(l.from) && m.Before(l.until) })
			got := slices.ContainsFunc(slots, func(s schedule.Slot) bool { return s.Contains(m) })
			if want != got {
				t.Fatalf("%s: want %v, got %v of %v", m, want, got, slots)
			}
		}
	})
}

// readAgain is the instant that the wall time of t stands for; another one than t where the clock shows it twice.
func readAgain(t time.Time) time.Time {
	for _, back := range []time.Duration{time.Hour, 30 * time.Minute} {
		if before := t.Add(-back); before.Format(time.DateTime) == t.Format(time.DateTime) {
			return before
		}
	}
	return t
}

// apart holds that slots are in order, in UTC, hold something, and do not touch.
func apart(t require.TestingT, slots []schedule.Slot) {
	for i, s := range slots {
		require.False(t, s.Empty(), "%v", s)
		require.Equal(t, time.UTC, s.Start.Location())
		require.True(t, i == 0 || slots[i-1].End.Before(s.Start), "%v", slots)
	}
}

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

func FuzzRead(f *testing.F) {
	f.Add(feed(event("SUMMARY:a|DTSTART;VALUE=DATE:20260721|RRULE:FREQ=YEARLY;BYMONTH=7;BYDAY=3TU|EXDATE;VALUE=DATE:20270720")))
	f.Add(feed(event("UID:1|SUMMARY: |DTSTART;TZID=Europe/Brussels:20260329T023000|DURATION:P1DT2H|RDATE;VALUE=PERIOD:20260301T080000Z/PT2H")))
	f.Add(feed(event("UID:1|SUMMARY:a\\, b\r\n c|DTSTART:20260721T080000|DTEND:20260721T090000Z"), event("UID:1|RECURRENCE-ID:20260721T060000Z|DTSTART:20260101")))
	f.Add(feed(event("DTSTART:20260101T000000Z|DURATION:PT1S|RRULE:FREQ=DAILY"), event("STATUS:CANCELLED|DTSTART:20260101")))
	f.Add("\uFEFFBEGIN:VCALENDAR\nBEGIN;A=\"b:VEVENT\nbegin:vevent\nDTSTART;TZID=/a/b/Asia/Tokyo:00010101T235960\nend:vevent")
	f.Fuzz(func(t *testing.T, text string) {
		o := icalendar.Options{From: at("2026-01-01T00:00:00Z"), Until: at("2028-01-01T00:00:00Z"), Max: 500, MaxBytes: 1 << 16}
		slots, err := icalendar.Read(strings.NewReader(text), o)
		var all *icalendar.Error
		if err != nil && !errors.As(err, &all) {
			t.Fatal(err)
		}
		if len(slots) > o.Max {
			t.Fatalf("%d slots", len(slots))
		}
		apart(t, slots)
		windows, err := icalendar.Windows(strings.NewReader(text), o)
		if (err == nil) != (all == nil) {
			t.Fatalf("%v is not %v", err, all)
		}
		for _, w := range windows {
			if err := w.Check(); err != nil {
				t.Fatal(err)
			}
			apart(t, w.Slots)
		}
		// whatever was read can be written, and is read as the same
		var out bytes.Buffer
		require.NoError(t, icalendar.Write(&out, change.CalendarView{Windows: windows}, icalendar.WriteOptions{From: o.From, Until: o.Until, Domain: "x"}))
		again, err := icalendar.Read(&out, o)
		require.NoError(t, err)
		require.Equal(t, slots, again)
	})
}
