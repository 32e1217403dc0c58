package sla_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
)

// Several people on two nodes work on one ticket while both nodes fire its timers: no command is lost, each level is told
// once, and what is kept is what the events say.
func TestManyAtOnce(t *testing.T) {
	const rounds, people = 12, 4
	levels := make([]sla.Level, 30)
	for i := range levels {
		levels[i] = sla.Level{Name: fmt.Sprint(i), Percent: i + 1}
	}
	target := resolution()
	target.Levels, target.Within = levels, map[itsm.Priority]time.Duration{sla.AnyPriority: 8 * time.Hour}
	latest := target
	latest.Name, latest.Late = "latest", sla.LatestLevel
	clock := itsmtest.NewClock(at("2026-03-02 09:00"))
	f := newFixture(t, *agreement(target, latest, response()))
	f.config.Clock, f.config.Tries = clock, 1000 // a command waits until it is its turn
	nodes := []*desk.Desk{must(desk.Open(context.Background(), f.config)), must(desk.Open(context.Background(), f.config))}
	f.Desk = nodes[0]

	for round := range rounds {
		clock.Set(clock.Now().Add(20 * time.Minute))
		var all sync.WaitGroup
		for _, d := range nodes {
			all.Go(func() {
				for range 5 {
					_, err := d.FireDue(context.Background())
					assert.NoError(t, err)
				}
			})
		}
		for person := range people {
			all.Go(func() {
				d := nodes[person%2]
				_, err := d.Incidents.Comment(f.ann, f.ref.ID, itsm.Comment{Body: fmt.Sprintf("%d of %d", round, person)})
				assert.NoError(t, err)
				switch person {
				case 0:
					_, err = d.Incidents.Hold(f.ann, f.ref.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which one?"})
				case 1:
					_, err = d.Incidents.Resume(f.ann, f.ref.ID)
				case 2:
					_, err = d.Incidents.Note(f.ann, f.ref.ID, "hm")
				case 3:
					_, err = d.Clocks.Repair(f.root, f.ref)
				}
				if !errors.Is(err, itsm.ErrRefused) {
					assert.NoError(t, err)
				}
			})
		}
		all.Wait()
		found, err := f.Clocks.Check(f.root, f.ref)
		require.NoError(t, err)
		require.Empty(t, found)
	}

	comments, err := f.Incidents.Comments(f.ann, f.ref.ID, 0, 0)
	require.NoError(t, err)
	bodies := map[string]int{}
	for _, c := range comments {
		bodies[c.Body]++
	}
	for person := range people {
		for round := range rounds {
			require.Equal(t, 1, bodies[fmt.Sprintf("%d of %d", round, person)], "no word is lost")
		}
	}

	// what is left fires once both look again, half a minute later: a claim that lost a race is taken up then
	_ = f.resume()
	clock.Attach(nodes[0])
	clock.Attach(nodes[1])
	require.NoError(t, clock.Advance(context.Background(), time.Hour))
	told := map[string][]string{}
	for _, l := range f.told(t) {
		require.Equal(t, 1, l.Cycle)
		told[l.Target] = append(append(told[l.Target], l.Skipped...), l.Level)
	}
	for _, name := range []string{"resolution", "latest"} {
		c := f.clockOf(t, name)
		var want []string
		for i, l := range levels {
			if c.Elapsed >= c.Within*time.Duration(l.Percent)/100 {
				want = append(want, levels[i].Name)
			}
		}
		require.NotEmpty(t, want)
		require.Equal(t, want, told[name], "each level once, in order, and none is left out")
	}
	itsmtest.RequireVerified(t, f.root, f.Kernel, f.ref)
}

// Two nodes fire the timers of many tickets at once.
func TestTwoNodesFire(t *testing.T) {
	const tickets = 150
	clock := itsmtest.NewClock(at("2026-03-02 09:00"))
	f := newFixture(t, gold())
	f.config.Clock = clock
	nodes := []*desk.Desk{must(desk.Open(context.Background(), f.config)), must(desk.Open(context.Background(), f.config))}
	for range tickets - 1 {
		_, err := nodes[0].Incidents.Report(f.bob, incident.Report{Title: "VPN down", Impact: itsm.High, Urgency: itsm.High})
		require.NoError(t, err)
	}
	for range 3 {
		clock.Set(clock.Now().Add(150 * time.Minute))
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() {
				for range 4 {
					_, err := nodes[i%2].FireDue(context.Background())
					assert.NoError(t, err)
				}
			})
		}
		all.Wait()
	}
	f.Desk = nodes[1]
	page, err := f.Incidents.List(f.root, itsm.Query{Limit: 500})
	require.NoError(t, err)
	require.Len(t, page.Records, tickets)
	for _, inc := range page.Records {
		f.ref = inc.Ref()
		var levels []string
		for _, l := range f.told(t) {
			levels = append(levels, l.Target+" "+l.Level)
		}
		slices.Sort(levels)
		require.Equal(t, []string{"first response breach", "first response warning", "resolution breach", "resolution warning"}, levels, "%s", f.ref)
	}
}

// An answer while one node does not know the agreement's version yet ends the clock there as gone: the node that does know
// it finds the same.
func TestAnAnswerOnANodeThatDoesNotKnowTheVersion(t *testing.T) {
	first := response()
	first.Kind, first.Stop = sla.FirstResponse, sla.Condition{}
	second := *agreement(first)
	second.Version = 2
	f := newFixture(t, *agreement(first))
	old := f.Desk
	f.config.Agreements = []sla.Agreement{*agreement(first), second}
	f.Desk = must(desk.Open(context.Background(), f.config))
	require.NoError(t, f.Clocks.Apply(f.root, f.ref))
	require.Equal(t, 2, f.clockOf(t, "first response").AgreementVersion)
	_, err := old.Incidents.Comment(f.ann, f.ref.ID, itsm.Comment{Body: "We are at it."})
	require.NoError(t, err)
	for _, d := range []*desk.Desk{old, f.Desk} {
		found, err := d.Clocks.Check(f.root, f.ref)
		require.NoError(t, err)
		require.Empty(t, found)
	}
}
