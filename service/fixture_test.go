package service_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/store/memory"
)

// start is a Monday.
const start = "2026-03-02T08:00:00Z"

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

type fixture struct {
	*desk.Desk
	s     *service.Services
	t     rapid.TB
	clock *itsmtest.Clock
	// ann works, adm imports, rita only asks for help, and zoe works for another tenant.
	ann, adm, rita, zoe, root context.Context
}

func open(t rapid.TB, c service.Config, with ...func(*desk.Config)) *fixture {
	t.Helper()
	return openOn(t, memory.New(), itsmtest.NewClock(at(start)), c, with...)
}

// openOn opens a desk over a store that others may use as well.
func openOn(t rapid.TB, store itsm.Store, clock *itsmtest.Clock, c service.Config, with ...func(*desk.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock}
	config := desk.Config{Store: store, Clock: clock, Services: c}
	for _, w := range with {
		w(&config)
	}
	d, err := desk.Open(context.Background(), config)
	require.NoError(t, err)
	f.Desk, f.s = d, d.Services
	as := func(a itsm.Actor) context.Context { return itsmtest.As(context.Background(), a) }
	f.ann, f.adm, f.rita = as(itsmtest.Agent("ann")), as(itsmtest.Administrator("adm")), as(itsmtest.Requester("rita"))
	f.zoe, f.root = as(itsmtest.Agent("zoe", itsmtest.InTenant("other"))), as(itsmtest.System())
	return f
}

// service makes a live service, and item an item in use.
func (f *fixture) service(name string, users int) service.Service {
	f.t.Helper()
	r, err := f.s.Plan(f.ann, service.NewService{Name: name, Users: users, Live: true})
	require.NoError(f.t, err)
	return r
}

func (f *fixture) item(name string) service.Item {
	f.t.Helper()
	r, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: name, InUse: true})
	require.NoError(f.t, err)
	return r
}

// depends relates by depends_on, in a group with a gate where they are given.
func (f *fixture) depends(from, to itsm.Ref, groupAndGate ...string) service.Relation {
	f.t.Helper()
	n := service.NewRelation{Type: "depends_on", From: from, To: to}
	if len(groupAndGate) > 0 {
		n.Group = groupAndGate[0]
	}
	if len(groupAndGate) > 1 {
		n.Gate = groupAndGate[1]
	}
	r, err := f.s.Relate(f.ann, n)
	require.NoError(f.t, err)
	return r
}

// impact tells what a loss does, as "shop down, mail degraded": by name, services first.
func (f *fixture) impact(q service.Question) string {
	f.t.Helper()
	a, err := f.s.Impact(f.ann, q)
	require.NoError(f.t, err)
	var parts []string
	for _, e := range a.Affected {
		parts = append(parts, a.Names[e.ID]+" "+e.Severity.String())
	}
	return strings.Join(parts, ", ")
}

func lost(items ...string) service.Question { return service.Question{Items: items} }

func (f *fixture) report(title string, items ...string) incident.Incident {
	f.t.Helper()
	inc, err := f.Incidents.Report(f.ann, incident.Report{Title: title, Items: items})
	require.NoError(f.t, err)
	return inc
}

// affected tells what a ticket affects, as "shop down by group".
func (f *fixture) affected(ref itsm.Ref) string {
	f.t.Helper()
	rows, err := f.s.Affected(f.ann, ref)
	require.NoError(f.t, err)
	var parts []string
	for _, r := range rows {
		svc, err := f.s.Get(f.ann, r.Service)
		require.NoError(f.t, err)
		parts = append(parts, svc.Name+" "+r.Severity.String())
	}
	return strings.Join(parts, ", ")
}

func (f *fixture) do(_ any, err error) {
	f.t.Helper()
	require.NoError(f.t, err)
}

// hardware are classes with attributes and keys.
func hardware() service.Config {
	return service.Config{Classes: []service.Class{
		{Name: "host"},
		{Name: "disk", Key: []string{"serial"}, Attributes: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "serial", Kind: field.KindText}, {Name: "size_gb", Kind: field.KindInt, Required: true},
			{Name: "medium", Kind: field.KindText, Choices: []string{"ssd", "hdd"}},
		}}},
		{Name: "port", Key: []string{"switch", "number"}, Attributes: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "switch", Kind: field.KindText}, {Name: "number", Kind: field.KindInt}, {Name: "speed", Kind: field.KindNumber},
		}}},
	}}
}

func TestASmallMap(t *testing.T) {
	f := open(t, service.Config{})
	shop, web1, web2, db := f.service("Web shop", 400), f.item("web1"), f.item("web2"), f.item("db")
	require.Equal(t, "SVC0000001", shop.ID)
	require.Equal(t, "CI0000001", web1.ID)
	require.Equal(t, service.StateLive, shop.State)
	f.depends(shop.Ref(), web1.Ref(), "web", "any")
	f.depends(shop.Ref(), web2.Ref(), "web")
	f.depends(shop.Ref(), db.Ref(), "data")
	require.Equal(t, "Web shop degraded, web1 down", f.impact(lost("web1")))
	require.Equal(t, "Web shop down, web1 down, web2 down", f.impact(lost("web1", "CI0000002")))
	require.Equal(t, "Web shop down, db down", f.impact(lost("host/db")))
	points, err := f.s.SinglePoints(f.ann, "web shop")
	require.NoError(t, err)
	require.Equal(t, []string{db.ID}, points)
	for _, ref := range []itsm.Ref{shop.Ref(), db.Ref(), {Kind: service.MapKind, ID: service.MapID}} {
		require.NoError(t, f.Verify(f.adm, ref))
	}
}

func newStore() itsm.Store { return memory.New() }

func instant(text string) field.Value { return field.Instant(at(text)) }

// openHooked opens a desk whose kernel has further hooks.
func openHooked(t *testing.T, hook func(*itsm.Kernel)) *fixture {
	t.Helper()
	return open(t, service.Config{}, func(c *desk.Config) {
		c.Register = func(k *itsm.Kernel) error {
			hook(k)
			return nil
		}
	})
}
