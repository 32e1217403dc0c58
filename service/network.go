package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/service/impact"
)

// network is a map in memory: the graph of package impact, and what it does not know. Its nodes are numbers of items and
// services, its relations numbers of relations.
type network struct {
	services *Services
	graph    *impact.Graph
	known    map[string]known    // what there is, also where it is not in the graph
	named    map[string][]string // numbers by name, as names are compared
	keyed    map[string]string   // the number by class and key, of items
	ties     map[string]tie
	groups   map[groupKey][]string // the relations of each group
	// planned and maintenance are those of the graph that are in these states.
	planned, maintenance map[string]bool
	neutral              map[string]int // how many relations where neither end suffers somebody has
}

// known is what the map knows of an item or service.
type known struct {
	kind, name, identity string
	state                lifecycle.State
	valid                impact.Period
	there                bool      // in the graph
	maintained           time.Time // since when
}

// tie is what the map knows of a relation.
type tie struct {
	from, to string
	valid    impact.Period
	neutral  bool // neither end suffers
	group    groupKey
	grouped  bool
	gates    []GateFrom
}

type groupKey struct{ dependent, name string }

func newNetwork(s *Services) *network {
	return &network{
		services: s, graph: impact.New(), known: map[string]known{}, named: map[string][]string{}, keyed: map[string]string{},
		ties: map[string]tie{}, groups: map[groupKey][]string{},
		planned: map[string]bool{}, maintenance: map[string]bool{}, neutral: map[string]int{},
	}
}

// load reads everything.
func (t *tenantMap) load(ctx context.Context) error {
	s := t.services
	t.network = newNetwork(s)
	pages := itsm.Query{Limit: 1000}
	for r, err := range s.All(ctx, pages) {
		if err == nil {
			err = t.putService(&r)
		}
		if err != nil {
			return err
		}
	}
	for r, err := range s.items.All(ctx, pages) {
		if err == nil {
			err = t.putItem(&r)
		}
		if err != nil {
			return err
		}
	}
	touched := map[groupKey]bool{}
	for r, err := range s.relations.All(ctx, pages) {
		if err == nil {
			err = t.putRelation(&r, touched)
		}
		if err != nil {
			return err
		}
	}
	return t.setGates(touched)
}

// take reads what moved.
func (t *tenantMap) take(ctx context.Context, moved []string) error {
	refs, err := refsOf(moved)
	if err != nil {
		return err
	}
	touched := map[groupKey]bool{}
	done := map[itsm.Ref]bool{}
	for _, ref := range refs {
		if done[ref] {
			continue
		}
		done[ref] = true
		rec, err := t.services.Kernel().Get(ctx, ref)
		if err != nil && !errors.Is(err, itsm.ErrNotFound) {
			return err
		}
		switch r := rec.(type) {
		case *Service:
			err = t.putService(r)
		case *Item:
			err = t.putItem(r)
		case *Relation:
			err = t.putRelation(r, touched)
		default: // it was purged
			t.forget(ref.ID)
			t.untie(ref.ID, touched)
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return t.setGates(touched)
}

func (n *network) putService(r *Service) error {
	node := impact.Node{ID: r.ID, Name: r.Name, Service: true, People: r.Users, Valid: impact.Period{From: r.Since, Until: r.Until}}
	return n.put(node, known{kind: Kind, name: r.Name, identity: r.Identity, state: r.State})
}

func (n *network) putItem(r *Item) error {
	node := impact.Node{ID: r.ID, Name: r.Name, Key: r.Identity, Valid: impact.Period{From: r.Since, Until: r.Until}}
	return n.put(node, known{kind: ItemKind, name: r.Name, identity: r.Identity, state: r.State, maintained: r.MaintainedSince})
}

// put puts a node where it is there in some period: what is planned without a date, or was retired before it was ever used, is
// not.
func (n *network) put(node impact.Node, k known) error {
	n.forget(node.ID)
	v := node.Valid
	never := !v.Until.IsZero() && !v.From.Before(v.Until) || k.state == StateRetired && v.From.IsZero()
	k.valid, k.there = v, !never && (k.state != StatePlanned || !v.From.IsZero())
	n.known[node.ID] = k
	name := normal(k.name)
	n.named[name] = append(n.named[name], node.ID)
	if k.kind == ItemKind {
		n.keyed[k.identity] = node.ID
	}
	if !k.there {
		return nil
	}
	if k.state == StatePlanned {
		n.planned[node.ID] = true
	}
	if k.state == StateMaintenance {
		n.maintenance[node.ID] = true
	}
	return n.graph.PutNode(node)
}

func (n *network) forget(id string) {
	k, ok := n.known[id]
	if !ok {
		return
	}
	name := normal(k.name)
	if n.named[name] = slices.DeleteFunc(n.named[name], func(o string) bool { return o == id }); len(n.named[name]) == 0 {
		delete(n.named, name)
	}
	if n.keyed[k.identity] == id {
		delete(n.keyed, k.identity)
	}
	delete(n.known, id)
	delete(n.planned, id)
	delete(n.maintenance, id)
	n.graph.RemoveNode(id)
}

// putRelation puts a relation where one end suffers by it, and notes the group whose gates are to be set.
func (n *network) putRelation(r *Relation, touched map[groupKey]bool) error {
	n.untie(r.ID, touched)
	t := tie{from: r.From.ID, to: r.To.ID, valid: impact.Period{From: r.Since, Until: r.Until}}
	if !r.Until.IsZero() && !r.Since.Before(r.Until) {
		return nil // it was ended before it held
	}
	typ := n.services.types[r.Type]
	dependent, supporter, suffers := n.services.dependent(r)
	if t.neutral = !suffers; t.neutral {
		n.ties[r.ID] = t
		n.neutral[t.from]++
		n.neutral[t.to]++
		return nil
	}
	edge := impact.Relation{
		ID: r.ID, Dependent: dependent.ID, Supporter: supporter.ID, Group: r.Group, Weak: typ.Weak, Valid: t.valid,
	}
	if !typ.Weak {
		t.group, t.grouped, t.gates = groupKey{dependent.ID, r.Group}, true, r.Gates.Get()
		n.groups[t.group] = append(n.groups[t.group], r.ID)
		touched[t.group] = true
	}
	n.ties[r.ID] = t
	return n.graph.PutRelation(edge)
}

func (n *network) untie(id string, touched map[groupKey]bool) {
	t, ok := n.ties[id]
	if !ok {
		return
	}
	delete(n.ties, id)
	n.graph.RemoveRelation(id)
	if t.neutral {
		for _, end := range [...]string{t.from, t.to} {
			if n.neutral[end]--; n.neutral[end] <= 0 {
				delete(n.neutral, end)
			}
		}
	}
	if !t.grouped {
		return
	}
	touched[t.group] = true
	if n.groups[t.group] = slices.DeleteFunc(n.groups[t.group], func(o string) bool { return o == id }); len(n.groups[t.group]) == 0 {
		delete(n.groups, t.group)
	}
}

// setGates gives groups their gates anew: all that their relations know, each until the next.
func (n *network) setGates(touched map[groupKey]bool) error {
	for key := range touched {
		gates := n.gatesOf(key)
		if err := n.graph.SetGate(key.dependent, key.name, gates[0].Gate); err != nil {
			return err
		}
		for i := range gates {
			r := impact.Requirement{Dependent: key.dependent, Group: key.name, Gate: gates[i].Gate}
			if i > 0 { // the first holds for all that was before
				r.Valid.From = gates[i].From
			}
			if i+1 < len(gates) {
				r.Valid.Until = gates[i+1].From
			}
			if err := n.graph.PutRequirement(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// gatesOf answers the gates of a group in order, one at least, each of another instant.
func (n *network) gatesOf(key groupKey) []GateFrom {
	var gates []GateFrom
	for _, id := range n.groups[key] {
		gates = append(gates, n.ties[id].gates...)
	}
	if gates = inOrder(gates); len(gates) == 0 {
		return []GateFrom{{Gate: impact.All}}
	}
	return gates
}

// inOrder are the gates that several relations know, each from another instant on.
func inOrder(gates []GateFrom) []GateFrom {
	slices.SortFunc(gates, func(a, b GateFrom) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.Gate.String(), b.Gate.String()))
	})
	gates = slices.CompactFunc(gates, func(a, b GateFrom) bool { return a.From.Equal(b.From) })
	return slices.CompactFunc(gates, func(a, b GateFrom) bool { return a.Gate == b.Gate })
}

// resolve answers the numbers of what somebody names: by number, as kind/number, by class and key, or by a name that only one
// has. What nothing is called is left in unknown.
func (n *network) resolve(field string, names []string) (ids, unknown []string, err error) {
	for _, name := range names {
		id, several := n.find(name)
		switch {
		case len(several) > 1:
			return nil, nil, itsm.Invalid(field, fmt.Sprintf("%q is the name of several, %s: give the number", name, strings.Join(several, ", ")))
		case id == "":
			unknown = append(unknown, name)
		default:
			ids = append(ids, id)
		}
	}
	return ids, unknown, nil
}

func (n *network) find(name string) (id string, several []string) {
	if _, ok := n.known[name]; ok {
		return name, nil
	}
	if kind, rest, ok := strings.Cut(name, "/"); ok {
		if k, there := n.known[rest]; there && k.kind == kind {
			return rest, nil
		}
		if id := n.keyed[name]; id != "" {
			return id, nil
		}
		if kind == Kind { // of services, names are unique
			for _, id := range n.named[normal(rest)] {
				if n.known[id].kind == Kind {
					return id, nil
				}
			}
		}
	}
	switch ids := n.named[normal(name)]; len(ids) {
	case 0:
		return "", nil
	case 1:
		return ids[0], nil
	default:
		return "", slices.Sorted(slices.Values(ids))
	}
}

// alias is the name of something that tickets may call it by, beside its number: empty where it is not the only one of that
// name.
func (n *network) alias(id string) string {
	if name := n.known[id].name; name != id && len(n.named[normal(name)]) == 1 {
		return name
	}
	return ""
}
