package memory

import (
	"math/bits"
	"slices"
)

// words is a set of ordinals, a bit for each. What is beyond its end is not in it.
type words []uint64

// full answers the set of the first n ordinals.
func full(n int) words {
	w := make(words, (n+63)/64)
	for i := range w {
		w[i] = ^uint64(0)
	}
	if n%64 > 0 {
		w[len(w)-1] = 1<<(n%64) - 1
	}
	return w
}

func (w words) has(ord uint32) bool {
	i := int(ord / 64)
	return i < len(w) && w[i]&(1<<(ord%64)) != 0
}

func (w words) add(ord uint32) { w[ord/64] |= 1 << (ord % 64) }

func (w words) drop(ord uint32) {
	if i := int(ord / 64); i < len(w) {
		w[i] &^= 1 << (ord % 64)
	}
}

func (w words) count() int {
	n := 0
	for _, word := range w {
		n += bits.OnesCount64(word)
	}
	return n
}

// and keeps what is in both.
func (w words) and(other words) {
	n := min(len(w), len(other))
	for i, word := range other[:n] {
		w[i] &= word
	}
	clear(w[n:])
}

// without takes out what is in another set.
func (w words) without(other words) {
	for i, word := range other[:min(len(w), len(other))] {
		w[i] &^= word
	}
}

// or adds what is in another set, which is no longer.
func (w words) or(other words) {
	for i, word := range other {
		w[i] |= word
	}
}

// each calls a function with each ordinal in order.
func (w words) each(do func(ord uint32)) {
	for i, word := range w {
		for ; word != 0; word &= word - 1 {
			do(uint32(i*64 + bits.TrailingZeros64(word)))
		}
	}
}

// list answers the ordinals in order.
func (w words) list() []uint32 {
	list := make([]uint32, 0, w.count())
	w.each(func(ord uint32) { list = append(list, ord) })
	return list
}

// set is a set of ordinals that changes: a list in order while it has few of them, bits when it has many. Either takes
// little: a bit for each ordinal that there is, where one of 256 is in the set, else four bytes for each one in it.
type set struct {
	few  []uint32
	many words // nil while it is a list
	size int
}

const (
	smallSet = 64   // is always a list
	manyOf   = 256  // one of so many makes it bits
	fewOf    = 1024 // less than one of so many makes it a list again
)

// add puts a new ordinal into the set, where there are so many in all.
func (s *set) add(ord uint32, all int) {
	s.size++
	if s.many == nil {
		if s.size <= max(smallSet, all/manyOf) {
			i, _ := slices.BinarySearch(s.few, ord)
			s.few = slices.Insert(s.few, i, ord)
			return
		}
		s.many = make(words, (all+63)/64)
		for _, ord := range s.few {
			s.many.add(ord)
		}
		s.few = nil
	}
	for int(ord/64) >= len(s.many) {
		s.many = append(s.many, 0)
	}
	s.many.add(ord)
}

// remove takes out an ordinal that is in the set.
func (s *set) remove(ord uint32, all int) {
	s.size--
	if s.many == nil {
		i, _ := slices.BinarySearch(s.few, ord)
		s.few = slices.Delete(s.few, i, i+1)
		return
	}
	s.many.drop(ord)
	if s.size < max(smallSet/2, all/fewOf) {
		s.few, s.many = s.many.list(), nil
	}
}

// addTo adds the set to bits.
func (s *set) addTo(w words) {
	for _, ord := range s.few {
		w.add(ord)
	}
	w.or(s.many)
}

// within counts what is in bits too.
func (s *set) within(w words) int {
	n := 0
	for _, ord := range s.few {
		if w.has(ord) {
			n++
		}
	}
	for i, word := range s.many[:min(len(s.many), len(w))] {
		n += bits.OnesCount64(word & w[i])
	}
	return n
}
