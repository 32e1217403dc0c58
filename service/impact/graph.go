package impact

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Graph holds nodes, what they require of each other, and pins. Make one with [New] or [Load].
//
// Relations, gates and pins may name nodes that are not there yet, or not any more: such relations do not hold, and count
// again once the node is put. [Graph.Health] finds them.
type Graph struct {
	mu sync.RWMutex
	// Nodes, relations and groups have dense places, so that a question walks through slices. What a walk needs stands
	// apart from what it does not.
	places    map[string]int32
	nodes     []Node
	points    []point
	relations []Relation
	edges     []edge
	edgeOf    map[string]int32
	groups    []group
	pins      map[int32]Severity

	freePoints, freeEdges, freeGroups []int32

	scratches sync.Pool
}

// point is a node's place. It stays while anything names the node.
type point struct {
	span   span
	there  bool
	groups []int32 // what it requires
	weak   []int32 // the edges of its weak relations, in no order
	uses   []int32 // the edges of which it is the supporter, in no order
}

type edge struct {
	span                 span
	dependent, supporter int32
	group                int32 // or weak
	downOnly             bool
}

// weak is the group of edges that have none.
const weak = -1

type group struct {
	dependent int32
	name      string
	members   []int32       // edges by supporter, then ID, so that a supporter is counted once
	gates     []Requirement // by begin
}

// New makes a graph that holds nothing.
func New() *Graph {
	return &Graph{places: map[string]int32{}, edgeOf: map[string]int32{}, pins: map[int32]Severity{}}
}

// Load makes a graph that holds a snapshot. All that is wrong with it is told at once. Of two nodes or relations of the same
// ID the later one counts.
func Load(s Snapshot) (*Graph, error) {
	var faults []error
	for i := range s.Nodes {
		faults = append(faults, s.Nodes[i].check())
	}
	for i := range s.Relations {
		faults = append(faults, s.Relations[i].check())
	}
	for i := range s.Requirements {
		faults = append(faults, s.Requirements[i].check())
	}
	for id, severity := range s.Pins {
		faults = append(faults, checkPin(id, severity))
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	g := &Graph{
		places: make(map[string]int32, len(s.Nodes)), nodes: make([]Node, 0, len(s.Nodes)), points: make([]point, 0, len(s.Nodes)),
		edgeOf: make(map[string]int32, len(s.Relations)), relations: make([]Relation, 0, len(s.Relations)),
		edges: make([]edge, 0, len(s.Relations)), pins: make(map[int32]Severity, len(s.Pins)),
	}
	for i := range s.Nodes {
		g.putNode(&s.Nodes[i])
	}
	for i := range s.Relations {
		g.putRelation(&s.Relations[i])
	}
	for _, r := range s.Requirements {
		g.putRequirement(r)
	}
	for id, severity := range s.Pins {
		g.pins[g.place(id)] = severity
	}
	return g, nil
}

// Snapshot answers all that the graph holds: nodes and relations by ID, requirements by dependent, group and begin.
func (g *Graph) Snapshot() Snapshot {
	g.mu.RLock()
	defer g.mu.RUnlock()
	var s Snapshot
	for i := range g.points {
		if g.points[i].there {
			s.Nodes = append(s.Nodes, g.nodes[i])
		}
	}
	for _, i := range g.edgeOf {
		s.Relations = append(s.Relations, g.relations[i])
	}
	for i := range g.groups {
		s.Requirements = append(s.Requirements, g.groups[i].gates...)
	}
	if len(g.pins) > 0 {
		s.Pins = g.pinned()
	}
	slices.SortFunc(s.Nodes, func(a, b Node) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Relations, func(a, b Relation) int { return strings.Compare(a.ID, b.ID) })
	slices.SortFunc(s.Requirements, func(a, b Requirement) int {
		return cmp.Or(strings.Compare(a.Dependent, b.Dependent), strings.Compare(a.Group, b.Group), a.Valid.From.Compare(b.Valid.From))
	})
	return s
}

// PutNode puts a node, in place of the one of its ID. Its relations, gates and pin stay.
func (g *Graph) PutNode(n Node) error {
	if err := n.check(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.putNode(&n)
	return nil
}

func (g *Graph) putNode(n *Node) {
	i := g.place(n.ID)
	g.nodes[i] = *n
	g.points[i].there, g.points[i].span = true, n.Valid.span()
}

// RemoveNode takes a node away; there need not be one. Relations that name it stay and do not hold, and its gates and pin
// wait for its return.
func (g *Graph) RemoveNode(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i, ok := g.places[id]; ok {
		g.points[i].there = false
		g.nodes[i] = Node{ID: id}
		g.release(i)
	}
}

// Node answers a node by its ID.
func (g *Graph) Node(id string) (Node, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if i, ok := g.places[id]; ok && g.points[i].there {
		return g.nodes[i], true
	}
	return Node{}, false
}

// PutRelation puts a relation, in place of the one of its ID.
func (g *Graph) PutRelation(r Relation) error {
	if err := r.check(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.putRelation(&r)
	return nil
}

func (g *Graph) putRelation(r *Relation) {
	g.removeRelation(r.ID)
	e := edge{span: r.Valid.span(), group: weak, downOnly: r.DownOnly}
	e.dependent, e.supporter = g.place(r.Dependent), g.place(r.Supporter)
	if !r.Weak {
		e.group = g.group(e.dependent, r.Group)
	}
	i, reused := take(&g.freeEdges, len(g.edges))
	if reused {
		g.edges[i], g.relations[i] = e, *r
	} else {
		g.edges, g.relations = append(g.edges, e), append(g.relations, *r)
	}
	g.edgeOf[r.ID] = i
	g.points[e.supporter].uses = append(g.points[e.supporter].uses, i)
	if r.Weak {
		g.points[e.dependent].weak = append(g.points[e.dependent].weak, i)
		return
	}
	members := &g.groups[e.group].members
	at, _ := slices.BinarySearchFunc(*members, i, g.compareMembers)
	*members = slices.Insert(*members, at, i)
}

func (g *Graph) compareMembers(a, b int32) int {
	return cmp.Or(cmp.Compare(g.edges[a].supporter, g.edges[b].supporter), strings.Compare(g.relations[a].ID, g.relations[b].ID))
}

// RemoveRelation takes a relation away; there need not be one.
func (g *Graph) RemoveRelation(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.removeRelation(id)
}

func (g *Graph) removeRelation(id string) {
	i, ok := g.edgeOf[id]
	if !ok {
		return
	}
	e := g.edges[i]
	remove(&g.points[e.supporter].uses, i)
	if e.group == weak {
		remove(&g.points[e.dependent].weak, i)
	} else {
		members := &g.groups[e.group].members
		at, _ := slices.BinarySearchFunc(*members, i, g.compareMembers)
		*members = slices.Delete(*members, at, at+1)
		g.releaseGroup(e.group)
	}
	delete(g.edgeOf, id)
	g.edges[i], g.relations[i] = edge{}, Relation{}
	g.freeEdges = append(g.freeEdges, i)
	g.release(e.dependent)
	g.release(e.supporter)
}

// Relation answers a relation by its ID.
func (g *Graph) Relation(id string) (Relation, bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if i, ok := g.edgeOf[id]; ok {
		return g.relations[i], true
	}
	return Relation{}, false
}

// SetGate sets the gate of a dependent's group for all time, in place of all requirements of the group.
func (g *Graph) SetGate(dependent, group string, gate Gate) error {
	return g.require(Requirement{Dependent: dependent, Group: group, Gate: gate}, true)
}

// PutRequirement puts the gate of a group for a time, in place of the one that begins at the same instant.
func (g *Graph) PutRequirement(r Requirement) error { return g.require(r, false) }

func (g *Graph) require(r Requirement, alone bool) error {
	if err := r.check(); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if alone {
		g.clearGates(r.Dependent, r.Group)
		if r.Gate == All {
			return nil // which is what nothing says too
		}
	}
	g.putRequirement(r)
	return nil
}

func (g *Graph) putRequirement(r Requirement) {
	gates := &g.groups[g.group(g.place(r.Dependent), r.Group)].gates
	*gates = slices.DeleteFunc(*gates, func(o Requirement) bool { return o.Valid.From.Equal(r.Valid.From) })
	at, _ := slices.BinarySearchFunc(*gates, r, func(a, b Requirement) int { return a.Valid.From.Compare(b.Valid.From) })
	*gates = slices.Insert(*gates, at, r)
}

func (g *Graph) clearGates(dependent, name string) {
	place := g.place(dependent)
	i := g.group(place, name)
	g.groups[i].gates = nil
	g.releaseGroup(i)
	g.release(place)
}

// Pin holds a node at a severity, whatever is computed for it, until [Graph.Unpin]: None holds it healthy. The pin outlives
// changes of the node and its relations.
func (g *Graph) Pin(id string, severity Severity) error {
	if err := checkPin(id, severity); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	i, ok := g.places[id]
	if !ok || !g.points[i].there {
		return &UnknownError{[]string{id}}
	}
	g.pins[i] = severity
	return nil
}

func checkPin(id string, severity Severity) error {
	if severity > Down || id == "" {
		return fmt.Errorf("%w: pin of %q: give an ID, and none, degraded or down", ErrInvalid, id)
	}
	return nil
}

// Unpin takes a pin away; there need not be one.
func (g *Graph) Unpin(id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if i, ok := g.places[id]; ok {
		delete(g.pins, i)
		g.release(i)
	}
}

// Pins answers the pins.
func (g *Graph) Pins() map[string]Severity {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.pinned()
}

func (g *Graph) pinned() map[string]Severity {
	pins := make(map[string]Severity, len(g.pins))
	for i, severity := range g.pins {
		pins[g.nodes[i].ID] = severity
	}
	return pins
}

// place answers the place of an ID, and makes one where there is none.
func (g *Graph) place(id string) int32 {
	if i, ok := g.places[id]; ok {
		return i
	}
	i, reused := take(&g.freePoints, len(g.points))
	if reused {
		g.nodes[i], g.points[i] = Node{ID: id}, point{}
	} else {
		g.nodes, g.points = append(g.nodes, Node{ID: id}), append(g.points, point{})
	}
	g.places[id] = i
	return i
}

// release frees the place of a node that nothing names any more.
func (g *Graph) release(i int32) {
	p := &g.points[i]
	if p.there || len(p.groups)+len(p.weak)+len(p.uses) > 0 {
		return
	}
	id := g.nodes[i].ID
	if _, pinned := g.pins[i]; pinned || g.places[id] != i {
		return
	}
	delete(g.places, id)
	g.nodes[i], g.points[i] = Node{}, point{}
	g.freePoints = append(g.freePoints, i)
}

// group answers the group of a name, and makes one where there is none.
func (g *Graph) group(dependent int32, name string) int32 {
	for _, i := range g.points[dependent].groups {
		if g.groups[i].name == name {
			return i
		}
	}
	made := group{dependent: dependent, name: name}
	i, reused := take(&g.freeGroups, len(g.groups))
	if reused {
		g.groups[i] = made
	} else {
		g.groups = append(g.groups, made)
	}
	g.points[dependent].groups = append(g.points[dependent].groups, i)
	return i
}

func (g *Graph) releaseGroup(i int32) {
	if r := &g.groups[i]; len(r.members)+len(r.gates) == 0 {
		remove(&g.points[r.dependent].groups, i)
		*r = group{}
		g.freeGroups = append(g.freeGroups, i)
	}
}

// take answers a free place, or the next one.
func take(free *[]int32, next int) (place int32, reused bool) {
	if n := len(*free); n > 0 {
		place = (*free)[n-1]
		*free = (*free)[:n-1]
		return place, true
	}
	return int32(next), false
}

func remove(list *[]int32, value int32) {
	if at := slices.Index(*list, value); at >= 0 {
		last := len(*list) - 1
		(*list)[at] = (*list)[last]
		*list = (*list)[:last]
	}
}
