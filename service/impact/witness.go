package impact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Witness proves one effect. Each step rests on earlier ones, and the last step is the effect itself.
type Witness struct {
	Steps []Step `json:"steps"`
}

// Step says why one node is at its severity.
type Step struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Reason   Reason   `json:"reason"`
	// Group, Gate and the numbers are of a group that fails or has lost supporters. Of Of supporters Working work, and the
	// gate needs Need. Of is 0 where no group is concerned: a supporter is degraded, or weak.
	Group   string `json:"group,omitempty"`
	Gate    Gate   `json:"gate,omitzero"`
	Working int    `json:"working,omitempty"`
	Of      int    `json:"of,omitempty"`
	Need    int    `json:"need,omitempty"`
	// Through are all supporters of the group that are down, or the one supporter. The first of them, or Of-Need+1 where the
	// group fails, are earlier steps: they suffice.
	Through []Via `json:"through,omitempty"`
}

// Via is a relation and the supporter that it leads to.
type Via struct {
	Relation  string   `json:"relation"`
	Supporter string   `json:"supporter"`
	Severity  Severity `json:"severity"`
}

// Witness proves the effect on a node; false where there is none. Of several proofs it is one with the fewest rounds. It
// costs what the proof is long, and needs the graph no more.
func (r Result) Witness(id string) (Witness, bool) {
	i := r.find(id)
	if i < 0 {
		return Witness{}, false
	}
	needed := map[int32]bool{int32(i): true}
	list := []int32{int32(i)}
	for head := 0; head < len(list); head++ {
		p := &r.proofs[list[head]]
		for _, l := range r.links[p.from : p.from+p.rests] {
			if !needed[l.number] {
				needed[l.number] = true
				list = append(list, l.number)
			}
		}
	}
	slices.SortFunc(list, func(a, b int32) int {
		return cmp.Or(cmp.Compare(r.proofs[a].round, r.proofs[b].round), strings.Compare(r.proofs[a].ID, r.proofs[b].ID))
	})
	w := Witness{make([]Step, len(list))}
	for at, number := range list {
		w.Steps[at] = r.step(&r.proofs[number])
	}
	return w, true
}

func (r Result) step(p *proof) Step {
	s := Step{ID: p.ID, Severity: p.Severity, Reason: p.Reason, Group: p.group, Gate: p.gate, Of: int(p.of), Need: int(p.need)}
	for _, l := range r.links[p.from:p.to] {
		s.Through = append(s.Through, Via{l.relation, r.proofs[l.number].ID, r.proofs[l.number].Severity})
	}
	if s.Of > 0 {
		s.Working = s.Of - len(s.Through)
	}
	return s
}

// Path is one chain of the proof: from what is lost or pinned to the node, each the supporter of the next.
func (w Witness) Path() []Step {
	var path []Step
	for at := len(w.Steps) - 1; at >= 0; {
		s := w.Steps[at]
		path = append(path, s)
		if len(s.Through) == 0 {
			break
		}
		at = slices.IndexFunc(w.Steps[:at], func(o Step) bool { return o.ID == s.Through[0].Supporter })
	}
	slices.Reverse(path)
	return path
}

// String has a line for each step.
func (w Witness) String() string {
	lines := make([]string, len(w.Steps))
	for i, s := range w.Steps {
		lines[i] = s.String()
	}
	return strings.Join(lines, "\n")
}

// String is such as "shop is down: 0 of 2 (web) work, 1 needed, without web1, web2".
func (s Step) String() string {
	text := fmt.Sprintf("%s is %s: ", s.ID, s.Severity)
	switch {
	case s.Of > 0:
		name := ""
		if s.Group != "" {
			name = " (" + s.Group + ")"
		}
		text += fmt.Sprintf("%d of %d%s work, %d needed, without ", s.Working, s.Of, name, s.Need)
		for i, v := range s.Through {
			if i == 3 {
				return text + fmt.Sprintf(" and %d others", len(s.Through)-i)
			}
			if i > 0 {
				text += ", "
			}
			text += v.Supporter
		}
		return text
	case len(s.Through) > 0:
		return text + fmt.Sprintf("%s is %s", s.Through[0].Supporter, s.Through[0].Severity)
	}
	return text + string(s.Reason)
}

// proof is an effect with what its step says. Links are kept aside, in one array for all.
type proof struct {
	Effect
	round    int32
	group    string
	gate     Gate
	of, need int32
	// from and to are its links, of which it rests on the first ones.
	from, to, rests int32
}

// link leads to the proof of a supporter.
type link struct {
	number   int32
	relation string
}

// result writes down what was found, and why, so that no later change of the graph matters.
func (w *walk) result() Result {
	places := slices.Clone(w.queue)
	slices.SortFunc(places, func(a, b int32) int { return w.effect(a).compare(w.effect(b)) })
	r := Result{Affected: make([]Effect, len(places)), proofs: make([]proof, len(places)), links: make([]link, 0, len(places))}
	for number, place := range places {
		w.marks[place].number = int32(number)
		e := w.effect(place)
		r.Affected[number], r.proofs[number] = e, proof{Effect: e, round: w.marks[place].round}
		if people := w.g.nodes[place].People; e.Service && e.Severity == Down {
			r.People.Down += people
		} else if e.Service {
			r.People.Degraded += people
		}
	}
	for number, place := range places {
		p := &r.proofs[number]
		switch p.from = int32(len(r.links)); p.Reason {
		case ReasonGroup:
			w.proveDown(&r, p, place)
		case ReasonSupporter:
			w.proveDegraded(&r, p, place)
		}
		p.to = int32(len(r.links))
	}
	return r
}

func (w *walk) effect(place int32) Effect {
	m, n := &w.marks[place], &w.g.nodes[place]
	e := Effect{n.ID, m.severity, n.Service, ReasonSupporter}
	switch {
	case m.held == lostHere:
		e.Reason = ReasonLost
	case m.held == pinned:
		e.Reason = ReasonPinned
	case m.severity == Down:
		e.Reason = ReasonGroup
	}
	return e
}

// proveDown takes the first group by name that failed in the rounds before.
func (w *walk) proveDown(r *Result, p *proof, place int32) {
	for _, i := range w.byName(place) {
		t := w.group(i)
		w.linkDown(r, i)
		if rests := t.of - t.need + 1; t.need > 0 && int(p.from+rests) <= len(r.links) &&
			r.proofs[r.links[p.from+rests-1].number].round < p.round {
			w.describe(p, i, rests)
			return
		}
		r.links = r.links[:p.from]
	}
}

// proveDegraded takes the first group by name with a supporter that is down; else a weak supporter that is down; else one
// that was degraded before.
func (w *walk) proveDegraded(r *Result, p *proof, place int32) {
	groups := w.byName(place)
	for _, i := range groups {
		if w.linkDown(r, i); len(r.links) > int(p.from) {
			w.describe(p, i, 1)
			return
		}
	}
	best := int32(-1) // an edge
	for _, i := range groups {
		for _, e := range w.g.groups[i].members {
			best = w.better(best, e, p.round)
		}
	}
	for _, e := range w.g.points[place].weak {
		best = w.better(best, e, p.round)
	}
	p.rests = 1
	r.links = append(r.links, link{w.marks[w.g.edges[best].supporter].number, w.g.relations[best].ID})
}

// better answers which of two relations says more: down before degraded, then by the supporter's and the relation's ID.
func (w *walk) better(best, i, round int32) int32 {
	e := &w.g.edges[i]
	m := w.mark(e.supporter)
	if m.severity == None || !w.holds(e) || m.severity == Degraded && (e.downOnly || m.held == free && m.round >= round) {
		return best
	}
	if best < 0 {
		return i
	}
	b := &w.g.edges[best]
	if cmp.Or(cmp.Compare(w.marks[b.supporter].severity, m.severity),
		strings.Compare(w.g.nodes[e.supporter].ID, w.g.nodes[b.supporter].ID),
		strings.Compare(w.g.relations[i].ID, w.g.relations[best].ID)) < 0 {
		return i
	}
	return best
}

// linkDown links all supporters of a group that are down, by round and ID.
func (w *walk) linkDown(r *Result, group int32) {
	from := len(r.links)
	for supporter, edge := range w.supporters(group) {
		if m := w.mark(supporter); m.severity == Down {
			r.links = append(r.links, link{m.number, w.g.relations[edge].ID})
		}
	}
	slices.SortFunc(r.links[from:], func(a, b link) int {
		return cmp.Or(cmp.Compare(r.proofs[a.number].round, r.proofs[b.number].round),
			strings.Compare(r.proofs[a.number].ID, r.proofs[b.number].ID))
	})
}

func (w *walk) describe(p *proof, group, rests int32) {
	t := w.group(group)
	p.group, p.gate, p.of, p.need, p.rests = w.g.groups[group].name, w.gate(group, int(t.of)), t.of, t.need, rests
}

// byName answers the groups of a node in an order that its history does not change.
func (w *walk) byName(place int32) []int32 {
	groups := w.g.points[place].groups
	if len(groups) < 2 {
		return groups
	}
	groups = slices.Clone(groups)
	slices.SortFunc(groups, func(a, b int32) int { return strings.Compare(w.g.groups[a].name, w.g.groups[b].name) })
	return groups
}
