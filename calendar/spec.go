package calendar

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Spec says when there is working time. It is plain data, the same in Go and in JSON; [New] checks it.
//
// A date has the hours of the last override that names it, else of the season it lies in, else of the week; holidays
// and breaks then close their part of it, whatever gave the hours. Dates and hours are local to the zone.
//
// A spec may combine others instead, with one of Union, Intersection and Minus: then it has a name and a zone (by
// default the first one's, for the instants returned) and none of the other fields.
type Spec struct {
	Name      string     `json:"name,omitempty"`
	Zone      string     `json:"zone,omitempty"` // IANA name, such as "Europe/Brussels" or "UTC"; required
	Weekly    Week       `json:"weekly,omitzero"`
	Seasons   []Season   `json:"seasons,omitempty"`
	Overrides []Override `json:"overrides,omitempty"`
	Holidays  []Holiday  `json:"holidays,omitempty"`
	Breaks    []Break    `json:"breaks,omitempty"`
	From      Date       `json:"from,omitempty"`    // the first date it is in force; before it is closed
	Through   Date       `json:"through,omitempty"` // the last one

	Union        []Spec `json:"union,omitempty"`        // open where one of them is
	Intersection []Spec `json:"intersection,omitempty"` // open where all of them are
	Minus        []Spec `json:"minus,omitempty"`        // open where the first is and none of the others
}

// Season gives the dates of a range another week: summer hours, or new hours from a date on. Ranges may not overlap.
type Season struct {
	Name    string `json:"name,omitempty"`
	From    Date   `json:"from,omitempty"`    // empty: since ever
	Through Date   `json:"through,omitempty"` // the last date; empty: for ever
	Weekly  Week   `json:"weekly,omitzero"`
}

// Override gives dates other hours; none closes them. Where they last past midnight, the rest comes beside whatever hours
// the next date has.
type Override struct {
	Name  string `json:"name,omitempty"`
	On    Days   `json:"on"`
	Hours Hours  `json:"hours,omitempty"`
}

// Holiday closes dates, or the part of them that Closed names: "12:00-24:00" for a half day.
type Holiday struct {
	Name     string   `json:"name"`
	On       Days     `json:"on"`
	Closed   Hours    `json:"closed,omitempty"`
	Observed Observed `json:"observed,omitempty"`
	From     Date     `json:"from,omitempty"`    // the first date a rule is in force
	Through  Date     `json:"through,omitempty"` // the last one
}

// Break closes some hours of dates: a staff meeting, a move.
type Break struct {
	Name  string `json:"name,omitempty"`
	On    Days   `json:"on"`
	Hours Hours  `json:"hours"`
}

// New makes a calendar, or returns a [*SpecError] with everything that is wrong with the spec. A calendar that is never
// open between 1800 and 2200 is a fault too ([ErrNeverOpens]). What New is given may be changed afterwards.
func New(s Spec) (*Calendar, error) {
	b := builder{}
	hours, loc := b.build(s, "")
	if len(b.faults) == 0 && !opens(hours) {
		b.fault("", ErrNeverOpens)
	}
	if len(b.faults) > 0 {
		return nil, &SpecError{b.faults}
	}
	s = s.clone()
	return &Calendar{
		spec: s, loc: loc, hours: hours, index: &index{source: hours},
		fingerprint: sync.OnceValue(func() string { return fingerprint(s, hours) }),
	}, nil
}

// Union returns the calendar that is open where one of the given ones is, in the first one's zone. Like [Intersection]
// and [Minus] it works for calendars of different zones; [New] on a [Spec] gives such a calendar a name.
func Union(calendars ...*Calendar) (*Calendar, error) { return New(Spec{Union: specs(calendars)}) }

// Intersection returns the calendar that is open where all the given ones are, in the first one's zone.
func Intersection(calendars ...*Calendar) (*Calendar, error) {
	return New(Spec{Intersection: specs(calendars)})
}

// Minus returns the calendar that is open where the first one is and none of the others, in the first one's zone.
func Minus(calendars ...*Calendar) (*Calendar, error) { return New(Spec{Minus: specs(calendars)}) }

func specs(calendars []*Calendar) []Spec {
	all := make([]Spec, len(calendars))
	for i, c := range calendars {
		if c != nil {
			all[i] = c.spec
		}
	}
	return all
}

// Spec returns what the calendar was made of.
func (c *Calendar) Spec() Spec { return c.spec.clone() }

func (s Spec) clone() Spec {
	s.Seasons = slices.Clone(s.Seasons)
	s.Overrides = slices.Clone(s.Overrides)
	s.Holidays = slices.Clone(s.Holidays)
	s.Breaks = slices.Clone(s.Breaks)
	for _, parts := range []*[]Spec{&s.Union, &s.Intersection, &s.Minus} {
		*parts = slices.Clone(*parts)
		for i := range *parts {
			(*parts)[i] = (*parts)[i].clone()
		}
	}
	return s
}

// Parse makes a calendar from a [Spec] in JSON. A field it does not know is an error.
func Parse(data []byte) (*Calendar, error) {
	var s Spec
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("calendar: %w: more after the calendar's JSON", ErrSyntax)
	}
	return New(s)
}

// MarshalJSON gives the calendar's [Spec].
func (c *Calendar) MarshalJSON() ([]byte, error) { return json.Marshal(c.spec) }

// UnmarshalJSON is [Parse]: it makes the calendar anew, so nobody else may be using it. An error leaves it as it was.
func (c *Calendar) UnmarshalJSON(data []byte) error {
	parsed, err := Parse(data)
	if err == nil {
		*c = *parsed
	}
	return err
}

// builder turns a spec into a source and collects what is wrong with it.
type builder struct{ faults []Fault }

func (b *builder) fault(field string, err error) {
	b.faults = append(b.faults, Fault{field, err})
}

func (b *builder) build(s Spec, at string) (source, *time.Location) {
	op, parts, keep := "", []Spec(nil), either
	for _, way := range []struct {
		op    string
		parts []Spec
		keep  func(bool, bool) bool
	}{{"union", s.Union, either}, {"intersection", s.Intersection, both}, {"minus", s.Minus, butNot}} {
		if way.parts == nil {
			continue
		}
		if op != "" {
			b.fault(at+way.op, fmt.Errorf("%w: beside %s", ErrMisplaced, op))
		}
		op, parts, keep = way.op, way.parts, way.keep
	}
	if op == "" {
		return b.single(s, at)
	}
	return b.combined(s, at, op, parts, keep)
}

// maxDepth bounds what a hostile configuration can cost.
const maxDepth = 16

func (b *builder) combined(s Spec, at, op string, parts []Spec, keep func(bool, bool) bool) (source, *time.Location) {
	own := s
	own.Name, own.Zone, own.Union, own.Intersection, own.Minus = "", "", nil, nil, nil
	if !own.plain() {
		b.fault(at+op, fmt.Errorf("%w: hours, dates and holidays go into the calendars that are combined", ErrMisplaced))
	}
	if len(parts) < 2 && !(len(parts) == 1 && op != "minus") {
		b.fault(at+op, fmt.Errorf("%w: calendars to combine", ErrMissing))
	}
	c := &combination{name: s.Name, keep: keep, op: op}
	if strings.Count(at, ".") >= maxDepth {
		b.fault(at+op, fmt.Errorf("%w: combined more than %d deep", ErrMisplaced, maxDepth))
		return c, time.UTC
	}
	var loc *time.Location
	for i, part := range parts {
		hours, zone := b.build(part, fmt.Sprintf("%s%s[%d].", at, op, i))
		c.parts = append(c.parts, hours)
		if i == 0 {
			loc = zone
		}
	}
	if s.Zone != "" {
		loc = b.zone(at+"zone", s.Zone)
	}
	return c, loc
}

// plain reports whether nothing is set but what combined calendars may have.
func (s Spec) plain() bool {
	return s.Weekly == Week{} && s.Seasons == nil && s.Overrides == nil && s.Holidays == nil && s.Breaks == nil &&
		s.From == "" && s.Through == ""
}

func (b *builder) single(s Spec, at string) (source, *time.Location) {
	h := &local{name: s.Name, loc: b.zone(at+"zone", s.Zone)}
	h.week = b.week(at+"weekly", s.Weekly)
	for i, season := range s.Seasons {
		field := fmt.Sprintf("%sseasons[%d].", at, i)
		var n seasonal
		n.first, n.last = b.dates(field, season.From, season.Through)
		n.week = b.week(field+"weekly", season.Weekly)
		for j, other := range h.seasons {
			if n.first <= other.last && other.first <= n.last {
				b.fault(field+"from", fmt.Errorf("%w: seasons[%d] has some of the same dates", ErrOverlap, j))
			}
		}
		h.seasons = append(h.seasons, n)
	}
	taken := map[Days]bool{}
	for i, o := range s.Overrides {
		field := fmt.Sprintf("%soverrides[%d].", at, i)
		if taken[o.On] {
			b.fault(field+"on", fmt.Errorf("%w: %q has hours already", ErrDuplicate, o.On))
		}
		taken[o.On] = true
		h.entries = append(h.entries, b.entry(field, "hours", ReasonHours, o.Name, o.On, o.Hours))
	}
	for i, day := range s.Holidays {
		field := fmt.Sprintf("%sholidays[%d].", at, i)
		e := b.entry(field, "closed", ReasonHoliday, day.Name, day.On, day.Closed)
		e.rule.from, e.rule.through = b.dates(field, day.From, day.Through)
		e.rule.observed = day.Observed
		if _, ok := moves[day.Observed]; !ok {
			b.fault(field+"observed", fmt.Errorf("%w: %q, want nearest, monday, sunday or substitute", ErrSyntax, string(day.Observed)))
		}
		if e.today == nil {
			e.today = []span{{0, daySeconds}}
		}
		h.entries = append(h.entries, e)
	}
	for i, br := range s.Breaks {
		field := fmt.Sprintf("%sbreaks[%d].", at, i)
		e := b.entry(field, "hours", ReasonBreak, br.Name, br.On, br.Hours)
		if e.today == nil && br.Hours == "" {
			b.fault(field+"hours", fmt.Errorf("%w: the hours of the break", ErrMissing))
		}
		h.entries = append(h.entries, e)
	}
	h.first, h.last = b.dates(at, s.From, s.Through)
	return h, h.loc
}

func (b *builder) zone(field, name string) *time.Location {
	if name == "" {
		b.fault(field, fmt.Errorf("%w: a time zone, such as Europe/Brussels or UTC", ErrMissing))
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Local is another zone on another machine
		b.fault(field, fmt.Errorf("%w: %q", ErrZone, name))
		return time.UTC
	}
	return loc
}

// dates reads a range of dates; an empty end is open.
func (b *builder) dates(at string, from, through Date) (first, last int64) {
	first, last = dayNumber(FirstYear-1, time.January, 1), dayNumber(LastYear+2, time.January, 1)
	ends := [2]*int64{&first, &last}
	for i, d := range [2]Date{from, through} {
		if d == "" {
			continue
		}
		day, err := d.parse()
		if err != nil {
			b.fault(at+[2]string{"from", "through"}[i], err)
			return first, last
		}
		*ends[i] = day
	}
	if last < first {
		b.fault(at+"through", fmt.Errorf("%w: %s lies before %s", ErrSyntax, through, from))
	}
	return first, last
}

func (b *builder) week(field string, w Week) (week [7][]span) {
	var next [7][]span
	var errs [7]error
	for d := range week {
		week[d], next[(d+1)%7], errs[d] = w.day(time.Weekday(d)).parse()
	}
	for i := range week {
		d := (i + 1) % 7 // from Monday on
		if errs[d] == nil && len(combine(nil, week[d], next[d], both)) > 0 {
			errs[d] = fmt.Errorf("%w: the day before is still open", ErrOverlap)
		}
		if errs[d] != nil {
			b.fault(field+"."+weekdayNames[d], errs[d])
		}
		week[d] = combine(nil, week[d], next[d], either)
	}
	return week
}

func (b *builder) entry(at, field string, reason Reason, name string, on Days, hours Hours) entry {
	e := entry{reason: reason, name: name}
	var err error
	if e.rule, err = on.parse(); err != nil {
		b.fault(at+"on", err)
	}
	e.rule.from, e.rule.through = b.dates("", "", "")
	if e.today, e.next, err = hours.parse(); err != nil {
		b.fault(at+field, err)
	}
	return e
}
