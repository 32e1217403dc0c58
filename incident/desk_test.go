package incident_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// tb is what *testing.T, *testing.B and *rapid.T have in common.
type tb interface {
	itsmtest.TB
	require.TestingT
}

// desk is a service desk with this one practice, on Monday, 2 March 2026, 09:00 UTC.
type desk struct {
	*incident.Incidents
	tb     tb
	kernel *itsm.Kernel
	clock  *itsmtest.Clock
	store  *memory.Store

	cleo context.Context // calls for help
	dan  context.Context // a requester too
	ann  context.Context // an agent
	ben  context.Context // another one
	root context.Context // may do everything
	mail context.Context // brings the mail of cleo

	system context.Context // runs hooks and clocks
}

func newDesk(t tb, c incident.Config) *desk {
	t.Helper()
	return newDeskIn(t, itsm.Config{Store: memory.New()}, c)
}

// newDeskIn is newDesk over a kernel of one's own.
func newDeskIn(t tb, kernel itsm.Config, c incident.Config) *desk {
	t.Helper()
	ctx := context.Background()
	store, _ := kernel.Store.(*memory.Store)
	d := &desk{
		tb: t, store: store,
		cleo: itsmtest.As(ctx, itsmtest.Requester("cleo")),
		dan:  itsmtest.As(ctx, itsmtest.Requester("dan")),
		ann:  itsmtest.As(ctx, itsmtest.Agent("ann")),
		ben:  itsmtest.As(ctx, itsmtest.Agent("ben")),
		root: itsmtest.As(ctx, itsmtest.Administrator("root")),
		mail: itsmtest.As(ctx, itsmtest.Integration("mail", itsmtest.ActingFor("cleo"))),

		system: itsmtest.As(ctx, itsmtest.System()),
	}
	d.kernel, d.clock = itsmtest.Kernel(t, kernel, func(k *itsm.Kernel) (err error) {
		d.Incidents, err = incident.New(k, c)
		return err
	})
	return d
}

// kernelWith registers and opens, and answers what is wrong.
func kernelWith(c incident.Config) (*incident.Incidents, error) {
	k, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
	if err != nil {
		return nil, err
	}
	s, err := incident.New(k, c)
	if err != nil {
		return nil, err
	}
	return s, k.Open(context.Background())
}

// ok is the record of a command that must pass.
func (d *desk) ok(inc incident.Incident, err error) incident.Incident {
	d.tb.Helper()
	require.NoError(d.tb, err)
	return inc
}

// get is the record as it stands, all of it.
func (d *desk) get(id string) incident.Incident { return d.ok(d.Get(d.root, id)) }

// reported is a new incident of cleo.
func (d *desk) reported() incident.Incident {
	return d.ok(d.Report(d.cleo, incident.Report{Title: "VPN down", Service: "vpn"}))
}

var (
	toNetwork = incident.Assignment{Group: "network"}
	forVendor = incident.Hold{Reason: itsm.HoldVendor}
	forCaller = incident.Hold{Reason: itsm.HoldCaller, Message: "Which gateway?"}
	fixed     = incident.Resolution{Code: incident.Fixed, Notes: "Rolled the gateway back."}
	again     = incident.Reopen{Reason: "Down again."}
	withdrawn = incident.Cancel{Reason: incident.Withdrawn}
)

// in is an incident of cleo that came to a state the usual way: assigned to a group, in progress with ann, on hold for
// the vendor, resolved, and confirmed by cleo.
func (d *desk) in(state lifecycle.State) incident.Incident {
	d.tb.Helper()
	inc := d.reported()
	steps := []struct {
		to lifecycle.State
		do func(id string) (incident.Incident, error)
	}{
		{incident.StateAssigned, func(id string) (incident.Incident, error) { return d.Assign(d.ann, id, toNetwork) }},
		{incident.StateInProgress, func(id string) (incident.Incident, error) { return d.Start(d.ann, id) }},
		{incident.StateOnHold, func(id string) (incident.Incident, error) { return d.Hold(d.ann, id, forVendor) }},
		{incident.StateResolved, func(id string) (incident.Incident, error) { return d.Resolve(d.ann, id, fixed) }},
		{incident.StateClosed, func(id string) (incident.Incident, error) { return d.Confirm(d.cleo, id) }},
	}
	if state == incident.StateCancelled {
		return d.ok(d.Cancel(d.ann, inc.ID, withdrawn))
	}
	for _, step := range steps {
		if inc.State == state {
			break
		}
		inc = d.ok(step.do(inc.ID))
		require.Equal(d.tb, step.to, inc.State)
	}
	return inc
}

// pass lets time pass, and everything fall due that does.
func (d *desk) pass(span time.Duration) {
	d.tb.Helper()
	require.NoError(d.tb, d.clock.Advance(d.root, span))
}

// unchanged requires that nothing was written since the record was read.
func (d *desk) unchanged(was incident.Incident) {
	d.tb.Helper()
	require.Equal(d.tb, d.get(was.ID), was, "nothing was written")
}

// verified requires that the record is what its history says.
func (d *desk) verified(id string) {
	d.tb.Helper()
	itsmtest.RequireVerified(d.tb, d.root, d.kernel, d.Ref(id))
}

// refused requires that exactly one thing stands in the way, and that it names these arguments.
func refused(t tb, err error, code lifecycle.Code, args map[string]string) {
	t.Helper()
	refusal := itsmtest.RequireRefused(t, err, code)
	for name, want := range args {
		require.Equal(t, want, refusal.Reasons[0].Args[name], "%s of %v", name, refusal)
	}
}

const day = 24 * time.Hour

var _ tb = (*testing.B)(nil)
