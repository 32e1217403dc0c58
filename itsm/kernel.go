package itsm

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config says what a kernel works with.
type Config struct {
	// Store keeps everything. It is required.
	Store Store
	// Clock tells the time; nil is the machine's.
	Clock Clock
	// Authorizer decides who may do and see what; nil denies everything to everybody but the system.
	Authorizer Authorizer
	// Directory knows people and groups; nil knows nobody.
	Directory Directory
	// Logger gets what nobody can be told, such as a timer that failed; nil is silent.
	Logger *slog.Logger
	// Random seeds the salts of personal values; nil is crypto/rand.
	Random io.Reader
	// Remember is how long idempotency keys are known; 0 is 30 days, negative is for ever.
	Remember time.Duration
	// Tries limits how often a command is run when others write the same record first; 0 is 32.
	Tries int
}

// Kernel is the one way to the records of a desk. Make it with [New], register practices, hooks and subscribers, then
// call [Kernel.Open] once. After that it may be used by many goroutines.
type Kernel struct {
	store     Store
	clock     Clock
	auth      Authorizer
	directory Directory
	log       *slog.Logger
	remember  time.Duration
	tries     int

	kinds       map[string]*kind
	hooks       []Hook
	subscribers []*subscriber
	checks      []func(*Kernel) error
	faults      []error
	open        bool

	pool sync.Pool
	wake chan struct{}
}

// New makes a kernel that is still to be furnished.
func New(config Config) (*Kernel, error) {
	if config.Store == nil {
		return nil, Invalid("Store", "give the kernel a store, such as memory.New()")
	}
	k := &Kernel{
		store:     config.Store,
		clock:     config.Clock,
		auth:      config.Authorizer,
		directory: config.Directory,
		log:       config.Logger,
		remember:  config.Remember,
		tries:     config.Tries,
		kinds:     map[string]*kind{},
		wake:      make(chan struct{}, 1),
	}
	if k.clock == nil {
		k.clock = MachineClock()
	}
	if k.auth == nil {
		k.auth = Grants(nil)
	}
	if k.directory == nil {
		k.directory = NoDirectory{}
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	if k.remember == 0 {
		k.remember = 30 * 24 * time.Hour
	}
	if k.tries <= 0 {
		k.tries = 32
	}
	random := config.Random
	if random == nil {
		random = rand.Reader
	}
	var seeding sync.Mutex
	k.pool.New = func() any {
		var seed [32]byte
		seeding.Lock()
		defer seeding.Unlock()
		if _, err := io.ReadFull(random, seed[:]); err != nil {
			return err
		}
		return &tx{k: k, salts: mathrand.NewChaCha8(seed)}
	}
	return k, nil
}

// Open checks everything that was registered, reports all faults at once, and prepares the store. Registering anything
// later is an error.
func (k *Kernel) Open(ctx context.Context) error {
	if k.open {
		return Invalid("Open", "the kernel is open already")
	}
	faults := k.faults
	codecs := make([]Codec, 0, len(k.kinds))
	for _, name := range sortedKeys(k.kinds) {
		kd := k.kinds[name]
		kd.unbind() // an Open that failed may be tried again
		faults = append(faults, kd.compile()...)
		codecs = append(codecs, kd)
	}
	for _, h := range k.hooks {
		for _, name := range h.Kinds {
			if err := k.watchable(name); err != nil {
				faults = append(faults, fmt.Errorf("hook %s: %w", h.Name, err))
			}
		}
		for _, t := range h.Triggers {
			if !k.knows(h.Kinds, t) {
				faults = append(faults, fmt.Errorf("hook %s: none of its kinds has a trigger %q", h.Name, t))
			}
		}
	}
	for _, s := range k.subscribers {
		for _, name := range s.Kinds {
			if err := k.watchable(name); err != nil {
				faults = append(faults, fmt.Errorf("subscriber %s: %w", s.Name, err))
			}
		}
	}
	for _, check := range k.checks {
		if err := check(k); err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) > 0 {
		return ErrInvalid.because(errors.Join(faults...))
	}
	for _, kd := range k.kinds {
		for _, h := range k.hooks {
			if !h.watches(kd.name) {
				continue
			}
			kd.hooks = append(kd.hooks, h)
			if h.BeforeAct != nil {
				kd.early = append(kd.early, h)
			}
			if h.Project != nil {
				kd.projects = append(kd.projects, h)
			}
		}
	}
	if err := k.store.Prepare(ctx, codecs); err != nil {
		return err
	}
	k.open = true
	return nil
}

// watchable answers why nothing happens to a kind that a hook or a subscriber could see; nil where something may.
func (k *Kernel) watchable(name string) error {
	switch kd := k.kinds[name]; {
	case kd == nil:
		return fmt.Errorf("no kind %q is registered", name)
	case kd.projected:
		return fmt.Errorf("nothing happens to the rows of the projection %q: name the kind that they are computed from", name)
	}
	return nil
}

// knows reports whether one of the kinds, or any where none is named, has a trigger.
func (k *Kernel) knows(kinds []string, t lifecycle.Trigger) bool {
	for name, kd := range k.kinds {
		if (len(kinds) == 0 || slices.Contains(kinds, name)) && kd.handlers[t] != nil {
			return true
		}
	}
	return false
}

// Clock answers the kernel's clock.
func (k *Kernel) Clock() Clock { return k.clock }

// Directory answers the kernel's directory.
func (k *Kernel) Directory() Directory { return k.directory }

// Store answers the kernel's store.
func (k *Kernel) Store() Store { return k.store }

// Kinds lists the names of the registered kinds of records that live by themselves, in order. [Kernel.Projections] are
// not among them.
func (k *Kernel) Kinds() []string { return k.names(false) }

// Projections lists the names of the registered projections, in order.
func (k *Kernel) Projections() []string { return k.names(true) }

func (k *Kernel) names(projected bool) []string {
	return slices.DeleteFunc(sortedKeys(k.kinds), func(name string) bool { return k.kinds[name].projected != projected })
}

// Lifecycles answers the tables of a kind: the state's first, then the other axes in the order they were declared; none
// of a projection.
func (k *Kernel) Lifecycles(kind string) []lifecycle.Definition {
	kd := k.kinds[kind]
	if kd == nil {
		return nil
	}
	defs := make([]lifecycle.Definition, len(kd.axes))
	for i, a := range kd.axes {
		defs[i] = a.table()
	}
	return defs
}

// Opened reports whether the kernel is open, and nothing can be registered any more.
func (k *Kernel) Opened() bool { return k.open }

// Hook registers what happens in the transaction of other commands, before Open. Hooks run in the order they were
// registered. Later it has no effect, and says so to the logger.
func (k *Kernel) Hook(h Hook) {
	if k.open {
		k.fault("hook %s: register it before the kernel is opened", h.Name)
		return
	}
	k.hooks = append(k.hooks, h)
}

// OnOpen registers a check that Open makes when every practice is registered. What it answers is a fault of Open. It may
// still register hooks, for what depends on the tables of other practices; an Open that failed makes it again.
func (k *Kernel) OnOpen(check func(*Kernel) error) {
	if k.open {
		k.fault("a check: register it before the kernel is opened")
		return
	}
	k.checks = append(k.checks, check)
}

func (k *Kernel) fault(format string, args ...any) {
	fault := fmt.Errorf(format, args...)
	if k.open {
		k.log.Error("itsm: registered too late, without effect", "fault", fault)
		return
	}
	k.faults = append(k.faults, fault)
}

func (k *Kernel) kindOf(name string) (*kind, error) {
	if kd := k.kinds[name]; kd != nil && k.open {
		return kd, nil
	}
	if !k.open {
		return nil, Invalid("kernel", "call Open before the first command")
	}
	return nil, Invalid("kind", fmt.Sprintf("no practice registered the kind %q", name))
}

// livingKind is kindOf for what a projection's rows do not have: events, a lifecycle, commands.
func (k *Kernel) livingKind(name string) (*kind, error) {
	kd, err := k.kindOf(name)
	if err == nil && kd.projected {
		return nil, Invalid("kind", name+" is a projection: its rows have no events, lifecycle or commands of their own; ask the record that they are computed from")
	}
	return kd, err
}

// signal wakes the runner, if one waits.
func (k *Kernel) signal() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Hook sees commands of every practice, in their transaction. What it does is done by the system on behalf of the
// actor who caused it. An error that it answers rolls everything back, but a refusal from [Unit.Try] is its to handle.
type Hook struct {
	Name string
	// Kinds limits the hook to kinds, and Triggers BeforeAct and AfterAct to triggers; empty takes all.
	Kinds    []string
	Triggers []lifecycle.Trigger
	// BeforeAct runs before each act, of a creation too: before the lifecycle's table looks at what the command brings.
	// It may complete the input by [Unit.Preset], or refuse. Its unit is the act's own: [Unit.Actor] is who acts,
	// [Unit.Given] what came with the command, and [Unit.Record] the record as it is before, or the empty new one. In is
	// a pointer to the input. It acts on no record.
	BeforeAct func(u *Unit, t lifecycle.Trigger, in any) error
	// Concerns, where it is set, is asked first, with the record before and after: where it answers false the hook does
	// not run, and no copies are made for it. Before is nil where the record is new. Both are the transaction's own: it
	// reads them, and keeps and changes nothing.
	Concerns func(before, after Record) bool
	// AfterAct runs once after each act on a record: after the caller's command, and after each command that another
	// hook gave in the same transaction. It may act on this and on other records. Hooks that answer each other are
	// stopped at a depth of eight with ErrDepth.
	AfterAct func(u *Unit, c Change) error
	// BeforeCommit runs once for each record that the transaction changed, at its end, with the whole change. It may
	// set timers, rows and facts of that record, but acts on none.
	BeforeCommit func(u *Unit, c Change) error
	// Project runs once for each record that the transaction changed, when every BeforeCommit has run for every record. It
	// puts what is computed from the record beside it ([Projection.Put]), and may set timers, rows and facts of that record,
	// but acts on none. It costs little, because it gets the transaction's own records: it reads them, and keeps and changes
	// nothing. Before is nil where the record is new.
	Project func(u *Unit, before, after Record) error
}

func (h *Hook) watches(kind string) bool {
	if len(h.Kinds) == 0 {
		return true
	}
	return slices.Contains(h.Kinds, kind)
}

// failed gives an error of the host's a code and the hook's name; the library's own say enough.
func (h *Hook) failed(err error) error {
	if CodeOf(err) != "internal" {
		return err
	}
	return &Error{Code: ErrHook.Code, Message: ErrHook.Message, Args: map[string]string{"hook": h.Name}, Cause: err}
}

func (h *Hook) answers(t lifecycle.Trigger, before, after Record) bool {
	return h.AfterAct != nil && h.takes(t) && h.concerns(before, after)
}

func (h *Hook) takes(t lifecycle.Trigger) bool {
	return len(h.Triggers) == 0 || slices.Contains(h.Triggers, t)
}

func (h *Hook) concerns(before, after Record) bool {
	return h.Concerns == nil || h.Concerns(before, after)
}

// Change is what a hook sees of a record: copies of its own. Before is nil where the record is new, and else the record
// before the act, or in BeforeCommit before the transaction.
type Change struct {
	// Trigger is the command's, and Event what it is called in the history, such as "incident.resolved". In
	// BeforeCommit they are the first act's.
	Trigger lifecycle.Trigger
	Event   string
	// Actor acted, and Input points to what the command brought; nil in BeforeCommit.
	Actor  Actor
	Input  any
	Before Record
	After  Record
	// By is the name of the hook that gave the command itself; empty for a caller's, and in BeforeCommit.
	By string
	// Acts lists every act on the record in this transaction so far, in order.
	Acts []lifecycle.Trigger

	events []string
}

// Events names what happened to the record in this transaction so far, in order.
func (c *Change) Events() []string { return c.events }
