// Crash kills programs that use a desk, and checks what is left.
//
//	go run ./itsmtest/crash -store sqlite -kills 200 -workers 2
//
// It starts workers, each of them a desk over one database with agreements, escalation policies and subscribers, which give
// random commands while the timers of clocks and policies are due all the time: their clock runs up to a thousand times
// as fast as the machine's. It kills them by SIGKILL at random moments, starts others, and at the end has a fresh process do what is due
// and hold what workers wrote down against what is there. It prints what it counted, and each violation; with one its exit
// status is 1. See docs/reliability.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	if is, err := runChild(); is {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := program(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

// errViolations is the end of a run that found something.
var errViolations = errors.New("what is left is not what it should be")

func program(args []string, out io.Writer) (err error) {
	var o options
	flags := flag.NewFlagSet("crash", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&o.Store, "store", "sqlite", "the `store`: sqlite, or postgres on a private server that is stopped hard three times")
	flags.IntVar(&o.Kills, "kills", 200, "how many workers to kill")
	flags.IntVar(&o.Workers, "workers", 1, "how many work at once")
	flags.DurationVar(&o.For, "for", 0, "stop killing after so long; 0 is when all are killed")
	flags.Uint64Var(&o.Seed, "seed", 1, "where chance begins; the moments of kills differ all the same")
	flags.Int64Var(&o.Speed, "speed", 0, "how many times as fast as the machine's the desk's clock runs; 0 is 1000, and 200 for postgres")
	flags.StringVar(&o.Dir, "dir", "", "the folder of the database and the journal, empty before; without it one that is removed")
	flags.DurationVar(&o.Limit, "limit", 10*time.Minute, "give up after so long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.Kills < 1 || o.Workers < 1 || flags.NArg() > 0 {
		return errors.New("kill one worker or more, of one or more, and name nothing else")
	}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "crash"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.Dir)) }()
	}
	r, err := run(o, out)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(out, r.report(o)); err != nil {
		return err
	}
	if len(r.Violations) > 0 {
		return errViolations
	}
	return nil
}

// report says what a run counted, and each violation.
func (r *result) report(o options) string {
	n := r.Counts
	text := fmt.Sprintf(`store %s, %d at once, seed %d, %v
kills of workers              %d
crashes of the server         %d
commands given                %d
  answered                    %d
  refused                     %d
  without an answer           %d, of which %d were done
records                       %d
events                        %d
levels told                   %d; reckoned to be due: %d
steps of escalation           %d
timers pending                %d
events seen by subscribers    %d, of which %d again
lines cut by a kill           %d
violations                    %d
`, o.Store, o.Workers, o.Seed, r.Took.Round(time.Second), r.Kills, r.Crashes, n.Given, n.Answered, n.Refused, n.Unknown, n.UnknownDone,
		n.Records, n.Events, n.Levels, n.Owed, n.Escalations, n.Timers, n.Seen, n.Again, r.Half, len(r.Violations))
	for _, v := range r.Violations {
		text += "VIOLATION: " + v + "\n"
	}
	return text
}
