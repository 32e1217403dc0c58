package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/search"
)

// finding is one statement that looks for documents on several shelves.
type finding struct {
	schema  string
	of      *search.Filter
	args    []any
	passes  string
	shelves []string
	runs    []*run
	without int64 // a document that is not looked for
}

func (x *Index) finding(of *search.Filter) *finding { return &finding{schema: x.schema, of: of} }

// arg adds an argument, and answers how the statement names it.
func (f *finding) arg(value any) string {
	f.args = append(f.args, value)
	return fmt.Sprintf("$%d", len(f.args))
}

// filter is what every document must pass, beside its shelf.
func (f *finding) filter() string {
	if f.passes != "" {
		return f.passes
	}
	tokens := f.arg(append(cleaned(f.of.Audience), search.Everyone))
	p := ` AND d.allow && ` + tokens + `::text[] AND NOT d.deny && ` + tokens + `::text[]`
	if len(f.of.Kinds) > 0 {
		p += ` AND d.kind = ANY(` + f.arg(cleaned(f.of.Kinds)) + `)`
	}
	if len(f.of.Locales) > 0 {
		var ranges []string
		for _, r := range cleaned(f.of.Locales) {
			switch r {
			case "":
				ranges = append(ranges, `d.locale = ''`)
			case "*":
				ranges = append(ranges, `d.locale <> ''`)
			default:
				n := f.arg(rangeOf(r))
				ranges = append(ranges, `d.range = `+n+` OR starts_with(d.range, `+n+` || '-')`)
			}
		}
		p += ` AND (` + strings.Join(append(ranges, `false`), ` OR `) + `)`
	}
	for key, values := range f.of.Labels {
		labels := []string{}
		for _, v := range values {
			if clean(key) && clean(v) {
				labels = append(labels, label(key, v))
			}
		}
		p += ` AND d.labels && ` + f.arg(labels) + `::text[]`
	}
	f.passes = p
	return p
}

// cleaned are the names that a database takes: no document has others.
func cleaned(names []string) []string {
	return slices.DeleteFunc(list(names), func(n string) bool { return !clean(n) })
}

// add looks on one more shelf, for what a query of full text finds there.
func (f *finding) add(r *run, query string) {
	if query == "" && !r.question.List {
		return
	}
	shelf := f.arg(r.id) + "::int"
	from := f.schema + `.document d`
	where := `d.shelf = ` + shelf
	score, counts, at := `0::float8`, `NULL::float8[]`, `0::bigint`
	if r.question.List {
		at = `d.at`
		if not := r.not(); not != "" {
			where += ` AND NOT d.words @@ ` + f.arg(not) + `::text::tsquery`
		}
	} else {
		where += ` AND d.words @@ ` + f.arg(query) + `::text::tsquery`
		if wants := r.ranked(); len(wants) > 0 {
			var frequencies, names, sum []string
			for i := range wants {
				w := &wants[i]
				n := fmt.Sprintf("f%d", i)
				names = append(names, "v."+n)
				frequencies = append(frequencies, f.frequency(r, w)+` AS `+n)
				sum = append(sum, fmt.Sprintf(`%s::float8 * v.%s / (v.%s + l.length)`, f.arg(w.weight), n, n))
			}
			from += fmt.Sprintf(` CROSS JOIN LATERAL (SELECT %s OFFSET 0) v CROSS JOIN LATERAL (SELECT %s::float8 + %s::float8 * d.length AS length OFFSET 0) l`,
				strings.Join(frequencies, ", "), f.arg(r.from), f.arg(r.slope))
			score, counts = strings.Join(sum, ` + `), `ARRAY[`+strings.Join(names, ", ")+`]`
		}
	}
	if f.without != 0 {
		where += ` AND d.number <> ` + f.arg(f.without)
	}
	f.runs = append(f.runs, r)
	f.shelves = append(f.shelves, `SELECT d.number, `+shelf+` AS shelf, d.kind, d.id, d.locale, d.length, `+at+` AS at, `+score+` AS score, `+counts+` AS counts FROM `+
		from+` WHERE `+where+f.filter())
}

// frequency is how often a document has a word, weighted.
func (f *finding) frequency(r *run, w *want) string {
	if w.prefix == "" {
		return `coalesce((d.counts->` + f.arg(w.term) + `::text)::float8, 0)`
	}
	return `(SELECT coalesce(sum(CASE WHEN u.weights IS NULL THEN 1 ELSE
			(SELECT sum(CASE c WHEN 'A' THEN ` + fmt.Sprint(titleWeight) + ` WHEN 'B' THEN ` + fmt.Sprint(keywordWeight) + ` ELSE ` + fmt.Sprint(bodyWeight) + ` END) FROM unnest(u.weights) c) END), 0)::float8
		FROM unnest(d.words) u WHERE starts_with(u.lexeme, ` + f.arg(r.form(w.prefix)) + `))`
}

// page is which part of what was found is answered, and how.
type page struct {
	limit, offset int
	count, texts  bool
}

// ask answers the best of what is found.
func (f *finding) ask(ctx context.Context, x *Index, p page) (search.Result, error) {
	if len(f.shelves) == 0 {
		return search.Result{Hits: []search.Hit{}}, nil
	}
	const order = `score DESC, at DESC, id, kind, locale`
	sql := `WITH found AS (` + strings.Join(f.shelves, ` UNION ALL `) + `), page AS (SELECT * FROM found ORDER BY ` + order +
		` LIMIT ` + f.arg(p.limit) + ` OFFSET ` + f.arg(p.offset) + `) SELECT n.total, p.number, p.shelf, p.kind, p.id, p.locale, p.length, p.score, p.counts`
	of := ` FROM (SELECT 0::bigint AS total) n LEFT JOIN page p ON true`
	if p.count {
		of = ` FROM (SELECT count(*) AS total FROM found) n LEFT JOIN page p ON true`
	}
	if p.texts {
		sql += `, d.title, d.body`
		of += ` LEFT JOIN ` + f.schema + `.document d ON d.number = p.number`
	} else {
		sql += `, NULL::text, NULL::text`
	}
	rows, err := x.pool.Query(ctx, sql+of+` ORDER BY p.score DESC, p.at DESC, p.id, p.kind, p.locale`, f.arguments()...)
	if err != nil {
		return search.Result{}, err
	}
	found := search.Result{Hits: []search.Hit{}}
	var total int64
	var number *int64
	var shelf, length *int32
	var kind, id, locale, title, body *string
	var score *float64
	var counts []float64
	_, err = pgx.ForEachRow(rows, []any{&total, &number, &shelf, &kind, &id, &locale, &length, &score, &counts, &title, &body}, func() error {
		found.Total = int(total)
		if number == nil { // nothing is on the page
			return nil
		}
		r := f.runs[slices.IndexFunc(f.runs, func(r *run) bool { return r.id == *shelf })]
		h := search.Hit{Ref: search.Ref{Kind: *kind, ID: *id, Locale: *locale}, Score: *score, Matched: r.matched(counts, float64(*length))}
		if title != nil && body != nil {
			h.Title, h.Fragment = x.snippets(r, *title, *body)
		}
		found.Hits = append(found.Hits, h)
		return nil
	})
	return found, err
}

// arguments are those of the statement. One of many words is not kept prepared: hardly another is like it, and their plans are
// large.
func (f *finding) arguments() []any {
	if len(f.args) <= 64 {
		return f.args
	}
	return append([]any{pgx.QueryExecModeExec}, f.args...)
}

// matched are the words that a document has, the strongest first.
func (r *run) matched(counts []float64, length float64) (list []search.Match) {
	for i, n := range counts {
		if n > 0 {
			list = append(list, search.Match{Word: r.wants[i].word, Score: r.score(&r.wants[i], n, length)})
		}
	}
	slices.SortFunc(list, func(a, b search.Match) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Word, b.Word)) })
	return list
}

// snippets are the texts of a hit, with the words that are looked for.
func (x *Index) snippets(r *run, title, body string) (search.Snippet, search.Snippet) {
	weights := make([]float64, len(r.wants))
	terms := map[string]int{}
	for i := range r.wants {
		weights[i] = r.wants[i].weight
		if r.wants[i].prefix == "" {
			terms[r.wants[i].term] = i
		}
	}
	return search.Snippets(title, body, weights, func(form []byte) (int, bool) {
		f := string(form)
		if i, ok := terms[x.reader.Term(r.language, f)]; ok {
			return i, true
		}
		i := slices.IndexFunc(r.wants, func(w want) bool { return w.prefix != "" && strings.HasPrefix(f, w.prefix) })
		return i, i >= 0
	})
}
