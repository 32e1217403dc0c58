package itsm_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// TestLawsHoldOverAnyIncident plays the lives of incidents, with the hooks and timers of a real practice.
func TestLawsHoldOverAnyIncident(t *testing.T) {
	inputs := map[lifecycle.Trigger][]any{
		incident.TriggerReport:   {incident.Report{Title: "VPN down", Impact: itsm.High}, incident.Report{}},
		incident.TriggerAssign:   {incident.Assignment{Group: "network"}, nil},
		incident.TriggerStart:    {nil},
		incident.TriggerReassign: {incident.Assignment{Assignee: "ada"}, incident.Assignment{Group: "desk"}},
		incident.TriggerReturn:   {incident.Queue{Group: "desk"}, nil},
		incident.TriggerHold:     {incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"}, incident.Hold{Reason: itsm.HoldVendor}, nil},
		incident.TriggerResume:   {nil},
		incident.TriggerResolve:  {incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."}, nil},
		incident.TriggerConfirm:  {nil},
		incident.TriggerReopen:   {incident.Reopen{Reason: "Down again."}},
		incident.TriggerLate:     {itsm.Comment{Body: "Down again."}},
		incident.TriggerCancel:   {incident.Cancel{Reason: incident.Withdrawn}, incident.Cancel{Reason: incident.Duplicate, Original: itsm.Ref{Kind: "incident", ID: "INC0000001"}}},
		itsm.TriggerComment:      {itsm.Comment{Body: "The Vienna one."}, itsm.Comment{Body: "Away.", AutoReply: true}},
		itsm.TriggerNote:         {itsm.WorkNote{Body: "Looking."}},
		itsm.TriggerEdit:         {itsm.Patch{"urgency": field.Text("high")}, itsm.Patch{"priority": field.Int(1)}, itsm.Patch{"title": {}}},
	}
	var triggers []lifecycle.Trigger
	for _, row := range incident.Lifecycle().Triggers {
		if inputs[row.Name] != nil {
			triggers = append(triggers, row.Name)
		}
	}
	triggers = append(triggers, incident.TriggerStart, incident.TriggerResolve, itsm.TriggerComment)
	people := []itsm.Actor{itsmtest.Requester("bob"), itsmtest.Agent("ann"), itsmtest.Agent("ada"), itsmtest.Integration("mailgate", itsmtest.ActingFor("bob"))}
	given, accepted := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		saw := newWitness(memory.New())
		k, clock := itsmtest.Kernel(t, itsm.Config{Store: saw}, func(k *itsm.Kernel) error {
			_, err := incident.New(k, incident.Config{Policy: incident.Policy{ReopenLimit: 2}})
			return err
		})
		for range 60 {
			ctx := as(rapid.SampledFrom(people).Draw(t, "actor"))
			ref, trigger := itsm.Ref{Kind: incident.Kind}, incident.TriggerReport
			switch n := rapid.IntRange(0, 19).Draw(t, "what"); {
			case n == 0:
				person := rapid.SampledFrom([]string{"bob", "ada"}).Draw(t, "person")
				_, err := k.Erase(root, person, "asked for it")
				require.NoError(t, err)
				saw.erase("acme", person)
				continue
			case n == 1:
				require.NoError(t, clock.Advance(context.Background(), time.Duration(rapid.IntRange(1, 30).Draw(t, "hours"))*time.Hour))
				continue
			case n > 3 && len(saw.records) > 0:
				ref = rapid.SampledFrom(saw.keys()).Draw(t, "record").Ref()
				trigger = rapid.SampledFrom(triggers).Draw(t, "trigger")
			}
			in := rapid.SampledFrom(inputs[trigger]).Draw(t, "input")
			expected := k.Explain(ctx, ref, trigger, in)
			applied := saw.applied
			_, err := k.Do(ctx, ref, trigger, in)
			require.Equal(t, text(expected), text(err))
			typed(t, err)
			require.True(t, err == nil || saw.applied == applied)
			given++
			accepted += saw.applied - applied
		}
		require.Empty(t, saw.gaps)
		for _, key := range saw.keys() {
			require.NoError(t, k.Verify(root, key.Ref()))
			for n := range saw.records[key] {
				then, err := k.At(root, key.Ref(), int64(n)+1)
				require.NoError(t, err)
				require.Equal(t, saw.at(key, int64(n)+1), flat(then), "%s@%d is not the fold of its events", key, n+1)
			}
			history, err := k.History(root, key.Ref(), 0, 0)
			require.NoError(t, err)
			followsTable(t, incident.Lifecycle(), history)
		}
	})
	t.Logf("%d commands, %d accepted", given, accepted)
	require.Greater(t, accepted, given/10, "laws that were tried with refusals alone are not proven")
}
