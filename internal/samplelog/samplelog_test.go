package samplelog_test

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/internal/samplelog"
)

const committed = "../../examples/replay/sample.xes"

func TestTheCommittedLogIsWhatTheGeneratorWrites(t *testing.T) {
	var made bytes.Buffer
	require.NoError(t, samplelog.Write(&made, samplelog.Seed, samplelog.Incidents))
	want, err := os.ReadFile(committed)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want, made.Bytes()), "%s is not current; run go generate ./internal/samplelog", committed)
	assert.LessOrEqual(t, len(want), 600_000)

	var other bytes.Buffer
	require.NoError(t, samplelog.Write(&other, samplelog.Seed+1, samplelog.Incidents))
	assert.NotEqual(t, made.Bytes(), other.Bytes())
}

func TestTheCommittedLogReadsBackAsGenerated(t *testing.T) {
	want, err := samplelog.Generate(samplelog.Seed, samplelog.Incidents)
	require.NoError(t, err)
	file, err := os.Open(committed)
	require.NoError(t, err)
	defer file.Close()
	log, err := eventlog.ReadXES(file, eventlog.XES{})
	require.NoError(t, err)
	i := 0
	for trace, err := range log.Traces() {
		require.NoError(t, err)
		assert.Equal(t, want[i].Name(), trace.Name())
		require.Len(t, trace.Events, len(want[i].Events), trace.Name())
		for j, event := range trace.Events {
			for k, a := range event.Attributes {
				assert.Equal(t, want[i].Events[j].Attributes[k].Key, a.Key)
				assert.Equal(t, want[i].Events[j].Attributes[k].Text(), a.Text())
			}
		}
		i++
	}
	assert.Len(t, want, i)
}

func TestTheCommittedLogHasWhatReplayMustMaster(t *testing.T) {
	traces, err := samplelog.Generate(samplelog.Seed, samplelog.Incidents)
	require.NoError(t, err)
	type pair struct{ from, to string }
	pairs := map[pair]int{}
	offsets := map[int]int{}
	reopened, returned := 0, 0
	repeated := map[string]int{} // events in the hour that occurs twice, by offset
	for _, trace := range traces {
		var last time.Time
		var teams []string
		again, back := false, false
		for i, event := range trace.Events {
			at, ok := event.Time(eventlog.TimeTimestamp)
			require.True(t, ok)
			require.False(t, at.Before(last), "%s is in order", trace.Name())
			last = at
			_, offset := at.Zone()
			offsets[offset/3600]++
			if local := at.Format("2006-01-02 15"); local == "2024-10-27 02" {
				repeated[at.Format("-07")]++
			}
			if i > 0 {
				step := pair{trace.Events[i-1].Text(eventlog.ConceptName), event.Text(eventlog.ConceptName)}
				pairs[step]++
				again = again || step.from == "Solved" && step.to != "Closed"
			}
			team := event.Text(eventlog.OrgGroup)
			if n := len(teams); n == 0 || teams[n-1] != team {
				for _, former := range teams {
					back = back || former == team
				}
				teams = append(teams, team)
			}
		}
		if again {
			reopened++
		}
		if back {
			returned++
		}
	}
	assert.InDelta(t, 0.07, float64(reopened)/samplelog.Incidents, 0.01, "share reopened")
	assert.Greater(t, returned, 10, "teams to which an incident returned")
	assert.Greater(t, pairs[pair{"Working", "Working"}], 20, "progress notes")
	for _, odd := range []pair{{"Closed", "Working"}, {"Cancelled", "Working"}, {"New", "Closed"}, {"Waiting for vendor", "Closed"}, {"Solved", "Waiting for user"}} {
		assert.Positive(t, pairs[odd], "odd jump %v", odd)
	}
	for _, wait := range []string{"Waiting for user", "Waiting for vendor", "Waiting for change"} {
		assert.Positive(t, pairs[pair{"Working", wait}], wait)
	}
	assert.Len(t, offsets, 2, "summer and winter time")
	assert.Len(t, repeated, 2, "both of the hours that look alike: %v", repeated)
}

func TestTooFewIncidentsAreRefused(t *testing.T) {
	_, err := samplelog.Generate(samplelog.Seed, 2)
	require.ErrorContains(t, err, "ask for 3 or more")
}
