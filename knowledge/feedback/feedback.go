// Package feedback asks those who read an article whether it helped, and sees to it that what they found wrong is put right.
//
//	f, err := s.Give(bob, feedback.Verdict{Article: vpn, Edition: 2, Helpful: feedback.No, Stars: 2})
//	f, err = s.Flag(bob, feedback.Fault{Article: vpn, Edition: 2, Reason: feedback.Outdated, Text: "The menu is gone."})
//	f, err = s.Handle(ann, f.ID, "Edition 3 shows the new menu.")
//
// A record of the kind "feedback" is what one person says of one edition of an article: whether it helped, up to five stars, a
// comment, and a flag where something is at fault. Saying it again takes the place of what was said; the events keep both. A
// flag has an owner, who looks into it, and is due at an instant: from then on it is overdue, and the event "feedback.overdue"
// tells so, once.
//
// [Feedbacks.Rating] answers what people say of an article, and [Feedbacks.Viewed] counts who reads it.
//
// An article is any record, such as "article/KB0000012"; this package does not look into it but for its assignee, who owns
// flags where nobody else does. Instants and days are in UTC.
package feedback

import (
	"time"

	"github.com/itsmkit/itsmkit/itsm"
	"github.com/itsmkit/itsmkit/lifecycle"
)

// The kinds of records, and what their numbers begin with.
const (
	Kind          = "feedback"
	Series        = "FBK"
	ReadingKind   = "reading"
	ReadingSeries = "RDG"
)

// Feedback is what one person says of one edition of an article.
type Feedback struct {
	itsm.Head

	Article itsm.Ref `json:"article" itsm:"index"`
	Edition int64    `json:"edition" itsm:"index"`
	// Caller is who says it.
	Caller string `json:"caller,omitempty" itsm:"personal,index"`

	// Helpful is empty, and Stars is 0, where nothing is said of it. GivenAt is when it was said last.
	Helpful Answer    `json:"helpful,omitempty" itsm:"index"`
	Stars   int       `json:"stars,omitempty"`
	Comment string    `json:"comment,omitempty" itsm:"personal=caller"`
	GivenAt time.Time `json:"given_at,omitzero"`

	// Reason is what is at fault, in the caller's words Text, since FlaggedAt. Empty where nothing was flagged.
	Reason    Reason    `json:"reason,omitempty" itsm:"index"`
	Text      string    `json:"text,omitempty" itsm:"personal=caller"`
	FlaggedAt time.Time `json:"flagged_at,omitzero"`
	// Owner looks into the flag until Due; Overdue marks a flag that was open then.
	Owner   string    `json:"owner,omitempty" itsm:"personal,index"`
	Due     time.Time `json:"due,omitzero" itsm:"index"`
	Overdue bool      `json:"overdue,omitempty" itsm:"index"`
	// Outcome says what was done about the flag, or why nothing was; EndedBy said so at EndedAt.
	Outcome string    `json:"outcome,omitempty"`
	EndedBy string    `json:"ended_by,omitempty" itsm:"personal"`
	EndedAt time.Time `json:"ended_at,omitzero"`

	// Tally is what a rating counts of the record, in one word that an index knows, such as "3/yes/4/open": the edition,
	// the answer, the stars, and whether a flag is open. Empty where it counts for nothing. It follows from the other fields.
	Tally string `json:"tally,omitempty" itsm:"index"`
}

// Answer says whether an article helped.
type Answer string

// The answers.
const (
	Yes Answer = "yes"
	No  Answer = "no"
)

// MaxStars is the best there is.
const MaxStars = 5

// Reason is what is at fault with an article.
type Reason string

// The reasons of flags.
const (
	Wrong    Reason = "wrong"
	Outdated Reason = "outdated"
	Unclear  Reason = "unclear"
	Missing  Reason = "missing"
	Other    Reason = "other"
)

// Reasons lists the reasons of flags.
func Reasons() []Reason { return []Reason{Wrong, Outdated, Unclear, Missing, Other} }

// Reading tells that a person read an edition of an article on a day, the day of its CreatedAt.
type Reading struct {
	itsm.Head

	Article itsm.Ref `json:"article" itsm:"index"`
	Edition int64    `json:"edition" itsm:"index"`
	Caller  string   `json:"caller,omitempty" itsm:"personal,index"`
}

// Verdict says whether an edition helped.
type Verdict struct {
	Article itsm.Ref `json:"article"`
	Edition int64    `json:"edition"`
	Helpful Answer   `json:"helpful"`
	// Stars are 1 to 5, or 0 for none.
	Stars   int    `json:"stars,omitempty"`
	Comment string `json:"comment,omitempty"`
}

// Fault says what is at fault with an edition.
type Fault struct {
	Article itsm.Ref `json:"article"`
	Edition int64    `json:"edition"`
	Reason  Reason   `json:"reason"`
	// Text says more of it.
	Text string `json:"text,omitempty"`
}

// Assignment names who looks into a flag.
type Assignment struct {
	Owner string `json:"owner"`
}

// Handling says what was done about a flag.
type Handling struct {
	Outcome string `json:"outcome"`
}

// View names what was read.
type View struct {
	Article itsm.Ref `json:"article"`
	Edition int64    `json:"edition"`
}

// Nothing is the input of commands that bring nothing.
type Nothing struct{}

// The states of feedback. Withdrawn feedback counts for nothing and says nothing; what it said is in its events.
const (
	StateGiven     lifecycle.State = "given"
	StateOpen      lifecycle.State = "open" // a flag that somebody has to look into
	StateHandled   lifecycle.State = "handled"
	StateDismissed lifecycle.State = "dismissed"
	StateWithdrawn lifecycle.State = "withdrawn"

	// Of a reading.
	StateRead lifecycle.State = "read"
)

// The triggers.
const (
	// TriggerGive and TriggerRaise make a record: a verdict, and a fault without one. TriggerReplace and TriggerFlag say the
	// same on a record that is there.
	TriggerGive    lifecycle.Trigger = "give"
	TriggerRaise   lifecycle.Trigger = "raise"
	TriggerReplace lifecycle.Trigger = "replace"
	TriggerFlag    lifecycle.Trigger = "flag"

	TriggerAssign   lifecycle.Trigger = "assign"
	TriggerHandle   lifecycle.Trigger = "handle"
	TriggerDismiss  lifecycle.Trigger = "dismiss"
	TriggerWithdraw lifecycle.Trigger = "withdraw"
	// TriggerOverdue is machinery's: the time of a flag is over.
	TriggerOverdue lifecycle.Trigger = "become_overdue"

	// TriggerView makes a reading.
	TriggerView lifecycle.Trigger = "view"
)

// TimerDue is the timer of an open flag.
const TimerDue = "due"

// ReasonGiven is the code of a refusal: the person has said something of this edition already, in the record that the
// argument "feedback" names.
const ReasonGiven lifecycle.Code = "given_already"
