package recurring_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/recurring"
	"github.com/itsmkit/itsmkit/store/memory"
)

// flaky is a store that now and then fails as a machine does: before it wrote, or after.
type flaky struct {
	itsm.Store
	before, after bool
}

var errCrash = errors.New("the machine stopped")

func (f *flaky) Apply(ctx context.Context, set *itsm.WriteSet) error {
	if f.before {
		f.before = false
		return errCrash
	}
	err := f.Store.Apply(ctx, set)
	if err == nil && f.after {
		f.after = false
		return errCrash
	}
	return err
}

// TestNoOccurrenceRunsTwice lets anything happen to a recurrence: commands, clocks that jump forward and back, nodes that
// come and go, a store that fails before or after it wrote. No occurrence runs twice, none of a schedule in force is
// forgotten, what ran has made one record, and an active recurrence waits for its next occurrence.
func TestNoOccurrenceRunsTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, clock := &flaky{Store: memory.New()}, itsmtest.NewClock(at(t, "2026-03-27 09:00"))
		d := newDeskOn(t, store, clock)
		nodes := []*fixture{d}
		plan := daily()
		plan.Schedule = drawSpec(t)
		plan.Missed = rapid.SampledFrom([]recurring.Missed{"", recurring.RunAll, recurring.Drop}).Draw(t, "missed")
		plan.OneAtATime = rapid.IntRange(0, 3).Draw(t, "one at a time") == 0
		r := d.planned(plan)
		for range rapid.IntRange(1, 40).Draw(t, "events") {
			who := rapid.SampledFrom(nodes).Draw(t, "node")
			var err error
			switch rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 12, 13, 20, 20, 20, 20, 20}).Draw(t, "event") {
			case 12: // a clock that is put back meanwhile
				if _, err = who.Suspend(d.ann, r.ID, "The clock is wrong."); err != nil {
					break
				}
				clock.Set(clock.Now().Add(-drawSpan(t, day)))
				_, err = who.Resume(d.ann, r.ID)
			case 13:
				clock.Set(clock.Now().Add(-drawSpan(t, day)))
				_, err = who.Reschedule(d.ann, r.ID, d.get(r.ID).Schedule)
			case 0:
				_, err = who.Suspend(d.ann, r.ID, "Not now.")
			case 1, 2:
				_, err = who.Resume(d.ann, r.ID)
			case 3:
				_, err = who.Reschedule(d.ann, r.ID, drawSpec(t))
			case 4:
				_, err = who.RunNow(d.ann, r.ID)
			case 5: // nobody works meanwhile
				clock.Set(clock.Now().Add(drawSpan(t, 5*day)))
			case 6:
				clock.Set(clock.Now().Add(-drawSpan(t, 3*time.Hour)))
			case 7:
				if len(nodes) < 4 {
					nodes = append(nodes, newDeskOn(t, store, clock))
				}
			case 8:
				store.before = true
			case 9:
				store.after = true
			default:
				d.pass(drawSpan(t, 2*day))
			}
			if err != nil && !errors.Is(err, errCrash) {
				require.NotEqual(t, itsm.Code("internal"), itsm.CodeOf(err), "%v", err)
			}
		}
		store.before, store.after = false, false
		d.pass(time.Minute) // whoever had a timer in hand lets it go
		d.accountsForAll(t, r.ID)
	})
}

func drawSpan(t *rapid.T, most time.Duration) time.Duration {
	return time.Duration(rapid.Int64Range(0, int64(most/time.Minute)).Draw(t, "span")) * time.Minute
}

func drawSpec(t *rapid.T) recurring.Spec {
	spec := recurring.Spec{
		Cron: rapid.SampledFrom([]string{"0 * * * *", "30 2 * * *", "0 10 * * MON-FRI", "@every 7h", "15 */3 * * *", "0 0 * * *"}).Draw(t, "cron"),
		Zone: rapid.SampledFrom([]string{"UTC", "Europe/Brussels", "Africa/Cairo", "Australia/Lord_Howe"}).Draw(t, "zone"),
	}
	if rapid.IntRange(0, 2).Draw(t, "calendar") == 0 {
		spec.Calendar, spec.Closed = "support", recurring.NextOpening
	}
	if rapid.IntRange(0, 4).Draw(t, "until") == 0 {
		spec.Until = at(t, "2026-04-03 00:00")
	}
	return spec
}

// accountsForAll goes through a history.
func (d *fixture) accountsForAll(t *rapid.T, id string) {
	events, err := d.History(d.root, id, 0, 0)
	require.NoError(t, err)
	ran := map[time.Time]bool{}
	done := 0
	for i := range events {
		after, err := d.At(d.root, id, events[i].Version)
		require.NoError(t, err)
		for _, run := range recurring.RunsOf(&events[i]) {
			if run.Outcome == recurring.Done {
				done++
			}
			if run.ByHand {
				continue
			}
			require.False(t, ran[run.Nominal], "%s came twice", run.Nominal)
			ran[run.Nominal] = true
			before, err := d.At(d.root, id, events[i].Version-1)
			require.NoError(t, err)
			require.Equal(t, before.Next, run.Nominal, "it was the one that was awaited")
			if run.Outcome == recurring.Withdrawn {
				continue
			}
			schedule, err := d.Schedule(before.Schedule)
			require.NoError(t, err)
			last := run.Nominal
			if !run.Last.IsZero() {
				last = run.Last
				require.True(t, slices.ContainsFunc(slices.Collect(schedule.Between(last, last.Add(1))), last.Equal), "the last that is left out is one")
			}
			next, err := schedule.Next(last)
			if errors.Is(err, recurring.ErrNone) {
				require.Zero(t, after.Next)
			} else {
				require.Equal(t, next.UTC(), after.Next, "the next is counted from it")
			}
		}
	}
	made := map[time.Time]int{}
	for _, inc := range d.made() {
		history, err := d.incidents.History(d.root, inc.ID, 0, 1)
		require.NoError(t, err)
		if run := recurring.RunsOf(&history[0])[0]; !run.ByHand {
			made[run.Nominal]++
			require.Equal(t, 1, made[run.Nominal], "%s made two records", run.Nominal)
		}
	}
	require.Equal(t, done, len(d.made()), "what ran made a record, and nothing else did")

	r := d.get(id)
	require.Equal(t, r.State == recurring.StateActive, !r.Next.IsZero())
	if r.Next.IsZero() {
		itsmtest.RequireNothingPending(t, d.root, d.kernel, r.Ref())
	} else {
		itsmtest.RequireTimer(t, d.root, d.kernel, r.Ref(), recurring.TimerOf(r.Next), r.Next)
	}
	itsmtest.RequireVerified(t, d.root, d.kernel, r.Ref())
}
