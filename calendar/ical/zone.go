package ical

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// zoned turns readings of a zone's clock into instants: of a zone that Go knows, or of one that a calendar describes.
// It is for one goroutine.
type zoned struct {
	loc     *time.Location
	periods []period // all of its history, or that about the reading asked for last
	lo, hi  int64    // the readings that periods are good for, where there is a loc
}

// period is a stretch between two changes of a zone's offset, in seconds since 1970.
type period struct{ from, to, offset int64 }

var utcZone = fixed(0)

func fixed(offset int64) *zoned {
	return &zoned{periods: []period{{math.MinInt64, math.MaxInt64, offset}}}
}

// instant is when the clock shows a reading for the first time. A reading that it skips is taken by the offset before.
func (z *zoned) instant(civil int64) int64 {
	if z.loc != nil && (civil < z.lo || civil >= z.hi) {
		const reach = 400 * daySeconds
		z.lo, z.hi = civil-reach, civil+reach
		z.periods = history(z.loc, z.lo, z.hi)
	}
	periods := z.periods
	i, _ := slices.BinarySearchFunc(periods, civil, func(p period, civil int64) int {
		if p.to != math.MaxInt64 && p.to+p.offset <= civil {
			return -1
		}
		return 1
	})
	i = min(i, len(periods)-1)
	at := civil - periods[i].offset
	if i > 0 && at < periods[i].from {
		return civil - periods[i-1].offset
	}
	return at
}

// history reads the periods of a zone about a stretch of readings.
func history(loc *time.Location, lo, hi int64) (periods []period) {
	const margin = 2 * daySeconds // no offset is longer than one
	for at := lo - margin; at < hi+margin; {
		t := time.Unix(at, 0).In(loc)
		_, offset := t.Zone()
		next := hi + margin
		if _, end := t.ZoneBounds(); !end.IsZero() {
			next = min(next, end.Unix())
		}
		if next <= at {
			next = at + daySeconds // the end that Go states may lie a day early, at the end of a leap year
		}
		if n := len(periods); n > 0 && periods[n-1].offset == int64(offset) {
			periods[n-1].to = next
		} else {
			periods = append(periods, period{at, next, int64(offset)})
		}
		at = next
	}
	return periods
}

// zones are those that a calendar names.
type zones struct {
	rd    *reader
	own   map[string]*component // its VTIMEZONEs
	found map[string]*zoned     // nil where there is none
}

func (rd *reader) zones(c *component) zones {
	z := zones{rd, map[string]*component{}, map[string]*zoned{}}
	for _, part := range c.parts {
		if part.name != "VTIMEZONE" {
			continue
		}
		if id, ok := part.one("TZID"); ok {
			z.own[id.text()] = part
		} else {
			rd.add(part.line, "", syntax("VTIMEZONE has no TZID"))
		}
	}
	return z
}

func (z zones) find(id string) (*zoned, error) {
	found, known := z.found[id]
	if !known {
		found = z.look(id)
		z.found[id] = found
	}
	if found == nil {
		return nil, fmt.Errorf("%w: %s", ErrZone, short(id))
	}
	return found, nil
}

func (z zones) look(id string) *zoned {
	if loc, ok := iana(id); ok {
		return &zoned{loc: loc}
	}
	if own, ok := z.own[id]; ok {
		return z.described(own)
	}
	// "/softwarestudio.org/Olson_20011030_5/America/New_York", up to three parts from its end
	parts := strings.Split(id, "/")
	for n := min(3, len(parts)-1); n > 1; n-- {
		if loc, ok := iana(strings.Join(parts[len(parts)-n:], "/")); ok {
			return &zoned{loc: loc}
		}
	}
	return nil
}

func iana(name string) (*time.Location, bool) {
	if name == "" || name == "Local" { // Local is another zone on another machine
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	return loc, err == nil
}

// described reads a VTIMEZONE; nil, with the faults told, where that cannot be.
func (z zones) described(c *component) *zoned {
	type change struct{ at, from, to int64 }
	var changes []change
	whole := true
	fault := func(line int, err error) { whole = false; z.rd.add(line, "", err) }
	for _, part := range c.parts {
		if part.name != "STANDARD" && part.name != "DAYLIGHT" {
			continue
		}
		from, ok1 := offset(part, "TZOFFSETFROM")
		to, ok2 := offset(part, "TZOFFSETTO")
		p, ok3 := part.one("DTSTART")
		start, utc, err := parseStamp(strings.TrimSpace(p.value))
		if !ok1 || !ok2 || !ok3 || err != nil || utc {
			fault(part.line, syntax("%s needs a local DTSTART, TZOFFSETFROM and TZOFFSETTO", part.name))
			continue
		}
		start.zone = fixed(from)
		onsets := []int64{start.civil}
		for _, p := range part.all("RRULE") {
			r, err := parseRule(p.value)
			if err == nil {
				r.until.zone = start.zone
				err = r.each(start, start.civil, z.rd.to+800*daySeconds, &z.rd.steps, func(civil int64) bool {
					onsets = append(onsets, civil)
					return len(onsets) < maxOnsets
				})
			}
			if err != nil {
				fault(p.line, err)
			}
		}
		for _, p := range part.all("RDATE") {
			for text := range strings.SplitSeq(p.value, ",") {
				s, _, err := parseStamp(strings.TrimSpace(text))
				if err != nil || len(onsets) >= maxOnsets {
					fault(p.line, syntax("RDATE: %s", short(text)))
					break
				}
				onsets = append(onsets, s.civil)
			}
		}
		for _, civil := range onsets {
			changes = append(changes, change{civil - from, from, to})
		}
	}
	if whole && len(changes) == 0 {
		fault(c.line, syntax("VTIMEZONE has neither STANDARD nor DAYLIGHT"))
	}
	if !whole {
		return nil
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	last := period{math.MinInt64, math.MaxInt64, changes[0].from}
	described := &zoned{}
	for _, c := range changes {
		if last.to = c.at; last.to > last.from {
			described.periods = append(described.periods, last)
		}
		last = period{c.at, math.MaxInt64, c.to}
	}
	described.periods = append(described.periods, last)
	return described
}

// maxOnsets is more than a zone has had, and a hostile calendar may list.
const maxOnsets = 5000

// offset reads +0100, -0330 and +013015.
func offset(c *component, name string) (seconds int64, ok bool) {
	p, _ := c.one(name)
	text := strings.TrimSpace(p.value)
	if len(text) != 5 && len(text) != 7 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	var f [3]int64
	for i, c := range []byte(text[1:]) {
		if c < '0' || c > '9' {
			return 0, false
		}
		f[i/2] = f[i/2]*10 + int64(c-'0')
	}
	seconds = f[0]*3600 + f[1]*60 + f[2]
	if text[0] == '-' {
		seconds = -seconds
	}
	return seconds, f[0] < 24 && f[1] < 60 && f[2] < 60
}
