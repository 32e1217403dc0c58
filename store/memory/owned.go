package memory

import (
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

// owned are the records of one kind that a record owns, in order of id, and behind them those of other kinds. A record
// owns few kinds, mostly one, and what it owns stays.
type owned struct {
	kind string
	list []*entry
	next *owned
}

// of answers the records of a kind.
func (o *owned) of(kind string) []*entry {
	for ; o != nil; o = o.next {
		if o.kind == kind {
			return o.list
		}
	}
	return nil
}

// owns answers the entry of a write among what an entry owns; nil where it is not there, or the write has another owner.
func (e *entry) owns(w *itsm.RecordWrite) *entry {
	if e == nil || e.id != w.Owner.ID || e.table.kind != w.Owner.Kind || e.table.tenant != w.Owner.Tenant {
		return nil
	}
	h := w.Record.Header()
	list := e.owned.of(h.Kind)
	if at, ok := findOwned(list, h.ID); ok {
		return list[at]
	}
	return nil
}

// own adds an entry to what another one owns.
func (e *entry) own(of *entry) {
	o := &e.owned
	for o.kind != of.table.kind && o.kind != "" {
		if o.next == nil {
			o.next = &owned{}
		}
		o = o.next
	}
	o.kind = of.table.kind
	if at, there := findOwned(o.list, of.id); !there {
		o.list = slices.Insert(o.list, at, of)
	}
}

func findOwned(list []*entry, id string) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(e *entry, id string) int { return strings.Compare(e.id, id) })
}

// checkOwnedBy refuses a question that names no owner or kind.
func checkOwnedBy(owner itsm.Key, kind string) error {
	if kind == "" {
		return itsm.Invalid("kind", "ask for the records of one kind that a record owns")
	}
	return owner.Check()
}
