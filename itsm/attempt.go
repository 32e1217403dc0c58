package itsm

import (
	"context"
	"errors"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Attempt does something in the transaction that may fail as a whole: commands to other records, new records. Where it
// fails because of what was asked, all that it did is undone, the reason is answered as refused, and the transaction goes
// on: a refusal, [ErrInvalid], [ErrNotFound], [ErrDenied], [ErrDepth], [ErrHook]. Any other error is answered as err, and
// the transaction changes nothing.
//
// [Unit.Try] is for a command to a record that is to tell of its refusal itself; Attempt leaves the telling to the caller.
func (u *Unit) Attempt(do func() error) (refused, err error) {
	x := u.tx
	mark, failed, waiting := x.mark(), x.failed, len(x.later)
	x.failed = nil
	err = do()
	x.unmark()
	if err == nil {
		err = x.failed // an act within it failed, and nobody said so
	}
	if err == nil {
		x.failed = failed
		x.settle()
		return nil, nil
	}
	if !x.bears(err) {
		return nil, x.note(err)
	}
	x.undoTo(mark)
	clear(x.later[waiting:])
	x.failed, x.later = failed, x.later[:waiting]
	return err, nil
}

// bears reports whether an error is the fault of what was asked, and would come again.
func (x *tx) bears(err error) bool {
	if x.ctx.Err() != nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	if _, ok := errors.AsType[*lifecycle.Refusal](err); ok {
		return true
	}
	for _, fault := range [...]*Error{ErrInvalid, ErrNotFound, ErrDenied, ErrDepth, ErrHook} {
		if CodeOf(err) == fault.Code {
			return true
		}
	}
	return false
}
