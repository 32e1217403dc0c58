package storetest_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// faultVariable names the fault that a run of TestRun in a process of its own builds into the store.
const faultVariable = "STORETEST_FAULT"

// TestRun judges the store in memory, which keeps every promise.
func TestRun(t *testing.T) {
	damage := func(s itsm.Store) itsm.Store { return s }
	reopen := func(_ *testing.T, s itsm.Store) itsm.Store { return s }
	switch name := os.Getenv(faultVariable); name {
	case "":
	case lostHandle:
		reopen = func(*testing.T, itsm.Store) itsm.Store { return memory.New() }
	default:
		damage = allFaults()[name].damage
	}
	storetest.Run(t, storetest.Harness{
		Open:          func(*testing.T) itsm.Store { return damage(memory.New()) },
		Reopen:        reopen,
		Getter:        true,
		ColumnCounter: true,
		Batcher:       true,
	})
}

// TestRunFindsFaults judges the same store with one fault after the other built in. Each must break its promise, and
// the message must say so; that the promise is kept without the fault is TestRun's to show.
func TestRunFindsFaults(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	for _, name := range faultNames() {
		t.Run(name, func(t *testing.T) {
			group, promise, ok := strings.Cut(allFaults()[name].breaks, "/")
			require.True(t, ok)
			promise = strings.ReplaceAll(promise, " ", "_")
			run := exec.CommandContext(t.Context(), program, "-test.timeout=60s",
				"-test.run=^TestRun$/^"+group+"$/^"+regexp.QuoteMeta(promise)+"$")
			run.Env = append(os.Environ(), faultVariable+"="+name)
			out, err := run.CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "the suite passed a store in which %s:\n%s", name, out)
			assert.Contains(t, string(out), "--- FAIL: TestRun/"+group+"/"+promise)
			assert.NotContains(t, string(out), "panic:")
		})
	}
}
