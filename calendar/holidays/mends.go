package holidays

import (
	"slices"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/hu"
	"github.com/rickar/cal/v2/is"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lu"
	"github.com/rickar/cal/v2/mx"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"

	"github.com/itsmkit/itsmkit/calendar"
)

// mend corrects an entry of a table.
type mend struct {
	of      *cal.Holiday
	places  []string       // where; none is wherever it is listed
	since   int            // it began in this year, and the table does not say so
	not     []int          // years without it
	renamed int            // from this year on
	name    string         // it is called so
	closed  calendar.Hours // only a part of the day
	instead *cal.Holiday   // the entry with its date set right
}

// lack is a day that a table does not have.
type lack struct {
	places []string
	name   string
	day    *cal.Holiday
}

var mends = []mend{
	// Made holidays in years that the tables leave out.
	{of: de.Frauentag, places: []string{"DE-BE"}, since: 2019},
	{of: de.Reformationstag, places: []string{"DE-HB", "DE-HH", "DE-NI", "DE-SH"}, since: 2018},
	{of: cz.GoodFriday, since: 2016},
	{of: hu.Nagypentek, since: 2017},
	{of: pl.ThreeKings, since: 2011},
	{of: lt.AllSoulsDay, since: 2020},
	{of: br.ConscienciaNegra, since: 2024},

	// After the accession of Charles III.
	{of: au.QueensBirthday, renamed: 2023, name: "King's Birthday"},
	{of: au.QueensBirthdayQld, renamed: 2023, name: "King's Birthday"},
	{of: nz.QueensBirthday, renamed: 2023, name: "King's Birthday"},

	// The law gives the afternoon, from 13:00.
	{of: is.Adfangadagur, closed: "13:00-24:00"},
	{of: is.Gamarsdagur, closed: "13:00-24:00"},

	// The table has the 23rd of July.
	{of: lu.Nationalfeierdag, instead: on(time.June, 23)},
	// The table moves it after Easter in years in which it lies before.
	{of: bg.LabourDay, instead: &cal.Holiday{Month: time.May, Day: 1, Func: cal.CalcDayOfMonth, Observed: bg.StGeorgesDay.Observed}},
	// The table has the Thursday.
	{of: ar.EasternsDay, instead: &cal.Holiday{Offset: -2, Func: cal.CalcEasterOffset}},
	// Mondays since 2006, where the table has the dates that they commemorate.
	{of: mx.ConstitutionDay, instead: monday(1, time.February)},
	{of: mx.BenitoJuarezDay, instead: monday(3, time.March)},
	// In 2012 it was put off to the Diamond Jubilee.
	{of: gb.SpringHoliday, not: []int{2012, 2022}},
}

var lacks = []lack{
	{[]string{"GB"}, "Wedding of Prince William", once(2011, time.April, 29)},
	{[]string{"GB"}, "Spring Bank Holiday", once(2012, time.June, 4)},
	{[]string{"GB"}, "Diamond Jubilee of Queen Elizabeth II", once(2012, time.June, 5)},
	{[]string{"GB"}, "State Funeral of Queen Elizabeth II", once(2022, time.September, 19)},
	{[]string{"NZ"}, "Memorial Day for Queen Elizabeth II", once(2022, time.September, 26)},
	{[]string{"NZ"}, "Matariki", &cal.Holiday{StartYear: 2022, EndYear: 2030, Func: matariki}},
	{[]string{"DE-BE"}, "Liberation Day", once(2020, time.May, 8)},
	{[]string{"DE-BE"}, "Liberation Day", once(2025, time.May, 8)},
	{ // the whole country's, for 500 years
		[]string{"DE", "DE-BE", "DE-BW", "DE-BY", "DE-HB", "DE-HE", "DE-HH", "DE-NI", "DE-NW", "DE-RP", "DE-SH", "DE-SL"},
		"Reformation Day", once(2017, time.October, 31),
	},
	{[]string{"IT"}, "Saint Francis' Day", since(2026, time.October, 4)},
	{[]string{"LU"}, "Europe Day", since(2019, time.May, 9)},
}

// on, once and since are the same day of every year, of one, and of every one from some on.
func on(month time.Month, day int) *cal.Holiday {
	return &cal.Holiday{Month: month, Day: day, Func: cal.CalcDayOfMonth}
}

func once(year int, month time.Month, day int) *cal.Holiday {
	return &cal.Holiday{StartYear: year, EndYear: year, Month: month, Day: day, Func: cal.CalcDayOfMonth}
}

func since(year int, month time.Month, day int) *cal.Holiday {
	return &cal.Holiday{StartYear: year, Month: month, Day: day, Func: cal.CalcDayOfMonth}
}

func monday(nth int, month time.Month) *cal.Holiday {
	return &cal.Holiday{Month: month, Weekday: time.Monday, Offset: nth, Func: cal.CalcWeekdayOffset}
}

// matariki are the dates of the act of 2022 up to 2030, by year: the month and the day of a lunar calendar's feast.
func matariki(_ *cal.Holiday, year int) time.Time {
	dates := [...]int{624, 714, 628, 620, 710, 625, 714, 706, 621}
	date := dates[year-2022]
	return time.Date(year, time.Month(date/100), date%100, 0, 0, 0, 0, time.UTC)
}

// mended makes the rows of a place from its table.
func mended(place string, table []*cal.Holiday) []row {
	var rows []row
	for _, h := range table {
		r := row{name: h.Name, holiday: h, customary: h.Type == cal.ObservanceOther}
		if name, ok := english[h]; ok {
			r.name = name
		}
		for _, m := range mends {
			if m.of == h && (m.places == nil || slices.Contains(m.places, place)) {
				m.apply(&r)
			}
		}
		rows = append(rows, r)
	}
	for _, l := range lacks {
		if slices.Contains(l.places, place) {
			rows = append(rows, row{name: l.name, holiday: l.day})
		}
	}
	return rows
}

func (m mend) apply(r *row) {
	if m.instead != nil {
		r.holiday = m.instead
	}
	if m.not != nil {
		r.holiday = r.holiday.Clone(&cal.Holiday{Except: m.not})
	}
	if m.closed != "" {
		r.closed, r.customary = m.closed, false
	}
	r.since, r.renamed, r.newName = m.since, m.renamed, m.name
}
