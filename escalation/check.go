package escalation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Check lists everything that is wrong with a policy by itself. What does not fit the practices, such as fields that a kind
// does not have, is a fault of [itsm.Kernel.Open].
func (p *Policy) Check() error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, itsm.Invalid("escalation "+p.Name, fmt.Sprintf(format, args...)))
	}
	if p.Name == "" || len(p.Kinds) == 0 || len(p.Steps) == 0 {
		fault("give it a name, kinds and steps")
	}
	if len(p.Name) > maxName || strings.Contains(p.Name, "/") {
		fault("its name has %d bytes at most, and no slash", maxName)
	}
	if p.InHours && p.Calendar == nil {
		fault("in hours it waits for its calendar to open: give it one")
	}
	if m := p.Maintenance; m != MaintenanceMarks && m != MaintenanceHolds && m != MaintenanceIgnored {
		fault("%q is no rule for maintenance: leave it out, or say hold or ignore", m)
	}
	switch {
	case p.Repeat < 0 || p.Repeat > maxRepeat:
		fault("it is repeated 0 to %d times, not %d", maxRepeat, p.Repeat)
	case p.Repeat > 0 && p.RepeatAfter <= 0:
		fault("it is repeated after a time of more than 0")
	case p.Repeat == 0 && p.RepeatAfter != 0:
		fault("say how often it is repeated")
	}
	if p.AckTimeout < 0 || p.MaxSteps < 0 {
		fault("the time of an acknowledgement and the number of steps are 0 or more")
	}
	if p.Persistent && (p.AckTimeout != 0 || p.TakingStops) {
		fault("what is persistent is not stopped by an acknowledgement")
	}
	for i := range p.Triggers {
		p.Triggers[i].check(func(format string, args ...any) { fault("trigger %d: "+format, append([]any{i + 1}, args...)...) })
	}
	seen := map[string]bool{}
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Name == "" || seen[s.Name] {
			fault("every step needs a name of its own, not %q", s.Name)
		}
		if i == 0 && s.Fallback {
			fault("the first step is no fallback")
		}
		seen[s.Name] = true
		s.check(func(format string, args ...any) { fault("step "+s.Name+": "+format, args...) })
	}
	return errors.Join(faults...)
}

func (t *Trigger) check(fault func(format string, args ...any)) {
	if !slices.Contains(allOn, t.On) {
		fault("there is no trigger %q: it is one of %q", t.On, allOn)
		return
	}
	if t.On != OnLevel && (len(t.Agreements)+len(t.Classes)+len(t.Targets)+len(t.Levels) > 0 || t.Missed) {
		fault("agreements, classes, targets, levels and missed are for %s", OnLevel)
	}
	if t.On.silence() && t.Within <= 0 || !t.On.silence() && t.Within != 0 {
		fault("a time of more than 0 is for %s and %s, and they need one", OnNoAcknowledgement, OnNoProgress)
	}
	if counts := t.On == OnReassigned || t.On == OnReopened; counts && t.Count < 1 || !counts && t.Count != 0 {
		fault("a count from 1 is for %s and %s, and they need one", OnReassigned, OnReopened)
	}
	if t.Priority != 0 && t.On != OnPriorityRaised {
		fault("a priority is for %s", OnPriorityRaised)
	}
}

func (s *Step) check(fault func(format string, args ...any)) {
	if !slices.Contains(stepKinds, s.Kind) {
		fault("its kind is one of %q, not %q", stepKinds, s.Kind)
		return
	}
	if s.After < 0 {
		fault("it is taken after a time of 0 or more")
	}
	only := func(given bool, what string, kinds ...StepKind) {
		if given && !slices.Contains(kinds, s.Kind) {
			fault("%s for %q steps", what, kinds)
		}
	}
	only(len(s.Audience) > 0, "an audience is", Notify)
	only(s.ManagersUp != 0, "managers up are", Hierarchical)
	only(s.FromGroup, "to begin at the group's manager is", Hierarchical)
	only(s.Involve, "to involve people is", Notify, Hierarchical)
	only(s.SkipAbsent, "to skip who is absent is", Notify, Hierarchical)
	only(s.Group != "", "a group is", Functional)
	only(s.Priority != 0, "a priority is", Raise)
	only(s.Do != "", "a trigger is", Command)
	only(len(s.Input) > 0, "an input is", Command)
	only(s.Func != "", "a function is", Call)
	switch {
	case s.Kind == Notify && len(s.Audience) == 0:
		fault("it tells nobody: name an audience")
	case s.Kind == Hierarchical && (s.ManagersUp < 1 || s.ManagersUp > maxManagersUp):
		fault("it goes 1 to %d managers up, not %d", maxManagersUp, s.ManagersUp)
	case s.Kind == Functional && s.Group == "":
		fault("name the group that gets the ticket")
	case s.Kind == Command && s.Do == "":
		fault("name the trigger that it pulls")
	case s.Kind == Call && s.Func == "":
		fault("name the function that it calls")
	}
	for _, a := range s.Audience {
		if !a.known() {
			fault("there is no audience %q: name a person, or one of %q, %q", a, audiences, []Audience{MembersOf("name"), DutyOf("name")})
		}
	}
}

var audiences = []Audience{Assignee, GroupHead, Members, Caller, Watchers, Duty}

func (a Audience) known() bool {
	for _, prefix := range []string{groupPrefix, dutyPrefix} {
		if group, named := strings.CutPrefix(string(a), prefix); named {
			return group != ""
		}
	}
	return a != "" && (a[0] != '@' || slices.Contains(audiences, a))
}

// duty reports whether somebody's duty is asked for.
func (p *Policy) duty() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return slices.ContainsFunc(s.Audience, func(a Audience) bool {
			return a == Duty || strings.HasPrefix(string(a), dutyPrefix)
		})
	})
}

// checkWith lists what does not fit the kernel's practices.
func (e *Escalator) checkWith(k *itsm.Kernel, p *Policy) error {
	var faults []error
	for _, kind := range p.Kinds {
		add := func(about string, err error) {
			if err != nil {
				faults = append(faults, fmt.Errorf("escalation %s: %s%w", p.Name, about, err))
			}
		}
		columns := k.Columns(kind)
		if columns == nil {
			add("", itsm.Invalid("kind", fmt.Sprintf("no practice registered the kind %q", kind)))
			continue
		}
		add("", k.CheckInput(kind, itsm.TriggerEscalate, "policy"))
		if p.Where != nil {
			add("where: ", k.CheckFilter(kind, *p.Where))
			add("where: ", impersonal(kind, columns, p.Where))
		}
		for i := range p.Steps {
			s := &p.Steps[i]
			add("step "+s.Name+": ", e.checkStep(k, kind, s))
		}
	}
	return errors.Join(faults...)
}

func (e *Escalator) checkStep(k *itsm.Kernel, kind string, s *Step) error {
	switch s.Kind {
	case Command:
		return k.CheckValues(kind, s.Do, s.Input)
	case ProposeMajor:
		return k.CheckInput(kind, triggerPropose, "reason")
	case Raise:
		return errors.Join(k.CheckInput(kind, itsm.TriggerEdit), k.CheckColumn(kind, "priority"), k.CheckColumn(kind, "priority_reason"))
	case Functional:
		table := k.Lifecycles(kind)[0]
		if e.handovers[kind] == nil {
			e.handovers[kind] = handovers(&table, e.triggers(kind))
		}
		if len(e.handovers[kind]) == 0 {
			return itsm.Invalid("triggers", fmt.Sprintf("%s is handed over in no open state by %q: name its triggers", kind, e.triggers(kind)))
		}
	}
	return nil
}

// handovers finds the triggers of each open state that hand a ticket over.
func handovers(table *lifecycle.Definition, triggers []lifecycle.Trigger) map[lifecycle.State]lifecycle.Trigger {
	found := map[lifecycle.State]lifecycle.Trigger{}
	for _, state := range table.States {
		if !state.Phase.Open() {
			continue
		}
		waits := state.Phase == lifecycle.Waiting // and goes on waiting
		for _, t := range triggers {
			if slices.ContainsFunc(table.Rows, func(r lifecycle.Transition) bool {
				return r.Trigger == t && slices.Contains(r.From, state.Name) && (!waits || r.To == "" && r.Choose == "")
			}) {
				found[state.Name] = t
				break
			}
		}
	}
	return found
}

// impersonal refuses filters by data of persons, which can be erased.
func impersonal(kind string, columns []itsm.ColumnSpec, f *itsm.Filter) error {
	var faults []error
	if f.Column != "" {
		i := slices.IndexFunc(columns, func(c itsm.ColumnSpec) bool { return c.Name == f.Column })
		if i >= 0 && columns[i].Personal || f.Column == "open_assignee" {
			faults = append(faults, itsm.Invalid(f.Column, kind+" holds data of persons there, which can be erased: judge by another field"))
		}
	}
	for i := range f.Parts {
		faults = append(faults, impersonal(kind, columns, &f.Parts[i]))
	}
	return errors.Join(faults...)
}
