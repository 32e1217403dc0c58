package itsm_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/memory"
)

// countedBy runs a test over a store that counts by a column and over one that does not.
func countedBy(t *testing.T, run func(t *testing.T, w *workshop)) {
	for name, store := range map[string]itsm.Store{"by the store": memory.New(), "page by page": newCounting(memory.New())} {
		t.Run(name, func(t *testing.T) {
			_, w, _ := newKernel(t, itsm.Config{Store: store})
			snap, err := store.Snapshot(t.Context())
			require.NoError(t, err)
			_, counts := snap.(itsm.ColumnCounter)
			require.Equal(t, name == "by the store", counts)
			snap.Close()
			run(t, w)
		})
	}
}

func buckets(t *testing.T, w *workshop, ctx context.Context, column string, filter ...itsm.Filter) (said []string) {
	t.Helper()
	f := itsm.All(filter...)
	found, err := w.CountBy(ctx, column, itsm.Query{Filter: &f, Limit: 1, Sort: []itsm.Sort{{Column: "id"}}})
	require.NoError(t, err)
	for _, b := range found {
		said = append(said, fmt.Sprintf("%s: %d", b.Value, b.Count))
	}
	return said
}

func TestCountByTellsHowManyHaveEachValue(t *testing.T) {
	countedBy(t, func(t *testing.T, w *workshop) {
		for i, color := range []string{"red", "green", "red", "", "red"} {
			r := reported(t, w, bob)
			_, err := w.Edit(ann, r.ID, itsm.Patch{
				"custom.color": field.Text(color), "points": field.Int(int64(i % 3)), "custom.tags": field.List([]string{"b", "a", "b"}[:i%4]...),
			})
			require.NoError(t, err)
		}
		eves := reported(t, w, eve)
		reported(t, w, mallory) // another tenant's

		require.Equal(t, []string{": 2", "green: 1", "red: 3"}, buckets(t, w, ann, "custom.color"))
		require.Equal(t, []string{": 1", "green: 1", "red: 3"}, buckets(t, w, ann, "custom.color", itsm.Where("caller").Is("bob")))
		require.Equal(t, []string{"bob: 5", "eve: 1"}, buckets(t, w, ann, "caller"))
		require.Equal(t, []string{"new: 6"}, buckets(t, w, ann, "state"))
		require.Equal(t, []string{": 3", "1: 2", "2: 1"}, buckets(t, w, ann, "points"), "a number's zero is nothing filled in where the record leaves it out")
		require.Equal(t, []string{": 3", "a: 2", "b: 3"}, buckets(t, w, ann, "custom.tags"), "each member of a list once")
		require.Equal(t, []string{": 6"}, buckets(t, w, ann, "parent"))
		require.Empty(t, buckets(t, w, ann, "state", itsm.Where("state").Is("closed")))

		_, err := w.Edit(ann, eves.ID, itsm.Patch{"custom.color": field.Text("green")})
		require.NoError(t, err)
		require.Equal(t, []string{": 1", "green: 2", "red: 3"}, buckets(t, w, ann, "custom.color"), "what was written since")
	})
}

func TestCountByShowsWhatTheActorMaySee(t *testing.T) {
	countedBy(t, func(t *testing.T, w *workshop) {
		reported(t, w, bob)
		reported(t, w, eve)
		require.Equal(t, []string{"bob: 1"}, buckets(t, w, bob, "caller"))
		require.Equal(t, []string{"bob: 1", "eve: 1"}, buckets(t, w, ann, "caller"))
		_, err := w.CountBy(context.Background(), "state", itsm.Query{})
		require.ErrorIs(t, err, itsm.ErrNoActor)
	})
	gs := itsm.DefaultGrants()
	gs[0].Hides = append(gs[0].Hides, "points")
	_, w, _ := newKernel(t, itsm.Config{Authorizer: gs})
	reported(t, w, bob)
	_, err := w.CountBy(bob, "points", itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied)
	require.ErrorContains(t, err, "points")
	hidden := itsm.Where("points").Equals(field.Int(1))
	_, err = w.CountBy(bob, "state", itsm.Query{Filter: &hidden})
	require.ErrorIs(t, err, itsm.ErrDenied)
}

func TestCountByRefusesWhatItCannotCount(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	reported(t, w, bob)
	_, err := w.CountBy(ann, "colour", itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	require.ErrorContains(t, err, `repair has no column "colour"`)
	wrong := itsm.Where("colour").Is("red")
	_, err = w.CountBy(ann, "state", itsm.Query{Filter: &wrong})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestCountByTellsTenThousandValuesApart(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 10,001 records")
	}
	countedBy(t, func(t *testing.T, w *workshop) {
		for range 10_000 {
			reported(t, w, bob)
		}
		found, err := w.CountBy(ann, "id", itsm.Query{})
		require.NoError(t, err)
		require.Len(t, found, 10_000)
		require.True(t, slices.IsSortedFunc(found, func(a, b itsm.Bucket) int { return field.Compare(a.Value, b.Value) }))
		last := reported(t, w, bob)
		_, err = w.CountBy(ann, "id", itsm.Query{})
		require.ErrorIs(t, err, itsm.ErrInvalid)
		require.ErrorContains(t, err, "more than 10000 values")
		one := itsm.Where("id").Is(last.ID)
		require.Equal(t, []string{last.ID + ": 1"}, buckets(t, w, ann, "id", one))
	})
}
