package sla

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/itsm"
)

// Terms are agreements, checked and made ready to compute clocks. They never change and are safe for concurrent use.
type Terms struct {
	policies []*policy // in the order given
	families map[string][]family
}

// family is the versions of an agreement, the highest first.
type family struct {
	name     string
	versions []*policy
}

// policy is an agreement ready for use.
type policy struct {
	Agreement
	fingerprint string
	promises    []promise
	always      bool // valid without a bound
}

// promise is a target ready for use.
type promise struct {
	*policy
	target                            *Target
	timer                             string // what its timer is called
	start, pause, stop, cancel, reset condition
	calendar                          *calendar.Calendar
	reopen                            Reopen
	within                            []time.Duration // by priority, 0 for none
}

// NewTerms checks agreements and lists every fault of every one. What it is given may be changed afterwards.
func NewTerms(agreements ...Agreement) (*Terms, error) {
	t := &Terms{families: map[string][]family{}}
	var faults []error
	for i := range agreements {
		p := ready(agreements[i].clone())
		if err := p.Check(); err != nil {
			faults = append(faults, err)
		}
		if slices.ContainsFunc(t.policies, func(other *policy) bool { return other.Name == p.Name && other.Version == p.Version }) {
			faults = append(faults, itsm.Invalid("agreement", fmt.Sprintf("%s is there twice in version %d", p.Name, p.Version)))
		}
		t.policies = append(t.policies, p)
	}
	rows := map[string]string{}
	for _, p := range t.policies {
		for i := range p.promises {
			row, of := rowName(p.Name, p.promises[i].target.Name), p.Name
			if other, taken := rows[row]; taken && other != of {
				faults = append(faults, itsm.Invalid("agreement", fmt.Sprintf("%s and %s have targets that are both called %q: rename one", other, of, row)))
			}
			rows[row] = of
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	for _, p := range t.policies {
		for _, kind := range p.Kinds {
			t.add(kind, p)
		}
	}
	return t, nil
}

func (t *Terms) add(kind string, p *policy) {
	families := t.families[kind]
	at := slices.IndexFunc(families, func(f family) bool { return f.name == p.Name })
	if at < 0 {
		t.families[kind] = append(families, family{p.Name, []*policy{p}})
		return
	}
	f := &families[at]
	f.versions = append(f.versions, p)
	slices.SortFunc(f.versions, func(a, b *policy) int { return cmp.Compare(b.Version, a.Version) })
}

// ready compiles an agreement, whatever is wrong with it.
func ready(a Agreement) *policy {
	p := &policy{Agreement: a, always: a.From.IsZero() && a.Until.IsZero()}
	p.promises = make([]promise, len(p.Targets))
	for i := range p.Targets {
		target := &p.Targets[i]
		start, stop, reopen, _ := target.Kind.Conditions()
		or := func(c, by *Condition) condition {
			if c.IsZero() {
				c = by
			}
			return compile(c)
		}
		p.promises[i] = promise{
			policy: p, target: target, timer: timerName(p.Name, target.Name),
			start: or(&target.Start, &start), stop: or(&target.Stop, &stop),
			pause: compile(&target.Pause), cancel: compile(&target.Cancel), reset: compile(&target.Reset),
			calendar: cmp.Or(target.Calendar, p.Calendar), reopen: cmp.Or(target.Reopen, reopen),
		}
		p.promises[i].within = []time.Duration{0}
		for priority, within := range target.Within {
			for len(p.promises[i].within) <= int(priority) {
				p.promises[i].within = append(p.promises[i].within, 0)
			}
			p.promises[i].within[priority] = within
		}
		if p.promises[i].calendar == nil {
			p.promises[i].calendar = calendar.Always()
		}
	}
	p.fingerprint = p.print()
	return p
}

// print is a digest of all that the agreement's clocks depend on.
func (p *policy) print() string {
	sum := sha256.New()
	_ = json.NewEncoder(sum).Encode(&p.Agreement) // what does not encode is refused by Check or by the kernel
	for i := range p.promises {
		fmt.Fprintln(sum, p.promises[i].calendar.Fingerprint())
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// clone makes an agreement that the host cannot change any more.
func (a Agreement) clone() Agreement {
	a.Kinds = slices.Clone(a.Kinds)
	a.Where = cloneFilter(a.Where, 0)
	a.Targets = slices.Clone(a.Targets)
	for i := range a.Targets {
		t := &a.Targets[i]
		t.Where = cloneFilter(t.Where, 0)
		for _, c := range []*Condition{&t.Start, &t.Pause, &t.Stop, &t.Cancel, &t.Reset} {
			*c = c.clone(0)
		}
		t.Within, t.Levels = maps.Clone(t.Within), slices.Clone(t.Levels)
	}
	return a
}

// clone copies as deep as a condition may be, and a little deeper, so that Check sees it.
func (c Condition) clone(depth int) Condition {
	c.Events, c.Phases, c.Holds = slices.Clone(c.Events), slices.Clone(c.Phases), slices.Clone(c.Holds)
	c.Groups, c.OtherGroups, c.Facts, c.And = slices.Clone(c.Groups), slices.Clone(c.OtherGroups), slices.Clone(c.Facts), slices.Clone(c.And)
	if depth > maxDepth {
		c.And = nil
	}
	for i := range c.And {
		c.And[i] = c.And[i].clone(depth + 1)
	}
	return c
}

func cloneFilter(f *itsm.Filter, depth int) *itsm.Filter {
	if f == nil {
		return nil
	}
	own := *f
	own.Values, own.Parts = slices.Clone(f.Values), slices.Clone(f.Parts)
	if depth > maxFilterDepth {
		own.Parts = nil
	}
	for i := range own.Parts {
		own.Parts[i] = *cloneFilter(&own.Parts[i], depth+1)
	}
	return &own
}

// valid is the version of a family that a ticket comes under at an instant, nil for none.
func (f *family) valid(at time.Time) *policy {
	for _, p := range f.versions {
		if p.always || !at.Before(p.From) && (p.Until.IsZero() || at.Before(p.Until)) {
			return p
		}
	}
	return nil
}

// promise finds a target of an agreement, nil where it is not known for the kind.
func (t *Terms) promise(kind, agreement string, version int, target string) *promise {
	families := t.families[kind]
	for i := range families {
		if families[i].name != agreement {
			continue
		}
		for _, p := range families[i].versions {
			if p.Version == version {
				return p.promise(target)
			}
		}
	}
	return nil
}

func (p *policy) promise(target string) *promise {
	for i := range p.promises {
		if p.promises[i].target.Name == target {
			return &p.promises[i]
		}
	}
	return nil
}

// offer is what a target promises to a ticket as it stood at a moment.
type offer struct {
	within   time.Duration
	deadline time.Time
	ok       bool
}

func (p *promise) offer(m *Moment) (o offer) {
	if p.Where != nil && !p.Where.Match(m.column) || p.target.Where != nil && !p.target.Where.Match(m.column) {
		return offer{}
	}
	if p.target.Deadline != "" {
		o.deadline = m.column(p.target.Deadline).Instant()
		o.ok = !o.deadline.IsZero()
		return o
	}
	if o.within = p.within[AnyPriority]; int(m.Priority) < len(p.within) && p.within[m.Priority] > 0 {
		o.within = p.within[m.Priority]
	}
	o.ok = o.within > 0
	return o
}

// rowName is what the row of a target is called beside its ticket.
func rowName(agreement, target string) string { return agreement + ":" + target }

func timerName(agreement, target string) string { return "sla " + agreement + "/" + target }
