package incident_test

import (
	"testing"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// BenchmarkLife is a whole life of an incident in eight commands, over a store in memory.
func BenchmarkLife(b *testing.B) {
	d := newDesk(b, incident.Config{})
	b.ReportAllocs()
	commands := 0
	for b.Loop() {
		inc, err := d.Report(d.cleo, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
		d.must(err)
		_, err = d.Assign(d.ann, inc.ID, toNetwork)
		d.must(err)
		_, err = d.Start(d.ann, inc.ID)
		d.must(err)
		_, err = d.Hold(d.ann, inc.ID, forCaller)
		d.must(err)
		_, err = d.Comment(d.cleo, inc.ID, itsm.Comment{Body: "The Vienna one."})
		d.must(err)
		_, err = d.Note(d.ann, inc.ID, "Patched last night.")
		d.must(err)
		_, err = d.Resolve(d.ann, inc.ID, fixed)
		d.must(err)
		inc, err = d.Confirm(d.cleo, inc.ID)
		d.must(err)
		if inc.State != closed {
			b.Fatalf("the life ended in state %s", inc.State)
		}
		commands += 8
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(commands), "ns/command")
}

// BenchmarkPermitted asks what an agent may do with an incident in progress.
func BenchmarkPermitted(b *testing.B) {
	d := newDesk(b, incident.Config{})
	id := d.in(inProgress).ID
	b.ReportAllocs()
	for b.Loop() {
		permitted, err := d.Permitted(d.ann, id)
		d.must(err)
		if len(permitted) == 0 {
			b.Fatal("nothing is permitted")
		}
	}
}

// BenchmarkExplainRefusal asks why an incident cannot be resolved.
func BenchmarkExplainRefusal(b *testing.B) {
	d := newDesk(b, incident.Config{})
	id := d.in(inProgress).ID
	b.ReportAllocs()
	for b.Loop() {
		if d.Explain(d.ann, id, incident.TriggerResolve, incident.Resolution{}) == nil {
			b.Fatal("it was not refused")
		}
	}
}

// must ends a benchmark with an error, without the cost of an assertion.
func (d *desk) must(err error) {
	if err != nil {
		d.tb.Fatalf("%v", err)
	}
}
