package itsmtest

import (
	"context"
	"encoding/binary"
	"io"
	"math/rand/v2"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Tenant is whom actors belong to unless they are told otherwise.
const Tenant = "acme"

// As gives ctx an actor.
func As(ctx context.Context, a itsm.Actor) context.Context { return itsm.WithActor(ctx, a) }

// Requester is a person who asks for help.
func Requester(id string, with ...ActorOption) itsm.Actor {
	return actor(id, itsm.Person, itsm.Requester, with)
}

// Agent is a person who works on tickets.
func Agent(id string, with ...ActorOption) itsm.Actor {
	return actor(id, itsm.Person, itsm.Agent, with)
}

// Manager is a person who leads agents.
func Manager(id string, with ...ActorOption) itsm.Actor {
	return actor(id, itsm.Person, itsm.Manager, with)
}

// Administrator is a person who may do everything.
func Administrator(id string, with ...ActorOption) itsm.Actor {
	return actor(id, itsm.Person, itsm.Administrator, with)
}

// Integration is another program, which does what agents do.
func Integration(id string, with ...ActorOption) itsm.Actor {
	return actor(id, itsm.Integration, itsm.Agent, with)
}

// System is who fires timers and runs hooks.
func System(with ...ActorOption) itsm.Actor {
	return actor(itsm.SystemID, itsm.System, "", with)
}

// ActorOption changes an actor.
type ActorOption func(*itsm.Actor)

// InTenant moves the actor to another tenant.
func InTenant(tenant string) ActorOption { return func(a *itsm.Actor) { a.Tenant = tenant } }

// ActingFor names the person on whose behalf the actor acts.
func ActingFor(person string) ActorOption { return func(a *itsm.Actor) { a.OnBehalfOf = person } }

// WithRoles adds roles.
func WithRoles(roles ...lifecycle.Role) ActorOption {
	return func(a *itsm.Actor) { a.Roles = append(a.Roles, roles...) }
}

func actor(id string, kind itsm.ActorKind, role lifecycle.Role, with []ActorOption) itsm.Actor {
	a := itsm.Actor{ID: id, Tenant: Tenant, Kind: kind}
	if role != "" {
		a.Roles = []lifecycle.Role{role}
	}
	for _, option := range with {
		option(&a)
	}
	return a
}

// Random is an endless source of bytes for [itsm.Config], the same for the same seed. It is for one goroutine at a
// time, as a kernel uses it.
func Random(seed uint64) io.Reader {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}
