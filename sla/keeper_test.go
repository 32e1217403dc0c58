package sla_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

// fixture is a desk under a fake clock that stands at Monday, 2 March 2026, 09:00 in Brussels, and one incident of P2.
type fixture struct {
	*desk.Desk
	clock          *itsmtest.Clock
	ann, bob, root context.Context
	config         desk.Config
	ref            itsm.Ref
}

func newFixture(t itsmtest.TB, agreements ...sla.Agreement) *fixture {
	t.Helper()
	clock := itsmtest.NewClock(at("2026-03-02 09:00"))
	f := &fixture{
		clock: clock,
		ann:   itsmtest.As(context.Background(), itsmtest.Agent("ann")),
		bob:   itsmtest.As(context.Background(), itsmtest.Requester("bob")),
		root:  itsmtest.As(context.Background(), itsmtest.Administrator("root")),
		config: desk.Config{
			Store: memory.New(), Clock: clock, Agreements: agreements,
			Incidents: incident.Config{Calendar: brussels, Policy: incident.Policy{AutoClose: 40 * time.Hour}},
		},
	}
	f.Desk = must(desk.Open(context.Background(), f.config))
	clock.Attach(f.Desk)
	inc, err := f.Incidents.Report(f.ann, incident.Report{
		Caller: "bob",
		Title:  "VPN down", Impact: itsm.High, Urgency: itsm.High, Service: "vpn", Group: "network",
	})
	if err != nil {
		t.Fatalf("no incident: %v", err)
	}
	f.ref = inc.Ref()
	return f
}

func (f *fixture) start() error {
	_, err := f.Incidents.Start(f.ann, f.ref.ID)
	return err
}

func (f *fixture) hold() error {
	_, err := f.Incidents.Hold(f.ann, f.ref.ID, incident.Hold{Reason: itsm.HoldCaller, Message: "Which one?"})
	return err
}

func (f *fixture) resume() error {
	_, err := f.Incidents.Resume(f.ann, f.ref.ID)
	return err
}

func (f *fixture) resolve() error {
	_, err := f.Incidents.Resolve(f.ann, f.ref.ID, incident.Resolution{Code: incident.Fixed, Notes: "Fixed."})
	return err
}

func (f *fixture) edit(name string, v field.Value) error {
	_, err := f.Incidents.Edit(f.ann, f.ref.ID, itsm.Patch{name: v})
	return err
}

// impact changes the priority: high is P2, medium P3, low P4.
func (f *fixture) impact(l itsm.Level) error { return f.edit("impact", field.Text(l.String())) }

func (f *fixture) clockOf(t require.TestingT, target string) sla.Status {
	clocks, err := f.Clocks.Clocks(f.ann, f.ref)
	require.NoError(t, err)
	i := slices.IndexFunc(clocks, func(c sla.Status) bool { return c.Target == target })
	require.GreaterOrEqual(t, i, 0, "no clock of %s", target)
	return clocks[i]
}

// toldAt is a level that was written on the ticket, and when.
type toldAt struct {
	itsm.LevelReached
	at time.Time
}

func (f *fixture) told(t require.TestingT) []toldAt {
	history, err := f.History(f.ann, f.ref, 0, 0)
	require.NoError(t, err)
	var list []toldAt
	for _, e := range history {
		for _, l := range e.Levels() {
			list = append(list, toldAt{l, e.At})
		}
	}
	return list
}

// levels writes what was told as "warning 12:00", with when it was noticed where that was later.
func (f *fixture) levels(t require.TestingT) (words []string) {
	for _, l := range f.told(t) {
		text := l.Level + " " + l.Due.In(brussels.Location()).Format("02 15:04")
		if !l.at.Equal(l.Due) {
			text += ", noticed " + l.at.In(brussels.Location()).Format("02 15:04")
		}
		words = append(words, text)
	}
	return words
}

func (f *fixture) timers(t require.TestingT) map[string]time.Time {
	snap, err := f.Store().Snapshot(f.ann)
	require.NoError(t, err)
	defer snap.Close()
	list, err := snap.Timers(f.ann, nil, itsm.Key{Tenant: itsmtest.Tenant, Kind: f.ref.Kind, ID: f.ref.ID})
	require.NoError(t, err)
	due := map[string]time.Time{}
	for _, timer := range list {
		if strings.HasPrefix(timer.Name, "sla ") {
			due[timer.Name] = timer.Due
		}
	}
	return due
}

func gold() sla.Agreement { return *agreement(response(), resolution()) }

// Whatever happens to a ticket: each clock has one timer, at the next level that was not told; each level is told once
// and in order; and what the keeper says is what the law says of the ticket's history.
func TestTimersFollowClocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFixture(t, gold())
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
			"note": func() error {
				_, err := f.Incidents.Note(f.ann, f.ref.ID, "hm")
				return err
			},
			"confirm": func() error {
				_, err := f.Incidents.Confirm(f.bob, f.ref.ID)
				return err
			},
			"cancel": func() error {
				_, err := f.Incidents.Cancel(f.ann, f.ref.ID, incident.Cancel{Reason: incident.Withdrawn})
				return err
			},
			"P1": func() error { return f.impact(itsm.Critical) }, "P2": func() error { return f.impact(itsm.High) },
			"P3": func() error { return f.impact(itsm.Medium) }, "P4": func() error { return f.impact(itsm.Low) },
			"wait": func() error {
				return f.clock.Advance(context.Background(), time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes"))*time.Minute)
			},
			"sleep": func() error { // nobody fires timers meanwhile
				f.clock.Set(f.clock.Now().Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes")) * time.Minute))
				return nil
			},
			"the machine's clock goes back": func() error {
				f.clock.Set(f.clock.Now().Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "minutes")) * time.Minute))
				return nil
			},
			"restart": func() error {
				f.Desk = must(desk.Open(context.Background(), f.config))
				f.clock.Attach(f.Desk)
				return nil
			},
		}
		names := make([]string, 0, len(acts))
		for name := range acts {
			names = append(names, name)
		}
		slices.Sort(names)
		for range rapid.IntRange(1, 15).Draw(t, "acts") {
			name := rapid.SampledFrom(names).Draw(t, "act")
			if err := acts[name](); !errors.Is(err, itsm.ErrRefused) {
				require.NoError(t, err, name)
			}
			f.requireTimers(t)
		}
		require.NoError(t, f.clock.Advance(context.Background(), 0))
		f.requireTimers(t)
	})
}

func (f *fixture) requireTimers(t *rapid.T) {
	rec, err := f.Get(f.ann, f.ref)
	require.NoError(t, err)
	history, err := f.History(f.ann, f.ref, 0, 0)
	require.NoError(t, err)
	toldPercent := map[string]int{}
	for _, l := range f.told(t) {
		require.Greater(t, l.Percent, toldPercent[l.Target], "%s of %s came twice or out of order", l.Level, l.Target)
		toldPercent[l.Target] = l.Percent
		require.False(t, l.at.Before(l.Due), "%s of %s came early", l.Level, l.Target)
	}
	now := f.clock.Now()
	if last := history[len(history)-1].At; now.Before(last) {
		now = last
	}
	found, err := f.Clocks.Check(f.root, f.ref)
	require.NoError(t, err)
	require.Empty(t, found, "what is kept is what the events say")
	want := map[string]time.Time{}
	for _, law := range must(sla.NewTerms(gold())).Evaluate(incident.Kind, sla.Moments(history), now) {
		c := f.clockOf(t, law.Target)
		require.Equal(t, law.State, c.State)
		require.Equal(t, law.Elapsed, c.Elapsed)
		require.Equal(t, law.Within, c.Within)
		require.Equal(t, law.Due, c.Due)
		require.Equal(t, law.Breached, c.Breached)
		if c.Next != "" {
			require.False(t, rec.Header().Phase.Terminal())
			want["sla gold/"+c.Target] = c.NextAt
		}
	}
	require.Equal(t, want, f.timers(t))
}

func TestLevelsAreTold(t *testing.T) {
	wait := func(d time.Duration) func(*fixture) error {
		return func(f *fixture) error { return f.clock.Advance(context.Background(), d) }
	}
	sleep := func(d time.Duration) func(*fixture) error {
		return func(f *fixture) error { f.clock.Set(f.clock.Now().Add(d)); return nil }
	}
	restart := func(f *fixture) error {
		f.Desk = must(desk.Open(context.Background(), f.config))
		f.clock.Attach(f.Desk)
		return nil
	}
	reopen := func(f *fixture) error {
		_, err := f.Incidents.Reopen(f.ann, f.ref.ID, incident.Reopen{Reason: "again"})
		return err
	}
	to := func(l itsm.Level) func(*fixture) error { return func(f *fixture) error { return f.impact(l) } }
	const h = time.Hour
	tests := []struct {
		name string
		acts []func(*fixture) error
		want []string
	}{
		{"in time", []func(*fixture) error{wait(2 * h), (*fixture).resolve, wait(48 * h)}, nil},
		{"each at its instant", []func(*fixture) error{wait(8 * h)}, []string{"warning 02 12:00", "breach 02 13:00"}},
		{"once over a pause", []func(*fixture) error{wait(3*h + h/2), (*fixture).hold, wait(h), (*fixture).resume, wait(8 * h)},
			[]string{"warning 02 12:00", "breach 02 14:00"}},
		{"once over priorities", []func(*fixture) error{wait(3 * h), to(itsm.Medium), wait(4 * h), to(itsm.High), wait(8 * h)},
			[]string{"warning 02 12:00", "breach 02 16:00"}},
		{"passed by a shorter time", []func(*fixture) error{wait(2*h + h/2), to(itsm.Critical), wait(0)},
			[]string{"warning 02 11:30", "breach 02 11:30"}},
		{"once over reopening", []func(*fixture) error{wait(5 * h), (*fixture).resolve, wait(h), reopen, wait(8 * h)},
			[]string{"warning 02 12:00", "breach 02 13:00"}},
		{"after reopening", []func(*fixture) error{wait(3 * h), (*fixture).resolve, wait(24 * h), reopen, wait(8 * h)},
			[]string{"warning 02 12:00", "breach 03 13:00"}},
		{"once over a restart", []func(*fixture) error{wait(3 * h), restart, wait(8 * h), restart, wait(h)},
			[]string{"warning 02 12:00", "breach 02 13:00"}},
		{"late, each and in order", []func(*fixture) error{sleep(7 * h), wait(0)},
			[]string{"warning 02 12:00, noticed 02 16:00", "breach 02 13:00, noticed 02 16:00"}},
		{"late, after the pause that nobody was warned before", []func(*fixture) error{sleep(3*h + h/2), (*fixture).hold, wait(h)},
			[]string{"warning 02 12:00, noticed 02 12:30"}},
		{"late, after the resolution", []func(*fixture) error{sleep(7 * h), (*fixture).resolve, wait(h)},
			[]string{"warning 02 12:00, noticed 02 16:00", "breach 02 13:00, noticed 02 16:00"}},
		{"none when cancelled", []func(*fixture) error{sleep(7 * h), func(f *fixture) error {
			_, err := f.Incidents.Cancel(f.ann, f.ref.ID, incident.Cancel{Reason: incident.Mistake})
			return err
		}, wait(24 * h)}, nil},
		{"the machine's clock goes back", []func(*fixture) error{wait(3 * h), sleep(-2 * h), (*fixture).hold, sleep(2 * h), (*fixture).resume, wait(8 * h)},
			[]string{"warning 02 12:00", "breach 02 13:00"}},
		{"another service", []func(*fixture) error{wait(h), func(f *fixture) error { return f.edit("service", field.Text("mail")) }, wait(8 * h)}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			vpn := itsm.Where("service").Is("vpn")
			a := *agreement(resolution())
			a.Where = &vpn
			f := newFixture(t, a)
			for _, act := range test.acts {
				require.NoError(t, act(f))
			}
			assert.Equal(t, test.want, f.levels(t))
		})
	}
}

// The answer and the change of state are one event: the answer meets the target before the pause is looked at.
func TestAnswerAndHoldAreOneMoment(t *testing.T) {
	a := *agreement(response())
	a.Targets[0].Stop.Events = []string{"incident.held"}
	f := newFixture(t, a)
	require.NoError(t, f.clock.Advance(f.ann, time.Hour))
	require.NoError(t, f.hold())
	c := f.clockOf(t, "first response")
	assert.Equal(t, sla.Completed, c.State)
	assert.Equal(t, time.Hour, c.Elapsed)
}

func TestClocks(t *testing.T) {
	f := newFixture(t, gold())
	require.NoError(t, f.clock.Advance(f.ann, time.Hour))
	require.NoError(t, f.hold())

	clocks, err := f.Clocks.Clocks(f.bob, f.ref)
	require.NoError(t, err, "who reads the ticket reads its clocks")
	require.Len(t, clocks, 2)
	assert.Equal(t, "first response", clocks[0].Target)
	assert.Equal(t, "gold", clocks[1].Agreement)
	assert.Equal(t, sla.Paused, clocks[1].State)
	assert.Zero(t, clocks[1].Due)
	assert.Equal(t, 3*time.Hour, clocks[1].Remaining)
	assert.Equal(t, 25, clocks[1].Percent)

	_, err = f.Clocks.Clocks(context.Background(), f.ref)
	require.ErrorIs(t, err, itsm.ErrNoActor)
	_, err = f.Clocks.Clocks(itsmtest.As(f.ann, itsmtest.Requester("eve")), f.ref)
	require.ErrorIs(t, err, itsm.ErrNotFound, "somebody else's ticket")
	_, err = f.Clocks.Clocks(itsmtest.As(f.ann, itsmtest.Agent("ann", itsmtest.InTenant("other"))), f.ref)
	require.ErrorIs(t, err, itsm.ErrNotFound)

	f.clock.Set(at("2026-03-02 08:00"))
	c := f.clockOf(t, "resolution")
	assert.Equal(t, time.Hour, c.Elapsed, "a clock that went back takes nothing back")
}

// A mask hides fields from people, not from the law.
func TestClocksUnderAMask(t *testing.T) {
	f := newFixture(t, gold())
	grants := itsm.DefaultGrants()
	grants[0].Hides = []string{"priority", "hold", "phase", "service"}
	f.config.Authorizer = grants
	f.Desk = must(desk.Open(context.Background(), f.config))
	require.NoError(t, f.hold())
	clocks, err := f.Clocks.Clocks(f.bob, f.ref)
	require.NoError(t, err)
	require.Len(t, clocks, 2)
	assert.Equal(t, sla.Paused, clocks[1].State)
}

func TestNewListsFaults(t *testing.T) {
	open := func(agreements ...sla.Agreement) error {
		_, err := desk.Open(context.Background(), desk.Config{Agreements: agreements})
		return err
	}
	require.NoError(t, open(gold()))

	misspelt := gold()
	misspelt.Name = "silver"
	misspelt.Targets[0].Stop.Events = []string{"incident.resolvd"}
	endless := gold()
	endless.Targets[1].Stop = sla.Condition{}
	err := open(gold(), misspelt, endless)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	assert.ErrorContains(t, err, `nothing in the lifecycle of incident is called "incident.resolvd"`)
	assert.ErrorContains(t, err, "target resolution: it never stops")
	assert.ErrorContains(t, err, "gold is there twice")

	elsewhere := gold()
	elsewhere.Kinds = []string{"complaint"}
	elsewhere.Targets = elsewhere.Targets[1:]
	assert.ErrorContains(t, open(elsewhere), `no kind "complaint" is registered`)
}

// The keeper has its own copy of the agreements.
func TestAgreementsAreCopied(t *testing.T) {
	a := gold()
	f := newFixture(t, a)
	a.Targets[1].Within[2] = time.Minute
	a.Targets[1].Stop.Phases[0] = lifecycle.New
	a.Kinds[0] = "change"
	assert.Equal(t, 4*time.Hour, f.clockOf(t, "resolution").Within)
}

func TestAnImportSilencesOnlyWhatHadPassed(t *testing.T) {
	root := itsmtest.As(context.Background(), itsmtest.Administrator("root"))
	for name, test := range map[string]struct {
		resolveAfter time.Duration // of the import's past; 0 for never
		suppressed   bool          // when the ticket goes on
	}{
		"met in time":   {20 * time.Minute, false},
		"missed by far": {0, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, gold())
			past := f.clock.Now().Add(-72 * time.Hour)
			inc, err := f.Incidents.Report(root, incident.Report{Title: "Old", Impact: itsm.High, Urgency: itsm.High}, itsm.At(past))
			require.NoError(t, err)
			if test.resolveAfter > 0 {
				resolution := incident.Resolution{Code: incident.Fixed, Notes: "Rebooted."}
				_, err = f.Incidents.Resolve(root, inc.ID, resolution, itsm.At(past.Add(test.resolveAfter)))
				require.NoError(t, err)
				_, err = f.Incidents.Reopen(root, inc.ID, incident.Reopen{Reason: "again"}, itsm.To("", "ann"))
				require.NoError(t, err)
			}
			require.NoError(t, f.clock.Advance(root, 30*24*time.Hour))
			history, err := f.Incidents.History(root, inc.ID, 0, 0)
			require.NoError(t, err)
			told := 0
			for i := range history {
				for _, l := range history[i].Levels() {
					if !l.Suppressed {
						told++
					}
				}
			}
			require.Equal(t, test.suppressed, told == 0)
		})
	}
}
