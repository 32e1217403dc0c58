package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/desk"
	"github.com/itsmkit/itsmkit/incident"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/itsmtest"
	"github.com/itsmkit/itsmkit/sla"
)

// verdict is what the process that checks answers to its parent.
type verdict struct {
	Counts counts
	// Half are the lines that a kill cut.
	Half       int
	Violations []string
}

// check opens a fresh desk on what is left, does all that is due, and judges. It writes the verdict as JSON.
func check(c child) error {
	ctx := context.Background()
	j, err := openJournal(c.Journal)
	if err != nil {
		return err
	}
	d, release, err := c.open(ctx, j, 0)
	if err != nil {
		return err
	}
	e, err := settle(ctx, d)
	if err != nil {
		return err
	}
	if err := j.Close(); err != nil {
		return err
	}
	var v verdict
	if e.Lines, v.Half, err = readJournal(c.Journal); err != nil {
		return err
	}
	if err := gather(ctx, d, e); err != nil {
		return err
	}
	v.Counts, v.Violations = judge(e)
	if err := release(); err != nil {
		v.Violations = append(v.Violations, fmt.Sprintf("the store does not close: %v", err))
	}
	o, err := openerOf(c.Store, c.At)
	if err != nil {
		return err
	}
	if err := o.Sound(ctx); err != nil {
		v.Violations = append(v.Violations, fmt.Sprintf("the database is damaged: %v", err))
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// settle works until nothing is due, and shows that the desk still takes commands.
func settle(ctx context.Context, d *desk.Desk) (*evidence, error) {
	e := &evidence{}
	for range 100_000 {
		n, _, err := d.Work(ctx)
		if err != nil {
			return nil, fmt.Errorf("working off what is due: %w", err)
		}
		if n > 0 {
			continue
		}
		if due, ok, err := d.Store().NextDue(ctx); err != nil || ok && !due.After(d.Clock().Now()) {
			e.Faults = append(e.Faults, fmt.Sprintf("timers are due at %s, and do not fire (%v)", due, err))
		}
		return e, nil
	}
	e.Faults = append(e.Faults, "what is due comes to no end")
	return e, nil
}

// gather finds what is in the store, by reading as anybody may, and by what the library says of itself.
func gather(ctx context.Context, d *desk.Desk, e *evidence) error {
	ctx = itsmtest.As(ctx, itsmtest.Administrator("judge"))
	snap, err := d.Store().Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snap.Close()
	if err := e.feedOf(ctx, d.Store()); err != nil {
		return err
	}
	e.Receipts = map[string]*itsm.Receipt{}
	for _, l := range e.Lines {
		if l.What != given {
			continue
		}
		r, err := snap.Receipt(ctx, itsm.ReceiptKey{Tenant: itsmtest.Tenant, Actor: l.Actor, Command: l.Command, Key: l.Key})
		if err != nil {
			return err
		}
		if r != nil {
			e.Receipts[l.Key] = r
		}
	}
	for _, name := range subscribers {
		row, err := snap.Subscription(ctx, name)
		if err != nil {
			return err
		}
		if len(row.Parked) > 0 {
			e.Faults = append(e.Faults, fmt.Sprintf("%s gave up %d events", name, len(row.Parked)))
		}
	}
	promised, err := agreements()
	if err != nil {
		return err
	}
	states := map[string]int64{}
	for inc, err := range d.Incidents.All(ctx, itsm.Query{Limit: 500}) {
		if err != nil {
			return err
		}
		states[string(inc.State)]++
		f, err := e.find(ctx, d, snap, inc, promised)
		if err != nil {
			return fmt.Errorf("%s: %w", inc.ID, err)
		}
		e.Records = append(e.Records, f)
	}
	for state, n := range states { // by the index, where there is one
		is := itsm.Where("state").Is(state)
		if counted, err := d.Incidents.Count(ctx, itsm.Query{Filter: &is}); err != nil || counted != n {
			e.Faults = append(e.Faults, fmt.Sprintf("%d records are %s, and a count says %d (%v)", n, state, counted, err))
		}
	}
	return nil
}

func (e *evidence) feedOf(ctx context.Context, store itsm.Store) error {
	var after itsm.Position
	for {
		part, err := store.Feed(ctx, nil, after, 1000)
		if err != nil || len(part) == 0 {
			return err
		}
		for _, d := range part {
			if d.Position <= after {
				e.Faults = append(e.Faults, fmt.Sprintf("the feed goes back from %d to %d", after, d.Position))
			}
			after = d.Position
			e.Feed = append(e.Feed, told{d.Event.ID, d.Event.Version})
		}
	}
}

// find gathers one record.
func (e *evidence) find(ctx context.Context, d *desk.Desk, snap itsm.Snapshot, inc incident.Incident, promised []sla.Agreement) (f finding, err error) {
	ref := inc.Ref()
	f.ID, f.Version = inc.ID, inc.Version
	fault := func(what string, err error) {
		if err != nil {
			e.Faults = append(e.Faults, fmt.Sprintf("%s: %s: %v", inc.ID, what, err))
		}
	}
	fault("its history does not verify", d.Verify(ctx, ref))
	differences, err := d.Clocks.Check(ctx, ref)
	fault("its clocks cannot be checked", err)
	for _, one := range differences {
		fault("its clocks are not what its events say", fmt.Errorf("%s", one))
	}
	if f.Entries, err = d.Incidents.History(ctx, inc.ID, 0, 0); err != nil {
		return f, err
	}
	if isKey(inc.Title) {
		f.Marks = append(f.Marks, mark{inc.Title, 1})
	}
	for _, kind := range []itsm.RowKind{itsm.Comments, itsm.WorkNotes} {
		rows, err := snap.Rows(ctx, nil, inc.Key(), kind, 0, 0)
		if err != nil {
			return f, err
		}
		for i := range rows {
			if text, _ := rows[i].Text(); isKey(text) {
				f.Marks = append(f.Marks, mark{text, rows[i].Version})
			}
		}
	}
	links, err := d.Incidents.Links(ctx, inc.ID)
	if err != nil {
		return f, err
	}
	for _, l := range links {
		f.Links = append(f.Links, link{l.Name, l.Inverse, l.To.ID})
	}
	if f.Timers, err = snap.Timers(ctx, nil, inc.Key()); err != nil {
		return f, err
	}
	cycles, err := d.Clocks.Cycles(ctx, ref)
	if err != nil {
		return f, err
	}
	for i, c := range cycles {
		one := cycle{Status: c}
		// What nobody noticed before the ticket ended, or before the next cycle began, is told no more.
		over := i+1 < len(cycles) && cycles[i+1].Agreement == c.Agreement && cycles[i+1].Target == c.Target
		if !over && !inc.Phase.Terminal() {
			one.Due = due(&c, promised)
		}
		f.Clocks = append(f.Clocks, one)
	}
	return f, nil
}

func isKey(text string) bool { return strings.HasPrefix(text, "key-") }

// due are the levels that a clock has come to, reckoned from the time that it used. One that was cancelled owes none.
func due(c *sla.Status, promised []sla.Agreement) (levels []string) {
	if c.State == sla.Cancelled || c.Within <= 0 {
		return nil
	}
	for i := range promised {
		for _, t := range promised[i].Targets {
			if promised[i].Name != c.Agreement || t.Name != c.Target {
				continue
			}
			for _, l := range t.Levels {
				at := c.Within + l.Offset
				if l.Percent > 0 {
					at = c.Within * time.Duration(l.Percent) / 100
				}
				if c.Elapsed > at {
					levels = append(levels, l.Name)
				}
			}
		}
	}
	return levels
}
