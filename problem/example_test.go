package problem_test

import (
	"context"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/problem"
)

// Three incidents on one item become a problem, which gets a workaround and a fix; the fix resolves what waits for it.
func Example() {
	ctx := context.Background()
	d, err := desk.Open(ctx, desk.Config{Problems: problem.Config{
		Trends: []problem.TrendRule{{Name: "same item", By: problem.ByItem, Window: 7 * 24 * time.Hour, Least: 3}},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ann := itsm.WithActor(ctx, itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}})
	var last incident.Incident
	for range 3 {
		last, _ = d.Incidents.Report(ann, incident.Report{Title: "Mail is slow", Items: []string{"mail1"}, Assignee: "ann"})
	}

	candidates, _ := d.Problems.FindTrends(ann)
	p, _ := d.Problems.Accept(ann, candidates[0].ID, problem.Acceptance{Title: "mail1 is overloaded", Owner: "ann"})
	_, _ = d.Problems.StartAnalysis(ann, p.ID, problem.Owning{})
	_, _ = d.Problems.PublishWorkaround(ann, p.ID, "Use the web mail.")
	last, _ = d.Incidents.Hold(ann, last.ID, incident.Hold{Reason: itsm.HoldProblem})
	fmt.Println(p.ID, last.State, last.Workaround.Text)

	c, _ := d.Changes.Draft(ann, change.Draft{Title: "A second mail server", Items: []string{"mail1"}})
	_, _ = d.Problems.Fix(ann, p.ID, problem.Fixing{Cause: "one server for all", Changes: []itsm.Ref{c.Ref()}})
	fixed := problem.Resolution{Outcome: problem.FixApplied, Notes: "There are two servers now."}
	_, err = d.Problems.Resolve(ann, p.ID, fixed)
	fmt.Println(err)
	_, _ = d.Changes.Cancel(ann, c.ID, "It was done with the move.")
	p, err = d.Problems.Resolve(ann, p.ID, fixed)
	fmt.Println(p.State, err)
	last, _ = d.Incidents.Get(ann, last.ID)
	fmt.Println(last.State, last.Resolution.Notes)
	// Output:
	// PRB0000001 on_hold Use the web mail.
	// problem: cannot resolve in state fix_in_progress: change_open (change=CHG0000001, state=draft)
	// resolved <nil>
	// resolved There are two servers now.
}
