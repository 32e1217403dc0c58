package change

import (
	"context"
	"errors"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/task"
)

// Copy drafts a change like one that the actor may read: what is to be done, with its tasks, but no window, no approval, no
// answer about risk and no judgement. A copy of a standard change is drafted from the template as it is now.
func (s *Changes) Copy(ctx context.Context, id string, with ...itsm.Option) (Change, error) {
	c, err := s.Get(ctx, id)
	if err != nil {
		return c, err
	}
	d := Draft{
		Title: c.Title, Description: c.Description, Type: c.Type, Model: c.Model, Category: c.Category,
		Service: c.Service, Services: c.Services, Items: c.Items, Plans: c.Plans, Impact: c.Impact, Urgency: c.Urgency,
		Group: c.Group, CopyOf: c.Ref(), Custom: c.Custom,
	}
	if c.Type == Standard {
		d.Template, d.Plans = c.Template, Plans{}
		return s.Draft(ctx, d, with...)
	}
	for _, k := range c.Criteria.Get() {
		d.Criteria = append(d.Criteria, k.Name)
	}
	if d.Tasks, err = s.tasksOf(ctx, c.Ref()); err != nil {
		return c, err
	}
	return s.Draft(ctx, d, with...)
}

// tasksOf answers the tasks of a change as new ones, in their order; none where the desk has no tasks.
func (s *Changes) tasksOf(ctx context.Context, of itsm.Ref) ([]task.Work, error) {
	mine := itsm.Where("of").Is(of.String())
	page, err := s.Kernel().List(ctx, task.Kind, itsm.Query{Filter: &mine, Sort: []itsm.Sort{{Column: "id"}}, Limit: 200})
	if errors.Is(err, itsm.ErrInvalid) { // no such kind
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var work []task.Work
	for _, r := range page.Records {
		t, ok := r.(*task.Task)
		if !ok {
			continue
		}
		work = append(work, task.Work{
			Name: t.ID, Title: t.Title, Description: t.Description, Type: t.Type, Mandatory: t.Mandatory, Position: t.Position,
			After: t.Predecessors, Group: t.Group,
		})
	}
	return work, nil
}

// Success computes the change success rate of the changes that match, as the actor may see them, with the incidents that are
// linked as caused by them. It costs what it reads: each change and, where the rule counts incidents, its links.
func (s *Changes) Success(ctx context.Context, which itsm.Filter, rule SuccessRule) (Success, error) {
	parts := []itsm.Filter{itsm.Where("state").Is(string(StateClosed))}
	if which.Op != "" {
		parts = append(parts, which)
	}
	if !rule.From.IsZero() {
		parts = append(parts, itsm.Where("closed_at").AtLeast(field.Instant(rule.From)))
	}
	if !rule.Until.IsZero() {
		parts = append(parts, itsm.Where("closed_at").Before(field.Instant(rule.Until)))
	}
	match := itsm.All(parts...)
	var ended []Ended
	for c, err := range s.All(ctx, itsm.Query{Filter: &match, Limit: 500}) {
		if err != nil {
			return Success{}, err
		}
		e := Ended{Change: c}
		if rule.Within > 0 {
			if e.Caused, err = s.caused(ctx, c.Ref()); err != nil {
				return Success{}, err
			}
		}
		ended = append(ended, e)
	}
	return SuccessOf(ended, rule), nil
}

// caused answers what is linked as caused by a change, as far as the actor may see it.
func (s *Changes) caused(ctx context.Context, ref itsm.Ref) (list []Caused, err error) {
	links, err := s.Kernel().Links(ctx, ref)
	for _, l := range links {
		if l.Name != itsm.CausedBy.Inverse {
			continue
		}
		rec, err := s.Kernel().Get(ctx, l.To)
		if errors.Is(err, itsm.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Caused{Incident: l.To, Reported: rec.Header().CreatedAt})
	}
	return list, err
}
