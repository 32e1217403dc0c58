package knowledge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes the practice for a desk. The zero value publishes without a review, and nothing expires.
type Config struct {
	// Locale is that of articles that name none, and the last one that readers fall back to; empty is "en".
	Locale string
	// Review says who reviews which articles; the first policy that matches counts, and what none matches needs no review.
	Review []ReviewPolicy
	// PublishAccepted publishes a text as soon as its review accepts it, at the desk's hand.
	PublishAccepted bool
	// ValidFor is how long an article is valid where its publication does not say; 0 is for ever. Remind lists how long before the
	// end the owner is reminded, by events "article.expiry_near".
	ValidFor time.Duration
	Remind   []time.Duration
	// Forms are what articles may be made by; nil are [DefaultForms].
	Forms []Form
	// Custom declares custom fields.
	Custom field.Schema
	// Overlays change the lifecycle, in order.
	Overlays []lifecycle.Overlay
	// Extend registers guards, choices and handlers that overlays name; nil registers nothing.
	Extend func(*itsm.Practice[Article]) error
}

// Articles are the commands and questions of knowledge management. It may be used by many goroutines.
type Articles struct {
	*itsm.Records[Article]
	config Config
	forms  map[string]Form

	draft   itsm.Creation[Article, Draft]
	write   itsm.Command[Article, Writing]
	takeUp  itsm.Command[Article, Taking]
	submit  itsm.Command[Article, Nothing]
	back    itsm.Command[Article, Because]
	publish itsm.Command[Article, Publication]
	revise  itsm.Command[Article, Nothing]
	discard itsm.Command[Article, Because]
	renew   itsm.Command[Article, Renewal]
	retire  itsm.Command[Article, Retirement]
	restore itsm.Command[Article, Nothing]
	solve   itsm.Command[Article, Solution]
}

// New registers the practice with a kernel that is not open yet. It lists every fault of the configuration. The kernel's
// authorizer has to be one that [Authorize] made, or readers are whom it lets read.
func New(k *itsm.Kernel, c Config) (*Articles, error) {
	s := &Articles{config: c}
	if s.config.Locale == "" {
		s.config.Locale = "en"
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	p, err := itsm.NewPractice[Article](k, itsm.Spec{
		Kind: Kind, Series: Series, Lifecycle: Lifecycle(), Overlays: c.Overlays, Custom: c.Custom,
		Editable: []string{"category", "service", "items"},
	})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	s.guards(p)
	s.handlers(p)
	p.Keep(s.keep)
	k.Hook(itsm.Hook{Name: "knowledge: a review was decided", Kinds: []string{Kind}, AfterAct: s.decided})
	k.OnOpen(s.checkReviews)
	if c.Extend != nil {
		if err := c.Extend(p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// prepare checks the configuration, and lists every fault.
func (s *Articles) prepare() error {
	var faults []error
	c := &s.config
	if !validLocale(c.Locale) {
		faults = append(faults, itsm.Invalid("Locale", fmt.Sprintf("%q is no language tag, such as de-CH", c.Locale)))
	}
	if c.ValidFor < 0 {
		faults = append(faults, itsm.Invalid("ValidFor", "it is not negative"))
	}
	for i, before := range c.Remind {
		if before <= 0 {
			faults = append(faults, itsm.Invalid(fmt.Sprintf("Remind[%d]", i), "say how long before the end, more than 0"))
		}
	}
	if c.Forms == nil {
		c.Forms = DefaultForms()
	}
	s.forms = map[string]Form{}
	for i, f := range c.Forms {
		if err := f.Check(); err != nil {
			faults = append(faults, fmt.Errorf("knowledge: Forms[%d]: %w", i, err))
		}
		if _, twice := s.forms[f.Name]; twice {
			faults = append(faults, itsm.Invalid(fmt.Sprintf("Forms[%d].Name", i), "a form has a name of its own"))
		}
		s.forms[f.Name] = f
	}
	names := map[string]bool{}
	for i, p := range c.Review {
		where := fmt.Sprintf("Review[%d]", i)
		if p.Name == "" || names[p.Name] {
			faults = append(faults, itsm.Invalid(where+".Name", "a policy has a name of its own"))
		}
		names[p.Name] = true
		if len(p.Stages) == 0 && p.Ask == nil {
			faults = append(faults, itsm.Invalid(where, "name stages, or Ask, or leave the policy out"))
		}
	}
	return errors.Join(faults...)
}

// Draft begins an article.
func (s *Articles) Draft(ctx context.Context, d Draft, with ...itsm.Option) (Article, error) {
	return s.draft.Do(ctx, d, with...)
}

// DraftIn begins an article in a transaction that runs, such as one that declares a known error.
func (s *Articles) DraftIn(u *itsm.Unit, d Draft) (itsm.Ref, error) {
	return u.Create(Kind, TriggerDraft, d)
}

// Write replaces what is being written.
func (s *Articles) Write(ctx context.Context, id string, w Writing, with ...itsm.Option) (Article, error) {
	return s.write.Do(ctx, id, w, with...)
}

// TakeUp makes a former edition what is being written.
func (s *Articles) TakeUp(ctx context.Context, id string, edition int64, with ...itsm.Option) (Article, error) {
	return s.takeUp.Do(ctx, id, Taking{edition}, with...)
}

// Submit asks for a review of what is written, by the policy that matches. It is refused where something is missing, with all
// that is.
func (s *Articles) Submit(ctx context.Context, id string, with ...itsm.Option) (Article, error) {
	return s.submit.Do(ctx, id, Nothing{}, with...)
}

// Return gives what is under review, or waits for its date, back to be written.
func (s *Articles) Return(ctx context.Context, id, reason string, with ...itsm.Option) (Article, error) {
	return s.back.Do(ctx, id, Because{reason}, with...)
}

// Publish makes what is written the edition that readers see, now or at an instant. It is refused without the review that
// the policy asks for, decided for this very content.
func (s *Articles) Publish(ctx context.Context, id string, p Publication, with ...itsm.Option) (Article, error) {
	return s.publish.Do(ctx, id, p, with...)
}

// Revise begins the next edition with what readers see.
func (s *Articles) Revise(ctx context.Context, id string, with ...itsm.Option) (Article, error) {
	return s.revise.Do(ctx, id, Nothing{}, with...)
}

// Discard gives up what is being written: beside a published text that alone, else the article.
func (s *Articles) Discard(ctx context.Context, id, reason string, with ...itsm.Option) (Article, error) {
	return s.discard.Do(ctx, id, Because{reason}, with...)
}

// Renew stands up for what is published, or has expired, until another instant.
func (s *Articles) Renew(ctx context.Context, id string, r Renewal, with ...itsm.Option) (Article, error) {
	return s.renew.Do(ctx, id, r, with...)
}

// Retire takes an article from its readers. Who looks for it finds its replacement, where it has one ([Articles.Follow]).
func (s *Articles) Retire(ctx context.Context, id string, r Retirement, with ...itsm.Option) (Article, error) {
	return s.retire.Do(ctx, id, r, with...)
}

// Restore makes a retired article a draft of what it said last.
func (s *Articles) Restore(ctx context.Context, id string, with ...itsm.Option) (Article, error) {
	return s.restore.Do(ctx, id, Nothing{}, with...)
}

// SolvedBy notes that an article solved a ticket, once for each ticket.
func (s *Articles) SolvedBy(ctx context.Context, ticket itsm.Ref, id string, with ...itsm.Option) (Article, error) {
	return s.solve.Do(ctx, id, Solution{ticket}, with...)
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Articles) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now.
func (s *Articles) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}
