package template_test

import (
	"context"
	"fmt"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/template"
)

// A form for all incidents, and more for those of the network, from JSON.
func Example() {
	list, err := template.Parse([]byte(`[
		{"name": "all", "kind": "incident", "preset": {"channel": "portal"},
		 "hidden": [{"field": "urgency", "except": ["agent", "manager"]}]},
		{"name": "network", "kind": "incident", "categories": ["network"],
		 "mandatory": ["service"], "preset": {"group": "network"},
		 "read_only": [{"field": "group", "except": ["manager"]}]}
	]`))
	if err != nil {
		fmt.Println(err)
		return
	}
	d, err := desk.Open(context.Background(), desk.Config{Templates: list})
	if err != nil {
		fmt.Println(err)
		return
	}
	bob := itsmtest.As(context.Background(), itsmtest.Requester("bob"))
	_, err = d.Incidents.Report(bob, incident.Report{Title: "VPN down", Category: "network"})
	refusal, _ := lifecycle.AsRefusal(err)
	fmt.Println(refusal.Reasons)
	inc, err := d.Incidents.Report(bob, incident.Report{Title: "VPN down", Category: "network", Service: "vpn"})
	fmt.Println(inc.Group, inc.Channel, err)
	// Output:
	// [the record must have service afterwards]
	// network portal <nil>
}
