package recurring

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// dates are those that On and Weeks keep. The zero value keeps all.
type dates struct {
	lastDay bool
	nth     int // 1 to 5; -1 is the last
	weekday time.Weekday
	weeks   int64
	anchor  int64 // the week of From
}

var (
	nths     = []string{"1st", "2nd", "3rd", "4th", "5th"}
	weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

func (s *Schedule) readDates() error {
	on, weeks := s.spec.On, s.spec.Weeks
	switch {
	case (on != "" || weeks != 0) && strings.HasPrefix(s.spec.Cron, every):
		return itsm.Invalid("on", "an interval has no dates to choose from: leave out on and weeks")
	case weeks < 0 || weeks > maxWeeks:
		return itsm.Invalid("weeks", fmt.Sprintf("give 1 to %d weeks", maxWeeks))
	case weeks > 1 && s.spec.From.IsZero():
		return itsm.Invalid("weeks", "say from when the weeks are counted")
	case weeks > 1 && s.loc != nil:
		s.on.weeks, s.on.anchor = int64(weeks), week(shown(s.spec.From.In(s.loc)))
	}
	if on == "" {
		return nil
	}
	which, day, _ := strings.Cut(on, " ")
	s.on.nth = slices.Index(nths, which) + 1
	weekday := slices.Index(weekdays, day)
	switch {
	case on == "last day":
		s.on.lastDay = true
	case which == "last" && weekday >= 0:
		s.on.nth, s.on.weekday = -1, time.Weekday(weekday)
	case s.on.nth > 0 && weekday >= 0:
		s.on.weekday = time.Weekday(weekday)
	default:
		return itsm.Invalid("on", fmt.Sprintf(`%q is none of "last day", "1st mon" to "5th sun" and "last fri"`, on))
	}
	return nil
}

// has reports whether the date of a reading counts.
func (d *dates) has(reading time.Time) bool {
	day := reading.Day()
	switch {
	case d.lastDay && reading.AddDate(0, 0, 1).Day() != 1:
		return false
	case d.nth != 0 && reading.Weekday() != d.weekday:
		return false
	case d.nth > 0 && (day-1)/7+1 != d.nth:
		return false
	case d.nth < 0 && reading.AddDate(0, 0, 7).Month() == reading.Month():
		return false
	}
	return d.weeks < 2 || (week(reading)-d.anchor)%d.weeks == 0
}

// week numbers the weeks, which begin on Monday, since the one of 1970-01-01.
func week(reading time.Time) int64 {
	const seconds = 7 * 24 * 60 * 60
	monday := reading.Unix() + 3*24*60*60
	n := monday / seconds
	if monday%seconds < 0 {
		n--
	}
	return n
}
