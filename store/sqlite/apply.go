package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// Apply implements [itsm.Store]. Sets of callers who wait at the same time are committed together.
func (s *Store) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := set.Check(); err != nil {
		return err
	}
	j, err := s.encode(set)
	if err != nil {
		return err
	}
	t := &ticket{job: j}
	turn, err := s.queue.wait(ctx, t)
	if err != nil || !turn {
		return cmp.Or(err, j.err)
	}
	defer s.queue.pass()
	steady := context.WithoutCancel(ctx)
	s.count(steady, s.queue.numbers(nil)) // who waits for one need not wait for the disk
	group := s.queue.jobs([]*ticket{t})
	s.commit(steady, group)
	for _, other := range group[1:] {
		other.called <- false
	}
	return j.err
}

// ApplyAll implements [itsm.Batcher].
func (s *Store) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	faults := make([]error, len(sets))
	group := make([]*ticket, 0, len(sets))
	for i, set := range sets {
		if faults[i] = ctx.Err(); faults[i] != nil {
			continue
		}
		if faults[i] = set.Check(); faults[i] != nil {
			continue
		}
		j, err := s.encode(set)
		if faults[i] = err; err == nil {
			group = append(group, &ticket{job: j})
		}
	}
	if err := s.turn(ctx); err != nil {
		for i := range faults {
			if faults[i] == nil {
				faults[i] = err
			}
		}
		return faults
	}
	s.commit(context.WithoutCancel(ctx), group)
	s.queue.pass()
	for i := range faults {
		if faults[i] == nil {
			faults[i], group = group[0].job.err, group[1:]
		}
	}
	return faults
}

// turn waits for the turn to write by oneself. The caller passes it on.
func (s *Store) turn(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	turn, err := s.queue.wait(ctx, &ticket{})
	if err == nil && !turn {
		err = errors.New("sqlite: the queue did a job that there is not")
	}
	return err
}

// commit writes a group in one transaction, and each job's answer into it. Where one cannot be written and the checks before
// did not tell, each is written alone, so that none pays for another.
func (s *Store) commit(ctx context.Context, group []*ticket) {
	apart, err := s.write(ctx, group)
	switch {
	case apart && len(group) > 1:
		for i := range group {
			s.commit(ctx, group[i:i+1])
		}
		return
	case errors.Is(err, errTorn):
		err = s.why(ctx, group[0].job)
	}
	for _, t := range group {
		if err != nil && (t.job.err == nil || t.job.torn || !expected(t.job.err)) {
			t.job.err = err
		}
	}
	if err == nil {
		s.scrub(ctx, group)
	}
}

// why looks up what a set that was torn met.
func (s *Store) why(ctx context.Context, j *job) error {
	c := s.durable
	if err := c.begin(ctx); err != nil {
		return err
	}
	err := j.expect(ctx, c)
	if err == nil {
		err = itsm.ErrConflict // it was there, and is gone: another process was faster
	}
	_ = c.rollback(ctx)
	return err
}

// write is one transaction. Apart tells that it failed because of one of the jobs.
func (s *Store) write(ctx context.Context, group []*ticket) (apart bool, err error) {
	c := s.durable
	if err := c.begin(ctx); err != nil {
		return false, err
	}
	for _, t := range group {
		if t.job.err = t.job.run(ctx, c); t.job.err != nil && (t.job.torn || !expected(t.job.err)) {
			_ = c.rollback(ctx)
			return true, t.job.err
		}
	}
	return false, c.commit(ctx)
}

// expected reports whether an error is an answer of the contract: the set was refused, and wrote nothing.
func expected(err error) bool {
	for _, of := range []error{itsm.ErrConflict, itsm.ErrExists, itsm.ErrTimerGone, itsm.ErrInvalid} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

func (c *conn) begin(ctx context.Context) error {
	_, err := c.exec(ctx, `BEGIN IMMEDIATE`)
	return err
}

func (c *conn) rollback(ctx context.Context) error {
	_, err := c.exec(ctx, `ROLLBACK`)
	return err
}

func (c *conn) commit(ctx context.Context) error {
	stmt, err := c.prepare(ctx, `COMMIT`)
	if err == nil {
		_, err = stmt.ExecContext(ctx)
	}
	if err != nil {
		_ = c.rollback(ctx)
	}
	return commitFault(err)
}

// run writes the set in the transaction that is open, or answers why not. Each statement expects what the set does, so that
// nothing is looked up first that is written anyway; where a later one finds something else, the set is torn, and the
// transaction good for nothing. What loses a race mostly does so with its first record, and tears nothing.
func (j *job) run(ctx context.Context, c *conn) error {
	set := j.set
	j.torn = false
	if len(j.checks) > 0 || set.Receipt != nil || set.Subscription != nil {
		if err := j.expect(ctx, c); err != nil {
			return err
		}
	}
	for i := range j.records {
		r := &j.records[i]
		n, err := c.exec(ctx, r.sql, r.args...)
		if err != nil {
			return err
		}
		if n == 0 {
			return j.refused(ctx, c, i > 0)
		}
	}
	if f := set.Fired; f != nil {
		n, err := c.exec(ctx, `DELETE FROM itsm_timer WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND name = ?4 AND generation = ?5`,
			f.Key.Tenant, f.Key.Kind, f.Key.ID, f.Name, f.Generation)
		if err != nil {
			return err
		}
		if n == 0 {
			return j.refused(ctx, c, len(j.records) > 0)
		}
	}
	for i := range j.records {
		if err := j.hang(ctx, c, i); err != nil {
			return err
		}
	}
	return j.rest(ctx, c)
}

// refused answers why a statement found something else. Of a torn set another try tells, when all of it was taken back.
func (j *job) refused(ctx context.Context, c *conn, torn bool) error {
	if j.torn = torn; torn {
		return errTorn
	}
	err := j.expect(ctx, c)
	if err == nil {
		err = errors.New("sqlite: a set was not written, and nothing speaks against it")
	}
	return err
}

// errTorn never leaves the store.
var errTorn = errors.New("sqlite: a set was written in part")

// expect compares what the set expects with what is there, in the order in which the store in memory does.
func (j *job) expect(ctx context.Context, c *conn) error {
	set := j.set
	for i := range j.records {
		r, w := &j.records[i], &set.Records[i]
		var version, last int64
		there, err := c.one(ctx, r.table.check, r.args[:2], &version, &last)
		switch {
		case err != nil:
			return err
		case version == w.Expect && there == (w.Expect != 0):
		case w.Expect == 0 && w.Owner == (itsm.Key{}):
			return itsm.ErrExists
		default:
			return itsm.ErrConflict
		}
		if len(w.Rows) > 0 && w.Rows[0].ID <= last {
			return itsm.Invalid("Rows", fmt.Sprintf("row %d of %s is not above those before it", w.Rows[0].ID, r.key))
		}
	}
	for _, r := range j.checks {
		version := int64(0)
		if r.sql != "" {
			if _, err := c.one(ctx, r.sql, []any{r.Key.Tenant, r.Key.ID}, &version, new(int64)); err != nil {
				return err
			}
		}
		if version != r.Expect {
			return itsm.ErrConflict
		}
	}
	if f := set.Fired; f != nil {
		n := 0
		there, err := c.one(ctx, `SELECT 1 FROM itsm_timer WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND name = ?4 AND generation = ?5`,
			[]any{f.Key.Tenant, f.Key.Kind, f.Key.ID, f.Name, f.Generation}, &n)
		if err != nil || !there {
			return cmp.Or(err, error(itsm.ErrTimerGone))
		}
	}
	if r := set.Receipt; r != nil {
		n := 0
		there, err := c.one(ctx, `SELECT 1 FROM itsm_receipt WHERE tenant = ?1 AND actor = ?2 AND command = ?3 AND key = ?4 AND (expires IS NULL OR expires > ?5)`,
			[]any{r.Tenant, r.Actor, r.Command, r.Key, relational.Nanoseconds(r.At)}, &n)
		if err != nil || there {
			return cmp.Or(err, error(itsm.ErrConflict))
		}
	}
	if w := set.Subscription; w != nil {
		revision := int64(0)
		if _, err := c.one(ctx, `SELECT revision FROM itsm_subscription WHERE name = ?1`, []any{w.Name}, &revision); err != nil {
			return err
		}
		if revision != w.Revision-1 {
			return itsm.ErrConflict
		}
	}
	return nil
}

// hang writes what belongs to a record: events and rows.
func (j *job) hang(ctx context.Context, c *conn, i int) error {
	r, w := &j.records[i], &j.set.Records[i]
	for _, e := range r.events {
		if _, err := c.exec(ctx, `INSERT INTO itsm_event (tenant, kind, id, version, body) VALUES (?1, ?2, ?3, ?4, ?5)`,
			r.key.Tenant, r.key.Kind, r.key.ID, e.version, e.body); err != nil {
			return err
		}
	}
	for n, body := range r.rows {
		row := &w.Rows[n]
		if _, err := c.exec(ctx, `INSERT INTO itsm_row (tenant, kind, id, row_kind, row_id, key, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)`,
			r.key.Tenant, r.key.Kind, r.key.ID, string(row.Kind), row.ID, row.Key, body); err != nil {
			return err
		}
	}
	for _, id := range w.Removed {
		if _, err := c.exec(ctx, deleteRow, r.key.Tenant, r.key.Kind, r.key.ID, id); err != nil {
			return err
		}
	}
	return nil
}

// A record has rows of few kinds: its rows of an id are found kind by kind.
const (
	kindsOfRows = `WITH RECURSIVE k(row_kind) AS (
	SELECT min(row_kind) FROM itsm_row WHERE tenant = ?1 AND kind = ?2 AND id = ?3
	UNION ALL
	SELECT (SELECT min(row_kind) FROM itsm_row WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND row_kind > k.row_kind) FROM k WHERE k.row_kind IS NOT NULL)
`
	deleteRow = kindsOfRows + `DELETE FROM itsm_row WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND row_id = ?4 AND row_kind IN (SELECT row_kind FROM k WHERE row_kind IS NOT NULL)`
	selectRow = kindsOfRows + `SELECT row_kind, body FROM itsm_row WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND row_id = ?4 AND row_kind IN (SELECT row_kind FROM k WHERE row_kind IS NOT NULL)`
)

// rest writes timers, redactions, receipts and positions.
func (j *job) rest(ctx context.Context, c *conn) error {
	set := j.set
	for i := range set.Timers {
		t := &set.Timers[i].Timer
		if set.Timers[i].Cancel {
			if _, err := c.exec(ctx, `DELETE FROM itsm_timer WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND name = ?4`,
				t.Key.Tenant, t.Key.Kind, t.Key.ID, t.Name); err != nil {
				return err
			}
			continue
		}
		if _, err := c.exec(ctx, `INSERT INTO itsm_timer (tenant, kind, id, name, generation, due, action, input) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (tenant, kind, id, name) DO UPDATE SET generation = ?5, due = ?6, claimed = NULL, action = ?7, input = ?8`,
			t.Key.Tenant, t.Key.Kind, t.Key.ID, t.Name, t.Generation, t.Due.UnixNano(), t.Trigger, t.Input); err != nil {
			return err
		}
	}
	for i := range set.Redactions {
		if err := redact(ctx, c, &set.Redactions[i]); err != nil {
			return err
		}
	}
	if f := set.Forget; f != nil {
		if _, err := c.exec(ctx, `DELETE FROM itsm_receipt WHERE tenant = ?1 AND actor = ?2`, f.Tenant, f.Actor); err != nil {
			return err
		}
	}
	if r := set.Receipt; r != nil {
		if err := writeReceipt(ctx, c, r); err != nil {
			return err
		}
	}
	if w := set.Subscription; w != nil {
		body, err := json.Marshal(w)
		if err != nil {
			return err
		}
		if _, err := c.exec(ctx, `INSERT INTO itsm_subscription (name, revision, body) VALUES (?1, ?2, ?3)
ON CONFLICT (name) DO UPDATE SET revision = ?2, body = ?3`, w.Name, w.Revision, body); err != nil {
			return err
		}
	}
	return purge(ctx, c, set.Purges)
}

// writeReceipt also forgets a few that have expired.
func writeReceipt(ctx context.Context, c *conn, r *itsm.Receipt) error {
	if _, err := c.exec(ctx, `DELETE FROM itsm_receipt WHERE rowid IN (SELECT rowid FROM itsm_receipt WHERE expires IS NOT NULL AND expires <= ?1 ORDER BY expires LIMIT 4)`,
		relational.Nanoseconds(r.At)); err != nil {
		return err
	}
	var expires any
	if !r.Expires.IsZero() {
		expires = relational.Nanoseconds(r.Expires)
	}
	body, err := encodeReceipt(r)
	if err != nil {
		return err
	}
	_, err = c.exec(ctx, `INSERT INTO itsm_receipt (tenant, actor, command, key, expires, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (tenant, actor, command, key) DO UPDATE SET expires = ?5, body = ?6`, r.Tenant, r.Actor, r.Command, r.Key, expires, body)
	return err
}

// redact takes personal values out of an event and of rows.
func redact(ctx context.Context, c *conn, r *itsm.Redaction) error {
	var body []byte
	key := []any{r.Key.Tenant, r.Key.Kind, r.Key.ID}
	there, err := c.one(ctx, `SELECT body FROM itsm_event WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND version = ?4`, append(key[:3:3], r.Version), &body)
	if err != nil {
		return err
	}
	if there {
		var e itsm.Event
		if err := e.UnmarshalBinary(body); err != nil {
			return err
		}
		if body, err = e.Redact(r.Fields).AppendBinary(nil); err != nil {
			return err
		}
		if _, err := c.exec(ctx, `UPDATE itsm_event SET body = ?5 WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND version = ?4`, append(key[:3:3], r.Version, body)...); err != nil {
			return err
		}
	}
	for _, id := range r.RowIDs {
		var kind string
		there, err := c.one(ctx, selectRow, append(key[:3:3], id), &kind, &body)
		if err != nil {
			return err
		}
		if !there {
			continue
		}
		var row itsm.Row
		if err := row.UnmarshalBinary(body); err != nil {
			return err
		}
		row = row.Redact()
		if body, err = row.AppendBinary(nil); err != nil {
			return err
		}
		if _, err := c.exec(ctx, `UPDATE itsm_row SET body = ?6 WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND row_kind = ?4 AND row_id = ?5`, append(key[:3:3], kind, id, body)...); err != nil {
			return err
		}
	}
	return nil
}

// scrub empties the log where a set of the group erases.
func (s *Store) scrub(ctx context.Context, group []*ticket) {
	for _, t := range group {
		if erases(t.job.set) {
			s.emptyLog(ctx)
			return
		}
	}
}

func erases(set *itsm.WriteSet) bool { return set.Forget != nil || len(set.Purges) > 0 }

// emptyLog is for after an erasure or a purge: the pages in the log still show what was erased. It waits for nobody: where
// an open snapshot needs the log, the next checkpoint that nobody is in the way of does it.
func (s *Store) emptyLog(ctx context.Context) {
	for _, text := range []string{`PRAGMA busy_timeout = 0`, `PRAGMA wal_checkpoint(TRUNCATE)`, s.busy()} {
		_, _ = s.lazy.c.ExecContext(ctx, text)
	}
}
