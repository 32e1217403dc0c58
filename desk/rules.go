package desk

import (
	"github.com/itsmkit/itsmkit/change"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/link"
	"github.com/itsmkit/itsmkit/problem"
)

// Rules is what happens between linked records on a desk that says nothing else. It is data: edit it with
// [link.Table.With] and [link.Table.Without], and give it as [Config.Links].
//
// Children wait, go on and are resolved with their parent, and are reopened with it where somebody else than the caller
// reopens it. A parent that waits for its caller, is closed or cancelled leaves its children alone. Duplicates follow
// the solution of their original. Incidents that wait for a change that resolves them go on when it is closed or cancelled. A
// workaround reaches the open incidents of its problem, once each, and those that are linked later; a fix resolves those that
// wait for the problem; a risk that is borne only tells them.
func Rules() link.Table {
	toChildren := func(name string, do lifecycle.Trigger, on ...lifecycle.Trigger) link.Rule {
		return link.Rule{Name: name, Kind: incident.Kind, Triggers: on, Link: itsm.ParentOf.Name, Target: incident.Kind, Do: do}
	}
	waitsToo := itsm.Where("hold").In(string(itsm.HoldChange), string(itsm.HoldProblem), string(itsm.HoldVendor))

	held := toChildren("children wait with their parent", incident.TriggerHold, incident.TriggerHold)
	held.When, held.Input = &waitsToo, map[string]string{"reason": "hold"}
	held.Phases = []lifecycle.Phase{lifecycle.New, lifecycle.Active}

	heldAgain := toChildren("children wait for what their parent waits for", incident.TriggerHold, incident.TriggerHold)
	heldAgain.When, heldAgain.Input = &waitsToo, held.Input
	heldAgain.From = []lifecycle.Phase{lifecycle.Waiting}
	heldAgain.Phases, heldAgain.Following = heldAgain.From, true

	resumed := toChildren("children go on with their parent", incident.TriggerResume,
		incident.TriggerResume, incident.TriggerReassign, incident.TriggerReturn)
	resumed.From = []lifecycle.Phase{lifecycle.Waiting}
	resumed.Phases, resumed.Following = resumed.From, true

	solution := map[string]string{"code": "resolution.code", "notes": "resolution.notes"}
	resolved := toChildren("children are resolved with their parent", incident.TriggerResolve, incident.TriggerResolve)
	resolved.Phases = []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Waiting}
	resolved.Input = solution

	reopened := toChildren("children are reopened with their parent", incident.TriggerReopen, incident.TriggerReopen)
	reopened.By, reopened.Phases, reopened.Following = link.ByOthers, []lifecycle.Phase{lifecycle.Resolved}, true
	reopened.Input = map[string]string{"reason": "input.reason"}

	follow := link.Rule{
		Name: "duplicates follow their original", Kind: incident.Kind,
		Triggers: []lifecycle.Trigger{incident.TriggerResolve, incident.TriggerReopen, incident.TriggerLate, incident.TriggerFollow},
		Link:     itsm.DuplicateOf.Inverse, Target: incident.Kind, Phases: []lifecycle.Phase{lifecycle.Cancelled},
		Do: incident.TriggerFollow, Input: solution,
	}
	forChange := itsm.Where("hold").Is(string(itsm.HoldChange))
	changed := link.Rule{
		Name: "incidents that wait for a change go on when it is closed", Kind: change.Kind,
		Triggers: []lifecycle.Trigger{change.TriggerClose, change.TriggerCancel}, Link: change.Resolves.Name,
		Target: incident.Kind, Phases: []lifecycle.Phase{lifecycle.Waiting}, Where: &forChange, Do: incident.TriggerResume,
	}
	open := []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Waiting}
	forProblem := itsm.Where("hold").Is(string(itsm.HoldProblem))
	known, applied := itsm.Not(itsm.Where("workaround").Empty()), itsm.Where("outcome").Is(string(problem.FixApplied))
	borne := itsm.Where("outcome").Is(string(problem.RiskAccepted))
	toIncidents := func(name string, do lifecycle.Trigger, on lifecycle.Trigger, when itsm.Filter) link.Rule {
		return link.Rule{
			Name: name, Kind: problem.Kind, Triggers: []lifecycle.Trigger{on}, When: &when, Link: problem.Underlies.Name,
			Target: incident.Kind, Phases: open, Do: do,
		}
	}
	workaround := toIncidents("incidents take the workaround of their problem", incident.TriggerWorkaround, problem.TriggerWorkaround, known)
	workaround.Linked = true
	workaround.Input = map[string]string{"problem": "id", "edition": "workaround_edition", "text": "workaround"}
	fixed := toIncidents("incidents that wait for a problem are resolved by its fix", incident.TriggerResolve, problem.TriggerResolve, applied)
	fixed.Phases, fixed.Where = []lifecycle.Phase{lifecycle.Waiting}, &forProblem
	fixed.Input, fixed.Give = map[string]string{"notes": "notes"}, itsm.Patch{"code": field.Text(string(incident.Fixed))}
	told := toIncidents("incidents are told that the risk of their problem is borne", itsm.TriggerNote, problem.TriggerResolve, borne)
	told.Input = map[string]string{"body": "notes"}
	return link.Table{held, heldAgain, resumed, resolved, reopened, follow, changed, workaround, fixed, told}
}

// CommentsToChildren is a rule that a desk may add: what is written publicly on a parent is written on its open
// children. Nothing goes from a child to its parent.
func CommentsToChildren() link.Rule {
	return link.Rule{
		Name: "comments go to children", Kind: incident.Kind, Triggers: []lifecycle.Trigger{itsm.TriggerComment},
		By: link.ByOthers, Visibility: link.Public,
		Link: itsm.ParentOf.Name, Target: incident.Kind, Phases: []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Waiting},
		Do: itsm.TriggerComment, Input: map[string]string{"body": "input.body", "channel": "input.channel"},
	}
}

// ResolveWithLastChild is a rule that a desk may add: a parent is resolved when the last of its children is.
func ResolveWithLastChild() link.Rule {
	return link.Rule{
		Name: "parents are resolved with their last child", Kind: incident.Kind, Triggers: []lifecycle.Trigger{incident.TriggerResolve},
		Link: itsm.ParentOf.Inverse, Target: incident.Kind, Phases: []lifecycle.Phase{lifecycle.New, lifecycle.Active, lifecycle.Waiting},
		Last: true, Do: incident.TriggerResolve, Input: map[string]string{"code": "resolution.code"},
		Give: itsm.Patch{"notes": field.Text("All that hung under it is resolved.")},
	}
}
