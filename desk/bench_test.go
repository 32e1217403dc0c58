package desk_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
)

// BenchmarkResolveParent resolves a parent with children in one command, beside as many commands that resolve one
// incident each.
func BenchmarkResolveParent(b *testing.B) {
	for _, children := range []int{10, 1000} {
		b.Run(fmt.Sprintf("children=%d", children), func(b *testing.B) {
			d := newLinked(b, desk.Config{})
			parent, _ := d.family(children)
			b.ResetTimer()
			for range b.N {
				d.ok(d.Incidents.Resolve(d.ann, parent, fixed))
				b.StopTimer()
				d.ok(d.Incidents.Reopen(d.ann, parent, forAgain))
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*(children+1)), "µs/record")
		})
		b.Run(fmt.Sprintf("floor=%d", children), func(b *testing.B) {
			d := newLinked(b, desk.Config{})
			_, ids := d.family(children)
			root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
			for range b.N {
				for _, id := range ids {
					_, err := d.Incidents.Resolve(root, id, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back."})
					require.NoError(b, err)
				}
				b.StopTimer()
				for _, id := range ids {
					_, err := d.Incidents.Reopen(root, id, forAgain)
					require.NoError(b, err)
				}
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*children), "µs/record")
		})
	}
}

// BenchmarkCommandWithoutTargets resolves and reopens an incident that has no links.
func BenchmarkCommandWithoutTargets(b *testing.B) {
	d := newLinked(b, desk.Config{})
	id := d.report("one")
	for range b.N {
		d.ok(d.Incidents.Resolve(d.ann, id, fixed))
		d.ok(d.Incidents.Reopen(d.ann, id, forAgain, itsm.To("", "ann")))
	}
}
