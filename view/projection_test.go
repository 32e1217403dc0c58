package view_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/view"
)

// effort is computed from an incident.
type effort struct {
	itsm.Head
	Group string `json:"group" itsm:"index"`
}

// TestAViewOfAProjection: its rows are listed and counted by who may; no macro is for them.
func TestAViewOfAProjection(t *testing.T) {
	var incidents *incident.Incidents
	var views *view.Views
	mine := itsm.Where("group").In("$groups")
	list := view.View{Name: "effort", Title: "Effort", Kind: "effort", Filter: &mine, Columns: []string{"id", "group"}}
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Directory: people, Authorizer: view.Authorize(itsm.DefaultGrants(), people)}, func(k *itsm.Kernel) (err error) {
		if incidents, err = incident.New(k, incident.Config{}); err != nil {
			return err
		}
		efforts := itsm.NewProjection[effort](k, "effort")
		k.Hook(itsm.Hook{Name: "effort", Kinds: []string{incident.Kind}, Project: func(u *itsm.Unit, _, after itsm.Record) error {
			return efforts.Put(u, "all", &effort{Group: itsm.TicketOf(after).Group})
		}})
		views, err = view.New(k, view.Catalogue{Views: []view.View{list}})
		return err
	})
	r, err := incidents.Report(bob, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	_, err = incidents.Assign(boss, r.ID, incident.Assignment{Group: "network"})
	require.NoError(t, err)

	page, err := views.Run(ann, "effort", "")
	require.NoError(t, err)
	require.Equal(t, []string{"incident/" + r.ID + "/all"}, ids(page.Rows))
	require.Equal(t, "network", page.Rows[0].Values[1].Text())
	n, err := views.Count(eve, "effort")
	require.NoError(t, err)
	require.Zero(t, n, "of other groups")
	_, err = views.Run(bob, "effort", "")
	require.ErrorIs(t, err, itsm.ErrDenied)

	other := list
	other.Columns = []string{"assignee"}
	require.ErrorIs(t, other.Check(k), itsm.ErrInvalid)
	macro := view.Macro{Name: "m", Title: "M", Kind: "effort", Steps: []view.Step{{Trigger: itsm.TriggerEdit}}}
	require.ErrorIs(t, macro.Check(k), itsm.ErrInvalid)
}
