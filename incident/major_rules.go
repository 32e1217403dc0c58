package incident

import (
	"errors"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// MajorRule proposes an open incident as a major one, or accepts it, when everything that it names holds. It is asked
// when an incident is reported, and when what rules look at has changed; on an incident it acts once in its life. What
// it saw is in the event ([Evidence]). Imported commands are not judged.
type MajorRule struct {
	// Name is unique on a desk.
	Name string
	// Act is what it does.
	Act MajorAct
	// Manager leads what the rule accepts.
	Manager string

	// Priority asks for at least that priority: 2 is met by 1 and 2.
	Priority itsm.Priority
	// Children asks for so many incidents that hang under this one.
	Children int
	// VIPs asks for so many VIP callers, of this incident and of those under it.
	VIPs int
	// Criticality asks for a service at least that critical.
	Criticality itsm.Level
	// Rate asks for so many reports in a time.
	Rate Rate
	// Filter asks for anything that the record says. It is asked again when one of its columns changes.
	Filter *itsm.Filter
}

// MajorAct is what a rule does.
type MajorAct uint8

// What rules do.
const (
	// Propose makes it a candidate; people decide.
	Propose MajorAct = iota
	// Accept makes it a major incident at once, also where it is a candidate.
	Accept
)

// Rate is a number of incidents reported within an elapsed time, this one among them, with the same service or
// category. A rule with a rate does not act while a candidate or an open major incident has that service or category.
//
// It looks through the newest of the time, or through those of the service, by the indexes, until it has found enough:
// what it costs grows with the number asked for in a storm, and with the incidents of the service at other times.
// Reports at the same moment may each miss the other; the next one then meets the rate.
type Rate struct {
	// Reports is 2 to 1,000.
	Reports int
	Within  time.Duration
	Same    Likeness
}

// Likeness is what incidents that are counted together have in common.
type Likeness string

// The likenesses. An incident without a service, or category, is like no other.
const (
	SameService  Likeness = "service"
	SameCategory Likeness = "category"
)

// Evidence is what a rule saw when it acted: the fact major_rule of the event. What it did not ask for is 0.
type Evidence struct {
	Rule        string        `json:"rule,omitempty"`
	Priority    itsm.Priority `json:"priority,omitempty"`
	Children    int           `json:"children,omitempty"`
	VIPs        int           `json:"vips,omitempty"`
	Criticality itsm.Level    `json:"criticality,omitzero"`
	Reports     int           `json:"reports,omitempty"`
}

func (r *MajorRule) check(fault func(format string, args ...any)) {
	if r.Priority == 0 && r.Children == 0 && r.VIPs == 0 && r.Criticality == 0 && r.Rate == (Rate{}) && r.Filter == nil {
		fault("it asks for nothing")
	}
	switch {
	case r.Act > Accept:
		fault("it proposes or accepts")
	case r.Act == Accept && r.Manager == "":
		fault("what it accepts needs a manager")
	case r.Act == Propose && r.Manager != "":
		fault("a manager is for what it accepts")
	}
	if r.Priority > 5 || r.Children < 0 || r.VIPs < 0 {
		fault("a priority is 1 to 5, and a number is more than 0")
	}
	if r.Criticality != 0 && !r.Criticality.Valid() {
		fault("a criticality is critical, high, medium or low")
	}
	if rate := r.Rate; rate != (Rate{}) && (rate.Reports < 2 || rate.Reports > 1000 || rate.Within <= 0 || rate.Same != SameService && rate.Same != SameCategory) {
		fault("a rate is 2 to 1,000 reports, within a time, with the same service or category")
	}
}

// columns collects what a filter looks at.
func columns(f *itsm.Filter, list []string) []string {
	if f == nil {
		return list
	}
	if f.Column != "" {
		list = append(list, f.Column)
	}
	for i := range f.Parts {
		list = columns(&f.Parts[i], list)
	}
	return list
}

// registerRules asks the rules where something that they look at has changed.
func (s *Incidents) registerRules(k *itsm.Kernel) {
	var asked []string
	for i := range s.config.Major.Rules {
		asked = columns(s.config.Major.Rules[i].Filter, asked)
	}
	k.OnOpen(func(k *itsm.Kernel) error {
		var faults []error
		for _, column := range asked {
			faults = append(faults, k.CheckColumn(Kind, column))
		}
		return errors.Join(faults...)
	})
	k.Hook(itsm.Hook{
		Name: "incident: rules of major incidents", Kinds: []string{Kind},
		Concerns: func(before, after itsm.Record) bool {
			inc, ok := after.(*Incident)
			if !ok || !inc.Open() || inc.Major.State == MajorAccepted {
				return false
			}
			was, _ := before.(*Incident)
			return was == nil || len(asked) > 0 || changed(&was.Ticket, &inc.Ticket)
		},
		AfterAct: func(u *itsm.Unit, c itsm.Change) error {
			inc, ok := c.After.(*Incident)
			if !ok || u.Historic() {
				return nil
			}
			if was, _ := c.Before.(*Incident); was != nil && !changed(&was.Ticket, &inc.Ticket) {
				same := true
				for _, column := range asked {
					same = same && u.Value(was, column).Equal(u.Value(inc, column))
				}
				if same {
					return nil
				}
			}
			return s.judge(u, inc, c.Input)
		},
	})
}

// changed reports whether something that rules look at by themselves did.
func changed(was, is *itsm.Ticket) bool {
	return was.Priority != is.Priority || was.Children != is.Children || was.VIP != is.VIP ||
		was.Service != is.Service || was.Category != is.Category
}

// judge lets the first rule act that matches and has not spoken before.
func (s *Incidents) judge(u *itsm.Unit, inc *Incident, in any) error {
	rules := s.config.Major.Rules
	for i := range rules {
		r := &rules[i]
		if r.Act == Propose && inc.Major.State == MajorCandidate || r.Act == Accept && inc.Major.State != "" && inc.Major.State != MajorCandidate {
			continue
		}
		e, ok, err := s.holds(u, r, inc, in)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if spoken, err := spokeBefore(u, r.Name); err != nil {
			return err
		} else if spoken {
			continue
		}
		reason := "Rule " + r.Name + "."
		if r.Act == Accept {
			_, err = u.Try(u.Ref(), TriggerAccept, Acceptance{Staff: Staff{Manager: r.Manager}, Reason: reason, Evidence: e})
		} else {
			_, err = u.Try(u.Ref(), TriggerPropose, Proposal{Reason: reason, Evidence: e})
		}
		return err
	}
	return nil
}

func spokeBefore(u *itsm.Unit, rule string) (bool, error) {
	if u.Record().Header().Version == 0 {
		return false, nil // nothing was decided on what is being made
	}
	rows, err := u.Rows(MajorDecisions, 0, 0)
	if err != nil {
		return false, err
	}
	decisions, err := decode(rows, func(*itsm.Row, *decision) {})
	for _, d := range decisions {
		if d.Rule == rule {
			return true, err
		}
	}
	return false, err
}

// holds asks for everything that a rule names, what costs nothing first.
func (s *Incidents) holds(u *itsm.Unit, r *MajorRule, inc *Incident, in any) (e Evidence, ok bool, err error) {
	e.Rule = r.Name
	if r.Priority != 0 {
		if e.Priority = inc.Priority; inc.Priority == 0 || inc.Priority > r.Priority {
			return e, false, nil
		}
	}
	if r.Children != 0 {
		if e.Children = inc.Children; inc.Children < r.Children {
			return e, false, nil
		}
	}
	if r.Filter != nil && !r.Filter.Match(func(column string) field.Value { return u.Value(inc, column) }) {
		return e, false, nil
	}
	if r.Criticality != 0 {
		e.Criticality, err = s.criticality(u, inc.Service)
		if err != nil || !e.Criticality.Valid() || e.Criticality > r.Criticality {
			return e, false, err
		}
	}
	if r.VIPs != 0 {
		if e.VIPs, err = vips(u, inc, in); err != nil || e.VIPs < r.VIPs {
			return e, false, err
		}
	}
	if r.Rate.Reports != 0 {
		if e.Reports, err = r.Rate.count(u, inc); err != nil || e.Reports < r.Rate.Reports {
			return e, false, err
		}
	}
	return e, true, nil
}

func (s *Incidents) criticality(u *itsm.Unit, service string) (itsm.Level, error) {
	if service == "" {
		return 0, nil
	}
	level, err := s.config.Major.Criticality.ServiceCriticality(u.Context(), u.Actor().Tenant, service)
	if errors.Is(err, itsm.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("criticality of %s: %w", service, err)
	}
	return level, nil
}

// vips counts VIP callers, of the incident, of what is stored under it, and of what this command hangs there.
func vips(u *itsm.Unit, inc *Incident, in any) (int, error) {
	n := 0
	if inc.VIP {
		n++
	}
	if inc.Children == 0 {
		return n, nil
	}
	under, err := u.Count(Kind, itsm.All(itsm.Where("parent").Is(inc.Ref().String()), itsm.Where("vip").Equals(field.Bool(true))))
	if err != nil {
		return n, err
	}
	n += int(under)
	var child itsm.Ref
	switch l := in.(type) {
	case *itsm.NewLink:
		child = l.To
	case *itsm.LinkEnd:
		child = l.To
	}
	if child.Kind == Kind {
		rec, err := u.Get(child)
		if err != nil {
			return n, err
		}
		if other, ok := rec.(*Incident); ok && other.VIP {
			n++
		}
	}
	return n, nil
}

// count counts reports like this one, this one among them; 0 where another one speaks for them already.
func (r *Rate) count(u *itsm.Unit, inc *Incident) (int, error) {
	value := inc.Service
	if r.Same == SameCategory {
		value = inc.Category
	}
	if value == "" {
		return 0, nil
	}
	like := itsm.Where(string(r.Same)).Is(value)
	// What is exactly as old as the time is within it.
	within := itsm.All(like, itsm.Where("created_at").AtLeast(field.Instant(u.Now().Add(-r.Within))))
	found, err := u.Query(Kind, itsm.Query{Filter: &within, Sort: []itsm.Sort{{Column: "created_at", Descending: true}}, Limit: r.Reports})
	n := len(found)
	if inc.Version == 0 {
		n++ // it is not stored yet
	}
	if err != nil || n < r.Reports {
		return n, err
	}
	others, err := u.Count(Kind, itsm.All(like, itsm.Where("major.state").In(string(MajorCandidate), string(MajorAccepted)),
		itsm.Where("phase").In(lifecycle.New.String(), lifecycle.Active.String(), lifecycle.Waiting.String()), itsm.Where("id").IsNot(inc.ID)))
	if err != nil || others > 0 {
		return 0, err
	}
	return r.Reports, nil
}
