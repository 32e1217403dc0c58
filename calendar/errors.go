package calendar

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// What a question to a calendar may be answered with instead.
var (
	// ErrHorizon means that an instant, asked about or asked for, lies outside the years 1800 to 2199.
	ErrHorizon = errors.New("calendar: outside the horizon of 1800 to 2200")
	// ErrNoWorkingTime means that the calendar has not enough working time on that side of the instant.
	ErrNoWorkingTime = errors.New("calendar: no working time")
	// ErrPaused means that there is no due instant because a pause has no end yet; see [PausedError].
	ErrPaused = errors.New("calendar: paused")
	// ErrPause means that a pause ends before it begins.
	ErrPause = errors.New("calendar: pause ends before it begins")
)

var errTooLong = fmt.Errorf("%w: more working time than a duration can hold", ErrHorizon)

// What can be wrong with a [Spec]. [errors.Is] finds them in what [New] returns.
var (
	ErrSyntax     = errors.New("not understood")
	ErrZone       = errors.New("unknown time zone")
	ErrOverlap    = errors.New("overlap")
	ErrDuplicate  = errors.New("given twice")
	ErrMissing    = errors.New("missing")
	ErrMisplaced  = errors.New("does not belong here")
	ErrNeverOpens = errors.New("the calendar never opens")
)

// PausedError says how much working time was left when the pause without an end began. It is an [ErrPaused].
type PausedError struct {
	Since     time.Time
	Remaining time.Duration
}

func (e *PausedError) Error() string {
	return fmt.Sprintf("calendar: paused since %s with %s left", e.Since.Format(time.RFC3339Nano), e.Remaining)
}

func (e *PausedError) Is(target error) bool { return target == ErrPaused }

// SpecError lists all faults of a [Spec], in the order of its fields.
type SpecError struct {
	Faults []Fault
}

// Fault is one thing wrong with a [Spec].
type Fault struct {
	Field string // as in JSON, such as "weekly.mon" or "holidays[2].on"; empty where it is the whole
	Err   error  // what is wrong there; it wraps one of the sentinels above
}

func (e *SpecError) Error() string {
	all := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f.Error()
	}
	return "calendar: " + strings.Join(all, "; ")
}

// Unwrap gives the faults to [errors.Is] and [errors.As].
func (e *SpecError) Unwrap() []error {
	all := make([]error, len(e.Faults))
	for i, f := range e.Faults {
		all[i] = f
	}
	return all
}

func (f Fault) Error() string {
	if f.Field == "" {
		return f.Err.Error()
	}
	return f.Field + ": " + f.Err.Error()
}

func (f Fault) Unwrap() error { return f.Err }

func noWorkingTime(where string, t time.Time) error {
	return fmt.Errorf("%w %s %s", ErrNoWorkingTime, where, t.Format(time.RFC3339Nano))
}
