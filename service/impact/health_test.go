package impact_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/service/impact"
)

func TestHealth(t *testing.T) {
	g, err := impact.Load(impact.Snapshot{
		Nodes: []impact.Node{
			{ID: "shop", Service: true}, {ID: "db", Name: "DB  one", Key: "SN 1", Seen: hour(1)}, {ID: "db2", Name: "db ONE", Key: "sn 1"},
			{ID: "db3", Name: "db one"}, {ID: "alone", Seen: hour(2)}, {ID: "idle", Service: true},
			{ID: "x1", Name: "x", Key: "1"}, {ID: "x2", Name: "x", Key: "2"}, {ID: "svc", Name: "X", Service: true},
		},
		Relations: []impact.Relation{
			{ID: "r1", Dependent: "shop", Supporter: "db"}, {ID: "r2", Dependent: "shop", Supporter: "db2"},
			{ID: "r3", Dependent: "svc", Supporter: "db3", Weak: true}, {ID: "r4", Dependent: "shop", Supporter: "lost"},
			{ID: "r5", Dependent: "shop", Supporter: "x1"}, {ID: "r6", Dependent: "x1", Supporter: "x2"},
		},
		Requirements: []impact.Requirement{{Dependent: "shop", Gate: impact.AtLeast(4)}, {Dependent: "svc", Group: "none", Gate: impact.Any}},
	})
	require.NoError(t, err)
	assert.Equal(t, []impact.Fault{
		{Code: impact.FaultDuplicate, IDs: []string{"db", "db2"},
			Message: `"db", "db2" have the same key, "sn 1": keep one of them, or tell them apart`},
		{Code: impact.FaultDuplicate, IDs: []string{"db", "db2", "db3"},
			Message: `"db", "db2", "db3" have the same name, "db one": keep one of them, or tell them apart`},
		{Code: impact.FaultGate, IDs: []string{"shop"},
			Message: `"shop": the gate 4 of group "" asks for more than its 3 supporters: relate more, or lower the gate`},
		{Code: impact.FaultGate, IDs: []string{"svc"}, Group: "none",
			Message: `"svc": the gate any of group "none" asks for more than its 0 supporters: relate more, or lower the gate`},
		{Code: impact.FaultOrphan, IDs: []string{"alone"},
			Message: `"alone": nothing depends on it and it depends on nothing: relate it, or remove it`},
		{Code: impact.FaultStale, IDs: []string{"db"}, Message: `"db": last seen at 2026-03-02T01:00:00Z: look whether it is still there`},
		{Code: impact.FaultUnknownNode, IDs: []string{"lost"}, Relation: "r4",
			Message: `relation "r4" names "lost", which is not there: put it, or remove the relation`},
		{Code: impact.FaultUnsupported, IDs: []string{"idle"}, Message: `"idle": the service depends on nothing: relate it to what it runs on`},
	}, g.Health(impact.Rules{Now: hour(3), StaleAfter: time.Hour}), "an hour is not longer than an hour, and who has a key is told apart")
}

func TestHealthIsOfATime(t *testing.T) {
	g := moved(t)
	codes := func(v impact.View) (list []string) {
		for _, f := range v.Health(impact.Rules{}) {
			list = append(list, string(f.Code)+" "+f.IDs[0])
		}
		return list
	}
	assert.Equal(t, []string{"orphan backup", "orphan new"}, codes(g.At(hour(7))))
	assert.Equal(t, []string{"orphan backup", "orphan old"}, codes(g.At(hour(9))))
	require.NoError(t, g.PutNode(impact.Node{ID: "old", Valid: impact.Period{Until: hour(6)}}))
	assert.Contains(t, codes(g.At(hour(7))), "unknown_node old", "its relation outlives it")
	assert.NotContains(t, codes(g.At(hour(8))), "unknown_node old")
	assert.Empty(t, impact.New().Health(impact.Rules{}))
}
