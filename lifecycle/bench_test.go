package lifecycle_test

import (
	"context"
	"testing"

	"github.com/qmuntal/stateless"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/lifecycle"
)

func BenchmarkFire(b *testing.B) {
	m := mustCompile(b)
	t := &ticket{Code: "fixed", Notes: "done"}
	b.ReportAllocs()
	for b.Loop() {
		if to, refusal := m.Fire("in_progress", "resolve", t, agent); refusal != nil || to != "resolved" {
			b.Fatal(to, refusal)
		}
	}
}

func BenchmarkFireOneGuard(b *testing.B) {
	m := mustCompile(b)
	t := &ticket{}
	b.ReportAllocs()
	for b.Loop() {
		if to, refusal := m.Fire("resolved", "confirm", t, nil); refusal != nil || to != "closed" {
			b.Fatal(to, refusal)
		}
	}
}

func BenchmarkFireParallel(b *testing.B) {
	m := mustCompile(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		t := &ticket{}
		for pb.Next() {
			if to, refusal := m.Fire("resolved", "confirm", t, nil); refusal != nil || to != "closed" {
				b.Error(to, refusal)
				return
			}
		}
	})
}

// BenchmarkFirePerRecord is the floor to compare with: the same table, with a machine of the library for each record.
func BenchmarkFirePerRecord(b *testing.B) {
	d := incident()
	b.ReportAllocs()
	for b.Loop() {
		state := lifecycle.State("resolved")
		m := stateless.NewStateMachineWithExternalStorage(
			func(context.Context) (stateless.State, error) { return state, nil },
			func(_ context.Context, to stateless.State) error { state = to.(lifecycle.State); return nil },
			stateless.FiringImmediate)
		for _, row := range d.Rows {
			for _, from := range row.From {
				if row.To == "" || row.To == from {
					m.Configure(from).PermitReentry(row.Trigger)
				} else {
					m.Configure(from).Permit(row.Trigger, row.To, func(context.Context, ...any) bool { return true })
				}
			}
		}
		require.NoError(b, m.Fire(lifecycle.Trigger("confirm")))
	}
}

func BenchmarkPermitted(b *testing.B) {
	m := mustCompile(b)
	t := &ticket{Group: "net", Assignee: "bob"}
	dst := make([]lifecycle.Trigger, 0, 16)
	require.Len(b, m.Permitted(dst, "in_progress", t, agent), 8)
	b.ReportAllocs()
	for b.Loop() {
		dst = m.Permitted(dst[:0], "in_progress", t, agent)
	}
}

func BenchmarkExplainRefusal(b *testing.B) {
	m := mustCompile(b)
	t := &ticket{OpenTasks: 2}
	require.Len(b, m.Explain("in_progress", "resolve", t, nil).Reasons, 4)
	b.ReportAllocs()
	for b.Loop() {
		m.Explain("in_progress", "resolve", t, nil)
	}
}

func BenchmarkExplainNotFromHere(b *testing.B) {
	m := mustCompile(b)
	t := &ticket{Group: "net"}
	b.ReportAllocs()
	for b.Loop() {
		m.Explain("in_progress", "confirm", t, agent)
	}
}

func BenchmarkFireRefused(b *testing.B) {
	m := mustCompile(b)
	t := &ticket{Blocked: true}
	b.ReportAllocs()
	for b.Loop() {
		if _, refusal := m.Fire("resolved", "confirm", t, nil); refusal == nil {
			b.Fatal("passed")
		}
	}
}
