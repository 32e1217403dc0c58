package memory

import (
	"cmp"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// number is an item with something beside its order.
type number struct{ at, label int }

func (a number) compare(b number) int { return cmp.Compare(a.at, b.at) }

// soundNode checks what holds in every node, and answers the items below it.
func soundNode(t require.TestingT, n *node[number], depth int, leaves map[int]bool) int {
	size := len(n.items)
	require.LessOrEqual(t, size, maxItems)
	require.True(t, slices.IsSortedFunc(n.items, number.compare))
	if n.leaf() {
		leaves[depth] = true
	} else {
		require.Len(t, n.children, len(n.items)+1)
		require.NotEmpty(t, n.items)
	}
	for _, c := range n.children {
		require.NotEmpty(t, c.items)
		size += soundNode(t, c, depth+1, leaves)
	}
	require.Equal(t, size, n.size)
	return size
}

func sound(t require.TestingT, tr *tree[number]) {
	if tr.root == nil {
		return
	}
	leaves := map[int]bool{}
	soundNode(t, tr.root, 0, leaves)
	require.Len(t, leaves, 1, "all leaves are equally deep")
}

func TestTreeIsASortedSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tr tree[number]
		model := map[int]int{}
		span := rapid.SampledFrom([]int{50, 1000, 20_000}).Draw(t, "span")
		for range rapid.IntRange(3, 20).Draw(t, "bursts") {
			from := rapid.IntRange(0, span).Draw(t, "from")
			count := rapid.SampledFrom([]int{1, 30, 400, 5000}).Draw(t, "count")
			step := rapid.SampledFrom([]int{-7, -1, 1, 3, 7919}).Draw(t, "step")
			label := rapid.Int().Draw(t, "label")
			add := rapid.Bool().Draw(t, "add")
			for i := range count {
				at := (((from + i*step) % span) + span) % span
				if add {
					tr.set(number{at, label})
					model[at] = label
				} else {
					tr.remove(number{at: at})
					delete(model, at)
				}
			}
			sound(t, &tr)
		}
		var want []number
		for at, label := range model {
			want = append(want, number{at, label})
		}
		slices.SortFunc(want, number.compare)
		require.Equal(t, len(want), tr.len())
		first, ok := tr.min()
		require.Equal(t, len(want) > 0, ok)
		if ok {
			require.Equal(t, want[0], first)
		}
		at := number{at: rapid.IntRange(-1, span).Draw(t, "at")}
		i, found := slices.BinarySearchFunc(want, at, number.compare)
		require.Equal(t, i, tr.rank(at))
		require.True(t, slices.Equal(want[i:], slices.Collect(tr.from(at))))
		if found {
			i++
		}
		down := slices.Clone(want[:i])
		slices.Reverse(down)
		require.True(t, slices.Equal(down, slices.Collect(tr.back(at))))
	})
}

func TestTreeWalksStop(t *testing.T) {
	var tr tree[number]
	for i := range 10_000 {
		tr.set(number{at: i})
	}
	for name, walk := range map[string]iter.Seq[number]{"up": tr.from(number{at: 5000}), "down": tr.back(number{at: 5000})} {
		t.Run(name, func(t *testing.T) {
			met := 0
			for range walk {
				if met++; met == 200 {
					break
				}
			}
			assert.Equal(t, 200, met)
		})
	}
}

func TestTreeOfItemsInOrderIsNearlyFull(t *testing.T) {
	var tr tree[number]
	for i := range 100_000 {
		tr.set(number{at: i})
	}
	nodes := 0
	var count func(n *node[number])
	count = func(n *node[number]) {
		nodes++
		for _, c := range n.children {
			count(c)
		}
	}
	count(tr.root)
	assert.Greater(t, float64(tr.len())/float64(nodes*maxItems), 0.9)
}
