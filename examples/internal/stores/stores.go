// Package stores opens the store that a program's flag names.
package stores

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/sqlite/sqlitefile"
)

// Usage says what a name may be.
const Usage = "where the desk is kept: `memory`, the name of a file, or the URL of a PostgreSQL database (postgres://…)"

// Memory is the store that is gone when the program ends.
const Memory = "memory"

// Open opens a store, and makes its tables where they are not there yet. Close gives it back.
func Open(ctx context.Context, name string) (store itsm.Store, close func() error, err error) {
	switch {
	case name == "" || name == Memory:
		return memory.New(), func() error { return nil }, nil
	case strings.HasPrefix(name, "postgres://"), strings.HasPrefix(name, "postgresql://"):
		return openPostgres(ctx, name)
	}
	file, err := sqlitefile.Open(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	return file, file.Close, nil
}

func openPostgres(ctx context.Context, url string) (itsm.Store, func() error, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, nil, err
	}
	if err := postgres.Migrate(ctx, pool, postgres.Config{}); err != nil {
		pool.Close()
		return nil, nil, err
	}
	store, err := postgres.New(ctx, pool, postgres.Config{})
	if err != nil {
		pool.Close()
		return nil, nil, err
	}
	return store, func() error { pool.Close(); return nil }, nil
}
