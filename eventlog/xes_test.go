package eventlog_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/eventlog"
)

// readXES reads a whole log.
func readXES(text string, config eventlog.XES) (eventlog.Header, []eventlog.Trace, error) {
	log, err := eventlog.ReadXES(strings.NewReader(text), config)
	if err != nil {
		return eventlog.Header{}, nil, err
	}
	var traces []eventlog.Trace
	for trace, err := range log.Traces() {
		if err != nil {
			return log.Header, traces, err
		}
		traces = append(traces, trace)
	}
	return log.Header, traces, nil
}

// oneEvent is a log of one event with the given attributes.
func oneEvent(attributes string) string {
	return `<log><trace><string key="concept:name" value="1"/><event>` + attributes + `</event></trace></log>`
}

func requireError(t *testing.T, err error) *eventlog.Error {
	t.Helper()
	var f *eventlog.Error
	require.ErrorAs(t, err, &f)
	return f
}

const smallLog = `<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
	<extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
	<global scope="trace"><string key="concept:name" value="?"/></global>
	<global scope="event"><date key="time:timestamp" value="1970-01-01T00:00:00Z"/></global>
	<classifier name="Activity" keys="concept:name 'resource country'"/>
	<classifier name="Kind" scope="trace" keys="product"/>
	<float key="mean" value="1.5E3"><int key="of" value="-7"/></float>
	<trace>
		<string key="concept:name" value="INC1"/>
		<event>
			<string key="concept:name" value="New &amp; open"/>
			<date key="time:timestamp" value="2024-03-04T09:12:33.250+01:00"/>
			<boolean key="first line" value="true"/>
			<id key="identity:id" value="e3b0"/>
			<list key="tags"><values><string key="tag" value="a"/><string key="tag" value="b"/></values></list>
			<container key="site"><string key="city" value="Graz"><string key="code" value="8010"/></string></container>
		</event>
		<event/>
		<int key="reopened" value="2"/>
	</trace>
	<trace></trace>
</log>
`

func TestXESReadsEverything(t *testing.T) {
	header, traces, err := readXES(smallLog, eventlog.XES{})
	require.NoError(t, err)
	mean := eventlog.Float("mean", 1500)
	mean.Children = eventlog.Attributes{eventlog.Int("of", -7)}
	city := eventlog.String("city", "Graz")
	city.Children = eventlog.Attributes{eventlog.String("code", "8010")}
	assert.Equal(t, eventlog.Header{
		Attributes:   eventlog.Attributes{mean},
		Version:      "1.0",
		Features:     "nested-attributes",
		Extensions:   []eventlog.Extension{{Name: "Concept", Prefix: "concept", URI: "http://www.xes-standard.org/concept.xesext"}},
		TraceGlobals: eventlog.Attributes{eventlog.String("concept:name", "?")},
		EventGlobals: eventlog.Attributes{eventlog.Date("time:timestamp", time.Unix(0, 0).UTC())},
		Classifiers: []eventlog.Classifier{
			{Name: "Activity", Scope: "event", Keys: []string{"concept:name", "resource country"}},
			{Name: "Kind", Scope: "trace", Keys: []string{"product"}},
		},
	}, header)
	assert.Equal(t, []eventlog.Trace{
		{
			Attributes: eventlog.Attributes{eventlog.String("concept:name", "INC1"), eventlog.Int("reopened", 2)},
			Events: []eventlog.Event{
				{Attributes: eventlog.Attributes{
					eventlog.String("concept:name", "New & open"),
					eventlog.Date("time:timestamp", time.Date(2024, 3, 4, 9, 12, 33, 250e6, time.FixedZone("", 3600))),
					eventlog.Boolean("first line", true),
					eventlog.ID("identity:id", "e3b0"),
					eventlog.List("tags", eventlog.String("tag", "a"), eventlog.String("tag", "b")),
					eventlog.Container("site", city),
				}},
				{Attributes: eventlog.Attributes{}},
			},
		},
		{},
	}, traces)
}

func TestXESReadsTheSameInAnyWrapping(t *testing.T) {
	_, want, err := readXES(smallLog, eventlog.XES{})
	require.NoError(t, err)
	declared := func(encoding string) string { return strings.Replace(smallLog, "UTF-8", encoding, 1) }
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = io.WriteString(w, text)
		_ = w.Close()
		return b.String()
	}
	wide := func(text string, big, mark bool) string {
		var b strings.Builder
		if mark {
			text = "\ufeff" + text
		}
		for _, unit := range utf16.Encode([]rune(text)) {
			one, two := byte(unit), byte(unit>>8)
			if big {
				one, two = two, one
			}
			b.WriteByte(one)
			b.WriteByte(two)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"gzip":                      packed(smallLog),
		"gzip in two members":       packed(smallLog[:700]) + packed(smallLog[700:]),
		"byte order mark":           "\ufeff" + smallLog,
		"byte order mark in gzip":   packed("\ufeff" + smallLog),
		"ASCII":                     declared("US-ASCII"),
		"Latin-1":                   declared("iso-8859-1"),
		"UTF-16, little end first":  wide(declared("UTF-16"), false, true),
		"UTF-16, big end first":     wide(declared("UTF-16"), true, true),
		"UTF-16 without a mark":     wide(declared("UTF-16BE"), true, false),
		"UTF-16 in gzip":            packed(wide(declared("UTF-16LE"), false, true)),
		"UTF-16 without name":       wide(strings.Replace(smallLog, ` encoding="UTF-8"`, "", 1), false, true),
		"carriage returns":          strings.ReplaceAll(smallLog, "\n", "\r\n"),
		"no declaration":            smallLog[strings.Index(smallLog, "<log"):],
		"no namespace":              strings.Replace(smallLog, ` xmlns="http://www.xes-standard.org/"`, "", 1),
		"old namespace":             strings.Replace(smallLog, "http://www.xes-standard.org/\">", "http://code.deckfour.org/xes\">", 1),
		"a prefix":                  prefixed(smallLog, "xes", ` xmlns:xes="http://www.xes-standard.org/"`),
		"an odd prefix, undeclared": prefixed(smallLog, "X.s_1", ""),
		"foreign elements": strings.NewReplacer("<trace>", `<trace><a:note xmlns:a="urn:a"><event/>text<trace/></a:note>`,
			"</log>", `<b:end xmlns:b="urn:b"/></log>`).Replace(smallLog),
		"a foreign default": strings.Replace(smallLog, "<event/>", `<event><note xmlns="urn:a"><string/></note></event>`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, got, err := readXES(text, eventlog.XES{})
			require.NoError(t, err)
			assert.Equal(t, want, got)

			log, err := eventlog.ReadXES(iotest.OneByteReader(strings.NewReader(text)), eventlog.XES{})
			require.NoError(t, err)
			got = nil
			for trace, err := range log.Traces() {
				require.NoError(t, err)
				got = append(got, trace)
			}
			assert.Equal(t, want, got, "read byte by byte")
		})
	}
}

// prefixed gives all elements of a log a prefix.
func prefixed(text, prefix, declaration string) string {
	text = strings.Replace(text, ` xmlns="http://www.xes-standard.org/"`, declaration, 1)
	head, body, _ := strings.Cut(text, "?>")
	body = strings.ReplaceAll(body, "<", "<"+prefix+":")
	return head + "?>" + strings.ReplaceAll(body, "<"+prefix+":/", "</"+prefix+":")
}

func TestXESDecodesLettersOutsideOfASCII(t *testing.T) {
	const want = "Andr\u00e9 \u20ac \U0001F600"
	latin := "<?xml version='1.0' encoding='ISO-8859-1'?>" + oneEvent("<string key='who' value='Andr\xe9'/>")
	_, traces, err := readXES(latin, eventlog.XES{})
	require.NoError(t, err)
	assert.Equal(t, "Andr\u00e9", traces[0].Events[0].Text("who"))

	var wide strings.Builder
	for _, unit := range utf16.Encode([]rune("\ufeff" + oneEvent("<string key='who' value='"+want+"'/>"))) {
		wide.Write([]byte{byte(unit >> 8), byte(unit)})
	}
	_, traces, err = readXES(wide.String(), eventlog.XES{})
	require.NoError(t, err)
	assert.Equal(t, want, traces[0].Events[0].Text("who"))
}

func TestXESValues(t *testing.T) {
	_, traces, err := readXES(oneEvent(`
		<int key="int" value=" -9223372036854775808 "/><int key="plus" value="+5"/>
		<float key="float" value="6.6644793E7"/><float key="high" value="INF"/><float key="low" value="-INF"/><float key="none" value="NaN"/>
		<boolean key="yes" value="1"/><boolean key="no" value="false"/>
		<string key="spaces" value=" kept "/><string key="empty" value=""/>`), eventlog.XES{})
	require.NoError(t, err)
	event := traces[0].Events[0]
	text := map[string]string{}
	for _, a := range event.Attributes {
		text[a.Key] = a.Text()
	}
	assert.Equal(t, map[string]string{"int": "-9223372036854775808", "plus": "5", "float": "6.6644793e+07", "high": "INF",
		"low": "-INF", "none": "NaN", "yes": "true", "no": "false", "spaces": " kept ", "empty": ""}, text)

	a, found := event.Get("int")
	n, ok := a.Int()
	assert.True(t, found && ok)
	assert.Equal(t, int64(math.MinInt64), n)
	f, ok := a.Float()
	assert.True(t, ok)
	assert.Equal(t, float64(math.MinInt64), f)
	_, ok = a.Time()
	assert.False(t, ok)
	_, found = event.Get("absent")
	assert.False(t, found)
}

func TestXESRefuses(t *testing.T) {
	deep := strings.Repeat(`<container key="a">`, 70)
	for name, test := range map[string]struct {
		text    string
		limits  eventlog.Limits
		code    eventlog.Code
		place   []int // line, trace, event
		message string
	}{
		"an empty file":       {"", eventlog.Limits{}, eventlog.CodeEmpty, []int{0, 0, 0}, "empty"},
		"white space":         {"\n\n", eventlog.Limits{}, eventlog.CodeEmpty, []int{3, 0, 0}, "no content"},
		"CSV":                 {"case,time\n1,2\n", eventlog.Limits{}, eventlog.CodeNotXML, []int{1, 0, 0}, "CSV"},
		"a zip archive":       {"PK\x03\x04\x00", eventlog.Limits{}, eventlog.CodeNotXML, []int{1, 0, 0}, "archive"},
		"a web page":          {"<!DOCTYPE html>\n<html></html>", eventlog.Limits{}, eventlog.CodeNotLog, []int{2, 0, 0}, "<html>"},
		"a log of other XML":  {"<WorkflowLog/>", eventlog.Limits{}, eventlog.CodeNotLog, []int{1, 0, 0}, "<WorkflowLog>"},
		"an unknown encoding": {"<?xml version='1.0' encoding='EBCDIC'?><log/>", eventlog.Limits{}, eventlog.CodeEncoding, []int{0, 0, 0}, "EBCDIC"},
		"an encoding of two bytes that is none": {"<?xml version='1.0' encoding='UTF-16'?><log/>", eventlog.Limits{},
			eventlog.CodeEncoding, []int{0, 0, 0}, "declares UTF-16"},
		"a mark against the declaration": {"\ufeff<?xml version='1.0' encoding='ISO-8859-1'?><log/>", eventlog.Limits{},
			eventlog.CodeEncoding, []int{0, 0, 0}, "is UTF-8, but declares ISO-8859-1"},
		"two encodings at once": {"\xff\xfe" + strings.ReplaceAll("<?xml version='1.0' encoding='UTF-8'?><log/>", "", "\x00")[1:], eventlog.Limits{},
			eventlog.CodeEncoding, []int{0, 0, 0}, "is UTF-16LE, but declares UTF-8"},
		"damaged gzip":               {"\x1f\x8bnonsense, not gzip", eventlog.Limits{}, eventlog.CodeCorrupt, []int{0, 0, 0}, "damaged"},
		"gzip without any data":      {"\x1f\x8b", eventlog.Limits{}, eventlog.CodeTruncated, []int{0, 0, 0}, "cut off"},
		"half a character of UTF-16": {"\xff\xfe<\x00l\x00\x00\xd8>\x00", eventlog.Limits{}, eventlog.CodeEncoding, []int{1, 0, 0}, "half a character"},
		"an odd end of UTF-16":       {"\xff\xfe<\x00l\x00o", eventlog.Limits{}, eventlog.CodeTruncated, []int{1, 0, 0}, "cut off"},
		"wrong bytes in an event": {oneEvent("\n<string key='who' value='Andr\xe9'/>"), eventlog.Limits{},
			eventlog.CodeEncoding, []int{2, 1, 1}, "0xE9"},
		"an end within the header": {"<log>\n<string key='a' value='b'/>\n", eventlog.Limits{}, eventlog.CodeTruncated, []int{3, 0, 0}, "<log>"},
		"an end within an event":   {"<log>\n<trace>\n<event>\n", eventlog.Limits{}, eventlog.CodeTruncated, []int{4, 1, 1}, "<event>"},
		"an end between traces":    {"<log><trace/>\n<trace/>\n", eventlog.Limits{}, eventlog.CodeTruncated, []int{3, 0, 0}, "<log>"},
		"more after the log":       {"<log/>\n<log/>", eventlog.Limits{}, eventlog.CodeMalformed, []int{2, 0, 0}, "one log"},
		"more after the traces":    {"<log><trace/></log>\nrest", eventlog.Limits{}, eventlog.CodeMalformed, []int{2, 0, 0}, "one log"},
		"an event without a trace": {"<log><trace/>\n<event/></log>", eventlog.Limits{}, eventlog.CodeUnexpected, []int{2, 0, 0}, "no case"},
		"an event in the header":   {"<log>\n<event/></log>", eventlog.Limits{}, eventlog.CodeUnexpected, []int{2, 0, 0}, "<event>"},
		"a late log attribute":     {"<log><trace/>\n<string key='a' value='b'/></log>", eventlog.Limits{}, eventlog.CodeUnexpected, []int{2, 0, 0}, "after the first trace"},
		"an unknown element":       {oneEvent("<text key='a' value='b'/>"), eventlog.Limits{}, eventlog.CodeUnexpected, []int{1, 1, 1}, "<text> stands in <event>"},
		"an event in an event":     {oneEvent("<event/>"), eventlog.Limits{}, eventlog.CodeUnexpected, []int{1, 1, 1}, "<event>"},
		"a trace in a trace":       {"<log><trace><trace/></trace></log>", eventlog.Limits{}, eventlog.CodeUnexpected, []int{1, 1, 0}, "<trace>"},
		"values in a string":       {oneEvent("<string key='a' value='b'><values/></string>"), eventlog.Limits{}, eventlog.CodeUnexpected, []int{1, 1, 1}, "<values>"},
		"text between tags":        {oneEvent("\n<string key='a' value='b'/>b"), eventlog.Limits{}, eventlog.CodeUnexpected, []int{2, 1, 1}, "text"},
		"no key":                   {oneEvent("<string value='b'/>"), eventlog.Limits{}, eventlog.CodeValue, []int{1, 1, 1}, "no key"},
		"no value":                 {oneEvent("<string key='a'/>"), eventlog.Limits{}, eventlog.CodeValue, []int{1, 1, 1}, `"a" has no value`},
		"a word for an int":        {oneEvent("<int key='a' value='two'/>"), eventlog.Limits{}, eventlog.CodeValue, []int{1, 1, 1}, `"two" is no int`},
		"too large an int":         {oneEvent("<int key='a' value='9223372036854775808'/>"), eventlog.Limits{}, eventlog.CodeValue, []int{1, 1, 1}, "no int"},
		"a float of another kind":  {oneEvent("<float key='a' value='0x1p-2'/>"), eventlog.Limits{}, eventlog.CodeValue, []int{1, 1, 1}, "no float"},
		"a boolean of Python":      {oneEvent("<boolean key='a' value='True'/>"), eventlog.Limits{}, eventlog.CodeValue, []int{1, 1, 1}, "no boolean"},
		"a scope that is none":     {"<log><global scope='case'/></log>", eventlog.Limits{}, eventlog.CodeValue, []int{1, 0, 0}, `"case"`},
		"an entity":                {oneEvent("<string key='a' value='&lol;'/>"), eventlog.Limits{}, eventlog.CodeEntity, []int{1, 1, 1}, "&lol;"},
		"a bomb of entities":       {"<!DOCTYPE log [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]><log/>", eventlog.Limits{}, eventlog.CodeEntity, []int{1, 0, 0}, "document type"},
		"deep nesting":             {oneEvent(deep), eventlog.Limits{}, eventlog.CodeLimit, []int{1, 1, 1}, "Limits.Depth"},
		"deep nesting, foreign":    {oneEvent("<a:b xmlns:a='u'>" + deep), eventlog.Limits{}, eventlog.CodeLimit, []int{1, 1, 1}, "Limits.Depth"},
		"a huge value": {oneEvent("<string key='a' value='" + strings.Repeat("x", 300_000) + "'/>"), eventlog.Limits{Item: 100_000},
			eventlog.CodeLimit, []int{1, 1, 1}, "Limits.Item"},
		"a huge trace": {oneEvent(strings.Repeat("<string key='a' value='b'/>\n", 1000)), eventlog.Limits{Trace: 1000},
			eventlog.CodeLimit, []int{35, 1, 1}, "Limits.Trace"},
		"a huge header":         {"<log>" + strings.Repeat("<string key='a' value='b'/>\n", 1000), eventlog.Limits{Trace: 1000}, eventlog.CodeLimit, []int{36, 0, 0}, "the header"},
		"a limit below nothing": {"<log/>", eventlog.Limits{Depth: -1}, eventlog.CodeConfig, []int{0, 0, 0}, "Limits.Depth is -1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := readXES(test.text, eventlog.XES{Name: "log.xes", Limits: test.limits})
			f := requireError(t, err)
			assert.Equal(t, test.code, f.Code, f.Error())
			assert.Equal(t, test.place, []int{f.Line, f.Trace, f.Event}, f.Error())
			assert.Contains(t, f.Message, test.message)
			assert.Equal(t, "log.xes", f.Source)
		})
	}
}

func TestXESGivesGoodTracesBeforeTheError(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := io.WriteString(w, "<log>"+strings.Repeat("<trace><event/></trace>\n", 5)+"</log>")
	require.NoError(t, err)
	require.NoError(t, w.Flush())
	whole := bytes.Clone(packed.Bytes())
	require.NoError(t, w.Close())
	closed := packed.Bytes()
	damaged := bytes.Clone(closed)
	damaged[len(damaged)-6] ^= 1 // the checksum

	failure := errors.New("the wire broke")
	for name, test := range map[string]struct {
		r     io.Reader
		code  eventlog.Code
		cause error
	}{
		"gzip without its end":  {bytes.NewReader(whole), eventlog.CodeTruncated, io.ErrUnexpectedEOF},
		"gzip without its last": {bytes.NewReader(closed[:len(closed)-1]), eventlog.CodeTruncated, io.ErrUnexpectedEOF},
		"gzip, damaged":         {bytes.NewReader(damaged), eventlog.CodeCorrupt, gzip.ErrChecksum},
		"gzip with more after":  {bytes.NewReader(append(bytes.Clone(closed), "more than a header"...)), eventlog.CodeCorrupt, gzip.ErrHeader},
		"a reader that fails": {io.MultiReader(strings.NewReader("<log>"+strings.Repeat("<trace><event/></trace>\n", 5)),
			iotest.ErrReader(failure)), eventlog.CodeRead, failure},
		"text that ends": {strings.NewReader("<log>" + strings.Repeat("<trace><event/></trace>\n", 5)), eventlog.CodeTruncated, nil},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := eventlog.ReadXES(test.r, eventlog.XES{})
			require.NoError(t, err)
			good := 0
			var failed error
			for _, err := range log.Traces() {
				if err != nil {
					failed = err
					continue
				}
				require.NoError(t, failed, "the error is the last pair")
				good++
			}
			f := requireError(t, failed)
			assert.Equal(t, 5, good)
			assert.Equal(t, test.code, f.Code, f.Error())
			assert.Equal(t, 6, f.Line, f.Error())
			if test.cause != nil {
				assert.ErrorIs(t, failed, test.cause)
			}
			for _, err := range log.Traces() {
				assert.Equal(t, failed, err, "the error stays")
			}
		})
	}
}

func TestXESTruncatedAnywhereIsAnError(t *testing.T) {
	end := strings.Index(smallLog, "</log>") + len("</log>")
	for n := range end {
		_, _, err := readXES(smallLog[:n], eventlog.XES{})
		requireError(t, err)
	}
	_, traces, err := readXES(smallLog[:end], eventlog.XES{})
	require.NoError(t, err)
	assert.Len(t, traces, 2)
}

func TestLoopsGoOnWhereTheyStopped(t *testing.T) {
	text := `<log><trace><string key="concept:name" value="A"/><event/><event/></trace><trace><string key="concept:name" value="B"/><event/></trace></log>`
	log, err := eventlog.ReadXES(strings.NewReader(text), eventlog.XES{})
	require.NoError(t, err)
	var seen []string
	for range 5 {
		for entry, err := range log.Events() {
			require.NoError(t, err)
			seen = append(seen, entry.Case)
			break
		}
	}
	assert.Equal(t, []string{"A", "A", "B"}, seen)

	log, err = eventlog.ReadXES(strings.NewReader(text), eventlog.XES{})
	require.NoError(t, err)
	seen = nil
	for range 5 {
		for trace, err := range log.Traces() {
			require.NoError(t, err)
			seen = append(seen, trace.Name())
			break
		}
	}
	assert.Equal(t, []string{"A", "B"}, seen)
}

func TestXESTracesAreTheCallers(t *testing.T) {
	text := "<log>" + strings.Repeat(`<trace><event><string key="n" value="1"/></event><event><string key="n" value="2"/></event></trace>`, 3) + "</log>"
	_, traces, err := readXES(text, eventlog.XES{})
	require.NoError(t, err)
	first := &traces[0].Events[0]
	first.Attributes = append(first.Attributes, eventlog.String("mine", "x"))
	assert.Equal(t, "2", traces[0].Events[1].Text("n"), "appending to one event leaves the next alone")
	assert.Equal(t, "1", traces[1].Events[0].Text("n"))
}

// endless gives a log of which each trace is sound, but which never ends.
type endless struct{ rest string }

func (e *endless) Read(p []byte) (int, error) {
	if e.rest == "" {
		e.rest = strings.Repeat(`<trace><event><string key="n" value="1"/></event></trace>`+"\n", 100)
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestXESHoldsOneTraceAtATime(t *testing.T) {
	log, err := eventlog.ReadXES(io.MultiReader(strings.NewReader("<log>"), &endless{}), eventlog.XES{Limits: eventlog.Limits{Trace: 200}})
	require.NoError(t, err)
	traces := 0
	for _, err := range log.Traces() {
		require.NoError(t, err)
		if traces++; traces == 100_000 {
			break
		}
	}
	assert.Equal(t, 100_000, traces)
}

func FuzzXES(f *testing.F) {
	for _, seed := range []string{ // short ones, or shortening what they lead to takes all the time
		`<log><trace><event><date key="a" value="2024-03-04T09:12:33.25+01:00"/></event></trace></log>`,
		`<log><global scope="trace"/><classifier keys="a 'b c'"/><extension prefix="p"/></log>`,
		`<log><float key="a" value="1.5E3"><int key="b" value="-7"/></float><trace/></log>`,
		`<x:log><x:trace><x:boolean key="a" value="1"/><y/><z xmlns="u">t</z></x:trace></x:log>`,
		`<log><list key="a"><values><id key="b" value="&amp;"/></values></list></log>`,
	} {
		f.Add([]byte(seed))
	}
	f.Add([]byte("\xff\xfe<\x00l\x00o\x00g\x00/\x00>\x00"))
	f.Add([]byte("<?xml version='1.0' encoding='latin1'?><log><trace><event/></trace></log>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(r io.Reader) (header eventlog.Header, traces []eventlog.Trace, failed error) {
			log, err := eventlog.ReadXES(r, eventlog.XES{Zone: time.UTC, Limits: eventlog.Limits{Item: 1 << 16, Depth: 10, Trace: 1 << 20}})
			if err != nil {
				return header, nil, err
			}
			for trace, err := range log.Traces() {
				require.NoError(t, failed)
				if failed = err; err == nil {
					traces = append(traces, trace)
				}
			}
			return log.Header, traces, failed
		}
		header, traces, err := read(bytes.NewReader(data))
		if err != nil {
			require.NotEmpty(t, requireError(t, err).Code)
		}
		header2, traces2, err2 := read(iotest.HalfReader(bytes.NewReader(data)))
		require.Equal(t, err, err2)
		sameText(t, header.Attributes, header2.Attributes)
		require.Len(t, traces2, len(traces))
		for i := range traces {
			sameText(t, traces[i].Attributes, traces2[i].Attributes)
			require.Len(t, traces2[i].Events, len(traces[i].Events))
			for j := range traces[i].Events {
				sameText(t, traces[i].Events[j].Attributes, traces2[i].Events[j].Attributes)
			}
		}
	})
}

// sameText compares attributes by what they say, since NaN is not equal to itself.
func sameText(t *testing.T, a, b eventlog.Attributes) {
	t.Helper()
	require.Len(t, b, len(a))
	for i := range a {
		require.Equal(t, []string{a[i].Key, a[i].Kind().String(), a[i].Text()}, []string{b[i].Key, b[i].Kind().String(), b[i].Text()})
		sameText(t, a[i].Children, b[i].Children)
	}
}

func BenchmarkXES(b *testing.B) {
	event := `<event><date key="time:timestamp" value="2024-03-04T09:12:33.250+01:00"/><string key="concept:name" value="Working"/>` +
		`<string key="org:group" value="Network"/><string key="org:resource" value="Mina"/></event>` + "\n"
	text := "<log>" + strings.Repeat(`<trace><string key="concept:name" value="INC1"/>`+"\n"+strings.Repeat(event, 10)+"</trace>\n", 1000) + "</log>"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		_, traces, err := readXES(text, eventlog.XES{})
		if err != nil || len(traces) != 1000 {
			b.Fatal(len(traces), err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "events/s")
}
