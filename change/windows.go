package change

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/itsmkit/itsmkit/calendar"
	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// WindowKind is the kind of the records of windows, and WindowSeries begins their numbers.
const (
	WindowKind   = "change_window"
	WindowSeries = "CHW"
)

// WindowRecord is a freeze, or a window in which changes are allowed, that somebody declared.
type WindowRecord struct {
	itsm.Head
	Name   string                `json:"name"`
	Effect schedule.WindowKind   `json:"effect" itsm:"index"`
	Scope  WindowScope           `json:"scope,omitzero"`
	Hours  string                `json:"hours,omitempty"`
	Slots  field.Packed[[]Dates] `json:"slots,omitzero"`
	Reason string                `json:"reason,omitempty"`
}

// WindowScope says what a window concerns, as [schedule.Scope] does.
type WindowScope struct {
	Items    []string `json:"items,omitempty"`
	Services []string `json:"services,omitempty"`
	Types    []string `json:"types,omitempty"`
}

// Dates are an interval [Start, End).
type Dates = schedule.Slot

// DeclareWindow declares a freeze or an allowed window. Hours, where it comes again, is the JSON of a calendar.Spec; Slots
// are dated ones, such as those of an iCalendar feed.
type DeclareWindow struct {
	Name   string              `json:"name"`
	Effect schedule.WindowKind `json:"effect"`
	Scope  WindowScope         `json:"scope,omitzero"`
	Hours  *calendar.Calendar  `json:"hours,omitempty"`
	Slots  []Dates             `json:"slots,omitempty"`
	Reason string              `json:"reason,omitempty"`
}

// The states and triggers of a declared window.
const (
	WindowDeclared  lifecycle.State = "declared"
	WindowWithdrawn lifecycle.State = "withdrawn"

	TriggerDeclare  lifecycle.Trigger = "declare"
	TriggerWithdraw lifecycle.Trigger = "withdraw"
)

type windowCommands struct {
	declare  itsm.Creation[WindowRecord, DeclareWindow]
	withdraw itsm.Command[WindowRecord, Because]
}

// WindowLifecycle is the table of a window's state. A window is never edited, so that what was refused because of it stays
// true: withdraw it and declare another one.
func WindowLifecycle() lifecycle.Definition {
	return lifecycle.Definition{
		Name: WindowKind, Version: 1, Initial: WindowDeclared,
		States: []lifecycle.StateRow{
			{Name: WindowDeclared, Title: "Declared", Phase: lifecycle.Active}, {Name: WindowWithdrawn, Title: "Withdrawn", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{{Name: TriggerWithdraw, Title: "Withdraw", Past: "withdrawn"}},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{WindowDeclared}, Trigger: TriggerWithdraw, To: WindowWithdrawn, Brings: []lifecycle.Need{{"reason"}}},
		},
	}
}

func (s *Changes) registerWindows(k *itsm.Kernel) error {
	p, err := itsm.NewPractice[WindowRecord](k, itsm.Spec{Kind: WindowKind, Series: WindowSeries, Lifecycle: WindowLifecycle()})
	if err != nil {
		return err
	}
	s.windows = p
	s.standing.declare = itsm.Create(p, TriggerDeclare, "declared", func(u *itsm.Unit, w *WindowRecord, in DeclareWindow) error {
		w.Name, w.Effect, w.Scope, w.Reason = in.Name, in.Effect, in.Scope, in.Reason
		if in.Hours != nil {
			text, err := in.Hours.MarshalJSON()
			if err != nil {
				return err
			}
			w.Hours = string(text)
		}
		var err error
		if w.Slots, err = field.Pack(in.Slots); err != nil {
			return err
		}
		made, err := w.window()
		if err != nil {
			return err
		}
		if err := made.Check(); err != nil {
			return itsm.Invalid("window", err.Error())
		}
		return s.mayRule(u)
	})
	s.standing.withdraw = itsm.Handle(p, TriggerWithdraw, func(u *itsm.Unit, w *WindowRecord, b Because) error {
		w.Reason = b.Reason
		return s.mayRule(u)
	})
	p.Keep(func(u *itsm.Unit, was, is *WindowRecord) error {
		if was != nil && was.State == is.State {
			return nil
		}
		return s.move(u, is.Ref())
	})
	return nil
}

// mayRule lets those declare windows who may override them.
func (s *Changes) mayRule(u *itsm.Unit) error {
	if reason := s.overrider(u); reason != nil {
		return itsm.ErrDenied
	}
	return nil
}

// window is what the calendar needs of it.
func (w *WindowRecord) window() (schedule.Window, error) {
	out := schedule.Window{Name: w.Name, Kind: w.Effect, Slots: w.Slots.Get(), Scope: schedule.Scope(w.Scope)}
	if w.Hours == "" {
		return out, nil
	}
	c, err := calendar.Parse([]byte(w.Hours))
	if err != nil {
		return out, itsm.Invalid("hours", err.Error())
	}
	out.Calendar = c
	return out, nil
}

// DeclareWindow declares a freeze or an allowed window; who may override the calendar may.
func (s *Changes) DeclareWindow(ctx context.Context, w DeclareWindow, with ...itsm.Option) (WindowRecord, error) {
	return s.standing.declare.Do(ctx, w, with...)
}

// WithdrawWindow ends a declared window, with a reason.
func (s *Changes) WithdrawWindow(ctx context.Context, id, reason string, with ...itsm.Option) (WindowRecord, error) {
	return s.standing.withdraw.Do(ctx, id, Because{reason}, with...)
}

// Windows answers the records of declared windows.
func (s *Changes) Windows() *itsm.Records[WindowRecord] { return s.windows.Records }

// Free says what a free slot must be. From is now where it is zero, Until 90 days later; Duration is that of the change's
// window.
type Free struct {
	From, Until time.Time
	Duration    time.Duration
}

// NextSlot answers the earliest slot in which nothing stands in the way of a change that the actor may read. The error is a
// *schedule.NoSlotError where there is none.
func (s *Changes) NextSlot(ctx context.Context, id string, f Free) (schedule.Slot, error) {
	c, t, err := s.seen(ctx, id)
	if err != nil {
		return schedule.Slot{}, err
	}
	if f.Duration <= 0 {
		f.Duration = c.End.Sub(c.Start)
	}
	if f.Duration <= 0 {
		return schedule.Slot{}, itsm.Invalid("duration", "say how long it takes: the change has no window")
	}
	if f.From.IsZero() {
		f.From = s.Kernel().Clock().Now()
	}
	if f.Until.IsZero() {
		f.Until = f.From.Add(searchAhead)
	}
	e, err := s.entry(ctx, &c, schedule.Slot{Start: f.From, End: f.Until})
	if err != nil {
		return schedule.Slot{}, err
	}
	return t.plan.Next(e, schedule.Search{From: f.From, Until: f.Until, Duration: f.Duration})
}

// searchAhead is how far a search for a free slot looks where nobody says how far.
const searchAhead = 90 * 24 * time.Hour

// Conflicts answers what stands in the way of a change in its window, also what somebody acknowledged or overrode.
func (s *Changes) Conflicts(ctx context.Context, id string) ([]schedule.Finding, error) {
	c, t, err := s.seen(ctx, id)
	if err != nil {
		return nil, err
	}
	e, err := s.entry(ctx, &c, c.slot(time.Time{}))
	if err != nil {
		return nil, err
	}
	return t.plan.Check(e), nil
}

func (s *Changes) seen(ctx context.Context, id string) (Change, *tenantCalendar, error) {
	c, err := s.Get(ctx, id)
	if err != nil {
		return c, nil, err
	}
	t, err := s.calendar.current(ctx, c.Tenant)
	return c, t, err
}

// CalendarView is the change calendar of a span.
type CalendarView struct {
	Changes []Change
	Windows []schedule.Window
}

// maxView bounds the changes of a view.
const maxView = 5000

// CalendarOf answers the changes that have a place in [from, until), as the actor may see them, by start, and all windows.
// 5,000 changes at most.
func (s *Changes) CalendarOf(ctx context.Context, from, until time.Time) (view CalendarView, err error) {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return view, err
	}
	in := itsm.All(itsm.Where("reserved").Equals(field.Bool(true)), itsm.Where("start").Before(field.Instant(until)), itsm.Where("end").After(field.Instant(from)))
	for c, err := range s.All(ctx, itsm.Query{Filter: &in, Sort: []itsm.Sort{{Column: "start"}}, Limit: 500}) {
		if err != nil {
			return view, err
		}
		if view.Changes = append(view.Changes, c); len(view.Changes) == maxView {
			break
		}
	}
	t, err := s.calendar.current(ctx, actor.Tenant)
	if err != nil {
		return view, err
	}
	view.Windows = t.plan.Windows()
	return view, nil
}

// InProgress answers the numbers of the changes that are being implemented on one of the items at an instant, sorted: while
// one is, its items are in maintenance. It asks for no rights.
func (s *Changes) InProgress(ctx context.Context, tenant string, items []string, at time.Time) ([]string, error) {
	t, err := s.calendar.current(ctx, tenant)
	if err != nil {
		return nil, err
	}
	ctx = itsm.WithActor(ctx, itsm.Actor{ID: itsm.SystemID, Tenant: tenant, Kind: itsm.System})
	var under []string
	for _, id := range t.plan.Touching(items, at) {
		c, err := s.Get(ctx, id)
		if errors.Is(err, itsm.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if !s.preparing[c.State] {
			under = append(under, id)
		}
	}
	return under, nil
}

// Authorised answers the changes, as far as the actor may see them, that were being implemented on an item at an instant.
// What was altered there then, as a discovery or a monitor found it, without one of them nobody authorised.
func (s *Changes) Authorised(ctx context.Context, item string, at time.Time) (list []Change, err error) {
	instant := field.Instant(at)
	on := itsm.All(itsm.Where("items").Is(item), itsm.Where("started_at").AtMost(instant),
		itsm.Any(itsm.Where("ended_at").After(instant), itsm.Where("ended_at").Empty()))
	for c, err := range s.All(ctx, itsm.Query{Filter: &on}) {
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

// InMaintenance names the changes that are being implemented on the items of a ticket now, and when the last of their
// windows ends. It makes *Changes what escalation asks.
func (s *Changes) InMaintenance(u *itsm.Unit, t *itsm.Ticket) (changes []string, until time.Time, err error) {
	if len(t.Items) == 0 || t.Kind == Kind {
		return nil, until, nil
	}
	if changes, err = s.InProgress(u.Context(), t.Tenant, t.Items, u.Now()); err != nil {
		return nil, until, err
	}
	ctx := itsm.WithActor(u.Context(), itsm.Actor{ID: itsm.SystemID, Tenant: t.Tenant, Kind: itsm.System})
	for _, id := range changes {
		c, err := s.Get(ctx, id)
		if err != nil {
			return nil, until, err
		}
		if c.End.After(until) {
			until = c.End
		}
	}
	return changes, until, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
