package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/sqlite"
	"github.com/itsmkit/itsmkit/store/sqlite/sqlitefile"
)

// trouble is a desk in a file with which something goes wrong.
type trouble struct {
	*testing.T
	driver, path string
	db           *sql.DB
	store        *sqlite.Store
	kernel       *itsm.Kernel
	clock        *itsmtest.Clock
	incidents    *incident.Incidents
	ann          context.Context
}

// onEach runs a test with a desk of its own on each driver.
func onEach(t *testing.T, test func(t *trouble)) {
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			d := &trouble{T: t, driver: driver, path: filepath.Join(folder(t), "desk.db")}
			d.open(sqlite.Config{Busy: time.Millisecond})
			test(d)
		})
	}
}

func (t *trouble) open(config sqlite.Config) {
	t.Helper()
	t.db = t.database("")
	require.NoError(t, sqlite.Migrate(t.Context(), t.db))
	var err error
	t.store, err = sqlite.New(t.Context(), t.db, config)
	require.NoError(t, err)
	store := t.store
	t.Cleanup(func() { _ = store.Close() })
	t.kernel, t.clock = itsmtest.Kernel(t, itsm.Config{Store: t.store}, func(k *itsm.Kernel) (err error) {
		t.incidents, err = incident.New(k, incident.Config{})
		return err
	})
	t.ann = itsmtest.As(t.Context(), itsmtest.Administrator("ann"))
}

// database is another pool on the file.
func (t *trouble) database(options string) *sql.DB {
	t.Helper()
	db, err := sql.Open(t.driver, "file:"+t.path+options)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func (t *trouble) report(title string) (*incident.Incident, error) {
	inc, err := t.incidents.Report(t.ann, incident.Report{Title: title})
	return &inc, err
}

func (t *trouble) reported(title string) *incident.Incident {
	t.Helper()
	inc, err := t.report(title)
	require.NoError(t, err)
	return inc
}

func (t *trouble) count() int64 {
	t.Helper()
	n, err := t.incidents.Count(t.ann, itsm.Query{})
	require.NoError(t, err)
	return n
}

func (t *trouble) exec(db *sql.DB, text string, args ...any) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), text, args...)
	require.NoError(t, err, text)
}

func TestFullDiskChangesNothing(t *testing.T) {
	onEach(t, func(t *trouble) {
		first := t.reported("VPN down")
		room := func(pages string) {
			require.NoError(t, t.store.Transact(t.Context(), func(ctx context.Context, tx *sqlite.Tx) error {
				return tx.QueryRowContext(ctx, "PRAGMA max_page_count = "+pages).Scan(new(int64))
			}))
		}
		room("1") // which SQLite makes as many as there are
		long := strings.Repeat("long ", 10_000)
		var err error
		for n := 0; err == nil && n < 100; n++ {
			_, err = t.incidents.Comment(t.ann, first.ID, itsm.Comment{Body: long})
		}
		require.ErrorIs(t, err, itsm.ErrFull)
		before, err := t.incidents.Get(t.ann, first.ID)
		require.NoError(t, err)
		_, err = t.incidents.Comment(t.ann, first.ID, itsm.Comment{Body: long})
		require.ErrorIs(t, err, itsm.ErrFull)
		now, err := t.incidents.Get(t.ann, first.ID)
		require.NoError(t, err)
		require.Equal(t, before, now)
		require.NoError(t, t.kernel.Verify(t.ann, first.Ref()))

		room("1000000")
		_, err = t.incidents.Comment(t.ann, first.ID, itsm.Comment{Body: long})
		require.NoError(t, err)
		require.NoError(t, t.kernel.Verify(t.ann, first.Ref()))
		require.NoError(t, t.store.Verify(t.Context()))
	})
}

// A command of a batch that finds no room is answered so by itself, and the others are written.
func TestFullDiskAndABatch(t *testing.T) {
	onEach(t, func(t *trouble) {
		first := t.reported("VPN down")
		require.NoError(t, t.store.Transact(t.Context(), func(ctx context.Context, tx *sqlite.Tx) error {
			return tx.QueryRowContext(ctx, "PRAGMA max_page_count = 1").Scan(new(int64))
		}))
		huge := itsm.Receipt{ReceiptKey: itsm.ReceiptKey{Tenant: "acme", Actor: "ann", Command: "c", Key: strings.Repeat("k", 1<<20)}, Ref: first.Ref(), Version: 1}
		small := huge
		small.Key = "k"
		faults := t.store.ApplyAll(t.Context(), []*itsm.WriteSet{{Receipt: &huge}, {Receipt: &small}})
		require.ErrorIs(t, faults[0], itsm.ErrFull)
		require.NoError(t, faults[1])
	})
}

func TestReadOnlyFile(t *testing.T) {
	onEach(t, func(t *trouble) {
		first := t.reported("VPN down")
		require.NoError(t, t.store.Transact(t.Context(), func(ctx context.Context, tx *sqlite.Tx) error {
			_, err := tx.ExecContext(ctx, "PRAGMA query_only = ON")
			return err
		}))
		_, err := t.report("No")
		require.ErrorIs(t, err, itsm.ErrReadOnly)
		got, err := t.incidents.Get(t.ann, first.ID)
		require.NoError(t, err)
		require.Equal(t, *first, got)

		db := t.database("?mode=ro")
		t.exec(t.db, "DROP TABLE itsm_migration")
		require.ErrorIs(t, sqlite.Migrate(t.Context(), db), itsm.ErrReadOnly)
	})
}

func TestAnotherProcessHoldsTheLock(t *testing.T) {
	onEach(t, func(t *trouble) {
		t.reported("VPN down")
		other, err := t.database("").Conn(t.Context())
		require.NoError(t, err)
		_, err = other.ExecContext(t.Context(), "BEGIN IMMEDIATE")
		require.NoError(t, err)
		_, err = t.report("Printer on fire")
		require.ErrorIs(t, err, itsm.ErrUnavailable)
		for _, err := range t.store.ApplyAll(t.Context(), []*itsm.WriteSet{{Forget: &itsm.ActorKey{Tenant: "acme", Actor: "bob"}}, {}}) {
			require.ErrorIs(t, err, itsm.ErrUnavailable)
		}
		require.ErrorIs(t, t.store.Transact(t.Context(), func(context.Context, *sqlite.Tx) error { return nil }), itsm.ErrUnavailable)
		require.EqualValues(t, 1, t.count(), "readers wait for nobody")
		_, err = other.ExecContext(t.Context(), "ROLLBACK")
		require.NoError(t, err)
		require.NoError(t, other.Close())
		t.reported("Printer on fire")
		require.EqualValues(t, 2, t.count())
	})
}

func TestClosedStore(t *testing.T) {
	onEach(t, func(t *trouble) {
		inc := t.reported("VPN down")
		view, err := t.store.Snapshot(t.Context())
		require.NoError(t, err)
		require.NoError(t, t.store.Close())
		require.NoError(t, t.store.Close(), "once more")
		view.Close()
		_, get := t.store.Get(t.Context(), inc.Key())
		_, snapshot := t.store.Snapshot(t.Context())
		_, number := t.store.Number(t.Context(), "acme", "INC", 0)
		_, claim := t.store.Claim(t.Context(), t.clock.Now().AddDate(1, 0, 0), t.clock.Now().AddDate(2, 0, 0), 1)
		_, _, due := t.store.NextDue(t.Context())
		_, feed := t.store.Feed(t.Context(), nil, 0, 1)
		for call, err := range map[string]error{
			"Get": get, "Snapshot": snapshot, "Number": number, "Claim": claim, "NextDue": due, "Feed": feed,
			"Apply":    t.store.Apply(t.Context(), &itsm.WriteSet{}),
			"ApplyAll": t.store.ApplyAll(t.Context(), []*itsm.WriteSet{{}})[0],
			"Prepare":  t.store.Prepare(t.Context(), nil),
			"Reindex":  t.store.Reindex(t.Context()),
			"Verify":   t.store.Verify(t.Context()),
			"Transact": t.store.Transact(t.Context(), func(context.Context, *sqlite.Tx) error { return nil }),
		} {
			require.ErrorIs(t, err, itsm.ErrUnavailable, call)
		}
		_, err = t.report("Printer on fire")
		require.ErrorIs(t, err, itsm.ErrUnavailable)
	})
}

func TestCorruptedFile(t *testing.T) {
	onEach(t, func(t *trouble) {
		for n := range 50 {
			t.reported(fmt.Sprint("VPN down ", n, strings.Repeat(" again", 500)))
		}
		require.NoError(t, t.store.Close())
		require.NoError(t, t.db.Close())
		require.NoError(t, os.RemoveAll(t.path+"-wal"))
		data, err := os.ReadFile(t.path)
		require.NoError(t, err)
		for at := len(data) / 4; at < len(data)*3/4; at += 512 {
			copy(data[at:at+64], strings.Repeat("\xa5", 64))
		}
		require.NoError(t, os.WriteFile(t.path, data, 0o600))

		db := t.database("")
		store, err := sqlite.New(t.Context(), db, sqlite.Config{})
		if err == nil {
			defer store.Close()
			err = store.Verify(t.Context())
		}
		require.ErrorIs(t, err, itsm.ErrCorrupt)

		require.NoError(t, os.WriteFile(t.path, []byte(strings.Repeat("no database ", 1000)), 0o600))
		_, err = sqlite.New(t.Context(), t.database(""), sqlite.Config{})
		require.ErrorIs(t, err, itsm.ErrCorrupt)
	})
}

func TestDamagedBodies(t *testing.T) {
	for table, body := range map[string]string{"itsm_kind_incident": "_body", "itsm_event": "body", "itsm_row": "body"} {
		t.Run(table, func(t *testing.T) {
			onEach(t, func(t *trouble) {
				inc := t.reported("VPN down")
				_, err := t.incidents.Comment(t.ann, inc.ID, itsm.Comment{Body: "Which gateway?"})
				require.NoError(t, err)
				name := table
				if body == "_body" {
					require.NoError(t, t.db.QueryRow(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%_body%' AND name LIKE '%incident%'`).Scan(&name))
				}
				t.exec(t.db, `UPDATE "`+name+`" SET `+body+` = x'01a5a5'`)
				view, err := t.store.Snapshot(t.Context())
				require.NoError(t, err)
				defer view.Close()
				switch table {
				case "itsm_event":
					_, err = view.Events(t.Context(), nil, inc.Key(), 0, 0)
					_, feed := t.store.Feed(t.Context(), nil, 0, 10)
					require.ErrorIs(t, feed, itsm.ErrCorrupt)
				case "itsm_row":
					_, err = view.Rows(t.Context(), nil, inc.Key(), "", 0, 0)
				default:
					_, err = t.incidents.Get(t.ann, inc.ID)
				}
				require.ErrorIs(t, err, itsm.ErrCorrupt)
			})
		})
	}
}

func TestNewerFormatOfABody(t *testing.T) {
	onEach(t, func(t *trouble) {
		inc := t.reported("VPN down")
		var name string
		require.NoError(t, t.db.QueryRow(`SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%_format%' AND name LIKE '%incident%'`).Scan(&name))
		t.exec(t.db, `UPDATE "`+name+`" SET _format = 99`)
		_, err := t.incidents.Get(t.ann, inc.ID)
		require.ErrorIs(t, err, itsm.ErrSchema)
		_, err = t.incidents.Assign(t.ann, inc.ID, incident.Assignment{Group: "network"})
		require.ErrorIs(t, err, itsm.ErrSchema)
		_, err = t.incidents.List(t.ann, itsm.Query{})
		require.ErrorIs(t, err, itsm.ErrSchema)
	})
}

func TestSchemaOfAnotherProgram(t *testing.T) {
	for what, change := range map[string]string{
		"a newer one": `INSERT INTO itsm_migration (version, name, checksum) VALUES (9999, 'later', 'x')`,
		"altered":     `UPDATE itsm_migration SET checksum = 'x'`,
		"none":        `DELETE FROM itsm_migration`,
	} {
		t.Run(what, func(t *testing.T) {
			onEach(t, func(t *trouble) {
				t.exec(t.db, change)
				_, err := sqlite.New(t.Context(), t.db, sqlite.Config{})
				require.ErrorIs(t, err, itsm.ErrSchema)
				if what != "none" {
					require.ErrorIs(t, sqlite.Migrate(t.Context(), t.db), itsm.ErrSchema)
					_, err = sqlite.Plan(t.Context(), t.db)
					require.ErrorIs(t, err, itsm.ErrSchema)
				}
			})
		})
	}
}

// What a crash left of the log's end is no part of the database: whole commits before it are.
func TestTruncatedLog(t *testing.T) {
	onEach(t, func(t *trouble) {
		var all []itsm.Ref
		for n := range 10 {
			all = append(all, t.reported(fmt.Sprint("VPN down ", n)).Ref())
		}
		for _, part := range []string{"", "-wal"} {
			data, err := os.ReadFile(t.path + part)
			require.NoError(t, err)
			if part == "-wal" {
				data = data[:len(data)-100]
			}
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(t.path), "cut.db"+part), data, 0o600))
		}
		t.path = filepath.Join(filepath.Dir(t.path), "cut.db")
		t.open(sqlite.Config{})
		require.NoError(t, t.store.Verify(t.Context()))
		n := t.count()
		require.Less(t, n, int64(10))
		require.Greater(t, n, int64(5))
		for _, ref := range all[:n] {
			require.NoError(t, t.kernel.Verify(t.ann, ref))
		}
		t.reported("After the crash")
	})
}

func TestDatabasesInMemory(t *testing.T) {
	for _, driver := range drivers {
		db, err := sql.Open(driver, ":memory:")
		require.NoError(t, err)
		_, err = sqlite.New(t.Context(), db, sqlite.Config{})
		require.ErrorIs(t, err, itsm.ErrInvalid)
		require.NoError(t, db.Close())
	}
	_, err := sqlite.New(t.Context(), nil, sqlite.Config{})
	require.ErrorIs(t, err, itsm.ErrInvalid)

	first, err := sqlitefile.Open(t.Context(), ":memory:")
	require.NoError(t, err)
	second, err := sqlitefile.Open(t.Context(), ":memory:")
	require.NoError(t, err)
	n, err := first.Number(t.Context(), "acme", "INC", 6)
	require.NoError(t, err)
	require.EqualValues(t, 7, n)
	n, err = second.Number(t.Context(), "acme", "INC", 0)
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "each is a database of its own")
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
}

// The SQL of Plan, given to SQLite by hand, makes what Migrate makes.
func TestPlanByHand(t *testing.T) {
	onEach(t, func(t *trouble) {
		schema := func(db *sql.DB) (all []string) {
			rows, err := db.Query(`SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema UNION ALL SELECT version || name || checksum FROM itsm_migration ORDER BY 1`)
			require.NoError(t, err)
			defer rows.Close()
			for rows.Next() {
				var line string
				require.NoError(t, rows.Scan(&line))
				all = append(all, strings.Join(strings.Fields(line), " "))
			}
			require.NoError(t, rows.Err())
			return all
		}
		plan, err := sqlite.Plan(t.Context(), t.db)
		require.NoError(t, err)
		require.Empty(t, plan)

		dir := filepath.Dir(t.path)
		t.path = filepath.Join(dir, "hand.db")
		byHand := t.database("")
		plan, err = sqlite.Plan(t.Context(), byHand)
		require.NoError(t, err)
		n := 0
		require.NoError(t, byHand.QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(&n))
		require.Zero(t, n, "Plan changes nothing")
		t.exec(byHand, plan)
		t.path = filepath.Join(dir, "program.db")
		byProgram := t.database("")
		require.NoError(t, sqlite.Migrate(t.Context(), byProgram))
		require.Equal(t, schema(byProgram), schema(byHand))
		store, err := sqlite.New(t.Context(), byHand, sqlite.Config{})
		require.NoError(t, err)
		require.NoError(t, store.Close())
	})
}

// inFiles looks for a text in the file and its log.
func (t *trouble) inFiles(text string) bool {
	t.Helper()
	found := false
	for _, part := range []string{"", "-wal"} {
		data, err := os.ReadFile(t.path + part)
		require.NoError(t, err)
		found = found || strings.Contains(string(data), text)
	}
	return found
}
