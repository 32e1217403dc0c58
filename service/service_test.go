package service_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/service"
)

var _ change.Topology = (*service.Services)(nil)

func TestTheLifeOfAService(t *testing.T) {
	f := open(t, service.Config{})
	r, err := f.s.Plan(f.ann, service.NewService{Name: " Mail ", Owner: "olga", Criticality: itsm.High, Users: 30})
	require.NoError(t, err)
	assert.Equal(t, "Mail", r.Name)
	assert.Equal(t, service.StatePlanned, r.State)
	_, err = f.s.Retire(f.ann, r.ID, "")
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
	f.clock.Set(at("2026-03-05T00:00:00Z"))
	r, err = f.s.GoLive(f.ann, r.ID)
	require.NoError(t, err)
	assert.Equal(t, at("2026-03-05T00:00:00Z"), r.Since)
	_, err = f.s.Edit(f.ann, r.ID, itsm.Patch{"since": field.Instant(at(start))})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.s.Edit(f.ann, r.ID, itsm.Patch{"name": field.Text("")})
	require.Error(t, err, "a service keeps a name")
	r, err = f.s.Edit(f.ann, r.ID, itsm.Patch{"users": field.Int(40), "group": field.Text("messaging")})
	require.NoError(t, err)
	assert.Equal(t, 40, r.Users)
	f.clock.Set(at("2026-03-06T00:00:00Z"))
	r, err = f.s.Retire(f.ann, r.ID, "replaced by chat")
	require.NoError(t, err)
	assert.Equal(t, at("2026-03-06T00:00:00Z"), r.Until)
	assert.Equal(t, "replaced by chat", r.Reason)
	r, err = f.s.GoLive(f.ann, r.ID)
	require.NoError(t, err)
	assert.Zero(t, r.Until, "it is there again")
	require.NoError(t, f.Verify(f.adm, r.Ref()))
}

func TestNamesOfServicesAreUnique(t *testing.T) {
	f := open(t, service.Config{})
	f.service("Web shop", 0)
	mail := f.service("Mail", 0)
	_, err := f.s.Plan(f.ann, service.NewService{Name: "web  SHOP"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.s.Edit(f.ann, mail.ID, itsm.Patch{"name": field.Text("WEB SHOP")})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = f.s.Plan(f.zoe, service.NewService{Name: "Web shop"})
	require.NoError(t, err, "another tenant has names of its own")
	n, err := f.s.Count(f.ann, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 2, n)
}

func TestItemsOfClasses(t *testing.T) {
	f := open(t, hardware())
	disk := func(serial string, size int64, more ...field.Field) service.NewItem {
		m := map[string]field.Value{"serial": field.Text(serial), "size_gb": field.Int(size)}
		for _, v := range more {
			m[v.Name] = v.Value
		}
		return service.NewItem{Class: "disk", Name: "a disk", Custom: field.FromMap(m)}
	}
	port := func(of string, number int64) service.NewItem {
		return service.NewItem{Class: "port", Custom: field.FromMap(map[string]field.Value{"switch": field.Text(of), "number": field.Int(number)})}
	}
	for _, c := range []struct {
		name string
		item service.NewItem
		key  string // empty is refused
	}{
		{"the key attribute is the key", disk("X1", 100), "X1"},
		{"and is there once", disk("X1", 200), ""},
		{"another serial is another disk, of whatever name", disk("X2", 100), "X2"},
		{"a key that is given counts for nothing there", func() service.NewItem { n := disk("X3", 1); n.Key = "mine"; return n }(), "X3"},
		{"without the key attribute it is none", disk("", 100), ""},
		{"a required attribute is required", service.NewItem{Class: "disk", Custom: field.FromMap(map[string]field.Value{"serial": field.Text("X9")})}, ""},
		{"a choice is one of those declared", disk("X4", 100, field.Field{Name: "medium", Value: field.Text("tape")}), ""},
		{"an attribute of another class is none", disk("X4", 100, field.Field{Name: "speed", Value: field.Number(1)}), ""},
		{"an attribute has its kind", disk("X4", 100, field.Field{Name: "medium", Value: field.Int(1)}), ""},
		{"several attributes make a key", port("s1", 7), "s1/7"},
		{"no two keys fall together", port("s1/7", 7), `s1\/7/7`},
		{"a class without key attributes takes a key", service.NewItem{Class: "host", Key: "K", Name: "web1"}, "K"},
		{"which is the name where none is given", service.NewItem{Class: "host", Name: "web2"}, "web2"},
		{"in another class the same key is another item", service.NewItem{Class: "host", Key: "X1"}, "X1"},
		{"a class is declared", service.NewItem{Class: "car", Name: "vw"}, ""},
		{"nothing has no name", service.NewItem{Class: "host", Name: " "}, ""},
		{"nobody has seen the future", service.NewItem{Class: "host", Name: "web3", SeenAt: at(start).Add(time.Hour)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, err := f.s.Register(f.ann, c.item)
			if c.key == "" {
				require.ErrorIs(t, err, itsm.ErrInvalid)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, c.key, i.Key)
		})
	}
	t.Run("attributes are edited, found and told apart from text", func(t *testing.T) {
		large := itsm.Where("custom.size_gb").AtLeast(field.Int(100))
		page, err := f.s.Items().List(f.ann, itsm.Query{Filter: &large})
		require.NoError(t, err)
		require.Len(t, page.Records, 2)
		id := page.Records[0].ID
		i, err := f.s.Items().Edit(f.ann, id, itsm.Patch{"custom.serial": field.Text("Y1"), "custom.medium": field.Text("ssd")})
		require.NoError(t, err)
		assert.Equal(t, "Y1", i.Key, "the key follows")
		_, err = f.s.Items().Edit(f.ann, id, itsm.Patch{"custom.size_gb": field.Text("large")})
		require.ErrorIs(t, err, itsm.ErrInvalid)
		_, err = f.s.Items().Edit(f.ann, id, itsm.Patch{"custom.serial": field.Text("X2")})
		require.ErrorIs(t, err, itsm.ErrInvalid, "which another one has")
		require.NoError(t, f.Verify(f.adm, i.Ref()))
	})
}

func TestADeskWithoutClassesTakesAny(t *testing.T) {
	f := open(t, service.Config{})
	for _, class := range []string{"host", "fish"} {
		_, err := f.s.Register(f.ann, service.NewItem{Class: class, Name: "a"})
		require.NoError(t, err)
	}
	for _, class := range []string{"", "a/b", "service", "item"} {
		_, err := f.s.Register(f.ann, service.NewItem{Class: class, Name: "b"})
		require.ErrorIs(t, err, itsm.ErrInvalid, class)
	}
	_, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: "c", Custom: field.FromMap(map[string]field.Value{"x": field.Int(1)})})
	require.ErrorIs(t, err, itsm.ErrInvalid, "attributes are declared")
}

func TestTheLifeOfAnItem(t *testing.T) {
	f := open(t, service.Config{})
	i, err := f.s.Register(f.ann, service.NewItem{Class: "host", Name: "web1", Owner: "olga", Location: "cellar"})
	require.NoError(t, err)
	assert.Equal(t, service.StatePlanned, i.State)
	_, err = f.s.BeginMaintenance(f.ann, i.ID, "new memory")
	itsmtest.RequireRefused(t, err)
	f.do(f.s.PutInUse(f.ann, i.ID))
	_, err = f.s.BeginMaintenance(f.ann, i.ID, "")
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
	i, err = f.s.BeginMaintenance(f.ann, i.ID, "new memory")
	require.NoError(t, err)
	assert.Equal(t, at(start), i.MaintainedSince)
	f.clock.Set(at("2026-03-03T00:00:00Z"))
	i, err = f.s.EndMaintenance(f.ann, i.ID)
	require.NoError(t, err)
	assert.Zero(t, i.MaintainedSince)
	assert.Equal(t, at(start), i.Since, "maintenance is no new beginning")
	before, _, err := f.Head(f.ann, itsm.Ref{Kind: service.MapKind, ID: service.MapID})
	require.NoError(t, err)
	i, err = f.s.Confirm(f.ann, i.ID, time.Time{})
	require.NoError(t, err)
	assert.Equal(t, at("2026-03-03T00:00:00Z"), i.SeenAt)
	i, err = f.s.Confirm(f.ann, i.ID, at(start))
	require.NoError(t, err)
	assert.Equal(t, at("2026-03-03T00:00:00Z"), i.SeenAt, "an earlier sighting says nothing new")
	_, err = f.s.Confirm(f.ann, i.ID, at("2027-01-01T00:00:00Z"))
	require.ErrorIs(t, err, itsm.ErrInvalid)
	after, _, err := f.Head(f.ann, itsm.Ref{Kind: service.MapKind, ID: service.MapID})
	require.NoError(t, err)
	assert.Equal(t, before, after, "sightings do not move the map")
	i, err = f.s.RetireItem(f.ann, i.ID, "broken")
	require.NoError(t, err)
	assert.Equal(t, at("2026-03-03T00:00:00Z"), i.Until)
	_, err = f.s.Confirm(f.ann, i.ID, time.Time{})
	itsmtest.RequireRefused(t, err)
	require.NoError(t, f.Verify(f.adm, i.Ref()))
}

func TestRelationsOfTypes(t *testing.T) {
	f := open(t, service.Config{})
	shop, web, db, old := f.service("Shop", 10), f.item("web"), f.item("db"), f.item("old")
	f.do(f.s.RetireItem(f.ann, old.ID, "old"))
	for _, c := range []struct {
		name string
		r    service.NewRelation
		ok   bool
	}{
		{"a service depends on an item", service.NewRelation{Type: "depends_on", From: shop.Ref(), To: web.Ref()}, true},
		{"once", service.NewRelation{Type: "depends_on", From: shop.Ref(), To: web.Ref()}, false},
		{"in another group it is another relation", service.NewRelation{Type: "depends_on", From: shop.Ref(), To: web.Ref(), Group: "power"}, true},
		{"of another type too", service.NewRelation{Type: "runs_on", From: shop.Ref(), To: web.Ref()}, true},
		{"nothing is related to itself", service.NewRelation{Type: "runs_on", From: web.Ref(), To: web.Ref()}, false},
		{"a type is declared", service.NewRelation{Type: "likes", From: shop.Ref(), To: web.Ref()}, false},
		{"both ends are there", service.NewRelation{Type: "runs_on", From: shop.Ref(), To: itsm.Ref{Kind: "item", ID: "CI9"}}, false},
		{"both ends are named", service.NewRelation{Type: "runs_on", From: shop.Ref()}, false},
		{"and are items or services", service.NewRelation{Type: "runs_on", From: shop.Ref(), To: itsm.Ref{Kind: "incident", ID: "INC1"}}, false},
		{"a retired item is not related", service.NewRelation{Type: "runs_on", From: shop.Ref(), To: old.Ref()}, false},
		{"it ends after it begins", service.NewRelation{Type: "runs_on", From: web.Ref(), To: db.Ref(), Until: at(start)}, false},
		{"a gate is a gate", service.NewRelation{Type: "depends_on", From: shop.Ref(), To: db.Ref(), Gate: "many"}, false},
		{"of a group all say the same", service.NewRelation{Type: "depends_on", From: shop.Ref(), To: db.Ref(), Group: "power", Gate: "any"}, false},
		{"a connection counts for no gate", service.NewRelation{Type: "connects_to", From: web.Ref(), To: db.Ref(), Gate: "any"}, false},
		{"a connection", service.NewRelation{Type: "connects_to", From: web.Ref(), To: db.Ref()}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.s.Relate(f.ann, c.r)
			if c.ok {
				require.NoError(t, err)
			} else {
				require.Error(t, err)
			}
		})
	}
	n, err := f.s.Relations().Count(f.ann, itsm.Query{})
	require.NoError(t, err)
	assert.EqualValues(t, 4, n, "and what was refused is not there")
}

func TestWhoSuffers(t *testing.T) {
	weak := append(service.DefaultRelations(), service.RelationType{Name: "uses", Inverse: "used_by", Suffers: service.From, Weak: true})
	for _, c := range []struct {
		name, typ, lose, want string
	}{
		{"who depends", "depends_on", "db", "Shop down, db down"},
		{"who runs on it", "runs_on", "db", "Shop down, db down"},
		{"not what is depended on", "depends_on", "Shop", "Shop down"},
		{"the whole, by its member", "member_of", "Shop", "Shop down, db down"},
		{"not the member", "member_of", "db", "db down"},
		{"nobody by a connection", "connects_to", "db", "db down"},
		{"a little, by a weak relation", "uses", "db", "Shop degraded, db down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := open(t, service.Config{Relations: weak})
			f.do(f.s.Relate(f.ann, service.NewRelation{Type: c.typ, From: f.service("Shop", 1).Ref(), To: f.item("db").Ref()}))
			assert.Equal(t, c.want, f.impact(lost(c.lose)))
		})
	}
}

func TestGatesOfGroups(t *testing.T) {
	f := open(t, service.Config{})
	shop := f.service("Shop", 10)
	r := f.depends(shop.Ref(), f.item("w1").Ref(), "web", "any")
	for _, name := range []string{"w2", "w3", "w4"} {
		f.depends(shop.Ref(), f.item(name).Ref(), "web")
	}
	for _, c := range []struct{ gate, one, two, three string }{
		{"any", "degraded", "degraded", "degraded"},
		{"2", "degraded", "degraded", "down"},
		{"60%", "degraded", "down", "down"},
		{"all", "down", "down", "down"},
		{"any", "degraded", "degraded", "degraded"},
	} {
		f.clock.Set(f.clock.Now().Add(time.Hour))
		_, err := f.s.Regate(f.ann, r.ID, c.gate)
		require.NoError(t, err)
		assert.Equal(t, "Shop "+c.one+", w1 down", f.impact(lost("w1")), c.gate)
		assert.Equal(t, "Shop "+c.two+", w1 down, w2 down", f.impact(lost("w1", "w2")), c.gate)
		assert.Equal(t, "Shop "+c.three+", w1 down, w2 down, w3 down", f.impact(lost("w1", "w2", "w3")), c.gate)
		for other, err := range f.s.Relations().All(f.ann, itsm.Query{}) {
			require.NoError(t, err)
			assert.Equal(t, c.gate, other.Gate.String(), "the whole group says so")
		}
	}
	hour := func(n int) service.Question {
		q := lost("w1", "w2")
		q.At = at(start).Add(time.Duration(n)*time.Hour + time.Minute)
		return q
	}
	assert.Equal(t, "Shop down, w1 down, w2 down", f.impact(hour(3)), "and what held before is not forgotten")
	assert.Equal(t, "Shop degraded, w1 down, w2 down", f.impact(hour(2)))
	_, err := f.s.Regate(f.ann, r.ID, "0%")
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestALateRelationLeavesTheGatesOfItsGroup(t *testing.T) {
	f := open(t, service.Config{})
	shop, w1, w2, w3 := f.service("Shop", 10), f.item("w1"), f.item("w2"), f.item("w3")
	r := f.depends(shop.Ref(), w1.Ref(), "web", "any")
	f.depends(shop.Ref(), w2.Ref(), "web")
	hour := func(n int) string {
		q := lost("w1")
		q.At = at(start).Add(time.Duration(n)*time.Hour + time.Minute)
		return f.impact(q)
	}
	f.clock.Set(at(start).Add(2 * time.Hour))
	f.do(f.s.Regate(f.ann, r.ID, "all"))
	f.clock.Set(at(start).Add(3 * time.Hour))
	f.do(f.s.Relate(f.ann, service.NewRelation{Type: "depends_on", From: shop.Ref(), To: w3.Ref(), Group: "web", Since: at(start).Add(time.Hour)}))
	for n, want := range []string{"Shop degraded, w1 down", "Shop degraded, w1 down", "Shop down, w1 down", "Shop down, w1 down"} {
		assert.Equal(t, want, hour(n), "hour %d", n)
	}
}

func TestARelationHoldsUntilItEnds(t *testing.T) {
	f := open(t, service.Config{})
	shop, w1, w2 := f.service("Shop", 10), f.item("w1"), f.item("w2")
	old := f.depends(shop.Ref(), w1.Ref(), "web", "any")
	end := at(start).Add(100 * time.Hour)
	f.do(f.s.End(f.ann, old.ID, end))
	f.clock.Set(at(start).Add(time.Hour))
	next := f.depends(shop.Ref(), w2.Ref(), "web")
	assert.Equal(t, "any", next.Gate.String(), "the group is still one")
	assert.Equal(t, "Shop degraded, w2 down", f.impact(lost("w2")))
	again := service.NewRelation{Type: "depends_on", From: shop.Ref(), To: w1.Ref(), Group: "web"}
	_, err := f.s.Relate(f.ann, again)
	require.ErrorIs(t, err, itsm.ErrInvalid, "it holds already")
	f.clock.Set(at(start).Add(2 * time.Hour))
	f.do(f.s.Regate(f.ann, next.ID, "all"))
	assert.Equal(t, "Shop down, w2 down", f.impact(lost("w2")))
	again.Since = end
	f.do(f.s.Relate(f.ann, again))
}

func TestAGroupIsFoundAmongMany(t *testing.T) {
	f := open(t, service.Config{})
	hub, p1, p2 := f.item("switch"), f.item("psu1"), f.item("psu2")
	for i := range 1001 {
		f.depends(f.item(fmt.Sprint("host", i)).Ref(), hub.Ref())
	}
	f.depends(hub.Ref(), p1.Ref(), "power", "any")
	assert.Equal(t, "any", f.depends(hub.Ref(), p2.Ref(), "power").Gate.String(), "however many depend on the switch")
}

func TestFaultsOfTheConfiguration(t *testing.T) {
	text := func(names ...string) (s field.Schema) {
		for _, n := range names {
			s.Fields = append(s.Fields, field.Declaration{Name: n, Kind: field.KindText})
		}
		return s
	}
	for name, c := range map[string]service.Config{
		"a class is named":              {Classes: []service.Class{{}}},
		"a class is declared once":      {Classes: []service.Class{{Name: "a"}, {Name: "a"}}},
		"its name has no slash":         {Classes: []service.Class{{Name: "a/b"}}},
		"its name is no kind":           {Classes: []service.Class{{Name: "service"}}},
		"its key is made of attributes": {Classes: []service.Class{{Name: "a", Key: []string{"serial"}}}},
		"its attributes are sound":      {Classes: []service.Class{{Name: "a", Attributes: text("x", "x")}}},
		"an attribute is of one kind":   {Classes: []service.Class{{Name: "a", Attributes: text("x")}, {Name: "b", Attributes: field.Schema{Fields: []field.Declaration{{Name: "x", Kind: field.KindInt}}}}}},
		"no attribute is personal":      {Classes: []service.Class{{Name: "a", Attributes: field.Schema{Fields: []field.Declaration{{Name: "x", Kind: field.KindText, Personal: true}}}}}},
		"a relation has two names":      {Relations: []service.RelationType{{Name: "a"}}},
		"and is declared once":          {Relations: []service.RelationType{{Name: "a", Inverse: "b"}, {Name: "a", Inverse: "c"}}},
		"an end is an end":              {Relations: []service.RelationType{{Name: "a", Inverse: "b", Suffers: "middle"}}},
		"what harms nobody is not weak": {Relations: []service.RelationType{{Name: "a", Inverse: "b", Weak: true}}},
		"there is room beside a ticket": {MaxAffected: 901},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := itsm.New(itsm.Config{Store: newStore()})
			require.NoError(t, err)
			_, err = service.New(k, c)
			require.ErrorIs(t, err, itsm.ErrInvalid)
		})
	}
	t.Run("kinds of tickets are there", func(t *testing.T) {
		k, err := itsm.New(itsm.Config{Store: newStore()})
		require.NoError(t, err)
		_, err = service.New(k, service.Config{Kinds: []string{"dream"}})
		require.NoError(t, err)
		require.ErrorContains(t, k.Open(t.Context()), "dream")
	})
}
