package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/task"
)

// TemplateKind is the kind of the records of standard changes, and TemplateSeries begins their numbers.
const (
	TemplateKind   = "standard_change"
	TemplateSeries = "STD"
)

// Procedure is what a standard change does, each time. What it says is fixed in the changes drafted from it; what it leaves
// open they say themselves.
type Procedure struct {
	Title       string      `json:"title"`
	Description string      `json:"description,omitempty"`
	Category    string      `json:"category,omitempty"`
	Service     string      `json:"service,omitempty"`
	Services    []string    `json:"services,omitempty"`
	Items       []string    `json:"items,omitempty"`
	Plans       Plans       `json:"plans,omitzero"`
	Criteria    []string    `json:"criteria,omitempty"`
	Group       string      `json:"group,omitempty"`
	Tasks       []task.Work `json:"tasks,omitempty"`
	// WithoutReview lets its changes be closed when they are implemented.
	WithoutReview bool `json:"without_review,omitempty"`
}

// Template is a standard change: a procedure that was approved once for all the changes drafted from it.
type Template struct {
	itsm.Head

	Name string `json:"name" itsm:"index"`
	// Procedure is what is being written, in its Edition; Published is what was approved last, in the edition Approved.
	Procedure field.Packed[Procedure] `json:"procedure"`
	Edition   int64                   `json:"edition"`
	Published field.Packed[Procedure] `json:"published,omitzero"`
	Approved  int64                   `json:"approved,omitempty"`
	// Usable is set while changes may be drafted from what is published, and made: not while it is suspended or retired.
	Usable     bool   `json:"usable,omitempty" itsm:"index"`
	ProposedBy string `json:"proposed_by,omitempty" itsm:"personal"`
	ApprovedBy string `json:"approved_by,omitempty" itsm:"personal"`
	Reason     string `json:"reason,omitempty"`
}

// NewTemplate begins a standard change.
type NewTemplate struct {
	Name      string    `json:"name"`
	Procedure Procedure `json:"procedure"`
}

// Writing is another text of the procedure.
type Writing struct {
	Procedure Procedure `json:"procedure"`
}

// The states and triggers of a standard change.
const (
	TemplateDraft     lifecycle.State = "draft"
	TemplateProposed  lifecycle.State = "proposed"
	TemplateApproved  lifecycle.State = "approved"
	TemplateSuspended lifecycle.State = "suspended"
	TemplateRetired   lifecycle.State = "retired"

	TriggerWrite   lifecycle.Trigger = "write"
	TriggerRewrite lifecycle.Trigger = "rewrite"
	TriggerPropose lifecycle.Trigger = "propose"
	TriggerReturn  lifecycle.Trigger = "return"
	TriggerSuspend lifecycle.Trigger = "suspend"
	TriggerResume  lifecycle.Trigger = "resume"
	TriggerRetire  lifecycle.Trigger = "retire"
	TriggerReedit  lifecycle.Trigger = "begin_edition"
)

const (
	guardOther  = "another_person" // who proposed it does not approve it
	guardLeader = "may_approve"    // the actor has a role that may override the calendar
)

type templateCommands struct {
	write   itsm.Creation[Template, NewTemplate]
	rewrite itsm.Command[Template, Writing]
	propose itsm.Command[Template, Nothing]
	back    itsm.Command[Template, Because]
	approve itsm.Command[Template, Nothing]
	edition itsm.Command[Template, Nothing]
	suspend itsm.Command[Template, Because]
	resume  itsm.Command[Template, Because]
	retire  itsm.Command[Template, Because]
}

// TemplateLifecycle is the table of a standard change's state. While a new edition is written, the approved one stays usable.
func TemplateLifecycle() lifecycle.Definition {
	reason := []lifecycle.Need{{"reason"}}
	in := func(s ...lifecycle.State) []lifecycle.State { return s }
	return lifecycle.Definition{
		Name: TemplateKind, Version: 1, Initial: TemplateDraft,
		States: []lifecycle.StateRow{
			{Name: TemplateDraft, Title: "Draft", Phase: lifecycle.New},
			{Name: TemplateProposed, Title: "Proposed", Phase: lifecycle.Waiting},
			{Name: TemplateApproved, Title: "Approved", Phase: lifecycle.Active},
			{Name: TemplateSuspended, Title: "Suspended", Phase: lifecycle.Waiting},
			{Name: TemplateRetired, Title: "Retired", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerRewrite, Title: "Rewrite", Past: "rewritten"},
			{Name: TriggerPropose, Title: "Propose", Past: "proposed"},
			{Name: TriggerReturn, Title: "Return", Past: "returned"},
			{Name: TriggerApprove, Title: "Approve", Past: "approved"},
			{Name: TriggerReedit, Title: "Begin another edition", Past: "edition_begun"},
			{Name: TriggerSuspend, Title: "Suspend", Past: "suspended"},
			{Name: TriggerResume, Title: "Resume", Past: "resumed"},
			{Name: TriggerRetire, Title: "Retire", Past: "retired"},
		},
		Rows: []lifecycle.Transition{
			{From: in(TemplateDraft), Trigger: TriggerRewrite},
			{From: in(TemplateDraft), Trigger: TriggerPropose, To: TemplateProposed},
			{From: in(TemplateProposed), Trigger: TriggerReturn, To: TemplateDraft, Brings: reason},
			{From: in(TemplateProposed), Trigger: TriggerApprove, To: TemplateApproved, Guards: []string{guardLeader, guardOther}},
			{From: in(TemplateApproved, TemplateSuspended), Trigger: TriggerReedit, To: TemplateDraft},
			{From: in(TemplateDraft, TemplateProposed, TemplateApproved), Trigger: TriggerSuspend, To: TemplateSuspended, Brings: reason, Guards: []string{guardLeader}},
			{From: in(TemplateSuspended), Trigger: TriggerResume, To: TemplateApproved, Brings: reason, Guards: []string{guardLeader}},
			{From: in(TemplateDraft, TemplateProposed, TemplateApproved, TemplateSuspended), Trigger: TriggerRetire, To: TemplateRetired, Brings: reason, Guards: []string{guardLeader}},
		},
	}
}

func (s *Changes) registerTemplates(k *itsm.Kernel) error {
	p, err := itsm.NewPractice[Template](k, itsm.Spec{Kind: TemplateKind, Series: TemplateSeries, Lifecycle: TemplateLifecycle()})
	if err != nil {
		return err
	}
	s.templates = p
	c := &s.standard
	c.write = itsm.Create(p, TriggerWrite, "written", func(u *itsm.Unit, t *Template, in NewTemplate) error {
		if strings.TrimSpace(in.Name) == "" {
			return itsm.Invalid("name", "a standard change has a name")
		}
		if n, err := u.Count(TemplateKind, itsm.Where("name").Is(in.Name)); err != nil || n > 0 {
			return errors.Join(err, itsm.Invalid("name", "there is a standard change "+in.Name+" already"))
		}
		t.Name, t.Edition = in.Name, 1
		return t.put(in.Procedure)
	})
	c.rewrite = itsm.Handle(p, TriggerRewrite, func(_ *itsm.Unit, t *Template, in Writing) error { return t.put(in.Procedure) })
	c.propose = itsm.Handle(p, TriggerPropose, func(u *itsm.Unit, t *Template, _ Nothing) error {
		t.ProposedBy = u.Actor().Person()
		return nil
	})
	because := func(_ *itsm.Unit, t *Template, b Because) error {
		t.Reason = b.Reason
		return nil
	}
	c.back = itsm.Handle(p, TriggerReturn, because)
	c.approve = itsm.Handle(p, TriggerApprove, func(u *itsm.Unit, t *Template, _ Nothing) error {
		t.Published, t.Approved, t.Usable, t.ApprovedBy = t.Procedure, t.Edition, true, u.Actor().Person()
		return nil
	})
	c.edition = itsm.Handle(p, TriggerReedit, func(_ *itsm.Unit, t *Template, _ Nothing) error {
		t.Edition++
		return nil
	})
	unusable := func(u *itsm.Unit, t *Template, b Because) error {
		t.Usable = false
		return because(u, t, b)
	}
	c.suspend = itsm.Handle(p, TriggerSuspend, unusable)
	c.retire = itsm.Handle(p, TriggerRetire, unusable)
	c.resume = itsm.Handle(p, TriggerResume, func(u *itsm.Unit, t *Template, b Because) error {
		if t.Approved == 0 {
			return itsm.Invalid("state", "nothing of it was ever approved: begin another edition")
		}
		t.Usable = true
		t.Procedure, t.Edition = t.Published, t.Approved
		return because(u, t, b)
	})
	p.Guard(guardOther, func(u *itsm.Unit, t *Template) *lifecycle.Reason {
		return unless(u.Actor().Person() != t.ProposedBy, ReasonRequester)
	})
	p.Guard(guardLeader, func(u *itsm.Unit, _ *Template) *lifecycle.Reason { return s.overrider(u) })
	return nil
}

// put writes the procedure.
func (t *Template) put(p Procedure) (err error) {
	criteria := make([]Criterion, len(p.Criteria))
	for i, name := range p.Criteria {
		criteria[i].Name = name
	}
	if strings.TrimSpace(p.Title) == "" {
		return itsm.Invalid("procedure.title", "say in a few words what it changes")
	}
	if err := checkCriteria(criteria); err != nil {
		return err
	}
	t.Procedure, err = field.Pack(p)
	return err
}

// Templates answers the records of standard changes.
func (s *Changes) Templates() *itsm.Records[Template] { return s.templates.Records }

// WriteTemplate begins a standard change.
func (s *Changes) WriteTemplate(ctx context.Context, t NewTemplate, with ...itsm.Option) (Template, error) {
	return s.standard.write.Do(ctx, t, with...)
}

// RewriteTemplate writes another text of the procedure, before it is proposed.
func (s *Changes) RewriteTemplate(ctx context.Context, id string, p Procedure, with ...itsm.Option) (Template, error) {
	return s.standard.rewrite.Do(ctx, id, Writing{p}, with...)
}

// ProposeTemplate hands the procedure in, for somebody else to approve.
func (s *Changes) ProposeTemplate(ctx context.Context, id string, with ...itsm.Option) (Template, error) {
	return s.standard.propose.Do(ctx, id, Nothing{}, with...)
}

// ReturnTemplate gives a proposed procedure back, with a reason.
func (s *Changes) ReturnTemplate(ctx context.Context, id, reason string, with ...itsm.Option) (Template, error) {
	return s.standard.back.Do(ctx, id, Because{reason}, with...)
}

// ApproveTemplate approves the proposed procedure, for all changes drafted from it from now on.
func (s *Changes) ApproveTemplate(ctx context.Context, id string, with ...itsm.Option) (Template, error) {
	return s.standard.approve.Do(ctx, id, Nothing{}, with...)
}

// BeginEdition begins another edition of the procedure; the approved one stays usable until that is approved, too.
func (s *Changes) BeginEdition(ctx context.Context, id string, with ...itsm.Option) (Template, error) {
	return s.standard.edition.Do(ctx, id, Nothing{}, with...)
}

// SuspendTemplate keeps changes from being made from a standard change, also those that are scheduled.
func (s *Changes) SuspendTemplate(ctx context.Context, id, reason string, with ...itsm.Option) (Template, error) {
	return s.standard.suspend.Do(ctx, id, Because{reason}, with...)
}

// ResumeTemplate ends a suspension; what was published before is usable again.
func (s *Changes) ResumeTemplate(ctx context.Context, id, reason string, with ...itsm.Option) (Template, error) {
	return s.standard.resume.Do(ctx, id, Because{reason}, with...)
}

// RetireTemplate ends a standard change.
func (s *Changes) RetireTemplate(ctx context.Context, id, reason string, with ...itsm.Option) (Template, error) {
	return s.standard.retire.Do(ctx, id, Because{reason}, with...)
}

// look shows a standard change by its name or number; a number is not looked for.
func (s *Changes) look(u *itsm.Unit, name string, look func(*Template)) error {
	id := name
	found, err := u.Query(TemplateKind, itsm.Query{Filter: where(itsm.Where("name").Is(name)), Limit: 1})
	if err != nil {
		return err
	}
	if len(found) > 0 {
		id = found[0].Header().ID
	}
	err = u.LookAt(itsm.Ref{Kind: TemplateKind, ID: id}, func(r itsm.Record) { look(r.(*Template)) })
	if errors.Is(err, itsm.ErrNotFound) {
		return itsm.Invalid("template", "there is no standard change "+name)
	}
	return err
}

func where(f itsm.Filter) *itsm.Filter { return &f }

// published answers what is approved of a standard change that a change was drafted from, by its number.
func (s *Changes) published(u *itsm.Unit, id string) (p Procedure, err error) {
	err = u.LookAt(itsm.Ref{Kind: TemplateKind, ID: id}, func(r itsm.Record) { p = r.(*Template).Published.Get() })
	return p, err
}

// fromTemplate fills a new change from a standard change that is usable.
func (s *Changes) fromTemplate(u *itsm.Unit, c *Change, d Draft) (Procedure, error) {
	var t Template
	if err := s.look(u, d.Template, func(r *Template) { t = *r }); err != nil {
		return Procedure{}, err
	}
	if !t.Usable {
		return Procedure{}, refuse(u, c, reason(ReasonTemplate, "template", t.Name, "state", string(t.State)))
	}
	if d.Type != "" && d.Type != Standard {
		return Procedure{}, itsm.Invalid("type", "a change from a template is a standard one")
	}
	p := t.Published.Get()
	c.Type, c.Template, c.TemplateVersion, c.WithoutReview = Standard, t.ID, t.Approved, p.WithoutReview
	var faults []error
	fixed := func(field string, said, given bool) bool {
		if said && given {
			faults = append(faults, itsm.Invalid(field, "the template says what it is"))
		}
		return said
	}
	if c.Title == "" {
		c.Title = p.Title
	}
	if c.Description == "" {
		c.Description = p.Description
	}
	if c.Category == "" {
		c.Category = p.Category
	}
	if c.Group == "" {
		c.HandTo(p.Group, c.Assignee)
	}
	if fixed("service", p.Service != "", d.Service != "" && d.Service != p.Service) {
		c.Service = p.Service
	}
	if fixed("services", len(p.Services) > 0, len(d.Services) > 0 && !slices.Equal(d.Services, p.Services)) {
		c.Services = p.Services
	}
	if fixed("items", len(p.Items) > 0, len(d.Items) > 0 && !slices.Equal(d.Items, p.Items)) {
		c.Items = p.Items
	}
	fixed("plans", true, d.Plans != (Plans{}) && d.Plans != p.Plans)
	c.Plans = p.Plans
	return p, errors.Join(faults...)
}

// keepFixed refuses edits of what a change's template says.
func (s *Changes) keepFixed(u *itsm.Unit, was, is *Change, fields []string) error {
	p, err := s.published(u, was.Template)
	if err != nil {
		return err
	}
	var reasons []lifecycle.Reason
	for _, f := range fields {
		open := f == "service" && p.Service == "" || f == "services" && len(p.Services) == 0 || f == "items" && len(p.Items) == 0 || f == "answers"
		if !open {
			reasons = append(reasons, reason(ReasonFixed, "field", f))
		}
	}
	if len(reasons) > 0 {
		return refuse(u, is, reasons...)
	}
	return nil
}

// usable says why a change drafted from an edition of a standard change may not be made; nil where it may.
func (s *Changes) usable(u *itsm.Unit, id string, edition int64) (r *lifecycle.Reason, err error) {
	err = u.LookAt(itsm.Ref{Kind: TemplateKind, ID: id}, func(rec itsm.Record) {
		t := rec.(*Template)
		if !t.Usable || t.Approved != edition {
			r = unless(false, ReasonTemplate, "template", t.Name, "state", string(t.State),
				"approved", fmt.Sprint(t.Approved), "edition", fmt.Sprint(edition))
		}
	})
	if errors.Is(err, itsm.ErrNotFound) {
		return unless(false, ReasonTemplate, "template", id), nil
	}
	return r, err
}

// watch suspends a standard change whose last changes were not successful often enough.
func (s *Changes) watch(u *itsm.Unit, is *Change) error {
	p := s.config.Templates
	if p.Under == 0 {
		return nil
	}
	last := itsm.All(itsm.Where("template").Is(is.Template), itsm.Where("state").Is(string(StateClosed)))
	recs, err := u.Query(Kind, itsm.Query{Filter: &last, Sort: []itsm.Sort{{Column: "closed_at", Descending: true}}, Limit: p.Of})
	if err != nil {
		return err
	}
	var t Tally
	add := func(c *Change) {
		for o, n := range t.each() {
			if o == c.Outcome && t.Ended() < p.Of {
				*n++
			}
		}
	}
	add(is) // what the store has not seen yet
	for _, r := range recs {
		if c := r.(*Change); c.ID != is.ID {
			add(c)
		}
	}
	if t.Ended() < p.Of || t.Successful*100 >= p.Under*t.Ended() {
		return nil
	}
	ref := itsm.Ref{Kind: TemplateKind, ID: is.Template}
	usable := false
	if err := u.LookAt(ref, func(r itsm.Record) { usable = r.(*Template).Usable }); err != nil || !usable {
		return err
	}
	_, err = u.Try(ref, TriggerSuspend, Because{Reason: fmt.Sprintf("%d of the last %d changes were successful, under %d%%", t.Successful, t.Ended(), p.Under)})
	return err
}
