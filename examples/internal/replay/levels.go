package replay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/sla"
)

// ServiceLevels are how a log kept to agreements, as of its last event.
type ServiceLevels struct {
	Attainment []Attainment `json:"attainment"`
	// Worst are the clocks that were over by the most working time.
	Worst []Worst `json:"worst"`
	// Explained says where the time of the worst went; empty where none was late.
	Explained string `json:"explained,omitempty"`
	// Seconds is how long it took to ask, by the machine's clock.
	Seconds float64 `json:"seconds"`
}

// Attainment counts the clocks of a target and a priority. Cancelled ones promise nothing and are left out.
type Attainment struct {
	Agreement string        `json:"agreement"`
	Target    string        `json:"target"`
	Priority  itsm.Priority `json:"priority"`
	Met       int64         `json:"met"`
	Late      int64         `json:"late"`
	// OpenInTime still run or stand, and OpenLate have missed the target already.
	OpenInTime int64 `json:"open_in_time"`
	OpenLate   int64 `json:"open_late"`
}

// Tickets is how many there are.
func (a *Attainment) Tickets() int64 { return a.Met + a.Late + a.OpenInTime + a.OpenLate }

// Percent is how many were met of those that are decided. What is open and late is decided: to leave it out would count
// only what survived.
func (a *Attainment) Percent() float64 {
	decided := a.Met + a.Late + a.OpenLate
	if decided == 0 {
		return 100
	}
	return 100 * float64(a.Met) / float64(decided)
}

// Worst is a clock that was late.
type Worst struct {
	Case      string        `json:"case"`
	Number    string        `json:"number"`
	Agreement string        `json:"agreement"`
	Target    string        `json:"target"`
	Priority  itsm.Priority `json:"priority"`
	State     sla.Stage     `json:"state"`
	Elapsed   time.Duration `json:"elapsed"`
	Within    time.Duration `json:"within"`
	Percent   int           `json:"percent"`

	ref itsm.Ref
}

// Over is the working time behind the end.
func (w *Worst) Over() time.Duration { return w.Elapsed - w.Within }

// worstOf is how many are listed.
const worstOf = 10

// Clocks is the keeper of the clocks; nil where the replay has no agreements.
func (r *Replay) Clocks() *sla.Keeper { return r.clocks }

// ServiceLevels asks the clocks, once the replay has come to its end. Counts and pages are queries on their rows; no
// ticket is read but the worst.
func (r *Replay) ServiceLevels(ctx context.Context) (levels ServiceLevels, err error) {
	if r.clocks == nil || !r.tally.complete {
		return levels, errors.New("there are service levels when a replay with agreements has come to its end")
	}
	ctx = agent(ctx)
	now := r.clock.Now()
	for _, a := range r.agreements {
		for i := range a.Targets {
			rows, err := r.attainment(ctx, a.Name, a.Targets[i].Name, now)
			if err != nil {
				return levels, err
			}
			levels.Attainment = append(levels.Attainment, rows...)
		}
	}
	if levels.Worst, err = r.worst(ctx, now); err != nil || len(levels.Worst) == 0 {
		return levels, err
	}
	w := &levels.Worst[0]
	explained, err := r.clocks.Explain(ctx, w.ref, w.Agreement, w.Target)
	if err != nil {
		return levels, err
	}
	for _, e := range explained {
		levels.Explained += e.String()
	}
	return levels, nil
}

func (r *Replay) attainment(ctx context.Context, agreement, target string, now time.Time) ([]Attainment, error) {
	of := itsm.All(itsm.Where("agreement").Is(agreement), itsm.Where("target").Is(target))
	priorities, err := r.Kernel().CountBy(ctx, sla.ClockKind, "priority", itsm.Query{Filter: &of})
	if err != nil {
		return nil, err
	}
	missed := sla.MissedBy(now)
	open := itsm.Where("state").In(string(sla.Running), string(sla.Paused))
	completed := itsm.Where("state").Is(string(sla.Completed))
	var rows []Attainment
	for _, bucket := range priorities {
		row := Attainment{Agreement: agreement, Target: target, Priority: itsm.Priority(bucket.Value.Int())}
		for _, count := range []struct {
			into  *int64
			parts [2]itsm.Filter
		}{
			{&row.Met, [2]itsm.Filter{completed, itsm.Not(missed)}},
			{&row.Late, [2]itsm.Filter{completed, missed}},
			{&row.OpenInTime, [2]itsm.Filter{open, itsm.Not(missed)}},
			{&row.OpenLate, [2]itsm.Filter{open, missed}},
		} {
			f := itsm.All(of, itsm.Where("priority").Equals(field.Int(bucket.Value.Int())), count.parts[0], count.parts[1])
			if *count.into, err = r.clocks.Count(ctx, itsm.Query{Filter: &f}); err != nil {
				return nil, err
			}
		}
		if row.Tickets() > 0 {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b Attainment) int { return cmp.Compare(a.Priority, b.Priority) })
	return rows, nil
}

// worst goes through the clocks that are late.
func (r *Replay) worst(ctx context.Context, now time.Time) ([]Worst, error) {
	late := itsm.All(sla.MissedBy(now), itsm.Where("state").IsNot(string(sla.Cancelled)))
	q := itsm.Query{Filter: &late, Limit: 1000}
	var list []Worst
	for {
		page, err := r.clocks.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Records {
			s := r.clocks.Status(&page.Records[i], now)
			list = append(list, Worst{
				Number: s.Ticket.ID, Agreement: s.Agreement, Target: s.Target, Priority: s.Priority,
				State: s.State, Elapsed: s.Elapsed, Within: s.Within, Percent: s.Percent, ref: s.Ticket,
			})
		}
		slices.SortFunc(list, func(a, b Worst) int {
			return cmp.Or(cmp.Compare(b.Over(), a.Over()), strings.Compare(a.Number, b.Number), strings.Compare(a.Target, b.Target))
		})
		list = list[:min(len(list), worstOf)]
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	for i := range list {
		inc, err := r.practice.get(ctx, list[i].Number)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", list[i].Number, err)
		}
		list[i].Case = inc.Custom.Get(caseName).Text()
	}
	return list, nil
}
