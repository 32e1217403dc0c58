package impact_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/service/impact"
)

// graph reads lines such as "shop: any web1 web2 | all db | weak mail": what a node requires, group by group. Groups have
// their place as name; "weak" and "down-only" are relations of that kind. All that is named is there.
func graph(t testing.TB, lines ...string) *impact.Graph {
	g := impact.New()
	for _, line := range lines {
		dependent, groups, _ := strings.Cut(line, ":")
		require.NoError(t, g.PutNode(impact.Node{ID: dependent}))
		for place, text := range strings.Split(groups, "|") {
			words := strings.Fields(text)
			if len(words) == 0 {
				continue
			}
			group := fmt.Sprint(place + 1)
			var gate impact.Gate
			if words[0] != "weak" && words[0] != "down-only" {
				require.NoError(t, gate.UnmarshalText([]byte(words[0])))
			}
			require.NoError(t, g.SetGate(dependent, group, gate))
			for _, supporter := range words[1:] {
				require.NoError(t, g.PutNode(impact.Node{ID: supporter}))
				require.NoError(t, g.PutRelation(impact.Relation{ID: dependent + "-" + supporter + "-" + group, Dependent: dependent,
					Supporter: supporter, Group: group, Weak: words[0] == "weak", DownOnly: words[0] == "down-only"}))
			}
		}
	}
	return g
}

// told is such as "db down, shop degraded".
func told(r impact.Result) string {
	var list []string
	for _, e := range r.Affected {
		list = append(list, e.ID+" "+e.Severity.String())
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func TestWhatFallsWithWhatIsLost(t *testing.T) {
	for _, c := range []struct {
		name  string
		graph []string
		lost  string
		want  string
	}{
		{"nothing is lost", []string{"shop: all db"}, "", ""},
		{"nobody depends on it", []string{"shop: all db"}, "shop", "shop down"},
		{"all: the only one is lost", []string{"shop: all db"}, "db", "db down, shop down"},
		{"all: one of two is lost", []string{"shop: all db web"}, "db", "db down, shop down"},
		{"any: one of two is lost", []string{"shop: any a b"}, "a", "a down, shop degraded"},
		{"any: both are lost", []string{"shop: any a b"}, "a b", "a down, b down, shop down"},
		{"2 of 3: one is lost", []string{"shop: 2 a b c"}, "a", "a down, shop degraded"},
		{"2 of 3: two are lost", []string{"shop: 2 a b c"}, "a b", "a down, b down, shop down"},
		{"51% of 3 is rounded up to 2", []string{"shop: 51% a b c"}, "a b", "a down, b down, shop down"},
		{"66% of 3 is 1.98, so 2", []string{"shop: 66% a b c"}, "a", "a down, shop degraded"},
		{"67% of 3 is 2.01, so 3", []string{"shop: 67% a b c"}, "a", "a down, shop down"},
		{"1% is one at least", []string{"shop: 1% a b c"}, "a b c", "a down, b down, c down, shop down"},
		{"50% of 4 is 2", []string{"shop: 50% a b c d"}, "a b", "a down, b down, shop degraded"},
		{"100% is all", []string{"shop: 100% a b"}, "b", "b down, shop down"},
		{"a gate of more than there are asks for all", []string{"shop: 3 a b"}, "", ""},
		{"and then one is too many", []string{"shop: 3 a b"}, "a", "a down, shop down"},
		{"two groups: either fails", []string{"shop: any a b | any x y"}, "x y", "shop down, x down, y down"},
		{"two groups: each has one left", []string{"shop: any a b | any x y"}, "a x", "a down, shop degraded, x down"},
		{"one supporter in two groups", []string{"shop: any a b | all a"}, "a", "a down, shop down"},
		{"a weak supporter only degrades", []string{"shop: all db | weak mail"}, "mail", "mail down, shop degraded"},
		{"a weak supporter helps no group", []string{"shop: any db | weak mail"}, "db", "db down, shop down"},
		{"degradation is passed on", []string{"shop: any a b", "portal: all shop"}, "a", "a down, portal degraded, shop degraded"},
		{"a degraded supporter works", []string{"shop: any a b", "portal: any shop x"}, "a x",
			"a down, portal degraded, shop degraded, x down"},
		{"also through weak relations", []string{"shop: any a b", "portal: weak shop"}, "a", "a down, portal degraded, shop degraded"},
		{"down-only: degradation is not", []string{"shop: any a b", "portal: down-only shop"}, "a", "a down, shop degraded"},
		{"down-only: a loss is", []string{"shop: any a b", "portal: down-only shop"}, "a b", "a down, b down, portal down, shop down"},
		{"a loss is passed on through several", []string{"shop: all app", "app: all db", "db: all disk"}, "disk",
			"app down, db down, disk down, shop down"},
		{"two ways to one item", []string{"shop: any a b", "a: all power", "b: all power"}, "power",
			"a down, b down, power down, shop down"},
		{"a circle does not fall by itself", []string{"a: all b", "b: all a"}, "", ""},
		{"a circle falls with one of it", []string{"a: all b", "b: all c", "c: all a"}, "b", "a down, b down, c down"},
		{"a circle that something holds up", []string{"a: any b x", "b: all a"}, "x", "a degraded, b degraded, x down"},
		{"a circle that nothing holds up from outside does not fall", []string{"a: any b x", "b: any a y"}, "x y",
			"a degraded, b degraded, x down, y down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := graph(t, c.graph...).Impact(impact.Question{Lost: strings.Fields(c.lost)})
			require.NoError(t, err)
			assert.Equal(t, c.want, told(r))
		})
	}
}

func TestOneSupporterCountsOnce(t *testing.T) {
	g := graph(t, "shop: 2 a b")
	require.NoError(t, g.PutRelation(impact.Relation{ID: "again", Dependent: "shop", Supporter: "b", Group: "1"}))
	r, err := g.Impact(impact.Question{Lost: []string{"a"}})
	require.NoError(t, err)
	assert.Equal(t, "a down, shop down", told(r), "b works, and is one of the two that are needed")

	require.NoError(t, g.SetGate("shop", "1", impact.Any))
	r, err = g.Impact(impact.Question{Lost: []string{"b"}})
	require.NoError(t, err)
	assert.Equal(t, "b down, shop degraded", told(r), "b is lost once, and a is left")
}

func TestCircumstances(t *testing.T) {
	type pins = map[string]impact.Severity
	lines := []string{"portal: all shop", "shop: any web1 web2 | all db", "web1: all rack", "web2: all rack", "db: all disk"}
	for _, c := range []struct {
		name     string
		pinned   pins // in the graph
		question impact.Question
		want     string
	}{
		{"a pin falls without a loss", pins{"db": impact.Down}, impact.Question{}, "db down, portal down, shop down"},
		{"and with one", pins{"web2": impact.Down}, impact.Question{Lost: []string{"web1"}}, "portal down, shop down, web1 down, web2 down"},
		{"pinned degraded", pins{"db": impact.Degraded}, impact.Question{}, "db degraded, portal degraded, shop degraded"},
		{"pinned degraded is held from falling", pins{"db": impact.Degraded}, impact.Question{Lost: []string{"disk"}},
			"db degraded, disk down, portal degraded, shop degraded"},
		{"pinned none is held healthy", pins{"db": impact.None}, impact.Question{Lost: []string{"disk"}}, "disk down"},
		{"none stops degradation too", pins{"shop": impact.None}, impact.Question{Lost: []string{"web1"}}, "web1 down"},
		{"a pin of the question", nil, impact.Question{Lost: []string{"disk"}, Pins: pins{"shop": impact.Degraded}},
			"db down, disk down, portal degraded, shop degraded"},
		{"wins over one of the graph", pins{"db": impact.Down}, impact.Question{Pins: pins{"db": impact.None}}, ""},
		{"what is lost wins over pins", pins{"db": impact.None}, impact.Question{Lost: []string{"db"}, Pins: pins{"db": impact.None}},
			"db down, portal down, shop down"},
		{"in maintenance nothing counts as lost", nil, impact.Question{Lost: []string{"db"}, Maintenance: []string{"db"}}, ""},
		{"nor is anything passed on", nil, impact.Question{Lost: []string{"disk"}, Maintenance: []string{"db"}}, "disk down"},
		{"nor do pins count", pins{"db": impact.Down}, impact.Question{Maintenance: []string{"db"}, Pins: pins{"db": impact.Down}}, ""},
		{"what if web2 were removed", nil, impact.Question{Lost: []string{"web1"}, Without: []string{"web2"}},
			"portal down, shop down, web1 down"},
		{"removing alone takes nothing down", nil, impact.Question{Without: []string{"web1", "web2", "db"}}, ""},
		{"what is removed cannot be lost", pins{"db": impact.Down}, impact.Question{Lost: []string{"db"}, Without: []string{"db"},
			Maintenance: []string{"db"}}, ""},
		{"what is removed passes nothing on", nil, impact.Question{Lost: []string{"disk"}, Without: []string{"db"}}, "disk down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := graph(t, lines...)
			for id, severity := range c.pinned {
				require.NoError(t, g.Pin(id, severity))
			}
			r, err := g.Impact(c.question)
			require.NoError(t, err)
			assert.Equal(t, c.want, told(r))
		})
	}
}

func TestPinsOutliveEdits(t *testing.T) {
	g := graph(t, "shop: all db")
	require.NoError(t, g.Pin("db", impact.Down))
	g.RemoveRelation("shop-db-1")
	g.RemoveNode("db")
	r, err := g.Impact(impact.Question{})
	require.NoError(t, err)
	assert.Empty(t, r.Affected, "it is not there")
	require.NoError(t, g.PutNode(impact.Node{ID: "db", Name: "Database"}))
	require.NoError(t, g.PutRelation(impact.Relation{ID: "new", Dependent: "shop", Supporter: "db"}))
	r, err = g.Impact(impact.Question{})
	require.NoError(t, err)
	assert.Equal(t, "db down, shop down", told(r))
	assert.Equal(t, map[string]impact.Severity{"db": impact.Down}, g.Pins())
	g.Unpin("db")
	r, err = g.Impact(impact.Question{})
	require.NoError(t, err)
	assert.Empty(t, r.Affected)
	assert.Empty(t, g.Pins())
}

func TestServicesAndPeople(t *testing.T) {
	g := graph(t, "shop: any web1 web2", "mail: all web1", "wiki: weak web1", "tool: all web1")
	for id, people := range map[string]int{"shop": 400, "mail": 30, "wiki": 5} {
		require.NoError(t, g.PutNode(impact.Node{ID: id, Service: true, People: people}))
	}
	require.NoError(t, g.PutNode(impact.Node{ID: "tool", People: 9}))
	r, err := g.Impact(impact.Question{Lost: []string{"web1"}})
	require.NoError(t, err)
	assert.Equal(t, []impact.Effect{
		{ID: "mail", Severity: impact.Down, Service: true, Reason: impact.ReasonGroup},
		{ID: "shop", Severity: impact.Degraded, Service: true, Reason: impact.ReasonSupporter},
		{ID: "wiki", Severity: impact.Degraded, Service: true, Reason: impact.ReasonSupporter},
		{ID: "tool", Severity: impact.Down, Reason: impact.ReasonGroup},
		{ID: "web1", Severity: impact.Down, Reason: impact.ReasonLost},
	}, r.Affected, "services first, the worst first, by ID")
	assert.Equal(t, r.Affected[:3], r.Services())
	assert.Equal(t, impact.People{Down: 30, Degraded: 405}, r.People, "people of services alone")
	assert.Equal(t, impact.Down, r.Severity("tool"))
	assert.Equal(t, impact.None, r.Severity("web2"))
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Contains(t, string(text), `{"id":"mail","severity":"down","service":true,"reason":"group"}`)
}

func TestWitnessText(t *testing.T) {
	g := graph(t, "p1: all portal p2", "p2: all portal p1", "portal: all shop | weak mail", "shop: 2 a b c", "a: all rack", "b: all rack", "big: 1 v w x y z")
	for _, c := range []struct{ lost, of, want string }{
		{"rack", "rack", "rack is down: lost"},
		{"rack", "shop", "rack is down: lost\na is down: 0 of 1 (1) work, 1 needed, without rack\n" +
			"b is down: 0 of 1 (1) work, 1 needed, without rack\nshop is down: 1 of 3 (1) work, 2 needed, without a, b"},
		{"c", "portal", "c is down: lost\nshop is degraded: 2 of 3 (1) work, 2 needed, without c\nportal is degraded: shop is degraded"},
		{"c mail", "p2", "mail is down: lost\nportal is degraded: mail is down\n" +
			"p2 is degraded: portal is degraded"}, // not through p1
		{"c mail", "portal", "mail is down: lost\nportal is degraded: mail is down"},
		{"v w x y z", "big", "v is down: lost\nw is down: lost\nx is down: lost\ny is down: lost\nz is down: lost\n" +
			"big is down: 0 of 5 (1) work, 1 needed, without v, w, x and 2 others"},
	} {
		r, err := g.Impact(impact.Question{Lost: strings.Fields(c.lost)})
		require.NoError(t, err)
		w, ok := r.Witness(c.of)
		require.True(t, ok)
		assert.Equal(t, c.want, w.String())
	}
	require.NoError(t, g.Pin("a", impact.Degraded))
	r, err := g.Impact(impact.Question{})
	require.NoError(t, err)
	w, ok := r.Witness("portal")
	require.True(t, ok)
	assert.Equal(t, "a is degraded: pinned\nshop is degraded: a is degraded\nportal is degraded: shop is degraded", w.String())
	assert.Equal(t, w.Steps, w.Path())
	_, ok = r.Witness("rack")
	assert.False(t, ok, "it is not affected")
}

func TestAWitnessOutlivesChanges(t *testing.T) {
	g := graph(t, "shop: all web", "web: all rack")
	r, err := g.Impact(impact.Question{Lost: []string{"rack"}})
	require.NoError(t, err)
	before, _ := r.Witness("shop")
	for _, id := range []string{"shop", "web", "rack"} {
		g.RemoveNode(id)
	}
	g.RemoveRelation("shop-web-1")
	after, ok := r.Witness("shop")
	require.True(t, ok)
	assert.Equal(t, before, after)
	assert.Len(t, after.Path(), 3)
}

func TestSinglePoints(t *testing.T) {
	for _, c := range []struct {
		name  string
		graph []string
		pins  map[string]impact.Severity
		of    string
		want  []string
	}{
		{"nothing below", []string{"shop: "}, nil, "shop", nil},
		{"a chain", []string{"shop: all app", "app: all db"}, nil, "shop", []string{"app", "db"}},
		{"two that share a rack", []string{"shop: any a b", "a: all rack", "b: all rack"}, nil, "shop", []string{"rack"}},
		{"weak supporters are none", []string{"shop: weak mail", "mail: all disk"}, nil, "shop", nil},
		{"what only degrades is none", []string{"shop: 2 a b c"}, nil, "shop", nil},
		{"in a circle", []string{"shop: all a", "a: all b", "b: all a shop"}, nil, "shop", []string{"a", "b"}},
		{"the other one is pinned down", []string{"shop: any a b"}, map[string]impact.Severity{"b": impact.Down}, "shop", []string{"a"}},
		{"it is down already", []string{"shop: all a b"}, map[string]impact.Severity{"b": impact.Down}, "shop", nil},
		{"it is held healthy", []string{"shop: all a b"}, map[string]impact.Severity{"shop": impact.None}, "shop", nil},
		{"something between is held", []string{"shop: all a", "a: all b"}, map[string]impact.Severity{"a": impact.Degraded}, "shop",
			[]string{"a"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := graph(t, c.graph...)
			for id, severity := range c.pins {
				require.NoError(t, g.Pin(id, severity))
			}
			got, err := g.SinglePoints(c.of)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestReach(t *testing.T) {
	g := graph(t, "portal: weak shop", "shop: any a b", "a: all rack", "other: all rack", "b: all shop")
	up, err := g.Supporters("portal")
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "rack", "shop"}, up)
	down, err := g.Dependents("rack", "a")
	require.NoError(t, err)
	assert.Equal(t, []string{"b", "other", "portal", "shop"}, down)
	none, err := g.Dependents("portal")
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestWhatIsNotThereIsNamed(t *testing.T) {
	g := graph(t, "shop: all db")
	require.NoError(t, g.PutRelation(impact.Relation{ID: "r", Dependent: "shop", Supporter: "named only"}))
	before := g.Snapshot()
	_, err := g.Impact(impact.Question{Lost: []string{"db", "x", "named only"}, Without: []string{"y"}, Maintenance: []string{"x"},
		Pins: map[string]impact.Severity{"z": impact.Down}})
	var unknown *impact.UnknownError
	require.ErrorAs(t, err, &unknown)
	assert.ErrorIs(t, err, impact.ErrUnknown)
	assert.Equal(t, []string{"named only", "x", "y", "z"}, unknown.IDs)
	assert.EqualError(t, err, `impact: not in the graph: "named only", "x", "y", "z": put it first, or ask about a time when it is there`)
	_, err = g.SinglePoints("x")
	assert.ErrorIs(t, err, impact.ErrUnknown)
	_, err = g.Supporters("x")
	assert.ErrorIs(t, err, impact.ErrUnknown)
	_, err = g.Dependents("shop", "x")
	assert.ErrorIs(t, err, impact.ErrUnknown)
	assert.ErrorIs(t, g.Pin("x", impact.Down), impact.ErrUnknown)
	assert.Equal(t, before, g.Snapshot())
}

func TestWhatIsNotValidChangesNothing(t *testing.T) {
	g := graph(t, "shop: all db")
	before := g.Snapshot()
	never := impact.Period{From: hour(3), Until: hour(3)}
	for name, err := range map[string]error{
		"a node without an ID":       g.PutNode(impact.Node{Name: "x"}),
		"fewer people than none":     g.PutNode(impact.Node{ID: "shop", People: -1}),
		"a node that is never there": g.PutNode(impact.Node{ID: "shop", Valid: never}),
		"a relation without an ID":   g.PutRelation(impact.Relation{Dependent: "shop", Supporter: "db"}),
		"without a supporter":        g.PutRelation(impact.Relation{ID: "shop-db-1", Dependent: "shop"}),
		"to itself":                  g.PutRelation(impact.Relation{ID: "shop-db-1", Dependent: "shop", Supporter: "shop"}),
		"that never holds":           g.PutRelation(impact.Relation{ID: "r", Dependent: "shop", Supporter: "db", Valid: never}),
		"a gate of none":             g.SetGate("shop", "1", impact.AtLeast(0)),
		"a gate of 0%":               g.SetGate("shop", "1", impact.Percent(0)),
		"a gate of 101%":             g.SetGate("shop", "1", impact.Percent(101)),
		"a gate of nobody":           g.SetGate("", "1", impact.Any),
		"a gate that never holds":    g.PutRequirement(impact.Requirement{Dependent: "shop", Valid: never}),
		"a pin beyond down":          g.Pin("shop", 3),
	} {
		assert.ErrorIs(t, err, impact.ErrInvalid, name)
	}
	_, err := g.Impact(impact.Question{Pins: map[string]impact.Severity{"shop": 3}})
	assert.ErrorIs(t, err, impact.ErrInvalid)
	assert.Equal(t, before, g.Snapshot())

	_, err = impact.Load(impact.Snapshot{Nodes: []impact.Node{{}}, Relations: []impact.Relation{{ID: "r"}},
		Requirements: []impact.Requirement{{}}, Pins: map[string]impact.Severity{"x": 7}})
	for _, text := range []string{`node ""`, `relation "r"`, "requirement of", `pin of "x"`} {
		assert.ErrorContains(t, err, text, "all is told at once")
	}
}

func TestTexts(t *testing.T) {
	for s, want := range map[impact.Severity]string{impact.None: "none", impact.Degraded: "degraded", impact.Down: "down"} {
		text, err := s.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
		var back impact.Severity
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, s, back)
	}
	var s impact.Severity
	assert.ErrorIs(t, s.UnmarshalText([]byte("bad")), impact.ErrInvalid)
	_, err := impact.Severity(3).MarshalText()
	assert.ErrorIs(t, err, impact.ErrInvalid)

	for want, gate := range map[string]impact.Gate{"all": impact.All, "any": impact.Any, "2": impact.AtLeast(2), "60%": impact.Percent(60)} {
		assert.Equal(t, want, gate.String())
		var back impact.Gate
		require.NoError(t, back.UnmarshalText([]byte(want)))
		assert.Equal(t, gate, back)
	}
	for _, wrong := range []string{"0", "-1", "02", "0%", "101%", "some", "%", "99999999"} {
		gate := impact.Any
		assert.ErrorIs(t, gate.UnmarshalText([]byte(wrong)), impact.ErrInvalid, wrong)
		assert.Equal(t, impact.Any, gate, wrong)
	}
}

func TestASnapshotAsJSON(t *testing.T) {
	s := impact.Snapshot{
		Nodes: []impact.Node{{ID: "db", Name: "Database", Key: "SN1", Seen: hour(1), Valid: period(1, 2)},
			{ID: "shop", Service: true, People: 3}},
		Relations: []impact.Relation{{ID: "r", Dependent: "shop", Supporter: "db", Group: "data", DownOnly: true,
			Valid: period(1, 2)}},
		Requirements: []impact.Requirement{{Dependent: "shop", Group: "data", Gate: impact.Percent(50)}},
		Pins:         map[string]impact.Severity{"db": impact.Degraded},
	}
	g, err := impact.Load(s)
	require.NoError(t, err)
	text, err := json.Marshal(g.Snapshot())
	require.NoError(t, err)
	assert.Contains(t, string(text), `"requirements":[{"dependent":"shop","group":"data","gate":"50%"}],"pins":{"db":"degraded"}`)
	var back impact.Snapshot
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, s, back)
	r, ok := g.Relation("r")
	assert.True(t, ok)
	assert.Equal(t, s.Relations[0], r)
	_, ok = g.Relation("x")
	assert.False(t, ok)
	_, ok = g.Node("x")
	assert.False(t, ok)
}

// Readers see the graph before or after a change, never between.
func TestManyReadersAndAWriter(t *testing.T) {
	g := graph(t, "shop: any a b", "portal: all shop")
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 300 {
				r, err := g.Impact(impact.Question{Lost: []string{"a"}})
				if assert.NoError(t, err) {
					assert.Contains(t, []string{"a down, portal degraded, shop degraded", "a down, portal down, shop down"}, told(r))
					_, ok := r.Witness("portal")
					assert.True(t, ok)
				}
				_, err = g.SinglePoints("portal")
				assert.NoError(t, err)
			}
		})
	}
	for i := range 300 {
		assert.NoError(t, g.PutNode(impact.Node{ID: fmt.Sprint(i)}))
		g.RemoveRelation("shop-b-1")
		assert.NoError(t, g.PutRelation(impact.Relation{ID: "shop-b-1", Dependent: "shop", Supporter: "b", Group: "1"}))
	}
	readers.Wait()
}
