// Package recurring is work that comes again: schedules, and records that do something at each occurrence of one.
//
// A [Schedule] is a cron expression in a named zone, as data a person can read:
//
//	s, err := recurring.Parse("0 9 * * MON-FRI", "Europe/Brussels")
//	next, err := s.Next(now)
//
// # Meaning
//
// An expression names readings of the zone's clock. A reading that the clock skips comes at the instant of the skip, one
// that the clock repeats comes once, at its first occurrence; several that are skipped together come once together.
// "@every 90m" counts real time from [Spec.From] instead, or else from 1970, so that nothing drifts, whoever asks and
// whenever.
//
// The fields are those of crontab(5), in the dialect of robfig/cron: minute, hour, day of month, month, day of week, with
// names such as MON and JAN; Sunday is 0 or SUN. Where both day fields are restricted a date that matches either counts,
// as crontab(5) has it; [Spec.On] is for "the first Monday" and "the last day of the month". A step such as */7 begins
// anew with each hour, day or month. What can never come, such as 30 February, is refused when the schedule is made.
//
// # Recurrences
//
// [Recurrences] is a practice: a record says what is done at each occurrence of its schedule, such as a new incident.
// Each occurrence is a timer keyed by its own instant, and is consumed in the transaction that does the work, so that it
// happens once over crashes, restarts and any number of nodes.
package recurring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
)

// Spec says when something comes again.
type Spec struct {
	// Cron is five fields, one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually, or "@every" with a
	// duration of whole seconds such as 90m.
	Cron string `json:"cron"`
	// Zone names the zone whose clock is read, such as Europe/Brussels or UTC.
	Zone string `json:"zone"`
	// On keeps of the dates that Cron names those that are the "last day" of their month, or its "1st mon" to "5th sun" or
	// "last fri".
	On string `json:"on,omitempty"`
	// Weeks keeps every so many weeks, counted from the one of From, which begins on Monday; 0 and 1 keep all.
	Weeks int `json:"weeks,omitempty"`
	// From is the first instant at which it may come, and Until the first at which it may not any more. Zero is no bound.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Calendar names a calendar in whose working time it comes, and Closed says what becomes of the rest.
	Calendar string `json:"calendar,omitempty"`
	Closed   Closed `json:"closed,omitempty"`
}

// Closed says what becomes of an occurrence outside the working time.
type Closed string

// Without a word it is skipped. Several that wait for the same opening come once.
const (
	Skip        Closed = "skip"
	NextOpening Closed = "next_opening"
)

// ErrNone says that there is no occurrence any more, within fifty years or before 2200.
var ErrNone = errors.New("recurring: there is no further occurrence")

// Schedule answers when something comes again. Make one with [NewSchedule], [Parse] or [Read]. It never changes and may be used
// by many goroutines. Its JSON is that of its [Spec].
type Schedule struct {
	spec  Spec
	loc   *time.Location
	cron  *cron.SpecSchedule
	every int64 // seconds; 0 where there is a cron expression
	on    dates
	hours *calendar.Calendar
}

// The bounds of every search: a leap day that is the fifth Sunday of its month comes after forty years at most.
const (
	searchYears = 50
	firstYear   = calendar.FirstYear
	lastYear    = calendar.LastYear
	maxCron     = 500
	maxWeeks    = 520
)

// Parse makes the schedule of an expression in a zone.
func Parse(cron, zone string) (*Schedule, error) {
	return NewSchedule(Spec{Cron: cron, Zone: zone})
}

// Read makes the schedule of a [Spec] in JSON. It refuses members that it does not know.
func Read(data []byte, calendars ...*calendar.Calendar) (*Schedule, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var spec Spec
	err := d.Decode(&spec)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("more follows")
		}
	}
	if err != nil {
		return nil, itsm.Invalid("schedule", "a schedule is a JSON object: "+err.Error())
	}
	return NewSchedule(spec, calendars...)
}

// NewSchedule makes a schedule, and lists everything that is wrong with it. The calendars are those that Spec.Calendar may name,
// by [calendar.Calendar.Name].
func NewSchedule(spec Spec, calendars ...*calendar.Calendar) (*Schedule, error) {
	spec.Cron = strings.Join(strings.Fields(spec.Cron), " ")
	spec.On = strings.ToLower(strings.Join(strings.Fields(spec.On), " "))
	spec.From, spec.Until = plain(spec.From), plain(spec.Until)
	s := &Schedule{spec: spec}
	faults := []error{s.readCron(), s.readZone(), s.readDates(), s.readHours(calendars)}
	if !spec.From.IsZero() && !spec.Until.IsZero() && !spec.From.Before(spec.Until) {
		faults = append(faults, itsm.Invalid("until", "the end comes after the beginning"))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	from := spec.From
	if from.IsZero() {
		from = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	if _, err := s.Next(from.Add(-1)); err != nil {
		return nil, itsm.Invalid("cron", fmt.Sprintf("%s never comes: no date, or no working time, fits all that it says", s))
	}
	return s, nil
}

// plain is the instant alone, so that equal specs compare equal.
func plain(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.Round(0).UTC()
}

func (s *Schedule) readZone() error {
	zone := s.spec.Zone
	if zone == "" || zone == "Local" {
		return itsm.Invalid("zone", "name a zone, such as Europe/Brussels or UTC: the machine's own is another one elsewhere")
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return itsm.Invalid("zone", fmt.Sprintf("there is no zone %q: take a name such as Europe/Brussels", zone))
	}
	s.loc = loc
	return nil
}

func (s *Schedule) readHours(calendars []*calendar.Calendar) error {
	switch s.spec.Closed {
	case "", Skip, NextOpening:
	default:
		return itsm.Invalid("closed", fmt.Sprintf("%q is neither skip nor next_opening", s.spec.Closed))
	}
	if s.spec.Calendar == "" {
		if s.spec.Closed != "" {
			return itsm.Invalid("closed", "name the calendar that is closed")
		}
		return nil
	}
	for _, c := range calendars {
		if c != nil && c.Name() == s.spec.Calendar {
			s.hours = c
			return nil
		}
	}
	return itsm.Invalid("calendar", fmt.Sprintf("there is no calendar %q", s.spec.Calendar))
}

// Spec answers what the schedule was made of, in its plain form.
func (s *Schedule) Spec() Spec { return s.spec }

// Location is the zone in which the schedule answers instants.
func (s *Schedule) Location() *time.Location { return s.loc }

// MarshalJSON writes the spec.
func (s *Schedule) MarshalJSON() ([]byte, error) { return json.Marshal(s.spec) }

// String is the schedule in a line: "0 9 * * MON-FRI Europe/Brussels".
func (s *Schedule) String() string {
	p := &s.spec
	words := []string{p.Cron, p.Zone}
	if p.On != "" {
		words = append(words, "on the "+p.On)
	}
	if p.Weeks > 1 {
		words = append(words, fmt.Sprintf("every %d weeks", p.Weeks))
	}
	if !p.From.IsZero() {
		words = append(words, "from "+p.From.Format(time.RFC3339))
	}
	if !p.Until.IsZero() {
		words = append(words, "until "+p.Until.Format(time.RFC3339))
	}
	if p.Calendar != "" {
		words = append(words, "in "+p.Calendar)
	}
	return strings.Join(words, " ")
}
