package eventlog_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/eventlog"
)

// readCSV reads a whole log row by row.
func readCSV(text string, config eventlog.CSV) ([]eventlog.Entry, error) {
	log, err := eventlog.ReadCSV(strings.NewReader(text), config)
	if err != nil {
		return nil, err
	}
	var entries []eventlog.Entry
	for entry, err := range log.Events() {
		if err != nil {
			return entries, err
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

var ticketColumns = eventlog.CSV{Case: "ticket", Time: "at", Layout: "02.01.2006 15:04", Zone: time.UTC, Columns: []eventlog.Column{
	{Name: "status", Key: eventlog.ConceptName},
	{Name: "effort", Kind: eventlog.KindFloat},
	{Name: "due", Kind: eventlog.KindDate, Layout: "2006-01-02"},
	{Name: "vip", Kind: eventlog.KindBoolean},
}}

const ticketRows = `,ticket,at,status,effort,due,vip,remark
0,INC1,04.03.2024 09:12,New,,2024-03-05,true,"said ""hello"",
twice"
1,INC2,04.03.2024 09:15,New,1.5,,false,
2,INC1,04.03.2024 09:20,Working,2,,,
`

func TestCSVReadsEverything(t *testing.T) {
	at := func(minute int) eventlog.Attribute {
		return eventlog.Date(eventlog.TimeTimestamp, time.Date(2024, 3, 4, 9, minute, 0, 0, time.UTC))
	}
	want := []eventlog.Entry{
		{Case: "INC1", Event: eventlog.Event{Attributes: eventlog.Attributes{at(12), eventlog.String("concept:name", "New"),
			eventlog.Date("due", time.Date(2024, 3, 5, 0, 0, 0, 0, time.UTC)), eventlog.Boolean("vip", true),
			eventlog.String("remark", "said \"hello\",\ntwice")}}},
		{Case: "INC2", Event: eventlog.Event{Attributes: eventlog.Attributes{at(15), eventlog.String("concept:name", "New"),
			eventlog.Float("effort", 1.5), eventlog.Boolean("vip", false)}}},
		{Case: "INC1", Event: eventlog.Event{Attributes: eventlog.Attributes{at(20), eventlog.String("concept:name", "Working"),
			eventlog.Float("effort", 2)}}},
	}
	latin := ticketColumns
	latin.Encoding = "ISO-8859-1"
	semicolon := ticketColumns
	semicolon.Comma = ';'
	var packed, wide bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, ticketRows)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for _, c := range "\ufeff" + ticketRows {
		wide.Write([]byte{byte(c), byte(c >> 8)})
	}
	for name, test := range map[string]struct {
		text   string
		config eventlog.CSV
	}{
		"plain":                   {ticketRows, ticketColumns},
		"byte order mark":         {"\ufeff" + ticketRows, ticketColumns},
		"gzip":                    {packed.String(), ticketColumns},
		"UTF-16":                  {wide.String(), ticketColumns},
		"Latin-1":                 {ticketRows, latin},
		"carriage returns":        {strings.ReplaceAll(ticketRows, "\n", "\r\n"), ticketColumns},
		"no last line feed":       {strings.TrimSuffix(ticketRows, "\n"), ticketColumns},
		"semicolons":              {strings.ReplaceAll(strings.ReplaceAll(ticketRows, ",", ";"), `"";`, `"",`), semicolon},
		"spaces in the first row": {strings.Replace(ticketRows, ",ticket,at,", ", ticket , at,", 1), ticketColumns},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readCSV(test.text, test.config)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestCSVGroupsScatteredRows(t *testing.T) {
	log, err := eventlog.ReadCSV(strings.NewReader(ticketRows), ticketColumns)
	require.NoError(t, err)
	var names []string
	var events []int
	for range 3 { // a broken loop goes on
		for trace, err := range log.Traces() {
			require.NoError(t, err)
			names, events = append(names, trace.Name()), append(events, len(trace.Events))
			break
		}
	}
	assert.Equal(t, []string{"INC1", "INC2"}, names)
	assert.Equal(t, []int{2, 1}, events)

	log, err = eventlog.ReadCSV(strings.NewReader(ticketRows+"x"), ticketColumns)
	require.NoError(t, err)
	for _, err := range log.Traces() {
		require.Error(t, err, "after a fault no trace is known to be whole")
	}
}

func TestCSVTimes(t *testing.T) {
	vienna, err := time.LoadLocation("Europe/Vienna")
	require.NoError(t, err)
	for _, test := range []struct {
		text, layout string
		zone         *time.Location
		want         string
	}{
		{"2024-03-04T09:12:33.5+01:00", "", nil, "2024-03-04T09:12:33.5+01:00"},
		{"2024-03-04T09:12:33", "", vienna, "2024-03-04T09:12:33+01:00"},
		{"04/03/2024 09:12:33", "02/01/2006 15:04:05", vienna, "2024-03-04T09:12:33+01:00"},
		{"04/03/2024 09:12:33 -0500", "02/01/2006 15:04:05 -0700", vienna, "2024-03-04T09:12:33-05:00"},
		{"3/4/24 9:12 PM", "1/2/06 3:04 PM", time.UTC, "2024-03-04T21:12:00Z"},
		{"27.10.2024 02:30", "02.01.2006 15:04", vienna, "2024-10-27T02:30:00+02:00"},
		{"2024-03-04", "2006-01-02", time.UTC, "2024-03-04T00:00:00Z"},
		{" 2024-03-04 ", "2006-01-02", time.UTC, "2024-03-04T00:00:00Z"},
	} {
		entries, err := readCSV("c,t\n1,"+test.text+"\n", eventlog.CSV{Case: "c", Time: "t", Layout: test.layout, Zone: test.zone})
		require.NoError(t, err, test.text)
		assert.Equal(t, test.want, entries[0].Text(eventlog.TimeTimestamp))
	}
}

func TestCSVRefuses(t *testing.T) {
	plain := eventlog.CSV{Case: "c", Time: "t"}
	with := func(change func(*eventlog.CSV)) eventlog.CSV {
		config := plain
		change(&config)
		return config
	}
	column := func(columns ...eventlog.Column) eventlog.CSV {
		return with(func(c *eventlog.CSV) { c.Columns = columns })
	}
	layout := func(layout string) eventlog.CSV { return with(func(c *eventlog.CSV) { c.Layout = layout }) }
	const good = "c,t,n\n1,2024-03-04T09:12:33Z,5\n"
	for name, test := range map[string]struct {
		text    string
		config  eventlog.CSV
		code    eventlog.Code
		place   []int // line, event
		message string
	}{
		"an empty file":            {"", plain, eventlog.CodeEmpty, []int{0, 0}, "empty"},
		"a mark only":              {"\ufeff", plain, eventlog.CodeEmpty, []int{0, 0}, "no rows"},
		"blank lines":              {"\n\n", plain, eventlog.CodeEmpty, []int{0, 0}, "no rows"},
		"no case column":           {"a,t\n", plain, eventlog.CodeColumn, []int{1, 0}, `"c" is missing; the file has ["a" "t"]`},
		"no time column":           {"c,T\n", plain, eventlog.CodeColumn, []int{1, 0}, `"t" is missing`},
		"no configured column":     {good, column(eventlog.Column{Name: "x"}), eventlog.CodeColumn, []int{1, 0}, `"x" is missing`},
		"another comma":            {"c;t\n", plain, eventlog.CodeColumn, []int{1, 0}, "CSV.Comma"},
		"a column twice":           {"c,t,n,n\n", plain, eventlog.CodeColumn, []int{1, 0}, `"n" and "n"`},
		"the case twice":           {"c,t,c\n", plain, eventlog.CodeColumn, []int{1, 0}, `"c" occurs twice`},
		"two columns for one key":  {"c,t,n,m\n", column(eventlog.Column{Name: "m", Key: "n"}), eventlog.CodeColumn, []int{1, 0}, `both mean "n"`},
		"a row too short":          {good + "2,2024-03-04T09:12:33Z\n", plain, eventlog.CodeRagged, []int{3, 2}, "2 fields, but the first row has 3"},
		"a row too long":           {good + "\n2,2024-03-04T09:12:33Z,6,7\n", plain, eventlog.CodeRagged, []int{4, 2}, "4 fields"},
		"a row cut off":            {good + "2,2024-", plain, eventlog.CodeRagged, []int{3, 2}, "cut off"},
		"a quote that stays open":  {good + "2,\"2024\n\n", plain, eventlog.CodeMalformed, []int{3, 2}, "cut off within one"},
		"a quote within a field":   {good + "2,20\"24,1\n", plain, eventlog.CodeMalformed, []int{3, 2}, "doubled"},
		"no case":                  {good + ",2024-03-04T09:12:33Z,6\n", plain, eventlog.CodeValue, []int{3, 2}, `"c" is empty`},
		"no time":                  {good + "2,,6\n", plain, eventlog.CodeTime, []int{3, 2}, `column "t": "" is not a time`},
		"another time":             {good + "2,04.03.2024,6\n", plain, eventlog.CodeTime, []int{3, 2}, "04.03.2024"},
		"a time without an offset": {good + "2,2024-03-04T09:12:33,6\n", plain, eventlog.CodeNoZone, []int{3, 2}, "configure the zone"},
		"a time out of layout":     {"c,t\n1,04/03/2024 09:12\n", layout("02.01.2006 15:04"), eventlog.CodeTime, []int{2, 1}, `layout "02.01.2006 15:04"`},
		"a date that is none":      {"c,t\n1,31.02.2024 09:12\n", layout("02.01.2006 15:04"), eventlog.CodeTime, []int{2, 1}, "31.02.2024"},
		"a word for a number": {"c,t,n\n1,2024-03-04T09:12:33Z,\"\n\nfive\"\n", column(eventlog.Column{Name: "n", Kind: eventlog.KindInt}),
			eventlog.CodeValue, []int{2, 1}, `column "n"`},
		"Latin-1 without saying so": {good + "2,2024-03-04T09:12:33Z,Andr\xe9\n", plain, eventlog.CodeEncoding, []int{3, 2}, "0xE9"},
		"UTF-16 without a mark":     {"c\x00,\x00t\x00\n\x00", plain, eventlog.CodeEncoding, []int{1, 0}, "CSV.Encoding"},
		"an unknown encoding":       {good, with(func(c *eventlog.CSV) { c.Encoding = "cp437" }), eventlog.CodeEncoding, []int{0, 0}, "CP437"},
		"UTF-16 that is none":       {good, with(func(c *eventlog.CSV) { c.Encoding = "UTF-16" }), eventlog.CodeEncoding, []int{0, 0}, "UTF-16LE"},
		"an endless row": {good + "2,\"" + strings.Repeat("x\n", 10_000), with(func(c *eventlog.CSV) { c.Limits.Item = 8192 }),
			eventlog.CodeLimit, []int{3, 2}, "quote not closed"},
		"a limit below nothing":     {good, with(func(c *eventlog.CSV) { c.Limits.Item = -5 }), eventlog.CodeConfig, []int{0, 0}, "Limits.Item"},
		"no case configured":        {good, eventlog.CSV{Time: "t"}, eventlog.CodeConfig, []int{0, 0}, "CSV.Case"},
		"a column without a name":   {good, column(eventlog.Column{Key: "k"}), eventlog.CodeConfig, []int{0, 0}, "without a name"},
		"a column configured twice": {good, column(eventlog.Column{Name: "n"}, eventlog.Column{Name: "n"}), eventlog.CodeConfig, []int{0, 0}, `"n" is configured twice`},
		"the time configured twice": {good, column(eventlog.Column{Name: "t"}), eventlog.CodeConfig, []int{0, 0}, `"t" is configured twice`},
		"a list in a cell":          {good, column(eventlog.Column{Name: "n", Kind: eventlog.KindList}), eventlog.CodeConfig, []int{0, 0}, "list"},
		"a quote as comma":          {good, with(func(c *eventlog.CSV) { c.Comma = '"' }), eventlog.CodeConfig, []int{0, 0}, "CSV.Comma"},
		"a layout of another world": {good, layout("YYYY-MM-DD HH:mm"), eventlog.CodeConfig, []int{0, 0}, "reference time"},
		"a layout without a year":   {good, layout("02.01. 15:04"), eventlog.CodeConfig, []int{0, 0}, "whole date"},
		"a layout that halves days": {good, layout("2006-01-02 03:04"), eventlog.CodeConfig, []int{0, 0}, "hour of 24"},
		"a layout with letters":     {good, layout("2006-01-02 15:04 MST"), eventlog.CodeConfig, []int{0, 0}, "-0700"},
		"a layout of a column":      {good, column(eventlog.Column{Name: "n", Kind: eventlog.KindDate, Layout: "15:04"}), eventlog.CodeConfig, []int{0, 0}, "15:04"},
	} {
		t.Run(name, func(t *testing.T) {
			test.config.Name = "log.csv"
			_, err := readCSV(test.text, test.config)
			f := requireError(t, err)
			assert.Equal(t, test.code, f.Code, f.Error())
			assert.Equal(t, test.place, []int{f.Line, f.Event}, f.Error())
			assert.Contains(t, f.Message, test.message)
			assert.Equal(t, "log.csv", f.Source)
		})
	}
}

func TestCSVGivesGoodRowsBeforeTheError(t *testing.T) {
	failure := errors.New("the wire broke")
	log, err := eventlog.ReadCSV(io.MultiReader(strings.NewReader("c,t\n1,2024-03-04T09:12:33Z\n"), iotest.ErrReader(failure)),
		eventlog.CSV{Case: "c", Time: "t"})
	require.NoError(t, err)
	good := 0
	for range 2 {
		for _, err := range log.Events() {
			if err == nil {
				good++
				continue
			}
			f := requireError(t, err)
			require.ErrorIs(t, err, failure)
			assert.Equal(t, eventlog.CodeRead, f.Code)
			assert.Equal(t, "event log:3: event 2: reading failed: the wire broke", f.Error())
		}
	}
	assert.Equal(t, 1, good)
}

// FuzzCSV: every row that encoding/csv reads becomes an entry, or there is a typed error; and the size of reads never matters.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("c,t,n\n1,2024-03-04T09:12:33Z,5\n"), ",")
	f.Add([]byte("c;t;n\r\n1;2024-03-04T09:12:33Z;\"a\"\"b\n\"\r\n"), ";")
	f.Add([]byte("\xff\xfec\x00,\x00t\x00"), ",")
	f.Add([]byte("c,t\n1,\"2024"), ",")
	f.Fuzz(func(t *testing.T, data []byte, comma string) {
		if len(comma) != 1 || comma == "\x00" {
			t.Skip()
		}
		config := eventlog.CSV{Case: "c", Time: "t", Zone: time.UTC, Comma: rune(comma[0]), Limits: eventlog.Limits{Item: 1 << 16}}
		read := func(r io.Reader) (entries []eventlog.Entry, failed error) {
			log, err := eventlog.ReadCSV(r, config)
			if err != nil {
				return nil, err
			}
			for entry, err := range log.Events() {
				require.NoError(t, failed)
				if failed = err; err == nil {
					require.NotEmpty(t, entry.Case)
					_, ok := entry.Time(eventlog.TimeTimestamp)
					require.True(t, ok)
					entries = append(entries, entry)
				}
			}
			return entries, failed
		}
		entries, err := read(bytes.NewReader(data))
		again, err2 := read(iotest.OneByteReader(bytes.NewReader(data)))
		require.Equal(t, entries, again)
		if err != nil {
			require.Equal(t, requireError(t, err).Code, requireError(t, err2).Code)
			return
		}
		require.NoError(t, err2)
		if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) || bytes.HasPrefix(data, []byte("\x1f\x8b")) ||
			bytes.HasPrefix(data, []byte("\x00<")) || bytes.HasPrefix(data, []byte("<\x00")) {
			return
		}
		plain := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
		plain.Comma = config.Comma
		rows, err := plain.ReadAll()
		require.NoError(t, err)
		require.Len(t, entries, len(rows)-1)
	})
}

func BenchmarkCSV(b *testing.B) {
	text := "ticket,at,status,group,person\n" + strings.Repeat("INC1,2024-03-04T09:12:33.250+01:00,Working,Network,Mina\n", 10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		entries, err := readCSV(text, eventlog.CSV{Case: "ticket", Time: "at"})
		if err != nil || len(entries) != 10_000 {
			b.Fatal(len(entries), err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "events/s")
}
