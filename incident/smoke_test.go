package incident_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

func open(t testing.TB, c incident.Config) (*incident.Incidents, *itsm.Kernel) {
	k, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
	require.NoError(t, err)
	s, err := incident.New(k, c)
	require.NoError(t, err)
	require.NoError(t, k.Open(context.Background()))
	return s, k
}

func TestSmoke(t *testing.T) {
	s, k := open(t, incident.Config{})
	ctx := itsm.WithActor(context.Background(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []lifecycle.Role{itsm.Administrator}})
	bob := itsm.WithActor(context.Background(), itsm.Actor{ID: "bob", Tenant: "acme", Roles: []lifecycle.Role{itsm.Requester}})
	inc, err := s.Report(bob, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
	require.NoError(t, err)
	inc, err = s.Start(ctx, inc.ID)
	require.NoError(t, err)
	_, err = s.Hold(ctx, inc.ID, incident.Hold{Reason: itsm.HoldCaller})
	require.ErrorIs(t, err, itsm.ErrRefused)
	t.Log(err)
	inc, err = s.Hold(ctx, inc.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
	require.NoError(t, err)
	inc, err = s.Comment(bob, inc.ID, itsm.Comment{Body: "The Vienna one."})
	require.NoError(t, err)
	require.Equal(t, incident.StateInProgress, inc.State)
	inc, err = s.Resolve(ctx, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."})
	require.NoError(t, err)
	require.NoError(t, k.Verify(ctx, inc.Ref()))
	h, err := s.History(ctx, inc.ID, 0, 0)
	require.NoError(t, err)
	for _, e := range h {
		t.Logf("%d %s %v %+v %s", e.Version, e.Event, e.Also, e.Changes, e.Actor.ID)
	}
	done, err := k.Erase(ctx, "bob", "asked for it")
	require.NoError(t, err)
	t.Logf("%+v", done)
	require.NoError(t, k.Verify(ctx, inc.Ref()))
	inc, err = s.Get(ctx, inc.ID)
	require.NoError(t, err)
	require.Equal(t, itsm.Erased, inc.Caller)
	ts, err := s.Permitted(ctx, inc.ID)
	require.NoError(t, err)
	t.Log(ts)
}

func BenchmarkLife(b *testing.B) {
	s, _ := open(b, incident.Config{})
	ctx := itsm.WithActor(context.Background(), itsm.Actor{ID: "ann", Tenant: "acme", Roles: []lifecycle.Role{itsm.Agent}})
	bob := itsm.WithActor(context.Background(), itsm.Actor{ID: "bob", Tenant: "acme", Roles: []lifecycle.Role{itsm.Requester}})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		inc, err := s.Report(bob, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
		if err != nil {
			b.Fatal(err)
		}
		s.Assign(ctx, inc.ID, incident.Assignment{Group: "network"})
		s.Start(ctx, inc.ID)
		s.Hold(ctx, inc.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"})
		s.Comment(bob, inc.ID, itsm.Comment{Body: "The Vienna one."})
		s.Note(ctx, inc.ID, "Looking.")
		s.Resolve(ctx, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."})
		s.Confirm(bob, inc.ID)
		n += 8
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/command")
}
