package impact

// walk answers one question. Its marks are arrays with a place for each node and group, which are not cleared between
// questions: a mark of an earlier epoch counts as none.
type walk struct {
	g     *Graph
	span  span
	epoch uint32
	marks []mark
	tally []tally
	// queue are the nodes that are down, in rounds, then those that are degraded.
	queue []int32
	// dimmed are those that are held degraded, and round is the last round so far.
	dimmed []int32
	round  int32
}

// mark is what a question knows of a node.
type mark struct {
	epoch    uint32
	round    int32 // in which it was affected: what it rests on was so in an earlier one
	number   int32 // its place in the result, or where else the walk is to find it
	severity Severity
	held     hold
}

// hold says why a node's severity is not computed.
type hold uint8

const (
	free hold = iota
	pinned
	lostHere
	gone // not there at all
)

// tally is what a question knows of a group.
type tally struct {
	epoch    uint32
	last     int32 // the supporter that was counted last
	of, need int32
	failed   int32
}

// walk begins a question with what an earlier one left.
func (v View) walk() *walk {
	w, ok := v.g.scratches.Get().(*walk)
	if !ok {
		w = &walk{}
	}
	w.begin(v)
	return w
}

func (w *walk) begin(v View) {
	w.g, w.span, w.queue, w.dimmed, w.round = v.g, v.span, w.queue[:0], w.dimmed[:0], 0
	w.marks, w.tally = fit(w.marks, len(v.g.points)), fit(w.tally, len(v.g.groups))
	if w.epoch++; w.epoch == 0 { // after four thousand million questions old marks would look new
		clear(w.marks[:cap(w.marks)])
		clear(w.tally[:cap(w.tally)])
		w.epoch = 1
	}
	for _, id := range v.without {
		if i, ok := v.g.places[id]; ok {
			w.mark(i).held = gone
		}
	}
}

func (w *walk) done() { w.g.scratches.Put(w) }

func fit[T any](s []T, n int) []T {
	if n > cap(s) {
		return make([]T, n+n/8)[:n]
	}
	return s[:n]
}

func (w *walk) mark(i int32) *mark {
	m := &w.marks[i]
	if m.epoch != w.epoch {
		*m = mark{epoch: w.epoch}
	}
	return m
}

// isThere reports whether a node is there at some moment of the view.
func (w *walk) isThere(i int32) bool {
	p := &w.g.points[i]
	return p.there && p.span.overlaps(w.span)
}

// hold sets a severity for good, unless there is one.
func (w *walk) hold(i int32, s Severity, why hold) {
	m := w.mark(i)
	if m.held != free {
		return
	}
	m.held, m.severity = why, s
	switch s {
	case Down:
		w.queue = append(w.queue, i)
	case Degraded:
		w.dimmed = append(w.dimmed, i)
	}
}

// holds reports whether a relation counts: there is a moment at which it and both its nodes are there.
func (w *walk) holds(e *edge) bool {
	d, s := &w.g.points[e.dependent], &w.g.points[e.supporter]
	return d.there && s.there && !w.span.common(e.span).common(d.span).common(s.span).empty() &&
		w.mark(e.dependent).held != gone && w.mark(e.supporter).held != gone
}

// fall finds what goes down, round by round.
func (w *walk) fall() {
	for head := 0; head < len(w.queue); head++ {
		supporter := w.queue[head]
		round := w.marks[supporter].round + 1
		for _, i := range w.g.points[supporter].uses {
			e := &w.g.edges[i]
			if e.group == weak || !w.holds(e) {
				continue
			}
			if m := w.mark(e.dependent); m.held == free && m.severity != Down && w.count(e.group, supporter) {
				m.severity, m.round = Down, round
				w.queue = append(w.queue, e.dependent)
			}
		}
	}
	if n := len(w.queue); n > 0 {
		w.round = w.marks[w.queue[n-1]].round
	}
}

// count counts a supporter that is down, once, and reports whether its group fails.
func (w *walk) count(group, supporter int32) bool {
	t := w.group(group)
	if t.last != supporter {
		t.last = supporter
		t.failed++
	}
	return t.of-t.failed < t.need
}

// group counts the supporters of a group when it is first met.
func (w *walk) group(i int32) *tally {
	t := &w.tally[i]
	if t.epoch != w.epoch {
		*t = tally{epoch: w.epoch, last: -1}
		for range w.supporters(i) {
			t.of++
		}
		t.need = int32(w.gate(i, int(t.of)).Need(int(t.of)))
	}
	return t
}

// supporters goes through the distinct supporters of a group and the first relation to each.
func (w *walk) supporters(group int32) func(yield func(supporter, edge int32) bool) {
	return func(yield func(supporter, edge int32) bool) {
		last := int32(-1)
		for _, i := range w.g.groups[group].members {
			if e := &w.g.edges[i]; e.supporter != last && w.holds(e) {
				if last = e.supporter; !yield(last, i) {
					return
				}
			}
		}
	}
}

// gate is the strictest gate of a group that counts; of equals the one that begins first.
func (w *walk) gate(i int32, supporters int) Gate {
	strictest, found := All, false
	for _, r := range w.g.groups[i].gates {
		if r.Valid.span().overlaps(w.span) && (!found || r.Gate.asks(supporters) > strictest.asks(supporters)) {
			strictest, found = r.Gate, true
		}
	}
	return strictest
}

// degrade finds what is degraded, once all that is down is known. Degradation needs no counting: it reaches what can be
// reached.
func (w *walk) degrade() {
	w.queue = append(w.queue, w.dimmed...)
	for from := 0; from < len(w.queue); {
		to := len(w.queue)
		w.round++
		for ; from < to; from++ {
			supporter := w.queue[from]
			down := w.marks[supporter].severity == Down
			for _, i := range w.g.points[supporter].uses {
				e := &w.g.edges[i]
				if e.downOnly && !down || !w.holds(e) {
					continue
				}
				if m := w.mark(e.dependent); m.held == free && m.severity == None {
					m.severity, m.round = Degraded, w.round
					w.queue = append(w.queue, e.dependent)
				}
			}
		}
	}
}
