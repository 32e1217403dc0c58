package incident

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Major is an incident as a major incident: an axis beside its state ([MajorLifecycle]), who leads it, the clock of
// updates, and the review after it. It is empty for other incidents and costs them next to nothing; what is written at
// length, such as updates and findings, is kept as rows.
type Major struct {
	// State is empty where the incident never was a candidate, see [MajorNone].
	State lifecycle.State `json:"state,omitempty" itsm:"index"`
	// Review is empty before there is one, see [ReviewNone].
	Review lifecycle.State `json:"review,omitempty" itsm:"index"`

	// Manager leads; Communications informs, Technical repairs, Scribe writes down.
	Manager        string `json:"manager,omitempty" itsm:"personal"`
	Communications string `json:"communications,omitempty" itsm:"personal"`
	Technical      string `json:"technical,omitempty" itsm:"personal"`
	Scribe         string `json:"scribe,omitempty" itsm:"personal"`

	// NextUpdateAt is when stakeholders are to hear next, or are to be reminded of next; zero while no clock runs.
	NextUpdateAt time.Time `json:"next_update_at,omitzero" itsm:"index"`
	// UpdatesDue counts how often an update fell due since the last one was given.
	UpdatesDue uint16 `json:"updates_due,omitempty"`

	// Actions counts the actions of the review, OpenActions those not ended, and LooseActions those of them that lack
	// an owner or a due date.
	Actions      uint8 `json:"actions,omitempty"`
	OpenActions  uint8 `json:"open_actions,omitempty"`
	LooseActions uint8 `json:"loose_actions,omitempty"`
	// Summary and Findings say whether the review has them.
	Summary  bool `json:"summary,omitempty"`
	Findings bool `json:"findings,omitempty"`
}

// The rows of a major incident. Under [itsm.DefaultGrants] requesters do not see them.
const (
	StakeholderUpdates itsm.RowKind = "stakeholder_update"
	MajorDecisions     itsm.RowKind = "major_decision"
	MajorMoments       itsm.RowKind = "major_moment"
	ReviewTexts        itsm.RowKind = "review_text"
	ReviewActions      itsm.RowKind = "review_action"
)

// Proposal says why an incident should be a major one.
type Proposal struct {
	Reason string `json:"reason"`
	// Evidence is a rule's; people give none.
	Evidence Evidence `json:"evidence,omitzero"`
}

// Staff names who leads a major incident. Empty leaves who is there.
type Staff struct {
	Manager        string `json:"manager,omitempty"`
	Communications string `json:"communications,omitempty"`
	Technical      string `json:"technical,omitempty"`
	Scribe         string `json:"scribe,omitempty"`
}

// Acceptance makes a candidate a major incident, and names at least its manager. An incident that nobody proposed takes
// a reason too.
type Acceptance struct {
	Staff
	Reason   string   `json:"reason,omitempty"`
	Evidence Evidence `json:"evidence,omitzero"`
}

// Verdict rejects a candidate, demotes a major incident, or waives a review.
type Verdict struct {
	Reason string `json:"reason"`
}

// Mark names a moment that is measured, set once in the life of an incident.
type Mark string

// The marks. Until it is recorded by hand, Restored is when the incident was resolved.
const (
	Identified   Mark = "identified"   // the cause or the extent was found
	Acknowledged Mark = "acknowledged" // somebody took it on
	Mitigated    Mark = "mitigated"    // the worst is over
	Restored     Mark = "restored"     // the service is back
)

// Moment is something for the timeline: a decision, a finding, a mark.
type Moment struct {
	// At is when it happened, which may be before it is written down, and even before the report; zero is now.
	At   time.Time `json:"at,omitzero"`
	What string    `json:"what"`
	Mark Mark      `json:"mark,omitempty"`
}

// majors are the commands on major incidents.
type majors struct {
	propose itsm.Command[Incident, Proposal]
	accept  itsm.Command[Incident, Acceptance]
	reject  itsm.Command[Incident, Verdict]
	demote  itsm.Command[Incident, Verdict]
	staff   itsm.Command[Incident, Staff]
	inform  itsm.Command[Incident, Update]
	moment  itsm.Command[Incident, Moment]
	reviews
}

// ProposeMajor makes an open incident a candidate. One that was rejected or demoted may be proposed again, a rejected one
// with another reason.
func (s *Incidents) ProposeMajor(ctx context.Context, id string, p Proposal, with ...itsm.Option) (Incident, error) {
	return s.major.propose.Do(ctx, id, p, with...)
}

// AcceptMajor makes a candidate, or an open incident that nobody proposed, a major incident, and starts the clock of
// updates.
func (s *Incidents) AcceptMajor(ctx context.Context, id string, a Acceptance, with ...itsm.Option) (Incident, error) {
	return s.major.accept.Do(ctx, id, a, with...)
}

// RejectMajor ends a candidacy.
func (s *Incidents) RejectMajor(ctx context.Context, id string, v Verdict, with ...itsm.Option) (Incident, error) {
	return s.major.reject.Do(ctx, id, v, with...)
}

// DemoteMajor makes a major incident an ordinary one: its clocks end, its roles are empty, a review that is open is
// waived.
func (s *Incidents) DemoteMajor(ctx context.Context, id string, v Verdict, with ...itsm.Option) (Incident, error) {
	return s.major.demote.Do(ctx, id, v, with...)
}

// Staff hands roles of a major incident over.
func (s *Incidents) Staff(ctx context.Context, id string, to Staff, with ...itsm.Option) (Incident, error) {
	return s.major.staff.Do(ctx, id, to, with...)
}

// Record notes a moment for the timeline. A mark that is set is refused.
func (s *Incidents) Record(ctx context.Context, id string, m Moment, with ...itsm.Option) (Incident, error) {
	return s.major.moment.Do(ctx, id, m, with...)
}

// readRows reads rows whose facts are the JSON of T.
func readRows[T any](ctx context.Context, s *Incidents, id string, kind itsm.RowKind, after int64, limit int, fill func(*itsm.Row, *T)) ([]T, error) {
	rows, err := s.Rows(ctx, id, kind, after, limit)
	if err != nil {
		return nil, err
	}
	return decode(rows, fill)
}

func decode[T any](rows []itsm.Row, fill func(*itsm.Row, *T)) ([]T, error) {
	items := make([]T, len(rows))
	for i := range rows {
		if err := json.Unmarshal(rows[i].Facts, &items[i]); err != nil {
			return nil, err
		}
		fill(&rows[i], &items[i])
	}
	return items, nil
}

// majorAxes are the axes that [New] declares.
func majorAxes() []itsm.Axis {
	return []itsm.Axis{
		{Field: "major.state", Lifecycle: MajorLifecycle(), Sparse: true},
		{Field: "major.review", Lifecycle: ReviewLifecycle(), Sparse: true},
	}
}

// registerMajor registers what the axes name, and the hooks.
func (s *Incidents) registerMajor(k *itsm.Kernel, p *itsm.Practice[Incident]) error {
	if err := s.config.Major.check(); err != nil {
		return err
	}
	s.config.Major = s.config.Major.clone()
	s.majorGuards(p)
	m := &s.major
	m.propose = itsm.Handle(p, TriggerPropose, s.proposed)
	m.accept = itsm.Handle(p, TriggerAccept, s.accepted)
	m.reject = itsm.Handle(p, TriggerReject, func(u *itsm.Unit, _ *Incident, v Verdict) error {
		return decide(u, MajorRejected, v.Reason, Evidence{})
	})
	m.demote = itsm.Handle(p, TriggerDemote, s.demoted)
	m.staff = itsm.Handle(p, TriggerStaff, func(_ *itsm.Unit, inc *Incident, to Staff) error {
		to.apply(&inc.Major)
		return nil
	})
	m.inform = itsm.Handle(p, TriggerInform, s.informed)
	m.moment = itsm.Handle(p, TriggerMoment, recorded)
	itsm.Handle(p, TriggerUpdateDue, s.updateDue)
	itsm.Handle(p, TriggerPace, func(u *itsm.Unit, inc *Incident, _ Nothing) error {
		if !inc.Open() {
			stopUpdates(u, &inc.Major)
			return nil
		}
		return s.startUpdates(u, inc, 0)
	})
	s.handleReview(p)
	k.Hook(itsm.Hook{
		Name: "incident: the course of a major incident", Kinds: []string{Kind},
		Concerns: func(_, after itsm.Record) bool {
			inc, ok := after.(*Incident)
			return ok && inc.Major.State != ""
		},
		AfterAct: s.majorFollows,
	})
	if len(s.config.Major.Rules) > 0 {
		s.registerRules(k)
	}
	return nil
}

// majorFollows keeps a major incident, or a candidate, in step with the incident's state.
func (s *Incidents) majorFollows(u *itsm.Unit, c itsm.Change) error {
	inc, _ := c.After.(*Incident)
	was, _ := c.Before.(*Incident)
	if inc == nil || was == nil {
		return nil
	}
	try := func(t lifecycle.Trigger, in any) error {
		_, err := u.Try(u.Ref(), t, in)
		return err
	}
	ended := func(t lifecycle.Trigger) error {
		return try(t, Verdict{Reason: "The incident was " + inc.Phase.String() + "."})
	}
	state := inc.Major.State
	switch {
	case was.Major.State == MajorAccepted && state == MajorDemoted:
		if inc.Major.Review == ReviewOpen {
			return try(TriggerWaiveReview, Verdict{Reason: "It is no major incident any more."})
		}
	case was.Phase == inc.Phase:
	case state == MajorCandidate && inc.Phase.Terminal():
		return ended(TriggerReject)
	case state != MajorAccepted:
	case inc.Phase == lifecycle.Cancelled:
		return ended(TriggerDemote)
	case was.Phase.Open() && inc.Phase == lifecycle.Resolved:
		if err := try(TriggerPace, nil); err != nil {
			return err
		}
		if s.config.Major.Review != ReviewByHand && inc.Major.Review != ReviewOpen {
			return try(TriggerOpenReview, nil)
		}
	case was.Phase.Open() != inc.Phase.Open():
		return try(TriggerPace, nil)
	}
	return nil
}

func (s *Incidents) proposed(u *itsm.Unit, inc *Incident, p Proposal) error {
	if inc.Major.State == MajorRejected {
		rows, err := u.Rows(MajorDecisions, 0, 0)
		if err != nil {
			return err
		}
		before := false
		if _, err := decode(rows, func(r *itsm.Row, d *decision) {
			reason, erased := r.Text()
			before = before || d.To == MajorCandidate && !erased && sameText(reason, p.Reason)
		}); err != nil {
			return err
		}
		if before {
			return majorRefusal(inc, TriggerPropose, reasonSameReason, nil)
		}
	}
	return decide(u, MajorCandidate, p.Reason, p.Evidence)
}

func (s *Incidents) accepted(u *itsm.Unit, inc *Incident, a Acceptance) error {
	a.apply(&inc.Major)
	if err := s.startUpdates(u, inc, 0); err != nil {
		return err
	}
	if a.Reason == "" {
		return nil
	}
	return decide(u, MajorAccepted, a.Reason, a.Evidence)
}

func (s *Incidents) demoted(u *itsm.Unit, inc *Incident, v Verdict) error {
	stopUpdates(u, &inc.Major)
	stopActions(u, &inc.Major)
	m := &inc.Major
	m.Manager, m.Communications, m.Technical, m.Scribe = "", "", "", ""
	if inc.State == StateResolved && s.policy.AutoClose >= 0 { // it waits for the caller's word again
		due, err := s.config.Calendar.Add(u.Now(), s.policy.AutoClose)
		if err != nil {
			return err
		}
		if err := u.SetTimer(TimerAutoClose, due, TriggerClose, nil); err != nil {
			return err
		}
	}
	return decide(u, MajorDemoted, v.Reason, Evidence{})
}

// decision is the facts of a row that says why; the reason is its text.
type decision struct {
	To   lifecycle.State `json:"to"`
	Rule string          `json:"rule,omitempty"`
}

// decide writes the reason of a decision, and what a rule saw.
func decide(u *itsm.Unit, to lifecycle.State, reason string, e Evidence) error {
	if e.Rule != "" {
		if u.Actor().Kind != itsm.System {
			return itsm.Invalid("evidence", "only rules bring evidence: say it in the reason")
		}
		if err := u.Fact("major_rule", e); err != nil {
			return err
		}
	}
	return u.AddRow(MajorDecisions, "", decision{To: to, Rule: e.Rule}, author(u), reason)
}

func (to Staff) apply(m *Major) {
	set := func(role *string, person string) {
		if person != "" {
			*role = person
		}
	}
	set(&m.Manager, to.Manager)
	set(&m.Communications, to.Communications)
	set(&m.Technical, to.Technical)
	set(&m.Scribe, to.Scribe)
}

// momentFacts are the facts of a row whose text is what happened.
type momentFacts struct {
	At   time.Time `json:"at"`
	Mark Mark      `json:"mark,omitempty"`
}

func recorded(u *itsm.Unit, inc *Incident, m Moment) error {
	at := m.At.UTC()
	switch {
	case m.At.IsZero():
		at = u.Now()
	case m.At.After(u.Now()):
		return itsm.Invalid("at", "what is recorded has happened: give an instant that is not in the future")
	case field.Instant(m.At).Check() != nil:
		return itsm.Invalid("at", "give an instant between the years 1677 and 2262")
	}
	if m.Mark != "" {
		if !slices.Contains([]Mark{Identified, Acknowledged, Mitigated, Restored}, m.Mark) {
			return itsm.Invalid("mark", "a mark is identified, acknowledged, mitigated or restored")
		}
		rows, err := u.Rows(MajorMoments, 0, 0)
		if err != nil {
			return err
		}
		set, err := decode(rows, func(*itsm.Row, *momentFacts) {})
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(set, func(f momentFacts) bool { return f.Mark == m.Mark }); i >= 0 {
			return majorRefusal(inc, TriggerMoment, reasonMarkSet, map[string]string{"mark": string(m.Mark), "at": set[i].At.Format(time.RFC3339)})
		}
	}
	facts := momentFacts{At: at, Mark: m.Mark}
	if err := u.Fact("moment", facts); err != nil {
		return err
	}
	return u.AddRow(MajorMoments, "", facts, author(u), m.What)
}

// The reasons of refusals that take more than the record to find.
const (
	reasonSameReason lifecycle.Code = "rejected_before" // it was proposed for that reason, and rejected
	reasonMarkSet    lifecycle.Code = "mark_set"        // mark, at: a mark is set once
)

func majorRefusal(inc *Incident, t lifecycle.Trigger, code lifecycle.Code, args map[string]string) *lifecycle.Refusal {
	return &lifecycle.Refusal{Lifecycle: "major_incident", State: inc.Major.State, Trigger: t, Reasons: []lifecycle.Reason{{Code: code, Args: args}}}
}

// majorGuards gives the names in the tables their functions.
func (s *Incidents) majorGuards(p *itsm.Practice[Incident]) {
	guard := func(name string, holds func(u *itsm.Unit, inc *Incident) bool) {
		p.Guard(name, func(u *itsm.Unit, inc *Incident) *lifecycle.Reason {
			if holds(u, inc) {
				return nil
			}
			return &lifecycle.Reason{Code: lifecycle.Code(name), Args: map[string]string{"state": string(inc.State)}}
		})
	}
	guard(guardMajorOpen, func(_ *itsm.Unit, inc *Incident) bool { return inc.Open() })
	guard(guardMajorLive, func(_ *itsm.Unit, inc *Incident) bool { return !inc.Phase.Terminal() })
	guard(guardRestored, func(_ *itsm.Unit, inc *Incident) bool {
		return inc.Phase == lifecycle.Resolved || inc.Phase == lifecycle.Closed
	})
	guard(guardAccepted, func(_ *itsm.Unit, inc *Incident) bool { return inc.Major.State == MajorAccepted })
	guard(guardMajorCaller, s.callerMayReopen)
	guard(guardReviewDone, func(_ *itsm.Unit, inc *Incident) bool {
		m := &inc.Major
		return m.State != MajorAccepted || s.config.Major.Review != ReviewBeforeClose || m.Review == ReviewCompleted || m.Review == ReviewWaived
	})
	s.reviewGuards(p)
}

// callerMayReopen keeps callers, and what is done on their behalf, from reopening a major incident: whoever works on it
// decides. Callers who work on tickets themselves are among those.
func (s *Incidents) callerMayReopen(u *itsm.Unit, inc *Incident) bool {
	by := u.Actor()
	return inc.Major.State != MajorAccepted || s.config.Major.CallerReopens || !fromCaller(inc, by, nil) ||
		slices.ContainsFunc(by.Roles, func(r itsm.Role) bool { return r == itsm.Agent || r == itsm.Manager || r == MajorManager })
}

// author is whom a row is by.
func author(u *itsm.Unit) string {
	by := u.Actor()
	if person := by.Person(); person != "" && by.Kind != itsm.System {
		return person
	}
	return by.ID
}

// concern names a person in the event, unless the person was erased or is nobody.
func concern(u *itsm.Unit, person string) error {
	if person == "" || person == itsm.Erased {
		return nil
	}
	return u.Concern(person)
}

func sameText(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}
