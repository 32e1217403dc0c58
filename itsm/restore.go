package itsm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Restored is what [Kernel.Restore] did.
type Restored struct {
	Ref     Ref
	Version int64
	// Unchanged is set where the same life was restored before, whatever became of the record since.
	Unchanged bool
	// Suppressed names the timers that had passed: they are noted in the last event, and never fire.
	Suppressed []string
}

// Restore writes a whole record with its own number, instants and actors, in one write set: every event as it was,
// chained anew with fresh salts, so that [Kernel.Verify] holds; rows under their versions; timers that are still to
// come. Nothing fires: neither handlers nor hooks run. Subscribers get the events like all others, in their order; what
// is not to be told again, they know by [Event.At]. The series of numbers goes on behind the record's, as with
// [WithNumber].
//
// The same life given twice changes nothing, and says so. Where the number belongs to another history, it is ErrExists.
// A life that does not fit is ErrInvalid with all faults at once, and nothing is written: events that are not numbered
// from 1, instants that go back or lie in the future, fields, states and triggers that the kind does not have, values
// of another type, rows without an event, values gone that no erasure names. What a lifecycle or a schema requires is
// not asked: it is the past. The other ends of links are not looked for either, since they may come later.
//
// No projection is written: what is computed from the record is put by the next command on it that is projected.
//
// It needs the verb [Import], and costs what the record has.
func (k *Kernel) Restore(ctx context.Context, life *Life) (done Restored, err error) {
	actor, err := actorFrom(ctx)
	if err != nil {
		return done, err
	}
	if life == nil {
		return done, Invalid("life", "give a life to restore")
	}
	kd, err := k.livingKind(life.Ref.Kind)
	if err != nil {
		return done, err
	}
	if err := k.auth.Permit(ctx, actor, Action{Kind: kd.name, Verb: Import}, nil); err != nil {
		return done, err
	}
	x, err := k.begin(ctx, actor)
	if err != nil {
		return done, err
	}
	defer x.leave(&err)
	receipt := &Receipt{
		// The key is the record's, whoever restores it. No trigger has a space in its name.
		ReceiptKey: ReceiptKey{Tenant: actor.Tenant, Actor: SystemID, Command: kd.name + " restored", Key: life.Ref.ID},
		At:         x.clockNow(), Ref: life.Ref, Version: int64(len(life.Events)),
	}
	if receipt.Input, err = life.digest(); err != nil {
		if _, faults := x.restoration(kd, life); faults != nil {
			return done, faults // all of them, not the first
		}
		return done, err
	}
	done = Restored{Ref: life.Ref, Version: receipt.Version}
	var r *restoration
	err = x.retry(false, func() error {
		before, err := x.receipt(receipt.ReceiptKey)
		switch {
		case err != nil:
			return err
		case before != nil && before.Input == receipt.Input:
			done.Unchanged = true
			return nil
		case before != nil:
			return ErrExists.with("record", life.Ref.String(), "another history of this number was restored before")
		case r == nil: // not in a second try: its digests stand
			if r, err = x.restoration(kd, life); err != nil {
				return err
			}
			if err := x.pass(kd, life.Ref.ID); err != nil {
				return err
			}
		}
		return x.restore(r, receipt)
	})
	if err != nil {
		return Restored{}, err
	}
	if !done.Unchanged {
		done.Suppressed = r.suppressed
		k.signal()
	}
	return done, nil
}

func (x *tx) receipt(key ReceiptKey) (*Receipt, error) {
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	return snap.Receipt(x.ctx, key)
}

func (x *tx) restore(r *restoration, receipt *Receipt) error {
	last := len(r.events) - 1
	x.set.empty()
	x.set.Records = append(x.set.Records, RecordWrite{Record: r.rec, Event: r.events[last], Earlier: r.events[:last], Rows: r.kept})
	x.set.Timers = append(x.set.Timers, r.timers...)
	x.set.Receipt = receipt
	err := x.store.Apply(x.ctx, &x.set)
	if errors.Is(err, ErrExists) {
		return ErrExists.with("record", receipt.Ref.String(), "the number is taken by another history")
	}
	return err
}

// restoration is a life on its way to become a record.
type restoration struct {
	kd         *kind
	key        Key
	rec        Record
	events     []*Event
	rows       [][]Row // by event, those included that are gone
	gone       map[int64]bool
	kept       []Row
	timers     []TimerWrite
	suppressed []string
	faults     []error
}

func (r *restoration) fault(version int64, what, message string) {
	if version > 0 {
		what = "event " + strconv.FormatInt(version, 10) + ", " + what
	}
	if len(r.faults) < maxFaults {
		r.faults = append(r.faults, Invalid(what, message))
	}
}

// maxFaults bounds what is told of one life.
const maxFaults = 1000

// check adds a fault where a text is none that a store keeps.
func (r *restoration) check(version int64, what string, texts ...string) {
	for _, text := range texts {
		if field.Text(text).Check() != nil {
			r.fault(version, what, "it holds what cannot be stored: NUL, or what is no UTF-8")
			return
		}
	}
}

// restoration makes a record, its events and its rows of a life, or says everything that is wrong with it.
func (x *tx) restoration(kd *kind, life *Life) (*restoration, error) {
	r := &restoration{kd: kd, key: Key{Tenant: x.actor.Tenant, Kind: kd.name, ID: life.Ref.ID}, rec: kd.fresh(), gone: map[int64]bool{}}
	r.check(0, "id", r.key.ID)
	if r.key.ID == "" {
		r.fault(0, "id", "a record that is restored brings its number")
	}
	if life.Tenant != "" && life.Tenant != r.key.Tenant {
		r.fault(0, "tenant", fmt.Sprintf("the record belongs to the tenant %q", life.Tenant))
	}
	if len(life.Events) == 0 {
		r.fault(0, "events", "a record is the fold of its events: there are none")
	}
	x.plantTimers(r, life)
	x.plantRows(r, life)
	*r.rec.Header() = Head{Tenant: r.key.Tenant, Kind: kd.name, ID: r.key.ID}
	for i := range life.Events {
		x.replay(r, &life.Events[i], i, i == len(life.Events)-1)
	}
	if len(r.faults) > 0 {
		return nil, ErrInvalid.because(errors.Join(r.faults...))
	}
	if err := kd.verify(r.rec, r.events, r.kept); err != nil { // what it could not vouch for later is not written
		return nil, ErrInvalid.because(err)
	}
	return r, nil
}

// replay writes one event again.
func (x *tx) replay(r *restoration, entry *Entry, i int, last bool) {
	version := int64(i) + 1
	h := r.rec.Header()
	e := &Event{
		Key: r.key, Version: version, At: entry.At.Round(0).UTC(), Name: entry.Event, Also: slices.Clone(entry.Also),
		Actor: Actor{ID: entry.Actor.ID, Tenant: r.key.Tenant, Kind: entry.Actor.Kind, OnBehalfOf: entry.Actor.OnBehalfOf}, Cause: entry.Cause,
	}
	r.checkHead(e, entry, x.clockNow())
	if i == 0 {
		h.CreatedAt = e.At
	}
	before := r.kd.clone(r.rec)
	changes := slices.Clone(entry.Changes)
	slices.SortStableFunc(changes, func(a, b FieldChange) int {
		if n := r.kd.rank(a.Field) - r.kd.rank(b.Field); n != 0 {
			return n
		}
		return strings.Compare(a.Field, b.Field)
	})
	for j := range changes {
		if j > 0 && changes[j].Field == changes[j-1].Field {
			r.fault(version, changes[j].Field, "a field changes once in an event")
			continue
		}
		r.change(version, &changes[j])
	}
	r.checkStates(version, changes)
	facts := entry.Facts
	if last && len(r.suppressed) > 0 {
		facts = r.withSuppressed(facts)
	}
	for name, raw := range facts {
		r.checkFact(version, name, raw)
	}
	if len(r.faults) > 0 {
		return // nothing will be written: only faults are still looked for
	}
	x.tell(r, e, before, changes, facts, entry.People)
	for j := range e.Rows {
		if r.gone[e.Rows[j].ID] {
			e.Rows[j].Digest = Digest{}
		}
	}
	e.Digest, x.scratch = e.chain(x.scratch, h.Digest)
	h.Version, h.UpdatedAt, h.Digest = e.Version, e.At, e.Digest
	for _, row := range r.rows[i] {
		if !r.gone[row.ID] {
			r.kept = append(r.kept, row)
		}
	}
	r.events = append(r.events, e)
}

func (r *restoration) checkHead(e *Event, entry *Entry, now time.Time) {
	h := r.rec.Header()
	if entry.Version != e.Version {
		r.fault(e.Version, "version", fmt.Sprintf("events are numbered from 1 without a gap, and this says %d", entry.Version))
	}
	switch {
	case entry.At.Before(field.MinInstant()) || entry.At.After(field.MaxInstant()):
		r.fault(e.Version, "at", "give an instant between the years 1677 and 2262")
	case e.At.After(now):
		r.fault(e.Version, "at", "a historic instant cannot be in the future")
	case e.At.Before(h.UpdatedAt):
		r.fault(e.Version, "at", "the instants of a record never go back, and this is before "+h.UpdatedAt.Format(time.RFC3339Nano))
	default:
		h.UpdatedAt = e.At
	}
	for _, name := range append([]string{e.Name}, e.Also...) {
		if what, ok := strings.CutPrefix(name, r.kd.name+"."); !ok || what == "" {
			r.fault(e.Version, "event", fmt.Sprintf("%q is not the kind and what happened, such as %s.edited", name, r.kd.name))
		}
	}
	r.check(e.Version, "event", append([]string{e.Name, e.Cause}, e.Also...)...)
	r.check(e.Version, "actor", e.Actor.ID, e.Actor.OnBehalfOf)
	if e.Actor.ID == "" || int(e.Actor.Kind) >= len(actorKinds) {
		r.fault(e.Version, "actor", "an event has an actor: a person, an integration or the system")
	}
	if entry.Actor.Tenant != "" && entry.Actor.Tenant != r.key.Tenant {
		r.fault(e.Version, "actor", fmt.Sprintf("the actor belongs to the tenant %q", entry.Actor.Tenant))
	}
	r.check(e.Version, "people", entry.People...)
}

// change makes one change on the record, or says why there is none such.
func (r *restoration) change(version int64, c *FieldChange) {
	kind, personal, known := field.KindNone, false, false
	if custom, ok := strings.CutPrefix(c.Field, "custom."); ok && r.kd.customAt >= 0 {
		d, declared := r.kd.schema.Declaration(custom)
		kind, personal, known = d.Kind, d.Personal, declared
	} else if i := r.kd.plan.Index(c.Field); i >= 0 && i != r.kd.customAt {
		kind, personal, known = r.kd.plan.Fields[i].Kind, r.kd.plan.Fields[i].Personal, true
	}
	switch {
	case !known:
		r.fault(version, c.Field, r.kd.name+" has no such field")
		return
	case c.Erased && !personal:
		r.fault(version, c.Field, "only values of personal fields are erased, and here it is none")
		return
	case c.Erased:
		c.To = field.Text(Erased)
	case c.To.Kind() != kind && c.To.Kind() != field.KindNone:
		r.fault(version, c.Field, fmt.Sprintf("the field takes %v, not %v", kind, c.To.Kind()))
		return
	case c.To.Check() != nil:
		r.fault(version, c.Field, "it holds what cannot be stored")
		return
	}
	if r.kd.change(r.rec, c) != nil {
		r.fault(version, c.Field, fmt.Sprintf("the field does not take %q", c.To.String()))
	}
}

// checkStates looks whether the tables know where the record stands.
func (r *restoration) checkStates(version int64, changes []FieldChange) {
	h := r.rec.Header()
	moved := func(name string) bool {
		return version == 1 || slices.ContainsFunc(changes, func(c FieldChange) bool { return c.Field == name })
	}
	for _, a := range r.kd.axes {
		name := "state"
		if !a.main {
			name = r.kd.plan.Fields[a.field].Name
		}
		state := a.stateOf(r.kd, r.rec)
		switch phase := a.machine.Phase(state); {
		case !moved(name) && !(a.main && moved("phase")):
		case phase == 0:
			r.fault(version, name, fmt.Sprintf("the lifecycle %s knows no state %q", a.definition.Name, string(state)))
		case a.main && phase != h.Phase:
			r.fault(version, "phase", fmt.Sprintf("the state %s is of the phase %q here, not %q", state, phase, h.Phase))
		}
	}
}

func (r *restoration) checkFact(version int64, name string, raw json.RawMessage) {
	if !isName(name) {
		r.fault(version, "fact", fmt.Sprintf("%q cannot be the name of a fact", name))
	}
	if text := bytes.TrimSpace(raw); len(text) == 0 || text[0] != '[' || !json.Valid(text) || !utf8.Valid(text) || checkJSON(text) != nil {
		r.fault(version, "@"+name, "a fact is a JSON array of what a store can keep")
	}
}

// tell writes the event's facts and sealed values, as the pen does for a command.
func (x *tx) tell(r *restoration, e *Event, before Record, changes []FieldChange, facts map[string]json.RawMessage, people []string) {
	kd := r.kd
	was, is := plan.Pointer(before), plan.Pointer(r.rec)
	x.ink, x.sealing = append(x.ink[:0], '{'), x.sealing[:0]
	name := func(text string) {
		if len(x.ink) > 1 {
			x.ink = append(x.ink, ',')
		}
		x.ink = append(field.Text(text).AppendJSON(x.ink), ':')
	}
	for i := range changes {
		c := &changes[i]
		from, personal := kd.lookUp(c.Field, was)
		if personal {
			continue
		}
		name(c.Field)
		x.ink = append(x.ink, '[')
		if from.Kind() != field.KindNone {
			x.ink = append(from.AppendJSON(x.ink), ',')
		}
		x.ink = append(c.To.AppendJSON(x.ink), ']')
	}
	for _, fact := range sortedKeys(facts) {
		name("@" + fact)
		x.ink = append(x.ink, facts[fact]...)
	}
	x.ink = append(x.ink, '}')
	end := len(x.ink)
	x.sealWho(e, people)
	for i := range changes {
		c := &changes[i]
		if _, personal := kd.lookUp(c.Field, was); !personal {
			continue
		}
		var subject string
		if j := kd.plan.Index(c.Field); j >= 0 {
			subject = kd.subjectOf(&kd.plan.Fields[j], c.To, was, is)
		} else {
			subject = kd.personOf("caller", was, is)
		}
		x.sealValue(c.Field, subject, c.To)
		x.sealing[len(x.sealing)-1].gone = c.Erased
	}
	x.bind(e, end, r.rows[e.Version-1])
}

// lookUp reads a field, which may be a custom one, and tells whether it is personal. Empty is none.
func (kd *kind) lookUp(name string, rec unsafe.Pointer) (v field.Value, personal bool) {
	if custom, ok := strings.CutPrefix(name, "custom."); ok {
		d, _ := kd.schema.Declaration(custom)
		return kd.plan.CustomFields(rec).Get(custom), d.Personal
	}
	i := kd.plan.Index(name)
	if kd.plan.Filled(i, rec) {
		v = kd.plan.Get(i, rec)
	}
	return v, kd.plan.Fields[i].Personal
}

// withSuppressed adds the timers that had passed to what the last event says.
func (r *restoration) withSuppressed(facts map[string]json.RawMessage) map[string]json.RawMessage {
	noted := make(map[string]json.RawMessage, len(facts)+1)
	for name, raw := range facts {
		noted[name] = raw
	}
	var before []json.RawMessage
	if raw, ok := facts[factSuppressed]; ok && json.Unmarshal(raw, &before) != nil {
		return facts // which is a fault of its own
	}
	for _, name := range r.suppressed {
		before = append(before, field.Text(name).AppendJSON(nil))
	}
	noted[factSuppressed], _ = json.Marshal(before)
	return noted
}

// plantTimers sets the timers that are to come, and notes those that had passed.
func (x *tx) plantTimers(r *restoration, life *Life) {
	seen := map[string]bool{}
	for _, t := range life.Timers {
		t.Key, t.Due = r.key, t.Due.Round(0).UTC()
		what := fmt.Sprintf("timer %q", t.Name)
		r.check(0, what, t.Name, t.Trigger, t.Input)
		h := r.kd.handlers[lifecycle.Trigger(t.Trigger)]
		switch {
		case t.Name == "" || seen[t.Name]:
			r.fault(0, what, "a record has one timer of a name")
		case t.Generation < 1 || t.Generation > int64(len(life.Events)):
			r.fault(0, what, "its generation is the version of the event that set it")
		case t.Due.Before(field.MinInstant()) || t.Due.After(field.MaxInstant()):
			r.fault(0, what, "give an instant between the years 1677 and 2262")
		case h == nil || h.creates:
			r.fault(0, what, fmt.Sprintf("%s has no trigger %q", r.kd.name, t.Trigger))
		case t.Input != "" && json.Unmarshal([]byte(t.Input), h.zero()) != nil:
			r.fault(0, what, fmt.Sprintf("its input is none that %q takes", t.Trigger))
		}
		seen[t.Name] = true
		if t.Due.After(x.clockNow()) {
			r.timers = append(r.timers, TimerWrite{Timer: t})
		} else {
			r.suppressed = append(r.suppressed, t.Name)
		}
	}
}

// plantRows numbers and seals the rows, each under its version.
func (x *tx) plantRows(r *restoration, life *Life) {
	r.rows = make([][]Row, len(life.Events))
	last := int64(1)
	for i := range life.Rows {
		told := &life.Rows[i]
		what := fmt.Sprintf("row %d", i+1)
		if told.Version < 1 || told.Version > int64(len(life.Events)) {
			r.fault(0, what, fmt.Sprintf("there is no event %d that it hangs on", told.Version))
			continue
		}
		if told.Version < last {
			r.fault(told.Version, what, "rows come in the order of their events")
		}
		last = told.Version
		at := &r.rows[told.Version-1]
		if len(*at) == maxRows {
			r.fault(told.Version, what, "an event has 65,536 rows at most")
			continue
		}
		r.check(told.Version, what, told.Key, told.Subject, told.Text)
		if !isName(string(told.Kind)) {
			r.fault(told.Version, what, fmt.Sprintf("%q cannot be the kind of a row", string(told.Kind)))
		}
		row := Row{
			Record: r.key, ID: told.Version*maxRows + int64(len(*at)), Kind: told.Kind, Version: told.Version, Key: told.Key,
			Facts: slices.Clone([]byte(told.Facts)), Sealed: Sealed{Field: string(told.Kind), Subject: Erased},
		}
		switch {
		case told.Removed:
			r.gone[row.ID] = true
		case len(row.Facts) == 0 || row.Facts[0] != '{' || !json.Valid(row.Facts) || !utf8.Valid(row.Facts) || checkJSON(row.Facts) != nil:
			r.fault(told.Version, what, "its facts are a JSON object of what a store can keep")
		case !told.Erased:
			row.Sealed.Subject = told.Subject
			row.Sealed.Salt, row.Sealed.Value = x.salt(make([]byte, 0, saltSize)), field.Text(told.Text).AppendJSON(nil)
			row.Sealed.Digest, x.scratch = sealDigest(x.scratch, &row.Sealed)
		}
		*at = append(*at, row)
	}
}
