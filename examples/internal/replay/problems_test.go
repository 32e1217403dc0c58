package replay_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/problem"
)

// closedProblems gives the path of a log that is not part of the project.
func closedProblems(tb testing.TB) string {
	folder := os.Getenv("ITSM_SHARED")
	if folder == "" {
		tb.Skip("set ITSM_SHARED to the folder that has data/bpi2013 to replay the real log")
	}
	path := filepath.Join(folder, "data", "bpi2013", "BPIC13_cp.xes.gz")
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("the real log is not there: %v", err)
	}
	return path
}

// TestVolvoProblems plays the closed problems of a real company. The ten steps that are refused are all of three cases that
// go on after the log cancelled them, which docs/replay.md tells.
func TestVolvoProblems(t *testing.T) {
	run, err := replay.New(read(t, "../../replay/problems.json", closedProblems(t)))
	require.NoError(t, err)
	require.NoError(t, run.Drive(t.Context(), nil))
	f, err := run.Figures(t.Context())
	require.NoError(t, err)
	assertSteps(t, f)

	assert.Equal(t, 1487, f.Cases)
	assert.Equal(t, 6660, f.Events)
	assert.GreaterOrEqual(t, float64(f.Accepted+f.Unchanged), 0.99*float64(f.Steps))
	refused := 0
	for _, kind := range f.Refused {
		refused += kind.Count
		assert.Equal(t, []string{"not_from_here"}, kind.Reasons, "%s → %s", kind.From, kind.To)
	}
	assert.Equal(t, 10, refused)
	assert.Equal(t, "178.8849 82.0222", fmt.Sprintf("%.4f %.4f", f.MeanDays, f.MedianDays))

	states := map[string]int{}
	for rec, err := range records(t, run) {
		require.NoError(t, err)
		states[string(rec.Header().State)]++
		require.NoError(t, run.Kernel().Verify(auditor(t), rec.Header().Ref()))
		is, err := run.Kernel().At(auditor(t), rec.Header().Ref(), rec.Header().Version)
		require.NoError(t, err)
		require.Equal(t, rec, is, "it is the fold of its events")
	}
	assert.Equal(t, map[string]int{"closed": 1484, "cancelled": 3}, states)
}

// records are the problems that a replay left.
func records(tb testing.TB, run *replay.Replay) func(yield func(itsm.Record, error) bool) {
	return func(yield func(itsm.Record, error) bool) {
		q := itsm.Query{Limit: 1000}
		for {
			page, err := run.Kernel().List(auditor(tb), problem.Kind, q)
			for _, rec := range page.Records {
				if !yield(rec, err) {
					return
				}
			}
			if q.Cursor = page.Next; err != nil || q.Cursor == "" {
				return
			}
		}
	}
}

// closing is a mapping for the logs of problems that tests write.
const closing = `{
	"practice": "problem", "format": "csv", "zone": "UTC", "csv": {"comma": ";", "layout": "02.01.2006 15:04"},
	"columns": {"case": "Case", "time": "At", "status": ["Status"], "group": "Team", "person": "Agent"},
	"status": {
		"Fresh": {"state": "new"}, "Queue": {"state": "assessed", "queue": true}, "Owned": {"state": "assessed"},
		"Search": {"state": "root_cause_analysis"}, "Wait": {"state": "on_hold"},
		"Done": {"state": "resolved", "outcome": "no_cause_found"}, "Closed": {"state": "closed", "outcome": "fix_applied"},
		"Dropped": {"state": "cancelled"}
	}
}`

// What each step of a log of problems does.
func TestStepsOfProblems(t *testing.T) {
	for name, test := range map[string]struct {
		log     string
		history []string
		state   string
		refused int
	}{
		"it waits unassessed": {"Queue;North;|Queue;South;", []string{"problem.reported", "problem.noted"}, "new", 0},
		"taken from a queue":  {"Queue;North;|Search;North;Ann", []string{"problem.reported", "problem.analysis_started"}, "root_cause_analysis", 0},
		"assessed":            {"Fresh;North;|Owned;North;Ann", []string{"problem.reported", "problem.assessed"}, "assessed", 0},
		"back to a queue": {"Search;North;Ann|Queue;South;",
			[]string{"problem.reported", "problem.analysis_started", "problem.returned"}, "assessed", 0},
		"another team searches": {"Search;North;Ann|Search;South;Bob",
			[]string{"problem.reported", "problem.analysis_started", "problem.reassigned", "problem.analysis_started"}, "root_cause_analysis", 0},
		"a wait and its end": {"Search;North;Ann|Wait;North;Ann|Search;North;Ann",
			[]string{"problem.reported", "problem.analysis_started", "problem.held", "problem.resumed"}, "root_cause_analysis", 0},
		"closed unseen": {"Queue;North;|Closed;North;Ann",
			[]string{"problem.reported", "problem.analysis_started", "problem.resolved", "problem.completed"}, "closed", 0},
		"closed from a wait": {"Search;North;Ann|Wait;North;Ann|Closed;North;Ann",
			[]string{"problem.reported", "problem.analysis_started", "problem.held", "problem.resumed", "problem.resolved", "problem.completed"}, "closed", 0},
		"taken up again": {"Closed;North;Ann|Search;North;Bob",
			[]string{"problem.reported", "problem.analysis_started", "problem.resolved", "problem.completed", "problem.reanalysed"}, "root_cause_analysis", 0},
		"no way": {"Dropped;North;Ann|Search;North;Ann", []string{"problem.reported", "problem.cancelled", "problem.noted"}, "cancelled", 1},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := replay.ReadMapping(strings.NewReader(closing))
			require.NoError(t, err)
			var rows strings.Builder
			for i, row := range strings.Split(test.log, "|") {
				fmt.Fprintf(&rows, "a;%02d.03.2025 09:30;%s\n", i+1, row)
			}
			log, err := m.ReadLog(strings.NewReader("Case;At;Status;Team;Agent\n"+rows.String()), "test.csv")
			require.NoError(t, err)
			run, err := replay.New(log)
			require.NoError(t, err)
			require.NoError(t, run.Drive(t.Context(), nil))
			f, err := run.Figures(t.Context())
			require.NoError(t, err)
			assertSteps(t, f)
			refused := 0
			for _, kind := range f.Refused {
				refused += kind.Count
			}
			assert.Equal(t, test.refused, refused)
			ref := itsm.Ref{Kind: problem.Kind, ID: "PRB0000001"}
			entries, err := run.Kernel().History(auditor(t), ref, 0, 0)
			require.NoError(t, err)
			var history []string
			for _, entry := range entries {
				history = append(history, entry.Event)
			}
			assert.Equal(t, test.history, history)
			rec, err := run.Kernel().Get(auditor(t), ref)
			require.NoError(t, err)
			assert.Equal(t, test.state, string(rec.Header().State))
		})
	}
}

func TestMappingsOfProblems(t *testing.T) {
	for from, to := range map[string]string{
		`"practice": "problem"`:                         `"practice": "poem"`,
		`"Wait": {"state": "on_hold"}`:                  `"Wait": {"state": "on_hold", "hold": "caller"}`,
		`"Queue": {"state": "assessed", "queue": true}`: `"Queue": {"state": "new", "queue": true}`,
		`"Search": {"state": "root_cause_analysis"}`:    `"Search": {"state": "in_progress"}`,
		`"outcome": "fix_applied"`:                      `"outcome": "risk_accepted"`,
		`"Dropped": {"state": "cancelled"}`:             `"Dropped": {"state": "cancelled", "outcome": "fix_applied"}`,
	} {
		require.Contains(t, closing, from)
		_, err := replay.ReadMapping(strings.NewReader(strings.ReplaceAll(closing, from, to)))
		require.Error(t, err, to)
	}
}
