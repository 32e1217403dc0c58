package memory

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// requireNothingKept checks that a store holds nothing but what a new snapshot sees.
func requireNothingKept(t require.TestingT, s *Store) {
	require.Empty(t, s.retired.list)
	require.Empty(t, s.views.held)
	rows := 0
	for _, table := range s.tables {
		for _, e := range table.entries {
			require.Nil(t, e.before)
			for _, of := range e.rows {
				for _, row := range of.list {
					if row.Key != "" {
						rows++
					}
				}
			}
		}
	}
	require.Equal(t, rows, s.keyed.len())
	for _, names := range s.receipts {
		for _, r := range names {
			require.Nil(t, r.before)
			require.Zero(t, r.gone)
		}
	}
	for _, sub := range s.subscriptions {
		require.Nil(t, sub.before)
	}
}

func TestClosedSnapshotsLetGo(t *testing.T) {
	s := prepared(t)
	w := written("1", 1, nil)
	old := weak.Make(w.Record.(*note))
	put(t, s, w)
	w = itsm.RecordWrite{}
	v, short := look(t, s), look(t, s)
	for version := int64(2); version < 50; version++ {
		put(t, s, written("1", version, nil))
		short.Close()
		short = look(t, s)
	}
	short.Close()
	runtime.GC()
	require.NotNil(t, old.Value(), "an open snapshot sees the first version")
	r, err := v.Get(context.Background(), keyOf("1"))
	require.NoError(t, err)
	require.EqualValues(t, 1, r.Header().Version)

	r = nil
	v.Close()
	put(t, s, written("2", 1, nil))
	requireNothingKept(t, s)
	runtime.GC()
	assert.Nil(t, old.Value(), "nobody sees the first version any more")
}

func TestALongSnapshotKeepsOneVersionOfARecord(t *testing.T) {
	s := prepared(t)
	put(t, s, written("1", 1, nil))
	v := look(t, s)
	for version := int64(2); version < 1000; version++ {
		put(t, s, written("1", version, nil))
	}
	assert.Len(t, s.retired.list, 1)
	assert.Len(t, s.views.held, 1)
	v.Close()
}

func TestClosedSnapshotsAreRefused(t *testing.T) {
	ctx := context.Background()
	s := prepared(t)
	put(t, s, written("1", 1, nil))
	v, other := look(t, s), look(t, s)
	v.Close()
	v.Close()
	_, err := v.Get(ctx, keyOf("1"))
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = v.Count(ctx, &itsm.StoreQuery{Tenant: "acme", Kind: "note"})
	require.ErrorIs(t, err, itsm.ErrInvalid)

	put(t, s, written("1", 2, nil))
	r, err := other.Get(ctx, keyOf("1"))
	require.NoError(t, err)
	assert.EqualValues(t, 1, r.Header().Version, "closing one snapshot twice does not close another")
}

// TestWalksAreNotDisturbed lets writers swap the ranks of two records while readers walk the order of ranks in pages,
// some of them longer than a stretch: every snapshot has each rank once.
func TestWalksAreNotDisturbed(t *testing.T) {
	const records = 3000
	ctx := context.Background()
	s := filled(t, records)
	ranked := func(w itsm.RecordWrite, rank int64) itsm.RecordWrite {
		w.Record.(*note).Rank = rank
		return w
	}
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for n := range 2 {
		writers.Go(func() {
			for i := n; ; i += 2 {
				select {
				case <-stop:
					return
				default:
				}
				v, err := s.Snapshot(ctx)
				if !assert.NoError(t, err) {
					return
				}
				a, errA := v.Get(ctx, keyOf(name(i*7%records)))
				b, errB := v.Get(ctx, keyOf(name((i*13+1)%records)))
				v.Close()
				if !assert.NoError(t, errA) || !assert.NoError(t, errB) {
					return
				}
				x, y := a.(*note), b.(*note)
				if x == y {
					continue
				}
				err = s.Apply(ctx, &itsm.WriteSet{Records: []itsm.RecordWrite{
					ranked(written(x.ID, x.Version+1, nil), y.Rank), ranked(written(y.ID, y.Version+1, nil), x.Rank),
				}})
				if err != nil && !assert.ErrorIs(t, err, itsm.ErrConflict) {
					return
				}
			}
		})
	}
	for _, down := range []bool{false, true} {
		readers.Go(func() {
			for range 6 {
				v, err := s.Snapshot(ctx)
				if !assert.NoError(t, err) {
					return
				}
				q := itsm.StoreQuery{Tenant: "acme", Kind: "note", Sort: []itsm.Sort{{Column: "rank", Descending: down}}, Limit: 700}
				met := 0
				for {
					page, err := v.Query(ctx, nil, &q)
					if !assert.NoError(t, err) {
						return
					}
					for _, r := range page {
						want := int64(met + 1)
						if down {
							want = int64(records - met)
						}
						if !assert.Equal(t, want, r.(*note).Rank) {
							return
						}
						met++
					}
					if len(page) < q.Limit {
						break
					}
					last := page[len(page)-1].(*note)
					q.After = &itsm.Mark{Values: []field.Value{field.Int(last.Rank)}, ID: last.ID}
				}
				assert.Equal(t, records, met)
				count, err := v.Count(ctx, &q)
				assert.NoError(t, err)
				assert.EqualValues(t, records, count)
				v.Close()
			}
		})
	}
	readers.Wait()
	close(stop)
	writers.Wait()
	put(t, s, written("last", 1, nil))
	for range 1000 {
		apply(t, s, &itsm.WriteSet{})
	}
	requireNothingKept(t, s)
}

func TestExpiredReceiptsAreForgotten(t *testing.T) {
	s := prepared(t)
	at := func(key string, age, life time.Duration) *itsm.WriteSet {
		return &itsm.WriteSet{Receipt: &itsm.Receipt{
			ReceiptKey: itsm.ReceiptKey{Tenant: "acme", Actor: "ada", Command: "write", Key: key},
			At:         start.Add(age), Expires: start.Add(age + life),
		}}
	}
	for i := range 10 {
		apply(t, s, at(fmt.Sprint(i), 0, time.Hour))
	}
	require.ErrorIs(t, s.Apply(context.Background(), at("9", time.Hour-1, time.Hour)), itsm.ErrConflict)
	apply(t, s, at("9", time.Hour, time.Hour))
	left := func() int { return len(s.receipts[itsm.ActorKey{Tenant: "acme", Actor: "ada"}]) }
	assert.Equal(t, 6, left(), "four are forgotten at once")
	for i := range 10 {
		apply(t, s, at(fmt.Sprint("later", i), 90*time.Minute, time.Hour))
	}
	assert.Equal(t, 11, left())
	assert.Equal(t, 11, s.expiring.len())
}

// TestStateIsSmall measures what the store keeps of each record beside the record and its event.
func TestStateIsSmall(t *testing.T) {
	const records = 100_000
	c := commands(records, 1)
	for i := range c.records {
		c.records[i].Record.Header().Version, c.records[i].Event.Version, c.records[i].Expect = 1, 1, 0
	}
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	s := prepared(t)
	for i := range c.records {
		apply(t, s, &itsm.WriteSet{Records: c.records[i : i+1], Timers: c.timers[i : i+1]})
	}
	each := (heap() - before) / records
	t.Logf("%d bytes for each record with an event and a pending timer", each)
	assert.LessOrEqual(t, each, uint64(700))
	runtime.KeepAlive(c)
	runtime.KeepAlive(s)
}

// Counting one text of an indexed column looks at the index alone, but only where the snapshot sees what it knows.
func TestACountAsOfItsInstant(t *testing.T) {
	s := prepared(t)
	put(t, s, written("N1", 1, func(n *note) { n.Group = "a" }), written("N2", 1, func(n *note) { n.Group = "b" }))
	count := func(v *snapshot, group string) int64 {
		f := itsm.Where("group").Is(group)
		n, err := v.Count(t.Context(), &itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &f})
		require.NoError(t, err)
		return n
	}
	before := look(t, s)
	require.EqualValues(t, 1, count(before, "a"))
	require.EqualValues(t, 0, count(before, "c"))
	one := itsm.Where("id").Is("N1")
	n, err := before.Count(t.Context(), &itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &one})
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	put(t, s, written("N2", 2, func(n *note) { n.Group = "a" }), written("N3", 1, func(n *note) { n.Group = "a" }))
	after := look(t, s)
	require.EqualValues(t, 3, count(after, "a"))
	require.EqualValues(t, 0, count(after, "b"))
	require.EqualValues(t, 1, count(before, "a"), "as it was")
	require.EqualValues(t, 1, count(before, "b"))
	put(t, s, written("N1", 2, func(n *note) { n.Group = "b" }))
	require.EqualValues(t, 3, count(after, "a"))
	require.EqualValues(t, 1, count(before, "b"))
}

// The same in a column of so many values that it is kept in order.
func TestACountAmongManyValues(t *testing.T) {
	s := prepared(t)
	var writes []itsm.RecordWrite
	for i := range 3 * manyValues {
		writes = append(writes, written(name(i), 1, func(n *note) { n.Group = name(i / 2) }))
	}
	put(t, s, writes...)
	v := look(t, s)
	for _, want := range []struct {
		group string
		n     int64
	}{{name(0), 2}, {name(700), 2}, {name(3*manyValues/2 - 1), 2}, {name(5000), 0}, {"", 0}} {
		f := itsm.Where("group").Is(want.group)
		n, err := v.Count(t.Context(), &itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &f})
		require.NoError(t, err)
		require.Equal(t, want.n, n, want.group)
	}
	require.IsType(t, &ordered{}, s.tables[tableKey{"acme", "note"}].columns["group"])
}

// A column whose values were all different at first may come to share them.
func TestAColumnIsGroupedAfterAll(t *testing.T) {
	s := prepared(t)
	write := func(from, to int) {
		var writes []itsm.RecordWrite
		for i := from; i < to; i++ {
			writes = append(writes, written(name(i), 1, func(n *note) { n.Group = name(i % 2000) }))
		}
		put(t, s, writes...)
	}
	f := itsm.Where("group").Is(name(7))
	shape := func(want int64) index {
		v := look(t, s)
		defer v.Close()
		n, err := v.Count(t.Context(), &itsm.StoreQuery{Tenant: "acme", Kind: "note", Filter: &f})
		require.NoError(t, err)
		require.Equal(t, want, n)
		return s.tables[tableKey{"acme", "note"}].columns["group"]
	}
	write(0, 5000)
	require.IsType(t, &ordered{}, shape(3))
	write(5000, 19_000)
	require.IsType(t, &ordered{}, shape(10))
	write(19_000, 21_000)
	require.IsType(t, &grouped{}, shape(11))
}
