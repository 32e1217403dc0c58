package problem

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// CandidateKind is the kind of the records of proposed problems, and CandidateSeries begins their numbers.
const (
	CandidateKind   = "problem_candidate"
	CandidateSeries = "PRC"
)

// Candidate is a problem that a rule proposes, with its evidence. A person accepts it, which reports the problem, or
// dismisses it; the same evidence is not proposed again.
type Candidate struct {
	itsm.Head

	Rule  string    `json:"rule" itsm:"index"`
	By    Shared    `json:"by"`
	Key   string    `json:"key" itsm:"index"`
	Count int       `json:"count"`
	Mean  float64   `json:"mean"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until" itsm:"index"`
	// Incidents are up to 1,000 of them, by number.
	Incidents []string `json:"incidents"`
	Problem   itsm.Ref `json:"problem,omitzero"`
	Reason    string   `json:"reason,omitempty"`
}

// Proposal is what a rule found.
type Proposal struct {
	Rule      string    `json:"rule"`
	By        Shared    `json:"by"`
	Key       string    `json:"key"`
	Count     int       `json:"count"`
	Mean      float64   `json:"mean"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	Incidents []string  `json:"incidents"`
}

// Acceptance reports the problem; an empty title is made of the evidence.
type Acceptance struct {
	Title string `json:"title,omitempty"`
	Group string `json:"group,omitempty"`
	Owner string `json:"owner,omitempty"`
}

// The states and triggers of a candidate.
const (
	CandidateProposed  lifecycle.State = "proposed"
	CandidateAccepted  lifecycle.State = "accepted"
	CandidateDismissed lifecycle.State = "dismissed"

	TriggerPropose lifecycle.Trigger = "propose"
	TriggerAccept  lifecycle.Trigger = "accept"
	TriggerDismiss lifecycle.Trigger = "dismiss"
)

const (
	maxEvidence  = 1000
	maxSightings = 100_000
	// incidentKind is the kind that trends look at. It is only named here: the practice knows nothing else of incidents than
	// what every ticket has.
	incidentKind = "incident"
)

type trends struct {
	*itsm.Records[Candidate]
	propose itsm.Creation[Candidate, Proposal]
	accept  itsm.Command[Candidate, Acceptance]
	dismiss itsm.Command[Candidate, Because]
}

// CandidateLifecycle is the table of a candidate's state.
func CandidateLifecycle() lifecycle.Definition {
	proposed := []lifecycle.State{CandidateProposed}
	return lifecycle.Definition{
		Name: CandidateKind, Version: 1, Initial: CandidateProposed,
		States: []lifecycle.StateRow{
			{Name: CandidateProposed, Title: "Proposed", Phase: lifecycle.New},
			{Name: CandidateAccepted, Title: "Accepted", Phase: lifecycle.Closed},
			{Name: CandidateDismissed, Title: "Dismissed", Phase: lifecycle.Cancelled},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: TriggerAccept, Title: "Accept", Past: "accepted"}, {Name: TriggerDismiss, Title: "Dismiss", Past: "dismissed"},
		},
		Rows: []lifecycle.Transition{
			{From: proposed, Trigger: TriggerAccept, To: CandidateAccepted},
			{From: proposed, Trigger: TriggerDismiss, To: CandidateDismissed, Brings: []lifecycle.Need{{"reason"}}},
		},
	}
}

func (s *Problems) registerTrends(k *itsm.Kernel) error {
	p, err := itsm.NewPractice[Candidate](k, itsm.Spec{Kind: CandidateKind, Series: CandidateSeries, Lifecycle: CandidateLifecycle()})
	if err != nil {
		return err
	}
	t := &s.trends
	t.Records = p.Records
	t.propose = itsm.Create(p, TriggerPropose, "proposed", func(_ *itsm.Unit, c *Candidate, in Proposal) error {
		if in.Rule == "" || in.Key == "" || len(in.Incidents) == 0 {
			return itsm.Invalid("incidents", "a candidate names its rule, what the incidents share, and them")
		}
		c.Rule, c.By, c.Key, c.Count, c.Mean = in.Rule, in.By, in.Key, in.Count, in.Mean
		c.Since, c.Until, c.Incidents = in.Since, in.Until, in.Incidents
		return nil
	})
	t.accept = itsm.Handle(p, TriggerAccept, func(u *itsm.Unit, c *Candidate, a Acceptance) error {
		r := Report{Title: a.Title, Group: a.Group, Owner: a.Owner, Candidate: c.Ref()}
		if strings.TrimSpace(r.Title) == "" {
			r.Title = fmt.Sprintf("%d incidents with the same %s: %s", c.Count, c.By, c.Key)
		}
		switch c.By {
		case ByItem:
			r.Items = []string{c.Key}
		case ByService:
			r.Service = c.Key
		case ByCategory:
			r.Category = c.Key
		}
		for _, id := range c.Incidents {
			ref := itsm.Ref{Kind: incidentKind, ID: id}
			if err := u.LookAt(ref, func(itsm.Record) {}); errors.Is(err, itsm.ErrNotFound) {
				continue // it was purged
			} else if err != nil {
				return err
			}
			r.Incidents = append(r.Incidents, ref)
		}
		var err error
		c.Problem, err = u.Create(Kind, TriggerReport, r)
		return err
	})
	t.dismiss = itsm.Handle(p, TriggerDismiss, func(_ *itsm.Unit, c *Candidate, b Because) error {
		c.Reason = b.Reason
		return nil
	})
	return nil
}

// Candidates answers the records of proposed problems.
func (s *Problems) Candidates() *itsm.Records[Candidate] { return s.trends.Records }

// Accept reports the problem that a candidate proposes, with its incidents linked.
func (s *Problems) Accept(ctx context.Context, candidate string, a Acceptance, with ...itsm.Option) (Problem, error) {
	c, err := s.trends.accept.Do(ctx, candidate, a, with...)
	if err != nil {
		return Problem{}, err
	}
	return s.Get(ctx, c.Problem.ID)
}

// Dismiss says that it is none. Its evidence is not proposed again; as many new incidents are.
func (s *Problems) Dismiss(ctx context.Context, candidate, reason string, with ...itsm.Option) (Candidate, error) {
	return s.trends.dismiss.Do(ctx, candidate, Because{reason}, with...)
}

// FindTrends looks at the incidents that the actor may see, by every rule, and proposes what it finds that nobody has decided
// about. It costs what it reads: the incidents that the rules reach, 100,000 at most. Several nodes that do so at once propose
// the same once.
func (s *Problems) FindTrends(ctx context.Context) ([]Candidate, error) {
	now := s.Kernel().Clock().Now()
	var reach time.Duration
	for _, r := range s.config.Trends {
		reach = max(reach, r.Reach())
	}
	if reach == 0 {
		return nil, nil
	}
	sightings, err := s.sightings(ctx, now.Add(-reach))
	if err != nil {
		return nil, err
	}
	var made []Candidate
	for _, r := range s.config.Trends {
		seen, err := s.evidence(ctx, r, now)
		if err != nil {
			return made, err
		}
		for _, t := range r.Find(sightings, now, func(ref itsm.Ref) bool { return seen[ref.ID] }) {
			in := Proposal{Rule: t.Rule, By: t.By, Key: t.Key, Count: t.Count, Mean: t.Mean, Since: t.Since, Until: t.Until}
			for _, ref := range t.Incidents[:min(len(t.Incidents), maxEvidence)] {
				in.Incidents = append(in.Incidents, ref.ID)
			}
			again := false
			c, err := s.trends.propose.Do(ctx, in, itsm.Once("trend "+t.Rule+" "+in.Incidents[0]), itsm.Repeated(&again))
			if errors.Is(err, itsm.ErrKeyReused) || again {
				continue // another node was faster
			}
			if err != nil {
				return made, err
			}
			made = append(made, c)
		}
	}
	return made, nil
}

// sightings reads the incidents since an instant.
func (s *Problems) sightings(ctx context.Context, since time.Time) (list []Sighting, err error) {
	recent := itsm.Where("created_at").After(field.Instant(since))
	q := itsm.Query{Filter: &recent, Sort: []itsm.Sort{{Column: "created_at"}}, Limit: 1000}
	for {
		page, err := s.Kernel().List(ctx, incidentKind, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			t := itsm.TicketOf(r)
			list = append(list, Sighting{Incident: t.Ref(), At: t.CreatedAt, Items: t.Items, Service: t.Service, Category: t.Category, Title: t.Title})
		}
		if q.Cursor = page.Next; q.Cursor == "" || len(list) >= maxSightings {
			return list, nil
		}
	}
}

// evidence are the incidents that candidates of a rule were made of, which are not evidence again.
func (s *Problems) evidence(ctx context.Context, r TrendRule, now time.Time) (map[string]bool, error) {
	before := itsm.All(itsm.Where("rule").Is(r.Name), itsm.Where("until").After(field.Instant(now.Add(-2*r.Window))))
	seen := map[string]bool{}
	for c, err := range s.trends.All(ctx, itsm.Query{Filter: &before, Limit: 500}) {
		if err != nil {
			return nil, err
		}
		for _, id := range c.Incidents {
			seen[id] = true
		}
	}
	return seen, nil
}
