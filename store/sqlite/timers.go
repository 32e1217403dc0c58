package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

type rawBytes = sql.RawBytes

// Claim implements [itsm.Store]. A claim need not survive a power cut, so it does not wait for the disk.
func (s *Store) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	if limit <= 0 {
		return nil, ctx.Err()
	}
	// Nothing due is the usual answer, and a look needs no turn.
	if due, any, err := s.NextDue(ctx); err != nil || !any || relational.Nanoseconds(due) > relational.Nanoseconds(now) {
		return nil, err
	}
	if err := s.turn(ctx); err != nil {
		return nil, err
	}
	defer s.queue.pass()
	ctx = context.WithoutCancel(ctx)
	c := s.lazy
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	timers, err := claim(ctx, c, relational.Nanoseconds(now), relational.Nanoseconds(until), limit)
	if err != nil {
		_ = c.rollback(ctx)
		return nil, err
	}
	return timers, c.commit(ctx)
}

func claim(ctx context.Context, c *conn, now, until int64, limit int) ([]itsm.Timer, error) {
	if _, err := c.exec(ctx, `UPDATE itsm_timer SET claimed = NULL WHERE claimed IS NOT NULL AND claimed <= ?1`, now); err != nil {
		return nil, err
	}
	timers := make([]itsm.Timer, 0, min(limit, 1000))
	var t itsm.Timer
	var due int64
	err := c.all(ctx, `UPDATE itsm_timer SET claimed = ?2 WHERE rowid IN (
	SELECT rowid FROM itsm_timer WHERE claimed IS NULL AND due <= ?1 ORDER BY due, tenant, kind, id, name LIMIT ?3)
RETURNING tenant, kind, id, name, generation, due, action, input`, []any{now, until, limit}, []any{&t.Key.Tenant, &t.Key.Kind, &t.Key.ID, &t.Name, &t.Generation, &due, &t.Trigger, &t.Input}, func() error {
		t.Due = relational.InstantOf(due)
		timers = append(timers, t)
		return nil
	})
	relational.SortTimers(timers)
	return timers, err
}

// NextDue implements [itsm.Store].
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, false, err
	}
	c, err := s.reader(ctx)
	if err != nil {
		return time.Time{}, false, err
	}
	defer s.giveBack(c)
	var next sql.NullInt64
	_, err = c.one(context.WithoutCancel(ctx), `SELECT min(at) FROM (
	SELECT * FROM (SELECT due AS at FROM itsm_timer WHERE claimed IS NULL ORDER BY due LIMIT 1)
	UNION ALL
	SELECT * FROM (SELECT max(claimed, due) AS at FROM itsm_timer WHERE claimed IS NOT NULL ORDER BY claimed LIMIT 1))`, nil, &next)
	if err != nil || !next.Valid {
		return time.Time{}, false, err
	}
	return relational.InstantOf(next.Int64), true, nil
}

// Feed implements [itsm.Store]. A position is the place of the event in the order of commits.
func (s *Store) Feed(ctx context.Context, dst []itsm.Delivery, after itsm.Position, limit int) ([]itsm.Delivery, error) {
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	if after < 0 {
		return dst, itsm.Invalid("after", "a position is not negative")
	}
	if limit <= 0 {
		return dst, nil
	}
	c, err := s.reader(ctx)
	if err != nil {
		return dst, err
	}
	defer s.giveBack(c)
	from := len(dst)
	var d itsm.Delivery
	var body rawBytes
	err = c.all(context.WithoutCancel(ctx), `SELECT position, body FROM itsm_event WHERE position > ?1 AND tenant <> '' ORDER BY position LIMIT ?2`,
		[]any{int64(after), limit}, []any{&d.Position, &body}, func() error {
			d.Event = new(itsm.Event)
			dst = append(dst, d)
			return d.Event.UnmarshalBinary(body)
		})
	if err != nil {
		return dst[:from], err
	}
	return dst, nil
}

// Number implements [itsm.Store]. It does not wait for the disk: the commit of a record that has the number does, and
// brings the number with it. A number that a power cut takes was given to no record.
func (s *Store) Number(ctx context.Context, tenant, series string, above int64) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if tenant == "" || series == "" {
		return 0, itsm.Invalid("series", "a series has a tenant and a name")
	}
	t := &ticket{number: &numberJob{tenant: tenant, series: series, above: above}}
	turn, err := s.queue.wait(ctx, t)
	if err != nil {
		return 0, err
	}
	if turn {
		defer s.queue.pass()
		s.count(context.WithoutCancel(ctx), s.queue.numbers([]*ticket{t}))
	}
	return t.number.value, t.number.err
}

// numberJob asks for a number.
type numberJob struct {
	tenant, series string
	above          int64
	value          int64
	err            error
}

// count gives numbers in one transaction, and tells those who wait.
func (s *Store) count(ctx context.Context, group []*ticket) {
	if len(group) == 0 {
		return
	}
	c := s.lazy
	err := c.begin(ctx)
	for _, t := range group {
		if err == nil {
			n := t.number
			n.value, err = c.number(ctx, n.tenant, n.series, n.above)
		}
	}
	if err == nil {
		err = c.commit(ctx)
	} else {
		_ = c.rollback(ctx)
	}
	for _, t := range group {
		t.number.err = err
		if t.called != nil {
			t.called <- false
		}
	}
}

func (c *conn) number(ctx context.Context, tenant, series string, above int64) (n int64, err error) {
	_, err = c.one(ctx, `INSERT INTO itsm_number (tenant, series, value) VALUES (?1, ?2, ?3 + 1)
ON CONFLICT (tenant, series) DO UPDATE SET value = max(value, ?3) + 1 RETURNING value`, []any{tenant, series, above}, &n)
	return n, err
}
