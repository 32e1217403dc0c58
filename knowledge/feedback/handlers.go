package feedback

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// handlers says what each trigger does to the record; the table says when it may.
func (s *Feedbacks) handlers(p *itsm.Practice[Feedback]) {
	p.Choice(chooseReplaced, func(_ *itsm.Unit, r *Feedback) lifecycle.State {
		if r.State == StateWithdrawn {
			return StateGiven
		}
		return r.State
	})
	p.Keep(func(_ *itsm.Unit, _, r *Feedback) error {
		r.Tally = r.tally()
		return nil
	})
	s.give = itsm.Create(p, TriggerGive, "given", func(u *itsm.Unit, r *Feedback, v Verdict) error {
		if err := s.begin(u, r, v.Article, v.Edition); err != nil {
			return err
		}
		return r.judge(u, v)
	})
	s.raise = itsm.Create(p, TriggerRaise, "raised", func(u *itsm.Unit, r *Feedback, f Fault) error {
		if err := s.begin(u, r, f.Article, f.Edition); err != nil {
			return err
		}
		return u.Do(u.Ref(), TriggerFlag, f)
	})
	p.ShareKeys(TriggerGive, TriggerRaise) // a person has one record, however it is begun
	s.replace = itsm.Handle(p, TriggerReplace, func(u *itsm.Unit, r *Feedback, v Verdict) error {
		if err := s.again(u, r, v.Article, v.Edition); err != nil {
			return err
		}
		return r.judge(u, v)
	})
	s.flag = itsm.Handle(p, TriggerFlag, s.flagged)
	s.assign = itsm.Handle(p, TriggerAssign, func(_ *itsm.Unit, r *Feedback, a Assignment) error {
		r.Owner = a.Owner
		return nil
	})
	end := func(u *itsm.Unit, r *Feedback, h Handling) error {
		r.Outcome, r.EndedBy, r.EndedAt = h.Outcome, u.Actor().Person(), u.Now()
		u.CancelTimer(TimerDue)
		return nil
	}
	s.handle = itsm.Handle(p, TriggerHandle, end)
	s.dismiss = itsm.Handle(p, TriggerDismiss, end)
	s.withdraw = itsm.Handle(p, TriggerWithdraw, func(u *itsm.Unit, r *Feedback, _ Nothing) error {
		if err := own(u, r); err != nil {
			return err
		}
		u.CancelTimer(TimerDue)
		*r = Feedback{Head: r.Head, Article: r.Article, Edition: r.Edition, Caller: r.Caller}
		return nil
	})
	itsm.Handle(p, TriggerOverdue, func(_ *itsm.Unit, r *Feedback, _ Nothing) error {
		r.Overdue = true
		return nil
	})
}

// begin makes a person's record of an edition, the only one there is.
func (s *Feedbacks) begin(u *itsm.Unit, r *Feedback, article itsm.Ref, edition int64) (err error) {
	if r.Caller, err = s.reader(u, article, edition); err != nil {
		return err
	}
	r.Article, r.Edition = article, edition
	mine := itsm.All(
		itsm.Where("caller").Is(r.Caller), itsm.Where("article").Is(article.String()), itsm.Where("edition").Equals(field.Int(edition)),
	)
	found, err := u.Query(Kind, itsm.Query{Filter: &mine, Limit: 1})
	if err != nil || len(found) == 0 {
		return err
	}
	return &lifecycle.Refusal{
		Lifecycle: Kind, State: found[0].Header().State, Trigger: u.Trigger(),
		Reasons: []lifecycle.Reason{{Code: ReasonGiven, Args: map[string]string{"feedback": found[0].Header().ID}}},
	}
}

// again is what holds when a person says something on the record that is there.
func (s *Feedbacks) again(u *itsm.Unit, r *Feedback, article itsm.Ref, edition int64) error {
	if article != r.Article || edition != r.Edition {
		return itsm.Invalid("article", fmt.Sprintf("this is what is said of edition %d of %s", r.Edition, r.Article))
	}
	if u.Actor().Kind == itsm.System {
		return nil
	}
	if err := own(u, r); err != nil {
		return err
	}
	return s.readable(u, article)
}

// reader answers who reads an edition, where that may be.
func (s *Feedbacks) reader(u *itsm.Unit, article itsm.Ref, edition int64) (string, error) {
	person := u.Actor().Person()
	switch {
	case article.Kind == "" || article.ID == "":
		return "", itsm.Invalid("article", "name the article")
	case edition < 1:
		return "", itsm.Invalid("edition", "name the edition that was read: they are counted from 1")
	case person == "":
		return "", itsm.Invalid("caller", "only a person reads: name whom you act for")
	}
	return person, s.readable(u, article)
}

func (s *Feedbacks) readable(u *itsm.Unit, article itsm.Ref) error {
	if s.config.Readable != nil {
		return s.config.Readable(u, article)
	}
	return u.RequireOn(article, itsm.Read)
}

// own lets people speak for themselves alone.
func own(u *itsm.Unit, r *Feedback) error {
	if a := u.Actor(); a.Kind != itsm.System && (r.Caller == "" || a.Person() != r.Caller) {
		return itsm.ErrDenied
	}
	return nil
}

// judge writes a verdict down.
func (r *Feedback) judge(u *itsm.Unit, v Verdict) error {
	if v.Helpful != Yes && v.Helpful != No {
		return itsm.Invalid("helpful", "say yes or no")
	}
	if v.Stars < 0 || v.Stars > MaxStars {
		return itsm.Invalid("stars", "stars are 1 to 5, or none")
	}
	r.Helpful, r.Stars, r.Comment, r.GivenAt = v.Helpful, v.Stars, v.Comment, u.Now()
	return nil
}

// flagged opens a flag, or corrects the one that is open.
func (s *Feedbacks) flagged(u *itsm.Unit, r *Feedback, f Fault) error {
	if err := s.again(u, r, f.Article, f.Edition); err != nil {
		return err
	}
	if !f.Reason.known() {
		return itsm.Invalid("reason", "a flag is for what is wrong, outdated, unclear, missing or other")
	}
	r.Reason, r.Text = f.Reason, f.Text
	if r.State == StateOpen {
		return nil
	}
	owner, err := s.owner(u, r.Article, f.Reason)
	if err != nil {
		return fmt.Errorf("owner of the flag: %w", err)
	}
	due, err := s.due(u.Now(), f.Reason)
	if err != nil {
		return fmt.Errorf("due instant of the flag: %w", err)
	}
	r.FlaggedAt, r.Owner, r.Due, r.Overdue = u.Now(), owner, due, false
	r.Outcome, r.EndedBy, r.EndedAt = "", "", time.Time{}
	return u.SetTimer(TimerDue, due, TriggerOverdue, nil)
}

func (s *Feedbacks) owner(u *itsm.Unit, article itsm.Ref, why Reason) (string, error) {
	of := s.config.Owner
	if of == nil {
		of = Assignee
	}
	if owner, err := of(u, article, why); owner != "" || err != nil {
		return owner, err
	}
	return s.config.Owners[why], nil
}

// Assignee is who the article is assigned to, where it is a ticket; nobody where it is none, or is not there.
func Assignee(u *itsm.Unit, article itsm.Ref, _ Reason) (assignee string, err error) {
	err = u.LookAt(article, func(rec itsm.Record) {
		if t := itsm.TicketOf(rec); t != nil {
			assignee = t.Assignee
		}
	})
	if errors.Is(err, itsm.ErrNotFound) {
		return "", nil
	}
	return assignee, err
}

func (s *Feedbacks) due(from time.Time, why Reason) (time.Time, error) {
	within := s.config.Within
	if by, ok := s.config.WithinBy[why]; ok {
		within = by
	}
	if within == 0 {
		within = defaultWithin
	}
	if s.config.Calendar == nil {
		return from.Add(within), nil
	}
	due, err := s.config.Calendar.Add(from, within)
	return due.UTC(), err
}

// tally is the word that ratings count.
func (r *Feedback) tally() string {
	if r.State == StateWithdrawn || r.Helpful == "" && r.State != StateOpen {
		return ""
	}
	flag := ""
	if r.State == StateOpen {
		flag = string(StateOpen)
	}
	return strings.Join([]string{strconv.FormatInt(r.Edition, 10), string(r.Helpful), strconv.Itoa(r.Stars), flag}, "/")
}
