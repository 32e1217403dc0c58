package itsm_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// repair is the record of a workshop: a practice that uses whatever a practice may have.
type repair struct {
	itsm.Ticket

	Check    lifecycle.State `json:"check" itsm:"index"` // the second axis
	Points   int             `json:"points,omitempty" itsm:"index"`
	Cost     float64         `json:"cost,omitempty"`
	Rush     bool            `json:"rush,omitempty"`
	Effort   time.Duration   `json:"effort,omitempty"`
	Promised time.Time       `json:"promised,omitzero" itsm:"index"`
	Visitor  string          `json:"visitor,omitempty" itsm:"personal"`
	Notes    string          `json:"notes,omitempty"`
}

type intake struct {
	Title   string       `json:"title"`
	Caller  string       `json:"caller,omitempty"`
	Group   string       `json:"group,omitempty"`
	Visitor string       `json:"visitor,omitempty"`
	Custom  field.Fields `json:"custom,omitempty"`
}

type pause struct {
	Reason itsm.HoldReason `json:"reason"`
}

type finish struct {
	Notes string `json:"notes"`
}

type because struct {
	Reason string `json:"reason"`
}

type nothing struct{}

func customFields() field.Schema {
	return field.Schema{Version: 1, Fields: []field.Declaration{
		{Name: "color", Kind: field.KindText, Choices: []string{"red", "green"}, Indexed: true},
		{Name: "size", Kind: field.KindInt, Indexed: true},
		{Name: "weight", Kind: field.KindNumber},
		{Name: "billable", Kind: field.KindBool},
		{Name: "deadline", Kind: field.KindInstant, Indexed: true},
		{Name: "drive", Kind: field.KindSpan},
		{Name: "tags", Kind: field.KindList, Max: 16},
		{Name: "phone", Kind: field.KindText, Personal: true},
		{Name: "birthday", Kind: field.KindInstant, Personal: true},
	}}
}

func repairTable() lifecycle.Definition {
	open := []lifecycle.State{"new", "doing", "waiting"}
	all := append([]lifecycle.State{"done", "closed", "dropped"}, open...)
	d := lifecycle.Definition{
		Name: "repair", Version: 1, Initial: "new",
		States: []lifecycle.StateRow{
			{Name: "new", Title: "New", Phase: lifecycle.New}, {Name: "doing", Title: "Doing", Phase: lifecycle.Active},
			{Name: "waiting", Title: "Waiting", Phase: lifecycle.Waiting}, {Name: "done", Title: "Done", Phase: lifecycle.Resolved},
			{Name: "closed", Title: "Closed", Phase: lifecycle.Closed}, {Name: "dropped", Title: "Dropped", Phase: lifecycle.Cancelled},
		},
		Triggers: append([]lifecycle.TriggerRow{
			{Name: "start", Title: "Start", Past: "started"}, {Name: "hold", Title: "Hold", Past: "held"},
			{Name: "resume", Title: "Resume", Past: "resumed"}, {Name: "finish", Title: "Finish", Past: "finished"},
			{Name: "confirm", Title: "Confirm", Past: "confirmed"}, {Name: "reopen", Title: "Reopen", Past: "reopened"},
			{Name: "drop", Title: "Drop", Past: "dropped"},
		}, itsm.StandardTriggers()...),
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"new"}, Trigger: "start", To: "doing", Leaves: []lifecycle.Need{{"assignee"}}},
			{From: []lifecycle.State{"new", "doing"}, Trigger: "hold", To: "waiting", Brings: []lifecycle.Need{{"reason"}}},
			{From: []lifecycle.State{"waiting"}, Trigger: "resume", Choose: "held_from", Among: []lifecycle.State{"new", "doing"}},
			{From: []lifecycle.State{"doing"}, Trigger: "finish", To: "done", Brings: []lifecycle.Need{{"notes"}}, Guards: []string{"no_open_tasks"}, Ensures: []string{"has_group"}},
			{From: []lifecycle.State{"done"}, Trigger: "confirm", To: "closed"},
			{From: []lifecycle.State{"done"}, Trigger: "reopen", To: "doing", Brings: []lifecycle.Need{{"reason"}}},
			{From: open, Trigger: "drop", To: "dropped", Roles: []itsm.Role{itsm.Manager, itsm.Administrator}},
		},
	}
	for _, row := range itsm.StandardTriggers() {
		from := all
		if row.Name == itsm.TriggerEdit || row.Name == itsm.TriggerComment {
			from = open
		}
		d.Rows = append(d.Rows, lifecycle.Transition{From: from, Trigger: row.Name})
	}
	return d
}

// parking is what a vendor lays over the table: another state, and a condition less.
func parking() lifecycle.Overlay {
	return lifecycle.Overlay{
		Lifecycle: "repair", Version: 2,
		Add: lifecycle.Parts{
			States:   []lifecycle.StateRow{{Name: "parked", Title: "Parked", Phase: lifecycle.Waiting}},
			Triggers: []lifecycle.TriggerRow{{Name: "park", Title: "Park", Past: "parked"}, {Name: "unpark", Title: "Unpark", Past: "unparked"}},
			Transitions: []lifecycle.Transition{
				{From: []lifecycle.State{"doing"}, Trigger: "park", To: "parked"},
				{From: []lifecycle.State{"parked"}, Trigger: "unpark", To: "doing"},
				{From: []lifecycle.State{"parked"}, Trigger: itsm.TriggerNote},
				{From: []lifecycle.State{"parked"}, Trigger: itsm.TriggerLinked},
			},
		},
	}
}

func checkTable() lifecycle.Definition {
	return lifecycle.Definition{
		Name: "repair_check", Version: 1, Initial: "unchecked",
		States: []lifecycle.StateRow{
			{Name: "unchecked", Title: "Unchecked", Phase: lifecycle.New}, {Name: "checking", Title: "Checking", Phase: lifecycle.Active},
			{Name: "passed", Title: "Passed", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: "check", Title: "Check", Past: "check_begun"}, {Name: "pass", Title: "Pass", Past: "passed"}, {Name: "fail", Title: "Fail", Past: "failed"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"unchecked"}, Trigger: "check", To: "checking"},
			{From: []lifecycle.State{"checking"}, Trigger: "pass", To: "passed", Roles: []itsm.Role{itsm.Manager}},
			{From: []lifecycle.State{"checking"}, Trigger: "fail", To: "unchecked"},
		},
	}
}

// workshop is the practice over repairs.
type workshop struct {
	*itsm.Practice[repair]
	report itsm.Creation[repair, intake]
	start  itsm.Command[repair, nothing]
	hold   itsm.Command[repair, pause]
	resume itsm.Command[repair, nothing]
	finish itsm.Command[repair, finish]
}

func newWorkshop(k *itsm.Kernel) (*workshop, error) {
	table, err := repairTable().With(parking())
	if err != nil {
		return nil, err
	}
	p, err := itsm.NewPractice[repair](k, itsm.Spec{
		Kind: "repair", Series: "REP", Lifecycle: table, Custom: customFields(),
		Axes:     []itsm.Axis{{Field: "check", Lifecycle: checkTable()}},
		Editable: []string{"title", "caller", "visitor", "points", "cost", "rush", "effort", "promised", "items", "open_tasks", "priority_reason"},
	})
	if err != nil {
		return nil, err
	}
	w := &workshop{Practice: p}
	w.report = itsm.Create(p, "report", "reported", func(u *itsm.Unit, r *repair, in intake) error {
		if in.Title == "" {
			return itsm.Invalid("title", "say what is broken")
		}
		r.Title, r.Caller, r.Visitor, r.Custom = in.Title, in.Caller, in.Visitor, in.Custom.Clone()
		r.OpenedBy = u.Actor().Person()
		if in.Group != "" {
			r.Group = in.Group
		}
		if r.Caller == "" {
			r.Caller = r.OpenedBy
		}
		return nil
	})
	w.start = itsm.Handle(p, "start", func(u *itsm.Unit, r *repair, _ nothing) error {
		if r.Assignee == "" {
			r.Assignee = u.Actor().Person()
		}
		return nil
	})
	w.hold = itsm.Handle(p, "hold", func(u *itsm.Unit, r *repair, in pause) error {
		r.Hold, r.HeldFrom = in.Reason, r.State
		return u.SetTimer("nag", u.Now().Add(48*time.Hour), "resume", nil)
	})
	w.resume = itsm.Handle(p, "resume", func(u *itsm.Unit, r *repair, _ nothing) error {
		r.Hold, r.HeldFrom = "", ""
		u.CancelTimer("nag")
		return nil
	})
	w.finish = itsm.Handle(p, "finish", func(u *itsm.Unit, r *repair, in finish) error {
		r.Notes = in.Notes
		return u.SetTimer("closing", u.Now().Add(24*time.Hour), "confirm", nil)
	})
	itsm.Handle(p, "confirm", func(u *itsm.Unit, _ *repair, _ nothing) error {
		u.CancelTimer("closing")
		return nil
	})
	itsm.Handle(p, "reopen", func(u *itsm.Unit, r *repair, in because) error {
		r.Reopens++
		u.CancelTimer("closing")
		return u.Note(in.Reason)
	})
	for _, t := range []lifecycle.Trigger{"drop", "park", "unpark", "check", "pass", "fail"} {
		itsm.Handle(p, t, func(*itsm.Unit, *repair, nothing) error { return nil })
	}
	p.Standard(nil)
	p.Choice("held_from", func(_ *itsm.Unit, r *repair) lifecycle.State { return r.HeldFrom })
	p.Guard("no_open_tasks", func(_ *itsm.Unit, r *repair) *lifecycle.Reason {
		if r.OpenTasks == 0 {
			return nil
		}
		return &lifecycle.Reason{}
	})
	p.Guard("has_group", func(_ *itsm.Unit, r *repair) *lifecycle.Reason {
		if r.Group != "" {
			return nil
		}
		return &lifecycle.Reason{Code: "no_group"}
	})
	k.Hook(itsm.Hook{Name: "parts finish with the whole", Kinds: []string{"repair"}, AfterAct: finishParts})
	return w, nil
}

// finishParts lets what hangs under a finished repair finish too; one that refuses keeps its state and says why.
func finishParts(u *itsm.Unit, c itsm.Change) error {
	if c.Trigger != "finish" {
		return nil
	}
	parts, err := partsOf(u)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if _, err := u.Try(part, "finish", c.Input); err != nil {
			return err
		}
	}
	return nil
}

func newKernel(t testing.TB, config itsm.Config) (*itsm.Kernel, *workshop, *itsmtest.Clock) {
	t.Helper()
	var w *workshop
	if config.Store == nil {
		config.Store = memory.New()
	}
	k, clock := itsmtest.Kernel(t, config, func(k *itsm.Kernel) (err error) {
		w, err = newWorkshop(k)
		return err
	})
	return k, w, clock
}

func as(a itsm.Actor) context.Context { return itsm.WithActor(context.Background(), a) }

var (
	bob  = as(itsmtest.Requester("bob"))
	eve  = as(itsmtest.Requester("eve"))
	ann  = as(itsmtest.Agent("ann"))
	boss = as(itsmtest.Manager("max"))
	root = as(itsmtest.Administrator("root"))
	mail = as(itsmtest.Integration("mailgate", itsmtest.ActingFor("bob")))
	// mallory has every role, in another tenant
	mallory = as(itsmtest.Administrator("mallory", itsmtest.InTenant("umbra")))
)

func reported(t testing.TB, w *workshop, ctx context.Context, with ...itsm.Option) repair {
	t.Helper()
	r, err := w.report.Do(ctx, intake{Title: "Pump leaks"}, with...)
	require.NoError(t, err)
	return r
}

func started(t testing.TB, w *workshop) repair {
	t.Helper()
	r := reported(t, w, bob)
	r, err := w.start.Do(ann, r.ID, nothing{}, itsm.To("pumps", ""))
	require.NoError(t, err)
	return r
}

// counting counts the calls that a kernel makes, and can do something before each Apply.
type counting struct {
	itsm.Store
	mu     sync.Mutex
	calls  map[string]int
	before func(set *itsm.WriteSet) error
}

func newCounting(s itsm.Store) *counting { return &counting{Store: s, calls: map[string]int{}} }

func (c *counting) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[name]++
}

// taken answers the counts since it was last asked.
func (c *counting) taken() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = map[string]int{}
	return calls
}

// total answers how many calls there were since [counting.taken] or it was last asked.
func (c *counting) total() int {
	n := 0
	for _, calls := range c.taken() {
		n += calls
	}
	return n
}

func (c *counting) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if c.before != nil {
		if err := c.before(set); err != nil {
			return err
		}
	}
	err := c.Store.Apply(ctx, set)
	if err == nil {
		c.count("apply")
	} else {
		c.count("failed_apply")
	}
	return err
}

func (c *counting) Number(ctx context.Context, tenant, series string, above int64) (int64, error) {
	c.count("number")
	return c.Store.Number(ctx, tenant, series, above)
}

func (c *counting) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	snap, err := c.Store.Snapshot(ctx)
	c.count("snapshot")
	return countingSnapshot{snap, c}, err
}

type countingSnapshot struct {
	itsm.Snapshot
	c *counting
}

func (s countingSnapshot) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	s.c.count("get")
	return s.Snapshot.Get(ctx, key)
}

func (s countingSnapshot) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	s.c.count("owned")
	return s.Snapshot.Owned(ctx, dst, owner, kind)
}

func (s countingSnapshot) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	s.c.count("query")
	return s.Snapshot.Query(ctx, dst, q)
}

func (s countingSnapshot) Count(ctx context.Context, q *itsm.StoreQuery) (int64, error) {
	s.c.count("count")
	return s.Snapshot.Count(ctx, q)
}

func (s countingSnapshot) Timers(ctx context.Context, dst []itsm.Timer, key itsm.Key) ([]itsm.Timer, error) {
	s.c.count("timers")
	return s.Snapshot.Timers(ctx, dst, key)
}

func (s countingSnapshot) Receipt(ctx context.Context, key itsm.ReceiptKey) (*itsm.Receipt, error) {
	s.c.count("receipt")
	return s.Snapshot.Receipt(ctx, key)
}

func (s countingSnapshot) Events(ctx context.Context, dst []*itsm.Event, key itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	s.c.count("events")
	return s.Snapshot.Events(ctx, dst, key, after, limit)
}

func (s countingSnapshot) Rows(ctx context.Context, dst []itsm.Row, key itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	s.c.count("rows")
	return s.Snapshot.Rows(ctx, dst, key, kind, after, limit)
}

func (s countingSnapshot) FindRows(ctx context.Context, dst []itsm.Row, tenant string, kind itsm.RowKind, key string, limit int) ([]itsm.Row, error) {
	s.c.count("find_rows")
	return s.Snapshot.FindRows(ctx, dst, tenant, kind, key, limit)
}

func (s countingSnapshot) Close() {
	s.c.count("close")
	s.Snapshot.Close()
}

// partsOf answers what hangs under the record at hand.
func partsOf(u *itsm.Unit) ([]itsm.Ref, error) {
	rows, err := u.Rows(itsm.Links, 0, 0)
	if err != nil {
		return nil, err
	}
	var parts []itsm.Ref
	for _, row := range rows {
		var l itsm.Link
		if err := json.Unmarshal(row.Facts, &l); err != nil {
			return nil, err
		}
		if l.Name == itsm.ParentOf.Name {
			parts = append(parts, l.To)
		}
	}
	return parts, nil
}
