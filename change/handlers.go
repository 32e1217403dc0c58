package change

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// handlers says what each trigger does to the record; the table says when it may, and keep what holds on every path.
func (s *Changes) handlers(p *itsm.Practice[Change]) {
	s.draft = itsm.Create(p, TriggerDraft, "drafted", s.drafted)
	nothing := func(*itsm.Unit, *Change, Nothing) error { return nil }
	s.submit = itsm.Handle(p, TriggerSubmit, s.judged)
	s.assessed = itsm.Handle(p, TriggerAssess, s.judged)
	s.ask = itsm.Handle(p, TriggerAsk, s.asked)
	s.approve = itsm.Handle(p, TriggerApprove, s.approved)
	s.reject = itsm.Handle(p, TriggerReject, func(u *itsm.Unit, c *Change, b Because) error {
		c.Reason, c.Refused = b.Reason, c.Content
		return lapse(u, c, "rejected")
	})
	s.schedule = itsm.Handle(p, TriggerSchedule, func(_ *itsm.Unit, c *Change, w Window) error {
		if !w.Start.IsZero() || !w.End.IsZero() {
			c.Start, c.End = w.Start.UTC(), w.End.UTC()
		}
		return nil
	})
	s.begin = itsm.Handle(p, TriggerBegin, func(u *itsm.Unit, c *Change, _ Nothing) error {
		if c.Start.IsZero() && c.Type == Emergency {
			c.Start, c.End = u.Now(), u.Now().Add(s.config.EmergencyWindow)
		}
		return nil
	})
	s.finish = itsm.Handle(p, TriggerFinish, s.finished)
	s.close = itsm.Handle(p, TriggerClose, func(u *itsm.Unit, c *Change, in Closure) error {
		c.Outcome, c.Notes, c.ClosedAt = in.Outcome, in.Notes, u.Now()
		return nil
	})
	s.cancel = itsm.Handle(p, TriggerCancel, func(u *itsm.Unit, c *Change, b Because) error {
		c.Reason = b.Reason
		return nil
	})
	s.hold = itsm.Handle(p, TriggerHold, func(u *itsm.Unit, c *Change, b Because) error {
		c.Held, c.HoldReason = true, b.Reason
		return toRound(u, c, approval.TriggerHold)
	})
	s.release = itsm.Handle(p, TriggerRelease, func(u *itsm.Unit, c *Change, _ Nothing) error {
		c.Held, c.HoldReason = false, ""
		return toRound(u, c, approval.TriggerRelease)
	})
	s.answer = itsm.Handle(p, TriggerAnswer, func(_ *itsm.Unit, c *Change, in Answering) error {
		answers, err := s.config.Risk.answer(c.Answers.Get(), in.Answers)
		if err == nil {
			c.Answers, err = field.Pack(answers)
		}
		return err
	})
	s.tick = itsm.Handle(p, TriggerTick, ticked)
	s.acknowledge = itsm.Handle(p, TriggerAcknowledge, s.acknowledged)
	s.override = itsm.Handle(p, TriggerOverride, s.overridden)
	itsm.Handle(p, TriggerRevise, nothing)
	itsm.Handle(p, approval.TriggerNote, noted)
	p.Standard(func(_ *itsm.Unit, c *Change, patch itsm.Patch) error { return nil })
}

func (s *Changes) drafted(u *itsm.Unit, c *Change, d Draft) error {
	if strings.TrimSpace(d.Title) == "" && d.Template == "" {
		return itsm.Invalid("title", "say in a few words what is to be changed")
	}
	c.Type, c.Model = d.Type, d.Model
	if c.Type == "" {
		c.Type = Normal
	}
	c.Title, c.Description, c.Caller, c.Category = d.Title, d.Description, d.Requester, d.Category
	c.OpenedBy = u.Actor().Person()
	if c.Caller == "" {
		c.Caller = c.OpenedBy
	}
	c.Impact, c.Urgency = d.Impact, d.Urgency
	c.Service, c.Services, c.Items = d.Service, slices.Clone(d.Services), slices.Clone(d.Items)
	c.Plans, c.Start, c.End = d.Plans, d.Start.UTC(), d.End.UTC()
	if d.Start.IsZero() {
		c.Start = time.Time{}
	}
	if d.End.IsZero() {
		c.End = time.Time{}
	}
	c.Custom = d.Custom.Clone()
	c.HandTo(d.Group, d.Assignee)
	criteria := make([]Criterion, 0, len(d.Criteria))
	for _, text := range d.Criteria {
		criteria = append(criteria, Criterion{Name: text})
	}
	if d.Template != "" {
		from, err := s.fromTemplate(u, c, d)
		if err != nil {
			return err
		}
		for _, text := range from.Criteria {
			criteria = append(criteria, Criterion{Name: text})
		}
	} else if c.Type == Standard {
		return itsm.Invalid("template", "a standard change is drafted from a template, which is its approval: name one, or draft a normal change")
	}
	if err := checkCriteria(criteria); err != nil {
		return err
	}
	answers, err := s.config.Risk.answer(nil, d.Answers)
	if err != nil {
		return err
	}
	if len(criteria) > 0 {
		if c.Criteria, err = field.Pack(criteria); err != nil {
			return err
		}
	}
	if c.Answers, err = field.Pack(answers); err != nil {
		return err
	}
	c.Content = 1
	if !d.CopyOf.IsZero() {
		return u.Link(CopyOf, d.CopyOf)
	}
	return nil
}

// judged judges the risk anew: what history says changes without an edit.
func (s *Changes) judged(u *itsm.Unit, c *Change, _ Nothing) error { return s.assess(u, c) }

func (s *Changes) asked(u *itsm.Unit, c *Change, _ Nothing) error {
	return errors.Join(s.assess(u, c), s.open(u, c))
}

func (s *Changes) approved(u *itsm.Unit, c *Change, a Approving) error {
	switch {
	case c.Approved == c.Content: // its round is decided
	case s.policyOf(u, c) == nil:
		c.Approved = c.Content
	default: // an emergency in retrospect: the guard lets nothing else pass
		c.Retrospective = true
		if c.Approval.IsZero() {
			if err := s.asked(u, c, Nothing{}); err != nil {
				return err
			}
		}
	}
	if a.Reason != "" {
		return u.Note(a.Reason)
	}
	return nil
}

// noted takes what a round came to, where it is the round that the change waits for.
func noted(_ *itsm.Unit, c *Change, o approval.Outcome) error {
	if o.Approval != c.Approval || o.Content != c.Content {
		return nil // of an older content
	}
	switch o.Status {
	case approval.Accepted:
		c.Approved = o.Content
	case approval.Refused:
		c.Refused = o.Content
		if len(o.Reasons) > 0 {
			c.Reason = fmt.Sprintf("%s: %s", o.Stage, o.Reasons[0])
		}
	}
	return nil
}

// open asks for the approval of the present content: whom the policy names.
func (s *Changes) open(u *itsm.Unit, c *Change) error {
	p := s.policyOf(u, c)
	if p == nil {
		return nil
	}
	stages, err := s.stages(u, c, p)
	if err != nil {
		return err
	}
	ref, err := u.Create(approval.Kind, approval.TriggerRequest, approval.Request{
		Subject: c.Ref(), Content: c.Content, Round: c.Round + 1, Title: c.Title, Requester: c.Caller, Stages: stages,
	})
	if err != nil {
		return fmt.Errorf("approval policy %q: %w", p.Name, err)
	}
	c.Approval, c.Round = ref, c.Round+1
	return nil
}

// lapse ends the round of the present content; there need not be one.
func lapse(u *itsm.Unit, c *Change, why string) error {
	ref := c.Approval
	if ref.IsZero() {
		return nil
	}
	c.Approval = itsm.Ref{}
	waits := false
	if err := u.LookAt(ref, func(r itsm.Record) { waits = r.Header().State == approval.StateWaiting }); err != nil || !waits {
		return err
	}
	return u.Do(ref, approval.TriggerLapse, approval.Because{Reason: why})
}

// toRound holds or releases the round, where it is open.
func toRound(u *itsm.Unit, c *Change, t lifecycle.Trigger) error {
	if c.Approval.IsZero() {
		return nil
	}
	waits := false
	err := u.LookAt(c.Approval, func(r itsm.Record) {
		a, ok := r.(*approval.Approval)
		waits = ok && a.State == approval.StateWaiting && a.Held == (t == approval.TriggerRelease)
	})
	if err != nil || !waits {
		return err
	}
	return u.Do(c.Approval, t, nil)
}

func (s *Changes) finished(u *itsm.Unit, c *Change, f Finish) error {
	c.EndedAt = u.Now()
	if f.Waive == "" {
		return nil
	}
	return s.waive(u, c, f.Waive)
}

// acknowledged bears the conflicts that the change has in its window now.
func (s *Changes) acknowledged(u *itsm.Unit, c *Change, _ Because) error {
	if s.config.Conflicts == ConflictsRefused {
		return refuse(u, c, reason(ReasonPolicy, "policy", "conflicts are refused here: move the change, or have it overridden"))
	}
	_, _, found, err := s.findings(u, c, c.slot(u.Now()))
	if err != nil {
		return err
	}
	keys := slices.Clone(c.Acknowledged)
	for _, f := range found {
		if f.Code.Conflict() && !slices.Contains(keys, f.Key()) {
			keys = append(keys, f.Key())
		}
	}
	if len(keys) == len(c.Acknowledged) {
		return refuse(u, c, reason(ReasonNoFinding))
	}
	c.Acknowledged = keys
	return nil
}

// overridden writes down what the change may pass, for the window that it has.
func (s *Changes) overridden(u *itsm.Unit, c *Change, o Overriding) error {
	_, _, found, err := s.findings(u, c, c.slot(u.Now()))
	if err != nil {
		return err
	}
	var keys []string
	for _, f := range found {
		if len(o.Codes) == 0 || slices.Contains(o.Codes, f.Code) {
			keys = append(keys, f.Key())
		}
	}
	if len(keys) == 0 {
		return refuse(u, c, reason(ReasonNoFinding))
	}
	slices.Sort(keys)
	c.Override = Override{
		Keys: slices.Compact(keys), Reason: o.Reason, By: u.Actor().Person(), At: u.Now(), Start: c.Start, End: c.End,
	}
	return nil
}

// passes reports whether somebody bears a finding.
func (c *Change) passes(f schedule.Finding) bool {
	key := f.Key()
	overridden := c.Override.Start.Equal(c.Start) && c.Override.End.Equal(c.End) && slices.Contains(c.Override.Keys, key)
	return overridden || f.Code.Conflict() && slices.Contains(c.Acknowledged, key)
}
