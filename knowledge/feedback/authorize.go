package feedback

import (
	"context"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
)

// Authorize lets people see and give their own feedback: on a record that is the actor's own it asks next for the kind alone,
// so that a grant on own records reaches them, which are no tickets. Who may not handle flags does not see who does. Give the
// result to [itsm.Config], and a [ReaderGrant] to the table.
func Authorize(next itsm.Authorizer) itsm.Authorizer { return authorizer{next} }

// ReaderGrant lets requesters give feedback and be counted as readers, and see what is their own. Agents and managers have
// all of it by [itsm.DefaultGrants].
func ReaderGrant() itsm.Grant {
	return itsm.Grant{
		Role: itsm.Requester, Own: true, Kinds: []string{Kind, ReadingKind},
		Verbs: []itsm.Verb{
			itsm.Read, itsm.Verb(TriggerGive), itsm.Verb(TriggerRaise), itsm.Verb(TriggerReplace), itsm.Verb(TriggerFlag),
			itsm.Verb(TriggerWithdraw), itsm.Verb(TriggerView),
		},
	}
}

type authorizer struct{ itsm.Authorizer }

// Permit implements [itsm.Authorizer].
func (z authorizer) Permit(ctx context.Context, a *itsm.Actor, do itsm.Action, on itsm.Record) error {
	if caller := callerOf(on); caller != "" && caller != itsm.Erased && caller == a.Person() {
		on = nil
	}
	return z.Authorizer.Permit(ctx, a, do, on)
}

// Mask implements [itsm.Authorizer].
func (z authorizer) Mask(ctx context.Context, a *itsm.Actor, kind string) []string {
	hidden := z.Authorizer.Mask(ctx, a, kind)
	if kind != Kind || z.Authorizer.Permit(ctx, a, itsm.Action{Kind: Kind, Verb: itsm.Verb(TriggerHandle)}, nil) == nil {
		return hidden
	}
	return append(slices.Clip(hidden), "owner", "ended_by")
}

func callerOf(on itsm.Record) string {
	switch r := on.(type) {
	case *Feedback:
		return r.Caller
	case *Reading:
		return r.Caller
	}
	return ""
}
