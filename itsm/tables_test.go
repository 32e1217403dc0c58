package itsm_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

func fresh(t testing.TB) *itsm.Kernel {
	t.Helper()
	k, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
	require.NoError(t, err)
	return k
}

func TestOpenTellsEveryFaultOfARegistration(t *testing.T) {
	k := fresh(t)
	table := lampTable()
	table.States = append(table.States, lifecycle.StateRow{Name: "lost", Title: "Lost", Phase: lifecycle.Active})
	p, err := itsm.NewPractice[lamp](k, itsm.Spec{Kind: "lamp", Series: "L", Lifecycle: table})
	require.NoError(t, err)
	does := func(*itsm.Unit, *lamp, turn) error { return nil }
	itsm.Handle(p, "turn", does)
	itsm.Handle(p, "turn", does)
	itsm.Handle(p, "polish", does)
	itsm.Create(p, "break", "broken", does)
	p.Guard("shiny", func(*itsm.Unit, *lamp) *lifecycle.Reason { return nil })
	p.Guard("shiny", func(*itsm.Unit, *lamp) *lifecycle.Reason { return nil })
	k.Hook(itsm.Hook{Name: "elsewhere", Kinds: []string{"no_such"}})
	k.Subscribe(itsm.Subscriber{Name: "mute"})
	k.Subscribe(itsm.Subscriber{Name: "twice", Handle: func(context.Context, *itsm.Event) error { return nil }})
	k.Subscribe(itsm.Subscriber{Name: "twice", Handle: func(context.Context, *itsm.Event) error { return nil }})
	err = k.Open(context.Background())
	require.ErrorIs(t, err, itsm.ErrInvalid)
	require.ErrorIs(t, err, lifecycle.ErrDefinition)
	for _, fault := range []string{
		`"turn" is registered twice`, `"polish" has no row`, `trigger "touch" that no handler`, `"break" makes a record`, `guard "shiny" is registered twice`,
		"elsewhere", "mute", "twice", "lost",
	} {
		require.ErrorContains(t, err, fault)
	}
	_, err = k.List(ann, "lamp", itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a kernel that did not open takes no commands")
}

func TestAFaultyTableIsRefusedBeforeTheFirstCommand(t *testing.T) {
	for name, spoil := range map[string]func(d *lifecycle.Definition){
		"an unreachable state": func(d *lifecycle.Definition) { d.Rows = d.Rows[:2] },
		"a dead end": func(d *lifecycle.Definition) {
			d.Rows[2].From = []lifecycle.State{"off"}
			d.Rows[0].From = []lifecycle.State{"off"}
		},
		"an unknown state":       func(d *lifecycle.Definition) { d.Rows[0].From = append(d.Rows[0].From, "dim") },
		"an unbound guard":       func(d *lifecycle.Definition) { d.Rows[1].Guards = []string{"no_such"} },
		"an unbound choice":      func(d *lifecycle.Definition) { d.Rows[0].Choose = "no_such" },
		"an unknown input":       func(d *lifecycle.Definition) { d.Rows[1].Brings = []lifecycle.Need{{"no_such"}} },
		"an unknown field":       func(d *lifecycle.Definition) { d.Rows[1].Leaves = []lifecycle.Need{{"no_such"}} },
		"a custom field of none": func(d *lifecycle.Definition) { d.Rows[1].Leaves = []lifecycle.Need{{"custom.color"}} },
		"two rows for one":       func(d *lifecycle.Definition) { d.Rows = append(d.Rows, d.Rows[1]) },
		"no phase":               func(d *lifecycle.Definition) { d.States[0].Phase = 0 },
		"no initial state":       func(d *lifecycle.Definition) { d.Initial = "" },
		"a trigger without past": func(d *lifecycle.Definition) { d.Triggers[0].Past = "" },
	} {
		t.Run(name, func(t *testing.T) {
			table := lampTable()
			spoil(&table)
			k := fresh(t)
			p, err := itsm.NewPractice[lamp](k, itsm.Spec{Kind: "lamp", Series: "L", Lifecycle: table})
			require.NoError(t, err)
			does := func(*itsm.Unit, *lamp, turn) error { return nil }
			for _, row := range table.Triggers {
				itsm.Handle(p, row.Name, does)
			}
			p.Guard("whole", func(*itsm.Unit, *lamp) *lifecycle.Reason { return nil })
			p.Choice("other", func(*itsm.Unit, *lamp) lifecycle.State { return "on" })
			require.ErrorIs(t, k.Open(context.Background()), lifecycle.ErrDefinition)
		})
	}
}

func TestAFaultyPracticeIsRefusedAtOnce(t *testing.T) {
	type bare struct{ Name string }
	type odd struct {
		itsm.Head
		Where map[string]int `json:"where"`
	}
	type club struct {
		itsm.Head
		Members []string `json:"members" itsm:"personal"`
	}
	spec := itsm.Spec{Kind: "lamp", Series: "L", Lifecycle: lampTable()}
	with := func(change func(*itsm.Spec)) itsm.Spec {
		s := spec
		change(&s)
		return s
	}
	k := fresh(t)
	_, err := itsm.NewPractice[bare](k, spec)
	require.ErrorContains(t, err, "must embed itsm.Head or itsm.Ticket")
	_, err = itsm.NewPractice[odd](k, spec)
	require.ErrorContains(t, err, "Where")
	_, err = itsm.NewPractice[club](k, spec)
	require.ErrorContains(t, err, "members", "people in a list could not be erased one by one")
	for name, s := range map[string]itsm.Spec{
		"no kind":          with(func(s *itsm.Spec) { s.Kind = "" }),
		"no series":        with(func(s *itsm.Spec) { s.Series = "" }),
		"a kind of two":    with(func(s *itsm.Spec) { s.Kind = "desk/lamp" }),
		"a broken schema":  with(func(s *itsm.Spec) { s.Custom.Fields = []field.Declaration{{Name: "No"}} }),
		"an axis of none":  with(func(s *itsm.Spec) { s.Axes = []itsm.Axis{{Field: "no_such"}} }),
		"an axis of text":  with(func(s *itsm.Spec) { s.Axes = []itsm.Axis{{Field: "name"}} }),
		"an editable none": with(func(s *itsm.Spec) { s.Editable = []string{"no_such"} }),
		"custom of a head": with(func(s *itsm.Spec) { s.Custom = customFields() }),
	} {
		_, err := itsm.NewPractice[lamp](k, s)
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	_, err = itsm.NewPractice[lamp](k, spec)
	require.NoError(t, err, "what was refused left nothing behind")
	_, err = itsm.NewPractice[lamp](k, spec)
	require.ErrorIs(t, err, itsm.ErrInvalid, "registered twice")
	_, err = itsm.New(itsm.Config{})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestARegistrationAfterOpenHasNoEffect(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{})
	require.ErrorIs(t, k.Open(context.Background()), itsm.ErrInvalid)
	_, err := itsm.NewPractice[repair](k, itsm.Spec{Kind: "repair", Series: "R", Lifecycle: repairTable()})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	called := false
	k.Hook(itsm.Hook{Name: "late", AfterAct: func(*itsm.Unit, itsm.Change) error { called = true; return nil }})
	k.Subscribe(itsm.Subscriber{Name: "late", Handle: func(context.Context, *itsm.Event) error { called = true; return nil }})
	late := itsm.Handle(l.Practice, "polish", func(*itsm.Unit, *lamp, turn) error { called = true; return nil })
	r := made(t, l, "desk")
	_, err = late.Do(ann, r.ID, turn{})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = k.Do(ann, r.Ref(), "polish", nil)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, _, err = k.Work(ann)
	require.NoError(t, err)
	require.False(t, called)
}

func TestTheTablesOfAKindAreDrawn(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	tables := k.Lifecycles("repair")
	require.Len(t, tables, 2)
	require.Equal(t, w.Lifecycle(), tables[0])
	require.Equal(t, "repair_check", tables[1].Name)
	require.Contains(t, tables[0].Mermaid(), "doing --> parked : Park", "with what the vendor laid over it")
	require.Contains(t, tables[1].DOT(), "checking")
	require.Nil(t, k.Lifecycles("no_such"))
	require.Equal(t, []string{"repair"}, k.Kinds())
}

func TestTheOtherAxisMovesByItself(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := started(t, w)
	require.Equal(t, lifecycle.State("unchecked"), r.Check)
	for _, trigger := range []lifecycle.Trigger{"check", "fail", "check", "pass"} {
		_, err := k.Do(boss, r.Ref(), trigger, nil)
		require.NoError(t, err, trigger)
	}
	r, err := w.Get(ann, r.ID)
	require.NoError(t, err)
	require.Equal(t, []lifecycle.State{"doing", "passed"}, []lifecycle.State{r.State, r.Check})
	page, err := w.List(ann, itsm.Query{Filter: filter(itsm.Where("check").Is("passed"))})
	require.NoError(t, err)
	require.Len(t, page.Records, 1)
}
