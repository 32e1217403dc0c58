package consultation

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes consultations for a desk. The zero value is good.
type Config struct {
	// Patience is how long nobody goes on before a consultation is abandoned, 30 minutes where it is 0.
	Patience time.Duration
	// Titled are the kinds of records whose titles are kept with a consultation; nil is "article" alone. The title of a ticket
	// is personal data of its caller, and would stay here when the caller is erased.
	Titled []string
}

const defaultPatience = 30 * time.Minute

// Consultations are the commands and questions of consultations. It may be used by many goroutines.
type Consultations struct {
	*itsm.Records[Consultation]
	config Config

	begin   itsm.Creation[Consultation, Search]
	open    itsm.Command[Consultation, Choice]
	take    itsm.Command[Consultation, Choice]
	solve   itsm.Command[Consultation, Solution]
	ticket  itsm.Command[Consultation, Making]
	dismiss itsm.Command[Consultation, Dismissal]
}

// New registers the practice with a kernel that is not open yet.
func New(k *itsm.Kernel, c Config) (*Consultations, error) {
	if c.Patience < 0 {
		return nil, itsm.Invalid("patience", "a consultation is abandoned after it is begun")
	}
	c.Patience = cmp.Or(c.Patience, defaultPatience)
	if c.Titled == nil {
		c.Titled = []string{"article"}
	}
	s := &Consultations{config: c}
	p, err := itsm.NewPractice[Consultation](k, itsm.Spec{Kind: Kind, Series: Series, Lifecycle: Lifecycle()})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	s.handlers(p)
	return s, nil
}

// Begin writes down a search and what was suggested. A ticket must be one that the actor may read.
func (s *Consultations) Begin(ctx context.Context, in Search, with ...itsm.Option) (Consultation, error) {
	return s.begin.Do(ctx, in, with...)
}

// Open notes that a suggestion was opened. Opening it again is noted once.
func (s *Consultations) Open(ctx context.Context, id string, suggestion itsm.Ref, with ...itsm.Option) (Consultation, error) {
	return s.open.Do(ctx, id, Choice{suggestion}, with...)
}

// Take notes that a suggestion was made use of: a known error linked, a duplicate merged, an article followed. It was opened
// with that. Taking another one takes its place.
func (s *Consultations) Take(ctx context.Context, id string, suggestion itsm.Ref, with ...itsm.Option) (Consultation, error) {
	return s.take.Do(ctx, id, Choice{suggestion}, with...)
}

// Solve ends it solved: by a suggestion, which is taken with that; by another record that the actor may read; or by what was
// taken, where by is empty.
func (s *Consultations) Solve(ctx context.Context, id string, by itsm.Ref, with ...itsm.Option) (Consultation, error) {
	return s.solve.Do(ctx, id, Solution{by}, with...)
}

// EndInTicket ends it in a ticket that was made, however it ended before. The actor must be one who may read the ticket.
func (s *Consultations) EndInTicket(ctx context.Context, id string, ticket itsm.Ref, with ...itsm.Option) (Consultation, error) {
	return s.ticket.Do(ctx, id, Making{ticket}, with...)
}

// Dismiss ends it because nothing was of use. The reason may be empty.
func (s *Consultations) Dismiss(ctx context.Context, id, reason string, with ...itsm.Option) (Consultation, error) {
	return s.dismiss.Do(ctx, id, Dismissal{reason}, with...)
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Consultations) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now.
func (s *Consultations) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}

// MaxBetween bounds what Between answers.
const MaxBetween = 100_000

// Between answers the consultations that were begun in [from, to), of those that the actor may see, the first first: what
// figures are made of. More than 100,000 are refused: ask for a shorter time.
func (s *Consultations) Between(ctx context.Context, from, to time.Time) ([]Consultation, error) {
	in := itsm.All(itsm.Where("created_at").AtLeast(field.Instant(from)), itsm.Where("created_at").Before(field.Instant(to)))
	var list []Consultation
	for c, err := range s.All(ctx, itsm.Query{Filter: &in, Sort: []itsm.Sort{{Column: "created_at"}}, Limit: 1000}) {
		if err != nil {
			return nil, err
		}
		if len(list) == MaxBetween {
			return nil, itsm.Invalid("to", "there are more than 100,000: ask for a shorter time")
		}
		list = append(list, c)
	}
	return list, nil
}

// handlers says what each trigger does to the record; the table says when it may.
func (s *Consultations) handlers(p *itsm.Practice[Consultation]) {
	p.Guard(guardShown, func(u *itsm.Unit, r *Consultation) *lifecycle.Reason {
		in, _ := u.Input().(*Choice)
		if in == nil || in.Suggestion.IsZero() || r.Position(in.Suggestion) > 0 {
			return nil
		}
		return &lifecycle.Reason{Code: ReasonNotShown, Args: map[string]string{"suggestion": in.Suggestion.String()}}
	})
	p.Guard(guardSolved, func(u *itsm.Unit, r *Consultation) *lifecycle.Reason {
		if in, _ := u.Input().(*Solution); in == nil || !in.By.IsZero() || !r.Taken.IsZero() {
			return nil
		}
		return &lifecycle.Reason{Code: ReasonNotTaken}
	})
	s.begin = itsm.Create(p, TriggerBegin, "begun", s.begun)
	s.open = itsm.Handle(p, TriggerOpen, func(u *itsm.Unit, r *Consultation, in Choice) error {
		r.opened(in.Suggestion)
		return s.wait(u, r)
	})
	s.take = itsm.Handle(p, TriggerTake, func(u *itsm.Unit, r *Consultation, in Choice) error {
		r.takes(in.Suggestion)
		return s.wait(u, r)
	})
	s.solve = itsm.Handle(p, TriggerSolve, func(u *itsm.Unit, r *Consultation, in Solution) error {
		r.SolvedBy = cmp.Or(in.By, r.Taken)
		switch {
		case in.By.IsZero():
		case r.Position(in.By) > 0:
			r.takes(in.By)
		default: // nobody looked whether it is there
			if err := u.RequireOn(in.By, itsm.Read); err != nil {
				return err
			}
		}
		return ended(u, r)
	})
	s.ticket = itsm.Handle(p, TriggerTicket, func(u *itsm.Unit, r *Consultation, in Making) error {
		if err := u.RequireOn(in.Ticket, itsm.Read); err != nil {
			return err
		}
		r.Made, r.SolvedBy, r.Reason = in.Ticket, itsm.Ref{}, ""
		return ended(u, r)
	})
	s.dismiss = itsm.Handle(p, TriggerDismiss, func(u *itsm.Unit, r *Consultation, in Dismissal) error {
		r.Reason = in.Reason
		return ended(u, r)
	})
	itsm.Handle(p, TriggerAbandon, func(u *itsm.Unit, r *Consultation, _ Nothing) error { return ended(u, r) })
}

func (s *Consultations) begun(u *itsm.Unit, r *Consultation, in Search) error {
	r.Caller = u.Actor().Person()
	switch {
	case !slices.Contains(Purposes(), in.Purpose):
		return itsm.Invalid("purpose", strconv.Quote(string(in.Purpose))+" is none of "+purposeList)
	case r.Caller == "":
		return itsm.Invalid("caller", "only a person searches: name whom you act for")
	case in.Purpose == SelfService && !in.Ticket.IsZero():
		return itsm.Invalid("ticket", "who helps themselves has no ticket yet")
	case len(in.Text) > MaxText:
		return itsm.Invalid("text", "a text has 10,000 bytes at most")
	}
	r.Purpose, r.Text, r.Ticket, r.Person = in.Purpose, in.Text, in.Ticket, r.Caller
	if !in.Ticket.IsZero() {
		if err := u.RequireOn(in.Ticket, itsm.Read); err != nil {
			return err
		}
		err := u.LookAt(in.Ticket, func(rec itsm.Record) {
			if t := itsm.TicketOf(rec); t != nil {
				r.Person = cmp.Or(t.Caller, r.Person)
			}
		})
		if err != nil {
			return err
		}
	}
	if err := s.show(r, in.Suggestions); err != nil {
		return err
	}
	return s.wait(u, r)
}

const purposeList = "self_service, similar_incidents, duplicates, known_errors and articles"

// show keeps what was suggested.
func (s *Consultations) show(r *Consultation, list []Suggestion) (err error) {
	if len(list) > MaxSuggestions {
		return itsm.Invalid("suggestions", "50 suggestions are shown at most")
	}
	shown, words, worded := make([]Shown, 0, len(list)), make([]wording, 0, len(list)), false
	for i, g := range list {
		name := "suggestions[" + strconv.Itoa(i) + "]"
		switch {
		case g.Ref.Kind == "" || g.Ref.ID == "":
			return itsm.Invalid(name, "name the record")
		case position(shown, g.Ref) > 0:
			return itsm.Invalid(name, g.Ref.String()+" is suggested twice")
		case math.IsNaN(g.Score) || math.IsInf(g.Score, 0):
			return itsm.Invalid(name, "a score is a finite number")
		}
		if !slices.Contains(s.config.Titled, g.Ref.Kind) {
			g.Title = ""
		}
		shown, words = append(shown, Shown{g.Ref, g.Score}), append(words, wording{g.Title, g.Why})
		worded = worded || g.Title != "" || len(g.Why) > 0
	}
	if len(shown) == 0 {
		return nil
	}
	if r.Shown, err = field.Pack(shown); err != nil || !worded {
		return err
	}
	text, err := json.Marshal(words)
	r.Wording = string(text)
	return err
}

// wait lets it be abandoned when nobody goes on.
func (s *Consultations) wait(u *itsm.Unit, r *Consultation) error {
	r.EndedAt = time.Time{}
	return u.SetTimer(TimerPatience, u.Now().Add(s.config.Patience), TriggerAbandon, nil)
}

func ended(u *itsm.Unit, r *Consultation) error {
	r.EndedAt = u.Now()
	u.CancelTimer(TimerPatience)
	return nil
}

// opened notes what was opened, once.
func (c *Consultation) opened(ref itsm.Ref) {
	if !slices.Contains(c.Opened, ref.String()) {
		c.Opened = append(slices.Clip(c.Opened), ref.String())
	}
}

func (c *Consultation) takes(ref itsm.Ref) {
	c.opened(ref)
	c.Taken = ref
}
