package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
)

// printFigures prints the figures for people.
func printFigures(w io.Writer, f replay.Figures) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) { fmt.Fprintf(out, name+"\t"+format+"\n", args...) }

	refused := 0
	for _, kind := range f.Refused {
		refused += kind.Count
	}
	line("cases", "%d", f.Cases)
	line("events", "%d", f.Events)
	line("steps", "%d", f.Steps)
	line("  accepted", "%d", f.Accepted)
	line("  unchanged", "%d", f.Unchanged)
	line("  refused", "%d (%s)", refused, percent(refused, f.Steps))
	for _, kind := range f.Refused {
		line("    "+kind.From+" → "+kind.To, "%d: %s", kind.Count, strings.Join(kind.Reasons, ", "))
	}
	line("reopened", "%d cases (%s), %d times", f.ReopenedCases, percent(f.ReopenedCases, f.Cases), f.Reopens)
	line("ping-pong", "%d cases (%s), %d directly", f.PingPongCases, percent(f.PingPongCases, f.Cases), f.PingPongDirectCases)
	line("handovers", "%d", f.Handovers)
	line("days", "mean %.4f, median %.4f, p90 %.4f", f.MeanDays, f.MedianDays, f.P90Days)
	line("time in status", "")
	for _, status := range byShare(f.TimeInStatus) {
		line("  "+status, "%6.2f %%", 100*f.TimeInStatus[status])
	}
	line("seconds", "parse %.2f, replay %.2f (%.0f events a second)", f.Seconds.Parse, f.Seconds.Replay, float64(f.Events)/f.Seconds.Replay)
	out.Flush()
}

func percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(n)/float64(of))
}

// byShare orders statuses, the longest first.
func byShare(shares map[string]float64) []string {
	return slices.SortedFunc(maps.Keys(shares), func(a, b string) int {
		return cmp.Or(cmp.Compare(shares[b], shares[a]), cmp.Compare(a, b))
	})
}
