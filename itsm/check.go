package itsm

import (
	"fmt"

	"github.com/itsmkit/itsmkit/field"
)

// Check refuses a set that no store could write, with ErrInvalid: incomplete keys, versions that do not grow, a record
// that is written twice, events and rows of another record, timers whose due time no store can hold. Stores call it at the
// head of Apply; it costs a look at each part.
func (w *WriteSet) Check() error {
	for i := range w.Records {
		if w.Records[i].Record == nil {
			return Invalid("Records", fmt.Sprintf("write %d has no record", i))
		}
		if err := w.Records[i].check(); err != nil {
			return err
		}
	}
	if twice, ok := writtenTwice(w.Records); ok {
		return Invalid("Records", fmt.Sprintf("%s is written twice in one set", twice))
	}
	if err := w.checkPurges(); err != nil {
		return err
	}
	for i := range w.Timers {
		t := &w.Timers[i].Timer
		if err := t.Key.Check(); err != nil {
			return err
		}
		if !w.Timers[i].Cancel && (t.Due.Before(field.MinInstant()) || t.Due.After(field.MaxInstant())) {
			return Invalid("Due", fmt.Sprintf("timer %q of %s is due in the year %d", t.Name, t.Key, t.Due.Year()))
		}
	}
	if r := w.Receipt; r != nil && (r.Tenant == "" || r.Actor == "" || r.Key == "") {
		return Invalid("Receipt", "a receipt has a tenant, an actor and a key")
	}
	if w.Subscription != nil && w.Subscription.Name == "" {
		return Invalid("Subscription", "a subscription has a name")
	}
	return nil
}

// checkPurges refuses purges that no store could do.
func (w *WriteSet) checkPurges() error {
	if len(w.Purges) == 0 {
		return nil
	}
	seen := make(map[Key]struct{}, len(w.Purges)+2*len(w.Records))
	for i := range w.Records {
		seen[w.Records[i].Record.Header().Key()] = struct{}{}
		seen[w.Records[i].Owner] = struct{}{}
	}
	for _, p := range w.Purges {
		if err := p.Key.Check(); err != nil {
			return err
		}
		if p.Expect < 1 {
			return Invalid("Purges", fmt.Sprintf("the purge of %s expects no version", p.Key))
		}
		if _, twice := seen[p.Key]; twice {
			return Invalid("Purges", fmt.Sprintf("%s is purged and written in one set, or purged twice", p.Key))
		}
		seen[p.Key] = struct{}{}
	}
	return nil
}

// Check refuses a key that is not complete, with ErrInvalid.
func (k Key) Check() error {
	switch {
	case k.Tenant == "":
		return Invalid("tenant", "a key names a tenant")
	case k.Kind == "":
		return Invalid("kind", "a key names a kind")
	case k.ID == "":
		return Invalid("id", "a key names a record")
	}
	return nil
}

func (w *RecordWrite) check() error {
	h := w.Record.Header()
	key := h.Key()
	if err := key.Check(); err != nil {
		return err
	}
	if w.Expect < 0 || h.Version <= w.Expect {
		return Invalid("Version", fmt.Sprintf("%s goes from version %d to %d: versions grow", key, w.Expect, h.Version))
	}
	if w.Owner != (Key{}) {
		if err := w.checkOwned(key); err != nil {
			return err
		}
	}
	if w.Event != nil && (w.Event.Key != key || w.Event.Version != h.Version) {
		return Invalid("Event", fmt.Sprintf("the event of %s names another record or version", key))
	}
	last := w.Expect
	for _, e := range w.Earlier {
		if w.Event == nil || e.Key != key || e.Version <= last || e.Version >= h.Version {
			return Invalid("Earlier", fmt.Sprintf("the earlier events of %s do not lead up to its event", key))
		}
		last = e.Version
	}
	last = 0
	for j := range w.Rows {
		r := &w.Rows[j]
		if r.Record != key {
			return Invalid("Rows", fmt.Sprintf("a row of %s names another record", key))
		}
		if r.ID <= last {
			return Invalid("Rows", fmt.Sprintf("the rows of %s are not numbered upwards from 1", key))
		}
		last = r.ID
	}
	return nil
}

// checkOwned refuses a record with an owner that no store could keep.
func (w *RecordWrite) checkOwned(key Key) error {
	if err := w.Owner.Check(); err != nil {
		return err
	}
	switch {
	case w.Owner.Tenant != key.Tenant, w.Owner == key:
		return Invalid("Owner", fmt.Sprintf("%s is owned by another record of its tenant", key))
	case w.Event != nil || len(w.Earlier)+len(w.Rows)+len(w.Removed) > 0:
		return Invalid("Owner", fmt.Sprintf("%s has an owner, and so no events and rows of its own", key))
	}
	return nil
}

func writtenTwice(writes []RecordWrite) (Key, bool) {
	if len(writes) <= 8 { // a command and its hooks
		for i := range writes {
			for j := range i {
				if key := writes[i].Record.Header().Key(); key == writes[j].Record.Header().Key() {
					return key, true
				}
			}
		}
		return Key{}, false
	}
	seen := make(map[Key]struct{}, len(writes))
	for i := range writes {
		key := writes[i].Record.Header().Key()
		if _, ok := seen[key]; ok {
			return key, true
		}
		seen[key] = struct{}{}
	}
	return Key{}, false
}

// Check refuses a filter that no store could evaluate, with ErrInvalid: an unknown operator, or one with too few or too
// many parts or values. It knows no columns.
func (f *Filter) Check() error {
	if f == nil {
		return nil
	}
	wrong := false
	switch f.Op {
	case OpAll, OpAny:
	case OpNot:
		wrong = len(f.Parts) != 1
	case OpIn, OpEmpty:
	case OpLess, OpMost, OpMore, OpLeast, OpPrefix, OpHas:
		wrong = len(f.Values) != 1
	default:
		return Invalid("filter", fmt.Sprintf("there is no operator %q", f.Op))
	}
	if wrong {
		return Invalid("filter", fmt.Sprintf("the operator %q takes one part or value", f.Op))
	}
	for i := range f.Parts {
		if err := f.Parts[i].Check(); err != nil {
			return err
		}
	}
	return nil
}

// Check refuses a query that no store could answer: ErrInvalid, or ErrCursor for a mark of another sort.
func (q *StoreQuery) Check() error {
	if q.Tenant == "" || q.Kind == "" {
		return Invalid("query", "a query names a tenant and a kind")
	}
	if err := q.Filter.Check(); err != nil {
		return err
	}
	if q.After != nil && len(q.After.Values) != len(q.Sort) {
		return ErrCursor
	}
	return nil
}
