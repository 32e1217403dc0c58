package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/store/memory"
	"github.com/itsmkit/itsmkit/view"
)

func TestAViewIsOfWhoRunsIt(t *testing.T) {
	o := opened(t, nil)
	a, b := o.report(t, bob, "VPN down", itsm.To("", "")), o.report(t, bob, "Printer jams")
	for id, who := range map[string]string{a.ID: "ann", b.ID: "ben"} {
		_, err := o.incidents.Assign(boss, id, incident.Assignment{Group: "network", Assignee: who})
		require.NoError(t, err)
	}
	c := o.report(t, bob, "Mail is slow")
	_, err := o.incidents.Assign(boss, c.ID, incident.Assignment{Group: "network"})
	require.NoError(t, err)

	page, err := o.views.Run(ann, "mine", "")
	require.NoError(t, err)
	require.Equal(t, []string{a.ID}, ids(page.Rows))
	require.Equal(t, []string{"id", "title", "priority"}, page.Columns)
	require.Equal(t, "VPN down", page.Rows[0].Values[1].Text())
	n, err := o.views.Count(ben, "mine")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	for _, who := range []struct {
		ctx  func() []string
		want []string
	}{
		{func() []string { p, err := o.views.Run(ann, "queue", ""); require.NoError(t, err); return ids(p.Rows) }, []string{c.ID}},
		{func() []string { p, err := o.views.Run(eve, "queue", ""); require.NoError(t, err); return ids(p.Rows) }, []string{}},
		{func() []string { p, err := o.views.Run(boss, "queue", ""); require.NoError(t, err); return ids(p.Rows) }, []string{}}, // in no group
	} {
		require.Equal(t, who.want, who.ctx())
	}

	first, err := o.views.Run(ann, "open", "")
	require.NoError(t, err)
	rest, err := o.views.Run(ann, "open", first.Next)
	require.NoError(t, err)
	require.Equal(t, []string{a.ID, b.ID, c.ID}, append(ids(first.Rows), ids(rest.Rows)...))
	require.Empty(t, rest.Next)
}

func TestAViewShowsNoMoreThanItsRunnerSees(t *testing.T) {
	o := opened(t, nil)
	own := o.report(t, bob, "VPN down")
	o.report(t, as(itsmtest.Requester("joe")), "Printer jams")
	_, err := o.incidents.Edit(ann, own.ID, itsm.Patch{"priority": field.Int(1), "priority_reason": field.Text("The board meets.")})
	require.NoError(t, err)

	page, err := o.views.Run(bob, "open", "")
	require.NoError(t, err)
	require.Equal(t, []string{own.ID}, ids(page.Rows), "bob sees the own tickets")
	require.True(t, page.Rows[0].Values[2].IsZero(), "and not why they are urgent")
	n, err := o.views.Count(bob, "open")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	hidden := itsm.Where("priority_reason").Contains("board")
	v := view.View{Title: "Board", Kind: incident.Kind, Filter: &hidden}
	_, err = o.views.RunView(bob, v, "")
	require.ErrorIs(t, err, itsm.ErrDenied, "nor by what it may be found")
	_, err = o.views.RunView(bob, view.View{Title: "Board", Kind: incident.Kind, Sort: []itsm.Sort{{Column: "priority_reason"}}}, "")
	require.ErrorIs(t, err, itsm.ErrDenied)
	page, err = o.views.RunView(ann, v, "")
	require.NoError(t, err)
	require.Len(t, page.Rows, 1)
}

func TestSharedViewsAreSeenByWhomTheyAreSharedWith(t *testing.T) {
	o := opened(t, nil)
	_, err := o.views.Find(ann, "leads")
	require.ErrorIs(t, err, itsm.ErrNotFound)
	shared, err := o.views.Shared(boss)
	require.NoError(t, err)
	require.Len(t, shared, 4)

	f := itsm.Where("title").Contains("vpn")
	saved, err := o.views.Save(ann, view.View{Title: "VPN", Kind: incident.Kind, Filter: &f, Columns: []string{"id"}})
	require.NoError(t, err)
	require.Equal(t, "VIEW0000001", saved.ID)
	o.report(t, bob, "VPN down")
	n, err := o.views.Count(ann, saved.ID)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)

	sees := func(want ...string) {
		t.Helper()
		for name, ctx := range map[string]func() ([]string, error){
			"ann": seenBy(o, "ann"), "ben": seenBy(o, "ben"), "eve": seenBy(o, "eve"),
		} {
			got, err := ctx()
			require.NoError(t, err)
			if has := len(got) == 1; has != (strings.Contains(strings.Join(want, " "), name)) {
				t.Errorf("%s sees %v", name, got)
			}
		}
	}
	sees("ann")
	_, err = o.views.Run(ben, saved.ID, "")
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = o.Get(ben, saved.Ref())
	require.ErrorIs(t, err, itsm.ErrNotFound, "nor through the kernel's door")
	_, err = o.views.Delete(ben, saved.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)

	_, err = o.views.ShareWith(ann, saved.ID, view.Share{Groups: []string{"network"}})
	require.NoError(t, err)
	sees("ann", "ben")
	_, err = o.views.Run(ben, saved.ID, "")
	require.NoError(t, err)
	_, err = o.views.ShareWith(ben, saved.ID, view.Share{})
	refusal, ok := lifecycle.AsRefusal(err)
	require.True(t, ok && refusal.Has("own_view"), "who sees it does not own it: %v", err)
	_, err = o.views.ShareWith(ann, saved.ID, view.Share{Roles: []itsm.Role{itsm.Agent}})
	require.NoError(t, err)
	sees("ann", "ben", "eve")

	f = itsm.Where("title").Contains("printer")
	_, err = o.views.Change(ann, saved.ID, view.View{Title: "Printers", Kind: incident.Kind, Filter: &f})
	require.NoError(t, err)
	v, err := o.views.Find(eve, saved.ID)
	require.NoError(t, err)
	require.Equal(t, "Printers", v.Title)
	_, err = o.views.Delete(ann, saved.ID)
	require.NoError(t, err)
	sees()
	_, err = o.views.Find(ann, saved.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound)
	_, err = o.views.Restore(root, saved.ID)
	require.NoError(t, err)
	sees("ann", "ben", "eve")
	history, err := o.History(ann, saved.Ref(), 0, 0)
	require.NoError(t, err)
	require.Len(t, history, 6)
	require.NoError(t, o.Verify(root, saved.Ref()))

	_, err = o.views.Save(as(itsmtest.Integration("bot")), view.View{Title: "VPN", Kind: incident.Kind})
	require.Error(t, err)
	_, err = o.Erase(root, "ann", "asked for it")
	require.NoError(t, err)
	_, err = o.views.Find(ben, saved.ID)
	require.ErrorIs(t, err, itsm.ErrNotFound, "what its owner wrote is gone with the owner")
}

// seenBy lists the saved views that an agent is to see.
func seenBy(o *office, who string) func() ([]string, error) {
	return func() ([]string, error) {
		page, err := o.views.Mine(as(itsmtest.Agent(who)), "")
		var found []string
		for _, r := range page.Records {
			found = append(found, r.ID)
		}
		return found, err
	}
}

func TestEveryFaultOfACatalogueIsFoundAtOnce(t *testing.T) {
	f := itsm.All(itsm.Where("colour").Is("red"), itsm.Where("title").Is("$you"), itsm.Where("created_at").After(field.Text("$me")),
		itsm.Filter{Op: "like", Column: "title", Values: []field.Value{field.Text("x")}}, itsm.Filter{Op: itsm.OpNot}, itsm.Where("title").Prefix("$groups"))
	k, err := itsm.New(itsm.Config{Store: memory.New()})
	require.NoError(t, err)
	_, err = incident.New(k, incident.Config{})
	require.NoError(t, err)
	_, err = view.New(k, view.Catalogue{
		Views: []view.View{
			{Name: "Bad Name", Kind: incident.Kind, Filter: &f, Sort: []itsm.Sort{{Column: "shape"}}, Columns: []string{"size"}, Limit: 5000, Zone: "Mars/Olympus"},
			{Name: "twice", Title: "Twice", Kind: incident.Kind}, {Name: "twice", Title: "Twice", Kind: "spaceship"},
		},
		Macros: []view.Macro{
			{Name: "m", Kind: incident.Kind},
			{Name: "n", Title: "N", Kind: incident.Kind, Steps: []view.Step{
				{Trigger: "fly"}, {Trigger: incident.TriggerReport}, {Trigger: incident.TriggerHold, Input: itsm.Patch{"speed": field.Int(1)}},
				{Trigger: itsm.TriggerEdit, Input: itsm.Patch{"weight": field.Int(1)}}, {Trigger: incident.TriggerStart, Assignee: "$them"},
			}},
		},
	})
	require.NoError(t, err)
	err = k.Open(t.Context())
	require.ErrorIs(t, err, itsm.ErrInvalid)
	for _, fault := range []string{
		`"colour"`, `"$you"`, "created_at holds", `"like" is no operator`, "not takes one part", "$groups stands", `"shape"`, `"size"`, "1 to 1000",
		"Mars/Olympus", "a title", "stands twice", `"spaceship"`, "lower-case", "a command", `"fly"`, `trigger "report"`, "speed", `"weight"`, "$them",
	} {
		require.ErrorContains(t, err, fault)
	}
}

func TestACatalogueIsData(t *testing.T) {
	text, err := json.Marshal(catalogue())
	require.NoError(t, err)
	read, err := view.ReadCatalogue(strings.NewReader(string(text)))
	require.NoError(t, err)
	again, err := json.Marshal(read)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(again))
	require.Equal(t, catalogue().Views, read.Views)
	for _, bad := range []string{`{"vews":[]}`, `{} {}`, `[`, ``} {
		_, err := view.ReadCatalogue(strings.NewReader(bad))
		require.ErrorIs(t, err, itsm.ErrInvalid, bad)
	}
}

func TestPlaceholders(t *testing.T) {
	for text, want := range map[string]view.Placeholder{
		"$me": {Word: "me"}, "$groups": {Word: "groups"}, "$now": {Word: "now"}, "$today": {Word: "today"},
		"$now-7d": {Word: "now", Time: -week}, "$now+90m": {Word: "now", Time: 90 * time.Minute}, "$today+2w": {Word: "today", Days: 14},
	} {
		got, is, err := view.ParsePlaceholder(text)
		require.True(t, is && err == nil, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"$", "$you", "$me-1d", "$groups+1d", "$now-", "$now-d", "$now-7", "$now-7y", "$now--7d", "$today-3h", "$now+99999999w", "$now-1.5d", "$now +1d"} {
		_, is, err := view.ParsePlaceholder(text)
		require.True(t, is, text)
		require.ErrorIs(t, err, itsm.ErrInvalid, text)
	}
	for _, text := range []string{"", "me", "$$", "$$me", "5 $"} {
		_, is, err := view.ParsePlaceholder(text)
		require.False(t, is, text)
		require.NoError(t, err, text)
	}
}

func FuzzParsePlaceholder(f *testing.F) {
	for _, text := range []string{"$me", "$now-7d", "$today+1w", "$$x", "$now+", "$today-1h", "plain"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, is, err := view.ParsePlaceholder(text)
		if !is || err != nil {
			return
		}
		again, is, err := view.ParsePlaceholder(p.String())
		if !is || err != nil || again != p {
			t.Errorf("%q is %+v, which writes itself %q and is then %+v (%v)", text, p, p.String(), again, err)
		}
	})
}

// TestToday: the first instant of the day in the view's zone, on days whose midnight is left out or comes twice.
func TestToday(t *testing.T) {
	at := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return at
	}
	for _, day := range []struct{ zone, now, placeholder, want string }{
		{"", "2026-03-02T09:00:00Z", "$today", "2026-03-02T00:00:00Z"},
		{"Europe/Vienna", "2026-03-29T12:00:00Z", "$today", "2026-03-28T23:00:00Z"},
		{"Europe/Vienna", "2026-03-29T12:00:00Z", "$today+1d", "2026-03-29T22:00:00Z"},
		{"America/Los_Angeles", "2026-03-02T03:00:00Z", "$today", "2026-03-01T08:00:00Z"},
		{"America/Santiago", "2024-09-08T15:00:00Z", "$today", "2024-09-08T04:00:00Z"}, // from 24:00 to 01:00
		{"America/Havana", "2024-11-03T15:00:00Z", "$today", "2024-11-03T04:00:00Z"},   // 00:00 comes twice
		{"Africa/Cairo", "2024-04-26T15:00:00Z", "$today", "2024-04-25T22:00:00Z"},     // from 24:00 to 01:00, east of Greenwich
	} {
		o := opened(t, nil)
		o.clock.Set(at(day.want).Add(-time.Nanosecond))
		o.report(t, bob, "Before")
		o.clock.Set(at(day.want))
		first := o.report(t, bob, "At the first instant")
		o.clock.Set(at(day.now))
		f := itsm.Where("created_at").AtLeast(field.Text(day.placeholder))
		v := view.View{Title: "New today", Kind: incident.Kind, Filter: &f, Zone: day.zone}
		require.NoError(t, v.Check(o.Kernel))
		page, err := o.views.RunView(ann, v, "")
		require.NoError(t, err)
		require.Equal(t, []string{first.ID}, ids(page.Rows), "%s in %s", day.placeholder, day.zone)
	}
}
