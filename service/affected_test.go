package service_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/service"
	"github.com/itsmkit/itsmkit/service/impact"
)

func TestTicketsGetTheServicesThatTheyAffect(t *testing.T) {
	f := open(t, service.Config{})
	svc, _, _, _, _ := shop(f)
	inc := f.report("disk is full", "disk")
	assert.Equal(t, "Shop down", f.affected(inc.Ref()))
	rows, err := f.s.Affected(f.ann, inc.Ref())
	require.NoError(t, err)
	assert.Equal(t, inc.Ref(), rows[0].Ticket)
	assert.Equal(t, impact.ReasonGroup, rows[0].Reason)
	assert.Positive(t, rows[0].Map)

	f.do(f.Incidents.Edit(f.ann, inc.ID, itsm.Patch{"items": field.List("web1", "never heard of")}))
	assert.Equal(t, "Shop degraded", f.affected(inc.Ref()), "its items changed")
	f.do(f.Incidents.Edit(f.ann, inc.ID, itsm.Patch{"items": field.List()}))
	assert.Empty(t, f.affected(inc.Ref()))
	f.do(f.Incidents.Edit(f.ann, inc.ID, itsm.Patch{"service": field.Text("shop")}))
	assert.Equal(t, "Shop degraded", f.affected(inc.Ref()), "a service that the ticket names is not well")
	f.do(f.Incidents.Edit(f.ann, inc.ID, itsm.Patch{"service": field.Text("Shop"), "items": field.List("db")}))
	assert.Equal(t, "Shop down", f.affected(inc.Ref()), "what is worse counts")
	require.NoError(t, f.Verify(f.adm, inc.Ref()))

	other := f.report("web1 is slow", "web1")
	affecting := func() (tickets []string) {
		t.Helper()
		page, err := f.s.Affecting(f.ann, svc.ID, itsm.Query{Sort: []itsm.Sort{{Column: "ticket"}}})
		require.NoError(t, err)
		for _, r := range page.Records {
			tickets = append(tickets, r.Ticket.ID+" "+r.Severity.String())
		}
		return tickets
	}
	assert.Equal(t, []string{inc.ID + " down", other.ID + " degraded"}, affecting())
	down := itsm.Where("severity").Is("down")
	page, err := f.s.Affecting(f.ann, svc.ID, itsm.Query{Filter: &down})
	require.NoError(t, err)
	require.Len(t, page.Records, 1)

	f.do(f.Incidents.Assign(f.ann, inc.ID, incident.Assignment{Assignee: "ann"}))
	f.do(f.Incidents.Resolve(f.ann, inc.ID, incident.Resolution{Code: "fixed", Notes: "new disk"}))
	f.do(f.Incidents.Cancel(f.ann, other.ID, incident.Cancel{Reason: "by mistake"}))
	assert.Empty(t, affecting(), "what has ended affects nothing any more")
	assert.Equal(t, "Shop down", f.affected(inc.Ref()), "and tells what it did")
	f.do(f.Incidents.Reopen(f.ann, inc.ID, incident.Reopen{Reason: "again"}))
	assert.Equal(t, []string{inc.ID + " down"}, affecting())
}

func TestPeopleCorrectWhatATicketAffects(t *testing.T) {
	f := open(t, service.Config{})
	svc, _, _, _, _ := shop(f)
	mail := f.service("Mail", 10)
	inc := f.report("disk is full", "disk")
	f.do(f.Incidents.Link(f.ann, inc.ID, service.Affects, mail.Ref()))
	assert.Equal(t, "Shop down, Mail degraded", f.affected(inc.Ref()))
	f.do(f.Incidents.Link(f.ann, inc.ID, service.Spares, svc.Ref()))
	assert.Equal(t, "Mail degraded", f.affected(inc.Ref()))
	f.do(f.Incidents.Edit(f.ann, inc.ID, itsm.Patch{"items": field.List("db")}))
	assert.Equal(t, "Mail degraded", f.affected(inc.Ref()), "corrections outlive what is computed")
	links, err := f.Incidents.Links(f.ann, inc.ID)
	require.NoError(t, err)
	require.Len(t, links, 2)
	for _, l := range links {
		f.do(f.Incidents.Unlink(f.ann, inc.ID, l.ID))
	}
	assert.Equal(t, "Shop down", f.affected(inc.Ref()), "and go with their links")

	f.do(f.s.Link(f.ann, mail.ID, itsm.LinkType{Name: service.Affects.Inverse, Inverse: service.Affects.Name}, inc.Ref()))
	assert.Equal(t, "Shop down, Mail degraded", f.affected(inc.Ref()), "they may be made from the service's side")
	links, err = f.s.Links(f.ann, mail.ID)
	require.NoError(t, err)
	f.do(f.s.Unlink(f.ann, mail.ID, links[0].ID))
	assert.Equal(t, "Shop down", f.affected(inc.Ref()))

	f.do(f.Incidents.Link(f.ann, inc.ID, service.Affects, svc.Ref()))
	f.do(f.Incidents.Link(f.ann, inc.ID, service.Spares, svc.Ref()))
	assert.Empty(t, f.affected(inc.Ref()), "a ticket that does both spares the service")
	require.NoError(t, f.Verify(f.adm, inc.Ref()))

	t.Run("several in one command", func(t *testing.T) {
		inc := f.report("something else")
		_, err := f.DoAll(f.ann, inc.Ref(), []itsm.Step{
			{Trigger: itsm.TriggerLink, Input: itsm.NewLink{Type: service.Affects, To: mail.Ref()}},
			{Trigger: itsm.TriggerLink, Input: itsm.NewLink{Type: service.Affects, To: svc.Ref()}},
			{Trigger: itsm.TriggerEdit, Input: itsm.Patch{"items": field.List("web1")}},
		})
		require.NoError(t, err)
		assert.Equal(t, "Shop degraded, Mail degraded", f.affected(inc.Ref()))
		links, err := f.Incidents.Links(f.ann, inc.ID)
		require.NoError(t, err)
		_, err = f.DoAll(f.ann, inc.Ref(), []itsm.Step{
			{Trigger: itsm.TriggerUnlink, Input: itsm.RowID{ID: links[0].ID}}, {Trigger: itsm.TriggerUnlink, Input: itsm.RowID{ID: links[1].ID}},
		})
		require.NoError(t, err)
		assert.Equal(t, "Shop degraded", f.affected(inc.Ref()))
	})
}

func TestWhichTicketsAndHowMuch(t *testing.T) {
	t.Run("changes name further services", func(t *testing.T) {
		f := open(t, service.Config{})
		mail, _ := f.service("Mail", 1), f.service("Chat", 1)
		c, err := f.Changes.Draft(f.ann, change.Draft{Title: "x", Service: mail.ID, Services: []string{"chat"}})
		require.NoError(t, err)
		assert.Equal(t, "Mail degraded, Chat degraded", f.affected(c.Ref()))
	})
	t.Run("only the kinds that are configured", func(t *testing.T) {
		f := open(t, service.Config{Kinds: []string{"change"}})
		f.service("Mail", 1)
		inc, err := f.Incidents.Report(f.ann, incident.Report{Title: "x", Service: "mail"})
		require.NoError(t, err)
		assert.Empty(t, f.affected(inc.Ref()))
	})
	t.Run("the worst first, where there is no more room", func(t *testing.T) {
		f := open(t, service.Config{MaxAffected: 2})
		db, web := f.item("db"), f.item("web")
		for _, name := range []string{"A", "B", "C"} {
			s := f.service(name, 1)
			f.depends(s.Ref(), web.Ref(), "web", "any")
			f.depends(s.Ref(), f.item("other "+name).Ref(), "web")
			if name == "C" {
				f.depends(s.Ref(), db.Ref())
			}
		}
		assert.Equal(t, "C down, A degraded", f.affected(f.report("x", "db", "web").Ref()))
	})
	t.Run("what is not affected any more takes no room", func(t *testing.T) {
		f := open(t, service.Config{MaxAffected: 2})
		a, b := f.item("a"), f.item("b")
		for _, n := range []string{"1", "2"} {
			f.depends(f.service("A"+n, 1).Ref(), a.Ref())
			f.depends(f.service("B"+n, 1).Ref(), b.Ref())
		}
		inc := f.report("x", "a")
		assert.Equal(t, "A1 down, A2 down", f.affected(inc.Ref()))
		f.do(f.Incidents.Edit(f.ann, inc.ID, itsm.Patch{"items": field.List("b")}))
		assert.Equal(t, "B1 down, B2 down", f.affected(inc.Ref()))
	})
	t.Run("as the map was at the time", func(t *testing.T) {
		f := open(t, service.Config{})
		svc, db := f.service("Mail", 1), f.item("db")
		inc := f.report("x", "db")
		f.clock.Set(f.clock.Now().Add(time.Hour))
		f.depends(svc.Ref(), db.Ref())
		assert.Empty(t, f.affected(inc.Ref()), "the ticket did not change")
		f.do(f.Incidents.Edit(f.ann, inc.ID, itsm.Patch{"items": field.List("DB")}))
		assert.Equal(t, "Mail down", f.affected(inc.Ref()))
	})
}
