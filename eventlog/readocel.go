package eventlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
	"unicode/utf8"
)

// OCEL configures [ReadOCEL]. The zero value is what a well-made log needs.
type OCEL struct {
	// Name is what errors call the source. Default: the name of the file, where the reader is one.
	Name string
	// Zone is used for times that have no offset; without it they are refused.
	Zone *time.Location
	// Limits bound the file: Item one type, object or event.
	Limits Limits
}

// ReadOCEL opens an OCEL 2.0 log in JSON, plain or gzip. It reads the types, wherever they stand; the objects and events
// are read each time that [ObjectLog.Objects] or [ObjectLog.Events] is ranged over, from the beginning of the file. So
// it holds one object or event at a time. A loop that ends without an error has seen the whole file; one loop at a time.
//
// Values may be strings, numbers or truth values; they come as the kind that their type declares. Types and attributes
// that are not declared are refused. Whether ids stand twice, or relations lead anywhere, is not looked for.
func ReadOCEL(r io.ReadSeeker, config OCEL) (*ObjectLog, error) {
	o := &ocelReader{src: r, source: sourceName(config.Name, r), clock: clock{zone: config.Zone}, pool: new(pool)}
	var err error
	if o.limits, err = config.Limits.withDefaults(); err != nil {
		return nil, o.located(err)
	}
	log := &ObjectLog{}
	err = o.walk(map[string]func(json.RawMessage) error{
		"objectTypes": func(raw json.RawMessage) error { return o.declared(raw, &log.ObjectTypes) },
		"eventTypes":  func(raw json.RawMessage) error { return o.declared(raw, &log.EventTypes) },
	}, true)
	if err != nil {
		return nil, o.located(err)
	}
	objectTypes, fault := indexTypes("object", log.ObjectTypes)
	if fault != nil {
		return nil, o.located(fault)
	}
	eventTypes, fault := indexTypes("event", log.EventTypes)
	if fault != nil {
		return nil, o.located(fault)
	}
	log.Objects = listOf(o, "objects", func(raw json.RawMessage) (Object, error) { return o.object(raw, objectTypes) })
	log.Events = listOf(o, "events", func(raw json.RawMessage) (ObjectEvent, error) { return o.event(raw, eventTypes) })
	return log, nil
}

type ocelReader struct {
	src    io.ReadSeeker
	source string
	clock  clock
	limits Limits
	pool   *pool
	list   string // the list that is read, and the place in it
	item   int
}

// listOf reads one list of the file as a stream.
func listOf[T any](o *ocelReader, name string, read func(json.RawMessage) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		enough := errors.New("enough")
		err := o.walk(map[string]func(json.RawMessage) error{name: func(raw json.RawMessage) error {
			item, err := read(raw)
			if err == nil && !yield(item, nil) {
				return enough
			}
			return err
		}}, false)
		if err != nil && err != enough {
			var none T
			yield(none, o.located(err))
		}
	}
}

// walk reads the file from its beginning and hands over the items of some of its lists. Where the types are enough, it
// ends behind them.
func (o *ocelReader) walk(take map[string]func(json.RawMessage) error, typesOnly bool) error {
	o.list, o.item = "", 0
	if _, err := o.src.Seek(0, io.SeekStart); err != nil {
		return readFault(err)
	}
	text, err := open(o.src, func([]byte) string { return "UTF-8" })
	if err != nil {
		return err
	}
	limit := &guard{src: text, limit: o.limits.Item}
	dec := json.NewDecoder(limit)
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return jsonFault(err, "the file is no OCEL log: it does not begin with {")
	}
	seen := map[string]bool{}
	for dec.More() {
		limit.used = 0
		t, err := dec.Token()
		if err != nil {
			return jsonFault(err, "")
		}
		name, _ := t.(string)
		if seen[name] {
			return fault(CodeDuplicate, "%q stands twice", shorten(name))
		}
		seen[name] = true
		if err := o.walkList(dec, limit, name, take[name]); err != nil {
			return err
		}
		if typesOnly && seen["eventTypes"] && seen["objectTypes"] {
			return nil
		}
	}
	limit.used = 0
	if t, err := dec.Token(); err != nil || t != json.Delim('}') {
		return jsonFault(err, "the log does not end with }")
	}
	if _, err := dec.Token(); err != io.EOF {
		return jsonFault(err, "something follows the end of the log")
	}
	for _, name := range []string{"eventTypes", "objectTypes", "events", "objects"} {
		if !seen[name] {
			return fault(CodeNotLog, "the file is no OCEL 2.0 log: it has no %q", name)
		}
	}
	return nil
}

func (o *ocelReader) walkList(dec *json.Decoder, limit *guard, name string, take func(json.RawMessage) error) error {
	o.list, o.item = name, 0
	known := name == "eventTypes" || name == "objectTypes" || name == "events" || name == "objects"
	if !known { // one value of any kind, which the limit bounds
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return jsonFault(err, "")
		}
		return nil
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return jsonFault(err, "it is no list")
	}
	for dec.More() {
		limit.used = 0
		o.item++
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return jsonFault(err, "")
		}
		if len(raw) > o.limits.Item {
			return fault(CodeLimit, "an item is longer than %d bytes; if the file is sound, raise Limits.Item", o.limits.Item)
		}
		if take == nil {
			continue
		}
		if bad := badText(raw); bad >= 0 {
			return fault(CodeEncoding, "byte 0x%02X is not valid text", raw[bad])
		}
		if err := take(raw); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return jsonFault(err, "")
	}
	o.list = ""
	return nil
}

// jsonFault names a failure of the decoder, or says what was found instead.
func jsonFault(err error, message string) *Error {
	var known *Error
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &known):
		return known
	case err == io.EOF, errors.Is(err, io.ErrUnexpectedEOF):
		return fault(CodeTruncated, "the file ends too early: it was cut off; fetch it again")
	case errors.As(err, &syntax):
		f := fault(CodeMalformed, "it is not JSON: %v, at byte %d of the text", err, syntax.Offset)
		f.Err = err
		return f
	case err != nil:
		return readFault(err)
	}
	return fault(CodeNotLog, "%s", message)
}

// located completes an error with the source and the place in the list.
func (o *ocelReader) located(err error) error {
	var f *Error
	if !errors.As(err, &f) {
		f = readFault(err)
	}
	if f.Source != "" {
		return f
	}
	f.Source = o.source
	if o.list != "" {
		f.Message = fmt.Sprintf("%s, item %d: %s", o.list, o.item, f.Message)
	}
	return f
}

// strict decodes an item.
func strict(raw json.RawMessage, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		f := fault(CodeValue, "it is not as OCEL has it: %v", err)
		f.Err = err
		return f
	}
	return nil
}

func (o *ocelReader) declared(raw json.RawMessage, to *[]Type) error {
	var t struct {
		Name       string
		Attributes []struct{ Name, Type string }
	}
	if err := strict(raw, &t); err != nil {
		return err
	}
	made := Type{Name: t.Name}
	for _, a := range t.Attributes {
		kind, ok := ocelKind(a.Type)
		if !ok {
			return fault(CodeType, "the attribute %q has the type %q; OCEL has string, time, integer, float and boolean", shorten(a.Name), shorten(a.Type))
		}
		made.Attributes = append(made.Attributes, TypeAttribute{Name: a.Name, Kind: kind})
	}
	*to = append(*to, made)
	return nil
}

type ocelItem struct {
	ID, Type, Time string
	Attributes     []struct {
		Name, Time string
		Value      json.RawMessage
	}
	Relationships []struct{ ObjectID, Qualifier string }
}

func (o *ocelReader) read(raw json.RawMessage, types typeIndex) (item ocelItem, kinds map[string]Kind, relations []Relation, err error) {
	if err := strict(raw, &item); err != nil {
		return item, nil, nil, err
	}
	kinds, known := types[item.Type]
	switch {
	case item.ID == "":
		return item, nil, nil, fault(CodeValue, "it has no id")
	case !known:
		return item, nil, nil, fault(CodeType, "its type %q is not declared", shorten(item.Type))
	}
	for _, r := range item.Relationships {
		if r.ObjectID == "" {
			return item, nil, nil, fault(CodeValue, "a relation has no objectId")
		}
		relations = append(relations, Relation{Object: r.ObjectID, Qualifier: o.pool.text(r.Qualifier)})
	}
	item.Type = o.pool.text(item.Type)
	return item, kinds, relations, nil
}

func (o *ocelReader) object(raw json.RawMessage, types typeIndex) (Object, error) {
	item, kinds, relations, err := o.read(raw, types)
	if err != nil {
		return Object{}, err
	}
	object := Object{ID: item.ID, Type: item.Type, Relations: relations}
	for _, a := range item.Attributes {
		value, err := o.value(a.Name, a.Value, kinds)
		if err != nil {
			return Object{}, err
		}
		from, err := o.clock.parse(a.Time)
		if err != nil {
			return Object{}, err.about(a.Name, a.Time)
		}
		object.Attributes = append(object.Attributes, ValueFrom{Attribute: value, From: from})
	}
	return object, nil
}

func (o *ocelReader) event(raw json.RawMessage, types typeIndex) (ObjectEvent, error) {
	item, kinds, relations, err := o.read(raw, types)
	if err != nil {
		return ObjectEvent{}, err
	}
	event := ObjectEvent{ID: item.ID, Type: item.Type, Relations: relations}
	at, late := o.clock.parse(item.Time)
	if late != nil {
		return ObjectEvent{}, late.about("time", item.Time)
	}
	event.Time = at
	for _, a := range item.Attributes {
		value, err := o.value(a.Name, a.Value, kinds)
		if err != nil {
			return ObjectEvent{}, err
		}
		event.Attributes = append(event.Attributes, value)
	}
	return event, nil
}

// value reads an attribute's value as the kind that its type declares.
func (o *ocelReader) value(name string, raw json.RawMessage, kinds map[string]Kind) (Attribute, *Error) {
	kind, declared := kinds[name]
	if !declared {
		return Attribute{}, fault(CodeType, "its type declares no attribute %q", shorten(name)).about(name, "")
	}
	text := string(bytes.TrimSpace(raw))
	if len(text) > 0 && text[0] == '"' {
		if json.Unmarshal(raw, &text) != nil || !utf8.ValidString(text) {
			return Attribute{}, fault(CodeValue, "attribute %q: its value is no text", shorten(name)).about(name, "")
		}
	} else if text == "" || text == "null" || text[0] == '{' || text[0] == '[' {
		return Attribute{}, fault(CodeValue, "attribute %q: its value is a text, a number or a truth value", shorten(name)).about(name, text)
	}
	key := o.pool.text(name)
	if kind == KindDate {
		at, err := o.clock.parse(text)
		if err != nil {
			return Attribute{}, err.about(name, text)
		}
		return Date(key, at), nil
	}
	a, ok := parseAs(kind, key, text)
	if !ok {
		return Attribute{}, fault(CodeValue, "attribute %q: %q is no %s", shorten(name), shorten(text), ocelKinds[kind]).about(name, text)
	}
	return a, nil
}
