package assignment

import (
	"slices"
	"strconv"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of rotations. A rotation's number is the id of its group.
const (
	Kind   = "rotation"
	series = "ROT"
)

// The states of a rotation.
const (
	StateRunning lifecycle.State = "running"
	StateReset   lifecycle.State = "reset" // nobody waits; the next choice begins anew
)

// The triggers of a rotation. [TriggerReset] is for managers and administrators, the others for this package.
const (
	TriggerReset lifecycle.Trigger = "reset"

	triggerOpen lifecycle.Trigger = "open"
	triggerTurn lifecycle.Trigger = "turn"
)

// Propose is the verb on rotations that [Assigner.Propose] and [Assigner.WhatIf] ask for: whoever may see who would be
// chosen, and why others would not.
const Propose itsm.Verb = "propose"

// Rotation is the line in which the members of a group wait for tickets, one record a group and tenant.
//
// It holds places, not people: who has a place is personal, and stands sealed in a row of the record, so that an erasure
// takes it out. A place whose person is gone from the group, or erased, ends with the next turn.
type Rotation struct {
	itsm.Head
	// Queue lists the places, the one that has waited longest first.
	Queue []string `json:"queue,omitempty"`
	// Turns counts the tickets that were given out, and Places the places that there ever were.
	Turns  int64 `json:"turns,omitempty"`
	Places int64 `json:"places,omitempty"`
}

// places are the rows that say who has a place: the key is the place, the subject the person.
const places itsm.RowKind = "place"

// Lifecycle is the table of a rotation.
func Lifecycle() lifecycle.Definition {
	return lifecycle.Definition{
		Name: Kind, Version: 1, Initial: StateRunning,
		States: []lifecycle.StateRow{
			{Name: StateRunning, Title: "Running", Phase: lifecycle.Active},
			{Name: StateReset, Title: "Reset", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: triggerTurn, Title: "Take a turn", Past: "turned"},
			{Name: TriggerReset, Title: "Reset", Past: "reset"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{StateRunning}, Trigger: triggerTurn, Roles: []itsm.Role{itsm.Machinery}},
			{From: []lifecycle.State{StateReset}, Trigger: triggerTurn, To: StateRunning, Roles: []itsm.Role{itsm.Machinery}},
			{From: []lifecycle.State{StateRunning}, Trigger: TriggerReset, To: StateReset, Roles: []itsm.Role{itsm.Manager, itsm.Administrator}},
		},
	}
}

// turn is what a rotation is asked: only this package can fill it in.
type turn struct {
	take func(u *itsm.Unit, r *Rotation) error
}

// question is a proposal on its way; only this package can fill it in.
type question struct {
	answer func(u *itsm.Unit) error
}

// register makes rotations a kind of the kernel.
func register(k *itsm.Kernel) (*itsm.Records[Rotation], error) {
	p, err := itsm.NewPractice[Rotation](k, itsm.Spec{Kind: Kind, Series: series, Lifecycle: Lifecycle()})
	if err != nil {
		return nil, err
	}
	itsm.Create(p, triggerOpen, "opened", func(u *itsm.Unit, _ *Rotation, _ struct{}) error {
		if u.Actor().Kind != itsm.System {
			return itsm.Invalid("trigger", "a rotation is opened by the first choice in its group")
		}
		return nil
	})
	itsm.Handle(p, triggerTurn, func(u *itsm.Unit, r *Rotation, t turn) error {
		if t.take == nil {
			return itsm.Invalid("trigger", "turns are taken by rules")
		}
		return t.take(u, r)
	})
	itsm.Handle(p, TriggerReset, func(u *itsm.Unit, r *Rotation, _ struct{}) error {
		rows, err := u.Rows(places, 0, 0)
		for _, row := range rows {
			u.RemoveRow(row.ID)
		}
		r.Queue = nil
		return err
	})
	// A question is a creation that is only ever explained: its handler sees what a command would, and nothing is made.
	itsm.Create(p, lifecycle.Trigger(Propose), "proposed", func(u *itsm.Unit, _ *Rotation, q question) error {
		if q.answer == nil {
			return itsm.Invalid("trigger", "ask with Assigner.Propose")
		}
		return q.answer(u)
	})
	return p.Records, nil
}

// line is a rotation with its people.
type line struct {
	waiting []waiting // who has waited longest first
	gone    []int64   // rows of people who have no place any more
}

// waiting is a person in the line; one who has no place yet waits at its end.
type waiting struct {
	person, place string
}

// lineOf reads the line of the members of a group, with those who have no place yet at its end, in the order given.
func lineOf(u *itsm.Unit, r *Rotation, members []string) (line, error) {
	stored, err := u.Rows(places, 0, 0)
	if err != nil {
		return line{}, err
	}
	is := make(map[string]bool, len(members))
	for _, m := range members {
		is[m] = true
	}
	l := line{waiting: make([]waiting, 0, len(members))}
	has := make(map[string]string, len(members)) // by place
	for _, row := range stored {
		if !is[row.Sealed.Subject] || !slices.Contains(r.Queue, row.Key) {
			l.gone = append(l.gone, row.ID)
			continue
		}
		has[row.Key] = row.Sealed.Subject
	}
	for _, row := range u.Added(places) {
		if is[row.Sealed.Subject] {
			has[row.Key] = row.Sealed.Subject
		}
	}
	for _, place := range r.Queue {
		if person := has[place]; person != "" && is[person] {
			l.waiting = append(l.waiting, waiting{person, place})
			delete(is, person)
		}
	}
	for _, m := range members {
		if is[m] {
			l.waiting = append(l.waiting, waiting{person: m})
			delete(is, m)
		}
	}
	return l, nil
}

// take lets the i-th of the line have the turn, and go to its end.
func (l *line) take(u *itsm.Unit, r *Rotation, i int) error {
	for _, row := range l.gone {
		u.RemoveRow(row)
	}
	queue := make([]string, 0, len(l.waiting))
	last := ""
	for j, w := range l.waiting {
		if w.place == "" {
			r.Places++
			w.place = strconv.FormatInt(r.Places, 10)
			if err := u.AddRow(places, w.place, nil, w.person, w.person); err != nil {
				return err
			}
		}
		if j == i {
			last = w.place
			continue
		}
		queue = append(queue, w.place)
	}
	r.Queue = append(queue, last)
	r.Turns++
	return nil
}
