package itsm_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// purgers is a desk of incidents where a work note on one purges the records that the test names.
func purgers(t *testing.T, victims *[]itsm.Ref, attempt bool) (*itsm.Kernel, *incident.Incidents) {
	t.Helper()
	var incidents *incident.Incidents
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) (err error) {
		k.Hook(itsm.Hook{Name: "purge", Triggers: []lifecycle.Trigger{itsm.TriggerNote}, AfterAct: func(u *itsm.Unit, _ itsm.Change) error {
			all := func() error {
				for _, ref := range *victims {
					if err := u.Purge(ref); err != nil {
						return err
					}
				}
				return nil
			}
			if !attempt {
				return all()
			}
			_, err := u.Attempt(all)
			return err
		}})
		incidents, err = incident.New(k, incident.Config{})
		return err
	})
	return k, incidents
}

func TestPurgeRefusesWhatMustStay(t *testing.T) {
	rootly := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	agent := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	var victims []itsm.Ref
	k, s := purgers(t, &victims, false)
	report := func(end bool) incident.Incident {
		inc, err := s.Report(agent, incident.Report{Title: "VPN down", Impact: itsm.Low, Urgency: itsm.Low})
		require.NoError(t, err)
		if end {
			inc, err = s.Cancel(agent, inc.ID, incident.Cancel{Reason: incident.Withdrawn})
			require.NoError(t, err)
		}
		return inc
	}
	cause, open, ended, held := report(false), report(false), report(true), report(true)
	_, err := s.HoldForLegal(rootly, held.ID, itsm.LegalHold{Matter: "2026-14"})
	require.NoError(t, err)
	_, err = s.HoldForLegal(rootly, held.ID, itsm.LegalHold{Matter: " 2026-14 "})
	require.ErrorIs(t, err, itsm.ErrInvalid, "it is held for it already")
	_, err = s.ReleaseLegalHold(rootly, held.ID, itsm.LegalHold{Matter: "2026-15", Reason: "Settled."})
	require.ErrorIs(t, err, itsm.ErrInvalid, "it is not held for it")

	give := func(ctx context.Context, refs ...itsm.Ref) error {
		victims = refs
		_, err := s.Note(ctx, cause.ID, "Purge.")
		return err
	}
	for code, ref := range map[lifecycle.Code]itsm.Ref{itsm.ReasonNotEnded: open.Ref(), itsm.ReasonLegalHold: held.Ref()} {
		refusal, ok := lifecycle.AsRefusal(give(rootly, ended.Ref(), ref))
		require.True(t, ok)
		require.True(t, refusal.Has(code), "%v", refusal)
	}
	require.ErrorIs(t, give(agent, ended.Ref()), itsm.ErrDenied, "who gave the command needs the verb")
	require.ErrorIs(t, give(rootly, itsm.Ref{Kind: incident.Kind, ID: "INC0000099"}), itsm.ErrNotFound)
	require.ErrorIs(t, give(rootly, cause.Ref()), itsm.ErrInvalid, "what is written to is not purged")
	_, err = s.Get(rootly, ended.ID)
	require.NoError(t, err, "one that stays keeps all")

	require.NoError(t, give(rootly, ended.Ref()))
	_, err = s.Get(rootly, ended.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = k.History(rootly, ended.Ref(), 0, 0)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	victims = nil
	n, err := s.Note(rootly, cause.ID, "And on.")
	require.NoError(t, err)
	require.NoError(t, k.Verify(rootly, n.Ref()))
}

// TestARefusedAttemptPurgesNothing: what a part of a transaction purged comes back with the rest of it.
func TestARefusedAttemptPurgesNothing(t *testing.T) {
	ctx := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	var victims []itsm.Ref
	_, s := purgers(t, &victims, true)
	cause, err := s.Report(ctx, incident.Report{Title: "VPN down", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	ended, err := s.Report(ctx, incident.Report{Title: "VPN down", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	_, err = s.Cancel(ctx, ended.ID, incident.Cancel{Reason: incident.Withdrawn})
	require.NoError(t, err)
	victims = []itsm.Ref{ended.Ref(), {Kind: incident.Kind, ID: "INC0000099"}}
	_, err = s.Note(ctx, cause.ID, "Purge.")
	require.NoError(t, err)
	_, err = s.Get(ctx, ended.ID)
	require.NoError(t, err)
}

// TestAKeyOfAPurgedRecordIsNotUsedAgain: its command is not done a second time.
func TestAKeyOfAPurgedRecordIsNotUsedAgain(t *testing.T) {
	ctx := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	var victims []itsm.Ref
	_, s := purgers(t, &victims, false)
	cause, err := s.Report(ctx, incident.Report{Title: "Cause", Impact: itsm.Low, Urgency: itsm.Low})
	require.NoError(t, err)
	report := incident.Report{Title: "VPN down", Impact: itsm.Low, Urgency: itsm.Low}
	ended, err := s.Report(ctx, report, itsm.Once("one"))
	require.NoError(t, err)
	_, err = s.Cancel(ctx, ended.ID, incident.Cancel{Reason: incident.Withdrawn})
	require.NoError(t, err)
	victims = []itsm.Ref{ended.Ref()}
	_, err = s.Note(ctx, cause.ID, "Purge.")
	require.NoError(t, err)
	_, err = s.Report(ctx, report, itsm.Once("one"))
	require.ErrorIs(t, err, itsm.ErrNotFound)
	count, err := s.Count(ctx, itsm.Query{})
	require.NoError(t, err)
	require.EqualValues(t, 1, count)
}
