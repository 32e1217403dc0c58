package search

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// having answers the documents that have the words one after the other in a field, ascending; some of them may be removed.
func (s *shelf) having(phrase []piece) []uint32 {
	links := make([]link, len(phrase))
	for i, w := range phrase {
		if w.prefix {
			links[i].prefix = w.key
			links[i].docs, _ = s.beginning(w.key)
		} else if t, ok := s.term([]byte(w.key)); ok {
			links[i].term, links[i].docs = t, s.terms[t].docs
		}
		if len(links[i].docs) == 0 {
			return nil
		}
	}
	if len(links) == 1 {
		return links[0].docs
	}
	rarest := slices.MinFunc(links, func(a, b link) int { return len(a.docs) - len(b.docs) })
	ats := make([]int, len(links))
	forms := s.encoded(&links[0], len(rarest.docs))
	var found []uint32
next:
	for _, doc := range rarest.docs {
		if s.access[doc] == 0 {
			continue
		}
		for i := range links {
			if ats[i] = seek(links[i].docs, ats[i], doc); ats[i] == len(links[i].docs) || links[i].docs[ats[i]] != doc {
				continue next
			}
		}
		if s.follow(s.stream(doc), links, forms) {
			found = append(found, doc)
		}
	}
	return found
}

// link is a word of a phrase.
type link struct {
	term   uint32
	prefix string
	docs   []uint32
}

// encoded are the forms of the first word of a phrase as they stand in streams, where there are many documents and few
// forms. To look for their bytes is faster than to read each word.
func (s *shelf) encoded(first *link, docs int) (forms [][]byte) {
	if first.prefix != "" || docs < 500 || s.terms[first.term].forms > 8 {
		return nil
	}
	for f := uint32(1); f < uint32(len(s.cut)); f++ {
		if s.cut[f] == first.term {
			forms = append(forms, binary.AppendUvarint(nil, uint64(f<<1)))
		}
	}
	return forms
}

// follow reports whether the words stand in a stream one after the other.
func (s *shelf) follow(stream []byte, links []link, forms [][]byte) bool {
	for _, form := range forms {
		for at := 0; ; {
			next := bytes.Index(stream[at:], form)
			if next < 0 {
				break
			}
			at += next + len(form)
			begun := at == len(form) || stream[at-len(form)-1] < 0x80 // else it is the end of a longer word
			if begun && s.on(stream, at, links) {
				return true
			}
		}
	}
	if forms != nil {
		return false
	}
	for at := 0; at < len(stream); {
		var v uint32
		if v, at = word(stream, at); v&1 == 0 && s.is(v, &links[0]) && s.on(stream, at, links) {
			return true
		}
	}
	return false
}

// on reports whether the stream goes on with all but the first word.
func (s *shelf) on(stream []byte, at int, links []link) bool {
	n := 1
	for n < len(links) && at < len(stream) {
		var v uint32
		if v, at = word(stream, at); v&1 != 0 {
			continue
		}
		if !s.is(v, &links[n]) {
			return false
		}
		n++
	}
	return n == len(links)
}

// is reports whether a word of a stream is the one of a phrase.
func (s *shelf) is(v uint32, l *link) bool {
	if l.prefix != "" {
		return strings.HasPrefix(s.forms[v>>1], l.prefix)
	}
	return s.cut[v>>1] == l.term && v != 0
}

// beginning answers the documents that are there and have a word that begins so, ascending, and how often, weighted.
// Where all forms of a term begin so, its postings say it; else the documents themselves are asked.
func (s *shelf) beginning(prefix string) (docs []uint32, tfs []uint16) {
	var begin []uint32
	forms := map[uint32]uint32{} // how many of a term
	s.begin(prefix, func(f uint32) {
		begin = append(begin, f)
		forms[s.cut[f]]++
	})
	if len(forms) == 0 {
		return nil, nil
	}
	some := make([]bool, len(s.forms)) // those of terms that have other forms as well
	for _, f := range begin {
		some[f] = forms[s.cut[f]] != s.terms[s.cut[f]].forms
	}
	sum := make([]uint16, len(s.docs))
	ask := make([]uint64, len(s.docs)/64+1)
	for t, n := range forms {
		m := &s.terms[t]
		for i, doc := range m.docs {
			if n == m.forms {
				sum[doc] = saturated(sum[doc], uint32(m.tfs[i]))
			} else {
				ask[doc/64] |= 1 << (doc % 64)
			}
		}
	}
	for doc := range uint32(len(s.docs)) {
		if s.access[doc] == 0 {
			continue
		}
		if ask[doc/64]>>(doc%64)&1 != 0 {
			sum[doc] = saturated(sum[doc], s.count(doc, some))
		}
		if sum[doc] > 0 {
			docs = append(docs, doc)
			tfs = append(tfs, sum[doc])
		}
	}
	return docs, tfs
}

// count is how often a document has some of the forms, weighted.
func (s *shelf) count(doc uint32, some []bool) (sum uint32) {
	field := 0
	stream := s.stream(doc)
	for at := 0; at < len(stream); {
		var v uint32
		if v, at = word(stream, at); v == 0 {
			field++
		} else if some[v>>1] {
			sum += uint32(s.in.of(field))
		}
	}
	return sum
}

// of is the weight of a field by its place.
func (w Weights) of(field int) int {
	switch field {
	case 0:
		return w.Title
	case 1:
		return w.Body
	}
	return w.Keywords
}

func saturated(a uint16, b uint32) uint16 { return uint16(min(uint32(a)+b, math.MaxUint16)) }

// seek is the first place from at on that is not before a document: in steps that double, since it is mostly near.
func seek(docs []uint32, at int, doc uint32) int {
	if at >= len(docs) || docs[at] >= doc {
		return at
	}
	step := 1
	for at+step < len(docs) && docs[at+step] < doc {
		at += step
		step *= 2
	}
	low, high := at+1, min(at+step, len(docs))
	for low < high {
		if mid := int(uint(low+high) >> 1); docs[mid] < doc {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}
