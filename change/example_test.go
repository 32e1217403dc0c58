package change_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// board asks vera about every change.
var board = []change.ApprovalPolicy{{Name: "everything", Stages: []approval.Stage{
	{Name: "board", Rule: approval.All, Voters: []approval.Voter{{Person: "vera"}}},
}}}

func exampleDesk(c change.Config) (d *desk.Desk, clock *itsmtest.Clock, as func(person string, roles ...itsm.Role) context.Context) {
	clock = itsmtest.NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC))
	d, err := desk.Open(context.Background(), desk.Config{Clock: clock, Changes: c})
	if err != nil {
		panic(err)
	}
	clock.Attach(d.Kernel)
	return d, clock, func(person string, roles ...itsm.Role) context.Context {
		return itsm.WithActor(context.Background(), itsm.Actor{ID: person, Tenant: "acme", Roles: append(roles, itsm.Agent)})
	}
}

// acceptAs accepts what waits for somebody.
func acceptAs(ctx context.Context, d *desk.Desk) {
	waiting, err := d.Approvals.Waiting(ctx)
	for _, ballot := range waiting {
		_, err = d.Approvals.Vote(ctx, ballot.ID, approval.Choose{Choice: approval.Accept})
	}
	if err != nil {
		fmt.Println(err)
	}
}

// A normal change from its draft to the review.
func Example() {
	d, clock, as := exampleDesk(change.Config{Approvals: board})
	rita, ann := as("rita"), as("ann")

	c, err := d.Changes.Draft(rita, change.Draft{
		Title: "Replace the router", Service: "network", Items: []string{"router1"},
		Plans:    change.Plans{Implementation: "Swap it by night.", Backout: "Swap it back."},
		Criteria: []string{"Everybody is online by 07:00."},
	})
	fmt.Println(c.ID, c.State, c.Risk, err)
	_, _ = d.Changes.Submit(rita, c.ID)
	_, _ = d.Changes.Assess(ann, c.ID) // asks vera
	acceptAs(as("vera"), d)

	night := change.Window{Start: time.Date(2026, 3, 3, 22, 0, 0, 0, time.UTC), End: time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)}
	c, err = d.Changes.Schedule(ann, c.ID, night)
	fmt.Println(c.State, err)
	_ = clock.AdvanceTo(ann, night.Start)
	_, _ = d.Changes.Begin(ann, c.ID)
	_ = clock.Advance(ann, time.Hour)
	c, _ = d.Changes.Finish(ann, c.ID, change.Finish{})
	fmt.Println(c.State, c.EndedAt.Sub(c.StartedAt))

	_, _ = d.Changes.Tick(ann, c.ID, change.Tick{Criterion: "Everybody is online by 07:00.", Met: true, Evidence: "monitoring"})
	c, err = d.Changes.Close(ann, c.ID, change.Closure{Outcome: change.Successful, Notes: "As planned."})
	fmt.Println(c.State, c.Outcome, err)
	// Output:
	// CHG0000001 draft low <nil>
	// scheduled <nil>
	// review 1h0m0s
	// closed successful <nil>
}

// An emergency begins before those who approve it have decided, and cannot be closed before they have.
func Example_emergency() {
	d, _, as := exampleDesk(change.Config{Approvals: board})
	ann, mary := as("ann"), as("mary", itsm.Manager)

	c, _ := d.Changes.Draft(ann, change.Draft{
		Title: "Restart the database", Type: change.Emergency, Items: []string{"db1"}, Plans: change.Plans{Implementation: "Restart it."},
	})
	_, err := d.Changes.Approve(mary, c.ID, change.Approving{Retrospective: true, Reason: "Nobody can order."})
	fmt.Println(err)
	_, _ = d.Changes.Begin(ann, c.ID)
	_, _ = d.Changes.Finish(ann, c.ID, change.Finish{})

	done := change.Closure{Outcome: change.Successful, Notes: "It is back."}
	_, err = d.Changes.Close(ann, c.ID, done)
	refusal, _ := lifecycle.AsRefusal(err)
	fmt.Println(refusal.Reasons[0].Code)
	acceptAs(as("vera"), d)
	c, err = d.Changes.Close(ann, c.ID, done)
	fmt.Println(c.State, err)
	// Output:
	// <nil>
	// approval_open
	// closed <nil>
}

// A freeze refuses a window, and says when the next one is free.
func ExampleChanges_NextSlot() {
	from, until := time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	d, _, as := exampleDesk(change.Config{Windows: []schedule.Window{
		{Name: "end of quarter", Kind: schedule.Freeze, Slots: []schedule.Slot{{Start: from, End: until}}},
	}})
	rita, ann := as("rita"), as("ann")
	c, _ := d.Changes.Draft(rita, change.Draft{Title: "Replace the router", Items: []string{"router1"}, Plans: change.Plans{Implementation: "Swap it."}})
	_, _ = d.Changes.Submit(rita, c.ID)
	_, _ = d.Changes.Assess(ann, c.ID)
	_, _ = d.Changes.Approve(ann, c.ID, change.Approving{})

	_, err := d.Changes.Schedule(ann, c.ID, change.Window{Start: from.Add(22 * time.Hour), End: from.Add(24 * time.Hour)})
	refusal, _ := lifecycle.AsRefusal(err)
	reason := refusal.Reasons[0]
	fmt.Println(reason.Code, reason.Args["window"], reason.Args["next"])

	slot, err := d.Changes.NextSlot(ann, c.ID, change.Free{Duration: 2 * time.Hour, From: from})
	fmt.Println(slot.Start, err)
	c, err = d.Changes.Schedule(ann, c.ID, change.Window{Start: slot.Start, End: slot.End})
	fmt.Println(c.State, err)
	// Output:
	// frozen end of quarter 2026-03-05T00:00:00Z
	// 2026-03-05 00:00:00 +0000 UTC <nil>
	// scheduled <nil>
}

// A standard change is approved once, by its template.
func ExampleChanges_WriteTemplate() {
	d, _, as := exampleDesk(change.Config{Approvals: board})
	rita, mary := as("rita"), as("mary", itsm.Manager)
	t, _ := d.Changes.WriteTemplate(rita, change.NewTemplate{Name: "reboot", Procedure: change.Procedure{
		Title: "Reboot a server", Plans: change.Plans{Implementation: "Drain it, reboot it, watch it."}, WithoutReview: true,
	}})
	_, _ = d.Changes.ProposeTemplate(rita, t.ID)
	t, err := d.Changes.ApproveTemplate(mary, t.ID)
	fmt.Println(t.ID, t.State, err)

	c, _ := d.Changes.Draft(rita, change.Draft{Template: "reboot", Items: []string{"web1"}})
	now := d.Clock().Now()
	_, _ = d.Changes.Schedule(rita, c.ID, change.Window{Start: now, End: now.Add(time.Hour)})
	_, _ = d.Changes.Begin(rita, c.ID)
	c, err = d.Changes.Close(rita, c.ID, change.Closure{Outcome: change.Successful, Notes: "It is back."})
	fmt.Println(c.ID, c.Title, c.State, err)
	// Output:
	// STD0000001 approved <nil>
	// CHG0000001 Reboot a server closed <nil>
}

// The change success rate counts a change as one with issues that caused an incident soon after.
func ExampleSuccessOf() {
	end := time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)
	closed := func(id string, o change.Outcome) change.Change {
		c := change.Change{Outcome: o, StartedAt: end.Add(-time.Hour), EndedAt: end, ClosedAt: end}
		c.Kind, c.ID, c.State = change.Kind, id, change.StateClosed
		return c
	}
	s := change.SuccessOf([]change.Ended{
		{Change: closed("CHG1", change.Successful)},
		{Change: closed("CHG2", change.Successful), Caused: []change.Caused{{Incident: itsm.Ref{Kind: "incident", ID: "INC7"}, Reported: end.Add(time.Hour)}}},
		{Change: closed("CHG3", change.BackedOut)},
		{Change: closed("CHG4", change.Successful)},
	}, change.SuccessRule{Within: 7 * 24 * time.Hour})
	rate, _ := s.Rate()
	fmt.Printf("%+v %.0f%%\n", s.Tally, rate*100)
	// Output:
	// {Successful:2 WithIssues:1 Failed:0 BackedOut:1} 50%
}
