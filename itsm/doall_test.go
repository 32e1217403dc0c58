package itsm_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// finishing starts a repair and finishes it, with a note in between.
func finishing() []itsm.Step {
	return []itsm.Step{
		{Trigger: "start", Options: []itsm.Option{itsm.To("pumps", "")}},
		{Trigger: itsm.TriggerNote, Input: itsm.WorkNote{Body: "New seal."}},
		{Trigger: "finish", Input: itsm.Patch{"notes": field.Text("Sealed.")}},
	}
}

func TestStepsAreOneEventAllOrNothing(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	require.NoError(t, k.ExplainAll(ann, r.Ref(), finishing()))
	rec, err := k.DoAll(ann, r.Ref(), finishing())
	require.NoError(t, err)
	got := rec.(*repair)
	require.Equal(t, lifecycle.State("done"), got.State)
	require.Equal(t, "Sealed.", got.Notes)
	require.EqualValues(t, 2, got.Version)
	history, err := k.History(ann, r.Ref(), 0, 0)
	require.NoError(t, err)
	require.Equal(t, "repair.started", history[1].Event)
	require.Equal(t, []string{"repair.noted", "repair.finished"}, history[1].Also)
	require.NoError(t, k.Verify(root, r.Ref()))

	other := reported(t, w, bob)
	steps := append(finishing(), itsm.Step{Trigger: "start"})
	explained := k.ExplainAll(ann, other.Ref(), steps)
	_, err = k.DoAll(ann, other.Ref(), steps)
	require.ErrorContains(t, err, "step 4, start")
	require.Equal(t, explained.Error(), err.Error())
	refusal, ok := lifecycle.AsRefusal(err)
	require.True(t, ok && refusal.State == "done", "the step was judged on the record as those before it left it")
	unchanged, err := w.Get(ann, other.ID)
	require.NoError(t, err)
	require.Equal(t, other, unchanged)
}

func TestEachStepIsAuthorised(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	_, err := k.DoAll(bob, r.Ref(), []itsm.Step{
		{Trigger: itsm.TriggerComment, Input: itsm.Comment{Body: "Still leaks."}}, {Trigger: itsm.TriggerNote, Input: itsm.WorkNote{Body: "Mine."}},
	})
	require.ErrorIs(t, err, itsm.ErrDenied)
	require.ErrorContains(t, err, "step 2")
	_, err = k.DoAll(eve, r.Ref(), []itsm.Step{{Trigger: itsm.TriggerComment, Input: itsm.Comment{Body: "What is it?"}}})
	require.ErrorIs(t, err, itsm.ErrNotFound, "who may not see it learns nothing")
	_, err = k.DoAll(ann, r.Ref(), []itsm.Step{{Trigger: "drop"}})
	refusal, ok := lifecycle.AsRefusal(err)
	require.True(t, ok && refusal.Has(lifecycle.MissingRole))
	comments, err := w.Comments(ann, r.ID, 0, 0)
	require.NoError(t, err)
	require.Empty(t, comments)
}

func TestOptionsOfTheWholeAndOfSteps(t *testing.T) {
	store := newCounting(memory.New())
	k, w, clock := newKernel(t, itsm.Config{Store: store})
	r := reported(t, w, bob)
	_, err := k.DoAll(ann, r.Ref(), finishing(), itsm.IfVersion(7))
	require.ErrorIs(t, err, itsm.ErrConflict)
	once, err := k.DoAll(ann, r.Ref(), finishing(), itsm.IfVersion(1), itsm.Once("macro"))
	require.NoError(t, err)
	store.taken()
	again, err := k.DoAll(ann, r.Ref(), finishing(), itsm.IfVersion(1), itsm.Once("macro"))
	require.NoError(t, err)
	require.Equal(t, once, again)
	require.Zero(t, store.taken()["apply"])
	_, err = k.DoAll(ann, r.Ref(), finishing()[:2], itsm.Once("macro"))
	require.ErrorIs(t, err, itsm.ErrKeyReused)

	for name, option := range map[string]itsm.Option{
		"IfVersion": itsm.IfVersion(1), "Once": itsm.Once("k"), "At": itsm.At(clock.Now()), "WithNumber": itsm.WithNumber("R-1"), "Following": itsm.Following(r.Ref()),
	} {
		_, err := k.DoAll(root, r.Ref(), []itsm.Step{{Trigger: itsm.TriggerNote, Input: itsm.WorkNote{Body: "n"}, Options: []itsm.Option{option}}})
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	for name, give := range map[string]func() error{
		"To of the whole": func() error { _, err := k.DoAll(ann, r.Ref(), finishing(), itsm.To("g", "")); return err },
		"no steps":        func() error { _, err := k.DoAll(ann, r.Ref(), nil); return err },
		"too many":        func() error { _, err := k.DoAll(ann, r.Ref(), make([]itsm.Step, 101)); return err },
		"a creation":      func() error { _, err := k.DoAll(ann, r.Ref(), []itsm.Step{{Trigger: "report"}}); return err },
		"unknown trigger": func() error { _, err := k.DoAll(ann, r.Ref(), []itsm.Step{{Trigger: "fly"}}); return err },
		"an unknown input": func() error {
			return k.ExplainAll(ann, r.Ref(), []itsm.Step{{Trigger: "hold", Input: itsm.Patch{"colour": field.Int(1)}}})
		},
	} {
		require.ErrorIs(t, give(), itsm.ErrInvalid, name)
	}
	_, err = k.DoAll(ann, itsm.Ref{Kind: "repair"}, finishing())
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

func TestStepsRunAgainWhereOthersWriteFirst(t *testing.T) {
	inner := memory.New()
	store := newCounting(inner)
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	rival, _, _ := newKernel(t, itsm.Config{Store: inner})
	r := reported(t, w, bob)
	store.before = func(*itsm.WriteSet) error {
		store.before = nil
		_, err := rival.Do(ann, r.Ref(), itsm.TriggerNote, itsm.WorkNote{Body: "First."})
		return err
	}
	rec, err := k.DoAll(ann, r.Ref(), finishing())
	require.NoError(t, err)
	require.EqualValues(t, 3, rec.Header().Version)
}

func TestColumnsOfAKind(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	names := map[string]field.Kind{}
	for _, c := range k.Columns("repair") {
		names[c.Name] = c.Kind
	}
	require.Equal(t, field.KindInstant, names["created_at"])
	require.Equal(t, field.KindText, names["title"])
	require.Nil(t, k.Columns("nothing"))
	require.Equal(t, "Pump leaks", k.Value(&r, "title").Text())
	require.True(t, k.Value(&r, "colour").IsZero())

	f := itsm.Where("colour").Is("red")
	require.ErrorIs(t, k.CheckQuery("repair", itsm.Query{Filter: &f}), itsm.ErrInvalid)
	require.ErrorIs(t, k.CheckQuery("nothing", itsm.Query{}), itsm.ErrInvalid)
	require.NoError(t, k.CheckQuery("repair", itsm.Query{Sort: []itsm.Sort{{Column: "title"}}}))
}

// A macro: several commands that are one change, or none.
func ExampleKernel_DoAll() {
	k, loans, err := lending(itsm.Config{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	loan, _ := loans.Request.Do(anna, Request{Title: "A laptop for the trip"})
	lend := itsm.Step{Trigger: "hand_over", Input: itsm.Patch{"device": field.Text("laptop 7")}}
	back := itsm.Step{Trigger: "take_back"}

	_, err = k.DoAll(anna, loan.Ref(), []itsm.Step{back, lend})
	fmt.Println(err)
	rec, err := k.DoAll(anna, loan.Ref(), []itsm.Step{lend, back})
	fmt.Println(rec.Header().State, rec.Header().Version, err)
	// Output:
	// step 1, take_back: loan: cannot take_back in state requested: take_back is not possible from requested; permitted here: hand_over
	// returned 2 <nil>
}
