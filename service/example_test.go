package service_test

import (
	"context"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/service"
)

func exampleDesk(c service.Config) (d *desk.Desk, s *service.Services, as func(person string, roles ...itsm.Role) context.Context) {
	d, err := desk.Open(context.Background(), desk.Config{
		Clock: itsmtest.NewClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)), Services: c,
	})
	if err != nil {
		log.Fatal(err)
	}
	return d, d.Services, func(person string, roles ...itsm.Role) context.Context {
		return itsm.WithActor(context.Background(), itsm.Actor{ID: person, Tenant: "acme", Roles: append(roles, itsm.Agent)})
	}
}

// A web shop on two web servers, of which one suffices, and a database on a disk: what happens when the disk is lost?
func Example() {
	d, s, as := exampleDesk(service.Config{})
	ann := as("ann")
	shop, err := s.Plan(ann, service.NewService{Name: "Web shop", Users: 400, Live: true})
	if err != nil {
		log.Fatal(err)
	}
	item := func(class, name string) itsm.Ref {
		i, err := s.Register(ann, service.NewItem{Class: class, Name: name, InUse: true})
		if err != nil {
			log.Fatal(err)
		}
		return i.Ref()
	}
	relate := func(typ string, from, to itsm.Ref, group, gate string) {
		if _, err := s.Relate(ann, service.NewRelation{Type: typ, From: from, To: to, Group: group, Gate: gate}); err != nil {
			log.Fatal(err)
		}
	}
	db, disk := item("database", "orders"), item("disk", "disk7")
	relate("depends_on", shop.Ref(), item("host", "web1"), "web", "any")
	relate("depends_on", shop.Ref(), item("host", "web2"), "web", "any")
	relate("depends_on", shop.Ref(), db, "data", "")
	relate("runs_on", db, disk, "", "")

	for _, lost := range []string{"web1", "disk7"} {
		answer, err := s.Impact(ann, service.Question{Items: []string{lost}})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(answer.Why(shop.ID))
		fmt.Printf("people: %d down, %d degraded\n\n", answer.People.Down, answer.People.Degraded)
	}

	inc, err := d.Incidents.Report(ann, incident.Report{Title: "The disk clicks", Items: []string{"disk7"}})
	if err != nil {
		log.Fatal(err)
	}
	affected, err := s.Affected(ann, inc.Ref())
	for _, a := range affected {
		fmt.Println(a.Ticket.ID, "affects", a.Service, a.Severity)
	}
	fmt.Println(err)
	// Output:
	// web1 is down: lost
	// Web shop is degraded: 1 of 2 (web) work, 1 needed, without web1
	// people: 0 down, 400 degraded
	//
	// disk7 is down: lost
	// orders is down: 0 of 1 work, 1 needed, without disk7
	// Web shop is down: 0 of 1 (data) work, 1 needed, without orders
	// people: 400 down, 0 degraded
	//
	// INC0000001 affects SVC0000001 down
	// <nil>
}

// A charter is a page about a service.
func ExampleServices_Charter() {
	_, s, as := exampleDesk(service.Config{})
	ann := as("ann")
	mail, _ := s.Plan(ann, service.NewService{
		Name: "Mail", Scope: "Mail and calendars for everybody; no archive.", Owner: "olga", Group: "messaging", Criticality: itsm.High, Users: 120,
		Measures: []string{"99.9 % of the working time", "a message takes less than a minute"}, Stakeholders: []string{"all departments"}, Live: true,
	})
	host, _ := s.Register(ann, service.NewItem{Class: "host", Name: "mx1", InUse: true})
	_, _ = s.Relate(ann, service.NewRelation{Type: "runs_on", From: mail.Ref(), To: host.Ref()})
	page, err := s.Charter(ann, mail.ID)
	fmt.Println(page, err)
	// Output:
	// # Mail
	//
	// Mail and calendars for everybody; no archive.
	//
	// | | |
	// |---|---|
	// | Number | SVC0000001 |
	// | State | live |
	// | Owner | olga |
	// | Group | messaging |
	// | Criticality | high |
	// | Users | 120 |
	// | Since | 2026-03-02 |
	//
	// ## What makes it a success
	//
	// - 99.9 % of the working time
	// - a message takes less than a minute
	//
	// ## Stakeholders
	//
	// - all departments
	//
	// ## Single points of failure
	//
	// - mx1 (CI0000001)
	//  <nil>
}

// An import tells everything that is wrong, and changes nothing when it comes again.
func Example_import() {
	_, s, as := exampleDesk(service.Config{})
	admin := as("adam", itsm.Administrator)
	for _, file := range []string{
		"class,name,location,state\nhost,web1,Rack 4,lost\nhost,web2,Rack 4,\nhost,web2,Rack 5,\n",
		"class,name,location\nhost,web1,Rack 4\nhost,web2,Rack 4\n",
		"class,name,location\nhost,web1,Rack 4\nhost,web2,Rack 5\n",
		"class,name,location\nhost,web1,Rack 4\nhost,web2,Rack 5\n",
	} {
		report, err := s.Import(admin, strings.NewReader(file), service.ImportOptions{Kind: service.ItemKind})
		fmt.Printf("%d created, %d updated, %d unchanged, %d skipped %v\n", report.Created, report.Updated, report.Unchanged, report.Skipped, err)
		for _, fault := range report.Faults {
			fmt.Println(" ", fault)
		}
	}
	// Output:
	// 0 created, 0 updated, 0 unchanged, 3 skipped <nil>
	//   line 2, column 18 (state): there is no state "lost"
	//   line 4: line 3 is the same (host/web2): leave one of them out
	// 2 created, 0 updated, 0 unchanged, 0 skipped <nil>
	// 0 created, 1 updated, 1 unchanged, 0 skipped <nil>
	// 0 created, 0 updated, 2 unchanged, 0 skipped <nil>
}
