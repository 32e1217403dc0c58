package impact

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Question is what is lost, and under which circumstances. Where a node is named more than once, the first of these counts:
// Without, Maintenance, Lost, Pins, and then the pins of the graph.
type Question struct {
	// Lost are down.
	Lost []string `json:"lost,omitempty"`
	// Without are taken as not being there at all, their relations neither: what if they were removed?
	Without []string `json:"without,omitempty"`
	// Maintenance are taken as working: neither is their loss counted, nor do they pass on anything.
	Maintenance []string `json:"maintenance,omitempty"`
	// Pins hold nodes at a severity for this question, whatever is computed for them.
	Pins map[string]Severity `json:"pins,omitempty"`
}

// Result says what is affected.
type Result struct {
	// Affected are all nodes that are Down or Degraded, the lost and the pinned ones too: services first, of these the worst
	// first, by ID.
	Affected []Effect `json:"affected"`
	// People sums up those who use affected services. Who uses two of them counts twice.
	People People `json:"people"`

	proofs []proof // in the order of Affected
	links  []link
}

// Effect is how one node is affected.
type Effect struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Service  bool     `json:"service,omitempty"`
	Reason   Reason   `json:"reason"`
}

// Reason says what an effect rests on. [Result.Witness] has the rest.
type Reason string

// The reasons.
const (
	ReasonLost      Reason = "lost"      // it is what the question takes as lost
	ReasonPinned    Reason = "pinned"    // it is held at its severity by hand
	ReasonGroup     Reason = "group"     // one of its groups fails
	ReasonSupporter Reason = "supporter" // a supporter is down or degraded
)

// People counts who uses affected services.
type People struct {
	Down     int `json:"down"`
	Degraded int `json:"degraded"`
}

// Impact says what is affected, and why, at the instant or in the window of the view. Nodes that the question names and that
// are not there are a [*UnknownError].
func (v View) Impact(q Question) (Result, error) {
	v.g.mu.RLock()
	defer v.g.mu.RUnlock()
	w := v.walk()
	defer w.done()
	if err := w.ask(q); err != nil {
		return Result{}, err
	}
	w.fall()
	w.degrade()
	return w.result(), nil
}

// Impact is [View.Impact] over all time.
func (g *Graph) Impact(q Question) (Result, error) { return g.always().Impact(q) }

// Services are the affected services, the worst first.
func (r Result) Services() []Effect {
	n := slices.IndexFunc(r.Affected, func(e Effect) bool { return !e.Service })
	if n < 0 {
		n = len(r.Affected)
	}
	return r.Affected[:n:n]
}

// Severity is how badly a node is affected: None where it is not, or is not known.
func (r Result) Severity(id string) Severity {
	if i := r.find(id); i >= 0 {
		return r.proofs[i].Severity
	}
	return None
}

// find looks in each run of one kind and severity, as Affected is in order.
func (r Result) find(id string) int {
	for _, service := range [...]bool{true, false} {
		for _, severity := range [...]Severity{Down, Degraded} {
			wanted := Effect{ID: id, Severity: severity, Service: service}
			i, ok := slices.BinarySearchFunc(r.proofs, wanted, func(p proof, e Effect) int { return p.compare(e) })
			if ok {
				return i
			}
		}
	}
	return -1
}

// compare is the order of [Result.Affected].
func (e Effect) compare(o Effect) int {
	if e.Service != o.Service {
		if e.Service {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(o.Severity, e.Severity), strings.Compare(e.ID, o.ID))
}

// ask holds what a question names at the severity that it gives, and then what is pinned.
func (w *walk) ask(q Question) error {
	for id, severity := range q.Pins {
		if severity > Down {
			return fmt.Errorf("%w: pin of %q: pin none, degraded or down", ErrInvalid, id)
		}
	}
	held := slices.Collect(maps.Keys(q.Pins))
	found, err := w.resolve(q.Without, q.Maintenance, q.Lost, held)
	if err != nil {
		return err
	}
	for _, i := range found[0] {
		w.mark(i).held = gone
	}
	for _, i := range found[1] {
		w.hold(i, None, pinned)
	}
	for _, i := range found[2] {
		w.hold(i, Down, lostHere)
	}
	for n, i := range found[3] {
		w.hold(i, q.Pins[held[n]], pinned)
	}
	w.holdPinned()
	return nil
}

// holdPinned holds what is pinned in the graph, unless something else does.
func (w *walk) holdPinned() {
	for i, severity := range w.g.pins {
		if w.isThere(i) {
			w.hold(i, severity, pinned)
		}
	}
}

// resolve answers the places of IDs, or an error that names all that are not there.
func (w *walk) resolve(lists ...[]string) ([][]int32, error) {
	places := make([][]int32, len(lists))
	var unknown []string
	for n, ids := range lists {
		places[n] = make([]int32, 0, len(ids))
		for _, id := range ids {
			if i, ok := w.g.places[id]; ok && w.isThere(i) {
				places[n] = append(places[n], i)
			} else {
				unknown = append(unknown, id)
			}
		}
	}
	if len(unknown) == 0 {
		return places, nil
	}
	slices.Sort(unknown)
	return nil, &UnknownError{slices.Compact(unknown)}
}
