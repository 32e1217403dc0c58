package postgres

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// freeAtOnce is how many claims that ended are made free at once.
const freeAtOnce = 1000

// Claim implements [itsm.Store]. Timers that another node is just taking are passed over. A claim need not survive a crash of
// the server, so it does not wait for the disk.
func (s *Store) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	from := relational.Nanoseconds(now)
	for {
		var batch pgx.Batch
		batch.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
		batch.Queue(s.sql.freeTimers, from)
		if limit > 0 {
			batch.Queue(fmt.Sprintf(s.sql.claim, limit), from, relational.Nanoseconds(until))
		}
		freed, timers, err := s.claim(ctx, &batch, limit)
		if err != nil {
			return nil, fault(ctx, err)
		}
		if freed == freeAtOnce && len(timers) == 0 {
			continue
		}
		relational.SortTimers(timers)
		return timers, nil
	}
}

func (s *Store) claim(ctx context.Context, batch *pgx.Batch, limit int) (freed int64, timers []itsm.Timer, err error) {
	results := s.pool.SendBatch(ctx, batch)
	tag, err := results.Exec()
	if err == nil {
		tag, err = results.Exec()
	}
	if err == nil && limit > 0 {
		var rows pgx.Rows
		if rows, err = results.Query(); err == nil {
			timers, err = appendTimers(nil, rows)
		}
	}
	return tag.RowsAffected(), timers, cmp.Or(err, results.Close())
}

// NextDue implements [itsm.Store].
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, false, err
	}
	var next *int64
	if err := s.pool.QueryRow(ctx, s.sql.nextDue).Scan(&next); err != nil || next == nil {
		return time.Time{}, false, fault(ctx, err)
	}
	return relational.InstantOf(*next), true, nil
}

// Number implements [itsm.Store]. It does not wait for the disk: the commit of the record that has the number does, and the
// number is on the disk before it. A number that no record has may come again after a crash of the server.
func (s *Store) Number(ctx context.Context, tenant, series string, above int64) (n int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if tenant == "" || series == "" {
		return 0, itsm.Invalid("series", "a series has a tenant and a name")
	}
	var batch pgx.Batch
	batch.Queue(`SELECT set_config('synchronous_commit', 'off', true)`)
	batch.Queue(s.sql.number, tenant, series, max(above, 0))
	results := s.pool.SendBatch(ctx, &batch)
	if _, err = results.Exec(); err == nil {
		err = results.QueryRow().Scan(&n)
	}
	return n, fault(ctx, cmp.Or(err, results.Close()))
}

// Feed implements [itsm.Store]. A position is given to an event by the first Feed that comes upon it, from a counter in the
// database, so that positions survive a dump and its restore; a transaction that is long open holds up only its own events.
func (s *Store) Feed(ctx context.Context, dst []itsm.Delivery, after itsm.Position, limit int) ([]itsm.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	if after < 0 {
		return dst, itsm.Invalid("after", "a position is not negative")
	}
	wanted := int64(limit)
	for begun := len(dst); len(dst)-begun < limit; {
		var batch pgx.Batch
		batch.Queue(s.sql.stamp, int64(after), wanted, int64(limit))
		batch.Queue(limited(s.sql.feed, limit-(len(dst)-begun)), int64(after))
		results := s.pool.SendBatch(ctx, &batch)
		var looked bool
		err := results.QueryRow().Scan(&looked)
		if err == nil {
			var rows pgx.Rows
			if rows, err = results.Query(); err == nil {
				dst, err = appendDeliveries(dst, rows)
			}
		}
		if err = cmp.Or(err, results.Close()); err != nil {
			return dst[:begun], fault(ctx, err)
		}
		if looked {
			break
		}
		// Some events of the feed were purged: what is missing may have no position yet.
		wanted = 0
		if len(dst) > begun {
			after = dst[len(dst)-1].Position
		}
	}
	return dst, nil
}

func appendDeliveries(dst []itsm.Delivery, rows pgx.Rows) ([]itsm.Delivery, error) {
	defer rows.Close()
	var position int64
	var body raw
	for rows.Next() {
		if err := rows.Scan(&position, &body); err != nil {
			return dst, err
		}
		e := &itsm.Event{}
		if err := e.UnmarshalBinary(body); err != nil {
			return dst, err
		}
		dst = append(dst, itsm.Delivery{Position: itsm.Position(position), Event: e})
	}
	return dst, rows.Err()
}
