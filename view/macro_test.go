package view_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/view"
)

func TestAMacroIsOneChangeByWhoRunsIt(t *testing.T) {
	o := opened(t, nil)
	inc := o.report(t, bob, "VPN down")
	require.NoError(t, o.views.Explain(ann, "take", inc.Ref()))
	rec, err := o.views.Do(ann, "take", inc.Ref(), itsm.IfVersion(1), itsm.Once("click"))
	require.NoError(t, err)
	got := rec.(*incident.Incident)
	require.Equal(t, "ann", got.Assignee)
	require.Equal(t, "network", got.Group)
	require.EqualValues(t, 2, got.Version)
	notes, err := o.incidents.WorkNotes(ann, inc.ID, 0, 0)
	require.NoError(t, err)
	require.Equal(t, "$ taken from the queue", notes[0].Body)
	again, err := o.views.Do(ann, "take", inc.Ref(), itsm.Once("click"))
	require.NoError(t, err)
	require.Equal(t, rec, again)

	_, err = o.views.Do(ann, "take", inc.Ref())
	require.ErrorIs(t, err, itsm.ErrRefused)
	_, err = o.views.Do(bob, "outage", inc.Ref())
	require.ErrorIs(t, err, itsm.ErrDenied, "bob may not do the first step")
	_, err = o.views.Do(ben, "shut", inc.Ref())
	require.ErrorIs(t, err, itsm.ErrNotFound, "the macro is not for ben")
	_, err = o.views.Do(ann, "take", itsm.Ref{Kind: view.Kind, ID: "VIEW0000001"})
	require.ErrorIs(t, err, itsm.ErrInvalid)

	closed := o.report(t, bob, "Printer jams")
	_, err = o.incidents.Resolve(ann, closed.ID, incident.Resolution{Code: incident.Fixed, Notes: "Paper."})
	require.NoError(t, err)
	explained := o.views.Explain(ann, "outage", closed.Ref())
	_, err = o.views.Do(ann, "outage", closed.Ref())
	require.ErrorIs(t, err, itsm.ErrRefused)
	require.Equal(t, explained.Error(), err.Error())
	now, err := o.incidents.Get(ann, closed.ID)
	require.NoError(t, err)
	require.Empty(t, now.Category, "the first step passed and is undone with the second")

	macros, err := o.views.Macros(ben, incident.Kind)
	require.NoError(t, err)
	require.Len(t, macros, 3)
}

// TestBulkTouchesAllThatItSaysItDid is about a job that reported 40,000 tickets as done, and had touched the first 2,000
// of them: https://github.com/zammad/zammad/issues/2807
func TestBulkTouchesAllThatItSaysItDid(t *testing.T) {
	o := opened(t, nil)
	const all = 4500
	for n := range all {
		o.report(t, bob, fmt.Sprint("Ticket ", n))
	}
	report, err := o.views.Bulk(ann, "open", view.Bulk{Macro: "outage"}) // which takes each out of the view
	require.NoError(t, err)
	require.Equal(t, all, report.Matched)
	require.Equal(t, all, report.Done)
	left, err := o.views.Count(ann, "open")
	require.NoError(t, err)
	require.Zero(t, left)
	f := itsm.All(itsm.Where("state").Is("resolved"), itsm.Where("category").Is("outage"))
	touched, err := o.incidents.Count(ann, itsm.Query{Filter: &f})
	require.NoError(t, err)
	require.EqualValues(t, all, touched)
}

func TestABulkRunCountsEachRecordOnce(t *testing.T) {
	o := opened(t, nil)
	for n := range 6 {
		o.report(t, bob, fmt.Sprint("Ticket ", n))
	}
	_, err := o.incidents.Edit(ann, "INC0000002", itsm.Patch{"category": field.Text("vpn")})
	require.NoError(t, err)
	_, err = o.incidents.Hold(ann, "INC0000003", incident.Hold{Reason: itsm.HoldVendor})
	require.NoError(t, err)

	report, err := o.views.Bulk(ann, "open", view.Bulk{Macro: "tag"})
	require.NoError(t, err)
	require.Equal(t, [3]int{6, 5, 1}, [3]int{report.Matched, report.Done, report.Unchanged})

	start := []view.Step{{Trigger: incident.TriggerStart, Assignee: "$me"}}
	report, err = o.views.Bulk(ann, "open", view.Bulk{Steps: start})
	require.NoError(t, err)
	require.Equal(t, 5, report.Done)
	require.Equal(t, map[string]int{"not_from_here": 1}, report.Refused)
	require.Equal(t, "INC0000003", report.Outcomes[2].Ref.ID)
	require.ErrorIs(t, report.Outcomes[2].Err, itsm.ErrRefused)

	report, err = o.views.Bulk(bob, "open", view.Bulk{Macro: "tag"})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"denied": 6}, report.Refused, "bob sees them, and may not edit them")

	_, err = o.views.Bulk(ann, "open", view.Bulk{Macro: "tag", Limit: 5})
	require.ErrorIs(t, err, itsm.ErrInvalid)
	require.ErrorContains(t, err, "6 records")
	for name, b := range map[string]view.Bulk{
		"nothing to do": {}, "both": {Macro: "tag", Steps: start}, "a limit": {Macro: "tag", Limit: 10_001}, "a wrong step": {Steps: []view.Step{{Trigger: "fly"}}},
		"a key and $now": {Key: "k", Steps: []view.Step{{Trigger: itsm.TriggerEdit, Input: itsm.Patch{"created_at": field.Text("$now")}}}},
	} {
		_, err := o.views.Bulk(ann, "open", b)
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
	}
}

// stopping ends the context, or does something else, when a record is about to be edited.
type stopping struct {
	itsm.Authorizer
	at func(id string)
}

func (s *stopping) Permit(ctx context.Context, a *itsm.Actor, do itsm.Action, on itsm.Record) error {
	if s.at != nil && do.Verb == itsm.Verb(itsm.TriggerEdit) && on != nil {
		s.at(on.Header().ID)
	}
	return s.Authorizer.Permit(ctx, a, do, on)
}

func TestABulkRunIsResumedByItsKey(t *testing.T) {
	auth := &stopping{Authorizer: itsm.DefaultGrants()}
	o := opened(t, auth)
	for n := range 6 {
		o.report(t, bob, fmt.Sprint("Ticket ", n))
	}
	ctx, stop := context.WithCancel(ann)
	auth.at = func(id string) {
		if id == "INC0000004" {
			stop()
		}
	}
	report, err := o.views.Bulk(ctx, "open", view.Bulk{Macro: "tag", Key: "job"})
	require.NoError(t, err)
	require.Equal(t, [3]int{6, 3, 3}, [3]int{report.Matched, report.Done, report.Left})

	auth.at = nil
	_, err = o.incidents.Edit(ben, "INC0000001", itsm.Patch{"category": field.Text("mail")}) // what was done is not done again
	require.NoError(t, err)
	report, err = o.views.Bulk(ann, "open", view.Bulk{Macro: "tag", Key: "job"})
	require.NoError(t, err)
	require.Equal(t, [3]int{6, 3, 3}, [3]int{report.Matched, report.Done, report.Unchanged})
	first, err := o.incidents.Get(ann, "INC0000001")
	require.NoError(t, err)
	require.Equal(t, "mail", first.Category)
}

func TestABulkRunLeavesAloneWhatMovedMeanwhile(t *testing.T) {
	auth := &stopping{Authorizer: itsm.DefaultGrants()}
	o := opened(t, auth)
	for n := range 3 {
		o.report(t, bob, fmt.Sprint("Ticket ", n))
	}
	auth.at = func(id string) {
		if id == "INC0000001" {
			auth.at = nil
			_, err := o.incidents.Note(as(itsmtest.Agent("ben")), "INC0000002", "I am on it.")
			require.NoError(t, err)
		}
	}
	report, err := o.views.Bulk(ann, "open", view.Bulk{Macro: "tag"})
	require.NoError(t, err)
	require.Equal(t, [3]int{3, 2, 1}, [3]int{report.Matched, report.Done, report.Conflicted})
	require.ErrorIs(t, report.Outcomes[1].Err, itsm.ErrConflict)
}
