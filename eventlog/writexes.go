package eventlog

import (
	"bufio"
	"compress/gzip"
	"errors"
	"io"
	"iter"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// XESOutput configures [WriteXES]. The zero value writes what the schema of IEEE 1849 takes.
type XESOutput struct {
	// Name is what errors call the log.
	Name string
	// Gzip packs the file.
	Gzip bool
	// AnyKey also writes keys and names that the schema refuses, such as those with spaces, as many logs have them.
	// Programs read such a file; a validator says no.
	AnyKey bool
}

// WriteXES writes a log as XES of IEEE 1849: extensions, globals, classifiers and attributes of the header, then trace by
// trace. It holds no more than one trace. Without a version the header says 1.0.
//
// Instants keep nanoseconds and offset; an offset that XES cannot write becomes UTC. Lists are written with <values>. A
// container is refused, because the standard has none any more. What is written is checked first: keys are XML names
// that an element has once, instants lie in the years 1 to 9999, text is UTF-8 of characters that XML can hold. After
// an error, also one of the traces, the file is cut off, and no reader takes it for whole.
func WriteXES(w io.Writer, header Header, traces iter.Seq2[Trace, error], config XESOutput) error {
	x := &xesWriter{config: config}
	if err := x.log(w, header, traces); err != nil {
		return x.located(err)
	}
	return nil
}

type xesWriter struct {
	config        XESOutput
	out           *bufio.Writer
	line          []byte
	depth         int
	traces, event int
	seen          map[string]bool
}

func (x *xesWriter) located(err error) error {
	var f *Error
	if !errors.As(err, &f) {
		f = fault(CodeWrite, "writing failed: %v", err)
		f.Err = err
	}
	if f.Source == "" {
		f.Source, f.Trace, f.Event = x.config.Name, x.traces, x.event
	}
	return f
}

func (x *xesWriter) log(w io.Writer, header Header, traces iter.Seq2[Trace, error]) error {
	if x.config.Gzip {
		packed := gzip.NewWriter(w)
		x.out = bufio.NewWriterSize(packed, 64<<10)
		if err := x.content(header, traces); err != nil {
			return err
		}
		return packed.Close()
	}
	x.out = bufio.NewWriterSize(w, 64<<10)
	return x.content(header, traces)
}

func (x *xesWriter) content(header Header, traces iter.Seq2[Trace, error]) error {
	if err := x.header(header); err != nil {
		return err
	}
	for trace, err := range traces {
		x.traces, x.event = x.traces+1, 0
		if err != nil {
			return err
		}
		if err := x.trace(trace); err != nil {
			return err
		}
	}
	x.traces, x.event = 0, 0
	x.line = append(x.line[:0], "</log>\n"...)
	if _, err := x.out.Write(x.line); err != nil {
		return err
	}
	return x.out.Flush()
}

func (x *xesWriter) header(h Header) error {
	if h.Version == "" {
		h.Version = "1.0"
	}
	if strings.Trim(h.Version, "0123456789.") != "" || strings.Count(h.Version, ".") > 1 || strings.Trim(h.Version, ".") == "" {
		return fault(CodeValue, "the version %q is no decimal number", shorten(h.Version)).about("xes.version", h.Version)
	}
	x.line = append(x.line[:0], `<?xml version="1.0" encoding="UTF-8"?>`+"\n<log"...)
	if err := x.put("xes.version", h.Version); err != nil {
		return err
	}
	if err := x.put("xes.features", strings.Join(strings.Fields(h.Features), " ")); err != nil {
		return err
	}
	x.line = append(x.line, ">\n"...)
	x.depth = 1
	for _, e := range h.Extensions {
		if err := x.tag("extension", [][2]string{{"name", e.Name}, {"prefix", e.Prefix}, {"uri", e.URI}}, 2); err != nil {
			return err
		}
	}
	for _, g := range []struct {
		scope string
		list  Attributes
	}{{"trace", h.TraceGlobals}, {"event", h.EventGlobals}} {
		if len(g.list) == 0 {
			continue
		}
		x.indent()
		x.line = append(append(append(x.line, `<global scope="`...), g.scope...), "\">\n"...)
		if err := x.children(g.list, false); err != nil {
			return err
		}
		x.indent()
		x.line = append(x.line, "</global>\n"...)
	}
	for _, c := range h.Classifiers {
		keys, err := joinKeys(c.Keys)
		if err != nil {
			return err
		}
		scope := c.Scope
		if scope == "" {
			scope = "event"
		}
		if err := x.tag("classifier", [][2]string{{"name", c.Name}, {"scope", scope}, {"keys", keys}}, 2); err != nil {
			return err
		}
	}
	x.depth = 0
	if err := x.children(h.Attributes, false); err != nil {
		return err
	}
	return x.flush()
}

// joinKeys writes the keys of a classifier, those with spaces in single quotes.
func joinKeys(keys []string) (string, *Error) {
	quoted := make([]string, len(keys))
	for i, key := range keys {
		if key == "" || strings.Contains(key, "'") {
			return "", fault(CodeValue, "a classifier cannot name the key %q", shorten(key))
		}
		if quoted[i] = key; strings.ContainsAny(key, " \t\r\n") {
			quoted[i] = "'" + key + "'"
		}
	}
	return strings.Join(quoted, " "), nil
}

// tag writes an empty element; the first so many of its attributes are names without a colon.
func (x *xesWriter) tag(name string, attrs [][2]string, names int) error {
	x.indent()
	x.line = append(append(x.line, '<'), name...)
	for i, a := range attrs {
		if i < names && !x.config.AnyKey && (!isXMLName(a[1]) || strings.Contains(a[1], ":")) {
			return fault(CodeValue, "the %s of <%s> is %q, which is no XML name without a colon; rename it, or set XESOutput.AnyKey", a[0], name, shorten(a[1])).about(a[0], a[1])
		}
		if err := x.put(a[0], a[1]); err != nil {
			return err
		}
	}
	x.line = append(x.line, "/>\n"...)
	return nil
}

func (x *xesWriter) trace(t Trace) error {
	x.line = append(x.line[:0], "\t<trace>\n"...)
	x.depth = 1
	if err := x.children(t.Attributes, false); err != nil {
		return err
	}
	for i := range t.Events {
		x.event = i + 1
		x.line = append(x.line, "\t\t<event>\n"...)
		x.depth = 2
		if err := x.children(t.Events[i].Attributes, false); err != nil {
			return err
		}
		x.line = append(x.line, "\t\t</event>\n"...)
		if len(x.line) > 64<<10 {
			if err := x.flush(); err != nil {
				return err
			}
		}
	}
	x.line = append(x.line, "\t</trace>\n"...)
	return x.flush()
}

func (x *xesWriter) flush() error {
	_, err := x.out.Write(x.line)
	x.line = x.line[:0]
	return err
}

func (x *xesWriter) indent() {
	for range x.depth {
		x.line = append(x.line, '\t')
	}
}

// children writes attributes one deeper. The elements of a list may have the same key.
func (x *xesWriter) children(list Attributes, repeat bool) error {
	if !repeat {
		if key, twice := x.twice(list); twice {
			return fault(CodeValue, "the key %q stands twice in one element; keep one, or make a list", shorten(key)).about(key, "")
		}
	}
	x.depth++
	defer func() { x.depth-- }()
	if x.depth > maxWriteDepth {
		return fault(CodeLimit, "attributes nest more than %d deep", maxWriteDepth)
	}
	for i := range list {
		if err := x.attribute(&list[i]); err != nil {
			return err
		}
	}
	return nil
}

// maxWriteDepth is what [ReadXES] takes by default.
const maxWriteDepth = 60

func (x *xesWriter) twice(list Attributes) (string, bool) {
	if len(list) <= 16 {
		for i := range list {
			for j := range i {
				if list[i].Key == list[j].Key {
					return list[i].Key, true
				}
			}
		}
		return "", false
	}
	if x.seen == nil {
		x.seen = map[string]bool{}
	}
	clear(x.seen)
	for i := range list {
		if x.seen[list[i].Key] {
			return list[i].Key, true
		}
		x.seen[list[i].Key] = true
	}
	return "", false
}

func (x *xesWriter) attribute(a *Attribute) error {
	switch {
	case a.Key == "":
		return fault(CodeValue, "an attribute has no key")
	case !x.config.AnyKey && !isXMLName(a.Key):
		return fault(CodeValue, "the key %q is no XML name; rename it, or set XESOutput.AnyKey", shorten(a.Key)).about(a.Key, "")
	case a.kind > KindList:
		return fault(CodeValue, "the attribute %q is a %s, which IEEE 1849 does not have; make it a list", shorten(a.Key), a.kind).about(a.Key, "")
	}
	x.indent()
	name := a.kind.String()
	x.line = append(append(x.line, '<'), name...)
	if err := x.put("key", a.Key); err != nil {
		return err
	}
	if a.kind != KindList {
		text := a.text
		switch a.kind {
		case KindString, KindID:
		case KindDate:
			at, err := writable(a.at)
			if err != nil {
				return err.about(a.Key, a.at.String())
			}
			text = at.Format(time.RFC3339Nano)
		default:
			text = a.Text()
		}
		x.line = append(x.line, ` value="`...)
		if err := x.escape(text); err != nil {
			return err.about(a.Key, text)
		}
		x.line = append(x.line, '"')
		if len(a.Children) == 0 {
			x.line = append(x.line, "/>\n"...)
			return nil
		}
		x.line = append(x.line, ">\n"...)
		if err := x.children(a.Children, false); err != nil {
			return err
		}
	} else {
		x.line = append(x.line, ">\n"...)
		x.depth++
		x.indent()
		x.line = append(x.line, "<values key=\"values\">\n"...) // the schema wants a key here, too
		err := x.children(a.Children, true)
		x.indent()
		x.line = append(x.line, "</values>\n"...)
		x.depth--
		if err != nil {
			return err
		}
	}
	x.indent()
	x.line = append(append(append(x.line, "</"...), name...), ">\n"...)
	return nil
}

// put writes an attribute of a tag, none where it is empty.
func (x *xesWriter) put(name, value string) error {
	if value == "" {
		return nil
	}
	x.line = append(append(append(x.line, ' '), name...), '=', '"')
	if err := x.escape(value); err != nil {
		return err.about(name, value)
	}
	x.line = append(x.line, '"')
	return nil
}

// escape writes the value of a tag's attribute, so that it is read as it was: also its line ends.
func (x *xesWriter) escape(s string) *Error {
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 || !isChar(r) {
				return fault(CodeEncoding, "byte %d of the text is not of a character that XML can hold; clean the text", i+1)
			}
			i += size
			continue
		}
		var with string
		switch {
		case c == '&':
			with = "&amp;"
		case c == '<':
			with = "&lt;"
		case c == '>':
			with = "&gt;"
		case c == '"':
			with = "&quot;"
		case c == '\t' || c == '\n' || c == '\r':
			with = "&#" + strconv.Itoa(int(c)) + ";"
		case c < ' ':
			return fault(CodeEncoding, "the text has the control character 0x%02X, which XML cannot hold; take it out", c)
		default:
			i++
			continue
		}
		x.line = append(append(x.line, s[done:i]...), with...)
		i++
		done = i
	}
	x.line = append(x.line, s[done:]...)
	return nil
}

// writable is an instant as ISO 8601 can write it, in UTC where its offset is of seconds or too far.
func writable(at time.Time) (time.Time, *Error) {
	if _, offset := at.Zone(); offset%60 != 0 || math.Abs(float64(offset)) > 14*3600 {
		at = at.UTC()
	}
	if year := at.Year(); year < 1 || year > 9999 {
		return at, fault(CodeTime, "the year %d cannot be written; instants lie in the years 1 to 9999", year)
	}
	return at, nil
}

// isXMLName tells xs:Name for what keys are made of: letters, digits, and a few marks, not a digit first.
func isXMLName(s string) bool {
	if s == "" || !utf8.ValidString(s) {
		return false
	}
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || isNameRune(c)
		if !letter && (i == 0 || c != '-' && c != '.' && c != 0xB7 && (c < '0' || c > '9') && (c < 0x300 || c > 0x36F) && c != 0x203F && c != 0x2040) {
			return false
		}
	}
	return true
}

// isNameRune tells the characters outside of ASCII that may begin a name, by the fifth edition of XML 1.0.
func isNameRune(c rune) bool {
	for _, r := range [...][2]rune{
		{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2FF}, {0x370, 0x37D}, {0x37F, 0x1FFF}, {0x200C, 0x200D}, {0x2070, 0x218F},
		{0x2C00, 0x2FEF}, {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
	} {
		if c >= r[0] && c <= r[1] {
			return true
		}
	}
	return false
}
