package search

import (
	"hash/maphash"
	"strings"
)

// lexicon finds the number of a form, and its term, by its text: faster than a map, which would ask for the term apart.
type lexicon struct {
	seed  maphash.Seed
	slots []slot // a power of two of them, half of them free at least
	sheet strings.Builder
}

// slot has a text beside its number, so that the processor waits once for both. Its form is 0 where it is free.
type slot struct {
	text             string
	hash, form, term uint32
}

func newLexicon() lexicon { return lexicon{seed: maphash.MakeSeed(), slots: make([]slot, 64)} }

// find looks a form up.
func (l *lexicon) find(key []byte) (form, term uint32, ok bool) {
	hash := uint32(maphash.Bytes(l.seed, key))
	for at, mask := hash, uint32(len(l.slots)-1); ; at++ {
		switch s := &l.slots[at&mask]; {
		case s.form == 0:
			return 0, 0, false
		case s.hash == hash && s.text == string(key):
			return s.form, s.term, true
		}
	}
}

// add remembers a form that is not there, under the next number.
func (l *lexicon) add(text string, form, term uint32) {
	if 2*int(form) > len(l.slots) {
		old := l.slots
		l.slots = make([]slot, 2*len(old))
		for i := range old {
			if old[i].form != 0 {
				l.place(old[i])
			}
		}
	}
	l.place(slot{text, uint32(maphash.String(l.seed, text)), form, term})
}

func (l *lexicon) place(s slot) {
	at, mask := s.hash, uint32(len(l.slots)-1)
	for l.slots[at&mask].form != 0 {
		at++
	}
	l.slots[at&mask] = s
}

// keep is a text of its own with many others in one piece of memory.
func (l *lexicon) keep(key []byte) string {
	if l.sheet.Cap()-l.sheet.Len() < len(key) {
		room := min(max(1<<10, 2*l.sheet.Cap()), 64<<10)
		l.sheet = strings.Builder{} // texts keep the full one
		l.sheet.Grow(max(room, len(key)))
	}
	at := l.sheet.Len()
	l.sheet.Write(key)
	return l.sheet.String()[at:]
}
