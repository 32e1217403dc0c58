package itsm

import (
	"context"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Role is what an actor is to the desk.
type Role = lifecycle.Role

// Actor is who acts. Every call needs one with an ID and a Tenant; a desk is closed without.
type Actor struct {
	ID     string
	Tenant string
	Kind   ActorKind
	Roles  []Role
	// OnBehalfOf is the person whom the actor acts for: an agent for a caller, the system for who caused it.
	OnBehalfOf string
}

// Person is the person behind the act: the actor, or whom a program acts for; empty where there is none.
func (a Actor) Person() string {
	if a.Kind == Person {
		return a.ID
	}
	return a.OnBehalfOf
}

// ActorKind tells people from programs.
type ActorKind uint8

// The kinds of actors. The zero value is a person.
const (
	Person ActorKind = iota
	System
	Integration
)

var actorKinds = [...]string{"person", "system", "integration"}

// String is the kind's name.
func (k ActorKind) String() string {
	if int(k) < len(actorKinds) {
		return actorKinds[k]
	}
	return "unknown"
}

// The roles that the default authorizer knows. A desk may have others.
const (
	// Requester asks for help and sees the own tickets.
	Requester Role = "requester"
	// Agent works on tickets.
	Agent Role = "agent"
	// Manager does what agents do, and also what a lifecycle keeps for managers.
	Manager Role = "manager"
	// RecordsManager decides how long records are kept: legal holds, retention classes and purges, and reads everything.
	RecordsManager Role = "records_manager"
	// Administrator also imports, erases and works on parked deliveries.
	Administrator Role = "administrator"
)

// Machinery is the role of what only timers, hooks and rules do. Give it to nobody.
const Machinery Role = "machinery"

// SystemID is the actor of timers and hooks.
const SystemID = "system"

type actorKey struct{}

// WithActor gives ctx an actor.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, &a)
}

// ActorFrom answers the actor of ctx, or ErrNoActor.
func ActorFrom(ctx context.Context) (Actor, error) {
	a, err := actorFrom(ctx)
	if err != nil {
		return Actor{}, err
	}
	return *a, nil
}

func actorFrom(ctx context.Context) (*Actor, error) {
	a, _ := ctx.Value(actorKey{}).(*Actor)
	if a == nil || a.ID == "" || a.Tenant == "" || a.ID == Erased {
		return nil, ErrNoActor // what was erased belongs to nobody, whatever somebody is called
	}
	return a, nil
}

// Verb names what is done to a kind: a trigger of its lifecycle, or one of those below.
type Verb string

// The verbs beside a lifecycle's triggers.
const (
	Read   Verb = "read"   // a record, its comments, its history
	Import Verb = "import" // historic instants and given numbers
	Erase  Verb = "erase"  // a person's data
	Audit  Verb = "audit"  // verify chains, work on parked deliveries
	Purge  Verb = "purge"  // delete an ended record wholly, and what tells of that
)

// Action is a verb on a kind.
type Action struct {
	Kind string
	Verb Verb
}

// Authorizer decides who may do and see what. It is asked for every command and every read; what it does not grant is
// denied. It is called by many goroutines at once and must not call the kernel.
type Authorizer interface {
	// Permit answers nil where the actor may do this to the record, else an error that matches ErrDenied. The record
	// is nil where it does not exist yet and for questions about a whole kind.
	Permit(ctx context.Context, a *Actor, do Action, on Record) error
	// Scope answers the filter that is put on every query of the kind, nil for no limit. Where it names a column that the
	// kind does not have, the query is denied.
	Scope(ctx context.Context, a *Actor, kind string) (*Filter, error)
	// Mask answers the names of fields and the kinds of rows (such as "work_note") that the actor does not see, and [Past]
	// where nothing is to be seen of how the records came to be what they are.
	Mask(ctx context.Context, a *Actor, kind string) []string
}

// Past in the answer of [Authorizer].Mask hides the histories of a kind: [Kernel.History], [Kernel.At] and [Kernel.AsOf] are
// denied.
const Past = "past"
