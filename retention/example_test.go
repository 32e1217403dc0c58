package retention_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/retention"
)

// Two years after their end tickets go by themselves; one that a legal matter holds stays.
func Example() {
	ctx := context.Background()
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	security := itsm.Where("category").Is("security")
	d, err := desk.Open(ctx, desk.Config{Clock: clock, Retention: retention.Config{Policies: []retention.Policy{
		{Name: "general", After: retention.Period{Years: 2}},
		{Name: "security", Where: &security, After: retention.Period{Years: 10}},
		{Name: "contract", Class: "contract", Keep: true},
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(d)
	ann := itsmtest.As(ctx, itsmtest.Agent("ann"))
	rex := itsm.WithActor(ctx, itsm.Actor{ID: "rex", Tenant: "acme", Roles: []itsm.Role{itsm.RecordsManager}})
	for _, title := range []string{"VPN down", "Printer on fire"} {
		inc, err := d.Incidents.Report(ann, incident.Report{Title: title, Impact: itsm.Low, Urgency: itsm.Low})
		if err == nil {
			_, err = d.Incidents.Cancel(ann, inc.ID, incident.Cancel{Reason: incident.Withdrawn})
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	if _, err := d.Incidents.HoldForLegal(rex, "INC0000002", itsm.LegalHold{Matter: "2026-14", Reason: "Claim of the insurer."}); err != nil {
		fmt.Println(err)
		return
	}
	if err := clock.Advance(rex, 732*24*time.Hour); err != nil {
		fmt.Println(err)
		return
	}
	plan, err := d.Retention.Plan(rex)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range plan {
		if line.Kind == incident.Kind && line.Due+line.Held > 0 {
			fmt.Println(line.Policy, "due", line.Due, "held", line.Held, line.FirstHeld)
		}
	}
	gone, err := d.Retention.Find(rex, itsm.Ref{Kind: incident.Kind, ID: "INC0000001"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, item := range gone {
		fmt.Println(item.Record, "version", item.Version, "went with", item.Purge, "on", item.At.Format(time.DateOnly))
	}
	why, err := d.Retention.Explain(rex, itsm.Ref{Kind: incident.Kind, ID: "INC0000002"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(why.Policy, "due:", why.Due, why.Reasons[0].Code, why.Reasons[0].Args["matters"])
	// Output:
	// general due 0 held 1 [incident/INC0000002]
	// incident/INC0000001 version 2 went with purge/PRG0000001 on 2028-03-02
	// general due: false legal_hold 2026-14
}
