package memory

import (
	"github.com/itsmkit/itsmkit/itsm"
)

// find keeps of the entries in w, nil for all, those that the indexes cannot rule out, and reports whether the filter
// holds for all of these. The table's index lock is held.
func (x *search) find(f *itsm.Filter, w words) (words, bool) {
	if f == nil {
		return w, true
	}
	switch f.Op {
	case itsm.OpAll:
		return x.findAll(f.Parts, w)
	case itsm.OpAny:
		return x.findAny(f.Parts, w)
	case itsm.OpNot:
		found, exact := x.find(&f.Parts[0], nil)
		switch {
		case !exact:
			return w, false
		case found == nil:
			return make(words, x.table.size()), true
		case w == nil:
			w = full(len(x.table.list))
		}
		for i := range w {
			w[i] &^= found[i]
		}
		return w, true
	}
	if f.Column == "id" && f.Op == itsm.OpIn {
		return x.findIDs(f, w), true
	}
	if index := x.table.column(x.kind, f.Column); index != nil {
		return index.match(f, w)
	}
	return w, false
}

// findAll leaves the orders for last: of few entries they look at each, of many at a stretch.
func (x *search) findAll(parts []itsm.Filter, w words) (words, bool) {
	all := true
	for _, last := range []bool{false, true} {
		for i := range parts {
			part := &parts[i]
			if _, is := x.table.column(x.kind, part.Column).(*ordered); is != last {
				continue
			}
			exact := false
			w, exact = x.find(part, w)
			all = all && exact
		}
	}
	return w, all
}

func (x *search) findAny(parts []itsm.Filter, w words) (words, bool) {
	found, all, some := make(words, x.table.size()), true, false
	for i := range parts {
		part, exact := x.find(&parts[i], nil)
		switch {
		case part != nil:
			found.or(part)
			all = all && exact
		case exact:
			return w, true
		default:
			some = true
		}
	}
	if some {
		return w, false
	}
	if w == nil {
		return found, all
	}
	w.and(found)
	return w, all
}

func (x *search) findIDs(f *itsm.Filter, w words) words {
	found := make(words, x.table.size())
	x.store.mu.RLock()
	defer x.store.mu.RUnlock()
	for _, v := range f.Values {
		if e := x.table.entries[v.Text()]; e != nil && e.place > 0 {
			found.add(e.place - 1)
		}
	}
	if w == nil {
		return found
	}
	w.and(found)
	return w
}

// size is how many words hold a bit for each entry.
func (t *table) size() int { return (len(t.list) + 63) / 64 }

// column answers the index of a column, nil where none is of use.
func (t *table) column(k *kind, name string) index {
	if t.known != k {
		return nil
	}
	return t.columns[name]
}
