package itsm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// runner is a record that is given its place by a timer: one more than how many have one.
type runner struct {
	itsm.Ticket
	Place int `json:"place,omitempty" itsm:"index"`
}

// startRunners makes runners whose timers are due at once.
func startRunners(t *testing.T, store itsm.Store, count int) (*itsm.Kernel, *itsm.Records[runner], *itsmtest.Clock) {
	t.Helper()
	var runners *itsm.Records[runner]
	var create itsm.Creation[runner, nothing]
	k, clock := itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) error {
		p, err := itsm.NewPractice[runner](k, itsm.Spec{Kind: "runner", Series: "RUN", Lifecycle: lifecycle.Definition{
			Name: "runner", Version: 1, Initial: "running",
			States:   []lifecycle.StateRow{{Name: "running", Title: "Running", Phase: lifecycle.Active}, {Name: "home", Title: "Home", Phase: lifecycle.Closed}},
			Triggers: []lifecycle.TriggerRow{{Name: "arrive", Title: "Arrive", Past: "arrived"}},
			Rows:     []lifecycle.Transition{{From: []lifecycle.State{"running"}, Trigger: "arrive", To: "home"}},
		}})
		if err != nil {
			return err
		}
		runners = p.Records
		create = itsm.Create(p, "start", "started", func(u *itsm.Unit, r *runner, _ nothing) error {
			r.Title = "Runner"
			return u.SetTimer("arrival", u.Now().Add(time.Hour), "arrive", nothing{})
		})
		itsm.Handle(p, "arrive", func(u *itsm.Unit, r *runner, _ nothing) error {
			home, err := u.Count("runner", itsm.Where("place").AtLeast(field.Int(1)))
			r.Place = int(home) + 1
			return err
		})
		return nil
	})
	for range count {
		_, err := create.Do(root, nothing{})
		require.NoError(t, err)
	}
	clock.Set(clock.Now().Add(time.Hour))
	return k, runners, clock
}

// Timers that are fired in one commit see what those before them did, as if each had been fired alone: a choice that rests
// on what everybody has to do would else be the same for all of them.
func TestTimersOfABatchSeeWhatTheOthersDid(t *testing.T) {
	k, runners, _ := startRunners(t, memory.New(), 20)
	fired, err := k.FireDue(context.Background())
	require.NoError(t, err)
	require.Equal(t, 20, fired)
	places := map[int]bool{}
	for r, err := range runners.All(root, itsm.Query{}) {
		require.NoError(t, err)
		places[r.Place] = true
	}
	require.Len(t, places, 20, "two have the same place")
}

// deaf is a store that can be listened to only later.
type deaf struct {
	itsm.Store
	tried chan struct{}
	heard chan struct{}
}

func (d *deaf) Listen(context.Context) (<-chan struct{}, error) {
	select {
	case <-d.tried:
		return d.heard, nil
	default:
		close(d.tried)
		return nil, errors.New("not yet")
	}
}

// A runner that cannot listen to its store yet goes on without, and listens when it can.
func TestARunnerListensWhenItCan(t *testing.T) {
	store := &deaf{Store: memory.New(), tried: make(chan struct{}), heard: make(chan struct{})}
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- k.Run(ctx) }()
	<-store.tried
	started(t, w)             // its commit wakes the runner, which then listens
	store.heard <- struct{}{} // and somebody hears this
	stop()
	require.NoError(t, <-ended)
}
