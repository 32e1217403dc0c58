package itsm

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
)

// Get answers a record, as the actor may see it. A record that the actor may not see is ErrNotFound.
func (r *Records[P]) Get(ctx context.Context, id string) (P, error) {
	return r.own(r.k.get(ctx, r.Ref(id)))
}

// List answers one page of records, as the actor may see them.
func (r *Records[P]) List(ctx context.Context, q Query) (Page[P], error) {
	page, err := r.k.list(ctx, r.kind.name, q)
	if err != nil {
		return Page[P]{}, err
	}
	out := Page[P]{Next: page.Next, Records: make([]P, len(page.Records))}
	for i, rec := range page.Records {
		out.Records[i], _ = r.own(rec, nil)
	}
	return out, nil
}

// All goes through the records page by page. Each page is a view of its own: a record that moves in the sort order
// meanwhile may be missed or seen twice, others are not.
func (r *Records[P]) All(ctx context.Context, q Query) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		for {
			page, err := r.List(ctx, q)
			if err != nil {
				var none P
				yield(none, err)
				return
			}
			for _, rec := range page.Records {
				if !yield(rec, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Cursor = page.Next
		}
	}
}

// Count answers how many records match, of those that the actor may see. Sort, limit and cursor do not matter.
func (r *Records[P]) Count(ctx context.Context, q Query) (int64, error) {
	return r.k.Count(ctx, r.kind.name, q)
}

// Get answers a copy of a record of any kind, as the actor may see it.
func (k *Kernel) Get(ctx context.Context, ref Ref) (Record, error) {
	rec, err := k.get(ctx, ref)
	if err != nil {
		return nil, err
	}
	return k.kinds[ref.Kind].clone(rec), nil
}

func (k *Kernel) get(ctx context.Context, ref Ref) (Record, error) {
	return glance(k, ctx, ref, func(x *tx, kd *kind, rec Record) (Record, error) { return x.masked(kd, rec), nil })
}

// List answers one page of copies of any kind.
func (k *Kernel) List(ctx context.Context, of string, q Query) (Page[Record], error) {
	page, err := k.list(ctx, of, q)
	for i, rec := range page.Records {
		page.Records[i] = k.kinds[of].clone(rec)
	}
	return page, err
}

func (k *Kernel) list(ctx context.Context, of string, q Query) (Page[Record], error) {
	var page Page[Record]
	err := k.query(ctx, of, &q, func(x *tx, kd *kind, sq *StoreQuery) error {
		limit := sq.Limit
		sq.Limit++
		records, err := x.page(sq)
		if err != nil {
			return err
		}
		if len(records) > limit {
			records = records[:limit]
			page.Next = kd.cursorAfter(records[limit-1], q.Sort)
		}
		for i, rec := range records {
			records[i] = x.masked(kd, rec)
		}
		page.Records = records
		return nil
	})
	return page, err
}

// page asks the store as it stands where it can: one query is of one instant anyway.
func (x *tx) page(q *StoreQuery) ([]Record, error) {
	if getter, ok := x.store.(Getter); ok {
		return getter.Find(x.ctx, nil, q)
	}
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.Query(x.ctx, nil, q)
}

// Count answers how many records of a kind match.
func (k *Kernel) Count(ctx context.Context, of string, q Query) (n int64, err error) {
	err = k.query(ctx, of, &q, func(x *tx, _ *kind, sq *StoreQuery) error {
		snap, err := x.snapshot()
		if err == nil {
			n, err = snap.Count(ctx, sq)
		}
		return err
	})
	return n, err
}

// view opens a snapshot and looks at one record that the actor may see, and at what hangs on it.
func view[T any](k *Kernel, ctx context.Context, ref Ref, look func(*tx, *kind, Record) (T, error)) (T, error) {
	return lookAt(k, ctx, ref, (*Kernel).livingKind, (*tx).fromSnapshot, look)
}

// glance is view for who needs nothing but the record, which may be a row of a projection.
func glance[T any](k *Kernel, ctx context.Context, ref Ref, look func(*tx, *kind, Record) (T, error)) (T, error) {
	return lookAt(k, ctx, ref, (*Kernel).kindOf, (*tx).stored, look)
}

// glanceAtLiving is glance for who asks for what a projection does not have.
func glanceAtLiving[T any](k *Kernel, ctx context.Context, ref Ref, look func(*tx, *kind, Record) (T, error)) (T, error) {
	return lookAt(k, ctx, ref, (*Kernel).livingKind, (*tx).stored, look)
}

func lookAt[T any](k *Kernel, ctx context.Context, ref Ref, find func(*Kernel, string) (*kind, error), get func(*tx, Key) (Record, error), look func(*tx, *kind, Record) (T, error)) (_ T, err error) {
	var none T
	actor, err := actorFrom(ctx)
	if err != nil {
		return none, err
	}
	kd, err := find(k, ref.Kind)
	if err != nil {
		return none, err
	}
	x, err := k.begin(ctx, actor)
	if err != nil {
		return none, err
	}
	defer x.leave(&err)
	rec, err := get(x, Key{Tenant: actor.Tenant, Kind: kd.name, ID: ref.ID})
	if err != nil {
		return none, err
	}
	if k.auth.Permit(ctx, actor, Action{Kind: kd.name, Verb: Read}, rec) != nil {
		return none, ErrNotFound.with("record", ref.String(), "")
	}
	return look(x, kd, rec)
}

func (x *tx) fromSnapshot(key Key) (Record, error) {
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.Get(x.ctx, key)
}

func (k *Kernel) query(ctx context.Context, of string, q *Query, run func(*tx, *kind, *StoreQuery) error) (err error) {
	actor, err := actorFrom(ctx)
	if err != nil {
		return err
	}
	kd, err := k.kindOf(of)
	if err != nil {
		return err
	}
	sq, err := kd.storeQuery(actor.Tenant, q)
	if err != nil {
		return err
	}
	if err := k.auth.Permit(ctx, actor, Action{Kind: of, Verb: Read}, nil); err != nil {
		return err
	}
	scope, err := k.auth.Scope(ctx, actor, of)
	if err != nil {
		return err
	}
	hidden := k.auth.Mask(ctx, actor, of)
	if slices.Contains(hidden, "assignee") || slices.Contains(hidden, "phase") {
		hidden = append(slices.Clip(hidden), columnOpenAssignee)
	}
	for _, s := range q.Sort {
		if slices.Contains(hidden, s.Column) {
			return ErrDenied.with("column", s.Column, "you may not sort by a column that you do not see")
		}
	}
	if q.Filter != nil && q.Filter.names(hidden) {
		return ErrDenied.with("column", strings.Join(hidden, ", "), "you may not filter by columns that you do not see")
	}
	if scope != nil {
		if column := kd.lacks(scope); column != "" {
			return ErrDenied.with("kind", of, "what you may see is told by the column "+column+", and these records have none")
		}
		both := *scope
		if sq.Filter != nil {
			both = All(*scope, *sq.Filter)
		}
		sq.Filter = &both
	}
	x, err := k.begin(ctx, actor)
	if err != nil {
		return err
	}
	defer x.leave(&err)
	return run(x, kd, sq)
}

// storeQuery checks a query against the kind's columns.
func (kd *kind) storeQuery(tenant string, q *Query) (*StoreQuery, error) {
	sq := &StoreQuery{Tenant: tenant, Kind: kd.name, Filter: q.Filter, Sort: q.Sort, Limit: q.Limit}
	switch {
	case q.Limit < 0 || q.Limit > maxLimit:
		return nil, Invalid("limit", fmt.Sprintf("a page has 1 to %d records", maxLimit))
	case q.Limit == 0:
		sq.Limit = defaultLimit
	}
	seen := map[string]bool{}
	for _, s := range q.Sort {
		if _, ok := kd.columnAt[s.Column]; !ok {
			return nil, Invalid("sort", fmt.Sprintf("%s has no column %q", kd.name, s.Column))
		}
		if seen[s.Column] {
			return nil, Invalid("sort", fmt.Sprintf("the column %q stands twice", s.Column))
		}
		seen[s.Column] = true
	}
	if q.Filter != nil {
		if err := kd.checkFilter(q.Filter, 0); err != nil {
			return nil, err
		}
	}
	if q.Cursor != "" {
		mark, err := decodeCursor(q.Cursor, q.Sort)
		if err != nil {
			return nil, err
		}
		sq.After = mark
	}
	return sq, nil
}

func (kd *kind) checkFilter(f *Filter, depth int) error {
	if depth > 32 {
		return Invalid("filter", "a filter nests 32 deep at most")
	}
	values := 1
	switch f.Op {
	case OpAll, OpAny, OpNot:
		if f.Op == OpNot && len(f.Parts) != 1 {
			return Invalid("filter", "not takes one part")
		}
		for i := range f.Parts {
			if err := kd.checkFilter(&f.Parts[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	case OpIn:
		values = len(f.Values)
	case OpEmpty:
		values = 0
	case OpLess, OpMost, OpMore, OpLeast, OpPrefix, OpHas:
	default:
		return Invalid("filter", fmt.Sprintf("%q is no operator", f.Op))
	}
	if _, ok := kd.columnAt[f.Column]; !ok {
		return Invalid("filter", fmt.Sprintf("%s has no column %q", kd.name, f.Column))
	}
	if len(f.Values) != values {
		return Invalid("filter", fmt.Sprintf("%s takes %d values", f.Op, values))
	}
	column := kd.columns[kd.columnAt[f.Column]]
	for _, v := range f.Values {
		if err := v.Check(); err != nil {
			return ErrInvalid.because(err)
		}
		if !suits(v.Kind(), column.Kind) {
			return Invalid("filter", fmt.Sprintf("the column %s holds %v, not %v", f.Column, column.Kind, v.Kind()))
		}
	}
	return nil
}

// suits reports whether a value of a kind can be compared with a column.
func suits(value, column field.Kind) bool {
	number := func(k field.Kind) bool { return k == field.KindInt || k == field.KindNumber }
	return value == column || value == field.KindText && column == field.KindList || number(value) && number(column)
}

// lacks answers a column that the filter looks at and the kind does not have; empty where there is none.
func (kd *kind) lacks(f *Filter) string {
	if _, ok := kd.columnAt[f.Column]; !ok && f.Column != "" {
		return f.Column
	}
	for i := range f.Parts {
		if column := kd.lacks(&f.Parts[i]); column != "" {
			return column
		}
	}
	return ""
}

// names reports whether the filter looks at one of the columns.
func (f *Filter) names(columns []string) bool {
	if slices.Contains(columns, f.Column) {
		return true
	}
	return slices.ContainsFunc(f.Parts, func(part Filter) bool { return part.names(columns) })
}

func (kd *kind) cursorAfter(rec Record, sort []Sort) string {
	c := cursor{Sort: sort, ID: rec.Header().ID}
	for _, s := range sort {
		c.Values = append(c.Values, kd.Value(rec, s.Column))
	}
	return c.encode()
}

// masked empties the fields that the actor does not see, on a copy.
func (x *tx) masked(kd *kind, rec Record) Record {
	hidden := x.k.auth.Mask(x.ctx, x.actor, kd.name)
	if len(hidden) == 0 {
		return rec
	}
	rec = kd.clone(rec)
	for _, name := range hidden {
		if custom, ok := strings.CutPrefix(name, "custom."); ok && kd.customAt >= 0 {
			kd.plan.CustomFields(plan.Pointer(rec)).Set(custom, field.Value{})
			continue
		}
		if i := kd.plan.Index(name); i >= 0 {
			_ = kd.plan.Set(i, plan.Pointer(rec), field.Value{}) // an empty value fits every field
		}
	}
	return rec
}

// set writes one field of a record for a patch.
func (kd *kind) set(rec Record, name string, v field.Value) error {
	if custom, ok := strings.CutPrefix(name, "custom."); ok {
		if kd.customAt < 0 {
			return Invalid(name, kd.name+" has no custom fields")
		}
		kd.plan.CustomFields(plan.Pointer(rec)).Set(custom, v)
		return nil
	}
	if !kd.editable[name] {
		return Invalid(name, "this field is not edited: use the command that it belongs to")
	}
	i := kd.plan.Index(name)
	if want := kd.plan.Fields[i].Kind; !v.IsZero() && v.Kind() != want {
		return Invalid(name, fmt.Sprintf("the field takes %v, not %v", want, v.Kind()))
	}
	if kd.plan.Set(i, plan.Pointer(rec), v) != nil {
		return Invalid(name, fmt.Sprintf("the field does not take %q", v.String()))
	}
	return nil
}
