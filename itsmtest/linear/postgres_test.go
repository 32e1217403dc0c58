package linear

import (
	"testing"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// Each node has a pool of its own.
func TestConcurrentHistoriesInPostgreSQLAreLinearizable(t *testing.T) {
	schemas := map[itsm.Store]string{}
	Check(t, func(t *testing.T) itsm.Store {
		pool, schema := postgrestest.Pool(t)
		if err := postgres.Migrate(t.Context(), pool, postgres.Config{Schema: schema}); err != nil {
			t.Fatal(err)
		}
		s, err := postgres.New(t.Context(), pool, postgres.Config{Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		schemas[s] = schema
		return s
	}, Reopen(func(t *testing.T, s itsm.Store) itsm.Store {
		again, err := postgres.New(t.Context(), postgrestest.Connect(t, postgrestest.URL(t)), postgres.Config{Schema: schemas[s]})
		if err != nil {
			t.Fatal(err)
		}
		schemas[again] = schemas[s]
		return again
	}), Rounds(8))
}
