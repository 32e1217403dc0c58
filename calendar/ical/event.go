package ical

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// reader is what one call of Read has.
type reader struct {
	Options
	faults
	zone     *zoned // the options'
	from, to int64  // the window, in seconds, the end rounded up
	size     int64
	steps    int64 // that rules may still take
	events   []Event
	stopped  bool
}

// maxSteps is what the rules of a feed may cost together: some tenths of a second.
const maxSteps = 5_000_000

func newReader(o Options) (*reader, error) {
	first := time.Date(calendar.FirstYear, time.January, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(calendar.LastYear+1, time.January, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case !o.From.Before(o.To) || o.From.Before(first) || o.To.After(last):
		return nil, fmt.Errorf("%w: From %s, To %s: want a window within the years %d to %d",
			ErrOptions, o.From.Format(time.RFC3339), o.To.Format(time.RFC3339), calendar.FirstYear, calendar.LastYear)
	case o.Limit < 0 || o.Size < 0:
		return nil, fmt.Errorf("%w: Limit and Size are not negative", ErrOptions)
	}
	o.Zone, o.Limit = cmp.Or(o.Zone, time.UTC), cmp.Or(o.Limit, 10_000)
	rd := &reader{Options: o, zone: &zoned{loc: o.Zone}, from: o.From.Unix(), to: o.To.Unix(), steps: maxSteps, size: cmp.Or(o.Size, 8<<20)}
	if o.To.Nanosecond() > 0 {
		rd.to++
	}
	return rd, nil
}

// fatal is a fault after which nothing is read.
func (rd *reader) fatal(line int, uid string, err error) {
	rd.stopped = true
	rd.list = append(rd.list, Fault{line, uid, err})
}

// definition is a VEVENT, before it is expanded.
type definition struct {
	Event
	sequence  int
	cancelled bool
	start     stamp
	length    length
	rules     []prop
	dates     []extra // RDATE
	except    []stamp // EXDATE
	replaced  []stamp // what other definitions replace; all of one UID share it
	replaces  *stamp  // RECURRENCE-ID
}

// extra is an occurrence of RDATE.
type extra struct {
	stamp
	length length
}

// calendar expands the events of a VCALENDAR.
func (rd *reader) calendar(c *component) {
	zones := rd.zones(c)
	byUID := map[string][]*definition{}
	var all []*definition
	for _, part := range c.parts {
		if part.name != "VEVENT" {
			continue
		}
		if d := rd.define(part, zones); d != nil {
			all = append(all, d)
			if d.UID != "" {
				byUID[d.UID] = append(byUID[d.UID], d)
			}
		}
	}
	for _, same := range byUID {
		replace(same)
	}
	for _, d := range all {
		if !d.cancelled && !rd.stopped {
			rd.expand(d)
		}
	}
}

// replace applies what definitions of one event say of each other: a later one (SEQUENCE) is instead of an earlier one,
// and one with a RECURRENCE-ID instead of that occurrence.
func replace(same []*definition) {
	newest := map[string]int{}
	key := func(d *definition) string {
		if d.replaces == nil {
			return ""
		}
		return strconv.FormatInt(d.replaces.instant(), 10)
	}
	for _, d := range same {
		newest[key(d)] = max(newest[key(d)], d.sequence)
	}
	var replaced []stamp
	for _, d := range same {
		if d.sequence < newest[key(d)] {
			d.cancelled = true
		}
		if d.replaces != nil {
			replaced = append(replaced, *d.replaces)
		}
	}
	for _, d := range same {
		if d.replaces == nil {
			d.replaced = replaced
		}
	}
}

// define reads a VEVENT; nil, with the faults told, where that cannot be.
func (rd *reader) define(c *component, zones zones) *definition {
	d := &definition{Event: Event{Line: c.line}}
	text := func(name string) string { p, _ := c.one(name); return p.text() }
	d.UID, d.Summary, d.Description = text("UID"), text("SUMMARY"), text("DESCRIPTION")
	status := strings.ToUpper(strings.TrimSpace(text("STATUS")))
	d.cancelled, d.Tentative = status == "CANCELLED", status == "TENTATIVE"
	d.Transparent = strings.EqualFold(strings.TrimSpace(text("TRANSP")), "TRANSPARENT")
	d.sequence, _ = strconv.Atoi(strings.TrimSpace(text("SEQUENCE")))
	for _, p := range c.all("CATEGORIES") {
		d.Categories = append(d.Categories, list(p)...)
	}
	whole := true
	fault := func(line int, err error) {
		if err != nil {
			whole = false
			rd.add(line, d.UID, err)
		}
	}
	p, ok := c.one("DTSTART")
	var err error
	if !ok {
		fault(c.line, syntax("DTSTART is missing"))
	} else if d.start, err = rd.stamp(p, p.value, zones); err != nil {
		fault(p.line, err)
		ok = false
	}
	d.AllDay = d.start.date
	if p, is := c.one("RECURRENCE-ID"); is {
		s, err := rd.stamp(p, p.value, zones)
		if err == nil && p.param("RANGE") != "" {
			err = unsupported("RECURRENCE-ID with RANGE")
		}
		fault(p.line, err)
		d.replaces = &s
	}
	if ok {
		line, err := rd.lasting(d, c, zones)
		fault(line, err)
	}
	if d.rules = c.all("RRULE"); d.replaces != nil {
		d.rules = nil
	}
	for _, p := range c.all("EXRULE") {
		fault(p.line, unsupported("EXRULE, which RFC 5545 has given up; list the dates as EXDATE"))
	}
	for _, p := range c.all("EXDATE") {
		stamps, err := rd.stamps(p, zones)
		fault(p.line, err)
		d.except = append(d.except, stamps...)
	}
	for _, p := range c.all("RDATE") {
		fault(p.line, rd.extras(d, p, zones))
	}
	if !whole {
		return nil
	}
	return d
}

// list reads texts that commas divide, where these are not escaped.
func list(p prop) (texts []string) {
	begins := 0
	for i := 0; i <= len(p.value); i++ {
		switch {
		case i == len(p.value) || p.value[i] == ',':
			if t := strings.TrimSpace(prop{value: p.value[begins:i]}.text()); t != "" {
				texts = append(texts, t)
			}
			begins = i + 1
		case p.value[i] == '\\':
			i++
		}
	}
	return texts
}

// lasting finds how long an event lasts, and names the line that is wrong.
func (rd *reader) lasting(d *definition, c *component, zones zones) (line int, err error) {
	end, ends := c.one("DTEND")
	duration, lasts := c.one("DURATION")
	switch {
	case ends && lasts:
		return duration.line, syntax("DTEND and DURATION go not together")
	case ends:
		s, err := rd.stamp(end, end.value, zones)
		if err != nil {
			return end.line, err
		}
		d.length, err = between(d.start, s)
		return end.line, err
	case lasts:
		d.length, err = parseDuration(duration.value)
		if err == nil && d.AllDay && (d.length.seconds != 0 || d.length.days == 0) {
			err = syntax("an all-day event lasts whole days")
		}
		return duration.line, err
	case d.AllDay:
		d.length.days = 1
	}
	return 0, nil
}

// between is the length from a start to an end. An all-day event that ends where it begins is of one day; many feeds say
// it so.
func between(start, end stamp) (length, error) {
	switch {
	case start.date != end.date:
		return length{}, syntax("the start and the end are both dates, or both times")
	case start.date && end.day() >= start.day():
		return length{days: max(1, end.day()-start.day())}.checked()
	case !start.date && end.instant() >= start.instant():
		return length{seconds: end.instant() - start.instant()}.checked()
	}
	return length{}, syntax("the end lies before the start")
}

// extras reads an RDATE: dates, times or periods.
func (rd *reader) extras(d *definition, p prop, zones zones) error {
	if !strings.EqualFold(p.param("VALUE"), "PERIOD") {
		stamps, err := rd.stamps(p, zones)
		for _, s := range stamps {
			if s.date != d.AllDay {
				return syntax("RDATE and the start are both dates, or both times")
			}
			d.dates = append(d.dates, extra{s, d.length})
		}
		return err
	}
	for text := range strings.SplitSeq(p.value, ",") {
		from, to, ok := strings.Cut(text, "/")
		s, err := rd.stamp(p, from, zones)
		if err != nil || !ok || s.date || d.AllDay {
			return cmp.Or(err, syntax("RDATE: %s, want a period such as 20261225T120000Z/PT1H", short(text)))
		}
		x := extra{stamp: s}
		if strings.HasPrefix(strings.ToUpper(to), "P") {
			x.length, err = parseDuration(to)
		} else if s, err = rd.stamp(p, to, zones); err == nil {
			x.length, err = between(x.stamp, s)
		}
		if err != nil {
			return err
		}
		d.dates = append(d.dates, x)
	}
	return nil
}

// expand adds the occurrences that the window touches.
func (rd *reader) expand(d *definition) {
	// many definitions of one UID, each with the replacements of all, would cost the square of the feed
	if rd.steps -= int64(len(d.replaced)); rd.steps < 0 {
		rd.fatal(d.Line, d.UID, fmt.Errorf("%w: its UID is used by too many events and changed occurrences", ErrLimit))
		return
	}
	except := rd.exceptions(d)
	type key struct {
		at int64
		length
	}
	known := map[key]bool{}
	add := func(s stamp, l length) bool {
		if !rd.near(s, l) || except.has(s) {
			return true
		}
		if k := (key{s.instant(), l}); !known[k] {
			known[k] = true
			return rd.occurrence(d, s, l)
		}
		return true
	}
	if len(d.rules) == 0 {
		add(d.start, d.length)
	}
	for _, p := range d.rules {
		r, err := parseRule(p.value)
		if err == nil {
			err = r.each(d.start, rd.from-d.length.bound()-margin, rd.to+margin, &rd.steps, func(civil int64) bool {
				return add(stamp{d.start.date, civil, d.start.zone}, d.length)
			})
		}
		if rd.steps < 0 {
			rd.fatal(p.line, d.UID, err)
			return
		}
		if err != nil {
			rd.add(p.line, d.UID, err)
		}
	}
	for _, x := range d.dates {
		if !add(x.stamp, x.length) {
			return
		}
	}
}

// margin is more than readings of a clock differ from instants.
const margin = 3 * daySeconds

// near tells roughly whether an occurrence may touch the window, before anybody looks into a zone.
func (rd *reader) near(s stamp, l length) bool {
	return s.civil <= rd.to+margin && s.civil+l.bound() >= rd.from-margin
}

// exceptions are starts without an occurrence. Dates are so for all times of theirs.
type exceptions struct{ instants, days map[int64]bool }

func (rd *reader) exceptions(d *definition) exceptions {
	e := exceptions{map[int64]bool{}, map[int64]bool{}}
	for _, list := range [...][]stamp{d.except, d.replaced} {
		for _, s := range list {
			switch {
			case s.date || d.AllDay:
				e.days[s.day()] = true
			case rd.near(s, d.length):
				e.instants[s.instant()] = true
			}
		}
	}
	return e
}

func (e exceptions) has(s stamp) bool {
	return e.days[s.day()] || len(e.instants) > 0 && e.instants[s.instant()]
}

// occurrence adds one, where the window touches it. It is false when there are too many.
func (rd *reader) occurrence(d *definition, s stamp, l length) bool {
	from, to := s.instant(), int64(0)
	if l.days > 0 {
		to = s.zone.instant(s.civil+l.days*daySeconds) + l.seconds
	} else {
		to = from + l.seconds
	}
	e := d.Event
	e.Interval = calendar.Interval{From: time.Unix(from, 0).In(rd.Zone), To: time.Unix(max(from, to), 0).In(rd.Zone)}
	touches := e.To.After(rd.From) || e.To.Equal(e.From) && !e.From.Before(rd.From)
	if !touches || !e.From.Before(rd.To) {
		return true
	}
	if len(rd.events) == rd.Limit {
		rd.fatal(d.Line, d.UID, fmt.Errorf("%w: more than %d in the window", ErrLimit, rd.Limit))
		return false
	}
	if d.AllDay {
		e.First, e.Last = dateOf(s.civil), dateOf(s.civil+(l.days-1)*daySeconds)
	}
	e.Categories = slices.Clone(d.Categories)
	rd.events = append(rd.events, e)
	return true
}
