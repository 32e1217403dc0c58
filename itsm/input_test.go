package itsm_test

import (
	"context"
	"encoding/base64"
	"fmt"
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

func TestTextThatNoStoreCanKeepIsRefusedAtTheDoor(t *testing.T) {
	store := newWitness(memory.New())
	k, w, _ := newKernel(t, itsm.Config{Store: store})
	r := started(t, w)
	for _, bad := range []string{"nul \x00", "bytes \xff"} {
		applied := store.applied
		other := as(itsmtest.Agent(bad))
		for name, do := range map[string]func() error{
			"title":       func() error { _, err := w.report.Do(bob, intake{Title: bad}); return err },
			"custom":      func() error { _, err := w.Edit(ann, r.ID, itsm.Patch{"custom.phone": field.Text(bad)}); return err },
			"custom list": func() error { _, err := w.Edit(ann, r.ID, itsm.Patch{"custom.tags": field.List("a", bad)}); return err },
			"items":       func() error { _, err := w.Edit(ann, r.ID, itsm.Patch{"items": field.List(bad)}); return err },
			"group":       func() error { _, err := w.Note(ann, r.ID, "x", itsm.To(bad, "")); return err },
			"comment":     func() error { _, err := w.Comment(ann, r.ID, itsm.Comment{Body: bad}); return err },
			"channel":     func() error { _, err := w.Comment(ann, r.ID, itsm.Comment{Body: "x", Channel: bad}); return err },
			"message id":  func() error { _, err := w.Comment(ann, r.ID, itsm.Comment{Body: "x", MessageID: bad}); return err },
			"note":        func() error { _, err := w.Note(ann, r.ID, bad); return err },
			"activity":    func() error { _, err := w.LogTime(ann, r.ID, itsm.TimeEntry{Spent: 1, Activity: bad}); return err },
			"file":        func() error { _, err := w.Attach(ann, r.ID, itsm.Attachment{Name: bad}); return err },
			"location":    func() error { _, err := w.Attach(ann, r.ID, itsm.Attachment{Name: "x", Location: bad}); return err },
			"watcher":     func() error { _, err := w.Watch(ann, r.ID, bad); return err },
			"link": func() error {
				_, err := w.Link(ann, r.ID, itsm.LinkType{Name: bad, Inverse: "x"}, reference(w))
				return err
			},
			"inverse": func() error {
				_, err := w.Link(ann, r.ID, itsm.LinkType{Name: "x", Inverse: bad}, reference(w))
				return err
			},
			"key":    func() error { _, err := w.Note(ann, r.ID, "x", itsm.Once(bad)); return err },
			"number": func() error { _, err := w.report.Do(root, intake{Title: "x"}, itsm.WithNumber(bad)); return err },
			"reason": func() error { _, err := w.hold.Do(ann, r.ID, pause{Reason: itsm.HoldReason(bad)}); return err },
			"actor":  func() error { _, err := w.Note(other, r.ID, "x"); return err },
			"tenant": func() error {
				_, err := w.report.Do(as(itsmtest.Agent("ann", itsmtest.InTenant(bad))), intake{Title: "x"})
				return err
			},
			"on behalf of": func() error {
				_, err := w.Note(as(itsmtest.Integration("m", itsmtest.ActingFor(bad))), r.ID, "x")
				return err
			},
			"filter": func() error {
				_, err := w.List(ann, itsm.Query{Filter: filter(itsm.Where("title").Is(bad))})
				return err
			},
		} {
			require.ErrorIs(t, do(), itsm.ErrInvalid, "%s %q", name, bad)
			require.Equal(t, applied, store.applied, "%s %q: something was written", name, bad)
		}
		_, err := w.Get(ann, bad)
		require.ErrorIs(t, err, itsm.ErrNotFound)
	}
	require.NoError(t, k.Verify(root, r.Ref()))
}

// reference is a record to link to.
func reference(w *workshop) itsm.Ref { return w.Ref("REP0000001") }

func TestAnyOtherTextIsKeptAsItIs(t *testing.T) {
	k, w, _ := newKernel(t, itsm.Config{})
	r := started(t, w)
	for _, good := range []string{`back\slash u0000`, `\u0000`, `"quoted"`, "tab\tline\n", "ünï 漢字 🛠", "\ufffd", "<b>&amp;</b>", `\ufffd`} {
		_, err := w.Comment(ann, r.ID, itsm.Comment{Body: good, Channel: good})
		require.NoError(t, err, good)
		comments, err := w.Comments(ann, r.ID, 0, 0)
		require.NoError(t, err)
		last := comments[len(comments)-1]
		require.Equal(t, []string{good, good}, []string{last.Body, last.Channel})
		is, err := w.Edit(ann, r.ID, itsm.Patch{"title": field.Text(good), "items": field.List(good)})
		require.NoError(t, err)
		then, err := w.At(ann, r.ID, is.Version)
		require.NoError(t, err)
		require.Equal(t, is, then)
	}
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestAFactThatWouldSpoilTheHistoryIsRefused(t *testing.T) {
	k, l, _ := newLamps(t, itsm.Config{})
	r := made(t, l, "desk")
	for _, name := range []string{"", `a"b`, "nul\x00", "\xff", "erased", "removed_row", "Some Name"} {
		l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error { return u.Fact(name, "x") }
		_, err := l.turn.Do(ann, r.ID, turn{})
		require.ErrorIs(t, err, itsm.ErrInvalid, "%q", name)
	}
	for _, value := range []any{make(chan int), func() {}} {
		l.onTurn = func(u *itsm.Unit, _ *lamp, _ turn) error { return u.Fact("fine", value) }
		_, err := l.turn.Do(ann, r.ID, turn{})
		require.ErrorIs(t, err, itsm.ErrInvalid)
	}
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestACursorLeadsThroughEveryRecordOnce(t *testing.T) {
	_, w, clock := newKernel(t, itsm.Config{})
	for i := range 23 {
		ctx, with := bob, []itsm.Option{}
		if i%5 == 0 {
			clock.Set(clock.Now().Add(time.Nanosecond))
		}
		r := reported(t, w, ctx, with...)
		if i%3 > 0 {
			_, err := w.Edit(ann, r.ID, itsm.Patch{"points": field.Int(int64(i % 4)), "custom.weight": field.Number(float64(i) / 2)})
			require.NoError(t, err)
		}
	}
	for _, sort := range [][]itsm.Sort{
		nil, {{Column: "id", Descending: true}}, {{Column: "points"}}, {{Column: "points", Descending: true}},
		{{Column: "created_at"}, {Column: "custom.weight", Descending: true}}, {{Column: "caller"}},
	} {
		seen := map[string]bool{}
		for r, err := range w.All(ann, itsm.Query{Sort: sort, Limit: 4}) {
			require.NoError(t, err)
			require.False(t, seen[r.ID], "%s came twice under %v", r.ID, sort)
			seen[r.ID] = true
		}
		require.Len(t, seen, 23, "%v", sort)
	}
}

func TestATamperedCursorIsRefusedOrShowsNothingNew(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	for range 4 {
		reported(t, w, bob)
		reported(t, w, eve)
	}
	sort := []itsm.Sort{{Column: "points"}, {Column: "title"}}
	page, err := w.List(bob, itsm.Query{Limit: 2, Sort: sort})
	require.NoError(t, err)
	for name, q := range map[string]itsm.Query{
		"another sort":      {Cursor: page.Next},
		"another direction": {Cursor: page.Next, Sort: []itsm.Sort{{Column: "points", Descending: true}, {Column: "title"}}},
		"no base64":         {Cursor: "?!", Sort: sort},
		"cut":               {Cursor: page.Next[:len(page.Next)/2], Sort: sort},
		"no JSON":           {Cursor: base64.RawURLEncoding.EncodeToString([]byte("hello")), Sort: sort},
		"empty":             {Cursor: base64.RawURLEncoding.EncodeToString([]byte("{}"))},
		"values missing":    {Cursor: base64.RawURLEncoding.EncodeToString([]byte(`{"s":[{"column":"points"}],"i":"x"}`)), Sort: []itsm.Sort{{Column: "points"}}},
	} {
		_, err := w.List(bob, q)
		require.ErrorIs(t, err, itsm.ErrCursor, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		raw, err := base64.RawURLEncoding.DecodeString(page.Next)
		require.NoError(t, err)
		i := rapid.IntRange(0, len(raw)-1).Draw(t, "at")
		raw[i] = rapid.Byte().Draw(t, "byte")
		next, err := w.List(bob, itsm.Query{Limit: 9, Sort: sort, Cursor: base64.RawURLEncoding.EncodeToString(raw)})
		if err != nil {
			require.ErrorIs(t, err, itsm.ErrCursor)
			return
		}
		for _, r := range next.Records {
			require.Equal(t, "bob", r.Caller)
		}
	})
}

func FuzzCursor(f *testing.F) {
	k, err := itsm.New(itsm.Config{Store: memory.New(), Authorizer: itsm.DefaultGrants()})
	require.NoError(f, err)
	w, err := newWorkshop(k)
	require.NoError(f, err)
	require.NoError(f, k.Open(context.Background()))
	reported(f, w, eve)
	f.Add(`{"i":"REP0000001"}`)
	f.Add(`{"s":[{"column":"points"}],"v":[null],"i":"x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, cursor := range []string{text, base64.RawURLEncoding.EncodeToString([]byte(text))} {
			page, err := w.List(bob, itsm.Query{Cursor: cursor, Sort: nil})
			if err != nil {
				require.ErrorIs(t, err, itsm.ErrCursor)
			}
			require.Empty(t, page.Records)
		}
	})
}

func TestAQueryIsCheckedBeforeItRuns(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	deep := itsm.Where("title").Is("x")
	for range 40 {
		deep = itsm.Not(deep)
	}
	for name, q := range map[string]itsm.Query{
		"column":       {Filter: filter(itsm.Where("no_such").Is("x"))},
		"custom":       {Filter: filter(itsm.Where("custom.no_such").Is("x"))},
		"sort":         {Sort: []itsm.Sort{{Column: "no_such"}}},
		"sorted twice": {Sort: []itsm.Sort{{Column: "title"}, {Column: "title"}}},
		"operator":     {Filter: &itsm.Filter{Op: "like", Column: "title"}},
		"no operator":  {Filter: &itsm.Filter{}},
		"no value":     {Filter: &itsm.Filter{Op: itsm.OpLess, Column: "points"}},
		"not of none":  {Filter: &itsm.Filter{Op: itsm.OpNot}},
		"too deep":     {Filter: &deep},
		"limit":        {Limit: 1001},
		"negative":     {Limit: -1},
	} {
		_, err := w.List(ann, q)
		require.ErrorIs(t, err, itsm.ErrInvalid, name)
		if q.Limit == 0 {
			_, err = w.Count(ann, q)
			require.ErrorIs(t, err, itsm.ErrInvalid, name)
		}
	}
	_, err := w.Kernel().List(ann, "no_such", itsm.Query{})
	require.ErrorIs(t, err, itsm.ErrInvalid)
}

func TestARefReadsWhatItWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ref := itsm.Ref{Kind: rapid.StringMatching(`[a-z_]{1,9}`).Draw(t, "kind"), ID: rapid.StringMatching(`[^\x00]{1,9}`).Draw(t, "id")}
		if rapid.Bool().Draw(t, "zero") {
			ref = itsm.Ref{}
		}
		text, err := ref.MarshalText()
		require.NoError(t, err)
		var read itsm.Ref
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, ref, read)
		require.Equal(t, ref == itsm.Ref{}, ref.IsZero())
	})
	for _, bad := range []string{"incident", "/INC1", "incident/"} {
		var ref itsm.Ref
		require.ErrorIs(t, ref.UnmarshalText([]byte(bad)), itsm.ErrInvalid, bad)
	}
}

func TestTheMatrixIsChecked(t *testing.T) {
	m := itsm.DefaultMatrix()
	require.NoError(t, m.Check())
	for i := itsm.Critical; i <= itsm.Low; i++ {
		for j := itsm.Critical; j <= itsm.Low; j++ {
			require.Equal(t, m.Priority(i, j), m.Priority(j, i), "the default one is symmetric")
			broken := m
			broken[i-1][j-1] = 0
			require.ErrorIs(t, broken.Check(), itsm.ErrInvalid, "an empty cell")
			broken[i-1][j-1] = 9
			if i < itsm.Low || j < itsm.Low {
				require.ErrorIs(t, broken.Check(), itsm.ErrInvalid, "a priority that rises as impact or urgency falls")
			}
		}
	}
	for _, none := range []itsm.Level{0, 5} {
		require.Zero(t, m.Priority(none, itsm.High))
		require.Zero(t, m.Priority(itsm.High, none))
		require.False(t, none.Valid())
	}
	for l := itsm.Level(0); l <= itsm.Low; l++ {
		text, err := l.MarshalText()
		require.NoError(t, err)
		var read itsm.Level
		require.NoError(t, read.UnmarshalText(text))
		require.Equal(t, l, read)
	}
	var l itsm.Level
	require.ErrorIs(t, l.UnmarshalText([]byte("urgent")), itsm.ErrInvalid)
	require.Equal(t, "P1", fmt.Sprint(m.Priority(itsm.Critical, itsm.Critical)))
	require.True(t, strings.HasPrefix(itsm.Level(9).String(), "level"))
}
