package problem

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// TimerReviewRisk is due when a borne risk is to be looked at again.
const TimerReviewRisk = "review_risk"

func (s *Problems) guards(p *itsm.Practice[Problem]) {
	p.Guard(guardCause, func(u *itsm.Unit, r *Problem) *lifecycle.Reason {
		f, _ := u.Input().(*Fixing)
		return unless(r.Cause != "" || f != nil && f.Cause != "", ReasonNoCause)
	})
	p.Guard(guardOutcome, func(u *itsm.Unit, _ *Problem) *lifecycle.Reason {
		in, _ := u.Input().(*Resolution)
		switch {
		case in == nil || in.Outcome == "":
			return nil
		case !in.Outcome.known():
			return unless(false, ReasonOutcome, "outcome", string(in.Outcome))
		case in.Outcome == RiskAccepted && !in.ReviewAt.After(u.Now()):
			return unless(false, ReasonReviewAt)
		}
		return nil
	})
	p.Guard(guardTasks, func(_ *itsm.Unit, r *Problem) *lifecycle.Reason {
		return unless(r.OpenTasks <= 0, ReasonTasks, "open", strconv.Itoa(r.OpenTasks))
	})
	p.Guard(guardKnown, func(_ *itsm.Unit, r *Problem) *lifecycle.Reason {
		return unless(r.Cause != "" || r.Workaround != "", ReasonUnknown)
	})
	p.Guard(guardReview, func(_ *itsm.Unit, r *Problem) *lifecycle.Reason {
		return unless(!r.Major || !r.Review.IsZero(), ReasonReview)
	})
	p.Guard(guardRole, func(u *itsm.Unit, r *Problem) *lifecycle.Reason {
		roles, named := s.config.Reanalysts[r.Outcome]
		if !named && r.Outcome == RiskAccepted {
			roles, named = []itsm.Role{itsm.Manager, itsm.Administrator}, true
		}
		a := u.Actor()
		may := !named || a.Kind == itsm.System || slices.ContainsFunc(roles, func(r itsm.Role) bool { return slices.Contains(a.Roles, r) })
		names := make([]string, len(roles))
		for i, r := range roles {
			names[i] = string(r)
		}
		return unless(may, ReasonRole, "roles", strings.Join(names, ","), "outcome", string(r.Outcome))
	})
	p.Guard(guardHandover, func(u *itsm.Unit, r *Problem) *lifecycle.Reason {
		was, _ := u.Before().(*Problem)
		return unless(was == nil || was.Group != r.Group || was.Assignee != r.Assignee, ReasonHandover)
	})
	p.Choice(chooseHeld, func(_ *itsm.Unit, r *Problem) lifecycle.State { return cmp.Or(r.HeldFrom, StateAnalysis) })
}

// handlers says what each trigger does to the record; the table says when it may.
func (s *Problems) handlers(p *itsm.Practice[Problem]) {
	s.report = itsm.Create(p, TriggerReport, "reported", s.reported)
	own := func(u *itsm.Unit, r *Problem, o Owning) error {
		if o != (Owning{}) {
			r.HandTo(o.Group, o.Owner)
		}
		release(r)
		return nil
	}
	begin := func(u *itsm.Unit, r *Problem, o Owning) error {
		if r.Assignee == "" && o == (Owning{}) && u.Actor().Kind != itsm.System {
			o.Owner = u.Actor().Person()
		}
		return own(u, r, o)
	}
	s.assess = itsm.Handle(p, TriggerAssess, begin)
	s.analyse = itsm.Handle(p, TriggerAnalyse, begin)
	s.reassign = itsm.Handle(p, TriggerReassign, own)
	s.back = itsm.Handle(p, TriggerReturn, func(u *itsm.Unit, r *Problem, o Owning) error {
		if o.Group != "" {
			r.Group = o.Group
		}
		r.Assignee = ""
		release(r)
		return nil
	})
	s.find = itsm.Handle(p, TriggerFind, s.found)
	s.hold = itsm.Handle(p, TriggerHold, func(_ *itsm.Unit, r *Problem, b Because) error {
		r.Reason, r.Hold, r.HeldFrom = b.Reason, itsm.HoldOther, r.State
		return nil
	})
	s.resume = itsm.Handle(p, TriggerResume, func(_ *itsm.Unit, r *Problem, _ Nothing) error {
		release(r)
		return nil
	})
	s.fix = itsm.Handle(p, TriggerFix, s.fixing)
	s.resolve = itsm.Handle(p, TriggerResolve, s.resolved)
	s.complete = itsm.Handle(p, TriggerComplete, func(u *itsm.Unit, r *Problem, c Completion) error {
		r.ClosedAt = u.Now()
		return finished(u, r, c.Waiver)
	})
	s.reanalyse = itsm.Handle(p, TriggerReanalyse, func(u *itsm.Unit, r *Problem, b Because) error {
		r.Reason, r.Reanalyses = b.Reason, r.Reanalyses+1
		r.Reopens++
		r.Outcome, r.Notes, r.Waiver, r.ReviewAt = "", "", "", time.Time{}
		r.ResolvedAt, r.ClosedAt = time.Time{}, time.Time{}
		u.CancelTimer(TimerReviewRisk)
		return nil
	})
	s.cancel = itsm.Handle(p, TriggerCancel, func(_ *itsm.Unit, r *Problem, b Because) error {
		r.Reason = b.Reason
		release(r)
		return nil
	})
	s.duplicate = itsm.Handle(p, TriggerDuplicate, s.duplicated)
	s.know = itsm.Handle(p, TriggerKnow, s.known)
	s.workaround = itsm.Handle(p, TriggerWorkaround, func(_ *itsm.Unit, r *Problem, w Workaround) error {
		if w.Workaround != r.Workaround {
			r.Workaround = w.Workaround
			r.WorkaroundEdition++
		}
		return nil
	})
	s.review = itsm.Handle(p, TriggerReview, func(_ *itsm.Unit, r *Problem, in Review) (err error) {
		if strings.TrimSpace(in.Prevent) == "" {
			return itsm.Invalid("prevent", "say how it does not come again")
		}
		r.Review, err = field.Pack(in)
		return err
	})
	itsm.Handle(p, TriggerReviewRisk, func(u *itsm.Unit, r *Problem, _ Nothing) error {
		return u.Note("The risk is to be looked at again.")
	})
	p.Standard(func(_ *itsm.Unit, r *Problem, patch itsm.Patch) error {
		_, impact := patch["impact"]
		_, urgency := patch["urgency"]
		if _, priority := patch["priority"]; !priority && (impact || urgency) && r.PriorityReason == "" {
			r.Priority = s.matrix.Priority(r.Impact, r.Urgency)
		}
		return nil
	})
}

func release(r *Problem) { r.Hold, r.HeldFrom = "", "" }

func (s *Problems) reported(u *itsm.Unit, r *Problem, in Report) error {
	if strings.TrimSpace(in.Title) == "" {
		return itsm.Invalid("title", "say in a few words what goes wrong")
	}
	r.Title, r.Description, r.Category, r.Service, r.Items = in.Title, in.Description, in.Category, in.Service, slices.Clone(in.Items)
	r.OpenedBy = u.Actor().Person()
	r.Caller = r.OpenedBy
	r.Impact, r.Urgency = cmp.Or(in.Impact, itsm.Medium), cmp.Or(in.Urgency, itsm.Medium)
	if !r.Impact.Valid() || !r.Urgency.Valid() {
		return itsm.Invalid("impact", "impact and urgency are critical, high, medium or low")
	}
	r.Priority = s.matrix.Priority(r.Impact, r.Urgency)
	r.Major, r.Candidate, r.Custom = in.Major, in.Candidate, in.Custom.Clone()
	r.HandTo(in.Group, in.Owner)
	for _, inc := range in.Incidents {
		if err := u.Link(Underlies, inc); err != nil {
			return fmt.Errorf("incident %s: %w", inc, err)
		}
	}
	return nil
}

func (s *Problems) found(_ *itsm.Unit, r *Problem, f Finding) error {
	if err := s.cause(r, f.Cause, f.Category); err != nil || f.Analysis == nil {
		return err
	}
	for i, m := range f.Analysis.Timeline {
		if m.At.IsZero() || strings.TrimSpace(m.What) == "" {
			return itsm.Invalid(fmt.Sprintf("analysis.timeline[%d]", i), "a moment has an instant, and says what happened")
		}
		f.Analysis.Timeline[i].At = m.At.UTC()
	}
	slices.SortStableFunc(f.Analysis.Timeline, func(a, b Moment) int { return a.At.Compare(b.At) })
	for i, c := range f.Analysis.Causes {
		if strings.TrimSpace(c.Cause) == "" || c.Confirmed && c.RuledOut {
			return itsm.Invalid(fmt.Sprintf("analysis.causes[%d]", i), "a possible cause has a name, and is not both confirmed and ruled out")
		}
	}
	var err error
	r.Analysis, err = field.Pack(*f.Analysis)
	return err
}

// cause writes a cause down; what is empty stays.
func (s *Problems) cause(r *Problem, cause, category string) error {
	if category != "" && len(s.config.CauseCategories) > 0 && !slices.Contains(s.config.CauseCategories, category) {
		return itsm.Invalid("category", fmt.Sprintf("%q is none of the categories of causes: %s", category, strings.Join(s.config.CauseCategories, ", ")))
	}
	r.Cause, r.CauseCategory = cmp.Or(cause, r.Cause), cmp.Or(category, r.CauseCategory)
	return nil
}

// fixing begins the fix.
func (s *Problems) fixing(u *itsm.Unit, r *Problem, f Fixing) error {
	if err := s.cause(r, f.Cause, f.Category); err != nil {
		return err
	}
	changes, err := fixes(u)
	if err != nil {
		return err
	}
	for _, ref := range f.Changes {
		if slices.Contains(changes, ref) {
			continue
		}
		if err := u.Link(FixedBy, ref); err != nil {
			return fmt.Errorf("change %s: %w", ref, err)
		}
		changes = append(changes, ref)
	}
	r.Unchanged = f.Unchanged
	if len(changes) == 0 && strings.TrimSpace(f.Unchanged) == "" {
		return refuse(u, r, reason(ReasonNoChange))
	}
	return nil
}

func (s *Problems) resolved(u *itsm.Unit, r *Problem, in Resolution) error {
	r.Outcome, r.Notes, r.ResolvedAt = in.Outcome, in.Notes, u.Now()
	r.ReviewAt = time.Time{}
	if in.Outcome == RiskAccepted {
		r.ReviewAt = in.ReviewAt.UTC()
		if err := u.SetTimer(TimerReviewRisk, r.ReviewAt, TriggerReviewRisk, nil); err != nil {
			return err
		}
	}
	if in.Outcome != FixApplied {
		return nil
	}
	return finished(u, r, in.Waiver)
}

// finished refuses where a change that fixes the problem is not finished, unless there is a reason why it need not be.
func finished(u *itsm.Unit, r *Problem, waiver string) error {
	r.Waiver = cmp.Or(waiver, r.Waiver)
	if strings.TrimSpace(r.Waiver) != "" {
		return nil
	}
	changes, err := fixes(u)
	if err != nil {
		return err
	}
	var reasons []lifecycle.Reason
	for _, ref := range changes {
		err := u.LookAt(ref, func(c itsm.Record) {
			if h := c.Header(); h.Open() {
				reasons = append(reasons, reason(ReasonChange, "change", ref.ID, "state", string(h.State)))
			}
		})
		if err != nil && !errors.Is(err, itsm.ErrNotFound) { // what was purged is finished
			return err
		}
	}
	if len(reasons) > 0 {
		return refuse(u, r, reasons...)
	}
	return nil
}

// fixes are the changes that fix the problem at hand.
func fixes(u *itsm.Unit) (refs []itsm.Ref, err error) {
	links, err := u.Links()
	for _, l := range links {
		if l.Name == FixedBy.Name {
			refs = append(refs, l.To)
		}
	}
	return refs, err
}

// maxInherited bounds the links that an original inherits in one command.
const maxInherited = 1000

// duplicated gives the links to the original, which must not be a duplicate itself.
func (s *Problems) duplicated(u *itsm.Unit, r *Problem, d Duplicate) error {
	r.Reason = d.Reason
	release(r)
	usable := false
	err := u.LookAt(d.Original, func(o itsm.Record) {
		p, ok := o.(*Problem)
		usable = ok && p.ID != r.ID && p.State != StateCancelled
	})
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return err
	}
	if err != nil || !usable {
		return refuse(u, r, reason(ReasonOriginal, "original", d.Original.String()))
	}
	links, err := u.Links()
	if err != nil {
		return err
	}
	theirs, err := u.LinksOf(d.Original, 0, 0)
	if err != nil {
		return err
	}
	moved := 0
	for _, l := range links {
		has := slices.ContainsFunc(theirs, func(t itsm.Link) bool { return t.Name == l.Name && t.To == l.To })
		if has || l.Name != Underlies.Name && l.Name != FixedBy.Name {
			continue
		}
		if moved++; moved > maxInherited {
			return refuse(u, r, reason(ReasonManyLinks, "links", strconv.Itoa(len(links))))
		}
		kind := itsm.LinkType{Name: l.Name, Inverse: l.Inverse}
		if err := u.Do(d.Original, itsm.TriggerLink, itsm.NewLink{Type: kind, To: l.To}); err != nil {
			return err
		}
	}
	return u.Link(itsm.DuplicateOf, d.Original)
}

// known marks a known error, and has an article written the first time.
func (s *Problems) known(u *itsm.Unit, r *Problem, _ Nothing) error {
	if !r.KnownError {
		r.KnownError, r.KnownAt = true, u.Now()
	}
	if s.config.Articles == nil || !r.Article.IsZero() {
		return nil
	}
	ref, err := s.config.Articles.DraftKnownError(u, *r)
	if err != nil {
		return fmt.Errorf("article: %w", err)
	}
	r.Article = ref
	return nil
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
func refuse(u *itsm.Unit, r *Problem, reasons ...lifecycle.Reason) error {
	return &lifecycle.Refusal{Lifecycle: Kind, State: r.State, Trigger: u.Trigger(), Reasons: reasons}
}
