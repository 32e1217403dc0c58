package memory

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// timer is a pending timer of an entry.
type timer struct {
	name, trigger, input string
	generation           int64
	due                  int64 // nanoseconds since 1970
	// until is when a claim ends; unclaimed where nobody has one.
	until int64
}

const unclaimed = math.MinInt64

// timers are all pending timers of a store: those to claim in order of due, and those claimed in order of the claim's
// end. A claim that any node's clock has seen ending is over for all.
type timers struct {
	pending, claimed tree[alarm]
}

// alarm is a timer's place in an order of instants.
type alarm struct {
	at    int64
	entry *entry
	name  string
}

func (a alarm) compare(b alarm) int {
	if c := cmp.Compare(a.at, b.at); c != 0 {
		return c
	}
	if c := compareEntries(a.entry, b.entry); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}

func (ts *timers) add(e *entry, t *timer) {
	if t.until == unclaimed {
		ts.pending.set(alarm{t.due, e, t.name})
	} else {
		ts.claimed.set(alarm{t.until, e, t.name})
	}
}

func (ts *timers) drop(e *entry, t *timer) {
	if t.until == unclaimed {
		ts.pending.remove(alarm{t.due, e, t.name})
	} else {
		ts.claimed.remove(alarm{t.until, e, t.name})
	}
}

// timer answers where a timer is, or where it would be.
func (st *state) timer(name string) (int, bool) {
	return slices.BinarySearchFunc(st.timers, name, func(t timer, name string) int { return strings.Compare(t.name, name) })
}

// setTimer puts a timer in place of the one of its name.
func (s *Store) setTimer(e *entry, t timer) {
	i, found := e.timer(t.name)
	if found {
		s.timers.drop(e, &e.timers[i])
	}
	switch {
	case !found:
		e.timers = slices.Insert(slices.Clip(e.timers), i, t) // clipped, so that it is a new slice
	case e.sharesTimers():
		e.timers = slices.Clone(e.timers)
		fallthrough
	default:
		e.timers[i] = t
	}
	s.timers.add(e, &t)
}

func (s *Store) cancelTimer(e *entry, name string) {
	i, found := e.timer(name)
	if !found {
		return
	}
	s.timers.drop(e, &e.timers[i])
	if e.sharesTimers() {
		e.timers = slices.Clone(e.timers)
	}
	e.timers = slices.Delete(e.timers, i, i+1)
}

func (st *state) sharesTimers() bool {
	return st.before != nil && len(st.timers) > 0 && len(st.before.timers) > 0 && &st.timers[0] == &st.before.timers[0]
}

// Claim implements [itsm.Store].
func (s *Store) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	from, to := nanoseconds(now), nanoseconds(until)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timers.expire(from)
	due := min(limit, s.timers.pending.rank(alarm{at: from + 1}))
	if due <= 0 {
		return nil, nil
	}
	found := make([]itsm.Timer, 0, due)
	for range due {
		a, _ := s.timers.pending.min()
		i, _ := a.entry.timer(a.name)
		t := &a.entry.timers[i]
		s.timers.drop(a.entry, t)
		t.until = to
		s.timers.add(a.entry, t)
		found = append(found, t.export(a.entry))
	}
	return found, nil
}

// expire makes timers whose claim ended pending again.
func (ts *timers) expire(now int64) {
	for {
		a, ok := ts.claimed.min()
		if !ok || a.at > now {
			return
		}
		i, _ := a.entry.timer(a.name)
		t := &a.entry.timers[i]
		ts.drop(a.entry, t)
		t.until = unclaimed
		ts.add(a.entry, t)
	}
}

// NextDue implements [itsm.Store].
func (s *Store) NextDue(ctx context.Context) (time.Time, bool, error) {
	if err := ctx.Err(); err != nil {
		return time.Time{}, false, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	next, ok := s.timers.pending.min()
	if c, claimed := s.timers.claimed.min(); claimed {
		i, _ := c.entry.timer(c.name)
		if at := max(c.at, c.entry.timers[i].due); !ok || at < next.at {
			next.at, ok = at, true
		}
	}
	if !ok {
		return time.Time{}, false, nil
	}
	return instant(next.at), true, nil
}

func (t *timer) export(e *entry) itsm.Timer {
	return itsm.Timer{Key: e.key(), Name: t.name, Generation: t.generation, Due: instant(t.due), Trigger: t.trigger, Input: t.input}
}

func instant(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }

// nanoseconds since 1970; instants that do not fit are as early or late as can be.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.Before(field.MinInstant()):
		return unclaimed + 1
	case t.After(field.MaxInstant()):
		return math.MaxInt64 - 1
	}
	return t.UnixNano()
}
