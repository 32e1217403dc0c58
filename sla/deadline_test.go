package sla_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/sla"
)

// byDate is due at an instant that a field holds.
func byDate() sla.Target {
	target := of(sla.TotalResolution)
	target.Within, target.Pause, target.Deadline = nil, sla.Condition{}, "custom.due"
	return target
}

func TestDeadlines(t *testing.T) {
	rows(t, []row{
		{"due when the field says, open or not", []scene{then("02 09:00", dueAt("03 20:00"))}, "02 13:00", []string{"running 4h/16h, due 03 20:00"}},
		{"no pause moves it", []scene{then("02 09:00", dueAt("03 12:00")), then("02 10:00", holds(itsm.HoldCaller))}, "03 12:00", []string{"running 11h/11h, due 03 12:00, missed 03 12:00"}},
		{"nor does a priority", []scene{then("02 09:00", dueAt("03 12:00")), then("02 10:00", rated(1)), then("02 11:00", rated(5))}, "02 12:00", []string{"running 3h/11h, due 03 12:00"}},
		{"resolved in time", []scene{then("02 09:00", dueAt("03 12:00")), then("03 11:00", resolves)}, "03 16:00", []string{"completed 10h/11h"}},
		{"in its instant is in time", []scene{then("02 09:00", dueAt("03 12:00")), then("03 12:00", resolves)}, "03 16:00", []string{"completed 11h/11h"}},
		{"too late", []scene{then("02 09:00", dueAt("03 12:00")), then("03 13:00", resolves)}, "03 16:00", []string{"completed 12h/11h, missed 03 12:00"}},
		{"none while the field is empty", []scene{then("02 09:00")}, "02 12:00", []string{}},
		{"filled in later it counts from the report", []scene{then("02 09:00"), then("02 11:00", dueAt("02 15:00"))}, "02 12:00", []string{"running 3h/6h, due 02 15:00"}},
		{"emptied it ends", []scene{then("02 09:00", dueAt("02 15:00")), then("02 11:00", dueNever)}, "02 16:00", []string{"cancelled 2h/6h, not_promised"}},
		{"and filled in again it goes on", []scene{then("02 09:00", dueAt("02 15:00")), then("02 11:00", dueNever), then("02 12:00", dueAt("02 17:00"))}, "02 13:00", []string{"running 4h/8h, due 02 17:00"}},
		{"moved by an edit, to later", []scene{then("02 09:00", dueAt("02 12:00")), then("02 11:00", dueAt("02 16:00"))}, "02 13:00", []string{"running 4h/7h, due 02 16:00"}},
		{"to earlier", []scene{then("02 09:00", dueAt("02 16:00")), then("02 11:00", dueAt("02 12:00"))}, "02 13:00", []string{"running 4h/3h, due 02 12:00, missed 02 12:00"}},
		{"to the past: missed when it was moved, not before", []scene{then("02 09:00", dueAt("02 16:00")), then("02 13:00", dueAt("02 12:00"))}, "02 14:00", []string{"running 5h/3h, due 02 12:00, missed 02 13:00"}},
		{"after it was missed the breach stays", []scene{then("02 09:00", dueAt("02 12:00")), then("02 13:00", dueAt("02 16:00"))}, "02 14:00", []string{"running 5h/7h, due 02 16:00, missed 02 12:00"}},
		{"moved in its instant is not missed", []scene{then("02 09:00", dueAt("02 12:00")), then("02 12:00", dueAt("02 16:00"))}, "02 13:00", []string{"running 4h/7h, due 02 16:00"}},
		{"reported behind it", []scene{then("02 09:00", dueAt("01 12:00"))}, "02 10:00", []string{"running 1h/0s, due 01 12:00, missed 02 09:00"}},
		{"moved while it is resolved nothing happens", []scene{then("02 09:00", dueAt("02 12:00")), then("02 10:00", resolves), then("02 11:00", dueAt("02 10:30"))}, "02 16:00", []string{"completed 1h/3h"}},
		{"reopened before it", []scene{then("02 09:00", dueAt("02 16:00")), then("02 10:00", resolves), then("02 12:00", reopens)}, "02 13:00", []string{"running 2h/7h, due 02 16:00"}},
		{"reopened behind it: missed then", []scene{then("02 09:00", dueAt("02 12:00")), then("02 10:00", resolves), then("02 14:00", reopens)}, "02 15:00", []string{"running 2h/3h, due 02 12:00, missed 02 14:00"}},
		{"a cancelled ticket has none", []scene{then("02 09:00", dueAt("02 12:00")), then("02 10:00", cancels), then("02 11:00", dueAt("02 16:00"))}, "02 16:00", []string{"cancelled 1h/3h, ticket_cancelled"}},
	}, *agreement(byDate()))
}

func TestDeadlineReopenedCounted(t *testing.T) {
	target := byDate()
	target.Reopen = sla.ContinueCounted
	rows(t, []row{
		{"missed when it passed", []scene{then("02 09:00", dueAt("02 12:00")), then("02 10:00", resolves), then("02 14:00", reopens)}, "02 15:00", []string{"running 6h/3h, due 02 12:00, missed 02 12:00"}},
		{"unless it is emptied", []scene{then("02 09:00", dueAt("02 12:00")), then("02 10:00", resolves), then("02 14:00", reopens, dueNever)}, "02 15:00", []string{"cancelled 1h/3h, not_promised"}},
	}, *agreement(target))
}

func TestDeadlineThatStartsAnew(t *testing.T) {
	a := *agreement(byDate())
	a.OnChange = sla.StartAnew
	rows(t, []row{
		{"an edit is no change of the promise", []scene{then("02 09:00", dueAt("02 12:00")), then("02 11:00", dueAt("02 16:00"))}, "02 13:00", []string{"running 4h/7h, due 02 16:00"}},
		{"a deadline that is there again is", []scene{then("02 09:00", dueAt("02 15:00")), then("02 11:00", dueNever), then("02 12:00", dueAt("02 17:00"))}, "02 13:00", []string{"cancelled 2h/6h, not_promised", "running 1h/5h, due 02 17:00"}},
	}, a)
}

func TestLevelsOfDeadlines(t *testing.T) {
	target := byDate()
	target.Levels = []sla.Level{
		{Name: "a day before", Offset: -8 * time.Hour}, {Name: "an hour before", Offset: -time.Hour}, {Name: "missed"}, {Name: "an hour behind", Offset: time.Hour},
		{Name: "half", Percent: 50}, {Name: "twice", Percent: 200},
	}
	tests := []struct {
		name    string
		moments []sla.Moment
		want    []string
	}{
		{"in working time on both sides", tale(then("02 09:00", dueAt("04 12:00"))),
			[]string{"half 03 10:30", "a day before 03 12:00", "an hour before 04 11:00", "missed 04 12:00", "an hour behind 04 13:00", "twice 06 15:00"}},
		{"at night", tale(then("02 09:00", dueAt("03 20:00"))),
			[]string{"half 02 17:00", "a day before 03 09:00", "an hour before 03 16:00", "missed 03 20:00", "an hour behind 04 10:00", "twice 05 17:00"}},
		{"those that had passed with the report", tale(then("02 09:00", dueAt("02 11:00"))),
			[]string{"a day before 02 09:00", "an hour before 02 10:00", "half 02 10:00", "missed 02 11:00", "an hour behind 02 12:00", "twice 02 13:00"}},
		{"without working time before it", tale(then("07 09:00", dueAt("08 12:00"))), // a Saturday and a Sunday
			[]string{"a day before 07 09:00", "an hour before 07 09:00", "half 07 09:00", "missed 08 12:00", "twice 08 12:00", "an hour behind 09 10:00"}},
		{"all behind when it was moved to the past", tale(then("02 09:00", dueAt("04 12:00")), then("02 15:00", dueAt("02 12:00"))),
			[]string{"a day before 02 15:00", "an hour before 02 15:00", "missed 02 15:00", "an hour behind 02 15:00", "half 02 15:00", "twice 02 15:00"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, toldBy(t, *agreement(target), test.moments)) })
	}

	a := *agreement(target)
	a.Calendar = must(calendar.New(calendar.Spec{Zone: "Europe/Brussels", Weekly: calendar.Daily("10:00-11:00"), From: "2026-03-02", Through: "2026-03-03"}))
	assert.Equal(t, []string{"a day before 02 12:00", "an hour before 03 10:00", "half 03 10:30", "missed 03 12:00"},
		toldBy(t, a, tale(then("02 12:00", dueAt("03 12:00")))), "a time that the calendar does not have lies before all, and behind all for ever")
}

// toldBy tells each level when it comes, and answers what was told in its order.
func toldBy(t *testing.T, a sla.Agreement, moments []sla.Moment) (told []string) {
	terms := must(sla.NewTerms(a))
	for range 50 {
		last := moments[len(moments)-1]
		all := terms.Evaluate("incident", moments, last.At)
		require.NotEmpty(t, all)
		c := all[len(all)-1]
		if c.Next == "" {
			return told
		}
		told = append(told, c.Next+" "+c.NextAt.In(brussels.Location()).Format("02 15:04"))
		last.Events, last.Levels = nil, []itsm.LevelReached{{Agreement: c.Agreement, Target: c.Target, Cycle: c.Cycle, Level: c.Next, Due: c.NextAt}}
		if last.At.Before(c.NextAt) {
			last.At = c.NextAt
		}
		moments = append(moments, last)
	}
	t.Fatal("it tells without end")
	return nil
}
