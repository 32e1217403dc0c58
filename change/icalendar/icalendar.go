// Package icalendar reads freezes and windows of changes out of iCalendar feeds, and writes the change calendar as one
// (RFC 5545).
//
//	freezes, err := icalendar.Windows(feed, icalendar.Options{From: from, Until: until, Location: brussels})
//	config := change.Config{Windows: freezes}
//
//	view, err := changes.CalendarOf(ctx, from, until)
//	err = icalendar.Write(w, view, icalendar.WriteOptions{From: from, Until: until, Domain: "acme.example.org"})
//
// # In
//
// [Read] answers when any event of a feed lasts, [Windows] the same by the names of the events (SUMMARY, 3.8.1.12). Both
// read events as package calendar/ical does: DTSTART with DTEND or DURATION (3.6.1), dates for whole days (3.3.4), times in
// UTC, in a zone or floating (3.3.5), a VTIMEZONE (3.6.5) where a TZID is no IANA name, RRULE, RDATE and EXDATE (3.8.5), single
// occurrences that were moved (RECURRENCE-ID, 3.8.4.4). Cancelled events are left out (STATUS, 3.8.1.11), tentative ones are
// not: what is perhaps frozen is better asked about. An event at a time without an end lasts for no time (3.6.1), so there
// is no slot of it.
//
// Feeds are written by others, so all is bounded: bytes, occurrences, and the steps that rules take to find them.
//
// # Out
//
// [Write] writes an event for each change and for each slot of a window, with folded lines (3.1) and escaped text (3.3.11),
// instants in UTC. It reads no clock: the same view is the same bytes. Rules are not written: what comes again goes out as
// the single slots that it is. A window's scope has no place in RFC 5545 and is not written.
//
// # Concurrency
//
// All functions may be called by many goroutines. Nothing is kept.
package icalendar

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/calendar/ical"
	"github.com/itsmkit/itsmkit/change/schedule"
)

// Options say what of a feed is wanted.
type Options struct {
	// From and Until are the span [From, Until); required, within the years of package calendar.
	From, Until time.Time
	// Location is the zone of whole days and of floating times; nil is UTC.
	Location *time.Location
	// BusyOnly leaves out what takes nobody's time (TRANSP:TRANSPARENT). Many programs write whole days so.
	BusyOnly bool
	// Keep tells which events count, where a feed has others too; nil keeps all:
	//
	//	func(e icalendar.Event) bool { return slices.Contains(e.Categories, "freeze") }
	Keep func(Event) bool
	// Kind is that of the windows which [Windows] makes; empty is a freeze. Scope is what they concern; zero is everything.
	Kind  schedule.WindowKind
	Scope schedule.Scope
	// Max is how many occurrences the span may have, of all events together; 0 is 10,000. MaxBytes is how long the feed may
	// be; 0 is 5 MiB.
	Max      int
	MaxBytes int64
}

const (
	defaultMax      = 10_000
	defaultMaxBytes = 5 << 20
)

// Event is one occurrence of an event of a feed, and Error lists what is wrong with a feed, each [Fault] with its line and
// the event's UID.
type (
	Event = ical.Event
	Error = ical.Error
	Fault = ical.Fault
)

// What can be wrong. [errors.Is] finds them in what is returned.
var (
	// ErrOptions means that the options make no sense.
	ErrOptions = errors.New("icalendar: options")
	// ErrInvalid means that something of a view cannot be written.
	ErrInvalid = errors.New("not valid")
	// ErrSyntax means that a line is not as RFC 5545 has it.
	ErrSyntax = ical.ErrSyntax
	// ErrZone means that a TZID is no IANA name and there is no VTIMEZONE for it.
	ErrZone = ical.ErrZone
	// ErrUnsupported means that what a line says is known, and not kept: rules by the hour or shorter, RSCALE, EXRULE, RANGE.
	ErrUnsupported = ical.ErrUnsupported
	// ErrLimit means that there are more occurrences than Max, or that rules take too many steps.
	ErrLimit = ical.ErrLimit
	// ErrSize means that a feed is longer than MaxBytes, or nested too deep.
	ErrSize = ical.ErrSize
)

// Read reads a feed and answers when any of its events lasts in the span: in order and apart, since what touches or
// overlaps is one slot. Slots are in UTC, and not cut at the ends of the span, so that a freeze that is under way keeps its
// beginning.
//
// The error is an [*Error] that lists every fault. What could be read is answered beside it, so that one damaged event need
// not cost a feed; nothing is where a bound was passed ([ErrLimit], [ErrSize]). Who must not miss a freeze takes no slots of
// a feed that has faults.
//
// It costs a pass over the feed, and each occurrence once.
func Read(r io.Reader, o Options) ([]schedule.Slot, error) {
	events, err := read(r, o)
	return slots(events), err
}

// Windows reads a feed as [Read] does and answers a window for each name of an event, by its first slot and then its name,
// of the kind and scope that the options say. Names are without line breaks and runs of spaces; what has no name is called by
// the kind. The errors are those of Read, and slots of one window do not touch, though those of two may overlap.
func Windows(r io.Reader, o Options) ([]schedule.Window, error) {
	o.Kind = cmp.Or(o.Kind, schedule.Freeze)
	if o.Kind != schedule.Freeze && o.Kind != schedule.Allowed {
		return nil, fmt.Errorf("%w: Kind %q: give %s or %s", ErrOptions, o.Kind, schedule.Freeze, schedule.Allowed)
	}
	events, err := read(r, o)
	named := map[string][]Event{}
	for _, e := range events {
		name := cmp.Or(strings.Join(strings.Fields(e.Summary), " "), string(o.Kind))
		named[name] = append(named[name], e)
	}
	var windows []schedule.Window
	for name, events := range named {
		windows = append(windows, schedule.Window{Name: name, Kind: o.Kind, Scope: copyOf(o.Scope), Slots: slots(events)})
	}
	slices.SortFunc(windows, func(a, b schedule.Window) int {
		return cmp.Or(a.Slots[0].Start.Compare(b.Slots[0].Start), cmp.Compare(a.Name, b.Name))
	})
	return windows, err
}

// copyOf is a scope that shares nothing, so that what is done to one window is not done to another.
func copyOf(s schedule.Scope) schedule.Scope {
	return schedule.Scope{Items: slices.Clone(s.Items), Services: slices.Clone(s.Services), Types: slices.Clone(s.Types)}
}

// read reads the events that count, all of which last for some time.
func read(r io.Reader, o Options) ([]Event, error) {
	if err := span(o.From, o.Until); err != nil {
		return nil, err
	}
	if o.Max < 0 || o.MaxBytes < 0 {
		return nil, fmt.Errorf("%w: Max and MaxBytes are not negative", ErrOptions)
	}
	events, err := ical.Read(r, ical.Options{
		From: o.From, To: o.Until, Zone: o.Location,
		Limit: cmp.Or(o.Max, defaultMax), Size: cmp.Or(o.MaxBytes, defaultMaxBytes),
	})
	return slices.DeleteFunc(events, func(e Event) bool {
		return !e.From.Before(e.To) || o.BusyOnly && e.Transparent || o.Keep != nil && !o.Keep(e)
	}), err
}

// span checks the ends of a span, which are within the years that calendars know.
func span(from, until time.Time) error {
	first := time.Date(calendar.FirstYear, time.January, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(calendar.LastYear+1, time.January, 1, 0, 0, 0, 0, time.UTC)
	if !from.Before(until) || from.Before(first) || until.After(last) {
		return fmt.Errorf("%w: From %s, Until %s: give a span that ends after it has begun, in the years %d to %d", ErrOptions,
			from.Format(time.RFC3339), until.Format(time.RFC3339), calendar.FirstYear, calendar.LastYear)
	}
	return nil
}

// slots is when any of the events lasts.
func slots(events []Event) []schedule.Slot {
	var all []schedule.Slot
	for _, i := range ical.Intervals(events, nil) {
		all = append(all, schedule.Slot{Start: i.From.UTC(), End: i.To.UTC()})
	}
	return all
}
