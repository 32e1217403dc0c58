package sla_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

func TestTakeOwnership(t *testing.T) {
	rows(t, []row{
		{"runs while nobody is named", []scene{then("02 09:00"), then("02 09:30", moved("net")), then("02 10:00", starts)},
			"02 11:00", []string{"running 2h/4h, due 02 13:00"}},
		{"until somebody is", []scene{then("02 09:00"), then("02 10:00", assigned("ann"))},
			"02 11:00", []string{"completed 1h/4h"}},
		{"another takes nothing back, nor does nobody", []scene{then("02 09:00"), then("02 10:00", assigned("ann")), then("02 11:00", assigned("bob")), then("02 12:00", assigned("")), then("02 13:00", assigned("ann"))},
			"03 11:00", []string{"completed 1h/4h"}},
		{"named with the report is no clock at all", []scene{then("02 09:00", assigned("ann")), then("02 12:00", assigned(""))},
			"02 16:00", []string{}},
		{"resolved by nobody keeps it", []scene{then("02 09:00"), then("02 10:00", resolves)},
			"02 16:00", []string{"completed 1h/4h"}},
		{"and a reopening does not take that back", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", reopens)},
			"02 16:00", []string{"completed 1h/4h"}},
		{"it waits while the ticket does", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 12:00", resumes)},
			"02 13:00", []string{"running 2h/4h, due 02 15:00"}},
		{"too late", []scene{then("02 09:00"), then("02 14:00", assigned("ann"))},
			"02 16:00", []string{"completed 5h/4h, missed 02 13:00"}},
	}, *agreement(of(sla.TakeOwnership)))
}

func TestFirstResponse(t *testing.T) {
	rows(t, []row{
		{"runs until the desk answers", []scene{then("02 09:00"), then("02 10:00", assigned("ann"), starts), then("02 11:00", answers)},
			"02 16:00", []string{"completed 2h/4h"}},
		{"a second message of the caller moves nothing", []scene{then("02 09:00"), then("02 10:00", asks), then("02 11:00", asks)},
			"02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"a second answer changes nothing", []scene{then("02 09:00"), then("02 11:00", answers), then("02 15:00", asks), then("02 16:00", answers)},
			"03 16:00", []string{"completed 2h/4h"}},
		{"to resolve is to answer", []scene{then("02 09:00"), then("02 11:00", resolves), then("02 12:00", reopens)},
			"02 16:00", []string{"completed 2h/4h"}},
		{"answered and put on hold in one command", []scene{then("02 09:00"), then("02 11:00", answers, holds(itsm.HoldCaller))},
			"02 16:00", []string{"completed 2h/4h"}},
		{"answered in the instant of the report", []scene{then("02 09:00"), then("02 09:00", answers)},
			"02 16:00", []string{"completed 0s/4h"}},
		{"answered with the report is no clock at all", []scene{then("02 09:00", answers)},
			"02 16:00", []string{}},
		{"a report that nobody waits for is answered, too", []scene{then("02 09:00", silent), then("02 10:00", answers)},
			"02 16:00", []string{"completed 1h/4h"}},
		{"work and hands are no answer", []scene{then("02 09:00"), then("02 10:00", assigned("ann"), moved("net"), happens("incident.started")), then("02 11:00", assigned("bob"))},
			"02 16:00", []string{"running 7h/4h, due 02 13:00, missed 02 13:00"}},
	}, *agreement(of(sla.FirstResponse)))
}

func TestNextResponse(t *testing.T) {
	rows(t, []row{
		{"the first question is the first response's", []scene{then("02 09:00")}, "02 12:00", []string{}},
		{"answered, and nothing new", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", answers)}, "02 12:00", []string{}},
		{"each question that waits is a cycle", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 12:00", answers), then("03 09:00", asks)},
			"03 10:00", []string{"completed 1h/4h", "running 1h/4h, due 03 13:00"}},
		{"asked again while it waits moves nothing", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 14:00", asks)},
			"02 16:00", []string{"running 5h/4h, due 02 15:00, missed 02 15:00"}},
		{"an answer to nothing begins no cycle", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 12:00", answers), then("02 13:00", answers)},
			"02 16:00", []string{"completed 1h/4h"}},
		{"to resolve is to answer", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 12:00", resolves)},
			"02 16:00", []string{"completed 1h/4h"}},
		{"the caller reopens with a question", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", resolves), then("02 12:00", asks, reopens)},
			"02 13:00", []string{"running 1h/4h, due 02 16:00"}},
		{"a reopening alone is none", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 12:00", resolves), then("02 13:00", reopens)},
			"02 16:00", []string{"completed 1h/4h"}},
		{"answered in the instant of the question", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 11:00", answers)},
			"02 16:00", []string{"completed 0s/4h"}},
		{"asked in the instant of the answer", []scene{then("02 09:00"), then("02 10:00", answers), then("02 10:00", asks)},
			"02 11:00", []string{"running 1h/4h, due 02 14:00"}},
		{"asked, answered and asked again in one instant", []scene{then("02 09:00"), then("02 10:00", answers), then("02 10:00", asks), then("02 10:00", answers), then("02 10:00", asks)},
			"02 11:00", []string{"completed 0s/4h", "running 1h/4h, due 02 14:00"}},
		{"answered and asked in one command", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks), then("02 12:00", answers, asks)},
			"02 13:00", []string{"completed 1h/4h", "running 1h/4h, due 02 16:00"}},
		{"it waits while the ticket waits for the caller", []scene{then("02 09:00"), then("02 10:00", answers, holds(itsm.HoldCaller)), then("02 11:00", asks), then("02 13:00", resumes)},
			"02 14:00", []string{"running 1h/4h, due 02 17:00"}},
	}, *agreement(of(sla.NextResponse)))
}

func TestPeriodicUpdate(t *testing.T) {
	rows(t, []row{
		{"from the report on", []scene{then("02 09:00")}, "02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"and from each answer on", []scene{then("02 09:00"), then("02 10:00", answers), then("02 16:00", answers)},
			"03 09:00", []string{"completed 1h/4h", "completed 6h/4h, missed 02 14:00", "running 1h/4h, due 03 12:00"}},
		{"until it is resolved", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", answers, resolves)},
			"03 09:00", []string{"completed 1h/4h", "completed 1h/4h"}},
		{"and from the reopening on", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 16:00", reopens)},
			"02 17:00", []string{"completed 1h/4h", "running 1h/4h, due 03 12:00"}},
		{"also where the last word resolved it", []scene{then("02 09:00"), then("02 10:00", answers, resolves), then("02 16:00", reopens)},
			"02 17:00", []string{"completed 1h/4h", "running 1h/4h, due 03 12:00"}},
		{"what the caller writes is no update", []scene{then("02 09:00"), then("02 10:00", asks), then("02 11:00", asks)},
			"02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"an update that puts it on hold begins a cycle that waits", []scene{then("02 09:00"), then("02 10:00", answers, holds(itsm.HoldCaller)), then("02 12:00", resumes)},
			"02 13:00", []string{"completed 1h/4h", "running 1h/4h, due 02 16:00"}},
	}, *agreement(of(sla.PeriodicUpdate)))
}

func TestResolutionKinds(t *testing.T) {
	reopened := []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", reopens), then("02 13:00", resolves), then("02 14:00", closes)}
	first, total := of(sla.FirstResolution), of(sla.TotalResolution)
	first.Name, total.Name = "first of it", "total of it"
	rows(t, []row{
		{"a reopening is the total's", reopened, "02 16:00", []string{"gold first of it completed 1h/4h", "gold total of it completed 3h/4h"}},
		{"reassigned again and again", []scene{then("02 09:00", assigned("ann")), then("02 10:00", assigned("bob"), moved("net")), then("02 11:00", assigned(""), moved("apps"))},
			"02 12:00", []string{"gold first of it running 3h/4h, due 02 13:00", "gold total of it running 3h/4h, due 02 13:00"}},
		{"resolved with the report is no clock at all", []scene{then("02 09:00", resolves), then("02 10:00", reopens)}, "02 16:00", []string{}},
	}, *agreement(first, total))
}

func TestCustomKind(t *testing.T) {
	custom := of(sla.Custom)
	custom.Stop.Events = []string{"incident.shipped"}
	rows(t, []row{
		{"as it says", []scene{then("02 09:00"), then("02 10:00", answers, assigned("ann")), then("02 11:00", happens("incident.shipped"))},
			"02 16:00", []string{"completed 2h/4h"}},
		{"a resolution is not asked for", []scene{then("02 09:00"), then("02 11:00", resolves)},
			"02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"but nobody works on a closed ticket", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", closes)},
			"02 16:00", []string{"completed 2h/4h"}},
	}, *agreement(custom))
}

// A target may say otherwise than its kind does.
func TestKindsAreDefaults(t *testing.T) {
	target := of(sla.FirstResponse)
	target.Stop = sla.Condition{Events: []string{sla.Answered}, And: []sla.Condition{{Facts: []sla.Fact{sla.Assigned}}}}
	rows(t, []row{
		{"an answer of a robot is none", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", assigned("ann")), then("02 12:00", answers)},
			"02 16:00", []string{"completed 3h/4h"}},
	}, *agreement(target))
}

func TestConditionsOfKinds(t *testing.T) {
	for _, kind := range sla.Kinds() {
		start, stop, _, ok := kind.Conditions()
		require.True(t, ok, kind)
		assert.False(t, start.IsZero(), kind)
		assert.Equal(t, kind == sla.Custom, stop.IsZero(), kind)
		if kind != sla.Custom {
			assert.NoError(t, agreement(of(kind)).Check())
		}
	}
	_, _, _, ok := sla.Kind("last_response").Conditions()
	assert.False(t, ok)

	a := agreement(of("last_response"))
	a.Targets[0].Stop.Phases = []lifecycle.Phase{lifecycle.Resolved}
	assert.ErrorContains(t, a.Check(), `there is no kind of target "last_response"`)
}
