package schedule

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Search says what a free slot must be.
type Search struct {
	// From is the earliest start, and Until the latest end.
	From, Until time.Time
	Duration    time.Duration
	// Ignore are findings that may be: they stand in no way.
	Ignore []Code
}

// ErrNoSlot means that there is no free slot; a [*NoSlotError] says what stood in the way last.
var ErrNoSlot = errors.New("schedule: no free slot")

// NoSlotError says what stood in the way of the last slot that was tried.
type NoSlotError struct {
	Search Search
	Found  []Finding
}

func (e *NoSlotError) Error() string {
	text := fmt.Sprintf("%v of %v from %s to %s: search longer, or for a shorter one", ErrNoSlot, e.Search.Duration,
		e.Search.From.Format(time.RFC3339), e.Search.Until.Format(time.RFC3339))
	for i, f := range e.Found {
		if i == 3 {
			return text + ", and others"
		}
		text += fmt.Sprintf("; %s %s%s %s", f.Code, f.Window, f.With, f.Subject)
	}
	return text
}

// Is makes it an ErrNoSlot.
func (e *NoSlotError) Is(target error) bool { return target == ErrNoSlot }

// maxSteps bounds a search.
const maxSteps = 100_000

// Next answers the earliest slot in which [Plan.Check] finds nothing for the entry, but what the search ignores: exact to
// the nanosecond. The entry's own slot does not matter, nor does the place that it has in the plan.
//
// The error is a [*NoSlotError] where there is none, and ErrInvalid for a search without a duration or that ends before it
// begins. It costs a check for each thing that stands in the way.
func (p *Plan) Next(e Entry, s Search) (Slot, error) {
	if s.Duration <= 0 || s.Until.Before(s.From) {
		return Slot{}, fmt.Errorf("%w: search: give a duration of more than 0, and an end after the beginning", ErrInvalid)
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	var musts []must
	if !slices.Contains(s.Ignore, OutsideWindow) {
		musts = p.musts(&e)
	}
	slot := Slot{s.From.UTC(), s.From.UTC().Add(s.Duration)}
	var last []Finding
	for range maxSteps {
		if slot.End.After(s.Until) {
			break
		}
		next, found := p.step(&e, slot, musts, s.Ignore)
		if next.Equal(slot.Start) {
			return slot, nil
		}
		last = found
		slot = Slot{next, next.Add(s.Duration)}
	}
	return Slot{}, &NoSlotError{s, last}
}

// Slots answers the next n slots that do not meet each other, fewer where there are not so many.
func (p *Plan) Slots(e Entry, s Search, n int) ([]Slot, error) {
	var slots []Slot
	for range n {
		slot, err := p.Next(e, s)
		if errors.Is(err, ErrNoSlot) && len(slots) > 0 {
			break
		}
		if err != nil {
			return nil, err
		}
		slots = append(slots, slot)
		s.From = slot.End
	}
	return slots, nil
}

// step answers the earliest start that what stands in the way of a slot leaves: the slot's own where nothing does.
func (p *Plan) step(e *Entry, s Slot, musts []must, ignore []Code) (time.Time, []Finding) {
	for _, m := range musts {
		end := m.covers(s)
		if !end.Before(s.End) {
			continue
		}
		found := []Finding{{Code: OutsideWindow, Subject: m.subject, Slot: s}}
		opening, ok := m.opening(end)
		if !ok {
			return forever, found
		}
		return opening, found // no start before it has an unbroken window
	}
	if !slices.Contains(ignore, Frozen) {
		for _, w := range p.windows {
			if w.Kind != Freeze {
				continue
			}
			name, ok := w.concerns(e)
			if !ok {
				continue
			}
			if open, there := w.open(s.Start); there && open.Overlaps(s) {
				return open.End, []Finding{{Code: Frozen, Window: w.Name, Subject: name, Slot: s.common(open)}}
			}
		}
	}
	next := s.Start
	var found []Finding
	p.conflicts(e, s, func(f Finding) bool {
		if slices.Contains(ignore, f.Code) {
			return true
		}
		if end := p.entries[f.With].Slot.End; end.After(next) {
			next, found = end, []Finding{f} // every start before its end meets it as well
		}
		return true
	})
	return next, found
}
