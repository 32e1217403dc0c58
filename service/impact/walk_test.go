package impact

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMarksOfOldQuestionsDoNotComeBack(t *testing.T) {
	g := New()
	require.NoError(t, g.PutNode(Node{ID: "a"}))
	var w walk
	w.begin(g.always()) // epoch 1
	w.hold(0, Down, lostHere)
	w.epoch = math.MaxUint32
	w.begin(g.always())
	assert.Equal(t, mark{epoch: 1}, *w.mark(0))
}

func TestPlacesAreUsedAgain(t *testing.T) {
	g := New()
	for i := range 100 {
		a, b, id := fmt.Sprint("a", i), fmt.Sprint("b", i), fmt.Sprint("r", i)
		require.NoError(t, g.PutNode(Node{ID: a}))
		require.NoError(t, g.PutRelation(Relation{ID: id, Dependent: a, Supporter: b, Weak: i%2 == 0}))
		require.NoError(t, g.PutRelation(Relation{ID: "to c", Dependent: a, Supporter: fmt.Sprint("c", i)}))
		require.NoError(t, g.SetGate(b, "group", Any))
		require.NoError(t, g.Pin(a, Down))
		g.RemoveNode(a)
		g.RemoveRelation(id)
		g.RemoveRelation("to c")
		g.Unpin(a)
		require.NoError(t, g.SetGate(b, "group", All))
	}
	assert.Empty(t, g.places)
	assert.Empty(t, g.edgeOf)
	assert.Len(t, g.points, 3)
	assert.Len(t, g.edges, 2)
	assert.LessOrEqual(t, len(g.groups), 2)
}
