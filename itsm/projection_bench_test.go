package itsm_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// BenchmarkProjection is a command on a record in memory, without and with two rows that are read and put beside it, and
// the parts of that.
func BenchmarkProjection(b *testing.B) {
	records := 1000
	open := func(b *testing.B, project func(u *itsm.Unit, g *gauges, l *lamp) error) (*lamps, *gauges, []string) {
		g := &gauges{}
		var l *lamps
		itsmtest.Kernel(b, itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) (err error) {
			g.Projection = itsm.NewProjection[gauge](k, "gauge")
			if l, err = registerLamps(k); err == nil && project != nil {
				k.Hook(itsm.Hook{Name: "gauges", Kinds: []string{"lamp"}, Project: func(u *itsm.Unit, _, after itsm.Record) error {
					return project(u, g, after.(*lamp))
				}})
			}
			return err
		})
		ids := make([]string, records)
		for i := range ids {
			ids[i] = made(b, l, "desk").ID
		}
		return l, g, ids
	}
	putTwo := func(u *itsm.Unit, g *gauges, l *lamp) error {
		count, state := countOf(l), stateOf(l)
		if err := g.Put(u, "count", &count); err != nil {
			return err
		}
		return g.Put(u, "state", &state)
	}
	for _, bench := range []struct {
		name    string
		project func(u *itsm.Unit, g *gauges, l *lamp) error
	}{
		{"without", nil},
		{"hook", func(*itsm.Unit, *gauges, *lamp) error { return nil }},
		{"two rows", func(u *itsm.Unit, g *gauges, l *lamp) error {
			if _, err := g.In(u); err != nil {
				return err
			}
			return putTwo(u, g, l)
		}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			l, _, ids := open(b, bench.project)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := l.turn.Do(ann, ids[i%len(ids)], turn{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	within := func(b *testing.B, run func(u *itsm.Unit, g *gauges, l *lamp) error) {
		measure := false
		l, _, ids := open(b, func(u *itsm.Unit, g *gauges, l *lamp) error {
			if !measure {
				return putTwo(u, g, l)
			}
			return run(u, g, l)
		})
		measure = true
		require.NoError(b, l.turn.Explain(ann, ids[0], turn{}))
	}
	b.Run("in again", func(b *testing.B) {
		within(b, func(u *itsm.Unit, g *gauges, _ *lamp) error {
			b.ReportAllocs()
			for b.Loop() {
				if rows, err := g.In(u); err != nil || len(rows) != 2 {
					b.Fatal(len(rows), err)
				}
			}
			return nil
		})
	})
	b.Run("of", func(b *testing.B) {
		l, g, ids := open(b, putTwo)
		ref := l.Ref(ids[0])
		b.ReportAllocs()
		for b.Loop() {
			if rows, err := g.Of(ann, ref); err != nil || len(rows) != 2 {
				b.Fatal(len(rows), err)
			}
		}
	})
}
