package calendar_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
)

// The calendar of a small desk, a due time and the time used so far.
func Example() {
	desk, err := calendar.New(calendar.Spec{
		Zone:     "Europe/Brussels",
		Weekly:   calendar.Weekdays("07:30-18:00"),
		Holidays: []calendar.Holiday{{Name: "Christmas Day", On: "12-25"}, {Name: "Easter Monday", On: "easter+1"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	reported := time.Date(2026, time.December, 24, 16, 0, 0, 0, desk.Location()) // a Thursday
	due, err := desk.Add(reported, 4*time.Hour)
	fmt.Println(due.Format(time.RFC1123), err)

	used, err := desk.Between(reported, reported.AddDate(0, 0, 2))
	fmt.Println(used, err)
	// Output:
	// Mon, 28 Dec 2026 09:30:00 CET <nil>
	// 2h0m0s <nil>
}

// All that a spec can say: several windows a day, seasons, other hours on a date, half days, breaks.
func ExampleNew() {
	plant, err := calendar.New(calendar.Spec{
		Name:   "plant",
		Zone:   "America/Chicago",
		Weekly: calendar.Week{Mon: "06:00-14:00, 14:30-22:30", Tue: "06:00-14:00", Fri: "22:00-06:00"},
		Seasons: []calendar.Season{
			{Name: "summer", From: "2026-06-15", Through: "2026-08-31", Weekly: calendar.Daily("05:00-11:00")},
		},
		Overrides: []calendar.Override{{Name: "stocktaking", On: "2026-11-28", Hours: "08:00-20:00"}},
		Holidays: []calendar.Holiday{
			{Name: "Thanksgiving", On: "4th thu nov"},
			{Name: "Independence Day", On: "07-04", Observed: calendar.ObservedNearest},
			{Name: "Christmas Eve", On: "12-24", Closed: "12:00-24:00"},
			{Name: "shutdown", On: "12-27..01-01", From: "2026-12-01"},
		},
		Breaks: []calendar.Break{{Name: "fire drill", On: "2026-11-23", Hours: "10:00-10:45"}},
		From:   "2026-01-01",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	monday := time.Date(2026, time.November, 23, 0, 0, 0, 0, plant.Location())
	for w := range plant.Windows(monday, monday.AddDate(0, 0, 7)) {
		fmt.Println(w.From.Format("Mon 15:04"), "to", w.To.Format("Mon 15:04"), w.Duration())
	}
	// Output:
	// Mon 06:00 to Mon 10:00 4h0m0s
	// Mon 10:45 to Mon 14:00 3h15m0s
	// Mon 14:30 to Mon 22:30 8h0m0s
	// Tue 06:00 to Tue 14:00 8h0m0s
	// Fri 22:00 to Sat 00:00 2h0m0s
	// Sat 08:00 to Sat 20:00 12h0m0s
}

// Everything wrong with a spec is told at once.
func ExampleNew_faults() {
	_, err := calendar.New(calendar.Spec{
		Zone:     "Europe/Brusels",
		Weekly:   calendar.Week{Mon: "9-17", Tue: "08:00-12:00, 11:30-17:00"},
		Holidays: []calendar.Holiday{{Name: "Christmas", On: "25 dec"}},
	})
	var wrong *calendar.SpecError
	if errors.As(err, &wrong) {
		for _, f := range wrong.Faults {
			fmt.Println(f)
		}
	}
	fmt.Println(errors.Is(err, calendar.ErrOverlap))
	// Output:
	// zone: unknown time zone: "Europe/Brusels"
	// weekly.mon: not understood: "9-17", want hours such as 09:00-17:00
	// weekly.tue: overlap: 08:00-12:00 and 11:30-17:00
	// holidays[0].on: not understood: "25 dec", want days such as 2026-12-25, 12-25, easter+1, last mon may or sat>=06-20
	// true
}

// Time in a pause does not count; while the pause lasts there is no due time, only what is left.
func ExampleCalendar_AddPaused() {
	desk, _ := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00")})
	monday := time.Date(2026, time.November, 23, 9, 0, 0, 0, time.UTC)
	waiting := calendar.Pause{From: monday.Add(3 * time.Hour), Name: "waiting for the caller"}

	_, err := desk.AddPaused(monday, 4*time.Hour, waiting)
	var paused *calendar.PausedError
	fmt.Println(errors.As(err, &paused), paused.Remaining)

	waiting.To = waiting.From.AddDate(0, 0, 1)
	due, err := desk.AddPaused(monday, 4*time.Hour, waiting)
	fmt.Println(due, err)
	used, err := desk.BetweenPaused(monday, due, waiting)
	fmt.Println(used, err)
	// Output:
	// true 1h0m0s
	// 2026-11-24 13:00:00 +0000 UTC <nil>
	// 4h0m0s <nil>
}

// Sub finds when work must begin at the latest.
func ExampleCalendar_Sub() {
	desk, _ := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00")})
	release := time.Date(2026, time.November, 23, 11, 0, 0, 0, time.UTC) // a Monday
	fmt.Println(desk.Sub(release, 10*time.Hour))
	// Output: 2026-11-20 09:00:00 +0000 UTC <nil>
}

// The doors: is somebody there now, when next, until when, since when not.
func ExampleCalendar_NextOpen() {
	desk, _ := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00")})
	saturday := time.Date(2026, time.November, 21, 12, 0, 0, 0, time.UTC)
	fmt.Println(desk.Contains(saturday))
	opens, _ := desk.NextOpen(saturday)
	closes, _ := desk.NextClose(saturday)
	closed, _ := desk.PrevClose(saturday)
	fmt.Println(opens.Format("Mon 15:04"), closes.Format("Mon 15:04"), closed.Format("Mon 15:04"))
	// Output:
	// false
	// Mon 09:00 Mon 17:00 Fri 17:00
}

// Explain tells where the time went.
func ExampleCalendar_Explain() {
	desk, _ := calendar.New(calendar.Spec{
		Name: "desk", Zone: "Europe/Brussels", Weekly: calendar.Weekdays("07:30-18:00"),
		Holidays: []calendar.Holiday{{Name: "Armistice Day", On: "11-11"}},
	})
	reported := time.Date(2026, time.November, 10, 16, 0, 0, 0, desk.Location())
	due, _ := desk.Add(reported, 4*time.Hour)
	why, _ := desk.Explain(reported, due)
	fmt.Print(why)
	// Output:
	// Tue 2026-11-10 16:00:00  to  Tue 2026-11-10 18:00:00  open 2h0m0s (desk)
	// Tue 2026-11-10 18:00:00  to  Wed 2026-11-11 07:30:00  closed
	// Wed 2026-11-11 07:30:00  to  Wed 2026-11-11 18:00:00  holiday (Armistice Day)
	// Wed 2026-11-11 18:00:00  to  Thu 2026-11-12 07:30:00  closed
	// Thu 2026-11-12 07:30:00  to  Thu 2026-11-12 09:30:00  open 2h0m0s (desk)
	// working time: 4h0m0s
}

// Two desks that follow the sun are one calendar.
func ExampleUnion() {
	brussels, _ := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("08:00-18:00")})
	manila, _ := calendar.New(calendar.Spec{Zone: "Asia/Manila", Weekly: calendar.Weekdays("08:00-17:00")})
	sun, err := calendar.Union(brussels, manila)
	if err != nil {
		fmt.Println(err)
		return
	}
	tuesday := time.Date(2026, time.November, 24, 0, 0, 0, 0, sun.Location())
	for w := range sun.Windows(tuesday, tuesday.AddDate(0, 0, 1)) {
		fmt.Println(w.From.Format("15:04"), "to", w.To.Format("15:04"))
	}
	// Output:
	// 01:00 to 18:00
}

// A calendar is configuration: read it, keep it, and see whether what was computed with it still holds.
func ExampleParse() {
	desk, err := calendar.Parse([]byte(`{
		"zone":     "Europe/Brussels",
		"weekly":   {"mon": "07:30-18:00", "tue": "07:30-18:00", "wed": "07:30-12:00"},
		"holidays": [{"name": "Christmas Day", "on": "12-25"}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Marshal(desk)
	fmt.Println(string(text), err)
	again, err := calendar.Parse(text)
	fmt.Println(again.Fingerprint() == desk.Fingerprint(), err)
	// Output:
	// {"zone":"Europe/Brussels","weekly":{"mon":"07:30-18:00","tue":"07:30-18:00","wed":"07:30-12:00"},"holidays":[{"name":"Christmas Day","on":"12-25"}]} <nil>
	// true <nil>
}
