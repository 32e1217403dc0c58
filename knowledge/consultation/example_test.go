package consultation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Bob helps himself with an article and needs no ticket. Carl reads it, too, and makes one. Dora reads it and goes away.
func Example() {
	ctx := context.Background()
	clock := itsmtest.NewClock(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	k, err := itsm.New(itsm.Config{
		Store: memory.New(), Clock: clock,
		Authorizer: consultation.Authorize(append(itsm.DefaultGrants(), consultation.SearcherGrant())),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	s, _ := consultation.New(k, consultation.Config{})
	incidents, _ := incident.New(k, incident.Config{})
	if err := k.Open(ctx); err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(k)
	as := func(person string, role itsm.Role) context.Context {
		return itsm.WithActor(ctx, itsm.Actor{ID: person, Tenant: "acme", Roles: []itsm.Role{role}})
	}
	bob, carl, dora, ann := as("bob", itsm.Requester), as("carl", itsm.Requester), as("dora", itsm.Requester), as("ann", itsm.Agent)
	vpn := itsm.Ref{Kind: "article", ID: "KB0000001"}
	search := consultation.Search{Purpose: consultation.SelfService, Text: "vpn does not connect", Suggestions: []consultation.Suggestion{
		{Ref: itsm.Ref{Kind: "article", ID: "KB0000007"}, Title: "Mail without the VPN", Score: 0.8, Why: []string{"vpn"}},
		{Ref: vpn, Title: "Connect to the VPN", Score: 0.7, Why: []string{"vpn", "connect"}},
	}}

	c, _ := s.Begin(bob, search)
	_, _ = s.Open(bob, c.ID, vpn)
	c, err = s.Solve(bob, c.ID, vpn)
	fmt.Println(c.ID, c.State, c.SolvedBy, err)

	c, _ = s.Begin(carl, search)
	_, _ = s.Open(carl, c.ID, vpn)
	inc, _ := incidents.Report(carl, incident.Report{Title: "VPN does not connect"})
	c, err = s.EndInTicket(carl, c.ID, inc.Ref())
	fmt.Println(c.ID, c.State, c.Made, err)

	c, _ = s.Begin(dora, search)
	_, _ = s.Open(dora, c.ID, vpn)
	_ = clock.Advance(ctx, time.Hour)
	c, err = s.Get(dora, c.ID)
	fmt.Println(c.ID, c.State, err)

	day, _ := s.Between(ann, clock.Now().AddDate(0, 0, -1), clock.Now())
	d := consultation.Deflect(day)
	strict, _ := d.Strict.Value()
	lenient, _ := d.Lenient.Value()
	fmt.Printf("no ticket: %.0f%% say that they were helped, %.0f%% at most; ticket: %v\n", 100*strict, 100*lenient, d.Tickets.Part)
	for _, u := range consultation.Use(day) {
		taken, _ := u.Taken.Value()
		second, _ := u.Positions[1].Value()
		fmt.Printf("%s: taken %.0f%%, the second %.0f%%, mean reciprocal rank %.2f\n", u.Purpose, 100*taken, 100*second, u.MeanReciprocalRank)
	}
	// Output:
	// CNS0000001 solved article/KB0000001 <nil>
	// CNS0000002 ended_in_ticket incident/INC0000001 <nil>
	// CNS0000003 abandoned <nil>
	// no ticket: 33% say that they were helped, 67% at most; ticket: [consultation/CNS0000002]
	// self_service: taken 33%, the second 33%, mean reciprocal rank 0.17
}
