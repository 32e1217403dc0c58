package link

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/itsm"
)

const fromInput = "input."

// check lists what is wrong with the rules that can be told without a kernel.
func (t Table) check() error {
	var faults []error
	seen := map[string]bool{}
	for i := range t {
		r := &t[i]
		fault := func(format string, args ...any) {
			faults = append(faults, itsm.Invalid("rule "+r.Name, fmt.Sprintf(format, args...)))
		}
		if r.Name == "" || seen[r.Name] {
			fault("give every rule a name of its own")
		}
		seen[r.Name] = true
		if r.Kind == "" || r.Target == "" || r.Link == "" || r.Do == "" || len(r.Triggers) == 0 {
			fault("name kind, triggers, link, target and what to do")
		}
		if !slices.Contains([]By{"", ByCaller, ByOthers}, r.By) {
			fault("by is caller or others, not %q", r.By)
		}
		if !slices.Contains([]Visibility{"", Public, Internal}, r.Visibility) {
			fault("the visibility is public or internal, not %q", r.Visibility)
		}
		for name := range r.Give {
			if _, twice := r.Input[name]; twice {
				fault("%s is given twice", name)
			}
		}
		for _, from := range r.Input {
			if r.Linked && strings.HasPrefix(from, fromInput) {
				fault("targets that are linked later know no %s: take a column of the source", from)
			}
		}
		if r.leaks() {
			fault("it would show work notes or internal comments to requesters: limit it to public messages, or give internal")
		}
	}
	return errors.Join(faults...)
}

// leaks reports whether a rule could turn a message between those who work on a record into a public one.
func (r *Rule) leaks() bool {
	if r.Do != itsm.TriggerComment || r.Visibility == Public || r.Give["internal"].Bool() || r.Input["internal"] == fromInput+"internal" {
		return false
	}
	return slices.Contains(r.Triggers, itsm.TriggerNote) || slices.Contains(r.Triggers, itsm.TriggerComment)
}

// checkWith lists what is wrong with a rule for the kinds of a kernel.
func (r *Rule) checkWith(k *itsm.Kernel) error {
	var faults []error
	fault := func(err error) {
		if err != nil {
			faults = append(faults, fmt.Errorf("rule %s: %w", r.Name, err))
		}
	}
	for _, t := range r.Triggers {
		fault(k.CheckInput(r.Kind, t))
		for _, from := range r.Input {
			if name, ok := strings.CutPrefix(from, fromInput); ok {
				fault(k.CheckInput(r.Kind, t, name))
			}
		}
	}
	var names []string
	for name, from := range r.Input {
		names = append(names, name)
		if !strings.HasPrefix(from, fromInput) {
			fault(k.CheckColumn(r.Kind, from))
		}
	}
	for name := range r.Give {
		names = append(names, name)
	}
	slices.Sort(names)
	fault(k.CheckInput(r.Target, r.Do, names...))
	if r.Where != nil {
		fault(k.CheckFilter(r.Target, *r.Where))
	}
	if r.When != nil {
		fault(k.CheckFilter(r.Kind, *r.When))
	}
	return errors.Join(faults...)
}
