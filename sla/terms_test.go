package sla_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// wild draws agreements as nobody would write them.
type wild struct{ t *rapid.T }

func (w wild) name() string {
	return rapid.SampledFrom([]string{"gold", "gold", "silver", "", "a/b", "ü"}).Draw(w.t, "name")
}

func (w wild) condition(depth int) (c sla.Condition) {
	some := func() bool { return rapid.IntRange(0, 4).Draw(w.t, "some") == 0 }
	if some() {
		c.Events = []string{rapid.SampledFrom([]string{"", "reported", "incident.resolved", "resolved", "change.closed", "asked", "answered"}).Draw(w.t, "event")}
	}
	if some() {
		c.Phases = []lifecycle.Phase{lifecycle.Phase(rapid.Byte().Draw(w.t, "phase"))}
	}
	if some() {
		c.Holds = []itsm.HoldReason{"caller", ""}
	}
	if some() {
		c.Groups = []string{w.name()}
	}
	if some() {
		c.OtherGroups = []string{w.name()}
	}
	if some() {
		c.Facts = []sla.Fact{rapid.SampledFrom([]sla.Fact{"", sla.Assigned, sla.Unassigned, sla.EverAnswered, sla.AwaitingAnswer, "lost"}).Draw(w.t, "fact")}
	}
	for depth < 12 && some() {
		c.And = append(c.And, w.condition(depth+1))
	}
	return c
}

func (w wild) filter() *itsm.Filter {
	if rapid.IntRange(0, 3).Draw(w.t, "where") > 0 {
		return nil
	}
	f := itsm.Filter{
		Op:     rapid.SampledFrom([]itsm.Op{"", "not", "all", "any", "in", "lt", "prefix", "has", "empty", "like"}).Draw(w.t, "op"),
		Column: rapid.SampledFrom([]string{"", "service", "priority", "custom.due"}).Draw(w.t, "column"),
	}
	for range rapid.IntRange(0, 2).Draw(w.t, "values") {
		f.Values = append(f.Values, rapid.SampledFrom([]field.Value{{}, field.Text("vpn"), field.Int(2), field.Number(math.NaN())}).Draw(w.t, "value"))
	}
	for range rapid.IntRange(0, 2).Draw(w.t, "parts") {
		if part := w.filter(); part != nil {
			f.Parts = append(f.Parts, *part)
		}
	}
	return &f
}

func (w wild) target() sla.Target {
	duration := rapid.OneOf(rapid.Just(time.Hour), rapid.Just(time.Duration(math.MinInt64)), rapid.Just(time.Duration(math.MaxInt64)), rapid.Map(rapid.Int64(), func(n int64) time.Duration { return time.Duration(n) }))
	t := sla.Target{
		Name: w.name(), Kind: rapid.SampledFrom(append(sla.Kinds(), "lost")).Draw(w.t, "kind"), Where: w.filter(),
		Start: w.condition(0), Pause: w.condition(0), Stop: w.condition(0), Cancel: w.condition(0), Reset: w.condition(0),
		Deadline: rapid.SampledFrom([]string{"", "", "custom.due", "service"}).Draw(w.t, "deadline"),
		Reopen:   sla.Reopen(rapid.SampledFrom([]string{"", "counted", "new_cycle", "stay", "lost"}).Draw(w.t, "reopen")),
		Late:     sla.Late(rapid.SampledFrom([]string{"", "highest", "lost"}).Draw(w.t, "late")),
		Within:   map[itsm.Priority]time.Duration{},
	}
	if rapid.Bool().Draw(w.t, "calendar") {
		t.Calendar = rapid.SampledFrom([]*calendar.Calendar{brussels, {}}).Draw(w.t, "own calendar")
	}
	for range rapid.IntRange(0, 3).Draw(w.t, "times") {
		t.Within[itsm.Priority(rapid.Byte().Draw(w.t, "priority"))] = duration.Draw(w.t, "within")
	}
	for range rapid.IntRange(0, 3).Draw(w.t, "levels") {
		t.Levels = append(t.Levels, sla.Level{Name: w.name(), Percent: rapid.Int().Draw(w.t, "percent"), Offset: duration.Draw(w.t, "offset")})
	}
	return t
}

func (w wild) agreement() sla.Agreement {
	a := sla.Agreement{
		Name: w.name(), Class: rapid.SampledFrom([]sla.Class{"sla", "ola", "uc", ""}).Draw(w.t, "class"), Version: rapid.IntRange(-1, 2).Draw(w.t, "version"),
		Kinds: rapid.SampledFrom([][]string{nil, {"incident"}, {"incident", "change"}, {""}}).Draw(w.t, "kinds"), Where: w.filter(),
		OnChange: sla.Change(rapid.SampledFrom([]string{"", "restart", "lost"}).Draw(w.t, "on change")),
	}
	for range rapid.IntRange(0, 3).Draw(w.t, "targets") {
		a.Targets = append(a.Targets, w.target())
	}
	return a
}

// What is refused says why, and what is taken never panics, whatever it is.
func wildTerms(t *rapid.T) {
	w := wild{t}
	agreements := make([]sla.Agreement, rapid.IntRange(0, 3).Draw(t, "agreements"))
	for i := range agreements {
		if agreements[i] = w.agreement(); rapid.Bool().Draw(t, "tame") {
			agreements[i] = *agreement(tame(w.target()))
			agreements[i].Version = i
		}
	}
	terms, err := sla.NewTerms(agreements...)
	if err != nil {
		require.ErrorIs(t, err, itsm.ErrInvalid)
		require.Nil(t, terms)
		return
	}
	s := stories.Draw(t, "story")
	for _, c := range terms.Evaluate("incident", s.moments(), s.end) {
		require.GreaterOrEqual(t, c.Elapsed, time.Duration(0))
		require.GreaterOrEqual(t, c.Percent, 0)
		require.False(t, c.State != sla.Running && !c.Due.IsZero())
	}
}

// tame leaves of a wild target what Check takes, and all that is large.
func tame(t sla.Target) sla.Target {
	t.Name, t.Where, t.Reopen, t.Late, t.Deadline = "target", nil, sla.Continue, sla.EveryLevel, ""
	if _, _, _, known := t.Kind.Conditions(); !known || t.Kind == sla.Custom {
		t.Kind = sla.TotalResolution
	}
	t.Start, t.Stop, t.Pause, t.Cancel, t.Reset = sla.Condition{}, sla.Condition{}, sla.Condition{Holds: t.Pause.Holds}, sla.Condition{}, sla.Condition{}
	for p, within := range t.Within {
		t.Within[p] = within&math.MaxInt64 | 1
	}
	t.Within[2] = math.MaxInt64
	for i := range t.Levels {
		if l := &t.Levels[i]; i == 0 {
			l.Name, l.Percent = "a", 0
		} else {
			l.Name, l.Percent, l.Offset = string(rune('a'+i)), (l.Percent&math.MaxInt)/4*i+i, 0
		}
	}
	if len(t.Levels) > 2 {
		t.Levels = t.Levels[:2]
	}
	return t
}

func TestTermsNeverPanic(t *testing.T) { rapid.Check(t, wildTerms) }

func FuzzTerms(f *testing.F) {
	f.Add([]byte("agreements"))
	f.Fuzz(rapid.MakeFuzz(wildTerms))
}

// Whatever is wrong with an agreement, all of it is said at once.
func TestAllFaultsAreListed(t *testing.T) {
	faults := []struct {
		says  string
		spoil func(a *sla.Agreement)
	}{
		{"versions are 0 or more", func(a *sla.Agreement) { a.Version = -1 }},
		{"its class is", func(a *sla.Agreement) { a.Class = "gold" }},
		{"on a change it keeps", func(a *sla.Agreement) { a.OnChange = "lost" }},
		{"which is not after", func(a *sla.Agreement) { a.From, a.Until = when("03 00:00"), when("02 00:00") }},
		{`where: "like" is no operator`, func(a *sla.Agreement) { a.Where = &itsm.Filter{Op: "like", Column: "service"} }},
		{`where: "not" takes one part, not 0`, func(a *sla.Agreement) { a.Targets[0].Where = &itsm.Filter{Op: itsm.OpNot} }},
		{`there is no kind of target "lost"`, func(a *sla.Agreement) { a.Targets[0].Kind = "lost" }},
		{"an event lasts no time", func(a *sla.Agreement) { a.Targets[0].Pause = sla.Condition{Events: []string{sla.Asked}} }},
		{"start: And narrows a condition", func(a *sla.Agreement) {
			a.Targets[0].Start = sla.Condition{And: []sla.Condition{{Groups: []string{"net"}}}}
		}},
		{"stop: there is no phase 77", func(a *sla.Agreement) { a.Targets[0].Stop.Phases = []lifecycle.Phase{77} }},
		{`cancel: there is no fact "lost"`, func(a *sla.Agreement) { a.Targets[0].Cancel = sla.Condition{Facts: []sla.Fact{"lost"}} }},
		{"a reset is an event", func(a *sla.Agreement) { a.Targets[0].Reset = sla.Condition{Groups: []string{"net"}} }},
		{"a reopening has it continue", func(a *sla.Agreement) { a.Targets[0].Reopen = "lost" }},
		{"late it tells every level", func(a *sla.Agreement) { a.Targets[0].Late = "lost" }},
		{"the time for P2 is more than 0", func(a *sla.Agreement) { a.Targets[0].Within[2] = 0 }},
		{"within a time or at a deadline, not both", func(a *sla.Agreement) { a.Targets[0].Deadline = "custom.due" }},
		{"by percent or by offset, not both", func(a *sla.Agreement) { a.Targets[0].Levels[0].Offset = 1 }},
	}
	rapid.Check(t, func(t *rapid.T) {
		a := agreement(resolution())
		var says []string
		for i, fault := range faults {
			if rapid.Bool().Draw(t, fault.says) {
				fault.spoil(a)
				says = append(says, faults[i].says)
			}
		}
		err := a.Check()
		if len(says) == 0 {
			require.NoError(t, err)
			return
		}
		joined, ok := err.(interface{ Unwrap() []error })
		require.True(t, ok)
		require.Len(t, joined.Unwrap(), len(says), "%v", err)
		for _, words := range says {
			require.ErrorContains(t, err, words)
		}
	})

	a, b := *agreement(resolution()), *agreement(resolution())
	a.Class, b.OnChange = "", "lost"
	_, err := sla.NewTerms(a, b)
	for _, words := range []string{"its class is", "on a change", "gold is there twice in version 1"} {
		assert.ErrorContains(t, err, words, "those of all agreements")
	}
}

// Conditions that lie in one another without end are refused, not followed.
func TestEndlessConditions(t *testing.T) {
	loop := []sla.Condition{{Groups: []string{"net"}}}
	loop[0].And = loop
	a := *agreement(resolution())
	a.Targets[0].Cancel = loop[0]
	_, err := sla.NewTerms(a)
	assert.ErrorContains(t, err, "cancel: conditions lie in one another too deep")

	deep := itsm.Where("service").Is("vpn")
	for range 40 {
		deep = itsm.Not(deep)
	}
	a = *agreement(resolution())
	a.Where = &deep
	_, err = sla.NewTerms(a)
	assert.ErrorContains(t, err, "filters lie in one another too deep")
}

// Terms are the host's no more.
func TestTermsAreTheirOwn(t *testing.T) {
	vpn := itsm.Where("service").Is("vpn")
	a := *agreement(resolution())
	a.Where = &vpn
	terms := must(sla.NewTerms(a))
	vpn.Values[0], a.Targets[0].Within[2], a.Targets[0].Levels[0].Percent, a.Targets[0].Stop.Phases[0] = field.Text("mail"), time.Hour, 1, lifecycle.New
	got := terms.Evaluate("incident", tale(then("02 09:00", serves("vpn"))), when("02 10:00"))
	require.Len(t, got, 1)
	assert.Equal(t, 4*time.Hour, got[0].Within)
	assert.Equal(t, when("02 12:00").UTC(), got[0].NextAt)
}
