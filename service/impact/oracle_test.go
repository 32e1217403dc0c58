package impact_test

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/service/impact"
)

// oracle judges a small snapshot by the meaning in the package comment, by trying every set of nodes. Time is whole hours
// of one day, of which a view sees some. It shares no code with the package.
type oracle struct {
	snapshot impact.Snapshot
	hours    []int
	question impact.Question
	ids      []string

	held   map[int]impact.Severity
	gone   set
	groups []oracleGroup
	edges  []oracleEdge
}

// set is a set of nodes.
type set uint

func (s set) has(n int) bool { return s>>n&1 == 1 }

type oracleGroup struct {
	dependent int
	name      string
	of        set
	need      int
}

type oracleEdge struct {
	dependent, supporter int
	downOnly             bool
	relation             impact.Relation
}

func newOracle(s impact.Snapshot, hours []int, q impact.Question) *oracle {
	o := &oracle{snapshot: s, hours: hours, question: q, held: map[int]impact.Severity{}}
	for _, n := range s.Nodes {
		o.ids = append(o.ids, n.ID)
	}
	for _, id := range q.Without {
		o.gone |= 1 << o.number(id)
	}
	hold := func(id string, severity impact.Severity) {
		n := o.number(id)
		if _, held := o.held[n]; !held && !o.gone.has(n) && o.there(n) {
			o.held[n] = severity
		}
	}
	for _, id := range q.Maintenance {
		hold(id, impact.None)
	}
	for _, id := range q.Lost {
		hold(id, impact.Down)
	}
	for _, pins := range []map[string]impact.Severity{q.Pins, s.Pins} {
		for id, severity := range pins {
			hold(id, severity)
		}
	}
	for _, r := range s.Relations {
		o.relate(r)
	}
	for i := range o.groups {
		o.groups[i].need = o.need(o.groups[i])
	}
	return o
}

func (o *oracle) number(id string) int { return slices.Index(o.ids, id) }

// sees reports whether periods have an hour of the view in common.
func (o *oracle) sees(periods ...impact.Period) bool {
	return slices.ContainsFunc(o.hours, func(h int) bool {
		return !slices.ContainsFunc(periods, func(p impact.Period) bool {
			return hour(h).Before(p.From) || !p.Until.IsZero() && !hour(h).Before(p.Until)
		})
	})
}

func (o *oracle) there(n int) bool { return o.sees(o.snapshot.Nodes[n].Valid) }

func (o *oracle) relate(r impact.Relation) {
	d, s := o.number(r.Dependent), o.number(r.Supporter)
	if d < 0 || s < 0 || o.gone.has(d) || o.gone.has(s) || !o.sees(r.Valid, o.snapshot.Nodes[d].Valid, o.snapshot.Nodes[s].Valid) {
		return
	}
	o.edges = append(o.edges, oracleEdge{d, s, r.DownOnly, r})
	if r.Weak {
		return
	}
	i := slices.IndexFunc(o.groups, func(g oracleGroup) bool { return g.dependent == d && g.name == r.Group })
	if i < 0 {
		i = len(o.groups)
		o.groups = append(o.groups, oracleGroup{dependent: d, name: r.Group})
	}
	o.groups[i].of |= 1 << s
}

// need is the most that a gate of the group asks for, as far as there are so many.
func (o *oracle) need(g oracleGroup) int {
	of := bits.OnesCount(uint(g.of))
	need, found := 0, false
	for _, r := range o.snapshot.Requirements {
		if r.Dependent != o.ids[g.dependent] || r.Group != g.name || !o.sees(r.Valid) {
			continue
		}
		found = true
		for k := 1; k <= of; k++ { // the fewest that satisfy it, or all
			var n int
			satisfied := k == of || r.Gate == impact.Any
			if _, err := fmt.Sscanf(r.Gate.String(), "%d%%", &n); err == nil {
				satisfied = satisfied || 100*k >= n*of
			} else if _, err := fmt.Sscanf(r.Gate.String(), "%d", &n); err == nil && n > 0 {
				satisfied = satisfied || k >= n
			}
			if satisfied {
				need = max(need, k)
				break
			}
		}
	}
	if !found {
		return of
	}
	return need
}

// least is what all sets that keep the rules have in common; it must keep them itself.
func (o *oracle) least(t require.TestingT, keeps func(set) bool) set {
	all := set(1)<<len(o.ids) - 1
	common := all
	for s := set(0); s <= all; s++ {
		if keeps(s) {
			common &= s
		}
	}
	require.True(t, keeps(common), "there is a least set")
	return common
}

// heldAt answers who is held at a severity and who is held at all.
func (o *oracle) heldAt(severity impact.Severity) (at, all set) {
	for n, s := range o.held {
		if all |= 1 << n; s == severity {
			at |= 1 << n
		}
	}
	return at, all
}

func (o *oracle) severities(t require.TestingT) map[string]impact.Severity {
	at, held := o.heldAt(impact.Down)
	down := o.least(t, func(s set) bool {
		if s&held != at {
			return false
		}
		for _, g := range o.groups {
			if !s.has(g.dependent) && !held.has(g.dependent) && bits.OnesCount(uint(g.of&^s)) < g.need {
				return false
			}
		}
		return true
	})
	at, _ = o.heldAt(impact.Degraded)
	degraded := o.least(t, func(s set) bool {
		if s&held != at || s&down != 0 {
			return false
		}
		for _, e := range o.edges {
			reached := down.has(e.supporter) || s.has(e.supporter) && !e.downOnly
			if reached && !s.has(e.dependent) && !down.has(e.dependent) && !held.has(e.dependent) {
				return false
			}
		}
		return true
	})
	found := map[string]impact.Severity{}
	for n, id := range o.ids {
		if down.has(n) {
			found[id] = impact.Down
		} else if degraded.has(n) {
			found[id] = impact.Degraded
		}
	}
	return found
}

// verify checks a proof step by step, knowing the relations and what is held, and not how it was found.
func (o *oracle) verify(t require.TestingT, w impact.Witness, effects map[string]impact.Severity) {
	proved := map[string]impact.Severity{}
	for _, s := range w.Steps {
		require.NotContains(t, proved, s.ID, "no step comes twice")
		held, isHeld := o.held[o.number(s.ID)]
		switch s.Reason {
		case impact.ReasonLost:
			require.Contains(t, o.question.Lost, s.ID)
			require.True(t, isHeld && s.Severity == impact.Down && held == impact.Down && s.Through == nil)
		case impact.ReasonPinned:
			require.NotContains(t, o.question.Lost, s.ID)
			require.True(t, isHeld && held == s.Severity && s.Through == nil)
		default:
			require.False(t, isHeld)
			o.verifyThrough(t, s, proved, effects)
		}
		proved[s.ID] = s.Severity
	}
	path := w.Path()
	require.Contains(t, []impact.Reason{impact.ReasonLost, impact.ReasonPinned}, path[0].Reason)
	require.Equal(t, w.Steps[len(w.Steps)-1], path[len(path)-1])
}

func (o *oracle) verifyThrough(t require.TestingT, s impact.Step, proved, effects map[string]impact.Severity) {
	rests := 1
	if s.Of > 0 {
		i := slices.IndexFunc(o.groups, func(g oracleGroup) bool { return o.ids[g.dependent] == s.ID && g.name == s.Group })
		g := o.groups[i]
		require.Equal(t, []int{bits.OnesCount(uint(g.of)), g.need}, []int{s.Of, s.Need})
		require.Equal(t, s.Need, s.Gate.Need(s.Of))
		failed := 0
		for n, id := range o.ids {
			if g.of.has(n) && effects[id] == impact.Down {
				failed++
			}
		}
		require.Len(t, s.Through, failed, "all that are down")
		require.Equal(t, s.Of-failed, s.Working)
		require.Equal(t, s.Working < s.Need, s.Severity == impact.Down)
		if s.Severity == impact.Down {
			rests = s.Of - s.Need + 1
		}
	}
	require.Equal(t, s.Severity == impact.Down, s.Reason == impact.ReasonGroup)
	require.GreaterOrEqual(t, len(s.Through), rests)
	supporters := map[string]bool{}
	for n, via := range s.Through {
		i := slices.IndexFunc(o.edges, func(e oracleEdge) bool { return e.relation.ID == via.Relation })
		require.GreaterOrEqual(t, i, 0, "the relation holds")
		r := o.edges[i].relation
		require.Equal(t, []string{s.ID, via.Supporter}, []string{r.Dependent, r.Supporter})
		require.Equal(t, effects[via.Supporter], via.Severity)
		require.False(t, supporters[via.Supporter], "each counts once")
		supporters[via.Supporter] = true
		if n < rests {
			require.Equal(t, via.Severity, proved[via.Supporter], "it rests on earlier steps")
		}
		if s.Of > 0 {
			require.True(t, via.Severity == impact.Down && !r.Weak && r.Group == s.Group)
		} else {
			require.True(t, via.Severity == impact.Down && r.Weak || via.Severity == impact.Degraded && !r.DownOnly)
		}
	}
}

// The draws.

var (
	severities = rapid.SampledFrom([]impact.Severity{impact.None, impact.Degraded, impact.Down})
	gates      = rapid.Custom(func(t *rapid.T) impact.Gate {
		return rapid.SampledFrom([]impact.Gate{impact.All, impact.Any, impact.AtLeast(2), impact.AtLeast(3), impact.AtLeast(9),
			impact.Percent(1), impact.Percent(34), impact.Percent(50), impact.Percent(67), impact.Percent(100)}).Draw(t, "gate")
	})
	periods = rapid.Custom(func(t *rapid.T) impact.Period {
		var p impact.Period
		if rapid.IntRange(0, 3).Draw(t, "timed") == 0 {
			from := rapid.IntRange(0, 5).Draw(t, "from")
			p = period(from, from+rapid.IntRange(1, 4).Draw(t, "hours"))
			switch rapid.IntRange(0, 3).Draw(t, "open") {
			case 0:
				p.From = time.Time{}
			case 1:
				p.Until = time.Time{}
			}
		}
		return p
	})
)

func some(t *rapid.T, of []string, label string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, min(len(of), 3), rapid.ID).Draw(t, label)
}

func pins(t *rapid.T, of []string) map[string]impact.Severity {
	list := map[string]impact.Severity{}
	for _, id := range some(t, of, "pinned") {
		list[id] = severities.Draw(t, "pin")
	}
	return list
}

func snapshot(t *rapid.T, most int) (s impact.Snapshot, ids []string) {
	n := rapid.IntRange(2, most).Draw(t, "nodes")
	for i := range n {
		ids = append(ids, fmt.Sprint("n", i))
		s.Nodes = append(s.Nodes, impact.Node{ID: ids[i], Service: rapid.Bool().Draw(t, "service"), People: i,
			Valid: periods.Draw(t, "valid")})
	}
	node, groups := rapid.SampledFrom(ids), rapid.SampledFrom([]string{"", "power"})
	for i := range rapid.IntRange(1, 3*n).Draw(t, "relations") {
		r := impact.Relation{ID: fmt.Sprint("r", i), Dependent: node.Draw(t, "dependent"), Supporter: node.Draw(t, "supporter"),
			Group: groups.Draw(t, "group"), Weak: rapid.IntRange(0, 5).Draw(t, "weak") == 0,
			DownOnly: rapid.IntRange(0, 4).Draw(t, "down only") == 0, Valid: periods.Draw(t, "valid")}
		if r.Dependent != r.Supporter {
			s.Relations = append(s.Relations, r)
		}
	}
	for range rapid.IntRange(0, n).Draw(t, "requirements") {
		r := impact.Requirement{Dependent: node.Draw(t, "of"), Group: groups.Draw(t, "group"), Gate: gates.Draw(t, "gate"),
			Valid: periods.Draw(t, "valid")}
		same := func(o impact.Requirement) bool {
			return o.Dependent == r.Dependent && o.Group == r.Group && o.Valid.From.Equal(r.Valid.From)
		}
		if !slices.ContainsFunc(s.Requirements, same) {
			s.Requirements = append(s.Requirements, r)
		}
	}
	if rapid.IntRange(0, 2).Draw(t, "pins") == 0 {
		s.Pins = pins(t, ids)
	}
	return s, ids
}

// view draws an instant or a window, as the graph's and as the oracle's hours.
func view(t *rapid.T, g *impact.Graph) (impact.View, []int) {
	var hours []int
	from := rapid.IntRange(0, 9).Draw(t, "view from")
	if rapid.Bool().Draw(t, "instant") {
		return g.At(hour(from)), []int{from}
	}
	until := from + rapid.IntRange(1, 4).Draw(t, "view hours")
	for h := from; h < until; h++ {
		hours = append(hours, h)
	}
	return g.During(hour(from), hour(until)), hours
}

// there are the nodes that the oracle sees.
func there(o *oracle) (ids []string) {
	for n, id := range o.ids {
		if o.there(n) {
			ids = append(ids, id)
		}
	}
	return ids
}

// compare asks the graph and the oracle one question, and verifies each proof.
func compare(t *rapid.T, v impact.View, o *oracle) {
	r, err := v.Impact(o.question)
	require.NoError(t, err)
	want, got := o.severities(t), map[string]impact.Severity{}
	var people impact.People
	for _, e := range r.Affected {
		require.NotContains(t, got, e.ID)
		got[e.ID] = e.Severity
		require.Equal(t, e.Severity, r.Severity(e.ID))
		switch n := o.snapshot.Nodes[o.number(e.ID)]; {
		case n.Service && e.Severity == impact.Down:
			people.Down += n.People
		case n.Service:
			people.Degraded += n.People
		}
	}
	require.Equal(t, want, got, "question %+v", o.question)
	require.Equal(t, people, r.People)
	for _, e := range r.Affected {
		w, ok := r.Witness(e.ID)
		require.True(t, ok)
		last := w.Steps[len(w.Steps)-1]
		require.Equal(t, []any{e.ID, e.Severity, e.Reason}, []any{last.ID, last.Severity, last.Reason})
		o.verify(t, w, got)
	}
}

// Each set of lost nodes of a small graph, at one time.
func TestImpactIsTheLeastThatKeepsTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := snapshot(t, 5)
		g, err := impact.Load(s)
		require.NoError(t, err)
		v, hours := view(t, g)
		ids := there(newOracle(s, hours, impact.Question{}))
		for lost := set(0); lost < 1<<len(ids); lost++ {
			var q impact.Question
			for n, id := range ids {
				if lost.has(n) {
					q.Lost = append(q.Lost, id)
				}
			}
			compare(t, v, newOracle(s, hours, q))
		}
	})
}

// Larger graphs, and all that a question can say.
func TestImpactUnderAllCircumstances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := snapshot(t, 8)
		g, err := impact.Load(s)
		require.NoError(t, err)
		v, hours := view(t, g)
		ids := there(newOracle(s, hours, impact.Question{}))
		if len(ids) == 0 {
			return
		}
		for range 5 {
			compare(t, v, newOracle(s, hours, impact.Question{Lost: some(t, ids, "lost"), Without: some(t, ids[:1], "without"),
				Maintenance: some(t, ids[len(ids)-1:], "maintenance"), Pins: pins(t, ids)}))
		}
	})
}

func TestSinglePointsAreWhoseLossAloneTakesItDown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := snapshot(t, 12)
		g, err := impact.Load(s)
		require.NoError(t, err)
		v, hours := view(t, g)
		ids := there(newOracle(s, hours, impact.Question{}))
		var gone []string
		if len(ids) > 0 {
			gone = some(t, ids, "without")
		}
		falls := func(id string, lost ...string) bool {
			r, err := v.Impact(impact.Question{Lost: lost, Without: gone})
			require.NoError(t, err)
			return r.Severity(id) == impact.Down
		}
		for _, id := range ids {
			var want []string
			for _, item := range ids {
				if item != id && !falls(id) && falls(id, item) {
					want = append(want, item)
				}
			}
			slices.Sort(want)
			got, err := v.Without(gone...).SinglePoints(id)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	})
}

func TestSupportersAndDependentsAreTheSameRelation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, _ := snapshot(t, 8)
		g, err := impact.Load(s)
		require.NoError(t, err)
		v, hours := view(t, g)
		o := newOracle(s, hours, impact.Question{})
		reaches := make([]set, len(o.ids))
		for range o.ids {
			for _, e := range o.edges {
				reaches[e.dependent] |= reaches[e.supporter] | 1<<e.supporter
			}
		}
		for n, id := range o.ids {
			if !o.there(n) {
				continue
			}
			up, down := []string{}, []string{}
			for other, otherID := range o.ids {
				if other != n && reaches[n].has(other) {
					up = append(up, otherID)
				}
				if other != n && reaches[other].has(n) {
					down = append(down, otherID)
				}
			}
			got, err := v.Supporters(id)
			require.NoError(t, err)
			require.Equal(t, up, got)
			got, err = v.Dependents(id)
			require.NoError(t, err)
			require.Equal(t, down, got)
		}
	})
}
