package sla_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// check ends an example that cannot go on.
func check(err error) {
	if err != nil {
		panic(err)
	}
}

// openGold opens a desk on Friday, 27 March 2026, 15:00 in Brussels, with one incident of P2; on Sunday clocks go forward.
func openGold() (*desk.Desk, *itsmtest.Clock, context.Context, itsm.Ref) {
	support, err := calendar.New(calendar.Spec{Name: "support", Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-17:00")})
	check(err)
	gold := sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind}, Calendar: support,
		Targets: []sla.Target{
			{
				Name: "first response", Kind: sla.FirstResponse,
				Within: map[itsm.Priority]time.Duration{1: 15 * time.Minute, 2: time.Hour},
			},
			{
				Name: "resolution", Kind: sla.TotalResolution,
				Pause:  sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}},
				Within: map[itsm.Priority]time.Duration{1: 2 * time.Hour, 2: 4 * time.Hour},
				Levels: []sla.Level{{Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}},
			},
		},
	}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 27, 15, 0, 0, 0, support.Location()))
	d, err := desk.Open(context.Background(), desk.Config{Clock: clock, Agreements: []sla.Agreement{gold}})
	check(err)
	clock.Attach(d)
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Caller: "bob", Impact: itsm.High, Urgency: itsm.High})
	check(err)
	return d, clock, ann, inc.Ref()
}

// An agreement of two targets, and how its clocks stand: running, the answer given and the ticket on hold, running again.
func Example() {
	d, clock, ann, ref := openGold()
	show := func() {
		clocks, err := d.Clocks.Clocks(ann, ref)
		check(err)
		for _, c := range clocks {
			due := "none"
			if !c.Due.IsZero() {
				due = c.Due.In(calendarZone).Format("Mon 15:04 MST")
			}
			fmt.Printf("%s %s: %v of %v used, due %s\n", c.Target, c.State, c.Elapsed, c.Within, due)
		}
	}
	show()

	check(clock.Advance(ann, 30*time.Minute))
	_, err := d.Incidents.Hold(ann, ref.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
	fmt.Println("on hold", err)
	show()

	check(clock.Advance(ann, 3*24*time.Hour)) // to Monday
	_, err = d.Incidents.Resume(ann, ref.ID)
	fmt.Println("resumed", err)
	show()
	// Output:
	// first response running: 0s of 1h0m0s used, due Fri 16:00 CET
	// resolution running: 0s of 4h0m0s used, due Mon 11:00 CEST
	// on hold <nil>
	// first response completed: 30m0s of 1h0m0s used, due none
	// resolution paused: 30m0s of 4h0m0s used, due none
	// resumed <nil>
	// first response completed: 30m0s of 1h0m0s used, due none
	// resolution running: 30m0s of 4h0m0s used, due Tue 12:00 CEST
}

var calendarZone = brussels.Location()

// Where the time of a target went: every stretch with its reason.
func ExampleKeeper_Explain() {
	d, clock, ann, ref := openGold()
	check(clock.Advance(ann, 30*time.Minute))
	_, err := d.Incidents.Hold(ann, ref.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
	check(err)
	check(clock.Advance(ann, 3*24*time.Hour))
	_, err = d.Incidents.Resume(ann, ref.ID)
	check(err)
	check(clock.Advance(ann, 18*time.Hour))

	cycles, err := d.Clocks.Explain(ann, ref, "gold", "resolution")
	check(err)
	for _, cycle := range cycles {
		fmt.Print(cycle)
	}
	// Output:
	// gold, resolution, cycle 1: running, 2h30m0s of 4h0m0s used (62 %), due Tue 2026-03-31 12:00:00; times in Europe/Brussels
	// Fri 2026-03-27 15:00:00  to  Fri 2026-03-27 15:30:00  open 30m0s (support)
	// Fri 2026-03-27 15:30:00  to  Mon 2026-03-30 16:30:00  paused (on hold: caller)
	// Mon 2026-03-30 16:30:00  to  Mon 2026-03-30 17:00:00  open 30m0s (support)
	// Mon 2026-03-30 17:00:00  to  Tue 2026-03-31 09:00:00  closed
	// Tue 2026-03-31 09:00:00  to  Tue 2026-03-31 10:30:00  open 1h30m0s (support)
}

// What if it were of the highest priority, or somebody worked around the clock? Nothing is written.
func ExampleKeeper_WhatIf() {
	d, clock, ann, ref := openGold()
	check(clock.Advance(ann, time.Hour))
	show := func(name string, h sla.Hypothesis) {
		clocks, err := d.Clocks.WhatIf(ann, ref, h)
		check(err)
		for _, c := range clocks {
			if c.Target == "resolution" {
				fmt.Printf("%s: due %s, %d %% used\n", name, c.Due.In(calendarZone).Format("Mon 15:04"), c.Percent)
			}
		}
	}
	show("as it is", sla.Hypothesis{})
	show("as P1", sla.Hypothesis{Priority: 1})
	show("around the clock", sla.Hypothesis{Calendar: calendar.Always()})
	show("on Monday at ten", sla.Hypothesis{At: time.Date(2026, time.March, 30, 10, 0, 0, 0, calendarZone)})
	// Output:
	// as it is: due Mon 11:00, 25 % used
	// as P1: due Fri 17:00, 50 % used
	// around the clock: due Fri 19:00, 25 % used
	// on Monday at ten: due Mon 11:00, 75 % used
}

// What is due within the hour, and what is missed: clocks are rows, and queries find them.
func ExampleKeeper_Find() {
	d, clock, ann, _ := openGold()
	now := clock.Now()
	soon := sla.DueBetween(now, now.Add(2*time.Hour))
	page, err := d.Clocks.Find(ann, itsm.Query{Filter: &soon, Sort: []itsm.Sort{{Column: "due"}}})
	check(err)
	for _, c := range page.Records {
		fmt.Println(c.Ticket, c.Target, "due", c.Due.In(calendarZone).Format("15:04"))
	}

	check(clock.Advance(ann, 3*24*time.Hour))
	missed := sla.MissedBy(clock.Now())
	n, err := d.Clocks.Count(ann, itsm.Query{Filter: &missed})
	fmt.Println("missed on Monday:", n, err)
	// Output:
	// incident/INC0000001 first response due 16:00
	// missed on Monday: 2 <nil>
}

// An agreement between groups: its clock starts when the group gets the ticket. Who had the time?
func ExampleKeeper_Attribution() {
	network := sla.Agreement{
		Name: "network desk", Class: sla.OperationalLevel, Kinds: []string{incident.Kind},
		Targets: []sla.Target{
			{
				Name: "handling", Start: sla.Condition{Groups: []string{"network"}},
				Stop:   sla.Condition{OtherGroups: []string{"network"}, Phases: []lifecycle.Phase{lifecycle.Resolved}},
				Within: map[itsm.Priority]time.Duration{sla.AnyPriority: 2 * time.Hour},
			},
			{
				Name: "resolution", Kind: sla.TotalResolution,
				Within: map[itsm.Priority]time.Duration{sla.AnyPriority: 8 * time.Hour},
			},
		},
	}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	d, err := desk.Open(context.Background(), desk.Config{Clock: clock, Agreements: []sla.Agreement{network}})
	check(err)
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Group: "desk", Assignee: "ann"})
	check(err)
	check(clock.Advance(ann, time.Hour))
	_, err = d.Incidents.Assign(ann, inc.ID, incident.Assignment{Group: "network", Assignee: "ben"})
	check(err)
	check(clock.Advance(ann, 30*time.Minute))

	clocks, err := d.Clocks.Clocks(ann, inc.Ref())
	check(err)
	fmt.Printf("%s: %v of %v used\n", clocks[0].Target, clocks[0].Elapsed, clocks[0].Within)
	shares, err := d.Clocks.Attribution(ann, inc.Ref(), "network desk", "resolution")
	check(err)
	for _, s := range shares {
		fmt.Println(s.Group, s.Assignee, s.Used)
	}
	// Output:
	// handling: 30m0s of 2h0m0s used
	// desk ann 1h0m0s
	// network ben 30m0s
}

// Clocks can be computed from moments alone, as of any instant.
func ExampleTerms_Evaluate() {
	terms, err := sla.NewTerms(sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Kinds: []string{"incident"},
		Targets: []sla.Target{{Name: "first response", Kind: sla.FirstResponse, Within: map[itsm.Priority]time.Duration{2: time.Hour}}},
	})
	check(err)
	nine := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	answered := nine.Add(90 * time.Minute)
	moments := []sla.Moment{
		{At: nine, Phase: lifecycle.New, Priority: 2, AskedAt: nine},
		{At: answered, Phase: lifecycle.Waiting, Hold: itsm.HoldCaller, Priority: 2, AnsweredAt: answered},
	}
	for _, now := range []time.Time{nine.Add(30 * time.Minute), nine.Add(2 * time.Hour)} {
		c := terms.Evaluate("incident", moments, now)[0]
		fmt.Println(c.State, c.Percent, "%,", c.Remaining, "left")
		if c.Late() {
			fmt.Println("missed at", c.Breached.Format("15:04"))
		}
	}
	// Output:
	// running 50 %, 30m0s left
	// completed 150 %, -30m0s left
	// missed at 10:00
}

// Agreements and the calendars that they name, in one document.
func ExampleParseBook() {
	book, err := sla.ParseBook([]byte(`{
		"calendars": [{"name": "support", "zone": "Europe/Brussels", "weekly": {"mon": "07:30-18:00", "tue": "07:30-18:00"}}],
		"agreements": [{
			"name": "gold", "class": "sla", "kinds": ["incident"], "calendar": "support",
			"where": {"op": "in", "column": "service", "values": ["vpn"]},
			"targets": [{
				"name": "resolution", "kind": "total_resolution", "pause": {"holds": ["caller"]},
				"within": {"1": "4h", "any": "40h"},
				"levels": [{"name": "soon", "offset": "-30m"}, {"name": "breach", "percent": 100}]
			}]
		}]
	}`))
	check(err)
	gold := book.Agreements[0]
	fmt.Println(gold.Name, "on", gold.Calendar.Name(), gold.Targets[0].Within[1], gold.Targets[0].Within[sla.AnyPriority])

	_, err = sla.ParseBook([]byte(`{"agreements": [{"name": "silver", "class": "gold", "kinds": ["incident"], "calendar": "night", "targets": []}]}`))
	fmt.Println(err)
	// Output:
	// gold on support 4h0m0s 40h0m0s
	// there is no calendar "night" in the book (field: agreement silver)
	// give it a name, kinds and targets (field: agreement silver)
	// its class is sla, ola or uc, not "gold" (field: agreement silver)
}

// An agreement that is to hold for tickets that were there before it.
func ExampleKeeper_Apply() {
	d, clock, ann, ref := openGold()
	check(clock.Advance(ann, time.Hour))

	silver := sla.Agreement{
		Name: "silver", Class: sla.ServiceLevel, Kinds: []string{incident.Kind},
		Targets: []sla.Target{{Name: "resolution", Kind: sla.TotalResolution, Within: map[itsm.Priority]time.Duration{2: 24 * time.Hour}}},
	}
	d, err := desk.Open(context.Background(), desk.Config{Store: d.Store(), Clock: clock, Agreements: []sla.Agreement{silver}})
	check(err)
	root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	done, err := d.Clocks.ApplyAll(root)
	fmt.Println(done.Changed, "of", done.Tickets, "changed", err)
	clocks, err := d.Clocks.Clocks(ann, ref)
	check(err)
	for _, c := range clocks {
		fmt.Println(c.Agreement, c.Target, c.State, c.EndedBy, c.Elapsed)
	}
	// Output:
	// 1 of 1 changed <nil>
	// silver resolution running  1h0m0s
	// gold first response cancelled agreement_gone 0s
	// gold resolution cancelled agreement_gone 0s
}
