package sla

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// ClockKind is the kind of rows that clocks are: what queries, counts and views of clocks name.
const ClockKind = "clock"

// Keeper keeps the clocks of a desk: it takes them along with every command, sets a timer for the next level of each, and
// answers how they stand. It may be used by many goroutines.
type Keeper struct {
	kernel *itsm.Kernel
	terms  *Terms
	kinds  []string
	clocks *itsm.Projection[Clock]
	// passages are those that are not on their way: a command needs one, and room for its clocks
	passages sync.Pool
}

// New registers the clocks with a kernel that is not open yet. It lists every fault of every agreement; what does not fit
// the practices (kinds, events and fields that they do not have) is a fault of [itsm.Kernel.Open]. What it is given may be
// changed afterwards.
func New(k *itsm.Kernel, agreements []Agreement) (*Keeper, error) {
	if k.Opened() {
		return nil, itsm.Invalid("sla", "register agreements before the kernel is opened")
	}
	terms, err := NewTerms(agreements...)
	if err != nil {
		for i := range agreements { // all faults at once
			err = errors.Join(err, agreements[i].checkIn(k, false))
		}
		return nil, err
	}
	s := &Keeper{kernel: k, terms: terms, clocks: itsm.NewProjection[Clock](k, ClockKind)}
	k.OnOpen(func(k *itsm.Kernel) error {
		var faults []error
		for _, p := range terms.policies {
			faults = append(faults, p.checkIn(k, true))
		}
		return errors.Join(faults...)
	})
	hooked := false
	k.OnOpen(func(k *itsm.Kernel) error {
		if s.kinds = s.ticketKinds(); !hooked && len(s.kinds) > 0 {
			k.Hook(itsm.Hook{
				Name: "sla", Kinds: s.kinds, Triggers: []lifecycle.Trigger{itsm.TriggerLevel},
				BeforeAct: s.level, Project: s.project,
			})
			hooked = true // an Open that failed comes here again
		}
		return nil
	})
	return s, nil
}

// ticketKinds are those that have clocks, or may have had: all kinds that levels are noted on.
func (s *Keeper) ticketKinds() []string {
	var kinds []string
	for _, kind := range s.kernel.Kinds() {
		if s.kernel.CheckInput(kind, itsm.TriggerLevel, "target") == nil {
			kinds = append(kinds, kind)
		}
	}
	for _, p := range s.terms.policies {
		for _, kind := range p.Kinds {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind) // the kernel says what is wrong with it
			}
		}
	}
	return kinds
}

// project takes the clocks of a ticket along with a change of it.
func (s *Keeper) project(u *itsm.Unit, before, after itsm.Record) error {
	ticket := itsm.TicketOf(after)
	if ticket == nil {
		return nil
	}
	rows, err := s.clocks.In(u)
	if err != nil {
		return err
	}
	if len(rows) == 0 && len(s.terms.families[ticket.Kind]) == 0 {
		return nil
	}
	p, _ := s.passages.Get().(*passage)
	if p == nil {
		p = newPassage(s)
	}
	p.unit, p.rows, p.before, p.after = u, rows, before, after
	err = p.run(ticket)
	p.leave()
	s.passages.Put(p)
	return err
}

// passage is the way of a ticket's clocks through one command.
type passage struct {
	keeper        *Keeper
	unit          *itsm.Unit
	before, after itsm.Record
	rows          []*Clock
	course        course
	now           Moment
	then          Moment // how the ticket stood before
	moments       []Moment
	turns         []Turn
	lines         []line
	ink           []byte
	sight         sight

	nowValue, thenValue func(column string) field.Value
	noteTurn            func(t Turn)
	repairs             bool // every timer is set again
	pastMoments         func() ([]Moment, error)
}

func newPassage(s *Keeper) *passage {
	p := &passage{keeper: s}
	p.nowValue = func(column string) field.Value {
		if column == "created_at" && p.before == nil {
			return field.Instant(p.now.At)
		}
		return p.unit.Value(p.after, column)
	}
	p.thenValue = func(column string) field.Value { return p.unit.Value(p.before, column) }
	p.noteTurn = func(t Turn) { p.turns = append(p.turns, t) }
	p.pastMoments = p.past
	return p
}

// leave lets go of what belongs to the command.
func (p *passage) leave() {
	clear(p.lines)
	clear(p.turns)
	p.lines, p.turns = p.lines[:0], p.turns[:0]
	p.unit, p.before, p.after, p.rows, p.moments = nil, nil, nil, nil, nil
	p.course, p.now, p.then, p.sight = course{}, Moment{}, Moment{}, sight{}
}

func (p *passage) run(ticket *itsm.Ticket) error {
	u, s := p.unit, p.keeper
	at := u.Now()
	if p.before != nil {
		was := itsm.TicketOf(p.before)
		at = later(at, was.UpdatedAt) // as the event, where the machine's clock went back
		p.then = momentOf(was, was.UpdatedAt)
		p.then.Value = p.thenValue
	}
	p.now = momentOf(ticket, at)
	p.now.Value, p.now.Events = p.nowValue, u.Events()
	x := &p.course
	*x = course{terms: s.terms, ticket: ticket.Ref(), lines: p.lines, past: p.pastMoments, told: p.noteTurn}
	acts := u.Acts()
	if err := p.load(slices.Contains(acts, itsm.TriggerClocks)); err != nil {
		return err
	}
	v := &p.sight
	if p.before != nil {
		*v = look(&p.then, &p.now)
	} else {
		*v = look(nil, &p.now)
	}
	x.advance(v, nil)
	if err := x.join(v); err != nil {
		return err
	}
	if x.all {
		if err := p.migrate(v); err != nil {
			return err
		}
	}
	if slices.Contains(acts, itsm.TriggerLevel) {
		x.noted(u.Levels())
	}
	if err := p.silence(); err != nil {
		return err
	}
	x.settle()
	err := p.save()
	p.lines = x.lines
	return err
}

// load brings the clocks as they are kept. Where those that run, or may run on because the ticket is reopened, were
// computed with other terms than the desk has now, such as another calendar, or a repair is asked for, they are computed anew
// from the events.
func (p *passage) load(reviewed bool) error {
	x := &p.course
	repair := false
	if reviewed {
		for _, r := range p.unit.Reviews() {
			repair = repair || r.Order == orderRepair
			x.all = x.all || r.Order == orderApply
		}
	}
	stale := repair
	p.repairs = repair
	reopened := p.before != nil && !p.before.Header().Open() && p.after.Header().Open()
	for _, row := range p.rows {
		promise := x.terms.promise(x.ticket.Kind, row.Agreement, row.AgreementVersion, row.Target)
		stale = stale || promise != nil && promise.fingerprint != row.Terms && (reopened || row.Open())
		x.lines = append(x.lines, line{clock: *row, p: promise})
	}
	if !stale {
		return nil
	}
	history, err := p.unit.History()
	if err != nil {
		return err
	}
	told := x.told
	again := x.terms.retrace(x.ticket, Moments(history), nil, nil)
	for _, l := range x.lines {
		if l.p == nil && again.find(l.clock.Agreement, l.clock.Target) < 0 {
			again.lines = append(again.lines, l) // nobody knows any more how it was computed
		}
	}
	for i := range again.lines {
		c := &again.lines[i].clock
		if at := x.find(c.Agreement, c.Target); at < 0 || !x.lines[at].clock.equal(c) {
			told(Turn{Agreement: c.Agreement, Version: c.AgreementVersion, Target: c.Target, Cycle: c.Cycle, Did: Recomputed})
		}
	}
	for i := range x.lines { // a row that no event accounts for counts nothing
		l := &x.lines[i]
		if again.find(l.clock.Agreement, l.clock.Target) < 0 {
			void := voided(&l.clock)
			again.lines = append(again.lines, line{clock: void, p: l.p})
			if !l.clock.equal(&void) {
				told(Turn{Agreement: void.Agreement, Version: void.AgreementVersion, Target: void.Target, Cycle: void.Cycle, Did: Recomputed})
			}
		}
	}
	all := x.all
	past := x.past
	*x = *again
	x.told, x.all, x.past = told, all, past
	return nil
}

// voided is what is left of a row that no event accounts for.
func voided(c *Clock) Clock {
	v := Clock{Agreement: c.Agreement, AgreementVersion: c.AgreementVersion, Class: c.Class, Target: c.Target, Measure: c.Measure, Ticket: c.Ticket, EndedBy: NoEvent, Terms: c.Terms}
	v.set(Cancelled)
	return v
}

// past reads the moments of the ticket up to the present one, once.
func (p *passage) past() ([]Moment, error) {
	if p.moments == nil {
		history, err := p.unit.History()
		if err != nil {
			return nil, err
		}
		p.moments = append(Moments(history), p.present())
	}
	return p.moments, nil
}

// present is the present moment, for who keeps it beside others.
func (p *passage) present() Moment {
	m := p.now
	m.Events = slices.Clone(m.Events)
	return m
}

// migrate takes open clocks to the version of their agreement that is valid now.
func (p *passage) migrate(v *sight) error {
	x := &p.course
	families := x.terms.families[x.ticket.Kind]
	for i := range families {
		policy := families[i].valid(v.At)
		if policy == nil {
			continue
		}
		for at := range x.lines {
			l := &x.lines[at]
			if l.clock.Agreement != policy.Name || l.clock.AgreementVersion == policy.Version || !l.clock.Open() {
				continue
			}
			moments, err := p.past()
			if err != nil {
				return err
			}
			if promise := policy.promise(l.clock.Target); promise != nil {
				x.migrate(at, promise, v, moments)
				continue
			}
			l.p.end(&l.clock, v, Cancelled, NotPromised)
			x.turn(&l.clock, Withdrawn)
		}
	}
	return nil
}

// silence notes the levels that had passed before an import: nobody is told of them. One that turns out to lie ahead, as
// the import goes on, is told when it comes.
func (p *passage) silence() error {
	u, x := p.unit, &p.course
	historic, fired := u.Historic(), u.Fired()
	for i := range x.lines {
		l := &x.lines[i]
		c := &l.clock
		if l.p == nil {
			continue
		}
		if fired != nil && fired.Name == l.p.timer && fired.Key.Ref() == u.Ref() {
			if err := p.refused(l); err != nil {
				return err
			}
		}
		if !historic && len(c.Silenced) == 0 {
			continue
		}
		l.p.callOff(c, func(at time.Time) bool { return !at.After(p.now.At) || u.Suppresses(at) }, func(level string) {
			p.turns = append(p.turns, Turn{Agreement: c.Agreement, Version: c.AgreementVersion, Target: c.Target, Cycle: c.Cycle, Did: Unsilenced, Level: level})
		})
		if !historic {
			continue
		}
		for j := range l.p.target.Levels {
			level := &l.p.target.Levels[j]
			due, came := l.p.comes(c, level)
			if !came || c.told(level.Name) || !u.Suppresses(due) {
				continue
			}
			if err := u.SuppressLevel(l.p.reached(c, level, due)); err != nil {
				return err
			}
			c.silence(level.Name)
		}
	}
	return nil
}

// refused notes a level whose timer fired and that the lifecycle did not let be told, beside the refusal.
func (p *passage) refused(l *line) error {
	old := p.row(&l.clock)
	if old == nil || old.Next == "" || l.clock.told(old.Next) || old.Cycle != l.clock.Cycle {
		return nil
	}
	l.clock.silence(old.Next)
	return p.unit.SuppressLevel(l.p.reached(&l.clock, l.p.level(old.Next), old.NextAt))
}

// save puts what changed: rows, timers, and what is said of it in the event.
func (p *passage) save() error {
	u, s, x := p.unit, p.keeper, &p.course
	for i := range x.lines {
		l := &x.lines[i]
		old := p.row(&l.clock)
		same := old != nil && old.equal(&l.clock)
		if same && !(p.repairs && old.Next != "") {
			continue
		}
		timer := timerName(l.clock.Agreement, l.clock.Target)
		switch {
		case l.clock.Next == "" && old != nil && old.Next != "":
			u.CancelTimer(timer)
		case l.clock.Next != "" && (old == nil || !old.NextAt.Equal(l.clock.NextAt) || old.Next == "" || p.repairs || u.Fired() != nil && u.Fired().Name == timer):
			if err := u.SetTimer(timer, l.clock.NextAt, itsm.TriggerLevel, nil); err != nil {
				return err
			}
		}
		if same {
			continue
		}
		c := l.clock
		if err := s.clocks.Put(u, rowName(c.Agreement, c.Target), &c); err != nil {
			return err
		}
	}
	for i := range p.turns {
		p.ink = p.turns[i].append(p.ink[:0])
		if err := u.Fact(factTurns, json.RawMessage(p.ink)); err != nil {
			return err
		}
	}
	return nil
}

func (p *passage) row(c *Clock) *Clock {
	for _, row := range p.rows {
		if row.Target == c.Target && row.Agreement == c.Agreement {
			return row
		}
	}
	return nil
}

// level says what a timer of a clock brings: the level that comes next.
func (s *Keeper) level(u *itsm.Unit, t lifecycle.Trigger, in any) error {
	level, ok := in.(*itsm.LevelReached)
	fired := u.Fired()
	if !ok || t != itsm.TriggerLevel || fired == nil || fired.Key.Ref() != u.Ref() || !strings.HasPrefix(fired.Name, timerPrefix) {
		return nil
	}
	rows, err := s.clocks.In(u)
	if err != nil {
		return err
	}
	for _, c := range rows {
		if timerName(c.Agreement, c.Target) != fired.Name || c.Next == "" {
			continue
		}
		p := s.terms.promise(fired.Key.Kind, c.Agreement, c.AgreementVersion, c.Target)
		if p == nil {
			break
		}
		*level = p.next(c, later(u.Now(), u.Record().Header().UpdatedAt))
		return nil
	}
	return (&lifecycle.Refusal{
		Lifecycle: fired.Key.Kind, Trigger: t, State: u.Record().Header().State,
		Reasons: []lifecycle.Reason{{Code: "no_clock", Args: map[string]string{"timer": fired.Name}}},
	}).Err()
}

const timerPrefix = "sla "
