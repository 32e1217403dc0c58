package service

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/service/impact"
)

func (s *Services) handleServices(p *itsm.Practice[Service]) {
	s.plan = itsm.Create(p, TriggerPlan, "planned", func(_ *itsm.Unit, r *Service, n NewService) error {
		r.Name, r.Owner, r.Group, r.Criticality, r.Scope = n.Name, n.Owner, n.Group, n.Criticality, n.Scope
		r.Measures, r.Stakeholders, r.Users = slices.Clone(n.Measures), slices.Clone(n.Stakeholders), n.Users
		r.Since = utc(n.Since)
		return nil
	})
	s.goLive = itsm.Handle(p, TriggerGoLive, func(_ *itsm.Unit, r *Service, _ Nothing) error {
		r.Reason = ""
		return nil
	})
	s.retire = itsm.Handle(p, TriggerRetire, func(_ *itsm.Unit, r *Service, b Because) error {
		r.Reason = b.Reason
		return nil
	})
	p.Standard(nil)
}

func (s *Services) handleItems(p *itsm.Practice[Item]) {
	s.register = itsm.Create(p, TriggerRegister, "registered", func(_ *itsm.Unit, r *Item, n NewItem) error {
		r.Class, r.Name, r.Key, r.Custom = n.Class, n.Name, n.Key, n.Custom.Clone()
		r.Owner, r.Location, r.SeenAt, r.Since = n.Owner, n.Location, utc(n.SeenAt), utc(n.Since)
		return nil
	})
	s.putInUse = itsm.Handle(p, TriggerPutInUse, func(_ *itsm.Unit, r *Item, _ Nothing) error {
		r.Reason = ""
		return nil
	})
	because := func(_ *itsm.Unit, r *Item, b Because) error {
		r.Reason = b.Reason
		return nil
	}
	s.beginMaintenance = itsm.Handle(p, TriggerBeginMaintenance, because)
	s.endMaintenance = itsm.Handle(p, TriggerEndMaintenance, func(_ *itsm.Unit, r *Item, _ Nothing) error {
		r.Reason = ""
		return nil
	})
	s.retireItem = itsm.Handle(p, TriggerRetire, because)
	s.confirm = itsm.Handle(p, TriggerConfirm, func(u *itsm.Unit, r *Item, seen Sighting) error {
		at := utc(seen.At)
		if at.IsZero() {
			at = u.Now()
		}
		if at.After(r.SeenAt) {
			r.SeenAt = at
		}
		return nil
	})
	p.Standard(nil)
}

func (s *Services) handleRelations(p *itsm.Practice[Relation]) {
	s.relate = itsm.Create(p, TriggerRelate, "related", s.related)
	s.regate = itsm.Handle(p, TriggerRegate, s.regated)
	itsm.Handle(p, triggerFollow, func(u *itsm.Unit, r *Relation, in Regating) error {
		gate, err := gateOf(in.Gate)
		if err != nil {
			return err
		}
		return r.gateFrom(gate, u.Now())
	})
	s.end = itsm.Handle(p, TriggerEnd, func(u *itsm.Unit, r *Relation, e Ending) error {
		if r.Until = utc(e.At); e.At.IsZero() {
			r.Until = u.Now()
		}
		if r.Until.Before(r.Since) { // it was planned, and never held
			r.Until = r.Since
		}
		return nil
	})
}

// related makes a relation with the gate of its group.
func (s *Services) related(u *itsm.Unit, r *Relation, n NewRelation) error {
	t, err := s.typeOf(n.Type)
	if err != nil {
		return err
	}
	r.Type, r.From, r.To, r.Group = n.Type, n.From, n.To, strings.TrimSpace(n.Group)
	if r.Since, r.Until = utc(n.Since), utc(n.Until); n.Since.IsZero() {
		r.Since = u.Now()
	}
	if t.Suffers == Neither || t.Weak {
		if n.Gate != "" || r.Group != "" {
			return itsm.Invalid("group", fmt.Sprintf("relations of type %q count for no gate: give neither group nor gate", t.Name))
		}
		return nil
	}
	others, err := s.groupOf(u, r)
	if err != nil {
		return err
	}
	gate := impact.All
	if n.Gate != "" {
		if gate, err = gateOf(n.Gate); err != nil {
			return err
		}
	}
	var gates []GateFrom
	for _, o := range others {
		gates = append(gates, o.Gates.Get()...)
	}
	if gates = inOrder(gates); len(gates) == 0 {
		gates = []GateFrom{{Gate: gate}}
	}
	r.Gate = gates[len(gates)-1].Gate
	if n.Gate != "" && gate != r.Gate {
		return itsm.Invalid("gate", fmt.Sprintf("the group has the gate %s: leave it out, and give the group another one by regate", r.Gate))
	}
	for len(gates) > 1 && !gates[1].From.After(r.Since) { // what the group had before is not its own
		gates = gates[1:]
	}
	gates[0].From = r.Since
	r.Gates, err = field.Pack(gates)
	return err
}

// regated gives the whole group another gate.
func (s *Services) regated(u *itsm.Unit, r *Relation, in Regating) error {
	if t := s.types[r.Type]; t.Suffers == Neither || t.Weak {
		return itsm.Invalid("gate", fmt.Sprintf("relations of type %q count for no gate", r.Type))
	}
	gate, err := gateOf(in.Gate)
	if err != nil {
		return err
	}
	others, err := s.groupOf(u, r)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.State != StateRelated { // the others say it for those that are about to end
			continue
		}
		if err := u.Do(o.Ref(), triggerFollow, Regating{in.Gate}); err != nil {
			return err
		}
	}
	return r.gateFrom(gate, u.Now())
}

// gateFrom notes another gate from an instant on, in place of what was to come.
func (r *Relation) gateFrom(gate impact.Gate, at time.Time) error {
	gates := slices.DeleteFunc(r.Gates.Get(), func(g GateFrom) bool { return !g.From.Before(at) })
	if n := len(gates); n == 0 || gates[n-1].Gate != gate {
		gates = append(gates, GateFrom{gate, at})
	}
	var err error
	r.Gate = gate
	r.Gates, err = field.Pack(gates)
	return err
}

// groupOf answers the other relations of a relation's group that hold, or will, as they stand in the transaction.
func (s *Services) groupOf(u *itsm.Unit, r *Relation) ([]*Relation, error) {
	dependent, _, _ := s.dependent(r)
	types := map[End][]string{}
	for name, t := range s.types {
		if !t.Weak {
			types[t.Suffers] = append(types[t.Suffers], name)
		}
	}
	// Only what the dependent rests on: many more may rest on it.
	found, err := all(u, RelationKind, itsm.All(notOver(u), itsm.Any(
		itsm.All(itsm.Where("type").In(types[From]...), itsm.Where("from").Is(dependent.String())),
		itsm.All(itsm.Where("type").In(types[To]...), itsm.Where("to").Is(dependent.String())))))
	if err != nil {
		return nil, err
	}
	refs := make([]itsm.Ref, len(found))
	for i, rec := range found {
		refs[i] = rec.Header().Ref()
	}
	moved, err := s.movedHere(u)
	if err != nil {
		return nil, err
	}
	var group []*Relation
	for _, ref := range append(refs, moved...) {
		if ref.Kind != RelationKind || ref.ID == r.ID || slices.ContainsFunc(group, func(o *Relation) bool { return o.ID == ref.ID }) {
			continue
		}
		rec, err := u.Get(ref)
		if err != nil {
			return nil, err
		}
		o := rec.(*Relation)
		end, _, suffers := s.dependent(o)
		if suffers && end == dependent && o.Group == r.Group && !o.over(u.Now()) && !s.types[o.Type].Weak {
			group = append(group, o)
		}
	}
	return group, nil
}

// over reports whether a relation was ended and holds no more: it may have been ended for a day to come.
func (r *Relation) over(now time.Time) bool { return r.State == StateEnded && !r.Until.After(now) }

func notOver(u *itsm.Unit) itsm.Filter {
	return itsm.Any(itsm.Where("state").Is(string(StateRelated)), itsm.Where("until").After(field.Instant(u.Now())))
}

// all answers every record that matches, as it is stored.
func all(u *itsm.Unit, kind string, match itsm.Filter) (found []itsm.Record, err error) {
	const page = 1000
	for rest := match; ; rest = itsm.All(match, itsm.Where("id").After(field.Text(found[len(found)-1].Header().ID))) {
		more, err := u.Query(kind, itsm.Query{Filter: &rest, Limit: page})
		if found = append(found, more...); err != nil || len(more) < page {
			return found, err
		}
	}
}

// atOnce puts in use what is to be so from its beginning.
func atOnce(u *itsm.Unit, ch itsm.Change) error {
	switch in := ch.Input.(type) {
	case *NewService:
		if in.Live {
			return u.Do(u.Ref(), TriggerGoLive, Nothing{})
		}
	case *NewItem:
		if in.InUse {
			return u.Do(u.Ref(), TriggerPutInUse, Nothing{})
		}
	}
	return nil
}

// utc keeps a zero instant zero.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}
