package postgres

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/search"
)

// How words rank, as in the zero [search.Options].
const (
	k1 = 1.2
	b  = 0.75
)

// maxWants is how many words of a query rank: an SQL statement has no room for any number.
const maxWants = 500

// run is what is asked of one shelf.
type run struct {
	id                  int32
	language            string
	docs, length, plain float64
	least               float64
	question            search.Question
	wants               []want
	from, slope         float64 // a word of frequency tf adds weight · tf / (tf + from + slope · length)
}

// want is a word that ranks.
type want struct {
	word   string // as a hit shows it
	term   string // or, of a prefix,
	prefix string
	docs   int     // that have it
	most   float64 // no document has it more often
	times  float64
	weight float64 // times the rarity
	bound  float64 // no document gets more by it
}

// runs reads how rare the words are that are asked for, shelf by shelf of a tenant.
func (x *Index) runs(ctx context.Context, tenant string, ask func(language string) search.Question) ([]*run, error) {
	rows, err := x.pool.Query(ctx, `SELECT id, language, docs, length, plain, least FROM `+x.schema+`.shelf WHERE tenant = $1 AND docs > 0 ORDER BY id`, text(tenant))
	if err != nil {
		return nil, err
	}
	var runs []*run
	var at run
	_, err = pgx.ForEachRow(rows, []any{&at.id, &at.language, &at.docs, &at.length, &at.plain, &at.least}, func() error {
		r := at
		r.question = ask(r.language)
		runs = append(runs, &r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	for _, r := range runs {
		r.want()
		r.count(batch, x.schema)
	}
	if batch.Len() > 0 {
		err = x.pool.SendBatch(ctx, batch).Close()
	}
	for _, r := range runs {
		r.wants = slices.DeleteFunc(r.wants, func(w want) bool { return w.docs == 0 })
	}
	return runs, err
}

// want takes the words that are asked for, once each.
func (r *run) want() {
	at := map[string]int{}
	for _, w := range r.question.Words {
		key, is := w.Term, want{word: w.Form, term: w.Term, times: 1}
		if w.Prefix {
			key, is = "*"+w.Form, want{word: w.Form + "*", prefix: w.Form, most: math.MaxUint16, times: 1}
		}
		if i, ok := at[key]; ok {
			r.wants[i].times++
			continue
		}
		at[key] = len(r.wants)
		r.wants = append(r.wants, is)
	}
}

// count asks how many documents have each word.
func (r *run) count(batch *pgx.Batch, schema string) {
	at := map[string]*want{}
	var terms []string
	for i := range r.wants {
		w := &r.wants[i]
		if w.prefix == "" {
			at[w.term], terms = w, append(terms, w.term)
			continue
		}
		batch.Queue(`SELECT count(*) FROM `+schema+`.document WHERE words @@ $1::text::tsquery`, r.begins(w.prefix)).QueryRow(func(row pgx.Row) error {
			return row.Scan(&w.docs)
		})
	}
	if len(terms) == 0 {
		return
	}
	batch.Queue(`SELECT term, docs, most FROM `+schema+`.term WHERE shelf = $1 AND term = ANY($2)`, r.id, terms).Query(func(rows pgx.Rows) error {
		var is want
		_, err := pgx.ForEachRow(rows, []any{&is.term, &is.docs, &is.most}, func() error {
			at[is.term].docs, at[is.term].most = is.docs, is.most
			return nil
		})
		return err
	})
}

// telling keeps the words that tell a text from others, the most by tf-idf, of those that the asker may see in some document: a
// word that only hidden ones have must not even take the place of another.
func (r *run) telling(ctx context.Context, x *Index, like *search.Like, times map[string]float64) error {
	strength := func(w *want) float64 { return w.times * math.Log((r.docs+1)/float64(w.docs)) }
	for i := range r.wants {
		r.wants[i].times = times[r.wants[i].term]
	}
	slices.SortFunc(r.wants, func(a, b want) int {
		return cmp.Or(cmp.Compare(strength(&b), strength(&a)), cmp.Compare(a.term, b.term))
	})
	if len(r.wants) <= like.Terms { // there is a place for each, and hidden ones find nothing
		return nil
	}
	var told []want
	for rest := r.wants; len(rest) > 0 && len(told) < like.Terms; {
		some := rest[:min(len(rest), max(like.Terms, 100))]
		rest = rest[len(some):]
		seen, err := x.seen(ctx, r, &search.Filter{Audience: like.Audience}, some)
		if err != nil {
			return err
		}
		for i := range some {
			if seen[i] && len(told) < like.Terms {
				told = append(told, some[i])
			}
		}
	}
	r.wants = told
	return nil
}

// seen tells which words are in a document that the asker may see.
func (x *Index) seen(ctx context.Context, r *run, asker *search.Filter, words []want) ([]bool, error) {
	seen := make([]bool, len(words))
	batch := &pgx.Batch{}
	for i := range words {
		f := x.finding(asker)
		query := f.arg(r.lexeme(words[i].term, words[i].prefix))
		batch.Queue(`SELECT EXISTS (SELECT FROM `+x.schema+`.document d WHERE d.words @@ `+query+`::text::tsquery`+f.filter()+`)`, f.args...).QueryRow(func(row pgx.Row) error {
			return row.Scan(&seen[i])
		})
	}
	return seen, x.pool.SendBatch(ctx, batch).Close()
}

// begin rates the words by how rare they are, the strongest first, by the formula of [search.Memory].
func (r *run) begin() {
	k := k1
	r.slope = 0
	if r.plain > 0 {
		k *= r.length / r.plain
		r.slope = k * b * r.docs / r.length
	}
	r.from = k * (1 - b)
	for i := range r.wants {
		w := &r.wants[i]
		// The figures of terms are read after those of the shelf, and may be newer.
		w.weight = w.times * max(0, math.Log1p((r.docs-float64(w.docs)+0.5)/(float64(w.docs)+0.5)))
		w.bound = r.score(w, w.most, r.least)
	}
	slices.SortFunc(r.wants, func(a, b want) int { return cmp.Or(cmp.Compare(b.bound, a.bound), cmp.Compare(a.word, b.word)) })
}

func (r *run) score(w *want, tf, length float64) float64 {
	return w.weight * tf / (tf + r.from + r.slope*length)
}

// ranked are the words that rank.
func (r *run) ranked() []want { return r.wants[:min(len(r.wants), maxWants)] }

// needed is how many words, from the strongest on, a document must have one of to score so much.
func (r *run) needed(floor float64) int {
	rest := 0.0
	for n := len(r.wants); n > 0; n-- {
		if rest += r.wants[n-1].bound * (1 + 1e-9); rest >= floor {
			return n
		}
	}
	return 0
}

// query is what a document must have, as PostgreSQL's full text reads it, with the strongest words only, as many as are
// said. It is empty where nothing can be found, and where everything is listed.
func (r *run) query(words int) string {
	var all []string
	for _, phrase := range r.question.Phrases {
		all = append(all, r.phrase(phrase))
	}
	if len(all) == 0 && !r.question.List {
		any := make([]string, 0, words)
		for i := range r.wants[:words] {
			any = append(any, r.lexeme(r.wants[i].term, r.wants[i].prefix))
		}
		if len(any) == 0 {
			return ""
		}
		all = append(all, "("+strings.Join(any, " | ")+")")
	}
	if not := r.not(); not != "" && !r.question.List {
		all = append(all, "!("+not+")")
	}
	return strings.Join(all, " & ")
}

// not is what a document must not have.
func (r *run) not() string {
	list := make([]string, len(r.question.Not))
	for i, phrase := range r.question.Not {
		list[i] = r.phrase(phrase)
	}
	return strings.Join(list, " | ")
}

func (r *run) phrase(words []search.Asked) string {
	list := make([]string, len(words))
	for i, w := range words {
		prefix := ""
		if w.Prefix {
			prefix = w.Form
		}
		list[i] = r.lexeme(w.Term, prefix)
	}
	return "(" + strings.Join(list, " <-> ") + ")"
}

func (r *run) lexeme(term, prefix string) string {
	if prefix != "" {
		return r.begins(prefix)
	}
	return quoted(strconv.Itoa(int(r.id)) + "=" + term)
}

func (r *run) begins(prefix string) string {
	return quoted(r.form(prefix)) + ":*"
}

func (r *run) form(text string) string { return strconv.Itoa(int(r.id)) + ":" + text }
