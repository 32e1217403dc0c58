package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// snapshot is a commit that somebody looks at.
type snapshot struct {
	store  *Store
	commit int64
	view   *view // nil when closed
}

// Snapshot implements [itsm.Store].
func (s *Store) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.RLock()
	v := s.views.current
	v.open.Add(1)
	commit := v.commit
	s.mu.RUnlock()
	return &snapshot{store: s, commit: commit, view: v}, nil
}

// Get implements [itsm.Getter].
func (s *Store) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if err := cmp.Or(ctx.Err(), key.Check()); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entry(key); e != nil && e.state.record != nil {
		return e.state.record, nil
	}
	return nil, itsm.ErrNotFound
}

// Fetch implements [itsm.Getter].
func (s *Store) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	if err := ctx.Err(); err != nil {
		return dst, err
	}
	for _, key := range keys {
		if err := key.Check(); err != nil {
			return dst, err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, key := range keys {
		if e := s.entry(key); e != nil && e.state.record != nil {
			dst = append(dst, e.state.record)
		}
	}
	return dst, nil
}

// Find implements [itsm.Getter].
func (s *Store) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	n, err := s.Snapshot(ctx)
	if err != nil {
		return dst, err
	}
	defer n.Close()
	return n.Query(ctx, dst, q)
}

// Owned implements [itsm.Getter].
func (s *Store) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if err := cmp.Or(ctx.Err(), checkOwnedBy(owner, kind)); err != nil {
		return dst, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if e := s.entry(owner); e != nil {
		for _, of := range e.owned.of(kind) {
			if of.record != nil {
				dst = append(dst, of.record)
			}
		}
	}
	return dst, nil
}

// Close implements [itsm.Snapshot].
func (n *snapshot) Close() {
	if n.view != nil {
		n.view.open.Add(-1)
		n.view = nil
	}
}

// ready refuses a closed snapshot, a cancelled context and an incomplete key.
func (n *snapshot) ready(ctx context.Context) error {
	if n.view == nil {
		return itsm.Invalid("snapshot", "the snapshot is closed: open another")
	}
	return ctx.Err()
}

// state answers what the snapshot sees of a record, nil for nothing. The store's lock is held.
func (n *snapshot) state(key itsm.Key) (*entry, *state) {
	e := n.store.entry(key)
	if e == nil {
		return nil, nil
	}
	return e, e.at(n.commit)
}

// Get implements [itsm.Snapshot].
func (n *snapshot) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	if err := n.ready(ctx); err != nil {
		return nil, err
	}
	if err := key.Check(); err != nil {
		return nil, err
	}
	n.store.mu.RLock()
	_, st := n.state(key)
	var r itsm.Record
	if st != nil {
		r = st.record
	}
	n.store.mu.RUnlock()
	if r == nil {
		return nil, itsm.ErrNotFound
	}
	return r, nil
}

// Owned implements [itsm.Snapshot].
func (n *snapshot) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	if err := cmp.Or(n.ready(ctx), checkOwnedBy(owner, kind)); err != nil {
		return dst, err
	}
	n.store.mu.RLock()
	defer n.store.mu.RUnlock()
	e := n.store.entry(owner)
	if e == nil {
		return dst, nil
	}
	for _, of := range e.owned.of(kind) {
		if st := of.at(n.commit); st != nil && st.record != nil {
			dst = append(dst, st.record)
		}
	}
	return dst, nil
}

// Events implements [itsm.Snapshot].
func (n *snapshot) Events(ctx context.Context, dst []*itsm.Event, key itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	if err := cmp.Or(n.ready(ctx), key.Check()); err != nil {
		return dst, err
	}
	n.store.mu.RLock()
	defer n.store.mu.RUnlock()
	_, st := n.state(key)
	if st == nil {
		return dst, nil
	}
	found := st.events[eventAfter(st.events, after):]
	return append(dst, first(found, limit)...), nil
}

// first answers up to limit items, all where it is 0.
func first[T any](items []T, limit int) []T {
	if limit > 0 && limit < len(items) {
		return items[:limit]
	}
	return items
}

// Rows implements [itsm.Snapshot].
func (n *snapshot) Rows(ctx context.Context, dst []itsm.Row, key itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	if err := cmp.Or(n.ready(ctx), key.Check()); err != nil {
		return dst, err
	}
	n.store.mu.RLock()
	defer n.store.mu.RUnlock()
	_, st := n.state(key)
	if st == nil {
		return dst, nil
	}
	if kind == "" {
		return st.rows.after(dst, after, limit), nil
	}
	for _, row := range first(rowsAfter(st.rows.of(kind), after), limit) {
		dst = append(dst, *row)
	}
	return dst, nil
}

// keyedRow is a row in the order in which FindRows answers.
type keyedRow struct {
	row   *itsm.Row
	entry *entry // nil in a row to look for: it is before all of that key
}

func (a keyedRow) compare(b keyedRow) int {
	if c := strings.Compare(a.row.Record.Tenant, b.row.Record.Tenant); c != 0 {
		return c
	}
	if c := strings.Compare(string(a.row.Kind), string(b.row.Kind)); c != 0 {
		return c
	}
	if c := strings.Compare(a.row.Key, b.row.Key); c != 0 {
		return c
	}
	if c := compareEntries(a.entry, b.entry); c != 0 {
		return c
	}
	return cmp.Compare(a.row.ID, b.row.ID)
}

// release takes a removed row out of the order when no snapshot sees it any more. A record that was purged and written
// again may have one that looks like it.
func (a keyedRow) release(s *Store, _ int64) {
	for st := &a.entry.state; st != nil; st = st.before {
		list := st.rows.of(a.row.Kind)
		if at, there := findRow(list, a.row.ID); there && list[at].Key == a.row.Key {
			return
		}
	}
	s.keyed.remove(a)
}

// FindRows implements [itsm.Snapshot].
func (n *snapshot) FindRows(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
	if err := n.ready(ctx); err != nil {
		return dst, err
	}
	if tenant == "" {
		return dst, itsm.Invalid("tenant", "a search for rows names a tenant")
	}
	if key == "" {
		return dst, nil
	}
	n.store.mu.RLock()
	defer n.store.mu.RUnlock()
	left := limit
	for k := range n.store.keyed.from(keyedRow{row: &itsm.Row{Record: itsm.Key{Tenant: tenant}, Kind: kind, Key: key}}) {
		if k.row.Record.Tenant != tenant || k.row.Kind != kind || k.row.Key != key {
			break
		}
		st := k.entry.at(n.commit)
		if st == nil {
			continue
		}
		list := st.rows.of(kind)
		at, ok := findRow(list, k.row.ID)
		if !ok || list[at].Key != key { // of a record that was purged and written again
			continue
		}
		if dst = append(dst, *list[at]); left == 1 {
			break
		}
		left--
	}
	return dst, nil
}

// Timers implements [itsm.Snapshot].
func (n *snapshot) Timers(ctx context.Context, dst []itsm.Timer, key itsm.Key) ([]itsm.Timer, error) {
	if err := cmp.Or(n.ready(ctx), key.Check()); err != nil {
		return dst, err
	}
	n.store.mu.RLock()
	defer n.store.mu.RUnlock()
	e, st := n.state(key)
	if st == nil {
		return dst, nil
	}
	for i := range st.timers {
		dst = append(dst, st.timers[i].export(e))
	}
	return dst, nil
}

// Receipt implements [itsm.Snapshot].
func (n *snapshot) Receipt(ctx context.Context, key itsm.ReceiptKey) (*itsm.Receipt, error) {
	if err := n.ready(ctx); err != nil {
		return nil, err
	}
	if key.Tenant == "" {
		return nil, itsm.Invalid("tenant", "a receipt has a tenant")
	}
	n.store.mu.RLock()
	defer n.store.mu.RUnlock()
	r := n.store.receiptAt(key, n.commit)
	if r == nil {
		return nil, nil
	}
	found := r.Receipt
	return &found, nil
}

// Subscription implements [itsm.Snapshot].
func (n *snapshot) Subscription(ctx context.Context, name string) (itsm.Subscription, error) {
	if err := n.ready(ctx); err != nil {
		return itsm.Subscription{}, err
	}
	n.store.mu.RLock()
	defer n.store.mu.RUnlock()
	found := n.store.subscriptionAt(name, n.commit)
	found.Parked = slices.Clone(found.Parked)
	return found, nil
}
