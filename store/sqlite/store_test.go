package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver" // "sqlite3"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // "sqlite"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

// drivers are the database drivers that the store is tested with, by the names that they register.
var drivers = map[string]string{"modernc": "sqlite", "ncruces": "sqlite3"}

// folder is a folder in memory where there is one: most tests are not about the disk.
func folder(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat("/dev/shm"); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "itsmkit")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// opened is a store in a file, closed at the end of the test.
func opened(t testing.TB, driver, path string, config sqlite.Config) *sqlite.Store {
	t.Helper()
	db, err := sql.Open(driver, "file:"+path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, sqlite.Migrate(t.Context(), db))
	s, err := sqlite.New(t.Context(), db, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestStore(t *testing.T) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			paths := map[itsm.Store]string{}
			open := func(t *testing.T, path string) itsm.Store {
				s := opened(t, driver, path, sqlite.Config{Synchronous: sqlite.Normal})
				mu.Lock()
				defer mu.Unlock()
				paths[s] = path
				return s
			}
			storetest.Run(t, storetest.Harness{
				Open: func(t *testing.T) itsm.Store { return open(t, filepath.Join(folder(t), "desk.db")) },
				Reopen: func(t *testing.T, s itsm.Store) itsm.Store {
					mu.Lock()
					path := paths[s]
					mu.Unlock()
					return open(t, path)
				},
				Getter:        true,
				ColumnCounter: true,
				Batcher:       true,
			})
		})
	}
}
