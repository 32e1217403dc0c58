package itsm_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

var mainLamp = itsm.Ref{Kind: "lamp", ID: "main"}

// keepMain makes sure that there is a lamp of a name, and counts on it.
func keepMain(u *itsm.Unit, c itsm.Change) error {
	if u.Ref() == mainLamp {
		return nil
	}
	if err := u.Ensure(mainLamp, "make", turn{Name: "main"}); err != nil {
		return err
	}
	return u.Do(mainLamp, "turn", nil)
}

func TestARecordOfANameIsMadeOnce(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{Tries: 10_000}, itsm.Hook{Name: "main", Triggers: []lifecycle.Trigger{"turn"}, AfterAct: keepMain})
	const n = 16
	var lamps []lamp
	for range n {
		lamps = append(lamps, made(t, l, "a"))
	}
	require.NoError(t, k.Explain(ann, lamps[0].Ref(), "turn", nil))
	_, err := k.Get(ann, mainLamp)
	require.ErrorIs(t, err, itsm.ErrNotFound, "a question makes nothing")
	var wait sync.WaitGroup
	for _, r := range lamps {
		wait.Go(func() {
			_, err := l.turn.Do(ann, r.ID, turn{})
			assert.NoError(t, err)
		})
	}
	wait.Wait()
	r, err := l.Get(ann, "main")
	require.NoError(t, err)
	assert.Equal(t, n, r.Turns)
	assert.Equal(t, "main", r.Name)
	next := made(t, l, "a")
	assert.NotEqual(t, "main", next.ID)
}

// A number that the caller gave and that is taken stays the caller's error, whatever else the command makes.
func TestAGivenNumberThatIsTakenIsStillAnError(t *testing.T) {
	_, l, _ := newLamps(t, itsm.Config{}, itsm.Hook{Name: "main", Triggers: []lifecycle.Trigger{"make"}, AfterAct: keepMain})
	_, err := l.make.Do(root, turn{}, itsm.WithNumber("OLD-1"))
	require.NoError(t, err)
	_, err = l.make.Do(root, turn{}, itsm.WithNumber("OLD-1"))
	require.ErrorIs(t, err, itsm.ErrExists)
}

func TestEnsureRefuses(t *testing.T) {
	for name, ref := range map[string]itsm.Ref{"no kind": {Kind: "attic", ID: "x"}, "no number": {Kind: "lamp"}, "no text": {Kind: "lamp", ID: "\xff"}} {
		_, l, _ := newLamps(t, itsm.Config{}, itsm.Hook{Name: "bad", Triggers: []lifecycle.Trigger{"turn"}, AfterAct: func(u *itsm.Unit, _ itsm.Change) error {
			return u.Ensure(ref, "make", nil)
		}})
		r := made(t, l, "a")
		_, err := l.turn.Do(ann, r.ID, turn{})
		require.Error(t, err, name)
	}
	_, l, _ := newLamps(t, itsm.Config{}, itsm.Hook{Name: "bad", Triggers: []lifecycle.Trigger{"turn"}, AfterAct: func(u *itsm.Unit, _ itsm.Change) error {
		return u.Ensure(mainLamp, "touch", nil)
	}})
	r := made(t, l, "a")
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.ErrorIs(t, err, itsm.ErrInvalid, "what makes no record")
}

// A hook can tell what it did itself from what others do.
func TestAChangeSaysWhichHookMadeIt(t *testing.T) {
	var by []string
	see := itsm.Hook{Name: "seer", Kinds: []string{"lamp"}, AfterAct: func(_ *itsm.Unit, c itsm.Change) error {
		by = append(by, string(c.Trigger)+" by "+c.By)
		return nil
	}}
	do := itsm.Hook{Name: "doer", Triggers: []lifecycle.Trigger{"turn"}, AfterAct: func(u *itsm.Unit, c itsm.Change) error {
		if c.By == "doer" {
			return nil
		}
		if _, err := u.Create("lamp", "make", turn{Name: "b"}); err != nil {
			return err
		}
		_, err := u.Try(u.Ref(), "turn", nil)
		return err
	}}
	_, l, _ := newLamps(t, itsm.Config{}, see, do)
	r := made(t, l, "a")
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
	assert.Equal(t, []string{"make by ", "turn by ", "make by doer", "turn by doer"}, by)
}

func TestRowsOfTheTransaction(t *testing.T) {
	_, l, _ := newLamps(t, itsm.Config{})
	l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error {
		require.Empty(t, u.Added("mark"))
		require.NoError(t, u.AddRow("mark", "1", nil, "bob", "mine"))
		require.NoError(t, u.AddRow("other", "2", nil, "bob", "mine"))
		rows := u.Added("mark")
		require.Len(t, rows, 1)
		assert.Equal(t, "1", rows[0].Key)
		assert.Equal(t, "bob", rows[0].Sealed.Subject)
		stored, err := u.Rows("mark", 0, 0)
		require.NoError(t, err)
		assert.Empty(t, stored)
		return nil
	}
	r := made(t, l, "a")
	_, err := l.turn.Do(ann, r.ID, turn{})
	require.NoError(t, err)
}

// What somebody has to do is a column of its own, and hidden with what it is made of.
func TestTheOpenAssignee(t *testing.T) {
	const blind = "blind"
	for _, hides := range []string{"assignee", "phase"} {
		k, w, _ := newKernel(t, itsm.Config{Authorizer: append(itsm.DefaultGrants(), itsm.Grant{Role: blind, Verbs: []itsm.Verb{itsm.Read}, Hides: []string{hides}})})
		r := started(t, w)
		is := itsm.Where("open_assignee").Is(r.Assignee)
		count := func(ctx context.Context) (int64, error) { return k.Count(ctx, "repair", itsm.Query{Filter: &is}) }
		n, err := count(ann)
		require.NoError(t, err)
		assert.EqualValues(t, 1, n)
		_, err = count(as(itsm.Actor{ID: "tom", Tenant: "acme", Roles: []itsm.Role{blind}}))
		require.ErrorIs(t, err, itsm.ErrDenied)
		_, err = k.List(as(itsm.Actor{ID: "tom", Tenant: "acme", Roles: []itsm.Role{blind}}), "repair", itsm.Query{Sort: []itsm.Sort{{Column: "open_assignee"}}})
		require.ErrorIs(t, err, itsm.ErrDenied)

		_, err = k.Do(boss, r.Ref(), "drop", nil)
		require.NoError(t, err)
		n, err = count(ann)
		require.NoError(t, err)
		assert.Zero(t, n)
		none := itsm.Where("open_assignee").Empty()
		n, err = k.Count(ann, "repair", itsm.Query{Filter: &none})
		require.NoError(t, err)
		assert.EqualValues(t, 1, n)
	}
	k, _, _ := newLamps(t, itsm.Config{})
	require.ErrorIs(t, k.CheckColumn("lamp", "open_assignee"), itsm.ErrInvalid, "a lamp is no ticket")
}

func TestCheckFilter(t *testing.T) {
	k, _, _ := newKernel(t, itsm.Config{})
	require.NoError(t, k.CheckFilter("repair", itsm.All(itsm.Where("group").Is("x"), itsm.Not(itsm.Where("title").Empty()))))
	for _, bad := range []itsm.Filter{{}, {Op: "like"}, itsm.Where("colour").Is("red"), itsm.Where("group").Equals(field.Int(1)), itsm.Any(itsm.Where("colour").Empty())} {
		require.ErrorIs(t, k.CheckFilter("repair", bad), itsm.ErrInvalid)
	}
	require.ErrorIs(t, k.CheckFilter("attic", itsm.All()), itsm.ErrInvalid)
}
