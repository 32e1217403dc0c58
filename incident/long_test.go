package incident_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
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

// readingRows counts the rows that a kernel reads.
type readingRows struct {
	*memory.Store
	rows int
}

func (s *readingRows) Snapshot(ctx context.Context) (itsm.Snapshot, error) {
	v, err := s.Store.Snapshot(ctx)
	return &rowReader{v, s}, err
}

type rowReader struct {
	itsm.Snapshot
	of *readingRows
}

func (v *rowReader) Rows(ctx context.Context, dst []itsm.Row, key itsm.Key, kind itsm.RowKind, after int64, limit int) ([]itsm.Row, error) {
	got, err := v.Snapshot.Rows(ctx, dst, key, kind, after, limit)
	v.of.rows += len(got) - len(dst)
	return got, err
}

// A command reads as many rows of a ticket with many comments as of one with few.
func TestALongTicketCostsWhatAShortOneDoes(t *testing.T) {
	store := &readingRows{Store: memory.New()}
	var s *incident.Incidents
	itsmtest.Kernel(t, itsm.Config{Store: store}, func(k *itsm.Kernel) (err error) {
		s, err = incident.New(k, incident.Config{})
		return err
	})
	ann := itsmtest.As(context.Background(), itsmtest.Agent("ann"))
	read := map[int]int{}
	for _, comments := range []int{2, 500} {
		inc, err := s.Report(ann, incident.Report{Title: "VPN down", Caller: "cleo"})
		require.NoError(t, err)
		for range comments {
			_, err := s.Comment(ann, inc.ID, itsm.Comment{Body: "Still down, @ben."})
			require.NoError(t, err)
		}
		store.rows = 0
		_, err = s.Comment(ann, inc.ID, itsm.Comment{Body: "And now, @ben?"})
		require.NoError(t, err)
		_, err = s.Watch(ann, inc.ID, "eve")
		require.NoError(t, err)
		_, err = s.Note(ann, inc.ID, "Looked at it.")
		require.NoError(t, err)
		read[comments] = store.rows
	}
	require.Equal(t, read[2], read[500])
}
