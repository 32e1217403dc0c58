package knowledge

import (
	"context"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Stale says which articles somebody has to look at.
type Stale struct {
	// Ending are those that expire within so long, or have expired.
	Ending time.Duration
	// Unreviewed are those for which nobody stood up so long; 0 looks at none.
	Unreviewed time.Duration
}

// Due answers a page of the articles that are to be looked at, those that end first coming first; the query narrows it, such as
// to an owner's or a group's. What is badly rated or flagged, package feedback tells.
func (s *Articles) Due(ctx context.Context, stale Stale, q itsm.Query) (itsm.Page[Article], error) {
	now := s.Kernel().Clock().Now()
	due := itsm.Any(
		itsm.Where("state").Is(string(StateExpired)),
		itsm.All(itsm.Not(itsm.Where("valid_to").Empty()), itsm.Where("valid_to").AtMost(field.Instant(now.Add(stale.Ending)))),
	)
	if stale.Unreviewed > 0 {
		due.Parts = append(due.Parts, itsm.Where("reviewed_at").AtMost(field.Instant(now.Add(-stale.Unreviewed))))
	}
	match := itsm.All(itsm.Where("state").In(string(StatePublished), string(StateExpired)), due)
	if q.Filter != nil {
		match.Parts = append(match.Parts, *q.Filter)
	}
	q.Filter = &match
	if len(q.Sort) == 0 {
		q.Sort = []itsm.Sort{{Column: "valid_to"}}
	}
	return s.List(ctx, q)
}
