package replay_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
)

// A mapping tells what a log means; the rest is the same for everybody's.
func Example() {
	mapping, err := replay.ReadMapping(strings.NewReader(`{
		"format": "csv", "zone": "Europe/Vienna", "csv": {"comma": ";", "layout": "02.01.2006 15:04"},
		"columns": {"case": "Ticket", "time": "Changed", "status": ["Status"], "group": "Team"},
		"status": {
			"Open":   {"state": "in_progress"},
			"Asked":  {"state": "on_hold", "hold": "caller"},
			"Solved": {"state": "resolved"}
		}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	log, err := mapping.ReadLog(strings.NewReader("Ticket;Changed;Status;Team\n"+
		"T1;03.03.2025 09:00;Open;Desk\n"+
		"T1;03.03.2025 10:00;Asked;Desk\n"+
		"T1;03.03.2025 15:00;Open;Network\n"+
		"T1;03.03.2025 17:00;Solved;Desk\n"), "tickets.csv")
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := replay.New(log)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if err := run.Drive(ctx, nil); err != nil {
		fmt.Println(err)
		return
	}
	figures, err := run.Figures(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(figures.Steps, "steps,", figures.Accepted, "accepted,", figures.Handovers, "handovers")
	fmt.Printf("waiting for the caller: %.1f %% of the time\n", 100*figures.TimeInStatus["Asked"])
	// Output:
	// 3 steps, 3 accepted, 2 handovers
	// waiting for the caller: 62.5 % of the time
}
