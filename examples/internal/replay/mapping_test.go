package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
)

// good is a mapping to which tests do harm.
const good = `{
	"format": "csv", "zone": "Europe/Vienna", "csv": {"comma": ";", "layout": "02.01.2006 15:04"},
	"columns": {"case": "Ticket", "time": "Changed", "status": ["Status", "Detail"], "group": "Team", "person": "Agent", "impact": "Impact"},
	"impact": {"1": "high", "2": "low"},
	"status": {"Open": {"state": "in_progress"}, "Open / Asked": {"state": "on_hold", "hold": "caller"}, "Done": {"state": "closed"}}
}`

func TestMappingsThatShip(t *testing.T) {
	for _, path := range []string{sampleMap, volvoMap} {
		m := mapping(t, path)
		assert.NotEmpty(t, m.Name, path)
	}
	_, err := replay.ReadMapping(strings.NewReader(good))
	require.NoError(t, err)
}

func TestMappingFaults(t *testing.T) {
	for name, test := range map[string]struct {
		was, is string // in the good mapping
		want    []string
	}{
		"no JSON":              {`{`, `status: open`, []string{"cannot be read (line 1)"}},
		"cut off":              {"\n}", "", []string{"cannot be read", "unexpected EOF"}},
		"broken in a line":     {`"impact": {"1"`, `"impact": {1`, []string{"(line 4)"}},
		"another type":         {`"1": "high"`, `"1": 1`, []string{"(line 4)"}},
		"something follows":    {"\n}", "\n} {}", []string{"something follows"}},
		"unknown member":       {`"format"`, `"formats"`, []string{`unknown field "formats"`}},
		"unknown inner member": {`"state": "closed"`, `"state": "closed", "force": true`, []string{`unknown field "force"`}},
		"format":               {`"csv", "zone"`, `"xml", "zone"`, []string{`format: "xml"`}},
		"csv options for xes":  {`"csv", "zone"`, `"xes", "zone"`, []string{"csv: the format is xes"}},
		"zone":                 {"Europe/Vienna", "Europe/Nowhere", []string{`zone: "Europe/Nowhere"`}},
		"zone of the machine":  {"Europe/Vienna", "Local", []string{`zone: "Local"`}},
		"comma":                {`";"`, `";;"`, []string{`comma: ";;"`}},
		"no case":              {`"case": "Ticket", `, ``, []string{"columns: case"}},
		"no time":              {`"time": "Changed", `, ``, []string{"columns: time"}},
		"no status column":     {`["Status", "Detail"]`, `[]`, []string{"columns: status"}},
		"empty status column":  {`"Detail"`, `""`, []string{"columns: status"}},
		"column twice":         {`"group": "Team"`, `"group": "Agent"`, []string{`columns: person: "Agent" is the group already`}},
		"no status":            {`"Open": {"state": "in_progress"}, "Open / Asked": {"state": "on_hold", "hold": "caller"}, "Done": {"state": "closed"}`, ``, []string{"status: give every status"}},
		"state":                {`"in_progress"`, `"working"`, []string{`status "Open": "working" is no state`}},
		"null":                 {`{"state": "in_progress"}`, `null`, []string{`status "Open": "" is no state`}},
		"no hold reason":       {`, "hold": "caller"`, ``, []string{`status "Open / Asked"`, "what it waits for"}},
		"unknown hold reason":  {`"caller"`, `"lunch"`, []string{`hold: "lunch"`}},
		"hold elsewhere":       {`"closed"`, `"closed", "hold": "vendor"`, []string{`status "Done": only the state on_hold`}},
		"queue elsewhere":      {`"closed"`, `"closed", "queue": true`, []string{`status "Done": only the state assigned`}},
		"code elsewhere":       {`"in_progress"`, `"in_progress", "code": "fixed"`, []string{`status "Open": only the states resolved and closed`}},
		"level":                {`"high"`, `"huge"`, []string{`impact "1": "huge" is no level`}},
		"empty level":          {`"high"`, `""`, []string{`impact "1": "" is no level`}},
		"levels without column": {
			`, "impact": "Impact"`, ``, []string{"impact: name the column"}},
		"every fault at once": {`"csv", "zone": "Europe/Vienna"`, `"ocel", "zone": "Mars"`, []string{`format: "ocel"`, `zone: "Mars"`}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, good, test.was)
			m, err := replay.ReadMapping(strings.NewReader(strings.Replace(good, test.was, test.is, 1)))
			require.Error(t, err)
			assert.Nil(t, m)
			for _, part := range test.want {
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

func TestMappingCannotBeRead(t *testing.T) {
	_, err := replay.ReadMapping(broken{})
	assert.ErrorContains(t, err, "the disk is gone")
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, fmt.Errorf("the disk is gone") }

// A mapping that was taken is one that can be written and read again, with the same meaning.
func FuzzMapping(f *testing.F) {
	f.Add([]byte(good))
	for _, path := range []string{sampleMap, volvoMap} {
		text, err := os.ReadFile(path)
		require.NoError(f, err)
		f.Add(text)
	}
	f.Add([]byte(`{"format": "xes", "columns": {"case": "c", "time": "t", "status": ["s"]}, "status": {"x": {"state": "new"}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := replay.ReadMapping(bytes.NewReader(text))
		if err != nil {
			assert.Nil(t, m)
			return
		}
		assert.NotEmpty(t, m.Status)
		once, err := json.Marshal(m)
		require.NoError(t, err)
		again, err := replay.ReadMapping(bytes.NewReader(once))
		require.NoError(t, err, "%s", once)
		twice, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, string(once), string(twice))
	})
}
