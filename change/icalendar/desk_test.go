package icalendar_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/change/icalendar"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// A desk takes its freezes from a feed, one in its configuration and one declared, and publishes its calendar as another.
func TestADeskBetweenTwoFeeds(t *testing.T) {
	freezes, err := icalendar.Windows(strings.NewReader(feed(
		event("SUMMARY:Payroll|DTSTART;TZID=Europe/Brussels:20260303T180000|DURATION:PT12H|RRULE:FREQ=MONTHLY"),
		event("SUMMARY:Audit|DTSTART;VALUE=DATE:20260305"),
	)), in2026(t))
	require.NoError(t, err)
	payroll, audit := freezes[0], freezes[1]
	clock := itsmtest.NewClock(at("2026-03-02T08:00:00Z"))
	d, err := desk.Open(context.Background(), desk.Config{Clock: clock, Changes: change.Config{Windows: []schedule.Window{payroll}}})
	require.NoError(t, err)
	clock.Attach(d.Kernel)
	as := func(a itsm.Actor) context.Context { return itsmtest.As(context.Background(), a) }
	rita, ann, mary := as(itsmtest.Agent("rita")), as(itsmtest.Agent("ann")), as(itsmtest.Manager("mary"))
	_, err = d.Changes.DeclareWindow(mary, change.DeclareWindow{Name: audit.Name, Effect: audit.Kind, Slots: audit.Slots, Reason: "auditors"})
	require.NoError(t, err)

	c, err := d.Changes.Draft(rita, change.Draft{
		Title: "Replace the router", Items: []string{"router1"}, Plans: change.Plans{Implementation: "swap", Test: "log in", Backout: "swap back"},
	})
	require.NoError(t, err)
	_, err = d.Changes.Submit(rita, c.ID)
	require.NoError(t, err)
	_, err = d.Changes.Assess(ann, c.ID)
	require.NoError(t, err)
	_, err = d.Changes.Approve(ann, c.ID, change.Approving{})
	require.NoError(t, err)
	_, err = d.Changes.Schedule(ann, c.ID, change.Window{Start: at("2026-03-03T20:00:00Z"), End: at("2026-03-03T22:00:00Z")})
	itsmtest.RequireRefused(t, err, lifecycle.Code(schedule.Frozen))
	free, err := d.Changes.NextSlot(ann, c.ID, change.Free{From: at("2026-03-04T22:00:00Z"), Duration: 2 * time.Hour})
	require.NoError(t, err)
	assert.Equal(t, at("2026-03-05T23:00:00Z"), free.Start, "when the whole day of Brussels is over")
	_, err = d.Changes.Schedule(ann, c.ID, change.Window(free))
	require.NoError(t, err)

	o := march()
	view, err := d.Changes.CalendarOf(ann, o.From, o.Until)
	require.NoError(t, err)
	text := written(t, view, o)
	assert.Equal(t, []string{c.ID + " Replace the router", "Payroll", "Audit"}, of(text, "SUMMARY"))
	assert.Equal(t, "20260305T230000Z", of(text, "DTSTART")[0])
	assert.Equal(t, "20260302T080000Z", of(text, "DTSTAMP")[0])
	assert.Equal(t, "CONFIRMED", of(text, "STATUS")[0])
	again, err := icalendar.Windows(strings.NewReader(text), icalendar.Options{
		From: o.From, Until: o.Until, Keep: func(e icalendar.Event) bool { return e.Categories[0] == string(schedule.Freeze) },
	})
	require.NoError(t, err)
	require.Len(t, again, 2)
	assert.Equal(t, payroll.Slots[:1], again[0].Slots)
	assert.Equal(t, audit.Slots, again[1].Slots)
}
