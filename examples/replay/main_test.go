package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// call runs the program and answers its exit code and what it printed.
func call(t *testing.T, ctx context.Context, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestReplay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.json")
	code, stdout, stderr := call(t, t.Context(), "-map", "sample.json", "-json", path, "sample.xes")
	require.Zero(t, code, stderr)
	assert.Empty(t, stderr, "progress is for terminals")
	for _, line := range []string{
		"cases                    360\n",
		"  refused                4 (0.26 %)\n",
		"    Cancelled → Working  4: not_from_here\n",
		"reopened                 32 cases (8.89 %), 35 times\n",
		"days                     mean 2.7448, median 2.4046, p90 5.0899\n",
		"  Solved                  79.55 %\n",
	} {
		assert.Contains(t, stdout, line)
	}

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var figures map[string]any
	require.NoError(t, json.Unmarshal(text, &figures))
	assert.ElementsMatch(t, []string{
		"cases", "events", "steps", "accepted", "unchanged", "refused", "reopened_cases", "reopens", "pingpong_cases",
		"pingpong_direct_cases", "handovers", "mean_days", "median_days", "p90_days", "time_in_status", "seconds",
	}, slices.Collect(maps.Keys(figures)))
	assert.Equal(t, []any{map[string]any{"from": "Cancelled", "to": "Working", "count": 4.0, "reasons": []any{"not_from_here"}}}, figures["refused"])
	seconds := figures["seconds"].(map[string]any)
	assert.Positive(t, seconds["parse"])
	assert.Positive(t, seconds["replay"])
}

// A log of problems is played with a mapping of its own, and the flag must agree with it.
func TestReplayOfProblems(t *testing.T) {
	folder := t.TempDir()
	mapping, log := filepath.Join(folder, "problems.json"), filepath.Join(folder, "problems.csv")
	require.NoError(t, os.WriteFile(mapping, []byte(`{
		"practice": "problem", "format": "csv", "zone": "UTC", "csv": {"layout": "2006-01-02 15:04"},
		"columns": {"case": "case", "time": "at", "status": ["status"], "group": "team", "person": "agent"},
		"status": {"Open": {"state": "root_cause_analysis"}, "Closed": {"state": "closed", "outcome": "no_cause_found"}}
	}`), 0o600))
	require.NoError(t, os.WriteFile(log, []byte("case,at,status,team,agent\na,2025-03-01 09:00,Open,North,Ann\na,2025-03-03 09:00,Closed,North,Ann\n"), 0o600))
	store := filepath.Join(folder, "desk.db")
	for _, again := range []bool{false, true} {
		code, stdout, stderr := call(t, t.Context(), "-practice", "problem", "-map", mapping, "-store", store, log)
		require.Zero(t, code, stderr)
		assert.Contains(t, stdout, "mean 2.0000")
		assert.Equal(t, again, strings.Contains(stdout, "nothing was written"))
	}
	code, _, stderr := call(t, t.Context(), "-practice", "incident", "-map", mapping, log)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, `of the practice "problem", not "incident"`)
}

func TestReplayWithAgreements(t *testing.T) {
	code, stdout, stderr := call(t, t.Context(), "-map", "sample.json", "-sla", "sla.json", "sample.xes")
	require.Zero(t, code, stderr)
	for _, line := range []string{
		"days                     mean 2.7448, median 2.4046, p90 5.0899\n", // as without agreements
		"          target  priority  tickets  met  late  open in time  open and late   percent\n",
		"      resolution        P3       13   12     0             0              1   92.31 %\n",
		"the 6 worst, in working time\n",
		"  SD-240026  INC0000026  resolution        P4  running  1730h41m23s  1835h41m23s  105h0m0s   1748 %\n",
		"support hours, resolution, cycle 1: running, 1835h41m23s of 105h0m0s used (1748 %)",
		"asked in ",
	} {
		assert.Contains(t, stdout, line)
	}

	empty := filepath.Join(t.TempDir(), "empty.json")
	require.NoError(t, os.WriteFile(empty, []byte(`{"agreements": []}`), 0o600))
	for path, says := range map[string]string{"gone.json": "gone.json", "sample.json": "unknown field", empty: "there is no agreement in it"} {
		code, stdout, stderr = call(t, t.Context(), "-map", "sample.json", "-sla", path, "sample.xes")
		assert.Equal(t, 1, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, says)
	}
}

// Whatever is wrong: one line that says where, exit code 1, and nothing that looks like a result.
func TestFailures(t *testing.T) {
	sample, err := os.ReadFile("sample.xes")
	require.NoError(t, err)
	mapping, err := os.ReadFile("sample.json")
	require.NoError(t, err)
	put := func(text []byte, was, is string) []byte {
		require.Contains(t, string(text), was)
		return bytes.Replace(text, []byte(was), []byte(is), 1)
	}
	for name, test := range map[string]struct {
		mapping, log []byte
		want         string
	}{
		"truncated":       {mapping, sample[:len(sample)/2], "log.xes:1492: trace 178, event 1: the file ends"},
		"not XML":         {mapping, []byte("PK\x03\x04"), "log.xes:1: "},
		"wrongly encoded": {mapping, put(sample, "R&amp;D", "R\xe4D"), "log.xes:"},
		"empty":           {mapping, nil, "log.xes: the file is empty"},
		"missing column":  {put(mapping, "org:group", "team"), sample, `log.xes: no event has a "team"`},
		"unmapped status": {put(mapping, `"Closed": {`, `"Shut": {`), sample, `log.xes: trace 1, event 5: status "Closed" is not in the mapping`},
		"unreadable time": {mapping, put(sample, "2024-09-16T12:34:13", "2024-09-31T12:34:13"), "log.xes:23: trace 1, event 2: "},
		"broken mapping":  {put(mapping, `"format"`, `"form"`), sample, `map.json: the mapping cannot be read: json: unknown field "form"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile("map.json", test.mapping, 0o600))
			require.NoError(t, os.WriteFile("log.xes", test.log, 0o600))
			code, stdout, stderr := call(t, t.Context(), "-map", "map.json", "-json", "figures.json", "log.xes")
			assert.Equal(t, 1, code)
			assert.Empty(t, stdout)
			assert.True(t, strings.HasPrefix(stderr, "replay: "+test.want), stderr)
			assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
			assert.NoFileExists(t, "figures.json")
		})
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	for _, args := range [][]string{
		{"-map", "gone.json", "sample.xes"},
		{"-map", "sample.json", "gone.xes"},
		{"-map", "sample.json", "-json", filepath.Join(t.TempDir(), "gone", "figures.json"), "sample.xes"},
	} {
		code, stdout, stderr := call(t, t.Context(), args...)
		assert.Equal(t, 1, code, args)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "gone")
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, stdout, stderr := call(t, ctx, "-map", "sample.json", "sample.xes")
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "case SD-240001, event of 2024-09-16T10:15:20Z")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"sample.xes"}, {"-map", "sample.json"}, {"-map", "sample.json", "a", "b"}, {"-force"}} {
		code, _, stderr := call(t, t.Context(), args...)
		assert.Equal(t, 2, code, args)
		assert.Contains(t, stderr, "usage: replay [-practice PRACTICE] -map MAPPING")
	}
}

// A replay that is given again writes nothing, and its figures are the same.
func TestReplayTwiceIntoOneFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "desk.db")
	figures := func(args ...string) map[string]any {
		path := filepath.Join(t.TempDir(), "figures.json")
		code, stdout, stderr := call(t, t.Context(), append([]string{"-map", "sample.json", "-json", path}, args...)...)
		require.Zero(t, code, stderr)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		var figures map[string]any
		require.NoError(t, json.Unmarshal(text, &figures))
		if figures["before"] != nil {
			assert.Contains(t, stdout, "were in this store already: nothing was written\n")
			assert.Equal(t, figures["events"], figures["before"])
		}
		for _, name := range []string{"seconds", "before", "accepted", "unchanged", "refused"} {
			delete(figures, name)
		}
		return figures
	}
	first := figures("-store", file, "sample.xes")
	size := sizes(t, file)
	assert.Equal(t, first, figures("-store", file, "sample.xes"))
	assert.Equal(t, size, sizes(t, file), "the second replay wrote something")
	assert.Equal(t, first, figures("sample.xes"), "a file and memory hold the same")
}

// sizes is how many rows each table has.
func sizes(t *testing.T, file string) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file)
	require.NoError(t, err)
	defer db.Close()
	count := map[string]int{}
	for _, table := range []string{"record_incident", "itsm_event", "itsm_row", "itsm_number"} {
		n := 0
		require.NoError(t, db.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
		count[table] = n
	}
	require.Positive(t, count["itsm_event"])
	return count
}
