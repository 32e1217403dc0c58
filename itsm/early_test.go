package itsm_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// TestAHookBeforeAnActCompletesItsInput: before the table judges what the command brings, on an input of its own, and
// with who acts and what was given.
func TestAHookBeforeAnActCompletesItsInput(t *testing.T) {
	var incidents *incident.Incidents
	var given []string
	note := func(u *itsm.Unit, name string) {
		given = append(given, u.Actor().ID+" "+u.Principal().ID+" "+u.Given(name).String())
	}
	var before itsm.Record
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, func(k *itsm.Kernel) (err error) {
		k.Hook(itsm.Hook{
			Name: "resolutions", Triggers: []lifecycle.Trigger{incident.TriggerResolve},
			BeforeAct: func(u *itsm.Unit, tr lifecycle.Trigger, in any) error {
				note(u, "code")
				before = u.Record()
				if in.(*incident.Resolution).Notes == "never" {
					return itsm.Invalid("notes", "say more")
				}
				err := u.Preset(in, itsm.Patch{"code": field.Text("fixed"), "notes": field.Text("As usual.")})
				note(u, "code")
				return err
			},
		})
		k.Hook(itsm.Hook{
			Name: "reports", Triggers: []lifecycle.Trigger{incident.TriggerReport},
			BeforeAct: func(u *itsm.Unit, _ lifecycle.Trigger, in any) error {
				return u.Preset(in, itsm.Patch{"group": field.Text("desk"), "service": field.Text("vpn")})
			},
		})
		incidents, err = incident.New(k, incident.Config{})
		return err
	})
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	inc, err := incidents.Report(ann, incident.Report{Title: "VPN down"}, itsm.To("network", ""), itsm.With(itsm.Patch{"service": field.Text("wifi")}))
	require.NoError(t, err)
	assert.Equal(t, "network", inc.Group, "an option is no gap")
	assert.Equal(t, "wifi", inc.Service)
	assert.Empty(t, given)

	mine := &incident.Resolution{Notes: "Mine."}
	require.NoError(t, k.Explain(ann, inc.Ref(), incident.TriggerResolve, mine))
	assert.Equal(t, incident.Resolution{Notes: "Mine."}, *mine, "the caller's input is the caller's")
	_, err = incidents.Resolve(ann, inc.ID, incident.Resolution{Notes: "never"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	inc, err = incidents.Resolve(ann, inc.ID, incident.Resolution{Code: "advice"})
	require.NoError(t, err)
	assert.Equal(t, incident.Resolution{Code: "advice", Notes: "As usual."}, inc.Resolution)
	assert.Equal(t, incident.StateNew, before.Header().State, "it sees the record as it is before")
	assert.Equal(t, []string{"ann ann ", "ann ann ", "ann ann ", "ann ann advice", "ann ann advice"}, given, "what was filled in was not given")
	itsmtest.RequireVerified(t, ann, k, inc.Ref())
}

// TestInputsAreChecked: what tables of rules give is checked against the types and the schema before the first command.
func TestInputsAreChecked(t *testing.T) {
	k, err := itsm.New(itsm.Config{Store: memory.New()})
	require.NoError(t, err)
	_, err = incident.New(k, incident.Config{Custom: field.Schema{Version: 1, Fields: []field.Declaration{
		{Name: "site", Kind: field.KindText, Choices: []string{"Bonn"}}, {Name: "must", Kind: field.KindInt, Required: true},
	}}})
	require.NoError(t, err)
	check := func(name string, v field.Value) error {
		return k.CheckValues(incident.Kind, incident.TriggerReport, itsm.Patch{name: v})
	}
	require.NoError(t, check("impact", field.Text("high")))
	require.NoError(t, check("custom.site", field.Text("Bonn")))
	for name, v := range map[string]field.Value{
		"impact": field.Text("huge"), "custom.site": field.Text("Rome"), "custom.must": field.Text("x"), "custom.none": field.Int(1),
		"pizza": field.Int(1), "title": field.Text("\x00"),
	} {
		assert.ErrorIs(t, check(name, v), itsm.ErrInvalid, name)
	}
	assert.Contains(t, k.Creations(incident.Kind), incident.TriggerReport)
	assert.Contains(t, k.Inputs(incident.Kind, incident.TriggerReport), itsm.ColumnSpec{Name: "title", Kind: field.KindText})
	assert.Len(t, k.Schema(incident.Kind).Fields, 2)
	bad := itsm.Where("pizza").Is("x")
	assert.Error(t, k.CheckFilter(incident.Kind, bad))
}
