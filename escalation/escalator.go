package escalation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config is what a desk escalates by. The zero Config escalates nothing.
type Config struct {
	// Policies act each by itself, in their order.
	Policies []Policy
	// OnDuty knows who is on duty, for the audiences that ask for it.
	OnDuty OnDuty
	// Maintenance knows what is being changed; nil knows nothing. A *change.Changes is one.
	Maintenance Maintenance
	// Funcs are the host's functions that call steps name.
	Funcs map[string]Func
	// Triggers names by kind the triggers that functional steps hand a ticket over by. The first that has a row in the
	// ticket's state is pulled, with itsm.To; while the ticket waits, the first that keeps the state. A kind that is not
	// named has assign, reassign and edit.
	Triggers map[string][]lifecycle.Trigger
}

// OnDuty is a duty roster. It is asked in transactions, so it should answer from memory. A group that it does not know is
// [itsm.ErrNotFound].
type OnDuty interface {
	OnDuty(ctx context.Context, tenant, group string, at time.Time) (people []string, err error)
}

// Maintenance knows which changes are being implemented on what a ticket is about at the instant of the unit, and when the
// last of their windows ends. It is asked in transactions, and asks for no rights.
type Maintenance interface {
	InMaintenance(u *itsm.Unit, t *itsm.Ticket) (changes []string, until time.Time, err error)
}

// Func does something to the ticket at hand of the unit, in the step's transaction. What it answers as an error undoes what
// it did: the step is recorded as refused, where it is a refusal, and else as failed. It may run again for one step, when
// others write the ticket first, so that it acts through the unit alone.
type Func func(u *itsm.Unit, step itsm.Escalation) error

// Escalator escalates the tickets of a desk. It may be used by many goroutines.
type Escalator struct {
	kernel    *itsm.Kernel
	config    Config
	policies  map[string]*Policy
	byKind    map[string][]*Policy
	silent    map[string]bool // kinds with triggers that wait for what does not happen
	taking    map[string]bool // kinds with policies that taking stops
	runs      *itsm.Projection[Run]
	handovers map[string]map[lifecycle.State]lifecycle.Trigger
}

const triggerPropose lifecycle.Trigger = "propose_major"

// New registers policies with a kernel that is not open yet. It lists every fault of every policy; what does not fit the
// practices is a fault of [itsm.Kernel.Open]. What it is given may be changed afterwards.
//
// Where the directory or the roster fails with another error than [itsm.ErrNotFound], a timer that asks for it changes
// nothing, and the kernel tries again; in a person's command, the step is left to a timer.
func New(k *itsm.Kernel, c Config) (*Escalator, error) {
	if k.Opened() {
		return nil, itsm.Invalid("escalation", "register policies before the kernel is opened")
	}
	e := &Escalator{
		kernel: k, config: c, policies: map[string]*Policy{}, byKind: map[string][]*Policy{},
		silent: map[string]bool{}, taking: map[string]bool{}, handovers: map[string]map[lifecycle.State]lifecycle.Trigger{},
	}
	e.config.Policies, e.config.Funcs, e.config.Triggers = nil, map[string]Func{}, map[string][]lifecycle.Trigger{}
	for name, f := range c.Funcs {
		e.config.Funcs[name] = f
	}
	for kind, list := range c.Triggers {
		e.config.Triggers[kind] = slices.Clone(list)
	}
	var faults []error
	for i := range c.Policies {
		p := c.Policies[i].clone()
		faults = append(faults, p.Check(), e.checkHost(&p))
		if e.policies[p.Name] != nil {
			faults = append(faults, itsm.Invalid("escalation", p.Name+" is there twice"))
		}
		e.add(&p)
	}
	e.runs = itsm.NewProjection[Run](k, RunKind)
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	k.OnOpen(func(k *itsm.Kernel) error {
		var faults []error
		clear(e.handovers)
		for _, p := range e.config.Policies {
			faults = append(faults, e.checkWith(k, &p))
		}
		return errors.Join(faults...)
	})
	e.hook(k)
	return e, nil
}

// add keeps a policy.
func (e *Escalator) add(p *Policy) {
	if len(p.Triggers) == 0 {
		p.Triggers = []Trigger{{On: OnLevel}}
	}
	e.config.Policies = append(e.config.Policies, *p)
	e.policies[p.Name] = p
	for _, kind := range p.Kinds {
		if slices.Contains(e.byKind[kind], p) {
			continue
		}
		e.byKind[kind] = append(e.byKind[kind], p)
		e.silent[kind] = e.silent[kind] || slices.ContainsFunc(p.Triggers, func(t Trigger) bool { return t.On.silence() })
		e.taking[kind] = e.taking[kind] || p.TakingStops
	}
}

// checkHost lists what a policy needs of the host and does not find.
func (e *Escalator) checkHost(p *Policy) error {
	var faults []error
	if p.duty() && e.config.OnDuty == nil {
		faults = append(faults, itsm.Invalid("escalation "+p.Name, "it asks who is on duty: give a roster"))
	}
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Func != "" && e.config.Funcs[s.Func] == nil {
			faults = append(faults, itsm.Invalid("escalation "+p.Name, fmt.Sprintf("step %s: the host registered no function %q", s.Name, s.Func)))
		}
	}
	return errors.Join(faults...)
}

func (e *Escalator) triggers(kind string) []lifecycle.Trigger {
	if named := e.config.Triggers[kind]; len(named) > 0 {
		return named
	}
	return []lifecycle.Trigger{"assign", "reassign", itsm.TriggerEdit}
}

// hook has the policies look where something may concern them, and nowhere else.
func (e *Escalator) hook(k *itsm.Kernel) {
	if len(e.policies) == 0 {
		return
	}
	var kinds, counting []string
	for kind, policies := range e.byKind {
		kinds = append(kinds, kind)
		if slices.ContainsFunc(policies, func(p *Policy) bool {
			return slices.ContainsFunc(p.Triggers, func(t Trigger) bool { return t.On != OnLevel && !t.On.silence() })
		}) {
			counting = append(counting, kind)
		}
	}
	slices.Sort(kinds)
	slices.Sort(counting)
	k.Hook(itsm.Hook{
		Name: "escalation", Kinds: kinds, Triggers: []lifecycle.Trigger{itsm.TriggerLevel, itsm.TriggerEscalate}, AfterAct: e.answer,
	})
	if len(counting) > 0 {
		k.Hook(itsm.Hook{Name: "escalation: counts", Kinds: counting, Concerns: counts, AfterAct: e.counted})
	}
	k.Hook(itsm.Hook{Name: "escalation: course", Kinds: kinds, Project: e.project})
}

// answer begins policies where a level was reached or a silence lasted, and takes the steps whose timers fired.
func (e *Escalator) answer(u *itsm.Unit, c itsm.Change) error {
	ticket := itsm.TicketOf(c.After)
	if ticket == nil || u.Historic() {
		return nil
	}
	if due, ok := c.Input.(*itsm.Escalation); ok {
		if !due.Pending {
			return nil
		}
		step := *due
		u.Later("escalation: "+step.Policy+" "+step.Occasion, func(u *itsm.Unit) error { return e.come(u, step) })
		return nil
	}
	level, ok := c.Input.(*itsm.LevelReached)
	if !ok || level.Suppressed {
		return nil
	}
	for _, p := range e.byKind[ticket.Kind] {
		if slices.ContainsFunc(p.Triggers, func(t Trigger) bool { return t.level(level) }) {
			e.later(u, p, occasion{name: levelName(level), reason: levelReason(level), at: level.Due})
		}
	}
	return nil
}

// later begins a policy when the acts that run now have ended. In what one act leads to, it begins once for an occasion.
func (e *Escalator) later(u *itsm.Unit, p *Policy, o occasion) {
	key := o.key
	if key == "" {
		key = o.name
	}
	u.Later("escalation: "+p.Name+" "+key, func(u *itsm.Unit) error { return e.begin(u, p, o) })
}

// counts reports whether a count or the priority changed as policies look for.
func counts(before, after itsm.Record) bool {
	is := itsm.TicketOf(after)
	if is == nil || before == nil {
		return false
	}
	was := itsm.TicketOf(before)
	return is.Reassignments > was.Reassignments || is.Reopens > was.Reopens || raised(was, is)
}

func raised(was, is *itsm.Ticket) bool {
	return is.Priority != was.Priority && is.Priority != 0 && (was.Priority == 0 || is.Priority < was.Priority)
}

// counted begins policies where a count grew or the priority was raised.
func (e *Escalator) counted(u *itsm.Unit, c itsm.Change) error {
	was, is := itsm.TicketOf(c.Before), itsm.TicketOf(c.After)
	if was == nil || is == nil || u.Historic() {
		return nil
	}
	for _, p := range e.byKind[is.Kind] {
		for i := range p.Triggers {
			t := &p.Triggers[i]
			o := occasion{key: string(t.On), at: instant(u, c.Before)}
			switch {
			case t.On == OnReassigned && is.Reassignments > was.Reassignments && is.Reassignments >= t.Count:
				o.name = fmt.Sprintf("reassigned %d", is.Reassignments)
				o.reason = fmt.Sprintf("reassigned %d times", is.Reassignments)
			case t.On == OnReopened && is.Reopens > was.Reopens && is.Reopens >= t.Count:
				o.name = fmt.Sprintf("reopened %d", is.Reopens)
				o.reason = fmt.Sprintf("reopened %d times", is.Reopens)
			case t.On == OnPriorityRaised && raised(was, is) && (t.Priority == 0 || is.Priority <= t.Priority):
				o.name = fmt.Sprintf("priority %d @%d", is.Priority, is.Version+1)
				o.reason = fmt.Sprintf("priority raised to %d", is.Priority)
			default:
				continue
			}
			e.later(u, p, o)
		}
	}
	return nil
}

// occasion is what a policy answers once on a ticket.
type occasion struct {
	name, reason string
	at           time.Time
	// key tells what else the policy does not answer again in what follows from it; empty is the name.
	key string
}

func (t *Trigger) level(l *itsm.LevelReached) bool {
	takes := func(names []string, name string) bool { return len(names) == 0 || slices.Contains(names, name) }
	return t.On == OnLevel && takes(t.Agreements, l.Agreement) && takes(t.Classes, l.Class) && takes(t.Targets, l.Target) &&
		takes(t.Levels, l.Level) && (!t.Missed || l.Breach())
}

// levelName is the whole identity of a level.
func levelName(l *itsm.LevelReached) string {
	return fmt.Sprintf("%s/%s/%s #%d", l.Agreement, l.Target, l.Level, l.Cycle)
}

func levelReason(l *itsm.LevelReached) string {
	switch {
	case l.Offset < 0:
		return fmt.Sprintf("%s ends in %s", l.Target, span(-l.Offset))
	case l.Offset > 0:
		return fmt.Sprintf("%s ended %s ago", l.Target, span(l.Offset))
	}
	return fmt.Sprintf("%s reached %d %%", l.Target, max(l.Percent, percentOf(l)))
}

// percentOf is the percentage of a level that lies at the end by an offset of 0.
func percentOf(l *itsm.LevelReached) int {
	if l.Percent == 0 && l.Missed {
		return 100
	}
	return 0
}

// Running answers the escalations of a ticket that are under way, with what comes next. It reads rows only. Who may read the
// ticket's work notes may ask.
func (e *Escalator) Running(ctx context.Context, ref itsm.Ref) ([]Run, error) {
	if err := e.kernel.Explain(ctx, ref, itsm.TriggerNote, itsm.WorkNote{Body: "?"}); errors.Is(err, itsm.ErrDenied) || errors.Is(err, itsm.ErrNotFound) || errors.Is(err, itsm.ErrNoActor) {
		return nil, err
	}
	rows, err := e.runs.Of(ctx, ref)
	return slices.DeleteFunc(rows, func(r Run) bool { return !r.Open() }), err
}

// Find answers escalations of any tickets by their columns: what runs, what comes next within an hour. The actor needs the
// verb read on the kind "escalation", and sees what its scope lets through.
func (e *Escalator) Find(ctx context.Context, q itsm.Query) (itsm.Page[Run], error) {
	return e.runs.List(ctx, q)
}
