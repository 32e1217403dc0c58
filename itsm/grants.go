package itsm

import (
	"context"
	"slices"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Grant gives a role verbs on kinds. Empty Kinds and Verbs mean all of them.
type Grant struct {
	Role   lifecycle.Role
	Kinds  []string
	Verbs  []Verb
	Except []Verb
	// Own limits the grant to tickets whose caller is the actor, or whom an integration acts for.
	Own bool
	// Hides names fields and kinds of rows that the role does not see, unless another role shows them.
	Hides []string
}

// Grants is an [Authorizer] made of a table: an actor may do what any of its roles is granted. The system itself may
// do everything. The empty table permits nobody else anything.
type Grants []Grant

// DefaultGrants is a small desk: requesters report, read, comment on, confirm and reopen their own tickets, reply late on them, and do not
// see work notes and time entries; agents and managers work on every ticket; records managers read everything, place legal
// holds, classify and purge; administrators may do everything.
func DefaultGrants() Grants {
	retention := []Verb{Verb(TriggerLegalHold), Verb(TriggerLegalRelease), Verb(TriggerRetention), Purge, "suspend_purges", "resume_purges"}
	administration := append([]Verb{Import, Erase, Audit}, retention...)
	return Grants{
		{
			Role: Requester, Own: true,
			Verbs: []Verb{Read, "report", "comment", "attach", "confirm", "reopen", "late_reply", "watch", "unwatch"},
			Hides: append([]string{string(WorkNotes), string(TimeEntries), "priority_reason", "workaround.problem", "workaround.edition", "workaround.text", "workarounds", "retention_class", "legal_holds"}, internalRows...),
		},
		{Role: Agent, Except: administration},
		{Role: Manager, Except: administration},
		{Role: RecordsManager, Verbs: append([]Verb{Read}, retention...)},
		{Role: Administrator},
	}
}

// internalRows are rows of the library's practices that are for those who work on a record.
var internalRows = []string{
	"stakeholder_update", "major_decision", "major_moment", "review_text", "review_action",
}

func (g *Grant) covers(do Action) bool {
	return (len(g.Kinds) == 0 || slices.Contains(g.Kinds, do.Kind)) && g.coversVerb(do.Verb)
}

func (g *Grant) coversVerb(v Verb) bool {
	return (len(g.Verbs) == 0 || slices.Contains(g.Verbs, v)) && !slices.Contains(g.Except, v)
}

// reaches reports whether the grant holds for that record.
func (g *Grant) reaches(a *Actor, on Record) bool {
	if !g.Own || on == nil {
		return true
	}
	t := TicketOf(on)
	return t != nil && t.Caller != "" && t.Caller == a.Person()
}

// Permit implements [Authorizer].
func (gs Grants) Permit(_ context.Context, a *Actor, do Action, on Record) error {
	if a.Kind == System {
		return nil
	}
	for i := range gs {
		g := &gs[i]
		if slices.Contains(a.Roles, g.Role) && g.covers(do) && g.reaches(a, on) {
			return nil
		}
	}
	return &Error{Code: ErrDenied.Code, Message: ErrDenied.Message, Args: map[string]string{
		"actor": a.ID, "kind": do.Kind, "verb": string(do.Verb),
	}}
}

// granted keeps those triggers that Permit would permit: one look at the table for all of them.
func (gs Grants) granted(a *Actor, kind string, triggers []lifecycle.Trigger, on Record) []lifecycle.Trigger {
	if a.Kind == System {
		return triggers
	}
	var few [8]*Grant
	apply := few[:0]
	for i := range gs {
		g := &gs[i]
		if slices.Contains(a.Roles, g.Role) && (len(g.Kinds) == 0 || slices.Contains(g.Kinds, kind)) && g.reaches(a, on) {
			apply = append(apply, g)
		}
	}
	kept := triggers[:0]
	for _, t := range triggers {
		for _, g := range apply {
			if g.coversVerb(Verb(t)) {
				kept = append(kept, t)
				break
			}
		}
	}
	return kept
}

// Scope implements [Authorizer]. Where only a grant on the own tickets reads the kind, its records need the column "caller":
// a query of records that have none is denied.
func (gs Grants) Scope(_ context.Context, a *Actor, kind string) (*Filter, error) {
	if a.Kind == System {
		return nil, nil
	}
	own := false
	for i := range gs {
		g := &gs[i]
		if !slices.Contains(a.Roles, g.Role) || !g.covers(Action{Kind: kind, Verb: Read}) {
			continue
		}
		if !g.Own {
			return nil, nil
		}
		own = true
	}
	if own {
		f := Where("caller").Is(a.Person())
		return &f, nil
	}
	return nil, ErrDenied.with("kind", kind, "")
}

// Mask implements [Authorizer]: a field is hidden where every role of the actor that may read the kind hides it.
func (gs Grants) Mask(_ context.Context, a *Actor, kind string) []string {
	if a.Kind == System {
		return nil
	}
	// A grant on the own tickets shows nothing of others': it counts only where no wider one does.
	for _, own := range [...]bool{false, true} {
		var hidden []string
		found := false
		for i := range gs {
			g := &gs[i]
			if g.Own != own || !slices.Contains(a.Roles, g.Role) || !g.covers(Action{Kind: kind, Verb: Read}) {
				continue
			}
			if !found {
				hidden, found = slices.Clone(g.Hides), true
				continue
			}
			hidden = slices.DeleteFunc(hidden, func(name string) bool { return !slices.Contains(g.Hides, name) })
		}
		if found {
			return hidden
		}
	}
	return nil
}
