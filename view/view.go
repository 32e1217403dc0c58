// Package view keeps saved queries and macros, and runs them over many records.
//
// A [View] is a query as data: a filter with placeholders such as $me and $now-7d, a sort, the columns to show. A [Macro]
// is a list of commands as data. Both come from a [Catalogue] that the host writes, and views also from the people who
// use the desk: those are records of the kind "view", with an owner, shared with groups and roles, and audited as every
// record is.
//
// A view runs with the rights of who runs it, never of who wrote it: the authorizer's scope and mask apply, and a view
// that filters or sorts by what its runner does not see is refused with [itsm.ErrDenied].
package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// View is a saved query.
type View struct {
	// Name finds it: lower-case letters, digits and underscores. A view that is saved as a record is found by its number
	// and needs none.
	Name  string `json:"name,omitempty"`
	Title string `json:"title"`
	// Kind is what it lists, such as "incident".
	Kind string `json:"kind"`
	// Filter limits the records; nil takes all that the runner sees. Texts in it that begin with $ are placeholders.
	Filter *itsm.Filter `json:"filter,omitempty"`
	Sort   []itsm.Sort  `json:"sort,omitempty"`
	// Columns are to be shown, in order.
	Columns []string `json:"columns,omitempty"`
	// Limit is the size of a page; 0 is the kernel's.
	Limit int `json:"limit,omitempty"`
	// Zone is the time zone of $today by its IANA name; empty is UTC.
	Zone string `json:"zone,omitempty"`
	// Share says who sees it in a catalogue; without roles and groups everybody does.
	Share
}

// Share names those whom something is shared with: who has one of the roles, or is in one of the groups.
type Share struct {
	Roles  []itsm.Role `json:"roles,omitempty"`
	Groups []string    `json:"groups,omitempty"`
}

// Macro is a list of commands that are given to a record together: all of them or none.
type Macro struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Kind  string `json:"kind"`
	Steps []Step `json:"steps"`
	// Share says who may run it; without roles and groups everybody may. Whoever runs it needs the right to each step.
	Share
}

// Step is one command of a macro. Texts in it that begin with $ are placeholders.
type Step struct {
	Trigger lifecycle.Trigger `json:"trigger"`
	// Input is what the command brings, by the names of its fields.
	Input itsm.Patch `json:"input,omitempty"`
	// Group and Assignee hand the ticket over with the command, and With sets fields.
	Group    string     `json:"group,omitempty"`
	Assignee string     `json:"assignee,omitempty"`
	With     itsm.Patch `json:"with,omitempty"`
}

// Catalogue is what a host gives everybody.
type Catalogue struct {
	Views  []View  `json:"views,omitempty"`
	Macros []Macro `json:"macros,omitempty"`
}

// ReadCatalogue reads the JSON of a catalogue. Names that it does not know are errors; whether kinds and columns are
// there is found when the kernel is opened.
func ReadCatalogue(r io.Reader) (Catalogue, error) {
	var c Catalogue
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Catalogue{}, itsm.Invalid("catalogue", err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Catalogue{}, itsm.Invalid("catalogue", "there is more after the catalogue's end")
	}
	return c, nil
}

// Check says everything that is wrong with a view, or nil.
func (v *View) Check(k *itsm.Kernel) error {
	var faults []error
	fault := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if strings.TrimSpace(v.Title) == "" {
		fault(itsm.Invalid("title", "give the view a title"))
	}
	if k.Columns(v.Kind) == nil { // of a practice or a projection
		fault(itsm.Invalid("kind", fmt.Sprintf("no practice registered the kind %q", v.Kind)))
		return errors.Join(faults...)
	}
	zone, err := time.LoadLocation(v.Zone)
	if err != nil {
		zone = time.UTC
		fault(itsm.Invalid("zone", fmt.Sprintf("%q is no time zone: use an IANA name such as Europe/Vienna", v.Zone)))
	}
	if v.Filter != nil {
		v.checkFilter(k, *v.Filter, 0, sample(zone), fault)
	}
	for i := range v.Sort {
		fault(k.CheckQuery(v.Kind, itsm.Query{Sort: v.Sort[i : i+1]}))
	}
	if len(faults) == 0 {
		fault(k.CheckQuery(v.Kind, itsm.Query{Sort: v.Sort})) // a column that stands twice
	}
	for _, name := range v.Columns {
		fault(k.CheckColumn(v.Kind, name))
	}
	fault(k.CheckQuery(v.Kind, itsm.Query{Limit: v.Limit}))
	return errors.Join(faults...)
}

// maxDepth is how deep a filter nests; the kernel says so too.
const maxDepth = 32

// checkFilter judges each condition by itself, so that all faults are told.
func (v *View) checkFilter(k *itsm.Kernel, f itsm.Filter, depth int, at moment, fault func(error)) {
	if depth > maxDepth {
		fault(itsm.Invalid("filter", fmt.Sprintf("a filter nests %d deep at most", maxDepth)))
		return
	}
	if parts := f.Parts; len(parts) > 0 {
		for i := range parts {
			v.checkFilter(k, parts[i], depth+1, at, fault)
		}
		f.Parts = slices.Repeat([]itsm.Filter{itsm.All()}, len(parts)) // the parts are judged: this is about the rest
	}
	resolved, err := at.filter(f)
	if err == nil {
		err = k.CheckQuery(v.Kind, itsm.Query{Filter: &resolved})
	}
	fault(err)
}

// Check says everything that is wrong with a macro, or nil. Whether a value suits an input is found when it is run.
func (m *Macro) Check(k *itsm.Kernel) error {
	var faults []error
	if strings.TrimSpace(m.Title) == "" {
		faults = append(faults, itsm.Invalid("title", "give the macro a title"))
	}
	if !slices.Contains(k.Kinds(), m.Kind) {
		faults = append(faults, itsm.Invalid("kind", fmt.Sprintf("no practice registered the kind %q", m.Kind)))
		return errors.Join(faults...)
	}
	if len(m.Steps) == 0 {
		faults = append(faults, itsm.Invalid("steps", "give the macro a command"))
	}
	for i := range m.Steps {
		if err := m.Steps[i].check(k, m.Kind); err != nil {
			faults = append(faults, fmt.Errorf("step %d, %s: %w", i+1, m.Steps[i].Trigger, err))
		}
	}
	return errors.Join(faults...)
}

func (s *Step) check(k *itsm.Kernel, kind string) error {
	if !onRecords(k, kind, s.Trigger) {
		return itsm.Invalid("trigger", fmt.Sprintf("no lifecycle of %s has the trigger %q", kind, s.Trigger))
	}
	var faults []error
	for _, name := range sortedNames(s.Input) {
		if s.Trigger == itsm.TriggerEdit {
			faults = append(faults, k.CheckColumn(kind, name))
		} else {
			faults = append(faults, k.CheckInput(kind, s.Trigger, name))
		}
	}
	for _, name := range sortedNames(s.With) {
		faults = append(faults, k.CheckColumn(kind, name))
	}
	_, err := sample(time.UTC).step(*s)
	return errors.Join(append(faults, err)...)
}

// onRecords reports whether a trigger acts on records that are there.
func onRecords(k *itsm.Kernel, kind string, t lifecycle.Trigger) bool {
	for _, table := range k.Lifecycles(kind) {
		if slices.ContainsFunc(table.Triggers, func(row lifecycle.TriggerRow) bool { return row.Name == t }) {
			return true
		}
	}
	return false
}

func sortedNames(p itsm.Patch) []string {
	names := make([]string, 0, len(p))
	for name := range p {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// check says all faults of a catalogue.
func (c *Catalogue) check(k *itsm.Kernel) error {
	var faults []error
	seen := map[string]bool{}
	named := func(what, name string, err error) {
		switch {
		case name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "":
			err = errors.Join(itsm.Invalid("name", "a name is of lower-case letters, digits and underscores"), err)
		case seen[what+name]:
			err = errors.Join(itsm.Invalid("name", "the name stands twice"), err)
		}
		seen[what+name] = true
		if err != nil {
			faults = append(faults, fmt.Errorf("%s %q: %w", what, name, err))
		}
	}
	for i := range c.Views {
		named("view", c.Views[i].Name, c.Views[i].Check(k))
	}
	for i := range c.Macros {
		named("macro", c.Macros[i].Name, c.Macros[i].Check(k))
	}
	return errors.Join(faults...)
}

// with reports whether something is shared with a person; with nobody named it is with everybody.
func (s *Share) with(a *itsm.Actor, groups []string) bool {
	if a.Kind == itsm.System || len(s.Roles) == 0 && len(s.Groups) == 0 {
		return true
	}
	return slices.ContainsFunc(s.Roles, func(r itsm.Role) bool { return slices.Contains(a.Roles, r) }) ||
		slices.ContainsFunc(s.Groups, func(g string) bool { return slices.Contains(groups, g) })
}

// Row is a record as a view shows it.
type Row struct {
	Ref     itsm.Ref
	Version int64
	// Values are those of the view's columns, in order; none where a field is empty, or hidden from the runner.
	Values []field.Value
}

// Page is one page of a view.
type Page struct {
	Columns []string
	Rows    []Row
	// Next is the cursor of the next page, empty on the last one.
	Next string
}
