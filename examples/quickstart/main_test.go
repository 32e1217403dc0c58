package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/itsmkit/itsmkit/examples/internal/stores"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestTour plays the tour and compares all that it prints, byte by byte. The fake clock makes it the same every time.
func TestTour(t *testing.T) {
	file := filepath.Join(t.TempDir(), "desk.db")
	for _, store := range []string{file, stores.Memory} {
		t.Run(filepath.Base(store), func(t *testing.T) { compareTour(t, store) })
	}
	var again bytes.Buffer
	if err := run(context.Background(), file, &again); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(again.String(), "Bob reported INC0000002") {
		t.Fatalf("a second tour of the same desk has the next number:\n%s", &again)
	}
}

func compareTour(t *testing.T, store string) {
	var out bytes.Buffer
	if err := run(context.Background(), store, &out); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "tour.golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if bytes.Equal(out.Bytes(), want) {
		return
	}
	is, was := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(is), len(was)) {
		if line(is, i) != line(was, i) {
			t.Fatalf("the tour differs from %s in line %d (go test -update accepts it):\n is  %q\n was %q", golden, i+1, line(is, i), line(was, i))
		}
	}
}

func line(lines []string, i int) string {
	if i >= len(lines) {
		return "(the end)"
	}
	return lines[i]
}
