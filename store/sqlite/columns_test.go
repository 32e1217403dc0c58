package sqlite_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/sqlite"
)

// deskWith opens incidents over a file, with or without an indexed custom field.
func deskWith(t *testing.T, path string, indexed bool) (*incident.Incidents, *sqlite.Store) {
	t.Helper()
	store := opened(t, "sqlite", path, sqlite.Config{})
	var incidents *incident.Incidents
	itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) (err error) {
		incidents, err = incident.New(k, incident.Config{Custom: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "region", Title: "Region", Kind: field.KindText, Indexed: indexed},
		}}})
		return err
	})
	return incidents, store
}

func inRegion(t *testing.T, s *incident.Incidents, region string) int64 {
	t.Helper()
	f := itsm.Where("custom.region").Is(region)
	n, err := s.Count(itsmtest.As(t.Context(), itsmtest.Administrator("ann")), itsm.Query{Filter: &f})
	require.NoError(t, err)
	return n
}

func reportFrom(t *testing.T, s *incident.Incidents, region string) {
	t.Helper()
	_, err := s.Report(itsmtest.As(t.Context(), itsmtest.Administrator("ann")), incident.Report{
		Title: "Printer", Impact: itsm.Low, Urgency: itsm.Low, Custom: field.Fields{{Name: "region", Value: field.Text(region)}},
	})
	require.NoError(t, err)
}

// A field that a later program indexes finds what an earlier one wrote, also what that one writes again afterwards.
func TestAColumnOfALaterProgram(t *testing.T) {
	path := filepath.Join(folder(t), "desk.db")
	first, _ := deskWith(t, path, false)
	reportFrom(t, first, "north")
	later, _ := deskWith(t, path, true)
	require.EqualValues(t, 1, inRegion(t, later, "north"))

	// The first program goes on beside it: what it writes is found when the later one is opened again, or looks again.
	reportFrom(t, first, "north")
	require.EqualValues(t, 1, inRegion(t, later, "north"))
	_, store := deskWith(t, path, true)
	require.NoError(t, store.Reindex(t.Context()))
	require.EqualValues(t, 2, inRegion(t, later, "north"))

	again, _ := deskWith(t, path, false)
	reportFrom(t, again, "north")
	last, _ := deskWith(t, path, true)
	require.EqualValues(t, 3, inRegion(t, last, "north"), "it was opened by a program without the column since")
}

// A runner hears of a host's transaction when it is committed.
func TestListenersHearOfTransactions(t *testing.T) {
	store := opened(t, "sqlite", filepath.Join(folder(t), "desk.db"), sqlite.Config{})
	ctx, stop := context.WithCancel(t.Context())
	heard, err := store.Listen(ctx)
	require.NoError(t, err)
	require.NoError(t, store.Transact(t.Context(), func(context.Context, *sqlite.Tx) error {
		require.Empty(t, heard)
		return nil
	}))
	<-heard
	require.ErrorIs(t, store.Transact(t.Context(), func(context.Context, *sqlite.Tx) error { return sql.ErrNoRows }), sql.ErrNoRows)
	require.Empty(t, heard, "nothing was committed")
	stop()
	_, err = store.Listen(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
