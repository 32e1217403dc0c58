package desk_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// A desk in memory, and the life of an incident.
func Example() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	d, err := desk.Open(ctx, desk.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	go d.Run(ctx) // fires timers and serves subscribers; plain calls need it not

	ctx = itsm.WithActor(ctx, itsm.Actor{ID: "alice", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	inc, err := d.Incidents.Report(ctx, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	fmt.Println(inc.ID, inc.Priority, inc.State, err)
	inc, err = d.Incidents.Start(ctx, inc.ID)
	fmt.Println(inc.Assignee, inc.State, err)

	_, err = d.Incidents.Resolve(ctx, inc.ID, incident.Resolution{})
	fmt.Println(errors.Is(err, itsm.ErrRefused), err)
	inc, err = d.Incidents.Resolve(ctx, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back the gateway."})
	fmt.Println(inc.State, err)
	// Output:
	// INC0000001 P2 new <nil>
	// alice in_progress <nil>
	// true incident: cannot resolve in state in_progress: give code with the command; give notes with the command
	// resolved <nil>
}
