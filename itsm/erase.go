package itsm

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/itsmkit/itsmkit/field"
)

// Erasure reports what [Kernel.Erase] took away.
type Erasure struct {
	// Records is how many records held data of the person, Values and Rows how much.
	Records, Values, Rows int
	// Held are the records that hold data of the person and were left as they are, because a legal matter holds them: call
	// Erase again when the holds are released.
	Held []Ref
}

// Erase takes the personal data of a person out of every record of the actor's tenant: fields, events and rows, also
// the person's own id, and the receipts of the person's commands. What is gone reads as [Erased]. Each record gets an
// event that names what was taken, but not from whom, and still verifies.
//
// It needs the verb [Erase] and walks all records of the tenant, a transaction for each that holds data of the person.
// Where it is cut off it answers the error with what was done so far; calling it again does the rest. Data that others
// wrote about the person in free text is theirs, and stays: give fields that hold such data a subject. Projections hold
// nothing personal, and stay as they are.
//
// A record that a legal matter holds is left as it is ([Ticket.LegalHolds]), and named in the answer: the duty to keep it
// suspends the duty to erase. Copies outside of the store are out of reach: backups, exports, what subscribers passed on.
func (k *Kernel) Erase(ctx context.Context, person, reason string) (done Erasure, err error) {
	actor, err := actorFrom(ctx)
	if err != nil {
		return done, err
	}
	if person == "" || person == Erased {
		return done, Invalid("person", "name the person to erase")
	}
	if actor.Kind == Person && actor.ID == person {
		return done, Invalid("person", "let somebody else erase you: the events of an erasure name who did it")
	}
	if actor.OnBehalfOf == person {
		nameless := *actor
		nameless.OnBehalfOf = ""
		actor = &nameless
	}
	if err := field.Text(reason).Check(); err != nil || reason == "" {
		return done, Invalid("reason", "say why; the events keep it")
	}
	for _, name := range k.Kinds() {
		if err := k.auth.Permit(ctx, actor, Action{Kind: name, Verb: Erase}, nil); err != nil {
			return done, err
		}
	}
	for _, name := range k.Kinds() {
		kd, err := k.kindOf(name)
		if err != nil {
			return done, err
		}
		q := StoreQuery{Tenant: actor.Tenant, Kind: name, Limit: maxLimit}
		for {
			records, err := k.pageOf(ctx, actor, &q)
			if err != nil {
				return done, err
			}
			for _, rec := range records {
				if err := k.eraseFrom(ctx, actor, kd, rec.Header().Key(), person, reason, &done); err != nil {
					return done, err
				}
			}
			if len(records) < q.Limit {
				break
			}
			q.After = &Mark{ID: records[len(records)-1].Header().ID}
		}
	}
	store, err := k.storeFor(ctx)
	if err != nil {
		return done, err
	}
	return done, store.Apply(ctx, &WriteSet{Forget: &ActorKey{Tenant: actor.Tenant, Actor: person}})
}

func (k *Kernel) pageOf(ctx context.Context, actor *Actor, q *StoreQuery) ([]Record, error) {
	x, err := k.begin(ctx, actor)
	if err != nil {
		return nil, err
	}
	defer x.end()
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.Query(ctx, nil, q)
}

func (k *Kernel) eraseFrom(ctx context.Context, actor *Actor, kd *kind, key Key, person, reason string, done *Erasure) (err error) {
	x, err := k.begin(ctx, actor)
	if err != nil {
		return err
	}
	defer x.leave(&err)
	var found erasure
	values, held := 0, false
	err = x.retry(false, func() error {
		snap, err := x.snapshot()
		if err != nil {
			return err
		}
		held = false
		t, err := x.reach(key)
		if errors.Is(err, ErrNotFound) {
			return nil // it was purged since it was listed
		}
		if err != nil {
			return err
		}
		events, err := snap.Events(ctx, nil, key, 0, 0)
		if err != nil {
			return err
		}
		rows, err := snap.Rows(ctx, nil, key, "", 0, 0)
		if err != nil {
			return err
		}
		found, values = erasure{Events: map[string][]string{}}, 0
		var redactions []Redaction
		for i, e := range events {
			var fields []string
			for j := range e.Sealed {
				if e.Sealed[j].Subject == person && !e.Sealed[j].Erased() {
					fields = append(fields, e.Sealed[j].Field)
				}
			}
			if len(fields) > 0 {
				found.Events[strconv.FormatInt(e.Version, 10)] = fields
				values += len(fields)
				redactions = append(redactions, Redaction{Key: key, Version: e.Version, Fields: fields})
				events[i] = e.Redact(fields)
			}
		}
		for i := range rows {
			if rows[i].Sealed.Subject == person && !rows[i].Sealed.Erased() {
				found.Rows = append(found.Rows, rows[i].ID)
			}
		}
		if len(found.Rows) > 0 {
			redactions = append(redactions, Redaction{Key: key, RowIDs: found.Rows})
		}
		if held = TicketOf(t.before).Held() && len(redactions) > 0; held || len(redactions) == 0 {
			return nil
		}
		x.open(t, actor, nil)
		if t.after, err = kd.fold(events); err != nil {
			return err
		}
		fact_, err := json.Marshal(found)
		if err != nil {
			return err
		}
		t.events = append(t.events[:0], kd.name+".erased")
		t.facts = append(t.facts, fact{factErased, fact_}, fact{"reason", field.Text(reason).AppendJSON(nil)})
		return x.commit(nil, func(set *WriteSet) { set.Redactions = redactions })
	})
	if err == nil && held {
		done.Held = append(done.Held, key.Ref())
		return nil
	}
	if err == nil && (values > 0 || len(found.Rows) > 0) {
		done.Records++
		done.Values += values
		done.Rows += len(found.Rows)
	}
	return err
}
