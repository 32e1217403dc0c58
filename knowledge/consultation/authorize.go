package consultation

import (
	"context"

	"github.com/itsmkit/itsmkit/itsm"
)

// Authorize lets people see and go on with their own consultations: on a record that is the actor's own it asks next for the
// kind alone, so that a grant on own records reaches them, which are no tickets. Give the result to [itsm.Config], and a
// [SearcherGrant] to the table.
func Authorize(next itsm.Authorizer) itsm.Authorizer { return authorizer{next} }

// SearcherGrant lets requesters search, and see what is their own: a consultation of an agent on their ticket is not. Agents
// and managers see all by [itsm.DefaultGrants].
func SearcherGrant() itsm.Grant {
	return itsm.Grant{
		Role: itsm.Requester, Own: true, Kinds: []string{Kind},
		Verbs: []itsm.Verb{
			itsm.Read, itsm.Verb(TriggerBegin), itsm.Verb(TriggerOpen), itsm.Verb(TriggerTake), itsm.Verb(TriggerSolve),
			itsm.Verb(TriggerTicket), itsm.Verb(TriggerDismiss),
		},
	}
}

type authorizer struct{ itsm.Authorizer }

// Permit implements [itsm.Authorizer].
func (z authorizer) Permit(ctx context.Context, a *itsm.Actor, do itsm.Action, on itsm.Record) error {
	if r, ok := on.(*Consultation); ok && r.Caller != "" && r.Caller != itsm.Erased && r.Caller == a.Person() {
		on = nil
	}
	return z.Authorizer.Permit(ctx, a, do, on)
}
