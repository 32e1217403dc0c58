package postgres

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// table is a kind with the SQL for its table.
type table struct {
	*relational.Kind
	name   string // quoted, with the schema
	format int16

	get, fetch, owned, insert, check, absent, lock, purge string
	// updates are the texts by the columns that change.
	updates sync.Map
	schema  string
}

// Prepare implements [itsm.Store]: it makes the tables, columns and indexes that are missing. Where columns are new, the
// records that are there are read once to fill them in, in one transaction, during which nobody else writes records of that
// kind. ErrAccess says that the role may not make tables: its argument "sql" is what somebody who may has to run. ErrSchema
// says that a column is now of another kind than the table's.
func (s *Store) Prepare(ctx context.Context, codecs []itsm.Codec) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.preparing.Lock()
	defer s.preparing.Unlock()
	kinds, err := s.join(codecs)
	if err != nil {
		return err
	}
	next := maps.Clone(*s.kinds.Load())
	for _, kind := range kinds {
		t := &table{Kind: kind, schema: s.schema, name: s.schema + "." + relational.Quote(kind.Table())}
		if err := s.prepare(ctx, t); err != nil {
			return fault(ctx, err)
		}
		t.compile()
		next[kind.Name] = t
	}
	owners, err := s.ownedTables(ctx)
	if err != nil {
		return fault(ctx, err)
	}
	s.owners.Store(&owners)
	s.kinds.Store(&next)
	return nil
}

// ownedTables are the texts that take away what a record owns, from the tables of all kinds that anybody prepared.
func (s *Store) ownedTables(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT DISTINCT kind FROM `+s.schema+`.kind_format ORDER BY kind`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (text string, err error) {
		kind := relational.Kind{}
		err = row.Scan(&kind.Name)
		return `DELETE FROM ` + s.schema + `.` + relational.Quote(kind.Table()) +
			` WHERE tenant = $1 AND "_owner_kind" = $2 AND "_owner_id" = $3 AND "_owner_id" <> ''`, err
	})
}

// PlanKinds answers the SQL that Prepare would run for these kinds, for somebody who may make tables. Nothing is changed.
func (s *Store) PlanKinds(ctx context.Context, codecs []itsm.Codec) ([]string, error) {
	kinds, err := s.join(codecs)
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, kind := range kinds {
		err := s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			more, err := s.plan(ctx, conn.Conn(), &table{Kind: kind, name: s.schema + "." + relational.Quote(kind.Table())})
			texts = append(texts, more...)
			return err
		})
		if err != nil {
			return nil, fault(ctx, err)
		}
	}
	return texts, nil
}

// join adds codecs to what the store knows, in the order of their names, so that no two programs wait for each other.
func (s *Store) join(codecs []itsm.Codec) ([]*relational.Kind, error) {
	kinds := map[string]*relational.Kind{}
	for i, c := range codecs {
		if c == nil || c.Kind() == "" {
			return nil, itsm.Invalid("kinds", fmt.Sprintf("codec %d names no kind", i))
		}
		known := kinds[c.Kind()]
		if t := s.table(c.Kind()); known == nil && t != nil {
			known = t.Kind
		} else if known == nil {
			known = &relational.Kind{}
		}
		kind, err := known.With(c)
		if err != nil {
			return nil, err
		}
		kinds[c.Kind()] = kind
	}
	joined := make([]*relational.Kind, 0, len(kinds))
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		joined = append(joined, kinds[name])
	}
	return joined, nil
}

// prepare brings a kind's table up to date and learns the format of its rows.
func (s *Store) prepare(ctx context.Context, t *table) error {
	return s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		done, err := s.known(ctx, conn.Conn(), t)
		if err != nil || done {
			return err
		}
		return pgx.BeginFunc(ctx, conn.Conn(), func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, hash(s.config.Schema, "prepare")); err != nil {
				return err
			}
			texts, err := s.plan(ctx, tx, t)
			if err != nil {
				return err
			}
			for _, text := range texts {
				if _, err := tx.Exec(ctx, text); stateOf(err) == insufficientRights {
					e := &itsm.Error{Code: itsm.ErrAccess.Code, Cause: err, Args: map[string]string{"sql": strings.Join(texts, ";\n") + ";"}}
					e.Message = "the role may not make what kind " + t.Name + " needs: let the owner of the schema run the SQL"
					return e
				} else if err != nil {
					return err
				}
			}
			return s.fill(ctx, tx, t)
		})
	})
}

// known reports whether nothing is to be done but to write rows in a format that the database knows.
func (s *Store) known(ctx context.Context, q querier, t *table) (bool, error) {
	texts, err := s.plan(ctx, q, t)
	if err != nil || len(texts) > 0 {
		return false, err
	}
	formats, err := s.formats(ctx, q, t)
	if err != nil || len(formats) != 1 || formats[0].columns != t.Fingerprint() {
		return false, err
	}
	t.format = formats[0].number
	return true, nil
}

// plan is the SQL for what a kind's table lacks.
func (s *Store) plan(ctx context.Context, q querier, t *table) ([]string, error) {
	there, err := hasTable(ctx, q, s.config.Schema, t.Table())
	if err != nil {
		return nil, err
	}
	rows, err := q.Query(ctx, `SELECT name, class FROM `+s.schema+`.kind_column WHERE kind = $1`, t.Name)
	if err != nil {
		return nil, err
	}
	columns := map[string]relational.Class{}
	var name string
	var class int16
	if _, err := pgx.ForEachRow(rows, []any{&name, &class}, func() error {
		columns[name] = relational.Class(class)
		return nil
	}); err != nil {
		return nil, err
	}
	var texts []string
	if !there {
		texts = append(texts,
			`CREATE TABLE `+t.name+` (tenant text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, version bigint NOT NULL, `+
				`"_owner_kind" text COLLATE "C" NOT NULL, "_owner_id" text COLLATE "C" NOT NULL, "_last_row" bigint NOT NULL, `+
				`"_format" smallint NOT NULL, "_body" bytea NOT NULL, PRIMARY KEY (tenant, id))`,
			`CREATE INDEX `+relational.Quote(t.Table()+"_:owner")+` ON `+t.name+` (tenant, "_owner_kind", "_owner_id", id) WHERE "_owner_id" <> ''`)
		if s.config.RowSecurity {
			texts = append(texts, policyTexts(t.name)...)
		}
		clear(columns)
	}
	for _, c := range t.Stored {
		class, there := columns[c.Name]
		switch {
		case there && class != c.Class:
			return nil, &itsm.Error{Code: itsm.ErrSchema.Code, Message: fmt.Sprintf("column %s of kind %s is kept as another kind of value than this program declares: give the field another name", c.Name, t.Name)}
		case there:
			continue
		}
		texts = append(texts,
			`ALTER TABLE `+t.name+` ADD COLUMN `+c.Quoted()+` `+columnType(c.Class),
			`CREATE INDEX `+relational.Quote(t.Index(c))+` ON `+t.name+` (tenant, `+c.Quoted()+`, id)`,
			fmt.Sprintf(`INSERT INTO %s.kind_column (kind, name, class) VALUES (%s, %s, %d) ON CONFLICT (kind, name) DO NOTHING`,
				s.schema, literal(t.Name), literal(c.Name), c.Class))
	}
	return texts, nil
}

func columnType(c relational.Class) string {
	switch c {
	case relational.Text:
		return `text COLLATE "C" NOT NULL DEFAULT ''`
	case relational.Key:
		return `bytea NOT NULL DEFAULT ''`
	default:
		return `bigint NOT NULL DEFAULT '-9223372036854775808'`
	}
}

// literal writes a text into SQL that no parameters can be given to.
func literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }

// format is a number that rows carry, and the columns that who wrote them filled in.
type format struct {
	number  int16
	columns string
}

func (s *Store) formats(ctx context.Context, q querier, t *table) ([]format, error) {
	rows, err := q.Query(ctx, `SELECT format, columns FROM `+s.schema+`.kind_format WHERE kind = $1 ORDER BY format`, t.Name)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f format, err error) {
		err = row.Scan(&f.number, &f.columns)
		return f, err
	})
}

// fill gives the kind's rows their format, and fills in the columns of rows that were written without some of them.
func (s *Store) fill(ctx context.Context, tx pgx.Tx, t *table) error {
	formats, err := s.formats(ctx, tx, t)
	if err != nil {
		return err
	}
	var complete []int16
	last := int16(0)
	for _, f := range formats {
		last = max(last, f.number)
		if f.columns == t.Fingerprint() {
			t.format = f.number
		}
		if covers(f.columns, t.Fingerprint()) {
			complete = append(complete, f.number)
		}
	}
	if t.format == 0 {
		t.format = last + 1
		complete = append(complete, t.format)
		if _, err := tx.Exec(ctx, `INSERT INTO `+s.schema+`.kind_format (kind, format, columns) VALUES ($1, $2, $3)`, t.Name, t.format, t.Fingerprint()); err != nil {
			return err
		}
	}
	if len(formats) == 0 {
		return nil
	}
	return t.refill(ctx, tx, complete)
}

// covers reports whether a format has all columns of another one.
func covers(format, of string) bool {
	has := strings.Split(format, "\n")
	for _, column := range strings.Split(of, "\n") {
		if !slices.Contains(has, column) {
			return false
		}
	}
	return true
}

// refillAtOnce is how many records are read and filled in together.
const refillAtOnce = 500

// refill computes the columns of the rows that do not have one of the complete formats.
func (t *table) refill(ctx context.Context, tx pgx.Tx, complete []int16) error {
	if _, err := tx.Exec(ctx, `LOCK TABLE `+t.name+` IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return err
	}
	columns := make([]string, 0, len(t.Stored)+1)
	columns = append(columns, `"_format" = $3`)
	for i, c := range t.Stored {
		columns = append(columns, fmt.Sprintf(`%s = $%d`, c.Quoted(), i+4))
	}
	update := `UPDATE ` + t.name + ` SET ` + strings.Join(columns, ", ") + ` WHERE tenant = $1 AND id = $2`
	for tenant, id := "", ""; ; {
		rows, err := tx.Query(ctx, limited(`SELECT tenant, id, "_body" FROM `+t.name+
			` WHERE (tenant, id) > ($1, $2) AND "_format" <> ALL ($3) ORDER BY tenant, id`, refillAtOnce), tenant, id, complete)
		if err != nil {
			return err
		}
		var batch pgx.Batch
		var body raw
		if _, err := pgx.ForEachRow(rows, []any{&tenant, &id, &body}, func() error {
			record, err := t.decode(body)
			if err != nil {
				return err
			}
			args, err := t.Values([]any{tenant, id, t.format}, record)
			batch.Queue(update, args...)
			return err
		}); err != nil {
			return err
		}
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil || batch.Len() < refillAtOnce {
			return err
		}
	}
}

// compile writes the SQL that does not depend on what changes.
func (t *table) compile() {
	const key = ` WHERE tenant = $1 AND id = $2`
	columns := `tenant, id, version, "_owner_kind", "_owner_id", "_last_row", "_format", "_body"`
	values := `$1, $2, $3, $4, $5, $6, $7, $8`
	for i, c := range t.Stored {
		columns += `, ` + c.Quoted()
		values += fmt.Sprintf(`, $%d`, i+9)
	}
	t.insert = `INSERT INTO ` + t.name + ` (` + columns + `) VALUES (` + values + `)`
	t.get = `SELECT "_body" FROM ` + t.name + key
	t.owned = `SELECT "_body" FROM ` + t.name + ` WHERE tenant = $1 AND "_owner_kind" = $2 AND "_owner_id" = $3 AND "_owner_id" <> '' ORDER BY id`
	t.check = `SELECT ` + t.schema + `.expect(count(*)) FROM (SELECT FROM ` + t.name + key + ` AND version = $3 FOR SHARE) r`
	t.absent = `SELECT ` + t.schema + `.expect(1 - count(*)) FROM ` + t.name + key
	t.purge = `DELETE FROM ` + t.name + key
	t.fetch = `SELECT t.* FROM unnest($1::text[], $2::text[]) u (tenant, id) CROSS JOIN LATERAL (
		SELECT t."_body" FROM ` + t.name + ` t WHERE t.tenant = u.tenant AND t.id = u.id LIMIT 1) t`
	t.lock = `SELECT t.* FROM unnest($1::text[], $2::text[]) u (tenant, id) CROSS JOIN LATERAL (
		SELECT t.tenant, t.id, t.version, t."_last_row" FROM ` + t.name + ` t WHERE t.tenant = u.tenant AND t.id = u.id LIMIT 1 FOR UPDATE) t`
}

// update is the SQL that puts a record in place of a version, with the columns that change. A row that another format's
// program wrote loses its format: which of its columns are filled in is found out by the next Prepare.
//
// It undoes the transaction where that version is not there; held tells that it was compared before, and is held.
func (t *table) update(changed relational.Set, held bool) string {
	type shape struct {
		changed relational.Set
		held    bool
	}
	of := shape{changed, held}
	if text, ok := t.updates.Load(of); ok {
		return text.(string)
	}
	var b strings.Builder
	if !held {
		b.WriteString(`WITH w AS (`)
	}
	fmt.Fprintf(&b, `UPDATE %s SET version = $4, "_body" = $5, "_last_row" = greatest("_last_row", $6)`, t.name)
	if changed.Len() == len(t.Stored) {
		fmt.Fprintf(&b, `, "_format" = %d`, t.format)
	} else {
		fmt.Fprintf(&b, `, "_format" = CASE WHEN "_format" = %d THEN %[1]d ELSE 0 END`, t.format)
	}
	n := 8
	for i, c := range t.Stored {
		if changed.Has(i) {
			fmt.Fprintf(&b, `, %s = $%d`, c.Quoted(), n)
			n++
		}
	}
	b.WriteString(` WHERE tenant = $1 AND id = $2 AND version = $3 AND "_last_row" < $7`)
	if !held {
		fmt.Fprintf(&b, ` RETURNING 1) SELECT %s.expect(count(*)) FROM w`, t.schema)
	}
	text, _ := t.updates.LoadOrStore(of, b.String())
	return text.(string)
}

func (t *table) decode(body []byte) (itsm.Record, error) {
	r, err := t.Codec.Decode(body)
	if err != nil {
		return nil, because(itsm.ErrCorrupt, err)
	}
	return r, nil
}

// raw is bytes of the connection's, which are good until the next row.
type raw []byte

// ScanBytes implements the driver's BytesScanner.
func (r *raw) ScanBytes(b []byte) error {
	*r = b
	return nil
}
