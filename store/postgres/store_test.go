package postgres_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// open makes an empty store in a schema of its own.
func open(t testing.TB) (*postgres.Store, postgres.Config) {
	t.Helper()
	pool, schema := postgrestest.Pool(t, postgrestest.Hasty)
	config := postgres.Config{Schema: schema}
	require.NoError(t, postgres.Migrate(t.Context(), pool, config))
	s, err := postgres.New(t.Context(), pool, config)
	require.NoError(t, err)
	return s, config
}

func TestStore(t *testing.T) {
	var mu sync.Mutex
	configs := map[itsm.Store]postgres.Config{}
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T) itsm.Store {
			s, config := open(t)
			mu.Lock()
			defer mu.Unlock()
			configs[s] = config
			return s
		},
		Reopen: func(t *testing.T, s itsm.Store) itsm.Store {
			mu.Lock()
			defer mu.Unlock()
			again, err := postgres.New(t.Context(), postgrestest.Connect(t, postgrestest.URL(t), postgrestest.Hasty), configs[s])
			require.NoError(t, err)
			configs[again] = configs[s]
			return again
		},
		Getter:        true,
		ColumnCounter: true,
		Batcher:       true,
	})
}
