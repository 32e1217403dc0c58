package eventlog

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"math"
	"time"
	"unicode/utf8"
)

// OCELOutput configures [WriteOCEL].
type OCELOutput struct {
	// Name is what errors call the log.
	Name string
	// Gzip packs the file.
	Gzip bool
}

// WriteOCEL writes an object-centric log as OCEL 2.0 in JSON: the types, then the objects, then the events, each ranged
// over once. It holds one object or event at a time, and the ids of all of them, since it refuses an id that stands
// twice and a relation that leads nowhere: some 100 bytes each.
//
// Every value is written as a string, as the standard's schema has it; its type says how it is read. Objects and events
// must be of declared types and have declared attributes only, of their kind. After an error the file is cut off.
func WriteOCEL(w io.Writer, log *ObjectLog, config OCELOutput) error {
	o := &ocelWriter{objects: map[string]bool{}, events: map[string]bool{}}
	err := func() error {
		if !config.Gzip {
			o.out = bufio.NewWriterSize(w, 64<<10)
			return o.log(log)
		}
		packed := gzip.NewWriter(w)
		o.out = bufio.NewWriterSize(packed, 64<<10)
		if err := o.log(log); err != nil {
			return err
		}
		return packed.Close()
	}()
	if err == nil {
		return nil
	}
	var f *Error
	if !errors.As(err, &f) {
		f = fault(CodeWrite, "writing failed: %v", err)
		f.Err = err
	}
	if f.Source == "" {
		f.Source = config.Name
	}
	return f
}

type ocelWriter struct {
	out     *bufio.Writer
	b       []byte
	types   typeIndex       // of what is being written
	objects map[string]bool // true when written, false when only named by a relation
	events  map[string]bool
	bad     *Error // the first text that could not be written
}

func (o *ocelWriter) log(log *ObjectLog) error {
	objectTypes, err := indexTypes("object", log.ObjectTypes)
	if err != nil {
		return err
	}
	eventTypes, err := indexTypes("event", log.EventTypes)
	if err != nil {
		return err
	}
	o.b = append(o.b, '{')
	o.declare("objectTypes", log.ObjectTypes)
	o.b = append(o.b, ',')
	o.declare("eventTypes", log.EventTypes)
	o.b = append(o.b, ",\n\"objects\":["...)
	o.types = objectTypes
	n := 0
	for object, err := range log.Objects {
		if err != nil {
			return err
		}
		if err := o.object(&object, n); err != nil {
			err.Message = "object " + shorten(object.ID) + ": " + err.Message
			return err
		}
		if err := o.flush(); err != nil {
			return err
		}
		n++
	}
	for id, written := range o.objects {
		if !written {
			return fault(CodeDangling, "an object has a relation to the object %q, which is not there", shorten(id))
		}
	}
	o.b = append(o.b, "],\n\"events\":["...)
	o.types = eventTypes
	n = 0
	for event, err := range log.Events {
		if err != nil {
			return err
		}
		if err := o.event(&event, n); err != nil {
			err.Message = "event " + shorten(event.ID) + ": " + err.Message
			return err
		}
		if err := o.flush(); err != nil {
			return err
		}
		n++
	}
	o.b = append(o.b, "]}\n"...)
	if err := o.flush(); err != nil {
		return err
	}
	return o.out.Flush()
}

func (o *ocelWriter) flush() error {
	if o.bad != nil {
		return o.bad
	}
	_, err := o.out.Write(o.b)
	o.b = o.b[:0]
	return err
}

func (o *ocelWriter) declare(name string, types []Type) {
	o.b = append(append(append(o.b, "\n\""...), name...), "\":["...)
	for i, t := range types {
		o.member(i, "{\"name\":", t.Name)
		o.b = append(o.b, ",\"attributes\":["...)
		for j, a := range t.Attributes {
			o.member(j, "{\"name\":", a.Name)
			o.member(0, ",\"type\":", ocelKinds[a.Kind])
			o.b = append(o.b, '}')
		}
		o.b = append(o.b, "]}"...)
	}
	o.b = append(o.b, ']')
}

// member writes something and a text, after a comma where it is not the first of a list.
func (o *ocelWriter) member(i int, what, text string) {
	if i > 0 {
		o.b = append(o.b, ",\n"...)
	}
	o.b = append(o.b, what...)
	o.text(text)
}

func (o *ocelWriter) head(n int, seen map[string]bool, id, of string) (map[string]Kind, *Error) {
	kinds, known := o.types[of]
	switch {
	case id == "":
		return nil, fault(CodeValue, "it has no id")
	case seen[id]:
		return nil, fault(CodeDuplicate, "the id stands twice")
	case !known:
		return nil, fault(CodeType, "its type %q is not declared", shorten(of))
	}
	seen[id] = true
	o.member(n, "{\"id\":", id)
	o.member(0, ",\"type\":", of)
	return kinds, nil
}

func (o *ocelWriter) object(object *Object, n int) *Error {
	kinds, err := o.head(n, o.objects, object.ID, object.Type)
	if err != nil {
		return err
	}
	o.b = append(o.b, ",\"attributes\":["...)
	for i := range object.Attributes {
		a := &object.Attributes[i]
		if err := o.attribute(i, &a.Attribute, kinds); err != nil {
			return err
		}
		o.b = append(o.b, ",\"time\":"...)
		if err := o.time(a.From); err != nil {
			return err.about(a.Key, "")
		}
		o.b = append(o.b, '}')
	}
	o.b = append(o.b, ']')
	for _, r := range object.Relations {
		if !o.objects[r.Object] {
			o.objects[r.Object] = false // it may come later
		}
	}
	o.relations(object.Relations)
	return o.bad
}

func (o *ocelWriter) event(event *ObjectEvent, n int) *Error {
	kinds, err := o.head(n, o.events, event.ID, event.Type)
	if err != nil {
		return err
	}
	o.b = append(o.b, ",\"time\":"...)
	if err := o.time(event.Time); err != nil {
		return err
	}
	o.b = append(o.b, ",\"attributes\":["...)
	for i := range event.Attributes {
		for j := range i {
			if event.Attributes[i].Key == event.Attributes[j].Key {
				return fault(CodeDuplicate, "the attribute %q stands twice", shorten(event.Attributes[i].Key))
			}
		}
		if err := o.attribute(i, &event.Attributes[i], kinds); err != nil {
			return err
		}
		o.b = append(o.b, '}')
	}
	o.b = append(o.b, ']')
	for _, r := range event.Relations {
		if !o.objects[r.Object] {
			return fault(CodeDangling, "it has a relation to the object %q, which is not there", shorten(r.Object))
		}
	}
	o.relations(event.Relations)
	return o.bad
}

func (o *ocelWriter) attribute(i int, a *Attribute, kinds map[string]Kind) *Error {
	kind, declared := kinds[a.Key]
	own := a.kind
	if own == KindID {
		own = KindString
	}
	switch {
	case !declared:
		return fault(CodeType, "its type declares no attribute %q", shorten(a.Key)).about(a.Key, "")
	case own != kind:
		return fault(CodeType, "the attribute %q is declared as %s, and this is %s", shorten(a.Key), kind, a.kind).about(a.Key, a.Text())
	case len(a.Children) > 0:
		return fault(CodeValue, "the attribute %q has attributes of its own, which OCEL does not have", shorten(a.Key)).about(a.Key, "")
	}
	o.member(i, "{\"name\":", a.Key)
	o.b = append(o.b, ",\"value\":"...)
	if kind == KindDate {
		return o.time(a.at)
	}
	if f, _ := a.Float(); kind == KindFloat && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return fault(CodeValue, "the attribute %q is no finite number", shorten(a.Key)).about(a.Key, a.Text())
	}
	o.text(a.Text())
	return nil
}

func (o *ocelWriter) relations(list []Relation) {
	o.b = append(o.b, ",\"relationships\":["...)
	for i, r := range list {
		o.member(i, "{\"objectId\":", r.Object)
		o.member(0, ",\"qualifier\":", r.Qualifier)
		o.b = append(o.b, '}')
	}
	o.b = append(o.b, "]}"...)
}

func (o *ocelWriter) time(at time.Time) *Error {
	at, err := writable(at)
	if err != nil {
		return err
	}
	o.b = append(o.b, '"')
	o.b = at.AppendFormat(o.b, time.RFC3339Nano)
	o.b = append(o.b, '"')
	return nil
}

// text writes a JSON string. Like XML, it holds no control characters but white space, so that a log is the same in both.
func (o *ocelWriter) text(s string) {
	o.b = append(o.b, '"')
	done := 0
	for i := 0; i < len(s); {
		c, size := rune(s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(s[i:])
		}
		var with string
		switch {
		case c == utf8.RuneError && size == 1 || !isChar(c):
			if o.bad == nil {
				o.bad = fault(CodeEncoding, "byte %d of %q is not of a character that a log can hold; clean the text", i+1, shorten(s))
			}
		case c == '"':
			with = `\"`
		case c == '\\':
			with = `\\`
		case c == '\n':
			with = `\n`
		case c == '\r':
			with = `\r`
		case c == '\t':
			with = `\t`
		}
		if with != "" {
			o.b = append(append(o.b, s[done:i]...), with...)
			done = i + size
		}
		i += size
	}
	o.b = append(o.b, s[done:]...)
	o.b = append(o.b, '"')
}
