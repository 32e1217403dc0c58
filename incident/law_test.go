package incident_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// TestLaws lets anybody give any commands at any time, permitted or not, under any policy. Whatever comes of it, what
// the record says fits together, is what its history says, and was foretold.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		policy := incident.Policy{
			ReopenLimit:  rapid.IntRange(0, 2).Draw(t, "limit"),
			ReopenWindow: rapid.SampledFrom([]time.Duration{-1, 0, time.Hour}).Draw(t, "window"),
			CallerReply:  rapid.SampledFrom([]incident.CallerReply{incident.ReplyReopens, incident.ReplyComments}).Draw(t, "caller reply"),
			LateReply:    rapid.SampledFrom([]incident.LateReply{incident.LateReplyReports, incident.LateReplyReopens, incident.LateReplyRefused}).Draw(t, "late reply"),
			AutoClose:    rapid.SampledFrom([]time.Duration{-1, 0, time.Hour}).Draw(t, "auto-close"),
		}
		d := newDesk(t, incident.Config{Policy: policy})
		other := d.reported()
		inc := d.reported()
		for range rapid.IntRange(1, 30).Draw(t, "commands") {
			was := d.get(inc.ID)
			if rapid.IntRange(0, 4).Draw(t, "wait") == 0 {
				d.pass(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, 2 * day, 100 * day}).Draw(t, "span"))
				inc = d.get(inc.ID)
			} else {
				inc = d.anything(t, was, other)
			}
			d.fits(t, inc, policy)
			require.GreaterOrEqual(t, inc.Reopens, was.Reopens)
			require.GreaterOrEqual(t, inc.Reassignments, was.Reassignments)
		}
		d.verified(inc.ID)
		history, err := d.History(d.root, inc.ID, 0, 0)
		require.NoError(t, err)
		reopened := 0
		for _, e := range history {
			for _, name := range append([]string{e.Event}, e.Also...) {
				if name == "incident.reopened" || name == "incident.replied_late" && policy.LateReply == incident.LateReplyReopens {
					reopened++
				}
			}
		}
		require.Equal(t, reopened, inc.Reopens, "every reopening is counted")
	})
}

// anything gives a command that may or may not pass, after it asked what would come of it.
func (d *desk) anything(t *rapid.T, was, other incident.Incident) incident.Incident {
	commands := map[lifecycle.Trigger][]any{
		incident.TriggerAssign:   {incident.Assignment{}, toNetwork, incident.Assignment{Assignee: "ben"}},
		incident.TriggerStart:    {incident.Nothing{}},
		incident.TriggerReassign: {incident.Assignment{}, toNetwork, incident.Assignment{Group: "storage", Assignee: "ann"}},
		incident.TriggerReturn:   {incident.Queue{}, incident.Queue{Group: "network"}},
		incident.TriggerHold:     {incident.Hold{}, forCaller, forVendor, incident.Hold{Reason: "lunch"}},
		incident.TriggerResume:   {incident.Nothing{}},
		incident.TriggerResolve:  {incident.Resolution{}, fixed},
		incident.TriggerConfirm:  {incident.Nothing{}},
		incident.TriggerClose:    {incident.Nothing{}},
		incident.TriggerReopen:   {incident.Reopen{}, again},
		incident.TriggerLate:     {itsm.Comment{Body: "Down again."}},
		incident.TriggerCancel:   {incident.Cancel{}, incident.Cancel{Reason: incident.Duplicate, Original: other.Ref()}, incident.Cancel{Reason: incident.Duplicate, Original: was.Ref()}},
		itsm.TriggerComment:      {itsm.Comment{Body: "Hello?"}, itsm.Comment{Body: "Away.", AutoReply: true}, itsm.Comment{}},
		itsm.TriggerEdit:         {itsm.Patch{"impact": field.Text("high")}, itsm.Patch{"title": {}}},
	}
	trigger := rapid.SampledFrom(slices.Sorted(maps.Keys(commands))).Draw(t, "trigger")
	if trigger == incident.TriggerCancel && rapid.IntRange(0, 3).Draw(t, "spare") > 0 {
		return was // or most lives would be short
	}
	in := rapid.SampledFrom(commands[trigger]).Draw(t, "input")
	who := rapid.SampledFrom([]context.Context{d.cleo, d.ann, d.ben, d.mail, d.dan}).Draw(t, "actor")

	permitted, unseen := d.Permitted(who, was.ID)
	foretold := d.Explain(who, was.ID, trigger, in)
	d.unchanged(was)
	_, err := d.kernel.Do(who, was.Ref(), trigger, in)
	require.Equal(t, foretold, err, "Explain and Do answer alike")
	if err != nil {
		d.unchanged(was)
		return was
	}
	require.NoError(t, unseen)
	if c, ok := in.(itsm.Comment); was.State != closed || !ok || !c.AutoReply { // the caller's own word would be a late reply
		require.Contains(t, permitted, trigger, "what passes was permitted")
	}
	return d.get(was.ID)
}

// fits requires what holds of every incident at every time.
func (d *desk) fits(t *rapid.T, inc incident.Incident, policy incident.Policy) {
	is := func(among ...lifecycle.State) bool { return slices.Contains(among, inc.State) }
	require.Equal(t, is(onHold), inc.Hold != "", "it waits for something on hold, and only there")
	require.Equal(t, is(onHold), inc.HeldFrom != "")
	require.Equal(t, is(resolved, closed), inc.Resolution.Code != "" && inc.Resolution.Notes != "" && inc.ResolvedBy != "")
	require.Equal(t, is(resolved, closed), !inc.ResolvedAt.IsZero())
	require.Equal(t, is(closed), !inc.ClosedAt.IsZero())
	require.Equal(t, is(cancelled), inc.CancelReason != "")
	require.Equal(t, inc.CancelReason == incident.Duplicate, !inc.Original.IsZero())
	require.Equal(t, itsm.DefaultMatrix()[inc.Impact-1][inc.Urgency-1], inc.Priority)
	require.NotEmpty(t, inc.Title)
	if is(assigned) {
		require.NotEmpty(t, inc.Group+inc.Assignee)
	}
	if is(inProgress) {
		require.NotEmpty(t, inc.Assignee)
	}
	if policy.ReopenLimit > 0 && policy.LateReply != incident.LateReplyReopens {
		require.LessOrEqual(t, inc.Reopens, policy.ReopenLimit)
	}
	if is(resolved) && policy.AutoClose >= 0 {
		span := policy.AutoClose
		if span == 0 {
			span = day
		}
		itsmtest.RequireTimer(t, d.root, d.kernel, inc.Ref(), incident.TimerAutoClose, inc.ResolvedAt.Add(span))
	} else {
		itsmtest.RequireNothingPending(t, d.root, d.kernel, inc.Ref())
	}
}

// TestManyAtOnce: commands of many people on one incident lose nothing, and of two that exclude each other one passes.
func TestManyAtOnce(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.in(inProgress)
	const people = 8
	results := make(chan error, 2*people)
	for range people {
		go func() {
			_, err := d.Note(d.ann, inc.ID, "Seen.")
			results <- err
		}()
		go func() {
			_, err := d.Resolve(d.ben, inc.ID, fixed)
			results <- err
		}()
	}
	passed := 0
	for range 2 * people {
		if err := <-results; err == nil {
			passed++
		} else {
			assert.ErrorIs(t, err, itsm.ErrRefused)
		}
	}
	assert.Equal(t, people+1, passed, "every note, and one resolution")
	assert.Equal(t, inc.Version+people+1, d.get(inc.ID).Version)
	d.verified(inc.ID)
}
