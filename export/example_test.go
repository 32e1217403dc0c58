package export_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/export"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// exampleDesk has one incident, which was reported, taken and solved.
func exampleDesk() *desk.Desk {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	d, err := desk.Open(context.Background(), desk.Config{Clock: clock})
	if err != nil {
		panic(err)
	}
	inc, err := d.Incidents.Report(cleo, incident.Report{Title: "VPN down", Service: "vpn", Impact: itsm.High})
	if err != nil {
		panic(err)
	}
	clock.Set(clock.Now().Add(10 * time.Minute))
	if _, err := d.Incidents.Start(ann, inc.ID); err != nil {
		panic(err)
	}
	clock.Set(clock.Now().Add(time.Hour))
	if _, err := d.Incidents.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Restarted the gateway."}); err != nil {
		panic(err)
	}
	return d
}

// Histories become a log for process mining; people are left out unless they are asked for.
func ExampleXES() {
	d := exampleDesk()
	var file bytes.Buffer
	err := export.XES(ann, &file, d.Kernel, export.Selection{Kinds: []string{incident.Kind}}, eventlog.XESOutput{})
	if err != nil {
		fmt.Println(err)
		return
	}
	log, err := eventlog.ReadXES(&file, eventlog.XES{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for entry, err := range log.Events() {
		if err != nil {
			fmt.Println(err)
			return
		}
		at, _ := entry.Time(eventlog.TimeTimestamp)
		fmt.Println(entry.Case, at.Format("15:04"), entry.Text(eventlog.ConceptName), entry.Text("caller")+entry.Text("state"))
	}
	// Output:
	// INC0000001 09:00 incident.reported new
	// INC0000001 09:10 incident.started in_progress
	// INC0000001 10:10 incident.resolved resolved
}

// In an object-centric log an event belongs to its record, and by choice to people, groups, services and items.
func ExampleOCEL() {
	d := exampleDesk()
	var file bytes.Buffer
	err := export.OCEL(ann, &file, d.Kernel, export.Selection{Personal: true}, export.Objects{People: true, Services: true}, eventlog.OCELOutput{})
	if err != nil {
		fmt.Println(err)
		return
	}
	log, err := eventlog.ReadOCEL(bytes.NewReader(file.Bytes()), eventlog.OCEL{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range log.Events {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.ID, event.Type)
		for _, r := range event.Relations {
			fmt.Println("  ", r.Qualifier, r.Object)
		}
	}
	// Output:
	// incident/INC0000001@1 incident.reported
	//    record incident/INC0000001
	//    actor person:cleo
	//    caller person:cleo
	//    opened_by person:cleo
	//    service service:vpn
	// incident/INC0000001@2 incident.started
	//    record incident/INC0000001
	//    actor person:ann
	//    assignee person:ann
	//    first_assignee person:ann
	// incident/INC0000001@3 incident.resolved
	//    record incident/INC0000001
	//    actor person:ann
	//    resolved_by person:ann
}

// A table has one row a record.
func ExampleTable() {
	d := exampleDesk()
	err := export.Table(ann, os.Stdout, d.Kernel, export.Selection{Kinds: []string{incident.Kind}}, "id", "state", "priority", "resolved_at")
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// id,state,priority,resolved_at
	// INC0000001,resolved,3,2026-03-02T10:10:00Z
}

// What one desk writes, another one takes in without loss, and once.
func ExampleRestore() {
	from := exampleDesk()
	var file bytes.Buffer
	if _, err := export.Lives(root, &file, from.Kernel, export.Selection{Kinds: []string{incident.Kind}}); err != nil {
		fmt.Println(err)
		return
	}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 3, 9, 0, 0, 0, time.UTC))
	to, err := desk.Open(context.Background(), desk.Config{Clock: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		sum, err := export.Restore(root, strings.NewReader(file.String()), to.Kernel, export.RestoreOptions{})
		fmt.Println(sum.Restored, "restored,", sum.Unchanged, "unchanged", err)
	}
	inc, err := to.Incidents.Get(ann, "INC0000001")
	fmt.Println(inc.ID, inc.State, inc.ResolvedAt.Format("15:04"), inc.Version, err)
	fmt.Println(to.Verify(root, inc.Ref()))
	// Output:
	// 1 restored, 0 unchanged <nil>
	// 0 restored, 1 unchanged <nil>
	// INC0000001 resolved 10:10 3 <nil>
	// <nil>
}
