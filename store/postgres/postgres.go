// Package postgres is a store in PostgreSQL, 14 or later, for any number of programs on one database.
//
//	pool, err := pgxpool.New(ctx, "postgres://desk@db/desk")
//	err = postgres.Migrate(ctx, pool, postgres.Config{}) // once a release, by who may make tables
//	store, err := postgres.New(ctx, pool, postgres.Config{})
//
// # Concurrency
//
// A store may be used by many goroutines. An open snapshot holds a connection of the pool and each other call takes one for
// as long as it lasts; one connection is kept from snapshots, so that they never wait for each other. The pool is the
// host's: it closes it, after all else.
//
// # Cost
//
// Get is one round trip, and so is Apply: one pipelined batch, whose end is the commit. ApplyAll takes two for any number of
// sets. Each commit waits for the disk as the server is configured to; the server lets commits that wait together share a
// write.
//
// # Errors
//
// What the database says comes back as an [itsm.Error] with the database's own as its cause: ErrAccess, ErrUnavailable,
// ErrUnknownOutcome, ErrReadOnly, ErrFull, ErrCorrupt, ErrSchema. After an outage the store works again by itself. See
// docs/postgres.md.
//
// # Time
//
// The store takes instants from its callers. It reads its clock only to limit how often it tells others that something was
// written, and to wait before it connects again. Instants are nanoseconds since 1970 in every table.
package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// Config says how a store lives in its database. The zero value works.
type Config struct {
	// Schema holds the store's tables, "itsm" where it is empty. Several stores may share a database, each with a schema of
	// its own.
	Schema string
	// RowSecurity puts policies on the tables, so that other roles of the database (reports) see the rows of one tenant, the
	// one that their session names in the setting itsm.tenant. The role that owns the tables sees all. It matters where
	// tables are made: in Migrate, and in the store's Prepare.
	RowSecurity bool
	// Within adds to the transaction in which sets with records or timers are written, after them and before the commit: jobs
	// of a queue, rows of the host's. It gets the sets, one or many, that are committed if it answers nil, in their order, and
	// only reads them. Its error is the answer to all of them, and nothing is written. A command that runs again brings its
	// sets again, after the transaction before was rolled back. It neither ends the transaction nor calls the store, and may
	// be called by many goroutines. In a transaction of the host's ([Store.Join]) it is called at the end of each command,
	// and its error is that command's. It costs three round trips more than a set without it, and its own.
	Within func(ctx context.Context, tx pgx.Tx, sets []*itsm.WriteSet) error
	// Clock is where the store waits; the machine's where it is nil.
	Clock itsm.Clock
}

func (c Config) complete() (Config, error) {
	c.Schema = cmp.Or(c.Schema, "itsm")
	if c.Clock == nil {
		c.Clock = itsm.MachineClock()
	}
	if len(c.Schema) > 63 || !utf8.ValidString(c.Schema) || strings.ContainsAny(c.Schema, "\x00$'\"{}\\") {
		return c, itsm.Invalid("Schema", fmt.Sprintf("%q is no name for a schema here: take up to 63 letters, digits and underscores", c.Schema))
	}
	return c, nil
}

// Store is an [itsm.Store] in PostgreSQL. Make it with [New].
type Store struct {
	pool   *pgxpool.Pool
	config Config
	schema string // quoted
	sql    statements
	// views keeps one connection of the pool from snapshots.
	views chan struct{}

	preparing sync.Mutex
	kinds     atomic.Pointer[map[string]*table]
	owners    atomic.Pointer[[]string] // the texts that purge what a record owns

	// node names the handle to others, and told is when it last told them something.
	node string
	told atomic.Int64
}

var (
	_ itsm.Store    = (*Store)(nil)
	_ itsm.Getter   = (*Store)(nil)
	_ itsm.Batcher  = (*Store)(nil)
	_ itsm.Notifier = (*Store)(nil)
)

// oldest is the first version of PostgreSQL that the store is for.
const oldest = 140000

// New opens the store in a database whose schema [Migrate] brought up to date. It answers ErrSchema where it is not,
// ErrInvalid for a server that the store cannot use, and the errors of the database. The pool must allow two connections.
func New(ctx context.Context, pool *pgxpool.Pool, config Config) (*Store, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	most := int(pool.Config().MaxConns)
	if most < 2 {
		return nil, itsm.Invalid("pool", "the pool allows one connection: give it two at least")
	}
	if err := pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		if err := checkServer(ctx, conn.Conn()); err != nil {
			return err
		}
		return checkSchema(ctx, conn.Conn(), config)
	}); err != nil {
		return nil, fault(ctx, err)
	}
	s := &Store{pool: pool, config: config, schema: relational.Quote(config.Schema), views: make(chan struct{}, most-1), node: rand.Text()}
	s.sql = newStatements(s.schema)
	s.kinds.Store(&map[string]*table{})
	s.owners.Store(&[]string{})
	return s, nil
}

func checkServer(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var encoding, isolation string
	if err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
		current_setting('default_transaction_isolation')`).Scan(&version, &encoding, &isolation); err != nil {
		return err
	}
	switch {
	case version < oldest:
		return itsm.Invalid("server", fmt.Sprintf("the server has version %d.%d: the store needs 14 or later", version/10000, version%10000))
	case encoding != "UTF8":
		return itsm.Invalid("server", fmt.Sprintf("the database is encoded as %s: make one with UTF8", encoding))
	case isolation != "read committed":
		return itsm.Invalid("server", fmt.Sprintf("default_transaction_isolation is %q for this pool: the store needs \"read committed\"", isolation))
	}
	return nil
}

// table answers a kind's table, nil where the kind was not prepared.
func (s *Store) table(kind string) *table { return (*s.kinds.Load())[kind] }

func notPrepared(kind string) error {
	return itsm.Invalid("kind", fmt.Sprintf("kind %q was not prepared", kind))
}

// clean reports whether the database can hold the text at all.
func clean(texts ...string) bool {
	for _, s := range texts {
		if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return false
		}
	}
	return true
}

func cleanKey(k itsm.Key) bool { return clean(k.Tenant, k.Kind, k.ID) }

// statements are the texts of what does not depend on a kind.
type statements struct {
	hold                                              string
	addEvent, events, event, setEvent                 string
	addRow, removeRows, rows, rowsOf, find            string
	rowsByID, setRow                                  string
	addEvents, addRows, dropTimers, setTimers         string
	fire, lockTimers, setTimer, cancelTimer           string
	timers, freeTimers, claim, nextDue                string
	receipt, addReceipt, forget, forgetOld            string
	subscription, firstSubscription, nextSubscription string
	number, stamp, feed                               string
	purgeEvents, purgeRows, purgeTimers               string
}

func newStatements(schema string) statements {
	at := func(text string) string { return strings.ReplaceAll(text, schemaMark, schema) }
	const key = `tenant = $1 AND kind = $2 AND id = $3`
	const timerColumns = `tenant, kind, id, name, generation, due, trigger, input`
	return statements{
		hold: at(`SELECT {schema}.hold($1, $2)`),

		addEvent: at(`WITH o AS (INSERT INTO {schema}.outbox (tenant, kind, id, version) VALUES ($1, $2, $3, $4) RETURNING seq)
			INSERT INTO {schema}.event (tenant, kind, id, version, body, seq) SELECT $1, $2, $3, $4, $5, seq FROM o`),
		addEvents: at(`WITH u AS (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bytea[]) WITH ORDINALITY u (tenant, kind, id, version, body, n)),
			o AS (INSERT INTO {schema}.outbox (tenant, kind, id, version) SELECT tenant, kind, id, version FROM u ORDER BY n RETURNING seq, tenant, kind, id, version)
			INSERT INTO {schema}.event (tenant, kind, id, version, body, seq) SELECT u.tenant, u.kind, u.id, u.version, u.body, o.seq FROM u JOIN o USING (tenant, kind, id, version)`),
		addRows: at(`INSERT INTO {schema}.row (tenant, kind, id, row_kind, row_id, key, body)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bytea[])`),
		dropTimers: at(`DELETE FROM {schema}.timer WHERE ctid = ANY (ARRAY (SELECT t.ctid FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) u (tenant, kind, id, name)
			CROSS JOIN LATERAL (SELECT t.ctid FROM {schema}.timer t WHERE t.tenant = u.tenant AND t.kind = u.kind AND t.id = u.id AND t.name = u.name LIMIT 1) t))`),
		setTimers: at(`INSERT INTO {schema}.timer (` + timerColumns + `)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
			ON CONFLICT (tenant, kind, id, name) DO UPDATE SET generation = excluded.generation, due = excluded.due, claimed = NULL,
			trigger = excluded.trigger, input = excluded.input`),
		events:   at(`SELECT body FROM {schema}.event WHERE ` + key + ` AND version > $4 ORDER BY version`),
		event:    at(`SELECT body FROM {schema}.event WHERE ` + key + ` AND version = $4 FOR UPDATE`),
		setEvent: at(`UPDATE {schema}.event SET body = $5 WHERE ` + key + ` AND version = $4`),

		addRow:     at(`INSERT INTO {schema}.row (tenant, kind, id, row_kind, row_id, key, body) VALUES ($1, $2, $3, $4, $5, $6, $7)`),
		removeRows: at(`DELETE FROM {schema}.row WHERE ` + key + ` AND row_id = ANY ($4)`),
		rows:       at(`SELECT body FROM {schema}.row WHERE ` + key + ` AND row_id > $4 ORDER BY row_id`),
		rowsOf:     at(`SELECT body FROM {schema}.row WHERE ` + key + ` AND row_kind = $5 AND row_id > $4 ORDER BY row_id`),
		find: at(`SELECT body FROM {schema}.row WHERE tenant = $1 AND row_kind = $2 AND key = $3 AND key <> ''
			ORDER BY kind, id, row_id`),
		rowsByID: at(`SELECT body FROM {schema}.row WHERE ` + key + ` AND row_id = ANY ($4) ORDER BY row_id FOR UPDATE`),
		setRow:   at(`UPDATE {schema}.row SET body = $6 WHERE ` + key + ` AND row_kind = $4 AND row_id = $5`),

		fire: at(`WITH w AS (DELETE FROM {schema}.timer WHERE ` + key + ` AND name = $4 AND generation = $5 RETURNING 1)
			SELECT {schema}.expect(count(*)) FROM w`),
		// The limit keeps the planner to one look into the index for each timer, however many are pending.
		lockTimers: at(`SELECT t.* FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) u (tenant, kind, id, name)
			CROSS JOIN LATERAL (SELECT t.tenant, t.kind, t.id, t.name, t.generation FROM {schema}.timer t
				WHERE t.tenant = u.tenant AND t.kind = u.kind AND t.id = u.id AND t.name = u.name LIMIT 1 FOR UPDATE) t`),
		setTimer: at(`INSERT INTO {schema}.timer (` + timerColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (tenant, kind, id, name) DO UPDATE SET generation = excluded.generation, due = excluded.due, claimed = NULL,
			trigger = excluded.trigger, input = excluded.input`),
		cancelTimer: at(`DELETE FROM {schema}.timer WHERE ` + key + ` AND name = $4`),
		timers:      at(`SELECT ` + timerColumns + ` FROM {schema}.timer WHERE ` + key + ` ORDER BY name`),
		freeTimers: at(`UPDATE {schema}.timer SET claimed = NULL WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.timer
			WHERE claimed IS NOT NULL AND claimed <= $1 ORDER BY claimed LIMIT ` + fmt.Sprint(freeAtOnce) + ` FOR UPDATE SKIP LOCKED))`),
		claim: at(`UPDATE {schema}.timer SET claimed = $2 WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.timer
			WHERE claimed IS NULL AND due <= $1 ORDER BY due, tenant, kind, id, name LIMIT %d FOR UPDATE SKIP LOCKED))
			RETURNING ` + timerColumns),
		nextDue: at(`SELECT least(
			(SELECT due FROM {schema}.timer WHERE claimed IS NULL ORDER BY due LIMIT 1),
			(SELECT greatest(claimed, due) FROM {schema}.timer WHERE claimed IS NOT NULL ORDER BY claimed LIMIT 1))`),

		receipt: at(`SELECT input, ref_kind, ref_id, version, at, expires FROM {schema}.receipt
			WHERE tenant = $1 AND actor = $2 AND command = $3 AND key = $4`),
		addReceipt: at(`WITH w AS (INSERT INTO {schema}.receipt AS r (tenant, actor, command, key, input, ref_kind, ref_id, version, at, expires)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
			ON CONFLICT (tenant, actor, command, key) DO UPDATE SET input = excluded.input, ref_kind = excluded.ref_kind,
			ref_id = excluded.ref_id, version = excluded.version, at = excluded.at, expires = excluded.expires
			WHERE r.expires <= $9 RETURNING 1) SELECT {schema}.expect(count(*)) FROM w`),
		forget: at(`DELETE FROM {schema}.receipt WHERE tenant = $1 AND actor = $2 AND NOT (command = $3 AND key = $4)`),
		forgetOld: at(`DELETE FROM {schema}.receipt WHERE ctid = ANY (ARRAY (SELECT ctid FROM {schema}.receipt
			WHERE expires IS NOT NULL AND expires <= $1 ORDER BY expires LIMIT ` + fmt.Sprint(forgetAtOnce) + ` FOR UPDATE SKIP LOCKED))`),

		subscription: at(`SELECT body FROM {schema}.subscription WHERE name = $1`),
		firstSubscription: at(`WITH w AS (INSERT INTO {schema}.subscription (name, revision, position, body) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING RETURNING 1) SELECT {schema}.expect(count(*)) FROM w`),
		nextSubscription: at(`WITH w AS (UPDATE {schema}.subscription SET revision = $2, position = $3, body = $4
			WHERE name = $1 AND revision = $2 - 1 RETURNING 1) SELECT {schema}.expect(count(*)) FROM w`),

		number: at(`INSERT INTO {schema}.number AS n (tenant, series, last) VALUES ($1, $2, $3 + 1)
			ON CONFLICT (tenant, series) DO UPDATE SET last = greatest(n.last, $3) + 1 RETURNING last`),
		stamp: at(`SELECT {schema}.stamp($1, $2, $3)`),
		feed: at(`SELECT f.position, e.body FROM {schema}.feed f CROSS JOIN LATERAL (SELECT body FROM {schema}.event e
			WHERE e.tenant = f.tenant AND e.kind = f.kind AND e.id = f.id AND e.version = f.version AND e.seq = f.seq OFFSET 0) e
			WHERE f.position > $1 ORDER BY f.position`),

		purgeEvents: at(`DELETE FROM {schema}.event WHERE ` + key),
		purgeRows:   at(`DELETE FROM {schema}.row WHERE ` + key),
		purgeTimers: at(`DELETE FROM {schema}.timer WHERE ` + key),
	}
}

// limited adds a limit as a literal, because with a parameter the server plans for any limit.
func limited(text string, limit int) string {
	if limit <= 0 {
		return text
	}
	return fmt.Sprintf("%s LIMIT %d", text, limit)
}
