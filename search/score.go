package search

import (
	"cmp"
	"context"
	"math"
	"math/bits"
	"slices"
)

// window is how many documents are scored at a time: few enough for their scores to stay near the processor.
const window = 1 << 12

// run is a plan at work on a shelf, for one asker.
type run struct {
	*plan
	shelf   *shelf
	sight   *sight
	without uint32 // a document that is not looked for; none for the highest number
	from    float64
	slope   float64 // a word of frequency tf adds weight · tf / (tf + from + slope · length)
}

// begin rates the words by what is rare in the shelf now, the strongest first.
//
// The rarity of a word that df of n documents have is ln(1 + (n - df + ½) / (df + ½)), which is never negative. The constant
// factor k1 + 1 is left out. Where fields are weighted, k1 grows as the average length does, so that weights say which
// field counts and not how soon a repeated word stops to count (Robertson, Zaragoza and Taylor 2004).
func (r *run) begin(k1, b float64) {
	s := r.shelf
	n := float64(s.live)
	if s.plain > 0 {
		k1 *= float64(s.length) / float64(s.plain)
		r.slope = k1 * b * n / float64(s.length)
	}
	r.from = k1 * (1 - b)
	for i := range r.want {
		w := &r.want[i]
		w.at = 0
		w.weight = w.times * math.Log1p((n-float64(w.df)+0.5)/(float64(w.df)+0.5))
		most := uint16(math.MaxUint16)
		if w.prefix == "" {
			most = s.terms[w.term].most
		}
		w.bound = r.score(w, most, s.least)
	}
	slices.SortFunc(r.want, func(a, b want) int {
		return cmp.Or(cmp.Compare(b.bound, a.bound), cmp.Compare(a.word, b.word))
	})
}

func (r *run) score(w *want, tf uint16, length uint32) float64 {
	f := float64(tf)
	return w.weight * f / (f + r.from + r.slope*float64(length))
}

// collect offers what the asker may see to the best, and counts it.
//
// Where nothing is counted, words are passed over that alone can lift no document to the best any more (MaxScore: Turtle and
// Flood, Query Evaluation: Strategies and Optimizations, 1995), by bounds of each window (Ding and Suel, Faster Top-k Document
// Retrieval Using Block-Max Indexes, 2011). The scores are the same to the last bit either way, as
// each is added up from the strongest word to the weakest.
func (r *run) collect(ctx context.Context, scores *[window]float64, best *best, count bool) (total int, err error) {
	s := r.shelf
	rest := make([]float64, len(r.want)+1)
	for i := len(r.want) - 1; i >= 0; i-- {
		rest[i] = rest[i+1] + r.want[i].bound*(1+1e-9)
	}
	within := slices.Clone(rest) // the same in the window at hand
	if !count && len(r.must) == 0 && len(r.not) == 0 {
		best.floor = max(best.floor, r.prime(best.room)*(1-1e-9))
	}
	not := make([]int, len(r.not))
	must := make([]int, len(r.must))
	needed := len(r.want)
	for base, windows := 0, 0; ; windows++ {
		if windows%64 == 63 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		if !count && len(r.must) == 0 {
			for needed > 0 && rest[needed-1] < best.floor {
				needed--
			}
		}
		base = r.next(base, needed, must)
		if base >= len(s.docs) {
			return total, nil
		}
		base &^= window - 1
		needed := needed // in this window it may be fewer
		if !count && len(r.must) == 0 {
			for i := len(r.want) - 1; i >= 0; i-- {
				within[i] = within[i+1] + r.within(&r.want[i], base)*(1+1e-9)
			}
			for needed > 0 && within[needed-1] < best.floor {
				needed--
			}
			if needed == 0 {
				base += window
				continue
			}
		}
		var hit, ok [window / 64]uint64
		for i := range needed {
			r.score1(&r.want[i], base, scores, &hit)
		}
		if ok = hit; len(r.must) > 0 {
			ok = r.having(base, must)
		}
		for i, docs := range r.not {
			not[i] = mark(docs, not[i], base, func(at uint32) { ok[at/64] &^= 1 << (at % 64) })
		}
		for i, set := range hit {
			for off := set &^ ok[i]; off != 0; off &= off - 1 {
				scores[i*64+bits.TrailingZeros64(off)] = 0
			}
		}
		for i, set := range ok {
			for ; set != 0; set &= set - 1 {
				at := i*64 + bits.TrailingZeros64(set)
				score := scores[at]
				scores[at] = 0
				doc := uint32(base + at)
				if count {
					if !r.sees(doc) {
						continue
					}
					total++
				}
				score, good := r.finish(doc, score, needed, within, best.floor)
				if good && score >= best.floor && (count || r.sees(doc)) { // whom it concerns is asked last: it is far away
					best.offer(found{score: score, run: r, doc: doc})
				}
			}
		}
		base += window
	}
}

// within is what a word adds to a document of a window at most.
func (r *run) within(w *want, base int) float64 {
	if w.prefix != "" {
		return w.bound
	}
	peaks := r.shelf.peaks[w.term]
	switch at := base / window; {
	case peaks == nil:
		return w.bound
	case at >= len(peaks) || peaks[at] == 0:
		return 0
	case peaks[at] == math.MaxUint8:
		return w.bound
	default:
		return r.score(w, uint16(peaks[at]), r.shelf.least)
	}
}

// prime is a score that so many documents reach which the asker may see, 0 where it knows of none: those with the strongest
// words are tried. To know it before the search lets it pass over more from the beginning.
func (r *run) prime(room int) float64 {
	try := 4*room + 64
	first := &best{room: room}
	seen := make(map[uint32]bool, try)
	for i := range r.want {
		for _, doc := range r.want[i].docs[:min(try, len(r.want[i].docs))] {
			if seen[doc] || !r.sees(doc) {
				continue
			}
			seen[doc] = true
			score := 0.0
			for j := range r.want {
				w := &r.want[j]
				if at := seek(w.docs, 0, doc); at < len(w.docs) && w.docs[at] == doc {
					score += r.score(w, w.tfs[at], r.shelf.lengths[doc])
				}
			}
			first.offer(found{score: score, run: r, doc: doc})
		}
		if try -= len(r.want[i].docs); try <= 0 {
			break
		}
	}
	return first.floor
}

// next is the first document from base on that may be found.
func (r *run) next(base, needed int, must []int) int {
	next := len(r.shelf.docs)
	if len(r.must) > 0 {
		first := base
		for i, docs := range r.must {
			if must[i] = seek(docs, must[i], uint32(base)); must[i] == len(docs) {
				return next
			}
			first = max(first, int(docs[must[i]]))
		}
		return first
	}
	for i := range needed {
		w := &r.want[i]
		if w.at = seek(w.docs, w.at, uint32(base)); w.at < len(w.docs) {
			next = min(next, int(w.docs[w.at]))
		}
	}
	return next
}

// score1 adds what one word gives to the documents of a window.
func (r *run) score1(w *want, base int, scores *[window]float64, hit *[window / 64]uint64) {
	w.at = seek(w.docs, w.at, uint32(base))
	i, end := w.at, uint32(base+window)
	docs, tfs, lengths := w.docs, w.tfs[:len(w.docs)], r.shelf.lengths
	for ; i < len(docs) && docs[i] < end; i++ {
		doc := docs[i]
		at := doc % window
		f := float64(tfs[i])
		scores[at] += w.weight * f / (f + r.from + r.slope*float64(lengths[doc]))
		hit[at/64] |= 1 << (at % 64)
	}
	w.at = i
}

// having marks the documents of a window that have every phrase.
func (r *run) having(base int, at []int) (all [window / 64]uint64) {
	for i, docs := range r.must {
		var one [window / 64]uint64
		at[i] = mark(docs, at[i], base, func(at uint32) { one[at/64] |= 1 << (at % 64) })
		for j := range all {
			if i == 0 {
				all[j] = one[j]
			} else {
				all[j] &= one[j]
			}
		}
	}
	return all
}

// mark calls f for the documents of a window, counted from its base.
func mark(docs []uint32, at, base int, f func(uint32)) int {
	for at = seek(docs, at, uint32(base)); at < len(docs) && docs[at] < uint32(base+window); at++ {
		f(docs[at] % window)
	}
	return at
}

// finish adds the words that were passed over, as long as the document can still be one of the best.
func (r *run) finish(doc uint32, score float64, needed int, rest []float64, floor float64) (float64, bool) {
	for i := needed; i < len(r.want); i++ {
		if score+rest[i] < floor {
			return 0, false
		}
		w := &r.want[i]
		if w.at = seek(w.docs, w.at, doc); w.at < len(w.docs) && w.docs[w.at] == doc {
			score += r.score(w, w.tfs[w.at], r.shelf.lengths[doc])
		}
	}
	return score, true
}

// listing offers every document that is seen and not excluded, the newest first.
func (r *run) listing(best *best) (total int) {
	not := make([]int, len(r.not))
next:
	for doc := range uint32(len(r.shelf.docs)) {
		if !r.sees(doc) {
			continue
		}
		for i, docs := range r.not {
			if not[i] = seek(docs, not[i], doc); not[i] < len(docs) && docs[not[i]] == doc {
				continue next
			}
		}
		total++
		best.offer(found{at: r.shelf.docs[doc].at, run: r, doc: doc})
	}
	return total
}

// sees reports whether a document may be found.
func (r *run) sees(doc uint32) bool { return doc != r.without && r.sight.sees(doc) }

// sight remembers what an asker may see: which accesses and labels pass the filter.
type sight struct {
	shelf    *shelf
	filter   *Filter
	accesses []answer
	labels   []answer // nil where there is no filter by labels
}

type answer uint8

const (
	unknown answer = iota
	yes
	no
)

func (s *shelf) sight(f *Filter) *sight {
	v := &sight{shelf: s, filter: f, accesses: make([]answer, len(s.accesses))}
	v.accesses[0] = no // what was removed
	if len(f.Labels) > 0 {
		v.labels = make([]answer, len(s.labelings))
	}
	return v
}

func (v *sight) sees(doc uint32) bool {
	n := v.shelf.access[doc]
	if v.accesses[n] == unknown {
		a := &v.shelf.accesses[n]
		v.accesses[n] = answered(v.filter.among(a.kind, a.locale) && v.filter.Sees(a.allow, a.deny))
	}
	if v.accesses[n] == no || v.labels == nil {
		return v.accesses[n] == yes
	}
	n = v.shelf.labels[doc]
	if v.labels[n] == unknown {
		v.labels[n] = answered(v.filter.labelled(v.shelf.labelings[n]))
	}
	return v.labels[n] == yes
}

func answered(is bool) answer {
	if is {
		return yes
	}
	return no
}
