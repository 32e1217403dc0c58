package replay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
	"github.com/itsmkit/itsmkit/sla"
)

// BenchmarkReplay drives logs that were read before, and reports the events of the log that it lives again in a second.
func BenchmarkReplay(b *testing.B) {
	drive := func(b *testing.B, log *replay.Log, agreements ...sla.Agreement) {
		b.ReportAllocs()
		for b.Loop() {
			run, err := replay.New(log, agreements...)
			require.NoError(b, err)
			require.NoError(b, run.Drive(b.Context(), nil))
		}
		b.ReportMetric(float64(b.N)*float64(log.Events())/b.Elapsed().Seconds(), "events/s")
	}
	b.Run("sample", func(b *testing.B) { drive(b, read(b, sampleMap, sampleLog)) })
	b.Run("volvo", func(b *testing.B) { drive(b, read(b, volvoMap, volvo(b))) })
	b.Run("volvo_with_agreements", func(b *testing.B) { drive(b, read(b, volvoMap, volvo(b)), book(b)...) })
}
