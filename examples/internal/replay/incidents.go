package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// incidents is the practice of incidents as it is, without auto-close, and where what has ended may be taken up again at any
// time.
type incidents struct {
	of[incident.Incident]
	*incident.Incidents
	ways ways
}

func (p *incidents) register(k *itsm.Kernel, custom field.Schema) (err error) {
	p.ways = plan()
	p.Incidents, err = incident.New(k, incident.Config{
		Policy:   incident.Policy{AutoClose: -1, ReopenWindow: -1, LateReply: incident.LateReplyReopens, LateReplyWindow: -1},
		Custom:   custom,
		Overlays: editAlways(incident.Kind, incident.StateClosed, incident.StateCancelled),
	})
	if err == nil {
		p.of = of[incident.Incident]{p.Incidents.Records, func(r *incident.Incident) *itsm.Ticket { return &r.Ticket }}
	}
	return err
}

func (p *incidents) report(ctx context.Context, title string, e *event, a *aim, custom field.Fields) (itsm.Ticket, error) {
	return p.is(p.Incidents.Report(ctx, incident.Report{
		Title: title, Impact: e.impact, Service: e.service, Group: a.group, Assignee: a.person, Custom: custom,
	}))
}

func (p *incidents) next(t *itsm.Ticket, a *aim) lifecycle.Trigger { return p.ways.next(t, a) }

func (p *incidents) give(ctx context.Context, id string, t lifecycle.Trigger, a *aim, with []itsm.Option) (itsm.Ticket, error) {
	s, people := p.Incidents, incident.Assignment{Group: a.group, Assignee: a.person}
	switch t {
	case incident.TriggerAssign:
		return p.is(s.Assign(ctx, id, people, with...))
	case incident.TriggerReassign:
		return p.is(s.Reassign(ctx, id, people, with...))
	case incident.TriggerReturn:
		return p.is(s.ReturnToQueue(ctx, id, incident.Queue{Group: a.group}, with...))
	case incident.TriggerStart:
		return p.is(s.Start(ctx, id, with...))
	case incident.TriggerHold:
		return p.is(s.Hold(ctx, id, incident.Hold{Reason: a.Hold, Message: a.name}, with...))
	case incident.TriggerResume:
		return p.is(s.Resume(ctx, id, with...))
	case incident.TriggerResolve:
		return p.is(s.Resolve(ctx, id, incident.Resolution{Code: a.Code, Notes: a.name}, with...))
	case incident.TriggerClose:
		return p.is(s.Close(ctx, id, with...))
	case incident.TriggerReopen:
		return p.is(s.Reopen(ctx, id, incident.Reopen{Reason: a.name}, with...))
	case incident.TriggerLate:
		// An agent writes down what the caller says; by its name, as Reply takes it from the caller alone.
		rec, err := p.kernel().Do(ctx, p.ref(id), t, itsm.Comment{Body: a.name}, with...)
		if err != nil {
			return itsm.Ticket{}, err
		}
		return rec.(*incident.Incident).Ticket, nil
	case incident.TriggerCancel:
		return p.is(s.Cancel(ctx, id, incident.Cancel{Reason: incident.Withdrawn}, with...))
	}
	return p.is(s.Note(ctx, id, a.still, with...))
}

// incidentTarget says what is wrong with where a status puts an incident.
func incidentTarget(t Target) error {
	known := slices.ContainsFunc(incident.Lifecycle().States, func(row lifecycle.StateRow) bool { return row.Name == t.State })
	switch {
	case !known:
		return fmt.Errorf("%q is no state of an incident", t.State)
	case t.Queue && t.State != incident.StateAssigned:
		return errors.New("only the state assigned can be a queue")
	case t.State == incident.StateOnHold && t.Hold == "":
		return errors.New("say in \"hold\" what it waits for: caller, vendor, change, problem, other")
	case t.State != incident.StateOnHold && t.Hold != "":
		return errors.New("only the state on_hold has a reason to hold")
	case !slices.Contains([]itsm.HoldReason{"", itsm.HoldCaller, itsm.HoldVendor, itsm.HoldChange, itsm.HoldProblem, itsm.HoldOther}, t.Hold):
		return fmt.Errorf("hold: %q is none of caller, vendor, change, problem, other", t.Hold)
	case t.Code != "" && t.State != incident.StateResolved && t.State != incident.StateClosed:
		return errors.New("only the states resolved and closed have a resolution code")
	case t.Outcome != "":
		return errors.New("an incident has no outcome, but a resolution code")
	}
	return nil
}
