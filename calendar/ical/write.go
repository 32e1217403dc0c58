package ical

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	ics "github.com/arran4/golang-ical"

	"github.com/itsmkit/itsmkit/calendar"
)

// Feed is what [Write] writes.
type Feed struct {
	Name   string    // of the calendar, as programs show it; may be empty
	Stamp  time.Time // when the feed was made (DTSTAMP); required
	Events []Event
}

// Write writes a feed: all-day events by their dates, others by their instants in UTC, to whole seconds, so that what they
// cover stays covered. The same feed is the same bytes.
//
// An event without a UID gets one made of what it says, the same each time. Occurrences that share a UID, as those that
// were read of one repeating event do, get their beginning behind it, because each is written as an event of its own.
//
// Every event that cannot be written is told, and then nothing is written: one that ends before it begins, whose all-day
// dates are none, or whose years have not four digits.
func Write(w io.Writer, f Feed) error {
	var errs []error
	if year := f.Stamp.UTC().Year(); f.Stamp.IsZero() || year < 1 || year > 9999 {
		errs = append(errs, fmt.Errorf("ical: %w: the Stamp: give the instant at which the feed is made", ErrSyntax))
	}
	c := ics.NewCalendarFor("itsmkit")
	c.SetProductId("-//itsmkit//calendar//EN")
	if name := clean(f.Name); name != "" {
		c.SetXWRCalName(name)
	}
	uids := uids{shared: map[string]int{}, taken: map[string]bool{}}
	for _, e := range f.Events {
		uids.shared[clean(e.UID)]++
	}
	for i, e := range f.Events {
		if err := add(c, e, f.Stamp, uids); err != nil {
			errs = append(errs, fmt.Errorf("ical: events[%d] %s: %w", i, short(e.Summary), err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	out := &failing{Writer: w}
	if err := c.SerializeTo(out, ics.WithNewLineWindows); err != nil {
		return fmt.Errorf("ical: %w", err)
	}
	return out.err
}

// failing keeps the first error, because not every one of a writer's reaches us.
type failing struct {
	io.Writer
	err error
}

func (f *failing) Write(p []byte) (n int, err error) {
	if f.err == nil {
		if n, err = f.Writer.Write(p); err != nil {
			f.err = fmt.Errorf("ical: %w", err)
		}
	}
	return n, f.err
}

func add(c *ics.Calendar, e Event, stamp time.Time, uids uids) error {
	const date, instant = "20060102", "20060102T150405Z"
	var from, to, mark string
	if e.AllDay {
		first, err := midnight(e.First)
		last, err2 := midnight(e.Last)
		if err = errors.Join(err, err2); err != nil {
			return err
		}
		if last < first {
			return syntax("Last %s lies before First %s", e.Last, e.First)
		}
		from = time.Unix(first, 0).UTC().Format(date)
		to = time.Unix(last+daySeconds, 0).UTC().Format(date)
		mark = from
	} else {
		begins, ends := e.From.UTC().Truncate(time.Second), e.To.UTC()
		if up := ends.Truncate(time.Second); up.Before(ends) {
			ends = up.Add(time.Second)
		}
		if e.To.Before(e.From) || begins.Year() < 1 || ends.Year() > 9999 {
			return syntax("from %s to %s", e.From.Format(time.RFC3339), e.To.Format(time.RFC3339))
		}
		from, to = begins.Format(instant), ends.Format(instant)
		mark = from
	}
	v := c.AddEvent(uids.of(e, mark, to))
	v.SetDtStampTime(stamp)
	var value []ics.PropertyParameter
	if e.AllDay {
		value = append(value, ics.WithValue(string(ics.ValueDataTypeDate)))
	}
	v.SetProperty(ics.ComponentPropertyDtStart, from, value...)
	if to != from {
		v.SetProperty(ics.ComponentPropertyDtEnd, to, value...)
	}
	v.SetSummary(clean(e.Summary))
	if text := clean(e.Description); text != "" {
		v.SetDescription(text)
	}
	for _, category := range e.Categories {
		v.AddProperty(ics.ComponentPropertyCategories, clean(category))
	}
	if e.Tentative {
		v.SetStatus(ics.ObjectStatusTentative)
	}
	if e.Transparent {
		v.SetTimeTransparency(ics.TransparencyTransparent)
	}
	return nil
}

// uids gives each event one of its own.
type uids struct {
	shared map[string]int
	taken  map[string]bool
}

func (u uids) of(e Event, from, to string) string {
	uid := clean(e.UID)
	switch {
	case uid == "":
		sum := sha256.Sum256([]byte(from + "/" + to + "/" + e.Summary))
		uid = hex.EncodeToString(sum[:16]) + "@itsmkit"
	case u.shared[uid] > 1:
		uid += "-" + from
	}
	own := uid
	for n := 2; u.taken[own]; n++ {
		own = uid + "-" + strconv.Itoa(n)
	}
	u.taken[own] = true
	return own
}

// FromHolidays returns the dates that holidays close, from one date through another, as events: whole dates as all-day
// ones, parts of dates as timed ones in the zone. Rules such as "easter+1" are expanded. The error is that of
// [calendar.New] for each holiday that is wrong.
func FromHolidays(holidays []calendar.Holiday, zone string, from, through calendar.Date) ([]Event, error) {
	first, err1 := midnight(from)
	last, err2 := midnight(through)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	var events []Event
	var errs []error
	for i, h := range holidays {
		c, err := calendar.New(calendar.Spec{Zone: zone, Weekly: calendar.Daily(calendar.AllDay), Holidays: []calendar.Holiday{h}})
		if err != nil {
			errs = append(errs, fmt.Errorf("holidays[%d]: %w", i, err))
			continue
		}
		local := &zoned{loc: c.Location()}
		why, err := c.Explain(time.Unix(local.instant(first), 0), time.Unix(local.instant(last+daySeconds), 0))
		if err != nil {
			errs = append(errs, fmt.Errorf("holidays[%d]: %w", i, err))
			continue
		}
		for _, l := range why.Lines {
			if l.Reason != calendar.ReasonHoliday {
				continue
			}
			e := Event{Summary: h.Name, Interval: l.Interval}
			begins, ends := local.day(l.From), local.day(l.To)
			if e.AllDay = begins.exact && ends.exact; e.AllDay {
				e.First, e.Last = dateOf(begins.civil), dateOf(ends.civil-daySeconds)
			}
			events = append(events, e)
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("ical: %w", errors.Join(errs...))
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.From.Compare(b.From) })
	return events, nil
}

// edge is the date that an instant lies on, and whether it is where that date begins.
type edge struct {
	civil int64
	exact bool
}

func (z *zoned) day(t time.Time) edge {
	begins := floorDiv(civil(t.In(z.loc)), daySeconds) * daySeconds
	return edge{begins, z.instant(begins) == t.Unix() && t.Nanosecond() == 0}
}

// FromIntervals returns intervals as events of one name: windows of a calendar, freezes.
func FromIntervals(summary string, intervals []calendar.Interval) []Event {
	events := make([]Event, len(intervals))
	for i, in := range intervals {
		events[i] = Event{Summary: summary, Interval: in}
	}
	return events
}
