package postgres

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/fnv"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/itsmkit/itsmkit/internal/relational"
	"github.com/itsmkit/itsmkit/itsm"
)

// script is the statements of one batch, with what each of them expects.
type script struct {
	store  *Store
	batch  pgx.Batch
	causes []cause
	// locked tells that all versions and timers were compared, and are held.
	locked bool
	// bulk gathers what is added, where many sets are written that do not meet.
	bulk *bulk
}

func (s *Store) script() *script { return &script{store: s} }

func (sc *script) add(c cause, text string, args ...any) {
	sc.batch.Queue(text, args...)
	sc.causes = append(sc.causes, c)
}

func (sc *script) do(text string, args ...any) { sc.add(cause{}, text, args...) }

// send runs the batch and answers which statement failed, or how many there are.
func (sc *script) send(ctx context.Context, on interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}) (at int, err error) {
	results := on.SendBatch(ctx, &sc.batch)
	for ; at < len(sc.causes); at++ {
		if _, err = results.Exec(); err != nil {
			break
		}
	}
	return at, cmp.Or(err, results.Close())
}

// write queues a whole set. Locks are taken in one order by everybody: the names of new and absent records, then records by
// key, then timers. A record's events come after its row is held, so that their order is that of its versions.
func (sc *script) write(set *itsm.WriteSet, of *redacted) error {
	if !sc.locked {
		sc.holdNames([]*itsm.WriteSet{set})
	}
	if err := sc.records(set); err != nil {
		return err
	}
	for i := range set.Records {
		if err := sc.history(&set.Records[i], set.Redactions); err != nil {
			return err
		}
	}
	if err := sc.timers(set); err != nil {
		return err
	}
	if of != nil {
		if err := sc.redact(of); err != nil {
			return err
		}
	}
	if err := sc.marks(set); err != nil {
		return err
	}
	for i := range set.Purges {
		sc.purge(set.Purges[i].Key)
	}
	return nil
}

// manyNew is how many new records one set makes under locks of their own; more share one lock.
const manyNew = 64

// holdNames keeps absent records absent: who expects that there is none has the name alone, and who makes one shares it with
// others who do. Records that are there have their row to hold. Who makes very many takes one lock instead, which those who
// expect an absence share.
func (sc *script) holdNames(sets []*itsm.WriteSet) {
	names := map[int64]bool{}
	made, absent := 0, 0
	for _, set := range sets {
		for i := range set.Records {
			if set.Records[i].Expect == 0 {
				made++
			}
		}
	}
	name := func(k itsm.Key) int64 { return hash(sc.store.config.Schema, k.Tenant, k.Kind, k.ID) }
	for _, set := range sets {
		for i := range set.Records {
			if made <= manyNew && set.Records[i].Expect == 0 {
				if n := name(set.Records[i].Record.Header().Key()); !names[n] {
					names[n] = false
				}
			}
		}
		for _, r := range set.Reads {
			if r.Expect == 0 {
				names[name(r.Key)] = true
				absent++
			}
		}
	}
	keys := make([]int64, 0, len(names)+1)
	alone := make([]bool, 0, len(names)+1)
	if all := hash(sc.store.config.Schema, "many"); made > manyNew || absent > 0 {
		keys, alone = append(keys, all), append(alone, made > manyNew)
	}
	first := len(keys)
	for n := range names {
		keys = append(keys, n)
	}
	if len(keys) == 0 {
		return
	}
	slices.Sort(keys[first:])
	for _, n := range keys[first:] {
		alone = append(alone, names[n])
	}
	sc.do(sc.store.sql.hold, keys, alone)
}

func compareKeys(a, b itsm.Key) int {
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	if c := strings.Compare(a.Tenant, b.Tenant); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

// op is one record of a set, to be written, checked or purged.
type op struct {
	key itsm.Key
	cause
}

// records queues what is compared and written of records, in the order of their keys.
func (sc *script) records(set *itsm.WriteSet) error {
	var room [8]op
	steps := room[:0]
	if !sc.locked {
		for i := range set.Reads {
			steps = append(steps, op{set.Reads[i].Key, cause{partRead, i}})
		}
		for i := range set.Purges {
			steps = append(steps, op{set.Purges[i].Key, cause{partPurge, i}})
		}
	}
	for i := range set.Records {
		key := set.Records[i].Record.Header().Key()
		if sc.store.table(key.Kind) == nil {
			return notPrepared(key.Kind)
		}
		steps = append(steps, op{key, cause{partRecord, i}})
	}
	slices.SortStableFunc(steps, func(a, b op) int { return compareKeys(a.key, b.key) })
	for _, st := range steps {
		switch st.part {
		case partRead:
			if err := sc.check(st.cause, set.Reads[st.i]); err != nil {
				return err
			}
		case partPurge:
			if err := sc.check(st.cause, set.Purges[st.i]); err != nil {
				return err
			}
		default:
			if err := sc.record(st.cause, &set.Records[st.i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// check queues a look at a version that is held until the commit.
func (sc *script) check(c cause, v itsm.VersionCheck) error {
	t := sc.store.table(v.Key.Kind)
	switch {
	case t == nil || !cleanKey(v.Key):
		if v.Expect != 0 {
			return itsm.ErrConflict
		}
	case v.Expect == 0:
		sc.add(c, t.absent, v.Key.Tenant, v.Key.ID)
	default:
		sc.add(c, t.check, v.Key.Tenant, v.Key.ID, v.Expect)
	}
	return nil
}

func (sc *script) record(c cause, w *itsm.RecordWrite) error {
	h := w.Record.Header()
	t := sc.store.table(h.Kind)
	body, err := t.Codec.Encode(w.Record)
	if err != nil {
		return err
	}
	lastRow, firstRow := int64(0), int64(math.MaxInt64)
	if n := len(w.Rows); n > 0 {
		firstRow, lastRow = w.Rows[0].ID, w.Rows[n-1].ID
	}
	if w.Expect == 0 {
		args, err := t.Values(append(make([]any, 0, 8+len(t.Stored)),
			h.Tenant, h.ID, h.Version, w.Owner.Kind, w.Owner.ID, lastRow, t.format, body), w.Record)
		if err != nil {
			return err
		}
		sc.add(c, t.insert, args...)
		return nil
	}
	args, changed, err := t.Changes(append(make([]any, 0, 7+len(t.Stored)),
		h.Tenant, h.ID, w.Expect, h.Version, body, lastRow, firstRow), w.Before, w.Record)
	if err != nil {
		return err
	}
	sc.add(c, t.update(changed, sc.locked), args...)
	return nil
}

// history queues a record's new events and rows.
func (sc *script) history(w *itsm.RecordWrite, redactions []itsm.Redaction) error {
	for _, e := range w.Earlier {
		if err := sc.event(e, redactions); err != nil {
			return err
		}
	}
	if w.Event != nil {
		if err := sc.event(w.Event, redactions); err != nil {
			return err
		}
	}
	if len(w.Removed) > 0 {
		k := w.Record.Header().Key()
		sc.do(sc.store.sql.removeRows, k.Tenant, k.Kind, k.ID, slices.Clone(w.Removed))
	}
	for i := range w.Rows {
		r := w.Rows[i]
		for j := range redactions {
			if redactions[j].Key == r.Record && slices.Contains(redactions[j].RowIDs, r.ID) {
				r = r.Redact()
			}
		}
		body, err := r.AppendBinary(nil)
		if err != nil {
			return err
		}
		if b := sc.bulk; b != nil {
			b.rows.add(r.Record)
			b.rowKinds, b.rowKeys = append(b.rowKinds, string(r.Kind)), append(b.rowKeys, r.Key)
			b.rowIDs, b.rowBodies = append(b.rowIDs, r.ID), append(b.rowBodies, body)
			continue
		}
		sc.do(sc.store.sql.addRow, r.Record.Tenant, r.Record.Kind, r.Record.ID, string(r.Kind), r.ID, r.Key, body)
	}
	return nil
}

func (sc *script) event(e *itsm.Event, redactions []itsm.Redaction) error {
	for i := range redactions {
		if redactions[i].Key == e.Key && redactions[i].Version == e.Version {
			e = e.Redact(redactions[i].Fields)
		}
	}
	body, err := e.AppendBinary(nil)
	if err != nil {
		return err
	}
	if b := sc.bulk; b != nil {
		b.events.add(e.Key)
		b.eventVersions, b.eventBodies = append(b.eventVersions, e.Version), append(b.eventBodies, body)
		return nil
	}
	sc.do(sc.store.sql.addEvent, e.Key.Tenant, e.Key.Kind, e.Key.ID, e.Version, body)
	return nil
}

// timers queues the end of the timer that fired, and what becomes of others.
func (sc *script) timers(set *itsm.WriteSet) error {
	if f := set.Fired; f != nil {
		if !cleanKey(f.Key) || !clean(f.Name) {
			return itsm.ErrTimerGone
		}
		if b := sc.bulk; b != nil {
			b.fired.add(f.Key)
			b.firedNames = append(b.firedNames, f.Name)
		} else {
			sc.fire(f)
		}
	}
	for i := range set.Timers {
		if err := sc.timer(&set.Timers[i]); err != nil {
			return err
		}
	}
	return nil
}

func (sc *script) fire(f *itsm.Timer) {
	sc.add(cause{part: partFired}, sc.store.sql.fire, f.Key.Tenant, f.Key.Kind, f.Key.ID, f.Name, f.Generation)
}

// timer queues what becomes of a timer.
func (sc *script) timer(w *itsm.TimerWrite) error {
	t, b := &w.Timer, sc.bulk
	switch {
	case sc.store.table(t.Key.Kind) == nil:
		return notPrepared(t.Key.Kind)
	case w.Cancel && (!cleanKey(t.Key) || !clean(t.Name)):
	case w.Cancel && b != nil:
		b.cancelled.add(t.Key)
		b.cancelledNames = append(b.cancelledNames, t.Name)
	case w.Cancel:
		sc.do(sc.store.sql.cancelTimer, t.Key.Tenant, t.Key.Kind, t.Key.ID, t.Name)
	case b != nil:
		b.timers.add(t.Key)
		b.timerNames, b.timerGenerations = append(b.timerNames, t.Name), append(b.timerGenerations, t.Generation)
		b.dues, b.triggers, b.inputs = append(b.dues, t.Due.UnixNano()), append(b.triggers, t.Trigger), append(b.inputs, t.Input)
	default:
		sc.do(sc.store.sql.setTimer, t.Key.Tenant, t.Key.Kind, t.Key.ID, t.Name, t.Generation, t.Due.UnixNano(), t.Trigger, t.Input)
	}
	return nil
}

func (sc *script) redact(of *redacted) error {
	for _, e := range of.events {
		body, err := e.AppendBinary(nil)
		if err != nil {
			return err
		}
		sc.do(sc.store.sql.setEvent, e.Key.Tenant, e.Key.Kind, e.Key.ID, e.Version, body)
	}
	for i := range of.rows {
		r := &of.rows[i]
		body, err := r.AppendBinary(nil)
		if err != nil {
			return err
		}
		sc.do(sc.store.sql.setRow, r.Record.Tenant, r.Record.Kind, r.Record.ID, string(r.Kind), r.ID, body)
	}
	return nil
}

// forgetAtOnce is how many expired receipts go at once, and tidyEvery one of how many new ones looks for them.
const (
	forgetAtOnce = 1000
	tidyEvery    = 64
)

// marks queues receipts and the place of a subscriber.
func (sc *script) marks(set *itsm.WriteSet) error {
	last := cause{part: partLast}
	kept := itsm.ReceiptKey{}
	if r := set.Receipt; r != nil {
		kept = r.ReceiptKey
		at := int64(unset)
		if !r.At.IsZero() {
			at = relational.Nanoseconds(r.At)
		}
		var expires *int64
		if !r.Expires.IsZero() {
			n := relational.Nanoseconds(r.Expires)
			expires = &n
		}
		sc.add(last, sc.store.sql.addReceipt, r.Tenant, r.Actor, r.Command, r.Key, r.Input[:], r.Ref.Kind, r.Ref.ID, r.Version, at, expires)
		h := fnv.New32a()
		_, _ = h.Write([]byte(r.Key))
		if h.Sum32()%tidyEvery == 0 && !r.At.IsZero() {
			sc.do(sc.store.sql.forgetOld, at)
		}
	}
	if f := set.Forget; f != nil && clean(f.Tenant, f.Actor) {
		if kept.Tenant != f.Tenant || kept.Actor != f.Actor {
			kept = itsm.ReceiptKey{}
		}
		sc.do(sc.store.sql.forget, f.Tenant, f.Actor, kept.Command, kept.Key)
	}
	if w := set.Subscription; w != nil {
		body, err := json.Marshal(w)
		if err != nil {
			return itsm.Invalid("Subscription", err.Error())
		}
		text := sc.store.sql.nextSubscription
		if w.Revision == 1 {
			text = sc.store.sql.firstSubscription
		}
		sc.add(last, text, w.Name, w.Revision, int64(w.Position), body)
	}
	return nil
}

// purge queues the end of a record that is held, and of all that hangs on it.
func (sc *script) purge(k itsm.Key) {
	sc.do(sc.store.sql.purgeEvents, k.Tenant, k.Kind, k.ID)
	sc.do(sc.store.sql.purgeRows, k.Tenant, k.Kind, k.ID)
	sc.do(sc.store.sql.purgeTimers, k.Tenant, k.Kind, k.ID)
	for _, text := range *sc.store.owners.Load() {
		sc.do(text, k.Tenant, k.Kind, k.ID)
	}
	if t := sc.store.table(k.Kind); t != nil {
		sc.do(t.purge, k.Tenant, k.ID)
	}
}
