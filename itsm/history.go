package itsm

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
)

// Entry is one event of a record, read for people and programs.
type Entry struct {
	Version int64
	At      time.Time
	// Event is what happened, such as "incident.resolved", and Also what else did in the same command.
	Event string
	Also  []string
	Actor Actor
	// Cause is empty for a call; else the timer, or the record and version that this followed from.
	Cause string
	// Changes are the fields that changed, in the order of the record.
	Changes []FieldChange
	// Facts is what the event says beside fields, each a JSON array: refusals, the levels that clocks reached.
	Facts map[string]json.RawMessage
	// People are those whom the event is about, beside its actor.
	People []string
	// Rows stamps what was added to the record: comments, links and so on.
	Rows []RowStamp
	// Digest is the head of the chain after this event.
	Digest Digest
}

// History answers the events of a record with a version above after, up to limit (0 means all), as the actor may see
// them. It costs what it reads.
func (r *Records[P]) History(ctx context.Context, id string, after int64, limit int) ([]Entry, error) {
	return r.k.History(ctx, r.Ref(id), after, limit)
}

// At answers the record as it was at a version; one that is still to come is the newest. It reads all events of the
// record.
func (r *Records[P]) At(ctx context.Context, id string, version int64) (P, error) {
	return r.own(r.k.At(ctx, r.Ref(id), version))
}

// AsOf answers the record as it was at an instant: after its last event that was not later.
func (r *Records[P]) AsOf(ctx context.Context, id string, at time.Time) (P, error) {
	return r.own(r.k.AsOf(ctx, r.Ref(id), at))
}

// History is [Records.History] for any kind.
func (k *Kernel) History(ctx context.Context, ref Ref, after int64, limit int) ([]Entry, error) {
	return view(k, ctx, ref, func(x *tx, kd *kind, rec Record) ([]Entry, error) {
		events, err := x.snap.Events(ctx, nil, rec.Header().Key(), after, limit)
		if err != nil {
			return nil, err
		}
		hidden, err := x.past(kd)
		if err != nil {
			return nil, err
		}
		entries := make([]Entry, len(events))
		for i, e := range events {
			if entries[i], err = kd.read(e); err != nil {
				return nil, err
			}
			entries[i].hide(hidden)
		}
		return entries, nil
	})
}

// past answers what the actor does not see of a kind, and denies it where that is [Past].
func (x *tx) past(kd *kind) (hidden []string, err error) {
	hidden = x.k.auth.Mask(x.ctx, x.actor, kd.name)
	if slices.Contains(hidden, Past) {
		return nil, ErrDenied.with("kind", kd.name, "")
	}
	return hidden, nil
}

// hide takes out what the actor does not see. What rules did and whom they told is between those who work on the
// record, as work notes are.
func (e *Entry) hide(hidden []string) {
	if slices.Contains(hidden, string(WorkNotes)) {
		e.People, e.Facts = nil, nil
	}
	e.Changes = slices.DeleteFunc(e.Changes, func(c FieldChange) bool { return slices.Contains(hidden, c.Field) })
	e.Rows = slices.DeleteFunc(e.Rows, func(r RowStamp) bool { return slices.Contains(hidden, string(r.Kind)) })
}

// At is [Records.At] for any kind.
func (k *Kernel) At(ctx context.Context, ref Ref, version int64) (Record, error) {
	return k.foldWhile(ctx, ref, func(e *Event) bool { return e.Version <= version })
}

// AsOf is [Records.AsOf] for any kind.
func (k *Kernel) AsOf(ctx context.Context, ref Ref, at time.Time) (Record, error) {
	return k.foldWhile(ctx, ref, func(e *Event) bool { return !e.At.After(at) })
}

func (k *Kernel) foldWhile(ctx context.Context, ref Ref, in func(*Event) bool) (Record, error) {
	return view(k, ctx, ref, func(x *tx, kd *kind, rec Record) (Record, error) {
		if _, err := x.past(kd); err != nil {
			return nil, err
		}
		events, err := x.snap.Events(ctx, nil, rec.Header().Key(), 0, 0)
		if err != nil {
			return nil, err
		}
		n := 0
		for n < len(events) && in(events[n]) {
			n++
		}
		if n == 0 {
			return nil, ErrNotFound.with("record", ref.String(), "the record did not exist then")
		}
		folded, err := kd.fold(events[:n])
		if err != nil {
			return nil, err
		}
		return x.masked(kd, folded), nil
	})
}

// fold makes a record from its events: the law that every practice keeps.
func (kd *kind) fold(events []*Event) (Record, error) {
	rec := kd.fresh()
	for _, e := range events {
		entry, err := kd.read(e)
		if err != nil {
			return nil, err
		}
		for i := range entry.Changes {
			if err := kd.change(rec, &entry.Changes[i]); err != nil {
				return nil, ErrBroken.because(fmt.Errorf("%s@%d: %w", e.Key, e.Version, err))
			}
		}
		h := rec.Header()
		if h.Version == 0 {
			h.Tenant, h.Kind, h.ID, h.CreatedAt = e.Tenant, e.Key.Kind, e.ID, e.At
		}
		h.Version, h.UpdatedAt, h.Digest = e.Version, e.At, e.Digest
	}
	return rec, nil
}

// change makes one change of an event on a record.
func (kd *kind) change(rec Record, c *FieldChange) error {
	p := plan.Pointer(rec)
	if custom, ok := strings.CutPrefix(c.Field, "custom."); ok {
		d, _ := kd.schema.Declaration(custom)
		kd.plan.CustomFields(p).Set(custom, c.value(d.Kind))
		return nil
	}
	i := kd.plan.Index(c.Field)
	if i < 0 {
		return nil // a field of an older release
	}
	return kd.plan.Set(i, p, c.value(kd.plan.Fields[i].Kind))
}

// Read decodes an event. Its changes come in the order of their names.
func (e *Event) Read() (Entry, error) {
	entry := Entry{
		Version: e.Version, At: e.At, Event: e.Name, Also: slices.Clone(e.Also), Actor: e.Actor, Cause: e.Cause, Rows: slices.Clone(e.Rows), Digest: e.Digest,
	}
	broken := func(err error) (Entry, error) {
		return Entry{}, &Error{Code: ErrBroken.Code, Message: "an event cannot be read", Cause: err, Args: map[string]string{
			"record": e.Key.String(), "version": strconv.FormatInt(e.Version, 10),
		}}
	}
	var facts map[string]json.RawMessage
	if err := json.Unmarshal(e.Facts, &facts); err != nil {
		return broken(err)
	}
	for name, raw := range facts {
		if fact, ok := strings.CutPrefix(name, "@"); ok {
			if entry.Facts == nil {
				entry.Facts = map[string]json.RawMessage{}
			}
			entry.Facts[fact] = raw
			continue
		}
		var pair []field.Value
		if err := json.Unmarshal(raw, &pair); err != nil || len(pair) == 0 || len(pair) > 2 {
			return broken(fmt.Errorf("field %s: not one or two values", name))
		}
		c := FieldChange{Field: name, To: pair[len(pair)-1]}
		if len(pair) == 2 {
			c.From = pair[0]
		}
		entry.Changes = append(entry.Changes, c)
	}
	for i := range e.Sealed {
		s := &e.Sealed[i]
		if strings.HasPrefix(s.Field, sealedPeople) {
			entry.People = append(entry.People, s.Subject)
		}
		if strings.HasPrefix(s.Field, "@") {
			continue
		}
		c := FieldChange{Field: s.Field, Personal: true, Erased: s.Erased(), To: field.Text(Erased)}
		if !s.Erased() {
			v, err := field.ParseJSON(s.Value)
			if err != nil {
				return broken(err)
			}
			c.To = v
		}
		entry.Changes = append(entry.Changes, c)
	}
	slices.SortFunc(entry.Changes, func(a, b FieldChange) int { return strings.Compare(a.Field, b.Field) })
	return entry, nil
}

// value is what a record then holds in a field of that kind.
func (c *FieldChange) value(kind field.Kind) field.Value {
	switch {
	case !c.Erased, kind == field.KindText, kind == field.KindNone:
		return c.To
	case kind == field.KindList:
		return field.List(Erased)
	}
	return field.Value{}
}

// read decodes an event with its changes in the order of the record's fields.
func (kd *kind) read(e *Event) (Entry, error) {
	entry, err := e.Read()
	slices.SortStableFunc(entry.Changes, func(a, b FieldChange) int { return kd.rank(a.Field) - kd.rank(b.Field) })
	return entry, err
}

// rank orders fields as the record declares them.
func (kd *kind) rank(name string) int {
	if i := kd.plan.Index(name); i >= 0 {
		return i
	}
	return len(kd.plan.Fields)
}

// Head answers a record's version and the digest of its last event. Kept elsewhere, it proves later that nobody
// rewrote the history before it.
func (k *Kernel) Head(ctx context.Context, ref Ref) (version int64, digest Digest, err error) {
	rec, err := glanceAtLiving(k, ctx, ref, func(_ *tx, _ *kind, rec Record) (Record, error) { return rec, nil })
	if err != nil {
		return 0, Digest{}, err
	}
	h := rec.Header()
	return h.Version, h.Digest, nil
}

// Verify checks a record against its events: numbered without a gap, each chained to the one before, no personal value
// altered, and missing only where an erasure names it; every row as it was stamped; and the record equal to the fold.
// It answers ErrBroken with what it found, and needs the verb [Audit].
func (k *Kernel) Verify(ctx context.Context, ref Ref) error {
	actor, err := actorFrom(ctx)
	if err != nil {
		return err
	}
	if err := k.auth.Permit(ctx, actor, Action{Kind: ref.Kind, Verb: Audit}, nil); err != nil {
		return err
	}
	_, err = view(k, ctx, ref, func(x *tx, kd *kind, rec Record) (struct{}, error) {
		return struct{}{}, x.verify(kd, rec)
	})
	return err
}

// erasure is the fact of an erasure event: what it took out of which events, and of which rows.
type erasure struct {
	Events map[string][]string `json:"events,omitempty"` // version → fields
	Rows   []int64             `json:"rows,omitempty"`
}

func (x *tx) verify(kd *kind, rec Record) error {
	key := rec.Header().Key()
	events, err := x.snap.Events(x.ctx, nil, key, 0, 0)
	if err != nil {
		return err
	}
	rows, err := x.snap.Rows(x.ctx, nil, key, "", 0, 0)
	if err != nil {
		return err
	}
	return kd.verify(rec, events, rows)
}

func (kd *kind) verify(rec Record, events []*Event, rows []Row) error {
	key := rec.Header().Key()
	broken := func(version int64, what string) error {
		return &Error{Code: ErrBroken.Code, Message: ErrBroken.Message, Args: map[string]string{
			"record": key.Ref().String(), "version": strconv.FormatInt(version, 10), "found": what,
		}}
	}
	erased, gone, err := named(events)
	if err != nil {
		return broken(0, err.Error())
	}
	stamps := map[int64]Digest{}
	var previous Digest
	for i, e := range events {
		if e.Version != int64(i)+1 || e.Key != key {
			return broken(e.Version, "the versions have a gap")
		}
		digest, _ := e.chain(nil, previous)
		if digest != e.Digest {
			return broken(e.Version, "the event does not fit its digest")
		}
		previous = digest
		if err := e.verifySealed(erased); err != "" {
			return broken(e.Version, err)
		}
		for _, stamp := range e.Rows {
			stamps[stamp.ID] = stamp.Digest
		}
	}
	for i := range rows {
		r := &rows[i]
		digest, _ := r.digest(nil)
		want, ok := stamps[r.ID]
		switch {
		case !ok || digest != want || r.Record != key || r.Sealed.Field != string(r.Kind):
			return broken(r.Version, "a row is not as it was written")
		case gone[r.ID]:
			return broken(r.Version, "a row is there that was removed")
		case r.Sealed.Erased():
			if !slices.Contains(erased.Rows, r.ID) || r.Sealed.Value != nil || r.Sealed.Subject != Erased {
				return broken(r.Version, "a row lacks its text and no erasure names it")
			}
		default:
			if digest, _ := sealDigest(nil, &r.Sealed); digest != r.Sealed.Digest {
				return broken(r.Version, "the text of a row was altered")
			}
		}
		delete(stamps, r.ID)
	}
	for id := range maps.Keys(stamps) {
		if !gone[id] {
			return broken(id/maxRows, "a row is missing")
		}
	}
	folded, err := kd.fold(events)
	if err != nil {
		return err
	}
	if diff := kd.plan.Diff(nil, plan.Pointer(folded), plan.Pointer(rec)); len(diff) > 0 {
		return broken(rec.Header().Version, "the field "+kd.plan.Fields[diff[0]].Name+" is not what the events say")
	}
	if a, b := *folded.Header(), *rec.Header(); a != b {
		return broken(b.Version, "the head is not what the events say")
	}
	return nil
}

// named collects what erasures and removals of a record name.
func named(events []*Event) (erasure, map[int64]bool, error) {
	all := erasure{Events: map[string][]string{}}
	gone := map[int64]bool{}
	for _, e := range events {
		if !bytes.Contains(e.Facts, []byte(`"@`)) {
			continue
		}
		var facts struct {
			Erased  []erasure `json:"@erased"`
			Removed []int64   `json:"@removed_row"`
		}
		if err := json.Unmarshal(e.Facts, &facts); err != nil {
			return all, nil, fmt.Errorf("event %d cannot be read: %w", e.Version, err)
		}
		for _, id := range facts.Removed {
			gone[id] = true
		}
		for _, one := range facts.Erased {
			for version, fields := range one.Events {
				all.Events[version] = append(all.Events[version], fields...)
			}
			all.Rows = append(all.Rows, one.Rows...)
		}
	}
	return all, gone, nil
}

// verifySealed answers what is wrong with the personal values of an event, empty for nothing.
func (e *Event) verifySealed(erased erasure) string {
	actor, behalf := "", ""
	if e.Actor.Kind != Person {
		actor = e.Actor.ID
	}
	for i := range e.Sealed {
		s := &e.Sealed[i]
		if s.Erased() {
			if s.Value != nil || s.Subject != Erased || !slices.Contains(erased.Events[strconv.FormatInt(e.Version, 10)], s.Field) {
				return "the value of " + s.Field + " is missing and no erasure names it"
			}
		} else if digest, _ := sealDigest(nil, s); digest != s.Digest {
			return "the value of " + s.Field + " was altered"
		}
		switch s.Field {
		case sealedActor:
			actor = s.Subject
		case sealedOnBehalf:
			behalf = s.Subject
		}
	}
	if e.Actor.ID != actor || e.Actor.OnBehalfOf != behalf || e.Actor.Tenant != e.Tenant || len(e.Actor.Roles) > 0 {
		return "the actor was altered"
	}
	return ""
}
