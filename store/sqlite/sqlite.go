// Package sqlite is a store in one SQLite file: the embedded default of a desk that must outlive its process.
//
// It works on a [database/sql.DB] that the host opened, with a driver of the host's choice; it is tested with
// modernc.org/sqlite and github.com/ncruces/go-sqlite3, neither of which needs cgo. Package sqlitefile opens a file with
// the first of them, for who does not care:
//
//	store, err := sqlitefile.Open(ctx, "desk.db")
//
// # Durability
//
// The journal is a write-ahead log. With [Full], the default, a command that was answered is on the disk: it survives the
// end of the process and of the machine's power. With [Normal] it survives the end of the process, and a power cut may
// take the last commands, those of some seconds; the file stays sound, and never holds half a command. Both survive being
// killed at any instant.
//
// # Concurrency
//
// SQLite writes one transaction at a time. Callers queue in Go, and the first of them writes what all of them brought in
// one transaction, so that many callers share one wait for the disk. A set that is refused does not touch the others. There
// is no goroutine behind it. Readers have connections of their own and wait for nobody; a snapshot is a read transaction,
// and keeps the log from being shortened while it is open. Several processes may use one file on one machine; they wait for
// each other's transactions up to [Config.Busy]. A file on a network share is not safe.
//
// # Cost
//
// A command costs the SQL that it needs: one row of the record's table, of which only the indexes of changed columns are
// touched, one row for its event, and one for each timer and row that it sets. A query uses the index of a column that it
// filters or sorts by; see docs/store.md for what happens with columns without one. The two connections for writing keep up to
// 32 MB of pages each, those for reading 8 MB.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// Synchronous is when SQLite waits for the disk.
type Synchronous uint8

const (
	// Full waits in every commit: what was answered is on the disk. It is the default.
	Full Synchronous = iota
	// Normal waits when the log is copied into the file: a power cut may take the last commands, wholly.
	Normal
)

func (s Synchronous) pragma() string {
	if s == Normal {
		return "NORMAL"
	}
	return "FULL"
}

// Config says how a store uses its file. The zero value is right for a system of record.
type Config struct {
	Synchronous Synchronous
	// Busy is how long a write waits for another process's transaction before it answers [itsm.ErrUnavailable]; 0 is ten
	// seconds.
	Busy time.Duration
	// Readers is how many connections for reading stay open; 0 is four. More are opened, and closed again, where more
	// snapshots are open at once.
	Readers int
}

// Store is an [itsm.Store] in a SQLite database. Make it with [New], and close it.
type Store struct {
	db     *sql.DB
	config Config

	kinds  atomic.Pointer[map[string]*relational.Kind]
	tables sync.Map // of a *relational.Kind, to its *table
	queue  queue
	many   many

	listeners listeners

	// The writer's connections belong to whoever has the queue's turn. What lazy commits is on the disk with the next
	// commit of durable, which syncs the whole log: it is for what is worth nothing without a later commit.
	durable, lazy *conn

	readersMu sync.Mutex
	readers   []*conn
	closed    bool
	onClose   func() error
}

var (
	_ itsm.Store   = (*Store)(nil)
	_ itsm.Getter  = (*Store)(nil)
	_ itsm.Batcher = (*Store)(nil)
)

// New makes a store of a database that the host opened; [Migrate] must have made its tables. The database stays the
// host's: other tables in it, and other connections, are its own business. The pool must allow ten connections or more,
// so a database in memory, which is another one for every connection, is refused: sqlitefile.Open(ctx, ":memory:") has
// something better.
//
// It answers [itsm.ErrSchema] where the tables are not those of this program: not there yet, or made by a newer one.
func New(ctx context.Context, db *sql.DB, config Config) (*Store, error) {
	if db == nil {
		return nil, itsm.Invalid("db", "open a database first")
	}
	if most := db.Stats().MaxOpenConnections; most > 0 && most < 10 {
		return nil, itsm.Invalid("db", "let the pool have ten connections or more: one writes, and each snapshot has one")
	}
	if config.Busy <= 0 {
		config.Busy = 10 * time.Second
	}
	if config.Readers <= 0 {
		config.Readers = 4
	}
	s := &Store{db: db, config: config}
	s.kinds.Store(&map[string]*relational.Kind{})
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	var file string
	if err := s.db.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file); err != nil {
		return fault(err)
	}
	if file == "" {
		return itsm.Invalid("db", `a database in memory is another one for every connection: use a file, or sqlitefile.Open(ctx, ":memory:")`)
	}
	var err error
	if s.durable, err = s.connect(ctx, s.config.Synchronous.pragma(), false); err != nil {
		return err
	}
	if s.lazy, err = s.connect(ctx, "NORMAL", false); err != nil {
		return err
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	applied, err := appliedBy(ctx, s.durable.c)
	if err != nil {
		return err
	}
	return relational.Current(steps, applied)
}

// OnClose has close called when the store is closed, after its connections were given back: who opened the database for
// the store closes it there.
func (s *Store) OnClose(close func() error) { s.onClose = close }

// Close gives the connections back. Commands must have ended; snapshots that are still open end.
func (s *Store) Close() error {
	s.readersMu.Lock()
	if s.closed {
		s.readersMu.Unlock()
		return nil
	}
	s.closed = true
	readers := s.readers
	s.readers = nil
	s.readersMu.Unlock()
	var faults []error
	for _, c := range append(readers, s.lazy, s.durable) {
		if c != nil {
			faults = append(faults, c.close())
		}
	}
	if s.onClose != nil {
		faults = append(faults, s.onClose())
	}
	return errors.Join(faults...)
}

// kind answers a prepared kind.
func (s *Store) kind(name string) (*relational.Kind, error) {
	if k := (*s.kinds.Load())[name]; k != nil {
		return k, nil
	}
	return nil, itsm.Invalid("kind", "kind \""+name+"\" was not prepared")
}

// dialect is SQLite's.
var dialect = relational.Dialect{
	Param:    param,
	HasText:  func(text, param string) string { return `instr(lower(` + text + `), lower(` + param + `)) > 0` },
	KeyText:  func(key string) string { return `CAST(substr(` + key + `, 2) AS TEXT)` },
	HasBytes: func(key, param string) string { return `instr(` + key + `, ` + param + `) > 0` },
}
