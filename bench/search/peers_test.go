package search

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/itsmkit/itsmkit/internal/prose"
	"github.com/itsmkit/itsmkit/search"
)

// article is a title of 6 words and a body of 84.
type article struct {
	ID    string `json:"-"`
	Title string `json:"title"`
	Body  string `json:"body"`
}

func articles(n int) ([]article, *prose.Prose) {
	p := prose.New(50_000)
	list := make([]article, n)
	for i := range list {
		list[i] = article{fmt.Sprintf("KB%06d", i), p.Text(6), p.Text(84)}
	}
	return list, p
}

// An engine takes articles, 500 at a time, and answers the ten best for the words of a question, and how many there are.
type engine interface {
	put(tb testing.TB, batch []article)
	ask(tb testing.TB, words []string) (ids []string, total int)
	close()
}

// engines are the ones that are compared, each in memory, each with a stemmer and the words of a question joined by or.
var engines = []struct {
	name string
	open func(tb testing.TB) engine
}{
	{"itsmkit", openOurs},
	{"fts5", openFTS5},
	{"bleve", openBleve},
}

type ours struct{ index *search.Memory }

func openOurs(testing.TB) engine { return ours{search.NewMemory(search.Options{})} }

func (o ours) put(tb testing.TB, batch []article) {
	docs := make([]search.Document, len(batch))
	for i, a := range batch {
		docs[i] = search.Document{
			Tenant: "acme", Ref: search.Ref{Kind: "article", ID: a.ID, Locale: "en"}, Title: a.Title, Body: a.Body, Allow: []string{search.Everyone},
		}
	}
	require.NoError(tb, o.index.Put(context.Background(), docs...))
}

func (o ours) ask(tb testing.TB, words []string) (ids []string, total int) {
	found, err := o.index.Search(context.Background(), search.Query{Filter: search.Filter{Tenant: "acme"}, Text: strings.Join(words, " ")})
	require.NoError(tb, err)
	for _, h := range found.Hits {
		ids = append(ids, h.ID)
	}
	return ids, found.Total
}

func (o ours) close() {}

type fts5 struct{ db *sql.DB }

func openFTS5(tb testing.TB) engine {
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(tb, err)
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE VIRTUAL TABLE articles USING fts5(id UNINDEXED, title, body, tokenize = 'porter unicode61')`)
	require.NoError(tb, err)
	return fts5{db}
}

func (f fts5) put(tb testing.TB, batch []article) {
	tx, err := f.db.Begin()
	require.NoError(tb, err)
	insert, err := tx.Prepare(`INSERT INTO articles (id, title, body) VALUES (?, ?, ?)`)
	require.NoError(tb, err)
	for _, a := range batch {
		_, err = insert.Exec(a.ID, a.Title, a.Body)
		require.NoError(tb, err)
	}
	require.NoError(tb, tx.Commit())
}

func (f fts5) ask(tb testing.TB, words []string) (ids []string, total int) {
	match := `"` + strings.Join(words, `" OR "`) + `"`
	require.NoError(tb, f.db.QueryRow(`SELECT count(*) FROM articles WHERE articles MATCH ?`, match).Scan(&total))
	rows, err := f.db.Query(`SELECT id FROM articles WHERE articles MATCH ? ORDER BY bm25(articles, 0, 3, 1) LIMIT 10`, match)
	require.NoError(tb, err)
	defer rows.Close()
	for rows.Next() {
		var id string
		require.NoError(tb, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(tb, rows.Err())
	return ids, total
}

func (f fts5) close() { _ = f.db.Close() }

type bleveIndex struct{ index bleve.Index }

func openBleve(tb testing.TB) engine {
	text := bleve.NewTextFieldMapping()
	text.Analyzer, text.Store, text.IncludeTermVectors = "en", false, false
	doc := bleve.NewDocumentStaticMapping()
	doc.AddFieldMappingsAt("title", text)
	doc.AddFieldMappingsAt("body", text)
	m := bleve.NewIndexMapping()
	m.DefaultMapping, m.DefaultAnalyzer = doc, "en"
	index, err := bleve.NewMemOnly(m)
	require.NoError(tb, err)
	return bleveIndex{index}
}

func (b bleveIndex) put(tb testing.TB, batch []article) {
	all := b.index.NewBatch()
	for _, a := range batch {
		require.NoError(tb, all.Index(a.ID, a))
	}
	require.NoError(tb, b.index.Batch(all))
}

func (b bleveIndex) ask(tb testing.TB, words []string) (ids []string, total int) {
	text := strings.Join(words, " ")
	title, body := bleve.NewMatchQuery(text), bleve.NewMatchQuery(text)
	title.SetField("title")
	title.SetBoost(3)
	body.SetField("body")
	found, err := b.index.Search(bleve.NewSearchRequest(bleve.NewDisjunctionQuery(title, body)))
	require.NoError(tb, err)
	for _, h := range found.Hits {
		ids = append(ids, h.ID)
	}
	return ids, int(found.Total)
}

func (b bleveIndex) close() { _ = b.index.Close() }

// All find what has a word that nothing else has, so that none is fast because it finds nothing.
func TestAllFindTheSame(t *testing.T) {
	list, _ := articles(200)
	list[7].Body += " unheardof"
	for _, e := range engines {
		index := e.open(t)
		index.put(t, list)
		ids, total := index.ask(t, []string{"unheardof"})
		require.Equal(t, []string{list[7].ID}, ids, e.name)
		require.Equal(t, 1, total, e.name)
		index.close()
	}
}

func BenchmarkBuild(b *testing.B) {
	list, _ := articles(20_000)
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			for b.Loop() {
				index := e.open(b)
				for batch := range slices.Chunk(list, 500) {
					index.put(b, batch)
				}
				index.close()
			}
			b.ReportMetric(float64(len(list)*b.N)/b.Elapsed().Seconds(), "docs/s")
		})
	}
}

func BenchmarkSearch(b *testing.B) {
	list, p := articles(20_000)
	questions := make([][]string, 1000)
	for i := range questions {
		questions[i] = strings.Fields(p.Text(1 + p.Chance.IntN(4)))
	}
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			index := e.open(b)
			for batch := range slices.Chunk(list, 500) {
				index.put(b, batch)
			}
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				begun := time.Now()
				index.ask(b, questions[i%len(questions)])
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
			index.close()
		})
	}
}
