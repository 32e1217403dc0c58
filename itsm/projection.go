package itsm

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
)

// Projection is a kind of records that are computed from others, such as the clocks of a ticket: kept beside the record
// that they come from, so that they can be read without computing them again and found by their columns. Its rows have no
// events, no lifecycle and no commands of their own, because what they say follows from the record that owns them: they are
// written with it, under its new version. P is a struct that embeds [Head].
//
// Make one with [NewProjection]; put its rows in [Hook.Project]. The id of a row is its owner's kind and id and the row's
// name, joined by slashes: "incident/INC0000001/response". The kernel keeps the head, but for State and Phase, which say
// what the projection wants them to.
//
// Rows are read with the rights of an actor. [Projection.Of] asks for the rights on the owner. All else asks the authorizer
// about the projection's own kind, as for any kind. [Kernel.Get], [Kernel.List], [Kernel.Count] and [Kernel.CountBy] know it
// by its name.
type Projection[P any] struct {
	records Records[P]
	fault   error // why it is of no use
}

// NewProjection registers a projection, before [Kernel.Open], which reports what is wrong with it: a name that a kind
// cannot have or has already, a record type with fields that have no value type, or with personal ones. A projection holds
// nothing personal, because erasing a person looks for it in events and rows, and a projection has none.
func NewProjection[P any](k *Kernel, kind string) *Projection[P] {
	p := &Projection[P]{records: Records[P]{k: k}}
	kd, err := projectionOf[P](k, kind)
	if err != nil {
		p.fault = ErrInvalid.because(fmt.Errorf("projection %s: %w", kind, err))
		k.fault("projection %s: %w", kind, err)
		return p
	}
	k.kinds[kind], p.records.kind = kd, kd
	return p
}

// projectionOf makes the kind of a projection, or says all that is wrong with it.
func projectionOf[P any](k *Kernel, name string) (*kind, error) {
	if k.open {
		return nil, errors.New("register it before the kernel is opened")
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !isName(name) {
		fault("give it a name in lower-case letters, digits and underscores")
	} else if k.kinds[name] != nil {
		fault("the kind is registered twice")
	}
	if _, ok := any(new(P)).(Record); !ok {
		fault("%T must embed itsm.Head", *new(P))
	}
	pl, err := plan.Of(reflect.TypeFor[P]())
	if err != nil {
		fault("%w", err)
		return nil, errors.Join(faults...)
	}
	for i, f := range pl.Fields {
		switch {
		case f.Personal:
			fault("a projection holds nothing personal, and %s is", f.Name)
		case i == pl.Custom():
			fault("a projection declares its fields, and %s holds others", f.Path)
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	schema, err := field.Schema{}.Compile()
	if err != nil {
		return nil, err
	}
	kd := newKind[P](name, pl, schema)
	kd.projected = true
	kd.describe()
	return kd, nil
}

// Kind is the name of the projection.
func (p *Projection[P]) Kind() string {
	if p.fault != nil {
		return ""
	}
	return p.records.kind.name
}

// In answers the rows of the record at hand as they stand in the transaction, in order of id: those of the store, and over
// them what the transaction put. They are the store's own: they are only read, and kept no longer than the hook. The store is
// asked once for each record and projection.
func (p *Projection[P]) In(u *Unit) ([]*P, error) {
	if err := p.serves(u); err != nil {
		return nil, err
	}
	rows, err := u.tx.ownedRows(u.touch, p.records.kind)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	own := make([]*P, len(rows))
	for i, row := range rows {
		own[i] = any(row).(*P)
	}
	return own, nil
}

// Put puts a row beside the record at hand, in place of the one of its name, and keeps the pointer. The kernel fills its
// head: CreatedAt is that of the row before it, or now; UpdatedAt is the instant of the record's event, and Version the
// record's new one. State and Phase are the caller's.
//
// A row that is put is a change of the record, which gets an event even where nothing else happened to it: so put what
// differs. A name has 1 to 100 bytes and no slash, and a record at most 1,000 rows of a projection. A row that [Projection.In]
// gave must be copied before it is changed and put; the row itself is refused.
func (p *Projection[P]) Put(u *Unit, name string, row *P) error {
	if err := p.serves(u); err != nil {
		return err
	}
	if row == nil {
		return Invalid("row", "give a row to put")
	}
	return u.tx.put(u, p.records.kind, name, any(row).(Record))
}

// serves refuses a unit of another kernel, and a projection that was never registered.
func (p *Projection[P]) serves(u *Unit) error {
	switch {
	case p.fault != nil:
		return p.fault
	case u.tx.k != p.records.k:
		return Invalid("projection", "the unit is of another kernel than the projection")
	}
	return nil
}

// Of answers copies of the rows of a record, in order of id, to who may read that record; it is ErrNotFound to others. The
// record and its rows are read in one view of the store.
func (p *Projection[P]) Of(ctx context.Context, owner Ref) ([]P, error) {
	if p.fault != nil {
		return nil, p.fault
	}
	kd := p.records.kind
	return view(p.records.k, ctx, owner, func(x *tx, _ *kind, rec Record) ([]P, error) {
		found, err := x.snap.Owned(ctx, nil, rec.Header().Key(), kd.name)
		if err != nil {
			return nil, err
		}
		rows := make([]P, len(found))
		for i, row := range found {
			rows[i], _ = p.records.own(x.masked(kd, row), nil)
		}
		return rows, nil
	})
}

// Get answers a row by its id, as the actor may see it. One that the actor may not see is ErrNotFound.
func (p *Projection[P]) Get(ctx context.Context, id string) (P, error) {
	if p.fault != nil {
		var none P
		return none, p.fault
	}
	return p.records.Get(ctx, id)
}

// List answers one page of rows of any records, as the actor may see them: what falls due in the next hour, what is
// late.
func (p *Projection[P]) List(ctx context.Context, q Query) (Page[P], error) {
	if p.fault != nil {
		return Page[P]{}, p.fault
	}
	return p.records.List(ctx, q)
}

// All goes through the rows page by page, as [Records.All] does.
func (p *Projection[P]) All(ctx context.Context, q Query) iter.Seq2[P, error] {
	if p.fault != nil {
		return func(yield func(P, error) bool) {
			var none P
			yield(none, p.fault)
		}
	}
	return p.records.All(ctx, q)
}

// Count answers how many rows match, of those that the actor may see.
func (p *Projection[P]) Count(ctx context.Context, q Query) (int64, error) {
	if p.fault != nil {
		return 0, p.fault
	}
	return p.records.Count(ctx, q)
}

// CountBy answers for each value of a column how many rows have it, as [Records.CountBy] does.
func (p *Projection[P]) CountBy(ctx context.Context, column string, q Query) ([]Bucket, error) {
	if p.fault != nil {
		return nil, p.fault
	}
	return p.records.CountBy(ctx, column, q)
}
