package sla_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// fullBook has everything that agreements can say.
func fullBook() sla.Book {
	support := must(calendar.New(calendar.Spec{Name: "support", Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-17:00")}))
	night := must(calendar.New(calendar.Spec{Name: "night", Zone: "UTC", Weekly: calendar.Daily("22:00-24:00")}))
	vpn := itsm.Where("service").In("vpn", "mail")
	big := itsm.Where("impact").Is("high")
	return sla.Book{Calendars: []*calendar.Calendar{support, night}, Agreements: []sla.Agreement{{
		Name: "gold", Class: sla.OperationalLevel, Version: 3, Kinds: []string{"incident"}, Where: &vpn, Calendar: support,
		From: at("2026-01-01 00:00").UTC(), Until: at("2027-01-01 00:00").UTC(), OnChange: sla.StartAnew,
		Targets: []sla.Target{
			{
				Name: "handling", Where: &big, Calendar: night,
				Start:  sla.Condition{Groups: []string{"network"}, And: []sla.Condition{{Facts: []sla.Fact{sla.Assigned}}}},
				Stop:   sla.Condition{Events: []string{sla.Answered, "incident.resolved"}, Phases: []lifecycle.Phase{lifecycle.Resolved}},
				Pause:  sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller}, OtherGroups: []string{"network"}},
				Cancel: sla.Condition{Events: []string{"incident.cancelled"}}, Reset: sla.Condition{Events: []string{sla.Reopened}},
				Within: map[itsm.Priority]time.Duration{1: 90 * time.Minute, sla.AnyPriority: 8 * time.Hour},
				Reopen: sla.NewCycle, Late: sla.LatestLevel,
				Levels: []sla.Level{{Name: "soon", Offset: -30 * time.Minute}, {Name: "end", Percent: 100}, {Name: "far", Offset: time.Hour}},
			},
			{Name: "due", Kind: sla.TotalResolution, Deadline: "custom.due"},
		},
	}}}
}

func TestBookRoundTrip(t *testing.T) {
	want := fullBook()
	text, err := json.Marshal(want)
	require.NoError(t, err)
	got, err := sla.ParseBook(text)
	require.NoError(t, err)
	require.Len(t, got.Calendars, 2)
	require.Len(t, got.Agreements, 1)
	assert.Equal(t, "support", got.Agreements[0].Calendar.Name())
	assert.Equal(t, "night", got.Agreements[0].Targets[0].Calendar.Name())
	again, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, string(text), string(again))
	assert.Equal(t, want.Agreements[0].Targets[0].Within, got.Agreements[0].Targets[0].Within)
	assert.Equal(t, want.Agreements[0].Targets[0].Levels, got.Agreements[0].Targets[0].Levels)
	assert.Equal(t, want.Agreements[0].Targets[0].Start, got.Agreements[0].Targets[0].Start)
}

func TestBookFaults(t *testing.T) {
	for text, says := range map[string][]string{
		`{"agreements": [], "extra": 1}`: {"unknown field"},
		`{"agreements": []} {}`:          {"more after"},
		`{"calendars": [{"name": "a", "zone": "Nowhere/Land", "weekly": {"mon": "09:00-17:00"}}], "agreements": [
			{"name": "gold", "class": "sla", "kinds": ["incident"], "calendar": "b", "targets": [
				{"name": "x", "kind": "total_resolution", "within": {"first": "4h", "2": "soon"}}]}]}`: {
			"Nowhere/Land", `there is no calendar "b"`, `"first" is no priority`, `"soon" is no time`,
		},
		`{"calendars": [{"zone": "UTC", "weekly": {"mon": "09:00-17:00"}}], "agreements": []}`: {"needs a name of its own"},
	} {
		_, err := sla.ParseBook([]byte(text))
		require.Error(t, err, text)
		for _, words := range says {
			assert.ErrorContains(t, err, words)
		}
	}
}

func FuzzParseBook(f *testing.F) {
	text, err := json.Marshal(fullBook())
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"agreements": [{"name": "gold", "class": "sla", "kinds": ["incident"], "targets": [{"name": "x", "within": {"any": "4h"}, "stop": {"and": [{}]}}]}]}`))
	f.Add([]byte(`{"calendars": [{"name": "a"}], "agreements": null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		book, err := sla.ParseBook(text)
		if err != nil {
			return
		}
		_, err = sla.NewTerms(book.Agreements...)
		_ = err // agreements may name each other's targets; it must not panic
		out, err := json.Marshal(book)
		require.NoError(t, err)
		_, err = sla.ParseBook(out)
		require.NoError(t, err, "%s", out)
	})
}
