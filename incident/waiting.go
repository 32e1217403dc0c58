package incident

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// held lets an incident wait. While it waits for the caller, follow-ups come at their time.
func (s *Incidents) held(u *itsm.Unit, inc *Incident, h Hold) error {
	if inc.State != StateOnHold {
		inc.HeldFrom = inc.State
	} else {
		u.CancelTimer(TimerFollowUp)
	}
	inc.Hold = h.Reason
	if h.Message != "" {
		message := itsm.Comment{Body: h.Message, Internal: h.Reason != itsm.HoldCaller}
		if err := errors.Join(u.Comment(message), s.commented(u, inc, message)); err != nil {
			return err
		}
	}
	if h.Reason != itsm.HoldCaller || len(s.policy.FollowUps) == 0 {
		return nil
	}
	return s.followUp(u, 0)
}

// followUp sets the timer of a step: a message, or after the last one the end.
func (s *Incidents) followUp(u *itsm.Unit, step int) error {
	steps := s.policy.FollowUps
	wait, trigger, in := s.policy.NoAnswer, TriggerResolve, any(Resolution{Code: NoAnswer, Notes: "The caller did not answer."})
	if step < len(steps) {
		wait, trigger, in = steps[step].After, TriggerRemind, Remind{Step: step}
	}
	if wait == 0 {
		return nil
	}
	due, err := s.config.Calendar.Add(u.Now(), wait)
	if err != nil {
		return fmt.Errorf("follow-up: %w", err)
	}
	return u.SetTimer(TimerFollowUp, due, trigger, in)
}

// reminded asks the caller again.
func (s *Incidents) reminded(u *itsm.Unit, _ *Incident, r Remind) error {
	if err := u.Fact("follow_up", r.Step+1); err != nil {
		return err
	}
	if r.Step < 0 || r.Step >= len(s.policy.FollowUps) {
		return nil // of a policy that the desk had before
	}
	if err := u.Comment(itsm.Comment{Body: s.policy.FollowUps[r.Step].Message}); err != nil {
		return err
	}
	return s.followUp(u, r.Step+1)
}

// release forgets what the incident waited for.
func release(u *itsm.Unit, inc *Incident) {
	if inc.Hold == itsm.HoldCaller {
		u.CancelTimer(TimerFollowUp)
	}
	inc.Hold, inc.HeldFrom = "", ""
}

// commented counts contacts, see [Policy.ContactGap].
func (s *Incidents) commented(u *itsm.Unit, inc *Incident, c itsm.Comment) error {
	if c.AutoReply || c.Internal || u.Actor().Kind == itsm.System {
		return nil
	}
	s.meet(inc, u.Now(), !fromCaller(inc, u.Actor(), &c))
	return nil
}

// contacted notes an exchange that left no message.
func (s *Incidents) contacted(u *itsm.Unit, inc *Incident, c Contact) error {
	s.meet(inc, u.Now(), c.Outgoing)
	if c.Outgoing {
		u.Answered()
	} else {
		u.Asked()
	}
	facts := struct {
		Channel  string `json:"channel"`
		Outgoing bool   `json:"outgoing,omitempty"`
	}{c.Channel, c.Outgoing}
	return u.AddRow(Contacts, "", facts, inc.Caller, c.Note)
}

// meet is a word of the desk or of the caller.
func (s *Incidents) meet(inc *Incident, at time.Time, byDesk bool) {
	if byDesk {
		inc.Answered = true
	} else {
		if inc.Answered && at.Sub(inc.ContactAt) > s.policy.ContactGap {
			inc.Contacts++
			inc.Answered = false
		}
		inc.Contacts = max(inc.Contacts, 1)
	}
	inc.ContactAt = at
}

// lookUpCaller notes what the directory says of the caller.
func lookUpCaller(u *itsm.Unit, inc *Incident) error {
	inc.VIP = false
	if _, nobody := u.Directory().(itsm.NoDirectory); nobody || inc.Caller == "" {
		return nil
	}
	profile, err := u.Directory().Person(u.Context(), inc.Tenant, inc.Caller)
	if errors.Is(err, itsm.ErrNotFound) {
		return nil
	}
	inc.VIP = profile.VIP
	return err
}

func (s *Incidents) checkCategory(inc *Incident) error {
	if inc.Category == "" || len(s.config.Categories) == 0 || slices.Contains(s.config.Categories, inc.Category) {
		return nil
	}
	return itsm.Invalid("category", fmt.Sprintf("the desk has no category %q", inc.Category))
}
