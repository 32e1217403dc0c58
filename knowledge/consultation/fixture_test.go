package consultation_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/store/memory"
)

var (
	monday = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
	vpn    = itsm.Ref{Kind: "article", ID: "KB0000001"}
	mail   = itsm.Ref{Kind: "article", ID: "KB0000002"}
	cause  = itsm.Ref{Kind: "problem", ID: "PRB0000001"}
)

func found() []consultation.Suggestion {
	return []consultation.Suggestion{
		{Ref: vpn, Title: "Connect to the VPN", Score: 0.9, Why: []string{"vpn", "connect"}},
		{Ref: mail, Title: "Mail without the VPN", Score: 0.4, Why: []string{"vpn"}},
		{Ref: cause, Title: "Gateway drops what Carl sends", Score: 0.1, Why: []string{"service network"}},
	}
}

// desk is what a desk wires: consultations beside incidents.
type desk struct {
	*consultation.Consultations
	t                    rapid.TB
	k                    *itsm.Kernel
	clock                *itsmtest.Clock
	incidents            *incident.Incidents
	bob, carl, ann, root context.Context
}

func open(t rapid.TB, c consultation.Config) *desk {
	t.Helper()
	d := &desk{t: t, root: itsmtest.As(context.Background(), itsmtest.System())}
	grants := append(itsm.DefaultGrants(), consultation.SearcherGrant())
	config := itsm.Config{Store: memory.New(), Authorizer: consultation.Authorize(grants)}
	d.k, d.clock = itsmtest.Kernel(t, config, func(k *itsm.Kernel) (err error) {
		if d.Consultations, err = consultation.New(k, c); err != nil {
			return err
		}
		d.incidents, err = incident.New(k, incident.Config{})
		return err
	})
	d.bob = itsmtest.As(context.Background(), itsmtest.Requester("bob"))
	d.carl = itsmtest.As(context.Background(), itsmtest.Requester("carl"))
	d.ann = itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	return d
}

func (d *desk) begin(who context.Context, s consultation.Search) consultation.Consultation {
	d.t.Helper()
	if s.Purpose == "" {
		s.Purpose, s.Text, s.Suggestions = consultation.SelfService, "vpn does not connect", found()
	}
	c, err := d.Begin(who, s)
	require.NoError(d.t, err)
	return c
}

func (d *desk) report(who context.Context) itsm.Ref {
	d.t.Helper()
	inc, err := d.incidents.Report(who, incident.Report{Title: "VPN is down"})
	require.NoError(d.t, err)
	return inc.Ref()
}

func (d *desk) advance(by time.Duration) {
	d.t.Helper()
	require.NoError(d.t, d.clock.Advance(d.root, by))
}

// portal is a program that acts for a requester, or for nobody.
func portal(person string) context.Context {
	return itsm.WithActor(context.Background(), itsm.Actor{
		ID: "portal", Tenant: itsmtest.Tenant, Kind: itsm.Integration, OnBehalfOf: person, Roles: []itsm.Role{itsm.Requester},
	})
}
