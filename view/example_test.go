package view_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/view"
)

// handed is a catalogue as an administrator writes it.
const handed = `{
	"views": [{
		"name": "new", "title": "New, of the last week", "kind": "incident", "columns": ["id", "title"],
		"filter": {"op": "all", "parts": [
			{"op": "in", "column": "state", "values": ["new"]},
			{"op": "gt", "column": "created_at", "values": ["$now-7d"]}
		]}
	}],
	"macros": [{
		"name": "outage", "title": "Part of the outage", "kind": "incident", "steps": [
			{"trigger": "start", "group": "network", "assignee": "$me"},
			{"trigger": "resolve", "input": {"code": "fixed", "notes": "The outage is over."}}
		]
	}]
}`

// exampleDesk is a desk with the catalogue and two incidents.
func exampleDesk() (*desk.Desk, *view.Views, error) {
	catalogue, err := view.ReadCatalogue(strings.NewReader(handed))
	if err != nil {
		return nil, nil, err
	}
	var views *view.Views
	d, err := desk.Open(context.Background(), desk.Config{
		Authorizer: view.Authorize(itsm.DefaultGrants(), nil),
		Register: func(k *itsm.Kernel) (err error) {
			views, err = view.New(k, catalogue)
			return err
		},
	})
	if err != nil {
		return nil, nil, err
	}
	for _, title := range []string{"VPN down", "No mail"} {
		if _, err := d.Incidents.Report(bob, incident.Report{Title: title}); err != nil {
			return nil, nil, err
		}
	}
	return d, views, nil
}

// A view shows what its runner may see.
func ExampleViews_Run() {
	_, views, err := exampleDesk()
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := views.Run(ann, "new", "")
	for _, row := range page.Rows {
		fmt.Println(row.Values[0].Text(), row.Values[1].Text())
	}
	n, _ := views.Count(ann, "new")
	fmt.Println(n, err)
	// Output:
	// INC0000001 VPN down
	// INC0000002 No mail
	// 2 <nil>
}

// A macro is several commands as one change, or none.
func ExampleViews_Do() {
	d, views, err := exampleDesk()
	if err != nil {
		fmt.Println(err)
		return
	}
	ref := d.Incidents.Ref("INC0000001")
	fmt.Println(views.Explain(ann, "outage", ref))
	rec, err := views.Do(ann, "outage", ref, itsm.Once("click-1"))
	fmt.Println(rec.Header().State, rec.Header().Version, err)
	_, err = views.Do(ann, "outage", ref)
	refusal, _ := lifecycle.AsRefusal(err)
	fmt.Println(refusal.Trigger, refusal.Reasons[0].Code)
	// Output:
	// <nil>
	// resolved 2 <nil>
	// start not_from_here
}

// A bulk run takes all that the view finds, and says what became of each.
func ExampleViews_Bulk() {
	_, views, err := exampleDesk()
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := views.Bulk(ann, "new", view.Bulk{Macro: "outage", Key: "outage of 3 March"})
	fmt.Println(report.Matched, report.Done, report.Unchanged, report.Refused, err)
	// Output: 2 2 0 map[] <nil>
}

// People save views of their own, and share them.
func ExampleViews_Save() {
	_, views, err := exampleDesk()
	if err != nil {
		fmt.Println(err)
		return
	}
	filter := itsm.Where("title").Contains("vpn")
	saved, err := views.Save(ann, view.View{Title: "VPN", Kind: incident.Kind, Filter: &filter, Columns: []string{"id"}})
	fmt.Println(saved.ID, err)
	_, err = views.Run(ben, saved.ID, "")
	fmt.Println(err)
	_, err = views.ShareWith(ann, saved.ID, view.Share{Roles: []itsm.Role{itsm.Agent}})
	page, _ := views.Run(ben, saved.ID, "")
	fmt.Println(len(page.Rows), err)
	// Output:
	// VIEW0000001 <nil>
	// no such record, or none that you may see (view: VIEW0000001)
	// 1 <nil>
}
