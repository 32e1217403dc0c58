package escalation

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// RunKind is the kind of rows that runs are: what queries of them name.
const RunKind = "escalation"

// Run is a policy under way on a ticket for an occasion: a row that is kept beside the ticket and can be found by its
// columns. The row of a run that ended is used again by the next; what was done is in the ticket's history.
type Run struct {
	// Head is the row's: State says how the run stands.
	itsm.Head

	Ticket   itsm.Ref `json:"ticket" itsm:"index"`
	Policy   string   `json:"policy" itsm:"index"`
	Occasion string   `json:"occasion"`
	Reason   string   `json:"reason"`
	// Began is the instant of the occasion.
	Began time.Time `json:"began"`
	// Next is the step that comes next, of a Repetition, due at NextDue and taken at NextAt; empty where the run has ended.
	Next       string    `json:"next,omitempty"`
	Repetition int       `json:"repetition,omitempty"`
	NextDue    time.Time `json:"next_due,omitzero"`
	NextAt     time.Time `json:"next_at,omitzero" itsm:"index"`
	// Ended says why it ended.
	Ended Did `json:"ended,omitempty"`
	// Taken counts the steps that the policy took on the ticket, of all its runs so far.
	Taken int `json:"taken,omitempty"`
	// Owner is the group that had the ticket when a functional step first handed it over.
	Owner string `json:"owner,omitempty"`
	Slot  int    `json:"slot"`
}

// How a run stands.
const (
	Running      lifecycle.State = "running"
	Acknowledged lifecycle.State = "acknowledged" // it goes on when the acknowledgement has timed out
	Over         lifecycle.State = "over"
)

// Open reports whether something comes next.
func (r *Run) Open() bool { return r.State == Running || r.State == Acknowledged }

// Turn is what happened to a run beside its steps, as the ticket's history keeps it.
type Turn struct {
	Policy   string `json:"policy"`
	Occasion string `json:"occasion"`
	Did      Did    `json:"did"`
	// Until is when the next step is taken, of a run that waits.
	Until time.Time `json:"until,omitzero"`
}

// Did says what happened to a run.
type Did string

// What happens to runs.
const (
	Completed      Did = "completed"        // all steps were taken
	StoppedByAck   Did = "acknowledged"     // somebody acknowledged the ticket, or took it
	TimedOut       Did = "ack_timed_out"    // and then it went on
	TicketEnded    Did = "ticket_ended"     // the ticket is resolved, closed or cancelled
	AtLimit        Did = "limit"            // the policy took as many steps on the ticket as it may
	WaitsForHours  Did = "waits_for_hours"  // the next step waits until the calendar opens
	WaitsForChange Did = "waits_for_change" // the next step waits until a change is implemented
	PolicyGone     Did = "policy_gone"      // the desk does not have the policy, or the step, any more
	NoWorkingTime  Did = "no_working_time"  // the calendar never opens again
	EscalateDenied Did = "refused"          // the lifecycle does not let the ticket be escalated
)

// factTurns is the name under which events keep turns.
const factTurns = "escalation"

// Turns reads what happened to runs in an event.
func Turns(e *itsm.Entry) []Turn {
	var turns []Turn
	if raw, ok := e.Facts[factTurns]; !ok || json.Unmarshal(raw, &turns) != nil {
		return nil
	}
	return turns
}

func rowName(policy string, slot int) string { return policy + ":" + strconv.Itoa(slot) }

const timerPrefix = "escalation "

// begin starts a policy on the ticket at hand.
func (e *Escalator) begin(u *itsm.Unit, p *Policy, o occasion) error {
	rec := u.Record()
	ticket := itsm.TicketOf(rec)
	if !ticket.Open() || !p.fits(u, rec) {
		return nil
	}
	rows, err := e.runs.In(u)
	if err != nil {
		return err
	}
	run := Run{Ticket: u.Ref(), Policy: p.Name, Occasion: o.name, Reason: o.reason, Began: o.at, Slot: 1}
	run.set(Running)
	for _, r := range rows {
		if r.Owner != "" && run.Owner == "" {
			run.Owner = r.Owner
		}
		if r.Policy != p.Name {
			continue
		}
		if r.Occasion == o.name {
			return nil // it was answered
		}
		run.Taken = max(run.Taken, r.Taken) // the row may be used again
	}
	for slot := 1; ; slot++ {
		if used := find(rows, p.Name, slot); used == nil || !used.Open() {
			run.Slot = slot
			break
		}
	}
	w := &work{e: e, u: u, p: p, run: run}
	due, err := p.add(o.at, p.Steps[0].After)
	if err != nil {
		return w.end(NoWorkingTime)
	}
	return w.goOn(place{due: due})
}

func find(rows []*Run, policy string, slot int) *Run {
	for _, r := range rows {
		if r.Policy == policy && r.Slot == slot {
			return r
		}
	}
	return nil
}

func (r *Run) set(s lifecycle.State) {
	r.State, r.Phase = s, lifecycle.Active
	switch s {
	case Over:
		r.Phase = lifecycle.Closed
	case Acknowledged:
		r.Phase = lifecycle.Waiting
	}
}

// fits reports whether the policy is for a ticket as it stands.
func (p *Policy) fits(u *itsm.Unit, rec itsm.Record) bool {
	return p.Where == nil || p.Where.Match(columnsOf(u, rec))
}

// come is what a timer brings: a silence that lasted, or a step that is due.
func (e *Escalator) come(u *itsm.Unit, due itsm.Escalation) error {
	p := e.policies[due.Policy]
	if due.Step == "" {
		if p == nil {
			return nil
		}
		return e.begin(u, p, occasion{name: due.Occasion, reason: due.Reason, at: due.Due})
	}
	run, stale, err := e.runOf(u, &due)
	if err != nil || stale {
		return err
	}
	w := &work{e: e, u: u, p: p, run: run}
	if p == nil || p.step(due.Step) < 0 {
		return w.end(PolicyGone)
	}
	if !itsm.TicketOf(u.Record()).Open() {
		return w.end(TicketEnded)
	}
	if run.State == Acknowledged {
		w.run.set(Running)
		if err := w.turn(Turn{Did: TimedOut}); err != nil {
			return err
		}
	}
	w.fired = true
	return w.goOn(place{step: p.step(due.Step), repetition: due.Repetition, due: due.Due})
}

// runOf finds the run whose step a timer brings. A ticket that was taken over from another desk has its timers and no rows:
// the run is then made of what the timer says.
func (e *Escalator) runOf(u *itsm.Unit, due *itsm.Escalation) (run Run, stale bool, err error) {
	rows, err := e.runs.In(u)
	if err != nil {
		return run, false, err
	}
	slot := 1
	if fired := u.Fired(); fired != nil {
		if i := strings.LastIndexByte(fired.Name, ':'); i >= 0 {
			slot, _ = strconv.Atoi(fired.Name[i+1:])
			slot = max(slot, 1)
		}
	}
	if r := find(rows, due.Policy, slot); r != nil {
		run = *r
		run.Head = itsm.Head{State: r.State, Phase: r.Phase}
		return run, !r.Open() || r.Occasion != due.Occasion || r.Next != due.Step || r.Repetition != due.Repetition, nil
	}
	history, err := u.History()
	if err != nil {
		return run, false, err
	}
	run = Run{Ticket: u.Ref(), Policy: due.Policy, Occasion: due.Occasion, Reason: due.Reason, Began: due.Due, Slot: slot, Owner: due.Owner, NextAt: due.Due}
	run.set(Running)
	for i := range history {
		for _, step := range history[i].Escalations() {
			if step.Policy == due.Policy {
				run.Taken++
			}
		}
	}
	return run, false, nil
}

// work is a run that is taken further in a transaction.
type work struct {
	e     *Escalator
	u     *itsm.Unit
	p     *Policy
	run   Run
	fired bool // its timer brought it here, at run.NextAt
	lost  bool // no working time is left for its next step
}

// goOn takes the steps that have come, and sets a timer for the next.
func (w *work) goOn(at place) error {
	for {
		instant, err := w.p.at(at.due)
		if err != nil {
			return w.end(NoWorkingTime)
		}
		held := instant.After(at.due)
		if w.fired {
			instant, w.fired = w.run.NextAt, false
		}
		if instant.After(w.now()) {
			return w.wait(at, instant, hours(held))
		}
		during, until, err := w.maintenance()
		if err != nil && w.u.Fired() != nil {
			return fmt.Errorf("escalation %s: maintenance: %w", w.p.Name, err)
		}
		if len(during) > 0 && w.p.Maintenance == MaintenanceHolds {
			return w.wait(at, until, WaitsForChange)
		}
		if err := w.count(); err != nil {
			return err
		}
		if w.run.Taken >= w.p.maxSteps() {
			return w.end(AtLimit)
		}
		next, more, ok, err := w.take(at, instant, held, during)
		switch {
		case err != nil && w.u.Fired() == nil:
			return w.wait(at, w.u.Now(), "") // a command is not to fail for it: a timer tries again
		case err != nil:
			return fmt.Errorf("escalation %s, step %s: %w", w.p.Name, w.p.Steps[at.step].Name, err)
		case !ok:
			return w.end(EscalateDenied)
		}
		if w.run.Taken++; w.lost {
			return w.end(NoWorkingTime)
		} else if !more {
			return w.end(Completed)
		}
		if !itsm.TicketOf(w.u.Record()).Open() {
			return w.end(TicketEnded)
		}
		at = next
	}
}

// now is the instant of the ticket's event.
func (w *work) now() time.Time { return instant(w.u, w.u.Record()) }

// count brings the run's count of the policy's steps up to that of its other runs on the ticket.
func (w *work) count() error {
	rows, err := w.e.runs.In(w.u)
	for _, r := range rows {
		if r.Policy == w.p.Name {
			w.run.Taken = max(w.run.Taken, r.Taken)
		}
	}
	return err
}

// hours is why a step that is held to working time waits.
func hours(held bool) Did {
	if held {
		return WaitsForHours
	}
	return ""
}

// maintenance answers the changes that go on, and until when what waits for them waits.
func (w *work) maintenance() (during []string, until time.Time, err error) {
	if w.e.config.Maintenance == nil || w.p.Maintenance == MaintenanceIgnored {
		return nil, time.Time{}, nil
	}
	during, until, err = w.e.config.Maintenance.InMaintenance(w.u, itsm.TicketOf(w.u.Record()))
	if now := w.now(); !until.After(now) {
		until = now.Add(overtime)
	}
	return during, until, err
}

// wait keeps the run until its next step, and says what it waits for where that is no time of the policy.
func (w *work) wait(at place, instant time.Time, why Did) error {
	w.run.Next, w.run.Repetition = w.p.Steps[at.step].Name, at.repetition
	w.run.NextDue, w.run.NextAt = at.due.UTC(), instant.UTC()
	if why != "" {
		if err := w.turn(Turn{Did: why, Until: w.run.NextAt}); err != nil {
			return err
		}
	}
	return w.keep()
}

// keep puts the row and its timer.
func (w *work) keep() error {
	r := &w.run
	timer := timerPrefix + rowName(r.Policy, r.Slot)
	if err := w.u.SetTimer(timer, r.NextAt, itsm.TriggerEscalate, itsm.Escalation{
		Pending: true, Policy: r.Policy, Step: r.Next, Occasion: r.Occasion, Repetition: r.Repetition, Reason: r.Reason,
		Due: r.NextDue, Owner: r.Owner,
	}); err != nil {
		return err
	}
	return w.put()
}

func (w *work) put() error {
	row := w.run
	return w.e.runs.Put(w.u, rowName(row.Policy, row.Slot), &row)
}

// end closes the run.
func (w *work) end(did Did) error {
	if w.run.Next != "" {
		w.u.CancelTimer(timerPrefix + rowName(w.run.Policy, w.run.Slot))
	}
	w.run.set(Over)
	w.run.Next, w.run.NextDue, w.run.NextAt, w.run.Ended = "", time.Time{}, time.Time{}, did
	if did != Completed { // that nothing comes next stands in the last step
		if err := w.turn(Turn{Did: did}); err != nil {
			return err
		}
	}
	return w.put()
}

func (w *work) turn(t Turn) error {
	t.Policy, t.Occasion = w.run.Policy, w.run.Occasion
	return w.u.Fact(factTurns, t)
}

// late says how late a step is taken, from a minute on.
func late(now, instant time.Time) string {
	if by := now.Sub(instant).Truncate(time.Minute); by > 0 {
		return ", noticed " + span(by) + " late"
	}
	return ""
}

// span is a duration without minutes and seconds that are none.
func span(d time.Duration) string {
	text := d.String()
	if d%time.Minute == 0 && d != 0 {
		text = strings.TrimSuffix(text, "0s")
	}
	if short, whole := strings.CutSuffix(text, "h0m"); whole {
		text = short + "h"
	}
	return text
}
