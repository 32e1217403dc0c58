package consultation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
)

// Whatever people do: a record is the fold of its events at every version, nothing is open longer than patience lasts, and
// what is taken was shown and opened.
func TestLawsOfConsultations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := open(t, consultation.Config{})
		tickets := []itsm.Ref{d.report(d.bob), d.report(d.carl)}
		people := []context.Context{d.bob, d.carl, d.ann}
		seen := map[itsm.Ref]map[int64]consultation.Consultation{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			who := people[rapid.IntRange(0, 2).Draw(t, "who")]
			id := fmt.Sprintf("CNS%07d", rapid.IntRange(1, 5).Draw(t, "number"))
			ref := rapid.SampledFrom([]itsm.Ref{vpn, mail, cause, tickets[0], {}}).Draw(t, "ref")
			var err error
			switch rapid.IntRange(0, 7).Draw(t, "command") {
			case 0:
				_, err = d.Begin(who, consultation.Search{
					Purpose: rapid.SampledFrom(consultation.Purposes()).Draw(t, "purpose"), Text: "vpn",
					Ticket:      rapid.SampledFrom(append(tickets, itsm.Ref{})).Draw(t, "on"),
					Suggestions: found()[:rapid.IntRange(0, 3).Draw(t, "shown")],
				})
			case 1, 2:
				_, err = d.Open(who, id, ref)
			case 3:
				_, err = d.Take(who, id, ref)
			case 4:
				_, err = d.Solve(who, id, ref)
			case 5:
				_, err = d.EndInTicket(who, id, rapid.SampledFrom(tickets).Draw(t, "made"))
			case 6:
				_, err = d.Dismiss(who, id, "no")
			case 7:
				d.advance(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
			}
			if err != nil && !errors.Is(err, itsm.ErrRefused) && !errors.Is(err, itsm.ErrInvalid) && !errors.Is(err, itsm.ErrNotFound) {
				t.Fatalf("a command failed: %v", err)
			}
			for c, err := range d.All(d.root, itsm.Query{}) {
				require.NoError(t, err)
				if seen[c.Ref()] == nil {
					seen[c.Ref()] = map[int64]consultation.Consultation{}
				}
				seen[c.Ref()][c.Version] = c
				judge(t, d, &c)
			}
		}
		for ref, versions := range seen {
			require.NoError(t, d.k.Verify(d.root, ref))
			for version, was := range versions {
				is, err := d.k.At(d.root, ref, version)
				require.NoError(t, err)
				require.Equal(t, &was, is, "%s at version %d", ref, version)
			}
		}
	})
}

// judge holds a record to what is true of every one.
func judge(t *rapid.T, d *desk, c *consultation.Consultation) {
	if c.State == consultation.StateOpen {
		require.Zero(t, c.EndedAt)
		require.Less(t, d.clock.Now().Sub(c.UpdatedAt), 30*time.Minute)
	} else {
		require.False(t, c.EndedAt.IsZero())
	}
	require.Equal(t, c.State == consultation.StateSolved, !c.SolvedBy.IsZero())
	require.Equal(t, c.State == consultation.StateTicket, !c.Made.IsZero())
	if !c.Taken.IsZero() {
		require.Positive(t, c.Position(c.Taken))
		require.Contains(t, c.Opened, c.Taken.String())
	}
}

// The figures are what counting one by one comes to.
func TestFiguresAreCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []consultation.Consultation
		for i := range rapid.IntRange(0, 30).Draw(t, "n") {
			shown := rapid.IntRange(0, 4).Draw(t, "shown")
			list = append(list, made(t, i,
				rapid.SampledFrom(consultation.Purposes()).Draw(t, "purpose"),
				rapid.SampledFrom(consultation.Lifecycle().States).Draw(t, "state").Name,
				shown, shown > 0 && rapid.Bool().Draw(t, "opened"), rapid.IntRange(0, shown).Draw(t, "taken"),
			))
		}
		d := consultation.Deflect(list)
		is := func(states ...any) func(*consultation.Consultation) bool {
			return func(c *consultation.Consultation) bool {
				for _, s := range states {
					if c.State == s {
						return true
					}
				}
				return false
			}
		}
		ended := func(c *consultation.Consultation) bool {
			return c.Purpose == consultation.SelfService && !is(consultation.StateOpen)(c)
		}
		lenient := func(c *consultation.Consultation) bool {
			return is(consultation.StateSolved)(c) || is(consultation.StateAbandoned)(c) && len(c.Opened) > 0
		}
		same(t, list, d.Strict, ended, is(consultation.StateSolved))
		same(t, list, d.Lenient, ended, lenient)
		same(t, list, d.Tickets, ended, is(consultation.StateTicket))
		same(t, list, d.Abandoned, ended, is(consultation.StateAbandoned))
		same(t, list, d.Dismissed, ended, is(consultation.StateDismissed))
		for _, u := range consultation.Use(list) {
			of := func(c *consultation.Consultation) bool {
				return c.Purpose == u.Purpose && !is(consultation.StateOpen)(c)
			}
			shows := func(least int) func(*consultation.Consultation) bool {
				return func(c *consultation.Consultation) bool { return of(c) && len(c.Suggestions()) >= least }
			}
			same(t, list, u.Found, of, shows(1))
			same(t, list, u.Opened, shows(1), func(c *consultation.Consultation) bool { return len(c.Opened) > 0 })
			same(t, list, u.Taken, shows(1), func(c *consultation.Consultation) bool { return !c.Taken.IsZero() })
			sum, n := 0.0, 0
			for i := range list {
				if c := &list[i]; shows(1)(c) {
					n++
					if p := c.Position(c.Taken); p > 0 {
						sum += 1 / float64(p)
					}
				}
			}
			if n == 0 {
				n = 1
			}
			require.InDelta(t, sum/float64(n), u.MeanReciprocalRank, 1e-12)
			for i, share := range u.Positions {
				same(t, list, share, shows(i+1), func(c *consultation.Consultation) bool { return c.Position(c.Taken) == i+1 })
			}
			require.Empty(t, counted(list, shows(len(u.Positions)+1)), "a share for every position")
		}
	})
}

func same(t *rapid.T, list []consultation.Consultation, share consultation.Share, of, part func(*consultation.Consultation) bool) {
	require.Equal(t, counted(list, of), share.Of)
	require.Equal(t, counted(list, func(c *consultation.Consultation) bool { return of(c) && part(c) }), share.Part)
}

func counted(list []consultation.Consultation, which func(*consultation.Consultation) bool) (refs []itsm.Ref) {
	for i := range list {
		if which(&list[i]) {
			refs = append(refs, list[i].Ref())
		}
	}
	return refs
}
