package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// Get implements [itsm.Getter].
func (s *Store) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	return s.reader(s.pool).get(ctx, key)
}

// Owned implements [itsm.Getter].
func (s *Store) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	return s.reader(s.pool).owned(ctx, dst, owner, kind)
}

// Fetch implements [itsm.Getter].
func (s *Store) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	return s.reader(s.pool).fetch(ctx, dst, keys)
}

// fetch reads kind by kind, which is one instant only where the reader is: who needs one for several kinds has a snapshot.
func (r reader) fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	if err := r.ready(ctx); err != nil {
		return dst, err
	}
	columns := map[*table]*[2][]string{}
	for _, k := range keys {
		if err := k.Check(); err != nil {
			return dst, err
		}
		t := r.store.table(k.Kind)
		if t == nil || !cleanKey(k) {
			continue
		}
		if columns[t] == nil {
			columns[t] = new([2][]string)
		}
		columns[t][0], columns[t][1] = append(columns[t][0], k.Tenant), append(columns[t][1], k.ID)
	}
	from := len(dst)
	for t, c := range columns {
		var err error
		if dst, err = r.records(ctx, dst, t, t.fetch, c[0], c[1]); err != nil {
			return dst[:from], err
		}
	}
	return dst, nil
}

// Find implements [itsm.Getter]. A page that SQL does not know whole is read under a snapshot.
func (s *Store) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	r := s.reader(s.pool)
	t, err := r.search(ctx, q)
	if t == nil {
		return dst, err
	}
	c, exact, sorted, err := t.Condition(dialect, q)
	if err != nil {
		return dst, err
	}
	if exact && sorted {
		return tableSource{r, t}.Select(ctx, dst, t.Kind, c, q.Limit)
	}
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return dst, err
	}
	defer snap.Close()
	return snap.Query(ctx, dst, q)
}

// Snapshot implements [itsm.Store]: a transaction that reads only, whose instant is taken before Snapshot returns. One that
// a cancelled context interrupted is over.
func (s *Store) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case s.views <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		<-s.views
		return nil, fault(ctx, err)
	}
	var begin pgx.Batch
	begin.Queue(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
	begin.Queue(`SELECT 1`) // takes the instant
	if err := conn.SendBatch(ctx, &begin).Close(); err != nil {
		conn.Release()
		<-s.views
		return nil, fault(ctx, err)
	}
	return &snapshot{reader: s.reader(conn), conn: conn}, nil
}

// snapshot is a transaction on a connection of its own.
type snapshot struct {
	reader
	conn *pgxpool.Conn
}

var _ itsm.ColumnCounter = (*snapshot)(nil)

// Close implements [itsm.Snapshot].
func (n *snapshot) Close() {
	if n.conn == nil {
		return
	}
	if _, err := n.conn.Exec(context.Background(), `COMMIT`); err != nil {
		_ = n.conn.Conn().Close(context.Background()) // so that the pool drops it
	}
	n.conn.Release()
	n.conn, n.reader.q = nil, nil
	<-n.store.views
}

// source is what a reader asks: a pool, a connection or a transaction.
type source interface {
	querier
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// reader reads through a pool, a connection or a transaction; nil where that is closed.
type reader struct {
	store *Store
	q     source
}

func (s *Store) reader(q source) reader { return reader{s, q} }

// ready refuses a closed snapshot and a cancelled context.
func (r *reader) ready(ctx context.Context) error {
	if r.q == nil {
		return itsm.Invalid("snapshot", "the snapshot is closed: open another")
	}
	return ctx.Err()
}

// Get implements [itsm.Snapshot].
func (r *reader) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) { return r.get(ctx, key) }

func (r reader) get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if err := cmp.Or(r.ready(ctx), key.Check()); err != nil {
		return nil, err
	}
	t := r.store.table(key.Kind)
	if t == nil || !cleanKey(key) {
		return nil, itsm.ErrNotFound
	}
	rows, err := r.q.Query(ctx, t.get, key.Tenant, key.ID)
	if err != nil {
		return nil, fault(ctx, err)
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, cmp.Or(fault(ctx, rows.Err()), error(itsm.ErrNotFound))
	}
	var body raw
	if err := rows.Scan(&body); err != nil {
		return nil, fault(ctx, err)
	}
	record, err := t.decode(body)
	rows.Close()
	if err = cmp.Or(fault(ctx, rows.Err()), err); err != nil {
		return nil, err
	}
	return record, nil
}

// Owned implements [itsm.Snapshot].
func (r *reader) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	return r.owned(ctx, dst, owner, kind)
}

func (r reader) owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if err := cmp.Or(r.ready(ctx), owner.Check()); err != nil {
		return dst, err
	}
	if kind == "" {
		return dst, itsm.Invalid("kind", "name the kind of what the record owns")
	}
	t := r.store.table(kind)
	if t == nil || !cleanKey(owner) {
		return dst, nil
	}
	return r.records(ctx, dst, t, t.owned, owner.Tenant, owner.Kind, owner.ID)
}

// records appends the records whose bodies a query answers.
func (r reader) records(ctx context.Context, dst []itsm.Record, t *table, text string, args ...any) ([]itsm.Record, error) {
	n := len(dst)
	err := r.bodies(ctx, func(body []byte) error {
		record, err := t.decode(body)
		if err == nil {
			dst = append(dst, record)
		}
		return err
	}, text, args...)
	if err != nil {
		return dst[:n], err
	}
	return dst, nil
}

// bodies hands out what a query answers in its one column; what is handed out is good until the next one.
func (r reader) bodies(ctx context.Context, take func(body []byte) error, text string, args ...any) error {
	rows, err := r.q.Query(ctx, text, args...)
	if err != nil {
		return fault(ctx, err)
	}
	defer rows.Close()
	var body raw
	for rows.Next() {
		if err := rows.Scan(&body); err != nil {
			return fault(ctx, err)
		}
		if err := take(body); err != nil {
			return err
		}
	}
	return fault(ctx, rows.Err())
}

// dialect is how this database writes what differs.
var dialect = newDialect()

// Query implements [itsm.Snapshot]. Limit 0 means all.
func (r *reader) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	t, err := r.search(ctx, q)
	if t == nil {
		return dst, err
	}
	return t.Query(ctx, dialect, tableSource{*r, t}, dst, q)
}

// Count implements [itsm.Snapshot].
func (r *reader) Count(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
	t, err := r.search(ctx, &itsm.StoreQuery{Tenant: q.Tenant, Kind: q.Kind, Filter: q.Filter})
	if t == nil {
		return 0, err
	}
	return t.Count(ctx, dialect, tableSource{*r, t}, q)
}

// CountBy implements [itsm.ColumnCounter].
func (r *reader) CountBy(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
	t, err := r.search(ctx, &itsm.StoreQuery{Tenant: q.Tenant, Kind: q.Kind, Filter: q.Filter})
	if t == nil {
		return nil, err
	}
	return t.CountBy(ctx, dialect, tableSource{*r, t}, q, column, limit)
}

// search answers the table of a query, nil where it can find nothing.
func (r *reader) search(ctx context.Context, q *itsm.StoreQuery) (*table, error) {
	if err := cmp.Or(r.ready(ctx), q.Check()); err != nil {
		return nil, err
	}
	if !clean(q.Tenant) {
		return nil, nil
	}
	return r.store.table(q.Kind), nil
}

// tableSource answers [relational.Source] from a kind's table.
type tableSource struct {
	reader
	t *table
}

func (s tableSource) Select(ctx context.Context, dst []itsm.Record, _ *relational.Kind, c relational.Clause, limit int) ([]itsm.Record, error) {
	text := `SELECT "_body" FROM ` + s.t.name + ` WHERE ` + c.Where
	if c.Order != "" {
		text += ` ORDER BY ` + c.Order
	}
	return s.records(ctx, dst, s.t, limited(text, limit), c.Args...)
}

func (s tableSource) Count(ctx context.Context, _ *relational.Kind, c relational.Clause) (n int64, err error) {
	err = s.q.QueryRow(ctx, `SELECT count(*) FROM `+s.t.name+` WHERE `+c.Where, c.Args...).Scan(&n)
	return n, fault(ctx, err)
}

func (s tableSource) Group(ctx context.Context, _ *relational.Kind, c relational.Clause, col *relational.Column, limit int, add func(stored any, n int64)) error {
	text := limited(`SELECT `+col.Quoted()+`, count(*) FROM `+s.t.name+` WHERE `+c.Where+` GROUP BY `+col.Quoted(), limit)
	rows, err := s.q.Query(ctx, text, c.Args...)
	if err != nil {
		return fault(ctx, err)
	}
	var stored any
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&stored, &n}, func() error {
		add(stored, n)
		return nil
	})
	return fault(ctx, err)
}

// Events implements [itsm.Snapshot].
func (r *reader) Events(ctx context.Context, dst []*itsm.Event, key itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	if err := cmp.Or(r.ready(ctx), key.Check()); err != nil || !cleanKey(key) {
		return dst, err
	}
	n := len(dst)
	err := r.bodies(ctx, func(body []byte) error {
		e := &itsm.Event{}
		dst = append(dst, e)
		return e.UnmarshalBinary(body)
	}, limited(r.store.sql.events, limit), key.Tenant, key.Kind, key.ID, after)
	if err != nil {
		return dst[:n], err
	}
	return dst, nil
}

// Rows implements [itsm.Snapshot].
func (r *reader) Rows(ctx context.Context, dst []itsm.Row, key itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	if err := cmp.Or(r.ready(ctx), key.Check()); err != nil || !cleanKey(key) || !clean(string(kind)) {
		return dst, err
	}
	if kind == "" {
		return r.rows(ctx, dst, limited(r.store.sql.rows, limit), key.Tenant, key.Kind, key.ID, after)
	}
	return r.rows(ctx, dst, limited(r.store.sql.rowsOf, limit), key.Tenant, key.Kind, key.ID, after, string(kind))
}

// FindRows implements [itsm.Snapshot].
func (r *reader) FindRows(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
	if err := r.ready(ctx); err != nil {
		return dst, err
	}
	if tenant == "" {
		return dst, itsm.Invalid("tenant", "a search for rows names a tenant")
	}
	if key == "" || !clean(tenant, string(kind), key) {
		return dst, nil
	}
	return r.rows(ctx, dst, limited(r.store.sql.find, limit), tenant, string(kind), key)
}

func (r reader) rows(ctx context.Context, dst []itsm.Row, text string, args ...any) ([]itsm.Row, error) {
	n := len(dst)
	err := r.bodies(ctx, func(body []byte) error {
		dst = append(dst, itsm.Row{})
		return dst[len(dst)-1].UnmarshalBinary(body)
	}, text, args...)
	if err != nil {
		return dst[:n], err
	}
	return dst, nil
}

// Timers implements [itsm.Snapshot].
func (r *reader) Timers(ctx context.Context, dst []itsm.Timer, key itsm.Key) ([]itsm.Timer, error) {
	if err := cmp.Or(r.ready(ctx), key.Check()); err != nil || !cleanKey(key) {
		return dst, err
	}
	rows, err := r.q.Query(ctx, r.store.sql.timers, key.Tenant, key.Kind, key.ID)
	if err != nil {
		return dst, fault(ctx, err)
	}
	dst, err = appendTimers(dst, rows)
	return dst, fault(ctx, err)
}

func appendTimers(dst []itsm.Timer, rows pgx.Rows) ([]itsm.Timer, error) {
	var t itsm.Timer
	var due int64
	_, err := pgx.ForEachRow(rows, []any{&t.Key.Tenant, &t.Key.Kind, &t.Key.ID, &t.Name, &t.Generation, &due, &t.Trigger, &t.Input}, func() error {
		t.Due = relational.InstantOf(due)
		dst = append(dst, t)
		return nil
	})
	return dst, err
}

// Receipt implements [itsm.Snapshot].
func (r *reader) Receipt(ctx context.Context, key itsm.ReceiptKey) (*itsm.Receipt, error) {
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	if key.Tenant == "" {
		return nil, itsm.Invalid("tenant", "a receipt has a tenant")
	}
	if !clean(key.Tenant, key.Actor, key.Command, key.Key) {
		return nil, nil
	}
	found := itsm.Receipt{ReceiptKey: key}
	var input []byte
	var at int64
	var expires *int64
	err := r.q.QueryRow(ctx, r.store.sql.receipt, key.Tenant, key.Actor, key.Command, key.Key).
		Scan(&input, &found.Ref.Kind, &found.Ref.ID, &found.Version, &at, &expires)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault(ctx, err)
	}
	copy(found.Input[:], input)
	if at != unset {
		found.At = relational.InstantOf(at)
	}
	if expires != nil {
		found.Expires = relational.InstantOf(*expires)
	}
	return &found, nil
}

// Subscription implements [itsm.Snapshot].
func (r *reader) Subscription(ctx context.Context, name string) (sub itsm.Subscription, err error) {
	if err := r.ready(ctx); err != nil || !clean(name) {
		return sub, err
	}
	var body []byte
	err = r.q.QueryRow(ctx, r.store.sql.subscription, name).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) {
		return itsm.Subscription{}, nil
	}
	if err != nil {
		return sub, fault(ctx, err)
	}
	if err := json.Unmarshal(body, &sub); err != nil {
		return sub, because(itsm.ErrCorrupt, err)
	}
	return sub, nil
}
