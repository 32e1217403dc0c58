package knowledge

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// ReviewPolicy says who reviews which articles. Who submits a text does not vote on it.
type ReviewPolicy struct {
	Name string
	// When picks articles by their columns; the zero filter takes all.
	When itsm.Filter
	// Stages are asked in order, and then those that Ask answers, in the transaction that asks; nil adds none.
	Stages []approval.Stage
	Ask    func(u *itsm.Unit, a Article) ([]approval.Stage, error)
}

// policyOf is the policy of an article, or nil where it needs no review.
func (s *Articles) policyOf(r *Article) *ReviewPolicy {
	value := func(column string) field.Value { return s.Kernel().Value(r, column) }
	for i := range s.config.Review {
		if p := &s.config.Review[i]; p.When.Op == "" || p.When.Match(value) {
			return p
		}
	}
	return nil
}

func (s *Articles) checkReviews(k *itsm.Kernel) error {
	var faults []error
	for i, p := range s.config.Review {
		if p.When.Op == "" {
			continue
		}
		if err := k.CheckFilter(Kind, p.When); err != nil {
			faults = append(faults, fmt.Errorf("knowledge: Review[%d]: %w", i, err))
		}
	}
	return errors.Join(faults...)
}

// unreviewed is why what is written may not be published yet, or nil.
func (s *Articles) unreviewed(r *Article) *lifecycle.Reason {
	p := s.policyOf(r)
	switch {
	case p == nil || r.Approved == r.Content:
		return nil
	case r.Step == StepDraft:
		return unless(false, ReasonReview, "policy", p.Name)
	}
	return unless(false, ReasonUndecided, "approval", r.Approval.ID)
}

// ask asks for the review of what is written, where a policy names somebody.
func (s *Articles) ask(u *itsm.Unit, r *Article) error {
	p := s.policyOf(r)
	if p == nil || r.Approved == r.Content {
		return nil
	}
	stages := slices.Clone(p.Stages)
	if p.Ask != nil {
		more, err := p.Ask(u, *r)
		if err != nil {
			return fmt.Errorf("review policy %q: %w", p.Name, err)
		}
		stages = append(stages, more...)
	}
	author := u.Actor().Person()
	for i := range stages {
		stages[i].Voters = slices.DeleteFunc(slices.Clone(stages[i].Voters), func(v approval.Voter) bool { return v.Person == author })
	}
	ref, err := u.Create(approval.Kind, approval.TriggerRequest, approval.Request{
		Subject: r.Ref(), Content: r.Content, Round: r.Round + 1, Title: r.Next.Get().Title, Requester: author, Stages: stages,
	})
	if err != nil {
		return fmt.Errorf("review policy %q: %w", p.Name, err)
	}
	r.Approval, r.Round = ref, r.Round+1
	return nil
}

// lapse ends the round of asking; there need not be one.
func lapse(u *itsm.Unit, r *Article, why string) error {
	ref := r.Approval
	if ref.IsZero() {
		return nil
	}
	r.Approval = itsm.Ref{}
	waits := false
	if err := u.LookAt(ref, func(a itsm.Record) { waits = a.Header().State == approval.StateWaiting }); err != nil || !waits {
		return err
	}
	return u.Do(ref, approval.TriggerLapse, approval.Because{Reason: why})
}

// noted takes what a round came to, where it is of the content that is written.
func noted(_ *itsm.Unit, r *Article, o approval.Outcome) error {
	if o.Approval != r.Approval || o.Content != r.Content {
		return nil
	}
	switch o.Status {
	case approval.Accepted:
		r.Approved = o.Content
	case approval.Refused:
		r.Reason = o.Stage
		for _, why := range o.Reasons {
			r.Reason += fmt.Sprintf(": %s", why)
		}
		r.Reason = strings.TrimSpace(r.Reason)
	}
	return nil
}

// decided goes on when a review came to an end: what was refused goes back, and what was accepted is published where the
// desk is to do so itself.
func (s *Articles) decided(u *itsm.Unit, ch itsm.Change) error {
	is, _ := ch.After.(*Article)
	outcome, _ := ch.Input.(*approval.Outcome)
	if ch.Trigger != approval.TriggerNote || is == nil || outcome == nil || is.Step != StepReview ||
		outcome.Approval != is.Approval || outcome.Content != is.Content {
		return nil
	}
	var err error
	switch {
	case outcome.Status == approval.Refused:
		_, err = u.Try(is.Ref(), TriggerReturn, Because{Reason: is.Reason})
	case outcome.Status == approval.Accepted && s.config.PublishAccepted:
		_, err = u.Try(is.Ref(), TriggerPublish, Publication{})
	}
	return err
}
