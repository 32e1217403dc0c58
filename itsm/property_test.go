package itsm_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// commandsPerRun times rapid's hundred runs is how many commands the laws are tried with.
const commandsPerRun = 120

// TestLawsHoldOverAnyLife plays workshops that nobody planned: several people and a program give commands in any order,
// while others write in between, time passes, people are erased and the past is imported. After each command and at
// the end the laws must hold.
func TestLawsHoldOverAnyLife(t *testing.T) {
	commands, accepted, written := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		for range commandsPerRun {
			l.step(t)
			commands++
		}
		l.judge(t)
		accepted += l.accepted
		written += l.saw.applied
	})
	t.Logf("%d commands, %d of them accepted, %d write sets", commands, accepted, written)
	require.Greater(t, accepted, commands/20, "laws that were tried with refusals alone are not proven")
}

// life is a workshop under test with its witness.
type life struct {
	k      *itsm.Kernel
	w      *workshop
	clock  *itsmtest.Clock
	saw    *witness
	calls  *counting
	rival  *workshop
	unrest *rand.Rand
	// disturb makes Apply meet conflicts; rivalry lets others write in between.
	disturb, rivalry bool
	busy             bool
	erasable         []string
	accepted         int // commands that passed and changed something
}

func newLife(t *rapid.T) *life {
	l := &life{saw: newWitness(memory.New()), erasable: []string{"bob", "eve", "ann"}}
	l.unrest = rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "unrest"), 1))
	l.clock = itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	open := func(s itsm.Store) (*itsm.Kernel, *workshop) {
		var w *workshop
		k, err := itsm.New(itsm.Config{Store: s, Clock: l.clock, Authorizer: grants(), Random: itsmtest.Random(7)})
		require.NoError(t, err)
		w, err = newWorkshop(k)
		require.NoError(t, err)
		require.NoError(t, k.Open(context.Background()))
		return k, w
	}
	l.calls = newCounting(l.saw)
	l.calls.before = l.interfere
	l.k, l.w = open(l.calls)
	_, l.rival = open(l.saw)
	return l
}

// grants are the default ones, and hide fields and rows of every sort from requesters.
func grants() itsm.Grants {
	gs := itsm.DefaultGrants()
	gs[0].Hides = append(gs[0].Hides, "points", "custom.color")
	return gs
}

// interfere does what other writers do to a commit.
func (l *life) interfere(set *itsm.WriteSet) error {
	if !l.disturb || l.busy || len(set.Records) == 0 {
		return nil
	}
	switch n := l.unrest.IntN(8); {
	case n == 0:
		return itsm.ErrConflict
	case n == 1 && l.rivalry && set.Records[0].Expect > 0:
		l.busy = true
		head := set.Records[0].Record.Header()
		rival := as(itsmtest.Agent("rival", itsmtest.InTenant(head.Tenant)))
		_, _ = l.rival.Note(rival, head.ID, "meanwhile")
		l.busy = false
	}
	return nil
}

var actors = []itsm.Actor{
	itsmtest.Requester("bob"), itsmtest.Requester("eve"), itsmtest.Agent("ann"), itsmtest.Agent("ada"), itsmtest.Manager("max"),
	itsmtest.Administrator("root"), itsmtest.Integration("mailgate", itsmtest.ActingFor("bob")),
	itsmtest.Administrator("mallory", itsmtest.InTenant("umbra")), {ID: "nobody", Tenant: "acme"},
}

// act is a drawn command.
type act struct {
	actor   itsm.Actor
	ref     itsm.Ref
	trigger lifecycle.Trigger
	in      any
	with    []itsm.Option
	alone   bool // nobody writes in between, because the outcome would then be another
	calm    bool // the store meets no conflict either
}

func (l *life) step(t *rapid.T) {
	l.disturb, l.rivalry = true, true
	switch n := rapid.IntRange(0, 39).Draw(t, "what"); {
	case n == 0 && len(l.erasable) > 0:
		person := rapid.SampledFrom(l.erasable).Draw(t, "person")
		_, err := l.k.Erase(root, person, "asked for it")
		require.NoError(t, err)
		l.saw.erase("acme", person)
	case n <= 3:
		require.NoError(t, l.clock.Advance(context.Background(), time.Duration(rapid.IntRange(0, 60).Draw(t, "hours"))*time.Hour))
		_, _, err := l.k.Work(context.Background())
		require.NoError(t, err)
	default:
		l.give(t, l.draw(t))
	}
}

func (l *life) draw(t *rapid.T) act {
	a := act{actor: rapid.SampledFrom(actors).Draw(t, "actor"), alone: true}
	id := ""
	if keys := l.saw.keys(); len(keys) > 0 && rapid.IntRange(0, 7).Draw(t, "create") > 0 {
		id = rapid.SampledFrom(keys).Draw(t, "record").ID
	}
	a.ref = l.w.Ref(id)
	if id == "" {
		a.trigger, a.in = "report", intake{
			Title: rapid.SampledFrom([]string{"Pump leaks", "Tyre flat", ""}).Draw(t, "title"), Custom: drawCustom(t),
			Caller: rapid.SampledFrom([]string{"", "bob", "eve"}).Draw(t, "caller"), Visitor: rapid.SampledFrom([]string{"", "bob", "vic"}).Draw(t, "visitor"),
		}
	} else {
		a.trigger, a.in = l.drawCommand(t)
		a.alone = false
	}
	switch rapid.IntRange(0, 9).Draw(t, "with") {
	case 0:
		a.with = append(a.with, itsm.To(rapid.SampledFrom([]string{"pumps", "tyres"}).Draw(t, "group"), rapid.SampledFrom([]string{"", "ann", "ada"}).Draw(t, "assignee")))
	case 1:
		a.with = append(a.with, itsm.IfVersion(rapid.Int64Range(1, 9).Draw(t, "if_version")))
		a.calm = true
	case 2:
		a.with = append(a.with, itsm.At(l.clock.Now().Add(-time.Duration(rapid.IntRange(-1, 72).Draw(t, "ago"))*time.Hour)))
		a.alone = true
	case 3:
		a.with = append(a.with, itsm.Once(rapid.SampledFrom([]string{"k1", "k2", "k3"}).Draw(t, "key")))
		a.alone = true
	case 4:
		a.with = append(a.with, itsm.With(drawPatch(t)))
	case 5:
		a.with = append(a.with, itsm.WithNumber(rapid.SampledFrom([]string{"REP0500001", "REP0000002"}).Draw(t, "number")))
	}
	return a
}

func (l *life) drawCommand(t *rapid.T) (lifecycle.Trigger, any) {
	text := rapid.SampledFrom([]string{"", "Valve changed.", "Nul\x00l"})
	switch trigger := rapid.SampledFrom([]lifecycle.Trigger{
		"start", "start", "hold", "resume", "finish", "finish", "reopen", "confirm", "drop", "park", "unpark", "check", "pass", "fail",
		"edit", "edit", "comment", "note", "log_time", "attach", "link", "unlink", "watch", "unwatch", "no_such",
	}).Draw(t, "trigger"); trigger {
	case "hold":
		return trigger, pause{Reason: itsm.HoldReason(rapid.SampledFrom([]string{"", "vendor", "caller"}).Draw(t, "reason"))}
	case "finish":
		return trigger, finish{Notes: text.Draw(t, "notes")}
	case "reopen":
		return trigger, because{Reason: text.Draw(t, "reason")}
	case "edit":
		return trigger, drawPatch(t)
	case "comment":
		return trigger, itsm.Comment{Body: text.Draw(t, "body"), Internal: rapid.Bool().Draw(t, "internal")}
	case "note":
		return trigger, itsm.WorkNote{Body: text.Draw(t, "body")}
	case "log_time":
		return trigger, itsm.TimeEntry{Spent: time.Duration(rapid.IntRange(-1, 3).Draw(t, "spent")) * time.Hour, Note: "Valve"}
	case "attach":
		return trigger, itsm.Attachment{Name: "valve.jpg", Size: 9, Location: "s3://valve"}
	case "link":
		return trigger, itsm.NewLink{Type: itsm.ParentOf, To: l.w.Ref(rapid.SampledFrom(l.saw.keys()).Draw(t, "to").ID)}
	case "unlink":
		return trigger, itsm.RowID{ID: int64(rapid.IntRange(1, 9).Draw(t, "version")) << 16}
	case "watch", "unwatch":
		return trigger, itsm.WatcherOf{Person: rapid.SampledFrom([]string{"", "bob", "eve"}).Draw(t, "watcher")}
	default:
		return trigger, nil
	}
}

func drawPatch(t *rapid.T) itsm.Patch {
	values := map[string]*rapid.Generator[field.Value]{
		"title":  rapid.SampledFrom([]field.Value{field.Text("Pump drips"), field.Text("Bad \xff bytes"), {}}),
		"caller": rapid.SampledFrom([]field.Value{field.Text("bob"), field.Text("eve"), {}}),
		"points": rapid.SampledFrom([]field.Value{field.Int(3), field.Text("three"), {}}), "cost": rapid.SampledFrom([]field.Value{field.Number(1.5), {}}),
		"rush": rapid.SampledFrom([]field.Value{field.Bool(true), field.Bool(false)}), "effort": rapid.SampledFrom([]field.Value{field.Span(time.Hour), {}}),
		"promised": rapid.SampledFrom([]field.Value{field.Instant(time.Unix(1e9, 5)), {}}), "items": rapid.SampledFrom([]field.Value{field.List("a", "b"), {}}),
		"visitor": rapid.SampledFrom([]field.Value{field.Text("vic"), field.Text("eve")}), "open_tasks": rapid.SampledFrom([]field.Value{field.Int(1), field.Int(0)}),
		"state": rapid.Just(field.Text("closed")),
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	patch := itsm.Patch{}
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 2).Draw(t, "fields") {
		patch[name] = values[name].Draw(t, name)
	}
	for _, f := range drawCustom(t) {
		patch["custom."+f.Name] = f.Value
	}
	return patch
}

func drawCustom(t *rapid.T) field.Fields {
	var fields field.Fields
	for _, f := range rapid.SliceOfN(rapid.SampledFrom([]field.Field{
		{Name: "color", Value: field.Text("red")}, {Name: "color", Value: field.Text("pink")}, {Name: "size", Value: field.Int(4)},
		{Name: "weight", Value: field.Number(2)}, {Name: "billable", Value: field.Bool(false)}, {Name: "deadline", Value: field.Instant(time.Unix(2e9, 1))},
		{Name: "drive", Value: field.Span(time.Minute)}, {Name: "tags", Value: field.List("x", "y")}, {Name: "phone", Value: field.Text("555-1234")},
		{Name: "birthday", Value: field.Instant(time.Unix(5e8, 0))},
	}), 0, 3).Draw(t, "custom") {
		fields.Set(f.Name, f.Value)
	}
	return fields
}

// give gives a command and checks what must hold of any command: it does what Explain said, it writes all or nothing,
// it was permitted if it passed, and it answers what was committed.
func (l *life) give(t *rapid.T, a act) {
	ctx := as(a.actor)
	l.disturb = false
	var permitted []lifecycle.Trigger
	if a.ref.ID != "" {
		permitted, _ = l.k.Permitted(ctx, a.ref)
	}
	applied := l.saw.applied
	expected := l.k.Explain(ctx, a.ref, a.trigger, a.in, a.with...)
	require.Equal(t, applied, l.saw.applied, "Explain wrote")
	l.disturb, l.rivalry = !a.calm, !a.alone
	rec, err := l.k.Do(ctx, a.ref, a.trigger, a.in, a.with...)
	l.disturb = false
	require.Equal(t, text(expected), text(err), "Explain and Do differ")
	typed(t, err)
	if err != nil {
		return
	}
	require.True(t, a.ref.ID == "" || slices.Contains(permitted, a.trigger) || l.saw.applied == applied,
		"%s passed though only %v were permitted", a.trigger, permitted)
	if l.saw.applied > applied {
		l.accepted++
	}
	h := rec.Header()
	require.Equal(t, a.actor.Tenant, h.Tenant)
	want := l.saw.at(h.Key(), h.Version)
	if slices.Contains(a.actor.Roles, itsm.Requester) {
		for _, name := range []string{"points", "custom.color", "priority_reason"} {
			delete(want, name)
		}
	}
	require.Equal(t, want, flat(rec), "the answer is not what was committed")
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// typed requires that an error tells a program what it is, and a refusal why.
func typed(t require.TestingT, err error) {
	if err == nil {
		return
	}
	require.NotEqual(t, itsm.Code("internal"), itsm.CodeOf(err), "%v", err)
	require.NotErrorIs(t, err, itsm.ErrPanic)
	if refusal, ok := lifecycle.AsRefusal(err); ok {
		require.NotEmpty(t, refusal.Reasons)
	}
}

// judge checks the laws over the whole life.
func (l *life) judge(t *rapid.T) {
	require.Empty(t, l.saw.gaps, "versions have gaps")
	callers := map[string]int64{}
	for _, key := range l.saw.keys() {
		see := as(itsmtest.Administrator("root", itsmtest.InTenant(key.Tenant)))
		require.NoError(t, l.k.Verify(see, key.Ref()))
		last := int64(len(l.saw.records[key]))
		for n := int64(1); n <= last; n++ {
			then, err := l.k.At(see, key.Ref(), n)
			require.NoError(t, err)
			require.Equal(t, l.saw.at(key, n), flat(then), "%s@%d is not the fold of its events", key, n)
		}
		now, err := l.w.Get(see, key.ID)
		require.NoError(t, err)
		require.Equal(t, l.saw.at(key, last), flat(now))
		history, err := l.k.History(see, key.Ref(), 0, 0)
		require.NoError(t, err)
		require.Len(t, history, int(last))
		for _, def := range l.k.Lifecycles("repair") {
			followsTable(t, def, history)
		}
		if key.Tenant == "acme" {
			callers[now.Caller]++
			l.keptApart(t, key, now.Caller)
		}
	}
	for _, person := range []string{"bob", "eve"} {
		n, err := l.w.Count(as(itsmtest.Requester(person)), itsm.Query{})
		require.NoError(t, err)
		require.Equal(t, callers[person], n, "the tickets that %s counts", person)
	}
}

// keptApart checks that a record is seen by who may see it, and by nobody else.
func (l *life) keptApart(t *rapid.T, key itsm.Key, caller string) {
	_, err := l.k.Get(mallory, key.Ref())
	if _, taken := l.saw.records[itsm.Key{Tenant: "umbra", Kind: key.Kind, ID: key.ID}]; !taken {
		require.ErrorIs(t, err, itsm.ErrNotFound)
	}
	for _, person := range []string{"bob", "eve"} {
		_, err := l.w.Get(as(itsmtest.Requester(person)), key.ID)
		require.Equal(t, caller == person, err == nil, "%s reads the ticket of %q", person, caller)
	}
}

// followsTable checks that every change of state in a history is a way through the table, by triggers whose events it
// names.
func followsTable(t require.TestingT, def lifecycle.Definition, history []itsm.Entry) {
	name, state := "state", def.Initial
	if def.Name == "repair_check" {
		name = "check"
	}
	for _, e := range history {
		reached := map[lifecycle.State]bool{state: true}
		for _, event := range append([]string{e.Event}, e.Also...) {
			next := map[lifecycle.State]bool{}
			for from := range reached {
				_, past, _ := strings.Cut(event, ".")
				for to := range targets(def, from, past) {
					next[to] = true
				}
			}
			if len(next) > 0 {
				reached = next
			}
		}
		i := slices.IndexFunc(e.Changes, func(c itsm.FieldChange) bool { return c.Field == name })
		if i >= 0 {
			state = lifecycle.State(e.Changes[i].To.Text())
		}
		require.True(t, reached[state], "%s: %s %v leads to %s by no row of %s", e.At, e.Event, e.Also, state, def.Name)
	}
}

// targets are where the table leads from a state by what is called so in a history.
func targets(def lifecycle.Definition, from lifecycle.State, past string) map[lifecycle.State]bool {
	to := map[lifecycle.State]bool{}
	for _, row := range def.Rows {
		i := slices.IndexFunc(def.Triggers, func(e lifecycle.TriggerRow) bool { return e.Name == row.Trigger })
		if def.Triggers[i].Past != past || !slices.Contains(row.From, from) {
			continue
		}
		switch {
		case row.To != "":
			to[row.To] = true
		case row.Choose != "":
			for _, s := range row.Among {
				to[s] = true
			}
		default:
			to[from] = true
		}
	}
	return to
}

// TestPermittedIsWhatFires checks from every state that was reached: what Permitted lists is refused at most for what
// the command has yet to bring, and what it does not list is refused whatever it brings.
func TestPermittedIsWhatFires(t *testing.T) {
	inputs := map[lifecycle.Trigger]any{
		"hold": pause{Reason: "vendor"}, "finish": finish{Notes: "Done."}, "reopen": because{Reason: "Drips again."}, "log_time": itsm.TimeEntry{Spent: 1},
	}
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		for range 12 {
			l.step(t)
		}
		for _, key := range l.saw.keys() {
			for _, actor := range actors {
				ctx := as(actor)
				permitted, err := l.k.Permitted(ctx, key.Ref())
				if err != nil {
					continue
				}
				for _, def := range l.k.Lifecycles("repair") {
					for _, e := range def.Triggers {
						if slices.Contains([]lifecycle.Trigger{"link", "accept_link", "unlink"}, e.Name) {
							continue // they look at other records, too
						}
						var with []itsm.Option
						if slices.Contains(permitted, itsm.TriggerEdit) {
							with = append(with, itsm.To("pumps", ""))
						}
						err := l.k.Explain(ctx, key.Ref(), e.Name, inputs[e.Name], with...)
						var refusal *lifecycle.Refusal
						switch {
						case slices.Contains(permitted, e.Name) && errors.As(err, &refusal):
							require.False(t, refusal.Has(lifecycle.NotFromHere) || refusal.Has(lifecycle.MissingRole), "%v", err)
						case !slices.Contains(permitted, e.Name):
							require.Error(t, err, fmt.Sprintf("%s: %s passes though Permitted does not list it", key, e.Name))
						}
					}
				}
			}
		}
	})
}
