package service

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// step is what becomes of one row of an import.
type step struct {
	record itsm.Record // that it is already; nil where it is new
	values itsm.Patch  // those that differ
	moves  []move      // to the state that it is to be in
}

// move is a command without fields of its own.
type move struct {
	trigger lifecycle.Trigger
	input   any
}

func (s step) changes() bool { return s.record == nil || len(s.values) > 0 || len(s.moves) > 0 }

// rowFault is a fault of the row at a place in the batch.
type rowFault struct {
	row int
	Fault
}

// decide says what becomes of rows, by what is there. It answers a step for each row, and one fault for each row that has any.
func (s *Services) decide(kind string, rows []row, known []itsm.Record) (steps []step, faults []rowFault) {
	by := map[string][]itsm.Record{}
	for _, rec := range known {
		id := s.Kernel().Value(rec, "identity").Text()
		by[id] = append(by[id], rec)
	}
	steps = make([]step, len(rows))
	for i := range rows {
		r := &rows[i]
		st, name, err := s.decideRow(kind, r, by[r.Identity])
		if err != nil {
			faults = append(faults, rowFault{i, r.fault(name, messageOf(err))})
		}
		steps[i] = st
	}
	return steps, faults
}

func (s *Services) decideRow(kind string, r *row, there []itsm.Record) (st step, name string, err error) {
	if kind == RelationKind {
		return s.decideRelation(r, there)
	}
	if len(there) > 0 {
		st.record = there[0]
	}
	st.values = s.differing(r.Values, st.record)
	if item, ok := st.record.(*Item); ok || kind == ItemKind {
		cl, err := s.classOf(r.Values["class"].Text())
		if err != nil {
			return st, "class", err
		}
		var before field.Fields
		if item != nil {
			before = item.Custom
		}
		if name, err := checkAttributes(cl, before, st.values); err != nil {
			return st, name, err
		}
	}
	from := StatePlanned
	if st.record != nil {
		from = st.record.Header().State
	}
	to := r.State
	if to == "" {
		if st.record != nil {
			return st, "", nil
		}
		to = map[string]lifecycle.State{Kind: StateLive, ItemKind: StateInUse}[kind]
		if r.Values["since"].Instant().After(s.Kernel().Clock().Now()) {
			to = StatePlanned
		}
	}
	if st.moves, err = path(kind, from, to); err == nil && st.record == nil && to == StateRetired && !r.Values["since"].IsZero() {
		st.moves = slices.Insert(st.moves, 0, begin(kind)) // it was there from then on
	}
	return st, "state", err
}

// differing keeps what the record does not have yet.
func (s *Services) differing(values itsm.Patch, rec itsm.Record) itsm.Patch {
	if rec == nil {
		return values
	}
	left := itsm.Patch{}
	for name, v := range values {
		is := s.Kernel().Value(rec, name)
		same := is.Equal(v) || v.IsZero() && (is.IsZero() || is.Kind() == field.KindInt && is.Int() == 0)
		if custom, ok := strings.CutPrefix(name, "custom."); ok {
			same = rec.(*Item).Custom.Get(custom).Equal(v) || v.IsZero() && !rec.(*Item).Custom.Has(custom)
		}
		if !same {
			left[name] = v
		}
	}
	return left
}

// checkAttributes judges the attributes that an item would then have.
func checkAttributes(cl *class, before field.Fields, values itsm.Patch) (name string, err error) {
	after := before.Clone()
	changed := before == nil
	for name, v := range values {
		if custom, ok := strings.CutPrefix(name, "custom."); ok {
			after.Set(custom, v)
			changed = true
		}
	}
	if !changed {
		return "", nil
	}
	err = cl.schema.Validate(before, after)
	if faults, ok := errors.AsType[field.Faults](err); ok && len(faults) > 0 {
		return "custom." + faults[0].Field, err
	}
	return "", err
}

// path are the commands that lead from a state to another one.
func path(kind string, from, to lifecycle.State) ([]move, error) {
	retire := move{TriggerRetire, Because{Reason: "imported as retired"}}
	used := StateLive
	if kind == ItemKind {
		used = StateInUse
	}
	switch {
	case from == to:
		return nil, nil
	case to == StateRetired:
		return []move{retire}, nil
	case to == used && from == StateMaintenance:
		return []move{{TriggerEndMaintenance, Nothing{}}}, nil
	case to == used:
		return []move{begin(kind)}, nil
	case to == StateMaintenance && kind == ItemKind:
		maintain := move{TriggerBeginMaintenance, Because{Reason: "imported as in maintenance"}}
		if from == used {
			return []move{maintain}, nil
		}
		return []move{begin(kind), maintain}, nil
	case to == StatePlanned:
		return nil, itsm.Invalid("state", fmt.Sprintf("it is %s, and does not become planned again", from))
	}
	return nil, itsm.Invalid("state", fmt.Sprintf("there is no state %q", to))
}

// begin is the command that says that something is there.
func begin(kind string) move {
	if kind == ItemKind {
		return move{TriggerPutInUse, Nothing{}}
	}
	return move{TriggerGoLive, Nothing{}}
}

// decideRelation takes the relation that the row tells of. What was ended otherwise is made anew.
func (s *Services) decideRelation(r *row, there []itsm.Record) (st step, name string, err error) {
	is := r.relation(there, s.Kernel().Clock().Now())
	if is == nil {
		if until := r.Values["until"].Instant(); !until.IsZero() && r.Values["since"].IsZero() && !until.After(s.Kernel().Clock().Now()) {
			return st, "until", itsm.Invalid("until", "it has ended, and nothing says since when it held: give since, too")
		}
		st.values = r.Values
		return st, "", nil
	}
	st.record = is
	if since := r.Values["since"]; !since.IsZero() && !since.Instant().Equal(is.Since) {
		return st, "since", itsm.Invalid("since", fmt.Sprintf("%s holds since %v: end it, and relate anew", is.ID, field.Instant(is.Since)))
	}
	if is.State != StateRelated {
		if until := r.Values["until"].Instant(); !until.IsZero() && !until.Equal(is.Until) {
			return st, "until", itsm.Invalid("until", fmt.Sprintf("%s was ended for %v: relate anew from then on", is.ID, field.Instant(is.Until)))
		}
		return st, "", nil
	}
	if gate := r.Values["gate"].Text(); gate != "" && gate != is.Gate.String() {
		st.moves = append(st.moves, move{TriggerRegate, Regating{gate}})
	}
	if until := r.Values["until"].Instant(); !until.IsZero() && !until.Equal(is.Until) {
		st.moves = append(st.moves, move{TriggerEnd, Ending{until}})
	}
	return st, "", nil
}

// relation is the one that a row tells of: what began or ends when the row says before what holds now, and that before what is
// related for another time. There may be several of one identity, one after the other.
func (r *row) relation(there []itsm.Record, now time.Time) (is *Relation) {
	since, until := r.Values["since"].Instant(), r.Values["until"].Instant()
	best := 0
	for _, rec := range there {
		o := rec.(*Relation)
		fit := 0
		switch holds := !o.Since.After(now) && (o.Until.IsZero() || o.Until.After(now)); {
		case holds && (o.State == StateRelated || since.Before(o.Until)):
			fit = 2
		case o.State == StateRelated:
			fit = 1
		}
		if !until.IsZero() && o.Until.Equal(until) {
			fit += 4
		}
		if fit > 0 && !since.IsZero() && o.Since.Equal(since) {
			fit += 8
		}
		if fit > best {
			is, best = o, fit
		}
	}
	return is
}

// take gives the commands of a step.
func (s step) take(u *itsm.Unit, kind string) error {
	var ref itsm.Ref
	switch {
	case s.record == nil:
		make := map[string]lifecycle.Trigger{Kind: TriggerPlan, ItemKind: TriggerRegister, RelationKind: TriggerRelate}[kind]
		var err error
		if ref, err = u.Create(kind, make, s.values); err != nil {
			return err
		}
	case len(s.values) > 0:
		ref = s.record.Header().Ref()
		if err := u.Do(ref, itsm.TriggerEdit, s.values); err != nil {
			return err
		}
	default:
		ref = s.record.Header().Ref()
	}
	for _, m := range s.moves {
		if err := u.Do(ref, m.trigger, m.input); err != nil {
			return err
		}
	}
	return nil
}

// messageOf is what an error says, without its code where it is one of the kernel's about a field.
func messageOf(err error) string {
	if e, ok := errors.AsType[*itsm.Error](err); ok && e.Cause == nil && e.Message != "" {
		return e.Message
	}
	return err.Error()
}
