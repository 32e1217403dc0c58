package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// repairs is a vendor's practice: incidents may wait for spare parts, which are ordered only where the service is under
// contract.
type repairs struct {
	order   itsm.Command[incident.Incident, order]
	receive itsm.Command[incident.Incident, incident.Nothing]
}

type order struct{ Part string }

const awaitingParts lifecycle.State = "awaiting_parts"

func (r *repairs) config() incident.Config {
	return incident.Config{
		Custom: field.Schema{Version: 1, Fields: []field.Declaration{{Name: "part", Kind: field.KindText, Indexed: true}}},
		Overlays: []lifecycle.Overlay{{
			Lifecycle: incident.Kind, Version: 2,
			Replace: lifecycle.Parts{Transitions: []lifecycle.Transition{{
				From: states{onHold}, Trigger: incident.TriggerResume,
				Choose: "before_hold", Among: states{isNew, assigned, inProgress, awaitingParts},
			}}},
			Add: lifecycle.Parts{
				States: []lifecycle.StateRow{{Name: awaitingParts, Title: "Awaiting Parts", Phase: lifecycle.Waiting}},
				Triggers: []lifecycle.TriggerRow{
					{Name: "order_parts", Title: "Order parts", Past: "parts_ordered"},
					{Name: "receive_parts", Title: "Receive parts", Past: "parts_received"},
				},
				Transitions: []lifecycle.Transition{
					{From: states{inProgress}, Trigger: "order_parts", To: awaitingParts, Guards: []string{"under_contract"}, Brings: []lifecycle.Need{{"part"}}},
					{From: states{awaitingParts}, Trigger: "receive_parts", To: inProgress},
					{From: states{awaitingParts}, Trigger: itsm.TriggerComment, Brings: []lifecycle.Need{{"body"}}},
					{From: states{awaitingParts}, Trigger: incident.TriggerHold, To: onHold, Brings: []lifecycle.Need{{"reason"}}, Guards: []string{"known_hold_reason", "caller_told"}},
				},
			},
		}},
		Extend: func(p *itsm.Practice[incident.Incident]) error {
			p.Guard("under_contract", func(_ *itsm.Unit, inc *incident.Incident) *lifecycle.Reason {
				if inc.Service == "vpn" {
					return nil
				}
				return &lifecycle.Reason{Code: "under_contract", Args: map[string]string{"service": inc.Service}}
			})
			r.order = itsm.Handle(p, "order_parts", func(_ *itsm.Unit, inc *incident.Incident, o order) error {
				inc.Custom.Set("part", field.Text(o.Part))
				return nil
			})
			r.receive = itsm.Handle(p, "receive_parts", func(*itsm.Unit, *incident.Incident, incident.Nothing) error { return nil })
			return nil
		},
	}
}

// TestVendorState runs a vendor's state, guard and commands through the same door as the practice's own.
func TestVendorState(t *testing.T) {
	var r repairs
	d := newDesk(t, r.config())
	inc := d.in(inProgress)
	permitted, err := d.Permitted(d.ann, inc.ID)
	require.NoError(t, err)
	assert.Contains(t, permitted, lifecycle.Trigger("order_parts"))
	_, err = r.order.Do(d.ann, inc.ID, order{})
	refused(t, err, lifecycle.MissingInput, map[string]string{"field": "part"})
	d.unchanged(inc)

	inc = d.ok(r.order.Do(d.ann, inc.ID, order{Part: "fan"}))
	assert.Equal(t, awaitingParts, inc.State)
	assert.Equal(t, lifecycle.Waiting, inc.Phase)
	itsmtest.RequireEvent(t, d.root, d.kernel, inc.Ref(), "incident.parts_ordered", itsmtest.Changed("custom.part", "fan"))
	_, err = d.Resolve(d.ann, inc.ID, fixed)
	refused(t, err, lifecycle.NotFromHere, map[string]string{"state": "awaiting_parts"})

	inc = d.ok(d.Hold(d.ann, inc.ID, forCaller))
	assert.Equal(t, awaitingParts, inc.HeldFrom)
	inc = d.ok(d.Comment(d.cleo, inc.ID, itsm.Comment{Body: "The small one."}))
	assert.Equal(t, awaitingParts, inc.State, "the caller's answer leads back to the vendor's state")
	inc = d.ok(r.receive.Do(d.ann, inc.ID, incident.Nothing{}))
	assert.Equal(t, inProgress, inc.State)
	d.verified(inc.ID)

	page, err := d.List(d.ann, itsm.Query{Filter: ptr(itsm.Where("custom.part").Is("fan"))})
	require.NoError(t, err)
	assert.Len(t, page.Records, 1)

	other := d.ok(d.Start(d.ann, d.ok(d.Report(d.cleo, incident.Report{Title: "No mail", Service: "mail"})).ID))
	_, err = r.order.Do(d.ann, other.ID, order{Part: "fan"})
	refused(t, err, "under_contract", map[string]string{"service": "mail"})
}

// TestVendorField asks for a field of the desk's own on every resolution, which may come with the command.
func TestVendorField(t *testing.T) {
	d := newDesk(t, incident.Config{
		Custom: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "cause", Kind: field.KindText, Choices: []string{"hardware", "software"}},
		}},
		Overlays: []lifecycle.Overlay{{
			Lifecycle: incident.Kind, Version: 2,
			Adjust: []lifecycle.Adjustment{{
				Edge: lifecycle.Edge{Trigger: incident.TriggerResolve},
				Add:  lifecycle.Conditions{Leaves: []lifecycle.Need{{"custom.cause"}}},
			}},
		}},
	})
	cause := func(text string) itsm.Option { return itsm.With(itsm.Patch{"custom.cause": field.Text(text)}) }
	inc := d.in(inProgress)
	_, err := d.Resolve(d.ann, inc.ID, fixed)
	refused(t, err, lifecycle.MissingField, map[string]string{"field": "custom.cause"})
	_, err = d.Resolve(d.ann, inc.ID, fixed, cause("magic"))
	assert.ErrorIs(t, err, field.ErrChoice)
	d.unchanged(inc)
	inc = d.ok(d.Resolve(d.ann, inc.ID, fixed, cause("hardware")))
	assert.Equal(t, "hardware", inc.Custom.Get("cause").Text())

	// A late reply takes the desk's own fields over, or it could not report where one is required.
	d.ok(d.Confirm(d.cleo, inc.ID))
	d.ok(d.Reply(d.cleo, inc.ID, itsm.Comment{Body: "Down again."}))
	links, err := d.Links(d.ann, inc.ID)
	require.NoError(t, err)
	assert.Equal(t, "hardware", d.get(links[0].To.ID).Custom.Get("cause").Text())
}

// TestVendorGuard refuses what the practice would do by itself. The caller's message gets through all the same, with
// the refusal on the record for a person to see.
func TestVendorGuard(t *testing.T) {
	d := newDesk(t, incident.Config{
		Overlays: []lifecycle.Overlay{{
			Lifecycle: incident.Kind, Version: 2,
			Adjust: []lifecycle.Adjustment{
				{Edge: lifecycle.Edge{Trigger: incident.TriggerReopen}, Add: lifecycle.Conditions{Guards: []string{"never"}}},
				{Edge: lifecycle.Edge{Trigger: incident.TriggerResume}, Add: lifecycle.Conditions{Ensures: []string{"never"}}},
			},
		}},
		Extend: func(p *itsm.Practice[incident.Incident]) error {
			p.Guard("never", func(*itsm.Unit, *incident.Incident) *lifecycle.Reason { return &lifecycle.Reason{} })
			return nil
		},
	})
	held := d.ok(d.Hold(d.ann, d.in(inProgress).ID, forCaller))
	for _, inc := range []incident.Incident{held, d.in(resolved)} {
		is := d.ok(d.Comment(d.cleo, inc.ID, itsm.Comment{Body: "Down again."}))
		assert.Equal(t, inc.State, is.State)
		assert.Equal(t, inc.Hold, is.Hold)
		assert.Equal(t, inc.Resolution, is.Resolution)
		entry := itsmtest.RequireEvent(t, d.root, d.kernel, is.Ref(), "incident.commented", itsmtest.WithFact("refused"))
		assert.Contains(t, string(entry.Facts["refused"]), "never")
		assert.Contains(t, entry.Also, "incident.refused")
		d.verified(is.ID)
	}
	_, err := d.Reopen(d.cleo, d.in(resolved).ID, again)
	refused(t, err, lifecycle.GuardRefused, map[string]string{"guard": "never"})
}

// TestOverlayRemoves a way out of a state, and others keep it.
func TestOverlayRemoves(t *testing.T) {
	d := newDesk(t, incident.Config{Overlays: []lifecycle.Overlay{{
		Lifecycle: incident.Kind, Version: 2,
		Remove: lifecycle.Removal{Transitions: []lifecycle.Edge{{From: states{isNew, assigned}, Trigger: incident.TriggerResolve}}},
	}}})
	for state, possible := range map[lifecycle.State]bool{isNew: false, assigned: false, inProgress: true, onHold: true} {
		_, err := d.Resolve(d.ann, d.in(state).ID, fixed)
		if possible {
			assert.NoError(t, err, "from %s", state)
			continue
		}
		refused(t, err, lifecycle.NotFromHere, map[string]string{"state": string(state)})
	}
}

// TestFaultyOverlay is told when the desk is built, all faults at once.
func TestFaultyOverlay(t *testing.T) {
	overlay := func(o lifecycle.Overlay) incident.Config {
		o.Lifecycle, o.Version = incident.Kind, 2
		return incident.Config{Overlays: []lifecycle.Overlay{o}}
	}
	never := []lifecycle.Adjustment{{Edge: lifecycle.Edge{Trigger: incident.TriggerResolve}, Add: lifecycle.Conditions{Guards: []string{"nobody_knows"}}}}
	cause := []lifecycle.Adjustment{{Edge: lifecycle.Edge{Trigger: incident.TriggerResolve}, Add: lifecycle.Conditions{Leaves: []lifecycle.Need{{"custom.cause"}}}}}
	tests := map[string]struct {
		config incident.Config
		fault  string
	}{
		"a guard without function":    {overlay(lifecycle.Overlay{Adjust: never}), "nobody_knows"},
		"a field without declaration": {overlay(lifecycle.Overlay{Adjust: cause}), "custom.cause"},
		"a state without a way to it": {overlay(lifecycle.Overlay{Add: lifecycle.Parts{States: []lifecycle.StateRow{{Name: "limbo", Title: "Limbo", Phase: lifecycle.Active}}}}), "limbo"},
		"a trigger without handler": {overlay(lifecycle.Overlay{Add: lifecycle.Parts{
			Triggers:    []lifecycle.TriggerRow{{Name: "bless", Title: "Bless", Past: "blessed"}},
			Transitions: []lifecycle.Transition{{From: states{isNew}, Trigger: "bless"}},
		}}), "bless"},
		"an old version":    {incident.Config{Overlays: []lifecycle.Overlay{{Lifecycle: incident.Kind, Version: 1}}}, "version"},
		"another lifecycle": {incident.Config{Overlays: []lifecycle.Overlay{{Lifecycle: "problem", Version: 2}}}, "problem"},
	}
	for name, test := range tests {
		_, err := kernelWith(test.config)
		assert.ErrorContains(t, err, test.fault, name)
	}
}

func ptr[T any](v T) *T { return &v }
func TestOverlayRemovesReopen(t *testing.T) {
	d := newDesk(t, incident.Config{Overlays: []lifecycle.Overlay{{
		Lifecycle: incident.Kind, Version: 2, Remove: lifecycle.Removal{Triggers: []lifecycle.Trigger{incident.TriggerReopen}},
	}}})
	inc := d.in(resolved)
	_, err := d.Reopen(d.cleo, inc.ID, again)
	refused(t, err, lifecycle.UnknownTrigger, map[string]string{"trigger": "reopen"})
	inc = d.ok(d.Comment(d.cleo, inc.ID, itsm.Comment{Body: "Down again."}))
	assert.Equal(t, resolved, inc.State, "the caller's message is a comment only")
	d.pass(time.Hour * 24)
	assert.Equal(t, closed, d.get(inc.ID).State)
}
