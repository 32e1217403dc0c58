package sla

import (
	"context"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
)

// The orders of reviews.
const (
	orderApply  = "apply"
	orderRepair = "repair"
)

// Difference is where a kept clock is not what the ticket's events say.
type Difference struct {
	Agreement, Target string
	Cycle             int
	// Kept is the row, nil where there is none, and Computed what it should be, nil where no event accounts for it.
	Kept, Computed *Clock
}

// String says it in a line.
func (d Difference) String() string {
	say := func(c *Clock) string {
		if c == nil {
			return "nothing"
		}
		due := "due at no instant"
		if !c.Due.IsZero() {
			due = "due " + c.Due.Format("2006-01-02 15:04:05.999999999")
		}
		return fmt.Sprintf("%s, %v of %v used, %s", c.State, c.Used, c.Within, due)
	}
	return fmt.Sprintf("%s/%s, cycle %d: kept is %s; the events say %s", d.Agreement, d.Target, d.Cycle, say(d.Kept), say(d.Computed))
}

// Check computes the clocks of a ticket anew from its events, by the agreements as the desk has them, and answers where
// the rows differ. It writes nothing. Clocks of agreements and versions that the desk does not know are not judged. It
// needs the verb [itsm.Audit], and costs the whole history.
func (s *Keeper) Check(ctx context.Context, ref itsm.Ref) ([]Difference, error) {
	if err := s.kernel.May(ctx, ref, itsm.Audit); err != nil {
		return nil, err
	}
	moments, kept, err := s.both(ctx, ref)
	if err != nil {
		return nil, err
	}
	var computed []Clock
	x := s.terms.retrace(ref, moments, nil, nil)
	for i := range x.lines {
		computed = append(computed, x.lines[i].clock)
	}
	return s.differences(ref.Kind, kept, computed), nil
}

func (s *Keeper) differences(kind string, kept, computed []Clock) []Difference {
	var found []Difference
	same := func(a *Clock) func(b Clock) bool {
		return func(b Clock) bool { return a.Agreement == b.Agreement && a.Target == b.Target }
	}
	for i := range computed {
		c := &computed[i]
		d := Difference{Agreement: c.Agreement, Target: c.Target, Cycle: c.Cycle, Computed: c}
		if at := slices.IndexFunc(kept, same(c)); at >= 0 {
			d.Kept = &kept[at]
		}
		if d.Kept == nil || !d.Kept.equal(c) {
			found = append(found, d)
		}
	}
	for i := range kept {
		c := &kept[i]
		if c.EndedBy == NoEvent || slices.ContainsFunc(computed, same(c)) ||
			s.terms.promise(kind, c.Agreement, c.AgreementVersion, c.Target) == nil {
			continue
		}
		found = append(found, Difference{Agreement: c.Agreement, Target: c.Target, Cycle: c.Cycle, Kept: c})
	}
	return found
}

// Repair is [Keeper.Check], and writes all of what the events say in place of what differs, in one transaction: rows,
// timers, and on the ticket that it was done. Where nothing differs it writes nothing. It is for what went wrong outside
// the library, and for tickets that were restored ([itsm.Kernel.Restore]).
func (s *Keeper) Repair(ctx context.Context, ref itsm.Ref) ([]Difference, error) {
	found, err := s.Check(ctx, ref)
	if err != nil || len(found) == 0 {
		return found, err
	}
	return found, s.review(ctx, ref, orderRepair)
}

// Apply brings a ticket under the agreements as the desk has them now: open clocks go over to the version that is valid
// now, with the time used by its terms; targets begin that are promised now and were not before; clocks of agreements
// that are gone end as cancelled. It is for an agreement that is to hold for tickets that were there before it. It needs
// the verb [itsm.Audit], and costs the whole history.
func (s *Keeper) Apply(ctx context.Context, ref itsm.Ref) error {
	if err := s.kernel.May(ctx, ref, itsm.Audit); err != nil {
		return err
	}
	return s.review(ctx, ref, orderApply)
}

func (s *Keeper) review(ctx context.Context, ref itsm.Ref, order string) error {
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return err
	}
	_, err = s.kernel.Do(system(ctx, actor.Tenant, actor.Person()), ref, itsm.TriggerClocks, itsm.ClockReview{Order: order})
	return err
}

// Reviewed tells of a walk over many tickets.
type Reviewed struct {
	// Tickets is how many were looked at, and Changed how many were not as they should be.
	Tickets, Changed int
}

// ApplyAll is [Keeper.Apply] for every open ticket of the actor's tenant, a transaction each. Where it is cut off it
// answers the error with what was done so far.
func (s *Keeper) ApplyAll(ctx context.Context) (done Reviewed, err error) {
	return s.walk(ctx, func(ref itsm.Ref) (bool, error) {
		before, err := s.clocks.Of(ctx, ref)
		if err != nil {
			return false, err
		}
		if err := s.Apply(ctx, ref); err != nil {
			return false, err
		}
		after, err := s.clocks.Of(ctx, ref)
		return !slices.EqualFunc(before, after, func(a, b Clock) bool { return a.equal(&b) }), err
	})
}

// RepairAll is [Keeper.Repair] for every open ticket of the actor's tenant, a transaction for each that needs it. After a
// calendar was edited, or a government moved its clocks, it brings every due instant and timer up to date at once; without
// it each is when its ticket next changes.
func (s *Keeper) RepairAll(ctx context.Context) (done Reviewed, err error) {
	return s.walk(ctx, func(ref itsm.Ref) (bool, error) {
		found, err := s.Repair(ctx, ref)
		return len(found) > 0, err
	})
}

// walk goes over the open tickets of all kinds with clocks.
func (s *Keeper) walk(ctx context.Context, do func(itsm.Ref) (changed bool, err error)) (done Reviewed, err error) {
	open := itsm.Where("phase").In("new", "active", "waiting", "resolved")
	for _, kind := range s.kinds {
		q := itsm.Query{Filter: &open, Limit: 500}
		for {
			page, err := s.kernel.List(ctx, kind, q)
			if err != nil {
				return done, err
			}
			for _, rec := range page.Records {
				changed, err := do(rec.Header().Ref())
				if err != nil {
					return done, err
				}
				done.Tickets++
				if changed {
					done.Changed++
				}
			}
			if page.Next == "" {
				break
			}
			q.Cursor = page.Next
		}
	}
	return done, nil
}

// Stale holds for open clocks that were computed with other terms than the desk has now.
func (s *Keeper) Stale() itsm.Filter {
	terms := make([]string, 0, len(s.terms.policies))
	for _, p := range s.terms.policies {
		terms = append(terms, p.fingerprint)
	}
	return itsm.All(itsm.Where("state").In(string(Running), string(Paused)), itsm.Where("terms").NotIn(terms...))
}
