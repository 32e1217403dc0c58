package search_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/internal/prose"
	"github.com/itsmkit/itsmkit/search"
)

// reference is an index that reads every document for every query. Its words are lower case, apart by spaces, and of a small
// vocabulary whose stems and stop words it is told.
type reference map[string]map[search.Ref]search.Document

var (
	vocabulary = strings.Fields("printer printers printing print paper papers jam jams the of mail mailbox 404 500 vpn")
	stems      = map[string]string{"printers": "printer", "printing": "print", "papers": "paper", "jams": "jam"}
	stops      = map[string]bool{"the": true, "of": true}
)

func (x reference) put(d search.Document) {
	if x[d.Tenant] == nil {
		x[d.Tenant] = map[search.Ref]search.Document{}
	}
	x[d.Tenant][d.Ref] = d
}

// read is the language of a document: English is cut to stems, all others are not.
func read(d *search.Document) string { return strings.TrimSuffix(strings.ToLower(d.Locale), "-gb") }

func stem(word, language string) string {
	if cut, ok := stems[word]; ok && language == "en" {
		return cut
	}
	return word
}

func stop(word, language string) bool { return language == "en" && stops[word] }

type field struct {
	words  []string
	weight int
}

func fields(d *search.Document) []field {
	list := []field{{strings.Fields(d.Title), 3}, {strings.Fields(d.Body), 1}}
	for _, k := range d.Keywords {
		list = append(list, field{strings.Fields(k), 2})
	}
	return list
}

// tf is how often a document has words that a test accepts, weighted.
func tf(d *search.Document, is func(word string) bool) (n int) {
	for _, f := range fields(d) {
		for _, w := range f.words {
			if is(w) {
				n += f.weight
			}
		}
	}
	return n
}

func counts(word, language string) bool {
	return !stop(word, language) && strings.Trim(word, "0123456789") != ""
}

// matcher is what accepts the words of a clause in a language.
func matcher(word string, prefix bool, language string) func(string) bool {
	if prefix {
		return func(w string) bool { return strings.HasPrefix(w, word) }
	}
	return func(w string) bool { return stem(w, language) == stem(word, language) }
}

func hasPhrase(d *search.Document, phrase []string, prefix bool, language string) bool {
	for _, f := range fields(d) {
		for at := range f.words {
			n := 0
			for n < len(phrase) && at+n < len(f.words) && matcher(phrase[n], prefix, language)(f.words[at+n]) {
				n++
			}
			if n == len(phrase) {
				return true
			}
		}
	}
	return false
}

// wanted is a word that is ranked, and how often it was asked.
type wanted struct {
	word   string
	prefix bool
	times  int
}

// bm25 scores the documents of a language, all of a tenant.
func (x reference) bm25(tenant, language string, list []wanted) map[search.Ref]float64 {
	n, length, plain := 0.0, 0.0, 0.0
	for _, d := range x[tenant] {
		if read(&d) != language {
			continue
		}
		n++
		is := func(w string) bool { return counts(w, language) }
		length += float64(tf(&d, is))
		for _, f := range fields(&d) {
			for _, w := range f.words {
				if is(w) {
					plain++
				}
			}
		}
	}
	k1, mean := 1.2, 1.0
	if plain > 0 {
		k1, mean = k1*length/plain, length/n
	}
	scores := map[search.Ref]float64{}
	for _, w := range list {
		is := matcher(w.word, w.prefix, language)
		df := 0.0
		for _, d := range x[tenant] {
			if read(&d) == language && tf(&d, is) > 0 {
				df++
			}
		}
		for ref, d := range x[tenant] {
			f := float64(tf(&d, is))
			if read(&d) != language || f == 0 {
				continue
			}
			long := float64(tf(&d, func(w string) bool { return counts(w, language) }))
			scores[ref] += float64(w.times) * math.Log(1+(n-df+0.5)/(df+0.5)) * f / (f + k1*(0.25+0.75*long/mean))
		}
	}
	return scores
}

func (x reference) search(q search.Query) (scores map[search.Ref]float64) {
	scores = map[search.Ref]float64{}
	clauses := search.ParseQuery(q.Text)
	for _, language := range []string{"en", "cs"} {
		var list []wanted
		add := func(c search.Clause, stopping bool) {
			for _, word := range strings.Fields(c.Text) {
				if !c.Prefix && stop(word, language) != stopping {
					continue
				}
				at := slices.IndexFunc(list, func(w wanted) bool {
					return w.prefix == c.Prefix && (w.word == word || !c.Prefix && stem(w.word, language) == stem(word, language))
				})
				if at < 0 {
					list = append(list, wanted{word, c.Prefix, 1})
				} else {
					list[at].times++
				}
			}
		}
		asks := false
		for _, c := range clauses {
			if !c.Exclude {
				asks = true
				add(c, false)
			}
		}
		if len(list) == 0 {
			for _, c := range clauses {
				if !c.Exclude {
					add(c, true)
				}
			}
		}
		all := x.bm25(q.Tenant, language, list)
		if !asks {
			for ref := range x[q.Tenant] {
				all[ref] = 0
			}
		}
		for ref, d := range x[q.Tenant] {
			if read(&d) != language || !q.Passes(&d) {
				continue
			}
			score, ok := all[ref]
			for _, c := range clauses {
				has := hasPhrase(&d, strings.Fields(c.Text), c.Prefix, language)
				if c.Phrase && !c.Exclude && has {
					ok = true
				}
				if c.Exclude && has {
					ok = false
					break
				}
				if c.Phrase && !c.Exclude && !has {
					ok = false
					break
				}
			}
			if ok {
				scores[ref] = score
			}
		}
	}
	return scores
}

func (x reference) similar(l search.Like) map[search.Ref]float64 {
	scores := map[search.Ref]float64{}
	for _, language := range []string{"en", "cs"} {
		times, df, n, seen := map[string]int{}, map[string]int{}, 0, map[string]bool{}
		for _, word := range strings.Fields(l.Text) {
			if !stop(word, language) {
				times[stem(word, language)]++
			}
		}
		for _, d := range x[l.Tenant] {
			if read(&d) != language {
				continue
			}
			n++
			for word := range times {
				if tf(&d, func(w string) bool { return stem(w, language) == word }) > 0 {
					df[word]++
					seen[word] = seen[word] || l.Sees(d.Allow, d.Deny)
				}
			}
		}
		maps.DeleteFunc(times, func(w string, _ int) bool { return !seen[w] })
		strength := func(w string) float64 { return float64(times[w]) * math.Log(float64(n+1)/float64(df[w])) }
		words := slices.SortedFunc(maps.Keys(times), func(a, b string) int {
			return cmp.Or(cmp.Compare(strength(b), strength(a)), cmp.Compare(a, b))
		})
		var list []wanted
		for _, w := range words[:min(l.Terms, len(words))] {
			list = append(list, wanted{w, false, times[w]})
		}
		for ref, score := range x.bm25(l.Tenant, language, list) {
			if d := x[l.Tenant][ref]; l.Passes(&d) {
				scores[ref] = score
			}
		}
	}
	return scores
}

// agrees checks that hits are the best of all: the same scores to 1e-9, in order, and by name where they are as good.
func agrees(t require.TestingT, want map[search.Ref]float64, hits []search.Hit, limit int) {
	best := slices.SortedFunc(maps.Values(want), func(a, b float64) int { return cmp.Compare(b, a) })
	require.Len(t, hits, min(limit, len(want)))
	for i, h := range hits {
		require.Contains(t, want, h.Ref)
		require.InDelta(t, want[h.Ref], h.Score, 1e-9)
		require.InDelta(t, best[i], h.Score, 1e-9, "place %d", i)
		if i > 0 && hits[i-1].Score == h.Score && h.Score > 0 {
			require.Negative(t, strings.Compare(name(hits[i-1].Ref), name(h.Ref)), "by name")
		}
	}
}

func name(r search.Ref) string { return r.ID + "\x00" + r.Kind + "\x00" + r.Locale }

func drawText(t *rapid.T, label string, most int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(vocabulary), 0, most).Draw(t, label), " ")
}

func drawDocument(t *rapid.T, ids int) search.Document {
	tokens := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", search.Everyone}), 0, 2)
	d := search.Document{
		Tenant: rapid.SampledFrom([]string{"acme", "acme", "other"}).Draw(t, "tenant"),
		Ref: search.Ref{Kind: rapid.SampledFrom([]string{"article", "incident"}).Draw(t, "kind"), ID: fmt.Sprint(rapid.IntRange(1, ids).Draw(t, "id")),
			Locale: rapid.SampledFrom([]string{"en", "en-GB", "cs"}).Draw(t, "locale")},
		Title: drawText(t, "title", 4), Body: drawText(t, "body", 12),
		Allow: tokens.Draw(t, "allow"), Deny: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 1).Draw(t, "deny"),
		At: time.Unix(int64(rapid.IntRange(0, 5).Draw(t, "at")), 0),
	}
	if rapid.Bool().Draw(t, "more") {
		d.Keywords = []string{drawText(t, "keyword", 2), drawText(t, "keyword", 2)}
		d.Labels = map[string][]string{"service": {rapid.SampledFrom([]string{"x", "y"}).Draw(t, "service")}}
	}
	return d
}

func drawFilter(t *rapid.T) search.Filter {
	f := search.Filter{Tenant: "acme", Audience: rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b"}), 0, 2).Draw(t, "audience")}
	if rapid.IntRange(0, 2).Draw(t, "filters") == 0 {
		f.Kinds, f.Locales = []string{"article"}, []string{rapid.SampledFrom([]string{"en", "en-gb", "*"}).Draw(t, "range")}
	}
	if rapid.IntRange(0, 4).Draw(t, "by labels") == 0 {
		f.Labels = map[string][]string{"service": {"x"}}
	}
	return f
}

func drawQuery(t *rapid.T) search.Query {
	clause := rapid.Custom(func(t *rapid.T) string {
		word := rapid.SampledFrom(vocabulary).Draw(t, "word")
		switch rapid.IntRange(0, 9).Draw(t, "form") {
		case 0:
			return `"` + word + " " + rapid.SampledFrom(vocabulary).Draw(t, "second") + `"`
		case 1:
			return `"` + word + `"`
		case 2:
			if rapid.Bool().Draw(t, "within a stem") {
				return rapid.SampledFrom([]string{"printer*", "printers*", "printi*", "papers*", "jams*", "th*"}).Draw(t, "prefix")
			}
			return word[:rapid.IntRange(1, len(word)).Draw(t, "cut")] + "*"
		case 3:
			return "-" + word
		case 4:
			return "-" + word[:2] + "*"
		case 5:
			return `-"` + word + " " + rapid.SampledFrom(vocabulary).Draw(t, "second") + `"`
		}
		return word
	})
	return search.Query{Filter: drawFilter(t), Text: strings.Join(rapid.SliceOfN(clause, 0, 5).Draw(t, "query"), " "), Limit: rapid.IntRange(1, 30).Draw(t, "limit")}
}

// Whatever was put, replaced and removed before: the index answers what reading everything answers.
func TestReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := t.Context()
		index, all := search.NewMemory(search.Options{}), reference{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			d := drawDocument(t, 12)
			if rapid.IntRange(0, 4).Draw(t, "remove") == 0 {
				require.NoError(t, index.Remove(ctx, d.Tenant, d.Ref))
				delete(all[d.Tenant], d.Ref)
			} else {
				require.NoError(t, index.Put(ctx, d))
				all.put(d)
			}
		}
		fresh := search.NewMemory(search.Options{})
		for _, docs := range all {
			require.NoError(t, fresh.Put(ctx, slices.Collect(maps.Values(docs))...))
		}
		for range 5 {
			q := drawQuery(t)
			got, err := index.Search(ctx, q)
			require.NoError(t, err)
			want := all.search(q)
			require.Equal(t, len(want), got.Total, q.Text)
			agrees(t, want, got.Hits, q.Limit)
			anew, err := fresh.Search(ctx, q)
			require.NoError(t, err)
			require.Equal(t, anew, got, "as one that is built anew")

			l := search.Like{Filter: q.Filter, Text: drawText(t, "like", 8), Terms: rapid.IntRange(1, 5).Draw(t, "terms"), Limit: q.Limit}
			got, err = index.Similar(ctx, l)
			require.NoError(t, err)
			agrees(t, all.similar(l), got.Hits, l.Limit)
		}
	})
}

// Documents over several windows, most of them replaced: what is passed over and made anew changes no answer.
func TestReferenceOfMany(t *testing.T) {
	p := prose.Of(vocabulary)
	index, all := search.NewMemory(search.Options{}), reference{}
	for i := range 12_000 {
		d := search.Document{
			Tenant: "acme", Ref: search.Ref{Kind: "article", ID: fmt.Sprint(p.Chance.IntN(5_000)), Locale: "en"}, Body: p.Text(1 + p.Chance.IntN(8)),
			Allow: []string{[]string{"a", "b"}[i%2]},
		}
		require.NoError(t, index.Put(t.Context(), d))
		all.put(d)
	}
	f := search.Filter{Tenant: "acme", Audience: []string{"a"}}
	for _, text := range []string{"vpn mail", "printer paper jam the 404", `"paper jam" mail`, "print* -jam", "500"} {
		q := search.Query{Filter: f, Text: text, Limit: 20}
		got, err := index.Search(t.Context(), q)
		require.NoError(t, err)
		want := all.search(q)
		require.Equal(t, len(want), got.Total, text)
		agrees(t, want, got.Hits, 20)

		l := search.Like{Filter: f, Text: strings.NewReplacer(`"`, "", "*", "", "-", "").Replace(text), Terms: 10, Limit: 20}
		got, err = index.Similar(t.Context(), l)
		require.NoError(t, err)
		agrees(t, all.similar(l), got.Hits, 20)
	}
}

// Similar passes over what can be none of the best, Search counts everything: of the same words both find the same.
func TestWhatIsPassedOverIsNoneOfTheBest(t *testing.T) {
	p := prose.New(3_000)
	index := search.NewMemory(search.Options{})
	docs := make([]search.Document, 0, 500)
	for i := range 30_000 {
		docs = append(docs, search.Document{
			Tenant: "acme", Ref: search.Ref{Kind: "incident", ID: fmt.Sprint(p.Chance.IntN(25_000))}, Title: p.Text(3 + i%9),
			Allow: []string{[]string{"a", "a", "b"}[i%3]},
		})
		if len(docs) == cap(docs) {
			require.NoError(t, index.Put(t.Context(), docs...))
			docs = docs[:0]
		}
	}
	f := search.Filter{Tenant: "acme", Audience: []string{"a"}}
	for i := range 300 {
		text := p.Text(1 + i%12)
		likes, err := index.Similar(t.Context(), search.Like{Filter: f, Text: text, Terms: 1000})
		require.NoError(t, err)
		found, err := index.Search(t.Context(), search.Query{Filter: f, Text: text})
		require.NoError(t, err)
		require.Equal(t, found.Hits, likes.Hits, text)
	}
}
