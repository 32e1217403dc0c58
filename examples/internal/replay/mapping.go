package replay

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/problem"
)

// Mapping says what a log means. It is read by [ReadMapping] and never changed.
type Mapping struct {
	// Name says whose log it is, for people.
	Name string `json:"name"`
	// Practice is what the cases become: "incident" or "problem". Default "incident".
	Practice string `json:"practice"`
	// Format is "xes" or "csv".
	Format string `json:"format"`
	// Zone is the IANA name of the zone for times without an offset; without it they are refused.
	Zone string `json:"zone"`
	// CSV says how a CSV file is written; it must be absent for XES.
	CSV *CSV `json:"csv"`
	// Columns names attributes of XES or columns of CSV.
	Columns Columns `json:"columns"`
	// Join stands between the parts of a status that several columns tell together. Default " / ".
	Join string `json:"join"`
	// Status tells for every status of the log where it puts an incident.
	Status map[string]Target `json:"status"`
	// Impact tells the level for every value of the impact column: critical, high, medium or low.
	Impact map[string]string `json:"impact"`

	zone     *time.Location
	levels   map[string]itsm.Level
	statuses map[string]*status
}

// CSV says how a CSV file is written.
type CSV struct {
	// Layout is how times are written, in the terms of Go's time package. Default: as in XES, RFC 3339.
	Layout string `json:"layout"`
	// Comma separates the fields. Default: a comma.
	Comma string `json:"comma"`
	// Encoding is UTF-8, ISO-8859-1, UTF-16, UTF-16LE or UTF-16BE. Default: what a byte order mark says, else UTF-8.
	Encoding string `json:"encoding"`
}

// Columns names where things stand in a log. Case is an attribute of the trace in XES; all others belong to the event.
type Columns struct {
	Case   string   `json:"case"`
	Time   string   `json:"time"`
	Status []string `json:"status"`
	// What follows may be absent from the mapping, and from single events.
	Group   string `json:"group"`
	Person  string `json:"person"`
	Impact  string `json:"impact"`
	Service string `json:"service"`
}

// Target is where a status puts an incident or a problem.
type Target struct {
	State lifecycle.State `json:"state"`
	// Queue means that it waits for somebody of its group to take it. Only for an incident's state assigned, and a
	// problem's state assessed, where a problem that was not assessed yet stays new.
	Queue bool `json:"queue"`
	// Hold is what an incident waits for. Required for the state on_hold, and only there.
	Hold itsm.HoldReason `json:"hold"`
	// Code is the resolution's of an incident. Only for the state resolved or closed; default "fixed".
	Code incident.ResolutionCode `json:"code"`
	// Outcome is what came of a problem. Required for the states resolved and closed, and only there.
	Outcome problem.Outcome `json:"outcome"`
}

// ReadMapping reads a mapping and checks it. Text that is no JSON and a member that it does not know are refused at
// once; all else that is wrong is reported together.
func ReadMapping(r io.Reader) (*Mapping, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the mapping cannot be read: %w", err)
	}
	m := &Mapping{Join: " / "}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(m); err != nil {
		return nil, fmt.Errorf("the mapping cannot be read%s: %w", placeOf(err, text), err)
	}
	if _, err := in.Token(); err != io.EOF {
		return nil, errors.New("the mapping cannot be read: something follows its end")
	}
	if faults := m.check(); len(faults) > 0 {
		return nil, fmt.Errorf("the mapping is wrong: %w", errors.Join(faults...))
	}
	return m, nil
}

// check answers every fault, and prepares what reading a log needs.
func (m *Mapping) check() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if m.Zone != "" {
		zone, err := time.LoadLocation(m.Zone)
		if err != nil || m.Zone == "Local" { // which is another one on every machine
			fault("zone: %q is no zone known here; give an IANA name such as \"Europe/Vienna\"", m.Zone)
		}
		m.zone = zone
	}
	switch m.Format {
	case "xes":
		if m.CSV != nil {
			fault("csv: the format is xes, which writes everything one way; leave it out")
		}
	case "csv":
		if m.CSV == nil {
			m.CSV = &CSV{}
		}
		if c := m.CSV.Comma; utf8.RuneCountInString(c) > 1 || !utf8.ValidString(c) {
			fault("csv: comma: %q is not one character", c)
		}
	default:
		fault("format: %q is neither \"xes\" nor \"csv\"", m.Format)
	}
	faults = append(faults, m.Columns.check()...)
	if len(m.Status) == 0 {
		fault("status: give every status of the log its state")
	}
	target := incidentTarget
	switch m.Practice {
	case "", incident.Kind:
		m.Practice = incident.Kind
	case problem.Kind:
		target = problemTarget
	default:
		fault("practice: %q is neither %q nor %q", m.Practice, incident.Kind, problem.Kind)
	}
	m.statuses = make(map[string]*status, len(m.Status))
	for _, name := range slices.Sorted(maps.Keys(m.Status)) {
		if err := target(m.Status[name]); err != nil {
			fault("status %q: %w", name, err)
		}
		m.statuses[name] = newStatus(name, m.Status[name])
	}
	if (m.Columns.Impact == "") != (len(m.Impact) == 0) {
		fault("impact: name the column and give every value of it a level, or leave out both")
	}
	m.levels = make(map[string]itsm.Level, len(m.Impact))
	for _, value := range slices.Sorted(maps.Keys(m.Impact)) {
		var level itsm.Level
		if err := level.UnmarshalText([]byte(m.Impact[value])); err != nil || !level.Valid() {
			fault("impact %q: %q is no level: critical, high, medium or low", value, m.Impact[value])
		}
		m.levels[value] = level
	}
	return faults
}

func (c *Columns) check() (faults []error) {
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for _, column := range []struct{ of, name string }{{"case", c.Case}, {"time", c.Time}} {
		if column.name == "" {
			fault("columns: %s: name the column", column.of)
		}
	}
	if len(c.Status) == 0 || slices.Contains(c.Status, "") {
		fault("columns: status: name the column, or the columns whose values together are the status")
	}
	use := map[string]string{}
	for _, column := range c.byUse() {
		switch former := use[column.name]; {
		case column.name == "":
		case former != "":
			fault("columns: %s: %q is the %s already", column.use, column.name, former)
		default:
			use[column.name] = column.use
		}
	}
	return faults
}

type column struct{ use, name string }

// byUse lists the columns that stand at an event, whatever the format: all but the case.
func (c *Columns) byUse() []column {
	columns := []column{{"time", c.Time}}
	for _, part := range c.Status {
		columns = append(columns, column{"status", part})
	}
	return append(columns, column{"group", c.Group}, column{"person", c.Person}, column{"impact", c.Impact}, column{"service", c.Service})
}

// practice is that of the cases.
func (m *Mapping) practice() practice {
	if m.Practice == problem.Kind {
		return &problems{}
	}
	return &incidents{}
}

// status is a status of the log with what commands need of it, made once.
type status struct {
	name string
	Target
	ended bool        // nobody works on it any more
	keep  itsm.Option // keeps the name with a command
	still string      // the note of a step that changes nothing
}

func newStatus(name string, t Target) *status {
	if t.Code == "" {
		t.Code = incident.Fixed
	}
	return &status{
		name: name, Target: t,
		// Problems call these states as incidents do.
		ended: t.State == incident.StateResolved || t.State == incident.StateClosed || t.State == incident.StateCancelled,
		keep:  itsm.With(itsm.Patch{statusField: field.Text(name)}),
		still: "Still " + name + ".",
	}
}

// placeOf says in which line JSON went wrong, where the error knows it.
func placeOf(err error, text []byte) string {
	var offset int64
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		offset = syntax.Offset
	} else if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		offset = kind.Offset
	} else {
		return ""
	}
	return fmt.Sprintf(" (line %d)", 1+bytes.Count(text[:min(int(offset), len(text))], []byte("\n")))
}

// names joins what people are to choose from.
func names[V any](m map[string]V) string {
	quoted := make([]string, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	return strings.Join(quoted, ", ")
}
