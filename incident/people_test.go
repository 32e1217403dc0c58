package incident_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// TestHandover says who has an incident after it was handed over: a new group clears the person, unless one is named.
func TestHandover(t *testing.T) {
	tests := []struct {
		group, assignee string // before
		to              incident.Assignment
		wantGroup       string
		wantAssignee    string
		counted         int
		refused         bool
	}{
		{"network", "ann", incident.Assignment{Group: "storage"}, "storage", "", 1, false},
		{"network", "ann", incident.Assignment{Group: "storage", Assignee: "ben"}, "storage", "ben", 1, false},
		{"network", "ann", incident.Assignment{Group: "storage", Assignee: "ann"}, "storage", "ann", 1, false},
		{"network", "ann", incident.Assignment{Assignee: "ben"}, "network", "ben", 1, false},
		{"network", "", incident.Assignment{Assignee: "ben"}, "network", "ben", 0, false},
		{"", "ann", incident.Assignment{Group: "storage"}, "storage", "", 1, false},
		{"network", "ann", incident.Assignment{Group: "network"}, "", "", 0, true},
		{"network", "ann", incident.Assignment{Assignee: "ann"}, "", "", 0, true},
		{"network", "ann", incident.Assignment{Group: "network", Assignee: "ann"}, "", "", 0, true},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s/%s to %+v", test.group, test.assignee, test.to), func(t *testing.T) {
			d := newDesk(t, incident.Config{})
			inc := d.ok(d.Assign(d.ann, d.reported().ID, incident.Assignment{Group: test.group, Assignee: test.assignee}))
			is, err := d.Reassign(d.ben, inc.ID, test.to)
			if test.refused {
				refused(t, err, "group_or_assignee", nil)
				d.unchanged(inc)
				return
			}
			is = d.ok(is, err)
			assert.Equal(t, test.wantGroup, is.Group)
			assert.Equal(t, test.wantAssignee, is.Assignee)
			assert.Equal(t, test.counted, is.Reassignments)
		})
	}
}

// TestStartTakesIt where nobody is named; a program takes it for the person whom it acts for.
func TestStartTakesIt(t *testing.T) {
	d := newDesk(t, incident.Config{})
	assert.Equal(t, "ann", d.ok(d.Start(d.ann, d.reported().ID)).Assignee)
	assert.Equal(t, "cleo", d.ok(d.Start(d.mail, d.reported().ID)).Assignee)
	assert.Equal(t, "ben", d.ok(d.Start(d.ann, d.reported().ID, itsm.To("", "ben"))).Assignee)
	bens := d.ok(d.Assign(d.ann, d.reported().ID, incident.Assignment{Assignee: "ben"}))
	assert.Equal(t, "ben", d.ok(d.Start(d.ann, bens.ID)).Assignee)

	inc := d.reported()
	_, err := d.Start(itsmtest.As(t.Context(), itsmtest.Integration("monitor")), inc.ID)
	refused(t, err, lifecycle.MissingField, map[string]string{"field": "assignee"})
	d.unchanged(inc)
}

func TestReturnToQueue(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.ok(d.ReturnToQueue(d.ann, d.in(inProgress).ID, incident.Queue{}))
	assert.Equal(t, "network", inc.Group)
	assert.Empty(t, inc.Assignee)
	inc = d.ok(d.ReturnToQueue(d.ann, d.in(onHold).ID, incident.Queue{Group: "storage"}))
	assert.Equal(t, "storage", inc.Group)
	assert.Empty(t, inc.Assignee)
}

// TestHandoverWithAnyCommand: every command may carry a new group and a new person.
func TestHandoverWithAnyCommand(t *testing.T) {
	to := itsm.To("storage", "eve")
	for _, row := range rows {
		from := row.from[0]
		if from == closed || from == cancelled || row.trigger == itsm.TriggerLinked { // the other end of a link is not handed over
			continue
		}
		t.Run(string(row.trigger), func(t *testing.T) {
			d := newDesk(t, incident.Config{})
			inc := d.ok(row.do(d, d.in(from).ID, to))
			want := "eve"
			if row.trigger == incident.TriggerReturn {
				want = "" // a queue is nobody
			}
			assert.Equal(t, "storage", d.get(inc.ID).Group)
			assert.Equal(t, want, d.get(inc.ID).Assignee)
			d.verified(inc.ID)
		})
	}
	d := newDesk(t, incident.Config{})
	assert.Equal(t, "eve", d.ok(d.Report(d.ann, incident.Report{Title: "VPN down"}, to)).Assignee)

	inc := d.in(assigned)
	assert.Equal(t, "eve", d.ok(d.Reassign(d.ann, inc.ID, incident.Assignment{}, itsm.To("", "eve"))).Assignee, "it is all that a reassignment needs")

	inc = d.in(resolved)
	_, err := d.Confirm(d.cleo, inc.ID, to)
	assert.ErrorIs(t, err, itsm.ErrDenied, "a requester hands nothing over")
	d.unchanged(inc)
}

// TestReassignments counts who had it after the first.
func TestReassignments(t *testing.T) {
	d := newDesk(t, incident.Config{})
	id := d.reported().ID
	steps := []struct {
		name string
		do   func() (incident.Incident, error)
		want int
	}{
		{"first assignment", func() (incident.Incident, error) {
			return d.Assign(d.ann, id, incident.Assignment{Group: "network", Assignee: "ann"})
		}, 0},
		{"start by who has it", func() (incident.Incident, error) { return d.Start(d.ann, id) }, 0},
		{"edit", func() (incident.Incident, error) {
			return d.Edit(d.ann, id, itsm.Patch{"category": field.Text("vpn")})
		}, 0},
		{"another person", func() (incident.Incident, error) {
			return d.Reassign(d.ann, id, incident.Assignment{Assignee: "ben"})
		}, 1},
		{"another group", func() (incident.Incident, error) {
			return d.Reassign(d.ann, id, incident.Assignment{Group: "storage", Assignee: "ben"})
		}, 2},
		{"resolve", func() (incident.Incident, error) { return d.Resolve(d.ben, id, fixed) }, 2},
		{"reopen", func() (incident.Incident, error) { return d.Reopen(d.cleo, id, again) }, 2},
		{"with another command", func() (incident.Incident, error) {
			return d.Note(d.ben, id, "Over to ann.", itsm.To("", "ann"))
		}, 3},
	}
	for _, step := range steps {
		assert.Equal(t, step.want, d.ok(step.do()).Reassignments, step.name)
	}
}

// TestPriority is the matrix's, for each of its cells, by report and by edit.
func TestPriority(t *testing.T) {
	reversed := itsm.DefaultMatrix()
	reversed[0][0], reversed[0][1], reversed[1][0] = 1, 2, 2
	for name, matrix := range map[string]itsm.Matrix{"default": itsm.DefaultMatrix(), "of the desk": reversed} {
		d := newDesk(t, incident.Config{Matrix: &matrix})
		edited := d.reported()
		assert.Equal(t, itsm.Medium, edited.Impact, "what is not said is medium")
		assert.Equal(t, itsm.Medium, edited.Urgency)
		for impact := itsm.Critical; impact <= itsm.Low; impact++ {
			for urgency := itsm.Critical; urgency <= itsm.Low; urgency++ {
				want := matrix[impact-1][urgency-1]
				inc := d.ok(d.Report(d.cleo, incident.Report{Title: "VPN down", Impact: impact, Urgency: urgency}))
				assert.Equal(t, want, inc.Priority, "%s: reported with %v impact, %v urgency", name, impact, urgency)
				inc = d.ok(d.Edit(d.ann, edited.ID, itsm.Patch{
					"impact": field.Text(impact.String()), "urgency": field.Text(urgency.String()),
				}))
				assert.Equal(t, want, inc.Priority, "%s: edited to %v impact, %v urgency", name, impact, urgency)
			}
		}
	}
}

// TestPriorityOverride: a priority other than the matrix's takes a reason, stays while impact and urgency change, and
// goes back to the matrix when it is emptied.
func TestPriorityOverride(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.reported()
	for name, patch := range map[string]itsm.Patch{
		"no reason":          {"priority": field.Int(1)},
		"no priority at all": {"priority": field.Int(0), "priority_reason": field.Text("VIP")},
		"beyond the scale":   {"priority": field.Int(6), "priority_reason": field.Text("VIP")},
		"no level":           {"impact": field.Text("huge")},
		"emptied":            {"urgency": {}},
	} {
		_, err := d.Edit(d.ann, inc.ID, patch)
		assert.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	d.unchanged(inc)

	inc = d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"priority": field.Int(1), "priority_reason": field.Text("VIP")}))
	assert.Equal(t, itsm.Priority(1), inc.Priority)
	inc = d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"impact": field.Text("low")}))
	assert.Equal(t, itsm.Priority(1), inc.Priority)
	for _, back := range []itsm.Patch{{"priority": {}}, {"priority_reason": {}}} {
		other := d.ok(d.Edit(d.ann, d.reported().ID, itsm.Patch{"priority": field.Int(1), "priority_reason": field.Text("VIP")}))
		other = d.ok(d.Edit(d.ann, other.ID, back))
		assert.Equal(t, itsm.Priority(4), other.Priority, "medium impact, medium urgency")
		assert.Empty(t, other.PriorityReason)
	}
}

// TestEdit lets be edited what a command does not own.
func TestEdit(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.ok(d.Edit(d.ann, d.reported().ID, itsm.Patch{
		"title": field.Text("VPN slow"), "description": field.Text("Since noon."), "caller": field.Text("dan"),
		"channel": field.Text("phone"), "category": field.Text("network"), "service": field.Text("wan"), "items": field.List("gw1", "gw2"),
	}))
	assert.Equal(t, "VPN slow", inc.Title)
	assert.Equal(t, []string{"gw1", "gw2"}, inc.Items)
	assert.Equal(t, "VPN slow", d.ok(d.Get(d.dan, inc.ID)).Title, "the new caller sees it")
	for _, name := range []string{"state", "group", "assignee", "hold", "resolution.code", "reopens", "opened_by", "closed_at", "nonsense"} {
		_, err := d.Edit(d.ann, inc.ID, itsm.Patch{name: field.Text("x")})
		assert.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
	d.unchanged(inc)
}

// TestReportIsChecked and, where it is in order, written down as it was told.
func TestReportIsChecked(t *testing.T) {
	d := newDesk(t, incident.Config{})
	for name, report := range map[string]incident.Report{
		"title":   {Title: "  "},
		"impact":  {Title: "VPN down", Impact: 5},
		"urgency": {Title: "VPN down", Urgency: 9},
	} {
		_, err := d.Report(d.ann, report)
		require.ErrorIs(t, err, itsm.ErrInvalid)
		assert.ErrorContains(t, err, name)
	}
	n, err := d.Count(d.root, itsm.Query{})
	require.NoError(t, err)
	assert.Zero(t, n)

	told := incident.Report{
		Title: "VPN down", Description: "Since noon.", Caller: "cleo", Channel: "phone", Impact: itsm.High, Urgency: itsm.Low,
		Category: "network", Service: "vpn", Items: []string{"gw1", "gw2"}, Group: "network", Assignee: "ben",
	}
	inc := d.ok(d.Report(d.ann, told))
	assert.Equal(t, told, incident.Report{
		Title: inc.Title, Description: inc.Description, Caller: inc.Caller, Channel: inc.Channel, Impact: inc.Impact, Urgency: inc.Urgency,
		Category: inc.Category, Service: inc.Service, Items: inc.Items, Group: inc.Group, Assignee: inc.Assignee,
	})
	assert.Equal(t, "ann", inc.OpenedBy)
	assert.Equal(t, isNew, inc.State, "it is new until it is assigned or started")
}

// TestDuplicate names the original and links both.
func TestDuplicate(t *testing.T) {
	d := newDesk(t, incident.Config{})
	original, inc := d.in(closed), d.in(onHold)
	inc = d.ok(d.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Duplicate, Original: original.Ref()}))
	assert.Equal(t, cancelled, inc.State)
	assert.Equal(t, incident.Duplicate, inc.CancelReason)
	assert.Equal(t, original.Ref(), inc.Original)
	for id, want := range map[string]itsm.Link{
		inc.ID:      {Name: "duplicate_of", To: original.Ref()},
		original.ID: {Name: "duplicated_by", To: inc.Ref()},
	} {
		links, err := d.Links(d.ann, id)
		require.NoError(t, err)
		require.Len(t, links, 1)
		assert.Equal(t, want, itsm.Link{Name: links[0].Name, To: links[0].To})
	}
	assert.Equal(t, closed, d.get(original.ID).State)
}

func TestDuplicateOfWhat(t *testing.T) {
	d := newDesk(t, incident.Config{})
	duplicate := func(id string, of itsm.Ref) error {
		_, err := d.Cancel(d.ann, id, incident.Cancel{Reason: incident.Duplicate, Original: of})
		return err
	}
	inc := d.in(inProgress)
	refused(t, duplicate(inc.ID, inc.Ref()), "original_named", map[string]string{"original": inc.Ref().String()})
	refused(t, duplicate(inc.ID, itsm.Ref{Kind: "problem", ID: "PRB0000001"}), "original_named", nil)
	assert.ErrorIs(t, duplicate(inc.ID, d.Ref("INC0000999")), itsm.ErrNotFound)

	b, c := d.reported(), d.reported()
	require.NoError(t, duplicate(b.ID, inc.Ref()))
	require.NoError(t, duplicate(c.ID, b.Ref()), "an original may be a duplicate itself")
	inc = d.get(inc.ID)
	for _, of := range []itsm.Ref{b.Ref(), c.Ref()} {
		refused(t, duplicate(inc.ID, of), "original_named", map[string]string{"original": of.String()})
		assert.Error(t, d.Explain(d.ann, inc.ID, incident.TriggerCancel, incident.Cancel{Reason: incident.Duplicate, Original: of}))
	}
	d.unchanged(inc)
}

// TestRequester sees and does what concerns the own tickets, and no work notes.
func TestRequester(t *testing.T) {
	d := newDesk(t, incident.Config{})
	own := d.in(inProgress)
	foreign := d.ok(d.Report(d.dan, incident.Report{Title: "No mail"}))
	d.ok(d.Note(d.ann, own.ID, "She always says that."))
	d.ok(d.LogTime(d.ann, own.ID, itsm.TimeEntry{Spent: 1}))
	d.ok(d.Comment(d.ann, own.ID, itsm.Comment{Body: "Ask the vendor?", Internal: true}))
	d.ok(d.Comment(d.ann, own.ID, itsm.Comment{Body: "We are on it."}))
	d.ok(d.Edit(d.ann, own.ID, itsm.Patch{"priority": field.Int(5), "priority_reason": field.Text("She always says that.")}))

	seen := d.ok(d.Get(d.cleo, own.ID))
	assert.Equal(t, itsm.Priority(5), seen.Priority)
	assert.Empty(t, seen.PriorityReason)
	_, err := d.Get(d.cleo, foreign.ID)
	assert.ErrorIs(t, err, itsm.ErrNotFound)
	page, err := d.List(d.cleo, itsm.Query{})
	require.NoError(t, err)
	require.Len(t, page.Records, 1)
	assert.Equal(t, own.ID, page.Records[0].ID)
	for who, want := range map[context.Context]int64{d.cleo: 1, d.ann: 2} {
		n, err := d.Count(who, itsm.Query{})
		require.NoError(t, err)
		assert.Equal(t, want, n)
	}

	comments, err := d.Comments(d.cleo, own.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, comments, 1)
	assert.Equal(t, "We are on it.", comments[0].Body)
	notes, err := d.WorkNotes(d.cleo, own.ID, 0, 0)
	require.NoError(t, err)
	assert.Empty(t, notes)
	entries, err := d.TimeEntries(d.cleo, own.ID, 0, 0)
	require.NoError(t, err)
	assert.Empty(t, entries)
	history, err := d.History(d.cleo, own.ID, 0, 0)
	require.NoError(t, err)
	for _, e := range history {
		for _, c := range e.Changes {
			assert.NotEqual(t, "priority_reason", c.Field)
		}
		for _, r := range e.Rows {
			assert.NotEqual(t, itsm.WorkNotes, r.Kind)
			assert.NotEqual(t, itsm.TimeEntries, r.Kind)
		}
	}

	_, err = d.Resolve(d.cleo, own.ID, fixed)
	assert.ErrorIs(t, err, itsm.ErrDenied)
	_, err = d.Comment(d.cleo, foreign.ID, itsm.Comment{Body: "Me too."})
	assert.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Report(d.cleo, incident.Report{Title: "No mail", Caller: "dan"})
	assert.ErrorIs(t, err, itsm.ErrDenied)
	permitted, err := d.Permitted(d.cleo, d.in(resolved).ID)
	require.NoError(t, err)
	slices.Sort(permitted)
	assert.Equal(t, []string{"attach", "comment", "confirm", "reopen", "unwatch", "watch"}, texts(permitted))
}

// TestClosedByDefault: nobody's call does nothing, and another tenant's desk has none of these tickets.
func TestClosedByDefault(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.in(inProgress)
	_, err := d.Resolve(t.Context(), inc.ID, fixed)
	assert.ErrorIs(t, err, itsm.ErrNoActor)
	_, err = d.Resolve(itsmtest.As(t.Context(), itsm.Actor{ID: "eve", Tenant: itsmtest.Tenant}), inc.ID, fixed)
	assert.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Resolve(itsmtest.As(t.Context(), itsmtest.Administrator("root", itsmtest.InTenant("other"))), inc.ID, fixed)
	assert.ErrorIs(t, err, itsm.ErrNotFound)
	d.unchanged(inc)
}

func TestWhatIsGivenWithoutItsOther(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.reported()
	_, err := d.Edit(d.ann, inc.ID, itsm.Patch{"priority_reason": field.Text("The board meets.")})
	require.ErrorIs(t, err, itsm.ErrInvalid, "a reason without a priority of its own")
	_, err = d.Cancel(d.ann, inc.ID, incident.Cancel{Reason: incident.Withdrawn, Original: d.reported().Ref()})
	refused(t, err, "original_named", nil)
	d.unchanged(inc)
}
