package eventlog

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// XES configures [ReadXES]. The zero value is what a well-made log needs.
type XES struct {
	// Name is what errors call the source. Default: the name of the file, where the reader is one.
	Name string
	// Zone is used for times that have no offset; without it they are refused.
	Zone   *time.Location
	Limits Limits
}

// ReadXES opens an XES log (IEEE 1849, version 1.0 and 2.0), plain or gzip, in UTF-8, or in ISO-8859-1 or UTF-16 where the
// file says so. It reads the header; the traces are read while [Log.Traces] or [Log.Events] is ranged over, and then the
// whole file is checked to its end. The reader stays the caller's to close.
//
// Elements may have any prefix. Those of another namespace than <log> has are passed over; everything else that is not
// XES is an error. Elements of a list that stand in <values> are children like those that do not.
func ReadXES(r io.Reader, config XES) (*Log, error) {
	x := &xesReader{source: sourceName(config.Name, r), clock: clock{zone: config.Zone}, pool: new(pool)}
	limits, err := config.Limits.withDefaults()
	if err != nil {
		return nil, x.located(err)
	}
	text, err := open(r, xmlEncoding)
	if err != nil {
		return nil, x.located(err)
	}
	x.xml = newTokenizer(text, limits)
	header, err := x.header()
	if err != nil {
		return nil, x.located(err)
	}
	log := &Log{Header: header}
	log.traces = stream(func() (Trace, bool, error) {
		trace, more, err := x.next()
		if err != nil {
			return Trace{}, false, x.located(err)
		}
		return trace, more, nil
	})
	log.events = flatten(log.traces)
	return log, nil
}

// sourceName takes the name of a file from the reader where none is given.
func sourceName(name string, r io.Reader) string {
	if file, ok := r.(interface{ Name() string }); ok && name == "" {
		return file.Name()
	}
	return name
}

// element is what a start tag means to XES.
type element uint8

const (
	elementNone element = iota // the end of the parent
	elementForeign
	elementUnknown
	elementLog
	elementTrace
	elementEvent
	elementExtension
	elementGlobal
	elementClassifier
	elementValues
	elementAttribute // its kind is in xesReader.kind
)

type xesReader struct {
	source string
	xml    *tokenizer
	clock  clock

	kind   Kind      // of the attribute that the current tag begins
	space  string    // the namespace of <log>
	scopes []binding // namespaces declared by the open elements, and some closed ones at the end
	limit  int64     // offset that the current trace or header must not pass
	part   string    // what that is

	inTrace bool // the start tag of a trace was read
	atEnd   bool
	traces  int // traces begun
	events  int // events begun in the current trace; 0 outside

	pending []Attribute // of the events of the current trace
	ends    []int       // where in pending the events end
	pool    *pool
}

type binding struct {
	prefix, space string
	depth         int
}

// located completes an error with what the reader knows about the place.
func (x *xesReader) located(err error) error {
	var f *Error
	if !errors.As(err, &f) {
		return err
	}
	f.Source = x.source
	if x.inTrace {
		f.Trace, f.Event = x.traces, x.events
	}
	if f.Line == 0 && x.xml != nil && f.Code != CodeEmpty {
		f.Line = x.xml.line
	}
	return f
}

// header reads up to the first trace.
func (x *xesReader) header() (Header, error) {
	var h Header
	x.bound("header")
	kind, err := x.xml.next()
	if err != nil {
		return h, err
	}
	if kind != tokenStart || x.classify() != elementLog {
		return h, fault(CodeNotLog, "the file is XML, but its root is <%s> and not the <log> of XES", shorten(string(x.xml.name)))
	}
	h.Version, h.Features = x.value("xes.version"), x.value("xes.features")
	for {
		e, err := x.child()
		if err != nil {
			return h, err
		}
		switch e {
		case elementNone:
			return h, x.finish()
		case elementTrace:
			x.inTrace = true
			return h, nil
		case elementAttribute:
			if err := x.attribute(&h.Attributes); err != nil {
				return h, err
			}
			continue
		case elementExtension:
			h.Extensions = append(h.Extensions, Extension{Name: x.value("name"), Prefix: x.value("prefix"), URI: x.value("uri")})
			err = x.skip()
		case elementClassifier:
			var c Classifier
			if c, err = x.classifier(); err == nil {
				h.Classifiers = append(h.Classifiers, c)
			}
		case elementGlobal:
			err = x.global(&h)
		default:
			return h, x.unexpected("log")
		}
		if err != nil {
			return h, err
		}
	}
}

func (x *xesReader) global(h *Header) error {
	switch scope := x.value("scope"); scope {
	case "", "event":
		return x.attributes(&h.EventGlobals, "global")
	case "trace":
		return x.attributes(&h.TraceGlobals, "global")
	default:
		return fault(CodeValue, "the scope of <global> is %q; XES has trace and event", shorten(scope)).about("scope", scope)
	}
}

func (x *xesReader) classifier() (Classifier, error) {
	c := Classifier{Name: x.value("name"), Scope: x.value("scope")}
	if c.Scope == "" {
		c.Scope = "event"
	}
	// Keys are separated by spaces; one that contains a space stands in single quotes.
	for i, part := range strings.Split(x.value("keys"), "'") {
		if i%2 == 1 {
			c.Keys = append(c.Keys, part)
		} else {
			c.Keys = append(c.Keys, strings.Fields(part)...)
		}
	}
	return c, x.skip()
}

// next reads one trace; more is false at the end of the log.
func (x *xesReader) next() (trace Trace, more bool, err error) {
	if x.atEnd {
		return Trace{}, false, nil
	}
	if !x.inTrace {
		e, err := x.child()
		switch {
		case err != nil:
			return Trace{}, false, err
		case e == elementNone:
			return Trace{}, false, x.finish()
		case e == elementEvent:
			return Trace{}, false, fault(CodeUnexpected, "an <event> outside of a <trace> belongs to no case and is not read")
		case e != elementTrace:
			return Trace{}, false, fault(CodeUnexpected, "<%s> stands after the first trace; XES wants it before", shorten(string(x.xml.name)))
		}
		x.inTrace = true
	}
	x.traces++
	trace, err = x.trace()
	if err != nil {
		return Trace{}, false, err
	}
	x.inTrace = false
	return trace, true, nil
}

func (x *xesReader) trace() (Trace, error) {
	var t Trace
	x.bound("trace")
	x.pending, x.ends = x.pending[:0], x.ends[:0]
	events := 0
	for {
		x.events = 0
		e, err := x.child()
		if err != nil {
			return t, err
		}
		switch e {
		case elementNone:
			t.Events = x.take()
			return t, nil
		case elementAttribute:
			err = x.attribute(&t.Attributes)
		case elementEvent:
			events++
			x.events = events
			err = x.attributes((*Attributes)(&x.pending), "event")
			x.ends = append(x.ends, len(x.pending))
		default:
			err = x.unexpected("trace")
		}
		if err != nil {
			return t, err
		}
	}
}

// take copies what was gathered into memory of exactly its size, which the trace may keep.
func (x *xesReader) take() []Event {
	if len(x.ends) == 0 {
		return nil
	}
	all := make(Attributes, len(x.pending))
	copy(all, x.pending)
	clear(x.pending)
	events := make([]Event, len(x.ends))
	start := 0
	for i, end := range x.ends {
		events[i].Attributes = all[start:end:end]
		start = end
	}
	return events
}

// finish reads what may follow the root element.
func (x *xesReader) finish() error {
	_, err := x.xml.next() // white space and comments are no tokens, and others no good
	x.atEnd = err == nil
	return err
}

// attributes reads the children of the open element, which are attributes, to its end.
func (x *xesReader) attributes(to *Attributes, parent string) error {
	for {
		e, err := x.child()
		if err != nil || e == elementNone {
			return err
		}
		if e != elementAttribute {
			return x.unexpected(parent)
		}
		if err := x.attribute(to); err != nil {
			return err
		}
	}
}

// attribute reads the attribute that the current tag begins.
func (x *xesReader) attribute(to *Attributes) error {
	key, ok := x.xml.attr("key")
	if !ok {
		return fault(CodeValue, "<%s> has no key", shorten(string(x.xml.name)))
	}
	a := Attribute{Key: x.pool.bytes(key), kind: x.kind}
	if a.kind < KindList {
		value, ok := x.xml.attr("value")
		if !ok {
			return fault(CodeValue, "attribute %q has no value", shorten(a.Key)).about(a.Key, "")
		}
		if f := x.set(&a, value); f != nil {
			return f.about(a.Key, string(value))
		}
	}
	if x.xml.closing {
		x.xml.closing = false // the end tag says nothing new
		x.xml.pop()
	} else if err := x.children(&a); err != nil {
		return err
	}
	*to = append(*to, a)
	return nil
}

func (x *xesReader) children(a *Attribute) error {
	for {
		e, err := x.child()
		if err != nil {
			return err
		}
		switch {
		case e == elementNone:
			return nil
		case e == elementAttribute:
			err = x.attribute(&a.Children)
		case e == elementValues && a.kind >= KindList:
			err = x.attributes(&a.Children, "values")
		default:
			err = x.unexpected(a.kind.String())
		}
		if err != nil {
			return err
		}
	}
}

// set reads a value of the attribute's kind.
func (x *xesReader) set(a *Attribute, value []byte) *Error {
	if a.kind == KindString || a.kind == KindID {
		a.text = x.pool.bytes(value)
		return nil
	}
	ok := false
	switch text := string(bytes.TrimSpace(value)); a.kind {
	case KindDate:
		at, f := x.clock.parse(text)
		if f != nil {
			f.Message = "attribute " + strconv.Quote(shorten(a.Key)) + ": " + f.Message
			return f
		}
		a.at, ok = at, true
	default:
		*a, ok = parseAs(a.kind, a.Key, text)
	}
	if !ok {
		return fault(CodeValue, "attribute %q: %q is no %s", shorten(a.Key), shorten(string(value)), a.kind)
	}
	return nil
}

// child reads on to the next child of the open element, or to its end.
func (x *xesReader) child() (element, error) {
	for {
		kind, err := x.xml.next()
		if err != nil {
			return elementNone, err
		}
		if x.xml.offset() > x.limit {
			return elementNone, fault(CodeLimit, "the %s is longer than %d bytes; if the file is sound, raise Limits.Trace", x.part, x.xml.limits.Trace)
		}
		switch kind {
		case tokenEnd:
			return elementNone, nil
		case tokenText:
			return elementNone, fault(CodeUnexpected, "text stands between the tags; XES keeps values in attributes")
		}
		e := x.classify()
		if e != elementForeign {
			return e, nil
		}
		if err := x.skip(); err != nil {
			return elementNone, err
		}
	}
}

// skip reads to the end of the element that the current tag begins.
func (x *xesReader) skip() error {
	for depth := x.xml.depth; x.xml.depth >= depth; {
		if _, err := x.xml.next(); err != nil {
			return err
		}
	}
	return nil
}

// bound begins a part of the file that has a limit.
func (x *xesReader) bound(part string) {
	x.part, x.limit = part, x.xml.offset()+int64(x.xml.limits.Trace)
}

func (x *xesReader) unexpected(parent string) error {
	return fault(CodeUnexpected, "<%s> stands in <%s>, where XES has no such element", shorten(string(x.xml.name)), parent)
}

// classify says what the current start tag is.
func (x *xesReader) classify() element {
	depth := x.xml.depth
	for n := len(x.scopes); n > 0 && x.scopes[n-1].depth >= depth; n-- {
		x.scopes = x.scopes[:n-1]
	}
	if x.xml.declares {
		for _, a := range x.xml.attrs {
			if name, found := bytes.CutPrefix(a.name, xmlns); found && (len(name) == 0 || name[0] == ':') {
				x.scopes = append(x.scopes, binding{prefix: strings.TrimPrefix(string(name), ":"), space: string(a.value), depth: depth})
			}
		}
	}
	prefix, name, found := bytes.Cut(x.xml.name, []byte{':'})
	if !found {
		prefix, name = nil, prefix
	}
	space := x.resolve(prefix)
	if depth == 1 {
		x.space = space
	} else if space != x.space {
		return elementForeign
	}
	return x.meaning(name)
}

// resolve gives the namespace of a prefix; a prefix that is not declared is its own, so that careless files can be read.
func (x *xesReader) resolve(prefix []byte) string {
	for i := len(x.scopes) - 1; i >= 0; i-- {
		if x.scopes[i].prefix == string(prefix) {
			return x.scopes[i].space
		}
	}
	return string(prefix)
}

func (x *xesReader) meaning(name []byte) element {
	switch string(name) {
	case "log":
		return elementLog
	case "trace":
		return elementTrace
	case "event":
		return elementEvent
	case "extension":
		return elementExtension
	case "global":
		return elementGlobal
	case "classifier":
		return elementClassifier
	case "values":
		return elementValues
	case "string":
		x.kind = KindString
	case "date":
		x.kind = KindDate
	case "int":
		x.kind = KindInt
	case "float":
		x.kind = KindFloat
	case "boolean":
		x.kind = KindBoolean
	case "id":
		x.kind = KindID
	case "list":
		x.kind = KindList
	case "container":
		x.kind = KindContainer
	default:
		return elementUnknown
	}
	return elementAttribute
}

// value is the value of a tag's attribute, or "".
func (x *xesReader) value(name string) string {
	value, _ := x.xml.attr(name)
	return string(value)
}
