package mail_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/itsmkit/itsmkit/channel/mail"
	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

func ExampleParser_Parse() {
	parser, err := mail.NewParser(mail.ParserConfig{Files: &store{}, Strip: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := parser.Parse(context.Background(), "acme", strings.NewReader(`From: =?utf-8?Q?Bob_M=C3=BCller?= <bob@example.com>
To: desk@example.com
Subject: Re: [INC0000001] VPN down
Message-ID: <b1@example.com>
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p>Still down, see <b>picture</b>.</p><p>On Tuesday Desk wrote:</p><blockquote>Does it work?</blockquote>
--b
Content-Type: image/png; name=vpn.png
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.ID, m.From.Name, m.From.Address)
	fmt.Println(m.Subject)
	fmt.Println(m.Body)
	for _, f := range m.Attachments {
		fmt.Println(f.Name, f.Type, f.Size, f.SHA256[:8], f.Location)
	}
	// Output:
	// b1@example.com Bob Müller bob@example.com
	// Re: [INC0000001] VPN down
	// Still down, see picture.
	// vpn.png image/png 8 4c4b6a3b acme/0/vpn.png
}

// outbox stands for a client of a mail server, which gomail.NewClient makes.
type outbox struct{}

func (outbox) DialAndSendWithContext(_ context.Context, mails ...*gomail.Msg) error {
	for _, m := range mails {
		fmt.Println("To:", m.GetToString()[0])
		fmt.Println("Subject:", m.GetGenHeader(gomail.HeaderSubject)[0])
		body, err := m.GetParts()[0].GetContent()
		if err != nil {
			return err
		}
		fmt.Printf("\n%s--\n", body)
	}
	return nil
}

func ExampleSender() {
	ctx := context.Background()
	directory := itsmtest.Directory{People: []itsm.Profile{{ID: "bob", Name: "Bob", Mail: "bob@example.com"}}}
	d, err := desk.Open(ctx, desk.Config{
		Directory: directory,
		Clock:     itsmtest.NewClock(time.Date(2026, 3, 3, 9, 0, 0, 0, time.UTC)),
		Register: func(k *itsm.Kernel) error {
			sender, err := mail.NewSender(k, mail.SenderConfig{
				Client:   outbox{},
				Identity: mail.Identity{Domain: "desk.example.com", Key: []byte("a secret of the desk's")},
				From: func(_ context.Context, tenant, _ string) (conversation.Address, error) {
					return conversation.Address{Name: "Service Desk", Address: "desk@" + tenant + ".example.com"}, nil
				},
			})
			if err == nil {
				k.Subscribe(sender.Subscriber("mail"))
			}
			return err
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	bob := itsm.WithActor(ctx, itsm.Actor{ID: "bob", Tenant: "acme", Roles: []itsm.Role{itsm.Requester}})
	ann := itsm.WithActor(ctx, itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	inc, _ := d.Incidents.Report(bob, incident.Report{Title: "VPN down"})
	_, _ = d.Incidents.Comment(ann, inc.ID, itsm.Comment{Body: "Does it work without VPN?"})
	_, _ = d.Incidents.Comment(ann, inc.ID, itsm.Comment{Body: "It is the router again.", Internal: true})
	_, _, err = d.Deliver(ctx) // Run does it by itself
	fmt.Println(err)
	// Output:
	// To: "Bob" <bob@example.com>
	// Subject: [INC0000001] VPN down
	//
	// Hello Bob,
	//
	// we have your report and look after it. Its number is INC0000001: VPN down
	//
	// To add something, answer this mail.
	// --
	// To: "Bob" <bob@example.com>
	// Subject: [INC0000001] VPN down
	//
	// Does it work without VPN?
	// --
	// <nil>
}
