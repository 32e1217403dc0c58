package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// KindSchedule is the kind of the record by which a tenant's desk purges by itself. A tenant has one of them.
const KindSchedule = "retention"

// Schedule says when a tenant's desk purges by itself, and what came of it.
type Schedule struct {
	itsm.Head
	// Next is when the next run begins, and Last when the last one did, which took Records records, parts included.
	Next    time.Time `json:"next,omitzero"`
	Last    time.Time `json:"last,omitzero"`
	Records int       `json:"records,omitempty"`
	// Reason says why purges are suspended.
	Reason string `json:"reason,omitempty"`
}

var schedule = itsm.Ref{Kind: KindSchedule, ID: "schedule"}

// The states of a schedule. While it is suspended nothing is purged in the tenant, by nobody.
const (
	StateRunning   lifecycle.State = "running"
	StateSuspended lifecycle.State = "suspended"
)

// The triggers by which people stop the purges of a tenant, such as for an inquiry whose records nobody knows yet, and let
// them go on. By [itsm.DefaultGrants] records managers and administrators may.
const (
	TriggerSuspend lifecycle.Trigger = "suspend_purges"
	TriggerResume  lifecycle.Trigger = "resume_purges"
)

const (
	triggerBegin lifecycle.Trigger = "begin"
	triggerRun   lifecycle.Trigger = "run"
	timerRun                       = "run"
)

// Because says why purges are suspended.
type Because struct {
	Reason string `json:"reason"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// walk is where a run stands.
type walk struct {
	Policy string `json:"policy,omitempty"`
	Kind   string `json:"kind,omitempty"`
	// At and ID are of the last record that was looked at.
	At time.Time `json:"at,omitzero"`
	ID string    `json:"id,omitempty"`
}

// schedules registers the record that carries the timer.
func (s *Retention) schedules(k *itsm.Kernel) error {
	running, suspended := []lifecycle.State{StateRunning}, []lifecycle.State{StateSuspended}
	p, err := itsm.NewPractice[Schedule](k, itsm.Spec{Kind: KindSchedule, Series: "RTN", Lifecycle: lifecycle.Definition{
		Name: KindSchedule, Version: 1, Initial: StateRunning,
		States: []lifecycle.StateRow{
			{Name: StateRunning, Title: "Running", Phase: lifecycle.Active},
			{Name: StateSuspended, Title: "Suspended", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: triggerRun, Title: "Run", Past: "run"},
			{Name: TriggerSuspend, Title: "Suspend purges", Past: "suspended"},
			{Name: TriggerResume, Title: "Resume purges", Past: "resumed"},
		},
		Rows: []lifecycle.Transition{
			{From: running, Trigger: triggerRun, Roles: []itsm.Role{itsm.Machinery}},
			{From: running, Trigger: TriggerSuspend, To: StateSuspended, Brings: []lifecycle.Need{{"reason"}}},
			{From: suspended, Trigger: TriggerResume, To: StateRunning},
		},
	}})
	if err != nil {
		return err
	}
	itsm.Create(p, triggerBegin, "begun", func(u *itsm.Unit, r *Schedule, _ Nothing) error { return s.await(u, r) })
	itsm.Handle(p, triggerRun, s.turn)
	s.suspend = itsm.Handle(p, TriggerSuspend, func(u *itsm.Unit, r *Schedule, b Because) error {
		r.Reason, r.Next = b.Reason, time.Time{}
		u.CancelTimer(timerRun)
		return nil
	})
	s.resume = itsm.Handle(p, TriggerResume, func(u *itsm.Unit, r *Schedule, _ Nothing) error {
		r.Reason = ""
		return s.await(u, r)
	})
	return nil
}

// Suspend stops all purges of the actor's tenant, those by hand too, until Resume. It is ErrNotFound where no ticket has ended
// yet under policies.
func (s *Retention) Suspend(ctx context.Context, reason string) (Schedule, error) {
	return s.suspend.Do(ctx, schedule.ID, Because{reason})
}

// Resume lets the purges of the actor's tenant go on.
func (s *Retention) Resume(ctx context.Context) (Schedule, error) {
	return s.resume.Do(ctx, schedule.ID, Nothing{})
}

// ReasonSuspended is the code of the refusal of a purge while the tenant's purges are suspended.
const ReasonSuspended lifecycle.Code = "suspended"

// suspended refuses a purge while purges are.
func suspended(u *itsm.Unit) (refusal error, err error) {
	err = u.LookAt(schedule, func(rec itsm.Record) {
		if rec.Header().State == StateSuspended {
			refusal = &lifecycle.Refusal{Lifecycle: Kind, Trigger: TriggerPurge, Reasons: []lifecycle.Reason{{Code: ReasonSuspended}}}
		}
	})
	if errors.Is(err, itsm.ErrNotFound) {
		err = nil
	}
	return refusal, err
}

// await sets the next run, by the clock: what is imported is of earlier instants.
func (s *Retention) await(u *itsm.Unit, r *Schedule) error {
	every := s.config.Every
	if every < 0 {
		every = defaultEvery // another node may be configured to run
	}
	r.Next = s.Kernel().Clock().Now().UTC().Add(every)
	return u.SetTimer(timerRun, r.Next, triggerRun, walk{})
}

// turn is one transaction of a run: one purge. What is left goes on by a timer that is due at once.
func (s *Retention) turn(u *itsm.Unit, r *Schedule, w walk) error {
	at := 0
	if w == (walk{}) {
		r.Last, r.Records = u.Now(), 0
	} else if at = slices.IndexFunc(s.steps, func(st step) bool { return st.kind == w.Kind && st.policy.Name == w.Policy }); at < 0 {
		return s.await(u, r) // the policies have changed since
	}
	if s.config.Every < 0 {
		return s.await(u, r)
	}
	for _, st := range s.steps[at:] {
		before := st.policy.After.Before(u.Now())
		f := from(s.due(st, before), w.At, w.ID)
		due, err := u.Query(st.kind, itsm.Query{Filter: &f, Sort: inOrder, Limit: min(s.config.Batch, 1000)})
		if err != nil {
			return err
		}
		if len(due) == 0 {
			w = walk{}
			continue
		}
		looked, count, err := s.take(u, Selection{Policy: st.policy.Name, Kind: st.kind, Before: before, Numbers: numbers(due)})
		if err != nil {
			return err
		}
		r.Records += count
		last := due[looked-1].Header()
		r.Next = u.Now()
		return u.SetTimer(timerRun, r.Next, triggerRun, walk{Policy: st.policy.Name, Kind: st.kind, At: last.UpdatedAt, ID: last.ID})
	}
	return s.await(u, r)
}

// take purges a selection, and answers how many of it were looked at and how many went.
func (s *Retention) take(u *itsm.Unit, in Selection) (looked, count int, err error) {
	var made itsm.Ref
	refused, err := u.Attempt(func() (err error) {
		made, err = u.Create(Kind, TriggerPurge, in)
		return err
	})
	switch _, kept := lifecycle.AsRefusal(refused); {
	case err != nil:
		return 0, 0, err
	case kept:
		return len(in.Numbers), 0, nil
	case refused != nil:
		return 0, 0, fmt.Errorf("purge: %w", refused)
	}
	rec, err := u.Get(made)
	if err != nil {
		return 0, 0, err
	}
	p, ok := rec.(*Purge)
	if !ok {
		return 0, 0, errors.New("a purge is another kind of record")
	}
	return p.Looked, p.Count, nil
}

// Next answers when the desk of the actor's tenant purges next by itself, and what the last run did; [itsm.ErrNotFound]
// where none was begun: that happens when a ticket ends.
func (s *Retention) Next(ctx context.Context) (Schedule, error) {
	rec, err := s.Kernel().Get(ctx, schedule)
	if err != nil {
		return Schedule{}, err
	}
	if r, ok := rec.(*Schedule); ok {
		return *r, nil
	}
	return Schedule{}, itsm.ErrBroken
}
