package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Rules say how the health of a graph is judged.
type Rules struct {
	// Now and StaleAfter say when an item is stale: when it was last seen longer ago than that. 0 judges nobody.
	Now        time.Time
	StaleAfter time.Duration
}

// Code says what is wrong in a graph.
type Code string

// What may be wrong.
const (
	FaultDuplicate   Code = "duplicate"    // several items of the same key, or of the same name where a key does not tell them apart
	FaultGate        Code = "gate"         // a gate asks for more supporters than its group has
	FaultOrphan      Code = "orphan"       // an item that nothing depends on and that depends on nothing
	FaultStale       Code = "stale"        // an item that was not seen for too long
	FaultUnknownNode Code = "unknown_node" // a relation to a node that is not there
	FaultUnsupported Code = "unsupported"  // a service that depends on nothing
)

// Fault is one thing that is wrong.
type Fault struct {
	Code Code     `json:"code"`
	IDs  []string `json:"ids"`
	// Relation and Group are those that are wrong, where it is one.
	Relation string `json:"relation,omitempty"`
	Group    string `json:"group,omitempty"`
	Message  string `json:"message"`
}

// Health lists what is wrong in the view, by code, then IDs. It goes through the whole graph.
func (v View) Health(rules Rules) []Fault {
	v.g.mu.RLock()
	defer v.g.mu.RUnlock()
	w := v.walk()
	defer w.done()
	var faults []Fault
	for i := range w.g.points {
		if w.isThere(int32(i)) {
			faults = w.judgeNode(faults, int32(i), rules)
		}
	}
	for i := range w.g.groups {
		faults = w.judgeGates(faults, int32(i))
	}
	for _, i := range w.g.edgeOf {
		faults = w.judgeRelation(faults, i)
	}
	faults = append(faults, w.duplicates()...)
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), slices.Compare(a.IDs, b.IDs), cmp.Compare(a.Relation, b.Relation),
			cmp.Compare(a.Group, b.Group), cmp.Compare(a.Message, b.Message))
	})
	return faults
}

// Health is [View.Health] over all time.
func (g *Graph) Health(rules Rules) []Fault { return g.always().Health(rules) }

func (w *walk) judgeNode(faults []Fault, i int32, rules Rules) []Fault {
	n, p := &w.g.nodes[i], &w.g.points[i]
	fault := func(code Code, format string, args ...any) {
		message := fmt.Sprintf("%q: ", n.ID) + fmt.Sprintf(format, args...)
		faults = append(faults, Fault{Code: code, IDs: []string{n.ID}, Message: message})
	}
	supported := w.anyHolds(p.weak)
	for _, group := range p.groups {
		supported = supported || w.anyHolds(w.g.groups[group].members)
	}
	switch {
	case supported:
	case n.Service:
		fault(FaultUnsupported, "the service depends on nothing: relate it to what it runs on")
	case !w.anyHolds(p.uses):
		fault(FaultOrphan, "nothing depends on it and it depends on nothing: relate it, or remove it")
	}
	if rules.StaleAfter > 0 && !n.Seen.IsZero() && rules.Now.Sub(n.Seen) > rules.StaleAfter {
		fault(FaultStale, "last seen at %s: look whether it is still there", n.Seen.Format(time.RFC3339))
	}
	return faults
}

func (w *walk) anyHolds(edges []int32) bool {
	return slices.ContainsFunc(edges, func(i int32) bool { return w.holds(&w.g.edges[i]) })
}

func (w *walk) judgeGates(faults []Fault, i int32) []Fault {
	g := &w.g.groups[i]
	if !slices.ContainsFunc(g.gates, func(r Requirement) bool { return r.Valid.span().overlaps(w.span) }) {
		return faults
	}
	of := int(w.group(i).of)
	gate := w.gate(i, of)
	if asks := gate.asks(of); asks > of || of == 0 {
		id := w.g.nodes[g.dependent].ID
		faults = append(faults, Fault{Code: FaultGate, IDs: []string{id}, Group: g.name, Message: fmt.Sprintf(
			"%q: the gate %s of group %q asks for more than its %d supporters: relate more, or lower the gate", id, gate, g.name, of)})
	}
	return faults
}

func (w *walk) judgeRelation(faults []Fault, i int32) []Fault {
	e, r := &w.g.edges[i], &w.g.relations[i]
	if !e.span.overlaps(w.span) {
		return faults
	}
	var missing []string
	for _, end := range [...]int32{e.dependent, e.supporter} {
		if !w.isThere(end) {
			missing = append(missing, w.g.nodes[end].ID)
		}
	}
	if missing == nil {
		return faults
	}
	return append(faults, Fault{Code: FaultUnknownNode, IDs: missing, Relation: r.ID, Message: fmt.Sprintf(
		"relation %q names %s, which is not there: put it, or remove the relation", r.ID, strings.Join(quoted(missing), " and "))})
}

// duplicates finds items of one key, and of one name unless each has a key of its own. Services and other items are told
// apart.
func (w *walk) duplicates() (faults []Fault) {
	type identity struct {
		what, text string
		service    bool
	}
	same := map[identity][]int32{}
	for i := range w.g.points {
		if n := &w.g.nodes[i]; w.isThere(int32(i)) {
			for _, id := range [...]identity{{"key", normal(n.Key), n.Service}, {"name", normal(n.Name), n.Service}} {
				same[id] = append(same[id], int32(i))
			}
		}
	}
	for identity, places := range same {
		if identity.text == "" || len(places) < 2 {
			continue
		}
		keyless := slices.ContainsFunc(places, func(i int32) bool { return normal(w.g.nodes[i].Key) == "" })
		if identity.what == "name" && !keyless {
			continue
		}
		var ids []string
		for _, i := range places {
			ids = append(ids, w.g.nodes[i].ID)
		}
		slices.Sort(ids)
		faults = append(faults, Fault{Code: FaultDuplicate, IDs: ids, Message: fmt.Sprintf(
			"%s have the same %s, %q: keep one of them, or tell them apart", strings.Join(quoted(ids), ", "), identity.what, identity.text)})
	}
	return faults
}

// normal is a text without its case, and with one space for many.
func normal(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }
