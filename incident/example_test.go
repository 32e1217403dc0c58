package incident_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// A desk with incidents is a kernel over a store, with this practice registered. The clock is a test's; without one it
// is the machine's.
func exampleDesk(c incident.Config) (*incident.Incidents, *itsmtest.Clock) {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	kernel, err := itsm.New(itsm.Config{Store: memory.New(), Clock: clock, Authorizer: itsm.DefaultGrants()})
	if err != nil {
		panic(err)
	}
	incidents, err := incident.New(kernel, c)
	if err != nil {
		panic(err)
	}
	if err := kernel.Open(context.Background()); err != nil {
		panic(err)
	}
	clock.Attach(kernel)
	return incidents, clock
}

func who(id string, role lifecycle.Role) context.Context {
	return itsm.WithActor(context.Background(), itsm.Actor{ID: id, Tenant: "acme", Roles: []lifecycle.Role{role}})
}

func ExampleNew() {
	kernel, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
	if err != nil {
		fmt.Println(err)
		return
	}
	incidents, err := incident.New(kernel, incident.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := kernel.Open(context.Background()); err != nil {
		fmt.Println(err)
		return
	}

	cleo := itsm.WithActor(context.Background(), itsm.Actor{
		ID: "cleo", Tenant: "acme", Roles: []itsm.Role{itsm.Requester},
	})
	inc, err := incidents.Report(cleo, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	fmt.Println(inc.ID, inc.State, inc.Priority, err)
	// Output:
	// INC0000001 new P2 <nil>
}

func ExampleIncidents() {
	incidents, clock := exampleDesk(incident.Config{})
	cleo, ann := who("cleo", itsm.Requester), who("ann", itsm.Agent)

	inc, _ := incidents.Report(cleo, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	id := inc.ID
	incidents.Assign(ann, id, incident.Assignment{Group: "network"})
	incidents.Start(ann, id) // ann takes it
	incidents.Hold(ann, id, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
	incidents.Reply(cleo, id, itsm.Comment{Body: "The Vienna one."}) // resumes it
	incidents.Note(ann, id, "Patched last night.")
	incidents.Resolve(ann, id, incident.Resolution{Code: incident.Fixed, Notes: "Rolled the gateway back."})
	clock.Advance(ann, 24*time.Hour) // nobody objects

	history, err := incidents.History(ann, id, 0, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range history {
		fmt.Println(e.Version, e.At.Format("Mon 15:04"), e.Event, e.Also, e.Actor.ID)
	}
	// Output:
	// 1 Mon 09:00 incident.reported [] cleo
	// 2 Mon 09:00 incident.assigned [] ann
	// 3 Mon 09:00 incident.started [] ann
	// 4 Mon 09:00 incident.held [] ann
	// 5 Mon 09:00 incident.commented [incident.resumed] cleo
	// 6 Mon 09:00 incident.noted [] ann
	// 7 Mon 09:00 incident.resolved [] ann
	// 8 Tue 09:00 incident.closed [] system
}

// A refusal lists everything that stands in the way, as codes with arguments. Explain answers the same beforehand, and
// Permitted what the actor may do instead.
func ExampleIncidents_Explain() {
	incidents, _ := exampleDesk(incident.Config{})
	cleo, ann := who("cleo", itsm.Requester), who("ann", itsm.Agent)
	inc, _ := incidents.Report(cleo, incident.Report{Title: "VPN down"})

	err := incidents.Explain(ann, inc.ID, incident.TriggerResolve, incident.Resolution{})
	if refusal, ok := lifecycle.AsRefusal(err); ok {
		for _, reason := range refusal.Reasons {
			fmt.Println(reason.Code, reason.Args["field"])
		}
	}
	_, err = incidents.Confirm(cleo, inc.ID)
	fmt.Println(errors.Is(err, itsm.ErrRefused))
	fmt.Println(incidents.Permitted(cleo, inc.ID))
	// Output:
	// missing_input code
	// missing_input notes
	// true
	// [comment attach watch unwatch] <nil>
}

// What desks decide differently is a policy.
func ExamplePolicy() {
	incidents, clock := exampleDesk(incident.Config{Policy: incident.Policy{
		ReopenWindow: 7 * 24 * time.Hour,
		AutoClose:    -1, // never
		HoldReasons:  []itsm.HoldReason{"spare_part"},
	}})
	ann := who("ann", itsm.Agent)
	inc, _ := incidents.Report(ann, incident.Report{Title: "VPN down"})
	inc, err := incidents.Hold(ann, inc.ID, incident.Hold{Reason: "spare_part"})
	fmt.Println(inc.State, inc.Hold, err)

	incidents.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "New fan."})
	clock.Advance(ann, 8*24*time.Hour)
	_, err = incidents.Reopen(ann, inc.ID, incident.Reopen{Reason: "Loud again."})
	fmt.Println(err)
	// Output:
	// on_hold spare_part <nil>
	// incident: cannot reopen in state resolved: reopen_window (since=2026-03-02T09:00:00Z, window=168h0m0s)
}

// A vendor adds a state with commands of its own, and a field that every resolution must fill. The overlay is data: it
// could as well be read from a JSON file.
func ExampleConfig_overlay() {
	var order itsm.Command[incident.Incident, incident.Queue]
	incidents, _ := exampleDesk(incident.Config{
		Custom: field.Schema{Version: 1, Fields: []field.Declaration{{Name: "cause", Kind: field.KindText}}},
		Overlays: []lifecycle.Overlay{{
			Lifecycle: incident.Kind, Version: 2,
			Add: lifecycle.Parts{
				States:   []lifecycle.StateRow{{Name: "awaiting_parts", Title: "Awaiting Parts", Phase: lifecycle.Waiting}},
				Triggers: []lifecycle.TriggerRow{{Name: "order_parts", Title: "Order parts", Past: "parts_ordered"}},
				Transitions: append([]lifecycle.Transition{
					{From: []lifecycle.State{incident.StateInProgress}, Trigger: "order_parts", To: "awaiting_parts"},
					{From: []lifecycle.State{"awaiting_parts"}, Trigger: incident.TriggerStart, To: incident.StateInProgress},
				}, itsm.StandardTransitions([]lifecycle.State{"awaiting_parts"})...),
			},
			Adjust: []lifecycle.Adjustment{{
				Edge: lifecycle.Edge{Trigger: incident.TriggerResolve},
				Add:  lifecycle.Conditions{Leaves: []lifecycle.Need{{"custom.cause"}}},
			}},
		}},
		Extend: func(p *itsm.Practice[incident.Incident]) error {
			order = itsm.Handle(p, "order_parts", func(_ *itsm.Unit, inc *incident.Incident, at incident.Queue) error {
				inc.Group = at.Group
				return nil
			})
			return nil
		},
	})
	ann := who("ann", itsm.Agent)
	inc, _ := incidents.Report(ann, incident.Report{Title: "Fan broken"})
	incidents.Start(ann, inc.ID)
	inc, err := order.Do(ann, inc.ID, incident.Queue{Group: "warehouse"})
	fmt.Println(inc.State, inc.Phase, inc.Group, err)

	incidents.Start(ann, inc.ID)
	done := incident.Resolution{Code: incident.Fixed, Notes: "New fan."}
	_, err = incidents.Resolve(ann, inc.ID, done)
	fmt.Println(err)
	inc, err = incidents.Resolve(ann, inc.ID, done, itsm.With(itsm.Patch{"custom.cause": field.Text("wear")}))
	fmt.Println(inc.State, err)
	// Output:
	// awaiting_parts waiting warehouse <nil>
	// incident: cannot resolve in state in_progress: the record must have custom.cause afterwards
	// resolved <nil>
}

// Two reports of one fault become one incident, and what was another matter becomes its own.
func ExampleIncidents_Merge() {
	incidents, _ := exampleDesk(incident.Config{})
	cleo, ann := who("cleo", itsm.Requester), who("ann", itsm.Agent)
	first, _ := incidents.Report(cleo, incident.Report{Title: "VPN down"})
	second, _ := incidents.Report(cleo, incident.Report{Title: "No VPN in Vienna"})
	_, _ = incidents.Comment(cleo, second.ID, itsm.Comment{Body: "The printer is out of paper, too."})

	merged, err := incidents.Merge(ann, second.ID, first.Ref())
	fmt.Println(merged.State, merged.MergedInto, err)
	reply, err := incidents.Reply(cleo, second.ID, itsm.Comment{Body: "Any news?"}) // reaches the first
	fmt.Println(reply.ID, err)

	comments, _ := incidents.Comments(ann, first.ID, 0, 0)
	for _, c := range comments {
		fmt.Printf("%s: %s [%v]\n", c.Author, c.Body, c.Origin.Record)
	}
	comment := comments[0].ID
	other, err := incidents.Split(ann, first.ID, incident.Split{Comment: comment})
	fmt.Println(other.ID, other.Title, err)
	// Output:
	// cancelled incident/INC0000001 <nil>
	// INC0000001 <nil>
	// cleo: The printer is out of paper, too. [incident/INC0000002]
	// cleo: Any news? []
	// INC0000003 The printer is out of paper, too. <nil>
}
