package incident_test

import (
	"testing"
	"time"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// BenchmarkCommentOnALongTicket comments on an incident that has 10,000 comments and on ones that have few, in turns of
// one run, and reports what the long one costs for each that a short one does.
func BenchmarkCommentOnALongTicket(b *testing.B) {
	for _, bench := range []struct {
		name     string
		comment  itsm.Comment
		snapshot bool
	}{
		{"plain", itsm.Comment{Body: "Still down."}, false},
		{"mention", itsm.Comment{Body: "Still down, @ben."}, false},
		{"snapshots", itsm.Comment{Body: "Still down."}, true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			const turn = 100
			d := newDesk(b, incident.Config{})
			long := d.in(inProgress).ID
			for range 10_000 {
				_, err := d.Comment(d.ann, long, bench.comment)
				d.must(err)
			}
			write := func(id string) time.Duration {
				began := b.Elapsed()
				for i := range turn {
					if bench.snapshot && i%10 == 0 {
						v, err := d.store.Snapshot(d.ann)
						d.must(err)
						defer v.Close()
					}
					_, err := d.Comment(d.ann, id, bench.comment)
					d.must(err)
				}
				return b.Elapsed() - began
			}
			var onLong, onShort time.Duration
			turns := 0
			for b.Loop() {
				b.StopTimer()
				short := d.in(inProgress).ID
				b.StartTimer()
				onShort += write(short)
				onLong += write(long)
				turns++
			}
			b.ReportMetric(float64(onShort.Nanoseconds())/float64(turns*turn), "ns/short")
			b.ReportMetric(float64(onLong.Nanoseconds())/float64(turns*turn), "ns/long")
			b.ReportMetric(float64(onLong)/float64(onShort), "long/short")
		})
	}
}
