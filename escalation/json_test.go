package escalation_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/escalation"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
)

func officeHours(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.New(calendar.Spec{Name: "support", Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00")})
	require.NoError(t, err)
	return c
}

// full is a policy with everything that a book can say.
func full(t testing.TB) escalation.Policy {
	where := itsm.All(itsm.Where("service").Is("vpn"), itsm.Where("priority").AtMost(field.Int(2)))
	return escalation.Policy{
		Name: "full", Kinds: []string{incident.Kind}, Where: &where, Calendar: officeHours(t), InHours: true,
		Triggers: []escalation.Trigger{
			{On: escalation.OnLevel, Agreements: []string{"gold"}, Classes: []string{"sla"}, Targets: []string{"resolution"}, Levels: []string{"breach"}, Missed: true},
			{On: escalation.OnNoAcknowledgement, Within: 15 * time.Minute}, {On: escalation.OnNoProgress, Within: 4 * time.Hour},
			{On: escalation.OnReassigned, Count: 3}, {On: escalation.OnReopened, Count: 2}, {On: escalation.OnPriorityRaised, Priority: 1},
		},
		Steps: []escalation.Step{
			{Name: "tell", Kind: escalation.Notify, Audience: []escalation.Audience{escalation.Duty, escalation.MembersOf("network"), "zoe"}, SkipAbsent: true, Hold: true},
			{Name: "manager", Kind: escalation.Hierarchical, ManagersUp: 2, FromGroup: true, Involve: true, After: 90 * time.Minute, Fallback: true},
			{Name: "hand over", Kind: escalation.Functional, Group: "experts"},
			{Name: "raise", Kind: escalation.Raise, Priority: 1},
			{Name: "major", Kind: escalation.ProposeMajor},
			{Name: "note", Kind: escalation.Command, Do: itsm.TriggerNote, Input: itsm.Patch{"body": field.Text("Look at it.")}},
			{Name: "call", Kind: escalation.Call, Func: "siren"},
		},
		Repeat: 2, RepeatAfter: time.Hour, AckTimeout: 30 * time.Minute, TakingStops: true, MaxSteps: 20,
	}
}

func TestBookRoundTrip(t *testing.T) {
	book := escalation.Book{Policies: []escalation.Policy{full(t)}}
	text, err := json.Marshal(book)
	require.NoError(t, err)
	read, err := escalation.ParseBook(text)
	require.NoError(t, err)
	require.Len(t, read.Policies, 1)
	require.Len(t, read.Calendars, 1, "the calendar came along")
	assert.Equal(t, book.Policies[0].Calendar.Fingerprint(), read.Policies[0].Calendar.Fingerprint())
	again, err := json.Marshal(read)
	require.NoError(t, err)
	assert.JSONEq(t, string(text), string(again))
	got, want := read.Policies[0], book.Policies[0]
	got.Calendar, want.Calendar = nil, nil
	assert.Equal(t, want, got)
}

func TestBookFaults(t *testing.T) {
	tests := []struct{ name, text, says string }{
		{"no JSON", `{`, "unexpected"},
		{"unknown field", `{"policies":[{"nmae":"a"}]}`, "nmae"},
		{"more behind", `{"policies":[]} {}`, "more after"},
		{"no such calendar", `{"policies":[{"name":"a","calendar":"x","kinds":["incident"],"steps":[]}]}`, `no calendar "x"`},
		{"no time", `{"policies":[{"name":"a","repeat_after":"soon","kinds":["incident"],"steps":[]}]}`, `"soon"`},
		{"twice", `{"calendars":[{"name":"a","zone":"UTC","weekly":{"mon":"09:00-17:00"}},{"name":"a","zone":"UTC","weekly":{"mon":"09:00-17:00"}}],"policies":[]}`, "name of its own"},
		{"bad calendar", `{"calendars":[{"name":"a","zone":"Mars"}],"policies":[]}`, "Mars"},
		{"bad policy", `{"policies":[{"name":"a","kinds":["incident"],"steps":[{"name":"s","kind":"page"}]}]}`, `not "page"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := escalation.Book{Policies: []escalation.Policy{{Name: "kept"}}}
			err := b.UnmarshalJSON([]byte(test.text))
			require.ErrorIs(t, err, itsm.ErrInvalid)
			require.ErrorContains(t, err, test.says)
			assert.Equal(t, "kept", b.Policies[0].Name)
		})
	}
	nameless, err := calendar.New(calendar.Spec{Zone: "UTC", Weekly: calendar.Weekdays("09:00-17:00")})
	require.NoError(t, err)
	_, err = json.Marshal(escalation.Book{Policies: []escalation.Policy{{Name: "a", Calendar: nameless}}})
	require.ErrorContains(t, err, "names")
}

// What a book reads, it writes so that it reads the same again.
func FuzzParseBook(f *testing.F) {
	text, err := json.Marshal(escalation.Book{Policies: []escalation.Policy{full(f)}})
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"policies":[{"name":"a","kinds":["incident"],"steps":[{"name":"s","kind":"notify","audience":["zoe"],"after":"90m"}]}]}`))
	f.Add([]byte(`{"calendars":[{"name":"c","zone":"UTC","weekly":{"mon":"09:00-17:00"}}],"policies":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := escalation.ParseBook(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(b)
		if err != nil {
			return // calendars without names
		}
		again, err := escalation.ParseBook(text)
		require.NoError(t, err)
		twice, err := json.Marshal(again)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(twice))
	})
}
