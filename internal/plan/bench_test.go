package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/internal/plan"
)

// ticket has 45 fields, as an incident has.
type ticket struct {
	ID          string       `json:"id"`
	Number      string       `json:"number"`
	Tenant      string       `json:"tenant"`
	Version     int64        `json:"version"`
	State       string       `json:"state"`
	Phase       uint8        `json:"phase"`
	Hold        string       `json:"hold"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Caller      string       `json:"caller"`
	For         string       `json:"for"`
	Opener      string       `json:"opener"`
	Assignee    string       `json:"assignee"`
	Group       string       `json:"group"`
	Service     string       `json:"service"`
	Category    string       `json:"category"`
	Sub         string       `json:"sub"`
	Channel     string       `json:"channel"`
	Impact      impact       `json:"impact"`
	Urgency     impact       `json:"urgency"`
	Priority    uint8        `json:"priority"`
	Override    bool         `json:"override"`
	Why         string       `json:"why"`
	Opened      time.Time    `json:"opened"`
	Updated     time.Time    `json:"updated"`
	Assigned    time.Time    `json:"assigned"`
	Responded   time.Time    `json:"responded"`
	Resolved    time.Time    `json:"resolved"`
	Closed      time.Time    `json:"closed"`
	Reopens     int          `json:"reopens"`
	Moves       int          `json:"moves"`
	OpenTasks   int          `json:"open_tasks"`
	Items       []string     `json:"items"`
	Watchers    []string     `json:"watchers"`
	Tags        []string     `json:"tags"`
	Parent      string       `json:"parent"`
	Problem     string       `json:"problem"`
	Change      string       `json:"change"`
	Major       string       `json:"major"`
	Manager     string       `json:"manager"`
	Code        string       `json:"code"`
	Notes       string       `json:"notes"`
	Cause       string       `json:"cause"`
	Effort      float64      `json:"effort"`
	Custom      field.Fields `json:"custom"`
}

func sample() ticket {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	return ticket{
		ID: "0190f1c2", Number: "INC0000042", Tenant: "acme", Version: 7, State: "assigned", Phase: 2, Title: "VPN down",
		Description: "Nobody reaches the gateway.", Caller: "u17", Assignee: "alice", Group: "network", Service: "vpn",
		Opened: at, Updated: at, Assigned: at, Items: []string{"gw1", "gw2"}, Watchers: []string{"u18"}, Tags: []string{"vpn"},
		Custom: field.FromMap(map[string]field.Value{"cost_center": field.Text("4711"), "site": field.Text("Bonn")}),
	}
}

// change is what a command does: a copy, detached, with three differences.
func change(p *plan.Plan, before *ticket) *ticket {
	after := *before
	p.Detach(plan.Pointer(&after))
	after.Version, after.State, after.Updated = 8, "in_progress", before.Updated.Add(time.Minute)
	return &after
}

func TestNoAllocations(t *testing.T) {
	p := of[ticket](t)
	before := sample()
	after := change(p, &before)
	dst, title := make([]int, 0, 8), p.Index("title")
	a, b := plan.Pointer(&before), plan.Pointer(after)
	assert.Len(t, p.Fields, 45)
	assert.Len(t, p.Diff(dst, a, b), 3)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_ = p.Diff(dst, a, b)
		_ = p.Set(title, b, p.Get(title, a))
		_ = p.Filled(title, b)
		_ = p.Check(b)
	}))
}

func BenchmarkDiff(b *testing.B) {
	p := of[ticket](b)
	before := sample()
	after := change(p, &before)
	decoded := change(p, &before)
	for i, f := range p.Fields { // no memory shared, as between two decoded records
		if f.Kind == field.KindText {
			text := strings.Clone(p.Get(i, plan.Pointer(&before)).Text())
			assert.NoError(b, p.Set(i, plan.Pointer(decoded), field.Text(text)))
		}
	}
	decoded.State = after.State
	dst := make([]int, 0, 8)
	for name, to := range map[string]*ticket{"copy": after, "decoded": decoded} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				dst = p.Diff(dst[:0], plan.Pointer(&before), plan.Pointer(to))
			}
		})
	}
}

func BenchmarkGetText(b *testing.B) {
	p := of[ticket](b)
	t := sample()
	rec, i := plan.Pointer(&t), p.Index("title")
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Get(i, rec)
	}
}

func BenchmarkSetText(b *testing.B) {
	p := of[ticket](b)
	t := sample()
	rec, i, v := plan.Pointer(&t), p.Index("title"), field.Text("VPN up")
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Set(i, rec, v)
	}
}

func BenchmarkDetach(b *testing.B) {
	p := of[ticket](b)
	t := sample()
	b.ReportAllocs()
	for b.Loop() {
		c := t
		p.Detach(plan.Pointer(&c))
	}
}
