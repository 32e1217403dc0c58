package ical

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// What can be wrong with a feed. [errors.Is] finds them in what [Read] returns.
var (
	// ErrSyntax means that a line is not as RFC 5545 has it.
	ErrSyntax = errors.New("not understood")
	// ErrZone means that a TZID is no IANA name and there is no VTIMEZONE for it.
	ErrZone = errors.New("unknown time zone")
	// ErrUnsupported means that what the line says is known, and not kept: see the package's documentation.
	ErrUnsupported = errors.New("not supported")
	// ErrLimit means that an event has more occurrences than are wanted, or takes too many steps to expand.
	ErrLimit = errors.New("too many occurrences")
	// ErrSize means that the feed is larger, or its components are nested deeper, than is read.
	ErrSize = errors.New("too large")
	// ErrOptions means that the options make no sense.
	ErrOptions = errors.New("ical: options")
)

// Error lists what is wrong with a feed, in the order of its lines.
type Error struct {
	Faults []Fault
	More   int // faults that are not listed: a hundred are
}

// Fault is one thing wrong with a feed.
type Fault struct {
	Line int    // counted from 1; 0 where it is the whole, or an event that was not read
	UID  string // of the event, where it has one
	Err  error  // it wraps one of the sentinels above
}

func (e *Error) Error() string {
	all := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f.Error()
	}
	text := "ical: " + strings.Join(all, "; ")
	if e.More > 0 {
		text += fmt.Sprintf("; and %d more", e.More)
	}
	return text
}

// Unwrap gives the faults to [errors.Is] and [errors.As].
func (e *Error) Unwrap() []error {
	all := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f
	}
	return all
}

func (f Fault) Error() string {
	var text strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&text, "line %d: ", f.Line)
	}
	if f.UID != "" {
		fmt.Fprintf(&text, "event %q: ", f.UID)
	}
	return text.String() + f.Err.Error()
}

func (f Fault) Unwrap() error { return f.Err }

// maxFaults is how many are listed.
const maxFaults = 100

type faults struct {
	list []Fault
	more int
}

func (f *faults) add(line int, uid string, err error) {
	if len(f.list) == maxFaults {
		f.more++
		return
	}
	const longest = 100 // a uid is the sender's
	if len(uid) > longest {
		uid = strings.ToValidUTF8(uid[:longest], "") + "…"
	}
	f.list = append(f.list, Fault{line, uid, err})
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	slices.SortStableFunc(f.list, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return &Error{f.list, f.more}
}

func syntax(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrSyntax, fmt.Sprintf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

// short is a value as an error shows it.
func short(value string) string {
	const longest = 60
	if len(value) > longest {
		value = value[:longest] + "…"
	}
	return fmt.Sprintf("%q", value)
}
