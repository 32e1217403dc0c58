package sla_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

// tamper writes a row of a clock past the desk, as nobody should.
func (f *fixture) tamper(t *testing.T, target string, change func(*sla.Clock)) {
	t.Helper()
	_, err := f.Incidents.Note(f.ann, f.ref.ID, "The ticket goes on, its clocks do not.")
	require.NoError(t, err)
	rec, err := f.Get(f.root, f.ref)
	require.NoError(t, err)
	page, err := f.Clocks.Find(f.root, itsm.Query{})
	require.NoError(t, err)
	for _, c := range page.Records {
		if c.Target != target {
			continue
		}
		expect := c.Head.Version
		change(&c)
		c.Head.Version = rec.Header().Version
		set := &itsm.WriteSet{Records: []itsm.RecordWrite{{Record: &c, Expect: expect, Owner: rec.Header().Key()}}}
		require.NoError(t, f.Store().Apply(context.Background(), set))
		return
	}
	t.Fatalf("no clock of %s", target)
}

func TestRepair(t *testing.T) {
	f := newFixture(t, gold())
	require.NoError(t, f.clock.Advance(f.ann, time.Hour))
	due := f.clockOf(t, "resolution").Due
	found, err := f.Clocks.Check(f.root, f.ref)
	require.NoError(t, err)
	require.Empty(t, found)
	found, err = f.Clocks.Repair(f.root, f.ref)
	require.NoError(t, err)
	require.Empty(t, found)
	itsmtest.RequireNoEvent(t, f.ann, f.Kernel, f.ref, "incident.clocks_reviewed")

	f.tamper(t, "resolution", func(c *sla.Clock) { c.Due, c.Used = c.Due.Add(time.Hour), time.Minute })
	found, err = f.Clocks.Check(f.root, f.ref)
	require.NoError(t, err)
	require.Len(t, found, 1)
	assert.Contains(t, found[0].String(), "gold/resolution, cycle 1: kept is running, 1m0s of 4h0m0s used, due 2026-03-02 13:00:00; the events say running, 0s of 4h0m0s used, due 2026-03-02 12:00:00")
	require.NotEqual(t, due, f.clockOf(t, "resolution").Due, "to look writes nothing")

	_, err = f.Clocks.Repair(f.ann, f.ref)
	require.ErrorIs(t, err, itsm.ErrDenied, "an agent may not")
	_, err = f.Clocks.Repair(f.root, f.ref)
	require.NoError(t, err)
	assert.Equal(t, due, f.clockOf(t, "resolution").Due)
	found, err = f.Clocks.Check(f.root, f.ref)
	require.NoError(t, err)
	require.Empty(t, found)
	itsmtest.RequireVerified(t, f.root, f.Kernel, f.ref)
}

// What was restored has no rows until it is repaired: then it has what its events say, and its timers fire.
func TestRepairOfWhatWasRestored(t *testing.T) {
	f := newFixture(t, gold())
	require.NoError(t, f.clock.Advance(f.ann, time.Hour))
	life, err := f.Life(f.root, f.ref)
	require.NoError(t, err)
	want := f.clockOf(t, "resolution")

	f.config.Store = memory.New()
	f.Desk = must(desk.Open(context.Background(), f.config))
	f.clock.Attach(f.Desk)
	_, err = f.Restore(f.root, life)
	require.NoError(t, err)
	clocks, err := f.Clocks.Clocks(f.ann, f.ref)
	require.NoError(t, err)
	require.Empty(t, clocks)
	found, err := f.Clocks.Repair(f.root, f.ref)
	require.NoError(t, err)
	require.Len(t, found, 2)
	got := f.clockOf(t, "resolution")
	assert.Equal(t, want.Due, got.Due)
	assert.Equal(t, want.Elapsed, got.Elapsed)
	require.NoError(t, f.clock.Advance(f.ann, 8*time.Hour))
	assert.NotEmpty(t, f.told(t))
}

// A calendar that is edited moves nothing behind anybody's back: what is asked is answered by the new one at once, rows and
// timers follow.
func TestRepairAllAfterACalendarWasEdited(t *testing.T) {
	f := newFixture(t, gold())
	f.config.Agreements[0].Calendar = calendar.Always()
	f.config.Agreements[0].Targets[1].Within[2] = 2 * time.Hour
	f.Desk = must(desk.Open(context.Background(), f.config))
	f.clock.Attach(f.Desk)
	want := at("2026-03-02 11:00").UTC()
	assert.Equal(t, want, f.clockOf(t, "resolution").Due)
	stale := f.Clocks.Stale()
	n, err := f.Clocks.Count(f.root, itsm.Query{Filter: &stale})
	require.NoError(t, err)
	assert.EqualValues(t, 2, n)
	done, err := f.Clocks.RepairAll(f.root)
	require.NoError(t, err)
	assert.Equal(t, sla.Reviewed{Tickets: 1, Changed: 1}, done)
	n, err = f.Clocks.Count(f.root, itsm.Query{Filter: &stale})
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Equal(t, at("2026-03-02 10:30").UTC(), f.timers(t)["sla gold/resolution"], "three quarters of two hours")
}

// A clock that was breached goes over to an agreement that replaced its own: there is nothing to repair, although nobody
// knows the old terms any more.
func TestNothingToRepairWhereABreachedAgreementIsGone(t *testing.T) {
	f := newFixture(t, gold())
	missed := f.clockOf(t, "resolution").Due
	f.clock.Set(missed.Add(3 * time.Hour)) // nobody tells it
	f.config.Agreements[0].Version = 2
	f.Desk = must(desk.Open(context.Background(), f.config))
	_, err := f.Incidents.Note(f.ann, f.ref.ID, "hm")
	require.NoError(t, err)
	c := f.clockOf(t, "resolution")
	require.Equal(t, 2, c.AgreementVersion)
	assert.Equal(t, missed, c.Breached)
	assert.Equal(t, missed, c.Due)
	found, err := f.Clocks.Check(f.root, f.ref)
	require.NoError(t, err)
	require.Empty(t, found)
}

// What would be is what then is, and asking writes nothing.
func TestWhatIf(t *testing.T) {
	f := newFixture(t, gold())
	require.NoError(t, f.clock.Advance(f.ann, time.Hour))
	before, err := f.Get(f.ann, f.ref)
	require.NoError(t, err)
	resolution := func(clocks []sla.Status) sla.Status {
		for _, c := range clocks {
			if c.Target == "resolution" {
				return c
			}
		}
		t.Fatal("no clock of resolution")
		return sla.Status{}
	}
	asked, err := f.Clocks.WhatIf(f.ann, f.ref, sla.Hypothesis{Priority: 3})
	require.NoError(t, err)
	would := resolution(asked)
	after, err := f.Get(f.ann, f.ref)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.NoError(t, f.impact(itsm.Medium))
	is := f.clockOf(t, "resolution")
	assert.Equal(t, is.Due, would.Due)
	assert.Equal(t, is.Elapsed, would.Elapsed)
	assert.Equal(t, is.Percent, would.Percent)
	assert.Equal(t, is.NextAt, would.NextAt)

	asked, err = f.Clocks.WhatIf(f.ann, f.ref, sla.Hypothesis{At: at("2026-03-02 09:30")})
	require.NoError(t, err)
	assert.Equal(t, 30*time.Minute, resolution(asked).Elapsed)
	assert.Equal(t, 4*time.Hour, resolution(asked).Within, "what had happened by then")
	asked, err = f.Clocks.WhatIf(f.ann, f.ref, sla.Hypothesis{At: at("2026-03-03 10:00")})
	require.NoError(t, err)
	assert.Equal(t, 9*time.Hour, resolution(asked).Elapsed)
	assert.True(t, !resolution(asked).Breached.IsZero())
	_, err = f.Clocks.WhatIf(itsmtest.As(f.ann, itsmtest.Requester("eve")), f.ref, sla.Hypothesis{})
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

// Clocks are found by what is due and what is missed, by those who may see them.
func TestFind(t *testing.T) {
	f := newFixture(t, gold())
	count := func(filter itsm.Filter) int64 {
		n, err := f.Clocks.Count(f.ann, itsm.Query{Filter: &filter})
		require.NoError(t, err)
		return n
	}
	due := f.clockOf(t, "resolution").Due
	assert.EqualValues(t, 2, count(sla.DueBetween(due, due.Add(1))), "both have four hours")
	assert.Zero(t, count(sla.DueBetween(due.Add(-time.Hour), due)), "the end does not belong")
	assert.Zero(t, count(sla.MissedBy(due.Add(-1))))
	assert.EqualValues(t, 2, count(sla.MissedBy(due)), "a clock that runs is late from its due on")
	require.NoError(t, f.hold())
	assert.Zero(t, count(sla.MissedBy(due.Add(time.Hour))), "one that stands is due at no instant")

	_, err := f.Clocks.Find(f.bob, itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrDenied, "callers list no clocks")
	page, err := f.Clocks.Find(itsmtest.As(f.ann, itsmtest.Agent("ann", itsmtest.InTenant("other"))), itsm.Query{})
	require.NoError(t, err)
	assert.Empty(t, page.Records)
}
