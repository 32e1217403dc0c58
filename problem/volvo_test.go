package problem_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/eventlog"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/problem"
)

// volvo reads the incidents of two years at a real company: when each was reported, about which product, for which
// organisation.
func volvo(t testing.TB) []problem.Sighting {
	t.Helper()
	shared := os.Getenv("ITSM_SHARED")
	if shared == "" {
		t.Skip("set ITSM_SHARED to the folder of test data: it holds the log")
	}
	file, err := os.Open(filepath.Join(shared, "data", "bpi2013", "BPIC13_i.xes.gz"))
	require.NoError(t, err)
	defer file.Close()
	log, err := eventlog.ReadXES(file, eventlog.XES{})
	require.NoError(t, err)
	var all []problem.Sighting
	for trace, err := range log.Traces() {
		require.NoError(t, err)
		first := trace.Events[0]
		at, _ := first.Time("time:timestamp")
		all = append(all, problem.Sighting{
			Incident: itsm.Ref{Kind: "incident", ID: trace.Name()}, At: at,
			Items: []string{first.Text("product")}, Service: first.Text("organization involved"), Title: first.Text("product"),
		})
	}
	slices.SortFunc(all, func(a, b problem.Sighting) int { return a.At.Compare(b.At) })
	return all
}

var volvoRules = []problem.TrendRule{
	{Name: "product", By: problem.ByItem, Window: 7 * day, Least: 20, Rising: 3},
	{Name: "organisation", By: problem.ByService, Window: 7 * day, Least: 50, Rising: 3},
	{Name: "words", By: problem.ByText, Window: 7 * day, Least: 20},
}

// trends runs every rule on every day of the log, as a desk would.
func trends(all []problem.Sighting) (found int) {
	for now := all[0].At; now.Before(all[len(all)-1].At.Add(day)); now = now.Add(24 * time.Hour) {
		for _, r := range volvoRules {
			found += len(r.Find(all, now, nil))
		}
	}
	return found
}

func TestTrendsOfARealCompany(t *testing.T) {
	all := volvo(t)
	assert.Len(t, all, 7554)
	last := all[len(all)-1].At
	at := last.Add(-12 * day) // the log thins out at its end
	top := volvoRules[0].Find(all, at, nil)
	require.NotEmpty(t, top)
	n := 0
	for _, s := range all {
		if s.Items[0] == top[0].Key && s.At.After(at.Add(-7*day)) && !s.At.After(at) {
			n++
		}
	}
	assert.Equal(t, n, top[0].Count)
	assert.Positive(t, trends(all))
}

func BenchmarkTrendsOfARealCompany(b *testing.B) {
	all := volvo(b)
	b.Run("every day", func(b *testing.B) {
		for b.Loop() {
			trends(all)
		}
	})
	b.Run("floor: a count by product, once", func(b *testing.B) {
		for b.Loop() {
			n := map[string]int{}
			for i := range all {
				n[all[i].Items[0]]++
			}
		}
	})
}
