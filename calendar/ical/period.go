package ical

import (
	"slices"
	"time"
)

// periods are the years, months, weeks or days that a rule steps through, and the dates in each that it names.
type periods struct {
	*rule
	start time.Time // the date, in UTC, which serves as the calendar that knows no shifts
	step  int64     // periods of the frequency since the start's
	first int64     // the day with which the period begins
	last  int64
	cost  int64 // of the days that were looked at
}

// newPeriods begins with the start's period, or where nothing counts them near lo.
func newPeriods(r *rule, start stamp, lo int64) *periods {
	p := &periods{rule: r, start: dateOfDay(start.day())}
	p.set()
	if r.count == 0 && lo > start.civil {
		passed := floorDiv(lo, daySeconds) - p.first
		switch r.freq {
		case yearly:
			passed /= 366
		case monthly:
			passed /= 31
		case weekly:
			passed /= 7
		}
		p.step = max(0, passed/r.interval-1) * r.interval
		p.set()
	}
	return p
}

func (p *periods) next() {
	p.step += p.interval
	p.set()
}

func (p *periods) set() {
	y, m, _ := p.start.Date()
	const beyond = 20000 // years; dates stay in range however long an interval is
	switch p.freq {
	case yearly:
		y += int(min(p.step, beyond))
		p.first, p.last = dayNumber(y, time.January, 1), dayNumber(y, time.December, 31)
	case monthly:
		m += time.Month(min(p.step, beyond*12))
		p.first, p.last = dayNumber(y, m, 1), dayNumber(y, m+1, 0)
	case weekly:
		p.first = weekStart(dayOf(p.start), p.wkst) + 7*min(p.step, beyond*53)
		p.last = p.first + 6
	case daily:
		p.first = dayOf(p.start) + min(p.step, beyond*366)
		p.last = p.first
	}
}

// days appends the dates of the period that the rule names, in order.
func (p *periods) days(dst []int64) []int64 {
	p.cost = 1
	if p.freq != yearly {
		return p.scan(dst, p.first, p.last)
	}
	y := dateOfDay(p.first).Year()
	months := p.months
	switch {
	case months == nil && p.weeks == nil && p.yearDays == nil && p.weekdays == nil && p.monthDays == nil:
		months = []int{int(p.start.Month())}
	case months == nil:
		return p.scan(dst, p.first, p.last)
	}
	for _, m := range months {
		dst = p.scan(dst, dayNumber(y, time.Month(m), 1), dayNumber(y, time.Month(m)+1, 0))
	}
	return dst
}

// scan looks at the days of a stretch.
func (p *periods) scan(dst []int64, first, last int64) []int64 {
	p.cost += last - first + 1
	for day := first; day <= last; day++ {
		if p.names(day, first, last) {
			dst = append(dst, day)
		}
	}
	return dst
}

// names reports whether the rule names a day of the stretch in which weekdays are counted. What the rule does not say is
// as the start has it.
func (p *periods) names(day, first, last int64) bool {
	t := dateOfDay(day)
	if p.months != nil && !slices.Contains(p.months, int(t.Month())) {
		return false
	}
	if p.monthDays != nil && !either(p.monthDays, t.Day(), dayNumber(t.Year(), t.Month()+1, 0)-day) {
		return false
	}
	if p.yearDays != nil && !either(p.yearDays, t.YearDay(), dayNumber(t.Year(), time.December, 31)-day) {
		return false
	}
	if p.weeks != nil && !either(p.week(day)) {
		return false
	}
	if p.weekdays != nil {
		return slices.ContainsFunc(p.weekdays, func(d nth) bool {
			return d.day == t.Weekday() &&
				(d.n == 0 || d.n > 0 && (day-first)/7+1 == int64(d.n) || d.n < 0 && (last-day)/7+1 == int64(-d.n))
		})
	}
	switch {
	case p.freq == daily || p.monthDays != nil || p.yearDays != nil:
		return true
	case p.freq == weekly || p.weeks != nil:
		return t.Weekday() == p.start.Weekday()
	}
	return t.Day() == p.start.Day()
}

// either reports whether a list has a number counted from the beginning, or from the end where it is negative.
func either(list []int, n int, after int64) bool {
	return slices.Contains(list, n) || slices.Contains(list, -1-int(after))
}

// week is the number of a day's week in the year that has most of the week's days, and how many weeks follow in it.
func (p *periods) week(day int64) (list []int, n int, after int64) {
	middle := weekStart(day, p.wkst) + 3
	y := dateOfDay(middle).Year()
	return p.weeks, int(middle-dayNumber(y, time.January, 1))/7 + 1, (dayNumber(y, time.December, 31) - middle) / 7
}

func weekStart(day int64, wkst time.Weekday) int64 {
	return day - int64(dateOfDay(day).Weekday()-wkst+7)%7
}

func dayNumber(y int, m time.Month, d int) int64 {
	return dayOf(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

func dayOf(t time.Time) int64 { return floorDiv(t.Unix(), daySeconds) }

func dateOfDay(day int64) time.Time { return time.Unix(day*daySeconds, 0).UTC() }
