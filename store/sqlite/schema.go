package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

//go:embed migrations/*.sql
var files embed.FS

func migrations() ([]relational.Migration, error) {
	folder, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, err
	}
	return relational.Migrations(folder)
}

const stepsTable = `CREATE TABLE IF NOT EXISTS itsm_migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL)`

// Migrate brings the tables of a database to what this program needs: each step in a transaction of its own, forward only.
// It answers [itsm.ErrSchema] where a newer program was there. Where another process migrates at the same time, one of them
// does it.
func Migrate(ctx context.Context, db *sql.DB) error {
	c, err := db.Conn(ctx)
	if err != nil {
		return fault(err)
	}
	defer c.Close()
	for _, setting := range []string{`PRAGMA busy_timeout = 10000`, `PRAGMA journal_mode = WAL`} {
		if _, err := c.ExecContext(ctx, setting); err != nil {
			return fault(err)
		}
	}
	steps, err := migrations()
	if err != nil {
		return err
	}
	for {
		done, err := takeStep(ctx, c, steps)
		if done || err != nil {
			return fault(err)
		}
	}
}

// takeStep takes the first step that the database lacks, and reports whether there was none.
func takeStep(ctx context.Context, c *sql.Conn, steps []relational.Migration) (done bool, err error) {
	if _, err := c.ExecContext(ctx, `BEGIN IMMEDIATE`); err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			_, _ = c.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		}
	}()
	applied, err := appliedBy(ctx, c)
	if err != nil {
		return false, err
	}
	pending, err := relational.Pending(steps, applied)
	if err != nil {
		return false, err
	}
	if done = len(pending) == 0; !done {
		step := pending[0]
		if _, err := c.ExecContext(ctx, stepsTable+`; `+step.SQL); err != nil {
			return false, fmt.Errorf("migration %d (%s): %w", step.Version, step.Name, err)
		}
		if _, err := c.ExecContext(ctx, `INSERT INTO itsm_migration (version, name, checksum) VALUES (?1, ?2, ?3)`, step.Version, step.Name, step.Checksum()); err != nil {
			return false, err
		}
	}
	_, err = c.ExecContext(ctx, `COMMIT`)
	return done, err
}

// Plan answers the SQL that [Migrate] would run, for who applies it by hand; empty where nothing is to do. It changes
// nothing.
func Plan(ctx context.Context, db *sql.DB) (string, error) {
	c, err := db.Conn(ctx)
	if err != nil {
		return "", fault(err)
	}
	defer c.Close()
	steps, err := migrations()
	if err != nil {
		return "", err
	}
	applied, err := appliedBy(ctx, c)
	if err != nil {
		return "", err
	}
	pending, err := relational.Pending(steps, applied)
	if err != nil || len(pending) == 0 {
		return "", err
	}
	var b strings.Builder
	if len(applied) == 0 {
		b.WriteString(stepsTable + ";\n\n")
	}
	for _, step := range pending {
		fmt.Fprintf(&b, "-- %04d %s\nBEGIN IMMEDIATE;\n%s\nINSERT INTO itsm_migration (version, name, checksum) VALUES (%d, '%s', '%s');\nCOMMIT;\n\n",
			step.Version, step.Name, strings.TrimSpace(step.SQL), step.Version, step.Name, step.Checksum())
	}
	return b.String(), nil
}

func appliedBy(ctx context.Context, c *sql.Conn) (applied []relational.Applied, err error) {
	n := 0
	err = c.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'itsm_migration'`).Scan(&n)
	if err != nil || n == 0 {
		return nil, fault(err)
	}
	rows, err := c.QueryContext(ctx, `SELECT version, checksum FROM itsm_migration ORDER BY version`)
	if err != nil {
		return nil, fault(err)
	}
	defer rows.Close()
	for rows.Next() {
		var a relational.Applied
		if err := rows.Scan(&a.Version, &a.Checksum); err != nil {
			return nil, fault(err)
		}
		applied = append(applied, a)
	}
	return applied, fault(rows.Err())
}

// Prepare implements [itsm.Store]: it makes a table for each kind, with the columns and indexes that the kind declares.
// A column that is new is filled from the records that are there, in one transaction, which takes some ten microseconds a
// record. It answers [itsm.ErrSchema] where a column has become another kind of value.
func (s *Store) Prepare(ctx context.Context, codecs []itsm.Codec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.turn(ctx); err != nil {
		return err
	}
	defer s.queue.pass()
	steady := context.WithoutCancel(ctx)
	next := map[string]*relational.Kind{}
	for name, k := range *s.kinds.Load() {
		next[name] = k
	}
	c := s.durable
	if err := c.begin(steady); err != nil {
		return err
	}
	for _, codec := range codecs {
		if codec == nil {
			return errors.Join(itsm.Invalid("kinds", "a codec is nil"), c.rollback(steady))
		}
		k := next[codec.Kind()]
		if k == nil {
			k = &relational.Kind{}
		}
		k, err := k.With(codec)
		if err == nil {
			err = s.makeTable(ctx, c, k)
		}
		if err != nil {
			return errors.Join(err, c.rollback(steady))
		}
		next[k.Name] = k
	}
	if err := c.commit(steady); err != nil {
		return err
	}
	s.kinds.Store(&next)
	return nil
}

// makeTable brings the table of a kind to what its columns need.
func (s *Store) makeTable(cancel context.Context, c *conn, k *relational.Kind) error {
	ctx := context.WithoutCancel(cancel)
	name := relational.Quote(k.Table())
	known := map[string]relational.Class{}
	var column string
	var class relational.Class
	err := c.all(ctx, `SELECT name, class FROM itsm_column WHERE kind = ?1`, []any{k.Name}, []any{&column, &class}, func() error {
		known[column] = class
		return nil
	})
	if err != nil {
		return err
	}
	owners := relational.Quote(k.Table() + "_:owner")
	statements := []string{
		`CREATE TABLE IF NOT EXISTS ` + name + ` (
	tenant TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, _format INTEGER NOT NULL,
	_owner_kind TEXT NOT NULL, _owner_id TEXT NOT NULL, _last_row INTEGER NOT NULL, _body BLOB NOT NULL, PRIMARY KEY (tenant, id))`,
		`CREATE INDEX IF NOT EXISTS ` + owners + ` ON ` + name + ` (tenant, _owner_kind, _owner_id, id) WHERE _owner_id <> ''`,
	}
	var added []*relational.Column
	for _, col := range k.Stored {
		class, there := known[col.Name]
		switch {
		case there && class == col.Class:
			continue
		case there:
			return &itsm.Error{Code: itsm.ErrSchema.Code, Message: "the column " + col.Name + " of " + k.Name + " holds values of another kind: give the field another name"}
		}
		added = append(added, col)
		statements = append(statements,
			`ALTER TABLE `+name+` ADD COLUMN `+col.Quoted()+` `+declaration(col),
			`INSERT INTO itsm_column (kind, name, class) VALUES (`+literal(k.Name)+`, `+literal(col.Name)+`, `+strconv.Itoa(int(col.Class))+`)`)
	}
	if err := c.script(ctx, statements); err != nil {
		return err
	}
	stale, err := s.stale(ctx, c, k)
	if err != nil {
		return err
	}
	if len(stale) > 0 {
		if err := s.fill(cancel, c, k, stale); err != nil {
			return err
		}
	}
	statements = statements[:0]
	for _, col := range added {
		statements = append(statements, `CREATE INDEX IF NOT EXISTS `+relational.Quote(k.Index(col))+` ON `+name+` (tenant, `+col.Quoted()+`, id)`)
	}
	if err := c.script(ctx, statements); err != nil {
		return err
	}
	if len(stale) > 0 {
		if _, err := c.exec(ctx, `DELETE FROM itsm_writer WHERE kind = ?1`, k.Name); err != nil {
			return err
		}
	}
	_, err = c.exec(ctx, `INSERT INTO itsm_writer (kind, columns) VALUES (?1, ?2) ON CONFLICT DO NOTHING`, k.Name, k.Fingerprint())
	return err
}

// stale answers the columns that a program did not know which wrote the kind.
func (s *Store) stale(ctx context.Context, c *conn, k *relational.Kind) (stale []*relational.Column, err error) {
	missing := map[*relational.Column]bool{}
	var columns string
	err = c.all(ctx, `SELECT columns FROM itsm_writer WHERE kind = ?1`, []any{k.Name}, []any{&columns}, func() error {
		has := map[string]bool{}
		for line := range strings.SplitSeq(columns, "\n") {
			has[line] = true
		}
		for _, col := range k.Stored {
			if !has[col.Line()] {
				missing[col] = true
			}
		}
		return nil
	})
	for _, col := range k.Stored {
		if missing[col] {
			stale = append(stale, col)
		}
	}
	return stale, err
}

// fill writes columns of every record anew.
func (s *Store) fill(cancel context.Context, c *conn, k *relational.Kind, columns []*relational.Column) error {
	ctx := context.WithoutCancel(cancel)
	name := relational.Quote(k.Table())
	set := make([]string, len(columns))
	for i, col := range columns {
		set[i] = col.Quoted() + ` = ` + param(2+i)
	}
	update := `UPDATE ` + name + ` SET ` + strings.Join(set, `, `) + ` WHERE rowid = ?1`
	for after := int64(-1); ; {
		var ids []int64
		var records []itsm.Record
		var id, of int64
		var body rawBytes
		err := c.all(ctx, `SELECT rowid, _format, _body FROM `+name+` WHERE rowid > ?1 ORDER BY rowid LIMIT 500`, []any{after}, []any{&id, &of, &body}, func() error {
			r, err := decode(k, of, body)
			ids, records = append(ids, id), append(records, r)
			return err
		})
		if err = cmp.Or(err, cancel.Err()); err != nil || len(ids) == 0 {
			return err
		}
		for i, r := range records {
			args := []any{ids[i]}
			for _, col := range columns {
				v, err := col.Value(r)
				if err != nil {
					return err
				}
				args = append(args, v)
			}
			if _, err := c.exec(ctx, update, args...); err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
}

// Reindex fills the columns of every kind anew from the records. It is needed only where programs that declare different
// fields wrote to one file at the same time: what the older one wrote is not found by the newer one's fields until then.
func (s *Store) Reindex(ctx context.Context) error {
	if err := s.turn(ctx); err != nil {
		return err
	}
	defer s.queue.pass()
	c := s.durable
	if err := c.begin(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	for _, k := range *s.kinds.Load() {
		if len(k.Stored) == 0 {
			continue
		}
		if err := s.fill(ctx, c, k, k.Stored); err != nil {
			return errors.Join(err, c.rollback(context.WithoutCancel(ctx)))
		}
	}
	return c.commit(context.WithoutCancel(ctx))
}

func (c *conn) script(ctx context.Context, statements []string) error {
	for _, text := range statements {
		if _, err := c.c.ExecContext(ctx, text); err != nil {
			return fault(fmt.Errorf("%w in %s", err, text))
		}
	}
	return nil
}

func declaration(c *relational.Column) string {
	switch c.Class {
	case relational.Text:
		return `TEXT NOT NULL DEFAULT ''`
	case relational.Key:
		return `BLOB NOT NULL DEFAULT x''`
	}
	return `INTEGER NOT NULL DEFAULT (-9223372036854775807 - 1)`
}

func literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
