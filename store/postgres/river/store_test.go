package river_test

import (
	"sync"
	"testing"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
	itsmriver "github.com/itsmkit/itsmkit/store/postgres/river"
)

// TestStore judges the store while it inserts jobs in each transaction.
func TestStore(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two minutes; the suite on the store without jobs is not skipped")
	}
	var mu sync.Mutex
	configs := map[itsm.Store]postgres.Config{}
	p := newPlace(t) // whose tables of River all desks share
	client, err := river.NewClient(riverpgxv5.New(p.pool), &river.Config{Schema: p.schema})
	require.NoError(t, err)
	within := itsmriver.New(itsmriver.Config{}).Within(client)
	storetest.Run(t, storetest.Harness{
		Open: func(t *testing.T) itsm.Store {
			pool, schema := postgrestest.Pool(t, postgrestest.Hasty)
			config := postgres.Config{Schema: schema, Within: within}
			require.NoError(t, postgres.Migrate(t.Context(), pool, config))
			s, err := postgres.New(t.Context(), pool, config)
			require.NoError(t, err)
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
