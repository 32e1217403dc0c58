package itsmtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// RequireState requires that a record is in a state.
func RequireState(t TB, ctx context.Context, k *itsm.Kernel, ref itsm.Ref, state lifecycle.State) {
	t.Helper()
	l := look{t, ctx, k, ref}
	var rec itsm.Record
	sees, _, err := eyes(ctx)
	if err == nil {
		rec, err = k.Get(sees, ref)
	}
	if err != nil {
		l.fail("cannot be read: %v", err)
	} else if is := rec.Header().State; is != state {
		l.fail("is in state %s, want %s", is, state)
	}
}

// RequireEvent requires that something happened to a record, such as "incident.resolved", and that every condition holds
// of it. It answers the last such event.
func RequireEvent(t TB, ctx context.Context, k *itsm.Kernel, ref itsm.Ref, event string, where ...Match) itsm.Entry {
	t.Helper()
	l := look{t, ctx, k, ref}
	entry, found, err := l.find(event, where)
	switch {
	case err != nil:
		l.fail("has a history that cannot be read: %v", err)
	case !found:
		l.fail("has no event %s", say(event, where))
	}
	return entry
}

// RequireNoEvent requires that it did not happen.
func RequireNoEvent(t TB, ctx context.Context, k *itsm.Kernel, ref itsm.Ref, event string, where ...Match) {
	t.Helper()
	l := look{t, ctx, k, ref}
	entry, found, err := l.find(event, where)
	switch {
	case err != nil:
		l.fail("has a history that cannot be read: %v", err)
	case found:
		l.fail("has an event %s, at version %d", say(event, where), entry.Version)
	}
}

// RequireTimer requires that a timer of the record is pending and due at that instant. It answers the timer.
func RequireTimer(t TB, ctx context.Context, k *itsm.Kernel, ref itsm.Ref, name string, due time.Time) itsm.Timer {
	t.Helper()
	l := look{t, ctx, k, ref}
	timers, ok := l.timers()
	if !ok {
		return itsm.Timer{}
	}
	i := slices.IndexFunc(timers, func(timer itsm.Timer) bool { return timer.Name == name })
	if i < 0 {
		l.fail("has no timer %s pending", name)
		return itsm.Timer{}
	}
	if is := timers[i].Due; !is.Equal(due) {
		l.fail("has the timer %s due at %s, want %s", name, instant(is), instant(due))
	}
	return timers[i]
}

// RequireNoTimer requires that no timer of that name is pending on the record.
func RequireNoTimer(t TB, ctx context.Context, k *itsm.Kernel, ref itsm.Ref, name string) {
	t.Helper()
	l := look{t, ctx, k, ref}
	timers, _ := l.timers()
	for _, timer := range timers {
		if timer.Name == name {
			l.fail("has the timer %s pending, due at %s", name, instant(timer.Due))
		}
	}
}

// RequireNothingPending requires that the record has no timer.
func RequireNothingPending(t TB, ctx context.Context, k *itsm.Kernel, ref itsm.Ref) {
	t.Helper()
	l := look{t, ctx, k, ref}
	if timers, _ := l.timers(); len(timers) > 0 {
		l.fail("has the timer %s pending, due at %s, and %d more", timers[0].Name, instant(timers[0].Due), len(timers)-1)
	}
}

// RequireVerified requires that the record is what its events say, and that they are as they were written.
func RequireVerified(t TB, ctx context.Context, k *itsm.Kernel, ref itsm.Ref) {
	t.Helper()
	l := look{t, ctx, k, ref}
	sees, _, err := eyes(ctx)
	if err == nil {
		err = k.Verify(sees, ref)
	}
	if err != nil {
		l.fail("does not verify: %v", err)
	}
}

// RequireRefused requires that an error is a refusal of a lifecycle, for exactly the reasons with these codes, in any
// order; a code that stands for two reasons is named twice, and no codes take any refusal. It answers the refusal.
func RequireRefused(t TB, err error, codes ...lifecycle.Code) *lifecycle.Refusal {
	t.Helper()
	refusal, ok := errors.AsType[*lifecycle.Refusal](err)
	if !ok {
		t.Fatalf("itsmtest: the command was not refused: error is %v", err)
		return nil
	}
	var is []lifecycle.Code
	var reasons strings.Builder
	for _, r := range refusal.Reasons {
		is = append(is, r.Code)
		fmt.Fprintf(&reasons, "\n    %s: %s", r.Code, r)
	}
	want := slices.Sorted(slices.Values(codes))
	if slices.Sort(is); len(codes) > 0 && !slices.Equal(is, want) {
		t.Fatalf("itsmtest: %s %s was refused in state %s, but for other reasons than %v:%s",
			refusal.Lifecycle, refusal.Trigger, refusal.State, want, &reasons)
	}
	return refusal
}

// look is a requirement's look at a record.
type look struct {
	t   TB
	ctx context.Context
	k   *itsm.Kernel
	ref itsm.Ref
}

// fail ends the test with what is wrong and the record's life.
func (l look) fail(format string, args ...any) {
	l.t.Helper()
	what := fmt.Sprintf(format, args...)
	timeline, err := Timeline(l.ctx, l.k, l.ref)
	if err != nil {
		l.t.Fatalf("itsmtest: %s %s\n(no timeline: %v)", l.ref, what, err)
		return
	}
	l.t.Fatalf("itsmtest: %s %s\n\n%s", l.ref, what, timeline)
}

// find answers the last event that fits.
func (l look) find(event string, where []Match) (itsm.Entry, bool, error) {
	sees, _, err := eyes(l.ctx)
	if err != nil {
		return itsm.Entry{}, false, err
	}
	entries, err := l.k.History(sees, l.ref, 0, 0)
	if err != nil {
		return itsm.Entry{}, false, err
	}
	for _, e := range slices.Backward(entries) {
		misses := func(m Match) bool { return !m.holds(e) }
		if (e.Event == event || slices.Contains(e.Also, event)) && !slices.ContainsFunc(where, misses) {
			return e, true, nil
		}
	}
	return itsm.Entry{}, false, nil
}

// timers answers what is pending on a record that is there, and false after a failure.
func (l look) timers() ([]itsm.Timer, bool) {
	l.t.Helper()
	sees, tenant, err := eyes(l.ctx)
	if err == nil {
		_, err = l.k.Get(sees, l.ref) // or a record that is not there would have nothing pending
	}
	var timers []itsm.Timer
	if err == nil {
		_, timers, err = hanging(sees, l.k, itsm.Key{Tenant: tenant, Kind: l.ref.Kind, ID: l.ref.ID})
	}
	if err != nil {
		l.fail("has timers that cannot be read: %v", err)
	}
	return timers, err == nil
}

// eyes is ctx with the system as actor in the tenant of whose turn it is.
func eyes(ctx context.Context) (sees context.Context, tenant string, err error) {
	a, err := itsm.ActorFrom(ctx)
	if err != nil {
		return nil, "", err
	}
	return As(ctx, System(InTenant(a.Tenant))), a.Tenant, nil
}

// hanging reads what hangs on a record: its rows by id, and its pending timers.
func hanging(ctx context.Context, k *itsm.Kernel, key itsm.Key) (map[int64]itsm.Row, []itsm.Timer, error) {
	snap, err := k.Store().Snapshot(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer snap.Close()
	rows, err := snap.Rows(ctx, nil, key, "", 0, 0)
	if err != nil {
		return nil, nil, err
	}
	byID := make(map[int64]itsm.Row, len(rows))
	for _, r := range rows {
		byID[r.ID] = r
	}
	timers, err := snap.Timers(ctx, nil, key)
	return byID, timers, err
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
