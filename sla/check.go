package sla

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

const (
	maxTargets = 100
	maxLevels  = 100
	maxName    = 100
	maxDepth   = 8 // of conditions within conditions

	maxFilterDepth = 32
)

// Check lists everything that is wrong with an agreement by itself.
func (a *Agreement) Check() error {
	var list []error
	f := &faults{about: "agreement " + a.Name, list: &list}
	if a.Name == "" || len(a.Kinds) == 0 || len(a.Targets) == 0 {
		f.add("give it a name, kinds and targets")
	}
	if strings.Contains(a.Name, "/") {
		f.add("its name must not contain a slash")
	}
	if a.Version < 0 {
		f.add("versions are 0 or more, not %d", a.Version)
	}
	if len(a.Targets) > maxTargets {
		f.add("it has %d targets at most", maxTargets)
	}
	if !slices.Contains([]Class{ServiceLevel, OperationalLevel, Underpinning}, a.Class) {
		f.add("its class is sla, ola or uc, not %q", a.Class)
	}
	if a.OnChange != KeepStart && a.OnChange != StartAnew {
		f.add("on a change it keeps the start (%q) or starts anew (%q), not %q", KeepStart, StartAnew, a.OnChange)
	}
	if !a.From.IsZero() && !a.Until.IsZero() && !a.From.Before(a.Until) {
		f.add("it is valid until %s, which is not after %s", a.Until.Format(time.RFC3339), a.From.Format(time.RFC3339))
	}
	if neverOpens(a.Calendar) {
		f.add(neverOpened)
	}
	f.filter(a.Where, 0)
	seen := map[string]bool{}
	for i := range a.Targets {
		t := &a.Targets[i]
		if t.Name == "" || seen[t.Name] || strings.Contains(t.Name, "/") {
			f.add("every target needs a name of its own, without a slash, not %q", t.Name)
		}
		if len(rowName(a.Name, t.Name)) > maxName {
			f.add("target %s: the names of agreement and target have %d bytes together at most", t.Name, maxName-1)
		}
		seen[t.Name] = true
		t.check(a, &faults{about: f.about, within: "target " + t.Name + ": ", list: &list})
	}
	return errors.Join(list...)
}

const neverOpened = "its calendar never opens: give it hours, or leave it out to count around the clock"

// neverOpens reports whether a calendar has no working time ahead of 1970: with it no target would ever be due.
func neverOpens(c *calendar.Calendar) bool {
	if c == nil {
		return false
	}
	_, err := c.NextOpen(time.Unix(0, 0))
	return err != nil
}

// faults gathers what is wrong with one thing, in a list that its parts share.
type faults struct {
	about, within string
	list          *[]error
}

func (f *faults) add(format string, args ...any) {
	*f.list = append(*f.list, itsm.Invalid(f.about, f.within+fmt.Sprintf(format, args...)))
}

// filter checks the form of a filter; whether its columns are there is the kernel's to say.
func (f *faults) filter(where *itsm.Filter, depth int) {
	if where == nil {
		return
	}
	values := 1
	switch where.Op {
	case itsm.OpAll, itsm.OpAny, itsm.OpNot:
		if where.Op == itsm.OpNot && len(where.Parts) != 1 {
			f.add("where: %q takes one part, not %d", where.Op, len(where.Parts))
		}
		if depth == maxFilterDepth {
			f.add("where: filters lie in one another too deep")
			return
		}
		for i := range where.Parts {
			f.filter(&where.Parts[i], depth+1)
		}
		return
	case itsm.OpIn:
		values = len(where.Values)
	case itsm.OpEmpty:
		values = 0
	case itsm.OpLess, itsm.OpMost, itsm.OpMore, itsm.OpLeast, itsm.OpPrefix, itsm.OpHas:
	default:
		f.add("where: %q is no operator", where.Op)
		return
	}
	if where.Column == "" {
		f.add("where: %q names no field", where.Op)
	}
	if len(where.Values) != values {
		f.add("where: %q takes %d values, not %d", where.Op, values, len(where.Values))
	}
	for _, v := range where.Values {
		if err := v.Check(); err != nil {
			f.add("where: %v", err)
		}
	}
}

func (t *Target) check(a *Agreement, f *faults) {
	_, stop, _, known := t.Kind.Conditions()
	if !known {
		f.add("there is no kind of target %q: it is one of %q", t.Kind, Kinds()[1:])
	}
	if t.Stop.IsZero() && stop.IsZero() && known {
		f.add("it never stops: name an event or a phase")
	}
	if neverOpens(t.Calendar) {
		f.add(neverOpened)
	}
	if t.Pause.timed() {
		f.add("an event lasts no time: pause it by phases, holds, groups and facts")
	}
	if r := t.Reset; !r.IsZero() && (len(r.Events) == 0 || r.lasts()) {
		f.add("a reset is an event: name some, and narrow them by what lasts with And")
	}
	t.Start.check(a, "start", 0, f)
	t.Pause.check(a, "pause", 0, f)
	t.Stop.check(a, "stop", 0, f)
	t.Cancel.check(a, "cancel", 0, f)
	t.Reset.check(a, "reset", 0, f)
	if !slices.Contains([]Reopen{Continue, ContinueCounted, NewCycle, Stay}, t.Reopen) {
		f.add("a reopening has it continue (%q), %q, %q or %q, not %q", Continue, ContinueCounted, NewCycle, Stay, t.Reopen)
	}
	if t.Late != EveryLevel && t.Late != LatestLevel {
		f.add("late it tells every level (%q) or the %q, not %q", EveryLevel, LatestLevel, t.Late)
	}
	f.filter(t.Where, 0)
	t.checkTime(f)
	t.checkLevels(f)
}

func (t *Target) checkTime(f *faults) {
	switch {
	case t.Deadline == "" && len(t.Within) == 0:
		f.add("it promises no time to any priority")
	case t.Deadline != "" && len(t.Within) > 0:
		f.add("it is due within a time or at a deadline, not both")
	case t.Deadline != "" && !t.Pause.IsZero():
		f.add("no pause moves a deadline: leave it out")
	}
	for _, p := range slices.Sorted(maps.Keys(t.Within)) {
		if t.Within[p] <= 0 {
			f.add("the time for %v is more than 0", p)
		}
	}
}

func (t *Target) checkLevels(f *faults) {
	if len(t.Levels) > maxLevels {
		f.add("it has %d levels at most", maxLevels)
	}
	percent, offset := 0, time.Duration(math.MinInt64)
	seen := map[string]bool{}
	for _, l := range t.Levels {
		if l.Name == "" || seen[l.Name] {
			f.add("every level needs a name of its own, not %q", l.Name)
		}
		seen[l.Name] = true
		switch {
		case l.Percent != 0 && l.Offset != 0:
			f.add("level %s: place it by percent or by offset, not both", l.Name)
		case l.Percent == 0:
			if l.Offset <= offset {
				f.add("levels ascend, and %v does not", l.Offset)
			}
			offset = max(offset, l.Offset)
		default:
			if l.Percent <= percent {
				f.add("levels ascend from 1 %%, and %d does not", l.Percent)
			}
			percent = max(percent, l.Percent)
		}
	}
}

// timed reports whether an event is part of the condition.
func (c *Condition) timed() bool {
	return len(c.Events) > 0 || slices.ContainsFunc(c.And, func(and Condition) bool { return and.timed() })
}

// lasts reports whether a part of the condition is something that lasts.
func (c *Condition) lasts() bool {
	return len(c.Phases)+len(c.Holds)+len(c.Groups)+len(c.OtherGroups)+len(c.Facts) > 0
}

func (c *Condition) check(a *Agreement, name string, depth int, f *faults) {
	if depth > maxDepth {
		f.add("%s: conditions lie in one another too deep", name)
		return
	}
	if len(c.And) > 0 && len(c.Events) == 0 && !c.lasts() {
		f.add("%s: And narrows a condition, and here is none", name)
	}
	for _, event := range c.Events {
		if _, common := eventSigns[event]; common {
			continue
		}
		if kind, _, ok := strings.Cut(event, "."); !ok || !slices.Contains(a.Kinds, kind) {
			f.add("%s: %q is no event of its kinds: write it as %s.resolved", name, event, first(a.Kinds))
		}
	}
	for _, phase := range c.Phases {
		if phase < lifecycle.New || phase > lifecycle.Cancelled {
			f.add("%s: there is no phase %d", name, phase)
		}
	}
	for _, fact := range c.Facts {
		if _, ok := factSigns[fact]; !ok {
			f.add("%s: there is no fact %q: it is one of assigned, unassigned, ever_answered, awaiting_answer", name, fact)
		}
	}
	for i := range c.And {
		if c.And[i].IsZero() {
			f.add("%s: And names an empty condition", name)
		}
		c.And[i].check(a, name, depth+1, f)
	}
}

// first is an example to show.
func first(kinds []string) string {
	if len(kinds) == 0 {
		return "incident"
	}
	return kinds[0]
}

// events lists the names from histories that a condition names.
func (c *Condition) events(each func(event string)) {
	for _, event := range c.Events {
		if _, common := eventSigns[event]; !common {
			each(event)
		}
	}
	for i := range c.And {
		c.And[i].events(each)
	}
}

// checkIn lists what does not fit the practices of a kernel: events that no lifecycle has, and fields that a kind does
// not have or that hold data of persons; kinds that it does not have where it is complete.
func (a *Agreement) checkIn(k *itsm.Kernel, complete bool) error {
	var list []error
	f := &faults{about: "agreement " + a.Name, list: &list}
	for _, kind := range a.Kinds {
		columns := k.Columns(kind)
		if columns == nil {
			if complete {
				f.add("no kind %q is registered", kind)
			}
			continue
		}
		a.columns(func(of, name string, instant bool) {
			at := slices.IndexFunc(columns, func(c itsm.ColumnSpec) bool { return c.Name == name })
			switch {
			case at < 0 || slices.Contains([]string{"id", "version", "updated_at", "open_assignee"}, name):
				f.add("%s: %s has no field %q to judge by", of, kind, name)
			case columns[at].Personal:
				f.add("%s: %q holds data of persons, which can be erased: judge by another field", of, name)
			case instant && columns[at].Kind != field.KindInstant:
				f.add("%s: a deadline is an instant, and %q is none", of, name)
			}
		})
		for name, where := range a.filters() {
			if err := k.CheckFilter(kind, *where); err != nil {
				list = append(list, fmt.Errorf("agreement %s: %s: %w", a.Name, name, err))
			}
		}
	}
	for i := range a.Targets {
		t := &a.Targets[i]
		for _, c := range []*Condition{&t.Start, &t.Stop, &t.Cancel, &t.Reset} {
			c.events(func(event string) {
				kind, past, _ := strings.Cut(event, ".")
				tables := k.Lifecycles(kind)
				if len(tables) > 0 && !slices.ContainsFunc(tables, func(table lifecycle.Definition) bool {
					return slices.ContainsFunc(table.Triggers, func(row lifecycle.TriggerRow) bool { return row.Past == past })
				}) {
					f.add("target %s: nothing in the lifecycle of %s is called %q", t.Name, kind, event)
				}
			})
		}
	}
	return errors.Join(list...)
}

// filters are the agreement's filters by where they stand.
func (a *Agreement) filters() map[string]*itsm.Filter {
	all := map[string]*itsm.Filter{}
	if a.Where != nil {
		all["where"] = a.Where
	}
	for i := range a.Targets {
		if t := &a.Targets[i]; t.Where != nil {
			all["target "+t.Name] = t.Where
		}
	}
	return all
}

// columns lists the fields that the agreement judges by.
func (a *Agreement) columns(each func(of, name string, instant bool)) {
	var walk func(of string, f *itsm.Filter)
	walk = func(of string, f *itsm.Filter) {
		if f.Column != "" {
			each(of, f.Column, false)
		}
		for i := range f.Parts {
			walk(of, &f.Parts[i])
		}
	}
	for name, where := range a.filters() {
		walk(name, where)
	}
	for i := range a.Targets {
		if t := &a.Targets[i]; t.Deadline != "" {
			each("target "+t.Name, t.Deadline, true)
		}
	}
}
