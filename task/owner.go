package task

import (
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// watchOwners finds the kinds that may have tasks, and watches the triggers that end their tickets: the tables say which,
// so that no practice is named and no other command costs anything.
func (s *Tasks) watchOwners(k *itsm.Kernel) error {
	if s.owners != nil { // an Open that failed is tried again
		return nil
	}
	var ends []lifecycle.Trigger
	for _, kind := range k.Kinds() {
		if kind == Kind || k.CheckInput(kind, itsm.TriggerTask, "open") != nil || k.CheckColumn(kind, "open_tasks") != nil {
			continue
		}
		s.owners = append(s.owners, kind)
		for _, table := range k.Lifecycles(kind)[:1] {
			ends = append(ends, ending(table)...)
		}
	}
	if len(ends) > 0 {
		slices.Sort(ends)
		k.Hook(itsm.Hook{
			Name: "task: tasks end with their ticket", Kinds: s.owners, Triggers: slices.Compact(ends), AfterAct: ended,
		})
	}
	if len(s.owners) > 0 && len(s.config.ForCaller) > 0 {
		k.Hook(itsm.Hook{Name: "task: tasks are for the ticket's caller", Kinds: s.owners, AfterAct: s.readdressed})
	}
	return nil
}

// ending lists the triggers that may lead from an open state to one that is not.
func ending(table lifecycle.Definition) []lifecycle.Trigger {
	open := map[lifecycle.State]bool{}
	for _, st := range table.States {
		open[st.Name] = st.Phase.Open()
	}
	var triggers []lifecycle.Trigger
	for _, row := range table.Rows {
		targets := append(slices.Clone(row.Among), row.To)
		if slices.ContainsFunc(row.From, func(from lifecycle.State) bool { return open[from] }) &&
			slices.ContainsFunc(targets, func(to lifecycle.State) bool { return to != "" && !open[to] }) {
			triggers = append(triggers, row.Trigger)
		}
	}
	return triggers
}

// ended ends the open tasks of a ticket that is not open any more. One that refuses keeps its state, with the refusal as
// an event on it.
func ended(u *itsm.Unit, c itsm.Change) error {
	if c.Before == nil || !c.Before.Header().Open() || c.After.Header().Open() {
		return nil
	}
	trigger, why := TriggerSkip, Because{TicketEnded}
	if c.After.Header().Phase == lifecycle.Cancelled {
		trigger, why = TriggerCancel, Because{TicketCancelled}
	}
	of := itsm.All(itsm.Where("of").Is(u.Ref().String()), isOpen)
	tasks, err := u.Query(Kind, itsm.Query{Filter: &of, Limit: maxOpen})
	if err != nil {
		return err
	}
	for _, t := range tasks {
		now, err := u.Get(t.Header().Ref())
		if err != nil {
			return err
		}
		if !now.Header().Open() {
			continue // it ended in this transaction
		}
		if _, err := u.Try(now.Header().Ref(), trigger, why); err != nil {
			return err
		}
	}
	return nil
}

// readdressed gives the tasks that are for a caller to the ticket's new one.
func (s *Tasks) readdressed(u *itsm.Unit, c itsm.Change) error {
	if c.Before == nil || itsm.TicketOf(c.Before).Caller == itsm.TicketOf(c.After).Caller {
		return nil
	}
	is := itsm.TicketOf(c.After).Caller
	types := make([]string, len(s.config.ForCaller))
	for i, t := range s.config.ForCaller {
		types[i] = string(t)
	}
	of := itsm.All(itsm.Where("of").Is(u.Ref().String()), itsm.Where("type").In(types...))
	tasks, err := u.Query(Kind, itsm.Query{Filter: &of, Limit: 1000})
	for i := 0; err == nil && i < len(tasks); i++ {
		err = u.Do(tasks[i].Header().Ref(), TriggerAddress, Recipient{Caller: is})
	}
	return err
}
