package change

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/itsmkit/itsmkit/change/schedule"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// CalendarKind is the kind of the one record that a tenant's calendar of changes is, by the number [CalendarID]. Whatever
// takes, moves or gives back a place in the calendar writes it, and whatever looks for what stands in the way depends on its
// version: so of two changes that take the same place at once one sees the other. Its history says what moved when.
const (
	CalendarKind = "change_calendar"
	CalendarID   = "calendar"
)

// Calendar is the record of a tenant's calendar.
type Calendar struct {
	itsm.Head
	// Moved names the changes and windows that moved with the last version, which came after version Base.
	Moved []string `json:"moved,omitempty"`
	Base  int64    `json:"base"`
}

const (
	triggerOpenCalendar lifecycle.Trigger = "open_calendar"
	triggerMove         lifecycle.Trigger = "move"
)

// Moving names what moves in the calendar.
type Moving struct {
	What itsm.Ref `json:"what"`
}

var calendarRef = itsm.Ref{Kind: CalendarKind, ID: CalendarID}

func calendarLifecycle() lifecycle.Definition {
	return lifecycle.Definition{
		Name: CalendarKind, Version: 1, Initial: "kept",
		States: []lifecycle.StateRow{
			{Name: "kept", Title: "Kept", Phase: lifecycle.Active}, {Name: "closed", Title: "Closed", Phase: lifecycle.Closed},
		},
		Triggers: []lifecycle.TriggerRow{
			{Name: triggerMove, Title: "Move", Past: "moved"}, {Name: "close_calendar", Title: "Close", Past: "closed"},
		},
		Rows: []lifecycle.Transition{
			{From: []lifecycle.State{"kept"}, Trigger: triggerMove, Brings: []lifecycle.Need{{"what"}}, Roles: []itsm.Role{itsm.Machinery}},
			{From: []lifecycle.State{"kept"}, Trigger: "close_calendar", To: "closed", Roles: []itsm.Role{itsm.Machinery}},
		},
	}
}

func (s *Changes) registerCalendar(k *itsm.Kernel) error {
	p, err := itsm.NewPractice[Calendar](k, itsm.Spec{Kind: CalendarKind, Series: "CAL", Lifecycle: calendarLifecycle()})
	if err != nil {
		return err
	}
	itsm.Create(p, triggerOpenCalendar, "opened", func(*itsm.Unit, *Calendar, Nothing) error { return nil })
	itsm.Handle(p, triggerMove, func(_ *itsm.Unit, c *Calendar, in Moving) error {
		if c.Base != c.Version { // the first of this transaction
			c.Base, c.Moved = c.Version, nil
		}
		if name := in.What.String(); !slices.Contains(c.Moved, name) {
			c.Moved = append(slices.Clone(c.Moved), name)
		}
		return nil
	})
	itsm.Handle(p, "close_calendar", func(*itsm.Unit, *Calendar, Nothing) error { return nil })
	s.calendar = &calendars{changes: s, of: map[string]*tenantCalendar{}}
	return nil
}

// move writes that something moved in the calendar.
func (s *Changes) move(u *itsm.Unit, what itsm.Ref) error {
	if err := u.Ensure(calendarRef, triggerOpenCalendar, Nothing{}); err != nil {
		return err
	}
	return u.Do(calendarRef, triggerMove, Moving{what})
}

// calendars are the calendars of tenants in memory, each read when it is first asked for.
type calendars struct {
	changes *Changes
	mu      sync.Mutex
	of      map[string]*tenantCalendar
}

// tenantCalendar is a copy of what the store says, as of a version of the calendar's record. The digest tells whether it was
// of the same history: a host's transaction that was rolled back leaves a version that came to nothing.
type tenantCalendar struct {
	mu      sync.Mutex
	loaded  bool
	version int64
	digest  itsm.Digest
	moved   []string // with that version
	plan    *schedule.Plan
	windows map[string]schedule.Window // declared ones, by number
}

// current answers a tenant's calendar as the store has it.
func (c *calendars) current(ctx context.Context, tenant string) (*tenantCalendar, error) {
	c.mu.Lock()
	t := c.of[tenant]
	if t == nil {
		t = &tenantCalendar{}
		c.of[tenant] = t
	}
	c.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	k := c.changes.Kernel()
	ctx = itsm.WithActor(ctx, itsm.Actor{ID: itsm.SystemID, Tenant: tenant, Kind: itsm.System})
	var now Calendar
	rec, err := k.Get(ctx, calendarRef)
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		now = *rec.(*Calendar)
	}
	if t.loaded && t.version == now.Version && t.digest == now.Digest {
		return t, nil
	}
	moved, follows, err := t.since(ctx, k)
	if err != nil {
		return nil, err
	}
	if follows {
		err = t.take(ctx, c.changes, moved)
	} else {
		err = t.load(ctx, c.changes)
	}
	t.loaded = err == nil
	t.version, t.digest, t.moved = now.Version, now.Digest, now.Moved
	return t, err
}

// maxMoves is from how many moves on everything is read anew.
const maxMoves = 2000

// since answers what moved after the version that is here, and whether what is here is of the calendar's history.
func (t *tenantCalendar) since(ctx context.Context, k *itsm.Kernel) (moved []string, follows bool, err error) {
	if !t.loaded || t.version == 0 {
		return nil, false, nil
	}
	history, err := k.History(ctx, calendarRef, t.version-1, maxMoves)
	if err != nil || len(history) == 0 || len(history) == maxMoves || history[0].Version != t.version || history[0].Digest != t.digest {
		if errors.Is(err, itsm.ErrNotFound) {
			err = nil
		}
		return nil, false, err
	}
	last := t.moved
	for _, e := range history[1:] {
		for _, ch := range e.Changes {
			if ch.Field == "moved" { // else the same moved again
				last = ch.To.List()
			}
		}
		moved = append(moved, last...)
	}
	return moved, true, nil
}

// load reads everything: the changes that have a place, and the windows.
func (t *tenantCalendar) load(ctx context.Context, s *Changes) error {
	plan, err := schedule.New(nil)
	if err != nil {
		return err
	}
	t.plan, t.windows = plan, map[string]schedule.Window{}
	reserved := itsm.Where("reserved").Equals(field.Bool(true))
	for c, err := range s.All(ctx, itsm.Query{Filter: &reserved, Limit: 1000}) {
		if err != nil {
			return err
		}
		if err := t.put(ctx, s, &c); err != nil {
			return err
		}
	}
	declared := itsm.Where("state").Is(string(WindowDeclared))
	for w, err := range s.windows.All(ctx, itsm.Query{Filter: &declared, Limit: 1000}) {
		if err != nil {
			return err
		}
		if t.windows[w.ID], err = w.window(); err != nil {
			return err
		}
	}
	return t.setWindows(s)
}

// take reads what moved.
func (t *tenantCalendar) take(ctx context.Context, s *Changes, moved []string) error {
	windows := false
	for _, name := range moved {
		var ref itsm.Ref
		if err := ref.UnmarshalText([]byte(name)); err != nil {
			return err
		}
		rec, err := s.Kernel().Get(ctx, ref)
		if err != nil && !errors.Is(err, itsm.ErrNotFound) {
			return err
		}
		switch r := rec.(type) {
		case *Change:
			if err := t.put(ctx, s, r); err != nil {
				return err
			}
		case *WindowRecord:
			windows = true
			delete(t.windows, r.ID)
			if r.State == WindowDeclared {
				if t.windows[r.ID], err = r.window(); err != nil {
					return err
				}
			}
		default: // it was purged
			t.plan.Remove(ref.ID)
			delete(t.windows, ref.ID)
		}
	}
	if windows {
		return t.setWindows(s)
	}
	return nil
}

func (t *tenantCalendar) setWindows(s *Changes) error {
	all := slices.Clone(s.config.Windows)
	for _, id := range sortedKeys(t.windows) {
		all = append(all, t.windows[id])
	}
	return t.plan.SetWindows(all)
}

func (t *tenantCalendar) put(ctx context.Context, s *Changes, c *Change) error {
	if !c.Reserved {
		t.plan.Remove(c.ID)
		return nil
	}
	e, err := s.entry(ctx, c, c.slot(time.Time{}))
	if err != nil {
		return err
	}
	return t.plan.Put(e)
}

// slot is the place of a change in the calendar: its window, and from when on it is really worked on.
func (c *Change) slot(now time.Time) schedule.Slot {
	s := schedule.Slot{Start: c.Start, End: c.End}
	if began := c.StartedAt; !began.IsZero() && began.Before(s.Start) {
		s.Start = began
	}
	if !now.IsZero() && now.Before(s.Start) {
		s.Start = now
	}
	return s
}

// entry is a change as the calendar sees it.
func (s *Changes) entry(ctx context.Context, c *Change, slot schedule.Slot) (schedule.Entry, error) {
	e := schedule.Entry{ID: c.ID, Slot: slot, Type: string(c.Type), Items: c.Items, Services: c.touched()}
	if c.Assignee != "" {
		e.People = []string{c.Assignee}
	}
	if s.config.Topology == nil || len(c.Items) == 0 {
		return e, nil
	}
	var err error
	e.Affected, err = s.config.Topology.Dependents(ctx, c.Tenant, c.Items, slot.Start, slot.End)
	return e, err
}

// touched are the services that the change names, each once.
func (c *Change) touched() []string {
	if c.Service == "" || slices.Contains(c.Services, c.Service) {
		return c.Services
	}
	return append([]string{c.Service}, c.Services...)
}

// findings answers what stands in the way of a change in a slot, as the calendar stands in the transaction, which then
// depends on it.
func (s *Changes) findings(u *itsm.Unit, c *Change, slot schedule.Slot) (schedule.Entry, *schedule.Plan, []schedule.Finding, error) {
	var moved []string
	err := u.LookAt(calendarRef, func(r itsm.Record) {
		if cal := r.(*Calendar); cal.Base == cal.Version {
			moved = slices.Clone(cal.Moved) // in this transaction, so that the store does not know
		}
	})
	if err != nil && !errors.Is(err, itsm.ErrNotFound) {
		return schedule.Entry{}, nil, nil, err
	}
	if err != nil { // from now on somebody else who makes it is in the way of this transaction
		if err := u.Ensure(calendarRef, triggerOpenCalendar, Nothing{}); err != nil {
			return schedule.Entry{}, nil, nil, err
		}
	}
	tenant := c.Tenant
	t, err := s.calendar.current(u.Context(), tenant)
	if err != nil {
		return schedule.Entry{}, nil, nil, err
	}
	e, err := s.entry(u.Context(), c, slot)
	if err != nil {
		return e, nil, nil, err
	}
	var others []schedule.Entry
	var ids []string
	for _, name := range moved {
		var ref itsm.Ref
		if err := ref.UnmarshalText([]byte(name)); err != nil {
			return e, nil, nil, err
		}
		if ref.Kind != Kind || ref.ID == c.ID {
			continue
		}
		ids = append(ids, ref.ID)
		rec, err := u.Get(ref)
		if err != nil {
			return e, nil, nil, err
		}
		if other := rec.(*Change); other.Reserved {
			o, err := s.entry(u.Context(), other, other.slot(time.Time{}))
			if err != nil {
				return e, nil, nil, err
			}
			others = append(others, o)
		}
	}
	found := t.plan.Check(e, ids...)
	for _, o := range others {
		found = append(found, schedule.Meet(e, o)...)
	}
	return e, t.plan, found, nil
}
