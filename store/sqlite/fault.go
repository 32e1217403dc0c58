package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// The primary result codes of SQLite that mean something to a desk.
const (
	codePerm     = 3
	codeBusy     = 5
	codeLocked   = 6
	codeReadOnly = 8
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeAuth     = 23
	codeNotADB   = 26
)

// fault gives an error of the driver one of the desk's codes, and keeps it as the cause.
func fault(err error) error {
	var of *itsm.Error
	if err == nil || errors.As(err, &of) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if errors.Is(err, sql.ErrConnDone) {
		return errClosed
	}
	switch codeOf(err) {
	case codeBusy, codeLocked, codeIO, codeCantOpen:
		of = itsm.ErrUnavailable
	case codeReadOnly:
		of = itsm.ErrReadOnly
	case codeFull:
		of = itsm.ErrFull
	case codeCorrupt, codeNotADB:
		of = itsm.ErrCorrupt
	case codePerm, codeAuth:
		of = itsm.ErrAccess
	default:
		return err
	}
	return &itsm.Error{Code: of.Code, Message: of.Message, Cause: err}
}

// commitFault is fault for a commit. Where the disk failed then, a later recovery may find the commit whole.
func commitFault(err error) error {
	if codeOf(err) == codeIO {
		return &itsm.Error{Code: itsm.ErrUnknownOutcome.Code, Message: itsm.ErrUnknownOutcome.Message, Cause: err}
	}
	return fault(err)
}

// codeOf is the primary result code, 0 where the error is none of SQLite's. Drivers name it alike and type it each in
// its own way, and none is imported here.
func codeOf(err error) int {
	for ; err != nil; err = errors.Unwrap(err) {
		v := reflect.ValueOf(err)
		if m := v.MethodByName("Code"); m.IsValid() && m.Type().NumIn() == 0 && m.Type().NumOut() == 1 {
			return number(m.Call(nil)[0]) & 0xff
		}
		for v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() == reflect.Struct {
			if f := v.FieldByName("Code"); f.IsValid() {
				return number(f) & 0xff
			}
		}
		if n := number(v); n != 0 && strings.HasSuffix(v.Type().Name(), "ErrorCode") { // or an ExtendedErrorCode
			return n & 0xff
		}
		if several, ok := err.(interface{ Unwrap() []error }); ok { // one driver joins what went wrong
			for _, err := range several.Unwrap() {
				if code := codeOf(err); code != 0 {
					return code
				}
			}
			return 0
		}
	}
	return 0
}

func number(v reflect.Value) int {
	switch {
	case v.CanInt():
		return int(v.Int())
	case v.CanUint():
		return int(v.Uint())
	}
	return 0
}
