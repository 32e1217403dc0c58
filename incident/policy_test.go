package incident_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// TestReopenWindow: at the last instant of the window it is open, a nanosecond later it is not. The caller's message is
// then a comment only.
func TestReopenWindow(t *testing.T) {
	tests := []struct {
		name   string
		window time.Duration
		after  time.Duration
		open   bool
	}{
		{"at once", 0, 0, true},
		{"the default's edge", 0, 30 * day, true},
		{"behind the default's edge", 0, 30*day + 1, false},
		{"an hour's edge", time.Hour, time.Hour, true},
		{"behind an hour's edge", time.Hour, time.Hour + 1, false},
		{"for ever", -1, 10 * 365 * day, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, incident.Config{Policy: incident.Policy{ReopenWindow: test.window, AutoClose: -1}})
			inc := d.in(resolved)
			other := d.in(resolved)
			d.pass(test.after)
			permitted, err := d.Permitted(d.cleo, inc.ID)
			require.NoError(t, err)
			assert.Equal(t, test.open, slices.Contains(permitted, incident.TriggerReopen))
			replied := d.ok(d.Comment(d.cleo, other.ID, itsm.Comment{Body: "Down again."}))
			if test.open {
				assert.Equal(t, inProgress, d.ok(d.Reopen(d.cleo, inc.ID, again)).State)
				assert.Equal(t, inProgress, replied.State)
				return
			}
			_, err = d.Reopen(d.cleo, inc.ID, again)
			refused(t, err, "reopen_window", map[string]string{"since": "2026-03-02T09:00:00Z"})
			d.unchanged(inc)
			assert.Equal(t, resolved, replied.State)
			assert.Zero(t, replied.Reopens)
			itsmtest.RequireNoEvent(t, d.root, d.kernel, replied.Ref(), "incident.refused")
		})
	}
}

func TestReopenLimit(t *testing.T) {
	cycle := func(d *desk, id string, times int) (inc incident.Incident) {
		for range times {
			d.ok(d.Reopen(d.cleo, id, again))
			inc = d.ok(d.Resolve(d.ann, id, fixed))
		}
		return inc
	}
	unlimited := newDesk(t, incident.Config{})
	assert.Equal(t, 12, cycle(unlimited, unlimited.in(resolved).ID, 12).Reopens)

	d := newDesk(t, incident.Config{Policy: incident.Policy{ReopenLimit: 2}})
	inc := cycle(d, d.in(resolved).ID, 2)
	_, err := d.Reopen(d.cleo, inc.ID, again)
	refused(t, err, "reopen_limit", map[string]string{"limit": "2"})
	d.unchanged(inc)
	inc = d.ok(d.Comment(d.cleo, inc.ID, itsm.Comment{Body: "Down again."}))
	assert.Equal(t, resolved, inc.State, "at the limit the caller's message is a comment only")
	assert.Equal(t, 2, inc.Reopens)
}

// TestReopenGoesToWhoHadIt: in progress with a person, assigned with a group, else new.
func TestReopenGoesToWhoHadIt(t *testing.T) {
	tests := []struct {
		group, assignee string
		to              lifecycle.State
	}{
		{"", "", isNew},
		{"network", "", assigned},
		{"network", "ann", inProgress},
		{"", "ann", inProgress},
	}
	for _, test := range tests {
		for name, late := range map[string]bool{"reopened": false, "late reply": true} {
			d := newDesk(t, incident.Config{Policy: incident.Policy{LateReply: incident.LateReplyReopens}})
			inc := d.ok(d.Report(d.ann, incident.Report{Title: "VPN down", Caller: "cleo", Group: test.group, Assignee: test.assignee}))
			d.ok(d.Resolve(d.ben, inc.ID, fixed))
			if late {
				d.ok(d.Confirm(d.cleo, inc.ID))
				inc = d.ok(d.Reply(d.cleo, inc.ID, itsm.Comment{Body: "Down again."}))
			} else {
				inc = d.ok(d.Reopen(d.cleo, inc.ID, again))
			}
			assert.Equal(t, test.to, inc.State, "%s, with %q of %q", name, test.assignee, test.group)
			assert.Equal(t, test.group, inc.Group)
			assert.Equal(t, test.assignee, inc.Assignee)
		}
	}
}

// TestReopenForgetsTheResolution: what was said of the old solution stands in the history only, why it was not one in a
// work note.
func TestReopenForgetsTheResolution(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.in(resolved)
	assert.Equal(t, fixed, inc.Resolution)
	assert.Equal(t, "ann", inc.ResolvedBy)
	assert.Equal(t, d.clock.Now(), inc.ResolvedAt)
	d.pass(time.Hour)
	now := d.ok(d.Reopen(d.cleo, inc.ID, again))
	assert.Zero(t, now.Resolution)
	assert.Zero(t, now.ResolvedBy)
	assert.Zero(t, now.ResolvedAt)
	assert.Equal(t, 1, now.Reopens)
	then, err := d.At(d.root, inc.ID, inc.Version)
	assert.Equal(t, inc, d.ok(then, err))
	notes, err := d.WorkNotes(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, notes, 1)
	assert.Equal(t, again.Reason, notes[0].Body)
	assert.Equal(t, "cleo", notes[0].Author)
}

// TestCallerWritesOnResolved: by default the caller's own word reopens it, by policy it is a comment only.
func TestCallerWritesOnResolved(t *testing.T) {
	message := itsm.Comment{Body: "Down again."}
	tests := []struct {
		name    string
		policy  incident.CallerReply
		writer  func(d *desk) context.Context
		comment itsm.Comment
		reopens bool
	}{
		{"the caller", incident.ReplyReopens, func(d *desk) context.Context { return d.cleo }, message, true},
		{"a program for the caller", incident.ReplyReopens, func(d *desk) context.Context { return d.mail }, message, true},
		{"an agent", incident.ReplyReopens, func(d *desk) context.Context { return d.ann }, message, false},
		{"an absence notice", incident.ReplyReopens, func(d *desk) context.Context { return d.mail }, itsm.Comment{Body: "Away.", AutoReply: true}, false},
		{"an internal comment", incident.ReplyReopens, func(d *desk) context.Context { return d.mail }, itsm.Comment{Body: "?", Internal: true}, false},
		{"the caller, comment only", incident.ReplyComments, func(d *desk) context.Context { return d.cleo }, message, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, incident.Config{Policy: incident.Policy{CallerReply: test.policy}})
			inc := d.in(resolved)
			inc = d.ok(d.Reply(test.writer(d), inc.ID, test.comment))
			comments, err := d.Comments(d.ann, inc.ID, 0, 0)
			require.NoError(t, err)
			assert.Len(t, comments, 1)
			if !test.reopens {
				assert.Equal(t, resolved, inc.State)
				itsmtest.RequireNoEvent(t, d.root, d.kernel, inc.Ref(), "incident.reopened")
				return
			}
			assert.Equal(t, inProgress, inc.State)
			itsmtest.RequireEvent(t, d.root, d.kernel, inc.Ref(), "incident.reopened")
			itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
		})
	}
}

// TestLateReplyReports makes a new incident of the caller's message, linked to the closed one.
func TestLateReplyReports(t *testing.T) {
	d := newDesk(t, incident.Config{})
	old := d.ok(d.Report(d.cleo, incident.Report{
		Title: "VPN down", Impact: itsm.High, Urgency: itsm.Low, Category: "network", Service: "vpn", Items: []string{"gw1"}, Channel: "portal",
	}))
	d.ok(d.Resolve(d.ann, old.ID, fixed, itsm.To("network", "ann")))
	old = d.ok(d.Confirm(d.cleo, old.ID))
	d.pass(3 * day)

	answered := d.ok(d.Reply(d.mail, old.ID, itsm.Comment{Body: "Down again.", Channel: "mail"}))
	assert.Equal(t, old.ID, answered.ID)
	assert.Equal(t, closed, answered.State)
	assert.Equal(t, fixed, answered.Resolution)
	links, err := d.Links(d.cleo, old.ID)
	require.NoError(t, err)
	require.Len(t, links, 1)
	assert.Equal(t, "continued_by", links[0].Name)

	next := d.ok(d.Get(d.cleo, links[0].To.ID))
	assert.Equal(t, isNew, next.State)
	assert.Equal(t, "Down again.", next.Description)
	assert.Equal(t, "mail", next.Channel)
	assert.Equal(t, d.clock.Now(), next.CreatedAt)
	assert.Empty(t, next.Assignee, "who had the old one need not take the new one")
	same := func(inc incident.Incident) []any {
		return []any{inc.Title, inc.Caller, inc.Impact, inc.Urgency, inc.Priority, inc.Category, inc.Service, inc.Items, inc.Group}
	}
	assert.Equal(t, same(answered), same(next))
	links, err = d.Links(d.cleo, next.ID)
	require.NoError(t, err)
	require.Len(t, links, 1)
	assert.Equal(t, "continues", links[0].Name)
	assert.Equal(t, old.Ref(), links[0].To)
	itsmtest.RequireEvent(t, d.root, d.kernel, old.Ref(), "incident.replied_late", itsmtest.OnBehalfOf("cleo"))
	d.verified(old.ID)
	d.verified(next.ID)
}

// TestLateReplyReopens takes the closed incident up again, with the message on it.
func TestLateReplyReopens(t *testing.T) {
	d := newDesk(t, incident.Config{Policy: incident.Policy{LateReply: incident.LateReplyReopens}})
	inc := d.ok(d.Reply(d.cleo, d.in(closed).ID, itsm.Comment{Body: "Down again."}))
	assert.Equal(t, inProgress, inc.State)
	assert.Equal(t, 1, inc.Reopens)
	assert.Zero(t, inc.Resolution)
	assert.Zero(t, inc.ClosedAt)
	comments, err := d.Comments(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, comments, 1)
	assert.Equal(t, "Down again.", comments[0].Body)
	assert.Equal(t, "cleo", comments[0].Author)
	d.verified(inc.ID)
}

func TestLateReplyRefused(t *testing.T) {
	d := newDesk(t, incident.Config{Policy: incident.Policy{LateReply: incident.LateReplyRefused}})
	inc := d.in(closed)
	_, err := d.Reply(d.cleo, inc.ID, itsm.Comment{Body: "Down again."})
	refused(t, err, "late_reply_allowed", nil)
	d.unchanged(inc)
}

// TestLateReplyWindow counts from the closing, and is open at its last instant.
func TestLateReplyWindow(t *testing.T) {
	tests := []struct {
		name   string
		window time.Duration
		after  time.Duration
		open   bool
	}{
		{"the default's edge", 0, 90 * day, true},
		{"behind the default's edge", 0, 90*day + 1, false},
		{"a day's edge", day, day, true},
		{"behind a day's edge", day, day + 1, false},
		{"for ever", -1, 10 * 365 * day, true},
	}
	for _, test := range tests {
		for _, policy := range []incident.LateReply{incident.LateReplyReports, incident.LateReplyReopens} {
			d := newDesk(t, incident.Config{Policy: incident.Policy{LateReply: policy, LateReplyWindow: test.window, AutoClose: -1}})
			inc := d.in(resolved)
			d.pass(20 * day)
			inc = d.ok(d.Confirm(d.cleo, inc.ID))
			d.pass(test.after)
			_, err := d.Reply(d.cleo, inc.ID, itsm.Comment{Body: "Down again."})
			if test.open {
				assert.NoError(t, err, test.name)
				continue
			}
			refused(t, err, "late_reply_allowed", map[string]string{"since": "2026-03-22T09:00:00Z"})
			d.unchanged(inc)
		}
	}
}

// TestOnlyTheCallerIsLate: what others write on a closed incident is a comment, and so is what a machine answers in the
// caller's name, or mail would answer mail for ever.
func TestOnlyTheCallerIsLate(t *testing.T) {
	for _, policy := range []incident.LateReply{incident.LateReplyReports, incident.LateReplyReopens, incident.LateReplyRefused} {
		d := newDesk(t, incident.Config{Policy: incident.Policy{LateReply: policy}})
		inc := d.in(closed)
		for _, write := range []struct {
			by      context.Context
			comment itsm.Comment
		}{
			{d.ann, itsm.Comment{Body: "For the record."}},
			{d.mail, itsm.Comment{Body: "I am away until Monday.", AutoReply: true}},
			{d.mail, itsm.Comment{Body: "She was content.", Internal: true}},
		} {
			is := d.ok(d.Reply(write.by, inc.ID, write.comment))
			assert.Equal(t, closed, is.State, write.comment.Body)
		}
		comments, err := d.Comments(d.ann, inc.ID, 0, 0)
		require.NoError(t, err)
		assert.Len(t, comments, 3)
		links, err := d.Links(d.ann, inc.ID)
		require.NoError(t, err)
		assert.Empty(t, links)
		_, err = d.Comment(d.cleo, inc.ID, itsm.Comment{Body: "Down again."})
		refused(t, err, "not_the_caller", nil)
	}
}

// closedWeekends is working time from Monday to Friday, around the clock.
type closedWeekends struct{}

func (closedWeekends) Add(from time.Time, working time.Duration) (time.Time, error) {
	for working > 0 {
		midnight := from.Truncate(day).Add(day)
		step := min(working, midnight.Sub(from))
		if d := from.Weekday(); d == time.Saturday || d == time.Sunday {
			from = midnight
			continue
		}
		from, working = from.Add(step), working-step
	}
	return from, nil
}

type neverOpen struct{}

var errNeverOpen = errors.New("never open")

func (neverOpen) Add(time.Time, time.Duration) (time.Time, error) { return time.Time{}, errNeverOpen }

// The calendars of the library count working time.
var _ incident.WorkingTime = (*calendar.Calendar)(nil)

func TestAutoClose(t *testing.T) {
	friday := time.Date(2026, time.March, 6, 16, 0, 0, 0, time.UTC)
	tests := []struct {
		name     string
		after    time.Duration
		calendar incident.WorkingTime
		due      time.Time // zero: never
	}{
		{"a day by default, around the clock", 0, nil, friday.Add(day)},
		{"a day of working time, over a weekend", 0, closedWeekends{}, friday.Add(3 * day)},
		{"what ends before the weekend", 8 * time.Hour, closedWeekends{}, friday.Add(8 * time.Hour)},
		{"five days of working time", 5 * day, closedWeekends{}, friday.Add(7 * day)},
		{"off", -1, closedWeekends{}, time.Time{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, incident.Config{Policy: incident.Policy{AutoClose: test.after}, Calendar: test.calendar})
			inc := d.in(inProgress)
			require.NoError(t, d.clock.AdvanceTo(d.root, friday))
			inc = d.ok(d.Resolve(d.ann, inc.ID, fixed))
			if test.due.IsZero() {
				itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
				d.pass(400 * day)
				d.unchanged(inc)
				return
			}
			itsmtest.RequireTimer(t, d.root, d.kernel, inc.Ref(), incident.TimerAutoClose, test.due)
			require.NoError(t, d.clock.AdvanceTo(d.root, test.due.Add(-1)))
			d.unchanged(inc)
			d.pass(1)
			inc = d.get(inc.ID)
			assert.Equal(t, closed, inc.State)
			assert.Equal(t, test.due, inc.ClosedAt)
			itsmtest.RequireEvent(t, d.root, d.kernel, inc.Ref(), "incident.closed",
				itsmtest.By(itsm.SystemID), itsmtest.CausedBy("timer auto_close"), itsmtest.At(test.due))
			itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
		})
	}
}

// TestAutoCloseFollows: a reopening takes the timer away, the next resolution sets it anew, and a closing by hand leaves
// none.
func TestAutoCloseFollows(t *testing.T) {
	d := newDesk(t, incident.Config{})
	start := d.clock.Now()
	inc := d.in(resolved)
	itsmtest.RequireTimer(t, d.root, d.kernel, inc.Ref(), incident.TimerAutoClose, start.Add(day))
	d.pass(20 * time.Hour)
	inc = d.ok(d.Reopen(d.cleo, inc.ID, again))
	itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
	d.pass(2 * time.Hour)
	inc = d.ok(d.Resolve(d.ann, inc.ID, fixed))
	itsmtest.RequireTimer(t, d.root, d.kernel, inc.Ref(), incident.TimerAutoClose, start.Add(46*time.Hour))
	d.pass(10 * time.Hour) // past the first one
	d.unchanged(inc)
	inc = d.ok(d.Confirm(d.cleo, inc.ID))
	assert.Equal(t, start.Add(32*time.Hour), inc.ClosedAt)
	itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
	d.pass(30 * day)
	d.unchanged(inc)

	other := d.ok(d.Close(d.ann, d.in(resolved).ID))
	itsmtest.RequireNothingPending(t, d.root, d.kernel, other.Ref())
}

// TestAutoCloseWithoutWorkingTime: where the calendar cannot say when, nothing is resolved.
func TestAutoCloseWithoutWorkingTime(t *testing.T) {
	d := newDesk(t, incident.Config{Calendar: neverOpen{}})
	inc := d.in(inProgress)
	_, err := d.Resolve(d.ann, inc.ID, fixed)
	assert.ErrorIs(t, err, errNeverOpen)
	d.unchanged(inc)
}

// TestFaultyConfig is told at construction.
func TestFaultyConfig(t *testing.T) {
	gap := itsm.DefaultMatrix()
	gap[2][1] = 0
	falling := itsm.DefaultMatrix()
	falling[3][3] = 1
	tests := []struct {
		config incident.Config
		fault  string
	}{
		{incident.Config{Policy: incident.Policy{ReopenLimit: -1}}, "ReopenLimit"},
		{incident.Config{Policy: incident.Policy{CallerReply: 2}}, "CallerReply"},
		{incident.Config{Policy: incident.Policy{LateReply: 3}}, "LateReply"},
		{incident.Config{Matrix: &gap}, "medium impact, high urgency"},
		{incident.Config{Matrix: &falling}, "low impact, low urgency"},
	}
	for _, test := range tests {
		_, err := kernelWith(test.config)
		assert.ErrorIs(t, err, itsm.ErrInvalid)
		assert.ErrorContains(t, err, test.fault)
	}
	_, err := kernelWith(incident.Config{})
	assert.NoError(t, err)
}

func TestReopenTakesWhoIsNamed(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.ok(d.Resolve(d.ann, d.reported().ID, fixed))
	inc = d.ok(d.Reopen(d.ann, inc.ID, again, itsm.To("", "eve")))
	assert.Equal(t, inProgress, inc.State, "a person is named with the command")
	assert.Equal(t, "eve", inc.Assignee)
}

func TestNothingIsCarriedIntoAClosedIncident(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.in(closed)
	_, err := d.Note(d.ann, inc.ID, "Whose was it?", itsm.To("storage", ""))
	refused(t, err, lifecycle.NotFromHere, nil)
	_, err = d.Note(d.ann, inc.ID, "Another title.", itsm.With(itsm.Patch{"title": field.Text("x")}))
	refused(t, err, lifecycle.NotFromHere, nil)
	d.unchanged(inc)
}

func TestAReplyThatIsRepeatedIsOneReply(t *testing.T) {
	d := newDesk(t, incident.Config{Policy: incident.Policy{LateReply: incident.LateReplyReopens}})
	inc := d.in(closed)
	for range 2 {
		d.ok(d.Reply(d.cleo, inc.ID, itsm.Comment{Body: "Down again."}, itsm.Once("message 7")))
	}
	comments, err := d.Comments(d.ann, inc.ID, 0, 0)
	require.NoError(t, err)
	said := 0
	for _, c := range comments {
		if c.Body == "Down again." {
			said++
		}
	}
	assert.Equal(t, 1, said)
	assert.Equal(t, 1, d.get(inc.ID).Reopens)
}

func TestAMachinesLateReplyReopensNothing(t *testing.T) {
	d := newDesk(t, incident.Config{Policy: incident.Policy{LateReply: incident.LateReplyReopens}})
	inc := d.in(closed)
	_, err := d.kernel.Do(d.ann, inc.Ref(), incident.TriggerLate, itsm.Comment{Body: "I am away.", AutoReply: true})
	refused(t, err, "late_reply_allowed", nil)
}

func TestARequesterAssignsNobody(t *testing.T) {
	d := newDesk(t, incident.Config{})
	_, err := d.Report(d.cleo, incident.Report{Title: "VPN down", Assignee: "ann"})
	require.ErrorIs(t, err, itsm.ErrDenied)
}

func TestWhiteSpaceIsNothing(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.reported()
	_, err := d.Comment(d.cleo, inc.ID, itsm.Comment{Body: " \n"})
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
	_, err = d.Resolve(d.ann, inc.ID, incident.Resolution{Code: " ", Notes: "\t"})
	itsmtest.RequireRefused(t, err, lifecycle.MissingInput, lifecycle.MissingInput)
}
