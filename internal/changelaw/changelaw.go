// Package changelaw plays random lives of changes on a store and holds every one against the law: no change is implemented
// inside a freeze, with a conflict that nobody acknowledged or without decided approvals for its content, unless somebody
// who may overrode it. The judge reads records alone, and asks nothing of the practice that it judges.
package changelaw

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// begin is a Monday.
var begin = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// world is a desk with an own model, whose overlay has a way around the usual path.
type world struct {
	t      testing.TB
	d      *desk.Desk
	clock  *itsmtest.Clock
	rand   *rand.Rand
	people map[string]context.Context
	root   context.Context
	frozen []schedule.Slot
	state  map[string]lifecycle.State
	begun  int
	closed int
}

// pilot is a state of the overlay in which the work is under way, and leap the way into it from everywhere.
const (
	pilot lifecycle.State   = "pilot"
	leap  lifecycle.Trigger = "leap"
)

func open(t testing.TB, store itsm.Store, seed uint64) *world {
	w := &world{
		t: t, clock: itsmtest.NewClock(begin), rand: rand.New(rand.NewPCG(seed, 7)),
		people: map[string]context.Context{}, state: map[string]lifecycle.State{},
		root: itsmtest.As(context.Background(), itsmtest.System()),
	}
	for day := range 4 {
		from := begin.Add(time.Duration(24*day+6) * time.Hour)
		w.frozen = append(w.frozen, schedule.Slot{Start: from, End: from.Add(6 * time.Hour)})
	}
	stage := approval.Stage{Name: "board", Rule: approval.Count(2), Voters: []approval.Voter{{Person: "vera"}, {Person: "carl"}, {Person: "rita"}}}
	from := []lifecycle.State{change.StateDraft, change.StateSubmitted, change.StateAssessed, change.StateApproved, change.StateScheduled}
	d, err := desk.Open(context.Background(), desk.Config{Store: store, Clock: w.clock, Changes: change.Config{
		Approvals: []change.ApprovalPolicy{{Name: "all", Stages: []approval.Stage{stage}}},
		Windows:   []schedule.Window{{Name: "days", Kind: schedule.Freeze, Slots: w.frozen}},
		Models: []change.Model{{Name: "fast", Type: change.Normal, Overlay: lifecycle.Overlay{
			Lifecycle: change.Kind, Version: 2,
			Add: lifecycle.Parts{
				States:   []lifecycle.StateRow{{Name: pilot, Title: "Pilot", Phase: lifecycle.Active}},
				Triggers: []lifecycle.TriggerRow{{Name: leap, Title: "Leap", Past: "leapt"}},
				Transitions: []lifecycle.Transition{
					{From: from, Trigger: leap, To: pilot},
					{From: []lifecycle.State{pilot}, Trigger: change.TriggerFinish, To: change.StateReview},
				},
			},
		}}},
		Extend: func(p *itsm.Practice[change.Change]) error {
			itsm.Handle(p, leap, func(*itsm.Unit, *change.Change, change.Nothing) error { return nil })
			return nil
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.d = d
	w.clock.Attach(d.Kernel)
	for _, name := range []string{"rita", "ann", "vera", "carl"} {
		w.people[name] = itsmtest.As(context.Background(), itsmtest.Agent(name))
	}
	w.people["mary"] = itsmtest.As(context.Background(), itsmtest.Manager("mary"))
	return w
}

// Random plays one life of so many commands, and judges after each.
func Random(t testing.TB, store itsm.Store, seed uint64, steps int) (begun, closed int) {
	w := open(t, store, seed)
	tpl := w.template()
	for range steps {
		w.step(tpl)
		w.judge()
	}
	return w.begun, w.closed
}

func (w *world) template() change.Template {
	p := change.Procedure{Title: "Reboot", Plans: change.Plans{Implementation: "reboot"}, WithoutReview: true}
	t, err := w.d.Changes.WriteTemplate(w.people["rita"], change.NewTemplate{Name: "reboot", Procedure: p})
	if err == nil {
		_, err = w.d.Changes.ProposeTemplate(w.people["rita"], t.ID)
	}
	if err == nil {
		t, err = w.d.Changes.ApproveTemplate(w.people["mary"], t.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return t
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (w *world) who() context.Context {
	return w.people[pick(w.rand, "rita", "ann", "vera", "carl", "mary")]
}

// window is somewhere in the next three days, not always in the future.
func (w *world) window() change.Window {
	start := w.clock.Now().Truncate(time.Hour).Add(time.Duration(w.rand.IntN(30)-1) * time.Hour)
	return change.Window{Start: start, End: start.Add(time.Duration(1+w.rand.IntN(6)) * time.Hour)}
}

// step gives one random command. Most are refused, and none may fail otherwise.
func (w *world) step(tpl change.Template) {
	s, who := w.d.Changes, w.who()
	id := fmt.Sprintf("CHG%07d", 1+w.rand.IntN(5))
	var err error
	switch w.rand.IntN(44) {
	default:
		err = w.push(id)
	case 0, 1:
		if len(w.state) < 5 {
			d := change.Draft{
				Title: "Change", Type: pick(w.rand, change.Normal, change.Normal, change.Emergency), Model: pick(w.rand, "", "fast"),
				Items: []string{pick(w.rand, "a", "b")}, Service: pick(w.rand, "", "web"), Plans: change.Plans{Implementation: "do"},
			}
			if w.rand.IntN(4) == 0 {
				d = change.Draft{Template: "reboot", Items: d.Items}
			}
			_, err = s.Draft(who, d)
		}
	case 2, 3:
		_, err = s.Submit(who, id)
	case 4, 5:
		_, err = s.Assess(who, id)
	case 6, 7, 8, 9:
		err = w.vote(who)
	case 10:
		_, err = s.Approve(who, id, change.Approving{Retrospective: w.rand.IntN(2) == 0})
	case 11:
		_, err = s.RequestApproval(who, id)
	case 12, 13, 14:
		_, err = s.Schedule(who, id, w.window())
	case 15:
		_, err = s.Begin(who, id)
	case 16:
		_, err = w.d.Do(who, s.Ref(id), leap, change.Nothing{})
	case 17:
		patch := pick(w.rand,
			itsm.Patch{"items": field.List(pick(w.rand, "a", "b"))}, itsm.Patch{"title": field.Text("T")},
			itsm.Patch{"plans.test": field.Text(fmt.Sprint(w.rand.IntN(9)))}, itsm.Patch{"assignee": field.Text("ann")},
			itsm.Patch{"start": field.Instant(w.window().Start)})
		_, err = s.Edit(who, id, patch)
	case 18:
		_, err = s.Acknowledge(who, id, "both know")
	case 19:
		if w.rand.IntN(3) == 0 {
			_, err = s.Overrule(who, id, change.Overriding{Reason: "urgent"})
		}
	case 20:
		if w.rand.IntN(2) == 0 {
			_, err = s.Hold(who, id, "wait")
		} else {
			_, err = s.Release(who, id)
		}
	case 21:
		if _, err = s.Finish(who, id, change.Finish{}); err == nil || lifecycleOnly(err) {
			_, err = s.Close(who, id, change.Closure{Outcome: change.Successful, Notes: "n"})
		}
	case 22:
		for _, o := range w.d.Bulk(who, []itsm.Ref{s.Ref("CHG0000001"), s.Ref("CHG0000002"), s.Ref("CHG0000003")}, change.TriggerBegin, change.Nothing{}) {
			w.expected(o.Err)
		}
	case 23:
		if w.rand.IntN(3) == 0 {
			win := w.window()
			_, err = s.DeclareWindow(who, change.DeclareWindow{Name: "stop", Effect: schedule.Freeze, Slots: []schedule.Slot{{Start: win.Start, End: win.End}}})
		}
	case 24:
		if w.rand.IntN(2) == 0 {
			_, err = s.SuspendTemplate(who, tpl.ID, "bad")
		} else {
			_, err = s.ResumeTemplate(who, tpl.ID, "good")
		}
	case 25:
		if err := w.clock.Advance(w.root, time.Duration(w.rand.IntN(5))*time.Hour); err != nil {
			w.t.Fatal(err)
		}
	}
	w.expected(err)
}

// push gives the command that brings a change further, so that lives get somewhere.
func (w *world) push(id string) error {
	s, ann := w.d.Changes, w.people["ann"]
	c, err := s.Get(w.root, id)
	if err != nil {
		return err
	}
	switch c.State {
	case change.StateDraft:
		switch c.Type {
		case change.Standard:
			_, err = s.Schedule(ann, id, w.window())
		case change.Emergency:
			_, err = s.RequestApproval(ann, id)
		default:
			_, err = s.Submit(ann, id)
		}
	case change.StateSubmitted:
		_, err = s.Assess(ann, id)
	case change.StateAssessed:
		err = w.accept(pick(w.rand, "vera", "carl"), id)
	case change.StateApproved:
		if c.Type == change.Emergency {
			_, err = s.Begin(ann, id)
		} else {
			_, err = s.Schedule(ann, id, w.window())
		}
	case change.StateScheduled:
		if now := w.clock.Now(); now.Before(c.Start) && w.rand.IntN(2) == 0 {
			if err := w.clock.AdvanceTo(w.root, c.Start); err != nil {
				w.t.Fatal(err)
			}
		}
		_, err = s.Begin(ann, id)
	}
	return err
}

func lifecycleOnly(err error) bool {
	_, ok := lifecycle.AsRefusal(err)
	return ok
}

// expected is what a command may answer.
func (w *world) expected(err error) {
	if err == nil || lifecycleOnly(err) {
		return
	}
	for _, answer := range []error{itsm.ErrNotFound, itsm.ErrInvalid, itsm.ErrDenied, itsm.ErrConflict} {
		if errors.Is(err, answer) {
			return
		}
	}
	w.t.Fatalf("a command failed: %v", err)
}

// vote gives somebody's first open ballot.
func (w *world) vote(who context.Context) error {
	ballots, err := w.d.Approvals.Waiting(who)
	if err != nil || len(ballots) == 0 {
		return err
	}
	b := pick(w.rand, ballots...)
	_, err = w.d.Approvals.Vote(who, b.ID, approval.Choose{Choice: pick(w.rand, approval.Accept, approval.Accept, approval.Accept, approval.Refuse), Reason: "r"})
	return err
}

// judge looks at every change that began or was closed with the last command.
func (w *world) judge() {
	all := w.changes()
	for i := range all {
		c := &all[i]
		was := w.state[c.ID]
		w.state[c.ID] = c.State
		works := c.State == change.StateImplementing || c.State == pilot
		worked := was == change.StateImplementing || was == pilot
		if works && !worked {
			w.begun++
			w.judgeBegin(c, all)
		}
		if c.State == change.StateClosed && was != change.StateClosed {
			w.closed++
			if c.Retrospective && w.roundOf(c).State == approval.StateWaiting {
				w.t.Fatalf("%s was closed undecided", c.ID)
			}
		}
	}
}

func (w *world) changes() []change.Change {
	var all []change.Change
	for c, err := range w.d.Changes.All(w.root, itsm.Query{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func (w *world) roundOf(c *change.Change) approval.Approval {
	a, err := w.d.Approvals.Get(w.root, c.Approval.ID)
	if err != nil {
		w.t.Fatalf("%s: %v", c.ID, err)
	}
	return a
}

// judgeBegin is the law.
func (w *world) judgeBegin(c *change.Change, all []change.Change) {
	now := w.clock.Now()
	if c.Held || now.Before(c.Start) || !now.Before(c.End) {
		w.t.Fatalf("%s began at %v: held %v, window %v to %v", c.ID, now, c.Held, c.Start, c.End)
	}
	switch {
	case c.Type == change.Standard:
		tpl, err := w.d.Changes.Templates().Get(w.root, c.Template)
		if err != nil || !tpl.Usable || tpl.Approved != c.TemplateVersion {
			w.t.Fatalf("%s began by a template that is not approved: %v %v", c.ID, tpl.State, err)
		}
	default:
		a := w.roundOf(c)
		if a.Content != c.Content {
			w.t.Fatalf("%s began with content %d, and %d was asked about", c.ID, c.Content, a.Content)
		}
		yes, no := w.votes(a)
		if yes < 2 && !(c.Type == change.Emergency && c.Retrospective && no < 2) {
			w.t.Fatalf("%s (%s) began with %d who accepted and %d who refused", c.ID, c.Type, yes, no)
		}
	}
	passes := func(f schedule.Finding) bool {
		overridden := c.Override.By == "mary" && c.Override.Start.Equal(c.Start) && c.Override.End.Equal(c.End) && slices.Contains(c.Override.Keys, f.Key())
		return overridden || f.Code.Conflict() && slices.Contains(c.Acknowledged, f.Key())
	}
	slot := schedule.Slot{Start: c.Start, End: c.End}
	freezes := map[string][]schedule.Slot{"days": w.frozen}
	for r, err := range w.d.Changes.Windows().All(w.root, itsm.Query{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if r.State == change.WindowDeclared {
			freezes[r.Name] = append(freezes[r.Name], r.Slots.Get()...)
		}
	}
	for name, slots := range freezes {
		for _, s := range slots {
			if s.Overlaps(slot) && !passes(schedule.Finding{Code: schedule.Frozen, Window: name}) {
				w.t.Fatalf("%s began in the freeze %q %v: its window is %v", c.ID, name, s, slot)
			}
		}
	}
	for i := range all {
		o := &all[i]
		takes := o.State == change.StateScheduled || o.State == change.StateImplementing || o.State == pilot
		if o.ID == c.ID || !takes || !slot.Overlaps(schedule.Slot{Start: o.Start, End: o.End}) {
			continue
		}
		for _, item := range c.Items {
			if slices.Contains(o.Items, item) && !passes(schedule.Finding{Code: schedule.SameItem, With: o.ID, Subject: item}) {
				w.t.Fatalf("%s began beside %s on %s", c.ID, o.ID, item)
			}
		}
		if c.Service != "" && c.Service == o.Service && !passes(schedule.Finding{Code: schedule.SameService, With: o.ID, Subject: c.Service}) {
			w.t.Fatalf("%s began beside %s on %s", c.ID, o.ID, c.Service)
		}
	}
}

// votes counts the ballots themselves.
func (w *world) votes(a approval.Approval) (yes, no int) {
	of := itsm.Where("of").Is(a.Ref().String())
	for b, err := range w.d.Approvals.Ballots.All(w.root, itsm.Query{Filter: &of}) {
		if err != nil {
			w.t.Fatal(err)
		}
		switch b.State {
		case approval.StateAccepted:
			yes++
		case approval.StateRefused:
			no++
		}
	}
	return yes, no
}

// Races lets many act at once: of those that take the same place one gets it, and no approval outlives an edit.
func Races(t testing.TB, store itsm.Store, rounds int) {
	w := open(t, store, 1)
	both := func(do ...func() error) {
		var all sync.WaitGroup
		for _, f := range do {
			all.Go(func() { w.expected(f()) })
		}
		all.Wait()
	}
	for round := range rounds {
		item := fmt.Sprintf("item%d", round)
		night := begin.Add(time.Duration(24*(round+5)) * time.Hour)
		place := change.Window{Start: night, End: night.Add(2 * time.Hour)}
		var take []func() error
		var ids []string
		for range 4 {
			c := w.approved(change.Draft{Title: "Change", Items: []string{item}, Plans: change.Plans{Implementation: "do"}})
			ids = append(ids, c.ID)
			take = append(take, func() error { _, err := w.d.Changes.Schedule(w.people["ann"], c.ID, place); return err })
		}
		both(take...)
		got := 0
		for _, id := range ids {
			if c := w.get(id); c.State == change.StateScheduled {
				got++
			}
		}
		if got != 1 {
			t.Fatalf("round %d: %d changes took the same place", round, got)
		}

		c := w.assessed(change.Draft{Title: "Change", Plans: change.Plans{Implementation: "do"}})
		both(
			func() error { return w.accept("vera", c.ID) },
			func() error { return w.accept("carl", c.ID) },
			func() error {
				_, err := w.d.Changes.Edit(w.people["ann"], c.ID, itsm.Patch{"plans.test": field.Text("another")})
				return err
			},
		)
		c = w.get(c.ID)
		a := w.roundOf(&c)
		if yes, _ := w.votes(a); c.Content != 2 || a.Content != c.Content || c.State == change.StateApproved && yes < 2 {
			t.Fatalf("round %d: %s in %s has content %d, its approval is of %d with %d who accepted", round, c.ID, c.State, c.Content, a.Content, yes)
		}
	}
}

func (w *world) get(id string) change.Change {
	c, err := w.d.Changes.Get(w.root, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) assessed(d change.Draft) change.Change {
	c, err := w.d.Changes.Draft(w.people["rita"], d)
	if err == nil {
		_, err = w.d.Changes.Submit(w.people["rita"], c.ID)
	}
	if err == nil {
		c, err = w.d.Changes.Assess(w.people["ann"], c.ID)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) approved(d change.Draft) change.Change {
	c := w.assessed(d)
	for _, who := range []string{"vera", "carl"} {
		if err := w.accept(who, c.ID); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.get(c.ID)
}

// accept gives somebody's ballot on a change, where one is open.
func (w *world) accept(who, id string) error {
	ballots, err := w.d.Approvals.Waiting(w.people[who])
	for _, b := range ballots {
		if b.Subject.ID == id {
			_, err = w.d.Approvals.Vote(w.people[who], b.ID, approval.Choose{Choice: approval.Accept})
			return err
		}
	}
	return err
}
