// Package template gives forms to kinds of records, as tables: which fields are mandatory, filled in beforehand, hidden or
// read-only, in general and by category. [Templates.Form] tells a user interface; what it tells is enforced below it, on
// every way to a record.
package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Template is one table of a form. Several may apply to a record: first those without Categories and When, then the
// others, both in the order of the configuration. Of two that say something of one field, the later one wins.
//
// Fields are named as in the record: "impact", "custom.site".
type Template struct {
	// Name is unique on a desk.
	Name string `json:"name"`
	Kind string `json:"kind"`
	// Categories and When limit it to records of one of these categories, and to those that a condition matches. While a
	// record is made, what came with the command is looked at, and what earlier templates fill in.
	Categories []string     `json:"categories,omitempty"`
	When       *itsm.Filter `json:"when,omitempty"`

	// Mandatory fields are filled when a record has been made, and are not emptied later. Records from before that lack
	// them may go on without.
	Mandatory []string `json:"mandatory,omitempty"`
	// Preset fills in what a command that makes a record left empty.
	Preset itsm.Patch `json:"preset,omitempty"`
	// Hidden fields are not set at all, ReadOnly ones not changed, but by those who are exempt. A read-only field with a
	// preset has that value from the start.
	Hidden   []Rule `json:"hidden,omitempty"`
	ReadOnly []Rule `json:"read_only,omitempty"`
	// Free lifts what earlier templates say of fields, but for their presets.
	Free []string `json:"free,omitempty"`
	// Tasks names a list of tasks that each new record gets.
	Tasks string `json:"tasks,omitempty"`
}

// Rule restricts a field.
type Rule struct {
	Field string `json:"field"`
	// Except are the roles that it does not restrict.
	Except []itsm.Role `json:"except,omitempty"`
}

// The codes of refusals, beside [lifecycle.MissingField]. Both have the argument field.
const (
	ReasonReadOnly lifecycle.Code = "read_only" // the actor may not change the field
	ReasonHidden   lifecycle.Code = "hidden"    // the actor may not set the field
)

// Parse reads a JSON list of templates. It refuses members that it does not know; what the templates say is checked when
// the kernel is opened.
func Parse(data []byte) ([]Template, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var list []Template
	err := d.Decode(&list)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("more follows the list")
		}
	}
	if err != nil {
		return nil, &itsm.Error{Code: itsm.ErrInvalid.Code, Message: "templates are a JSON list of them", Cause: err}
	}
	return list, nil
}

// maxTemplates bounds the templates of a kind.
const maxTemplates = 64

// The command that adds a list of tasks, by name: this package does not know the other.
const (
	taskKind                      = "task"
	taskAdd     lifecycle.Trigger = "add"
	taskOf                        = "of"
	taskList                      = "list"
	categoryCol                   = "category"
)

// check lists everything that is wrong with a template.
func (t *Template) check(k *itsm.Kernel) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, itsm.Invalid("template "+t.Name, fmt.Sprintf(format, args...)))
	}
	if t.Name == "" {
		fault("give it a name")
	}
	if !slices.Contains(k.Kinds(), t.Kind) {
		fault("no practice registered the kind %q", t.Kind)
		return errors.Join(faults...)
	}
	column := func(list, name string) {
		if err := k.CheckColumn(t.Kind, name); err != nil {
			fault("%s: %s has no field %q", list, t.Kind, name)
		}
	}
	once := func(list string, names []string) {
		for i, name := range names {
			column(list, name)
			if slices.Contains(names[:i], name) {
				fault("%s: %q stands twice", list, name)
			}
		}
	}
	once("mandatory", t.Mandatory)
	once("hidden", fields(t.Hidden))
	once("read_only", fields(t.ReadOnly))
	once("free", t.Free)
	for _, name := range t.Mandatory {
		if k.CheckColumn(t.Kind, name) == nil && !t.brings(k, name) {
			fault("mandatory: no command that makes a record brings %q", name)
		}
		for _, h := range t.Hidden {
			if _, set := t.Preset[name]; h.Field == name && !set {
				fault("%q is mandatory and hidden: fill it in, or whom it is hidden from can make no record", name)
			}
		}
	}
	for name, v := range t.Preset {
		if v.IsZero() {
			fault("preset: %q has no value", name)
		} else if err := t.takes(k, name); err != nil {
			fault("preset: %v", err)
		}
	}
	if len(t.Categories) > 0 {
		column("categories", categoryCol)
	}
	if t.When != nil {
		if err := k.CheckFilter(t.Kind, *t.When); err != nil {
			fault("when: %v", err)
		}
		for _, name := range columns(t.When) {
			if !t.brings(k, name) {
				fault("when: no command that makes a record brings %q", name)
			}
		}
	}
	if t.Tasks != "" && (k.CheckInput(taskKind, taskAdd, taskOf, taskList) != nil || k.CheckInput(t.Kind, itsm.TriggerTask) != nil) {
		fault("tasks: this desk has no tasks for the kind %q", t.Kind)
	}
	return errors.Join(faults...)
}

// brings reports whether a command that makes a record takes the field.
func (t *Template) brings(k *itsm.Kernel, name string) bool {
	return slices.ContainsFunc(k.Creations(t.Kind), func(c lifecycle.Trigger) bool { return k.CheckInput(t.Kind, c, name) == nil })
}

// takes says why no command that makes a record takes the preset of a field.
func (t *Template) takes(k *itsm.Kernel, name string) error {
	var first error
	for _, c := range k.Creations(t.Kind) {
		err := k.CheckValues(t.Kind, c, itsm.Patch{name: t.Preset[name]})
		if err == nil {
			return nil
		}
		if first == nil || k.CheckInput(t.Kind, c, name) == nil {
			first = err
		}
	}
	if first == nil {
		first = fmt.Errorf("no command makes a record of the kind %q", t.Kind)
	}
	return first
}

func fields(rules []Rule) []string {
	names := make([]string, len(rules))
	for i, r := range rules {
		names[i] = r.Field
	}
	return names
}

// columns are those that a filter looks at.
func columns(f *itsm.Filter) []string {
	var names []string
	if f.Column != "" {
		names = append(names, f.Column)
	}
	for i := range f.Parts {
		names = append(names, columns(&f.Parts[i])...)
	}
	return names
}

// clone makes a template that the host cannot change any more.
func (t Template) clone() Template {
	t.Categories, t.Mandatory, t.Free = slices.Clone(t.Categories), slices.Clone(t.Mandatory), slices.Clone(t.Free)
	preset := make(itsm.Patch, len(t.Preset))
	for name, v := range t.Preset {
		preset[name] = v
	}
	t.Preset = preset
	t.Hidden, t.ReadOnly = cloned(t.Hidden), cloned(t.ReadOnly)
	if t.When != nil {
		when := *t.When
		t.When = &when
	}
	return t
}

func cloned(rules []Rule) []Rule {
	rules = slices.Clone(rules)
	for i := range rules {
		rules[i].Except = slices.Clone(rules[i].Except)
	}
	return rules
}
