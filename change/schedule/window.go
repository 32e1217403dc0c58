package schedule

import (
	"slices"
	"sort"
	"time"
)

// window is a Window that answers questions: its dated slots are in order and do not meet.
type window struct {
	Window
	slots []Slot
}

func newWindow(w Window) *window {
	w.Slots = slices.Clone(w.Slots)
	sorted := slices.Clone(w.Slots)
	slices.SortFunc(sorted, func(a, b Slot) int { return a.Start.Compare(b.Start) })
	merged := sorted[:0]
	for _, s := range sorted {
		if n := len(merged); n > 0 && !s.Start.After(merged[n-1].End) {
			if s.End.After(merged[n-1].End) {
				merged[n-1].End = s.End
			}
			continue
		}
		merged = append(merged, s)
	}
	return &window{w, merged}
}

// open answers the first stretch of the window that ends after an instant; false where there is none.
func (w *window) open(t time.Time) (Slot, bool) {
	i := sort.Search(len(w.slots), func(i int) bool { return w.slots[i].End.After(t) })
	var s Slot
	ok := i < len(w.slots)
	if ok {
		s = w.slots[i]
	}
	if w.Calendar == nil {
		return s, ok
	}
	from, err := w.Calendar.NextOpen(t)
	if err != nil {
		return s, ok
	}
	until, err := w.Calendar.NextClose(from)
	if err != nil {
		until = forever // a stretch that never ends
	}
	if c := (Slot{from.UTC(), until.UTC()}); !ok || c.Start.Before(s.Start) || c.Start.Equal(s.Start) && c.End.After(s.End) {
		return c, true
	}
	return s, ok
}

var forever = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)

// concerns reports whether a freeze is about an entry, and through what.
func (w *window) concerns(e *Entry) (subject string, ok bool) {
	if !w.typed(e) {
		return "", false
	}
	if len(w.Scope.Items) == 0 && len(w.Scope.Services) == 0 {
		return "", true
	}
	for _, names := range [...]struct{ of, in []string }{{w.Scope.Items, e.Items}, {w.Scope.Items, e.Affected}, {w.Scope.Services, e.Services}} {
		for _, name := range names.in {
			if slices.Contains(names.of, name) {
				return name, true
			}
		}
	}
	return "", false
}

func (w *window) typed(e *Entry) bool {
	return len(w.Scope.Types) == 0 || slices.Contains(w.Scope.Types, e.Type)
}

// must is a set of windows of which the union holds the whole slot of an entry, for one of its subjects.
type must struct {
	subject string
	windows []*window
}

// musts lists what allowed windows ask of an entry: each item and service that windows name lies in theirs, all else in
// those that name none.
func (p *Plan) musts(e *Entry) (list []must) {
	var global []*window
	named := map[string][]*window{}
	for _, w := range p.windows {
		if w.Kind != Allowed || !w.typed(e) {
			continue
		}
		if len(w.Scope.Items) == 0 && len(w.Scope.Services) == 0 {
			global = append(global, w)
		}
		for _, name := range w.Scope.Items {
			named["i"+name] = append(named["i"+name], w)
		}
		for _, name := range w.Scope.Services {
			named["s"+name] = append(named["s"+name], w)
		}
	}
	rest := len(e.Items)+len(e.Services) == 0
	for _, names := range [...]struct {
		kind string
		list []string
	}{{"i", e.Items}, {"s", e.Services}} {
		for _, name := range names.list {
			if windows := named[names.kind+name]; windows != nil {
				list = append(list, must{name, windows})
			} else {
				rest = true
			}
		}
	}
	if rest && global != nil {
		list = append(list, must{"", global})
	}
	return list
}

// covers answers until when the windows hold all time from an instant on, as far as it matters: the instant itself where
// they do not hold it.
func (m must) covers(s Slot) time.Time {
	end := s.Start
	for grown := true; grown && end.Before(s.End); {
		grown = false
		for _, w := range m.windows {
			if open, ok := w.open(end); ok && !open.Start.After(end) {
				end, grown = open.End, true
			}
		}
	}
	return end
}

// opening answers the first instant at or after another one that the windows hold.
func (m must) opening(t time.Time) (first time.Time, ok bool) {
	for _, w := range m.windows {
		open, found := w.open(t)
		if !found {
			continue
		}
		if open.Start.Before(t) {
			open.Start = t
		}
		if !ok || open.Start.Before(first) {
			first, ok = open.Start, true
		}
	}
	return first, ok
}

// closed lists the windows that stand in the way of an entry in a slot.
func (p *Plan) closed(e *Entry, s Slot) (found []Finding) {
	for _, w := range p.windows {
		if w.Kind != Freeze {
			continue
		}
		if name, ok := w.concerns(e); ok {
			if open, there := w.open(s.Start); there && open.Overlaps(s) {
				found = append(found, Finding{Code: Frozen, Window: w.Name, Subject: name, Slot: s.common(open)})
			}
		}
	}
	for _, m := range p.musts(e) {
		if m.covers(s).Before(s.End) {
			found = append(found, Finding{Code: OutsideWindow, Subject: m.subject, Slot: s})
		}
	}
	return found
}
