package schedule

import (
	"cmp"
	"time"
)

// tree is a balanced search tree of slots by start and ID, where each node knows the latest end beneath it, so that a
// search looks only where something overlaps. It is a treap: what balances it is a hash of the ID, not chance.
type tree struct{ root *node }

type node struct {
	id          string
	slot        Slot
	weight      uint64
	last        time.Time // the latest end of this node and all beneath
	left, right *node
}

// weigh is FNV-1a.
func weigh(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h ^ h>>29 // of ids that differ at their ends the first bits would be alike
}

func (n *node) compare(id string, s Slot) int {
	return cmp.Or(s.Start.Compare(n.slot.Start), cmp.Compare(id, n.id))
}

func (n *node) settle() {
	n.last = n.slot.End
	for _, c := range [...]*node{n.left, n.right} {
		if c != nil && c.last.After(n.last) {
			n.last = c.last
		}
	}
}

// put adds a slot. One of the same start and ID is not there.
func (t *tree) put(id string, s Slot) {
	n := &node{id: id, slot: s, weight: weigh(id)}
	at := &t.root
	for *at != nil && (*at).weight >= n.weight {
		if s.End.After((*at).last) {
			(*at).last = s.End
		}
		if (*at).compare(id, s) < 0 {
			at = &(*at).left
		} else {
			at = &(*at).right
		}
	}
	n.left, n.right = split(*at, id, s)
	n.settle()
	*at = n
}

// split parts a tree into what comes before a place and what comes after it.
func split(n *node, id string, s Slot) (before, after *node) {
	if n == nil {
		return nil, nil
	}
	if n.compare(id, s) < 0 {
		before, n.left = split(n.left, id, s)
		n.settle()
		return before, n
	}
	n.right, after = split(n.right, id, s)
	n.settle()
	return n, after
}

// remove takes a slot away; it need not be there.
func (t *tree) remove(id string, s Slot) { t.root = without(t.root, id, s) }

func without(n *node, id string, s Slot) *node {
	if n == nil {
		return nil
	}
	switch c := n.compare(id, s); {
	case c < 0:
		n.left = without(n.left, id, s)
	case c > 0:
		n.right = without(n.right, id, s)
	default:
		return join(n.left, n.right)
	}
	n.settle()
	return n
}

// join puts two trees together, all of the first before all of the second.
func join(a, b *node) *node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.weight >= b.weight:
		a.right = join(a.right, b)
		a.settle()
		return a
	default:
		b.left = join(a, b.left)
		b.settle()
		return b
	}
}

// overlapping goes through the slots that overlap another one, in order, until yield answers false.
func (t *tree) overlapping(s Slot, yield func(id string, s Slot) bool) bool {
	return s.Empty() || t.root.overlapping(s, yield)
}

func (n *node) overlapping(s Slot, yield func(id string, s Slot) bool) bool {
	if n == nil || !s.Start.Before(n.last) {
		return true
	}
	if !n.left.overlapping(s, yield) {
		return false
	}
	if !n.slot.Start.Before(s.End) {
		return true // this one and all after it begin too late
	}
	if n.slot.Overlaps(s) && !yield(n.id, n.slot) {
		return false
	}
	return n.right.overlapping(s, yield)
}
