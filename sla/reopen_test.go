package sla_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// reopenedTwice is resolved after 1 and after 2 hours, and reopened at 11:00 and at 15:00.
var reopenedTwice = []scene{
	then("02 09:00"), then("02 10:00", resolves), then("02 11:00", reopens), then("02 13:00", resolves), then("02 15:00", reopens),
}

func TestReopenPolicies(t *testing.T) {
	tests := []struct {
		reopen sla.Reopen
		want   []string
	}{
		{sla.Continue, []string{"running 4h/4h, due 02 16:00, missed 02 16:00"}},
		{sla.ContinueCounted, []string{"running 7h/4h, due 02 13:00, missed 02 13:00"}},
		{sla.NewCycle, []string{"completed 1h/4h", "completed 2h/4h", "running 1h/4h, due 03 11:00"}},
		{sla.Stay, []string{"completed 1h/4h"}},
	}
	for _, test := range tests {
		t.Run("reopen "+string(test.reopen), func(t *testing.T) {
			target := of(sla.TotalResolution)
			target.Reopen = test.reopen
			rows(t, []row{{"twice", reopenedTwice, "02 16:00", test.want}}, *agreement(target))
		})
	}
}

func TestContinueCounted(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Reopen = sla.ContinueCounted
	shorter := []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", rated(1)), then("02 12:00", reopens)}
	rows(t, []row{
		{"the time runs out meanwhile: missed then, but only once it is reopened", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 15:00", reopens)},
			"02 16:00", []string{"running 7h/4h, due 02 13:00, missed 02 13:00"}},
		{"until then the promise is kept", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 15:00", reopens)},
			"02 14:59", []string{"completed 1h/4h"}},
		{"resolved when it was due", []scene{then("02 09:00"), then("02 13:00", resolves), then("02 15:00", reopens)},
			"02 15:00", []string{"running 6h/4h, due 02 13:00, missed 02 13:00"}},
		{"a night counts nothing", []scene{then("02 09:00"), then("02 10:00", resolves), then("03 10:00", reopens)},
			"03 10:00", []string{"running 9h/4h, due 02 13:00, missed 02 13:00"}},
		{"reopened into a hold", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", holds(itsm.HoldCaller))},
			"02 16:00", []string{"paused 2h/4h"}},
		{"a shorter time that came meanwhile is missed at the reopening, not before", shorter, "02 12:30", []string{"running 3h30m/2h, due 02 12:00, missed 02 12:00"}},
	}, *agreement(target))
}

func TestReopenings(t *testing.T) {
	rows(t, []row{
		{"closed and reopened is as resolved and reopened", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", closes), then("02 12:00", reopens)},
			"02 13:00", []string{"running 2h/4h, due 02 15:00"}},
		{"into a hold it waits", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", holds(itsm.HoldCaller)), then("02 12:00", resumes)},
			"02 13:00", []string{"running 2h/4h, due 02 15:00"}},
		{"with nobody, as new", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", enters(lifecycle.New))},
			"02 12:00", []string{"running 2h/4h, due 02 14:00"}},
		{"with another priority", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", reopens, rated(3))},
			"02 12:00", []string{"running 2h/8h, due 03 10:00"}},
		{"with one whose time is used up", []scene{then("02 09:00"), then("02 12:00", resolves), then("02 14:00", reopens, rated(1))},
			"02 14:00", []string{"running 3h/2h, due 02 14:00, missed 02 14:00"}},
		{"resolved and reopened in one instant", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 10:00", reopens)},
			"02 11:00", []string{"running 2h/4h, due 02 13:00"}},
		{"at night", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 23:00", reopens)},
			"03 10:00", []string{"running 2h/4h, due 03 12:00"}},
		{"on a day off, exactly at midnight", []scene{then("06 09:00"), then("06 10:00", resolves), then("07 00:00", reopens)},
			"09 10:00", []string{"running 2h/4h, due 09 12:00"}},
		{"a missed promise stays missed", []scene{then("02 09:00"), then("02 14:00", resolves), then("03 09:00", reopens)},
			"03 10:00", []string{"running 6h/4h, due 02 13:00, missed 02 13:00"}},
		{"a cancelled ticket never goes on", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", cancels), then("02 12:00", reopens)},
			"02 16:00", []string{"completed 1h/4h, ticket_cancelled"}},
		{"resolved, and more happens while it is", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", asks), then("02 12:00", rated(1)), then("02 13:00", moved("net"))},
			"03 16:00", []string{"completed 1h/4h"}},
	}, *agreement(of(sla.TotalResolution)))
}

// Nobody tests publicly what happens to a ticket that is reopened exactly on a holiday.
func TestReopenedOnAHoliday(t *testing.T) {
	a := *agreement(of(sla.TotalResolution))
	a.Calendar = must(calendar.New(calendar.Spec{
		Zone: "Europe/Brussels", Weekly: calendar.Weekdays("09:00-17:00"), Holidays: []calendar.Holiday{{Name: "Founders' day", On: "03-03"}},
	}))
	rows(t, []row{
		{"it goes on the day after", []scene{then("02 09:00"), then("02 10:00", resolves), then("03 12:00", reopens)}, "04 10:00", []string{"running 2h/4h, due 04 12:00"}},
		{"from its first instant", []scene{then("02 09:00"), then("02 10:00", resolves), then("03 00:00", reopens)}, "03 23:59", []string{"running 1h/4h, due 04 12:00"}},
		{"resolved again on it nothing is used", []scene{then("02 09:00"), then("02 10:00", resolves), then("03 10:00", reopens), then("03 16:00", resolves)},
			"04 12:00", []string{"completed 1h/4h"}},
	}, a)
}

// The clocks of cancelled, merged and duplicate tickets end, and never change again.
func TestEndsOfTickets(t *testing.T) {
	late := []scene{then("02 09:00"), then("02 14:00", cancels)}
	rows(t, []row{
		{"cancelled", []scene{then("02 09:00"), then("02 10:00", cancels)}, "02 16:00", []string{"cancelled 1h/4h, ticket_cancelled"}},
		{"nothing brings it back", []scene{then("02 09:00"), then("02 10:00", cancels), then("02 11:00", reopens), then("02 12:00", resolves), then("02 13:00", reopens)},
			"03 16:00", []string{"cancelled 1h/4h, ticket_cancelled"}},
		{"nor what happens to it", []scene{then("02 09:00"), then("02 10:00", cancels), then("02 11:00", rated(1), moved("net"), answers)},
			"02 16:00", []string{"cancelled 1h/4h, ticket_cancelled"}},
		{"missed before", late, "02 16:00", []string{"cancelled 5h/4h, missed 02 13:00, ticket_cancelled"}},
		{"cancelled when due is not missed", []scene{then("02 09:00"), then("02 13:00", cancels)}, "02 16:00", []string{"cancelled 4h/4h, ticket_cancelled"}},
		{"closed at once is completed", []scene{then("02 09:00"), then("02 10:00", closes)}, "02 16:00", []string{"completed 1h/4h"}},
	}, *agreement(of(sla.TotalResolution)))

	waived := of(sla.TotalResolution)
	waived.Start = sla.Condition{Events: []string{sla.Reported, "incident.restarted"}}
	waived.Cancel = sla.Condition{Events: []string{"incident.waived"}}
	rows(t, []row{
		{"whatever had ended it before", []scene{then("02 09:00"), then("02 10:00", happens("incident.waived")), then("02 11:00", cancels), then("02 12:00", reopens, happens("incident.restarted"))},
			"02 16:00", []string{"cancelled 1h/4h, ticket_cancelled"}},
	}, *agreement(waived))

	vpn := itsm.Where("service").Is("vpn")
	waived.Where = &vpn
	rows(t, []row{
		{"also where it comes under the agreement only afterwards", []scene{then("02 09:00"), then("02 11:00", cancels), then("02 12:00", reopens, serves("vpn")), then("02 13:00", happens("incident.restarted"))},
			"02 16:00", []string{"cancelled 2h/4h, ticket_cancelled"}},
	}, *agreement(waived))
}

func TestInstants(t *testing.T) {
	rows(t, []row{
		{"paused in the instant of due breaks nothing", []scene{then("02 09:00"), then("02 13:00", holds(itsm.HoldCaller))}, "03 16:00", []string{"paused 4h/4h"}},
		{"resumed it is due at once", []scene{then("02 09:00"), then("02 13:00", holds(itsm.HoldCaller)), then("03 10:00", resumes)},
			"03 10:00", []string{"running 4h/4h, due 03 10:00, missed 03 10:00"}},
		{"unless it is resolved in the instant of the resumption", []scene{then("02 09:00"), then("02 13:00", holds(itsm.HoldCaller)), then("03 10:00", resumes), then("03 10:00", resolves)},
			"03 16:00", []string{"completed 4h/4h"}},
		{"stopped in the instant of due is in time", []scene{then("02 09:00"), then("02 13:00", resolves)}, "02 16:00", []string{"completed 4h/4h"}},
		{"though something else happened before in that instant", []scene{then("02 09:00"), then("02 13:00", moved("net")), then("02 13:00", resolves)},
			"02 16:00", []string{"completed 4h/4h"}},
		{"a hold of no length", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 10:00", resumes)}, "02 11:00", []string{"running 2h/4h, due 02 13:00"}},
		{"a hold at night", []scene{then("02 09:00"), then("02 20:00", holds(itsm.HoldCaller)), then("03 06:00", resumes)}, "03 09:30", []string{"running 8h30m/4h, due 02 13:00, missed 02 13:00"}},
		{"all in one instant", []scene{then("02 09:00"), then("02 09:00", starts), then("02 09:00", holds(itsm.HoldCaller)), then("02 09:00", resumes), then("02 09:00", resolves)},
			"02 16:00", []string{"completed 0s/4h"}},
		{"a machine's clock that went back: what it brings is of the last instant", []scene{then("02 10:00"), then("02 12:00", holds(itsm.HoldCaller)), then("02 12:00", nothingNew), then("02 12:00", resumes), then("02 12:00", moved("net"))},
			"02 13:00", []string{"running 3h/4h, due 02 14:00"}},
	}, *agreement(of(sla.TotalResolution)))
}

// What is shown at an instant is what was shown then: later moments do not count.
func TestAsOf(t *testing.T) {
	terms := must(sla.NewTerms(*agreement(of(sla.TotalResolution))))
	moments := tale(then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 12:00", resumes), then("02 16:00", resolves))
	for at, want := range map[string]string{
		"02 09:30": "running 30m/4h, due 02 13:00",
		"02 11:00": "paused 1h/4h",
		"02 15:00": "running 4h/4h, due 02 15:00, missed 02 15:00",
		"02 17:00": "completed 5h/4h, missed 02 15:00",
	} {
		assert.Equal(t, []string{want}, clocks(terms, moments, when(at)), at)
	}
	s := terms.Evaluate("incident", moments, when("02 15:30"))[0]
	assert.True(t, s.Late())
	assert.Equal(t, -30*time.Minute, s.Remaining)
	assert.Equal(t, 112, s.Percent)
	s = terms.Evaluate("incident", moments, when("02 11:00"))[0]
	assert.False(t, s.Late())
	assert.Equal(t, 3*time.Hour, s.Remaining, "while it waits what remains is told")
	assert.Equal(t, 25, s.Percent)
}
