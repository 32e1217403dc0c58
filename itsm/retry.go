package itsm

import (
	"errors"
)

// retry runs one try after the other while others write first. A command that is given once for a version is refused by
// its next look at the record, if that is why the store did.
func (x *tx) retry(once bool, try func() error) (err error) {
	tries := x.k.tries
	if x.joined {
		tries = 1 // the transaction would show the same again
	}
	for n := 0; n < tries; n++ {
		x.closeSnapshot()
		x.reset()
		if err = try(); !x.again(&err, once) {
			return err
		}
		if cancelled := x.ctx.Err(); cancelled != nil {
			return cancelled
		}
	}
	return err
}

// again reports whether what a try answered is not the command's answer.
func (x *tx) again(err *error, once bool) bool {
	switch {
	case x.taken && (x.ensured || x.renumber()):
		return true
	case x.taken && x.call.key != "" && !x.twin: // by this very command, perhaps, given a second time
		x.twin = true
		return true
	case x.overtaken && !x.judged:
		*err = ErrConflict
		return true
	case errors.Is(*err, ErrConflict):
		return x.judged || !once
	case x.judged:
		return false
	}
	torn, fault := x.torn()
	switch {
	case fault != nil:
		*err = fault
	case torn:
		*err = ErrConflict
	}
	return torn
}

// torn reports whether the records that a try read were never so at one instant. The store checks what it is given; what
// is answered without it, a refusal above all, is checked here.
func (x *tx) torn() (bool, error) {
	read := 0
	for _, t := range x.touched {
		if t.before != nil {
			read++
		}
	}
	if x.loose == 0 || read < 2 {
		return false, nil
	}
	x.closeSnapshot()
	snap, err := x.snapshot()
	if err != nil {
		return false, err
	}
	for _, t := range x.touched {
		if t.before == nil {
			continue
		}
		now, err := snap.Get(x.ctx, t.key)
		if err != nil {
			return false, err
		}
		if now.Header().Version != t.version() {
			return true, nil
		}
	}
	return false, nil
}
