package postgres

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/itsmkit/itsmkit/itsm"
)

// ApplyAll implements [itsm.Batcher] in two round trips: one holds and reads what the sets expect, the other one writes
// those that hold and commits. Sets with receipts, subscriptions, redactions or purges are applied by themselves, in their
// turn.
func (s *Store) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	faults := make([]error, len(sets))
	for i := 0; i < len(sets); {
		n := i
		for n < len(sets) && plain(sets[n]) {
			n++
		}
		if n-i > 1 {
			s.applyTogether(ctx, sets[i:n], faults[i:n])
			i = n
			continue
		}
		faults[i] = s.Apply(ctx, sets[i])
		i++
	}
	return faults
}

func plain(set *itsm.WriteSet) bool {
	return set.Receipt == nil && set.Subscription == nil && set.Forget == nil && len(set.Redactions) == 0 && len(set.Purges) == 0
}

// applyTogether commits plain sets together. Where that fails in a way that no comparison foresaw, each is tried alone.
func (s *Store) applyTogether(ctx context.Context, sets []*itsm.WriteSet, faults []error) {
	good := make([]int, 0, len(sets))
	for i, set := range sets {
		faults[i] = cmp.Or(ctx.Err(), set.Check())
		for j := range set.Records {
			if h := set.Records[j].Record.Header(); faults[i] == nil && s.table(h.Kind) == nil {
				faults[i] = notPrepared(h.Kind)
			}
		}
		if faults[i] == nil {
			good = append(good, i)
		}
	}
	if len(good) == 0 {
		return
	}
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		err = fault(ctx, err)
		for _, i := range good {
			faults[i] = err
		}
		return
	}
	apart := false
	steady(ctx, s.config.Clock, conn, func(steady context.Context) {
		apart, err = s.together(ctx, steady, conn, sets, good, faults)
	})
	if err == nil {
		s.tell(ctx, conn)
	}
	conn.Release()
	for _, i := range good {
		switch {
		case apart:
			faults[i] = s.Apply(ctx, sets[i])
		case err != nil:
			faults[i] = err
		}
	}
}

// together is one transaction over the good ones of the sets. Apart tells that nothing was written because of one of them.
func (s *Store) together(ctx, steady context.Context, conn *pgxpool.Conn, sets []*itsm.WriteSet, good []int, faults []error) (apart bool, err error) {
	rollback := func() { _, _ = conn.Exec(steady, `ROLLBACK`) }
	within := slices.ContainsFunc(good, func(i int) bool { return s.concerns(sets[i]) })
	var tx pgx.Tx // where the host adds to it
	if within {
		if tx, err = conn.Begin(steady); err != nil {
			return false, fault(ctx, err)
		}
	}
	held, err := s.hold(steady, conn, sets, good, !within)
	if err != nil {
		rollback()
		return stateOf(err) == deadlock, fault(ctx, err)
	}
	sc := s.script()
	sc.locked = true
	if disjoint(sets, good) {
		sc.bulk = new(bulk)
	}
	var applied []*itsm.WriteSet
	for _, i := range good {
		if faults[i] = held.judge(sets[i]); faults[i] != nil {
			continue
		}
		before, causes := sc.batch, len(sc.causes)
		before.QueuedQueries = slices.Clone(before.QueuedQueries)
		gathered := bulk{}
		if sc.bulk != nil {
			gathered = *sc.bulk
		}
		if faults[i] = sc.write(sets[i], nil); faults[i] != nil {
			if sc.batch, sc.causes = before, sc.causes[:causes]; sc.bulk != nil {
				*sc.bulk = gathered
			}
			continue
		}
		held.take(sets[i])
		applied = append(applied, sets[i])
	}
	if ctx.Err() != nil {
		rollback()
		return false, ctx.Err()
	}
	sc.flush()
	last := len(sc.causes) // the commit, whose failure is nobody's
	if !within {
		sc.do(`COMMIT`)
	}
	at, err := sc.send(steady, conn.Conn())
	if within && err == nil {
		if err = s.within(steady, tx, applied...); err != nil {
			rollback()
			return false, fault(ctx, err)
		}
		_, err = conn.Exec(steady, `COMMIT`)
	}
	switch {
	case err == nil:
		return false, nil
	case stateOf(err) == queryCanceled && ctx.Err() != nil:
		rollback()
		return false, ctx.Err()
	case stateOf(err) != "":
		rollback()
		return at < last, fault(steady, err)
	}
	return false, unsettled(steady, err)
}

// held is what sets expect, as it is, kept up to date with the sets that go through.
type held struct {
	versions map[itsm.Key]version
	timers   map[timerName]int64
}

type version struct{ version, lastRow int64 }

type timerName struct {
	itsm.Key
	name string
}

// hold holds all that the sets expect, and reads it, in a transaction that it begins where there is none.
func (s *Store) hold(ctx context.Context, conn *pgxpool.Conn, sets []*itsm.WriteSet, good []int, begin bool) (*held, error) {
	h := &held{versions: map[itsm.Key]version{}, timers: map[timerName]int64{}}
	var keys []itsm.Key
	var timers []timerName
	chosen := make([]*itsm.WriteSet, len(good))
	for n, i := range good {
		set := sets[i]
		chosen[n] = set
		for j := range set.Records {
			keys = append(keys, set.Records[j].Record.Header().Key())
		}
		for _, r := range set.Reads {
			keys = append(keys, r.Key)
		}
		if f := set.Fired; f != nil && cleanKey(f.Key) && clean(f.Name) {
			timers = append(timers, timerName{f.Key, f.Name})
		}
	}
	keys = slices.DeleteFunc(keys, func(k itsm.Key) bool { return s.table(k.Kind) == nil || !cleanKey(k) })
	slices.SortFunc(keys, compareKeys)
	keys = slices.Compact(keys)

	sc := s.script()
	if begin {
		sc.do(`BEGIN`)
	}
	sc.holdNames(chosen)
	for len(keys) > 0 {
		t := s.table(keys[0].Kind)
		var tenants, ids []string
		for len(keys) > 0 && keys[0].Kind == t.Name {
			tenants, ids = append(tenants, keys[0].Tenant), append(ids, keys[0].ID)
			keys = keys[1:]
		}
		sc.batch.Queue(t.lock, tenants, ids).Query(func(rows pgx.Rows) error {
			k := itsm.Key{Kind: t.Name}
			var v version
			_, err := pgx.ForEachRow(rows, []any{&k.Tenant, &k.ID, &v.version, &v.lastRow}, func() error {
				h.versions[k] = v
				return nil
			})
			return err
		})
	}
	if len(timers) > 0 {
		slices.SortFunc(timers, func(a, b timerName) int {
			return cmp.Or(strings.Compare(a.Tenant, b.Tenant), strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID), strings.Compare(a.name, b.name))
		})
		columns := [4][]string{}
		for _, t := range slices.Compact(timers) {
			for i, text := range [4]string{t.Tenant, t.Kind, t.ID, t.name} {
				columns[i] = append(columns[i], text)
			}
		}
		sc.batch.Queue(s.sql.lockTimers, columns[0], columns[1], columns[2], columns[3]).Query(func(rows pgx.Rows) error {
			var t timerName
			var generation int64
			_, err := pgx.ForEachRow(rows, []any{&t.Tenant, &t.Kind, &t.ID, &t.name, &generation}, func() error {
				h.timers[t] = generation
				return nil
			})
			return err
		})
	}
	return h, conn.SendBatch(ctx, &sc.batch).Close()
}

// judge compares a set with what is held, as Apply would.
func (h *held) judge(set *itsm.WriteSet) error {
	for i := range set.Records {
		w := &set.Records[i]
		v := h.versions[w.Record.Header().Key()]
		if err := judge(w, v.version, v.lastRow); err != nil {
			return err
		}
	}
	for _, r := range set.Reads {
		if h.versions[r.Key].version != r.Expect {
			return itsm.ErrConflict
		}
	}
	if f := set.Fired; f != nil {
		if generation, there := h.timers[timerName{f.Key, f.Name}]; !there || generation != f.Generation {
			return itsm.ErrTimerGone
		}
	}
	return nil
}

// take brings what is held to what it is after a set.
func (h *held) take(set *itsm.WriteSet) {
	for i := range set.Records {
		w := &set.Records[i]
		head := w.Record.Header()
		v := version{head.Version, h.versions[head.Key()].lastRow}
		if n := len(w.Rows); n > 0 {
			v.lastRow = w.Rows[n-1].ID
		}
		h.versions[head.Key()] = v
	}
	if f := set.Fired; f != nil {
		delete(h.timers, timerName{f.Key, f.Name})
	}
	for i := range set.Timers {
		t := &set.Timers[i]
		name := timerName{t.Timer.Key, t.Timer.Name}
		if delete(h.timers, name); !t.Cancel {
			h.timers[name] = t.Timer.Generation
		}
	}
}
