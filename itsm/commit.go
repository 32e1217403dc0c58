package itsm

import (
	"errors"
	"slices"
)

// commit turns what was touched into a write set and applies it.
func (x *tx) commit(receipt *Receipt, extra func(*WriteSet)) error {
	if x.failed != nil {
		return x.failed
	}
	set := &x.set
	set.empty()
	set.Fired, set.Receipt = x.fired, receipt
	for _, t := range x.touched {
		if t.purged {
			if t.begun {
				return Invalid("purge", t.key.Ref().String()+" is purged and written to in the same transaction")
			}
			set.Purges = append(set.Purges, VersionCheck{Key: t.key, Expect: t.version()})
			continue
		}
		if !t.begun {
			set.Reads = append(set.Reads, VersionCheck{Key: t.key, Expect: t.version()})
			continue
		}
		write, changed, err := x.write(t)
		if err != nil {
			return err
		}
		if !changed {
			t.after = nil
			set.Reads = append(set.Reads, VersionCheck{Key: t.key, Expect: t.version()})
			continue
		}
		set.Records = append(set.Records, write)
		set.Records = t.appendPuts(set.Records)
		version := write.Event.Version
		for i, w := range t.timers {
			if slices.ContainsFunc(t.timers[i+1:], func(later TimerWrite) bool { return later.Timer.Name == w.Timer.Name }) {
				continue
			}
			w.Timer.Generation = version
			set.Timers = append(set.Timers, w)
		}
	}
	if extra != nil {
		extra(set)
	}
	if len(set.Records) == 0 && set.Fired == nil && set.Receipt == nil && len(set.Redactions) == 0 && set.Forget == nil && len(set.Purges) == 0 {
		return nil
	}
	if receipt != nil {
		h := x.touched[0].current().Header()
		receipt.Ref, receipt.Version = h.Ref(), h.Version
	}
	if x.dry {
		return x.wouldExist(set)
	}
	x.judged = true
	if x.held {
		return nil
	}
	if err := x.store.Apply(x.ctx, set); err != nil {
		x.taken = errors.Is(err, ErrExists)
		return err
	}
	x.k.signal()
	return nil
}

// wouldExist answers what Apply would say of a record with a given number.
func (x *tx) wouldExist(set *WriteSet) error {
	if x.call.number == "" || len(set.Records) == 0 || set.Records[0].Expect != 0 {
		return nil
	}
	_, err := x.stored(set.Records[0].Event.Key)
	switch {
	case err == nil:
		return ErrExists
	case errors.Is(err, ErrNotFound):
		return nil
	}
	return err
}

// empty keeps the room and lets go of what was in it.
func (w *WriteSet) empty() {
	clear(w.Records)
	clear(w.Reads)
	clear(w.Timers)
	*w = WriteSet{Records: w.Records[:0], Reads: w.Reads[:0], Timers: w.Timers[:0]}
}
