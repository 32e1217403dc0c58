package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/examples/internal/stores"
)

var update = flag.Bool("update", false, "write the golden file anew")

// TestLoop plays the story in memory and in a file, and compares all that it tells.
func TestLoop(t *testing.T) {
	const golden = "testdata/loop.golden"
	for _, store := range []string{filepath.Join(t.TempDir(), "desk.db"), stores.Memory} {
		var out bytes.Buffer
		require.NoError(t, run(context.Background(), store, &out))
		if *update {
			require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err, "go test -update writes it")
		require.Equal(t, string(want), out.String(), store)
	}
}
