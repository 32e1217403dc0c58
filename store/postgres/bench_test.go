package postgres_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/internal/duel"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/postgres"
	"github.com/itsmkit/itsmkit/store/postgres/postgrestest"
)

// bench is a desk in a schema.
type bench struct {
	*duel.Desk
	pool   *pgxpool.Pool
	schema string // quoted
}

func newBench(b *testing.B, count int) *bench {
	b.Helper()
	pool, schema := postgrestest.Pool(b, func(c *pgxpool.Config) { c.MaxConns = 34 })
	config := postgres.Config{Schema: schema}
	require.NoError(b, postgres.Migrate(b.Context(), pool, config))
	s, err := postgres.New(b.Context(), pool, config)
	require.NoError(b, err)
	return &bench{Desk: duel.NewDesk(b, s, count), pool: pool, schema: pgx.Identifier{schema}.Sanitize()}
}

// fill is Fill with statistics, as a server has them after a while.
func (x *bench) fill(b *testing.B, count int, due func(i int) time.Time) {
	b.Helper()
	x.Fill(b, count, due)
	_, err := x.pool.Exec(b.Context(), `ANALYZE`)
	require.NoError(b, err)
}

// in names the schema in SQL that is written with a bare dot.
func (x *bench) in(text string) string { return fmt.Sprintf(text, x.schema) }

// floor is a hand-written read-modify-write of the same bytes, one read and one pipelined batch, on the tables of another
// desk.
type floor struct {
	*bench
	get, event, row, setTimer, cancelTimer string
	update                                 [2]string
}

func (x *bench) byHand(b *testing.B) *floor {
	b.Helper()
	f := &floor{bench: newBench(b, len(x.IDs))}
	dollar := func(n int) string { return "$" + strconv.Itoa(n) }
	for turn := range f.update {
		f.update[turn] = f.in(`UPDATE %s.record_incident SET version = $2, _body = $3`) + f.Set(turn, 5, dollar) +
			` WHERE tenant = 'acme' AND id = $1 AND version = $4`
	}
	f.get = f.in(`SELECT _body FROM %s.record_incident WHERE tenant = 'acme' AND id = $1`)
	f.event = fmt.Sprintf(`WITH o AS (INSERT INTO %s.outbox (tenant, kind, id, version) VALUES ('acme', 'incident', $1, $2) RETURNING seq)
INSERT INTO %s.event (tenant, kind, id, version, body, seq) SELECT 'acme', 'incident', $1, $2, $3, seq FROM o`, f.schema, f.schema)
	f.row = f.in(`INSERT INTO %s.row (tenant, kind, id, row_kind, row_id, key, body) VALUES ('acme', 'incident', $1, $2, $3, $4, $5)`)
	f.setTimer = f.in(`INSERT INTO %s.timer (tenant, kind, id, name, generation, due, trigger, input) VALUES ('acme', 'incident', $1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant, kind, id, name) DO UPDATE SET generation = $3, due = $4, claimed = NULL, trigger = $5, input = $6`)
	f.cancelTimer = f.in(`DELETE FROM %s.timer WHERE tenant = 'acme' AND kind = 'incident' AND id = $1 AND name = $2`)
	return f
}

func (f *floor) turn(i, turn int) {
	ctx, id := context.Background(), f.IDs[i]
	conn, err := f.pool.Acquire(ctx)
	duel.Must(err)
	defer conn.Release()
	var body []byte
	duel.Must(conn.QueryRow(ctx, f.get, id).Scan(&body))
	next, args := f.Next(body, turn, make([]any, 4, 16))
	copy(args, []any{id, next.Version, next.Body, next.Version - 1})
	var batch pgx.Batch
	batch.Queue(f.update[turn%2], args...)
	batch.Queue(f.event, id, next.Version, next.Event)
	for n, r := range next.Rows {
		batch.Queue(f.row, id, string(r.Kind), r.ID, r.Key, next.RowBytes[n])
	}
	for _, t := range f.Spy.Sets[turn%2].Timers {
		if t.Cancel {
			batch.Queue(f.cancelTimer, id, t.Timer.Name)
		} else {
			batch.Queue(f.setTimer, id, t.Timer.Name, next.Version, t.Timer.Due.UnixNano(), t.Timer.Trigger, t.Timer.Input)
		}
	}
	duel.Must(conn.SendBatch(ctx, &batch).Close()) // one implicit transaction
}

// BenchmarkCommand holds and resumes incidents.
func BenchmarkCommand(b *testing.B) {
	for _, count := range []int{1, 8, 32} {
		b.Run(fmt.Sprint(count, " callers"), func(b *testing.B) {
			x := newBench(b, count)
			f := x.byHand(b)
			turns := func(turn func(i, turn int)) func(n int) {
				var at [32]int
				return func(n int) {
					duel.Callers(count, n, func(c, _ int) {
						turn(c, at[c])
						at[c]++
					})
				}
			}
			duel.Duel{Floor: turns(f.turn), Ours: turns(x.Turn)}.Run(b)
		})
	}
}

// BenchmarkGet reads a record by its id.
func BenchmarkGet(b *testing.B) {
	x := newBench(b, 100)
	get := x.in(`SELECT _body FROM %s.record_incident WHERE tenant = 'acme' AND id = $1`)
	duel.Duel{
		Floor: func(n int) {
			for i := range n {
				var body []byte
				duel.Must(x.pool.QueryRow(x.Ctx, get, x.IDs[i*7%100]).Scan(&body))
				_, err := x.Kind.Codec.Decode(body)
				duel.Must(err)
			}
		},
		Ours: func(n int) {
			for i := range n {
				_, err := x.Get(x.Ctx, x.IDs[i*7%100])
				duel.Must(err)
			}
		},
	}.Run(b)
}

// BenchmarkPage reads a page of 50 with a filter and a sort, at the beginning and deep in the list.
func BenchmarkPage(b *testing.B) {
	x := newBench(b, 1)
	count := duel.Records(b)
	x.fill(b, count, nil)
	latest := []itsm.Sort{{Column: "updated_at", Descending: true}}
	for _, of := range []struct {
		name                string
		filter              itsm.Filter
		sort                []itsm.Sort
		where, order, after string
		value               string
	}{
		{"an agent's by update", itsm.Where("assignee").Is("agent007"), latest, `assignee = $1`, `updated_at DESC, id DESC`, `(updated_at, id) < ($2, $3)`, "agent007"},
		{"all active by update", itsm.Where("phase").Is("active"), latest, `phase = $1`, `updated_at DESC, id DESC`, `(updated_at, id) < ($2, $3)`, "active"},
		{"a group's by number", itsm.Where("group").Is("group07"), nil, `"group" = $1`, `id`, `id > $2`, "group07"},
	} {
		first := itsm.Query{Filter: &of.filter, Sort: of.sort, Limit: 50}
		for depth, q := range map[string]itsm.Query{"first": first, "deep": x.Deep(first, min(40, count/20_000))} {
			b.Run(of.name+"/"+depth, func(b *testing.B) {
				_, err := x.List(x.Ctx, q)
				require.NoError(b, err)
				where, args := of.where, []any{of.value}
				if mark := x.Spy.Asked.After; mark != nil {
					where += ` AND ` + of.after
					for _, v := range mark.Values {
						args = append(args, v.Instant().UnixNano())
					}
					args = append(args, mark.ID)
				}
				text := x.in(`SELECT _body FROM %s.record_incident WHERE tenant = 'acme' AND `) + where + ` ORDER BY ` + of.order + ` LIMIT 51` // one more tells whether there is a next page
				duel.Duel{
					Floor: func(n int) {
						for range n {
							rows, err := x.pool.Query(x.Ctx, text, args...)
							duel.Must(err)
							for rows.Next() {
								_, err := x.Kind.Codec.Decode(rows.RawValues()[0])
								duel.Must(err)
							}
							duel.Must(rows.Err())
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
			x := newBench(b, 1)
			total := min(pending, 10_000)
			x.fill(b, pending, x.Due(total))
			take := fmt.Sprintf(`DELETE FROM %s.timer WHERE ctid = ANY(ARRAY(
	SELECT ctid FROM %s.timer WHERE claimed IS NULL AND due <= $1 ORDER BY due, tenant, kind, id, name LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING tenant, kind, id, name, generation, due, trigger, input`, x.schema, x.schema)
			x.Claims(b, total, func(now time.Time) {
				rows, err := x.pool.Query(x.Ctx, take, now.UnixNano())
				duel.Must(err)
				var t itsm.Timer
				var due int64
				_, err = pgx.ForEachRow(rows, []any{&t.Key.Tenant, &t.Key.Kind, &t.Key.ID, &t.Name, &t.Generation, &due, &t.Trigger, &t.Input}, func() error { return nil })
				duel.Must(err)
			})
		})
	}
}

// BenchmarkFire fires timers that are due, each with a command on its ticket, as an escalation level does.
func BenchmarkFire(b *testing.B) {
	for _, runners := range []int{1, 2} {
		b.Run(fmt.Sprint(runners, " runners"), func(b *testing.B) {
			x := newBench(b, 1)
			n := duel.Records(b)
			x.fill(b, n, x.Due(n))
			x.FireAll(b, n, runners)
		})
	}
}

// BenchmarkFeed reads events for a subscriber, 256 at a time, when they have their positions.
func BenchmarkFeed(b *testing.B) {
	x := newBench(b, 1)
	x.fill(b, min(duel.Records(b), 20_000), nil)
	x.Deliver()
	_, err := x.pool.Exec(b.Context(), `ANALYZE`)
	require.NoError(b, err)
	text := fmt.Sprintf(`SELECT f.position, e.body FROM %s.feed f CROSS JOIN LATERAL (SELECT body FROM %s.event e
	WHERE e.tenant = f.tenant AND e.kind = f.kind AND e.id = f.id AND e.version = f.version LIMIT 1) e WHERE f.position > $1 ORDER BY f.position LIMIT 256`, x.schema, x.schema)
	duel.Duel{
		Floor: func(n int) {
			for range n {
				at, found := int64(0), 256
				for found == 256 {
					rows, err := x.pool.Query(x.Ctx, text, at)
					duel.Must(err)
					for found = 0; rows.Next(); found++ {
						var body []byte
						duel.Must(rows.Scan(&at, &body))
						duel.Must(new(itsm.Event).UnmarshalBinary(body))
					}
					duel.Must(rows.Err())
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
