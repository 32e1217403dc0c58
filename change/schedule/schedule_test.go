package schedule_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/change/schedule"
)

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

func slot(from, until string) schedule.Slot { return schedule.Slot{Start: at(from), End: at(until)} }

func plan(t testing.TB, windows []schedule.Window, entries ...schedule.Entry) *schedule.Plan {
	p, err := schedule.New(windows)
	require.NoError(t, err)
	for _, e := range entries {
		require.NoError(t, p.Put(e))
	}
	return p
}

func codes(found []schedule.Finding) (list []string) {
	for _, f := range found {
		list = append(list, f.Key())
	}
	return list
}

func TestCheck(t *testing.T) {
	night := slot("2026-03-02 22:00", "2026-03-03 02:00")
	other := schedule.Entry{ID: "other", Slot: night, Items: []string{"db"}, Affected: []string{"app"}, Services: []string{"payroll"}, People: []string{"ann"}}
	freeze := schedule.Window{Name: "year end", Kind: schedule.Freeze, Slots: []schedule.Slot{slot("2026-12-20 00:00", "2027-01-02 00:00")}}
	frozenItem := freeze
	frozenItem.Scope.Items = []string{"app"}
	sunday, err := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Week{Sun: "01:00-05:00"}})
	require.NoError(t, err)
	payroll := schedule.Window{Name: "payroll", Kind: schedule.Allowed, Scope: schedule.Scope{Services: []string{"payroll"}}, Calendar: sunday}
	for _, c := range []struct {
		name    string
		windows []schedule.Window
		entry   schedule.Entry
		want    []string
	}{
		{"nothing in common", nil, schedule.Entry{Slot: night, Items: []string{"web"}}, nil},
		{"the same item", nil, schedule.Entry{Slot: night, Items: []string{"db"}}, []string{"same_item other db"}},
		{"it ends when the other begins", nil, schedule.Entry{Slot: slot("2026-03-02 20:00", "2026-03-02 22:00"), Items: []string{"db"}}, nil},
		{"it begins when the other ends", nil, schedule.Entry{Slot: slot("2026-03-03 02:00", "2026-03-03 03:00"), Items: []string{"db"}}, nil},
		{"an item that depends on the other's", nil, schedule.Entry{Slot: night, Items: []string{"app"}}, []string{"dependent_item other app"}},
		{"the other's item depends on this one's", nil, schedule.Entry{Slot: night, Items: []string{"host"}, Affected: []string{"db"}}, []string{"dependent_item other db"}},
		{"something third depends on both", nil, schedule.Entry{Slot: night, Items: []string{"host"}, Affected: []string{"app"}}, nil},
		{"the same service", nil, schedule.Entry{Slot: night, Services: []string{"payroll"}}, []string{"same_service other payroll"}},
		{"the same person", nil, schedule.Entry{Slot: night, People: []string{"ann"}}, []string{"same_person other ann"}},
		{"itself", nil, schedule.Entry{ID: "other", Slot: night, Items: []string{"db"}}, nil},
		{"a freeze", []schedule.Window{freeze}, schedule.Entry{Slot: slot("2026-12-31 10:00", "2026-12-31 11:00")}, []string{"frozen year end "}},
		{"up to a freeze", []schedule.Window{freeze}, schedule.Entry{Slot: slot("2026-12-19 10:00", "2026-12-20 00:00")}, nil},
		{"a freeze of what depends on it", []schedule.Window{frozenItem}, schedule.Entry{Slot: slot("2026-12-31 10:00", "2026-12-31 11:00"), Items: []string{"db"}, Affected: []string{"app"}}, []string{"frozen year end app"}},
		{"a freeze of something else", []schedule.Window{frozenItem}, schedule.Entry{Slot: slot("2026-12-31 10:00", "2026-12-31 11:00"), Items: []string{"web"}}, nil},
		{"within its window", []schedule.Window{payroll}, schedule.Entry{Slot: slot("2026-03-08 00:00", "2026-03-08 04:00"), Services: []string{"payroll"}}, nil},
		{"longer than its window on the night when it is short", []schedule.Window{payroll}, schedule.Entry{Slot: slot("2026-03-29 00:00", "2026-03-29 03:30"), Services: []string{"payroll"}}, []string{"outside_window  payroll"}},
		{"a window of something else", []schedule.Window{payroll}, schedule.Entry{Slot: night, Services: []string{"mail"}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, codes(plan(t, c.windows, other).Check(c.entry)))
		})
	}
}

func TestInvalid(t *testing.T) {
	_, err := schedule.New([]schedule.Window{{Kind: "x"}, {Name: "b", Kind: schedule.Freeze, Slots: []schedule.Slot{slot("2026-01-02 00:00", "2026-01-01 00:00")}}})
	require.ErrorIs(t, err, schedule.ErrInvalid)
	assert.ErrorContains(t, err, "give it a name")
	assert.ErrorContains(t, err, `window "b": slot 0 ends before it has begun`)
	p := plan(t, nil)
	require.ErrorIs(t, p.Put(schedule.Entry{ID: "a"}), schedule.ErrInvalid)
	_, err = p.Next(schedule.Entry{}, schedule.Search{})
	require.ErrorIs(t, err, schedule.ErrInvalid)
	_, err = p.Next(schedule.Entry{}, schedule.Search{From: at("2026-01-01 00:00"), Until: at("2026-01-01 01:00"), Duration: 2 * time.Hour})
	var none *schedule.NoSlotError
	require.ErrorAs(t, err, &none)
	require.ErrorIs(t, err, schedule.ErrNoSlot)
}

func TestPutTakesThePlaceOfWhatWasThere(t *testing.T) {
	e := schedule.Entry{ID: "a", Slot: slot("2026-01-01 00:00", "2026-01-01 02:00"), Items: []string{"db"}}
	p := plan(t, nil, e)
	asked := schedule.Entry{Slot: e.Slot, Items: []string{"db"}}
	assert.Len(t, p.Check(asked), 1)
	assert.Equal(t, []string{"a"}, p.Touching([]string{"db", "x"}, at("2026-01-01 01:59")))
	assert.Empty(t, p.Touching([]string{"db"}, at("2026-01-01 02:00")))
	moved := e
	moved.Slot = slot("2026-01-02 00:00", "2026-01-02 02:00")
	require.NoError(t, p.Put(moved))
	assert.Empty(t, p.Check(asked))
	assert.Equal(t, 1, p.Len())
	assert.Equal(t, []schedule.Entry{moved}, p.Between(at("2026-01-01 00:00"), at("2026-01-03 00:00")))
	p.Remove("a")
	assert.Zero(t, p.Len())
	assert.Empty(t, p.Between(at("2026-01-01 00:00"), at("2026-01-03 00:00")))
}

// world is a random plan on a grid of ten minutes, over days when clocks are changed.
type world struct {
	begin   time.Time
	windows []schedule.Window
	entries []schedule.Entry
	asked   schedule.Entry
}

const grid = 10 * time.Minute

func worlds(t *rapid.T) world {
	zone := rapid.SampledFrom([]string{"Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "UTC"}).Draw(t, "zone")
	w := world{begin: rapid.SampledFrom([]time.Time{at("2026-03-28 12:00"), at("2026-10-24 12:00"), at("2026-11-01 00:00"), at("2026-03-08 00:00"), at("2026-04-04 06:00")}).Draw(t, "begin")}
	span := func(label string, most int) schedule.Slot {
		from := w.begin.Add(time.Duration(rapid.IntRange(0, 2*144).Draw(t, label+" from")) * grid)
		return schedule.Slot{Start: from, End: from.Add(time.Duration(rapid.IntRange(1, most).Draw(t, label+" long")) * grid)}
	}
	some := func(label string, from ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID[string]).Draw(t, label)
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "windows") {
		win := schedule.Window{
			Name: fmt.Sprint("w", i), Kind: rapid.SampledFrom([]schedule.WindowKind{schedule.Allowed, schedule.Freeze}).Draw(t, "kind"),
			Scope: schedule.Scope{Items: some("scope items", "a", "b"), Services: some("scope services", "s", "t"), Types: some("types", "x")},
		}
		if rapid.Bool().Draw(t, "recurring") {
			hours := rapid.SampledFrom([]calendar.Hours{"00:00-06:00", "02:30-03:30, 20:00-24:00", "01:00-02:00, 02:00-05:00", "22:00-24:00"}).Draw(t, "hours")
			c, err := calendar.New(calendar.Spec{Zone: zone, Weekly: calendar.Daily(hours)})
			if err != nil {
				t.Fatal(err)
			}
			win.Calendar = c
		} else {
			for range rapid.IntRange(1, 3).Draw(t, "slots") {
				win.Slots = append(win.Slots, span("window", 100))
			}
		}
		w.windows = append(w.windows, win)
	}
	entry := func(id string) schedule.Entry {
		return schedule.Entry{
			ID: id, Slot: span("entry", 40), Type: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "type"), Items: some("items", "a", "b", "c"),
			Affected: some("affected", "a", "b", "c"), Services: some("services", "s", "t"), People: some("people", "p", "q"),
		}
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "entries") {
		w.entries = append(w.entries, entry(fmt.Sprint("e", i)))
	}
	w.asked = entry("asked")
	return w
}

// allowed says by minutes whether the entry could be in the slot: nothing of the index, only what the words say.
func (w world) allowed(e schedule.Entry, in schedule.Slot, ignore ...schedule.Code) bool {
	meets := func(a, b []string) bool {
		return slices.ContainsFunc(a, func(n string) bool { return slices.Contains(b, n) })
	}
	ignored := func(c schedule.Code) bool { return slices.Contains(ignore, c) }
	typed := func(win schedule.Window) bool {
		return len(win.Scope.Types) == 0 || slices.Contains(win.Scope.Types, e.Type)
	}
	is := func(win schedule.Window, t time.Time) bool {
		return win.Calendar != nil && win.Calendar.Contains(t) || slices.ContainsFunc(win.Slots, func(s schedule.Slot) bool { return s.Contains(t) })
	}
	global := func(win schedule.Window) bool { return len(win.Scope.Items)+len(win.Scope.Services) == 0 }
	for t := in.Start; t.Before(in.End); t = t.Add(time.Minute) {
		rest, restHolds, anyGlobal := len(e.Items)+len(e.Services) == 0, false, false
		subject := func(in func(schedule.Window) []string, name string) bool {
			named, holds := false, false
			for _, win := range w.windows {
				if win.Kind == schedule.Allowed && typed(win) && slices.Contains(in(win), name) {
					named, holds = true, holds || is(win, t)
				}
			}
			rest = rest || !named
			return !named || holds
		}
		for _, name := range e.Items {
			if !subject(func(w schedule.Window) []string { return w.Scope.Items }, name) && !ignored(schedule.OutsideWindow) {
				return false
			}
		}
		for _, name := range e.Services {
			if !subject(func(w schedule.Window) []string { return w.Scope.Services }, name) && !ignored(schedule.OutsideWindow) {
				return false
			}
		}
		for _, win := range w.windows {
			if !typed(win) {
				continue
			}
			if win.Kind == schedule.Allowed {
				if global(win) {
					anyGlobal, restHolds = true, restHolds || is(win, t)
				}
				continue
			}
			about := global(win) || meets(win.Scope.Items, e.Items) || meets(win.Scope.Items, e.Affected) || meets(win.Scope.Services, e.Services)
			if about && is(win, t) && !ignored(schedule.Frozen) {
				return false
			}
		}
		if rest && anyGlobal && !restHolds && !ignored(schedule.OutsideWindow) {
			return false
		}
		for _, o := range w.entries {
			if o.ID == e.ID || !o.Slot.Contains(t) {
				continue
			}
			if meets(o.Items, e.Items) && !ignored(schedule.SameItem) || (meets(o.Items, e.Affected) || meets(o.Affected, e.Items)) && !ignored(schedule.DependentItem) ||
				meets(o.Services, e.Services) && !ignored(schedule.SameService) || meets(o.People, e.People) && !ignored(schedule.SamePerson) {
				return false
			}
		}
	}
	return true
}

// TestAgainstEveryMinute: Check finds something where a minute is taken, and only there; Next answers a slot in which nothing
// stands in the way, and there is none before it.
func TestAgainstEveryMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		p, err := schedule.New(w.windows)
		require.NoError(t, err)
		for _, i := range rapid.Permutation(w.entries).Draw(t, "order") {
			require.NoError(t, p.Put(i))
		}
		for range rapid.IntRange(0, 3).Draw(t, "gone") {
			gone := fmt.Sprint("e", rapid.IntRange(0, 7).Draw(t, "which"))
			p.Remove(gone)
			w.entries = slices.DeleteFunc(w.entries, func(e schedule.Entry) bool { return e.ID == gone })
		}
		found := p.Check(w.asked)
		require.Equal(t, w.allowed(w.asked, w.asked.Slot), len(found) == 0, "%v", found)
		for _, f := range found {
			require.True(t, f.Slot.Overlaps(w.asked.Slot))
		}

		s := schedule.Search{From: w.asked.Slot.Start, Duration: w.asked.Slot.End.Sub(w.asked.Slot.Start)}
		s.Until = s.From.Add(36 * time.Hour)
		s.Ignore = rapid.SliceOfNDistinct(rapid.SampledFrom([]schedule.Code{schedule.Frozen, schedule.OutsideWindow, schedule.SameItem, schedule.SamePerson}), 0, 2, rapid.ID[schedule.Code]).Draw(t, "ignore")
		got, err := p.Next(w.asked, s)
		last := s.Until
		if err == nil {
			require.Equal(t, s.Duration, got.End.Sub(got.Start))
			require.True(t, w.allowed(w.asked, got, s.Ignore...), "the slot is free: %v", got)
			last = got.Start.Add(s.Duration)
		} else {
			require.ErrorIs(t, err, schedule.ErrNoSlot)
		}
		for from := s.From; from.Add(s.Duration).Before(last) || err != nil && !from.Add(s.Duration).After(last); from = from.Add(grid) {
			require.False(t, w.allowed(w.asked, schedule.Slot{Start: from, End: from.Add(s.Duration)}, s.Ignore...), "%s would be earlier", from)
		}
	})
}

func TestSlots(t *testing.T) {
	night, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Daily("00:00-02:00")})
	require.NoError(t, err)
	p := plan(t, []schedule.Window{{Name: "night", Kind: schedule.Allowed, Calendar: night}},
		schedule.Entry{ID: "e", Slot: slot("2026-01-02 00:30", "2026-01-02 01:00"), Items: []string{"db"}})
	slots, err := p.Slots(schedule.Entry{Items: []string{"db"}}, schedule.Search{From: at("2026-01-01 12:00"), Until: at("2026-01-04 00:00"), Duration: time.Hour}, 9)
	require.NoError(t, err)
	assert.Equal(t, []schedule.Slot{
		slot("2026-01-02 01:00", "2026-01-02 02:00"), slot("2026-01-03 00:00", "2026-01-03 01:00"), slot("2026-01-03 01:00", "2026-01-03 02:00"),
	}, slots)
}

func ExamplePlan() {
	p, err := schedule.New([]schedule.Window{{
		Name: "year end", Kind: schedule.Freeze, Slots: []schedule.Slot{slot("2026-12-20 00:00", "2027-01-02 00:00")},
	}})
	if err != nil {
		panic(err)
	}
	err = p.Put(schedule.Entry{ID: "CHG0000001", Slot: slot("2027-01-02 00:00", "2027-01-02 03:00"), Items: []string{"db1"}})
	if err != nil {
		panic(err)
	}
	mine := schedule.Entry{ID: "CHG0000002", Slot: slot("2026-12-31 22:00", "2027-01-01 00:00"), Items: []string{"db1"}}
	for _, f := range p.Check(mine) {
		fmt.Println(f.Code, f.Window)
	}
	next, err := p.Next(mine, schedule.Search{From: mine.Slot.Start, Until: mine.Slot.Start.AddDate(0, 1, 0), Duration: 2 * time.Hour})
	fmt.Println(next.Start.Format("2 January 15:04"), err)
	// Output:
	// frozen year end
	// 2 January 03:00 <nil>
}

func crowd(b *testing.B, n, items int) *schedule.Plan {
	p := plan(b, nil)
	begin := at("2026-01-01 00:00")
	for i := range n {
		from := begin.Add(time.Duration(i*7919%n) * 365 * 24 * time.Hour / time.Duration(n))
		e := schedule.Entry{
			ID: fmt.Sprintf("CHG%07d", i), Slot: schedule.Slot{Start: from, End: from.Add(2 * time.Hour)}, Items: []string{fmt.Sprint("ci", i%items)},
			Services: []string{fmt.Sprint("svc", i%(items/2))}, People: []string{fmt.Sprint("p", i%items)},
		}
		if i%1000 == 0 {
			e.Slot.End = from.AddDate(0, 2, 0) // some last for months
		}
		if err := p.Put(e); err != nil {
			b.Fatal(err)
		}
	}
	return p
}

// BenchmarkCheck looks for conflicts of one change with 100,000, beside a scan of an array of slots.
func BenchmarkCheck(b *testing.B) {
	const n = 100_000
	p := crowd(b, n, 5000)
	from := at("2026-07-01 10:00")
	asked := schedule.Entry{
		ID: "x", Slot: schedule.Slot{Start: from, End: from.Add(4 * time.Hour)}, Items: []string{"ci17", "ci18", "ci19"}, Services: []string{"svc17"}, People: []string{"p17"},
		Affected: []string{"ci1000", "ci1001", "ci1002", "ci1003", "ci1004", "ci1005", "ci1006", "ci1007"},
	}
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			p.Check(asked)
		}
	})
	all := p.Between(at("2025-01-01 00:00"), at("2028-01-01 00:00"))
	b.Run("floor:_a_scan", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for i := range all {
				if all[i].Slot.Overlaps(asked.Slot) {
					n++
				}
			}
		}
	})
}

// BenchmarkNext looks a year ahead on an item that is busy all the time, with nightly windows.
func BenchmarkNext(b *testing.B) {
	night, err := calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Daily("00:00-04:00")})
	require.NoError(b, err)
	p := plan(b, []schedule.Window{{Name: "nights", Kind: schedule.Allowed, Calendar: night}})
	begin := at("2026-01-01 00:00")
	for i := range 365 { // one each night, two hours after it opens at the latest
		from := begin.AddDate(0, 0, i).Add(time.Duration(i%60) * time.Minute)
		require.NoError(b, p.Put(schedule.Entry{ID: fmt.Sprint(i), Slot: schedule.Slot{Start: from, End: from.Add(2 * time.Hour)}, Items: []string{"db"}}))
	}
	asked := schedule.Entry{ID: "x", Items: []string{"db"}}
	for b.Loop() {
		_, err := p.Next(asked, schedule.Search{From: begin, Until: begin.AddDate(1, 0, 0), Duration: 3 * time.Hour})
		if err != nil && !errors.Is(err, schedule.ErrNoSlot) {
			b.Fatal(err)
		}
	}
}

// BenchmarkPut moves one of 100,000 entries.
func BenchmarkPut(b *testing.B) {
	p := crowd(b, 100_000, 5000)
	e, _ := p.Entry("CHG0050000")
	for b.Loop() {
		e.Slot.Start, e.Slot.End = e.Slot.Start.Add(time.Minute), e.Slot.End.Add(time.Minute)
		if err := p.Put(e); err != nil {
			b.Fatal(err)
		}
	}
}
