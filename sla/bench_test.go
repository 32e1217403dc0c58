package sla_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

// BenchmarkLife is a life of eight commands on the memory store: without agreements, the floor, and with two targets of
// three levels each on every incident.
func BenchmarkLife(b *testing.B) {
	levels := []sla.Level{{Name: "half", Percent: 50}, {Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}}
	within := map[itsm.Priority]time.Duration{sla.AnyPriority: 8 * time.Hour}
	two := agreement(
		sla.Target{Name: "first response", Kind: sla.FirstResponse, Within: within, Levels: levels},
		sla.Target{
			Name: "resolution", Kind: sla.TotalResolution, Within: within, Levels: levels,
			Pause: sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}},
		},
	)
	for name, agreements := range map[string][]sla.Agreement{"none": nil, "two_targets": {*two}} {
		b.Run(name, func(b *testing.B) {
			clock := itsmtest.NewClock(at("2026-03-02 09:00"))
			d := must(desk.Open(context.Background(), desk.Config{Store: memory.New(), Clock: clock, Agreements: agreements}))
			ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
			bob := itsmtest.As(context.Background(), itsmtest.Requester("bob"))
			b.ReportAllocs()
			for b.Loop() {
				life(b, d, ann, bob)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(8*b.N), "ns/command")
		})
	}
}

func life(b *testing.B, d *desk.Desk, ann, bob context.Context) {
	ok := func(_ incident.Incident, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	inc, err := d.Incidents.Report(bob, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	ok(inc, err)
	ok(d.Incidents.Assign(ann, inc.ID, incident.Assignment{Group: "network"}))
	ok(d.Incidents.Start(ann, inc.ID, itsm.To("", "ann")))
	ok(d.Incidents.Hold(ann, inc.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which one?"}))
	ok(d.Incidents.Comment(bob, inc.ID, itsm.Comment{Body: "The blue one."}))
	ok(d.Incidents.Note(ann, inc.ID, "Seen before."))
	ok(d.Incidents.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rebooted."}))
	ok(d.Incidents.Confirm(bob, inc.ID))
}

func BenchmarkStatus(b *testing.B) {
	f := newFixture(b, gold())
	page, err := f.Clocks.Find(f.ann, itsm.Query{})
	if err != nil || len(page.Records) == 0 {
		b.Fatal(err)
	}
	c, now := &page.Records[len(page.Records)-1], at("2026-03-02 11:17")
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s := f.Clocks.Status(c, now)
			if s.Percent == 0 {
				b.Fatal(s)
			}
		}
	})
	b.Run("floor", func(b *testing.B) { // the calendar's answer alone
		for b.Loop() {
			if d, err := brussels.Between(c.Since, now); err != nil || d == 0 {
				b.Fatal(d, err)
			}
		}
	})
}

// counting counts what the kernel asks of its store.
type counting struct {
	*memory.Store
	calls int
}

func (c *counting) Apply(ctx context.Context, set *itsm.WriteSet) error {
	c.calls++
	return c.Store.Apply(ctx, set)
}

func (c *counting) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	c.calls++
	return c.Store.Claim(ctx, now, until, limit)
}

func (c *counting) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	c.calls += len(sets)
	return c.Store.ApplyAll(ctx, sets)
}

func (c *counting) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	c.calls += len(keys)
	return c.Store.Fetch(ctx, dst, keys)
}

func (c *counting) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	c.calls++
	return c.Store.Find(ctx, dst, q)
}

func (c *counting) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	c.calls++
	return c.Store.Get(ctx, key)
}

func (c *counting) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	c.calls++
	return c.Store.Owned(ctx, dst, owner, kind)
}

func (c *counting) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	c.calls++
	return c.Store.Snapshot(ctx)
}

// running opens a desk with running clocks, of which a thousand come to a level each second from an instant on.
func running(t testing.TB, clocks int) (*desk.Desk, *itsmtest.Clock, *counting) {
	clock := itsmtest.NewClock(at("2026-03-02 09:00"))
	store := &counting{Store: memory.New()}
	a := sla.Agreement{
		Name: "gold", Class: sla.ServiceLevel, Kinds: []string{incident.Kind},
		Targets: []sla.Target{{
			Name: "resolution", Kind: sla.TotalResolution,
			Within: map[itsm.Priority]time.Duration{sla.AnyPriority: 10_000 * time.Hour},
			Levels: []sla.Level{{Name: "breach", Percent: 100}},
		}},
	}
	d := must(desk.Open(context.Background(), desk.Config{Store: store, Clock: clock, Agreements: []sla.Agreement{a}}))
	bob := itsmtest.As(context.Background(), itsmtest.Requester("bob"))
	for i := range clocks {
		if _, err := d.Incidents.Report(bob, incident.Report{Title: "VPN down"}); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 999 {
			clock.Set(clock.Now().Add(time.Second))
		}
	}
	clock.Set(at("2026-03-02 09:00").Add(10_000*time.Hour - time.Second))
	return d, clock, store
}

// BenchmarkFire fires 1,000 levels that are due among many running clocks.
func BenchmarkFire(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			if testing.Short() && n > 100_000 {
				b.Skip("starts a million clocks: run it without -short")
			}
			d, clock, store := running(b, n)
			for i := 0; b.Loop(); i++ {
				if i == n/1000 {
					b.Fatalf("give it %d rounds at most", i)
				}
				store.calls = 0
				clock.Set(clock.Now().Add(time.Second))
				if fired, err := d.FireDue(context.Background()); err != nil || fired != 1000 {
					b.Fatal(fired, err)
				}
			}
			b.ReportMetric(float64(store.calls), "calls/round")
		})
	}
}
