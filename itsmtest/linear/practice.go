package linear

import (
	"runtime"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// slip is the record of a small practice: a count between 0 and limit that commands add to, move and copy.
type slip struct {
	itsm.Ticket
	Count int `json:"count"`
}

const (
	slips = "slip"
	limit = 6
)

// What the commands of slips bring.
type (
	opening  struct{ Count int }
	addition struct{ By int }
	transfer struct {
		To itsm.Ref
		By int
	}
	source  struct{ From itsm.Ref }
	nothing struct{}
)

func slipTable() lifecycle.Definition {
	open, closed := []lifecycle.State{"open"}, []lifecycle.State{"closed"}
	within := []string{"within_limit"}
	return lifecycle.Definition{
		Name: slips, Version: 1, Initial: "open",
		States: []lifecycle.StateRow{
			{Name: "open", Title: "Open", Phase: lifecycle.New},
			{Name: "closed", Title: "Closed", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: "add", Title: "Add", Past: "added"},
			{Name: "move", Title: "Move", Past: "moved"},
			{Name: "copy", Title: "Copy", Past: "copied"},
			{Name: "close", Title: "Close", Past: "closed"},
			{Name: "reopen", Title: "Reopen", Past: "reopened"},
			{Name: itsm.TriggerEdit, Title: "Edit", Past: "edited"},
		},
		Rows: []lifecycle.Transition{
			{From: open, Trigger: "add", Ensures: within},
			{From: open, Trigger: "move", Ensures: within},
			{From: open, Trigger: "copy"},
			{From: open, Trigger: "close", To: "closed"},
			{From: closed, Trigger: "reopen", To: "open"},
			{From: open, Trigger: itsm.TriggerEdit},
		},
	}
}

// node is a kernel with the practices that the commands are of.
type node struct {
	*itsm.Kernel
	incidents *incident.Incidents
	add       itsm.Command[slip, addition]
}

// node opens a kernel on a store. Its handlers let others go first, so that commands meet however fast the store is.
func (p *plan) node(t *testing.T, store itsm.Store, clock *itsmtest.Clock) *node {
	t.Helper()
	n := &node{}
	n.Kernel, _ = itsmtest.Kernel(t, itsm.Config{Store: store, Clock: clock, Tries: 10_000}, func(k *itsm.Kernel) (err error) {
		if n.incidents, err = incident.New(k, incident.Config{}); err != nil {
			return err
		}
		return n.practice(k)
	})
	return n
}

func (n *node) practice(k *itsm.Kernel) error {
	p, err := itsm.NewPractice[slip](k, itsm.Spec{Kind: slips, Series: "SLIP", Lifecycle: slipTable(), Editable: []string{"category"}})
	if err != nil {
		return err
	}
	p.Guard("within_limit", func(_ *itsm.Unit, r *slip) *lifecycle.Reason {
		if 0 <= r.Count && r.Count <= limit {
			return nil
		}
		return &lifecycle.Reason{Code: "limit"}
	})
	itsm.Create(p, "open", "opened", func(_ *itsm.Unit, r *slip, in opening) error {
		r.Count = in.Count
		return nil
	})
	n.add = itsm.Handle(p, "add", func(_ *itsm.Unit, r *slip, in addition) error {
		r.Count += in.By
		runtime.Gosched()
		return nil
	})
	itsm.Handle(p, "move", func(u *itsm.Unit, r *slip, in transfer) error {
		if r.Count < in.By {
			return itsm.Invalid("by", "there is not so much to move")
		}
		r.Count -= in.By
		runtime.Gosched()
		return u.Do(in.To, "add", addition{By: in.By})
	})
	itsm.Handle(p, "copy", func(u *itsm.Unit, r *slip, in source) error {
		runtime.Gosched()
		from, err := u.Get(in.From)
		if err != nil {
			return err
		}
		runtime.Gosched()
		r.Count = from.(*slip).Count
		return nil
	})
	itsm.Handle(p, "close", func(*itsm.Unit, *slip, nothing) error { return nil })
	itsm.Handle(p, "reopen", func(*itsm.Unit, *slip, nothing) error { return nil })
	itsm.Handle(p, itsm.TriggerEdit, func(u *itsm.Unit, _ *slip, patch itsm.Patch) error { return patch.Apply(u) })
	k.Hook(itsm.Hook{
		Name: "closing a slip adds to its neighbour", Kinds: []string{slips}, Triggers: []lifecycle.Trigger{"close"},
		AfterAct: func(u *itsm.Unit, _ itsm.Change) error {
			_, err := u.Try(ref(neighbour(u.Ref().ID)), "add", addition{By: 1})
			return err
		},
	})
	return nil
}

// start is when every round is: time stands still.
var start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)

// The records of a round.
var (
	slipNames     = [...]string{"SLIP-A", "SLIP-B", "SLIP-C"}
	incidentNames = [...]string{"INC-A", "INC-B"}
)

// place is where a record stands in the model's world.
func place(name string) int {
	for i, n := range slipNames {
		if n == name {
			return i
		}
	}
	for i, n := range incidentNames {
		if n == name {
			return len(slipNames) + i
		}
	}
	return -1
}

func isSlip(name string) bool { return place(name) < len(slipNames) }

func ref(name string) itsm.Ref {
	if isSlip(name) {
		return itsm.Ref{Kind: slips, ID: name}
	}
	return itsm.Ref{Kind: incident.Kind, ID: name}
}

// neighbour is the slip that one adds to when it is closed.
func neighbour(name string) string { return slipNames[(place(name)+1)%len(slipNames)] }

// seen is what an answer tells of a record.
func seen(r itsm.Record) record {
	t := itsm.TicketOf(r)
	s := record{version: t.Version, state: t.State, category: t.Category, group: t.Group, assignee: t.Assignee, reopens: t.Reopens}
	switch r := r.(type) {
	case *slip:
		s.count = r.Count
	case *incident.Incident:
		s.code = r.Resolution.Code
	}
	return s
}

func category(text string) itsm.Patch { return itsm.Patch{"category": field.Text(text)} }
