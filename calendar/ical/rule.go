package ical

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rule is an RRULE. Lists are empty where a part is not given.
type rule struct {
	freq     frequency
	interval int64
	count    int64 // 0: no end by count
	until    stamp
	utc      bool // until is an instant
	ends     bool // there is an until
	wkst     time.Weekday

	months, monthDays, yearDays, weeks, positions []int
	weekdays                                      []nth
	hours, minutes, seconds                       []int
}

type frequency int

const (
	yearly frequency = iota
	monthly
	weekly
	daily
)

// nth is a weekday, or the nth of them in a month or year, from its end where negative.
type nth struct {
	n   int
	day time.Weekday
}

var weekdayNames = [7]string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}

// parseRule reads an RRULE and refuses what RFC 5545 does.
func parseRule(text string) (rule, error) {
	r := rule{interval: 1, wkst: time.Monday, freq: -1}
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(text)), ";"), ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok || value == "" || seen[name] {
			return rule{}, syntax("RRULE: %s", short(part))
		}
		seen[name] = true
		if err := r.part(name, value); err != nil {
			return rule{}, fmt.Errorf("RRULE: %s: %w", short(part), err)
		}
	}
	return r, r.check()
}

func (r *rule) part(name, value string) (err error) {
	switch name {
	case "FREQ":
		r.freq = frequency(slices.Index([]string{"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}, value))
		if slices.Contains([]string{"HOURLY", "MINUTELY", "SECONDLY"}, value) {
			return unsupported("give several hours of a day by BYHOUR")
		}
		if r.freq < 0 {
			return syntax("want YEARLY, MONTHLY, WEEKLY or DAILY")
		}
	case "INTERVAL":
		r.interval, err = positive(value)
	case "COUNT":
		r.count, err = positive(value)
	case "UNTIL":
		r.ends = true
		if r.until, r.utc, err = parseStamp(value); err != nil {
			return syntax("want a date or a time")
		}
	case "WKST":
		day := slices.Index(weekdayNames[:], value)
		if r.wkst = time.Weekday(day); day < 0 {
			return syntax("want MO to SU")
		}
	case "BYDAY":
		for text := range strings.SplitSeq(value, ",") {
			day := slices.Index(weekdayNames[:], text[max(0, len(text)-2):])
			n, err := 0, error(nil)
			if len(text) > 2 {
				n, err = strconv.Atoi(text[:len(text)-2])
			}
			if day < 0 || err != nil || len(text) > 2 && n == 0 || n < -53 || n > 53 {
				return syntax("want days such as MO or -1SU")
			}
			r.weekdays = append(r.weekdays, nth{n, time.Weekday(day)})
		}
	case "BYMONTH":
		r.months, err = numbers(value, 1, 12, false)
	case "BYMONTHDAY":
		r.monthDays, err = numbers(value, 1, 31, true)
	case "BYYEARDAY":
		r.yearDays, err = numbers(value, 1, 366, true)
	case "BYWEEKNO":
		r.weeks, err = numbers(value, 1, 53, true)
	case "BYSETPOS":
		r.positions, err = numbers(value, 1, 366, true)
	case "BYHOUR":
		r.hours, err = numbers(value, 0, 23, false)
	case "BYMINUTE":
		r.minutes, err = numbers(value, 0, 59, false)
	case "BYSECOND":
		r.seconds, err = numbers(value, 0, 59, false)
	case "RSCALE", "SKIP":
		if value != "GREGORIAN" && value != "OMIT" {
			return unsupported("only the Gregorian calendar, without its missing days")
		}
	default:
		return syntax("no part of a rule")
	}
	return err
}

// check refuses parts that do not go together.
func (r *rule) check() error {
	counted := slices.ContainsFunc(r.weekdays, func(d nth) bool { return d.n != 0 })
	switch {
	case r.freq < 0:
		return syntax("RRULE: FREQ is missing")
	case r.ends && r.count > 0:
		return syntax("RRULE: COUNT and UNTIL go not together")
	case counted && r.freq > monthly, counted && r.weeks != nil:
		return syntax("RRULE: BYDAY with numbers goes with MONTHLY and YEARLY, without BYWEEKNO")
	case r.weeks != nil && r.freq != yearly:
		return syntax("RRULE: BYWEEKNO goes with YEARLY")
	case r.yearDays != nil && r.freq != yearly:
		return syntax("RRULE: BYYEARDAY goes with YEARLY")
	case r.monthDays != nil && r.freq == weekly:
		return syntax("RRULE: BYMONTHDAY goes not with WEEKLY")
	case r.positions != nil && len(r.months)+len(r.monthDays)+len(r.yearDays)+len(r.weeks)+len(r.weekdays)+len(r.hours)+len(r.minutes)+len(r.seconds) == 0:
		return syntax("RRULE: BYSETPOS goes with another BY part")
	case len(r.hours)*len(r.minutes)*len(r.seconds) > maxTimes:
		return unsupported("RRULE: more than %d times a day", maxTimes)
	}
	return nil
}

// maxTimes is every minute.
const maxTimes = 24 * 60

func positive(value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || n < 1 {
		return 0, syntax("want a whole number from 1 on")
	}
	return n, nil
}

// numbers reads a list of numbers, sorted and each once.
func numbers(value string, least, most int, negative bool) (list []int, err error) {
	for text := range strings.SplitSeq(value, ",") {
		n, err := strconv.Atoi(text)
		size := n
		if negative {
			size = max(n, -n)
		}
		if err != nil || size < least || size > most {
			return nil, syntax("want numbers from %d to %d", least, most)
		}
		list = append(list, n)
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// each yields the occurrences of a rule from lo to hi, in order: readings of the clock that the start is of. The start is
// one in any case. It spends steps, and fails when none are left.
func (r *rule) each(start stamp, lo, hi int64, steps *int64, yield func(civil int64) bool) error {
	left := r.count
	take := func(civil int64) bool {
		if civil > hi || civil > start.civil && r.past(start, civil) {
			return false
		}
		if civil >= lo && !yield(civil) {
			return false
		}
		left--
		return left != 0
	}
	if !take(start.civil) {
		return nil
	}
	at := newPeriods(r, start, lo)
	times := r.times(start)
	var days, found []int64
	for ; at.first*daySeconds <= hi; at.next() {
		days = at.days(days[:0])
		found = found[:0]
		for _, day := range days {
			for _, t := range times {
				found = append(found, day*daySeconds+t)
			}
		}
		if *steps -= at.cost + int64(len(found)); *steps < 0 {
			return fmt.Errorf("%w: the rules take too many steps", ErrLimit)
		}
		for _, civil := range r.pick(found) {
			if civil > start.civil && !take(civil) {
				return nil
			}
		}
	}
	return nil
}

// past tells whether an occurrence lies after the rule's end.
func (r *rule) past(start stamp, civil int64) bool {
	switch {
	case !r.ends:
		return false
	case r.until.date:
		return floorDiv(civil, daySeconds) > r.until.day()
	case r.utc && !start.date:
		return start.zone.instant(civil) > r.until.civil
	}
	return civil > r.until.civil
}

// times are the seconds of a day at which the rule has an occurrence.
func (r *rule) times(start stamp) (times []int64) {
	if start.date {
		return []int64{0}
	}
	or := func(list []int, n int64) []int {
		if list == nil {
			return []int{int(n)}
		}
		return list
	}
	of := start.civil - start.day()*daySeconds
	for _, h := range or(r.hours, of/3600) {
		for _, m := range or(r.minutes, of/60%60) {
			for _, s := range or(r.seconds, of%60) {
				times = append(times, int64(h*3600+m*60+s))
			}
		}
	}
	return times
}

// pick keeps the positions that BYSETPOS names.
func (r *rule) pick(found []int64) []int64 {
	if r.positions == nil {
		return found
	}
	var picked []int64
	for _, p := range r.positions {
		if p < 0 {
			p += len(found) + 1
		}
		if p >= 1 && p <= len(found) {
			picked = append(picked, found[p-1])
		}
	}
	slices.Sort(picked)
	return slices.Compact(picked)
}
