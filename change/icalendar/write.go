package icalendar

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	ics "github.com/arran4/golang-ical"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// WriteOptions say how a change calendar is written.
type WriteOptions struct {
	// From and Until are the span [From, Until) that the view was asked for; required, within the years of package calendar.
	From, Until time.Time
	// Domain is what UIDs end with, such as "acme.example.org"; required. Numbers are unique in a tenant, so each tenant has
	// a domain of its own, and keeps it: programs know events by their UIDs.
	Domain string
	// Name is the calendar's, as programs show it; may be empty.
	Name string
	// Stamp is the DTSTAMP of windows, whose views do not say when they were declared; zero is From.
	Stamp time.Time
	// WithoutTitles leaves out the titles of changes, which may tell more than a subscriber may know.
	WithoutTitles bool
	// URL answers where a change is found, as an absolute URL; nil, or an empty answer, writes none.
	URL func(change.Change) string
	// Max is how many events are written at most; 0 is 10,000.
	Max int
}

// Write writes a change calendar: an event for each change, and for each slot of a window, that the span touches; changes
// first, in the order of the view. What has no window is not written.
//
// A change's event has:
//
//   - UID: its number and the domain;
//   - DTSTAMP: when the change was last changed, and SEQUENCE its version, so that programs notice a move;
//   - DTSTART and DTEND: its window, in UTC;
//   - SUMMARY: "CHG0000001 Title", or the number alone;
//   - STATUS: TENTATIVE until it is approved and while it is held; CONFIRMED when it is approved, scheduled, implemented,
//     reviewed or closed; CANCELLED when it is cancelled. A state of an own model is as its phase says: closed is CONFIRMED,
//     cancelled CANCELLED, all else TENTATIVE;
//   - CATEGORIES: its type, and its risk where it is assessed;
//   - URL: where it is found.
//
// A window's events have its name as SUMMARY, and its kind, freeze or allowed, as CATEGORIES, by which a reader tells them
// from changes ([Options.Keep]); an allowed window takes nobody's time (TRANSP:TRANSPARENT). Slots that touch are one.
// A window by calendar is expanded in the span; a stretch that goes on beyond an end of the span is written whole, up to a year
// beyond, so that the UID, made of the window and the slot's start, is the same whatever span is written. UIDs of windows that
// agree in name, kind, scope and start get a number behind.
//
// Instants are written to whole seconds, the start rounded down and the end up, so that what is covered stays covered.
//
// All that cannot be written is told at once ([ErrOptions], [ErrInvalid], [ErrLimit]), and then nothing is written. An error
// of w is returned as it is, wrapped. It costs each event once, and holds the calendar in memory.
func Write(w io.Writer, view change.CalendarView, o WriteOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	out := newWriter(o)
	for i := range view.Changes {
		out.change(&view.Changes[i])
	}
	for _, window := range view.Windows {
		out.window(window)
	}
	if len(out.faults) > 0 {
		return errors.Join(out.faults...)
	}
	to := &failing{Writer: w}
	if err := out.calendar.SerializeTo(to, ics.WithNewLineWindows); err != nil {
		return fmt.Errorf("icalendar: %w", err)
	}
	return to.err
}

func (o *WriteOptions) check() error {
	faults := []error{span(o.From, o.Until)}
	fault := func(wrong bool, what string) {
		if wrong {
			faults = append(faults, fmt.Errorf("%w: %s", ErrOptions, what))
		}
	}
	unfit := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar }
	fault(o.Domain == "" || strings.ContainsFunc(o.Domain, unfit),
		fmt.Sprintf("Domain %q: give one such as desk.example.org", o.Domain))
	fault(o.Max < 0, "Max is not negative")
	fault(!o.Stamp.IsZero() && !writable(o.Stamp), "Stamp: give an instant of the years 1 to 9999")
	return errors.Join(faults...)
}

// writer is what one call of Write has.
type writer struct {
	WriteOptions
	calendar *ics.Calendar
	span     schedule.Slot
	taken    map[string]bool // the UIDs
	faults   []error
	full     bool
}

func newWriter(o WriteOptions) *writer {
	o.Max = cmp.Or(o.Max, defaultMax)
	if o.Stamp.IsZero() {
		o.Stamp = o.From
	}
	w := &writer{
		WriteOptions: o, calendar: ics.NewCalendarFor("itsmkit"),
		span: schedule.Slot{Start: o.From, End: o.Until}, taken: map[string]bool{},
	}
	w.calendar.SetProductId("-//itsmkit//change calendar//EN")
	if name := clean(o.Name); name != "" {
		w.calendar.SetXWRCalName(name)
	}
	return w
}

func (w *writer) fault(kind, name string, err error) {
	if err != nil {
		w.faults = append(w.faults, fmt.Errorf("icalendar: %s %q: %w", kind, name, err))
	}
}

// change adds a change, where it has a place in the span.
func (w *writer) change(c *change.Change) {
	slot := schedule.Slot{Start: c.Start, End: c.End}
	if !slot.Overlaps(w.span) {
		return
	}
	if strings.TrimSpace(c.ID) == "" {
		w.fault("change", c.ID, fmt.Errorf("%w: it has no number", ErrInvalid))
	}
	link, err := w.link(c)
	w.fault("change", c.ID, err)
	e, err := w.event(c.ID+"@"+w.Domain, c.UpdatedAt, slot)
	w.fault("change", c.ID, err)
	if e == nil {
		return
	}
	e.SetProperty(ics.ComponentPropertySequence, strconv.FormatInt(max(c.Version, 0), 10))
	title := c.ID
	if !w.WithoutTitles && c.Title != "" {
		title += " " + c.Title
	}
	e.SetSummary(clean(title))
	e.SetStatus(status(c))
	for _, category := range []string{string(c.Type), c.Risk.String()} {
		if category != "" {
			e.AddProperty(ics.ComponentPropertyCategories, clean(category))
		}
	}
	if link != "" {
		e.SetURL(link)
	}
}

// status is how firm a change is.
func status(c *change.Change) ics.ObjectStatus {
	switch c.State {
	case change.StateCancelled:
		return ics.ObjectStatusCancelled
	case change.StateApproved, change.StateScheduled, change.StateImplementing, change.StateReview, change.StateClosed:
		if !c.Held {
			return ics.ObjectStatusConfirmed
		}
	default:
		switch c.Phase {
		case lifecycle.Cancelled:
			return ics.ObjectStatusCancelled
		case lifecycle.Closed:
			return ics.ObjectStatusConfirmed
		}
	}
	return ics.ObjectStatusTentative
}

// window adds the slots of a window that the span touches.
func (w *writer) window(of schedule.Window) {
	if err := of.Check(); err != nil {
		w.fault("window", of.Name, fmt.Errorf("%w: %w", ErrInvalid, err))
		return
	}
	slots := slices.Clone(of.Slots)
	if of.Calendar != nil {
		for s := range w.stretches(of.Calendar) {
			if slots = append(slots, s); len(slots) > w.Max+len(of.Slots) {
				break
			}
		}
	}
	for _, s := range merged(slots) {
		if !s.Overlaps(w.span) {
			continue
		}
		e, err := w.event(w.windowUID(of, s.Start), w.Stamp, s)
		w.fault("window", of.Name, err)
		if e == nil {
			return
		}
		e.SetSummary(clean(of.Name))
		e.AddProperty(ics.ComponentPropertyCategories, clean(string(of.Kind)))
		if of.Kind == schedule.Allowed {
			e.SetTimeTransparency(ics.TransparencyTransparent)
		}
	}
}

// windowUID names a slot of a window by what stays the same of it.
func (w *writer) windowUID(of schedule.Window, start time.Time) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %d",
		of.Kind, of.Name, of.Scope.Items, of.Scope.Services, of.Scope.Types, start.Unix()))
	base := string(of.Kind) + "-" + hex.EncodeToString(sum[:16])
	uid := base
	for n := 2; w.taken[uid+"@"+w.Domain]; n++ {
		uid = base + "-" + strconv.Itoa(n)
	}
	return uid + "@" + w.Domain
}

// event adds an event with what all have. It is nil, without an error, where there are too many, which is told once.
func (w *writer) event(uid string, stamp time.Time, s schedule.Slot) (*ics.VEvent, error) {
	uid = clean(uid)
	begins, ends := s.Start.UTC().Truncate(time.Second), s.End.UTC()
	if whole := ends.Truncate(time.Second); whole.Before(ends) {
		ends = whole.Add(time.Second)
	}
	switch {
	case stamp.IsZero() || !writable(stamp):
		return nil, fmt.Errorf("%w: it does not say when it was changed: take it as its store answers it", ErrInvalid)
	case !writable(begins) || !writable(ends):
		return nil, fmt.Errorf("%w: from %s until %s: give it a window in the years 1 to 9999", ErrInvalid,
			begins.Format(time.RFC3339), ends.Format(time.RFC3339))
	case w.taken[uid]:
		return nil, fmt.Errorf("%w: it is in the view twice", ErrInvalid)
	case w.full:
		return nil, nil
	case len(w.taken) == w.Max:
		w.full = true
		w.faults = append(w.faults,
			fmt.Errorf("icalendar: %w: more than %d events: write a shorter span, or raise Max", ErrLimit, w.Max))
		return nil, nil
	}
	w.taken[uid] = true
	const instant = "20060102T150405Z"
	e := w.calendar.AddEvent(uid)
	e.SetDtStampTime(stamp)
	e.SetProperty(ics.ComponentPropertyDtStart, begins.Format(instant))
	e.SetProperty(ics.ComponentPropertyDtEnd, ends.Format(instant))
	return e, nil
}

// writable reports whether the year of an instant has the four digits that RFC 5545 gives it.
func writable(t time.Time) bool { return t.UTC().Year() >= 1 && t.UTC().Year() <= 9999 }

// link is the URL of a change, which stands in the feed as it is.
func (w *writer) link(c *change.Change) (string, error) {
	if w.URL == nil {
		return "", nil
	}
	link := w.URL(*c)
	u, err := url.Parse(link)
	if link != "" && (err != nil || !u.IsAbs() || strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r >= 0x7f })) {
		return "", fmt.Errorf("%w: URL %q: give an absolute one, with what is no ASCII escaped", ErrInvalid, link)
	}
	return link, nil
}

// clean is a text as RFC 5545 admits it: no control characters but tabs and line breaks, and UTF-8, which Map sees to.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, text)
}

// failing keeps the first error of a writer: the library passes over those of some lines.
type failing struct {
	io.Writer
	err error
}

func (f *failing) Write(p []byte) (n int, err error) {
	if f.err == nil {
		if n, err = f.Writer.Write(p); err != nil {
			f.err = fmt.Errorf("icalendar: %w", err)
		}
	}
	return n, f.err
}
