package calendar

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Date is a date of the calendar's zone, "2026-12-31".
type Date string

// DateOf returns the date that t shows in its own location.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Days names one date or many:
//
//	2026-12-25              that date
//	2026-12-24..2027-01-02  from the first to the last, both included
//	12-25                   every year
//	12-24..01-02            every year, from the first to the last
//	easter-2, easter+39     days before or after Easter Sunday
//	orthodox+1              the same for the Orthodox Easter
//	4th thu nov             the fourth Thursday of November, every year; 1st to 5th, or last
//	sat>=06-20              the first Saturday on or after that date, every year
//	mon<=05-24              the last Monday on or before that date, every year
//	2nd tue, last fri       of every month
//	fri                     every week
//	every 14 days from 2026-01-02   that date, and so on from there
//
// 02-29 names nothing in a year that does not have it, nor does a fifth weekday in a month with four.
type Days string

// OnDate names the date that t shows in its own location.
func OnDate(t time.Time) Days { return Days(DateOf(t)) }

// rule is Days understood. Dates are day numbers.
type rule struct {
	stretches func(first, last int64, do func(a, b int64)) // all that touch the days from first to last, or more

	from, through int64 // in force, before the dates move
	observed      Observed
}

// each calls do for every date between the days first and last.
func (r rule) each(first, last int64, do func(day int64)) {
	const move = 2 // days that observing moves at most
	r.stretches(first-move, last+move, func(a, b int64) {
		for day := max(a, first-move, r.from); day <= min(b, last+move, r.through); day++ {
			if moved := r.observed.move(day); moved >= first && moved <= last {
				do(moved)
			}
		}
	})
}

// yearly is the rule with one stretch in every year; none where last is before first.
func yearly(in func(year int) (first, last int64)) rule {
	return rule{stretches: func(first, last int64, do func(a, b int64)) {
		for y := yearOfDay(first) - 1; y <= yearOfDay(last)+1; y++ {
			do(in(y))
		}
	}}
}

func (d Days) parse() (rule, error) {
	text := strings.ToLower(strings.TrimSpace(string(d)))
	for _, form := range []func(string) (rule, bool){fixedDays, yearlyDays, easterDays, nthDays, nearDays, everyDays} {
		if r, ok := form(text); ok {
			return r, nil
		}
	}
	return rule{}, fmt.Errorf("%w: %q, want days such as 2026-12-25, 12-25, easter+1, last mon may or sat>=06-20", ErrSyntax, string(d))
}

func (d Date) parse() (day int64, err error) {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil || t.Year() < FirstYear || t.Year() > LastYear {
		return 0, fmt.Errorf("%w: %q, want a date of 1800 to 2199 such as 2026-12-25", ErrSyntax, string(d))
	}
	return t.Unix() / daySeconds, nil
}

func fixedDays(text string) (r rule, ok bool) {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		to = from
	}
	a, err1 := Date(from).parse()
	b, err2 := Date(to).parse()
	r.stretches = func(_, _ int64, do func(a, b int64)) { do(a, b) }
	return r, err1 == nil && err2 == nil && a <= b
}

func yearlyDays(text string) (rule, bool) {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		to = from
	}
	a, err1 := time.Parse("01-02", from)
	b, err2 := time.Parse("01-02", to)
	wraps := 0
	if b.Before(a) {
		wraps = 1
	}
	return yearly(func(y int) (int64, int64) {
		first, last := dayNumber(y, a.Month(), a.Day()), dayNumber(y+wraps, b.Month(), b.Day())
		if !isRange && monthOfDay(first) != a.Month() {
			return 0, -1 // 29 February that is not
		}
		if isRange && monthOfDay(last) != b.Month() {
			last--
		}
		return first, last
	}), err1 == nil && err2 == nil
}

func easterDays(text string) (rule, bool) {
	sunday, rest := easter, ""
	if after, ok := strings.CutPrefix(text, "easter"); ok {
		rest = after
	} else if after, ok := strings.CutPrefix(text, "orthodox"); ok {
		sunday, rest = orthodoxEaster, after
	} else {
		return rule{}, false
	}
	offset := 0
	if rest != "" {
		n, err := strconv.Atoi(rest)
		if err != nil || rest[0] != '+' && rest[0] != '-' || n < -200 || n > 200 {
			return rule{}, false
		}
		offset = n
	}
	return yearly(func(y int) (int64, int64) {
		day := sunday(y) + int64(offset)
		return day, day
	}), true
}

// nthDays reads "4th thu nov" and "last mon may", and without a month "2nd tue": of every month.
func nthDays(text string) (rule, bool) {
	words := strings.Fields(text)
	if len(words) < 2 || len(words) > 3 {
		return rule{}, false
	}
	nth := slices.Index([]string{"last", "1st", "2nd", "3rd", "4th", "5th"}, words[0])
	weekday := slices.Index(weekdayNames[:], words[1])
	in := func(y int, month time.Month) (int64, int64) {
		if nth == 0 {
			day := onOrBefore(dayNumber(y, month+1, 0), weekday)
			return day, day
		}
		day := onOrAfter(dayNumber(y, month, 1), weekday) + int64(nth-1)*7
		if monthOfDay(day) != month {
			return 0, -1
		}
		return day, day
	}
	if len(words) == 3 {
		month := time.Month(slices.Index(monthNames[:], words[2]) + 1)
		return yearly(func(y int) (int64, int64) { return in(y, month) }), nth >= 0 && weekday >= 0 && month >= time.January
	}
	return rule{stretches: func(first, last int64, do func(a, b int64)) {
		for y := yearOfDay(first); y <= yearOfDay(last); y++ {
			for month := time.January; month <= time.December; month++ {
				do(in(y, month))
			}
		}
	}}, nth >= 0 && weekday >= 0
}

// everyDays reads "fri" and "every 14 days from 2026-01-02".
func everyDays(text string) (rule, bool) {
	if weekday := slices.Index(weekdayNames[:], text); weekday >= 0 {
		return every(7, func(first int64) int64 { return onOrAfter(first, weekday) }), true
	}
	words := strings.Fields(text)
	if len(words) != 5 || words[0] != "every" || words[2] != "days" || words[3] != "from" {
		return rule{}, false
	}
	n, err1 := strconv.ParseUint(words[1], 10, 16)
	start, err2 := Date(words[4]).parse()
	return every(int64(n), func(first int64) int64 {
		return start + max(0, first-start+int64(n)-1)/int64(n)*int64(n)
	}), err1 == nil && err2 == nil && n > 0
}

// every is the rule with a date every so many days, where next finds the first of them on or after a day.
func every(days int64, next func(first int64) int64) rule {
	return rule{stretches: func(first, last int64, do func(a, b int64)) {
		for day := next(first); day <= last; day += days {
			do(day, day)
		}
	}}
}

// nearDays reads "sat>=06-20" and "mon<=05-24".
func nearDays(text string) (rule, bool) {
	if len(text) < 5 {
		return rule{}, false
	}
	weekday := slices.Index(weekdayNames[:], text[:3])
	near := onOrAfter
	if text[3:5] == "<=" {
		near = onOrBefore
	} else if text[3:5] != ">=" {
		return rule{}, false
	}
	date, err := time.Parse("01-02", text[5:])
	return yearly(func(y int) (int64, int64) {
		day := near(dayNumber(y, date.Month(), date.Day()), weekday)
		return day, day
	}), weekday >= 0 && err == nil
}

// Observed says where a holiday goes that falls on a weekend. Empty, it stays.
type Observed string

const (
	ObservedNearest    Observed = "nearest"    // Saturday's on Friday, Sunday's on Monday
	ObservedMonday     Observed = "monday"     // both on Monday
	ObservedSunday     Observed = "sunday"     // Sunday's on Monday, Saturday's stays
	ObservedSubstitute Observed = "substitute" // both two days later: for two days in a row, such as Christmas and Boxing Day
)

// moves are the days that a holiday on a Saturday and one on a Sunday moves.
var moves = map[Observed][2]int64{"": {}, ObservedNearest: {-1, 1}, ObservedMonday: {2, 1}, ObservedSunday: {0, 1}, ObservedSubstitute: {2, 2}}

func (o Observed) move(day int64) int64 {
	if o == "" {
		return day
	}
	switch weekdayOf(day) {
	case time.Saturday:
		return day + moves[o][0]
	case time.Sunday:
		return day + moves[o][1]
	}
	return day
}

var monthNames = [12]string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// Dates are counted in days since 1970; UTC serves as the calendar that knows no shifts.

func dayNumber(y int, m time.Month, d int) int64 {
	return floorDiv(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix(), daySeconds)
}

func dateOfDay(day int64) time.Time { return time.Unix(day*daySeconds, 0).UTC() }

func yearOfDay(day int64) int { return dateOfDay(day).Year() }

func monthOfDay(day int64) time.Month { return dateOfDay(day).Month() }

func weekdayOf(day int64) time.Weekday { return time.Weekday(((day+4)%7 + 7) % 7) }

func onOrAfter(day int64, weekday int) int64 {
	return day + int64((weekday-int(weekdayOf(day))+7)%7)
}

func onOrBefore(day int64, weekday int) int64 { return onOrAfter(day-6, weekday) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// easter is the Sunday of the Gregorian computus.
func easter(y int) int64 {
	a, b, c := y%19, y/100, y%100
	d := (19*a + b - b/4 - (b-(b+8)/25+1)/3 + 15) % 30
	e := (32 + 2*(b%4) + 2*(c/4) - d - c%4) % 7
	f := d + e - 7*((a+11*d+22*e)/451) + 114
	return dayNumber(y, time.Month(f/31), f%31+1)
}

// orthodoxEaster is the Sunday of the Julian computus, as a Gregorian date.
func orthodoxEaster(y int) int64 {
	d := (19*(y%19) + 15) % 30
	e := (2*(y%4) + 4*(y%7) - d + 34) % 7
	f := d + e + 114
	return dayNumber(y, time.Month(f/31), f%31+1) + int64(y/100-y/400-2)
}
