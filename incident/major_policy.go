package incident

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// MajorPolicy is what desks decide differently about major incidents. The zero value is a good start: people propose
// and decide, and a review is opened at the resolution and comes before the closing.
type MajorPolicy struct {
	// Rules propose and accept by themselves. They are asked in order, and the first that matches and has not spoken on
	// this incident before acts.
	Rules []MajorRule
	// Criticality answers rules that ask for the criticality of the service; nil knows no service.
	Criticality Criticality
	// Plan says who is told, and how often.
	Plan CommunicationPlan
	// Review says when there is a review.
	Review ReviewPolicy
	// CallerReopens lets callers reopen a major incident, as they may any other. Else they may confirm it, and what
	// they write on it is a comment.
	CallerReopens bool
}

// ReviewPolicy says when a major incident has a review.
type ReviewPolicy uint8

// The policies for reviews.
const (
	// ReviewBeforeClose opens it at the resolution, and keeps the incident from being closed until the review is
	// completed or waived.
	ReviewBeforeClose ReviewPolicy = iota
	// ReviewOpened opens it at the resolution; the incident may be closed without.
	ReviewOpened
	// ReviewByHand leaves it to people.
	ReviewByHand
)

// Criticality says how critical a service is to the house. It is asked while commands run, so it should answer from
// memory. [itsm.ErrNotFound] is an answer: the service is unknown. With any other error the command fails.
type Criticality interface {
	ServiceCriticality(ctx context.Context, tenant, service string) (itsm.Level, error)
}

// CommunicationPlan says which lists of stakeholders there are, and how often they hear.
type CommunicationPlan struct {
	// Audiences are those that [Incidents.Inform] may name; empty leaves every name to the host.
	Audiences []Audience
	// Cadence is how long after an update, or after the acceptance, the next is due, by priority, in elapsed time. The
	// entry for 0 holds for priorities without one of their own; negative is never. Nil is 30 minutes for priority 1
	// and an hour for others.
	Cadence map[itsm.Priority]time.Duration
}

// Audience is a named list of stakeholders. One without people and groups is a list that the host knows.
type Audience struct {
	Name string
	// People are told, and the members that the directory names of Groups.
	People, Groups []string
	// Channel is a hint to who delivers, such as "sms".
	Channel string
}

const (
	shortestCadence = time.Minute
	maxAudience     = 1000
)

var defaultCadence = map[itsm.Priority]time.Duration{0: time.Hour, 1: 30 * time.Minute}

func (c *CommunicationPlan) cadence(p itsm.Priority) time.Duration {
	by := c.Cadence
	if by == nil {
		by = defaultCadence
	}
	if d, ok := by[p]; ok {
		return d
	}
	if d, ok := by[0]; ok {
		return d
	}
	return defaultCadence[0]
}

func (c *CommunicationPlan) audience(name string) (Audience, error) {
	for _, a := range c.Audiences {
		if a.Name == name {
			return a, nil
		}
	}
	if len(c.Audiences) > 0 {
		return Audience{}, itsm.Invalid("audience", fmt.Sprintf("the communication plan has no audience %q", name))
	}
	return Audience{Name: name}, nil
}

// people finds who is told: each person once, and nobody who was erased.
func (a *Audience) people(u *itsm.Unit) ([]string, error) {
	var people []string
	seen := map[string]bool{"": true, itsm.Erased: true}
	add := func(found ...string) {
		for _, person := range found {
			if !seen[person] {
				seen[person] = true
				people = append(people, person)
			}
		}
	}
	add(a.People...)
	for _, name := range a.Groups {
		group, err := u.Directory().Group(u.Context(), u.Actor().Tenant, name)
		if err != nil && !errors.Is(err, itsm.ErrNotFound) {
			return nil, err
		}
		add(group.Members...)
	}
	if len(people) > maxAudience {
		return nil, itsm.Invalid("audience", fmt.Sprintf("%s has %d people: name up to %d, or leave the list to the host", a.Name, len(people), maxAudience))
	}
	return people, nil
}

// check lists everything that is wrong with the policy.
func (p *MajorPolicy) check() error {
	var faults []error
	fault := func(where, format string, args ...any) {
		faults = append(faults, itsm.Invalid("Major."+where, fmt.Sprintf(format, args...)))
	}
	if p.Review > ReviewByHand {
		fault("Review", "choose one of the policies for reviews")
	}
	names := map[string]bool{}
	for i := range p.Plan.Audiences {
		a := &p.Plan.Audiences[i]
		if a.Name == "" || names[a.Name] {
			fault("Plan", "every audience needs a name of its own, not %q", a.Name)
		}
		names[a.Name] = true
	}
	for priority, d := range p.Plan.Cadence {
		if d >= 0 && d < shortestCadence {
			fault("Plan", "the cadence of %v is a minute or more, or negative for never", priority)
		}
	}
	clear(names)
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Name == "" || names[r.Name] {
			fault("Rules", "every rule needs a name of its own, not %q", r.Name)
		}
		names[r.Name] = true
		r.check(func(format string, args ...any) { fault("Rules", "rule "+r.Name+": "+format, args...) })
		if r.Criticality != 0 && p.Criticality == nil {
			fault("Criticality", "rule %s asks for it: say who knows", r.Name)
		}
	}
	return errors.Join(faults...)
}

// clone makes a policy that the host cannot change any more.
func (p MajorPolicy) clone() MajorPolicy {
	p.Rules = slices.Clone(p.Rules)
	p.Plan.Audiences = slices.Clone(p.Plan.Audiences)
	for i := range p.Plan.Audiences {
		a := &p.Plan.Audiences[i]
		a.People, a.Groups = slices.Clone(a.People), slices.Clone(a.Groups)
	}
	p.Plan.Cadence = maps.Clone(p.Plan.Cadence)
	return p
}
