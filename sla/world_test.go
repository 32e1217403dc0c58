package sla_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

// kolkata is another calendar: other hours, another zone, half an hour off, and a lunch break.
var kolkata = must(calendar.New(calendar.Spec{Zone: "Asia/Kolkata", Weekly: calendar.Weekdays("08:00-12:00, 12:45-18:15")}))

// world is two nodes of a desk on one store, with people who do anything at any time, and administrators who change the
// agreements.
type world struct {
	t              *rapid.T
	clock          *itsmtest.Clock
	config         desk.Config
	nodes          []*desk.Desk
	ann, bob, root context.Context
	tickets        []itsm.Ref
	book           map[string][]sla.Agreement
	gone           map[string][]sla.Agreement
	turn           int
	// edited is set where the agreements changed at all, and rewritten where one did under the same version.
	edited, rewritten bool
	split             bool // one node knows an edit that the other does not
	forgotten         bool // a version was gone at some time, and nobody repaired since
	keeps             bool // no version is ever rewritten, and none that is gone comes back
	grew              int  // how many versions were made
}

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, clock: itsmtest.NewClock(at("2026-03-26 09:00")), // the weekend in which clocks change is near
		ann:  itsmtest.As(context.Background(), itsmtest.Agent("ann")),
		bob:  itsmtest.As(context.Background(), itsmtest.Requester("bob")),
		root: itsmtest.As(context.Background(), itsmtest.Administrator("root")),
		book: agreementsOfAllSorts(), gone: map[string][]sla.Agreement{},
	}
	w.config = desk.Config{
		Store: memory.New(), Clock: w.clock,
		Incidents: incident.Config{
			Calendar: brussels,
			Policy: incident.Policy{
				AutoClose: 10 * time.Hour,
				LateReply: rapid.SampledFrom([]incident.LateReply{incident.LateReplyReports, incident.LateReplyReopens}).Draw(t, "late replies"),
			},
			Custom: field.Schema{Version: 1, Fields: []field.Declaration{{Name: "promised", Kind: field.KindInstant}}},
		},
	}
	w.open(0, 1)
	w.clock.Attach(w)
	w.report()
	return w
}

// Work makes the nodes take turns.
func (w *world) Work(ctx context.Context) (done int, next time.Time, err error) {
	w.turn++
	for i := range w.nodes {
		n, at, err := w.nodes[(w.turn+i)%len(w.nodes)].Work(ctx)
		if err != nil {
			return done, next, err
		}
		if done += n; next.IsZero() || !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return done, next, nil
}

// open starts nodes with the agreements as they are.
func (w *world) open(nodes ...int) {
	w.config.Agreements = nil
	for _, name := range slices.Sorted(maps.Keys(w.book)) {
		w.config.Agreements = append(w.config.Agreements, w.book[name]...)
	}
	for len(w.nodes) < 2 {
		w.nodes = append(w.nodes, nil)
	}
	for _, i := range nodes {
		w.nodes[i] = must(desk.Open(context.Background(), w.config))
	}
}

// node is one of the nodes.
func (w *world) node() *desk.Desk { return w.nodes[rapid.IntRange(0, 1).Draw(w.t, "node")] }

// agreementsOfAllSorts are in force at once: all kinds of targets, all that can start, stop, pause, cancel and reset, levels of
// all sorts.
func agreementsOfAllSorts() map[string][]sla.Agreement {
	const h = time.Hour
	any := func(d time.Duration) map[itsm.Priority]time.Duration {
		return map[itsm.Priority]time.Duration{sla.AnyPriority: d}
	}
	byPriority := map[itsm.Priority]time.Duration{1: 2 * h, 2: 4 * h, 3: 8 * h, 4: 16 * h}
	two := []sla.Level{{Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}}
	many := []sla.Level{{Name: "half", Percent: 50}, {Name: "soon", Offset: -30 * time.Minute}, {Name: "breach"}, {Name: "later", Offset: h}, {Name: "double", Percent: 200}}
	caller := sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}}
	vpn := itsm.Where("service").Is("vpn")
	one := func(a sla.Agreement) []sla.Agreement {
		a.Version, a.Kinds = 1, []string{incident.Kind}
		return []sla.Agreement{a}
	}
	return map[string][]sla.Agreement{
		"gold": one(sla.Agreement{Name: "gold", Class: sla.ServiceLevel, Calendar: brussels, Targets: []sla.Target{
			{Name: "ownership", Kind: sla.TakeOwnership, Within: any(h), Levels: two},
			{Name: "first response", Kind: sla.FirstResponse, Within: any(2 * h), Levels: two, Pause: caller},
			{Name: "next response", Kind: sla.NextResponse, Within: any(h), Levels: many},
			{Name: "update", Kind: sla.PeriodicUpdate, Within: any(3 * h), Levels: two, Pause: caller},
			{Name: "first resolution", Kind: sla.FirstResolution, Within: byPriority, Levels: two, Late: sla.LatestLevel},
			{Name: "resolution", Kind: sla.TotalResolution, Within: byPriority, Levels: many, Pause: caller},
		}}),
		"network": one(sla.Agreement{Name: "network", Class: sla.OperationalLevel, Targets: []sla.Target{{
			Name: "handling", Start: sla.Condition{Groups: []string{"network"}},
			Stop:   sla.Condition{OtherGroups: []string{"network"}, Phases: []lifecycle.Phase{lifecycle.Resolved}},
			Pause:  sla.Condition{Holds: []itsm.HoldReason{itsm.HoldVendor, itsm.HoldChange}},
			Cancel: sla.Condition{Holds: []itsm.HoldReason{itsm.HoldOther}},
			Within: any(5 * h), Levels: many, Late: sla.LatestLevel,
		}}}),
		"promise": one(sla.Agreement{Name: "promise", Class: sla.ServiceLevel, Calendar: brussels, Targets: []sla.Target{{
			Name: "appointment", Kind: sla.TotalResolution, Deadline: "custom.promised",
			Levels: []sla.Level{{Name: "soon", Offset: -2 * h}, {Name: "breach", Percent: 100}, {Name: "later", Offset: h}},
		}}}),
		"vendor": one(sla.Agreement{
			Name: "vendor", Class: sla.Underpinning, Calendar: kolkata, Where: &vpn, OnChange: sla.StartAnew, Targets: []sla.Target{
				{
					Name: "resolution", Kind: sla.TotalResolution, Within: byPriority, Levels: two, Reopen: sla.NewCycle,
					Reset: sla.Condition{Events: []string{"incident.reassigned"}},
				},
				{
					Name: "work", Start: sla.Condition{Events: []string{"incident.started"}}, Within: byPriority, Levels: two,
					Stop: sla.Condition{Events: []string{"incident.resolved"}},
				},
			},
		}),
		"counted": one(sla.Agreement{Name: "counted", Class: sla.ServiceLevel, Calendar: brussels, Where: &vpn, Targets: []sla.Target{{
			Name: "resolution", Kind: sla.TotalResolution, Within: byPriority, Levels: two, Reopen: sla.ContinueCounted,
			Pause: sla.Condition{Phases: []lifecycle.Phase{lifecycle.Waiting}},
		}}}),
	}
}

func (w *world) report(with ...itsm.Option) {
	group := rapid.SampledFrom([]string{"", "network", "storage"}).Draw(w.t, "group")
	inc, err := w.node().Incidents.Report(w.root, incident.Report{
		Caller: "bob", Title: "VPN down", Impact: itsm.High, Urgency: itsm.High, Group: group,
		Service: rapid.SampledFrom([]string{"vpn", "mail"}).Draw(w.t, "service"),
	}, with...)
	require.NoError(w.t, err)
	w.tickets = append(w.tickets, inc.Ref())
}

// someTime is whole minutes, so that a walk by minutes is exact.
func (w *world) someTime() time.Duration {
	most := rapid.SampledFrom([]int{0, 60, 600, 6000}).Draw(w.t, "at most")
	return time.Duration(rapid.IntRange(0, most).Draw(w.t, "minutes")) * time.Minute
}

// command is what people do with a ticket.
func (w *world) command(d *desk.Desk, ref itsm.Ref) (name string, err error) {
	ctx, with := w.ann, []itsm.Option(nil)
	caller := w.bob
	if rapid.IntRange(0, 7).Draw(w.t, "historic") == 0 {
		rec, err := d.Get(w.root, ref)
		require.NoError(w.t, err)
		if last, now := rec.Header().UpdatedAt, w.clock.Now(); !last.After(now) {
			minutes := rapid.IntRange(0, int(now.Sub(last)/time.Minute)).Draw(w.t, "minutes after the last")
			ctx, caller = w.root, w.root
			with = append(with, itsm.At(last.Add(time.Duration(minutes)*time.Minute)))
		}
	}
	set := func(name string, v field.Value) error {
		_, err := d.Incidents.Edit(ctx, ref.ID, itsm.Patch{name: v}, with...)
		return err
	}
	group := func() string { return rapid.SampledFrom([]string{"network", "storage"}).Draw(w.t, "group") }
	other := func() itsm.Ref { return rapid.SampledFrom(w.tickets).Draw(w.t, "other") }
	do := func(t lifecycle.Trigger, in any) error {
		_, err := d.Do(ctx, ref, t, in, with...)
		return err
	}
	acts := map[string]func() error{
		"assign": func() error { return do(incident.TriggerAssign, incident.Assignment{Group: group()}) },
		"start":  func() error { return do(incident.TriggerStart, nil) },
		"reassign": func() error {
			return do(incident.TriggerReassign, incident.Assignment{Group: group(), Assignee: rapid.SampledFrom([]string{"", "ann", "ben"}).Draw(w.t, "assignee")})
		},
		"return": func() error { return do(incident.TriggerReturn, incident.Queue{Group: group()}) },
		"hold": func() error {
			reasons := []itsm.HoldReason{itsm.HoldCaller, itsm.HoldCaller, itsm.HoldVendor, itsm.HoldChange, itsm.HoldProblem, itsm.HoldOther}
			h := incident.Hold{Reason: rapid.SampledFrom(reasons).Draw(w.t, "reason")}
			if h.Reason == itsm.HoldCaller {
				h.Message = "Which one?"
			}
			return do(incident.TriggerHold, h)
		},
		"resume": func() error { return do(incident.TriggerResume, nil) },
		"resolve": func() error {
			return do(incident.TriggerResolve, incident.Resolution{Code: incident.Fixed, Notes: "Fixed."})
		},
		"reopen": func() error { return do(incident.TriggerReopen, incident.Reopen{Reason: "again"}) },
		"the caller writes": func() error {
			_, err := d.Incidents.Reply(caller, ref.ID, itsm.Comment{Body: "Well?"}, with...)
			return err
		},
		"the desk writes": func() error {
			_, err := d.Incidents.Comment(ctx, ref.ID, itsm.Comment{Body: "We are at it."}, with...)
			return err
		},
		"note": func() error { _, err := d.Incidents.Note(ctx, ref.ID, "hm", with...); return err },
		"service": func() error {
			return set("service", field.Text(rapid.SampledFrom([]string{"vpn", "mail"}).Draw(w.t, "service")))
		},
		"promised": func() error { return set("custom.promised", w.appointment()) },
		"impact": func() error {
			return set("impact", field.Text(rapid.SampledFrom([]string{"critical", "high", "medium", "low"}).Draw(w.t, "impact")))
		},
		"confirm": func() error {
			_, err := d.Incidents.Confirm(caller, ref.ID, with...)
			return err
		},
		"child": func() error {
			child := other()
			if child == ref {
				return nil
			}
			_, err := d.Incidents.Link(ctx, ref.ID, itsm.ParentOf, child, with...)
			return err
		},
		"end": func() error {
			switch rapid.IntRange(0, 8).Draw(w.t, "how") { // or most lives would be short
			case 0:
				return do(incident.TriggerCancel, incident.Cancel{Reason: incident.Withdrawn})
			case 1:
				return do(incident.TriggerCancel, incident.Cancel{Reason: incident.Duplicate, Original: other()})
			case 2:
				return do(incident.TriggerMerge, incident.Merge{Survivor: other()})
			}
			return nil
		},
	}
	name = rapid.SampledFrom(slices.Sorted(maps.Keys(acts))).Draw(w.t, "command")
	return name, acts[name]()
}

func (w *world) appointment() field.Value {
	if rapid.IntRange(0, 4).Draw(w.t, "none") == 0 {
		return field.Value{}
	}
	return field.Instant(w.clock.Now().Add(w.someTime() - time.Hour))
}

// act does anything with anything.
func (w *world) act(edits bool) {
	kinds := []string{"command", "command", "command", "command", "wait", "wait", "sleep", "back", "report", "import", "restart"}
	if edits {
		kinds = append(kinds, "edit", "edit", "edit", "review")
	}
	d := w.node()
	switch rapid.SampledFrom(kinds).Draw(w.t, "act") {
	case "command":
		ref := rapid.SampledFrom(w.tickets).Draw(w.t, "ticket")
		before := must(d.Get(w.root, ref)).Header().Version
		name, err := w.command(d, ref)
		if !errors.Is(err, itsm.ErrRefused) {
			require.NoError(w.t, err, name)
		}
		if must(d.Get(w.root, ref)).Header().Version != before && !(w.split && w.rewritten) { // two terms of one version have no last word
			w.requireFresh(d, ref)
		}
		w.discover()
	case "wait":
		require.NoError(w.t, w.clock.Advance(context.Background(), w.someTime()))
	case "sleep": // nobody fires timers meanwhile
		w.clock.Set(w.clock.Now().Add(w.someTime()))
	case "back":
		w.clock.Set(w.clock.Now().Add(-w.someTime()))
	case "report":
		w.report()
	case "import":
		w.report(itsm.At(w.clock.Now().Add(-w.someTime())))
	case "restart":
		if !w.edited {
			w.open(rapid.IntRange(0, 1).Draw(w.t, "restarted"))
		}
	case "edit":
		w.edit()
	case "review":
		w.review(d)
	}
}

// discover finds tickets that others brought about.
func (w *world) discover() {
	page, err := w.nodes[0].Incidents.List(w.root, itsm.Query{Limit: 100})
	require.NoError(w.t, err)
	w.tickets = w.tickets[:0]
	for _, inc := range page.Records {
		w.tickets = append(w.tickets, inc.Ref())
	}
}

// edit changes the agreements. One of the nodes may get to know it later.
func (w *world) edit() {
	const h = time.Hour
	names := slices.Sorted(maps.Keys(w.book))
	name := rapid.SampledFrom(append(names, "")).Draw(w.t, "agreement")
	versions := slices.Clone(w.book[name])
	edits := []string{"version", "old", "remove"}
	if !w.keeps {
		edits = append(edits, "add", "calendar", "times", "levels", "targets")
	}
	how := rapid.SampledFrom(edits).Draw(w.t, "edit")
	if len(versions) == 0 {
		if how = "add"; w.keeps {
			clear(w.gone) // what is gone stays so
		}
	}
	same := func(change func(a *sla.Agreement)) {
		i := rapid.IntRange(0, len(versions)-1).Draw(w.t, "version")
		versions[i].Targets = slices.Clone(versions[i].Targets)
		change(&versions[i])
		w.rewritten = true
	}
	times := func(a *sla.Agreement) {
		factor := rapid.SampledFrom([]time.Duration{1, 4}).Draw(w.t, "half or double")
		for i := range a.Targets {
			within := map[itsm.Priority]time.Duration{}
			for p, d := range a.Targets[i].Within {
				within[p] = d * factor / 2
			}
			a.Targets[i].Within = within
		}
	}
	switch how {
	case "calendar":
		same(func(a *sla.Agreement) {
			a.Calendar = rapid.SampledFrom([]*calendar.Calendar{brussels, kolkata, nil}).Draw(w.t, "calendar")
		})
	case "version":
		w.grew++
		next := versions[len(versions)-1]
		next.Version++
		next.Targets = slices.Clone(next.Targets)
		times(&next)
		if rapid.Bool().Draw(w.t, "another target") {
			next.Targets[0].Name = fmt.Sprintf("renamed %d", w.grew)
		}
		versions = append(versions, next)
	case "old":
		w.forgotten = true
		versions = versions[len(versions)-1:]
	case "remove":
		w.forgotten = true
		w.gone[name] = versions
		versions = nil
	case "add":
		for _, gone := range slices.Sorted(maps.Keys(w.gone)) {
			w.book[gone] = w.gone[gone]
		}
		clear(w.gone)
		fresh := w.book["fresh"]
		if name == "" && fresh == nil {
			w.book["fresh"] = []sla.Agreement{{
				Name: "fresh", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind}, Targets: []sla.Target{{
					Name: "resolution", Kind: sla.TotalResolution, Within: map[itsm.Priority]time.Duration{sla.AnyPriority: 20 * h},
					Levels: []sla.Level{{Name: "warning", Percent: 10}, {Name: "breach", Percent: 100}},
				}},
			}}
		}
	case "times":
		same(times)
	case "levels":
		same(func(a *sla.Agreement) {
			levels := a.Targets[0].Levels
			if a.Targets[0].Levels = levels[1:]; len(levels) == 1 {
				a.Targets[0].Levels = append(levels[:1:1], sla.Level{Name: "early", Offset: -10 * time.Minute}, sla.Level{Name: "much later", Percent: 300})
			}
		})
	case "targets":
		same(func(a *sla.Agreement) {
			t := &a.Targets[len(a.Targets)-1]
			if t.Deadline == "" {
				t.Pause = sla.Condition{Phases: []lifecycle.Phase{lifecycle.Waiting}}
			}
			t.Reopen = rapid.SampledFrom([]sla.Reopen{sla.Continue, sla.ContinueCounted, sla.NewCycle, sla.Stay}).Draw(w.t, "reopen")
		})
	}
	if how != "add" {
		if w.book[name] = versions; len(versions) == 0 {
			delete(w.book, name)
		}
	}
	w.edited = true
	nodes := []int{0, 1}
	if !w.keeps && rapid.Bool().Draw(w.t, "one node") {
		nodes = nodes[:1]
	}
	w.split = len(nodes) == 1
	w.open(nodes...)
}

func (w *world) review(d *desk.Desk) {
	var err error
	switch rapid.SampledFrom([]string{"apply", "apply all", "repair all"}).Draw(w.t, "review") {
	case "apply":
		err = d.Clocks.Apply(w.root, rapid.SampledFrom(w.tickets).Draw(w.t, "ticket"))
	case "apply all":
		_, err = d.Clocks.ApplyAll(w.root)
	case "repair all":
		_, err = d.Clocks.RepairAll(w.root)
	}
	if !errors.Is(err, itsm.ErrRefused) { // such as a ticket that is cancelled
		require.NoError(w.t, err)
	}
}
