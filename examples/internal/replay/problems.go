package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/problem"
)

// problems is the practice of problem management as it is.
type problems struct {
	of[problem.Problem]
	*problem.Problems
	ways ways
}

func (p *problems) register(k *itsm.Kernel, custom field.Schema) (err error) {
	p.ways = problemWays()
	p.Problems, err = problem.New(k, problem.Config{Custom: custom, Overlays: editAlways(problem.Kind, problem.StateClosed, problem.StateCancelled)})
	if err == nil {
		p.of = of[problem.Problem]{p.Problems.Records, func(r *problem.Problem) *itsm.Ticket { return &r.Ticket }}
	}
	return err
}

func (p *problems) report(ctx context.Context, title string, e *event, a *aim, custom field.Fields) (itsm.Ticket, error) {
	return p.is(p.Problems.Report(ctx, problem.Report{
		Title: title, Impact: e.impact, Service: e.service, Group: a.group, Owner: a.person, Custom: custom,
	}))
}

func (p *problems) give(ctx context.Context, id string, t lifecycle.Trigger, a *aim, with []itsm.Option) (itsm.Ticket, error) {
	s, people := p.Problems, problem.Owning{Group: a.group, Owner: a.person}
	switch t {
	case problem.TriggerAssess:
		return p.is(s.Assess(ctx, id, people, with...))
	case problem.TriggerAnalyse:
		return p.is(s.StartAnalysis(ctx, id, people, with...))
	case problem.TriggerReassign:
		return p.is(s.Reassign(ctx, id, people, with...))
	case problem.TriggerReturn:
		return p.is(s.ReturnToQueue(ctx, id, a.group, with...))
	case problem.TriggerHold:
		return p.is(s.Hold(ctx, id, a.name, with...))
	case problem.TriggerResume:
		return p.is(s.Resume(ctx, id, with...))
	case problem.TriggerResolve:
		return p.is(s.Resolve(ctx, id, problem.Resolution{Outcome: a.Outcome, Notes: a.name}, with...))
	case problem.TriggerComplete:
		return p.is(s.Complete(ctx, id, problem.Completion{}, with...))
	case problem.TriggerReanalyse:
		return p.is(s.Reanalyse(ctx, id, a.name, with...))
	case problem.TriggerCancel:
		return p.is(s.Cancel(ctx, id, a.name, with...))
	}
	return p.is(s.Note(ctx, id, a.still, with...))
}

// problemWays is the table of ways between the states of a problem. What its lifecycle does not allow stands in it too, as
// the command that a person would try.
func problemWays() ways {
	const (
		newly, assessed, analysis, fixing = problem.StateNew, problem.StateAssessed, problem.StateAnalysis, problem.StateFixing
		held, resolved, closed, cancelled = problem.StateOnHold, problem.StateResolved, problem.StateClosed, problem.StateCancelled

		assess, analyse, back, fix = problem.TriggerAssess, problem.TriggerAnalyse, problem.TriggerReturn, problem.TriggerFix
		hold, resume               = problem.TriggerHold, problem.TriggerResume
		resolve, complete          = problem.TriggerResolve, problem.TriggerComplete
		again, cancel              = problem.TriggerReanalyse, problem.TriggerCancel
	)
	return ways{
		newly:     {assessed: assess, analysis: assess, fixing: assess, held: assess, resolved: assess, closed: assess, cancelled: assess},
		assessed:  {newly: assess, analysis: back, fixing: back, held: back, resolved: again, closed: again, cancelled: again},
		analysis:  {newly: analyse, assessed: analyse, fixing: back, held: resume, resolved: again, closed: again, cancelled: again},
		fixing:    {newly: analyse, assessed: analyse, analysis: fix, held: resume, resolved: again, closed: again, cancelled: again},
		held:      {newly: analyse, assessed: analyse, analysis: hold, fixing: hold, resolved: again, closed: again, cancelled: again},
		resolved:  {newly: analyse, assessed: analyse, analysis: resolve, fixing: resolve, held: resume, closed: again, cancelled: again},
		closed:    {newly: analyse, assessed: analyse, analysis: resolve, fixing: resolve, held: resume, resolved: complete, cancelled: again},
		cancelled: {newly: cancel, assessed: cancel, analysis: cancel, fixing: cancel, held: cancel, resolved: again, closed: again},
	}
}

// next is like that of incidents. A problem that nobody has assessed waits in the queue of its group as it is. A new group or
// owner in the midst of work is a reassignment, after which it is assessed, and taken up again.
func (p *problems) next(t *itsm.Ticket, a *aim) lifecycle.Trigger {
	group, person := a.hand(t)
	there := t.State == a.State || a.Queue && t.State == problem.StateNew
	if there && !group && !person {
		return ""
	}
	switch t.State {
	case problem.StateAnalysis, problem.StateFixing, problem.StateOnHold:
		switch {
		case a.Queue:
			return problem.TriggerReturn
		case group, person && (there || a.State == problem.StateAssessed):
			return problem.TriggerReassign
		}
	case problem.StateAssessed:
		switch {
		case there && a.Queue && person:
			return problem.TriggerReturn
		case group, person && there:
			return problem.TriggerReassign
		}
	default:
		if there {
			return itsm.TriggerNote
		}
	}
	return p.ways[a.State][t.State]
}

// problemTarget says what is wrong with where a status puts a problem.
func problemTarget(t Target) error {
	known := slices.ContainsFunc(problem.Lifecycle().States, func(row lifecycle.StateRow) bool { return row.Name == t.State })
	ended := t.State == problem.StateResolved || t.State == problem.StateClosed
	switch {
	case !known:
		return fmt.Errorf("%q is no state of a problem", t.State)
	case t.Queue && t.State != problem.StateAssessed:
		return errors.New("only the state assessed can be a queue")
	case t.Hold != "" || t.Code != "":
		return errors.New("a problem has neither a reason to hold nor a resolution code")
	case ended && !slices.Contains([]problem.Outcome{problem.FixApplied, problem.NoCauseFound}, t.Outcome):
		return errors.New("say in \"outcome\" what came of it: fix_applied or no_cause_found")
	case !ended && t.Outcome != "":
		return errors.New("only the states resolved and closed have an outcome")
	}
	return nil
}
