// Package service is the practice of services and configuration items: what people use, what it rests on, and who suffers
// when a part of it is lost.
//
//	svc, err := services.Plan(ctx, service.NewService{Name: "Web shop", Users: 400, Live: true})
//	disk, err := services.Register(ctx, service.NewItem{Class: "disk", Name: "disk1", InUse: true})
//	_, err = services.Relate(ctx, service.NewRelation{Type: "depends_on", From: svc.Ref(), To: disk.Ref()})
//	answer, err := services.Impact(ctx, service.Question{Items: []string{"disk1"}})
//
// Three kinds of records make the map of a tenant: services ([Service]), items ([Item]) of classes that the desk declares,
// and relations between them ([Relation]) of types that the desk declares. Relations of one group may replace each other; the
// group's gate says how many must work. What follows from a loss is computed by package impact, from a copy of the map in
// memory.
//
// # The map
//
// Every command that changes the graph writes the one record of the tenant's map ([MapKind]), once a transaction. Each question
// compares its version and digest with those of the copy, and takes in what moved since: so several programs on one store see
// each other's changes. The copy is loaded when somebody first asks. A question costs a read of the map's record, what moved
// since the last one, and what package impact says; the first one reads every service, item and relation of the tenant.
//
// # Time
//
// Instants are in UTC. Services, items and relations are there in a period [Since, Until), which commands keep: so a question
// may be about a past instant, or about what is planned. What is planned counts from its date for questions about the future,
// and not before it is really in use for those about the present and the past.
//
// # Rights
//
// Commands need the verb that is their trigger, as everywhere. Questions need the verb read on the kind [MapKind], imports the
// verb import on the kind [ImportKind]. Every question is about the actor's tenant.
package service

import (
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/service/impact"
)

// The kinds of records, and what their numbers begin with.
const (
	Kind           = "service"
	Series         = "SVC"
	ItemKind       = "item"
	ItemSeries     = "CI"
	RelationKind   = "relation"
	RelationSeries = "REL"
)

// Service is what people use, and what a desk promises.
type Service struct {
	itsm.Head
	// Name is unique in the tenant; letter case and white space do not tell names apart.
	Name     string `json:"name" itsm:"index"`
	Identity string `json:"identity,omitempty" itsm:"index"` // the name as it is compared
	Owner    string `json:"owner,omitempty" itsm:"personal,index"`
	Group    string `json:"group,omitempty" itsm:"index"`
	// Criticality says how bad it is when the service is down.
	Criticality itsm.Level `json:"criticality,omitempty" itsm:"index"`
	Scope       string     `json:"scope,omitempty"`
	// Measures say when the service is a success, and Stakeholders who cares: groups and roles, not people.
	Measures     []string `json:"measures,omitempty"`
	Stakeholders []string `json:"stakeholders,omitempty"`
	// Users is how many people use it.
	Users int `json:"users,omitempty"`
	// Since and Until are when it is there, [Since, Until): planned, or as its commands told. Zero is open.
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	Reason string    `json:"reason,omitempty"` // why it was retired
}

// Item is a configuration item: what a service rests on.
type Item struct {
	itsm.Head
	Class string `json:"class" itsm:"index"`
	Name  string `json:"name" itsm:"index"`
	// Key identifies the item within its class, over its whole life. It is made of the class's key attributes; where the class
	// has none it is given, and the name where nothing is.
	Key      string `json:"key" itsm:"index"`
	Identity string `json:"identity,omitempty" itsm:"index"` // class and key
	// Custom are the attributes that the class declares.
	Custom   field.Fields `json:"custom,omitempty"`
	Owner    string       `json:"owner,omitempty" itsm:"personal,index"`
	Location string       `json:"location,omitempty" itsm:"index"`
	// SeenAt is when somebody, or a discovery, last confirmed that it is there.
	SeenAt time.Time `json:"seen_at,omitzero" itsm:"index"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
	// MaintainedSince is when its maintenance began; zero outside of one.
	MaintainedSince time.Time `json:"maintained_since,omitzero"`
	Reason          string    `json:"reason,omitempty"` // why it is in maintenance, or was retired
}

// Relation says what an item or service has to do with another one.
type Relation struct {
	itsm.Head
	From itsm.Ref `json:"from" itsm:"index"`
	To   itsm.Ref `json:"to" itsm:"index"`
	Type string   `json:"type" itsm:"index"`
	// Group is the group of supporters, of the end that suffers, that the other end belongs to, such as "power"; Gate says how
	// many of the group must work. All relations of a group that hold have the same gate.
	Group string      `json:"group,omitempty"`
	Gate  impact.Gate `json:"gate,omitzero"`
	// Gates are the gates that the group had, as far as this relation knows, from the earliest on.
	Gates    field.Packed[[]GateFrom] `json:"gates,omitzero"`
	Identity string                   `json:"identity,omitempty" itsm:"index"`
	// Since and Until are when it holds, [Since, Until). Zero is open.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// GateFrom is a gate from an instant on; zero is from the beginning.
type GateFrom struct {
	Gate impact.Gate `json:"gate"`
	From time.Time   `json:"from,omitzero"`
}

// NewService plans a service. Only the name is required. Live has it live at once; Since is when it is to go live.
type NewService struct {
	Name         string     `json:"name"`
	Owner        string     `json:"owner,omitempty"`
	Group        string     `json:"group,omitempty"`
	Criticality  itsm.Level `json:"criticality,omitempty"`
	Scope        string     `json:"scope,omitempty"`
	Measures     []string   `json:"measures,omitempty"`
	Stakeholders []string   `json:"stakeholders,omitempty"`
	Users        int        `json:"users,omitempty"`
	Since        time.Time  `json:"since,omitzero"`
	Live         bool       `json:"live,omitempty"`
}

// NewItem registers an item. The class is required, and what its key is made of; else a name, or a key. InUse puts it in use at
// once; Since is when it is to be there, or since when it has been.
type NewItem struct {
	Class    string       `json:"class"`
	Name     string       `json:"name,omitempty"`
	Key      string       `json:"key,omitempty"`
	Custom   field.Fields `json:"custom,omitempty"`
	Owner    string       `json:"owner,omitempty"`
	Location string       `json:"location,omitempty"`
	SeenAt   time.Time    `json:"seen_at,omitzero"`
	Since    time.Time    `json:"since,omitzero"`
	InUse    bool         `json:"in_use,omitempty"`
}

// NewRelation relates two items or services. Since is now where it is zero; Until leaves the end open. Gate is "all", "any", a
// number such as "2", or a percentage such as "60%"; empty is the gate that the group has, and "all" for a new group.
type NewRelation struct {
	Type  string    `json:"type"`
	From  itsm.Ref  `json:"from"`
	To    itsm.Ref  `json:"to"`
	Group string    `json:"group,omitempty"`
	Gate  string    `json:"gate,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
}

// Because says why.
type Because struct {
	Reason string `json:"reason"`
}

// Sighting confirms that an item is there; a zero instant is now.
type Sighting struct {
	At time.Time `json:"at,omitzero"`
}

// Regating gives the group of a relation another gate, from now on.
type Regating struct {
	Gate string `json:"gate"`
}

// Ending ends a relation, now or at an instant.
type Ending struct {
	At time.Time `json:"at,omitzero"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The states of services, items and relations.
const (
	StatePlanned lifecycle.State = "planned"
	StateLive    lifecycle.State = "live"
	StateRetired lifecycle.State = "retired"

	StateInUse       lifecycle.State = "in_use"
	StateMaintenance lifecycle.State = "maintenance"

	StateRelated lifecycle.State = "related"
	StateEnded   lifecycle.State = "ended"
)

// The triggers.
const (
	TriggerPlan   lifecycle.Trigger = "plan"
	TriggerGoLive lifecycle.Trigger = "go_live"
	TriggerRetire lifecycle.Trigger = "retire" // of services and items

	TriggerRegister         lifecycle.Trigger = "register"
	TriggerPutInUse         lifecycle.Trigger = "put_in_use"
	TriggerBeginMaintenance lifecycle.Trigger = "begin_maintenance"
	TriggerEndMaintenance   lifecycle.Trigger = "end_maintenance"
	TriggerConfirm          lifecycle.Trigger = "confirm"

	TriggerRelate lifecycle.Trigger = "relate"
	TriggerRegate lifecycle.Trigger = "regate"
	TriggerEnd    lifecycle.Trigger = "end"
)

// The links by which people correct what a ticket affects: it affects a service, whatever the map says, or spares it.
var (
	Affects = itsm.LinkType{Name: "affects", Inverse: "affected_by"}
	Spares  = itsm.LinkType{Name: "spares", Inverse: "spared_by"}
)
