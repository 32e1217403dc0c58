package template_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/task"
	"github.com/itsmkit/itsmkit/template"
)

var (
	bob = itsmtest.As(context.Background(), itsmtest.Requester("bob"))
	ann = itsmtest.As(context.Background(), itsmtest.Agent("ann"))
)

func tables() []template.Template {
	return []template.Template{
		{
			Name: "network", Kind: incident.Kind, Categories: []string{"network"},
			Mandatory: []string{"custom.site", "description"}, Preset: itsm.Patch{"group": field.Text("network")},
			ReadOnly: []template.Rule{{Field: "service"}}, Tasks: "outage", Free: []string{"channel"},
		},
		{
			Name: "general", Kind: incident.Kind, Mandatory: []string{"title"},
			Preset:   itsm.Patch{"channel": field.Text("portal"), "impact": field.Text("low"), "group": field.Text("desk")},
			Hidden:   []template.Rule{{Field: "urgency", Except: []itsm.Role{itsm.Agent}}, {Field: "channel", Except: []itsm.Role{itsm.Agent}}},
			ReadOnly: []template.Rule{{Field: "impact", Except: []itsm.Role{itsm.Agent}}},
		},
	}
}

func open(t testing.TB, hooks []itsm.Hook, list ...template.Template) *desk.Desk {
	t.Helper()
	d, err := desk.Open(context.Background(), desk.Config{
		Incidents: incident.Config{Custom: field.Schema{Version: 1, Fields: []field.Declaration{
			{Name: "site", Title: "Site", Kind: field.KindText, Choices: []string{"Bonn", "Lyon"}},
		}}},
		Tasks:     task.Config{Lists: []task.List{{Name: "outage", Tasks: []task.Work{{Title: "Look", Mandatory: true}}}}},
		Templates: list, Hooks: hooks,
	})
	require.NoError(t, err)
	return d
}

var inBonn = field.FromMap(map[string]field.Value{"site": field.Text("Bonn")})

func TestPresetsFillWhatWasLeftEmpty(t *testing.T) {
	d := open(t, nil, tables()...)
	inc, err := d.Incidents.Report(bob, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	assert.Equal(t, "portal", inc.Channel)
	assert.Equal(t, itsm.Low, inc.Impact)
	assert.Equal(t, itsm.Priority(5), inc.Priority, "the matrix sees what was filled in")
	assert.Equal(t, "desk", inc.Group, "a requester need not be allowed to name it")

	network := incident.Report{Title: "VPN down", Description: "Since noon.", Category: "network", Custom: inBonn}
	inc, err = d.Incidents.Report(bob, network)
	require.NoError(t, err)
	assert.Equal(t, "network", inc.Group, "the later template wins")
	assert.Equal(t, 1, inc.OpenTasks, "its list of tasks is added")

	network.Impact, network.Group = itsm.High, "storage"
	inc, err = d.Incidents.Report(ann, network)
	require.NoError(t, err)
	assert.Equal(t, itsm.High, inc.Impact, "what was given stays")
	assert.Equal(t, "storage", inc.Group)
	inc, err = d.Incidents.Report(ann, incident.Report{Title: "VPN down"}, itsm.To("storage", "ann"), itsm.With(itsm.Patch{"impact": field.Text("critical")}))
	require.NoError(t, err)
	assert.Equal(t, "storage", inc.Group, "options are given, too")
	assert.Equal(t, itsm.Critical, inc.Impact)
	_, err = d.Incidents.Report(bob, incident.Report{Title: "VPN down", Group: "storage"})
	require.ErrorIs(t, err, itsm.ErrDenied)
}

func TestMandatoryFields(t *testing.T) {
	d := open(t, nil, tables()...)
	_, err := d.Incidents.Report(bob, incident.Report{Title: "VPN down", Category: "network", Description: " "})
	refusal := itsmtest.RequireRefused(t, err, lifecycle.MissingField, lifecycle.MissingField)
	assert.Equal(t, lifecycle.Trigger("report"), refusal.Trigger)
	assert.ElementsMatch(t, []string{"custom.site", "description"}, []string{refusal.Reasons[0].Args["field"], refusal.Reasons[1].Args["field"]})

	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Category: "network", Description: "Since noon.", Custom: inBonn})
	require.NoError(t, err)
	_, err = d.Incidents.Edit(ann, inc.ID, itsm.Patch{"custom.site": {}, "description": {}})
	itsmtest.RequireRefused(t, err, lifecycle.MissingField, lifecycle.MissingField)
	_, err = d.Incidents.Start(ann, inc.ID, itsm.With(itsm.Patch{"custom.site": {}}))
	itsmtest.RequireRefused(t, err, lifecycle.MissingField)

	// Another category's rules hold for what changes from then on.
	lacking, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down"})
	require.NoError(t, err)
	lacking, err = d.Incidents.Edit(ann, lacking.ID, itsm.Patch{"category": field.Text("network")})
	require.NoError(t, err, "nothing is demanded that was not there")
	assert.Equal(t, "desk", lacking.Group, "nothing is filled in later")
	_, err = d.Incidents.Edit(ann, lacking.ID, itsm.Patch{"custom.site": field.Text("Lyon")})
	require.NoError(t, err)
	_, err = d.Incidents.Edit(ann, lacking.ID, itsm.Patch{"custom.site": {}})
	itsmtest.RequireRefused(t, err, lifecycle.MissingField)
}

func TestHiddenAndReadOnlyFields(t *testing.T) {
	assign := itsm.Hook{
		Name: "a note names the service", Kinds: []string{incident.Kind}, Triggers: []lifecycle.Trigger{itsm.TriggerNote},
		AfterAct: func(u *itsm.Unit, _ itsm.Change) error {
			return u.Do(u.Ref(), itsm.TriggerEdit, itsm.Patch{"service": field.Text("vpn")})
		},
	}
	d := open(t, []itsm.Hook{assign}, tables()...)
	_, err := d.Incidents.Report(bob, incident.Report{Title: "VPN down", Urgency: itsm.High, Channel: "phone", Impact: itsm.High})
	refusal := itsmtest.RequireRefused(t, err, template.ReasonHidden, template.ReasonHidden, template.ReasonReadOnly)
	assert.Len(t, refusal.Reasons, 3, "all at once")
	_, err = d.Incidents.Report(bob, incident.Report{Title: "VPN down", Channel: "portal", Impact: itsm.Low})
	require.NoError(t, err, "what a form sends back unchanged is no change")

	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN", Category: "network", Description: "Noon", Custom: inBonn, Service: "wifi", Urgency: itsm.High})
	require.NoError(t, err, "those who are exempt set it, and who makes a record sets what is read-only later")
	service := itsm.Patch{"service": field.Text("vpn")}
	for name, do := range map[string]func() error{
		"edit": func() error { _, err := d.Incidents.Edit(ann, inc.ID, service); return err },
		"with": func() error { _, err := d.Incidents.Start(ann, inc.ID, itsm.With(service)); return err },
		"hook": func() error { _, err := d.Incidents.Note(ann, inc.ID, "It is the VPN."); return err },
		"door": func() error { _, err := d.Do(ann, inc.Ref(), itsm.TriggerEdit, service); return err },
	} {
		refusal := itsmtest.RequireRefused(t, do(), template.ReasonReadOnly)
		assert.Equal(t, "service", refusal.Reasons[0].Args["field"], name)
	}
	system := itsmtest.As(context.Background(), itsmtest.System())
	_, err = d.Do(system, inc.Ref(), itsm.TriggerEdit, service)
	require.NoError(t, err, "the system itself may")
	_, err = d.Incidents.Edit(ann, inc.ID, itsm.Patch{"urgency": field.Text("low"), "channel": field.Text("phone")})
	require.NoError(t, err)
}

func TestAReadOnlyGroupIsNotHandedOver(t *testing.T) {
	d := open(t, nil, template.Template{Name: "fixed", Kind: incident.Kind, ReadOnly: []template.Rule{{Field: "group", Except: []itsm.Role{itsm.Manager}}}})
	inc, err := d.Incidents.Report(ann, incident.Report{Title: "VPN down", Group: "desk"})
	require.NoError(t, err)
	_, err = d.Incidents.Start(ann, inc.ID, itsm.To("network", "ann"))
	itsmtest.RequireRefused(t, err, template.ReasonReadOnly)
	_, err = d.Incidents.Start(ann, inc.ID)
	require.NoError(t, err)
}

func TestConditions(t *testing.T) {
	when := itsm.All(itsm.Where("service").Is("payroll"), itsm.Where("impact").In("high", "critical"))
	d := open(t, nil, template.Template{Name: "payroll", Kind: incident.Kind, When: &when, Mandatory: []string{"description"}})
	_, err := d.Incidents.Report(ann, incident.Report{Title: "No pay", Service: "payroll", Impact: itsm.High})
	itsmtest.RequireRefused(t, err, lifecycle.MissingField)
	_, err = d.Incidents.Report(ann, incident.Report{Title: "No pay", Service: "payroll"})
	require.NoError(t, err)
}

func TestForms(t *testing.T) {
	d := open(t, nil, tables()...)
	form, err := d.Templates.Form(itsmtest.Requester("bob"), incident.Kind, incident.TriggerReport, itsm.Patch{"category": field.Text("network")})
	require.NoError(t, err)
	assert.Equal(t, []string{"general", "network"}, form.Templates)
	assert.Equal(t, []string{"outage"}, form.Tasks)
	by := map[string]template.Field{}
	for _, f := range form.Fields {
		by[f.Name] = f
	}
	assert.True(t, by["title"].Required)
	assert.True(t, by["urgency"].Hidden)
	assert.False(t, by["channel"].Hidden, "the category lifts it")
	assert.True(t, by["impact"].ReadOnly)
	assert.Equal(t, field.Text("low"), by["impact"].Preset)
	assert.Equal(t, []string{"Bonn", "Lyon"}, by["custom.site"].Custom.Choices)
	assert.True(t, by["custom.site"].Required)
	assert.Equal(t, field.Text("network"), by["group"].Preset)
	form, err = d.Templates.Form(itsmtest.Agent("ann"), incident.Kind, incident.TriggerReport, nil)
	require.NoError(t, err)
	for _, f := range form.Fields {
		assert.False(t, f.Hidden || f.ReadOnly, f.Name)
	}
	_, err = d.Templates.Form(itsmtest.Agent("ann"), "pizza", "bake", nil)
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestExplainTellsAllAtOnce(t *testing.T) {
	d := open(t, nil, tables()...)
	f, err := d.Templates.Explain(bob, incident.Kind, incident.TriggerReport, itsm.Patch{
		"title": field.Text("VPN down"), "category": field.Text("network"), "urgency": field.Text("high"),
	})
	require.NoError(t, err)
	require.NoError(t, f.Err)
	assert.Equal(t, itsm.Patch{"channel": field.Text("portal"), "impact": field.Text("low"), "group": field.Text("network")}, f.Filled)
	assert.ElementsMatch(t, []string{"description", "custom.site"}, f.Missing)
	require.Len(t, f.Refused, 1)
	assert.Equal(t, "urgency", f.Refused[0].Args["field"])
	n, err := d.Incidents.Count(ann, itsm.Query{})
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestEveryFaultAtOnce(t *testing.T) {
	bad := itsm.Where("pizza").Is("x")
	_, err := desk.Open(context.Background(), desk.Config{Templates: []template.Template{
		{Name: "a", Kind: "pizza"},
		{
			Name: "b", Kind: incident.Kind, When: &bad, Tasks: "none", Free: []string{"olive"},
			Mandatory: []string{"cheese", "resolution.code", "service", "service"},
			Preset:    itsm.Patch{"impact": field.Text("huge"), "ham": field.Text("x"), "title": {}},
			Hidden:    []template.Rule{{Field: "service"}}, ReadOnly: []template.Rule{{Field: "basil"}},
		},
		{Name: "b", Kind: incident.Kind},
	}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, part := range []string{
		`kind "pizza"`, `column "pizza"`, `"cheese"`, `brings "resolution.code"`, `"service" stands twice`, "mandatory and hidden",
		"impact", "ham", `"title" has no value`, `"basil"`, `"olive"`, "there twice",
	} {
		assert.ErrorContains(t, err, part)
	}
	_, err = desk.Open(context.Background(), desk.Config{Templates: []template.Template{{Name: "a", Kind: incident.Kind, Tasks: "none"}}})
	assert.ErrorContains(t, err, `no list of tasks "none"`)
}

func FuzzParse(f *testing.F) {
	text, err := json.Marshal(tables())
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`[{"name":"a","kind":"incident","hidden":[{"field":"x"}]}]`))
	f.Add([]byte(`[{"pizza":1}]`))
	f.Add([]byte(`[] []`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := template.Parse(data)
		if err != nil {
			require.ErrorIs(t, err, itsm.ErrInvalid)
			return
		}
		text, err := json.Marshal(list)
		require.NoError(t, err)
		again, err := template.Parse(text)
		require.NoError(t, err, "what was written is read: %s", text)
		second, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(text), string(second))
	})
}

func BenchmarkReport(b *testing.B) {
	list := append(tables(), template.Template{Name: "third", Kind: incident.Kind, Preset: itsm.Patch{"service": field.Text("vpn")}})
	for i := range list {
		list[i].Tasks = ""
	}
	for name, with := range map[string][]template.Template{"none": nil, "three": list} {
		b.Run(name, func(b *testing.B) {
			d := open(b, nil, with...)
			report := incident.Report{Title: "VPN down", Description: "Since noon.", Category: "network", Custom: inBonn}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := d.Incidents.Report(ann, report); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
