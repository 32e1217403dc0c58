package itsm_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
)

// calls are all the ways to a record, each as a function of who asks.
func calls(k *itsm.Kernel, w *workshop, r repair) map[string]func(context.Context) error {
	ref, id := r.Ref(), r.ID
	return map[string]func(context.Context) error{
		"Do":        func(ctx context.Context) error { _, err := w.start.Do(ctx, id, nothing{}); return err },
		"Explain":   func(ctx context.Context) error { return w.start.Explain(ctx, id, nothing{}) },
		"Kernel.Do": func(ctx context.Context) error { _, err := k.Do(ctx, ref, "start", nil); return err },
		"Bulk":      func(ctx context.Context) error { return k.Bulk(ctx, []itsm.Ref{ref}, "start", nil)[0].Err },
		"Edit": func(ctx context.Context) error {
			_, err := w.Edit(ctx, id, itsm.Patch{"points": field.Int(1)})
			return err
		},
		"Comment": func(ctx context.Context) error { _, err := w.Comment(ctx, id, itsm.Comment{Body: "x"}); return err },
		"IfVersion": func(ctx context.Context) error {
			_, err := w.start.Do(ctx, id, nothing{}, itsm.IfVersion(99))
			return err
		},
		"Get":         func(ctx context.Context) error { _, err := w.Get(ctx, id); return err },
		"Permitted":   func(ctx context.Context) error { _, err := k.Permitted(ctx, ref); return err },
		"Offers":      func(ctx context.Context) error { _, err := k.Offers(ctx, ref); return err },
		"History":     func(ctx context.Context) error { _, err := w.History(ctx, id, 0, 0); return err },
		"At":          func(ctx context.Context) error { _, err := w.At(ctx, id, 1); return err },
		"AsOf":        func(ctx context.Context) error { _, err := w.AsOf(ctx, id, r.CreatedAt); return err },
		"Head":        func(ctx context.Context) error { _, _, err := k.Head(ctx, ref); return err },
		"Comments":    func(ctx context.Context) error { _, err := w.Comments(ctx, id, 0, 0); return err },
		"WorkNotes":   func(ctx context.Context) error { _, err := w.WorkNotes(ctx, id, 0, 0); return err },
		"TimeEntries": func(ctx context.Context) error { _, err := w.TimeEntries(ctx, id, 0, 0); return err },
		"Attachments": func(ctx context.Context) error { _, err := w.Attachments(ctx, id, 0, 0); return err },
		"Links":       func(ctx context.Context) error { _, err := w.Links(ctx, id); return err },
		"Watchers":    func(ctx context.Context) error { _, err := w.Watchers(ctx, id); return err },
	}
}

func TestClosedByDefault(t *testing.T) {
	store := newWitness(memory.New())
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	r := reported(t, w, bob)
	applied := store.applied
	many := map[string]func(context.Context) error{
		"List":   func(ctx context.Context) error { _, err := w.List(ctx, itsm.Query{}); return err },
		"Count":  func(ctx context.Context) error { _, err := w.Count(ctx, itsm.Query{}); return err },
		"report": func(ctx context.Context) error { _, err := w.report.Do(ctx, intake{Title: "x"}); return err },
		"Erase":  func(ctx context.Context) error { _, err := k.Erase(ctx, "bob", "x"); return err },
		"Parked": func(ctx context.Context) error { _, err := k.Parked(ctx, "mail"); return err },
	}
	for name, ctx := range map[string]context.Context{
		"no actor": context.Background(), "no id": as(itsm.Actor{Tenant: "acme", Kind: itsm.System}), "no tenant": as(itsm.Actor{ID: "ann", Kind: itsm.System}),
	} {
		for call, do := range calls(k, w, r) {
			require.ErrorIs(t, do(ctx), itsm.ErrNoActor, "%s: %s", name, call)
		}
		for call, do := range many {
			require.ErrorIs(t, do(ctx), itsm.ErrNoActor, "%s: %s", name, call)
		}
	}
	for name, ctx := range map[string]context.Context{
		"somebody without a role": as(itsm.Actor{ID: "nobody", Tenant: "acme"}), "another requester": eve, "an administrator of another tenant": mallory,
	} {
		for call, do := range calls(k, w, r) {
			require.ErrorIs(t, do(ctx), itsm.ErrNotFound, "%s: %s tells that the record is there", name, call)
		}
	}
	for call, do := range many {
		require.ErrorIs(t, do(as(itsm.Actor{ID: "nobody", Tenant: "acme"})), itsm.ErrDenied, call)
	}
	require.Equal(t, applied, store.applied, "what is not granted changes nothing")
}

func TestWithoutAnAuthorizerOnlyTheSystemActs(t *testing.T) {
	k, err := itsm.New(itsm.Config{Store: memory.New()})
	require.NoError(t, err)
	w, err := newWorkshop(k)
	require.NoError(t, err)
	require.NoError(t, k.Open(context.Background()))
	_, err = w.report.Do(root, intake{Title: "x"})
	require.ErrorIs(t, err, itsm.ErrDenied)
	_, err = w.report.Do(as(itsmtest.System()), intake{Title: "x"})
	require.NoError(t, err)
}

func TestARequesterDoesWhatIsGrantedToTheOwnTickets(t *testing.T) {
	store := newWitness(memory.New())
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	r := reported(t, w, bob)
	_, err := w.Comment(bob, r.ID, itsm.Comment{Body: "Hello?"})
	require.NoError(t, err)
	applied := store.applied
	for name, do := range map[string]func() error{
		"start": func() error { _, err := w.start.Do(bob, r.ID, nothing{}); return err },
		"edit":  func() error { _, err := w.Edit(bob, r.ID, itsm.Patch{"points": field.Int(1)}); return err },
		"edit beside": func() error {
			_, err := w.Comment(bob, r.ID, itsm.Comment{Body: "x"}, itsm.With(itsm.Patch{"points": field.Int(1)}))
			return err
		},
		"hand over": func() error {
			_, err := w.Comment(bob, r.ID, itsm.Comment{Body: "x"}, itsm.To("pumps", ""))
			return err
		},
		"for another":     func() error { _, err := w.report.Do(bob, intake{Title: "x", Caller: "eve"}); return err },
		"historic":        func() error { _, err := w.report.Do(bob, intake{Title: "x"}, itsm.At(r.CreatedAt)); return err },
		"number":          func() error { _, err := w.report.Do(bob, intake{Title: "x"}, itsm.WithNumber("X1")); return err },
		"verify":          func() error { return k.Verify(bob, r.Ref()) },
		"erase":           func() error { _, err := k.Erase(bob, "eve", "x"); return err },
		"an agent's list": func() error { _, err := k.Parked(ann, "x"); return err },
		"an agent's past": func() error { _, err := w.start.Do(ann, r.ID, nothing{}, itsm.At(r.CreatedAt)); return err },
	} {
		require.ErrorIs(t, do(), itsm.ErrDenied, name)
	}
	require.Equal(t, applied, store.applied)
	permitted, err := k.Permitted(bob, r.Ref())
	require.NoError(t, err)
	require.Equal(t, []lifecycle.Trigger{"comment", "attach", "watch", "unwatch"}, permitted)
}

func TestScopeRulesListsAndCounts(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	mine := map[string]bool{}
	for range 5 {
		mine[reported(t, w, bob).ID] = true
		reported(t, w, eve)
		reported(t, w, mallory)
	}
	var found []string
	for r, err := range w.All(bob, itsm.Query{Limit: 2, Sort: []itsm.Sort{{Column: "created_at", Descending: true}}}) {
		require.NoError(t, err)
		require.True(t, mine[r.ID])
		found = append(found, r.ID)
	}
	require.Len(t, found, 5)
	everything := itsm.Any(itsm.Where("caller").Is("eve"), itsm.Not(itsm.Where("caller").Is("eve")))
	for person, ctx := range map[string]struct {
		ctx  context.Context
		want int64
	}{"bob": {bob, 5}, "agent": {ann, 10}, "tenant": {mallory, 5}} {
		n, err := w.Count(ctx.ctx, itsm.Query{Filter: &everything})
		require.NoError(t, err)
		require.Equal(t, ctx.want, n, person)
	}
}

func TestMaskHidesFieldsAndRows(t *testing.T) {
	gs := itsm.DefaultGrants()
	gs[0].Hides = append(gs[0].Hides, "points", "custom.color", "group", string(itsm.Attachments))
	gs = append(gs, itsm.Grant{Role: "auditor", Verbs: []itsm.Verb{itsm.Read}, Hides: []string{string(itsm.Comments), "points"}})
	k, w, _ := newKernel(t, itsm.Config{Authorizer: gs})
	r := started(t, w)
	_, err := w.Edit(ann, r.ID, itsm.Patch{"points": field.Int(5), "custom.color": field.Text("red")})
	require.NoError(t, err)
	for _, c := range []itsm.Comment{{Body: "Hello?"}, {Body: "He is annoyed.", Internal: true}} {
		_, err := w.Comment(ann, r.ID, c)
		require.NoError(t, err)
	}
	_, err = w.Note(ann, r.ID, "Ordered a valve.")
	require.NoError(t, err)
	_, err = w.Attach(ann, r.ID, itsm.Attachment{Name: "valve.jpg", Location: "s3://valve"})
	require.NoError(t, err)

	auditor := as(itsm.Actor{ID: "aud", Tenant: "acme", Roles: []lifecycle.Role{"auditor"}})
	both := as(itsm.Actor{ID: "bob", Tenant: "acme", Roles: []itsm.Role{itsm.Requester, "auditor"}})
	for name, c := range map[string]struct {
		ctx                              context.Context
		points                           int
		color, group                     string
		comments, notes, files, rowKinds int
	}{
		"agent":   {ann, 5, "red", "pumps", 2, 1, 1, 3},
		"bob":     {bob, 0, "", "", 1, 0, 0, 1},
		"auditor": {auditor, 0, "red", "pumps", 0, 1, 1, 2},
		"both":    {both, 0, "red", "pumps", 0, 1, 1, 2}, // what is shown of the own tickets shows nothing of others'
	} {
		is, err := w.Get(c.ctx, r.ID)
		require.NoError(t, err, name)
		then, err := w.At(c.ctx, r.ID, 3)
		require.NoError(t, err, name)
		page, err := w.List(c.ctx, itsm.Query{})
		require.NoError(t, err, name)
		for _, seen := range []repair{is, then, page.Records[0]} {
			require.Equal(t, c.points, seen.Points, name)
			require.Equal(t, c.color, seen.Custom.Get("color").Text(), name)
			require.Equal(t, c.group, seen.Group, name)
		}
		comments, err := w.Comments(c.ctx, r.ID, 0, 0)
		require.NoError(t, err, name)
		require.Len(t, comments, c.comments, name)
		notes, err := w.WorkNotes(c.ctx, r.ID, 0, 0)
		require.NoError(t, err, name)
		require.Len(t, notes, c.notes, name)
		files, err := w.Attachments(c.ctx, r.ID, 0, 0)
		require.NoError(t, err, name)
		require.Len(t, files, c.files, name)
		kinds := map[itsm.RowKind]bool{}
		entries, err := k.History(c.ctx, r.Ref(), 0, 0)
		require.NoError(t, err, name)
		for _, e := range entries {
			for _, change := range e.Changes {
				require.False(t, change.Field == "points" && c.points == 0, "%s sees points in the history", name)
				require.False(t, change.Field == "custom.color" && c.color == "", "%s sees colors in the history", name)
			}
			for _, row := range e.Rows {
				kinds[row.Kind] = true
			}
		}
		require.Len(t, kinds, c.rowKinds, name)
	}
	is, err := w.Comment(bob, r.ID, itsm.Comment{Body: "Thanks."})
	require.NoError(t, err)
	require.Zero(t, is.Points, "the answer of a command is masked, too")
	for name, q := range map[string]itsm.Query{
		"filter": {Filter: filter(itsm.All(itsm.Not(itsm.Where("points").Equals(field.Int(5)))))},
		"sort":   {Sort: []itsm.Sort{{Column: "points"}}},
	} {
		_, err := w.List(bob, q)
		require.ErrorIs(t, err, itsm.ErrDenied, name)
		_, err = w.Count(bob, q)
		require.ErrorIs(t, err, itsm.ErrDenied, name)
	}
}

func TestAReplayedKeyShowsOnlyWhatTheActorMaySeeNow(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob, itsm.Once("k"))
	_, err := w.Edit(ann, r.ID, itsm.Patch{"caller": field.Text("eve")})
	require.NoError(t, err)
	_, err = w.report.Do(bob, intake{Title: "Pump leaks"}, itsm.Once("k"))
	require.ErrorIs(t, err, itsm.ErrNotFound)
}

func filter(f itsm.Filter) *itsm.Filter { return &f }
