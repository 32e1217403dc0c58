package itsm

import (
	"encoding/json"
	"slices"
	"strconv"
	"unsafe"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// pen holds the buffers that events are written with.
type pen struct {
	diff    []int
	ink     []byte
	scratch []byte
	sealing []sealing
	changes []field.Change
}

// sealing is a personal value in the ink: where its salt begins, its value begins, and both end.
type sealing struct {
	field, subject   string
	salt, value, end int
	gone             bool // only its trace is kept
}

// write closes a touched record: version, changes, chained event.
func (x *tx) write(t *touch) (RecordWrite, bool, error) {
	kd := t.kind
	before := t.before
	if before == nil {
		before = kd.zero
	}
	x.pen.diff = kd.plan.Diff(x.pen.diff[:0], plan.Pointer(before), plan.Pointer(t.after))
	if len(x.pen.diff) == 0 && len(t.rows)+len(t.removed)+len(t.facts)+len(t.people)+len(t.timers)+len(t.puts) == 0 && t.before != nil {
		return RecordWrite{}, false, nil
	}
	e := &Event{
		Key: t.key, Version: t.version() + 1, At: x.eventTime(t), Name: t.event(), Cause: t.cause, Actor: t.actor,
	}
	e.Actor.Roles = nil
	if e.Name == "" {
		e.Name = kd.name + ".noted"
	}
	if len(t.events) > 1 {
		e.Also = slices.Clone(t.events[1:])
	}
	if err := x.describe(t, e, before); err != nil {
		return RecordWrite{}, false, err
	}
	var previous Digest
	head := t.after.Header()
	if t.before != nil {
		previous = t.before.Header().Digest
	} else {
		head.CreatedAt = e.At
	}
	e.Digest, x.scratch = e.chain(x.scratch, previous)
	head.Version, head.UpdatedAt, head.Digest = e.Version, e.At, e.Digest
	w := RecordWrite{Record: t.after, Expect: t.version(), Before: t.before, Event: e}
	if len(t.rows) > 0 {
		w.Rows = t.rows
	}
	if len(t.removed) > 0 {
		w.Removed = t.removed
	}
	return w, true, nil
}

// salt appends fresh random bytes.
func (x *tx) salt(dst []byte) []byte {
	for range saltSize / 8 {
		n := x.salts.Uint64()
		for range 8 {
			dst = append(dst, byte(n))
			n >>= 8
		}
	}
	return dst
}

func (x *tx) sealText(name, subject, text string) { x.sealValue(name, subject, field.Text(text)) }

func (x *tx) sealValue(name, subject string, v field.Value) {
	s := sealing{field: name, subject: subject, salt: len(x.ink)}
	x.ink = x.salt(x.ink)
	s.value = len(x.ink)
	x.ink = v.AppendJSON(x.ink)
	s.end = len(x.ink)
	x.sealing = append(x.sealing, s)
}

// describe writes what the event says: facts for anybody, sealed values for what is personal. All bytes share one
// allocation.
func (x *tx) describe(t *touch, e *Event, before Record) error {
	x.ink, x.sealing = x.ink[:0], x.sealing[:0]
	if err := x.writeFacts(t, before); err != nil {
		return err
	}
	facts := len(x.ink)
	x.sealWho(e, t.people)
	x.sealChanges(t, before)
	x.bind(e, facts, t.rows)
	return nil
}

// sealWho seals the people of an event: who acted, for whom, and whom it concerns.
func (x *tx) sealWho(e *Event, people []string) {
	if e.Actor.Kind == Person {
		x.sealText(sealedActor, e.Actor.ID, e.Actor.ID)
	}
	if e.Actor.OnBehalfOf != "" {
		x.sealText(sealedOnBehalf, e.Actor.OnBehalfOf, e.Actor.OnBehalfOf)
	}
	for i, person := range people {
		x.sealText(sealedPeople+strconv.Itoa(i+1), person, person)
	}
}

// bind gives the event what was written: facts up to a place in the ink, sealed values behind it, and stamps of rows.
func (x *tx) bind(e *Event, facts int, rows []Row) {
	ink := slices.Clone(x.ink)
	e.Facts = ink[:facts:facts]
	if len(x.sealing) > 0 {
		e.Sealed = make([]Sealed, len(x.sealing))
		for i, s := range x.sealing {
			sealed := &e.Sealed[i]
			if s.gone {
				*sealed = Sealed{Field: s.field, Subject: Erased}
				continue
			}
			*sealed = Sealed{
				Field: s.field, Subject: s.subject,
				Salt: ink[s.salt:s.value:s.value], Value: ink[s.value:s.end:s.end],
			}
			sealed.Digest, x.scratch = sealDigest(x.scratch, sealed)
		}
	}
	if len(rows) > 0 {
		e.Rows = make([]RowStamp, len(rows))
		for i := range rows {
			r := &rows[i]
			r.At = e.At
			e.Rows[i] = RowStamp{ID: r.ID, Kind: r.Kind}
			e.Rows[i].Digest, x.scratch = r.digest(x.scratch)
		}
	}
}

// writeFacts appends the JSON object of facts: changed fields in the order of the record, then what else happened.
func (x *tx) writeFacts(t *touch, before Record) error {
	kd := t.kind
	was, is := plan.Pointer(before), plan.Pointer(t.after)
	b := append(x.ink, '{')
	name := func(text string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, text...)
		b = append(b, '"', ':', '[')
	}
	for _, i := range x.pen.diff {
		if i == kd.customAt {
			x.changes = field.AppendChanges(x.changes[:0], *kd.plan.CustomFields(was), *kd.plan.CustomFields(is))
			for _, c := range x.changes {
				if err := c.After.Check(); err != nil {
					return invalidValue("custom."+c.Name, err)
				}
				if d, _ := kd.schema.Declaration(c.Name); d.Personal {
					continue
				}
				name("custom." + c.Name)
				if !c.Before.IsZero() {
					b = append(c.Before.AppendJSON(b), ',')
				}
				b = append(c.After.AppendJSON(b), ']')
			}
			continue
		}
		f := &kd.plan.Fields[i]
		value := kd.plan.Get(i, is)
		if err := value.Check(); err != nil {
			return invalidValue(f.Name, err)
		}
		if f.Personal {
			continue
		}
		name(f.Name)
		if kd.plan.Filled(i, was) {
			b = append(kd.plan.Get(i, was).AppendJSON(b), ',')
		}
		b = append(value.AppendJSON(b), ']')
	}
	for i, f := range t.facts {
		if slices.ContainsFunc(t.facts[:i], f.alike) {
			continue
		}
		name("@" + f.name)
		b = append(b, f.json...)
		for _, other := range t.facts[i+1:] {
			if f.alike(other) {
				b = append(append(b, ','), other.json...)
			}
		}
		b = append(b, ']')
	}
	x.ink = append(b, '}')
	return nil
}

func (f fact) alike(other fact) bool { return f.name == other.name }

// sealChanges seals the new values of personal fields.
func (x *tx) sealChanges(t *touch, before Record) {
	kd := t.kind
	was, is := plan.Pointer(before), plan.Pointer(t.after)
	for _, i := range x.pen.diff {
		if i == kd.customAt {
			x.changes = field.AppendChanges(x.changes[:0], *kd.plan.CustomFields(was), *kd.plan.CustomFields(is))
			for _, c := range x.changes {
				if d, _ := kd.schema.Declaration(c.Name); d.Personal {
					x.sealValue("custom."+c.Name, kd.personOf("caller", was, is), c.After)
				}
			}
			continue
		}
		f := &kd.plan.Fields[i]
		if !f.Personal {
			continue
		}
		v := kd.plan.Get(i, is)
		x.sealValue(f.Name, kd.subjectOf(f, v, was, is), v)
	}
}

// subjectOf is the person whose data the new value of a personal field is.
func (kd *kind) subjectOf(f *plan.Field, v field.Value, was, is unsafe.Pointer) string {
	if f.Subject == "" {
		return v.Text()
	}
	return kd.personOf(f.Subject, was, is)
}

// personOf is whom a field names, or did before.
func (kd *kind) personOf(name string, was, is unsafe.Pointer) string {
	i := kd.plan.Index(name)
	if s := kd.plan.Get(i, is).Text(); s != "" {
		return s
	}
	return kd.plan.Get(i, was).Text()
}

func invalidValue(name string, err error) error {
	return &Error{Code: ErrInvalid.Code, Message: "a field holds what cannot be stored", Args: map[string]string{"field": name}, Cause: err}
}

func refusalJSON(r *lifecycle.Refusal) []byte {
	text, err := json.Marshal(r)
	if err != nil {
		return []byte(strconv.Quote(r.Error()))
	}
	return text
}
