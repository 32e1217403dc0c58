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
	questions := map[string]search.Question{}
	terms := map[string]bool{}
	prefixes := false
	for _, language := range x.reader.Languages() {
		q := ask(language)
		questions[language] = q
		for _, w := range q.Words {
			prefixes = prefixes || w.Prefix
			terms[w.Term] = terms[w.Term] || !w.Prefix
		}
	}
	looked := make([]string, 0, len(terms))
	for t, is := range terms {
		if is {
			looked = append(looked, t)
		}
	}
	rows, err := x.pool.Query(ctx, `SELECT s.id, s.language, s.docs, s.length, s.plain, s.least, t.term, t.docs, t.most
		FROM `+x.schema+`.shelf s LEFT JOIN `+x.schema+`.term t ON t.shelf = s.id AND t.term = ANY($2) WHERE s.tenant = $1 AND s.docs > 0 ORDER BY s.id`,
		text(tenant), looked)
	if err != nil {
		return nil, err
	}
	var runs []*run
	known := map[string]want{}
	var at run
	var term *string
	var docs, most *int32
	end := func() {
		if len(runs) > 0 {
			runs[len(runs)-1].want(known)
			clear(known)
		}
	}
	_, err = pgx.ForEachRow(rows, []any{&at.id, &at.language, &at.docs, &at.length, &at.plain, &at.least, &term, &docs, &most}, func() error {
		if len(runs) == 0 || runs[len(runs)-1].id != at.id {
			end()
			r := at
			r.question = questions[r.language]
			runs = append(runs, &r)
		}
		if term != nil {
			known[*term] = want{term: *term, docs: int(*docs), most: float64(*most)}
		}
		return nil
	})
	end()
	if err == nil && prefixes {
		err = x.countPrefixes(ctx, runs)
	}
	return runs, err
}

// want takes the words that the shelf has, once each.
func (r *run) want(known map[string]want) {
	at := map[string]int{}
	for _, w := range r.question.Words {
		if w.Prefix {
			if i, ok := at["*"+w.Form]; ok {
				r.wants[i].times++
			} else {
				at["*"+w.Form] = len(r.wants)
				r.wants = append(r.wants, want{word: w.Form + "*", prefix: w.Form, most: math.MaxUint16, times: 1})
			}
		} else if k, ok := known[w.Term]; ok && k.docs > 0 {
			if i, ok := at[w.Term]; ok {
				r.wants[i].times++
			} else {
				at[w.Term] = len(r.wants)
				k.word, k.times = w.Form, 1
				r.wants = append(r.wants, k)
			}
		}
	}
}

// countPrefixes reads how many documents have a word with each prefix.
func (x *Index) countPrefixes(ctx context.Context, runs []*run) error {
	batch := &pgx.Batch{}
	for _, r := range runs {
		for i := range r.wants {
			if w := &r.wants[i]; w.prefix != "" {
				batch.Queue(`SELECT count(*) FROM `+x.schema+`.document WHERE words @@ $1::text::tsquery`, r.begins(w.prefix)).QueryRow(func(row pgx.Row) error {
					return row.Scan(&w.docs)
				})
			}
		}
	}
	if err := x.pool.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	for _, r := range runs {
		r.wants = slices.DeleteFunc(r.wants, func(w want) bool { return w.docs == 0 })
	}
	return nil
}

// telling keeps the words that tell a text from others, the most by tf-idf.
func (r *run) telling(n int, times map[string]float64) {
	strength := func(w *want) float64 { return w.times * math.Log((r.docs+1)/float64(w.docs)) }
	for i := range r.wants {
		r.wants[i].times = times[r.wants[i].term]
	}
	slices.SortFunc(r.wants, func(a, b want) int {
		return cmp.Or(cmp.Compare(strength(&b), strength(&a)), cmp.Compare(a.term, b.term))
	})
	r.wants = r.wants[:min(n, len(r.wants))]
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
		w.weight = w.times * math.Log1p((r.docs-float64(w.docs)+0.5)/(float64(w.docs)+0.5))
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
