// Replay lives an event log again: every case becomes an incident, or a problem, every event the commands that lead where it
// says, each at its own instant on a fake clock. It prints what a service desk would want to know of it, computed from the
// events of our records.
//
//	go run ./examples/replay -map examples/replay/sample.json examples/replay/sample.xes
//	go run ./examples/replay -map examples/replay/sample.json -store desk.db examples/replay/sample.xes
//	go run ./examples/replay -practice problem -map examples/replay/problems.json BPIC13_cp.xes.gz
//	go run ./examples/replay -map examples/replay/sample.json -sla examples/replay/sla.json examples/replay/sample.xes
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/itsmkit/itsmkit/examples/internal/replay"
	"github.com/itsmkit/itsmkit/examples/internal/stores"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/sla"
)

func main() {
	// The desk is kept in memory until the end: collecting half as often costs memory that a batch has.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program with its exit code: 0, 1 where the replay failed, 2 where it was called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.SetOutput(stderr)
	mapping := flags.String("map", "", "the mapping `FILE` (JSON): what the columns and statuses of the log mean")
	practice := flags.String("practice", "", "what the cases become, incident or problem: what the mapping must say; empty takes what it says")
	agreements := flags.String("sla", "", "agreements and calendars, a `FILE` (JSON): print how the log kept to them, too")
	where := flags.String("store", stores.Memory, stores.Usage+"; a replay that is given again goes on where it was, and changes nothing where it had ended")
	asJSON := flags.String("json", "", "write the figures to a `FILE`, too")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: replay [-practice PRACTICE] -map MAPPING [-store STORE] [-sla FILE] [-json FILE] LOG")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 || *mapping == "" {
		flags.Usage()
		return 2
	}
	figures, err := figuresOf(ctx, *where, *practice, *mapping, *agreements, flags.Arg(0), terminal(stderr))
	if err == nil && *asJSON != "" {
		err = write(*asJSON, figures)
	}
	if err != nil {
		fmt.Fprintln(stderr, "replay:", err)
		return 1
	}
	printFigures(stdout, figures)
	return 0
}

// figuresOf reads, drives and counts.
func figuresOf(ctx context.Context, where, practice, mappingPath, agreementsPath, logPath string, progress io.Writer) (_ replay.Figures, err error) {
	var none replay.Figures
	clock := itsm.MachineClock()
	begun := clock.Now()
	mapping, err := readMapping(mappingPath)
	if err != nil {
		return none, err
	}
	if practice != "" && practice != mapping.Practice {
		return none, fmt.Errorf("%s: its cases are of the practice %q, not %q: give another mapping, or another -practice", mappingPath, mapping.Practice, practice)
	}
	log, err := readLog(mapping, logPath)
	if err != nil {
		return none, err
	}
	book, err := readBook(agreementsPath)
	if err != nil {
		return none, err
	}
	desk, closeStore, err := open(ctx, where, log, book.Agreements)
	if err != nil {
		return none, err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	parsed := clock.Now()
	err = desk.Drive(ctx, func(done, of int) { fmt.Fprintf(progress, "\r%d of %d events", done, of) })
	fmt.Fprint(progress, "\r\033[K") // leaves an empty line
	if err != nil {
		return none, err
	}
	driven := clock.Now()
	figures, err := desk.Figures(ctx)
	figures.Seconds = replay.Seconds{Parse: parsed.Sub(begun).Seconds(), Replay: driven.Sub(parsed).Seconds()}
	if err != nil || desk.Clocks() == nil {
		return figures, err
	}
	asked := clock.Now()
	levels, err := desk.ServiceLevels(ctx)
	levels.Seconds = clock.Now().Sub(asked).Seconds()
	figures.ServiceLevels = &levels
	return figures, err
}

// open opens the desk of a replay.
func open(ctx context.Context, where string, log *replay.Log, agreements []sla.Agreement) (*replay.Replay, func() error, error) {
	if where == stores.Memory {
		desk, err := replay.New(log, agreements...)
		return desk, func() error { return nil }, err
	}
	store, closeStore, err := stores.Open(ctx, where)
	if err != nil {
		return nil, nil, err
	}
	desk, err := replay.Resume(ctx, log, store, agreements...)
	if err != nil {
		return nil, nil, errors.Join(err, closeStore())
	}
	return desk, closeStore, nil
}

// readBook reads agreements; none without a path.
func readBook(path string) (sla.Book, error) {
	if path == "" {
		return sla.Book{}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return sla.Book{}, err
	}
	book, err := sla.ParseBook(text)
	if err != nil {
		return sla.Book{}, fmt.Errorf("%s: %w", path, err)
	}
	if len(book.Agreements) == 0 {
		return sla.Book{}, fmt.Errorf("%s: there is no agreement in it", path)
	}
	return book, nil
}

func readMapping(path string) (*replay.Mapping, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	mapping, err := replay.ReadMapping(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return mapping, nil
}

func readLog(mapping *replay.Mapping, path string) (*replay.Log, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return mapping.ReadLog(file, path)
}

// write writes the figures whole or not at all.
func write(path string, figures replay.Figures) error {
	text, err := json.MarshalIndent(figures, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".part", append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

// terminal answers where progress goes: to stderr if a person watches it, else nowhere.
func terminal(stderr io.Writer) io.Writer {
	if file, ok := stderr.(*os.File); ok {
		if info, err := file.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			return stderr
		}
	}
	return io.Discard
}
