package replay

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/problem"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Tenant is where the records of a replay are.
const Tenant = "replay"

// Custom fields keep what the log says: the name of the case, and the status that a record has there.
const (
	caseName    = "case"
	statusName  = "status"
	statusField = "custom." + statusName
	// livedName is how many events of the case were lived, in a store that outlives the program.
	livedName  = "lived"
	livedField = "custom." + livedName
)

// longest is how many commands the longest way takes, such as late reply, return to queue and reassign; more would be
// a ring in the plan.
const longest = 4

// Replay is a desk on which a log is lived again. It is for one goroutine.
type Replay struct {
	log      *Log
	clock    *itsmtest.Clock
	practice practice

	agreements []sla.Agreement
	clocks     *sla.Keeper // nil without agreements

	lives   []life // by case
	durable bool   // the store keeps how far it came
	tally   tally
	with    []itsm.Option // of the command at hand
}

// life is a case as far as it was driven.
type life struct {
	ticket itsm.Ticket
	status *status // of its last event; nil before the first
	events int     // how many events of it were met
	lived  int     // how many of them the store had when it was opened
}

// New opens an empty desk in memory for a log, with the practice that its mapping names: incidents as they are, without auto-close, and
// where what has ended may be taken up again at any time; or problems as they are.
//
// Agreements, if there are any, are in force from the first event on. Levels are not told, because nobody waits for them.
func New(log *Log, agreements ...sla.Agreement) (*Replay, error) {
	return open(log, memory.New(), agreements)
}

// Resume opens a desk in a store that may have lived some or all of the log before. What it has lived is not lived again,
// so that a replay that was cut off goes on, and one that had ended changes nothing. The log must be the same.
func Resume(ctx context.Context, log *Log, store itsm.Store, agreements ...sla.Agreement) (*Replay, error) {
	r, err := open(log, store, agreements)
	if err != nil {
		return nil, err
	}
	r.durable = true
	places := make(map[string]int, len(log.Cases))
	for i, name := range log.Cases {
		places[name] = i
	}
	for t, err := range r.practice.all(agent(ctx)) {
		if err != nil {
			return nil, err
		}
		place, ok := places[t.Custom.Get(caseName).Text()]
		if !ok {
			return nil, fmt.Errorf("the store has %s, which is of no case of this log: take another store", t.ID)
		}
		r.lives[place].ticket, r.lives[place].lived = t, int(t.Custom.Get(livedName).Int())
	}
	return r, nil
}

func open(log *Log, store itsm.Store, agreements []sla.Agreement) (*Replay, error) {
	clock := itsmtest.NewClock(time.Unix(0, log.events[0].at))
	k, err := itsm.New(itsm.Config{Store: store, Clock: clock, Authorizer: itsm.DefaultGrants()})
	if err != nil {
		return nil, err
	}
	p := log.mapping.practice()
	err = p.register(k, field.Schema{Version: 1, Fields: []field.Declaration{
		{Name: caseName, Title: "Case in the log", Kind: field.KindText},
		{Name: statusName, Title: "Status in the log", Kind: field.KindText},
		{Name: livedName, Title: "Events lived", Kind: field.KindInt},
	}})
	if err != nil {
		return nil, err
	}
	var clocks *sla.Keeper
	if len(agreements) > 0 {
		if clocks, err = sla.New(k, agreements); err != nil {
			return nil, err
		}
	}
	if err := k.Open(context.Background()); err != nil {
		return nil, err
	}
	return &Replay{
		log: log, clock: clock, practice: p, agreements: agreements, clocks: clocks,
		lives: make([]life, len(log.Cases)), tally: tally{refused: map[kind]int{}},
	}, nil
}

// Incidents is the practice in which a log of incidents was lived again, in [Tenant]; nil for one of problems.
func (r *Replay) Incidents() *incident.Incidents {
	if p, ok := r.practice.(*incidents); ok {
		return p.Incidents
	}
	return nil
}

// Kernel is that of the desk on which the log was lived again, in [Tenant].
func (r *Replay) Kernel() *itsm.Kernel { return r.practice.kernel() }

// agent is who gives the commands and reads the events.
func agent(ctx context.Context) context.Context {
	return itsm.WithActor(ctx, itsm.Actor{ID: "replay", Tenant: Tenant, Roles: []lifecycle.Role{itsm.Agent}})
}

// Drive lives the log again, event by event in the order of time. Progress, if not nil, is called now and then. A
// refused step is counted and no error; an error ends the replay, which then has no figures.
func (r *Replay) Drive(ctx context.Context, progress func(done, of int)) error {
	ctx = agent(ctx)
	for i := range r.log.events {
		e := &r.log.events[i]
		r.clock.Set(time.Unix(0, e.at))
		if err := r.live(ctx, e); err != nil {
			return fmt.Errorf("case %s, event of %s with status %q: %w",
				r.log.Cases[e.of], r.clock.Now().Format(time.RFC3339), e.status.name, err)
		}
		if progress != nil && i%1024 == 1023 {
			progress(i+1, len(r.log.events))
		}
	}
	r.tally.complete = true
	return nil
}

// live drives a case to where its next event wants it.
func (r *Replay) live(ctx context.Context, e *event) error {
	l := &r.lives[e.of]
	a := aim{status: e.status, group: e.group, person: e.person}
	if a.Queue {
		a.person = ""
	}
	from := l.status
	l.status = e.status
	if l.events++; l.events <= l.lived {
		return r.catchUp(ctx, l, e, &a)
	}
	if from == nil {
		if err := r.report(ctx, l, e, &a); err != nil {
			return err
		}
	}
	refused, moved, err := r.walk(ctx, l, e, &a)
	switch {
	case err != nil:
		return err
	case refused != nil:
		return r.refuse(ctx, l, from, &a, refused)
	case from == nil:
		return nil
	case moved:
		r.tally.accepted++
		return nil
	}
	r.tally.unchanged++
	return r.give(ctx, l, itsm.TriggerNote, &a)
}

// catchUp meets an event that was lived before. Of the last one the program may have been cut off.
func (r *Replay) catchUp(ctx context.Context, l *life, e *event, a *aim) error {
	r.tally.before++
	if l.events < l.lived {
		return nil
	}
	_, _, err := r.walk(ctx, l, e, a)
	return err
}

// report makes the record of a case.
func (r *Replay) report(ctx context.Context, l *life, e *event, a *aim) (err error) {
	l.ticket, err = r.practice.report(ctx, "Case "+r.log.Cases[e.of], e, a, r.custom(e, a))
	return err
}

// custom is what a new record keeps of the log.
func (r *Replay) custom(e *event, a *aim) field.Fields {
	kept := field.Fields{{Name: caseName, Value: field.Text(r.log.Cases[e.of])}}
	if r.durable {
		kept = append(kept, field.Field{Name: livedName, Value: field.Int(1)})
	}
	return append(kept, field.Field{Name: statusName, Value: field.Text(a.name)})
}

// walk gives the commands of a step, the first of which takes along what the log says of the record.
func (r *Replay) walk(ctx context.Context, l *life, e *event, a *aim) (refused *lifecycle.Refusal, moved bool, err error) {
	r.with = r.take(r.with[:0], l, e, a)
	for range longest {
		trigger := r.practice.next(&l.ticket, a)
		if trigger == "" {
			return nil, moved, nil
		}
		if err := r.give(ctx, l, trigger, a); err != nil {
			refused, ok := lifecycle.AsRefusal(err)
			if !ok {
				return nil, moved, err
			}
			return refused, moved, nil
		}
		moved = true
		r.with = r.with[:0]
	}
	return nil, moved, fmt.Errorf("the plan does not lead to %s, but round to %s again", a.State, l.ticket.State)
}

// take is what the first command of a step takes along. One patch replaces another.
func (r *Replay) take(with []itsm.Option, l *life, e *event, a *aim) []itsm.Option {
	impact := e.impact != 0 && e.impact != l.ticket.Impact
	lived := r.durable && l.ticket.Custom.Get(livedName).Int() < int64(l.events)
	switch {
	case impact || lived:
		patch := itsm.Patch{statusField: field.Text(a.name)}
		if impact {
			patch["impact"] = field.Text(e.impact.String())
		}
		if lived {
			patch[livedField] = field.Int(int64(l.events))
		}
		return append(with, itsm.With(patch))
	case l.ticket.Custom.Get(statusName).Text() != a.name:
		return append(with, a.keep)
	}
	return with
}

// give gives one command. People go along with one that leaves them alone.
func (r *Replay) give(ctx context.Context, l *life, t lifecycle.Trigger, a *aim) error {
	if group, person := a.hand(&l.ticket); (group || person) && !handsOver[t] {
		r.with = append(r.with, itsm.To(a.group, a.person))
	}
	after, err := r.practice.give(ctx, l.ticket.ID, t, a, r.with)
	if err == nil {
		l.ticket = after
	}
	return err
}

// handsOver are the commands that name people themselves.
var handsOver = map[lifecycle.Trigger]bool{
	incident.TriggerAssign: true, incident.TriggerReassign: true, incident.TriggerReturn: true,
	problem.TriggerAssess: true, problem.TriggerAnalyse: true,
}

// refuse counts a refused step and writes a note of it, so that the record tells what the log says.
func (r *Replay) refuse(ctx context.Context, l *life, from *status, a *aim, refused *lifecycle.Refusal) error {
	r.tally.refuse(from, a.status, refused)
	r.with = r.with[:0]
	if r.durable {
		r.with = append(r.with, itsm.With(itsm.Patch{livedField: field.Int(int64(l.events))}))
	}
	after, err := r.practice.note(ctx, l.ticket.ID, refusedNote(a, refused), r.with)
	if err == nil {
		l.ticket = after
	}
	return err
}
