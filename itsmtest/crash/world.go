package main

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// subscribers are the names of those who write down what they see. The second one fails now and then.
var subscribers = []string{"index", "mail"}

// agents are the people who work on tickets; caller is the person who reports half of them.
var agents = []string{"ann", "bob", "dora"}

const caller = "cleo"

// agreements are promises so short that at a thousand times the speed some level of some clock is due all the time.
func agreements() ([]sla.Agreement, error) {
	shifts, err := calendar.New(calendar.Spec{
		Name: "shifts", Zone: "UTC",
		Weekly: calendar.Daily("00:00-01:40, 02:00-03:40, 04:00-05:40, 06:00-07:40, 08:00-09:40, 10:00-11:40, 12:00-13:40, 14:00-15:40, 16:00-17:40, 18:00-19:40, 20:00-21:40, 22:00-23:40"),
	})
	if err != nil {
		return nil, err
	}
	waiting := sla.Condition{Phases: []lifecycle.Phase{lifecycle.Waiting}}
	within := func(high, other time.Duration) map[itsm.Priority]time.Duration {
		return map[itsm.Priority]time.Duration{1: high, 2: high, sla.AnyPriority: other}
	}
	return []sla.Agreement{
		{
			Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind}, OnChange: sla.KeepStart,
			Targets: []sla.Target{
				{
					Name: "response", Kind: sla.FirstResponse, Within: within(4*time.Minute, 12*time.Minute),
					Levels: []sla.Level{{Name: "half", Percent: 50}, {Name: "breach", Percent: 100}, {Name: "long gone", Offset: 10 * time.Minute}},
				},
				{
					Name: "resolution", Kind: sla.TotalResolution, Pause: waiting, Within: within(15*time.Minute, 45*time.Minute),
					Levels: []sla.Level{{Name: "warning", Percent: 60}, {Name: "soon", Offset: -2 * time.Minute}, {Name: "breach", Percent: 100}, {Name: "double", Percent: 200}},
				},
				{
					Name: "update", Kind: sla.PeriodicUpdate, Within: within(10*time.Minute, 20*time.Minute),
					Levels: []sla.Level{{Name: "remind", Percent: 80}, {Name: "breach", Percent: 100}},
				},
			},
		},
		{
			Name: "team", Class: sla.OperationalLevel, Version: 1, Kinds: []string{incident.Kind}, Calendar: shifts, OnChange: sla.StartAnew,
			Targets: []sla.Target{
				{
					Name: "ownership", Kind: sla.TakeOwnership, Within: within(3*time.Minute, 8*time.Minute),
					Levels: []sla.Level{{Name: "half", Percent: 50}, {Name: "breach", Percent: 100}},
				},
				{
					Name: "repair", Kind: sla.FirstResolution, Pause: waiting, Within: within(20*time.Minute, 60*time.Minute), Late: sla.LatestLevel,
					Levels: []sla.Level{{Name: "half", Percent: 50}, {Name: "most", Percent: 75}, {Name: "breach", Percent: 100}},
				},
			},
		},
	}, nil
}

func policies() []escalation.Policy {
	tell := func(name string, after time.Duration, who escalation.Audience) escalation.Step {
		return escalation.Step{Name: name, Kind: escalation.Notify, After: after, Audience: []escalation.Audience{who}}
	}
	return []escalation.Policy{
		{
			Name: "duty", Kinds: []string{incident.Kind}, Persistent: true,
			Triggers: []escalation.Trigger{{On: escalation.OnLevel, Agreements: []string{"gold"}, Missed: true}},
			Steps:    []escalation.Step{tell("duty", 0, "zoe"), tell("lead", 4*time.Minute, "max"), tell("head", 6*time.Minute, "kim")},
			Repeat:   1, RepeatAfter: 5 * time.Minute,
		},
		{
			Name: "silence", Kinds: []string{incident.Kind},
			Triggers: []escalation.Trigger{{On: escalation.OnNoProgress, Within: 15 * time.Minute}},
			Steps:    []escalation.Step{{Name: "hand over", Kind: escalation.Functional, Group: "second line"}, tell("lead", 3*time.Minute, "max")},
		},
	}
}

// config is the desk of every process of a run. Seen is told what subscribers see.
func config(store itsm.Store, clock itsm.Clock, log *slog.Logger, seen func(subscriber string, e *itsm.Event) error) (desk.Config, error) {
	promised, err := agreements()
	if err != nil {
		return desk.Config{}, err
	}
	people := itsmtest.Directory{Groups: []itsm.Group{{ID: "second line"}, {ID: "network"}, {ID: "desk"}}}
	for _, id := range append([]string{caller, "zoe", "max", "kim"}, agents...) {
		people.People = append(people.People, itsm.Profile{ID: id})
	}
	c := desk.Config{
		Store: store, Clock: clock, Logger: log, Directory: people, Remember: -1,
		Agreements: promised, Escalation: escalation.Config{Policies: policies()},
		Incidents: incident.Config{Policy: incident.Policy{
			AutoClose: 4 * time.Hour, NoAnswer: 10 * time.Minute,
			FollowUps: []incident.FollowUp{{After: 8 * time.Minute, Message: "Are you there?"}, {After: 8 * time.Minute, Message: "Still there?"}},
		}},
	}
	for _, name := range subscribers {
		c.Subscribers = append(c.Subscribers, itsm.Subscriber{Name: name, Tries: 50, Handle: func(_ context.Context, e *itsm.Event) error {
			return seen(name, e)
		}})
	}
	return c, nil
}

// errShaky is what the shaky subscriber answers now and then.
var errShaky = errors.New("the mail server does not answer")

// writesDown keeps what subscribers see; one in so many events of the shaky one fails first, none where that is 0.
func writesDown(j *journal, rng *rand.Rand, oneIn int) func(string, *itsm.Event) error {
	var mu sync.Mutex
	return func(name string, e *itsm.Event) error {
		mu.Lock()
		fails := oneIn > 0 && name == subscribers[1] && rng.IntN(oneIn) == 0
		mu.Unlock()
		if fails {
			return errShaky
		}
		return j.write(line{What: saw, Subscriber: name, ID: e.ID, Version: e.Version})
	}
}
