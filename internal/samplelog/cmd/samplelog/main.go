// Command samplelog writes the sample log of the replay example.
//
//	go run ./internal/samplelog/cmd/samplelog -o examples/replay/sample.xes
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"github.com/itsmkit/itsmkit/internal/samplelog"
)

func main() {
	seed := flag.Uint64("seed", samplelog.Seed, "number from which the log is made")
	n := flag.Int("n", samplelog.Incidents, "number of incidents")
	path := flag.String("o", "", "file to write; default: standard output")
	flag.Parse()
	if err := run(*seed, *n, *path); err != nil {
		fmt.Fprintln(os.Stderr, "samplelog:", err)
		os.Exit(1)
	}
}

func run(seed uint64, n int, path string) error {
	var log bytes.Buffer
	if err := samplelog.Write(&log, seed, n); err != nil {
		return err
	}
	if path == "" {
		_, err := os.Stdout.Write(log.Bytes())
		return err
	}
	return os.WriteFile(path, log.Bytes(), 0o644)
}
