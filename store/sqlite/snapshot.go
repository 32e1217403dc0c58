package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// snapshot is a read transaction, or what a host's own transaction sees.
type snapshot struct {
	store *Store
	c     *conn
	host  bool // the connection is in a host's transaction
}

var _ itsm.ColumnCounter = (*snapshot)(nil)

// Snapshot implements [itsm.Store].
func (s *Store) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := s.reader(ctx)
	if err != nil {
		return nil, err
	}
	// A transaction sees the database as it is when it first reads.
	steady := context.WithoutCancel(ctx)
	if _, err = c.exec(steady, `BEGIN`); err == nil {
		n := 0
		_, err = c.one(steady, `SELECT 1 FROM itsm_migration LIMIT 1`, nil, &n)
	}
	if err != nil {
		_ = c.close()
		return nil, err
	}
	return &snapshot{store: s, c: c}, nil
}

// Close implements [itsm.Snapshot].
func (n *snapshot) Close() {
	c := n.c
	if n.c = nil; c == nil || n.host {
		return
	}
	if err := c.rollback(context.Background()); err != nil {
		_ = c.close()
		return
	}
	n.store.giveBack(c)
}

// ready refuses a closed snapshot and a cancelled context.
func (n *snapshot) ready(ctx context.Context) error {
	if n.c == nil {
		return itsm.Invalid("snapshot", "the snapshot is closed: open another")
	}
	return ctx.Err()
}

// Get implements [itsm.Getter].
func (s *Store) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if err := cmp.Or(ctx.Err(), key.Check()); err != nil {
		return nil, err
	}
	c, err := s.reader(ctx)
	if err != nil {
		return nil, err
	}
	defer s.giveBack(c)
	return s.get(context.WithoutCancel(ctx), c, key)
}

func (s *Store) get(ctx context.Context, c *conn, key itsm.Key) (itsm.Record, error) {
	k := (*s.kinds.Load())[key.Kind]
	if k == nil {
		return nil, itsm.ErrNotFound
	}
	var of int64
	var body []byte
	there, err := c.one(ctx, s.table(k).get, []any{key.Tenant, key.ID}, &of, &body)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, itsm.ErrNotFound
	}
	return decode(k, of, body)
}

func decode(k *relational.Kind, of int64, body []byte) (itsm.Record, error) {
	if err := readable(of); err != nil {
		return nil, err
	}
	r, err := k.Codec.Decode(body)
	if err != nil {
		return nil, damaged("a record of "+k.Name, err)
	}
	return r, nil
}

// Fetch implements [itsm.Getter].
func (s *Store) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	snap, err := s.Snapshot(ctx)
	if err != nil {
		return dst, err
	}
	defer snap.Close()
	return fetch(ctx, snap, dst, keys)
}

// fetch reads one record after the other: in this process that costs no round trip.
func fetch(ctx context.Context, snap itsm.Snapshot, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	from := len(dst)
	for _, key := range keys {
		r, err := snap.Get(ctx, key)
		switch {
		case errors.Is(err, itsm.ErrNotFound):
		case err != nil:
			return dst[:from], err
		default:
			dst = append(dst, r)
		}
	}
	return dst, nil
}

// Owned implements [itsm.Getter].
func (s *Store) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if err := cmp.Or(ctx.Err(), checkOwner(owner, kind)); err != nil {
		return dst, err
	}
	c, err := s.reader(ctx)
	if err != nil {
		return dst, err
	}
	defer s.giveBack(c)
	return s.owned(context.WithoutCancel(ctx), c, dst, owner, kind)
}

func (s *Store) owned(ctx context.Context, c *conn, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	k := (*s.kinds.Load())[kind]
	if k == nil {
		return dst, nil
	}
	return appendRecords(ctx, c, dst, k, s.table(k).owned, []any{owner.Tenant, owner.Kind, owner.ID})
}

func checkOwner(owner itsm.Key, kind string) error {
	if kind == "" {
		return itsm.Invalid("kind", "ask for the records of one kind that a record owns")
	}
	return owner.Check()
}

// appendRecords reads records from rows of _format and _body.
func appendRecords(ctx context.Context, c *conn, dst []itsm.Record, k *relational.Kind, text string, args []any) ([]itsm.Record, error) {
	from := len(dst)
	var of int64
	var body rawBytes
	err := c.all(ctx, text, args, []any{&of, &body}, func() error {
		r, err := decode(k, of, body)
		dst = append(dst, r)
		return err
	})
	if err != nil {
		return dst[:from], err
	}
	return dst, nil
}

// Get implements [itsm.Snapshot].
func (n *snapshot) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if err := cmp.Or(n.ready(ctx), key.Check()); err != nil {
		return nil, err
	}
	return n.store.get(context.WithoutCancel(ctx), n.c, key)
}

// Owned implements [itsm.Snapshot].
func (n *snapshot) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if err := cmp.Or(n.ready(ctx), checkOwner(owner, kind)); err != nil {
		return dst, err
	}
	return n.store.owned(ctx, n.c, dst, owner, kind)
}

// Events implements [itsm.Snapshot].
func (n *snapshot) Events(ctx context.Context, dst []*itsm.Event, key itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	if err := cmp.Or(n.ready(ctx), key.Check()); err != nil {
		return dst, err
	}
	from := len(dst)
	var body rawBytes
	err := n.c.all(ctx, `SELECT body FROM itsm_event WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND version > ?4 ORDER BY version LIMIT ?5`,
		[]any{key.Tenant, key.Kind, key.ID, after, atMost(limit)}, []any{&body}, func() error {
			e := new(itsm.Event)
			dst = append(dst, e)
			return e.UnmarshalBinary(body)
		})
	if err != nil {
		return dst[:from], err
	}
	return dst, nil
}

// atMost is a limit as SQLite takes it: none below zero.
func atMost(limit int) int {
	if limit <= 0 {
		return -1
	}
	return limit
}

// Rows implements [itsm.Snapshot].
func (n *snapshot) Rows(ctx context.Context, dst []itsm.Row, key itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	if err := cmp.Or(n.ready(ctx), key.Check()); err != nil {
		return dst, err
	}
	args := []any{key.Tenant, key.Kind, key.ID, after, atMost(limit)}
	text := `SELECT body FROM itsm_row WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND row_id > ?4 ORDER BY row_id LIMIT ?5`
	if kind != "" {
		text = `SELECT body FROM itsm_row WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND row_id > ?4 AND row_kind = ?6 ORDER BY row_id LIMIT ?5`
		args = append(args, string(kind))
	}
	return appendRows(ctx, n.c, dst, text, args)
}

func appendRows(ctx context.Context, c *conn, dst []itsm.Row, text string, args []any) ([]itsm.Row, error) {
	from := len(dst)
	var body rawBytes
	err := c.all(ctx, text, args, []any{&body}, func() error {
		dst = append(dst, itsm.Row{})
		return dst[len(dst)-1].UnmarshalBinary(body)
	})
	if err != nil {
		return dst[:from], err
	}
	return dst, nil
}

// FindRows implements [itsm.Snapshot].
func (n *snapshot) FindRows(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
	if err := n.ready(ctx); err != nil {
		return dst, err
	}
	if tenant == "" {
		return dst, itsm.Invalid("tenant", "a search for rows names a tenant")
	}
	if key == "" {
		return dst, nil
	}
	return appendRows(ctx, n.c, dst, `SELECT body FROM itsm_row WHERE tenant = ?1 AND row_kind = ?2 AND key = ?3 AND key <> '' ORDER BY kind, id, row_id LIMIT ?4`,
		[]any{tenant, string(kind), key, atMost(limit)})
}

// Timers implements [itsm.Snapshot].
func (n *snapshot) Timers(ctx context.Context, dst []itsm.Timer, key itsm.Key) ([]itsm.Timer, error) {
	if err := cmp.Or(n.ready(ctx), key.Check()); err != nil {
		return dst, err
	}
	t, due := itsm.Timer{Key: key}, int64(0)
	err := n.c.all(ctx, `SELECT name, generation, due, action, input FROM itsm_timer WHERE tenant = ?1 AND kind = ?2 AND id = ?3 ORDER BY name`,
		[]any{key.Tenant, key.Kind, key.ID}, []any{&t.Name, &t.Generation, &due, &t.Trigger, &t.Input}, func() error {
			t.Due = relational.InstantOf(due)
			dst = append(dst, t)
			return nil
		})
	return dst, err
}

// Receipt implements [itsm.Snapshot].
func (n *snapshot) Receipt(ctx context.Context, key itsm.ReceiptKey) (*itsm.Receipt, error) {
	if err := n.ready(ctx); err != nil {
		return nil, err
	}
	if key.Tenant == "" {
		return nil, itsm.Invalid("tenant", "a receipt has a tenant")
	}
	var body []byte
	there, err := n.c.one(ctx, `SELECT body FROM itsm_receipt WHERE tenant = ?1 AND actor = ?2 AND command = ?3 AND key = ?4`,
		[]any{key.Tenant, key.Actor, key.Command, key.Key}, &body)
	if err != nil || !there {
		return nil, err
	}
	return decodeReceipt(key, body)
}

// Subscription implements [itsm.Snapshot].
func (n *snapshot) Subscription(ctx context.Context, name string) (sub itsm.Subscription, err error) {
	if err := n.ready(ctx); err != nil {
		return sub, err
	}
	var body []byte
	there, err := n.c.one(ctx, `SELECT body FROM itsm_subscription WHERE name = ?1`, []any{name}, &body)
	if err != nil || !there {
		return sub, err
	}
	if err := json.Unmarshal(body, &sub); err != nil {
		return itsm.Subscription{}, damaged("subscription "+strconv.Quote(name), err)
	}
	return sub, nil
}

// Query implements [itsm.Snapshot]. Limit 0 means all.
func (n *snapshot) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	k, err := n.queried(ctx, q)
	if err != nil {
		return dst, err
	}
	d, err := n.planned(ctx, k, q)
	if err != nil {
		return dst, err
	}
	return k.Query(ctx, d, source{n}, dst, q)
}

// Find implements [itsm.Getter]. A page that SQL does not know whole is read in a transaction.
func (s *Store) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	if err := cmp.Or(ctx.Err(), q.Check()); err != nil {
		return dst, err
	}
	k, err := s.kind(q.Kind)
	if err != nil {
		return dst, err
	}
	_, exact, sorted, err := k.Condition(&dialect, q)
	if err != nil {
		return dst, err
	}
	if !exact || !sorted {
		snap, err := s.Snapshot(ctx)
		if err != nil {
			return dst, err
		}
		defer snap.Close()
		return snap.Query(ctx, dst, q)
	}
	c, err := s.reader(ctx)
	if err != nil {
		return dst, err
	}
	defer s.giveBack(c)
	return (&snapshot{store: s, c: c}).Query(ctx, dst, q)
}

// Count implements [itsm.Snapshot].
func (n *snapshot) Count(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
	k, err := n.queried(ctx, q)
	if err != nil {
		return 0, err
	}
	return k.Count(ctx, &dialect, source{n}, q)
}

// CountBy implements [itsm.ColumnCounter].
func (n *snapshot) CountBy(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
	k, err := n.queried(ctx, q)
	if err != nil {
		return nil, err
	}
	return k.CountBy(ctx, &dialect, source{n}, q, column, limit)
}

func (n *snapshot) queried(ctx context.Context, q *itsm.StoreQuery) (*relational.Kind, error) {
	if err := cmp.Or(n.ready(ctx), q.Check()); err != nil {
		return nil, err
	}
	return n.store.kind(q.Kind)
}

// source reads the table of a kind.
type source struct{ *snapshot }

// Select implements [relational.Source].
func (n source) Select(ctx context.Context, dst []itsm.Record, k *relational.Kind, c relational.Clause, limit int) ([]itsm.Record, error) {
	text, args := n.text(k, c, limit)
	return appendRecords(ctx, n.c, dst, k, text, args)
}

func (n source) text(k *relational.Kind, c relational.Clause, limit int) (string, []any) {
	text := `SELECT _format, _body FROM ` + n.store.table(k).name + ` WHERE ` + c.Where + ` ORDER BY ` + c.Order
	if limit <= 0 {
		return text, c.Args
	}
	args := append(c.Args[:len(c.Args):len(c.Args)], limit)
	return text + ` LIMIT ` + param(len(args)), args
}

// Count implements [relational.Source].
func (n source) Count(ctx context.Context, k *relational.Kind, c relational.Clause) (count int64, err error) {
	_, err = n.c.one(ctx, `SELECT count(*) FROM `+n.store.table(k).name+` WHERE `+c.Where, c.Args, &count)
	return count, err
}

// Group implements [relational.Source].
func (n source) Group(ctx context.Context, k *relational.Kind, c relational.Clause, col *relational.Column, limit int, add func(any, int64)) error {
	args := append(c.Args[:len(c.Args):len(c.Args)], limit)
	var value any
	var count int64
	return n.c.all(ctx, `SELECT `+col.Quoted()+`, count(*) FROM `+n.store.table(k).name+` WHERE `+c.Where+` GROUP BY `+col.Quoted()+` LIMIT `+param(len(args)), args,
		[]any{&value, &count}, func() error {
			add(value, count)
			return nil
		})
}
