// Package retention purges tickets that have ended when the time for which they are kept is over.
//
// Policies are data ([Policy]): a retention class, kinds and a filter, and a period or "for ever". A ticket that a legal
// matter holds is never purged. What is purged is gone wholly, with its tasks; what stays is a record of the purge
// ([Purge]) that names policy, actor, numbers and the digests of the chains' heads, and nothing personal.
//
// # Which policy
//
// Of the policies that match a ticket, the one that says most wins: one with a class before one without, then one with a
// filter, then one with kinds. Among equals the longest period wins, and "for ever" before all. A ticket that no policy
// matches is kept.
//
// # Time
//
// A period is counted by the calendar of UTC from a ticket's last event, which is its end or came after it: a late comment
// or the release of a hold begins it anew. A purge takes what is older at its own instant.
//
// # Cost
//
// A run walks, by the columns phase and updated_at, the tickets that are due, a page a transaction, and never those that
// are open. A command that ends a ticket reads one record more.
package retention

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config says what is kept how long. The zero value purges nothing.
type Config struct {
	Policies []Policy
	// Parts are kinds whose records belong to a ticket, as its tasks do: they go with it, and never by themselves.
	Parts []Part
	// Every is how often a tenant's desk purges by itself; 0 is every 24 hours, negative is never.
	Every time.Duration
	// Batch bounds the records of one purge, with parts; 0 is 500, and 5,000 the most.
	Batch int
}

// Part is a kind whose records belong to others: the column holds the reference of the one that each belongs to.
type Part struct {
	Kind   string `json:"kind"`
	Column string `json:"column"`
}

const (
	defaultEvery = 24 * time.Hour
	defaultBatch = 500
	maxBatch     = 5000
	// maxParts bounds the parts of one kind that go with a ticket.
	maxParts = 1000
)

// Retention plans, runs and records purges. It may be used by many goroutines.
type Retention struct {
	*itsm.Records[Purge]
	config  Config
	classes []string
	// byKind has for each kind the policies that are for it, in the order of [rank]. It is filled when the kernel opens.
	byKind map[string][]*Policy
	steps  []step

	purge   itsm.Creation[Purge, Selection]
	suspend itsm.Command[Schedule, Because]
	resume  itsm.Command[Schedule, Nothing]
}

// step is a policy on a kind, in the order in which runs go.
type step struct {
	kind   string
	policy *Policy
}

// New registers it with a kernel that is not open yet, and lists all faults of the configuration. Those that concern kinds
// and columns come when the kernel is opened.
func New(k *itsm.Kernel, c Config) (*Retention, error) {
	s := &Retention{config: c}
	s.config.Policies = slices.Clone(c.Policies)
	s.config.Parts = slices.Clone(c.Parts)
	if err := s.config.check(); err != nil {
		return nil, err
	}
	if s.config.Every == 0 {
		s.config.Every = defaultEvery
	}
	if s.config.Batch == 0 {
		s.config.Batch = defaultBatch
	}
	for _, p := range s.config.Policies {
		if p.Class != "" && !slices.Contains(s.classes, p.Class) {
			s.classes = append(s.classes, p.Class)
		}
	}
	p, err := itsm.NewPractice[Purge](k, itsm.Spec{Kind: Kind, Series: Series, Lifecycle: Lifecycle()})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	s.purge = itsm.Create(p, TriggerPurge, "purged", s.purges)
	if err := s.schedules(k); err != nil {
		return nil, err
	}
	if len(s.config.Policies) > 0 {
		k.OnOpen(s.compile)
		s.hooks(k)
	}
	return s, nil
}

func (c *Config) check() error {
	var faults []error
	names := map[string]bool{}
	for i := range c.Policies {
		p := &c.Policies[i]
		if err := p.check(); err != nil {
			faults = append(faults, err)
		}
		if names[p.Name] {
			faults = append(faults, itsm.Invalid("policies", fmt.Sprintf("two policies are called %q", p.Name)))
		}
		names[p.Name] = true
		for _, part := range c.Parts {
			if slices.Contains(p.Kinds, part.Kind) {
				faults = append(faults, itsm.Invalid("policies", fmt.Sprintf("policy %q: a %s goes with the ticket that it belongs to, and has no policy", p.Name, part.Kind)))
			}
		}
	}
	for _, part := range c.Parts {
		if part.Kind == "" || part.Column == "" {
			faults = append(faults, itsm.Invalid("parts", "a part names its kind, and the column of the record that it belongs to"))
		}
	}
	if c.Batch < 0 || c.Batch > maxBatch {
		faults = append(faults, itsm.Invalid("batch", "a purge has 1 to 5,000 records"))
	}
	return errors.Join(faults...)
}

// compile finds the policies of each kind, when all kinds are known.
func (s *Retention) compile(k *itsm.Kernel) error {
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, itsm.Invalid("retention", fmt.Sprintf(format, args...)))
	}
	s.byKind, s.steps = map[string][]*Policy{}, nil // Open may be tried again
	for _, part := range s.config.Parts {
		if err := k.CheckColumn(part.Kind, part.Column); err != nil {
			faults = append(faults, fmt.Errorf("retention: part %s: %w", part.Kind, err))
		}
	}
	for i := range s.config.Policies {
		for _, kind := range s.config.Policies[i].Kinds {
			if !ofTickets(k, kind) {
				fault("policy %q: %q is no kind of tickets", s.config.Policies[i].Name, kind)
			}
		}
	}
	for _, kind := range k.Kinds() {
		if !ofTickets(k, kind) || s.isPart(kind) {
			continue
		}
		for i := range s.config.Policies {
			p := &s.config.Policies[i]
			if !p.concerns(kind) {
				continue
			}
			if p.Where != nil {
				if err := k.CheckFilter(kind, *p.Where); err != nil {
					faults = append(faults, fmt.Errorf("retention: policy %q: %w", p.Name, err))
				}
			}
			s.byKind[kind] = append(s.byKind[kind], p)
		}
		slices.SortFunc(s.byKind[kind], rank)
		for _, p := range s.byKind[kind] {
			if !p.Keep {
				s.steps = append(s.steps, step{kind, p})
			}
			if p.takesAll() {
				break // those behind it never win
			}
		}
	}
	return errors.Join(faults...)
}

// ofTickets reports whether a kind's records are tickets.
func ofTickets(k *itsm.Kernel, kind string) bool {
	return slices.ContainsFunc(k.Columns(kind), func(c itsm.ColumnSpec) bool { return c.Name == "retention_class" })
}

func (s *Retention) isPart(kind string) bool {
	return slices.ContainsFunc(s.config.Parts, func(p Part) bool { return p.Kind == kind })
}

// policyOf answers the policy of a record, nil where none matches.
func (s *Retention) policyOf(rec itsm.Record) *Policy {
	for _, p := range s.byKind[rec.Header().Kind] {
		f := p.match()
		if f.Match(func(column string) field.Value { return s.Kernel().Value(rec, column) }) {
			return p
		}
	}
	return nil
}

var ended = itsm.Where("phase").In(lifecycle.Closed.String(), lifecycle.Cancelled.String())

// due finds the records of a step whose last event was not after an instant, without those that are held.
func (s *Retention) due(of step, before time.Time) itsm.Filter {
	return itsm.All(s.reached(of, before), itsm.Where("legal_holds").Empty())
}

// reached is due with those that are held.
func (s *Retention) reached(of step, before time.Time) itsm.Filter {
	parts := []itsm.Filter{ended, itsm.Where("updated_at").AtMost(field.Instant(before)), of.policy.match()}
	for _, p := range s.byKind[of.kind] {
		if p == of.policy {
			break
		}
		parts = append(parts, itsm.Not(p.match()))
	}
	return itsm.All(parts...)
}

// inOrder is the order of a walk: what is longest due first.
var inOrder = []itsm.Sort{{Column: "updated_at"}}

// from limits a walk to what comes after a place in the order.
func from(f itsm.Filter, at time.Time, id string) itsm.Filter {
	if id == "" {
		return f
	}
	instant, updated := field.Instant(at), itsm.Where("updated_at")
	return itsm.All(updated.AtLeast(instant), itsm.Any(updated.After(instant), itsm.Where("id").After(field.Text(id))), f)
}

// hooks watch what concerns retention on other records.
func (s *Retention) hooks(k *itsm.Kernel) {
	k.Hook(itsm.Hook{
		Name: "retention: known classes", Triggers: []lifecycle.Trigger{itsm.TriggerRetention},
		Concerns: func(_, after itsm.Record) bool { return itsm.TicketOf(after) != nil },
		AfterAct: func(_ *itsm.Unit, c itsm.Change) error {
			if class := itsm.TicketOf(c.After).RetentionClass; class != "" && !slices.Contains(s.classes, class) {
				return itsm.Invalid("class", fmt.Sprintf("no policy has the class %q", class))
			}
			return nil
		},
	})
	k.Hook(itsm.Hook{
		Name: "retention: begin",
		Concerns: func(before, after itsm.Record) bool {
			return itsm.TicketOf(after) != nil && hasEnded(after) && (before == nil || !hasEnded(before))
		},
		AfterAct: func(u *itsm.Unit, _ itsm.Change) error { return u.Ensure(schedule, triggerBegin, nil) },
	})
}

func hasEnded(r itsm.Record) bool {
	phase := r.Header().Phase
	return phase == lifecycle.Closed || phase == lifecycle.Cancelled
}
