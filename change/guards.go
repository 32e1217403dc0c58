package change

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The codes of refusals, beside those of package lifecycle and the codes of findings of the calendar (package schedule).
const (
	ReasonType        lifecycle.Code = "change_type"         // type: the trigger is of other types
	ReasonModel       lifecycle.Code = "change_model"        // model: it is of another model
	ReasonHeld        lifecycle.Code = "held"                // reason
	ReasonNotHeld     lifecycle.Code = "not_held"            //
	ReasonPlan        lifecycle.Code = "plan_missing"        // plan, risk: a change of that risk takes the plan
	ReasonUnanswered  lifecycle.Code = "question_open"       // question: it must be answered first
	ReasonUndecided   lifecycle.Code = "approval_open"       // approval: those who are asked have not decided
	ReasonNotApproved lifecycle.Code = "not_approved"        // content: it is not approved
	ReasonRefused     lifecycle.Code = "approval_refused"    // content: it was refused
	ReasonRequester   lifecycle.Code = "requester"           // nobody approves an own change
	ReasonNoApprovers lifecycle.Code = "no_approvers"        // no policy says who decides
	ReasonAsked       lifecycle.Code = "approval_asked"      // approval: they are asked already
	ReasonNoWindow    lifecycle.Code = "no_window"           // it has no window
	ReasonWindowOver  lifecycle.Code = "window_over"         // end
	ReasonNotYet      lifecycle.Code = "window_not_open"     // start
	ReasonTasks       lifecycle.Code = "tasks_open"          // open: how many mandatory tasks
	ReasonCriterion   lifecycle.Code = "criterion_open"      // criterion: it is not judged, with evidence
	ReasonUnmet       lifecycle.Code = "criterion_not_met"   // criterion: it was not met, so that the outcome is no success
	ReasonOutcome     lifecycle.Code = "unknown_outcome"     // outcome
	ReasonReview      lifecycle.Code = "review_needed"       // its template asks for a review
	ReasonOverrider   lifecycle.Code = "may_not_override"    // roles
	ReasonTemplate    lifecycle.Code = "template_not_usable" // template: suspended, retired, or another version is approved
	ReasonPolicy      lifecycle.Code = "policy"              // policy
	ReasonNoFinding   lifecycle.Code = "nothing_in_the_way"  //
	ReasonUnderWay    lifecycle.Code = "under_way"           // field: it does not change any more
	ReasonFixed       lifecycle.Code = "fixed_by_template"   // field
)

func (s *Changes) guards(p *itsm.Practice[Change]) {
	for name, t := range map[string]Type{guardNormal: Normal, guardStandard: Standard, guardEmergency: Emergency} {
		p.Guard(name, func(_ *itsm.Unit, c *Change) *lifecycle.Reason {
			return unless(c.Type == t, ReasonType, "type", string(c.Type))
		})
	}
	for _, m := range s.config.Models {
		p.Guard(ModelGuard(m.Name), func(_ *itsm.Unit, c *Change) *lifecycle.Reason {
			return unless(c.Model == m.Name, ReasonModel, "model", c.Model)
		})
	}
	p.Guard(guardFree, func(_ *itsm.Unit, c *Change) *lifecycle.Reason {
		return unless(!c.Held, ReasonHeld, "reason", c.HoldReason)
	})
	p.Guard(guardHeld, func(_ *itsm.Unit, c *Change) *lifecycle.Reason { return unless(c.Held, ReasonNotHeld) })
	p.Guard(guardPlanned, s.planned)
	p.Guard(guardApprovable, s.approvable)
	p.Guard(guardApproved, func(_ *itsm.Unit, c *Change) *lifecycle.Reason { return c.unapproved() })
	p.Guard(guardAsks, func(u *itsm.Unit, c *Change) *lifecycle.Reason {
		return unless(s.policyOf(u, c) != nil, ReasonNoApprovers)
	})
	p.Guard(guardNotAsked, func(_ *itsm.Unit, c *Change) *lifecycle.Reason {
		return unless(c.Approval.IsZero(), ReasonAsked, "approval", c.Approval.ID)
	})
	p.Guard(guardWindow, func(u *itsm.Unit, c *Change) *lifecycle.Reason { return c.windowless(u.Now()) })
	p.Guard(guardTasks, func(u *itsm.Unit, c *Change) *lifecycle.Reason {
		if f, ok := u.Input().(*Finish); ok && strings.TrimSpace(f.Waive) != "" {
			return nil
		}
		open := c.OpenTasks - c.OpenReviews - c.OpenBackouts
		return unless(open <= 0, ReasonTasks, "open", strconv.Itoa(open))
	})
	p.Guard(guardReviews, func(_ *itsm.Unit, c *Change) *lifecycle.Reason {
		return unless(c.OpenReviews <= 0, ReasonTasks, "open", strconv.Itoa(c.OpenReviews), "type", "review")
	})
	p.Guard(guardBackout, func(u *itsm.Unit, c *Change) *lifecycle.Reason {
		in, ok := u.Input().(*Closure)
		return unless(!ok || in.Outcome != BackedOut || c.OpenBackouts <= 0, ReasonTasks, "open", strconv.Itoa(c.OpenBackouts), "type", "backout")
	})
	p.Guard(guardDecided, func(_ *itsm.Unit, c *Change) *lifecycle.Reason {
		return unless(!c.Retrospective || c.Approved == c.Content || c.Refused == c.Content, ReasonUndecided, "approval", c.Approval.ID)
	})
	p.Guard(guardCriteria, judgedCriteria)
	p.Guard(guardOutcome, func(u *itsm.Unit, _ *Change) *lifecycle.Reason {
		in, ok := u.Input().(*Closure)
		known := []Outcome{Successful, WithIssues, Failed, BackedOut}
		if !ok || in.Outcome == "" || slices.Contains(known, in.Outcome) {
			return nil
		}
		return unless(false, ReasonOutcome, "outcome", string(in.Outcome))
	})
	p.Guard(guardNoReview, func(_ *itsm.Unit, c *Change) *lifecycle.Reason { return unless(c.WithoutReview, ReasonReview) })
	p.Guard(guardOverrider, func(u *itsm.Unit, _ *Change) *lifecycle.Reason { return s.overrider(u) })
	p.Choice(chooseRevised, func(_ *itsm.Unit, c *Change) lifecycle.State {
		if c.Type == Normal {
			return StateAssessed
		}
		return StateDraft
	})
}

// planned finds plans that the risk takes, and answers that it needs.
func (s *Changes) planned(_ *itsm.Unit, c *Change) *lifecycle.Reason {
	if open := s.config.Risk.unanswered(c.Answers.Get()); len(open) > 0 && c.Type == Normal {
		return unless(false, ReasonUnanswered, "question", strings.Join(open, ","))
	}
	for _, plan := range s.config.Plans(c.Risk) {
		text := map[Plan]string{
			Implementation: c.Plans.Implementation, Test: c.Plans.Test, Backout: c.Plans.Backout, Communication: c.Plans.Communication,
		}[plan]
		if strings.TrimSpace(text) == "" {
			return unless(false, ReasonPlan, "plan", string(plan), "risk", c.Risk.String())
		}
	}
	return nil
}

// approvable lets pass what was decided, an emergency that is decided in retrospect, and what nobody is asked about, by
// somebody else than the requester.
func (s *Changes) approvable(u *itsm.Unit, c *Change) *lifecycle.Reason {
	if c.Approved == c.Content {
		return nil
	}
	in, given := u.Input().(*Approving)
	retrospective := c.Type == Emergency && (!given || in.Retrospective)
	asks := s.policyOf(u, c) != nil
	switch {
	case !asks && given && in.Retrospective:
		return unless(false, ReasonNoApprovers)
	case !asks:
		return unless(u.Actor().Person() != c.Caller, ReasonRequester)
	case c.Refused == c.Content && !c.Approval.IsZero():
		return unless(false, ReasonRefused, "content", strconv.FormatInt(c.Content, 10))
	case retrospective:
		return nil
	}
	return unless(false, ReasonUndecided, "approval", c.Approval.ID)
}

// unapproved says why the present content may not be implemented; nil where it may.
func (c *Change) unapproved() *lifecycle.Reason {
	content := strconv.FormatInt(c.Content, 10)
	switch {
	case c.Type == Standard || c.Approved == c.Content:
		return nil
	case c.Refused == c.Content:
		return unless(false, ReasonRefused, "content", content)
	case c.Type == Emergency && c.Retrospective && !c.Approval.IsZero():
		return nil
	}
	return unless(false, ReasonNotApproved, "content", content)
}

// windowless says what is wrong with the change's window; nil where nothing is.
func (c *Change) windowless(now time.Time) *lifecycle.Reason {
	switch {
	case c.Start.IsZero() || c.End.IsZero():
		return unless(false, ReasonNoWindow)
	case !c.End.After(now):
		return unless(false, ReasonWindowOver, "end", c.End.Format(time.RFC3339))
	}
	return nil
}

// judgedCriteria asks for evidence of each criterion, and that each was met where the outcome is success.
func judgedCriteria(u *itsm.Unit, c *Change) *lifecycle.Reason {
	in, _ := u.Input().(*Closure)
	for _, k := range c.Criteria.Get() {
		switch {
		case !k.Judged:
			return unless(false, ReasonCriterion, "criterion", k.Name)
		case !k.Met && in != nil && in.Outcome == Successful:
			return unless(false, ReasonUnmet, "criterion", k.Name)
		}
	}
	return nil
}

// overrider says why the actor may not override the calendar; nil where it may.
func (s *Changes) overrider(u *itsm.Unit) *lifecycle.Reason {
	a := u.Actor()
	names := make([]string, len(s.config.Overriders))
	for i, r := range s.config.Overriders {
		if slices.Contains(a.Roles, r) {
			return nil
		}
		names[i] = string(r)
	}
	return unless(a.Kind == itsm.System, ReasonOverrider, "roles", strings.Join(names, ","))
}

// unless is nil where something holds, else the reason why it does not.
func unless(holds bool, code lifecycle.Code, args ...string) *lifecycle.Reason {
	if holds {
		return nil
	}
	r := reason(code, args...)
	return &r
}

// reason makes a reason of a code and pairs of names and values.
func reason(code lifecycle.Code, args ...string) lifecycle.Reason {
	r := lifecycle.Reason{Code: code}
	for i := 0; i+1 < len(args); i += 2 {
		if r.Args == nil {
			r.Args = map[string]string{}
		}
		r.Args[args[i]] = args[i+1]
	}
	return r
}

// refuse refuses the act at hand.
func refuse(u *itsm.Unit, c *Change, reasons ...lifecycle.Reason) error {
	return &lifecycle.Refusal{Lifecycle: Kind, State: c.State, Trigger: u.Trigger(), Reasons: reasons}
}

// reader answers a change's columns to filters.
func reader(u *itsm.Unit, c *Change) func(column string) field.Value {
	return func(column string) field.Value { return u.Value(c, column) }
}

// matches is true for the zero filter.
func matches(f itsm.Filter, value func(string) field.Value) bool { return f.Op == "" || f.Match(value) }
