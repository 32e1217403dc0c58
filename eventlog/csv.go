package eventlog

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// CSV configures [ReadCSV]. Case and Time are required. Names of columns are compared byte by byte with the file's first
// row, after white space around them is dropped.
type CSV struct {
	// Name is what errors call the source. Default: the name of the file, where the reader is one.
	Name string
	// Case is the column that says to which case a row belongs.
	Case string
	// Time is the column with the instant of the event, which becomes its time:timestamp.
	Time string
	// Layout is how times are written, in the terms of the time package: "02.01.2006 15:04". Default: as in XES.
	Layout string
	// Zone is used for times that have no offset; without it they are refused.
	Zone *time.Location
	// Columns tells which other columns must be there and what they mean. Those not named here are read as strings under
	// their own name; those without a name are passed over.
	Columns []Column
	// Comma separates the fields. Default: a comma.
	Comma rune
	// Encoding is UTF-8, ISO-8859-1, UTF-16, UTF-16LE or UTF-16BE. Default: what a byte order mark says, else UTF-8.
	Encoding string
	Limits   Limits // of which Item counts, for a row
}

// Column gives a column of a CSV file its key and type.
type Column struct {
	Name   string // in the first row of the file
	Key    string // of the attribute; default: Name
	Kind   Kind   // of the attribute; not list or container
	Layout string // of a date; default: that of the log
}

// ReadCSV opens a CSV log (RFC 4180, plain or gzip; lines may end in LF) whose first row names its columns and in which
// every other row is an event. It reads that first row; the others are read while [Log.Events] or [Log.Traces] is ranged
// over. The reader stays the caller's to close.
//
// An empty cell makes no attribute; case and time must not be empty. Rows keep the order of the file.
func ReadCSV(r io.Reader, config CSV) (*Log, error) {
	c := &csvReader{config: config, source: sourceName(config.Name, r), clock: clock{zone: config.Zone}, pool: new(pool)}
	if err := c.open(r); err != nil {
		return nil, c.located(err)
	}
	log := &Log{events: stream(c.next)}
	log.traces = Group(log.events)
	return log, nil
}

type csvReader struct {
	config CSV
	source string
	clock  clock
	guard  *guard
	rows   *csv.Reader
	fields []field // by column
	pool   *pool
	row    int // data rows begun
	line   int // where the current row begins
	last   int // where it ends
}

// field is what a column means.
type field struct {
	Column
	role  role
	zoned bool // the layout has an offset
}

type role uint8

const (
	rolePlain role = iota
	roleCase
	roleTime
	roleNone
)

func (c *csvReader) open(r io.Reader) error {
	limits, err := c.config.Limits.withDefaults()
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return err
	}
	text, err := open(r, func([]byte) string { return c.config.Encoding })
	if err != nil {
		return err
	}
	c.guard = &guard{src: text, limit: limits.Item}
	c.rows = csv.NewReader(c.guard)
	c.rows.Comma, c.rows.ReuseRecord, c.rows.FieldsPerRecord = c.config.Comma, true, -1
	head, err := c.read()
	if err == io.EOF {
		return fault(CodeEmpty, "the file has no rows, not even the names of its columns")
	}
	if err != nil {
		return err
	}
	return c.header(head)
}

// check looks at the configuration.
func (c *csvReader) check() error {
	if c.config.Case == "" || c.config.Time == "" {
		return fault(CodeConfig, "the columns of case and time are not configured; set CSV.Case and CSV.Time")
	}
	if c.config.Comma == 0 {
		c.config.Comma = ','
	}
	if r := c.config.Comma; r == '"' || r == '\r' || r == '\n' || !utf8.ValidRune(r) || r == utf8.RuneError {
		return fault(CodeConfig, "CSV.Comma is %q, which cannot separate fields", r)
	}
	if _, err := checkLayout(c.config.Layout); err != nil {
		return err
	}
	known := map[string]bool{}
	for _, column := range c.config.Columns {
		switch {
		case column.Name == "":
			return fault(CodeConfig, "a column is configured without a name")
		case known[column.Name], column.Name == c.config.Case, column.Name == c.config.Time:
			return fault(CodeConfig, "column %q is configured twice", column.Name).about(column.Name, "")
		case column.Kind >= KindList:
			return fault(CodeConfig, "column %q cannot be a %s; a cell holds one value", column.Name, column.Kind).about(column.Name, "")
		}
		if _, err := checkLayout(column.Layout); err != nil {
			return err.about(column.Name, column.Layout)
		}
		known[column.Name] = true
	}
	return nil
}

// header finds the configured columns in the first row.
func (c *csvReader) header(head []string) error {
	columns := map[string]Column{
		c.config.Case: {Name: c.config.Case},
		c.config.Time: {Name: c.config.Time, Key: TimeTimestamp, Kind: KindDate},
	}
	for _, column := range c.config.Columns {
		columns[column.Name] = column
	}
	keys := map[string]string{}
	var names []string
	for _, name := range head {
		name = strings.Clone(strings.TrimSpace(name))
		column, known := columns[name]
		if !known {
			column.Name = name
		}
		if column.Key == "" {
			column.Key = name
		}
		if column.Layout == "" {
			column.Layout = c.config.Layout
		}
		f := field{Column: column}
		switch name {
		case "":
			f.role = roleNone
		case c.config.Case:
			f.role = roleCase
		case c.config.Time:
			f.role = roleTime
		}
		if f.role == rolePlain || f.role == roleTime {
			if other, twice := keys[f.Key]; twice {
				return fault(CodeColumn, "columns %q and %q both mean %q; rename one", other, name, f.Key).about(name, "")
			}
			keys[f.Key] = name
		} else if f.role == roleCase && slices.Contains(names, name) {
			return fault(CodeColumn, "column %q occurs twice; rename one", name).about(name, "")
		}
		f.zoned, _ = checkLayout(f.Layout)
		names, c.fields = append(names, name), append(c.fields, f)
	}
	required := []string{c.config.Case, c.config.Time}
	for _, column := range c.config.Columns {
		required = append(required, column.Name)
	}
	for _, name := range required {
		if !slices.Contains(names, name) {
			hint := ""
			if len(names) == 1 && strings.ContainsAny(names[0], ",;\t|") {
				hint = "; is CSV.Comma right?"
			}
			return fault(CodeColumn, "column %q is missing; the file has %s%s", name, shorten(fmt.Sprintf("%q", names)), hint).about(name, "")
		}
	}
	return nil
}

// next reads one row.
func (c *csvReader) next() (Entry, bool, error) {
	row, err := c.read()
	if err == io.EOF {
		return Entry{}, false, nil
	}
	c.row++
	if err != nil {
		return Entry{}, false, c.located(err)
	}
	if len(row) != len(c.fields) {
		return Entry{}, false, c.located(fault(CodeRagged,
			"the row has %d fields, but the first row has %d; is a quote missing, or the file cut off?", len(row), len(c.fields)))
	}
	entry := Entry{Event: Event{Attributes: make(Attributes, 0, len(c.fields))}}
	for i := range c.fields {
		if err := c.cell(&entry, &c.fields[i], row[i]); err != nil {
			err.Line, _ = c.rows.FieldPos(i)
			return Entry{}, false, c.located(err.about(c.fields[i].Name, row[i]))
		}
	}
	return entry, true, nil
}

// cell reads one value of a row.
func (c *csvReader) cell(entry *Entry, f *field, text string) *Error {
	if f.role == roleNone || f.role == rolePlain && text == "" {
		return nil
	}
	if f.role == roleCase {
		if entry.Case = c.pool.text(text); text == "" {
			return fault(CodeValue, "column %q is empty; every row needs its case", f.Name)
		}
		return nil
	}
	if f.Kind == KindDate {
		at, err := c.time(f, strings.TrimSpace(text))
		if err != nil {
			err.Message = fmt.Sprintf("column %q: %s", f.Name, err.Message)
			return err
		}
		entry.Attributes = append(entry.Attributes, Date(f.Key, at))
		return nil
	}
	if f.Kind == KindString || f.Kind == KindID {
		text = c.pool.text(text)
	} else {
		text = strings.TrimSpace(text)
	}
	a, ok := parseAs(f.Kind, f.Key, text)
	if !ok {
		return fault(CodeValue, "column %q: %q is no %s", f.Name, shorten(text), f.Kind)
	}
	entry.Attributes = append(entry.Attributes, a)
	return nil
}

func (c *csvReader) time(f *field, text string) (time.Time, *Error) {
	if f.Layout == "" {
		return c.clock.parse(text)
	}
	at, err := time.Parse(f.Layout, text)
	if err != nil {
		return time.Time{}, fault(CodeTime, "%q is not a time in the layout %q", shorten(text), f.Layout)
	}
	if !f.zoned {
		return c.clock.place(at, text)
	}
	_, offset := at.Zone()
	return at.In(c.clock.at(offset)), nil // time.Parse may have used the machine's zone
}

// read reads one row of the file, which is valid until the next call.
func (c *csvReader) read() ([]string, error) {
	c.guard.used = 0
	row, err := c.rows.Read()
	c.line, c.last = c.last+1, c.last+1
	var syntax *csv.ParseError
	switch {
	case errors.As(err, &syntax):
		f := fault(CodeMalformed, "%v; a field with quotes stands in quotes, each quote in it doubled (or the file was cut off within one)", syntax.Err)
		f.Line, f.Err = syntax.StartLine, err
		return nil, f
	case err == io.EOF:
		return nil, err
	case err != nil:
		return nil, readFault(err)
	}
	c.line, _ = c.rows.FieldPos(0)
	c.last, _ = c.rows.FieldPos(len(row) - 1)
	c.last += strings.Count(row[len(row)-1], "\n")
	for i, text := range row {
		if bad := badText([]byte(text)); bad >= 0 {
			f := fault(CodeEncoding, "byte 0x%02X is no text in the file's encoding; set CSV.Encoding to the true one, or convert the file to UTF-8", text[bad])
			f.Line, _ = c.rows.FieldPos(i)
			return nil, f
		}
	}
	return row, nil
}

// located completes an error with source, line and row.
func (c *csvReader) located(err error) error {
	var f *Error
	if !errors.As(err, &f) {
		return err
	}
	f.Source, f.Event = c.source, c.row
	if f.Line == 0 && f.Code != CodeEmpty {
		f.Line = c.line
	}
	return f
}

// guard bounds what is read for one row, as an open quote would swallow the rest of the file.
type guard struct {
	src   io.Reader
	limit int
	used  int
}

func (g *guard) Read(p []byte) (int, error) {
	if g.used > g.limit {
		return 0, fault(CodeLimit, "a row is longer than %d bytes; is a quote not closed? If the file is sound, raise Limits.Item", g.limit)
	}
	n, err := g.src.Read(p)
	g.used += n
	return n, err
}

// checkLayout refuses a layout that would silently lose a part of the time, and says whether it has an offset.
func checkLayout(layout string) (zoned bool, err *Error) {
	if layout == "" {
		return true, nil
	}
	sample := func(zone string, hours int) string {
		return time.Date(2023, 11, 22, 13, 14, 0, 0, time.FixedZone(zone, hours*3600)).Format(layout)
	}
	zoned = sample("AAA", 3) != sample("AAA", 4)
	if !zoned && sample("AAA", 3) != sample("BBB", 3) {
		return false, fault(CodeConfig, "the layout %q has a zone's letters, which do not say its offset; use -0700, or leave it out and configure the zone", layout)
	}
	at, failed := time.Parse(layout, sample("AAA", 3))
	if day := at.Format("2006-01-02 15"); failed != nil || day != "2023-11-22 13" && day != "2023-11-22 00" {
		return false, fault(CodeConfig, `the layout %q does not tell a whole date and an hour of 24; write Go's reference time in the log's manner, as in "02.01.2006 15:04"`, layout)
	}
	return zoned, nil
}
