package assignment_test

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/assignment"
	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// Network incidents go to who can do them and has the least to do, in office hours; else to the duty team in turns.
func Example() {
	office, err := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("08:00-18:00")})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	d, err := desk.Open(context.Background(), desk.Config{
		Clock: clock,
		Directory: itsmtest.Directory{
			People: []itsm.Profile{
				{ID: "ann", Skills: []string{"network:3"}}, {ID: "ben", Skills: []string{"network"}}, {ID: "cem"},
				{ID: "dee"}, {ID: "eli"},
			},
			Groups: []itsm.Group{{ID: "network", Members: []string{"ann", "ben", "cem"}}, {ID: "duty", Members: []string{"dee", "eli"}}},
		},
		Assignment: assignment.Policy{
			Rules: []assignment.Rule{{
				Name: "network", Kinds: []string{incident.Kind}, When: itsm.Where("category").Is("network"),
				Steps: []assignment.Step{
					{Group: "network", Method: assignment.SkillThenLoad, Skills: assignment.Skills{Column: "category"}, Capacity: 2},
					{Group: "duty", Method: assignment.RoundRobin},
				},
			}},
			Shifts: []assignment.Shift{{Name: "office", Group: "network", Calendar: office}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	clock.Attach(d)
	zoe := itsmtest.As(context.Background(), itsmtest.Agent("zoe"))

	for range 5 {
		inc, err := d.Incidents.Report(zoe, incident.Report{Title: "No network", Category: "network"})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(inc.ID, inc.State, inc.Group, inc.Assignee)
	}
	history, err := d.Incidents.History(zoe, "INC0000005", 0, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, decision := range assignment.Decisions(&history[0]) {
		for _, step := range decision.Steps {
			fmt.Println(decision.Rule, step.Group, step.Method, step.Candidates, step.LeftOut)
		}
	}
	choice, err := d.Assignment.Propose(zoe, itsm.Ref{Kind: incident.Kind, ID: "INC0000005"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range choice.Candidates {
		fmt.Printf("step %d: %s %s\n", c.Step, c.Person, cmp.Or(c.Reason, "is chosen"))
	}
	// Output:
	// INC0000001 assigned network ann
	// INC0000002 assigned network ben
	// INC0000003 assigned network ann
	// INC0000004 assigned network ben
	// INC0000005 assigned duty dee
	// network network skill_then_load 3 map[full:2 lacks_skill:1]
	// network duty round_robin 2 map[not_waiting_longest:1]
	// step 2: eli is chosen
	// step 2: dee not_waiting_longest
}
