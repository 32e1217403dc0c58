package incident

import (
	"cmp"
	"context"
	"math"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// TimerMajorUpdate is the timer of the next stakeholder update.
const TimerMajorUpdate = "major_update"

// Update is a message to stakeholders.
type Update struct {
	ID     int64     `json:"id,omitzero"`
	At     time.Time `json:"at,omitzero"`
	Author string    `json:"author,omitempty"`
	// Audience is the name of a list of the communication plan, or, where the plan has none, of one of the host's.
	Audience string `json:"audience"`
	Channel  string `json:"channel,omitempty"` // the plan's hint to who delivers
	Body     string `json:"body"`
	// NextIn promises the next update after that time, 0 after the plan's cadence; elapsed time.
	NextIn time.Duration `json:"next_in,omitempty"`
	// NextAt is when it was promised for; zero where none was.
	NextAt time.Time `json:"next_at,omitzero"`
	// Told is how many people the plan named; a list of the host's counts none.
	Told   int  `json:"told,omitempty"`
	Erased bool `json:"erased,omitempty"`
}

// UpdateDue is what the update clock says: an update was due then.
type UpdateDue struct {
	Due time.Time `json:"due"`
	// Count is how often one fell due since the last was given: 1 is the first time.
	Count int `json:"count"`
}

// Inform tells stakeholders, and starts the clock of updates anew. It writes the message and names the people of the
// audience in the event ([itsm.Entry.People]); to deliver it is for a subscriber to incident.stakeholders_informed. It
// costs what the audience has people, 1,000 at most.
func (s *Incidents) Inform(ctx context.Context, id string, up Update, with ...itsm.Option) (Incident, error) {
	return s.major.inform.Do(ctx, id, up, with...)
}

// Updates answers up to limit updates with an id above after, oldest first; none to who may not see them. Limit 0 means
// all.
func (s *Incidents) Updates(ctx context.Context, id string, after int64, limit int) ([]Update, error) {
	return readRows(ctx, s, id, StakeholderUpdates, after, limit, func(r *itsm.Row, up *Update) {
		up.ID, up.At, up.Author = r.ID, r.At, r.Sealed.Subject
		up.Body, up.Erased = r.Text()
	})
}

// startUpdates starts the clock of updates anew.
func (s *Incidents) startUpdates(u *itsm.Unit, inc *Incident, in time.Duration) error {
	if in == 0 {
		in = s.config.Major.Plan.cadence(inc.Priority)
	}
	inc.Major.UpdatesDue = 0
	return s.updateAt(u, inc, u.Now(), in)
}

// updateAt sets the clock to an instant and a time from it. In an import, one that has passed is suppressed, and the
// clock stands until the next update.
func (s *Incidents) updateAt(u *itsm.Unit, inc *Incident, from time.Time, in time.Duration) error {
	if in < 0 {
		stopUpdates(u, &inc.Major)
		return nil
	}
	due := from.Add(in).UTC()
	inc.Major.NextUpdateAt = due
	if u.Suppresses(due) {
		inc.Major.NextUpdateAt = time.Time{}
	}
	return u.SetTimer(TimerMajorUpdate, due, TriggerUpdateDue, UpdateDue{Due: due})
}

func stopUpdates(u *itsm.Unit, m *Major) {
	m.NextUpdateAt, m.UpdatesDue = time.Time{}, 0
	u.CancelTimer(TimerMajorUpdate)
}

// updateDue says that an update is due, and when the next will be: the nominal time counts, however late it is noticed.
func (s *Incidents) updateDue(u *itsm.Unit, inc *Incident, d UpdateDue) error {
	m := &inc.Major
	if m.UpdatesDue < math.MaxUint16 {
		m.UpdatesDue++
	}
	d.Count = int(m.UpdatesDue)
	if err := u.Fact("update_due", d); err != nil {
		return err
	}
	if err := concern(u, cmp.Or(m.Communications, m.Manager)); err != nil {
		return err
	}
	return s.updateAt(u, inc, d.Due, s.config.Major.Plan.cadence(inc.Priority))
}

func (s *Incidents) informed(u *itsm.Unit, inc *Incident, up Update) error {
	plan := &s.config.Major.Plan
	audience, err := plan.audience(up.Audience)
	if err != nil {
		return err
	}
	people, err := audience.people(u)
	if err != nil {
		return err
	}
	switch {
	case up.NextIn < 0:
		return itsm.Invalid("next_in", "promise the next update after a time of more than 0")
	case inc.Open():
		if err := s.startUpdates(u, inc, up.NextIn); err != nil {
			return err
		}
	case up.NextIn > 0:
		return itsm.Invalid("next_in", "the incident is resolved: there is no next update to promise")
	}
	for _, person := range people {
		if err := concern(u, person); err != nil {
			return err
		}
	}
	told := updateFacts{Audience: up.Audience, Channel: audience.Channel, Told: len(people), NextAt: inc.Major.NextUpdateAt}
	if err := u.Fact("update", told); err != nil {
		return err
	}
	return u.AddRow(StakeholderUpdates, "", told, author(u), up.Body)
}

type updateFacts struct {
	Audience string    `json:"audience"`
	Channel  string    `json:"channel,omitempty"`
	Told     int       `json:"told,omitempty"`
	NextAt   time.Time `json:"next_at,omitzero"`
}
