package search_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/internal/prose"
	"github.com/itsmkit/itsmkit/search"
)

// articles are documents with a title of 6 words and a body of 84; every fifth is hidden from the asker.
func articles(n int) ([]search.Document, *prose.Prose) {
	p := prose.New(50_000)
	docs := make([]search.Document, n)
	for i := range docs {
		docs[i] = search.Document{
			Tenant: "acme", Ref: search.Ref{Kind: "article", ID: fmt.Sprintf("KB%06d", i), Locale: "en"}, Title: p.Text(6), Body: p.Text(84),
			Allow: []string{[]string{"staff", search.Everyone, "staff", "customers", "board"}[i%5]},
		}
	}
	return docs, p
}

var staff = search.Filter{Tenant: "acme", Audience: []string{"staff", "customers"}}

// quantiles reports the median and the 99th percentile of what was measured, in microseconds.
func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
}

func BenchmarkBuild(b *testing.B) {
	docs, _ := articles(20_000)
	b.Run("floor", func(b *testing.B) { // split at spaces, and every word counted in one map
		for b.Loop() {
			count := map[string]int{}
			for i := range docs {
				for w := range strings.FieldsSeq(docs[i].Body) {
					count[w]++
				}
			}
		}
		b.ReportMetric(float64(len(docs)*b.N)/b.Elapsed().Seconds(), "docs/s")
	})
	b.Run("memory", func(b *testing.B) {
		for b.Loop() {
			index := search.NewMemory(search.Options{})
			for batch := range slices.Chunk(docs, 500) {
				if err := index.Put(b.Context(), batch...); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(len(docs)*b.N)/b.Elapsed().Seconds(), "docs/s")
	})
}

func BenchmarkSearch(b *testing.B) {
	docs, p := articles(20_000)
	index := search.NewMemory(search.Options{})
	require.NoError(b, index.Put(b.Context(), docs...))
	b.Run("floor", func(b *testing.B) { // add up as many scores as the commonest word of the queries has documents
		scores := make([]float64, len(docs))
		for b.Loop() {
			for i := range scores {
				scores[i] += 3 / (3 + float64(i))
			}
		}
	})
	for _, c := range []struct {
		name string
		of   func() search.Query
	}{
		{"words", func() search.Query { return search.Query{Text: p.Text(1 + p.Chance.IntN(4))} }},
		{"snippets", func() search.Query { return search.Query{Text: p.Text(1 + p.Chance.IntN(4)), Snippets: true} }},
		{"phrase", func() search.Query {
			from := strings.Fields(docs[p.Chance.IntN(len(docs))].Body)
			at := p.Chance.IntN(len(from) - 2)
			return search.Query{Text: `"` + strings.Join(from[at:at+2], " ") + `"`}
		}},
		{"prefix", func() search.Query { return search.Query{Text: p.Text(1)[:2] + "* " + p.Text(1)} }},
		{"expanded", func() search.Query { return search.Query{Text: p.Text(1 + p.Chance.IntN(4)), Expand: true} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				q := c.of()
				q.Filter = staff
				start := time.Now()
				if _, err := index.Search(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			quantiles(b, took)
		})
	}
}

// BenchmarkSimilar looks for incidents like one that is reported, among a million of them; 50,000 where tests are short.
func BenchmarkSimilar(b *testing.B) {
	n := 1_000_000
	if testing.Short() {
		n = 50_000
	}
	p := prose.New(200_000)
	index := search.NewMemory(search.Options{})
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, text := heap(), 0
	batch := make([]search.Document, 0, 1000)
	var building time.Duration
	for i := range n {
		d := search.Document{
			Tenant: "acme", Ref: search.Ref{Kind: "incident", ID: fmt.Sprintf("INC%07d", i), Locale: "en"}, Title: p.Text(8 + i%5),
			Allow: []string{[]string{"staff", search.Everyone, "staff", "customers", "board"}[i%5]},
		}
		text += len(d.Title) + len(d.ID)
		if batch = append(batch, d); len(batch) == cap(batch) {
			start := time.Now()
			require.NoError(b, index.Put(b.Context(), batch...))
			building += time.Since(start)
			clear(batch)
			batch = batch[:0]
		}
	}
	bytes := float64(heap()-before-uint64(text)) / float64(n)
	b.Run("floor", func(b *testing.B) { // one pass over a number of 4 bytes for each document
		list := make([]uint32, n)
		most := uint32(0)
		for b.Loop() {
			for _, v := range list {
				most = max(most, v)
			}
		}
		require.Less(b, most, uint32(math.MaxUint32))
	})
	b.Run("memory", func(b *testing.B) {
		var took []time.Duration
		for b.Loop() {
			like := search.Like{Filter: staff, Text: p.Text(8 + p.Chance.IntN(5))}
			start := time.Now()
			if _, err := index.Similar(b.Context(), like); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(start))
		}
		quantiles(b, took)
		b.ReportMetric(bytes, "bytes/doc")
		b.ReportMetric(float64(n)/building.Seconds(), "docs/s")
	})
	runtime.KeepAlive(index)
}
