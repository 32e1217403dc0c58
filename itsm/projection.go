package itsm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
)

// Projection is a kind of rows that are computed from the events of records and kept beside them, so that queries find
// them by their columns: a service-level clock of a ticket, and when it is due. A row is written with its owner, under the
// owner's version; it has no events, no lifecycle and no commands of its own, and it can be computed again at any time.
//
// Rows are put by a [Hook.Project]. Queries, counts and views name a projection as they name a kind of records, and the
// authorizer answers for it alike; who may read an owner may read its rows.
type Projection[P any] struct {
	records *Records[P]
}

// NewProjection registers a projection before the kernel is opened. P embeds [Head], of which State and Phase are the
// projection's own to use, and holds nothing personal: there is nothing to erase in it. What is wrong is a fault of
// [Kernel.Open].
func NewProjection[P any](k *Kernel, kind string) *Projection[P] {
	p := &Projection[P]{records: &Records[P]{k: k}}
	kd, err := projected[P](k, kind)
	if err != nil {
		k.fault("projection %s: %w", kind, err)
		p.records.kind = &kindOfNothing
		return p
	}
	p.records.kind = kd
	return p
}

// kindOfNothing stands for a projection that could not be registered: its kernel does not open.
var kindOfNothing = kind{projected: true}

func projected[P any](k *Kernel, name string) (*kind, error) {
	if k.open {
		return nil, Invalid("kind", "register "+name+" before the kernel is opened")
	}
	if _, ok := any(new(P)).(Record); !ok {
		return nil, Invalid("kind", fmt.Sprintf("%T must embed itsm.Head", *new(P)))
	}
	if !isName(name) {
		return nil, Invalid("kind", "name it in lower-case letters, digits and underscores")
	}
	if k.kinds[name] != nil {
		return nil, Invalid("kind", fmt.Sprintf("the kind %q is registered twice", name))
	}
	p, err := plan.Of(reflect.TypeFor[P]())
	if err != nil {
		return nil, ErrInvalid.because(err)
	}
	for _, f := range p.Fields {
		if f.Personal {
			return nil, Invalid(f.Name, "a projection holds nothing personal")
		}
	}
	schema, err := field.Schema{}.Compile()
	if err != nil {
		return nil, ErrInvalid.because(err)
	}
	kd := &kind{
		name: name, plan: p, schema: schema, customAt: p.Custom(), projected: true,
		zero:  any(new(P)).(Record),
		fresh: func() Record { return any(new(P)).(Record) },
		clone: func(r Record) Record {
			c := new(P)
			*c = *any(r).(*P)
			p.Detach(plan.Pointer(c))
			return any(c).(Record)
		},
		restore: func(dst, src Record) { *any(dst).(*P) = *any(src).(*P) },
	}
	kd.describe()
	k.kinds[name] = kd
	return kd, nil
}

// In answers the rows of the record at hand as they stand in the transaction, in order of id. They are the store's own:
// the hook reads them and keeps nothing. It costs one read of the store for a record and projection.
func (p *Projection[P]) In(u *Unit) ([]*P, error) {
	o, err := u.touch.ownedBy(u.tx, p.records.kind)
	if err != nil {
		return nil, err
	}
	rows := make([]*P, 0, len(o))
	for _, rec := range o {
		rows = append(rows, any(rec).(*P))
	}
	for i := range u.touch.puts {
		put := &u.touch.puts[i]
		if put.kind != p.records.kind {
			continue
		}
		at, there := slices.BinarySearchFunc(rows, put.row.Header().ID, func(row *P, id string) int {
			return strings.Compare(any(row).(Record).Header().ID, id)
		})
		if there {
			rows[at] = any(put.row).(*P)
		} else {
			rows = slices.Insert(rows, at, any(put.row).(*P))
		}
	}
	return rows, nil
}

// Put puts a row of the record at hand in place of that of its name. The kernel fills the head but for state and phase:
// the id is made of the owner's kind and id and the name. The row is the kernel's from then on. Like a fact or a timer it
// makes the record's change an event.
func (p *Projection[P]) Put(u *Unit, name string, row *P) error {
	if name == "" || row == nil {
		return Invalid("projection", "put a row with a name")
	}
	if err := checkText(name); err != nil {
		return err
	}
	t, kd := u.touch, p.records.kind
	rec := any(row).(Record)
	h := rec.Header()
	*h = Head{Tenant: t.key.Tenant, Kind: kd.name, State: h.State, Phase: h.Phase}
	expect, err := t.expectOf(u.tx, kd, name, h)
	if err != nil {
		return err
	}
	t.begin(u)
	t.puts = append(t.puts, put{kind: kd, row: rec, expect: expect})
	return nil
}

// Of answers copies of the rows of a record, in order of id. Who may read the record may read them.
//
// Errors: those of [Kernel.Get] for the record.
func (p *Projection[P]) Of(ctx context.Context, owner Ref) ([]P, error) {
	return view(p.records.k, ctx, owner, func(x *tx, _ *kind, rec Record) ([]P, error) {
		found, err := x.snap.Owned(ctx, nil, rec.Header().Key(), p.records.kind.name)
		if err != nil {
			return nil, err
		}
		rows := make([]P, len(found))
		for i, row := range found {
			rows[i] = *any(row).(*P)
			p.records.kind.plan.Detach(plan.Pointer(&rows[i]))
		}
		return rows, nil
	})
}

// Get answers a copy of a row by its id, as the authorizer lets the actor read the projection.
func (p *Projection[P]) Get(ctx context.Context, id string) (P, error) { return p.records.Get(ctx, id) }

// List answers one page of rows, as the authorizer lets the actor see them.
func (p *Projection[P]) List(ctx context.Context, q Query) (Page[P], error) {
	return p.records.List(ctx, q)
}

// All goes through all rows that match, page by page.
func (p *Projection[P]) All(ctx context.Context, q Query) iter.Seq2[P, error] {
	return p.records.All(ctx, q)
}

// Count answers how many rows match.
func (p *Projection[P]) Count(ctx context.Context, q Query) (int64, error) {
	return p.records.Count(ctx, q)
}

// CountBy is [Records.CountBy].
func (p *Projection[P]) CountBy(ctx context.Context, column string, q Query) ([]Bucket, error) {
	return p.records.CountBy(ctx, column, q)
}

// ownedRows is what the store has of a projection for a touched record.
type ownedRows struct {
	kind *kind
	rows []Record
}

// put is a row that a transaction puts.
type put struct {
	kind   *kind
	row    Record
	expect int64
}

// ownedBy reads what the store has of a projection for the record, once.
func (t *touch) ownedBy(x *tx, kd *kind) ([]Record, error) {
	for i := range t.owned {
		if t.owned[i].kind == kd {
			return t.owned[i].rows, nil
		}
	}
	n := len(t.owned)
	if n < cap(t.owned) {
		t.owned = t.owned[:n+1] // with the room of an earlier transaction
	} else {
		t.owned = append(t.owned, ownedRows{})
	}
	o := &t.owned[n]
	o.kind, o.rows = kd, o.rows[:0]
	if t.before == nil {
		return o.rows, nil
	}
	var err error
	if getter, ok := x.k.store.(Getter); ok && x.snap == nil {
		x.loose++
		x.beside++
		o.rows, err = getter.Owned(x.ctx, o.rows, t.key, kd.name)
		return o.rows, err
	}
	snap, err := x.snapshot()
	if err == nil {
		o.rows, err = snap.Owned(x.ctx, o.rows, t.key, kd.name)
	}
	return o.rows, err
}

// expectOf fills a row's id and beginning from the row that it replaces, and answers that one's version.
func (t *touch) expectOf(x *tx, kd *kind, name string, h *Head) (int64, error) {
	is := func(id string) bool { // without making the id
		rest, ok := strings.CutPrefix(id, t.key.Kind)
		if !ok || !strings.HasPrefix(rest, "/") {
			return false
		}
		rest, ok = strings.CutPrefix(rest[1:], t.key.ID)
		return ok && strings.HasPrefix(rest, "/") && rest[1:] == name
	}
	from := func(old *Head) int64 {
		h.ID, h.CreatedAt = old.ID, old.CreatedAt
		return old.Version
	}
	for i := range t.puts {
		if old := t.puts[i].row.Header(); t.puts[i].kind == kd && is(old.ID) {
			from(old)
			return t.puts[i].expect, nil
		}
	}
	for i := range t.owned {
		if t.owned[i].kind != kd {
			continue
		}
		for _, row := range t.owned[i].rows {
			if old := row.Header(); is(old.ID) {
				return from(old), nil
			}
		}
		h.ID = t.key.Kind + "/" + t.key.ID + "/" + name
		return 0, nil
	}
	h.ID = t.key.Kind + "/" + t.key.ID + "/" + name
	if t.before == nil {
		return 0, nil
	}
	old, err := x.stored(Key{Tenant: t.key.Tenant, Kind: kd.name, ID: h.ID})
	switch {
	case errors.Is(err, ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	}
	x.beside++
	return from(old.Header()), nil
}

// forgetOwned lets go of rows, and keeps the room.
func (t *touch) forgetOwned() {
	for i := range t.owned {
		clear(t.owned[i].rows)
		t.owned[i].rows = t.owned[i].rows[:0]
	}
	clear(t.puts)
}

// appendPuts adds the rows to what is written, under the version and instant of the record's event: of two of a name the
// later one.
func (t *touch) appendPuts(writes []RecordWrite) []RecordWrite {
	if len(t.puts) == 0 {
		return writes
	}
	owner := t.after.Header()
	for i := range t.puts {
		p := &t.puts[i]
		h := p.row.Header()
		if slices.ContainsFunc(t.puts[i+1:], func(later put) bool { return later.kind == p.kind && later.row.Header().ID == h.ID }) {
			continue
		}
		h.Version, h.UpdatedAt = owner.Version, owner.UpdatedAt
		if p.expect == 0 {
			h.CreatedAt = owner.UpdatedAt
		}
		writes = append(writes, RecordWrite{Record: p.row, Expect: p.expect, Owner: t.key})
	}
	return writes
}

// projectAll runs the hooks that project, on every record that the transaction changed.
func (x *tx) projectAll() error {
	for i := 0; i < len(x.touched); i++ {
		t := x.touched[i]
		if !t.begun {
			continue
		}
		for j := range t.kind.projects {
			hook := &t.kind.projects[j]
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
