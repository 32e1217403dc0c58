package itsm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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

// TestAnyCommandCostsAConstant gives any commands, accepted or refused, to desks with few or many other records and to
// tickets with short or long histories: none takes more calls of the store than a small constant, and no list does.
func TestAnyCommandCostsAConstant(t *testing.T) {
	const most = 12
	dearest, accepted, given := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		bounded := func(what string, do func()) {
			l.calls.taken()
			do()
			calls := l.calls.total()
			dearest = max(dearest, calls)
			require.LessOrEqual(t, calls, most, what)
		}
		size := rapid.SampledFrom([]int{1, 20, 200})
		others, length := size.Draw(t, "others"), size.Draw(t, "length")
		for range others {
			_, err := l.w.report.Do(bob, intake{Title: "Tyre flat"})
			require.NoError(t, err)
		}
		long := rapid.SampledFrom(l.saw.keys()).Draw(t, "long")
		for range length {
			_, err := l.w.Note(ann, long.ID, "and again")
			require.NoError(t, err)
		}
		for range 30 {
			a := l.draw(t)
			if a.ref.ID != "" && rapid.Bool().Draw(t, "to the long one") {
				a.ref = long.Ref()
			}
			if a.trigger == "link" {
				continue // a finish touches the parts, too
			}
			applied := l.saw.applied
			bounded(string(a.trigger), func() {
				_, err := l.k.Do(as(a.actor), a.ref, a.trigger, a.in, a.with...)
				typed(t, err)
			})
			given++
			accepted += l.saw.applied - applied
			bounded("Explain of "+string(a.trigger), func() { typed(t, l.k.Explain(as(a.actor), a.ref, a.trigger, a.in, a.with...)) })
		}
		see, limit := as(rapid.SampledFrom(actors[:6]).Draw(t, "reader")), rapid.IntRange(1, 100).Draw(t, "limit")
		for name, read := range map[string]func() error{
			"List":      func() error { _, err := l.w.List(see, itsm.Query{Limit: limit}); return err },
			"Count":     func() error { _, err := l.w.Count(see, itsm.Query{}); return err },
			"Get":       func() error { _, err := l.w.Get(see, long.ID); return err },
			"Comments":  func() error { _, err := l.w.Comments(see, long.ID, 0, limit); return err },
			"History":   func() error { _, err := l.w.History(see, long.ID, 0, limit); return err },
			"Permitted": func() error { _, err := l.k.Permitted(see, long.Ref()); return err },
		} {
			bounded(name, func() { typed(t, read()) })
		}
	})
	t.Logf("%d commands, %d accepted; the dearest took %d calls", given, accepted, dearest)
	require.Greater(t, accepted, given/15, "a bound on refusals alone says little")
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
