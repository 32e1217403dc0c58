package ical

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

const daySeconds = 24 * 60 * 60

// stamp is a reading of a zone's clock, in seconds since 1970 on that clock. Of a date it is midnight.
type stamp struct {
	date  bool
	civil int64
	zone  *zoned
}

// instant is in seconds since 1970.
func (s stamp) instant() int64 { return s.zone.instant(s.civil) }

func (s stamp) day() int64 { return floorDiv(s.civil, daySeconds) }

// stamps reads a list of dates or times, which may be one.
func (rd *reader) stamps(p prop, zones zones) (all []stamp, err error) {
	for text := range strings.SplitSeq(p.value, ",") {
		s, err := rd.stamp(p, text, zones)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (rd *reader) stamp(p prop, text string, zones zones) (stamp, error) {
	text = strings.TrimSpace(text)
	s, utc, err := parseStamp(strings.ToUpper(text))
	if err != nil {
		return stamp{}, syntax("%s: %s, want a date such as 20261225 or a time such as 20261225T120000Z", p.name, short(text))
	}
	if value := strings.ToUpper(p.param("VALUE")); s.date && value == "DATE-TIME" || !s.date && value == "DATE" {
		return stamp{}, syntax("%s: %s is no %s", p.name, short(text), value)
	}
	switch tzid := p.param("TZID"); {
	case utc:
		s.zone = utcZone
	case s.date || tzid == "":
		s.zone = rd.zone
	default:
		s.zone, err = zones.find(tzid)
	}
	return s, err
}

// parseStamp reads 20261225, 20261225T120000 and 20261225T120000Z.
func parseStamp(text string) (s stamp, utc bool, err error) {
	const date, local = len("20060102"), len("20060102T150405")
	n := len(text)
	if utc = n == local+1 && text[local] == 'Z'; utc {
		text, n = text[:local], local
	}
	if n != date && (n != local || text[date] != 'T') {
		return stamp{}, false, ErrSyntax
	}
	var f [6]int
	for i, at := range [6]int{0, 4, 6, 9, 11, 13} {
		end := at + 2
		if i == 0 {
			end = 4
		}
		if end > n {
			break
		}
		for _, c := range []byte(text[at:end]) {
			if c < '0' || c > '9' {
				return stamp{}, false, ErrSyntax
			}
			f[i] = f[i]*10 + int(c-'0')
		}
	}
	day := time.Date(f[0], time.Month(f[1]), f[2], 0, 0, 0, 0, time.UTC)
	if day.Day() != f[2] || int(day.Month()) != f[1] || f[0] == 0 || f[3] > 23 || f[4] > 59 || f[5] > 60 {
		return stamp{}, false, ErrSyntax
	}
	f[5] = min(f[5], 59) // a leap second, which no clock of Go's has
	return stamp{date: n == date, civil: day.Unix() + int64(f[3]*3600+f[4]*60+f[5])}, utc, nil
}

// length is how long an event lasts: dates of the local clock, then seconds that really pass.
type length struct{ days, seconds int64 }

func (l length) bound() int64 { return l.days*daySeconds + l.seconds }

func (l length) checked() (length, error) {
	const longest = 100 * 366 * daySeconds
	if l.bound() > longest {
		return length{}, unsupported("events of more than a hundred years")
	}
	return l, nil
}

// parseDuration reads P2W, P1DT12H, PT90M.
func parseDuration(text string) (length, error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	fault := syntax("the duration %s, want one such as P1D, P2W or PT1H30M", short(text))
	rest, ok := strings.CutPrefix(strings.TrimPrefix(text, "+"), "P")
	if !ok || rest == "" {
		return length{}, fault
	}
	var l length
	units, hasTime := "WD", false
	for rest != "" {
		if after, ok := strings.CutPrefix(rest, "T"); ok && !hasTime {
			rest, units, hasTime = after, "HMS", true
		}
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		const most = 8 // a hundred million seconds are three years
		if digits == 0 || digits > most || digits == len(rest) {
			return length{}, fault
		}
		n, _ := strconv.ParseInt(rest[:digits], 10, 64)
		unit := strings.IndexByte(units, rest[digits])
		if unit < 0 {
			return length{}, fault
		}
		switch rest[digits] {
		case 'W':
			l.days += 7 * n
		case 'D':
			l.days += n
		case 'H':
			l.seconds += 3600 * n
		case 'M':
			l.seconds += 60 * n
		case 'S':
			l.seconds += n
		}
		units, rest = units[unit+1:], rest[digits+1:]
	}
	return l.checked()
}

// civil is what a clock shows, in seconds since 1970 on it.
func civil(t time.Time) int64 {
	_, offset := t.Zone()
	return t.Unix() + int64(offset)
}

func dateOf(civil int64) calendar.Date { return calendar.DateOf(time.Unix(civil, 0).UTC()) }

// clock writes the time of a date as calendar.Hours have it.
func clock(civil int64) string {
	t := time.Unix(civil, 0).UTC()
	if t.Second() == 0 {
		return t.Format("15:04")
	}
	return t.Format(time.TimeOnly)
}

// midnight is the civil second at which a date begins.
func midnight(d calendar.Date) (int64, error) {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return 0, fmt.Errorf("%w: date %s, want one such as 2026-12-25", ErrSyntax, short(string(d)))
	}
	return t.Unix(), nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
