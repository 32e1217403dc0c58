package eventlog

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says why a log could not be read or written, and where. Every error of this package is one; find it with errors.As.
type Error struct {
	Code    Code
	Source  string // what the caller calls the log, often a file name; may be empty
	Line    int    // line of the text (after unpacking), from 1; 0 where no line is meant
	Trace   int    // number of the trace in the file, from 1; 0 outside of traces and in CSV
	Event   int    // number of the event in its trace, from 1, or of the data row in CSV; 0 outside of events
	Key     string // attribute or column, where one is meant
	Value   string // what was found there, shortened
	Message string // what is wrong and what can be done, without the place
	Err     error  // the cause, where there is one
}

// Code names a kind of failure for programs.
type Code string

// The failures.
const (
	CodeConfig     Code = "config"     // the configuration cannot work
	CodeRead       Code = "read"       // the reader failed; see Err
	CodeWrite      Code = "write"      // the writer failed; see Err
	CodeEmpty      Code = "empty"      // nothing to read
	CodeTruncated  Code = "truncated"  // ends too early
	CodeCorrupt    Code = "corrupt"    // gzip data is damaged
	CodeEncoding   Code = "encoding"   // bytes are not text in the expected encoding, or it is not known
	CodeNotXML     Code = "not-xml"    // something else than XML
	CodeNotLog     Code = "not-log"    // XML, but no XES log
	CodeMalformed  Code = "malformed"  // breaks the rules of XML or CSV
	CodeEntity     Code = "entity"     // entity or document type that is not read
	CodeUnexpected Code = "unexpected" // an element or text where XES has none
	CodeLimit      Code = "limit"      // larger than Limits allow
	CodeValue      Code = "value"      // an attribute's value is missing or not of its type
	CodeTime       Code = "time"       // a time cannot be read, or never was
	CodeNoZone     Code = "no-zone"    // a time has no offset and no zone is configured
	CodeColumn     Code = "column"     // a column is missing or occurs twice
	CodeRagged     Code = "ragged"     // a row has more or fewer fields than the header
	CodeType       Code = "type"       // a type of events or objects, or one of its attributes, was not declared
	CodeDuplicate  Code = "duplicate"  // an id or a name stands twice
	CodeDangling   Code = "dangling"   // a relation leads to an object that is not there
)

// Error gives place and message: `log.xes:12: trace 3, event 4: …`.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Source)
	if e.Source == "" {
		b.WriteString("event log")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	b.WriteString(": ")
	switch {
	case e.Trace > 0 && e.Event > 0:
		fmt.Fprintf(&b, "trace %d, event %d: ", e.Trace, e.Event)
	case e.Trace > 0:
		fmt.Fprintf(&b, "trace %d: ", e.Trace)
	case e.Event > 0:
		fmt.Fprintf(&b, "event %d: ", e.Event)
	}
	b.WriteString(e.Message)
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func fault(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// about adds the attribute or column that an error is about.
func (e *Error) about(key, value string) *Error {
	e.Key, e.Value = key, shorten(value)
	return e
}

// shorten keeps messages readable and free of broken text, whatever a file holds.
func shorten(s string) string {
	const limit = 80
	if len(s) > limit {
		cut := limit
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strings.ToValidUTF8(s, "�")
}

// Limits bound what one file can make a reader hold. Zero means the default.
type Limits struct {
	// Item is the size in bytes of one tag, one comment or one run of text in XES, and of one row in CSV. Default 1 MiB.
	Item int
	// Depth is the number of elements that may be open in each other. Default 64; a log without nested attributes has 4.
	Depth int
	// Trace is the size in bytes of a whole trace, and of the header, as XML. Default 64 MiB; memory is a few times that.
	Trace int
}

func (l Limits) withDefaults() (Limits, error) {
	for _, limit := range []struct {
		name  string
		value *int
		usual int
	}{{"Item", &l.Item, 1 << 20}, {"Depth", &l.Depth, 64}, {"Trace", &l.Trace, 64 << 20}} {
		if *limit.value < 0 {
			return l, fault(CodeConfig, "Limits.%s is %d; give a positive number, or 0 for the default", limit.name, *limit.value)
		}
		if *limit.value == 0 {
			*limit.value = limit.usual
		}
	}
	return l, nil
}
