package memory

import (
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
)

func TestSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SampledFrom([]int{1, 64, 1000, 100_000}).Draw(t, "all")
		var s set
		model := map[uint32]bool{}
		for range rapid.IntRange(1, 6).Draw(t, "bursts") {
			from, step := rapid.IntRange(0, all-1).Draw(t, "from"), rapid.SampledFrom([]int{1, 7, 7919}).Draw(t, "step")
			add := rapid.Bool().Draw(t, "add")
			for i := range rapid.SampledFrom([]int{1, 50, 500, 3000}).Draw(t, "count") {
				ord := uint32((from + i*step) % all)
				switch {
				case add && !model[ord]:
					s.add(ord, all)
					model[ord] = true
				case !add && model[ord]:
					s.remove(ord, all)
					delete(model, ord)
				}
			}
			w := make(words, (all+63)/64)
			s.addTo(w)
			require.Equal(t, slices.AppendSeq([]uint32{}, slices.Values(slices.Sorted(maps.Keys(model)))), w.list())
			require.Equal(t, len(model), s.size)
			require.LessOrEqual(t, len(s.few), max(smallSet, all/manyOf))
		}
	})
}

func TestCellsCompareAsTheirValues(t *testing.T) {
	values := []field.Value{
		{}, field.Text(""), field.Text("a"), field.Text("b"), field.Int(math.MinInt64), field.Int(5), field.Int(1<<53 + 1), field.Int(math.MaxInt64),
		field.Number(math.Inf(-1)), field.Number(5), field.Number(5.5), field.Number(1 << 53), field.Number(1 << 63), field.Bool(false), field.Bool(true),
		field.Instant(field.MinInstant()), field.Instant(start), field.Instant(field.MaxInstant()), field.Span(-1), field.Span(0), field.Span(math.MaxInt64),
	}
	for _, v := range values {
		require.True(t, cellOf(v).value().Equal(v), "%v", v)
		for _, w := range values {
			require.Equal(t, field.Compare(v, w), cellOf(v).compare(cellOf(w)), "%v and %v", v, w)
			require.Equal(t, v.Equal(w), cellOf(v) == cellOf(w), "%v and %v", v, w)
		}
		if v.IsZero() {
			continue
		}
		require.Positive(t, lowest(v.Kind()).against(cellOf(v)), "%v", v)
		require.Negative(t, highest(v.Kind()).against(cellOf(v)), "%v", v)
	}
}
