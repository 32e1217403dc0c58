package desk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/link"
	"github.com/itsmkit/itsmkit/sla"
)

// linked is a desk for tests of what happens between records.
type linked struct {
	*desk.Desk
	tb        require.TestingT
	clock     *itsmtest.Clock
	ann, cleo context.Context
}

func newLinked(t require.TestingT, c desk.Config) *linked {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	c.Clock = clock
	d, err := desk.Open(context.Background(), c)
	require.NoError(t, err)
	clock.Attach(d.Kernel)
	return &linked{
		Desk: d, tb: t, clock: clock,
		ann:  itsmtest.As(context.Background(), itsmtest.Agent("ann")),
		cleo: itsmtest.As(context.Background(), itsmtest.Requester("cleo")),
	}
}

func (d *linked) ok(inc incident.Incident, err error) incident.Incident {
	require.NoError(d.tb, err)
	return inc
}

func (d *linked) report(title string) string {
	return d.ok(d.Incidents.Report(d.cleo, incident.Report{Title: title})).ID
}

// family is a parent in progress, and children in progress.
func (d *linked) family(children int) (parent string, ids []string) {
	parent = d.report("parent")
	d.ok(d.Incidents.Start(d.ann, parent))
	for i := range children {
		id := d.report(fmt.Sprint("child ", i))
		d.ok(d.Incidents.Start(d.ann, id))
		d.ok(d.Incidents.Link(d.ann, parent, itsm.ParentOf, d.Incidents.Ref(id)))
		ids = append(ids, id)
	}
	return parent, ids
}

func (d *linked) get(id string) incident.Incident { return d.ok(d.Incidents.Get(d.ann, id)) }

// settle fires what is due now.
func (d *linked) settle() { require.NoError(d.tb, d.clock.Advance(context.Background(), 0)) }

func (d *linked) states(ids []string) map[lifecycle.State]int {
	counts := map[lifecycle.State]int{}
	for _, id := range ids {
		counts[d.get(id).State]++
	}
	return counts
}

var (
	fixed    = incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."}
	forAgain = incident.Reopen{Reason: "Down again."}
)

// TestRulesParentToChild is the table of the semantics, row by row.
func TestRulesParentToChild(t *testing.T) {
	hold := func(reason itsm.HoldReason) incident.Hold { return incident.Hold{Reason: reason, Message: "Wait."} }
	for _, c := range []struct {
		name   string
		parent func(d *linked, id string)
		want   lifecycle.State
	}{
		{"on hold for a change", func(d *linked, id string) { d.ok(d.Incidents.Hold(d.ann, id, hold(itsm.HoldChange))) }, incident.StateOnHold},
		{"on hold for a problem", func(d *linked, id string) { d.ok(d.Incidents.Hold(d.ann, id, hold(itsm.HoldProblem))) }, incident.StateOnHold},
		{"on hold for a vendor", func(d *linked, id string) { d.ok(d.Incidents.Hold(d.ann, id, hold(itsm.HoldVendor))) }, incident.StateOnHold},
		{"on hold for the caller", func(d *linked, id string) { d.ok(d.Incidents.Hold(d.ann, id, hold(itsm.HoldCaller))) }, incident.StateInProgress},
		{"resumed", func(d *linked, id string) {
			d.ok(d.Incidents.Hold(d.ann, id, hold(itsm.HoldVendor)))
			d.ok(d.Incidents.Resume(d.ann, id))
		}, incident.StateInProgress},
		{"reassigned from a hold", func(d *linked, id string) {
			d.ok(d.Incidents.Hold(d.ann, id, hold(itsm.HoldVendor)))
			d.ok(d.Incidents.Reassign(d.ann, id, incident.Assignment{Group: "network"}))
		}, incident.StateInProgress},
		{"resolved", func(d *linked, id string) { d.ok(d.Incidents.Resolve(d.ann, id, fixed)) }, incident.StateResolved},
		{"reopened by an agent", func(d *linked, id string) {
			d.ok(d.Incidents.Resolve(d.ann, id, fixed))
			d.ok(d.Incidents.Reopen(d.ann, id, forAgain))
		}, incident.StateInProgress},
		{"reopened by the caller", func(d *linked, id string) {
			d.ok(d.Incidents.Resolve(d.ann, id, fixed))
			d.ok(d.Incidents.Reopen(d.cleo, id, forAgain))
		}, incident.StateResolved},
		{"closed", func(d *linked, id string) {
			d.ok(d.Incidents.Resolve(d.ann, id, fixed))
			d.ok(d.Incidents.Confirm(d.cleo, id))
		}, incident.StateResolved},
		{"cancelled", func(d *linked, id string) {
			d.ok(d.Incidents.Cancel(d.ann, id, incident.Cancel{Reason: incident.Mistake}))
		}, incident.StateInProgress},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newLinked(t, desk.Config{})
			parent, children := d.family(2)
			c.parent(d, parent)
			assert.Equal(t, map[lifecycle.State]int{c.want: 2}, d.states(children))
			for _, id := range children {
				itsmtest.RequireVerified(t, d.ann, d.Kernel, d.Incidents.Ref(id))
			}
		})
	}
}

// TestChildrenGoOnOnlyWhereTheParentHeldThem leaves alone what somebody else put on hold, or resolved.
func TestChildrenGoOnOnlyWhereTheParentHeldThem(t *testing.T) {
	d := newLinked(t, desk.Config{})
	parent, c := d.family(3)
	d.ok(d.Incidents.Hold(d.ann, c[0], incident.Hold{Reason: itsm.HoldOther}))
	d.ok(d.Incidents.Hold(d.ann, parent, incident.Hold{Reason: itsm.HoldVendor}))
	assert.Equal(t, itsm.HoldOther, d.get(c[0]).Hold)
	assert.Equal(t, d.Incidents.Ref(parent), d.get(c[1]).Follows)
	d.ok(d.Incidents.Hold(d.ann, parent, incident.Hold{Reason: itsm.HoldChange}))
	assert.Equal(t, itsm.HoldChange, d.get(c[1]).Hold, "children wait for what the parent waits for")
	d.ok(d.Incidents.Resume(d.ann, parent))
	assert.Equal(t, incident.StateOnHold, d.get(c[0]).State)
	assert.Equal(t, incident.StateInProgress, d.get(c[1]).State)

	d.ok(d.Incidents.Resolve(d.ann, c[2], incident.Resolution{Code: incident.Advice, Notes: "Own matter."}))
	d.ok(d.Incidents.Resolve(d.ann, parent, fixed))
	assert.Equal(t, incident.Advice, d.get(c[2]).Resolution.Code)
	assert.Equal(t, fixed, d.get(c[1]).Resolution)
	d.ok(d.Incidents.Reopen(d.ann, parent, forAgain))
	assert.Equal(t, incident.StateResolved, d.get(c[2]).State, "it had its own resolution")
	assert.Equal(t, incident.StateInProgress, d.get(c[1]).State)
}

// TestAChildThatRefusesSaysSo keeps the child's state, with the refusal as an event on it, and the parent names it.
func TestAChildThatRefusesSaysSo(t *testing.T) {
	d := newLinked(t, desk.Config{})
	parent, c := d.family(2)
	system := itsmtest.As(context.Background(), itsmtest.System())
	_, err := d.Do(system, d.Incidents.Ref(c[0]), itsm.TriggerTask, itsm.TaskNote{
		Task: itsm.Ref{Kind: "task", ID: "TSK0000001"}, Event: "task.added", Open: 1,
	})
	require.NoError(t, err)
	d.ok(d.Incidents.Resolve(d.ann, parent, fixed))
	assert.Equal(t, incident.StateInProgress, d.get(c[0]).State)
	assert.Equal(t, incident.StateResolved, d.get(c[1]).State)
	itsmtest.RequireEvent(t, d.ann, d.Kernel, d.Incidents.Ref(c[0]), "incident.refused")
	reached := d.reached(parent)
	require.Len(t, reached, 1)
	assert.Equal(t, 1, reached[0].Targets)
	assert.Equal(t, []itsm.Ref{d.Incidents.Ref(c[0])}, reached[0].Refused)
}

// reached reads what came of rules, out of the source's history.
func (d *linked) reached(id string) (all []link.Reached) {
	history, err := d.Incidents.History(d.ann, id, 0, 0)
	require.NoError(d.tb, err)
	for _, e := range history {
		var found []link.Reached
		if raw, ok := e.Facts["reached"]; ok {
			require.NoError(d.tb, json.Unmarshal(raw, &found))
		}
		all = append(all, found...)
	}
	return all
}

// TestOnlyTheFirstDuplicateGotTheSolution: every duplicate follows its original.
// https://github.com/glpi-project/glpi/issues/7719
func TestOnlyTheFirstDuplicateGotTheSolution(t *testing.T) {
	d := newLinked(t, desk.Config{})
	original := d.report("original")
	var duplicates []string
	for i := range 5 {
		id := d.report(fmt.Sprint("duplicate ", i))
		of := original
		if i == 4 {
			of = duplicates[0] // a duplicate of a duplicate
		}
		d.ok(d.Incidents.Cancel(d.ann, id, incident.Cancel{Reason: incident.Duplicate, Original: d.Incidents.Ref(of)}))
		duplicates = append(duplicates, id)
	}
	d.ok(d.Incidents.Resolve(d.ann, original, fixed))
	for _, id := range duplicates {
		assert.Equal(t, fixed, d.get(id).Resolution)
		comments, err := d.Incidents.Comments(d.cleo, id, 0, 0)
		require.NoError(t, err)
		require.Len(t, comments, 1, "the caller is told once")
		assert.Equal(t, fixed.Notes, comments[0].Body)
	}
	d.ok(d.Incidents.Reopen(d.ann, original, forAgain))
	for _, id := range duplicates {
		assert.Empty(t, d.get(id).Resolution)
	}
	late := d.report("late duplicate")
	d.ok(d.Incidents.Resolve(d.ann, original, fixed))
	late = d.ok(d.Incidents.Cancel(d.ann, late, incident.Cancel{Reason: incident.Duplicate, Original: d.Incidents.Ref(original)})).ID
	assert.Equal(t, fixed, d.get(late).Resolution, "the original was solved already")
}

// TestChildFollowUpsLeakedToTheParent: nothing that is written on a child comes to its parent, and nothing internal
// comes to anybody. https://github.com/glpi-project/glpi/pull/23741, https://github.com/glpi-project/glpi/issues/24454,
// https://github.com/glpi-project/glpi/issues/24782
func TestChildFollowUpsLeakedToTheParent(t *testing.T) {
	d := newLinked(t, desk.Config{Links: link.Config{Table: desk.Rules().With(desk.CommentsToChildren())}})
	parent, c := d.family(2)
	bodies := func(id string) (all []string) {
		comments, err := d.Incidents.Comments(d.ann, id, 0, 0)
		require.NoError(t, err)
		for _, m := range comments {
			all = append(all, m.Body)
		}
		return all
	}
	d.ok(d.Incidents.Comment(d.ann, c[0], itsm.Comment{Body: "of the child"}))
	d.ok(d.Incidents.Comment(d.ann, parent, itsm.Comment{Body: "internal", Internal: true}))
	d.ok(d.Incidents.Note(d.ann, parent, "a note"))
	d.ok(d.Incidents.Comment(d.ann, parent, itsm.Comment{Body: "for all"}))
	assert.Equal(t, []string{"internal", "for all"}, bodies(parent))
	assert.Equal(t, []string{"of the child", "for all"}, bodies(c[0]))
	assert.Equal(t, []string{"for all"}, bodies(c[1]))

	leak := desk.CommentsToChildren()
	leak.Visibility = ""
	_, err := desk.Open(context.Background(), desk.Config{Links: link.Config{Table: link.Table{leak}}})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a rule that would show internal comments is refused")
	require.ErrorContains(t, err, "would show work notes")
}

// TestAParentShouldCloseWithItsChildren: a rule that a desk may add resolves the parent with the last child.
// https://github.com/InfotelGLPI/metademands/issues/66
func TestAParentShouldCloseWithItsChildren(t *testing.T) {
	d := newLinked(t, desk.Config{Links: link.Config{Table: desk.Rules().With(desk.ResolveWithLastChild())}})
	parent, c := d.family(3)
	for i, id := range c {
		assert.Equal(t, incident.StateInProgress, d.get(parent).State, "%d children are resolved", i)
		d.ok(d.Incidents.Resolve(d.ann, id, fixed))
	}
	assert.Equal(t, incident.StateResolved, d.get(parent).State)
}

// TestACircleOfLinksEnds: a rule runs once on a record in what one command leads to.
func TestACircleOfLinksEnds(t *testing.T) {
	around := link.Rule{
		Name: "comments go around", Kind: incident.Kind, Triggers: []lifecycle.Trigger{itsm.TriggerComment}, Visibility: link.Public,
		Link: itsm.RelatedTo.Name, Target: incident.Kind, Do: itsm.TriggerComment, Input: map[string]string{"body": "input.body"},
	}
	for _, batch := range []int{0, 1, 3} {
		d := newLinked(t, desk.Config{Links: link.Config{Table: link.Table{around}, Batch: batch}})
		var ids []string
		for i := range 6 {
			ids = append(ids, d.report(fmt.Sprint(i)))
			for _, other := range ids[:i] {
				d.ok(d.Incidents.Link(d.ann, ids[i], itsm.RelatedTo, d.Incidents.Ref(other)))
			}
		}
		d.ok(d.Incidents.Comment(d.ann, ids[0], itsm.Comment{Body: "Hello."}))
		if batch > 0 {
			for range 200 { // a rule without an end of its own is stopped by how far it came
				d.settle()
			}
		}
		for _, id := range ids {
			comments, err := d.Incidents.Comments(d.ann, id, 0, 0)
			require.NoError(t, err)
			require.NotEmpty(t, comments)
			if batch == 0 {
				assert.LessOrEqual(t, len(comments), 6, "each of the others tells it once")
			}
		}
		worked, err := d.FireDue(context.Background())
		require.NoError(t, err)
		assert.Zero(t, worked, "nothing goes on for ever")
	}
}

// TestManyChildrenInBatches: a propagation to many records is cut, goes on over a restart, and reaches each once.
func TestManyChildrenInBatches(t *testing.T) {
	d := newLinked(t, desk.Config{Links: link.Config{Batch: 100}})
	parent, children := d.family(950)
	d.ok(d.Incidents.Resolve(d.ann, parent, fixed))
	assert.Less(t, d.states(children)[incident.StateResolved], 110, "one transaction is bounded")

	again, err := desk.Open(context.Background(), desk.Config{Store: d.Store(), Clock: d.clock, Links: link.Config{Batch: 100}})
	require.NoError(t, err)
	for {
		fired, err := again.FireDue(context.Background())
		require.NoError(t, err)
		if fired == 0 {
			break
		}
	}
	assert.Equal(t, map[lifecycle.State]int{incident.StateResolved: 950}, d.states(children))
	total := 0
	for _, r := range d.reached(parent) {
		total += r.Targets
		assert.Empty(t, r.Refused)
	}
	assert.Equal(t, 950, total)
}

// TestAPropagationThatWasOvertakenEnds: what the source does next counts.
func TestAPropagationThatWasOvertakenEnds(t *testing.T) {
	d := newLinked(t, desk.Config{Links: link.Config{Batch: 10}})
	parent, children := d.family(50)
	d.ok(d.Incidents.Resolve(d.ann, parent, fixed))
	resolved := d.states(children)[incident.StateResolved]
	require.Positive(t, resolved)
	d.ok(d.Incidents.Reopen(d.ann, parent, forAgain))
	for range 20 {
		d.settle()
	}
	assert.Equal(t, map[lifecycle.State]int{incident.StateInProgress: 50}, d.states(children))
}

// TestFaultyRulesAreRefused lists all faults at once.
func TestFaultyRulesAreRefused(t *testing.T) {
	good := desk.Rules()[3]
	with := func(change func(r *link.Rule)) link.Rule {
		r := good
		change(&r)
		return r
	}
	for fault, r := range map[string]link.Rule{
		"no practice registered": with(func(r *link.Rule) { r.Kind = "nothing" }),
		"no trigger":             with(func(r *link.Rule) { r.Do = "explode" }),
		"takes no such input":    with(func(r *link.Rule) { r.Input = map[string]string{"colour": "title"} }),
		"no column":              with(func(r *link.Rule) { r.Input = map[string]string{"code": "colour"} }),
		"by is caller or others": with(func(r *link.Rule) { r.By = "nobody" }),
		"a name of its own":      with(func(r *link.Rule) { r.Name = "" }),
	} {
		_, err := desk.Open(context.Background(), desk.Config{Links: link.Config{Table: link.Table{r}}})
		require.ErrorIs(t, err, itsm.ErrInvalid, fault)
		require.ErrorContains(t, err, fault)
	}
	_, err := desk.Open(context.Background(), desk.Config{Links: link.Config{Table: link.Table{good, good}, Batch: -1}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

// TestTablesAreData: a table survives JSON, and edits leave the original alone.
func TestTablesAreData(t *testing.T) {
	table := desk.Rules().With(desk.CommentsToChildren(), desk.ResolveWithLastChild())
	text, err := json.Marshal(table)
	require.NoError(t, err)
	var back link.Table
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, table, back)
	fewer := table.Without(table[0].Name)
	assert.Len(t, fewer, len(table)-1)
	assert.NotEqual(t, table[0].Name, fewer[0].Name)
	d := newLinked(t, desk.Config{Links: link.Config{Table: link.Table{}}})
	parent, children := d.family(1)
	d.ok(d.Incidents.Resolve(d.ann, parent, fixed))
	assert.Equal(t, incident.StateInProgress, d.get(children[0]).State, "an empty table is no rule")
}

// TestTreesHoldTheirLaws builds random trees, duplicates and merges by random commands of several actors.
func TestTreesHoldTheirLaws(t *testing.T) {
	accepted, given := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		table := desk.Rules()
		if rapid.Bool().Draw(t, "optional rules") {
			table = table.With(desk.CommentsToChildren(), desk.ResolveWithLastChild())
		}
		d := newLinked(t, desk.Config{Links: link.Config{Table: table, Batch: rapid.SampledFrom([]int{0, 2, 5}).Draw(t, "batch")}})
		root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
		var ids []string
		for range 8 {
			ids = append(ids, d.report("incident"))
		}
		one := rapid.SampledFrom(ids)
		for range rapid.IntRange(20, 60).Draw(t, "commands") {
			ctx := rapid.SampledFrom([]context.Context{d.ann, d.ann, root, d.cleo}).Draw(t, "actor")
			a, b := one.Draw(t, "a"), one.Draw(t, "b")
			var err error
			switch rapid.IntRange(0, 10).Draw(t, "command") {
			case 0, 1:
				_, err = d.Incidents.Link(ctx, a, itsm.ParentOf, d.Incidents.Ref(b))
			case 2:
				_, err = d.Incidents.Cancel(ctx, a, incident.Cancel{Reason: incident.Duplicate, Original: d.Incidents.Ref(b)})
			case 3:
				_, err = d.Incidents.Merge(ctx, a, d.Incidents.Ref(b))
			case 4:
				_, err = d.Incidents.Resolve(ctx, a, fixed)
			case 5:
				_, err = d.Incidents.Reopen(ctx, a, forAgain)
			case 6:
				_, err = d.Incidents.Hold(ctx, a, incident.Hold{Reason: itsm.HoldVendor})
			case 7:
				_, err = d.Incidents.Resume(ctx, a)
			case 8:
				_, err = d.Incidents.Reply(ctx, a, itsm.Comment{Body: "word"})
			case 9:
				links, _ := d.Incidents.Links(ctx, a)
				if len(links) > 0 {
					_, err = d.Incidents.Unlink(ctx, a, links[0].ID)
				}
			case 10:
				ids = append(ids, d.report("incident"))
			}
			given++
			if err == nil {
				accepted++
			}
			require.NotErrorIs(t, err, itsm.ErrDepth)
			require.NotErrorIs(t, err, itsm.ErrPanic)
			require.NotEqual(t, itsm.Code("internal"), codeOf(err), "%v", err)
			if rapid.Bool().Draw(t, "settle") {
				d.settle()
			}
		}
		for range 50 {
			d.settle()
		}
		children, duplicates := map[itsm.Ref]int{}, map[itsm.Ref]int{}
		for _, id := range ids {
			inc := d.ok(d.Incidents.Get(root, id))
			itsmtest.RequireVerified(t, root, d.Kernel, inc.Ref())
			seen := map[itsm.Ref]bool{}
			for up := inc; !up.Parent.IsZero(); up = d.ok(d.Incidents.Get(root, up.Parent.ID)) {
				require.False(t, seen[up.Ref()], "%s hangs under itself", id)
				seen[up.Ref()] = true
			}
			if !inc.Parent.IsZero() {
				children[inc.Parent]++
			}
			links, err := d.Incidents.Links(root, id)
			require.NoError(t, err)
			for _, l := range links {
				if l.Name == itsm.DuplicateOf.Name {
					duplicates[l.To]++
				}
			}
			seen = map[itsm.Ref]bool{}
			for on := inc; !on.MergedInto.IsZero(); on = d.ok(d.Incidents.Get(root, on.MergedInto.ID)) {
				require.False(t, seen[on.Ref()], "%s was merged into itself", id)
				seen[on.Ref()] = true
				require.Equal(t, incident.StateCancelled, on.State)
			}
			require.Equal(t, inc.MergedInto.IsZero(), inc.CancelReason != incident.Merged)
			then, err := d.Incidents.At(root, id, inc.Version)
			require.NoError(t, err)
			require.Equal(t, inc, then, "a record is the fold of its events")
		}
		for _, id := range ids {
			inc := d.ok(d.Incidents.Get(root, id))
			require.Equal(t, children[inc.Ref()], inc.Children, "children of %s", id)
			require.Equal(t, duplicates[inc.Ref()], inc.Duplicates, "duplicates of %s", id)
		}
	})
	t.Logf("%d commands, %d accepted", given, accepted)
	require.Greater(t, accepted, given/4)
}

func codeOf(err error) itsm.Code {
	if err == nil {
		return ""
	}
	return itsm.CodeOf(err)
}

// TestAMergedTicketStillEscalated: what was merged, or is a duplicate, has no clock that runs.
// https://github.com/zammad/zammad/issues/904
func TestAMergedTicketStillEscalated(t *testing.T) {
	d := newLinked(t, desk.Config{Agreements: []sla.Agreement{{
		Name: "gold", Class: sla.ServiceLevel, Version: 1, Kinds: []string{incident.Kind},
		Targets: []sla.Target{{
			Name: "resolution", Stop: sla.Condition{Events: []string{"incident.resolved"}},
			Within: map[itsm.Priority]time.Duration{1: time.Hour, 2: time.Hour, 3: time.Hour, 4: time.Hour},
			Levels: []sla.Level{{Name: "breach", Percent: 100}},
		}},
	}}})
	survivor, merged, duplicate := d.report("survivor"), d.report("merged"), d.report("duplicate")
	d.ok(d.Incidents.Merge(d.ann, merged, d.Incidents.Ref(survivor)))
	d.ok(d.Incidents.Cancel(d.ann, duplicate, incident.Cancel{Reason: incident.Duplicate, Original: d.Incidents.Ref(survivor)}))
	require.NoError(t, d.clock.Advance(context.Background(), 24*time.Hour))
	levels := func(id string) (n int) {
		history, err := d.Incidents.History(d.ann, id, 0, 0)
		require.NoError(t, err)
		for _, e := range history {
			n += len(e.Levels())
		}
		return n
	}
	assert.Equal(t, 1, levels(survivor))
	assert.Zero(t, levels(merged))
	assert.Zero(t, levels(duplicate))
}
