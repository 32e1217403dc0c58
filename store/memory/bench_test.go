package memory

import (
	"context"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

func BenchmarkGet(b *testing.B) {
	ctx := context.Background()
	s := filled(b, 10_000)
	keys := make([]itsm.Key, 10_000)
	for i := range keys {
		keys[i] = keyOf(name(i))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		v, _ := s.Snapshot(ctx)
		if _, err := v.Get(ctx, keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
		v.Close()
	}
}

// BenchmarkOwned finds the two records that one of many owns, beside the floor: the same two by their ids.
func BenchmarkOwned(b *testing.B) {
	ctx := context.Background()
	const owners = 1000
	s := filled(b, owners)
	var owner, first, second [owners]itsm.Key
	for i := range owners {
		next := written(name(i), 2, nil)
		next.Expect = 1
		x, y := ownedBy(name(i), "first", 2, 0), ownedBy(name(i), "second", 2, 0)
		put(b, s, next, x, y)
		owner[i], first[i], second[i] = keyOf(name(i)), x.Record.Header().Key(), y.Record.Header().Key()
	}
	var dst []itsm.Record
	b.Run("owned", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if dst, _ = s.Owned(ctx, dst[:0], owner[i%owners], "note"); len(dst) != 2 {
				b.Fatal(len(dst))
			}
		}
	})
	b.Run("floor: two by id", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			_, errFirst := s.Get(ctx, first[i%owners])
			_, errSecond := s.Get(ctx, second[i%owners])
			if errFirst != nil || errSecond != nil {
				b.Fatal(errFirst, errSecond)
			}
		}
	})
}

// sets are b.N commands, each with a version, an event and a moved timer.
type sets struct {
	records []itsm.RecordWrite
	timers  []itsm.TimerWrite
}

func commands(records, rounds int) sets {
	var c sets
	for version := range rounds {
		for i := range records {
			c.records = append(c.records, written(name(i*7919%records), int64(version)+2, nil))
			c.timers = append(c.timers, alarmOf(name(i*7919%records), start.Add(time.Duration(version*records+i)*time.Second)))
		}
	}
	return c
}

// BenchmarkApply is one record with its event and one moved timer, without and with a snapshot open meanwhile, beside
// the floor: the same record put into a map under a lock.
func BenchmarkApply(b *testing.B) {
	const records, rounds = 10_000, 20
	run := func(b *testing.B, open bool) {
		ctx := context.Background()
		var s *Store
		var c sets
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			at := i % (records * rounds)
			if at == 0 {
				b.StopTimer()
				s, c = filled(b, records), commands(records, rounds)
				runtime.GC()
				b.StartTimer()
			}
			var v itsm.Snapshot
			if open {
				v, _ = s.Snapshot(ctx)
			}
			if err := s.Apply(ctx, &itsm.WriteSet{Records: c.records[at : at+1], Timers: c.timers[at : at+1]}); err != nil {
				b.Fatal(err)
			}
			if open {
				v.Close()
			}
		}
	}
	b.Run("alone", func(b *testing.B) { run(b, false) })
	b.Run("snapshot", func(b *testing.B) { run(b, true) })
	b.Run("floor", func(b *testing.B) {
		var mu sync.Mutex
		type cell struct {
			record itsm.Record
			events []*itsm.Event
		}
		cells := map[itsm.Key]*cell{}
		c := commands(records, rounds)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			w := &c.records[i%len(c.records)]
			mu.Lock()
			key := w.Record.Header().Key()
			at := cells[key]
			if at == nil {
				at = &cell{}
				cells[key] = at
			}
			at.record = w.Record
			if at.events = append(at.events, w.Event); len(at.events) == rounds {
				at.events = nil
			}
			mu.Unlock()
		}
	})
}

// BenchmarkClaim takes 1,000 due timers of those that are pending, and gives them back.
func BenchmarkClaim(b *testing.B) {
	for _, pending := range []int{10_000, 1_000_000} {
		b.Run(strconv.Itoa(pending), func(b *testing.B) {
			if testing.Short() && pending > 100_000 {
				b.Skip("sets a million timers: run it without -short")
			}
			ctx := context.Background()
			s := filled(b, pending)
			now := start.Add(2 * time.Second * time.Duration(pending))
			runtime.GC()
			b.ReportAllocs()
			for b.Loop() {
				claimed, err := s.Claim(ctx, now, now.Add(time.Minute), 1000)
				if err != nil || len(claimed) != 1000 {
					b.Fatal(len(claimed), err)
				}
				now = now.Add(time.Minute)
			}
		})
	}
}

func BenchmarkQueryPage(b *testing.B) {
	s := filled(b, 100_000)
	group := itsm.Where("group").Is("group 42")
	odd := itsm.Where("text").Empty()
	newest := []itsm.Sort{{Column: "created_at", Descending: true}}
	for _, bench := range []struct {
		name string
		q    itsm.StoreQuery
	}{
		{"ids", itsm.StoreQuery{}},
		{"ids after", itsm.StoreQuery{After: &itsm.Mark{ID: name(50_000)}}},
		{"filter", itsm.StoreQuery{Filter: &group}},
		{"filter sorted", itsm.StoreQuery{Filter: &group, Sort: newest}},
		{"sorted", itsm.StoreQuery{Filter: &odd, Sort: newest}},
		{"sorted after", itsm.StoreQuery{Sort: newest, After: &itsm.Mark{ID: name(50_000), Values: []field.Value{field.Instant(start.Add(50_000 * time.Second))}}}},
		{"scan", itsm.StoreQuery{Sort: []itsm.Sort{{Column: "text"}}}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			ctx := context.Background()
			q := bench.q
			q.Tenant, q.Kind, q.Limit = "acme", "note", 50
			v := look(b, s)
			dst, _ := v.Query(ctx, nil, &q) // makes the indexes
			v.Close()
			b.ReportAllocs()
			for b.Loop() {
				v, _ := s.Snapshot(ctx)
				var err error
				if dst, err = v.Query(ctx, dst[:0], &q); err != nil || len(dst) != 50 {
					b.Fatal(len(dst), err)
				}
				v.Close()
			}
		})
	}
}
