package conversation_test

import (
	"context"
	"fmt"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// A mail becomes an incident; the answer to the desk's question resumes it; an absence notice does not.
func Example() {
	d, err := desk.Open(context.Background(), desk.Config{
		Directory: itsmtest.Directory{People: []itsm.Profile{{ID: "bob", Mail: "bob@example.org"}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	gateway := itsm.WithActor(context.Background(), itsm.Actor{
		ID: "mail", Tenant: "acme", Kind: itsm.Integration, Roles: []itsm.Role{itsm.Agent},
	})
	ann := itsm.WithActor(context.Background(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	bob := conversation.Address{Address: "bob@example.org"}
	take := func(m conversation.Message) {
		m.Channel, m.From = "mail", bob
		receipt, err := d.Conversation.Receive(gateway, m)
		if err != nil {
			fmt.Println(err)
			return
		}
		inc, err := d.Incidents.Get(ann, receipt.Record.ID)
		fmt.Println(receipt.Did, receipt.Record.ID, inc.State, err)
	}

	take(conversation.Message{ID: "1@example.org", Subject: "VPN down", Body: "Since this morning."})
	_, _ = d.Incidents.Start(ann, "INC0000001")
	_, err = d.Incidents.Hold(ann, "INC0000001", incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
	fmt.Println("on hold", err)
	take(conversation.Message{ID: "2@example.org", InReplyTo: []string{"1@example.org"}, Subject: "Out of office: VPN down", Body: "Back on Monday."})
	take(conversation.Message{ID: "3@example.org", Subject: "Re: [INC0000001] VPN down", Body: "The Vienna one."})
	// Output:
	// reported INC0000001 new <nil>
	// on hold <nil>
	// recorded INC0000001 on_hold <nil>
	// commented INC0000001 in_progress <nil>
}
