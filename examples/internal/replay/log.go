package replay

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Log is a log that was read whole and understood.
type Log struct {
	// Cases are their names, in the order of their first events in the file.
	Cases []string

	mapping *Mapping
	events  []event // in the order of time; those of one instant in the order of the file
}

// Events is how many there are.
func (l *Log) Events() int { return len(l.events) }

// event is one line of a case's history.
type event struct {
	at      int64 // Unix nanoseconds
	seq     int32 // place in the file
	of      int32 // index of the case
	status  *status
	group   string // empty where the log names none
	person  string
	service string
	impact  itsm.Level
}

// ReadLog reads a log under the mapping. Name is what errors call it; empty is the name of the file.
//
// Every error is an *[eventlog.Error] with the number of the event, or the line where the file itself is broken: the
// file cannot be read to its end, a column is missing, a time or a status cannot be understood. There is then no log.
func (m *Mapping) ReadLog(r io.Reader, name string) (*Log, error) {
	in := &reader{mapping: m, log: &Log{mapping: m}, name: name, cases: map[string]int32{}, seen: map[string]bool{}}
	if file, ok := r.(interface{ Name() string }); ok && name == "" {
		in.name = file.Name()
	}
	read := in.xes
	if m.Format == "csv" {
		read = in.csv
	}
	if err := read(r); err != nil {
		return nil, err
	}
	if len(in.log.events) == 0 {
		return nil, in.fault(eventlog.Error{Code: eventlog.CodeEmpty, Message: "the log has no events"})
	}
	slices.SortFunc(in.log.events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
	return in.log, nil
}

type reader struct {
	mapping *Mapping
	log     *Log
	name    string
	cases   map[string]int32
	seen    map[string]bool // columns that some event had
}

func (in *reader) xes(r io.Reader) error {
	log, err := eventlog.ReadXES(r, eventlog.XES{Name: in.name, Zone: in.mapping.zone})
	if err != nil {
		return err
	}
	traces := 0
	for trace, err := range log.Traces() {
		if err != nil {
			return err
		}
		traces++
		name := trace.Attributes.Text(in.mapping.Columns.Case)
		if name == "" {
			return in.fault(eventlog.Error{Code: eventlog.CodeColumn, Trace: traces, Key: in.mapping.Columns.Case,
				Message: fmt.Sprintf("the trace has no attribute %q, which names the case", in.mapping.Columns.Case)})
		}
		for i := range trace.Events {
			if err := in.event(name, trace.Events[i].Attributes, eventlog.Error{Trace: traces, Event: i + 1}); err != nil {
				return err
			}
		}
	}
	return in.complete()
}

func (in *reader) csv(r io.Reader) error {
	c, how := &in.mapping.Columns, in.mapping.CSV
	config := eventlog.CSV{
		Name: in.name, Case: c.Case, Time: c.Time, Layout: how.Layout, Zone: in.mapping.zone, Encoding: how.Encoding,
	}
	for _, comma := range how.Comma {
		config.Comma = comma
	}
	for _, column := range c.byUse() {
		if column.name != "" && column.use != "time" {
			config.Columns = append(config.Columns, eventlog.Column{Name: column.name})
		}
	}
	log, err := eventlog.ReadCSV(r, config)
	if err != nil {
		return err
	}
	rows := 0
	for entry, err := range log.Events() {
		if err != nil {
			return err
		}
		rows++
		if err := in.event(entry.Case, entry.Attributes, eventlog.Error{Event: rows}); err != nil {
			return err
		}
	}
	return nil
}

// event takes one event of the log; place says where it stands.
func (in *reader) event(name string, a eventlog.Attributes, place eventlog.Error) error {
	c := &in.mapping.Columns
	timeKey := c.Time
	if in.mapping.Format == "csv" {
		timeKey = eventlog.TimeTimestamp
	}
	at, ok := a.Time(timeKey)
	if !ok || at.Before(field.MinInstant()) || at.After(field.MaxInstant()) {
		place.Code, place.Key, place.Value = eventlog.CodeTime, c.Time, a.Text(timeKey)
		place.Message = fmt.Sprintf("the event has no date %q between the years 1678 and 2261", c.Time)
		return in.fault(place)
	}
	e := event{at: at.UnixNano(), seq: int32(len(in.log.events))}
	var err error
	if e.status, err = in.status(a, place); err != nil {
		return err
	}
	e.group, e.person, e.service = in.text(a, c.Group), in.text(a, c.Person), in.text(a, c.Service)
	if impact := in.text(a, c.Impact); impact != "" {
		if e.impact, ok = in.mapping.levels[impact]; !ok {
			place.Code, place.Key, place.Value = eventlog.CodeValue, c.Impact, impact
			place.Message = fmt.Sprintf("impact %q is not in the mapping, which has %s", impact, names(in.mapping.Impact))
			return in.fault(place)
		}
	}
	if e.of, ok = in.cases[name]; !ok {
		e.of = int32(len(in.log.Cases))
		in.cases[name] = e.of
		in.log.Cases = append(in.log.Cases, name)
	}
	in.log.events = append(in.log.events, e)
	return nil
}

// status reads the parts of the status and finds what the mapping says of it.
func (in *reader) status(a eventlog.Attributes, place eventlog.Error) (*status, error) {
	columns := in.mapping.Columns.Status
	parts := make([]string, 0, 4) // seldom more: it stays on the stack
	for _, column := range columns {
		if part := in.text(a, column); part != "" {
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		place.Code, place.Key = eventlog.CodeColumn, columns[0]
		place.Message = fmt.Sprintf("the event has no %q, which tells its status", columns[0])
		return nil, in.fault(place)
	}
	name := strings.Join(parts, in.mapping.Join)
	s, ok := in.mapping.statuses[name]
	if !ok {
		place.Code, place.Key, place.Value = eventlog.CodeValue, columns[0], name
		place.Message = fmt.Sprintf("status %q is not in the mapping, which has %s", name, names(in.mapping.Status))
		return nil, in.fault(place)
	}
	return s, nil
}

func (in *reader) text(a eventlog.Attributes, column string) string {
	if column == "" {
		return ""
	}
	text := a.Text(column)
	if text != "" {
		in.seen[column] = true
	}
	return text
}

// complete refuses XES in which an attribute of the mapping never occurs: it has no row of names that would tell.
func (in *reader) complete() error {
	if len(in.log.events) == 0 {
		return nil
	}
	for _, column := range in.mapping.Columns.byUse() {
		if column.name != "" && column.use != "time" && !in.seen[column.name] {
			return in.fault(eventlog.Error{Code: eventlog.CodeColumn, Key: column.name,
				Message: fmt.Sprintf("no event has a %q, which the mapping names for the %s", column.name, column.use)})
		}
	}
	return nil
}

func (in *reader) fault(e eventlog.Error) error {
	e.Source = in.name
	return &e
}
