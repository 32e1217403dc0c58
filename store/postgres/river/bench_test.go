package river_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkCommand sets an alarm: one event and one timer, with and without jobs.
func BenchmarkCommand(b *testing.B) {
	for _, without := range []bool{true, false} {
		name := "with jobs"
		if without {
			name = "without jobs"
		}
		b.Run(name, func(b *testing.B) {
			n := newPlace(b).node(b, options{without: without})
			r := n.alarmed(b)
			for b.Loop() {
				_, err := n.chores.set.Do(ann, r.ID, alarm{In: lead})
				require.NoError(b, err)
			}
		})
		b.Run(name+", 16 callers", func(b *testing.B) {
			n := newPlace(b).node(b, options{without: without})
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				r, err := n.chores.report.Do(ann, intake{Title: "Water the plants"})
				require.NoError(b, err)
				for pb.Next() {
					if _, err := n.chores.set.Do(ann, r.ID, alarm{In: lead}); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
