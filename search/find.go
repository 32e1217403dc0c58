package search

import (
	"cmp"
	"context"
	"math"
	"slices"
	"unicode/utf8"
)

// Search answers what a query finds; see [Index].
func (m *Memory) Search(ctx context.Context, q Query) (Result, error) {
	if err := q.Valid(); err != nil {
		return Result{}, err
	}
	asked := ask(ParseQuery(q.Text))
	best := &best{room: q.Offset + q.Limit}
	total := 0
	m.mu.RLock()
	defer m.mu.RUnlock()
	scores := m.windows.Get().(*[window]float64)
	defer m.windows.Put(scores)
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	for _, s := range m.tenants[q.Tenant] {
		r := &run{plan: s.plan(&asked), shelf: s, sight: s.sight(&q.Filter), without: math.MaxUint32}
		if r.list {
			total += r.listing(best)
			continue
		}
		r.begin(m.k1, m.b)
		if q.Expand {
			if err := m.expand(ctx, r, scores); err != nil {
				clear(scores[:])
				return Result{}, err
			}
		}
		n, err := r.collect(ctx, scores, best, true)
		if err != nil {
			clear(scores[:])
			return Result{}, err
		}
		total += n
	}
	ranked := best.ranked()
	return Result{Hits: hits(ranked[min(q.Offset, len(ranked)):], q.Snippets), Total: total}, nil
}

// Similar answers the documents most like a document or a text; see [Index].
//
// The words are those of the text of the highest tf-idf, each as often as it stands there, ranked by BM25 as a query's are.
func (m *Memory) Similar(ctx context.Context, like Like) (Result, error) {
	if err := like.Valid(); err != nil {
		return Result{}, err
	}
	best := &best{room: like.Limit}
	m.mu.RLock()
	defer m.mu.RUnlock()
	scores := m.windows.Get().(*[window]float64)
	defer m.windows.Put(scores)
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	text := like.Text
	var home *shelf
	without := uint32(math.MaxUint32)
	if like.Of.ID != "" {
		home = m.tenants[like.Tenant][m.reader.read(like.Of.Locale)]
		if home == nil {
			return Result{}, ErrNotFound
		}
		doc, ok := home.find(like.Of)
		if !ok || !home.sight(&Filter{Audience: like.Audience}).sees(doc) {
			return Result{}, ErrNotFound
		}
		d := &home.docs[doc]
		text, without = d.title+"\n"+d.body+"\n"+d.keywords, doc
	}
	for _, s := range m.tenants[like.Tenant] {
		r := &run{plan: s.telling(text, like.Terms, s.sight(&Filter{Audience: like.Audience})), shelf: s, sight: s.sight(&like.Filter), without: math.MaxUint32}
		if s == home {
			r.without = without
		}
		r.begin(m.k1, m.b)
		if _, err := r.collect(ctx, scores, best, false); err != nil {
			clear(scores[:])
			return Result{}, err
		}
	}
	ranked := best.ranked()
	return Result{Hits: hits(ranked, like.Snippets), Total: len(ranked)}, nil
}

// telling plans to look for the words of a text that tell it from others, of those that the asker may see in some document: a
// word that only hidden ones have must not even take the place of another.
func (s *shelf) telling(text string, n int, asker *sight) *plan {
	times := map[uint32]float64{}
	words := map[uint32]string{}
	var scan scanner
	scan.reset(text)
	for group := scan.next(); group != nil; group = scan.next() {
		for _, t := range group {
			if t.place == Tail {
				continue
			}
			if term, ok := s.term(t.key); ok && !s.terms[term].stop && s.terms[term].df > 0 {
				if times[term]++; times[term] == 1 {
					words[term] = string(t.key)
				}
			}
		}
	}
	p := &plan{}
	for t, word := range words {
		m := &s.terms[t]
		p.want = append(p.want, want{word: word, term: t, docs: m.docs, tfs: m.tfs, df: m.df, times: times[t]})
	}
	strength := func(w *want) float64 { return w.times * math.Log(float64(s.live+1)/float64(w.df)) }
	slices.SortFunc(p.want, func(a, b want) int {
		return cmp.Or(cmp.Compare(strength(&b), strength(&a)), cmp.Compare(s.stems[a.term], s.stems[b.term]))
	})
	told := p.want[:0]
	for _, w := range p.want {
		if len(told) < n && slices.ContainsFunc(w.docs, asker.sees) {
			told = append(told, w)
		}
	}
	p.want = told
	return p
}

// What a query is expanded by: as many words of as many documents, which share the weight with the query's own.
const (
	feedbackDocs  = 10
	feedbackTerms = 10
	feedbackShare = 0.5
)

// expand adds the words that the best documents have in common to a run, by the relevance model RM3 (Abdul-Jaleel and others,
// UMass at TREC 2004). Only documents that the asker may see are asked.
func (m *Memory) expand(ctx context.Context, r *run, scores *[window]float64) error {
	first := &best{room: feedbackDocs}
	if _, err := r.collect(ctx, scores, first, false); err != nil || len(first.heap) == 0 || len(r.want) == 0 {
		r.begin(m.k1, m.b)
		return err
	}
	model, shared := map[uint32]float64{}, map[uint32]int{}
	for _, f := range first.ranked() {
		r.shelf.feed(model, shared, f.doc, f.score)
	}
	terms := make([]uint32, 0, len(model))
	for t := range model {
		if shared[t] > 1 {
			terms = append(terms, t)
		}
	}
	slices.SortFunc(terms, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(model[b], model[a]), cmp.Compare(r.shelf.stems[a], r.shelf.stems[b]))
	})
	terms = terms[:min(feedbackTerms, len(terms))]
	asked, fed := 0.0, 0.0
	asker := r.shelf.sight(&Filter{Audience: r.sight.filter.Audience})
	for i := range r.want {
		if slices.ContainsFunc(r.want[i].docs, asker.sees) { // what only hidden documents have adds no weight
			asked += r.want[i].times
		}
	}
	for _, t := range terms {
		fed += model[t]
	}
	if fed > 0 {
		for i := range r.want {
			r.want[i].times *= 1 - feedbackShare
		}
		for _, t := range terms {
			r.term(r.shelf, t, feedbackShare*asked*model[t]/fed, r.shelf.stems[t])
		}
	}
	r.begin(m.k1, m.b)
	return nil
}

// feed adds how likely each word is in a document. Words that many documents have, and numbers, tell nothing of a topic.
func (s *shelf) feed(model map[uint32]float64, shared map[uint32]int, doc uint32, score float64) {
	seen := map[uint32]bool{}
	n := 0
	for v := range s.words(doc) {
		if v != 0 && v&1 == 0 && !s.terms[s.cut[v>>1]].idle {
			n++
		}
	}
	common := uint32(max(s.live/10, 10))
	for v := range s.words(doc) {
		if v == 0 || v&1 != 0 {
			continue
		}
		t := s.cut[v>>1]
		m := &s.terms[t]
		if !m.idle && m.df <= common && utf8.RuneCountInString(s.stems[t]) > 1 {
			model[t] += score / float64(n)
			if !seen[t] {
				seen[t] = true
				shared[t]++
			}
		}
	}
}
