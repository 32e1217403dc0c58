package icalendar_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/icalendar"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// planned is a change with a window, as its store answers it.
func planned(id, title, start, end string) change.Change {
	c := change.Change{Type: change.Normal, Start: at(start), End: at(end)}
	c.ID, c.Title, c.State, c.Phase = id, title, change.StateScheduled, lifecycle.Waiting
	c.Version, c.UpdatedAt = 7, at("2026-02-03T04:05:06.7Z")
	return c
}

// march is the span of March 2026, in UTC.
func march() icalendar.WriteOptions {
	return icalendar.WriteOptions{From: at("2026-03-01T00:00:00Z"), Until: at("2026-04-01T00:00:00Z"), Domain: "acme.example.org"}
}

func written(t require.TestingT, view change.CalendarView, o icalendar.WriteOptions) string {
	var out bytes.Buffer
	require.NoError(t, icalendar.Write(&out, view, o))
	return out.String()
}

// of are the values of a property, one a line, unfolded.
func of(text, name string) (values []string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n ", ""), "\r\n") {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			values = append(values, value)
		}
	}
	return values
}

func TestWhatIsWritten(t *testing.T) {
	c := planned("CHG0000001", "Größere Platten, im \"Süden\"; "+strings.Repeat("größer ", 12)+"\r\nund\x00\x7f\r \\ neu\xff", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z")
	c.Risk = itsm.High
	o := march()
	o.Name, o.Stamp = "Acme, changes", at("2026-01-01T01:00:00+01:00")
	o.URL = func(c change.Change) string { return "https://desk.example.org/changes/" + c.ID + "?a=1,2;3" }
	text := written(t, change.CalendarView{Changes: []change.Change{c}, Windows: []schedule.Window{
		{Name: "Month end", Kind: schedule.Freeze, Slots: []schedule.Slot{{Start: at("2026-03-30T18:00:00+02:00"), End: at("2026-04-01T06:00:00+02:00")}}},
		{Name: "Nights", Kind: schedule.Allowed, Slots: []schedule.Slot{{Start: at("2026-03-04T00:00:00Z"), End: at("2026-03-04T04:00:00Z")}}},
	}}, o)
	require.True(t, strings.HasSuffix(text, "END:VCALENDAR\r\n"))
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		assert.LessOrEqual(t, len(line), 75, "octets of a line")
		assert.NotContains(t, line, "\n")
		assert.True(t, strings.ToValidUTF8(line, "") == line, "a letter is not cut: %q", line)
	}
	uids := of(text, "UID")
	require.Len(t, uids, 3)
	assert.Regexp(t, `^freeze-[0-9a-f]{32}@acme\.example\.org$`, uids[1])
	assert.Regexp(t, `^allowed-[0-9a-f]{32}@acme\.example\.org$`, uids[2])
	assert.Equal(t, strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//itsmkit//change calendar//EN", `X-WR-CALNAME:Acme\, changes`,
		"BEGIN:VEVENT", "UID:CHG0000001@acme.example.org", "DTSTAMP:20260203T040506Z", "DTSTART:20260303T200000Z", "DTEND:20260303T220000Z", "SEQUENCE:7",
		`SUMMARY:CHG0000001 Größere Platten\, im "Süden"\; ` + strings.Repeat("größer ", 12) + `\nund \\ neu�`,
		"STATUS:CONFIRMED", "CATEGORIES:normal", "CATEGORIES:high", "URL:https://desk.example.org/changes/CHG0000001?a=1,2;3", "END:VEVENT",
		"BEGIN:VEVENT", "UID:" + uids[1], "DTSTAMP:20260101T000000Z", "DTSTART:20260330T160000Z", "DTEND:20260401T040000Z", "SUMMARY:Month end",
		"CATEGORIES:freeze", "END:VEVENT",
		"BEGIN:VEVENT", "UID:" + uids[2], "DTSTAMP:20260101T000000Z", "DTSTART:20260304T000000Z", "DTEND:20260304T040000Z", "SUMMARY:Nights",
		"CATEGORIES:allowed", "TRANSP:TRANSPARENT", "END:VEVENT",
		"END:VCALENDAR", "",
	}, "\r\n"), strings.ReplaceAll(text, "\r\n ", ""))

	other, err := ics.ParseCalendar(strings.NewReader(text))
	require.NoError(t, err, "another library reads it")
	require.Len(t, other.Events(), 3)
	assert.Contains(t, other.Events()[0].GetProperty(ics.ComponentPropertySummary).Value, "größer")
}

func TestTheStatusIsHowFirmAChangeIs(t *testing.T) {
	for _, test := range []struct {
		state lifecycle.State
		phase lifecycle.Phase
		held  bool
		want  string
	}{
		{change.StateDraft, lifecycle.New, false, "TENTATIVE"},
		{change.StateSubmitted, lifecycle.Active, false, "TENTATIVE"},
		{change.StateAssessed, lifecycle.Active, false, "TENTATIVE"},
		{change.StateApproved, lifecycle.Active, false, "CONFIRMED"},
		{change.StateScheduled, lifecycle.Waiting, false, "CONFIRMED"},
		{change.StateScheduled, lifecycle.Waiting, true, "TENTATIVE"},
		{change.StateImplementing, lifecycle.Active, false, "CONFIRMED"},
		{change.StateReview, lifecycle.Active, false, "CONFIRMED"},
		{change.StateClosed, lifecycle.Closed, false, "CONFIRMED"},
		{change.StateCancelled, lifecycle.Cancelled, false, "CANCELLED"},
		{change.StateCancelled, lifecycle.Cancelled, true, "CANCELLED"},
		{"rehearsed", lifecycle.Active, false, "TENTATIVE"},
		{"archived", lifecycle.Closed, false, "CONFIRMED"},
		{"dropped", lifecycle.Cancelled, false, "CANCELLED"},
	} {
		c := planned("CHG0000001", "x", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z")
		c.State, c.Phase, c.Held = test.state, test.phase, test.held
		assert.Equal(t, []string{test.want}, of(written(t, change.CalendarView{Changes: []change.Change{c}}, march()), "STATUS"), "%s %v", test.state, test.held)
	}
}

func TestTitlesCanBeLeftOut(t *testing.T) {
	c := planned("CHG0000001", "Dismiss the administrator", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z")
	c.Description, c.Assignee = "secret", "ann"
	o := march()
	o.WithoutTitles = true
	text := written(t, change.CalendarView{Changes: []change.Change{c}}, o)
	assert.Equal(t, []string{"CHG0000001"}, of(text, "SUMMARY"))
	for _, word := range []string{"Dismiss", "secret", "ann", "URL"} {
		assert.NotContains(t, text, word)
	}
	o.WithoutTitles = false
	assert.NotContains(t, written(t, change.CalendarView{Changes: []change.Change{c}}, o), "secret")
}

func TestOnlyWhatTheSpanTouchesIsWritten(t *testing.T) {
	view := change.CalendarView{
		Changes: []change.Change{
			planned("CHG1", "before", "2026-02-28T20:00:00Z", "2026-03-01T00:00:00Z"), planned("CHG2", "into", "2026-02-28T20:00:00Z", "2026-03-01T00:00:01Z"),
			planned("CHG3", "out of", "2026-03-31T23:00:00Z", "2026-04-02T00:00:00Z"), planned("CHG4", "after", "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"),
			{},
		},
		Windows: []schedule.Window{{Name: "w", Kind: schedule.Freeze, Slots: []schedule.Slot{
			{Start: at("2026-03-05T00:00:00Z"), End: at("2026-03-06T00:00:00Z")}, {Start: at("2026-03-04T00:00:00Z"), End: at("2026-03-05T00:00:00Z")},
			{Start: at("2026-05-04T00:00:00Z"), End: at("2026-05-05T00:00:00Z")},
		}}},
	}
	text := written(t, view, march())
	assert.Equal(t, []string{"CHG2 into", "CHG3 out of", "w"}, of(text, "SUMMARY"))
	assert.Equal(t, "20260304T000000Z", of(text, "DTSTART")[2], "slots that touch are one")
	assert.Equal(t, "20260306T000000Z", of(text, "DTEND")[2])
	assert.Equal(t, at("2026-03-05T00:00:00Z"), view.Windows[0].Slots[0].Start, "the view is as it was")
	assert.Equal(t, "20260301T000000Z", of(text, "DTSTAMP")[2], "windows have the stamp, or the beginning of the span")
}

func TestPartsOfSecondsStayCovered(t *testing.T) {
	c := planned("CHG1", "x", "2026-03-03T20:00:00.9Z", "2026-03-03T22:00:00.1Z")
	text := written(t, change.CalendarView{Changes: []change.Change{c}}, march())
	assert.Equal(t, []string{"20260303T200000Z"}, of(text, "DTSTART"))
	assert.Equal(t, []string{"20260303T220001Z"}, of(text, "DTEND"))
}

// nights are Saturday nights in Brussels, from 22:00 until 06:00.
func nights(t require.TestingT) *calendar.Calendar {
	c, err := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Week{Sat: "22:00-24:00", Sun: "00:00-06:00"}})
	require.NoError(t, err)
	return c
}

func TestWindowsByCalendarAreExpanded(t *testing.T) {
	view := change.CalendarView{Windows: []schedule.Window{{Name: "Nights", Kind: schedule.Allowed, Calendar: nights(t)}}}
	text := written(t, view, march())
	assert.Equal(t, []string{"20260228T210000Z", "20260307T210000Z", "20260314T210000Z", "20260321T210000Z", "20260328T210000Z"}, of(text, "DTSTART"))
	assert.Equal(t, []string{"20260301T050000Z", "20260308T050000Z", "20260315T050000Z", "20260322T050000Z", "20260329T040000Z"}, of(text, "DTEND"),
		"the night in which the clock skips an hour is of seven")

	// the same slot has the same UID, whatever span is written
	o := march()
	o.From, o.Until = at("2026-03-22T02:00:00Z"), at("2026-03-28T22:00:00Z")
	short := written(t, view, o)
	assert.Equal(t, of(text, "UID")[3:], of(short, "UID"))
	assert.Equal(t, of(text, "DTEND")[3:], of(short, "DTEND"))

	// what never closes has no end to write
	always, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Daily(calendar.AllDay)})
	require.NoError(t, err)
	text = written(t, change.CalendarView{Windows: []schedule.Window{{Name: "Closed", Kind: schedule.Freeze, Calendar: always}}}, march())
	assert.Equal(t, []string{"20250301T000000Z"}, of(text, "DTSTART"))
	assert.Equal(t, []string{"20270401T000000Z"}, of(text, "DTEND"))
}

func TestUIDsAreStableAndEachOnesOwn(t *testing.T) {
	slot := []schedule.Slot{{Start: at("2026-03-04T00:00:00Z"), End: at("2026-03-05T00:00:00Z")}}
	later := []schedule.Slot{{Start: at("2026-03-04T00:00:00Z"), End: at("2026-03-06T00:00:00Z")}}
	view := change.CalendarView{Changes: []change.Change{planned("CHG1", "x", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z")}, Windows: []schedule.Window{
		{Name: "a", Kind: schedule.Freeze, Slots: slot}, {Name: "a", Kind: schedule.Allowed, Slots: slot}, {Name: "b", Kind: schedule.Freeze, Slots: slot},
		{Name: "a", Kind: schedule.Freeze, Slots: slot, Scope: schedule.Scope{Items: []string{"db1"}}},
		{Name: "a", Kind: schedule.Freeze, Slots: slot, Scope: schedule.Scope{Services: []string{"db1"}}},
		{Name: "a", Kind: schedule.Freeze, Slots: later},
	}}
	text := written(t, view, march())
	uids := of(text, "UID")
	for i, uid := range uids {
		assert.NotContains(t, uids[:i], uid)
	}
	assert.Equal(t, strings.Replace(uids[1], "@", "-2@", 1), uids[6])
	assert.Equal(t, text, written(t, view, march()), "the same view is the same bytes")
	view.Changes[0].Start, view.Changes[0].Title = at("2026-03-03T21:00:00Z"), "moved"
	view.Windows = view.Windows[2:3]
	assert.Equal(t, []string{uids[0], uids[3]}, of(written(t, view, march()), "UID"), "whatever else there is")
}

func TestWhatCannotBeWrittenIsToldAtOnce(t *testing.T) {
	unsaved := planned("CHG1", "x", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z")
	unsaved.UpdatedAt = time.Time{}
	unsaved.ID = " "
	good := planned("CHG2", "x", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z")
	long := planned("CHG3", "x", "2026-03-03T20:00:00Z", "9999-12-31T23:59:59.5Z")
	o := march()
	o.URL = func(c change.Change) string {
		if c.ID == "CHG2" {
			return "https://desk.example.org/\r\nBEGIN:VEVENT"
		}
		return ""
	}
	var out bytes.Buffer
	err := icalendar.Write(&out, change.CalendarView{Changes: []change.Change{unsaved, good, good, long}, Windows: []schedule.Window{{Name: "w", Kind: "none"}}}, o)
	require.ErrorIs(t, err, icalendar.ErrInvalid)
	require.ErrorIs(t, err, schedule.ErrInvalid)
	for _, says := range []string{"it has no number", "it does not say when", `URL "https://desk.example.org/\r\n`, `icalendar: change "CHG2": not valid: it is in the view twice`,
		`change "CHG3": not valid: from`, `window "w"`} {
		assert.ErrorContains(t, err, says)
	}
	assert.Zero(t, out.Len())
	for _, link := range []string{"desk/1", "https://desk.example.org/ö", "https://a b", "://"} {
		o.URL = func(change.Change) string { return link }
		assert.ErrorIs(t, icalendar.Write(&out, change.CalendarView{Changes: []change.Change{good}}, o), icalendar.ErrInvalid, link)
	}

	for name, wrong := range map[string]func(o *icalendar.WriteOptions){
		"span":   func(o *icalendar.WriteOptions) { o.Until = o.From },
		"domain": func(o *icalendar.WriteOptions) { o.Domain = "" },
		"spaces": func(o *icalendar.WriteOptions) { o.Domain = "a b" },
		"lines":  func(o *icalendar.WriteOptions) { o.Domain = "a\nb" },
		"max":    func(o *icalendar.WriteOptions) { o.Max = -1 },
		"stamp":  func(o *icalendar.WriteOptions) { o.Stamp = at("9999-12-31T23:59:59Z").AddDate(1, 0, 0) },
	} {
		o := march()
		wrong(&o)
		assert.ErrorIs(t, icalendar.Write(&out, change.CalendarView{}, o), icalendar.ErrOptions, name)
	}
	assert.Zero(t, out.Len())
	full := errors.New("disk full")
	assert.ErrorIs(t, icalendar.Write(fullDisk{full}, change.CalendarView{}, march()), full)
}

type fullDisk struct{ err error }

func (d fullDisk) Write([]byte) (int, error) { return 0, d.err }

func TestNoMoreIsWrittenThanIsWanted(t *testing.T) {
	view := change.CalendarView{
		Changes: []change.Change{planned("CHG1", "x", "2026-03-03T20:00:00Z", "2026-03-03T22:00:00Z")},
		Windows: []schedule.Window{{Name: "Nights", Kind: schedule.Allowed, Calendar: nights(t)}},
	}
	o := march()
	o.Max = 6
	written(t, view, o)
	o.Max = 5
	var out bytes.Buffer
	err := icalendar.Write(&out, view, o)
	require.ErrorIs(t, err, icalendar.ErrLimit)
	assert.ErrorContains(t, err, "more than 5 events")
	assert.Zero(t, out.Len())

	hourly, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("00:00-00:10, 01:00-01:10, 02:00-02:10, 03:00-03:10")})
	require.NoError(t, err)
	o = march()
	o.Until = o.From.AddDate(7, 0, 0)
	view.Windows[0].Calendar = hourly
	assert.ErrorIs(t, icalendar.Write(&out, view, o), icalendar.ErrLimit, "10,000 where nobody says")
}

// What was written is read as when the changes and windows are, and as windows of the same names.
func TestRoundTrip(t *testing.T) {
	begin := at("2026-03-27T12:00:00Z")
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z,;:\\" \nöł—]{0,120}`))
	rapid.Check(t, func(t *rapid.T) {
		slot := func() schedule.Slot {
			from := begin.Add(time.Duration(rapid.Int64Range(0, 4*86400).Draw(t, "from")) * time.Second)
			return schedule.Slot{Start: from, End: from.Add(time.Duration(rapid.Int64Range(1, 86400).Draw(t, "long")) * time.Second)}
		}
		var view change.CalendarView
		var all []schedule.Slot
		for i := range rapid.IntRange(0, 4).Draw(t, "changes") {
			s := slot()
			c := planned(fmt.Sprintf("CHG%07d", i), texts.Draw(t, "title"), s.Start.Format(time.RFC3339), s.End.Format(time.RFC3339))
			view.Changes = append(view.Changes, c)
			all = append(all, s)
		}
		named := map[string][]schedule.Slot{}
		for i := range rapid.IntRange(0, 3).Draw(t, "windows") {
			w := schedule.Window{Name: fmt.Sprint("freeze, ", i), Kind: schedule.Freeze}
			for range rapid.IntRange(1, 3).Draw(t, "slots") {
				w.Slots = append(w.Slots, slot())
			}
			view.Windows = append(view.Windows, w)
			named[w.Name] = w.Slots
			all = append(all, w.Slots...)
		}
		o := march()
		o.From, o.Until = begin, begin.AddDate(0, 0, 6)
		text := written(t, view, o)
		read := icalendar.Options{From: o.From, Until: o.Until}
		slots, err := icalendar.Read(strings.NewReader(text), read)
		require.NoError(t, err)
		require.Equal(t, union(all), slots)

		read.Keep = func(e icalendar.Event) bool { return slices.Contains(e.Categories, "freeze") }
		windows, err := icalendar.Windows(strings.NewReader(text), read)
		require.NoError(t, err)
		require.Len(t, windows, len(named))
		for _, w := range windows {
			require.Equal(t, union(named[w.Name]), w.Slots, w.Name)
		}
	})
}

// union finds the stretches that slots cover by their edges: covered is what lies between two edges and in a slot.
func union(slots []schedule.Slot) (covered []schedule.Slot) {
	var edges []time.Time
	for _, s := range slots {
		edges = append(edges, s.Start, s.End)
	}
	slices.SortFunc(edges, time.Time.Compare)
	for i := range max(0, len(edges)-1) {
		piece := schedule.Slot{Start: edges[i], End: edges[i+1]}
		switch n := len(covered); {
		case piece.Empty() || !slices.ContainsFunc(slots, func(s schedule.Slot) bool { return s.Contains(piece.Start) }):
		case n > 0 && covered[n-1].End.Equal(piece.Start):
			covered[n-1].End = piece.End
		default:
			covered = append(covered, piece)
		}
	}
	return covered
}
