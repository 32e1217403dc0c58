package sla_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// An operational-level agreement of one group: its clock starts when the group gets the ticket and ends when it leaves.
func TestGroupsHaveClocksOfTheirOwn(t *testing.T) {
	ola := of(sla.Custom)
	ola.Start = sla.Condition{Groups: []string{"net"}}
	ola.Stop = sla.Condition{OtherGroups: []string{"net"}, Phases: []lifecycle.Phase{lifecycle.Resolved, lifecycle.Closed}}
	rows(t, []row{
		{"nothing before it has it", []scene{then("02 09:00"), then("02 10:00", moved("apps"))}, "02 12:00", []string{}},
		{"it starts at the hand-over", []scene{then("02 09:00", moved("apps")), then("02 11:00", moved("net"))},
			"02 12:00", []string{"running 1h/4h, due 02 15:00"}},
		{"with the report", []scene{then("02 09:00", moved("net"))}, "02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"and ends when it leaves", []scene{then("02 09:00", moved("net")), then("02 11:00", moved("apps"))}, "02 16:00", []string{"completed 2h/4h"}},
		{"to nobody, too", []scene{then("02 09:00", moved("net")), then("02 11:00", moved(""))}, "02 16:00", []string{"completed 2h/4h"}},
		{"and begins anew when it comes back", []scene{then("02 09:00", moved("net")), then("02 11:00", moved("apps")), then("02 13:00", moved("net"))},
			"02 14:00", []string{"completed 2h/4h", "running 1h/4h, due 02 17:00"}},
		{"however much happens in between", []scene{then("02 09:00", moved("net")), then("02 11:00", moved("apps")), then("02 12:00", answers), then("02 13:00", moved("net"))},
			"02 14:00", []string{"completed 2h/4h", "running 1h/4h, due 02 17:00"}},
		{"there and back in one instant", []scene{then("02 09:00", moved("net")), then("02 11:00", moved("apps")), then("02 11:00", moved("net"))},
			"02 12:00", []string{"completed 2h/4h", "running 1h/4h, due 02 15:00"}},
		{"from hand to hand in the group nothing begins", []scene{then("02 09:00", moved("net")), then("02 10:00", assigned("ann")), then("02 11:00", assigned("bob"))},
			"02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"reopened in the group it goes on", []scene{then("02 09:00", moved("net")), then("02 11:00", resolves), then("02 13:00", reopens)},
			"02 14:00", []string{"running 3h/4h, due 02 15:00"}},
		{"reopened elsewhere it does not", []scene{then("02 09:00", moved("net")), then("02 11:00", resolves), then("02 13:00", reopens, moved("apps"))},
			"02 14:00", []string{"completed 2h/4h"}},
		{"it comes resolved, and is reopened in the group", []scene{then("02 09:00", moved("apps")), then("02 11:00", moved("net"), resolves), then("02 13:00", reopens)},
			"02 14:00", []string{"running 1h/4h, due 02 17:00"}},
	}, *agreement(ola))
}

func TestHoldReasonsPause(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Pause = sla.Condition{Holds: []itsm.HoldReason{itsm.HoldCaller, itsm.HoldVendor}}
	rows(t, []row{
		{"one that is named", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldVendor))}, "02 16:00", []string{"paused 1h/4h"}},
		{"one that is not", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldChange))}, "02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"from one to the other is one pause", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 11:00", holds(itsm.HoldVendor)), then("02 12:00", resumes)},
			"02 13:00", []string{"running 2h/4h, due 02 15:00"}},
		{"to one that does not pause ends it", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 11:00", holds(itsm.HoldProblem))},
			"02 12:00", []string{"running 2h/4h, due 02 14:00"}},
		{"a phase is not a reason", []scene{then("02 09:00"), then("02 10:00", enters(lifecycle.Waiting))}, "02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"reported on hold", []scene{then("02 09:00", holds(itsm.HoldCaller)), then("02 11:00", resumes)}, "02 12:00", []string{"running 1h/4h, due 02 15:00"}},
	}, *agreement(target))
}

func TestPhasesPause(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Pause = sla.Condition{Phases: []lifecycle.Phase{lifecycle.New, lifecycle.Waiting}}
	rows(t, []row{
		{"each that is named", []scene{then("02 09:00"), then("02 11:00", starts), then("02 12:00", holds(itsm.HoldOther))}, "02 16:00", []string{"paused 1h/4h"}},
		{"before anybody starts", []scene{then("02 09:00")}, "02 16:00", []string{"paused 0s/4h"}},
	}, *agreement(target))
}

func TestFactsAndTheirNarrowing(t *testing.T) {
	waiting := func() sla.Target {
		target := of(sla.TotalResolution)
		target.Pause = sla.Condition{
			Holds: []itsm.HoldReason{itsm.HoldCaller},
			And:   []sla.Condition{{Facts: []sla.Fact{sla.Assigned}, Groups: []string{"front"}}, {Facts: []sla.Fact{sla.EverAnswered}}},
		}
		return target
	}
	rows(t, []row{
		{"each part of And has to hold", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller), assigned("ann"))}, "02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"and one part of each is enough", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller), assigned("ann"), answers)}, "02 12:00", []string{"paused 1h/4h"}},
		{"whichever", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller), moved("front"), answers)}, "02 12:00", []string{"paused 1h/4h"}},
		{"they begin to hold later", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller), assigned("ann")), then("02 11:00", answers)}, "02 16:00", []string{"paused 2h/4h"}},
		{"and cease to", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller), assigned("ann"), answers), then("02 11:00", assigned(""))},
			"02 12:00", []string{"running 2h/4h, due 02 14:00"}},
	}, *agreement(waiting()))

	silence := of(sla.TotalResolution) // nobody counts while the caller has the last word
	silence.Pause = sla.Condition{Facts: []sla.Fact{sla.Unassigned}, And: []sla.Condition{{Facts: []sla.Fact{sla.AwaitingAnswer}}}}
	rows(t, []row{
		{"unassigned and not answered", []scene{then("02 09:00")}, "02 12:00", []string{"paused 0s/4h"}},
		{"answered", []scene{then("02 09:00"), then("02 10:00", answers)}, "02 12:00", []string{"running 2h/4h, due 02 14:00"}},
		{"asked again", []scene{then("02 09:00"), then("02 10:00", answers), then("02 11:00", asks)}, "02 16:00", []string{"paused 1h/4h"}},
	}, *agreement(silence))
}

func TestEventsStart(t *testing.T) {
	target := of(sla.Custom)
	target.Start = sla.Condition{Events: []string{"incident.escalated", sla.Taken}, And: []sla.Condition{{Phases: []lifecycle.Phase{lifecycle.Active}}}}
	target.Stop = sla.Condition{Events: []string{"incident.commented"}}
	rows(t, []row{
		{"nothing before", []scene{then("02 09:00"), then("02 10:00", starts)}, "02 12:00", []string{}},
		{"not where And does not hold", []scene{then("02 09:00"), then("02 10:00", assigned("ann"))}, "02 12:00", []string{}},
		{"somebody takes it", []scene{then("02 09:00"), then("02 10:00", starts), then("02 11:00", assigned("ann"))}, "02 12:00", []string{"running 1h/4h, due 02 15:00"}},
		{"again while it runs moves nothing", []scene{then("02 09:00"), then("02 10:00", starts, happens("incident.escalated")), then("02 11:00", happens("incident.escalated"))},
			"02 12:00", []string{"running 2h/4h, due 02 14:00"}},
		{"again after its end begins a cycle", []scene{then("02 09:00"), then("02 10:00", starts, happens("incident.escalated")), then("02 11:00", happens("incident.commented")), then("02 13:00", happens("incident.escalated"))},
			"02 14:00", []string{"completed 1h/4h", "running 1h/4h, due 02 17:00"}},
		{"ended and begun in one command", []scene{then("02 09:00"), then("02 10:00", starts, happens("incident.escalated")), then("02 11:00", happens("incident.escalated", "incident.commented"))},
			"02 12:00", []string{"completed 1h/4h", "running 1h/4h, due 02 15:00"}},
		{"not on a closed ticket", []scene{then("02 09:00"), then("02 10:00", starts, closes, happens("incident.escalated"))}, "02 12:00", []string{}},
	}, *agreement(target))
}

func TestCancelConditions(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Cancel = sla.Condition{Events: []string{"incident.waived"}, Groups: []string{"spam"}}
	rows(t, []row{
		{"an event", []scene{then("02 09:00"), then("02 10:00", happens("incident.waived")), then("02 12:00", resolves), then("02 13:00", reopens)},
			"02 16:00", []string{"cancelled 1h/4h, condition"}},
		{"what lasts", []scene{then("02 09:00"), then("02 10:00", moved("spam")), then("02 11:00", moved("net"))},
			"02 16:00", []string{"cancelled 1h/4h, condition"}},
		{"a stop in the same command comes first", []scene{then("02 09:00"), then("02 10:00", resolves, happens("incident.waived"))},
			"02 16:00", []string{"completed 1h/4h"}},
		{"with the report there is no clock", []scene{then("02 09:00", moved("spam")), then("02 10:00", moved("net"))}, "02 16:00", []string{}},
		{"a breach stays", []scene{then("02 09:00"), then("02 14:00", happens("incident.waived"))},
			"02 16:00", []string{"cancelled 5h/4h, missed 02 13:00, condition"}},
		{"paused", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldCaller)), then("02 14:00", happens("incident.waived"))},
			"02 16:00", []string{"cancelled 1h/4h, condition"}},
	}, *agreement(target))
}

func TestResets(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Reset = sla.Condition{Events: []string{"incident.restarted"}, And: []sla.Condition{{Facts: []sla.Fact{sla.Assigned}}}}
	rows(t, []row{
		{"a cycle ends without a result and the next begins", []scene{then("02 09:00", assigned("ann")), then("02 11:00", happens("incident.restarted"))},
			"02 12:00", []string{"cancelled 2h/4h, reset", "running 1h/4h, due 02 15:00"}},
		{"not where And does not hold", []scene{then("02 09:00"), then("02 11:00", happens("incident.restarted"))},
			"02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"while it is paused, too", []scene{then("02 09:00", assigned("ann")), then("02 10:00", holds(itsm.HoldCaller)), then("02 11:00", happens("incident.restarted")), then("02 12:00", resumes)},
			"02 13:00", []string{"cancelled 1h/4h, reset", "running 1h/4h, due 02 16:00"}},
		{"a stop in the same command comes first", []scene{then("02 09:00", assigned("ann")), then("02 11:00", happens("incident.restarted"), resolves)},
			"02 12:00", []string{"completed 2h/4h"}},
		{"a completed cycle is not reset", []scene{then("02 09:00", assigned("ann")), then("02 11:00", resolves), then("02 12:00", happens("incident.restarted"))},
			"02 16:00", []string{"completed 2h/4h"}},
		{"a breach stays with its cycle", []scene{then("02 09:00", assigned("ann")), then("02 14:00", happens("incident.restarted"))},
			"02 15:00", []string{"cancelled 5h/4h, missed 02 13:00, reset", "running 1h/4h, due 03 10:00"}},
	}, *agreement(target))
}

func TestTargetsHaveTheirOwnTicketsAndCalendars(t *testing.T) {
	plain, vpn := of(sla.TotalResolution), of(sla.TotalResolution)
	plain.Name, vpn.Name = "target", "vpn of it"
	is := itsm.Where("service").Is("vpn")
	vpn.Where, vpn.Calendar = &is, shifts[1].calendar
	rows(t, []row{
		{"the others", []scene{then("02 09:00", serves("mail"))}, "02 12:00", []string{"running 3h/4h, due 02 13:00"}},
		{"its own, of 3 and a half hours a day", []scene{then("02 09:00", serves("vpn"))}, "02 12:00",
			[]string{"running 3h/4h, due 02 13:00", "gold vpn of it running 0s/4h, due 04 02:00"}},
	}, *agreement(plain, vpn))
}

func TestAnyPriority(t *testing.T) {
	target := of(sla.TotalResolution)
	target.Within = map[itsm.Priority]time.Duration{1: time.Hour, sla.AnyPriority: 6 * time.Hour}
	rows(t, []row{
		{"named", []scene{then("02 09:00", rated(1))}, "02 09:30", []string{"running 30m/1h, due 02 10:00"}},
		{"not named", []scene{then("02 09:00", rated(4))}, "02 09:30", []string{"running 30m/6h, due 02 15:00"}},
		{"none at all", []scene{then("02 09:00", rated(0))}, "02 09:30", []string{"running 30m/6h, due 02 15:00"}},
		{"from one that is not named to another nothing changes", []scene{then("02 09:00", rated(4)), then("02 10:00", rated(3))}, "02 11:00", []string{"running 2h/6h, due 02 15:00"}},
	}, *agreement(target))
}

func TestNobodyElsesTickets(t *testing.T) {
	terms := must(sla.NewTerms(*agreement(of(sla.TotalResolution))))
	assert.Empty(t, terms.Evaluate("change", tale(then("02 09:00")), when("02 12:00")))
	assert.Empty(t, terms.Evaluate("incident", tale(then("02 09:00")), when("02 08:59")), "not reported yet")
}
