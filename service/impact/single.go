package impact

import "slices"

// SinglePoints are the single points of failure of a node, sorted: all others whose loss alone takes it Down. Pins of the
// graph count, as they do in [View.Impact]; of a node that they take down there are no single points.
//
// It follows the loss of each of the supporters through the others, until the node falls: at worst the number of supporters
// times that of relations between them.
func (v View) SinglePoints(id string) ([]string, error) {
	v.g.mu.RLock()
	defer v.g.mu.RUnlock()
	w := v.walk()
	defer w.done()
	found, err := w.resolve([]string{id})
	if err != nil {
		return nil, err
	}
	w.holdPinned()
	f := w.foundation(found[0][0])
	var points []string
	for item := int32(1); item < int32(len(f.places)); item++ {
		if f.carries(item) {
			points = append(points, v.g.nodes[f.places[item]].ID)
		}
	}
	slices.Sort(points)
	return points, nil
}

// SinglePoints is [View.SinglePoints] over all time.
func (g *Graph) SinglePoints(id string) ([]string, error) { return g.always().SinglePoints(id) }

// foundation is all that can take a node down, as a small graph of its own with the node as number 0. What the view leaves
// out and what would count twice is gone from it.
type foundation struct {
	places []int32
	// The groups that number n supports are groups[starts[n]:starts[n+1]].
	starts, groups []int32
	// Of each group, its dependent, and how many supporters it can do without.
	dependent, spare []int32

	// When a number fell last, or forGood; when a group lost supporters last, and how many.
	epoch              int32
	fell, when, failed []int32
	queue              []int32
	single             []bool
}

const forGood = -1

// foundation collects it from the node downwards. What is held at a severity rests on nothing.
func (w *walk) foundation(node int32) *foundation {
	f := &foundation{}
	number := func(place int32) int32 {
		m := w.mark(place)
		if m.number == 0 {
			f.places = append(f.places, place)
			m.number = int32(len(f.places))
		}
		return m.number - 1
	}
	var supporters []int32 // group by group
	var ends []int32
	number(node)
	for head := 0; head < len(f.places); head++ {
		if w.mark(f.places[head]).held != free {
			continue
		}
		for _, group := range w.g.points[f.places[head]].groups {
			t := w.group(group)
			for supporter := range w.supporters(group) {
				supporters = append(supporters, number(supporter))
			}
			f.dependent, f.spare = append(f.dependent, int32(head)), append(f.spare, t.of-t.need)
			ends = append(ends, int32(len(supporters)))
		}
	}
	f.invert(supporters, ends)
	f.fell, f.single = make([]int32, len(f.places)), make([]bool, len(f.places))
	f.when, f.failed = make([]int32, len(f.spare)), make([]int32, len(f.spare))
	f.fallForGood(w)
	return f
}

// invert turns the supporters of each group into the groups of each supporter.
func (f *foundation) invert(supporters, ends []int32) {
	f.starts, f.groups = make([]int32, len(f.places)+1), make([]int32, len(supporters))
	for _, n := range supporters {
		f.starts[n+1]++
	}
	for n := range f.places {
		f.starts[n+1] += f.starts[n]
	}
	next := slices.Clone(f.starts)
	from := int32(0)
	for group, to := range ends {
		for _, n := range supporters[from:to] {
			f.groups[next[n]] = int32(group)
			next[n]++
		}
		from = to
	}
}

// fallForGood lets what is pinned down fall once, before anything else.
func (f *foundation) fallForGood(w *walk) {
	for n, place := range f.places {
		if m := w.mark(place); m.held == pinned && m.severity == Down {
			f.fell[n] = forGood
			f.queue = append(f.queue, int32(n))
		}
	}
	for head := 0; head < len(f.queue); head++ {
		n := f.queue[head]
		for _, group := range f.groups[f.starts[n]:f.starts[n+1]] {
			f.spare[group]--
			if d := f.dependent[group]; f.spare[group] < 0 && f.fell[d] == 0 {
				f.fell[d] = forGood
				f.queue = append(f.queue, d)
			}
		}
	}
}

// carries reports whether the loss of one number takes the node down. It stops at the first single point that is known to.
func (f *foundation) carries(item int32) bool {
	if f.fell[item] == forGood {
		return false // its loss changes nothing
	}
	f.epoch++
	f.fell[item] = f.epoch
	f.queue = append(f.queue[:0], item)
	for head := 0; head < len(f.queue); head++ {
		n := f.queue[head]
		for _, group := range f.groups[f.starts[n]:f.starts[n+1]] {
			d := f.dependent[group]
			if f.fell[d] == f.epoch || f.fell[d] == forGood {
				continue
			}
			if f.when[group] != f.epoch {
				f.when[group], f.failed[group] = f.epoch, 0
			}
			if f.failed[group]++; f.failed[group] <= f.spare[group] {
				continue
			}
			if d == 0 || f.single[d] {
				f.single[item] = true
				return true
			}
			f.fell[d] = f.epoch
			f.queue = append(f.queue, d)
		}
	}
	return false
}
