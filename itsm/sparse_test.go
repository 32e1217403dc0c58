package itsm_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// gadget has an axis that most gadgets never leave the beginning of.
type gadget struct {
	itsm.Head
	Name  string          `json:"name"`
	Alarm lifecycle.State `json:"alarm,omitempty" itsm:"index"`
}

type gadgets struct {
	*itsm.Practice[gadget]
	make itsm.Creation[gadget, string]
}

func alarmTable() lifecycle.Definition {
	quiet, loud := []lifecycle.State{"quiet"}, []lifecycle.State{"loud"}
	return lifecycle.Definition{
		Name: "alarm", Version: 1, Initial: "quiet",
		States:   []lifecycle.StateRow{{Name: "quiet", Phase: lifecycle.Closed}, {Name: "loud", Phase: lifecycle.Active}},
		Triggers: []lifecycle.TriggerRow{{Name: "ring", Past: "rung"}, {Name: "hush", Past: "hushed"}, {Name: "whisper", Past: "whispered"}},
		Rows: []lifecycle.Transition{
			{From: quiet, Trigger: "ring", To: "loud"}, {From: loud, Trigger: "hush", To: "quiet"}, {From: quiet, Trigger: "whisper"},
		},
	}
}

func newGadgets(t *testing.T, hooks ...itsm.Hook) (*itsm.Kernel, *gadgets) {
	g := &gadgets{}
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) error {
		p, err := itsm.NewPractice[gadget](k, itsm.Spec{
			Kind: "gadget", Series: "GAD",
			Lifecycle: lifecycle.Definition{
				Name: "gadget", Version: 1, Initial: "made",
				States:   []lifecycle.StateRow{{Name: "made", Phase: lifecycle.Closed}},
				Triggers: []lifecycle.TriggerRow{{Name: "write", Past: "written"}},
				Rows:     []lifecycle.Transition{{From: []lifecycle.State{"made"}, Trigger: "write"}},
			},
			Axes: []itsm.Axis{{Field: "alarm", Lifecycle: alarmTable(), Sparse: true}},
		})
		if err != nil {
			return err
		}
		g.Practice = p
		g.make = itsm.Create(p, "make", "made", func(_ *itsm.Unit, r *gadget, name string) error { r.Name = name; return nil })
		for _, trigger := range []lifecycle.Trigger{"ring", "hush", "whisper"} {
			itsm.Handle(p, trigger, func(*itsm.Unit, *gadget, nothing) error { return nil })
		}
		itsm.Handle(p, "write", func(u *itsm.Unit, _ *gadget, text string) error { return u.AddRow("diary", "", nil, "ann", text) })
		for _, h := range hooks {
			k.Hook(h)
		}
		return nil
	})
	return k, g
}

// TestASparseAxisCostsNothingAtItsBeginning, in the record or in events, and is an axis like any other.
func TestASparseAxisCostsNothingAtItsBeginning(t *testing.T) {
	k, g := newGadgets(t)
	r, err := g.make.Do(ann, "bell")
	require.NoError(t, err)
	require.Empty(t, r.Alarm)
	history, err := g.History(ann, r.ID, 0, 0)
	require.NoError(t, err)
	for _, c := range history[0].Changes {
		require.NotEqual(t, "alarm", c.Field)
	}
	_, err = k.Do(ann, r.Ref(), "hush", nil)
	refusal := itsmtest.RequireRefused(t, err, lifecycle.NotFromHere)
	require.Equal(t, lifecycle.State("quiet"), refusal.State)
	permitted, err := k.Permitted(ann, r.Ref())
	require.NoError(t, err)
	require.Equal(t, []lifecycle.Trigger{"write", "ring", "whisper"}, permitted)
	quiet := itsm.Where("alarm").Empty()
	for _, step := range []struct {
		trigger lifecycle.Trigger
		alarm   lifecycle.State
		quiet   int64
	}{{"whisper", "", 1}, {"ring", "loud", 0}, {"hush", "", 1}, {"ring", "loud", 0}} {
		_, err = k.Do(ann, r.Ref(), step.trigger, nil)
		require.NoError(t, err, step.trigger)
		r, err = g.Get(ann, r.ID)
		require.NoError(t, err)
		require.Equal(t, step.alarm, r.Alarm)
		n, err := g.Count(ann, itsm.Query{Filter: &quiet})
		require.NoError(t, err)
		require.Equal(t, step.quiet, n)
	}
	itsmtest.RequireVerified(t, boss, k, r.Ref())
}

// TestAHookRunsOnlyForWhatItConcerns, in both of its moments.
func TestAHookRunsOnlyForWhatItConcerns(t *testing.T) {
	var acts, commits, made int
	_, g := newGadgets(t, itsm.Hook{
		Name: "loud ones",
		Concerns: func(before, after itsm.Record) bool {
			if before == nil {
				made++
			}
			return after.(*gadget).Name == "siren"
		},
		AfterAct:     func(*itsm.Unit, itsm.Change) error { acts++; return nil },
		BeforeCommit: func(*itsm.Unit, itsm.Change) error { commits++; return nil },
	})
	for _, name := range []string{"bell", "siren", "horn"} {
		_, err := g.make.Do(ann, name)
		require.NoError(t, err)
	}
	require.Equal(t, []int{1, 1}, []int{acts, commits})
	require.Equal(t, 6, made, "three records, two moments, none of them there before")
}

// TestRowsOfOnesOwn are read as the actor may see them, and are copies.
func TestRowsOfOnesOwn(t *testing.T) {
	k, g := newGadgets(t)
	r, err := g.make.Do(ann, "bell")
	require.NoError(t, err)
	for _, text := range []string{"one", "two", "three"} {
		_, err = k.Do(ann, r.Ref(), "write", text)
		require.NoError(t, err)
	}
	rows, err := g.Rows(ann, r.ID, "diary", 0, 2)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	text, erased := rows[1].Text()
	require.Equal(t, "two", text)
	require.False(t, erased)
	clear(rows[1].Sealed.Value)
	rows, err = g.Rows(ann, r.ID, "diary", rows[0].ID, 0)
	require.NoError(t, err)
	text, _ = rows[0].Text()
	require.Equal(t, "two", text, "nobody's copy is the store's")
	_, err = g.Rows(context.Background(), r.ID, "diary", 0, 0)
	require.ErrorIs(t, err, itsm.ErrNoActor)
	none, err := g.Rows(itsmtest.As(context.Background(), itsmtest.Requester("cleo")), r.ID, "diary", 0, 0)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	require.Empty(t, none)
}
