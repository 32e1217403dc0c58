package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/itsm"
)

// Join makes a transaction of the host's a store, for [itsm.WithTransaction]: what commands write through it is committed or
// rolled back with the host's own rows. The transaction must be one of the database in which the store is, and of its usual
// isolation, read committed. A command that is refused leaves the transaction as it was before the command; ErrConflict is the
// host's to handle, by a rollback. Numbers are taken outside of the transaction, on another connection of the store's pool,
// so that nobody waits for them: a rollback leaves a gap. The host needs a connection for each transaction and one more.
//
// Records that the transaction wrote are held until it ends: keep it short. Join costs nothing.
func (s *Store) Join(tx pgx.Tx) itsm.Transaction { return &joined{reader: s.reader(tx), tx: tx} }

// joined is a transaction of the host's as a store.
type joined struct {
	reader
	tx pgx.Tx
}

var (
	_ itsm.Transaction = (*joined)(nil)
	_ itsm.Getter      = (*joined)(nil)
)

// Of implements [itsm.Transaction].
func (j *joined) Of() itsm.Store { return j.store }

// Fetch implements [itsm.Getter].
func (j *joined) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	return j.fetch(ctx, dst, keys)
}

// Find implements [itsm.Getter].
func (j *joined) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	return j.Query(ctx, dst, q)
}

// Prepare implements [itsm.Store]; it is no part of the transaction.
func (j *joined) Prepare(ctx context.Context, kinds []itsm.Codec) error {
	return j.store.Prepare(ctx, kinds)
}

// Snapshot implements [itsm.Store]: it shows what the transaction shows, as it stands at each read.
func (j *joined) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	return &joinedView{j.reader}, ctx.Err()
}

type joinedView struct{ reader }

var _ itsm.ColumnCounter = (*joinedView)(nil)

// Close implements [itsm.Snapshot].
func (v *joinedView) Close() { v.q = nil }

// Apply implements [itsm.Store], under a savepoint.
func (j *joined) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if err := cmp.Or(ctx.Err(), set.Check()); err != nil {
		return err
	}
	sc := j.store.script()
	sc.do(`SAVEPOINT itsm`)
	var of *redacted
	if len(set.Redactions) > 0 {
		var err error
		if of, err = j.store.redact(ctx, j.tx, set); err != nil {
			return fault(ctx, err)
		}
	}
	if err := sc.write(set, of); err != nil {
		return err
	}
	sc.do(notify, j.store.channel(), "")
	if j.store.concerns(set) {
		return j.applyWithin(ctx, set, sc)
	}
	sc.do(`RELEASE SAVEPOINT itsm`)
	at, err := sc.send(ctx, j.tx)
	return j.answer(ctx, set, sc, at, err)
}

// applyWithin is Apply with what the host adds to every transaction.
func (j *joined) applyWithin(ctx context.Context, set *itsm.WriteSet, sc *script) error {
	if at, err := sc.send(ctx, j.tx); err != nil {
		return j.answer(ctx, set, sc, at, err)
	}
	err := j.store.within(ctx, j.tx, set)
	if err == nil {
		_, err = j.tx.Exec(ctx, `RELEASE SAVEPOINT itsm`)
		return fault(ctx, err)
	}
	if _, back := j.tx.Exec(context.WithoutCancel(ctx), `ROLLBACK TO SAVEPOINT itsm`); back != nil {
		return fault(ctx, back)
	}
	return fault(ctx, err)
}

// answer turns what became of a set into the contract's error, and takes back what was written of it.
func (j *joined) answer(ctx context.Context, set *itsm.WriteSet, sc *script, at int, err error) error {
	if err == nil {
		return nil
	}
	state := stateOf(err)
	if state == "" || at == 0 {
		return fault(ctx, err)
	}
	if _, back := j.tx.Exec(context.WithoutCancel(ctx), `ROLLBACK TO SAVEPOINT itsm`); back != nil {
		return fault(ctx, back)
	}
	if (state == refused || state == uniqueViolation) && at < len(sc.causes) {
		return j.cause(ctx, set, sc.causes[at])
	}
	return fault(ctx, err)
}

// Number implements [itsm.Store]; it is no part of the transaction.
func (j *joined) Number(ctx context.Context, tenant, series string, above int64) (int64, error) {
	return j.store.Number(ctx, tenant, series, above)
}

// Claim implements [itsm.Store]; it is no part of the transaction.
func (j *joined) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	return j.store.Claim(ctx, now, until, limit)
}

// NextDue implements [itsm.Store], of what is committed.
func (j *joined) NextDue(ctx context.Context) (time.Time, bool, error) { return j.store.NextDue(ctx) }

// Feed implements [itsm.Store], of what is committed.
func (j *joined) Feed(ctx context.Context, dst []itsm.Delivery, after itsm.Position, limit int) ([]itsm.Delivery, error) {
	return j.store.Feed(ctx, dst, after, limit)
}
