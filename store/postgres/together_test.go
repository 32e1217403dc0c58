package postgres_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// Programs that start at once on an empty database all come up: each looked before it had the lock, and must see afterwards
// what another one has made meanwhile.
func TestProgramsStartTogether(t *testing.T) {
	for range 3 {
		pool, schema := postgrestest.Pool(t)
		config := postgres.Config{Schema: schema}
		var all sync.WaitGroup
		faults := make([]error, 6)
		for i := range faults {
			all.Go(func() {
				if faults[i] = postgres.Migrate(t.Context(), pool, config); faults[i] != nil {
					return
				}
				var s *postgres.Store
				if s, faults[i] = postgres.New(t.Context(), pool, config); faults[i] == nil {
					_, faults[i] = desk.Open(t.Context(), desk.Config{Store: s})
				}
			})
		}
		all.Wait()
		for _, err := range faults {
			require.NoError(t, err)
		}
	}
}
