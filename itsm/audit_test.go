package itsm_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// eventful is a repair with everything that a history can hold: people, a program, a timer, hooks, rows, a removed row.
func eventful(t testing.TB, k *itsm.Kernel, w *workshop, clock *itsmtest.Clock) repair {
	t.Helper()
	custom := field.FromMap(map[string]field.Value{
		"color": field.Text("red"), "size": field.Int(4), "phone": field.Text("555-1234"), "tags": field.List("x", "y"),
		"birthday": field.Instant(time.Unix(5e8, 0)),
	})
	r, err := w.report.Do(bob, intake{Title: "Pump leaks", Visitor: "vic", Custom: custom})
	require.NoError(t, err)
	other, err := w.report.Do(eve, intake{Title: "Tap drips"})
	require.NoError(t, err)
	must := func(_ repair, err error) {
		t.Helper()
		require.NoError(t, err)
	}
	must(w.start.Do(ann, r.ID, nothing{}, itsm.To("pumps", "")))
	must(w.Comment(bob, r.ID, itsm.Comment{Body: "It drips at night.", MessageID: "<m1@mail>"}))
	must(w.Comment(mail, r.ID, itsm.Comment{Body: "And by day.", Channel: "mail"}))
	must(w.Note(ann, r.ID, "Ordered a valve."))
	must(w.LogTime(ann, r.ID, itsm.TimeEntry{Spent: time.Hour, Activity: "travel", Note: "There and back."}))
	must(w.Link(ann, r.ID, itsm.ParentOf, other.Ref()))
	must(w.Link(ann, r.ID, itsm.RelatedTo, other.Ref()))
	links, err := w.Links(ann, r.ID)
	require.NoError(t, err)
	must(w.Unlink(ann, r.ID, links[1].ID))
	must(w.Watch(bob, r.ID, ""))
	must(w.Edit(ann, r.ID, itsm.Patch{"points": field.Int(3), "cost": field.Number(1.5), "promised": field.Instant(clock.Now())}))
	must(w.hold.Do(ann, r.ID, pause{Reason: "vendor"}))
	require.NoError(t, clock.Advance(context.Background(), 72*time.Hour)) // the timer resumes it
	must(w.finish.Do(ann, r.ID, finish{Notes: "New valve."}))
	r, err = w.Get(root, r.ID)
	require.NoError(t, err)
	require.Equal(t, "done", string(r.State))
	require.NoError(t, k.Verify(root, r.Ref()))
	return r
}

func TestVerifyFindsEveryAlteration(t *testing.T) {
	for _, erased := range []string{"", "bob"} {
		t.Run("erased="+erased, func(t *testing.T) {
			store := memory.New()
			k, w, clock := newKernel(t, itsm.Config{Store: store})
			r := eventful(t, k, w, clock)
			if erased != "" {
				_, err := k.Erase(root, erased, "asked for it")
				require.NoError(t, err)
			}
			whole, err := genuine(store, r.Key())
			require.NoError(t, err)
			tampered := *whole
			reader, _, _ := newKernel(t, itsm.Config{Store: &tampered})
			require.NoError(t, reader.Verify(root, r.Ref()), "what nobody altered verifies")
			n := 0
			found := func(where string) {
				t.Helper()
				n++
				require.ErrorIs(t, reader.Verify(root, r.Ref()), itsm.ErrBroken, where)
				tampered = *whole
			}
			for i, e := range whole.events {
				mutants(e, func(where string, mutant *itsm.Event) {
					tampered.events = slices.Clone(whole.events)
					tampered.events[i] = mutant
					found("event" + where)
				})
				tampered.events = slices.Delete(slices.Clone(whole.events), i, i+1)
				found("a dropped event")
				tampered.events = slices.Insert(slices.Clone(whole.events), i, e)
				found("a doubled event")
				if i > 0 {
					tampered.events = slices.Clone(whole.events)
					tampered.events[i], tampered.events[i-1] = tampered.events[i-1], tampered.events[i]
					found("swapped events")
				}
			}
			for i, row := range whole.rows {
				mutants(row, func(where string, mutant itsm.Row) {
					tampered.rows = slices.Clone(whole.rows)
					tampered.rows[i] = mutant
					found("row" + where)
				})
				tampered.rows = slices.Delete(slices.Clone(whole.rows), i, i+1)
				found("a dropped row")
				tampered.rows = slices.Insert(slices.Clone(whole.rows), i, row)
				found("a doubled row")
			}
			mutants(*whole.record.(*repair), func(where string, mutant repair) {
				tampered.record = &mutant
				found("record" + where)
			})
			t.Logf("%d alterations", n)
		})
	}
}

func TestVerifyFindsARowThatCameBack(t *testing.T) {
	store := memory.New()
	_, w, _ := newKernel(t, itsm.Config{Store: store})
	r, other := reported(t, w, bob), reported(t, w, bob)
	_, err := w.Link(ann, r.ID, itsm.RelatedTo, other.Ref())
	require.NoError(t, err)
	before, err := genuine(store, r.Key())
	require.NoError(t, err)
	_, err = w.Unlink(ann, r.ID, before.rows[0].ID)
	require.NoError(t, err)
	after, err := genuine(store, r.Key())
	require.NoError(t, err)
	require.Empty(t, after.rows)
	after.rows = before.rows
	reader, _, _ := newKernel(t, itsm.Config{Store: after})
	require.ErrorIs(t, reader.Verify(root, r.Ref()), itsm.ErrBroken)
}

func TestHeadProvesWhatWasBefore(t *testing.T) {
	store := memory.New()
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	r := started(t, w)
	version, digest, err := k.Head(root, r.Ref())
	require.NoError(t, err)
	_, err = w.finish.Do(ann, r.ID, finish{Notes: "New valve."})
	require.NoError(t, err)
	_, err = k.Erase(root, "bob", "asked for it")
	require.NoError(t, err)
	then, err := w.At(root, r.ID, version)
	require.NoError(t, err)
	require.Equal(t, digest, then.Digest, "neither later events nor an erasure change what was anchored")
}

func TestVerifyNeedsTheVerb(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := started(t, w)
	require.ErrorIs(t, k.Verify(ann, r.Ref()), itsm.ErrDenied)
	require.ErrorIs(t, k.Verify(mallory, r.Ref()), itsm.ErrNotFound)
	require.ErrorIs(t, k.Verify(context.Background(), r.Ref()), itsm.ErrNoActor)
}
