package memory

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

func TestApplyRefusesWhatNoStoreCouldWrite(t *testing.T) {
	record := func(change func(*itsm.RecordWrite)) *itsm.WriteSet {
		w := written("2", 1, nil)
		change(&w)
		return &itsm.WriteSet{Records: []itsm.RecordWrite{written("1", 2, nil), w}}
	}
	timer := func(change func(*itsm.Timer)) *itsm.WriteSet {
		w := alarmOf("1", start)
		change(&w.Timer)
		return &itsm.WriteSet{Records: []itsm.RecordWrite{written("1", 2, nil)}, Timers: []itsm.TimerWrite{w}}
	}
	many := &itsm.WriteSet{}
	for i := range 20 {
		many.Records = append(many.Records, written(strconv.Itoa(2+i%19), 1, nil))
	}
	for _, test := range []struct {
		name string
		set  *itsm.WriteSet
	}{
		{"no record", record(func(w *itsm.RecordWrite) { w.Record = nil })},
		{"no tenant", record(func(w *itsm.RecordWrite) { w.Record.Header().Tenant = "" })},
		{"no kind", record(func(w *itsm.RecordWrite) { w.Record.Header().Kind = "" })},
		{"no id", record(func(w *itsm.RecordWrite) { w.Record.Header().ID = "" })},
		{"a kind that was not prepared", record(func(w *itsm.RecordWrite) { w.Record.Header().Kind, w.Event.Key.Kind = "other", "other" })},
		{"a version that does not grow", record(func(w *itsm.RecordWrite) { w.Record.Header().Version = 0 })},
		{"another record's event", record(func(w *itsm.RecordWrite) { w.Event.ID = "3" })},
		{"another version's event", record(func(w *itsm.RecordWrite) { w.Event.Version = 2 })},
		{"another record's row", record(func(w *itsm.RecordWrite) { w.Rows = []itsm.Row{{Record: keyOf("1"), ID: 1}} })},
		{"rows downwards", record(func(w *itsm.RecordWrite) {
			w.Rows = []itsm.Row{{Record: keyOf("2"), ID: 2}, {Record: keyOf("2"), ID: 1}}
		})},
		{"a row before those that are there", func() *itsm.WriteSet {
			w := written("1", 2, nil)
			w.Rows = []itsm.Row{{Record: keyOf("1"), ID: 7}}
			return &itsm.WriteSet{Records: []itsm.RecordWrite{w}}
		}()},
		{"a record twice", record(func(w *itsm.RecordWrite) { *w = written("1", 2, nil) })},
		{"a record twice among many", many},
		{"an owner without a kind", record(func(w *itsm.RecordWrite) { w.Event, w.Owner = nil, itsm.Key{Tenant: "acme", ID: "1"} })},
		{"an owner of another tenant", record(func(w *itsm.RecordWrite) { w.Event, w.Owner = nil, itsm.Key{Tenant: "umbra", Kind: "note", ID: "1"} })},
		{"its own owner", record(func(w *itsm.RecordWrite) { w.Event, w.Owner = nil, keyOf("2") })},
		{"an owner and an event", record(func(w *itsm.RecordWrite) { w.Owner = keyOf("1") })},
		{"an owner and rows", record(func(w *itsm.RecordWrite) {
			w.Event, w.Owner, w.Rows = nil, keyOf("1"), []itsm.Row{{Record: keyOf("2"), ID: 1}}
		})},
		{"a timer of no record", timer(func(x *itsm.Timer) { x.Key.ID = "" })},
		{"a timer of another kind", timer(func(x *itsm.Timer) { x.Key.Kind = "other" })},
		{"a timer due never", timer(func(x *itsm.Timer) { x.Due = time.Time{} })},
		{"a timer due too late", timer(func(x *itsm.Timer) { x.Due = time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC) })},
		{"a receipt of nobody", &itsm.WriteSet{Receipt: &itsm.Receipt{ReceiptKey: itsm.ReceiptKey{Tenant: "acme", Key: "1"}}}},
		{"a subscription without a name", &itsm.WriteSet{Subscription: &itsm.Subscription{}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := prepared(t)
			first := written("1", 1, nil)
			first.Rows = []itsm.Row{{Record: keyOf("1"), ID: 7}}
			put(t, s, first)
			require.ErrorIs(t, s.Apply(context.Background(), test.set), itsm.ErrInvalid)
			v := look(t, s)
			defer v.Close()
			n, err := v.Count(context.Background(), &itsm.StoreQuery{Tenant: "acme", Kind: "note"})
			require.NoError(t, err)
			assert.EqualValues(t, 1, n)
			r, err := v.Get(context.Background(), keyOf("1"))
			require.NoError(t, err)
			assert.Same(t, first.Record, r)
		})
	}
}

func TestQueriesThatMeanNothingAreRefused(t *testing.T) {
	s := prepared(t)
	put(t, s, written("1", 1, nil))
	for _, test := range []struct {
		name string
		q    itsm.StoreQuery
		want error
	}{
		{"no tenant", itsm.StoreQuery{Kind: "note"}, itsm.ErrInvalid},
		{"no kind", itsm.StoreQuery{Tenant: "acme"}, itsm.ErrInvalid},
		{"a kind that was not prepared", itsm.StoreQuery{Tenant: "acme", Kind: "other"}, itsm.ErrInvalid},
		{"an unknown operator", itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &itsm.Filter{Op: "near"}}, itsm.ErrInvalid},
		{"not of nothing", itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &itsm.Filter{Op: itsm.OpAll, Parts: []itsm.Filter{{Op: itsm.OpNot}}}}, itsm.ErrInvalid},
		{"less than nothing", itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &itsm.Filter{Op: itsm.OpLess, Column: "rank"}}, itsm.ErrInvalid},
		{"a mark of another sort", itsm.StoreQuery{Tenant: "acme", Kind: "note", After: &itsm.Mark{ID: "1", Values: []field.Value{field.Int(1)}}}, itsm.ErrCursor},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := look(t, s)
			defer v.Close()
			_, err := v.Query(context.Background(), nil, &test.q)
			require.ErrorIs(t, err, test.want)
		})
	}
}

// titled knows a column that noteCodec does not.
type titled struct{ noteCodec }

func (titled) Columns() []itsm.ColumnSpec {
	return []itsm.ColumnSpec{{Name: "custom.title", Kind: field.KindText, Indexed: true}}
}

func (titled) Value(r itsm.Record, column string) field.Value {
	if column == "custom.title" {
		return field.Text("title " + r.(*note).Text)
	}
	return field.Value{}
}

func TestKernelsOfOneStoreQueryEachTheirColumns(t *testing.T) {
	ctx := context.Background()
	s := prepared(t)
	put(t, s, written("1", 1, func(n *note) { n.Group, n.Text = "a", "x" }), written("2", 1, func(n *note) { n.Group, n.Text = "b", "y" }))
	find := func(f itsm.Filter) (ids []string) {
		v := look(t, s)
		defer v.Close()
		found, err := v.Query(ctx, nil, &itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &f, Limit: 10})
		require.NoError(t, err)
		for _, r := range found {
			ids = append(ids, r.Header().ID)
		}
		return ids
	}
	assert.Equal(t, []string{"2"}, find(itsm.Where("group").Is("b")))
	assert.Empty(t, find(itsm.Where("custom.title").Is("title y")), "nobody knows the column")
	require.NoError(t, s.Prepare(ctx, []itsm.Codec{titled{}}))
	assert.Equal(t, []string{"2"}, find(itsm.Where("custom.title").Is("title y")))
	assert.Equal(t, []string{"2"}, find(itsm.Where("group").Is("b")))
	require.ErrorIs(t, s.Prepare(ctx, []itsm.Codec{nil}), itsm.ErrInvalid)
}

func TestClaimsAtTheEndsOfTime(t *testing.T) {
	ctx := context.Background()
	s := prepared(t)
	apply(t, s, &itsm.WriteSet{Timers: []itsm.TimerWrite{alarmOf("1", field.MinInstant()), alarmOf("2", field.MaxInstant())}})
	long := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	never := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	claimed, err := s.Claim(ctx, long, never, 10)
	require.NoError(t, err)
	require.Len(t, claimed, 1)
	assert.Equal(t, field.MinInstant(), claimed[0].Due)
	claimed, err = s.Claim(ctx, never.Add(-time.Hour), never, 10)
	require.NoError(t, err)
	assert.Len(t, claimed, 2, "an instant that does not fit is as late as can be, as is a claim's end")
}
