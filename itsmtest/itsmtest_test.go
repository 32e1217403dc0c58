package itsmtest_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestKernelRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		config   itsm.Config
		register func(*itsm.Kernel) error
		want     string
	}{
		"no store":        {itsm.Config{}, nil, "give the kernel a store"},
		"another clock":   {itsm.Config{Store: memory.New(), Clock: itsm.MachineClock()}, nil, "give Kernel a clock made by itsmtest.NewClock"},
		"a failed set-up": {itsm.Config{Store: memory.New()}, func(*itsm.Kernel) error { return errors.New("no table") }, "no table"},
		"a faulty set-up": {itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) error {
			k.Hook(itsm.Hook{Name: "gone", Kinds: []string{"flaw"}})
			return nil
		}, `no kind "flaw"`},
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			k, clock := itsmtest.Kernel(&r, test.config, test.register)
			require.Nil(t, k)
			require.Nil(t, clock)
			require.Len(t, r.failures, 1)
			require.Contains(t, r.failure(), test.want)
		})
	}
}

// What nobody can be told, such as a timer that fails, is in the test's log, without the machine's time.
func TestKernelLogsToTheTest(t *testing.T) {
	var r recorder
	var f faults
	k, clock := itsmtest.Kernel(&r, itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) error {
		k.Hook(itsm.Hook{Name: "spoiler", AfterAct: func(_ *itsm.Unit, c itsm.Change) error {
			if c.Trigger == "remind" {
				return errors.New("spoiled")
			}
			return nil
		}})
		return f.register(k)
	})
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	flt, err := f.report.Do(ann, report{Title: "No network"})
	require.NoError(t, err)
	require.NoError(t, clock.Advance(ann, 24*time.Hour))
	require.Empty(t, r.failures)
	require.Len(t, r.logs, 1)
	require.Regexp(t, `^level=ERROR msg=".*" record=acme/fault/FLT0000001 timer=reminder .*spoiled`, r.logs[0])
	itsmtest.RequireNoEvent(t, ann, k, flt.Ref(), "fault.reminded")
}

// Several kernels on one store and one clock are the nodes of a cluster: a timer fires once.
func TestNodesOfACluster(t *testing.T) {
	store, clock := memory.New(), itsmtest.NewClock(start)
	var nodes [3]faults
	var kernels [3]*itsm.Kernel
	for i := range nodes {
		kernels[i], _ = itsmtest.Kernel(t, itsm.Config{Store: store, Clock: clock}, nodes[i].register)
	}
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	flt, err := nodes[0].report.Do(ann, report{Title: "No network"})
	require.NoError(t, err)
	require.NoError(t, clock.Advance(ann, 30*24*time.Hour))
	entries, err := kernels[1].History(ann, flt.Ref(), 0, 0)
	require.NoError(t, err)
	require.Len(t, entries, 31, "reported, and reminded on thirty days")
	for day, e := range entries {
		require.Equal(t, start.AddDate(0, 0, day), e.At)
	}
}

func TestActors(t *testing.T) {
	person := func(id string, role lifecycle.Role) itsm.Actor {
		return itsm.Actor{ID: id, Tenant: "acme", Roles: []lifecycle.Role{role}}
	}
	require.Equal(t, person("bob", itsm.Requester), itsmtest.Requester("bob"))
	require.Equal(t, person("ann", itsm.Agent), itsmtest.Agent("ann"))
	require.Equal(t, person("max", itsm.Manager), itsmtest.Manager("max"))
	require.Equal(t, person("eve", itsm.Administrator), itsmtest.Administrator("eve"))
	require.Equal(t, itsm.Actor{ID: "system", Tenant: "acme", Kind: itsm.System}, itsmtest.System())
	require.Equal(t, itsm.Actor{
		ID: "mail", Tenant: "globex", Kind: itsm.Integration, Roles: []lifecycle.Role{itsm.Agent, "clerk"}, OnBehalfOf: "bob",
	}, itsmtest.Integration("mail", itsmtest.InTenant("globex"), itsmtest.WithRoles("clerk"), itsmtest.ActingFor("bob")))

	a, err := itsm.ActorFrom(itsmtest.As(context.Background(), itsmtest.Agent("ann")))
	require.NoError(t, err)
	require.Equal(t, itsmtest.Agent("ann"), a)
}

func TestRandom(t *testing.T) {
	read := func(seed uint64) []byte {
		b := make([]byte, 1000)
		_, err := io.ReadFull(itsmtest.Random(seed), b)
		require.NoError(t, err)
		return b
	}
	require.Equal(t, read(1), read(1))
	require.NotEqual(t, read(1), read(2))

	// So a desk that starts alike writes alike, down to the digests.
	digest := func(seed uint64) itsm.Digest {
		var f faults
		_, _ = itsmtest.Kernel(t, itsm.Config{Store: memory.New(), Random: itsmtest.Random(seed)}, f.register)
		flt, err := f.report.Do(itsmtest.As(t.Context(), itsmtest.Agent("ann")), report{Title: "No network"})
		require.NoError(t, err)
		return flt.Digest
	}
	require.Equal(t, digest(1), digest(1))
	require.NotEqual(t, digest(1), digest(2))
}
