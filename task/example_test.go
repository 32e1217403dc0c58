package task_test

import (
	"context"
	"fmt"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/task"
)

// A list of tasks with their order; the incident is resolved when the mandatory ones are done.
func Example() {
	d, err := desk.Open(context.Background(), desk.Config{Tasks: task.Config{Lists: []task.List{{
		Name: "outage", Tasks: []task.Work{
			{Name: "look", Title: "Look at the gateway", Type: task.Investigate, Mandatory: true},
			{Name: "fix", Title: "Restart it", Type: task.Fix, Mandatory: true, After: []string{"look"}},
			{Title: "Tell the users", Type: task.Communicate, After: []string{"fix"}},
		},
	}}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down"})
	if err != nil {
		fmt.Println(err)
		return
	}
	tasks, err := d.Tasks.AddList(ann, inc.Ref(), "outage")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range tasks {
		fmt.Println(t.ID, t.Title, "- ready:", t.Ready())
	}

	resolution := incident.Resolution{Code: incident.Fixed, Notes: "Restarted the gateway."}
	_, err = d.Incidents.Resolve(ann, inc.ID, resolution)
	refusal, _ := lifecycle.AsRefusal(err)
	fmt.Println("resolve:", refusal.Reasons)
	_, err = d.Tasks.Start(ann, tasks[1].ID)
	refusal, _ = lifecycle.AsRefusal(err)
	fmt.Println("fix first:", refusal.Reasons)

	for _, t := range tasks[:2] {
		if _, err := d.Tasks.Complete(ann, t.ID, task.Completion{}); err != nil {
			fmt.Println(err)
		}
	}
	inc, err = d.Incidents.Resolve(ann, inc.ID, resolution)
	fmt.Println(inc.State, err)
	last, err := d.Tasks.Get(ann, tasks[2].ID)
	fmt.Println(last.Title+":", last.State, "because", last.Reason, err)
	// Output:
	// TSK0000001 Look at the gateway - ready: true
	// TSK0000002 Restart it - ready: false
	// TSK0000003 Tell the users - ready: false
	// resolve: [no_open_tasks (open=2)]
	// fix first: [predecessors_done (open=1)]
	// resolved <nil>
	// Tell the users: skipped because the ticket is resolved <nil>
}

// An order of tasks that are there already.
func ExampleTasks_Follow() {
	d, err := desk.Open(context.Background(), desk.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down"})
	if err != nil {
		fmt.Println(err)
		return
	}
	tasks, err := d.Tasks.Add(ann, inc.Ref(), task.Work{Title: "Order a part"}, task.Work{Title: "Build it in"})
	if err != nil {
		fmt.Println(err)
		return
	}
	second, err := d.Tasks.Follow(ann, tasks[1].ID, tasks[0].ID)
	fmt.Println(second.Predecessors, second.Waits, err)
	_, err = d.Tasks.Follow(ann, tasks[0].ID, tasks[1].ID)
	fmt.Println(itsm.CodeOf(err), err)
	// Output:
	// [TSK0000001] 1 <nil>
	// refused task: cannot link in state open: cycle (predecessor=TSK0000002)
}
