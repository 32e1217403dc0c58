package sla_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

func TestPriorityChanges(t *testing.T) {
	held := func(more ...scene) []scene {
		return append([]scene{then("02 09:00"), then("02 12:00", holds(itsm.HoldCaller))}, more...)
	}
	keep := []row{
		{"raised: time used counts", []scene{then("02 09:00"), then("02 10:00", rated(1))}, "02 10:30", []string{"running 1h30m/2h, due 02 11:00"}},
		{"raised when it is used up: missed then, not before", []scene{then("02 09:00"), then("02 12:00", rated(1))}, "02 12:00", []string{"running 3h/2h, due 02 12:00, missed 02 12:00"}},
		{"and stopped at once it is not", []scene{then("02 09:00"), then("02 12:00", rated(1)), then("02 12:00", resolves)}, "02 16:00", []string{"completed 3h/2h"}},
		{"lowered: more time", []scene{then("02 09:00"), then("02 12:00", rated(3))}, "02 13:00", []string{"running 4h/8h, due 02 17:00"}},
		{"lowered after it was missed", []scene{then("02 09:00"), then("02 14:00", rated(3))}, "02 15:00", []string{"running 6h/8h, due 02 17:00, missed 02 13:00"}},
		{"raised and lowered in one instant is as nothing", []scene{then("02 09:00"), then("02 12:00", rated(1)), then("02 12:00", rated(2))}, "02 12:30", []string{"running 3h30m/4h, due 02 13:00"}},
		{"raised while it is paused: what remains is told", held(then("02 13:00", rated(1))), "02 16:00", []string{"paused 3h/2h"}},
		{"and it is missed when it runs again", held(then("02 13:00", rated(1)), then("03 10:00", resumes)), "03 10:00", []string{"running 3h/2h, due 03 10:00, missed 03 10:00"}},
		{"lowered while it is paused", held(then("02 13:00", rated(3)), then("03 10:00", resumes)), "03 11:00", []string{"running 4h/8h, due 03 15:00"}},
		{"raised and resumed in one command", held(then("03 10:00", rated(1), resumes)), "03 10:00", []string{"running 3h/2h, due 03 10:00, missed 03 10:00"}},
		{"to one without a promise, and to another", []scene{then("02 09:00", rated(4)), then("02 12:00", rated(5))}, "02 12:30", []string{}},
	}
	anew := []row{
		{"raised", []scene{then("02 09:00"), then("02 12:00", rated(1))}, "02 13:00", []string{"cancelled 3h/4h, started_anew", "running 1h/2h, due 02 14:00"}},
		{"lowered after it was missed", []scene{then("02 09:00"), then("02 14:00", rated(3))}, "02 15:00", []string{"cancelled 5h/4h, missed 02 13:00, started_anew", "running 1h/8h, due 03 14:00"}},
		{"while it is paused the new cycle is", held(then("02 13:00", rated(1)), then("03 10:00", resumes)), "03 11:00", []string{"cancelled 3h/4h, started_anew", "running 1h/2h, due 03 12:00"}},
		{"resolved in the same command it is not", []scene{then("02 09:00"), then("02 12:00", rated(1), resolves)}, "02 16:00", []string{"completed 3h/4h"}},
		{"a group and a person change nothing", []scene{then("02 09:00"), then("02 12:00", moved("net"), assigned("ann"))}, "02 12:30", []string{"running 3h30m/4h, due 02 13:00"}},
		{"a completed cycle stays", []scene{then("02 09:00"), then("02 10:00", resolves), then("02 11:00", rated(1))}, "02 16:00", []string{"completed 1h/4h"}},
		{"a priority without a promise", []scene{then("02 09:00"), then("02 12:00", rated(5)), then("02 14:00", rated(2))}, "02 15:00", []string{"cancelled 3h/4h, not_promised", "running 1h/4h, due 03 10:00"}},
	}
	a := *agreement(of(sla.TotalResolution))
	rows(t, keep, a)
	a.OnChange = sla.StartAnew
	rows(t, anew, a)
}

// goldForVPN and silverForMail promise resolution in 4 and in 8 hours, gold answers too.
func goldForVPN() sla.Agreement {
	target, answer := of(sla.TotalResolution), of(sla.FirstResponse)
	target.Name, answer.Name = "resolution of it", "answer of it"
	target.Levels = []sla.Level{{Name: "half", Percent: 50}, {Name: "end", Percent: 100}}
	a := *agreement(target, answer)
	vpn := itsm.Where("service").Is("vpn")
	a.Where = &vpn
	return a
}

func silverForMail() sla.Agreement {
	target := of(sla.TotalResolution)
	target.Name, target.Within = "resolution of it", map[itsm.Priority]time.Duration{sla.AnyPriority: 8 * time.Hour}
	target.Levels = []sla.Level{{Name: "half", Percent: 50}, {Name: "most", Percent: 75}}
	a := *agreement(target)
	mail := itsm.Where("service").Is("mail")
	a.Name, a.Where = "silver", &mail
	return a
}

func TestPolicySwitches(t *testing.T) {
	const answered, resolved, silver = "gold answer of it ", "gold resolution of it ", "silver resolution of it "
	switched := []scene{then("02 09:00", serves("vpn")), then("02 12:00", serves("mail"))}
	rows(t, []row{
		{"targets that the new one lacks end as cancelled; time used counts", switched, "02 13:00", []string{
			resolved + "cancelled 3h/4h, not_promised", answered + "cancelled 3h/4h, not_promised", silver + "running 4h/8h, due 02 17:00"}},
		{"while it is paused: the pause is the ticket's", []scene{then("02 09:00", serves("vpn")), then("02 10:00", holds(itsm.HoldCaller)), then("02 12:00", serves("mail")), then("02 14:00", resumes)},
			"02 15:00", []string{resolved + "cancelled 1h/4h, not_promised", answered + "cancelled 1h/4h, not_promised", silver + "running 2h/8h, due 03 13:00"}},
		{"and it stays paused under the new one", []scene{then("02 09:00", serves("vpn")), then("02 10:00", holds(itsm.HoldCaller)), then("02 12:00", serves("mail"))},
			"02 16:00", []string{resolved + "cancelled 1h/4h, not_promised", answered + "cancelled 1h/4h, not_promised", silver + "paused 1h/8h"}},
		{"a breach stays with the old one", []scene{then("02 09:00", serves("vpn")), then("02 14:00", serves("mail"))},
			"02 15:00", []string{resolved + "cancelled 5h/4h, missed 02 13:00, not_promised", answered + "cancelled 5h/4h, missed 02 13:00, not_promised", silver + "running 6h/8h, due 02 17:00"}},
		{"there and back", append(switched, then("02 12:30", serves("vpn"))), "02 12:45", []string{
			resolved + "running 3h45m/4h, due 02 13:00", answered + "running 3h45m/4h, due 02 13:00", silver + "cancelled 3h30m/8h, not_promised"}},
		{"back when it is used up: missed then", append(switched, then("02 16:00", serves("vpn"))), "02 16:00", []string{
			resolved + "running 7h/4h, due 02 16:00, missed 02 16:00", answered + "running 7h/4h, due 02 16:00, missed 02 16:00", silver + "cancelled 7h/8h, not_promised"}},
		{"a breach outlasts the way there and back", []scene{then("02 09:00", serves("vpn"), silent), then("02 14:00", serves("mail")), then("02 15:00", serves("vpn"), answers)},
			"02 16:00", []string{resolved + "running 7h/4h, due 02 13:00, missed 02 13:00", answered + "cancelled 6h/4h, missed 02 13:00, ended_before", silver + "cancelled 6h/8h, not_promised"}},
		{"under none", []scene{then("02 09:00", serves("vpn")), then("02 12:00", serves(""))}, "02 16:00", []string{
			resolved + "cancelled 3h/4h, not_promised", answered + "cancelled 3h/4h, not_promised"}},
		{"what had ended comes under no promise any more", []scene{then("02 09:00", serves("mail")), then("02 10:00", answers), then("02 11:00", serves("vpn"))},
			"02 12:00", []string{silver + "cancelled 2h/8h, not_promised", resolved + "running 3h/4h, due 02 13:00", answered + "cancelled 1h/4h, ended_before"}},
		{"switched while it is resolved, then reopened", []scene{then("02 09:00", serves("vpn")), then("02 10:00", resolves), then("02 11:00", serves("mail")), then("02 12:00", reopens)},
			"02 13:00", []string{resolved + "cancelled 1h/4h, not_promised", answered + "completed 1h/4h", silver + "running 2h/8h, due 03 11:00"}},
		{"switched while it is closed, then reopened", []scene{then("02 09:00", serves("vpn")), then("02 10:00", closes), then("02 11:00", serves("mail")), then("02 12:00", reopens)},
			"02 13:00", []string{resolved + "cancelled 1h/4h, not_promised", answered + "completed 1h/4h", silver + "running 2h/8h, due 03 11:00"}},
		{"switched as it is reopened", []scene{then("02 09:00", serves("vpn")), then("02 10:00", resolves), then("02 12:00", reopens, serves("mail"))},
			"02 13:00", []string{resolved + "cancelled 1h/4h, not_promised", answered + "completed 1h/4h", silver + "running 2h/8h, due 03 11:00"}},
	}, goldForVPN(), silverForMail())
}

func TestPolicySwitchesThatStartAnew(t *testing.T) {
	const silver = "silver resolution of it "
	gold, mail := goldForVPN(), silverForMail()
	gold.Targets, mail.OnChange = gold.Targets[:1], sla.StartAnew
	rows(t, []row{
		{"the promise begins when it is made", []scene{then("02 09:00", serves("vpn")), then("02 12:00", serves("mail"))}, "02 13:00",
			[]string{"gold resolution of it cancelled 3h/4h, not_promised", silver + "running 1h/8h, due 03 12:00"}},
		{"and anew when it is made again", []scene{then("02 09:00", serves("mail")), then("02 10:00", serves("")), then("02 12:00", serves("mail"))}, "02 13:00",
			[]string{silver + "cancelled 1h/8h, not_promised", silver + "running 1h/8h, due 03 12:00"}},
		{"made while it is resolved, it begins with the reopening", []scene{then("02 09:00", serves("")), then("02 10:00", resolves, serves("mail")), then("02 12:00", reopens)}, "02 13:00",
			[]string{silver + "running 1h/8h, due 03 12:00"}},
		{"or, reopened under none, when it is made again", []scene{then("02 09:00", serves("")), then("02 10:00", resolves, serves("mail")), then("02 11:00", reopens, serves("")), then("02 12:00", serves("mail"))}, "02 13:00",
			[]string{silver + "running 1h/8h, due 03 12:00"}},
		{"made again while it is resolved", []scene{then("02 09:00", serves("mail")), then("02 10:00", serves("")), then("02 11:00", resolves), then("02 12:00", serves("mail")), then("02 13:00", asks), then("02 14:00", reopens)}, "02 15:00",
			[]string{silver + "cancelled 1h/8h, not_promised", silver + "running 1h/8h, due 03 14:00"}},
	}, gold, mail)
}

// A cycle that begins while it is not promised is there when it is.
func TestCyclesThatBeginUnpromised(t *testing.T) {
	scenes := []scene{then("02 09:00", serves("vpn")), then("02 10:00", resolves), then("02 11:00", reopens, serves("")), then("02 12:00", serves("vpn"))}
	a := goldForVPN()
	a.Targets = a.Targets[:1]
	a.Targets[0].Name, a.Targets[0].Reopen = "target", sla.NewCycle
	rows(t, []row{
		{"with the time used", scenes, "02 13:00", []string{"completed 1h/4h, not_promised", "running 2h/4h, due 02 15:00"}},
		{"until then the last one is completed", scenes, "02 11:30", []string{"completed 1h/4h, not_promised"}},
		{"one that ended meanwhile had ended before", append(scenes[:3:3], then("02 12:00", resolves), then("02 13:00", serves("vpn"))), "02 14:00",
			[]string{"completed 1h/4h, not_promised", "cancelled 1h/4h, ended_before"}},
		{"a breach is its own cycle's", []scene{then("02 09:00", serves("vpn")), then("02 14:00", resolves), then("02 15:00", reopens, serves("")), then("02 16:00", serves("vpn"))}, "02 17:00",
			[]string{"completed 5h/4h, missed 02 13:00, not_promised", "running 2h/4h, due 03 11:00"}},
	}, a)
	a.OnChange = sla.StartAnew
	rows(t, []row{{"without it", scenes, "02 13:00", []string{"completed 1h/4h, not_promised", "running 1h/4h, due 02 16:00"}}}, a)
}

// None is told twice: a level that was told is not told again under another agreement's target of that name.
func TestToldLevelsAreHandedOver(t *testing.T) {
	terms := must(sla.NewTerms(goldForVPN(), silverForMail()))
	moments := tale(then("02 09:00", serves("vpn")), then("02 11:00", tells("resolution of it", "half")), then("02 16:00", serves("mail")))
	all := terms.Evaluate("incident", moments, when("02 16:00"))
	require.Equal(t, "silver", all[2].Agreement)
	assert.Equal(t, []string{"half"}, all[2].Reached)
	assert.Equal(t, "most", all[2].Next)
	assert.Equal(t, when("02 16:00").UTC(), all[2].NextAt, "it lies behind: it is told at the change")

	back := append(moments, tale(then("02 16:10", serves("vpn")))[0])
	all = terms.Evaluate("incident", back, when("02 16:30"))
	require.Equal(t, "gold", all[0].Agreement)
	assert.Equal(t, []string{"half"}, all[0].Reached)
	assert.Equal(t, "end", all[0].Next)

	anew := silverForMail()
	anew.OnChange = sla.StartAnew
	all = must(sla.NewTerms(goldForVPN(), anew)).Evaluate("incident", moments, when("02 16:00"))
	assert.Empty(t, all[2].Reached, "a promise that begins anew tells all of its levels")
}

// What either of two agreements told is told under none of them again.
func TestToldThereAndBack(t *testing.T) {
	a, b := goldForVPN(), silverForMail()
	b.Targets[0].Levels = append(b.Targets[0].Levels, sla.Level{Name: "end", Percent: 100})
	terms := must(sla.NewTerms(a, b))
	moments := tale(then("02 09:00", serves("vpn")), then("02 11:00", tells("resolution of it", "half")), then("02 12:00", serves("mail")), then("02 17:00"), then("03 10:00", serves("vpn")))
	moments[3].Levels = []itsm.LevelReached{{Agreement: "silver", Target: "resolution of it", Cycle: 1, Level: "end", Skipped: []string{"most"}}}
	all := terms.Evaluate("incident", moments, when("03 11:00"))
	require.Equal(t, "gold", all[0].Agreement)
	assert.Equal(t, []string{"half", "end"}, all[0].Reached)
	assert.Empty(t, all[0].Next)
}

func TestVersionsAndValidity(t *testing.T) {
	first, second := *agreement(of(sla.TotalResolution)), *agreement(of(sla.TotalResolution))
	first.Until, second.Version, second.From = when("04 00:00"), 2, when("03 00:00")
	second.Targets[0].Within = map[itsm.Priority]time.Duration{sla.AnyPriority: 3 * time.Hour}
	terms := must(sla.NewTerms(first, second))
	version := func(moments []sla.Moment) int {
		all := terms.Evaluate("incident", moments, when("30 12:00"))
		require.Len(t, all, 1)
		return all[0].AgreementVersion
	}
	assert.Equal(t, 1, version(tale(then("02 09:00"))), "only the first is valid")
	assert.Equal(t, 1, version(tale(then("02 23:59"))))
	assert.Equal(t, 2, version(tale(then("03 00:00"))), "of two the higher")
	assert.Equal(t, 2, version(tale(then("04 00:00"))), "the first is not valid at its end")
	assert.Equal(t, 1, version(tale(then("02 09:00"), then("05 09:00", moved("net")), then("05 10:00", rated(1)))), "it stays with its version")

	second.Until = when("05 00:00")
	terms = must(sla.NewTerms(first, second))
	assert.Empty(t, terms.Evaluate("incident", tale(then("05 00:00"), then("06 09:00", rated(1))), when("30 12:00")), "none is valid")

	again := tale(then("02 09:00"), then("02 10:00", rated(5)), then("04 10:00", rated(2)))
	second.Until = time.Time{}
	terms = must(sla.NewTerms(first, second))
	all := terms.Evaluate("incident", again, when("04 10:00"))
	require.Len(t, all, 1, "a ticket that comes under the agreement again gets the version that is valid then")
	assert.Equal(t, 2, all[0].AgreementVersion)
	assert.Equal(t, 17*time.Hour, all[0].Elapsed)

	late := first
	late.From, late.Until = when("03 00:00"), time.Time{}
	terms = must(sla.NewTerms(late))
	assert.Empty(t, terms.Evaluate("incident", tale(then("02 09:00"), then("03 09:00", rated(1))), when("04 10:00")), "a ticket that was there before an agreement is not under it")

	late.Targets = []sla.Target{of(sla.TotalResolution)}
	late.Targets[0].Start = sla.Condition{Events: []string{"incident.escalated"}}
	rows(t, []row{
		{"but for what starts when it is valid", []scene{then("02 09:00"), then("02 10:00", happens("incident.escalated")), then("03 09:00", happens("incident.escalated"))},
			"03 10:00", []string{"running 1h/4h, due 03 13:00"}},
	}, late)
}

// A ticket may be under agreements of all classes at once: its clocks do not look at one another.
func TestClassesSideBySide(t *testing.T) {
	customer, group, supplier := *agreement(of(sla.TotalResolution)), *agreement(of(sla.Custom)), *agreement(of(sla.Custom))
	group.Name, group.Class = "net", sla.OperationalLevel
	group.Targets[0].Start = sla.Condition{Groups: []string{"net"}}
	group.Targets[0].Stop = sla.Condition{OtherGroups: []string{"net"}, Phases: []lifecycle.Phase{lifecycle.Resolved, lifecycle.Closed}}
	supplier.Name, supplier.Class, supplier.Calendar = "carrier", sla.Underpinning, nil
	supplier.Targets[0].Pause = sla.Condition{}
	supplier.Targets[0].Start = sla.Condition{Holds: []itsm.HoldReason{itsm.HoldVendor}}
	supplier.Targets[0].Stop = sla.Condition{Phases: []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Resolved, lifecycle.Closed}}
	rows(t, []row{
		{"each runs its own way", []scene{then("02 09:00"), then("02 10:00", moved("net")), then("02 12:00", holds(itsm.HoldVendor)), then("02 15:00", resumes), then("02 16:00", moved("apps"))},
			"02 16:30", []string{"running 7h30m/4h, due 02 13:00, missed 02 13:00", "net target completed 6h/4h, missed 02 14:00", "carrier target completed 3h/4h"}},
		{"each wait for the supplier is a cycle", []scene{then("02 09:00"), then("02 10:00", holds(itsm.HoldVendor)), then("02 11:00", resumes), then("02 20:00", holds(itsm.HoldVendor))},
			"02 21:00", []string{"running 8h/4h, due 02 13:00, missed 02 13:00", "carrier target completed 1h/4h", "carrier target running 1h/4h, due 03 00:00"}},
	}, customer, group, supplier)

	all := must(sla.NewTerms(customer, group, supplier)).Evaluate("incident", tale(then("02 09:00", moved("net"), holds(itsm.HoldVendor))), when("02 12:00"))
	require.Len(t, all, 3)
	assert.Equal(t, []sla.Class{sla.ServiceLevel, sla.OperationalLevel, sla.Underpinning}, []sla.Class{all[0].Class, all[1].Class, all[2].Class})
}
