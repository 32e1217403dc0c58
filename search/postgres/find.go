package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/search"
)

// Search answers what a query finds; see [search.Index].
func (x *Index) Search(ctx context.Context, q search.Query) (search.Result, error) {
	if err := q.Valid(); err != nil {
		return search.Result{}, err
	}
	clauses := search.ParseQuery(text(q.Text))
	runs, err := x.runs(ctx, q.Tenant, func(language string) search.Question { return x.reader.Question(language, clauses) })
	if err != nil {
		return search.Result{}, fault(ctx, err)
	}
	for _, r := range runs {
		r.begin()
	}
	if q.Expand {
		if err := x.expand(ctx, &q.Filter, runs); err != nil {
			return search.Result{}, fault(ctx, err)
		}
	}
	f := x.finding(&q.Filter)
	for _, r := range runs {
		f.add(r, r.query(len(r.wants)))
	}
	found, err := f.ask(ctx, x, page{q.Limit, q.Offset, true, q.Snippets})
	return found, fault(ctx, err)
}

// Similar answers the documents most like a document or a text; see [search.Index].
func (x *Index) Similar(ctx context.Context, like search.Like) (search.Result, error) {
	if err := like.Valid(); err != nil {
		return search.Result{}, err
	}
	without, words := int64(0), text(like.Text)
	if like.Of.ID != "" {
		var err error
		if without, words, err = x.document(ctx, &like); err != nil {
			return search.Result{}, fault(ctx, err)
		}
	}
	times := map[string]map[string]float64{}
	runs, err := x.runs(ctx, like.Tenant, func(language string) search.Question {
		q, n := x.words(language, words)
		times[language] = n
		return q
	})
	if err != nil {
		return search.Result{}, fault(ctx, err)
	}
	for _, r := range runs {
		if err := r.telling(ctx, x, &like, times[r.language]); err != nil {
			return search.Result{}, fault(ctx, err)
		}
		r.begin()
	}
	found, err := x.best(ctx, &like.Filter, runs, without, page{limit: like.Limit, texts: like.Snippets})
	return found, fault(ctx, err)
}

// document is the number and the text of one that the asker may see.
func (x *Index) document(ctx context.Context, like *search.Like) (number int64, words string, err error) {
	f := x.finding(&search.Filter{Tenant: like.Tenant, Audience: like.Audience})
	var title, body string
	var keywords []string
	where := `s.tenant = ` + f.arg(text(like.Tenant)) + ` AND s.language = ` + f.arg(x.reader.Language(like.Of.Locale)) + ` AND d.kind = ` + f.arg(text(like.Of.Kind)) +
		` AND d.id = ` + f.arg(text(like.Of.ID)) + ` AND d.locale = ` + f.arg(text(like.Of.Locale))
	err = x.pool.QueryRow(ctx, `SELECT d.number, d.title, d.body, d.keywords FROM `+x.schema+`.shelf s JOIN `+x.schema+`.document d ON d.shelf = s.id
		WHERE `+where+f.filter(), f.args...).Scan(&number, &title, &body, &keywords)
	if errors.Is(err, pgx.ErrNoRows) {
		err = search.ErrNotFound
	}
	return number, title + "\n" + body + "\n" + strings.Join(keywords, "\n"), err
}

// words are those of a text that say something, each once, and how often they stand there by their terms.
func (x *Index) words(language, text string) (q search.Question, times map[string]float64) {
	times = map[string]float64{}
	for w := range x.reader.Words(language, text) {
		if w.Place == search.Tail || w.Stop {
			continue
		}
		if times[w.Term]++; times[w.Term] == 1 {
			q.Words = append(q.Words, search.Asked{Form: w.Form, Term: w.Term})
		}
	}
	return q, times
}

// prime is how many documents are looked at, about, before words are left out that alone cannot lift one to the best.
const prime = 2_000

// best answers the best documents without counting the others. Only those with one of the strongest words are looked at: first
// with so many of these that few documents have them, and again with more where the best found so far are not so good that
// those with only weaker words must be worse. It is MaxScore (Turtle and Flood, Query Evaluation: Strategies and
// Optimizations, 1995) in two steps.
func (x *Index) best(ctx context.Context, filter *search.Filter, runs []*run, without int64, p page) (search.Result, error) {
	first := func(r *run) int {
		docs, n := r.wants[0].docs, 1
		for n < len(r.wants) && docs+r.wants[n].docs <= x.prime {
			docs += r.wants[n].docs
			n++
		}
		return n
	}
	runs = slices.DeleteFunc(runs, func(r *run) bool { return len(r.wants) == 0 })
	asked := make([]int, len(runs))
	for i, r := range runs {
		asked[i] = first(r)
	}
	for {
		f := x.finding(filter)
		f.without = without
		for i, r := range runs {
			f.add(r, r.query(asked[i]))
		}
		found, err := f.ask(ctx, x, p)
		if err != nil {
			return search.Result{}, err
		}
		floor := 0.0
		if len(found.Hits) == p.limit && p.limit > 0 {
			floor = found.Hits[p.limit-1].Score
		}
		more := false
		for i, r := range runs {
			if needed := r.needed(floor); needed > asked[i] {
				asked[i], more = needed, true
			}
		}
		if !more {
			found.Total = len(found.Hits)
			return found, nil
		}
	}
}
