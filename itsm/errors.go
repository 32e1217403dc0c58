package itsm

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Error is the kernel's error: a code that machines read, arguments, and a message that tells what to do. Errors match
// by code, so errors.Is(err, ErrNotFound) holds for every record that was not found.
type Error struct {
	Code    Code
	Message string
	Args    map[string]string
	Cause   error
}

// Code tells errors apart in programs, logs and translations.
type Code string

// The sentinels for errors.Is.
var (
	// ErrNotFound: no such record in the actor's tenant, or none that the actor may see.
	ErrNotFound = &Error{Code: "not_found", Message: "no such record, or none that you may see"}
	// ErrConflict: somebody else wrote first and the kernel did not, or could not, try again.
	ErrConflict = &Error{Code: "conflict", Message: "somebody else wrote first: read the record again and repeat"}
	// ErrExists: the number of a new record is taken.
	ErrExists = &Error{Code: "exists", Message: "the number is taken"}
	// ErrNoActor: the context carries no complete actor.
	ErrNoActor = &Error{Code: "no_actor", Message: "no actor: pass a context made by itsm.WithActor with ID and Tenant"}
	// ErrDenied: the authorizer does not grant the action.
	ErrDenied = &Error{Code: "denied", Message: "not permitted for this actor"}
	// ErrInvalid: an input or a configuration is wrong; nothing was changed.
	ErrInvalid = &Error{Code: "invalid", Message: "invalid input"}
	// ErrKeyReused: an idempotency key came back with another input.
	ErrKeyReused = &Error{Code: "key_reused", Message: "the idempotency key was used with another input: take a new key"}
	// ErrDepth: hooks acted on records whose hooks acted on records, too deep.
	ErrDepth = &Error{Code: "depth", Message: "hooks nest too deep: look for a rule that answers itself"}
	// ErrCursor: a page cursor is damaged or belongs to another query.
	ErrCursor = &Error{Code: "cursor", Message: "the cursor belongs to another query: start from the first page"}
	// ErrTimerGone: a timer was moved or cancelled before it fired; the runner forgets it.
	ErrTimerGone = &Error{Code: "timer_gone", Message: "the timer was moved or cancelled"}
	// ErrBroken: a record's chain of events does not verify.
	ErrBroken = &Error{Code: "broken", Message: "the record's history was altered"}
	// ErrHook: a hook of the host said no; nothing was written.
	ErrHook = &Error{Code: "hook", Message: "a rule of this desk says no"}
	// ErrUnknownOutcome: the store was lost while it committed. The command was done wholly or not at all; give it again with
	// the same idempotency key ([Once]) to learn which, or read the record.
	ErrUnknownOutcome = &Error{Code: "unknown_outcome", Message: "the store was lost while it committed: repeat with the same idempotency key, or read the record"}
	// ErrUnavailable: the store cannot be reached or is busy; nothing was changed. It works again by itself when the store does.
	ErrUnavailable = &Error{Code: "unavailable", Message: "the store cannot be reached or is busy: try again later"}
	// ErrAccess: the store refuses the login, or the right to do this; nothing was changed.
	ErrAccess = &Error{Code: "access", Message: "the store refuses access: look at its user, password and rights"}
	// ErrReadOnly: the store can be read and not written.
	ErrReadOnly = &Error{Code: "read_only", Message: "the store is read-only: look at the rights of its file, or whether the server is a standby"}
	// ErrFull: the store has no room left; nothing was changed.
	ErrFull = &Error{Code: "full", Message: "the store has no room left: free some and try again"}
	// ErrCorrupt: the store's data is damaged: restore a backup.
	ErrCorrupt = &Error{Code: "corrupt", Message: "the store's data is damaged: restore a backup"}
	// ErrSchema: the store's schema is not the one that this program needs: newer, not migrated yet, or altered by hand.
	ErrSchema = &Error{Code: "schema", Message: "the store's schema does not fit this program"}
	// ErrPanic: a handler, guard or hook panicked; nothing was written.
	ErrPanic = &Error{Code: "panic", Message: "a handler panicked; nothing was written"}
)

// ErrRefused matches every refusal of a lifecycle; errors.As with *lifecycle.Refusal gives the reasons.
var ErrRefused = lifecycle.ErrRefused

// Error renders the message, its arguments in order, and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	if len(e.Args) > 0 {
		b.WriteString(" (")
		for i, name := range slices.Sorted(maps.Keys(e.Args)) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(name + ": " + e.Args[name])
		}
		b.WriteString(")")
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

// Is matches by code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// CodeOf answers the machine code of any error that came out of the library, and "internal" for others.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	if errors.Is(err, ErrRefused) {
		return "refused"
	}
	return "internal"
}

// with makes an error of the same code with one argument and, if not empty, a message of its own.
func (e *Error) with(name, value, message string) *Error {
	if message == "" {
		message = e.Message
	}
	return &Error{Code: e.Code, Message: message, Args: map[string]string{name: value}}
}

// because makes an error of the same code with a cause.
func (e *Error) because(cause error) *Error {
	return &Error{Code: e.Code, Message: e.Message, Cause: cause}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Invalid makes an ErrInvalid that names a field of the input and says what to do. Handlers use it.
func Invalid(field, message string) error { return ErrInvalid.with("field", field, message) }
