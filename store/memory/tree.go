package memory

import (
	"iter"
	"slices"
)

// btree is a sequence of unique items in an order that the caller knows: each method that looks for a place takes a
// function that compares an item with what is looked for, as [cmp.Compare] does. The zero btree is empty. It counts what
// is below each node, so that the size of a range is known without walking it.
type btree[T any] struct {
	root *node[T]
}

type node[T any] struct {
	items    []T
	children []*node[T] // one more than items; none in a leaf
	size     int        // items here and below
}

const (
	maxItems = 63 // of a node; it has one more for a moment, before it is split
	minItems = maxItems / 2
)

func (t *btree[T]) len() int {
	if t.root == nil {
		return 0
	}
	return t.root.size
}

// put adds an item at its place, or replaces the one that is there.
func (t *btree[T]) put(item T, at func(T) int) {
	if t.root == nil {
		t.root = &node[T]{}
	}
	t.root.put(item, at)
	if len(t.root.items) > maxItems {
		t.root = &node[T]{children: []*node[T]{t.root}, size: t.root.size}
		t.root.split(0)
	}
}

// take removes the item at a place, where there is one.
func (t *btree[T]) take(at func(T) int) {
	if t.root == nil {
		return
	}
	t.root.take(at)
	switch root := t.root; {
	case root.size == 0:
		t.root = nil
	case len(root.items) == 0:
		t.root = root.children[0]
	}
}

// min answers the first item.
func (t *btree[T]) min() (item T, ok bool) {
	if t.root == nil {
		return item, false
	}
	n := t.root
	for !n.leaf() {
		n = n.children[0]
	}
	return n.items[0], true
}

// before counts the items before a place.
func (t *btree[T]) before(at func(T) int) int {
	count := 0
	for n := t.root; n != nil; {
		i, found := n.find(at)
		count += i
		if n.leaf() {
			break
		}
		for _, c := range n.children[:i] {
			count += c.size
		}
		if found {
			return count + n.children[i].size
		}
		n = n.children[i]
	}
	return count
}

// up walks from a place, or from the beginning where it is nil. The tree must not be changed meanwhile.
func (t *btree[T]) up(at func(T) int) iter.Seq[T] {
	return func(yield func(T) bool) {
		if t.root != nil {
			t.root.up(at, yield)
		}
	}
}

// down walks downwards from a place, or from the last item before it, or from the end where it is nil. The tree must
// not be changed meanwhile.
func (t *btree[T]) down(at func(T) int) iter.Seq[T] {
	return func(yield func(T) bool) {
		if t.root != nil {
			t.root.down(at, yield)
		}
	}
}

// tree is a btree of items that know their order.
type tree[T sortable[T]] struct{ btree[T] }

type sortable[T any] interface {
	compare(other T) int
}

// set adds an item, or replaces the one that is equal to it.
func (t *tree[T]) set(item T) { t.put(item, func(x T) int { return x.compare(item) }) }

// remove takes an item away, where it is there.
func (t *tree[T]) remove(item T) { t.take(func(x T) int { return x.compare(item) }) }

// rank counts the items before one, which need not be there.
func (t *tree[T]) rank(item T) int { return t.before(func(x T) int { return x.compare(item) }) }

// from walks upwards from an item, or from the first one after it.
func (t *tree[T]) from(item T) iter.Seq[T] { return t.up(func(x T) int { return x.compare(item) }) }

// back walks downwards from an item, or from the last one before it.
func (t *tree[T]) back(item T) iter.Seq[T] { return t.down(func(x T) int { return x.compare(item) }) }

func (n *node[T]) leaf() bool { return len(n.children) == 0 }

// find answers where an item is, or where it would be.
func (n *node[T]) find(at func(T) int) (int, bool) {
	low, high := 0, len(n.items)
	for low < high {
		mid := int(uint(low+high) >> 1)
		switch c := at(n.items[mid]); {
		case c < 0:
			low = mid + 1
		case c > 0:
			high = mid
		default:
			return mid, true
		}
	}
	return low, false
}

// put reports whether the item is new.
func (n *node[T]) put(item T, at func(T) int) bool {
	i, found := n.find(at)
	switch {
	case found:
		n.items[i] = item
		return false
	case n.leaf():
		n.items = slices.Insert(n.items, i, item)
	case !n.children[i].put(item, at):
		return false
	case len(n.children[i].items) > maxItems:
		n.split(i)
	}
	n.size++
	return true
}

// split moves the upper half of a child into a new one beside it. The last child keeps nearly all, so that items that
// come in order leave full nodes behind.
func (n *node[T]) split(i int) {
	left := n.children[i]
	at := len(left.items) / 2
	if i == len(n.items) {
		at = len(left.items) - 3
	}
	right := &node[T]{items: slices.Clone(left.items[at+1:])}
	middle := left.items[at]
	left.items = slices.Delete(left.items, at, len(left.items))
	if !left.leaf() {
		right.children = slices.Clone(left.children[at+1:])
		left.children = slices.Delete(left.children, at+1, len(left.children))
	}
	right.count()
	left.count()
	n.items = slices.Insert(n.items, i, middle)
	n.children = slices.Insert(n.children, i+1, right)
}

func (n *node[T]) count() {
	n.size = len(n.items)
	for _, c := range n.children {
		n.size += c.size
	}
}

// take reports whether an item was there.
func (n *node[T]) take(at func(T) int) bool {
	i, found := n.find(at)
	switch {
	case n.leaf():
		if !found {
			return false
		}
		n.items = slices.Delete(n.items, i, i+1)
	case found:
		n.items[i] = n.children[i].removeLast()
		n.balance(i)
	case !n.children[i].take(at):
		return false
	default:
		n.balance(i)
	}
	n.size--
	return true
}

func (n *node[T]) removeLast() (item T) {
	last := len(n.items)
	if n.leaf() {
		item = n.items[last-1]
		n.items = slices.Delete(n.items, last-1, last)
	} else {
		item = n.children[last].removeLast()
		n.balance(last)
	}
	n.size--
	return item
}

// balance sees to a child that may have become small: it is joined with one beside it, or gets half of what both have.
func (n *node[T]) balance(i int) {
	if len(n.children[i].items) >= minItems {
		return
	}
	i = min(i, len(n.items)-1)
	left, right := n.children[i], n.children[i+1]
	both := len(left.items) + len(right.items)
	if both < maxItems {
		left.items = append(append(left.items, n.items[i]), right.items...)
		left.children = append(left.children, right.children...)
		left.count()
		n.items = slices.Delete(n.items, i, i+1)
		n.children = slices.Delete(n.children, i+1, i+2)
		return
	}
	if move := both/2 - len(left.items); move > 0 {
		left.items = append(append(left.items, n.items[i]), right.items[:move-1]...)
		n.items[i] = right.items[move-1]
		right.items = slices.Delete(right.items, 0, move)
		if !left.leaf() {
			left.children = append(left.children, right.children[:move]...)
			right.children = slices.Delete(right.children, 0, move)
		}
	} else if keep := len(left.items) + move; move < 0 {
		right.items = slices.Insert(right.items, 0, n.items[i])
		right.items = slices.Insert(right.items, 0, left.items[keep+1:]...)
		n.items[i] = left.items[keep]
		left.items = slices.Delete(left.items, keep, len(left.items))
		if !left.leaf() {
			right.children = slices.Insert(right.children, 0, left.children[keep+1:]...)
			left.children = slices.Delete(left.children, keep+1, len(left.children))
		}
	}
	left.count()
	right.count()
}

// up walks from a place, or from the beginning where it is nil; it reports whether to go on.
func (n *node[T]) up(at func(T) int, yield func(T) bool) bool {
	i, found := 0, false
	if at != nil {
		i, found = n.find(at)
	}
	if !found && !n.leaf() && !n.children[i].up(at, yield) {
		return false
	}
	for ; i < len(n.items); i++ {
		if !yield(n.items[i]) || !n.leaf() && !n.children[i+1].up(nil, yield) {
			return false
		}
	}
	return true
}

func (n *node[T]) down(at func(T) int, yield func(T) bool) bool {
	i, found := len(n.items), false // items before i are yet to come
	if at != nil {
		i, found = n.find(at)
	}
	if found {
		i++
	} else if !n.leaf() && !n.children[i].down(at, yield) {
		return false
	}
	for ; i > 0; i-- {
		if !yield(n.items[i-1]) || !n.leaf() && !n.children[i-1].down(nil, yield) {
			return false
		}
	}
	return true
}
