package problem_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/problem"
)

const day = 24 * time.Hour

func sighting(n int, at time.Time, title string, items ...string) problem.Sighting {
	return problem.Sighting{Incident: itsm.Ref{Kind: "incident", ID: fmt.Sprintf("INC%d", n)}, At: at, Items: items, Title: title, Service: "mail", Category: "email"}
}

func TestTrends(t *testing.T) {
	now := start.Add(35 * day)
	var all []problem.Sighting
	add := func(daysAgo int, title string, items ...string) {
		all = append(all, sighting(len(all), now.Add(-time.Duration(daysAgo)*day), title, items...))
	}
	for i := range 3 {
		add(i, "Outlook does not open the calendar", "srv1", "srv1")
	}
	add(1, "Calendar does not open in Outlook 365", "srv2")
	add(8, "The printer jams", "srv2")
	add(7, "On the edge: seven days ago is before the window", "srv3")
	add(20, "The printer jams", "srv1")
	for _, c := range []struct {
		name string
		rule problem.TrendRule
		want map[string]int
	}{
		{"by item", problem.TrendRule{By: problem.ByItem, Least: 3}, map[string]int{"srv1": 3}},
		{"by item, two", problem.TrendRule{By: problem.ByItem, Least: 2}, map[string]int{"srv1": 3}},
		{"by service", problem.TrendRule{By: problem.ByService, Least: 4}, map[string]int{"mail": 4}},
		{"by service, more", problem.TrendRule{By: problem.ByService, Least: 5}, nil},
		{"by category", problem.TrendRule{By: problem.ByCategory, Least: 2}, map[string]int{"email": 4}},
		{"by words", problem.TrendRule{By: problem.ByText, Least: 2}, map[string]int{"calendar open outlook": 4}},
		{"a rise", problem.TrendRule{By: problem.ByItem, Rising: 5}, map[string]int{"srv1": 3}},
		{"no such rise", problem.TrendRule{By: problem.ByItem, Rising: 13}, nil},
		{"a rise of everything", problem.TrendRule{By: problem.ByService, Rising: 4, Past: 3}, map[string]int{"mail": 4}},
		{"four is less than six times three in four weeks", problem.TrendRule{By: problem.ByService, Rising: 6}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rule.Name, c.rule.Window = "r", 7*day
			require.NoError(t, c.rule.Check())
			got := map[string]int{}
			for _, trend := range c.rule.Find(all, now, nil) {
				got[trend.Key] = trend.Count
				assert.Len(t, trend.Incidents, trend.Count)
			}
			if c.want == nil {
				c.want = map[string]int{}
			}
			assert.Equal(t, c.want, got)
		})
	}
}

// Whatever the order of what is given, the answer is the one of counting each window by itself.
func TestTrendsAreCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := start.Add(30 * day)
		rule := problem.TrendRule{
			Name: "r", By: problem.ByItem, Window: time.Duration(rapid.IntRange(1, 6).Draw(t, "window")) * day,
			Least: rapid.IntRange(2, 4).Draw(t, "least"), Past: rapid.IntRange(1, 3).Draw(t, "past"),
		}
		var all []problem.Sighting
		known := map[string]bool{}
		for i := range rapid.IntRange(0, 30).Draw(t, "n") {
			s := sighting(i, now.Add(-time.Duration(rapid.IntRange(-24, 24*25).Draw(t, "hours"))*time.Hour), "x", rapid.SampledFrom([]string{"a", "b"}).Draw(t, "item"))
			all = append(all, s)
			known[s.Incident.ID] = rapid.IntRange(0, 4).Draw(t, "known") == 0
		}
		got := map[string]problem.Trend{}
		for _, trend := range rule.Find(all, now, func(r itsm.Ref) bool { return known[r.ID] }) {
			got[trend.Key] = trend
		}
		for _, item := range []string{"a", "b"} {
			n, before := 0, 0
			for _, s := range all {
				age := now.Sub(s.At)
				switch {
				case s.Items[0] != item || age < 0:
				case age < rule.Window && !known[s.Incident.ID]:
					n++
				case age >= rule.Window && age < rule.Reach():
					before++
				}
			}
			trend, found := got[item]
			if found != (n >= rule.Least) || found && (trend.Count != n || trend.Mean != float64(before)/float64(rule.Past)) {
				t.Fatalf("%s: %d now, %d before; found %v %+v", item, n, before, found, trend)
			}
		}
	})
}

func TestCandidates(t *testing.T) {
	f := open(t, problem.Config{Trends: []problem.TrendRule{{Name: "items", By: problem.ByItem, Window: 7 * day, Least: 3}}})
	report := func(n int) {
		for range n {
			_, err := f.Incidents.Report(f.ann, incident.Report{Title: "Mail is slow", Items: []string{"srv1"}})
			require.NoError(t, err)
		}
	}
	find := func() []problem.Candidate {
		t.Helper()
		found, err := f.Problems.FindTrends(f.ann)
		require.NoError(t, err)
		return found
	}
	report(2)
	require.Empty(t, find())
	report(1)
	found := find()
	require.Len(t, found, 1)
	assert.Equal(t, []any{"items", "srv1", 3, []string{"INC0000001", "INC0000002", "INC0000003"}},
		[]any{found[0].Rule, found[0].Key, found[0].Count, found[0].Incidents})
	require.Empty(t, find(), "once")
	_, err := f.Problems.Dismiss(f.ann, found[0].ID, "we were testing")
	require.NoError(t, err)
	require.NoError(t, f.clock.Advance(f.root, day))
	report(2)
	require.Empty(t, find(), "what was dismissed does not come back")
	report(1)
	found = find()
	require.Len(t, found, 1, "as many new ones do")
	p, err := f.Problems.Accept(f.ann, found[0].ID, problem.Acceptance{Owner: "bob"})
	require.NoError(t, err)
	assert.Equal(t, []any{"3 incidents with the same item: srv1", []string{"srv1"}, "bob", found[0].Ref()}, []any{p.Title, p.Items, p.Assignee, p.Candidate})
	links, err := f.Links(f.root, p.Ref())
	require.NoError(t, err)
	assert.Len(t, links, 3)
	_, err = f.Problems.Accept(f.ann, found[0].ID, problem.Acceptance{})
	f.refused(err, "not_from_here")
}
