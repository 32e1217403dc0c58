package problem

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes the practice for a desk. The zero value is the practice as documented.
type Config struct {
	// Matrix gives the priority; nil is the default one.
	Matrix *itsm.Matrix
	// CauseCategories are those that a cause may have; none lets it have any.
	CauseCategories []string
	// Reanalysts are who may analyse a problem again, by what came of it; an outcome that is not named is for managers and
	// administrators where the risk was borne, and for everybody who may give the command elsewhere.
	Reanalysts map[Outcome][]itsm.Role
	// Articles writes an article about a known error; nil writes none.
	Articles Articles
	// Trends find candidates; none finds none.
	Trends []TrendRule
	// Custom declares custom fields.
	Custom field.Schema
	// Overlays change the lifecycle, in order.
	Overlays []lifecycle.Overlay
	// Extend registers guards, choices and handlers that overlays name; nil registers nothing.
	Extend func(*itsm.Practice[Problem]) error
}

// Articles drafts an article about a known error, in the transaction that declares it.
type Articles interface {
	DraftKnownError(u *itsm.Unit, p Problem) (itsm.Ref, error)
}

// Problems are the commands and questions of problem management. It may be used by many goroutines.
type Problems struct {
	*itsm.Records[Problem]
	config Config
	matrix itsm.Matrix
	trends trends

	report     itsm.Creation[Problem, Report]
	assess     itsm.Command[Problem, Owning]
	analyse    itsm.Command[Problem, Owning]
	find       itsm.Command[Problem, Finding]
	hold       itsm.Command[Problem, Because]
	resume     itsm.Command[Problem, Nothing]
	back       itsm.Command[Problem, Owning]
	reassign   itsm.Command[Problem, Owning]
	fix        itsm.Command[Problem, Fixing]
	resolve    itsm.Command[Problem, Resolution]
	complete   itsm.Command[Problem, Completion]
	reanalyse  itsm.Command[Problem, Because]
	cancel     itsm.Command[Problem, Because]
	duplicate  itsm.Command[Problem, Duplicate]
	know       itsm.Command[Problem, Nothing]
	workaround itsm.Command[Problem, Workaround]
	review     itsm.Command[Problem, Review]
}

// New registers the practice with a kernel that is not open yet.
func New(k *itsm.Kernel, c Config) (*Problems, error) {
	s := &Problems{config: c, matrix: itsm.DefaultMatrix()}
	if c.Matrix != nil {
		s.matrix = *c.Matrix
	}
	if err := errors.Join(s.config.check(), s.matrix.Check()); err != nil {
		return nil, err
	}
	p, err := itsm.NewPractice[Problem](k, itsm.Spec{
		Kind: Kind, Series: Series, Lifecycle: Lifecycle(), Overlays: c.Overlays, Custom: c.Custom,
		Editable: []string{
			"title", "description", "caller", "channel", "impact", "urgency", "priority", "priority_reason", "category", "service", "items",
			"major",
		},
	})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	s.guards(p)
	s.handlers(p)
	if err := s.registerTrends(k); err != nil {
		return nil, err
	}
	if c.Extend != nil {
		if err := c.Extend(p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (c Config) check() error {
	var faults []error
	for i, r := range c.Trends {
		if err := r.Check(); err != nil {
			faults = append(faults, fmt.Errorf("problem: Trends[%d]: %w", i, err))
		}
		for _, other := range c.Trends[:i] {
			if other.Name == r.Name {
				faults = append(faults, itsm.Invalid(fmt.Sprintf("Trends[%d].Name", i), "a rule has a name of its own"))
			}
		}
	}
	for i, name := range c.CauseCategories {
		if strings.TrimSpace(name) == "" {
			faults = append(faults, itsm.Invalid(fmt.Sprintf("CauseCategories[%d]", i), "a category has a name"))
		}
	}
	for o := range c.Reanalysts {
		if !o.known() {
			faults = append(faults, itsm.Invalid("Reanalysts", fmt.Sprintf("%q is no outcome", o)))
		}
	}
	return errors.Join(faults...)
}

func (o Outcome) known() bool { return o == FixApplied || o == RiskAccepted || o == NoCauseFound }

// Report makes a problem.
func (s *Problems) Report(ctx context.Context, r Report, with ...itsm.Option) (Problem, error) {
	return s.report.Do(ctx, r, with...)
}

// Assess says that it is one, and who owns it.
func (s *Problems) Assess(ctx context.Context, id string, o Owning, with ...itsm.Option) (Problem, error) {
	return s.assess.Do(ctx, id, o, with...)
}

// StartAnalysis begins to look for the cause.
func (s *Problems) StartAnalysis(ctx context.Context, id string, o Owning, with ...itsm.Option) (Problem, error) {
	return s.analyse.Do(ctx, id, o, with...)
}

// RecordCause writes down the cause, or how it is looked for. What is empty stays as it is.
func (s *Problems) RecordCause(ctx context.Context, id string, f Finding, with ...itsm.Option) (Problem, error) {
	return s.find.Do(ctx, id, f, with...)
}

// Hold suspends the work.
func (s *Problems) Hold(ctx context.Context, id, reason string, with ...itsm.Option) (Problem, error) {
	return s.hold.Do(ctx, id, Because{reason}, with...)
}

// Resume goes on where it was held.
func (s *Problems) Resume(ctx context.Context, id string, with ...itsm.Option) (Problem, error) {
	return s.resume.Do(ctx, id, Nothing{}, with...)
}

// ReturnToQueue gives it back to a group, without an owner.
func (s *Problems) ReturnToQueue(ctx context.Context, id, group string, with ...itsm.Option) (Problem, error) {
	return s.back.Do(ctx, id, Owning{Group: group}, with...)
}

// Reassign gives it to somebody else.
func (s *Problems) Reassign(ctx context.Context, id string, o Owning, with ...itsm.Option) (Problem, error) {
	return s.reassign.Do(ctx, id, o, with...)
}

// Fix begins the fix of a cause that is written down.
func (s *Problems) Fix(ctx context.Context, id string, f Fixing, with ...itsm.Option) (Problem, error) {
	return s.fix.Do(ctx, id, f, with...)
}

// Resolve says what came of it. Where a fix was applied, the incidents that wait for the problem are resolved; where its
// risk is borne, they are told.
func (s *Problems) Resolve(ctx context.Context, id string, r Resolution, with ...itsm.Option) (Problem, error) {
	return s.resolve.Do(ctx, id, r, with...)
}

// Complete closes it, when its changes are finished or waived.
func (s *Problems) Complete(ctx context.Context, id string, c Completion, with ...itsm.Option) (Problem, error) {
	return s.complete.Do(ctx, id, c, with...)
}

// Reanalyse takes it up again. Who may depends on what came of it.
func (s *Problems) Reanalyse(ctx context.Context, id, reason string, with ...itsm.Option) (Problem, error) {
	return s.reanalyse.Do(ctx, id, Because{reason}, with...)
}

// Cancel ends what is none.
func (s *Problems) Cancel(ctx context.Context, id, reason string, with ...itsm.Option) (Problem, error) {
	return s.cancel.Do(ctx, id, Because{reason}, with...)
}

// MarkDuplicate ends it in favour of another one, which inherits its incidents and changes.
func (s *Problems) MarkDuplicate(ctx context.Context, id string, d Duplicate, with ...itsm.Option) (Problem, error) {
	return s.duplicate.Do(ctx, id, d, with...)
}

// DeclareKnownError marks it as a known error, and has an article written where the desk has articles.
func (s *Problems) DeclareKnownError(ctx context.Context, id string, with ...itsm.Option) (Problem, error) {
	return s.know.Do(ctx, id, Nothing{}, with...)
}

// PublishWorkaround writes down what helps, and tells the open incidents of the problem, once each; those that are linked
// later are told then.
func (s *Problems) PublishWorkaround(ctx context.Context, id, workaround string, with ...itsm.Option) (Problem, error) {
	return s.workaround.Do(ctx, id, Workaround{workaround}, with...)
}

// WriteReview says what was learnt from a major problem.
func (s *Problems) WriteReview(ctx context.Context, id string, r Review, with ...itsm.Option) (Problem, error) {
	return s.review.Do(ctx, id, r, with...)
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Problems) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now. What depends on changes shows when the trigger is pulled.
func (s *Problems) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}
