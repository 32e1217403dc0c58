package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Apply implements [itsm.Store].
func (s *Store) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkSet(set); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.expect(set); err != nil {
		return err
	}
	s.views.begin()
	s.collect(releaseAtLeast + 2*len(set.Records))
	s.write(set)
	s.views.end()
	return nil
}

// checkSet refuses what no store could write.
func checkSet(set *itsm.WriteSet) error {
	for i := range set.Records {
		w := &set.Records[i]
		if w.Record == nil {
			return itsm.Invalid("Records", fmt.Sprintf("write %d has no record", i))
		}
		h := w.Record.Header()
		key := h.Key()
		if err := checkKey(key); err != nil {
			return err
		}
		if w.Expect < 0 || h.Version <= w.Expect {
			return itsm.Invalid("Version", fmt.Sprintf("%s goes from version %d to %d: versions grow", key, w.Expect, h.Version))
		}
		if w.Owner != (itsm.Key{}) {
			if err := checkOwned(w, key); err != nil {
				return err
			}
		}
		if w.Event != nil && (w.Event.Key != key || w.Event.Version != h.Version) {
			return itsm.Invalid("Event", fmt.Sprintf("the event of %s names another record or version", key))
		}
		last := w.Expect
		for _, e := range w.Earlier {
			if w.Event == nil || e.Key != key || e.Version <= last || e.Version >= h.Version {
				return itsm.Invalid("Earlier", fmt.Sprintf("the earlier events of %s do not lead up to its event", key))
			}
			last = e.Version
		}
		last = 0
		for j := range w.Rows {
			r := &w.Rows[j]
			if r.Record != key {
				return itsm.Invalid("Rows", fmt.Sprintf("a row of %s names another record", key))
			}
			if r.ID <= last {
				return itsm.Invalid("Rows", fmt.Sprintf("the rows of %s are not numbered upwards from 1", key))
			}
			last = r.ID
		}
	}
	if twice, ok := writtenTwice(set.Records); ok {
		return itsm.Invalid("Records", fmt.Sprintf("%s is written twice in one set", twice))
	}
	for i := range set.Timers {
		t := &set.Timers[i].Timer
		if err := checkKey(t.Key); err != nil {
			return err
		}
		if !set.Timers[i].Cancel && (t.Due.Before(field.MinInstant()) || t.Due.After(field.MaxInstant())) {
			return itsm.Invalid("Due", fmt.Sprintf("timer %q of %s is due in the year %d", t.Name, t.Key, t.Due.Year()))
		}
	}
	if r := set.Receipt; r != nil && (r.Tenant == "" || r.Actor == "" || r.Key == "") {
		return itsm.Invalid("Receipt", "a receipt has a tenant, an actor and a key")
	}
	if set.Subscription != nil && set.Subscription.Name == "" {
		return itsm.Invalid("Subscription", "a subscription has a name")
	}
	return nil
}

// checkOwned refuses a record with an owner that no store could keep.
func checkOwned(w *itsm.RecordWrite, key itsm.Key) error {
	if err := checkKey(w.Owner); err != nil {
		return err
	}
	switch {
	case w.Owner.Tenant != key.Tenant, w.Owner == key:
		return itsm.Invalid("Owner", fmt.Sprintf("%s is owned by another record of its tenant", key))
	case w.Event != nil || len(w.Earlier)+len(w.Rows)+len(w.Removed) > 0:
		return itsm.Invalid("Owner", fmt.Sprintf("%s has an owner, and so no events and rows of its own", key))
	}
	return nil
}

func checkKey(k itsm.Key) error {
	switch {
	case k.Tenant == "":
		return itsm.Invalid("tenant", "a key names a tenant")
	case k.Kind == "":
		return itsm.Invalid("kind", "a key names a kind")
	case k.ID == "":
		return itsm.Invalid("id", "a key names a record")
	}
	return nil
}

func writtenTwice(writes []itsm.RecordWrite) (itsm.Key, bool) {
	if len(writes) <= 8 { // a command and its hooks
		for i := range writes {
			for j := range i {
				if key := writes[i].Record.Header().Key(); key == writes[j].Record.Header().Key() {
					return key, true
				}
			}
		}
		return itsm.Key{}, false
	}
	seen := make(map[itsm.Key]struct{}, len(writes))
	for i := range writes {
		key := writes[i].Record.Header().Key()
		if _, ok := seen[key]; ok {
			return key, true
		}
		seen[key] = struct{}{}
	}
	return itsm.Key{}, false
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
	for _, r := range set.Reads {
		var st *state
		if e := s.locate(r.Key); e != nil {
			st = &e.state
		}
		if st.version() != r.Expect {
			return itsm.ErrConflict
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
	if !e.dirty {
		e.dirty = true
		e.table.dirty = append(e.table.dirty, e)
	}
	for _, earlier := range w.Earlier {
		s.feed.add(place{e, len(e.events)})
		e.events = append(e.events, earlier)
	}
	if w.Event != nil {
		s.feed.add(place{e, len(e.events)})
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
