package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/internal/prose"
	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// recorder remembers the queries of a pool.
type recorder struct {
	mu      sync.Mutex
	queries []pgx.TraceQueryStartData
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queries = append(r.queries, q)
	return ctx
}

func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *recorder) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queries = append(r.queries, pgx.TraceQueryStartData{SQL: q.SQL, Args: q.Args})
}

func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// filled is an index with so many articles of a tenant, as those of benchmarks.
func filled(t testing.TB, index search.Index, n int) *prose.Prose {
	p := prose.New(50_000)
	for at := 0; at < n; at += 500 {
		docs := make([]search.Document, min(500, n-at))
		for i := range docs {
			docs[i] = article(fmt.Sprintf("KB%06d", at+i), p.Text(6), p.Text(84))
			docs[i].Allow = []string{[]string{"staff", search.Everyone, "staff", "customers", "board"}[i%5]}
		}
		require.NoError(t, index.Put(t.Context(), docs...))
	}
	return p
}

var staff = search.Filter{Tenant: "acme", Audience: []string{"staff", "customers"}}

func TestNoQuestionReadsEveryDocument(t *testing.T) {
	var last recorder
	pool, schema := postgrestest.Pool(t, postgrestest.Hasty, func(c *pgxpool.Config) { c.ConnConfig.Tracer = &last })
	config := postgres.Config{Schema: schema}
	require.NoError(t, postgres.Migrate(t.Context(), pool, config))
	index, err := postgres.New(t.Context(), pool, config)
	require.NoError(t, err)
	filled(t, index, 5_000)
	require.NoError(t, index.Put(t.Context(), article("rare", "zorkmid quuxly", "")))
	other := postgrestest.Connect(t, postgrestest.URL(t))
	_, err = other.Exec(t.Context(), `ANALYZE `+pgx.Identifier{schema, "document"}.Sanitize()+`, `+pgx.Identifier{schema, "term"}.Sanitize())
	require.NoError(t, err)
	for name, ask := range map[string]func() error{
		"words": func() error {
			_, err := index.Search(t.Context(), search.Query{Filter: staff, Text: "zorkmid quuxly", Snippets: true})
			return err
		},
		"a phrase": func() error {
			_, err := index.Search(t.Context(), search.Query{Filter: staff, Text: `"zorkmid quuxly"`})
			return err
		},
		"a prefix": func() error {
			_, err := index.Search(t.Context(), search.Query{Filter: staff, Text: "zork*"})
			return err
		},
		"what is similar": func() error {
			_, err := index.Similar(t.Context(), search.Like{Filter: staff, Text: "zorkmid quuxly"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			last.queries = nil
			require.NoError(t, ask())
			require.GreaterOrEqual(t, len(last.queries), 3)
			for _, q := range last.queries {
				rows, err := other.Query(t.Context(), `EXPLAIN `+q.SQL, q.Args...)
				require.NoError(t, err)
				lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
				require.NoError(t, err)
				plan := strings.Join(lines, "\n")
				require.NotContains(t, plan, "Seq Scan on document", q.SQL+"\n"+plan)
				require.NotContains(t, plan, "Seq Scan on term", q.SQL+"\n"+plan)
			}
		})
	}
}
