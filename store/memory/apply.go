package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
)

// Apply implements [itsm.Store].
func (s *Store) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := set.Check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.apply(set)
}

// ApplyAll implements [itsm.Batcher].
func (s *Store) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	faults := make([]error, len(sets))
	s.mu.Lock()
	defer s.mu.Unlock()
	stopped := ctx.Err()
	for i, set := range sets {
		if faults[i] = stopped; stopped != nil {
			continue
		}
		if faults[i] = set.Check(); faults[i] == nil {
			faults[i] = s.apply(set)
		}
	}
	return faults
}

// apply writes a checked set. The lock is held.
func (s *Store) apply(set *itsm.WriteSet) error {
	if err := s.expect(set); err != nil {
		return err
	}
	s.views.begin()
	s.collect(releaseAtLeast + 2*len(set.Records))
	s.write(set)
	s.views.end()
	return nil
}

// expect compares what the set expects with what is there, and changes nothing.
func (s *Store) expect(set *itsm.WriteSet) error {
	s.found = s.found[:0]
	var owner *entry
	for i := range set.Records {
		w := &set.Records[i]
		h := w.Record.Header()
		if s.kinds[h.Kind] == nil {
			return itsm.Invalid("kind", fmt.Sprintf("kind %q was not prepared", h.Kind))
		}
		var e *entry
		if w.Owner == (itsm.Key{}) {
			e = s.locate(h.Key())
			owner = e
		} else if e = owner.owns(w); e == nil {
			e = s.entry(h.Key())
		}
		s.found = append(s.found, e)
		var st *state
		if e != nil {
			st = &e.state
		}
		switch have := st.version(); {
		case have == w.Expect:
		case w.Expect == 0 && w.Owner == (itsm.Key{}):
			return itsm.ErrExists
		default:
			return itsm.ErrConflict
		}
		if st != nil && len(w.Rows) > 0 && w.Rows[0].ID <= st.rows.last() {
			return itsm.Invalid("Rows", fmt.Sprintf("row %d of %s is not above those before it", w.Rows[0].ID, h.Key()))
		}
	}
	for _, checks := range [...][]itsm.VersionCheck{set.Reads, set.Purges} {
		for _, r := range checks {
			var st *state
			if e := s.locate(r.Key); e != nil {
				st = &e.state
			}
			if st.version() != r.Expect {
				return itsm.ErrConflict
			}
		}
	}
	if f := set.Fired; f != nil {
		e := s.locate(f.Key)
		if e == nil {
			return itsm.ErrTimerGone
		}
		if i, ok := e.timer(f.Name); !ok || e.timers[i].generation != f.Generation {
			return itsm.ErrTimerGone
		}
	}
	for i := range set.Timers {
		if kind := set.Timers[i].Timer.Key.Kind; s.kinds[kind] == nil {
			return itsm.Invalid("kind", fmt.Sprintf("kind %q was not prepared", kind))
		}
	}
	if r := set.Receipt; r != nil {
		if old := s.receiptAt(r.ReceiptKey, s.views.current.commit); old != nil && !old.expiredBy(nanoseconds(r.At)) {
			return itsm.ErrConflict
		}
	}
	if w := set.Subscription; w != nil {
		if s.subscriptionAt(w.Name, s.views.current.commit).Revision != w.Revision-1 {
			return itsm.ErrConflict
		}
	}
	return nil
}

// write does what the set says; nothing in it can fail.
func (s *Store) write(set *itsm.WriteSet) {
	for i := range set.Records {
		s.writeRecord(&set.Records[i], s.found[i])
	}
	if f := set.Fired; f != nil {
		e := s.locate(f.Key)
		s.begin(e)
		s.cancelTimer(e, f.Name)
	}
	for i := range set.Timers {
		w := &set.Timers[i]
		if w.Cancel {
			if e := s.locate(w.Timer.Key); e != nil {
				s.begin(e)
				s.cancelTimer(e, w.Timer.Name)
			}
			continue
		}
		e := s.make(w.Timer.Key)
		s.begin(e)
		s.setTimer(e, timer{
			name: w.Timer.Name, trigger: w.Timer.Trigger, input: w.Timer.Input, generation: w.Timer.Generation, due: w.Timer.Due.UnixNano(), until: unclaimed,
		})
	}
	for i := range set.Redactions {
		s.redact(&set.Redactions[i])
	}
	if set.Forget != nil {
		s.forget(*set.Forget)
	}
	if set.Receipt != nil {
		s.addReceipt(*set.Receipt)
	}
	if set.Subscription != nil {
		s.setSubscription(set.Subscription)
	}
	for i := range set.Purges {
		s.purge(s.locate(set.Purges[i].Key))
	}
}

// writeRecord writes to the entry that expect found, or makes one.
func (s *Store) writeRecord(w *itsm.RecordWrite, e *entry) {
	if e == nil {
		e = s.make(w.Record.Header().Key())
	}
	if w.Owner != (itsm.Key{}) && w.Expect == 0 {
		s.make(w.Owner).own(e)
	}
	s.begin(e)
	e.record = w.Record
	e.touch()
	for _, earlier := range w.Earlier {
		s.feed.add(place{e, e.purged + len(e.events)})
		e.events = append(e.events, earlier)
	}
	if w.Event != nil {
		s.feed.add(place{e, e.purged + len(e.events)})
		e.events = append(e.events, w.Event)
	}
	if len(w.Removed) > 0 {
		s.removeRows(e, w.Removed)
	}
	if len(w.Rows) > 0 {
		s.addRows(e, w.Rows)
	}
}

// redact takes personal values out of an event and of rows.
func (s *Store) redact(r *itsm.Redaction) {
	e := s.locate(r.Key)
	if e == nil {
		return
	}
	s.begin(e)
	if i := eventAfter(e.events, r.Version-1); i < len(e.events) && e.events[i].Version == r.Version {
		e.events = slices.Clone(e.events)
		e.events[i] = e.events[i].Redact(r.Fields)
	}
	if len(r.RowIDs) > 0 {
		s.redactRows(e, r.RowIDs)
	}
}

// entry answers the entry of a key, nil where there is none.
func (s *Store) entry(k itsm.Key) *entry {
	if t := s.tables[tableKey{k.Tenant, k.Kind}]; t != nil {
		return t.entries[k.ID]
	}
	return nil
}

// locate is entry for the writer, who mostly asks for the same one again. Entries stay, so what it remembers holds.
func (s *Store) locate(k itsm.Key) *entry {
	if e := s.last; e != nil && e.id == k.ID && e.table.kind == k.Kind && e.table.tenant == k.Tenant {
		return e
	}
	e := s.entry(k)
	if e != nil {
		s.last = e
	}
	return e
}

// make answers the entry of a key, a new one where there is none.
func (s *Store) make(k itsm.Key) *entry {
	if e := s.locate(k); e != nil {
		return e
	}
	t := s.tables[tableKey{k.Tenant, k.Kind}]
	if t == nil {
		t = &table{tableKey: tableKey{k.Tenant, k.Kind}, entries: map[string]*entry{}}
		s.tables[t.tableKey] = t
	}
	e := &entry{table: t, id: k.ID}
	t.entries[k.ID] = e
	s.last = e
	return e
}
