// Package sqlitefile opens a store in a SQLite file with a driver that it brings: modernc.org/sqlite, which needs no cgo.
package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver

	"github.com/itsmkit/itsmkit/store/sqlite"
)

// Open opens the store in a file, and makes or migrates it where needed. Close it with [sqlite.Store.Close]. The path
// ":memory:" is a desk that nobody else sees and that is gone when it is closed: it is kept in a temporary file, because
// snapshots need several connections.
//
// The errors are those of [sqlite.New] and [sqlite.Migrate].
func Open(ctx context.Context, path string) (*sqlite.Store, error) {
	return OpenConfig(ctx, path, sqlite.Config{})
}

// OpenConfig is Open with settings.
func OpenConfig(ctx context.Context, path string, config sqlite.Config) (_ *sqlite.Store, err error) {
	discard := func() error { return nil }
	if path == ":memory:" {
		folder, err := os.MkdirTemp("", "itsmkit")
		if err != nil {
			return nil, err
		}
		discard = func() error { return os.RemoveAll(folder) }
		path = filepath.Join(folder, "desk.db")
	}
	db, err := sql.Open("sqlite", "file:"+escaped(path))
	if err != nil {
		return nil, errors.Join(err, discard())
	}
	end := func() error { return errors.Join(db.Close(), discard()) }
	if err := sqlite.Migrate(ctx, db); err != nil {
		return nil, errors.Join(err, end())
	}
	store, err := sqlite.New(ctx, db, config)
	if err != nil {
		return nil, errors.Join(err, end())
	}
	store.OnClose(end)
	return store, nil
}

// escaped is a path as the name of a URI takes it.
func escaped(path string) string {
	var b []byte
	for i := range len(path) {
		switch c := path[i]; c {
		case '%', '?', '#':
			const hex = "0123456789abcdef"
			b = append(b, '%', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return string(b)
}
