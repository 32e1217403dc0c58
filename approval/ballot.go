package approval

import (
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// maxDelegations bounds the delegations from one person to another that a vote looks at.
const maxDelegations = 100

// ballots says what each trigger does to a ballot.
func (s *Approvals) ballots(p *itsm.Practice[Ballot]) {
	itsm.Create(p, TriggerIssue, "issued", func(_ *itsm.Unit, b *Ballot, in Issue) error {
		b.Person, b.Of, b.Subject, b.Content, b.Stage, b.Mandatory = in.Person, in.Of, in.Subject, in.Content, in.Stage, in.Mandatory
		return nil
	})
	itsm.Handle(p, TriggerAsk, func(u *itsm.Unit, b *Ballot, _ Nothing) error { return u.Concern(b.Person) })
	itsm.Handle(p, TriggerHold, func(*itsm.Unit, *Ballot, Nothing) error { return nil })
	itsm.Handle(p, TriggerLapse, func(*itsm.Unit, *Ballot, Nothing) error { return nil })
	itsm.Handle(p, TriggerRemind, func(u *itsm.Unit, b *Ballot, _ Nothing) error {
		b.Reminders++
		return u.Concern(b.Person)
	})
	itsm.Handle(p, TriggerDepute, func(u *itsm.Unit, b *Ballot, in Deputing) error {
		b.Deputy = in.Person
		return u.Concern(in.Person)
	})
	s.vote = itsm.Handle(p, TriggerVote, s.voted)
	p.Choice(chooseVoted, func(u *itsm.Unit, b *Ballot) lifecycle.State {
		in, _ := u.Input().(*Choose)
		switch {
		case in != nil && in.Choice == Refuse:
			return StateRefused
		case in != nil && in.Choice == Abstain:
			return StateAbstained
		}
		return StateAccepted
	})
}

// voted takes a vote and has it counted, in one transaction: the approval's version keeps two voters apart.
func (s *Approvals) voted(u *itsm.Unit, b *Ballot, in Choose) error {
	if !slices.Contains([]Choice{Accept, Refuse, Abstain}, in.Choice) {
		return itsm.Invalid("choice", "accept, refuse or abstain")
	}
	if in.Choice == Refuse && strings.TrimSpace(in.Reason) == "" {
		return itsm.Invalid("reason", "say why you refuse")
	}
	rec, err := u.Get(b.Of)
	if err != nil {
		return err
	}
	round := rec.(*Approval)
	refuse := func(code lifecycle.Code, args map[string]string) error {
		return &lifecycle.Refusal{Lifecycle: BallotKind, State: b.State, Trigger: TriggerVote, Reasons: []lifecycle.Reason{{Code: code, Args: args}}}
	}
	me := u.Actor().Person()
	switch {
	case in.Content != 0 && in.Content != b.Content:
		return refuse(ReasonContent, nil)
	case me == "":
		return refuse(ReasonNotVoter, nil)
	case me == round.Requester:
		return refuse(ReasonRequester, nil)
	}
	if me != b.Person {
		delegation, err := s.mayVoteFor(u, b, me)
		if err != nil {
			return err
		}
		if delegation == "" && me != b.Deputy {
			return refuse(ReasonNotVoter, nil)
		}
		if votes, err := s.votesIn(u, b.Of, b.Stage, me); votes || err != nil {
			if err != nil {
				return err
			}
			return refuse(ReasonTwoVotes, map[string]string{"stage": b.Stage})
		}
		b.Delegation = delegation
	}
	b.VotedBy, b.VotedAt, b.Reason = me, u.Now(), in.Reason
	if err := u.Concern(b.Person); err != nil {
		return err
	}
	return u.Do(b.Of, TriggerCount, Counted{Ballot: b.ID, Choice: in.Choice})
}

// mayVoteFor finds a delegation by which somebody votes for the ballot's person now; the transaction depends on it.
func (s *Approvals) mayVoteFor(u *itsm.Unit, b *Ballot, me string) (string, error) {
	found, err := u.Query(DelegationKind, itsm.Query{Limit: maxDelegations, Filter: filter(itsm.All(
		itsm.Where("from").Is(b.Person), itsm.Where("to").Is(me), itsm.Where("state").Is(string(StateActive)),
	))})
	if err != nil {
		return "", err
	}
	for _, d := range found {
		rec, err := u.Get(d.Header().Ref())
		if err != nil {
			return "", err
		}
		if rec.(*Delegation).holds(u.Now(), b.Subject.Kind) {
			return d.Header().ID, nil
		}
	}
	return "", nil
}
