// Command quickstart is a guided tour: one incident from its report to its closing, played by a fake clock, and its
// timeline as the desk wrote it. The desk is kept in memory, in a file or in PostgreSQL:
//
//	go run ./examples/quickstart -store desk.db
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/examples/internal/stores"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
)

func main() {
	where := flag.String("store", stores.Memory, stores.Usage)
	flag.Parse()
	if err := run(context.Background(), *where, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, where string, out io.Writer) error {
	store, closeStore, err := stores.Open(ctx, where)
	if err != nil {
		return err
	}
	return errors.Join(tour(ctx, store, out), closeStore())
}

func tour(ctx context.Context, store itsm.Store, out io.Writer) error {
	support, err := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("07:30-18:00")})
	if err != nil {
		return err
	}
	monday := time.Date(2026, time.March, 2, 8, 0, 0, 0, support.Location())
	clock := itsmtest.NewClock(monday)

	d, err := desk.Open(ctx, desk.Config{
		Store: store,
		Clock: clock,
		Directory: itsmtest.Directory{
			People: []itsm.Profile{{ID: "ann", Name: "Ann", Manager: "mia", Groups: []string{"network"}}},
		},
		Incidents: incident.Config{
			Calendar: support,
			Policy:   incident.Policy{AutoClose: 16 * time.Hour}, // of working time: a day and a half
		},
		Agreements:  []sla.Agreement{gold(support)},
		Escalation:  escalation.Config{Policies: []escalation.Policy{callManager()}},
		Subscribers: []itsm.Subscriber{{Name: "pager", Handle: page(out)}},
	})
	if err != nil {
		return err
	}
	clock.Attach(d)

	ann := itsm.WithActor(ctx, itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	bob := itsm.WithActor(ctx, itsm.Actor{ID: "bob", Tenant: "acme", Roles: []itsm.Role{itsm.Requester}})
	later := func(wait time.Duration) error { return clock.Advance(ctx, wait) }

	// Bob reports, Ann takes it.
	inc, err := d.Incidents.Report(bob, incident.Report{
		Title: "VPN drops every ten minutes", Impact: itsm.High, Urgency: itsm.High, Service: "vpn",
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Bob reported %s, priority %v.\n", inc.ID, inc.Priority)
	if _, err = d.Incidents.Assign(ann, inc.ID, incident.Assignment{Group: "network", Assignee: "ann"}); err != nil {
		return err
	}
	if err := later(20 * time.Minute); err != nil {
		return err
	}
	if _, err = d.Incidents.Start(ann, inc.ID); err != nil {
		return err
	}

	// A refusal says everything that is missing, and changes nothing.
	_, err = d.Incidents.Resolve(ann, inc.ID, incident.Resolution{})
	if !errors.Is(err, itsm.ErrRefused) {
		return fmt.Errorf("an empty resolution should be refused, got %w", err)
	}
	fmt.Fprintln(out, "Refused:", err)

	// Ann waits for Bob; the clock of the resolution stands meanwhile. His answer resumes the work.
	if _, err = d.Incidents.Hold(ann, inc.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway is it?"}); err != nil {
		return err
	}
	if err := later(3 * time.Hour); err != nil {
		return err
	}
	if _, err = d.Incidents.Comment(bob, inc.ID, itsm.Comment{Body: "The one in Vienna."}); err != nil {
		return err
	}
	clocks, err := d.Clocks.Clocks(ann, inc.Ref())
	if err != nil {
		return err
	}
	for _, c := range clocks {
		fmt.Fprintf(out, "Clock %s: %s, %v of %v used.\n", c.Target, c.State, c.Elapsed, c.Within)
	}

	// It takes too long: the clock comes to its levels, and Ann's manager is told.
	if err := later(5 * time.Hour); err != nil {
		return err
	}
	if _, err = d.Incidents.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back the gateway."}); err != nil {
		return err
	}

	// Not quite: Bob writes again the next morning, which reopens it. Resolved for good, it closes itself.
	if err := later(18 * time.Hour); err != nil {
		return err
	}
	if _, err = d.Incidents.Reply(bob, inc.ID, itsm.Comment{Body: "It dropped again."}); err != nil {
		return err
	}
	if err := later(time.Hour); err != nil {
		return err
	}
	if _, err = d.Incidents.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Replaced the line card."}); err != nil {
		return err
	}
	if err := later(7 * 24 * time.Hour); err != nil {
		return err
	}

	fmt.Fprintln(out, "\nThe timeline, in Brussels:")
	return itsmtest.WriteTimeline(ann, out, d.Kernel, inc.Ref(), itsmtest.In(support.Location()))
}

// gold promises a first answer within an hour and a resolution within four, of working time.
func gold(support *calendar.Calendar) sla.Agreement {
	return sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind}, Calendar: support,
		Targets: []sla.Target{
			{
				Name: "first response", Kind: sla.FirstResponse,
				Within: map[itsm.Priority]time.Duration{1: 15 * time.Minute, 2: time.Hour},
				Levels: []sla.Level{{Name: "breach", Percent: 100}},
			},
			{
				Name: "resolution", Kind: sla.TotalResolution,
				Pause:  sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}},
				Within: map[itsm.Priority]time.Duration{1: 2 * time.Hour, 2: 4 * time.Hour},
				Levels: []sla.Level{{Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}},
			},
		},
	}
}

// callManager tells the assignee's manager when a target is missed.
func callManager() escalation.Policy {
	return escalation.Policy{
		Name: "call the manager", Kinds: []string{incident.Kind},
		Triggers: []escalation.Trigger{{On: escalation.OnLevel, Missed: true}},
		Steps:    []escalation.Step{{Name: "manager", Kind: escalation.Hierarchical, ManagersUp: 1}},
	}
}

// page is where a real desk would send a message: outside the transaction, with a durable position and retries.
func page(out io.Writer) func(context.Context, *itsm.Event) error {
	return func(_ context.Context, e *itsm.Event) error {
		entry, err := e.Read()
		if err != nil {
			return err
		}
		for _, step := range entry.Escalations() {
			fmt.Fprintf(out, "Page to %v: %s, %s.\n", step.People, e.ID, step.Reason)
		}
		return nil
	}
}
