package incident_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// counting counts what a kernel asks of its store.
type counting struct {
	itsm.Store
	calls atomic.Int64
}

func (c *counting) Apply(ctx context.Context, set *itsm.WriteSet) error {
	c.calls.Add(1)
	return c.Store.Apply(ctx, set)
}

func (c *counting) Claim(ctx context.Context, now, until time.Time, limit int) ([]itsm.Timer, error) {
	c.calls.Add(1)
	return c.Store.Claim(ctx, now, until, limit)
}

func (c *counting) NextDue(ctx context.Context) (time.Time, bool, error) {
	c.calls.Add(1)
	return c.Store.NextDue(ctx)
}

func (c *counting) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	c.calls.Add(1)
	return c.Store.Snapshot(ctx)
}

// crowd opens a desk with open incidents, each with a timer that is due a minute after the one before, and answers it
// with its clock.
func crowd(t testing.TB, incidents int) (*itsm.Kernel, *itsmtest.Clock, *counting) {
	store := &counting{Store: memory.New()}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC))
	k, err := itsm.New(itsm.Config{Store: store, Clock: clock, Authorizer: itsm.DefaultGrants()})
	require.NoError(t, err)
	s, err := incident.New(k, incident.Config{})
	require.NoError(t, err)
	due := clock.Now()
	k.Hook(itsm.Hook{Name: "follow up", BeforeCommit: func(u *itsm.Unit, c itsm.Change) error {
		if c.Before != nil {
			return nil
		}
		due = due.Add(time.Minute)
		return u.SetTimer("follow_up", due, itsm.TriggerNote, itsm.WorkNote{Body: "Has anybody looked?"})
	}})
	require.NoError(t, k.Open(t.Context()))
	bob := itsmtest.As(context.Background(), itsmtest.Requester("bob"))
	for i := range incidents {
		_, err := s.Report(bob, incident.Report{Title: fmt.Sprintf("Printer %d is out of paper", i), Impact: itsm.Low, Service: "print"})
		require.NoError(t, err)
	}
	return k, clock, store
}

func TestFiringAsksTheStoreForWhatIsDueOnly(t *testing.T) {
	calls := map[int]int64{}
	for _, pending := range []int{200, 4_000} {
		k, clock, store := crowd(t, pending)
		clock.Set(clock.Now().Add(100 * time.Minute))
		before := store.calls.Load()
		fired, err := k.FireDue(context.Background())
		require.NoError(t, err)
		require.Equal(t, 100, fired)
		calls[pending] = store.calls.Load() - before
	}
	require.Equal(t, calls[200], calls[4_000], "firing 100 due timers asks the store as often among 200 as among 4,000")
}

// BenchmarkFireDue fires 1,000 due timers among many that are pending.
func BenchmarkFireDue(b *testing.B) {
	for _, pending := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("1000 of %d", pending), func(b *testing.B) {
			if testing.Short() && pending > 100_000 {
				b.Skip("reports a million incidents: run it without -short")
			}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			k, clock, store := crowd(b, pending)
			runtime.GC()
			runtime.ReadMemStats(&after)
			calls, rounds := store.calls.Load(), 0
			start := clock.Now()
			for b.Loop() {
				if rounds++; rounds*1000 > pending {
					b.Fatal("more rounds than timers: run with -benchtime 8x")
				}
				clock.Set(start.Add(time.Duration(rounds) * 1000 * time.Minute))
				fired, err := k.FireDue(context.Background())
				if err != nil || fired != 1000 {
					b.Fatal(fired, err)
				}
			}
			b.ReportMetric(float64(store.calls.Load()-calls)/float64(rounds), "store-calls/op")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(pending), "B/incident")
			runtime.KeepAlive(k)
		})
	}
}
