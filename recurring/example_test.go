package recurring_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/recurring"
)

// Every morning an incident asks for a look at the backups, by the clock of Brussels in winter and in summer.
func Example() {
	ctx := context.Background()
	clock := itsmtest.NewClock(time.Date(2026, time.March, 27, 12, 0, 0, 0, time.UTC))
	d, err := desk.Open(ctx, desk.Config{Clock: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(d)
	ann := itsmtest.As(ctx, itsmtest.Agent("ann"))
	r, err := d.Recurring.Plan(ann, recurring.Plan{
		Title:      "Look at the backups",
		Schedule:   recurring.Spec{Cron: "0 9 * * *", Zone: "Europe/Brussels"},
		Work:       recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"title": field.Text("Look at the backups"), "service": field.Text("backup")}),
		Group:      "storage",
		OneAtATime: true, // not while the last one is open
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.ID, r.State, "next", r.Next.Format(time.RFC3339))

	if err := clock.Advance(ann, 3*24*time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	runs, _, err := d.Recurring.Runs(ann, r.ID, 0, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, run := range runs {
		fmt.Println(run.Nominal.Format(time.RFC3339), run.Outcome, run.Record)
	}
	// Output:
	// REC0000001 active next 2026-03-28T08:00:00Z
	// 2026-03-28T08:00:00Z done incident/INC0000001
	// 2026-03-29T07:00:00Z open incident/INC0000001
	// 2026-03-30T07:00:00Z open incident/INC0000001
}

// A reading that the clock skips comes at the skip, one that it repeats comes once.
func ExampleSchedule_Next() {
	s, err := recurring.Parse("30 2 * * *", "Europe/Berlin")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range []time.Time{
		time.Date(2026, time.March, 28, 12, 0, 0, 0, time.UTC),
		time.Date(2026, time.October, 24, 12, 0, 0, 0, time.UTC),
	} {
		first, err := s.Next(day)
		if err != nil {
			fmt.Println(err)
			return
		}
		second, err := s.Next(first)
		fmt.Println(first.Format("Mon 02 Jan 15:04 MST"), "-", second.Format("Mon 02 Jan 15:04 MST"), err)
	}
	// Output:
	// Sun 29 Mar 03:00 CEST - Mon 30 Mar 02:30 CEST <nil>
	// Sun 25 Oct 02:30 CEST - Mon 26 Oct 02:30 CET <nil>
}

// What cron cannot say.
func ExampleNewSchedule() {
	for _, spec := range []recurring.Spec{
		{Cron: "0 9 * * *", Zone: "UTC", On: "1st mon"},
		{Cron: "0 18 * * *", Zone: "UTC", On: "last day"},
		{Cron: "0 9 * * WED", Zone: "UTC", Weeks: 2, From: time.Date(2026, time.March, 2, 0, 0, 0, 0, time.UTC)},
		{Cron: "0 9 30 2 *", Zone: "UTC"},
		{Cron: "TZ=UTC 0 9 * * *", Zone: "UTC"},
	} {
		s, err := recurring.NewSchedule(spec)
		if err != nil {
			fmt.Println(err)
			continue
		}
		var dates []string
		for at := range s.Between(time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, time.May, 1, 0, 0, 0, 0, time.UTC)) {
			dates = append(dates, at.Format("Mon 02 Jan"))
		}
		fmt.Println(strings.Join(dates, "; "))
	}
	// Output:
	// Mon 02 Mar; Mon 06 Apr
	// Tue 31 Mar; Thu 30 Apr
	// Wed 04 Mar; Wed 18 Mar; Wed 01 Apr; Wed 15 Apr; Wed 29 Apr
	// 0 9 30 2 * UTC never comes: no date, or no working time, fits all that it says (field: cron)
	// leave the zone out of the expression and name it as the zone of the schedule (field: cron)
}

// What is planned, and a series that is suspended for a while.
func ExampleRecurrences_Upcoming() {
	ctx := context.Background()
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	d, err := desk.Open(ctx, desk.Config{Clock: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	ann := itsmtest.As(ctx, itsmtest.Agent("ann"))
	work := recurring.Create(incident.Kind, incident.TriggerReport, itsm.Patch{"title": field.Text("Restore a backup")})
	r, err := d.Recurring.Plan(ann, recurring.Plan{
		Title: "Restore a backup", Schedule: recurring.Spec{Cron: "0 10 * * MON", Zone: "UTC"}, Work: work,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	coming, err := d.Recurring.Upcoming(ann, clock.Now(), clock.Now().AddDate(0, 0, 14), 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range coming {
		fmt.Println(c.At.Format(time.DateTime), c.Title, c.Of)
	}
	if _, err = d.Recurring.Suspend(ann, r.ID, "The store is moved."); err != nil {
		fmt.Println(err)
		return
	}
	if err := clock.Advance(ann, 8*24*time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	r, err = d.Recurring.Resume(ann, r.ID)
	fmt.Println(r.Next.Format(time.DateTime), r.Runs, err)
	// Output:
	// 2026-03-02 10:00:00 Restore a backup recurrence/REC0000001
	// 2026-03-09 10:00:00 Restore a backup recurrence/REC0000001
	// 2026-03-16 10:00:00 0 <nil>
}
