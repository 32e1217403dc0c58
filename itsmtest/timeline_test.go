package itsmtest_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// eventful lives a life with something of everything, and answers a parent and its child.
func eventful(t *testing.T) (k *itsm.Kernel, ctx context.Context, parent, child itsm.Ref) {
	t.Helper()
	var f faults
	k, clock := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, f.register)
	bob := itsmtest.As(t.Context(), itsmtest.Agent("bob"))
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	mail := itsmtest.As(t.Context(), itsmtest.Integration("mail", itsmtest.ActingFor("bob")))
	minutes := func(n time.Duration) { require.NoError(t, clock.Advance(ann, n*time.Minute)) }
	do := func(_ fault, err error) {
		t.Helper()
		require.NoError(t, err)
	}
	p, err := f.report.Do(bob, report{Title: "No network\non the third floor", Caller: "bob"})
	require.NoError(t, err)
	c, err := f.report.Do(ann, report{Title: "No mail", Caller: "joe"})
	require.NoError(t, err)
	minutes(1)
	do(f.take.Do(ann, p.ID, nothing{}))
	do(f.Watch(ann, p.ID, "joe"))
	do(f.Link(ann, p.ID, itsm.ParentOf, c.Ref()))
	minutes(1)
	do(f.Comment(mail, p.ID, itsm.Comment{Body: "Is anybody there?\nBob", Channel: "mail", MessageID: "<1@example.com>"}))
	do(f.Note(ann, p.ID, "Looks like a cable."))
	do(f.LogTime(ann, p.ID, itsm.TimeEntry{Spent: 15 * time.Minute, Activity: "travel", Note: "Up the stairs."}))
	do(f.Attach(ann, p.ID, itsm.Attachment{Name: "cable.jpg", Size: 4096, SHA256: "00", Location: "files/1"}))
	do(f.Unwatch(ann, p.ID, "joe"))
	do(f.take.Do(bob, p.ID, nothing{}))
	require.NoError(t, clock.Advance(ann, 24*time.Hour))
	do(f.resolve.Do(ann, p.ID, resolve{Cause: "cable"}))
	return k, ann, p.Ref(), c.Ref()
}

func TestTimeline(t *testing.T) {
	k, ctx, parent, child := eventful(t)
	text, err := itsmtest.Timeline(ctx, k, parent)
	require.NoError(t, err)
	require.Equal(t, `fault/FLT0000001: No network
    on the third floor
resolved (resolved), P3, version 12

2026-03-02T09:00:00Z  v1  fault.reported by bob
    state: new
    phase: new
    title: No network
        on the third floor
    caller: bob
    priority: 3
    asked_at: 2026-03-02T09:00:00Z

2026-03-02T09:01:00Z  v2  fault.taken by ann
    state: new → working
    phase: new → active
    assignee: ann
    first_assignee: ann

2026-03-02T09:01:00Z  v3  fault.watched by ann
    watcher: removed since

2026-03-02T09:01:00Z  v4  fault.linked by ann
    children: 1
    link by ann: parent_of fault/FLT0000002

2026-03-02T09:02:00Z  v5  fault.commented by mail (integration) on behalf of bob
    comment by bob (channel mail, message_id <1@example.com>): Is anybody there?
        Bob

2026-03-02T09:02:00Z  v6  fault.noted by ann
    work_note by ann: Looks like a cable.

2026-03-02T09:02:00Z  v7  fault.time_logged by ann
    time_entry by ann (activity travel, spent 15m0s): Up the stairs.

2026-03-02T09:02:00Z  v8  fault.attached by ann
    attachment by ann (location files/1, sha256 00, size 4096): cable.jpg

2026-03-02T09:02:00Z  v9  fault.unwatched by ann
    removed: watcher of v3

2026-03-02T09:02:00Z  v10  fault.taken by bob
    assignee: ann → bob
    reassignments: 1

2026-03-03T09:00:00Z  v11  fault.reminded by system, caused by timer reminder
    reminded: nobody answers

2026-03-03T09:02:00Z  v12  fault.resolved by ann
    state: working → resolved
    phase: active → resolved
    cause: cable
    until: 2026-03-06T09:02:00Z

pending
    2026-03-06T09:02:00Z: auto_close → close
`, text)

	text, err = itsmtest.Timeline(ctx, k, child)
	require.NoError(t, err)
	require.Equal(t, `fault/FLT0000002: No mail
new (new), P3, version 4

2026-03-02T09:00:00Z  v1  fault.reported by ann
    state: new
    phase: new
    title: No mail
    caller: joe
    priority: 3
    asked_at: 2026-03-02T09:00:00Z

2026-03-02T09:01:00Z  v2  fault.linked by system on behalf of ann, caused by fault/FLT0000001@4
    parent: fault/FLT0000001
    link by system: child_of fault/FLT0000001

2026-03-03T09:00:00Z  v3  fault.reminded by system, caused by timer reminder
    reminded: nobody answers

2026-03-03T09:02:00Z  v4  fault.refused by system on behalf of ann, caused by fault/FLT0000001@12
    refused: fault: cannot resolve in state new: the record must have assignee afterwards

pending
    2026-03-04T09:00:00Z: reminder → remind
`, text)
}

// Rows of a practice's own are shown as they are, and timers with what they bring.
func TestTimelineOfAPracticesOwn(t *testing.T) {
	var f faults
	k, _ := itsmtest.Kernel(t, itsm.Config{Store: memory.New()}, f.register)
	ann := itsmtest.As(t.Context(), itsmtest.Agent("ann"))
	flt, err := f.report.Do(ann, report{Title: "No network"})
	require.NoError(t, err)
	_, err = f.plan.Do(ann, flt.ID, plan{Steps: []step{{"look"}, {"plug"}}})
	require.NoError(t, err)
	text, err := itsmtest.Timeline(ann, k, flt.Ref())
	require.NoError(t, err)
	require.Contains(t, text, `v2  fault.planned by ann
    task by ann (at 2026-03-02T10:00:00Z, steps [{"name":"look"},{"name":"plug"}]): –

pending
    2026-03-02T10:00:00Z: task → resolve {"cause":"done"}
    2026-03-03T09:00:00Z: reminder → remind
`)
}

func TestTimelineAfterErasure(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	_, err := k.Erase(itsmtest.As(ctx, itsmtest.Administrator("eve")), "bob", "asked for it")
	require.NoError(t, err)
	text, err := itsmtest.Timeline(ctx, k, parent)
	require.NoError(t, err)
	require.NotContains(t, text, "bob")
	require.NotContains(t, text, "No network")
	for _, part := range []string{
		"fault/FLT0000001: erased\n",
		"v1  fault.reported by erased\n    state: new\n    phase: new\n    title: erased\n    caller: erased\n",
		"v5  fault.commented by mail (integration) on behalf of erased\n    comment by erased (channel mail, message_id <1@example.com>): erased\n",
		"    assignee: ann → erased\n",
		"v13  fault.erased by eve\n    title: erased\n",
		"    erased: v1 (actor, title, caller), v5 (on_behalf_of), v10 (actor, assignee), comment of v5\n    reason: asked for it\n",
	} {
		require.Contains(t, text, part)
	}
}

func TestTimelineInAZone(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	text, err := itsmtest.Timeline(ctx, k, parent, itsmtest.In(time.FixedZone("", 2*3600)))
	require.NoError(t, err)
	require.Contains(t, text, "2026-03-03T11:02:00+02:00  v12")
	require.Contains(t, text, "until: 2026-03-06T11:02:00+02:00")
	require.Contains(t, text, "2026-03-06T11:02:00+02:00: auto_close")
	require.NotContains(t, text, "Z")
}

// The timeline shows work notes also where the actor, a requester, would not see them.
func TestTimelineShowsWhatTheSystemSees(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	mine, err := itsmtest.Timeline(ctx, k, parent)
	require.NoError(t, err)
	theirs, err := itsmtest.Timeline(itsmtest.As(ctx, itsmtest.Requester("joe")), k, parent)
	require.NoError(t, err)
	require.Equal(t, mine, theirs)
}

func TestTimelineErrors(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	for name, test := range map[string]struct {
		ctx  context.Context
		ref  itsm.Ref
		want error
	}{
		"no actor":       {context.Background(), parent, itsm.ErrNoActor},
		"another tenant": {itsmtest.As(ctx, itsmtest.Agent("ann", itsmtest.InTenant("globex"))), parent, itsm.ErrNotFound},
		"no such record": {ctx, itsm.Ref{Kind: "fault", ID: "FLT0000009"}, itsm.ErrNotFound},
		"no such kind":   {ctx, itsm.Ref{Kind: "flaw", ID: "FLT0000001"}, itsm.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := itsmtest.Timeline(test.ctx, k, test.ref)
			require.ErrorIs(t, err, test.want)
			require.Empty(t, text)
		})
	}
}

func TestWriteTimeline(t *testing.T) {
	k, ctx, parent, _ := eventful(t)
	var written strings.Builder
	require.NoError(t, itsmtest.WriteTimeline(ctx, &written, k, parent))
	text, err := itsmtest.Timeline(ctx, k, parent)
	require.NoError(t, err)
	require.Equal(t, text, written.String())

	full := errors.New("disk full")
	require.ErrorIs(t, itsmtest.WriteTimeline(ctx, writer(func([]byte) (int, error) { return 0, full }), k, parent), full)
	require.ErrorIs(t, itsmtest.WriteTimeline(ctx, &written, k, itsm.Ref{}), itsm.ErrInvalid)
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
