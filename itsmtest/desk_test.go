package itsmtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

var (
	_ itsmtest.TB     = (*testing.T)(nil)
	_ itsmtest.TB     = (*rapid.T)(nil)
	_ itsmtest.Worker = (*itsm.Kernel)(nil)
)

// fault is the record of a small practice.
type fault struct {
	itsm.Ticket
	Cause string    `json:"cause,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

type (
	report  struct{ Title, Caller string }
	resolve struct {
		Cause string `json:"cause"`
	}
	plan    struct{ Steps []step }
	nothing struct{}
)

type step struct {
	Name string `json:"name"`
}

// faults are reported, taken and resolved; three days after that they close by themselves, and while they are open
// somebody is reminded every day.
type faults struct {
	*itsm.Records[fault]
	report  itsm.Creation[fault, report]
	take    itsm.Command[fault, nothing]
	plan    itsm.Command[fault, plan]
	resolve itsm.Command[fault, resolve]
}

func (f *faults) register(k *itsm.Kernel) error {
	states := []lifecycle.State{"new", "working", "resolved", "closed"}
	open := states[:2]
	table := lifecycle.Definition{
		Name: "fault", Version: 1, Initial: "new",
		States: []lifecycle.StateRow{
			{Name: "new", Title: "New", Phase: lifecycle.New},
			{Name: "working", Title: "Working", Phase: lifecycle.Active},
			{Name: "resolved", Title: "Resolved", Phase: lifecycle.Resolved},
			{Name: "closed", Title: "Closed", Phase: lifecycle.Closed},
		},
		Triggers: append(itsm.StandardTriggers(),
			lifecycle.TriggerRow{Name: "take", Title: "Take", Past: "taken"},
			lifecycle.TriggerRow{Name: "remind", Title: "Remind", Past: "reminded"},
			lifecycle.TriggerRow{Name: "plan", Title: "Plan", Past: "planned"},
			lifecycle.TriggerRow{Name: "resolve", Title: "Resolve", Past: "resolved"},
			lifecycle.TriggerRow{Name: "close", Title: "Close", Past: "closed"},
		),
		Rows: []lifecycle.Transition{
			{From: open, Trigger: "take", To: "working"},
			{From: open, Trigger: "remind"},
			{From: open, Trigger: "plan"},
			{From: open, Trigger: "resolve", To: "resolved", Brings: []lifecycle.Need{{"cause"}}, Leaves: []lifecycle.Need{{"assignee"}}},
			{From: []lifecycle.State{"resolved"}, Trigger: "close", To: "closed"},
		},
	}
	for _, row := range itsm.StandardTriggers() {
		table.Rows = append(table.Rows, lifecycle.Transition{From: states, Trigger: row.Name})
	}
	p, err := itsm.NewPractice[fault](k, itsm.Spec{Kind: "fault", Series: "FLT", Lifecycle: table, Editable: []string{"title"}})
	if err != nil {
		return err
	}
	p.Standard(nil)
	f.Records = p.Records
	f.report = itsm.Create(p, "report", "reported", func(u *itsm.Unit, r *fault, in report) error {
		r.Title, r.Caller, r.Priority = in.Title, in.Caller, 3
		return u.SetTimer("reminder", u.Now().Add(24*time.Hour), "remind", nil)
	})
	f.take = itsm.Handle(p, "take", func(u *itsm.Unit, r *fault, _ nothing) error {
		r.Assignee = u.Actor().ID
		return nil
	})
	itsm.Handle(p, "remind", func(u *itsm.Unit, _ *fault, _ nothing) error {
		if err := u.Fact("reminded", field.Text("nobody answers")); err != nil {
			return err
		}
		return u.SetTimer("reminder", u.Now().Add(24*time.Hour), "remind", nil)
	})
	f.plan = itsm.Handle(p, "plan", func(u *itsm.Unit, _ *fault, in plan) error {
		if err := u.AddRow("task", "", map[string]any{"steps": in.Steps, "at": u.Now().Add(time.Hour)}, u.Actor().ID, ""); err != nil {
			return err
		}
		return u.SetTimer("task", u.Now().Add(time.Hour), "resolve", resolve{Cause: "done"})
	})
	f.resolve = itsm.Handle(p, "resolve", func(u *itsm.Unit, r *fault, in resolve) error {
		r.Cause, r.Until = in.Cause, u.Now().Add(72*time.Hour)
		u.CancelTimer("reminder")
		return u.SetTimer("auto_close", r.Until, "close", nil)
	})
	itsm.Handle(p, "close", func(*itsm.Unit, *fault, nothing) error { return nil })

	// What is linked as a child is resolved with its parent.
	k.Hook(itsm.Hook{Name: "children", AfterAct: func(u *itsm.Unit, c itsm.Change) error {
		if c.Trigger != "resolve" {
			return nil
		}
		links, err := u.Rows(itsm.Links, 0, 0)
		if err != nil {
			return err
		}
		for _, row := range links {
			var link itsm.Link
			if err := json.Unmarshal(row.Facts, &link); err != nil || link.Name != itsm.ParentOf.Name {
				return err
			}
			if _, err := u.Try(link.To, "resolve", resolve{Cause: c.After.(*fault).Cause}); err != nil {
				return err
			}
		}
		return nil
	}})
	return nil
}

// recorder is a test that notes how it ended instead of ending.
type recorder struct {
	failures []string
	logs     []string
}

func (*recorder) Helper() {}

func (r *recorder) Logf(format string, args ...any) {
	r.logs = append(r.logs, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) failure() string { return strings.Join(r.failures, "\n") }
