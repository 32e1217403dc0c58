package postgres

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/search"
)

// What a query is expanded by, as [search.Memory] does: as many words of as many documents, which share the weight with the
// query's own.
const (
	feedbackDocs  = 10
	feedbackTerms = 10
	feedbackShare = 0.5
)

// expand adds to each run the words that its best documents have in common, by the relevance model RM3 (Abdul-Jaleel and
// others, UMass at TREC 2004).
func (x *Index) expand(ctx context.Context, filter *search.Filter, runs []*run) error {
	for _, r := range runs {
		if len(r.wants) == 0 {
			continue
		}
		if err := x.expandOne(ctx, filter, r); err != nil {
			return err
		}
	}
	return nil
}

func (x *Index) expandOne(ctx context.Context, filter *search.Filter, r *run) error {
	f := x.finding(filter)
	f.add(r, r.query(len(r.wants)))
	found, err := f.ask(ctx, x, page{limit: feedbackDocs})
	if err != nil || len(found.Hits) == 0 {
		return err
	}
	model, shared, err := x.model(ctx, r, found.Hits)
	if err != nil || len(model) == 0 {
		return err
	}
	terms := make([]string, 0, len(model))
	for t := range model {
		if shared[t] > 1 {
			terms = append(terms, t)
		}
	}
	known, err := x.terms(ctx, r, terms)
	if err != nil {
		return err
	}
	common := max(int(r.docs)/10, 10)
	terms = slices.DeleteFunc(terms, func(t string) bool { return known[t].docs == 0 || known[t].docs > common })
	slices.SortFunc(terms, func(a, b string) int { return cmp.Or(cmp.Compare(model[b], model[a]), cmp.Compare(a, b)) })
	terms = terms[:min(feedbackTerms, len(terms))]
	seen, err := x.seen(ctx, r, &search.Filter{Audience: filter.Audience}, r.wants)
	if err != nil {
		return err
	}
	asked, fed := 0.0, 0.0
	for i := range r.wants {
		if seen[i] { // what only hidden documents have adds no weight
			asked += r.wants[i].times
		}
	}
	for _, t := range terms {
		fed += model[t]
	}
	if fed == 0 {
		return nil
	}
	for i := range r.wants {
		r.wants[i].times *= 1 - feedbackShare
	}
	for _, t := range terms {
		times := feedbackShare * asked * model[t] / fed
		if i := slices.IndexFunc(r.wants, func(w want) bool { return w.prefix == "" && w.term == t }); i >= 0 {
			r.wants[i].times += times
		} else {
			w := known[t]
			w.word, w.times = t, times
			r.wants = append(r.wants, w)
		}
	}
	r.begin()
	return nil
}

// model is how likely each word is in documents, weighted by their scores, and how many of them have it. Stop words and
// numbers tell nothing of a topic.
func (x *Index) model(ctx context.Context, r *run, hits []search.Hit) (model map[string]float64, shared map[string]int, err error) {
	model, shared = map[string]float64{}, map[string]int{}
	var kinds, ids, locales []string
	for _, h := range hits {
		kinds, ids, locales = append(kinds, h.Kind), append(ids, h.ID), append(locales, h.Locale)
	}
	rows, err := x.pool.Query(ctx, `SELECT n.at, d.title, d.body, d.keywords FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY n (kind, id, locale, at)
		JOIN `+x.schema+`.document d ON d.shelf = $1 AND d.kind = n.kind AND d.id = n.id AND d.locale = n.locale ORDER BY n.at`, r.id, kinds, ids, locales)
	if err != nil {
		return nil, nil, err
	}
	var at int64
	var title, body string
	var keywords []string
	_, err = pgx.ForEachRow(rows, []any{&at, &title, &body, &keywords}, func() error {
		words := map[string]int{}
		n := 0
		for w := range x.reader.Words(r.language, title+"\n"+body+"\n"+strings.Join(keywords, "\n")) {
			if w.Place == search.Next && !w.Idle {
				n++
				if utf8.RuneCountInString(w.Term) > 1 {
					words[w.Term]++
				}
			}
		}
		for t, times := range words {
			model[t] += float64(times) * hits[at-1].Score / float64(n)
			shared[t]++
		}
		return nil
	})
	return model, shared, err
}

// terms are what is known of terms on a shelf.
func (x *Index) terms(ctx context.Context, r *run, terms []string) (map[string]want, error) {
	rows, err := x.pool.Query(ctx, `SELECT term, docs, most FROM `+x.schema+`.term WHERE shelf = $1 AND term = ANY($2)`, r.id, terms)
	if err != nil {
		return nil, err
	}
	known := map[string]want{}
	var w want
	_, err = pgx.ForEachRow(rows, []any{&w.term, &w.docs, &w.most}, func() error {
		known[w.term] = w
		return nil
	})
	return known, err
}
