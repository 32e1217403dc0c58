package template

import (
	"slices"
	"strings"
	"sync"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// forms are the templates of one kind, general ones first.
type forms struct {
	kind      string
	templates []Template
	creations []lifecycle.Trigger
	initial   lifecycle.State
	inputs    map[lifecycle.Trigger]map[string]bool // of the names in templates, those that a creation takes
	merged    sync.Map                              // rules by the set of templates that apply
}

// rules are what the templates of a set say together.
type rules struct {
	templates []*Template
	preset    itsm.Patch
	presets   map[lifecycle.Trigger]itsm.Patch // as each creation takes them
	mandatory []string
	guarded   []guarded
	tasks     []string
}

type guarded struct {
	Rule
	hidden bool
}

// value answers a field by its name.
type value func(name string) field.Value

// pick finds the templates that apply, as a set of bits. While a record is made, what a template fills in counts for
// those behind it.
func (f *forms) pick(of value, making bool) uint64 {
	var set uint64
	var filled itsm.Patch
	look := of
	if making {
		look = func(name string) field.Value {
			if v := of(name); !v.IsZero() {
				return v
			}
			return filled[name]
		}
	}
	for i := range f.templates {
		t := &f.templates[i]
		if !t.applies(look) {
			continue
		}
		set |= 1 << i
		if !making || len(t.Preset) == 0 {
			continue
		}
		if filled == nil {
			filled = make(itsm.Patch, len(t.Preset))
		}
		for name, v := range t.Preset {
			filled[name] = v
		}
	}
	return set
}

func (t *Template) applies(of value) bool {
	return (len(t.Categories) == 0 || slices.Contains(t.Categories, of(categoryCol).Text())) && (t.When == nil || t.When.Match(of))
}

// of answers the rules of a set, which are merged once.
func (f *forms) of(set uint64) *rules {
	if r, ok := f.merged.Load(set); ok {
		return r.(*rules)
	}
	r, _ := f.merged.LoadOrStore(set, f.merge(set))
	return r.(*rules)
}

func (f *forms) merge(set uint64) *rules {
	r := &rules{preset: itsm.Patch{}, presets: map[lifecycle.Trigger]itsm.Patch{}}
	for i := range f.templates {
		if set&(1<<i) != 0 {
			r.add(&f.templates[i])
		}
	}
	for _, c := range f.creations {
		taken := itsm.Patch{}
		for name, v := range r.preset {
			if f.inputs[c][name] {
				taken[name] = v
			}
		}
		r.presets[c] = taken
	}
	return r
}

// add lays a template over those before it.
func (r *rules) add(t *Template) {
	r.templates = append(r.templates, t)
	for _, name := range t.Free {
		r.free(name)
		r.mandatory = slices.DeleteFunc(r.mandatory, func(m string) bool { return m == name })
	}
	for _, name := range t.Mandatory {
		if !slices.Contains(r.mandatory, name) {
			r.mandatory = append(r.mandatory, name)
		}
	}
	for name, v := range t.Preset {
		r.preset[name] = v
	}
	for _, rule := range t.ReadOnly {
		r.free(rule.Field)
		r.guarded = append(r.guarded, guarded{rule, false})
	}
	for _, rule := range t.Hidden {
		r.free(rule.Field)
		r.guarded = append(r.guarded, guarded{rule, true})
	}
	if t.Tasks != "" && !slices.Contains(r.tasks, t.Tasks) {
		r.tasks = append(r.tasks, t.Tasks)
	}
}

func (r *rules) free(name string) {
	r.guarded = slices.DeleteFunc(r.guarded, func(g guarded) bool { return g.Field == name })
}

// spares reports whether the rule is not for the actor.
func (g *guarded) spares(a *itsm.Actor) bool {
	return a.Kind == itsm.System || slices.ContainsFunc(a.Roles, func(r itsm.Role) bool { return slices.Contains(g.Except, r) })
}

func (g *guarded) reason() lifecycle.Reason {
	code := ReasonReadOnly
	if g.hidden {
		code = ReasonHidden
	}
	return lifecycle.Reason{Code: code, Args: map[string]string{"field": g.Field}}
}

// brought lists what an actor may not bring to a new record.
func (r *rules) brought(a *itsm.Actor, given value) []lifecycle.Reason {
	var reasons []lifecycle.Reason
	for i := range r.guarded {
		g := &r.guarded[i]
		v := given(g.Field)
		if v.IsZero() || g.spares(a) {
			continue
		}
		preset, set := r.preset[g.Field]
		if g.hidden && !(set && v.Equal(preset)) || !g.hidden && set && !v.Equal(preset) {
			reasons = append(reasons, g.reason())
		}
	}
	return reasons
}

// changed lists what an actor may not change.
func (r *rules) changed(a *itsm.Actor, was, is value) []lifecycle.Reason {
	var reasons []lifecycle.Reason
	for i := range r.guarded {
		if g := &r.guarded[i]; !g.spares(a) && !was(g.Field).Equal(is(g.Field)) {
			reasons = append(reasons, g.reason())
		}
	}
	return reasons
}

func missing(name string) lifecycle.Reason {
	return lifecycle.Reason{Code: lifecycle.MissingField, Args: map[string]string{"field": name}}
}

// filled reports whether there is a value; white space is none, as for the tables of lifecycles.
func filled(v field.Value) bool {
	return !v.IsZero() && (v.Kind() != field.KindText || strings.TrimSpace(v.Text()) != "")
}
