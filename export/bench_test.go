package export_test

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/export"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// busy is a desk with so many incidents of six events each, with a message, a note and a pending timer.
func busy(b *testing.B, n int) *room {
	d := newDesk(b)
	for i := range n {
		inc, err := d.Report(cleo, incident.Report{Title: "VPN down", Description: "Nobody in Vienna gets in.", Service: "vpn", Impact: itsm.High})
		require.NoError(b, err)
		_, err = d.Assign(ann, inc.ID, incident.Assignment{Group: "network", Assignee: "ann"})
		require.NoError(b, err)
		_, err = d.Start(ann, inc.ID)
		require.NoError(b, err)
		_, err = d.Comment(cleo, inc.ID, itsm.Comment{Body: "The Vienna one.", MessageID: fmt.Sprint("<", i, "@mail>")})
		require.NoError(b, err)
		_, err = d.Note(ann, inc.ID, "Patched last night.")
		require.NoError(b, err)
		_, err = d.Resolve(ann, inc.ID, incident.Resolution{Code: incident.Fixed, Notes: "Rolled back the gateway."})
		require.NoError(b, err)
	}
	return d
}

// BenchmarkExport writes 1,000 incidents with 6,000 events.
func BenchmarkExport(b *testing.B) {
	const n = 1000
	d := busy(b, n)
	s := export.Selection{Kinds: []string{incident.Kind}, Personal: true}
	for name, write := range map[string]func() error{
		"XES": func() error { return export.XES(root, io.Discard, d.k, s, eventlog.XESOutput{}) },
		"OCEL": func() error {
			return export.OCEL(root, io.Discard, d.k, s, export.Objects{People: true, Groups: true, Services: true}, eventlog.OCELOutput{})
		},
		"Lives": func() error { _, err := export.Lives(root, io.Discard, d.k, s); return err },
		"Table": func() error { return export.Table(root, io.Discard, d.k, s) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			runs := 0
			for b.Loop() {
				require.NoError(b, write())
				runs++
			}
			if name == "Table" {
				b.ReportMetric(float64(n*runs)/b.Elapsed().Seconds(), "records/s")
			} else {
				b.ReportMetric(float64(6*n*runs)/b.Elapsed().Seconds(), "events/s")
			}
		})
	}
}

// BenchmarkRestore takes 1,000 incidents with 6,000 events into an empty desk, from their file.
func BenchmarkRestore(b *testing.B) {
	const n = 1000
	from := busy(b, n)
	file := from.lives(b)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	restored := 0
	for b.Loop() {
		b.StopTimer()
		to := newDesk(b)
		to.clock.Set(from.clock.Now())
		b.StartTimer()
		sum, err := export.Restore(root, bytes.NewReader(file), to.k, export.RestoreOptions{})
		require.NoError(b, err)
		restored += sum.Restored
	}
	b.ReportMetric(float64(restored)/b.Elapsed().Seconds(), "incidents/s")
}
