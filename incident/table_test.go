package incident_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

type (
	states = []lifecycle.State
	result = func(d *desk, id string, with ...itsm.Option) (incident.Incident, error)
)

const (
	isNew      = incident.StateNew
	assigned   = incident.StateAssigned
	inProgress = incident.StateInProgress
	onHold     = incident.StateOnHold
	resolved   = incident.StateResolved
	closed     = incident.StateClosed
	cancelled  = incident.StateCancelled
)

var (
	open       = states{isNew, assigned, inProgress, onHold}
	unfinished = append(slices.Clone(open), resolved)
	everywhere = append(slices.Clone(unfinished), closed, cancelled)
)

// rows is the practice as its users know it: what may be done from where, and where it leads. An empty target stays.
var rows = []struct {
	trigger lifecycle.Trigger
	from    states
	to      lifecycle.State
	event   string
	do      result
}{
	{incident.TriggerAssign, states{isNew}, assigned, "assigned", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Assign(d.ann, id, incident.Assignment{Group: "storage"}, with...)
	}},
	{incident.TriggerStart, states{isNew, assigned}, inProgress, "started", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Start(d.ann, id, with...)
	}},
	{incident.TriggerReassign, states{assigned, inProgress, onHold}, assigned, "reassigned", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Reassign(d.ann, id, incident.Assignment{Group: "storage"}, with...)
	}},
	{incident.TriggerReturn, states{inProgress, onHold}, assigned, "returned", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.ReturnToQueue(d.ann, id, incident.Queue{}, with...)
	}},
	{incident.TriggerHold, open, onHold, "held", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Hold(d.ann, id, incident.Hold{Reason: itsm.HoldChange}, with...)
	}},
	{incident.TriggerResume, states{onHold}, inProgress, "resumed", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Resume(d.ann, id, with...)
	}},
	{incident.TriggerResolve, open, resolved, "resolved", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Resolve(d.ann, id, fixed, with...)
	}},
	{incident.TriggerConfirm, states{resolved}, closed, "confirmed", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Confirm(d.ann, id, with...)
	}},
	{incident.TriggerClose, states{resolved}, closed, "closed", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Close(d.ann, id, with...)
	}},
	{incident.TriggerReopen, states{resolved}, inProgress, "reopened", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Reopen(d.ann, id, again, with...)
	}},
	{incident.TriggerLate, states{closed}, "", "replied_late", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Reply(d.mail, id, itsm.Comment{Body: "Down again."}, with...)
	}},
	{incident.TriggerCancel, open, cancelled, "cancelled", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Cancel(d.ann, id, withdrawn, with...)
	}},

	{incident.TriggerMerge, open, cancelled, "merged", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Merge(d.ann, id, d.reported().Ref(), with...)
	}},
	{incident.TriggerSplit, unfinished, "", "split", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		comment := int64(1)
		if _, err := d.Comment(d.ann, id, itsm.Comment{Body: "The printer too."}); err == nil {
			comments, err := d.Comments(d.ann, id, 0, 0)
			require.NoError(d.tb, err)
			comment = comments[len(comments)-1].ID
		}
		_, err := d.Split(d.ann, id, incident.Split{Comment: comment}, with...)
		return d.get(id), err
	}},
	{incident.TriggerContact, unfinished, "", "contacted", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.LogContact(d.ann, id, incident.Contact{Channel: "phone"}, with...)
	}},
	{incident.TriggerAbsorb, unfinished, "", "absorbed", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		from := d.reported()
		d.ok(d.Comment(d.ann, from.ID, itsm.Comment{Body: "The same here."}))
		_, err := d.kernel.Do(d.system, d.Ref(id), incident.TriggerAbsorb, incident.Absorb{From: from.Ref()}, with...)
		return d.get(id), err
	}},
	{incident.TriggerFollow, states{cancelled}, "", "followed", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), incident.TriggerFollow, complete[incident.TriggerFollow], with...)
		return d.get(id), err
	}},
	{incident.TriggerWorkaround, open, "", "workaround_taken", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), incident.TriggerWorkaround, complete[incident.TriggerWorkaround], with...)
		return d.get(id), err
	}},
	{incident.TriggerRemind, states{onHold}, "", "reminded", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), incident.TriggerRemind, complete[incident.TriggerRemind], with...)
		return d.get(id), err
	}},
	{itsm.TriggerEdit, unfinished, "", "edited", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Edit(d.ann, id, itsm.Patch{"category": field.Text("network")}, with...)
	}},
	{itsm.TriggerComment, append(slices.Clone(unfinished), closed), "", "commented", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Comment(d.ann, id, itsm.Comment{Body: "We are on it."}, with...)
	}},
	{itsm.TriggerNote, everywhere, "", "noted", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Note(d.ann, id, "The gateway was patched yesterday.", with...)
	}},
	{itsm.TriggerLogTime, everywhere, "", "time_logged", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.LogTime(d.ann, id, itsm.TimeEntry{Spent: 20 * time.Minute}, with...)
	}},
	{itsm.TriggerAttach, unfinished, "", "attached", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Attach(d.ann, id, itsm.Attachment{Name: "screen.png", Size: 1, Location: "s3://desk/1"}, with...)
	}},
	{itsm.TriggerLink, everywhere, "", "linked", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Link(d.ann, id, itsm.RelatedTo, d.Ref(d.reported().ID), with...)
	}},
	{itsm.TriggerLinked, everywhere, "", "linked", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.Link(d.ann, d.reported().ID, itsm.RelatedTo, d.Ref(id), with...)
		return d.get(id), err
	}},
	{itsm.TriggerUnlink, everywhere, "", "unlinked", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		d.ok(d.Link(d.ann, id, itsm.RelatedTo, d.Ref(d.reported().ID)))
		links, err := d.Links(d.ann, id)
		require.NoError(d.tb, err)
		return d.Unlink(d.ann, id, links[0].ID, with...)
	}},
	{itsm.TriggerWatch, everywhere, "", "watched", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Watch(d.ann, id, "", with...)
	}},
	{itsm.TriggerUnwatch, everywhere, "", "unwatched", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		d.ok(d.Watch(d.ann, id, ""))
		return d.Unwatch(d.ann, id, "", with...)
	}},
	{itsm.TriggerAcknowledge, unfinished, "", "acknowledged", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.Acknowledge(d.ann, id, "Looking into it.", with...)
	}},
	{itsm.TriggerLevel, unfinished, "", "level_reached", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), itsm.TriggerLevel, complete[itsm.TriggerLevel], with...)
		return d.get(id), err
	}},
	{itsm.TriggerEscalate, unfinished, "", "escalated", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), itsm.TriggerEscalate, complete[itsm.TriggerEscalate], with...)
		return d.get(id), err
	}},
	{itsm.TriggerPropagate, everywhere, "", "propagated", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), itsm.TriggerPropagate, complete[itsm.TriggerPropagate], with...)
		return d.get(id), err
	}},
	{itsm.TriggerClocks, everywhere, "", "clocks_reviewed", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), itsm.TriggerClocks, complete[itsm.TriggerClocks], with...)
		return d.get(id), err
	}},
	{itsm.TriggerTask, everywhere, "", "task_noted", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		_, err := d.kernel.Do(d.system, d.Ref(id), itsm.TriggerTask, complete[itsm.TriggerTask], with...)
		return d.get(id), err
	}},
	{itsm.TriggerLegalHold, everywhere, "", "legally_held", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.HoldForLegal(d.root, id, itsm.LegalHold{Matter: "2026-14"}, with...)
	}},
	{itsm.TriggerLegalRelease, everywhere, "", "legal_hold_released", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		d.ok(d.HoldForLegal(d.root, id, itsm.LegalHold{Matter: "2026-14"}))
		return d.ReleaseLegalHold(d.root, id, itsm.LegalHold{Matter: "2026-14", Reason: "Settled."}, with...)
	}},
	{itsm.TriggerRetention, everywhere, "", "retention_classified", func(d *desk, id string, with ...itsm.Option) (incident.Incident, error) {
		return d.ClassifyRetention(d.root, id, "contract", with...)
	}},
}

// machinery is what no person does.
var machinery = []lifecycle.Trigger{
	itsm.TriggerLinked, itsm.TriggerLevel, itsm.TriggerEscalate, itsm.TriggerPropagate, itsm.TriggerTask, itsm.TriggerClocks,
	incident.TriggerAbsorb, incident.TriggerFollow, incident.TriggerRemind, incident.TriggerWorkaround,
}

// complete is an input for each of them that lacks nothing.
var complete = map[lifecycle.Trigger]any{
	itsm.TriggerLinked:         itsm.LinkEnd{Link: itsm.Link{Name: "related_to", Inverse: "related_to", To: itsm.Ref{Kind: incident.Kind, ID: "INC0000007"}}},
	itsm.TriggerLevel:          itsm.LevelReached{Target: "resolution", Percent: 50},
	itsm.TriggerEscalate:       itsm.Escalation{Policy: "p", Step: "1", Kind: "notify"},
	incident.TriggerAbsorb:     incident.Absorb{From: itsm.Ref{Kind: incident.Kind, ID: "INC0000001"}},
	incident.TriggerFollow:     fixed,
	incident.TriggerRemind:     incident.Remind{},
	incident.TriggerWorkaround: incident.KnownWorkaround{Problem: "PRB0000001", Edition: 1, Text: "restart it"},
	itsm.TriggerPropagate:      itsm.Propagation{Rule: "r"},
	itsm.TriggerClocks:         itsm.ClockReview{Order: "repair"},
	itsm.TriggerTask:           itsm.TaskNote{Task: itsm.Ref{Kind: "task", ID: "TSK0000001"}, Event: "task.done"},
}

func TestEveryRow(t *testing.T) {
	for _, row := range rows {
		for _, from := range row.from {
			t.Run(fmt.Sprintf("%s from %s", row.trigger, from), func(t *testing.T) {
				d := newDesk(t, incident.Config{})
				was := d.in(from)
				require.Equal(t, from, was.State)
				is := d.ok(row.do(d, was.ID))
				to := row.to
				if to == "" {
					to = from
				}
				assert.Equal(t, to, is.State)
				assert.Greater(t, is.Version, was.Version)
				itsmtest.RequireEvent(t, d.root, d.kernel, is.Ref(), "incident."+row.event)
				d.verified(is.ID)
			})
		}
	}
}

// TestEveryOtherPair refuses each pair of state and trigger that no row names, with what is possible instead.
func TestEveryOtherPair(t *testing.T) {
	for _, state := range everywhere {
		d := newDesk(t, incident.Config{})
		inc := d.in(state)
		permitted, err := d.Permitted(d.root, inc.ID)
		require.NoError(t, err)
		instead := strings.Join(texts(ofState(permitted)), ",")
		for _, row := range rows {
			if slices.Contains(row.from, state) {
				continue
			}
			t.Run(fmt.Sprintf("%s from %s", row.trigger, state), func(t *testing.T) {
				assert.NotContains(t, permitted, row.trigger)
				_, err := d.kernel.Do(d.root, inc.Ref(), row.trigger, nil)
				refused(t, err, lifecycle.NotFromHere, map[string]string{
					"state": string(state), "trigger": string(row.trigger), "permitted": instead,
				})
				assert.Equal(t, err, d.Explain(d.root, inc.ID, row.trigger, nil), "asked beforehand, the answer is the same")
				d.unchanged(inc)
			})
		}
	}
}

// TestTableIsComplete holds the rows above to the practice's own table: neither has a pair that the other lacks.
func TestTableIsComplete(t *testing.T) {
	pairs := func(from states, trigger lifecycle.Trigger) (all []string) {
		for _, state := range from {
			all = append(all, string(state)+" "+string(trigger))
		}
		return all
	}
	var want, got []string
	for _, row := range rows {
		want = append(want, pairs(row.from, row.trigger)...)
	}
	for _, row := range incident.Lifecycle().Rows {
		got = append(got, pairs(row.From, row.Trigger)...)
	}
	assert.ElementsMatch(t, want, got)
}

// TestPermitted asks beforehand what may be done. Without input, the guards on the record alone decide.
func TestPermitted(t *testing.T) {
	d := newDesk(t, incident.Config{})
	for _, state := range everywhere {
		var want []lifecycle.Trigger
		for _, row := range rows {
			if slices.Contains(row.from, state) && !slices.Contains(machinery, row.trigger) {
				want = append(want, row.trigger)
			}
		}
		permitted, err := d.Permitted(d.root, d.in(state).ID)
		require.NoError(t, err)
		assert.Equal(t, want, ofState(permitted), "in %s, in the order of the table", state)
	}
}

// TestMachinery keeps from people, whatever their role, what hooks and clocks do.
func TestMachinery(t *testing.T) {
	for _, trigger := range machinery {
		from := inProgress
		for _, row := range rows {
			if row.trigger == trigger && !slices.Contains(row.from, from) {
				from = row.from[0]
			}
		}
		d := newDesk(t, incident.Config{})
		inc := d.in(from)
		if trigger == incident.TriggerAbsorb {
			inc = d.in(from)
		}
		assert.NoError(t, d.Explain(d.system, inc.ID, trigger, complete[trigger]), trigger)
		_, err := d.kernel.Do(d.root, inc.Ref(), trigger, complete[trigger])
		refused(t, err, lifecycle.MissingRole, nil)
		d.unchanged(inc)
	}
}

// TestRequired tells everything that a command lacks, before it is given and when it is.
func TestRequired(t *testing.T) {
	const input, record = lifecycle.MissingInput, lifecycle.MissingField
	tests := []struct {
		name    string
		from    lifecycle.State
		trigger lifecycle.Trigger
		in      any
		code    lifecycle.Code
		fields  []string
	}{
		{"assign", isNew, incident.TriggerAssign, nil, input, []string{"group|assignee"}},
		{"reassign", assigned, incident.TriggerReassign, incident.Assignment{Group: "network"}, "group_or_assignee", nil},
		{"return to queue", onHold, incident.TriggerReturn, nil, record, []string{"group"}},
		{"hold", isNew, incident.TriggerHold, nil, input, []string{"reason"}},
		{"hold for the caller", inProgress, incident.TriggerHold, incident.Hold{Reason: itsm.HoldCaller}, input, []string{"message"}},
		{"hold again", onHold, incident.TriggerHold, nil, input, []string{"reason"}},
		{"hold again for the caller", onHold, incident.TriggerHold, incident.Hold{Reason: itsm.HoldCaller}, input, []string{"message"}},
		{"resolve", inProgress, incident.TriggerResolve, nil, input, []string{"code", "notes"}},
		{"resolve without notes", inProgress, incident.TriggerResolve, incident.Resolution{Code: incident.Fixed}, input, []string{"notes"}},
		{"resolve without code", onHold, incident.TriggerResolve, incident.Resolution{Notes: "Done."}, input, []string{"code"}},
		{"reopen", resolved, incident.TriggerReopen, nil, input, []string{"reason"}},
		{"late reply", closed, incident.TriggerLate, nil, input, []string{"body"}},
		{"cancel", isNew, incident.TriggerCancel, nil, input, []string{"reason"}},
		{"cancel as duplicate", isNew, incident.TriggerCancel, incident.Cancel{Reason: incident.Duplicate}, input, []string{"original"}},
		{"edit", isNew, itsm.TriggerEdit, itsm.Patch{"title": {}}, record, []string{"title"}},
		{"edit to nothing", isNew, itsm.TriggerEdit, itsm.Patch{"title": field.Text("  ")}, record, []string{"title"}},
		{"comment", isNew, itsm.TriggerComment, nil, input, []string{"body"}},
		{"note", isNew, itsm.TriggerNote, nil, input, []string{"body"}},
		{"log time", isNew, itsm.TriggerLogTime, nil, input, []string{"spent"}},
		{"attach", isNew, itsm.TriggerAttach, nil, input, []string{"name", "location"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk(t, incident.Config{})
			inc := d.in(test.from)
			if test.trigger == incident.TriggerReturn {
				inc = d.ok(d.Start(d.ann, d.reported().ID)) // no group
			}
			_, err := d.kernel.Do(d.ann, inc.Ref(), test.trigger, test.in)
			refusal, ok := lifecycle.AsRefusal(err)
			require.True(t, ok, "%v", err)
			var fields []string
			for _, reason := range refusal.Reasons {
				assert.Equal(t, test.code, reason.Code)
				if name := reason.Args["field"]; name != "" {
					fields = append(fields, name)
				}
			}
			assert.Equal(t, test.fields, fields)
			assert.Equal(t, err, d.Explain(d.ann, inc.ID, test.trigger, test.in))
			d.unchanged(inc)
		})
	}
}

// TestOpenTask keeps an incident from being resolved while a mandatory task is open.
func TestOpenTask(t *testing.T) {
	d := newDesk(t, incident.Config{Extend: func(p *itsm.Practice[incident.Incident]) error {
		itsm.Create(p, "import", "imported", func(_ *itsm.Unit, inc *incident.Incident, open int) error {
			inc.Title, inc.Caller, inc.OpenTasks = "VPN down", "cleo", open
			return nil
		})
		return nil
	}})
	for open, codes := range map[int][]lifecycle.Code{0: nil, 2: {"no_open_tasks"}} {
		rec, err := d.kernel.Do(d.root, itsm.Ref{Kind: incident.Kind}, "import", open)
		require.NoError(t, err)
		_, err = d.Resolve(d.ann, rec.Header().ID, fixed)
		if codes == nil {
			require.NoError(t, err)
			continue
		}
		refused(t, err, codes[0], map[string]string{"open": "2"})
		assert.NoError(t, d.Explain(d.ann, rec.Header().ID, incident.TriggerCancel, withdrawn), "tasks do not keep it from being cancelled")
	}
}

// TestAllReasonsAtOnce shows that a refusal lists every reason, not the first one.
func TestAllReasonsAtOnce(t *testing.T) {
	d := newDesk(t, incident.Config{Policy: incident.Policy{ReopenLimit: 1, ReopenWindow: time.Hour, AutoClose: -1}})
	inc := d.in(resolved)
	d.ok(d.Reopen(d.cleo, inc.ID, again))
	inc = d.ok(d.Resolve(d.ann, inc.ID, fixed))
	d.pass(2 * time.Hour)
	_, err := d.Reopen(d.cleo, inc.ID, incident.Reopen{})
	itsmtest.RequireRefused(t, err, "reopen_window", "reopen_limit", lifecycle.MissingInput)
	d.unchanged(inc)
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, item := range list {
		out[i] = string(item)
	}
	return out
}
