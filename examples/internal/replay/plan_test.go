package replay

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Every pair of states has a way, or is there.
func TestPlanIsComplete(t *testing.T) {
	states := incident.Lifecycle().States
	w := plan()
	require.Len(t, w, len(states))
	for _, to := range states {
		for _, from := range states {
			if from.Name != to.Name || from.Name == incident.StateAssigned || from.Name == incident.StateOnHold {
				assert.NotEmpty(t, w[to.Name][from.Name], "%s → %s", from.Name, to.Name)
			}
		}
	}
}

// Wherever an incident stands, a step ends where the log says, or is refused because no way leads there: out of what
// was cancelled, and back to new. Whatever happened, our events tell the story of the log.
func TestEveryStepEndsWhereTheLogSays(t *testing.T) {
	statuses := []*status{
		newStatus("Fresh", Target{State: incident.StateNew}),
		newStatus("Queue", Target{State: incident.StateAssigned, Queue: true}),
		newStatus("Assigned", Target{State: incident.StateAssigned}),
		newStatus("Open", Target{State: incident.StateInProgress}),
		newStatus("Asked", Target{State: incident.StateOnHold, Hold: itsm.HoldCaller}),
		newStatus("Ordered", Target{State: incident.StateOnHold, Hold: itsm.HoldVendor}),
		newStatus("Done", Target{State: incident.StateResolved}),
		newStatus("Closed", Target{State: incident.StateClosed}),
		newStatus("Dropped", Target{State: incident.StateCancelled}),
	}
	rapid.Check(t, func(t *rapid.T) {
		log := &Log{Cases: []string{"a"}, mapping: &Mapping{}}
		at := time.Date(2025, 3, 1, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 12).Draw(t, "events") {
			at = at.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "later")))
			log.events = append(log.events, event{
				at: at.UnixNano(), status: rapid.SampledFrom(statuses).Draw(t, "status"),
				group:  rapid.SampledFrom([]string{"North", "South", `Team "4", west`}).Draw(t, "team"),
				person: rapid.SampledFrom([]string{"", "Ann", "Bob"}).Draw(t, "person"),
				impact: rapid.SampledFrom([]itsm.Level{0, itsm.High, itsm.Low}).Draw(t, "impact"),
			})
		}
		r, err := New(log)
		require.NoError(t, err)
		for i := range log.events {
			e := &log.events[i]
			before, refused := r.lives[0].ticket, total(r)
			r.clock.Set(time.Unix(0, e.at))
			require.NoError(t, r.live(agent(context.Background()), e))

			inc := r.lives[0].ticket
			if total(r) > refused {
				require.True(t, before.State == incident.StateCancelled || e.status.State == incident.StateNew,
					"%s → %s was refused", before.State, e.status.name)
				continue
			}
			a := aim{status: e.status, group: e.group, person: e.person}
			group, person := a.hand(&inc)
			require.False(t, group || person, "%s has it, in %s", inc.Assignee, inc.Group)
			require.Equal(t, e.status.State, inc.State)
			require.Equal(t, e.status.Hold, inc.Hold)
			require.Equal(t, e.status.name, inc.Custom.Get(statusName).Text())
			require.True(t, e.impact == 0 || e.impact == inc.Impact)
		}
		told, err := r.story(agent(context.Background()), r.lives[0].ticket.ID)
		require.NoError(t, err)
		var ours, theirs []string
		for i, s := range told {
			if i+1 == len(told) || told[i+1].at.After(s.at) {
				ours = append(ours, strconv.FormatInt(s.at.UnixNano(), 10)+" "+s.status+" "+s.team)
			}
		}
		for _, e := range log.events {
			theirs = append(theirs, strconv.FormatInt(e.at, 10)+" "+e.status.name+" "+e.group)
		}
		require.Equal(t, strings.Join(theirs, "\n"), strings.Join(ours, "\n"))
	})
}

func total(r *Replay) (n int) {
	for _, count := range r.tally.refused {
		n += count
	}
	return n
}

// A note of a refused step is read back; other notes are none.
func TestRefusedNote(t *testing.T) {
	a := aim{status: &status{name: "On\n\"hold\""}, group: "Team 4, west."}
	note := refusedNote(&a, &lifecycle.Refusal{Lifecycle: "incident", State: "closed", Trigger: "hold", Reasons: []lifecycle.Reason{{Code: "why"}}})
	assert.Contains(t, note, "cannot hold in state closed: why")
	status, team, ok := readRefused(note)
	assert.True(t, ok)
	assert.Equal(t, a.name, status)
	assert.Equal(t, a.group, team)
	for _, other := range []string{"", "Refused: the log says status", "Still Open."} {
		_, _, ok := readRefused(other)
		assert.False(t, ok, other)
	}
}

// A replay that did not come to its end has no figures.
func TestNothingHalfDone(t *testing.T) {
	log := &Log{Cases: []string{"a"}, mapping: &Mapping{}, events: []event{{status: newStatus("Open", Target{State: incident.StateInProgress})}}}
	r, err := New(log)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, r.Drive(ctx, nil), context.Canceled)
	_, err = r.Figures(t.Context())
	assert.ErrorContains(t, err, "did not come to its end")
}
