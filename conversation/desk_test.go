package conversation_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

type tb interface {
	itsmtest.TB
	require.TestingT
}

// office has incidents and a receiver, on Monday, 2 March 2026, 09:00 UTC. Cleo and dan ask for help, ann works in group
// network, eve in none; all have mail addresses.
type office struct {
	*incident.Incidents
	tb      tb
	kernel  *itsm.Kernel
	clock   *itsmtest.Clock
	inbox   *conversation.Receiver
	combine itsm.Command[incident.Incident, survivor]

	gateway context.Context // of tenant acme
	other   context.Context // of tenant umbra
	cleo    context.Context
	ann     context.Context
	root    context.Context
}

type survivor struct{ Survivor itsm.Ref }

var people = itsmtest.Directory{
	People: []itsm.Profile{
		{ID: "cleo", Mail: "cleo@example.org"}, {ID: "dan", Mail: "dan@example.org"},
		{ID: "ann", Mail: "ann@example.org"}, {ID: "eve", Mail: "eve@example.org"}, {ID: "wes", Mail: "wes@example.org"},
	},
	Groups: []itsm.Group{{ID: "network", Members: []string{"ann"}}},
}

func newDesk(t tb, c conversation.Config, i incident.Config) *office {
	ctx := context.Background()
	d := &office{
		tb:      t,
		gateway: itsmtest.As(ctx, itsmtest.Integration("gateway")),
		other:   itsmtest.As(ctx, itsmtest.Integration("gateway", itsmtest.InTenant("umbra"))),
		cleo:    itsmtest.As(ctx, itsmtest.Requester("cleo")),
		ann:     itsmtest.As(ctx, itsmtest.Agent("ann")),
		root:    itsmtest.As(ctx, itsmtest.Administrator("root")),
	}
	i.Overlays = append(i.Overlays, lifecycle.Overlay{
		Lifecycle: incident.Kind, Version: 99,
		Add: lifecycle.Parts{
			Triggers: []lifecycle.TriggerRow{{Name: "combine", Title: "Combine", Past: "combined"}},
			Transitions: []lifecycle.Transition{{
				From:    []lifecycle.State{incident.StateNew, incident.StateAssigned, incident.StateInProgress, incident.StateOnHold, incident.StateCancelled},
				Trigger: "combine", To: incident.StateCancelled,
			}},
		},
	})
	i.Extend = func(p *itsm.Practice[incident.Incident]) error {
		d.combine = itsm.Handle(p, "combine", func(_ *itsm.Unit, inc *incident.Incident, s survivor) error {
			inc.MergedInto = s.Survivor
			return nil
		})
		return nil
	}
	d.kernel, d.clock = itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Directory: people}, func(k *itsm.Kernel) (err error) {
		if d.Incidents, err = incident.New(k, i); err != nil {
			return err
		}
		d.inbox, err = conversation.New(k, c)
		return err
	})
	return d
}

// take is the receipt of a message that must be taken.
func (d *office) take(m conversation.Message) conversation.Receipt {
	receipt, err := d.inbox.Receive(d.gateway, m)
	require.NoError(d.tb, err)
	return receipt
}

func (d *office) get(ref itsm.Ref) incident.Incident {
	inc, err := d.Get(d.root, ref.ID)
	require.NoError(d.tb, err)
	return inc
}

func (d *office) bodies(ref itsm.Ref) []string {
	comments, err := d.Comments(d.root, ref.ID, 0, 0)
	require.NoError(d.tb, err)
	bodies := make([]string, len(comments))
	for i, c := range comments {
		bodies[i] = c.Body
	}
	return bodies
}

func (d *office) count() int64 {
	n, err := d.Count(d.root, itsm.Query{})
	require.NoError(d.tb, err)
	return n
}

func (d *office) ok(inc incident.Incident, err error) incident.Incident {
	require.NoError(d.tb, err)
	return inc
}

// reported is an incident of cleo's that came by mail as <m1@example.org>.
func (d *office) reported() itsm.Ref {
	receipt := d.take(mail("m1@example.org", "cleo", "VPN down", "Since this morning."))
	require.Equal(d.tb, conversation.Reported, receipt.Did)
	return receipt.Record
}

// in is such an incident in a state.
func (d *office) in(state lifecycle.State) itsm.Ref {
	ref := d.reported()
	id := ref.ID
	if state == incident.StateNew {
		return ref
	}
	d.ok(d.Start(d.ann, id))
	switch state {
	case incident.StateOnHold:
		d.ok(d.Hold(d.ann, id, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"}))
	case incident.StateResolved, incident.StateClosed:
		d.ok(d.Resolve(d.ann, id, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."}))
		if state == incident.StateClosed {
			d.ok(d.Confirm(d.cleo, id))
		}
	case incident.StateCancelled:
		d.ok(d.Cancel(d.ann, id, incident.Cancel{Reason: incident.Withdrawn}))
	}
	require.Equal(d.tb, state, d.get(ref).State)
	return ref
}

func mail(id, from, subject, body string) conversation.Message {
	return conversation.Message{
		Channel: "mail", ID: id, From: conversation.Address{Address: from + "@example.org"}, Subject: subject, Body: body,
	}
}

// answer answers messages.
func answer(m conversation.Message, ids ...string) conversation.Message {
	m.InReplyTo = ids
	return m
}

func automatic(m conversation.Message) conversation.Message {
	m.Automatic = true
	return m
}

func numbered(prefix string, n int) string { return prefix + strconv.Itoa(n) }

var _ tb = (*testing.B)(nil)

const hour = time.Hour
