package itsm

import (
	"context"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// The standard triggers of retention. Practices have them in every state, closed and cancelled ones too; who may pull them
// is the authorizer's word: by [DefaultGrants] records managers and administrators, and no agent.
const (
	// TriggerLegalHold keeps a ticket for a legal matter: it is neither purged nor are people erased from it, until
	// TriggerLegalRelease ends the hold of that matter and no other holds it.
	TriggerLegalHold    lifecycle.Trigger = "hold_for_legal"
	TriggerLegalRelease lifecycle.Trigger = "release_legal_hold"
	// TriggerRetention gives a ticket its retention class.
	TriggerRetention lifecycle.Trigger = "classify_retention"
)

// LegalHold is what the commands bring that place and release a legal hold. The matter is the name of a case or an inquiry,
// such as "2026-14": it is no personal data, and stays in the events for good. The reason is kept with the event.
type LegalHold struct {
	Matter string `json:"matter"`
	Reason string `json:"reason,omitempty"`
}

// RetentionClass is what [TriggerRetention] brings: the name of a class, empty for none.
type RetentionClass struct {
	Class string `json:"class,omitempty"`
}

// The codes of refusals to purge a record.
const (
	ReasonNotEnded  lifecycle.Code = "not_ended"  // it is neither closed nor cancelled
	ReasonLegalHold lifecycle.Code = "legal_hold" // a legal matter holds it; the argument "matters" names which
)

// maxHolds bounds how many matters hold one ticket.
const maxHolds = 100

// The facts of the triggers of retention.
const factLegalHold = "legal_hold"

// Held reports whether a legal matter holds the ticket.
func (t *Ticket) Held() bool { return t != nil && len(t.LegalHolds) > 0 }

func (t *Ticket) hold(h LegalHold) error {
	matter := strings.TrimSpace(h.Matter)
	switch {
	case matter == "":
		return Invalid("matter", "name the case or inquiry that the record is held for")
	case slices.Contains(t.LegalHolds, matter):
		return Invalid("matter", "the record is held for it already")
	case len(t.LegalHolds) == maxHolds:
		return Invalid("matter", "a record is held for 100 matters at most")
	}
	t.LegalHolds = append(slices.Clip(t.LegalHolds), matter)
	return nil
}

func (t *Ticket) releaseHold(h LegalHold) error {
	at := slices.Index(t.LegalHolds, strings.TrimSpace(h.Matter))
	if at < 0 {
		return Invalid("matter", "the record is not held for it")
	}
	t.LegalHolds = slices.Delete(slices.Clone(t.LegalHolds), at, at+1)
	if len(t.LegalHolds) == 0 {
		t.LegalHolds = nil
	}
	return nil
}

// retained registers the handlers of retention.
func retained[P any](p *Practice[P]) {
	ticket := func(r *P) (*Ticket, error) {
		if t := TicketOf(any(r).(Record)); t != nil {
			return t, nil
		}
		return nil, Invalid("record", "only tickets have a retention class and legal holds")
	}
	p.std.hold = Handle(p, TriggerLegalHold, func(u *Unit, r *P, h LegalHold) error {
		t, err := ticket(r)
		if err == nil {
			err = t.hold(h)
		}
		if err != nil {
			return err
		}
		return u.Fact(factLegalHold, h)
	})
	p.std.release = Handle(p, TriggerLegalRelease, func(u *Unit, r *P, h LegalHold) error {
		t, err := ticket(r)
		if err == nil {
			err = t.releaseHold(h)
		}
		if err != nil {
			return err
		}
		return u.Fact(factLegalHold, h)
	})
	p.std.classify = Handle(p, TriggerRetention, func(_ *Unit, r *P, c RetentionClass) error {
		t, err := ticket(r)
		if err == nil {
			t.RetentionClass = c.Class
		}
		return err
	})
}

// HoldForLegal keeps the record for a legal matter, wherever it stands: it is not purged, and [Kernel.Erase] leaves it
// alone, until the hold is released. Several matters may hold a record; each is released by itself.
func (r *Records[P]) HoldForLegal(ctx context.Context, id string, h LegalHold, with ...Option) (P, error) {
	return r.std.hold.Do(ctx, id, h, with...)
}

// ReleaseLegalHold ends the hold of one matter. It takes a reason.
func (r *Records[P]) ReleaseLegalHold(ctx context.Context, id string, h LegalHold, with ...Option) (P, error) {
	return r.std.release.Do(ctx, id, h, with...)
}

// ClassifyRetention gives the record a retention class, by which policies tell how long it is kept; empty takes it away.
func (r *Records[P]) ClassifyRetention(ctx context.Context, id, class string, with ...Option) (P, error) {
	return r.std.classify.Do(ctx, id, RetentionClass{Class: class}, with...)
}

// Purge deletes a record wholly with the transaction: its events, rows and timers, and the rows of projections that are
// computed from it. The record gets no event, since it is gone: who purges writes down elsewhere what went, as package
// retention does. Numbers are not used again.
//
// It needs the verb [Purge] on the record, of who gave the command. A record that is neither closed nor cancelled is
// refused, and one that a legal matter holds; one that the transaction writes to is ErrInvalid. What other records say of
// it stays: a link to it leads to ErrNotFound, and can be taken away at its one end.
func (u *Unit) Purge(ref Ref) error { return u.tx.note(u.purge(ref)) }

func (u *Unit) purge(ref Ref) error {
	x := u.tx
	t, err := x.reach(Key{Tenant: x.actor.Tenant, Kind: ref.Kind, ID: ref.ID})
	if err != nil {
		return err
	}
	rec := t.current()
	if t.begun {
		return Invalid("purge", ref.String()+" is written to in the same transaction")
	}
	if err := x.k.auth.Permit(x.ctx, x.actor, Action{Kind: ref.Kind, Verb: Purge}, rec); err != nil {
		return err
	}
	if reasons := KeptBecause(rec); len(reasons) > 0 {
		return &lifecycle.Refusal{Lifecycle: ref.Kind, State: rec.Header().State, Trigger: lifecycle.Trigger(Purge), Reasons: reasons}
	}
	if len(x.marks) > 0 {
		x.save(t)
	}
	t.purged = true
	return nil
}

// KeptBecause answers all the reasons why no policy may purge a record as it is; none where one may.
func KeptBecause(rec Record) []lifecycle.Reason {
	var reasons []lifecycle.Reason
	if phase := rec.Header().Phase; phase != lifecycle.Closed && phase != lifecycle.Cancelled {
		reasons = append(reasons, lifecycle.Reason{Code: ReasonNotEnded, Args: map[string]string{"phase": phase.String()}})
	}
	if t := TicketOf(rec); t.Held() {
		reasons = append(reasons, lifecycle.Reason{Code: ReasonLegalHold, Args: map[string]string{"matters": strings.Join(t.LegalHolds, ", ")}})
	}
	return reasons
}

// gone reports whether there is no such record any more.
func (u *Unit) gone(ref Ref) (bool, error) {
	err := u.LookAt(ref, func(Record) {})
	if CodeOf(err) == ErrNotFound.Code {
		return true, nil
	}
	return false, err
}
