package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// callers is how many goroutines of a worker give commands, beside the one that runs timers and subscribers.
const callers = 3

// work is the life of a worker: it opens the desk and gives random commands until it is killed. It ends by itself where its
// parent is gone, which it sees at the end of its input.
func work(c child) error {
	var all sync.WaitGroup
	all.Go(func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	})
	ctx := context.Background()
	j, err := openJournal(c.Journal)
	if err != nil {
		return err
	}
	d, _, err := c.open(ctx, j, 40)
	if err != nil {
		return err
	}
	w := &worker{desk: d, journal: j, name: c.Name, machine: itsm.MachineClock()}
	if err := w.recall(ctx); err != nil {
		return err
	}
	faults := make(chan error, callers+1)
	all.Go(func() { faults <- patiently(func() error { return d.Run(ctx) }) })
	for i := range callers {
		all.Go(func() { faults <- w.give(ctx, i, rand.New(rand.NewPCG(c.Seed, uint64(i))), 0) })
	}
	return <-faults
}

// open opens the desk of a process, and answers what gives its store back. One in so many events fails at the shaky
// subscriber.
func (c child) open(ctx context.Context, j *journal, shaky int) (d *desk.Desk, release func() error, err error) {
	o, err := openerOf(c.Store, c.At)
	if err != nil {
		return nil, nil, err
	}
	var store itsm.Store
	if err := patiently(func() (err error) {
		store, release, err = o.Open(ctx)
		return err
	}); err != nil {
		return nil, nil, err
	}
	var clock itsm.Clock = scaled{itsm.MachineClock(), c.Began, c.Speed}
	if !c.Standing.IsZero() {
		clock = standing{c.Standing}
	}
	log := slog.New(outages{slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})})
	conf, err := config(store, clock, log, writesDown(j, rand.New(rand.NewPCG(c.Seed, 99)), shaky))
	if err != nil {
		return nil, nil, err
	}
	err = patiently(func() (err error) {
		d, err = desk.Open(ctx, conf)
		return err
	})
	return d, release, err
}

// outages leaves out of a log what only says that the store could not be reached: that is so while the server is down.
type outages struct{ slog.Handler }

func (h outages) Handle(ctx context.Context, r slog.Record) error {
	outage := false
	r.Attrs(func(a slog.Attr) bool {
		err, _ := a.Value.Any().(error)
		outage = outage || errors.Is(err, itsm.ErrUnavailable) || errors.Is(err, itsm.ErrUnknownOutcome)
		return !outage
	})
	if outage {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// patiently tries again for a while where the store cannot be reached: a server that was stopped comes back.
func patiently(try func() error) error {
	machine := itsm.MachineClock()
	until := machine.Now().Add(20 * time.Second)
	for {
		err := try()
		if !errors.Is(err, itsm.ErrUnavailable) || machine.Now().After(until) {
			return err
		}
		pause(machine, 20*time.Millisecond)
	}
}

// pause waits for so long by the machine's clock.
func pause(machine itsm.Clock, d time.Duration) {
	wake, _ := machine.Wake(machine.Now().Add(d))
	<-wake
}

// worker gives random commands to one desk.
type worker struct {
	desk    *desk.Desk
	journal *journal
	name    string
	machine itsm.Clock

	mu    sync.Mutex
	known []string // tickets that commands are given to, the latest last
}

// most is how many tickets a worker knows: few, so that commands meet on them.
const most = 24

// recall finds tickets of workers before this one.
func (w *worker) recall(ctx context.Context) error {
	open := itsm.Where("phase").In("new", "active", "waiting", "resolved")
	return patiently(func() error {
		page, err := w.desk.Incidents.List(as(ctx, agents[0]), itsm.Query{
			Filter: &open, Sort: []itsm.Sort{{Column: "created_at", Descending: true}}, Limit: most,
		})
		for _, inc := range page.Records {
			w.known = append(w.known, inc.ID)
		}
		return err
	})
}

func as(ctx context.Context, id string) context.Context {
	if id == caller {
		return itsmtest.As(ctx, itsmtest.Requester(id))
	}
	return itsmtest.As(ctx, itsmtest.Agent(id))
}

// give gives random commands, so many or, where that is 0, without end.
func (w *worker) give(ctx context.Context, number int, rng *rand.Rand, count int) error {
	for n := 1; count == 0 || n <= count; n++ {
		id := w.pick(rng)
		key := fmt.Sprintf("key-%s-%d-%d", w.name, number, n)
		state := lifecycle.State("")
		if id != "" {
			inc, err := w.desk.Incidents.Get(as(ctx, agents[0]), id)
			switch {
			case errors.Is(err, itsm.ErrUnavailable), errors.Is(err, itsm.ErrUnknownOutcome):
				pause(w.machine, 5*time.Millisecond)
				continue
			case err != nil:
				return fmt.Errorf("%s cannot be read: %w", id, err)
			}
			if state = inc.State; inc.Phase.Terminal() && rng.IntN(4) > 0 {
				w.forget(id)
				continue
			}
		}
		err := w.command(ctx, key, id, state, rng)
		switch {
		case errors.Is(err, itsm.ErrUnavailable), errors.Is(err, itsm.ErrUnknownOutcome):
			pause(w.machine, 5*time.Millisecond)
		case err != nil:
			return err
		}
	}
	return nil
}

func (w *worker) pick(rng *rand.Rand) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.known) < most/2 || rng.IntN(10) == 0 {
		return "" // a new one
	}
	return w.known[rng.IntN(len(w.known))]
}

func (w *worker) forget(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, known := range w.known {
		if known == id {
			w.known = append(w.known[:i:i], w.known[i+1:]...)
			return
		}
	}
}

// command gives one random command that suits the state, and writes down that it does and what became of it. The error is of
// the store, of the journal, or one that nobody expects; a refusal is none.
func (w *worker) command(ctx context.Context, key, id string, state lifecycle.State, rng *rand.Rand) error {
	c := choose(w.desk.Incidents, key, id, w.other(id, rng), state, rng)
	about := line{What: given, Key: key, Actor: c.actor, Command: incident.Kind + "." + string(c.trigger), Marked: c.marked}
	if err := w.journal.write(about); err != nil {
		return err
	}
	inc, err := c.do(as(ctx, c.actor))
	told := line{Key: key}
	switch {
	case err == nil:
		told.What, told.ID, told.Version = answered, inc.ID, inc.Version
		if id == "" {
			w.mu.Lock()
			if w.known = append(w.known, inc.ID); len(w.known) > most {
				w.known = w.known[1:]
			}
			w.mu.Unlock()
		}
	case errors.Is(err, itsm.ErrUnknownOutcome):
		return err // it may have been done
	case lawful(err):
		told.What, told.Code = refused, string(itsm.CodeOf(err))
	default:
		return fmt.Errorf("%s on %q: %w", about.Command, id, err)
	}
	if err := w.journal.write(told); err != nil {
		return err
	}
	if errors.Is(err, itsm.ErrUnavailable) {
		return err
	}
	return nil
}

// lawful reports whether a command may end so: each of these errors says that nothing was changed.
func lawful(err error) bool {
	for _, known := range []error{itsm.ErrRefused, itsm.ErrDenied, itsm.ErrInvalid, itsm.ErrConflict, itsm.ErrUnavailable} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func (w *worker) other(id string, rng *rand.Rand) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.known) == 0 {
		return id
	}
	return w.known[rng.IntN(len(w.known))]
}

// chosen is a command that was drawn by lot.
type chosen struct {
	actor   string
	trigger lifecycle.Trigger
	marked  bool
	do      func(ctx context.Context) (incident.Incident, error)
}

// choose draws a command: a report where id is empty, else one that mostly suits the state.
func choose(in *incident.Incidents, key, id, other string, state lifecycle.State, rng *rand.Rand) chosen {
	ann := agents[rng.IntN(len(agents))]
	once := itsm.Once(key)
	group := []string{"network", "desk", "second line"}[rng.IntN(3)]
	level := func() itsm.Level { return []itsm.Level{itsm.High, itsm.Medium, itsm.Low}[rng.IntN(3)] }
	type ctx = context.Context
	type inc = incident.Incident
	if id == "" {
		r := incident.Report{Title: key, Impact: level(), Urgency: level(), Channel: "portal"}
		who := []string{caller, ann}[rng.IntN(2)]
		if who == ann {
			r.Caller = caller
		}
		return chosen{who, incident.TriggerReport, true, func(c ctx) (inc, error) { return in.Report(c, r, once) }}
	}
	assign := chosen{ann, incident.TriggerAssign, false, func(c ctx) (inc, error) {
		return in.Assign(c, id, incident.Assignment{Group: group, Assignee: ann}, once)
	}}
	start := chosen{ann, incident.TriggerStart, false, func(c ctx) (inc, error) { return in.Start(c, id, once) }}
	reassign := chosen{ann, incident.TriggerReassign, false, func(c ctx) (inc, error) {
		return in.Reassign(c, id, incident.Assignment{Group: group}, once)
	}}
	reason := []itsm.HoldReason{itsm.HoldVendor, itsm.HoldChange, itsm.HoldCaller}[rng.IntN(3)]
	h := incident.Hold{Reason: reason}
	if reason == itsm.HoldCaller {
		h.Message = key
	}
	hold := chosen{ann, incident.TriggerHold, reason == itsm.HoldCaller, func(c ctx) (inc, error) { return in.Hold(c, id, h, once) }}
	resume := chosen{ann, incident.TriggerResume, false, func(c ctx) (inc, error) { return in.Resume(c, id, once) }}
	resolve := chosen{ann, incident.TriggerResolve, false, func(c ctx) (inc, error) {
		return in.Resolve(c, id, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."}, once)
	}}
	reopen := chosen{ann, incident.TriggerReopen, false, func(c ctx) (inc, error) {
		return in.Reopen(c, id, incident.Reopen{Reason: "Down again."}, once)
	}}
	confirm := chosen{ann, incident.TriggerClose, false, func(c ctx) (inc, error) { return in.Close(c, id, once) }}
	cancel := chosen{ann, incident.TriggerCancel, false, func(c ctx) (inc, error) {
		return in.Cancel(c, id, incident.Cancel{Reason: incident.Withdrawn}, once)
	}}
	who := []string{caller, ann}[rng.IntN(2)]
	comment := chosen{who, itsm.TriggerComment, true, func(c ctx) (inc, error) {
		return in.Comment(c, id, itsm.Comment{Body: key}, once)
	}}
	note := chosen{ann, itsm.TriggerNote, true, func(c ctx) (inc, error) { return in.Note(c, id, key, once) }}
	edit := chosen{ann, itsm.TriggerEdit, false, func(c ctx) (inc, error) {
		return in.Edit(c, id, itsm.Patch{"impact": field.Text(string(level())), "urgency": field.Text(string(level()))}, once)
	}}
	seen := chosen{ann, itsm.TriggerAcknowledge, false, func(c ctx) (inc, error) { return in.Acknowledge(c, id, "", once) }}
	watch := chosen{ann, itsm.TriggerWatch, false, func(c ctx) (inc, error) { return in.Watch(c, id, ann, once) }}
	kin := itsm.ParentOf
	if rng.IntN(3) == 0 {
		kin = itsm.RelatedTo
	}
	link := chosen{ann, itsm.TriggerLink, false, func(c ctx) (inc, error) { return in.Link(c, id, kin, in.Ref(other), once) }}

	suits := map[lifecycle.State][]chosen{
		incident.StateNew:        {assign, assign, start, start, cancel},
		incident.StateAssigned:   {start, start, start, reassign, hold},
		incident.StateInProgress: {hold, hold, resolve, resolve, reassign},
		incident.StateOnHold:     {resume, resume, resume, resolve, hold},
		incident.StateResolved:   {reopen, reopen, confirm},
	}[state]
	anywhere := []chosen{comment, comment, note, edit, seen, watch, link, link, resolve, hold}
	if len(suits) > 0 && rng.IntN(2) == 0 {
		return suits[rng.IntN(len(suits))]
	}
	return anywhere[rng.IntN(len(anywhere))]
}
