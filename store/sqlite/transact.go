package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Tx is a transaction with rows of the host's own beside the desk's. It has the methods that generated queries ask for.
type Tx struct {
	store *Store
	c     *conn
	ended bool
	// erases tells that a command took away what must not stay in the log.
	erases bool
}

// inside marks the contexts of a store's transactions.
type inside struct{ store *Store }

// Transact runs do in a transaction of the store's writer, with a context for the desk's commands: what they write and
// what do writes by tx is committed together, or not at all where do answers an error or panics.
//
// Others wait with their writes meanwhile, so do must be short, and must not give the desk commands with another context
// than the one it gets: they would wait for its own end. A transaction in a transaction is ErrInvalid. A command that is
// refused leaves the transaction as it was. An error of the commit is answered; [itsm.ErrUnknownOutcome] is one.
func (s *Store) Transact(ctx context.Context, do func(ctx context.Context, tx *Tx) error) (err error) {
	if ctx.Value(inside{s}) != nil {
		return itsm.Invalid("transaction", "the context is in a transaction of this store: use that one")
	}
	if err := s.turn(ctx); err != nil {
		return err
	}
	defer s.queue.pass()
	steady := context.WithoutCancel(ctx)
	c := s.durable
	if err := c.begin(steady); err != nil {
		return err
	}
	tx := &Tx{store: s, c: c}
	committed := false
	defer func() {
		tx.ended = true
		if !committed {
			_ = c.rollback(steady) // which a failed commit has done already
		}
	}()
	if err := do(itsm.WithTransaction(context.WithValue(ctx, inside{s}, true), joined{tx}), tx); err != nil {
		return err
	}
	committed = true
	if err := c.commit(steady); err != nil {
		return err
	}
	if tx.erases {
		s.emptyLog(steady)
	}
	s.listeners.tell()
	return nil
}

var errEnded = itsm.Invalid("transaction", "the transaction has ended: its context is good for nothing any more")

// ExecContext runs a statement of the host's.
func (t *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.ended {
		return nil, errEnded
	}
	return t.c.c.ExecContext(ctx, query, args...)
}

// QueryContext runs a query of the host's. Its rows must be closed before the next command or statement.
func (t *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if t.ended {
		return nil, errEnded
	}
	return t.c.c.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a query of the host's that answers one row. After the end of the transaction the row's error is
// [context.Canceled].
func (t *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if t.ended {
		gone, cancel := context.WithCancel(ctx)
		cancel()
		ctx = gone
	}
	return t.c.c.QueryRowContext(ctx, query, args...)
}

// PrepareContext prepares a statement of the host's, to be closed before the transaction ends.
func (t *Tx) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	if t.ended {
		return nil, errEnded
	}
	return t.c.c.PrepareContext(ctx, query)
}

// joined is the store as the desk's commands in a transaction see it.
type joined struct{ tx *Tx }

var (
	_ itsm.Transaction = joined{}
	_ itsm.Getter      = joined{}
)

func (j joined) ready(ctx context.Context) error {
	if j.tx.ended {
		return errEnded
	}
	return ctx.Err()
}

func (j joined) Of() itsm.Store { return j.tx.store }

func (j joined) Prepare(context.Context, []itsm.Codec) error {
	return itsm.Invalid("transaction", "a desk is opened outside of transactions")
}

func (j joined) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	if err := j.ready(ctx); err != nil {
		return nil, err
	}
	return &snapshot{store: j.tx.store, c: j.tx.c, host: true}, nil
}

func (j joined) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if err := errors.Join(j.ready(ctx), key.Check()); err != nil {
		return nil, err
	}
	return j.tx.store.get(context.WithoutCancel(ctx), j.tx.c, key)
}

func (j joined) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	snap, err := j.Snapshot(ctx)
	if err != nil {
		return dst, err
	}
	return fetch(ctx, snap, dst, keys)
}

func (j joined) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	snap, err := j.Snapshot(ctx)
	if err != nil {
		return dst, err
	}
	return snap.Query(ctx, dst, q)
}

func (j joined) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if err := errors.Join(j.ready(ctx), checkOwner(owner, kind)); err != nil {
		return dst, err
	}
	return j.tx.store.owned(context.WithoutCancel(ctx), j.tx.c, dst, owner, kind)
}

func (j joined) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if err := j.ready(ctx); err != nil {
		return err
	}
	if err := set.Check(); err != nil {
		return err
	}
	work, err := j.tx.store.encode(set)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	c := j.tx.c
	if _, err := c.exec(ctx, `SAVEPOINT itsm`); err != nil {
		return err
	}
	if err := work.run(ctx, c); err != nil {
		_, undo := c.exec(ctx, `ROLLBACK TO itsm`)
		_, release := c.exec(ctx, `RELEASE itsm`)
		if undo == nil && work.torn {
			if err = work.expect(ctx, c); err == nil {
				err = itsm.ErrConflict
			}
		}
		return errors.Join(err, undo, release)
	}
	j.tx.erases = j.tx.erases || erases(set)
	_, err = c.exec(ctx, `RELEASE itsm`)
	return err
}

// Number gives numbers that are free again after a rollback, when nobody has them.
func (j joined) Number(ctx context.Context, tenant, series string, above int64) (int64, error) {
	if err := j.ready(ctx); err != nil {
		return 0, err
	}
	if tenant == "" || series == "" {
		return 0, itsm.Invalid("series", "a series has a tenant and a name")
	}
	return j.tx.c.number(context.WithoutCancel(ctx), tenant, series, above)
}

func (j joined) Claim(context.Context, time.Time, time.Time, int) ([]itsm.Timer, error) {
	return nil, itsm.Invalid("transaction", "timers fire in transactions of their own")
}

func (j joined) NextDue(ctx context.Context) (time.Time, bool, error) { return j.tx.store.NextDue(ctx) }

func (j joined) Feed(ctx context.Context, dst []itsm.Delivery, after itsm.Position, limit int) ([]itsm.Delivery, error) {
	return j.tx.store.Feed(ctx, dst, after, limit)
}
