// Package ical reads and writes iCalendar (RFC 5545): feeds of holidays, windows of maintenance and freezes.
//
//	events, err := ical.Read(feed, ical.Options{From: from, To: to, Zone: brussels})
//	spec.Holidays = append(spec.Holidays, ical.Holidays(events, nil)...)
//	freezes := ical.Intervals(events, func(e ical.Event) bool { return slices.Contains(e.Categories, "FREEZE") })
//
// # In
//
// [Read] expands every event once, within a window of time, to what is left of it: an interval of instants, half-open.
// It knows all-day and timed events; starts in UTC, in a zone, and floating ones; DTEND and DURATION; RRULE, RDATE,
// EXDATE; single occurrences that were moved or cancelled (RECURRENCE-ID); STATUS:CANCELLED, which is left out. What a
// reader of working time has no use for (alarms, attendees, to-dos, journals) is passed over.
//
// A TZID is looked up as an IANA name. Where it is none, the VTIMEZONE of that name in the same calendar says what it
// means; where there is none of that name either, and the TZID ends in an IANA name, as in
// "/example.org/20260101/Europe/Brussels", it is that one.
//
// Wall times are instants as RFC 5545 has it: one that the clock skips is taken by the offset before the gap (02:30 is
// 03:30 on the new clock), one that it shows twice is the first. Rules step on the local clock. Events whose length
// is given by DTEND keep it in real time at each repetition; a DURATION of days is so many dates. DTSTART is
// an occurrence and counts as one, whether its rule names it or not.
//
// Files are read as they come: lines that end in LF or CRLF, a byte order mark, names in lower case, an all-day event
// that ends on the date it begins. Everything wrong is told at once, by line ([Error]). Not understood are rules of FREQ
// HOURLY, MINUTELY and SECONDLY, other calendars than the Gregorian (RSCALE), and changes of an occurrence and all after
// it (RANGE): such events are faults, never taken for something else.
//
// # Out
//
// [Write] writes events with folded lines, escaped text, instants in UTC. It reads no clock: the stamp is the caller's, so
// that the same events are the same bytes.
//
// # What is used
//
// Names and parameters of content lines are parsed, and calendars written, by github.com/arran4/golang-ical, which is
// maintained and releases versions; github.com/emersion/go-ical has none, and its decoder panics on a parameter at the end
// of a line. Rules are expanded here: github.com/teambition/rrule-go takes the second of two equal wall times, and some
// rules make it panic or never return, which nobody can stop who reads the feeds of others. It is what the tests compare with.
//
// # Concurrency
//
// All functions may be called by many goroutines. Nothing is kept.
package ical

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// Options say what of a feed is wanted.
type Options struct {
	From, To time.Time      // the window [From, To); required, within the years of package calendar
	Zone     *time.Location // of floating times and of all-day events; nil is UTC
	Limit    int            // occurrences in the window, of all events together; 0 is 10,000
	Size     int64          // bytes of the feed; 0 is 8 MiB
}

// Event is one occurrence of an event.
type Event struct {
	UID         string
	Summary     string
	Description string
	Categories  []string
	Tentative   bool // STATUS:TENTATIVE
	Transparent bool // TRANSP:TRANSPARENT: whoever has it in their calendar is free

	// The instants, in Options.Zone. Those of an all-day event are the midnights of its dates there.
	calendar.Interval
	AllDay      bool
	First, Last calendar.Date // of an all-day event: its dates, both included

	Line int // where in the feed the event begins; 0 for one that was not read
}

// Read reads a feed and returns the occurrences that the window touches, in the order of their beginning. They are not cut
// off at the window's ends.
//
// The error is an [*Error] that lists every fault. What could be read is returned beside it, so that one damaged
// event need not cost a feed; nothing is returned where a bound was passed ([ErrLimit], [ErrSize]).
func Read(r io.Reader, options Options) ([]Event, error) {
	rd, err := newReader(options)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, rd.size+1))
	if err != nil {
		return nil, fmt.Errorf("ical: %w", err)
	}
	if int64(len(data)) > rd.size {
		rd.fatal(0, "", fmt.Errorf("%w: more than %d bytes", ErrSize, rd.size))
		return nil, rd.err()
	}
	for _, c := range rd.parse(data) {
		rd.calendar(c)
	}
	if rd.stopped {
		return nil, rd.err()
	}
	slices.SortFunc(rd.events, func(a, b Event) int {
		return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To), cmp.Compare(a.Summary, b.Summary), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Line, b.Line))
	})
	return rd.events, rd.err()
}

// Holidays returns the all-day events as dated holidays, each once. Feeds of holidays list more than days off, and
// what marks them differs from feed to feed, so keep decides; nil keeps all:
//
//	func(e ical.Event) bool { return strings.HasPrefix(e.Description, "Public holiday") }
func Holidays(events []Event, keep func(Event) bool) []calendar.Holiday {
	var found []calendar.Holiday
	for _, e := range events {
		if !e.AllDay || keep != nil && !keep(e) {
			continue
		}
		on := calendar.Days(e.First)
		if e.Last != e.First {
			on += ".." + calendar.Days(e.Last)
		}
		if h := (calendar.Holiday{Name: e.Summary, On: on}); !slices.Contains(found, h) {
			found = append(found, h)
		}
	}
	return found
}

// Intervals returns when any of the events lasts, in order and apart from each other: touching ones are one. keep
// decides which count; nil keeps all. Events without length are left out.
func Intervals(events []Event, keep func(Event) bool) []calendar.Interval {
	var all, joined []calendar.Interval
	for _, e := range events {
		if e.To.After(e.From) && (keep == nil || keep(e)) {
			all = append(all, e.Interval)
		}
	}
	slices.SortFunc(all, func(a, b calendar.Interval) int { return a.From.Compare(b.From) })
	for _, i := range all {
		if n := len(joined); n > 0 && !i.From.After(joined[n-1].To) {
			if i.To.After(joined[n-1].To) {
				joined[n-1].To = i.To
			}
			continue
		}
		joined = append(joined, i)
	}
	return joined
}

// Breaks returns the timed events as breaks of a calendar in a zone, one for each date that an event touches. keep
// decides which; nil keeps all. Breaks are hours of the local clock: an event that begins or ends at the second of two
// equal wall times, or between two seconds, cannot be one. The error is an [*Error] that names all those.
func Breaks(events []Event, zone *time.Location, keep func(Event) bool) ([]calendar.Break, error) {
	var found []calendar.Break
	var f faults
	local := &zoned{loc: zone}
	for _, e := range events {
		if e.AllDay || !e.To.After(e.From) || keep != nil && !keep(e) {
			continue
		}
		from, to := civil(e.From.In(zone)), civil(e.To.In(zone))
		if local.instant(from) != e.From.Unix() || local.instant(to) != e.To.Unix() || e.From.Nanosecond() != 0 || e.To.Nanosecond() != 0 {
			f.add(e.Line, e.UID, fmt.Errorf("%w: %s to %s are no hours of the local clock",
				ErrUnsupported, e.From.Format(time.RFC3339Nano), e.To.Format(time.RFC3339Nano)))
			continue
		}
		for from < to {
			midnight := (floorDiv(from, daySeconds) + 1) * daySeconds
			until := min(to, midnight)
			hours := clock(from) + "-" + clock(until)
			if until == midnight {
				hours = clock(from) + "-24:00"
			}
			found = append(found, calendar.Break{Name: e.Summary, On: calendar.Days(dateOf(from)), Hours: calendar.Hours(hours)})
			from = until
		}
	}
	return found, f.err()
}
