package desk

import (
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
	"github.com/itsmkit/itsmkit/link"
)

// Rules is what happens between linked records on a desk that says nothing else. It is data: edit it with
// [link.Table.With] and [link.Table.Without], and give it as [Config.Links].
//
// Children wait, go on and are resolved with their parent, and are reopened with it where somebody else than the caller
// reopens it. A parent that waits for its caller, is closed or cancelled leaves its children alone. Duplicates follow
// the solution of their original.
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
	return link.Table{held, heldAgain, resumed, resolved, reopened, follow}
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
