package eventlog_test

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"io"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/eventlog"
)

// shared gives a file of the real logs, which are not part of the project.
func shared(tb testing.TB, name string) string {
	folder := os.Getenv("ITSM_SHARED")
	if folder == "" {
		tb.Skip("set ITSM_SHARED to the folder that has data/bpi2013 to read the real logs")
	}
	path := filepath.Join(folder, "data", "bpi2013", name)
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("the real log is not there: %v", err)
	}
	return path
}

func TestRealIncidents(t *testing.T) {
	file, err := os.Open(shared(t, "BPIC13_i.xes.gz"))
	require.NoError(t, err)
	defer file.Close()
	log, err := eventlog.ReadXES(file, eventlog.XES{})
	require.NoError(t, err)

	assert.Equal(t, "1.0", log.Header.Version)
	assert.Len(t, log.Header.Extensions, 4)
	assert.Len(t, log.Header.EventGlobals, 11)
	assert.Equal(t, "UNKNOWN", log.Header.TraceGlobals.Text(eventlog.ConceptName))
	assert.Equal(t, eventlog.Classifier{Name: "Activity classifier", Scope: "event",
		Keys: []string{"concept:name", "lifecycle:transition"}}, log.Header.Classifiers[0])

	traces, events := 0, 0
	status, impact := map[string]int{}, map[string]int{}
	for trace, err := range log.Traces() {
		require.NoError(t, err)
		traces++
		events += len(trace.Events)
		impact[trace.Events[0].Text("impact")]++
		for i, event := range trace.Events {
			status[event.Text(eventlog.LifecycleTransition)]++
			at, ok := event.Time(eventlog.TimeTimestamp)
			require.True(t, ok)
			if i > 0 {
				before, _ := trace.Events[i-1].Time(eventlog.TimeTimestamp)
				require.False(t, at.Before(before), trace.Name())
			}
		}
	}
	assert.Equal(t, 7554, traces)
	assert.Equal(t, 65533, events)
	assert.Equal(t, map[string]int{"In Progress": 30239, "Awaiting Assignment": 11544, "Resolved": 6115, "Closed": 5716,
		"Wait - User": 4217, "Assigned": 3221, "In Call": 2035, "Wait": 1533, "Wait - Implementation": 493,
		"Wait - Vendor": 313, "Wait - Customer": 101, "Unmatched": 5, "Cancelled": 1}, status)
	assert.Equal(t, map[string]int{"Medium": 4045, "Low": 3245, "High": 261, "Major": 3}, impact)
}

// TestRealIncidentsAreWrittenAndReadBack keeps a real log, whose keys the schema refuses, as it is.
func TestRealIncidentsAreWrittenAndReadBack(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 65,533 events and reads them back")
	}
	read := func(r io.Reader) *eventlog.Log {
		log, err := eventlog.ReadXES(r, eventlog.XES{})
		require.NoError(t, err)
		return log
	}
	open := func() *eventlog.Log {
		file, err := os.Open(shared(t, "BPIC13_i.xes.gz"))
		require.NoError(t, err)
		t.Cleanup(func() { _ = file.Close() })
		return read(file)
	}
	var copied bytes.Buffer
	log := open()
	require.NoError(t, eventlog.WriteXES(&copied, log.Header, log.Traces(), eventlog.XESOutput{AnyKey: true, Gzip: true}))
	was, is := open(), read(&copied)
	assert.Equal(t, was.Header, is.Header)
	next, stop := iter.Pull2(is.Traces())
	defer stop()
	traces := 0
	for trace, err := range was.Traces() {
		require.NoError(t, err)
		again, err, ok := next()
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, trace, again)
		traces++
	}
	assert.Equal(t, 7554, traces)
}

func TestRealProblems(t *testing.T) {
	file, err := os.Open(shared(t, "BPIC13_cp.xes.gz"))
	require.NoError(t, err)
	defer file.Close()
	log, err := eventlog.ReadXES(file, eventlog.XES{})
	require.NoError(t, err)
	cases, events := map[string]bool{}, 0
	for entry, err := range log.Events() {
		require.NoError(t, err)
		cases[entry.Case] = true
		events++
	}
	assert.Len(t, cases, 1487)
	assert.Equal(t, 6660, events)
}

// BenchmarkReal reads the real incident log: packed, unpacked, and its tokens alone beside encoding/xml.
func BenchmarkReal(b *testing.B) {
	packed, err := os.ReadFile(shared(b, "BPIC13_i.xes.gz"))
	require.NoError(b, err)
	unpack, err := gzip.NewReader(bytes.NewReader(packed))
	require.NoError(b, err)
	plain, err := io.ReadAll(unpack)
	require.NoError(b, err)

	for _, source := range []struct {
		name string
		data []byte
	}{{"gzip", packed}, {"plain", plain}} {
		b.Run(source.name, func(b *testing.B) {
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				log, err := eventlog.ReadXES(bytes.NewReader(source.data), eventlog.XES{})
				require.NoError(b, err)
				traces := 0
				for _, err := range log.Traces() {
					require.NoError(b, err)
					traces++
				}
				require.Equal(b, 7554, traces)
			}
		})
	}
	b.Run("encoding/xml tokens only", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		b.ReportAllocs()
		for b.Loop() {
			tokens := xml.NewDecoder(bytes.NewReader(plain))
			for {
				if _, err := tokens.Token(); err == io.EOF {
					break
				} else {
					require.NoError(b, err)
				}
			}
		}
	})
}
