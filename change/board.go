package change

import (
	"context"
	"errors"
	"slices"

	"github.com/itsmkit/itsmkit/approval"
	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
)

// Item is what a board talks about: a change, with the ballot of who asks.
type Item struct {
	Change Change
	// Ballot is the actor's own in the board's stage; empty where the actor has none.
	Ballot string
}

// Agenda answers the changes that wait for a board and match its condition, the earliest window first; those without one
// come last. 500 at most, as the actor may see them.
func (s *Changes) Agenda(ctx context.Context, board string) ([]Item, error) {
	b := s.board(board)
	if b.Name == "" {
		return nil, itsm.Invalid("board", "there is no board "+board)
	}
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return nil, err
	}
	open := itsm.All(itsm.Where("stage").Is(b.Name), itsm.Where("state").Is(string(approval.StateOpen)))
	seen := map[string]int{}
	var items []Item
	system := itsm.WithActor(ctx, itsm.Actor{ID: itsm.SystemID, Tenant: actor.Tenant, Kind: itsm.System})
	page, err := s.Kernel().List(system, approval.BallotKind, itsm.Query{Filter: &open, Limit: 1000})
	for err == nil {
		for _, r := range page.Records {
			ballot, ok := r.(*approval.Ballot)
			if !ok || ballot.Subject.Kind != Kind {
				continue
			}
			at, known := seen[ballot.Subject.ID]
			if !known {
				c, err := s.Get(ctx, ballot.Subject.ID)
				if errors.Is(err, itsm.ErrNotFound) {
					continue // the actor may not see it
				}
				if err != nil {
					return nil, err
				}
				at = -1
				if matches(b.Agenda, func(column string) field.Value { return s.Kernel().Value(&c, column) }) && len(items) < 500 {
					at = len(items)
					items = append(items, Item{Change: c})
				}
				seen[ballot.Subject.ID] = at
			}
			if at >= 0 && ballot.Person == actor.Person() {
				items[at].Ballot = ballot.ID
			}
		}
		if page.Next == "" {
			break
		}
		page, err = s.Kernel().List(system, approval.BallotKind, itsm.Query{Filter: &open, Limit: 1000, Cursor: page.Next})
	}
	slices.SortStableFunc(items, func(a, b Item) int {
		switch as, bs := a.Change.Start, b.Change.Start; {
		case as.IsZero() != bs.IsZero():
			if bs.IsZero() {
				return -1
			}
			return 1
		default:
			return as.Compare(bs)
		}
	})
	return items, err
}

// Decide gives the actor's vote on a change in a board's stage, with the minutes as its reason. The chair's is the board's
// decision.
func (s *Changes) Decide(ctx context.Context, board, id string, choice approval.Choice, minutes string, with ...itsm.Option) (approval.Ballot, error) {
	c, err := s.Get(ctx, id)
	if err != nil {
		return approval.Ballot{}, err
	}
	actor, err := itsm.ActorFrom(ctx)
	if err != nil {
		return approval.Ballot{}, err
	}
	mine := itsm.All(itsm.Where("subject").Is(c.Ref().String()), itsm.Where("person").Is(actor.Person()), itsm.Where("state").Is(string(approval.StateOpen)))
	page, err := s.Kernel().List(ctx, approval.BallotKind, itsm.Query{Filter: &mine, Limit: 20})
	if err != nil {
		return approval.Ballot{}, err
	}
	for _, r := range page.Records {
		if b, ok := r.(*approval.Ballot); ok && b.Stage == board {
			rec, err := s.Kernel().Do(ctx, b.Ref(), approval.TriggerVote, approval.Choose{Choice: choice, Reason: minutes, Content: c.Content}, with...)
			if err != nil {
				return approval.Ballot{}, err
			}
			return *rec.(*approval.Ballot), nil
		}
	}
	return approval.Ballot{}, itsm.Invalid("board", actor.Person()+" has no open ballot of "+board+" on "+id)
}
