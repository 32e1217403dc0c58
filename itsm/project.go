package itsm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/internal/plan"
)

// maxOwned bounds the rows of one projection that one record has.
const maxOwned = 1000

// storedRows are the rows of one projection as the store has them, in order of id.
type storedRows struct {
	kind *kind
	rows []Record
}

// put is a row of a projection on its way into the store.
type put struct {
	kind   *kind
	row    Record
	expect int64
	stored Record // what is there, nil where it is new
	// over is one more than the place of the put of the same row before this one, 0 where there is none.
	over int
	gone bool // a later one is over it
}

// projectAll runs the hooks that project, for each record that the transaction changed.
func (x *tx) projectAll() error {
	for _, t := range x.touched {
		if !t.begun {
			continue
		}
		for i := range t.kind.projects {
			hook := &t.kind.projects[i]
			if !hook.concerns(t.before, t.after) {
				continue
			}
			x.hand = Unit{tx: x, touch: t, actor: x.deputyOf(x.actor), depth: maxDepth, hook: hook.Name}
			if err := hook.Project(&x.hand, t.before, t.after); err != nil {
				return hook.failed(err)
			}
		}
	}
	return nil
}

// ownedRows answers the rows of a record in the transaction, in order of id: until it is asked again.
func (x *tx) ownedRows(t *touch, kd *kind) ([]Record, error) {
	rows, err := x.storedRows(t, kd)
	if err != nil || len(t.puts) == 0 {
		return rows, err
	}
	x.merged = append(x.merged[:0], rows...)
	for i := range t.puts {
		p := &t.puts[i]
		if p.kind != kd {
			continue
		}
		if at, there := slices.BinarySearchFunc(x.merged, p.row.Header().ID, compareID); there {
			x.merged[at] = p.row
		} else {
			x.merged = slices.Insert(x.merged, at, p.row)
		}
	}
	return x.merged, nil
}

func compareID(r Record, id string) int { return strings.Compare(r.Header().ID, id) }

// storedRows answers the rows of a record in the store, which it asks once. A new record has none.
func (x *tx) storedRows(t *touch, kd *kind) ([]Record, error) {
	n := len(t.owned)
	for i := range n {
		if t.owned[i].kind == kd {
			return t.owned[i].rows, nil
		}
	}
	t.owned = slices.Grow(t.owned, 1)[:n+1]
	of := &t.owned[n]
	of.kind, of.rows = kd, of.rows[:0]
	if t.before == nil {
		return of.rows, nil
	}
	rows, err := x.readOwned(of.rows, t.key, kd.name)
	if err != nil {
		t.owned = t.owned[:n]
		return nil, err
	}
	of.rows = rows
	for _, r := range rows {
		if r.Header().Version > t.version() {
			x.overtaken = true
			return nil, ErrConflict.with("record", t.key.Ref().String(), "")
		}
	}
	return rows, nil
}

// readOwned reads the rows of a record as [tx.stored] reads the record: past the snapshot where none is open. They are read
// after the record and change only with it, so those of another instant are of a later version.
func (x *tx) readOwned(dst []Record, owner Key, kind string) ([]Record, error) {
	if getter, ok := x.store.(Getter); ok && x.snap == nil {
		return getter.Owned(x.ctx, dst, owner, kind)
	}
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.Owned(x.ctx, dst, owner, kind)
}

// put keeps a row for the write set, and fills its head. An error leaves the row as it is.
func (x *tx) put(u *Unit, kd *kind, name string, row Record) error {
	t := u.touch
	if name == "" || len(name) > maxNumber || strings.Contains(name, "/") {
		return Invalid("name", "the name of a row has 1 to 100 bytes and no slash")
	}
	if err := checkText(name); err != nil {
		return err
	}
	stored, err := x.storedRows(t, kd)
	if err != nil {
		return err
	}
	p, former, err := t.place(kd, stored, name, row)
	if err != nil {
		return err
	}
	if err := x.checkRow(kd, former, row); err != nil {
		return ErrInvalid.because(err)
	}
	t.begin(u)
	h := row.Header()
	*h = Head{
		Tenant: t.key.Tenant, Kind: kd.name, Version: t.version() + 1, UpdatedAt: x.eventTime(t), State: h.State, Phase: h.Phase,
	}
	if former == nil {
		h.ID, h.CreatedAt = t.key.Kind+"/"+t.key.ID+"/"+name, h.UpdatedAt
	} else {
		was := former.Header()
		h.ID, h.CreatedAt = was.ID, was.CreatedAt
	}
	t.puts = append(t.puts, p)
	return nil
}

// checkRow refuses what no store can keep. What is as in the row before was looked at then.
func (x *tx) checkRow(kd *kind, former, row Record) error {
	if former == nil {
		return kd.plan.Check(plan.Pointer(row))
	}
	x.pen.diff = kd.plan.Diff(x.pen.diff[:0], plan.Pointer(former), plan.Pointer(row))
	return kd.plan.CheckOnly(x.pen.diff, plan.Pointer(row))
}

// place answers what takes the place of a row of that name, and the row that is there; nil where there is none.
func (t *touch) place(kd *kind, stored []Record, name string, row Record) (p put, former Record, err error) {
	p = put{kind: kd, row: row}
	front := len(t.key.Kind) + len(t.key.ID) + 2 // of every id of the record's rows
	rows := len(stored)
	for i := range t.puts {
		before := &t.puts[i]
		if before.row == row {
			return p, nil, errOwnRow
		}
		if before.kind != kd {
			continue
		}
		if before.expect == 0 && before.over == 0 {
			rows++
		}
		if before.row.Header().ID[front:] == name {
			p.expect, p.stored, p.over, former = before.expect, before.stored, i+1, before.row
		}
	}
	if slices.Contains(stored, row) {
		return p, nil, errOwnRow
	}
	if p.over > 0 {
		return p, former, nil
	}
	at, there := slices.BinarySearchFunc(stored, name, func(r Record, name string) int {
		return strings.Compare(r.Header().ID[front:], name)
	})
	switch {
	case there:
		p.expect, p.stored, former = stored[at].Header().Version, stored[at], stored[at]
	case rows >= maxOwned:
		return p, nil, Invalid("name", fmt.Sprintf("a record has %d rows of %s at most", maxOwned, kd.name))
	}
	return p, former, nil
}

var errOwnRow = Invalid("row", "this row is the store's or the transaction's own: copy it, change the copy, and put that")

// appendPuts adds the rows of a record to the write set, of each the last that was put.
func (t *touch) appendPuts(records []RecordWrite) []RecordWrite {
	for i := range t.puts {
		if over := t.puts[i].over; over > 0 {
			t.puts[over-1].gone = true
		}
	}
	for i := range t.puts {
		if p := &t.puts[i]; !p.gone {
			records = append(records, RecordWrite{Record: p.row, Expect: p.expect, Before: p.stored, Owner: t.key})
		}
	}
	return records
}

// forgetOwned lets go of rows and keeps the room.
func (t *touch) forgetOwned() {
	clear(t.puts)
	for i, of := range t.owned[:cap(t.owned)] {
		clear(of.rows)
		t.owned[:cap(t.owned)][i] = storedRows{rows: of.rows[:0]}
	}
}
