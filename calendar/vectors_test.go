package calendar_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	_ "time/tzdata" // vectors name zones that a machine may not know

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVectorFiles runs the files that ITSM_VECTORS names, separated by colons, else those in $ITSM_SHARED/vectors. The last
// line it prints is the count, whatever happened before.
func TestVectorFiles(t *testing.T) {
	count := tally{logf: t.Logf, errorf: t.Errorf}
	count.files(vectorFiles(t))
	fmt.Println(&count)
}

func vectorFiles(t *testing.T) []string {
	if list := os.Getenv("ITSM_VECTORS"); list != "" {
		return filepath.SplitList(list)
	}
	shared := os.Getenv("ITSM_SHARED")
	if shared == "" {
		t.Skip("no vector files: set ITSM_VECTORS to file1:file2 or ITSM_SHARED to the folder that has vectors/")
	}
	return []string{filepath.Join(shared, "vectors")}
}

// tally judges cases and counts them.
type tally struct {
	logf, errorf                  func(format string, args ...any)
	passed, failed, idiosyncratic int
	calendars                     map[string]*calendar.Calendar
}

func (c *tally) String() string {
	return fmt.Sprintf("vectors: %d passed, %d failed, %d idiosyncratic", c.passed, c.failed, c.idiosyncratic)
}

func (c *tally) fail(format string, args ...any) {
	c.failed++
	c.errorf(format, args...)
}

// files judges all cases of the files, and of the files in folders. One that cannot be read is a failure.
func (c *tally) files(paths []string) {
	for _, path := range paths {
		cases, err := readVectors(path)
		if err != nil {
			c.fail("%s: %v", path, err)
		}
		for i, one := range cases {
			c.judge(fmt.Sprintf("%s#%d", filepath.Base(path), i+1), one)
		}
	}
}

// judge asks the calendar one case's question. What is idiosyncratic is only listed, with what is answered here.
func (c *tally) judge(name string, data json.RawMessage) {
	var v vector
	err := json.Unmarshal(data, &v)
	if v.ID != "" {
		name = v.ID
	}
	var got answer
	if err == nil {
		got, err = c.ask(v)
	}
	ok := err == nil && got.is(v)
	said := got.String()
	if err != nil {
		said = err.Error()
	}
	switch {
	case v.Idiosyncratic:
		c.idiosyncratic++
		reason := v.Reason
		if reason == "" {
			reason = "no reason given"
		}
		c.logf("idiosyncratic %s: %s (expected %s, got %s)", name, reason, v.Expected, said)
	case ok:
		c.passed++
	default:
		c.fail("%s: %s expected %s, got %s", name, v.Op, v.Expected, said)
	}
}

// ask answers, or says why it cannot. A panic is no answer either.
func (c *tally) ask(v vector) (a answer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	spec, err := v.spec()
	if err != nil {
		return answer{}, err
	}
	key := fmt.Sprint(spec)
	cal, known := c.calendars[key]
	if !known {
		if cal, err = calendar.New(spec); err != nil && !onlyNeverOpens(err) {
			return answer{}, err
		}
		if c.calendars == nil {
			c.calendars = map[string]*calendar.Calendar{}
		}
		c.calendars[key] = cal
	}
	return v.ask(cal)
}

func onlyNeverOpens(err error) bool {
	var wrong *calendar.SpecError
	return errors.As(err, &wrong) && len(wrong.Faults) == 1 && errors.Is(err, calendar.ErrNeverOpens)
}

// readVectors reads the cases of a file, or of all in a folder: an object with "cases", a list of cases, or one case after
// the other, plain or gzipped. Each case is kept as it is, so that one that is not understood spoils only itself.
func readVectors(path string) ([]json.RawMessage, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(path) {
		path = filepath.Join("..", path) // named from the module's root, where go test is called
		file, err = os.Open(path)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return readFolder(path)
	}
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		unzip, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		if data, err = io.ReadAll(unzip); err != nil {
			return nil, err
		}
	}
	cases, err := splitCases(bytes.TrimPrefix(data, []byte("\ufeff")))
	if err == nil && len(cases) == 0 {
		err = errors.New("no cases")
	}
	return cases, err
}

func readFolder(path string) (cases []json.RawMessage, err error) {
	var files []string
	for _, pattern := range []string{"*.json", "*.jsonl", "*.json.gz", "*.jsonl.gz"} {
		found, _ := filepath.Glob(filepath.Join(path, pattern))
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, errors.New("no vector files in the folder")
	}
	for _, file := range files {
		more, err := readVectors(file)
		if err != nil {
			return cases, fmt.Errorf("%s: %w", file, err)
		}
		cases = append(cases, more...)
	}
	return cases, nil
}

func splitCases(data []byte) (cases []json.RawMessage, err error) {
	for d := json.NewDecoder(bytes.NewReader(data)); ; {
		var value json.RawMessage
		if err := d.Decode(&value); err == io.EOF {
			return cases, nil
		} else if err != nil {
			return cases, err
		}
		var list []json.RawMessage
		var file struct{ Cases *[]json.RawMessage }
		switch {
		case json.Unmarshal(value, &list) == nil:
			cases = append(cases, list...)
		case json.Unmarshal(value, &file) == nil && file.Cases != nil:
			cases = append(cases, *file.Cases...)
		default:
			cases = append(cases, value)
		}
	}
}

// The runner itself: what it takes, what it counts, and that it says what is wrong.
func TestVectorRunner(t *testing.T) {
	const week = `"tz":"Europe/Brussels","weekly":{"mon":[["09:00","12:00"],["12:00:00","17:00"]],"tue":[["09:00","17:00"]],"wed":null,"sat":[]},`
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	good := write("good.json", `{"schema":{"purpose":"x"},"cases":[
		{"id":"a1",`+week+`"op":"add","start":"2026-11-23T10:00:00+01:00","duration_s":3600,"expected":"2026-11-23T11:00:00+01:00"},
		{"id":"a2",`+week+`"op":"ADD","start":"2026-11-23T09:00:00Z","duration_s":0.0000000015,"expected":"2026-11-23T10:00:00.000000002+01:00"},
		{"id":"a3",`+week+`"op":"add","start":"2026-11-23T10:00:00+01:00","duration_s":-3600,"expected":"2026-11-23T09:00:00+01:00","pauses":null,"holidays":null,"overrides":null,"breaks":null,"tolerance_s":null,"note":null},
		{"id":"a4",`+week+`"op":"add","start":"2026-11-23T10:00:00+01:00","duration_s":1e3,"pauses":[["2026-11-23T10:10:00+01:00",null]],"expected":null},
		{"id":"a5",`+week+`"op":"add","start":"2026-11-23T10:00:00+01:00","duration_s":"1800","pauses":[["2026-11-23T10:10:00+01:00","2026-11-23T10:20:00+01:00"],["2026-11-23T10:15:00+01:00","2026-11-23T10:05:00+01:00"]],"expected":"2026-11-23T10:41:00+01:00","tolerance_s":60},
		{"id":"a6","tz":"UTC","weekly":{},"op":"add","start":"2026-11-23T10:00:00Z","duration_s":0,"expected":"2026-11-23T10:00:00Z"},
		{"id":"a7","tz":"UTC","op":"next-open","start":"2026-11-23T10:00:00Z","expected":null},
		{"id":"a8","tz":"UTC","weekly":{},"op":"windows","start":"2026-11-23T10:00:00Z","expected":[]},
		{"id":"s1",`+week+`"op":"sub","start":"2026-11-23T11:00:00+01:00","duration_s":3600,"pauses":[["2026-11-23T10:10:00+01:00","2026-11-23T10:20:00+01:00"]],"expected":"2026-11-23T09:50:00+01:00"},
		{"id":"b1",`+week+`"op":"between","start":"2026-11-23T10:00:00+01:00","end":"2026-11-24T10:00:00.25+01:00","expected":28800.25},
		{"id":"b2",`+week+`"op":"between","start":"2026-11-24T10:00:00+01:00","end":"2026-11-23T10:00:00+01:00","expected":0},
		{"id":"b3",`+week+`"op":"signed_between","start":"2026-11-24T10:00:00+01:00","end":"2026-11-23T10:00:00+01:00","expected":-28800},
		{"id":"b4",`+week+`"op":"between","start":"2026-11-23T10:00:00+01:00","end":"2027-11-23T10:00:00.123456789+01:00","expected":3024000.12345679,"tolerance_s":0.000000002},
		{"id":"b5","tz":"UTC","weekly":{"mon":[["00:00","24:00"]]},"op":"between","start":"2026-11-23T00:00:00Z","end":"2026-11-23T00:00:00.3Z","expected":0.30000000000000004},
		{"id":"b6",`+week+`"holidays":["2026-11-24"],"overrides":{"2026-11-25":[["10:00","11:00"]]},"breaks":{"2026-11-23":[["10:00","10:30"],["10:15","10:45"]]},"op":"between","start":"2026-11-23T00:00:00+01:00","end":"2026-11-26T00:00:00+01:00","expected":29700.0},
		{"id":"b7","tz":"Europe/Amsterdam","weekly":{"mon":[["09:00","17:00"]]},"op":"between","start":"1883-11-19T09:00:00+00:17:30","end":"1883-11-19T09:00:30+00:17:30","expected":30},
		{"id":"z1","tz":"US/Eastern","weekly":{"mon":[["22:00","06:00"]]},"op":"contains","start":"2026-11-24T05:59:59.5-05:00","expected":true}
	]}`)
	lines := write("lines.jsonl", "\ufeff"+`{"id":"w1",`+week+`"op":"windows","start":"2026-11-23T10:00:00+01:00","expected":[["2026-11-23T10:00:00+01:00","2026-11-23T17:00:00+01:00"],{"from":"2026-11-24T09:00:00+01:00","to":"2026-11-24T17:00:00+01:00"}]}
{"id":"w2",`+week+`"op":"windows_back","start":"2026-11-24T10:00:00+01:00","expected":[["2026-11-24T09:00:00+01:00","2026-11-24T10:00:00+01:00"],["2026-11-23T09:00:00+01:00","2026-11-23T17:00:00+01:00"]]}
{"id":"w3",`+week+`"op":"windows","start":"2026-11-25T10:00:00+01:00","end":"2026-11-26T10:00:00+01:00","expected":[]}
{"id":"o1",`+week+`"op":"nextOpen","start":"2026-11-25T10:00:00+01:00","expected":"2026-11-30T09:00:00+01:00"}
{"id":"o2",`+week+`"op":"next_close","start":"2026-11-25T10:00:00+01:00","expected":"2026-11-30T17:00:00+01:00"}
{"id":"o3",`+week+`"op":"prev_close","start":"2026-11-25T10:00:00+01:00","expected":"2026-11-24T17:00:00+01:00"}
`)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(`[{"id":"c1",` + week + `"op":"contains","start":1795512600,"expected":true}]`))
	require.NoError(t, errors.Join(err, w.Close()))
	zipped := write("zipped.json.gz", packed.String())

	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	count := tally{logf: say, errorf: say}
	count.files([]string{good, lines, zipped})
	assert.Empty(t, said)
	assert.Equal(t, "vectors: 24 passed, 0 failed, 0 idiosyncratic", count.String())

	bad := write("bad.json", `[
		{"id":"wrong",`+week+`"op":"add","start":"2026-11-23T10:00:00+01:00","duration_s":3600,"expected":"2026-11-23T11:00:01+01:00","tolerance_s":0.999},
		{"id":"not null",`+week+`"op":"add","start":"2026-11-23T10:00:00+01:00","duration_s":3600,"expected":null},
		{"id":"no number",`+week+`"op":"between","start":"2026-11-24T10:00:00+01:00","end":"2026-11-23T10:00:00+01:00","expected":"zero"},
		{"id":"no answer",`+week+`"op":"between","start":"2026-11-24T10:00:00+01:00","end":"2026-11-23T10:00:00+01:00"},
		{"id":"no duration",`+week+`"op":"add","start":"2026-11-23T10:00:00+01:00","expected":"2026-11-23T10:00:00+01:00"},
		{"id":"no end",`+week+`"op":"between","start":"2026-11-23T10:00:00+01:00","expected":0},
		{"id":"no start",`+week+`"op":"next_open","expected":"2026-11-23T10:00:00+01:00"},
		{"id":"no op",`+week+`"start":"2026-11-23T10:00:00+01:00","expected":true},
		{"id":"no zone","tz":"Mars/Base","weekly":{},"op":"contains","start":"2026-11-23T10:00:00+01:00","expected":false},
		{"id":"no weekday","tz":"UTC","weekly":{"someday":[]},"op":"contains","start":"2026-11-23T10:00:00+01:00","expected":false},
		{"id":"no hours","tz":"UTC","weekly":{"mon":[["nine","five"]]},"op":"contains","start":"2026-11-23T10:00:00+01:00","expected":false},
		{"id":"more windows",`+week+`"op":"windows","start":"2026-11-23T10:00:00+01:00","end":"2026-11-25T10:00:00+01:00","expected":[["2026-11-23T10:00:00+01:00","2026-11-23T17:00:00+01:00"]]},
		{"id":"some windows",`+week+`"op":"windows","start":"2026-11-23T10:00:00+01:00","expected":[]},
		{"id":"no time",`+week+`"op":"contains","start":"yesterday","expected":true},
		"nothing", null,
		{"id":"odd",`+week+`"op":"contains","start":"2026-11-23T17:00:00+01:00","expected":true,"idiosyncratic":true,"reason":"closes late"},
		{"id":"odder",`+week+`"op":"guess","start":"2026-11-23T17:00:00+01:00","idiosyncratic":true}
	]`)
	said = nil
	count.files([]string{bad, filepath.Join(dir, "missing.json"), write("empty.json", `{"cases":[]}`), write("broken.json", `{"cases":[`)})
	require.Len(t, said, 16+2+3)
	assert.Equal(t, "vectors: 24 passed, 19 failed, 2 idiosyncratic", count.String())
	assert.Equal(t, "wrong: add expected \"2026-11-23T11:00:01+01:00\", got 2026-11-23T11:00:00+01:00", said[0])
	for i, id := range strings.Split("wrong,not null,no number,no answer,no duration,no end,no start,no op,no zone,no weekday,no hours,more windows,some windows,no time", ",") {
		assert.True(t, strings.HasPrefix(said[i], id+": "), said[i])
		assert.Contains(t, said[i], ", got ", id)
	}
	assert.Contains(t, said[14], "bad.json#15: ")
	assert.Contains(t, said[15], "bad.json#16: ")
	assert.Equal(t, "idiosyncratic odd: closes late (expected true, got false)", said[16])
	assert.Contains(t, said[17], "idiosyncratic odder: no reason given")
}
