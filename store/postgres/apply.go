package postgres

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/itsm"
)

// Apply implements [itsm.Store]: one pipelined batch, which the server commits at its end. Once it was sent it is waited for,
// whatever becomes of the context: the server is asked to give it up, and its answer says whether it did.
func (s *Store) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if err := cmp.Or(ctx.Err(), set.Check()); err != nil {
		return err
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fault(ctx, err)
	}
	defer conn.Release()
	if len(set.Redactions) == 0 && !s.concerns(set) {
		err = s.applyAtOnce(ctx, conn, set)
	} else {
		err = s.applyInSteps(ctx, conn, set)
	}
	if err == nil {
		s.tell(ctx, conn)
	}
	return err
}

// applyAtOnce sends the set as one implicit transaction.
func (s *Store) applyAtOnce(ctx context.Context, conn *pgxpool.Conn, set *itsm.WriteSet) error {
	sc := s.script()
	if err := sc.write(set, nil); err != nil || sc.batch.Len() == 0 {
		return err
	}
	var at int
	var err error
	steady(ctx, s.config.Clock, conn, func(ctx context.Context) { at, err = sc.send(ctx, conn.Conn()) })
	return s.answer(ctx, conn, set, sc, at, err)
}

// applyInSteps is a transaction around the set, for what is read first to be redacted, and for what the host adds at the end.
func (s *Store) applyInSteps(ctx context.Context, conn *pgxpool.Conn, set *itsm.WriteSet) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return fault(ctx, err)
	}
	var of *redacted
	if len(set.Redactions) > 0 {
		if of, err = s.redact(ctx, tx, set); err != nil {
			_ = tx.Rollback(context.WithoutCancel(ctx))
			return fault(ctx, err)
		}
	}
	sc := s.script()
	if err := sc.write(set, of); err != nil {
		_ = tx.Rollback(context.WithoutCancel(ctx))
		return err
	}
	var at int
	var refused error
	steady(ctx, s.config.Clock, conn, func(steady context.Context) {
		if at, err = sc.send(steady, conn.Conn()); err == nil {
			refused = s.within(steady, tx, set)
		}
		if err != nil || refused != nil {
			_ = tx.Rollback(steady)
		} else {
			err = tx.Commit(steady)
		}
	})
	if refused != nil {
		return fault(ctx, refused)
	}
	return s.answer(ctx, conn, set, sc, at, err)
}

// answer turns what became of a set into the contract's error.
func (s *Store) answer(ctx context.Context, conn *pgxpool.Conn, set *itsm.WriteSet, sc *script, at int, err error) error {
	switch state := stateOf(err); {
	case err == nil:
		return nil
	case (state == refused || state == uniqueViolation) && at < len(sc.causes):
		return s.reader(conn).cause(context.WithoutCancel(ctx), set, sc.causes[at])
	case state == queryCanceled && ctx.Err() != nil:
		return ctx.Err()
	case state != "":
		return fault(context.WithoutCancel(ctx), err)
	case pgconn.SafeToRetry(err):
		return fault(ctx, err)
	}
	return unsettled(context.WithoutCancel(ctx), err)
}

// grace is how long an answer is waited for after a caller gave up.
const grace = 5 * time.Second

// steady runs a call on a connection under a context that nobody cancels. Where the caller's ends meanwhile, the server is
// asked to give the call up; where it does not answer then, the connection is cut. Either way the connection is not used
// again, because a request to give up may come late.
func steady(ctx context.Context, clock itsm.Clock, conn *pgxpool.Conn, call func(ctx context.Context)) {
	done, over := make(chan struct{}), make(chan struct{})
	raw := conn.Conn().PgConn()
	stop := context.AfterFunc(ctx, func() {
		defer close(over)
		calm := context.WithoutCancel(ctx)
		_ = raw.CancelRequest(calm)
		late, stop := clock.Wake(clock.Now().Add(grace))
		defer stop()
		select {
		case <-done:
		case <-late:
			_ = raw.Conn().SetDeadline(time.Unix(1, 0))
		}
	})
	call(context.WithoutCancel(ctx))
	close(done)
	if !stop() {
		<-over
		_ = conn.Conn().Close(context.WithoutCancel(ctx))
	}
}

// redacted are the events and rows of a set's redactions, as they are to be.
type redacted struct {
	events []*itsm.Event
	rows   []itsm.Row
}

// redact reads and redacts what the store has; what the set itself brings is redacted where it is written.
func (s *Store) redact(ctx context.Context, q source, set *itsm.WriteSet) (*redacted, error) {
	var found redacted
	r := s.reader(q)
	for i := range set.Redactions {
		d := &set.Redactions[i]
		if !cleanKey(d.Key) {
			continue
		}
		if err := r.bodies(ctx, func(body []byte) error {
			e := &itsm.Event{}
			err := e.UnmarshalBinary(body)
			found.addEvent(e, d.Fields)
			return err
		}, s.sql.event, d.Key.Tenant, d.Key.Kind, d.Key.ID, d.Version); err != nil {
			return nil, err
		}
		if len(d.RowIDs) == 0 {
			continue
		}
		rows, err := r.rows(ctx, nil, s.sql.rowsByID, d.Key.Tenant, d.Key.Kind, d.Key.ID, d.RowIDs)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			found.rows = append(found.rows, row.Redact())
		}
	}
	return &found, nil
}

// addEvent redacts an event, or once more the one that is there already.
func (f *redacted) addEvent(e *itsm.Event, fields []string) {
	for i, there := range f.events {
		if there.Key == e.Key && there.Version == e.Version {
			f.events[i] = there.Redact(fields)
			return
		}
	}
	f.events = append(f.events, e.Redact(fields))
}

// cause is what a statement of a script expects, for the error where it fails.
type cause struct {
	part part
	i    int // which of the set's
}

type part uint8

const (
	partOther part = iota
	partRecord
	partRead
	partPurge
	partFired
	partLast // receipt and subscription, when all else held
)

// cause finds the error of a set of which a statement found something else than it expected. One look more is needed where
// something before it may be wrong too.
func (r reader) cause(ctx context.Context, set *itsm.WriteSet, c cause) error {
	switch c.part {
	case partFired:
		return itsm.ErrTimerGone
	case partLast, partOther:
		return itsm.ErrConflict
	}
	var first error = itsm.ErrConflict
	made, rows := false, false
	for i := range set.Records {
		w := &set.Records[i]
		made = made || w.Expect == 0 && w.Owner == (itsm.Key{})
		rows = rows || w.Expect > 0 && len(w.Rows) > 0
	}
	look := rows || made && len(set.Records)+len(set.Reads)+len(set.Purges) > 1
	if c.part == partRecord {
		if w := &set.Records[c.i]; w.Expect == 0 && w.Owner == (itsm.Key{}) {
			first = itsm.ErrExists
		}
	}
	if !look {
		return first
	}
	for i := range set.Records {
		w := &set.Records[i]
		h := w.Record.Header()
		t := r.store.table(h.Kind)
		var version, lastRow int64
		err := r.q.QueryRow(ctx, `SELECT version, "_last_row" FROM `+t.name+` WHERE tenant = $1 AND id = $2`, h.Tenant, h.ID).Scan(&version, &lastRow)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fault(ctx, err)
		}
		if err := judge(w, version, lastRow); err != nil {
			return err
		}
	}
	return first
}

// judge compares a write with the version and the last row that there are.
func judge(w *itsm.RecordWrite, version, lastRow int64) error {
	switch {
	case version != w.Expect && w.Expect == 0 && w.Owner == (itsm.Key{}):
		return itsm.ErrExists
	case version != w.Expect:
		return itsm.ErrConflict
	case len(w.Rows) > 0 && version > 0 && w.Rows[0].ID <= lastRow:
		return itsm.Invalid("Rows", "the first new row of "+w.Record.Header().Key().String()+" is not above those before it")
	}
	return nil
}

// unset is an instant that is not filled in.
const unset = math.MinInt64
