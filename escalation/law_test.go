package escalation_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
	"github.com/itsmkit/itsmkit/store/memory"
)

const silence = 3 * time.Hour

func lawPolicies() []escalation.Policy {
	levels := escalation.Policy{
		Name: "levels", Kinds: []string{incident.Kind}, AckTimeout: 2 * time.Hour, Repeat: 1, RepeatAfter: time.Hour,
		Steps: []escalation.Step{notify("tell", escalation.GroupHead), fallback(notify("else", "zoe")), after(30*time.Minute, up("manager", 1))},
	}
	counts := escalation.Policy{
		Name: "counts", Kinds: []string{incident.Kind}, TakingStops: true,
		Triggers: []escalation.Trigger{{On: escalation.OnReassigned, Count: 2}, {On: escalation.OnReopened, Count: 1}},
		Steps:    []escalation.Step{{Name: "experts", Kind: escalation.Functional, Group: "experts"}, after(time.Hour, notify("tell", escalation.Members)), after(time.Hour, notify("zoe", "zoe"))},
	}
	quiet := silent(escalation.OnNoProgress, silence)
	quiet.Name, quiet.Persistent = "quiet", true
	quiet.Steps = append(quiet.Steps, after(4*time.Hour, notify("again", "max")))
	raised := prioritized(notify("tell", "zoe"), after(45*time.Minute, escalation.Step{Name: "raise", Kind: escalation.Raise}))
	raised.Name = "raised"
	return []escalation.Policy{levels, counts, quiet, raised}
}

// Each step is taken once for a ticket, policy, occasion and repetition, and none is skipped: whatever is commanded, however
// the clock jumps, and with two desks on one store that are opened anew at any time.
func TestEachStepOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newLaw(rt, t.Context())
		for range rapid.IntRange(5, 25).Draw(rt, "commands") {
			w.command(rt)
		}
		w.advance(rapid.SampledFrom([]time.Duration{0, 90 * time.Minute, 30 * time.Hour}).Draw(rt, "at last"))
		for _, ref := range w.refs {
			w.check(rt, ref)
		}
	})
}

type law struct {
	config   desk.Config
	clock    *itsmtest.Clock
	ctx      context.Context
	desks    [2]*desk.Desk
	refs     []itsm.Ref
	policies []escalation.Policy
}

func newLaw(rt *rapid.T, ctx context.Context) *law {
	a := agreement()
	a.Targets[0].Within = map[itsm.Priority]time.Duration{sla.AnyPriority: 4 * time.Hour}
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	w := &law{clock: clock, ctx: ctx, policies: lawPolicies()}
	w.config = desk.Config{
		Store: memory.New(), Clock: clock, Directory: people, Agreements: []sla.Agreement{a},
		Escalation: escalation.Config{Policies: w.policies}, Incidents: incident.Config{Policy: incident.Policy{AutoClose: -1, ReopenWindow: -1}},
	}
	w.open(rt, 0)
	w.open(rt, 1)
	inc, err := w.desks[0].Incidents.Report(w.as("ann"), incident.Report{Title: "VPN down", Caller: "bob", Group: "network"})
	require.NoError(rt, err)
	w.refs = append(w.refs, inc.Ref())
	return w
}

func (w *law) open(rt *rapid.T, i int) {
	d, err := desk.Open(w.ctx, w.config)
	require.NoError(rt, err)
	w.desks[i] = d
}

func (w *law) as(person string) context.Context { return itsmtest.As(w.ctx, itsmtest.Agent(person)) }

// advance has the two desks fire what is due, in turn, step by step or all at once.
func (w *law) advance(d time.Duration) {
	w.clock.Set(w.clock.Now().Add(d))
	for idle := 0; idle < 2; {
		for _, d := range w.desks {
			if done, _, err := d.Work(w.ctx); err == nil && done > 0 {
				idle = 0
			} else {
				idle++
			}
		}
	}
}

// command does something; what is refused changes nothing.
func (w *law) command(rt *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(rt, "desk")
	d, ref := w.desks[i].Incidents, rapid.SampledFrom(w.refs).Draw(rt, "ticket")
	who := w.as(rapid.SampledFrom([]string{"ann", "ben"}).Draw(rt, "who"))
	switch rapid.SampledFrom([]string{"report", "reassign", "assign", "urgency", "note", "reply", "ack", "resolve", "reopen", "hold", "resume", "restart", "go back", "wait", "wait"}).Draw(rt, "do") {
	case "report":
		inc, err := d.Report(who, incident.Report{Title: "Printer", Caller: "bob", Group: "network"})
		require.NoError(rt, err)
		w.refs = append(w.refs, inc.Ref())
	case "reassign":
		_, _ = d.Reassign(who, ref.ID, incident.Assignment{Assignee: rapid.SampledFrom([]string{"ann", "ben"}).Draw(rt, "to")})
	case "assign":
		_, _ = d.Assign(who, ref.ID, incident.Assignment{Group: "network", Assignee: "ann"})
	case "urgency":
		_, _ = d.Edit(who, ref.ID, itsm.Patch{"urgency": field.Text(rapid.SampledFrom([]string{"low", "high", "critical"}).Draw(rt, "urgency"))})
	case "note":
		_, _ = d.Note(who, ref.ID, "Looked at it.")
	case "reply":
		_, _ = d.Comment(itsmtest.As(w.ctx, itsmtest.Requester("bob")), ref.ID, itsm.Comment{Body: "Hello?"})
	case "ack":
		_, _ = d.Acknowledge(who, ref.ID, "")
	case "resolve":
		_, _ = d.Resolve(who, ref.ID, incident.Resolution{Code: incident.Fixed, Notes: "Done."})
	case "reopen":
		_, _ = d.Reopen(who, ref.ID, incident.Reopen{Reason: "Again."})
	case "hold":
		_, _ = d.Hold(who, ref.ID, incident.Hold{Reason: itsm.HoldVendor})
	case "resume":
		_, _ = d.Resume(who, ref.ID)
	case "restart":
		w.open(rt, i)
	case "go back":
		w.clock.Set(w.clock.Now().Add(-30 * time.Minute))
	default:
		w.advance(time.Duration(rapid.IntRange(1, 600).Draw(rt, "minutes")) * time.Minute)
	}
}

// check reads what was recorded, and holds it to what the events say should have been.
func (w *law) check(rt *rapid.T, ref itsm.Ref) {
	history, err := w.desks[0].History(w.as("ann"), ref, 0, 0)
	require.NoError(rt, err)
	taken := map[string]bool{}
	runs := map[string][]itsm.Escalation{}
	ends := map[string]escalation.Did{}
	for i := range history {
		for _, s := range history[i].Escalations() {
			key := fmt.Sprintf("%s|%s|%d|%s", s.Policy, s.Occasion, s.Repetition, s.Step)
			require.False(rt, taken[key], "%s: %s was taken twice", ref, key)
			taken[key] = true
			run := s.Policy + "|" + s.Occasion
			runs[run] = append(runs[run], s)
			require.False(rt, s.Due.After(history[i].At), "%s came early", key)
		}
		for _, turn := range escalation.Turns(&history[i]) {
			ends[turn.Policy+"|"+turn.Occasion] = turn.Did
		}
	}
	for run, steps := range runs {
		for i, s := range steps[:len(steps)-1] {
			require.Equal(rt, s.Next, steps[i+1].Step, "%s: %s skips", ref, run)
			if _, acked := ends[run]; !acked {
				require.Equal(rt, s.NextDue, steps[i+1].Due, "%s: %s counts from what was due", ref, run)
			}
		}
		last := steps[len(steps)-1]
		stopped := slices.Contains([]escalation.Did{escalation.StoppedByAck, escalation.TicketEnded}, ends[run])
		if last.Next != "" && !stopped && ends[run] != escalation.TimedOut {
			require.True(rt, last.NextDue.After(w.clock.Now()), "%s: %s does not go on with %s", ref, run, last.Next)
		}
	}
	for _, o := range w.expected(history) {
		require.Contains(rt, runs, o, "%s: nobody answered", ref)
	}
	assert.NoError(rt, w.desks[1].Verify(itsmtest.As(w.ctx, itsmtest.Administrator("root")), ref))
}

// expected finds by brute force which occasions there were.
func (w *law) expected(history []itsm.Entry) (occasions []string) {
	var phase lifecycle.Phase
	var priority int64
	var assignee string
	var since time.Time
	quiet := func(until time.Time) {
		if !since.IsZero() && !since.Add(silence).After(until) {
			occasions = append(occasions, "quiet|no progress since "+since.Format(time.RFC3339Nano))
			since = time.Time{}
		}
	}
	for i := range history {
		e := &history[i]
		was, reassigned, reopened, raised := phase, int64(0), int64(0), int64(0)
		for _, c := range e.Changes {
			switch c.Field {
			case "phase":
				_ = phase.UnmarshalText([]byte(c.To.Text()))
			case "assignee":
				assignee = c.To.Text()
			case "reassignments":
				reassigned = c.From.Int() + 1 // what more a step adds in the same event is no other occasion
			case "reopens":
				reopened = c.To.Int()
			case "priority":
				if i > 0 && c.To.Int() < priority {
					raised = c.To.Int()
				}
				priority = c.To.Int()
			}
		}
		if !e.At.Before(since) && (e.Cause != "" || e.At.After(since.Add(silence))) {
			quiet(e.At)
		}
		if phase.Open() {
			for _, l := range e.Levels() {
				occasions = append(occasions, fmt.Sprintf("levels|%s/%s/%s #%d", l.Agreement, l.Target, l.Level, l.Cycle))
			}
			if reassigned >= 2 {
				occasions = append(occasions, fmt.Sprintf("counts|reassigned %d", reassigned))
			}
			if reopened >= 1 {
				occasions = append(occasions, fmt.Sprintf("counts|reopened %d", reopened))
			}
			if raised > 0 && e.Cause == "" {
				occasions = append(occasions, fmt.Sprintf("raised|priority %d @%d", raised, e.Version))
			}
		}
		listens := func(p lifecycle.Phase) bool { return p == lifecycle.New || p == lifecycle.Active }
		person := e.Actor.Kind == itsm.Person && (e.Actor.ID != "bob" || assignee == "bob")
		switch {
		case !listens(phase):
			since = time.Time{}
		case i == 0 || !listens(was) || person:
			since = e.At
		}
	}
	quiet(w.clock.Now())
	return occasions
}
