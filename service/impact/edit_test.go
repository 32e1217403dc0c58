package impact_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/service/impact"
)

// After whatever edits, a graph holds what a list of them holds, and answers, proofs included, as one that is built anew.
func TestAnEditedGraphEqualsOneBuiltAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := impact.New()
		nodes, relations := map[string]impact.Node{}, map[string]impact.Relation{}
		requirements, pinned := []impact.Requirement{}, map[string]impact.Severity{}
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"})
		relation := rapid.SampledFrom([]string{"r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"})
		name := rapid.SampledFrom([]string{"", "power"})
		same := func(r impact.Requirement, begin bool) func(impact.Requirement) bool {
			return func(o impact.Requirement) bool {
				return o.Dependent == r.Dependent && o.Group == r.Group && (!begin || o.Valid.From.Equal(r.Valid.From))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put node": func(t *rapid.T) {
				n := impact.Node{ID: id.Draw(t, "id"), Service: rapid.Bool().Draw(t, "service"), Valid: periods.Draw(t, "valid")}
				require.NoError(t, g.PutNode(n))
				nodes[n.ID] = n
			},
			"remove node": func(t *rapid.T) {
				gone := id.Draw(t, "id")
				g.RemoveNode(gone)
				delete(nodes, gone)
			},
			"put relation": func(t *rapid.T) {
				r := impact.Relation{ID: relation.Draw(t, "relation"), Dependent: id.Draw(t, "dependent"), Supporter: id.Draw(t, "supporter"),
					Group: name.Draw(t, "group"), Weak: rapid.IntRange(0, 4).Draw(t, "weak") == 0, Valid: periods.Draw(t, "valid")}
				if r.Dependent == r.Supporter {
					return
				}
				require.NoError(t, g.PutRelation(r))
				relations[r.ID] = r
			},
			"remove relation": func(t *rapid.T) {
				gone := relation.Draw(t, "relation")
				g.RemoveRelation(gone)
				delete(relations, gone)
			},
			"set gate": func(t *rapid.T) {
				r := impact.Requirement{Dependent: id.Draw(t, "of"), Group: name.Draw(t, "group"), Gate: gates.Draw(t, "gate")}
				require.NoError(t, g.SetGate(r.Dependent, r.Group, r.Gate))
				requirements = slices.DeleteFunc(requirements, same(r, false))
				if r.Gate != impact.All {
					requirements = append(requirements, r)
				}
			},
			"put requirement": func(t *rapid.T) {
				r := impact.Requirement{Dependent: id.Draw(t, "of"), Group: name.Draw(t, "group"), Gate: gates.Draw(t, "gate"),
					Valid: periods.Draw(t, "valid")}
				require.NoError(t, g.PutRequirement(r))
				requirements = append(slices.DeleteFunc(requirements, same(r, true)), r)
			},
			"pin": func(t *rapid.T) {
				i, severity := id.Draw(t, "id"), severities.Draw(t, "severity")
				if _, ok := nodes[i]; !ok {
					require.ErrorIs(t, g.Pin(i, severity), impact.ErrUnknown)
					return
				}
				require.NoError(t, g.Pin(i, severity))
				pinned[i] = severity
			},
			"unpin": func(t *rapid.T) {
				i := id.Draw(t, "id")
				g.Unpin(i)
				delete(pinned, i)
			},
			"": func(t *rapid.T) {
				want := impact.Snapshot{Requirements: slices.Clone(requirements)}
				for _, i := range slices.Sorted(maps.Keys(nodes)) {
					want.Nodes = append(want.Nodes, nodes[i])
				}
				for _, i := range slices.Sorted(maps.Keys(relations)) {
					want.Relations = append(want.Relations, relations[i])
				}
				slices.SortFunc(want.Requirements, func(a, b impact.Requirement) int {
					return cmp.Or(strings.Compare(a.Dependent, b.Dependent), strings.Compare(a.Group, b.Group), a.Valid.From.Compare(b.Valid.From))
				})
				if len(pinned) > 0 {
					want.Pins = maps.Clone(pinned)
				}
				got := g.Snapshot()
				require.Equal(t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got))
				anew, err := impact.Load(got)
				require.NoError(t, err)
				for i, n := range nodes {
					gotNode, ok := g.Node(i)
					require.True(t, ok)
					require.Equal(t, n, gotNode)
					require.Equal(t, answers(t, anew, i), answers(t, g, i))
				}
				require.Equal(t, anew.Health(impact.Rules{}), g.Health(impact.Rules{}))
			},
		})
	})
}

// answers is all that a graph says about one node.
func answers(t *rapid.T, g *impact.Graph, id string) []any {
	r, err := g.Impact(impact.Question{Lost: []string{id}})
	require.NoError(t, err)
	list := []any{r.Affected, r.People}
	for _, e := range r.Affected {
		w, _ := r.Witness(e.ID)
		list = append(list, w)
	}
	points, err := g.SinglePoints(id)
	require.NoError(t, err)
	up, err := g.Supporters(id)
	require.NoError(t, err)
	down, err := g.Dependents(id)
	require.NoError(t, err)
	return append(list, points, up, down)
}
