package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/internal/prose"
	"github.com/itsmkit/itsmkit/search"
)

// BenchmarkSearch asks 20,000 articles of 90 words for one to four words, beside the plain full text of PostgreSQL: the
// count and the ten best by ts_rank of what the same asker may see.
func BenchmarkSearch(b *testing.B) {
	n := 20_000
	if testing.Short() {
		n = 2_000
	}
	index, pool, config := open(b)
	start := time.Now()
	filled(b, index, n)
	b.Logf("%.0f documents a second put", float64(n)/time.Since(start).Seconds())
	bare(b, pool, config.Schema, n)
	schema := pgx.Identifier{config.Schema}.Sanitize()
	_, err := pool.Exec(b.Context(), `VACUUM ANALYZE `+schema+`.document, `+schema+`.term, `+schema+`.bare`)
	require.NoError(b, err)
	var bytes int64
	require.NoError(b, pool.QueryRow(b.Context(), `SELECT pg_total_relation_size($1) + pg_total_relation_size($2)`, schema+".document", schema+".term").Scan(&bytes))
	b.Logf("%d bytes a document", bytes/int64(n))
	for _, c := range []struct {
		name string
		ask  func(ctx context.Context, p *prose.Prose) error
	}{
		{"words", func(ctx context.Context, p *prose.Prose) error {
			_, err := index.Search(ctx, search.Query{Filter: staff, Text: p.Text(1 + p.Chance.IntN(4))})
			return err
		}},
		{"bare", func(ctx context.Context, p *prose.Prose) error {
			rows, err := pool.Query(ctx, `SELECT count(*) OVER (), id, ts_rank(words, q) FROM `+schema+`.bare, to_tsquery('simple', $1) q
				WHERE words @@ q AND allow && $2 ORDER BY 3 DESC, id LIMIT 10`,
				strings.Join(strings.Fields(p.Text(1+p.Chance.IntN(4))), " | "), []string{"staff", "customers", search.Everyone})
			if err == nil {
				rows.Close()
				err = rows.Err()
			}
			return err
		}},
		{"snippets", func(ctx context.Context, p *prose.Prose) error {
			_, err := index.Search(ctx, search.Query{Filter: staff, Text: p.Text(1 + p.Chance.IntN(4)), Snippets: true})
			return err
		}},
		{"prefix", func(ctx context.Context, p *prose.Prose) error {
			word := p.Text(1)
			_, err := index.Search(ctx, search.Query{Filter: staff, Text: word[:min(4, len(word))] + "*"})
			return err
		}},
		{"expanded", func(ctx context.Context, p *prose.Prose) error {
			_, err := index.Search(ctx, search.Query{Filter: staff, Text: p.Text(1 + p.Chance.IntN(4)), Expand: true})
			return err
		}},
		{"similar", func(ctx context.Context, p *prose.Prose) error {
			_, err := index.Similar(ctx, search.Like{Filter: staff, Text: p.Text(12)})
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := prose.New(50_000)
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				require.NoError(b, c.ask(b.Context(), p))
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

// BenchmarkPut puts articles of 90 words in batches of 500, beside rows with the same texts and a tsvector.
func BenchmarkPut(b *testing.B) {
	index, pool, config := open(b)
	b.Run("put", func(b *testing.B) {
		p, n := prose.New(50_000), 0
		for b.Loop() {
			docs := make([]search.Document, 500)
			for i := range docs {
				n++
				docs[i] = article(fmt.Sprint(n), p.Text(6), p.Text(84))
			}
			require.NoError(b, index.Put(b.Context(), docs...))
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "docs/s")
	})
	b.Run("bare", func(b *testing.B) {
		bare(b, pool, config.Schema, 0)
		p, n := prose.New(50_000), 0
		for b.Loop() {
			require.NoError(b, putBare(b.Context(), pool, config.Schema, p, 500))
			n += 500
		}
		b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "docs/s")
	})
}

// bare is a table with articles, and the full text of PostgreSQL as its manual has it.
func bare(b *testing.B, pool *pgxpool.Pool, schema string, n int) {
	quoted := pgx.Identifier{schema}.Sanitize()
	_, err := pool.Exec(b.Context(), `CREATE TABLE `+quoted+`.bare (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, title text, body text, allow text[],
		words tsvector GENERATED ALWAYS AS (setweight(to_tsvector('simple', title), 'A') || to_tsvector('simple', body)) STORED);
		CREATE INDEX ON `+quoted+`.bare USING gin (words) WITH (fastupdate = off)`)
	require.NoError(b, err)
	p := prose.New(50_000)
	for range n / 500 {
		require.NoError(b, putBare(b.Context(), pool, schema, p, 500))
	}
}

func putBare(ctx context.Context, pool *pgxpool.Pool, schema string, p *prose.Prose, n int) error {
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for i := range n {
			batch.Queue(`INSERT INTO `+pgx.Identifier{schema}.Sanitize()+`.bare (title, body, allow) VALUES ($1, $2, $3)`,
				p.Text(6), p.Text(84), []string{[]string{"staff", search.Everyone, "staff", "customers", "board"}[i%5]})
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}
