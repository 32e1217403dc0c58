package sla_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/conversation"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

// What users of other desks reported of their clocks, each test named after what went wrong.

// https://github.com/zammad/zammad/issues/904
func TestAMergedTicketStillEscalates(t *testing.T) {
	f := newFixture(t, gold())
	survivor, err := f.Incidents.Report(f.ann, incident.Report{Title: "VPN down", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	duplicate, err := f.Incidents.Report(f.ann, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	require.NoError(t, err)
	_, err = f.Incidents.Merge(f.ann, f.ref.ID, survivor.Ref())
	require.NoError(t, err)
	_, err = f.Incidents.Cancel(f.ann, duplicate.ID, incident.Cancel{Reason: incident.Duplicate, Original: survivor.Ref()})
	require.NoError(t, err)
	for _, ref := range []itsm.Ref{f.ref, duplicate.Ref()} {
		f.ref = ref
		require.Empty(t, f.timers(t))
		require.NoError(t, f.clock.Advance(f.root, 100*time.Hour))
		assert.Empty(t, f.levels(t))
		assert.Equal(t, sla.Cancelled, f.clockOf(t, "resolution").State)
		assert.Zero(t, f.clockOf(t, "resolution").Due)
	}
	f.ref = survivor.Ref()
	assert.Empty(t, f.timers(t), "P4 has no target, and what was merged into it brings none")
}

// https://github.com/zammad/zammad/issues/1322
func TestAReplyByAnotherChannelStartsNoClock(t *testing.T) {
	next := sla.Target{Name: "next response", Kind: sla.NextResponse, Within: map[itsm.Priority]time.Duration{sla.AnyPriority: time.Hour}}
	mail := itsmtest.As(context.Background(), itsmtest.Integration("mail"))
	for channel, write := range map[string]func(f *fixture) error{
		"page": func(f *fixture) error {
			_, err := f.Incidents.Comment(f.bob, f.ref.ID, itsm.Comment{Body: "Well?"})
			return err
		},
		"reply": func(f *fixture) error {
			_, err := f.Incidents.Reply(f.bob, f.ref.ID, itsm.Comment{Body: "Well?", Channel: "phone"})
			return err
		},
		"by name": func(f *fixture) error {
			_, err := f.Do(f.bob, f.ref, itsm.TriggerComment, itsm.Comment{Body: "Well?"})
			return err
		},
		"mail": func(f *fixture) error {
			_, err := f.Conversation.Receive(mail, conversation.Message{
				Channel: "mail", ID: "1@example.org", From: conversation.Address{Address: "bob@example.org"},
				Subject: "Re: [" + f.ref.ID + "] VPN down", Body: "Well?",
			})
			return err
		},
		"chat": func(f *fixture) error {
			_, err := f.Conversation.Receive(mail, conversation.Message{
				Channel: "chat", ID: "1", From: conversation.Address{Address: "bob@example.org"}, Record: f.ref.ID, Body: "Well?",
			})
			return err
		},
	} {
		t.Run(channel, func(t *testing.T) {
			f := newFixture(t, *agreement(next))
			f.config.Directory = itsmtest.Directory{People: []itsm.Profile{{ID: "bob", Mail: "bob@example.org"}}}
			f.Desk = must(desk.Open(context.Background(), f.config))
			_, err := f.Incidents.Comment(f.ann, f.ref.ID, itsm.Comment{Body: "We are at it."})
			require.NoError(t, err)
			clocks, err := f.Clocks.Clocks(f.ann, f.ref)
			require.NoError(t, err)
			require.Empty(t, clocks)
			require.NoError(t, f.clock.Advance(f.ann, 10*time.Minute))
			require.NoError(t, write(f))
			c := f.clockOf(t, "next response")
			assert.Equal(t, sla.Running, c.State)
			assert.True(t, c.Due.Equal(at("2026-03-02 10:10")), c.Due)
		})
	}
}

// https://github.com/zammad/zammad/issues/3551
func TestAnAnswerThatAlsoPausesIsNoAnswer(t *testing.T) {
	first := response()
	first.Kind, first.Stop = sla.FirstResponse, sla.Condition{}
	f := newFixture(t, *agreement(first))
	require.NoError(t, f.clock.Advance(f.ann, 4*time.Hour))
	require.NoError(t, f.hold())
	c := f.clockOf(t, "first response")
	assert.Equal(t, sla.Completed, c.State)
	assert.Equal(t, 4*time.Hour, c.Elapsed)
	require.NoError(t, f.clock.Advance(f.ann, 4*time.Hour))
	require.NoError(t, f.resume())
	after := f.clockOf(t, "first response")
	assert.Equal(t, c.Ended, after.Ended, "and it stays answered")
}

// https://github.com/zammad/zammad/issues/4353
func TestAnAgreementIsRemovedAndTheEscalationStays(t *testing.T) {
	for name, next := range map[string]func(*fixture) error{
		"with the next event": func(f *fixture) error { _, err := f.Incidents.Note(f.ann, f.ref.ID, "hm"); return err },
		"by Apply":            func(f *fixture) error { return f.Clocks.Apply(f.root, f.ref) },
		"by ApplyAll":         func(f *fixture) error { _, err := f.Clocks.ApplyAll(f.root); return err },
		"when its timer fires": func(f *fixture) error {
			f.clock.Set(f.clock.Now().Add(8 * time.Hour))
			_, err := f.FireDue(f.ann)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, gold())
			f.config.Agreements = nil
			f.Desk = must(desk.Open(context.Background(), f.config))
			require.NoError(t, next(f))
			require.NoError(t, f.clock.Advance(f.ann, 100*time.Hour))
			assert.Empty(t, f.timers(t))
			assert.Empty(t, f.levels(t))
			c := f.clockOf(t, "resolution")
			assert.Equal(t, sla.Cancelled, c.State)
			assert.Equal(t, sla.AgreementGone, c.EndedBy)
		})
	}
}

// https://github.com/zammad/zammad/issues/534
func TestACalendarIsEditedAndEscalationsStay(t *testing.T) {
	f := newFixture(t, gold())
	early := gold()
	early.Calendar = must(calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-11:00")}))
	f.config.Agreements = []sla.Agreement{early}
	f.Desk = must(desk.Open(context.Background(), f.config))
	due := at("2026-03-03 11:00")
	require.True(t, f.clockOf(t, "resolution").Due.Equal(due), "who reads gets the new due at once")
	stale := f.Clocks.Stale()
	n, err := f.Clocks.Count(f.ann, itsm.Query{Filter: &stale})
	require.NoError(t, err)
	require.EqualValues(t, 2, n)

	done, err := f.Clocks.RepairAll(f.root)
	require.NoError(t, err)
	require.Equal(t, sla.Reviewed{Tickets: 1, Changed: 1}, done)
	require.True(t, f.timers(t)["sla gold/resolution"].Equal(at("2026-03-03 10:00")), "75% of four hours")
	soon := sla.DueBetween(due, due.Add(1))
	n, err = f.Clocks.Count(f.ann, itsm.Query{Filter: &soon})
	require.NoError(t, err)
	assert.EqualValues(t, 2, n, "and so do queries")
}

// watched counts what is asked of a store, and how many events are read.
type watched struct {
	*memory.Store
	calls, events int
}

func (w *watched) Apply(ctx context.Context, set *itsm.WriteSet) error {
	w.calls++
	return w.Store.Apply(ctx, set)
}

func (w *watched) ApplyAll(ctx context.Context, sets []*itsm.WriteSet) []error {
	w.calls += len(sets)
	return w.Store.ApplyAll(ctx, sets)
}

func (w *watched) Fetch(ctx context.Context, dst []itsm.Record, keys []itsm.Key) ([]itsm.Record, error) {
	w.calls += len(keys)
	return w.Store.Fetch(ctx, dst, keys)
}

func (w *watched) Find(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	w.calls++
	return w.Store.Find(ctx, dst, q)
}

func (w *watched) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	w.calls++
	return w.Store.Get(ctx, key)
}

func (w *watched) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	w.calls++
	return w.Store.Owned(ctx, dst, owner, kind)
}

func (w *watched) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	snap, err := w.Store.Snapshot(ctx)
	return &watchedView{snap, w}, err
}

type watchedView struct {
	itsm.Snapshot
	w *watched
}

func (v *watchedView) Get(ctx context.Context, key itsm.Key) (itsm.Record, error) {
	v.w.calls++
	return v.Snapshot.Get(ctx, key)
}

func (v *watchedView) Query(ctx context.Context, dst []itsm.Record, q *itsm.StoreQuery) ([]itsm.Record, error) {
	v.w.calls++
	return v.Snapshot.Query(ctx, dst, q)
}

func (v *watchedView) Owned(ctx context.Context, dst []itsm.Record, owner itsm.Key, kind string) ([]itsm.Record, error) {
	v.w.calls++
	return v.Snapshot.Owned(ctx, dst, owner, kind)
}

func (v *watchedView) Events(ctx context.Context, dst []*itsm.Event, key itsm.Key, after int64, limit int) ([]*itsm.Event, error) {
	v.w.calls++
	found, err := v.Snapshot.Events(ctx, dst, key, after, limit)
	v.w.events += len(found) - len(dst)
	return found, err
}

// watching is a fixture whose store is watched.
func watching(t *testing.T, agreements ...sla.Agreement) (*fixture, *watched) {
	f := newFixture(t)
	w := &watched{Store: memory.New()}
	f.config.Store, f.config.Agreements = w, agreements
	f.Desk = must(desk.Open(context.Background(), f.config))
	inc, err := f.Incidents.Report(f.ann, incident.Report{Caller: "bob", Title: "VPN down", Impact: itsm.High, Urgency: itsm.High, Group: "network"})
	require.NoError(t, err)
	f.ref = inc.Ref()
	return f, w
}

// https://github.com/zammad/zammad/issues/192
func TestReopeningTakesFortySeconds(t *testing.T) {
	reopening := func(tickets, notes int) (calls, events int) {
		f, store := watching(t, gold())
		for range tickets {
			_, err := f.Incidents.Report(f.ann, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
			require.NoError(t, err)
		}
		for range notes {
			_, err := f.Incidents.Note(f.ann, f.ref.ID, "hm")
			require.NoError(t, err)
		}
		require.NoError(t, f.resolve())
		store.calls, store.events = 0, 0
		_, err := f.Incidents.Reopen(f.ann, f.ref.ID, incident.Reopen{Reason: "again"})
		require.NoError(t, err)
		return store.calls, store.events
	}
	calls, events := reopening(0, 0)
	assert.Zero(t, events, "no event is read")
	assert.LessOrEqual(t, calls, 6)
	for _, size := range [][2]int{{1000, 0}, {0, 1000}} {
		more, events := reopening(size[0], size[1])
		assert.Zero(t, events)
		assert.Equal(t, calls, more, "whatever the number of tickets and the length of the history")
	}
}

// https://github.com/zammad/zammad/issues/6226
func TestAnImportCollapses(t *testing.T) {
	f, store := watching(t, gold())
	past := f.clock.Now().Add(-30 * 24 * time.Hour)
	inc, err := f.Incidents.Report(f.root, incident.Report{Title: "Old", Impact: itsm.High, Urgency: itsm.High, Group: "network"}, itsm.At(past))
	require.NoError(t, err)
	store.calls, store.events = 0, 0
	steps := 0
	step := func(err error) {
		require.NoError(t, err)
		steps++
	}
	for range 100 {
		past = past.Add(time.Hour)
		_, err = f.Incidents.Hold(f.root, inc.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which one?"}, itsm.At(past))
		step(err)
		_, err = f.Incidents.Resume(f.root, inc.ID, itsm.At(past.Add(time.Minute)))
		step(err)
		_, err = f.Incidents.Note(f.root, inc.ID, "hm", itsm.At(past.Add(2*time.Minute)))
		step(err)
	}
	assert.Zero(t, store.events, "no step reads the history")
	assert.LessOrEqual(t, store.calls, 6*steps)
	found, err := f.Clocks.Check(f.root, inc.Ref())
	require.NoError(t, err)
	assert.Empty(t, found)
}

// https://github.com/zammad/zammad/issues/2579
func TestStatisticsOfClosedTicketsAreNotFilled(t *testing.T) {
	f := newFixture(t, gold())
	require.NoError(t, f.hold())
	require.NoError(t, f.clock.Advance(f.ann, time.Hour))
	require.NoError(t, f.resume())
	require.NoError(t, f.clock.Advance(f.ann, 5*time.Hour))
	require.NoError(t, f.resolve())
	_, err := f.Incidents.Confirm(f.bob, f.ref.ID)
	require.NoError(t, err)
	completed := itsm.All(itsm.Where("state").In(string(sla.Completed)), itsm.Where("target").Is("resolution"))
	page, err := f.Clocks.Find(f.ann, itsm.Query{Filter: &completed})
	require.NoError(t, err)
	require.Len(t, page.Records, 1)
	c := page.Records[0]
	assert.Equal(t, 5*time.Hour, c.Used, "without the hour on hold")
	assert.Equal(t, 4*time.Hour, c.Within)
	assert.True(t, c.Breached.Equal(at("2026-03-02 14:00")), c.Breached)
	assert.True(t, c.Ended.Equal(at("2026-03-02 15:00")), c.Ended)
	missed := itsm.All(completed, sla.MissedBy(f.clock.Now()))
	n, err := f.Clocks.Count(f.ann, itsm.Query{Filter: &missed})
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
}

// https://github.com/glpi-project/glpi/issues/1912
func TestPendingTimeIsCounted(t *testing.T) {
	f := newFixture(t, gold())
	var used time.Duration
	for i, pause := range []time.Duration{time.Minute, time.Hour, 20 * time.Hour, 100 * time.Hour} {
		if i > 0 {
			require.NoError(t, f.resume())
		}
		require.NoError(t, f.clock.AdvanceTo(f.ann, must(brussels.Add(f.clock.Now(), 30*time.Minute))))
		used += 30 * time.Minute
		require.NoError(t, f.hold())
		require.NoError(t, f.clock.Advance(f.ann, pause))
		c := f.clockOf(t, "resolution")
		assert.Equal(t, used, c.Elapsed)
		assert.Equal(t, 4*time.Hour-used, c.Remaining)
		assert.Zero(t, c.Due)
	}
	explained, err := f.Clocks.Explain(f.ann, f.ref, "gold", "resolution")
	require.NoError(t, err)
	require.Len(t, explained, 1)
	var sum time.Duration
	for _, line := range explained[0].Lines {
		sum += line.Used
		if line.Reason == calendar.ReasonPause {
			assert.Zero(t, line.Used)
		}
	}
	assert.Equal(t, used, sum, "the stretches add up")
}

// https://github.com/OCA/helpdesk/pull/837 and https://github.com/OCA/helpdesk/pull/157
func TestADeadlineIsComputedAgainOnAClosedTicket(t *testing.T) {
	f := newFixture(t, gold())
	require.NoError(t, f.clock.Advance(f.ann, time.Hour))
	require.NoError(t, f.resolve())
	_, err := f.Incidents.Confirm(f.bob, f.ref.ID)
	require.NoError(t, err)
	closed, err := f.Clocks.Clocks(f.ann, f.ref)
	require.NoError(t, err)
	later := gold()
	later.Version, later.Targets = 2, []sla.Target{resolution()}
	later.Targets[0].Within = map[itsm.Priority]time.Duration{sla.AnyPriority: time.Minute}
	other := gold()
	other.Calendar = nil
	for _, agreements := range [][]sla.Agreement{{gold(), later}, {other}, nil, {gold()}} {
		f.config.Agreements = agreements
		f.Desk = must(desk.Open(context.Background(), f.config))
		_, err := f.Clocks.ApplyAll(f.root)
		require.NoError(t, err)
		_, err = f.Clocks.RepairAll(f.root)
		require.NoError(t, err)
		_, err = f.Incidents.Note(f.ann, f.ref.ID, "One more thing.")
		require.NoError(t, err)
		require.NoError(t, f.clock.Advance(f.ann, 10*time.Hour))
		now, err := f.Clocks.Clocks(f.ann, f.ref)
		require.NoError(t, err)
		for i := range now {
			now[i].At, now[i].Head = closed[i].At, closed[i].Head
			assert.Equal(t, closed[i], now[i])
		}
	}
}

// https://github.com/glpi-project/glpi/issues/4170, https://github.com/glpi-project/glpi/issues/2765,
// https://github.com/glpi-project/glpi/issues/2828 and https://github.com/glpi-project/glpi/issues/2184
func TestLevelsOfOneTargetNeverRunOrCarryTheNameOfAnother(t *testing.T) {
	levels := []sla.Level{{Name: "soon", Offset: -10 * time.Minute}, {Name: "breach", Percent: 100}}
	within := func(d time.Duration) map[itsm.Priority]time.Duration { return map[itsm.Priority]time.Duration{2: d} }
	own := sla.Target{Name: "own", Kind: sla.TakeOwnership, Within: within(time.Hour), Levels: levels}
	resolve := sla.Target{Name: "resolve", Kind: sla.TotalResolution, Within: within(2 * time.Hour), Levels: levels}
	ola := *agreement(resolve)
	ola.Name, ola.Class, ola.Version = "inner", sla.OperationalLevel, 3
	f := newFixture(t, *agreement(own, resolve), ola)
	require.NoError(t, f.clock.Advance(f.ann, 8*time.Hour))
	var got []string
	for _, l := range f.told(t) {
		got = append(got, fmt.Sprintf("%s %s %d/%s %d: %s %s", l.at.In(brussels.Location()).Format("15:04"), l.Agreement, l.Version, l.Target, l.Cycle, l.Level, l.Class))
	}
	slices.Sort(got)
	assert.Equal(t, []string{
		"09:50 gold 1/own 1: soon sla", "10:00 gold 1/own 1: breach sla",
		"10:50 gold 1/resolve 1: soon sla", "10:50 inner 3/resolve 1: soon ola",
		"11:00 gold 1/resolve 1: breach sla", "11:00 inner 3/resolve 1: breach ola",
	}, got)
}

// https://github.com/glpi-project/glpi/issues/5319
func TestOnlyTheFirstLevelFires(t *testing.T) {
	target := resolution()
	target.Levels = []sla.Level{
		{Name: "1", Percent: 25}, {Name: "2", Percent: 50}, {Name: "3", Offset: -time.Hour}, {Name: "4"}, {Name: "5", Offset: time.Hour},
	}
	f := newFixture(t, *agreement(target))
	f.clock.Set(at("2026-03-02 16:00")) // nobody fired anything for seven hours
	_, err := f.FireDue(f.ann)
	require.NoError(t, err)
	require.NoError(t, f.clock.Advance(f.ann, 0))
	assert.Equal(t, []string{
		"1 02 10:00, noticed 02 16:00", "2 02 11:00, noticed 02 16:00", "3 02 12:00, noticed 02 16:00",
		"4 02 13:00, noticed 02 16:00", "5 02 14:00, noticed 02 16:00",
	}, f.levels(t))
}

// https://github.com/glpi-project/glpi/pull/7474 and https://github.com/glpi-project/glpi/issues/15429
func TestACalendarThatNeverOpensLoopsOrEscalatesAtOnce(t *testing.T) {
	_, err := calendar.New(calendar.Spec{Name: "never", Zone: "Europe/Brussels"})
	require.ErrorIs(t, err, calendar.ErrNeverOpens)
	_, err = sla.ParseBook([]byte(`{"calendars": [{"name": "never", "zone": "Europe/Brussels"}], "agreements": []}`))
	require.ErrorContains(t, err, "never opens")

	_, err = calendar.Minus(brussels, calendar.Always())
	require.ErrorIs(t, err, calendar.ErrNeverOpens)
	of, target := gold(), gold()
	of.Calendar = &calendar.Calendar{}
	target.Name, target.Targets[1].Calendar = "silver", &calendar.Calendar{}
	_, err = desk.Open(context.Background(), desk.Config{Agreements: []sla.Agreement{of, target}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	assert.ErrorContains(t, err, "its calendar never opens: give it hours, or leave it out to count around the clock (field: agreement gold)")
	assert.ErrorContains(t, err, "target resolution: its calendar never opens")
}
