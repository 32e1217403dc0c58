package itsm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
)

// Life is a whole record as its history tells it: what [Kernel.Life] reads, and [Kernel.Restore] writes elsewhere. The
// record itself is not part of it, because it is the fold of the events.
type Life struct {
	Tenant string
	Ref    Ref
	// Events are numbered from 1. Their Rows and Digest, and what a change comes From, follow from the rest: Restore
	// does not look at them.
	Events []Entry
	// Rows come in the order of their ids.
	Rows []LifeRow
	// Timers are those that are pending. Their Key is the life's.
	Timers []Timer
}

// LifeRow is a row of a life: a comment, a link, a time entry. Its id and its instant follow from its version and its
// place among the rows of that version.
type LifeRow struct {
	Version int64
	Kind    RowKind
	Key     string
	// Facts is a JSON object.
	Facts json.RawMessage
	// Subject is the person whose data Text is: the author, or the watcher.
	Subject, Text string
	// Erased rows have lost subject and text, Removed ones everything but their kind.
	Erased, Removed bool
}

// Life reads a whole record, as one view of the store. It needs a reader from whom nothing of the kind is hidden, or it
// would be a part only: others get ErrDenied. It costs what the record has. Projections are no part of it, because they are
// computed from it.
func (k *Kernel) Life(ctx context.Context, ref Ref) (*Life, error) {
	return view(k, ctx, ref, func(x *tx, kd *kind, rec Record) (*Life, error) {
		if hidden := k.auth.Mask(ctx, x.actor, kd.name); len(hidden) > 0 {
			return nil, ErrDenied.with("hidden", strings.Join(hidden, ", "), "a whole life is given to those from whom nothing is hidden")
		}
		key := rec.Header().Key()
		life := &Life{Tenant: key.Tenant, Ref: ref}
		events, err := x.snap.Events(ctx, nil, key, 0, 0)
		if err != nil {
			return nil, err
		}
		rows, err := x.snap.Rows(ctx, nil, key, "", 0, 0)
		if err != nil {
			return nil, err
		}
		if life.Timers, err = x.snap.Timers(ctx, nil, key); err != nil {
			return nil, err
		}
		life.Events = make([]Entry, len(events))
		for i, e := range events {
			if life.Events[i], err = kd.read(e); err != nil {
				return nil, err
			}
			for _, stamp := range e.Rows {
				row := LifeRow{Version: e.Version, Kind: stamp.Kind, Removed: true}
				if len(rows) > 0 && rows[0].ID == stamp.ID {
					row = rows[0].told()
					rows = rows[1:]
				}
				life.Rows = append(life.Rows, row)
			}
		}
		return life, nil
	})
}

func (r *Row) told() LifeRow {
	told := LifeRow{Version: r.Version, Kind: r.Kind, Key: r.Key, Facts: slices.Clone(r.Facts), Subject: r.Sealed.Subject}
	if told.Text, told.Erased = r.personal(); told.Erased {
		told.Subject, told.Text = "", ""
	}
	return told
}

// digest sums up what a life says, for knowing it again.
func (l *Life) digest() (Digest, error) {
	type change struct {
		Field  string
		To     field.Value
		Erased bool
	}
	type event struct {
		Version int64
		At      time.Time
		Event   string
		Also    []string
		Kind    ActorKind
		Actor   [2]string
		Cause   string
		Changes []change
		Facts   map[string]json.RawMessage
		People  []string
	}
	events := make([]event, len(l.Events))
	for i := range l.Events {
		e := &l.Events[i]
		events[i] = event{
			Version: e.Version, At: e.At.UTC(), Event: e.Event, Also: e.Also, Kind: e.Actor.Kind,
			Actor: [2]string{e.Actor.ID, e.Actor.OnBehalfOf}, Cause: e.Cause, Facts: e.Facts, People: e.People,
		}
		for _, c := range e.Changes {
			events[i].Changes = append(events[i].Changes, change{c.Field, c.To, c.Erased})
		}
	}
	timers := slices.Clone(l.Timers)
	for i := range timers {
		timers[i].Key, timers[i].Due = Key{}, timers[i].Due.UTC()
	}
	text, err := json.Marshal([]any{l.Tenant, l.Ref, events, l.Rows, timers})
	if err != nil {
		return Digest{}, ErrInvalid.because(err)
	}
	return sha256.Sum256(text), nil
}

// Links is [Records.Links] for any kind.
func (k *Kernel) Links(ctx context.Context, ref Ref) ([]Link, error) {
	return rowsOf(ctx, k, ref, Links, 0, 0, func(row *Row, l *Link, _ bool) bool {
		l.ID, l.At, l.By = row.ID, row.At, row.Sealed.Subject
		return true
	})
}
