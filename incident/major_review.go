package incident

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// ReviewText is what a review says. Written again, a part replaces what stood there; empty leaves it.
type ReviewText struct {
	Summary  string `json:"summary,omitempty"`
	Findings string `json:"findings,omitempty"`
	// RootCause is a hint for the problem that follows.
	RootCause string `json:"root_cause,omitempty"`
	WentWell  string `json:"went_well,omitempty"`
}

// Review is the review of a major incident.
type Review struct {
	State lifecycle.State `json:"state"`
	ReviewText
	Actions []Action `json:"actions,omitempty"`
}

// Action is something that somebody promised to do after a major incident.
type Action struct {
	// ID counts the actions of a review, from 1.
	ID    int       `json:"id"`
	What  string    `json:"what"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
	// Ended is when it was done or dropped; Reason says why it was dropped.
	Ended   time.Time `json:"ended,omitzero"`
	Dropped bool      `json:"dropped,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

// NewAction asks for an action. Owner and due date may come later, but before the review is completed.
type NewAction struct {
	What  string    `json:"what"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
}

// ActionPlan gives an action an owner, a due date, or both; empty leaves what is there.
type ActionPlan struct {
	ID    int       `json:"id"`
	Owner string    `json:"owner,omitempty"`
	Due   time.Time `json:"due,omitzero"`
}

// ActionEnd says that an action was done, or dropped with a reason.
type ActionEnd struct {
	ID      int    `json:"id"`
	Dropped bool   `json:"dropped,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// ActionDue is what the timer of an action says.
type ActionDue struct {
	ID  int       `json:"id"`
	Due time.Time `json:"due"`
}

// maxActions bounds the actions of one review.
const maxActions = 200

// reviews are the commands on reviews.
type reviews struct {
	open     itsm.Command[Incident, Nothing]
	write    itsm.Command[Incident, ReviewText]
	complete itsm.Command[Incident, Nothing]
	waive    itsm.Command[Incident, Verdict]
	add      itsm.Command[Incident, NewAction]
	plan     itsm.Command[Incident, ActionPlan]
	end      itsm.Command[Incident, ActionEnd]
}

// OpenReview opens the review of a major incident that is resolved, where the policy does not, or again.
func (s *Incidents) OpenReview(ctx context.Context, id string, with ...itsm.Option) (Incident, error) {
	return s.major.open.Do(ctx, id, Nothing{}, with...)
}

// WriteReview writes parts of an open review.
func (s *Incidents) WriteReview(ctx context.Context, id string, text ReviewText, with ...itsm.Option) (Incident, error) {
	return s.major.write.Do(ctx, id, text, with...)
}

// CompleteReview ends a review that has a summary, findings, and an owner and a due date for every action.
func (s *Incidents) CompleteReview(ctx context.Context, id string, with ...itsm.Option) (Incident, error) {
	return s.major.complete.Do(ctx, id, Nothing{}, with...)
}

// WaiveReview does without a review.
func (s *Incidents) WaiveReview(ctx context.Context, id string, v Verdict, with ...itsm.Option) (Incident, error) {
	return s.major.waive.Do(ctx, id, v, with...)
}

// AddAction adds an action to an open review. Its number is the incident's [Major.Actions].
func (s *Incidents) AddAction(ctx context.Context, id string, a NewAction, with ...itsm.Option) (Incident, error) {
	return s.major.add.Do(ctx, id, a, with...)
}

// PlanAction says who does an action, and until when. When that passes, the event incident.action_overdue names the
// owner.
func (s *Incidents) PlanAction(ctx context.Context, id string, a ActionPlan, with ...itsm.Option) (Incident, error) {
	return s.major.plan.Do(ctx, id, a, with...)
}

// EndAction notes that an action was done, or dropped with a reason. It may be given when the incident is closed.
func (s *Incidents) EndAction(ctx context.Context, id string, a ActionEnd, with ...itsm.Option) (Incident, error) {
	return s.major.end.Do(ctx, id, a, with...)
}

// Review answers the review with its actions, as the actor may see them. It reads the review's rows.
func (s *Incidents) Review(ctx context.Context, id string) (Review, error) {
	inc, err := s.Get(ctx, id)
	if err != nil {
		return Review{}, err
	}
	review := Review{State: inc.Major.Review}
	if review.State == "" {
		review.State = ReviewNone
	}
	texts, err := s.Rows(ctx, id, ReviewTexts, 0, 0)
	if err != nil {
		return review, err
	}
	if _, err := decode(texts, func(r *itsm.Row, p *part) {
		if to := review.part(p.Part); to != nil {
			*to, _ = r.Text()
		}
	}); err != nil {
		return review, err
	}
	rows, err := s.Rows(ctx, id, ReviewActions, 0, 0)
	if err == nil {
		review.Actions, err = actionsOf(rows)
	}
	return review, err
}

// part is the facts of a row that holds one part of the text.
type part struct {
	Part string `json:"part"`
}

func (t *ReviewText) part(name string) *string {
	switch name {
	case "summary":
		return &t.Summary
	case "findings":
		return &t.Findings
	case "root_cause":
		return &t.RootCause
	case "went_well":
		return &t.WentWell
	}
	return nil
}

// actionFacts are the facts of a row on an action. An action is what its rows say, one after the other: what is to be
// done, in the words of the author; an owner, whose name is the text; a date; and its end, with the reason.
type actionFacts struct {
	ID      int       `json:"id"`
	Part    string    `json:"part"` // what, owner, due, done, dropped
	Due     time.Time `json:"due,omitzero"`
	EndedAt time.Time `json:"ended_at,omitzero"`
}

func actionsOf(rows []itsm.Row) (actions []Action, err error) {
	_, err = decode(rows, func(r *itsm.Row, f *actionFacts) {
		text, _ := r.Text()
		if f.Part == "what" {
			actions = append(actions, Action{ID: f.ID, What: text})
		}
		if f.ID < 1 || f.ID > len(actions) {
			return
		}
		a := &actions[f.ID-1]
		switch f.Part {
		case "owner":
			a.Owner = text
		case "due":
			a.Due = f.Due
		case "done", "dropped":
			a.Ended, a.Dropped, a.Reason = f.EndedAt, f.Part == "dropped", text
		}
	})
	return actions, err
}

// ready reports whether an action can be held to.
func (a *Action) ready() bool { return a.Owner != "" && !a.Due.IsZero() }

func timerOfAction(id int) string { return "review_action_" + strconv.Itoa(id) }

func (s *Incidents) handleReview(p *itsm.Practice[Incident]) {
	m := &s.major
	m.open = itsm.Handle(p, TriggerOpenReview, func(*itsm.Unit, *Incident, Nothing) error { return nil })
	m.write = itsm.Handle(p, TriggerWriteReview, wroteReview)
	m.complete = itsm.Handle(p, TriggerCompleteReview, func(*itsm.Unit, *Incident, Nothing) error { return nil })
	m.waive = itsm.Handle(p, TriggerWaiveReview, func(u *itsm.Unit, _ *Incident, v Verdict) error {
		return decide(u, ReviewWaived, v.Reason, Evidence{})
	})
	m.add = itsm.Handle(p, TriggerAddAction, addedAction)
	m.plan = itsm.Handle(p, TriggerPlanAction, plannedAction)
	m.end = itsm.Handle(p, TriggerEndAction, endedAction)
	itsm.Handle(p, TriggerActionOverdue, func(u *itsm.Unit, _ *Incident, d ActionDue) error {
		a, err := actionOf(u, d.ID)
		if err != nil {
			return err
		}
		if err := concern(u, a.Owner); err != nil {
			return err
		}
		return u.Fact("action_overdue", d)
	})
}

func (s *Incidents) reviewGuards(p *itsm.Practice[Incident]) {
	p.Guard(guardWritten, func(_ *itsm.Unit, inc *Incident) *lifecycle.Reason {
		switch m := &inc.Major; {
		case !m.Summary:
			return &lifecycle.Reason{Code: guardWritten, Args: map[string]string{"lacks": "summary"}}
		case !m.Findings:
			return &lifecycle.Reason{Code: guardWritten, Args: map[string]string{"lacks": "findings"}}
		}
		return nil
	})
	p.Guard(guardOwned, func(_ *itsm.Unit, inc *Incident) *lifecycle.Reason {
		if inc.Major.LooseActions == 0 {
			return nil
		}
		return &lifecycle.Reason{Code: guardOwned, Args: map[string]string{"lacking": strconv.Itoa(int(inc.Major.LooseActions))}}
	})
}

func wroteReview(u *itsm.Unit, inc *Incident, text ReviewText) error {
	inc.Major.Summary = inc.Major.Summary || text.Summary != ""
	inc.Major.Findings = inc.Major.Findings || text.Findings != ""
	for _, name := range [...]string{"summary", "findings", "root_cause", "went_well"} {
		if t := *text.part(name); t != "" {
			if err := u.AddRow(ReviewTexts, "", part{name}, author(u), t); err != nil {
				return err
			}
		}
	}
	return nil
}

func addedAction(u *itsm.Unit, inc *Incident, n NewAction) error {
	m := &inc.Major
	if m.Actions == maxActions {
		return itsm.Invalid("what", fmt.Sprintf("a review has %d actions at most", maxActions))
	}
	m.Actions++
	m.OpenActions++
	a := Action{ID: int(m.Actions), Owner: n.Owner, Due: n.Due}
	if !a.ready() {
		m.LooseActions++
	}
	if err := u.AddRow(ReviewActions, "", actionFacts{ID: a.ID, Part: "what"}, author(u), n.What); err != nil {
		return err
	}
	return plan(u, a.ID, n.Owner, n.Due)
}

func plannedAction(u *itsm.Unit, inc *Incident, p ActionPlan) error {
	a, err := actionOf(u, p.ID)
	if err != nil {
		return err
	}
	if !a.Ended.IsZero() {
		return itsm.Invalid("id", fmt.Sprintf("action %d has ended", p.ID))
	}
	loose := !a.ready()
	if p.Owner != "" {
		a.Owner = p.Owner
	}
	if !p.Due.IsZero() {
		a.Due = p.Due
	}
	if loose && a.ready() {
		inc.Major.LooseActions--
	}
	return plan(u, a.ID, p.Owner, p.Due)
}

// plan writes the owner and the date, as far as they are given, and sets the timer.
func plan(u *itsm.Unit, id int, owner string, due time.Time) error {
	if owner != "" {
		if err := u.AddRow(ReviewActions, "", actionFacts{ID: id, Part: "owner"}, owner, owner); err != nil {
			return err
		}
	}
	if due.IsZero() {
		return nil
	}
	due = due.UTC()
	if err := u.AddRow(ReviewActions, "", actionFacts{ID: id, Part: "due", Due: due}, "", ""); err != nil {
		return err
	}
	return u.SetTimer(timerOfAction(id), due, TriggerActionOverdue, ActionDue{ID: id, Due: due})
}

func endedAction(u *itsm.Unit, inc *Incident, e ActionEnd) error {
	a, err := actionOf(u, e.ID)
	switch {
	case err != nil:
		return err
	case !a.Ended.IsZero():
		return itsm.Invalid("id", fmt.Sprintf("action %d has ended", e.ID))
	case e.Dropped && e.Reason == "":
		return itsm.Invalid("reason", "say why the action is dropped")
	}
	inc.Major.OpenActions--
	if !a.ready() {
		inc.Major.LooseActions--
	}
	u.CancelTimer(timerOfAction(e.ID))
	how := "done"
	if e.Dropped {
		how = "dropped"
	}
	return u.AddRow(ReviewActions, "", actionFacts{ID: e.ID, Part: how, EndedAt: u.Now()}, author(u), e.Reason)
}

// actionOf reads one action of the record at hand, as it is stored.
func actionOf(u *itsm.Unit, id int) (Action, error) {
	rows, err := u.Rows(ReviewActions, 0, 0)
	if err != nil {
		return Action{}, err
	}
	actions, err := actionsOf(rows)
	if err != nil {
		return Action{}, err
	}
	if id < 1 || id > len(actions) {
		return Action{}, itsm.Invalid("id", fmt.Sprintf("there is no action %d", id))
	}
	return actions[id-1], nil
}

// stopActions takes the timers of all actions away.
func stopActions(u *itsm.Unit, m *Major) {
	if m.OpenActions == 0 {
		return
	}
	for id := 1; id <= int(m.Actions); id++ {
		u.CancelTimer(timerOfAction(id))
	}
}
