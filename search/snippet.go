package search

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// fragment is how many bytes of a body are shown, about, and lead how many of them stand before the first match.
const (
	fragment = 200
	lead     = 40
)

func hits(ranked []found, snippets bool) []Hit {
	list := make([]Hit, len(ranked))
	for i, f := range ranked {
		s := f.run.shelf
		h := Hit{Ref: s.ref(f.doc), Score: f.score, Matched: f.run.matched(f.doc)}
		if snippets {
			d := &s.docs[f.doc]
			h.Title, h.Fragment = Snippets(d.title, d.body, f.run.rarities(), func(form []byte) (int, bool) { return f.run.wants(s, form) })
		}
		list[i] = h
	}
	return list
}

// matched are the words that a document has, the strongest first.
func (r *run) matched(doc uint32) (list []Match) {
	for i := range r.want {
		w := &r.want[i]
		if at, ok := slices.BinarySearch(w.docs, doc); ok {
			list = append(list, Match{w.word, r.score(w, w.tfs[at], r.shelf.lengths[doc])})
		}
	}
	slices.SortFunc(list, func(a, b Match) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Word, b.Word)) })
	return list
}

// mention is a word of a text that is looked for.
type mention struct {
	Span
	want int
}

// rarities are what the words weigh.
func (r *run) rarities() []float64 {
	list := make([]float64, len(r.want))
	for i := range r.want {
		list[i] = r.want[i].weight
	}
	return list
}

// Snippets are a title whole and the part of a body that has the most of what is looked for, as a [Hit] shows them: for
// indexes of one's own. Wanted answers which word a form (see [Word]) is, by its place among the weights; the form is good
// until it returns.
func Snippets(title, body string, weights []float64, wanted func(form []byte) (word int, ok bool)) (whole, part Snippet) {
	e := excerpts{weights, wanted}
	return e.of(title, len(title)), e.of(body, fragment)
}

// excerpts cuts texts so that what is looked for is seen.
type excerpts struct {
	weights []float64
	wanted  func(form []byte) (int, bool)
}

// of is the part of a text that has the most of what is looked for, about so many bytes, with every word of it that matches.
func (e *excerpts) of(text string, size int) Snippet {
	var scan scanner
	var mentions []mention
	scan.reset(text)
	for group := scan.next(); group != nil && len(e.weights) > 0; group = scan.next() {
		for i := range group {
			if want, ok := e.wanted(group[i].key); ok {
				mentions = append(mentions, mention{Span{group[i].start, group[i].end}, want})
			}
		}
	}
	slices.SortFunc(mentions, func(a, b mention) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	begin, end := 0, len(text)
	if len(text) > size {
		begin, end = bounds(text, e.densest(mentions, size), size)
		if end-begin > 2*size { // a word without an end
			end = begin + size
			for end > begin+1 && !utf8.RuneStart(text[end]) {
				end--
			}
		}
	}
	s := Snippet{Text: text[begin:end], Before: begin > 0, After: end < len(text)}
	for _, m := range mentions {
		if m.Start < begin || m.End > end {
			continue
		}
		span := Span{m.Start - begin, m.End - begin}
		if last := len(s.Spans) - 1; last >= 0 && span.Start < s.Spans[last].End {
			s.Spans[last].End = max(s.Spans[last].End, span.End)
		} else {
			s.Spans = append(s.Spans, span)
		}
	}
	return s
}

// densest is where the part with the most and rarest words begins: each counts once there, the earliest part wins.
func (e *excerpts) densest(mentions []mention, size int) int {
	at, most := 0, 0.0
	seen := make([]int, len(e.weights)) // the part in which a word was counted last
	for i := range mentions {
		sum := 0.0
		for _, m := range mentions[i:] {
			if m.End > mentions[i].Start-lead+size {
				break
			}
			if seen[m.want] != i+1 {
				seen[m.want] = i + 1
				sum += e.weights[m.want]
			}
		}
		if sum > most {
			at, most = mentions[i].Start, sum
		}
	}
	return at
}

// bounds are where a part of a text begins, a few words before at, and where it ends; both between words.
func bounds(text string, at, size int) (begin, end int) {
	var scan scanner
	scan.reset(text)
	begin = at
	if at <= lead {
		begin = 0
	}
	for {
		group := scan.next()
		if group == nil {
			return begin, len(text)
		}
		for i := range group {
			start, stop := group[i].start, group[i].end
			if begin == at && start >= at-lead && start < at {
				begin = start
			}
			if end < begin {
				end = begin
			}
			if start < begin || group[i].place == Whole {
				continue
			}
			if end > begin && stop > begin+size {
				return begin, end
			}
			end = max(end, stop)
		}
	}
}
