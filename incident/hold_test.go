package incident_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

func TestHoldReasons(t *testing.T) {
	d := newDesk(t, incident.Config{Policy: incident.Policy{HoldReasons: []itsm.HoldReason{"parts"}}})
	for _, reason := range []itsm.HoldReason{itsm.HoldCaller, itsm.HoldVendor, itsm.HoldChange, itsm.HoldProblem, itsm.HoldOther, "parts"} {
		inc := d.ok(d.Hold(d.ann, d.in(inProgress).ID, incident.Hold{Reason: reason, Message: "We wait."}))
		assert.Equal(t, reason, inc.Hold)
		assert.Equal(t, lifecycle.Waiting, inc.Phase)
	}
	inc := d.in(inProgress)
	_, err := d.Hold(d.ann, inc.ID, incident.Hold{Reason: "lunch"})
	refused(t, err, "known_hold_reason", map[string]string{"reason": "lunch"})
	d.unchanged(inc)
}

// TestHoldMessage shows the caller what the caller is asked, and nobody outside what others are waited for.
func TestHoldMessage(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.ok(d.Hold(d.ann, d.in(inProgress).ID, forCaller))
	d.ok(d.Hold(d.ann, inc.ID, incident.Hold{Reason: itsm.HoldVendor, Message: "Ticket 77 at the vendor."}))
	read := func(who string, seen []itsm.Comment, err error) (bodies []string) {
		require.NoError(t, err, who)
		for _, c := range seen {
			bodies = append(bodies, c.Author+": "+c.Body)
		}
		return bodies
	}
	seen, err := d.Comments(d.cleo, inc.ID, 0, 0)
	assert.Equal(t, []string{"ann: Which gateway?"}, read("cleo", seen, err))
	seen, err = d.Comments(d.ben, inc.ID, 0, 0)
	assert.Equal(t, []string{"ann: Which gateway?", "ann: Ticket 77 at the vendor."}, read("ben", seen, err))
}

func TestResumeGoesBack(t *testing.T) {
	for _, before := range []lifecycle.State{isNew, assigned, inProgress} {
		t.Run(string(before), func(t *testing.T) {
			d := newDesk(t, incident.Config{})
			inc := d.ok(d.Hold(d.ann, d.in(before).ID, forVendor))
			assert.Equal(t, before, inc.HeldFrom)
			inc = d.ok(d.Hold(d.ann, inc.ID, forCaller))
			assert.Equal(t, before, inc.HeldFrom, "holding again does not forget it")
			inc = d.ok(d.Resume(d.ann, inc.ID))
			assert.Equal(t, before, inc.State)
			assert.Empty(t, inc.Hold)
			assert.Empty(t, inc.HeldFrom)
		})
	}
}

func TestHoldAgainTakesAnotherReason(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.in(onHold)
	_, err := d.Hold(d.ann, inc.ID, forVendor)
	refused(t, err, "another_reason", map[string]string{"reason": "vendor"})
	d.unchanged(inc)
	inc = d.ok(d.Hold(d.ann, inc.ID, incident.Hold{Reason: itsm.HoldProblem}))
	assert.Equal(t, onHold, inc.State)
	assert.Equal(t, itsm.HoldProblem, inc.Hold)
}

// TestWhatResumes is about what is written on an incident that waits: only the caller's own word to the desk ends a wait
// for the caller.
func TestWhatResumes(t *testing.T) {
	answer := itsm.Comment{Body: "The Vienna one."}
	absent := itsm.Comment{Body: "I am away until Monday.", AutoReply: true}
	inside := itsm.Comment{Body: "She means Vienna.", Internal: true}
	d := newDesk(t, incident.Config{})
	monitor := itsmtest.As(t.Context(), itsmtest.Integration("monitor"))
	tests := []struct {
		name    string
		hold    incident.Hold
		writer  context.Context
		comment itsm.Comment
		resumes bool
	}{
		{"the caller answers", forCaller, d.cleo, answer, true},
		{"a program brings the caller's answer", forCaller, d.mail, answer, true},
		{"a program answers for nobody", forCaller, monitor, answer, false},
		{"the system", forCaller, d.system, answer, false},
		{"an agent", forCaller, d.ann, answer, false},
		{"another agent", forCaller, d.ben, answer, false},
		{"the caller's absence notice", forCaller, d.mail, absent, false},
		{"an internal comment for the caller", forCaller, d.mail, inside, false},
		{"the caller, but a vendor is waited for", forVendor, d.cleo, answer, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			inc := d.ok(d.Hold(d.ann, d.in(inProgress).ID, test.hold))
			inc = d.ok(d.Comment(test.writer, inc.ID, test.comment))
			entries, err := d.History(d.ann, inc.ID, inc.Version-1, 0)
			require.NoError(t, err)
			assert.Equal(t, "incident.commented", entries[0].Event)
			if !test.resumes {
				assert.Equal(t, onHold, inc.State)
				assert.Equal(t, test.hold.Reason, inc.Hold)
				assert.Empty(t, entries[0].Also)
				return
			}
			assert.Equal(t, inProgress, inc.State)
			assert.Empty(t, inc.Hold)
			assert.Equal(t, []string{"incident.resumed"}, entries[0].Also, "answer and resumption are one event")
		})
	}
}

// TestNobodyCalled is about an incident that a program reported for nobody: it has no caller who could answer.
func TestNobodyCalled(t *testing.T) {
	d := newDesk(t, incident.Config{})
	monitor := itsmtest.As(t.Context(), itsmtest.Integration("monitor"))
	inc := d.ok(d.Report(monitor, incident.Report{Title: "Disk full"}))
	require.Empty(t, inc.Caller)
	d.ok(d.Hold(d.ann, inc.ID, forCaller))
	inc = d.ok(d.Comment(monitor, inc.ID, itsm.Comment{Body: "Disk still full."}))
	assert.Equal(t, onHold, inc.State)
	d.ok(d.Resolve(d.ann, inc.ID, fixed))
	inc = d.ok(d.Comment(monitor, inc.ID, itsm.Comment{Body: "Disk is fine."}))
	assert.Equal(t, resolved, inc.State)
	d.ok(d.Close(d.ann, inc.ID))
	assert.NoError(t, d.Explain(monitor, inc.ID, itsm.TriggerComment, itsm.Comment{Body: "Disk full again."}), "no late reply: nobody is late")
}

// TestWhatEndsAHold: whatever takes an incident out of the wait, it waits for nothing then.
func TestWhatEndsAHold(t *testing.T) {
	for _, row := range rows {
		if row.to == "" || row.to == onHold || !slices.Contains(row.from, onHold) {
			continue
		}
		d := newDesk(t, incident.Config{})
		inc := d.ok(row.do(d, d.in(onHold).ID))
		assert.Empty(t, inc.Hold, "after %s", row.trigger)
		assert.Empty(t, inc.HeldFrom, "after %s", row.trigger)
	}
}
