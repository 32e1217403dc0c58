package itsm_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/store/memory"
)

// told is what of a life must be the same at its new place: not the digests, since salts are fresh.
func told(t require.TestingT, ctx context.Context, k *itsm.Kernel, ref itsm.Ref) *itsm.Life {
	life, err := k.Life(ctx, ref)
	require.NoError(t, err)
	for i := range life.Events {
		life.Events[i].Digest = itsm.Digest{}
		for j := range life.Events[i].Rows {
			life.Events[i].Rows[j].Digest = itsm.Digest{}
		}
	}
	return life
}

// TestARestoredLifeIsTheSameLife moves what anybody did, erasures included, to an empty desk.
func TestARestoredLifeIsTheSameLife(t *testing.T) {
	restored := 0
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		for range 60 {
			l.step(t)
		}
		var w *workshop
		empty, err := itsm.New(itsm.Config{Store: memory.New(), Clock: l.clock, Authorizer: grants(), Random: itsmtest.Random(11)})
		require.NoError(t, err)
		w, err = newWorkshop(empty)
		require.NoError(t, err)
		require.NoError(t, empty.Open(context.Background()))
		_ = w
		for _, tenant := range []string{"acme", "umbra"} {
			root := as(itsmtest.Administrator("root", itsmtest.InTenant(tenant)))
			for _, kind := range l.k.Kinds() {
				page, err := l.k.List(root, kind, itsm.Query{Limit: 1000})
				require.NoError(t, err)
				for _, rec := range page.Records {
					ref := rec.Header().Ref()
					life, err := l.k.Life(root, ref)
					require.NoError(t, err)
					for i := range life.Timers {
						require.False(t, life.Timers[i].Due.IsZero())
					}
					done, err := empty.Restore(root, life)
					require.NoError(t, err)
					require.False(t, done.Unchanged)
					require.NoError(t, empty.Verify(root, ref))
					if len(done.Suppressed) == 0 {
						require.Equal(t, told(t, root, l.k, ref), told(t, root, empty, ref))
					}
					for v := int64(1); v <= rec.Header().Version; v++ {
						was, err := l.k.At(root, ref, v)
						require.NoError(t, err)
						is, err := empty.At(root, ref, v)
						require.NoError(t, err)
						is.Header().Digest = was.Header().Digest
						require.Equal(t, was, is)
					}
					done, err = empty.Restore(root, life)
					require.NoError(t, err)
					require.True(t, done.Unchanged)
					restored++
				}
			}
		}
	})
	require.NotZero(t, restored)
}

// aLife is a repair that was made, started, put on hold and noted.
func aLife(t *testing.T) (*itsm.Life, *itsm.Kernel, *itsmtest.Clock) {
	t.Helper()
	k, w, clock := newKernel(t, itsm.Config{})
	r := paused(t, w)
	_, err := w.Note(ann, r.ID, "the wheel")
	require.NoError(t, err)
	life, err := k.Life(root, r.Ref())
	require.NoError(t, err)
	return life, k, clock
}

func TestRestoreTellsEveryFaultAndChangesNothing(t *testing.T) {
	life, _, clock := aLife(t)
	n := int64(len(life.Events))
	cases := map[string]struct {
		spoil func(*itsm.Life)
		says  []string
	}{
		"no event":            {func(l *itsm.Life) { l.Events = nil }, []string{"there are none", "no event 4"}},
		"no number":           {func(l *itsm.Life) { l.Ref.ID = "" }, []string{"brings its number"}},
		"another tenant":      {func(l *itsm.Life) { l.Tenant = "umbra" }, []string{`tenant "umbra"`}},
		"time goes back":      {func(l *itsm.Life) { l.Events[1].At = l.Events[0].At.Add(-1) }, []string{"event 2, at", "never go back"}},
		"the future":          {func(l *itsm.Life) { l.Events[n-1].At = clock.Now().Add(1) }, []string{"in the future"}},
		"no instant":          {func(l *itsm.Life) { l.Events[0].At = time.Time{} }, []string{"1677"}},
		"a gap":               {func(l *itsm.Life) { l.Events[1].Version = 7 }, []string{"without a gap"}},
		"an event of another": {func(l *itsm.Life) { l.Events[0].Event = "lamp.turned" }, []string{"lamp.turned"}},
		"nobody":              {func(l *itsm.Life) { l.Events[0].Actor.ID = "" }, []string{"has an actor"}},
		"an actor elsewhere":  {func(l *itsm.Life) { l.Events[0].Actor.Tenant = "umbra" }, []string{"the actor belongs"}},
		"no such field":       {change("wheels", field.Int(3)), []string{"wheels", "no such field"}},
		"no such custom":      {change("custom.wheels", field.Int(3)), []string{"custom.wheels", "no such field"}},
		"another type":        {change("title", field.Int(3)), []string{"title", "takes text, not int"}},
		"no such state":       {change("state", field.Text("broken")), []string{`no state "broken"`}},
		"another phase":       {change("phase", field.Text("closed")), []string{"phase"}},
		"not a level":         {change("impact", field.Text("gigantic")), []string{"impact", "gigantic"}},
		"NUL":                 {change("title", field.Text("a\x00b")), []string{"cannot be stored"}},
		"no UTF-8":            {func(l *itsm.Life) { l.Events[0].Cause = "\xff" }, []string{"UTF-8"}},
		"an erasure unnamed":  {func(l *itsm.Life) { l.Events[0].Changes[0].Erased = true }, []string{}},
		"a fact that is none": {func(l *itsm.Life) { l.Events[0].Facts = map[string]json.RawMessage{"x": json.RawMessage(`{`)} }, []string{"@x"}},
		"a row of no event":   {func(l *itsm.Life) { l.Rows[0].Version = 99 }, []string{"no event 99"}},
		"a row that went":     {func(l *itsm.Life) { l.Rows[0].Removed = true }, []string{"a row is missing"}},
		"a row's facts":       {func(l *itsm.Life) { l.Rows[0].Facts = json.RawMessage(`[]`) }, []string{"JSON object"}},
		"no such trigger":     {func(l *itsm.Life) { l.Timers[0].Trigger = "explode" }, []string{`no trigger "explode"`}},
		"a timer's input":     {func(l *itsm.Life) { l.Timers[0].Input = `{"x` }, []string{"its input"}},
		"two timers":          {func(l *itsm.Life) { l.Timers = append(l.Timers, l.Timers[0]) }, []string{"one timer of a name"}},
		"a timer of no event": {func(l *itsm.Life) { l.Timers[0].Generation = 99 }, []string{"generation"}},
		"many at once": {func(l *itsm.Life) {
			l.Tenant, l.Events[0].Event, l.Rows[0].Kind = "umbra", "x", "No Kind"
		}, []string{"umbra", "is not the kind", "No Kind"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spoilt, _, _ := aLife(t)
			c.spoil(spoilt)
			k, _, _ := newKernel(t, itsm.Config{Clock: clock})
			_, err := k.Restore(root, spoilt)
			require.ErrorIs(t, err, itsm.ErrInvalid)
			for _, says := range c.says {
				require.ErrorContains(t, err, says)
			}
			n, err := k.Count(root, "repair", itsm.Query{})
			require.NoError(t, err)
			require.Zero(t, n)
		})
	}
}

func change(name string, to field.Value) func(*itsm.Life) {
	return func(l *itsm.Life) {
		e := &l.Events[1]
		for i := range e.Changes {
			if e.Changes[i].Field == name {
				e.Changes[i].To = to
				return
			}
		}
		e.Changes = append(e.Changes, itsm.FieldChange{Field: name, To: to})
	}
}

func TestRestoreIsClosedByDefault(t *testing.T) {
	life, k, clock := aLife(t)
	empty, _, _ := newKernel(t, itsm.Config{Clock: clock})
	_, err := empty.Restore(context.Background(), life)
	require.ErrorIs(t, err, itsm.ErrNoActor)
	_, err = empty.Restore(ann, life)
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = empty.Restore(root, nil)
	require.ErrorIs(t, err, itsm.ErrInvalid)
	_, err = k.Life(as(itsmtest.Administrator("mallory", itsmtest.InTenant("umbra"))), life.Ref)
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

func TestALifeInPartIsNotGiven(t *testing.T) {
	hiding := append(itsm.DefaultGrants(), itsm.Grant{Role: "trainee", Verbs: []itsm.Verb{itsm.Read}, Hides: []string{"work_note"}})
	k, w, _ := newKernel(t, itsm.Config{Authorizer: hiding})
	r := started(t, w)
	_, err := k.Life(as(itsm.Actor{ID: "tim", Tenant: "acme", Roles: []itsm.Role{"trainee"}}), r.Ref())
	require.ErrorIs(t, err, itsm.ErrDenied)
}

func TestARestoredNumberIsTakenForGood(t *testing.T) {
	life, k, clock := aLife(t)
	_, err := k.Restore(root, life)
	require.ErrorIs(t, err, itsm.ErrExists, "it is there already")
	empty, w, _ := newKernel(t, itsm.Config{Clock: clock})
	_, err = empty.Restore(root, life)
	require.NoError(t, err)
	life.Events[0].Cause = "another life"
	_, err = empty.Restore(root, life)
	require.ErrorIs(t, err, itsm.ErrExists)
	next := started(t, w)
	require.Greater(t, next.ID, life.Ref.ID, "the series goes on behind it")
}

func TestWhatHadPassedIsSuppressedAndWhatIsToComeFires(t *testing.T) {
	life, _, clock := aLife(t)
	ahead, _, later := newKernel(t, itsm.Config{Clock: itsmtest.NewClock(clock.Now())})
	_ = later
	done, err := ahead.Restore(root, life)
	require.NoError(t, err)
	require.Empty(t, done.Suppressed)
	itsmtest.RequireTimer(t, root, ahead, life.Ref, "nag", life.Timers[0].Due)

	past, _, _ := newKernel(t, itsm.Config{Clock: itsmtest.NewClock(life.Timers[0].Due)})
	done, err = past.Restore(root, life)
	require.NoError(t, err)
	require.Equal(t, []string{"nag"}, done.Suppressed)
	itsmtest.RequireNoTimer(t, root, past, life.Ref, "nag")
	history, err := past.History(root, life.Ref, 0, 0)
	require.NoError(t, err)
	require.JSONEq(t, `["nag"]`, string(history[len(history)-1].Facts["suppressed"]))
	fired, err := past.FireDue(context.Background())
	require.NoError(t, err)
	require.Zero(t, fired)
	require.NoError(t, past.Verify(root, life.Ref))
}

func TestARestoredRecordLivesOn(t *testing.T) {
	life, _, clock := aLife(t)
	k, w, _ := newKernel(t, itsm.Config{Clock: clock})
	_, err := k.Restore(root, life)
	require.NoError(t, err)
	_, err = w.resume.Do(ann, life.Ref.ID, nothing{})
	require.NoError(t, err)
	done, err := k.Restore(root, life)
	require.NoError(t, err)
	require.True(t, done.Unchanged, "whatever became of it since")
	_, err = k.Erase(root, "ann", "she asked")
	require.NoError(t, err)
	require.NoError(t, k.Verify(root, life.Ref))
	again, err := k.Life(root, life.Ref)
	require.NoError(t, err)
	text, err := json.Marshal(again)
	require.NoError(t, err)
	require.False(t, strings.Contains(string(text), `"ann"`))
}
