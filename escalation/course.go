package escalation

import (
	"slices"
	"strconv"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// project keeps runs and times of silence in step with a change of the ticket.
func (e *Escalator) project(u *itsm.Unit, before, after itsm.Record) error {
	is := itsm.TicketOf(after)
	if is == nil {
		return nil
	}
	var was *itsm.Ticket
	if before != nil {
		was = itsm.TicketOf(before)
	}
	if was != nil {
		if err := e.stop(u, before, was, is); err != nil {
			return err
		}
	}
	if !e.silent[is.Kind] {
		return nil
	}
	for _, p := range e.byKind[is.Kind] {
		for i := range p.Triggers {
			if t := &p.Triggers[i]; t.On.silence() {
				if err := e.listen(u, p, i, before, after); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// stop ends what an acknowledgement or the end of the work stops.
func (e *Escalator) stop(u *itsm.Unit, before itsm.Record, was, is *itsm.Ticket) error {
	ended := was.Open() && !is.Open()
	taken := e.taking[is.Kind] && is.Assignee != "" && is.Assignee != was.Assignee && u.Principal().Person() == is.Assignee
	acts := u.Acts()
	seen := slices.Contains(acts, itsm.TriggerAcknowledge)
	fired := u.Fired()
	missed := fired != nil && fired.Trigger == string(itsm.TriggerEscalate) && fired.Key.Ref() == u.Ref() && len(acts) == 0
	if !ended && !seen && !taken && !missed {
		return nil
	}
	rows, err := e.runs.In(u)
	if err != nil {
		return err
	}
	for _, r := range slices.Clone(rows) {
		if !r.Open() {
			continue
		}
		w := &work{e: e, u: u, p: e.policies[r.Policy], run: *r}
		w.run.Head = itsm.Head{State: r.State, Phase: r.Phase}
		switch {
		case ended:
			err = w.end(TicketEnded)
		case missed && fired.Name == timerPrefix+rowName(r.Policy, r.Slot):
			err = w.end(EscalateDenied)
		case w.p == nil || w.p.Persistent:
		case seen || taken && w.p.TakingStops:
			err = w.acknowledged(before)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// acknowledged stops the run for good, or for a time.
func (w *work) acknowledged(before itsm.Record) error {
	if w.p.AckTimeout == 0 {
		return w.end(StoppedByAck)
	}
	at, err := w.p.add(instant(w.u, before), w.p.AckTimeout)
	if err != nil {
		return w.end(NoWorkingTime)
	}
	instant, err := w.p.at(at)
	if err != nil {
		return w.end(NoWorkingTime)
	}
	w.run.set(Acknowledged)
	w.run.NextDue, w.run.NextAt = at.UTC(), instant.UTC()
	if err := w.turn(Turn{Did: StoppedByAck, Until: w.run.NextAt}); err != nil {
		return err
	}
	return w.keep()
}

// listen sets, moves or takes away the timer of a silence.
func (e *Escalator) listen(u *itsm.Unit, p *Policy, i int, before, after itsm.Record) error {
	t := &p.Triggers[i]
	wanted := t.listens(after) && p.fits(u, after)
	did := before != nil && t.listens(before) && p.fits(u, before)
	name := timerPrefix + p.Name + "/" + strconv.Itoa(i)
	broken, anew := t.broken(u, before, after)
	switch {
	case wanted && (!did && !broken || anew):
		from := instant(u, before)
		at, err := p.add(from, t.Within)
		if err != nil {
			u.CancelTimer(name) // there is no working time left in which somebody could be missed
			return nil
		}
		since := from.Format(time.RFC3339Nano)
		step := itsm.Escalation{Pending: true, Policy: p.Name, Occasion: "no progress since " + since, Reason: "no progress for " + span(t.Within), Due: at.UTC()}
		if t.On == OnNoAcknowledgement {
			step.Occasion, step.Reason = "no acknowledgement since "+since, "not acknowledged for "+span(t.Within)
		}
		return u.SetTimer(name, at, itsm.TriggerEscalate, step)
	case did && (!wanted || broken):
		u.CancelTimer(name)
	}
	return nil
}

// listens reports whether the trigger waits on a ticket as it stands.
func (t *Trigger) listens(rec itsm.Record) bool {
	if t.On == OnNoProgress {
		return rec.Header().Phase == lifecycle.New || rec.Header().Phase == lifecycle.Active
	}
	return rec.Header().Open()
}

// broken reports whether a silence was broken, and whether it begins anew.
func (t *Trigger) broken(u *itsm.Unit, before, after itsm.Record) (broken, anew bool) {
	is := itsm.TicketOf(after)
	var none itsm.Ticket
	was := &none
	if before != nil {
		was = itsm.TicketOf(before)
	}
	person := u.Principal().Person()
	if u.Principal().Kind == itsm.System {
		person = ""
	}
	worked := person != "" && (person != is.Caller || person == is.Assignee) && before != nil && works(u.Acts())
	if t.On == OnNoProgress {
		return worked, worked
	}
	if person != "" && person == is.Assignee || slices.Contains(u.Acts(), itsm.TriggerAcknowledge) {
		return true, false
	}
	handed := before != nil && (is.Group != was.Group && is.Group != "" || is.Assignee != was.Assignee && is.Assignee != "")
	return false, handed
}

// instant is when the record's event happens: where the machine's clock went back, that of the event before it.
func instant(u *itsm.Unit, before itsm.Record) time.Time {
	now := u.Now().UTC()
	if before != nil && before.Header().UpdatedAt.After(now) {
		return before.Header().UpdatedAt
	}
	return now
}

// works reports whether something in a command is work on the ticket.
func works(acts []lifecycle.Trigger) bool {
	return slices.ContainsFunc(acts, func(t lifecycle.Trigger) bool {
		return t != itsm.TriggerWatch && t != itsm.TriggerUnwatch
	})
}

// columnsOf reads the columns of a record.
func columnsOf(u *itsm.Unit, rec itsm.Record) func(string) field.Value {
	return func(column string) field.Value { return u.Value(rec, column) }
}
