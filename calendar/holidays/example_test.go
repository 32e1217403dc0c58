package holidays_test

import (
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/calendar/holidays"
)

// A desk in Brussels that is closed on public holidays, and for a move between Christmas and New Year's Day: eight
// working hours from the afternoon of Christmas Eve.
func Example() {
	closed, err := holidays.In("BE", 2026, 2035)
	if err != nil {
		fmt.Println(err)
		return
	}
	desk, err := calendar.New(calendar.Spec{
		Name:     "Brussels",
		Zone:     "Europe/Brussels",
		Weekly:   calendar.Weekdays("08:00-18:00"),
		Holidays: append(closed, calendar.Holiday{Name: "office move", On: "2026-12-28..2026-12-31"}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	reported := time.Date(2026, time.December, 24, 16, 0, 0, 0, desk.Location())
	due, err := desk.Add(reported, 8*time.Hour)
	fmt.Println(due.Format(time.RFC1123), err)
	why, err := desk.Explain(reported, due)
	for _, l := range why.Lines {
		if l.Reason == calendar.ReasonHoliday {
			fmt.Println(l.From.Format("Mon 2 Jan"), l.Name)
		}
	}
	fmt.Println(err)
	// Output:
	// Mon, 04 Jan 2027 14:00:00 CET <nil>
	// Fri 25 Dec Christmas Day
	// Mon 28 Dec office move
	// Tue 29 Dec office move
	// Wed 30 Dec office move
	// Thu 31 Dec office move
	// Fri 1 Jan New Year's Day
	// <nil>
}

// Days off that stand for a weekend's holiday are entries of their own, in place of it, or left out.
func ExampleIn() {
	for _, options := range [][]holidays.Option{nil, {holidays.OnlyObserved()}, {holidays.OnlyActual()}} {
		found, err := holidays.In("US", 2026, 2026, options...)
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, h := range found {
			if h.On >= "2026-07-01" && h.On <= "2026-07-31" {
				fmt.Println(h.On, h.Name)
			}
		}
	}
	_, err := holidays.In("AU", 2026, 2026)
	fmt.Println(err)
	// Output:
	// 2026-07-03 Independence Day (observed)
	// 2026-07-04 Independence Day
	// 2026-07-03 Independence Day
	// 2026-07-04 Independence Day
	// holidays: no such country or region: "AU" has no holidays as a whole, its regions have: AU-ACT, AU-NSW, AU-NT, AU-QLD, AU-SA, AU-TAS, AU-VIC, AU-WA
}
