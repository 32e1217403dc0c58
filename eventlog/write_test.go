package eventlog

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// listed gives items as a stream.
func listed[T any](items ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func collect[T any](t require.TestingT, items iter.Seq2[T, error]) (all []T) {
	for item, err := range items {
		require.NoError(t, err)
		all = append(all, item)
	}
	return all
}

var (
	texts    = rapid.StringOf(rapid.OneOf(rapid.RuneFrom([]rune("ab <>&\"'\n\r\t=@+é€𝄞")), rapid.Rune().Filter(isChar)))
	names    = rapid.StringMatching(`[a-zA-Z_é][a-zA-Z0-9_.:é-]{0,8}`)
	instants = rapid.Custom(func(t *rapid.T) time.Time {
		at := time.Unix(rapid.Int64Range(-60000000000, 250000000000).Draw(t, "second"), rapid.Int64Range(0, 999999999).Draw(t, "nanos"))
		return at.In(time.FixedZone("", 60*rapid.IntRange(-14*60, 14*60).Draw(t, "offset")))
	})
)

func attributeOf(depth int) *rapid.Generator[Attribute] {
	return rapid.Custom(func(t *rapid.T) Attribute {
		key := names.Draw(t, "key")
		var a Attribute
		switch k := rapid.IntRange(0, 6).Draw(t, "kind"); k {
		case 0:
			a = String(key, texts.Draw(t, "text"))
		case 1:
			a = Date(key, instants.Draw(t, "at"))
		case 2:
			a = Int(key, rapid.Int64().Draw(t, "int"))
		case 3:
			a = Float(key, rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{math.Inf(1), math.Inf(-1)})).Draw(t, "float"))
		case 4:
			a = Boolean(key, rapid.Bool().Draw(t, "bool"))
		case 5:
			a = ID(key, texts.Draw(t, "id"))
		default:
			a = List(key)
		}
		if depth > 0 {
			if a.kind == KindList {
				a.Children = rapid.SliceOfN(attributeOf(depth-1), 0, 3).Draw(t, "elements")
			} else {
				a.Children = attributesOf(depth-1, 2).Draw(t, "children")
			}
		}
		if len(a.Children) == 0 {
			a.Children = nil
		}
		return a
	})
}

func attributesOf(depth, most int) *rapid.Generator[Attributes] {
	return rapid.Map(rapid.SliceOfNDistinct(attributeOf(depth), 0, most, func(a Attribute) string { return a.Key }), func(as []Attribute) Attributes {
		if len(as) == 0 {
			return nil
		}
		return as
	})
}

var headers = rapid.Custom(func(t *rapid.T) Header {
	h := Header{Version: "1.0", Attributes: attributesOf(1, 2).Draw(t, "attributes"), TraceGlobals: attributesOf(0, 2).Draw(t, "trace globals"), EventGlobals: attributesOf(0, 2).Draw(t, "event globals")}
	if rapid.Bool().Draw(t, "more") {
		h.Extensions = []Extension{{"Concept", "concept", "http://www.xes-standard.org/concept.xesext"}}
		h.Classifiers = []Classifier{{Name: "Activity", Scope: "event", Keys: []string{ConceptName, "two words"}}}
		h.Features = "nested-attributes"
	}
	return h
})

var traces = rapid.Custom(func(t *rapid.T) Trace {
	trace := Trace{Attributes: attributesOf(1, 3).Draw(t, "attributes")}
	for range rapid.IntRange(0, 4).Draw(t, "events") {
		trace.Events = append(trace.Events, Event{attributesOf(2, 4).Draw(t, "event")})
	}
	return trace
})

// normal puts instants where equal ones are equal.
func normal(as Attributes) {
	for i := range as {
		as[i].at = as[i].at.UTC()
		normal(as[i].Children)
	}
}

func TestWhatIsWrittenAsXESIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		header, all := headers.Draw(t, "header"), rapid.SliceOfN(traces, 0, 4).Draw(t, "traces")
		var file bytes.Buffer
		require.NoError(t, WriteXES(&file, header, listed(all...), XESOutput{Gzip: rapid.Bool().Draw(t, "gzip")}))
		log, err := ReadXES(bytes.NewReader(file.Bytes()), XES{})
		require.NoError(t, err)
		back := collect(t, log.Traces())
		for _, list := range [][]Trace{all, back} {
			for i := range list {
				normal(list[i].Attributes)
				for j := range list[i].Events {
					if len(list[i].Events[j].Attributes) == 0 {
						list[i].Events[j].Attributes = nil
					}
					normal(list[i].Events[j].Attributes)
				}
			}
		}
		for _, h := range []*Header{&header, &log.Header} {
			normal(h.Attributes)
			normal(h.TraceGlobals)
			normal(h.EventGlobals)
		}
		require.Equal(t, header, log.Header)
		require.Equal(t, len(all), len(back))
		for i := range all {
			require.Equal(t, all[i], back[i])
		}
	})
}

func TestWhatIsWrittenAsXESKeepsToTheSchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var file bytes.Buffer
		require.NoError(t, WriteXES(&file, headers.Draw(t, "header"), listed(rapid.SliceOfN(traces, 0, 3).Draw(t, "traces")...), XESOutput{}))
		require.NoError(t, schemaOfXES(bytes.NewReader(file.Bytes())))
	})
}

// TestTheSchemaRulesCanFail keeps the check of the test above honest.
func TestTheSchemaRulesCanFail(t *testing.T) {
	for name, log := range map[string]string{
		"no version":              `<log></log>`,
		"an attribute before":     `<log xes.version="1.0"><string key="a" value=""/><extension name="A" prefix="a" uri="u"/></log>`,
		"a global after":          `<log xes.version="1.0"><classifier name="A" keys="a"/><global scope="event"/></log>`,
		"an attribute after":      `<log xes.version="1.0"><trace/><string key="a" value=""/></log>`,
		"events before":           `<log xes.version="1.0"><trace><event/><string key="a" value=""/></trace></log>`,
		"no key":                  `<log xes.version="1.0"><string value=""/></log>`,
		"no value":                `<log xes.version="1.0"><int key="a"/></log>`,
		"no number":               `<log xes.version="1.0"><int key="a" value="1.5"/></log>`,
		"no instant":              `<log xes.version="1.0"><date key="a" value="yesterday"/></log>`,
		"a container":             `<log xes.version="1.0"><container key="a"/></log>`,
		"a list without values":   `<log xes.version="1.0"><list key="a"/></log>`,
		"a key that is no name":   `<log xes.version="1.0"><string key="a b" value=""/></log>`,
		"a classifier with space": `<log xes.version="1.0"><classifier name="A b" keys="a"/></log>`,
		"an unknown attribute":    `<log xes.version="1.0" more="1"></log>`,
	} {
		t.Run(name, func(t *testing.T) { require.Error(t, schemaOfXES(strings.NewReader(log))) })
	}
}

// schemaOfXES holds a document to the rules of the schema of IEEE 1849, in words of our own.
func schemaOfXES(r io.Reader) error {
	type level struct {
		name string
		rank int // of the last child: children come in the order of their ranks
		had  int
	}
	attributes := map[string]func(string) bool{
		"string": func(string) bool { return true }, "id": func(string) bool { return true },
		"int":     func(s string) bool { _, err := strconv.ParseInt(s, 10, 64); return err == nil },
		"float":   func(s string) bool { _, ok := parseFloat(s); return ok },
		"boolean": func(s string) bool { _, ok := parseBoolean(s); return ok },
		"date": func(s string) bool {
			at, err := time.Parse(time.RFC3339Nano, s)
			return err == nil && at.Year() > 0
		},
	}
	required := map[string][]string{
		"log": {"xes.version"}, "extension": {"name", "prefix", "uri"}, "classifier": {"name", "keys"}, "list": {"key"}, "values": {"key"},
	}
	optional := map[string][]string{"log": {"xes.features"}, "classifier": {"scope"}, "global": {"scope"}}
	rank := func(parent, child string) int {
		_, value := attributes[child]
		any := value || child == "list"
		order := map[string][]string{"": {"log"}, "log": {"extension", "global", "classifier", "*", "trace", "event"}, "trace": {"*", "event"}, "list": {"*", "values"}}[parent]
		if order == nil {
			order = []string{"*"}
		}
		if any {
			child = "*"
		}
		if parent == "extension" || parent == "classifier" {
			return -1
		}
		return slices.Index(order, child)
	}
	open := []level{{}}
	dec := xml.NewDecoder(r)
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" {
				return errors.New("text between tags")
			}
		case xml.EndElement:
			last := open[len(open)-1]
			if last.name == "list" && last.had == 0 {
				return errors.New("a list without <values>")
			}
			open = open[:len(open)-1]
		case xml.StartElement:
			name, parent := token.Name.Local, &open[len(open)-1]
			at := rank(parent.name, name)
			if at < 0 || at < parent.rank {
				return fmt.Errorf("<%s> stands in <%s> where the schema has none", name, parent.name)
			}
			parent.rank = at
			if name == "values" {
				parent.had++
			}
			given := map[string]string{}
			for _, a := range token.Attr {
				given[a.Name.Local] = a.Value
			}
			must := required[name]
			if check := attributes[name]; check != nil {
				must = []string{"key", "value"}
				if value, ok := given["value"]; !ok || !check(value) {
					return fmt.Errorf("<%s> has the value %q", name, value)
				}
			}
			for _, want := range must {
				if _, ok := given[want]; !ok {
					return fmt.Errorf("<%s> lacks %s", name, want)
				}
			}
			for key, value := range given {
				switch {
				case !slices.Contains(must, key) && !slices.Contains(optional[name], key):
					return fmt.Errorf("<%s> has an attribute %s", name, key)
				case key == "key" && !isXMLName(value):
					return fmt.Errorf("the key %q is no name", value)
				case (key == "name" || key == "prefix" || key == "scope") && (!isXMLName(value) || strings.Contains(value, ":")):
					return fmt.Errorf("the %s %q is no name", key, value)
				}
			}
			open = append(open, level{name: name})
		}
	}
}

func TestXESRefusesWhatItCannotWrite(t *testing.T) {
	one := func(a Attribute) []Trace { return []Trace{{Events: []Event{{Attributes{a}}}}} }
	deep := String("a", "")
	for range 100 {
		deep = Attribute{Key: "a", Children: Attributes{deep}}
	}
	cases := map[string]struct {
		header Header
		traces []Trace
		code   Code
	}{
		"a control character": {traces: one(String("a", "\x01")), code: CodeEncoding},
		"NUL":                 {traces: one(String("a", "\x00")), code: CodeEncoding},
		"no UTF-8":            {traces: one(String("a", "\xff")), code: CodeEncoding},
		"half a character":    {traces: one(String("a", "\uffff")), code: CodeEncoding},
		"no key":              {traces: one(String("", "x")), code: CodeValue},
		"a key with a space":  {traces: one(String("a b", "x")), code: CodeValue},
		"a container":         {traces: one(Container("a")), code: CodeValue},
		"the year 10000":      {traces: one(Date("a", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))), code: CodeTime},
		"the year 0":          {traces: one(Date("a", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))), code: CodeTime},
		"a key twice":         {traces: []Trace{{Attributes: Attributes{String("a", ""), Int("a", 1)}}}, code: CodeValue},
		"too deep":            {traces: one(deep), code: CodeLimit},
		"no version":          {header: Header{Version: "one"}, code: CodeValue},
		"a classifier's name": {header: Header{Classifiers: []Classifier{{Name: "A b", Keys: []string{"a"}}}}, code: CodeValue},
		"a quote in a key":    {header: Header{Classifiers: []Classifier{{Name: "A", Keys: []string{"it's"}}}}, code: CodeValue},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := WriteXES(io.Discard, c.header, listed(c.traces...), XESOutput{Name: "out.xes"})
			var f *Error
			require.ErrorAs(t, err, &f)
			assert.Equal(t, c.code, f.Code, err)
			assert.Equal(t, "out.xes", f.Source)
			if len(c.traces) > 0 {
				assert.Equal(t, 1, f.Trace)
			}
		})
	}
	err := WriteXES(io.Discard, Header{}, listed(one(String("a b", "x"))...), XESOutput{AnyKey: true})
	require.NoError(t, err)
}

func TestAFailedXESIsNoWholeOne(t *testing.T) {
	var file bytes.Buffer
	broken := errors.New("no more")
	err := WriteXES(&file, Header{}, func(yield func(Trace, error) bool) {
		_ = yield(Trace{}, nil) && yield(Trace{}, broken)
	}, XESOutput{})
	require.ErrorIs(t, err, broken)
	_ = file
	require.ErrorIs(t, WriteXES(failing{}, Header{}, listed[Trace](), XESOutput{}), errFull)
}

var errFull = errors.New("the disk is full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

// TestXESHoldsOneTrace writes a log that is far larger than what may be held.
func TestXESHoldsOneTrace(t *testing.T) {
	trace := Trace{Attributes: Attributes{String(ConceptName, "case")}}
	for range 50 {
		trace.Events = append(trace.Events, Event{Attributes{String(ConceptName, "go on"), Date(TimeTimestamp, time.Unix(1, 0).UTC())}})
	}
	run := func(n int) float64 {
		return testing.AllocsPerRun(1, func() {
			require.NoError(t, WriteXES(io.Discard, Header{}, func(yield func(Trace, error) bool) {
				for range n {
					if !yield(trace, nil) {
						return
					}
				}
			}, XESOutput{}))
		})
	}
	few, many := run(10), run(10_000)
	require.Less(t, many, few+2*50*10_000, "one small allocation an instant, and nothing that is kept")
}

func BenchmarkWriteXES(b *testing.B) {
	trace := Trace{Attributes: Attributes{String(ConceptName, "INC0000001")}}
	for i := range 10 {
		trace.Events = append(trace.Events, Event{Attributes{
			String(ConceptName, "incident.assigned"), Date(TimeTimestamp, time.Unix(int64(i), 0).UTC()), String(OrgResource, "ann"),
			String(LifecycleTransition, "complete"), String("state", "assigned"), String("group", "network"),
		}})
	}
	b.ReportAllocs()
	events := 0
	err := WriteXES(io.Discard, Header{}, func(yield func(Trace, error) bool) {
		for b.Loop() {
			events += len(trace.Events)
			if !yield(trace, nil) {
				return
			}
		}
	}, XESOutput{})
	require.NoError(b, err)
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
