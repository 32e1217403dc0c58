package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/internal/duel"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

// bench is a desk in a file.
type bench struct {
	*duel.Desk
	store *sqlite.Store
	path  string
}

func newBench(b *testing.B, dir string, mode sqlite.Synchronous, count int) *bench {
	b.Helper()
	x := &bench{path: filepath.Join(dir, "ours.db")}
	x.store = opened(b, "sqlite", x.path, sqlite.Config{Synchronous: mode})
	x.Desk = duel.NewDesk(b, x.store, count)
	return x
}

// diskFolder is a folder on a real disk: what FULL costs is seen nowhere else.
func diskFolder(b *testing.B) string {
	b.Helper()
	dir, err := os.MkdirTemp(".", "bench")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, os.RemoveAll(dir)) })
	return dir
}

// floor is a hand-written read-modify-write of the same bytes: the same tables, indexes, rows and settings in another file.
type floor struct {
	desk *duel.Desk
	db   *sql.DB

	get, begin, commit                *sql.Stmt
	update                            [2]*sql.Stmt
	event, row, setTimer, cancelTimer *sql.Stmt
	queue                             chan *work
}

// work is what one caller of the floor brings.
type work struct {
	id    string
	which int
	args  []any
	duel.Bytes
	done chan struct{}
}

const getByHand = `SELECT _body FROM record_incident WHERE tenant = 'acme' AND id = ?1`

func (x *bench) byHand(b *testing.B, mode sqlite.Synchronous) *floor {
	b.Helper()
	path := filepath.Join(filepath.Dir(x.path), "floor.db")
	require.NoError(b, x.store.Backup(b.Context(), path))
	f := x.floorOn(b, path)
	writer := f.conn(b, mode)
	f.get = prepared(b, f.conn(b, mode), getByHand)
	f.begin, f.commit = prepared(b, writer, `BEGIN IMMEDIATE`), prepared(b, writer, `COMMIT`)
	for turn := range f.update {
		f.update[turn] = prepared(b, writer, `UPDATE record_incident SET version = ?2, _body = ?3`+
			x.Set(turn, 5, func(n int) string { return "?" + strconv.Itoa(n) })+` WHERE tenant = 'acme' AND id = ?1 AND version = ?4`)
	}
	f.event = prepared(b, writer, `INSERT INTO itsm_event (tenant, kind, id, version, body) VALUES ('acme', 'incident', ?1, ?2, ?3)`)
	f.row = prepared(b, writer, `INSERT INTO itsm_row (tenant, kind, id, row_kind, row_id, key, body) VALUES ('acme', 'incident', ?1, ?2, ?3, ?4, ?5)`)
	f.setTimer = prepared(b, writer, `INSERT INTO itsm_timer (tenant, kind, id, name, generation, due, action, input) VALUES ('acme', 'incident', ?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, kind, id, name) DO UPDATE SET generation = ?3, due = ?4, claimed = NULL, action = ?5, input = ?6`)
	f.cancelTimer = prepared(b, writer, `DELETE FROM itsm_timer WHERE tenant = 'acme' AND kind = 'incident' AND id = ?1 AND name = ?2`)
	return f
}

// floorOn is a floor on a file of its own, or on the store's where it is large.
func (x *bench) floorOn(b *testing.B, path string) *floor {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	return &floor{desk: x.Desk, db: db}
}

func (f *floor) conn(b *testing.B, mode sqlite.Synchronous) *sql.Conn {
	b.Helper()
	c, err := f.db.Conn(context.Background())
	require.NoError(b, err)
	pragma := map[sqlite.Synchronous]string{sqlite.Full: "FULL", sqlite.Normal: "NORMAL"}[mode]
	for _, text := range []string{`PRAGMA journal_mode = WAL`, `PRAGMA synchronous = ` + pragma, `PRAGMA temp_store = MEMORY`, `PRAGMA secure_delete = ON`, `PRAGMA cache_size = -32768`} {
		_, err := c.ExecContext(b.Context(), text)
		require.NoError(b, err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c
}

func prepared(b *testing.B, c *sql.Conn, text string) *sql.Stmt {
	b.Helper()
	stmt, err := c.PrepareContext(context.Background(), text)
	require.NoError(b, err, text)
	return stmt
}

// read reads, decodes, changes and encodes.
func (f *floor) read(get *sql.Stmt, id string, turn int) *work {
	var body []byte
	duel.Must(get.QueryRow(id).Scan(&body))
	w := &work{id: id, which: turn % 2, args: make([]any, 4, 16)}
	w.Bytes, w.args = f.desk.Next(body, turn, w.args)
	copy(w.args, []any{id, w.Version, w.Body, w.Version - 1})
	return w
}

func (f *floor) write(w *work) {
	exec := func(stmt *sql.Stmt, args ...any) int64 {
		res, err := stmt.Exec(args...)
		duel.Must(err)
		n, err := res.RowsAffected()
		duel.Must(err)
		return n
	}
	if exec(f.update[w.which], w.args...) != 1 {
		panic("the floor lost a race")
	}
	exec(f.event, w.id, w.Version, w.Event)
	for i, r := range w.Rows {
		exec(f.row, w.id, string(r.Kind), r.ID, r.Key, w.RowBytes[i])
	}
	for _, t := range f.desk.Spy.Sets[w.which].Timers {
		if t.Cancel {
			exec(f.cancelTimer, w.id, t.Timer.Name)
		} else {
			exec(f.setTimer, w.id, t.Timer.Name, w.Version, t.Timer.Due.UnixNano(), t.Timer.Trigger, t.Timer.Input)
		}
	}
}

func (f *floor) group(group ...*work) {
	_, err := f.begin.Exec()
	duel.Must(err)
	for _, w := range group {
		f.write(w)
	}
	_, err = f.commit.Exec()
	duel.Must(err)
}

// serve commits what callers send in groups, until the queue is closed.
func (f *floor) serve() {
	for first := range f.queue {
		group := []*work{first}
		for more := true; more && len(group) < 256; {
			select {
			case w, ok := <-f.queue:
				if more = ok; ok {
					group = append(group, w)
				}
			default:
				more = false
			}
		}
		f.group(group...)
		for _, w := range group {
			close(w.done)
		}
	}
}

// BenchmarkCommand holds and resumes incidents.
func BenchmarkCommand(b *testing.B) {
	for name, mode := range map[string]sqlite.Synchronous{"full": sqlite.Full, "normal": sqlite.Normal} {
		b.Run(name+"/1 caller", func(b *testing.B) {
			x := newBench(b, diskFolder(b), mode, 200)
			f := x.byHand(b, mode)
			var floor, ours int
			duel.Duel{
				Floor: func(n int) {
					for range n {
						f.group(f.read(f.get, x.IDs[floor/2%200], floor))
						floor++
					}
				},
				Ours: func(n int) {
					for range n {
						x.Turn(ours/2%200, ours)
						ours++
					}
				},
			}.Run(b)
		})
	}
	b.Run("full/32 callers", func(b *testing.B) {
		x := newBench(b, diskFolder(b), sqlite.Full, 32)
		f := x.byHand(b, sqlite.Full)
		gets := make(chan *sql.Stmt, 4)
		for range cap(gets) {
			gets <- prepared(b, f.conn(b, sqlite.Full), getByHand)
		}
		var floor, ours [32]int
		duel.Duel{
			Floor: func(n int) {
				f.queue = make(chan *work, 256)
				ended := make(chan struct{})
				go func() { f.serve(); close(ended) }()
				duel.Callers(32, n, func(c, _ int) {
					get := <-gets
					w := f.read(get, x.IDs[c], floor[c])
					gets <- get
					w.done = make(chan struct{})
					f.queue <- w
					<-w.done
					floor[c]++
				})
				close(f.queue)
				<-ended
			},
			Ours: func(n int) {
				duel.Callers(32, n, func(c, _ int) {
					x.Turn(c, ours[c])
					ours[c]++
				})
			},
		}.Run(b)
	})
}

// BenchmarkGet reads a record by its id.
func BenchmarkGet(b *testing.B) {
	x := newBench(b, folder(b), sqlite.Normal, 1000)
	get := prepared(b, x.floorOn(b, x.path).conn(b, sqlite.Normal), getByHand)
	duel.Duel{
		Floor: func(n int) {
			for i := range n {
				var body []byte
				duel.Must(get.QueryRow(x.IDs[i*7%1000]).Scan(&body))
				_, err := x.Kind.Codec.Decode(body)
				duel.Must(err)
			}
		},
		Ours: func(n int) {
			for i := range n {
				_, err := x.Get(x.Ctx, x.IDs[i*7%1000])
				duel.Must(err)
			}
		},
	}.Run(b)
}

// BenchmarkPage reads a page of 50 with a filter and a sort, at the beginning and deep in the list. The floor is the SQL of
// somebody who knows which index is right, and a decode for each record.
func BenchmarkPage(b *testing.B) {
	x := newBench(b, diskFolder(b), sqlite.Normal, 1)
	count := duel.Records(b)
	x.Fill(b, count, nil)
	conn := x.floorOn(b, x.path).conn(b, sqlite.Normal)
	open := itsm.Where("phase").In("new", "active", "waiting")
	latest := []itsm.Sort{{Column: "updated_at", Descending: true}}
	for _, of := range []struct {
		name   string
		filter itsm.Filter
		sort   []itsm.Sort
	}{
		{"an agent's by update", itsm.All(itsm.Where("assignee").Is("agent007"), open), latest},
		{"all active by update", itsm.Where("phase").Is("active"), latest},
		{"a group's by number", itsm.Where("group").Is("group07"), nil},
		{"all by priority and update", open, []itsm.Sort{{Column: "priority"}, latest[0]}},
	} {
		first := itsm.Query{Filter: &of.filter, Sort: of.sort, Limit: 50}
		for depth, q := range map[string]itsm.Query{"first": first, "deep": x.Deep(first, min(40, count/5000))} {
			b.Run(of.name+"/"+depth, func(b *testing.B) {
				_, err := x.List(x.Ctx, q)
				require.NoError(b, err)
				asked := sqlite.Explained(b, x.store, x.Spy.Asked)[0]
				stmt := prepared(b, conn, asked.SQL)
				duel.Duel{
					Floor: func(n int) {
						for range n {
							rows, err := stmt.Query(asked.Args...)
							duel.Must(err)
							for rows.Next() {
								var format int
								var body sql.RawBytes
								duel.Must(rows.Scan(&format, &body))
								_, err := x.Kind.Codec.Decode(body)
								duel.Must(err)
							}
							duel.Must(rows.Close())
						}
					},
					Ours: func(n int) {
						for range n {
							_, err := x.List(x.Ctx, q)
							duel.Must(err)
						}
					},
				}.Run(b)
			})
		}
	}
}

// BenchmarkClaim takes due timers in batches of a hundred, and ends each batch with a commit.
func BenchmarkClaim(b *testing.B) {
	for _, pending := range []int{10_000, duel.Records(b)} {
		b.Run(fmt.Sprint(pending, " pending"), func(b *testing.B) {
			x := newBench(b, diskFolder(b), sqlite.Full, 1)
			total := min(pending, 10_000)
			x.Fill(b, pending, x.Due(total))
			path := filepath.Join(filepath.Dir(x.path), "floor.db")
			require.NoError(b, x.store.Backup(b.Context(), path))
			conn := x.floorOn(b, path).conn(b, sqlite.Full)
			begin, commit := prepared(b, conn, `BEGIN IMMEDIATE`), prepared(b, conn, `COMMIT`)
			take := prepared(b, conn, `DELETE FROM itsm_timer WHERE rowid IN (
	SELECT rowid FROM itsm_timer WHERE claimed IS NULL AND due <= ?1 ORDER BY due, tenant, kind, id, name LIMIT 100)
RETURNING tenant, kind, id, name, generation, due, action, input`)
			x.Claims(b, total, func(now time.Time) {
				_, err := begin.Exec()
				duel.Must(err)
				rows, err := take.Query(now.UnixNano())
				duel.Must(err)
				for rows.Next() {
					var t itsm.Timer
					var due int64
					duel.Must(rows.Scan(&t.Key.Tenant, &t.Key.Kind, &t.Key.ID, &t.Name, &t.Generation, &due, &t.Trigger, &t.Input))
				}
				duel.Must(rows.Close())
				_, err = commit.Exec()
				duel.Must(err)
			})
		})
	}
}

// BenchmarkFire fires timers that are due, each with a command on its ticket, as an escalation level does.
func BenchmarkFire(b *testing.B) {
	x := newBench(b, diskFolder(b), sqlite.Full, 1)
	n := duel.Records(b)
	x.Fill(b, n, x.Due(n))
	x.FireAll(b, n, 1)
}

// BenchmarkFeed reads events for a subscriber, 256 at a time.
func BenchmarkFeed(b *testing.B) {
	x := newBench(b, folder(b), sqlite.Normal, 1)
	x.Fill(b, min(duel.Records(b), 20_000), nil)
	stmt := prepared(b, x.floorOn(b, x.path).conn(b, sqlite.Normal), `SELECT position, body FROM itsm_event WHERE position > ?1 ORDER BY position LIMIT 256`)
	duel.Duel{
		Floor: func(n int) {
			for range n {
				at, found := int64(0), 256
				for found == 256 {
					rows, err := stmt.Query(at)
					duel.Must(err)
					for found = 0; rows.Next(); found++ {
						var body sql.RawBytes
						duel.Must(rows.Scan(&at, &body))
						duel.Must(new(itsm.Event).UnmarshalBinary(body))
					}
					duel.Must(rows.Close())
				}
			}
		},
		Ours: func(n int) {
			for range n {
				x.Deliver()
			}
		},
	}.Run(b)
}

// BenchmarkStart opens a desk over many open records, and gives the first command.
func BenchmarkStart(b *testing.B) {
	x := newBench(b, diskFolder(b), sqlite.Normal, 1)
	count := duel.Records(b)
	x.Fill(b, count, x.Due(0))
	require.NoError(b, x.store.Close())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	took := duel.Timed(func(int) {
		var incidents *incident.Incidents
		itsmtest.Kernel(b, itsm.Config{Store: opened(b, "sqlite", x.path, sqlite.Config{})}, func(k *itsm.Kernel) (err error) {
			incidents, err = incident.New(k, incident.Config{})
			return err
		})
		_, err := incidents.Report(x.Ctx, incident.Report{Title: "First", Impact: itsm.Low, Urgency: itsm.Low})
		duel.Must(err)
	}, 1)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(took.Milliseconds()), "ms")
	b.ReportMetric(float64(count), "records")
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024, "kB")
	b.ReportMetric(0, "ns/op") // of the whole benchmark, which says nothing
}
