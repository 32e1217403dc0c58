package recurring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// handlers says what each trigger does to the record; the table says when it may.
func (s *Recurrences) handlers(p *itsm.Practice[Recurrence]) {
	s.plan = itsm.Create(p, TriggerPlan, "planned", s.planned)
	s.suspend = itsm.Handle(p, TriggerSuspend, func(u *itsm.Unit, r *Recurrence, b Because) error {
		r.Reason = b.Reason
		return s.withdraw(u, r)
	})
	s.resume = itsm.Handle(p, TriggerResume, func(u *itsm.Unit, r *Recurrence, _ Nothing) error {
		r.Reason = ""
		return s.start(u, r)
	})
	s.reschedule = itsm.Handle(p, TriggerReschedule, func(u *itsm.Unit, r *Recurrence, t Timing) error {
		if err := s.withdraw(u, r); err != nil {
			return err
		}
		if err := s.take(u, r, t.Schedule); err != nil || r.State != StateActive {
			return err
		}
		return s.start(u, r)
	})
	s.revise = itsm.Handle(p, TriggerRevise, func(u *itsm.Unit, r *Recurrence, v Revision) error { return s.order(u, r, v.Work) })
	s.run = itsm.Handle(p, TriggerRun, s.runsNow)
	s.end = itsm.Handle(p, TriggerEnd, func(u *itsm.Unit, r *Recurrence, b Because) error {
		r.Reason = b.Reason
		return s.withdraw(u, r)
	})
	itsm.Handle(p, TriggerOccur, s.occurs)
	itsm.Handle(p, TriggerRunOut, func(_ *itsm.Unit, r *Recurrence, _ Nothing) error {
		r.Reason = RanOut
		return nil
	})
	p.Standard(nil)
}

func (s *Recurrences) planned(u *itsm.Unit, r *Recurrence, p Plan) error {
	if strings.TrimSpace(p.Title) == "" {
		return itsm.Invalid("title", "say in a few words what comes again")
	}
	r.Title, r.Description = p.Title, p.Description
	r.Caller, r.OpenedBy = p.Caller, u.Actor().Person()
	r.HandTo(p.Group, p.Assignee)
	r.Category, r.Service = p.Category, p.Service
	r.Missed, r.Grace, r.OneAtATime = p.Missed, p.Grace, p.OneAtATime
	r.Custom = p.Custom.Clone()
	if err := errors.Join(s.take(u, r, p.Schedule), s.order(u, r, p.Work)); err != nil {
		return err
	}
	return s.start(u, r)
}

// take gives it a schedule. An interval without a beginning begins now.
func (s *Recurrences) take(u *itsm.Unit, r *Recurrence, spec Spec) error {
	schedule, err := s.Schedule(spec)
	if err != nil {
		return err
	}
	spec = schedule.Spec()
	if schedule.every > 0 && spec.From.IsZero() {
		spec.From = u.Now().Truncate(time.Second)
	}
	r.Schedule = spec
	return nil
}

// start waits for the first occurrence from now on, and never for one that was reached before.
func (s *Recurrences) start(u *itsm.Unit, r *Recurrence) error {
	after := u.Now()
	if r.Reached.After(after) {
		after = r.Reached // the clock was put back
	}
	if err := s.await(u, r, after); err != nil {
		return err
	}
	if r.Next.IsZero() {
		return itsm.Invalid("schedule", "no occurrence comes any more: reschedule it, or end it")
	}
	return nil
}

// await sets the timer of the first occurrence after an instant; there need not be one.
func (s *Recurrences) await(u *itsm.Unit, r *Recurrence, after time.Time) error {
	schedule, err := s.Schedule(r.Schedule)
	if err != nil {
		return err
	}
	next, err := schedule.Next(after)
	if err == nil && u.Suppresses(next) { // an import: what has passed is over
		next, err = schedule.Next(s.Kernel().Clock().Now())
	}
	if errors.Is(err, ErrNone) {
		r.Next = time.Time{}
		return nil
	}
	if err != nil {
		return err
	}
	r.Next = next.UTC()
	return u.SetTimer(TimerOf(r.Next), r.Next, TriggerOccur, Due{r.Next})
}

// withdraw waits no more. An occurrence that is due by now and was not run is over.
func (s *Recurrences) withdraw(u *itsm.Unit, r *Recurrence) error {
	if r.Next.IsZero() {
		u.CancelTimer(timerRunOut)
		return nil
	}
	u.CancelTimer(TimerOf(r.Next))
	next := r.Next
	r.Next = time.Time{}
	if next.After(u.Now()) {
		return nil
	}
	run := Run{Nominal: next, Outcome: Withdrawn, Late: u.Now().Sub(next)}
	if schedule, err := s.Schedule(r.Schedule); err == nil {
		run.until(schedule.last(next, u.Now()))
	}
	return s.leaveOut(u, r, run)
}

// until makes it a run of several.
func (r *Run) until(last time.Time) {
	if last.After(r.Nominal) {
		r.Last = last.UTC()
	}
}

// leaveOut notes occurrences that are over.
func (s *Recurrences) leaveOut(u *itsm.Unit, r *Recurrence, run Run) error {
	r.Reached = run.Nominal
	if !run.Last.IsZero() {
		r.Reached = run.Last
	}
	r.Outcome = run.Outcome
	return u.Fact(factOccurrence, run)
}

// occurs is an occurrence that has come: it is run or left out, and the next one is awaited. The next is counted from
// this one, never from now.
func (s *Recurrences) occurs(u *itsm.Unit, r *Recurrence, due Due) error {
	if !due.Nominal.Equal(r.Next) {
		return nil // of a schedule that it had before
	}
	schedule, err := s.Schedule(r.Schedule)
	if err != nil {
		return err
	}
	run := Run{Nominal: r.Next, Late: max(0, u.Now().Sub(r.Next))}
	if over, ok := s.over(schedule, r, u.Now()); ok {
		run.Outcome = Passed
		run.until(over)
		if err := s.leaveOut(u, r, run); err != nil {
			return err
		}
		return s.goOn(u, r)
	}
	if open, err := stillOpen(u, r); err != nil {
		return err
	} else if open {
		run.Outcome, run.Record = StillOpen, r.Made
		if err := s.leaveOut(u, r, run); err != nil {
			return err
		}
		return s.goOn(u, r)
	}
	r.Reached = r.Next
	if err := s.goOn(u, r); err != nil {
		return err
	}
	refused, err := u.Attempt(func() error { return s.do(u, r, &run) })
	if err != nil {
		return err
	}
	if refused != nil {
		run.Outcome, run.Record = Refused, itsm.Ref{Kind: r.Does.Kind, ID: r.Does.ID}
		if r.Does.Creates() {
			run.Record = itsm.Ref{}
		}
		run.because(refused)
	}
	return s.ran(u, r, run)
}

// goOn awaits the occurrence after the one that was reached, or ends the series.
func (s *Recurrences) goOn(u *itsm.Unit, r *Recurrence) error {
	if err := s.await(u, r, r.Reached); err != nil || !r.Next.IsZero() {
		return err
	}
	return u.SetTimer(timerRunOut, u.Now(), TriggerRunOut, nil)
}

// over answers the last of the occurrences, from the awaited one on, that are left out because they were missed.
func (s *Recurrences) over(schedule *Schedule, r *Recurrence, now time.Time) (time.Time, bool) {
	switch r.Missed {
	case Drop:
		upTo := now.Add(-cmp.Or(r.Grace, time.Hour)).Add(-1)
		if r.Next.After(upTo) {
			return time.Time{}, false
		}
		return schedule.last(r.Next, upTo), true
	case RunAll:
		return s.beyond(schedule, r.Next, now)
	}
	last := schedule.last(r.Next, now)
	if !last.After(r.Next) {
		return time.Time{}, false
	}
	return schedule.last(r.Next, last.Add(-1)), true
}

// beyond answers the last occurrence before those that are caught up with.
func (s *Recurrences) beyond(schedule *Schedule, next, now time.Time) (time.Time, bool) {
	at, err := next, error(nil)
	for n := 0; err == nil && !at.After(now); n++ {
		if n == s.config.CatchUp {
			break
		}
		at, err = schedule.Next(at)
	}
	if err != nil || at.After(now) {
		return time.Time{}, false
	}
	last := schedule.last(at, now)
	for range s.config.CatchUp {
		last = schedule.last(next, last.Add(-1))
	}
	return last, true
}

// runsNow is a run by hand.
func (s *Recurrences) runsNow(u *itsm.Unit, r *Recurrence, _ Nothing) error {
	switch open, err := stillOpen(u, r); {
	case err != nil:
		return err
	case open:
		return &lifecycle.Refusal{Lifecycle: Kind, State: r.State, Trigger: TriggerRun, Reasons: []lifecycle.Reason{
			{Code: ReasonStillOpen, Args: map[string]string{"record": r.Made.String()}},
		}}
	}
	run := Run{Nominal: u.Now(), ByHand: true}
	if err := s.do(u, r, &run); err != nil {
		return err
	}
	return s.ran(u, r, run)
}

// stillOpen reports whether the record before is open, where they come one at a time.
func stillOpen(u *itsm.Unit, r *Recurrence) (open bool, err error) {
	if !r.OneAtATime || r.Made.IsZero() {
		return false, nil
	}
	err = u.LookAt(r.Made, func(rec itsm.Record) { open = rec.Header().Open() })
	if errors.Is(err, itsm.ErrNotFound) {
		err = nil
	}
	return open, err
}

// ran notes what came of a run.
func (s *Recurrences) ran(u *itsm.Unit, r *Recurrence, run Run) error {
	r.Outcome = run.Outcome
	if run.Outcome == Refused {
		r.Failures++
	} else {
		r.Runs++
		r.Failures = 0
		if r.Does.Creates() {
			r.Made = run.Record
		}
	}
	return u.Fact(factOccurrence, run)
}

// because says why a run was refused, without what may be personal in an error's text.
func (r *Run) because(err error) {
	r.Code = itsm.CodeOf(err)
	if refusal, ok := lifecycle.AsRefusal(err); ok {
		r.Reasons = refusal.Reasons
		return
	}
	if e, ok := errors.AsType[*itsm.Error](err); ok && e.Args["field"] != "" {
		r.Reasons = []lifecycle.Reason{{Code: lifecycle.Code(e.Code), Args: map[string]string{"field": e.Args["field"]}}}
	}
}

// do gives the command of the work.
func (s *Recurrences) do(u *itsm.Unit, r *Recurrence, run *Run) error {
	in, with, err := s.input(r)
	if err != nil {
		return err
	}
	run.Outcome = Done
	told := *run
	told.Of = u.Ref()
	with = append(with, itsm.Noting(factOccurrence, told))
	if !r.Does.Creates() {
		run.Record = itsm.Ref{Kind: r.Does.Kind, ID: r.Does.ID}
		return u.Do(run.Record, r.Does.Trigger, in, with...)
	}
	if run.Record, err = u.Create(r.Does.Kind, r.Does.Trigger, in, with...); err != nil {
		return err
	}
	if s.Kernel().CheckInput(r.Does.Kind, itsm.TriggerLinked) != nil {
		return nil // a kind without links
	}
	_, err = u.Attempt(func() error { return u.Link(Makes, run.Record) }) // a table may refuse links
	return err
}

// input is what the command brings: the values of the work, and who it is for, as far as the command takes that.
func (s *Recurrences) input(r *Recurrence) (itsm.Patch, []itsm.Option, error) {
	in, err := r.Does.Give.Patch()
	if err != nil || !r.Does.Creates() {
		return in, nil, err
	}
	takes := func(name string) bool { return s.Kernel().CheckInput(r.Does.Kind, r.Does.Trigger, name) == nil }
	group, assignee := r.Group, r.Assignee
	if assignee == itsm.Erased {
		assignee = ""
	}
	if r.Caller != "" && r.Caller != itsm.Erased && takes("caller") {
		in["caller"] = field.Text(r.Caller)
	}
	if group != "" && takes("group") {
		in["group"], group = field.Text(group), ""
	}
	if assignee != "" && takes("assignee") {
		in["assignee"], assignee = field.Text(assignee), ""
	}
	if group+assignee == "" || s.Kernel().CheckInput(r.Does.Kind, itsm.TriggerEdit) != nil {
		return in, nil, nil
	}
	return in, []itsm.Option{itsm.To(group, assignee)}, nil
}

// order gives it work that the actor might do as well.
func (s *Recurrences) order(u *itsm.Unit, r *Recurrence, w Work) error {
	in, err := w.Give.Patch()
	if err != nil {
		return err
	}
	k := s.Kernel()
	switch creates := slices.Contains(k.Creations(w.Kind), w.Trigger); {
	case w.Kind == Kind:
		return itsm.Invalid("work.kind", "a recurrence does not work on recurrences")
	case k.CheckInput(w.Kind, w.Trigger) != nil:
		return fmt.Errorf("work: %w", k.CheckInput(w.Kind, w.Trigger))
	case creates && !w.Creates():
		return itsm.Invalid("work.id", fmt.Sprintf("%q makes a record: name the kind alone", w.Trigger))
	case !creates && w.Creates():
		return itsm.Invalid("work.id", fmt.Sprintf("%q makes no record: name the one that gets the command", w.Trigger))
	}
	r.Does = w
	if w.Creates() {
		s.adopt(r, in)
	}
	if in, _, err = s.input(r); err != nil {
		return err
	}
	if err := s.checkValues(w, in); err != nil {
		return fmt.Errorf("work.give: %w", err)
	}
	if w.Creates() {
		return k.May(u.Context(), itsm.Ref{Kind: w.Kind}, itsm.Verb(w.Trigger))
	}
	if err := u.RequireOn(itsm.Ref{Kind: w.Kind, ID: w.ID}, itsm.Verb(w.Trigger)); err != nil {
		return err
	}
	return s.rolesAllow(u, w)
}

// checkValues says what is wrong with the inputs. Those of an edit are columns.
func (s *Recurrences) checkValues(w Work, in itsm.Patch) error {
	if w.Trigger != itsm.TriggerEdit {
		return s.Kernel().CheckValues(w.Kind, w.Trigger, in)
	}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(in)) {
		faults = append(faults, s.Kernel().CheckColumn(w.Kind, name))
	}
	return errors.Join(faults...)
}

// adopt makes whom the inputs name the recurrence's own, where an erasure finds them.
func (s *Recurrences) adopt(r *Recurrence, in itsm.Patch) {
	for name, own := range map[string]*string{"caller": &r.Caller, "group": &r.Group, "assignee": &r.Assignee} {
		if v := in[name]; v.Kind() == field.KindText {
			*own = cmp.Or(*own, v.Text())
			delete(in, name)
		}
	}
	r.Does.Give = Give(in)
}

// rolesAllow refuses what the table keeps for roles that the actor does not have: the system has them all.
func (s *Recurrences) rolesAllow(u *itsm.Unit, w Work) error {
	by := u.Principal()
	if by.Kind == itsm.System {
		return nil
	}
	for _, table := range s.Kernel().Lifecycles(w.Kind) {
		for _, row := range table.Rows {
			if row.Trigger != w.Trigger || len(row.Roles) == 0 || slices.ContainsFunc(by.Roles, func(r itsm.Role) bool { return slices.Contains(row.Roles, r) }) {
				continue
			}
			roles := make([]string, len(row.Roles))
			for i, r := range row.Roles {
				roles[i] = string(r)
			}
			return &lifecycle.Refusal{Lifecycle: Kind, State: StateActive, Trigger: TriggerPlan, Reasons: []lifecycle.Reason{
				{Code: lifecycle.MissingRole, Args: map[string]string{"roles": strings.Join(roles, ",")}},
			}}
		}
	}
	return nil
}

// tryOut answers the error that would stand in the way of a new record now, for the actor. What else is wrong with the
// work is left to the command.
func (s *Recurrences) tryOut(ctx context.Context, r *Recurrence) error {
	in, err := r.Does.Give.Patch()
	k := s.Kernel()
	if err != nil || !r.Does.Creates() || r.Does.Kind == Kind || !slices.Contains(k.Creations(r.Does.Kind), r.Does.Trigger) {
		return nil
	}
	s.adopt(r, in)
	in, with, err := s.input(r)
	if err != nil || k.CheckValues(r.Does.Kind, r.Does.Trigger, in) != nil {
		return nil
	}
	if err := k.Explain(ctx, itsm.Ref{Kind: r.Does.Kind}, r.Does.Trigger, in, with...); err != nil {
		return fmt.Errorf("the work, done now: %w", err)
	}
	return nil
}
