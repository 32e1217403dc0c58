package service

import (
	"context"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/service/impact"
)

// Services are the commands and questions of the practice. It may be used by many goroutines.
type Services struct {
	*itsm.Records[Service]
	config  Config
	classes map[string]*class
	types   map[string]RelationType
	// attributes are those of all classes, with their kinds of value.
	attributes map[string]field.Kind
	items      *itsm.Records[Item]
	relations  *itsm.Records[Relation]
	imports    *itsm.Records[ImportRecord]
	affected   *itsm.Projection[Affected]
	maps       *atlas

	plan   itsm.Creation[Service, NewService]
	goLive itsm.Command[Service, Nothing]
	retire itsm.Command[Service, Because]

	register         itsm.Creation[Item, NewItem]
	putInUse         itsm.Command[Item, Nothing]
	beginMaintenance itsm.Command[Item, Because]
	endMaintenance   itsm.Command[Item, Nothing]
	retireItem       itsm.Command[Item, Because]
	confirm          itsm.Command[Item, Sighting]

	relate itsm.Creation[Relation, NewRelation]
	regate itsm.Command[Relation, Regating]
	end    itsm.Command[Relation, Ending]

	load itsm.Creation[ImportRecord, batch]
}

// New registers the practice with a kernel that is not open yet. It lists every fault of the configuration.
func New(k *itsm.Kernel, c Config) (*Services, error) {
	s := &Services{}
	attributes, err := s.prepare(c)
	if err != nil {
		return nil, err
	}
	s.attributes = map[string]field.Kind{}
	for _, d := range attributes.Fields {
		s.attributes[d.Name] = d.Kind
	}
	services, err := itsm.NewPractice[Service](k, itsm.Spec{
		Kind: Kind, Series: Series, Lifecycle: Lifecycle(), Overlays: c.ServiceOverlays,
		Editable: []string{"name", "owner", "group", "criticality", "scope", "measures", "stakeholders", "users", "since"},
	})
	if err != nil {
		return nil, err
	}
	items, err := itsm.NewPractice[Item](k, itsm.Spec{
		Kind: ItemKind, Series: ItemSeries, Lifecycle: ItemLifecycle(), Overlays: c.ItemOverlays, Custom: attributes,
		Editable: []string{"name", "key", "owner", "location", "seen_at", "since"},
	})
	if err != nil {
		return nil, err
	}
	relations, err := itsm.NewPractice[Relation](k, itsm.Spec{Kind: RelationKind, Series: RelationSeries, Lifecycle: RelationLifecycle()})
	if err != nil {
		return nil, err
	}
	s.Records, s.items, s.relations = services.Records, items.Records, relations.Records
	s.handleServices(services)
	s.handleItems(items)
	s.handleRelations(relations)
	services.Keep(s.keepService)
	items.Keep(s.keepItem)
	relations.Keep(s.keepRelation)
	if err := s.registerMap(k); err != nil {
		return nil, err
	}
	if err := s.registerImports(k); err != nil {
		return nil, err
	}
	k.Hook(itsm.Hook{
		Name: "service: at once in use", Kinds: []string{Kind, ItemKind}, Triggers: []lifecycle.Trigger{TriggerPlan, TriggerRegister}, AfterAct: atOnce,
	})
	s.affect(k)
	return s, nil
}

// Items answers the records of configuration items, and Relations those of relations.
func (s *Services) Items() *itsm.Records[Item] { return s.items }

// Relations answers the records of relations.
func (s *Services) Relations() *itsm.Records[Relation] { return s.relations }

// Plan makes a service.
func (s *Services) Plan(ctx context.Context, n NewService, with ...itsm.Option) (Service, error) {
	return s.plan.Do(ctx, n, with...)
}

// GoLive says that a planned service is there, or a retired one again.
func (s *Services) GoLive(ctx context.Context, id string, with ...itsm.Option) (Service, error) {
	return s.goLive.Do(ctx, id, Nothing{}, with...)
}

// Retire says that a service is not there any more. Its relations stay until they are ended, and hold no more.
func (s *Services) Retire(ctx context.Context, id, reason string, with ...itsm.Option) (Service, error) {
	return s.retire.Do(ctx, id, Because{reason}, with...)
}

// Register makes an item. It is ErrInvalid where another item of the class has its key: over the whole life of both.
func (s *Services) Register(ctx context.Context, n NewItem, with ...itsm.Option) (Item, error) {
	return s.register.Do(ctx, n, with...)
}

// PutInUse says that a planned item is there, or a retired one again.
func (s *Services) PutInUse(ctx context.Context, id string, with ...itsm.Option) (Item, error) {
	return s.putInUse.Do(ctx, id, Nothing{}, with...)
}

// BeginMaintenance takes an item into maintenance, with a reason: questions may leave it out then.
func (s *Services) BeginMaintenance(ctx context.Context, id, reason string, with ...itsm.Option) (Item, error) {
	return s.beginMaintenance.Do(ctx, id, Because{reason}, with...)
}

// EndMaintenance puts an item back in use.
func (s *Services) EndMaintenance(ctx context.Context, id string, with ...itsm.Option) (Item, error) {
	return s.endMaintenance.Do(ctx, id, Nothing{}, with...)
}

// RetireItem says that an item is not there any more, as Retire does of services.
func (s *Services) RetireItem(ctx context.Context, id, reason string, with ...itsm.Option) (Item, error) {
	return s.retireItem.Do(ctx, id, Because{reason}, with...)
}

// Confirm says that an item was seen, now or at an instant that is not in the future. An earlier sighting changes nothing.
func (s *Services) Confirm(ctx context.Context, id string, at time.Time, with ...itsm.Option) (Item, error) {
	return s.confirm.Do(ctx, id, Sighting{at}, with...)
}

// Relate makes a relation. It is ErrInvalid where both ends have one of that type and group already.
func (s *Services) Relate(ctx context.Context, n NewRelation, with ...itsm.Option) (Relation, error) {
	return s.relate.Do(ctx, n, with...)
}

// Regate gives the group of a relation another gate, from now on. All relations of the group say so.
func (s *Services) Regate(ctx context.Context, id, gate string, with ...itsm.Option) (Relation, error) {
	return s.regate.Do(ctx, id, Regating{gate}, with...)
}

// End ends a relation, now or at an instant.
func (s *Services) End(ctx context.Context, id string, at time.Time, with ...itsm.Option) (Relation, error) {
	return s.end.Do(ctx, id, Ending{at}, with...)
}

// dependent is the end of a relation that suffers, and supporter the other one; false where neither does.
func (s *Services) dependent(r *Relation) (dependent, supporter itsm.Ref, suffers bool) {
	switch s.types[r.Type].Suffers {
	case From:
		return r.From, r.To, true
	case To:
		return r.To, r.From, true
	}
	return dependent, supporter, false
}

// gateOf reads a gate as people write it.
func gateOf(text string) (g impact.Gate, err error) {
	if err := g.UnmarshalText([]byte(text)); err != nil {
		return g, itsm.Invalid("gate", err.Error())
	}
	return g, nil
}
