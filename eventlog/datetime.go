package eventlog

import "time"

// clock reads times. Offsets share their locations.
type clock struct {
	zone    *time.Location // for times without an offset; nil refuses them
	offsets map[int]*time.Location
}

const dateTimeExample = "2024-03-04T09:12:33.000+01:00"

// parse reads xs:dateTime: date, T, time, any number of fraction digits (those after the ninth are dropped), and Z, an
// offset of up to fourteen hours, or nothing. 24:00:00 is midnight of the next day.
func (c *clock) parse(s string) (time.Time, *Error) {
	bad := func() (time.Time, *Error) {
		return time.Time{}, fault(CodeTime, "%q is not a time; write it like %s", shorten(s), dateTimeExample)
	}
	p := scanner{rest: s, ok: true}
	before := p.skip('-')
	year := p.year()
	p.want('-')
	month := p.two(1, 12)
	p.want('-')
	day := p.two(1, 31)
	p.want('T')
	hour := p.two(0, 24)
	p.want(':')
	minute := p.two(0, 59)
	p.want(':')
	second := p.two(0, 59)
	nanos := 0
	if p.skip('.') {
		nanos = p.fraction()
	}
	if before {
		year = -year
	}
	if !p.ok || day > daysIn(year, month) || hour == 24 && (minute|second|nanos) != 0 {
		return bad()
	}
	wall := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	switch {
	case p.rest == "":
		return c.place(wall, s)
	case p.rest == "Z":
		return wall, nil
	}
	west := p.skip('-')
	if !west {
		p.want('+')
	}
	hours := p.two(0, 14)
	p.want(':')
	minutes := p.two(0, 59)
	if !p.ok || p.rest != "" || hours == 14 && minutes != 0 {
		return bad()
	}
	offset := (hours*60 + minutes) * 60
	if west {
		offset = -offset
	}
	return wall.Add(-time.Duration(offset) * time.Second).In(c.at(offset)), nil
}

func (c *clock) at(offset int) *time.Location {
	if offset == 0 {
		return time.UTC
	}
	if c.offsets[offset] == nil {
		if c.offsets == nil {
			c.offsets = map[int]*time.Location{}
		}
		c.offsets[offset] = time.FixedZone("", offset)
	}
	return c.offsets[offset]
}

// place finds the instant at which the configured zone's clocks showed wall (which is given as if in UTC). Of two such
// instants it is the first: time.Date promises neither.
func (c *clock) place(wall time.Time, text string) (time.Time, *Error) {
	if c.zone == nil {
		return time.Time{}, fault(CodeNoZone, "%q has no offset from UTC; add one, or configure the zone of the log", shorten(text))
	}
	year, month, day := wall.Date()
	t := time.Date(year, month, day, wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), c.zone)
	_, offset := t.Zone()
	if t.Unix()+int64(offset) != wall.Unix() {
		return time.Time{}, fault(CodeTime, "%q never was in %s, where clocks were set forward over it; correct the time or the zone", shorten(text), c.zone)
	}
	if start, _ := t.ZoneBounds(); !start.IsZero() {
		_, former := start.Add(-1).Zone()
		if first := t.Add(time.Duration(offset-former) * time.Second); first.Before(start) {
			return first, nil
		}
	}
	return t, nil
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// scanner takes a text apart; after a mismatch ok is false and stays so.
type scanner struct {
	rest string
	ok   bool
}

func (p *scanner) skip(c byte) bool {
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *scanner) want(c byte) { p.ok = p.skip(c) && p.ok }

func (p *scanner) digits() string {
	n := 0
	for n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9' {
		n++
	}
	digits := p.rest[:n]
	p.rest = p.rest[n:]
	return digits
}

// year has four digits, or up to six without a leading zero.
func (p *scanner) year() int {
	digits := p.digits()
	if len(digits) < 4 || len(digits) > 6 || len(digits) > 4 && digits[0] == '0' {
		p.ok = false
		return 0
	}
	return number(digits)
}

func (p *scanner) two(low, high int) int {
	if len(p.rest) < 2 || p.rest[0]-'0' > 9 || p.rest[1]-'0' > 9 {
		p.ok = false
		return low
	}
	n := number(p.rest[:2])
	p.rest = p.rest[2:]
	p.ok = p.ok && n >= low && n <= high
	return n
}

func (p *scanner) fraction() int {
	digits := p.digits()
	p.ok = p.ok && digits != ""
	nanos := 0
	for i := range 9 {
		nanos *= 10
		if i < len(digits) {
			nanos += int(digits[i] - '0')
		}
	}
	return nanos
}

func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}
