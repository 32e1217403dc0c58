package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/search"
	"github.com/itsmkit/itsmkit/search/postgres"
	"github.com/itsmkit/itsmkit/search/searchtest"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

func TestLaws(t *testing.T) {
	index, _, _ := open(t)
	n := 0
	searchtest.Run(t, func(testing.TB) search.Index {
		n++
		return renamed{index, fmt.Sprintf("%d ", n)}
	})
}

// renamed is a part of an index that is empty at first, since tenants are apart: to make tables takes longer.
type renamed struct {
	search.Index
	prefix string
}

func (r renamed) tenant(name string) string {
	if name == "" {
		return ""
	}
	return r.prefix + name
}

func (r renamed) Put(ctx context.Context, docs ...search.Document) error {
	own := make([]search.Document, len(docs))
	for i, d := range docs {
		d.Tenant = r.tenant(d.Tenant)
		own[i] = d
	}
	return r.Index.Put(ctx, own...)
}

func (r renamed) Remove(ctx context.Context, tenant string, refs ...search.Ref) error {
	return r.Index.Remove(ctx, r.tenant(tenant), refs...)
}

func (r renamed) Search(ctx context.Context, q search.Query) (search.Result, error) {
	q.Tenant = r.tenant(q.Tenant)
	return r.Index.Search(ctx, q)
}

func (r renamed) Similar(ctx context.Context, like search.Like) (search.Result, error) {
	like.Tenant = r.tenant(like.Tenant)
	return r.Index.Similar(ctx, like)
}

// open makes an empty index in a schema of its own.
func open(t testing.TB) (*postgres.Index, *pgxpool.Pool, postgres.Config) {
	t.Helper()
	pool, schema := postgrestest.Pool(t, postgrestest.Hasty)
	config := postgres.Config{Schema: schema}
	require.NoError(t, postgres.Migrate(t.Context(), pool, config))
	index, err := postgres.New(t.Context(), pool, config)
	require.NoError(t, err)
	return index, pool, config
}
