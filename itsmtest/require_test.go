package itsmtest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// Each requirement on the eventful record: it holds, or ends the test and says what is wrong and why.
func TestRequirements(t *testing.T) {
	k, ctx, parent, child := eventful(t)
	closing := start.Add(4*24*time.Hour + 2*time.Minute)
	nobody := itsm.Ref{Kind: "fault", ID: "FLT0000009"}
	for name, test := range map[string]struct {
		require func(t itsmtest.TB)
		want    string // empty where it holds
	}{
		"state": {func(t itsmtest.TB) { itsmtest.RequireState(t, ctx, k, parent, "resolved") }, ""},
		"another state": {func(t itsmtest.TB) { itsmtest.RequireState(t, ctx, k, parent, "closed") },
			"fault/FLT0000001 is in state resolved, want closed"},
		"state of nothing": {func(t itsmtest.TB) { itsmtest.RequireState(t, ctx, k, nobody, "new") },
			"fault/FLT0000009 cannot be read: no such record"},

		"event":    {func(t itsmtest.TB) { itsmtest.RequireEvent(t, ctx, k, parent, "fault.resolved") }, ""},
		"event by": {func(t itsmtest.TB) { itsmtest.RequireEvent(t, ctx, k, parent, "fault.taken", itsmtest.By("ann")) }, ""},
		"event on behalf": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, child, "fault.refused", itsmtest.OnBehalfOf("ann"))
		}, ""},
		"event by a timer": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.reminded", itsmtest.CausedBy("timer reminder"))
		}, ""},
		"event by a record": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, child, "fault.refused", itsmtest.CausedBy(parent.String()))
			itsmtest.RequireEvent(t, ctx, k, child, "fault.refused", itsmtest.CausedBy(parent.String()+"@12"))
		}, ""},
		"event at": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.reminded", itsmtest.At(start.AddDate(0, 0, 1)))
		}, ""},
		"event with a change": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.resolved", itsmtest.Changed("state", "resolved"), itsmtest.Changed("cause", "cable"))
		}, ""},
		"event with a fact": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, child, "fault.refused", itsmtest.WithFact("refused"))
		}, ""},
		"event that": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.attached", itsmtest.That("adds one row", func(e itsm.Entry) bool { return len(e.Rows) == 1 }))
		}, ""},
		"no such event": {func(t itsmtest.TB) { itsmtest.RequireEvent(t, ctx, k, parent, "fault.closed") },
			"fault/FLT0000001 has no event fault.closed"},
		"no event by": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.resolved", itsmtest.By("bob"), itsmtest.Changed("assignee", ""))
		}, "has no event fault.resolved by bob, with assignee → –"},
		"no event on behalf": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, child, "fault.refused", itsmtest.OnBehalfOf("bob"))
		},
			"has no event fault.refused on behalf of bob"},
		"no event by a cause": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, child, "fault.refused", itsmtest.CausedBy("fault/FLT"))
		},
			"has no event fault.refused caused by fault/FLT"},
		"no event at": {func(t itsmtest.TB) { itsmtest.RequireEvent(t, ctx, k, parent, "fault.reminded", itsmtest.At(start)) },
			"has no event fault.reminded at 2026-03-02T09:00:00Z"},
		"no event with another change": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.resolved", itsmtest.Changed("state", "new"))
		}, "has no event fault.resolved with state → new"},
		"no event with a fact": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.resolved", itsmtest.WithFact("refused"))
		},
			"has no event fault.resolved with the fact refused"},
		"no event that": {func(t itsmtest.TB) {
			itsmtest.RequireEvent(t, ctx, k, parent, "fault.resolved", itsmtest.That("adds a row", func(e itsm.Entry) bool { return len(e.Rows) > 0 }))
		}, "has no event fault.resolved that adds a row"},
		"event of nothing": {func(t itsmtest.TB) { itsmtest.RequireEvent(t, ctx, k, nobody, "fault.closed") },
			"fault/FLT0000009 has a history that cannot be read: no such record"},

		"absent event":          {func(t itsmtest.TB) { itsmtest.RequireNoEvent(t, ctx, k, parent, "fault.closed") }, ""},
		"absent event by":       {func(t itsmtest.TB) { itsmtest.RequireNoEvent(t, ctx, k, parent, "fault.resolved", itsmtest.By("bob")) }, ""},
		"event that is there":   {func(t itsmtest.TB) { itsmtest.RequireNoEvent(t, ctx, k, parent, "fault.resolved", itsmtest.By("ann")) }, "has an event fault.resolved by ann, at version 12"},
		"no events of nothing":  {func(t itsmtest.TB) { itsmtest.RequireNoEvent(t, ctx, k, nobody, "fault.closed") }, "has a history that cannot be read"},
		"events without actors": {func(t itsmtest.TB) { itsmtest.RequireNoEvent(t, context.Background(), k, parent, "fault.closed") }, "no actor"},

		"timer":               {func(t itsmtest.TB) { itsmtest.RequireTimer(t, ctx, k, parent, "auto_close", closing) }, ""},
		"timer due otherwise": {func(t itsmtest.TB) { itsmtest.RequireTimer(t, ctx, k, parent, "auto_close", start) }, "has the timer auto_close due at 2026-03-06T09:02:00Z, want 2026-03-02T09:00:00Z"},
		"no such timer":       {func(t itsmtest.TB) { itsmtest.RequireTimer(t, ctx, k, parent, "reminder", start) }, "has no timer reminder pending"},
		"timer of nothing":    {func(t itsmtest.TB) { itsmtest.RequireTimer(t, ctx, k, nobody, "reminder", start) }, "has timers that cannot be read: no such record"},
		"absent timer":        {func(t itsmtest.TB) { itsmtest.RequireNoTimer(t, ctx, k, parent, "reminder") }, ""},
		"timer that is there": {func(t itsmtest.TB) { itsmtest.RequireNoTimer(t, ctx, k, parent, "auto_close") }, "has the timer auto_close pending, due at 2026-03-06T09:02:00Z"},
		"no timer of nothing": {func(t itsmtest.TB) { itsmtest.RequireNoTimer(t, ctx, k, nobody, "auto_close") }, "has timers that cannot be read"},
		"something pending":   {func(t itsmtest.TB) { itsmtest.RequireNothingPending(t, ctx, k, child) }, "has the timer reminder pending, due at 2026-03-04T09:00:00Z, and 0 more"},
		"nothing pending on nothing": {func(t itsmtest.TB) { itsmtest.RequireNothingPending(t, ctx, k, nobody) },
			"has timers that cannot be read"},

		"verified":           {func(t itsmtest.TB) { itsmtest.RequireVerified(t, ctx, k, parent) }, ""},
		"verified nothing":   {func(t itsmtest.TB) { itsmtest.RequireVerified(t, ctx, k, nobody) }, "fault/FLT0000009 does not verify: no such record"},
		"verified by nobody": {func(t itsmtest.TB) { itsmtest.RequireVerified(t, context.Background(), k, parent) }, "no actor"},
		"verified by another": {func(t itsmtest.TB) {
			itsmtest.RequireVerified(t, itsmtest.As(ctx, itsmtest.Requester("zoe")), k, parent)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			test.require(&r)
			if test.want == "" {
				require.Empty(t, r.failures)
				return
			}
			require.Len(t, r.failures, 1, "a requirement fails once")
			require.Contains(t, r.failure(), test.want)
		})
	}
}

func TestRequirementsAnswerWhatTheyFound(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	require.EqualValues(t, 10, itsmtest.RequireEvent(t, ctx, k, parent, "fault.taken").Version, "the last one")
	require.EqualValues(t, 2, itsmtest.RequireEvent(t, ctx, k, parent, "fault.taken", itsmtest.By("ann")).Version)
	require.Equal(t, "close", itsmtest.RequireTimer(t, ctx, k, parent, "auto_close", start.Add(4*24*time.Hour+2*time.Minute)).Trigger)
}

func TestFailuresShowTheTimeline(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	timeline, err := itsmtest.Timeline(ctx, k, parent)
	require.NoError(t, err)
	var r recorder
	itsmtest.RequireState(&r, ctx, k, parent, "closed")
	require.Equal(t, "itsmtest: fault/FLT0000001 is in state resolved, want closed\n\n"+timeline, r.failure())

	r = recorder{}
	itsmtest.RequireState(&r, ctx, k, itsm.Ref{Kind: "fault", ID: "FLT0000009"}, "closed")
	require.Contains(t, r.failure(), "(no timeline: no such record")
}

func TestNothingPending(t *testing.T) {
	var f faults
	k, clock := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, f.register)
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	flt, err := f.report.Do(ann, report{Title: "No network"})
	require.NoError(t, err)
	_, err = f.resolve.Do(ann, flt.ID, resolve{Cause: "cable"}, itsm.To("", "ann"))
	require.NoError(t, err)
	require.NoError(t, clock.Advance(ann, 72*time.Hour))
	itsmtest.RequireNothingPending(t, ann, k, flt.Ref())
}

func TestVerifyFindsWhatWasAltered(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	snap, err := k.Store().Snapshot(ctx)
	require.NoError(t, err)
	defer snap.Close()
	rec, err := snap.Get(ctx, itsm.Key{Tenant: itsmtest.Tenant, Kind: parent.Kind, ID: parent.ID})
	require.NoError(t, err)
	rec.(*fault).Cause = "lightning" // behind the kernel's back
	var r recorder
	itsmtest.RequireVerified(&r, ctx, k, parent)
	require.Contains(t, r.failure(), "fault/FLT0000001 does not verify: the record's history was altered")
	require.Contains(t, r.failure(), "cause")
}

func TestRequireRefused(t *testing.T) {
	var f faults
	_, _ = itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, f.register)
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	flt, err := f.report.Do(ann, report{Title: "No network"})
	require.NoError(t, err)

	_, err = f.resolve.Do(ann, flt.ID, resolve{})
	refusal := itsmtest.RequireRefused(t, err, lifecycle.MissingInput)
	require.Equal(t, lifecycle.Trigger("resolve"), refusal.Trigger)
	itsmtest.RequireRefused(t, err)

	two := &lifecycle.Refusal{Lifecycle: "fault", State: "new", Trigger: "resolve", Reasons: []lifecycle.Reason{
		{Code: lifecycle.MissingInput, Args: map[string]string{"field": "cause"}}, {Code: "too_late", Args: map[string]string{"limit": "3"}},
	}}
	itsmtest.RequireRefused(t, two, "too_late", lifecycle.MissingInput)
	for name, test := range map[string]struct {
		err   error
		codes []lifecycle.Code
		want  string
	}{
		"no error":      {nil, nil, "itsmtest: the command was not refused: error is <nil>"},
		"another error": {errors.New("disk full"), nil, "itsmtest: the command was not refused: error is disk full"},
		"a reason too few": {two, []lifecycle.Code{"too_late"}, "itsmtest: fault resolve was refused in state new, but for other reasons than [too_late]:\n" +
			"    missing_input: give cause with the command\n    too_late: too_late (limit=3)"},
		"a reason twice": {two, []lifecycle.Code{"too_late", "too_late"}, "other reasons than [too_late too_late]"},
	} {
		t.Run(name, func(t *testing.T) {
			var r recorder
			itsmtest.RequireRefused(&r, test.err, test.codes...)
			require.Len(t, r.failures, 1)
			assert.Contains(t, r.failure(), test.want)
		})
	}
}
