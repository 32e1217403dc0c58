package sqlite

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// Dialect is how conditions are written here, for tests that look at them.
var Dialect = dialect

// Query is SQL with its parameters.
type Query struct {
	SQL  string
	Args []any
}

// Explained is the SQL that a query runs.
func Explained(t testing.TB, s *Store, q *itsm.StoreQuery) []Query {
	t.Helper()
	v, err := s.Snapshot(context.Background())
	require.NoError(t, err)
	defer v.Close()
	n := v.(*snapshot)
	k, err := s.kind(q.Kind)
	require.NoError(t, err)
	d, err := n.planned(context.Background(), k, q)
	require.NoError(t, err)
	kept := &keeping{source: source{n}}
	_, err = k.Query(context.Background(), d, kept, nil, q)
	require.NoError(t, err)
	require.NotEmpty(t, kept.queries)
	return kept.queries
}

// keeping keeps what is selected.
type keeping struct {
	source
	queries []Query
}

func (s *keeping) Select(ctx context.Context, dst []itsm.Record, k *relational.Kind, c relational.Clause, limit int) ([]itsm.Record, error) {
	text, args := s.text(k, c, limit)
	s.queries = append(s.queries, Query{text, args})
	return s.source.Select(ctx, dst, k, c, limit)
}
