package approval

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Counted is a vote on its way to its approval.
type Counted struct {
	Ballot string `json:"ballot"`
	Choice Choice `json:"choice"`
}

// Issue makes a ballot.
type Issue struct {
	Person    string   `json:"person"`
	Of        itsm.Ref `json:"of"`
	Subject   itsm.Ref `json:"subject"`
	Content   int64    `json:"content"`
	Stage     string   `json:"stage"`
	Mandatory bool     `json:"mandatory,omitempty"`
}

// Deputing names who may vote in a voter's place.
type Deputing struct {
	Person string `json:"person"`
}

// rounds says what each trigger does to an approval.
func (s *Approvals) rounds(p *itsm.Practice[Approval]) {
	s.request = itsm.Create(p, TriggerRequest, "requested", s.requested)
	itsm.Handle(p, TriggerCount, func(u *itsm.Unit, a *Approval, in Counted) error {
		stages, err := counted(a, in)
		if err != nil {
			return err
		}
		return a.keep(stages)
	})
	itsm.Handle(p, TriggerTimeout, s.timedOut)
	itsm.Handle(p, TriggerHold, func(u *itsm.Unit, a *Approval, _ Nothing) error {
		a.Held = true
		u.CancelTimer(TimerStage)
		return a.toBallots(u, TriggerHold, StateOpen)
	})
	itsm.Handle(p, TriggerRelease, func(u *itsm.Unit, a *Approval, _ Nothing) error {
		a.Held = false
		return s.ask(u, a)
	})
	itsm.Handle(p, TriggerLapse, func(u *itsm.Unit, a *Approval, b Because) error {
		a.Reason, a.Held = b.Reason, false
		return nil
	})
	p.Guard(guardHeld, func(_ *itsm.Unit, a *Approval) *lifecycle.Reason {
		if a.Held {
			return nil
		}
		return &lifecycle.Reason{Code: "not_held"}
	})
	p.Guard(guardNotHeld, func(_ *itsm.Unit, a *Approval) *lifecycle.Reason {
		if !a.Held {
			return nil
		}
		return &lifecycle.Reason{Code: ReasonHeld}
	})
	p.Choice(chooseCounted, func(u *itsm.Unit, a *Approval) lifecycle.State {
		in, _ := u.Input().(*Counted)
		if in == nil {
			return StateWaiting
		}
		stages, err := counted(a, *in)
		if err != nil {
			return StateWaiting // the handler says what is wrong
		}
		switch d := stages[a.Stage].Decide(); {
		case d.Status == Refused:
			return StateRefused
		case d.Status == Accepted && a.Stage == len(stages)-1:
			return StateAccepted
		}
		return StateWaiting
	})
	p.Choice(chooseTimeout, func(_ *itsm.Unit, a *Approval) lifecycle.State {
		if stages := a.Stages.Get(); a.Stage < len(stages) && stages[a.Stage].Timeout.Action == RefuseLate {
			return StateRefused
		}
		return StateWaiting
	})
	p.Keep(s.keep)
}

// counted answers the stages with one more vote.
func counted(a *Approval, in Counted) ([]StageVotes, error) {
	stages := a.Stages.Get()
	if a.Stage >= len(stages) {
		return nil, itsm.ErrBroken
	}
	votes := stages[a.Stage].Votes
	i := slices.IndexFunc(votes, func(v Vote) bool { return v.Ballot == in.Ballot })
	if i < 0 || votes[i].Choice != "" {
		return nil, itsm.Invalid("ballot", in.Ballot+" is no open ballot of the stage that is asked")
	}
	votes[i].Choice = in.Choice
	return stages, nil
}

func (a *Approval) keep(stages []StageVotes) error {
	packed, err := field.Pack(stages)
	if err == nil {
		a.Stages = packed
	}
	return err
}

// requested makes a round with all its ballots, and asks the first stage.
func (s *Approvals) requested(u *itsm.Unit, a *Approval, r Request) error {
	if err := r.check(u); err != nil {
		return err
	}
	a.Subject, a.Content, a.Round, a.Title, a.Requester = r.Subject, r.Content, max(r.Round, 1), r.Title, r.Requester
	stages := make([]StageVotes, len(r.Stages))
	for i, st := range r.Stages {
		stages[i] = StageVotes{Name: st.Name, Rule: st.Rule, Timeout: st.Timeout}
		for _, v := range st.Voters {
			ref, err := u.Create(BallotKind, TriggerIssue, Issue{
				Person: v.Person, Of: u.Ref(), Subject: r.Subject, Content: r.Content, Stage: st.Name, Mandatory: v.Mandatory,
			})
			if err != nil {
				return err
			}
			stages[i].Votes = append(stages[i].Votes, Vote{Ballot: ref.ID, Mandatory: v.Mandatory})
		}
	}
	if err := a.keep(stages); err != nil {
		return err
	}
	return s.ask(u, a)
}

// check lists what is wrong with a request.
func (r Request) check(u *itsm.Unit) error {
	var faults []error
	fault := func(wrong bool, where, what string) {
		if wrong {
			faults = append(faults, itsm.Invalid(where, what))
		}
	}
	fault(len(r.Stages) == 0 || len(r.Stages) > MaxStages, "stages", "an approval has 1 to 20 stages")
	names := map[string]bool{}
	for i, st := range r.Stages {
		where := fmt.Sprintf("stages[%d]", i)
		fault(strings.TrimSpace(st.Name) == "" || names[st.Name], where+".name", "a stage has a name of its own")
		fault(len(st.Voters) == 0 || len(st.Voters) > MaxVoters, where+".voters", "a stage has 1 to 200 voters")
		fault(st.Rule.Need(len(st.Voters), 0) > len(st.Voters), where+".rule", "more voters must accept than there are")
		text, _ := st.Rule.MarshalText()
		if err := new(Rule).UnmarshalText(text); err != nil {
			fault(true, where+".rule", err.Error())
		}
		fault(st.Timeout.After < 0 || st.Timeout.After > 0 && !slices.Contains([]Action{Remind, Escalate, RefuseLate}, st.Timeout.Action),
			where+".timeout", "after a time of more than 0, remind, escalate or refuse")
		names[st.Name] = true
		seen := map[string]bool{}
		for _, v := range st.Voters {
			fault(strings.TrimSpace(v.Person) == "", where+".voters", "a voter is a person")
			fault(v.Person != "" && v.Person == r.Requester, where+".voters", v.Person+" asks, and does not vote")
			fault(seen[v.Person], where+".voters", v.Person+" has one vote in a stage")
			seen[v.Person] = true
		}
		for _, to := range st.Timeout.To {
			fault(seen[to] || to == r.Requester || to == "", where+".timeout.to", "who votes in others' place is no voter of the stage, nor the requester")
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	return u.LookAt(r.Subject, func(itsm.Record) {})
}

// ask opens the ballots of the present stage, and sets its time.
func (s *Approvals) ask(u *itsm.Unit, a *Approval) error {
	a.AskedAt = u.Now()
	if err := a.toBallots(u, TriggerAsk, StatePending); err != nil {
		return err
	}
	return s.setTimer(u, a)
}

func (s *Approvals) setTimer(u *itsm.Unit, a *Approval) error {
	t := a.Stages.Get()[a.Stage].Timeout
	if t.After <= 0 {
		u.CancelTimer(TimerStage)
		return nil
	}
	due, err := s.config.Calendar.Add(u.Now(), t.After)
	if err != nil {
		return fmt.Errorf("approval timeout: %w", err)
	}
	return u.SetTimer(TimerStage, due, TriggerTimeout, nil)
}

// toBallots pulls a trigger on the ballots of the present stage that are in a state.
func (a *Approval) toBallots(u *itsm.Unit, t lifecycle.Trigger, in lifecycle.State) error {
	for _, v := range a.Stages.Get()[a.Stage].Votes {
		if err := toBallot(u, v, t, in); err != nil {
			return err
		}
	}
	return nil
}

// toBallot leaves ballots alone that were given, also the one whose vote is being counted.
func toBallot(u *itsm.Unit, v Vote, t lifecycle.Trigger, in ...lifecycle.State) error {
	if v.Choice != "" {
		return nil
	}
	ref := itsm.Ref{Kind: BallotKind, ID: v.Ballot}
	is := false
	if err := u.LookAt(ref, func(r itsm.Record) { is = slices.Contains(in, r.Header().State) }); err != nil || !is {
		return err
	}
	return u.Do(ref, t, nil)
}

// keep goes on when a vote was counted: it asks the next stage, or ends the round.
func (s *Approvals) keep(u *itsm.Unit, was, is *Approval) error {
	if was == nil || was.State != StateWaiting {
		return nil // what was decided and lapses now has no open ballots
	}
	stages := is.Stages.Get()
	if is.State == StateWaiting {
		if is.Stages == was.Stages || stages[is.Stage].Decide().Status != Accepted {
			return nil
		}
		if err := is.toBallots(u, TriggerLapse, StateOpen); err != nil {
			return err
		}
		is.Stage++
		return s.ask(u, is)
	}
	is.DecidedAt = u.Now()
	u.CancelTimer(TimerStage)
	for _, st := range stages[is.Stage:] {
		for _, v := range st.Votes {
			if err := toBallot(u, v, TriggerLapse, StatePending, StateOpen); err != nil {
				return err
			}
		}
	}
	if is.State == StateLapsed {
		return nil
	}
	at := stages[is.Stage]
	note := Outcome{
		Approval: is.Ref(), Round: is.Round, Content: is.Content, Status: Status(is.State), Stage: at.Name, Reasons: at.Decide().Reasons(),
	}
	if is.TimedOut {
		note.Reasons = []lifecycle.Reason{{Code: ReasonTimeout, Args: map[string]string{"stage": at.Name}}}
	}
	return u.Do(is.Subject, TriggerNote, note)
}

// timedOut does what a stage says for when nobody decides.
func (s *Approvals) timedOut(u *itsm.Unit, a *Approval, _ Nothing) error {
	st := a.Stages.Get()[a.Stage]
	if st.Timeout.Action == RefuseLate {
		a.TimedOut = true
		return nil
	}
	for i, v := range st.Votes {
		if v.Choice != "" {
			continue
		}
		ref := itsm.Ref{Kind: BallotKind, ID: v.Ballot}
		if st.Timeout.Action == Remind {
			if err := u.Do(ref, TriggerRemind, nil); err != nil {
				return err
			}
			continue
		}
		to, err := s.deputy(u, a, st, i)
		if err != nil {
			return err
		}
		if to == "" {
			continue // nobody is above
		}
		if err := u.Do(ref, TriggerDepute, Deputing{to}); err != nil {
			return err
		}
	}
	if st.Timeout.Action == Remind {
		return s.setTimer(u, a)
	}
	return nil
}

// deputy finds who votes in the place of a voter: of the names that the stage gives one after the other, else the voter's
// manager, who is no voter of the stage nor the requester.
func (s *Approvals) deputy(u *itsm.Unit, a *Approval, st StageVotes, place int) (string, error) {
	if n := len(st.Timeout.To); n > 0 {
		return st.Timeout.To[place%n], nil
	}
	rec, err := u.Get(itsm.Ref{Kind: BallotKind, ID: st.Votes[place].Ballot})
	if err != nil {
		return "", err
	}
	profile, err := u.Directory().Person(u.Context(), a.Tenant, rec.(*Ballot).Person)
	switch {
	case errors.Is(err, itsm.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	case profile.Manager == "" || profile.Manager == a.Requester:
		return "", nil
	}
	votes, err := s.votesIn(u, a.Ref(), st.Name, profile.Manager)
	if votes || err != nil {
		return "", err
	}
	return profile.Manager, nil
}

// votesIn reports whether a person has a ballot in a stage. Whom a ballot is for never changes.
func (s *Approvals) votesIn(u *itsm.Unit, of itsm.Ref, stage, person string) (bool, error) {
	n, err := u.Count(BallotKind, itsm.All(itsm.Where("of").Is(of.String()), itsm.Where("person").Is(person), itsm.Where("stage").Is(stage)))
	return n > 0, err
}
