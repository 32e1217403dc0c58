package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// twins is a store that gives every call to several stores, and answers what the first of them does.
type twins struct {
	*testing.T
	itsm.Store // the reference
	others     map[string]itsm.Store
	names      []string
	codecs     map[string]itsm.Codec
	draw       *rand.Rand
	step       string
}

// alike holds one store's answer against the reference's.
func (w *twins) alike(call, name string, got any, gotErr error, want any, wantErr error) {
	w.Helper()
	g, r := w.show(got)+"\nerror "+string(itsm.CodeOf(answered(gotErr))), w.show(want)+"\nerror "+string(itsm.CodeOf(answered(wantErr)))
	if g != r {
		g, r = around(g, r)
		w.Fatalf("%s: %s: %s answers\n%s\n(%v), and the reference\n%s\n(%v)", w.step, call, name, g, gotErr, r, wantErr)
	}
}

// show writes records by their codecs, all else as the suite does.
func (w *twins) show(x any) string {
	switch x := x.(type) {
	case itsm.Record:
		data, err := w.codecs[x.Header().Kind].Encode(x)
		if err != nil {
			return err.Error()
		}
		return fmt.Sprintf("%T %s", x, data)
	case []itsm.Record:
		var b strings.Builder
		for _, r := range x {
			b.WriteString(w.show(r) + "\n")
		}
		return b.String()
	}
	return text(x)
}

func (w *twins) Prepare(ctx context.Context, kinds []itsm.Codec) error {
	for _, k := range kinds {
		w.codecs[k.Kind()] = k
	}
	err := w.Store.Prepare(ctx, kinds)
	for _, name := range w.names {
		w.alike("Prepare", name, nil, w.others[name].Prepare(ctx, kinds), nil, err)
	}
	return err
}

func (w *twins) Apply(ctx context.Context, set *itsm.WriteSet) error {
	err := w.Store.Apply(ctx, set)
	for _, name := range w.names {
		w.alike("Apply", name, nil, w.others[name].Apply(ctx, set), nil, err)
	}
	return err
}

// ApplyAll gives a batch whole to stores that take one, now and then in two parts.
func (w *twins) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	faults := applyAll(ctx, w.Store, sets)
	for _, name := range w.names {
		cut := w.draw.IntN(len(sets) + 1)
		got := slices.Concat(applyAll(ctx, w.others[name], sets[:cut]), applyAll(ctx, w.others[name], sets[cut:]))
		for i := range sets {
			w.alike(fmt.Sprint("ApplyAll, set ", i), name, nil, got[i], nil, faults[i])
		}
	}
	return faults
}

func applyAll(ctx context.Context, s itsm.Store, sets []*itsm.WriteSet) (faults []error) {
	if b, is := s.(itsm.Batcher); is {
		return b.ApplyAll(ctx, sets)
	}
	for _, set := range sets {
		faults = append(faults, s.Apply(ctx, set))
	}
	return faults
}

// Number answers the highest number of all, and lifts the others to it: there may be gaps.
func (w *twins) Number(ctx context.Context, tenant, series string, above int64) (int64, error) {
	n, err := w.Store.Number(ctx, tenant, series, above)
	for _, name := range w.names {
		m, fault := w.others[name].Number(ctx, tenant, series, above)
		w.alike("Number", name, nil, fault, nil, err)
		for m < n {
			if m, fault = w.others[name].Number(ctx, tenant, series, n-1); fault != nil {
				return 0, fault
			}
		}
		if m > n {
			return w.Number(ctx, tenant, series, m-1)
		}
	}
	return n, err
}

func (w *twins) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	timers, err := w.Store.Claim(ctx, now, until, limit)
	for _, name := range w.names {
		got, fault := w.others[name].Claim(ctx, now, until, limit)
		w.alike("Claim", name, got, fault, timers, err)
	}
	return timers, err
}

func (w *twins) NextDue(ctx context.Context) (time.Time, bool, error) {
	due, any, err := w.Store.NextDue(ctx)
	for _, name := range w.names {
		at, is, fault := w.others[name].NextDue(ctx)
		w.alike("NextDue", name, fmt.Sprint(instant(at), is), fault, fmt.Sprint(instant(due), any), err)
	}
	return due, any, err
}

// feeds compares what the stores feed of each record, in bites of any size. Positions are each store's own.
func (w *twins) feeds() {
	w.Helper()
	read := func(s itsm.Store) map[itsm.Key]string {
		all := map[itsm.Key]string{}
		for after := itsm.Position(0); ; {
			got, err := s.Feed(w.Context(), nil, after, 1+w.draw.IntN(20))
			if err != nil {
				w.Fatalf("%s: Feed: %v", w.step, err)
			}
			if len(got) == 0 {
				return all
			}
			for _, d := range got {
				all[d.Event.Key] += text(d.Event) + "\n"
				after = d.Position
			}
		}
	}
	want := read(w.Store)
	for _, name := range w.names {
		got := read(w.others[name])
		w.alike("Feed", name, fmt.Sprint(len(got)), nil, fmt.Sprint(len(want)), nil)
		for key, events := range want {
			w.alike("Feed of "+quoted(key), name, got[key], nil, events, nil)
		}
	}
}

func (w *twins) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	v, err := w.Store.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	views := &twinViews{Snapshot: v, w: w}
	for _, name := range w.names {
		other, err := w.others[name].Snapshot(ctx)
		if err != nil {
			w.Fatalf("%s: Snapshot of %s: %v", w.step, name, err)
		}
		views.others = append(views.others, other)
	}
	return views, nil
}

// twinViews are views of all the stores.
type twinViews struct {
	itsm.Snapshot
	w      *twins
	others []itsm.Snapshot
}

// each holds a read of every view against the reference's.
func each[T any](v *twinViews, call string, read func(itsm.Snapshot) (T, error)) (T, error) {
	v.w.Helper()
	want, err := read(v.Snapshot)
	for i, other := range v.others {
		got, fault := read(other)
		v.w.alike(call, v.w.names[i], got, fault, want, err)
	}
	return want, err
}

func (v *twinViews) Close() {
	v.Snapshot.Close()
	for _, other := range v.others {
		other.Close()
	}
}

func (v *twinViews) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	return each(v, "Get "+quoted(key), func(s itsm.Snapshot) (itsm.Record, error) { return s.Get(ctx, key) })
}

func (v *twinViews) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	got, err := each(v, "Query "+asJSON(q), func(s itsm.Snapshot) ([]itsm.Record, error) { return s.Query(ctx, nil, q) })
	return append(dst, got...), err
}

func (v *twinViews) Count(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
	return each(v, "Count "+asJSON(q), func(s itsm.Snapshot) (int64, error) { return s.Count(ctx, q) })
}

// CountBy asks the stores that count by a column, and lets the others hand out records.
func (v *twinViews) CountBy(ctx context.Context, q *itsm.StoreQuery, column string, limit int) ([]itsm.Bucket, error) {
	return each(v, "CountBy "+column+" of "+asJSON(q), func(s itsm.Snapshot) ([]itsm.Bucket, error) {
		if c, is := s.(itsm.ColumnCounter); is {
			return c.CountBy(ctx, q, column, limit)
		}
		return v.Snapshot.(itsm.ColumnCounter).CountBy(ctx, q, column, limit)
	})
}

func (v *twinViews) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	got, err := each(v, "Owned "+quoted(owner), func(s itsm.Snapshot) ([]itsm.Record, error) { return s.Owned(ctx, nil, owner, kind) })
	return append(dst, got...), err
}

func (v *twinViews) Events(ctx context.Context, dst []*itsm.Event, key itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	got, err := each(v, "Events "+quoted(key), func(s itsm.Snapshot) ([]*itsm.Event, error) { return s.Events(ctx, nil, key, after, limit) })
	return append(dst, got...), err
}

func (v *twinViews) Rows(ctx context.Context, dst []itsm.Row, key itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	got, err := each(v, "Rows "+quoted(key), func(s itsm.Snapshot) ([]itsm.Row, error) { return s.Rows(ctx, nil, key, kind, after, limit) })
	return append(dst, got...), err
}

func (v *twinViews) FindRows(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
	got, err := each(v, "FindRows "+key, func(s itsm.Snapshot) ([]itsm.Row, error) { return s.FindRows(ctx, nil, tenant, kind, key, limit) })
	return append(dst, got...), err
}

func (v *twinViews) Timers(ctx context.Context, dst []itsm.Timer, key itsm.Key) ([]itsm.Timer, error) {
	got, err := each(v, "Timers "+quoted(key), func(s itsm.Snapshot) ([]itsm.Timer, error) { return s.Timers(ctx, nil, key) })
	return append(dst, got...), err
}

func (v *twinViews) Receipt(ctx context.Context, key itsm.ReceiptKey) (*itsm.Receipt, error) {
	return each(v, "Receipt "+key.Key, func(s itsm.Snapshot) (*itsm.Receipt, error) { return s.Receipt(ctx, key) })
}

func (v *twinViews) Subscription(ctx context.Context, name string) (itsm.Subscription, error) {
	return each(v, "Subscription "+name, func(s itsm.Snapshot) (itsm.Subscription, error) { return s.Subscription(ctx, name) })
}
