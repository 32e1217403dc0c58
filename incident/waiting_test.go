package incident_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

var patient = incident.Config{Policy: incident.Policy{
	FollowUps: []incident.FollowUp{{After: day, Message: "Did it help?"}, {After: 2 * day, Message: "Are you there?"}},
	NoAnswer:  3 * day,
}}

func (d *desk) bodies(id string) (all []string) {
	d.tb.Helper()
	comments, err := d.Comments(d.root, id, 0, 0)
	require.NoError(d.tb, err)
	for _, c := range comments {
		all = append(all, c.Body)
	}
	return all
}

// TestFollowUps asks a caller who does not answer, each time after its while, and then gives up.
func TestFollowUps(t *testing.T) {
	d := newDesk(t, patient)
	id := d.in(inProgress).ID
	d.ok(d.Hold(d.ann, id, forCaller))
	asked := []string{forCaller.Message}
	d.pass(day - 1)
	assert.Equal(t, asked, d.bodies(id))
	d.pass(1)
	asked = append(asked, "Did it help?")
	assert.Equal(t, asked, d.bodies(id))
	d.pass(2 * day)
	asked = append(asked, "Are you there?")
	assert.Equal(t, asked, d.bodies(id))
	d.pass(3*day - 1)
	assert.Equal(t, onHold, d.get(id).State)
	d.pass(1)
	inc := d.get(id)
	assert.Equal(t, resolved, inc.State)
	assert.Equal(t, incident.NoAnswer, inc.Resolution.Code)
	assert.Equal(t, 1, inc.Contacts, "what the desk asks by itself is no contact")
	d.verified(id)
}

// TestFollowUpsEnd with the wait, however it ends, and only a person's answer ends it.
func TestFollowUpsEnd(t *testing.T) {
	for name, end := range map[string]func(d *desk, id string){
		"answered":   func(d *desk, id string) { d.ok(d.Reply(d.cleo, id, itsm.Comment{Body: "The Vienna one."})) },
		"resumed":    func(d *desk, id string) { d.ok(d.Resume(d.ann, id)) },
		"reassigned": func(d *desk, id string) { d.ok(d.Reassign(d.ann, id, incident.Assignment{Group: "storage"})) },
		"returned":   func(d *desk, id string) { d.ok(d.ReturnToQueue(d.ann, id, incident.Queue{})) },
		"another":    func(d *desk, id string) { d.ok(d.Hold(d.ann, id, forVendor)) },
		"cancelled":  func(d *desk, id string) { d.ok(d.Cancel(d.ann, id, withdrawn)) },
		"merged":     func(d *desk, id string) { d.ok(d.Merge(d.ann, id, d.reported().Ref())) },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, patient)
			id := d.in(inProgress).ID
			d.ok(d.Hold(d.ann, id, forCaller))
			end(d, id)
			said := d.bodies(id)
			d.pass(30 * day)
			assert.Equal(t, said, d.bodies(id))
			assert.NotEqual(t, resolved, d.get(id).State)
		})
	}
	d := newDesk(t, patient)
	id := d.in(inProgress).ID
	d.ok(d.Hold(d.ann, id, forCaller))
	d.ok(d.Comment(d.mail, id, itsm.Comment{Body: "I am on holiday.", AutoReply: true}))
	d.pass(day)
	assert.Contains(t, d.bodies(id), "Did it help?", "a machine's answer is none")
}

func TestFollowUpsAreChecked(t *testing.T) {
	_, err := kernelWith(incident.Config{Policy: incident.Policy{NoAnswer: day, ContactGap: -1, FollowUps: nil}})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	require.ErrorContains(t, err, "follow up at least once")
	require.ErrorContains(t, err, "a gap is 0")
	_, err = kernelWith(incident.Config{Policy: incident.Policy{FollowUps: []incident.FollowUp{{}}}})
	require.ErrorContains(t, err, "more than 0")
	require.ErrorContains(t, err, "say what the caller is asked")
}

// TestContacts counts what is one contact.
func TestContacts(t *testing.T) {
	d := newDesk(t, incident.Config{})
	id := d.reported().ID
	contacts := func(want int, why string) {
		t.Helper()
		assert.Equal(t, want, d.get(id).Contacts, why)
	}
	contacts(1, "the report is the first")
	d.pass(2 * time.Hour)
	d.ok(d.Comment(d.cleo, id, itsm.Comment{Body: "Still down."}))
	contacts(1, "the desk has not answered")
	d.ok(d.Comment(d.ann, id, itsm.Comment{Body: "We are on it."}))
	d.pass(29 * time.Minute)
	d.ok(d.Comment(d.cleo, id, itsm.Comment{Body: "Thanks."}))
	contacts(1, "within the gap")
	d.pass(31 * time.Minute)
	d.ok(d.Comment(d.mail, id, itsm.Comment{Body: "I am away.", AutoReply: true}))
	d.ok(d.Comment(d.ann, id, itsm.Comment{Body: "Between us.", Internal: true}))
	d.ok(d.Note(d.ann, id, "A note."))
	contacts(1, "machines, internal comments and notes are none")
	d.ok(d.Comment(d.cleo, id, itsm.Comment{Body: "Down again."}))
	contacts(2, "the desk had answered, and it is later than the gap")
	d.ok(d.LogContact(d.ann, id, incident.Contact{Channel: "phone", Outgoing: true, Note: "Called back."}))
	d.pass(time.Hour)
	d.ok(d.LogContact(d.ann, id, incident.Contact{Channel: "visit", Note: "Came to the desk."}))
	contacts(3, "a visit is one")
	rows, err := d.Rows(d.ann, id, incident.Contacts, 0, 0)
	require.NoError(t, err)
	require.Len(t, rows, 2)
	d.verified(id)
}

// TestPeopleOfAnIncident: who was first, who reopened, who is important.
func TestPeopleOfAnIncident(t *testing.T) {
	directory := people(itsm.Profile{ID: "cleo", VIP: true}, itsm.Profile{ID: "ben"}, itsm.Profile{ID: "dan"})
	d := newDeskIn(t, itsm.Config{Store: memory.New(), Directory: directory}, incident.Config{})
	inc := d.reported()
	assert.True(t, inc.VIP)
	inc = d.ok(d.Edit(d.ann, inc.ID, itsm.Patch{"caller": field.Text("dan")}))
	assert.False(t, inc.VIP, "another caller")
	d.ok(d.Assign(d.ann, inc.ID, incident.Assignment{Group: "network", Assignee: "ann"}))
	d.ok(d.Reassign(d.ann, inc.ID, incident.Assignment{Assignee: "ben"}))
	d.ok(d.Resolve(d.ann, inc.ID, fixed))
	inc = d.ok(d.Reopen(d.ben, inc.ID, again))
	assert.Equal(t, "ann", inc.FirstAssignee)
	assert.Equal(t, "ben", inc.ReopenedBy)
	assert.Equal(t, d.clock.Now(), inc.ReopenedAt)
	d.verified(inc.ID)
}

// TestMentions makes those who are called watchers: known people, called by those who work on the record.
func TestMentions(t *testing.T) {
	directory := people(itsm.Profile{ID: "ben"}, itsm.Profile{ID: "eve"})
	d := newDeskIn(t, itsm.Config{Store: memory.New(), Directory: directory}, incident.Config{})
	id := d.reported().ID
	d.ok(d.Note(d.ann, id, "@ben, please look; mail to joe@eve.example, not @nobody. (@ben again)"))
	d.ok(d.Comment(d.cleo, id, itsm.Comment{Body: "@eve help"}))
	watchers, err := d.Watchers(d.ann, id)
	require.NoError(t, err)
	require.Len(t, watchers, 1)
	assert.Equal(t, "ben", watchers[0].Person)
	history, err := d.History(d.ann, id, 1, 1)
	require.NoError(t, err)
	assert.Equal(t, []string{"ben"}, history[0].People, "he is concerned by the event")
	history, err = d.History(d.cleo, id, 1, 1)
	require.NoError(t, err)
	assert.Empty(t, history[0].People, "whom those who work on it call is not the caller's to see")
}

func TestCategories(t *testing.T) {
	d := newDesk(t, incident.Config{Categories: []string{"network", "network/vpn"}})
	_, err := d.Report(d.cleo, incident.Report{Title: "VPN down", Category: "coffee"})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	inc := d.ok(d.Report(d.cleo, incident.Report{Title: "VPN down", Category: "network/vpn"}))
	_, err = d.Edit(d.ann, inc.ID, itsm.Patch{"category": field.Text("coffee")})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	d.unchanged(inc)
}

// TestMerge moves everything to the survivor, at the end of the chain.
func TestMerge(t *testing.T) {
	d := newDesk(t, incident.Config{})
	first, second, third, child := d.reported(), d.reported(), d.ok(d.Report(d.dan, incident.Report{Title: "No VPN"})), d.reported()
	d.ok(d.Merge(d.ann, second.ID, first.Ref()))
	d.ok(d.Watch(d.ann, third.ID, "ben"))
	d.ok(d.Comment(d.dan, third.ID, itsm.Comment{Body: "In Vienna.", Channel: "mail", MessageID: "m1@example.com"}))
	d.ok(d.Note(d.ann, third.ID, "The same gateway."))
	d.ok(d.Attach(d.ann, third.ID, itsm.Attachment{Name: "log", Size: 1, Location: "files/1"}))
	d.ok(d.Link(d.ann, third.ID, itsm.ParentOf, child.Ref()))
	was := d.get(third.ID)

	merged := d.ok(d.Merge(d.ann, third.ID, second.Ref()))
	assert.Equal(t, first.Ref(), merged.MergedInto, "the chain is followed")
	assert.Equal(t, cancelled, merged.State)
	assert.Equal(t, incident.Merged, merged.CancelReason)
	assert.Equal(t, first.Ref(), d.get(child.ID).Parent)
	assert.Equal(t, 1, d.get(first.ID).Children)
	assert.Zero(t, merged.Children)
	comments, err := d.Comments(d.ann, first.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, comments, 1)
	assert.Equal(t, "dan", comments[0].Author)
	assert.Equal(t, third.Ref(), comments[0].Origin.Record)
	notes, err := d.WorkNotes(d.ann, first.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, notes, 1)
	files, err := d.Attachments(d.ann, first.ID, 0, 0)
	require.NoError(t, err)
	require.Len(t, files, 1)
	watchers, err := d.Watchers(d.ann, first.ID)
	require.NoError(t, err)
	require.Len(t, watchers, 2, "ben, and dan who called")
	then, err := d.At(d.root, third.ID, was.Version)
	require.NoError(t, err)
	assert.Equal(t, was, then, "its own history stays")
	for _, id := range []string{first.ID, second.ID, third.ID, child.ID} {
		d.verified(id)
	}
	reply := d.ok(d.Reply(d.ann, second.ID, itsm.Comment{Body: "Any news?"}))
	assert.Equal(t, first.ID, reply.ID, "a later message reaches the survivor")
}

// TestMergeIsRefused where it makes no sense, and changes nothing.
func TestMergeIsRefused(t *testing.T) {
	d := newDesk(t, incident.Config{})
	inc := d.reported()
	_, err := d.Merge(d.ann, inc.ID, inc.Ref())
	refused(t, err, "survivor_named", map[string]string{"survivor": inc.Ref().String()})
	_, err = d.Merge(d.ann, inc.ID, itsm.Ref{Kind: incident.Kind, ID: "INC0000099"})
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = d.Merge(d.ann, inc.ID, itsm.Ref{})
	itsmtest.RequireRefused(t, err, "missing_input")
	over := d.in(closed)
	_, err = d.Merge(d.ann, inc.ID, over.Ref())
	itsmtest.RequireRefused(t, err, "not_from_here")
	duplicate := d.ok(d.Cancel(d.ann, d.reported().ID, incident.Cancel{Reason: incident.Duplicate, Original: inc.Ref()}))
	_, err = d.Merge(d.ann, inc.ID, duplicate.Ref())
	refused(t, err, "survivor_named", nil)
	assert.Equal(t, isNew, d.get(inc.ID).State)
}

// TestTrees: what hangs under another hangs under one, and never under itself.
func TestTrees(t *testing.T) {
	d := newDesk(t, incident.Config{})
	a, b, c := d.reported(), d.reported(), d.reported()
	d.ok(d.Link(d.ann, a.ID, itsm.ParentOf, b.Ref()))
	d.ok(d.Link(d.ann, c.ID, itsm.LinkType{Name: "child_of", Inverse: "parent_of"}, b.Ref()))
	assert.Equal(t, b.Ref(), d.get(c.ID).Parent, "either end may be linked")
	_, err := d.Link(d.ann, c.ID, itsm.ParentOf, a.Ref())
	refused(t, err, itsm.ReasonCycle, nil)
	_, err = d.Link(d.ann, a.ID, itsm.ParentOf, c.Ref())
	refused(t, err, itsm.ReasonHasParent, map[string]string{"parent": b.Ref().String()})
	links, err := d.Links(d.ann, b.ID)
	require.NoError(t, err)
	for _, l := range links {
		d.ok(d.Unlink(d.ann, b.ID, l.ID))
	}
	assert.Zero(t, d.get(a.ID).Children)
	assert.Zero(t, d.get(b.ID).Children)
	assert.Empty(t, d.get(c.ID).Parent)
	for _, id := range []string{a.ID, b.ID, c.ID} {
		d.verified(id)
	}
}

func people(profiles ...itsm.Profile) itsm.Directory {
	return itsmtest.Directory{People: profiles}
}
