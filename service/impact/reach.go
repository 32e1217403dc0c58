package impact

import "slices"

// Supporters are all nodes that a node requires, directly or through others, sorted; weak relations count.
func (v View) Supporters(id string) ([]string, error) {
	return v.reach([]string{id}, func(w *walk, i int32, visit func(edge int32)) {
		p := &w.g.points[i]
		for _, group := range p.groups {
			for _, e := range w.g.groups[group].members {
				visit(e)
			}
		}
		for _, e := range p.weak {
			visit(e)
		}
	}, func(e *edge) int32 { return e.supporter })
}

// Dependents are all nodes that require one of the given nodes, directly or through others, sorted; weak relations count.
// The given nodes are not among them.
func (v View) Dependents(ids ...string) ([]string, error) {
	return v.reach(ids, func(w *walk, i int32, visit func(edge int32)) {
		for _, e := range w.g.points[i].uses {
			visit(e)
		}
	}, func(e *edge) int32 { return e.dependent })
}

// Supporters is [View.Supporters] over all time.
func (g *Graph) Supporters(id string) ([]string, error) { return g.always().Supporters(id) }

// Dependents is [View.Dependents] over all time.
func (g *Graph) Dependents(ids ...string) ([]string, error) { return g.always().Dependents(ids...) }

func (v View) reach(ids []string, edges func(*walk, int32, func(int32)), far func(*edge) int32) ([]string, error) {
	v.g.mu.RLock()
	defer v.g.mu.RUnlock()
	w := v.walk()
	defer w.done()
	given, err := w.resolve(ids)
	if err != nil {
		return nil, err
	}
	for _, i := range given[0] {
		w.reached(i)
	}
	first := len(w.queue)
	for head := 0; head < len(w.queue); head++ {
		edges(w, w.queue[head], func(i int32) {
			if e := &v.g.edges[i]; w.holds(e) {
				w.reached(far(e))
			}
		})
	}
	found := make([]string, 0, len(w.queue)-first)
	for _, i := range w.queue[first:] {
		found = append(found, v.g.nodes[i].ID)
	}
	slices.Sort(found)
	return found, nil
}

// reached queues a node once.
func (w *walk) reached(i int32) {
	if m := w.mark(i); m.number == 0 {
		m.number = 1
		w.queue = append(w.queue, i)
	}
}
