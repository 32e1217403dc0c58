package calendar

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Explanation says where the time between two instants went: lines in order, without gaps, that add up.
type Explanation struct {
	Interval
	Working time.Duration `json:"working"` // in nanoseconds
	Lines   []Line        `json:"lines"`
}

// Line is a stretch of time with one reason.
type Line struct {
	Interval
	Reason Reason `json:"reason"`
	Name   string `json:"name,omitempty"` // of the calendar that is open, the holiday, the break, the pause or the calendar taken away
}

// Reason says why a stretch of time counts, or why it does not. Holidays, breaks, pauses and calendars taken away are
// given as reasons only for time that would else have been working time.
type Reason string

const (
	ReasonOpen     Reason = "open"
	ReasonHours    Reason = "closed"       // outside the hours
	ReasonHoliday  Reason = "holiday"      //
	ReasonBreak    Reason = "break"        //
	ReasonPause    Reason = "paused"       //
	ReasonExcluded Reason = "excluded"     // by [Minus]
	ReasonValidity Reason = "not in force" // outside From and Through
)

// Explain says what every stretch between two instants counted for. Of two holidays or breaks at once the one that the
// spec lists first is named; of a union that is closed, the reason that says more than "closed". It has no lines where
// to is not after from. The errors are those of [Calendar.BetweenPaused]; it costs what there is to say.
func (c *Calendar) Explain(from, to time.Time, pauses ...Pause) (Explanation, error) {
	working, err := c.BetweenPaused(from, to, pauses...)
	if err != nil {
		return Explanation{}, err
	}
	a, b := clamp(from), clamp(to)
	e := Explanation{Interval: Interval{c.time(a), c.time(b)}, Working: working}
	if b <= a {
		return e, nil
	}
	pauses, _ = ordered(pauses)
	paused := []piece{}
	at := a
	for _, p := range pauses {
		begins, ends := max(clamp(p.From), at), clamp(p.To)
		if p.To.IsZero() {
			ends = b
		}
		if ends = min(ends, b); ends > begins {
			paused = append(paused, piece{span{at, begins}, ReasonOpen, ""}, piece{span{begins, ends}, ReasonPause, p.Name})
			at = ends
		}
	}
	paused = append(paused, piece{span{at, b}, ReasonOpen, ""})
	for _, p := range overlay(c.hours.explain(a, b), paused, bothExplained) {
		e.Lines = append(e.Lines, Line{Interval{c.time(p.from), c.time(p.to)}, p.reason, p.name})
	}
	return e, nil
}

// String writes a line for each stretch, in the calendar's zone.
func (e Explanation) String() string {
	const layout = "Mon 2006-01-02 15:04:05.999999999"
	var text strings.Builder
	for _, l := range e.Lines {
		fmt.Fprintf(&text, "%s  to  %s  %s", l.From.Format(layout), l.To.Format(layout), l.Reason)
		if l.Reason == ReasonOpen {
			fmt.Fprintf(&text, " %s", l.Duration())
		}
		if l.Name != "" {
			fmt.Fprintf(&text, " (%s)", l.Name)
		}
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, "working time: %s\n", e.Working)
	return text.String()
}

// piece is a stretch of instants with its reason. Lists of them have no gaps.
type piece struct {
	span
	reason Reason
	name   string
}

// lay appends a piece, or makes the last one longer where they say the same.
func lay(list []piece, p piece) []piece {
	if p.to <= p.from {
		return list
	}
	if n := len(list); n > 0 && list[n-1].reason == p.reason && list[n-1].name == p.name {
		list[n-1].to = p.to
		return list
	}
	return append(list, p)
}

// overlay goes through two lists over the same stretch and lets pick choose.
func overlay(a, b []piece, pick func(a, b piece) piece) (sum []piece) {
	for len(a) > 0 && len(b) > 0 {
		p := pick(a[0], b[0])
		p.span = span{max(a[0].from, b[0].from), min(a[0].to, b[0].to)}
		sum = lay(sum, p)
		if a[0].to == p.to {
			a = a[1:]
		}
		if b[0].to == p.to {
			b = b[1:]
		}
	}
	return sum
}

func eitherExplained(a, b piece) piece {
	if a.reason == ReasonOpen || b.reason != ReasonOpen && a.reason != ReasonHours {
		return a
	}
	return b
}

func bothExplained(a, b piece) piece {
	if a.reason != ReasonOpen {
		return a
	}
	if b.reason == ReasonOpen {
		return piece{reason: ReasonOpen, name: cmp.Or(a.name, b.name)}
	}
	return b
}

func butNotExplained(a, b piece) piece {
	if a.reason == ReasonOpen && b.reason == ReasonOpen {
		return piece{reason: ReasonExcluded, name: b.name}
	}
	return a
}

func (c *combination) explain(from, to int64) []piece {
	pick := map[string]func(a, b piece) piece{"union": eitherExplained, "intersection": bothExplained, "minus": butNotExplained}[c.op]
	sum := c.parts[0].explain(from, to)
	for _, part := range c.parts[1:] {
		sum = overlay(sum, part.explain(from, to), pick)
	}
	if c.name != "" {
		for i := range sum {
			if sum[i].reason == ReasonOpen && sum[i].name == "" {
				sum[i].name = c.name
			}
		}
	}
	return sum
}

func (h *local) explain(from, to int64) (list []piece) {
	zone := newZone(h.loc, from/second, to/second)
	for d := h.dates(from, to); d.next(); {
		for _, p := range d.explain() {
			opens := zone.instant(d.day*daySeconds+p.from) * second
			closes := zone.instant(d.day*daySeconds+p.to) * second
			p.span = span{max(opens, from), min(closes, to)}
			list = lay(list, p)
		}
	}
	return list
}

// explain tells the reasons of one date, in seconds since its midnight.
func (d *dates) explain() []piece {
	whole := span{0, daySeconds}
	if !d.inForce() {
		return []piece{{whole, ReasonValidity, ""}}
	}
	day := fill(d.hours(nil), piece{reason: ReasonOpen, name: d.name}, piece{reason: ReasonHours})
	for _, m := range d.today {
		if m.reason != ReasonHours && m.day == d.day {
			closed := fill(m.spans(), piece{reason: m.reason, name: m.entry.name}, piece{reason: ReasonOpen})
			day = overlay(day, closed, bothExplained)
		}
	}
	return day
}

// fill makes a date of one piece inside the spans and another outside.
func fill(spans []span, inside, outside piece) (list []piece) {
	at := int64(0)
	for _, s := range spans {
		outside.span, inside.span = span{at, s.from}, s
		list = lay(lay(list, outside), inside)
		at = s.to
	}
	outside.span = span{at, daySeconds}
	return lay(list, outside)
}

// Fingerprint is a digest of all that the calendar's answers depend on: its spec and, for the whole horizon, the rules
// of its zones. Deadlines that were stored beside another fingerprint may have moved: compute them again. It takes
// some hundred microseconds the first time, and is kept.
func (c *Calendar) Fingerprint() string {
	if c == nil || c.fingerprint == nil {
		return fingerprint(Spec{}, nil)
	}
	return c.fingerprint()
}

func fingerprint(s Spec, hours source) string {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(s) // neither the hash nor plain strings can fail
	if hours != nil {
		hours.zones(sum)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (c *combination) zones(w io.Writer) {
	for _, part := range c.parts {
		part.zones(w)
	}
}

func (h *local) zones(w io.Writer) {
	for _, p := range newZone(h.loc, horizonStart/second, horizonEnd/second).periods {
		_ = binary.Write(w, binary.LittleEndian, [2]int64{p.from, p.offset})
	}
}
