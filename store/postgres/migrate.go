package postgres

import (
	"context"
	"embed"
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/internal/relational"
)

//go:embed migrations/*.sql
var files embed.FS

// schemaMark stands for the quoted schema in the store's SQL.
const schemaMark = "{schema}"

// sharedTenantTables are those with a tenant's rows that all kinds share.
var sharedTenantTables = []string{"event", "feed", "outbox", "row", "timer", "receipt", "number"}

// plainTables are the others, which nobody but the owner has to read.
var plainTables = []string{"migration", "kind_column", "kind_format", "sequencer", "subscription"}

// Migrate brings the schema up to date, each step in a transaction of its own. Any number of programs may call it at once:
// one does it, the others wait. It needs the right to make a schema, or to make tables in the one that is there, and it
// refuses with ErrSchema what a newer program made. To add a step is the way to change the schema; nothing goes back.
func Migrate(ctx context.Context, pool *pgxpool.Pool, config Config) error {
	config, err := config.complete()
	if err != nil {
		return err
	}
	for done := false; !done && err == nil; {
		err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			return pgx.BeginFunc(ctx, conn.Conn(), func(tx pgx.Tx) (err error) {
				done, err = step(ctx, tx, config)
				return err
			})
		})
	}
	return fault(ctx, err)
}

// step takes one step that is pending, and reports whether there was none.
func step(ctx context.Context, tx pgx.Tx, config Config) (done bool, err error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, hash(config.Schema, "migrate")); err != nil {
		return false, err
	}
	steps, applied, err := pending(ctx, tx, config)
	if err != nil {
		return false, err
	}
	var texts []string
	if done = len(steps) == 0; !done {
		texts = stepTexts(config, steps[0])
	} else if config.RowSecurity {
		texts, err = missingPolicies(ctx, tx, config, sharedTenantTables, plainTables)
		if err != nil {
			return false, err
		}
	}
	if len(applied) == 0 && !done {
		texts = append(foundation(config), texts...)
	}
	for _, text := range texts {
		if _, err := tx.Exec(ctx, text); err != nil {
			return false, err
		}
	}
	return done, nil
}

// Plan answers the SQL that [Migrate] would run, for an administrator to read, or to run by hand as the role that is to own
// the tables. Nothing is changed.
func Plan(ctx context.Context, pool *pgxpool.Pool, config Config) ([]string, error) {
	config, err := config.complete()
	if err != nil {
		return nil, err
	}
	var texts []string
	err = pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		steps, applied, err := pending(ctx, conn.Conn(), config)
		if err != nil {
			return err
		}
		if len(steps) > 0 && len(applied) == 0 {
			texts = foundation(config)
		}
		for _, m := range steps {
			texts = append(texts, stepTexts(config, m)...)
		}
		if !config.RowSecurity {
			return nil
		}
		policies, err := missingPolicies(ctx, conn.Conn(), config, sharedTenantTables, plainTables)
		texts = append(texts, policies...)
		return err
	})
	return texts, fault(ctx, err)
}

func foundation(config Config) []string {
	schema := relational.Quote(config.Schema)
	return []string{
		`CREATE SCHEMA IF NOT EXISTS ` + schema,
		`CREATE TABLE IF NOT EXISTS ` + schema + `.migration (version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL)`,
	}
}

// stepTexts are a step's SQL and the row that remembers it.
func stepTexts(config Config, m relational.Migration) []string {
	schema := relational.Quote(config.Schema)
	return []string{
		strings.ReplaceAll(m.SQL, schemaMark, schema),
		fmt.Sprintf(`INSERT INTO %s.migration (version, name, checksum) VALUES (%d, '%s', '%s')`, schema, m.Version, m.Name, m.Checksum()),
	}
}

// querier is a connection, a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func pending(ctx context.Context, q querier, config Config) ([]relational.Migration, []relational.Applied, error) {
	steps, err := migrations()
	if err != nil {
		return nil, nil, err
	}
	applied, err := appliedTo(ctx, q, config)
	if err != nil {
		return nil, nil, err
	}
	steps, err = relational.Pending(steps, applied)
	return steps, applied, err
}

func migrations() ([]relational.Migration, error) {
	folder, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	return relational.Migrations(folder)
}

// appliedTo reads which steps a database remembers; none where it was never migrated.
func appliedTo(ctx context.Context, q querier, config Config) ([]relational.Applied, error) {
	there, err := hasTable(ctx, q, config.Schema, "migration")
	if err != nil || !there {
		return nil, err
	}
	rows, err := q.Query(ctx, `SELECT version, checksum FROM `+relational.Quote(config.Schema)+`.migration ORDER BY version`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (a relational.Applied, err error) {
		err = row.Scan(&a.Version, &a.Checksum)
		return a, err
	})
}

// hasTable reports whether a schema has a table. It reads the catalogue: to_regclass answers from the session's memory, where
// what another session made while this one waited for a lock may be missing.
func hasTable(ctx context.Context, q querier, schema, table string) (there bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2)`,
		schema, table).Scan(&there)
	return there, err
}

func checkSchema(ctx context.Context, q querier, config Config) error {
	steps, err := migrations()
	if err != nil {
		return err
	}
	applied, err := appliedTo(ctx, q, config)
	if err != nil {
		return err
	}
	return relational.Current(steps, applied)
}

// missingPolicies is the SQL for row security on those tables that lack it.
func missingPolicies(ctx context.Context, q querier, config Config, tenantTables, otherTables []string) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relrowsecurity`, config.Schema)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	var texts []string
	for _, name := range tenantTables {
		if !there[name] {
			texts = append(texts, policyTexts(relational.Quote(config.Schema)+"."+relational.Quote(name))...)
		}
	}
	for _, name := range otherTables {
		if !there[name] {
			texts = append(texts, `ALTER TABLE `+relational.Quote(config.Schema)+"."+relational.Quote(name)+` ENABLE ROW LEVEL SECURITY`)
		}
	}
	return texts, nil
}

// policyTexts let other roles see the rows of the tenant that their session names.
func policyTexts(table string) []string {
	return []string{
		`ALTER TABLE ` + table + ` ENABLE ROW LEVEL SECURITY`,
		`CREATE POLICY tenant ON ` + table + ` USING (tenant = current_setting('itsm.tenant', true))`,
	}
}

// hash makes a key for advisory locks of names.
func hash(names ...string) int64 {
	h := fnv.New64a()
	for _, name := range names {
		h.Write([]byte(name))
		h.Write([]byte{0})
	}
	return int64(h.Sum64())
}
