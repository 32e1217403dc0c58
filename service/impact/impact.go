// Package impact is the graph of configuration items and services, and what happens to the others when some are lost.
//
//	g := impact.New()
//	err := g.PutNode(impact.Node{ID: "shop", Service: true, People: 400}) // and so on for web1, web2 and db
//	err = g.PutRelation(impact.Relation{ID: "r1", Dependent: "shop", Supporter: "web1", Group: "web"})
//	err = g.PutRelation(impact.Relation{ID: "r2", Dependent: "shop", Supporter: "web2", Group: "web"})
//	err = g.SetGate("shop", "web", impact.Any)
//	result, err := g.Impact(impact.Question{Lost: []string{"web1"}}) // shop is degraded: 1 of 2 works, 1 is needed
//
// # Meaning
//
// A dependent requires groups of supporters. A [Gate] says how many supporters of a group must work for the group to work:
// all of them where nothing is said. A supporter works as long as it is not [Down]. A gate that asks for more supporters
// than the group has asks for all, so that nothing falls where nothing is lost; [Graph.Health] tells of it.
//
// A node is Down if it is lost, or pinned down, or if one of its groups fails. It is [Degraded] if it is not Down and a
// supporter is Down or Degraded, through whatever relation, or if it is pinned so. A weak relation counts for no gate: its
// supporter's loss only degrades. A relation with DownOnly does not pass on that its supporter is degraded.
//
// Circles are allowed. The answer is the least one: what falls is forced to fall by what is lost or pinned, in finitely many
// rounds, and nothing is down because of itself. So each effect has a [Witness], a proof whose every step rests on earlier
// ones.
//
// What a question says wins over what was pinned, and pins win over what is computed: see [Question].
//
// # Time
//
// Nodes, relations and gates hold for a [Period]. [Graph.At] and [Graph.During] are the graph at an instant and in a window;
// the Graph's own questions are about all time, which is what a graph without periods wants. Instants count from 1678 to
// 2262, to the nanosecond; what lies beyond counts as the nearest of these.
//
// # Cost
//
// Nothing is computed ahead. A question costs a step for each relation of what it affects, on both sides, and a sort of the
// effects; a change of the graph costs the logarithm of the groups that it touches, and moves in them.
//
// # Concurrency
//
// A Graph may be read by many goroutines at once; one that writes keeps them out for the time of one change. Results and
// witnesses are values that no later change of the graph touches.
package impact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Severity is how badly a node is affected, in order.
type Severity uint8

// The severities.
const (
	None Severity = iota
	Degraded
	Down
)

var severities = [...]string{None: "none", Degraded: "degraded", Down: "down"}

// String is "none", "degraded" or "down".
func (s Severity) String() string {
	if int(s) < len(severities) {
		return severities[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// MarshalText writes the severity as String does.
func (s Severity) MarshalText() ([]byte, error) {
	if s > Down {
		return nil, fmt.Errorf("%w: a severity is none, degraded or down, not %d", ErrInvalid, uint8(s))
	}
	return []byte(s.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severities[:], string(text))
	if i < 0 {
		return fmt.Errorf("%w: a severity is none, degraded or down, not %q", ErrInvalid, text)
	}
	*s = Severity(i)
	return nil
}

// Node is a configuration item or a service.
type Node struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	// Key is what identifies the item beside its ID, such as its serial number; [Graph.Health] finds doubles by it.
	Key     string `json:"key,omitempty"`
	Service bool   `json:"service,omitempty"`
	// People is how many use the service.
	People int `json:"people,omitempty"`
	// Seen is when discovery last met the item; zero where nothing looks for it.
	Seen time.Time `json:"seen,omitzero"`
	// Valid is when it is there. Outside it the node's relations do not hold.
	Valid Period `json:"valid,omitzero"`
}

// Relation says that a dependent requires a supporter. It holds while both nodes are there too.
type Relation struct {
	ID        string `json:"id"`
	Dependent string `json:"dependent"`
	Supporter string `json:"supporter"`
	// Group is the group of the dependent's supporters that this one belongs to, such as "power". Two relations to one
	// supporter in one group count once.
	Group string `json:"group,omitempty"`
	// Weak is of a supporter whose loss only degrades; it counts for no gate.
	Weak bool `json:"weak,omitempty"`
	// DownOnly is of a supporter whose degradation does not matter to the dependent.
	DownOnly bool   `json:"down_only,omitempty"`
	Valid    Period `json:"valid,omitzero"`
}

// Requirement is the gate of a group while it holds. Where none holds, the gate is [All]; where several do, the strictest
// counts.
type Requirement struct {
	Dependent string `json:"dependent"`
	Group     string `json:"group,omitempty"`
	Gate      Gate   `json:"gate"`
	Valid     Period `json:"valid,omitzero"`
}

// Snapshot is all that a graph holds, in no order that matters.
type Snapshot struct {
	Nodes        []Node              `json:"nodes,omitempty"`
	Relations    []Relation          `json:"relations,omitempty"`
	Requirements []Requirement       `json:"requirements,omitempty"`
	Pins         map[string]Severity `json:"pins,omitempty"`
}

// The errors.
var (
	// ErrInvalid is of nodes, relations and gates that cannot be kept; its text says what to mend.
	ErrInvalid = errors.New("impact: not valid")
	// ErrUnknown means that nodes or relations are not there; an [*UnknownError] names them.
	ErrUnknown = errors.New("impact: not in the graph")
)

// UnknownError names all that was asked for and is not there, or not at the time that was asked about.
type UnknownError struct{ IDs []string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%v: %s: put it first, or ask about a time when it is there", ErrUnknown, strings.Join(quoted(e.IDs), ", "))
}

// Is makes it an ErrUnknown.
func (e *UnknownError) Is(target error) bool { return target == ErrUnknown }

func quoted(ids []string) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = fmt.Sprintf("%q", id)
	}
	return list
}

func (n Node) check() error {
	switch {
	case n.ID == "":
		return fmt.Errorf("%w: node %q: give it an ID", ErrInvalid, n.Name)
	case n.People < 0:
		return fmt.Errorf("%w: node %q: %d people: count them from 0", ErrInvalid, n.ID, n.People)
	}
	return n.Valid.check("node", n.ID)
}

func (r Relation) check() error {
	switch {
	case r.ID == "":
		return fmt.Errorf("%w: relation of %q to %q: give it an ID", ErrInvalid, r.Dependent, r.Supporter)
	case r.Dependent == "" || r.Supporter == "":
		return fmt.Errorf("%w: relation %q: give it a dependent and a supporter", ErrInvalid, r.ID)
	case r.Dependent == r.Supporter:
		return fmt.Errorf("%w: relation %q: %q cannot support itself", ErrInvalid, r.ID, r.Dependent)
	}
	return r.Valid.check("relation", r.ID)
}

func (r Requirement) check() error {
	if r.Dependent == "" {
		return fmt.Errorf("%w: requirement of group %q: give it a dependent", ErrInvalid, r.Group)
	}
	if err := r.Gate.check(); err != nil {
		return fmt.Errorf("%w: requirement of %q, group %q: %w", ErrInvalid, r.Dependent, r.Group, err)
	}
	return r.Valid.check("requirement of", r.Dependent)
}
