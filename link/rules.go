package link

import (
	"errors"
	"slices"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// page is how many links are read at once, and maxHops how often a propagation may be cut on its way from record to
// record. How often it is cut on the links of one record is not limited.
const (
	page    = 200
	maxHops = 64
)

// rules is a table at work.
type rules struct {
	table Table
	batch int
	on    map[event][]*Rule
	named map[string]*Rule
	links map[string][]string // by kind, each once
	late  map[string][]*Rule  // by kind, those that are for targets that are linked later
}

type event struct {
	kind    string
	trigger lifecycle.Trigger
}

// Config bounds the work.
type Config struct {
	Table Table
	// Batch is how many records one transaction touches, about; 0 is [Batch].
	Batch int
}

// Register makes a kernel that is not open yet follow a table. It lists every fault of every rule; those that only
// the kernel's kinds show are listed by [itsm.Kernel.Open]. Commands that are played with a historic instant are not
// answered: what followed from them is played as well.
func Register(k *itsm.Kernel, c Config) error {
	if k.Opened() {
		return itsm.Invalid("link", "register rules before the kernel is opened")
	}
	if c.Batch < 0 {
		return itsm.Invalid("Batch", "a batch has 1 record or more")
	}
	if err := c.Table.check(); err != nil || len(c.Table) == 0 {
		return err
	}
	s := &rules{table: slices.Clone(c.Table), batch: c.Batch, on: map[event][]*Rule{}, named: map[string]*Rule{}, links: map[string][]string{}, late: map[string][]*Rule{}}
	if s.batch == 0 {
		s.batch = Batch
	}
	hook := itsm.Hook{Name: "link", Triggers: []lifecycle.Trigger{itsm.TriggerPropagate}, Concerns: s.concerns, AfterAct: s.answer}
	for i := range s.table {
		r := &s.table[i]
		s.named[r.Name] = r
		if !slices.Contains(s.links[r.Kind], r.Link) {
			s.links[r.Kind] = append(s.links[r.Kind], r.Link)
		}
		hook.Kinds = append(hook.Kinds, r.Kind)
		hook.Triggers = append(hook.Triggers, r.Triggers...)
		if r.Linked {
			s.late[r.Kind] = append(s.late[r.Kind], r)
			hook.Triggers = append(hook.Triggers, itsm.TriggerLink, itsm.TriggerLinked)
		}
		for _, t := range r.Triggers {
			s.on[event{r.Kind, t}] = append(s.on[event{r.Kind, t}], r)
		}
	}
	slices.Sort(hook.Kinds)
	hook.Kinds = slices.Compact(hook.Kinds)
	k.OnOpen(func(k *itsm.Kernel) error {
		var faults []error
		for i := range s.table {
			faults = append(faults, s.table[i].checkWith(k))
		}
		return errors.Join(faults...)
	})
	k.Hook(hook)
	return nil
}

// answer finds the rules for what happened.
func (s *rules) answer(u *itsm.Unit, c itsm.Change) error {
	if u.Historic() {
		return nil
	}
	if p, ok := c.Input.(*itsm.Propagation); ok {
		return s.goOn(u, c, *p)
	}
	if err := s.linked(u, c); err != nil {
		return err
	}
	for _, r := range s.on[event{c.After.Header().Kind, c.Trigger}] {
		if !r.answers(u, &c) {
			continue
		}
		work := &propagation{rule: r, batch: s.batch}
		work.Propagation = itsm.Propagation{Rule: r.Name, State: c.After.Header().State, Input: r.input(u, c), Hops: u.Hops()}
		u.Later(r.Name, work.run)
	}
	return nil
}

// linked pulls the triggers of rules that are for targets that are linked later.
func (s *rules) linked(u *itsm.Unit, c itsm.Change) error {
	var name string
	var to itsm.Ref
	switch in := c.Input.(type) {
	case *itsm.NewLink:
		name, to = in.Type.Name, in.To
	case *itsm.LinkEnd:
		if in.Remove {
			return nil
		}
		name, to = in.Name, in.To
	default:
		return nil
	}
	for _, r := range s.late[c.After.Header().Kind] {
		if r.Link != name || r.Target != to.Kind || !r.answers(u, &c) {
			continue
		}
		work := &propagation{rule: r, batch: s.batch}
		work.Propagation = itsm.Propagation{Rule: r.Name, State: c.After.Header().State, Input: r.input(u, c), Hops: u.Hops()}
		u.Later(r.Name+" "+to.String(), func(u *itsm.Unit) error { return work.reach(u, to) })
	}
	return nil
}

// goOn takes up a propagation that was cut. One whose source has moved on meanwhile ends.
func (s *rules) goOn(u *itsm.Unit, c itsm.Change, p itsm.Propagation) error {
	r := s.named[p.Rule]
	if r == nil || p.State != c.After.Header().State {
		return u.Fact("propagation_ended", Ended{Rule: p.Rule, Why: "overtaken"})
	}
	work := &propagation{Propagation: p, rule: r, batch: s.batch, resumed: true}
	u.Later(r.Name, work.run)
	return nil
}

// mayHave reports whether a ticket can have links of a name, by what is counted on it.
func mayHave(ticket *itsm.Ticket, link string) bool {
	switch {
	case ticket == nil:
		return true
	case link == itsm.ParentOf.Name:
		return ticket.Children > 0
	case link == itsm.DuplicateOf.Inverse:
		return ticket.Duplicates > 0
	case link == itsm.ParentOf.Inverse:
		return !ticket.Parent.IsZero()
	}
	return true
}

// concerns spares what has no links that a rule is for.
func (s *rules) concerns(_, after itsm.Record) bool {
	ticket := itsm.TicketOf(after)
	return slices.ContainsFunc(s.links[after.Header().Kind], func(link string) bool { return mayHave(ticket, link) })
}

// answers reports whether a rule is for what happened to its source.
func (r *Rule) answers(u *itsm.Unit, c *itsm.Change) bool {
	ticket := itsm.TicketOf(c.After)
	if len(r.From) > 0 && (c.Before == nil || !slices.Contains(r.From, c.Before.Header().Phase)) {
		return false
	}
	if !mayHave(ticket, r.Link) {
		return false
	}
	if r.By != "" {
		byCaller := ticket != nil && ticket.Caller != "" && c.Actor.Person() == ticket.Caller
		if byCaller != (r.By == ByCaller) {
			return false
		}
	}
	if r.Visibility != "" {
		internal := c.Trigger == itsm.TriggerNote || u.InputValue(*c, "internal").Bool()
		if internal != (r.Visibility == Internal) {
			return false
		}
	}
	return r.When == nil || r.When.Match(func(column string) field.Value { return u.Value(c.After, column) })
}

// input is what the rule hands on.
func (r *Rule) input(u *itsm.Unit, c itsm.Change) itsm.Patch {
	in := make(itsm.Patch, len(r.Input)+len(r.Give))
	for name, from := range r.Input {
		if asked, ok := strings.CutPrefix(from, fromInput); ok {
			in[name] = u.InputValue(c, asked)
		} else {
			in[name] = u.Value(c.After, from)
		}
	}
	for name, v := range r.Give {
		in[name] = v
	}
	return in
}

// Reached says in the source's event what came of a rule.
type Reached struct {
	Rule string `json:"rule"`
	// Targets counts those that did it, and Refused names those that did not, up to a hundred.
	Targets int        `json:"targets"`
	Refused []itsm.Ref `json:"refused,omitempty"`
	// Others counts the refusals beyond those named.
	Others int `json:"others,omitempty"`
	// More is set where the rest goes on in another transaction.
	More bool `json:"more,omitempty"`
}

const maxNamed = 100

// propagation is a rule on its way through the links of one source.
type propagation struct {
	itsm.Propagation
	rule    *Rule
	batch   int
	resumed bool // it was cut before
	done    Reached
}

// run pulls the trigger on one target after the other. Where the transaction has touched enough it leaves the rest to a
// timer on the source.
func (p *propagation) run(u *itsm.Unit) error {
	p.done.Rule = p.rule.Name
	fresh := !p.resumed
	for {
		links, err := u.LinksOf(u.Ref(), p.After, page)
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.Name == p.rule.Link && l.To.Kind == p.rule.Target {
				if fresh {
					u.CancelTimer(p.timer()) // an older one of the same rule has been overtaken
					fresh = false
				}
				if u.Reach() >= p.batch && (!p.resumed || p.done.any()) {
					return p.cut(u)
				}
				if err := p.reach(u, l.To); err != nil {
					return err
				}
			}
			p.After = l.ID
		}
		if len(links) < page {
			return p.done.note(u)
		}
	}
}

func (p *propagation) timer() string { return "propagate " + p.rule.Name }

// cut leaves the rest to a timer.
func (p *propagation) cut(u *itsm.Unit) error {
	if !p.resumed {
		p.Hops++
	}
	p.done.More = p.Hops <= maxHops
	if err := p.done.note(u); err != nil {
		return err
	}
	if !p.done.More {
		return u.Fact("propagation_ended", Ended{Rule: p.rule.Name, Why: "far"})
	}
	return u.SetTimer(p.timer(), u.Now(), itsm.TriggerPropagate, p.Propagation)
}

// Ended says in the source's event that a propagation stopped before its end: because the source moved on meanwhile
// ("overtaken"), or because it came from too far ("far").
type Ended struct {
	Rule string `json:"rule"`
	Why  string `json:"why"`
}

func (done *Reached) any() bool { return done.Targets+len(done.Refused)+done.Others > 0 }

func (done *Reached) note(u *itsm.Unit) error {
	if !done.any() && !done.More {
		return nil
	}
	return u.Fact("reached", done)
}

// reach pulls the trigger on one target, where it is one.
func (p *propagation) reach(u *itsm.Unit, to itsm.Ref) error {
	if err := u.LookAt(to, func(itsm.Record) {}); errors.Is(err, itsm.ErrNotFound) {
		return nil // it was purged
	}
	if ok, err := p.rule.admits(u, to); !ok || err != nil {
		return err
	}
	refusal, err := u.Try(to, p.rule.Do, p.Input, itsm.Following(u.Ref()))
	switch {
	case err != nil:
		return err
	case refusal == nil:
		p.done.Targets++
	case len(p.done.Refused) < maxNamed:
		p.done.Refused = append(p.done.Refused, to)
	default:
		p.done.Others++
	}
	return nil
}

// admits reports whether the conditions on the target hold.
func (r *Rule) admits(u *itsm.Unit, to itsm.Ref) (bool, error) {
	if len(r.Phases) == 0 && r.Where == nil && !r.Following && !r.Last {
		return true, nil
	}
	holds := false
	err := u.LookAt(to, func(target itsm.Record) {
		ticket := itsm.TicketOf(target)
		holds = (len(r.Phases) == 0 || slices.Contains(r.Phases, target.Header().Phase)) &&
			(r.Where == nil || r.Where.Match(func(column string) field.Value { return u.Value(target, column) })) &&
			(!r.Following || ticket != nil && ticket.Follows == u.Ref())
	})
	if err == nil && holds && r.Last {
		return r.last(u, to)
	}
	return holds, err
}

// last reports whether the source is the last to end of all that have the link to the target.
func (r *Rule) last(u *itsm.Unit, target itsm.Ref) (bool, error) {
	for after := int64(0); ; {
		links, err := u.LinksOf(target, after, page)
		if err != nil {
			return false, err
		}
		for _, l := range links {
			after = l.ID
			if l.Inverse != r.Link || l.To.Kind != r.Kind {
				continue
			}
			open := false
			err := u.LookAt(l.To, func(other itsm.Record) { open = other.Header().Open() })
			if errors.Is(err, itsm.ErrNotFound) {
				continue // it was purged, and so had ended
			}
			if err != nil || open {
				return false, err
			}
		}
		if len(links) < page {
			return true, nil
		}
	}
}
