package sla_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
)

// Law 2, clocks are functions: whatever people do, on whichever node, and wherever the machine's clock goes, what is kept is
// what the events say, with no repair; it is what the law says of the ticket's history, and what a walk by minutes counts.
func TestClocksAreFunctions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 20).Draw(t, "acts") {
			w.act(false)
			for _, ref := range w.tickets {
				w.requireTimers(ref)
				w.requireNothingToRepair(ref)
				w.requireLaw(ref)
			}
		}
		w.requireAllTold()
		for _, ref := range w.tickets {
			w.requireNothingToRepair(ref)
			w.requireWalk(ref)
			w.requireToldOnce(ref)
			itsmtest.RequireVerified(t, w.root, w.nodes[0].Kernel, ref)
		}
	})
}

// The same where agreements and calendars change at any time, on one node before the other: rows follow with the next
// event of their ticket, a repair of the open tickets leaves nothing to repair, and law 4, fire once, holds throughout. As
// long as no version is rewritten, or comes back after it was gone, there is never anything to repair.
func TestClocksFollowAgreements(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.keeps = rapid.Bool().Draw(t, "versions are never rewritten")
		for range rapid.IntRange(1, 20).Draw(t, "acts") {
			w.act(true)
			for _, ref := range w.tickets {
				w.requireTimers(ref)
				if w.keeps {
					w.requireNothingToRepair(ref)
				}
			}
		}
		w.open(0, 1)
		_, err := w.nodes[0].Clocks.RepairAll(w.root)
		require.NoError(t, err)
		w.forgotten = false
		w.requireAllTold()
		done, err := w.nodes[1].Clocks.RepairAll(w.root)
		require.NoError(t, err)
		require.Zero(t, done.Changed, "a repair finds nothing after a repair")
		for _, ref := range w.tickets {
			if rec, err := w.nodes[0].Get(w.root, ref); err != nil || rec.Header().Phase.Terminal() {
				require.NoError(t, err)
				_, err = w.nodes[0].Clocks.Repair(w.root, ref) // those that are over are repaired one by one
				if errors.Is(err, itsm.ErrRefused) {
					continue
				}
				require.NoError(t, err)
			}
			w.requireNothingToRepair(ref)
			w.requireTimers(ref)
			w.requireToldOnce(ref)
			itsmtest.RequireVerified(t, w.root, w.nodes[0].Kernel, ref)
		}
	})
}

// rows are a ticket's clocks as the store has them.
func (w *world) rows(ref itsm.Ref) (rows []*sla.Clock, timers map[string]time.Time) {
	snap, err := w.config.Store.Snapshot(w.root)
	require.NoError(w.t, err)
	defer snap.Close()
	key := itsm.Key{Tenant: itsmtest.Tenant, Kind: ref.Kind, ID: ref.ID}
	list, err := snap.Owned(w.root, nil, key, sla.ClockKind)
	require.NoError(w.t, err)
	for _, row := range list {
		rows = append(rows, row.(*sla.Clock))
	}
	pending, err := snap.Timers(w.root, nil, key)
	require.NoError(w.t, err)
	timers = map[string]time.Time{}
	for _, timer := range pending {
		if strings.HasPrefix(timer.Name, "sla ") {
			timers[timer.Name] = timer.Due
		}
	}
	return rows, timers
}

// Each clock has one timer, for the level that comes next, and there are no others. A timer that fired while nobody knew its
// agreement is gone, and its level waits for a repair by who knows it again.
func (w *world) requireTimers(ref itsm.Ref) {
	rows, timers := w.rows(ref)
	want := map[string]time.Time{}
	for _, c := range rows {
		require.Equal(w.t, c.Next == "", c.NextAt.IsZero())
		_, pending := timers["sla "+c.Agreement+"/"+c.Target]
		if c.Next != "" && !pending && !c.NextAt.After(w.clock.Now()) && (w.forgotten || !w.knows(c)) {
			continue
		}
		if c.Next != "" {
			want["sla "+c.Agreement+"/"+c.Target] = c.NextAt
		}
	}
	require.Equal(w.t, want, timers, "%s", ref)
}

// knows reports whether the agreements in force have the clock's version.
func (w *world) knows(c *sla.Clock) bool {
	return slices.ContainsFunc(w.config.Agreements, func(a sla.Agreement) bool { return a.Name == c.Agreement && a.Version == c.AgreementVersion })
}

// No open clock of a ticket is as other terms had it than those of the node that wrote last.
func (w *world) requireFresh(d *desk.Desk, ref itsm.Ref) {
	of := d.Clocks.Stale()
	page, err := d.Clocks.Find(w.root, itsm.Query{Filter: &of, Limit: 200})
	require.NoError(w.t, err)
	for _, c := range page.Records {
		require.NotEqual(w.t, ref, c.Ticket, "%s/%s is stale", c.Agreement, c.Target)
	}
}

func (w *world) requireNothingToRepair(ref itsm.Ref) {
	found, err := w.nodes[w.turn%2].Clocks.Check(w.root, ref)
	require.NoError(w.t, err)
	require.Empty(w.t, found, "%s", ref)
}

func (w *world) history(ref itsm.Ref) []itsm.Entry {
	history, err := w.nodes[0].History(w.root, ref, 0, 0)
	require.NoError(w.t, err)
	return history
}

// now is the instant as of which the ticket's clocks are told.
func (w *world) now(history []itsm.Entry) time.Time {
	if last := history[len(history)-1].At; last.After(w.clock.Now()) {
		return last
	}
	return w.clock.Now()
}

// What the keeper tells is what the law says of the history.
func (w *world) requireLaw(ref itsm.Ref) {
	history := w.history(ref)
	told, err := w.nodes[0].Clocks.Cycles(w.root, ref)
	require.NoError(w.t, err)
	current, err := w.nodes[1].Clocks.Clocks(w.root, ref)
	require.NoError(w.t, err)
	laws := must(sla.NewTerms(w.config.Agreements...)).Evaluate(ref.Kind, sla.Moments(history), w.now(history))
	line := func(s *sla.Status, now bool) string {
		text := fmt.Sprintf("%s/%s %d: %s, by %q, started %v, ended %v, within %v, used %v, due %v, breached %v", s.Agreement, s.Target,
			s.Cycle, s.State, s.EndedBy, s.Started, s.Ended, s.Within, s.Used, s.Due, s.Breached)
		if now {
			text += fmt.Sprintf(", now %v of %v left, %d%%", s.Elapsed, s.Remaining, s.Percent)
		}
		return text
	}
	var want, last, got, kept []string
	for i := range laws {
		l := &laws[i]
		want = append(want, line(l, false))
		if i == len(laws)-1 || laws[i+1].Target != l.Target || laws[i+1].Agreement != l.Agreement {
			last = append(last, line(l, true))
		}
	}
	for i := range told {
		got = append(got, line(&told[i], false))
	}
	for i := range current {
		kept = append(kept, line(&current[i], true))
	}
	slices.Sort(want)
	slices.Sort(got)
	slices.Sort(last)
	slices.Sort(kept)
	if w.clock.Now().Before(history[len(history)-1].At) {
		got = want // Cycles tells as of the machine's clock, which went back
	}
	require.Equal(w.t, want, got, "%s", ref)
	require.Equal(w.t, last, kept, "%s", ref)
}

// cycleLevel is one of a clock's cycle.
type cycleLevel struct {
	agreement, target, name string
	cycle                   int
}

// No level is told twice or before its instant, and those of a clock are told in the order of their instants.
func (w *world) requireToldOnce(ref itsm.Ref) {
	seen := map[cycleLevel]bool{}
	before := map[cycleLevel]time.Time{}
	once := func(l cycleLevel) {
		require.False(w.t, seen[l], "%s: %v is told twice", ref, l)
		seen[l] = true
	}
	for _, e := range w.history(ref) {
		for _, turn := range sla.Turns(&e) {
			require.True(w.t, turn.Agreement != "" && turn.Target != "" && turn.Cycle > 0 && turn.Did != "", "%s: %+v", ref, turn)
		}
		for _, l := range e.Levels() {
			if l.Suppressed {
				continue
			}
			once(cycleLevel{l.Agreement, l.Target, l.Level, l.Cycle})
			for _, name := range l.Skipped {
				once(cycleLevel{l.Agreement, l.Target, name, l.Cycle})
			}
			require.False(w.t, e.At.Before(l.Due), "%s: %s of %s came early", ref, l.Level, l.Target)
			cycle := cycleLevel{l.Agreement, l.Target, "", l.Cycle}
			if !w.rewritten {
				require.False(w.t, l.Due.Before(before[cycle]), "%s: %s of %s came out of order", ref, l.Level, l.Target)
			}
			before[cycle] = l.Due
		}
	}
}

// Once everything fired that is due, every level that a clock has come to was told or silenced.
func (w *world) requireAllTold() {
	require.NoError(w.t, w.clock.Advance(context.Background(), 0))
	now := w.clock.Now()
	for _, ref := range w.tickets {
		w.requireTimers(ref)
		rows, _ := w.rows(ref)
		rec, err := w.nodes[0].Get(w.root, ref)
		require.NoError(w.t, err)
		phase := rec.Header().Phase
		for _, c := range rows {
			require.False(w.t, c.Next != "" && !c.NextAt.After(now) && w.knows(c), "%s: %s of %s is still to be told", ref, c.Next, c.Target)
			i := slices.IndexFunc(w.config.Agreements, func(a sla.Agreement) bool { return a.Name == c.Agreement && a.Version == c.AgreementVersion })
			if c.State == sla.Cancelled || i < 0 {
				continue
			}
			a := &w.config.Agreements[i]
			j := slices.IndexFunc(a.Targets, func(t sla.Target) bool { return t.Name == c.Target })
			require.GreaterOrEqual(w.t, j, 0)
			target := &a.Targets[j]
			for _, l := range target.Levels {
				told := slices.Contains(c.Reached, l.Name) || slices.Contains(c.Silenced, l.Name)
				if !c.Since.IsZero() {
					if at := instantOf(a, target, c, l); !at.After(now) {
						require.True(w.t, told, "%s: %s of %s was due at %v and was not told", ref, l.Name, c.Target, at)
					}
					continue
				}
				// one that stands: what it came to before is told as well, unless the ticket was over before anybody noticed
				_, steady := target.Within[sla.AnyPriority]
				if steady && !w.edited && !phase.Terminal() && itsm.TicketOf(rec).Reopens == 0 && c.Used > threshold(c, l) && !w.waits(rec, c, l) {
					require.True(w.t, told, "%s: %s of %s had passed before it stood, and was not told", ref, l.Name, c.Target)
				}
			}
		}
	}
}

// waits reports whether a level that a clock had come to lies ahead again, and is still to be told, because the machine's
// clock went back: the ticket's last event then lies ahead as well, and the clock's timer fires when the instant comes again.
func (w *world) waits(rec itsm.Record, c *sla.Clock, l sla.Level) bool {
	now := w.clock.Now()
	i := slices.IndexFunc(c.Passed, func(p sla.Passed) bool { return p.Level == l.Name })
	return i >= 0 && c.Passed[i].At.After(now) && rec.Header().UpdatedAt.After(now) && c.Next != "" && c.NextAt.After(now)
}

// instantOf is when a running clock comes to a level.
func instantOf(a *sla.Agreement, t *sla.Target, c *sla.Clock, l sla.Level) (at time.Time) {
	hours := a.Calendar
	if hours == nil {
		hours = calendar.Always()
	}
	if t.Deadline != "" {
		if at = must(hours.Add(c.Due, l.Offset)); at.Before(c.Since) {
			at = c.Since
		}
		return at
	}
	if left := threshold(c, l) - c.Used; left > 0 {
		return must(hours.Add(c.Since, left))
	}
	return c.Since
}

// threshold is the time used at which a level lies.
func threshold(c *sla.Clock, l sla.Level) time.Duration {
	if l.Percent == 0 {
		return c.Within + l.Offset
	}
	return c.Within * time.Duration(l.Percent) / 100
}

// walk goes over the minutes between two instants and counts those that are open, up to a working time; edges of
// calendars lie at whole minutes.
func walk(hours *calendar.Calendar, from, to time.Time, most time.Duration) (used time.Duration, at time.Time) {
	for at = from; at.Before(to) && used < most; {
		next := at.Truncate(time.Minute).Add(time.Minute)
		if next.After(to) {
			next = to
		}
		if hours.Contains(at) {
			if left := most - used; next.Sub(at) > left {
				next = at.Add(left)
			}
			used += next.Sub(at)
		}
		at = next
	}
	return used, at
}

// The clock of the resolution, counted minute by minute from the ticket's history, and when it is due.
func (w *world) requireWalk(ref itsm.Ref) {
	const forever = 1 << 62
	history := w.history(ref)
	now := w.now(history)
	var used time.Duration
	phase, hold := "", ""
	priority := itsm.Priority(0)
	for i, e := range history {
		for _, c := range e.Changes {
			switch c.Field {
			case "phase":
				phase = c.To.Text()
			case "hold":
				hold = c.To.Text()
			case "priority":
				priority = itsm.Priority(c.To.Int())
			}
		}
		end := now
		if i+1 < len(history) {
			end = history[i+1].At
		}
		if hold != string(itsm.HoldCaller) && slices.Contains([]string{"new", "active", "waiting"}, phase) {
			more, _ := walk(brussels, e.At, end, forever)
			used += more
		}
	}
	clocks, err := w.nodes[0].Clocks.Clocks(w.root, ref)
	require.NoError(w.t, err)
	i := slices.IndexFunc(clocks, func(c sla.Status) bool { return c.Agreement == "gold" && c.Target == "resolution" })
	require.GreaterOrEqual(w.t, i, 0)
	c := clocks[i]
	require.Equal(w.t, used, c.Elapsed, "%s", ref)
	if c.State != sla.Running {
		require.Zero(w.t, c.Due)
		return
	}
	within := map[itsm.Priority]time.Duration{1: 2 * time.Hour, 2: 4 * time.Hour, 3: 8 * time.Hour, 4: 16 * time.Hour}[priority]
	require.Equal(w.t, within, c.Within)
	if left := within - used; left > 0 {
		_, due := walk(brussels, now, now.AddDate(1, 0, 0), left)
		require.Equal(w.t, due.UTC(), c.Due, "%s", ref)
	} else {
		require.False(w.t, c.Due.After(now), "%s", ref)
	}
}
