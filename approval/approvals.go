package approval

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Config changes approvals for a desk. The zero value is good.
type Config struct {
	// Calendar counts the working time of [Timeout.After]; nil counts around the clock.
	Calendar WorkingTime
}

// WorkingTime counts the working time of a calendar. A *calendar.Calendar is one.
type WorkingTime interface {
	// Add answers the earliest instant with that much working time between from and it.
	Add(from time.Time, working time.Duration) (time.Time, error)
}

// Approvals are the commands and questions of approvals. It may be used by many goroutines.
type Approvals struct {
	*itsm.Records[Approval]
	Ballots     *itsm.Records[Ballot]
	Delegations *itsm.Records[Delegation]
	config      Config

	request  itsm.Creation[Approval, Request]
	vote     itsm.Command[Ballot, Choose]
	delegate itsm.Creation[Delegation, Delegate]
	end      itsm.Command[Delegation, Nothing]
}

// Delegate names who votes for a person for some time. From is the actor where it is empty; somebody else's vote is
// delegated by managers and administrators only.
type Delegate struct {
	From   string    `json:"from,omitempty"`
	To     string    `json:"to"`
	Kinds  []string  `json:"kinds,omitempty"`
	Start  time.Time `json:"start,omitzero"`
	End    time.Time `json:"end"`
	Reason string    `json:"reason,omitempty"`
}

// New registers the kinds with a kernel that is not open yet.
func New(k *itsm.Kernel, c Config) (*Approvals, error) {
	s := &Approvals{config: c}
	if s.config.Calendar == nil {
		s.config.Calendar = roundTheClock{}
	}
	rounds, err := itsm.NewPractice[Approval](k, itsm.Spec{Kind: Kind, Series: Series, Lifecycle: Lifecycle()})
	if err != nil {
		return nil, err
	}
	ballots, err := itsm.NewPractice[Ballot](k, itsm.Spec{Kind: BallotKind, Series: BallotSeries, Lifecycle: BallotLifecycle()})
	if err != nil {
		return nil, err
	}
	delegations, err := itsm.NewPractice[Delegation](k, itsm.Spec{Kind: DelegationKind, Series: DelegationSeries, Lifecycle: DelegationLifecycle()})
	if err != nil {
		return nil, err
	}
	s.Records, s.Ballots, s.Delegations = rounds.Records, ballots.Records, delegations.Records
	s.rounds(rounds)
	s.ballots(ballots)
	s.delegations(delegations)
	return s, nil
}

// VoterGrant lets requesters see and give their own ballots, where approvers are not agents. What a desk's authorizer
// lets them see of the subject is its own matter.
func VoterGrant() itsm.Grant {
	return itsm.Grant{Role: itsm.Requester, Kinds: []string{BallotKind}, Verbs: []itsm.Verb{itsm.Verb(TriggerVote)}}
}

// Vote gives the actor's vote on a ballot: the actor's own, or one that the actor may give as a delegate. A vote that
// decides the stage asks the next one, or decides the approval.
//
// It is refused where the actor is neither the voter nor a delegate, is the requester, or as a delegate has a vote of the
// same stage; where the ballot is not open, because the approval is decided, held or lapsed; and where the content is
// another one than the vote is for.
func (s *Approvals) Vote(ctx context.Context, ballot string, c Choose, with ...itsm.Option) (Ballot, error) {
	return s.vote.Do(ctx, ballot, c, with...)
}

// Request asks for the approval of a record. Practices do so in their own transactions ([TriggerRequest]).
func (s *Approvals) Request(ctx context.Context, r Request, with ...itsm.Option) (Approval, error) {
	return s.request.Do(ctx, r, with...)
}

// Delegate lets somebody vote for a person.
func (s *Approvals) Delegate(ctx context.Context, d Delegate, with ...itsm.Option) (Delegation, error) {
	return s.delegate.Do(ctx, d, with...)
}

// EndDelegation ends a delegation before its time.
func (s *Approvals) EndDelegation(ctx context.Context, id string, with ...itsm.Option) (Delegation, error) {
	return s.end.Do(ctx, id, Nothing{}, with...)
}

// StageStatus is how one stage stands.
type StageStatus struct {
	Stage string `json:"stage"`
	Decision
	// Asked is set from when the stage was asked.
	Asked bool `json:"asked,omitempty"`
}

// Status answers how each stage stands, computed from the votes.
func (a *Approval) Status() []StageStatus {
	stages := a.Stages.Get()
	list := make([]StageStatus, len(stages))
	for i, st := range stages {
		list[i] = StageStatus{Stage: st.Name, Decision: st.Decide(), Asked: i <= a.Stage}
	}
	return list
}

// maxWaiting bounds what Waiting answers.
const maxWaiting = 500

// Waiting answers the open ballots that the actor may give: the actor's own, those that the actor is the deputy of, and
// those of people who delegated their votes to the actor; 500 at most, the oldest first.
func (s *Approvals) Waiting(ctx context.Context) ([]Ballot, error) {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	me, now := actor.Person(), s.Kernel().Clock().Now()
	people := []string{me}
	for d, err := range s.Delegations.All(ctx, itsm.Query{Filter: filter(itsm.All(itsm.Where("to").Is(me), itsm.Where("state").Is(string(StateActive))))}) {
		if err != nil {
			return nil, err
		}
		if d.holds(now, "") && len(people) < maxWaiting {
			people = append(people, d.From)
		}
	}
	mine := itsm.All(itsm.Where("state").Is(string(StateOpen)), itsm.Any(itsm.Where("person").In(people...), itsm.Where("deputy").Is(me)))
	page, err := s.Ballots.List(ctx, itsm.Query{Filter: &mine, Limit: maxWaiting})
	return page.Records, err
}

func filter(f itsm.Filter) *itsm.Filter { return &f }

// holds reports whether the delegation counts at an instant, for a subject of a kind; empty is any.
func (d *Delegation) holds(at time.Time, kind string) bool {
	return (kind == "" || len(d.Kinds) == 0 || slices.Contains(d.Kinds, kind)) && d.State == StateActive && !at.Before(d.Start) && at.Before(d.End)
}

// roundTheClock is working time where no calendar is configured.
type roundTheClock struct{}

func (roundTheClock) Add(from time.Time, working time.Duration) (time.Time, error) {
	return from.Add(working), nil
}

func (s *Approvals) delegations(p *itsm.Practice[Delegation]) {
	s.delegate = itsm.Create(p, TriggerDelegate, "delegated", func(u *itsm.Unit, d *Delegation, in Delegate) error {
		me := u.Actor().Person()
		d.From, d.To, d.Kinds, d.Start, d.End, d.Reason = in.From, in.To, in.Kinds, in.Start, in.End, in.Reason
		if d.From == "" {
			d.From = me
		}
		if d.Start.IsZero() {
			d.Start = u.Now()
		}
		var faults []error
		for _, f := range []struct {
			wrong       bool
			field, what string
		}{
			{d.To == "" || d.To == d.From, "to", "name somebody else, who votes"},
			{d.From == "", "from", "name whose votes are delegated"},
			{!d.Start.Before(d.End), "end", "a delegation ends after it begins"},
			{!d.End.After(u.Now()), "end", "a delegation ends in the future"},
		} {
			if f.wrong {
				faults = append(faults, itsm.Invalid(f.field, f.what))
			}
		}
		if err := errors.Join(faults...); err != nil {
			return err
		}
		return ownOrLeading(u, d.From)
	})
	s.end = itsm.Handle(p, TriggerEnd, func(u *itsm.Unit, d *Delegation, _ Nothing) error {
		if now := u.Now(); now.Before(d.End) {
			d.End = now
		}
		return ownOrLeading(u, d.From)
	})
}

// ownOrLeading lets people decide about their own votes, and those who lead about others'.
func ownOrLeading(u *itsm.Unit, person string) error {
	a := u.Actor()
	if a.Person() == person || a.Kind == itsm.System || slices.Contains(a.Roles, itsm.Manager) || slices.Contains(a.Roles, itsm.Administrator) {
		return nil
	}
	return itsm.ErrDenied
}
