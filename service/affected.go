package service

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/service/impact"
)

// AffectedKind is the kind of rows that say which services a ticket affects: what queries, counts and views of them name.
const AffectedKind = "affected"

// Affected says how a ticket affects a service. It is computed when the ticket's items or services change, when somebody
// corrects it by a link, and when the ticket ends or goes on; not when the map changes: see Map.
type Affected struct {
	itsm.Head
	Ticket  itsm.Ref `json:"ticket" itsm:"index"`
	Service string   `json:"service" itsm:"index"`
	// Severity is how badly, after corrections; None where it is not affected, or not any more.
	Severity impact.Severity `json:"severity" itsm:"index"`
	// Computed is what the map says. The items of a ticket count as lost, and a service that it names as degraded at least.
	Computed impact.Severity `json:"computed"`
	Reason   impact.Reason   `json:"reason,omitempty"`
	// Affects and Spares are set while links of these types correct it. A ticket that does both spares the service.
	Affects bool `json:"affects,omitempty"`
	Spares  bool `json:"spares,omitempty"`
	// Map is the version of the map that it was computed from.
	Map int64 `json:"map,omitempty"`
}

// The states of rows.
const (
	StateAffected lifecycle.State = "affected" // by an open ticket
	StatePast     lifecycle.State = "past"     // the ticket has ended
	StateSpared   lifecycle.State = "spared"
	StateClear    lifecycle.State = "clear" // not any more
)

// Affected answers the services that a ticket affects, or did when it ended, the worst first, to who may read the ticket.
func (s *Services) Affected(ctx context.Context, ticket itsm.Ref) ([]Affected, error) {
	rows, err := s.affected.Of(ctx, ticket)
	rows = slices.DeleteFunc(rows, func(a Affected) bool { return a.Severity == impact.None })
	slices.SortStableFunc(rows, func(a, b Affected) int { return int(b.Severity) - int(a.Severity) })
	return rows, err
}

// Affecting answers a page of the open tickets that affect a service, by its number. The actor needs the right to read the
// kind [AffectedKind]. Services.Rows answers more.
func (s *Services) Affecting(ctx context.Context, service string, q itsm.Query) (itsm.Page[Affected], error) {
	match := itsm.All(itsm.Where("service").Is(service), itsm.Where("state").Is(string(StateAffected)))
	if q.Filter != nil {
		match.Parts = append(match.Parts, *q.Filter)
	}
	q.Filter = &match
	return s.affected.List(ctx, q)
}

// Effects answers the rows of all tickets, for queries and counts.
func (s *Services) Effects() *itsm.Projection[Affected] { return s.affected }

// affect registers the rows and what computes them.
func (s *Services) affect(k *itsm.Kernel) {
	s.affected = itsm.NewProjection[Affected](k, AffectedKind)
	hooked := false
	k.OnOpen(func(k *itsm.Kernel) error {
		kinds := s.config.Kinds
		if kinds == nil {
			for _, kind := range []string{"incident", "problem", "change", "request"} {
				if slices.Contains(k.Kinds(), kind) {
					kinds = append(kinds, kind)
				}
			}
		}
		var faults []error
		for _, kind := range kinds {
			for _, column := range []string{"items", "service"} {
				faults = append(faults, k.CheckColumn(kind, column))
			}
		}
		if err := errors.Join(faults...); err != nil || hooked || len(kinds) == 0 {
			return err
		}
		hooked = true // an Open that failed comes here again
		k.Hook(itsm.Hook{
			Name: "service: affected services by link", Kinds: kinds, AfterAct: s.linked,
			Triggers: []lifecycle.Trigger{itsm.TriggerLink, itsm.TriggerLinked, itsm.TriggerUnlink},
		})
		k.Hook(itsm.Hook{Name: "service: affected services", Kinds: kinds, Concerns: s.concerns, Project: s.project})
		return nil
	})
}

// maxBeside bounds the rows beside a ticket, those that are cleared too, below what the kernel takes: links may add some.
const maxBeside = 900

// concerns is true where other services may be affected than before.
func (s *Services) concerns(before, after itsm.Record) bool {
	is, was := itsm.TicketOf(after), itsm.TicketOf(before)
	switch {
	case is == nil:
		return false
	case before == nil:
		return is.Service != "" || len(is.Items) > 0 || len(s.servicesOf(after)) > 0
	}
	return was.Service != is.Service || was.Open() != is.Open() || !slices.Equal(was.Items, is.Items) ||
		!slices.Equal(s.servicesOf(before), s.servicesOf(after))
}

// servicesOf are further services that a ticket names, where its kind has a field for them.
func (s *Services) servicesOf(r itsm.Record) []string { return s.Kernel().Value(r, "services").List() }

// project computes what a ticket affects.
func (s *Services) project(u *itsm.Unit, _, after itsm.Record) error {
	ticket := itsm.TicketOf(after)
	if ticket == nil {
		return nil
	}
	rows, err := s.affected.In(u)
	if err != nil {
		return err
	}
	var effects []impact.Effect
	var version int64
	if ticket.Open() {
		if effects, version, err = s.effects(u, ticket, s.servicesOf(after)); err != nil {
			return err
		}
	}
	todo := make([]Affected, 0, len(rows)+len(effects))
	for _, row := range rows { // what is not computed any more is cleared; of an ended ticket it stays
		next := *row
		if ticket.Open() {
			next.Computed, next.Reason = impact.None, ""
		}
		todo = append(todo, next)
	}
	for _, e := range effects[:min(len(effects), s.config.MaxAffected)] {
		i := slices.IndexFunc(todo, func(a Affected) bool { return a.Service == e.ID })
		if i < 0 {
			if len(todo) >= maxBeside {
				continue
			}
			i = len(todo)
			todo = append(todo, Affected{Ticket: ticket.Ref(), Service: e.ID})
		}
		todo[i].Computed, todo[i].Reason = e.Severity, e.Reason
	}
	for i := range todo {
		todo[i].judge(ticket.Open())
		if i < len(rows) && todo[i].like(rows[i]) {
			continue
		}
		if version > 0 {
			todo[i].Map = version
		}
		if err := s.affected.Put(u, todo[i].Service, &todo[i]); err != nil {
			return err
		}
	}
	return nil
}

// effects are the services that the items and services of a ticket affect, the worst first. What the map does not know affects
// nothing.
func (s *Services) effects(u *itsm.Unit, ticket *itsm.Ticket, more []string) (effects []impact.Effect, version int64, err error) {
	named := more
	if ticket.Service != "" {
		named = append([]string{ticket.Service}, more...)
	}
	if len(named)+len(ticket.Items) == 0 {
		return nil, 0, nil
	}
	err = s.maps.look(u.Context(), ticket.Tenant, func(t *tenantMap) error {
		version = t.version
		now := window{u.Now(), u.Now()}
		overdue := t.overdue(now, u.Now())
		there := func(names []string) (ids []string) {
			for _, name := range names {
				if id, _ := t.find(name); id != "" && t.known[id].there && now.meets(t.known[id].valid) && !slices.Contains(overdue, id) {
					ids = append(ids, id)
				}
			}
			return ids
		}
		q := impact.Question{Lost: there(ticket.Items), Without: overdue}
		view := t.view(now)
		result, err := view.Impact(q)
		if err != nil {
			return err
		}
		q.Pins = map[string]impact.Severity{}
		for _, id := range there(named) { // the ticket says that something is wrong with it, whatever its items say
			if t.known[id].kind == Kind && result.Severity(id) == impact.None {
				q.Pins[id] = impact.Degraded
			}
		}
		if len(q.Pins) > 0 {
			if result, err = view.Impact(q); err != nil {
				return err
			}
		}
		effects = result.Services()
		return nil
	})
	return effects, version, err
}

// judge says what becomes of what is computed and corrected.
func (a *Affected) judge(open bool) {
	a.Severity = a.Computed
	switch {
	case a.Spares:
		a.Severity, a.State, a.Phase = impact.None, StateSpared, lifecycle.Cancelled
		return
	case a.Affects && a.Severity == impact.None:
		a.Severity = impact.Degraded
	}
	switch {
	case a.Severity == impact.None:
		a.State, a.Phase = StateClear, lifecycle.Closed
	case open:
		a.State, a.Phase = StateAffected, lifecycle.Active
	default:
		a.State, a.Phase = StatePast, lifecycle.Closed
	}
}

func (a *Affected) like(o *Affected) bool {
	return a.State == o.State && a.Severity == o.Severity && a.Computed == o.Computed && a.Reason == o.Reason &&
		a.Affects == o.Affects && a.Spares == o.Spares
}

// linked corrects a row where somebody links the ticket to a service, or takes such a link away.
func (s *Services) linked(u *itsm.Unit, ch itsm.Change) error {
	link, remove, err := linkOf(u, ch)
	if err != nil || link.To.Kind != Kind || link.Name != Affects.Name && link.Name != Spares.Name {
		return err
	}
	ticket := itsm.TicketOf(ch.After)
	if ticket == nil {
		return nil
	}
	rows, err := s.affected.In(u)
	if err != nil {
		return err
	}
	row := Affected{Ticket: ticket.Ref(), Service: link.To.ID}
	if i := slices.IndexFunc(rows, func(a *Affected) bool { return a.Service == row.Service }); i >= 0 {
		row = *rows[i]
	}
	was := row
	switch link.Name {
	case Affects.Name:
		row.Affects = !remove
	default:
		row.Spares = !remove
	}
	if row.judge(ticket.Open()); row.like(&was) {
		return nil
	}
	return s.affected.Put(u, row.Service, &row)
}

// linkOf reads what an act said of a link.
func linkOf(u *itsm.Unit, ch itsm.Change) (link itsm.Link, remove bool, err error) {
	switch in := ch.Input.(type) {
	case *itsm.NewLink:
		return itsm.Link{Name: in.Type.Name, Inverse: in.Type.Inverse, To: in.To}, false, nil
	case *itsm.LinkEnd:
		return in.Link, in.Remove, nil
	case *itsm.RowID: // as it is stored, it is still there
		rows, err := u.Rows(itsm.Links, in.ID-1, 1)
		if err == nil && len(rows) == 1 && rows[0].ID == in.ID {
			err = json.Unmarshal(rows[0].Facts, &link)
		}
		return link, true, err
	}
	return link, false, nil
}
