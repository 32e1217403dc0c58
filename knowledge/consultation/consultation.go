// Package consultation writes down how people look for help, and what came of it: what was searched for, what was suggested,
// what was opened and taken, and whether a ticket was made in the end.
//
//	c, err := s.Begin(bob, consultation.Search{Purpose: consultation.SelfService, Text: "vpn does not connect", Suggestions: found})
//	c, err = s.Open(bob, c.ID, found[0].Ref)
//	c, err = s.Solve(bob, c.ID, found[0].Ref)
//
// A consultation is one search, by somebody who helps themselves or by an agent on a ticket. It ends solved, in a ticket,
// dismissed, or abandoned when nobody went on for a while ([Config]); whoever comes back to an abandoned one goes on with it.
//
// [Deflect] answers how many who searched needed no ticket, and [Use] how good the suggestions are. Both are functions of
// consultations alone, and name the records behind each figure. Instants are in UTC.
package consultation

import (
	"encoding/json"
	"time"

	"github.com/itsmkit/itsmkit/field"
	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// Kind is the kind of consultations, and Series begins their numbers.
const (
	Kind   = "consultation"
	Series = "CNS"
)

// Consultation is one search for help.
type Consultation struct {
	itsm.Head

	Purpose Purpose `json:"purpose" itsm:"index"`
	// Caller is who searches, and Person whose words the text is: the caller of the ticket, or else who searches. The text is
	// erased with that person.
	Caller string `json:"caller,omitempty" itsm:"personal,index"`
	Person string `json:"person,omitempty" itsm:"personal,index"`
	Text   string `json:"text,omitempty" itsm:"personal=person"`
	// Ticket is what an agent searched for; empty in self-service.
	Ticket itsm.Ref `json:"ticket,omitzero" itsm:"index"`

	// Shown is what was suggested, the best first. Wording holds the titles and the reasons, because they may be as personal
	// as the text: [Consultation.Suggestions] has both.
	Shown   field.Packed[[]Shown] `json:"shown,omitzero"`
	Wording string                `json:"wording,omitempty" itsm:"personal=person"`
	// Opened names what was opened, in that order, and Taken what was taken last.
	Opened []string `json:"opened,omitempty"`
	Taken  itsm.Ref `json:"taken,omitzero" itsm:"index"`

	// SolvedBy is what solved it, and Made the ticket that it ended in.
	SolvedBy itsm.Ref  `json:"solved_by,omitzero" itsm:"index"`
	Made     itsm.Ref  `json:"made,omitzero" itsm:"index"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
	// Reason says why it was dismissed.
	Reason string `json:"reason,omitempty" itsm:"personal=caller"`
}

// Purpose is what is searched for.
type Purpose string

// The purposes.
const (
	SelfService      Purpose = "self_service"
	SimilarIncidents Purpose = "similar_incidents"
	Duplicates       Purpose = "duplicates"
	KnownErrors      Purpose = "known_errors"
	Articles         Purpose = "articles"
)

// Purposes lists the purposes.
func Purposes() []Purpose {
	return []Purpose{SelfService, SimilarIncidents, Duplicates, KnownErrors, Articles}
}

// Suggestion is something that may help.
type Suggestion struct {
	Ref itsm.Ref `json:"ref"`
	// Title is kept for kinds whose titles are nobody's personal data ([Config]).
	Title string `json:"title,omitempty"`
	// Score compares the suggestions of one consultation; any finite number.
	Score float64 `json:"score"`
	// Why are the words that match, and the services and items that are shared.
	Why []string `json:"why,omitempty"`
}

// Shown is what is kept of a suggestion for figures.
type Shown struct {
	Ref   itsm.Ref `json:"ref"`
	Score float64  `json:"score"`
}

// The bounds of one consultation.
const (
	MaxSuggestions = 50
	MaxText        = 10_000 // bytes
)

// Search begins a consultation.
type Search struct {
	Purpose     Purpose      `json:"purpose"`
	Text        string       `json:"text,omitempty"`
	Ticket      itsm.Ref     `json:"ticket,omitzero"`
	Suggestions []Suggestion `json:"suggestions,omitempty"`
}

// Choice names a suggestion.
type Choice struct {
	Suggestion itsm.Ref `json:"suggestion"`
}

// Solution names what solved it: a suggestion or anything else; what was taken, where it is empty.
type Solution struct {
	By itsm.Ref `json:"by,omitzero"`
}

// Making names the ticket that was made.
type Making struct {
	Ticket itsm.Ref `json:"ticket"`
}

// Dismissal says why nothing was of use.
type Dismissal struct {
	Reason string `json:"reason,omitempty"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The states.
const (
	StateOpen      lifecycle.State = "open"
	StateSolved    lifecycle.State = "solved"
	StateTicket    lifecycle.State = "ended_in_ticket"
	StateAbandoned lifecycle.State = "abandoned"
	StateDismissed lifecycle.State = "dismissed"
)

// The triggers.
const (
	TriggerBegin   lifecycle.Trigger = "begin"
	TriggerOpen    lifecycle.Trigger = "open_suggestion"
	TriggerTake    lifecycle.Trigger = "take_suggestion"
	TriggerSolve   lifecycle.Trigger = "solve"
	TriggerTicket  lifecycle.Trigger = "end_in_ticket"
	TriggerDismiss lifecycle.Trigger = "dismiss"
	// TriggerAbandon is machinery's: nobody went on.
	TriggerAbandon lifecycle.Trigger = "abandon"
)

// TimerPatience is due when nobody went on.
const TimerPatience = "patience"

// The codes of refusals, beside those of package lifecycle.
const (
	ReasonNotShown lifecycle.Code = "not_suggested" // suggestion: it is none of those that were shown
	ReasonNotTaken lifecycle.Code = "nothing_taken" // neither named nor taken: nothing can have solved it
)

// wording is what is kept of a suggestion for people.
type wording struct {
	Title string   `json:"title,omitempty"`
	Why   []string `json:"why,omitempty"`
}

// Suggestions are what was shown, the best first. What was erased has neither title nor reasons.
func (c *Consultation) Suggestions() []Suggestion {
	shown := c.Shown.Get()
	var words []wording
	if err := json.Unmarshal([]byte(c.Wording), &words); err != nil {
		words = nil // it was erased, or is hidden
	}
	list := make([]Suggestion, len(shown))
	for i, s := range shown {
		list[i] = Suggestion{Ref: s.Ref, Score: s.Score}
		if i < len(words) {
			list[i].Title, list[i].Why = words[i].Title, words[i].Why
		}
	}
	return list
}

// Position is the place of a suggestion, from 1; 0 where it was not shown.
func (c *Consultation) Position(of itsm.Ref) int { return position(c.Shown.Get(), of) }

func position(shown []Shown, of itsm.Ref) int {
	for i, s := range shown {
		if s.Ref == of {
			return i + 1
		}
	}
	return 0
}
