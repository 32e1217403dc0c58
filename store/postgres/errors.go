package postgres

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/itsmkit/itsmkit/itsm"
)

// refused is the SQLSTATE of the function expect.
const refused = "IT001"

const (
	uniqueViolation      = "23505"
	deadlock             = "40P01"
	serializationFailure = "40001"
	insufficientRights   = "42501"
	queryCanceled        = "57014"
)

// stateOf answers the SQLSTATE that the server gave, empty where it gave none.
func stateOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// fault turns what the driver said about a call that changes nothing, or that was not sent, into the contract's errors.
func fault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*itsm.Error](err); ok {
		return err
	}
	if state := stateOf(err); state != "" {
		if e := meaning(state); e != nil {
			return because(e, err)
		}
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) { // of the pool or the driver, not the caller's
		return because(itsm.ErrUnavailable, err)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || lost(err) {
		return because(itsm.ErrUnavailable, err)
	}
	return err
}

// unsettled is fault for a call whose commit was sent: what was lost then may have been done.
func unsettled(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if stateOf(err) == "" && lost(err) && !pgconn.SafeToRetry(err) {
		return because(itsm.ErrUnknownOutcome, err)
	}
	return fault(ctx, err)
}

// lost reports whether the connection is gone, as far as the driver tells.
func lost(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	return pgconn.SafeToRetry(err) || pgconn.Timeout(err) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "conn closed")
}

// meaning is the contract's error for a SQLSTATE, nil for what has none: a fault of the program.
func meaning(state string) *itsm.Error {
	switch state {
	case deadlock, serializationFailure, refused:
		return itsm.ErrConflict
	case "28000", "28P01", insufficientRights, "3D000": // login, password, rights, no such database
		return itsm.ErrAccess
	case "3F000", "42P01", "42703", "42883": // no such schema, table, column, function
		return itsm.ErrSchema
	case "25006":
		return itsm.ErrReadOnly
	case "53100":
		return itsm.ErrFull
	case "XX001", "XX002":
		return itsm.ErrCorrupt
	case "53200", "53300", "53400", "55P03", "57P01", "57P02", "57P03", "57P04", "57P05", queryCanceled, "25P03", "58030":
		return itsm.ErrUnavailable
	case "54000": // an index row is too large
		return &itsm.Error{Code: itsm.ErrInvalid.Code, Message: "a value is too long for the index of its column: bound it, or do not index the column"}
	case "22021", "22P05":
		return &itsm.Error{Code: itsm.ErrInvalid.Code, Message: "text must be valid UTF-8 without NUL"}
	case "25P02":
		return &itsm.Error{Code: itsm.ErrInvalid.Code, Message: "the transaction failed before: roll it back and do all of it anew"}
	}
	switch {
	case len(state) == 5 && state[:2] == "08":
		return itsm.ErrUnavailable
	}
	return nil
}

// because is the contract's error with the driver's as its cause.
func because(e *itsm.Error, cause error) error {
	return &itsm.Error{Code: e.Code, Message: e.Message, Args: e.Args, Cause: cause}
}
