package replay_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/sla"
)

func book(tb testing.TB) []sla.Agreement {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "replay", "sla.json"))
	require.NoError(tb, err)
	b, err := sla.ParseBook(text)
	require.NoError(tb, err)
	return b.Agreements
}

// drivenBy lives a log again under the agreements that ship with the program.
func drivenBy(t *testing.T, mappingPath, logPath string) *replay.Replay {
	t.Helper()
	log := read(t, mappingPath, logPath)
	r, err := replay.New(log, book(t)...)
	require.NoError(t, err)
	require.NoError(t, r.Drive(t.Context(), nil))
	return r
}

// requireNoDifference computes every clock anew from its ticket's events: what was kept on the way is the same.
func requireNoDifference(t *testing.T, r *replay.Replay) {
	t.Helper()
	root := auditor(t)
	tickets := 0
	for inc, err := range r.Incidents().All(root, itsm.Query{Limit: 1000}) {
		require.NoError(t, err)
		found, err := r.Clocks().Check(root, inc.Ref())
		require.NoError(t, err)
		require.Empty(t, found)
		tickets++
	}
	require.Positive(t, tickets)
}

func TestServiceLevelsOfTheSample(t *testing.T) {
	r := drivenBy(t, "../../replay/sample.json", "../../replay/sample.xes")
	levels, err := r.ServiceLevels(t.Context())
	require.NoError(t, err)
	require.Len(t, levels.Attainment, 8)
	last := levels.Attainment[7]
	assert.Equal(t, replay.Attainment{Agreement: "support hours", Target: "resolution", Priority: 5, Met: 152, OpenLate: 3}, last)
	assert.EqualValues(t, 155, last.Tickets())
	assert.InDelta(t, 98.06, last.Percent(), 0.005, "what is open and late counts as late")
	require.Len(t, levels.Worst, 6)
	assert.Equal(t, "SD-240026", levels.Worst[0].Case)
	assert.Contains(t, levels.Explained, "support hours, resolution, cycle 1: running")
	requireNoDifference(t, r)
}

func TestServiceLevelsOfTwoYears(t *testing.T) {
	if testing.Short() {
		t.Skip("plays 65,533 events, and then their clocks")
	}
	r := drivenBy(t, "../../replay/volvo.json", volvo(t))
	levels, err := r.ServiceLevels(t.Context())
	require.NoError(t, err)
	var tickets, late int64
	for i := range levels.Attainment {
		if a := &levels.Attainment[i]; a.Target == "resolution" {
			tickets += a.Tickets()
			late += a.Late + a.OpenLate
		}
	}
	assert.EqualValues(t, 7553, tickets, "one was cancelled")
	assert.EqualValues(t, 564, late)
	require.Len(t, levels.Worst, 10)
	assert.Equal(t, "1-364285768", levels.Worst[0].Case)
	requireNoDifference(t, r)
}

func TestServiceLevelsNeedAnEnd(t *testing.T) {
	log := read(t, "../../replay/sample.json", "../../replay/sample.xes")
	r, err := replay.New(log, book(t)...)
	require.NoError(t, err)
	_, err = r.ServiceLevels(t.Context())
	require.ErrorContains(t, err, "come to its end")
}
