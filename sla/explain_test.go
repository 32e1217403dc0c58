package sla_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// breaks is open from 09:00 to 17:00 with a break at noon, and closed on Tuesday, 3 March 2026.
var breaks = must(calendar.New(calendar.Spec{
	Name: "support", Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-17:00"),
	Breaks:   []calendar.Break{{Name: "lunch", On: "2026-03-02", Hours: "12:00-13:00"}, {Name: "lunch", On: "2026-03-04", Hours: "12:00-13:00"}},
	Holidays: []calendar.Holiday{{Name: "founder's day", On: "2026-03-03"}},
}))

func vpn() *itsm.Filter {
	f := itsm.Where("service").Is("vpn")
	return &f
}

// several are agreements of every policy: what a reopening does, what a change does, what limits them.
func several() []sla.Agreement {
	within := map[itsm.Priority]time.Duration{1: 2 * time.Hour, 2: 4 * time.Hour, 3: 8 * time.Hour}
	warn := []sla.Level{{Name: "warning", Percent: 75}, {Name: "breach", Percent: 100}}
	caller := sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}}
	kept := sla.Agreement{
		Name: "kept", Class: sla.ServiceLevel, Kinds: []string{incident.Kind}, Calendar: breaks, Where: vpn(),
		Targets: []sla.Target{
			{Name: "total", Kind: sla.TotalResolution, Within: within, Levels: warn, Pause: caller},
			{Name: "again", Kind: sla.TotalResolution, Within: within, Reopen: sla.NewCycle, Levels: warn},
			{Name: "first", Kind: sla.FirstResponse, Within: within},
			{Name: "next", Kind: sla.NextResponse, Within: within, Levels: warn},
			{Name: "update", Kind: sla.PeriodicUpdate, Within: within},
			{Name: "group", Start: sla.Condition{Groups: []string{"network"}}, Stop: sla.Condition{OtherGroups: []string{"network"}}, Within: within},
		},
	}
	for i := range kept.Targets {
		kept.Targets[i].Calendar = nil
	}
	anew := kept
	anew.Name, anew.OnChange = "anew", sla.StartAnew
	always := kept
	always.Name, always.Where, always.Calendar = "always", nil, nil
	return []sla.Agreement{kept, anew, always}
}

// story lets a few random things happen to the fixture's ticket.
func (f *fixture) story(t *rapid.T, most int) {
	moved := func(d time.Duration) error { return f.clock.Advance(context.Background(), d) }
	assign := func(a incident.Assignment) func() error {
		return func() error {
			_, err := f.Incidents.Assign(f.ann, f.ref.ID, a)
			return err
		}
	}
	acts := map[string]func() error{
		"start": f.start, "hold": f.hold, "resume": f.resume, "resolve": f.resolve,
		"reopen": func() error {
			_, err := f.Incidents.Reopen(f.ann, f.ref.ID, incident.Reopen{Reason: "again"})
			return err
		},
		"caller writes": func() error {
			_, err := f.Incidents.Comment(f.bob, f.ref.ID, itsm.Comment{Body: "Well?"})
			return err
		},
		"desk answers": func() error {
			_, err := f.Incidents.Comment(f.ann, f.ref.ID, itsm.Comment{Body: "Soon."})
			return err
		},
		"network": assign(incident.Assignment{Group: "network"}), "mail": assign(incident.Assignment{Group: "mail"}),
		"to cleo": assign(incident.Assignment{Group: "network", Assignee: "cleo"}),
		"to dave": assign(incident.Assignment{Group: "mail", Assignee: "dave"}),
		"P1":      func() error { return f.impact(itsm.Critical) }, "P2": func() error { return f.impact(itsm.High) },
		"P3": func() error { return f.impact(itsm.Medium) }, "P4": func() error { return f.impact(itsm.Low) },
		"to vpn": func() error { return f.edit("service", field.Text("vpn")) }, "to disk": func() error { return f.edit("service", field.Text("disk")) },
		"wait": func() error { return moved(time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes")) * time.Minute) },
		"pass": func() error { return moved(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours")) * time.Hour) },
		"back": func() error { f.clock.Set(f.clock.Now().Add(-time.Hour)); return nil },
	}
	names := make([]string, 0, len(acts))
	for name := range acts {
		names = append(names, name)
	}
	slices.Sort(names)
	for range rapid.IntRange(0, most).Draw(t, "acts") {
		name := rapid.SampledFrom(names).Draw(t, "act")
		if err := acts[name](); !errors.Is(err, itsm.ErrRefused) {
			require.NoError(t, err, name)
		}
		require.NoError(t, moved(time.Duration(rapid.IntRange(0, 100).Draw(t, "meanwhile"))*time.Minute))
	}
}

// Whatever happens: the lines of each cycle have no gaps and reach from its start to its end or now, what they used is what
// the clock used, and what its groups and people had is that, too.
func TestExplanationsAndSharesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t, several()...)
		f.story(t, 10)
		cycles, err := f.Clocks.Cycles(f.ann, f.ref)
		require.NoError(t, err)
		all := map[[2]string]time.Duration{}
		wall := map[[2]string]time.Duration{}
		at := map[[2]string]int{}
		for _, c := range cycles {
			name := [2]string{c.Agreement, c.Target}
			explained, err := f.Clocks.Explain(f.ann, f.ref, c.Agreement, c.Target)
			require.NoError(t, err)
			require.Less(t, at[name], len(explained))
			e := explained[at[name]]
			at[name]++
			require.Equal(t, c, e.Status)
			all[name] += c.Elapsed
			from, used := c.Started, time.Duration(0)
			for _, l := range e.Lines {
				require.True(t, l.From.Equal(from), "%v: no gap before %v\n%s", name, l.From, e)
				require.True(t, l.From.Before(l.To), "%v: no empty line\n%s", name, e)
				from = l.To
				used += l.Used
			}
			end := c.At
			if !c.Ended.IsZero() {
				end = c.Ended
			}
			require.True(t, from.Equal(end), "%v: the lines reach to %v\n%s", name, end, e)
			require.Equal(t, c.Elapsed, used, "%v\n%s", name, e)
		}
		for name, elapsed := range all {
			explained, err := f.Clocks.Explain(f.ann, f.ref, name[0], name[1])
			require.NoError(t, err)
			require.Len(t, explained, at[name])
			shares, err := f.Clocks.Attribution(f.ann, f.ref, name[0], name[1])
			require.NoError(t, err)
			sum := time.Duration(0)
			for _, s := range shares {
				sum += s.Used
				wall[name] += s.Wall
				require.LessOrEqual(t, s.Used, s.Wall)
			}
			require.Equal(t, elapsed, sum, "%v: %v", name, shares)
		}
	})
}

// told writes the lines of a cycle in short.
func lines(e sla.Explanation) (words []string) {
	for _, l := range e.Lines {
		text := l.From.In(brussels.Location()).Format("02 15:04") + " " + string(l.Reason)
		if l.Name != "" {
			text += " (" + l.Name + ")"
		}
		if l.Used > 0 {
			text += " " + l.Used.String()
		}
		words = append(words, text)
	}
	return words
}

func (f *fixture) explain(t *testing.T, agreement, target string) []sla.Explanation {
	t.Helper()
	all, err := f.Clocks.Explain(f.ann, f.ref, agreement, target)
	require.NoError(t, err)
	return all
}

func (f *fixture) wait(t testing.TB, d time.Duration) {
	t.Helper()
	require.NoError(t, f.clock.Advance(context.Background(), d))
}

func (f *fixture) reopen() error {
	_, err := f.Incidents.Reopen(f.ann, f.ref.ID, incident.Reopen{Reason: "again"})
	return err
}

func TestExplainNamesEveryReason(t *testing.T) {
	a := *agreement(resolution())
	a.Calendar = breaks
	f := newFixture(t, a)
	f.wait(t, 5*time.Hour)
	require.NoError(t, f.hold())
	f.wait(t, 2*time.Hour)
	require.NoError(t, f.resume())
	f.wait(t, 49*time.Hour)
	e := f.explain(t, "gold", "resolution")[0]
	assert.Equal(t, brussels.Location().String(), e.Zone.String())
	assert.Equal(t, []string{
		"02 09:00 open (support) 3h0m0s", "02 12:00 break (lunch)", "02 13:00 open (support) 1h0m0s", "02 14:00 paused (on hold: caller)",
		"02 16:00 open (support) 1h0m0s", "02 17:00 closed", "03 09:00 holiday (founder's day)", "03 17:00 closed",
		"04 09:00 open (support) 3h0m0s", "04 12:00 break (lunch)", "04 13:00 open (support) 4h0m0s",
	}, lines(e))
}

func TestExplainAPauseByWhatHolds(t *testing.T) {
	pauses := map[string]sla.Condition{
		"phase waiting":    {Phases: []lifecycle.Phase{lifecycle.Waiting}},
		"on hold: caller":  {Holds: []itsm.HoldReason{itsm.HoldCaller}},
		"with network":     {Groups: []string{"network"}},
		"not with storage": {OtherGroups: []string{"storage"}},
		"ever answered":    {Facts: []sla.Fact{sla.EverAnswered}},
		"with mail":        {Groups: []string{"mail"}, Holds: []itsm.HoldReason{itsm.HoldVendor}},
	}
	want := map[string]string{"phase waiting": "on hold: caller", "with mail": ""}
	for name, pause := range pauses {
		t.Run(name, func(t *testing.T) {
			target := resolution()
			target.Pause = pause
			f := newFixture(t, *agreement(target))
			require.NoError(t, f.hold())
			f.wait(t, time.Hour)
			e := f.explain(t, "gold", "resolution")[0]
			require.Len(t, e.Lines, 1)
			if special, ok := want[name]; ok {
				name = special
			}
			assert.Equal(t, name, e.Lines[0].Name)
		})
	}
}

// A reopening goes on, with the time in between or without; what is over ends its lines.
func TestExplainAReopening(t *testing.T) {
	counted := resolution()
	counted.Name, counted.Reopen = "counted", sla.ContinueCounted
	again := resolution()
	again.Name, again.Reopen = "again", sla.NewCycle
	f := newFixture(t, *agreement(resolution(), counted, again))
	f.wait(t, time.Hour)
	require.NoError(t, f.resolve())
	f.wait(t, time.Hour)
	_, err := f.Incidents.Note(f.ann, f.ref.ID, "hm")
	require.NoError(t, err)
	assert.Equal(t, []string{"02 09:00 open 1h0m0s"}, lines(f.explain(t, "gold", "counted")[0]), "nobody knows yet that it will count")
	f.wait(t, time.Hour)
	require.NoError(t, f.reopen())
	f.wait(t, time.Hour)
	assert.Equal(t, []string{"02 09:00 open 1h0m0s", "02 10:00 completed", "02 12:00 open 1h0m0s"}, lines(f.explain(t, "gold", "resolution")[0]))
	assert.Equal(t, []string{"02 09:00 open 4h0m0s"}, lines(f.explain(t, "gold", "counted")[0]))
	both := f.explain(t, "gold", "again")
	require.Len(t, both, 2)
	assert.Equal(t, []string{"02 09:00 open 1h0m0s"}, lines(both[0]))
	assert.Equal(t, sla.Completed, both[0].State)
	assert.Equal(t, time.Hour, both[0].Elapsed)
	assert.Equal(t, []string{"02 12:00 open 1h0m0s"}, lines(both[1]))
}

// A cycle that ends in the moment in which the next begins is told as it ended, not as it stood before.
func TestExplainACycleThatStartsAnew(t *testing.T) {
	a := *agreement(resolution())
	a.OnChange = sla.StartAnew
	f := newFixture(t, a)
	f.wait(t, time.Hour)
	require.NoError(t, f.impact(itsm.Critical))
	f.wait(t, time.Hour)
	both := f.explain(t, "gold", "resolution")
	require.Len(t, both, 2)
	assert.Equal(t, sla.StartedAnew, both[0].EndedBy)
	assert.Equal(t, time.Hour, both[0].Elapsed)
	assert.Equal(t, []string{"02 09:00 open 1h0m0s"}, lines(both[0]))
	assert.Equal(t, []string{"02 10:00 open 1h0m0s"}, lines(both[1]))
}

// An adopted clock is explained from the beginning; one that lapsed and came back, too.
func TestExplainWhatWasAdopted(t *testing.T) {
	a := *agreement(resolution())
	a.Where = vpn()
	other := *agreement(resolution())
	other.Name = "disk"
	disk := itsm.Where("service").Is("disk")
	other.Where = &disk
	f := newFixture(t, a, other)
	f.wait(t, time.Hour)
	require.NoError(t, f.hold())
	f.wait(t, time.Hour)
	require.NoError(t, f.resume())
	require.NoError(t, f.edit("service", field.Text("disk")))
	f.wait(t, time.Hour)
	want := []string{"02 09:00 open 1h0m0s", "02 10:00 paused (on hold: caller)", "02 11:00 open 1h0m0s"}
	assert.Equal(t, want, lines(f.explain(t, "disk", "resolution")[0]))
	lapsed := f.explain(t, "gold", "resolution")[0]
	assert.Equal(t, sla.NotPromised, lapsed.EndedBy)
	assert.Equal(t, want[:2], lines(lapsed))
	require.NoError(t, f.edit("service", field.Text("vpn")))
	f.wait(t, 0)
	assert.Equal(t, want, lines(f.explain(t, "gold", "resolution")[0]), "as if it had never been away")
}

func TestExplainAMigration(t *testing.T) {
	f := newFixture(t, gold())
	f.wait(t, time.Hour)
	require.NoError(t, f.hold())
	f.wait(t, time.Hour)
	next := gold()
	next.Version, next.Targets[1].Pause = 2, sla.Condition{}
	f.config.Agreements = []sla.Agreement{gold(), next}
	f.restart(t)
	require.NoError(t, f.Clocks.Apply(f.root, f.ref))
	e := f.explain(t, "gold", "resolution")[0]
	assert.Equal(t, 2, e.AgreementVersion)
	assert.Equal(t, []string{"02 09:00 open 2h0m0s"}, lines(e), "by the terms of the new version")
}

func (f *fixture) restart(t testing.TB) {
	t.Helper()
	d, err := desk.Open(context.Background(), f.config)
	require.NoError(t, err)
	f.Desk = d
	f.clock.Attach(d)
}

// An agreement that was taken away and came back: what nobody counted is said so.
func TestExplainAnAgreementThatWasGone(t *testing.T) {
	f := newFixture(t, gold())
	f.wait(t, time.Hour)
	f.config.Agreements = nil
	f.restart(t)
	_, err := f.Incidents.Note(f.ann, f.ref.ID, "hm")
	require.NoError(t, err)
	_, err = f.Clocks.Explain(f.ann, f.ref, "gold", "resolution")
	require.ErrorIs(t, err, itsm.ErrNotFound, "nobody knows how it was computed")
	cycles, err := f.Clocks.Cycles(f.ann, f.ref)
	require.NoError(t, err)
	require.Len(t, cycles, 2, "the rows are there")
	assert.Equal(t, sla.AgreementGone, cycles[0].EndedBy)

	f.config.Agreements = []sla.Agreement{gold()}
	f.restart(t)
	e := f.explain(t, "gold", "resolution")[0]
	assert.Equal(t, []string{"02 09:00 agreement gone"}, lines(e))
	assert.Zero(t, e.Elapsed)
	shares, err := f.Clocks.Attribution(f.ann, f.ref, "gold", "resolution")
	require.NoError(t, err)
	assert.Empty(t, shares)
	require.NoError(t, f.Clocks.Apply(f.root, f.ref))
	assert.Equal(t, []string{"02 09:00 open 1h0m0s"}, lines(f.explain(t, "gold", "resolution")[0]))
}

func TestExplainADeadline(t *testing.T) {
	f := newDeadline(t, at("2026-03-02 11:00"))
	f.wait(t, time.Hour)
	require.NoError(t, f.edit("custom.due", field.Instant(at("2026-03-02 10:30"))))
	f.wait(t, time.Hour)
	e := f.explain(t, "dated", "delivery")[0]
	assert.Equal(t, []string{"02 09:00 open 2h0m0s"}, lines(e))
	assert.Equal(t, at("2026-03-02 10:30").UTC(), e.Breached)
}

// newDeadline is a fixture whose incident is due at an instant of its own.
func newDeadline(t itsmtest.TB, due time.Time) *fixture {
	a := *agreement(sla.Target{Name: "delivery", Kind: sla.TotalResolution, Deadline: "custom.due"})
	a.Name = "dated"
	f := newFixture(t)
	f.config.Agreements = []sla.Agreement{a}
	f.config.Incidents.Custom = field.Schema{Version: 1, Fields: []field.Declaration{{Name: "due", Kind: field.KindInstant}}}
	f.Desk = must(desk.Open(context.Background(), f.config))
	f.clock.Attach(f.Desk)
	f.ref = must(f.Incidents.Report(f.ann, incident.Report{
		Title: "Move", Impact: itsm.High, Urgency: itsm.High, Custom: field.Fields{{Name: "due", Value: field.Instant(due)}},
	})).Ref()
	return f
}

func TestExplainUnknown(t *testing.T) {
	f := newFixture(t, gold())
	for _, name := range [][2]string{{"gold", "repair"}, {"silver", "resolution"}} {
		_, err := f.Clocks.Explain(f.ann, f.ref, name[0], name[1])
		require.ErrorIs(t, err, itsm.ErrNotFound)
		assert.ErrorContains(t, err, "a target that Cycles lists")
		_, err = f.Clocks.Attribution(f.ann, f.ref, name[0], name[1])
		require.ErrorIs(t, err, itsm.ErrNotFound)
	}
	_, err := f.Clocks.Explain(itsmtest.As(f.ann, itsmtest.Requester("eve")), f.ref, "gold", "resolution")
	require.ErrorIs(t, err, itsm.ErrNotFound, "somebody else's ticket")
	_, err = f.Clocks.Explain(context.Background(), f.ref, "gold", "resolution")
	require.ErrorIs(t, err, itsm.ErrNoActor)
}
