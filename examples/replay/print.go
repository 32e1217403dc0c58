package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

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
	switch {
	case f.Before == f.Events && f.Events > 0:
		line("before", "all %d were in this store already: nothing was written", f.Before)
	case f.Before > 0:
		line("before", "%d were in this store already: the replay went on behind them", f.Before)
	}
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
	if f.ServiceLevels != nil {
		printLevels(w, f.ServiceLevels)
	}
}

// printLevels prints how the log kept to its agreements.
func printLevels(w io.Writer, levels *replay.ServiceLevels) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nattainment")
	fmt.Fprintln(out, "target\tpriority\ttickets\tmet\tlate\topen in time\topen and late\tpercent\t")
	for i := range levels.Attainment {
		a := &levels.Attainment[i]
		fmt.Fprintf(out, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%.2f %%\t\n", a.Target, a.Priority, a.Tickets(), a.Met, a.Late, a.OpenInTime, a.OpenLate, a.Percent())
	}
	out.Flush()

	out = tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "\nthe %d worst, in working time\n", len(levels.Worst))
	fmt.Fprintln(out, "case\tnumber\ttarget\tpriority\tstate\tover by\tused\tof\tpercent\t")
	for i := range levels.Worst {
		l := &levels.Worst[i]
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%v\t%v\t%v\t%d %%\t\n", l.Case, l.Number, l.Target, l.Priority, l.State, short(l.Over()), short(l.Elapsed), short(l.Within), l.Percent)
	}
	out.Flush()
	if levels.Explained != "" {
		fmt.Fprintf(w, "\nwhere the time of the worst went\n%s", levels.Explained)
	}
	fmt.Fprintf(w, "\nasked in %.2f seconds\n", levels.Seconds)
}

// short drops what is less than a second.
func short(d time.Duration) time.Duration { return d.Truncate(time.Second) }

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
