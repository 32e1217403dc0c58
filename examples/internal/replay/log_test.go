package replay_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/examples/internal/replay"
)

// xes is a log under the mapping of the sample, to which tests do harm.
const xes = `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0">
	<trace>
		<string key="concept:name" value="SD-1"/>
		<event><date key="time:timestamp" value="2025-03-03T09:00:00+01:00"/><string key="concept:name" value="Working"/><string key="org:group" value="North"/><string key="org:resource" value="Ann"/><string key="impact" value="Low"/><string key="product" value="Mail"/></event>
		<event><date key="time:timestamp" value="2025-03-03T10:00:00+01:00"/><string key="concept:name" value="Solved"/></event>
	</trace>
</log>`

func TestLogFaults(t *testing.T) {
	for name, test := range map[string]struct {
		was, is string // in the good log; "" replaces it whole
		code    eventlog.Code
		want    string
	}{
		"empty":              {"", "", eventlog.CodeEmpty, "log.xes: the file is empty"},
		"not XML":            {"", "Case;At\n1;2", eventlog.CodeNotXML, "log.xes:1: "},
		"other XML":          {"", "<html/>", eventlog.CodeNotLog, "log.xes:1: "},
		"no events":          {"", "<log></log>", eventlog.CodeEmpty, "log.xes: the log has no events"},
		"cut off":            {"</trace>\n</log>", "", eventlog.CodeTruncated, "log.xes:7: trace 1"},
		"wrongly encoded":    {"Ann", "Ren\xe9", eventlog.CodeEncoding, "log.xes:5: trace 1, event 1: "},
		"unreadable time":    {"2025-03-03T10:00:00+01:00", "3 March", eventlog.CodeTime, "log.xes:6: trace 1, event 2: "},
		"no zone":            {"T10:00:00+01:00", "T10:00:00", eventlog.CodeNoZone, "log.xes:6: trace 1, event 2: "},
		"a time of no clock": {"2025-03-03T10", "1025-03-03T10", eventlog.CodeTime, "log.xes: trace 1, event 2: the event has no date"},
		"time is no date":    {`<date key="time:timestamp" value="2025-03-03T10:00:00+01:00"/>`, `<string key="time:timestamp" value="noon"/>`, eventlog.CodeTime, "log.xes: trace 1, event 2: the event has no date"},
		"unmapped status":    {"Solved", "Forgotten", eventlog.CodeValue, `log.xes: trace 1, event 2: status "Forgotten" is not in the mapping, which has "Assigned", "Cancelled"`},
		"unmapped impact":    {`"Low"`, `"Tiny"`, eventlog.CodeValue, `log.xes: trace 1, event 1: impact "Tiny" is not in the mapping`},
		"no status":          {`<string key="concept:name" value="Solved"/>`, ``, eventlog.CodeColumn, `log.xes: trace 1, event 2: the event has no "concept:name"`},
		"no case":            {`<string key="concept:name" value="SD-1"/>`, ``, eventlog.CodeColumn, `log.xes: trace 1: the trace has no attribute "concept:name"`},
		"missing column":     {`"org:group"`, `"org:team"`, eventlog.CodeColumn, `log.xes: no event has a "org:group", which the mapping names for the group`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, xes, test.was)
			text := test.is
			if test.was != "" {
				text = strings.Replace(xes, test.was, test.is, 1)
			}
			log, err := mapping(t, sampleMap).ReadLog(strings.NewReader(text), "log.xes")
			assertFault(t, log, err, test.code, test.want)
		})
	}
}

func TestTruncatedArchive(t *testing.T) {
	packed, err := os.ReadFile(sampleLog)
	require.NoError(t, err)
	var archive bytes.Buffer
	w := gzip.NewWriter(&archive)
	_, err = w.Write(packed)
	require.NoError(t, err)
	require.NoError(t, w.Close())

	m := mapping(t, sampleMap)
	whole, err := m.ReadLog(bytes.NewReader(archive.Bytes()), "")
	require.NoError(t, err)
	assert.Equal(t, 1882, whole.Events())
	log, err := m.ReadLog(bytes.NewReader(archive.Bytes()[:archive.Len()/2]), "log.xes.gz")
	assertFault(t, log, err, eventlog.CodeTruncated, "log.xes.gz:")
}

func TestTableFaults(t *testing.T) {
	const head = "Case;At;Status;Team;Agent\n"
	for name, test := range map[string]struct {
		text string
		code eventlog.Code
		want string
	}{
		"empty":           {"", eventlog.CodeEmpty, "log.csv: the file is empty"},
		"only names":      {head, eventlog.CodeEmpty, "log.csv: the log has no events"},
		"missing column":  {"Case;At;Status;Team\n", eventlog.CodeColumn, `log.csv:1: column "Agent" is missing`},
		"unreadable time": {head + "a;01.03.2025 09:00;Open;;\na;noon;Open;;\n", eventlog.CodeTime, "log.csv:3: event 2: "},
		"unmapped status": {head + "a;01.03.2025 09:00;Open;;\na;01.03.2025 10:00;Lost;;\n", eventlog.CodeValue, `log.csv: event 2: status "Lost" is not in the mapping`},
		"no status":       {head + "a;01.03.2025 09:00;;;\n", eventlog.CodeColumn, `log.csv: event 1: the event has no "Status"`},
		"wrongly encoded": {head + "a;01.03.2025 09:00;Open;S\xfcd;\n", eventlog.CodeEncoding, "log.csv:2: event 1: "},
		"cut off":         {head + "a;01.03.2025 09:00;Op", eventlog.CodeRagged, "log.csv:2: event 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := replay.ReadMapping(strings.NewReader(desk))
			require.NoError(t, err)
			log, err := m.ReadLog(strings.NewReader(test.text), "log.csv")
			assertFault(t, log, err, test.code, test.want)
		})
	}
}

func assertFault(t *testing.T, log *replay.Log, err error, code eventlog.Code, want string) {
	t.Helper()
	var fault *eventlog.Error
	require.ErrorAs(t, err, &fault)
	assert.Equal(t, code, fault.Code)
	assert.ErrorContains(t, err, want)
	assert.Nil(t, log, "a log that was not read whole is none")
}

// A status may be told by several columns, times by a wall clock, and rows may stand in any order.
func TestTableOfAnotherDesk(t *testing.T) {
	m, err := replay.ReadMapping(strings.NewReader(good))
	require.NoError(t, err)
	log, err := m.ReadLog(strings.NewReader(`Ticket;Changed;Status;Detail;Team;Agent;Impact
T2;30.03.2025 04:00;Done;;Nord;Ann;1
T1;30.03.2025 01:00;Open;;Nord;Ann;2
T2;30.03.2025 01:30;Open;Asked;Nord;Ann;2
`), "")
	require.NoError(t, err)
	assert.Equal(t, []string{"T2", "T1"}, log.Cases)
	f := figures(t, log)
	assert.InDelta(t, 1.5/24/2, f.MeanDays, 1e-9, "half past one to four, in the night without two o'clock")
	assert.Equal(t, map[string]float64{"Open / Asked": 1}, f.TimeInStatus)
}
