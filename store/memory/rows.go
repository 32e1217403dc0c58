package memory

import (
	"cmp"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
)

// rows are what hangs on a record, kind by kind: few kinds, each with any number of rows in order of id. Like all of a
// state, its slices are only appended to while an older state may share them.
type rows []rowsOf

type rowsOf struct {
	kind itsm.RowKind
	list []*itsm.Row
}

// of answers the rows of a kind.
func (rs rows) of(kind itsm.RowKind) []*itsm.Row {
	for i := range rs {
		if rs[i].kind == kind {
			return rs[i].list
		}
	}
	return nil
}

// last answers the highest id, 0 where there is no row.
func (rs rows) last() int64 {
	last := int64(0)
	for i := range rs {
		if n := len(rs[i].list); n > 0 {
			last = max(last, rs[i].list[n-1].ID)
		}
	}
	return last
}

// find answers where a row is.
func (rs rows) find(id int64) (kind, at int, ok bool) {
	for i := range rs {
		if at, ok := findRow(rs[i].list, id); ok {
			return i, at, true
		}
	}
	return 0, 0, false
}

// add appends a row to those of its kind. What rs[i] is must not be seen by an older state.
func (rs *rows) add(row *itsm.Row) {
	for i := range *rs {
		if of := &(*rs)[i]; of.kind == row.Kind {
			of.list = append(of.list, row)
			return
		}
	}
	*rs = append(*rs, rowsOf{row.Kind, []*itsm.Row{row}})
}

// after appends up to limit rows of every kind with ids above one, in order of id; all where limit is 0.
func (rs rows) after(dst []itsm.Row, id int64, limit int) []itsm.Row {
	rest := make([][]*itsm.Row, len(rs))
	for i := range rs {
		rest[i] = rowsAfter(rs[i].list, id)
	}
	for left := limit; ; left-- {
		next := -1
		for i := range rest {
			if len(rest[i]) > 0 && (next < 0 || rest[i][0].ID < rest[next][0].ID) {
				next = i
			}
		}
		if next < 0 {
			return dst
		}
		dst = append(dst, *rest[next][0])
		rest[next] = rest[next][1:]
		if left == 1 {
			return dst
		}
	}
}

func rowsAfter(list []*itsm.Row, id int64) []*itsm.Row {
	i, found := findRow(list, id)
	if found {
		i++
	}
	return list[i:]
}

func findRow(list []*itsm.Row, id int64) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(r *itsm.Row, id int64) int { return cmp.Compare(r.ID, id) })
}

// ownRows lets the entry change its rows: an older state that is kept goes on seeing what it saw.
func (e *entry) ownRows() {
	if e.before != nil {
		e.rows = slices.Clone(e.rows)
	}
}

// ownList is ownRows for who changes the rows of a kind other than by adding to them.
func (e *entry) ownList(kind int) []*itsm.Row {
	if e.before != nil {
		e.rows[kind].list = slices.Clone(e.rows[kind].list)
	}
	return e.rows[kind].list
}

func (s *Store) addRows(e *entry, added []itsm.Row) {
	e.ownRows()
	for i := range added {
		row := added[i]
		e.rows.add(&row)
		if row.Key != "" {
			s.keyed.set(keyedRow{&row, e})
		}
	}
}

func (s *Store) removeRows(e *entry, ids []int64) {
	e.ownRows()
	for kind := range e.rows {
		var places []int
		for _, id := range ids {
			if at, ok := findRow(e.rows[kind].list, id); ok {
				places = append(places, at)
			}
		}
		if len(places) == 0 {
			continue
		}
		list := e.ownList(kind)
		for _, at := range places {
			s.forgetRow(e, list[at])
			list[at] = nil
		}
		e.rows[kind].list = slices.DeleteFunc(list, func(row *itsm.Row) bool { return row == nil })
	}
}

// forgetRow takes a removed row out of the order of keys, at once or when no snapshot sees it any more.
func (s *Store) forgetRow(e *entry, row *itsm.Row) {
	if row == nil || row.Key == "" {
		return
	}
	if removed := (keyedRow{row, e}); e.before != nil {
		s.retired.add(s.views.next, removed)
	} else {
		s.keyed.remove(removed)
	}
}

func (s *Store) redactRows(e *entry, ids []int64) {
	e.ownRows()
	for _, id := range ids {
		kind, at, ok := e.rows.find(id)
		if !ok {
			continue
		}
		row := e.rows[kind].list[at].Redact()
		e.ownList(kind)[at] = &row
		if row.Key != "" {
			s.keyed.set(keyedRow{&row, e})
		}
	}
}
