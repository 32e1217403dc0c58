package incident_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// catalogue says how critical services are.
type catalogue map[string]itsm.Level

func (c catalogue) ServiceCriticality(_ context.Context, _, service string) (itsm.Level, error) {
	if service == "down" {
		return 0, errDown
	}
	if level, ok := c[service]; ok {
		return level, nil
	}
	return 0, itsm.ErrNotFound
}

func ruledDesk(t tb, rules ...incident.MajorRule) *desk {
	return newDesk(t, incident.Config{
		Custom: field.Schema{Version: 1, Fields: []field.Declaration{{Name: "site", Kind: field.KindText}}},
		Major:  incident.MajorPolicy{Rules: rules, Criticality: catalogue{"vpn": itsm.Critical, "mail": itsm.Medium}},
	})
}

// evidence is what the last rule that acted on an incident saw.
func (d *desk) evidence(id string) (last incident.Evidence) {
	history, err := d.History(d.root, id, 0, 0)
	require.NoError(d.tb, err)
	for _, e := range history {
		var seen []incident.Evidence
		if raw, ok := e.Facts["major_rule"]; ok {
			require.NoError(d.tb, json.Unmarshal(raw, &seen))
			last = seen[len(seen)-1]
		}
	}
	return last
}

// TestRuleOnReport acts in the transaction of the report, by the system on behalf of who reported.
func TestRuleOnReport(t *testing.T) {
	d := ruledDesk(t, incident.MajorRule{Name: "critical service", Priority: 2, Criticality: itsm.High})
	inc := d.ok(d.Report(d.cleo, incident.Report{Title: "VPN down", Service: "vpn", Impact: itsm.High, Urgency: itsm.High}))
	assert.Equal(t, incident.MajorCandidate, inc.Major.State)
	assert.EqualValues(t, 1, inc.Version, "one event")
	assert.Equal(t, incident.Evidence{Rule: "critical service", Priority: 2, Criticality: itsm.Critical}, d.evidence(inc.ID))
	for name, r := range map[string]incident.Report{
		"another priority": {Title: "x", Service: "vpn"},
		"another service":  {Title: "x", Service: "mail", Impact: itsm.High, Urgency: itsm.High},
		"no service":       {Title: "x", Impact: itsm.High, Urgency: itsm.High},
		"an unknown one":   {Title: "x", Service: "fax", Impact: itsm.High, Urgency: itsm.High},
	} {
		assert.Empty(t, d.ok(d.Report(d.cleo, r)).Major, name)
	}
	_, err := d.Report(d.cleo, incident.Report{Title: "x", Service: "down", Impact: itsm.High, Urgency: itsm.High})
	assert.ErrorIs(t, err, errDown)
	d.verified(inc.ID)
}

// TestRuleOnEdit asks again when something that it looks at changes, by any command.
func TestRuleOnEdit(t *testing.T) {
	site := itsm.Where("custom.site").Is("Bonn")
	d := ruledDesk(t, incident.MajorRule{Name: "urgent", Priority: 1}, incident.MajorRule{Name: "the data centre", Filter: &site})
	inc := d.reported()
	inc = d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"custom.site": field.Text("Lyon")}))
	assert.Empty(t, inc.Major.State)
	inc = d.ok(d.Start(d.ann, inc.ID, itsm.With(itsm.Patch{"custom.site": field.Text("Bonn")})))
	assert.Equal(t, incident.MajorCandidate, inc.Major.State)
	assert.Equal(t, "the data centre", d.evidence(inc.ID).Rule)
	history, err := d.History(d.root, inc.ID, inc.Version-1, 0)
	require.NoError(t, err)
	assert.Equal(t, []string{"incident.major_proposed"}, history[0].Also)
	itsmtest.RequireEvent(t, d.root, d.kernel, inc.Ref(), "incident.started")

	d.ok(d.RejectMajor(mia(), inc.ID, verdict))
	d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"custom.site": field.Text("Lyon")}))
	inc = d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"custom.site": field.Text("Bonn")}))
	assert.Equal(t, incident.MajorRejected, inc.Major.State, "a rule speaks once")
	inc = d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"impact": field.Text("critical"), "urgency": field.Text("critical")}))
	assert.Equal(t, incident.MajorCandidate, inc.Major.State, "another one may")
	assert.Equal(t, "urgent", d.evidence(inc.ID).Rule)
}

// TestFirstRuleWins in the order of the policy.
func TestFirstRuleWins(t *testing.T) {
	accept := incident.MajorRule{Name: "accept", Priority: 1, Act: incident.Accept, Manager: "max"}
	propose := incident.MajorRule{Name: "propose", Priority: 2}
	worst := incident.Report{Title: "VPN down", Impact: itsm.Critical, Urgency: itsm.Critical}

	d := ruledDesk(t, accept, propose)
	inc := d.ok(d.Report(d.cleo, worst))
	assert.Equal(t, incident.MajorAccepted, inc.Major.State)
	assert.Equal(t, "max", inc.Major.Manager)
	itsmtest.RequireTimer(t, d.root, d.kernel, inc.Ref(), incident.TimerMajorUpdate, inc.CreatedAt.Add(30*time.Minute))

	d = ruledDesk(t, propose, accept)
	inc = d.ok(d.Report(d.cleo, worst))
	assert.Equal(t, incident.MajorCandidate, inc.Major.State)
	inc = d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"service": field.Text("vpn")}))
	assert.Equal(t, incident.MajorAccepted, inc.Major.State, "a candidate is accepted by the next that matches")
}

// TestRuleOnChildren counts what hangs under it, whichever end the link was made at.
func TestRuleOnChildren(t *testing.T) {
	for name, hang := range map[string]func(d *desk, parent, child incident.Incident){
		"from the parent": func(d *desk, p, c incident.Incident) { d.ok(d.Link(d.ann, p.ID, itsm.ParentOf, c.Ref())) },
		"from the child": func(d *desk, p, c incident.Incident) {
			d.ok(d.Link(d.ann, c.ID, itsm.LinkType{Name: "child_of", Inverse: "parent_of"}, p.Ref()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := ruledDesk(t, incident.MajorRule{Name: "many", Children: 3})
			parent := d.reported()
			for i := range 3 {
				assert.Empty(t, d.get(parent.ID).Major.State, "%d children", i)
				hang(d, parent, d.reported())
			}
			assert.Equal(t, incident.MajorCandidate, d.get(parent.ID).Major.State)
			assert.Equal(t, incident.Evidence{Rule: "many", Children: 3}, d.evidence(parent.ID))
			d.verified(parent.ID)
		})
	}
}

// TestRuleOnRate counts reports within a time, and speaks for all of them once.
func TestRuleOnRate(t *testing.T) {
	d := ruledDesk(t, incident.MajorRule{Name: "storm", Rate: incident.Rate{Reports: 3, Within: time.Hour, Same: incident.SameService}})
	report := func(service string) incident.Incident {
		return d.ok(d.Report(d.cleo, incident.Report{Title: "Slow", Service: service}))
	}
	report("vpn")
	d.pass(30 * time.Minute)
	assert.Empty(t, report("vpn").Major.State)
	for range 5 {
		assert.Empty(t, report("").Major.State, "without a service it is like no other")
	}
	assert.Empty(t, report("mail").Major.State)
	d.pass(30*time.Minute + time.Nanosecond)
	assert.Empty(t, report("vpn").Major.State, "the first was too long ago")
	third := report("vpn")
	assert.Equal(t, incident.MajorCandidate, third.Major.State)
	assert.Equal(t, incident.Evidence{Rule: "storm", Reports: 3}, d.evidence(third.ID))
	assert.Empty(t, report("vpn").Major.State, "one candidate speaks for all")
	d.ok(d.RejectMajor(mia(), third.ID, verdict))
	assert.Equal(t, incident.MajorCandidate, report("vpn").Major.State, "until that is decided")
}

// TestRuleOnVIPs counts callers that the directory calls important, of the incident and of its children.
func TestRuleOnVIPs(t *testing.T) {
	vip := func(p *itsm.Practice[incident.Incident]) error {
		itsm.Create(p, "vip_report", "reported", func(_ *itsm.Unit, inc *incident.Incident, _ incident.Nothing) error {
			inc.Title, inc.Caller, inc.VIP = "VPN down", "kim", true
			return nil
		})
		return nil
	}
	d := newDesk(t, incident.Config{Extend: vip, Major: incident.MajorPolicy{Rules: []incident.MajorRule{{Name: "board", VIPs: 2}}}})
	important := func() itsm.Ref {
		rec, err := d.kernel.Do(d.root, itsm.Ref{Kind: incident.Kind}, "vip_report", nil)
		require.NoError(t, err)
		return rec.Header().Ref()
	}
	parent := d.reported()
	d.ok(d.Link(d.ann, parent.ID, itsm.ParentOf, important()))
	d.ok(d.Link(d.ann, parent.ID, itsm.ParentOf, d.reported().Ref()))
	assert.Empty(t, d.get(parent.ID).Major.State)
	d.ok(d.Link(d.ann, parent.ID, itsm.ParentOf, important()))
	assert.Equal(t, incident.MajorCandidate, d.get(parent.ID).Major.State)
	assert.Equal(t, incident.Evidence{Rule: "board", VIPs: 2}, d.evidence(parent.ID))
}

// BenchmarkRules reports an incident to a desk with rules: one that no report meets, and one that counts reports.
func BenchmarkRules(b *testing.B) {
	for name, rule := range map[string]incident.MajorRule{
		"priority": {Name: "p", Priority: 1},
		"rate":     {Name: "r", Rate: incident.Rate{Reports: 20, Within: time.Hour, Same: incident.SameService}},
	} {
		b.Run(name, func(b *testing.B) {
			d := ruledDesk(b, rule)
			for range 1000 { // within the hour
				d.reported()
			}
			d.pass(2 * time.Hour)
			for range 20 {
				d.reported()
			}
			b.ReportAllocs()
			for b.Loop() {
				_, err := d.Report(d.cleo, incident.Report{Title: "VPN down", Service: "mail"})
				d.must(err)
			}
		})
	}
}
