// Package eventlog reads and writes process event logs as streams, plain or gzip: XES (IEEE 1849), OCEL 2.0 in JSON, and,
// for reading, CSV.
//
// A log is a header and a sequence of traces, one a case; a trace is its attributes and its events; an event is a list
// of typed attributes. [ReadXES] and [ReadCSV] give the same [Log], so that a program that works on traces or on events
// does not care where they came from.
//
//	log, err := eventlog.ReadXES(file, eventlog.XES{})
//	if err != nil {
//		return err
//	}
//	for trace, err := range log.Traces() {
//		if err != nil {
//			return err
//		}
//		fmt.Println(trace.Name(), len(trace.Events))
//	}
//
// [WriteXES] writes such traces. An object-centric log, whose events belong to any number of objects, is an
// [ObjectLog]: [WriteOCEL] and [ReadOCEL].
//
// # Errors
//
// Every failure is one [*Error] with the source's name, a line, a code for programs and a sentence for people. It comes
// from the Read function when the log cannot be opened, and otherwise through the iterator, as the last pair, after the
// traces that were read well: a log has been read whole only when its loop ended without an error. A truncated file thus
// never passes for a shorter one (except a CSV file that was cut exactly between two rows, which nobody can tell).
//
// # Time
//
// Instants keep the offset that the file gives them. A time without an offset is refused unless a zone is configured;
// then a wall time that occurs twice, when clocks are set back, means the first, and one that never occurred is refused.
//
// # Cost
//
// XES holds one trace at a time, and so does its memory; [Limits] bound what a hostile file can make it hold. The events
// of a CSV file come row by row; its traces can be known only at its end, so [Log.Traces] holds all of its rows.
// Repeated strings are shared. What an iterator has given belongs to the caller and is never reused.
//
// A Log, and an ObjectLog that was read, are for one goroutine.
package eventlog

import "iter"

// Keys of the standard extensions of XES that a program most often asks for.
const (
	ConceptName         = "concept:name"
	TimeTimestamp       = "time:timestamp"
	LifecycleTransition = "lifecycle:transition"
	OrgResource         = "org:resource"
	OrgRole             = "org:role"
	OrgGroup            = "org:group"
)

// Log is an opened event log: its header, and the traces that are still to be read.
type Log struct {
	// Header is complete when the log is opened. That of a CSV file is empty.
	Header Header

	traces iter.Seq2[Trace, error]
	events iter.Seq2[Entry, error]
}

// Header is what a log says about itself before its first trace.
type Header struct {
	Attributes   Attributes
	Version      string // of the standard, as written: "1.0"
	Features     string // as written: "nested-attributes"
	Extensions   []Extension
	TraceGlobals Attributes // attributes that every trace has, with their defaults
	EventGlobals Attributes // attributes that every event has, with their defaults
	Classifiers  []Classifier
}

// Extension names a vocabulary of keys: those that begin with its prefix.
type Extension struct{ Name, Prefix, URI string }

// Classifier is a list of keys whose values together say what kind an event (or trace) is.
type Classifier struct {
	Name  string
	Scope string // "event" or "trace"
	Keys  []string
}

// Trace is one case: its own attributes, and its events in the order of the file.
type Trace struct {
	Attributes Attributes
	Events     []Event
}

// Name is the trace's concept:name, or "".
func (t Trace) Name() string { return t.Attributes.Text(ConceptName) }

// Event is one thing that happened, as a list of attributes.
type Event struct{ Attributes }

// Entry is an event together with the name of its case.
type Entry struct {
	Case string
	Event
}

// Traces gives the traces in the order of the file. The stream is read once: a second loop goes on where the first one
// stopped. After an error there is only that error.
//
// The rows of a case may be scattered over a CSV file, so there this is [Group] over [Log.Events].
func (l *Log) Traces() iter.Seq2[Trace, error] { return l.traces }

// Events gives the same log event by event, in the order of the file, under the rules of [Log.Traces]. It holds no more
// than a trace of XES and a row of CSV. A trace without events does not show. Use one of the two on a log, not both.
func (l *Log) Events() iter.Seq2[Entry, error] { return l.events }

// Group gathers events into one trace a case, in the order in which the cases first appear; events keep their order. A
// trace has the case's name as concept:name. Group holds the whole log in memory, and a case may be incomplete until the
// last event was seen: on an error it gives the error and no trace.
func Group(events iter.Seq2[Entry, error]) iter.Seq2[Trace, error] {
	var traces []Trace
	read := false
	return func(yield func(Trace, error) bool) {
		if !read {
			places := map[string]int{}
			for entry, err := range events {
				if err != nil {
					yield(Trace{}, err)
					return
				}
				place, known := places[entry.Case]
				if !known {
					place = len(traces)
					places[entry.Case] = place
					traces = append(traces, Trace{Attributes: Attributes{String(ConceptName, entry.Case)}})
				}
				traces[place].Events = append(traces[place].Events, entry.Event)
			}
			read = true
		}
		for len(traces) > 0 {
			trace := traces[0]
			traces[0], traces = Trace{}, traces[1:]
			if !yield(trace, nil) {
				return
			}
		}
	}
}

// flatten gives the events of traces; a loop that breaks off within a trace can go on there.
func flatten(traces iter.Seq2[Trace, error]) iter.Seq2[Entry, error] {
	var name string
	var rest []Event
	return func(yield func(Entry, error) bool) {
		drain := func() bool {
			for len(rest) > 0 {
				event := rest[0]
				rest = rest[1:]
				if !yield(Entry{Case: name, Event: event}, nil) {
					return false
				}
			}
			return true
		}
		if !drain() {
			return
		}
		for trace, err := range traces {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			name, rest = trace.Name(), trace.Events
			if !drain() {
				return
			}
		}
	}
}

// stream turns a pull function into an iterator. It ends where the function says false, and remembers its error.
func stream[T any](pull func() (T, bool, error)) iter.Seq2[T, error] {
	var failed error
	return func(yield func(T, error) bool) {
		for failed == nil {
			item, more, err := pull()
			if err != nil {
				failed = err
				break
			}
			if !more || !yield(item, nil) {
				return
			}
		}
		var none T
		yield(none, failed)
	}
}
