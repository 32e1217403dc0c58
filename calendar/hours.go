package calendar

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are the windows of a date as text: "09:00-17:00", "08:00-12:00, 13:00-17:30", "07:30:15-24:00". The empty
// text has no windows: closed. A window that ends at or before the reading it begins at, such as "22:00-06:00", ends on
// the next date; "22:00-30:00" says the same. It is shorthand for two windows, and the part after midnight belongs to
// the next date in every respect: a holiday there closes it, a holiday on the first date does not.
type Hours string

// AllDay are the hours of a date that is open from midnight to midnight.
const AllDay Hours = "00:00-24:00"

// Week gives the hours of each weekday; a day without is closed.
type Week struct {
	Mon Hours `json:"mon,omitempty"`
	Tue Hours `json:"tue,omitempty"`
	Wed Hours `json:"wed,omitempty"`
	Thu Hours `json:"thu,omitempty"`
	Fri Hours `json:"fri,omitempty"`
	Sat Hours `json:"sat,omitempty"`
	Sun Hours `json:"sun,omitempty"`
}

// Weekdays is the week with these hours from Monday to Friday.
func Weekdays(h Hours) Week { return Week{Mon: h, Tue: h, Wed: h, Thu: h, Fri: h} }

// Daily is the week with these hours on all seven days.
func Daily(h Hours) Week { return Week{h, h, h, h, h, h, h} }

var weekdayNames = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func (w Week) day(d time.Weekday) Hours {
	return [7]Hours{w.Sun, w.Mon, w.Tue, w.Wed, w.Thu, w.Fri, w.Sat}[d]
}

const daySeconds = 24 * 60 * 60

// parse returns the windows of the date and those of the date after it.
func (h Hours) parse() (today, next []span, err error) {
	if strings.TrimSpace(string(h)) == "" {
		return nil, nil, nil
	}
	for text := range strings.SplitSeq(string(h), ",") {
		s, err := parseWindow(strings.TrimSpace(text))
		if err != nil {
			return nil, nil, err
		}
		today = append(today, span{s.from, min(s.to, daySeconds)})
		if s.to > daySeconds {
			next = append(next, span{0, s.to - daySeconds})
		}
	}
	slices.SortFunc(today, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	if today, err = disjoint(today); err == nil {
		next, err = disjoint(next)
	}
	return today, next, err
}

// disjoint joins touching spans of a sorted list and refuses overlapping ones.
func disjoint(sorted []span) (joined []span, err error) {
	for i, s := range sorted {
		if i > 0 && s.from < sorted[i-1].to {
			return nil, fmt.Errorf("%w: %s-%s and %s-%s", ErrOverlap,
				clock(sorted[i-1].from), clock(sorted[i-1].to), clock(s.from), clock(s.to))
		}
		joined = push(joined, s)
	}
	return joined, nil
}

func parseWindow(text string) (span, error) {
	opens, closes, ok := strings.Cut(text, "-")
	from, err1 := parseClock(strings.TrimSpace(opens))
	to, err2 := parseClock(strings.TrimSpace(closes))
	switch {
	case !ok || err1 != nil || err2 != nil:
		return span{}, fmt.Errorf("%w: %q, want hours such as 09:00-17:00", ErrSyntax, text)
	case from >= daySeconds:
		return span{}, fmt.Errorf("%w: %q opens after the end of its date", ErrSyntax, text)
	case from == to:
		return span{}, fmt.Errorf("%w: %q opens and closes at once; a whole date is %s", ErrSyntax, text, AllDay)
	case to < from:
		to += daySeconds
	case to-from > daySeconds:
		return span{}, fmt.Errorf("%w: %q is longer than 24 hours", ErrSyntax, text)
	}
	return span{from, to}, nil
}

var errClock = errors.New("no reading of a clock")

// parseClock reads HH:MM or HH:MM:SS, up to 48:00.
func parseClock(text string) (seconds int64, err error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, errClock
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || len(part) > 2 || i > 0 && (len(part) != 2 || n > 59) {
			return 0, errClock
		}
		seconds = seconds*60 + int64(n)
	}
	if len(parts) == 2 {
		seconds *= 60
	}
	if seconds > 2*daySeconds {
		return 0, errClock
	}
	return seconds, nil
}

// clock writes seconds since midnight the way Hours has them.
type clock int64

func (c clock) String() string {
	if c%60 == 0 {
		return fmt.Sprintf("%02d:%02d", c/3600, c/60%60)
	}
	return fmt.Sprintf("%02d:%02d:%02d", c/3600, c/60%60, c%60)
}
