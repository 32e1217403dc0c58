package search

import (
	"cmp"
	"slices"
)

// best keeps the best documents that it was offered, in a heap with the worst of them on top.
type best struct {
	room  int
	heap  []found
	floor float64 // what scores less is none of them
}

// found is a document and what it is ranked by.
type found struct {
	score float64
	at    int64
	run   *run
	doc   uint32
}

// compare puts the better one first: by score, the newer one, and by name.
func compare(a, b found) int {
	if c := cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.at, a.at)); c != 0 {
		return c
	}
	x, y := a.run.shelf.ref(a.doc), b.run.shelf.ref(b.doc)
	return cmp.Or(cmp.Compare(x.ID, y.ID), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Locale, y.Locale))
}

func (b *best) offer(f found) {
	if len(b.heap) < b.room {
		b.heap = append(b.heap, f)
		for at := len(b.heap) - 1; at > 0; {
			above := (at - 1) / 2
			if compare(b.heap[at], b.heap[above]) < 0 {
				break
			}
			b.heap[at], b.heap[above] = b.heap[above], b.heap[at]
			at = above
		}
	} else if b.room > 0 && compare(f, b.heap[0]) < 0 {
		b.heap[0] = f
		b.sink()
	}
	if len(b.heap) == b.room && b.room > 0 {
		b.floor = max(b.floor, b.heap[0].score)
	}
}

func (b *best) sink() {
	for at := 0; ; {
		worst := at
		for child := 2*at + 1; child <= 2*at+2 && child < len(b.heap); child++ {
			if compare(b.heap[child], b.heap[worst]) > 0 {
				worst = child
			}
		}
		if worst == at {
			return
		}
		b.heap[at], b.heap[worst] = b.heap[worst], b.heap[at]
		at = worst
	}
}

// ranked are the best, best first.
func (b *best) ranked() []found {
	slices.SortFunc(b.heap, compare)
	return b.heap
}
