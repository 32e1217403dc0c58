package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Plan is what is planned. Make one with [New].
type Plan struct {
	mu      sync.RWMutex
	windows []*window
	entries map[string]Entry
	all     tree
	by      map[subject]*tree
}

// subject is what two entries may have in common.
type subject struct {
	kind byte
	name string
}

// The kinds of subjects. What an entry touches and what depends on it are kept apart: two entries on which something
// third depends do not meet.
const (
	item     = 'i'
	affected = 'a'
	service  = 's'
	person   = 'p'
)

// New makes a plan with windows and no entries. All that is wrong with the windows is told at once.
func New(windows []Window) (*Plan, error) {
	p := &Plan{entries: map[string]Entry{}, by: map[subject]*tree{}}
	return p, p.SetWindows(windows)
}

// SetWindows puts windows in place of all that there are; an error leaves them.
func (p *Plan) SetWindows(windows []Window) error {
	var faults []error
	compiled := make([]*window, len(windows))
	for i, w := range windows {
		faults = append(faults, w.Check())
		compiled[i] = newWindow(w)
	}
	if err := errors.Join(faults...); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.windows = compiled
	return nil
}

// Windows answers the windows, in order.
func (p *Plan) Windows() []Window {
	p.mu.RLock()
	defer p.mu.RUnlock()
	out := make([]Window, len(p.windows))
	for i, w := range p.windows {
		out[i] = w.Window
	}
	return out
}

// Put plans an entry, in place of the one of its ID. It needs an ID and a slot.
func (p *Plan) Put(e Entry) error {
	if e.ID == "" || e.Slot.Empty() {
		return fmt.Errorf("%w: entry %q: give it an ID, and a slot that ends after it has begun", ErrInvalid, e.ID)
	}
	e.Items, e.Affected = slices.Clone(e.Items), slices.Clone(e.Affected)
	e.Services, e.People = slices.Clone(e.Services), slices.Clone(e.People)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(e.ID)
	p.entries[e.ID] = e
	p.all.put(e.ID, e.Slot)
	for s := range e.subjects() {
		t := p.by[s]
		if t == nil {
			t = &tree{}
			p.by[s] = t
		}
		t.put(e.ID, e.Slot)
	}
	return nil
}

// Remove takes an entry away; there need not be one.
func (p *Plan) Remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(id)
}

func (p *Plan) remove(id string) {
	e, ok := p.entries[id]
	if !ok {
		return
	}
	delete(p.entries, id)
	p.all.remove(id, e.Slot)
	for s := range e.subjects() {
		if t := p.by[s]; t != nil {
			if t.remove(id, e.Slot); t.root == nil {
				delete(p.by, s)
			}
		}
	}
}

// subjects goes through all that the entry is found by.
func (e *Entry) subjects() func(yield func(subject) bool) {
	return func(yield func(subject) bool) {
		for _, names := range [...]struct {
			kind byte
			list []string
		}{{item, e.Items}, {affected, e.Affected}, {service, e.Services}, {person, e.People}} {
			for _, name := range names.list {
				if !yield(subject{names.kind, name}) {
					return
				}
			}
		}
	}
}

// Len is how many entries there are.
func (p *Plan) Len() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.entries)
}

// Entry answers an entry by its ID.
func (p *Plan) Entry(id string) (Entry, bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	e, ok := p.entries[id]
	return e, ok
}

// Between answers the entries that overlap a span, by start and then ID.
func (p *Plan) Between(from, until time.Time) []Entry {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var found []Entry
	p.all.overlapping(Slot{from, until}, func(id string, _ Slot) bool {
		found = append(found, p.entries[id])
		return true
	})
	return found
}

// Touching answers the IDs of the entries that touch one of the items at an instant, sorted.
func (p *Plan) Touching(items []string, at time.Time) []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var ids []string
	for _, name := range items {
		if t := p.by[subject{item, name}]; t != nil {
			t.overlapping(Slot{at, at.Add(1)}, func(id string, _ Slot) bool {
				ids = append(ids, id)
				return true
			})
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Check answers what stands in the way of an entry, but for the entry of its own ID and those of the IDs in but: freezes
// and windows first, then conflicts by their time; [MaxFindings] at most.
func (p *Plan) Check(e Entry, but ...string) []Finding {
	p.mu.RLock()
	defer p.mu.RUnlock()
	found := p.closed(&e, e.Slot)
	first := len(found)
	p.conflicts(&e, e.Slot, func(f Finding) bool {
		if !slices.Contains(but, f.With) {
			found = append(found, f)
		}
		return len(found) < MaxFindings
	})
	slices.SortFunc(found[first:], func(a, b Finding) int {
		return cmp.Or(a.Slot.Start.Compare(b.Slot.Start), cmp.Compare(a.With, b.With), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Subject, b.Subject))
	})
	return slices.CompactFunc(found, func(a, b Finding) bool { return a == b })
}

// Meet answers the conflicts of two entries, as seen from the first.
func Meet(e, other Entry) []Finding {
	p, _ := New(nil)
	if e.ID == other.ID || p.Put(other) != nil {
		return nil
	}
	return p.Check(e)
}

// conflicts goes through what of the plan meets the entry in a slot, until yield answers false.
func (p *Plan) conflicts(e *Entry, in Slot, yield func(Finding) bool) {
	look := func(code Code, kind byte, names []string) bool {
		for _, name := range names {
			t := p.by[subject{kind, name}]
			if t == nil {
				continue
			}
			more := t.overlapping(in, func(id string, s Slot) bool {
				return id == e.ID || yield(Finding{Code: code, With: id, Subject: name, Slot: in.common(s)})
			})
			if !more {
				return false
			}
		}
		return true
	}
	_ = look(SameItem, item, e.Items) &&
		look(DependentItem, item, e.Affected) && // the other one touches what depends on this one's items
		look(DependentItem, affected, e.Items) &&
		look(SameService, service, e.Services) &&
		look(SamePerson, person, e.People)
}
