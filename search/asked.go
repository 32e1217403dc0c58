package search

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// asked is a query cut into words, the same for every language.
type asked struct {
	words   []piece
	phrases [][]piece
	not     [][]piece
	list    bool // no word is looked for: what remains is listed
}

// piece is a word of a query, or what a word begins with.
type piece struct {
	key    string
	prefix bool
}

func ask(clauses []Clause) asked {
	var a asked
	for _, c := range clauses {
		pieces, joined := cut(c.Text, c.Prefix)
		if len(pieces) == 0 {
			continue
		}
		switch {
		case c.Exclude:
			a.not = append(a.not, pieces)
			for _, whole := range joined {
				a.not = append(a.not, []piece{whole})
			}
			continue
		case c.Phrase:
			a.phrases = append(a.phrases, pieces)
		}
		a.words = append(append(a.words, pieces...), joined...)
	}
	a.list = len(a.words) == 0
	return a
}

// cut is a text in words that stand one after the other, and the wholes of those that are of several parts. A single
// character of writing in pairs is what a pair begins with. A prefix is the last word, as a whole where it is of parts.
func cut(text string, prefix bool) (pieces, joined []piece) {
	var s scanner
	s.reset(text)
	last := 0
	for group := s.next(); group != nil; group = s.next() {
		last = len(pieces)
		for _, t := range group {
			switch t.place {
			case Next:
				r, size := utf8.DecodeRune(t.key)
				pieces = append(pieces, piece{string(t.key), inPairs(r) && size == len(t.key)})
			case Whole:
				joined = append(joined, piece{string(t.key), false})
			}
		}
		if n := len(group) - 1; prefix && group[n].place == Whole && strings.TrimSpace(s.text[s.at:]) == "" {
			joined = joined[:len(joined)-1]
			pieces = append(pieces[:last], piece{key: string(group[n].key)})
		}
	}
	if prefix && len(pieces) > 0 {
		pieces[len(pieces)-1].prefix = true
	}
	return pieces, joined
}

// telling are the words that are ranked: all but stop words, unless there are no others.
func (a *asked) telling(l *language) []piece {
	says := func(w piece) bool { return w.prefix || !l.stop[w.key] }
	if !slices.ContainsFunc(a.words, says) {
		return a.words
	}
	var list []piece
	for _, w := range a.words {
		if says(w) {
			list = append(list, w)
		}
	}
	return list
}

// plan is what a query asks of one shelf.
type plan struct {
	want []want
	must [][]uint32 // the documents with each phrase
	not  [][]uint32
	list bool
}

// want is a word that is ranked: its postings, and what it weighs.
type want struct {
	word   string
	term   uint32
	prefix string // in place of the term
	docs   []uint32
	tfs    []uint16
	df     uint32
	times  float64
	weight float64 // times the rarity
	bound  float64 // no document gets more by it
	at     int
}

func (s *shelf) plan(a *asked) *plan {
	p := &plan{list: a.list}
	for _, w := range a.telling(s.lang) {
		p.add(s, w)
	}
	for _, phrase := range a.phrases {
		p.must = append(p.must, s.having(phrase))
	}
	for _, phrase := range a.not {
		p.not = append(p.not, s.having(phrase))
	}
	return p
}

// add adds a word. One that is there already counts once more.
func (p *plan) add(s *shelf, w piece) {
	if w.prefix {
		for i := range p.want {
			if p.want[i].prefix == w.key {
				p.want[i].times++
				return
			}
		}
		if docs, tfs := s.beginning(w.key); len(docs) > 0 {
			p.want = append(p.want, want{word: w.key + "*", prefix: w.key, docs: docs, tfs: tfs, df: uint32(len(docs)), times: 1})
		}
		return
	}
	if t, ok := s.term([]byte(w.key)); ok && s.terms[t].df > 0 {
		p.term(s, t, 1, w.key)
	}
}

func (p *plan) term(s *shelf, t uint32, times float64, word string) {
	for i := range p.want {
		if p.want[i].prefix == "" && p.want[i].term == t {
			p.want[i].times += times
			return
		}
	}
	m := &s.terms[t]
	p.want = append(p.want, want{word: word, term: t, docs: m.docs, tfs: m.tfs, df: m.df, times: times})
}

// wants reports whether a word of a document is one of those that are ranked.
func (p *plan) wants(s *shelf, key []byte) (int, bool) {
	t, known := s.term(key)
	for i := range p.want {
		w := &p.want[i]
		if w.prefix == "" && known && w.term == t || w.prefix != "" && strings.HasPrefix(string(key), w.prefix) {
			return i, true
		}
	}
	return 0, false
}
