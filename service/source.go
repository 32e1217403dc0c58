package service

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// source hands out rows; io.EOF after the last. Rows that cannot be read have faults; an error ends the import.
type source interface {
	next() (rawRow, error)
}

func (s *Services) source(r io.Reader, o ImportOptions) (source, error) {
	switch o.Format {
	case CSV, "":
		t := newTable(r, o.Comma)
		t.check = func(name string) string {
			if _, _, ok := s.column(o.Kind, name); !ok {
				return fmt.Sprintf("there is no such field: there are %s", s.columns(o.Kind))
			}
			return ""
		}
		return t, nil
	case JSON:
		return newObjects(r), nil
	}
	return nil, itsm.Invalid("format", fmt.Sprintf("%q is neither %s nor %s", o.Format, CSV, JSON))
}

// table reads CSV.
type table struct {
	csv    *csv.Reader
	check  func(column string) (fault string)
	header []string
	ended  bool
}

func newTable(r io.Reader, comma rune) *table {
	buffered := bufio.NewReader(r)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3)
	}
	c := csv.NewReader(buffered)
	if c.FieldsPerRecord = -1; comma != 0 {
		c.Comma = comma
	}
	return &table{csv: c}
}

func (t *table) next() (raw rawRow, err error) {
	if t.ended {
		return raw, io.EOF
	}
	if t.header == nil {
		if raw, err = t.readHeader(); err != nil || raw.faults != nil {
			return raw, err
		}
		raw = rawRow{}
	}
	record, err := t.csv.Read()
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		t.ended = wrong.Err == csv.ErrQuote && wrong.StartLine != wrong.Line // a quote that was never closed has eaten the rest
		return rawRow{line: wrong.StartLine, faults: []Fault{{Line: wrong.Line, Column: wrong.Column, Message: wrong.Err.Error()}}}, nil
	}
	if err != nil {
		return raw, err
	}
	raw.line, _ = t.csv.FieldPos(0)
	if len(record) > len(t.header) {
		line, column := t.csv.FieldPos(len(t.header))
		raw.faults = append(raw.faults, Fault{Line: line, Column: column, Message: fmt.Sprintf(
			"the row has %d cells, and the header %d columns: look for a missing quote", len(record), len(t.header))})
		record = record[:len(t.header)]
	}
	for i, text := range record {
		c := cell{name: t.header[i], text: text}
		c.line, c.column = t.csv.FieldPos(i)
		raw.cells = append(raw.cells, c)
	}
	return raw, nil
}

// readHeader reads the names of the columns. A header that is wrong ends the import with its faults.
func (t *table) readHeader() (raw rawRow, err error) {
	raw.apart = true
	record, err := t.csv.Read()
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		t.ended = true
		raw.faults = []Fault{{Line: wrong.Line, Column: wrong.Column, Message: wrong.Err.Error()}}
		return raw, nil
	}
	if err != nil {
		return raw, err
	}
	t.header = make([]string, len(record))
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		wrong := t.check(name)
		if name == "" || slices.Contains(t.header[:i], name) {
			wrong = "a column has a name of its own: name it, or leave it out"
		}
		if t.header[i] = name; wrong != "" {
			line, column := t.csv.FieldPos(i)
			raw.faults = append(raw.faults, Fault{Line: line, Column: column, Field: name, Message: wrong})
		}
	}
	t.ended = raw.faults != nil
	return raw, nil
}

// objects reads JSON, and counts the lines that the decoder is past.
type objects struct {
	json  *json.Decoder
	lines *lineCounter
	array bool
	begun bool
	ended bool
}

func newObjects(r io.Reader) *objects {
	lines := &lineCounter{reader: r, line: 1}
	d := json.NewDecoder(lines)
	d.UseNumber()
	return &objects{json: d, lines: lines}
}

// lineCounter notes where lines begin.
type lineCounter struct {
	reader io.Reader
	read   int64
	ends   []int64 // the offsets of line feeds that were read and not passed yet
	line   int
	err    error
}

func (l *lineCounter) Read(p []byte) (int, error) {
	n, err := l.reader.Read(p)
	if err != nil && err != io.EOF {
		l.err = err
	}
	for i, c := range p[:n] {
		if c == '\n' {
			l.ends = append(l.ends, l.read+int64(i))
		}
	}
	l.read += int64(n)
	return n, err
}

// at is the line of an offset. Offsets come in order.
func (l *lineCounter) at(offset int64) int {
	n := 0
	for n < len(l.ends) && l.ends[n] < offset {
		n++
	}
	l.ends = l.ends[n:]
	l.line += n
	return l.line
}

func (o *objects) here() int { return o.lines.at(o.json.InputOffset()) }

func (o *objects) next() (raw rawRow, err error) {
	if o.ended {
		return raw, io.EOF
	}
	token, err := o.json.Token()
	if !o.begun {
		o.begun = true
		if o.array = token == json.Delim('['); o.array && err == nil {
			token, err = o.json.Token()
		}
	}
	raw.line = o.here()
	switch {
	case errors.Is(err, io.EOF) && !o.array:
		return raw, io.EOF
	case err != nil:
		return o.broken(raw, err)
	case token == json.Delim(']') && o.array:
		o.ended = true
		if _, err := o.json.Token(); !errors.Is(err, io.EOF) {
			raw.apart = true
			raw.faults = []Fault{{Line: o.here(), Message: "something follows the array: leave it out"}}
			return raw, nil
		}
		return raw, io.EOF
	case token != json.Delim('{'):
		return o.broken(raw, fmt.Errorf("a row is an object, not %v", token))
	}
	for o.json.More() {
		if err := o.member(&raw); err != nil {
			return o.broken(raw, err)
		}
	}
	if _, err := o.json.Token(); err != nil {
		return o.broken(raw, err)
	}
	return raw, nil
}

// broken ends the import with a fault where the text is no JSON, and with an error where it cannot be read.
func (o *objects) broken(raw rawRow, err error) (rawRow, error) {
	o.ended = true
	if o.lines.err != nil {
		return raw, o.lines.err
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		raw.faults = append(raw.faults, Fault{Line: o.lines.at(syntax.Offset), Message: syntax.Error()})
		return raw, nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		raw.faults = append(raw.faults, Fault{Line: o.here(), Message: "it ends within a row, or within the array"})
		return raw, nil
	}
	raw.faults = append(raw.faults, Fault{Line: o.here(), Message: err.Error()})
	return raw, nil
}

// member reads a member of an object.
func (o *objects) member(raw *rawRow) error {
	name, err := o.json.Token()
	if err != nil {
		return err
	}
	c := cell{place: place{line: o.here()}}
	c.name, _ = name.(string)
	var v any
	if err := o.json.Decode(&v); err != nil {
		return err
	}
	if attributes, ok := v.(map[string]any); ok && c.name == "custom" {
		for _, name := range slices.Sorted(maps.Keys(attributes)) {
			raw.add(cell{name: "custom." + name, place: c.place}, attributes[name])
		}
		return nil
	}
	raw.add(c, v)
	return nil
}

func (raw *rawRow) add(c cell, v any) {
	switch v := v.(type) {
	case nil:
		c.null = true
	case []any:
		c.isList = true
		for _, entry := range v {
			text, ok := entry.(string)
			if !ok {
				raw.faults = append(raw.faults, Fault{Line: c.line, Field: c.name, Message: "a list holds texts"})
				return
			}
			c.list = append(c.list, text)
		}
	case map[string]any:
		raw.faults = append(raw.faults, Fault{Line: c.line, Field: c.name, Message: "it is an object: give a text, a number, a truth or a list of texts"})
		return
	default:
		c.text = fmt.Sprint(v)
	}
	raw.cells = append(raw.cells, c)
}
