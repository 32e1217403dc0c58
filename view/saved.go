package view

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of saved views, and Series begins their numbers.
const (
	Kind   = "view"
	Series = "VIEW"
)

// The states of a saved view, and its triggers.
const (
	StateActive  lifecycle.State = "active"
	StateDeleted lifecycle.State = "deleted"

	TriggerSave    lifecycle.Trigger = "save"
	TriggerChange  lifecycle.Trigger = "change"
	TriggerShare   lifecycle.Trigger = "share"
	TriggerDelete  lifecycle.Trigger = "delete"
	TriggerRestore lifecycle.Trigger = "restore"
)

// guardOwn holds for the owner, and for administrators.
const guardOwn = "own_view"

// Saved is a view that somebody saved.
type Saved struct {
	itsm.Head
	Title string `json:"title" itsm:"personal=owner"`
	// Owner may change, share and delete it.
	Owner string `json:"owner" itsm:"personal,index"`
	// Of is the kind that it lists, and Definition the JSON of the view.
	Of         string `json:"of"`
	Definition string `json:"definition" itsm:"personal=owner"`
	// Roles and Groups are whom it is shared with; without any it is the owner's alone.
	Roles  []string `json:"roles,omitempty"`
	Groups []string `json:"groups,omitempty"`
}

// shows reports whether an actor is to see the view: the own ones, and those that are shared with the actor.
func (r *Saved) shows(a *itsm.Actor, groups []string) bool {
	if a.Kind == itsm.System || r.Owner != "" && r.Owner == a.Person() {
		return true
	}
	return slices.ContainsFunc(a.Roles, func(role itsm.Role) bool { return slices.Contains(r.Roles, string(role)) }) ||
		slices.ContainsFunc(groups, func(g string) bool { return slices.Contains(r.Groups, g) })
}

// view reads the definition. Its name is the record's number.
func (r *Saved) view() (View, error) {
	var v View
	d := json.NewDecoder(bytes.NewReader([]byte(r.Definition)))
	if err := d.Decode(&v); err != nil {
		return View{}, itsm.Invalid("definition", err.Error())
	}
	v.Name = r.ID
	return v, nil
}

// Lifecycle is the table of saved views.
func Lifecycle() lifecycle.Definition {
	active, own := []lifecycle.State{StateActive}, []string{guardOwn}
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateActive,
		States: []lifecycle.StateRow{
			{Name: StateActive, Title: "Active", Phase: lifecycle.Active},
			{Name: StateDeleted, Title: "Deleted", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerChange, Title: "Change", Past: "changed"},
			{Name: TriggerShare, Title: "Share", Past: "shared"},
			{Name: TriggerDelete, Title: "Delete", Past: "deleted"},
			{Name: TriggerRestore, Title: "Restore", Past: "restored"},
		},
		Rows: []lifecycle.Transition{
			{From: active, Trigger: TriggerChange, Guards: own},
			{From: active, Trigger: TriggerShare, Guards: own},
			{From: active, Trigger: TriggerDelete, To: StateDeleted, Guards: own},
			{From: []lifecycle.State{StateDeleted}, Trigger: TriggerRestore, To: StateActive, Guards: own},
		},
	}
}

// nothing is the input of commands that bring nothing.
type nothing struct{}

// saved is the practice of saved views.
type saved struct {
	*itsm.Records[Saved]
	save            itsm.Creation[Saved, View]
	change          itsm.Command[Saved, View]
	share           itsm.Command[Saved, Share]
	delete, restore itsm.Command[Saved, nothing]
}

func register(k *itsm.Kernel) (*saved, error) {
	p, err := itsm.NewPractice[Saved](k, itsm.Spec{Kind: Kind, Series: Series, Lifecycle: Lifecycle()})
	if err != nil {
		return nil, err
	}
	s := &saved{Records: p.Records}
	p.Guard(guardOwn, func(u *itsm.Unit, r *Saved) *lifecycle.Reason {
		a := u.Actor()
		if a.Kind == itsm.System || r.Owner == a.Person() || slices.Contains(a.Roles, itsm.Administrator) {
			return nil
		}
		return &lifecycle.Reason{Code: guardOwn}
	})
	define := func(r *Saved, v View) error {
		v.Name = ""
		if err := v.Check(k); err != nil {
			return err
		}
		text, err := json.Marshal(v)
		if err != nil {
			return itsm.Invalid("definition", err.Error())
		}
		r.Title, r.Of, r.Definition = v.Title, v.Kind, string(text)
		return nil
	}
	s.save = itsm.Create(p, TriggerSave, "saved", func(u *itsm.Unit, r *Saved, v View) error {
		if r.Owner = u.Actor().Person(); r.Owner == "" {
			return itsm.Invalid("owner", "a view belongs to a person: a program saves it for one")
		}
		r.with(v.Share)
		v.Share = Share{}
		return define(r, v)
	})
	s.change = itsm.Handle(p, TriggerChange, func(_ *itsm.Unit, r *Saved, v View) error {
		v.Share = Share{} // has a command of its own
		return define(r, v)
	})
	s.share = itsm.Handle(p, TriggerShare, func(_ *itsm.Unit, r *Saved, with Share) error {
		r.with(with)
		return nil
	})
	s.delete = itsm.Handle(p, TriggerDelete, func(*itsm.Unit, *Saved, nothing) error { return nil })
	s.restore = itsm.Handle(p, TriggerRestore, func(*itsm.Unit, *Saved, nothing) error { return nil })
	return s, nil
}

func (r *Saved) with(s Share) {
	r.Roles, r.Groups = nil, slices.Clone(s.Groups)
	for _, role := range s.Roles {
		r.Roles = append(r.Roles, string(role))
	}
}

// Save keeps a view as the actor's own, shared as it says. It is found by the number of the record.
func (s *Views) Save(ctx context.Context, v View, with ...itsm.Option) (Saved, error) {
	return s.saved.save.Do(ctx, v, with...)
}

// Change gives a saved view another definition; whom it is shared with stays.
func (s *Views) Change(ctx context.Context, id string, v View, with ...itsm.Option) (Saved, error) {
	return s.saved.change.Do(ctx, id, v, with...)
}

// ShareWith says whom a saved view is shared with, in place of those before; with nobody it is the owner's alone.
func (s *Views) ShareWith(ctx context.Context, id string, share Share, with ...itsm.Option) (Saved, error) {
	return s.saved.share.Do(ctx, id, share, with...)
}

// Delete puts a saved view away. Its history stays, and Restore takes it back.
func (s *Views) Delete(ctx context.Context, id string, with ...itsm.Option) (Saved, error) {
	return s.saved.delete.Do(ctx, id, nothing{}, with...)
}

// Restore takes back a saved view that was deleted.
func (s *Views) Restore(ctx context.Context, id string, with ...itsm.Option) (Saved, error) {
	return s.saved.restore.Do(ctx, id, nothing{}, with...)
}

// Mine answers one page of the saved views that the actor is to see: the own ones, and those shared with a role or a
// group of the actor's. The cursor is Next of the page before.
func (s *Views) Mine(ctx context.Context, cursor string) (itsm.Page[Saved], error) {
	a, groups, err := s.actor(ctx)
	if err != nil {
		return itsm.Page[Saved]{}, err
	}
	f := itsm.All(itsm.Where("state").Is(string(StateActive)), itsm.Where("owner").IsNot(itsm.Erased), shown(&a, groups))
	return s.saved.List(ctx, itsm.Query{Filter: &f, Sort: []itsm.Sort{{Column: "id"}}, Cursor: cursor})
}

// shown is the filter of the saved views that an actor is to see.
func shown(a *itsm.Actor, groups []string) itsm.Filter {
	if a.Kind == itsm.System {
		return itsm.All()
	}
	some := itsm.Any()
	if person := a.Person(); person != "" {
		some.Parts = append(some.Parts, itsm.Where("owner").Is(person))
	}
	if len(a.Roles) > 0 {
		roles := make([]string, len(a.Roles))
		for i, role := range a.Roles {
			roles[i] = string(role)
		}
		some.Parts = append(some.Parts, itsm.Where("roles").In(roles...))
	}
	if len(groups) > 0 {
		some.Parts = append(some.Parts, itsm.Where("groups").In(groups...))
	}
	return some
}

// Authorize keeps saved views to those who are to see them at every door of the kernel, also at the ones by name. What
// else an actor may do, next decides; for views it has to grant the verbs too. Give the result to [itsm.Config].
func Authorize(next itsm.Authorizer, d itsm.Directory) itsm.Authorizer {
	if d == nil {
		d = itsm.NoDirectory{}
	}
	return &authorizer{next, d}
}

type authorizer struct {
	itsm.Authorizer
	directory itsm.Directory
}

// Permit implements [itsm.Authorizer].
func (z *authorizer) Permit(ctx context.Context, a *itsm.Actor, do itsm.Action, on itsm.Record) error {
	if err := z.Authorizer.Permit(ctx, a, do, on); err != nil {
		return err
	}
	r, ok := on.(*Saved)
	if !ok || r.Owner == "" || slices.Contains(a.Roles, itsm.Administrator) { // one that is being made has no owner yet
		return nil
	}
	groups, err := groupsOf(ctx, z.directory, a)
	if err != nil || r.shows(a, groups) {
		return err
	}
	return itsm.ErrDenied
}

// Scope implements [itsm.Authorizer].
func (z *authorizer) Scope(ctx context.Context, a *itsm.Actor, kind string) (*itsm.Filter, error) {
	scope, err := z.Authorizer.Scope(ctx, a, kind)
	if err != nil || kind != Kind || slices.Contains(a.Roles, itsm.Administrator) {
		return scope, err
	}
	groups, err := groupsOf(ctx, z.directory, a)
	if err != nil {
		return nil, err
	}
	f := shown(a, groups)
	if scope != nil {
		f = itsm.All(*scope, f)
	}
	return &f, nil
}
