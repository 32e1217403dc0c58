package retention

import (
	"context"
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Line says what a policy means for a kind now.
type Line struct {
	Policy string
	Kind   string
	// Before is the instant after which nothing that is due had an event.
	Before time.Time
	// Due counts the records that would go, and Held those that would, were they not held by a legal matter. What belongs to
	// them is neither counted nor looked at here.
	Due, Held int64
	// First names up to a hundred of those that are due, the longest due first, and FirstHeld of those that are held.
	First, FirstHeld []itsm.Ref
}

// Plan says what a run would purge now, and writes nothing: a line for each policy that purges and each kind that it is for.
// It shows what the actor may read, and costs two counts and two pages a line.
func (s *Retention) Plan(ctx context.Context) ([]Line, error) {
	now := s.Kernel().Clock().Now()
	var lines []Line
	for _, st := range s.steps {
		line := Line{Policy: st.policy.Name, Kind: st.kind, Before: st.policy.After.Before(now)}
		held := itsm.All(s.reached(st, line.Before), itsm.Not(itsm.Where("legal_holds").Empty()))
		var err error
		if line.Due, line.First, err = s.first(ctx, st.kind, s.due(st, line.Before)); err != nil {
			return nil, err
		}
		if line.Held, line.FirstHeld, err = s.first(ctx, st.kind, held); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func (s *Retention) first(ctx context.Context, kind string, f itsm.Filter) (n int64, refs []itsm.Ref, err error) {
	if n, err = s.Kernel().Count(ctx, kind, itsm.Query{Filter: &f}); err != nil || n == 0 {
		return n, nil, err
	}
	page, err := s.Kernel().List(ctx, kind, itsm.Query{Filter: &f, Sort: inOrder, Limit: maxNamed})
	for _, rec := range page.Records {
		refs = append(refs, rec.Header().Ref())
	}
	return n, refs, err
}

// Decision says what becomes of one record, and why.
type Decision struct {
	// Policy is the record's, empty where none matches; Keep is set where it keeps for ever.
	Policy string
	Keep   bool
	// Due is set where a run would take it now. Reasons say why not: all of them.
	Due     bool
	Reasons []lifecycle.Reason
}

// Explain answers which policy a ticket has, and whether it would be purged now. The actor must be one who may read it.
func (s *Retention) Explain(ctx context.Context, ref itsm.Ref) (Decision, error) {
	rec, err := s.Kernel().Get(ctx, ref)
	if err != nil {
		return Decision{}, err
	}
	p := s.policyOf(rec)
	if p == nil {
		return Decision{Reasons: append(itsm.KeptBecause(rec), lifecycle.Reason{Code: ReasonPolicy})}, nil
	}
	d := Decision{Policy: p.Name, Keep: p.Keep}
	if p.Keep {
		d.Reasons = append(itsm.KeptBecause(rec), lifecycle.Reason{Code: ReasonPolicy, Args: map[string]string{"policy": p.Name}})
		return d, nil
	}
	d.Reasons = s.reasons(rec, p, p.After.Before(s.Kernel().Clock().Now()))
	for _, part := range s.config.Parts {
		belongs := itsm.Where(part.Column).Is(ref.String())
		page, err := s.Kernel().List(ctx, part.Kind, itsm.Query{Filter: &belongs, Limit: maxParts})
		if err != nil {
			return Decision{}, err
		}
		for _, r := range page.Records {
			d.Reasons = append(d.Reasons, ofPart(r)...)
		}
	}
	d.Due = len(d.Reasons) == 0
	return d, nil
}

// Report says what a run did.
type Report struct {
	// Purges are the records that tell of it, in order.
	Purges []itsm.Ref
	// Records is how many went, parts included, and Left how many stayed that were due when they were listed: changed or
	// held meanwhile, or held up by what belongs to them.
	Records, Left int
}

// Run purges what is due, the longest due first, up to limit tickets (0 means all), in as many transactions as it takes,
// each with a record of its own. It needs the verb [itsm.Purge] on the kind "purge" and on what goes, and takes what the actor
// may read. Where it is cut off, it answers the error with what was done so far: calling it again does the rest.
func (s *Retention) Run(ctx context.Context, limit int) (done Report, err error) {
	if limit < 0 {
		return done, itsm.Invalid("limit", "a limit is 0 (all that is due) or more")
	}
	if err := s.Kernel().May(ctx, itsm.Ref{Kind: Kind}, itsm.Purge); err != nil {
		return done, err
	}
	now, looked := s.Kernel().Clock().Now(), 0
	for _, st := range s.steps {
		before := st.policy.After.Before(now)
		at, id := time.Time{}, ""
		for {
			size := s.config.Batch
			if limit > 0 {
				size = min(size, limit-looked)
			}
			if size == 0 {
				return done, nil
			}
			f := from(s.due(st, before), at, id)
			page, err := s.Kernel().List(ctx, st.kind, itsm.Query{Filter: &f, Sort: inOrder, Limit: min(size, 1000)})
			if err != nil || len(page.Records) == 0 {
				if err != nil {
					return done, err
				}
				break
			}
			purge, err := s.purge.Do(ctx, Selection{Policy: st.policy.Name, Kind: st.kind, Before: before, Numbers: numbers(page.Records)})
			if refusal, refused := lifecycle.AsRefusal(err); refused && !refusal.Has(ReasonSuspended) {
				purge.Looked, purge.Left = len(page.Records), len(page.Records)
			} else if err != nil {
				return done, err
			} else {
				done.Purges = append(done.Purges, purge.Ref())
			}
			done.Records += purge.Count
			done.Left += purge.Left
			looked += purge.Looked
			last := page.Records[purge.Looked-1].Header()
			at, id = last.UpdatedAt, last.ID
		}
	}
	return done, nil
}

func numbers(records []itsm.Record) []string {
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.Header().ID
	}
	return ids
}
