package desk

import (
	"context"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/knowledge/consultation"
	"github.com/itsmkit/itsmkit/suggestion"
)

// Help is what was found for somebody, and the record of the search: what is made of it is noted there, so that one sees
// whether suggestions are of use ([consultation.Use]) and how many needed no ticket ([consultation.Deflect]).
type Help struct {
	Consultation consultation.Consultation
	Suggestions  []suggestion.Suggestion
}

// Ask finds articles for somebody who looks for help in their own words, best first; 5 for limit 0, 50 at most.
func (d *Desk) Ask(ctx context.Context, text string, limit int) (Help, error) {
	found, err := d.Advisor.ForText(ctx, Articles(), text, limit)
	if err != nil {
		return Help{}, err
	}
	return d.noted(ctx, consultation.Search{Purpose: consultation.SelfService, Text: text}, found)
}

// Suggest finds what may help with a ticket, such as [SimilarIncidents], [Duplicates], [KnownErrors] or [Articles]; the topic's
// name is one of [consultation.Purposes].
func (d *Desk) Suggest(ctx context.Context, t suggestion.Topic, ticket itsm.Ref, limit int) (Help, error) {
	found, err := d.Advisor.ForTicket(ctx, t, ticket, limit)
	if err != nil {
		return Help{}, err
	}
	return d.noted(ctx, consultation.Search{Purpose: consultation.Purpose(t.Name), Ticket: ticket}, found)
}

func (d *Desk) noted(ctx context.Context, s consultation.Search, found []suggestion.Suggestion) (Help, error) {
	for _, f := range found {
		kept := consultation.Suggestion{Ref: f.Ref, Title: f.Title, Score: f.Relevance}
		for _, why := range f.Why {
			if len(why.Values) == 0 {
				kept.Why = append(kept.Why, why.Code)
			}
			kept.Why = append(kept.Why, why.Values...)
		}
		s.Suggestions = append(s.Suggestions, kept)
	}
	c, err := d.Consultations.Begin(ctx, s)
	return Help{c, found}, err
}
