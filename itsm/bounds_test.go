package itsm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/store/memory"
)

// TestACommandCostsWhatItTouches counts the calls of the store: they are the same on the first ticket of a desk and on
// a long ticket among thousands.
func TestACommandCostsWhatItTouches(t *testing.T) {
	store := newCounting(memory.New())
	k, w, clock := newKernel(t, itsm.Config{Store: store})
	commands := []struct {
		name string
		do   func(r repair) error
	}{
		{"report", func(repair) error { _, err := w.report.Do(bob, intake{Title: "x"}); return err }},
		{"comment", func(r repair) error { _, err := w.Comment(ann, r.ID, itsm.Comment{Body: "x"}); return err }},
		{"edit", func(r repair) error {
			_, err := w.Edit(ann, r.ID, itsm.Patch{"points": field.Int(clock.Now().UnixNano())})
			return err
		}},
		{"hold", func(r repair) error { _, err := w.hold.Do(ann, r.ID, pause{Reason: "vendor"}); return err }},
		{"resume", func(r repair) error { _, err := w.resume.Do(ann, r.ID, nothing{}); return err }},
		{"refused", func(r repair) error {
			_, err := w.resume.Do(ann, r.ID, nothing{})
			require.ErrorIs(t, err, itsm.ErrRefused)
			return nil
		}},
		{"explain", func(r repair) error { return w.hold.Explain(ann, r.ID, pause{Reason: "vendor"}) }},
		{"once", func(r repair) error {
			_, err := w.Note(ann, r.ID, "x", itsm.Once(clock.Now().String()))
			return err
		}},
		{"get", func(r repair) error { _, err := w.Get(bob, r.ID); return err }},
		{"list", func(repair) error { _, err := w.List(bob, itsm.Query{Limit: 3}); return err }},
		{"history", func(r repair) error { _, err := w.History(ann, r.ID, 2, 3); return err }},
		{"comments", func(r repair) error { _, err := w.Comments(ann, r.ID, 0, 3); return err }},
	}
	r := started(t, w)
	first := map[string]map[string]int{}
	measure := func(check func(name string, calls map[string]int)) {
		for _, c := range commands {
			clock.Set(clock.Now().Add(time.Second))
			store.taken()
			require.NoError(t, c.do(r), c.name)
			check(c.name, store.taken())
		}
	}
	measure(func(name string, calls map[string]int) {
		require.Equal(t, calls["snapshot"], calls["close"], "%s leaves a snapshot open", name)
		require.LessOrEqual(t, calls["apply"], 1, "%s writes one set", name)
		total := 0
		for _, n := range calls {
			total += n
		}
		require.LessOrEqual(t, total, 8, "%s: %v", name, calls)
		first[name] = calls
	})
	for i := range 2000 {
		reported(t, w, bob)
		if i%10 == 0 {
			_, err := w.Comment(ann, r.ID, itsm.Comment{Body: "more"})
			require.NoError(t, err)
		}
	}
	measure(func(name string, calls map[string]int) { require.Equal(t, first[name], calls, name) })
	require.NoError(t, k.Verify(root, r.Ref()))
}

func TestAListComesInPages(t *testing.T) {
	store := newCounting(memory.New())
	_, w, _ := newKernel(t, itsm.Config{Store: store})
	for range 120 {
		reported(t, w, bob)
	}
	page, err := w.List(ann, itsm.Query{})
	require.NoError(t, err)
	require.Len(t, page.Records, 50, "no list is without a bound")
	store.taken()
	n := 0
	for _, err := range w.All(ann, itsm.Query{Limit: 30}) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 120, n)
	require.Equal(t, 4, store.taken()["query"], "one query a page")
	last, err := w.List(ann, itsm.Query{Limit: 120})
	require.NoError(t, err)
	require.Empty(t, last.Next, "a full last page has no next")
	for range w.All(ann, itsm.Query{Limit: 30}) {
		break
	}
	require.Equal(t, 2, store.taken()["query"], "who stops early asks no more")
}

func TestHiddenCommentsDoNotEndAPage(t *testing.T) {
	_, w, _ := newKernel(t, itsm.Config{})
	r := reported(t, w, bob)
	for i := range 12 {
		_, err := w.Comment(ann, r.ID, itsm.Comment{Body: fmt.Sprint(i), Internal: i%6 != 5})
		require.NoError(t, err)
	}
	var read []string
	after := int64(0)
	for {
		page, err := w.Comments(bob, r.ID, after, 1)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		require.Len(t, page, 1)
		read, after = append(read, page[0].Body), page[0].ID
	}
	require.Equal(t, []string{"5", "11"}, read)
}

func TestTheRunnerCostsWhatIsDue(t *testing.T) {
	store := newCounting(memory.New())
	k, w, clock := newKernel(t, itsm.Config{Store: store})
	for range 300 {
		r := started(t, w)
		_, err := w.hold.Do(ann, r.ID, pause{Reason: "vendor"})
		require.NoError(t, err)
	}
	clock.Set(clock.Now().Add(time.Hour))
	late := started(t, w)
	_, err := w.hold.Do(ann, late.ID, pause{Reason: "vendor"})
	require.NoError(t, err)
	store.taken()
	done, next, err := k.Work(ann)
	require.NoError(t, err)
	require.Zero(t, done)
	require.Equal(t, clock.Now().Add(47*time.Hour), next)
	require.Empty(t, store.taken(), "nothing is due: no record is looked at")
	clock.Set(clock.Now().Add(47 * time.Hour))
	done, next, err = k.Work(ann)
	require.NoError(t, err)
	require.Equal(t, 300, done)
	require.Equal(t, clock.Now().Add(time.Hour), next)
	require.Equal(t, 300, store.taken()["apply"])
}
