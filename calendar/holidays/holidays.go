// Package holidays knows the public holidays of some fifty countries and their regions, as lines of a [calendar.Spec].
//
//	closed, err := holidays.In("BE", 2026, 2035)
//	desk, err := calendar.New(calendar.Spec{
//		Zone:     "Europe/Brussels",
//		Weekly:   calendar.Weekdays("07:30-18:00"),
//		Holidays: append(closed, calendar.Holiday{Name: "Company day", On: "2026-07-20"}),
//	})
//
// Every answer is a date with a name, in English: nothing is left to be computed, so a stored spec keeps its meaning
// when the tables change.
//
// # Where they come from
//
// The days are those of the tables of github.com/rickar/cal/v2; none of its arithmetic of working hours is used. Tables
// of laws are never complete. What they are known to lack or to have wrong is mended here (mends.go), each with its
// reason; what is of one town, one school or one collective agreement is not in them. A day that is missing is one more
// line in the spec, one too many is left out:
//
//	closed = slices.DeleteFunc(closed, func(h calendar.Holiday) bool { return h.Name == "Constitution Day" })
//
// Dates that a government announces year by year are in them only as far as they were known. So look at what In
// returns for the years that matter to you, and again when the module is updated.
//
// # Concurrency and cost
//
// All functions may be called by many goroutines. Ten years of a country cost a tenth of a millisecond.
package holidays

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"

	"github.com/itsmkit/itsmkit/calendar"
)

// The years that In answers for. The tables tell today's laws and what is remembered of earlier ones; before 2000 too
// little is.
const (
	FirstYear = 2000
	LastYear  = 2099
)

var (
	// ErrUnknown means that there is no table for the country or region.
	ErrUnknown = errors.New("holidays: no such country or region")
	// ErrYears means that the years are none that In answers for.
	ErrYears = errors.New("holidays: years")
)

// Option changes what [In] returns.
type Option func(*settings)

type settings struct {
	actual, observed, customary bool
}

// OnlyObserved returns a holiday that is moved off a weekend by the day off alone, under the holiday's own name. Use it
// where Saturdays and Sundays are closed anyway.
func OnlyObserved() Option { return func(s *settings) { s.actual, s.observed = false, true } }

// OnlyActual returns holidays by their own dates alone, without the days off that stand for them.
func OnlyActual() Option { return func(s *settings) { s.actual, s.observed = true, false } }

// WithCustomary adds the days that no law makes holidays but hardly anybody works on: Midsummer's Eve in Sweden,
// Christmas Eve in Finland.
func WithCustomary() Option { return func(s *settings) { s.customary = true } }

// In returns the public holidays of a country ("BE", ISO 3166-1) or region ("DE-BY", ISO 3166-2) with a date from the
// first of January of one year to the last of December of another, in the order of their dates.
//
// A holiday that falls on a weekend, where the law then gives another day off, is two entries: its own date, and the
// day off as "Christmas Day (observed)", which may lie in the year before or after. [OnlyObserved] and [OnlyActual] change
// that. Holidays of half a day close the hours that the law names.
//
// The errors are [ErrUnknown], with the codes that there are, and [ErrYears].
func In(place string, from, through int, options ...Option) ([]calendar.Holiday, error) {
	set := settings{actual: true, observed: true}
	for _, o := range options {
		o(&set)
	}
	rows, err := rowsOf(place)
	if from < FirstYear || through > LastYear || through < from {
		err = errors.Join(err, fmt.Errorf("%w: %d to %d, want years from %d to %d, the earlier first", ErrYears, from, through, FirstYear, LastYear))
	}
	if err != nil {
		return nil, err
	}
	var found []calendar.Holiday
	add := func(r row, day time.Time, name string) {
		if y := day.Year(); y >= from && y <= through {
			found = append(found, calendar.Holiday{Name: name, On: calendar.OnDate(day), Closed: r.closed})
		}
	}
	for year := from - 1; year <= through+1; year++ { // the neighbours' days off may lie in these years
		for _, r := range rows {
			actual, observed, ok := r.in(year)
			if !ok || r.customary && !set.customary {
				continue
			}
			switch name := r.nameIn(year); {
			case !set.actual || actual.Equal(observed):
				add(r, observed, name)
			case set.observed:
				add(r, observed, name+" (observed)")
				fallthrough
			default:
				add(r, actual, name)
			}
		}
	}
	slices.SortFunc(found, func(a, b calendar.Holiday) int {
		return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Name, b.Name))
	})
	return slices.Compact(found), nil
}

// Countries returns the codes of the countries that there are tables for, in order.
func Countries() []string {
	codes := make([]string, len(countries))
	for i, c := range countries {
		codes[i] = c.code
	}
	return codes
}

// Regions returns the codes of the regions of a country that there are tables for, in order. None means that the country
// is known as a whole. The error is [ErrUnknown].
func Regions(of string) ([]string, error) {
	c, ok := countryOf(code(of))
	if !ok {
		return nil, unknown(of)
	}
	var codes []string
	for region := range c.regions {
		codes = append(codes, c.code+"-"+region)
	}
	slices.Sort(codes)
	return codes, nil
}

// rowsOf finds the table of a place and mends it.
func rowsOf(place string) ([]row, error) {
	at := code(place)
	country, region, ofRegion := strings.Cut(at, "-")
	c, ok := countryOf(country)
	if !ok {
		return nil, unknown(place)
	}
	table := c.national
	if ofRegion {
		table = c.regions[region]
	}
	if table != nil {
		return mended(at, table), nil
	}
	codes, _ := Regions(country)
	switch {
	case len(codes) == 0:
		return nil, fmt.Errorf("%w: %q, but the table of %q as a whole", ErrUnknown, place, country)
	case ofRegion:
		return nil, fmt.Errorf("%w: %q, of %s there are %s", ErrUnknown, place, country, strings.Join(codes, ", "))
	}
	return nil, fmt.Errorf("%w: %q has no holidays as a whole, its regions have: %s", ErrUnknown, place, strings.Join(codes, ", "))
}

func code(place string) string { return strings.ToUpper(strings.TrimSpace(place)) }

func countryOf(code string) (country, bool) {
	i, ok := slices.BinarySearchFunc(countries, code, func(c country, code string) int { return cmp.Compare(c.code, code) })
	if !ok {
		return country{}, false
	}
	return countries[i], true
}

func unknown(place string) error {
	return fmt.Errorf("%w: %q, want one of %s, or of their regions", ErrUnknown, place, strings.Join(Countries(), ", "))
}

// row is a holiday of a place.
type row struct {
	name      string
	holiday   *cal.Holiday
	since     int            // the first year, 0 for what the table says
	renamed   int            // the year from which on it is called newName
	newName   string         //
	closed    calendar.Hours // a part of the date; empty for all of it
	customary bool
}

func (r row) nameIn(year int) string {
	if r.renamed > 0 && year >= r.renamed {
		return r.newName
	}
	return r.name
}

// in returns the date of the holiday in a year, and the day off that stands for it, which may be the same.
//
// The tables' own Calc is not called. It works in the machine's zone at midnight, which a zone may skip: then it answers
// in the evening of the day before. Half a day later it is the same date everywhere. And a table's function may write to
// the entry that it is given, so it gets a copy.
func (r row) in(year int) (actual, observed time.Time, ok bool) {
	h := *r.holiday
	if h.Func == nil || year < max(h.StartYear, r.since) || h.EndYear > 0 && year > h.EndYear || slices.Contains(h.Except, year) {
		return time.Time{}, time.Time{}, false
	}
	t := h.Func(&h, year)
	if t.IsZero() {
		return time.Time{}, time.Time{}, false
	}
	y, m, d := t.Add(12 * time.Hour).Date()
	actual = time.Date(y, m, d+h.CalcOffset, 0, 0, 0, 0, time.UTC)
	observed = actual
	for _, alt := range h.Observed {
		if alt.Day == actual.Weekday() {
			observed = actual.AddDate(0, 0, alt.Offset)
			break
		}
	}
	return actual, observed, true
}
