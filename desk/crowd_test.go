package desk_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// TestTenThousandChildren: one command resolves them all, a bounded number in each transaction.
func TestTenThousandChildren(t *testing.T) {
	if testing.Short() {
		t.Skip("ten thousand children take a second")
	}
	d := newLinked(t, desk.Config{})
	parent, children := d.family(10_000)
	d.ok(d.Incidents.Resolve(d.ann, parent, fixed))
	for range 10 {
		d.settle()
	}
	assert.Equal(t, map[lifecycle.State]int{incident.StateResolved: 10_000}, d.states(children))
	reached := d.reached(parent)
	require.GreaterOrEqual(t, len(reached), 5)
	total := 0
	for _, r := range reached {
		assert.LessOrEqual(t, r.Targets, 2_000)
		total += r.Targets
	}
	assert.Equal(t, 10_000, total)
}
