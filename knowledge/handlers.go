package knowledge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The timers of an article: its publication, its end, and the next reminder of that.
const (
	TimerRelease = "release"
	TimerExpire  = "expire"
	TimerRemind  = "remind"
)

func (s *Articles) guards(p *itsm.Practice[Article]) {
	step := func(name string, is ...Step) {
		p.Guard(name, func(_ *itsm.Unit, r *Article) *lifecycle.Reason {
			switch {
			case slices.Contains(is, r.Step):
				return nil
			case r.Step == StepNone:
				return unless(false, ReasonNothingWritten)
			}
			return unless(false, ReasonStep, "step", string(r.Step))
		})
	}
	step(guardDrafted, StepDraft)
	step(guardUnderWay, StepReview, StepScheduled)
	step(guardSome, StepDraft, StepReview, StepScheduled)
	step(guardScheduled, StepScheduled)
	p.Guard(guardNone, func(_ *itsm.Unit, r *Article) *lifecycle.Reason { return unless(r.Step == StepNone, ReasonWritten) })

	p.Guard(guardTitle, func(_ *itsm.Unit, r *Article) *lifecycle.Reason {
		return unless(strings.TrimSpace(r.Next.Get().Title) != "", ReasonTitle)
	})
	p.Guard(guardBody, func(_ *itsm.Unit, r *Article) *lifecycle.Reason {
		return unless(strings.TrimSpace(r.Next.Get().Body) != "", ReasonBody)
	})
	p.Guard(guardAudience, func(_ *itsm.Unit, r *Article) *lifecycle.Reason {
		return unless(len(r.Next.Get().Audience.Allow) > 0, ReasonAudience)
	})
	p.Guard(guardForm, func(_ *itsm.Unit, r *Article) *lifecycle.Reason {
		missing := s.forms[r.Form].Missing(r.Next.Get().Body)
		return unless(len(missing) == 0, ReasonSection, "heading", strings.Join(missing, ", "))
	})
	p.Guard(guardReviewed, func(_ *itsm.Unit, r *Article) *lifecycle.Reason { return s.unreviewed(r) })

	due := func(later, now lifecycle.State) func(*itsm.Unit, *Article) lifecycle.State {
		return func(u *itsm.Unit, _ *Article) lifecycle.State {
			if in, ok := u.Input().(*Publication); ok && in != nil && in.At.After(u.Now()) {
				return later
			}
			return now
		}
	}
	p.Choice(chooseDue, due(StateScheduled, StatePublished))
	p.Choice(chooseBeside, due(StateExpired, StatePublished))
}

// handlers says what each trigger does to the record; the table says when it may.
func (s *Articles) handlers(p *itsm.Practice[Article]) {
	s.draft = itsm.Create(p, TriggerDraft, "drafted", s.drafted)
	s.write = itsm.Handle(p, TriggerWrite, s.written)
	s.takeUp = itsm.Handle(p, TriggerTakeUp, func(u *itsm.Unit, r *Article, in Taking) error {
		e, err := editionIn(u, in.Edition)
		if err != nil {
			return err
		}
		if e == nil {
			return refuse(u, r, reason(ReasonEdition, "edition", fmt.Sprint(in.Edition)))
		}
		r.NextTranslates = e.Translates
		return r.next(e.Content)
	})
	s.submit = itsm.Handle(p, TriggerSubmit, func(u *itsm.Unit, r *Article, _ Nothing) error {
		r.Step = StepReview
		return s.ask(u, r)
	})
	s.back = itsm.Handle(p, TriggerReturn, func(u *itsm.Unit, r *Article, b Because) error {
		r.Reason, r.Step = b.Reason, StepDraft
		unschedule(u, r)
		return lapse(u, r, "returned")
	})
	s.publish = itsm.Handle(p, TriggerPublish, s.published)
	itsm.Handle(p, TriggerRelease, func(u *itsm.Unit, r *Article, _ Nothing) error { return s.release(u, r, r.NextValidTo) })
	s.revise = itsm.Handle(p, TriggerRevise, func(u *itsm.Unit, r *Article, _ Nothing) error { return s.again(u, r) })
	s.discard = itsm.Handle(p, TriggerDiscard, func(u *itsm.Unit, r *Article, b Because) error {
		r.Reason = b.Reason
		return drop(u, r, "discarded")
	})
	itsm.Handle(p, TriggerExpire, func(u *itsm.Unit, r *Article, _ Nothing) error {
		u.CancelTimer(TimerRemind)
		return tellOwner(u, r)
	})
	itsm.Handle(p, TriggerRemind, func(u *itsm.Unit, r *Article, _ Nothing) error {
		return errors.Join(tellOwner(u, r), s.remind(u, r))
	})
	s.renew = itsm.Handle(p, TriggerRenew, func(u *itsm.Unit, r *Article, in Renewal) error {
		to, err := s.validTo(u, r, in.ValidTo, u.Now())
		if err != nil {
			return err
		}
		r.ReviewedAt = u.Now()
		return s.valid(u, r, to)
	})
	s.retire = itsm.Handle(p, TriggerRetire, s.retired)
	s.restore = itsm.Handle(p, TriggerRestore, func(u *itsm.Unit, r *Article, _ Nothing) error {
		r.Replacement, r.ValidTo = itsm.Ref{}, time.Time{}
		return s.again(u, r)
	})
	s.solve = itsm.Handle(p, TriggerSolve, solved)
	itsm.Handle(p, approval.TriggerNote, noted)
	p.Standard(func(*itsm.Unit, *Article, itsm.Patch) error { return nil })
}

func (s *Articles) drafted(u *itsm.Unit, r *Article, d Draft) error {
	r.Locale, r.Form = cmp.Or(d.Locale, s.config.Locale), d.Form
	if !validLocale(r.Locale) {
		return itsm.Invalid("locale", fmt.Sprintf("%q is no language tag, such as de-CH", r.Locale))
	}
	form, known := s.forms[d.Form]
	switch {
	case d.Form != "" && !known:
		return itsm.Invalid("form", fmt.Sprintf("there is no form %q", d.Form))
	case len(d.Sections) > 0 && strings.TrimSpace(d.Body) != "":
		return itsm.Invalid("sections", "give a body or its sections, not both")
	case d.Body == "" && (known || len(d.Sections) > 0):
		d.Body = form.Body(d.Sections)
	}
	r.Category, r.Service, r.Items, r.Custom = d.Category, d.Service, slices.Clone(d.Items), d.Custom.Clone()
	r.OpenedBy = u.Actor().Person()
	r.HandTo(d.Group, cmp.Or(d.Owner, r.OpenedBy))
	r.Family, r.Content = u.Ref().ID, 1
	if d.TranslationOf != "" {
		if err := s.translates(u, r, d.TranslationOf); err != nil {
			return err
		}
	}
	if err := r.next(d.Content); err != nil || d.From.IsZero() {
		return err
	}
	return u.Link(DraftedFrom, d.From)
}

func (s *Articles) written(u *itsm.Unit, r *Article, w Writing) error {
	if r.Family != r.ID {
		present, err := original(u, r.Family)
		switch {
		case err != nil:
			return err
		case w.Translates < 0 || w.Translates > present:
			return itsm.Invalid("translates", fmt.Sprintf("the original has %d editions", present))
		}
		r.NextTranslates = cmp.Or(w.Translates, present)
	}
	return r.next(w.Content)
}

// next makes a content what is being written.
func (r *Article) next(c Content) (err error) {
	if strings.TrimSpace(c.Title) == "" {
		return itsm.Invalid("title", "say in a few words what it is about")
	}
	if err := c.Audience.check(); err != nil {
		return err
	}
	r.Next, err = field.Pack(c)
	r.Step = StepDraft
	return err
}

// again begins to write with what was published.
func (s *Articles) again(u *itsm.Unit, r *Article) error {
	if r.Family != r.ID {
		present, err := original(u, r.Family)
		if err != nil {
			return err
		}
		r.NextTranslates = present
	}
	return r.next(r.content())
}

// content is what is published, for whom.
func (r *Article) content() Content {
	return Content{r.Published.Get(), Audience{slices.Clone(r.Allow), slices.Clone(r.Deny)}}
}

func (s *Articles) published(u *itsm.Unit, r *Article, p Publication) error {
	from := u.Now()
	if p.At.After(from) {
		from = p.At.UTC()
	}
	to, err := s.validTo(u, r, p.ValidTo, from)
	if err != nil {
		return err
	}
	if !p.At.After(u.Now()) {
		return s.release(u, r, to)
	}
	if reason := s.unreviewed(r); reason != nil {
		return refuse(u, r, *reason)
	}
	r.Step, r.PublishAt, r.NextValidTo = StepScheduled, from, to
	return u.SetTimer(TimerRelease, from, TriggerRelease, nil)
}

// release makes what is written the edition that readers see. It asks for the review once more, whatever an overlay made
// of the table.
func (s *Articles) release(u *itsm.Unit, r *Article, validTo time.Time) error {
	if reason := s.unreviewed(r); reason != nil {
		return refuse(u, r, *reason)
	}
	c := r.Next.Get()
	var err error
	if r.Published, err = field.Pack(c.Text); err != nil {
		return err
	}
	r.Title, r.Allow, r.Deny = c.Title, c.Audience.Allow, c.Audience.Deny
	r.Edition, r.Translates, r.PublishedAt, r.ReviewedAt = r.Edition+1, r.NextTranslates, u.Now(), u.Now()
	e := Edition{
		Number: r.Edition, Content: c, From: u.Now(), By: u.Actor().Person(), Translates: r.Translates, Approval: r.Approval,
	}
	r.Next, r.Step, r.NextTranslates, r.Approval = field.Packed[Content]{}, StepNone, 0, itsm.Ref{}
	unschedule(u, r)
	if err := keepEdition(u, e); err != nil {
		return err
	}
	return s.valid(u, r, validTo)
}

// unschedule takes back a date of publication; there need not be one.
func unschedule(u *itsm.Unit, r *Article) {
	r.PublishAt, r.NextValidTo = time.Time{}, time.Time{}
	u.CancelTimer(TimerRelease)
}

// drop gives up what is being written; there need not be anything.
func drop(u *itsm.Unit, r *Article, why string) error {
	r.Next, r.Step, r.NextTranslates = field.Packed[Content]{}, StepNone, 0
	unschedule(u, r)
	return lapse(u, r, why)
}

// validTo is when an article expires that is valid from an instant; zero is never.
func (s *Articles) validTo(u *itsm.Unit, r *Article, to, from time.Time) (time.Time, error) {
	if to.IsZero() && s.config.ValidFor > 0 {
		to = from.Add(s.config.ValidFor)
	}
	if !to.IsZero() && !to.After(from) {
		return to, refuse(u, r, reason(ReasonDates, "valid_to", to.UTC().Format(time.RFC3339)))
	}
	return to.UTC(), nil
}

// valid sets when the article expires, and when its owner is reminded.
func (s *Articles) valid(u *itsm.Unit, r *Article, to time.Time) error {
	u.CancelTimer(TimerExpire)
	u.CancelTimer(TimerRemind)
	r.ValidTo = time.Time{}
	if to.IsZero() {
		return nil
	}
	r.ValidTo = to
	return errors.Join(u.SetTimer(TimerExpire, to, TriggerExpire, nil), s.remind(u, r))
}

// tellOwner names the owner in the event, and the end: whoever sends mail reads them there.
func tellOwner(u *itsm.Unit, r *Article) error {
	if r.Assignee != "" {
		if err := u.Concern(r.Assignee); err != nil {
			return err
		}
	}
	return u.Fact("valid_to", r.ValidTo)
}

// remind sets the next reminder, where one is left.
func (s *Articles) remind(u *itsm.Unit, r *Article) error {
	var next time.Time
	for _, before := range s.config.Remind {
		if at := r.ValidTo.Add(-before); at.After(u.Now()) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	if next.IsZero() {
		return nil
	}
	return u.SetTimer(TimerRemind, next, TriggerRemind, nil)
}

func (s *Articles) retired(u *itsm.Unit, r *Article, in Retirement) error {
	r.Reason = in.Reason
	u.CancelTimer(TimerExpire)
	u.CancelTimer(TimerRemind)
	if err := drop(u, r, "retired"); err != nil || in.Replacement == "" {
		return err
	}
	to := itsm.Ref{Kind: Kind, ID: in.Replacement}
	// What is read is retired in favour of nothing, so that no circle can close.
	usable := false
	err := u.LookAt(to, func(o itsm.Record) {
		a, ok := o.(*Article)
		usable = ok && a.ID != r.ID && a.readable()
	})
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return err
	}
	if err != nil || !usable {
		return refuse(u, r, reason(ReasonReplacement, "replacement", in.Replacement))
	}
	r.Replacement = to
	return u.Link(ReplacedBy, to)
}

func solved(u *itsm.Unit, r *Article, in Solution) error {
	ticket := false
	err := u.LookAt(in.Ticket, func(o itsm.Record) { ticket = itsm.TicketOf(o) != nil && o.Header().Kind != Kind })
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return err
	}
	if err != nil || !ticket {
		return refuse(u, r, reason(ReasonTicket, "ticket", in.Ticket.String()))
	}
	links, err := u.Links()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(links, func(l itsm.Link) bool { return l.Name == Solves.Name && l.To == in.Ticket }) {
		return nil
	}
	r.Solved++
	return u.Link(Solves, in.Ticket)
}

// keep counts the contents, whatever gave them, and shows title and audience of what nobody has read yet.
func (s *Articles) keep(_ *itsm.Unit, was, is *Article) error {
	if was != nil && was.Next != is.Next && !is.Next.IsZero() {
		is.Content = was.Content + 1
	}
	if is.Edition == 0 && !is.Next.IsZero() {
		next := is.Next.Get()
		is.Title, is.Allow, is.Deny = next.Title, next.Audience.Allow, next.Audience.Deny
	}
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
func refuse(u *itsm.Unit, r *Article, reasons ...lifecycle.Reason) error {
	return &lifecycle.Refusal{Lifecycle: Kind, State: r.State, Trigger: u.Trigger(), Reasons: reasons}
}
