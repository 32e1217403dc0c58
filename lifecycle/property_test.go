package lifecycle_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/lifecycle"
)

// world is what guards see in a random lifecycle: what holds, what is filled, and what a choice would pick.
type world struct {
	holds, filled map[string]bool
	pick          lifecycle.State
}

var (
	someGuards = []string{"g0", "g1", "g2"}
	someFields = []string{"f0", "f1", "f2"}
	someRoles  = []lifecycle.Role{"r0", "r1"}
)

func worldBinding() lifecycle.Binding[*world] {
	b := lifecycle.Binding[*world]{
		Guards:  make(map[string]lifecycle.Guard[*world]),
		Choices: map[string]func(*world) lifecycle.State{"pick": func(w *world) lifecycle.State { return w.pick }},
		Field:   func(f string) (func(*world) bool, bool) { return func(w *world) bool { return w.filled[f] }, true },
	}
	b.Input = func(_ lifecycle.Trigger, f string) (func(*world) bool, bool) { return b.Field(f) }
	for _, name := range someGuards {
		b.Guards[name] = func(w *world) *lifecycle.Reason {
			if w.holds[name] {
				return nil
			}
			return &lifecycle.Reason{Code: lifecycle.Code(name)}
		}
	}
	return b
}

// drawDefinition draws a chain of states with a way to its end, and any transitions besides.
func drawDefinition(t *rapid.T) lifecycle.Definition {
	d := lifecycle.Definition{Name: "random", Version: 1, Initial: "s0"}
	n := rapid.IntRange(1, 6).Draw(t, "states")
	for i := range n {
		phase := lifecycle.Phase(rapid.IntRange(1, 6).Draw(t, "phase"))
		if i == n-1 {
			phase = lifecycle.Closed
		}
		d.States = append(d.States, lifecycle.StateRow{Name: lifecycle.State(fmt.Sprintf("s%d", i)), Phase: phase})
	}
	for i := range n - 1 {
		d.Rows = append(d.Rows, drawConditions(t, lifecycle.Transition{From: states{d.States[i].Name}, Trigger: "next", To: d.States[i+1].Name}))
	}
	state := rapid.Custom(func(t *rapid.T) lifecycle.State { return rapid.SampledFrom(d.States).Draw(t, "state").Name })
	for i := range rapid.IntRange(1, 5).Draw(t, "triggers") {
		free := rapid.Permutation(d.States).Draw(t, "from")
		for len(free) > 0 && rapid.Bool().Draw(t, "more") {
			row := lifecycle.Transition{Trigger: lifecycle.Trigger(fmt.Sprintf("t%d", i))}
			cut := rapid.IntRange(1, len(free)).Draw(t, "cut")
			for _, s := range free[:cut] {
				row.From = append(row.From, s.Name)
			}
			free = free[cut:]
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				row.To = state.Draw(t, "to")
			case 1:
				row.Choose, row.Among = "pick", rapid.SliceOfNDistinct(state, 1, n, rapid.ID[lifecycle.State]).Draw(t, "among")
			}
			d.Rows = append(d.Rows, drawConditions(t, row))
		}
	}
	for _, r := range rapid.Permutation(d.Rows).Draw(t, "declared") { // triggers are declared in any order
		if !slices.ContainsFunc(d.Triggers, func(e lifecycle.TriggerRow) bool { return e.Name == r.Trigger }) {
			d.Triggers = append(d.Triggers, lifecycle.TriggerRow{Name: r.Trigger, Past: "done"})
		}
	}
	require.NoError(t, d.Check())
	return d
}

func drawConditions(t *rapid.T, row lifecycle.Transition) lifecycle.Transition {
	row.Guards, row.Ensures = drawSome(t, someGuards), drawSome(t, someGuards)
	row.Brings, row.Leaves = drawNeeds(t), drawNeeds(t)
	if rapid.IntRange(0, 2).Draw(t, "limited") == 0 {
		row.Roles = drawSome(t, someRoles)
	}
	return row
}

func drawNeeds(t *rapid.T) (all needs) {
	for range rapid.IntRange(0, 2).Draw(t, "needs") {
		need := need(drawSome(t, someFields))
		if len(need) > 0 && !slices.ContainsFunc(all, func(n lifecycle.Need) bool { return slices.Equal(n, need) }) {
			all = append(all, need)
		}
	}
	return all
}

func drawSome[T comparable](t *rapid.T, of []T) (some []T) {
	for _, x := range of {
		if rapid.Bool().Draw(t, fmt.Sprint(x)) {
			some = append(some, x)
		}
	}
	return some
}

func drawWorld(t *rapid.T, d lifecycle.Definition) (*world, []lifecycle.Role) {
	w := &world{holds: make(map[string]bool), filled: make(map[string]bool), pick: "nowhere"}
	for _, g := range drawSome(t, someGuards) {
		w.holds[g] = true
	}
	for _, f := range drawSome(t, someFields) {
		w.filled[f] = true
	}
	if rapid.IntRange(0, 9).Draw(t, "astray") > 0 {
		w.pick = rapid.SampledFrom(d.States).Draw(t, "pick").Name
	}
	return w, drawSome(t, someRoles)
}

// judge reads the table as a person would: where it leads, and the codes of all that stands in the way.
func judge(d lifecycle.Definition, from lifecycle.State, trigger lifecycle.Trigger, w *world, roles []lifecycle.Role) (to lifecycle.State, against []lifecycle.Code, permitted bool) {
	r := row(d, from, trigger)
	if r == nil {
		return from, []lifecycle.Code{lifecycle.NotFromHere}, false
	}
	if len(r.Roles) > 0 && !slices.ContainsFunc(roles, func(have lifecycle.Role) bool { return slices.Contains(r.Roles, have) }) {
		against = append(against, lifecycle.MissingRole)
	}
	for _, g := range r.Guards {
		if !w.holds[g] {
			against = append(against, lifecycle.Code(g))
		}
	}
	permitted = len(against) == 0
	for _, need := range r.Brings {
		if !slices.ContainsFunc(need, func(f string) bool { return w.filled[f] }) {
			against = append(against, lifecycle.MissingInput)
		}
	}
	switch {
	case len(against) > 0:
		return from, against, permitted
	case r.Choose != "" && !slices.Contains(r.Among, w.pick):
		return from, []lifecycle.Code{lifecycle.BadTarget}, permitted
	case r.Choose != "":
		return w.pick, nil, permitted
	case r.To != "":
		return r.To, nil, permitted
	}
	return from, nil, permitted
}

func judgeResult(d lifecycle.Definition, from lifecycle.State, trigger lifecycle.Trigger, w *world) (against []lifecycle.Code) {
	r := row(d, from, trigger)
	if r == nil {
		return []lifecycle.Code{lifecycle.NotFromHere}
	}
	for _, need := range r.Leaves {
		if !slices.ContainsFunc(need, func(f string) bool { return w.filled[f] }) {
			against = append(against, lifecycle.MissingField)
		}
	}
	for _, g := range r.Ensures {
		if !w.holds[g] {
			against = append(against, lifecycle.Code(g))
		}
	}
	return against
}

func codes(r *lifecycle.Refusal) (codes []lifecycle.Code) {
	if r != nil {
		for _, reason := range r.Reasons {
			codes = append(codes, reason.Code)
		}
	}
	return codes
}

// agree holds every answer of a machine against the table.
func agree(t require.TestingT, m *lifecycle.Machine[*world], d lifecycle.Definition, w *world, roles []lifecycle.Role) {
	for _, s := range d.States {
		var permitted []lifecycle.Trigger
		offers := m.Offers(s.Name, w, roles)
		for _, e := range d.Triggers {
			to, against, open := judge(d, s.Name, e.Name, w, roles)
			got, refusal := m.Fire(s.Name, e.Name, w, roles)
			require.Equal(t, to, got)
			require.Equal(t, against, codes(refusal))
			require.Equal(t, refusal, m.Explain(s.Name, e.Name, w, roles))
			require.Equal(t, judgeResult(d, s.Name, e.Name, w), codes(m.Settle(s.Name, e.Name, w)))
			if open {
				permitted = append(permitted, e.Name)
			}
			if row(d, s.Name, e.Name) != nil {
				require.Equal(t, e.Name, offers[0].Trigger)
				require.Equal(t, open, offers[0].Reasons == nil)
				if refusal == nil {
					require.Contains(t, offers[0].Targets, got)
				}
				offers = offers[1:]
			}
		}
		require.Empty(t, offers)
		require.Equal(t, permitted, m.Permitted(nil, s.Name, w, roles))
	}
}

func TestFiringAgreesWithTheTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDefinition(t)
		m, err := lifecycle.Compile(d, worldBinding())
		require.NoError(t, err)
		require.Equal(t, d, m.Definition())
		for range 4 {
			w, roles := drawWorld(t, d)
			agree(t, m, d, w, roles)
		}
	})
}

func TestOneMachineServesManyGoroutines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDefinition(t)
		m, err := lifecycle.Compile(d, worldBinding())
		require.NoError(t, err)
		var wg sync.WaitGroup
		failures := make(chan string, 4)
		for range cap(failures) {
			w, roles := drawWorld(t, d)
			wg.Go(func() {
				var c collected
				defer func() {
					if c != "" {
						failures <- string(c)
					}
				}()
				agree(&c, m, d, w, roles)
			})
		}
		wg.Wait()
		close(failures)
		for failure := range failures {
			t.Fatal(failure)
		}
	})
}

// collected keeps the first failure of another goroutine for the test's own.
type collected string

func (c *collected) Errorf(format string, args ...any) {
	if *c == "" {
		*c = collected(fmt.Sprintf(format, args...))
	}
}

func (c *collected) FailNow() { runtime.Goexit() }

// An overlay that adds a guard to some transitions makes these ask one more thing, and no others; the overlay that
// removes it again gives the first table, but for the version and for rows that were cut in two.
func TestOverlaysChangeWhatTheyName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDefinition(t)
		if len(d.Rows) == 0 {
			return
		}
		kept, err := json.Marshal(d)
		require.NoError(t, err)
		target := rapid.SampledFrom(d.Rows).Draw(t, "row")
		edge := lifecycle.Edge{Trigger: target.Trigger, From: target.From[:rapid.IntRange(1, len(target.From)).Draw(t, "some")]}
		named := func(from lifecycle.State, trigger lifecycle.Trigger) bool {
			return trigger == edge.Trigger && slices.Contains(edge.From, from)
		}
		extra := lifecycle.Conditions{Guards: []string{"extra"}}
		tight, err := d.With(viaJSON(t, lifecycle.Overlay{Lifecycle: "random", Version: 2, Adjust: []lifecycle.Adjustment{{Edge: edge, Add: extra}}}))
		require.NoError(t, err)
		loose, err := tight.With(viaJSON(t, lifecycle.Overlay{Lifecycle: "random", Version: 3, Adjust: []lifecycle.Adjustment{{Edge: edge, Remove: extra}}}))
		require.NoError(t, err)
		after, err := json.Marshal(d)
		require.NoError(t, err)
		require.Equal(t, string(kept), string(after), "the definition itself does not change")

		b := worldBinding()
		b.Guards["extra"] = func(*world) *lifecycle.Reason { return &lifecycle.Reason{Code: "extra"} }
		m, err := lifecycle.Compile(tight, b)
		require.NoError(t, err)
		w, roles := drawWorld(t, d)
		for _, s := range d.States {
			for _, e := range d.Triggers {
				_, before, _ := judge(d, s.Name, e.Name, w, roles)
				refusal := m.Explain(s.Name, e.Name, w, roles)
				if named(s.Name, e.Name) {
					require.Contains(t, codes(refusal), lifecycle.Code("extra"))
				} else {
					require.Equal(t, before, codes(refusal))
				}
			}
		}
		m, err = lifecycle.Compile(loose, worldBinding())
		require.NoError(t, err)
		agree(t, m, d, w, roles)
	})
}

func viaJSON(t *rapid.T, o lifecycle.Overlay) (back lifecycle.Overlay) {
	data, err := json.Marshal(o)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &back))
	return back
}
