// Command loop makes incidents stop: three of them become a problem, the problem a known error with a workaround, the workaround
// an article that the next caller finds, and a change removes the cause. It is played by a fake clock, in memory, in a file
// or in PostgreSQL:
//
//	go run ./examples/loop
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/examples/internal/stores"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/knowledge"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/problem"
)

func main() {
	where := flag.String("store", stores.Memory, stores.Usage)
	flag.Parse()
	if err := run(context.Background(), *where, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "loop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, where string, out io.Writer) error {
	store, closeStore, err := stores.Open(ctx, where)
	if err != nil {
		return err
	}
	return errors.Join(loop(ctx, store, out), closeStore())
}

// story is a desk and who acts on it. A step that fails ends the story: fault holds the first error, and what is told
// after it is not.
type story struct {
	*desk.Desk
	clock *itsmtest.Clock
	out   io.Writer
	// ann works on it, mia leads, bob needs help.
	ann, mia, bob context.Context
	fault         error
}

func loop(ctx context.Context, store itsm.Store, out io.Writer) error {
	clock := itsmtest.NewClock(time.Date(2026, time.March, 2, 8, 0, 0, 0, time.UTC))
	d, err := desk.Open(ctx, desk.Config{Store: store, Clock: clock, Problems: problem.Config{
		Trends: []problem.TrendRule{{Name: "again and again", By: problem.ByService, Window: 7 * 24 * time.Hour, Least: 3}},
	}})
	if err != nil {
		return err
	}
	clock.Attach(d)
	s := &story{
		Desk: d, clock: clock, out: out,
		ann: itsm.WithActor(ctx, itsm.Actor{ID: "ann", Tenant: "acme", Roles: []itsm.Role{itsm.Agent}}),
		mia: itsm.WithActor(ctx, itsm.Actor{ID: "mia", Tenant: "acme", Roles: []itsm.Role{itsm.Manager}}),
		bob: itsm.WithActor(ctx, itsm.Actor{ID: "bob", Tenant: "acme", Roles: []itsm.Role{itsm.Requester}}),
	}
	reports := s.incidents()
	p := s.problem()
	s.knownError(p, reports)
	s.nextCaller()
	s.change(p, reports)
	return s.fault
}

// incidents come in over two days.
func (s *story) incidents() (reports []incident.Incident) {
	for _, title := range []string{"Mail is slow this morning", "Mails come late", "Sending a mail takes minutes"} {
		inc := done(s, func() (incident.Incident, error) {
			return s.Incidents.Report(s.bob, incident.Report{Title: title, Service: "mail"})
		})
		s.tell("bob reports %s: %s", inc.ID, inc.Title)
		reports = append(reports, inc)
		s.wait(16 * time.Hour)
	}
	return reports
}

// problem is proposed with its evidence, and accepted by a person.
func (s *story) problem() problem.Problem {
	found := done(s, func() ([]problem.Candidate, error) { return s.Problems.FindTrends(s.ann) })
	if s.fault == nil && len(found) == 0 {
		s.fault = errors.New("nothing happened again and again")
	}
	if s.fault != nil {
		return problem.Problem{}
	}
	s.tell("the rule %q proposes a problem: %d incidents of %s: %v", found[0].Rule, found[0].Count, found[0].Key, found[0].Incidents)
	p := done(s, func() (problem.Problem, error) {
		return s.Problems.Accept(s.ann, found[0].ID, problem.Acceptance{Title: "The mail queue is too short", Owner: "ann"})
	})
	done(s, func() (problem.Problem, error) { return s.Problems.StartAnalysis(s.ann, p.ID, problem.Owning{}) })
	p = done(s, func() (problem.Problem, error) {
		return s.Problems.RecordCause(s.ann, p.ID, problem.Finding{Cause: "One disk takes all mails.", Analysis: &problem.Analysis{
			Whys: []string{"mail is slow", "the queue is full", "one disk takes all mails"},
		}})
	})
	s.tell("ann accepts it as %s, and finds the cause: %s", p.ID, p.Cause)
	return p
}

// knownError reaches the incidents by its workaround, and becomes an article.
func (s *story) knownError(p problem.Problem, reports []incident.Incident) {
	done(s, func() (problem.Problem, error) {
		return s.Problems.PublishWorkaround(s.ann, p.ID, "Use the web mail until noon.")
	})
	for _, r := range reports {
		inc := done(s, func() (incident.Incident, error) { return s.Incidents.Get(s.ann, r.ID) })
		s.tell("%s is told: %s", inc.ID, inc.Workaround.Text)
	}
	p = done(s, func() (problem.Problem, error) { return s.Problems.DeclareKnownError(s.ann, p.ID) })
	a := done(s, func() (knowledge.Article, error) { return s.Articles.Get(s.ann, p.Article.ID) })
	s.tell("%s is a known error, and %s is drafted for it", p.ID, a.ID)

	content := a.Next.Get()
	content.Title, content.Audience = "Mail is slow", knowledge.For(knowledge.Requesters)
	content.Body = "## Symptoms\n\nSending a mail takes minutes.\n\n## Workaround\n\nUse the web mail until noon.\n"
	done(s, func() (knowledge.Article, error) {
		return s.Articles.Write(s.ann, a.ID, knowledge.Writing{Content: content})
	})
	a = done(s, func() (knowledge.Article, error) { return s.Articles.Publish(s.ann, a.ID, knowledge.Publication{}) })
	s.tell("ann writes it for everybody who asks: %s", a.Title)
}

// nextCaller finds the article, and makes no ticket.
func (s *story) nextCaller() {
	help := done(s, func() (desk.Help, error) { return s.Ask(s.bob, "my mail is so slow", 0) })
	if s.fault == nil && len(help.Suggestions) == 0 {
		s.fault = errors.New("nothing was suggested")
	}
	if s.fault != nil {
		return
	}
	first := help.Suggestions[0]
	s.tell("bob asks again, and finds %s: %s (%s)", first.Ref.ID, first.Title, first.Why[0].Values)
	done(s, func() (consultation.Consultation, error) {
		return s.Consultations.Solve(s.bob, help.Consultation.ID, first.Ref)
	})
	s.tell("he makes no ticket")
}

// change removes the cause, and what waited for it is resolved.
func (s *story) change(p problem.Problem, reports []incident.Incident) {
	for _, r := range reports {
		done(s, func() (incident.Incident, error) {
			return s.Incidents.Start(s.ann, r.ID)
		})
		done(s, func() (incident.Incident, error) {
			return s.Incidents.Hold(s.ann, r.ID, incident.Hold{Reason: itsm.HoldProblem})
		})
	}
	c := done(s, func() (change.Change, error) {
		return s.Changes.Draft(s.ann, change.Draft{
			Title: "A disk of its own for each queue", Service: "mail", Assignee: "ann",
			Plans: change.Plans{Implementation: "Move the queues.", Test: "Send a mail.", Backout: "Move them back."},
		})
	})
	done(s, func() (problem.Problem, error) {
		return s.Problems.Fix(s.ann, p.ID, problem.Fixing{Changes: []itsm.Ref{c.Ref()}})
	})
	s.tell("%s is to be fixed by %s", p.ID, c.ID)
	tonight := change.Window{Start: s.clock.Now().Add(10 * time.Hour), End: s.clock.Now().Add(12 * time.Hour)}
	for _, step := range []func() (change.Change, error){
		func() (change.Change, error) { return s.Changes.Submit(s.ann, c.ID) },
		func() (change.Change, error) { return s.Changes.Assess(s.ann, c.ID) },
		func() (change.Change, error) { return s.Changes.Approve(s.mia, c.ID, change.Approving{}) },
		func() (change.Change, error) { return s.Changes.Schedule(s.ann, c.ID, tonight) },
	} {
		c = done(s, step)
	}
	s.tell("%s is %s for %s", c.ID, c.State, c.Start.Format("Mon 15:04"))
	s.wait(10*time.Hour + time.Minute)
	for _, step := range []func() (change.Change, error){
		func() (change.Change, error) { return s.Changes.Begin(s.ann, c.ID) },
		func() (change.Change, error) { return s.Changes.Finish(s.ann, c.ID, change.Finish{}) },
		func() (change.Change, error) {
			return s.Changes.Close(s.ann, c.ID, change.Closure{Outcome: change.Successful, Notes: "Mails are sent at once."})
		},
	} {
		c = done(s, step)
	}
	s.tell("%s is %s: %s", c.ID, c.State, c.Outcome)
	p = done(s, func() (problem.Problem, error) {
		return s.Problems.Resolve(s.ann, p.ID, problem.Resolution{Outcome: problem.FixApplied, Notes: "Each queue has a disk of its own."})
	})
	s.tell("%s is %s: %s", p.ID, p.State, p.Outcome)
	for _, r := range reports {
		inc := done(s, func() (incident.Incident, error) { return s.Incidents.Get(s.ann, r.ID) })
		s.tell("%s is %s: %s", inc.ID, inc.State, inc.Resolution.Notes)
	}
}

// done takes a step of the story, unless an earlier one failed.
func done[T any](s *story, step func() (T, error)) (is T) {
	if s.fault == nil {
		is, s.fault = step()
	}
	return is
}

func (s *story) wait(d time.Duration) {
	if s.fault == nil {
		s.fault = s.clock.Advance(s.ann, d)
	}
}

// tell says what happened, and when.
func (s *story) tell(format string, args ...any) {
	if s.fault == nil {
		_, s.fault = fmt.Fprintf(s.out, "%s  %s\n", s.clock.Now().Format("Mon 15:04"), fmt.Sprintf(format, args...))
	}
}
