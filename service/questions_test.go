package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/service/impact"
)

// shop is a web shop on two web servers, of which one suffices, and a database on a disk.
func shop(f *fixture) (svc service.Service, web1, web2, db, disk service.Item) {
	svc = f.service("Shop", 400)
	web1, web2, db, disk = f.item("web1"), f.item("web2"), f.item("db"), f.item("disk")
	f.depends(svc.Ref(), web1.Ref(), "web", "any")
	f.depends(svc.Ref(), web2.Ref(), "web")
	f.depends(svc.Ref(), db.Ref(), "data")
	f.do(f.s.Relate(f.ann, service.NewRelation{Type: "runs_on", From: db.Ref(), To: disk.Ref()}))
	return svc, web1, web2, db, disk
}

func TestAnAnswerSaysHowManyAndWhy(t *testing.T) {
	f := open(t, service.Config{})
	svc, _, _, _, _ := shop(f)
	a, err := f.s.Impact(f.ann, lost("disk"))
	require.NoError(t, err)
	assert.Equal(t, impact.People{Down: 400}, a.People)
	assert.Equal(t, "disk is down: lost\ndb is down: 0 of 1 work, 1 needed, without disk\nShop is down: 0 of 1 (data) work, 1 needed, without db", a.Why(svc.ID))
	assert.Empty(t, a.Why("CI9"))
	assert.Positive(t, a.Version)
}

func TestHowAQuestionIsAsked(t *testing.T) {
	f := open(t, service.Config{})
	svc, web1, _, _, _ := shop(f)
	for _, c := range []struct {
		name string
		q    service.Question
		want string
	}{
		{"by number", lost(web1.ID), "Shop degraded, web1 down"},
		{"by kind and number", lost("item/" + web1.ID), "Shop degraded, web1 down"},
		{"by class and key", lost("host/web1"), "Shop degraded, web1 down"},
		{"by name", lost(" WEB1"), "Shop degraded, web1 down"},
		{"a service, too", lost("service/shop"), "Shop down"},
		{"what if the other one were removed", service.Question{Items: []string{"web1"}, WhatIf: []string{"web2"}}, "Shop down, web1 down"},
		{"a pin holds what it holds", service.Question{Items: []string{"disk"}, Pins: map[string]impact.Severity{"db": impact.Degraded}}, "Shop degraded, disk down, db degraded"},
		{"nothing is lost", service.Question{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, f.impact(c.q)) })
	}
	for _, q := range []service.Question{lost("web9"), {WhatIf: []string{"web9"}}, {Pins: map[string]impact.Severity{"web9": impact.Down}}, lost("service/web1")} {
		_, err := f.s.Impact(f.ann, q)
		require.ErrorIs(t, err, impact.ErrUnknown)
	}
	f.do(f.s.Register(f.ann, service.NewItem{Class: "disk", Name: "web1", InUse: true}))
	_, err := f.s.Impact(f.ann, lost("web1"))
	require.ErrorIs(t, err, itsm.ErrInvalid, "a name that several have says too little")
	assert.Contains(t, err.Error(), web1.ID)
	ids, err := f.s.Supporters(f.ann, svc.ID)
	require.NoError(t, err)
	assert.Len(t, ids, 4)
}

func TestMaintenanceIsLeftOutWhereItIsAsked(t *testing.T) {
	f := open(t, service.Config{})
	_, _, web2, _, _ := shop(f)
	q := lost("web1", "web2")
	assert.Equal(t, "Shop down, web1 down, web2 down", f.impact(q))
	f.clock.Set(at("2026-03-02T10:00:00Z"))
	f.do(f.s.BeginMaintenance(f.ann, web2.ID, "patches"))
	assert.Equal(t, "Shop down, web1 down, web2 down", f.impact(q), "else it counts as lost")
	q.Maintenance = true
	assert.Equal(t, "Shop degraded, web1 down", f.impact(q))
	q.At = at("2026-03-02T09:00:00Z")
	assert.Equal(t, "Shop down, web1 down, web2 down", f.impact(q), "before, it was in use")
	q.At = time.Time{}
	f.do(f.s.EndMaintenance(f.ann, web2.ID))
	assert.Equal(t, "Shop down, web1 down, web2 down", f.impact(q))
}

func TestTheMapAsItWasAndIsPlanned(t *testing.T) {
	f := open(t, service.Config{})
	svc := f.service("Shop", 10)
	old, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: "old", InUse: true, Since: at("2020-01-01T00:00:00Z")})
	require.NoError(t, err)
	next, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: "next", Since: at("2026-04-01T00:00:00Z")})
	require.NoError(t, err)
	some, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: "some day"})
	require.NoError(t, err)
	r := f.depends(svc.Ref(), old.Ref())
	f.do(f.s.End(f.ann, r.ID, at("2026-05-01T00:00:00Z")))
	f.do(f.s.Relate(f.ann, service.NewRelation{Type: "depends_on", From: svc.Ref(), To: next.Ref(), Since: at("2026-04-15T00:00:00Z")}))
	when := func(item, instant string) string {
		q := lost(item)
		q.At = at(instant)
		a, err := f.s.Impact(f.ann, q)
		if err != nil {
			require.ErrorIs(t, err, impact.ErrUnknown)
			return "not there"
		}
		return a.Severity(svc.ID).String()
	}
	for _, c := range []struct{ item, instant, want string }{
		{"old", "2019-01-01T00:00:00Z", "not there"},
		{"old", "2026-03-01T00:00:00Z", "none"}, // the relation began when it was made
		{"old", "2026-03-02T08:00:00Z", "down"},
		{"old", "2026-04-30T00:00:00Z", "down"},
		{"old", "2026-05-01T00:00:00Z", "none"},
		{"next", "2026-03-31T00:00:00Z", "not there"},
		{"next", "2026-04-01T00:00:00Z", "none"},
		{"next", "2026-04-15T00:00:00Z", "down"},
		{"some day", "2026-04-15T00:00:00Z", "not there"},
	} {
		assert.Equal(t, c.want, when(c.item, c.instant), "%s at %s", c.item, c.instant)
	}
	assert.Equal(t, "Shop down, old down", f.impact(service.Question{Items: []string{"old"}, Start: at("2026-04-30T00:00:00Z"), End: at("2026-06-01T00:00:00Z")}))

	ids := func(s impact.Snapshot, err error) (nodes, relations int) {
		t.Helper()
		require.NoError(t, err)
		_, err = impact.Load(s)
		require.NoError(t, err)
		return len(s.Nodes), len(s.Relations)
	}
	for _, c := range []struct {
		instant          string
		nodes, relations int
	}{
		{"2019-06-01T00:00:00Z", 0, 0}, {"2025-06-01T00:00:00Z", 1, 0}, {"2026-03-03T00:00:00Z", 2, 1}, {"2026-04-20T00:00:00Z", 3, 2}, {"2026-06-01T00:00:00Z", 3, 1},
	} {
		nodes, relations := ids(f.s.AsOf(f.ann, at(c.instant)))
		assert.Equal(t, [2]int{c.nodes, c.relations}, [2]int{nodes, relations}, c.instant)
	}
	nodes, relations := ids(f.s.During(f.ann, at("2026-03-03T00:00:00Z"), at("2026-06-01T00:00:00Z")))
	assert.Equal(t, [2]int{3, 2}, [2]int{nodes, relations}, "all of a window")

	t.Run("a plan that nobody carried out is none for the present", func(t *testing.T) {
		f.clock.Set(at("2026-04-20T00:00:00Z"))
		q := lost("old")
		assert.Equal(t, "Shop down, old down", f.impact(q))
		a, err := f.s.Impact(f.ann, lost("next"))
		require.NoError(t, err)
		assert.Empty(t, a.Affected)
		nodes, relations := ids(f.s.AsOf(f.ann, f.clock.Now()))
		assert.Equal(t, [2]int{2, 1}, [2]int{nodes, relations})
		f.do(f.s.PutInUse(f.ann, next.ID))
		assert.Equal(t, "Shop down, next down", f.impact(lost("next")))
	})
	t.Run("what is planned gets its date later", func(t *testing.T) {
		f.do(f.s.Items().Edit(f.ann, some.ID, itsm.Patch{"since": instant("2026-07-01T00:00:00Z")}))
		assert.Equal(t, "none", when("some day", "2026-07-01T00:00:00Z"))
	})
	t.Run("what was retired was there", func(t *testing.T) {
		f.clock.Set(at("2026-05-10T00:00:00Z"))
		f.do(f.s.RetireItem(f.ann, old.ID, "old"))
		assert.Equal(t, "down", when("old", "2026-04-30T00:00:00Z"))
		assert.Equal(t, "not there", when("old", "2026-05-10T00:00:00Z"))
	})
}

func TestNothingRestsOnWhatIsOverdue(t *testing.T) {
	f := open(t, service.Config{})
	shop, web1 := f.service("Shop", 1), f.item("web1")
	web2, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: "web2", Since: at(start).Add(time.Hour)})
	require.NoError(t, err)
	f.depends(shop.Ref(), web1.Ref(), "web", "any")
	f.depends(shop.Ref(), web2.Ref(), "web")
	for _, c := range []struct {
		when               string
		points, supporters []string
	}{
		{"before it is to come", []string{web1.ID}, []string{web1.ID}},
		{"when it has not come", []string{web1.ID}, []string{web1.ID}},
		{"once it is in use", nil, []string{web1.ID, web2.ID}},
	} {
		if c.points == nil {
			f.do(f.s.PutInUse(f.ann, web2.ID))
		}
		points, err := f.s.SinglePoints(f.ann, "Shop")
		require.NoError(t, err)
		assert.Equal(t, c.points, points, c.when)
		supporters, err := f.s.Supporters(f.ann, "Shop")
		require.NoError(t, err)
		assert.Equal(t, c.supporters, supporters, c.when)
		f.clock.Set(f.clock.Now().Add(2 * time.Hour))
	}
}

func TestWhatWasNeverInUseNeverWasThere(t *testing.T) {
	f := open(t, service.Config{})
	register := func(n service.NewItem) service.Item {
		t.Helper()
		i, err := f.s.Register(f.ann, n)
		require.NoError(t, err)
		return i
	}
	late := register(service.NewItem{Class: "host", Name: "late", Since: at(start).Add(time.Hour)})
	undated := register(service.NewItem{Class: "host", Name: "undated"})
	there := func(hour int) (names []string) {
		t.Helper()
		cut, err := f.s.AsOf(f.ann, at(start).Add(time.Duration(hour)*time.Hour+time.Minute))
		require.NoError(t, err)
		for _, n := range cut.Nodes {
			names = append(names, n.Name)
		}
		return names
	}
	f.clock.Set(at(start).Add(3 * time.Hour))
	assert.Empty(t, there(2), "a plan that nobody carried out")
	f.do(f.s.RetireItem(f.ann, late.ID, "it never came"))
	f.do(f.s.RetireItem(f.ann, undated.ID, "it never came"))
	assert.Empty(t, there(2), "nor was it there before it was given up")
	f.clock.Set(at(start).Add(6 * time.Hour))
	f.do(f.s.PutInUse(f.ann, late.ID))
	f.do(f.s.PutInUse(f.ann, undated.ID))
	for hour, want := range map[int][]string{2: nil, 5: nil, 6: {"late", "undated"}} {
		assert.Equal(t, want, there(hour), "hour %d", hour)
	}
	f.load(service.ItemKind, "class,name,since,state\nhost,gone,2020-01-01,retired\n")
	assert.Equal(t, []string{"gone"}, there(5), "unlike what an import says was there")
}

func TestWhoMayAsk(t *testing.T) {
	f := open(t, service.Config{})
	_, err := f.s.Impact(f.ann, service.Question{})
	require.NoError(t, err, "of a map that is empty")
	svc, _, _, _, _ := shop(f)
	for name, ask := range map[string]func() error{
		"impact":     func() error { _, err := f.s.Impact(f.rita, lost("disk")); return err },
		"points":     func() error { _, err := f.s.SinglePoints(f.rita, svc.ID); return err },
		"supporters": func() error { _, err := f.s.Supporters(f.rita, svc.ID); return err },
		"as of":      func() error { _, err := f.s.AsOf(f.rita, f.clock.Now()); return err },
		"health":     func() error { _, err := f.s.Health(f.rita, service.HealthRules{}); return err },
		"import":     func() error { _, err := f.s.Import(f.ann, nil, service.ImportOptions{Kind: service.Kind}); return err },
	} {
		require.ErrorIs(t, ask(), itsm.ErrDenied, name)
	}
	_, err = f.s.Impact(t.Context(), lost("disk"))
	require.ErrorIs(t, err, itsm.ErrNoActor)
	_, err = f.s.Impact(f.zoe, lost("disk"))
	require.ErrorIs(t, err, impact.ErrUnknown, "another tenant has a map of its own")
	_, err = f.s.Charter(f.rita, svc.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = f.Do(f.ann, itsm.Ref{Kind: service.MapKind}, "open_map", nil)
	require.ErrorIs(t, err, itsm.ErrDenied, "maps come by themselves")
}

func TestDependentsAreWhatChangesAsk(t *testing.T) {
	f := open(t, service.Config{})
	svc, web1, _, db, disk := shop(f)
	now := f.clock.Now()
	ask := func(items ...string) []string {
		t.Helper()
		names, err := f.s.Dependents(t.Context(), itsmtest.Tenant, items, now, now.Add(time.Hour))
		require.NoError(t, err)
		return names
	}
	assert.Equal(t, []string{db.ID, disk.ID, svc.ID, "Shop", "db"}, ask("disk"))
	assert.Equal(t, []string{svc.ID, "Shop", "web1"}, ask(web1.ID))
	assert.Empty(t, ask("unheard of"))
	assert.Empty(t, ask())
	names, err := f.s.Dependents(t.Context(), "other", []string{"disk"}, now, now)
	require.NoError(t, err)
	assert.Empty(t, names)
	names, err = f.s.Dependents(t.Context(), itsmtest.Tenant, []string{"disk"}, at("2020-01-01T00:00:00Z"), at("2020-02-01T00:00:00Z"))
	require.NoError(t, err)
	assert.Empty(t, names, "it was not there then")
}

// late is a topology that comes after the changes that use it.
type late struct{ change.Topology }

func TestChangesMeetThroughTheMap(t *testing.T) {
	topology := &late{}
	f := open(t, service.Config{}, func(c *desk.Config) { c.Changes.Topology = topology })
	topology.Topology = f.s
	shop(f)
	w := change.Window{Start: at("2026-03-03T20:00:00Z"), End: at("2026-03-03T22:00:00Z")}
	draft := func(item string) change.Change {
		c, err := f.Changes.Draft(f.ann, change.Draft{
			Title: "Work on " + item, Items: []string{item}, Start: w.Start, End: w.End, Plans: change.Plans{Implementation: "do it"}, Requester: "rita",
		})
		require.NoError(t, err)
		f.do(f.Changes.Submit(f.ann, c.ID))
		f.do(f.Changes.Assess(f.ann, c.ID))
		c, err = f.Changes.Approve(f.ann, c.ID, change.Approving{})
		require.NoError(t, err)
		return c
	}
	first, second := draft("disk"), draft("db")
	f.do(f.Changes.Schedule(f.ann, first.ID, w))
	found, err := f.Changes.Conflicts(f.ann, second.ID)
	require.NoError(t, err)
	var codes []schedule.Code
	for _, x := range found {
		codes = append(codes, x.Code)
	}
	assert.NotEmpty(t, codes, "the database runs on the disk")
}

func TestHealth(t *testing.T) {
	f := open(t, service.Config{})
	svc, _, _, _, _ := shop(f)
	codes := func(rules service.HealthRules) (found []string) {
		t.Helper()
		faults, err := f.s.Health(f.ann, rules)
		require.NoError(t, err)
		for _, x := range faults {
			found = append(found, string(x.Code)+" "+x.IDs[0])
		}
		return found
	}
	assert.Empty(t, codes(service.HealthRules{}))
	lone, cable1, cable2 := f.item("lone"), f.item("cable1"), f.item("cable2")
	f.do(f.s.Relate(f.ann, service.NewRelation{Type: "connects_to", From: cable1.Ref(), To: cable2.Ref()}))
	empty := f.service("Empty", 0)
	gone := f.item("gone")
	f.depends(svc.Ref(), gone.Ref(), "gone")
	f.do(f.s.RetireItem(f.ann, gone.ID, "sold"))
	ahead, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: "ahead", Since: at("2027-01-01T00:00:00Z")})
	require.NoError(t, err)
	f.depends(svc.Ref(), ahead.Ref(), "ahead")
	f.do(f.s.Relate(f.ann, service.NewRelation{Type: "depends_on", From: svc.Ref(), To: lone.Ref(), Group: "later", Gate: "3", Since: at("2027-01-01T00:00:00Z")}))
	short := f.depends(svc.Ref(), lone.Ref(), "short", "2")
	assert.Equal(t, []string{"gate " + svc.ID, "unknown_node " + gone.ID, "unsupported " + empty.ID}, codes(service.HealthRules{
		Codes: []impact.Code{impact.FaultGate, impact.FaultUnknownNode, impact.FaultUnsupported, impact.FaultOrphan},
	}))
	f.do(f.s.End(f.ann, short.ID, time.Time{}))
	assert.Contains(t, codes(service.HealthRules{At: f.clock.Now().Add(time.Second)}), "orphan "+lone.ID)

	t.Run("two of a name", func(t *testing.T) {
		f.do(f.s.Register(f.ann, service.NewItem{Class: "disk", Key: "K", Name: "lone", InUse: true}))
		assert.NotContains(t, codes(service.HealthRules{}), "duplicate "+lone.ID, "their keys tell them apart")
	})
	t.Run("what nobody has seen for long", func(t *testing.T) {
		f.clock.Set(at("2026-06-01T00:00:00Z"))
		f.do(f.s.Confirm(f.ann, cable1.ID, time.Time{}))
		stale := codes(service.HealthRules{StaleAfter: 30 * 24 * time.Hour, Codes: []impact.Code{impact.FaultStale}})
		assert.Contains(t, stale, "stale "+cable2.ID)
		assert.NotContains(t, stale, "stale "+cable1.ID)
		assert.NotContains(t, stale, "stale "+gone.ID, "of what is retired nobody wonders")
		assert.Empty(t, codes(service.HealthRules{StaleAfter: 1000 * 24 * time.Hour, Codes: []impact.Code{impact.FaultStale}}))
	})
}
