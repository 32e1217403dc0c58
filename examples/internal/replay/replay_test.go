package replay_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

const (
	sampleMap = "../../replay/sample.json"
	sampleLog = "../../replay/sample.xes"
	volvoMap  = "../../replay/volvo.json"
)

// volvo gives the path of a log that is not part of the project.
func volvo(tb testing.TB) string {
	folder := os.Getenv("ITSM_SHARED")
	if folder == "" {
		tb.Skip("set ITSM_SHARED to the folder that has data/bpi2013 to replay the real log")
	}
	path := filepath.Join(folder, "data", "bpi2013", "BPIC13_i.xes.gz")
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("the real log is not there: %v", err)
	}
	return path
}

func mapping(tb testing.TB, path string) *replay.Mapping {
	tb.Helper()
	file, err := os.Open(path)
	require.NoError(tb, err)
	defer file.Close()
	m, err := replay.ReadMapping(file)
	require.NoError(tb, err)
	return m
}

func read(tb testing.TB, mapPath, logPath string) *replay.Log {
	tb.Helper()
	file, err := os.Open(logPath)
	require.NoError(tb, err)
	defer file.Close()
	log, err := mapping(tb, mapPath).ReadLog(file, "")
	require.NoError(tb, err)
	return log
}

// desk is a mapping for the logs that tests write.
const desk = `{
	"format": "csv", "zone": "UTC", "csv": {"comma": ";", "layout": "02.01.2006 15:04"},
	"columns": {"case": "Case", "time": "At", "status": ["Status"], "group": "Team", "person": "Agent"},
	"status": {
		"Fresh": {"state": "new"}, "Queue": {"state": "assigned", "queue": true}, "Assigned": {"state": "assigned"},
		"Open": {"state": "in_progress"}, "Asked": {"state": "on_hold", "hold": "caller"}, "Ordered": {"state": "on_hold", "hold": "vendor"},
		"Done": {"state": "resolved"}, "Closed": {"state": "closed"}, "Dropped": {"state": "cancelled"}
	}
}`

// parse reads rows of case, time, status, team and agent.
func parse(tb testing.TB, rows string) *replay.Log {
	tb.Helper()
	m, err := replay.ReadMapping(strings.NewReader(desk))
	require.NoError(tb, err)
	log, err := m.ReadLog(strings.NewReader("Case;At;Status;Team;Agent\n"+strings.ReplaceAll(rows, "\t", "")), "test.csv")
	require.NoError(tb, err)
	return log
}

// auditor may read everything that a replay left and verify it.
func auditor(tb testing.TB) context.Context {
	return itsm.WithActor(tb.Context(), itsm.Actor{ID: "auditor", Tenant: replay.Tenant, Roles: []lifecycle.Role{itsm.Administrator}})
}

// figures drives a log to its end.
func figures(tb testing.TB, log *replay.Log) replay.Figures {
	tb.Helper()
	run, err := replay.New(log)
	require.NoError(tb, err)
	require.NoError(tb, run.Drive(tb.Context(), nil))
	f, err := run.Figures(tb.Context())
	require.NoError(tb, err)
	assertSteps(tb, f)
	return f
}

// assertSteps asserts what holds of every replay: no step is lost.
func assertSteps(tb testing.TB, f replay.Figures) {
	tb.Helper()
	refused := 0
	for _, kind := range f.Refused {
		assert.NotEmpty(tb, kind.Reasons, "%s → %s", kind.From, kind.To)
		refused += kind.Count
	}
	assert.Equal(tb, f.Steps, f.Accepted+f.Unchanged+refused, "every step was accepted, changed nothing, or was refused")
	assert.Equal(tb, f.Events-f.Cases, f.Steps)
}

// TestVolvo holds the figures of a real company's incidents, which others computed from the same file, to the last
// digit published.
func TestVolvo(t *testing.T) {
	if testing.Short() {
		t.Skip("plays 65,533 events")
	}
	f := figures(t, read(t, volvoMap, volvo(t)))

	assert.Equal(t, 7554, f.Cases)
	assert.Equal(t, 65533, f.Events)
	assert.Equal(t, 57979, f.Steps)
	assert.GreaterOrEqual(t, float64(f.Accepted+f.Unchanged), 0.99*float64(f.Steps))
	assert.Equal(t, 7933, f.Unchanged)
	assert.Empty(t, f.Refused, "whatever is refused has a line in docs/replay.md")

	assert.Equal(t, 514, f.ReopenedCases)
	assert.Equal(t, 580, f.Reopens)
	assert.Equal(t, 1258, f.PingPongCases)
	assert.Equal(t, 1177, f.PingPongDirectCases)
	assert.Equal(t, 9454, f.Handovers)

	assert.Equal(t, "12.0793", fmt.Sprintf("%.4f", f.MeanDays))
	assert.Equal(t, "7.5491", fmt.Sprintf("%.4f", f.MedianDays))
	assert.Equal(t, "22.5555", fmt.Sprintf("%.4f", f.P90Days))
	for status, share := range map[string]string{
		"Resolved": "31.41", "Wait - User": "21.16", "In Progress": "14.68", "Awaiting Assignment": "13.79",
	} {
		assert.Equal(t, share, fmt.Sprintf("%.2f", 100*f.TimeInStatus[status]), status)
	}
	assertWhole(t, f.TimeInStatus)
}

func TestSample(t *testing.T) {
	f := figures(t, read(t, sampleMap, sampleLog))

	assert.Equal(t, 360, f.Cases)
	assert.Equal(t, 1882, f.Events)
	assert.Equal(t, 1522, f.Steps)
	assert.Equal(t, 1465, f.Accepted)
	assert.Equal(t, 53, f.Unchanged)
	assert.Equal(t, []replay.Refused{{From: "Cancelled", To: "Working", Count: 4, Reasons: []string{"not_from_here"}}}, f.Refused)

	assert.Equal(t, 32, f.ReopenedCases)
	assert.Equal(t, 35, f.Reopens)
	assert.Equal(t, 16, f.PingPongCases)
	assert.Equal(t, 16, f.PingPongDirectCases)
	assert.Equal(t, 104, f.Handovers)
	assert.Equal(t, "2.7448 2.4046 5.0899", fmt.Sprintf("%.4f %.4f %.4f", f.MeanDays, f.MedianDays, f.P90Days))
	assert.InDelta(t, 0.7955, f.TimeInStatus["Solved"], 0.00005)
	assertWhole(t, f.TimeInStatus)
}

func assertWhole(t *testing.T, shares map[string]float64) {
	t.Helper()
	sum := 0.0
	for _, share := range shares {
		sum += share
	}
	assert.InDelta(t, 1, sum, 1e-9, "shares of the whole time")
}

// What a replay leaves behind is a desk like any other: every incident is what its events say.
func TestTheDeskVerifies(t *testing.T) {
	run, err := replay.New(read(t, sampleMap, sampleLog))
	require.NoError(t, err)
	var seen []int
	require.NoError(t, run.Drive(t.Context(), func(done, of int) { seen = append(seen, done, of) }))
	assert.Equal(t, []int{1024, 1882}, seen, "progress")
	incidents := 0
	for inc, err := range run.Incidents().All(auditor(t), itsm.Query{Limit: 1000}) {
		require.NoError(t, err)
		require.NoError(t, run.Incidents().Kernel().Verify(auditor(t), inc.Ref()))
		incidents++
	}
	assert.Equal(t, 360, incidents)
}

// A small log that can be counted by hand.
func TestFigures(t *testing.T) {
	f := figures(t, parse(t, `
		a;01.03.2025 00:00;Open;North;Ann
		a;02.03.2025 00:00;Open;North;Ann
		a;02.03.2025 12:00;Asked;South;Bob
		a;03.03.2025 00:00;Open;North;Ann
		a;05.03.2025 00:00;Done;North;Ann
		b;01.03.2025 00:00;Done;South;Bob
		b;02.03.2025 00:00;Open;South;Bob
		b;03.03.2025 00:00;Dropped;South;Bob
		b;04.03.2025 00:00;Open;West;Cid
		b;05.03.2025 00:00;Done;South;Bob
		c;01.03.2025 00:00;Queue;North;
	`))
	assert.Equal(t, replay.Figures{
		Cases: 3, Events: 11, Steps: 8,
		Accepted:  5,
		Unchanged: 1,
		Refused: []replay.Refused{
			{From: "Dropped", To: "Open", Count: 1, Reasons: []string{"not_from_here"}},
			{From: "Open", To: "Done", Count: 1, Reasons: []string{"not_from_here"}}, // it is still cancelled
		},
		ReopenedCases: 1, Reopens: 2, // the log's own, refused or not
		PingPongCases: 2, PingPongDirectCases: 2, Handovers: 4,
		MeanDays: 8.0 / 3, MedianDays: 4, P90Days: 4,
		TimeInStatus: map[string]float64{"Open": 5.5 / 8, "Asked": 0.5 / 8, "Done": 1.0 / 8, "Dropped": 1.0 / 8},
	}, f)
}

// What one step does to an incident.
func TestSteps(t *testing.T) {
	for name, test := range map[string]struct {
		log      string
		history  []string
		accepted int
	}{
		"taken from a queue": {"Queue;North;|Open;North;Ann",
			[]string{"incident.reported", "incident.assigned", "incident.started"}, 1},
		"back to another queue": {"Open;North;Ann|Queue;South;",
			[]string{"incident.reported", "incident.started", "incident.returned"}, 1},
		"from a person to the queue of the team": {"Assigned;North;Ann|Queue;North;",
			[]string{"incident.reported", "incident.assigned", "incident.started", "incident.returned"}, 1},
		"another team works on it": {"Open;North;Ann|Open;South;Bob",
			[]string{"incident.reported", "incident.started", "incident.reassigned", "incident.started"}, 1},
		"a wait ends": {"Open;North;Ann|Asked;North;Ann|Open;North;Ann",
			[]string{"incident.reported", "incident.started", "incident.held", "incident.resumed"}, 2},
		"a wait before the work ends with work": {"Asked;North;Ann|Open;North;Ann",
			[]string{"incident.reported", "incident.held", "incident.resumed", "incident.started"}, 1},
		"it waits for something else": {"Open;North;Ann|Asked;North;Ann|Ordered;North;Ann",
			[]string{"incident.reported", "incident.started", "incident.held", "incident.held"}, 2},
		"another team solves it": {"Open;North;Ann|Done;South;Bob",
			[]string{"incident.reported", "incident.started", "incident.reassigned", "incident.resolved"}, 1},
		"somebody else of the team solves it": {"Open;North;Ann|Done;North;Bob",
			[]string{"incident.reported", "incident.started", "incident.resolved"}, 1},
		"reopened": {"Done;North;Ann|Queue;South;",
			[]string{"incident.reported", "incident.resolved", "incident.reopened"}, 1},
		"closed unseen": {"Open;North;Ann|Closed;North;Ann",
			[]string{"incident.reported", "incident.started", "incident.resolved", "incident.closed"}, 1},
		"taken up again though closed": {"Closed;North;Ann|Open;South;Bob",
			[]string{"incident.reported", "incident.resolved", "incident.closed", "incident.replied_late"}, 1},
		"another team has the solved one": {"Done;North;Ann|Done;South;Bob",
			[]string{"incident.reported", "incident.resolved", "incident.noted"}, 1},
		"nothing changes": {"Open;North;Ann|Open;North;Ann",
			[]string{"incident.reported", "incident.started", "incident.noted"}, 0},
		"the log names nobody": {"Open;;|Open;;",
			[]string{"incident.reported", "incident.started", "incident.noted"}, 0},
		"no way": {"Dropped;North;Ann|Open;North;Ann",
			[]string{"incident.reported", "incident.cancelled", "incident.noted"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var rows strings.Builder
			for i, row := range strings.Split(test.log, "|") {
				fmt.Fprintf(&rows, "a;%02d.03.2025 09:30;%s\n", i+1, row)
			}
			run, err := replay.New(parse(t, rows.String()))
			require.NoError(t, err)
			require.NoError(t, run.Drive(t.Context(), nil))
			f, err := run.Figures(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.accepted, f.Accepted)

			entries, err := run.Incidents().History(auditor(t), "INC0000001", 0, 0)
			require.NoError(t, err)
			var history []string
			for _, entry := range entries {
				history = append(history, entry.Event)
			}
			assert.Equal(t, test.history, history)
		})
	}
}
