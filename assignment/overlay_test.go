package assignment_test

import (
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

func lifecycleTrigger(name string) lifecycle.Trigger { return lifecycle.Trigger(name) }

// overlayWithGuard puts a guard on assigning.
func overlayWithGuard() []lifecycle.Overlay {
	return []lifecycle.Overlay{{
		Lifecycle: incident.Kind, Version: 2,
		Replace: lifecycle.Parts{Transitions: []lifecycle.Transition{{
			From: []lifecycle.State{incident.StateNew}, Trigger: incident.TriggerAssign, To: incident.StateAssigned, Ensures: []string{"not_ann"},
		}}},
	}}
}

func refuseAnn(p *itsm.Practice[incident.Incident]) error {
	p.Guard("not_ann", func(_ *itsm.Unit, inc *incident.Incident) *lifecycle.Reason {
		if inc.Assignee != "ann" {
			return nil
		}
		return &lifecycle.Reason{Code: "not_ann"}
	})
	return nil
}
