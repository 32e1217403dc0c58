package view_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/view"
)

// TestAViewShowsWhatGetShows: whoever runs whatever view, each record that it shows is one that Get shows the actor, with
// the same values; and it counts as many as it shows, and as there are that match.
func TestAViewShowsWhatGetShows(t *testing.T) {
	names := []string{"ann", "ben", "bob", "joe", "eve"}
	actors := func(t *rapid.T) itsm.Actor {
		name := rapid.SampledFrom(names).Draw(t, "name")
		return rapid.SampledFrom([]itsm.Actor{
			itsmtest.Requester(name), itsmtest.Agent(name), itsmtest.Manager(name), itsmtest.Administrator(name),
			itsmtest.Integration("gate", itsmtest.ActingFor(name)), itsmtest.Agent(name, itsmtest.InTenant("umbra")), itsmtest.Requester(name, itsmtest.WithRoles("nobody")),
		}).Draw(t, "actor")
	}
	var condition func(t *rapid.T, depth int) itsm.Filter
	condition = func(t *rapid.T, depth int) itsm.Filter {
		kind := rapid.IntRange(0, 8).Draw(t, "condition")
		if depth > 2 {
			kind %= 6
		}
		part := func() itsm.Filter { return condition(t, depth+1) }
		switch kind {
		case 0:
			return itsm.Where("caller").Is(rapid.SampledFrom(append(names, "$me")).Draw(t, "caller"))
		case 1:
			return itsm.Where("group").In("$groups")
		case 2:
			return itsm.Where("created_at").After(field.Text("$now-2h"))
		case 3:
			return itsm.Where("assignee").Empty()
		case 4:
			return itsm.Where("state").Is("new")
		case 5:
			return itsm.Where("priority_reason").Empty()
		case 6:
			return itsm.Not(part())
		case 7:
			return itsm.Any(part(), part())
		}
		return itsm.All(part(), part())
	}
	rapid.Check(t, func(t *rapid.T) {
		o := opened(t, nil)
		var all []incident.Incident
		for range rapid.IntRange(1, 8).Draw(t, "records") {
			inc, err := o.incidents.Report(root, incident.Report{
				Title: "It is broken", Caller: rapid.SampledFrom(names).Draw(t, "caller"), Group: rapid.SampledFrom([]string{"", "network", "mail"}).Draw(t, "group"),
			})
			require.NoError(t, err)
			if rapid.Bool().Draw(t, "urgent") {
				inc, err = o.incidents.Edit(root, inc.ID, itsm.Patch{"priority": field.Int(1), "priority_reason": field.Text("The board meets.")})
				require.NoError(t, err)
			}
			all = append(all, inc)
			require.NoError(t, o.clock.Advance(root, rapid.SampledFrom([]time.Duration{0, time.Hour}).Draw(t, "later")))
		}
		f := condition(t, 0)
		v := view.View{Title: "Drawn", Kind: incident.Kind, Filter: &f, Columns: []string{"id", "caller", "priority_reason"}, Limit: rapid.IntRange(0, 3).Draw(t, "limit")}
		require.NoError(t, v.Check(o.Kernel))
		saved, err := o.views.Save(root, func() view.View { v := v; v.Roles = []itsm.Role{itsm.Requester, itsm.Agent, itsm.Manager}; return v }())
		require.NoError(t, err)
		actor := actors(t)
		ctx := as(actor)
		if n, err := o.views.Count(ctx, saved.ID); err == nil {
			page, err := o.views.Run(ctx, saved.ID, "")
			require.NoError(t, err)
			require.True(t, n >= int64(len(page.Rows)))
			require.True(t, page.Next != "" || n == int64(len(page.Rows)))
		}

		shown := map[string]bool{}
		for cursor := ""; ; {
			page, err := o.views.RunView(ctx, v, cursor)
			if err != nil {
				require.ErrorIs(t, err, itsm.ErrDenied)
				return
			}
			for _, row := range page.Rows {
				rec, err := o.Get(ctx, row.Ref)
				require.NoError(t, err, "%v shows %v to %v", f, row.Ref, actor)
				for i, column := range v.Columns {
					require.True(t, row.Values[i].Equal(o.Value(rec, column)), "%s of %v", column, row.Ref)
				}
				require.False(t, shown[row.Ref.ID])
				shown[row.Ref.ID] = true
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		everything := itsm.All()
		if _, err := o.views.RunView(ctx, view.View{Kind: incident.Kind, Filter: &everything}, ""); err != nil {
			return
		}
		negated := itsm.Not(f)
		rest := 0
		for cursor := ""; ; {
			page, err := o.views.RunView(ctx, view.View{Kind: incident.Kind, Filter: &negated}, cursor)
			require.NoError(t, err)
			rest += len(page.Rows)
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		seen := 0
		for _, inc := range all {
			if _, err := o.Get(ctx, inc.Ref()); err == nil {
				seen++
			}
		}
		require.Equal(t, seen, len(shown)+rest, "a view and its opposite show all that the actor sees")
	})
}
