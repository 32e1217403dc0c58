package calendar_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"pgregory.net/rapid"
)

// world is a calendar that the oracle understands: a desk, or what is made of several.
type world struct {
	*desk
	op    string // union, intersection, minus
	parts []world
}

// desk is the working time of one zone. Dates are days since 1970, hours seconds since midnight.
type desk struct {
	loc         *time.Location
	week        hoursOfWeek
	seasons     []season
	overrides   []special
	closures    []special
	first, last int64
}

type hoursOfWeek [7][][2]int // from Sunday; a close after 24 hours is on the next date

type season struct {
	first, last int64
	week        hoursOfWeek
}

// special is hours on the dates that on matches.
type special struct {
	on    func(day int64) bool
	hours [][2]int
}

// second by second, is the desk open on a date?
func (d *desk) paint(day int64) *[86400]bool {
	var open [86400]bool
	if day < d.first || day > d.last {
		return &open
	}
	set := func(hours [][2]int, tail, value bool) {
		for _, h := range hours {
			from, to := h[0], min(h[1], 86400)
			if tail {
				from, to = 0, h[1]-86400
			}
			for s := from; s < to; s++ {
				open[s] = value
			}
		}
	}
	if own := lastOn(d.overrides, day); own != nil {
		set(own.hours, false, true)
	} else {
		week := &d.week
		for i, s := range d.seasons {
			if day >= s.first && day <= s.last {
				week = &d.seasons[i].week
			}
		}
		weekday := civil(day).Weekday()
		set(week[weekday], false, true)
		set(week[(weekday+6)%7], true, true)
	}
	if before := lastOn(d.overrides, day-1); before != nil {
		set(before.hours, true, true)
	}
	for _, c := range d.closures {
		if c.on(day) {
			set(c.hours, false, false)
		}
		if c.on(day - 1) {
			set(c.hours, true, false)
		}
	}
	return &open
}

func lastOn(list []special, day int64) *special {
	for i := range slices.Backward(list) {
		if list[i].on(day) {
			return &list[i]
		}
	}
	return nil
}

func civil(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

func dayOf(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

var oracleZones = []string{
	"UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Antarctica/Troll", "Europe/Dublin", "Africa/Casablanca",
	"America/Santiago", "America/Havana", "America/Asuncion", "America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/St_Johns",
	"Atlantic/Azores", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Fakaofo", "Asia/Pyongyang", "Europe/Moscow", "Europe/Amsterdam",
	"Asia/Manila", "America/Caracas", "Asia/Kathmandu", "Africa/Monrovia", "Asia/Gaza", "Europe/London", "Asia/Tehran",
	"Pacific/Chatham", "America/Scoresbysund",
}

func location(name string) *time.Location { return must(time.LoadLocation(name)) }

// drawWorld makes a calendar whose special dates lie near an instant.
func drawWorld(t *rapid.T, zone string, near time.Time, grid, depth int) (world, calendar.Spec) {
	op := "desk"
	if depth > 0 {
		op = rapid.SampledFrom([]string{"desk", "desk", "desk", "union", "intersection", "minus"}).Draw(t, "kind")
	}
	if op == "desk" {
		d, s := drawDesk(t, zone, near, grid)
		return world{desk: d}, s
	}
	w, s := world{op: op}, calendar.Spec{Zone: zone}
	parts := map[string]*[]calendar.Spec{"union": &s.Union, "intersection": &s.Intersection, "minus": &s.Minus}[op]
	for i := range rapid.IntRange(2, 3).Draw(t, "parts") {
		if i > 0 && rapid.Bool().Draw(t, "elsewhere") {
			zone = rapid.SampledFrom(oracleZones).Draw(t, "zone of a part")
		}
		part, spec := drawWorld(t, zone, near, grid, depth-1)
		w.parts = append(w.parts, part)
		*parts = append(*parts, spec)
	}
	return w, s
}

func drawDesk(t *rapid.T, zone string, near time.Time, grid int) (*desk, calendar.Spec) {
	d := &desk{loc: location(zone), first: -1 << 40, last: 1 << 40}
	s := calendar.Spec{Zone: zone}
	today := dayOf(near.In(d.loc))
	d.week, s.Weekly = drawWeek(t, grid)
	within := func(name string) int64 { return today + int64(rapid.IntRange(-2, 9).Draw(t, name)) }
	if rapid.IntRange(0, 4).Draw(t, "validity") == 0 {
		d.first = within("from")
		s.From = date(d.first)
	}
	if rapid.IntRange(0, 4).Draw(t, "validity ends") == 0 {
		d.last = max(d.first, within("through"))
		s.Through = date(d.last)
	}
	if rapid.IntRange(0, 2).Draw(t, "season") == 0 {
		first := within("season from")
		last := first + int64(rapid.IntRange(0, 5).Draw(t, "days"))
		week, text := drawWeek(t, grid)
		d.seasons = append(d.seasons, season{first, last, week})
		s.Seasons = append(s.Seasons, calendar.Season{From: date(first), Through: date(last), Weekly: text})
		if rapid.Bool().Draw(t, "another season, for ever") {
			week, text := drawWeek(t, grid)
			d.seasons = append(d.seasons, season{last + 1, 1 << 40, week})
			s.Seasons = append(s.Seasons, calendar.Season{From: date(last + 1), Weekly: text})
		}
	}
	taken := map[calendar.Days]bool{}
	for range rapid.IntRange(0, 4).Draw(t, "special dates") {
		on, matches := drawDays(t, within("date"))
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			h := calendar.Holiday{Name: "holiday", On: on}
			h.Observed = rapid.SampledFrom([]calendar.Observed{"", calendar.ObservedNearest, calendar.ObservedMonday, calendar.ObservedSunday, calendar.ObservedSubstitute}).Draw(t, "observed")
			hours := [][2]int{{0, 86400}}
			if rapid.Bool().Draw(t, "half a day") {
				hours = drawHours(t, grid, true)
				h.Closed = text(hours)
			}
			from, through := int64(-1<<40), int64(1<<40)
			if rapid.IntRange(0, 3).Draw(t, "in force") == 0 {
				from = within("in force from")
				through = from + int64(rapid.IntRange(0, 900).Draw(t, "days in force"))
				h.From, h.Through = date(from), date(through)
			}
			s.Holidays = append(s.Holidays, h)
			d.closures = append(d.closures, special{observedOn(h.Observed, func(day int64) bool {
				return day >= from && day <= through && matches(day)
			}), hours})
		case 1:
			part := drawHours(t, grid, true)
			s.Breaks = append(s.Breaks, calendar.Break{Name: "break", On: on, Hours: text(part)})
			d.closures = append(d.closures, special{matches, part})
		default:
			if !taken[on] {
				taken[on] = true
				hours := drawHours(t, grid, false)
				s.Overrides = append(s.Overrides, calendar.Override{On: on, Hours: text(hours)})
				d.overrides = append(d.overrides, special{matches, hours})
			}
		}
	}
	return d, s
}

func date(day int64) calendar.Date { return calendar.DateOf(civil(day)) }

// observedOn tells the dates to which those that match are moved.
func observedOn(how calendar.Observed, matches func(int64) bool) func(int64) bool {
	return func(day int64) bool {
		for was := day - 2; was <= day+2; was++ {
			moved := was
			switch weekday := civil(was).Weekday(); {
			case how == calendar.ObservedNearest && weekday == time.Saturday:
				moved--
			case how == calendar.ObservedMonday && weekday == time.Saturday, how == calendar.ObservedSubstitute && (weekday == time.Saturday || weekday == time.Sunday):
				moved += 2
			case how != "" && weekday == time.Sunday:
				moved++
			}
			if moved == day && matches(was) {
				return true
			}
		}
		return false
	}
}

// drawDays names dates of which the given one is one, in any way that Days knows, and says which dates they are.
func drawDays(t *rapid.T, day int64) (calendar.Days, func(day int64) bool) {
	c := civil(day)
	weekday := strings.ToLower(c.Weekday().String()[:3])
	month := strings.ToLower(c.Month().String()[:3])
	nth := (c.Day() - 1) / 7
	ordinal := []string{"1st", "2nd", "3rd", "4th", "5th"}[nth]
	sameWeekday := func(day int64) bool { return civil(day).Weekday() == c.Weekday() }
	monthDay := func(day int64) int { return int(civil(day).Month())*100 + civil(day).Day() }
	length := int64(rapid.IntRange(0, 3).Draw(t, "dates"))
	last := civil(day + length)
	switch rapid.IntRange(0, 9).Draw(t, "days") {
	case 0:
		return calendar.Days(fmt.Sprintf("%s..%s", date(day), date(day+length))), func(d int64) bool { return d >= day && d <= day+length }
	case 1:
		return calendar.Days(c.Format("01-02")), func(d int64) bool { return monthDay(d) == monthDay(day) }
	case 2:
		from, to := monthDay(day), monthDay(day+length)
		return calendar.Days(c.Format("01-02") + ".." + last.Format("01-02")), func(d int64) bool {
			if md := monthDay(d); to < from {
				return md >= from || md <= to
			} else {
				return md >= from && md <= to
			}
		}
	case 3:
		return calendar.Days(ordinal + " " + weekday + " " + month), func(d int64) bool {
			return sameWeekday(d) && civil(d).Month() == c.Month() && (civil(d).Day()-1)/7 == nth
		}
	case 4:
		return calendar.Days("last " + weekday), func(d int64) bool { return sameWeekday(d) && civil(d+7).Month() != civil(d).Month() }
	case 5:
		return calendar.Days(ordinal + " " + weekday), func(d int64) bool { return sameWeekday(d) && (civil(d).Day()-1)/7 == nth }
	case 6: // some day on or after one of the week before
		from := civil(day - length)
		if from.Month() == time.February && from.Day() == 29 {
			break // in most years it is no date to count from
		}
		return calendar.Days(weekday + ">=" + from.Format("01-02")), func(d int64) bool {
			for back := range int64(7) {
				if monthDay(d-back) == monthDay(day-length) {
					return sameWeekday(d)
				}
			}
			return false
		}
	case 7:
		return calendar.Days(weekday), sameWeekday
	case 8:
		n := length*5 + 1
		return calendar.Days(fmt.Sprintf("every %d days from %s", n, date(day))), func(d int64) bool { return d >= day && (d-day)%n == 0 }
	}
	return calendar.Days(date(day)), func(d int64) bool { return d == day }
}

func drawWeek(t *rapid.T, grid int) (week hoursOfWeek, w calendar.Week) {
	night := rapid.IntRange(0, 3).Draw(t, "nights") == 0
	for d := range week {
		if night {
			closes := rapid.IntRange(1, 43200/grid).Draw(t, "closes") * grid
			opens := rapid.IntRange(43200/grid, 86400/grid-1).Draw(t, "opens") * grid
			week[d] = [][2]int{{opens, 86400 + closes}}
		} else {
			week[d] = drawHours(t, grid, d == 3)
			if n := len(week[d]); n > 0 {
				week[d][n-1][1] = min(week[d][n-1][1], 86400)
			}
		}
	}
	return week, calendar.Week{
		Sun: text(week[0]), Mon: text(week[1]), Tue: text(week[2]), Wed: text(week[3]), Thu: text(week[4]), Fri: text(week[5]), Sat: text(week[6]),
	}
}

// drawHours makes up to three windows; the last may close on the next date.
func drawHours(t *rapid.T, grid int, some bool) (hours [][2]int) {
	least := 0
	if some {
		least = 1
	}
	edges := rapid.SliceOfNDistinct(rapid.IntRange(0, 86400/grid), 2*least, 6, rapid.ID[int]).Draw(t, "edges")
	slices.Sort(edges)
	for i := 0; i+1 < len(edges); i += 2 {
		hours = append(hours, [2]int{edges[i] * grid, edges[i+1] * grid})
	}
	if n := len(hours); n > 0 && rapid.IntRange(0, 3).Draw(t, "past midnight") == 0 {
		more := rapid.IntRange(0, hours[n-1][0]/grid).Draw(t, "closes") * grid
		hours[n-1][1] = 86400 + more
	}
	return hours
}

func text(hours [][2]int) calendar.Hours {
	var list []string
	for _, h := range hours {
		list = append(list, fmt.Sprintf("%02d:%02d:%02d-%02d:%02d:%02d",
			h[0]/3600, h[0]/60%60, h[0]%60, h[1]/3600, h[1]/60%60, h[1]%60))
	}
	return calendar.Hours(strings.Join(list, ","))
}
