package change

import (
	"errors"
	"slices"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/task"
)

// hooks goes on where an act on a change leads to another one.
func (s *Changes) hooks(k *itsm.Kernel) {
	k.Hook(itsm.Hook{Name: "change: approval follows content", Kinds: []string{Kind}, AfterAct: s.follow})
	if s.config.Suspects.Within > 0 {
		k.Hook(itsm.Hook{
			Name: "change: changes that may have caused it", Kinds: s.config.Suspects.Kinds,
			Concerns: func(before, after itsm.Record) bool {
				is := itsm.TicketOf(after)
				return is != nil && is.Open() && len(is.Items) > 0 && (before == nil || !slices.Equal(itsm.TicketOf(before).Items, is.Items))
			},
			AfterAct: s.suspect,
		})
	}
}

// follow takes back what is not approved any more, and goes on where an approval was decided.
func (s *Changes) follow(u *itsm.Unit, ch itsm.Change) error {
	is := ch.After.(*Change)
	was, _ := ch.Before.(*Change)
	switch {
	case was == nil:
		return s.addTasks(u, is, ch.Input.(*Draft))
	case was.Content != is.Content && s.preparing[is.State] && s.wasApproved(was) && is.Type != Standard:
		_, err := u.Try(is.Ref(), TriggerRevise, Nothing{})
		return err
	case ch.Trigger == approval.TriggerNote:
		return s.decided(u, was, is)
	case ch.Trigger == TriggerClose && is.Template != "":
		return s.watch(u, is)
	}
	return nil
}

// wasApproved reports whether the change stood behind its approval.
func (s *Changes) wasApproved(was *Change) bool {
	return was.State != StateDraft && was.State != StateSubmitted && was.State != StateAssessed
}

// decided goes on when a round came to an end: what was accepted is approved, what was refused goes back. What was held,
// or moved on meanwhile, waits for a person.
func (s *Changes) decided(u *itsm.Unit, was, is *Change) error {
	var err error
	switch {
	case is.Approved == is.Content && was.Approved != is.Approved && (is.State == StateAssessed || is.State == StateDraft):
		_, err = u.Try(is.Ref(), TriggerApprove, Approving{})
	case is.Refused == is.Content && was.Refused != is.Refused && is.State == StateAssessed:
		_, err = u.Try(is.Ref(), TriggerReject, Because{Reason: is.Reason})
	}
	return err
}

// addTasks adds the tasks that the draft and its template name.
func (s *Changes) addTasks(u *itsm.Unit, is *Change, d *Draft) error {
	tasks := d.Tasks
	if is.Template != "" {
		from, err := s.published(u, is.Template)
		if err != nil {
			return err
		}
		tasks = append(slices.Clone(from.Tasks), tasks...)
	}
	if len(tasks) == 0 {
		return nil
	}
	_, err := u.Create(task.Kind, task.TriggerAdd, task.Addition{Of: is.Ref(), Tasks: tasks})
	return err
}

// maxSuspects bounds how many changes are looked at for one incident.
const maxSuspects = 200

// suspect proposes the changes that an incident may be caused by.
func (s *Changes) suspect(u *itsm.Unit, ch itsm.Change) error {
	inc := itsm.TicketOf(ch.After)
	under, err := s.InProgress(u.Context(), inc.Tenant, inc.Items, u.Now())
	if err != nil {
		return err
	}
	ended := itsm.All(itsm.Where("ended_at").AtLeast(field.Instant(u.Now().Add(-s.config.Suspects.Within))),
		itsm.Where("ended_at").AtMost(field.Instant(u.Now())))
	recent, err := u.Query(Kind, itsm.Query{Filter: &ended, Sort: []itsm.Sort{{Column: "ended_at", Descending: true}}, Limit: maxSuspects})
	if err != nil {
		return err
	}
	for _, r := range recent {
		if c, ok := r.(*Change); ok && slices.ContainsFunc(c.Items, func(item string) bool { return slices.Contains(inc.Items, item) }) {
			under = append(under, c.ID)
		}
	}
	links, err := u.Links()
	if err != nil {
		return err
	}
	var faults []error
	for _, id := range under {
		to := itsm.Ref{Kind: Kind, ID: id}
		linked := slices.ContainsFunc(links, func(l itsm.Link) bool {
			return l.To == to && (l.Name == MaybeCausedBy.Name || l.Name == itsm.CausedBy.Name)
		})
		if !linked {
			faults = append(faults, u.Do(inc.Ref(), itsm.TriggerLink, itsm.NewLink{Type: MaybeCausedBy, To: to}))
		}
	}
	return errors.Join(faults...)
}
