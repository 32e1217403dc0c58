package export

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// RestoreOptions change [Restore]. The zero value stops at the first record that is refused.
type RestoreOptions struct {
	// Report is told of every record in the order of the file, and ends the import where it answers an error. Without it
	// the first record that is refused ends the import.
	Report func(Outcome) error
	// Row bounds a row of the file, and Record the rows of one record, in bytes; 0 is 4 MiB and 64 MiB. Memory is some
	// times that.
	Row, Record int
}

// Outcome is what became of one record of the file.
type Outcome struct {
	Ref itsm.Ref
	// Line is where its rows begin.
	Line int
	itsm.Restored
	// Err says everything that is wrong with the record; it was then not written, nor any part of it.
	Err error
}

// Summary counts the outcomes.
type Summary struct{ Restored, Unchanged, Refused int }

// Restore reads a file that [Lives] wrote, or one of the same form from elsewhere, and writes each of its records by
// [itsm.Kernel.Restore]: all of it or nothing, in a transaction of its own. So an import that was cut off is simply
// given again: what is there is left unchanged. It holds one record at a time, and needs the verb [itsm.Import].
//
// The first row names the columns, in any order; row, record and version must be there, and others may be missing. Rows
// of a record stand together. An error that it answers is of the file or the store, not of a record: the records
// before it are written, as the summary says.
func Restore(ctx context.Context, r io.Reader, k *itsm.Kernel, options RestoreOptions) (sum Summary, err error) {
	l, err := newLifeReader(r, options)
	if err != nil {
		return sum, err
	}
	for {
		b, err := l.next()
		if err == io.EOF {
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		out := Outcome{Ref: b.life.Ref, Line: b.line}
		if len(b.faults) > 0 {
			out.Err = &itsm.Error{Code: itsm.ErrInvalid.Code, Message: itsm.ErrInvalid.Message, Cause: errors.Join(b.faults...)}
		} else {
			out.Restored, out.Err = k.Restore(ctx, &b.life)
		}
		switch {
		case out.Err != nil && !ofRecord(out.Err):
			return sum, out.Err
		case out.Err != nil:
			sum.Refused++
		case out.Unchanged:
			sum.Unchanged++
		default:
			sum.Restored++
		}
		if options.Report != nil {
			if err := options.Report(out); err != nil {
				return sum, err
			}
		} else if out.Err != nil {
			return sum, fmt.Errorf("line %d, %s: %w", out.Line, out.Ref, out.Err)
		}
	}
}

// ofRecord reports whether an error is the record's own; others would meet the next record as well.
func ofRecord(err error) bool {
	return errors.Is(err, itsm.ErrInvalid) || errors.Is(err, itsm.ErrExists)
}

// block is the rows of one record.
type block struct {
	life   itsm.Life
	line   int
	faults []error
}

// maxFaults bounds what is told of one record.
const maxFaults = 100

func (b *block) fault(line int, column, message string) {
	if len(b.faults) < maxFaults {
		b.faults = append(b.faults, itsm.Invalid(fmt.Sprintf("line %d, %s", line, column), message))
	}
}

type lifeReader struct {
	rows  *csv.Reader
	guard *rowGuard
	index map[string]int
	limit int

	ahead []string // a row that was read and belongs to the next record
	line  int
}

// rowGuard bounds what is read for one row, as an open quote would swallow the rest of the file.
type rowGuard struct {
	src         io.Reader
	used, limit int
}

func (g *rowGuard) Read(p []byte) (int, error) {
	if g.used > g.limit {
		return 0, itsm.Invalid("row", fmt.Sprintf("a row is longer than %d bytes; is a quote not closed? If the file is sound, raise RestoreOptions.Row", g.limit))
	}
	n, err := g.src.Read(p)
	g.used += n
	return n, err
}

// headLimit bounds the row of the columns' names.
const headLimit = 64 << 10

func newLifeReader(r io.Reader, options RestoreOptions) (*lifeReader, error) {
	row, record := options.Row, options.Record
	if row == 0 {
		row = 4 << 20
	}
	if record == 0 {
		record = 64 << 20
	}
	if row < 0 || record < 0 {
		return nil, itsm.Invalid("Row", "give limits of 0 for the usual ones, or more")
	}
	in := bufio.NewReader(r)
	if mark, _ := in.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = in.Discard(3) // it was peeked
	}
	l := &lifeReader{guard: &rowGuard{src: in, limit: headLimit}, index: map[string]int{}, limit: record}
	l.rows = csv.NewReader(l.guard)
	l.rows.ReuseRecord = true
	head, err := l.read()
	if err == io.EOF {
		return nil, itsm.Invalid("file", "the file is empty: its first row names the columns")
	}
	if err != nil {
		return nil, err
	}
	for i, name := range head {
		if _, twice := l.index[name]; twice || !slices.Contains(lifeColumns[:], name) {
			return nil, itsm.Invalid("columns", fmt.Sprintf("the column %q is unknown or stands twice", short(name)))
		}
		l.index[name] = i
	}
	for _, name := range []string{colRow, colRecord, colVersion} {
		if _, ok := l.index[name]; !ok {
			return nil, itsm.Invalid("columns", "the column "+name+" is missing")
		}
	}
	l.guard.limit = row
	l.ahead, err = l.read()
	if err != nil && err != io.EOF {
		return nil, err
	}
	return l, nil
}

// short keeps messages short, whatever a file holds.
func short(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}

// read reads a row, valid until the next call.
func (l *lifeReader) read() ([]string, error) {
	l.guard.used = 0
	row, err := l.rows.Read()
	if err == io.EOF {
		return nil, io.EOF
	}
	if err != nil {
		var syntax *csv.ParseError
		if errors.As(err, &syntax) {
			return nil, &itsm.Error{Code: itsm.ErrInvalid.Code, Message: "the file is no sound CSV, or was cut off", Cause: err}
		}
		return nil, err
	}
	l.line, _ = l.rows.FieldPos(0)
	return row, nil
}

// next gathers the rows of a record. Faults of the file end it; those of the record come with it.
func (l *lifeReader) next() (*block, error) {
	if l.ahead == nil {
		return nil, io.EOF
	}
	record := l.cell(colRecord)
	b := &block{line: l.line}
	if err := b.life.Ref.UnmarshalText([]byte(record)); err != nil || record == "" {
		b.fault(l.line, colRecord, fmt.Sprintf("%q is no record: write kind/number", short(record)))
	}
	size := 0
	for {
		for _, cell := range l.ahead {
			size += len(cell)
		}
		if size > l.limit {
			return nil, itsm.Invalid("record", fmt.Sprintf("line %d: the rows of %s are longer than %d bytes; if the file is sound, raise RestoreOptions.Record", b.line, short(record), l.limit))
		}
		l.take(b)
		var err error
		if l.ahead, err = l.read(); err == io.EOF {
			l.ahead = nil
			break
		} else if err != nil {
			return nil, err
		}
		if l.cell(colRecord) != record {
			break
		}
	}
	slices.SortStableFunc(b.life.Events, func(a, b itsm.Entry) int { return int(a.Version - b.Version) })
	slices.SortStableFunc(b.life.Rows, func(a, b itsm.LifeRow) int { return int(a.Version - b.Version) })
	return b, nil
}

// cell is the row's text in a column, empty where the file does not have it.
func (l *lifeReader) cell(name string) string {
	i, ok := l.index[name]
	if !ok {
		return ""
	}
	return fromCell(l.ahead[i])
}

// take adds the row at hand to a record.
func (l *lifeReader) take(b *block) {
	for _, cell := range l.ahead {
		if !utf8.ValidString(cell) {
			b.fault(l.line, colRow, "it holds bytes that are no UTF-8")
			return
		}
	}
	version, err := strconv.ParseInt(l.cell(colVersion), 10, 64)
	if err != nil || version < 1 || version > 1<<31 {
		b.fault(l.line, colVersion, fmt.Sprintf("%q is no version: events are numbered from 1", short(l.cell(colVersion))))
	}
	if tenant := l.cell(colTenant); tenant != "" && b.life.Tenant != "" && tenant != b.life.Tenant {
		b.fault(l.line, colTenant, "a record has one tenant")
	} else if tenant != "" {
		b.life.Tenant = tenant
	}
	switch kind := l.cell(colRow); kind {
	case rowEvent:
		l.takeEvent(b, version)
	case rowRow:
		l.takeRow(b, version)
	case rowTimer:
		b.life.Timers = append(b.life.Timers, itsm.Timer{
			Name: l.cell(colKey), Generation: version, Due: l.instant(b), Trigger: l.cell(colEvent), Input: l.cell(colText),
		})
	default:
		b.fault(l.line, colRow, fmt.Sprintf("%q is neither event nor row nor timer", short(kind)))
	}
}

func (l *lifeReader) takeEvent(b *block, version int64) {
	e := itsm.Entry{
		Version: version, At: l.instant(b), Event: l.cell(colEvent), Also: l.list(b, colAlso), Cause: l.cell(colCause), People: l.list(b, colPeople),
		Actor: itsm.Actor{ID: l.cell(colActor), OnBehalfOf: l.cell(colBehalf)},
	}
	switch kind := l.cell(colActorKind); kind {
	case "", itsm.Person.String():
	case itsm.System.String():
		e.Actor.Kind = itsm.System
	case itsm.Integration.String():
		e.Actor.Kind = itsm.Integration
	default:
		b.fault(l.line, colActorKind, fmt.Sprintf("%q is neither person nor system nor integration", short(kind)))
	}
	changes := map[string]json.RawMessage{}
	l.object(b, colChanges, &changes)
	for _, name := range sorted(changes) {
		raw := changes[name]
		c := itsm.FieldChange{Field: name}
		if string(raw) == erasedJSON {
			c.Erased, c.Personal = true, true
		} else if v, err := field.ParseJSON(raw); err != nil {
			b.fault(l.line, colChanges, fmt.Sprintf("%s: %v", short(name), err))
		} else {
			c.To = v
		}
		e.Changes = append(e.Changes, c)
	}
	l.object(b, colFacts, &e.Facts)
	b.life.Events = append(b.life.Events, e)
}

func (l *lifeReader) takeRow(b *block, version int64) {
	r := itsm.LifeRow{
		Version: version, Kind: itsm.RowKind(l.cell(colKind)), Key: l.cell(colKey), Subject: l.cell(colSubject), Text: l.cell(colText),
	}
	switch gone := l.cell(colGone); gone {
	case "":
	case "erased":
		r.Erased = true
	case "removed":
		r.Removed = true
	default:
		b.fault(l.line, colGone, fmt.Sprintf("%q is neither erased nor removed", short(gone)))
	}
	if facts := l.cell(colFacts); facts != "" {
		r.Facts = json.RawMessage(facts)
	} else if !r.Removed {
		r.Facts = json.RawMessage("{}")
	}
	b.life.Rows = append(b.life.Rows, r)
}

func (l *lifeReader) instant(b *block) time.Time {
	at, err := time.Parse(time.RFC3339Nano, l.cell(colAt))
	if err != nil {
		b.fault(l.line, colAt, fmt.Sprintf("%q is no instant: write it like 2024-03-04T09:12:33Z", short(l.cell(colAt))))
	}
	return at.UTC()
}

func (l *lifeReader) list(b *block, column string) (list []string) {
	if text := l.cell(column); text != "" && json.Unmarshal([]byte(text), &list) != nil {
		b.fault(l.line, column, "it is no JSON list of texts")
	}
	return list
}

func (l *lifeReader) object(b *block, column string, into *map[string]json.RawMessage) {
	if text := l.cell(column); text != "" && json.Unmarshal([]byte(text), into) != nil {
		b.fault(l.line, column, "it is no JSON object")
	}
}
