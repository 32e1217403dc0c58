package lifecycle

import (
	"context"
	"errors"

	"github.com/qmuntal/stateless"
)

// Fire pulls a trigger on a record in state from and answers the state it is then in. Before that it asks everything
// of the before-moment: state, role, guards and what the command must bring. A refusal lists all that stands in the
// way, and the state answered is from. Nothing is written: the caller stores the answer.
//
// Fire costs about 0.2 µs besides what it asks, and may be called by any number of goroutines.
func (m *Machine[S]) Fire(from State, t Trigger, s S, roles []Role) (State, *Refusal) {
	// The library takes an unknown state for a new one, and keeps it for ever.
	state, trigger := m.states[from], m.triggers[t]
	if state == 0 || trigger == 0 {
		return from, m.unknown(from, t)
	}
	// No defer: a slot that did not come to its end is not used again.
	sl := m.slots.Get().(*slot[S])
	to, reasons, err := sl.fire(state, trigger, s, roles)
	m.slots.Put(sl)
	switch {
	case err == nil:
		return m.names[to], nil
	case len(reasons) == 0:
		return from, m.notFromHere(from, t, s, roles)
	}
	return from, m.refuse(from, t, reasons)
}

// slot is a state machine of the library with the record that it has in hand. Each is used by one caller at a time, so
// that none waits for another; the library reads the state from it and stages the new one in it.
type slot[S any] struct {
	library *stateless.StateMachine
	at      index
	s       S
	roles   []Role
	reasons []Reason
}

// errUnhandled stands for all that the library refuses; the reasons are ours.
var errUnhandled = errors.New("lifecycle: unhandled trigger")

func (sl *slot[S]) fire(from, trigger index, s S, roles []Role) (index, []Reason, error) {
	sl.at, sl.s, sl.roles = from, s, roles
	err := sl.library.Fire(trigger)
	to, reasons := sl.at, sl.reasons
	var none S
	sl.at, sl.s, sl.roles, sl.reasons = 0, none, nil, nil
	return to, reasons, err
}

// newSlot configures the library from the table: each row is one transition with one guard, which asks the row.
func (m *Machine[S]) newSlot() *slot[S] {
	sl := &slot[S]{}
	sl.library = stateless.NewStateMachineWithExternalStorage(
		func(context.Context) (stateless.State, error) { return sl.at, nil },
		func(_ context.Context, to stateless.State) error { sl.at = to.(index); return nil },
		stateless.FiringImmediate,
	)
	sl.library.OnUnhandledTrigger(func(context.Context, stateless.State, stateless.Trigger, []string) error { return errUnhandled })
	for i := range m.names[1:] {
		from := index(i + 1)
		state := sl.library.Configure(from)
		for _, o := range m.offers[from] {
			sl.configure(state, from, m.triggers[o.trigger.Name], o.row)
		}
	}
	return sl
}

func (sl *slot[S]) configure(state *stateless.StateConfiguration, from, trigger index, r *row[S]) {
	var guards []stateless.GuardFunc
	if len(r.Roles) > 0 || len(r.before) > 0 { // the library allocates for a guard
		guards = append(guards, func(context.Context, ...any) bool {
			sl.reasons = r.ask(nil, sl.s, sl.roles)
			return len(sl.reasons) == 0
		})
	}
	switch {
	case r.choose != nil:
		state.PermitDynamic(trigger, func(context.Context, ...any) (stateless.State, error) {
			to, reason := r.choose.pick(sl.s)
			if reason != nil {
				sl.reasons = append(sl.reasons, *reason)
				return nil, errUnhandled
			}
			return to, nil
		}, guards...)
	case r.to == 0, r.to == from:
		state.PermitReentry(trigger, guards...)
	default:
		state.Permit(trigger, r.to, guards...)
	}
}
