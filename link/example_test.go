package link_test

import (
	"context"
	"fmt"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/link"
)

// A desk adds a rule of its own to those that every desk has: whoever works on an incident tells those who work on
// related ones.
func ExampleRule() {
	tell := link.Rule{
		Name: "notes go to related incidents", Kind: incident.Kind, Triggers: []lifecycle.Trigger{itsm.TriggerNote},
		Link: itsm.RelatedTo.Name, Target: incident.Kind,
		Phases: []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Waiting},
		Do:     itsm.TriggerNote, Input: map[string]string{"body": "input.body"},
	}
	ctx := context.Background()
	d, err := desk.Open(ctx, desk.Config{Links: link.Config{Table: desk.Rules().With(tell)}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ann := itsm.WithActor(ctx, itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	vpn, _ := d.Incidents.Report(ann, incident.Report{Title: "VPN down"})
	mail, _ := d.Incidents.Report(ann, incident.Report{Title: "Mail is slow"})
	old, _ := d.Incidents.Report(ann, incident.Report{Title: "No network"})
	d.Incidents.Link(ann, vpn.ID, itsm.RelatedTo, mail.Ref())
	d.Incidents.Link(ann, vpn.ID, itsm.ParentOf, old.Ref())

	d.Incidents.Note(ann, vpn.ID, "A router in Vienna.")
	notes, err := d.Incidents.WorkNotes(ann, mail.ID, 0, 0)
	fmt.Println(notes[0].Author, notes[0].Body, err)

	d.Incidents.Start(ann, vpn.ID)
	d.Incidents.Resolve(ann, vpn.ID, incident.Resolution{Code: incident.Fixed, Notes: "Replaced it."})
	child, err := d.Incidents.Get(ann, old.ID)
	fmt.Println(child.State, child.Resolution.Notes, err)
	// Output:
	// system A router in Vienna. <nil>
	// resolved Replaced it. <nil>
}
