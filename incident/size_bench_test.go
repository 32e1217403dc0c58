package incident_test

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

// BenchmarkReport is one report, and BenchmarkResolve one resolution, over a store in memory.
func BenchmarkReport(b *testing.B) {
	d := newDesk(b, incident.Config{})
	b.ReportAllocs()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		_, err := d.Report(d.cleo, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
		d.must(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(b.N), "kept-B/incident")
	b.ReportMetric(float64(unsafe.Sizeof(incident.Incident{})), "struct-B")
}

func BenchmarkResolve(b *testing.B) {
	d := newDesk(b, incident.Config{})
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		inc, err := d.Report(d.cleo, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
		d.must(err)
		b.StartTimer()
		_, err = d.Resolve(d.ann, inc.ID, fixed)
		d.must(err)
	}
}
