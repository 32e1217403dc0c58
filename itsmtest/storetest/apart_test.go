package storetest_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest/storetest"
	"github.com/itsmkit/itsmkit/store/memory"
)

func TestTenantsStayApart(t *testing.T) {
	for seed := range uint64(4) {
		storetest.Apart(t, seed, 300, lifeFault(memory.New()))
	}
}

// lifeFault damages a store as the environment says.
func lifeFault(s itsm.Store) itsm.Store {
	if f, ok := allFaults()[os.Getenv(faultVariable)]; ok {
		return f.damage(s)
	}
	return s
}

// TestLivesFindFaults lives on stores with a fault built in.
func TestLivesFindFaults(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	for test, names := range map[string][]string{
		"TestSameLifeOnEachStore": {"pages skip a record", "rows are not redacted", "removed rows stay", "instants lose their nanoseconds",
			"a count stops at the limit", "an alternative leaves the tenant", "what is owned comes in any order"},
		"TestTenantsStayApart": {"an alternative leaves the tenant"},
	} {
		for _, name := range names {
			t.Run(name, func(t *testing.T) {
				run := exec.CommandContext(t.Context(), program, "-test.timeout=60s", "-test.run=^"+test+"$")
				run.Env = append(os.Environ(), faultVariable+"="+name)
				out, err := run.CombinedOutput()
				var exit *exec.ExitError
				require.ErrorAs(t, err, &exit, "%s passed a store in which %s:\n%s", test, name, out)
				require.Contains(t, string(out), "--- FAIL: "+test)
				require.NotContains(t, string(out), "panic:")
			})
		}
	}
}
