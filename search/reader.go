package search

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// Reader reads texts and queries as [Memory] does, so that an index of one's own finds the same words. It is safe for
// concurrent use.
type Reader struct {
	known map[string]*language
	home  *language
}

// NewReader makes a reader. Language is that of documents without a locale, empty where it is not known.
func NewReader(language string) *Reader {
	r := &Reader{known: languages()}
	r.home = r.known[r.Language(language)]
	return r
}

// Language is the tag of the language in which texts of a locale are read, empty for one of no stems. Documents of one
// language are ranked among each other.
func (r *Reader) Language(locale string) string { return r.read(locale).tag }

// Languages are the tags of all languages that are known, in order; the empty one is first.
func (r *Reader) Languages() []string { return slices.Sorted(maps.Keys(r.known)) }

// read is the language in which a text of a locale is read.
func (r *Reader) read(locale string) *language {
	if locale == "" && r.home != nil {
		return r.home
	}
	if l, ok := r.known[tagOf(locale)]; ok {
		return l
	}
	return r.known[""]
}

// Word is a word of a text.
type Word struct {
	// Form is the word in lower case and without diacritics, 64 bytes or a few more. It has no space.
	Form string
	// Term is what forms of one word have in common: the stem. That of a stop word begins with a space.
	Term string
	// Place says how it stands among the others.
	Place Place
	// Stop says that the language has it for joining others only, and Idle that it makes no text longer: it is a stop word or
	// a number.
	Stop, Idle bool
	Span
}

// Place says how a word stands among the words of its text.
type Place uint8

// The places of words.
const (
	// Next stands after the one before: phrases are made of such words.
	Next Place = iota
	// Whole stands beside its parts, which come before it: vpn1234 beside the vpn and 1234 of VPN-1234.
	Whole
	// Tail is the last character of a run of writing without spaces, which is read in pairs.
	Tail
)

// Words are the words of a text of a language. What ranges over it must not change the text; the words may be kept.
func (r *Reader) Words(language, text string) iter.Seq[Word] {
	l := r.in(language)
	return func(yield func(Word) bool) {
		var s scanner
		s.reset(text)
		for group := s.next(); group != nil; group = s.next() {
			for _, t := range group {
				form := string(t.key)
				term, stop := l.term(form)
				w := Word{form, term, t.place, stop, stop || strings.Trim(term, "0123456789") == "", Span{t.start, t.end}}
				if !yield(w) {
					return
				}
			}
		}
	}
}

// Term is the term of a form in a language.
func (r *Reader) Term(language, form string) string {
	term, _ := r.in(language).term(form)
	return term
}

// in is a language by its tag.
func (r *Reader) in(tag string) *language {
	if l := r.known[tag]; l != nil {
		return l
	}
	return r.known[""]
}

// Question is what a query asks of the documents of one language.
type Question struct {
	// Words rank: a document has one of them at least, if there is no phrase. One that comes twice counts twice.
	Words []Asked
	// Phrases must each be there, the words one after the other in a field, and Not must not.
	Phrases, Not [][]Asked
	// List says that no word is looked for: everything else is listed.
	List bool
}

// Asked is a word of a query.
type Asked struct {
	Form, Term string
	// Prefix asks for every form that begins so. Else the term is asked for.
	Prefix bool
}

// Question reads a query for the documents of a language.
func (r *Reader) Question(language string, clauses []Clause) Question {
	l := r.in(language)
	of := func(pieces []piece) []Asked {
		list := make([]Asked, len(pieces))
		for i, p := range pieces {
			term, _ := l.term(p.key)
			list[i] = Asked{p.key, term, p.prefix}
		}
		return list
	}
	a := ask(clauses)
	q := Question{Words: of(a.telling(l)), List: a.list}
	for _, phrase := range a.phrases {
		q.Phrases = append(q.Phrases, of(phrase))
	}
	for _, phrase := range a.not {
		q.Not = append(q.Not, of(phrase))
	}
	return q
}
