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

// An agreement, and how a clock of it stands: running, waiting for the caller, running again.
func Example() {
	support, err := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-17:00")})
	if err != nil {
		fmt.Println(err)
		return
	}
	gold := sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind}, Calendar: support,
		Targets: []sla.Target{{
			Name:   "resolution",
			Stop:   sla.Condition{Phases: []lifecycle.Phase{lifecycle.Resolved, lifecycle.Closed}},
			Pause:  sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}},
			Within: map[itsm.Priority]time.Duration{1: 2 * time.Hour, 2: 4 * time.Hour},
			Levels: []sla.Level{{Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}},
		}},
	}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 27, 15, 0, 0, 0, support.Location())) // a Friday
	d, err := desk.Open(context.Background(), desk.Config{Clock: clock, Agreements: []sla.Agreement{gold}})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(d)

	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	if err != nil {
		fmt.Println(err)
		return
	}
	show := func() {
		clocks, err := d.Clocks.Clocks(ann, inc.Ref())
		if err != nil {
			fmt.Println(err)
			return
		}
		for _, c := range clocks {
			due := "none"
			if !c.Due.IsZero() {
				due = c.Due.In(support.Location()).Format("Mon 15:04 MST")
			}
			fmt.Printf("%s %s: %v of %v used, due %s\n", c.Target, c.Stage, c.Elapsed, c.Within, due)
		}
	}
	show()

	_ = clock.Advance(ann, time.Hour)
	_, err = d.Incidents.Hold(ann, inc.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
	fmt.Println("on hold", err)
	show()

	_ = clock.Advance(ann, 3*24*time.Hour) // to Monday, 17:00: on Sunday clocks go forward
	_, err = d.Incidents.Resume(ann, inc.ID)
	fmt.Println("resumed", err)
	show()
	// Output:
	// resolution running: 0s of 4h0m0s used, due Mon 11:00 CEST
	// on hold <nil>
	// resolution paused: 1h0m0s of 4h0m0s used, due none
	// resumed <nil>
	// resolution running: 1h0m0s of 4h0m0s used, due Tue 12:00 CEST
}

// A clock can be computed from moments alone, as of any instant.
func ExampleEvaluate() {
	a := sla.Agreement{Name: "gold", Class: sla.ServiceLevel, Kinds: []string{"incident"}, Targets: []sla.Target{{
		Name:   "first response",
		Stop:   sla.Condition{Events: []string{"incident.commented"}},
		Within: map[itsm.Priority]time.Duration{2: time.Hour},
	}}}
	nine := time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	moments := []sla.Moment{
		{At: nine, Events: []string{"incident.reported"}, Phase: lifecycle.New, Priority: 2},
		{At: nine.Add(90 * time.Minute), Events: []string{"incident.held", "incident.commented"}, Phase: lifecycle.Waiting, Priority: 2},
	}
	for _, now := range []time.Time{nine.Add(30 * time.Minute), nine.Add(2 * time.Hour)} {
		c, _ := sla.Evaluate(&a, &a.Targets[0], moments, now)
		fmt.Println(c.Stage, c.Percent(), "%,", c.Remaining(), "left")
		if !c.Breached.IsZero() {
			fmt.Println("missed at", c.Breached.Format("15:04"))
		}
	}
	// Output:
	// running 50 %, 30m0s left
	// completed 150 %, -30m0s left
	// missed at 10:00
}
