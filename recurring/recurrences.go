package recurring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Config changes the practice for a desk. The zero value is the practice as documented.
type Config struct {
	// Calendars are those that schedules may name.
	Calendars []*calendar.Calendar
	// CatchUp bounds the missed occurrences that [RunAll] runs; 0 is 100.
	CatchUp int
	// Custom declares custom fields.
	Custom field.Schema
	// Overlays change the lifecycle, in order.
	Overlays []lifecycle.Overlay
	// Extend registers guards, choices and handlers that overlays name; nil registers nothing.
	Extend func(*itsm.Practice[Recurrence]) error
}

const (
	catchUp  = 100
	maxCatch = 10_000
)

// Recurrences are the commands and questions of recurring work. It may be used by many goroutines.
type Recurrences struct {
	*itsm.Records[Recurrence]
	config Config

	mu       sync.Mutex
	compiled map[Spec]*Schedule

	plan       itsm.Creation[Recurrence, Plan]
	suspend    itsm.Command[Recurrence, Because]
	resume     itsm.Command[Recurrence, Nothing]
	reschedule itsm.Command[Recurrence, Timing]
	revise     itsm.Command[Recurrence, Revision]
	run        itsm.Command[Recurrence, Nothing]
	end        itsm.Command[Recurrence, Because]
}

// New registers the practice with a kernel that is not open yet. Its work may be of any kind, also of one that is
// registered later.
func New(k *itsm.Kernel, c Config) (*Recurrences, error) {
	s := &Recurrences{config: c, compiled: map[Spec]*Schedule{}}
	s.config.Calendars = slices.Clone(c.Calendars)
	if c.CatchUp == 0 {
		s.config.CatchUp = catchUp
	}
	if err := s.config.check(); err != nil {
		return nil, err
	}
	p, err := itsm.NewPractice[Recurrence](k, itsm.Spec{
		Kind: Kind, Series: Series, Lifecycle: Lifecycle(), Overlays: c.Overlays, Custom: c.Custom,
		Editable: []string{
			"title", "description", "caller", "group", "assignee", "category", "service", "missed", "grace", "one_at_a_time",
		},
	})
	if err != nil {
		return nil, err
	}
	s.Records = p.Records
	s.handlers(p)
	p.Keep(kept)
	if c.Extend != nil {
		if err := c.Extend(p); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (c *Config) check() error {
	var faults []error
	names := map[string]bool{}
	for _, hours := range c.Calendars {
		switch {
		case hours == nil || hours.Name() == "":
			faults = append(faults, itsm.Invalid("Calendars", "give calendars with names"))
		case names[hours.Name()]:
			faults = append(faults, itsm.Invalid("Calendars", fmt.Sprintf("%q is there twice", hours.Name())))
		default:
			names[hours.Name()] = true
		}
	}
	if c.CatchUp < 1 || c.CatchUp > maxCatch {
		faults = append(faults, itsm.Invalid("CatchUp", fmt.Sprintf("give 1 to %d occurrences", maxCatch)))
	}
	return errors.Join(faults...)
}

// Plan makes a recurrence, which waits for its first occurrence from now on. An interval without a beginning counts from
// now. The actor needs the right to what it does, and makes it no more than once: from then on it is the system that does
// the work. A record that could not be made now is refused at once.
func (s *Recurrences) Plan(ctx context.Context, p Plan, with ...itsm.Option) (Recurrence, error) {
	trial := Recurrence{Ticket: itsm.Ticket{Caller: p.Caller, Group: p.Group, Assignee: p.Assignee}, Does: p.Work}
	if err := s.tryOut(ctx, &trial); err != nil {
		return Recurrence{}, err
	}
	return s.plan.Do(ctx, p, with...)
}

// Suspend lets no occurrence come until [Recurrences.Resume].
func (s *Recurrences) Suspend(ctx context.Context, id, reason string, with ...itsm.Option) (Recurrence, error) {
	return s.suspend.Do(ctx, id, Because{reason}, with...)
}

// Resume goes on with the first occurrence from now on. Those in between are over.
func (s *Recurrences) Resume(ctx context.Context, id string, with ...itsm.Option) (Recurrence, error) {
	return s.resume.Do(ctx, id, Nothing{}, with...)
}

// Reschedule gives it another schedule, from now on.
func (s *Recurrences) Reschedule(ctx context.Context, id string, to Spec, with ...itsm.Option) (Recurrence, error) {
	return s.reschedule.Do(ctx, id, Timing{to}, with...)
}

// Revise gives it other work, by the rules of Plan.
func (s *Recurrences) Revise(ctx context.Context, id string, work Work, with ...itsm.Option) (Recurrence, error) {
	return s.revise.Do(ctx, id, Revision{work}, with...)
}

// RunNow does the work now, beside the schedule. What refuses it refuses the command.
func (s *Recurrences) RunNow(ctx context.Context, id string, with ...itsm.Option) (Recurrence, error) {
	return s.run.Do(ctx, id, Nothing{}, with...)
}

// End ends it for good.
func (s *Recurrences) End(ctx context.Context, id, reason string, with ...itsm.Option) (Recurrence, error) {
	return s.end.Do(ctx, id, Because{reason}, with...)
}

// Explain answers the error that a trigger would meet now, with the input of its command, or nil. It writes nothing.
func (s *Recurrences) Explain(ctx context.Context, id string, t lifecycle.Trigger, in any, with ...itsm.Option) error {
	return s.Kernel().Explain(ctx, s.Ref(id), t, in, with...)
}

// Permitted lists the triggers that the actor may pull now.
func (s *Recurrences) Permitted(ctx context.Context, id string) ([]lifecycle.Trigger, error) {
	return s.Kernel().Permitted(ctx, s.Ref(id))
}

// Schedule makes a schedule as a recurrence of this desk would: with its calendars.
func (s *Recurrences) Schedule(spec Spec) (*Schedule, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.compiled[spec]; known != nil {
		return known, nil
	}
	made, err := NewSchedule(spec, s.config.Calendars...)
	if err == nil {
		if len(s.compiled) >= maxCompiled {
			clear(s.compiled)
		}
		s.compiled[spec] = made
	}
	return made, err
}

// maxCompiled bounds the schedules that are kept ready.
const maxCompiled = 1000

// Coming is an occurrence that is planned.
type Coming struct {
	Of    itsm.Ref  `json:"of"`
	Title string    `json:"title"`
	At    time.Time `json:"at"`
}

// maxComing bounds what Upcoming answers.
const maxComing = 10_000

// Upcoming answers what is planned from one instant to before another, by time: of active recurrences that the actor may
// see, the first limit occurrences (0 and more than ten thousand mean ten thousand). It costs what it answers and the
// recurrences that it looks at.
func (s *Recurrences) Upcoming(ctx context.Context, from, to time.Time, limit int) ([]Coming, error) {
	if limit <= 0 || limit > maxComing {
		limit = maxComing
	}
	coming := []Coming{}
	waiting := itsm.All(itsm.Where("state").Is(string(StateActive)), itsm.Where("next").Before(field.Instant(to)))
	for r, err := range s.All(ctx, itsm.Query{Filter: &waiting, Sort: []itsm.Sort{{Column: "next"}}}) {
		if err != nil {
			return nil, err
		}
		if len(coming) == limit && !r.Next.Before(coming[limit-1].At) {
			break
		}
		schedule, err := s.Schedule(r.Schedule)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		start, own := from, 0
		if start.Before(r.Next) {
			start = r.Next
		}
		for at := range schedule.Between(start, to) {
			coming = append(coming, Coming{Of: r.Ref(), Title: r.Title, At: at})
			if own++; own == limit {
				break
			}
		}
		slices.SortStableFunc(coming, func(a, b Coming) int { return a.At.Compare(b.At) })
		coming = coming[:min(limit, len(coming))]
	}
	return coming, nil
}

// Runs answers what came of occurrences, oldest first, from up to limit events with a version above after; limit 0 means
// all. The version of the last event looked at begins the next page.
func (s *Recurrences) Runs(ctx context.Context, id string, after int64, limit int) (runs []Run, last int64, err error) {
	events, err := s.History(ctx, id, after, limit)
	if err != nil {
		return nil, after, err
	}
	for i := range events {
		runs, after = append(runs, RunsOf(&events[i])...), events[i].Version
	}
	return runs, after, nil
}

// RunsOf answers what an event says of occurrences: of the recurrence itself, or of what it made or gave a command to.
func RunsOf(e *itsm.Entry) []Run {
	var runs []Run
	if raw, ok := e.Facts[factOccurrence]; ok && json.Unmarshal(raw, &runs) != nil {
		return nil
	}
	return runs
}

// kept holds what every command must leave right.
func kept(_ *itsm.Unit, _, r *Recurrence) error {
	switch r.Missed {
	case "", RunLast, RunAll, Drop:
	default:
		return itsm.Invalid("missed", fmt.Sprintf("%q is none of last, all and drop", r.Missed))
	}
	if r.Grace < 0 {
		return itsm.Invalid("grace", "an occurrence is not late before its time")
	}
	return nil
}
