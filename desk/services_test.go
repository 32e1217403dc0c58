package desk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/service/impact"
)

// mapped is a web shop that runs on two web servers, of which one is enough, and on a database.
func mapped(t *testing.T) (d *linked, shop service.Service) {
	d = newLinked(t, desk.Config{})
	shop, err := d.Services.Plan(d.ann, service.NewService{Name: "Web shop", Users: 400, Live: true})
	require.NoError(t, err)
	for _, name := range []string{"web1", "web2", "orders"} {
		item, err := d.Services.Register(d.ann, service.NewItem{Class: "server", Name: name, InUse: true})
		require.NoError(t, err)
		r := service.NewRelation{Type: "depends_on", From: shop.Ref(), To: item.Ref()}
		if name != "orders" {
			r.Group, r.Gate = "web", "any"
		}
		_, err = d.Services.Relate(d.ann, r)
		require.NoError(t, err)
	}
	return d, shop
}

func TestTicketsTellWhichServicesTheyAffect(t *testing.T) {
	d, shop := mapped(t)
	severity := func(inc incident.Incident) impact.Severity {
		rows, err := d.Services.Affected(d.ann, inc.Ref())
		require.NoError(t, err)
		if len(rows) == 0 {
			return impact.None
		}
		require.Len(t, rows, 1)
		require.Equal(t, shop.ID, rows[0].Service)
		return rows[0].Severity
	}
	report := func(items ...string) incident.Incident {
		return d.ok(d.Incidents.Report(d.ann, incident.Report{Title: "no answer", Items: items}))
	}
	assert.Equal(t, impact.Degraded, severity(report("web1")))
	assert.Equal(t, impact.Down, severity(report("web1", "web2")))
	assert.Equal(t, impact.None, severity(report("coffee machine")))

	worst := report("orders")
	assert.Equal(t, impact.Down, severity(worst))
	page, err := d.Services.Affecting(d.ann, shop.ID, itsm.Query{})
	require.NoError(t, err)
	assert.Len(t, page.Records, 3, "open tickets by service")
	d.ok(d.Incidents.Start(d.ann, worst.ID))
	d.ok(d.Incidents.Resolve(d.ann, worst.ID, incident.Resolution{Code: incident.Fixed, Notes: "restarted"}))
	page, err = d.Services.Affecting(d.ann, shop.ID, itsm.Query{})
	require.NoError(t, err)
	assert.Len(t, page.Records, 2, "what is resolved affects nothing any more")
}

func TestChangesConflictThroughTheMap(t *testing.T) {
	d, shop := mapped(t)
	rita := itsmtest.As(t.Context(), itsmtest.Agent("rita"))
	night := change.Window{Start: d.clock.Now().Add(12 * time.Hour), End: d.clock.Now().Add(14 * time.Hour)}
	approved := func(items ...string) string {
		c, err := d.Changes.Draft(rita, change.Draft{
			Title: "New disk", Items: items, Plans: change.Plans{Implementation: "swap", Test: "log in", Backout: "swap back"},
		})
		require.NoError(t, err)
		_, err = d.Changes.Submit(rita, c.ID)
		require.NoError(t, err)
		_, err = d.Changes.Assess(d.ann, c.ID)
		require.NoError(t, err)
		_, err = d.Changes.Approve(d.ann, c.ID, change.Approving{})
		require.NoError(t, err)
		return c.ID
	}
	first := approved("orders")
	_, err := d.Changes.Schedule(d.ann, first, night)
	require.NoError(t, err)

	_, err = d.Changes.Schedule(d.ann, approved("web1"), night)
	require.NoError(t, err, "the database does not depend on a web server")
	second := approved(shop.ID)
	_, err = d.Changes.Schedule(d.ann, second, night)
	r := itsmtest.RequireRefused(t, err, "dependent_item", "dependent_item")
	assert.Equal(t, first, r.Reasons[0].Args["with"])
	_, err = d.Changes.Schedule(d.ann, second, change.Window{Start: night.End, End: night.End.Add(time.Hour)})
	require.NoError(t, err, "afterwards it is free")
}
