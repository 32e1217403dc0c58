package view

import (
	"context"
	"errors"
	"slices"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Views runs views and macros, and keeps the views that people save. It may be used by many goroutines.
type Views struct {
	k         *itsm.Kernel
	catalogue Catalogue
	saved     *saved
}

// New registers the catalogue, and the kind of saved views, with a kernel that is not open yet. Opening the kernel checks
// every view and macro against the kinds that are there, and says all faults at once.
func New(k *itsm.Kernel, c Catalogue) (*Views, error) {
	s := &Views{k: k, catalogue: Catalogue{Views: slices.Clone(c.Views), Macros: slices.Clone(c.Macros)}}
	var err error
	if s.saved, err = register(k); err != nil {
		return nil, err
	}
	k.OnOpen(s.catalogue.check)
	return s, nil
}

// Find answers a view by its name in the catalogue or its number. One that the actor is not to see is ErrNotFound.
func (s *Views) Find(ctx context.Context, name string) (View, error) {
	a, groups, err := s.actor(ctx)
	if err != nil {
		return View{}, err
	}
	for _, v := range s.catalogue.Views {
		if v.Name == name && v.with(&a, groups) {
			return v, nil
		}
	}
	r, err := s.saved.Get(ctx, name)
	if err != nil {
		return View{}, missing(err, "view", name)
	}
	if r.State != StateActive || r.Owner == itsm.Erased || !r.shows(&a, groups) {
		return View{}, missing(itsm.ErrNotFound, "view", name)
	}
	return r.view()
}

// missing keeps who may not see saved views from learning which there are.
func missing(err error, what, name string) error {
	if errors.Is(err, itsm.ErrNotFound) || errors.Is(err, itsm.ErrDenied) {
		return &itsm.Error{Code: itsm.ErrNotFound.Code, Message: itsm.ErrNotFound.Message, Args: map[string]string{what: name}}
	}
	return err
}

func (s *Views) actor(ctx context.Context) (itsm.Actor, []string, error) {
	a, err := itsm.ActorFrom(ctx)
	if err != nil {
		return a, nil, err
	}
	groups, err := groupsOf(ctx, s.k.Directory(), &a)
	return a, groups, err
}

// Shared lists the catalogue's views that the actor is to see, in its order. [Views.Mine] lists the saved ones.
func (s *Views) Shared(ctx context.Context) ([]View, error) {
	a, groups, err := s.actor(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(s.catalogue.Views), func(v View) bool { return !v.with(&a, groups) }), nil
}

// Run answers one page of a view, of what the actor may see. Next of the page before is the cursor; empty is the first
// page. Every page resolves $now and $today anew.
func (s *Views) Run(ctx context.Context, name, cursor string) (Page, error) {
	v, err := s.Find(ctx, name)
	if err != nil {
		return Page{}, err
	}
	return s.RunView(ctx, v, cursor)
}

// RunView is Run for a view at hand, such as one that is being written.
func (s *Views) RunView(ctx context.Context, v View, cursor string) (Page, error) {
	q, err := s.query(ctx, &v)
	if err != nil {
		return Page{}, err
	}
	q.Cursor = cursor
	found, err := s.k.List(ctx, v.Kind, q)
	if err != nil {
		return Page{}, err
	}
	page := Page{Columns: slices.Clone(v.Columns), Next: found.Next, Rows: make([]Row, len(found.Records))}
	for i, r := range found.Records {
		h := r.Header()
		row := Row{Ref: h.Ref(), Version: h.Version, Values: make([]field.Value, len(v.Columns))}
		for j, column := range v.Columns {
			row.Values[j] = s.k.Value(r, column)
		}
		page.Rows[i] = row
	}
	return page, nil
}

// Count answers how many records a view finds, of those that the actor may see.
func (s *Views) Count(ctx context.Context, name string) (int64, error) {
	v, err := s.Find(ctx, name)
	if err != nil {
		return 0, err
	}
	q, err := s.query(ctx, &v)
	if err != nil {
		return 0, err
	}
	return s.k.Count(ctx, v.Kind, q)
}

// CountBy answers how many records a view finds for each value of a column, of those that the actor may see.
func (s *Views) CountBy(ctx context.Context, name, column string) ([]itsm.Bucket, error) {
	v, err := s.Find(ctx, name)
	if err != nil {
		return nil, err
	}
	q, err := s.query(ctx, &v)
	if err != nil {
		return nil, err
	}
	return s.k.CountBy(ctx, v.Kind, column, q)
}

// query is a view at this moment, for this actor.
func (s *Views) query(ctx context.Context, v *View) (itsm.Query, error) {
	q := itsm.Query{Sort: v.Sort, Limit: v.Limit}
	m, err := momentOf(ctx, s.k, v.Zone)
	if err != nil || v.Filter == nil {
		return q, err
	}
	f, err := m.filter(*v.Filter)
	q.Filter = &f
	return q, err
}

// Macros lists the macros of a kind that the actor may run, in the catalogue's order; of every kind where none is named.
func (s *Views) Macros(ctx context.Context, kind string) ([]Macro, error) {
	a, groups, err := s.actor(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(s.catalogue.Macros), func(m Macro) bool {
		return kind != "" && m.Kind != kind || !m.with(&a, groups)
	}), nil
}

// Do runs a macro on a record, in one transaction: all steps or none. Each is a command of the actor's, who needs the
// right to it. IfVersion and Once are of the whole. The errors are those of [itsm.Kernel.DoAll].
func (s *Views) Do(ctx context.Context, macro string, on itsm.Ref, with ...itsm.Option) (itsm.Record, error) {
	steps, err := s.steps(ctx, macro, on.Kind)
	if err != nil {
		return nil, err
	}
	return s.k.DoAll(ctx, on, steps, with...)
}

// Explain answers the error that Do would answer now, or nil, and writes nothing.
func (s *Views) Explain(ctx context.Context, macro string, on itsm.Ref, with ...itsm.Option) error {
	steps, err := s.steps(ctx, macro, on.Kind)
	if err != nil {
		return err
	}
	return s.k.ExplainAll(ctx, on, steps, with...)
}

func (s *Views) steps(ctx context.Context, name, kind string) ([]itsm.Step, error) {
	m, err := s.macro(ctx, name, kind)
	if err != nil {
		return nil, err
	}
	return s.resolved(ctx, m.Steps)
}

// macro finds a macro that the actor may run.
func (s *Views) macro(ctx context.Context, name, kind string) (Macro, error) {
	macros, err := s.Macros(ctx, "")
	if err != nil {
		return Macro{}, err
	}
	i := slices.IndexFunc(macros, func(m Macro) bool { return m.Name == name })
	switch {
	case i < 0:
		return Macro{}, missing(itsm.ErrNotFound, "macro", name)
	case macros[i].Kind != kind:
		return Macro{}, itsm.Invalid("macro", "the macro "+name+" is for records of the kind "+macros[i].Kind)
	}
	return macros[i], nil
}

func (s *Views) resolved(ctx context.Context, steps []Step) ([]itsm.Step, error) {
	m, err := momentOf(ctx, s.k, "")
	if err != nil {
		return nil, err
	}
	out := make([]itsm.Step, len(steps))
	for i := range steps {
		if out[i], err = m.step(steps[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
