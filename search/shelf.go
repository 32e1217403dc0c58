package search

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
	"strings"
	"time"
)

// shelf holds the documents of one tenant in one language, with statistics of its own.
//
// A form is a word as documents write it, folded; a term is what forms are cut to and what postings are of. Beside the
// postings each document keeps its forms in their order: phrases and prefixes are proved there, on the document alone, so
// that what others hold, hidden ones too, cannot change whether it is found.
type shelf struct {
	lang *language
	in   Weights

	byForm lexicon
	forms  []string // by number; 0 is a gap between fields
	cut    []uint32 // the term of each form
	sorted []uint32 // forms by their text; those from len(sorted)+1 on are not sorted yet
	byTerm map[string]uint32
	stems  []string // the text of each term
	terms  []term
	peaks  [][]uint8 // of each term that many have: no document of each window has it more often; 255 is any number

	byName  map[name]uint32
	docs    []record
	lengths []uint32 // weighted length of each document
	access  []uint32 // the access of each document: 0 for one that was removed
	labels  []uint32 // the labels of each document
	live    int
	length  uint64 // weighted length of all
	plain   uint64 // length of all, by which weights are rated
	least   uint32 // no document is shorter

	accesses  []access
	byAccess  map[string]uint32
	labelings []map[string][]string
	byLabels  map[string]uint32
	names     map[string]uint32 // interned kinds with locales
	named     []Ref             // which these are

	chunks [][]byte // forms of documents in their order
	scan   scanner
	line   []byte // the stream of the document that is put
	field  []at   // the words of the field that is read
	key    []byte
}

// at is a word of a document as it stands in the stream, and its term.
type at struct{ v, term uint32 }

// term has the documents in which it occurs, ascending, and how often, weighted.
type term struct {
	docs   []uint32
	tfs    []uint16
	df     uint32 // documents that are there
	latest uint32 // one more than the last document
	forms  uint32 // how many forms are cut to it
	most   uint16 // no document has it more often
	stop   bool
	idle   bool // it makes no document longer
}

type name struct {
	id string
	in uint32 // kind and locale
}

type record struct {
	id, title, body, keywords string
	at                        int64 // microseconds
	chunk, offset             uint32
}

// access is what many documents have in common: who may see them, and what they are.
type access struct {
	kind, locale string
	allow, deny  []string
}

func newShelf(lang *language, in Weights) *shelf {
	return &shelf{
		lang: lang, in: in, least: math.MaxUint32,
		byForm: newLexicon(), forms: make([]string, 1), cut: make([]uint32, 1), byTerm: map[string]uint32{},
		byName:   map[name]uint32{},
		accesses: make([]access, 1), byAccess: map[string]uint32{}, byLabels: map[string]uint32{}, names: map[string]uint32{},
	}
}

// put adds a document in place of the one of its name.
func (s *shelf) put(d *Document) {
	s.remove(d.Ref)
	doc := uint32(len(s.docs))
	s.line = s.line[:0]
	length, plain := uint32(0), uint64(0)
	add := func(text string, weight int) {
		n := uint32(0)
		if weight > 0 {
			n = s.read(doc, text, uint32(weight))
		}
		s.line = append(s.line, 0) // after every field, so that a phrase ends with it and its weight is known
		length += n * uint32(weight)
		plain += uint64(n)
	}
	add(d.Title, s.in.Title)
	add(d.Body, s.in.Body)
	keywords := strings.Join(d.Keywords, "\n")
	for k := range strings.SplitSeq(keywords, "\n") {
		add(k, s.in.Keywords)
	}
	s.docs = append(s.docs, record{id: d.ID, title: d.Title, body: d.Body, keywords: keywords, at: d.At.UnixMicro()})
	s.keep(doc)
	s.lengths = append(s.lengths, length)
	s.access = append(s.access, s.accessOf(d))
	s.labels = append(s.labels, s.labelsOf(d.Labels))
	s.byName[s.nameOf(d.Ref)] = doc
	s.live++
	s.length += uint64(length)
	s.plain += plain
	s.least = min(s.least, length)
	if tail := len(s.forms) - 1 - len(s.sorted); tail > 1024+len(s.sorted)/4 {
		s.sort()
	}
}

// read adds the words of a field to the postings and to the stream, and counts those that make it longer: all but stop words
// and numbers. The numbers of a log or a table say nothing of how much else a text deals with.
func (s *shelf) read(doc uint32, text string, weight uint32) (n uint32) {
	s.field = s.field[:0]
	s.scan.reset(text)
	for group := s.scan.next(); group != nil; group = s.scan.next() {
		for i := range group {
			t := &group[i]
			form, term, ok := s.byForm.find(t.key)
			if !ok {
				form, term = s.newForm(t.key)
			}
			v := form << 1
			if t.place != Next {
				v |= 1
			}
			s.field = append(s.field, at{v, term})
		}
	}
	for _, w := range s.field { // apart, so that the processor waits for several terms at once
		s.line = binary.AppendUvarint(s.line, uint64(w.v))
		m := &s.terms[w.term]
		if w.v&1 == 0 && !m.idle {
			n++
		}
		tf := uint16(weight)
		if m.latest != doc+1 {
			m.latest = doc + 1
			m.docs = append(m.docs, doc)
			m.tfs = append(m.tfs, tf)
			m.df++
		} else {
			last := &m.tfs[len(m.tfs)-1]
			tf = saturated(*last, weight)
			*last = tf
		}
		m.most = max(m.most, tf)
		if len(m.docs) >= peaked {
			s.peak(w.term, doc, tf)
		}
	}
	return n
}

// peaked is how many documents a term has for which peaks are kept.
const peaked = 1 << 10

// peak remembers how often a document of a window has a term at most.
func (s *shelf) peak(t, doc uint32, tf uint16) {
	peaks := s.peaks[t]
	if peaks == nil {
		m := &s.terms[t]
		for i, d := range m.docs[:len(m.docs)-1] {
			peaks = raised(peaks, d, m.tfs[i])
		}
	}
	s.peaks[t] = raised(peaks, doc, tf)
}

func raised(peaks []uint8, doc uint32, tf uint16) []uint8 {
	at := int(doc / window)
	for len(peaks) <= at {
		peaks = append(peaks, 0)
	}
	peaks[at] = max(peaks[at], uint8(min(tf, math.MaxUint8)))
	return peaks
}

func (s *shelf) newForm(key []byte) (f, t uint32) {
	text := s.byForm.keep(key)
	cut, stop := s.lang.term(text)
	t, ok := s.byTerm[cut]
	if !ok {
		t = uint32(len(s.terms))
		s.byTerm[cut] = t
		s.stems = append(s.stems, cut)
		s.peaks = append(s.peaks, nil)
		s.terms = append(s.terms, term{stop: stop, idle: stop || strings.Trim(cut, "0123456789") == ""})
	}
	s.terms[t].forms++
	f = uint32(len(s.forms))
	s.byForm.add(text, f, t)
	s.forms = append(s.forms, text)
	s.cut = append(s.cut, t)
	return f, t
}

// allLocales is the locale of a document that is removed in all of them.
const allLocales = "*"

// remove takes a document away. Its postings stay until the shelf is made anew.
func (s *shelf) remove(ref Ref) {
	if ref.Locale == allLocales {
		for _, n := range s.named {
			if n.Kind == ref.Kind && n.Locale != allLocales {
				s.remove(Ref{ref.Kind, ref.ID, n.Locale})
			}
		}
	}
	doc, ok := s.find(ref)
	if !ok {
		return
	}
	delete(s.byName, s.nameOf(ref))
	s.access[doc] = 0
	s.live--
	s.length -= uint64(s.lengths[doc])
	var terms []uint32
	for v := range s.words(doc) {
		if v == 0 {
			continue
		}
		t := s.cut[v>>1]
		terms = append(terms, t)
		if v&1 == 0 && !s.terms[t].idle {
			s.plain--
		}
	}
	slices.Sort(terms)
	for _, t := range slices.Compact(terms) {
		s.terms[t].df--
	}
	s.docs[doc] = record{chunk: s.docs[doc].chunk, offset: s.docs[doc].offset}
}

// find is the number of a document that is there.
func (s *shelf) find(ref Ref) (uint32, bool) {
	in, ok := s.names[string(appendKey(make([]byte, 0, 32), ref.Kind, ref.Locale))]
	if !ok {
		return 0, false
	}
	doc, ok := s.byName[name{ref.ID, in}]
	return doc, ok
}

func (s *shelf) nameOf(ref Ref) name {
	s.key = appendKey(s.key[:0], ref.Kind, ref.Locale)
	in, ok := s.names[string(s.key)]
	if !ok {
		in = uint32(len(s.names))
		s.names[string(s.key)] = in
		s.named = append(s.named, Ref{Kind: ref.Kind, Locale: ref.Locale})
	}
	return name{ref.ID, in}
}

// ref is the name of a document that is there.
func (s *shelf) ref(doc uint32) Ref {
	a := &s.accesses[s.access[doc]]
	return Ref{a.kind, s.docs[doc].id, a.locale}
}

// document is one that is there, as it was put.
func (s *shelf) document(tenant string, doc uint32) Document {
	r, a := &s.docs[doc], &s.accesses[s.access[doc]]
	d := Document{Tenant: tenant, Ref: s.ref(doc), Title: r.title, Body: r.body, Allow: a.allow, Deny: a.deny,
		Labels: s.labelings[s.labels[doc]], At: time.UnixMicro(r.at)}
	if r.keywords != "" {
		d.Keywords = strings.Split(r.keywords, "\n")
	}
	return d
}

// anew is a shelf with the documents that are there, and nothing of those that were removed.
func (s *shelf) anew() *shelf {
	fresh := newShelf(s.lang, s.in)
	for doc := range s.docs {
		if s.access[doc] != 0 {
			d := s.document("", uint32(doc))
			fresh.put(&d)
		}
	}
	return fresh
}

// worn reports whether most of the shelf is what was removed.
func (s *shelf) worn() bool {
	gone := len(s.docs) - s.live
	return gone > 256 && gone > s.live
}

func (s *shelf) accessOf(d *Document) uint32 {
	s.key = appendKey(s.key[:0], d.Kind, d.Locale)
	s.key = appendKey(appendKey(s.key, d.Allow...), d.Deny...)
	n, ok := s.byAccess[string(s.key)]
	if !ok {
		n = uint32(len(s.accesses))
		s.byAccess[string(s.key)] = n
		s.accesses = append(s.accesses, access{d.Kind, d.Locale, slices.Clone(d.Allow), slices.Clone(d.Deny)})
	}
	return n
}

func (s *shelf) labelsOf(labels map[string][]string) uint32 {
	s.key = s.key[:0]
	if len(labels) > 0 {
		keys := make([]string, 0, len(labels))
		for key := range labels {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			s.key = appendKey(appendKey(s.key, key), labels[key]...)
		}
	}
	n, ok := s.byLabels[string(s.key)]
	if !ok {
		var own map[string][]string
		for key, values := range labels {
			if own == nil {
				own = make(map[string][]string, len(labels))
			}
			own[key] = slices.Clone(values)
		}
		n = uint32(len(s.labelings))
		s.byLabels[string(s.key)] = n
		s.labelings = append(s.labelings, own)
	}
	return n
}

// appendKey adds texts so that no two lists make the same key.
func appendKey(key []byte, texts ...string) []byte {
	key = binary.AppendUvarint(key, uint64(len(texts)))
	for _, text := range texts {
		key = append(binary.AppendUvarint(key, uint64(len(text))), text...)
	}
	return key
}

// chunkSize bounds the pieces in which streams are kept; small shelves have smaller ones.
const chunkSize = 256 << 10

// keep stores the stream of a document, its length before it.
func (s *shelf) keep(doc uint32) {
	need := len(s.line) + binary.MaxVarintLen32
	last := len(s.chunks) - 1
	if last < 0 || cap(s.chunks[last])-len(s.chunks[last]) < need {
		size := 1 << 10
		if last >= 0 {
			size = min(2*cap(s.chunks[last]), chunkSize)
		}
		s.chunks = append(s.chunks, make([]byte, 0, max(size, need)))
		last++
	}
	c := s.chunks[last]
	s.docs[doc].chunk, s.docs[doc].offset = uint32(last), uint32(len(c))
	s.chunks[last] = append(binary.AppendUvarint(c, uint64(len(s.line))), s.line...)
}

// term is the number of the term that a folded word is cut to, where any document has it or had it.
func (s *shelf) term(word []byte) (t uint32, ok bool) {
	if _, t, ok := s.byForm.find(word); ok {
		return t, true
	}
	cut, _ := s.lang.term(string(word))
	t, ok = s.byTerm[cut]
	return t, ok
}

// stream is the forms of a document in their order, as varints: twice the form's number, plus 1 where it stands beside the
// next plain one; 0 ends a field.
func (s *shelf) stream(doc uint32) []byte {
	r := &s.docs[doc]
	b := s.chunks[r.chunk][r.offset:]
	n, size := binary.Uvarint(b)
	return b[size : size+int(n)]
}

// word is the word of a stream at a place, and the place of the next.
func word(stream []byte, at int) (v uint32, next int) {
	if v = uint32(stream[at]); v < 0x80 {
		return v, at + 1
	}
	return longWord(stream, at)
}

func longWord(stream []byte, at int) (v uint32, next int) {
	for shift := 0; ; shift += 7 {
		b := stream[at]
		at++
		if v |= uint32(b&0x7f) << shift; b < 0x80 {
			return v, at
		}
	}
}

// words walks the stream of a document.
func (s *shelf) words(doc uint32) func(func(uint32) bool) {
	return func(yield func(uint32) bool) {
		stream := s.stream(doc)
		for at := 0; at < len(stream); {
			var v uint32
			if v, at = word(stream, at); !yield(v) {
				return
			}
		}
	}
}

// sort puts every form in its place among the sorted.
func (s *shelf) sort() {
	compare := func(a, b uint32) int { return strings.Compare(s.forms[a], s.forms[b]) }
	old := s.sorted
	fresh := make([]uint32, 0, len(s.forms)-1-len(old))
	for f := len(old) + 1; f < len(s.forms); f++ {
		fresh = append(fresh, uint32(f))
	}
	slices.SortFunc(fresh, compare)
	s.sorted = make([]uint32, 0, len(s.forms)-1)
	for len(old) > 0 && len(fresh) > 0 {
		if compare(old[0], fresh[0]) < 0 {
			s.sorted, old = append(s.sorted, old[0]), old[1:]
		} else {
			s.sorted, fresh = append(s.sorted, fresh[0]), fresh[1:]
		}
	}
	s.sorted = append(append(s.sorted, old...), fresh...)
}

// begin calls f for each form that begins with a prefix.
func (s *shelf) begin(prefix string, f func(form uint32)) {
	at, _ := slices.BinarySearchFunc(s.sorted, prefix, func(n uint32, p string) int { return strings.Compare(s.forms[n], p) })
	for ; at < len(s.sorted) && strings.HasPrefix(s.forms[s.sorted[at]], prefix); at++ {
		f(s.sorted[at])
	}
	for n := len(s.sorted) + 1; n < len(s.forms); n++ {
		if strings.HasPrefix(s.forms[n], prefix) {
			f(uint32(n))
		}
	}
}
