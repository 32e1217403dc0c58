package change

import (
	"iter"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
)

// Tally counts how changes ended. Cancelled changes and those under way are not in it.
type Tally struct {
	Successful, WithIssues, Failed, BackedOut int
}

// Ended is how many changes the tally counts.
func (t Tally) Ended() int { return t.Successful + t.WithIssues + t.Failed + t.BackedOut }

// Rate is the change success rate: successful ÷ (successful + with issues + failed + backed out), from 0 to 1; false where
// no change ended.
func (t Tally) Rate() (float64, bool) {
	if t.Ended() == 0 {
		return 0, false
	}
	return float64(t.Successful) / float64(t.Ended()), true
}

// each goes through the outcomes with their counts.
func (t *Tally) each() iter.Seq2[Outcome, *int] {
	return func(yield func(Outcome, *int) bool) {
		_ = yield(Successful, &t.Successful) && yield(WithIssues, &t.WithIssues) &&
			yield(Failed, &t.Failed) && yield(BackedOut, &t.BackedOut)
	}
}

// Caused is an incident that a change caused, and when it was reported.
type Caused struct {
	Incident itsm.Ref
	Reported time.Time
}

// Ended is a change that was closed, with the incidents that it caused: what the success rate is computed from.
type Ended struct {
	Change Change
	Caused []Caused
}

// SuccessRule says which changes a success rate is of.
type SuccessRule struct {
	// From and Until pick changes by when they were closed, [From, Until); zero is without limit.
	From, Until time.Time
	// Within counts a successful change as one with issues where it caused an incident that was reported from the beginning
	// of its work until this long after its end; 0 counts no incidents.
	Within time.Duration
}

// Success is a change success rate in its parts, each with the records behind it.
type Success struct {
	Tally
	// Records are the changes by how they count.
	Records map[Outcome][]itsm.Ref
	// Against are the changes that were closed as successful and count as with issues, with the incidents.
	Against map[itsm.Ref][]itsm.Ref
}

// SuccessOf computes a change success rate. It is a pure function: each change counts once, cancelled ones and those without an
// outcome not at all.
func SuccessOf(ended []Ended, rule SuccessRule) Success {
	s := Success{Records: map[Outcome][]itsm.Ref{}, Against: map[itsm.Ref][]itsm.Ref{}}
	for _, e := range ended {
		c := &e.Change
		closed := c.ClosedAt
		if c.State != StateClosed || !rule.From.IsZero() && closed.Before(rule.From) || !rule.Until.IsZero() && !closed.Before(rule.Until) {
			continue
		}
		outcome := c.Outcome
		if against := rule.against(e); outcome == Successful && len(against) > 0 {
			outcome = WithIssues
			s.Against[c.Ref()] = against
		}
		for o, n := range s.each() {
			if o == outcome {
				*n++
				s.Records[o] = append(s.Records[o], c.Ref())
			}
		}
	}
	return s
}

// against lists the incidents that count against a change.
func (r SuccessRule) against(e Ended) (refs []itsm.Ref) {
	if r.Within <= 0 {
		return nil
	}
	end := e.Change.EndedAt
	if end.IsZero() {
		end = e.Change.ClosedAt
	}
	for _, i := range e.Caused {
		if !i.Reported.Before(e.Change.StartedAt) && !i.Reported.After(end.Add(r.Within)) {
			refs = append(refs, i.Incident)
		}
	}
	return refs
}
