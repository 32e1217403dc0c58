package escalation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// A warning for the group, and the manager when a target is missed. A subscriber carries it out of the process.
func Example() {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	page := func(_ context.Context, e *itsm.Event) error {
		entry, err := e.Read()
		if err != nil {
			return err
		}
		for _, step := range entry.Escalations() {
			if step.Nobody {
				fmt.Printf("%s %s: %s, nobody for step %s\n", e.At.Format("15:04"), e.ID, step.Reason, step.Step)
			} else {
				fmt.Printf("%s %s: %s, page %v\n", e.At.Format("15:04"), e.ID, step.Reason, step.People)
			}
		}
		return nil
	}
	d, err := desk.Open(context.Background(), desk.Config{
		Clock: clock,
		Directory: itsmtest.Directory{
			People: []itsm.Profile{{ID: "ann", Manager: "mia"}},
			Groups: []itsm.Group{{ID: "network", Manager: "max", Members: []string{"ann", "ben"}}},
		},
		Agreements: []sla.Agreement{{
			Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind},
			Targets: []sla.Target{{
				Name:   "resolution",
				Stop:   sla.Condition{Phases: []lifecycle.Phase{lifecycle.Resolved, lifecycle.Closed}},
				Within: map[itsm.Priority]time.Duration{2: 4 * time.Hour},
				Levels: []sla.Level{{Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}},
			}},
		}},
		Escalation: escalation.Config{Policies: []escalation.Policy{
			{
				Name: "warn the group", Kinds: []string{incident.Kind},
				Triggers: []escalation.Trigger{{On: escalation.OnLevel, Levels: []string{"warning"}}},
				Steps:    []escalation.Step{{Name: "group", Kind: escalation.Notify, Audience: []escalation.Audience{escalation.Members}}},
			},
			{
				Name: "call the manager", Kinds: []string{incident.Kind},
				Triggers: []escalation.Trigger{{On: escalation.OnLevel, Missed: true}},
				Steps: []escalation.Step{
					{Name: "manager", Kind: escalation.Hierarchical, ManagersUp: 1},
					{Name: "head", Kind: escalation.Notify, Audience: []escalation.Audience{escalation.GroupHead}, Fallback: true},
				},
			},
		}},
		Subscribers: []itsm.Subscriber{{Name: "pager", Handle: page}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(d)

	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	_, err = d.Incidents.Report(ann, incident.Report{
		Title: "VPN down", Caller: "bob", Impact: itsm.High, Urgency: itsm.High, Group: "network",
	})
	fmt.Println("reported", err)
	if err := clock.Advance(ann, 8*time.Hour); err != nil {
		fmt.Println(err)
	}
	// Output:
	// reported <nil>
	// 12:00 INC0000001: resolution reached 75 %, page [ann ben]
	// 13:00 INC0000001: resolution reached 100 %, nobody for step manager
	// 13:00 INC0000001: resolution reached 100 %, page [max]
}

// Nobody acknowledges a ticket for half an hour: the group is paged every quarter of an hour until somebody does.
func Example_acknowledge() {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	d, err := desk.Open(context.Background(), desk.Config{
		Clock:     clock,
		Directory: itsmtest.Directory{Groups: []itsm.Group{{ID: "network", Members: []string{"ann", "ben"}}}},
		Escalation: escalation.Config{Policies: []escalation.Policy{{
			Name: "wake the group", Kinds: []string{incident.Kind},
			Triggers: []escalation.Trigger{{On: escalation.OnNoAcknowledgement, Within: 30 * time.Minute}},
			Steps:    []escalation.Step{{Name: "page", Kind: escalation.Notify, Audience: []escalation.Audience{escalation.Members}}},
			Repeat:   9, RepeatAfter: 15 * time.Minute,
		}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(d)
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Caller: "bob", Group: "network"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = clock.Advance(ann, 50*time.Minute)
	running, err := d.Escalation.Running(ann, inc.Ref())
	if err != nil || len(running) != 1 {
		fmt.Println(running, err)
		return
	}
	fmt.Printf("%s: next %s at %s\n", running[0].Policy, running[0].Next, running[0].NextAt.Format("15:04"))

	_, err = d.Incidents.Acknowledge(ann, inc.ID, "On it.")
	fmt.Println("acknowledged", err)
	_ = clock.Advance(ann, 24*time.Hour)
	history, err := d.Incidents.History(ann, inc.ID, 0, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range history {
		for _, step := range history[i].Escalations() {
			fmt.Printf("%s %s, time %d: %s %v\n", history[i].At.Format("15:04"), step.Step, step.Repetition+1, step.Outcome, step.People)
		}
	}
	// Output:
	// wake the group: next page at 10:00
	// acknowledged <nil>
	// 09:30 page, time 1: told [ann ben]
	// 09:45 page, time 2: told [ann ben]
}
