package faulty

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// Check gives random commands on incidents to a kernel on a store that fails at random, and fails the test where one
// promise is broken:
//   - a command is done once, or answers an error and changed nothing, or its outcome is unknown; then the same command
//     with the same key ([itsm.Once]) has one effect in the end,
//   - every timer has its effect once,
//   - every subscriber gets every event, a record's in order, and what it does with a key is done once.
//
// The commands and faults of a seed are the same in every run. The store is to be empty.
func Check(t *testing.T, store itsm.Store, seed uint64, commands int) {
	t.Helper()
	c := &check{T: t, seed: seed, draw: rand.New(rand.NewPCG(seed, 1)), seen: map[itsm.Key]int64{}, closed: map[string]bool{}}
	failing, control := New(store, Plan{Seed: seed, Unavailable: 20, Conflict: 60, Cancelled: 15, Lost: 40, Unanswered: 60, Left: 20})
	control.Pause(true)
	c.clock = itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: failing, Clock: c.clock, Logger: slog.New(slog.DiscardHandler)}, c.register)
	c.kernel = k
	c.sound, _ = itsmtest.Kernel(t, itsm.Config{Store: store, Clock: itsmtest.NewClock(c.clock.Now())}, func(k *itsm.Kernel) (err error) {
		c.truth, err = incident.New(k, incident.Config{})
		return err
	})
	c.ctx = itsmtest.As(t.Context(), itsmtest.Administrator("ann"))
	control.Pause(false)
	for n := range commands {
		c.command(n)
	}
	control.Pause(true)
	c.advance(60 * 24 * time.Hour)
	c.judge()
	for f := Unavailable; f <= Left; f++ {
		if control.Count(f) == 0 && commands >= 100 {
			t.Errorf("seed %d: fault %d never happened: the check is worth little", seed, f)
		}
	}
}

// check is a run of Check.
type check struct {
	*testing.T
	seed   uint64
	draw   *rand.Rand
	ctx    context.Context
	clock  *itsmtest.Clock
	kernel *itsm.Kernel // on the failing store
	sound  *itsm.Kernel // on the store itself
	desk   *incident.Incidents
	truth  *incident.Incidents
	ids    []string
	// seen is the last version that the subscriber saw of each record.
	seen map[itsm.Key]int64
	// closed are those that were closed before they could be welcomed.
	closed map[string]bool
}

func (c *check) register(k *itsm.Kernel) (err error) {
	c.desk, err = incident.New(k, incident.Config{})
	k.Subscribe(itsm.Subscriber{Name: "welcome", Tries: 1 << 20, Pause: time.Millisecond, Handle: c.event})
	return err
}

// event is the subscriber: it follows each record, and welcomes a new one, once.
func (c *check) event(ctx context.Context, e *itsm.Event) error {
	switch last := c.seen[e.Key]; {
	case e.Version > last+1:
		c.Errorf("seed %d: the subscriber got version %d of %s after version %d", c.seed, e.Version, e.Key, last)
	case e.Version == last+1:
		c.seen[e.Key] = e.Version
	}
	if e.Name != "incident.reported" {
		return nil
	}
	_, err := c.desk.Comment(ctx, e.ID, itsm.Comment{Body: "Welcome"}, itsm.Once("welcome/"+e.ID))
	if errors.Is(err, itsm.ErrRefused) {
		c.closed[e.ID] = true
		return nil
	}
	return err
}

// command gives one command until its outcome is known, and checks what became of it.
func (c *check) command(n int) {
	c.Helper()
	key, text := itsm.Once(fmt.Sprint("command ", n)), fmt.Sprint("Text ", n)
	if len(c.ids) == 0 || c.draw.IntN(5) == 0 {
		inc := incident.Incident{}
		if c.until(n, nil, func() (err error) {
			inc, err = c.desk.Report(c.ctx, incident.Report{Title: text}, key)
			return err
		}) {
			c.ids = append(c.ids, inc.ID)
		}
		title := itsm.Where("title").Is(text)
		if found, err := c.truth.Count(c.ctx, itsm.Query{Filter: &title}); err != nil || found != 1 {
			c.Fatalf("seed %d, command %d: %d incidents were reported (%v), want 1", c.seed, n, found, err)
		}
		return
	}
	id := c.ids[c.draw.IntN(len(c.ids))]
	before := c.version(id)
	versions := func() int64 { return c.version(id) - before }
	var do func() error
	switch c.draw.IntN(6) {
	case 0:
		do = func() error {
			_, err := c.desk.Resolve(c.ctx, id, incident.Resolution{Code: incident.Fixed, Notes: text}, key)
			return err
		}
	case 1:
		do = func() error {
			_, err := c.desk.Reopen(c.ctx, id, incident.Reopen{Reason: text}, key)
			return err
		}
	case 2:
		do = func() error {
			_, err := c.desk.Assign(c.ctx, id, incident.Assignment{Group: fmt.Sprint("group ", n)}, key)
			return err
		}
	case 3:
		c.advance(time.Duration(c.draw.IntN(36*60)) * time.Minute)
		return
	default:
		do = func() error {
			_, err := c.desk.Comment(c.ctx, id, itsm.Comment{Body: text}, key)
			return err
		}
	}
	if done, effect := c.until(n, versions, do), versions(); done && effect != 1 || !done && effect != 0 {
		c.Fatalf("seed %d, command %d on %s: it was done: %t, and had %d effects", c.seed, n, id, done, effect)
	}
}

// until gives a command again until it is done or refused, and answers whether it is done. While no answer said that the
// outcome is unknown, effects must be 0 after an error.
func (c *check) until(n int, effects func() int64, do func() error) (done bool) {
	c.Helper()
	unknown := false
	for range 1000 {
		err := do()
		switch {
		case err == nil:
			return true
		case errors.Is(err, itsm.ErrRefused):
			if unknown && effects() != 0 {
				c.Fatalf("seed %d, command %d: it had an effect, and with the same key it is refused: %v", c.seed, n, err)
			}
			return false
		case errors.Is(err, itsm.ErrUnknownOutcome), errors.Is(err, context.Canceled):
			unknown = true
		case errors.Is(err, itsm.ErrUnavailable), errors.Is(err, itsm.ErrConflict):
			if effects != nil && !unknown && effects() != 0 {
				c.Fatalf("seed %d, command %d: it answers %v, and something changed", c.seed, n, err)
			}
		default:
			c.Fatalf("seed %d, command %d: unexpected error %v", c.seed, n, err)
		}
	}
	c.Fatalf("seed %d, command %d: no answer after 1000 tries", c.seed, n)
	return false
}

// advance moves the clock on, as often as that fails on the way.
func (c *check) advance(d time.Duration) {
	c.Helper()
	to := c.clock.Now().Add(d)
	var err error
	for range 10_000 {
		if err = c.clock.AdvanceTo(c.ctx, to); err == nil {
			return
		}
	}
	c.Fatalf("seed %d: time does not go on: %v", c.seed, err)
}

func (c *check) version(id string) int64 {
	c.Helper()
	inc, err := c.truth.Get(c.ctx, id)
	if err != nil {
		c.Fatalf("seed %d: %s: %v", c.seed, id, err)
	}
	return inc.Version
}

// judge looks at every incident when all is done.
func (c *check) judge() {
	c.Helper()
	for _, id := range c.ids {
		ref := c.truth.Ref(id)
		if err := c.sound.Verify(c.ctx, ref); err != nil {
			c.Errorf("seed %d: %s: %v", c.seed, id, err)
		}
		inc, err := c.truth.Get(c.ctx, id)
		if err != nil {
			c.Fatalf("seed %d: %s: %v", c.seed, id, err)
		}
		if seen := c.seen[inc.Key()]; seen != inc.Version {
			c.Errorf("seed %d: the subscriber saw %s up to version %d of %d", c.seed, id, seen, inc.Version)
		}
		if inc.State == incident.StateResolved {
			c.Errorf("seed %d: %s was resolved two months ago, and its timer did not close it", c.seed, id)
		}
		entries, err := c.sound.History(c.ctx, ref, 0, 0)
		if err != nil {
			c.Fatalf("seed %d: %s: %v", c.seed, id, err)
		}
		times := map[string]int{}
		for _, e := range entries {
			times[e.Event]++
			for _, also := range e.Also {
				times[also]++
			}
		}
		if ends := times["incident.resolved"] - times["incident.reopened"]; times["incident.closed"] != ends {
			c.Errorf("seed %d: %s: its timer closed it %d times, want %d: %v", c.seed, id, times["incident.closed"], ends, times)
		}
		comments, err := c.truth.Comments(c.ctx, id, 0, 0)
		if err != nil {
			c.Fatalf("seed %d: %s: %v", c.seed, id, err)
		}
		welcomes := 0
		for _, comment := range comments {
			if comment.Body == "Welcome" {
				welcomes++
			}
		}
		if welcomes != 1 && !c.closed[id] || welcomes > 1 {
			c.Errorf("seed %d: %s was welcomed %d times", c.seed, id, welcomes)
		}
	}
}
