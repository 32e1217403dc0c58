package view

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// MaxBulk is how many records one bulk run takes at most.
const MaxBulk = 10_000

// Bulk is what is to be done to everything that a view finds: a macro of the catalogue, or steps.
type Bulk struct {
	Macro string
	Steps []Step
	// Limit is how many records the view may find, MaxBulk where it is 0; one that finds more is refused, and nothing is
	// done.
	Limit int
	// Key makes the run resumable: given again with the same key, what was done is not done again. Steps with $now are
	// refused then, because they are others the next time.
	Key string
}

// Report says what became of each record that a bulk run took. Every one of them is counted once: Matched is the sum of
// Done, Unchanged, Conflicted, Left and those in Refused.
type Report struct {
	Matched int
	// Done were changed, and Unchanged were as the commands would have them already, or had been done under the same key.
	Done, Unchanged int
	// Conflicted were changed by somebody else after the view had found them: run again, if they still match.
	Conflicted int
	// Left were not reached before the context ended.
	Left int
	// Refused counts by the first reason of a refusal, or the code of another error.
	Refused map[string]int
	// Outcomes are the records in the order in which they were taken, by their ids.
	Outcomes []itsm.Outcome
}

// Bulk runs commands over what a view finds. It first takes the records, all that match at once, and then goes from one
// to the next, each in a transaction of its own at the version that was found: so a command that takes records out of
// the view leaves none behind. One that refuses does not stop the others. The error is of what comes before the first
// record; an ended context is told by Left.
func (s *Views) Bulk(ctx context.Context, view string, b Bulk) (Report, error) {
	v, err := s.Find(ctx, view)
	if err != nil {
		return Report{}, err
	}
	steps, err := s.bulkSteps(ctx, &b, v.Kind)
	if err != nil {
		return Report{}, err
	}
	found, err := s.take(ctx, &v, b.Limit)
	if err != nil {
		return Report{}, err
	}
	report := Report{Matched: len(found), Refused: map[string]int{}, Outcomes: make([]itsm.Outcome, len(found))}
	for i, r := range found {
		out := &report.Outcomes[i]
		out.Ref = r.Ref
		if out.Err = ctx.Err(); out.Err == nil {
			out.Version, out.Err = s.each(ctx, r, steps, b.Key)
		}
		report.count(ctx, out, r.Version)
	}
	return report, nil
}

func (s *Views) bulkSteps(ctx context.Context, b *Bulk, kind string) ([]itsm.Step, error) {
	switch {
	case b.Limit < 0 || b.Limit > MaxBulk:
		return nil, itsm.Invalid("limit", fmt.Sprintf("a bulk run takes 1 to %d records", MaxBulk))
	case (b.Macro == "") == (len(b.Steps) == 0):
		return nil, itsm.Invalid("bulk", "name a macro, or give steps")
	}
	steps := b.Steps
	if b.Macro != "" {
		m, err := s.macro(ctx, b.Macro, kind)
		if err != nil {
			return nil, err
		}
		steps = m.Steps
	} else if err := (&Macro{Title: "bulk", Kind: kind, Steps: steps}).Check(s.k); err != nil {
		return nil, err
	}
	if b.Key != "" && slices.ContainsFunc(steps, func(step Step) bool { return moves(step.Input) || moves(step.With) }) {
		return nil, itsm.Invalid("key", "steps with $now are others the next time: give the instant")
	}
	return s.resolved(ctx, steps)
}

// moves reports whether a patch is another one with every moment.
func moves(p itsm.Patch) bool {
	for _, v := range p {
		if ph, is, err := placeholderIn(v); is && err == nil && ph.Word == wordNow {
			return true
		}
	}
	return false
}

// take answers everything that a view finds, page by page by id, so that nothing is seen twice.
func (s *Views) take(ctx context.Context, v *View, limit int) ([]Row, error) {
	if limit == 0 {
		limit = MaxBulk
	}
	all := View{Kind: v.Kind, Filter: v.Filter, Zone: v.Zone, Sort: nil, Limit: 1000}
	q, err := s.query(ctx, &all)
	if err != nil {
		return nil, err
	}
	count, err := s.k.Count(ctx, v.Kind, q)
	if err != nil {
		return nil, err
	}
	var found []Row
	for count <= int64(limit) {
		page, err := s.k.List(ctx, v.Kind, q)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			found = append(found, Row{Ref: r.Header().Ref(), Version: r.Header().Version})
		}
		if count = max(count, int64(len(found))); page.Next == "" && count <= int64(limit) {
			return found, nil
		}
		q.Cursor = page.Next
	}
	return nil, itsm.Invalid("limit", fmt.Sprintf("the view finds %d records, and the limit is %d: narrow the view", count, limit))
}

func (s *Views) each(ctx context.Context, r Row, steps []itsm.Step, key string) (int64, error) {
	with := []itsm.Option{itsm.IfVersion(r.Version)}
	if key != "" {
		with = append(with, itsm.Once(key+" "+r.Ref.String()))
	}
	rec, err := s.k.DoAll(ctx, r.Ref, steps, with...)
	if err != nil {
		return 0, err
	}
	return rec.Header().Version, nil
}

// count puts a record where it belongs. A command makes one version, so another version is not of this run.
func (r *Report) count(ctx context.Context, out *itsm.Outcome, found int64) {
	switch refusal, refused := lifecycle.AsRefusal(out.Err); {
	case out.Err == nil && out.Version == found+1:
		r.Done++
	case out.Err == nil:
		r.Unchanged++
	case refused && len(refusal.Reasons) > 0:
		r.Refused[string(refusal.Reasons[0].Code)]++
	case errors.Is(out.Err, itsm.ErrConflict):
		r.Conflicted++
	case ctx.Err() != nil && errors.Is(out.Err, ctx.Err()):
		r.Left++
	default:
		r.Refused[string(itsm.CodeOf(out.Err))]++
	}
}
