package feedback

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes feedback for a desk. The zero value is good.
type Config struct {
	// Readable answers nil where who acts may read the article: nobody else says something of it, and nobody else is counted
	// as a reader. Nil asks the kernel's authorizer for the verb [itsm.Read] on the article's record. It runs in the
	// transaction, and reads what it needs through the unit.
	Readable func(u *itsm.Unit, article itsm.Ref) error

	// Owner answers who looks into a flag; empty is nobody that it knows. Nil is [Assignee]. Owners are by reason those who
	// do where Owner knows nobody.
	Owner  func(u *itsm.Unit, article itsm.Ref, why Reason) (string, error)
	Owners map[Reason]string

	// Within is how long after it was raised a flag is due, 7 days where it is 0; WithinBy is so by reason. Calendar
	// counts that time; nil counts around the clock.
	Within   time.Duration
	WithinBy map[Reason]time.Duration
	Calendar WorkingTime
}

const defaultWithin = 7 * 24 * time.Hour

// WorkingTime counts the working time of a calendar. A *calendar.Calendar is one.
type WorkingTime interface {
	// Add answers the earliest instant with that much working time between from and it.
	Add(from time.Time, working time.Duration) (time.Time, error)
}

// Feedbacks are the commands and questions of feedback. It may be used by many goroutines.
type Feedbacks struct {
	*itsm.Records[Feedback]
	// Readings tell who read what on which day.
	Readings *itsm.Records[Reading]
	config   Config

	give     itsm.Creation[Feedback, Verdict]
	raise    itsm.Creation[Feedback, Fault]
	replace  itsm.Command[Feedback, Verdict]
	flag     itsm.Command[Feedback, Fault]
	assign   itsm.Command[Feedback, Assignment]
	handle   itsm.Command[Feedback, Handling]
	dismiss  itsm.Command[Feedback, Handling]
	withdraw itsm.Command[Feedback, Nothing]
	view     itsm.Creation[Reading, View]
}

// New registers the kinds with a kernel that is not open yet.
func New(k *itsm.Kernel, c Config) (*Feedbacks, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Feedbacks{config: c}
	p, err := itsm.NewPractice[Feedback](k, itsm.Spec{Kind: Kind, Series: Series, Lifecycle: Lifecycle()})
	if err != nil {
		return nil, err
	}
	readings, err := itsm.NewPractice[Reading](k, itsm.Spec{Kind: ReadingKind, Series: ReadingSeries, Lifecycle: ReadingLifecycle()})
	if err != nil {
		return nil, err
	}
	s.Records, s.Readings = p.Records, readings.Records
	s.handlers(p)
	s.view = itsm.Create(readings, TriggerView, "viewed", s.viewed)
	return s, nil
}

func (c *Config) check() error {
	if c.Within < 0 {
		return itsm.Invalid("within", "a flag is due after it is raised")
	}
	for why, within := range c.WithinBy {
		if !why.known() || within <= 0 {
			return itsm.Invalid("within_by", "give each reason of flags a time above 0")
		}
	}
	for why := range c.Owners {
		if !why.known() {
			return itsm.Invalid("owners", strconv.Quote(string(why))+" is no reason of flags")
		}
	}
	return nil
}

func (r Reason) known() bool { return slices.Contains(Reasons(), r) }

// Give says whether an edition of an article helped. What the actor said of that edition before is replaced; an open flag
// stays.
//
// It is refused where the actor may not read the article. Each person has one record an edition, whatever goes on at once,
// as long as it is one actor who speaks for the person: an integration and the person at the same moment may make two.
func (s *Feedbacks) Give(ctx context.Context, v Verdict, with ...itsm.Option) (Feedback, error) {
	return say(ctx, s.give, s.replace, v, View{v.Article, v.Edition}, with)
}

// Flag says what is at fault with an edition of an article, in the actor's record of that edition. The flag is open, and
// has an owner and an instant when it is due. Flagging again while it is open corrects what was said and moves neither; after
// that it opens the flag anew.
func (s *Feedbacks) Flag(ctx context.Context, f Fault, with ...itsm.Option) (Feedback, error) {
	return say(ctx, s.raise, s.flag, f, View{f.Article, f.Edition}, with)
}

// say makes the record of a person, or says the same on the one that is there. Two who make it at once are kept apart by an
// idempotency key, and those who come later by the record.
func say[In any](
	ctx context.Context, create itsm.Creation[Feedback, In], again itsm.Command[Feedback, In], in In, of View, with []itsm.Option,
) (Feedback, error) {
	once, err := onceA(ctx, of.Article.String(), strconv.FormatInt(of.Edition, 10))
	if err != nil {
		return Feedback{}, err
	}
	var was bool
	f, err := create.Do(ctx, in, append(slices.Clip(with), once, itsm.Repeated(&was))...)
	id := f.ID
	if refusal, ok := lifecycle.AsRefusal(err); ok {
		for _, r := range refusal.Reasons {
			if r.Code == ReasonGiven {
				was, id = true, r.Args["feedback"]
			}
		}
	}
	if !was {
		return f, err
	}
	return again.Do(ctx, id, in, with...)
}

// onceA is the idempotency key of a person for what the parts name, whatever the input. A person's own key holds nothing of
// the person, because it is kept by actor.
func onceA(ctx context.Context, parts ...string) (itsm.Option, error) {
	a, err := itsm.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	if a.Kind != itsm.Person {
		parts = append(parts, a.Person())
	}
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(strconv.Quote(part)))
	}
	return itsm.OnceOf(Kind+" "+hex.EncodeToString(h.Sum(nil)), itsm.Digest{}), nil
}

// Assign names another owner of an open flag.
func (s *Feedbacks) Assign(ctx context.Context, id, owner string, with ...itsm.Option) (Feedback, error) {
	return s.assign.Do(ctx, id, Assignment{owner}, with...)
}

// Handle ends an open flag: the outcome says what was done.
func (s *Feedbacks) Handle(ctx context.Context, id, outcome string, with ...itsm.Option) (Feedback, error) {
	return s.handle.Do(ctx, id, Handling{outcome}, with...)
}

// Dismiss ends an open flag that nothing is done about, for a reason.
func (s *Feedbacks) Dismiss(ctx context.Context, id, reason string, with ...itsm.Option) (Feedback, error) {
	return s.dismiss.Do(ctx, id, Handling{reason}, with...)
}

// Withdraw takes back what the actor said, an open flag with it. The events keep it.
func (s *Feedbacks) Withdraw(ctx context.Context, id string, with ...itsm.Option) (Feedback, error) {
	return s.withdraw.Do(ctx, id, Nothing{}, with...)
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Feedbacks) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now.
func (s *Feedbacks) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}
