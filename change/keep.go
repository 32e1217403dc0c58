package change

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/task"
)

// TimerBegin begins a scheduled change when its window opens, where [Config.BeginAtStart] says so.
const TimerBegin = "begin"

// keep is what every act on a change brings about, whoever gave it and whatever an overlay made of the table: its content is
// counted, its approval lapses with it, its risk is judged, and it takes a place in the calendar only where nothing stands in the way.
func (s *Changes) keep(u *itsm.Unit, was, is *Change) error {
	if err := is.check(); err != nil {
		return err
	}
	countTasks(u, is)
	if was == nil {
		if err := s.assess(u, is); err != nil {
			return err
		}
	} else if fields := edited(was, is); len(fields) > 0 {
		if err := s.revised(u, was, is, fields); err != nil {
			return err
		}
	}
	if was != nil && was.moved(is) {
		is.Acknowledged = nil // it was said of another window
	}
	switch {
	case s.underWay(is) && is.StartedAt.IsZero():
		is.StartedAt = u.Now()
	case !is.Open() && is.EndedAt.IsZero() && !is.StartedAt.IsZero():
		is.EndedAt = u.Now()
	}
	if is.State == StateAssessed && is.Approval.IsZero() && !is.Held && is.Approved != is.Content {
		if err := s.open(u, is); err != nil {
			return err
		}
	}
	if is.Phase == lifecycle.Cancelled && !is.Approval.IsZero() {
		ref := is.Approval
		if err := lapse(u, is, "cancelled"); err != nil {
			return err
		}
		is.Approval = ref // it stays to be read
	}
	return s.keepPlace(u, was, is)
}

// check lists what a change must not be, at any time.
func (c *Change) check() error {
	switch {
	case !c.Type.valid():
		return itsm.Invalid("type", fmt.Sprintf("%q is none of normal, standard and emergency", c.Type))
	case c.Type == Standard && c.Template == "":
		return itsm.Invalid("type", "a standard change is drafted from a template, which is its approval")
	case c.Start.IsZero() != c.End.IsZero():
		return itsm.Invalid("end", "a window has a start and an end")
	case !c.Start.IsZero() && !c.Start.Before(c.End):
		return itsm.Invalid("end", "a window ends after it starts")
	case slices.Contains(c.Items, "") || slices.Contains(c.Services, ""):
		return itsm.Invalid("items", "an item or service has a name")
	}
	return nil
}

// edited names the material fields that differ: what was approved is another thing with them. A window that is first given
// is no edit, and a standard change's window never is, since its template is what was approved.
func edited(was, is *Change) (fields []string) {
	add := func(differs bool, name string) {
		if differs {
			fields = append(fields, name)
		}
	}
	add(was.Type != is.Type, "type")
	add(was.Model != is.Model, "model")
	add(was.Service != is.Service, "service")
	add(!slices.Equal(was.Services, is.Services), "services")
	add(!slices.Equal(was.Items, is.Items), "items")
	add(was.Plans.Implementation != is.Plans.Implementation, "plans.implementation")
	add(was.Plans.Test != is.Plans.Test, "plans.test")
	add(was.Plans.Backout != is.Plans.Backout, "plans.backout")
	add(was.Plans.Communication != is.Plans.Communication, "plans.communication")
	add(was.Answers != is.Answers, "answers")
	add(!was.Start.IsZero() && is.Type != Standard && was.moved(is), "start")
	return fields
}

func (c *Change) moved(to *Change) bool { return !c.Start.Equal(to.Start) || !c.End.Equal(to.End) }

// revised counts a new content: what was said of the old one counts no more.
func (s *Changes) revised(u *itsm.Unit, was, is *Change, fields []string) error {
	if !s.preparing[was.State] || was.State == StateCancelled {
		return refuse(u, is, reason(ReasonUnderWay, "field", strings.Join(fields, ",")))
	}
	if is.Type == Standard || was.Type == Standard {
		if err := s.keepFixed(u, was, is, fields); err != nil {
			return err
		}
	}
	is.Content++
	is.Retrospective = false
	is.Acknowledged, is.Override = nil, Override{}
	if err := lapse(u, is, "content changed: "+strings.Join(fields, ", ")); err != nil {
		return err
	}
	return s.assess(u, is)
}

// countTasks counts open mandatory tasks by their type.
func countTasks(u *itsm.Unit, c *Change) {
	if u.Trigger() != itsm.TriggerTask {
		return
	}
	if note, ok := u.Input().(*itsm.TaskNote); ok {
		switch task.Type(note.Type) {
		case task.Review:
			c.OpenReviews += note.Open
		case task.Backout:
			c.OpenBackouts += note.Open
		}
	}
}

// waive leaves out the open mandatory tasks of the implementation.
func (s *Changes) waive(u *itsm.Unit, c *Change, why string) error {
	of := itsm.All(itsm.Where("of").Is(c.Ref().String()), itsm.Where("mandatory").Equals(field.Bool(true)),
		itsm.Where("phase").In(lifecycle.New.String(), lifecycle.Active.String(), lifecycle.Waiting.String()))
	tasks, err := u.Query(task.Kind, itsm.Query{Filter: &of, Limit: 1000})
	for i := 0; err == nil && i < len(tasks); i++ {
		t, ok := tasks[i].(*task.Task)
		if !ok || t.Type == task.Review || t.Type == task.Backout {
			continue
		}
		err = u.Do(t.Ref(), task.TriggerSkip, task.Because{Reason: why})
	}
	return err
}

// underWay reports whether a change is being implemented: in a state that neither prepares nor follows.
func (s *Changes) underWay(c *Change) bool {
	return !s.preparing[c.State] && c.State != StateReview && c.Open()
}

// keepPlace keeps the change's place in the calendar: from when it is scheduled until its work has ended. Taking it, moving
// it and beginning the work need that nothing stands in the way.
func (s *Changes) keepPlace(u *itsm.Unit, was, is *Change) error {
	is.Reserved = is.State == StateScheduled || s.underWay(is)
	placed := was != nil && was.Reserved && is.Reserved && was.placedLike(is)
	if is.Reserved && !placed && !s.goesBack(was, is) {
		if err := s.clear(u, was, is); err != nil {
			return err
		}
	}
	if s.config.BeginAtStart {
		switch timed := is.State == StateScheduled; {
		case timed && (was == nil || was.State != is.State || was.moved(is)):
			if err := u.SetTimer(TimerBegin, is.Start, TriggerBegin, nil); err != nil {
				return err
			}
		case !timed && was != nil && was.State == StateScheduled:
			u.CancelTimer(TimerBegin)
		}
	}
	if (was != nil && was.Reserved) == is.Reserved && (!is.Reserved || placed) {
		return nil
	}
	return s.move(u, is.Ref())
}

// placedLike reports whether two versions of a change take the same place in the calendar.
func (c *Change) placedLike(o *Change) bool {
	return !c.moved(o) && slices.Equal(c.Items, o.Items) && slices.Equal(c.touched(), o.touched()) &&
		c.Assignee == o.Assignee && c.Type == o.Type && c.StartedAt.Equal(o.StartedAt)
}

// goesBack reports whether the edit of a scheduled change takes it back to another approval in this transaction, so that
// it needs no place any more.
func (s *Changes) goesBack(was, is *Change) bool {
	return was != nil && was.State == is.State && is.State == StateScheduled && is.unapproved() != nil
}

// clear refuses a change that may not take its place, with all that stands in the way, and the next free slot.
func (s *Changes) clear(u *itsm.Unit, was, is *Change) error {
	var reasons []lifecycle.Reason
	add := func(r *lifecycle.Reason) {
		if r != nil {
			reasons = append(reasons, *r)
		}
	}
	begins := s.underWay(is) && (was == nil || !s.underWay(was))
	add(unless(!is.Held, ReasonHeld, "reason", is.HoldReason))
	add(is.unapproved())
	if is.Type == Standard {
		r, err := s.usable(u, is.Template, is.TemplateVersion)
		if err != nil {
			return err
		}
		add(r)
	}
	window := is.windowless(u.Now())
	if window == nil && begins && u.Now().Before(is.Start.Add(-s.config.EarlyBegin)) {
		window = unless(false, ReasonNotYet, "start", is.Start.Format(time.RFC3339))
	}
	add(window)
	if is.Start.IsZero() {
		return refuse(u, is, reasons...)
	}
	entry, plan, found, err := s.findings(u, is, is.slot(time.Time{}))
	if err != nil {
		return err
	}
	for _, f := range found {
		if !is.passes(f) {
			reasons = append(reasons, findingReason(f))
		}
	}
	if len(reasons) == 0 {
		return nil
	}
	if len(found) > 0 {
		next(&reasons[len(reasons)-1], plan, entry, is, u.Now())
	}
	return refuse(u, is, reasons...)
}

// findingReason is a finding of the calendar as a reason: its code, and what it is about.
func findingReason(f schedule.Finding) lifecycle.Reason {
	r := reason(lifecycle.Code(f.Code), "start", f.Slot.Start.Format(time.RFC3339), "end", f.Slot.End.Format(time.RFC3339))
	for name, v := range map[string]string{"window": f.Window, "with": f.With, "subject": f.Subject} {
		if v != "" {
			r.Args[name] = v
		}
	}
	return r
}

// next adds when the next free slot is.
func next(r *lifecycle.Reason, plan *schedule.Plan, e schedule.Entry, c *Change, now time.Time) {
	from := c.Start
	if from.Before(now) {
		from = now
	}
	slot, err := plan.Next(e, schedule.Search{From: from, Until: from.Add(searchAhead), Duration: c.End.Sub(c.Start)})
	if err == nil && r.Args != nil {
		r.Args["next"] = slot.Start.Format(time.RFC3339)
	}
}
