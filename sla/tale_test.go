package sla_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/sla"
)

// scene is what happens to a ticket in one command.
type scene struct {
	at  string
	did []func(s *stage)
}

// stage is how the ticket stands, and what is new.
type stage struct {
	sla.Moment
	due time.Time
}

func then(at string, did ...func(s *stage)) scene { return scene{at, did} }

// when reads an instant in Brussels, such as "02 09:00" of March 2026, where the 2nd is a Monday, or with its year and month.
func when(text string) time.Time {
	if len(text) < 10 {
		text = "2026-03-" + text
	}
	return at(text)
}

// tale tells of a ticket from its report on: P2, with nobody, and the caller waits for an answer.
func tale(scenes ...scene) []sla.Moment {
	s := stage{Moment: sla.Moment{Phase: lifecycle.New, Priority: 2}}
	moments := make([]sla.Moment, len(scenes))
	for i, scene := range scenes {
		s.At, s.Events, s.Levels = when(scene.at), nil, nil
		if i == 0 {
			s.AskedAt = s.At
		}
		for _, did := range scene.did {
			did(&s)
		}
		due := s.due
		s.Value = func(column string) field.Value {
			if column == "custom.due" {
				return field.Instant(due)
			}
			return field.Value{}
		}
		moments[i] = s.Moment
	}
	return moments
}

func silent(s *stage) { s.AskedAt = time.Time{} } // nobody waits for an answer

func asks(s *stage) {
	if s.AskedAt.IsZero() {
		s.AskedAt = s.At
	}
}

func answers(s *stage)  { s.AskedAt, s.AnsweredAt = time.Time{}, s.At }
func starts(s *stage)   { s.Phase, s.Hold = lifecycle.Active, "" }
func resolves(s *stage) { s.Phase, s.Hold = lifecycle.Resolved, "" }
func closes(s *stage)   { s.Phase, s.Hold = lifecycle.Closed, "" }
func cancels(s *stage)  { s.Phase, s.Hold = lifecycle.Cancelled, "" }
func reopens(s *stage)  { starts(s) }
func resumes(s *stage)  { starts(s) }
func nothingNew(*stage) {}

func holds(reason itsm.HoldReason) func(*stage) {
	return func(s *stage) { s.Phase, s.Hold = lifecycle.Waiting, reason }
}

func enters(p lifecycle.Phase) func(*stage) {
	return func(s *stage) { s.Phase, s.Hold = p, "" }
}

func assigned(person string) func(*stage) { return func(s *stage) { s.Assignee = person } }
func moved(group string) func(*stage)     { return func(s *stage) { s.Group = group } }
func serves(service string) func(*stage)  { return func(s *stage) { s.Service = service } }
func rated(p itsm.Priority) func(*stage)  { return func(s *stage) { s.Priority = p } }

func happens(events ...string) func(*stage) {
	return func(s *stage) { s.Events = append(s.Events, events...) }
}

func dueAt(text string) func(*stage) { return func(s *stage) { s.due = when(text) } }
func dueNever(s *stage)              { s.due = time.Time{} }

// tells notes a level of the first cycle of a target of the agreement gold.
func tells(target, level string) func(*stage) {
	return func(s *stage) {
		s.Levels = append(s.Levels, itsm.LevelReached{Agreement: "gold", Target: target, Cycle: 1, Level: level})
	}
}

// say writes a clock in a line: stage, time used and promised, when it is due or was missed, and why it ended.
func say(s sla.Status) string {
	day := func(t time.Time) string { return t.In(brussels.Location()).Format("02 15:04") }
	text := fmt.Sprintf("%s %s/%s", s.State, short(s.Elapsed), short(s.Within))
	if !s.Due.IsZero() {
		text += ", due " + day(s.Due)
	}
	if !s.Breached.IsZero() {
		text += ", missed " + day(s.Breached)
	}
	if s.EndedBy != "" && s.EndedBy != sla.Stopped && s.EndedBy != sla.StoppedForGood {
		text += ", " + string(s.EndedBy)
	}
	return text
}

// short is 1h30m in place of 1h30m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// clocks says all cycles, those of different targets and agreements with their names before.
func clocks(terms *sla.Terms, moments []sla.Moment, now time.Time) []string {
	all := terms.Evaluate("incident", moments, now)
	lines := make([]string, len(all))
	for i := range all {
		if lines[i] = say(all[i]); strings.Contains(all[i].Target, " of ") || all[i].Agreement != "gold" {
			lines[i] = all[i].Agreement + " " + all[i].Target + " " + lines[i]
		}
	}
	return lines
}

// row is a tale, and what is said of its clocks at some instant.
type row struct {
	name   string
	scenes []scene
	now    string
	want   []string
}

func rows(t *testing.T, rows []row, agreements ...sla.Agreement) {
	t.Helper()
	terms := must(sla.NewTerms(agreements...))
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			assert.Equal(t, r.want, clocks(terms, tale(r.scenes...), when(r.now)))
		})
	}
}

// of is a target of a kind with times of 2, 4 and 8 hours for P1 to P3, that pauses for the caller.
func of(kind sla.Kind) sla.Target {
	t := resolution()
	t.Name, t.Kind, t.Stop, t.Levels = "target", kind, sla.Condition{}, nil
	return t
}
