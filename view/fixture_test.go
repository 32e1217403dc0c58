package view_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/view"
)

var (
	ann  = as(itsmtest.Agent("ann"))
	ben  = as(itsmtest.Agent("ben"))
	eve  = as(itsmtest.Agent("eve"))
	bob  = as(itsmtest.Requester("bob"))
	boss = as(itsmtest.Manager("max"))
	root = as(itsmtest.Administrator("root"))
)

func as(a itsm.Actor) context.Context { return itsm.WithActor(context.Background(), a) }

var people = itsmtest.Directory{People: []itsm.Profile{{ID: "ann"}, {ID: "ben"}, {ID: "eve"}}, Groups: []itsm.Group{
	{ID: "network", Members: []string{"ann", "ben"}}, {ID: "servers", Members: []string{"ann"}}, {ID: "mail", Members: []string{"eve"}},
}}

// catalogue is what the desk of the tests gives everybody.
func catalogue() view.Catalogue {
	mine := itsm.All(itsm.Where("assignee").Is("$me"), itsm.Where("phase").In("new", "active", "waiting"))
	queue := itsm.All(itsm.Where("group").In("$groups"), itsm.Where("assignee").Empty(), itsm.Where("phase").In("new", "active"))
	open := itsm.Where("phase").In("new", "active", "waiting")
	return view.Catalogue{
		Views: []view.View{
			{Name: "mine", Title: "My work", Kind: incident.Kind, Filter: &mine, Sort: []itsm.Sort{{Column: "priority"}}, Columns: []string{"id", "title", "priority"}},
			{Name: "queue", Title: "Waiting for my groups", Kind: incident.Kind, Filter: &queue, Columns: []string{"id", "group"}},
			{Name: "open", Title: "Open", Kind: incident.Kind, Filter: &open, Columns: []string{"id", "title", "priority_reason"}, Limit: 2},
			{Name: "leads", Title: "For managers", Kind: incident.Kind, Share: view.Share{Roles: []itsm.Role{itsm.Manager}}},
		},
		Macros: []view.Macro{
			{Name: "take", Title: "Take it", Kind: incident.Kind, Steps: []view.Step{
				{Trigger: incident.TriggerStart, Group: "network", Assignee: "$me"},
				{Trigger: itsm.TriggerNote, Input: itsm.Patch{"body": field.Text("$$ taken from the queue")}},
			}},
			{Name: "outage", Title: "Part of the outage", Kind: incident.Kind, Steps: []view.Step{
				{Trigger: itsm.TriggerEdit, Input: itsm.Patch{"category": field.Text("outage")}},
				{Trigger: incident.TriggerResolve, Input: itsm.Patch{"code": field.Text("fixed"), "notes": field.Text("The outage is over.")}},
			}},
			{Name: "tag", Title: "Tag", Kind: incident.Kind, Steps: []view.Step{{Trigger: itsm.TriggerEdit, Input: itsm.Patch{"category": field.Text("vpn")}}}},
			{Name: "shut", Title: "Shut", Kind: incident.Kind, Share: view.Share{Groups: []string{"servers"}}, Steps: []view.Step{{Trigger: incident.TriggerConfirm}}},
		},
	}
}

type office struct {
	*itsm.Kernel
	views     *view.Views
	incidents *incident.Incidents
	clock     *itsmtest.Clock
}

func opened(t itsmtest.TB, auth itsm.Authorizer) *office {
	t.Helper()
	o := &office{}
	if auth == nil {
		auth = view.Authorize(itsm.DefaultGrants(), people)
	}
	o.Kernel, o.clock = itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Directory: people, Authorizer: auth}, func(k *itsm.Kernel) (err error) {
		if o.incidents, err = incident.New(k, incident.Config{}); err != nil {
			return err
		}
		o.views, err = view.New(k, catalogue())
		return err
	})
	return o
}

func (o *office) report(t testing.TB, ctx context.Context, title string, with ...itsm.Option) incident.Incident {
	t.Helper()
	r, err := o.incidents.Report(ctx, incident.Report{Title: title}, with...)
	require.NoError(t, err)
	return r
}

func ids(rows []view.Row) []string {
	found := []string{}
	for _, r := range rows {
		found = append(found, r.Ref.ID)
	}
	return found
}

const week = 7 * 24 * time.Hour
