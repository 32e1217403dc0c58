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
			h.Title = f.run.snippet(d.title, len(d.title))
			h.Fragment = f.run.snippet(d.body, fragment)
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

// snippet is the part of a text that has the most of what is looked for, about so many bytes, with every word of it that
// matches.
func (r *run) snippet(text string, size int) Snippet {
	var scan scanner
	var mentions []mention
	scan.reset(text)
	for group := scan.next(); group != nil && len(r.want) > 0; group = scan.next() {
		for i := range group {
			if want, ok := r.wants(r.shelf, group[i].key); ok {
				mentions = append(mentions, mention{Span{group[i].start, group[i].end}, want})
			}
		}
	}
	slices.SortFunc(mentions, func(a, b mention) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End)) })
	begin, end := 0, len(text)
	if len(text) > size {
		begin, end = bounds(text, r.densest(mentions, size), size)
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
func (r *run) densest(mentions []mention, size int) int {
	at, most := 0, 0.0
	seen := make([]int, len(r.want)) // the part in which a word was counted last
	for i := range mentions {
		sum := 0.0
		for _, m := range mentions[i:] {
			if m.End > mentions[i].Start-lead+size {
				break
			}
			if seen[m.want] != i+1 {
				seen[m.want] = i + 1
				sum += r.want[m.want].weight
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
			if start < begin || group[i].kind == whole {
				continue
			}
			if end > begin && stop > begin+size {
				return begin, end
			}
			end = max(end, stop)
		}
	}
}
