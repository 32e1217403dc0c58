package eventlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var ocelLogs = rapid.Custom(func(t *rapid.T) *ObjectLog {
	typesOf := func(what string) []Type {
		all := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Type {
			attributes := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) TypeAttribute {
				return TypeAttribute{Name: texts.Filter(func(s string) bool { return s != "" }).Draw(t, "attribute"), Kind: rapid.SampledFrom([]Kind{KindString, KindDate, KindInt, KindFloat, KindBoolean}).Draw(t, "kind")}
			}), 0, 4, func(a TypeAttribute) string { return a.Name }).Draw(t, "attributes")
			return Type{Name: names.Draw(t, "name"), Attributes: attributes}
		}), 1, 3, func(t Type) string { return t.Name }).Draw(t, what)
		for i := range all {
			if len(all[i].Attributes) == 0 {
				all[i].Attributes = nil
			}
		}
		return all
	}
	value := func(a TypeAttribute) Attribute {
		switch a.Kind {
		case KindDate:
			return Date(a.Name, instants.Draw(t, "date").UTC())
		case KindInt:
			return Int(a.Name, rapid.Int64().Draw(t, "int"))
		case KindFloat:
			return Float(a.Name, rapid.Float64().Draw(t, "float"))
		case KindBoolean:
			return Boolean(a.Name, rapid.Bool().Draw(t, "bool"))
		}
		return String(a.Name, texts.Draw(t, "string"))
	}
	log := &ObjectLog{ObjectTypes: typesOf("object types"), EventTypes: typesOf("event types")}
	n := rapid.IntRange(0, 5).Draw(t, "objects")
	relations := func() (list []Relation) {
		for range rapid.IntRange(0, min(n, 2)).Draw(t, "relations") {
			list = append(list, Relation{fmt.Sprint("o", rapid.IntRange(0, n-1).Draw(t, "to")), texts.Draw(t, "qualifier")})
		}
		return list
	}
	var objects []Object
	for i := range n {
		of := rapid.SampledFrom(log.ObjectTypes).Draw(t, "type")
		o := Object{ID: fmt.Sprint("o", i), Type: of.Name, Relations: relations()}
		for _, a := range of.Attributes {
			for range rapid.IntRange(0, 2).Draw(t, "values") {
				o.Attributes = append(o.Attributes, ValueFrom{value(a), instants.Draw(t, "from").UTC()})
			}
		}
		objects = append(objects, o)
	}
	var events []ObjectEvent
	for i := range rapid.IntRange(0, 5).Draw(t, "events") {
		of := rapid.SampledFrom(log.EventTypes).Draw(t, "type")
		e := ObjectEvent{ID: fmt.Sprint("e", i), Type: of.Name, Time: instants.Draw(t, "time").UTC(), Relations: relations()}
		for _, a := range of.Attributes {
			if rapid.Bool().Draw(t, "has") {
				e.Attributes = append(e.Attributes, value(a))
			}
		}
		events = append(events, e)
	}
	log.Objects, log.Events = listed(objects...), listed(events...)
	return log
})

func TestWhatIsWrittenAsOCELIsReadBackAndKeepsToTheSchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log, packed := ocelLogs.Draw(t, "log"), rapid.Bool().Draw(t, "gzip")
		var file bytes.Buffer
		require.NoError(t, WriteOCEL(&file, log, OCELOutput{Gzip: packed}))
		back, err := ReadOCEL(bytes.NewReader(file.Bytes()), OCEL{})
		require.NoError(t, err)
		require.Equal(t, log.ObjectTypes, back.ObjectTypes)
		require.Equal(t, log.EventTypes, back.EventTypes)
		for range 2 { // each loop is a pass of its own
			require.Equal(t, collect(t, log.Objects), collect(t, back.Objects))
			require.Equal(t, collect(t, log.Events), collect(t, back.Events))
		}
		if !packed {
			requireSchemaOfOCEL(t, file.Bytes())
		}
	})
}

// requireSchemaOfOCEL holds a document to the rules of the standard's JSON schema, in words of our own.
func requireSchemaOfOCEL(t require.TestingT, text []byte) {
	var log map[string][]map[string]any
	require.NoError(t, json.Unmarshal(text, &log))
	list := func(of map[string]any, name string) []any {
		items, ok := of[name].([]any)
		require.True(t, ok, "%s is a list", name)
		return items
	}
	of := func(item any, names ...string) {
		fields, ok := item.(map[string]any)
		require.True(t, ok)
		for _, name := range names {
			text, ok := fields[name].(string)
			require.True(t, ok, "%s is a string in %v", name, fields)
			if name == "time" {
				_, err := time.Parse(time.RFC3339Nano, text)
				require.NoError(t, err)
			}
		}
	}
	for _, name := range []string{"eventTypes", "objectTypes", "events", "objects"} {
		require.Contains(t, log, name)
	}
	for _, kind := range append(log["eventTypes"], log["objectTypes"]...) {
		of(kind, "name")
		for _, a := range list(kind, "attributes") {
			of(a, "name", "type")
			require.Contains(t, []any{"string", "time", "integer", "float", "boolean"}, a.(map[string]any)["type"])
		}
	}
	for _, e := range log["events"] {
		of(e, "id", "type", "time")
		for _, a := range list(e, "attributes") {
			of(a, "name", "value")
		}
	}
	for _, o := range log["objects"] {
		of(o, "id", "type")
		for _, a := range list(o, "attributes") {
			of(a, "name", "value", "time")
		}
	}
	for _, item := range append(log["events"], log["objects"]...) {
		for _, r := range list(item, "relationships") {
			of(r, "objectId", "qualifier")
		}
	}
}

func TestOCELRefusesWhatItCannotWrite(t *testing.T) {
	at := time.Unix(0, 0).UTC()
	text := Type{Name: "ticket", Attributes: []TypeAttribute{{"title", KindString}, {"score", KindFloat}}}
	done := Type{Name: "done", Attributes: []TypeAttribute{{"by", KindString}}}
	cases := map[string]struct {
		log  ObjectLog
		code Code
	}{
		"a type twice":         {ObjectLog{ObjectTypes: []Type{text, text}}, CodeDuplicate},
		"a type's attribute":   {ObjectLog{EventTypes: []Type{{Name: "x", Attributes: []TypeAttribute{{"l", KindList}}}}}, CodeType},
		"an object twice":      {ObjectLog{Objects: listed(Object{ID: "1", Type: "ticket"}, Object{ID: "1", Type: "ticket"})}, CodeDuplicate},
		"an event twice":       {ObjectLog{Events: listed(ObjectEvent{ID: "1", Type: "done", Time: at}, ObjectEvent{ID: "1", Type: "done", Time: at})}, CodeDuplicate},
		"no id":                {ObjectLog{Objects: listed(Object{Type: "ticket"})}, CodeValue},
		"no such type":         {ObjectLog{Objects: listed(Object{ID: "1", Type: "done"})}, CodeType},
		"no such attribute":    {ObjectLog{Events: listed(ObjectEvent{ID: "1", Type: "done", Time: at, Attributes: Attributes{String("to", "")}})}, CodeType},
		"another kind":         {ObjectLog{Events: listed(ObjectEvent{ID: "1", Type: "done", Time: at, Attributes: Attributes{Int("by", 1)}})}, CodeType},
		"an attribute twice":   {ObjectLog{Events: listed(ObjectEvent{ID: "1", Type: "done", Time: at, Attributes: Attributes{String("by", ""), String("by", "")}})}, CodeDuplicate},
		"no instant":           {ObjectLog{Events: listed(ObjectEvent{ID: "1", Type: "done", Time: time.Time{}.AddDate(-1, 0, 0)})}, CodeTime},
		"an event to nowhere":  {ObjectLog{Events: listed(ObjectEvent{ID: "1", Type: "done", Time: at, Relations: []Relation{{"9", ""}}})}, CodeDangling},
		"an object to nowhere": {ObjectLog{Objects: listed(Object{ID: "1", Type: "ticket", Relations: []Relation{{"9", ""}}})}, CodeDangling},
		"a control character":  {ObjectLog{Objects: listed(Object{ID: "\x01", Type: "ticket"})}, CodeEncoding},
		"no UTF-8":             {ObjectLog{Objects: listed(Object{ID: "1", Type: "ticket", Attributes: []ValueFrom{{String("title", "\xff"), at}}})}, CodeEncoding},
		"a nested attribute":   {ObjectLog{Objects: listed(Object{ID: "1", Type: "ticket", Attributes: []ValueFrom{{Attribute{Key: "title", Children: Attributes{Int("x", 1)}}, at}}})}, CodeValue},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.log.ObjectTypes == nil && c.log.EventTypes == nil {
				c.log.ObjectTypes, c.log.EventTypes = []Type{text}, []Type{done}
			}
			if c.log.Objects == nil {
				c.log.Objects = listed[Object]()
			}
			if c.log.Events == nil {
				c.log.Events = listed[ObjectEvent]()
			}
			err := WriteOCEL(io.Discard, &c.log, OCELOutput{Name: "out.json"})
			var f *Error
			require.ErrorAs(t, err, &f)
			assert.Equal(t, c.code, f.Code, err)
			assert.Equal(t, "out.json", f.Source)
		})
	}
}

const smallOCEL = `{"events":[{"id":"e1","type":"pay","time":"2024-03-04T09:12:33Z","attributes":[{"name":"sum","value":12.5}],
 "relationships":[{"objectId":"o1","qualifier":"pays"}]}],
"objects":[{"id":"o1","type":"bill","attributes":[{"name":"open","value":"true","time":"1970-01-01T00:00:00Z"}]}],
"eventTypes":[{"name":"pay","attributes":[{"name":"sum","type":"float"}]}],
"objectTypes":[{"name":"bill","attributes":[{"name":"open","type":"boolean"}]}], "more":{"of":["anything"]}}`

func TestOCELMayStandInAnyOrderWithPlainValues(t *testing.T) {
	log, err := ReadOCEL(strings.NewReader(smallOCEL), OCEL{})
	require.NoError(t, err)
	events := collect(t, log.Events)
	require.Equal(t, []ObjectEvent{{
		ID: "e1", Type: "pay", Time: time.Date(2024, 3, 4, 9, 12, 33, 0, time.UTC), Attributes: Attributes{Float("sum", 12.5)}, Relations: []Relation{{"o1", "pays"}},
	}}, events)
	require.Equal(t, []Object{{ID: "o1", Type: "bill", Attributes: []ValueFrom{{Boolean("open", true), Always}}}}, collect(t, log.Objects))
}

func TestOCELThatIsNone(t *testing.T) {
	replace := func(old, with string) string { return strings.Replace(smallOCEL, old, with, 1) }
	for name, c := range map[string]struct {
		file string
		code Code
	}{
		"empty":            {"", CodeEmpty},
		"a list":           {"[]", CodeNotLog},
		"no types":         {`{"events":[],"objects":[]}`, CodeNotLog},
		"no events":        {replace(`"events"`, `"evnts"`), CodeNotLog},
		"cut off":          {smallOCEL[:len(smallOCEL)-40], CodeTruncated},
		"not JSON":         {replace(`"id":"e1"`, `"id":e1`), CodeMalformed},
		"more behind":      {smallOCEL + "x", CodeMalformed},
		"a list twice":     {replace(`"more":{"of":["anything"]}`, `"events":[]`), CodeDuplicate},
		"no such type":     {replace(`"type":"pay"`, `"type":"play"`), CodeType},
		"no such kind":     {replace(`"type":"float"`, `"type":"money"`), CodeType},
		"no such name":     {replace(`"name":"sum","value"`, `"name":"sums","value"`), CodeType},
		"no number":        {replace(`12.5`, `"much"`), CodeValue},
		"a nested value":   {replace(`12.5`, `{}`), CodeValue},
		"no time":          {replace(`2024-03-04T09`, `2024-13-04T09`), CodeTime},
		"no offset":        {replace(`09:12:33Z`, `09:12:33`), CodeNoZone},
		"no id":            {replace(`"id":"o1"`, `"id":""`), CodeValue},
		"an id of numbers": {replace(`"id":"o1"`, `"id":1`), CodeValue},
		"no UTF-8":         {replace("pays", "p\xffys"), CodeEncoding},
		"a bomb":           {replace("pays", strings.Repeat("y", 5<<20)), CodeLimit},
		"a bomb elsewhere": {replace("anything", strings.Repeat("y", 5<<20)), CodeLimit},
		"too deep":         {replace(`12.5`, strings.Repeat("[", 20000)), CodeMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			log, err := ReadOCEL(strings.NewReader(c.file), OCEL{Name: "in.json"})
			if err == nil {
				for _, err = range log.Events {
				}
			}
			if err == nil {
				for _, err = range log.Objects {
				}
			}
			var f *Error
			require.ErrorAs(t, err, &f)
			assert.Equal(t, c.code, f.Code, err)
			assert.Equal(t, "in.json", f.Source)
		})
	}
}

func FuzzReadOCEL(f *testing.F) {
	f.Add([]byte(smallOCEL))
	f.Add([]byte(`{"objectTypes":[],"eventTypes":[],"objects":[],"events":[]}`))
	f.Add([]byte(`{"events":[{"id":"1"`))
	f.Fuzz(func(t *testing.T, file []byte) {
		log, err := ReadOCEL(bytes.NewReader(file), OCEL{Limits: Limits{Item: 4096}})
		if err != nil {
			var known *Error
			require.ErrorAs(t, err, &known)
			return
		}
		var out bytes.Buffer
		if WriteOCEL(&out, log, OCELOutput{}) != nil {
			return // ids twice, relations to nowhere, or a list that cannot be read
		}
		back, err := ReadOCEL(bytes.NewReader(out.Bytes()), OCEL{})
		require.NoError(t, err)
		require.Equal(t, collect(t, log.Objects), collect(t, back.Objects))
		require.Equal(t, collect(t, log.Events), collect(t, back.Events))
	})
}

func BenchmarkWriteOCEL(b *testing.B) {
	log := &ObjectLog{
		ObjectTypes: []Type{{Name: "incident"}},
		EventTypes:  []Type{{Name: "incident.assigned", Attributes: []TypeAttribute{{"state", KindString}, {"group", KindString}}}},
		Objects:     listed(Object{ID: "INC1", Type: "incident"}),
	}
	n := 0
	log.Events = func(yield func(ObjectEvent, error) bool) {
		for b.Loop() {
			n++
			if !yield(ObjectEvent{ID: fmt.Sprint("e", n), Type: "incident.assigned", Time: Always,
				Attributes: Attributes{String("state", "assigned"), String("group", "network")}, Relations: []Relation{{"INC1", "of"}}}, nil) {
				return
			}
		}
	}
	b.ReportAllocs()
	require.NoError(b, WriteOCEL(io.Discard, log, OCELOutput{}))
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}
