package service

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/service/impact"
)

// Question asks who suffers. Items and services are named by number, by kind and number ("item/CI0000001"), by class and key
// ("disk/XY1"), or by a name that only one has.
type Question struct {
	// Items are lost; services may be, too.
	Items []string `json:"items,omitempty"`
	// At is the instant that is asked about. Start and End are a window, [Start, End), in place of it. All zero is now.
	At    time.Time `json:"at,omitzero"`
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// WhatIf are taken as not being there at all: what if they were removed?
	WhatIf []string `json:"what_if,omitempty"`
	// Pins hold items and services at a severity, whatever is computed.
	Pins map[string]impact.Severity `json:"pins,omitempty"`
	// Maintenance takes what is in maintenance now as working: its loss is expected. It counts for instants since the
	// maintenance began.
	Maintenance bool `json:"maintenance,omitempty"`
}

// Answer says who suffers, and why. Its nodes are numbers of items and services.
type Answer struct {
	impact.Result
	// Names are those of all that is affected, by number.
	Names map[string]string `json:"names"`
	// Version is that of the map which was asked.
	Version int64 `json:"version"`
}

// Why tells in words why something is affected, by its number, each line resting on those before; empty where it is not.
func (a Answer) Why(id string) string {
	witness, ok := a.Witness(id)
	if !ok {
		return ""
	}
	ids := slices.SortedFunc(maps.Keys(a.Names), func(x, y string) int { // the longest first: one may begin as another
		return cmp.Or(cmp.Compare(len(y), len(x)), strings.Compare(x, y))
	})
	var names []string
	for _, id := range ids {
		names = append(names, id, a.Names[id])
	}
	return strings.NewReplacer(names...).Replace(witness.String())
}

// Impact says which services and items are affected by a loss, how badly, how many people use them, and why. The actor needs
// the right to read the map ([MapKind]). What is named and is not there then is an *impact.UnknownError.
func (s *Services) Impact(ctx context.Context, q Question) (a Answer, err error) {
	err = s.maps.ask(ctx, func(t *tenantMap) error {
		a, err = t.impact(q, s.Kernel().Clock().Now())
		a.Version = t.version
		return err
	})
	return a, err
}

// impact asks the graph.
func (n *network) impact(q Question, now time.Time) (a Answer, err error) {
	w := q.moment(now)
	asked := impact.Question{Pins: map[string]impact.Severity{}, Without: n.overdue(w, now)}
	var missing, unknown []string
	if asked.Lost, unknown, err = n.resolve("items", q.Items); err != nil {
		return a, err
	}
	missing = append(missing, unknown...)
	without, unknown, err := n.resolve("what_if", q.WhatIf)
	if err != nil {
		return a, err
	}
	missing = append(missing, unknown...)
	asked.Without = append(asked.Without, without...)
	for name, severity := range q.Pins {
		ids, unknown, err := n.resolve("pins", []string{name})
		if err != nil {
			return a, err
		}
		missing = append(missing, unknown...)
		for _, id := range ids {
			asked.Pins[id] = severity
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return a, &impact.UnknownError{IDs: slices.Compact(missing)}
	}
	if q.Maintenance {
		asked.Maintenance = n.maintained(w)
	}
	if a.Result, err = n.view(w).Impact(asked); err != nil {
		return a, err
	}
	a.Names = make(map[string]string, len(a.Affected))
	for _, e := range a.Affected {
		a.Names[e.ID] = n.known[e.ID].name
	}
	return a, nil
}

// moment is what a question is about.
func (q Question) moment(now time.Time) window {
	switch {
	case !q.Start.IsZero() || !q.End.IsZero():
		return window{q.Start, q.End}
	case q.At.IsZero():
		return window{now, now}
	}
	return window{q.At, q.At}
}

// window is [start, end), or the instant start where both are one.
type window struct{ start, end time.Time }

func (n *network) view(w window) impact.View { return n.graph.During(w.start, w.end) }

// meets reports whether a period has an instant in the window.
func (w window) meets(p impact.Period) bool {
	begun := p.From.IsZero() || w.end.IsZero() || p.From.Before(w.end) || p.From.Equal(w.start)
	return begun && (p.Until.IsZero() || w.start.IsZero() || p.Until.After(w.start))
}

// overdue are those that were planned to be there by then, and of which nobody said that they are: for what is or was, they
// are not.
func (n *network) overdue(w window, now time.Time) (ids []string) {
	if w.end.IsZero() || w.end.After(now) {
		return nil
	}
	for id := range n.planned {
		if w.meets(n.known[id].valid) {
			ids = append(ids, id)
		}
	}
	return ids
}

// maintained are those in maintenance, where it had begun before the window ends.
func (n *network) maintained(w window) (ids []string) {
	for id := range n.maintenance {
		k := n.known[id]
		begun := w.end.IsZero() || !k.maintained.After(w.end)
		if begun && w.meets(k.valid) {
			ids = append(ids, id)
		}
	}
	return ids
}

// SinglePoints names the items and services whose loss alone takes a service down now: the single points of failure, sorted.
// The actor needs the right to read the map.
func (s *Services) SinglePoints(ctx context.Context, service string) (points []string, err error) {
	err = s.maps.ask(ctx, func(t *tenantMap) error {
		points, err = t.single(service, s.Kernel().Clock().Now())
		return err
	})
	return points, err
}

func (n *network) single(service string, now time.Time) ([]string, error) {
	ids, unknown, err := n.resolve("service", []string{service})
	if err != nil {
		return nil, err
	}
	if len(unknown) > 0 {
		return nil, &impact.UnknownError{IDs: unknown}
	}
	return n.present(ids[0], now).SinglePoints(ids[0])
}

// present is what is there now, beside the one that is asked about: nothing rests on what is overdue.
func (n *network) present(of string, now time.Time) impact.View {
	w := window{now, now}
	return n.view(w).Without(slices.DeleteFunc(n.overdue(w, now), func(id string) bool { return id == of })...)
}

// Supporters names all items and services that one rests on now, directly or through others, sorted. The actor needs the right
// to read the map.
func (s *Services) Supporters(ctx context.Context, of string) (ids []string, err error) {
	err = s.maps.ask(ctx, func(t *tenantMap) error {
		found, unknown, err := t.resolve("of", []string{of})
		if err != nil {
			return err
		}
		if len(unknown) > 0 {
			return &impact.UnknownError{IDs: unknown}
		}
		ids, err = t.present(found[0], s.Kernel().Clock().Now()).Supporters(found[0])
		return err
	})
	return ids, err
}

// Dependents answers what depends on any of the items, directly or not, at any instant of [start, end): each by its number
// and, where it is the only one of its name, by the name, too, since tickets may call it either way; sorted. So are the items
// themselves called that were named otherwise. What the map does not know has no dependents, and a name that several have is
// taken for all of them. It asks for no rights, and is what change enablement takes for its topology.
func (s *Services) Dependents(ctx context.Context, tenant string, items []string, start, end time.Time) (names []string, err error) {
	err = s.maps.look(ctx, tenant, func(t *tenantMap) error {
		w := window{start, end}
		var ids []string
		for _, name := range items {
			id, several := t.find(name)
			if id != "" {
				several = []string{id}
			}
			for _, id := range several {
				if k := t.known[id]; k.there && w.meets(k.valid) {
					ids = append(ids, id)
				}
			}
		}
		if len(ids) == 0 {
			return nil
		}
		found, err := t.view(w).Dependents(ids...)
		if err != nil {
			return err
		}
		for _, id := range append(found, ids...) {
			names = append(names, id)
			if alias := t.alias(id); alias != "" {
				names = append(names, alias)
			}
		}
		slices.Sort(names)
		names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return slices.Contains(items, name) })
		return nil
	})
	return names, err
}

// AsOf answers the graph as it was at an instant, or is planned to be: nodes are numbers of services and items. Give it to
// impact.Load to try things out. What was corrected later is corrected here, too; what was known then, the histories of the
// records say. The actor needs the right to read the map. It costs a pass over the whole map.
func (s *Services) AsOf(ctx context.Context, at time.Time) (impact.Snapshot, error) {
	return s.snapshot(ctx, window{at, at})
}

// During answers the graph with all that is there at some instant of a window, [start, end), as AsOf does.
func (s *Services) During(ctx context.Context, start, end time.Time) (impact.Snapshot, error) {
	return s.snapshot(ctx, window{start, end})
}

func (s *Services) snapshot(ctx context.Context, w window) (cut impact.Snapshot, err error) {
	err = s.maps.ask(ctx, func(t *tenantMap) error {
		overdue := t.overdue(w, s.Kernel().Clock().Now())
		cut = t.graph.Snapshot()
		there := map[string]bool{}
		cut.Nodes = slices.DeleteFunc(cut.Nodes, func(n impact.Node) bool {
			there[n.ID] = w.meets(n.Valid) && !slices.Contains(overdue, n.ID)
			return !there[n.ID]
		})
		grouped := map[groupKey]bool{}
		cut.Relations = slices.DeleteFunc(cut.Relations, func(r impact.Relation) bool {
			holds := w.meets(r.Valid) && there[r.Dependent] && there[r.Supporter]
			grouped[groupKey{r.Dependent, r.Group}] = grouped[groupKey{r.Dependent, r.Group}] || holds && !r.Weak
			return !holds
		})
		cut.Requirements = slices.DeleteFunc(cut.Requirements, func(r impact.Requirement) bool {
			return !w.meets(r.Valid) || !grouped[groupKey{r.Dependent, r.Group}]
		})
		if len(cut.Requirements) == 0 {
			cut.Requirements = nil
		}
		return nil
	})
	return cut, err
}
